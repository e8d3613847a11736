"""Expected costs: the paper's figures, brute force and sampling."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import product
from math import prod, sqrt
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from parley.mechanisms.screening import expectation as expectations
from parley.mechanisms.screening.bilateral import best_trade, full_trade, trade_of
from parley.mechanisms.screening.expectation import draw_profiles, expectation, laws_of
from parley.mechanisms.screening.market import Market, Menu
from parley.mechanisms.screening.preferences import Discrete
from parley.mechanisms.screening.problem import Problem
from parley.mechanisms.screening.replicas import (
    at_frequencies,
    certain_share,
    replicas,
)
from parley.mechanisms.screening.solution import market_of, solve, theory
from tests.screening.paper import (
    CHANGES,
    LARGE_MARKET,
    LARGE_MARKET_PRICES,
    TRADING,
    VARIANCE,
    two_prices,
    worked,
)
from tests.screening.test_preferences import FAR
from tests.screening.test_rays import ray

REMEDIAL: dict[str, Any] = {
    "kind": "screening",
    "social_costs": [[10, 10], [1, 1], [1, 1]],
    "status_quo": [[2, 2]] * 3,
    "preferences": {"type": "uniform", "low": [1, 1], "high": [2, 2]},
}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_the_worked_examples(name: str) -> None:
    problem = worked(name)
    found = solve(problem)
    assert str(found.expectation.change) == CHANGES[name]
    assert found.expected_cost == 24 + Fraction(CHANGES[name])
    assert found.market.first_best_cost == 12
    assert found.trade is not None
    assert (found.trade.receiver, found.trade.giver, found.trade.change) == (0, 2, -2)
    if name == "W1":
        assert str(found.expectation.variance) == VARIANCE


@pytest.mark.parametrize("name", sorted(TRADING))
def test_only_these_profiles_trade(name: str) -> None:
    problem = worked(name)
    market, offered = problem.market(), worked(name).menus or ()
    laws = laws_of(market)
    # Choice 1 is to take A, 2 to give it up, also where a menu has only one of them.
    numbers = [[0, *(1 if kappa[0] > 0 else 2 for kappa in menu.rays)] for menu in offered]
    seen = {}
    for places in product(*(range(len(own)) for own in numbers)):
        chance = prod((law.probabilities[k] for law, k in zip(laws, places, strict=True)), start=Fraction(1))
        found = next(market.selector.select(market.present(np.array([places]))))
        if found.cost and chance:
            moved = [Fraction(0)] * 3
            present = [t for t, (seat, k, _) in enumerate(market.columns) if places[seat] == k]
            for t, share in zip(present, found.shares, strict=True):
                seat, _, change = market.columns[t]
                moved[seat] += share * abs(change[0])
            profile = tuple(own[k] for own, k in zip(numbers, places, strict=True))
            seen[profile] = chance, found.cost, tuple(moved)
    assert seen == {
        profile: (Fraction(p), Fraction(change), ray(*amounts))
        for profile, (p, change, amounts) in TRADING[name].items()
    }


def by_floats(problem: Problem) -> tuple[float, np.ndarray]:
    """Expected change and assignment, by another solver and another enumeration; ties are not broken."""
    market = problem.market()
    total, laws = 0.0, laws_of(market)
    for profile in product(*(range(menu.choices) for menu in market.menus)):
        chance = prod(float(law.probabilities[k]) for law, k in zip(laws, profile, strict=True))
        columns, costs = [], []
        for seat, k in enumerate(profile):
            menu, eta = market.menus[seat], market.status_quo[seat]
            own = [menu.rays[k - 1]] if k and menu.rays else []
            if menu.remedial and k:
                own = [
                    tuple(-eta[i] * (i == task) for i in range(market.tasks)) for task in range(market.tasks)
                ]
            columns += own
            costs += [
                sum(float(c * x) for c, x in zip(market.social_costs[seat], col, strict=True)) for col in own
            ]
        if columns and chance:
            matrix = np.array(columns, dtype=float).T
            best = linprog(costs, A_eq=matrix, b_eq=np.zeros(len(matrix)), bounds=(0, 1))
            total += chance * best.fun
    return total, np.array(market.status_quo, dtype=float)


def random_problem(dice: np.random.Generator) -> Problem:
    """Two-price menus with some remedial ones and some discrete types; not all polarized."""
    agents = int(dice.integers(2, 5))
    preferences: list[dict[str, Any]] = []
    menus: list[Any] = []
    for _ in range(agents):
        types = (dice.integers(1, 9, size=(3, 2)) / 4).tolist()
        preferences.append(
            {"type": "discrete", "types": types, "weights": [1, 2, 3]}
            if dice.random() < 0.5
            else {"type": "uniform", "low": [1, 1], "high": [2, 3]}
        )
        first, second = sorted(dice.integers(2, 9, size=2).tolist())
        menus.append(
            "remedial"
            if dice.random() < 0.3
            else [[1, f"-{first}/5"], [-1, f"{second}/5"]][: dice.integers(3)]
        )
    return Problem.from_mapping(
        {
            "kind": "screening",
            "social_costs": dice.integers(-5, 9, size=(agents, 2)).tolist(),
            "status_quo": dice.integers(1, 9, size=(agents, 2)).tolist(),
            "preferences": preferences,
            "menus": menus,
        }
    )


def test_expected_costs_are_those_of_another_solver() -> None:
    dice = np.random.default_rng(1)
    for _ in range(25):
        problem = random_problem(dice)
        found = expectation(problem.market())
        assert found.exact
        change, _ = by_floats(problem)
        assert abs(float(found.change) - change) < 1e-9
        # What all agents get together is the status quo, and its cost is the expected cost.
        for i in range(2):
            assert sum(row[i] for row in found.assignment) == sum(row[i] for row in problem.status_quo)
        cost = sum(
            c * x
            for costs, row in zip(problem.social_costs, found.assignment, strict=True)
            for c, x in zip(costs, row, strict=True)
        )
        assert cost == problem.market().status_quo_cost + found.change


def test_samples_agree_with_exact_figures() -> None:
    market = worked("W1").market()
    exact = expectation(market)
    sampled = expectation(market, most=1)
    assert not sampled.exact
    assert sampled.std_error is not None
    deviation = sqrt(float(exact.variance) / expectations.SAMPLE)
    assert abs(float(sampled.change) - float(exact.change)) <= FAR * deviation
    assert sampled.std_error == pytest.approx(deviation, rel=0.05)
    # A share is between 0 and 1: its mean errs by at most the standard error of a coin, times the ray.
    far = FAR * 3 / (2 * sqrt(expectations.SAMPLE))
    for row, other in zip(sampled.assignment, exact.assignment, strict=True):
        assert all(abs(float(x) - float(y)) <= far for x, y in zip(row, other, strict=True))
    profiles = draw_profiles(market, np.random.default_rng(2), 30_000)
    counts = np.bincount(profiles[:, 0], minlength=3) / 30_000
    for frequency, p in zip(counts, market.law(0).probabilities, strict=True):
        assert abs(frequency - float(p)) <= FAR * sqrt(float(p * (1 - p)) / 30_000)


def test_the_json_of_an_exact_solution() -> None:
    written = json.loads(json.dumps(solve(worked("W1")).to_json()))
    assert list(written) == [
        "kind",
        "method",
        "unit",
        "menus",
        "status_quo_cost",
        "first_best_cost",
        "expected_cost",
        "expected_change",
        "variance",
        "exact",
        "profiles",
        "std_error",
        "expected_assignment",
        "large_market",
        "benchmarks",
    ]
    assert (written["method"], written["exact"], written["profiles"], written["std_error"]) == (
        "given",
        True,
        27,
        None,
    )
    assert written["menus"][0] == {
        "agent": 0,
        "remedial": False,
        "rays": [
            {"change": ["5/3", "-2"], "probability": "11/15"},
            {"change": ["-2", "3"], "probability": "1/12"},
        ],
        "stay": "11/60",
    }
    assert written["large_market"] is None
    assert Fraction(written["expected_assignment"][0][0]) > 2


def test_the_json_of_a_sampled_solution() -> None:
    lognormal = {"type": "lognormal", "mean": [0, 0], "covariance": [[1, 0], [0, 1]]}
    written = solve(two_prices([("1", "1")] * 3, preferences=lognormal)).to_json()
    assert written["exact"] is False
    assert isinstance(written["expected_cost"], float)
    assert isinstance(written["menus"][0]["stay"], float)
    assert isinstance(written["expected_assignment"][0][0], float)
    assert written["std_error"] > 0
    # By symmetry, prices of 1 are as good for lognormal types as for uniform ones.
    assert abs(written["expected_change"] + 3) <= FAR * written["std_error"]


def large_market_cost(market: Market) -> float:
    """What the market's menus cost per copy in the large market, in fractions."""
    found = at_frequencies(market, [law.probabilities for law in laws_of(market)])
    return float(market.status_quo_cost + found.cost)


