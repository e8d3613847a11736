from fractions import Fraction
from itertools import islice
from pathlib import Path
from random import Random

import numpy as np
import pytest

from benchmarks.allocation import general_domain, special_domain
from parley.core.errors import ProblemError
from parley.mechanisms.coordination.allocation import Allocation, Prices, cost_effective, proves_optimal
from parley.mechanisms.coordination.announcements import is_feasible
from parley.mechanisms.coordination.costs import Piecewise, Power, Quadratic
from parley.mechanisms.coordination.problem import Problem, example_1, load_problem
from parley.mechanisms.coordination.solver.decomposition import decompose
from parley.mechanisms.coordination.solver.marginals import Marginals
from tests.coordination import problems
from tests.coordination.problems import Matrix, all_allocations, make, random_announcements, random_problem

READY = Path(__file__).parents[2] / "problems"


def independently_checked(problem: Problem, found: Allocation) -> bool:
    """Optimality from the prices alone, in ten lines that share nothing with the solver but the problem."""
    X, a, b = found.matrix.tolist(), found.prices.agents.tolist(), found.prices.tasks.tolist()
    D, C = problem.contracted.tolist(), problem.capacity.tolist()
    for i in range(found.first, problem.agents):
        price, load = Fraction(a[i - found.first], found.prices.scale), sum(X[i])
        f = [problem.costs[i](Fraction(q, problem.unit)) for q in (max(load - 1, 0), load, load + 1)]
        if not (f[1] - f[0] <= price or load == 0) or not price <= f[2] - f[1]:
            return False
        for t in range(problem.task_types):
            mine, worth = a[i - found.first], b[i - found.first][t]
            later = b[i + 1 - found.first][t] if i + 1 < problem.agents else worth
            left = sum(D[k][t] - X[k][t] for k in range(i + 1))
            if (X[i][t] > 0 and mine > worth) or (X[i][t] < C[i][t] and mine < worth):
                return False
            if later < worth or (left > 0 and later != worth):
                return False
    return True


@pytest.mark.parametrize("special", [True, False], ids=["special domain", "general domain"])
def test_allocations_are_optimal_and_ties_go_to_the_lexicographically_greatest(*, special: bool) -> None:
    dice = Random(2024 + special)
    tied = histories = listed = 0
    while listed < 400:
        problem = random_problem(dice, special=special)
        assert problem.in_special_domain or not special
        everything = list(islice(all_allocations(problem), 5001))
        if len(everything) > 5000:
            continue
        listed += 1
        k = dice.choice([0, 0, 1, 2, 3])
        history = random_announcements(dice, problem, min(k, problem.agents))
        histories += len(history) > 0
        possible = [Z for Z in everything if np.array_equal(Z[: len(history)], history)]
        costs = [problem.total_cost(Z) for Z in possible]
        best = [Z for Z, cost in zip(possible, costs, strict=True) if cost == min(costs)]
        tied += len({tuple(Z.sum(axis=1)) for Z in best}) > 1

        found = cost_effective(problem, history)
        greatest = max(best, key=lambda Z: (tuple(Z.sum(axis=1)), tuple(Z.ravel())))
        assert found.total_cost == min(costs)
        np.testing.assert_array_equal(found.matrix, greatest)
        assert independently_checked(problem, found)
        # The prices prove all optima and nothing else.
        for Z, cost in zip(possible, costs, strict=True):
            assert proves_optimal(problem, Z, found.prices, len(history)) == (cost == min(costs))
    assert tied > 30
    assert histories > 100


def test_example_1_has_five_optimal_workload_vectors_and_the_greatest_is_taken() -> None:
    problem = example_1()
    # All allocations are too many to list; workloads of total cost 89 are permutations of (5, 4, 4, 4, 4).
    feasible = set()
    for i in range(5):
        loads = np.full(5, 4)
        loads[i] = 5
        costs = [Quadratic(Fraction(1), Fraction(100)) for _ in range(5)]
        costs[i] = Quadratic(
            Fraction(1), Fraction(98)
        )  # makes this vector the only optimum, if it is feasible
        found = cost_effective(make(problem.contracted, problem.capacity, *costs))
        if found.workloads.tolist() == loads.tolist():
            feasible.add(i)
    assert feasible == {0, 1, 2, 3, 4}
    assert cost_effective(problem).workloads.tolist() == [5, 4, 4, 4, 4]
    assert cost_effective(problem).total_cost == 89


def perturbed(problem: Problem) -> Problem:
    """Costs M·f_i(s) + c_i·s, where a lexicographically smaller optimum costs more than the greatest."""
    base = problem.total + 1
    top = base**problem.agents
    costs = []
    for i, cost in enumerate(problem.costs):
        assert isinstance(cost, Quadratic)
        slope = top - base ** (problem.agents - 1 - i)
        weight = 6 * top * base * problem.agents
        costs.append(Quadratic(weight * cost.coefficient, weight * cost.linear + slope))
    return make(problem.contracted, problem.capacity, *costs)


@pytest.mark.parametrize("special", [True, False], ids=["special domain", "general domain"])
def test_workloads_beyond_exhaustive_search_are_lexicographically_greatest_too(*, special: bool) -> None:
    dice = Random(7 + special)
    for _ in range(25):
        n = dice.randint(6, 14)
        D, C = problems.random_matrices(dice, special=special, n=n, m=dice.randint(3, 6))
        costs = [Quadratic(Fraction(dice.randint(1, 2), 2), Fraction(dice.randint(0, 2))) for _ in range(n)]
        problem = make(D, C, *costs)
        found = cost_effective(problem)
        # Ties have no say in this one: its optimum is proved by prices, and it must be the same vector.
        untied = cost_effective(perturbed(problem))
        assert proves_optimal(perturbed(problem), found.matrix, untied.prices)
        assert independently_checked(problem, found)


