"""The audit: verdicts with their proofs, deviations by brute force, and other preferences."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import product
from math import prod, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from parley.mechanisms.screening import manipulation
from parley.mechanisms.screening.audit import audit, choice_improves, choice_optimal, polarized
from parley.mechanisms.screening.bilateral import improves
from parley.mechanisms.screening.expectation import draw_profiles, expectation, laws_of
from parley.mechanisms.screening.manipulation import Deviation, manipulations
from parley.mechanisms.screening.preferences import Discrete, Lognormal, Uniform
from parley.mechanisms.screening.problem import Problem, worked_example
from parley.mechanisms.screening.rays import dot
from parley.mechanisms.screening.robustness import SAMPLE, other_family, robustness, wider
from parley.mechanisms.screening.theorems import Box, lies_in_status_quo_set
from tests.screening.paper import two_prices, worked
from tests.screening.test_preferences import FAR
from tests.screening.test_rays import Ray, ray
from tests.screening.test_solution import random_problem

if TYPE_CHECKING:
    from parley.mechanisms.screening.market import Market


def with_keys(**more: Any) -> Problem:  # noqa: ANN401
    return Problem.from_mapping(worked_example().to_mapping() | more)


# ── verdicts ──


def test_the_worked_example_has_all_properties() -> None:
    steps: list[str] = []
    found = json.loads(json.dumps(audit(worked("W1"), tell=steps.append).to_json()))
    assert steps == [
        "menus",
        "trades between two agents",
        "mechanisms without choice",
        "deviations",
        "other preferences",
    ]
    assert list(found) == [
        "kind",
        "polarized",
        "obviously_strategy_proof",
        "ex_post_participation",
        "choice_improves",
        "choice_optimal",
        "manipulation",
        "robustness",
    ]
    assert all(found[key]["holds"] for key in list(found)[1:6])
    assert found["choice_improves"]["certificate"] == {
        "agents": [0, 2],
        "trade": ["2", "-2"],
        "expected_gain": "2",
    }
    assert found["choice_optimal"]["certificate"]["without_choice"] == "24"
    names = ["as guessed", "wider", "correlated", "other family"]
    assert [variant["preferences"] for variant in found["robustness"]] == names
    assert all(variant["expected_change"] < 0 < variant["std_error"] for variant in found["robustness"])
    proofs = found["polarized"]["certificate"]["pairs"]
    for proof in proofs:
        menu = worked("W1").market().menus[proof["agent"]]
        one, other = (menu.rays[k] for k in proof["sets"])
        y, z = map(Fraction, proof["weights"])
        assert min(y * a + z * b for a, b in zip(one, other, strict=True)) >= 0
    assert len(proofs) == 3


def test_menus_that_are_not_polarized_have_a_witness() -> None:
    problem = two_prices([("1", "1"), ("3/2", "1"), ("1", "1")])
    found = audit(problem)
    assert not found.holds
    for key in ("polarized", "obviously_strategy_proof"):
        witness = found.verdicts[key].witness
        assert witness is not None
        assert (witness["agent"], witness["sets"]) == (1, [0, 1])
        kind, menu = ray(*witness["type"]), found.market.menus[1]
        assert min(kind) > 0
        assert max(dot(kind, menu.rays[k]) for k in witness["sets"]) < 0
        if key == "obviously_strategy_proof":  # of the support
            assert all(1 <= c <= 2 for c in kind)
    assert found.verdicts["ex_post_participation"].holds


@pytest.mark.parametrize(
    "preferences",
    [
        {"type": "discrete", "types": [[1, 1], [3, 2], [2, 1]], "weights": [1, 1, 1]},
        {"type": "uniform", "low": [1, 3], "high": [3, 4]},
        {"type": "uniform", "low": [3, 1], "high": [4, 2]},
    ],
)
def test_a_support_may_hold_no_type_that_likes_both(preferences: dict[str, Any]) -> None:
    found = audit(two_prices([("3/2", "1")] * 3, preferences=preferences))
    assert found.verdicts["polarized"].holds is False
    assert found.verdicts["obviously_strategy_proof"].holds is True


# ── the value of choice ──


def test_a_certificate_improves_as_lemma_2_says() -> None:
    dice = np.random.default_rng(3)
    seen = {True: 0, False: 0, None: 0}
    for _ in range(40):
        problem = random_problem(dice)
        verdict = choice_improves(problem)
        seen[verdict.holds] += 1
        if verdict.holds:
            assert verdict.certificate is not None
            j, k = verdict.certificate["agents"]
            assert improves(problem, j, k, ray(*verdict.certificate["trade"]))
            assert Fraction(verdict.certificate["expected_gain"]) > 0
    assert seen[True] > 10
    assert seen[False] + seen[None] > 0


@pytest.mark.parametrize(
    ("more", "improving", "optimal"),
    [
        ({}, True, True),
        ({"social_costs": [[1, 2]] * 3}, False, False),  # all allocations cost the same
        (
            {
                "social_costs": [[1, 1], [2, 2], [3, 3]],
                "status_quo": [[2, 2], [0, 0], [0, 0]],
                "menus": [[]] * 3,
            },
            False,
            False,
        ),
        # One known type: tasks may be traded at its ratio without asking anybody.
        ({"preferences": {"type": "uniform", "low": [1, 1], "high": [1, 1]}}, False, False),
        # Known types that differ: trades that both like for sure.
        (
            {"preferences": [{"type": "uniform", "low": c, "high": c} for c in ([1, 2], [1, 1], [2, 1])]},
            True,
            False,
        ),
        # A flat box: the cost of A is known.
        ({"preferences": {"type": "uniform", "low": [1, 1], "high": [1, 2]}}, True, True),
        ({"preferences": {"type": "lognormal", "mean": [0, 0], "covariance": [[1, 0], [0, 1]]}}, True, None),
    ],
)
def test_the_value_of_choice(more: dict[str, Any], *, improving: bool | None, optimal: bool | None) -> None:
    verdicts = audit(with_keys(**more)).verdicts
    assert verdicts["choice_improves"].holds is improving
    assert verdicts["choice_optimal"].holds is optimal


def test_menus_that_cost_more_than_no_choice_prove_nothing() -> None:
    """Two agents that like both tasks the same trade for sure; choice gains less with the third."""
    known = ({"type": "uniform", "low": [c, c], "high": [c, c]} for c in (2, 3))
    box = {"type": "uniform", "low": [1, 1], "high": [2, 2]}
    problem = with_keys(social_costs=[[2, 3], [5, 2], [2, 5]], preferences=[*known, box], menus=[[], [], []])
    improving = choice_improves(problem)
    assert improving.certificate is not None
    assert Fraction(improving.certificate["expected_gain"]) < 8
    verdict = choice_optimal(problem, improving, expectation(problem.market()))
    assert verdict.holds is None
    assert verdict.certificate is not None
    assert verdict.certificate["cost"] == "30"


def test_what_makes_choice_not_optimal_is_accepted_by_all_types() -> None:
    types = [[1, 2], [1, 1], [2, 1]]
    problem = with_keys(preferences=[{"type": "uniform", "low": c, "high": c} for c in types])
    witness = audit(problem).verdicts["choice_optimal"].witness
    assert witness is not None
    for kind, own, row in zip(types, problem.status_quo, witness["assignments"], strict=True):
        assert lies_in_status_quo_set(Box(ray(*kind), ray(*kind)), own, ray(*row))
    costs = [dot(c, ray(*row)) for c, row in zip(problem.social_costs, witness["assignments"], strict=True)]
    assert sum(costs) == Fraction(witness["cost"]) < 24


# ── deviations ──


def expected_change(market: Market, seats: tuple[int, ...], choices: tuple[int, ...]) -> list[Ray]:
    """Expected changes of the seats' assignments, profile by profile."""
    laws = laws_of(market)
    moved = [[Fraction(0)] * market.tasks for _ in seats]
    for profile in product(*(range(menu.choices) for menu in market.menus)):
        if any(profile[seat] != k for seat, k in zip(seats, choices, strict=True)):
            continue
        others = [seat for seat in range(market.agents) if seat not in seats]
        chance = prod((laws[seat].probabilities[profile[seat]] for seat in others), start=Fraction(1))
        present = [t for t, (seat, k, _) in enumerate(market.columns) if profile[seat] == k]
        found = next(market.selector.select(market.present(np.array([profile]))))
        for t, share in zip(present, found.shares, strict=True):
            seat, _, change = market.columns[t]
            if seat in seats:
                own = moved[seats.index(seat)]
                own[:] = [a + chance * share * x for a, x in zip(own, change, strict=True)]
    return [tuple(own) for own in moved]


