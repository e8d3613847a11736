"""Folders to report on: a small real experiment whose every text is hostile, simulations, audits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from parley.kit.experiment.run import run_experiment
from parley.kit.present.run import play_into
from parley.kit.registry import load

if TYPE_CHECKING:
    from pathlib import Path

TITLE = 'Greed & <b>glory</b> </script><script>document.title="owned"</script>'
QUESTION = "Is {{ 7 * 7 }} < 50 & <img src=x onerror=document.body.remove()> harmless?"
NAMES = (
    '<script>document.title="owned"</script>',
    '"><img src=x onerror=document.body.remove()>',
    r"$\frac{ 名前 ${alert(1)}`",
)
RECOGNITION = ("announcement-proportional", "p-star")
CONTINUATION = ("1/2", "9/10")
GENERATIONS = 4
GAMES = 40

PROBLEM = {
    "kind": "coordination",
    "contracted": [[6, 0, 0], [0, 3, 0], [0, 0, 1]],
    "capacity": [[6, 0, 0], [3, 3, 0], [4, 2, 1]],
    "costs": [{"type": "quadratic", "quadratic": 1}],
    "continuation": "9/10",
    "recognition": "p-star",
    "names": {"agents": list(NAMES)},
}

EXPERIMENT = {
    "kind": "experiment",
    "title": TITLE,
    "question": QUESTION,
    "seeds": [1],
    "generations": GENERATIONS,
    "games": GAMES,
    "problem": {"file": "problem.json"},
    "population": {
        "members": 8,
        "strategies": {"equilibrium": "1/2", "greedy": "1/4", "stubborn:1/10": "1/4"},
        "seats": [{"seat": 2, "strategies": {"equilibrium": 1}}],
    },
    "adaptation": {"rule": "replicator", "rate": 2, "mutation": "1/20"},
    "sweep": {"recognition": list(RECOGNITION), "continuation": list(CONTINUATION)},
}


def make_experiment(folder: Path, **changes: object) -> Path:
    """Play the experiment, with some keys changed, and say where its tables are."""
    (folder / "problem.json").write_text(json.dumps(PROBLEM), encoding="utf-8")
    file = folder / "experiment.json"
    file.write_text(json.dumps(EXPERIMENT | changes), encoding="utf-8")
    return run_experiment(file, out=folder / "tables").folder


def make_simulation(folder: Path) -> Path:
    """Play 60 games, some of them against somebody stubborn."""
    problem = load({key: value for key, value in PROBLEM.items() if key != "names"})
    play_into(folder, problem, games=60, seed=3, bots=["equilibrium", "stubborn", "equilibrium"])
    return folder


def make_audit(folder: Path) -> Path:
    """Audit a recognition function that fails two axioms."""
    load(PROBLEM).audit(recognition="announcement-proportional", problems=30, games=0).write(folder)
    return folder


ITEMS = ("</script><b>", "Sta & tistics", "$\\frac{ 名前")
UTILITIES = ([3, 0, 1], [3, 0, 1], [3, 0, 2])
LOTTERIES = 60

LOTTERY = {
    "kind": "assignment",
    "rule": "serial-dictatorship",
    "items": list(ITEMS),
    "utilities": list(UTILITIES),
    "names": {"agents": list(NAMES)},
}
"""Everybody likes the first item best, and another lottery than the rule's is worth more to all."""


def make_lotteries(folder: Path) -> Path:
    """Play lotteries in which the second agent never reveals."""
    bots = ["truthful", "absent:revealing", "truthful"]
    play_into(folder, load(LOTTERY), games=LOTTERIES, seed=3, bots=bots)
    return folder


def make_lottery_audit(folder: Path) -> Path:
    """Audit a random assignment that is not efficient."""
    load(LOTTERY).audit().write(folder)
    return folder
