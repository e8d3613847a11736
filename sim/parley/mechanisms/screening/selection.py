"""The selection: what each agent's chosen trading set becomes, so that social cost is least.

A *column* is a change κ of one agent's assignment at full length: the chosen ray, or for a remedial agent one
column −η_i e_i for each task i with η_i > 0. Its cost is π·κ, with the agent's social costs π. The selection
finds a *share* 0 ≤ y ≤ 1 of each column such that all tasks are cleared, Σ_t y_t κ_t = 0. It is
*lexicographic*: least social cost Σ_t y_t π·κ_t, then the greatest first share, then the greatest second one,
and so on. Only one vector of shares is optimal. Agents care about shares: whoever breaks a tie could sell it.

A *basis* proves the optimum: prices λ of tasks, and for each basic column t a vector ν_t, with
(π − λ)·κ_s = 0 and ν_t·κ_s = −[s = t] for basic columns s. Every other column has share 0 if the first of
(π − λ)·κ and −ν_t·κ (for basic t before it, in order) that is not 0 is positive, and else 1. The certificate
proves the optimum by weak duality, level by level: λ for the cost, ν_t for share t.

Source: Valenzuela-Stookey (2026), section 3, the ex-post optimal rule after Corollary 3; the remedial columns
and the order of optima are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import gcd, lcm
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parley.core.errors import ParleyError
from parley.core.linear import Program
from parley.mechanisms.screening.kernel import fast, find_bases
from parley.mechanisms.screening.rays import Vector, dot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["Selection", "Selector", "find_fault", "select"]

MANY = 2_000
"""Profiles from which machine code pays: it takes a second to load."""
HALVINGS = (64, 256, 1024, 4096)
"""The exact search weighs share t by 2^(−t·h), with the first h that is enough."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The lexicographic optimum of one profile, with its proof."""

    shares: tuple[Fraction, ...]
    """One for each column."""
    basis: tuple[int, ...]
    """The basic columns, ascending."""
    prices: Vector
    """λ, one for each task."""
    vectors: tuple[Vector, ...]
    """ν, one for each basic column."""
    cost: Fraction
    """Change of social cost, Σ_t y_t π·κ_t ≤ 0."""

    def denominator(self) -> int:
        """Return the least q such that shares, prices and vectors are whole numbers over q.

        Examples
        --------
        >>> select([(Fraction(1), Fraction(-1)), (Fraction(-3), Fraction(3))], [-1, 1]).denominator()
        3
        """
        numbers = (*self.shares, *self.prices, *(x for vector in self.vectors for x in vector))
        return lcm(*(number.denominator for number in numbers))


class _Proof(NamedTuple):
    """A basis and what follows from it, in whole numbers: columns are scaled, and so are costs."""

    basic: list[int]
    full: list[int]
    """Other columns of share 1."""
    inverse: list[list[int]]
    tasks: list[int]
    """Those that may have a price other than 0: inverse × κ of basic columns in these is q times the unit."""
    q: int
    numerators: list[int]
    """Shares of basic columns, times q."""
    prices: list[int]
    """λ of these tasks, times q."""


def select(columns: Sequence[Vector], costs: Sequence[Fraction | int]) -> Selection:
    """Find the lexicographic optimum of one profile.

    Parameters
    ----------
    columns : sequence of tuple
        κ of each column, in seat order.
    costs : sequence of Fraction
        π·κ of each column.

    Examples
    --------
    The first agent takes one of task A for one of B and gains 2; the second would do the reverse at no cost:

    >>> one = Fraction(1)
    >>> found = select([(2 * one, -2 * one), (-3 * one, 3 * one)], [-4, 0])
    >>> print(*found.shares, found.cost, found.basis, *found.prices)
    1 2/3 -4 (1,) 0 0
    """
    return next(Selector(columns, costs).select(np.ones((1, len(columns)), dtype=np.bool_)))


