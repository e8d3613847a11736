from fractions import Fraction
from random import Random

import numpy as np
import pytest

from parley.mechanisms.coordination.bargaining import (
    acceptance_thresholds,
    default_costs,
    expected_costs,
    expected_costs_float,
    proposal_wei,
    proposals,
    savings,
    threshold_wei,
    thresholds_wei,
)
from parley.mechanisms.coordination.costs import Power, Quadratic
from parley.mechanisms.coordination.problem import Problem, example_1
from parley.mechanisms.coordination.recognition import probabilities
from tests.coordination.problems import Matrix, X, Y, make, random_announcements, random_problem

F = Fraction


def fs(text: str) -> tuple[Fraction, ...]:
    return tuple(map(Fraction, text.split()))


@pytest.mark.parametrize("allocation", [X, Y], ids=["X", "Y"])
def test_example_4_expects_the_papers_costs(allocation: Matrix) -> None:
    problem = example_1()
    p = probabilities("p-star", problem, allocation)
    assert savings(problem, allocation) == 38
    assert expected_costs(problem, allocation, p) == fs("453/7 31/2 55/7 163/112 -59/112")
    assert acceptance_thresholds(problem, allocation, p) == fs("2322/35 329/20 607/70 383/224 -419/1120")
    rows = proposals(problem, allocation, p)
    assert rows is not None
    assert tuple(row[i] for i, row in enumerate(rows)) == fs("2189/35 253/20 341/70 -2341/1120 -935/224")


def test_who_is_better_off_at_an_inefficient_allocation_under_the_reordered_function() -> None:
    D, C = [[3, 0, 0], [0, 2, 0], [0, 0, 1]], [[3, 0, 0], [1, 2, 0], [1, 0, 1]]
    at, other = [[2, 0, 0], [0, 2, 0], [1, 0, 1]], [[2, 0, 0], [1, 2, 0], [0, 0, 1]]
    late = Quadratic(F(1, 2), F(30))
    problem = make(D, C, Power(F(1), 4), late, late)
    costs = [problem.total_cost(Z) for Z in (D, at, other)]
    assert costs == [F(347, 2), 140, 141]
    agent_2 = [expected_costs(problem, Z, probabilities("reordered", problem, Z))[1] for Z in (at, other)]
    assert agent_2 == [F(429, 8), F(797, 16)]


def cases(count: int, seed: int) -> list[tuple[Problem, Matrix, tuple[Fraction, ...]]]:
    dice = Random(seed)
    found = []
    for k in range(count):
        delta = F(dice.randint(0, 9), 10)
        problem = random_problem(dice, special=k % 2 == 0, continuation=delta)
        Z = random_announcements(dice, problem, problem.agents)
        found.append((problem, Z, probabilities("p-star", problem, Z)))
    return found


def test_thresholds_and_proposals_are_a_stationary_equilibrium() -> None:
    saving = 0
    for problem, Z, p in cases(400, 61):
        alone, gain = default_costs(problem), savings(problem, Z)
        expected = expected_costs(problem, Z, p)
        thresholds = acceptance_thresholds(problem, Z, p)
        rows = proposals(problem, Z, p)
        if gain <= 0:
            assert rows is None
            assert expected == thresholds == alone
            continue
        saving += 1
        assert rows is not None
        delta = problem.continuation
        for j in range(problem.agents):
            # What j expects before the proposer is drawn, and indifference between accepting and rejecting.
            assert sum(p[i] * rows[i][j] for i in range(problem.agents)) == expected[j]
            assert thresholds[j] == delta * expected[j] + (1 - delta) * alone[j]
            assert sum(rows[j]) == problem.total_cost(Z)
            assert all(rows[j][i] == thresholds[i] for i in range(problem.agents) if i != j)
            # Proposing is no worse than being refused: f_j(d_j) − Δ(1 − δ(1 − p_j)) against the threshold.
            assert rows[j][j] == alone[j] - gain * (1 - delta * (1 - p[j]))
            assert rows[j][j] <= thresholds[j]
    assert saving > 30