def test_designed_menus_come_with_a_bound() -> None:
    design = {"menus": None, "design": {"market": "two-price", "seed": 5}}
    problem = Problem.from_mapping(worked("W1").to_mapping() | design)
    written = json.loads(json.dumps(solve(problem).to_json()))
    assert written["method"] == "two-price"
    large = written["large_market"]
    assert list(large) == ["value", "bound", "gap", "prices", "confidence"]
    # The bound is that of the best menus, and these menus cost what the selection from populations says.
    assert large["bound"] <= LARGE_MARKET <= large["value"]
    assert large["value"] == pytest.approx(large_market_cost(market_of(problem)), abs=1e-9)
    assert large["gap"] == pytest.approx((large["value"] - large["bound"]) / (24 - large["bound"]))


def test_given_menus_are_bounded_when_asked() -> None:
    assert solve(worked("W2"), bound=True).large_market is not None
    assert solve(worked("W2")).large_market is None


def test_theory_leaves_benchmarks_out() -> None:
    found = theory(worked("W2"), 3)
    assert found.trade is None
    assert found.expectation.change == -3


# ── remedial menus ──


@pytest.mark.parametrize(
    ("first", "change"), [("remedial", "-12"), ([[-1, "1/2"]], "-42/5"), ([["2/3", -1]], "-6")]
)
def test_remedial_menus_pay_in_finite_markets(first: Any, change: str) -> None:  # noqa: ANN401
    # Both others have chosen their rays; a discrete type that likes each makes the choice certain.
    likes_first = {"type": "discrete", "types": [[1, 2]], "weights": [1]}
    likes_second = {"type": "discrete", "types": [[2, 1]], "weights": [1]}
    own = likes_second if first == [[-1, "1/2"]] else likes_first
    menus = [first, [["4/3", -1]], [[-1, "4/3"]]]
    problem = Problem.from_mapping(
        REMEDIAL | {"preferences": [own, likes_first, likes_second], "menus": menus}
    )
    market = problem.market()
    assert str(expectation(market).change) == change
    if first == "remedial":  # whatever its type
        assert market.law(0).probabilities == (Fraction(0), Fraction(1))


