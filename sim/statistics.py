"""Tests of play against theory, valid at any number of games.

What is known exactly is used exactly: the variance of a cost whose distribution theory gives, and the
distribution of a count whose every term has a known probability. Nothing is estimated that can be computed.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import copysign, sqrt

import numpy as np
import numpy.typing as npt
from scipy.stats import binom, hypergeom

__all__ = [
    "MAX_Z",
    "MIN_P",
    "bonferroni",
    "count_p_value",
    "recognition_p_value",
    "same_rate_p_value",
    "z_score",
]

MAX_Z = 4.5
"""|z| beyond which what was played contradicts theory: under the hypothesis, 7 times in a million."""
MIN_P = 1e-6
"""p-value below which what was played contradicts theory: under the hypothesis, once in a million runs."""


def z_score(mean: Fraction, expected: Fraction, variance: Fraction, samples: int) -> float | None:
    """Deviation of a sample mean in units of its exact standard deviation.

    Parameters
    ----------
    mean, expected : Fraction
        Sample mean and the expectation under the hypothesis, in the same unit.
    variance : Fraction
        Exact variance of one sample under the hypothesis.
    samples : int
        Number of independent samples, at least 1.

    Returns
    -------
    float or None
        None where the variance is zero: then nothing is random and mean and expectation are compared exactly.

    Examples
    --------
    >>> z_score(Fraction(51, 100), Fraction(1, 2), Fraction(1, 4), 10_000)
    2.0
    >>> z_score(Fraction(1), Fraction(1), Fraction(0), 10) is None
    True
    """
    if variance == 0:
        return None
    # Squared in fractions: whatever the unit, neither part leaves the range of floats.
    return copysign(sqrt((mean - expected) ** 2 * samples / variance), mean - expected)


def _sum_distribution(groups: Sequence[tuple[float, int]]) -> npt.NDArray[np.float64]:
    """Probabilities of 0, 1, … successes in independent trials, ``count`` of them with each probability."""
    if len(groups) == 1:
        p, count = groups[0]
        return np.asarray(binom.pmf(np.arange(count + 1), count, p), dtype=np.float64)
    from scipy.signal import fftconvolve  # noqa: PLC0415 - a second to load, and seldom needed

    half = len(groups) // 2
    product = fftconvolve(_sum_distribution(groups[:half]), _sum_distribution(groups[half:]))
    # Rounding leaves values of the order of −1e−17 where the truth is a smaller positive number.
    clipped: npt.NDArray[np.float64] = np.clip(product, 0.0, None)
    return clipped


def count_p_value(count: int, groups: Mapping[Fraction, int], unseen: int = 0) -> float:
    """Two-sided p-value of a number of successes in trials whose probabilities are known but differ.

    The number of successes has a Poisson-binomial distribution. It is computed, not approximated, so the test
    keeps its level for any number of trials and any probabilities: P(p-value ≤ α) ≤ α. Where probabilities
    differ, the convolution's rounding (below 1e-13) bounds what a p-value can resolve.

    Parameters
    ----------
    count : int
        Observed successes.
    groups : mapping of Fraction to int
        How many trials had each probability.
    unseen : int
        How many of these trials nobody saw the result of, none of them counted in `count`. Somebody may have
        hidden them *because* of their results: either tail assumes that they went its way, so that the test
        keeps its level whatever was hidden.

    Examples
    --------
    >>> round(count_p_value(0, {Fraction(1, 2): 3}), 3)  # twice 1/8
    0.25
    >>> round(count_p_value(2, {Fraction(1, 2): 1, Fraction(1, 4): 1}), 3)  # twice 1/8
    0.25
    >>> count_p_value(1, {Fraction(0): 5})
    0.0
    >>> count_p_value(10, {Fraction(1, 2): 20}, unseen=10)  # whoever lost hid it: ten of twenty, as expected
    1.0
    """
    certain = groups.get(Fraction(1), 0)
    uncertain = [(float(p), trials) for p, trials in groups.items() if 0 < p < 1]
    least, most = count - certain, count + unseen - certain
    trials = sum(number for _, number in uncertain)
    if most < 0 or least > trials:
        return 0.0
    least, most = max(least, 0), min(most, trials)
    if not uncertain:
        return 1.0
    if len(uncertain) == 1:
        p = uncertain[0][0]
        lower, upper = float(binom.cdf(most, trials, p)), float(binom.sf(least - 1, trials, p))
    else:
        distribution = _sum_distribution(uncertain)
        lower, upper = float(distribution[: most + 1].sum()), float(distribution[least:].sum())
    return min(1.0, 2.0 * min(lower, upper))


def same_rate_p_value(count: int, trials: int, other_count: int, other_trials: int) -> float:
    """Two-sided p-value of two numbers of successes whose trials have one probability, which is not known.

    For what theory can only sample too. Given the successes of both together, how many of them fall among the
    first trials has a hypergeometric distribution whatever the probability is. That is computed, not
    approximated (relative rounding is below 1e-8), so that the test keeps its level for any number of trials.

    Parameters
    ----------
    count, other_count : int
        Observed successes.
    trials, other_trials : int
        Of how many.

    Examples
    --------
    >>> round(same_rate_p_value(3, 3, 0, 3), 3)  # twice 1/20: all three successes on one side
    0.1
    >>> same_rate_p_value(0, 10, 0, 1000)
    1.0
    """
    numbers = trials + other_trials, count + other_count, trials
    lower, upper = float(hypergeom.cdf(count, *numbers)), float(hypergeom.sf(count - 1, *numbers))
    return min(1.0, 2.0 * min(lower, upper))


def bonferroni(p_values: Iterable[float]) -> float:
    """One p-value for several tests, whatever the dependence between them: the smallest, times their number.

    Examples
    --------
    >>> bonferroni([0.5, 0.01, 0.25])
    0.03
    >>> bonferroni([])  # nothing was tested
    1.0
    """
    found = list(p_values)
    return min(1.0, len(found) * min(found)) if found else 1.0


def recognition_p_value(
    counts: Sequence[int], draws: Mapping[tuple[Fraction, ...], int], unseen: int = 0
) -> float | None:
    """Whether proposers were recognized with their stated probabilities, which may differ from game to game.

    One exact test per agent (:func:`count_p_value`), combined by Bonferroni: n times the smallest p-value.
    Valid for any dependence between the agents' counts, hence for draws that recognize exactly one of them.

    Parameters
    ----------
    counts : sequence of int, length n
        How often each agent was recognized.
    draws : mapping of tuple of Fraction to int
        How many draws were made with each vector of recognition probabilities.
    unseen : int
        How many of these draws were never completed, and are not counted; see :func:`count_p_value`.

    Returns
    -------
    float or None
        None where nothing was drawn.

    Examples
    --------
    >>> recognition_p_value([5, 5], {(Fraction(1, 2), Fraction(1, 2)): 10})
    1.0
    >>> recognition_p_value([10, 0], {(Fraction(1, 2), Fraction(1, 2)): 10}) < 0.01
    True
    >>> recognition_p_value([0, 0], {}) is None
    True
    """
    if not draws:
        return None
    p_values = []
    for agent, count in enumerate(counts):
        groups: dict[Fraction, int] = {}
        for probabilities, number in draws.items():
            p = probabilities[agent]
            groups[p] = groups.get(p, 0) + number
        p_values.append(count_p_value(count, groups, unseen))
    return bonferroni(p_values)
