"""How long the allocation solver takes, and what memory: `python benchmarks/allocation.py [--quick]`.

Problems are drawn from seeds by the generators below; each solution is checked by the prices that come with
it. Then others solve the same problems beside it, larger and larger ones, each until it takes too long: see
``solvers``. OR-tools and networkx live in the peers' environment (see ``peers``).
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import numpy as np

from parley.mechanisms.coordination.allocation import cost_effective, proves_optimal
from parley.mechanisms.coordination.costs import Cost, Piecewise, Power, Quadratic
from parley.mechanisms.coordination.problem import Problem


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


ROOT = Path(__file__).parents[1]

GENERATORS: dict[str, Callable[[int, int, int], Problem]] = {
    "special domain": special_domain,
    "special, mixed costs": mixed_costs,
    "special, 16 digits": many_digits,
    "general domain": general_domain,
    "general, scarce, ties": scarce_general_domain,
}

CASES: list[tuple[str, int, int, float]] = [
    ("special domain", 10_000, 100, 5),
    ("special, mixed costs", 10_000, 100, 5),
    ("special, 16 digits", 10_000, 100, 5),
    ("general domain", 2_000, 50, 60),
    ("general, scarce, ties", 2_000, 50, 60),
    ("special domain", 100_000, 100, 60),
    ("special, mixed costs", 100_000, 100, 60),
    ("special, 16 digits", 100_000, 100, 60),
]
"""Agents, types, and seconds that it may take."""

SIZES = {
    "general domain": [(5, 3), (20, 5), (100, 10), (300, 20), (1_000, 30)],
    "special domain": [(20, 3), (100, 10), (1_000, 20), (10_000, 20)],
}
"""Agents and types of the races."""

OURS = ("cvxpy, its choice", "cvxpy, Clarabel", "HiGHS, linear", "HiGHS, integer", "SciPy, SLSQP")
PEERS = {"OR-tools, flows": "ortools", "networkx, flows": "networkx"}
"""By the package that they need."""


def solve(name: str, agents: int, types: int, seed: int) -> tuple[float, float, float]:
    """Return seconds, the share of cost that is saved, and the process's peak of memory in MB."""
    problem = GENERATORS[name](agents, types, seed)
    start = perf_counter()
    found = cost_effective(problem)
    seconds = perf_counter() - start
    # Checking by Python's own integers takes longer and more memory than solving.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if not proves_optimal(problem, found.matrix, found.prices):
        raise SystemExit(f"{name}, seed {seed}: the prices do not prove the allocation optimal")
    saved = 1 - found.total_cost / problem.total_cost(problem.contracted)
    return seconds, float(saved), peak


def time_and_memory(seeds: int, *, quick: bool) -> None:
    """Solve each case in a process of its own and print what it took."""
    print(
        f"{'case':24}{'agents':>8}{'types':>7}{'seed':>6}{'seconds':>9}{'limit':>7}{'saved':>8}{'peak MB':>9}"
    )
    for name, most, types, limit in CASES:
        agents = most // 10 if quick else most
        for seed in range(1, seeds + 1):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
                seconds, saved, peak = process.submit(solve, name, agents, types, seed).result()
            print(
                f"{name:24}{agents:8,}{types:7}{seed:6}{seconds:9.2f}{limit:7}{saved:8.1%}{peak:9.0f}",
                flush=True,
            )
            if seconds > limit:
                raise SystemExit(f"{name}, seed {seed}: took {seconds:.2f} s, more than {limit} s")


def contestants() -> dict[str, str]:
    """Who can play, with the Python that each needs; a word about those who cannot."""
    found = dict.fromkeys(OURS, sys.executable)
    python = ROOT / "build" / "peers" / "bin" / "python"
    for name, package in PEERS.items():
        command = [str(python), "-c", f"import {package}"]
        if python.exists() and not subprocess.run(command, check=False, capture_output=True).returncode:  # noqa: S603
            found[name] = str(python)
        else:
            print(f"{name}: left out, the peers' environment has no {package} (benchmarks/peers.py makes it)")
    return found


def race(
    name: str, python: str, case: str, size: tuple[int, int], limit: float
) -> tuple[list[dict[str, float]], str]:
    """Let one solver take turns with Parley, three at most in the time; return these and what went wrong."""
    command = [python, "-m", "benchmarks.solvers", name, case, *map(str, size), "3"]
    try:
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=limit, check=False)  # noqa: S603
        lines, failed = ran.stdout, ran.stderr.strip() if ran.returncode else ""
    except subprocess.TimeoutExpired as expired:
        lines, failed = (expired.stdout or b"").decode(), f"no answer in {limit:.0f} s"
    return [json.loads(line) for line in lines.splitlines()], failed.splitlines()[-1] if failed else ""


def races(limit: float, *, quick: bool) -> None:
    """Let everybody play, on larger and larger problems; who does not end in time plays no larger ones."""
    playing = contestants()
    for case, sizes in SIZES.items():
        left = dict(playing)
        for size in sizes[:2] if quick else sizes:
            print(f"\n{case}, {size[0]:,} agents × {size[1]} types")
            for name, python in list(left.items()):
                turns, failed = race(name, python, case, size, limit)
                if not turns:
                    print(f"    {name:20} {failed}")
                    del left[name]
                    continue
                ratio, ours, theirs, off = (
                    statistics.median(values)
                    for values in (
                        [turn["theirs"] / turn["ours"] for turn in turns],
                        [turn["ours"] for turn in turns],
                        [turn["theirs"] for turn in turns],
                        [turn["off"] for turn in turns],
                    )
                )
                print(
                    f"    {name:20} {theirs:9.4f} s  Parley {ours:9.4f} s  {ratio:9.1f} times"
                    f"  cost off by {off:.0e}" + ("" if len(turns) == 3 else f"  ({len(turns)} of 3 turns)"),
                    flush=True,
                )


def main() -> None:
    """Solve each case and print what it took, then race."""
    parser = argparse.ArgumentParser(description="Benchmark the allocation solver.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the agents, and small races")
    parser.add_argument("--seeds", type=int, default=2, help="problems a case (default 2)")
    parser.add_argument("--limit", type=float, default=30, help="seconds for three turns of a race (30)")
    options = parser.parse_args()
    time_and_memory(options.seeds, quick=options.quick)
    races(options.limit, quick=options.quick)


if __name__ == "__main__":
    main()
