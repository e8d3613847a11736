"""Gas by function, number of agents and number of task types, exactly as py-evm accounts for it.

The figures are kept in ``benchmarks/gas.json``, which the tests hold against the contracts: whoever makes a
function dearer or cheaper sees by how much, and says so by writing the file anew.

Run: ``.venv/bin/python benchmarks/gas.py [--write]``
"""

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from sim.chain.evm import open_evm
from sim.coordination.bots import make_bots
from sim.coordination.play import FUNCTIONS, Player, deploy_mechanism
from sim.coordination.problem import Problem, example_1

SNAPSHOT = Path(__file__).with_name("gas.json")

SIZES = ((2, 1), (5, 1), (5, 5), (5, 20), (20, 5), (50, 5))
"""Agents and task types of the games that are measured beside the paper's example."""


def ladder(agents: int, types: int) -> Problem:
    """Make a problem where delegation pays: agent 1 has most of every type, the others have room."""
    rows = [[4 if i == 0 else int(i % types == t) for t in range(types)] for i in range(agents)]
    room = [[d + (i > 0) for d in row] for i, row in enumerate(rows)]
    return Problem.from_mapping(
        {
            "kind": "coordination",
            "contracted": rows,
            "capacity": room,
            "costs": [{"type": "quadratic", "quadratic": 1}],
            "continuation": "9/10",
            "recognition": "p-star",
        }
    )


def gas_of(problem: Problem) -> dict[str, Any]:
    """Play one game in equilibrium: gas of the whole, and least and most by function."""
    evm = open_evm("py-evm")
    player = Player(evm, deploy_mechanism(evm), problem, make_bots(["equilibrium"], problem.agents), seed=1)
    player.play(0)
    names = {selector: name for name, selector in FUNCTIONS.items()}
    used: dict[str, list[int]] = {}
    for sent, gas in zip(player.sent, player.gas_used, strict=True):
        used.setdefault(names[sent.data[:4]], []).append(gas)
    by_function = {name: [min(gas), max(gas)] for name, gas in used.items()}
    third = used["announce"][2:3]
    return {"game": sum(player.gas_used), "third announcement": third, "least and most": by_function}


def measured() -> dict[str, Any]:
    """Return the whole snapshot."""
    deployed = open_evm("py-evm")
    size = len(deployed.code(deploy_mechanism(deployed).mechanism))
    games = {"paper's example": gas_of(example_1())}
    games |= {f"{agents} agents, {types} types": gas_of(ladder(agents, types)) for agents, types in SIZES}
    return {"contract bytes": size, "games": games}


def main() -> None:
    """Print the snapshot as a table; with --write, keep it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help=f"write {SNAPSHOT.name}")
    snapshot = measured()
    if parser.parse_args().write:
        SNAPSHOT.write_text(json.dumps(snapshot, indent=1) + "\n", encoding="utf-8")
    table = Table(title=f"Gas on py-evm (contract of {snapshot['contract bytes']:,} bytes)")
    table.add_column("")
    for name in FUNCTIONS:
        if name != "expire":
            table.add_column(name, justify="right")
    table.add_column("game", justify="right")
    for title, game in snapshot["games"].items():
        spans = game["least and most"].values()
        cells = [f"{low:,}" if low == high else f"{low:,}–{high:,}" for low, high in spans]
        table.add_row(title, *cells, f"{game['game']:,}")
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
