"""The assumptions and Propositions 1 to 7, on lists of all allocations."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest

from parley.mechanisms.guarantees.fractional import Mixture, Outcome, best_mixture, rotations
from parley.mechanisms.guarantees.guarantee import Income, MaxMin, Terms, kept, pays
from parley.mechanisms.guarantees.instances import instance_2, instance_3, instance_5, instance_9
from parley.mechanisms.guarantees.problem import Problem
from parley.mechanisms.guarantees.schedules import (
    exclusions,
    find_schedule,
    is_feasible,
    total,
    values_of,
)
from parley.mechanisms.guarantees.solution import solve
from parley.mechanisms.guarantees.theorems import (
    free_of_loss,
    incomes,
    independent,
    indivisible,
    is_uniform_income,
    maximizer,
    monotone,
    no_three_jobs,
    pareto_closed,
    structure,
    symmetric,
)
from tests.guarantees.brute import Brute, brute, random_problem

NONE, ONE, HALF = Fraction(0), Fraction(1), Fraction(1, 2)


def whole(*given: int) -> tuple[Fraction, ...]:
    return tuple(map(Fraction, given))


# ── Assumption 1 ────────────────────────────────────────────────────────────────────────────────────────────


def test_allocations_of_a_problem_satisfy_assumption_1_but_perhaps_symmetry() -> None:
    generator = np.random.default_rng(1)
    asymmetric = 0
    for k in range(60):
        problem = random_problem(generator, symmetric=k % 2 == 0)
        if problem.jobs > 4:
            continue
        feasible = brute(problem).feasible
        answers = structure(problem)
        for name, check in (
            ("indivisible", indivisible),
            ("symmetric", symmetric),
            ("monotone", monotone),
            ("independent", independent),
        ):
            assert answers[name].holds == check(feasible).holds, (name, problem)
        if witness := answers["symmetric"].witness:
            asymmetric += 1
            there, here = (tuple(map(tuple, witness[key])) for key in ("allocation", "infeasible"))
            assert there in feasible
            assert here not in feasible
            assert sorted(there) == sorted(here)
    assert asymmetric > 3


def test_a_capacity_that_no_schedule_reaches_breaks_no_symmetry() -> None:
    problem = replace(instance_2(HALF), capacities=(2, None))
    assert not problem.is_symmetric
    assert structure(problem)["symmetric"].holds
    assert structure(replace(problem, capacities=(1, None)))["symmetric"].witness == {
        "allocation": [[], [0, 1]],
        "infeasible": [[0, 1], []],
    }


def test_broken_assumptions_have_witnesses() -> None:
    assert not independent([((), ()), ((0,), ()), ((), (1,))]).holds
    witness = independent([((), ()), ((0,), ()), ((), (1,))]).witness
    assert witness == {"allocation": [[], [1]], "provider": 0, "schedule": [0]}
    assert monotone([((0, 1),), ((0,),), ()]).witness == {"allocation": [[0, 1]], "infeasible": [[1]]}


def test_schedules_of_a_size_are_found() -> None:
    generator = np.random.default_rng(4)
    for _ in range(60):
        problem = random_problem(generator)
        excluded = {pair for pair in combinations(range(problem.jobs), 2) if not _fits(problem, pair)}
        for size in range(1, problem.jobs + 1):
            found = find_schedule(problem, 0, size)
            assert found is not None
            exists = any(
                not any(pair in excluded for pair in combinations(jobs, 2))
                for jobs in combinations(range(problem.jobs), size)
            )
            assert (len(found) == size) == exists
            assert not any(pair in excluded for pair in combinations(found, 2))


def _fits(problem: Problem, pair: tuple[int, int]) -> bool:
    (a, b), intervals = pair, problem.intervals
    if intervals is not None and max(intervals[a][0], intervals[b][0]) < min(
        intervals[a][1], intervals[b][1]
    ):
        return False
    return pair not in problem.conflicts


# ── Assumption 2, Propositions 1 and 2 ──────────────────────────────────────────────────────────────────────


def drawn(count: int, seed: int, *, symmetric: bool = True) -> list[tuple[Problem, Brute]]:
    generator = np.random.default_rng(seed)
    problems = [random_problem(generator, symmetric=symmetric) for _ in range(count)]
    return [(problem, brute(problem)) for problem in problems]


def test_every_guarantee_is_closed_under_pareto_dominance() -> None:
    for _, found in drawn(120, 5, symmetric=False):
        assert pareto_closed(found.vectors, found.kept).holds


def test_propositions_1_and_2_on_guarantees_and_on_any_sets() -> None:
    generator = np.random.default_rng(6)
    closed = 0
    for problem, found in drawn(60, 7):
        vectors = sorted(set(found.vectors))
        ones = (ONE,) * problem.providers
        for kind in range(3):
            if kind == 0:
                inside = kept(problem.guarantee, vectors, problem.pay)
            else:
                start = [vector for vector in vectors if generator.random() < 0.3]
                inside = [
                    vector in start
                    or (kind == 1 and any(all(x >= y for x, y in zip(vector, w, strict=True)) for w in start))
                    for vector in vectors
                ]
            if not any(inside):
                continue
            finding = pareto_closed(vectors, inside)
            g, union = maximizer(vectors, inside), incomes(vectors, inside)
            if not finding.holds:
                assert finding.witness is not None
                low, high = (tuple(map(Fraction, finding.witness[key])) for key in ("kept", "not_kept"))
                assert all(x >= y for x, y in zip(high, low, strict=True))
                assert inside[vectors.index(low)]
                assert not inside[vectors.index(high)]
                assert g is None
                assert union is None
                continue
            closed += 1
            assert g is not None
            assert union is not None
            assert [value == max(g) for value in g] == inside
            for (one, a), (other, b) in product(zip(vectors, g, strict=True), repeat=2):
                assert a >= b or not all(x >= y for x, y in zip(one, other, strict=True))
            covered = [kept(part, vectors, ones) for part in union]
            assert [any(column) for column in zip(*covered, strict=True)] == inside
    assert closed > 60


# ── Proposition 3: mixtures ─────────────────────────────────────────────────────────────────────────────────


def mixture(problem: Problem, found: Brute, terms: Terms) -> Mixture | None:
    outcomes = {Outcome(total(problem, vector), pays(vector, problem.pay)): None for vector in found.vectors}
    return best_mixture(list(outcomes), terms)


def test_mixtures_lose_nothing_under_uniform_guarantees_with_equal_factors() -> None:
    lost = 0
    for problem, found in drawn(40, 8):
        if problem.jobs > 4:
            continue
        same = replace(problem, factors=(), pay=(), guarantee=MaxMin(), bond=ONE)
        again = brute(same)
        fair = mixture(same, again, Terms((NONE,) * same.providers, max_min=True))
        assert fair is not None
        assert fair.loss == 0
        assert fair.tau == again.max_value / same.providers
        lost += again.loss > 0
        some = mixture(same, again, Terms((fair.tau,) * same.providers, max_min=False))
        assert some is not None
        assert some.loss == 0
        above = (fair.tau + Fraction(1, 100),) * same.providers
        assert mixture(same, again, Terms(above, max_min=False)) is None
        assert found.vectors
    assert lost > 0


def test_rotations_give_everybody_the_same() -> None:
    problem = instance_2(Fraction(1, 10))
    moved = rotations(((0, 1), (2,)))
    sums = [sum(column) for column in zip(*(values_of(problem, one) for one in moved), strict=True)]
    assert sums == [Fraction(29, 10)] * 2


def test_results_need_providers_who_can_hold_a_job() -> None:
    problem = Problem(2, (ONE, ONE), MaxMin(), capacities=(0, 0), conflicts=frozenset({(0, 1)}))
    assert free_of_loss(problem) == []
    assert "Proposition 6" in free_of_loss(replace(problem, capacities=()))


def test_proposition_3_needs_equal_factors() -> None:
    """γ = (1, 1/2) and one job: τ = 1/2 gives each half of it, which loses 1/4."""
    problem = Problem(2, (ONE,), MaxMin(), factors=(ONE, HALF))
    found = mixture(problem, brute(problem), Terms((NONE, NONE), max_min=True))
    assert found is not None
    assert (found.tau, found.worth, found.loss) == (HALF, Fraction(3, 4), Fraction(1, 4))


def test_proposition_3_needs_pay_that_depends_on_the_value_of_a_mixture() -> None:
    """Pay that is convex in v, and extended to mixtures by expectation, rewards unequal allocations."""
    times = ((6, 8), (1, 4), (0, 2), (3, 7), (3, 5))
    intervals = tuple((Fraction(start), Fraction(end)) for start, end in times)
    problem = Problem(2, (*[ONE] * 4, HALF), MaxMin(), intervals)

    def outcomes(step: Fraction) -> list[Outcome]:
        def pay(value: Fraction) -> Fraction:
            return value if value <= 2 else step

        vectors = set(brute(problem).vectors)
        return [Outcome(sum(vector, NONE), tuple(map(pay, vector))) for vector in vectors]

    fair = Terms((NONE, NONE), max_min=True)
    found = best_mixture(outcomes(Fraction(10)), fair)
    assert found is not None
    assert found.tau == Fraction(11, 2)
    assert found.worth == Fraction(7, 2)
    assert found.loss == Fraction(1, 8)
    linear = best_mixture(outcomes(Fraction(5, 2)), fair)
    assert linear is not None
    assert linear.loss == 0


# ── Propositions 4 to 7, and equal values ───────────────────────────────────────────────────────────────────


def check_free(problem: Problem, found: Brute, seen: dict[str, int]) -> None:
    for name in free_of_loss(problem):
        if found.restricted_value is not None:
            assert found.loss == 0, (name, problem)
            seen[name] = seen.get(name, 0) + 1


def test_what_is_said_to_cost_nothing_costs_nothing() -> None:
    generator = np.random.default_rng(9)
    seen: dict[str, int] = {}
    for k in range(700):
        drawn_one = random_problem(generator, symmetric=k % 4 != 0)
        equal = generator.random() < 0.5
        problem = replace(
            drawn_one,
            factors=(),
            values=drawn_one.values[:1] * drawn_one.jobs if equal else drawn_one.values,
            pay=() if equal else drawn_one.pay,
            guarantee=MaxMin() if equal and k % 2 else drawn_one.guarantee,
        )
        check_free(problem, brute(problem), seen)
    names = ["Proposition 4", "Proposition 5", "Proposition 6", "Proposition 7", "no three jobs"]
    assert min(seen.get(name, 0) for name in names) >= 10, seen


@pytest.mark.parametrize(
    "problem",
    [
        # 4: a floor of 1 for the worse provider, who would not get the only job.
        Problem(2, (ONE,), Income((NONE, ONE)), factors=(ONE, HALF)),
        # 5 (i): |S| = 5 < 2n, and one job that fits with none.
        instance_5([ONE] * 5, [ONE], (ONE, HALF, HALF)),
        # 6: as many providers as jobs.
        Problem(2, (ONE, ONE), MaxMin(), factors=(ONE, HALF)),
        # 7: more providers than half the jobs.
        Problem(2, (ONE,) * 3, MaxMin(), factors=(ONE, HALF)),
    ],
)
def test_propositions_4_to_7_need_equal_factors(problem: Problem) -> None:
    assert brute(problem).loss > 0
    assert free_of_loss(problem) == []
    assert free_of_loss(replace(problem, factors=())) != []


def test_a_uniform_guarantee_has_the_same_floor_and_pay_for_all() -> None:
    problem = instance_3()
    assert is_uniform_income(problem)
    assert not is_uniform_income(replace(problem, pay=(ONE, HALF)))
    assert not is_uniform_income(replace(problem, guarantee=Income((ONE, NONE))))
    assert not is_uniform_income(replace(problem, guarantee=Income(whole(3, 0))))


def test_proposition_6_holds_for_guarantees_that_are_not_symmetric() -> None:
    problem = Problem(3, whole(1, 2, 3), Income(whole(0, 0, 3)))
    assert free_of_loss(problem)[-1] == "Proposition 6"
    assert brute(problem).loss == 0


EQUAL = Problem(
    2,
    (ONE,) * 5,
    MaxMin(),
    tuple((Fraction(start), Fraction(end)) for start, end in ((1, 2), (2, 4), (4, 5), (5, 8), (1, 6))),
)


def test_equal_values_can_lose_a_job_where_a_schedule_holds_three() -> None:
    """The paper reports that equal values never lose anything; here 5 jobs become 4."""
    found = brute(EQUAL)
    assert (found.max_value, found.tau, found.restricted_value) == whole(5, 2, 4)
    assert not no_three_jobs(EQUAL)
    assert free_of_loss(EQUAL) == []


NINE = Problem(
    9,
    (ONE,) * 19,
    MaxMin(),
    tuple(
        (Fraction(start), Fraction(end))
        for start, end in [
            *[(0, 1)] * 2,
            (0, 3),
            (0, 5),
            *[(1, 2)] * 5,
            *[(1, 5)] * 2,
            (2, 3),
            *[(2, 5)] * 2,
            (3, 4),
            (3, 5),
            *[(4, 5)] * 3,
        ]
    ),
)
"""An instance of Section 5's study, without the jobs that make no difference."""


