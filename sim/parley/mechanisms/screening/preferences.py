"""What agents may like: distributions of types, and the choices that follow from a menu.

A *type* c has one cost c_i > 0 for each task; an agent's workload is c·x for its assignment x. A type chooses
from a menu of rays by the *tie rule*: only a ray with c·κ < 0; of several, the one with the least c·κ at full
length (then the first); otherwise it stays. Choice 0 is to stay, choice k is ray k.

Choice probabilities are exact for discrete types, for boxes of two tasks, where only the ratio of the two
costs matters, and for boxes on which no type likes two rays of the menu: then each ray is chosen with the
probability that c·κ < 0, the volume of a cube cut by a hyperplane. Otherwise they are frequencies among
sampled types.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import accumulate, combinations, pairwise
from math import erf, factorial, log, prod, sqrt
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.screening.rays import (
    Type,
    Vector,
    are_polarized,
    dot,
    find_type_in_box,
    find_type_liking_both,
    positive_type,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["Discrete", "Law", "Lognormal", "Preferences", "Uniform", "below", "choose"]

SAMPLES = 100_000
"""Types sampled where choice probabilities are not exact."""
MAX_TERMS = 12
"""Tasks of a ray up to which its probability on a box is exact: that sums 2^tasks terms."""
SMALLEST = 2.0**-60
"""Instead of the uniform number 0, whose normal number is infinite."""
BITS = 53
"""Bits of a uniform number."""


@dataclass(frozen=True, slots=True)
class Law:
    """The probability of each choice from a menu."""

    probabilities: tuple[Fraction, ...]
    """To stay, then of each ray."""
    samples: int | None = None
    """If they are frequencies: among how many types."""

    @property
    def exact(self) -> bool:
        """Whether the probabilities are exact."""
        return self.samples is None


def choose(kind: Sequence[Fraction], rays: Sequence[Vector]) -> int:
    """Return what a type chooses from a menu of rays at full length: 0 to stay, else k for ray k, from 1.

    Examples
    --------
    >>> menu = [(Fraction(1), Fraction(-1)), (Fraction(-1), Fraction(1))]
    >>> [choose((Fraction(c), Fraction(2)), menu) for c in (1, 2, 3)]
    [1, 0, 2]
    """
    least, best = Fraction(0), 0
    for k, ray in enumerate(rays, 1):
        if (change := dot(kind, ray)) < least:
            least, best = change, k
    return best


def below(weights: Sequence[Fraction], bound: Fraction) -> Fraction:
    """Return P(Σ_i weight_i · u_i < bound) for independent u_i, uniform on [0, 1].

    It is the volume of a cube cut by a hyperplane. Negative weights are made positive by u → 1 − u. Then,
    with d weights that are not 0, it is the sum over all sets S of weights of
    (−1)^|S| max(0, bound − Σ_{i ∈ S} weight_i)^d / (d! Π_i weight_i).

    Examples
    --------
    >>> half = Fraction(1, 2)
    >>> print(below((Fraction(1), Fraction(-1)), Fraction(0)), below((half, half), half / 2), below((), half))
    1/2 1/8 1
    """
    bound -= sum((a for a in weights if a < 0), Fraction(0))
    sizes = [abs(a) for a in weights if a]
    if bound <= 0:
        return Fraction(0)
    if bound >= sum(sizes):
        # With no weight left, the sum is 0, and 0 < bound.
        return Fraction(1)
    d, total = len(sizes), Fraction(0)
    for count in range(d + 1):
        for chosen in combinations(sizes, count):
            if (rest := bound - sum(chosen)) > 0:
                total += (-1) ** count * rest**d
    return total / (factorial(d) * prod(sizes))


class Preferences(ABC):
    """A distribution of one agent's types, independent of the others'."""

    @property
    @abstractmethod
    def tasks(self) -> int:
        """Number of tasks."""

    @abstractmethod
    def draw(self, dice: np.random.Generator) -> Type:
        """Draw one type, as exact numbers."""

    @abstractmethod
    def at(self, uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the types that uniform numbers stand for.

        Parameters
        ----------
        uniforms : array, shape (count, tasks)
            In (0, 1). Greater numbers stand for greater costs; for discrete types, those in the first column
            stand for types in order.

        Returns
        -------
        array, shape (count, tasks)
        """

    def sample(self, dice: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Draw types for statistics.

        Returns
        -------
        array, shape (count, tasks)
            Not the types that `draw` draws.
        """
        return self.at(dice.random((count, self.tasks)))

    @abstractmethod
    def likes_two(self, one: Vector, other: Vector) -> Type | None:
        """Return a type of the support that likes both rays, or None.

        The support is closed; where it is more than one point, such types have a positive probability.
        """

    @abstractmethod
    def ratio_law(self, price: Fraction) -> Fraction | float:
        """For two tasks A and B: return F(p) = P(c_A / c_B ≤ p); exact except for lognormal types."""

    @abstractmethod
    def chance(self, ray: Vector) -> Fraction | None:
        """Return P(c·κ < 0) exactly, or None where it is not rational or takes too long."""

    @abstractmethod
    def likes(self, ray: Vector) -> bool:
        """Return whether some type of the support has c·κ < 0."""

    def is_simple(self, rays: Sequence[Vector]) -> bool:
        """Return whether no type of the support likes two rays of a menu."""
        return all(self.likes_two(one, other) is None for one, other in combinations(rays, 2))

    def law(self, rays: Sequence[Vector], *, seed: int = 0, samples: int = SAMPLES) -> Law:
        """Return the probability of each choice from a menu.

        Parameters
        ----------
        rays : sequence of tuple
            At full length.
        seed, samples : int
            For sampled types, where probabilities are not exact.

        Examples
        --------
        >>> box = Uniform((Fraction(1),) * 2, (Fraction(2),) * 2)
        >>> menu = [(Fraction(5, 3), Fraction(-2)), (Fraction(-2), Fraction(3))]
        >>> print(*box.law(menu).probabilities)
        11/60 11/15 1/12
        """
        if self.is_simple(rays):
            chances = [self.chance(ray) for ray in rays]
            known = [p for p in chances if p is not None]
            if len(known) == len(chances):
                return Law((1 - sum(known, Fraction(0)), *known))
        choices = chosen(_sampled(self, seed, samples), as_floats(rays)) if rays else np.zeros(samples, int)
        counts = np.bincount(choices, minlength=len(rays) + 1)
        return Law(tuple(Fraction(int(count), samples) for count in counts), samples)

    def choices(self, rays: Sequence[Vector], dice: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Draw types, and return what they choose, as `choose` numbers it.

        Returns
        -------
        array, shape (count,)
        """
        if not rays:
            return np.zeros(count, dtype=np.int64)
        return chosen(self.sample(dice, count), as_floats(rays))


@lru_cache(maxsize=8)
def _sampled(preferences: Preferences, seed: int, samples: int) -> NDArray[np.float64]:
    """Draw the types of `Preferences.law`, which is asked about many menus."""
    types = preferences.sample(np.random.default_rng(seed), samples)
    types.flags.writeable = False
    return types


def as_floats(rays: Sequence[Vector]) -> NDArray[np.float64]:
    """Return rays as rows of floating-point numbers."""
    return np.array([[float(x) for x in ray] for ray in rays])


def chosen(types: NDArray[np.float64], rays: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return what types choose from a menu, in floating point.

    Parameters
    ----------
    types : array, shape (count, tasks)
    rays : array, shape (rays, tasks)
        At full length.

    Examples
    --------
    >>> chosen(np.array([[1.0, 2], [2, 2], [3, 2]]), np.array([[1.0, -1], [-1, 1]])).tolist()
    [1, 0, 2]
    """
    changes = types @ rays.T
    best = np.argmin(changes, axis=1)
    least = np.take_along_axis(changes, best[:, None], axis=1)[:, 0]
    # A sum of n products of floats errs by less than n + 1 units of the sum of their sizes.
    error = (types.shape[1] + 2) * np.finfo(float).eps * (np.abs(types) @ np.abs(rays.T)).max(axis=1)
    return np.where(least < -error, best + 1, 0).astype(np.int64)


@dataclass(frozen=True)
class Uniform(Preferences):
    """Types uniform on a box; where low = high, the coordinate is fixed."""

    low: Vector
    high: Vector

    @property
    def tasks(self) -> int:
        """Number of tasks."""
        return len(self.low)

    @cached_property
    def _floats(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        low = np.array([float(x) for x in self.low])
        return low, np.array([float(b - a) for a, b in zip(self.low, self.high, strict=True)])

    def draw(self, dice: np.random.Generator) -> Type:
        """Draw one type: each coordinate is the middle of one of 2^53 equal parts of its interval."""
        parts = dice.integers(0, 2**BITS, size=self.tasks).tolist()
        return tuple(
            low + (high - low) * Fraction(2 * part + 1, 2 ** (BITS + 1))
            for low, high, part in zip(self.low, self.high, parts, strict=True)
        )

    def at(self, uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the types that uniform numbers stand for."""
        low, width = self._floats
        return low + width * uniforms

    def likes_two(self, one: Vector, other: Vector) -> Type | None:
        """Return a type of the box that likes both rays, or None."""
        return find_type_in_box(one, other, self.low, self.high)

    def likes(self, ray: Vector) -> bool:
        """Return whether some type of the box has c·κ < 0."""
        return dot(ray, [a if x > 0 else b for x, a, b in zip(ray, self.low, self.high, strict=True)]) < 0

    def chance(self, ray: Vector) -> Fraction | None:
        """Return P(c·κ < 0) exactly, up to `MAX_TERMS` tasks in the ray.

        Examples
        --------
        >>> box = Uniform((Fraction(1), Fraction(1)), (Fraction(2), Fraction(2)))
        >>> print(box.chance((Fraction(1), Fraction(-6, 5))), box.chance((Fraction(-1), Fraction(3, 2))))
        11/15 1/12
        """
        widths = [x * (b - a) for x, a, b in zip(ray, self.low, self.high, strict=True)]
        return None if sum(map(bool, widths)) > MAX_TERMS else below(widths, -dot(self.low, ray))

    def law(self, rays: Sequence[Vector], *, seed: int = 0, samples: int = SAMPLES) -> Law:
        """Return the probability of each choice from a menu; with two tasks always exactly.

        Examples
        --------
        A type with c_A = 5/4 c_B likes both rays, and the second one more:

        >>> box = Uniform((Fraction(1), Fraction(1)), (Fraction(2), Fraction(2)))
        >>> menu = [(Fraction(4, 3), Fraction(-2)), (Fraction(-2), Fraction(2))]
        >>> print(*box.law(menu).probabilities, box.ratio_law(Fraction(6, 5)))
        0 11/15 4/15 11/15
        """
        if self.tasks > 2 or self.low == self.high:
            return super().law(rays, seed=seed, samples=samples)
        # The choice depends on r = c_A / c_B only, and changes only where c·κ = 0 for a ray or for the
        # difference of two.
        sides = [*rays, *((a - c, b - d) for (a, b), (c, d) in combinations(rays, 2))]
        cuts = sorted({-b / a for a, b in sides if a * b < 0})
        found = [Fraction(0)] * (len(rays) + 1)
        top = max((self.high[0] / self.low[1], *cuts)) + 1
        for start, end in pairwise((Fraction(0), *cuts, top)):
            part = self.ratio_law(end) - self.ratio_law(start)
            found[choose(((start + end) / 2, Fraction(1)), rays)] += part
        return Law(tuple(found))

    def ratio_law(self, price: Fraction) -> Fraction:
        """For two tasks: return F(p) = P(c_A / c_B ≤ p) exactly.

        Examples
        --------
        On [1, 2]², F(p) = (2p − 1)² / 2p up to 1, and then 3 − 2/p − p/2.

        >>> box = Uniform((Fraction(1), Fraction(1)), (Fraction(2), Fraction(2)))
        >>> print(*(box.ratio_law(Fraction(p, 4)) for p in (2, 3, 4, 6, 8)))
        0 1/6 1/2 11/12 1
        """
        widths = [
            a - b if k == 0 else price * (b - a)
            for k, (a, b) in enumerate(zip(self.low, self.high, strict=True))
        ]
        return 1 - below(widths, self.low[0] - price * self.low[1])


@dataclass(frozen=True)
class Discrete(Preferences):
    """Finitely many types with weights, which are divided by their sum."""

    types: tuple[Type, ...]
    weights: tuple[Fraction, ...]

    @property
    def tasks(self) -> int:
        """Number of tasks."""
        return len(self.types[0])

    @cached_property
    def probabilities(self) -> tuple[Fraction, ...]:
        """The probability of each type."""
        total = sum(self.weights, Fraction(0))
        return tuple(weight / total for weight in self.weights)

    @cached_property
    def _steps(self) -> NDArray[np.float64]:
        return np.array([float(p) for p in accumulate(self.probabilities)])

    def _places(self, uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.searchsorted(self._steps, uniforms, side="right").clip(max=len(self.types) - 1)

    def draw(self, dice: np.random.Generator) -> Type:
        """Draw one type."""
        return self.types[int(self._places(dice.random(1))[0])]

    def at(self, uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the types that uniform numbers stand for."""
        types = np.array([[float(x) for x in kind] for kind in self.types])
        return types[self._places(uniforms[:, 0])]

    def choices(self, rays: Sequence[Vector], dice: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Draw types, and return what they choose."""
        picks = np.array([choose(kind, rays) for kind in self.types], dtype=np.int64)
        return picks[self._places(dice.random(count))]

    def likes_two(self, one: Vector, other: Vector) -> Type | None:
        """Return the first type that likes both rays, or None."""
        return next((kind for kind in self.types if dot(kind, one) < 0 and dot(kind, other) < 0), None)

    def likes(self, ray: Vector) -> bool:
        """Return whether some type has c·κ < 0."""
        return any(dot(kind, ray) < 0 for kind in self.types)

    def chance(self, ray: Vector) -> Fraction:
        """Return P(c·κ < 0) exactly."""
        return self._total(lambda kind: dot(kind, ray) < 0)

    def law(self, rays: Sequence[Vector], *, seed: int = 0, samples: int = SAMPLES) -> Law:
        """Return the exact probability of each choice, for any menu."""
        del seed, samples  # nothing is sampled
        found = [Fraction(0)] * (len(rays) + 1)
        for kind, p in zip(self.types, self.probabilities, strict=True):
            found[choose(kind, rays)] += p
        return Law(tuple(found))

    def ratio_law(self, price: Fraction) -> Fraction:
        """For two tasks: return F(p) = P(c_A / c_B ≤ p) exactly."""
        return self._total(lambda kind: kind[0] <= price * kind[1])

    def _total(self, holds: Callable[[Type], bool]) -> Fraction:
        pairs = zip(self.types, self.probabilities, strict=True)
        return sum((p for kind, p in pairs if holds(kind)), Fraction(0))


@dataclass(frozen=True)
class Lognormal(Preferences):
    """Types whose logarithms are jointly normal; every c > 0 is in the support."""

    mean: Vector
    covariance: tuple[Vector, ...]
    """Symmetric and positive definite."""

    @property
    def tasks(self) -> int:
        """Number of tasks."""
        return len(self.mean)

    @cached_property
    def _floats(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        covariance = np.array([[float(x) for x in row] for row in self.covariance])
        return np.array([float(x) for x in self.mean]), np.linalg.cholesky(covariance)

    def draw(self, dice: np.random.Generator) -> Type:
        """Draw one type; a coordinate is a float, read exactly."""
        mean, root = self._floats
        return tuple(Fraction(x) for x in np.exp(mean + root @ dice.standard_normal(self.tasks)).tolist())

    def at(self, uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the types that uniform numbers stand for."""
        from scipy.special import ndtri  # noqa: PLC0415 - slow to load

        mean, root = self._floats
        normal = ndtri(np.maximum(uniforms, SMALLEST))
        types: NDArray[np.float64] = np.exp(mean + normal @ root.T)
        return types

    def likes_two(self, one: Vector, other: Vector) -> Type | None:
        """Return a positive type that likes both rays, or None if they are polarized."""
        if are_polarized(one, other):
            return None
        found = find_type_liking_both(one, other)
        return None if found is None else positive_type(found, (one, other))

    def likes(self, ray: Vector) -> bool:
        """Return whether a ray gives up some task: then some positive type has c·κ < 0."""
        return min(ray) < 0

    def chance(self, ray: Vector) -> None:
        """Return None: these probabilities are not rational."""
        del ray

    def ratio_law(self, price: Fraction) -> float:
        """For two tasks: return F(p) = P(c_A / c_B ≤ p), a normal probability of log p.

        Examples
        --------
        >>> one, none = Fraction(1), Fraction(0)
        >>> Lognormal((one, one), ((one, none), (none, one))).ratio_law(Fraction(1))
        0.5
        """
        if price <= 0:
            return 0.0
        (aa, ab), (_, bb) = self.covariance
        return (1 + erf((log(price) - float(self.mean[0] - self.mean[1])) / sqrt(2 * (aa - 2 * ab + bb)))) / 2
