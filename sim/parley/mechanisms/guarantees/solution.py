"""What a guarantee costs: the greatest value, the greatest least pay, and the value that remains."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from time import monotonic
from typing import TYPE_CHECKING, Any

from parley.core.errors import ParleyError, shorten
from parley.core.exact import show, show_all
from parley.mechanisms.guarantees.guarantee import MaxMin, leaves, resized
from parley.mechanisms.guarantees.loss import bound, loss
from parley.mechanisms.guarantees.problem import MAX_PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.mechanisms.guarantees.problem import Problem
    from parley.mechanisms.guarantees.schedules import Allocation
    from parley.mechanisms.guarantees.solver.plan import Plan
    from parley.mechanisms.guarantees.solver.shape import Shape

__all__ = ["METHODS", "TIME_LIMIT", "Range", "Solution", "Step", "solve"]

TIME_LIMIT = 120.0
"""Default, in seconds."""
METHODS = ("auto", "columns", "assignment")

Range = tuple[Fraction, Fraction]
"""A lower and an upper bound, equal if the number is proved."""


@dataclass(frozen=True)
class Step:
    """What remains under one floor for all, or with one number of providers."""

    providers: int
    max_value: Fraction
    tau: Fraction | None
    restricted_value: Fraction | None
    loss: Fraction | None


@dataclass(frozen=True)
class Solution:
    """The best allocations without and with the guarantee.

    Where the time was up, they are the best ones found, and `ranges` has what is proved.
    """

    problem: Problem
    max_value: Fraction
    allocation: Allocation
    tau: Fraction | None
    """The greatest least pay; None if the guarantee does not ask for it."""
    restricted_value: Fraction | None
    """None if the guarantee is empty, or nothing was found that keeps it."""
    restricted_allocation: Allocation | None
    feasible: bool | None
    """Whether anything keeps the guarantee; None if the time was up before that was known."""
    ranges: dict[str, Range | None]
    """Of max_value, tau, restricted_value and loss."""
    method: str
    seconds: float = field(default=0.0, compare=False)
    frontier: tuple[Step, ...] | None = None
    sweep: tuple[Step, ...] | None = None
    complete: bool = True
    """Whether frontier and sweep are complete and proved."""

    @property
    def loss(self) -> Fraction | None:
        """L, the share of the greatest value that is lost."""
        return None if self.restricted_value is None else loss(self.max_value, self.restricted_value)

    @property
    def status(self) -> str:
        """``optimal`` if everything is proved, ``limit`` if the time was up."""
        ranges = [pair for pair in self.ranges.values() if pair is not None]
        proved = self.feasible is not None and all(low == high for low, high in ranges)
        return "optimal" if proved and self.complete else "limit"

    def to_json(self) -> dict[str, Any]:
        """Return plain values: exact numbers as strings, jobs from 0."""
        problem = self.problem
        written: dict[str, Any] = {
            "kind": problem.kind,
            "max_value": show(self.max_value),
            "tau": _written(self.tau),
            "restricted_value": _written(self.restricted_value),
            "loss": _written(self.loss),
            "delta": show(problem.delta),
            "bound": show(bound(problem.providers, problem.delta)),
            "allocation": _lists(self.allocation),
            "restricted_allocation": self.restricted_allocation and _lists(self.restricted_allocation),
            "feasible": self.feasible,
            "status": self.status,
            "bounds": {name: pair and show_all(pair) for name, pair in self.ranges.items()},
            "method": self.method,
            "seconds": self.seconds,
        }
        if self.frontier is not None:
            written["frontier"] = [
                {
                    "tau": _written(step.tau),
                    "value": _written(step.restricted_value),
                    "loss": _written(step.loss),
                }
                for step in self.frontier
            ]
        if self.sweep is not None:
            written["sweep"] = [
                {
                    "providers": step.providers,
                    "max_value": show(step.max_value),
                    "tau": _written(step.tau),
                    "restricted_value": _written(step.restricted_value),
                    "loss": _written(step.loss),
                }
                for step in self.sweep
            ]
        return written


def _written(number: Fraction | None) -> str | None:
    return None if number is None else show(number)


def _lists(allocation: Allocation) -> list[list[int]]:
    return [list(schedule) for schedule in allocation]


def solve(
    problem: Problem,
    *,
    frontier: bool = False,
    sweep: tuple[int, int] | None = None,
    time_limit: float = TIME_LIMIT,
    method: str = "auto",
    tell: Callable[[str], None] = lambda _: None,
) -> Solution:
    """Find the greatest value, the greatest least pay, and the greatest value under the guarantee.

    Parameters
    ----------
    frontier : bool
        Also find each value that some uniform floor leaves, and the largest such floor.
    sweep : (int, int), optional
        Also solve for each number of providers from the first to the last; they must be identical.
    time_limit : float
        Seconds; then the best that was found is returned, with proved bounds.
    method : str
        ``columns``, ``assignment`` (the baseline: a variable for each provider and job), or ``auto``: columns
        wherever schedules can be listed or are paths along the line of time.
    tell : callable, optional
        Called with a description of each step.

    Raises
    ------
    ParleyError

    Examples
    --------
    >>> from parley.mechanisms.guarantees.problem import worked_example
    >>> found = solve(worked_example())
    >>> found.max_value, found.tau, found.restricted_value, found.loss, found.status
    (Fraction(29, 10), Fraction(1, 1), Fraction(2, 1), Fraction(9, 29), 'optimal')
    >>> found.restricted_allocation
    ((0,), (1,))
    """
    if method not in METHODS:
        raise ParleyError(f"--method {shorten(method)} is none of {', '.join(METHODS)}")
    if sweep is not None:
        _check_sweep(problem, sweep)
    from parley.core.clock import Clock  # noqa: PLC0415 - with the next one
    from parley.mechanisms.guarantees.solver.plan import plan_of  # noqa: PLC0415 - imports numba

    started = monotonic()
    tell("schedules")
    plan = plan_of(problem, method, Clock.of(time_limit), most=max(sweep or (0,)))
    found = _solution(problem, plan, tell)
    complete = True
    curve: list[Step] | None = None
    if frontier:
        tell("frontier")
        points, complete = plan.frontier()
        curve = [_point(problem, plan.shape, found.max_value, pay, value) for pay, value in points]
    steps: list[Step] | None = None
    if sweep is not None:
        steps = []
        for providers in range(sweep[0], sweep[1] + 1):
            tell(f"{providers} providers")
            one = _solution(_with(problem, providers), plan.at(providers), lambda _: None)
            complete = complete and one.status == "optimal"
            steps.append(Step(providers, one.max_value, one.tau, one.restricted_value, one.loss))
    return replace(
        found,
        frontier=None if curve is None else tuple(curve),
        sweep=None if steps is None else tuple(steps),
        complete=complete,
        seconds=monotonic() - started,
    )


def _check_sweep(problem: Problem, sweep: tuple[int, int]) -> None:
    if not 1 <= sweep[0] <= sweep[1] <= MAX_PROVIDERS:
        reason = f"{shorten(sweep[0])}:{shorten(sweep[1])} is no range from 1 to {MAX_PROVIDERS}"
        raise ParleyError(f"--sweep: {reason}")
    if not problem.are_identical:
        raise ParleyError("--sweep requires identical providers: nothing but their number changes")


def _with(problem: Problem, providers: int) -> Problem:
    """Return a problem of identical providers with another number of them."""
    return replace(
        problem,
        providers=providers,
        guarantee=resized(problem.guarantee, providers),
        **{
            key: getattr(problem, key)[:1] * providers for key in ("capacities", "eligible", "factors", "pay")
        },
        provider_names=(),
    )


def _point(problem: Problem, shape: Shape, greatest: Fraction, pay: int, value: int) -> Step:
    left = Fraction(value, shape.value_scale * shape.factor_scale)
    tau = Fraction(pay, shape.value_scale * shape.pay_scale)
    return Step(problem.providers, greatest, tau, left, loss(greatest, left))


def _solution(problem: Problem, plan: Plan, tell: Callable[[str], None]) -> Solution:
    """Answer the three questions."""
    shape = plan.shape
    value_unit, pay_unit = shape.value_scale * shape.factor_scale, shape.value_scale * shape.pay_scale
    tell("greatest value")
    greatest = plan.greatest()
    fair = None
    if MaxMin() in leaves(problem.guarantee):
        tell("greatest least pay")
        fair = plan.fairest()
    tell("greatest value under the guarantee")
    outcome = plan.outcome(problem)
    top = Fraction(greatest.low, value_unit), Fraction(greatest.high, value_unit)
    kept = None if outcome.feasible is False else _range(outcome.low, outcome.high, value_unit)
    value = None if outcome.choice is None else Fraction(outcome.value, value_unit)
    return Solution(
        problem=problem,
        max_value=top[0],
        allocation=shape.allocation(greatest.choice or ((),) * len(shape.kinds)),
        tau=None if fair is None else Fraction(fair.low, pay_unit),
        restricted_value=value,
        restricted_allocation=None if outcome.choice is None else shape.allocation(outcome.choice),
        feasible=outcome.feasible,
        ranges={
            "max_value": top,
            "tau": None if fair is None else _range(fair.low, fair.high, pay_unit),
            "restricted_value": kept,
            "loss": None if kept is None else _losses(top, kept),
        },
        method=plan.method,
    )


def _range(low: int, high: int, unit: int) -> Range:
    return Fraction(low, unit), Fraction(high, unit)


def _losses(top: Range, kept: Range) -> Range:
    """Bound the loss: it is least if the most is kept of the least."""
    return loss(top[0], min(top[0], kept[1])), loss(top[1], kept[0])
