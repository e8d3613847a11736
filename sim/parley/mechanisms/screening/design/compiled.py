"""Machine code of trade along an axis.

Numba's cache on disk checks only the file of a function, so what calls each other is in this file. Importing
it imports numba, which takes a second.
"""

import numpy as np
from numpy.typing import NDArray

from parley.core.machine import compiled

__all__ = ["traded"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LITTLE = 1e-12
"""A trade this small ends; a workload this close to the status quo, per unit of its terms, is a tie."""


@compiled
def traded(types: Floats, members: Ints, axis: Floats, costs: Floats, endowments: Floats) -> float:
    """Return the mean change of social cost if a group of agents trades along one axis.

    Each member may go up the axis or down it, as far as its endowment allows, and its type chooses. The best
    trades match the member that gains most by going up with the one that gains most by going down.

    Parameters
    ----------
    members : (members,)
        Numbers of agents.
    axis : (tasks,)
        With positive and negative coordinates.
    """
    count, samples = members.size, types.shape[2]
    worth, lengths = np.zeros(count), np.full((2, count), np.inf)
    for q in range(count):
        j = members[q]
        for i in range(axis.size):
            worth[q] += costs[j, i] * axis[i]
            if axis[i] != 0:
                way = 0 if axis[i] < 0 else 1
                lengths[way, q] = min(lengths[way, q], endowments[j, i] / abs(axis[i]))
    order = np.argsort(worth)
    worth, lengths = worth[order], lengths[:, order]
    sides = np.empty((count, samples), dtype=np.int8)
    for q in range(count):
        _choose(types[members[order[q]]], axis, sides[q])
    change: float = 0.0
    for s in range(samples):
        change += _match(sides[:, s], worth, lengths)
    mean: float = change / samples
    return mean


@compiled
def _choose(types: Floats, axis: Floats, out: NDArray[np.int8]) -> None:
    """Write which way each type goes: 1 up, −1 down, 0 to stay."""
    workload, size = np.zeros(out.size), 0.0
    for i in range(axis.size):
        if axis[i] != 0:
            size += abs(axis[i]) * types[i, 0]
            for s in range(out.size):
                workload[s] += types[i, s] * axis[i]
    size *= LITTLE
    for s in range(out.size):
        out[s] = (workload[s] < -size) - (workload[s] > size)


@compiled
def _match(sides: NDArray[np.int8], worth: Floats, lengths: Floats) -> float:
    """Return the change of cost by the best matching of one profile of choices; members sorted by worth."""
    low, high, change = 0, worth.size - 1, 0.0
    rising = falling = -1.0  # what is left of the two members' lengths; below 0: they are new
    while low < high:
        if sides[low] != 1:
            low += 1
        elif sides[high] != -1:
            high -= 1
        else:
            if rising < 0:
                rising = lengths[0, low]
            if falling < 0:
                falling = lengths[1, high]
            length = min(rising, falling)
            change += length * (worth[low] - worth[high])
            rising, falling = rising - length, falling - length
            if rising <= LITTLE:
                rising, low = -1.0, low + 1
            if falling <= LITTLE:
                falling, high = -1.0, high - 1
    return change
