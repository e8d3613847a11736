"""A population of 1,000 agents over 200 generations: games on the EVM a second, and the memory they take.

Five seats of the greed experiment's problem, 200 members each, 500 games a generation: 100,000 games of the
contract in 26 transactions each, with matching, imitation and tables. Memory is that of this process and its
workers together, at its highest in each quarter of the run.

Run: ``.venv/bin/python benchmarks/population.py``
"""

import argparse
import json
import tempfile
import threading
import time
from pathlib import Path

from parley.chain.compiler import project_root
from parley.kit.experiment.run import run_experiment

QUARTERS = 4


def experiment(generations: int, games: int, members: int, engine: str) -> dict[str, object]:
    """Return the keys of the experiment."""
    problem = project_root() / "problems" / "experiments" / "problems" / "greed.toml"
    return {
        "kind": "experiment",
        "title": "A population of a thousand",
        "seeds": [1],
        "generations": generations,
        "games": games,
        "engine": engine,
        "sample": 0 if engine == "evm" else 2,
        "problem": {"file": str(problem)},
        "population": {"members": members, "strategies": {"equilibrium": "4/5", "greedy": "1/5"}},
        "adaptation": {"rule": "replicator", "rate": 4, "mutation": "1/100"},
        "sweep": {"recognition": ["announcement-proportional"]},
    }


def resident() -> float:
    """Return the memory of this process and all below it, in MB."""
    pages = 0
    waiting = [Path("/proc/self")]
    while waiting:
        process = waiting.pop()
        try:
            pages += int((process / "statm").read_text().split()[1])
            for task in (process / "task").iterdir():
                waiting += [Path("/proc") / child for child in (task / "children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
    return pages * 4096 / 2**20


def main() -> None:
    """Run it and print what it took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--generations", type=int, default=200, help="default 200")
    parser.add_argument("--games", type=int, default=500, help="a generation (default 500)")
    parser.add_argument("--members", type=int, default=200, help="of each of the five seats (default 200)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--engine", default="evm", help="evm, exact or statistical (default evm)")
    options = parser.parse_args()

    highest = [0.0] * QUARTERS
    share = 0.0
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.5):
            quarter = min(QUARTERS - 1, int(share * QUARTERS))
            highest[quarter] = max(highest[quarter], resident())

    def progress(done: int, total: int) -> None:
        nonlocal share
        share = done / total
        print(f"\r{done:,} of {total:,} games", end="", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "population.json"
        keys = experiment(options.generations, options.games, options.members, options.engine)
        file.write_text(json.dumps(keys), encoding="utf-8")
        watcher = threading.Thread(target=watch)
        watcher.start()
        began = time.perf_counter()
        try:
            run = run_experiment(file, out=Path(folder) / "run", workers=options.workers, progress=progress)
        finally:
            ended.set()
            watcher.join()
        seconds = time.perf_counter() - began
        size = sum(path.stat().st_size for path in run.folder.iterdir())
    games = run.manifest["games"]
    print(f"\n{5 * options.members:,} agents, {options.generations} generations, {options.workers} workers")
    print(f"{games:,} games in {seconds:.0f} s: {games / seconds:,.0f} a second, tables and checks included")
    print("memory at its highest, by quarter: " + ", ".join(f"{each:.0f} MB" for each in highest))
    print(f"tables: {size / 2**20:.1f} MB")


if __name__ == "__main__":
    main()
