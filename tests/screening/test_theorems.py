"""Lemmas 1, 2, 3 and 5, Propositions 1 and 2, Theorem 1, Corollaries 1 and 2, and the paper's examples."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, permutations, product
from typing import Any

import numpy as np
import pytest

from parley.mechanisms.screening.bilateral import (
    best_trade,
    construct_trade,
    full_trade,
    improves,
    trade_of,
    two_types,
)
from parley.mechanisms.screening.preferences import Uniform
from parley.mechanisms.screening.problem import Problem, worked_example
from parley.mechanisms.screening.protocol import Protocol, find_violation, violating_type
from parley.mechanisms.screening.rays import Vector, are_polarized, dot, full_length, pairs_not_polarized
from parley.mechanisms.screening.theorems import (
    Box,
    best_without_choice,
    box_of,
    greatest_menu,
    least_workload,
    lemma_1,
    lies_in_status_quo_set,
    outer_program,
    pseudo_market_sets,
    theorem_1,
    two_price_menu,
)
from tests.screening.paper import COSTS, DUAL, LARGE_MARKET
from tests.screening.test_rays import Ray, random_ray, ray


def random_problem(
    dice: np.random.Generator, *, agents: int = 3, tasks: int = 2, common: bool = True
) -> Problem:
    """Types on boxes: one for all, or overlapping ones; everybody has some of everything."""
    low = dice.integers(1, 4, size=(1 if common else agents, tasks))
    high = np.maximum(low + dice.integers(0, 4, size=low.shape), 4 if not common else 0)
    boxes = [
        {"type": "uniform", "low": a, "high": b} for a, b in zip(low.tolist(), high.tolist(), strict=True)
    ]
    return Problem.from_mapping(
        {
            "kind": "screening",
            "social_costs": dice.integers(-3, 6, size=(agents, tasks)).tolist(),
            "status_quo": dice.integers(1, 9, size=(agents, tasks)).tolist(),
            "preferences": boxes,
        }
    )


# ── mechanisms without choice ──


def test_lemma_1_holds_for_all_mechanisms_without_choice() -> None:
    dice = np.random.default_rng(1)
    for _ in range(60):
        problem = random_problem(dice, common=False)
        slacks = [1 + Fraction(int(x), 4) for x in dice.integers(0, 4, size=3)]
        boxes = [box for box in map(box_of, problem.preferences) if box is not None]
        _, assignments = best_without_choice(problem, slacks)
        for box, own, assignment, slack in zip(boxes, problem.status_quo, assignments, slacks, strict=True):
            assert min(assignment) >= 0
            assert lies_in_status_quo_set(box, own, assignment, slack)
        for i in range(2):
            assert sum(row[i] for row in assignments) == sum(row[i] for row in problem.status_quo)
        left, right = lemma_1(boxes, problem.status_quo, assignments, slacks)
        assert left <= right


def test_status_quo_constraints_are_those_of_all_corners_of_the_box() -> None:
    dice = np.random.default_rng(2)
    for _ in range(200):
        low = ray(*dice.integers(1, 4, size=3).tolist())
        high = tuple(x + int(y) for x, y in zip(low, dice.integers(0, 3, size=3), strict=True))
        own, other = (ray(*row) for row in dice.integers(0, 6, size=(2, 3)).tolist())
        slack = Fraction(int(dice.integers(4, 7)), 4)
        corners = product(*zip(low, high, strict=True))
        holds = all(dot(kind, other) <= slack * dot(kind, own) for kind in corners)
        assert lies_in_status_quo_set(Box(low, high), own, other, slack) is holds


def test_only_the_status_quo_is_left_without_choice() -> None:
    # Corollary 1, and that its conditions matter: a type that all know, or slack, leaves more.
    dice, others = np.random.default_rng(3), 0
    for _ in range(60):
        problem = random_problem(dice)
        box = box_of(problem.preferences[0])
        assert box is not None
        cost, assignments = best_without_choice(problem)
        if all(a < b for a, b in zip(*box, strict=True)):
            assert assignments == problem.status_quo
            continue
        others += cost < sum(map(dot, problem.social_costs, problem.status_quo))
    assert others >= 3
    assert best_without_choice(worked_example(), [Fraction(5, 4)] * 3)[0] < 24


# ── bilateral trades ──


def test_a_trade_improves_if_and_only_if_its_expected_change_is_negative() -> None:
    # Lemma 2.
    dice, seen = np.random.default_rng(4), {True: 0, False: 0}
    for _ in range(400):
        problem = random_problem(dice, common=False)
        gamma = ray(*dice.integers(-6, 7, size=2).tolist())
        owned = zip(problem.status_quo[0], problem.status_quo[1], gamma, strict=True)
        feasible = all(own + x >= 0 and other - x >= 0 for own, other, x in owned)
        answer = improves(problem, 0, 1, gamma)
        assert answer is (feasible and trade_of(problem, 0, 1, gamma).change < 0)
        seen[answer] += 1
    assert min(seen.values()) > 15


@pytest.mark.parametrize("tasks", [2, 3, 4])
def test_a_trade_is_constructed_wherever_proposition_1_holds(tasks: int) -> None:
    dice, found, none = np.random.default_rng(5), 0, 0
    for k in range(100):
        problem = random_problem(dice, tasks=tasks, agents=2, common=bool(dice.integers(2)))
        if k % 10 == 0:
            costs = [list(range(tasks))] * 2
            problem = Problem.from_mapping(problem.to_mapping() | {"social_costs": costs})
        gamma = construct_trade(problem, 0, 1)
        one, other = problem.preferences
        assert isinstance(one, Uniform)
        assert isinstance(other, Uniform)
        low, high = tuple(map(max, one.low, other.low)), tuple(map(min, one.high, other.high))
        differ = problem.social_costs[0] != problem.social_costs[1]
        if differ and low != high and all(a <= b for a, b in zip(low, high, strict=True)):
            found += 1
            assert gamma is not None
            assert improves(problem, 0, 1, gamma)
            assert gamma == full_trade(problem, 0, 1, gamma)
        else:
            none += 1
            assert gamma is None
    assert found > 50
    assert none >= 10


def test_two_types_are_separated_as_lemma_3_asks() -> None:
    dice, seen = np.random.default_rng(6), 0
    for _ in range(200):
        problem = random_problem(dice, agents=2, tasks=3)
        pair = zip(*problem.social_costs, strict=True)
        delta = tuple(a - b for a, b in pair)
        types = two_types(problem, 0, 1)
        if types is None or max(delta) <= 0:
            continue
        seen += 1
        first, second = types
        # No multiple of c″ on a fine grid of the cone of c′ and δ.
        for a, b in product(range(13), repeat=2):
            point = [Fraction(a, 4) * x + Fraction(b, 4) * y for x, y in zip(first, delta, strict=True)]
            ratios = {x / y for x, y in zip(point, second, strict=True)}
            assert len(ratios) > 1 or ratios.pop() <= 0
    assert seen > 50


def test_a_type_that_is_the_difference_of_costs_separates_nothing() -> None:
    """The common box is [1, 2] × {1}, and its far end is δ = (2, 1): a type half way is taken."""
    kind = {"type": "uniform", "low": [1, 1], "high": [2, 1]}
    problem = Problem.from_mapping(
        {
            "kind": "screening",
            "social_costs": [[3, 2], [1, 1]],
            "status_quo": [[2, 2], [2, 2]],
            "preferences": kind,
        }
    )
    types = two_types(problem, 0, 1)
    assert types is not None
    assert sorted(types) == [ray(1, 1), ray("3/2", 1)]
    gamma = construct_trade(problem, 0, 1)
    assert gamma is not None
    assert improves(problem, 0, 1, gamma)


@pytest.mark.parametrize("price", ["0.2292", "0.268", "0.6181"])
def test_the_best_trade_is_found_just_above_the_least_price_that_is_accepted(price: str) -> None:
    """Agent 1 takes 2/p of A for its 2 of B, at any p above the price, and each A gains 1."""
    problem = Problem.from_mapping(
        {
            "kind": "screening",
            "social_costs": [[1, 1], [2, 1]],
            "status_quo": [[1, 2], [100, 1]],
            "preferences": [
                {"type": "discrete", "types": [[price, 1]], "weights": [1]},
                {"type": "discrete", "types": [[2, 1]], "weights": [1]},
            ],
        }
    )
    found = best_trade(problem)
    assert found is not None
    assert (found.receiver, found.giver, found.chance) == (0, 1, 1)
    assert 0.985 * 2 / Fraction(price) < -found.change < 2 / Fraction(price)


@pytest.mark.parametrize("seed", range(10))
def test_the_best_trade_of_discrete_types_is_just_beside_a_ratio(seed: int) -> None:
    """Between two ratios of types, a gain rises or falls up to where the other agent's task runs out."""
    dice = np.random.default_rng(seed)
    agents = 2 + seed % 2
    problem = Problem.from_mapping(
        {
            "kind": "screening",
            "social_costs": np.round(dice.uniform(1, 4, (agents, 2)), 2).tolist(),
            "status_quo": dice.integers(4, 20, (agents, 2)).tolist(),
            "preferences": {
                "type": "discrete",
                "types": [[4, 1], [5, 4], [1, 1], [1, 3]],
                "weights": [1, 5, 1, 5],
            },
        }
    )
    best, small = Fraction(0), Fraction(1, 10**6)
    for j, k in permutations(range(agents), 2):
        runs_out = problem.status_quo[j][1] / problem.status_quo[k][0]
        sides = [Fraction(r) * (1 + x) for r in ("4", "5/4", "1", "1/3") for x in (small, -small)]
        for price in (*sides, runs_out):
            trade = full_trade(problem, j, k, (Fraction(1), -price))
            best = min(best, Fraction(trade_of(problem, j, k, trade).change))
    found = best_trade(problem)
    assert best < 0
    assert found is not None
    assert found.change <= best * Fraction(99, 100)


