"""Counts and means of any games: added up exactly, and tested by tests that keep their level."""

from __future__ import annotations

import pickle
from fractions import Fraction
from itertools import product
from math import prod, sqrt
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import pytest
from scipy.stats import binom

from parley.core.statistics import MIN_P, count_p_value, sum_p_value
from parley.kit.play.tally import Comparison, Tally, compare
from parley.kit.statistics import Chances, Count, Group, Law, Mean, Statistic

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

THIRD, HALF = Fraction(1, 3), Fraction(1, 2)


class Game(NamedTuple):
    """A die is thrown: who wins, and what that pays; of a table on which stakes differ."""

    game: int
    ending: str
    winner: int | None
    paid: tuple[int, int]
    table: int = 0


PAID = {0: (2, 1), 1: (5, 2)}
"""What winning and losing pay, by table."""


def game(k: int, winner: int | None, table: int = 0) -> Game:
    won, lost = PAID[table]
    paid = (0, 0) if winner is None else (won, -lost) if winner == 0 else (-lost, won)
    return Game(k, "void" if winner is None else "played", winner, paid, table)


def laws(chance: Fraction, table: int | None) -> list[Law]:
    won, lost = PAID[table or 0]
    return [Law.of([(-lost, 1 - p), (won, p)]) for p in (chance, 1 - chance)]


WINNER = Count[Game, Fraction](
    name="winner",
    of=lambda one: [one.winner],
    rows=["die"],
    cells=["first", "second"],
    chances=lambda chance, _: Chances([[chance, 1 - chance]]),
)
PAY = Mean[Game, Fraction](
    name="pay",
    of=lambda one: one.paid,
    labels=["first", "second"],
    when=lambda one: one.winner is not None,
    key=lambda one: one.table,
    law=laws,
    unit=2,
)
STATISTICS: list[Statistic[Game, Fraction]] = [WINNER, PAY]


def tallied(games: Iterable[Game]) -> Tally[Game]:
    tally = Tally(STATISTICS)
    for one in games:
        tally.add(one)
    return tally


def compared(games: Iterable[Game], chance: Fraction = THIRD) -> Comparison:
    return compare(STATISTICS, tallied(games), chance)


def thrown(dice: Random, games: int, chance: Fraction = THIRD, tables: int = 1) -> list[Game]:
    return [game(k, int(dice.random() >= chance), dice.randrange(tables)) for k in range(games)]


# ── what is counted ─────────────────────────────────────────────────────────────────────────────────────────


def test_tallies_add_up_however_games_are_divided_and_wherever_they_are_counted() -> None:
    games = [*thrown(Random(1), 40, tables=2), game(40, None)]
    whole = tallied(games)
    parts = Tally(STATISTICS)
    for part in (games[:13], games[13:]):
        # As a worker's comes back: without what counts.
        parts.merge(pickle.loads(pickle.dumps(tallied(part))))  # noqa: S301 - our own
    assert parts == whole
    assert (whole.games, whole.endings) == (41, {"played": 40, "void": 1})
    assert whole.paths == whole.endings
    assert sum(whole.sums("winner")) == 40
    assert whole.sums("pay") == [sum(one.paid[i] for one in games) for i in (0, 1)]
    assert set(whole.counted["pay"]) == {0, 1}


def test_so_many_games_at_once_are_so_many_games() -> None:
    at_once = Tally(STATISTICS)
    at_once.add(game(0, 1, 1), times=7)
    assert at_once == tallied(game(0, 1, 1) for _ in range(7))


def test_nothing_counted_is_nothing_compared() -> None:
    for found in (compared([]), compared([])):
        assert found.holds
        assert found.counts["winner"].p_value is None
        assert [(row.games, row.mean, row.p_value) for row in found.means["pay"]] == [(0, None, None)] * 2


def test_means_errors_and_deviations_are_by_the_book() -> None:
    games = thrown(Random(4), 61, tables=2)
    for i, row in enumerate(compared(games).means["pay"]):
        values = [Fraction(one.paid[i], 2) for one in games]
        mean = sum(values) / 61
        kinds = [laws(THIRD, one.table)[i] for one in games]
        assert row.mean == mean
        assert row.expected == sum(law.mean for law in kinds) / 61 / 2
        spread = sum((value - mean) ** 2 for value in values) / 60
        assert row.std_error == pytest.approx(sqrt(spread / 61), rel=1e-12)
        variance = sum(law.variance or 0 for law in kinds) / 61 / 4
        assert row.z == pytest.approx(float(mean - row.expected) / sqrt(variance / 61), rel=1e-12)
    assert compared(games[:1]).means["pay"][0].std_error == 0


def test_counts_have_their_exact_mean_and_variance() -> None:
    found = compared(thrown(Random(4), 30)).counts["winner"]
    assert found.expected == ((Fraction(10), Fraction(20)),)
    assert found.variances == ((Fraction(20, 3), Fraction(20, 3)),)


# ── what is certain ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("chance", [Fraction(0), Fraction(1)])
def test_where_nothing_is_random_the_slightest_difference_is_seen(chance: Fraction) -> None:
    right = [game(k, int(chance == 0)) for k in range(10)]
    found = compared(right, chance)
    assert found.holds
    assert found.counts["winner"].p_value == 1
    assert [(row.z, row.p_value) for row in found.means["pay"]] == [(None, 1.0)] * 2
    found = compared([*right, game(10, int(chance == 1))], chance)
    assert found.counts["winner"].p_value == 0
    assert [row.p_value for row in found.means["pay"]] == [0.0] * 2
    assert not found.holds


