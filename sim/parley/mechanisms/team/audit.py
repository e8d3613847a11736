"""The audit of a contract: do all work, does anybody envy anybody, and what would mend it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.core.errors import ParleyError
from parley.core.exact import show, show_all
from parley.kit.verdict import Verdict
from parley.mechanisms.team.equilibria import MAX_ENUMERATED, Game
from parley.mechanisms.team.fairness import (
    NOTIONS,
    Swap,
    faults,
    is_fair_in_linear_time,
    swaps,
    swaps_of_submodular,
)
from parley.mechanisms.team.shapley import is_proportional, shapley_values
from parley.mechanisms.team.shares import (
    Contract,
    cutoffs,
    is_feasible,
    least_contract,
    minimum_share,
    revenue,
    slack,
    utilities,
    with_floor,
)
from parley.mechanisms.team.solution import TIME_LIMIT, Solution, solve

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.mechanisms.team.problem import Problem

__all__ = ["PROPERTIES", "Audit", "audit"]

PROPERTIES = {
    "feasible": "feasible",
    "unique_equilibrium": "unique equilibrium",
    "fair": "fair",
    "fair_optimistic": "fair in the best equilibrium",
    "fair_pessimistic": "fair in the worst equilibrium",
    "fair_always": "fair in every equilibrium",
    "minimum_share": "minimum share",
    "nondiscriminatory": "non-discriminatory",
    "proportional": "proportional to Shapley values",
    "optimal": "optimal",
    "submodular": "submodular",
}
"""The properties by their keys, with their names."""

BY_TRYING = "all equilibria after each exchange"
BY_CONDITION = "condition (3): one equilibrium after each exchange"


@dataclass(frozen=True, eq=False)
class Audit:
    """All that the audit of a contract found."""

    problem: Problem
    solution: Solution
    contract: Contract | None
    """None if nothing is posted and there is no fair optimum."""
    verdicts: dict[str, Verdict]
    envy: tuple[Swap, ...]
    """The exchanges after which somebody gains in every equilibrium."""
    least: Contract | None
    """The least fair contract of the same team; None if there is none."""

    @property
    def holds(self) -> bool:
        """Whether the contract is feasible, and not known to be unfair."""
        return self.verdicts["feasible"].holds is not False and self.verdicts["fair"].holds is not False

    def to_json(self) -> dict[str, Any]:
        """Return plain values: exact numbers as strings, agents from 0."""
        problem = self.problem
        return {
            "kind": problem.kind,
            "contract": self.contract and self._contract(self.contract),
            **{key: verdict.to_json() for key, verdict in self.verdicts.items()},
            "envy": [_exchange(swap) for swap in self.envy],
            "least": self.least
            and {
                "shares": show_all(self.least.spread(problem.agents)),
                "revenue": show(revenue(problem, self.least)),
            },
        }

    def _contract(self, contract: Contract) -> dict[str, Any]:
        problem = self.problem
        gained = Contract(contract.team, utilities(problem, contract))
        left = dict(zip(contract.team, slack(problem, contract), strict=True))
        return {
            "source": "optimum" if problem.posted is None else "posted",
            "team": list(contract.team),
            "shares": show_all(contract.spread(problem.agents)),
            "revenue": show(revenue(problem, contract)),
            "success_probability": show(problem.success.value(contract.team)),
            "utilities": show_all(gained.spread(problem.agents)),
            "slack": [_shown(left.get(agent)) for agent in range(problem.agents)],
        }


def _shown(number: Fraction | None) -> str | None:
    return None if number is None else show(number)


def _exchange(swap: Swap) -> dict[str, Any]:
    """Write what follows from an exchange of shares."""
    return {
        "agents": list(swap.agents),
        "envious": list(swap.envious),
        "equilibria": [list(working) for working in swap.equilibria],
        "before": show_all(swap.before),
        "after": [show_all(after) for after in swap.after],
    }


def _unknown(reason: str) -> Verdict:
    return Verdict(None, certificate={"reason": reason})


def audit(
    problem: Problem, *, time_limit: float = TIME_LIMIT, tell: Callable[[str], None] = lambda _: None
) -> Audit:
    """Audit the posted contract, or else the fair optimum.

    Parameters
    ----------
    time_limit : float
        Seconds for the optima.
    tell : callable, optional
        Called with a description of each step.

    Examples
    --------
    >>> from parley.mechanisms.team.problem import Problem, worked_example
    >>> given = worked_example()
    >>> unfair = Problem(given.costs, given.success, posted=(Fraction(1, 10), Fraction(1, 5)))
    >>> found = audit(unfair)
    >>> found.verdicts["feasible"].holds, found.verdicts["fair"].holds, found.holds
    (True, False, False)
    >>> found.envy[0].agents, found.envy[0].envious, found.least.shares
    ((0, 1), (0,), (Fraction(3, 25), Fraction(1, 5)))
    """
    tell("optima")
    solution = solve(problem, time_limit=time_limit)
    contract = solution.contract
    if contract is None:
        reason = f"no contract to judge: nothing is posted, and {solution.reason}"
        verdicts = {key: _unknown(reason) for key in PROPERTIES} | {"submodular": submodular(problem)}
        return Audit(problem, solution, None, verdicts, (), None)
    tell("equilibria")
    verdicts = {
        "feasible": feasible(problem, contract),
        "unique_equilibrium": unique_equilibrium(problem, contract),
    }
    tell("exchanges of shares")
    fair, envy = fairness(problem, contract)
    verdicts |= fair
    tell("other notions")
    verdicts |= {
        "minimum_share": has_minimum_share(problem, contract),
        "nondiscriminatory": nondiscriminatory(contract),
        "proportional": proportional(problem, contract),
        "optimal": optimal(problem, contract, fair["fair"], solution),
        "submodular": submodular(problem),
    }
    least = least_contract(problem, contract.team) if problem.success.is_submodular else None
    return Audit(problem, solution, contract, verdicts, envy, least)


# ── who works ───────────────────────────────────────────────────────────────────────────────────────────────


def feasible(problem: Problem, contract: Contract) -> Verdict:
    """Decide whether all members work if all others do.

    Returns
    -------
    Verdict
        The witness is the first member whose share is below its cut-off; the certificate has all cut-offs.
    """
    needed = cutoffs(problem, contract.team)
    for agent, share, cutoff in zip(contract.team, contract.shares, needed, strict=True):
        if cutoff is None or share < cutoff:
            witness = {"agent": agent, "share": show(share), "cutoff": _shown(cutoff)}
            return Verdict(holds=False, witness=witness)
    spread = dict(zip(contract.team, needed, strict=True))
    shown = [_shown(spread.get(agent)) for agent in range(problem.agents)]
    return Verdict(holds=True, certificate={"cutoffs": shown})


def unique_equilibrium(problem: Problem, contract: Contract) -> Verdict:
    """Decide whether the contract has only one pure equilibrium.

    Returns
    -------
    Verdict
        The witness has all equilibria, the certificate the only one.
    """
    if problem.success.is_submodular and is_feasible(problem, contract):
        proof = {"equilibrium": list(contract.team), "reason": "f is submodular: working is dominant for all"}
        return Verdict(holds=True, certificate=proof)
    if len(contract.team) > MAX_ENUMERATED:
        return _unknown(f"{len(contract.team)} members are above {MAX_ENUMERATED}: too many sets to try")
    found = [list(working) for working in Game(problem, contract.team).equilibria(contract.shares)]
    if len(found) > 1:
        return Verdict(holds=False, witness={"equilibria": found})
    return Verdict(holds=True, certificate={"equilibrium": found[0], "reason": "all sets were tried"})


# ── who envies whom ─────────────────────────────────────────────────────────────────────────────────────────


def fairness(problem: Problem, contract: Contract) -> tuple[dict[str, Verdict], tuple[Swap, ...]]:
    """Decide on fairness under each notion of which equilibrium follows, and find who envies whom.

    From the definition, up to twelve members; above by condition (3), if f is submodular.

    Returns
    -------
    verdicts : dict
        A witness is the first exchange after which somebody gains.
    envy : tuple of Swap
        All exchanges that break definition (1).
    """
    if not is_feasible(problem, contract):
        return dict.fromkeys(NOTIONS, _unknown("the contract is not feasible")), ()
    if len(contract.team) <= MAX_ENUMERATED:
        known, basis = list(swaps(problem, contract)), BY_TRYING
    elif problem.success.is_submodular:
        known, basis = _suspects(problem, contract), BY_CONDITION
    else:
        reason = f"{len(contract.team)} members are above {MAX_ENUMERATED}: too many sets to try"
        return dict.fromkeys(NOTIONS, _unknown(reason)), ()
    verdicts = {}
    for notion, holds in NOTIONS.items():
        bad = next((swap for swap in known if not holds(swap)), None)
        verdicts[notion] = (
            Verdict(holds=True, certificate={"basis": basis})
            if bad is None
            else Verdict(holds=False, witness=_exchange(bad))
        )
    return verdicts, tuple(swap for swap in known if not NOTIONS["fair"](swap))


def _suspects(problem: Problem, contract: Contract) -> list[Swap]:
    """Return the exchanges that break condition (3), each once."""
    if is_fair_in_linear_time(problem, contract):
        return []
    place = {agent: k for k, agent in enumerate(contract.team)}
    pairs = {tuple(sorted(place[agent] for agent in fault.agents)) for fault in faults(problem, contract)}
    return list(swaps_of_submodular(problem, contract, [(pair[0], pair[1]) for pair in sorted(pairs)]))


# ── other notions ───────────────────────────────────────────────────────────────────────────────────────────


def has_minimum_share(problem: Problem, contract: Contract) -> Verdict:
    """Decide whether nobody gets less than the minimum share of the team, formula (2): all fair contracts do.

    Returns
    -------
    Verdict
        The witness is a member that gets less. The certificate has the minimum share, and the floor t if the
        shares are max{κ_i, t}.
    """
    least = minimum_share(problem, contract.team)
    if least is None:
        return _unknown("some member adds nothing, so that no shares make all work")
    for agent, share in zip(contract.team, contract.shares, strict=True):
        if share < least:
            witness = {"agent": agent, "share": show(share), "minimum_share": show(least)}
            return Verdict(holds=False, witness=witness)
    floor = min(contract.shares, default=Fraction(0))
    structured = with_floor(problem, contract.team, floor) == contract
    proof = {"minimum_share": show(least), "floor": show(floor) if structured else None}
    return Verdict(holds=True, certificate=proof)


def nondiscriminatory(contract: Contract) -> Verdict:
    """Decide whether all members get the same share."""
    for agent, share in zip(contract.team, contract.shares, strict=True):
        if share != contract.shares[0]:
            witness = {"agents": [contract.team[0], agent], "shares": show_all((contract.shares[0], share))}
            return Verdict(holds=False, witness=witness)
    return Verdict(holds=True, certificate={"wage": show(max(contract.shares, default=Fraction(0)))})


def proportional(problem: Problem, contract: Contract) -> Verdict:
    """Decide whether shares are in proportion to the Shapley values of f on the team."""
    try:
        values = shapley_values(problem, contract.team)
    except ParleyError as error:
        return _unknown(str(error))
    spread = show_all(Contract(contract.team, values).spread(problem.agents))
    if is_proportional(problem, contract):
        return Verdict(holds=True, certificate={"shapley": spread})
    one, *others = range(len(contract.team))
    other = next(k for k in others if contract.shares[k] * values[one] != contract.shares[one] * values[k])
    pair = [contract.team[one], contract.team[other]]
    shares = show_all((contract.shares[one], contract.shares[other]))
    return Verdict(holds=False, witness={"agents": pair, "shares": shares, "shapley": spread})


def optimal(problem: Problem, contract: Contract, fair: Verdict, solution: Solution) -> Verdict:
    """Decide whether no fair contract earns more than this one, which is fair itself.

    Returns
    -------
    Verdict
        The witness is a fair contract that earns more, or why this one is out of the question.
    """
    if fair.holds is False or not is_feasible(problem, contract):
        reason = "not feasible" if fair.holds is None else "not fair"
        return Verdict(holds=False, witness={"reason": reason})
    if fair.holds is None or solution.fair is None:
        return _unknown(str(solution.reason))
    earned, best = revenue(problem, contract), solution.fair
    if best.revenue > earned:
        shares = show_all(best.contract.spread(problem.agents))
        return Verdict(
            holds=False,
            witness={"revenue": show(best.revenue), "team": list(best.team), "shares": shares},
        )
    if best.bound > earned:
        return _unknown(f"the time was up: a fair contract may earn up to {show(best.bound)}")
    return Verdict(holds=True, certificate={"bound": show(best.bound)})


def submodular(problem: Problem) -> Verdict:
    """Decide whether an agent never adds more to a larger set.

    Returns
    -------
    Verdict
        The witness is a set of agents, and i and j: j adds more to the set with i than without.
    """
    bend = problem.success.bend
    if bend is not None:
        return Verdict(holds=False, witness={"agents": list(bend.agents), "i": bend.i, "j": bend.j})
    name = problem.success.type
    listed = problem.success.submodular is None
    reason = "all sets were tried" if listed else f"every function of the class {name} is"
    return Verdict(holds=True, certificate={"reason": reason})
