"""Recognition functions: the probabilities with which agents become the proposer.

All of them have *stick-breaking* form: agent j is recognized with probability p_j = (1 − g(1)) ⋯ (1 − g(j −
1)) · g(j), where the recognition fraction g(j) is known after j's announcement. g(j) is a ratio of integers.
The contract stores both and draws with them, so they are not reduced here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from parley.mechanisms.coordination.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Turn:
    """The information after agent j's announcement, on which g(j) may depend; quantities in units.

    Equals the struct of the same name in the contract interface.
    """

    agent: int
    """Index j of the announcing agent, from 0."""
    agents: int
    """Number of agents n."""
    remaining: int
    """R_j: units not announced by the agents before j."""
    contracted_from: int
    """Units contracted by agents j, …, n together."""
    contracted: tuple[int, ...]
    """d_j by task type."""
    maximal: tuple[int, ...]
    """x̄_j by task type: the maximal announcement given the earlier ones."""
    announced: tuple[int, ...]
    """x_j by task type."""


RecognitionFunction = Callable[[Turn], tuple[int, int]]


def p_star(turn: Turn) -> tuple[int, int]:
    """p*: the maximal announcement in proportion to what remains (Theorem 1).

    For the first agent the maximal announcement is its contract, so g(1) is its share of all contracted
    tasks.

    Examples
    --------
    >>> p_star(Turn(1, 5, 16, 12, (0, 5, 0, 0, 0), (2, 5, 0, 0, 0), (1, 3, 0, 0, 0)))
    (7, 16)
    """
    return sum(turn.maximal), turn.remaining


def equal(turn: Turn) -> tuple[int, int]:
    """Probability 1/n for every agent (Section 3.2).

    Examples
    --------
    >>> equal(Turn(1, 5, 16, 12, (5,), (7,), (4,)))
    (1, 4)
    """
    return 1, turn.agents - turn.agent


def contract_proportional(turn: Turn) -> tuple[int, int]:
    """p̃: in proportion to contracted tasks (independence of consistency in Theorem 1).

    Examples
    --------
    >>> contract_proportional(Turn(1, 5, 16, 12, (5,), (7,), (4,)))
    (5, 12)
    """
    return sum(turn.contracted), turn.contracted_from


def announcement_proportional(turn: Turn) -> tuple[int, int]:
    """In proportion to announcements: fails Proposition 2, as an example.

    Examples
    --------
    >>> announcement_proportional(Turn(1, 5, 16, 12, (5,), (7,), (4,)))
    (4, 16)
    """
    return sum(turn.announced), turn.remaining


def reordered(turn: Turn) -> tuple[int, int]:
    """p̌: p* with the last two agents in the other order (independence of the first axiom in Theorem 1).

    Examples
    --------
    >>> reordered(Turn(1, 3, 4, 3, (0, 2, 0), (1, 2, 0), (0, 2, 0)))
    (2, 4)
    """
    if turn.agents >= 3 and turn.agent == turn.agents - 2:
        return sum(map(max, turn.announced, turn.contracted)), turn.remaining
    return p_star(turn)


RECOGNITION: dict[str, RecognitionFunction] = {
    "p-star": p_star,
    "equal": equal,
    "contract-proportional": contract_proportional,
    "announcement-proportional": announcement_proportional,
    "reordered": reordered,
}
"""The recognition functions by their names in problem files. Add an entry to try another one."""


def fraction(
    name: str, problem: Tasks, j: int, rows_before: ArrayLike, x_j: Sequence[int] | NDArray[np.int64]
) -> tuple[int, int]:
    """g(j), exactly as the contract stores it after agent j's announcement.

    Parameters
    ----------
    name : str
        A key of ``RECOGNITION``.
    j : int
        The agent, from 0.
    rows_before : array_like of int, shape (j, m)
        Announcements of the agents before j, in units.
    x_j : sequence of int, shape (m,)
        Agent j's announcement, in units.

    Returns
    -------
    (int, int)
        Numerator and denominator, not reduced. (0, 0) for the last agent, which gets the remaining
        probability.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> fraction("p-star", example_1(), 1, [[5, 0, 0, 0, 0]], [1, 3, 0, 0, 0])
    (7, 16)
    """
    if j == problem.agents - 1:
        return 0, 0
    before = np.asarray(rows_before, dtype=np.int64).reshape(j, problem.task_types).sum(axis=0)
    pool = problem.contracted[: j + 1].sum(axis=0) - before
    return RECOGNITION[name](
        _turn(problem, j, pool, int(problem.total - before.sum()), np.asarray(x_j, dtype=np.int64))
    )


def _turn(problem: Tasks, j: int, pool: NDArray[np.int64], remaining: int, x_j: NDArray[np.int64]) -> Turn:
    """Return agent j's turn; `pool` is contracted by agents up to j and not announced by those before j."""
    maximal: list[int] = np.minimum(pool, problem.capacity[j]).tolist()
    return Turn(
        agent=j,
        agents=problem.agents,
        remaining=remaining,
        contracted_from=problem.contracted_from[j],
        contracted=tuple(problem.contracted[j].tolist()),
        maximal=tuple(maximal),
        announced=tuple(x_j.tolist()),
    )