# ── bilateral trades ──


def test_a_trade_s_gain_is_that_of_its_menus() -> None:
    dice = np.random.default_rng(3)
    for _ in range(20):
        problem = random_problem(dice)
        j, k = dice.choice(problem.agents, 2, replace=False).tolist()
        gamma = full_trade(problem, j, k, ray(4, f"-{int(dice.integers(2, 8))}"))
        found = trade_of(problem, j, k, gamma)
        # Played with the same two rays; full length may be longer than the trade for one of them.
        market = problem.market([Menu()] * problem.agents)
        menus = [Menu()] * problem.agents
        menus[j], menus[k] = Menu((gamma,)), Menu((tuple(-x for x in gamma),))
        played = Market(market.social_costs, market.status_quo, market.preferences, tuple(menus), 1)
        value = expectation(played).change
        assert value == min(found.change, Fraction(0))


def test_no_trade_on_a_grid_is_better_than_the_best_one() -> None:
    dice = np.random.default_rng(4)
    for _ in range(6):
        problem = Problem.from_mapping(
            {
                "kind": "screening",
                "social_costs": dice.integers(0, 9, size=(3, 2)).tolist(),
                "status_quo": dice.integers(1, 9, size=(3, 2)).tolist(),
                "preferences": {"type": "uniform", "low": [1, 1], "high": [2, 2]},
            }
        )
        found = best_trade(problem)
        least = min(
            trade_of(problem, j, k, full_trade(problem, j, k, ray(1, f"-{p}/40"))).change
            for j in range(3)
            for k in range(3)
            if j != k
            for p in range(20, 81)
        )
        assert (0 if found is None else found.change) <= least * Fraction(999, 1000)


