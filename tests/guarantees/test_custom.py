"""Guarantees from a user's file."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from parley.core.errors import ParleyError
from parley.mechanisms.guarantees.custom import kept_by, load_judge

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """
from fractions import Fraction
def least(values): return min(values)
def half(values): return float(values[0]) / 2
def wrong(values): return "much"
def lost(values): return float("nan")
def broken(values): return values[7]
number = 3
"""
VALUES = (Fraction(1), Fraction(1, 3))


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "mine.py"
    path.write_text(TEXT)
    return str(path)


def test_a_function_judges_values(file: str) -> None:
    assert load_judge(f"{file}:least")(VALUES) == Fraction(1, 3)
    assert load_judge(f"{file}:half")(VALUES) == Fraction(1, 2)
    vectors = [VALUES, VALUES[::-1], (Fraction(2), Fraction(0))]
    assert kept_by(load_judge(f"{file}:least"), vectors) == [True, True, False]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("wrong", "'much' is no finite number, for values 1, 1/3"),
        ("lost", "nan is no finite number"),
        ("broken", "IndexError: list index out of range, for values 1, 1/3"),
    ],
)
def test_a_function_that_gives_no_number_is_refused(file: str, name: str, said: str) -> None:
    with pytest.raises(ParleyError, match=said):
        load_judge(f"{file}:{name}")(VALUES)


def test_what_is_no_function_is_refused(file: str, tmp_path: Path) -> None:
    with pytest.raises(ParleyError, match="no function 'number'"):
        load_judge(f"{file}:number")
    with pytest.raises(ParleyError, match=r"not of the form FILE\.py:FUNCTION"):
        load_judge("least")
    with pytest.raises(ParleyError, match="no such file"):
        load_judge(f"{tmp_path}/other.py:least")
