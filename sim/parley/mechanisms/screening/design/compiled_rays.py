"""Machine code about rays: their chances, better menus, and bounds on the best ray.

Numba's cache on disk checks only the file of a function, so what calls each other is in this file.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from parley.core.machine import compiled

__all__ = [
    "MARGIN",
    "SLACK",
    "Aim",
    "Multipliers",
    "Seats",
    "Types",
    "bound_rays",
    "chance",
    "chances",
    "improve",
    "move_all",
    "stretch",
    "vary",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SMALL = 1e-3
"""Sides of a cube that are this small beside the largest are bounded instead of integrated."""
SLACK = 1e-12
"""Relative rounding errors of workloads are below this."""
MARGIN = 1e-4
"""How clearly points must like a ray of a design, per unit of its terms: rounding to units takes less."""
CUBE_ERROR = 1e-14
"""Relative rounding errors of the volume of a cube's part are below this, relative to its terms."""
PARTS = 4
"""Steps of the gain for which the chance of a ray in a box is bounded."""


class Types(NamedTuple):
    """One agent's distribution of types: uniform on a box, or points with weights."""

    low: Floats
    """The least cost of each task."""
    width: Floats
    """Of the box."""
    points: Floats
    """Shape (points, tasks); none for a box."""
    weights: Floats
    """Shape (points,)."""


class Seats(NamedTuple):
    """All agents' distributions in arrays with one more dimension, their costs and endowments."""

    low: Floats
    width: Floats
    points: Floats
    weights: Floats
    costs: Floats
    endowments: Floats


class Multipliers(NamedTuple):
    """Prices λ of tasks, and the penalty of an excess; shape (tasks,)."""

    prices: Floats
    penalty: Floats


# ── chances ─────────────────────────────────────────────────────────────────────────────────────────────────


@compiled
def chance(types: Types, ray: Floats, shift: float, slack: float) -> float:
    """Return P(c·κ < shift), on boxes rounded upward.

    Parameters
    ----------
    slack : float
        Of points: how far below the shift a workload must be, per unit of its terms, and if negative, how far
        above it may be. On boxes nothing is tied.
    """
    if types.weights.size > 0:
        return _share(types, ray, shift, slack)
    sizes, rest, largest = np.empty(ray.size), shift, 0.0
    for i in range(ray.size):
        x = ray[i] * types.width[i]
        rest -= ray[i] * types.low[i] + min(x, 0.0)
        sizes[i] = abs(x)
        largest = max(largest, sizes[i])
    if rest <= 0:
        return 0.0
    count, whole = 0, 0.0
    for i in range(ray.size):
        if sizes[i] > SMALL * largest:  # leaving out the others only makes the event larger
            sizes[count] = sizes[i]
            whole += sizes[i]
            count += 1
    if rest >= whole:
        return 1.0
    if rest > whole / 2:  # the smaller part of the cube has less cancellation
        volume, error = _corner(sizes[:count], whole - rest)
        volume = 1 - volume
    else:
        volume, error = _corner(sizes[:count], rest)
    return min(1.0, max(0.0, volume + error))


@compiled
def _share(types: Types, ray: Floats, shift: float, slack: float) -> float:
    """Return the weight of the points with c·κ < shift."""
    found = 0.0
    for s in range(types.weights.size):
        total = size = 0.0
        for i in range(ray.size):
            term = types.points[s, i] * ray[i]
            total += term
            size += abs(term)
        if total < shift - slack * (size + abs(shift)):
            found += types.weights[s]
    return min(found, 1.0)


