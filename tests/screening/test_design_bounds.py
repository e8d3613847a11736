"""Bounds of menus: chances, sums over sets of tasks, sampled mechanisms, each compared with another way."""

from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from scipy.optimize import linprog

from parley.mechanisms.screening.design import large_market
from parley.mechanisms.screening.design.bound import most_rays, pack, support_bound
from parley.mechanisms.screening.design.certified import CONFIDENCE, lower_bound
from parley.mechanisms.screening.design.incentive import program
from parley.mechanisms.screening.design.large import cost_of, large
from parley.mechanisms.screening.design.laws import Law
from parley.mechanisms.screening.design.numbers import Floats, Numbers, floats
from parley.mechanisms.screening.design.responses import Responses
from parley.mechanisms.screening.design.two_tasks import INTERVALS, Curve, sides
from parley.mechanisms.screening.preferences import Discrete, Lognormal, Preferences, Uniform, chosen
from parley.mechanisms.screening.problem import Problem, worked_example
from parley.mechanisms.screening.rays import Vector, are_polarized, dot, full_length

ONE = Fraction(1)


def box(tasks: int, high: int = 2) -> Uniform:
    return Uniform((ONE,) * tasks, (Fraction(high),) * tasks)


def random_ray(dice: np.random.Generator, tasks: int) -> Vector:
    while True:
        ray = tuple(Fraction(int(x), 4) for x in dice.integers(-8, 9, tasks))
        if min(ray) < 0 < max(ray):
            return ray


def random_menu(dice: np.random.Generator, eta: Vector, count: int) -> list[Vector]:
    """Draw polarized rays: at most `count`."""
    menu: list[Vector] = []
    for _ in range(200):
        ray = full_length(eta, random_ray(dice, len(eta)))
        if len(menu) < count and all(are_polarized(ray, other) for other in menu):
            menu.append(ray)
    return menu


def worth_of(preferences: Preferences, worth: Floats, menu: list[Vector]) -> float:
    """Σ P(κ) (w·κ)⁺, with exact probabilities."""
    law = preferences.law(menu)
    assert law.exact
    return sum(
        float(p) * max(0.0, float(floats([ray])[0] @ worth))
        for p, ray in zip(law.probabilities[1:], menu, strict=True)
    )


@pytest.mark.parametrize("tasks", [2, 3, 5, 8])
def test_chances_in_floating_point_are_those_in_fractions(tasks: int) -> None:
    dice = np.random.default_rng(tasks)
    preferences = box(tasks, 3)
    law = Law.of(preferences, (0,))
    for _ in range(40):
        ray = random_ray(dice, tasks)
        exact = float(preferences.law([ray]).probabilities[1])
        found = law.chance(floats([ray])[0])
        assert exact - 1e-12 <= found <= exact + 1e-8


def test_the_best_disjoint_sets_are_found() -> None:
    dice = np.random.default_rng(3)
    for most in (1, 2, 3):
        values = {n: float(dice.random()) for n in range(1, 15)}
        best = max(
            sum(values[n] for n in sets)
            for size in range(1, most + 1)
            for sets in combinations(values, size)
            if sum(sets) == np.bitwise_or.reduce(sets)
        )
        total, sets = pack(values, 4, most)
        assert total == pytest.approx(best)
        assert sum(values[n] for n in sets) == pytest.approx(best)


@pytest.mark.parametrize("high", [2, 3])
def test_no_more_rays_are_chosen_than_costs_allow(high: int) -> None:
    dice = np.random.default_rng(high)
    tasks = 4
    preferences = box(tasks, high)
    assert most_rays(Law.of(preferences, (0,))) == high
    for _ in range(30):
        menu = random_menu(dice, (ONE,) * tasks, tasks)
        assert sum(map(preferences.likes, menu)) <= high


# ── worth of menus ──


