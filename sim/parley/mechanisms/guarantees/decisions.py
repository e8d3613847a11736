"""The plan of a run: who takes part, what is posted, challenged and repaired.

The bots' decisions do not depend on draws, so all dispatches of a run go the same way until schedules are
drawn and jobs are done.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from parley.core.errors import ParleyError
from parley.core.keys import did_you_mean
from parley.kit.bots import bots_named
from parley.mechanisms.guarantees.bots import CHALLENGERS, DISPATCHERS, PROVIDERS, Scene
from parley.mechanisms.guarantees.guarantee import AllOf, AnyOf, Income
from parley.mechanisms.guarantees.solution import solve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.kit.options import Given
    from parley.mechanisms.guarantees.bots import Challenger, Dispatcher, Provider
    from parley.mechanisms.guarantees.guarantee import Guarantee, Vector
    from parley.mechanisms.guarantees.problem import Problem
    from parley.mechanisms.guarantees.schedules import Allocation

__all__ = ["REGISTRARS", "ROLES", "Claim", "Plan", "among", "cast", "plan_of", "seated", "with_options"]

T = TypeVar("T")

ROLES = ("dispatcher", "challenger")
"""Who plays besides the providers, in the order of ``--bots``."""

REGISTRARS = {
    "honest": "registers the jobs, and attests what became of them",
    "late": "does not attest, and all jobs count as done",
    "silent": "registers no jobs, and the dispatch lapses",
}
"""What the registrar does; the first is the default."""


class Claim(NamedTuple):
    """A challenge.

    Attributes
    ----------
    role : str
        ``dispatcher``, ``challenger`` or ``copier``.
    allocation : Allocation
    error : str
        By which its disclosure is refused; empty if it is not.
    """

    role: str
    allocation: Allocation
    error: str = ""

    @property
    def copied(self) -> bool:
        """Whether it repeats the claim before it."""
        return self.role == "copier"


@dataclass(frozen=True)
class Plan:
    """Actions in every dispatch of a run. Seats and jobs are numbered from 0.

    Attributes
    ----------
    problem : Problem
    names : tuple of str
        Names of the bots: of roles, then by seat.
    providers : tuple of Provider
        By seat.
    registrar : str
        One of `REGISTRARS`.
    enrolled : tuple of int
        Seats that take part.
    absent : bool
        Whether the dispatcher neither posts nor concedes.
    refused : Allocation or None
        What the contract refuses before the dispatcher concedes.
    posted : Allocation or None
        What is posted; None if nothing is.
    claims : tuple of Claim
        Challenges in their order.
    winner : int or None
        Number of the challenge that is upheld.
    repaired : Allocation or None
        What the dispatcher posts again.
    """

    problem: Problem
    names: tuple[str, ...]
    providers: tuple[Provider, ...]
    registrar: str
    enrolled: tuple[int, ...] = ()
    absent: bool = False
    refused: Allocation | None = None
    posted: Allocation | None = None
    claims: tuple[Claim, ...] = ()
    winner: int | None = None
    repaired: Allocation | None = None

    @property
    def standing(self) -> Allocation | None:
        """The allocation that is carried out; None if there is none."""
        if self.repaired is not None or self.winner is None:
            return self.repaired or self.posted
        return self.claims[self.winner].allocation

    @property
    def opened(self) -> tuple[int, ...]:
        """Seats that open their secrets, if schedules are drawn."""
        return tuple(seat for seat in self.enrolled if self.providers[seat].opens)

    @property
    def ending(self) -> str:
        """How every dispatch ends."""
        if not self.enrolled or self.registrar == "silent" or self.absent:
            return "lapsed"
        return "conceded" if self.posted is None else "settled"

    @property
    def floors(self) -> Vector:
        """What everybody is promised at least."""
        terms = self.problem.terms
        return terms.floors if terms else ()

    @property
    def waits(self) -> bool:
        """Whether a deadline must pass."""
        terms, problem = self.problem.terms, self.problem
        drawn = problem.draw == "permutation" and len(self.opened) < len(self.enrolled)
        challenged = terms is not None and terms.max_min
        usual = self.registrar == "honest" and len(self.enrolled) == problem.providers
        return not usual or self.absent or challenged or drawn


def seated(names: Sequence[str], problem: Problem) -> list[str]:
    """Return the name of every bot: dispatcher, challenger, then one for all providers or one each.

    Raises
    ------
    ParleyError
        If there are too many or too few.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.problem import worked_example
    >>> seated(["lazy"], worked_example())
    ['lazy', 'watchful', 'reliable', 'reliable']
    >>> seated(["lazy", "sleeping", "no-show:1/2"], worked_example())
    ['lazy', 'sleeping', 'no-show:1/2', 'no-show:1/2']
    """
    usual = [next(iter(known)) for known in (DISPATCHERS, CHALLENGERS, PROVIDERS)]
    roles, providers = [*names[:2], *usual[len(names) : 2]], names[2:] or usual[2:]
    n = problem.providers
    if len(providers) not in (1, n):
        count = f"{len(providers)} names for {n} providers, after dispatcher and challenger"
        raise ParleyError(f"--bots: {count} (give one for all, or one each)")
    return [*roles, *(providers if len(providers) == n else [*providers] * n)]


def cast(problem: Problem, names: Sequence[str]) -> Plan:
    """Make the bots, and let them decide.

    Raises
    ------
    ParleyError
        If a name is unknown, or a dispatch on chain cannot hold the problem.
    """
    problem.check_playable()
    return plan_of(problem, tuple(seated(names, problem)))


def with_options(cast: Plan, given: Given) -> Plan:
    """Return the plan with the registrar that was asked for.

    Raises
    ------
    ParleyError
        If the name is unknown.
    """
    name = given.text("registrar") or next(iter(REGISTRARS))
    if name not in REGISTRARS:
        hint = did_you_mean(name, REGISTRARS) or f"; known: {', '.join(REGISTRARS)}"
        raise ParleyError(f"--registrar: unknown registrar {name!r}{hint}")
    return plan_of(cast.problem, cast.names, name)


@lru_cache(maxsize=256)
def plan_of(problem: Problem, names: tuple[str, ...], registrar: str = next(iter(REGISTRARS))) -> Plan:
    """Let the bots decide.

    Parameters
    ----------
    names : tuple of str
        As `seated` returns them.
    registrar : str
        One of `REGISTRARS`.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.problem import worked_example
    >>> found = plan_of(worked_example(), ("lazy", "watchful", "reliable", "reliable"))
    >>> found.posted, found.winner, found.repaired
    (((0, 1), (2,)), 0, ((0,), (1,)))
    """
    (dispatcher,) = bots_named(names[:1], 1, DISPATCHERS)
    (challenger,) = bots_named(names[1:2], 1, CHALLENGERS)
    providers = bots_named(names[2:], problem.providers, PROVIDERS)
    enrolled = tuple(bot.seat for bot in providers if bot.enrols)
    plan = Plan(problem, names, providers, registrar, enrolled, absent=dispatcher.waits)
    if plan.ending == "lapsed":
        return plan
    scene = _scene(problem, enrolled)
    proposal = dispatcher.proposal(scene)
    if proposal is None or not scene.keeps_floors(proposal):
        return replace(plan, refused=proposal)
    plan = replace(plan, posted=proposal)
    return _challenged(plan, scene, dispatcher, challenger) if scene.terms.max_min else plan


def _challenged(plan: Plan, scene: Scene, dispatcher: Dispatcher, challenger: Challenger) -> Plan:
    """Let the posted allocation be challenged, and repaired."""
    if plan.posted is None:
        raise ValueError("nothing was posted")
    bound = scene.least(plan.posted) + plan.problem.tolerance
    claims = []
    fair = scene.restricted
    if dispatcher.insured and fair is not None and scene.least(fair) > bound:
        claims.append(Claim("dispatcher", fair))
    claimed = challenger.claim(scene, bound)
    if claimed is not None:
        claims.append(Claim("challenger", claimed))
        if challenger.copied:
            claims.append(Claim("copier", claimed, "WrongDisclosure"))
    elif challenger.commits:
        claims.append(Claim("challenger", plan.posted, "NotFairer"))
    ranks = {-k: scene.least(claim.allocation) for k, claim in enumerate(claims) if not claim.error}
    winner = -max(ranks, key=lambda k: (ranks[k], k)) if ranks else None
    repaired = fair if winner is not None and dispatcher.repairs else None
    return replace(plan, claims=tuple(claims), winner=winner, repaired=repaired)


@lru_cache(maxsize=256)
def _scene(problem: Problem, enrolled: tuple[int, ...]) -> Scene:
    found = solve(among(problem, enrolled))
    restricted = found.restricted_allocation
    return Scene(
        problem,
        enrolled,
        _spread(problem, enrolled, found.allocation),
        None if restricted is None else _spread(problem, enrolled, restricted),
    )


def _spread(problem: Problem, enrolled: Sequence[int], allocation: Allocation) -> Allocation:
    """Return an allocation to some seats as one to all."""
    held = dict(zip(enrolled, allocation, strict=True))
    return tuple(held.get(seat, ()) for seat in range(problem.providers))


def among(problem: Problem, seats: Sequence[int]) -> Problem:
    """Return the problem with these providers only.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.problem import worked_example
    >>> among(worked_example(), [1]).provider_names
    ('provider 2',)
    """
    if len(seats) == problem.providers:
        return problem
    return replace(
        problem,
        providers=len(seats),
        guarantee=_of_some(problem.guarantee, seats),
        capacities=_some(problem.capacities, seats),
        eligible=_some(problem.eligible, seats),
        factors=_some(problem.factors, seats),
        pay=_some(problem.pay, seats),
        provider_names=_some(problem.provider_names, seats),
    )


def _some(entries: Sequence[T], seats: Sequence[int]) -> tuple[T, ...]:
    return tuple(entries[seat] for seat in seats)


def _of_some(guarantee: Guarantee, seats: Sequence[int]) -> Guarantee:
    match guarantee:
        case Income(floors):
            return Income(tuple(floors[seat] for seat in seats))
        case AnyOf(parts) | AllOf(parts):
            return type(guarantee)(tuple(_of_some(part, seats) for part in parts))
        case _:
            return guarantee