@compiled
def _corner(sizes: Floats, rest: float) -> tuple[float, float]:
    """Return P(Σ sizes·u < rest) for u uniform on a cube, and a bound of its rounding error."""
    count = sizes.size
    sums, signs = np.empty(1 << count), np.empty(1 << count)
    sums[0], signs[0] = 0.0, 1.0
    used, volume, terms, scale = 1, rest**count, rest**count, 1.0
    for i in range(count):
        for q in range(used):
            sums[used + q] = sums[q] + sizes[i]
            signs[used + q] = -signs[q]
            left = rest - sums[used + q]
            if left > 0:
                power = left**count
                terms += power
                volume += signs[used + q] * power
        used *= 2
        scale *= (i + 1) * sizes[i]
    return volume / scale, CUBE_ERROR * terms / scale


@compiled
def chances(types: Types, rays: Floats) -> Floats:
    """Return P(c·κ < 0) of many rays, shape (rays, tasks)."""
    found = np.empty(rays.shape[0])
    for k in range(rays.shape[0]):
        found[k] = chance(types, rays[k], 0.0, SLACK)
    return found


# ── better menus ────────────────────────────────────────────────────────────────────────────────────────────


@compiled
def stretch(ray: Floats, endowment: Floats) -> bool:
    """Scale a ray to full length in place; False if it is none."""
    length, takes = np.inf, False
    for i in range(ray.size):
        if ray[i] < 0:
            length = min(length, endowment[i] / -ray[i])
        elif ray[i] > 0:
            takes = True
    if not takes or not np.isfinite(length) or length <= 0:
        return False
    for i in range(ray.size):
        ray[i] *= length
    return True


@compiled
def _polarized(one: Floats, other: Floats) -> bool:
    for a in range(one.size):
        if one[a] < 0:
            if other[a] < 0:
                return False
            for b in range(one.size):
                if other[b] < 0 and one[a] * other[b] > one[b] * other[a] * (1 + SLACK):
                    return False
    return True


@compiled
def _dot(one: Floats, other: Floats) -> float:
    total = 0.0
    for i in range(one.size):
        total += one[i] * other[i]
    return total


@compiled
def _expected(types: Types, worth: Floats, endowment: Floats, rays: Floats, out: Floats) -> None:
    """Scale rays, and add up P(κ)·κ over those that are worth something."""
    out[:] = 0.0
    for k in range(rays.shape[0]):
        if stretch(rays[k], endowment) and _dot(worth, rays[k]) > 0:
            p = chance(types, rays[k], 0.0, MARGIN)
            for i in range(worth.size):
                out[i] += p * rays[k, i]


@compiled
def vary(rays: Floats, size: float, dice: np.random.Generator) -> bool:
    """Change some coordinates at random; False if a pair is no longer polarized."""
    count, tasks = rays.shape
    way, i, k = dice.random(), int(dice.random() * tasks), int(dice.random() * count)
    if way < 0.35:  # a change of units keeps rays polarized
        factor = np.exp(size * dice.standard_normal())
        for h in range(count):
            rays[h, i] *= factor
        return True
    if way < 0.75:
        rays[k, i] *= np.exp(size * dice.standard_normal())
        if way < 0.5:
            rays[k, int(dice.random() * tasks)] *= np.exp(size * dice.standard_normal())
    elif way < 0.85:
        rays[k, i] = 0.0
    elif way < 0.97:
        rays[k, i] = (2 * dice.random() - 1) * np.abs(rays[k]).max()
    else:  # just the other way of another ray
        h, markup = int(dice.random() * count), np.exp(0.5 * dice.random())
        for q in range(tasks):
            rays[k, q] = -rays[h, q] * (markup if rays[h, q] < 0 else 1.0)
    for h in range(count):  # noqa: SIM110 - compiled
        if h != k and not _polarized(rays[k], rays[h]):
            return False
    return True


