"""The tests of play against theory keep their level and see what they should see."""

from fractions import Fraction
from itertools import product
from math import prod

import pytest

from sim.statistics import count_p_value, recognition_p_value, z_score


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
