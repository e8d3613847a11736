"""The audit of a guarantees problem: assumptions, the loss and its bounds, its drivers, pay, and the bond."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.core.errors import ParleyError
from parley.core.exact import show
from parley.mechanisms.guarantees.custom import Judge, kept_by
from parley.mechanisms.guarantees.drivers import DRIVERS, Driver, Solved, drivers, lost, without
from parley.mechanisms.guarantees.guarantee import Income
from parley.mechanisms.guarantees.linear_program import most_lost
from parley.mechanisms.guarantees.loss import asymmetric_bound, bound, loss
from parley.mechanisms.guarantees.schedules import Allocation, allocations, pays_of, total, values_of
from parley.mechanisms.guarantees.solution import TIME_LIMIT, Solution, solve
from parley.mechanisms.guarantees.theorems import Finding, pareto_closed, structure

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.mechanisms.guarantees.guarantee import Vector
    from parley.mechanisms.guarantees.problem import Problem

__all__ = ["Audit", "Deterrence", "audit"]


@dataclass(frozen=True, slots=True)
class Deterrence:
    """Whether the bond makes up for what a dispatcher gains from breaking the guarantee.

    Attributes
    ----------
    gain : Fraction or None
        The greatest value of an allocation that the contract accepts, less the greatest under the
        guarantee; None if that is not known.
    bond : Fraction
    enough : bool or None
        Whether half of the bond exceeds the gain: a dispatcher that challenges itself loses only half.
    """

    gain: Fraction | None
    bond: Fraction
    enough: bool | None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"gain": _shown(self.gain), "bond": show(self.bond), "enough": self.enough}


@dataclass(frozen=True, eq=False)
class Audit:
    """All that the audit of a problem found."""

    problem: Problem
    assumptions: dict[str, Finding]
    max_value: Fraction
    restricted_value: Fraction | None
    loss: Fraction | None
    """None if no allocation keeps the guarantee."""
    bound: Fraction
    """B(n, δ) of Theorem 1; if providers cannot all do the same, more can be lost."""
    lp: Fraction
    """The value of linear program (14) for the problem's own factors."""
    drivers: dict[str, Driver]
    pay: Vector | None
    """Pay under the guarantee; None if no allocation keeps it."""
    pay_without: Vector
    deterrence: Deterrence
    status: str

    @property
    def holds(self) -> bool:
        """Whether no assumption was refuted, and the bond is not known to be too small."""
        refuted = any(finding.holds is False for finding in self.assumptions.values())
        return not refuted and self.deterrence.enough is not False

    def to_json(self) -> dict[str, Any]:
        """Return plain values: exact numbers as strings, providers and jobs from 0."""
        pay = self.pay or (None,) * self.problem.providers
        return {
            "kind": "guarantees",
            "assumptions": {name: finding.to_json() for name, finding in self.assumptions.items()},
            "max_value": show(self.max_value),
            "restricted_value": _shown(self.restricted_value),
            "loss": _shown(self.loss),
            "bound": show(self.bound),
            "asymmetric_bound": show(asymmetric_bound(self.problem.providers, self.problem.delta)),
            "lp": show(self.lp),
            "drivers": {name: driver.to_json() for name, driver in self.drivers.items()},
            "providers": [
                {"provider": i, "pay": _shown(here), "pay_without": show(there)}
                for i, (here, there) in enumerate(zip(pay, self.pay_without, strict=True))
            ],
            "deterrence": self.deterrence.to_json(),
            "status": self.status,
        }


def _shown(number: Fraction | None) -> str | None:
    return None if number is None else show(number)


