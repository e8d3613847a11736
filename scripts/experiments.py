"""Run the shipped experiments, and make the tables and figures of docs/studies/experiments.

    python scripts/experiments.py --workers 2 --figures docs/images

runs all of problems/experiments, one after the other, each into build/experiments/NAME (as `parley
experiment` does: what has been played is not played again); by their names some of them only:

    python scripts/experiments.py patience scale

Below the tables stands how far the worst measurement is from theory, in standard deviations, and among how
many. All of it is reproducible: the same files give the same games, and so the same tables.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from parley.core.errors import ParleyError
from parley.kit.experiment.run import run_experiment
from parley.mechanisms.coordination.experiment.specification import load_experiment
from scripts.shipped.common import Page, draw

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NAMES", "measure", "run"]

TREE = Path(__file__).resolve().parents[1]
FILES = TREE / "problems" / "experiments"
NAMES = ("greed", "patience", "collusion", "learning", "withholding", "scale")
"""In the order in which docs/studies/experiments lists them."""


def measure(name: str, folder: Path, file: Path | None = None) -> Page:
    """Measure what the page of a finished experiment shows.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    folder : Path
        What the experiment has left.
    file : Path, optional
        The experiment's file, if it is another one than the shipped one.
    """
    module = importlib.import_module(f"scripts.shipped.{name}")
    page: Page = module.page(load_experiment(file or FILES / f"{name}.toml"), folder)
    return page


def _play(name: str, folder: Path, workers: int) -> None:
    columns = (TextColumn(f"{name:>12}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(name, total=None)
        run_experiment(
            FILES / f"{name}.toml",
            out=folder,
            workers=workers,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )


def run(arguments: Sequence[str]) -> int:
    """Do what the command line asks.

    Parameters
    ----------
    arguments : sequence of str
        Without the program's name.

    Returns
    -------
    int
        0, or 2 if something is wrong with what was asked.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}; all if none")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument(
        "--out", type=Path, default=TREE / "build" / "experiments", help="folder for the tables"
    )
    parser.add_argument("--figures", type=Path, help="folder for the figures; none are drawn without it")
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in NAMES:
            parser.error(f"no experiment {name}; there are {', '.join(NAMES)}")
    if options.workers < 1:
        parser.error("--workers: at least 1")
    for name in options.names or NAMES:
        started = time.monotonic()
        try:
            _play(name, options.out / name, options.workers)
        except ParleyError as error:
            print(error, file=sys.stderr)
            return 2
        page = measure(name, options.out / name)
        worst = max(page.claims, key=lambda claim: abs(claim.z))
        print(f"{name}\n")
        print("\n\n".join(page.tables) + "\n")
        print(f"farthest from theory of {len(page.claims)}: {worst.name}, {worst.z:+.1f} standard deviations")
        print(f"{time.monotonic() - started:.0f} s\n")
        if options.figures:
            draw(page.figure, options.figures / f"experiment-{name}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