# ── Theorem 1 ──


def test_choice_improves_if_and_only_if_theorem_1_says_so() -> None:
    dice, seen = np.random.default_rng(7), {True: 0, False: 0}
    for k in range(60):
        problem = random_problem(dice)
        if k % 3 == 0:
            problem = Problem.from_mapping(problem.to_mapping() | {"social_costs": [[1, 2]] * 3})
        value = theorem_1(problem)
        assert value.applies
        assert value.improves is not None
        seen[value.improves] += 1
        trades = [construct_trade(problem, j, k) for j, k in combinations(range(3), 2)]
        assert any(trade is not None for trade in trades) is value.improves
        if not value.improves:
            # No allocation that all accept for sure is better, or all allocations cost the same.
            quo = sum(map(dot, problem.social_costs, problem.status_quo))
            if len(set(problem.social_costs)) == 1:
                totals = [sum(column) for column in zip(*problem.status_quo, strict=True)]
                assert dot(problem.social_costs[0], totals) == quo
            else:
                box = box_of(problem.preferences[0])
                assert box is not None
                assert box.low == box.high
    assert min(seen.values()) > 10


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (
            {"preferences": {"type": "discrete", "types": [[1, 1], [1, 2]], "weights": [1, 1]}},
            "bounded boxes",
        ),
        (
            {
                "preferences": [
                    {"type": "uniform", "low": [1, 1], "high": [2, 2]},
                    {"type": "uniform", "low": [1, 1], "high": [2, 2]},
                    {"type": "uniform", "low": [1, 1], "high": [2, 3]},
                ]
            },
            "different supports",
        ),
        ({"menus": [[], [], []], "status_quo": [[2, 2], [2, 2], [0, 2]]}, "none of some task"),
    ],
)
def test_theorem_1_says_nothing_where_its_conditions_fail(more: dict[str, Any], reason: str) -> None:
    value = theorem_1(Problem.from_mapping(worked_example().to_mapping() | more))
    assert not value.applies
    assert value.improves is value.optimal is None
    assert reason in value.reason