def audit(
    problem: Problem,
    *,
    judge: Judge | None = None,
    time_limit: float = TIME_LIMIT,
    tell: Callable[[str], None] = lambda _: None,
) -> Audit:
    """Audit what a guarantee costs and why, who gains by it, and whether the bond is enough.

    Parameters
    ----------
    judge : callable, optional
        A user's g, whose maximizers replace the problem's guarantee. All allocations are listed then.
    time_limit : float
        Seconds for the problem; each driver has a quarter of them.
    tell : callable, optional
        Called with a description of each step.

    Raises
    ------
    ParleyError
        If there is a `judge` and the problem has too many allocations, or the function fails.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.problem import worked_example
    >>> found = audit(worked_example()).to_json()
    >>> found["loss"], found["bound"], found["drivers"]["exclusion"]
    ('9/29', '1/3', {'loss_without': '0', 'basis': 'Proposition 4'})
    >>> found["providers"][1], found["deterrence"]
    ({'provider': 1, 'pay': '1', 'pay_without': '9/10'}, {'gain': '9/10', 'bond': '2', 'enough': True})
    """
    if judge is not None:
        return _audit_of(problem, judge, tell)

    def solved(other: Problem, seconds: float) -> Solved:
        return solve(other, time_limit=seconds)

    tell("the loss")
    own = solve(problem, time_limit=time_limit)
    tell("the loss without each driver")
    found = drivers(problem, own, solved, time_limit / 4)
    tell("deterrence")
    assumptions = structure(problem) | {
        "pareto_closed": Finding(True, "a floor, least pay and welfare do not fall when values rise")
    }
    return Audit(
        problem,
        assumptions,
        own.max_value,
        own.restricted_value,
        own.loss,
        bound(problem.providers, problem.delta),
        most_lost(problem.factors),
        found,
        _pay(problem, own.restricted_allocation),
        _paid(problem, own.allocation),
        _deterrence(problem, _gain(problem, own, time_limit)),
        own.status,
    )


def _paid(problem: Problem, allocation: Allocation) -> Vector:
    """Return everybody's pay, in expectation if schedules are drawn."""
    pay = pays_of(problem, allocation)
    if problem.draw == "permutation":
        return (sum(pay, Fraction(0)) / problem.providers,) * problem.providers
    return pay


def _pay(problem: Problem, allocation: Allocation | None) -> Vector | None:
    return None if allocation is None else _paid(problem, allocation)


def _gain(problem: Problem, own: Solution, time_limit: float) -> Fraction | None:
    """Return what the best allocation that only a challenge disproves is worth more than the best fair one.

    On chain, floors are checked by the contract itself; a guarantee that no dispatch holds is checked by
    nobody.
    """
    if own.restricted_value is None:
        return None
    terms = problem.terms
    free = own
    if terms is not None and any(terms.floors):
        free = solve(replace(problem, guarantee=Income(terms.floors)), time_limit=time_limit)
        best = free.restricted_value
    else:
        best = own.max_value
    if best is None or not own.status == free.status == "optimal":
        return None
    return best - own.restricted_value


def _deterrence(problem: Problem, gain: Fraction | None) -> Deterrence:
    return Deterrence(gain, problem.bond, None if gain is None else gain < problem.bond / 2)


# ── a user's guarantee ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Listed:
    """A problem solved by listing its allocations."""

    vectors: list[Vector]
    kept: list[bool]
    allocation: Allocation
    restricted_allocation: Allocation
    max_value: Fraction
    restricted_value: Fraction
    loss: Fraction
    status: str = "optimal"


def _list(problem: Problem, judge: Judge) -> _Listed:
    feasible = allocations(problem)
    vectors = [values_of(problem, allocation) for allocation in feasible]
    kept = kept_by(judge, vectors)
    worth = [total(problem, vector) for vector in vectors]
    best = max(range(len(worth)), key=worth.__getitem__)
    best_kept = max((k for k, inside in enumerate(kept) if inside), key=worth.__getitem__)
    return _Listed(
        vectors,
        kept,
        feasible[best],
        feasible[best_kept],
        worth[best],
        worth[best_kept],
        loss(worth[best], worth[best_kept]),
    )


def _audit_of(problem: Problem, judge: Judge, tell: Callable[[str], None]) -> Audit:
    tell("all allocations")
    own = _list(problem, judge)

    def solved(other: Problem) -> Solved:
        return _list(other, judge)

    tell("the loss without each driver")
    found: dict[str, Driver] = {}
    for name in DRIVERS:
        if name == "indivisibility":
            found[name] = Driver(None, "the user's function does not say what a mixture is")
            continue
        try:
            found[name] = lost(without(problem, name), solved)
        except ParleyError as error:
            found[name] = Driver(None, str(error))
    return Audit(
        problem,
        structure(problem) | {"pareto_closed": pareto_closed(own.vectors, own.kept)},
        own.max_value,
        own.restricted_value,
        own.loss,
        bound(problem.providers, problem.delta),
        most_lost(problem.factors),
        found,
        _paid(problem, own.restricted_allocation),
        _paid(problem, own.allocation),
        _deterrence(problem, own.max_value - own.restricted_value),
        own.status,
    )
