"""Exact tests of play against theory, valid for any number of games.

Variances and distributions that theory gives are computed, not estimated.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import copysign, exp, log, sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincc

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
    "sum_p_value",
    "two_valued_p_value",
    "z_score",
]

MIN_P = 1e-6
"""Level of each test: under the hypothesis, a p-value is below it at most once in a million runs."""


def z_score(mean: Fraction, expected: Fraction, variance: Fraction, samples: int) -> float | None:
    """Deviation of a sample mean in units of its exact standard deviation.

    For information only: it is normal only in the limit, and no verdict uses it.

    Parameters
    ----------
    mean, expected : Fraction
        Sample mean and its expectation under the hypothesis, in the same unit.
    variance : Fraction
        Exact variance of one sample under the hypothesis.
    samples : int
        Number of independent samples, at least 1.

    Returns
    -------
    float or None
        None if the variance is zero; then mean and expectation must be equal.

    Examples
    --------
    >>> z_score(Fraction(51, 100), Fraction(1, 2), Fraction(1, 4), 10_000)
    2.0
    >>> z_score(Fraction(1), Fraction(1), Fraction(0), 10) is None
    True
    """
    if variance == 0:
        return None
    # Squared as fractions, so that no part exceeds the range of floats.
    return copysign(sqrt((mean - expected) ** 2 * samples / variance), mean - expected)


def _chances(trials: int, p: float) -> npt.NDArray[np.float64]:
    """Probabilities of 0, 1, …, ``trials`` successes, from ratios of neighbours outward from the mode."""
    if p > 0.5:
        return _chances(trials, 1 - p)[::-1]
    counts = np.arange(trials)
    with np.errstate(under="ignore"):
        ratios = (trials - counts) / (counts + 1) * (p / (1 - p))
        mode = int((trials + 1) * p)
        above = np.cumprod(ratios[mode:])
        below = np.cumprod(1 / ratios[:mode][::-1])[::-1]
    relative = np.concatenate([below, [1.0], above])
    return np.asarray(relative / relative.sum(), dtype=np.float64)


def _at_most(count: npt.ArrayLike, trials: int, p: float) -> npt.NDArray[np.float64]:
    """Probability of at most so many successes."""
    k = np.asarray(count, dtype=np.float64)
    inside = betaincc(np.clip(k, 0, trials - 1) + 1, trials - np.clip(k, 0, trials - 1), p)
    return np.asarray(np.where(k < 0, 0.0, np.where(k >= trials, 1.0, inside)), dtype=np.float64)


def _at_least(count: npt.ArrayLike, trials: int, p: float) -> npt.NDArray[np.float64]:
    """Probability of at least so many successes."""
    k = np.asarray(count, dtype=np.float64)
    inside = betainc(np.clip(k, 1, trials), trials - np.clip(k, 1, trials) + 1, p)
    return np.asarray(np.where(k <= 0, 1.0, np.where(k > trials, 0.0, inside)), dtype=np.float64)


def _sum_distribution(groups: Sequence[tuple[float, int]]) -> npt.NDArray[np.float64]:
    """Probabilities of 0, 1, … successes in independent trials, ``count`` of them with each probability."""
    if len(groups) == 1:
        p, count = groups[0]
        return _chances(count, p)
    half = len(groups) // 2
    parts = _sum_distribution(groups[:half]), _sum_distribution(groups[half:])
    length = sum(map(len, parts)) - 1
    size = 1 << (length - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(parts[0], size) * np.fft.rfft(parts[1], size), size)[:length]
    # Rounding may give values near −1e−17 instead of tiny positive ones.
    clipped: npt.NDArray[np.float64] = np.clip(product, 0.0, None)
    return clipped


def count_p_value(count: int, groups: Mapping[Fraction, int], unseen: int = 0) -> float:
    """Two-sided p-value of a number of successes in trials with known, different probabilities.

    The number of successes has a Poisson-binomial distribution. It is computed, not approximated, so
    P(p-value ≤ α) ≤ α for any number of trials and any probabilities. If probabilities differ, the rounding
    of the convolution (below 1e-13) limits the precision of p-values.

    Parameters
    ----------
    groups : mapping of Fraction to int
        Number of trials with each probability.
    unseen : int
        Number of trials with unknown result, not included in `count`. They may be hidden *because* of their
        results, so each tail assumes the result that favours it; the level holds for any hiding.

    Examples
    --------
    >>> round(count_p_value(0, {Fraction(1, 2): 3}), 3)  # twice 1/8
    0.25
    >>> round(count_p_value(2, {Fraction(1, 2): 1, Fraction(1, 4): 1}), 3)  # twice 1/8
    0.25
    >>> count_p_value(1, {Fraction(0): 5})
    0.0
    >>> count_p_value(10, {Fraction(1, 2): 20}, unseen=10)  # losers hid it: ten of twenty, as expected
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
        lower, upper = float(_at_most(most, trials, p)), float(_at_least(least, trials, p))
    else:
        distribution = _sum_distribution(uncertain)
        lower, upper = float(distribution[: most + 1].sum()), float(distribution[least:].sum())
    return min(1.0, 2.0 * min(lower, upper))


