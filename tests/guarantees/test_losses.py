"""Many small problems in machine code have the same answers as `solve`, and as listing all allocations."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from parley.mechanisms.guarantees.guarantee import MaxMin
from parley.mechanisms.guarantees.problem import Problem
from parley.mechanisms.guarantees.solution import solve
from parley.mechanisms.guarantees.solver.kernels import Ints
from parley.mechanisms.guarantees.solver.small import losses
from tests.guarantees.brute import brute

Instance = tuple[Ints, Ints, Ints]


def small(seed: int) -> Instance:
    """Draw up to six intervals of small numbers, with ties."""
    generator = np.random.default_rng(seed)
    jobs = int(generator.integers(1, 7))
    starts = generator.integers(0, 8, jobs)
    return starts, starts + generator.integers(1, 5, jobs), generator.integers(0, 6, jobs)


def drawn(variant: str, window: float, variation: float, seed: int, jobs: int = 30) -> Instance:
    """Draw a problem of the paper's study."""
    generator = np.random.default_rng(seed)
    starts = generator.integers(1, int(window * 10**6) + 1, jobs)
    lengths = np.rint(generator.normal(1, variation, 4 * jobs) * 10**6).astype(np.int64)
    lengths = lengths[(lengths > 0) & (lengths < 2 * 10**6)][:jobs]
    same = np.full(jobs, 10**6)
    values = same if variant == "equal-value" else lengths
    return starts, starts + (same if variant == "fixed-length" else lengths), values


def problem_of(instance: Instance, providers: int) -> Problem:
    starts, ends, values = (tuple(map(Fraction, numbers.tolist())) for numbers in instance)
    return Problem(providers, values, MaxMin(), tuple(zip(starts, ends, strict=True)))


def test_they_are_what_listing_all_allocations_finds() -> None:
    for seed in range(60):
        instance = small(seed)
        for found, providers in zip(losses(*instance, (1, 2, 3)), (1, 2, 3), strict=True):
            expected = brute(problem_of(instance, providers))
            values = (expected.max_value, expected.tau, expected.restricted_value)
            assert tuple(map(Fraction, found[:3])) == values, (seed, providers)
            assert found.proved


@pytest.mark.parametrize(
    "variant", ["length", *(pytest.param(v, marks=pytest.mark.deep) for v in ("fixed-length", "equal-value"))]
)
def test_they_are_what_columns_find_for_every_number_of_providers(variant: str) -> None:
    for seed, (window, variation) in enumerate(((1.3, 0.001), (1.6, 0.3), (1.8, 0.5), (3.0, 0.2))):
        instance = drawn(variant, window, variation, seed, 18)
        sweep = solve(problem_of(instance, 1), sweep=(1, 20)).sweep
        assert sweep is not None
        for found, step in zip(losses(*instance, range(1, 21)), sweep, strict=True):
            expected = step.max_value, step.tau, step.restricted_value
            assert tuple(map(Fraction, found[:3])) == expected
            assert found.proved


def test_problems_of_the_study_are_proved_for_every_number_of_providers() -> None:
    for variant in ("length", "fixed-length", "equal-value"):
        for seed, window in enumerate((1.3, 1.5, 1.6, 1.8)):
            for variation in (0.001, 0.1, 0.3, 0.5):
                found = losses(*drawn(variant, window, variation, seed), range(2, 31))
                assert all(step.proved for step in found)
                assert found[-1].restricted_value == found[-1].max_value
                assert [step.tau for step in found] == sorted((step.tau for step in found), reverse=True)


def test_too_many_schedules_are_left_unproved() -> None:
    starts = np.arange(40)
    found = losses(starts, starts + 1, np.ones(40, dtype=np.int64), [2])
    assert found == [(40, 0, 0, False)]
