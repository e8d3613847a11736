"""Tests of play against theory, valid at any number of games.

What is known exactly is used exactly: the variance of a cost whose distribution theory gives, and the
distribution of a count whose every term has a known probability. Nothing is estimated that can be computed.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import copysign, exp, log, sqrt

import numpy as np
import numpy.typing as npt
from scipy.stats import binom, hypergeom

__all__ = [
    "MIN_P",
    "RATES",
    "bet_on_pair",
    "bet_on_two_values",
    "betting_p_value",
    "bonferroni",
    "count_p_value",
    "count_power",
    "recognition_p_value",
    "same_rate_p_value",
    "two_valued_p_value",
    "z_score",
]

MIN_P = 1e-6
"""Level of each test: under the hypothesis, a p-value is below it at most once in a million runs."""


def z_score(mean: Fraction, expected: Fraction, variance: Fraction, samples: int) -> float | None:
    """Deviation of a sample mean in units of its exact standard deviation.

    For information: it is normal only in the limit, and no verdict depends on it.

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


def two_valued_p_value(total: int, samples: int, usual: int, other: int, p: Fraction) -> float:
    """Two-sided p-value of a sum of independent numbers that have two known values.

    The sum is `samples` · usual + N · (other − usual), where N, the number of times that `other` came, is
    binomial. So its distribution is known at every number of samples, and either tail is computed exactly. A
    sum that N cannot lead to is placed between those that it can.

    Parameters
    ----------
    total : int
        The sum that was observed.
    samples : int
        At least 1.
    usual, other : int
        The values; `other` has probability `p`.
    p : Fraction

    Returns
    -------
    float
        P(p-value ≤ α) ≤ α for every α. If nothing is random, 1 for the only possible sum and 0 for others.

    Examples
    --------
    >>> round(two_valued_p_value(3, 3, usual=0, other=1, p=Fraction(1, 2)), 3)  # twice 1/8
    0.25
    >>> two_valued_p_value(29, 3, usual=10, other=9, p=Fraction(0))
    0.0
    """
    if other == usual:
        return float(total == samples * usual)
    count = Fraction(total - samples * usual, other - usual)
    chance = float(p)
    lower, upper = (
        float(binom.cdf(count.__floor__(), samples, chance)),
        float(binom.sf(count.__ceil__() - 1, samples, chance)),
    )
    return min(1.0, 2.0 * min(lower, upper))


def count_power(trials: int, claimed: Fraction, true: Fraction, level: float = MIN_P) -> float:
    """Probability that a count refutes a wrong probability: the power of `count_p_value`, exactly.

    Parameters
    ----------
    trials : int
    claimed, true : Fraction
        The probability of a success that is tested, and the one that it has.
    level : float
        p-values below it refute.

    Examples
    --------
    >>> round(count_power(1000, Fraction(3, 7), Fraction(8, 15)), 3)
    0.955
    >>> count_power(1000, Fraction(3, 7), Fraction(3, 7)) <= MIN_P
    True
    """
    counts = np.arange(trials + 1)
    lower, upper = (
        binom.cdf(counts, trials, float(claimed)),
        binom.sf(counts - 1, trials, float(claimed)),
    )
    refuted = np.minimum(1.0, 2.0 * np.minimum(lower, upper)) < level
    return float(binom.pmf(counts[refuted], trials, float(true)).sum())


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


# ── games that differ, and whose kind depends on games before ───────────────────────────────────────────────

RATES: npt.NDArray[np.float64] = np.concatenate([sign * 2.0 ** np.arange(-12, 4) for sign in (1, -1)])
"""Rates θ at which it is bet against a hypothesis; half of the money is on means that are too low."""


def bet_on_two_values(p: float) -> npt.NDArray[np.float64]:
    """Logarithm of E exp(θ·I) for each of `RATES`, where I is 1 with probability p, else 0.

    Whoever bets exp(θ·I) / E exp(θ·I) for one unit of money wins nothing on average. So the money after any
    number of such bets is a martingale, whatever p is in the next game, also if it depends on the games
    before. ``θ·I − ln E exp(θ·I)``, summed over games, is the logarithm of that money: see `betting_p_value`.

    Examples
    --------
    >>> bool(np.isclose(np.log(0.75 + 0.25 * np.exp(RATES)), bet_on_two_values(0.25)).all())
    True
    """
    expected: npt.NDArray[np.float64] = np.log1p(p * np.expm1(RATES))
    return expected


def bet_on_pair(difference: float) -> npt.NDArray[np.float64]:
    """Logarithm of what a bet on the difference of two numbers comes to, for each of `RATES`.

    If both are independent and of one distribution, whichever it is, then the difference has the two signs
    with equal probabilities, and exp(θ·d) / cosh(θ·d) is 1 on average.

    Examples
    --------
    >>> bool(np.isclose(np.exp(bet_on_pair(3.0)) + np.exp(bet_on_pair(-3.0)), 2).all())
    True
    """
    stake = RATES * difference
    # ln(exp(x) / cosh(x)) = ln 2 − ln(1 + exp(−2x)).
    logs: npt.NDArray[np.float64] = np.log(2.0) - np.logaddexp(0.0, -2.0 * stake)
    return logs


def betting_p_value(logs: npt.NDArray[np.float64]) -> float:
    """p-value of a hypothesis from the logarithms of what bets against it have come to, at equal stakes.

    The money M is a martingale that begins with 1 and is never negative, so that P(M ≥ 1/α at some time) ≤ α
    (Ville's inequality). So 1/M is a p-value: its level is kept after any number of games, and also if what
    is played depends on the games before.

    Parameters
    ----------
    logs : ndarray of float, shape (rates,)
        By `RATES`.

    Examples
    --------
    >>> heads = lambda won, of: RATES * won - of * bet_on_two_values(0.5)
    >>> betting_p_value(heads(500, 1000)), betting_p_value(heads(700, 1000)) < MIN_P
    (1.0, True)
    """
    money = float(np.logaddexp.reduce(logs)) - log(len(logs))
    return exp(-money) if money > 0 else 1.0