def test_choice_may_improve_without_being_optimal() -> None:
    # The cost of task A is known, that of B is not: without choice, A may be traded for nothing but itself.
    flat = {"preferences": {"type": "uniform", "low": [1, 1], "high": [1, 2]}}
    value = theorem_1(Problem.from_mapping(worked_example().to_mapping() | flat))
    assert (value.applies, value.improves, value.optimal) == (True, True, None)


# ── polarization ──


def test_lemma_5_is_polarization() -> None:
    dice, answers = np.random.default_rng(8), []
    for _ in range(500):
        one, other = random_ray(dice, 3), random_ray(dice, 3)
        answers.append(are_polarized(one, other))
        assert (least_workload(one, other) >= 0) is answers[-1]
        assert (least_workload(other, one) >= 0) is answers[-1]
    assert 20 < sum(answers) < 480


@pytest.mark.parametrize("tasks", range(2, 9))
def test_corollary_2_is_attained(tasks: int) -> None:
    rays = greatest_menu(tasks)
    assert len(rays) == tasks
    assert not list(pairs_not_polarized(rays))
    # Another ray gives up some task, as one of these does: that pair is not polarized.
    dice = np.random.default_rng(tasks)
    for _ in range(50):
        assert list(pairs_not_polarized((*rays, random_ray(dice, tasks))))


