"""Machine code about schedules: greatest values by flows, lists of schedules, longest paths with labels.

All numbers are integers. The functions also run as plain Python on arrays of objects, for integers beyond 64
bits (see `run`). Numba's cache on disk checks only the file of a function. Importing this file imports
numba, which takes a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from parley.core.machine import compiled

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Bools", "Ints", "greatest_flows", "label_paths", "list_schedules", "longest_path", "run", "trace"]

Ints = NDArray[np.int64]
"""Of 64 bits, or Python integers in an array of objects."""
Bools = NDArray[np.bool_]
F = TypeVar("F", bound="Callable[..., object]")


def run(function: F, numbers: Ints) -> F:
    """Return the machine code of a function, or plain Python if its numbers are objects.

    Examples
    --------
    >>> big = np.array([10**30, 5, 7], dtype=object)
    >>> starts, ends = np.array([0, 0, 1]), np.array([2, 1, 2])
    >>> totals, used = run(greatest_flows, big)(starts, ends, big, 3, 2)
    >>> totals[2] - 10**30, used.tolist()
    (12, [[False, False, False], [True, False, False], [True, True, True]])
    """
    plain: F = getattr(function, "py_func", function)
    return plain if numbers.dtype == object else function


@compiled
def greatest_flows(  # noqa: C901, PLR0912, PLR0915 - two sweeps, as fast as they can be
    starts: Ints, ends: Ints, values: Ints, nodes: int, most: int
) -> tuple[Ints, Bools]:
    """Find the greatest value that 0, 1, …, `most` identical providers create.

    Providers move along the line of time points. Each further one follows the longest path in the residual
    network: successive longest paths, as for any flow of least cost. Forward and backward sweeps find it.

    Parameters
    ----------
    starts, ends : (jobs,)
        Numbers of time points, each start below its end.
    values : (jobs,)
        At least 0.
    nodes : int
        Number of time points.

    Returns
    -------
    totals : (most + 1,)
    used : (most + 1, jobs)
        Whether a job is done.
    """
    count = starts.size
    totals = np.zeros(most + 1, dtype=values.dtype)
    used = np.zeros((most + 1, count), dtype=np.bool_)
    idle = np.zeros(nodes, dtype=np.int64)  # providers that wait between a time point and the next one
    best = np.zeros(nodes, dtype=values.dtype)
    reached = np.zeros(nodes, dtype=np.bool_)
    arcs = np.zeros(nodes, dtype=np.int64)  # how a node is reached: a job, −1 forward, −2 backward
    by_end = np.argsort(ends, kind="mergesort")
    by_start = np.argsort(starts, kind="mergesort")
    for k in range(1, most + 1):
        used[k] = used[k - 1]
        now = used[k]
        reached[:] = False
        reached[0] = True
        best[0] = 0 * totals[0]
        changed = True
        while changed:
            changed = False
            place = 0
            for node in range(nodes):
                if node > 0 and reached[node - 1] and (not reached[node] or best[node - 1] > best[node]):
                    best[node], arcs[node], reached[node], changed = best[node - 1], -1, True, True
                while place < count and ends[by_end[place]] == node:
                    job = by_end[place]
                    place += 1
                    if now[job] or not reached[starts[job]]:
                        continue
                    value = best[starts[job]] + values[job]
                    if not reached[node] or value > best[node]:
                        best[node], arcs[node], reached[node], changed = value, job, True, True
            place = count - 1
            for node in range(nodes - 1, -1, -1):
                if node + 1 < nodes and idle[node] > 0 and best[node + 1] > best[node]:
                    best[node], arcs[node], changed = best[node + 1], -2, True
                while place >= 0 and starts[by_start[place]] == node:
                    job = by_start[place]
                    place -= 1
                    if now[job]:
                        value = best[ends[job]] - values[job]
                        if value > best[node]:
                            best[node], arcs[node], changed = value, job, True
        totals[k] = totals[k - 1] + best[nodes - 1]
        if best[nodes - 1] == 0:
            for later in range(k, most + 1):
                totals[later] = totals[k]
                used[later] = used[k - 1]
            break
        node = nodes - 1
        while node > 0:
            arc = arcs[node]
            if arc == -1:
                node -= 1
                idle[node] += 1
            elif arc == -2:
                idle[node] -= 1
                node += 1
            elif now[arc]:
                now[arc] = False
                node = ends[arc]
            else:
                now[arc] = True
                node = starts[arc]
    return totals, used


@compiled
def list_schedules(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917 - one search without calls
    after: Ints,
    clash: Bools,
    twin: Ints,
    allowed: Bools,
    values: Ints,
    gains: Ints,
    mixed: Ints,
    floor: int,
    least: int,
    mixed_least: int,
    most_jobs: int,
    minimal: bool,  # noqa: FBT001 - numba passes by position
    limit: int,
) -> tuple[bool, Ints, Ints]:
    """List schedules whose value and gain reach bounds.

    Parameters
    ----------
    after : (jobs,)
        The first job that may follow each one; every later job may too, unless they clash.
    clash : (jobs, jobs)
        Pairs that no schedule may hold; shape (0, 0) if `after` says it all.
    twin : (jobs,)
        The interchangeable job just before each one, which is taken first; −1 if there is none.
    allowed : (jobs,)
    values, gains, mixed : (jobs,)
        The value is at least `floor`, the gain at least `least`. Their mixture, which only cuts the search
        short, is at least `mixed_least` then (see `mixtures.mix`). Values are at least 0.
    most_jobs : int
    minimal : bool
        Only schedules that lose their value `floor` with any of their jobs.
    limit : int
        Stop if there are more schedules than this.

    Returns
    -------
    complete : bool
    first, members
        Schedule s holds the jobs ``members[first[s]:first[s + 1]]``.
    """
    count = after.size
    values_left = np.zeros(count + 1, dtype=values.dtype)
    gains_left = np.zeros(count + 1, dtype=gains.dtype)
    mixed_left = np.zeros(count + 1, dtype=mixed.dtype)
    for job in range(count - 1, -1, -1):
        values_left[job], gains_left[job] = values_left[job + 1], gains_left[job + 1]
        mixed_left[job] = mixed_left[job + 1]
        if allowed[job]:
            values_left[job] = max(values_left[job], values[job] + values_left[after[job]])
            gains_left[job] = max(gains_left[job], gains[job] + gains_left[after[job]])
            mixed_left[job] = max(mixed_left[job], mixed[job] + mixed_left[after[job]])
    first, members = np.zeros(64, dtype=np.int64), np.zeros(256, dtype=np.int64)
    found, filled = 0, 0
    chosen = np.zeros(count + 2, dtype=np.int64)
    value = np.zeros(count + 2, dtype=values.dtype)
    gain = np.zeros(count + 2, dtype=gains.dtype)
    mixture = np.zeros(count + 2, dtype=mixed.dtype)
    smallest = np.zeros(count + 2, dtype=values.dtype)
    depth = 0
    while depth >= 0:
        job = chosen[depth]  # the next candidate at this depth
        if (
            job >= count
            or depth >= most_jobs
            or value[depth] + values_left[job] < floor
            or gain[depth] + gains_left[job] < least
            or mixture[depth] + mixed_left[job] < mixed_least
        ):
            depth -= 1
            if depth >= 0:
                chosen[depth] += 1
            continue
        fits = allowed[job] and (twin[job] < 0 or (depth > 0 and chosen[depth - 1] == twin[job]))
        if fits and clash.size > 0:
            for k in range(depth):
                if clash[chosen[k], job]:
                    fits = False
                    break
        if not fits:
            chosen[depth] += 1
            continue
        value[depth + 1] = value[depth] + values[job]
        gain[depth + 1] = gain[depth] + gains[job]
        mixture[depth + 1] = mixture[depth] + mixed[job]
        smallest[depth + 1] = values[job] if depth == 0 else min(smallest[depth], values[job])
        reaches = value[depth + 1] >= floor
        if (
            reaches
            and gain[depth + 1] >= least
            and (not minimal or value[depth + 1] - smallest[depth + 1] < floor)
        ):
            if found == limit:
                return False, first[: found + 1].copy(), members[:filled].copy()
            if found + 2 > first.size:
                first = np.concatenate((first, np.zeros(first.size, dtype=np.int64)))
            if filled + depth + 1 > members.size:
                members = np.concatenate((members, np.zeros(members.size, dtype=np.int64)))
            for k in range(depth + 1):
                members[filled + k] = chosen[k]
            filled += depth + 1
            found += 1
            first[found] = filled
        if minimal and reaches:
            chosen[depth] += 1
            continue
        chosen[depth + 1] = after[job]
        depth += 1
    return True, first[: found + 1].copy(), members[:filled].copy()


@compiled
def label_paths(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917 - one search without calls
    starts: Ints,
    ends: Ints,
    allowed: Bools,
    values: Ints,
    gains: Ints,
    mixed: Ints,
    nodes: int,
    cap: int,
    floor: int,
    least: int,
    mixed_least: int,
    limit: int,
) -> tuple[bool, Ints, Ints, Ints, Ints, Ints]:
    """Find the schedules of which no other has both more value and more gain.

    A longest path along the line of time points, with labels (value, gain). Values count up to `cap`.

    Parameters
    ----------
    starts, ends : (jobs,)
        Numbers of time points, each start below its end.
    allowed : (jobs,)
    values, gains, mixed : (jobs,)
    nodes : int
        Number of time points.
    cap, floor, least, mixed_least : int
        The value is at least `floor`, the gain at least `least`. Their mixture, which only cuts the search
        short, is at least `mixed_least` then, with values above `cap` too (see `mixtures.mix`).
    limit : int
        Stop at this number of labels.

    Returns
    -------
    complete : bool
    final : (found,)
        Labels of the schedules, in the order of their values.
    label_values, label_gains, label_jobs, label_parents
        Of all labels. `trace` reads the jobs of one.
    """
    count = starts.size
    by_end = np.argsort(ends, kind="mergesort")
    by_start = np.argsort(starts, kind="mergesort")
    values_left = np.zeros(nodes, dtype=values.dtype)
    gains_left = np.zeros(nodes, dtype=gains.dtype)
    mixed_left = np.zeros(nodes, dtype=mixed.dtype)
    place = count - 1
    for node in range(nodes - 2, -1, -1):
        values_left[node], gains_left[node] = values_left[node + 1], gains_left[node + 1]
        mixed_left[node] = mixed_left[node + 1]
        while place >= 0 and starts[by_start[place]] == node:
            job = by_start[place]
            place -= 1
            if allowed[job]:
                values_left[node] = max(values_left[node], values[job] + values_left[ends[job]])
                gains_left[node] = max(gains_left[node], gains[job] + gains_left[ends[job]])
                mixed_left[node] = max(mixed_left[node], mixed[job] + mixed_left[ends[job]])
    size = 4 * nodes + 64
    label_values = np.zeros(size, dtype=values.dtype)
    label_gains = np.zeros(size, dtype=gains.dtype)
    label_mixed = np.zeros(size, dtype=mixed.dtype)
    label_jobs = np.zeros(size, dtype=np.int64)
    label_parents = np.zeros(size, dtype=np.int64)
    label_jobs[0] = label_parents[0] = -1
    labels = 1
    fronts = np.zeros(size, dtype=np.int64)  # the labels of each node, the least value first
    begin, length = np.zeros(nodes, dtype=np.int64), np.zeros(nodes, dtype=np.int64)
    filled = 1
    length[0] = 1
    old = np.zeros(1, dtype=np.int64)
    place = 0
    for node in range(1, nodes):
        kept = length[node - 1]
        old = fronts[begin[node - 1] : begin[node - 1] + kept].copy()
        while place < count and ends[by_end[place]] == node:
            job = by_end[place]
            place += 1
            if not allowed[job]:
                continue
            origin, others = begin[starts[job]], length[starts[job]]
            while labels + others > label_jobs.size:
                label_values = np.concatenate((label_values, np.zeros(labels, dtype=values.dtype)))
                label_gains = np.concatenate((label_gains, np.zeros(labels, dtype=gains.dtype)))
                label_mixed = np.concatenate((label_mixed, np.zeros(labels, dtype=mixed.dtype)))
                label_jobs = np.concatenate((label_jobs, np.zeros(labels, dtype=np.int64)))
                label_parents = np.concatenate((label_parents, np.zeros(labels, dtype=np.int64)))
            new = np.zeros(kept + others, dtype=np.int64)
            size, i, j = 0, kept - 1, others - 1
            best = gains[job] * 0
            parent = 0
            while i >= 0 or j >= 0:  # from the greatest value down: only more gain than before is kept
                mine = j < 0
                value = gain = best
                if j >= 0:
                    parent = fronts[origin + j]
                    value = min(label_values[parent] + values[job], cap + gains[job] * 0)
                    gain = label_gains[parent] + gains[job]
                    if i >= 0:
                        other = label_values[old[i]]
                        mine = other > value or (other == value and label_gains[old[i]] >= gain)
                if mine:
                    i -= 1
                    if size == 0 or label_gains[old[i + 1]] > best:
                        best = label_gains[old[i + 1]]
                        new[size] = old[i + 1]
                        size += 1
                    continue
                j -= 1
                if (
                    (size == 0 or gain > best)
                    and value + values_left[node] >= floor
                    and gain + gains_left[node] >= least
                    and label_mixed[parent] + mixed[job] + mixed_left[node] >= mixed_least
                ):
                    best = gain
                    label_values[labels], label_gains[labels] = value, gain
                    label_mixed[labels] = label_mixed[parent] + mixed[job]
                    label_jobs[labels], label_parents[labels] = job, parent
                    new[size] = labels
                    size += 1
                    labels += 1
            old = new[:size][::-1].copy()
            kept = size
        size = 0
        for i in range(kept):  # labels from which no schedule reaches the bounds any more are dropped
            label = old[i]
            if (
                label_values[label] + values_left[node] >= floor
                and label_gains[label] + gains_left[node] >= least
                and label_mixed[label] + mixed_left[node] >= mixed_least
            ):
                old[size] = label
                size += 1
        if labels > limit:
            return False, old[:0].copy(), label_values, label_gains, label_jobs, label_parents
        while filled + size > fronts.size:
            fronts = np.concatenate((fronts, np.zeros(fronts.size, dtype=np.int64)))
        begin[node], length[node] = filled, size
        fronts[filled : filled + size] = old[:size]
        filled += size
    final = fronts[begin[nodes - 1] : begin[nodes - 1] + length[nodes - 1]].copy()
    return True, final, label_values, label_gains, label_jobs, label_parents


@compiled
def longest_path(starts: Ints, ends: Ints, allowed: Bools, weights: Ints, nodes: int) -> int:
    """Return the length of the longest path along the line of time points; jobs are sorted by start."""
    left = np.zeros(nodes, dtype=weights.dtype)
    place = starts.size - 1
    for node in range(nodes - 2, -1, -1):
        left[node] = left[node + 1]
        while place >= 0 and starts[place] == node:
            if allowed[place]:
                left[node] = max(left[node], weights[place] + left[ends[place]])
            place -= 1
    length: int = left[0]
    return length


def trace(label: int, label_jobs: Ints, label_parents: Ints) -> tuple[int, ...]:
    """Return the jobs of a label, ascending in time."""
    jobs = []
    while label > 0:
        jobs.append(int(label_jobs[label]))
        label = int(label_parents[label])
    return tuple(reversed(jobs))
