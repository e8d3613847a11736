import sys
from decimal import Decimal
from fractions import Fraction

import pytest

from parley.core import exact


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (3, Fraction(3)),
        (-2, Fraction(-2)),
        (0.9, Fraction(9, 10)),
        (Decimal("0.1"), Fraction(1, 10)),
        ("9/10", Fraction(9, 10)),
        (" 6 / 4 ", Fraction(3, 2)),
        ("-1/3", Fraction(-1, 3)),
        ("2.50", Fraction(5, 2)),
        (".5", Fraction(1, 2)),
        ("1e-3", Fraction(1, 1000)),
        (Decimal("1E+3"), Fraction(1000)),
        (Fraction(2, 7), Fraction(2, 7)),
        (10**399, Fraction(10**399)),
    ],
)
def test_numbers_are_read_exactly(written: object, number: Fraction) -> None:
    assert exact.parse(written) == number


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (True, "true is not a number"),
        (None, "None is not a number"),
        ([1], "is not a number"),
        ("", "is not a number"),
        ("one", "'one' is not a number"),
        ("1/0", "divides by zero"),
        ("1/2/3", "is not a number"),
        ("0x10", "is not a number"),
        ("1_000", "is not a number"),
        ("٣", "is not a number"),
        (float("nan"), "not a finite number"),
        (Decimal("Infinity"), "not a finite number"),
        ("1e999999999", "more than 400 digits"),
        (Decimal("1E-401"), "more than 400 digits"),
        (10**500, "more than 400 digits"),
        ("1" * 401, "more than 400 digits"),
    ],
)
def test_what_is_no_number_is_refused_with_a_reason(written: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        exact.parse(written)


def test_numbers_are_printed_as_integers_or_reduced_fractions() -> None:
    assert exact.show_all([Fraction(38), Fraction(-59, 112), 7, Fraction(6, 4)]) == [
        "38",
        "-59/112",
        "7",
        "3/2",
    ]


def test_numbers_of_any_length_are_printed_and_read_again() -> None:
    long = Fraction(3**20_000, 7**9_000)
    text = exact.show(long)
    assert len(text) > 2 * sys.int_info.default_max_str_digits
    assert exact.shown(text) == long
    assert exact.shown(exact.show(-(10**6_000))) == -(10**6_000)
    with pytest.raises(ValueError, match="Invalid literal"):
        exact.shown("x" * 5_000)
