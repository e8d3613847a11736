"""The solution of a problem: the random assignment of its rule, and a lottery for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.core.errors import ParleyError, ProblemError
from parley.core.exact import show, show_all
from parley.mechanisms.assignment import (
    boston,
    probabilistic_serial,
    pseudo_market,
    serial_dictatorship,
    welfare,
)
from parley.mechanisms.assignment.decomposition import decompose, find_violation, thinned
from parley.mechanisms.assignment.lottery import Lottery, Matrix, expected, recompose
from parley.mechanisms.assignment.serial_dictatorship import TooLargeError
from parley.mechanisms.assignment.supporting_prices import supporting_prices

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parley.mechanisms.assignment.problem import Problem
    from parley.mechanisms.assignment.pseudo_market import Equilibrium
    from parley.mechanisms.assignment.sampling import Sample
    from parley.mechanisms.assignment.welfare import Welfare

RUNS = 100_000
"""Default number of sampled runs, if exact probabilities are out of reach."""


@dataclass(frozen=True, eq=False)
class Solution:
    """A random assignment, a lottery for it, and expected utilities.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> solution = solve(example_1())
    >>> show_all(solution.matrix[0])
    ['5/12', '1/12', '5/12', '1/12']
    """

    problem: Problem
    matrix: Matrix
    """Probabilities; frequencies in a sample if `sample` is given."""
    lottery: Lottery | None
    """None if the rule's own assignments are too many to list."""
    sample: Sample | None = None
    """The sample; None if the matrix is exact."""
    welfare: Welfare | None = None
    """Proof that the weighted utility is maximal, under the rule ``welfare``."""
    equilibrium: Equilibrium | None = None
    """Prices and shortfall, under the rule ``pseudo-market``."""
    seed: int = 0
    """Seed of a sample, for other reports too."""

    @property
    def exact(self) -> bool:
        """Whether the matrix is exact."""
        return self.sample is None

    @property
    def expected_utilities(self) -> tuple[Fraction, ...] | None:
        """Expected utility of each agent; None without utilities."""
        if self.problem.utilities is None:
            return None
        return tuple(expected(row, u) for row, u in zip(self.matrix, self.problem.utilities, strict=True))

    @property
    def ranks(self) -> Matrix:
        """Probability that an agent (row) gets an item of its first, second, … rank (column)."""
        return rank_distribution(self.problem, self.matrix)

    def to_json(self) -> dict[str, Any]:
        """Return plain values: exact numbers as strings, estimates as numbers."""
        utilities = self.expected_utilities
        found: dict[str, Any] = {
            "kind": "assignment",
            "rule": self.problem.rule,
            "matrix": self._table(self.matrix),
            "lottery": None if self.lottery is None else [term.to_json() for term in self.lottery],
            "expected_utilities": None if utilities is None else self._table([utilities])[0],
            "ranks": self._table(self.ranks),
            "unassigned": self._table([[1 - sum(row, Fraction(0)) for row in self.matrix]])[0],
            "exact": self.exact,
            "runs": None,
            "std_errors": None,
            "prices": None,
            "shortfall": None,
        }
        if self.sample is not None:
            found |= {"runs": self.sample.runs, "std_errors": self.sample.std_errors.tolist()}
        if self.welfare is not None:
            found["prices"] = show_all(self.welfare.prices)
        if self.equilibrium is not None:
            found["prices"] = show_all(self.equilibrium.prices)
            found["shortfall"] = show(self.equilibrium.shortfall.greatest)
        return found

    def _table(self, rows: Sequence[Sequence[Fraction]]) -> list[list[str]] | list[list[float]]:
        if self.exact:
            return [show_all(row) for row in rows]
        return [[float(p) for p in row] for row in rows]


def rank_distribution(problem: Problem, matrix: Matrix) -> Matrix:
    """Probability that each agent gets an item of each of its ranks.

    Returns
    -------
    tuple of tuples of Fraction, shape (agents, ranks)
        The number of columns is that of the longest ranking.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> matrix = probabilistic_serial.probabilities(example_1())
    >>> show_all(rank_distribution(example_1(), matrix)[3])
    ['1/2', '0', '1/2', '0']
    """
    length = max(map(len, problem.rankings))
    return tuple(
        tuple(
            sum((row[o] for o in ranking[k]), Fraction(0)) if k < len(ranking) else Fraction(0)
            for k in range(length)
        )
        for ranking, row in zip(problem.rankings, matrix, strict=True)
    )


