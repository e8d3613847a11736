"""Schedules as paths along the line of time points, generated where they are too many to list."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from parley.mechanisms.guarantees.solver.columns import Columns, gather
from parley.mechanisms.guarantees.solver.kernels import label_paths, run, trace
from parley.mechanisms.guarantees.solver.mixtures import mix
from parley.mechanisms.guarantees.solver.packing import NEAR, Node, Packing, Prices
from parley.mechanisms.guarantees.solver.sources import Relaxation, counts_of, mean_cost, schedules_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.core.clock import Clock
    from parley.mechanisms.guarantees.solver.kernels import Bools, Ints
    from parley.mechanisms.guarantees.solver.shape import Kind, Shape
    from parley.mechanisms.guarantees.solver.sources import Goal

__all__ = ["Paths"]

MOST_LABELS = 4_000_000
"""Labels of one search for a path; some hundred megabytes."""
MOST_JUMP_LABELS = 300_000
"""Labels of a search for a better bound, which may fail."""
MOST_ROUNDS = 5_000
"""Rounds of column generation."""
DISJOINT = 40
"""Disjoint schedules that are generated in one round."""
MOST_ROUNDS_OF_NODE = 6
"""Rounds of column generation after a column was taken, for more value."""
TINY = 1e-12
"""Relative rounding errors of a gain are below this."""
MOST_FAILURES, MOST_WHEN_COUNTING = 200, 20
"""Columns that a dive gives up."""
SMOOTH, SMOOTH_UNIT = 6, 8
"""Weight of the best prices so far in those that columns are generated at."""

Found: TypeAlias = tuple[int, tuple[int, ...], int, int]
"""A schedule: its kind, classes, value and least value of a job."""


@dataclass
class Paths:
    """Schedules as paths along the line of time points, found when they are needed.

    The longest path with labels (value, gain) finds the schedule of most gain whose value reaches a floor.
    """

    shape: Shape
    pool: dict[tuple[int, tuple[int, ...]], tuple[int, int]] = field(default_factory=dict)
    """Schedules found so far, with their value and least value: where other searches start."""

    def relax(self, goal: Goal, need: int, known: Columns | None, clock: Clock) -> Relaxation | None:
        """Generate columns until no other one could raise the gain, or the question is answered."""
        self._keep(known)
        enough = float(need) if goal.counting and need <= self.shape.providers else np.inf
        return self._generate(goal, need, enough, counts_of(self.shape), clock)

    def _generate(
        self, goal: Goal, need: int, enough: float, counts: tuple[int, ...], clock: Clock
    ) -> Relaxation | None:
        columns, shape = self._start(goal), self.shape
        scale = max(map(goal.gain, range(len(shape.kinds)), shape.lengths))
        packing = Packing(columns, goal.gains(columns), shape.sizes, counts, scale=scale)
        best, centre = 1 << 200, None
        for turn in range(MOST_ROUNDS):
            if turn == 0 and not columns.count:
                prices, point = self._first_prices(goal), np.zeros(0)
            else:
                found = packing.relax(None, clock)
                if found is None:
                    return None
                point, prices = found
            reached = float(point @ packing.gains.astype(float))
            if centre is not None:  # prices between the best ones and these find better columns
                rows = (SMOOTH * centre.rows + (SMOOTH_UNIT - SMOOTH) * prices.rows) // SMOOTH_UNIT
                between = Prices(rows, prices.unit)
                new, mus = self._price(goal, between, packing.mus(between), self._all())
                bound = packing.worth(between, mus) // prices.unit
                if bound < best:
                    best, centre = bound, between
                if best < need:
                    return Relaxation(packing, best, between, mus, point, complete=False)
                if new and reached <= enough - 1e-7 and clock.left > 0:
                    self._extend(packing, goal, new)
                    continue
            mus = packing.mus(prices) if packing.columns.count else (0,) * len(shape.kinds)
            new, mus = self._price(goal, prices, mus, self._all())
            bound = packing.worth(prices, mus) // prices.unit
            if bound < best:
                best, centre = bound, prices if goal.counting and packing.columns.count else None
            if best < need or reached > enough - 1e-7 or not new or clock.left <= 0:
                return Relaxation(packing, best, prices, mus, point, complete=False)
            self._extend(packing, goal, new)
        return None

    def _all(self) -> Bools:
        return self.shape.twin < 0

    def _extend(self, packing: Packing, goal: Goal, new: Sequence[Found]) -> None:
        more = self._columns(new)
        packing.extend(more, goal.gains(more))
        self.pool |= {(kind, rows): (value, least) for kind, rows, value, least in new}

    def dive(
        self, goal: Goal, relaxation: Relaxation, more_than: int, enough: int, clock: Clock
    ) -> tuple[int, ...] | None:
        """Take the column of the largest share, generate more for the others, and so on.

        Columns that lead to too little are given up, up to `MOST_FAILURES` times.
        """
        packing, best = relaxation.packing, None
        node, failures, rounds = Node(np.ones(packing.columns.count, dtype=np.bool_)), 0, 0
        before: list[tuple[Node, int]] = []
        most = MOST_WHEN_COUNTING if goal.counting else MOST_FAILURES
        while failures < most and clock.left > 0:
            more = packing.columns.count - node.active.size
            node = replace(node, active=np.concatenate((node.active, np.ones(more, dtype=np.bool_))))
            found = packing.relax(node, clock)
            if found is None:
                break
            point, prices = found
            short = float(point @ packing.gains.astype(float)) < (more_than + 1) * (1 - TINY)
            if short or (not goal.counting and rounds < MOST_ROUNDS_OF_NODE):
                rounds += 1
                if self._generate_at(goal, packing, node, prices):
                    continue
            whole = np.flatnonzero(point > 1 - NEAR).tolist()
            if not short and (point[point <= 1 - NEAR] < NEAR).all():
                gain = packing.gain_of(whole) or 0
                if gain > more_than:
                    best, more_than = tuple(whole), gain
                if gain >= enough or not goal.counting:
                    break
                short = True
            rounds = 0
            if short:
                if not before:
                    break
                failures += 1
                node, column = before.pop()
                active = node.active.copy()
                active[column] = False
                node = replace(node, active=active)
                continue
            column = int(np.where(point > 1 - NEAR, 0.0, point).argmax())
            before.append((node, column))
            node = replace(node, lower=dict.fromkeys([*whole, column], 1))
        return best

    def _generate_at(self, goal: Goal, packing: Packing, node: Node, prices: Prices) -> bool:
        """Generate columns that fit with those taken; return whether there are new ones."""
        free = self._all()
        for column in node.lower:
            free &= ~np.isin(self.shape.rows, packing.columns.of(column))
        kinds = packing.columns.kinds.tolist()
        known = {(kind, packing.columns.of(c)) for c, kind in enumerate(kinds)}
        new, _ = self._price(goal, prices, packing.mus(prices, node), free)
        new = [one for one in new if one[:2] not in known]
        if new:
            self._extend(packing, goal, new)
        return bool(new)

    def complete(
        self, goal: Goal, relaxation: Relaxation, need: int, clock: Clock, most: int
    ) -> Packing | None:
        """List the schedules that cost little enough to be in a solution."""
        relaxation = self._without_providers(goal, relaxation, need, clock)
        columns = self._list(goal, relaxation, need, most, minimal=goal.counting)
        if columns is None:
            return None
        packing = Packing(columns, goal.gains(columns), self.shape.sizes, counts_of(self.shape))
        packing.begin_with(relaxation.packing.columns)
        return packing

    def listed(
        self, goal: Goal, relaxation: Relaxation, need: int, clock: Clock, most: int
    ) -> Columns | None:
        """List them too where some of their jobs would be enough."""
        relaxation = self._without_providers(goal, relaxation, need, clock)
        return self._list(goal, relaxation, need, most, minimal=False)

    def _without_providers(self, goal: Goal, relaxation: Relaxation, need: int, clock: Clock) -> Relaxation:
        """Find prices that prove how many schedules there are at most, if they are counted."""
        if not (goal.counting and self.shape.identical):
            return relaxation
        return self._generate(goal, need, np.inf, (self.shape.jobs,), clock) or relaxation

    def _list(
        self, goal: Goal, relaxation: Relaxation, need: int, most: int, *, minimal: bool
    ) -> Columns | None:
        shape, prices = self.shape, relaxation.prices
        worth = relaxation.packing.worth(prices, relaxation.mus)
        parts, limit = [], most
        for number, mu in enumerate(relaxation.mus):
            gains = self._gains(goal, number, prices)
            base = goal.bonuses[number] * prices.unit
            least = mu - (worth - need * prices.unit) - base
            mixture = mix(self.shape, number, gains, goal.floors[number], least)
            part = schedules_of(shape, number, goal.floors[number], gains, least, mixture, minimal, limit)
            if part is None:
                return None
            parts.append(part)
            limit -= part.count
        return gather(parts)

    def highest(self, relaxation: Relaxation, pays: Sequence[int], above: int, below: int) -> int:
        """Find the longest path that costs at most the mean."""
        prices, total, count = mean_cost(self.shape, relaxation)
        best = above
        for number, kind in enumerate(self.shape.kinds):
            gains = -prices.rows[self.shape.rows]
            least = -((total - relaxation.mus[number] * count) // count)
            floor = best // pays[number] + 1
            mixture = mix(self.shape, number, gains, floor, least)
            found = self._paths(kind, gains, max(self.shape.lengths), floor, least, mixture, MOST_JUMP_LABELS)
            if found is None:
                return below - 1
            final, values = found[0], found[1]
            if final.size:
                best = max(best, min(below - 1, int(values[final[-1]]) * pays[number]))
        return best

    def at(self, shape: Shape) -> Paths:
        """Return the same schedules for other numbers of providers."""
        return Paths(shape, self.pool)

    def merged(self, shape: Shape, groups: Sequence[int]) -> Paths:
        """Start with what is found so far."""
        pool = {(groups[kind], rows): found for (kind, rows), found in self.pool.items()}
        return Paths(shape, pool)

    # ── parts ──

    def _keep(self, known: Columns | None) -> None:
        if known is not None:
            for column in range(known.count):
                key = int(known.kinds[column]), known.of(column)
                self.pool[key] = int(known.values[column]), int(known.smallest[column])

    def _start(self, goal: Goal) -> Columns:
        return self._columns(
            [
                (kind, rows, value, least)
                for (kind, rows), (value, least) in self.pool.items()
                if value >= goal.floors[kind] and not (goal.counting and value - least >= goal.floors[kind])
            ]
        )

    def _columns(self, found: Sequence[Found]) -> Columns:
        numbers = self.shape.values.dtype
        sizes = [len(rows) for _, rows, _, _ in found]
        return Columns(
            np.cumsum([0, *sizes]),
            np.array([row for _, rows, _, _ in found for row in rows], dtype=np.int64),
            np.array([kind for kind, _, _, _ in found], dtype=np.int64),
            np.array([value for _, _, value, _ in found], dtype=numbers),
            np.array([least for _, _, _, least in found], dtype=numbers),
        )

    def _first_prices(self, goal: Goal) -> Prices:
        """Price the jobs so that a schedule that just reaches the highest floor gains nothing."""
        unit = 1 << (36 if goal.counting else 20)
        number = max(range(len(goal.floors)), key=goal.floors.__getitem__)
        floor, bonus, factor = max(1, goal.floors[number]), goal.bonuses[number], goal.factors[number]
        rows = np.zeros(len(self.shape.sizes), dtype=self.shape.values.dtype)
        for row, value in zip(self.shape.rows.tolist(), self.shape.values.tolist(), strict=True):
            rows[row] = value * unit * factor - (-value * unit * bonus // floor)
        return Prices(rows, unit)

    def _gains(self, goal: Goal, number: int, prices: Prices) -> Ints:
        shape = self.shape
        return shape.values * (goal.factors[number] * prices.unit) - prices.rows[shape.rows]

    def _price(
        self, goal: Goal, prices: Prices, mus: Sequence[int], among: Bools
    ) -> tuple[list[Found], tuple[int, ...]]:
        """Find columns that gain more than `mus`, and what each kind gains at most."""
        new: list[Found] = []
        best = list(mus)
        for number, kind in enumerate(self.shape.kinds):
            gains, base = self._gains(goal, number, prices), goal.bonuses[number] * prices.unit
            floor, least = goal.floors[number], mus[number] + 1 - base
            cap = max(floor, 0)
            mixture = mix(self.shape, number, gains, floor, least)
            free = kind.allowed & among
            for turn in range(DISJOINT):
                found = self._paths(kind, gains, cap, floor, least, mixture, MOST_LABELS, free)
                if found is None:
                    raise MemoryError
                final, _, label_gains, label_jobs, label_parents = found
                if not final.size:
                    break
                if turn == 0:
                    best[number] = int(label_gains[final].max()) + base
                jobs = list(trace(int(final[-1]), label_jobs, label_parents))
                free = free.copy()
                free[jobs] = False
                numbers = [int(self.shape.values[job]) for job in jobs]
                rows = tuple(int(self.shape.rows[job]) for job in jobs)
                new.append((number, rows, sum(numbers), min(numbers)))
        return new, tuple(best)

    def _paths(
        self,
        kind: Kind,
        gains: Ints,
        cap: int,
        floor: int,
        least: int,
        mixture: tuple[Ints, int],
        limit: int,
        free: Bools | None = None,
    ) -> tuple[Ints, Ints, Ints, Ints, Ints] | None:
        shape = self.shape
        allowed = kind.allowed & (shape.twin < 0) if free is None else free
        complete, *found = run(label_paths, shape.values)(
            shape.starts,
            shape.ends,
            allowed,
            shape.values,
            gains,
            mixture[0],
            shape.nodes,
            cap,
            floor,
            least,
            mixture[1],
            limit,
        )
        return (found[0], found[1], found[2], found[3], found[4]) if complete else None
