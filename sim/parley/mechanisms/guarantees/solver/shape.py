"""A problem in whole numbers: jobs sorted by start, classes of interchangeable jobs, kinds of providers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import lcm
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.guarantees.schedules import exclusions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from fractions import Fraction

    from parley.mechanisms.guarantees.problem import Problem
    from parley.mechanisms.guarantees.schedules import Allocation
    from parley.mechanisms.guarantees.solver.kernels import Bools, Ints

__all__ = ["Kind", "Shape", "integers", "shape_of"]

SMALL = 2**48
"""Sums below this are computed in 64 bits, with room for prices; larger ones in Python's integers."""


@dataclass(frozen=True)
class Kind:
    """Providers that differ in nothing."""

    members: tuple[int, ...]
    factor: int
    """γ, times `Shape.factor_scale`."""
    pay: int
    """θ, times `Shape.pay_scale`."""
    allowed: Bools
    """Of each job, whether they can do it."""
    most_jobs: int

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.members)

    def least_value(self, pay: int) -> int:
        """Return the least value of a schedule that pays this much."""
        return -(-pay // self.pay)


@dataclass(frozen=True)
class Shape:
    """The jobs and the providers of a problem."""

    order: tuple[int, ...]
    """The problem's number of each job; jobs are sorted by start."""
    values: Ints
    value_scale: int
    factor_scale: int
    pay_scale: int
    after: Ints
    """The first job that may follow each one."""
    clash: Bools
    """Pairs that exclude each other; shape (0, 0) if only times do."""
    rows: Ints
    """The class of each job."""
    twin: Ints
    """The job of the same class just before, or −1."""
    sizes: tuple[int, ...]
    """The number of jobs in each class."""
    kinds: tuple[Kind, ...]
    starts: Ints
    """Numbers of time points; empty if schedules are not paths along the line of time points."""
    ends: Ints
    nodes: int

    @property
    def jobs(self) -> int:
        """Number of jobs."""
        return len(self.order)

    @property
    def providers(self) -> int:
        """Number of providers."""
        return sum(kind.count for kind in self.kinds)

    @property
    def on_line(self) -> bool:
        """Whether the schedules of every provider are the paths along a line of time points."""
        return self.nodes > 0

    @property
    def identical(self) -> bool:
        """Whether nothing tells the providers apart."""
        return len(self.kinds) == 1

    @cached_property
    def class_values(self) -> tuple[int, ...]:
        """The value of a job of each class."""
        values = [0] * len(self.sizes)
        for row, value in zip(self.rows.tolist(), self.values.tolist(), strict=True):
            values[row] = value
        return tuple(values)

    @cached_property
    def lengths(self) -> tuple[int, ...]:
        """The greatest value of a schedule of each kind; an upper bound if not only times restrict them."""
        best = []
        for kind in self.kinds:
            left = [0] * (self.jobs + 1)
            for job in range(self.jobs - 1, -1, -1):
                left[job] = left[job + 1]
                if kind.allowed[job]:
                    left[job] = max(left[job], int(self.values[job]) + left[int(self.after[job])])
            best.append(left[0])
        return tuple(best)

    def merged(self, *, by_pay: bool) -> tuple[Shape, tuple[int, ...]]:
        """Forget what providers are worth, and also their pay unless `by_pay`.

        Returns
        -------
        shape : Shape
            With fewer kinds.
        groups : tuple of int
            The new kind of each kind.
        """
        names = [(kind.pay if by_pay else 1, kind.most_jobs, kind.allowed.tobytes()) for kind in self.kinds]
        numbers = {name: k for k, name in enumerate(dict.fromkeys(names))}
        groups = tuple(numbers[name] for name in names)
        kinds = []
        for number in range(len(numbers)):
            own = [kind for kind, group in zip(self.kinds, groups, strict=True) if group == number]
            members = tuple(i for kind in own for i in kind.members)
            kinds.append(replace(own[0], members=members, factor=1, pay=own[0].pay if by_pay else 1))
        return replace(self, kinds=tuple(kinds)), groups

    def schedule(self, jobs: Iterable[int]) -> tuple[int, ...]:
        """Return the problem's numbers of some jobs, ascending."""
        return tuple(sorted(self.order[job] for job in jobs))

    def allocation(self, chosen: Sequence[Sequence[tuple[int, ...]]]) -> Allocation:
        """Give schedules, listed by kind and written in classes, to the providers; the rest gets nothing.

        The members of a class are handed out in their order.
        """
        members: list[list[int]] = [[] for _ in self.sizes]
        for job in range(self.jobs - 1, -1, -1):
            members[int(self.rows[job])].append(job)
        shares: list[tuple[int, ...]] = [()] * self.providers
        for kind, schedules in zip(self.kinds, chosen, strict=True):
            for provider, schedule in zip(kind.members, schedules, strict=False):
                shares[provider] = self.schedule(members[row].pop() for row in schedule)
        return tuple(shares)


def integers(numbers: Sequence[Fraction]) -> tuple[list[int], int]:
    """Return numbers as multiples of the greatest unit of which all are multiples, and 1/unit.

    Examples
    --------
    >>> from fractions import Fraction
    >>> integers([Fraction(1, 2), Fraction(2, 3)])
    ([3, 4], 6)
    """
    scale = lcm(*(number.denominator for number in numbers))
    return [int(number * scale) for number in numbers], scale


def shape_of(problem: Problem, floors: Sequence[tuple[Fraction, ...]] = ()) -> Shape:
    """Return a problem in whole numbers; providers with other numbers in `floors` are of another kind.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.problem import worked_example
    >>> shape = shape_of(worked_example())
    >>> shape.order, shape.values.tolist(), shape.value_scale, [kind.count for kind in shape.kinds]
    ((0, 2, 1), [10, 9, 10], 10, [2])
    """
    jobs, intervals = problem.jobs, problem.intervals
    apart = np.zeros((jobs, jobs) if problem.conflicts else (0, 0), dtype=np.bool_)
    for a, b in exclusions(problem) if problem.conflicts else ():
        apart[a, b] = apart[b, a] = True
    classes = _classes(problem, apart)
    if intervals is None:
        order = sorted(range(jobs), key=lambda job: (classes[job], job))
    else:
        order = sorted(range(jobs), key=lambda job: (intervals[job], classes[job], job))
    values, value_scale = integers([problem.values[job] for job in order])
    factors, factor_scale = integers(problem.factors)
    pay, pay_scale = integers(problem.pay)
    rows, twin, sizes = _rows([classes[job] for job in order])
    kinds = _kinds(problem, order, factors, pay, floors)
    starts, ends, nodes = _times(problem, order)
    small = (sum(values) + 1) * max(*factors, *pay) * problem.providers < SMALL
    numbers = np.array(values, dtype=np.int64 if small else object)
    free = all(kind.most_jobs >= jobs for kind in kinds)
    plain = bool(intervals) and not problem.conflicts and free
    return Shape(
        order=tuple(order),
        values=numbers,
        value_scale=value_scale,
        factor_scale=factor_scale,
        pay_scale=pay_scale,
        after=np.searchsorted(starts, ends) if intervals else np.arange(1, jobs + 1),
        clash=apart[np.ix_(order, order)] if problem.conflicts else apart,
        rows=rows,
        twin=twin,
        sizes=sizes,
        kinds=kinds,
        starts=starts if plain else starts[:0],
        ends=ends if plain else ends[:0],
        nodes=nodes if plain else 0,
    )


def _classes(problem: Problem, apart: Bools) -> list[int]:
    """Number the classes of interchangeable jobs: same value, times, providers and exclusions."""
    jobs = problem.jobs
    able = [
        bytes(problem.eligible[i] is None or job in (problem.eligible[i] or ()) for i in _different(problem))
        for job in range(jobs)
    ]
    own = [
        (problem.values[job], problem.intervals and problem.intervals[job], able[job]) for job in range(jobs)
    ]
    if not problem.conflicts:  # jobs of the same times exclude the same jobs
        first = {mine: job for job, mine in reversed(list(enumerate(own)))}
        return [first[mine] for mine in own]
    classes: list[int] = [-1] * jobs
    for closed in (False, True):  # jobs that fit together, then jobs that exclude each other
        np.fill_diagonal(apart, closed)
        groups: dict[tuple[object, bytes], list[int]] = {}
        for job in range(jobs):
            if classes[job] < 0:
                groups.setdefault((own[job], apart[job].tobytes()), []).append(job)
        for group in groups.values():
            if closed or len(group) > 1:
                for job in group:
                    classes[job] = group[0]
    np.fill_diagonal(apart, val=False)
    return classes


def _different(problem: Problem) -> list[int]:
    """Return one provider for each list of eligible jobs."""
    return list({jobs: i for i, jobs in enumerate(problem.eligible)}.values())


def _rows(classes: list[int]) -> tuple[Ints, Ints, tuple[int, ...]]:
    numbers = {name: k for k, name in enumerate(dict.fromkeys(classes))}
    rows = np.array([numbers[name] for name in classes], dtype=np.int64)
    twin, last = np.full(len(classes), -1, dtype=np.int64), dict[int, int]()
    for job, name in enumerate(classes):
        twin[job] = last.get(name, -1)
        last[name] = job
    return rows, twin, tuple(np.bincount(rows, minlength=len(numbers)).tolist())


def _kinds(
    problem: Problem,
    order: list[int],
    factors: list[int],
    pay: list[int],
    floors: Sequence[tuple[Fraction, ...]],
) -> tuple[Kind, ...]:
    groups: dict[tuple[object, ...], list[int]] = {}
    for i in range(problem.providers):
        most, able = problem.capacities[i], problem.eligible[i]
        promised = tuple(floor[i] for floor in floors)
        groups.setdefault((factors[i], pay[i], most, able, promised), []).append(i)
    kinds = []
    for members in groups.values():
        first = members[0]
        most, able = problem.capacities[first], problem.eligible[first]
        allowed = np.array([able is None or job in able for job in order], dtype=np.bool_)
        limit = problem.jobs if most is None else most
        kinds.append(Kind(tuple(members), factors[first], pay[first], allowed, limit))
    return tuple(kinds)


def _times(problem: Problem, order: list[int]) -> tuple[Ints, Ints, int]:
    if problem.intervals is None:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, 0
    points = {time: k for k, time in enumerate(sorted({t for pair in problem.intervals for t in pair}))}
    starts = np.array([points[problem.intervals[job][0]] for job in order], dtype=np.int64)
    ends = np.array([points[problem.intervals[job][1]] for job in order], dtype=np.int64)
    return starts, ends, len(points)
