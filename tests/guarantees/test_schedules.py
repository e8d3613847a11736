"""Schedules and allocations: which are feasible, and what they are worth."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest

from parley.core.errors import ParleyError
from parley.mechanisms.guarantees import schedules as listing
from parley.mechanisms.guarantees.guarantee import MaxMin
from parley.mechanisms.guarantees.problem import Problem, worked_example
from parley.mechanisms.guarantees.schedules import (
    allocations,
    exclusions,
    find_allocation_fault,
    find_fault,
    is_feasible,
    overlaps,
    pays_of,
    schedules,
    total,
    values_of,
)


def whole(*given: int) -> tuple[Fraction, ...]:
    return tuple(map(Fraction, given))


def of_times(*times: tuple[int, int], providers: int = 2, **more: object) -> Problem:
    intervals = tuple((Fraction(start), Fraction(end)) for start, end in times)
    return Problem(providers, (Fraction(1),) * len(times), MaxMin(), intervals, **more)  # type: ignore[arg-type]


def test_intervals_may_touch_and_not_overlap() -> None:
    generator = np.random.default_rng(1)
    for _ in range(50):
        times = [(int(start), int(start + 1 + length)) for start, length in generator.integers(0, 6, (7, 2))]
        problem = of_times(*times)
        assert problem.intervals is not None
        meeting = {
            (a, b)
            for a, b in combinations(range(7), 2)
            if max(times[a][0], times[b][0]) < min(times[a][1], times[b][1])
        }
        assert set(overlaps(problem.intervals)) == meeting == exclusions(problem)
        for pair in combinations(range(7), 2):
            assert (find_fault(problem, 0, pair) is None) == (pair not in meeting)


def test_the_reason_why_a_schedule_is_impossible_is_given() -> None:
    problem = of_times(
        (0, 2),
        (2, 3),
        (1, 4),
        (4, 5),
        conflicts=frozenset({(1, 3)}),
        capacities=(None, 1),
        eligible=(frozenset({0, 1, 2, 3}), frozenset({1, 2})),
    )
    assert find_fault(problem, 0, (0, 1)) is None
    assert find_fault(problem, 0, (0, 2)) == "jobs 0 and 2 overlap"
    assert find_fault(problem, 0, (1, 3)) == "jobs 1 and 3 are in conflict"
    assert find_fault(problem, 0, (0, 0)) == "job 0 is twice in a schedule"
    assert find_fault(problem, 1, (0,)) == "provider 1 cannot do job 0"
    assert find_fault(problem, 1, (1, 2)) == "provider 1 can hold 1 jobs, not 2"
    assert find_allocation_fault(problem, ((0,),)) == "1 schedules for 2 providers"
    assert find_allocation_fault(problem, ((1,), (1,))) == "job 1 has two providers"
    assert find_allocation_fault(problem, ((0, 2), (1,))) == "jobs 0 and 2 overlap"
    assert is_feasible(problem, ((0, 1), (2,)))


def test_all_allocations_are_listed_once() -> None:
    problem = of_times((0, 2), (2, 3), (1, 4), conflicts=frozenset(), capacities=(1, None))
    by_hand = set()
    for owners in product((None, 0, 1), repeat=3):
        allocation = tuple(tuple(k for k, owner in enumerate(owners) if owner == i) for i in (0, 1))
        if is_feasible(problem, allocation):
            by_hand.add(allocation)
    listed = allocations(problem)
    assert len(listed) == len(set(listed))
    assert set(listed) == by_hand
    assert [len(schedules(problem, provider)) for provider in (0, 1)] == [4, 5]


def test_lists_have_an_end() -> None:
    free = Problem(2, (Fraction(1),) * 30, MaxMin())
    with pytest.raises(ParleyError, match="more than 200000 schedules"):
        schedules(free, 0)
    with pytest.raises(ParleyError, match="more than 200000 allocations"):
        allocations(Problem(4, (Fraction(1),) * 9, MaxMin()))


def test_as_many_allocations_as_allowed_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_ALLOCATIONS", 17)
    assert len(allocations(worked_example())) == 17
    monkeypatch.setattr(listing, "MOST_ALLOCATIONS", 16)
    with pytest.raises(ParleyError, match="more than 16 allocations"):
        allocations(worked_example())


def test_values_pay_and_total_of_an_allocation() -> None:
    problem = Problem(2, whole(3, 4, 5), MaxMin(), factors=whole(1, 2), pay=(Fraction(1, 2), Fraction(1)))
    allocation = ((0, 2), (1,))
    assert values_of(problem, allocation) == whole(8, 4)
    assert pays_of(problem, allocation) == whole(4, 4)
    assert total(problem, values_of(problem, allocation)) == 16
    assert total(worked_example(), values_of(worked_example(), ((0, 1), (2,)))) == Fraction(29, 10)
