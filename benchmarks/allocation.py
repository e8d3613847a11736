"""How long the allocation solver takes, and what memory: `python benchmarks/allocation.py [--quick]`.

Problems are drawn from seeds by the generators below; each solution is checked by the prices that come with
it.
"""

import argparse
import resource
from collections.abc import Callable
from fractions import Fraction
from time import perf_counter

import numpy as np

from sim.coordination.allocation import cost_effective, proves_optimal
from sim.coordination.costs import Cost, Piecewise, Power, Quadratic
from sim.coordination.problem import Problem


def special_domain(agents: int, types: int, seed: int) -> Problem:
    """Make a hierarchy: each type has one contractor, in the first half; later agents can do a few units.

    D: 1,000 to 20,000 units of each type. C: 0 to 5 units of each type from its contractor on. f: a z² + b z
    with whole a from 1 to 9 and b from 0 to 49.
    """
    rng = np.random.default_rng(seed)
    contractor = np.sort(rng.choice(agents // 2, types, replace=False))
    contracted = np.zeros((agents, types), dtype=np.int64)
    contracted[contractor, np.arange(types)] = rng.integers(1_000, 20_001, types)
    capacity = rng.integers(0, 6, (agents, types))
    capacity[np.arange(agents)[:, None] < contractor] = 0
    return _problem(contracted, np.maximum(contracted, capacity), quadratics(agents, rng))


def general_domain(agents: int, types: int, seed: int) -> Problem:
    """Let everybody contract on everything: D from 0 to 3 units, C another 0 to 3 more; f as before."""
    rng = np.random.default_rng(seed)
    contracted = rng.integers(0, 4, (agents, types))
    return _problem(contracted, contracted + rng.integers(0, 4, (agents, types)), quadratics(agents, rng))


def scarce_general_domain(agents: int, types: int, seed: int) -> Problem:
    """Make a general domain full of ties: f(z) = z² for all, few spare units, the first agents busiest."""
    rng = np.random.default_rng(seed)
    contracted = rng.integers(0, 2, (agents, types)) * (1 + 9 * (np.arange(agents) < agents // 4))[:, None]
    spare = rng.integers(0, 3, (agents, types)) * (rng.random((agents, types)) < 0.3)
    return _problem(contracted, contracted + spare, (Quadratic(Fraction(1)),))


def mixed_costs(agents: int, types: int, seed: int) -> Problem:
    """The special domain with all kinds of costs in turn: quadratic, cubic, piecewise linear."""
    problem = special_domain(agents, types, seed)
    kinds: list[Cost] = [
        Quadratic(Fraction(3), Fraction(1)),
        Power(Fraction(1, 6), 3, Fraction(5)),
        Piecewise((Fraction(0), Fraction(10), Fraction(100)), (Fraction(5), Fraction(50), Fraction(500))),
    ]
    return _problem(problem.contracted, problem.capacity, tuple(kinds[i % 3] for i in range(agents)))


def many_digits(agents: int, types: int, seed: int) -> Problem:
    """Take the special domain with a and b of 16 digits, beyond what 64-bit arithmetic holds."""
    problem, rng = special_domain(agents, types, seed), np.random.default_rng(seed)
    a, b = rng.integers(10**15, 10**16, (2, agents)).tolist()
    costs = tuple(Quadratic(Fraction(x, 10**15), Fraction(y, 10**15)) for x, y in zip(a, b, strict=True))
    return _problem(problem.contracted, problem.capacity, costs)


def quadratics(agents: int, rng: np.random.Generator) -> tuple[Cost, ...]:
    """Random quadratic costs, one each."""
    a, b = rng.integers(1, 10, agents).tolist(), rng.integers(0, 50, agents).tolist()
    return tuple(Quadratic(Fraction(x), Fraction(y)) for x, y in zip(a, b, strict=True))


def _problem(contracted: np.ndarray, capacity: np.ndarray, costs: tuple[Cost, ...]) -> Problem:
    return Problem(contracted=contracted, capacity=capacity, costs=costs, continuation=Fraction(1, 2))


CASES: list[tuple[str, Callable[[int, int, int], Problem], int, int, float]] = [
    ("special domain", special_domain, 10_000, 100, 5),
    ("special, mixed costs", mixed_costs, 10_000, 100, 5),
    ("special, 16 digits", many_digits, 10_000, 100, 5),
    ("general domain", general_domain, 2_000, 50, 60),
    ("general, scarce, ties", scarce_general_domain, 2_000, 50, 60),
]


def main() -> None:
    """Solve each case and print what it took."""
    parser = argparse.ArgumentParser(description="Benchmark the allocation solver.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the agents")
    parser.add_argument("--seeds", type=int, default=2, help="problems a case (default 2)")
    options = parser.parse_args()
    print(
        f"{'case':24}{'agents':>8}{'types':>7}{'seed':>6}{'seconds':>9}{'limit':>7}{'saved':>8}{'peak MB':>9}"
    )
    for name, generate, agents, types, limit in CASES:
        for seed in range(1, options.seeds + 1):
            problem = generate(agents // 10 if options.quick else agents, types, seed)
            start = perf_counter()
            found = cost_effective(problem)
            seconds = perf_counter() - start
            if not proves_optimal(problem, found.matrix, found.prices):
                raise SystemExit(f"{name}, seed {seed}: the prices do not prove the allocation optimal")
            saved = 1 - found.total_cost / problem.total_cost(problem.contracted)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{name:24}{problem.agents:8,}{types:7}{seed:6}{seconds:9.2f}{limit:7}{float(saved):8.1%}{peak:9.0f}"
            )
            if seconds > limit:
                raise SystemExit(f"{name}, seed {seed}: took {seconds:.2f} s, more than {limit} s")


if __name__ == "__main__":
    main()
