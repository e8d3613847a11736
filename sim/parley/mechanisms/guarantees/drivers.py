"""What is lost without heterogeneity, indivisibility, exclusion or variation (Section 4 of the paper)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from parley.core.errors import ParleyError
from parley.core.exact import show
from parley.mechanisms.guarantees.fractional import Outcome, best_mixture
from parley.mechanisms.guarantees.guarantee import (
    AllOf,
    Alpha,
    AnyOf,
    Income,
    Records,
    is_uniform,
    keeps,
    leaves,
    pays,
)
from parley.mechanisms.guarantees.loss import loss
from parley.mechanisms.guarantees.partition import share_out
from parley.mechanisms.guarantees.schedules import allocations, total, values_of
from parley.mechanisms.guarantees.theorems import free_of_loss, structure
from parley.mechanisms.guarantees.welfare import Welfare

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.mechanisms.guarantees.guarantee import Guarantee, Terms, Vector
    from parley.mechanisms.guarantees.problem import Problem
    from parley.mechanisms.guarantees.schedules import Allocation

DRIVERS = {
    "heterogeneity": "factors are equal",
    "indivisibility": "allocations are mixed",
    "exclusion": "there are neither intervals nor conflicts",
    "variation": "all values are their mean",
}
"""Each driver, and what is supposed to see the loss without it."""


NOT_KEPT = "no allocation keeps the guarantee"
LIMIT = "not solved in the time limit"


@dataclass(frozen=True, slots=True)
class Driver:
    """The loss without one of the drivers.

    Attributes
    ----------
    loss_without : Fraction or None
        None if it is not known, or no allocation keeps the guarantee then.
    basis : str
        How it is known, or why not.
    """

    loss_without: Fraction | None
    basis: str

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        lost = self.loss_without
        return {"loss_without": None if lost is None else show(lost), "basis": self.basis}


def without(problem: Problem, driver: str) -> Problem:
    """Return a problem without heterogeneity, exclusion or variation; floors stay as they are.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.problem import worked_example
    >>> without(worked_example(), "variation").values[0]
    Fraction(29, 30)
    """
    if driver == "heterogeneity":
        return replace(problem, factors=())
    if driver == "exclusion":
        return replace(problem, intervals=None, conflicts=frozenset())
    mean = sum(problem.values, Fraction(0)) / problem.jobs
    return replace(problem, values=(mean,) * problem.jobs)


class Solved(Protocol):
    """What is asked of a solution."""

    @property
    def max_value(self) -> Fraction:
        """The greatest value of any allocation."""

    @property
    def allocation(self) -> Allocation:
        """An allocation of that value."""

    @property
    def restricted_value(self) -> Fraction | None:
        """The greatest value under the guarantee; None if no allocation keeps it."""

    @property
    def loss(self) -> Fraction | None:
        """The share of the greatest value that is lost."""

    @property
    def status(self) -> str:
        """``optimal`` if all of this is proved."""


def drivers(
    problem: Problem, solved: Solved, solve: Callable[[Problem, float], Solved], seconds: float
) -> dict[str, Driver]:
    """Return the loss without each driver.

    Parameters
    ----------
    solved : Solved
        The problem's own solution.
    solve : callable
        Solves other problems, in as many seconds at most.
    seconds : float
        For each driver.
    """
    found = {}
    for driver in DRIVERS:
        try:
            found[driver] = _driver(problem, driver, solved, within(solve, seconds))
        except ParleyError as error:
            found[driver] = Driver(None, str(error))
    return found


def within(solve: Callable[[Problem, float], Solved], seconds: float) -> Callable[[Problem], Solved]:
    """Solve several problems in a number of seconds together; raises ParleyError when these are over."""
    deadline = monotonic() + seconds

    def answer(problem: Problem) -> Solved:
        left = deadline - monotonic()
        found = solve(problem, left) if left > 0 else None
        if found is None or found.status != "optimal":
            raise ParleyError(LIMIT)
        return found

    return answer


def _driver(problem: Problem, driver: str, solved: Solved, solve: Callable[[Problem], Solved]) -> Driver:
    if driver == "indivisibility":
        return divided(problem, solve)
    other = without(problem, driver)
    results = free_of_loss(other)
    if results and _is_kept(problem, driver, solved):
        return Driver(Fraction(0), results[0])
    if driver == "exclusion" and (share := _partitioned(other)) is not None:
        return Driver(share, "everybody but the best provider has the same share")
    return lost(other, solve)


def _partitioned(problem: Problem) -> Fraction | None:
    """Find the loss from max-min fairness where nothing limits what a provider can do, if that is easy."""
    limits, terms = {*problem.capacities, *problem.eligible}, problem.terms
    if limits != {None} or len(set(problem.pay)) > 1 or terms is None or not terms.max_min:
        return None
    found = share_out(problem.values, problem.factors)
    if found is None or problem.pay[0] * found[0] < max(terms.floors):
        return None
    return loss(max(problem.factors) * sum(problem.values), found[1])


def lost(problem: Problem, solve: Callable[[Problem], Solved]) -> Driver:
    """Solve a problem for its loss."""
    solved = solve(problem)
    if solved.loss is None:
        return Driver(None, NOT_KEPT)
    return Driver(solved.loss, "solved")


def _is_kept(problem: Problem, driver: str, solved: Solved) -> bool:
    """Return whether it is certain that some allocation keeps the guarantee without a driver."""
    if not _may_be_empty(problem.guarantee):
        return True
    floors = all(isinstance(leaf, Income) for leaf in leaves(problem.guarantee))
    same = driver == "heterogeneity" or (driver == "exclusion" and floors)
    return same and solved.restricted_value is not None


def _may_be_empty(guarantee: Guarantee) -> bool:
    match guarantee:
        case AnyOf(parts):
            return all(map(_may_be_empty, parts))
        case AllOf(parts):
            return len(parts) > 1 or _may_be_empty(parts[0])
        case Income(floors):
            return any(floors)
        case _:
            return False


# ── mixtures ────────────────────────────────────────────────────────────────────────────────────────────────


def divided(problem: Problem, solve: Callable[[Problem], Solved]) -> Driver:
    """Find the loss if allocations can be mixed.

    If all providers can do the same and are paid and promised the same, moving the schedules of an
    allocation around gives everybody the same, and in total no mixture has more than V, the greatest Σ
    v(A_i). With equal factors nothing is lost then (Proposition 3). With others, max-min fairness gives
    everybody V/n, which is worth the mean factor times V. Other floors and max-min fairness are linear
    programs over all allocations.
    """
    terms = problem.terms
    is_same = structure(problem)["symmetric"].holds and len(set(problem.pay)) == 1
    equal, fair = len(set(problem.factors)) == 1, terms is not None and terms.max_min
    if is_same and is_uniform(problem.guarantee) and (equal or fair):
        return _shared(problem, solve)
    if terms is None:
        return Driver(None, "no linear program: only floors and max-min fairness are")
    try:
        listed = {values_of(problem, allocation) for allocation in allocations(problem)}
    except ParleyError:
        return _generated(problem, terms, solve)
    found = best_mixture([_outcome(problem, values) for values in sorted(listed)], terms)
    return Driver(None, NOT_KEPT) if found is None else Driver(found.loss, "linear program")


def _outcome(problem: Problem, values: Vector) -> Outcome:
    return Outcome(total(problem, values), pays(values, problem.pay))


def _generated(problem: Problem, terms: Terms, solve: Callable[[Problem], Solved]) -> Driver:
    """Solve the linear program without a list: prices of pay are factors of another problem."""
    free = Income((Fraction(0),) * problem.providers)

    def price(worth: int, prices: Vector) -> Outcome:
        factors = tuple(
            worth * gamma + own * theta
            for gamma, own, theta in zip(problem.factors, prices, problem.pay, strict=True)
        )
        solved = solve(replace(problem, factors=factors, guarantee=free))
        return _outcome(problem, values_of(problem, solved.allocation))

    found = best_mixture([], terms, price)
    return Driver(None, NOT_KEPT) if found is None else Driver(found.loss, "linear program by columns")


def _shared(problem: Problem, solve: Callable[[Problem], Solved]) -> Driver:
    """Give everybody the same share of the allocation of greatest Σ v(A_i)."""
    free = replace(problem, factors=(), guarantee=Income((Fraction(0),) * problem.providers))
    share = solve(free).max_value / problem.providers
    values, theta = (share,) * problem.providers, problem.pay[0]
    alphas = {leaf.alpha for leaf in leaves(problem.guarantee) if isinstance(leaf, Alpha)}
    best = Records(theta * share, {alpha: Welfare(alpha, values) for alpha in alphas})
    if not keeps(problem.guarantee, values, problem.pay, best):
        return Driver(None, NOT_KEPT)
    if len(set(problem.factors)) == 1:
        return Driver(Fraction(0), "Proposition 3")
    greatest = solve(replace(free, factors=problem.factors)).max_value
    return Driver(loss(greatest, total(problem, values)), "everybody has the same share")
