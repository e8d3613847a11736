"""Packings: cuts, columns that are let in, and searches near a solution change no answer."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from parley.core.clock import Clock
from parley.mechanisms.guarantees.solution import solve
from parley.mechanisms.guarantees.solver import branching, cuts, nearby, packing, plan, search
from parley.mechanisms.guarantees.solver.branching import greedy, pack
from parley.mechanisms.guarantees.solver.columns import Columns
from parley.mechanisms.guarantees.solver.nearby import improved
from parley.mechanisms.guarantees.solver.packing import Node, Packing
from tests.guarantees.test_solution import drawn, no_lists

if TYPE_CHECKING:
    import pytest

LONG = 60.0
"""Seconds that no search here needs."""


def columns_of(sets: list[tuple[int, ...]], values: list[int]) -> Columns:
    """Return sets of jobs as columns of one kind."""
    return Columns(
        np.cumsum([0, *map(len, sets)]),
        np.array([row for rows in sets for row in rows], dtype=np.int64),
        np.zeros(len(sets), dtype=np.int64),
        np.array(values, dtype=np.int64),
        np.ones(len(sets), dtype=np.int64),
    )


def random_packing(generator: np.random.Generator, jobs: int, columns: int, providers: int) -> Packing:
    """Draw sets of two to four jobs, and their gains."""
    sets = {
        tuple(sorted(generator.choice(jobs, int(generator.integers(2, 5)), replace=False).tolist()))
        for _ in range(columns)
    }
    gains = generator.integers(5, 12, len(sets)).tolist()
    made = columns_of(sorted(sets), gains)
    return Packing(made, made.values, (1,) * jobs, (providers,))


def best_by_listing(made: Packing) -> int:
    """Return the greatest gain of disjoint columns, of all that there are."""
    sets = [set(made.columns.of(c)) for c in range(made.columns.count)]
    return max(
        sum(int(made.gains[c]) for c in chosen)
        for size in range(int(made.counts[0]) + 1)
        for chosen in combinations(range(len(sets)), size)
        if all(not sets[a] & sets[b] for a, b in combinations(chosen, 2))
    )


def test_cuts_change_no_answer_and_prove_more() -> None:
    generator, added = np.random.default_rng(0), 0
    for _ in range(60):
        made = random_packing(generator, 9, 24, 3)
        expected = best_by_listing(made)
        assert pack(made, -1, 1 << 60, Clock.of(LONG), cuts=False).gain == expected
        found = pack(made, -1, 1 << 60, Clock.of(LONG))
        assert (found.gain, found.bound) == (expected, expected)
        assert found.chosen is not None
        assert sum(int(made.gains[c]) for c in found.chosen) == expected
        added += len(made.cuts)
    assert added > 30


def test_three_jobs_in_pairs_need_a_cut() -> None:
    pairs = columns_of([(0, 1), (1, 2), (0, 2)], [2, 2, 2])
    made = Packing(pairs, pairs.values, (1, 1, 1), (3,))
    first = made.relax(None, Clock.of(LONG))
    assert first is not None
    assert made.bound(first[1]) == 3
    made.cut(cuts.violated(made, first[0], 1))
    second = made.relax(None, Clock.of(LONG))
    assert second is not None
    assert made.bound(second[1]) == 2
    node = Node(np.ones(3, dtype=np.bool_))
    exact = made.relax_exactly(node)
    assert exact is not None
    assert exact[1] == 2


def test_cuts_are_violated_as_far_as_listing_all_triples_says() -> None:
    generator, seen = np.random.default_rng(3), 0
    for _ in range(40):
        made = random_packing(generator, 12, 60, 6)
        found = made.relax(None, Clock.of(LONG))
        assert found is not None
        point = found[0]
        held = [set(made.columns.of(c)) for c in range(made.columns.count)]
        excess = {
            triple: sum(float(point[c]) for c, rows in enumerate(held) if len(rows & set(triple)) > 1) - 1
            for triple in combinations(range(12), 3)
        }
        triples = cuts.violated(made, point, 1000)
        assert all(excess[triple] > cuts.LEAST - 1e-9 for triple in triples)
        assert bool(triples) == any(value > cuts.LEAST + 1e-9 for value in excess.values())
        seen += len(triples)
    assert seen > 20


def test_rounding_takes_what_fits_as_often_as_it_fits() -> None:
    double = columns_of([(0, 0, 1), (1, 2), (0,), (2,)], [9, 4, 1, 1])
    made = Packing(double, double.values, (5, 3, 1), (4,))
    assert greedy(made, np.array([1.0, 1.0, 0.0, 0.0])) == [0, 0, 1, 2]


def test_a_search_near_a_solution_finds_a_better_one_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearby, "FEWEST", 1)
    generator, better = np.random.default_rng(5), 0
    for seed in range(20):
        made = random_packing(generator, 9, 24, 3)
        expected = best_by_listing(made)
        start = [made.columns.of(0)]
        taken = [((0, rows), int(made.gains[0])) for rows in start]
        found = improved(made, taken, expected if seed % 2 else 1 << 60, Clock.of(LONG))
        rows = [row for (_, own), _ in found for row in own]
        assert len(rows) == len(set(rows))
        assert len(found) <= 3
        gain = sum(own for _, own in found)
        assert int(made.gains[0]) <= gain <= expected
        better += gain == expected
    assert better > 10


def test_programs_that_begin_with_few_columns_prove_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "source_of", no_lists)
    let_in = 0
    real = Packing._let_in

    def counted(made: Packing, node: Node | None, prices: packing.Prices) -> bool:
        nonlocal let_in
        more = real(made, node, prices)
        let_in += more
        return more

    monkeypatch.setattr(Packing, "_let_in", counted)
    for seed in range(4):
        problem = drawn(24, 5, 0.3, 7, seed)
        expected = solve(problem)
        with monkeypatch.context() as patch:
            patch.setattr(packing, "MANY", 3)
            patch.setattr(packing, "AT_ONCE", 2)
            patch.setattr(search, "FEW_LISTED", 0)
            patch.setattr(branching, "ROUNDS_FIRST", 2)
            assert solve(problem).ranges == expected.ranges
        assert expected.status == "optimal"
    assert let_in > 0
