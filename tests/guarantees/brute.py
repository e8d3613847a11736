"""Small problems solved by listing all allocations: what solvers and theorems are compared with."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from parley.mechanisms.guarantees.guarantee import (
    AllOf,
    Alpha,
    AnyOf,
    Guarantee,
    Income,
    MaxMin,
    kept,
    pays,
)
from parley.mechanisms.guarantees.loss import loss
from parley.mechanisms.guarantees.problem import Problem
from parley.mechanisms.guarantees.schedules import Allocation, allocations, total, values_of

if TYPE_CHECKING:
    import numpy as np

    from parley.mechanisms.guarantees.guarantee import Vector


class Brute(NamedTuple):
    """What listing all allocations of a problem shows."""

    feasible: list[Allocation]
    vectors: list[Vector]
    kept: list[bool]
    max_value: Fraction
    tau: Fraction
    """The greatest least pay."""
    restricted_value: Fraction | None
    """None if no allocation keeps the guarantee."""

    @property
    def loss(self) -> Fraction:
        assert self.restricted_value is not None
        return loss(self.max_value, self.restricted_value)


def brute(problem: Problem) -> Brute:
    feasible = allocations(problem)
    vectors = [values_of(problem, allocation) for allocation in feasible]
    inside = kept(problem.guarantee, vectors, problem.pay)
    worth = [total(problem, vector) for vector in vectors]
    return Brute(
        feasible,
        vectors,
        inside,
        max(worth),
        max(min(pays(vector, problem.pay)) for vector in vectors),
        max((value for value, is_kept in zip(worth, inside, strict=True) if is_kept), default=None),
    )


def random_guarantee(generator: np.random.Generator, providers: int, depth: int = 0) -> Guarantee:
    """Draw a guarantee of any kind."""
    sort = int(generator.integers(0, 7 if depth < 2 else 4))
    if sort < 2:
        floors = [Fraction(int(x), 2) for x in generator.integers(0, 6, providers)]
        return Income(tuple(floors[:1] * providers if sort else floors))
    if sort == 2:
        return MaxMin()
    if sort == 3:
        return Alpha(Fraction(int(generator.integers(0, 7)), int(generator.integers(1, 4))))
    parts = tuple(random_guarantee(generator, providers, depth + 1) for _ in range(2))
    return AnyOf(parts) if sort < 6 else AllOf(parts)


def random_problem(generator: np.random.Generator, *, symmetric: bool = True) -> Problem:
    """Draw a small problem of intervals, conflicts or neither, with any guarantee, factors and pay."""
    providers = int(generator.integers(1, 4))
    jobs = int(generator.integers(1, 7 if providers < 3 else 6))
    values = tuple(Fraction(int(x), int(y)) for x, y in generator.integers((0, 1), (8, 4), (jobs, 2)))
    if generator.random() < 0.3:
        values = values[:1] * jobs
    intervals = None
    if generator.random() < 0.6:
        times = generator.integers(0, 6, (jobs, 2))
        intervals = tuple((Fraction(int(a)), Fraction(int(a + 1 + b))) for a, b in times)
    pairs = [(a, b) for a in range(jobs) for b in range(a + 1, jobs)]
    share = float(generator.choice([0.0, 0.3, 0.8]))
    conflicts = frozenset(pair for pair in pairs if generator.random() < share)
    factors = tuple(Fraction(int(x), 4) for x in generator.integers(1, 5, providers))
    pay = tuple(Fraction(int(x), 3) for x in generator.integers(1, 4, providers))
    most: tuple[int | None, ...] = ()
    able: tuple[frozenset[int] | None, ...] = ()
    if generator.random() < 0.3:
        most = (int(generator.integers(1, 4)),) * providers
    if not symmetric:
        most = tuple(int(x) if x else None for x in generator.integers(0, 4, providers))
        able = tuple(
            frozenset(k for k in range(jobs) if generator.random() < 0.7)
            if generator.random() < 0.5
            else None
            for _ in range(providers)
        )
    return Problem(
        providers,
        values,
        random_guarantee(generator, providers),
        intervals,
        conflicts,
        most,
        able,
        factors if generator.random() < 0.6 else factors[:1] * providers,
        pay if generator.random() < 0.4 else pay[:1] * providers,
    )
