"""Schedules: which jobs one provider can do together, and which allocations are feasible.

A schedule is a tuple of jobs in ascending order; an allocation is a schedule for each provider. Jobs whose
intervals touch fit together; jobs that overlap, or are a given conflict, do not.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, TypeAlias

from parley.core.errors import ParleyError
from parley.mechanisms.guarantees.guarantee import Vector, pays

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parley.mechanisms.guarantees.problem import Problem
    from parley.mechanisms.guarantees.reading import Interval, Pair

Schedule: TypeAlias = tuple[int, ...]
Allocation: TypeAlias = tuple[Schedule, ...]

MOST_ALLOCATIONS = 200_000
"""Allocations that are listed one by one; a second."""


def overlaps(intervals: Sequence[Interval]) -> Iterator[Pair]:
    """Generate the pairs of jobs (a, b), a < b, whose open intervals meet.

    Examples
    --------
    >>> zero, one, two = map(Fraction, range(3))
    >>> sorted(overlaps([(zero, one), (one, two), (zero, two)]))
    [(0, 2), (1, 2)]
    """
    running: list[int] = []
    for job in sorted(range(len(intervals)), key=lambda k: intervals[k]):
        start = intervals[job][0]
        running = [other for other in running if intervals[other][1] > start]
        yield from ((min(job, other), max(job, other)) for other in running)
        running.append(job)


def exclusions(problem: Problem) -> frozenset[Pair]:
    """Return all pairs of jobs that no provider can do both: overlaps and given conflicts."""
    return problem.conflicts | frozenset(overlaps(problem.intervals or ()))


def find_fault(problem: Problem, provider: int, schedule: Sequence[int]) -> str | None:
    """Return why a provider cannot do these jobs, or None if it can.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.problem import worked_example
    >>> problem = worked_example()
    >>> find_fault(problem, 0, (0, 1)), find_fault(problem, 0, (1, 2))
    (None, 'jobs 1 and 2 overlap')
    """
    able, most = problem.eligible[provider], problem.capacities[provider]
    if able is not None and not able.issuperset(schedule):
        return f"provider {provider} cannot do job {min(set(schedule) - able)}"
    if most is not None and len(schedule) > most:
        return f"provider {provider} can hold {most} jobs, not {len(schedule)}"
    return _find_exclusion(problem, sorted(schedule))


def _find_exclusion(problem: Problem, jobs: list[int]) -> str | None:
    intervals = problem.intervals
    for job, follower in pairwise(jobs):
        if job == follower:
            return f"job {job} is twice in a schedule"
    if intervals is not None:
        for job, follower in pairwise(sorted(jobs, key=lambda k: intervals[k])):
            if intervals[follower][0] < intervals[job][1]:
                return f"jobs {min(job, follower)} and {max(job, follower)} overlap"
    if problem.conflicts:
        for pair in combinations(jobs, 2):
            if pair in problem.conflicts:
                return f"jobs {pair[0]} and {pair[1]} are in conflict"
    return None


def find_allocation_fault(problem: Problem, allocation: Sequence[Sequence[int]]) -> str | None:
    """Return why an allocation is not feasible, or None if it is.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.problem import worked_example
    >>> find_allocation_fault(worked_example(), ((0, 1), (1,)))
    'job 1 has two providers'
    """
    if len(allocation) != problem.providers:
        return f"{len(allocation)} schedules for {problem.providers} providers"
    taken: set[int] = set()
    for provider, schedule in enumerate(allocation):
        if fault := find_fault(problem, provider, schedule):
            return fault
        if twice := taken.intersection(schedule):
            return f"job {min(twice)} has two providers"
        taken.update(schedule)
    return None


def is_feasible(problem: Problem, allocation: Sequence[Sequence[int]]) -> bool:
    """Return whether an allocation is in F."""
    return find_allocation_fault(problem, allocation) is None


def value_of(problem: Problem, schedule: Sequence[int]) -> Fraction:
    """Return v(S), the value of some jobs."""
    return sum((problem.values[job] for job in schedule), Fraction(0))


def values_of(problem: Problem, allocation: Sequence[Sequence[int]]) -> Vector:
    """Return v(A_1), …, v(A_n)."""
    return tuple(value_of(problem, schedule) for schedule in allocation)


def pays_of(problem: Problem, allocation: Sequence[Sequence[int]]) -> Vector:
    """Return θ_1·v(A_1), …, θ_n·v(A_n)."""
    return pays(values_of(problem, allocation), problem.pay)


def total(problem: Problem, values: Sequence[Fraction]) -> Fraction:
    """Return Σ γ_i·v(A_i), what an allocation is worth to the platform."""
    return sum((gamma * value for gamma, value in zip(problem.factors, values, strict=True)), Fraction(0))


# ── lists of small problems ─────────────────────────────────────────────────────────────────────────────────


def schedules(problem: Problem, provider: int) -> list[Schedule]:
    """List all schedules of a provider, the empty one first.

    Raises
    ------
    ParleyError
        If there are more than `MOST_ALLOCATIONS`.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.problem import worked_example
    >>> schedules(worked_example(), 0)
    [(), (0,), (0, 1), (1,), (2,)]
    """
    return [schedule for schedule, _ in _schedules(problem, provider, _masks(problem))]


def _masks(problem: Problem) -> list[int]:
    """Return for each job the set of later jobs that it excludes, a bit for each."""
    masks = [0] * problem.jobs
    for one, other in exclusions(problem):
        masks[one] |= 1 << other
    return masks


def _schedules(problem: Problem, provider: int, masks: Sequence[int]) -> list[tuple[Schedule, int]]:
    """List all schedules of a provider with their sets of jobs, a bit for each."""
    able, most = problem.eligible[provider], problem.capacities[provider]
    jobs = range(problem.jobs) if able is None else sorted(able)
    most = problem.jobs if most is None else most
    found: list[tuple[Schedule, int]] = []

    def grow(schedule: Schedule, taken: int, blocked: int, first: int) -> None:
        found.append((schedule, taken))
        if len(found) > MOST_ALLOCATIONS:
            raise ParleyError(f"provider {provider} has more than {MOST_ALLOCATIONS} schedules")
        if len(schedule) < most:
            for place in range(first, len(jobs)):
                job = jobs[place]
                if not blocked >> job & 1:
                    grow((*schedule, job), taken | 1 << job, blocked | masks[job], place + 1)

    grow((), 0, 0, 0)
    return found


def find_schedule(problem: Problem, provider: int, size: int) -> Schedule | None:
    """Find a schedule of so many jobs, whatever the provider's capacity; empty if there is none.

    Returns
    -------
    Schedule or None
        None if the search was given up.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.problem import worked_example
    >>> find_schedule(worked_example(), 0, 2), find_schedule(worked_example(), 0, 3)
    ((0, 1), ())
    """
    able = problem.eligible[provider]
    jobs = sorted(range(problem.jobs) if able is None else able)
    if problem.conflicts:
        return _search(_masks(problem), jobs, size)
    if problem.intervals is None:
        return tuple(jobs[:size]) if len(jobs) >= size else ()
    intervals = problem.intervals
    chosen: list[int] = []
    for job in sorted(jobs, key=lambda k: intervals[k][1]):  # the earliest end leaves most room
        if not chosen or intervals[chosen[-1]][1] <= intervals[job][0]:
            chosen.append(job)
    return tuple(sorted(chosen[:size])) if len(chosen) >= size else ()


def _search(masks: Sequence[int], jobs: Sequence[int], size: int) -> Schedule | None:
    """Search schedules depth first; None after `MOST_ALLOCATIONS` of them."""
    stack: list[tuple[Schedule, int, int]] = [((), 0, 0)]
    for _ in range(MOST_ALLOCATIONS):
        if not stack:
            return ()
        schedule, blocked, first = stack.pop()
        if len(schedule) == size:
            return schedule
        for place in range(first, len(jobs) - (size - len(schedule)) + 1):
            job = jobs[place]
            if not blocked >> job & 1:
                stack.append(((*schedule, job), blocked | masks[job], place + 1))
    return None


def allocations(problem: Problem) -> list[Allocation]:
    """List all feasible allocations, F.

    Raises
    ------
    ParleyError
        If there are more than `MOST_ALLOCATIONS`.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.problem import worked_example
    >>> len(allocations(worked_example()))
    17
    """
    masks = _masks(problem)
    found: list[tuple[Allocation, int]] = [((), 0)]
    for provider in range(problem.providers):
        options = _schedules(problem, provider, masks)
        longer: list[tuple[Allocation, int]] = []
        for allocation, taken in found:
            longer += [((*allocation, one), taken | jobs) for one, jobs in options if not taken & jobs]
            if len(longer) > MOST_ALLOCATIONS:
                raise ParleyError(f"more than {MOST_ALLOCATIONS} allocations, too many to list")
        found = longer
    return [allocation for allocation, _ in found]