def check(market: Market, found: Deviation) -> None:
    """A deviation saves what it says, and neither agent loses."""
    if not found.types:
        assert found.gain == 0
        return
    for seat, kind, truth in zip(found.agents, found.types, found.truthful, strict=True):
        assert market.choose(seat, kind) == truth
    before = expected_change(market, found.agents, found.truthful)
    after = expected_change(market, found.agents, found.choices)
    saved = [dot(c, x) - dot(c, y) for c, x, y in zip(found.types, before, after, strict=True)]
    assert min(saved) >= 0
    assert sum(saved) == found.gain > 0


def test_nobody_gains_alone_and_pairs_gain_what_brute_force_says() -> None:
    for name in ("W1", "W2", "W3"):
        market = worked(name).market()
        singles, pairs = manipulations(market)[:3], manipulations(market)[3:]
        assert [found.agents for found in pairs] == [(0, 1), (0, 2), (1, 2)]
        assert all(found.gain == 0 for found in singles)
        for found in pairs:
            check(market, found)
        if name == "W2":
            assert all(found.gain > 0 for found in pairs)


def test_menus_that_are_not_polarized_can_be_manipulated_alone() -> None:
    costs = [[2, 2], [1, 3], [3, 1]]
    problem = two_prices([("3/2", "1"), ("1", None), (None, "3/2")], costs)
    market = problem.market()
    found = manipulations(market)[0]
    check(market, found)
    assert found.gain > 0
    market = with_keys(
        social_costs=costs,
        menus=problem.to_mapping()["menus"],
        preferences={"type": "discrete", "types": [["5/4", 1], [1, 1], [2, 1]], "weights": [1, 1, 2]},
    ).market()
    found = manipulations(market)[0]
    check(market, found)
    assert found.gain > 0