def two_valued_p_value(total: int, samples: int, usual: int, other: int, p: Fraction) -> float:
    """Two-sided p-value of a sum of independent numbers with two known values.

    The sum is `samples` · usual + N · (other − usual), where N, the number of times `other` occurs, is
    binomial with probability `p`. Both tails are exact: P(p-value ≤ α) ≤ α. An impossible sum is placed
    between the neighbouring possible ones. If nothing is random, the result is 1 for the only possible sum,
    otherwise 0.

    Parameters
    ----------
    total : int
        The observed sum.
    samples : int
        At least 1.
    usual, other : int
        The two values; `other` has probability `p`.

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
        float(_at_most(count.__floor__(), samples, chance)),
        float(_at_least(count.__ceil__(), samples, chance)),
    )
    return min(1.0, 2.0 * min(lower, upper))


_THETAS: npt.NDArray[np.float64] = np.geomspace(1e-6, 1e2, 800)
"""Where Chernoff's bound is evaluated, in the inverse of the widest spread. It holds at each of them."""


def sum_p_value(total: int, laws: Sequence[tuple[Sequence[tuple[int, Fraction]], int]]) -> float:
    """Two-sided p-value of a sum of independent numbers whose distributions are known.

    Numbers of one distribution with two values are tested exactly (`two_valued_p_value`). Otherwise either
    tail is bounded by Chernoff's inequality, P(S ≥ s) ≤ E exp(θ(S − s)) for every θ > 0. So the level is kept
    for any number of numbers.

    Parameters
    ----------
    total : int
        The sum that was observed.
    laws : sequence of (sequence of (int, Fraction), int)
        The values of each distribution with their probabilities, and how many numbers have it.

    Examples
    --------
    >>> coin = [(0, Fraction(1, 2)), (1, Fraction(1, 2))]
    >>> sum_p_value(3, [(coin, 3)])  # twice 1/8
    0.25
    >>> other = [(0, Fraction(1, 4)), (1, Fraction(3, 4))]
    >>> round(sum_p_value(10, [(coin, 5), (other, 5)]), 4)  # twice 0.0074
    0.0148
    >>> sum_p_value(11, [(coin, 5), ([(1, Fraction(1))], 5)])
    0.0
    """
    if len(laws) == 1 and len(laws[0][0]) == 2:
        ((usual, _), (other, p)), samples = laws[0]
        return two_valued_p_value(total, samples, usual, other, p)
    least = sum(min(value for value, p in law if p) * number for law, number in laws)
    most = sum(max(value for value, p in law if p) * number for law, number in laws)
    if not least <= total <= most:
        return 0.0
    if least == most:
        return 1.0
    spread = max(max(v for v, _ in law) - min(v for v, _ in law) for law, _ in laws)
    far = Fraction(total)
    logs = np.zeros((2, len(_THETAS)))
    for law, number in laws:
        mean = sum((p * value for value, p in law), Fraction(0))
        far -= mean * number
        places = np.array([float((value - mean) / spread) for value, _ in law])
        weights = np.array([float(p) for _, p in law])
        for side, sign in enumerate((-1, 1)):
            logs[side] += number * _log_mean(sign * np.outer(_THETAS, places), weights)
    away = float(far / spread)
    bounds = [float((logs[side] - sign * _THETAS * away).min()) for side, sign in enumerate((-1, 1))]
    return min(1.0, 2.0 * exp(min(0.0, *bounds)))


