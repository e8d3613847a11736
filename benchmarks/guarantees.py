"""How long the solver of guarantees takes: `python benchmarks/guarantees.py [--quick] [--baseline]`.

Problems are drawn from seeds as in Section 5 of the paper: starts uniform on (0, window], lengths from a
normal distribution of mean 1, redrawn until in (0, 2), values equal to lengths, all whole multiples of 10⁻⁶.
Days have 300 trips in eight hours, in whole seconds and cents. Each line has the greatest least pay and the
value under max-min fairness, with the gap of their proved bounds, and the seconds. `--baseline` solves the
same problem by the assignment formulation, in as many seconds, at least ten; `--quick` leaves out what takes
minutes.
"""

import argparse
from collections.abc import Callable
from fractions import Fraction
from time import perf_counter, process_time

import numpy as np

from parley.mechanisms.guarantees.guarantee import MaxMin
from parley.mechanisms.guarantees.problem import Problem
from parley.mechanisms.guarantees.solution import Solution, solve
from parley.mechanisms.guarantees.solver.kernels import Ints
from parley.mechanisms.guarantees.solver.small import losses

UNIT = 10**6
LEAST_SECONDS = 10.0


def drawn(jobs: int, window: float, providers: int, seed: int, variation: float = 0.3) -> Problem:
    """Draw a problem of the paper's study."""
    starts, ends, values = numbers(np.random.default_rng(seed), jobs, window, variation)
    times = tuple((Fraction(a, UNIT), Fraction(b, UNIT)) for a, b in zip(starts, ends, strict=True))
    return Problem(providers, tuple(Fraction(value, UNIT) for value in values), MaxMin(), times)


def numbers(
    generator: np.random.Generator, jobs: int, window: float, variation: float
) -> tuple[list[int], list[int], list[int]]:
    """Draw starts, ends and values."""
    starts = generator.integers(1, round(window * UNIT) + 1, jobs).tolist()
    lengths: list[int] = []
    while len(lengths) < jobs:
        length = round(generator.normal(1, variation) * UNIT)
        lengths += [length] if 0 < length < 2 * UNIT else []
    return starts, [a + b for a, b in zip(starts, lengths, strict=True)], lengths


def arrays(generator: np.random.Generator, window: float, variation: float) -> tuple[Ints, Ints, Ints]:
    """Draw 30 jobs."""
    starts, ends, values = numbers(generator, 30, window, variation)
    return np.array(starts), np.array(ends), np.array(values)


def day(providers: int, seed: int, trips: int = 300, hours: int = 8) -> Problem:
    """Draw a day of trips of about twelve minutes."""
    generator = np.random.default_rng(seed)
    starts = generator.integers(0, hours * 3600, trips)
    lengths = np.maximum(60, np.rint(generator.lognormal(np.log(700), 0.5, trips))).astype(np.int64)
    cents = np.rint(250 + 0.9 * lengths + generator.integers(0, 300, trips)).astype(np.int64)
    times = [(Fraction(int(a)), Fraction(int(a + b))) for a, b in zip(starts, lengths, strict=True)]
    return Problem(providers, tuple(Fraction(int(c), 100) for c in cents), MaxMin(), tuple(times))


CASES: list[tuple[str, Callable[[int], Problem], float]] = [
    ("300 jobs, window 1.6, 30 providers", lambda seed: drawn(300, 1.6, 30, seed), 2),
    ("300 jobs, window 5, 30 providers", lambda seed: drawn(300, 5, 30, seed), 6),
    ("300 jobs, window 1.6, 200 providers", lambda seed: drawn(300, 1.6, 200, seed), 31),
    ("300 trips of a day, 5 providers", lambda seed: day(5, seed), 6),
    ("300 trips of a day, 10 providers", lambda seed: day(10, seed), 6),
    ("300 trips of a day, 20 providers", lambda seed: day(20, seed), 6),
    ("300 trips of a day, 30 providers", lambda seed: day(30, seed), 6),
    ("30 jobs, window 1.6, 10 providers", lambda seed: drawn(30, 1.6, 10, seed), 1),
    ("30 jobs, window 1.6, 20 providers", lambda seed: drawn(30, 1.6, 20, seed), 1),
]
"""Name, problem from a seed, and the seconds that it should take."""

LONG: list[tuple[str, Callable[[int], Problem], float]] = [
    ("100 jobs, window 5, 30 providers", lambda seed: drawn(100, 5, 30, seed), 300),
]
"""Where the linear program allows more than is possible: only branching closes the gap."""


def line(name: str, found: Solution, seconds: float, goal: str) -> str:
    """Describe one solution."""
    gaps = [
        float(pair[1] / pair[0] - 1) if pair is not None and pair[0] else 0.0
        for pair in (found.ranges["tau"], found.ranges["restricted_value"])
    ]
    tau, value = (float(number or 0) for number in (found.tau, found.restricted_value))
    result = f"least pay {tau:10.6f} (gap {gaps[0]:.1e}), value {value:11.6f} (gap {gaps[1]:.1e})"
    return f"{name:<38} {seconds:7.2f} s {goal:>10}  {found.status:<8} {result}"


def measure_study(samples: int) -> None:
    """Measure problems of 30 jobs for 2 to 30 providers together, in machine code."""
    generator = np.random.default_rng(0)
    losses(*arrays(generator, 1.6, 0.3), range(2, 31))  # compiles
    count = unproved = 0
    start = process_time()
    for window in (1.3, 1.5, 1.6, 1.8):
        for variation in (0.001, 0.1, 0.3, 0.5):
            for _ in range(samples):
                found = losses(*arrays(generator, window, variation), range(2, 31))
                unproved += sum(not one.proved for one in found)
                count += 1
    mean = 1000 * (process_time() - start) / count
    print(f"30 jobs, 2 to 30 providers together: {mean:.1f} ms of CPU (goal 90), {unproved} unproved")


def main() -> None:
    """Solve all cases."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--baseline", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    solve(drawn(40, 5, 4, 0))  # compiles
    measure_study(5 if options.quick else 50)
    for name, make, goal in CASES if options.quick else [*CASES, *LONG]:
        for seed in range(1 if options.quick else options.seeds):
            problem = make(seed)
            start = perf_counter()
            found = solve(problem, time_limit=max(60.0, 2 * goal))
            seconds = perf_counter() - start
            print(line(f"{name}, seed {seed}", found, seconds, f"goal {goal:g}"), flush=True)
            if options.baseline:
                start = perf_counter()
                other = solve(problem, time_limit=max(LEAST_SECONDS, seconds), method="assignment")
                print(line("  assignment", other, perf_counter() - start, ""), flush=True)


if __name__ == "__main__":
    main()