def test_without_a_gain_there_is_no_best_trade() -> None:
    alike = Problem.from_mapping(worked("W1").to_mapping() | {"social_costs": [[1, 2]] * 3})
    assert best_trade(alike) is None
    assert solve(alike).to_json()["benchmarks"] == {"bilateral": None}


# ── copies of the market ──


def test_the_large_market_of_the_paper() -> None:
    cost = large_market_cost(two_prices(LARGE_MARKET_PRICES, unit=100_000).market())
    assert cost == pytest.approx(LARGE_MARKET, abs=2e-4)  # prices are rounded to 1/100 000


def test_large_market_menus_are_poor_in_small_markets() -> None:
    change = expectation(two_prices(LARGE_MARKET_PRICES, unit=100_000).market()).change
    assert float(change) == pytest.approx(-0.8872, abs=1e-4)
    common, trade = expectation(worked("W2").market()).change, best_trade(worked("W2"))
    assert trade is not None
    assert common == -3 < trade.change == -2 < change


def test_two_copies_are_a_market_of_twice_as_many_agents() -> None:
    problem = worked("W1")
    twice = {
        key: [row for row in problem.to_mapping()[key] for _ in range(2)] for key in ("social_costs", "menus")
    }
    doubled = Problem.from_mapping(problem.to_mapping() | twice | {"status_quo": [[2, 2]] * 6})
    exact = expectation(doubled.market())
    (found,) = replicas(problem.market(), [2], seed=8, runs=4_000)
    error = sqrt(float(exact.variance) / 4 / 4_000)
    assert abs(found.mean - 24 - float(exact.change) / 2) <= FAR * error
    assert found.std_error == pytest.approx(error, rel=0.1)


def test_shares_of_proposition_3_clear_and_cost_what_it_says() -> None:
    market = worked("W1").market()
    laws = laws_of(market)
    expected = [law.probabilities for law in laws]
    best = at_frequencies(market, expected)
    dice = np.random.default_rng(5)
    for _ in range(50):
        counts = [dice.multinomial(40, [float(p) for p in law.probabilities]).tolist() for law in laws]
        rho = [[Fraction(count, 40) for count in row] for row in counts]
        used = [(j, k) for (j, k, _), share in zip(market.columns, best.shares, strict=True) if share]
        delta = certain_share(expected, rho, used)
        moved = [Fraction(0)] * 2
        for (j, k, change), share in zip(market.columns, best.shares, strict=True):
            alpha = delta * share * expected[j][k] / rho[j][k] if rho[j][k] else Fraction(0)
            assert 0 <= alpha <= 1
            moved = [a + rho[j][k] * alpha * x for a, x in zip(moved, change, strict=True)]
        assert moved == [0, 0]
        assert at_frequencies(market, rho).cost <= delta * best.cost


def test_copies_approach_the_large_market_within_the_guarantee() -> None:
    market = worked("W1").market()
    few, many = replicas(market, [10, 10_000], seed=6, runs=400)
    limit = large_market_cost(market)
    for found in (few, many):
        assert limit - FAR * found.std_error <= found.mean <= found.guarantee <= 24
    assert few.guarantee - limit > many.guarantee - limit > 0
    # δ ≥ 1 − Σ |ρ − ρ*| / ρ*. Each |ρ − ρ*| has a mean and a standard deviation of at most √(ρ* / N), so the
    # mean of 400 runs of the sum is at most Σ 1 / √(ρ* N), and 5.5 standard errors.
    laws = laws_of(market)
    part = sum(1 / sqrt(float(p) * 10_000) for law in laws for p in law.probabilities[1:])
    assert many.guarantee - limit <= (24 - limit) * part * (1 + FAR / sqrt(400))


def test_discrete_types_are_enumerated() -> None:
    kind = Discrete((ray(1, 2), ray(2, 1)), ray(1, 1))
    market = Market.of(
        (ray(1, 3), ray(3, 1)), (ray(2, 2),) * 2, (kind,) * 2, [Menu((ray(1, -1), ray(-1, 1)))] * 2
    )
    found = expectation(market)
    assert (found.change, found.variance, found.profiles) == (-2, 12, 4)