def fine_rays(eta: Vector, steps: int) -> list[Vector]:
    """All rays with coordinates on a grid, at full length."""
    grid = [Fraction(k, steps) for k in range(-steps, 2 * steps + 1)]
    rays = {full_length(eta, ray) for ray in product(grid, repeat=len(eta)) if min(ray) < 0 < max(ray)}
    return sorted(rays)


@pytest.mark.parametrize("seed", range(8))
def test_no_menu_on_a_grid_is_worth_more_than_the_bound(seed: int) -> None:
    """Three tasks and a few types: all menus of at most two rays on a grid, and menus of three at random."""
    dice = np.random.default_rng(seed)
    most = (9, 13)[seed % 2]  # costs up to 2, where at most two rays are chosen, or up to 3
    types = tuple(tuple(Fraction(int(x), 4) for x in row) for row in dice.integers(4, most, (3, 3)))
    preferences = Discrete(types, (ONE, ONE, 2 * ONE))
    eta = tuple(Fraction(int(x)) for x in dice.integers(2, 6, 3))
    worth = dice.uniform(-1, 3, 3)
    rays = fine_rays(eta, 2)
    changes = floats(types) @ floats(rays).T
    chances = np.array([0.25, 0.25, 0.5]) @ (changes < -1e-9)
    single = chances * np.maximum(0, floats(rays) @ worth)
    order = np.argsort(-single)
    best, useful = float(single.max()), [k for k in order if single[k] > 0]
    for a, b in combinations(useful, 2):
        if single[a] + single[b] > best and are_polarized(rays[a], rays[b]):
            best = float(single[a] + single[b])
    assert best > 0
    bound = support_bound(Law.of(preferences, (0,)), worth, floats([eta])[0])
    remedial = float((np.maximum(worth, 0) - worth) @ floats([eta])[0])
    assert max(best, remedial) <= bound.value + 1e-9
    for _ in range(20):
        assert worth_of(preferences, worth, random_menu(dice, eta, 3)) <= bound.value + 1e-9


@pytest.mark.parametrize("tasks", [3, 4])
def test_menus_on_boxes_are_not_worth_more_than_the_bound(tasks: int) -> None:
    dice = np.random.default_rng(tasks)
    preferences = box(tasks)
    law = Law.of(preferences, (0,))
    for _ in range(3):
        eta = tuple(Fraction(int(x)) for x in dice.integers(2, 9, tasks))
        worth = dice.uniform(-0.5, 3, tasks)
        bound = support_bound(law, worth, floats([eta])[0], nodes=2000)
        best = max(worth_of(preferences, worth, random_menu(dice, eta, 2)) for _ in range(30))
        searched = Responses(Numbers(np.zeros((1, tasks)), floats([eta]), [preferences]), (tasks,))
        assert max(best, searched.best(0, worth).worth) <= bound.value + 1e-9
        # The rays that decide are menus alone; so the bound is at most twice what one of them is worth.
        single = max(law.chance(ray) * float(worth @ ray) for ray in bound.rays)
        assert bound.value <= 2 * single * 1.05 + float((np.maximum(worth, 0) - worth) @ floats([eta])[0])


@pytest.mark.parametrize(("tasks", "high", "less"), [(4, 3, 0.3), (5, 2, 0.3)])
def test_sets_that_decide_are_searched_more_closely(tasks: int, high: int, less: float) -> None:
    dice = np.random.default_rng(tasks)
    eta, worth = dice.uniform(2, 9, tasks), dice.uniform(-0.5, 3, tasks)
    few, more = (
        support_bound(Law.of(box(tasks, high), (0,)), worth, eta, nodes=n).value for n in (400, 2400)
    )
    assert more < few - less


