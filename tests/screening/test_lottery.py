"""Whole cases are drawn with the means that the selection gives."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest

from parley.mechanisms.screening.lottery import whole_assignments
from parley.mechanisms.screening.protocol import market_protocol
from tests.screening.paper import worked
from tests.screening.test_rays import ray


def test_the_mean_over_all_draws_is_the_expected_assignment() -> None:
    dice = np.random.default_rng(1)
    for _ in range(30):
        parts = dice.multinomial(5 * 12, [1 / 4] * 4, size=2).T  # twelfths; each task five times
        expected = [ray(*(f"{x}/12" for x in row)) for row in parts.tolist()]
        # Draws change only at multiples of 1/12.
        drawn = [whole_assignments(expected, [Fraction(2 * k + 1, 24)] * 2) for k in range(12)]
        for j, row in enumerate(expected):
            for i, mean in enumerate(row):
                numbers = [found[j][i] for found in drawn]
                assert Fraction(sum(numbers), 12) == mean
                assert set(numbers) <= {floor(mean), ceil(mean)}
        assert all([sum(column) for column in zip(*found, strict=True)] == [5, 5] for found in drawn)


def test_every_selection_of_whole_tasks_can_be_drawn() -> None:
    for found in market_protocol(worked("W1").market()).table.values():
        drawn = whole_assignments(found, [Fraction(1, 3), Fraction(2, 3)])
        assert [sum(column) for column in zip(*drawn, strict=True)] == [6, 6]


def test_parts_of_cases_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="3/2 times"):
        whole_assignments([ray(1, 1), ray("1/2", 1)], [Fraction(0), Fraction(0)])
