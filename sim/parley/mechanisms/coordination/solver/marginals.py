"""Marginal costs of all agents, in exact integers.

The k-th unit of an agent's workload costs f(k) − f(k − 1). Multiplied by a common `scale`, these are
integers: of 64 bits if they fit, else Python's own, in the same NumPy expressions. Python's own are slow, so
floating point gives estimates, and integers decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import inf, isfinite, lcm
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from parley.mechanisms.coordination.costs import ChainCost, CostKind

if TYPE_CHECKING:
    from parley.mechanisms.coordination.problem import Problem

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
# int64 or object: exact integers either way.
Exact = NDArray[Any]

_SAFE = 2**61
_NEWTON_STEPS = 4


@dataclass(frozen=True, slots=True)
class _Polynomial:
    """f(q) = (coefficient · q^exponent + linear · q) / denominator, one exponent for some agents."""

    coefficient: Exact
    linear: Exact
    denominator: Exact
    exponent: int
    rough_coefficient: FloatArray
    """In units of cost, with the denominator divided out."""
    rough_linear: FloatArray

    @classmethod
    def of(cls, rows: list[ChainCost], exponent: int, scale: int, dtype: type) -> Self:
        return cls(
            np.array([row.coefficient for row in rows], dtype=dtype),
            np.array([row.linear for row in rows], dtype=dtype),
            np.array([row.denominator for row in rows], dtype=dtype),
            exponent,
            np.array([_rough(row.coefficient, row.denominator * scale) for row in rows]),
            np.array([_rough(row.linear, row.denominator * scale) for row in rows]),
        )

    def select(self, which: IntArray) -> Self:
        return type(self)(
            self.coefficient[which],
            self.linear[which],
            self.denominator[which],
            self.exponent,
            self.rough_coefficient[which],
            self.rough_linear[which],
        )

    def marginal(self, k: Exact) -> Exact:
        before = k - 1
        rise = k**self.exponent - before**self.exponent
        cost: Exact = (self.coefficient * rise + self.linear) // self.denominator
        return cost

    def count(self, price: int, rough_price: float, most: Exact) -> Exact:
        """Count the units that cost at most `price` each, up to `most`."""
        if self.exponent == 2:
            odd = (price * self.denominator - self.linear) // self.coefficient  # 2k − 1 is at most this
            units: Exact = np.minimum(np.maximum((odd + 1) // 2, 0), most)
            return units
        near = self.estimate(rough_price, most.astype(np.float64)).astype(np.int64).astype(most.dtype)
        width = 1 + near // 2**40
        low, high = np.maximum(near - width, 0), np.minimum(near + width, most)
        # Where the estimate is off, search everywhere.
        off = ((low > 0) & (self.marginal(np.maximum(low, 1)) > price)) | (
            (high < most) & (self.marginal(high + 1) <= price)
        )
        low, high = np.where(off, 0, low), np.where(off, most, high)
        while (low < high).any():
            middle = (low + high + 1) // 2
            cheap = self.marginal(np.maximum(middle, 1)) <= price
            low, high = np.where(cheap, middle, low), np.where(cheap, high, np.maximum(middle - 1, low))
        return low

    def estimate(self, price: float, most: FloatArray) -> FloatArray:
        """Do the same, roughly: solve k^exponent − (k − 1)^exponent = rise."""
        degree = self.exponent
        with np.errstate(all="ignore"):  # numbers beyond floating point end as no estimate, 0
            rise = np.maximum((price - self.rough_linear) / self.rough_coefficient, 0.0)
            k = 0.5 + (rise / degree) ** (1 / (degree - 1))  # exact for a quadratic
            for _ in range(_NEWTON_STEPS if degree > 2 else 0):
                k = np.maximum(k, 1.0)
                slope = degree * (k ** (degree - 1) - (k - 1) ** (degree - 1))
                k = k - (k**degree - (k - 1) ** degree - rise) / slope
            units = np.minimum(np.where(rise < 1, 0.0, np.floor(k)), most)
        return np.nan_to_num(units, nan=0.0)


@dataclass(frozen=True, slots=True)
class _Slopes:
    """Piecewise-linear functions: slope `slopes[:, k]` from `starts[:, k]` on."""

    starts: Exact
    slopes: Exact
    rough_slopes: FloatArray

    @classmethod
    def of(cls, rows: list[ChainCost], highest: int, scale: int, dtype: type) -> Self:
        """Pad the rows with segments that begin at a load which is never reached."""
        width = max(len(row.slopes) for row in rows)
        starts = [row.breakpoints + (highest,) * (width - len(row.slopes)) for row in rows]
        never = max(row.slopes[-1] for row in rows)
        slopes = [row.slopes + (never,) * (width - len(row.slopes)) for row in rows]
        rough = [[_rough(slope, scale) for slope in row] for row in slopes]
        return cls(np.array(starts, dtype=dtype), np.array(slopes, dtype=dtype), np.array(rough))

    def select(self, which: IntArray) -> Self:
        return type(self)(self.starts[which], self.slopes[which], self.rough_slopes[which])

    def marginal(self, k: Exact) -> Exact:
        segment = (self.starts < k[:, None]).sum(axis=1) - 1
        # Before the first unit there is no segment; its marginal is not asked for.
        cost: Exact = self.slopes[np.arange(len(k)), np.maximum(segment, 0)]
        return cost

    def count(self, price: int, _rough_price: float, most: Exact) -> Exact:
        """Count the units that cost at most `price` each, up to `most`."""
        return self._ends((self.slopes <= price).sum(axis=1), most)

    def estimate(self, price: float, most: FloatArray) -> FloatArray:
        """Do the same, roughly."""
        return self._ends((self.rough_slopes <= price).sum(axis=1), most).astype(np.float64)

    def _ends(self, cheap: IntArray, most: Exact) -> Exact:
        ends = np.concatenate((self.starts, np.full((len(most), 1), most.max(initial=0))), axis=1)
        return np.minimum(np.where(cheap == 0, 0, ends[np.arange(len(most)), cheap]), most)


_Parts = list[tuple[IntArray, _Polynomial | _Slopes]]


class Marginals:
    """Marginal costs of a list of agents.

    Parameters
    ----------
    scale : int
        Costs are in units of 1 / scale.
    parts : list of (positions, functions)
        Agents of one kind together.
    dtype : type
        What holds the integers.
    """

    def __init__(self, scale: int, size: int, parts: _Parts, dtype: type) -> None:
        self.scale = scale
        self.size = size
        self._parts = parts
        self._dtype = dtype

    @classmethod
    def of(cls, problem: Problem, first: int, most: IntArray) -> Self:
        """Return the marginals of agents from `first` on, for workloads up to `most` units and one more."""
        costs = problem.costs[first:]
        distinct = list(dict.fromkeys(costs))
        scale = lcm(*(cost.whole_at(problem.unit) for cost in distinct))
        forms = {cost: cost.on_chain(problem.unit, scale) for cost in distinct}
        highest = int(most.max(initial=0)) + 1
        dtype: type = np.int64 if all(_fits(form, highest) for form in forms.values()) else object
        groups: dict[tuple[bool, int], list[int]] = {}
        for i, cost in enumerate(costs):
            form = forms[cost]
            exponent = 2 if form.kind == CostKind.QUADRATIC else form.exponent
            groups.setdefault((form.kind == CostKind.PIECEWISE, exponent), []).append(i)
        parts: _Parts = []
        for (piecewise, exponent), members in groups.items():
            rows = [forms[costs[i]] for i in members]
            functions = (
                _Slopes.of(rows, highest, scale, dtype)
                if piecewise
                else _Polynomial.of(rows, exponent, scale, dtype)
            )
            parts.append((np.array(members, dtype=np.int64), functions))
        return cls(scale, len(costs), parts, dtype)

    def select(self, which: IntArray) -> Marginals:
        """Return the marginals of some agents, given by ascending positions."""
        place = np.full(self.size, -1, dtype=np.int64)
        place[which] = np.arange(len(which))
        parts: _Parts = []
        for members, functions in self._parts:
            here = np.flatnonzero(place[members] >= 0)
            if len(here):
                parts.append((place[members[here]], functions.select(here)))
        return Marginals(self.scale, len(which), parts, self._dtype)

    def at(self, k: IntArray) -> Exact:
        """Return the cost of each agent's k-th unit (k ≥ 1), in units of 1 / scale."""
        result: Exact = np.empty(self.size, dtype=self._dtype)
        for members, functions in self._parts:
            result[members] = functions.marginal(k[members].astype(self._dtype))
        return result

    def count(self, price: int, most: IntArray) -> IntArray:
        """Count the units that cost each agent at most `price` apiece, up to `most`."""
        result = np.empty(self.size, dtype=np.int64)
        rough = _rough(price, self.scale)
        for members, functions in self._parts:
            result[members] = functions.count(price, rough, most[members].astype(self._dtype))
        return result

    def guess(self, least: IntArray, most: IntArray, target: int) -> list[int]:
        """Guess prices at which agents take fewer, and no fewer, than `target` units together.

        There are none if 64 bits suffice, because exact prices are then cheap.
        """
        high = _rough(int(self.at(np.maximum(most, 1)).max()), self.scale)
        if self._dtype is np.int64 or not isfinite(high):
            return []
        low = 0.0
        for _ in range(60):
            middle = (low + high) / 2
            taken = 0.0
            for members, functions in self._parts:
                some = functions.estimate(middle, most[members].astype(np.float64))
                taken += float(np.maximum(some, least[members]).sum())
            low, high = (low, middle) if taken >= target else (middle, high)
        # Rounding errors are far below the first width; the second is for powers of small loads.
        return [
            int(Fraction(high) * (1 + sign * width) * self.scale) for width in _WIDTHS for sign in (-1, 1)
        ]


_WIDTHS = (Fraction(1, 10**4), Fraction(1, 10**11))


def _fits(form: ChainCost, highest: int) -> bool:
    """Whether 64 bits hold all intermediate results for workloads up to `highest`."""
    if form.kind == CostKind.PIECEWISE:
        return form.slopes[-1] < _SAFE and form.breakpoints[-1] < _SAFE
    exponent = 2 if form.kind == CostKind.QUADRATIC else form.exponent
    # `count` also multiplies a price, at most the highest marginal of any agent, by a quadratic's
    # denominator: 1 or 2.
    whole: int = form.coefficient * highest**exponent + form.linear * highest
    return whole < _SAFE


def _rough(numerator: int, denominator: int) -> float:
    try:
        return numerator / denominator
    except OverflowError:
        return inf