def test_whoever_follows_an_allocation_is_told_to_go_on_with_it() -> None:
    dice = Random(3)
    for special in [True, False] * 20:
        problem = random_problem(dice, special=special)
        history = random_announcements(dice, problem, 1)
        plan = cost_effective(problem, history).matrix
        for k in range(1, problem.agents + 1):
            np.testing.assert_array_equal(cost_effective(problem, plan[:k]).matrix, plan)


def test_a_continuation_keeps_the_announcements_and_is_feasible() -> None:
    dice = Random(5)
    for special in [True, False] * 50:
        problem = random_problem(dice, special=special)
        history = random_announcements(dice, problem, dice.randint(0, problem.agents))
        matrix = cost_effective(problem, history).matrix
        np.testing.assert_array_equal(matrix[: len(history)], history)
        assert is_feasible(problem, matrix)


def test_illegal_announcements_are_refused() -> None:
    reason = r"announced\[1\]\[0\]: agent 2 announces 3 of task type 1, more than the most"
    with pytest.raises(ProblemError, match=reason):
        cost_effective(example_1(), [[5, 0, 0, 0, 0], [3, 3, 0, 0, 0]])


def test_whole_units_are_not_a_rounded_continuous_solution() -> None:
    problem = make([[3, 3], [0, 0], [0, 0]], [[3, 3], [1, 2], [2, 1]], Quadratic(Fraction(1)))
    assert cost_effective(problem).workloads.tolist() == [2, 2, 2]
    fine = make([[15, 0], [0, 2]], [[15, 0], [15, 2]], Quadratic(Fraction(1)), unit=5)
    assert cost_effective(fine).workloads.tolist() == [9, 8]


def test_prices_of_another_problem_prove_nothing() -> None:
    problem = example_1()
    found = cost_effective(problem)
    prices = found.prices
    assert not proves_optimal(problem, problem.contracted, prices)
    for wrong in (
        Prices(prices.scale, prices.agents + 2, prices.tasks),
        Prices(prices.scale, prices.agents - 2, prices.tasks),
        Prices(prices.scale, prices.agents, prices.tasks + np.arange(5)[:, None]),
        Prices(prices.scale, prices.agents, prices.tasks - np.arange(5)[:, None]),
        Prices(2 * prices.scale, prices.agents, prices.tasks),
    ):
        assert not proves_optimal(problem, found.matrix, wrong)


@pytest.mark.parametrize("size", [10**4, 10**9, 10**13])
def test_large_quantities_stay_exact(size: int) -> None:
    rng = np.random.default_rng(size)
    D = rng.integers(0, size, (12, 5))
    C = D + rng.integers(0, size, (12, 5))
    costs = [
        Power(Fraction(int(rng.integers(1, 5)), 7), 3),
        Quadratic(Fraction(1, 3), Fraction(2)),
        Piecewise((Fraction(0), Fraction(size)), (Fraction(1), Fraction(10) ** 20)),
    ]
    problem = make(D, C, *(costs[i % 3] for i in range(12)))
    found = cost_effective(problem)
    assert is_feasible(problem, found.matrix)
    assert proves_optimal(problem, found.matrix, found.prices)
    assert found.total_cost < problem.total_cost(D)


def test_an_allocation_that_was_found_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        cost_effective(example_1()).matrix[0, 0] += 1


def unordered(problem: Problem) -> Matrix:
    """Optimal workloads if tasks could also be handed back to less complex agents."""
    pooled = np.zeros_like(problem.contracted)
    pooled[0] = problem.contracted.sum(axis=0)
    marginals = Marginals.of(problem, 0, problem.capacity.sum(axis=1))
    plan, _ = decompose(pooled, problem.capacity, marginals)
    return plan.workloads


def test_the_order_of_agents_is_a_constraint_of_its_own() -> None:
    problem = make([[1], [9]], [[10], [9]], Quadratic(Fraction(1)))
    assert cost_effective(problem).workloads.tolist() == [1, 9]
    assert unordered(problem).tolist() == [5, 5]


def cost_of(problem: Problem, loads: Matrix) -> Fraction:
    return sum((problem.cost(i, load) for i, load in enumerate(loads.tolist())), Fraction(0))


@pytest.mark.parametrize("name", ["support-desk", "general-domain"])
def test_the_order_of_agents_binds_in_the_ready_problems_of_the_general_domain(
    name: str,
) -> None:
    problem = load_problem(READY / f"{name}.toml")
    assert not problem.in_special_domain
    found = cost_effective(problem)
    assert found.total_cost < problem.total_cost(problem.contracted)
    # Some first agents do all of a type that they contracted and leave nothing to later ones, although a unit
    # is worth more in the hands of the next agent: they would take on more if they could.
    left = (problem.contracted - found.matrix).cumsum(axis=0)[:-1]
    rise = found.prices.tasks[1:] - found.prices.tasks[:-1]
    assert ((left == 0) & (rise > 0) & (problem.contracted[1:] > 0)).any()
    assert cost_of(problem, unordered(problem)) < found.total_cost


def test_special_domain_10_000_agents_100_types() -> None:
    problem = special_domain(10_000, 100, seed=1)
    found = cost_effective(problem)
    assert proves_optimal(problem, found.matrix, found.prices)


@pytest.mark.deep
def test_general_domain_2_000_agents_50_types() -> None:
    problem = general_domain(2_000, 50, seed=1)
    found = cost_effective(problem)
    assert is_feasible(problem, found.matrix)
    assert proves_optimal(problem, found.matrix, found.prices)
