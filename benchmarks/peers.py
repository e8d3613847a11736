"""Games per second of the same game on the same contract: Parley, and what one would take instead.

Everybody plays the paper's five-agent example with Parley's own bots, whose decisions are kept alike; what
differs is the runner: how calls are coded, executed and decoded, and how agents take turns. Each contestant
has a process of its own and plays when told to; all others wait. They take turns, and what is compared is
the ratio within each turn: the machine under the program may speed up and slow down. Every game of every
turn is held against theory: whom the draw must name on that chain, and what each agent must have paid.

The peers live in an environment of their own, ``build/peers``, which the first run sets up.

Run: ``.venv/bin/python benchmarks/peers.py [--turns N] [--games N] [--only NAME…] [--json]``
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from parley.chain.compiler import compile_contracts

ROOT = Path(__file__).parents[1]
ENVIRONMENT = ROOT / "build" / "peers"
REQUIREMENTS = Path(__file__).with_name("peers-requirements.txt")

CALLS = 26
"""Transactions of one game."""


class Contestant(NamedTuple):
    """Who plays.

    Attributes
    ----------
    title : str
        For the table.
    share : float
        Games a turn, in parts of what `--games` says: the slow play fewer.
    peer : bool
        Whether it needs the peers' environment.
    settings : dict
        Environment variables.
    """

    title: str
    share: float = 1
    peer: bool = True
    settings: dict[str, str] = {}  # noqa: RUF012 - never written to


CONTESTANTS = {
    "bare": Contestant("bare loop on revm", peer=False),
    "parley": Contestant("Parley on revm", peer=False),
    "simular": Contestant("simular on revm"),
    "mesa": Contestant("mesa over pyrevm"),
    "verbs": Contestant("verbs on revm"),
    "titanoboa": Contestant("titanoboa on py-evm", 1 / 40),
    "parley-py-evm": Contestant("Parley on py-evm", 1 / 75, peer=False),
    "anvil": Contestant("anvil with web3", 1 / 50),
    "web3-eth-tester": Contestant(
        "web3 + eth-tester",
        1 / 150,
        peer=False,
        settings={"ECC_BACKEND_CLASS": "eth_keys.backends.NativeECCBackend"},
    ),
}
"""In the order of play: whoever is near Parley in speed plays near it in time."""


def set_up() -> Path:
    """Return the Python of the peers' environment, made or brought up to date if need be."""
    python, stamp = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "requirements.txt"
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        print(f"setting up {ENVIRONMENT.relative_to(ROOT)} (once, about a minute)", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)  # noqa: S603
        subprocess.run([python, "-m", "pip", "install", "-qq", "-r", REQUIREMENTS], check=True)  # noqa: S603
        stamp.write_text(wanted, encoding="utf-8")
    return python


class Process:
    """A contestant's process."""

    def __init__(self, name: str, python: str | Path) -> None:
        contestant = CONTESTANTS[name]
        self.name = name
        self._process = subprocess.Popen(  # noqa: S603 - our own
            [python, "-m", "benchmarks.runners", name],
            cwd=ROOT,
            env=os.environ | contestant.settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def play(self, games: int) -> float:
        """Let it play a turn; return games per second."""
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the pipes are gone")
        print(games, file=process.stdin, flush=True)
        answer = process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self.name} cannot play (see above); leave it out with --only")
        turn = json.loads(answer)
        return float(turn["games"] / turn["seconds"])

    def close(self) -> None:
        """Let it end."""
        self._process.communicate()


def measure(names: list[str], turns: int, games: int) -> dict[str, list[float]]:
    """Return games per second by contestant and turn."""
    compile_contracts()
    peers = set_up() if any(CONTESTANTS[name].peer for name in names) else sys.executable
    processes: list[Process] = []
    try:
        for name in names:
            # One by one: whatever goes wrong, those that have started are stopped.
            python = peers if CONTESTANTS[name].peer else sys.executable
            processes.append(Process(name, python))
        played = {name: max(2, round(games * CONTESTANTS[name].share)) for name in names}
        for process in processes:
            # Imports, positions and caches are warm from here on, and the bare loop's calldata is built.
            process.play(played[process.name])
        speeds: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(turns):
            for process in processes:
                speeds[process.name].append(process.play(played[process.name]))
        return speeds
    finally:
        for process in processes:
            process.close()


def summary(speeds: dict[str, list[float]]) -> dict[str, Any]:
    """Return medians of speeds, and of their ratios to Parley's in the same turn, with their range."""
    result = {}
    for name, mine in speeds.items():
        ratios = [ours / theirs for ours, theirs in zip(speeds["parley"], mine, strict=True)]
        result[name] = {
            "games per second": statistics.median(mine),
            "transactions per second": CALLS * statistics.median(mine),
            "Parley over this": statistics.median(ratios),
            "least": min(ratios),
            "most": max(ratios),
        }
    return result


def show(result: dict[str, Any], turns: int, load: tuple[float, float]) -> None:
    """Print the table."""
    table = Table(title=f"The paper's five-agent game: medians of {turns} turns")
    table.add_column("")
    for column in ("games/s", "transactions/s", "Parley ÷ this", "least – most"):
        table.add_column(column, justify="right")
    for name, row in result.items():
        table.add_row(
            CONTESTANTS[name].title,
            f"{row['games per second']:,.1f}",
            f"{row['transactions per second']:,.0f}",
            f"{row['Parley over this']:,.2f}",
            f"{row['least']:,.2f} – {row['most']:,.2f}",
        )
    console = Console()
    console.print(table)
    console.print(f"Load of the machine before and after: {load[0]:.2f}, {load[1]:.2f}")


def main() -> None:
    """Take turns, print medians and ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=15, help="how often everybody plays (default 15)")
    parser.add_argument("--games", type=int, default=300, help="games a turn; the slow play fewer (300)")
    parser.add_argument(
        "--only", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS), help="who plays beside Parley"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    options = parser.parse_args()
    names = [name for name in CONTESTANTS if name == "parley" or name in options.only]
    before = os.getloadavg()[0]
    speeds = measure(names, options.turns, options.games)
    result, load = summary(speeds), (before, os.getloadavg()[0])
    if options.json:
        print(json.dumps({"turns": options.turns, "load": load, "results": result}, indent=2))
    else:
        show(result, options.turns, load)


if __name__ == "__main__":
    main()
