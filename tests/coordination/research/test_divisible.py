from fractions import Fraction
from itertools import islice, product
from math import lcm
from random import Random

import numpy as np
import pytest

from parley.core.errors import ParleyError, ProblemError
from parley.mechanisms.coordination.allocation import Prices, cost_effective
from parley.mechanisms.coordination.announcements import bounds
from parley.mechanisms.coordination.axioms.triple import Triple, recognition_of
from parley.mechanisms.coordination.bargaining import savings
from parley.mechanisms.coordination.costs import Cost, Piecewise, Power, Quadratic
from parley.mechanisms.coordination.problem import Problem, example_1
from parley.mechanisms.coordination.recognition import probabilities
from parley.mechanisms.coordination.research.divisible import (
    DivisibleOptimum,
    chord,
    divisible_cost,
    divisible_optimum,
    dual_bound,
    finer,
    improving_exchange,
    in_tasks,
    indivisibility_gap,
    marginal_costs,
)
from tests.coordination.problems import (
    X,
    Y,
    all_allocations,
    make,
    random_announcements,
    random_cost,
    random_matrices,
    random_problem,
)

pytestmark = pytest.mark.deep

SPECIAL = pytest.mark.parametrize("special", [True, False], ids=["special domain", "general domain"])


def quadratic(dice: Random) -> Quadratic:
    return Quadratic(Fraction(dice.randint(1, 4), dice.randint(1, 3)), Fraction(dice.randint(0, 5), 2))


def rational_cost(dice: Random) -> Cost:
    """Quadratic or piecewise linear, with breakpoints off the grid of whole tasks too."""
    if dice.random() < 0.7:
        return quadratic(dice)
    starts = sorted(dice.sample(range(1, 8), dice.randint(0, 2)))
    slopes = sorted(dice.sample(range(1, 12), len(starts) + 1))
    return Piecewise((Fraction(0), *(Fraction(s, 2) for s in starts)), tuple(map(Fraction, slopes)))


def rational_problem(dice: Random, *, special: bool, n: int, m: int) -> Problem:
    D, C = random_matrices(dice, special=special, n=n, m=m)
    return make(2 * D, 2 * C, *(rational_cost(dice) for _ in range(n)), unit=2)


def test_example_1_saves_more_in_divisible_tasks_than_in_whole_ones() -> None:
    problem = example_1()
    best = divisible_optimum(problem)
    assert best.workloads == (Fraction(21, 5),) * 5
    assert (best.total_cost, best.lower) == (Fraction(441, 5), Fraction(441, 5))
    assert divisible_cost(problem, in_tasks(problem, problem.contracted)) - best.total_cost == Fraction(
        194, 5
    )
    # The allocations that the paper prints are best in whole tasks only.
    for printed in (X, Y):
        assert problem.total_cost(printed) == cost_effective(problem).total_cost == 89
        assert savings(problem, printed) == 38
        assert improving_exchange(problem, in_tasks(problem, printed)) is not None


@SPECIAL
def test_the_divisible_optimum_is_the_whole_unit_optimum_of_a_unit_that_it_is_whole_in(
    *, special: bool
) -> None:
    dice = Random(41 + special)
    fractional = announced = 0
    for _ in range(150):
        problem = rational_problem(dice, special=special, n=dice.randint(2, 6), m=dice.randint(1, 4))
        rows = random_announcements(dice, problem, dice.choice([0, 0, 1, 2]))
        best = divisible_optimum(problem, rows)
        assert best.width == 0
        assert best.allocation[: len(rows)] == in_tasks(problem, rows)
        times = lcm(problem.unit, *(load.denominator for load in best.workloads)) // problem.unit
        assert cost_effective(finer(problem, times), rows * times).total_cost == best.total_cost
        fractional += times > 1
        announced += len(rows) > 0
        # A still finer unit saves nothing more.
        assert cost_effective(finer(problem, 3 * times), rows * 3 * times).total_cost == best.total_cost
    assert fractional > 30
    assert announced > 50


@SPECIAL
def test_no_allocation_on_a_finer_grid_costs_less(*, special: bool) -> None:
    dice = Random(51 + special)
    compared = reached = 0
    while compared < 40:
        n = dice.randint(2, 3)
        D, C = random_matrices(dice, special=special, n=n, m=dice.randint(1, 2))
        problem = make(D, C, *(quadratic(dice) for _ in range(n)))
        best = divisible_optimum(problem)
        for times in (2, 3):
            fine = finer(problem, times)
            everything = list(islice(all_allocations(fine), 3001))
            if len(everything) > 3000:
                continue
            compared += 1
            least = min(fine.total_cost(Z) for Z in everything)
            assert least >= best.total_cost
            reached += least == best.total_cost
            assert least == cost_effective(fine).total_cost
    assert 0 < reached < compared