def fractions(name: str, problem: Tasks, X: ArrayLike) -> list[tuple[int, int]]:
    """All g(j) at allocation X, as the contract stores them.

    Parameters
    ----------
    name : str
        A key of ``RECOGNITION``.
    X : array_like of int, shape (n, m)
        A feasible allocation, in units.

    Returns
    -------
    list of (int, int), length n

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> X = [[5, 0, 0, 0, 0], [1, 3, 0, 0, 0], [1, 1, 2, 0, 0], [1, 1, 1, 1, 0], [1, 0, 1, 1, 1]]
    >>> fractions("p-star", example_1(), X)
    [(9, 21), (7, 16), (8, 12), (5, 8), (0, 0)]
    """
    rows = np.asarray(X, dtype=np.int64)
    function = RECOGNITION[name]
    pool = np.zeros(problem.task_types, dtype=np.int64)
    remaining = problem.total
    result = []
    for j in range(problem.agents - 1):
        pool = pool + problem.contracted[j]
        result.append(function(_turn(problem, j, pool, remaining, rows[j])))
        pool = pool - rows[j]
        remaining -= int(rows[j].sum())
    return [*result, (0, 0)]


def stick_breaking(fractions: Sequence[tuple[int, int]]) -> tuple[Fraction, ...]:
    """p_j = (1 − g(1)) ⋯ (1 − g(j − 1)) · g(j), with g(n) = 1 and 0/0 = 0 before that (Proposition 3).

    Parameters
    ----------
    fractions : sequence of (int, int)
        g(1), …, g(n); the last one is ignored.

    Returns
    -------
    tuple of Fraction
        Probabilities; they sum to one.

    Examples
    --------
    >>> stick_breaking([(1, 2), (0, 0), (0, 0)])
    (Fraction(1, 2), Fraction(0, 1), Fraction(1, 2))
    """
    left = Fraction(1)
    result = []
    for numerator, denominator in fractions[:-1]:
        g = Fraction(numerator, denominator) if denominator else Fraction(0)
        result.append(left * g)
        left *= 1 - g
    return (*result, left)


def probabilities(name: str, problem: Tasks, X: ArrayLike) -> tuple[Fraction, ...]:
    """Recognition probabilities p(X, D, C), exactly.

    Parameters
    ----------
    name : str
        A key of ``RECOGNITION``.
    X : array_like of int, shape (n, m)
        A feasible allocation, in units.

    Returns
    -------
    tuple of Fraction, length n

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> X = [[5, 0, 0, 0, 0], [1, 3, 0, 0, 0], [1, 1, 2, 0, 0], [1, 1, 1, 1, 0], [1, 0, 1, 1, 1]]
    >>> print(*probabilities("p-star", example_1(), X))
    3/7 1/4 3/14 15/224 9/224
    """
    return stick_breaking(fractions(name, problem, X))


def probabilities_float(name: str, problem: Tasks, X: ArrayLike) -> NDArray[np.float64]:
    """`probabilities` in floating point, for populations whose exact fractions have thousands of digits.

    Each g(j) is exact before it is rounded, so the relative error of p_j is about j rounding units.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> X = [[5, 0, 0, 0, 0], [1, 3, 0, 0, 0], [1, 1, 2, 0, 0], [1, 1, 1, 1, 0], [1, 0, 1, 1, 1]]
    >>> float(probabilities_float("p-star", example_1(), X)[1])
    0.25
    """
    pairs = fractions(name, problem, X)[:-1]
    g = np.array(
        [numerator / denominator if denominator else 0.0 for numerator, denominator in pairs] + [1.0]
    )
    # 1 − g from the integers, to avoid cancellation if g is close to one.
    rest = [
        (denominator - numerator) / denominator if denominator else 1.0 for numerator, denominator in pairs
    ]
    probabilities: NDArray[np.float64] = np.concatenate(([1.0], np.cumprod(rest))) * g
    return probabilities
