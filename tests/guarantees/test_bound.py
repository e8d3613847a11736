"""Section 3: the bound of Theorem 1, the linear program behind it, and the instances that reach it."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations_with_replacement, product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from parley.core.linear import Program
from parley.mechanisms.guarantees import linear_program
from parley.mechanisms.guarantees.guarantee import Income, MaxMin
from parley.mechanisms.guarantees.instances import instance_6, instance_7, instance_8, instance_9, loss_9
from parley.mechanisms.guarantees.linear_program import (
    most_lost,
    program,
    program_of_kinds,
    solve_program,
    two_point,
)
from parley.mechanisms.guarantees.loss import (
    asymmetric_bound,
    bound,
    crossing,
    heterogeneity,
    loss,
    symmetric_bound,
)
from parley.mechanisms.guarantees.problem import Problem
from parley.mechanisms.guarantees.schedules import Allocation, is_feasible, total
from tests.guarantees.brute import Brute, brute, random_problem

if TYPE_CHECKING:
    from collections.abc import Sequence

DELTAS = ["0", "1/10", "1/4", "1/3", "1/2", "3/4", "9/10"]
BOUNDS = {
    1: "0 0 0 0 0 0 0",
    2: "1/3 10/29 4/11 3/8 1/2 3/4 9/10",
    3: "2/5 5/12 4/9 6/13 1/2 3/4 9/10",
    4: "3/7 30/67 12/25 1/2 6/11 3/4 9/10",
    5: "4/9 20/43 1/2 12/23 4/7 3/4 9/10",
    10: "9/19 90/181 36/67 9/16 18/29 3/4 9/10",
    100: "99/199 990/1891 396/697 99/166 198/299 396/499 990/1099",
}


@pytest.mark.parametrize("providers", BOUNDS)
def test_the_bound_is_the_papers_but_nothing_for_one_provider(providers: int) -> None:
    for delta, expected in zip(DELTAS, BOUNDS[providers].split(), strict=True):
        assert bound(providers, Fraction(delta)) == Fraction(expected)


@pytest.mark.parametrize(
    ("providers", "expected"),
    [
        (2, 0.3819660112501051),
        (3, 0.5),
        (4, 0.5657414540893351),
        (5, 0.6096117967977924),
        (10, 0.7176243038723211),
        (50, 0.8669829709426714),
        (100, 0.9044199048223673),
    ],
)
def test_fairness_costs_most_up_to_the_crossing(providers: int, expected: float) -> None:
    assert crossing(providers) == pytest.approx(expected, abs=1e-12)
    for delta in (Fraction(k, 1000) for k in range(1000)):
        if abs(delta - Fraction(expected)) > Fraction(1, 10**9):
            assert (symmetric_bound(providers, delta) > delta) == (delta < expected)


def test_for_many_providers_the_bound_approaches_one_over_two_minus_delta() -> None:
    for delta in (Fraction(0), Fraction(1, 2)):
        assert bound(10**6, delta) < 1 / (2 - delta) < bound(10**6, delta) + Fraction(1, 10**5)


# ── linear program (14) ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("providers", range(2, 6))
def test_lemma_2_with_two_factors(providers: int) -> None:
    for high, delta in product(range(providers + 1), map(Fraction, ("1/10", "1/2", "4/5"))):
        factors = [Fraction(1)] * high + [1 - delta] * (providers - high)
        assert solve_program(factors).value == two_point(providers, high, delta)


def test_lemma_2_as_printed_is_wrong_if_all_factors_are_the_highest() -> None:
    # max{δ, (n−1)/(n + n0 + (1−δ)(n−n0) − 1)} at n0 = n = 2 and δ = 1/2.
    printed = max(Fraction(1, 2), Fraction(1, 3))
    assert printed == Fraction(1, 2)
    assert solve_program([Fraction(1)] * 2).value == two_point(2, 2, Fraction(1, 2)) == Fraction(1, 3)
    assert [two_point(3, 3, Fraction(4, 5)), two_point(3, 0, Fraction(4, 5))] == [Fraction(2, 5)] * 2


def test_the_program_never_exceeds_the_bound() -> None:
    generator = np.random.default_rng(3)
    for _ in range(60):
        factors = [Fraction(int(x), 20) for x in generator.integers(1, 21, int(generator.integers(2, 6)))]
        assert solve_program(factors).value <= bound(len(factors), heterogeneity(factors))
        assert most_lost(factors) == solve_program(factors).value


def test_providers_of_one_factor_can_share_their_variables() -> None:
    generator = np.random.default_rng(4)
    for _ in range(40):
        factors = [Fraction(int(x), 8) for x in generator.integers(4, 9, int(generator.integers(1, 8)))]
        assert program_of_kinds(factors).solve().value == solve_program(factors).value
    three = [Fraction(1), Fraction(3, 4), Fraction(1, 2)]
    assert most_lost(three * 6) == solve_program(three * 6).value < bound(18, Fraction(1, 2))


def test_the_program_is_solved_up_to_64_factors(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def noted(factors: Sequence[Fraction]) -> Program:
        asked.append(len(factors))
        return program_of_kinds(factors[:3])

    monkeypatch.setattr(linear_program, "program_of_kinds", noted)
    for kinds in (3, 63, 64, 65, 100):
        most_lost([Fraction(100 + k) for k in range(kinds)])
    assert asked == [3, 63, 64]


def test_of_too_many_factors_the_bound_is_used() -> None:
    many = [Fraction(100 + k) for k in range(linear_program.MOST_KINDS + 1)]
    assert most_lost(many) == bound(len(many), heterogeneity(many))
    assert most_lost(many[::6] * 3) < bound(33, heterogeneity(many[::6]))


def solves_dual(
    factors: Sequence[Fraction], s: Fraction, prices: Sequence[Sequence[Fraction]], *, printed: bool = False
) -> bool:
    """Return whether s and λ satisfy the constraints of (15), the third one as printed or transposed.

    Constraint 3 of (15) and (16) should read γ_j ≥ Σ_i λ_ij; it is printed as γ_i ≥ Σ_j λ_ij.
    """
    everyone = range(len(factors))
    sums = [[sum(row) for row in prices], [sum(row[j] for row in prices) for j in everyone]]
    return (
        all(s * factors[i] + sums[0][i] >= factors[i] for i in everyone)
        and all(factors[j] >= sums[0 if printed else 1][j] for j in everyone)
        and all(
            factors[j] - factors[k] + s * factors[k] >= sum(prices[i][j] for i in everyone if i != k)
            for k, j in product(everyone, repeat=2)
        )
    )


def test_the_prices_of_the_program_solve_the_dual_with_its_third_constraint_transposed() -> None:
    for factors in combinations_with_replacement([Fraction(k, 4) for k in range(1, 5)], 3):
        found = solve_program(factors)
        s, *rest = found.prices
        assert s == found.value
        assert solves_dual(factors, s, [rest[3 * i : 3 * i + 3] for i in range(3)])


def test_the_printed_dual_has_other_points() -> None:
    one, none = Fraction(1), Fraction(0)
    point = (one, Fraction(1, 4)), one, [[none, none], [one, none]]
    assert solves_dual(*point)
    assert not solves_dual(*point, printed=True)


@pytest.mark.parametrize("transposed", [True, False])
def test_both_duals_have_the_same_value(*, transposed: bool) -> None:
    generator = np.random.default_rng(5)
    for _ in range(20):
        factors = [Fraction(int(x), 12) for x in generator.integers(1, 13, int(generator.integers(2, 5)))]
        n = len(factors)
        dual = Program()
        s = dual.variable(-1)
        prices = [[dual.variable() for _ in factors] for _ in factors]
        for i in range(n):
            dual.at_most({s: -factors[i]} | dict.fromkeys(prices[i], Fraction(-1)), -factors[i])
            third = [row[i] for row in prices] if transposed else prices[i]
            dual.at_most(dict.fromkeys(third, 1), factors[i])
        for k, j in product(range(n), repeat=2):
            others = {prices[i][j]: Fraction(1) for i in range(n) if i != k}
            dual.at_most({s: -factors[k]} | others, factors[j] - factors[k])
        assert -dual.solve().value == program(factors).solve().value


# ── Theorem 2 ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_bound_is_reached_by_heterogeneity_and_approached_by_fairness() -> None:
    for providers, delta in product((2, 3, 5), map(Fraction, ("0", "1/4", "3/4"))):
        assert brute(instance_6(providers, delta)).loss == delta
    for delta in map(Fraction, ("0", "1/4")):
        limit = symmetric_bound(2, delta)
        losses = [brute(instance_7(2, Fraction(1, 10**k), delta)).loss for k in range(1, 5)]
        assert losses == sorted(losses)
        assert limit - Fraction(1, 10**3) < losses[-1] < limit


def test_theorem_2_needs_two_providers() -> None:
    """For n = 1 the formula gives δ, and no instance loses anything."""
    one = instance_8(1, 1, Fraction(1, 2))
    assert brute(one).loss == 0 == bound(1, Fraction(1, 2))
    assert symmetric_bound(1, Fraction(1, 2)) == 0


# ── Theorem 1 on random instances ───────────────────────────────────────────────────────────────────────────


def losing(count: int, seed: int) -> list[tuple[Problem, Brute]]:
    generator = np.random.default_rng(seed)
    drawn = [random_problem(generator) for _ in range(count)]
    return [(problem, found) for problem in drawn if (found := brute(problem)).restricted_value is not None]


def check_bound(count: int, seed: int) -> Fraction:
    """Check that no loss exceeds its bound; return the greatest share of it."""
    most = Fraction(0)
    for problem, found in losing(count, seed):
        assert found.loss <= most_lost(problem.factors) <= bound(problem.providers, problem.delta)
        if found.loss:
            most = max(most, found.loss / bound(problem.providers, problem.delta))
    return most


def test_random_instances_never_exceed_the_bound() -> None:
    assert check_bound(600, 1) == 1  # one reaches it


@pytest.mark.deep
@pytest.mark.parametrize("part", range(10))
def test_none_of_20000_random_instances_exceeds_the_bound(part: int) -> None:
    assert check_bound(2000, 100 + part) > Fraction(1, 2)


def test_without_symmetry_the_loss_is_at_most_one_over_two_minus_delta() -> None:
    generator = np.random.default_rng(11)
    lost = 0
    for _ in range(600):
        problem = random_problem(generator, symmetric=False)
        found = brute(problem)
        if found.restricted_value is not None:
            assert found.loss <= asymmetric_bound(problem.providers, problem.delta)
            lost += found.loss > 0 and not problem.is_symmetric
    assert lost > 20


@pytest.mark.parametrize("delta", [Fraction(0), Fraction(1, 4), Fraction(9, 10)])
def test_two_providers_who_can_do_different_jobs_come_close_to_that(delta: Fraction) -> None:
    """With equal factors they lose half, which Theorem 1 allows only for infinitely many."""
    one, less = Fraction(1), Fraction(999, 1000)
    problem = Problem(
        2,
        (one, less),
        Income((Fraction(0), one)),
        conflicts=frozenset({(0, 1)}),
        eligible=(frozenset({0}), None),
        factors=(one, 1 - delta),
    )
    found = brute(problem).loss
    limit = asymmetric_bound(2, delta)
    assert bound(2, delta) < limit - Fraction(1, 1000) < found < limit


def test_instance_9_exceeds_no_bound_because_its_factors_differ_as_much() -> None:
    """Its loss approaches everything, but so does δ = 1 − 1/k, which is lost with symmetry already."""
    for k in range(2, 50):
        assert loss_9(k) < 1 - Fraction(1, k) == instance_9(k).delta


def best_pair(problem: Problem, found: Brute) -> tuple[Allocation, Allocation]:
    worth = [total(problem, vector) for vector in found.vectors]
    inside = [k for k, is_kept in enumerate(found.kept) if is_kept]
    return (
        found.feasible[max(range(len(worth)), key=worth.__getitem__)],
        found.feasible[max(inside, key=worth.__getitem__)],
    )


def test_lemma_1() -> None:
    """What A_i has and nobody has in B is worth at most what B_j has and A_i has not."""
    for problem, found in losing(150, 2):
        best, restricted = best_pair(problem, found)
        taken = {job for schedule in restricted for job in schedule}

        def value(jobs: set[int], values: tuple[Fraction, ...] = problem.values) -> Fraction:
            return sum((values[job] for job in jobs), Fraction(0))

        for mine, theirs in product(map(set, best), map(set, restricted)):
            assert value(mine - taken) <= value(theirs - mine)


def test_the_proof_of_lemma_1_needs_symmetry() -> None:
    """B'_j ⊆ A_i is feasible in place i of A, and by symmetry in place j; (B'_j, A_−j) need not be."""
    problem = Problem(2, (Fraction(1),) * 3, MaxMin())
    best, part = ((0, 1), (2,)), (0,)
    assert is_feasible(problem, (part, best[1]))
    assert is_feasible(problem, (best[1], part))
    assert not is_feasible(problem, (best[0], part))


def test_the_loss_in_figure_6_exceeds_the_four_percent_of_the_text() -> None:
    shown = loss(Fraction("66.89"), Fraction("63.64"))
    assert float(shown) == pytest.approx(0.048587232770219764, abs=1e-15)
    assert shown > Fraction(4, 100)