@pytest.mark.parametrize(
    ("dust", "total", "agrees"), [(1, 33, True), (1, 34, False), (0, 31, False), (0, 30, True)]
)
def test_dust_is_no_difference_where_nothing_is_random(dust: int, total: int, *, agrees: bool) -> None:
    law = Law(Fraction(10), Fraction(0), ((10, Fraction(1)),), dust)
    even = Mean[Game, None](name="even", of=lambda one: one.paid[:1], labels=["first"], law=lambda *_: [law])
    tally = Tally([even], counted={"even": {None: Group(3, [total], [total * total])}})
    assert compare([even], tally, None).holds == agrees


def test_what_theory_says_nothing_of_is_not_tested() -> None:
    seen = Mean[Game, None](name="seen", of=lambda one: one.paid, labels=["first", "second"])
    tally = Tally([seen])
    tally.add(game(0, 0))
    for row in compare([seen], tally, None).means["seen"]:
        assert (row.expected, row.z, row.p_value, row.agrees) == (None, None, None, True)


# ── the level of the tests, and what they see ───────────────────────────────────────────────────────────────


def test_fair_games_are_rejected_no_more_often_than_the_level_says() -> None:
    dice, runs, alpha = Random(2), 400, 0.1
    for tables in (1, 2):
        p_values: list[list[float]] = [[], []]
        for _ in range(runs):
            found = compared(thrown(dice, 25, tables=tables))
            p_values[0].append(found.counts["winner"].p_value or 0)
            p_values[1].append(found.means["pay"][0].p_value or 0)
        for some in p_values:
            # Beyond this a binomial number with probability α comes once in a million.
            assert sum(p <= alpha for p in some) <= binom.isf(1e-6, runs, alpha)
            assert min(some) < 0.5


def test_means_of_two_values_are_tested_as_exactly_as_counts() -> None:
    for won in range(26):
        games = [game(k, int(k >= won)) for k in range(25)]
        assert [row.p_value for row in compared(games).means["pay"]] == [
            count_p_value(won, {THIRD: 25}),
            count_p_value(25 - won, {1 - THIRD: 25}),
        ]


@pytest.mark.parametrize("tables", [1, 2])
def test_other_chances_are_rejected(tables: int) -> None:
    games = thrown(Random(3), 3000, tables=tables)
    assert compared(games).holds
    found = compared(games, HALF)
    assert not found.counts["winner"].agrees
    assert not any(row.agrees for row in found.means["pay"])


def test_draws_that_nobody_saw_may_have_gone_either_way() -> None:
    lost = [game(k, None if k % 3 else 0) for k in range(3000)]
    assert compared(lost).counts["winner"].agrees
    assert not compared(one for one in lost if one.winner is not None).counts["winner"].agrees


LAWS: list[Sequence[tuple[int, Fraction]]] = [
    [(0, THIRD), (1, THIRD), (4, THIRD)],
    [(-3, HALF), (2, HALF)],
    [(5, Fraction(1))],
]


@pytest.mark.parametrize("numbers", [(3, 0, 0), (2, 2, 1), (0, 2, 3), (1, 3, 0)])
def test_bounds_of_sums_are_above_the_exact_tails(numbers: tuple[int, int, int]) -> None:
    terms = [law for law, number in zip(LAWS, numbers, strict=True) for _ in range(number)]
    weights: dict[int, Fraction] = {}
    for values in product(*terms):
        total = sum(value for value, _ in values)
        weights[total] = weights.get(total, Fraction(0)) + prod((p for _, p in values), start=Fraction(1))
    groups = [(law, number) for law, number in zip(LAWS, numbers, strict=True) if number]
    for total in range(min(weights) - 1, max(weights) + 2):
        tails = (
            sum(w for value, w in weights.items() if value <= total),
            sum(w for value, w in weights.items() if value >= total),
        )
        assert sum_p_value(total, groups) >= min(1.0, 2 * float(min(tails))) - 1e-12
    assert sum_p_value(max(weights) + 1, groups) == sum_p_value(min(weights) - 1, groups) == 0


# ── theory that only samples ────────────────────────────────────────────────────────────────────────────────


def sampled(theirs: int, runs: int) -> Count[Game, None]:
    matrix = [[Fraction(theirs, runs), Fraction(runs - theirs, runs)]]
    return Count(
        name="winner",
        of=lambda one: [one.winner],
        rows=["die"],
        cells=["first", "second"],
        chances=lambda *_: Chances(matrix, runs),
    )


def test_two_samples_of_one_chance_differ_no_more_often_than_the_level_says() -> None:
    dice, runs, alpha, rejected = Random(8), 400, 0.1, 0
    for _ in range(runs):
        statistic = sampled(sum(dice.random() < THIRD for _ in range(60)), 60)
        tally = Tally([statistic])
        for one in thrown(dice, 25):
            tally.add(one)
        found = compare([statistic], tally, None).counts["winner"]
        assert not found.exact
        rejected += (found.p_value or 0) <= alpha
    assert rejected <= binom.isf(1e-6, runs, alpha)
    statistic = sampled(30_000, 60_000)
    tally = Tally([statistic])
    for one in thrown(dice, 3000):
        tally.add(one)
    found = compare([statistic], tally, None).counts["winner"]
    assert (found.p_value or 0) < MIN_P