def rule_matrix(problem: Problem) -> Matrix:
    """Exact probabilities under the problem's rule; a posted matrix is ignored.

    Raises
    ------
    TooLargeError
        If exact probabilities are out of reach.
    ProblemError, ParleyError
        If utilities are missing, or no equilibrium is found.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> show_all(rule_matrix(example_1().with_rule("boston"))[0])
    ['1/2', '0', '1/2', '0']
    """
    match problem.rule:
        case "serial-dictatorship":
            return serial_dictatorship.probabilities(problem)
        case "probabilistic-serial":
            return probabilistic_serial.probabilities(problem)
        case "boston":
            return boston.probabilities(problem)
        case "welfare":
            return welfare.maximize(problem).matrix
        case _:
            return pseudo_market.equilibrium(problem).matrix


def solve(
    problem: Problem, *, runs: int = RUNS, seed: int = 0, progress: Callable[[int], None] | None = None
) -> Solution:
    """Compute the random assignment of a problem's rule; a posted one is verified and used.

    Parameters
    ----------
    runs : int
        Sampled runs, if probabilities must be estimated.
    seed : int
        Seed of these runs.
    progress : callable, optional
        Called with the number of runs done since the last call.

    Raises
    ------
    ProblemError
        If a posted matrix or lottery is wrong, or utilities are missing.
    ParleyError
        If no equilibrium of the pseudo-market is found.
    """
    solution = replace(_solve(problem, runs, seed, progress), seed=seed)
    if problem.posted is None:
        return solution
    market = verify_posted(solution)
    lottery = problem.posted.lottery or decompose(problem.posted.matrix, problem.capacities)
    return replace(solution, matrix=problem.posted.matrix, lottery=lottery, sample=None, equilibrium=market)


def theory(problem: Problem, seed: int) -> Solution:
    """Compute what games are held against; where probabilities are sampled, by their seed."""
    return solve(problem, seed=seed)


def _solve(problem: Problem, runs: int, seed: int, progress: Callable[[int], None] | None) -> Solution:
    match problem.rule:
        case "serial-dictatorship" | "boston":
            return _drawn(problem, runs, seed, progress)
        case "probabilistic-serial":
            matrix = probabilistic_serial.probabilities(problem)
            return Solution(problem, matrix, decompose(matrix, problem.capacities))
        case "welfare":
            best = welfare.maximize(problem)
            return Solution(problem, best.matrix, decompose(best.matrix, problem.capacities), welfare=best)
        case _:
            market = pseudo_market.equilibrium(problem)
            lottery = decompose(market.matrix, problem.capacities)
            return Solution(problem, market.matrix, lottery, equilibrium=market)


def _drawn(problem: Problem, runs: int, seed: int, progress: Callable[[int], None] | None) -> Solution:
    """Solve for a rule that draws an order; its lottery has only assignments of such orders."""
    agents, items = problem.shape
    serial = problem.rule == "serial-dictatorship"
    try:
        if not serial:
            lottery: Lottery | None = boston.outcomes(problem)
            matrix = recompose(lottery or (), agents, items)
        else:
            matrix = serial_dictatorship.probabilities(problem)
            lottery = serial_dictatorship.outcomes(problem)
    except TooLargeError:
        draw = serial_dictatorship.sample if serial else boston.sample
        sample = draw(problem, runs=runs, seed=seed, progress=progress)
        counts = (sample.matrix * runs).round().astype(int).tolist()
        estimate = tuple(tuple(Fraction(count, runs) for count in row) for row in counts)
        return Solution(problem, estimate, None, sample=sample)
    if lottery is not None and len(lottery) > most_terms(agents, items):
        lottery = thinned(lottery, agents, items)
    return Solution(problem, matrix, lottery)


def most_terms(agents: int, items: int) -> int:
    """Upper bound of the number of terms: (n − 1)² + 1 for n agents and n items."""
    return (agents - 1) ** 2 + 1 if agents == items else agents * items + 1


