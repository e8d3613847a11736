"""The large market with two tasks: one-dimensional problems, solved to a proven gap.

With tasks A and B, an agent's ray takes A for p of B, or B for p of A. Types take the first if r = c_A / c_B
is below p. What the rays are worth at w separates (math of the paper, section 4.2):

S(w) = w·η + η_B · sup_p F(p) (w_A / p − w_B)⁺ + η_A · sup_p G(p) (w_B / p − w_A)⁺,

with F(p) = P(r < p) and G(p) = P(1/r < p). The best two prices are polarized without being told to be. On an
interval of prices, F is at most its value at the upper end and w_A / p at most that at the lower end; so
intervals that may hold the supremum are divided until the bound is close.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from parley.mechanisms.screening.design.compiled_rays import SLACK, chances
from parley.mechanisms.screening.design.laws import Law
from parley.mechanisms.screening.preferences import Lognormal

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.mechanisms.screening.design.numbers import Floats
    from parley.mechanisms.screening.preferences import Preferences

__all__ = ["Side", "sides"]

INTERVALS = 2000
"""Intervals of prices at first."""
PARTS = 40
"""Parts of an interval that may hold the best price or the supremum."""
ZOOMS = 6
"""Times that the best price is searched more closely."""
CLOSE = 1e-6
"""Relative gap at which the division ends."""
ROUNDS = 8
MOST_INTERVALS = 20_000
"""Intervals that may hold the supremum; of more, their bounds are kept."""
STEP = 1e-5
"""How far above the ratio of a type its price is: far enough for the rounding to units."""
FURTHEST = 8.0
"""Standard deviations of a logarithm that are divided; beyond them F is bounded as a whole."""
ROUNDING = 1e-12
"""F is rounded upward by this."""


@dataclass(frozen=True)
class Side:
    """One direction of trade: take the first task for p of the second one."""

    below: Callable[[Floats], Floats]
    """F at many prices."""
    prices: Floats
    """Where to divide: F is 0 below the first one, or F(p)/p grows there; F ≤ 1 above the last."""
    zooms: int = ZOOMS
    """Times that the best price is searched more closely; 0 if F has steps, just above which prices are."""

    @cached_property
    def _chances(self) -> Floats:
        return self.below(self.prices)

    def best(self, first: float, second: float) -> tuple[float, float]:
        """Find the price with the greatest F(p) (w_1 / p − w_2)⁺, to about eight digits.

        Parameters
        ----------
        first, second : float
            w_1 and w_2.

        Returns
        -------
        price, value : float
            The price is inf if it is best to give the task up for nothing.
        """
        prices, values = self.prices, self._chances * (first / self.prices - second)
        price, found = np.inf, max(0.0, -second) if first < 0 else 0.0
        for _ in range(self.zooms + 1):
            k = int(np.argmax(values))
            if values[k] > found:
                price, found = float(prices[k]), float(values[k])
            prices = np.linspace(prices[max(k - 1, 0)], prices[min(k + 1, prices.size - 1)], PARTS + 1)
            values = self.below(prices) * (first / prices - second)
        return price, found

    def bound(self, first: float, second: float) -> float:
        """Bound sup_p F(p) (w_1 / p − w_2)⁺ from above.

        Examples
        --------
        >>> from fractions import Fraction
        >>> from parley.mechanisms.screening.preferences import Uniform
        >>> take, _ = sides(Uniform((Fraction(1),) * 2, (Fraction(2),) * 2))
        >>> price, found = take.best(3.0, 2.0)
        >>> 0 <= take.bound(3.0, 2.0) / found - 1 < 1e-5
        True
        """
        found = self.best(first, second)[1]
        lowest, highest = float(self.prices[0]), float(self.prices[-1])
        at_lowest = float(self._chances[0]) + ROUNDING
        # Below the lowest price: where w_2 < 0, the lowest price itself is worth more.
        tails = max(max(first, 0.0) / highest - second, max(first, 0.0) / lowest * at_lowest)
        left, right, below = self.prices[:-1], self.prices[1:], self._chances[1:]
        closed, inside = 0.0, 0.0
        for _ in range(ROUNDS):
            bounds = np.minimum(1.0, below + ROUNDING) * (first / (left if first > 0 else right) - second)
            inside = float(bounds.max())
            near = bounds > found * (1 + CLOSE)
            if not near.any() or near.sum() > MOST_INTERVALS:
                break
            closed = max(closed, float(bounds[~near].max(initial=0.0)))
            cuts = left[near, None] + (right - left)[near, None] * np.linspace(0, 1, PARTS + 1)
            left, right = cuts[:, :-1].ravel(), cuts[:, 1:].ravel()
            below = self.below(right)
        return max(0.0, found, closed, inside, tails)


def sides(preferences: Preferences) -> tuple[Side, Side]:
    """Return both directions of one agent: take task 0 for task 1, and the reverse."""
    if isinstance(preferences, Lognormal):
        (aa, ab), (_, bb) = preferences.covariance
        spread = float(aa - 2 * ab + bb) ** 0.5
        mean = float(preferences.mean[0] - preferences.mean[1])
        furthest = max(FURTHEST, spread + 1)
        grid = np.exp(spread * np.linspace(-furthest, furthest, INTERVALS + 1))

        def lognormal(mean: float) -> Side:
            return Side(lambda p: np.asarray(ndtr((np.log(p) - mean) / spread)), grid * np.exp(mean))

        return lognormal(mean), lognormal(-mean)
    law = Law.of(preferences, (0,))
    low, high = law.low, law.high

    def side(take: int, give: int) -> Side:
        def below(p: Floats) -> Floats:
            rays = np.empty((p.size, 2))
            rays[:, take], rays[:, give] = 1.0, -p
            return np.asarray(chances(law.types, rays))

        least, most = low[take] / high[give], high[take] / low[give]
        grid = np.geomspace(least * (1 - SLACK), most * (1 + 1e-9), INTERVALS + 1)
        if law.types.weights.size:  # steps of F at the ratios of the types: just above them
            ratios = np.unique(law.types.points[:, take] / law.types.points[:, give])
            grid = np.unique(np.concatenate([grid, ratios, ratios * (1 + STEP)]))
        return Side(below, grid, 0 if law.types.weights.size else ZOOMS)

    return side(0, 1), side(1, 0)
