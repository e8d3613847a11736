from dataclasses import replace
from fractions import Fraction
from itertools import islice, product, repeat
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from parley.core.errors import ParleyError
from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.announcements import is_feasible
from parley.mechanisms.coordination.axioms.triple import Rows, rows_of
from parley.mechanisms.coordination.bargaining import savings
from parley.mechanisms.coordination.costs import Cost, Power, Quadratic
from parley.mechanisms.coordination.problem import Problem
from parley.mechanisms.coordination.research.learning import (
    Beliefs,
    announce,
    implemented,
    learn,
    self_confirming,
    until_rest,
)
from tests.coordination.problems import all_allocations, make, random_matrices

pytestmark = pytest.mark.deep

F = Fraction
Floats = NDArray[np.float64]


def random_quadratic(dice: Random) -> Quadratic:
    return Quadratic(F(dice.randint(1, 8), 4), F(dice.randint(0, 12), 2))


def random_economy(dice: Random, *, special: bool = True, n: int = 3) -> Problem:
    D, C = random_matrices(dice, special=special, n=n, m=dice.randint(1, 3))
    return make(D, C, *(random_quadratic(dice) for _ in range(n)))


def redrawn(dice: Random, problem: Problem, periods: int) -> list[Problem]:
    """The same agents with new contracts within their capacities, something of each type in each."""
    problems = []
    for _ in range(periods):
        drawn = [[dice.randint(1, max(c, 1)) for c in row] for row in problem.capacity.tolist()]
        D = np.where(problem.contracted > 0, drawn, 0)
        problems.append(make(D, problem.capacity, *problem.costs))
    return problems


def prior(n: int, scale: Fraction | int = 1) -> Beliefs:
    return Beliefs.prior(n, scale * F(9, 8), scale * F(3), (F(1, 2), F(2)))


# ── estimates ───────────────────────────────────────────────────────────────────────────────────────────────


def test_two_workloads_reveal_a_cost_exactly_and_one_is_met_exactly() -> None:
    dice = Random(103)
    for _ in range(200):
        cost = random_quadratic(dice)
        beliefs = prior(1, F(dice.randint(1, 12), 4))
        one, other = dice.sample(range(1, 10), 2)
        for z in (one, 0, one, other):
            beliefs = beliefs.after((F(z),), (cost(z),))
            if z:
                assert beliefs.costs()[0](z) == cost(z)
            beliefs.costs()[0].check("cost")
        assert beliefs.costs() == (cost,)
        assert not beliefs.covariance.any()


def test_without_noise_the_first_estimate_is_the_nearest_line_through_what_was_seen() -> None:
    dice = Random(107)
    for _ in range(100):
        z, y = F(dice.randint(1, 6)), F(dice.randint(1, 40), 2)
        (a, b), spread = (F(9, 8), F(3)), (F(dice.randint(1, 4)), F(dice.randint(1, 4)))
        found = Beliefs.prior(1, a, b, spread).after((z,), (y * z,)).mean[:, 0]

        def distance(
            at: Fraction, z: Fraction = z, y: Fraction = y, spread: tuple[F, F] = spread
        ) -> Fraction:
            return ((at - F(9, 8)) / spread[0]) ** 2 + ((y - at * z - 3) / spread[1]) ** 2

        assert found[0] * z + found[1] == y
        step = F(1, 1000)
        assert distance(found[0]) < min(distance(found[0] - step), distance(found[0] + step))


def test_with_noise_the_estimates_are_the_ridge_regression_of_all_that_was_seen() -> None:
    dice = Random(109)
    sigma, spread = 0.1, (0.5, 2.0)
    beliefs = prior(2)
    rows: list[list[list[float]]] = [[], []]
    answers: list[list[float]] = [[], []]
    for _ in range(12):
        tasks = [F(dice.randint(0, 5)) for _ in range(2)]
        seen: list[Fraction | float] = [float(z) * dice.uniform(2, 9) for z in tasks]
        for i, (z, cost, (a, b)) in enumerate(zip(tasks, seen, beliefs.estimates(), strict=True)):
            if z:
                weight = 1 / (sigma * float(a * z + b))
                rows[i].append([weight * float(z), weight])
                answers[i].append(weight * float(cost) / float(z))
        beliefs = beliefs.after(tasks, seen, sigma)
    for i in range(2):
        design = np.array([*rows[i], [1 / spread[0], 0], [0, 1 / spread[1]]])
        target = np.array([*answers[i], 9 / 8 / spread[0], 3 / spread[1]])
        # Condition numbers stay below 100, so both ways agree to far more than ten digits.
        expected = np.linalg.lstsq(design, target)[0]
        np.testing.assert_allclose(beliefs.mean[:, i].astype(float), expected, rtol=1e-10)


