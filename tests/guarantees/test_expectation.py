"""What play is expected to pay, by brute force."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import permutations
from random import Random

import pytest

from parley.mechanisms.guarantees.decisions import Plan, plan_of, seated
from parley.mechanisms.guarantees.expectation import (
    chances,
    pay_law,
    pay_moments,
    platform_law,
    platform_moments,
)
from parley.mechanisms.guarantees.problem import Problem
from parley.mechanisms.guarantees.schedules import pays_of
from tests.guarantees.problems import FLOORS, JOBS, PROBLEMS


def listed(plan: Plan) -> dict[tuple[Fraction, ...], Fraction]:
    """Every way in which pay may come out, with its probability: by brute force."""
    problem, standing = plan.problem, plan.standing or ()
    ways: dict[tuple[Fraction, ...], Fraction] = {}
    for bits in range(2**problem.jobs):
        gone = {job for job in range(problem.jobs) if bits >> job & 1}
        p = Fraction(1)
        for job, q in enumerate(problem.cancellation):
            p *= q if job in gone else 1 - q
        for missed in range(2**problem.providers):
            away = [missed >> seat & 1 for seat in range(problem.providers)]
            chance = p
            for bot, out in zip(plan.providers, away, strict=True):
                chance *= bot.misses if out else 1 - bot.misses
            if not chance:
                continue
            kept = [[job for job in jobs if job not in gone] for jobs in standing]
            pays = pays_of(problem, [() if out else jobs for jobs, out in zip(kept, away, strict=True)])
            raised = tuple(
                pay if out and jobs else max(pay, floor)
                for pay, floor, out, jobs in zip(pays, plan.floors, away, kept, strict=True)
            )
            ways[raised] = ways.get(raised, Fraction(0)) + chance
    return ways


def test_laws_of_pay_are_those_of_all_ways_things_can_go() -> None:
    for seed in range(12):
        dice = Random(seed)
        cancelled = [f"{dice.randint(0, 3)}/4" for _ in range(5)]
        problem = Problem.from_mapping(
            {**JOBS, "cancellation": cancelled, "guarantee": {"type": "income", "floors": [2, 3, 0]}}
        )
        bots = ("honest", "watchful", "no-show:1/3", "reliable", dice.choice(["no-show:1/2", "reliable"]))
        plan = plan_of(problem, bots)
        ways = listed(plan)
        for seat in range(3):
            law: dict[Fraction, Fraction] = {}
            for pays, p in ways.items():
                law[pays[seat]] = law.get(pays[seat], Fraction(0)) + p
            found = pay_law(plan, seat)
            assert found is not None
            assert {pay: p for pay, p in found.items() if p} == law


@pytest.mark.parametrize("bots", ["reliable", "no-show:1/3", "reliable,withholding,no-show:1/2"])
@pytest.mark.parametrize("draw", ["none", "permutation"])
def test_moments_are_those_of_the_laws(draw: str, bots: str) -> None:
    problem = replace(
        Problem.from_mapping({**JOBS, "guarantee": {"type": "max-min"}, "draw": draw}),
        factors=(Fraction(1), Fraction(3, 4), Fraction(1, 2)),
    )
    plan = plan_of(problem, tuple(seated(["honest", "watchful", *bots.split(",")], problem)))
    total = Fraction(0)
    for seat in range(3):
        law, moments = pay_law(plan, seat), pay_moments(plan, seat)
        assert law is not None
        mean = sum(pay * p for pay, p in law.items())
        assert moments == (mean, sum(pay * pay * p for pay, p in law.items()) - mean**2)
        total += mean * problem.factors[seat] / problem.pay[seat]
    mean, variance = platform_moments(plan)
    assert mean == total
    law = platform_law(plan)
    assert (law is None) == (draw == "permutation")
    if law is not None:
        assert (mean, variance) == (
            sum(x * p for x, p in law.items()),
            sum(x * x * p for x, p in law.items()) - mean**2,
        )
    assert all(sum(row) == 1 for row in chances(plan))


def test_the_variance_under_a_draw_is_that_of_all_permutations() -> None:
    problem = replace(
        Problem.from_mapping(
            {**JOBS, "cancellation": 0, "guarantee": {"type": "max-min"}, "draw": "permutation"}
        ),
        factors=(Fraction(1), Fraction(3, 4), Fraction(1, 2)),
    )
    plan = plan_of(problem, ("honest", "watchful", *["reliable"] * 3))
    worth = [sum(problem.values[job] for job in jobs) for jobs in plan.standing or ()]
    sums = [
        sum(gamma * worth[s] for gamma, s in zip(problem.factors, order, strict=True))
        for order in permutations(range(3))
    ]
    mean = sum(sums, Fraction(0)) / len(sums)
    variance = sum(((x - mean) ** 2 for x in sums), Fraction(0)) / len(sums)
    assert platform_moments(plan) == (mean, variance)


def test_where_nothing_is_posted_floors_are_paid_and_the_platform_gets_nothing() -> None:
    problem = PROBLEMS[FLOORS]
    plan = plan_of(problem, tuple(seated(["conceding"], problem)))
    none, one = Fraction(0), Fraction(1)
    assert platform_moments(plan) == (none, none)
    assert platform_law(plan) == {none: one}
    assert [pay_law(plan, seat) for seat in range(3)] == [{Fraction(floor): one} for floor in (3, 4, 0)]
    assert chances(plan) == [[0] * 3] * 3
