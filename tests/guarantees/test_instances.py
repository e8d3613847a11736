"""The paper's instances and examples: their losses, and what is misprinted in them."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product
from math import log

import pytest
from scipy.integrate import quad

from parley.mechanisms.guarantees.guarantee import Income, MaxMin
from parley.mechanisms.guarantees.instances import (
    expected_loss,
    instance_1,
    instance_2,
    instance_3,
    instance_4,
    instance_5,
    instance_6,
    instance_7,
    instance_8,
    instance_9,
    loss_7,
    loss_8,
    loss_9,
)
from parley.mechanisms.guarantees.problem import Problem
from parley.mechanisms.guarantees.schedules import exclusions, is_feasible
from parley.mechanisms.guarantees.theorems import indivisible, monotone, symmetric
from tests.guarantees.brute import brute

ONES = (Fraction(1), Fraction(1))

LOSSES_7 = {
    (2, "1/10"): ("9/29", "37/107", "19/49"),
    (2, "1/100"): ("99/299", "397/1097", "199/499"),
    (3, "1/10"): ("3/8", "37/87", "19/39"),
    (3, "1/100"): ("33/83", "397/897", "199/399"),
    (4, "1/10"): ("27/67", "111/241", "57/107"),
    (4, "1/100"): ("297/697", "1191/2491", "597/1097"),
    (7, "1/10"): ("27/62", "111/221", "57/97"),
    (7, "1/100"): ("297/647", "1191/2291", "597/997"),
}
"""By n and κ, for δ = 0, 1/4 and 1/2."""

LOSSES_8 = {
    (2, 1): ("1/5", "5/19"),
    (2, 2): ("1/4", "3/10"),
    (2, 10): ("5/16", "41/118"),
    (3, 1): ("1/4", "1/3"),
    (3, 2): ("4/13", "3/8"),
    (3, 10): ("20/53", "41/96"),
    (5, 1): ("2/7", "5/13"),
    (5, 2): ("8/23", "3/7"),
    (5, 10): ("8/19", "41/85"),
}
"""By n and t, for δ = 0 and 1/4."""


@pytest.mark.parametrize("delta", [Fraction(0), Fraction(1, 3), Fraction(9, 10)])
def test_instances_1_and_6_lose_delta(delta: Fraction) -> None:
    assert brute(instance_1(delta)).loss == delta
    assert brute(instance_6(4, delta)).loss == delta


@pytest.mark.parametrize(("providers", "kappa"), LOSSES_7)
def test_instances_2_and_7(providers: int, kappa: str) -> None:
    for delta, expected in zip(("0", "1/4", "1/2"), LOSSES_7[providers, kappa], strict=True):
        case = providers, Fraction(kappa), Fraction(delta)
        assert loss_7(*case) == Fraction(expected)
        if providers <= 3:
            assert brute(instance_7(*case)).loss == Fraction(expected)


def test_instance_2_is_instance_7_for_two() -> None:
    assert instance_2(Fraction(1, 10), Fraction(1, 5)) == instance_7(2, Fraction(1, 10), Fraction(1, 5))
    assert loss_7(2, Fraction(1, 10), Fraction(1, 5)) == Fraction(23, 68)
    assert loss_7(2, Fraction(1, 100), Fraction(1, 5)) == Fraction(124, 349)
    assert loss_7(3, Fraction(1, 20), Fraction(1, 2)) == Fraction(39, 79)


@pytest.mark.parametrize("kappa", [*map(Fraction, ("-2", "-1/10", "0", "1/2", "1"))])
def test_long_jobs_of_at_least_the_same_value_cost_nothing(kappa: Fraction) -> None:
    for providers, delta in product((2, 3), map(Fraction, ("0", "1/4"))):
        found = brute(instance_7(providers, kappa, delta)).loss
        assert found == loss_7(providers, kappa, delta)
        assert (found > 0) == (kappa > 0 and not (kappa == 1 and delta == 0))


def test_the_printed_loss_of_instance_7_is_another_one() -> None:
    n, kappa, low = 3, Fraction(1, 10), Fraction(3, 4)
    printed = ((n - 1) - kappa * low) / (n + low * (n - 1) * (1 - kappa))
    denominator = n * low + (n - 1) * (1 - kappa)  # nγmin + γmax(n−1)(1−κ) in the same line
    assert loss_7(n, kappa, 1 - low) == Fraction(37, 87)
    assert printed == Fraction(77, 174)
    assert denominator != n + low * (n - 1) * (1 - kappa)
    # For n = 2 the numerators are the same.
    assert (1 - kappa * low) / (2 + low * (1 - kappa)) == loss_7(2, kappa, 1 - low)


@pytest.mark.parametrize(("providers", "rows"), LOSSES_8)
def test_instances_3_and_8(providers: int, rows: int) -> None:
    for delta, expected in zip(("0", "1/4"), LOSSES_8[providers, rows], strict=True):
        assert loss_8(providers, rows, Fraction(delta)) == Fraction(expected)
        problem = instance_8(providers, rows, Fraction(delta))
        assert problem.jobs == (rows + 1) * providers + rows * (providers - 1)  # printed: (t+1)n + t
        if problem.jobs <= 8:
            assert brute(problem).loss == Fraction(expected)


def test_instance_3_is_instance_8_for_two_and_one_row() -> None:
    assert instance_3(Fraction(1, 4)) == instance_8(2, 1, Fraction(1, 4))
    assert instance_3().values == (Fraction(1),) * 5  # "v(d_i) = 1 for each i ∈ N" means all five jobs


def test_instance_8_allows_one_job_of_each_row() -> None:
    problem = instance_8(3, 2)
    short, first, second = range(9), (9, 10), (11, 12)
    assert is_feasible(problem, (tuple(short), (9, 11), (10, 12)))
    for pair in [first, second, *product(short, (*first, *second))]:
        assert pair in exclusions(problem)
    assert not {*product(first, second)} & exclusions(problem)


def test_one_row_as_intervals_has_the_conflicts_of_instance_8() -> None:
    rows_of_jobs = [*product(range(6), (6, 7)), (6, 7)]
    assert exclusions(instance_8(3, 1)) == set(rows_of_jobs)


def test_no_intervals_have_the_conflicts_of_two_rows() -> None:
    """Two jobs that fit together, each in conflict with two jobs that fit together: a cycle of four."""
    excluded = exclusions(instance_8(2, 2))
    one, two, three, four = 0, 1, 6, 7  # two of S, then one of each row
    assert {(one, three), (one, four), (two, three), (two, four)} <= excluded
    assert not {(one, two), (three, four)} & excluded


def test_instance_4_loses_nothing() -> None:
    values = [Fraction(k) for k in (5, 3, 2, 2, 1)]
    for guarantee in (MaxMin(), Income((Fraction(5), Fraction(0)))):
        assert brute(instance_4(values, [1, 3], guarantee)).loss == 0


def test_instance_5_of_equal_values_loses_nothing_up_to_a_number_of_jobs() -> None:
    """Proposition 5 (i) needs |S| < 2n: with |S| = 2n it is Instance 3 or 8 with t = 1."""
    one = Fraction(1)
    for providers, together, alone in ((2, 3, 1), (2, 3, 2), (3, 5, 1)):
        problem = instance_5([one] * together, [one] * alone, [one] * providers)
        assert brute(problem).loss == 0
    assert brute(instance_5([one] * 4, [one], ONES)).loss == Fraction(1, 5)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_instance_9_as_max_min_in_pay(k: int) -> None:
    found = brute(instance_9(k))
    assert found.max_value == k
    assert found.restricted_value == Fraction(2 * k - 1, k)
    assert found.tau == Fraction(1, k)
    assert found.loss == loss_9(k) == 1 - Fraction(4 * (2 * k - 1), (2 * k) ** 2)


def test_instance_9_loses_less_if_pay_is_the_value() -> None:
    assert brute(instance_9(2, pay_by_value=True)).loss == Fraction(1, 8)
    assert brute(instance_9(3, pay_by_value=True)).loss == Fraction(4, 27)


def test_instance_9_approaches_everything() -> None:
    losses = [loss_9(k) for k in range(1, 200)]
    assert losses == sorted(losses)
    assert losses[-1] > Fraction(98, 100)
    assert losses[3] == Fraction(9, 16)


def test_printed_sets_of_allocations_break_the_assumptions() -> None:
    printed_6 = [((0,), ()), ((), (0,))]
    assert symmetric(printed_6).holds
    assert not monotone(printed_6).holds
    printed_6_for_three = [((0,), (), ()), ((), (0,), ())]
    assert symmetric(printed_6_for_three).witness == {
        "allocation": [[0], [], []],
        "infeasible": [[], [], [0]],
    }
    # Instance 9 as printed does not ask for disjoint schedules: row 0 and column 0 share a job.
    assert indivisible([((0, 1), (2, 3), (0, 2))]).witness == {
        "allocation": [[0, 1], [2, 3], [0, 2]],
        "job": 0,
    }


CASES = [
    ([(0, 2), (2, 4), (0, 4)], "1 1 9/10", "1 1", "29/10 1 2 9/29"),
    ([(0, 3), (1, 4), (3, 6), (4, 7), (0, 7)], "5 4 3 6 7", "1 1", "18 8 18 0"),
    ([(0, 2), (1, 3), (2, 5), (3, 6), (5, 8), (6, 9), (0, 9)], "2 3 4 3 2 5 6", "1 1 1", "25 6 25 0"),
    ([(0, 2), (1, 3), (2, 5), (3, 6), (5, 8), (6, 9)], "2 3 4 3 2 5", "1 3/5", "79/5 8 79/5 0"),
    ([(0, 4), (4, 8), (8, 12), (0, 6), (6, 12)], "4 4 4 5 5", "1 1", "22 10 22 0"),
    ([(4, 5), (3, 7), (4, 10), (5, 10), (1, 6), (0, 5)], "7 6 4 6 5 1", "1 1", "19 7 14 5/19"),
]
"""Intervals, values, factors; then the greatest value, τ, the restricted value and the loss."""


@pytest.mark.parametrize(("times", "values", "factors", "expected"), CASES)
def test_max_min_fairness_of_small_intervals(
    times: list[tuple[int, int]], values: str, factors: str, expected: str
) -> None:
    gammas = tuple(map(Fraction, factors.split()))
    intervals = tuple((Fraction(start), Fraction(end)) for start, end in times)
    problem = Problem(len(gammas), tuple(map(Fraction, values.split())), MaxMin(), intervals, factors=gammas)
    found = brute(problem)
    assert (found.max_value, found.tau, found.restricted_value, found.loss) == tuple(
        map(Fraction, expected.split())
    )


EXAMPLE_1 = {
    0.01: 0.16638857986057687,
    0.1: 0.16385763367237516,
    0.5: 0.15195449204148037,
    1: 0.13535688641209065,
    1.5: 0.11642390339762532,
    2: 0.0945348918918355,
    3: 0.06302326126122366,
    4: 0.04726744594591775,
}
EXAMPLE_2 = {
    (2, 3): 0.06302326126122375,
    (3, 0.5): 0.18391845302652143,
    (3, 1): 0.16528467302868544,
    (3, 2): 0.11688078217550713,
    (3, 3): 0.07792052145033808,
    (5, 0.5): 0.20554241085904046,
    (5, 1): 0.1858569646488668,
    (5, 2): 0.13263333443617542,
    (5, 3): 0.08842222295745028,
    (10, 0.5): 0.21990950912141116,
    (10, 1): 0.19967741140009831,
    (10, 2): 0.14341450768200303,
    (10, 3): 0.09560967178800202,
}


@pytest.mark.parametrize(("spread", "expected"), [*EXAMPLE_1.items()])
def test_example_1(spread: float, expected: float) -> None:
    assert expected_loss(2, spread) == pytest.approx(expected, abs=1e-12)
    low = max(0.0, 1 - spread / 2)
    assert expected == pytest.approx((1 - low - 2 * log(3) + 2 * log(2 + low)) / spread, abs=1e-12)


@pytest.mark.parametrize(("case", "expected"), [*EXAMPLE_2.items()])
def test_example_2(case: tuple[int, float], expected: float) -> None:
    assert expected_loss(*case) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("providers", [2, 3, 7])
def test_the_examples_are_means_of_instance_7(providers: int) -> None:
    for spread in (0.3, 1.5, 3.0):
        most = min(1.0, spread / 2)
        mean, error = quad(lambda kappa: float(loss_7(providers, Fraction(kappa))), 0, most)
        assert expected_loss(providers, spread) == pytest.approx(mean / spread, abs=1e-10 + 2 * error)


def test_variation_lowers_the_expected_loss() -> None:
    for providers in (2, 5):
        losses = [expected_loss(providers, k / 10) for k in range(1, 60)]
        assert losses == sorted(losses, reverse=True)
        limit = (providers - 1) / (2 * (2 * providers - 1))
        assert expected_loss(providers, 1e-6) == pytest.approx(limit, abs=1e-5)


def test_the_printed_form_of_example_1_is_wrong() -> None:
    def printed(spread: float) -> float:
        low = max(0.0, 1 - spread / 2)
        return (1 - 2 * log(3) - low + 2 * log(2 + max(0.0, spread / 2))) / spread

    assert printed(0.1) == pytest.approx(-7.1, abs=0.05)
    assert printed(2) == pytest.approx(0.5)
    assert printed(1) == pytest.approx(expected_loss(2, 1))


def test_the_printed_form_of_example_2_takes_the_logarithm_of_a_negative_number() -> None:
    for providers, most in product(range(2, 20), (0.1, 1)):
        assert (providers - 1) * most - (2 * providers - 1) < 0


def test_conflicts_of_instances_are_pairs_of_their_jobs() -> None:
    for problem in (instance_2(Fraction(1, 2)), instance_3(), instance_8(3, 3)):
        assert exclusions(problem) <= set(combinations(range(problem.jobs), 2))