def test_nine_providers_can_lose_one_of_nineteen_jobs() -> None:
    every = ((0, 8, 12), (1, 10), (2, 18), (3,), (4, 15), (5, 17), (6, 11, 14, 16), (7, 13), (9,))
    pairs = ((0, 10), (1, 9), (2, 15), (4, 14), (5, 16), (6, 13), (7, 12), (8, 17), (11, 18))
    assert is_feasible(NINE, every)
    assert sum(map(len, every)) == 19
    assert is_feasible(NINE, pairs)
    # So τ = 2: nine times three jobs are too many. But whoever has job 3 has no other.
    alone = {pair for pair in exclusions(NINE) if 3 in pair}
    assert len(alone) == 18
    found = solve(NINE)
    assert (found.max_value, found.tau, found.restricted_value) == whole(19, 2, 18)


def test_no_smaller_intervals_of_equal_values_lose_a_job() -> None:
    """Four jobs, two providers, all orders of starts and ends with equal ends allowed."""
    for ends in product(range(1, 5), repeat=4):
        for starts in product(range(4), repeat=4):
            if all(start < end for start, end in zip(starts, ends, strict=True)) and list(starts) == sorted(
                starts
            ):
                times = tuple((Fraction(a), Fraction(b)) for a, b in zip(starts, ends, strict=True))
                assert brute(Problem(2, (ONE,) * 4, MaxMin(), times)).loss == 0


def test_equal_values_lose_nothing_where_no_schedule_holds_three_jobs() -> None:
    """Any conflicts, any uniform floor; the proof is in `no_three_jobs`."""
    generator = np.random.default_rng(10)
    tight = 0
    for _ in range(300):
        providers, jobs = int(generator.integers(2, 4)), int(generator.integers(3, 7))
        share = generator.choice([0.5, 0.7, 0.85])
        pairs = frozenset(pair for pair in combinations(range(jobs), 2) if generator.random() < share)
        problem = Problem(providers, (ONE,) * jobs, MaxMin(), conflicts=pairs)
        if no_three_jobs(problem):
            found = brute(problem)
            assert found.loss == 0
            tight += found.tau == 1 and found.max_value > providers
    assert tight > 20


def test_a_floor_of_one_job_is_free_with_equal_values_whatever_fits_together() -> None:
    floor = Income((ONE, ONE))
    for problem in (EQUAL, instance_3()):
        assert brute(replace(problem, guarantee=floor)).loss == 0


def test_instance_9_is_not_symmetric() -> None:
    finding = structure(instance_9(3))["symmetric"]
    assert finding.holds is False
    assert finding.basis == "provider 1 cannot do job 0, and provider 0 can"
