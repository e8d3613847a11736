"""Branch and bound over columns: two jobs together or apart, else more or less of one column.

Each node solves its linear program and adds cuts that the solution violates. Then it drops the columns that
are in no better solution than the best one found: using one costs more than the bound leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from parley.core.errors import ParleyError
from parley.mechanisms.guarantees.solver.cuts import violated
from parley.mechanisms.guarantees.solver.packing import NEAR, Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.core.clock import Clock
    from parley.mechanisms.guarantees.solver.kernels import Bools
    from parley.mechanisms.guarantees.solver.packing import Floats, Packing, Prices

__all__ = ["Packed", "pack"]

ROUNDS_FIRST, ROUNDS = 12, 3
"""Rounds of cuts at the first node, and at others."""
MOST_CUTS = 600
"""Cuts of one search; each is a row of the linear program."""


@dataclass(frozen=True)
class Packed:
    """What a search found."""

    gain: int
    """The greatest gain found."""
    chosen: tuple[int, ...] | None
    """Its columns; None if no solution is better than what was asked for."""
    bound: int
    """No solution has more gain, or more than what was asked for."""


def pack(
    packing: Packing,
    more_than: int,
    enough: int,
    clock: Clock,
    *,
    most_nodes: int = 1 << 40,
    cuts: bool = True,
) -> Packed:
    """Find a solution of more gain than `more_than`, the greatest one unless one has `enough`.

    Parameters
    ----------
    cuts : bool
        Whether cuts may be added; no columns can be added to the packing then.
    """
    search = _Search(packing, more_than, MOST_CUTS if cuts else 0)
    everything = Node(np.ones(packing.columns.count, dtype=np.bool_))
    open_nodes: list[tuple[Node, int]] = [(everything, 1 << 200)]
    while open_nodes and search.best < enough:
        if most_nodes <= 0 or clock.left <= 0:
            break
        most_nodes -= 1
        node, above = open_nodes.pop()
        if above <= search.best:
            continue
        children = search.expand(node, above, clock)
        if children is None:
            open_nodes.append((node, above))
            break
        open_nodes += children
    bound = max([search.best, *(above for _, above in open_nodes)])
    return Packed(search.best, search.chosen, bound)


def greedy(packing: Packing, point: Floats) -> list[int]:
    """Round a solution: take columns in the order of their shares as long as they fit."""
    left, kinds = packing.sizes.copy(), packing.counts.copy()
    holders, columns = packing.by_row, packing.columns
    order = np.lexsort((-packing.gains.astype(float), -point))
    taken: list[int] = []
    fits = kinds[columns.kinds] > 0
    while fits.any():
        column = int(order[fits[order].argmax()])
        kind, rows = columns.kinds[column], columns.of(column)
        taken.append(column)
        kinds[kind] -= 1
        if kinds[kind] == 0:
            fits &= columns.kinds != kind
        for row in rows:
            left[row] -= 1
        for row in set(rows):
            part = slice(holders.indptr[row], holders.indptr[row + 1])
            fits[holders.indices[part][holders.data[part] > left[row]]] = False
    return taken


class _Search:
    """The best solution so far, and how nodes become smaller ones."""

    def __init__(self, packing: Packing, more_than: int, cuts: int) -> None:
        self.packing, self.best = packing, more_than
        self.chosen: tuple[int, ...] | None = None
        self.cuts_left = cuts
        self.rounds = ROUNDS_FIRST

    def propose(self, chosen: Sequence[int]) -> None:
        gain = self.packing.gain_of(chosen)
        if gain is not None and gain > self.best:
            self.best, self.chosen = gain, tuple(chosen)

    def expand(self, node: Node, above: int, clock: Clock) -> list[tuple[Node, int]] | None:
        """Solve one node; None if the time is up."""
        found = self.packing.relax(node, clock)
        if found is None:
            if clock.left <= 0:
                return None
            taken = [column for column, times in node.lower.items() for _ in range(times)]
            if not self._fits(taken):
                return []
            raise ParleyError("HiGHS failed on a linear program that has a solution")
        node, point, above = self._tightened(node, found, above, clock)
        if self.best < above <= self.best + self.packing.blur:  # rounding alone may make the difference
            exact = self.packing.relax_exactly(node)
            if exact is not None:
                point, above = exact[0], min(above, exact[1])
                self._round(node, point)
        if above <= self.best:
            return []
        return [(child, above) for child in self._split(node, point)]

    def _tightened(
        self, node: Node, found: tuple[Floats, Prices] | None, above: int, clock: Clock
    ) -> tuple[Node, Floats, int]:
        """Add cuts until the solution violates none, or nothing is left to find; return it with its bound."""
        rounds, self.rounds = self.rounds, ROUNDS
        point = np.zeros(0)
        while found is not None:
            point, prices = found
            above = min(above, self.packing.bound(prices, node))
            if above <= self.best:
                break
            self._round(node, point)
            node = self._without_dear(node, prices)
            triples = violated(self.packing, point, self.cuts_left) if rounds > 0 else []
            if not triples or above <= self.best:
                break
            rounds -= 1
            self.cuts_left -= len(triples)
            self.packing.cut(triples)
            found = self.packing.relax(node, clock)
        return node, point, above

    def _without_dear(self, node: Node, prices: Prices) -> Node:
        """Drop the columns with which no solution is better than the best one."""
        packing = self.packing
        mus = packing.mus(prices, node)
        spare = packing.worth(prices, mus, node) - (self.best + 1) * prices.unit
        lacks = np.array(mus, dtype=packing.gains.dtype)[packing.columns.kinds] - packing.reduced(prices)
        active = node.active & (lacks <= spare)
        for column in set(node.lower) | set(node.upper):
            active[column] = node.active[column]
        return replace(node, active=active)

    def _round(self, node: Node, point: Floats) -> None:
        """Take a solution in whole numbers; round another one if it is the first."""
        whole = np.rint(point)
        if np.abs(point - whole).max(initial=0) < NEAR:
            chosen = np.repeat(np.arange(point.size), whole.astype(np.int64)).tolist()
            if self._fits(chosen):
                self.propose(chosen)
        elif not node.lower and not node.upper:
            self.propose(greedy(self.packing, point))

    def _fits(self, chosen: Sequence[int]) -> bool:
        columns = self.packing.columns
        used = np.zeros_like(self.packing.sizes)
        for column in chosen:
            np.add.at(used, list(columns.of(column)), 1)
        kinds = np.bincount(columns.kinds[chosen], minlength=self.packing.counts.size) if chosen else 0
        return bool((used <= self.packing.sizes).all() and (kinds <= self.packing.counts).all())

    def _split(self, node: Node, point: Floats) -> list[Node]:
        """Two jobs together or apart, else more or less of one column."""
        pair = self._pair(point)
        if pair is not None:
            one, other = (self._holders(row) for row in pair)
            apart = Node(node.active & ~(one & other), node.lower, node.upper)
            together = Node(node.active & ~(one ^ other), node.lower, node.upper)
            return [apart, together]
        part = np.abs(point - np.rint(point))
        column = int(part.argmax())
        if part[column] >= NEAR:
            return self._on_column(node, column, int(np.floor(point[column])))
        for column in np.argsort(-point, kind="stable").tolist():  # in whole numbers, and yet not accepted
            low, high = self._range(node, column)
            if low < high:
                share = round(float(point[column]))
                return self._on_column(node, column, min(max(share, low), high - 1))
        return []

    def _range(self, node: Node, column: int) -> tuple[int, int]:
        """Return how often a column can be used in a node."""
        if not node.active[column]:
            return 0, 0
        packing, rows = self.packing, self.packing.columns.of(column)
        most = min(int(packing.sizes[row]) // rows.count(row) for row in rows)
        most = min(most, int(packing.counts[packing.columns.kinds[column]]))
        return node.lower.get(column, 0), min(most, node.upper.get(column, most))

    def _on_column(self, node: Node, column: int, share: int) -> list[Node]:
        """Use a column at most this often, or more often."""
        low, high = self._range(node, column)
        children = []
        if share >= low:
            active = node.active.copy()
            active[column] = share > 0
            upper = node.upper if share == 0 else {**node.upper, column: share}
            children.append(Node(active, node.lower, upper))
        if share < high:
            children.append(Node(node.active, {**node.lower, column: share + 1}, node.upper))
        return children

    def _holders(self, row: int) -> Bools:
        holds = np.zeros(self.packing.columns.count, dtype=np.bool_)
        by_row = self.packing.by_row
        holds[by_row.indices[by_row.indptr[row] : by_row.indptr[row + 1]]] = True
        return holds

    def _pair(self, point: Floats) -> tuple[int, int] | None:
        """Return two jobs that are together in about half of a solution."""
        columns, sizes = self.packing.columns, self.packing.sizes
        together: dict[tuple[int, int], float] = {}
        covered: dict[int, float] = {}
        for column in np.flatnonzero(point > NEAR).tolist():
            rows = sorted({row for row in columns.of(column) if sizes[row] == 1})
            for k, row in enumerate(rows):
                covered[row] = covered.get(row, 0.0) + float(point[column])
                for other in rows[k + 1 :]:
                    together[row, other] = together.get((row, other), 0.0) + float(point[column])
        halves = {
            pair: abs(share - 0.5)
            for pair, share in together.items()
            if NEAR < share < 1 - NEAR and max(covered[pair[0]], covered[pair[1]]) > share + NEAR
        }
        return min(halves, key=halves.__getitem__) if halves else None
