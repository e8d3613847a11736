"""Distributions of types in the form that compiled code reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.screening.design.compiled_rays import MARGIN, Seats, Types, chance
from parley.mechanisms.screening.design.numbers import Floats, Numbers, floats
from parley.mechanisms.screening.preferences import Discrete, Uniform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.screening.preferences import Preferences

__all__ = ["Law", "seats_of"]

POINTS = 1000
"""Types that stand for a distribution which is neither uniform on a box nor discrete."""


@dataclass(frozen=True)
class Law:
    """One agent's distribution of types."""

    types: Types
    exact: bool
    """Whether it is the distribution itself, and not a sample."""

    @classmethod
    def of(cls, preferences: Preferences, seed: Sequence[int], *, sampled: bool = False) -> Law:
        """Read a distribution.

        Parameters
        ----------
        seed : sequence of int
            Of the sample, where one is needed.
        sampled : bool
            Draw points, even if there is an exact form.
        """
        if isinstance(preferences, Uniform) and not sampled and preferences.low != preferences.high:
            low, high = floats([preferences.low, preferences.high])
            return cls(Types(low, high - low, np.empty((0, low.size)), np.empty(0)), exact=True)
        exact = True
        if isinstance(preferences, Discrete) and not sampled:
            points = floats(preferences.types)
            weights = np.array([float(p) for p in preferences.probabilities])
        elif isinstance(preferences, Uniform) and not sampled:
            points, weights = floats([preferences.low]), np.ones(1)
        else:
            points = preferences.sample(np.random.default_rng(list(seed)), POINTS)
            weights, exact = np.full(POINTS, 1 / POINTS), False
        low = points.min(axis=0)
        return cls(Types(low, np.zeros(low.size), points, weights), exact=exact)

    @property
    def low(self) -> Floats:
        """The least cost of each task."""
        return self.types.low

    @property
    def high(self) -> Floats:
        """The greatest cost of each task."""
        return self.types.points.max(axis=0) if self.types.weights.size else self.low + self.types.width

    @property
    def spread(self) -> float:
        """The greatest ratio of two costs of one task."""
        return float((self.high / self.low).max())

    def chance(self, ray: Floats) -> float:
        """Return P(c·κ < 0); of points, only those that like the ray clearly.

        Examples
        --------
        >>> from fractions import Fraction
        >>> box = Uniform((Fraction(1),) * 2, (Fraction(2),) * 2)
        >>> round(Law.of(box, (0,)).chance(np.array([1, -1.2])), 12), round(11 / 15, 12)
        (0.733333333333, 0.733333333333)
        """
        return chance(self.types, ray, 0.0, MARGIN)


def seats_of(numbers: Numbers, seed: Sequence[int]) -> Seats:
    """Return all agents' data in arrays: boxes if all are boxes, otherwise points sampled from each."""
    sampled = not all(isinstance(one, Uniform) for one in numbers.preferences)
    laws = [Law.of(one, [*seed, j], sampled=sampled).types for j, one in enumerate(numbers.preferences)]
    low, width, points, weights = (np.stack(parts) for parts in zip(*laws, strict=True))
    return Seats(low, width, points, weights, numbers.costs, numbers.endowments)
