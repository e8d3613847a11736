"""What drives a loss: the loss without heterogeneity, indivisibility, exclusion or variation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest

from parley.core.errors import ParleyError
from parley.mechanisms.guarantees.drivers import DRIVERS, Driver, Solved, divided, drivers, within, without
from parley.mechanisms.guarantees.fractional import Outcome, best_mixture
from parley.mechanisms.guarantees.guarantee import AllOf, Alpha, AnyOf, Income, MaxMin, Terms
from parley.mechanisms.guarantees.instances import (
    instance_2,
    instance_3,
    instance_6,
    instance_7,
    instance_9,
)
from parley.mechanisms.guarantees.partition import share_out
from parley.mechanisms.guarantees.problem import Problem
from parley.mechanisms.guarantees.schedules import Allocation, total
from tests.guarantees.brute import brute, random_problem

NONE, ONE, HALF = Fraction(0), Fraction(1), Fraction(1, 2)


@dataclass(frozen=True)
class Listed:
    max_value: Fraction
    allocation: Allocation
    restricted_value: Fraction | None
    loss: Fraction | None
    status: str = "optimal"


def solve(problem: Problem) -> Solved:
    found = brute(problem)
    lost = None if found.restricted_value is None else found.loss
    worth = [total(problem, values) for values in found.vectors]
    best = found.feasible[worth.index(found.max_value)]
    return Listed(found.max_value, best, found.restricted_value, lost)


def found(problem: Problem) -> dict[str, Driver]:
    return drivers(problem, solve(problem), lambda other, _: solve(other), 60)


def test_instance_2_loses_nothing_without_indivisibility_exclusion_or_variation() -> None:
    answers = found(instance_2(Fraction(1, 10)))
    assert list(answers) == list(DRIVERS)
    assert answers["heterogeneity"] == Driver(Fraction(9, 29), "solved")
    assert answers["indivisibility"] == Driver(NONE, "Proposition 3")
    assert answers["exclusion"] == Driver(NONE, "Proposition 4")
    assert answers["variation"].loss_without == 0


def test_instance_3_needs_no_variation() -> None:
    answers = found(instance_3(Fraction(1, 4)))
    assert answers["heterogeneity"].loss_without == Fraction(1, 5)
    assert answers["variation"].loss_without == Fraction(5, 19)
    # Without exclusion the better provider has three of five jobs, and the other two.
    shared = Driver(Fraction(1, 10), "everybody but the best provider has the same share")
    assert answers["exclusion"] == shared
    assert brute(without(instance_3(Fraction(1, 4)), "exclusion")).loss == Fraction(1, 10)


def test_instance_6_needs_heterogeneity_only() -> None:
    answers = found(instance_6(3, HALF))
    assert answers["heterogeneity"] == Driver(NONE, "Proposition 4")
    assert answers["exclusion"].loss_without == answers["variation"].loss_without == HALF
    # No half of the job keeps a floor of all of it for provider 2.
    assert answers["indivisibility"] == Driver(HALF, "linear program")


def test_without_variation_all_jobs_are_worth_the_mean() -> None:
    problem = without(instance_2(Fraction(1, 10)), "variation")
    assert problem.values == (Fraction(29, 30),) * 3
    assert problem.intervals == instance_2(NONE).intervals
    assert without(instance_2(NONE, HALF), "heterogeneity").delta == 0


@pytest.mark.parametrize("delta", [NONE, Fraction(1, 4), Fraction(3, 4)])
@pytest.mark.parametrize("providers", [2, 3])
def test_shares_of_the_same_size_agree_with_the_linear_program(providers: int, delta: Fraction) -> None:
    """Max-min fairness among providers who can do the same, by formula and by mixing all allocations."""
    problem = instance_7(providers, Fraction(1, 10), delta)
    outcomes = {Outcome(total(problem, values), values) for values in brute(problem).vectors}
    program = best_mixture(list(outcomes), Terms((NONE,) * providers, max_min=True))
    assert program is not None
    answer = divided(problem, solve)
    assert answer.basis == ("everybody has the same share" if delta else "Proposition 3")
    assert answer.loss_without == program.loss
    floor = Income((program.tau,) * providers)
    assert divided(replace(problem, guarantee=AllOf((floor, MaxMin()))), solve) == answer


def test_jobs_that_all_fit_together_are_shared_out() -> None:
    generator = np.random.default_rng(13)
    shared = 0
    for _ in range(40):
        providers, jobs = int(generator.integers(2, 4)), int(generator.integers(2, 7))
        values = tuple(Fraction(int(x), 2) for x in generator.integers(1, 6, jobs))
        factors = tuple(Fraction(int(x), 4) for x in generator.integers(1, 5, providers))
        fair = share_out(values, factors)
        if fair is not None:
            shared += 1
            listed = brute(Problem(providers, values, MaxMin(), factors=factors))
            assert fair == (listed.tau, listed.restricted_value)
    assert shared > 20


def test_equal_shares_below_a_floor_say_nothing() -> None:
    """Of 15, provider 2 must have 8 and provider 1 then has 7: 11 remain with γ = (1, 1/2)."""
    values = tuple(map(Fraction, (5, 4, 3, 2, 1)))
    floors = AllOf((Income((NONE, Fraction(8))), MaxMin()))
    answer = found(Problem(2, values, floors, factors=(ONE, HALF)))["exclusion"]
    assert answer == Driver(Fraction(4, 15), "solved")


def test_numbers_too_large_to_share_out_are_left_to_the_solver() -> None:
    assert share_out([Fraction(10**6), ONE], [ONE, HALF]) is None
    assert share_out([Fraction(3), Fraction(3), ONE], [ONE, HALF]) == (Fraction(3), Fraction(11, 2))
    assert share_out([Fraction(5), ONE], [ONE, HALF]) is None


def test_mixtures_can_lose_more_than_allocations() -> None:
    """One job each is fair and loses nothing; halves of both jobs are fairer, and worth less."""
    problem = Problem(2, (Fraction(3), Fraction(1)), MaxMin(), capacities=(1, 1), factors=(ONE, HALF))
    assert brute(problem).loss == 0
    assert divided(problem, solve).loss_without == Fraction(1, 7)


def test_mixtures_keep_welfare_and_floors_that_everybodys_share_keeps() -> None:
    problem = instance_2(Fraction(1, 10))
    share = Fraction(29, 20)
    for guarantee, expected in (
        (Alpha(ONE), NONE),
        (Income((share, share)), NONE),
        (Income((share + 1, share + 1)), None),
        (AnyOf((Income((share + 1, share + 1)), Alpha(HALF))), NONE),
        (AllOf((Income((share, share)), MaxMin())), NONE),
    ):
        assert divided(replace(problem, guarantee=guarantee), solve).loss_without == expected


def test_mixtures_of_different_providers_are_linear_programs_where_they_can_be() -> None:
    assert divided(instance_9(2), solve) == Driver(Fraction(1, 4), "linear program")
    floors = Income((NONE, Fraction(2)))
    assert divided(replace(instance_2(HALF), guarantee=floors), solve).loss_without == 0
    assert divided(replace(instance_2(HALF), guarantee=Income((NONE, Fraction(3)))), solve) == Driver(
        None, "no allocation keeps the guarantee"
    )
    other = replace(instance_9(2), guarantee=Alpha(ONE))
    assert divided(other, solve) == Driver(None, "no linear program: only floors and max-min fairness are")


def test_mixtures_are_found_without_a_list_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The problems' allocations are not too many to list; only the driver is told so."""
    generator = np.random.default_rng(14)
    problems = []
    for k in range(60):
        drawn = random_problem(generator, symmetric=False)
        floors = Income(tuple(Fraction(int(x)) for x in generator.integers(0, 3, drawn.providers)))
        if drawn.jobs <= 4:
            problems.append(replace(drawn, guarantee=MaxMin() if k % 2 else floors))
    expected = [divided(problem, solve) for problem in problems]

    def too_many(_: Problem) -> list[Allocation]:
        raise ParleyError("too many to list")

    monkeypatch.setattr("parley.mechanisms.guarantees.drivers.allocations", too_many)
    programs = 0
    for problem, listed in zip(problems, expected, strict=True):
        answer = divided(problem, solve)
        assert answer.loss_without == listed.loss_without
        programs += answer.basis == "linear program by columns"
    assert programs > 15