def test_constrained_estimates_are_the_nearest_cost_functions() -> None:
    dice = Random(113)
    bound = 0
    for _ in range(300):
        aa, bb = dice.uniform(0.5, 2), dice.uniform(0.5, 2)
        ab = dice.uniform(-0.9, 0.9) * (aa * bb) ** 0.5
        mean = np.array([[dice.uniform(-2, 2)], [dice.uniform(-2, 2)]])
        beliefs = Beliefs(mean, np.array([[aa], [ab], [bb]]), F(1, 4))
        ((a, b),) = beliefs.estimates()
        weight = np.linalg.inv(np.array([[aa, ab], [ab, bb]]))

        def distance(a: float, b: float, mean: Floats = mean, weight: Floats = weight) -> float:
            away = np.array([a, b]) - mean[:, 0]
            return float(away @ weight @ away)

        assert a >= 0.25
        assert b >= 0
        # A convex function on a convex set: no feasible direction leads down, however small the step.
        for step, angle in product((1e-2, 1e-4), np.linspace(0, 2 * np.pi, 24, endpoint=False)):
            near = a + step * np.cos(angle), b + step * np.sin(angle)
            if near[0] >= 0.25 and near[1] >= 0:
                assert distance(*near) > distance(a, b) - 1e-12
        bound += (a, b) != tuple(mean[:, 0])
    assert bound > 100


@pytest.mark.parametrize(
    ("quadratic", "linear", "spread", "least"),
    [(1, -1, 1, 1), (1, 0, 0, 1), (1, 0, 1, 2), (0, 0, 1, 0)],
)
def test_priors_that_are_no_cost_functions_are_refused(
    quadratic: int, linear: int, spread: int, least: int
) -> None:
    with pytest.raises(ParleyError, match="a prior needs"):
        Beliefs.prior(2, F(quadratic), F(linear), (F(spread), F(1)), least=F(least))


# ── one period ──────────────────────────────────────────────────────────────────────────────────────────────


def test_each_agent_announces_the_best_it_can_imagine_given_what_was_announced() -> None:
    dice = Random(127)
    for special in [True, False] * 20:
        problem = random_economy(dice, special=special)
        estimates = [random_quadratic(dice) for _ in range(problem.agents)]
        X = announce(problem, estimates)
        assert is_feasible(problem, X)
        everything = [rows_of(Z) for Z in all_allocations(problem)]
        for j in range(problem.agents):
            costs: list[Cost] = [*estimates[:j], problem.costs[j], *estimates[j + 1 :]]

            def imagined(Z: Rows, costs: list[Cost] = costs) -> Fraction:
                return sum((cost(sum(row)) for cost, row in zip(costs, Z, strict=True)), F(0))

            possible = [Z for Z in everything if Z[:j] == X[:j]]
            assert min(imagined(Z) for Z in possible if Z[j] == X[j]) == min(map(imagined, possible))


def test_what_truly_saves_is_implemented_and_nothing_else() -> None:
    dice = Random(131)
    kinds = set()
    for _ in range(40):
        problem = random_economy(dice)
        for Z in islice(all_allocations(problem), 40):
            gain = savings(problem, Z)
            assert implemented(problem, rows_of(Z)) == rows_of(Z if gain > 0 else problem.contracted)
            kinds.add(gain > 0)
    assert kinds == {True, False}


# ── without noise ───────────────────────────────────────────────────────────────────────────────────────────

ONE_TASK = make([[1], [0]], [[1], [1]], Quadratic(F(1), F(2)), Quadratic(F(1)))


def test_one_task_and_two_agents_can_be_stuck_for_ever() -> None:
    estimates = (Quadratic(F(1), F(2)), Quadratic(F(1), F(3)))
    assert announce(ONE_TASK, estimates) == ((1,), (0,))
    assert self_confirming(ONE_TASK, estimates)
    assert ONE_TASK.total_cost([[1], [0]]) == 3
    assert cost_effective(ONE_TASK).total_cost == 1
    periods = until_rest(ONE_TASK, Beliefs.prior(2, F(1), F(3)))
    assert [period.excess for period in periods] == [1, 1]
    # Nothing is smaller: no task, or no second agent, is no problem. Thought to be cheaper, it is found out.
    assert not self_confirming(ONE_TASK, (estimates[0], Quadratic(F(1), F(1))))
    assert until_rest(ONE_TASK, Beliefs.prior(2, F(1), F(1)))[-1].excess == 0


