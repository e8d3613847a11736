"""Benchmark the theory of random assignment.

    .venv/bin/python benchmarks/assignment.py [--quick]

What can be had in two ways is measured side by side: in turns, in one process, and of the ratios within a
turn the median is given. Both ways must come to the same.
"""

from __future__ import annotations

import argparse
import statistics
from functools import partial
from math import isclose
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from parley.mechanisms.assignment import probabilistic_serial, serial_dictatorship
from parley.mechanisms.assignment.decomposition import decompose
from parley.mechanisms.assignment.lottery import recompose
from parley.mechanisms.assignment.problem import Problem, from_orders
from parley.mechanisms.assignment.pseudo_market import equilibrium

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from parley.mechanisms.assignment.lottery import Matrix

TURNS = 3
PATIENCE = 10**8
"""States of a layer that are allowed here."""
LITTLE = 1e-12
"""What a residual in floating point is taken for 0 below."""


def draw(agents: int, seed: int) -> Problem:
    """As many items as agents, ranked at random."""
    dice = np.random.default_rng(seed)
    return from_orders([dice.permutation(agents).tolist() for _ in range(agents)], agents)


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came of it."""
    start = perf_counter()
    found = action()
    return perf_counter() - start, found


def race(ours: Callable[[], Any], theirs: Callable[[], Any]) -> tuple[float, float, float, Any, Any]:
    """Medians of our seconds, of theirs, and of how many times faster we are; and what came of both."""
    turns = []
    found = also = None
    for _ in range(TURNS):
        mine, found = timed(ours)
        other, also = timed(theirs)
        turns.append((mine, other, other / mine))
    a, b, ratio = (statistics.median(column) for column in zip(*turns, strict=True))
    return a, b, ratio, found, also


def enumeration(sizes: list[int]) -> None:
    """The dynamic program against the average over all orders."""
    print("\nserial dictatorship: the dynamic program against all orders one by one")
    print(f"{'n':>4}{'program, s':>12}{'orders, s':>12}{'times faster':>14}")
    for n in sizes:
        problem = draw(n, n)
        ours, theirs, ratio, found, also = race(
            partial(serial_dictatorship.probabilities, problem),
            partial(serial_dictatorship.enumerated, problem),
        )
        if found != also:
            raise SystemExit(f"n = {n}: they differ")
        print(f"{n:4}{ours:12.4f}{theirs:12.3f}{ratio:14,.0f}", flush=True)


def growth(sizes: list[int], runs: int) -> None:
    """How the dynamic program grows, beside sampling."""
    print(f"\nserial dictatorship: how the dynamic program goes on, beside {runs:,} sampled orders")
    print(f"{'n':>4}{'states':>12}{'program, s':>12}{'sample, s':>12}{'largest error':>15}")
    for n in sizes:
        problem = draw(n, n)
        layers = serial_dictatorship.Layers(problem, PATIENCE)
        seconds, matrix = timed(layers.matrix)
        drawing, sample = timed(partial(serial_dictatorship.sample, problem, runs=runs, seed=1))
        error = np.abs(sample.matrix - np.array(matrix, dtype=float)).max()
        print(f"{n:4}{layers.largest:12,}{seconds:12.2f}{drawing:12.2f}{error:15.4f}", flush=True)


def eating(sizes: list[int]) -> None:
    """Probabilistic serial, exactly."""
    print("\nprobabilistic serial, in fractions")
    for n in sizes:
        problem = draw(n, n).with_rule("probabilistic-serial")
        seconds, matrix = timed(partial(probabilistic_serial.probabilities, problem))
        if any(sum(row) != 1 for row in matrix[:10]):
            raise SystemExit(f"n = {n}: rows do not sum to 1")
        print(f"{n:5} × {n:<5}{seconds:8.2f} s", flush=True)


def birkhoff(matrix: NDArray[np.float64]) -> list[tuple[float, NDArray[np.intp]]]:
    """Birkhoff's proof as a loop, in floating point: take off a permutation inside what is left."""
    left = matrix.copy()
    terms = []
    while left.sum() > LITTLE * left.size:
        rows, columns = linear_sum_assignment(np.where(left > LITTLE, left, -1e6), maximize=True)
        weight = float(left[rows, columns].min())
        if weight <= LITTLE:
            break
        left[rows, columns] -= weight
        terms.append((weight, columns))
    return terms


def decomposition(sizes: list[int]) -> None:
    """Exact lotteries against SciPy's solver in a loop."""
    print("\na lottery for probabilistic serial: exact, against SciPy's solver in a loop, in floating point")
    print(f"{'n':>4}{'ours, s':>9}{'loop, s':>9}{'times faster':>14}{'terms':>7}{'its own':>9}{'it lost':>9}")
    for n in sizes:
        problem = draw(n, n).with_rule("probabilistic-serial")
        matrix: Matrix = probabilistic_serial.probabilities(problem)
        rough = np.array(matrix, dtype=float)
        ours, theirs, ratio, lottery, terms = race(
            partial(decompose, matrix, [1] * n), partial(birkhoff, rough)
        )
        if recompose(lottery, n, n) != matrix:
            raise SystemExit(f"n = {n}: the lottery does not average to the matrix")
        lost = 1 - sum(weight for weight, _ in terms)
        if not isclose(lost, 0, abs_tol=1e-3):
            raise SystemExit(f"n = {n}: the loop is no decomposition")
        print(
            f"{n:4}{ours:9.2f}{theirs:9.2f}{ratio:14.1f}{len(lottery):7,}{len(terms):9,}{lost:9.0e}",
            flush=True,
        )


def markets(sizes: list[int]) -> None:
    """Equilibria of pseudo-markets: utilities of few values, so with many ties, and of many."""
    print("\npseudo-market, seconds and shortfall (utilities 0 to 3; 0 to 99)")
    for n in sizes:
        cells = []
        for most in (3, 99):
            dice = np.random.default_rng(n)
            rows = dice.integers(0, most + 1, (n, n)).tolist()
            problem = Problem.from_mapping(
                {
                    "kind": "assignment",
                    "items": [f"item {k}" for k in range(n)],
                    "utilities": rows,
                    "rule": "pseudo-market",
                }
            )
            seconds, found = timed(partial(equilibrium, problem))
            cells.append(f"{seconds:8.2f} s, {float(found.shortfall.greatest):.0e}")
        print(f"{n:4}{cells[0]:>20}{cells[1]:>20}", flush=True)


def main() -> None:
    """Measure all of it and print tables."""
    parser = argparse.ArgumentParser(description="Benchmark the theory of random assignment.")
    parser.add_argument("--quick", action="store_true", help="small sizes only")
    options = parser.parse_args()
    quick = options.quick
    enumeration([5, 6] if quick else [6, 7, 8, 9])
    growth([8, 10] if quick else [12, 14, 16, 18, 20], 10_000 if quick else 100_000)
    eating([100] if quick else [100, 300, 1000])
    decomposition([10, 20] if quick else [25, 50, 100, 200])
    markets([3, 5] if quick else [5, 10, 20, 30])


if __name__ == "__main__":
    main()