def test_a_guarantee_that_nobody_can_keep_has_no_loss() -> None:
    """Four equal jobs make τ = 2, and then no fair allocation leaves provider 1 three of them."""
    problem = Problem(2, (ONE,) * 4, AllOf((Income((Fraction(3), NONE)), MaxMin())))
    assert found(problem)["exclusion"] == Driver(None, "no allocation keeps the guarantee")
    assert found(replace(problem, guarantee=MaxMin()))["exclusion"] == Driver(NONE, "Proposition 4")


def slow(problem: Problem, _: float) -> Solved:
    return Listed(ONE, ((),) * problem.providers, None, None, "limit")


LIMIT = Driver(None, "not solved in the time limit")


def test_what_was_not_proved_in_time_is_not_known() -> None:
    problem = replace(instance_3(Fraction(1, 4)), capacities=(4, 4))
    assert drivers(problem, solve(problem), slow, 60) == dict.fromkeys(DRIVERS, LIMIT)
    many = Problem(4, (ONE,) * 12, Income((ONE, NONE, NONE, NONE)))
    assert drivers(many, slow(many, 0), slow, 60)["indivisibility"] == LIMIT


def test_a_driver_has_no_more_time_than_it_is_given() -> None:
    problem = instance_3(Fraction(1, 4))
    with pytest.raises(ParleyError, match="not solved in the time limit"):
        within(lambda other, _: solve(other), 0)(problem)
    given: list[float] = []

    def solved(other: Problem, seconds: float) -> Solved:
        given.append(seconds)
        return solve(other)

    answer = within(solved, 1000)
    for _ in range(2):
        answer(problem)
    assert 0 < given[1] < given[0] <= 1000
