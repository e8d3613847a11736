"""Rays and polarization: three decisions agree, and their proofs hold."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from parley.mechanisms.screening.rays import (
    are_polarized,
    cap,
    dot,
    find_type_in_box,
    find_type_liking_both,
    full_length,
    in_trading_set,
    is_ray,
    positive_type,
    weigh,
)

Ray = tuple[Fraction, ...]


def ray(*numbers: float | str) -> Ray:
    return tuple(map(Fraction, numbers))


def random_ray(dice: np.random.Generator, tasks: int) -> Ray:
    while True:
        found = ray(*dice.integers(-3, 5, size=tasks).tolist())
        if is_ray(found):
            return found


# Computed from the paper's definition, with two and three tasks (Valenzuela-Stookey 2026, section 3).
@pytest.mark.parametrize(
    ("one", "other", "polarized"),
    [
        (ray(1, "-1/2"), ray(-1, 1), True),
        (ray(1, -1), ray(-1, 1), True),
        (ray(1, "-3/2"), ray(-1, 1), False),
        (ray(-1, 2, 0), ray(1, -1, 1), True),
        (ray(-1, 2, 1), ray(1, -1, 0), True),
        (ray(-1, 1, 1), ray(2, -1, 0), True),
        (ray(-2, 1, 1), ray(1, -1, 0), False),
        (ray(-1, -1, 2), ray(-1, 2, 2), False),
    ],
)
def test_examples(one: Ray, other: Ray, *, polarized: bool) -> None:
    assert are_polarized(one, other) is are_polarized(other, one) is polarized


@pytest.mark.parametrize("pairs", [500, pytest.param(2_500, marks=pytest.mark.deep)])
@pytest.mark.parametrize("tasks", [2, 3, 4, 5])
def test_three_decisions_agree_and_prove_their_answers(tasks: int, pairs: int) -> None:
    dice = np.random.default_rng(tasks)
    answers = []
    for k in range(pairs):
        one, other = random_ray(dice, tasks), random_ray(dice, tasks)
        if k % 2:  # seldom polarized otherwise: give up different tasks
            other = tuple(abs(b) if a < 0 else b for a, b in zip(one, other, strict=True))
            if not is_ray(other):
                other = tuple(-a for a in one)
        weighed, liking = weigh(one, other), find_type_liking_both(one, other)
        if are_polarized(one, other):
            assert liking is None
            assert weighed.weights is not None
            y, z = weighed.weights
            assert min(y, z) > 0 == y + z - 1
            assert min(y * a + z * b for a, b in zip(one, other, strict=True)) >= 0
        else:
            assert weighed.weights is None
            assert liking is not None
            assert weighed.type is not None
            assert sum(c != 0 for c in liking) <= 2
            for kind in (liking, weighed.type):
                assert min(kind) >= 0
                whole = positive_type(kind, (one, other))
                assert min(whole) > 0
                assert max(dot(c, kappa) for c in (kind, whole) for kappa in (one, other)) < 0
        answers.append(are_polarized(one, other))
    assert pairs // 25 < sum(answers) < 24 * pairs // 25


def test_the_better_ray_is_all_that_a_type_can_like() -> None:
    dice = np.random.default_rng(2)
    types = [ray(*row) for row in dice.integers(1, 30, size=(300, 3)).tolist()]
    for _ in range(200):
        one, other = random_ray(dice, 3), random_ray(dice, 3)
        both = any(dot(kind, one) < 0 and dot(kind, other) < 0 for kind in types)
        assert not (both and are_polarized(one, other))


def test_a_box_may_hold_no_type_that_likes_both_rays() -> None:
    one, other = ray(1, "-3/2"), ray(-1, 1)
    for low, high in [
        ((1, 1), (2, 2)),
        ((1, 3), (2, 4)),
        ((3, 2), (4, 2)),
        ((2, 1), (2, 3)),
        ((1, 1), (1, 1)),
    ]:
        found = find_type_in_box(one, other, ray(*low), ray(*high))
        # Both are liked where c_B < c_A < 3/2 c_B.
        expected = high[0] > low[1] and 2 * low[0] < 3 * high[1]
        assert (found is not None) is expected
        if found is not None:
            assert max(dot(found, one), dot(found, other)) < 0
            assert all(a <= c <= b for a, c, b in zip(low, found, high, strict=True))


def test_a_ray_at_full_length_ends_where_a_task_runs_out() -> None:
    dice = np.random.default_rng(3)
    for _ in range(200):
        eta, kappa = ray(*dice.integers(1, 9, size=3).tolist()), random_ray(dice, 3)
        end = full_length(eta, kappa)
        assert end == tuple(cap(eta, kappa) * x for x in kappa)
        left = [a + b for a, b in zip(eta, end, strict=True)]
        assert min(left) == 0
        points = [
            tuple(a + share * b for a, b in zip(eta, end, strict=True)) for share in (0, Fraction(1, 3), 1)
        ]
        assert all(in_trading_set(eta, kappa, point) for point in points)
        further = tuple(a + Fraction(11, 10) * b for a, b in zip(eta, end, strict=True))
        assert not in_trading_set(eta, kappa, further)
        assert all(one != other for one, other in pairwise(points))
