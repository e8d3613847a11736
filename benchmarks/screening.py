"""Benchmark the design of screening menus on markets that no search has seen.

    .venv/bin/python benchmarks/screening.py [--quick] [--markets N]

Each line is one market drawn from a seed: social costs uniform on [1, 4], a status quo of 4 to 19 tasks of
each kind, types uniform on [1, 2]. Large market: the cost of the menus per copy, and a lower bound of that of
any menus. Finite market: the mean change of social cost on fresh types, the same for all designs. Times are
of the processor, all processes together, without compilation.
"""

from __future__ import annotations

import argparse
import resource
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from parley.mechanisms.screening.design import designed, large_market
from parley.mechanisms.screening.design.finite import SIMPLE, simple_design
from parley.mechanisms.screening.design.large import large
from parley.mechanisms.screening.design.numbers import Numbers
from parley.mechanisms.screening.problem import Problem, worked_example

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parley.mechanisms.screening.market import Menu

T = TypeVar("T")

SIZES = ((6, 2), (6, 3), (12, 6), (30, 8))
FRESH = 20_000
"""Profiles of types on which finite designs are compared."""


def draw(agents: int, tasks: int, seed: int) -> Problem:
    """One market."""
    dice = np.random.default_rng([agents, tasks, seed])
    return Problem.from_mapping(
        {
            "kind": "screening",
            "social_costs": np.round(dice.uniform(1, 4, (agents, tasks)), 2).tolist(),
            "status_quo": dice.integers(4, 20, (agents, tasks)).tolist(),
            "preferences": {"type": "uniform", "low": [1] * tasks, "high": [2] * tasks},
        }
    )


def busy() -> float:
    """Seconds of the processor used by this process and by those that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def timed(action: Callable[[], T]) -> tuple[float, T]:
    """Seconds of the processor, and the result."""
    start = busy()
    found = action()
    return busy() - start, found


def large_line(agents: int, tasks: int, seed: int) -> tuple[float, ...]:
    """Print one market's line of the first table."""
    problem = draw(agents, tasks, seed)
    designing, menus = timed(lambda: large(problem, 0))
    bounding, found = timed(lambda: large_market(problem, problem.market(menus).menus, workers=1))
    status_quo = float(problem.market(menus).status_quo_cost)
    print(
        f"{agents:4} × {tasks:<2}{seed:5}{status_quo:12,.1f}{found.value:12,.2f}{found.bound:12,.2f}"
        f"{found.gap:10.3%}{designing:10.1f}{bounding:10.1f}",
        flush=True,
    )
    return (found.gap,)


def finite_line(agents: int, tasks: int, seed: int) -> tuple[float, ...]:
    """Print one market's line of the second table."""
    problem = draw(agents, tasks, seed)
    fresh = Numbers.of(problem).sample(FRESH, seed, 99)

    def change(menus: Sequence[Menu]) -> float:
        return float(fresh.changes(problem.market(menus).menus).mean())

    names = {"large": large(problem, 0)} | {name: simple_design(problem, name, 0) for name in SIMPLE}
    seconds, menus = timed(lambda: designed(problem, "finite", 0, 1))
    found = (change(menus), *(change(own) for own in names.values()))
    status_quo = float(problem.market(menus).status_quo_cost)
    row = "".join(f"{x:12.2f}" for x in found)
    print(f"{agents:4} × {tasks:<2}{seed:5}{status_quo:12,.1f}{row}{seconds:10.1f}", flush=True)
    return found


def table(
    head: str,
    line: Callable[[int, int, int], tuple[float, ...]],
    sizes: Sequence[tuple[int, int]],
    markets: int,
) -> None:
    """Print lines, and means for each size."""
    print(f"\n{head}")
    for agents, tasks in sizes:
        rows = [line(agents, tasks, seed) for seed in range(markets if agents < 30 else 1)]
        means = "  ".join(f"{x:.4g}" for x in np.mean(rows, axis=0))
        print(f"{'':13}means: {means}", flush=True)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="leave out the two larger sizes")
    parser.add_argument("--markets", type=int, default=5, help="markets of each size; one of the largest")
    options = parser.parse_args()
    sizes = SIZES[:2] if options.quick else SIZES
    for problem in (worked_example(), draw(3, 3, 0)):  # compiles
        large_market(problem, problem.market(large(problem, 0)).menus, workers=1)
    designed(worked_example(), "finite", 0, 1)
    head = f"{'market':>9}{'seed':>5}{'status quo':>12}"
    table(
        f"large market\n{head}{'menus':>12}{'bound':>12}{'gap':>10}{'design s':>10}{'bound s':>10}",
        large_line,
        sizes,
        options.markets,
    )
    columns = "".join(f"{name:>12}" for name in ("designed", "large", *SIMPLE))
    table(f"finite market\n{head}{columns}{'design s':>10}", finite_line, sizes, options.markets)


if __name__ == "__main__":
    main()