def test_the_best_deviation_of_discrete_types_is_the_best_of_all() -> None:
    dice = np.random.default_rng(2)
    for _ in range(6):
        problem = random_problem(dice)
        types = [list(map(str, row)) for row in (dice.integers(1, 9, size=(3, 2))).tolist()]
        kind = {"type": "discrete", "types": types, "weights": [1, 1, 1]}
        market = Problem.from_mapping(problem.to_mapping() | {"preferences": kind}).market()
        for found in manipulations(market):
            check(market, found)
            best = Fraction(0)
            joint = list(product(*(range(market.menus[seat].choices) for seat in found.agents)))
            changes = {choices: expected_change(market, found.agents, choices) for choices in joint}
            own = [[ray(*row) for row in types]] * len(found.agents)
            for kinds in product(*own):
                truth = tuple(market.choose(seat, c) for seat, c in zip(found.agents, kinds, strict=True))
                for choices in joint:
                    saved = [
                        dot(c, x) - dot(c, y)
                        for c, x, y in zip(kinds, changes[truth], changes[choices], strict=True)
                    ]
                    if min(saved) >= 0:
                        best = max(best, sum(saved, Fraction(0)))
            assert found.gain == best


def test_many_profiles_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manipulation, "LISTED", 1)
    market = worked("W2").market()
    found = manipulations(market)
    assert all(one.gain == 0.0 for one in found[:3])
    assert all(isinstance(one.gain, float) for one in found)
    assert max(float(one.gain) for one in found[3:]) > 0
    written = json.loads(json.dumps([one.to_json() for one in found]))
    assert [one["agent"] for one in written] == [0, 1, 2, [0, 1], [0, 2], [1, 2]]
    assert written[0]["best_deviation"] is None


def test_sampled_gains_are_those_of_all_profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = manipulations(worked("W2").market())
    monkeypatch.setattr(manipulation, "LISTED", 1)
    monkeypatch.setattr(manipulation, "SAMPLED", 20_000)
    monkeypatch.setattr(manipulation, "BUDGET", 10**6)
    for found, known in zip(manipulations(worked("W2").market()), exact, strict=True):
        # A profile changes what two agents save by at most 2 · 4 hours, and their means are compared.
        assert abs(found.gain - float(known.gain)) <= FAR * 2 * 4 / sqrt(20_000)
        assert (found.gain > 0) is (known.gain > 0)


