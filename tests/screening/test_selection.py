"""The selection is the lexicographic optimum, by its own proof and by brute force."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from parley.core.linear import Program
from parley.mechanisms.screening import kernel, selection
from parley.mechanisms.screening.kernel import find_bases
from parley.mechanisms.screening.rays import dot
from parley.mechanisms.screening.selection import Selection, Selector, find_fault, select

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.screening.rays import Vector

    Columns = tuple[list[Vector], list[Fraction]]


def random_columns(dice: np.random.Generator, count: int, tasks: int, *, tied: bool) -> Columns:
    """Columns of small whole numbers; if tied, all on one price hyperplane and with few different costs."""
    columns = dice.integers(-3, 4, size=(count, tasks))
    costs = dice.integers(-2, 3, size=count) if tied else dice.integers(-20, 21, size=count)
    if tied:
        columns[:, -1] = -columns[:, :-1].sum(axis=1)
    return [tuple(map(Fraction, row)) for row in columns.tolist()], list(map(Fraction, costs.tolist()))


def level_by_level(columns: Sequence[Vector], costs: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """The lexicographic optimum, by one linear program for the cost and one for each share."""
    program = Program()
    shares = [program.variable(-cost) for cost in costs]
    for i in range(len(columns[0])):
        program.equals({y: column[i] for y, column in zip(shares, columns, strict=True)}, 0)
    for y in shares:
        program.at_most({y: 1}, 1)
    best = program.solve()
    program.equals(dict(zip(shares, costs, strict=True)), -best.value)
    for y in shares:
        program.objective = [Fraction(int(x == y)) for x in shares]
        best = program.solve()
        program.equals({y: 1}, best.value)
    return best.point


@pytest.mark.parametrize("tied", [False, True])
def test_the_selection_is_the_lexicographic_optimum(*, tied: bool) -> None:
    dice = np.random.default_rng(7)
    for _ in range(150):
        count, tasks = int(dice.integers(1, 9)), int(dice.integers(2, 5))
        columns, costs = random_columns(dice, count, tasks, tied=tied)
        found = select(columns, costs)
        assert find_fault(columns, costs, found) is None
        assert found.shares == level_by_level(columns, costs)
        assert found.cost == dot(found.shares, costs) <= 0


def test_no_feasible_shares_on_a_grid_are_better() -> None:
    dice = np.random.default_rng(8)
    grid = np.stack(np.meshgrid(*[np.arange(7)] * 4), axis=-1).reshape(-1, 4)  # sixths
    for _ in range(100):
        columns, costs = random_columns(dice, 4, 2, tied=True)
        cleared = grid[~(grid @ np.array(columns, dtype=np.int64)).any(axis=1)]
        found = select(columns, costs)
        keys = [(dot(costs, y), *(-share for share in y)) for y in cleared.tolist()]
        assert min(keys) >= (6 * found.cost, *(-6 * share for share in found.shares))


@pytest.mark.parametrize("tied", [False, True])
def test_any_other_shares_fail_the_proof(*, tied: bool) -> None:
    dice = np.random.default_rng(9)
    for _ in range(50):
        columns, costs = random_columns(dice, 6, 3, tied=tied)
        found = select(columns, costs)
        for u, share in enumerate(found.shares):
            for other in {Fraction(0), Fraction(1, 2), Fraction(1), 1 - share} - {share}:
                shares = (*found.shares[:u], other, *found.shares[u + 1 :])
                assert find_fault(columns, costs, replace(found, shares=shares)) is not None


def test_the_exact_search_finds_what_floating_point_misses(monkeypatch: pytest.MonkeyPatch) -> None:
    def useless(*given: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        bases, shares = find_bases(*given)
        return bases, 1 - shares

    dice = np.random.default_rng(10)
    for count in [1, 6] * 40:
        columns, costs = random_columns(dice, count, 3, tied=True)
        right = select(columns, costs)
        with monkeypatch.context() as patched:
            patched.setattr(selection, "find_bases", useless)
            found = select(columns, costs)
        assert found.shares == right.shares
        assert find_fault(columns, costs, found) is None


@pytest.mark.parametrize("tied", [False, True])
def test_floating_point_finds_every_basis_of_small_numbers(
    monkeypatch: pytest.MonkeyPatch, *, tied: bool
) -> None:
    def missed(*_: object) -> None:
        pytest.fail("the exact search was needed")

    monkeypatch.setattr(Selector, "_search", missed)
    dice = np.random.default_rng(14)
    for count, tasks in ((3, 2), (8, 3), (12, 6), (30, 8)):
        columns, costs = random_columns(dice, count, tasks, tied=tied)
        assert len(list(Selector(columns, costs).outcomes(dice.random((60, count)) < 0.8))) == 60


def test_numbers_that_floats_cannot_tell_apart_are_told_apart() -> None:
    one, tiny = Fraction(1), Fraction(1, 10**40)
    columns = [(one, -one), (-one, one), (-one, one + tiny)]
    found = select(columns, [-one, one - tiny, one - 2 * tiny])
    assert find_fault(columns, [-one, one - tiny, one - 2 * tiny], found) is None
    assert found.shares == (one, one, 0 * one)


def test_machine_code_finds_what_python_finds() -> None:
    dice = np.random.default_rng(11)
    columns = dice.integers(-5, 6, size=(12, 6)).astype(float)
    costs = dice.integers(-9, 10, size=12).astype(float)
    present = dice.random((300, 12)) < 0.8
    for one, other in zip(
        find_bases(columns, costs, present), kernel.fast()(columns, costs, present), strict=True
    ):
        assert np.allclose(one, other, rtol=0, atol=1e-9)


def test_estimates_are_near_the_exact_costs() -> None:
    dice = np.random.default_rng(12)
    columns, costs = random_columns(dice, 10, 4, tied=False)
    selector = Selector(columns, costs)
    present = dice.random((200, 10)) < 0.7
    exact = [float(found.cost) for found in selector.select(present)]
    assert np.allclose(selector.estimate(present) @ selector.costs_in_floats, exact, rtol=0, atol=1e-9)


def test_a_subset_of_columns_is_selected_from_like_a_market_of_its_own() -> None:
    dice = np.random.default_rng(13)
    columns, costs = random_columns(dice, 8, 3, tied=True)
    present = dice.random((60, 8)) < 0.6
    for row, found in zip(present, Selector(columns, costs).select(present), strict=True):
        which = np.nonzero(row)[0].tolist()
        assert found == select([columns[t] for t in which], [costs[t] for t in which])
    selector = Selector(columns, costs)
    for (shares, cost), found in zip(selector.outcomes(present), selector.select(present), strict=True):
        assert list(shares.values()).count(Fraction(0)) == 0
        assert sorted(shares.values()) == sorted(share for share in found.shares if share)
        assert cost == found.cost


def test_nothing_is_selected_where_there_is_no_column() -> None:
    assert select([], []) == Selection((), (), (), (), Fraction(0))