def _log_mean(logs: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Logarithm of the weighted mean of exponentials, row by row."""
    top = logs.max(axis=1)
    means: npt.NDArray[np.float64] = top + np.log(np.exp(logs - top[:, None]) @ weights)
    return means


def count_power(trials: int, claimed: Fraction, true: Fraction, level: float = MIN_P) -> float:
    """Exact power of `count_p_value`: the probability that it rejects a wrong probability.

    Parameters
    ----------
    claimed, true : Fraction
        The tested probability of a success, and the true one.
    level : float
        p-values below it reject.

    Examples
    --------
    >>> round(count_power(1000, Fraction(3, 7), Fraction(8, 15)), 3)
    0.955
    >>> count_power(1000, Fraction(3, 7), Fraction(3, 7)) <= MIN_P
    True
    """
    counts = np.arange(trials + 1)
    lower, upper = (
        _at_most(counts, trials, float(claimed)),
        _at_least(counts, trials, float(claimed)),
    )
    refuted = np.minimum(1.0, 2.0 * np.minimum(lower, upper)) < level
    return float(_chances(trials, float(true))[refuted].sum())


def same_rate_p_value(count: int, trials: int, other_count: int, other_trials: int) -> float:
    """Two-sided p-value of the hypothesis that two samples have the same, unknown probability of success.

    It is used if theory itself only samples. Given the total number of successes, the number in the first
    sample has a hypergeometric distribution for any probability. It is computed, not approximated (relative
    rounding is below 1e-8), so the level holds for any number of trials.

    Examples
    --------
    >>> round(same_rate_p_value(3, 3, 0, 3), 3)  # twice 1/20: all three successes on one side
    0.1
    >>> same_rate_p_value(0, 10, 0, 1000)
    1.0
    """
    from scipy.stats import hypergeom  # noqa: PLC0415 - half a second to load, and seldom needed

    numbers = trials + other_trials, count + other_count, trials
    lower, upper = float(hypergeom.cdf(count, *numbers)), float(hypergeom.sf(count - 1, *numbers))
    return min(1.0, 2.0 * min(lower, upper))


def bonferroni(p_values: Iterable[float]) -> float:
    """One p-value for several tests with any dependence: the smallest, times their number.

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
    """p-value of the stated recognition probabilities, which may differ between games.

    One exact test per agent (:func:`count_p_value`), combined by Bonferroni, which is valid for any
    dependence between the agents' counts.

    Parameters
    ----------
    counts : sequence of int, length n
        Number of times that each agent was recognized.
    draws : mapping of tuple of Fraction to int
        Number of draws with each vector of recognition probabilities.
    unseen : int
        Number of these draws that were not completed; see :func:`count_p_value`.

    Returns
    -------
    float or None
        None without draws.

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


# ── games that depend on earlier games ──────────────────────────────────────────────────────────────────────

RATES: npt.NDArray[np.float64] = np.concatenate([sign * 2.0 ** np.arange(-12, 4) for sign in (1, -1)])
"""Rates θ of the bets against a hypothesis; half of the money bets on means that are too low."""


def bet_on_two_values(p: float) -> npt.NDArray[np.float64]:
    """Logarithm of E exp(θ·I) for each of `RATES`, where I is 1 with probability p, else 0.

    A bet that pays exp(θ·I) / E exp(θ·I) for one unit of money has expected gain zero. So the money after any
    number of bets is a martingale, also if p depends on earlier games. Its logarithm is the sum of
    ``θ·I − ln E exp(θ·I)`` over games: see `betting_p_value`.

    Examples
    --------
    >>> bool(np.isclose(np.log(0.75 + 0.25 * np.exp(RATES)), bet_on_two_values(0.25)).all())
    True
    """
    expected: npt.NDArray[np.float64] = np.log1p(p * np.expm1(RATES))
    return expected


def bet_on_pair(difference: float) -> npt.NDArray[np.float64]:
    """Logarithm of the payoff of a bet on the difference of two numbers, for each of `RATES`.

    If both are independent with the same distribution, the difference is symmetric, and exp(θ·d) / cosh(θ·d)
    is 1 on average.

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
    """p-value of a hypothesis from the logarithms of the money of bets against it, with equal stakes.

    The money M is a martingale that starts at 1 and is never negative, so P(M ≥ 1/α at some time) ≤ α
    (Ville's inequality). So 1/M is a p-value after any number of games, also if games depend on earlier
    games.

    Parameters
    ----------
    logs : ndarray of float, shape (rates,)
        One entry for each of `RATES`.

    Examples
    --------
    >>> heads = lambda won, of: RATES * won - of * bet_on_two_values(0.5)
    >>> betting_p_value(heads(500, 1000)), betting_p_value(heads(700, 1000)) < MIN_P
    (1.0, True)
    """
    money = float(np.logaddexp.reduce(logs)) - log(len(logs))
    return exp(-money) if money > 0 else 1.0
