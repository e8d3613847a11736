"""Problems to test with: the paper's own, random small ones, and all their allocations one by one."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from parley.mechanisms.coordination.announcements import bounds
from parley.mechanisms.coordination.axioms.equilibrium import count_allocations
from parley.mechanisms.coordination.costs import Cost, Piecewise, Power, Quadratic
from parley.mechanisms.coordination.problem import Problem

Matrix = NDArray[np.int64]

# Example 1: the allocations that the paper prints.
X = np.array([[5, 0, 0, 0, 0], [1, 3, 0, 0, 0], [1, 1, 2, 0, 0], [1, 1, 1, 1, 0], [1, 0, 1, 1, 1]])
Y = np.array([[5, 0, 0, 0, 0], [2, 2, 0, 0, 0], [2, 0, 2, 0, 0], [0, 2, 0, 2, 0], [0, 1, 2, 0, 1]])


def example_1_keys(**changed: object) -> dict[str, Any]:
    """Example 1 as a problem file would state it, with some keys changed; None takes a key out."""
    keys: dict[str, Any] = {
        "kind": "coordination",
        "contracted": np.diag([9, 5, 4, 2, 1]).tolist(),
        "capacity": [[9, 0, 0, 0, 0], [2, 5, 0, 0, 0], [2, 2, 4, 0, 0], [1, 2, 1, 2, 0], [1, 1, 2, 1, 1]],
        "costs": [{"type": "quadratic", "quadratic": "1", "linear": "0"}],
        "continuation": "9/10",
        "recognition": "p-star",
    } | changed
    return {key: value for key, value in keys.items() if value is not None}


def make(D: ArrayLike, C: ArrayLike, *costs: Cost, **others: object) -> Problem:
    """A problem with f(z) = z² and δ = 1/2 where nothing else is said."""
    given: dict[str, Any] = {"continuation": Fraction(1, 2)} | others
    return Problem(
        contracted=np.array(D), capacity=np.array(C), costs=costs or (Quadratic(Fraction(1)),), **given
    )


def random_cost(dice: Random) -> Cost:
    """Coefficients are small, so that marginal costs tie often."""
    kind = dice.random()
    if kind < 0.5:
        return Quadratic(
            Fraction(dice.randint(1, 3), dice.choice([1, 1, 2, 3])), Fraction(dice.randint(0, 3))
        )
    if kind < 0.7:
        return Power(Fraction(dice.randint(1, 2)), dice.randint(2, 4), Fraction(dice.randint(0, 5)))
    starts = sorted(dice.sample(range(1, 5), dice.randint(0, 2)))
    slopes = sorted(dice.sample(range(1, 9), len(starts) + 1))
    return Piecewise((Fraction(0), *map(Fraction, starts)), tuple(map(Fraction, slopes)))


def random_matrices(dice: Random, *, special: bool, n: int, m: int) -> tuple[Matrix, Matrix]:
    """D and C in the special or the general domain, with something contracted."""
    D, C = np.zeros((n, m), dtype=np.int64), np.zeros((n, m), dtype=np.int64)
    for t in range(m):
        owner = dice.randrange(n)
        for i in range(owner if special else 0, n):
            if special:
                D[i, t] = dice.randint(0, 4) if i == owner else 0
            else:
                D[i, t] = dice.choice([0, 0, 1, 2])
            C[i, t] = D[i, t] + dice.choice([0, 0, 1, 2])
    return (D, C) if D.any() else random_matrices(dice, special=special, n=n, m=m)


def random_problem(dice: Random, *, special: bool, **others: object) -> Problem:
    """A problem small enough to list its allocations."""
    n = dice.randint(2, 4)
    D, C = random_matrices(dice, special=special, n=n, m=dice.randint(1, 3))
    costs = [random_cost(dice) for _ in range(dice.choice([1, n]))]
    return make(D, C, *costs, **others)


def small_special_problems(dice: Random, count: int, most: int = 250) -> Iterator[Problem]:
    """Problems of the special domain with n ≤ 5, m ≤ 4 and mixed costs.

    With something to choose, and at most so many allocations.
    """
    while count:
        n = dice.randint(2, 5)
        D, C = random_matrices(dice, special=True, n=n, m=dice.randint(1, 4))
        problem = make(D, C, *(random_cost(dice) for _ in range(dice.choice([1, n]))))
        if 2 <= count_allocations(problem) <= most:
            count -= 1
            yield problem


def random_announcements(dice: Random, problem: Problem, count: int, given: Matrix | None = None) -> Matrix:
    """Legal announcements of the first agents, continuing those given."""
    rows = np.zeros((0, problem.task_types), dtype=np.int64) if given is None else given
    while len(rows) < count:
        lower, upper = bounds(problem, rows)
        row = [dice.randint(*pair) for pair in zip(lower.tolist(), upper.tolist(), strict=True)]
        rows = np.concatenate((rows, [row]))
    return rows


def all_allocations(problem: Problem) -> Iterator[Matrix]:
    """Every feasible allocation, from the definition: capacities, column sums, sums of the first agents."""
    D, C = problem.contracted, problem.capacity
    limit = D.cumsum(axis=0)
    columns = []
    for t in range(problem.task_types):
        choices = product(*(range(int(c) + 1) for c in C[:, t]))
        columns.append(
            [
                column
                for column in choices
                if sum(column) == limit[-1, t] and (np.cumsum(column) <= limit[:, t]).all()
            ]
        )
    for chosen in product(*columns):
        yield np.array(chosen, dtype=np.int64).T
