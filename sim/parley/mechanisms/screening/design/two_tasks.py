"""The large market with two tasks: one-dimensional problems, solved to a proven gap.

With tasks A and B, an agent's ray takes A for p of B, or B for p of A. Types take the first if r = c_A / c_B
is below p. What the rays are worth at w separates (math of the paper, section 4.2):

S(w) = w·η + η_B · sup_p F(p) (w_A / p − w_B)⁺ + η_A · sup_p G(p) (w_B / p − w_A)⁺,

with F(p) = P(r < p) and G(p) = P(1/r < p). The best two prices are polarized without being told to be. If
there are finitely many types, the suprema are limits of prices just above their ratios. Otherwise, on an
interval of prices, F is at most its value at the upper end and w_A / p at most that at the lower end; so
intervals that may hold the supremum are divided until the bound is close.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from parley.mechanisms.screening.design.compiled_rays import SLACK, chances
from parley.mechanisms.screening.design.laws import Law
from parley.mechanisms.screening.preferences import Discrete, Lognormal, Uniform

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parley.mechanisms.screening.design.numbers import Floats
    from parley.mechanisms.screening.preferences import Preferences
    from parley.mechanisms.screening.rays import Vector

__all__ = ["Curve", "Side", "Steps", "least_ratio", "sides"]

INTERVALS = 2000
"""Intervals of prices at first."""
PARTS = 40
"""Parts of an interval that may hold the best price or the supremum."""
WIDE, NEAR = 40, (0.1, 0.3, 1, 3, 10, 30)
"""Prices that stand for the whole range, and how far from the best one others are, in intervals."""
ZOOMS = 4
"""Times that the best price is searched more closely."""
CLOSE = 1e-6
"""Relative gap at which the division ends."""
ROUNDS = 8
MOST_INTERVALS = 20_000
"""Intervals that may hold the supremum; of more, their bounds are kept."""
FURTHEST = 8.0
"""Standard deviations of a logarithm that are divided; beyond them F is bounded as a whole."""
CONCAVE = 1.5
"""If the logarithm of r deviates by no more, F(p)/p is a concave function of F(p)."""
SMALL, TINY = 1e-9, 1e-300
ROUNDING = 1e-12
"""F is rounded upward by this."""


class Side(ABC):
    """One direction of trade: take the first task for p of the second one."""

    prices: Floats
    """Ascending."""

    @abstractmethod
    def best(self, first: float, second: float) -> tuple[float, float, float]:
        """Find the price with the greatest F(p) (w_1 / p − w_2)⁺.

        Parameters
        ----------
        first, second : float
            w_1 and w_2.

        Returns
        -------
        price, chance, value : float
            The price is inf if it is best to give the task up for nothing, and then F is 1.
        """

    @abstractmethod
    def bound(self, first: float, second: float, low: float = 0.0, high: float = np.inf) -> float:
        """Bound sup_p F(p) (w_1 / p − w_2)⁺ from above, among prices from low to high."""

    @abstractmethod
    def corners(self, first: float, second: float) -> tuple[Floats, Floats]:
        """Return prices and F at them: of each step, or many, most of them close to the best one."""

    @abstractmethod
    def cheaper(self, most: float) -> float:
        """Return a price below another one at which some types trade, if there is one."""

    @abstractmethod
    def most_taken(self, given: float, corners: tuple[Floats, Floats]) -> tuple[int, float]:
        """Return the corner at or after which so much is given up, and how much is taken for it then.

        Parameters
        ----------
        given : float
            Of what it can give up, the share.
        """


@dataclass(frozen=True)
class Steps(Side):
    """A side for finitely many types: F has steps.

    Examples
    --------
    Two types of three take A for a little more than one of B, and all of them for more than two:

    >>> from fractions import Fraction
    >>> one, two = Fraction(1), Fraction(2)
    >>> side = Steps.of([(one, one), (two, one)], [two / 3, one / 3])
    >>> side.prices.tolist(), side.chances.round(6).tolist()
    ([1.0, 2.0], [0.666667, 1.0])
    >>> side.best(3.0, 1.0)[0], side.best(9.0, 4.0)[0], side.best(-1.0, -2.0)
    (1.0, 1.0, (inf, 1.0, 2.0))
    """

    prices: Floats
    """The ratios of the types, ascending."""
    chances: Floats
    """F just above them."""

    @classmethod
    def of(cls, kinds: Sequence[Sequence[Fraction]], weights: Sequence[Fraction]) -> Steps:
        """Read types (c_1, c_2) and their probabilities."""
        found: dict[Fraction, Fraction] = {}
        for (first, second), weight in zip(kinds, weights, strict=True):
            found[first / second] = found.get(first / second, 0 * weight) + weight
        ratios = sorted(found)
        below = accumulate(found[ratio] for ratio in ratios)
        return cls(np.array([float(r) for r in ratios]), np.array([float(p) for p in below]))

    def best(self, first: float, second: float) -> tuple[float, float, float]:
        """Find the best price, exactly; it is just above the one that is returned."""
        values = self.chances * (first / self.prices - second)
        k = int(np.argmax(values))
        if first < 0 and -second > max(0.0, values[k]):
            return np.inf, float(self.chances[-1]), float(-second * self.chances[-1])
        return float(self.prices[k]), float(self.chances[k]), max(0.0, float(values[k]))

    def bound(self, first: float, second: float, low: float = 0.0, high: float = np.inf) -> float:
        """Bound the supremum: rounded upward."""
        inside = (low <= self.prices) & (self.prices <= high)
        values = np.minimum(1.0, self.chances[inside] + ROUNDING) * (
            max(first, 0.0) / self.prices[inside] - second
        )
        return max(0.0, float(values.max()))

    def corners(self, first: float, second: float) -> tuple[Floats, Floats]:
        """Return the steps."""
        del first, second
        return self.prices, self.chances

    def cheaper(self, most: float) -> float:
        """Return the last ratio below a price."""
        return float(self.prices[max(0, int(np.searchsorted(self.prices, most)) - 1)])

    def most_taken(self, given: float, corners: tuple[Floats, Floats]) -> tuple[int, float]:
        """Return the first step that gives up so much."""
        prices, chances = corners
        k = min(int(np.searchsorted(chances * (1 + SMALL), given)), prices.size - 1)
        return k, given / float(prices[k])


@dataclass(frozen=True)
class Curve(Side):
    """A side for a continuous law."""

    below: Callable[[Floats], Floats]
    """F at many prices."""
    prices: Floats
    """Where to divide: F is 0 below the first one, or F(p)/p grows there; F ≤ 1 above the last."""
    parts: int = WIDE
    """Corners over the whole range; more if what is taken may be no concave function of what is given up."""

    @cached_property
    def _chances(self) -> Floats:
        return self.below(self.prices)

    def best(self, first: float, second: float) -> tuple[float, float, float]:
        """Find the best price to about eight digits."""
        prices, chances = self.prices, self._chances
        found = (np.inf, 1.0, max(0.0, -second)) if first < 0 else (float(prices[0]), 0.0, 0.0)
        k = 0
        for zoom in range(ZOOMS + 1):
            if zoom:
                prices = np.linspace(prices[max(k - 1, 0)], prices[min(k + 1, prices.size - 1)], PARTS + 1)
                chances = self.below(prices)
            values = chances * (first / prices - second)
            k = int(np.argmax(values))
            if values[k] > found[2]:
                found = float(prices[k]), float(chances[k]), float(values[k])
        return found

    def corners(self, first: float, second: float) -> tuple[Floats, Floats]:
        """Return prices over the whole range, most of them close to the best one."""
        price = self.best(first, second)[0]
        k = int(np.searchsorted(self.prices, price).clip(1, self.prices.size - 1))
        step = self.prices[k] - self.prices[k - 1]
        close = price + step * np.array([sign * x for x in (0, *NEAR) for sign in (1, -1)])
        inside = close[(close > self.prices[0]) & (close < self.prices[-1])]
        prices = np.unique([*self.prices[:: INTERVALS // self.parts], *inside])
        chances = self.below(prices)
        return prices[chances > 0], chances[chances > 0]

    def cheaper(self, most: float) -> float:
        """Return a price at which about half as many types trade."""
        half = float(self.below(np.array([most]))[0]) / 2
        return float(self.prices[np.searchsorted(self._chances, half)]) if half else most

    def most_taken(self, given: float, corners: tuple[Floats, Floats]) -> tuple[int, float]:
        """Return the next corner, and interpolate."""
        prices, chances = corners
        k = min(int(np.searchsorted(chances, given)), prices.size - 1)
        if k == 0:
            return 0, given / float(prices[0])
        share = (given - chances[k - 1]) / max(chances[k] - chances[k - 1], TINY)
        taken = chances[k - 1 : k + 1] / prices[k - 1 : k + 1]
        return k, float(taken[0] + (taken[1] - taken[0]) * min(1.0, share))

    def bound(self, first: float, second: float, low: float = 0.0, high: float = np.inf) -> float:
        """Bound the supremum from above.

        Examples
        --------
        >>> from fractions import Fraction
        >>> from parley.mechanisms.screening.preferences import Uniform
        >>> take, _ = sides(Uniform((Fraction(1),) * 2, (Fraction(2),) * 2))
        >>> found = take.best(3.0, 2.0)[2]
        >>> 0 <= take.bound(3.0, 2.0) / found - 1 < 1e-5
        True
        """
        lowest, highest = float(self.prices[0]), float(self.prices[-1])
        found = closed = inside = 0.0
        if low <= lowest:  # below the lowest price: where w_2 < 0, that price itself is worth more
            closed = (float(self._chances[0]) + ROUNDING) * max(first, 0.0) / lowest
        if high >= highest:
            closed = max(closed, max(first, 0.0) / highest - second)
        used = (self.prices[1:] > low) & (self.prices[:-1] < high)
        left, right = np.maximum(self.prices[:-1][used], low), np.minimum(self.prices[1:][used], high)
        below = self.below(right)
        for _ in range(ROUNDS):
            bounds = np.minimum(1.0, below + ROUNDING) * (first / (left if first > 0 else right) - second)
            inside = float(bounds.max(initial=0.0))
            found = max(found, float((below * (first / right - second)).max(initial=0.0)))
            near = bounds > found * (1 + CLOSE)
            if not near.any() or near.sum() > MOST_INTERVALS:
                break
            closed = max(closed, float(bounds[~near].max(initial=0.0)))
            cuts = left[near, None] + (right - left)[near, None] * np.linspace(0, 1, PARTS + 1)
            left, right = cuts[:, :-1].ravel(), cuts[:, 1:].ravel()
            below = self.below(right)
        return max(0.0, found, closed, inside)


def sides(preferences: Preferences) -> tuple[Side, Side]:
    """Return both directions of one agent: take task 0 for task 1, and the reverse."""
    if isinstance(preferences, Discrete):
        return _steps(preferences.types, preferences.probabilities)
    if isinstance(preferences, Uniform) and preferences.low == preferences.high:
        return _steps([preferences.low], [preferences.low[0] / preferences.low[0]])
    if isinstance(preferences, Lognormal):
        (aa, ab), (_, bb) = preferences.covariance
        spread = float(aa - 2 * ab + bb) ** 0.5
        mean = float(preferences.mean[0] - preferences.mean[1])
        furthest = max(FURTHEST, spread + 1)
        grid = np.exp(spread * np.linspace(-furthest, furthest, INTERVALS + 1))

        parts = WIDE if spread <= CONCAVE else 10 * WIDE

        def lognormal(mean: float) -> Side:
            return Curve(lambda p: np.asarray(ndtr((np.log(p) - mean) / spread)), grid * np.exp(mean), parts)

        return lognormal(mean), lognormal(-mean)
    law = Law.of(preferences, (0,))
    low, high = law.low, law.high

    def side(take: int, give: int) -> Side:
        def below(p: Floats) -> Floats:
            rays = np.empty((p.size, 2))
            rays[:, take], rays[:, give] = 1.0, -p
            return np.asarray(chances(law.types, rays))

        least, most = low[take] / high[give], high[take] / low[give]
        return Curve(below, np.geomspace(least * (1 - SLACK), most * (1 + 1e-9), INTERVALS + 1))

    return side(0, 1), side(1, 0)


def least_ratio(preferences: Preferences, take: int) -> Fraction:
    """Return the infimum of c_take / c_give: above it, somebody takes one task for this many of the other.

    Examples
    --------
    >>> from fractions import Fraction
    >>> least_ratio(Uniform((Fraction(1),) * 2, (Fraction(2), Fraction(3))), 0)
    Fraction(1, 3)
    """
    if isinstance(preferences, Discrete):
        return min(kind[take] / kind[1 - take] for kind in preferences.types)
    if isinstance(preferences, Uniform):
        return preferences.low[take] / preferences.high[1 - take]
    return Fraction(0)


def _steps(types: Sequence[Vector], weights: Sequence[Fraction]) -> tuple[Side, Side]:
    return Steps.of(types, weights), Steps.of([kind[::-1] for kind in types], weights)
