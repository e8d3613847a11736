from itertools import islice, product
from random import Random

import numpy as np
import pytest

from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.announcements import bounds
from parley.mechanisms.coordination.problem import example_1
from parley.mechanisms.coordination.solver.lexicographic import greatest_matrix
from tests.coordination.problems import all_allocations, make, random_announcements, random_matrices


@pytest.mark.parametrize("special", [True, False], ids=["special domain", "general domain"])
def test_from_any_allocation_the_greatest_with_its_workloads_is_reached(*, special: bool) -> None:
    dice = Random(83 + special)
    checked = moved = 0
    while checked < 600:
        D, C = random_matrices(dice, special=special, n=dice.randint(2, 4), m=dice.randint(2, 4))
        problem = make(D, C)
        everything = list(islice(all_allocations(problem), 20_001))
        if len(everything) > 20_000:
            continue
        checked += 1
        X = random_announcements(dice, problem, problem.agents)
        same = [Z for Z in everything if np.array_equal(Z.sum(axis=1), X.sum(axis=1))]
        greatest = max(same, key=lambda Z: tuple(Z.ravel()))
        np.testing.assert_array_equal(greatest_matrix(X, D, C), greatest)
        moved += not np.array_equal(X, greatest)
    assert moved > 30


def test_example_1_has_no_greater_row_that_can_be_completed() -> None:
    problem = example_1()
    best = cost_effective(problem)
    assert best.matrix.tolist() == [
        [5, 0, 0, 0, 0],
        [2, 2, 0, 0, 0],
        [2, 1, 1, 0, 0],
        [0, 2, 1, 1, 0],
        [0, 0, 2, 1, 1],
    ]
    # A greater row that some allocation of these workloads has could be continued with the same workloads.
    loads = best.workloads.tolist()
    for k in range(1, problem.agents):
        lower, upper = bounds(problem, best.matrix[:k])
        for row in product(*(range(a, b + 1) for a, b in zip(lower.tolist(), upper.tolist(), strict=True))):
            if sum(row) == loads[k] and row > tuple(best.matrix[k]):
                other = cost_effective(problem, [*best.matrix[:k].tolist(), row])
                assert other.workloads.tolist() != loads
