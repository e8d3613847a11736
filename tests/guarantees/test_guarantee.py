"""Which allocations a guarantee allows, and how welfare is compared."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.mechanisms.guarantees.guarantee import (
    AllOf,
    Alpha,
    AnyOf,
    Income,
    MaxMin,
    Terms,
    is_uniform,
    kept,
    terms,
)
from parley.mechanisms.guarantees.welfare import Welfare, exact_root, floor_root, sign_of_roots

ONES = (Fraction(1), Fraction(1))


def vector(*given: object) -> tuple[Fraction, ...]:
    return tuple(Fraction(str(number)) for number in given)


VECTORS = [vector(0, 0), vector(4, 0), vector(3, 1), vector(1, 3), vector(2, 1), vector(0, 2)]


def test_floors_speak_of_pay() -> None:
    assert kept(Income(vector(1, 1)), VECTORS, vector("1/2", 1)) == [False, False, True, False, True, False]
    assert kept(Income(vector(0, 0)), VECTORS, ONES) == [True] * 6


def test_max_min_is_judged_by_the_greatest_least_pay() -> None:
    assert kept(MaxMin(), VECTORS, ONES) == [False, False, True, True, True, False]
    assert kept(MaxMin(), VECTORS, vector("1/2", 1)) == [False, False, True, False, True, False]


def test_alpha_speaks_of_values_and_of_how_many_have_something_first() -> None:
    assert kept(Alpha(Fraction(0)), VECTORS, ONES) == [False, True, True, True, False, False]
    assert kept(Alpha(Fraction(1)), VECTORS, ONES) == [False, False, True, True, False, False]
    assert kept(Alpha(Fraction(2)), VECTORS[:2] + VECTORS[5:], ONES) == [False, True, False]


def test_unions_and_intersections_judge_each_part_over_all_allocations() -> None:
    first = Income(vector(3, 0))
    assert kept(AnyOf((first, MaxMin())), VECTORS, ONES) == [False, True, True, True, True, False]
    assert kept(AllOf((first, MaxMin())), VECTORS, ONES) == [False, False, True, False, False, False]
    # The least pay of those that leave the first provider 4 is 0, but the greatest of all is 1.
    assert kept(AllOf((Income(vector(4, 0)), MaxMin())), VECTORS, ONES) == [False] * 6


def test_only_floors_and_max_min_have_terms_on_chain() -> None:
    both = AllOf((Income(vector(1, 0)), AllOf((MaxMin(), Income(vector(0, 2))))))
    assert terms(both, 2) == Terms(vector(1, 2), max_min=True)
    assert terms(MaxMin(), 2) == Terms(vector(0, 0), max_min=True)
    assert terms(AnyOf((MaxMin(),)), 2) is None
    assert terms(AllOf((MaxMin(), Alpha(Fraction(1)))), 2) is None
    assert not is_uniform(both)
    assert is_uniform(AnyOf((MaxMin(), Income(vector(1, 1)))))


AMOUNTS = st.fractions(min_value=0, max_value=50, max_denominator=6)


@given(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS), st.tuples(AMOUNTS, AMOUNTS, AMOUNTS), st.integers(0, 9))
def test_welfare_agrees_with_floating_point_where_that_decides(
    one: tuple[Fraction, ...], other: tuple[Fraction, ...], thirds: int
) -> None:
    alpha = Fraction(thirds, 3)
    if alpha >= 1:
        one, other = (tuple(x + 1 for x in vector) for vector in (one, other))
    power = float(1 - alpha)
    mine, theirs = (
        sum(float(x) ** power / power if power else 0.0 for x in vector) for vector in (one, other)
    )
    if alpha == 1:
        assert (Welfare(alpha, one) < Welfare(alpha, other)) == (
            one[0] * one[1] * one[2] < other[0] * other[1] * other[2]
        )
    elif abs(mine - theirs) > 1e-6:
        assert (Welfare(alpha, one) < Welfare(alpha, other)) == (mine < theirs)
    assert Welfare(alpha, one) == Welfare(alpha, one[::-1])


def test_equal_sums_of_different_roots_are_recognized() -> None:
    half = Fraction(1, 2)
    assert Welfare(half, vector(8, 0)) == Welfare(half, vector(2, 2))  # √8 = √2 + √2
    assert Welfare(half, vector(12, 3, 2)) == Welfare(half, vector(27, 2, 0))  # 2√3 + √3 = 3√3
    assert Welfare(half, vector(12, 3, 2)) > Welfare(half, vector(27, 1, 0))
    assert Welfare(Fraction(2), vector(2, 2)) == Welfare(Fraction(2), vector("3/2", 3))  # 1 = 2/3 + 1/3
    assert Welfare(Fraction(2, 3), vector(1, "1/8")) < Welfare(Fraction(2, 3), vector("1/2", "1/2"))


def test_nearly_equal_sums_of_roots_are_told_apart() -> None:
    # √(k−1) + √(k+1) < 2√k by about k^(−3/2)/4, here 10^-61.
    k = 10**40
    terms = [(Fraction(k - 1), 1), (Fraction(k + 1), 1), (Fraction(k), -2)]
    assert sign_of_roots(terms, 2) == -1
    assert sign_of_roots([(x, -c) for x, c in terms], 2) == 1


def test_welfare_of_different_elasticity_is_not_compared() -> None:
    with pytest.raises(ValueError, match="different elasticity: 1 and 2"):
        _ = Welfare(Fraction(1), ONES) < Welfare(Fraction(2), ONES)


def test_roots_are_exact() -> None:
    for number, degree in product([*range(300), 10**30, 10**30 + 1, 10**30 - 1], (1, 2, 3, 5)):
        root = floor_root(number, degree)
        assert root**degree <= number < (root + 1) ** degree
    assert exact_root(Fraction(1, 16), 4) == Fraction(1, 2)
    assert exact_root(Fraction(16, 3), 4) is None
    assert exact_root(Fraction(3, 16), 4) is None
