"""The greatest least pay and the greatest value, with proofs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.guarantees.solver.packing import Columns
from parley.mechanisms.guarantees.solver.sources import Goal, Lists, Paths, Source, count_schedules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.core.clock import Clock
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

MOST_ON_LINE = 20_000
"""Schedules that are listed where longest paths could find them instead."""
MOST_LISTED = 600_000
"""Schedules that are listed where nothing else finds them."""
FEW_NODES = 60
"""Nodes of a search before its columns are listed again."""
POOL_NODES = 30
"""Nodes of a search among generated columns, which proves nothing."""

SHARE = 1e-7
"""Schedules with a smaller share of a solution are not used."""

PART_RELAXED, PART = 0.25, 0.6
"""Of the time that is left, for one linear program and for one pay: then a lower one is tried."""

Choice = tuple[tuple[tuple[int, ...], ...], ...]
"""For each kind, the schedules of its providers, as classes of jobs; who gets nothing is left out."""


def source_of(shape: Shape) -> Source | None:
    """Choose how to find schedules; None if they are too many to list and no paths on a line."""
    if shape.on_line and count_schedules(shape, MOST_ON_LINE + 1) > MOST_ON_LINE:
        return Paths(shape, MOST_LISTED)
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
    highest: int | None = None
    """A bound on the least pay, if there is no solution."""


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
    packing = relaxation.packing
    first = _Answer(more_than, bound, None)
    if not relaxation.complete:
        first = _among_generated(source, goal, relaxation, first, min(enough, bound), clock)
        if first.gain >= min(enough, bound):
            return first
        return _among_all(source, goal, relaxation, first, enough, clock)
    found = packing.solve(first.gain, enough, clock)
    chosen = found.chosen
    choice = first.choice if chosen is None else choice_of(shape, packing.columns, chosen)
    return _Answer(found.gain, max(found.gain, min(bound, found.bound)), choice)


def _among_all(
    source: Source, goal: Goal, relaxation: Relaxation, known: _Answer, enough: int, clock: Clock
) -> _Answer:
    """Search among all columns that may be in a better solution; with each one found they become fewer."""
    nodes = FEW_NODES
    while clock.left > 0:
        packing = source.complete(goal, relaxation, known.gain + 1, clock)
        if packing is None:
            break
        found = packing.solve(known.gain, enough, clock, nodes)
        bound = max(found.gain, min(known.bound, found.bound))
        choice = known.choice
        if found.chosen is not None:
            choice = choice_of(source.shape, packing.columns, found.chosen)
        else:
            nodes *= 8
        known = _Answer(found.gain, bound, choice)
        if known.gain >= min(enough, bound):
            break
    return known


def _among_generated(
    source: Source, goal: Goal, relaxation: Relaxation, known: _Answer, enough: int, clock: Clock
) -> _Answer:
    """Look for a better solution among the columns generated so far, and by a dive."""
    shape, packing = source.shape, relaxation.packing
    found = packing.solve(known.gain, enough, clock, POOL_NODES)
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
    while low < beyond and clock.left > 0:
        goal = Goal(floors_of(shape, pay), nothing, ones)
        part = clock.share(PART)
        found = _maximize(source, goal, shape.providers - 1, shape.providers, best, part)
        if found.choice is not None:
            low, best = least_pay(shape, found.choice), found.choice
        else:
            beyond = pay - 1  # nothing is found from here on
            if found.bound < shape.providers:
                high = pay - 1
        pay = (low + beyond + 1) // 2
    return Fairest(low, max(low, high), best)


def _support(relaxation: Relaxation, pays: Sequence[int]) -> int:
    """Return the least pay of the schedules that the linear program uses."""
    columns = relaxation.packing.columns
    used = np.flatnonzero(relaxation.point > SHARE)
    return min((int(columns.values[c]) * pays[int(columns.kinds[c])] for c in used.tolist()), default=0)
