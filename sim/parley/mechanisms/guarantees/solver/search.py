"""The greatest least pay and the greatest value, with proofs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.guarantees.solver.branching import pack
from parley.mechanisms.guarantees.solver.columns import Columns
from parley.mechanisms.guarantees.solver.lists import Lists
from parley.mechanisms.guarantees.solver.nearby import improved
from parley.mechanisms.guarantees.solver.paths import Paths
from parley.mechanisms.guarantees.solver.sources import Goal, Source, count_schedules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.core.clock import Clock
    from parley.mechanisms.guarantees.solver.packing import Packing
    from parley.mechanisms.guarantees.solver.shape import Shape
    from parley.mechanisms.guarantees.solver.sources import Relaxation

__all__ = [
    "MOST_LISTED",
    "Choice",
    "Fairest",
    "Richest",
    "choice_of",
    "fairest",
    "floors_of",
    "least_pay",
    "richest",
    "source_of",
]

MOST_LISTED = 600_000
"""Schedules that are listed where nothing else finds them."""
MOST_ON_LINE = 20_000
"""Schedules that are listed where longest paths could find them instead."""
NEARLY, FEW_PAYS = 100, 200_000
"""Pays of schedules are listed if bounds differ by less than this part of them, and if they are so few."""
FEW_LISTED = 20_000
"""Few enough columns to try all at once."""
FEW_NODES, MOST_NODES = 60, 1 << 40
"""Nodes of a search before its columns are listed again."""
POOL_NODES = 30
"""Nodes of a search among generated columns, which proves nothing."""

SHARE = 1e-7
"""Schedules with a smaller share of a solution are not used."""

PART_NEARBY = 0.2
"""Of the time that is left, for solutions near a known one."""
PART_RELAXED, PART = 0.25, 0.6
"""Of the time that is left, for one linear program and for one pay: then a lower one is tried."""

Choice = tuple[tuple[tuple[int, ...], ...], ...]
"""For each kind, the schedules of its providers, as classes of jobs; who gets nothing is left out."""


def source_of(shape: Shape) -> Source | None:
    """Choose how to find schedules; None if they are too many to list and no paths on a line."""
    if shape.on_line and count_schedules(shape, MOST_ON_LINE + 1) > MOST_ON_LINE:
        return Paths(shape)
    return Lists.of(shape, MOST_LISTED)


@dataclass(frozen=True)
class Richest:
    """The greatest value: bounds, and the allocation that has the lower one; None if none is known."""

    low: int
    high: int
    choice: Choice | None


@dataclass(frozen=True)
class Fairest:
    """The greatest least pay: bounds, and the allocation that has the lower one."""

    low: int
    high: int
    choice: Choice


def floors_of(shape: Shape, pay: int) -> tuple[int, ...]:
    """Return the least value of a schedule of each kind that pays this much."""
    return tuple(kind.least_value(pay) for kind in shape.kinds)


def least_pay(shape: Shape, choice: Choice) -> int:
    """Return the least pay in an allocation."""
    pays = [0] if any(len(own) < kind.count for own, kind in zip(choice, shape.kinds, strict=True)) else []
    for kind, schedules in zip(shape.kinds, choice, strict=True):
        pays += [kind.pay * value_in(shape, rows) for rows in schedules]
    return min(pays)


def value_in(shape: Shape, rows: Sequence[int]) -> int:
    """Return v(S) of a schedule written in classes."""
    return sum(int(shape.class_values[row]) for row in rows)


def value_of(shape: Shape, choice: Choice) -> int:
    """Return Σ γ·v(S) of an allocation."""
    return sum(
        kind.factor * value_in(shape, rows)
        for kind, schedules in zip(shape.kinds, choice, strict=True)
        for rows in schedules
    )


def columns_of(shape: Shape, choice: Choice) -> Columns | None:
    """Return the schedules of an allocation as columns."""
    found = [(k, rows) for k, own in enumerate(choice) for rows in own if rows]
    if not found:
        return None
    values = [[int(shape.class_values[row]) for row in rows] for _, rows in found]
    numbers = shape.values.dtype
    return Columns(
        np.cumsum([0, *(len(rows) for _, rows in found)]),
        np.array([row for _, rows in found for row in rows], dtype=np.int64),
        np.array([k for k, _ in found], dtype=np.int64),
        np.array([sum(own) for own in values], dtype=numbers),
        np.array([min(own) for own in values], dtype=numbers),
    )


def choice_of(shape: Shape, columns: Columns, chosen: Sequence[int]) -> Choice:
    """Return columns as an allocation."""
    lists: list[list[tuple[int, ...]]] = [[] for _ in shape.kinds]
    for column in chosen:
        lists[int(columns.kinds[column])].append(columns.of(column))
    return tuple(tuple(own) for own in lists)


# ── one question ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Answer:
    gain: int
    bound: int
    choice: Choice | None


def _maximize(
    source: Source, goal: Goal, more_than: int, enough: int, known: Choice | None, clock: Clock
) -> _Answer:
    """Find the greatest gain above `more_than`, or one that is `enough`."""
    shape = source.shape
    relaxation = source.relax(goal, more_than + 1, columns_of(shape, known or ()), clock)
    if relaxation is None:
        return _Answer(more_than, 1 << 200, None)
    bound = relaxation.bound
    if bound <= more_than:
        return _Answer(more_than, more_than, None)
    first = _Answer(more_than, bound, None)
    if relaxation.complete:
        return _packed(shape, relaxation.packing, first, enough, clock, MOST_NODES)
    few = source.complete(goal, relaxation, more_than + 1, clock, FEW_LISTED)
    if few is not None:
        first = _packed(shape, few, first, enough, clock, MOST_NODES if goal.counting else FEW_NODES)
    if first.gain < min(enough, first.bound) and clock.left > 0:
        first = _among_generated(source, goal, relaxation, first, min(enough, first.bound), clock)
    return _among_all(source, goal, relaxation, first, enough, clock)


def _packed(
    shape: Shape, packing: Packing, known: _Answer, enough: int, clock: Clock, most_nodes: int
) -> _Answer:
    """Search for a better solution among the columns of a packing, which are all that it may have."""
    found = pack(packing, known.gain, enough, clock, most_nodes=most_nodes)
    choice = known.choice if found.chosen is None else choice_of(shape, packing.columns, found.chosen)
    return _Answer(found.gain, max(found.gain, min(known.bound, found.bound)), choice)


def _among_all(
    source: Source, goal: Goal, relaxation: Relaxation, known: _Answer, enough: int, clock: Clock
) -> _Answer:
    """Search among all columns that may be in a better solution; with each one found they become fewer."""
    nodes = FEW_NODES
    while known.gain < min(enough, known.bound) and clock.left > 0:
        packing = source.complete(goal, relaxation, known.gain + 1, clock, MOST_LISTED)
        if packing is None:
            break
        before = known.gain
        if not goal.counting:
            known = _nearby(source.shape, goal, packing, known, enough, clock)
        if known.gain == before:
            few = packing.columns.count <= FEW_LISTED
            known = _packed(source.shape, packing, known, enough, clock, MOST_NODES if few else nodes)
            nodes = MOST_NODES if known.gain == before else FEW_NODES
    return known


def _nearby(shape: Shape, goal: Goal, packing: Packing, known: _Answer, enough: int, clock: Clock) -> _Answer:
    """Look for better solutions near a known one."""
    taken = [
        ((kind, rows), goal.gain(kind, value_in(shape, rows)))
        for kind, own in enumerate(known.choice or ())
        for rows in own
    ]
    found = improved(packing, taken, min(enough, known.bound), clock.share(PART_NEARBY))
    gain = sum(own for _, own in found)
    if gain <= known.gain:
        return known
    lists = tuple(tuple(rows for (k, rows), _ in found if k == kind) for kind in range(len(shape.kinds)))
    return _Answer(gain, max(gain, known.bound), lists)


def _among_generated(
    source: Source, goal: Goal, relaxation: Relaxation, known: _Answer, enough: int, clock: Clock
) -> _Answer:
    """Look for a better solution among the columns generated so far, and by a dive."""
    shape, packing = source.shape, relaxation.packing
    found = pack(packing, known.gain, enough, clock, most_nodes=POOL_NODES, cuts=False)
    gain, chosen = found.gain, found.chosen
    if gain < enough:
        dived = source.dive(goal, relaxation, gain, enough, clock.share(PART_RELAXED))
        if dived is not None:
            gain, chosen = packing.gain_of(dived) or 0, dived
    if chosen is None:
        return known
    return _Answer(gain, max(known.bound, gain), choice_of(shape, packing.columns, chosen))


# ── the greatest value ──────────────────────────────────────────────────────────────────────────────────────


def richest(
    source: Source, floors: Sequence[int], known: Choice | None, most: int, clock: Clock
) -> Richest | None:
    """Find the greatest value of allocations in which everybody's schedule has at least its kind's value.

    Parameters
    ----------
    floors : sequence of int
        For each kind, in units of `Shape.values`.
    known : Choice, optional
        An allocation that keeps the floors.
    most : int
        A bound on the value.

    Returns
    -------
    Richest, or None if it is proved that no allocation keeps the floors
    """
    shape = source.shape
    bonus = 1 + most
    bonuses = tuple(bonus if floor > 0 else 0 for floor in floors)
    counted = bonus * sum(kind.count for kind, floor in zip(shape.kinds, floors, strict=True) if floor > 0)
    if known is None and counted == 0:
        known = ((),) * len(shape.kinds)
    goal = Goal(tuple(floors), tuple(kind.factor for kind in shape.kinds), bonuses)
    low = counted - 1 if known is None else counted + value_of(shape, known)
    if low - counted >= most:
        return Richest(most, most, known)
    found = _maximize(source, goal, low, counted + most, known, clock)
    if found.choice is None and known is None:
        if found.bound < counted:
            return None
        return Richest(-1, min(most, found.bound - counted), None)
    choice = known if found.choice is None else found.choice
    return Richest(found.gain - counted, min(most, found.bound - counted), choice)


# ── the greatest least pay ──────────────────────────────────────────────────────────────────────────────────


def fairest(source: Source, known: Choice, most: int, clock: Clock) -> Fairest:
    """Find the greatest least pay, by bisection.

    Prices that prove that a pay is too much prove it for every pay down to that of a schedule that is cheap
    enough; an allocation proves its own least pay.

    Parameters
    ----------
    known : Choice
        Any allocation.
    most : int
        A bound on the least pay.
    """
    shape = source.shape
    low, high, best = least_pay(shape, known), most, known
    high = min([high, *(kind.pay * length for kind, length in zip(shape.kinds, shape.lengths, strict=True))])
    relaxed = low  # the linear program allows this much
    pays = [kind.pay for kind in shape.kinds]
    ones = (1,) * len(shape.kinds)
    nothing = (0,) * len(shape.kinds)
    first = True
    while relaxed < high and clock.left > 0:
        pay = high if first else (relaxed + high + 1) // 2
        first = not first
        goal = Goal(floors_of(shape, pay), nothing, ones)
        part = clock.share(PART_RELAXED)
        relaxation = source.relax(goal, shape.providers, columns_of(shape, best), part)
        if relaxation is None or (part.left <= 0 and relaxation.bound >= shape.providers):
            break
        if relaxation.bound < shape.providers:
            high = source.highest(relaxation, pays, relaxed, pay)
            continue
        paid = _support(relaxation, pays)
        relaxed = min(high, max(pay, paid))
    beyond = high
    pay = high if relaxed >= high else (low + high + 1) // 2
    # To prove that a pay is too much takes long. Once that was proved of one of those listed, the lowest ones
    # are tried first, as it is to be proved of the lowest one in the end: so many further, or half of them.
    step = 0
    while low < beyond and clock.left > 0:
        part = clock.share(PART)
        near = (beyond - low) * NEARLY < beyond
        possible = _possible(source, low, beyond, best, part) if near else None
        if possible is not None:
            high = possible[-1] if high == beyond else high
            middle = len(possible) // 2
            beyond, pay = possible[-1], possible[min(step or middle, middle)]
            if low == beyond:
                break
        goal = Goal(floors_of(shape, pay), nothing, ones)
        found = _maximize(source, goal, shape.providers - 1, shape.providers, best, part)
        if found.choice is not None:
            low, best = least_pay(shape, found.choice), found.choice
            step *= 2 if low == pay else 1
        else:
            beyond = pay - 1  # nothing is found from here on
            if found.bound < shape.providers:
                high = pay - 1
                step = 1 if possible is not None else 0
        pay = (low + beyond + 1) // 2
    return Fairest(low, max(low, high), best)


def _possible(source: Source, low: int, high: int, known: Choice, clock: Clock) -> list[int] | None:
    """Return `low` and the greater pays up to `high` that may be the greatest least one; None if too many."""
    shape = source.shape
    ones, nothing = (1,) * len(shape.kinds), (0,) * len(shape.kinds)
    goal = Goal(floors_of(shape, low + 1), nothing, ones)
    relaxation = source.relax(goal, shape.providers, columns_of(shape, known), clock)
    if relaxation is None:
        return None
    if relaxation.bound < shape.providers:
        return [low]
    columns = source.listed(goal, relaxation, shape.providers, clock, FEW_PAYS)
    if columns is None:
        return None
    pays = (
        columns.values
        * np.array([kind.pay for kind in shape.kinds], dtype=columns.values.dtype)[columns.kinds]
    )
    return [low, *sorted({pay for pay in pays.tolist() if low < pay <= high})]


def _support(relaxation: Relaxation, pays: Sequence[int]) -> int:
    """Return the least pay of the schedules that the linear program uses."""
    columns = relaxation.packing.columns
    used = np.flatnonzero(relaxation.point > SHARE)
    return min((int(columns.values[c]) * pays[int(columns.kinds[c])] for c in used.tolist()), default=0)
