"""Whom to hire and at what shares: the best fair contract, and what fairness costs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.core.clock import Clock
from parley.core.errors import ParleyError, shorten
from parley.core.exact import show, show_all
from parley.mechanisms.team.equilibria import MAX_ENUMERATED
from parley.mechanisms.team.fairness import NOTIONS, is_fair, swaps
from parley.mechanisms.team.shares import (
    NOBODY,
    Contract,
    cutoffs,
    is_feasible,
    minimum_share,
    posted_contract,
    revenue,
    utilities,
)
from parley.mechanisms.team.success.functions import Additive

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.mechanisms.team.problem import Problem
    from parley.mechanisms.team.solver.found import Found
    from parley.mechanisms.team.success.base import Team

__all__ = ["EPSILON", "METHODS", "TIME_LIMIT", "Optimum", "Solution", "is_posted_fair", "solve"]

TIME_LIMIT = 60.0
"""Default, in seconds."""
METHODS = ("auto", "exact", "fptas", "constant-factor")
EPSILON = Fraction(1, 2)
"""Default of what the FPTAS may lose, as a share of the optimum."""


@dataclass(frozen=True)
class Optimum:
    """The best contract that was found under one rule.

    Attributes
    ----------
    contract : Contract
        The least one of its team.
    revenue, bound : Fraction
        In money; no contract under the rule earns more than the bound.
    method : str
        ``exact``, ``fptas`` or ``constant-factor``.
    """

    contract: Contract
    revenue: Fraction
    bound: Fraction
    method: str = "exact"

    @property
    def team(self) -> Team:
        """The members."""
        return self.contract.team

    @property
    def optimal(self) -> bool:
        """Whether no contract under the rule earns more."""
        return self.revenue == self.bound

    def to_json(self) -> dict[str, Any]:
        """Return what all rules have in common."""
        return {
            "revenue": show(self.revenue),
            "team": list(self.team),
            "optimal": self.optimal,
            "bound": show(self.bound),
        }


@dataclass(frozen=True)
class Solution:
    """The optima under three rules, and what is posted."""

    problem: Problem
    reason: str | None
    """Why there is no fair optimum; None if there is one."""
    fair: Optimum | None
    nondiscriminatory: Optimum | None
    """None if there are too many teams to try."""
    unconstrained: Optimum | None
    posted_fair: bool | None
    """Whether the posted contract is fair; None if nothing is posted, or there are too many sets to try."""

    @property
    def contract(self) -> Contract | None:
        """The contract to be judged and played: the posted one, else the fair optimum."""
        posted = posted_contract(self.problem)
        if posted is not None:
            return posted
        return None if self.fair is None else self.fair.contract

    def to_json(self) -> dict[str, Any]:
        """Return plain values: exact numbers as strings, agents from 0."""
        problem = self.problem
        return {
            "kind": problem.kind,
            "success": problem.success.type,
            "agents": problem.agents,
            "submodular": problem.success.is_submodular,
            "reason": self.reason,
            "fair": self.fair and self._fair(self.fair),
            "nondiscriminatory": self.nondiscriminatory and self._equal(self.nondiscriminatory),
            "unconstrained": self.unconstrained
            and {
                **self.unconstrained.to_json(),
                "shares": show_all(self.unconstrained.contract.spread(problem.agents)),
            },
            "posted": self._posted(),
            "ratios": {
                "fair_to_unconstrained": _ratio(self.fair, self.unconstrained),
                "nondiscriminatory_to_fair": _ratio(self.nondiscriminatory, self.fair),
            },
        }

    def _fair(self, best: Optimum) -> dict[str, Any]:
        problem, contract = self.problem, best.contract
        needed = dict(zip(best.team, cutoffs(problem, best.team), strict=True))
        gained = Contract(best.team, utilities(problem, contract))
        return {
            **best.to_json(),
            "shares": show_all(contract.spread(problem.agents)),
            "cutoffs": [_shown(needed.get(agent)) for agent in range(problem.agents)],
            "minimum_share": _shown(minimum_share(problem, best.team)),
            "success_probability": show(problem.success.value(best.team)),
            "utilities": show_all(gained.spread(problem.agents)),
            "method": best.method,
        }

    @staticmethod
    def _equal(best: Optimum) -> dict[str, Any]:
        return {**best.to_json(), "wage": show(max(best.contract.shares, default=Fraction(0)))}

    def _posted(self) -> dict[str, Any] | None:
        contract = posted_contract(self.problem)
        if contract is None:
            return None
        return {
            "revenue": show(revenue(self.problem, contract)),
            "team": list(contract.team),
            "feasible": is_feasible(self.problem, contract),
            "fair": self.posted_fair,
        }


def _shown(number: Fraction | None) -> str | None:
    return None if number is None else show(number)


def _ratio(one: Optimum | None, other: Optimum | None) -> str | None:
    if one is None or other is None or not other.revenue:
        return None
    return show(one.revenue / other.revenue)


def is_posted_fair(problem: Problem) -> bool | None:
    """Return whether the posted contract is feasible and fair; None if nothing is posted.

    Without submodularity from the definition, and then None above twelve members too.
    """
    contract = posted_contract(problem)
    if contract is None:
        return None
    if problem.success.is_submodular or not is_feasible(problem, contract):
        return is_fair(problem, contract)
    if len(contract.team) > MAX_ENUMERATED:
        return None
    return all(map(NOTIONS["fair"], swaps(problem, contract)))


def solve(
    problem: Problem,
    *,
    method: str = "auto",
    epsilon: Fraction = EPSILON,
    time_limit: float = TIME_LIMIT,
    tell: Callable[[str], None] = lambda _: None,
) -> Solution:
    """Find the best contracts: fair, with equal shares, and at the cut-offs.

    Parameters
    ----------
    method : str
        How the fair one is found: ``exact`` (also ``auto``), or by the paper's approximations, ``fptas``
        (additive f only) or ``constant-factor``.
    epsilon : Fraction
        The FPTAS earns at least 1 − ε of the optimum.
    time_limit : float
        Seconds; then the best that was found is returned, with proven bounds.
    tell : callable, optional
        Called with a description of each step.

    Raises
    ------
    ParleyError

    Examples
    --------
    >>> from parley.mechanisms.team.problem import worked_example
    >>> found = solve(worked_example())
    >>> [one.revenue for one in (found.fair, found.nondiscriminatory, found.unconstrained)]
    [Fraction(17, 25), Fraction(3, 5), Fraction(7, 10)]
    >>> found.fair.contract
    Contract(team=(0, 1), shares=(Fraction(3, 25), Fraction(1, 5)))
    """
    if method not in METHODS:
        raise ParleyError(f"--method {shorten(method)} is none of {', '.join(METHODS)}")
    if method == "fptas" and not isinstance(problem.success, Additive):
        raise ParleyError(f"--method fptas requires an additive success function, not {problem.success.type}")
    if not 0 < epsilon < 1:
        raise ParleyError(f"--epsilon: {epsilon} is not between 0 and 1")
    clock = Clock.of(time_limit)
    posted_fair = is_posted_fair(problem)
    if not problem.success.is_submodular:
        return _without_fairness(problem, posted_fair, tell)
    tell("fair contracts")
    fair = _fair(problem, method, epsilon, clock.share(2 / 3))
    tell("equal shares")
    equal = _best(problem, "nondiscriminatory", clock.share(1 / 2))
    tell("shares without fairness")
    return Solution(problem, None, fair, equal, _best(problem, "unconstrained", clock), posted_fair)


def _without_fairness(problem: Problem, posted_fair: bool | None, tell: Callable[[str], None]) -> Solution:  # noqa: FBT001 - a result
    """Find the two other optima of a function that is not submodular."""
    from parley.mechanisms.team.solver.exhaustive import best_by_trying  # noqa: PLC0415 - slow to load

    reason = f"the success function is not submodular: {problem.success.bend}"
    if problem.agents > MAX_ENUMERATED:
        reason += f"; {problem.agents} agents are above {MAX_ENUMERATED}, too many teams to try"
        return Solution(problem, reason, None, None, None, posted_fair)
    tell("all teams")
    equal, free = (
        _optimum(problem, rule, best_by_trying(problem, rule))
        for rule in ("nondiscriminatory", "unconstrained")
    )
    return Solution(problem, reason, None, equal, free, posted_fair)


def _best(problem: Problem, rule: str, clock: Clock) -> Optimum:
    """Find the optimum of a rule by the exact search that fits."""
    from parley.mechanisms.team.solver.additive import best_fair  # noqa: PLC0415 - these import numba
    from parley.mechanisms.team.solver.algorithm_1 import algorithm_1  # noqa: PLC0415
    from parley.mechanisms.team.solver.found import Found  # noqa: PLC0415
    from parley.mechanisms.team.solver.submodular import best_submodular  # noqa: PLC0415
    from parley.mechanisms.team.solver.unconstrained import best_unconstrained  # noqa: PLC0415

    success = problem.success
    if not isinstance(success, Additive):
        found = best_submodular(problem, rule, clock)
    elif rule == "fair":
        found = best_fair(problem, success, clock)
    elif rule == "unconstrained":
        found = best_unconstrained(problem, success, clock)
    else:
        team, earned = algorithm_1(problem, success)
        found = Found(team, earned, earned)
    return _optimum(problem, rule, found)


def _optimum(problem: Problem, rule: str, found: Found, method: str = "exact") -> Optimum:
    from parley.mechanisms.team.solver.found import PAY  # noqa: PLC0415 - with its caller

    contract = PAY[rule](problem, found.team) or NOBODY  # never: a team that was found earns something
    return Optimum(contract, found.revenue, found.bound, method)


def _fair(problem: Problem, method: str, epsilon: Fraction, clock: Clock) -> Optimum:
    """Find a fair contract by the method asked for."""
    if method == "fptas":
        from parley.mechanisms.team.solver.fptas import fptas  # noqa: PLC0415 - imports numba

        return _optimum(problem, "fair", fptas(problem, epsilon, clock), method)
    if method == "constant-factor":
        from parley.mechanisms.team.solver.constant_factor import constant_factor  # noqa: PLC0415 - likewise

        return _optimum(problem, "fair", constant_factor(problem, clock), method)
    return _best(problem, "fair", clock)
