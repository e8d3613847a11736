"""Disjoint columns of greatest gain: three pairs of three jobs, of which a linear program uses halves."""

from __future__ import annotations

import numpy as np
import pytest

from parley.core.clock import Clock
from parley.mechanisms.guarantees.solver import packing
from parley.mechanisms.guarantees.solver.branching import Packed, _Search, greedy, pack
from parley.mechanisms.guarantees.solver.columns import Columns
from parley.mechanisms.guarantees.solver.packing import Node, Packing

CLOCK = Clock.of(3600)
HALVES = np.full(3, 0.5)


def pairs(size: int = 1) -> Packing:
    """Each of three classes of jobs with each other one; three providers."""
    rows, ones = np.array([0, 1, 1, 2, 0, 2]), np.ones(3, dtype=np.int64)
    columns = Columns(np.array([0, 2, 4, 6]), rows, np.zeros(3, dtype=np.int64), ones, ones)
    return Packing(columns, ones, (size,) * 3, (3,))


def everything() -> Node:
    return Node(np.ones(3, dtype=np.bool_))


def test_a_linear_program_bounds_what_a_search_finds() -> None:
    found = pairs().relax(None, CLOCK)
    assert found is not None
    point, prices = found
    assert point == pytest.approx(HALVES)
    assert pairs().bound(prices) == 1
    assert pack(pairs(), 0, 3, CLOCK) in [Packed(1, (column,), 1) for column in range(3)]
    assert pack(pairs(2), 0, 9, CLOCK) == Packed(3, (0, 1, 2), 3)


def test_a_search_ends_after_as_many_nodes_as_it_may_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    expand, looked_at = _Search.expand, 0

    def counted(search: _Search, node: Node, above: int, clock: Clock) -> list[tuple[Node, int]] | None:
        nonlocal looked_at
        looked_at += 1
        # As if no bound were of use, so that there are nodes enough.
        return [(node, above), (node, above)] if looked_at < 9 else expand(search, node, above, clock)

    monkeypatch.setattr(_Search, "expand", counted)
    for most in (1, 2, 5):
        looked_at = 0
        found = pack(pairs(), 0, 3, CLOCK, most_nodes=most, cuts=False)
        assert looked_at == most
        assert found.bound > found.gain


def test_a_linear_program_is_solved_in_fractions_unless_it_is_too_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(packing, "MOST_IN_FRACTIONS", 3)
    found = pairs().relax_exactly(everything())
    assert found is not None
    assert (found[0].tolist(), found[1]) == (HALVES.tolist(), 1)
    assert pairs().relax_exactly(Node(everything().active, lower={0: 1})) is None
    assert pairs().relax_exactly(Node(everything().active, upper={0: 1})) is None
    monkeypatch.setattr(packing, "MOST_IN_FRACTIONS", 2)
    assert pairs().relax_exactly(everything()) is None


def test_columns_are_taken_in_the_order_of_their_shares_as_often_as_they_fit() -> None:
    point = np.array([0.2, 0.7, 0.6])
    assert greedy(pairs(), point) == [1]
    assert greedy(pairs(2), point) == [1, 1]
    assert greedy(pairs(3), point) == [1, 1, 1]


def test_the_first_solution_is_rounded_and_others_only_if_they_are_whole() -> None:
    search = _Search(pairs(), 0, 0)
    for node in (Node(everything().active, lower={0: 0}), Node(everything().active, upper={0: 1})):
        search._round(node, HALVES)
        assert search.chosen is None
    search._round(everything(), HALVES)
    assert (search.best, search.chosen) == (1, (0,))


def test_a_search_divides_by_whether_two_jobs_are_together() -> None:
    apart, together = _Search(pairs(), 0, 0)._split(everything(), HALVES)
    assert apart.active.tolist() == [False, True, True]
    assert together.active.tolist() == [True, False, False]
    assert not apart.lower
    assert not together.lower
