"""Allocations of greatest value made fairer: whole days of identical providers.

Two providers can swap their jobs between any two moments at which both are idle. So each component of the
graph of their overlapping jobs goes to the one or the other: a subset sum says how even the two can become.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.core.clock import Clock
    from parley.mechanisms.guarantees.solver.kernels import Ints
    from parley.mechanisms.guarantees.solver.shape import Shape

__all__ = ["colour", "even_out", "fair_days"]

MOST_COMPONENTS = 24
"""Components of which all partitions are looked at; of more, the others stay where they are."""

NEARLY = 100
"""Days are shaken if all are nearer to the target than this part of it."""
MOST_TRIES = 3_000
"""Random swaps to start again from."""
MOST_COMPONENTS_MOVED = 4
"""Providers with fewer components stay as they are."""

Days = list[list[int]]
"""The jobs of each provider, in the order of time."""


def colour(shape: Shape, used: Sequence[bool], providers: int) -> Days:
    """Give jobs to providers; at no time more jobs overlap than there are providers.

    Each job goes to the provider with the least value among those who are idle.
    """
    days: Days = [[] for _ in range(providers)]
    idle, value = [0] * providers, [0] * providers
    for job in range(shape.jobs):
        if used[job]:
            start = int(shape.starts[job])
            i = min((i for i in range(providers) if idle[i] <= start), key=value.__getitem__)
            days[i].append(job)
            idle[i] = int(shape.ends[job])
            value[i] += int(shape.values[job])
    return days


def fair_days(shape: Shape, days: Days, target: int, clock: Clock) -> Days:
    """Even out days, again and again after random swaps, until everybody has `target` or the time is up."""
    best, dice = even_out(shape, days, target, clock), Random(0)
    least, tries, latest = _least(shape, best), MOST_TRIES, best
    if (target - least) * NEARLY > target:
        return best
    while least < target and tries > 0 and clock.left > 0 and len(days) > 1:
        tries -= 1
        shaken = [list(day) for day in latest]
        for _ in range(len(days)):
            one, other = dice.sample(range(len(days)), 2)
            parts = _parts(shape, shaken[one], shaken[other])
            if len(parts) < MOST_COMPONENTS_MOVED:
                continue
            halves = [part if dice.random() < 1 / 2 else part[::-1] for part in parts]
            shaken[one] = [job for a, _ in halves for job in a]
            shaken[other] = [job for _, b in halves for job in b]
        latest = even_out(shape, shaken, target, clock)
        if _least(shape, latest) > least:
            best, least = latest, _least(shape, latest)
    return best


def _least(shape: Shape, days: Days) -> int:
    return min(sum(int(shape.values[job]) for job in day) for day in days)


def even_out(shape: Shape, days: Days, target: int, clock: Clock) -> Days:
    """Swap jobs between the poorest provider and others until everybody has `target`, or nothing helps.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.problem import Problem, worked_example
    >>> from parley.core.clock import Clock
    >>> from parley.mechanisms.guarantees.solver.shape import shape_of
    >>> even_out(shape_of(worked_example()), [[0, 2], []], 10, Clock.of(1))
    [[2], [0]]
    """
    days = [list(day) for day in days]
    values = [sum(int(shape.values[job]) for job in day) for day in days]
    while clock.left > 0:
        poor = min(range(len(days)), key=values.__getitem__)
        if values[poor] >= target:
            break
        for rich in sorted(range(len(days)), key=values.__getitem__, reverse=True):
            if values[rich] <= values[poor] + 1:
                return days
            one, other = _split(shape, days[poor], days[rich])
            mine = sum(int(shape.values[job]) for job in one)
            if min(mine, values[poor] + values[rich] - mine) > values[poor]:
                values[poor], values[rich] = mine, values[poor] + values[rich] - mine
                days[poor], days[rich] = one, other
                break
        else:
            return days
    return days


def _split(shape: Shape, one: list[int], other: list[int]) -> tuple[list[int], list[int]]:
    """Divide the jobs of two providers as evenly as their components allow."""
    parts = _parts(shape, one, other)
    gains = [
        sum(int(shape.values[job]) for job in b) - sum(int(shape.values[job]) for job in a) for a, b in parts
    ]
    difference = -sum(gains)  # by how much the first one has more
    order = sorted(range(len(parts)), key=lambda k: -abs(gains[k]))[:MOST_COMPONENTS]
    swapped = _nearest([2 * gains[k] for k in order], -difference)
    for k in (order[place] for place in swapped):
        parts[k] = parts[k][1], parts[k][0]
    return [job for a, _ in parts for job in a], [job for _, b in parts for job in b]


def _parts(shape: Shape, one: list[int], other: list[int]) -> list[tuple[list[int], list[int]]]:
    """Return the components of two providers' jobs, between moments at which both are idle."""
    parts: list[tuple[list[int], list[int]]] = []
    end = -1
    mine = set(one)
    for job in sorted([*one, *other]):
        if int(shape.starts[job]) >= end:
            parts.append(([], []))
        parts[-1][job not in mine].append(job)
        end = max(end, int(shape.ends[job]))
    return parts


def _nearest(numbers: list[int], target: int) -> list[int]:
    """Return the places of numbers whose sum is nearest to a target.

    Examples
    --------
    >>> _nearest([3, 5, 9], 13)
    [0, 2]
    """
    half = len(numbers) // 2
    small = sum(map(abs, numbers)) + abs(target) < 1 << 62
    left, right = (_subset_sums(part, small=small) for part in (numbers[:half], numbers[half:]))
    order = np.argsort(right)
    ordered = right[order]
    places = np.searchsorted(ordered, target - left)
    best: tuple[int, int, int] | None = None
    for shift in (-1, 0):
        at = np.clip(places + shift, 0, ordered.size - 1)
        miss = abs(left + ordered[at] - target)
        k = int(miss.argmin())
        if best is None or int(miss[k]) < best[0]:
            best = int(miss[k]), k, int(order[at[k]])
    if best is None:
        return []
    chosen = best[1] | best[2] << half
    return [place for place in range(len(numbers)) if chosen >> place & 1]


def _subset_sums(numbers: list[int], *, small: bool) -> Ints:
    """Return the sum of every subset, by the number whose bits choose it."""
    found = np.zeros(1, dtype=np.int64 if small else object)
    for number in numbers:
        found = np.concatenate((found, found + number))
    return found