def test_two_prices_are_polarized_if_and_only_if_the_first_is_at_most_the_second() -> None:
    for p, q in product((Fraction(k, 4) for k in range(1, 9)), repeat=2):
        assert are_polarized(*two_price_menu(p, q)) is (p <= q)
    assert two_price_menu(None, Fraction(1)) == (ray(-1, 1),)


# ── the pseudo-market ──


def pseudo_market(prices: Vector, steps: int) -> Protocol:
    """Two agents with 2 and 2; each demands a point of its budget, and both trade if both demands clear."""
    eta = ray(2, 2)
    points = [eta, *pseudo_market_sets(eta, prices, steps)]

    def rule(profile: tuple[int, ...]) -> tuple[Ray, ...]:
        wanted = [points[k] for k in profile]
        clears = all(sum(row) == 4 for row in zip(*wanted, strict=True))
        return (wanted[0], wanted[1]) if clears else (eta, eta)

    return Protocol.of([len(points)] * 2, rule)


def test_a_pseudo_market_is_obviously_strategy_proof_only_with_one_point_in_each_direction() -> None:
    prices = ray(1, 2)
    assert {dot(prices, x) for x in pseudo_market_sets(ray(2, 2), prices, 3)} == {Fraction(6)}
    one = pseudo_market(ray(1, 1), 1)
    assert any(found != one.endowment for found in one.table.values())
    assert violating_type(one, 0) is None
    two = pseudo_market(ray(1, 1), 2)
    kind = violating_type(two, 0)
    assert kind is not None
    assert find_violation(two, [[kind], []]) is not None


# ── the large market ──


def two_price_candidates(prices: list[Fraction]) -> list[Ray]:
    """Expected assignments of one price with shares 0 or 1; two-price menus are sums of their changes."""
    eta, box = ray(2, 2), Uniform(ray(1, 1), ray(2, 2))
    takes, gives = list[tuple[Fraction, Ray]](), list[tuple[Fraction, Ray]]()
    for p in prices:
        for rays, changes in ((two_price_menu(p, None), takes), (two_price_menu(None, p), gives)):
            full = full_length(eta, rays[0])
            chance = box.law([full]).probabilities[1]
            changes.append((p, tuple(chance * x for x in full)))
    zero: list[tuple[Fraction | None, Ray]] = [(None, ray(0, 0))]
    return [
        tuple(a + x + y for a, x, y in zip(eta, one, other, strict=True))
        for (p, one), (q, other) in product([*zero, *takes], [*zero, *gives])
        if p is None or q is None or p <= q
    ]


def test_strong_duality_on_a_grid_of_menus() -> None:
    # Proposition 2; the grid's cost is above the optimum of all prices, and near it.
    candidates = two_price_candidates([Fraction(k, 20) for k in range(12, 34)])
    found = outer_program([ray(*row) for row in COSTS], ray(6, 6), [candidates] * 3)
    assert found.cost == found.dual
    assert LARGE_MARKET <= float(found.cost) <= LARGE_MARKET + 0.02
    for own in found.mixtures:
        assert sum(own) == 1
    means = [
        [sum(w * point[i] for w, point in zip(own, candidates, strict=True)) for i in range(2)]
        for own in found.mixtures
    ]
    assert [sum(column) for column in zip(*means, strict=True)] == [6, 6]


def test_candidates_that_cannot_clear_are_refused() -> None:
    with pytest.raises(ValueError, match="clears"):
        outer_program([ray(1, 2), ray(2, 1)], ray(4, 4), [[ray(3, 3)], [ray(2, 2)]])


def test_the_dual_program_at_equal_prices() -> None:
    # Support functions of two-price menus, on a grid of prices: at most, and nearly, those of all prices.
    grid = np.linspace(0.5, 2, 30_001)[1:]
    law = np.where(grid <= 1, (2 * grid - 1) ** 2 / (2 * grid), 3 - 2 / grid - grid / 2)

    def support(w: np.ndarray) -> float:
        if max(w) <= 0:
            return 0.0
        takes = (law * (w[0] / grid - w[1])).max()
        gives = ((1 - law) * (grid * w[1] - w[0])).max()
        return float(w.sum() * 2 + 2 * max(takes, 0) + 2 * max(gives, 0))

    for t, value in DUAL.items():
        found = 12 * t - sum(support(t - np.array(row, dtype=float)) for row in COSTS)
        assert found == pytest.approx(value, abs=1e-6)
