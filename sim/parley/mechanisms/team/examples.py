"""Instances: stand-ins for the paper's examples, whose numbers are lost, and others that its text lacks."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from parley.mechanisms.team.problem import Problem, worked_example
from parley.mechanisms.team.shares import Contract
from parley.mechanisms.team.success.functions import Additive, Coverage, Xos

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.team.success.base import Vector

__all__ = [
    "Floored",
    "additive",
    "coverage_example",
    "example_1_1",
    "example_4_4",
    "example_6_1",
    "floored",
    "price_of_fairness",
    "subset_sum",
    "two_agents",
    "worse_than_4_4",
]


def _numbers(text: str) -> Vector:
    return tuple(map(Fraction, text.split()))


def additive(contributions: Sequence[Fraction], cutoffs: Sequence[Fraction]) -> Problem:
    """Build an additive problem from contributions and cut-offs c_i/f_i."""
    costs = tuple(value * cutoff for value, cutoff in zip(contributions, cutoffs, strict=True))
    return Problem(costs, Additive(tuple(contributions)))


def example_1_1() -> Problem:
    """Build a stand-in for Examples 1.1, 2.3 and 2.9: the least cut-offs are unfair to agent 1."""
    return worked_example()


def example_4_4() -> Problem:
    """Build a stand-in for Example 4.4: equal shares earn exactly 4/5 of the fair optimum."""
    return additive(_numbers("1/2 1/2"), _numbers("1/8 1/4"))


def worse_than_4_4() -> Problem:
    """Build an instance in which equal shares earn 12/17 of the fair optimum, less than in Example 4.4."""
    return additive(_numbers("4/9 5/9"), _numbers("2/15 3/10"))


def two_agents(cutoff: Fraction) -> Problem:
    """Build the worst two agents for equal shares, if agent 2 has this cut-off a.

    Contributions are (1 − x, x) with x = (1 − 2a)/(1 − a). The ratio is least, at 1 − a = 0.69202…, where a
    is the root 0.3079785… of a³ − 6a² + 5a − 1 = 0: fair contracts earn up to 44.5% more than equal ones.
    """
    x = (1 - 2 * cutoff) / (1 - cutoff)
    return additive((1 - x, x), (cutoff * (1 - x), cutoff))


def coverage_example() -> Problem:
    """Build three agents that cover five elements; the best fair team has two of them."""
    sets = ((0, 1), (1, 2, 4), (2, 3))
    return Problem(_numbers("1/100 1/50 3/100"), Coverage(_numbers("3/10 1/10 1/10 1/5 3/10"), sets))


def example_6_1() -> tuple[Problem, Contract]:
    """Build a stand-in for Example 6.1: after agents 2 and 3 exchange shares there are two equilibria."""
    parts = tuple(map(_numbers, ("1/5 3/10 3/10 1/5", "1/10 0 2/5 1/10", "1/5 0 1/10 1/10")))
    problem = Problem(_numbers("1/40 1/40 1/40 1/40"), Xos(parts))
    return problem, Contract((0, 1, 2, 3), _numbers("1/8 1/8 9/80 1/8"))


class Floored(NamedTuple):
    """A fair contract that a floor makes unfair.

    Attributes
    ----------
    fair : Contract
    floor : Fraction
    floored : Contract
        The greater of the two for each member.
    """

    problem: Problem
    fair: Contract
    floor: Fraction
    floored: Contract


def floored() -> Floored:
    """Build an instance that shows what Corollary 3.5 does not say: a floor under any fair contract."""
    problem = Problem(_numbers("21/1000 147/2000"), Additive(_numbers("3/20 7/20")))
    fair, floor = Contract((0, 1), _numbers("413/2500 273/1000")), Fraction(2191, 10000)
    return Floored(problem, fair, floor, Contract((0, 1), tuple(max(floor, share) for share in fair.shares)))


def subset_sum(numbers: Sequence[int], size: int, target: int) -> tuple[Problem, Fraction]:
    """Build a problem whose fair optimum says whether `size` of some positive numbers have a given sum.

    Returns
    -------
    problem : Problem
    optimum : Fraction
        T/2W: the revenue if some have. If none have, every contract earns less, fair or not (Theorem 5.1).
        The reduction is our own: the paper's numbers are lost.
    """
    scale = 4 * len(numbers) * (sum(numbers) + target + 1)
    weights = [scale + number for number in numbers]
    goal, total = size * scale + target, sum(weights)
    contributions = tuple(Fraction(weight, total) for weight in weights)
    cutoffs = [Fraction(weight, 2 * goal) for weight in weights]
    return additive(contributions, cutoffs), Fraction(goal, 2 * total)


def price_of_fairness(groups: int) -> Problem:
    """Build the family in which fairness costs ever more: group k = 0…K−1 has (2K)^k equal agents.

    Their contributions are 1/(K(2K)^k), their cut-offs 1/(2K(2K)^k). All of them earn ½ without fairness;
    fair and equal contracts earn less and less of that as K grows, like log log n/log n.
    """
    sizes = [(2 * groups) ** k for k in range(groups)]
    contributions = [Fraction(1, groups * size) for size in sizes for _ in range(size)]
    cutoffs = [Fraction(1, 2 * groups * size) for size in sizes for _ in range(size)]
    return additive(contributions, cutoffs)
