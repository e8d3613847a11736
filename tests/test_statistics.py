"""The tests of play against theory keep their level and see what they should see."""

import re
from fractions import Fraction
from itertools import product
from math import comb, cosh, exp, prod
from pathlib import Path
from random import Random

import numpy as np
import pytest
from scipy.stats import binom

from parley.core.statistics import (
    MIN_P,
    RATES,
    bet_on_pair,
    bet_on_two_values,
    betting_p_value,
    bonferroni,
    count_p_value,
    count_power,
    recognition_p_value,
    same_rate_p_value,
    two_valued_p_value,
    z_score,
)


def exact_distribution(probabilities: list[Fraction]) -> list[Fraction]:
    """By enumerating all outcomes of all trials."""
    weights = [Fraction(0)] * (len(probabilities) + 1)
    for outcome in product((0, 1), repeat=len(probabilities)):
        weights[sum(outcome)] += prod(
            (p if won else 1 - p for p, won in zip(probabilities, outcome, strict=True)), start=Fraction(1)
        )
    return weights


@pytest.mark.parametrize(
    "groups",
    [
        {Fraction(1, 3): 6},
        {Fraction(1, 3): 4, Fraction(9, 224): 3},
        {Fraction(1, 2): 2, Fraction(1, 5): 3, Fraction(0): 2, Fraction(1): 2},
        {Fraction(1): 3, Fraction(0): 1},
    ],
)
def test_count_p_value_is_the_exact_two_sided_tail(groups: dict[Fraction, int]) -> None:
    trials = [p for p, number in groups.items() for _ in range(number)]
    weights = exact_distribution(trials)
    for count in range(len(trials) + 1):
        tail = min(sum(weights[: count + 1]), sum(weights[count:]))
        # 1e-13 bounds the rounding of the convolution and of the binomial tails.
        assert count_p_value(count, groups) == pytest.approx(float(min(1, 2 * tail)), abs=1e-13)


