"""Mixtures of what schedules gain and what they are worth: one bound where a search has two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.mechanisms.guarantees.solver.kernels import longest_path, run

if TYPE_CHECKING:
    from parley.mechanisms.guarantees.solver.kernels import Ints
    from parley.mechanisms.guarantees.solver.shape import Shape

__all__ = ["mix"]

MIX_BITS = 57
"""Mixtures of gains and values have at most about this many bits."""
MIX_STEPS = 120


def mix(shape: Shape, number: int, gains: Ints, floor: int, least: int) -> tuple[Ints, int]:
    """Mix gains with values: of schedules that reach both bounds, the mixture reaches that of the bounds.

    The best mixture is the one that leaves the least room.

    Returns
    -------
    (mixed, bound)
    """
    if floor <= 0:
        return gains, least
    allowed = shape.kinds[number].allowed
    values = shape.values
    unit = 1 << max(0, MIX_BITS - (int(abs(gains).sum()) + abs(least)).bit_length())

    def mixed(weight: int) -> tuple[Ints, int]:
        return unit * gains + weight * values, unit * least + weight * floor

    def room(weight: int) -> int:
        weights, bound = mixed(weight)
        length = run(longest_path, values)(shape.starts, shape.ends, allowed, weights, shape.nodes)
        return int(length) - bound

    low, high = 0, max(4, 4 * unit * (abs(least) + int(abs(gains).max(initial=1))) // floor)
    for _ in range(MIX_STEPS):
        if high - low < 3:
            break
        one, other = low + (high - low) // 3, high - (high - low) // 3
        if room(one) <= room(other):
            high = other
        else:
            low = one
    return mixed(min(range(low, high + 1), key=room) if high - low < 8 else (low + high) // 2)
