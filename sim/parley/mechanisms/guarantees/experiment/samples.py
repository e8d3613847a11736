"""The instances of the study: drawn intervals, or taxi trips.

The paper does not say how it truncates the normal distribution of lengths. Here a length is N(1, variation),
drawn again until it is in (0, 2). Starts are uniform on (0, window], so that a job may end after the window.
All numbers are whole millionths. Instances of one window and variation are the same in all variants.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np

from parley.mechanisms.guarantees.guarantee import MaxMin
from parley.mechanisms.guarantees.problem import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from parley.mechanisms.guarantees.imported import Pool
    from parley.mechanisms.guarantees.reading import Interval

    Ints: TypeAlias = NDArray[np.int64]

__all__ = ["UNIT", "VARIANTS", "Curve", "Drawn", "Synthetic", "Taxi", "Variant", "draw"]

UNIT = 10**6
"""Numbers are whole parts of 1 in this number."""

Variant: TypeAlias = Literal["length", "fixed-length", "equal-value"]
VARIANTS: tuple[Variant, ...] = ("length", "fixed-length", "equal-value")
"""Value as drawn, equal to the length; every length 1; every value 1."""


class Drawn(NamedTuple):
    """Starts and lengths in units."""

    starts: Ints
    lengths: Ints


def draw(window: Fraction, variation: Fraction, jobs: int, seed: int, sample: int) -> Drawn:
    """Draw the starts and lengths of a sample.

    They depend on these arguments only, not on the other windows and variations of a study.

    Parameters
    ----------
    window : Fraction
        x, in whole units.
    variation : Fraction
        The standard deviation of the lengths before they are truncated.

    Examples
    --------
    >>> drawn = draw(Fraction(8, 5), Fraction(1, 2), 1000, seed=1, sample=0)
    >>> bool(drawn.starts.min() >= 1), bool(drawn.starts.max() <= 1_600_000)
    (True, True)
    >>> bool(drawn.lengths.min() >= 1), bool(drawn.lengths.max() < 2_000_000)
    (True, True)
    """
    place = (*window.as_integer_ratio(), *variation.as_integer_ratio(), sample)
    dice = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=place))
    starts = dice.integers(1, int(window * UNIT), size=jobs, endpoint=True)
    lengths = np.zeros(jobs, dtype=np.int64)
    while (again := (lengths <= 0) | (lengths >= 2 * UNIT)).any():
        drawn = dice.normal(UNIT, float(variation) * UNIT, size=int(again.sum()))
        lengths[again] = np.rint(drawn).astype(np.int64)
    return Drawn(starts, lengths)


@dataclass(frozen=True)
class Curve(ABC):
    """Instances that differ in the number of providers only, and their samples.

    Attributes
    ----------
    jobs, seed : int
    """

    jobs: int
    seed: int

    @property
    @abstractmethod
    def labels(self) -> dict[str, str | float]:
        """What distinguishes the curve from others."""

    @abstractmethod
    def problem(self, sample: int, providers: int) -> Problem:
        """Return an instance."""


@dataclass(frozen=True)
class Synthetic(Curve):
    """Drawn intervals."""

    variant: Variant
    window: Fraction
    variation: Fraction

    @property
    def labels(self) -> dict[str, str | float]:
        """The variant, the window and the variation."""
        return {
            "variant": self.variant,
            "window": float(self.window),
            "variation": float(self.variation),
        }

    def problem(self, sample: int, providers: int) -> Problem:
        """Return an instance.

        Examples
        --------
        >>> curve = Synthetic(2, 1, "fixed-length", Fraction(8, 5), Fraction(1, 2))
        >>> [str(end - start) for start, end in curve.problem(0, 1).intervals]
        ['1', '1']
        """
        drawn = draw(self.window, self.variation, self.jobs, self.seed, sample)
        lengths = [Fraction(length, UNIT) for length in drawn.lengths.tolist()]
        one = [Fraction(1)] * self.jobs
        lasts = one if self.variant == "fixed-length" else lengths
        intervals = tuple(
            (Fraction(start, UNIT), Fraction(start, UNIT) + length)
            for start, length in zip(drawn.starts.tolist(), lasts, strict=True)
        )
        return _max_min(providers, one if self.variant == "equal-value" else lengths, intervals)


@dataclass(frozen=True)
class Taxi(Curve):
    """Taxi trips."""

    area: str
    date: str
    window: int
    """Minutes."""
    pool: Pool

    @property
    def labels(self) -> dict[str, str | float]:
        """The area, the date and the window."""
        return {"area": self.area, "date": self.date, "window": self.window}

    def problem(self, sample: int, providers: int) -> Problem:
        """Return an instance."""
        dice = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(self.window, sample)))
        trips = self.pool.sample(self.jobs, dice)
        return _max_min(
            providers, [trip.value for trip in trips], tuple((trip.start, trip.end) for trip in trips)
        )


def _max_min(providers: int, values: list[Fraction], intervals: tuple[Interval, ...]) -> Problem:
    return Problem(
        providers=providers,
        values=tuple(values),
        intervals=intervals,
        guarantee=MaxMin(),
        bond=Fraction(0),
        wei_per_value=1,
    )


def described(labels: dict[str, str | float]) -> str:
    """Name a curve by its labels.

    Examples
    --------
    >>> described({"variant": "length", "window": 1.6})
    'length, window 1.6'
    """
    return ", ".join(value if isinstance(value, str) else f"{key} {value:g}" for key, value in labels.items())
