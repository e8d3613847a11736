"""Counts against probabilities: the test keeps its level, and sees what is wrong."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import sqrt
from random import Random
from typing import TYPE_CHECKING

import pytest
from scipy.stats import binom

from parley.core.statistics import MIN_P
from parley.mechanisms.assignment.certificate import as_reported
from parley.mechanisms.assignment.comparison import Profile, Tally, compare
from parley.mechanisms.assignment.play import Outcome
from parley.mechanisms.assignment.problem import Problem, example_1, from_orders
from parley.mechanisms.assignment.serial_dictatorship import serve
from parley.mechanisms.assignment.solution import solve
from tests.assignment.problems import cardinal, ready

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from parley.mechanisms.assignment.certificate import Order
    from parley.mechanisms.assignment.lottery import Assignment

TRUTHFUL = ["truthful"] * 4


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


def tallied(problem: Problem, outcomes: Iterable[Outcome]) -> Tally:
    tally = Tally(*problem.shape)
    for one in outcomes:
        tally.add(one)
    return tally


# ── what is counted ─────────────────────────────────────────────────────────────────────────────────────────


def test_tallies_add_up_however_the_lotteries_are_divided() -> None:
    problem = example_1()
    outcomes = [
        *fair(problem, 40, Random(1)),
        outcome(40, (None, 0, 1, 2), [None, (0,), (1,), (2,)], forfeits=(0,)),
        outcome(41, (None,) * 4, [None] * 4, ending="cancelled")._replace(bonds_lost=(5, 0, 0, 7)),
    ]
    whole = tallied(problem, outcomes)
    parts = tallied(problem, outcomes[:13])
    parts.merge(tallied(problem, outcomes[13:]))
    assert parts == whole
    assert whole.games == 42
    assert whole.endings == {"drawn": 41, "cancelled": 1}
    assert [sum(row) for row in whole.counts] == [41] * 4
    assert whole.bonds_lost == [5, 0, 0, 7]


def test_nothing_drawn_is_nothing_compared() -> None:
    problem = ready("three-utilities")
    tally = tallied(problem, [outcome(0, (None,) * 3, [None] * 3, ending="cancelled")])
    found = compare(tally, solve(problem), TRUTHFUL)
    assert found.p_value is None
    assert found.holds
    assert [(agent.mean, agent.z, agent.expected) for agent in found.agents] == [(None, None, None)] * 3


# ── what is expected ────────────────────────────────────────────────────────────────────────────────────────


def test_expected_counts_are_those_at_what_was_revealed_lottery_by_lottery() -> None:
    problem = from_orders([[0, 1], [0, 1], [1, 0]], 2, "probabilistic-serial")
    profiles = [
        Profile(problem.orders, ()),
        Profile((None, (0, 1), (1, 0)), ()),
        Profile(((0, 1), (1,), (1, 0)), (1,)),
    ]
    games = (6, 4, 10)
    tally = Tally(*problem.shape)
    expected = [[Fraction(0)] * 3 for _ in range(3)]
    for profile, number in zip(profiles, games, strict=True):
        for k in range(number):
            tally.add(outcome(k, (0, None, 1), *profile))
        rows = iter(solve(as_reported(problem, profile.reports)).matrix)
        for i, report in enumerate(profile.reports):
            row = (0, 0) if report is None else next(rows)
            row = (0, 0) if i in profile.forfeits else row
            for o, p in enumerate((*row, 1 - sum(row))):
                expected[i][o] += number * p
    found = compare(tally, solve(problem), TRUTHFUL)
    assert [list(row) for row in found.expected] == expected
    assert all(sum(row) == 20 for row in found.expected)
    # Agent 2 was expected to get something half of the time that it was heard, and never did.
    assert found.counts == [[20, 0, 0], [0, 0, 20], [0, 20, 0]]


def test_mean_utilities_have_their_exact_variance() -> None:
    problem = ready("three-utilities")
    outcomes = list(fair(problem, 60, Random(4)))
    found = compare(tallied(problem, outcomes), solve(problem), TRUTHFUL)
    for i, agent in enumerate(found.agents):
        u = (problem.utilities or ())[i]
        values = [u[one.assignment[i] or 0] or Fraction(0) for one in outcomes]
        mean = sum(values, Fraction(0)) / 60
        # Each item with probability 1/3.
        expected = sum(value or 0 for value in u) / Fraction(3)
        variance = sum((value or 0) ** 2 for value in u) / Fraction(3) - expected**2
        assert (agent.mean, agent.expected, agent.truthful) == (mean, expected, expected)
        assert agent.z == pytest.approx(float(mean - expected) / sqrt(variance / 60), rel=1e-12)
        spread = sum((value - mean) ** 2 for value in values) / 59
        assert agent.std_error == pytest.approx(sqrt(spread / 60), rel=1e-12)
        assert agent.bot == "truthful"


def test_where_nothing_is_random_there_is_no_z_and_the_slightest_difference_is_seen() -> None:
    problem = cardinal([[2, 1], [1, 2]])
    right = [outcome(k, (0, 1), problem.orders) for k in range(10)]
    found = compare(tallied(problem, right), solve(problem), TRUTHFUL)
    assert found.p_value == 1
    assert found.agents[0].z is None
    assert found.agents[0].mean == found.agents[0].expected == 2
    wrong = [*right, outcome(10, (1, 0), problem.orders)]
    assert compare(tallied(problem, wrong), solve(problem), TRUTHFUL).p_value == 0


# ── the test ────────────────────────────────────────────────────────────────────────────────────────────────


def test_fair_lotteries_are_rejected_no_more_often_than_the_level_says() -> None:
    problem, solution, dice = example_1(), solve(example_1()), Random(2)
    runs, alpha = 400, 0.1
    p_values = [
        compare(tallied(problem, fair(problem, 25, dice)), solution, TRUTHFUL).p_value or 0
        for _ in range(runs)
    ]
    # Beyond this a binomial number with probability α comes once in a million.
    assert sum(p <= alpha for p in p_values) <= binom.isf(1e-6, runs, alpha)
    assert min(p_values) < 0.5


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
    found = compare(tallied(problem, crooked(problem, 5000, Random(3))), solve(problem), TRUTHFUL)
    assert found.p_value is not None
    assert found.p_value < MIN_P
    assert not found.holds


def test_what_nobody_reported_is_held_against_what_was() -> None:
    """The same lotteries, said to be those of another profile of reports."""
    problem = example_1()
    other = replace(problem, rankings=(problem.rankings[2], *problem.rankings[1:]))
    outcomes = [one._replace(reports=other.orders) for one in fair(problem, 500, Random(3))]
    assert not compare(tallied(problem, outcomes), solve(problem), TRUTHFUL).holds


# ── theory that only samples ────────────────────────────────────────────────────────────────────────────────


def test_two_samples_are_compared_where_theory_has_no_exact_probabilities() -> None:
    dice = Random(6)
    problem = from_orders([dice.sample(range(30), 30) for _ in range(30)], 30)
    solution = solve(problem, runs=3000, seed=1)
    assert not solution.exact
    names = ["truthful"] * 30
    found = compare(tallied(problem, fair(problem, 400, dice)), solution, names)
    assert not found.exact
    assert found.p_value is not None
    assert found.p_value > MIN_P
    assert sum(found.expected[0]) == 400
    moved = [
        one._replace(assignment=(*one.assignment[1:], one.assignment[0])) for one in fair(problem, 400, dice)
    ]
    assert not compare(tallied(problem, moved), solution, names).holds


def test_two_samples_of_one_rule_differ_no_more_often_than_the_level_says() -> None:
    problem, dice = example_1(), Random(8)
    exact = solve(problem)
    runs, alpha = 200, 0.1
    rejected = 0
    for _ in range(runs):
        theirs = tallied(problem, fair(problem, 60, dice)).counts
        matrix = tuple(tuple(Fraction(count, 60) for count in row[:-1]) for row in theirs)
        sample = replace(exact, matrix=matrix, sample=_Sixty())  # type: ignore[arg-type]  # only `runs` is read
        p = compare(tallied(problem, fair(problem, 25, dice)), sample, TRUTHFUL).p_value
        rejected += p is not None and p <= alpha
    assert rejected <= binom.isf(1e-6, runs, alpha)


class _Sixty:
    runs = 60
