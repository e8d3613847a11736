"""Days of identical providers are evened out as far as exchanges between idle moments allow."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from parley.core.clock import Clock
from parley.mechanisms.guarantees.guarantee import MaxMin
from parley.mechanisms.guarantees.problem import Problem
from parley.mechanisms.guarantees.solver.exchange import _split, even_out, fair_days
from parley.mechanisms.guarantees.solver.shape import Shape, shape_of


def one_after_another(values: list[int], providers: int) -> Shape:
    """Jobs of which none overlaps another one: each can be exchanged alone."""
    times = tuple((Fraction(k), Fraction(k + 1)) for k in range(len(values)))
    return shape_of(Problem(providers, tuple(map(Fraction, values)), MaxMin(), times))


@pytest.mark.parametrize("jobs", [1, 2, 5, 8])
def test_two_days_are_divided_as_evenly_as_all_divisions_allow(jobs: int) -> None:
    dice = np.random.default_rng(jobs)
    for _ in range(20):
        values = dice.integers(1, 60, jobs).tolist()
        shape = one_after_another(values, 2)
        scale = shape.value_scale
        owners = dice.integers(0, 2, jobs).tolist()
        days = [[job for job, owner in enumerate(owners) if owner == i] for i in (0, 1)]
        split = list(_split(shape, *days))
        evened = even_out(shape, days, sum(values) * scale // 2, Clock.of(60))
        best = max(
            min(sum(values[k] for k in range(jobs) if side[k] == i) for i in (0, 1))
            for side in product((0, 1), repeat=jobs)
        )
        for found in (split, evened):
            assert sorted(found[0] + found[1]) == list(range(jobs))
            assert min(sum(int(shape.values[k]) for k in day) for day in found) == best * scale


def test_one_provider_has_nobody_to_exchange_with() -> None:
    shape = one_after_another([300, 400], 1)
    assert fair_days(shape, [[0, 1]], int(sum(shape.values)) + 1, Clock.of(60)) == [[0, 1]]
