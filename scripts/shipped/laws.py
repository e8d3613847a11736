"""How games may go, with exact probabilities, and sums over games that follow such laws."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

from parley.mechanisms.coordination.bargaining import default_costs, savings
from parley.mechanisms.coordination.recognition import probabilities
from scripts.shipped.common import Claim

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike

    from parley.mechanisms.coordination.problem import Problem

__all__ = ["Sum", "Way", "late", "settling"]


class Way(NamedTuple):
    """One way in which a game may go."""

    probability: Fraction
    costs: tuple[Fraction, ...]
    late: int = 0
    """Bonds that are burnt."""


def settling(problem: Problem, X: ArrayLike) -> list[Way]:
    """What an allocation's bargaining leads to, by who is recognized first (Proposition 1).

    Parameters
    ----------
    X : array_like of int, shape (n, m)
        Announced allocation, in units; it saves something.

    Returns
    -------
    list of Way
        One for each agent, as proposer: everybody pays its threshold, and the proposer (1 − δ)Δ less.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> X = [[5, 0, 0, 0, 0], [1, 3, 0, 0, 0], [1, 1, 2, 0, 0], [1, 1, 1, 1, 0], [1, 0, 1, 1, 1]]
    >>> str(settling(example_1(), X)[0].costs[0])
    '2189/35'
    """
    n, f, delta = problem.agents, default_costs(problem), problem.continuation
    p, gain = probabilities(problem.recognition, problem, X), savings(problem, X)
    return [
        Way(p[i], tuple(f[k] - delta * p[k] * gain - ((1 - delta) * gain if k == i else 0) for k in range(n)))
        for i in range(n)
    ]


def late(problem: Problem, probability: Fraction, agents: Iterable[int]) -> Way:
    """The contracts stand, and these agents lose their bonds."""
    held = set(agents)
    costs = (f + problem.bond if k in held else f for k, f in enumerate(default_costs(problem)))
    return Way(probability, tuple(costs), len(held))


class Sum:
    """A sum over games whose expectations and variances are known, each its own."""

    def __init__(self) -> None:
        self.total, self.games = 0.0, 0
        self.expected, self.variance = Fraction(0), Fraction(0)

    def add(self, values: float, games: int, law: Sequence[tuple[Fraction, Fraction]]) -> None:
        """Add the sum of so many independent games' values; a law is pairs of probability and value."""
        mean = sum((q * value for q, value in law), Fraction(0))
        self.total += values
        self.games += games
        self.expected += games * mean
        self.variance += games * (sum((q * value**2 for q, value in law), Fraction(0)) - mean**2)

    def mean(self, name: str) -> Claim:
        """The mean, beside its expectation and its exact standard deviation."""
        games = self.games
        error = sqrt(self.variance) / games
        return Claim(name, self.total / games, float(self.expected / games), error, games)