class Selector:
    """Selections from many subsets of the same columns.

    Parameters
    ----------
    columns, costs
        See `select`.
    """

    def __init__(self, columns: Sequence[Vector], costs: Sequence[Fraction | int]) -> None:
        self.columns = tuple(columns)
        self.costs = tuple(map(Fraction, costs))
        self._scale = lcm(*(x.denominator for column in self.columns for x in column))
        self._worth = lcm(*(cost.denominator for cost in self.costs))
        self._whole = [[int(x * self._scale) for x in column] for column in self.columns]
        self._whole_costs = [int(cost * self._worth) for cost in self.costs]
        self._solved = 0

    @cached_property
    def _floats(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        columns = np.array([[float(x) for x in column] for column in self.columns])
        return columns, np.array([float(cost) for cost in self.costs])

    @property
    def costs_in_floats(self) -> NDArray[np.float64]:
        """Cost of each column, shape (columns,)."""
        return self._floats[1]

    def estimate(self, present: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the shares of many profiles in floating point.

        Parameters
        ----------
        present : array of bool, shape (profiles, columns)

        Returns
        -------
        array, shape (profiles, columns)
            Times `costs_in_floats`, the changes of social cost.
        """
        return self._guess(present)[1] if self.columns else np.zeros((len(present), 0))

    def _guess(self, present: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        self._solved += len(present)
        return (fast() if self._solved >= MANY else find_bases)(*self._floats, present)

    def select(self, present: NDArray[np.bool_]) -> Iterator[Selection]:
        """Find the exact selection of each profile, with its proof.

        Parameters
        ----------
        present : array of bool, shape (profiles, columns)
            The columns of each profile; shares and basis count only these.
        """
        for row, proof in zip(present, self._proofs(present), strict=True):
            which = np.nonzero(row)[0].tolist()
            places = {t: place for place, t in enumerate(which)}
            scale = Fraction(self._scale, proof.q)
            shares, cost = self._outcome(proof)
            yield Selection(
                tuple(shares.get(t, Fraction(0)) for t in which),
                tuple(places[t] for t in proof.basic),
                self._spread(proof.tasks, [price * scale / self._worth for price in proof.prices]),
                tuple(
                    self._spread(proof.tasks, [-row[s] * scale for row in proof.inverse])
                    for s in range(len(proof.basic))
                ),
                cost,
            )

    def outcomes(self, present: NDArray[np.bool_]) -> Iterator[tuple[dict[int, Fraction], Fraction]]:
        """Find the exact shares of each profile that are not 0, by column, and the change of social cost.

        Faster than `select`, which writes the proof down; the proof is checked all the same.

        Parameters
        ----------
        present : array of bool, shape (profiles, columns)
        """
        return map(self._outcome, self._proofs(present))

    def _outcome(self, proof: _Proof) -> tuple[dict[int, Fraction], Fraction]:
        shares = {t: Fraction(y, proof.q) for t, y in zip(proof.basic, proof.numerators, strict=True) if y}
        shares |= dict.fromkeys(proof.full, Fraction(1))
        total = _product(proof.numerators, [self._whole_costs[t] for t in proof.basic])
        total += proof.q * sum(self._whole_costs[t] for t in proof.full)
        return shares, Fraction(total, proof.q * self._worth)

    def _spread(self, tasks: Sequence[int], numbers: Sequence[Fraction]) -> Vector:
        """Return a vector over all tasks; 0 for those that the basis does not need."""
        found = [Fraction(0)] * (len(self.columns[0]) if self.columns else 0)
        for i, number in zip(tasks, numbers, strict=True):
            found[i] = number
        return tuple(found)

    def _proofs(self, present: NDArray[np.bool_]) -> Iterator[_Proof]:
        if not self.columns:
            yield from (_Proof([], [], [], [], 1, [], []) for _ in present)
            return
        for row, basis, shares in zip(present, *self._guess(present), strict=True):
            which = np.nonzero(row)[0].tolist()
            basic = sorted(t for t in basis.tolist() if t >= 0)
            full = [t for t in which if shares[t] > 0.5 and t not in basic]
            priced = [i for i, t in enumerate(basis.tolist()) if t >= 0]
            yield self._prove(which, basic, full, priced) or self._search(which)

    def _prove(self, which: list[int], basic: list[int], full: list[int], priced: list[int]) -> _Proof | None:
        """Compute shares from a basis in whole numbers, and check that they are optimal; if not, return None.

        Parameters
        ----------
        which : list of int
            The columns of the profile.
        basic, full : list of int
            The basic ones, and others whose share is 1.
        priced : list of int
            Tasks that may have a price other than 0, the first ones preferred.
        """
        inverted = _invert([self._whole[t] for t in basic], priced)
        if inverted is None:
            return None
        inverse, tasks, q = inverted
        # With q > 0: Σ_s inverse[s][k]·κ_s[tasks[k']] = q·[k = k'].
        owed = [-sum(self._whole[t][i] for t in full) for i in range(len(self.columns[0]))]
        numerators = [sum(row[k] * owed[i] for k, i in enumerate(tasks)) for row in _transposed(inverse)]
        if not all(0 <= y <= q for y in numerators):
            return None
        for i, amount in enumerate(owed):
            if sum(y * self._whole[t][i] for t, y in zip(basic, numerators, strict=True)) != q * amount:
                return None
        prices = [sum(x * self._whole_costs[t] for x, t in zip(row, basic, strict=True)) for row in inverse]
        filled = set(full)
        for u in which:
            if u not in basic:
                column = [self._whole[u][i] for i in tasks]
                sign = q * self._whole_costs[u] - _product(prices, column)
                for s, t in enumerate(basic):
                    if sign or t > u:
                        break
                    sign = _product([row[s] for row in inverse], column)
                if (sign <= 0) != (u in filled):
                    return None
        return _Proof(basic, full, inverse, tasks, q, numerators, prices)

    def _search(self, which: list[int]) -> _Proof:
        """Find a selection in fractions, where floating point was wrong.

        The costs become cost_t − ε^t for a small ε; then the optimum is unique, and a column is basic if and
        only if its price is its cost. The proof shows whether ε was small enough.
        """
        for halvings in HALVINGS:
            costs = [self.costs[t] - Fraction(1, 2 ** (halvings * k)) for k, t in enumerate(which, 1)]
            program = Program()
            variables = [program.variable(-cost) for cost in costs]
            for i in range(len(self.columns[0])):
                program.equals({x: self.columns[t][i] for x, t in zip(variables, which, strict=True)}, 0)
            for x in variables:
                program.at_most({x: 1}, 1)
            prices = [-price for price in program.solve().prices[: len(self.columns[0])]]
            priced = sorted(range(len(prices)), key=lambda i: not prices[i])
            gains = {t: cost - dot(prices, self.columns[t]) for t, cost in zip(which, costs, strict=True)}
            basic = [t for t, gain in gains.items() if gain == 0]
            full = [t for t, gain in gains.items() if gain < 0]
            if found := self._prove(which, basic, full, priced):
                return found
        raise ParleyError("a selection was not found exactly")


def _product(one: Sequence[int], other: Sequence[int]) -> int:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _transposed(rows: list[list[int]]) -> list[list[int]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _invert(rows: list[list[int]], order: Sequence[int]) -> tuple[list[list[int]], list[int], int] | None:
    """Invert a matrix of whole numbers without fractions (Bareiss; Gauss and Jordan).

    Parameters
    ----------
    rows : list of list of int, shape (basic, tasks)
    order : sequence of int
        Tasks to use; the first ones, if not all are needed.

    Returns
    -------
    inverse : list of list of int, shape (basic, basic)
    tasks : list of int
        The columns of `rows` that are used: inverse × rows[:, tasks] is q times the unit matrix.
    q : int
        Above 0. None instead of all three if the rows are dependent.

    Examples
    --------
    >>> _invert([[3, 2, 4]], [1, 2]), _invert([[1, 2], [2, 4]], [0, 1])
    (([[1]], [1], 2), None)
    """
    size, width = len(rows), len(rows[0]) if rows else 0
    table = [[*row, *(int(i == k) for k in range(size))] for i, row in enumerate(rows)]
    last, used = 1, dict[int, int]()
    for task in order:
        k = next((i for i, row in enumerate(table) if row[task] and i not in used), None)
        if k is None:
            continue
        pivot_row, pivot = table[k], table[k][task]
        for i, row in enumerate(table):
            if i != k:
                factor = row[task]
                table[i] = [(pivot * a - factor * b) // last for a, b in zip(row, pivot_row, strict=True)]
        last, used[k] = pivot, task
    if len(used) < size:
        return None
    inverse = [table[k][width:] for k in used]
    common = gcd(last, *(x for row in inverse for x in row)) * (-1 if last < 0 else 1)
    return [[x // common for x in row] for row in inverse], list(used.values()), last // common


def find_fault(
    columns: Sequence[Vector], costs: Sequence[Fraction | int], selection: Selection
) -> str | None:
    """Check the proof of a selection from its definition.

    Returns
    -------
    str or None
        What is wrong; None if the shares are the lexicographic optimum.

    Examples
    --------
    >>> columns, costs = [(Fraction(1), Fraction(-1)), (Fraction(-3), Fraction(3))], [-1, 1]
    >>> found = select(columns, costs)
    >>> find_fault(columns, costs, found)
    >>> find_fault(columns, [2, 1], found)
    'share 0 is 1, but must be 0'
    """
    basis, vectors = selection.basis, dict(zip(selection.basis, selection.vectors, strict=True))
    if any(one >= other for one, other in pairwise(basis)):
        return "the basis is not ascending"
    for u, (column, cost, share) in enumerate(zip(columns, costs, selection.shares, strict=True)):
        level = cost - dot(selection.prices, column)
        if u in vectors:
            if level or any(dot(vector, column) != -int(t == u) for t, vector in vectors.items()):
                return f"column {u} is not basic"
            if not 0 <= share <= 1:
                return f"share {u} is {share}, but must be in [0, 1]"
            continue
        levels = (level, *(-dot(vectors[t], column) for t in basis if t < u))
        due = int(next((number for number in levels if number), -1) < 0)
        if share != due:
            return f"share {u} is {share}, but must be {due}"
    for i in range(len(selection.prices)):
        rest = dot([column[i] for column in columns], selection.shares)
        if rest:
            return f"task {i} is not cleared: {rest}"
    return None
