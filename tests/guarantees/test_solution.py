"""The solver finds what listing all allocations finds, by each of its ways, and proves it."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from parley.core.errors import ParleyError
from parley.kit.present.tables import written as shown
from parley.mechanisms.guarantees.audit import audit
from parley.mechanisms.guarantees.guarantee import AllOf, Alpha, Income, MaxMin, keeps, leaves, records
from parley.mechanisms.guarantees.instances import (
    instance_2,
    instance_3,
    instance_7,
    instance_8,
    instance_9,
    loss_7,
    loss_8,
    loss_9,
)
from parley.mechanisms.guarantees.present.audit import audit_sheet
from parley.mechanisms.guarantees.present.solution import solution_sheet
from parley.mechanisms.guarantees.problem import Problem, worked_example
from parley.mechanisms.guarantees.schedules import find_allocation_fault, pays_of, total, values_of
from parley.mechanisms.guarantees.solution import Solution, solve
from parley.mechanisms.guarantees.solver import plan
from parley.mechanisms.guarantees.solver.lists import Lists
from parley.mechanisms.guarantees.solver.paths import Paths
from parley.mechanisms.guarantees.solver.search import MOST_LISTED
from tests.guarantees.brute import Brute, brute, random_problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.core.clock import Clock
    from parley.mechanisms.guarantees.solver.packing import Packing
    from parley.mechanisms.guarantees.solver.shape import Shape
    from parley.mechanisms.guarantees.solver.sources import Goal, Relaxation

HUGE = 10**18 + Fraction(1, 7)


def varied(generator: np.random.Generator) -> Problem:
    """Draw a small problem of any shape, at times with equal jobs, zeros or huge numbers."""
    problem = random_problem(generator, symmetric=bool(generator.integers(0, 2)))
    sort = int(generator.integers(0, 6))
    if sort == 0:
        problem = replace(problem, values=tuple(Fraction(int(v) % 3) for v in problem.values))
    if sort == 1 and not any(isinstance(leaf, Alpha | Income) for leaf in leaves(problem.guarantee)):
        problem = replace(problem, values=tuple(v * HUGE for v in problem.values))
    return problem


def check(problem: Problem, found: Solution, expected: Brute) -> None:
    """Compare a solution with all allocations, and its allocations with what it says of them."""
    wanted = expected.tau if MaxMin() in leaves(problem.guarantee) else None
    assert (found.max_value, found.tau) == (expected.max_value, wanted), problem
    assert found.restricted_value == expected.restricted_value, problem
    assert found.feasible == (expected.restricted_value is not None)
    assert find_allocation_fault(problem, found.allocation) is None
    assert total(problem, values_of(problem, found.allocation)) == found.max_value
    if found.restricted_allocation is not None:
        assert find_allocation_fault(problem, found.restricted_allocation) is None
        values = values_of(problem, found.restricted_allocation)
        assert total(problem, values) == found.restricted_value
        best = records(problem.guarantee, expected.vectors, problem.pay)
        assert keeps(problem.guarantee, values, problem.pay, best), problem


def compare(seeds: Sequence[int], method: str = "auto") -> int:
    """Compare random problems; return for how many everything was proved."""
    proved = 0
    for seed in seeds:
        problem = varied(np.random.default_rng(seed))
        expected = brute(problem)
        found = solve(problem, method=method)
        check(problem, found, expected)
        proved += found.status == "optimal"
    return proved


def test_columns_find_and_prove_what_listing_all_allocations_finds() -> None:
    assert compare(range(90)) == 90


@pytest.mark.deep
@pytest.mark.parametrize("start", range(0, 8_000, 1_000))
def test_columns_find_and_prove_what_listing_finds_in_thousands_of_problems(start: int) -> None:
    assert compare(range(start, start + 1_000)) == 1_000


def no_lists(shape: Shape) -> Lists | Paths | None:
    return Paths(shape) if shape.on_line else Lists.of(shape, MOST_LISTED)


def test_generated_columns_find_and_prove_what_listing_all_allocations_finds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plan, "source_of", no_lists)
    assert compare(range(1_000, 1_060)) == 60


def test_the_assignment_formulation_finds_what_listing_all_allocations_finds() -> None:
    for seed in range(2_000, 2_060):
        problem = random_problem(np.random.default_rng(seed))
        if not any(isinstance(leaf, Alpha) for leaf in leaves(problem.guarantee)):
            check(problem, solve(problem, method="assignment"), brute(problem))


INTERVAL_CASES = [  # intervals, values, factors, greatest value, τ, value under max-min
    ("02 24 04", "1 1 9/10", "1 1", "29/10", "1", "2"),
    ("03 14 36 47 07", "5 4 3 6 7", "1 1", "18", "8", "18"),
    ("02 13 25 36 58 69 09", "2 3 4 3 2 5 6", "1 1 1", "25", "6", "25"),
    ("02 13 25 36 58 69", "2 3 4 3 2 5", "1 3/5", "79/5", "8", "79/5"),
    ("04 48 8c 06 6c", "4 4 4 5 5", "1 1", "22", "10", "22"),
    ("45 37 4a 5a 16 05", "7 6 4 6 5 1", "1 1", "19", "7", "14"),
]


@pytest.mark.parametrize(("times", "values", "factors", "most", "tau", "left"), INTERVAL_CASES)
def test_small_cases_of_intervals_have_the_values_computed_by_hand(
    times: str, values: str, factors: str, most: str, tau: str, left: str
) -> None:
    problem = Problem(
        providers=len(factors.split()),
        values=tuple(map(Fraction, values.split())),
        guarantee=MaxMin(),
        intervals=tuple((Fraction(int(pair[0], 16)), Fraction(int(pair[1], 16))) for pair in times.split()),
        factors=tuple(map(Fraction, factors.split())),
    )
    found = solve(problem)
    assert (found.max_value, found.tau, found.restricted_value) == tuple(map(Fraction, (most, tau, left)))
    assert found.status == "optimal"


def test_the_papers_instances_lose_what_their_formulas_say() -> None:
    for delta in (Fraction(0), Fraction(1, 4), Fraction(1, 2)):
        for n in (2, 3, 4, 7):
            for kappa in (Fraction(1, 10), Fraction(1, 100)):
                assert solve(instance_7(n, kappa, delta)).loss == loss_7(n, kappa, delta)
    for n, t in ((2, 1), (2, 2), (2, 10), (3, 1), (3, 2), (3, 10), (5, 1), (5, 2)):
        for delta in (Fraction(0), Fraction(1, 4)):
            assert solve(instance_8(n, t, delta)).loss == loss_8(n, t, delta)
    for k in (1, 2, 3, 4, 5):
        assert solve(instance_9(k)).loss == loss_9(k)
    assert solve(instance_9(2, pay_by_value=True)).loss == Fraction(1, 8)
    assert solve(instance_9(3, pay_by_value=True)).loss == Fraction(4, 27)


def test_interchangeable_jobs_are_counted_not_named() -> None:
    found = solve(instance_8(5, 10))  # 100 jobs: their sets are too many to list
    assert (found.loss, found.status) == (loss_8(5, 10), "optimal")


def drawn(jobs: int, window: float, variation: float, providers: int, seed: int) -> Problem:
    """Draw a problem as in Section 5 of the paper."""
    generator = np.random.default_rng(seed)
    starts = generator.integers(1, int(window * 10**6) + 1, jobs)
    lengths: list[int] = []
    while len(lengths) < jobs:
        length = round(generator.normal(1, variation) * 10**6)
        lengths += [length] if 0 < length < 2 * 10**6 else []
    times = [
        (Fraction(int(a), 10**6), Fraction(int(a) + b, 10**6)) for a, b in zip(starts, lengths, strict=True)
    ]
    values = tuple(Fraction(length, 10**6) for length in lengths)
    return Problem(providers=providers, values=values, guarantee=MaxMin(), intervals=tuple(times))


def test_lists_generated_columns_and_the_assignment_formulation_agree(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for seed, providers in enumerate((2, 3, 4)):
        problem = drawn(12, 2.5, 0.3, providers, seed)
        by_list = solve(problem)
        by_assignment = solve(problem, method="assignment")
        with monkeypatch.context() as patch:
            patch.setattr(plan, "source_of", no_lists)
            by_path = solve(problem)
        assert by_list.ranges == by_path.ranges
        assert by_list.status == by_path.status == "optimal"
        for name, pair in by_assignment.ranges.items():  # its bounds are wider: HiGHS has tolerances
            exact = by_list.ranges[name]
            assert pair is not None
            assert exact is not None
            assert pair[0] <= exact[0] <= pair[1], name


def test_generated_columns_are_completed_where_the_linear_program_is_not_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    completed: list[Packing | None] = []
    complete = Paths.complete

    def watched(
        source: Paths, goal: Goal, relaxation: Relaxation, need: int, clock: Clock, most: int
    ) -> Packing | None:
        completed.append(complete(source, goal, relaxation, need, clock, most))
        return completed[-1]

    for seed in range(4):
        problem = drawn(24, 5, 0.3, 7, seed)
        by_list = solve(problem)
        with monkeypatch.context() as patch:
            patch.setattr(plan, "source_of", no_lists)
            patch.setattr(Paths, "complete", watched)
            assert solve(problem).ranges == by_list.ranges
        assert by_list.status == "optimal"
    assert any(packing is not None and packing.columns.count for packing in completed)


def test_whole_days_are_shared_out_to_the_last_cent() -> None:
    generator = np.random.default_rng(1)
    starts, cents = generator.integers(0, 28_800, 300), generator.integers(400, 2_000, 300)
    times = [(Fraction(int(a)), Fraction(int(a) + int(c) // 2)) for a, c in zip(starts, cents, strict=True)]
    values = tuple(Fraction(int(c), 100) for c in cents)
    for providers in (5, 10, 20):
        found = solve(Problem(providers, values, MaxMin(), tuple(times)))
        assert found.status == "optimal"
        assert found.loss == 0
        assert found.tau == Fraction(int(found.max_value * 100) // providers, 100)


def test_a_sweep_solves_for_each_number_of_providers() -> None:
    problem = drawn(14, 1.6, 0.3, 5, 3)
    found = solve(problem, sweep=(1, 16))
    assert found.status == "optimal"
    assert found.sweep is not None
    for step in found.sweep:
        alone = solve(resized(problem, step.providers))
        assert (step.max_value, step.tau) == (alone.max_value, alone.tau)
        assert (step.restricted_value, step.loss) == (alone.restricted_value, alone.loss)
    assert [step.providers for step in found.sweep] == list(range(1, 17))
    assert found.sweep[-1].loss == 0


def resized(problem: Problem, providers: int) -> Problem:
    return Problem(providers, problem.values, problem.guarantee, problem.intervals)


def test_the_frontier_has_every_value_that_a_uniform_floor_leaves() -> None:
    for seed in range(20):
        problem = replace(random_problem(np.random.default_rng(seed)), guarantee=MaxMin())
        everything = brute(problem)
        points = [
            (min(paid), total(problem, vector))
            for vector in everything.vectors
            for paid in [[theta * v for theta, v in zip(problem.pay, vector, strict=True)]]
        ]
        expected = {}
        for floor, _ in points:
            expected[max(value for least, value in points if least >= floor)] = Fraction(0)
        for value in expected:
            expected[value] = max(least for least, worth in points if worth >= value)
        found = solve(problem, frontier=True)
        assert found.frontier is not None
        assert {step.restricted_value: step.tau for step in found.frontier} == expected
        floors = [step.tau for step in found.frontier if step.tau is not None]
        assert floors == sorted(floors)
        assert found.status == "optimal"


def test_at_the_time_limit_bounds_enclose_the_truth() -> None:
    problem = drawn(60, 5, 0.3, 12, 1)
    limited, full = solve(problem, time_limit=0.05), solve(problem)
    assert full.status == "optimal"
    for name, pair in limited.ranges.items():
        exact = full.ranges[name]
        assert pair is not None
        assert exact is not None
        assert pair[0] <= exact[0] <= pair[1], name
    assert min(pays_of(problem, limited.restricted_allocation or ())) >= (limited.tau or 0)


def test_a_solution_is_written_with_the_keys_of_the_interface() -> None:
    written = json.loads(json.dumps(solve(worked_example(), frontier=True, sweep=(1, 2)).to_json()))
    assert written.pop("seconds") >= 0
    assert written == {
        "kind": "guarantees",
        "max_value": "29/10",
        "tau": "1",
        "restricted_value": "2",
        "loss": "9/29",
        "delta": "0",
        "bound": "1/3",
        "allocation": written["allocation"],
        "restricted_allocation": [[0], [1]],
        "feasible": True,
        "status": "optimal",
        "bounds": {
            "max_value": ["29/10", "29/10"],
            "tau": ["1", "1"],
            "restricted_value": ["2", "2"],
            "loss": ["9/29", "9/29"],
        },
        "method": "columns",
        "frontier": [
            {"tau": "9/10", "value": "29/10", "loss": "0"},
            {"tau": "1", "value": "2", "loss": "9/29"},
        ],
        "sweep": [
            {"providers": 1, "max_value": "2", "tau": "2", "restricted_value": "2", "loss": "0"},
            {"providers": 2, "max_value": "29/10", "tau": "1", "restricted_value": "2", "loss": "9/29"},
        ],
    }


def test_tables_show_decimals_where_json_has_fractions() -> None:
    problem = Problem(
        2,
        (Fraction(9, 2), Fraction(7, 4)),
        Income((Fraction(3, 2),) * 2),
        ((Fraction(0), Fraction(2)), (Fraction(1), Fraction(3))),
    )
    written = solve(problem, frontier=True).to_json()
    sheet = solution_sheet(written, problem)
    assert ("guarantee", "a floor of 1.5 for everybody") in sheet.facts
    rows = {
        figure.id: [
            [shown(entry, column.format) for entry, column in zip(row, figure.columns, strict=True)]
            for row in figure.rows
        ]
        for figure in sheet.figures
    }
    assert written["frontier"] == [{"tau": "7/4", "value": "25/4", "loss": "0"}]
    assert rows["frontier"] == [["1.75", "6.25", "0.0%"]]
    assert sorted(row[1] for row in rows["pay"]) == ["1.75", "4.5"]
    assert ["provider 1", "job 1", "0", "2", "4.5"] in rows["schedules-under"]


def test_a_floor_of_one_unit_counts_beside_welfare() -> None:
    floors = AllOf((Alpha(Fraction(1, 2)), Income((Fraction(1), Fraction(0)))))
    problem = Problem(2, tuple(map(Fraction, (1, 2, 4))), floors, factors=(Fraction(1, 2), Fraction(1)))
    check(problem, solve(problem), brute(problem))


@pytest.mark.parametrize("method", ["columns", "assignment"])
def test_jobs_that_nobody_can_do_are_worth_nothing(method: str) -> None:
    problem = Problem(2, (Fraction(3),), MaxMin(), eligible=(frozenset(), frozenset()))
    check(problem, solve(problem, method=method), brute(problem))


def test_the_bound_of_theorem_1_is_not_promised_to_providers_who_differ() -> None:
    # A job of value 1 is promised to the one who alone could have done another one of value 9/10.
    promise = Income((Fraction(0), Fraction(1)))
    able = (frozenset({0}), frozenset({0, 1}))
    problem = Problem(2, (Fraction(1), Fraction(9, 10)), promise, eligible=able, capacities=(1, 1))
    written = solve(problem).to_json()
    assert Fraction(written["loss"]) > Fraction(written["bound"])
    said = "With 2 providers who can do different jobs, a guarantee of this kind costs at most 50%."
    assert said in [text for _, text in solution_sheet(written, problem).findings]
    sheet = audit_sheet(audit(problem).to_json(), problem, lambda _: {})
    assert "different jobs, it costs at most 50%" in sheet.findings[0][1]


def test_an_empty_guarantee_has_no_allocation_and_no_loss() -> None:
    problem = replace(worked_example(), guarantee=Income((Fraction(2), Fraction(2))))
    written = solve(problem).to_json()
    assert (written["feasible"], written["status"]) == (False, "optimal")
    assert written["restricted_value"] is written["loss"] is written["restricted_allocation"] is None


def test_what_cannot_be_asked_is_refused_in_one_line() -> None:
    with pytest.raises(ParleyError, match="--method 'lp' is none of auto, columns, assignment"):
        solve(worked_example(), method="lp")
    with pytest.raises(ParleyError, match="--sweep requires identical providers"):
        solve(instance_2(Fraction(1, 10), Fraction(1, 4)), sweep=(1, 2))
    with pytest.raises(ParleyError, match="--sweep: 3:2 is no range from 1"):
        solve(instance_3(), sweep=(3, 2))