@pytest.mark.parametrize(
    "preferences",
    [
        box(2),
        Uniform((ONE, 2 * ONE), (3 * ONE, 2 * ONE)),
        Discrete(((ONE, ONE), (ONE, 2 * ONE), (3 * ONE, ONE)), (ONE, ONE, ONE)),
        Lognormal((ONE, 0 * ONE), ((ONE, 0 * ONE), (0 * ONE, ONE / 4))),
    ],
    ids=["box", "side", "discrete", "lognormal"],
)
def test_bounds_of_one_price_are_close_above_a_fine_grid(preferences: Preferences) -> None:
    for way, side in enumerate(sides(preferences)):
        for first, second in ((3.0, 2.0), (1.0, 2.5), (0.5, -1.0), (-0.5, -1.0), (-1.0, 0.5)):
            prices = np.geomspace(0.02, 50, 400)
            exact = [Fraction(p) for p in prices.tolist()]
            law = preferences.ratio_law
            below = np.array([float(law(p) if way == 0 else 1 - law(1 / p)) for p in exact])
            grid = float((below * np.maximum(0, first / prices - second)).max())
            found = side.best(first, second)[2]
            bound = side.bound(first, second)
            assert grid <= bound + 1e-9
            assert found <= bound <= found + 3e-5 * (abs(first) + abs(second))


def test_prices_are_divided_evenly_from_one_that_nobody_accepts_to_one_that_all_accept() -> None:
    for side in sides(Uniform((ONE, 2 * ONE), (3 * ONE, 5 * ONE))):
        assert isinstance(side, Curve)
        assert side.prices.size == INTERVALS + 1
        assert np.diff(np.log(side.prices)) == pytest.approx(np.log(7.5) / INTERVALS, rel=1e-6)
        assert side.below(side.prices[[0, -1]]).tolist() == pytest.approx([0, 1], abs=1e-12)


def test_responses_have_as_many_rays_as_costs_allow_and_none_that_is_worth_nothing() -> None:
    alone = [Numbers(np.zeros((1, 4)), np.ones((1, 4)), [box(4, high)]) for high in (2, 3, 5)]
    assert [Responses(numbers, (1,)).rays for numbers in alone] == [2, 3, 3]
    menu = np.array([[-1.0, 1.0, 0, 0], [1.0, -1.0, 0, 0], [1.0, 0.0, -1.0, 0]])
    found = Responses(alone[0], (1,)).response(0, np.array([2.0, 3.0, 2.0, 2.0]), menu)
    assert found.rays.tolist() == [menu[0].tolist(), [0] * 4, [0] * 4]
    assert found.worth == pytest.approx(0.5)


def test_the_remedial_menu_is_taken_only_where_no_task_is_worth_anything() -> None:
    oracle = Responses(Numbers(np.zeros((1, 2)), np.array([[2.0, 5.0]]), [box(2)]), (1,))
    for worth, remedial in (((-1, -2), True), ((0, 0), True), ((1e-9, -1), False), ((3, 2), False)):
        found = oracle.best(0, np.array(worth, dtype=float))
        assert found.remedial == remedial
        assert found.worth >= max(0.0, -float(np.minimum(worth, 0) @ [2, 5])) - 1e-8


def test_a_random_second_ray_goes_back_at_a_loss() -> None:
    """Whoever takes both rays gives up nothing on balance: so no type likes both, and they are polarized."""
    dice, pairs = np.random.default_rng(6), 0
    for _ in range(100):
        endowment = dice.uniform(0.2, 4, 4)
        oracle = Responses(Numbers(np.zeros((1, 4)), endowment[None], [box(4)]), (int(dice.integers(99)),))
        one, other = oracle._random(0, dice.uniform(-1, 3, 4))
        assert one.min() < 0 < one.max()
        if other.any():
            assert (one + other >= 0).all()
            pairs += 1
    assert 50 < pairs < 90


# ── mechanisms on sampled types ──


def test_the_program_is_that_of_all_pairs_of_types() -> None:
    dice = np.random.default_rng(4)
    for count, tasks in ((3, 2), (4, 3)):
        types, worth, eta = dice.uniform(1, 2, (count, tasks)), dice.uniform(0, 3, tasks), np.full(tasks, 5.0)
        rows, limits = [], []
        for s in range(count):
            for t in (*range(s), *range(s + 1, count), None):
                row = np.zeros((count, tasks))
                row[s] += types[s]
                if t is not None:
                    row[t] -= types[s]
                rows.append(row.ravel())
                limits.append(0.0 if t is not None else types[s] @ eta)
        found = linprog(-np.tile(worth, count), A_ub=np.array(rows), b_ub=limits)
        assert program(types, worth, eta) == pytest.approx(-found.fun / count - worth @ eta)


