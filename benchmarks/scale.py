"""Many games: what a second worker adds, and what memory a long run takes.

Run: ``.venv/bin/python benchmarks/scale.py [--games N]``
"""

import argparse
import resource
import statistics

from rich.console import Console
from rich.table import Table

from parley.mechanisms.coordination.mechanism import MECHANISM
from parley.mechanisms.coordination.problem import example_1

TRANSACTIONS = 26
"""Of one game of the paper's example in equilibrium."""


def peak_megabytes() -> float:
    """Return the most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Meter:
    """Notes peak memory as games are finished."""

    def __init__(self) -> None:
        self.games = 0
        self.notes: list[tuple[int, float]] = []

    def __call__(self, finished: int) -> None:
        """Count games and look at the memory."""
        self.games += finished
        self.notes.append((self.games, peak_megabytes()))


def rate(workers: int, games: int) -> float:
    """Return games per second, as a run reports them."""
    run = MECHANISM.simulate(example_1(), games=games, seed=1, workers=workers)
    return run.tally.games / run.seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--games", type=int, default=80_000, help="games of the long run (default 80,000)")
    parser.add_argument("--turns", type=int, default=3, help="turns of one worker against two (default 3)")
    options = parser.parse_args()

    meter = Meter()
    MECHANISM.simulate(example_1(), games=options.games, seed=1, progress=meter)
    table = Table(title="Peak memory of a long run")
    table.add_column("transactions", justify="right")
    table.add_column("MB", justify="right")
    for share in (0.05, 0.1, 0.25, 0.5, 1.0):
        games, megabytes = next(note for note in meter.notes if note[0] >= share * options.games)
        table.add_row(f"{games * TRANSACTIONS:,}", f"{megabytes:,.0f}")
    Console().print(table)

    rate(2, 2_000)  # workers are started once and kept
    turns = [(rate(1, 12_000), rate(2, 12_000)) for _ in range(options.turns)]
    table = Table(title=f"Workers, medians of {options.turns} turns")
    for column in ("one: games/s", "two: games/s", "ratio"):
        table.add_column(column, justify="right")
    table.add_row(
        f"{statistics.median(one for one, _ in turns):,.0f}",
        f"{statistics.median(two for _, two in turns):,.0f}",
        f"{statistics.median(two / one for one, two in turns):.2f}",
    )
    Console().print(table)


if __name__ == "__main__":
    main()