def test_agents_that_all_work_and_save_can_be_stuck_with_two_tasks_and_not_with_one() -> None:
    problem = make([[2], [0]], [[2], [2]], Quadratic(F(1), F(6)), Quadratic(F(1), F(2)))
    estimates = (Quadratic(F(1), F(6)), Quadratic(F(3)))
    assert self_confirming(problem, estimates)
    X = announce(problem, estimates)
    assert X == ((1,), (1,))
    assert savings(problem, X) == 6
    assert cost_effective(problem).total_cost == problem.total_cost(X) - 2
    # Right where they are looked at: 3·1² = 1² + 2·1; and too high where they are not.
    assert estimates[1](1) == problem.cost(1, 1) == 3
    assert estimates[1](2) > problem.cost(1, 2)


def test_with_the_same_contracts_play_rests_within_2n_periods_and_confirms_itself() -> None:
    dice = Random(137)
    stuck = learned = 0
    for special in [True, False] * 40:
        problem = random_economy(dice, special=special)
        periods = until_rest(problem, prior(problem.agents, dice.choice([F(1, 2), F(1), F(2)])))
        last = periods[-1]
        assert len(periods) <= 2 * problem.agents + 1
        assert [period.informative for period in periods] == [True] * (len(periods) - 1) + [False]
        assert self_confirming(problem, last.beliefs.costs())
        assert (last.excess == 0) == (
            problem.total_cost(implemented(problem, last.announced)) == cost_effective(problem).total_cost
        )
        (again,) = islice(learn(repeat(problem), last.beliefs), 1)
        assert (again.announced, again.excess) == (last.announced, last.excess)
        stuck += last.excess > 0
        learned += last.excess == 0 < periods[0].excess
    assert stuck > 5
    assert learned > 10


def test_new_contracts_in_every_period_free_the_agents_where_the_same_ones_hold_them() -> None:
    dice = Random(139)
    stuck = 0
    while stuck < 8:
        C = [[5, 0, 0], [dice.randint(0, 3), 5, 0], [dice.randint(0, 3), dice.randint(0, 3), 5]]
        D = np.diag([dice.randint(1, 5) for _ in range(3)])
        problem = make(D, C, *(random_quadratic(dice) for _ in range(3)))
        if until_rest(problem, prior(3))[-1].excess == 0:
            continue
        stuck += 1
        *_, last = learn(redrawn(dice, problem, 20), prior(3))
        assert max(last.errors) == 0
        assert last.excess == 0
        assert last.cost_effective or not last.saved


def test_agents_that_know_all_lose_nothing() -> None:
    dice = Random(149)
    for special in [True, False] * 20:
        problem = random_economy(dice, special=special)
        # a and b from the costs of one task and of two.
        known = np.array([[f(2) / 2 - f(1), 2 * f(1) - f(2) / 2] for f in problem.costs]).T
        (period,) = learn([problem], replace(prior(problem.agents), mean=known))
        assert period.cost_effective
        assert period.excess == max(period.errors) == 0
        assert not period.informative


# ── with noise ──────────────────────────────────────────────────────────────────────────────────────────────


def test_noise_is_averaged_out_where_contracts_change_and_more_of_it_takes_longer() -> None:
    dice = Random(151)
    late = {0.02: 0.0, 0.3: 0.0}
    for _ in range(8):
        D = [[dice.randint(1, 5), 0], [0, dice.randint(1, 5)]]
        problem = make(D, [[5, 0], [4, 5]], random_quadratic(dice), random_quadratic(dice))
        problems = redrawn(dice, problem, 40)
        for sigma in late:
            periods = list(learn(problems, prior(2), sigma=sigma, seed=1))
            assert max(periods[-1].errors) < max(periods[0].errors)
            late[sigma] += sum(sum(period.errors) for period in periods[20:])
    assert late[0.02] < late[0.3] / 4


def test_the_same_seed_gives_the_same_periods_and_another_one_others() -> None:
    problem = random_economy(Random(157))

    def trace(seed: int) -> list[tuple[float, ...]]:
        return [period.errors for period in islice(learn(repeat(problem), prior(3), sigma=0.2, seed=seed), 4)]

    assert trace(1) == trace(1) != trace(2)


@pytest.mark.parametrize("sigma", [-0.1, 1e-6, 2])
def test_noise_outside_its_range_is_refused(sigma: float) -> None:
    with pytest.raises(ParleyError, match="is neither 0 nor from"):
        next(learn([ONE_TASK], prior(2), sigma=sigma))


def test_only_quadratic_costs_that_stay_the_same_are_learned() -> None:
    cubic = make([[1], [0]], [[1], [1]], Power(F(1), 3))
    with pytest.raises(ParleyError, match="must be quadratic"):
        next(learn([cubic], prior(2)))
    other = make([[1], [0]], [[1], [1]], Quadratic(F(2)))
    with pytest.raises(ParleyError, match="the same in every period"):
        list(learn([ONE_TASK, other], prior(2)))