@compiled
def improve(
    types: Types, worth: Floats, endowment: Floats, rays: Floats, steps: int, dice: np.random.Generator
) -> float:
    """Improve a menu of polarized rays in place by random changes; return Σ P(κ) (w·κ)⁺.

    Parameters
    ----------
    worth : (tasks,)
        w: what one task more is worth.
    rays : (rays, tasks)
        A row of zeros is no ray.
    """
    moved = np.empty(worth.size)
    _expected(types, worth, endowment, rays, moved)
    best, size, trial = _dot(worth, moved), 0.5, rays.copy()
    for _ in range(steps):
        trial[:] = rays
        if not vary(trial, size, dice):
            continue
        _expected(types, worth, endowment, trial, moved)
        value = _dot(worth, moved)
        if value > best:
            best = value
            rays[:] = trial
            size = min(size * 1.5, 1.0)
        else:
            size = max(size * 0.98, 1e-3)
    return best


@compiled
def move_all(
    seats: Seats,
    at: Multipliers,
    rays: Floats,
    moved: Floats,
    size: float,
    steps: int,
    dice: np.random.Generator,
) -> None:
    """Improve all agents' menus in place: less of Σ (π − λ)·x + Σ penalty·excess²/2.

    Parameters
    ----------
    moved : (agents, tasks)
        Each agent's expected change x; the excess is their sum.
    size : float
        Of the changes.
    """
    agents, tasks = seats.costs.shape
    excess, change, worth, trial = np.zeros(tasks), np.empty(tasks), np.empty(tasks), rays[0].copy()
    for j in range(agents):
        excess += moved[j]
    for _ in range(steps):
        j = int(dice.random() * agents)
        trial[:] = rays[j]
        if not vary(trial, size * np.exp(-3 * dice.random()), dice):
            continue
        for i in range(tasks):
            worth[i] = at.prices[i] - at.penalty[i] * excess[i] - seats.costs[j, i]
        own = Types(seats.low[j], seats.width[j], seats.points[j], seats.weights[j])
        _expected(own, worth, seats.endowments[j], trial, change)
        value = 0.0
        for i in range(tasks):
            step = change[i] - moved[j, i]
            value += at.penalty[i] * step * step / 2 - worth[i] * step
        if value < 0:
            rays[j] = trial
            for i in range(tasks):
                excess[i] += change[i] - moved[j, i]
                moved[j, i] = change[i]


# ── bounds ──────────────────────────────────────────────────────────────────────────────────────────────────


class Aim(NamedTuple):
    """What a single ray is bounded for: P(κ) w·κ, among rays with tie·κ ≥ 0."""

    worth: Floats
    """w."""
    tie: Floats
    """At least 0; all 0 for all rays."""


@compiled
def _bound_box(types: Types, aim: Aim, least: Floats, most: Floats) -> float:
    """Bound P(κ) w·κ for rays between two vectors.

    A ray with a gain above that of the least vector takes more tasks, and so costs any type at least
    low_i / w_i for each unit of gain; likewise for what the least vector lacks of the tie.
    """
    gain, top, rate = _dot(aim.worth, least), 0.0, np.inf
    room, lacks, price = 0.0, -_dot(aim.tie, least), np.inf
    for i in range(least.size):
        top += aim.worth[i] * (most[i] if aim.worth[i] > 0 else least[i])
        room += aim.tie[i] * most[i]
        if most[i] > least[i]:
            if aim.worth[i] > 0:
                rate = min(rate, types.low[i] / aim.worth[i])
            if aim.tie[i] > 0:
                price = min(price, types.low[i] / aim.tie[i])
    if top <= 0 or room < -SLACK * abs(lacks):
        return 0.0
    rate = rate if np.isfinite(rate) else 0.0
    least_more = lacks * price if lacks > 0 and np.isfinite(price) else 0.0
    start, bound = max(gain, 0.0), 0.0
    for q in range(PARTS):
        more = max(rate * (start + (top - start) * q / PARTS - gain), least_more)
        p = chance(types, least, -more, -SLACK)
        bound = max(bound, p * (start + (top - start) * (q + 1) / PARTS))
    return bound