def test_menus_are_not_worth_more_than_the_sampled_program() -> None:
    """A menu is incentive compatible on any sample, so the program is worth at least as much there."""
    dice = np.random.default_rng(5)
    eta = (Fraction(4), Fraction(6), Fraction(5))
    for _ in range(3):
        types, worth = dice.uniform(1, 2, (15, 3)), dice.uniform(-0.5, 3, 3)
        bound = program(types, worth, floats([eta])[0])
        full = float(np.mean((np.maximum(worth, 0) / types).max(axis=1) * (types @ floats([eta])[0])))
        assert bound <= full - float(worth @ floats([eta])[0]) + 1e-9
        for _ in range(20):
            menu = random_menu(dice, eta, 2)
            rays = np.vstack([np.zeros(3), floats(menu)])
            gains = np.maximum(0, rays @ worth)
            assert gains[chosen(types, floats(menu))].mean() <= bound + 1e-9


@pytest.mark.parametrize(
    "preferences",
    [
        {"type": "uniform", "low": [1] * 3, "high": [2] * 3},
        {"type": "lognormal", "mean": [0] * 3, "covariance": [["1/9", 0, 0], [0, "1/9", 0], [0, 0, "1/9"]]},
    ],
    ids=["uniform", "lognormal"],
)
def test_a_certificate_is_weak_duality(
    preferences: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound is the status quo less the agents' bounds, and each of these holds of the agent's menu."""
    monkeypatch.setattr("parley.mechanisms.screening.design.certified.REPLICATES", 5)
    monkeypatch.setattr("parley.mechanisms.screening.design.certified.SAMPLED", 45)
    monkeypatch.setattr("parley.mechanisms.screening.design.laws.POINTS", 200)
    problem = Problem.from_mapping(
        {
            "kind": "screening",
            "social_costs": [[1, 2, 3], [3, 1, 2], [2, 3, 1], ["3/2", "3/2", "3/2"]],
            "status_quo": [[4, 5, 6], [6, 4, 5], [5, 6, 4], [4, 4, 4]],
            "preferences": preferences,
        }
    )
    numbers = Numbers.of(problem)
    menus = problem.market(large(problem, 0)).menus
    found = large_market(problem, menus, workers=1)
    again = lower_bound(numbers, np.array(found.prices), (0, 9))
    assert again.bound == pytest.approx(found.bound)
    assert found.bound < found.value < numbers.status_quo
    assert found.gap == pytest.approx((found.value - found.bound) / (numbers.status_quo - found.bound))
    if preferences["type"] == "lognormal":
        assert again.confidence == CONFIDENCE
        return
    assert again.confidence is None
    parts = [part for part in again.supports if part is not None]
    assert numbers.status_quo - sum(parts) == pytest.approx(found.bound)
    for menu, costs, part, own in zip(menus, numbers.costs, parts, problem.preferences, strict=True):
        assert worth_of(own, np.array(found.prices) - costs, list(menu.rays)) <= part + 1e-9


def test_the_cost_in_the_large_market_is_a_linear_program_over_shares() -> None:
    problem = worked_example()
    market = problem.market()
    columns, costs = [], []
    for j, k, change in market.columns:
        p = float(market.law(j).probabilities[k])
        columns.append([p * float(x) for x in change])
        costs.append(p * float(dot(problem.social_costs[j], change)))
    found = linprog(costs, A_eq=np.array(columns).T, b_eq=np.zeros(2), bounds=(0, 1))
    assert cost_of(problem, market.menus) == pytest.approx(24 + found.fun)