@pytest.mark.parametrize(
    "p", [Fraction(1, 10**400), Fraction(1, 10**9), Fraction(3, 7), 1 - Fraction(1, 10**20)]
)
@pytest.mark.parametrize("trials", [1, 2, 40])
@pytest.mark.parametrize("companions", [0, 1])
def test_extreme_probabilities_are_no_trouble(p: Fraction, trials: int, companions: int) -> None:
    """Even where a float cannot tell a probability from 0 or 1."""
    groups = {p: trials} | ({Fraction(1, 2): companions} if companions else {})
    for count in {0, 1, trials // 2, trials}:
        shares = {k: comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(trials + 1)}
        tails = (
            sum(share for k, share in shares.items() if k <= count),
            sum(share for k, share in shares.items() if k >= count),
        )
        if companions:
            before = (tails[0] - shares[count], tails[1] - shares[count])
            tails = (
                (tails[0] + before[0]) / 2,
                (tails[1] + shares.get(count - 1, Fraction(0)) + tails[1]) / 2,
            )
        exact = float(min(Fraction(1), 2 * min(tails)))
        assert count_p_value(count, groups) == pytest.approx(exact, rel=1e-9, abs=1e-13)


def test_level_is_kept_under_the_hypothesis() -> None:
    groups = {Fraction(1, 3): 5, Fraction(1, 7): 4}
    weights = exact_distribution([p for p, number in groups.items() for _ in range(number)])
    for alpha in (0.5, 0.1, 0.01):
        rejected = sum(w for count, w in enumerate(weights) if count_p_value(count, groups) <= alpha)
        assert rejected <= alpha


def test_a_draw_that_favours_the_first_seat_is_rejected() -> None:
    draws: dict[tuple[Fraction, ...], int] = {(Fraction(3, 7), Fraction(4, 7)): 1000}
    # 430 is the integer nearest to the mean but one: each tail has nearly half of the mass.
    assert recognition_p_value([430, 570], draws) == 1.0
    p = recognition_p_value([530, 470], draws)
    assert p is not None
    assert p < 1e-6


def test_an_impossible_proposer_has_p_value_zero() -> None:
    assert recognition_p_value([9, 1], {(Fraction(1), Fraction(0)): 10}) == 0.0


def test_heterogeneous_probabilities_use_the_sum_of_variances() -> None:
    # 500 sure recognitions of each agent: nothing is random, and any other split is impossible.
    sure: dict[tuple[Fraction, ...], int] = {
        (Fraction(1), Fraction(0)): 500,
        (Fraction(0), Fraction(1)): 500,
    }
    assert recognition_p_value([500, 500], sure) == 1.0
    assert recognition_p_value([501, 499], sure) == 0.0


def test_z_score_uses_the_known_variance() -> None:
    assert z_score(Fraction(3), Fraction(1), Fraction(4), 16) == 4.0
    assert z_score(Fraction(3), Fraction(1), Fraction(0), 16) is None


def both_ways(first: int, second: int, successes: int) -> list[Fraction]:
    """How likely it is that 0, 1, … of so many successes fall among the first trials, not the second."""
    total = comb(first + second, successes)
    return [Fraction(comb(first, k) * comb(second, successes - k), total) for k in range(successes + 1)]


@pytest.mark.parametrize(("first", "second"), [(1, 1), (5, 8), (30, 4), (12, 200)])
def test_same_rate_p_value_is_the_exact_two_sided_tail_given_all_successes(first: int, second: int) -> None:
    for successes in {0, 1, 2, first, first + second // 2, first + second}:
        weights = both_ways(first, second, successes)
        for count in range(max(0, successes - second), min(first, successes) + 1):
            tail = min(sum(weights[: count + 1]), sum(weights[count:]))
            p = same_rate_p_value(count, first, successes - count, second)
            assert p == pytest.approx(float(min(1, 2 * tail)), rel=1e-8)


def test_the_same_rate_test_keeps_its_level_for_every_probability() -> None:
    first, second = 9, 25
    p_values = {
        (a, b): same_rate_p_value(a, first, b, second) for a in range(first + 1) for b in range(second + 1)
    }
    for rate in (Fraction(1, 50), Fraction(1, 3), Fraction(9, 10)):
        one, other = exact_distribution_of(first, rate), exact_distribution_of(second, rate)
        for alpha in (0.5, 0.05, 0.01):
            rejected = sum(one[a] * other[b] for (a, b), p in p_values.items() if p <= alpha)
            assert rejected <= alpha
    # Other rates are seen.
    assert same_rate_p_value(90, 100, 500, 1000) < 1e-9


def exact_distribution_of(trials: int, rate: Fraction) -> list[Fraction]:
    return [comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(trials + 1)]


def test_bonferroni_keeps_the_level_of_tests_that_depend_on_each_other() -> None:
    """Throws of one die, all six counts tested."""
    repetitions, throws, alpha = 1500, 40, 0.1
    dice = Random(11)
    rejected = 0
    for _ in range(repetitions):
        counts = [0] * 6
        for _ in range(throws):
            counts[dice.randrange(6)] += 1
        rejected += bonferroni(count_p_value(c, {Fraction(1, 6): throws}) for c in counts) <= alpha
    # Beyond this a binomial number with probability α comes once in a million.
    assert 0 < rejected <= binom.isf(1e-6, repetitions, alpha)
    assert bonferroni([0.4, 0.6]) == 0.8
    assert bonferroni([0.6, 0.7]) == 1.0


# ── sums of two values, and bets ────────────────────────────────────────────────────────────────────────────

RARE = Fraction(1, 301)
"""Of the second agent in D = [[300,0],[0,1]], C = [[300,0],[200,1]] under p*."""


@pytest.mark.parametrize("p", [Fraction(1, 2), Fraction(3, 7), RARE, Fraction(1, 10**6), 1 - RARE])
@pytest.mark.parametrize("games", [1, 10, 113])
def test_the_level_of_each_test_is_kept_exactly(games: int, p: Fraction) -> None:
    """Summed over all outcomes: what is refuted has no more probability than the level."""
    counts = range(games + 1)
    weights = binom.pmf(counts, games, float(p))
    found = [two_valued_p_value(7 * games - 3 * count, games, 7, 4, p) for count in counts]
    for level in (MIN_P, 1e-3, 0.05):
        rejected = sum(w for w, value in zip(weights, found, strict=True) if value < level)
        assert rejected <= level * (1 + 1e-9)
    assert found == [count_p_value(count, {p: games}) for count in counts]


def test_a_sum_that_no_count_leads_to_is_placed_between_those_that_do() -> None:
    half = Fraction(1, 2)
    low, between, high = (two_valued_p_value(total, 20, 0, 10, half) for total in (30, 35, 40))
    assert low <= between < high
    assert two_valued_p_value(201, 20, 0, 10, half) == two_valued_p_value(-1, 20, 0, 10, half) == 0


@pytest.mark.parametrize("p", [0, 1])
@pytest.mark.parametrize(("usual", "other"), [(2, 5), (5, 2), (3, 3)])
def test_where_nothing_is_random_one_sum_is_possible(usual: int, other: int, p: int) -> None:
    possible = 4 * (other if p else usual)
    for total in range(25):
        found = two_valued_p_value(total, 4, usual, other, Fraction(p))
        assert found == (1 if total == possible else 0)


def test_the_power_is_what_the_pages_say() -> None:
    """The table of docs/explanation/agreement.md: games, and false alarms in a million."""
    page = (Path(__file__).parents[1] / "docs" / "explanation" / "agreement.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\S+) \| (\d+/\d+)[^|]*\| ([\d,]+) \| ([\d.]+)", page, re.MULTILINE)
    assert len(rows) == 5
    for true, claimed, games, alarms in rows:
        p, number = Fraction(claimed), int(games.replace(",", ""))
        assert count_power(number, p, Fraction(true)) >= 0.99 > count_power(number // 2, p, Fraction(true))
        assert round(count_power(number, p, p) * 10**6, 2) == float(alarms) < 1
    assert round(count_power(10, RARE, RARE) * 10**6, 3) == 0.025
    assert "in 0.025 of a million" in page
    # |z| > 4.5 at ten games is one proposal or more.
    assert f"{1 - float(1 - RARE) ** 10:.1%}" == "3.3%"


def test_power_is_the_share_of_simulated_runs_that_refute() -> None:
    dice = np.random.default_rng(1)
    counts = dice.binomial(400, 0.5, 20_000)
    claimed = Fraction(3, 7)
    refuted = sum(count_p_value(int(count), {claimed: 400}) < 0.05 for count in counts)
    power = count_power(400, claimed, Fraction(1, 2), 0.05)
    assert binom.cdf(refuted, 20_000, power) > 1e-6 < binom.sf(refuted - 1, 20_000, power)


@pytest.mark.parametrize("p", [0.5, float(RARE)])
def test_bets_win_no_more_often_than_their_level_even_if_the_next_game_depends_on_the_last(p: float) -> None:
    """Games whose probability changes with what came before, stopped when the money is greatest."""
    dice = np.random.default_rng(2)
    runs, level = 4000, 0.05
    money = np.zeros((runs, len(RATES)))
    chances, most = np.full(runs, p), np.zeros(runs)
    for _ in range(60):
        won = dice.random(runs) < chances
        expected = {chance: bet_on_two_values(chance) for chance in set(chances.tolist())}
        money += np.outer(won, RATES) - np.array([expected[chance] for chance in chances.tolist()])
        most = np.maximum(most, np.logaddexp.reduce(money, axis=1) - np.log(len(RATES)))
        chances = np.where(won, p / 3, p)
    rejected = int((np.exp(-most) < level).sum())
    assert binom.sf(rejected - 1, runs, level) > 1e-6


@pytest.mark.parametrize("difference", [-2.5, 0.0, 0.25, 3.0])
def test_a_bet_on_a_pair_comes_to_what_its_formula_says(difference: float) -> None:
    stakes = RATES * difference
    expected = [exp(stake) / cosh(stake) for stake in stakes.tolist()]
    assert np.exp(bet_on_pair(difference)).tolist() == pytest.approx(expected, rel=1e-12)


def test_bets_on_pairs_are_fair_for_any_distribution_and_see_a_shift() -> None:
    dice = np.random.default_rng(3)
    level, rejected = 0.05, 0
    for _ in range(500):
        one, other = (dice.choice([0.0, 1.0, 40.0], 50, p=[0.6, 0.39, 0.01]) for _ in range(2))
        rejected += betting_p_value(np.sum([bet_on_pair(d) for d in one - other], axis=0)) < level
    assert binom.sf(rejected - 1, 500, level) > 1e-6
    shifted = np.sum([bet_on_pair(d) for d in dice.normal(1.0, 1.0, 200)], axis=0)
    assert betting_p_value(shifted) < MIN_P