@compiled
def _push(heap: Ints, count: int, bounds: Floats, item: int) -> int:
    """Add a box to a heap of boxes, the greatest bound first; return their number."""
    i = count
    while i > 0 and bounds[heap[(i - 1) // 2]] < bounds[item]:
        heap[i] = heap[(i - 1) // 2]
        i = (i - 1) // 2
    heap[i] = item
    return count + 1


@compiled
def _pop(heap: Ints, count: int, bounds: Floats) -> int:
    """Remove the first box of a heap; return their number."""
    count -= 1
    item, i = heap[count], 0
    while 2 * i + 1 < count:
        child = 2 * i + 1
        if child + 1 < count and bounds[heap[child + 1]] > bounds[heap[child]]:
            child += 1
        if bounds[heap[child]] <= bounds[item]:
            break
        heap[i] = heap[child]
        i = child
    heap[i] = item
    return count


@compiled
def _widest(aim: Aim, least: Floats, most: Floats) -> int:
    """Return the task in which a box is worth splitting most; −1 if it is a point."""
    found, span, largest = -1, 0.0, np.abs(aim.worth).max()
    for i in range(least.size):
        matters = abs(aim.worth[i]) + (largest if aim.tie[i] > 0 else 0.0)
        own = matters * (most[i] - least[i])
        if own > span:
            found, span = i, own
    return found


@compiled
def _try(types: Types, aim: Aim, trial: Floats, best: float, ray: Floats) -> float:
    """Return the greater of a value and that of a ray, and keep the ray if it is better."""
    gain = _dot(aim.worth, trial)
    if gain > 0 and _dot(aim.tie, trial) >= 0:
        value = gain * chance(types, trial, 0.0, SLACK)
        if value > best:
            ray[:] = trial
            return value
    return best


@compiled
def bound_rays(
    types: Types, aim: Aim, roots: tuple[Floats, Floats], enough: float, nodes: int, ray: Floats
) -> tuple[float, float]:
    """Branch and bound for the best single ray in some boxes.

    Parameters
    ----------
    roots : pair of array, shape (boxes, tasks)
        Least and greatest rays of each box.
    enough : float
        Stop when the bound exceeds the best ray by this share.
    nodes : int
        Boxes that are examined at most.
    ray : (tasks,)
        Receives the best ray that was found.

    Returns
    -------
    found, bound : float
        P(κ) w·κ of that ray, and of any ray at most.
    """
    first, tasks = roots[0].shape
    space = max(nodes, first) + 2
    leasts, mosts = np.empty((space, tasks)), np.empty((space, tasks))
    bounds, heap = np.empty(space), np.empty(space, dtype=np.int64)
    count = used = 0
    best, passed = 0.0, 0.0
    for root in range(first):
        leasts[used], mosts[used] = roots[0][root], roots[1][root]
        bounds[used] = _bound_box(types, aim, leasts[used], mosts[used])
        count = _push(heap, count, bounds, used)
        used += 1
    while count > 0 and used < space and bounds[heap[0]] > best * (1 + enough) + SLACK:
        top = heap[0]
        count = _pop(heap, count, bounds)
        split = _widest(aim, leasts[top], mosts[top])
        if split < 0:  # one ray: its bound is its value, up to rounding
            passed = max(passed, bounds[top])
            best = _try(types, aim, leasts[top], best, ray)
            continue
        above, other, middle = bounds[top], used, (leasts[top, split] + mosts[top, split]) / 2
        used += 1
        leasts[other], mosts[other] = leasts[top], mosts[top]
        mosts[top, split] = leasts[other, split] = middle
        for half in range(2):
            place = other if half else top
            bound = _bound_box(types, aim, leasts[place], mosts[place])
            bounds[place] = min(above, bound)
            best = _try(types, aim, leasts[place], best, ray)
            best = _try(types, aim, (leasts[place] + mosts[place]) / 2, best, ray)
            count = _push(heap, count, bounds, place)
    return best, max(best, passed, bounds[heap[0]] if count > 0 else 0.0)
