"""Marginal costs of all agents at once, in exact integers.

The k-th unit of an agent's workload costs f(k) − f(k − 1). Multiplied by a common `scale`, all of these are
integers: of 64 bits where they fit, else Python's own, through the same NumPy expressions.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from sim.coordination.costs import ChainCost, CostKind

if TYPE_CHECKING:
    from sim.coordination.problem import Problem

IntArray = NDArray[np.int64]
# int64 or object: exact integers either way.
Exact = NDArray[Any]

_SAFE = 2**61


@dataclass(frozen=True, slots=True)
class _Polynomial:
    """f(q) = (coefficient · q^exponent + linear · q) / denominator, one exponent for some agents."""

    coefficient: Exact
    linear: Exact
    denominator: Exact
    exponent: int

    def select(self, which: IntArray) -> Self:
        return type(self)(self.coefficient[which], self.linear[which], self.denominator[which], self.exponent)

    def marginal(self, k: Exact) -> Exact:
        before = k - 1
        rise = k**self.exponent - before**self.exponent
        cost: Exact = (self.coefficient * rise + self.linear) // self.denominator
        return cost

    def count(self, price: int, most: Exact) -> Exact:
        """Count the units that cost at most `price` each, up to `most`."""
        if self.exponent == 2:
            odd = (price * self.denominator - self.linear) // self.coefficient  # 2k − 1 is at most this
            units: Exact = np.minimum(np.maximum((odd + 1) // 2, 0), most)
            return units
        low, high = most * 0, most.copy()
        while (low < high).any():
            middle = (low + high + 1) // 2
            cheap = self.marginal(np.maximum(middle, 1)) <= price
            low, high = np.where(cheap, middle, low), np.where(cheap, high, np.maximum(middle - 1, low))
        return low


@dataclass(frozen=True, slots=True)
class _Slopes:
    """Piecewise-linear functions: slope `slopes[:, k]` from `starts[:, k]` on."""

    starts: Exact
    slopes: Exact

    def select(self, which: IntArray) -> Self:
        return type(self)(self.starts[which], self.slopes[which])

    def marginal(self, k: Exact) -> Exact:
        segment = (self.starts < k[:, None]).sum(axis=1) - 1
        # Before the first unit there is no segment; its marginal is not asked for.
        cost: Exact = self.slopes[np.arange(len(k)), np.maximum(segment, 0)]
        return cost

    def count(self, price: int, most: Exact) -> Exact:
        """Count the units that cost at most `price` each, up to `most`."""
        cheap = (self.slopes <= price).sum(axis=1)
        ends = np.concatenate((self.starts, np.full((len(most), 1), most.max(initial=0))), axis=1)
        return np.minimum(np.where(cheap == 0, 0, ends[np.arange(len(most)), cheap]), most)


class Marginals:
    """Marginal costs of a list of agents.

    Parameters
    ----------
    scale : int
        Costs are in units of 1 / scale.
    size : int
        Number of agents.
    parts : list of (positions, functions)
        Agents of one kind together.
    """

    def __init__(
        self, scale: int, size: int, parts: list[tuple[IntArray, _Polynomial | _Slopes]], dtype: type
    ) -> None:
        self.scale = scale
        self.size = size
        self._parts = parts
        self._dtype = dtype

    @classmethod
    def of(cls, problem: Problem, first: int, most: IntArray) -> Self:
        """Take the agents from `first` on, for workloads up to `most` (in units) and one beyond."""
        costs = problem.costs[first:]
        distinct = list(dict.fromkeys(costs))
        scale = lcm(*(cost.whole_at(problem.unit) for cost in distinct))
        forms = {cost: cost.on_chain(problem.unit, scale) for cost in distinct}
        highest = int(most.max(initial=0)) + 1
        dtype: type = np.int64 if all(_fits(form, highest) for form in forms.values()) else object
        groups: dict[tuple[int, int], list[int]] = {}
        for i, cost in enumerate(costs):
            form = forms[cost]
            exponent = 2 if form.kind == CostKind.QUADRATIC else form.exponent
            groups.setdefault((form.kind == CostKind.PIECEWISE, exponent), []).append(i)
        parts: list[tuple[IntArray, _Polynomial | _Slopes]] = []
        for (piecewise, exponent), members in groups.items():
            rows = [forms[costs[i]] for i in members]
            functions = _slopes(rows, highest, dtype) if piecewise else _polynomial(rows, exponent, dtype)
            parts.append((np.array(members, dtype=np.int64), functions))
        return cls(scale, len(costs), parts, dtype)

    def select(self, which: IntArray) -> Marginals:
        """Take the same of some of the agents, given by ascending positions."""
        if len(self._parts) == 1:
            return Marginals(
                self.scale,
                len(which),
                [(np.arange(len(which)), self._parts[0][1].select(which))],
                self._dtype,
            )
        place = np.full(self.size, -1, dtype=np.int64)
        place[which] = np.arange(len(which))
        parts: list[tuple[IntArray, _Polynomial | _Slopes]] = []
        for members, functions in self._parts:
            here = np.flatnonzero(place[members] >= 0)
            if len(here):
                parts.append((place[members[here]], functions.select(here)))
        return Marginals(self.scale, len(which), parts, self._dtype)

    def at(self, k: IntArray) -> Exact:
        """Give what the k-th unit costs each agent (k ≥ 1), in units of 1 / scale."""
        result: Exact = np.empty(self.size, dtype=self._dtype)
        for members, functions in self._parts:
            result[members] = functions.marginal(k[members].astype(self._dtype))
        return result

    def count(self, price: int, most: IntArray) -> IntArray:
        """Count the units that cost each agent at most `price` apiece, up to `most`."""
        result = np.empty(self.size, dtype=np.int64)
        for members, functions in self._parts:
            result[members] = functions.count(price, most[members].astype(self._dtype))
        return result


def _fits(form: ChainCost, highest: int) -> bool:
    """Whether 64 bits hold everything that is computed on the way for workloads up to `highest`."""
    if form.kind == CostKind.PIECEWISE:
        return form.slopes[-1] < _SAFE and form.breakpoints[-1] < _SAFE
    exponent = 2 if form.kind == CostKind.QUADRATIC else form.exponent
    # `count` also multiplies a price, at most the highest marginal of any agent, by a quadratic's
    # denominator: 1 or 2.
    whole: int = form.coefficient * highest**exponent + form.linear * highest
    return whole < _SAFE


def _polynomial(rows: list[ChainCost], exponent: int, dtype: type) -> _Polynomial:
    return _Polynomial(
        np.array([row.coefficient for row in rows], dtype=dtype),
        np.array([row.linear for row in rows], dtype=dtype),
        np.array([row.denominator for row in rows], dtype=dtype),
        exponent,
    )


def _slopes(rows: list[ChainCost], highest: int, dtype: type) -> _Slopes:
    width = max(len(row.slopes) for row in rows)
    starts = [row.breakpoints + (highest,) * (width - len(row.slopes)) for row in rows]
    never = max(row.slopes[-1] for row in rows)
    slopes = [row.slopes + (never,) * (width - len(row.slopes)) for row in rows]
    return _Slopes(np.array(starts, dtype=dtype), np.array(slopes, dtype=dtype))
