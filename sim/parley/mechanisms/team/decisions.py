"""What is played: the team and its wages in whole wei, and what principal, referee and members do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from parley.core.errors import ParleyError, ProblemError
from parley.core.keys import did_you_mean
from parley.kit.bots import bots_named, seated
from parley.kit.reference import Revert
from parley.mechanisms.team.bots import BOTS, PRINCIPALS, REFEREES, Bot, Terms, offered
from parley.mechanisms.team.parameters import Kind, Parameters, check
from parley.mechanisms.team.schema import STEPS
from parley.mechanisms.team.shares import posted_contract
from parley.mechanisms.team.solution import solve
from parley.mechanisms.team.whole import least_wages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.kit.bots import Bots
    from parley.kit.options import Given
    from parley.mechanisms.team.problem import Problem
    from parley.mechanisms.team.success.on_team import OnTeam

__all__ = ["Plan", "Refusal", "agreed", "cast", "parameters_of", "plan_of", "with_options"]


class Refusal(NamedTuple):
    """Why the contract refuses to create a project.

    Attributes
    ----------
    error : str
    seats : tuple of int
        Those that the error names.
    arguments : tuple
        All arguments of the error.
    """

    error: str
    seats: tuple[int, ...]
    arguments: tuple[object, ...]


_NAMED = {"BelowCutOff": 1, "Envy": 2, "UnjustifiedPremium": 2}
"""How many seats errors name, before all else."""


@dataclass(frozen=True)
class Plan:
    """Actions in every project of a run. Seats and agents are numbered from 0.

    Attributes
    ----------
    problem : Problem
    names : tuple of str
        Names of the bots, by agent.
    bots : Bots
        By agent.
    principal, referee : str
        Of `PRINCIPALS` and `REFEREES`.
    team : tuple of int
        The agent at each seat: members in order of their wages.
    terms : Terms
        What is offered, by seat.
    success : OnTeam
        The function of the members.
    refusal : Refusal or None
        Why the contract does not create the project.
    """

    problem: Problem
    names: tuple[str, ...]
    bots: Bots[Bot]
    principal: str
    referee: str
    team: tuple[int, ...]
    terms: Terms
    success: OnTeam
    refusal: Refusal | None

    @cached_property
    def members(self) -> tuple[Bot, ...]:
        """The bots by seat."""
        return tuple(self.bots[agent] for agent in self.team)

    def speaking(self, phase: str) -> list[int]:
        """Return the seats that are not silent in a phase."""
        return [seat for seat, bot in enumerate(self.members) if bot.silent != phase]

    @cached_property
    def formed(self) -> bool:
        """Whether work begins."""
        all_accept = len(self.speaking("forming")) == len(self.team)
        return self.refusal is None and self.principal != "retracting" and all_accept

    @property
    def waits(self) -> bool:
        """Whether a deadline must pass."""
        silent = any(bot.silent for bot in self.members) or self.referee == "silent"
        return self.refusal is None and self.principal != "retracting" and silent


def cast(problem: Problem, names: Sequence[str]) -> Plan:
    """Make the bots, and decide what is offered.

    Raises
    ------
    ParleyError
        If a name is unknown, or no contract on chain can hold what is played.
    """
    problem.check_playable()
    return plan_of(problem, tuple(names))


def with_options(cast: Plan, given: Given) -> Plan:
    """Return the plan with the principal and the referee that were asked for.

    Raises
    ------
    ParleyError
        If a name is unknown.
    """
    found = []
    for option, known in (("principal", PRINCIPALS), ("referee", REFEREES)):
        name = given.text(option) or next(iter(known))
        if name not in known:
            hint = did_you_mean(name, known) or f"; known: {', '.join(known)}"
            raise ParleyError(f"--{option}: unknown {option} {name!r}{hint}")
        found.append(name)
    return plan_of(cast.problem, cast.names, *found)


@lru_cache(maxsize=256)
def plan_of(
    problem: Problem,
    names: tuple[str, ...],
    principal: str = next(iter(PRINCIPALS)),
    referee: str = next(iter(REFEREES)),
) -> Plan:
    """Decide what is played.

    Parameters
    ----------
    names : tuple of str
        Of the bots: one for all, or one for each agent.
    principal, referee : str
        One of `PRINCIPALS` and one of `REFEREES`.

    Examples
    --------
    >>> from parley.mechanisms.team.problem import worked_example
    >>> found = plan_of(worked_example(), ("rational",), "underpaying")
    >>> found.team, [wage - 119 * 10**15 for wage in found.terms.wages], found.refusal.seats
    ((0, 1), [999999999999999, 81000000000000000], (0, 1))
    """
    bots = bots_named(names, problem.agents, BOTS)
    order, terms = _agreed_terms(problem)
    wages = offered(principal, terms)
    ranks = sorted(range(len(order)), key=lambda k: (wages[k], order[k]))
    team = tuple(order[k] for k in ranks)
    of = [terms.costs, terms.adds, wages]
    costs, adds, wages = (tuple(numbers[k] for k in ranks) for numbers in of)
    plan = Plan(
        problem,
        tuple(seated(names, problem.agents)),
        bots,
        principal,
        referee,
        team,
        terms._replace(wages=wages, costs=costs, adds=adds),
        problem.on_team(team),
        None,
    )
    return replace(plan, refusal=_refusal(plan))


@lru_cache(maxsize=64)
def agreed(problem: Problem) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the team and its wages in whole wei, as they are posted, or the least fair ones of the optimum.

    Raises
    ------
    ParleyError
        If there is nobody to hire, or more than a contract can hold.

    Examples
    --------
    >>> from parley.mechanisms.team.problem import worked_example
    >>> agreed(worked_example())
    ((0, 1), (120000000000000000, 200000000000000000))
    """
    team, terms = _agreed_terms(problem)
    return team, terms.wages