@SPECIAL
def test_exchanges_tell_optimal_allocations_from_all_others(*, special: bool) -> None:
    dice = Random(61 + special)
    optimal = others = listed = 0
    while listed < 250:
        problem = random_problem(dice, special=special)
        everything = list(islice(all_allocations(problem), 601))
        rows = random_announcements(dice, problem, dice.choice([0, 0, 1]))
        best = divisible_optimum(problem, rows)
        if len(everything) > 600 or best.width:
            continue
        listed += 1
        for Z in everything:
            if not np.array_equal(Z[: len(rows)], rows):
                continue
            exchange = improving_exchange(problem, in_tasks(problem, Z), len(rows))
            assert (exchange is None) == (problem.total_cost(Z) == best.total_cost)
            optimal += exchange is None
            others += exchange is not None
            if exchange is not None:
                i, k = exchange
                loads = [Fraction(int(load), problem.unit) for load in Z.sum(axis=1)]
                assert (
                    marginal_costs(problem.costs[k], loads[k])[1]
                    < marginal_costs(problem.costs[i], loads[i])[0]
                )
    assert optimal > 50
    assert others > 200


def test_an_exchange_through_a_third_agent_is_found() -> None:
    # Agent 3 can do type 2 only, agent 1 has type 1 only: agent 2 has to change over.
    problem = make([[4, 0], [0, 2], [0, 0]], [[4, 0], [2, 2], [0, 2]], Quadratic(Fraction(1)))
    Z = ((Fraction(3), Fraction(0)), (Fraction(1), Fraction(2)), (Fraction(0), Fraction(0)))
    assert improving_exchange(problem, Z) == (0, 2)
    # With agent 1's and agent 2's rows given there is nothing to decide.
    assert improving_exchange(problem, Z, 2) is None


def test_what_cannot_be_announced_is_refused() -> None:
    problem = make([[2], [1]], [[3], [3]], Quadratic(Fraction(1)))
    for wrong in ([3, 0], [0, 4], [1, 1], [-1, 4]):
        with pytest.raises(ParleyError):
            improving_exchange(problem, tuple((Fraction(x),) for x in wrong))
    with pytest.raises(ParleyError, match="2 × 1"):
        improving_exchange(problem, ((Fraction(3),),))
    with pytest.raises(ProblemError, match=r"announced\[0\]\[0\]"):
        divisible_optimum(problem, [[3]])


@SPECIAL
def test_any_prices_bound_the_cost_from_below(*, special: bool) -> None:
    dice = Random(71 + special)
    tight = 0
    for _ in range(150):
        problem = random_problem(dice, special=special)
        rows = random_announcements(dice, problem, dice.choice([0, 0, 1]))
        k, n, m = len(rows), problem.agents, problem.task_types
        best = divisible_optimum(problem, rows)
        own = cost_effective(problem, rows).prices
        assert dual_bound(problem, own, rows) <= best.total_cost
        for _ in range(5):
            a = np.array([dice.randint(-2, 20) for _ in range(n - k)])
            b = np.cumsum([[dice.randint(0, 6) for _ in range(m)] for _ in range(n - k)], axis=0)
            bound = dual_bound(problem, Prices(dice.randint(1, 3), a, b.reshape(n - k, m)), rows)
            assert bound <= best.total_cost
            tight += bound == best.total_cost
    assert tight > 0
    with pytest.raises(ParleyError, match="falls"):
        dual_bound(example_1(), Prices(1, np.zeros(5, dtype=np.int64), -np.eye(5, dtype=np.int64)))


def test_irrational_optima_are_enclosed() -> None:
    # Equal marginal costs where s_1 = √2·s_2, so F* = 162 − 108·√2.
    problem = make([[3], [0]], [[3], [3]], Power(Fraction(1), 3), Power(Fraction(2), 3))
    best = divisible_optimum(problem)
    assert ((162 - best.lower) / 108) ** 2 >= 2 >= ((162 - best.total_cost) / 108) ** 2
    assert best.lower < best.total_cost
    assert 0 < best.width < Fraction(1, 10**9)
    # With the same function for both the optimum is in halves, and exact.
    assert divisible_optimum(make([[3], [0]], [[3], [3]], Power(Fraction(1), 3))) == DivisibleOptimum(
        ((Fraction(3, 2),),) * 2, Fraction(27, 4), Fraction(27, 4)
    )


@SPECIAL
def test_bounds_of_other_powers_hold_the_optimum_between_them(*, special: bool) -> None:
    dice = Random(81 + special)
    enclosed = 0
    for _ in range(60):
        n = dice.randint(2, 5)
        D, C = random_matrices(dice, special=special, n=n, m=dice.randint(1, 3))
        problem = make(D, C, *(random_cost(dice) for _ in range(n)))
        best = divisible_optimum(problem)
        assert 0 <= best.width <= best.total_cost / 10**9
        enclosed += best.width > 0
        for times in (1, 7, 60):
            assert cost_effective(finer(problem, times)).total_cost >= best.lower
    assert enclosed > 5