@pytest.mark.parametrize(("budget", "count"), [(10**6, 400), (27 * 50, 50), (1, 20)])
def test_so_many_profiles_are_sampled(monkeypatch: pytest.MonkeyPatch, budget: int, count: int) -> None:
    """For three pairs of agents with nine joint choices each."""
    counts: list[int] = []

    def draw(market: Market, dice: np.random.Generator, number: int) -> Any:  # noqa: ANN401 - an array
        counts.append(number)
        return draw_profiles(market, dice, number)

    monkeypatch.setattr(manipulation, "LISTED", 1)
    monkeypatch.setattr(manipulation, "BUDGET", budget)
    monkeypatch.setattr(manipulation, "draw_profiles", draw)
    manipulations(worked("W2").market())
    assert counts == [count]


# ── other preferences ──


def test_the_guess_is_among_the_variants() -> None:
    market = worked("W1").market()
    found = {variant.name: variant for variant in robustness(market)}
    guess = found["as guessed"]
    exact = expectation(market)
    assert abs(guess.change - float(exact.change)) <= FAR * guess.std_error
    assert all(variant.change <= 0 for variant in found.values())
    assert robustness(market) == robustness(market)
    # Prices of 1 gain as much for any exchangeable types.
    for variant in robustness(worked("W2").market()):
        if variant.name != "correlated":
            assert abs(variant.change + 3) <= FAR * variant.std_error


def test_variants_know_remedial_and_empty_menus() -> None:
    menus = ["remedial", [[1, -1]], []]
    market = with_keys(menus=menus, social_costs=[[10, 10], [1, 1], [1, 1]]).market()
    assert {variant.change for variant in robustness(market)} == {0.0}  # nobody takes what the first gives up
    menus = ["remedial", [["4/3", -1]], [[-1, "4/3"]]]
    market = with_keys(menus=menus, social_costs=[[10, 10], [1, 1], [1, 1]]).market()
    guess, exact = robustness(market)[0], expectation(market)
    assert exact.change < 0
    assert abs(guess.change - float(exact.change)) <= FAR * guess.std_error


def test_agents_that_like_the_same_tasks_trade_less() -> None:
    """With normal scores that correlate by one half, three agents like the same task with probability 1/2.

    That is 2 (1/8 + 3 arcsin(1/2) / 4π), and the other six profiles have 1/12 each instead of 1/8: of the
    change of −3, two thirds are left.
    """
    correlated = robustness(worked("W2").market())[2]
    assert abs(correlated.change + 2) <= FAR * correlated.std_error


def test_the_standard_error_is_that_of_independent_profiles() -> None:
    market = with_keys(menus=[[[1, -1]], [], [[-1, 1]]]).market()
    guess = robustness(market)[0]
    trades = guess.change / -8  # the share of profiles in which both like the trade, which saves 8
    variance = 64 * trades * (1 - trades) / (SAMPLE - 1)
    assert guess.std_error == pytest.approx(variance**0.5, rel=1e-9)


def test_variants_of_each_family() -> None:
    box = Uniform(ray(1, 1), ray(2, 1))
    assert wider(box) == Uniform(ray("1/2", 1), ray("5/2", 1))
    assert wider(Uniform(ray(1, 2), ray("3/2", "8/3"))) == Uniform(ray("3/4", "5/3"), ray("7/4", 3))
    some = Discrete((ray(1, 2), ray(3, 2)), ray(1, 1))
    assert wider(some) == Discrete((ray("1/2", 2), ray(4, 2)), ray(1, 1))
    normal = Lognormal(ray(0, 1), (ray(1, "1/2"), ray("1/2", 1)))
    assert wider(normal) == Lognormal(ray(0, 1), (ray(4, 2), ray(2, 4)))
    other = other_family(box)
    assert isinstance(other, Lognormal)
    assert abs(float(other.mean[0]) - (2 * np.log(2) - 1)) < 0.01  # the mean of log u on [1, 2]
    assert 0 < other.covariance[1][1] < Fraction(1, 1000)
    for family in (some, normal):
        found = other_family(family)
        assert isinstance(found, Uniform)
        assert all(0 < a <= b for a, b in zip(found.low, found.high, strict=True))
    assert other_family(some) == Uniform(ray(1, 2), ray(3, 2))


def test_polarization_says_nothing_about_remedial_menus() -> None:
    verdict = polarized(with_keys(menus=["remedial", [], [[1, -1]]]).market())
    assert verdict.holds
    assert verdict.certificate == {"pairs": []}
