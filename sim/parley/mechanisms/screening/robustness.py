"""What the same menus gain if preferences are not as guessed.

Whatever agents like, the selection never costs more than the status quo, and choosing truthfully stays right:
only the gain depends on the guess. The variants:

- *wider*: twice the spread of each cost, or of the logarithms;
- *correlated*: agents that like the same tasks, by a common factor behind each cost (a Gaussian copula with
  correlation 1/2); the paper assumes independence;
- *other family*: boxes become lognormal with the same mean and variance of logarithms, other types become
  uniform between their 5th and 95th percentiles.

Source: Valenzuela-Stookey (2026), section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from parley.mechanisms.screening.preferences import Discrete, Lognormal, Preferences, Uniform, chosen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from parley.mechanisms.screening.market import Market
    from parley.mechanisms.screening.rays import Type

__all__ = ["Variant", "other_family", "robustness", "wider"]

SAMPLE = 20_000
"""Profiles sampled for each variant."""
SPREAD = 2
"""Times as wide."""
COMMON = 0.5
"""Correlation of the agents' costs of one task."""
DIGITS = 6
"""Digits of numbers estimated for another family."""
LEAST_VARIANCE = Fraction(1, 10**6)
"""Variance of a logarithm where the cost is known."""


@dataclass(frozen=True, slots=True)
class Variant:
    """The expected change of social cost under other preferences."""

    name: str
    change: float
    std_error: float

    def to_json(self) -> dict[str, Any]:
        """Return the keys of the variant."""
        return {"preferences": self.name, "expected_change": self.change, "std_error": self.std_error}


def robustness(market: Market, *, seed: int = 0) -> tuple[Variant, ...]:
    """Sample the expected change of social cost of the market's menus under other preferences.

    Returns
    -------
    tuple of Variant
        As guessed, wider, correlated, other family; all from the same random numbers.

    Examples
    --------
    >>> from parley.mechanisms.screening.problem import worked_example
    >>> [variant.name for variant in robustness(worked_example().market())]
    ['as guessed', 'wider', 'correlated', 'other family']
    """
    dice = np.random.default_rng(seed)
    own = dice.random((market.agents, SAMPLE, market.tasks))
    common = dice.random((SAMPLE, market.tasks))
    return (
        _variant("as guessed", market, own),
        _variant("wider", replace(market, preferences=tuple(map(wider, market.preferences))), own),
        _variant("correlated", market, _correlated(own, common)),
        _variant(
            "other family", replace(market, preferences=tuple(map(other_family, market.preferences))), own
        ),
    )


def _variant(name: str, market: Market, uniforms: NDArray[np.float64]) -> Variant:
    profiles = np.ones((SAMPLE, market.agents), dtype=np.int64)
    for seat, (menu, preferences) in enumerate(zip(market.menus, market.preferences, strict=True)):
        if menu.rays:
            types = preferences.at(uniforms[seat])
            profiles[:, seat] = chosen(types, np.array([[float(x) for x in ray] for ray in menu.rays]))
        elif not menu.remedial:
            profiles[:, seat] = 0
    changes = market.selector.estimate(market.present(profiles)) @ market.selector.costs_in_floats
    return Variant(name, float(changes.mean()), float(changes.std(ddof=1)) / sqrt(SAMPLE))


def _correlated(own: NDArray[np.float64], common: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return uniform numbers with a common factor: those of normal numbers with a given correlation."""
    from scipy.special import ndtr, ndtri  # noqa: PLC0415 - slow to load

    normal = sqrt(1 - COMMON) * ndtri(own) + sqrt(COMMON) * ndtri(common)
    found: NDArray[np.float64] = ndtr(normal)
    return found


def wider(preferences: Preferences) -> Preferences:
    """Return a distribution with twice the spread, and all costs above 0.

    Examples
    --------
    >>> found = wider(Uniform((Fraction(1), Fraction(4)), (Fraction(2), Fraction(4))))
    >>> [str(x) for x in (*found.low, *found.high)]
    ['1/2', '4', '5/2', '4']
    """
    match preferences:
        case Uniform(low, high):
            pairs = list(zip(low, high, strict=True))
            return Uniform(
                tuple(max(a - (b - a) * (SPREAD - 1) / 2, a / 2) for a, b in pairs),
                tuple(b + (b - a) * (SPREAD - 1) / 2 for a, b in pairs),
            )
        case Discrete(types, weights):
            columns = zip(*types, strict=True)
            total = sum(weights)
            means = [sum(w * x for w, x in zip(weights, column, strict=True)) / total for column in columns]

            def spread_out(kind: Type) -> Type:
                return tuple(max(m + SPREAD * (x - m), x / 2) for x, m in zip(kind, means, strict=True))

            return Discrete(tuple(map(spread_out, types)), weights)
        case Lognormal(mean, covariance):
            return Lognormal(mean, tuple(tuple(x * SPREAD**2 for x in row) for row in covariance))
        case _:
            raise TypeError(preferences)


def other_family(preferences: Preferences) -> Preferences:
    """Return a similar distribution of another family."""
    types = preferences.at(np.random.default_rng(0).random((SAMPLE, preferences.tasks)))
    if isinstance(preferences, Uniform):
        logs = np.log(types)
        mean = tuple(Fraction(str(round(x, DIGITS))) for x in logs.mean(axis=0).tolist())
        variances = [max(Fraction(str(round(x, DIGITS))), LEAST_VARIANCE) for x in logs.var(axis=0).tolist()]
        rows = (
            tuple(variance if i == k else Fraction(0) for k in range(len(mean)))
            for i, variance in enumerate(variances)
        )
        return Lognormal(mean, tuple(rows))
    low, high = (
        tuple(Fraction(x).limit_denominator(10**DIGITS) for x in np.quantile(types, q, axis=0).tolist())
        for q in (0.05, 0.95)
    )
    return Uniform(low, high)