def verify_posted(solution: Solution) -> Equilibrium | None:
    """Verify a posted matrix and lottery.

    The matrix must be a random assignment without unwanted items; the lottery's weights must be positive and
    sum to 1, and its assignments average to the matrix. Under serial dictatorship, probabilistic serial and
    Boston the matrix must be the rule's; under welfare, its weighted utility must be maximal; in a
    pseudo-market it must be an exact equilibrium for some prices, or one up to the tolerance for the prices
    found here.

    Parameters
    ----------
    solution : Solution
        The solution of the rule itself.

    Returns
    -------
    Equilibrium or None
        In a pseudo-market, the posted matrix with its prices.

    Raises
    ------
    ProblemError
        For the first wrong number.
    """
    problem = solution.problem
    posted = problem.posted
    if posted is None:
        return None
    _verify_matrix(problem, posted.matrix)
    if posted.lottery is not None:
        _verify_lottery(problem, posted.matrix, posted.lottery)
    if solution.equilibrium is not None:
        return _verify_market(problem, posted.matrix, solution.equilibrium.prices)
    if solution.welfare is not None:
        if not welfare.is_optimal(problem, posted.matrix, solution.welfare):
            reason = f"the weighted utility is below its maximum, {solution.welfare.value}"
            raise ProblemError("", "posted.matrix", reason)
    # Estimates cannot refute a matrix.
    elif solution.exact and (place := _differs(posted.matrix, solution.matrix)):
        (i, o), p, q = place
        raise ProblemError("", f"posted.matrix[{i}][{o}]", f"{p}, but {problem.rule} gives {q}")
    return None


def _verify_market(problem: Problem, matrix: Matrix, found: tuple[Fraction, ...]) -> Equilibrium:
    """Find prices for a posted matrix: exact ones, or those of the rule's own equilibrium."""
    for prices in (supporting_prices(problem, matrix), found):
        if prices is None:
            continue
        try:
            lacks = pseudo_market.shortfall(problem, matrix, prices)
        except ParleyError:  # an agent overspends
            continue
        if lacks.greatest <= pseudo_market.TOLERANCE:
            return pseudo_market.Equilibrium(matrix, prices, lacks)
    raise ProblemError("", "posted.matrix", "no prices make agents buy this assignment")


def _verify_matrix(problem: Problem, matrix: Matrix) -> None:
    if violation := find_violation(matrix, problem.capacities):
        raise ProblemError("", f"posted.matrix{violation[0]}", violation[1])
    for i, row in enumerate(matrix):
        for o, p in enumerate(row):
            if p and o not in problem.rank_of[i]:
                reason = f"{p}, but agent {i + 1} does not want this item"
                raise ProblemError("", f"posted.matrix[{i}][{o}]", reason)


def _differs(one: Matrix, other: Matrix) -> tuple[tuple[int, int], Fraction, Fraction] | None:
    """Find the first place where two matrices differ."""
    for i, rows in enumerate(zip(one, other, strict=True)):
        for o, (p, q) in enumerate(zip(*rows, strict=True)):
            if p != q:
                return (i, o), p, q
    return None


def _verify_lottery(problem: Problem, matrix: Matrix, lottery: Lottery) -> None:
    agents, items = problem.shape
    for k, term in enumerate(lottery):
        if term.weight <= 0:
            raise ProblemError("", f"posted.lottery[{k}].weight", f"{term.weight} is not above 0")
        for o, capacity in enumerate(problem.capacities):
            count = term.assignment.count(o)
            if count > capacity:
                reason = f"{count} agents get {problem.items[o]}, whose capacity is {capacity}"
                raise ProblemError("", f"posted.lottery[{k}].assignment", reason)
    total = sum((term.weight for term in lottery), Fraction(0))
    if total != 1:
        raise ProblemError("", "posted.lottery", f"the weights sum to {total}, not to 1")
    if place := _differs(recompose(lottery, agents, items), matrix):
        (i, o), p, q = place
        raise ProblemError("", "posted.lottery", f"averages to {p} at [{i}][{o}], but the matrix has {q}")
