"""Who got what is held against the rule's probabilities at what was revealed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING

import pytest

from parley.core.statistics import MIN_P
from parley.kit.play.tally import Comparison, Tally, compare
from parley.mechanisms.assignment.certificate import as_reported
from parley.mechanisms.assignment.play import Outcome
from parley.mechanisms.assignment.problem import Problem, example_1, from_orders
from parley.mechanisms.assignment.serial_dictatorship import serve
from parley.mechanisms.assignment.solution import solve
from parley.mechanisms.assignment.statistics import Profile, statistics
from tests.assignment.problems import cardinal, ready

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from parley.mechanisms.assignment.certificate import Order
    from parley.mechanisms.assignment.lottery import Assignment


def outcome(
    game: int,
    assignment: Assignment,
    reports: Sequence[Order | None],
    forfeits: tuple[int, ...] = (),
    *,
    ending: str = "drawn",
) -> Outcome:
    n = len(assignment)
    return Outcome(game, ending, assignment, tuple(reports), forfeits, (0,) * n, (), -1, (), 0)


def fair(problem: Problem, games: int, dice: Random) -> Iterable[Outcome]:
    """Serial dictatorship by other dice than the chain's."""
    for k in range(games):
        order = dice.sample(range(problem.agents), problem.agents)
        yield outcome(k, serve(problem, order), problem.orders)


def compared(problem: Problem, outcomes: Iterable[Outcome], runs: int = 100_000) -> Comparison:
    counted = statistics(problem)
    tally = Tally(counted)
    for one in outcomes:
        tally.add(one)
    return compare(counted, tally, solve(problem, runs=runs, seed=1))


def test_nothing_drawn_is_nothing_compared() -> None:
    found = compared(ready("three-utilities"), [outcome(0, (None,) * 3, [None] * 3, ending="cancelled")])
    assert found.counts["item"].p_value is None
    assert found.holds
    assert [(row.mean, row.z, row.expected) for row in found.means["utility"]] == [(None, None, None)] * 3


def test_expected_counts_are_those_at_what_was_revealed_lottery_by_lottery() -> None:
    problem = from_orders([[0, 1], [0, 1], [1, 0]], 2, "probabilistic-serial")
    profiles = [
        Profile(problem.orders, ()),
        Profile((None, (0, 1), (1, 0)), ()),
        Profile(((0, 1), (1,), (1, 0)), (1,)),
    ]
    games = (6, 4, 10)
    outcomes = []
    expected = [[Fraction(0)] * 3 for _ in range(3)]
    for profile, number in zip(profiles, games, strict=True):
        outcomes += [outcome(k, (0, None, 1), *profile) for k in range(number)]
        rows = iter(solve(as_reported(problem, profile.reports)).matrix)
        for i, report in enumerate(profile.reports):
            row = (0, 0) if report is None else next(rows)
            row = (0, 0) if i in profile.forfeits else row
            for o, p in enumerate((*row, 1 - sum(row))):
                expected[i][o] += number * p
    found = compared(problem, outcomes).counts["item"]
    assert [list(row) for row in found.expected] == expected
    assert all(sum(row) == 20 for row in found.expected)
    # Agent 2 was expected to get something half of the time that it was heard, and never did.
    assert found.counts == [[20, 0, 0], [0, 0, 20], [0, 20, 0]]


def test_utilities_are_the_problems_and_nothing_is_worth_nothing() -> None:
    problem = cardinal([["5/2", "1/3", 0], ["1/2", 1, 0], [1, 1, 1]])
    outcomes = [*fair(problem, 60, Random(4)), outcome(60, (None, 0, 1), problem.orders)]
    found = compared(problem, outcomes).means["utility"]
    matrix = solve(problem).matrix
    for i, (row, u) in enumerate(zip(found, problem.utilities or (), strict=True)):
        got = [one.assignment[i] for one in outcomes]
        assert row.mean == sum((u[o] or 0 for o in got if o is not None), Fraction(0)) / 61
        assert row.expected == sum(p * (value or 0) for p, value in zip(matrix[i], u, strict=True))
        assert row.p_value is None


def first_come(problem: Problem, games: int, dice: Random) -> Iterable[Outcome]:
    """Agent 1 has a tenth of its turns moved to the front."""
    for k in range(games):
        order = dice.sample(range(problem.agents), problem.agents)
        if dice.random() < 0.1:
            order.sort(key=lambda agent: agent != 0)
        yield outcome(k, serve(problem, order), problem.orders)


def half_each(problem: Problem, games: int, dice: Random) -> Iterable[Outcome]:
    """The right share for everybody of every item, were the rule probabilistic serial."""
    for k in range(games):
        yield outcome(k, ((0, 2, 1, 3), (2, 0, 3, 1))[dice.randrange(2)], problem.orders)


def one_swap(problem: Problem, games: int, dice: Random) -> Iterable[Outcome]:
    """Agents 1 and 3 exchange what they got, in one lottery of twenty."""
    for one in fair(problem, games, dice):
        a, b, c, d = one.assignment
        yield one._replace(assignment=(c, b, a, d)) if dice.random() < 0.05 else one


@pytest.mark.parametrize("crooked", [first_come, half_each, one_swap])
def test_crooked_lotteries_are_rejected(
    crooked: Callable[[Problem, int, Random], Iterable[Outcome]],
) -> None:
    problem = example_1()
    assert compared(problem, fair(problem, 5000, Random(3))).holds
    assert not compared(problem, crooked(problem, 5000, Random(3))).holds


def test_what_nobody_reported_is_held_against_what_was() -> None:
    """The same lotteries, said to be those of another profile of reports."""
    problem = example_1()
    other = replace(problem, rankings=(problem.rankings[2], *problem.rankings[1:]))
    lotteries = [one._replace(reports=other.orders) for one in fair(problem, 500, Random(3))]
    assert not compared(problem, lotteries).holds


def test_two_samples_are_compared_where_theory_has_no_exact_probabilities() -> None:
    dice = Random(6)
    problem = from_orders([dice.sample(range(30), 30) for _ in range(30)], 30)
    found = compared(problem, fair(problem, 400, dice), runs=3000).counts["item"]
    assert not found.exact
    assert found.p_value is not None
    assert found.p_value > MIN_P
    assert sum(found.expected[0]) == 400
    moved = [
        one._replace(assignment=(*one.assignment[1:], one.assignment[0])) for one in fair(problem, 400, dice)
    ]
    assert not compared(problem, moved, runs=3000).holds