@SPECIAL
def test_the_gap_is_what_theory_allows_and_closes_on_finer_grids(*, special: bool) -> None:
    dice = Random(91 + special)
    zero = positive = 0
    for _ in range(100):
        n = dice.randint(2, 6)
        D, C = random_matrices(dice, special=special, n=n, m=dice.randint(1, 4))
        costs = [quadratic(dice) for _ in range(n)]
        problem = make(D, C, *costs)
        best = divisible_optimum(problem)
        gaps = indivisibility_gap(problem, (1, 2, 4, 12), best)
        for gap in gaps:
            assert 0 <= gap.least == gap.most <= gap.bound
            assert gap.bound <= sum(cost.coefficient for cost in costs) / (4 * gap.unit**2)
            assert gap.total_cost == cost_effective(finer(problem, gap.unit)).total_cost
            # Workloads of least cost are unique, so the gap is zero if and only if they are whole.
            assert (gap.most == 0) == all((load * gap.unit).denominator == 1 for load in best.workloads)
            zero += gap.most == 0
            positive += gap.most > 0
        costs_of_units = [gap.total_cost for gap in gaps]
        assert costs_of_units == sorted(costs_of_units, reverse=True)
    assert zero > 50
    assert positive > 50


def test_costs_that_are_linear_between_whole_units_leave_no_gap() -> None:
    dice = Random(101)
    for special in [True, False] * 40:
        n = dice.randint(2, 6)
        D, C = random_matrices(dice, special=special, n=n, m=dice.randint(1, 4))
        costs = []
        for _ in range(n):
            starts = sorted(dice.sample(range(1, 6), dice.randint(0, 3)))
            slopes = sorted(dice.sample(range(1, 20), len(starts) + 1))
            costs.append(Piecewise((Fraction(0), *map(Fraction, starts)), tuple(map(Fraction, slopes))))
        gaps = indivisibility_gap(make(D, C, *costs), (1, 2, 3))
        assert not any(gap.least or gap.most or gap.bound for gap in gaps)


def test_the_least_cost_on_a_grid_is_that_of_chords_over_all_divisible_allocations() -> None:
    """Integrality: what the bound on the gap rests on."""
    dice = Random(111)
    for special in [True, False] * 20:
        n = dice.randint(2, 5)
        D, C = random_matrices(dice, special=special, n=n, m=dice.randint(1, 3))
        problem = make(D, C, *(random_cost(dice) for _ in range(n)))
        chords = []
        for cost in problem.costs:
            slopes = [cost(z + 1) - cost(z) for z in range(16)]
            # Equal slopes are no corner.
            corners = [z for z in range(16) if z == 0 or slopes[z] > slopes[z - 1]]
            chords.append(Piecewise(tuple(map(Fraction, corners)), tuple(slopes[z] for z in corners)))
            assert all(chords[-1](Fraction(z, 6)) == chord(cost, Fraction(z, 6), 1) for z in range(6 * 15))
        assert divisible_optimum(make(D, C, *chords)).total_cost == cost_effective(problem).total_cost


def random_deviation(dice: Random, problem: Problem, rows: np.ndarray) -> np.ndarray:
    return random_announcements(dice, problem, len(rows) + 1, rows)


@pytest.mark.parametrize("times", [1, 2, 3, 5])
def test_under_p_star_nothing_is_gained_by_deviating_whatever_the_unit(times: int) -> None:
    dice = Random(121)
    worse = 0
    for special in [True, False] * 40:
        problem = finer(random_problem(dice, special=special), times)
        history = random_announcements(dice, problem, dice.randint(0, problem.agents - 1))
        j = len(history)
        follow = cost_effective(problem, history).matrix
        p = probabilities("p-star", problem, follow)[j]
        mine = p * max(savings(problem, follow), Fraction(0))
        for _ in range(6):
            deviated = random_deviation(dice, problem, history)
            answered = cost_effective(problem, deviated).matrix
            # One's own announcement does not change one's probability, whatever later agents do,
            anyhow = random_announcements(dice, problem, problem.agents, deviated)
            for Z in (answered, anyhow):
                assert probabilities("p-star", problem, Z)[j] == p
                assert recognition_of("p-star")(Triple.at(problem, Z))[j] == p
                # so that it saves at most what following saves.
                assert p * max(savings(problem, Z), Fraction(0)) <= mine
            worse += p * max(savings(problem, answered), Fraction(0)) < mine
    assert worse > 20


def test_in_whole_units_some_announcement_of_every_agent_is_best_for_all_units() -> None:
    """All single deviations, one by one, in the units of small problems."""
    dice = Random(131)
    for times, special in product((1, 2, 3), (True, False)):
        problem = finer(random_problem(dice, special=special), times)
        plan = cost_effective(problem).matrix
        for j in range(problem.agents):
            p = probabilities("p-star", problem, plan)[j]
            lower, upper = bounds(problem, plan[:j])
            ranges = [range(int(low), int(high) + 1) for low, high in zip(lower, upper, strict=True)]
            for row in islice(product(*ranges), 60):
                deviated = cost_effective(problem, [*plan[:j].tolist(), list(row)]).matrix
                assert probabilities("p-star", problem, deviated)[j] == p
                assert savings(problem, deviated) <= savings(problem, plan)
