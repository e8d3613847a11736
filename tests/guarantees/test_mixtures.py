"""Mixtures of gains and values."""

from __future__ import annotations

from random import Random

import numpy as np

from parley.core.clock import Clock
from parley.mechanisms.guarantees.solver.kernels import longest_path
from parley.mechanisms.guarantees.solver.mixtures import MIX_BITS, mix
from parley.mechanisms.guarantees.solver.plan import plan_of
from tests.guarantees.test_solution import drawn


def test_the_best_mixture_leaves_the_least_room() -> None:
    shape = plan_of(drawn(6, 1.6, 0.3, 2, 0), "columns", Clock.of(3600)).shape
    allowed, dice, mixed_more = shape.kinds[0].allowed, Random(1), 0
    for _ in range(30):
        gains = np.array([dice.randint(1, 9) for _ in shape.values], dtype=np.int64)
        # As much as one schedule gains, more or less.
        least, floor = dice.randint(1, 12), dice.randint(1, 2 * int(shape.values.max()))
        unit = 1 << max(0, MIX_BITS - (int(gains.sum()) + least).bit_length())

        def room(weights: np.ndarray, bound: int) -> int:
            length = longest_path(shape.starts, shape.ends, allowed, weights, shape.nodes)
            return int(length) - bound

        found = room(*mix(shape, 0, gains, floor, least))
        most = 4 * unit * (least + int(gains.max())) // floor
        tried = [most * k // 1000 for k in range(1001)]
        rooms = [room(unit * gains + w * shape.values, unit * least + w * floor) for w in tried]
        assert found <= min(rooms)
        mixed_more += rooms.index(min(rooms)) > 0
    assert mixed_more > 5
