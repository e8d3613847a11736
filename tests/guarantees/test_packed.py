"""What a dispatch is told of a problem says what theory says: who may hold what, and what that pays."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from random import Random

import pytest

from parley.kit.reference import Revert
from parley.mechanisms.guarantees.guarantee import AllOf, Guarantee, Income, MaxMin
from parley.mechanisms.guarantees.packed import (
    check_allocation,
    check_jobs,
    jobs_of,
    order_of,
    pack_allocation,
    pack_jobs,
    unpack_allocation,
    unpack_jobs,
)
from parley.mechanisms.guarantees.parameters import check, parameters_of, unit_of
from parley.mechanisms.guarantees.problem import Problem, worked_example
from parley.mechanisms.guarantees.schedules import is_feasible, pays_of

REGISTRAR, DISPATCHER = "0x" + "ee" * 20, "0x" + "dd" * 20


def random_problem(dice: Random) -> Problem:
    """One that can be dispatched: intervals, and income, max-min or both."""
    providers, jobs = dice.randint(1, 4), dice.randint(1, 6)
    starts = [Fraction(dice.randint(0, 12), dice.choice([1, 2, 3])) for _ in range(jobs)]
    floors = tuple(Fraction(dice.choice([0, 0, 1, 2]), 2) for _ in range(providers))
    guarantees: list[Guarantee] = [MaxMin(), Income(floors), AllOf((Income(floors), MaxMin()))]
    problem = Problem(
        providers=providers,
        values=tuple(Fraction(dice.randint(0, 9), dice.choice([1, 2, 5])) for _ in range(jobs)),
        guarantee=dice.choice(guarantees),
        intervals=tuple((start, start + Fraction(dice.randint(1, 6), 2)) for start in starts),
        pay=tuple(Fraction(dice.randint(1, 5), dice.choice([1, 3, 4])) for _ in range(providers)),
    )
    problem.check_playable()
    return problem


def random_allocation(dice: Random, problem: Problem) -> tuple[tuple[int, ...], ...]:
    """Each job to somebody or nobody, whether or not it can be held."""
    held: list[list[int]] = [[] for _ in range(problem.providers + 1)]
    for job in range(problem.jobs):
        dice.choice(held).append(job)
    return tuple(map(tuple, held[1:]))


def test_the_contract_accepts_what_theory_allows_and_pays_what_theory_says() -> None:
    dice, seen = Random(1), Counter[str]()
    for _ in range(600):
        problem = random_problem(dice)
        seats = ["0x" + f"{k + 1:02x}" * 20 for k in range(problem.providers)]
        p = parameters_of(problem, seats, REGISTRAR)
        check(p, DISPATCHER)
        jobs, order = jobs_of(problem), order_of(problem)
        assert unpack_jobs(pack_jobs(jobs)) == jobs
        total = check_jobs(pack_jobs(jobs), p.greatest_rate)
        assert total * unit_of(problem.values) == sum(problem.values)
        allocation = random_allocation(dice, problem)
        packed = pack_allocation(order, allocation)
        assert unpack_allocation(order, packed, problem.providers) == allocation
        due = [problem.wei(pay) for pay in pays_of(problem, allocation)]
        kept = all(pay >= floor for pay, floor in zip(due, p.floors, strict=True))
        refusal = ""
        try:
            least, values = check_allocation(p, range(problem.providers), jobs, packed)
        except Revert as reverted:
            refusal = reverted.name
        else:
            assert [rate * value for rate, value in zip(p.rates, values, strict=True)] == due
            assert least == min(due)
        feasible = is_feasible(problem, allocation)
        assert refusal == ("" if feasible and kept else "FloorBroken" if feasible else "Overlap")
        seen[refusal or "accepted"] += 1
    assert min(seen[name] for name in ("accepted", "Overlap", "FloorBroken")) > 50


def test_deposits_and_bonds_are_the_problems_in_wei() -> None:
    problem = Problem(
        providers=2,
        values=(Fraction(3, 2), Fraction(5)),
        guarantee=Income((Fraction(1), Fraction(1))),
        intervals=((Fraction(0), Fraction(1)), (Fraction(1), Fraction(2))),
        pay=(Fraction(3, 4),) * 2,
        draw="permutation",
        tolerance=Fraction(1, 4),
        bond=Fraction(7),
        challenge_bond=Fraction(1, 2),
        provider_bond=Fraction(2),
        wei_per_value=800,
    )
    p = parameters_of(problem, ["0x" + "11" * 20, "0x" + "22" * 20], REGISTRAR)
    assert (p.rates, p.floors, p.tolerance) == ((300, 300), (800, 800), 200)
    assert (p.bond, p.challenge_bond, p.provider_bond, p.deposit) == (5600, 400, 1600, 7200)
    assert [job.value for job in jobs_of(problem)] == [3, 10]


def test_a_problem_without_times_or_with_another_guarantee_is_no_dispatch() -> None:
    timeless = Problem(providers=1, values=(Fraction(1),), guarantee=MaxMin())
    with pytest.raises(ValueError, match="times"):
        order_of(timeless)
    other = Problem.from_mapping(
        worked_example().to_mapping() | {"guarantee": {"type": "alpha", "alpha": "1/2"}}
    )
    with pytest.raises(ValueError, match="guarantee"):
        parameters_of(other, ["0x" + "11" * 20] * 2, REGISTRAR)


def test_jobs_without_value_earn_nothing() -> None:
    problem = Problem(
        providers=1,
        values=(Fraction(0),) * 2,
        guarantee=MaxMin(),
        intervals=((Fraction(0), Fraction(1)),) * 2,
        pay=(Fraction(4, 3),),
    )
    assert parameters_of(problem, ["0x" + "11" * 20], REGISTRAR).rates == (0,)
    assert [job.value for job in jobs_of(problem)] == [0, 0]
