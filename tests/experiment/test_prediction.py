"""Predictions are Proposition 1's, exactly; and where there is more to predict, what games come to."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest

from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.experiment.dynamics import Adaptation
from parley.mechanisms.coordination.experiment.prediction import (
    Payoffs,
    fair_share,
    payoffs,
    predict,
    profile_costs,
)
from parley.mechanisms.coordination.mechanism import MECHANISM
from parley.mechanisms.coordination.problem import Problem, example_1, load_problem
from parley.mechanisms.coordination.recognition import RECOGNITION
from parley.mechanisms.coordination.solution import solve
from tests.experiment.files import GREED_PROBLEM

BEST = Fraction(62)


def greed(recognition: str) -> tuple[Problem, Payoffs]:
    """The greed experiment's problem, and its profiles of equilibrium (0) and greedy (1) agents 1 to 4."""
    problem = replace(load_problem(GREED_PROBLEM), recognition=recognition)
    both = [make_bots([name], 5) for name in ("equilibrium", "greedy")]
    strategies = [*([both[0][i], both[1][i]] for i in range(4)), [both[0][4]]]
    found = payoffs(problem, strategies, BEST)
    assert found is not None
    return problem, found


@pytest.mark.parametrize("recognition", RECOGNITION)
def test_in_equilibrium_everybody_bears_what_the_solution_says(recognition: str) -> None:
    problem = replace(example_1(), recognition=recognition)
    assert profile_costs(problem, make_bots(["equilibrium"], 5)) == solve(problem).expected_costs


def test_all_of_a_profile_bear_what_the_announced_allocation_costs() -> None:
    for recognition in ("p-star", "announcement-proportional"):
        problem, found = greed(recognition)
        for profile, costs in found.exact.items():
            saved = found.saved_exactly(profile)
            assert sum(costs) == found.contracted - saved * BEST
            assert 0 <= saved <= 1
        assert found.saved_exactly((0, 0, 0, 0, 0)) == 1
        assert solve(problem).savings == BEST


@pytest.mark.parametrize(
    "bots",
    [
        ["stubborn", "equilibrium", "equilibrium", "equilibrium", "equilibrium"],
        pytest.param(
            ["greedy", "stubborn:1/4", "equilibrium", "minimal", "equilibrium"], marks=pytest.mark.deep
        ),
        pytest.param(
            ["stubborn", "stubborn", "equilibrium", "equilibrium", "equilibrium"], marks=pytest.mark.deep
        ),
    ],
    ids=",".join,
)
def test_what_the_stubborn_cost_is_what_games_with_them_cost(bots: list[str]) -> None:
    problem = replace(example_1(), continuation=Fraction(1, 2))
    expected = profile_costs(problem, make_bots(bots, 5))
    assert expected is not None
    run = MECHANISM.simulate(problem, games=1200, seed=2, bots=bots)
    for row, cost in zip(run.comparison.means["cost"], expected, strict=True):
        assert row.mean is not None
        assert row.std_error is not None
        # The sample's standard error, since costs take many values here; some are constant but for dust.
        assert abs(float(row.mean - cost)) <= 4.5 * row.std_error + 1e-8


def test_strategies_that_draw_lots_are_not_predicted() -> None:
    assert profile_costs(example_1(), make_bots(["random"], 5)) is None
    assert payoffs(example_1(), [[bot] for bot in make_bots(["withholder"], 5)], Fraction(38)) is None


def test_mean_costs_are_averages_over_profiles() -> None:
    _, found = greed("p-star")
    random = np.random.default_rng(1)
    shares = [random.dirichlet([1.0] * k) for k in (2, 2, 2, 2, 1)]
    expected = found.expected(shares)
    for seat in range(4):
        for k in range(2):
            total = 0.0
            for profile in product(*(range(len(share)) for share in shares)):
                if profile[seat] == k:
                    weight = np.prod(
                        [s[j] for i, (s, j) in enumerate(zip(shares, profile, strict=True)) if i != seat]
                    )
                    total += float(weight) * float(found.exact[profile][seat]) / (62 / 5)
            assert expected[seat][k] == pytest.approx(total, rel=1e-12)
    saved = sum(
        np.prod([s[j] for s, j in zip(shares, profile, strict=True)]) * float(found.saved_exactly(profile))
        for profile in found.exact
    )
    assert found.mean_saved(shares) == pytest.approx(saved, rel=1e-12)


def test_greed_pays_one_agent_after_the_other_until_nobody_gains_by_going_back() -> None:
    _, found = greed("announcement-proportional")
    way = [(0, 0, 0, 0, 0), (0, 1, 0, 0, 0), (0, 1, 1, 0, 0), (0, 1, 1, 1, 0)]
    for before, after in pairwise(way):
        turned = next(i for i in range(5) if before[i] != after[i])
        assert found.exact[after][turned] < found.exact[before][turned]
    assert [found.saved_exactly(p) for p in way] == [1, Fraction(30, 31), Fraction(18, 31), Fraction(14, 31)]
    # No other profile is an equilibrium of the game between the two strategies.
    assert strict_equilibria(found) == [way[-1]]


def test_under_p_star_nobody_gains_by_greed() -> None:
    _, found = greed("p-star")
    assert strict_equilibria(found) == [(0, 0, 0, 0, 0)]


def strict_equilibria(found: Payoffs) -> list[tuple[int, ...]]:
    """Profiles in which every one of agents 1 to 4 would bear more if it alone switched."""
    result = []
    for profile, costs in found.exact.items():
        switched = [(*profile[:i], 1 - profile[i], *profile[i + 1 :]) for i in range(4)]
        if all(found.exact[other][i] > costs[i] for i, other in enumerate(switched)):
            result.append(profile)
    return result


@pytest.mark.parametrize(
    ("recognition", "saved"), [("announcement-proportional", Fraction(14, 31)), ("p-star", Fraction(1))]
)
def test_without_mutants_the_dynamics_rests_exactly_at_that_equilibrium(
    recognition: str, saved: Fraction
) -> None:
    problem, found = greed(recognition)
    start = [np.array([0.5, 0.5])] * 4 + [np.array([1.0])]
    rest = predict(found, fair_share(problem, BEST), start, Adaptation("replicator", 2.0), 1).rest
    assert rest is not None
    assert rest.exactly == saved
    assert rest.saved == pytest.approx(float(saved), abs=1e-12)
    # Near the rest point, a strategy that costs z fair shares more loses the share rate · z in a generation.
    corner = tuple(int(share.argmax()) for share in rest.shares)
    gaps = [
        float(found.exact[(*corner[:i], 1 - corner[i], *corner[i + 1 :])][i] - found.exact[corner][i]) / 12.4
        for i in range(4)
    ]
    assert rest.radius == pytest.approx(max(1 - min(1.0, 2 * gap) for gap in gaps), abs=1e-5)


def test_mutants_move_the_rest_point_and_it_stays_one() -> None:
    problem, found = greed("announcement-proportional")
    how = Adaptation("replicator", 4.0, mutation=0.01)
    start = [np.array([0.8, 0.2])] * 4 + [np.array([1.0])]
    unit = fair_share(problem, BEST)
    rest = predict(found, unit, start, how, 1).rest
    assert rest is not None
    assert rest.exactly is None
    assert rest.radius < 0.7
    again = predict(found, unit, rest.shares, how, 3)
    for shares in again.shares:
        for before, after in zip(rest.shares, shares, strict=True):
            assert after == pytest.approx(before, abs=1e-12)
    assert again.saved == pytest.approx([rest.saved] * 3, abs=1e-12)
