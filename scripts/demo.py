"""Play a problem of each kind, draw pictures, and make one page of all: `make demo`.

It prints at most 80 lines of 80 columns. Its runs are those of the commands that it shows.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, NamedTuple

from parley.kit.present.page import write_page
from parley.kit.present.run import play_into
from parley.kit.registry import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.kit.protocols import PlayOptions

ROOT = Path(__file__).parents[1]
WIDTH = 80
SEED = 1
FINDINGS = 3
"""Sentences of each run."""


class Shown(NamedTuple):
    """One run of the demo: what it is about, its problem and its bots."""

    about: str
    problem: str
    bots: str = ""


SHOWN = (
    Shown(
        "Coordination: agents say in turn which tasks they take, then bargain over what this saves.",
        "paper-example-1",
    ),
    Shown(
        "Assignment: agents rank items, and a lottery gives them out.",
        "assignment-bogomolnaia-moulin",
    ),
    Shown(
        "Screening: agents choose from menus how their tasks may change, and nobody is worse off.",
        "screening-worked-example",
    ),
    Shown(
        "Guarantees: a platform promises its providers fair pay. Here its dispatcher breaks the promise.",
        "guarantees-worked-example",
        "lazy,copying",
    ),
    Shown(
        "Team: a principal hires a team at wages that nobody envies.",
        "team-worked-example",
    ),
)
"""In the order of the kinds; the folder of each has its number and kind."""

CLOSING = (
    "Five mechanisms were played as real contracts, every transaction in an EVM, by bots that know only what "
    "the chain shows. What was paid and drawn was compared with exact theory, by tests that reject at one in "
    "a million. Some games of each were replayed on a second EVM, and every transaction was the same."
)


def run(arguments: Sequence[str]) -> int:
    """Run the demo, and return the exit status."""
    parser = argparse.ArgumentParser(description="Play a problem of each kind, and make one page of all.")
    parser.add_argument("--out", type=Path, default=Path("build/demo"), help="folder of the runs")
    parser.add_argument("--games", type=int, default=2000, help="games of each kind")
    options = parser.parse_args(arguments)
    agreed = [_show(shown, options.out, options.games, number) for number, shown in enumerate(SHOWN, 1)]
    _say(CLOSING)
    _say(f"The page with all of it: {write_page(options.out)}")
    return 0 if all(agreed) else 1


def _show(shown: Shown, out: Path, games: int, number: int) -> bool:
    """Play one problem, and say what came out."""
    file = f"problems/{shown.problem}.toml"
    problem = load(ROOT / file)
    folder = out / f"{number}-{problem.kind}"
    bots = f" --bots {shown.bots}" if shown.bots else ""
    command = f"$ parley simulate {file} --games {games} --seed {SEED}{bots} --out {folder}"
    _say(shown.about)
    print(fill(command, WIDTH, subsequent_indent="    ", break_on_hyphens=False))
    given: PlayOptions = {"games": games, "seed": SEED}
    if shown.bots:
        given["bots"] = shown.bots.split(",")
    played, files = play_into(folder, problem, force=True, **given)
    sheet = problem.sheet(played.to_json(), shown.problem)
    for _, text in sheet.findings[:FINDINGS]:
        print(fill(text, WIDTH, initial_indent="  ", subsequent_indent="  "))
    verdict = "agrees with theory" if played.holds else "DIFFERS from theory"
    pictures = [f"{folder / name}" for name in files if name.endswith(".png")]
    print(f"  → {verdict}; picture: {', '.join(pictures)}")
    print()
    return played.holds and played.identical


def _say(text: str) -> None:
    print(fill(text, WIDTH))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