@pytest.mark.parametrize("rounds", [1, 2, 5])
def test_a_last_round_changes_no_expected_cost(rounds: int) -> None:
    for problem, Z, p in cases(60, 67):
        gain = savings(problem, Z)
        if gain <= 0:
            continue
        alone, total = default_costs(problem), problem.total_cost(Z)
        value = alone  # after the last round
        for back in range(rounds):
            delta = problem.continuation if back else F(0)
            accept = [delta * v + (1 - delta) * a for v, a in zip(value, alone, strict=True)]
            own = [total - sum(accept) + a for a in accept]
            value = tuple(q * u + (1 - q) * a for q, u, a in zip(p, own, accept, strict=True))
        assert value == expected_costs(problem, Z, p)


def test_an_agent_that_is_never_recognized_is_left_with_its_own_cost() -> None:
    problem = make([[4], [0], [0]], [[4], [2], [2]])
    Z = [[2], [1], [1]]
    p = probabilities("p-star", problem, Z)
    assert p == fs("1 0 0")
    assert expected_costs(problem, Z, p) == fs("6 0 0")
    assert acceptance_thresholds(problem, Z, p) == fs("11 0 0")
    assert proposals(problem, Z, p) == (fs("6 0 0"), fs("11 -5 0"), fs("11 0 -5"))


def test_contracts_that_are_cost_effective_already_leave_nothing_to_bargain_about() -> None:
    problem = make([[2, 0], [0, 4]], [[2, 0], [1, 4]], Quadratic(F(1)), Quadratic(F(4), F(2)))
    for Z in ([[2, 0], [0, 4]], [[1, 0], [1, 4]]):
        p = probabilities("p-star", problem, Z)
        assert savings(problem, Z) <= 0
        assert expected_costs(problem, Z, p) == acceptance_thresholds(problem, Z, p) == fs("4 72")
        assert proposals(problem, Z, p) is None


@pytest.mark.parametrize(
    ("f0", "p", "delta", "gain", "threshold"),
    [
        (10, F(1, 2), F(1, 2), 8, 8),
        (10, F(1, 3), F(1, 2), 8, 8),  # 26/3
        (0, F(1, 3), F(1, 2), 10, -2),  # −5/3, away from zero
        (0, F(1), F(9, 10), 10, -9),
        (7, F(1), F(0), 10, 7),
        (7, F(0), F(1, 2), 10, 7),
        (7, F(1, 2), F(1, 2), -10, 7),
        (7, F(1, 2), F(1, 2), 0, 7),
    ],
)
def test_thresholds_in_wei_are_rounded_toward_minus_infinity(
    f0: int, p: Fraction, delta: Fraction, gain: int, threshold: int
) -> None:
    assert threshold_wei(f0, p, delta, gain) == threshold


def test_proposals_in_wei_sum_to_the_cost_and_round_in_the_responders_favour() -> None:
    dice = Random(71)
    for problem, Z, p in cases(100, 73):
        gain = savings(problem, Z)
        if gain <= 0:
            continue
        wei, n = problem.wei_per_cost, problem.agents
        proposer = dice.randrange(n)
        exact, shares = proposals(problem, Z, p), proposal_wei(problem, Z, p, proposer)
        assert exact is not None
        assert sum(shares) == problem.total_cost_wei(Z)
        for j, share in enumerate(shares):
            dust = share - exact[proposer][j] * wei
            assert (0 <= dust <= n - 1) if j == proposer else (-1 < dust <= 0)
        last = proposal_wei(problem, Z, p, proposer, last_round=True)
        alone = [cost * wei for cost in default_costs(problem)]
        assert all(last[j] == alone[j] for j in range(n) if j != proposer)
        assert last[proposer] == alone[proposer] - gain * wei
        assert thresholds_wei(problem, Z, p, last_round=True) == tuple(alone)


def test_floating_point_follows_the_fractions() -> None:
    for problem, Z, p in cases(50, 79):
        floats = np.array([float(q) for q in p])
        expected, thresholds = expected_costs_float(problem, Z, floats)
        # A few roundings of numbers no larger than F(D).
        bound = 8 * np.finfo(float).eps * float(problem.total_cost(problem.contracted))
        np.testing.assert_allclose(
            expected, [float(x) for x in expected_costs(problem, Z, p)], rtol=0, atol=bound
        )
        np.testing.assert_allclose(
            thresholds, [float(x) for x in acceptance_thresholds(problem, Z, p)], rtol=0, atol=bound
        )
