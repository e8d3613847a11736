from fractions import Fraction
from random import Random

import numpy as np
import pytest

from parley.mechanisms.coordination.problem import Problem, example_1
from parley.mechanisms.coordination.recognition import (
    RECOGNITION,
    fraction,
    fractions,
    probabilities,
    probabilities_float,
)
from tests.coordination.problems import Matrix, X, Y, make, random_announcements, random_problem

F = Fraction


@pytest.mark.parametrize("allocation", [X, Y], ids=["X", "Y"])
def test_example_4_recognizes_with_the_same_probabilities_at_both_allocations(allocation: Matrix) -> None:
    assert probabilities("p-star", example_1(), allocation) == (
        F(3, 7),
        F(1, 4),
        F(3, 14),
        F(15, 224),
        F(9, 224),
    )


def test_example_1_has_its_own_probabilities_at_the_divisible_optimum() -> None:
    problem = make(5 * example_1().contracted, 5 * example_1().capacity, unit=5)
    W = [[21, 0, 0, 0, 0], [10, 11, 0, 0, 0], [5, 6, 10, 0, 0], [5, 6, 5, 5, 0], [4, 2, 5, 5, 5]]
    assert probabilities("p-star", problem, W) == (F(3, 7), F(5, 21), F(40, 189), F(46, 567), F(23, 567))


def test_contract_proportional_recognition_is_not_consistent() -> None:
    D, C = np.diag([3, 2, 1]), [[3, 0, 0], [0, 2, 0], [1, 0, 1]]
    at = [[2, 0, 0], [0, 2, 0], [1, 0, 1]]
    problem = make(D, C)
    assert probabilities("contract-proportional", problem, at) == (F(1, 2), F(1, 3), F(1, 6))
    assert probabilities("p-star", problem, at) == (F(1, 2), F(1, 4), F(1, 4))


def test_reordered_recognition_depends_on_an_agents_own_announcement() -> None:
    D, C = np.diag([3, 2, 1]), [[3, 0, 0], [1, 2, 0], [1, 0, 1]]
    at, other = [[2, 0, 0], [0, 2, 0], [1, 0, 1]], [[2, 0, 0], [1, 2, 0], [0, 0, 1]]
    problem = make(D, C)
    assert probabilities("reordered", problem, at) == (F(1, 2), F(1, 4), F(1, 4))
    assert probabilities("reordered", problem, other) == (F(1, 2), F(3, 8), F(1, 8))
    assert probabilities("p-star", problem, at) == (F(1, 2), F(3, 8), F(1, 8))
    assert probabilities("p-star", problem, other) == (F(1, 2), F(3, 8), F(1, 8))


def test_an_agent_without_contracts_of_its_own_can_have_probability_zero() -> None:
    problem = make([[4], [0], [0], [0]], [[4], [3], [2], [4]])
    assert probabilities("p-star", problem, [[0], [0], [0], [4]]) == tuple(map(F, (1, 0, 0, 0)))
    assert fractions("contract-proportional", problem, [[0], [0], [0], [4]]) == [
        (4, 4),
        (0, 0),
        (0, 0),
        (0, 0),
    ]


def direct_transfer(problem: Problem, Z: Matrix) -> tuple[Fraction, ...]:
    """p* by its axioms: agent 1's share of the contracts, then the problem reduced by direct transfer."""
    D, C = problem.contracted, problem.capacity
    if problem.agents == 2:
        first = F(int(D[0].sum()), problem.total)
        return first, 1 - first
    first = F(int(D[0].sum()), problem.total)
    excess = D[0] - Z[0]
    transfer = np.zeros_like(D)
    for j in range(1, problem.agents):
        transfer[j] = np.minimum(excess - transfer.sum(axis=0), C[j] - D[j])
    reduced = (D + transfer)[1:]
    if not reduced.any():
        return (first, *[F(0)] * (problem.agents - 1))
    return (first, *((1 - first) * p for p in direct_transfer(make(reduced, C[1:]), Z[1:])))


@pytest.mark.parametrize("special", [True, False], ids=["special domain", "general domain"])
def test_p_star_is_what_consistency_with_direct_transfer_makes_of_top_agent_proportionality(
    *, special: bool
) -> None:
    dice = Random(43 + special)
    for _ in range(300):
        problem = random_problem(dice, special=special)
        Z = random_announcements(dice, problem, problem.agents)
        assert probabilities("p-star", problem, Z) == direct_transfer(problem, Z)


@pytest.mark.parametrize("name", RECOGNITION)
def test_fractions_are_probabilities_known_when_their_agent_has_announced(name: str) -> None:
    dice = Random(47)
    for special in [True, False] * 100:
        problem = random_problem(dice, special=special, recognition=name)
        Z = random_announcements(dice, problem, problem.agents)
        pairs = fractions(name, problem, Z)
        assert pairs[-1] == (0, 0)
        for j, pair in enumerate(pairs):
            assert 0 <= pair[0] <= pair[1] or pair == (0, 0)
            assert fraction(name, problem, j, Z[:j], Z[j]) == pair
        exact = probabilities(name, problem, Z)
        assert sum(exact) == 1
        assert all(0 <= p <= 1 for p in exact)
        # Each of at most four roundings loses at most half a unit in the last place.
        np.testing.assert_allclose(
            probabilities_float(name, problem, Z), [float(p) for p in exact], rtol=1e-15
        )


def test_simple_functions_are_what_their_names_say() -> None:
    dice = Random(53)
    for special in [True, False] * 50:
        problem = random_problem(dice, special=special)
        Z = random_announcements(dice, problem, problem.agents)
        n, total = problem.agents, problem.total
        loads = Z.sum(axis=1).tolist()
        assert probabilities("equal", problem, Z) == (F(1, n),) * n
        assert probabilities("announcement-proportional", problem, Z) == tuple(F(x, total) for x in loads)
        shares = tuple(F(d, total) for d in problem.contracted.sum(axis=1).tolist())
        assert probabilities("contract-proportional", problem, Z) == shares


@pytest.mark.parametrize("name", ["p-star", "equal", "contract-proportional"])
def test_probabilities_do_not_depend_on_ones_own_or_later_announcements(name: str) -> None:
    # The condition of Proposition 2.
    dice = Random(59)
    for _ in range(200):
        problem = random_problem(dice, special=True)
        one = random_announcements(dice, problem, problem.agents)
        j = dice.randrange(problem.agents)
        other = random_announcements(dice, problem, problem.agents, one[:j])
        assert probabilities(name, problem, one)[j] == probabilities(name, problem, other)[j]