@lru_cache(maxsize=64)
def _agreed_terms(problem: Problem) -> tuple[tuple[int, ...], Terms]:
    posted = posted_contract(problem)
    found = posted or solve(problem).contract
    if found is None or not found.team:
        raise ParleyError("no team is worth hiring: there is nothing to play")
    problem.on_team(found.team)
    losses, scale = problem.success.losses(found.team), problem.success.denominator
    costs = tuple(problem.in_wei(problem.costs[agent]) for agent in found.team)
    if posted is None:
        wages = least_wages(costs, losses, scale)
    else:
        wages = tuple(problem.in_wei(share * problem.reward) for share in found.shares)
    return found.team, Terms(wages, costs, scale, losses.total, losses.each, problem.wei)


_KINDS = {
    "additive": Kind.ADDITIVE,
    "budget-additive": Kind.BUDGET_ADDITIVE,
    "coverage": Kind.COVERAGE,
    "table": Kind.TABLE,
}


def parameters_of(plan: Plan, members: Sequence[str], referee: str) -> Parameters:
    """Return the parameters of a plan's project: a window for forming, and one for each step of the work.

    Parameters
    ----------
    members : sequence of str
        Addresses by seat.

    Raises
    ------
    ProblemError
        If a number is more than a contract can hold.
    """
    f, window = plan.success, plan.problem.window
    budget = (f.budget,) if f.type == "budget-additive" else ()
    if max(f.denominator, *f.numbers, *budget, 0) >= 1 << 128:
        raise ProblemError(
            "", "success", "its numbers over one denominator are above 2^128, the limit on chain"
        )
    return Parameters(
        agents=tuple(members),
        wages=plan.terms.wages,
        costs=plan.terms.costs,
        reward=plan.problem.wei,
        kind=_KINDS[f.type],
        denominator=f.denominator,
        values=(*f.numbers, *budget),
        sets=f.sets,
        referee=referee,
        form_window=window,
        work_window=STEPS * window,
    )


def _refusal(plan: Plan) -> Refusal | None:
    """Return the error that the contract gives, by its specification."""
    seats = [f"0x{seat:040x}" for seat in range(1, len(plan.team) + 1)]
    principal, referee = (f"0x{len(seats) + k:040x}" for k in (1, 2))
    try:
        check(parameters_of(plan, seats, referee), principal)
    except Revert as refusal:
        named = tuple(int(str(seat)) for seat in refusal.arguments[: _NAMED.get(refusal.name, 0)])
        return Refusal(refusal.name, named, refusal.arguments)
    return None
