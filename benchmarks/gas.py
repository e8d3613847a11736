"""Gas by function and size of the game, for each mechanism, exactly as py-evm accounts for it.

The figures are kept in ``benchmarks/gas.json``, which the tests hold against the contracts: whoever makes a
function dearer or cheaper sees by how much, and says so by writing the file anew.

Run: ``.venv/bin/python benchmarks/gas.py [--write]``
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.table import Table

import parley.mechanisms.assignment.bots
import parley.mechanisms.assignment.play
from parley.chain.backends import open_reference
from parley.kit.play.player import Player as AnyPlayer
from parley.mechanisms.assignment.certificate import Certificate
from parley.mechanisms.assignment.plan import plan
from parley.mechanisms.assignment.problem import Problem as AssignmentProblem
from parley.mechanisms.assignment.problem import example_1 as assignment_example_1
from parley.mechanisms.assignment.problem import from_orders
from parley.mechanisms.assignment.terms import most_terms_kept
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.play import Player, deploy_mechanism
from parley.mechanisms.coordination.problem import Problem, example_1

SNAPSHOT = Path(__file__).with_name("gas.json")

SIZES = ((2, 1), (5, 1), (5, 5), (5, 20), (20, 5), (50, 5))
"""Agents and task types of the games that are measured beside the paper's example."""

LOTTERIES = {"serial-dictatorship": ((26, 23), (64, 64)), "probabilistic-serial": ((26, 23), (64, 5))}
"""Agents and items of the lotteries that are measured beside the paper's example."""


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


def largest() -> Problem:
    """Make the largest problem there is: 64 agents and types, and for each agent a cost of 16 pieces."""
    problem = ladder(64, 64)
    costs = [
        {"type": "piecewise", "breakpoints": list(range(0, 32, 2)), "slopes": [i + k for k in range(16)]}
        for i in range(1, 65)
    ]
    return Problem.from_mapping(problem.to_mapping() | {"costs": costs})


def scattered(agents: int, items: int) -> AssignmentProblem:
    """Make a problem of unrelated rankings; where agents are more than items, every third is there twice."""
    dice = Random(agents)
    orders = [dice.sample(range(items), items) for _ in range(agents)]
    return from_orders(
        orders,
        items,
        capacities=[
            -(-agents // items) + (items < agents and o % 3 == 0) - (items < agents < 2 * items)
            for o in range(items)
        ],
    )


def gas_of(problem: Problem) -> dict[str, Any]:
    """Play one game in equilibrium: gas of the whole, and least and most by function."""
    evm = open_reference()
    player = Player(evm, deploy_mechanism(evm), problem, make_bots(["equilibrium"], problem.agents), seed=1)
    player.play(0)
    used = by_function(player)
    return {
        "game": sum(player.gas_used),
        "third announcement": used["announce"][2:3],
        "least and most": spans(used),
    }


def full_page(agents: int, items: int) -> tuple[AssignmentProblem, Certificate]:
    """Make a lottery that is dear to post: everybody gets anything, by as many terms as are kept.

    `items` has to divide `agents`.
    """
    capacities = [agents // items] * items
    problem = from_orders([range(items)] * agents, items, "probabilistic-serial", capacities)
    one = agents**2
    share = one // items
    rounds, more = divmod(most_terms_kept(agents, one), items)
    weights: list[int] = []
    codes = b""
    for shift in range(items):
        parts = rounds + (shift < more)
        weights += [1] * (parts - 1) + [share - parts + 1]
        codes += bytes((seat + shift) % items + 1 for seat in range(agents)) * parts
    times = tuple(share * (item + 1) for item in range(items))
    return problem, Certificate(one, (share,) * (agents * items), times, tuple(weights), codes)


def gas_of_lottery(problem: AssignmentProblem, posted: Certificate | None = None) -> dict[str, Any]:
    """Play one lottery, all truthful: gas of the whole, and least and most by function."""
    evm = open_reference()
    bots = parley.mechanisms.assignment.bots.make_bots(["truthful"], problem.agents)
    contract = parley.mechanisms.assignment.play.deploy_mechanism(evm)
    planned = plan(problem, bots)
    if posted is not None:
        planned = replace(planned, certificate=posted)
    player = parley.mechanisms.assignment.play.Player(evm, contract, planned, seed=1)
    player.play(0)
    terms = {} if planned.certificate is None else {"terms": planned.certificate.terms}
    used = by_function(player)
    return {"game": sum(player.gas_used), **terms, "least and most": spans(used)}


def by_function(player: AnyPlayer[Any]) -> dict[str, list[int]]:
    """Return the gas of each transaction of the last game, by function."""
    names = {selector: name for name, selector in player.codec.selectors.items()}
    used: dict[str, list[int]] = {}
    for sent, gas in zip(player.sent, player.gas_used, strict=True):
        used.setdefault(names[sent.data[:4]], []).append(gas)
    return used


def spans(used: Mapping[str, list[int]]) -> dict[str, list[int]]:
    """Return least and most."""
    return {name: [min(gas), max(gas)] for name, gas in used.items()}


def measured() -> dict[str, Any]:
    """Return the whole snapshot, by contract."""
    evm = open_reference()
    games = {"paper's example": gas_of(example_1())}
    games |= {f"{agents} agents, {types} types": gas_of(ladder(agents, types)) for agents, types in SIZES}
    games["64 agents, 64 types, costs of 16 pieces each"] = gas_of(largest())
    lotteries = {}
    for rule, sizes in LOTTERIES.items():
        for title, problem in {
            "paper's example": assignment_example_1(),
            **{f"{agents} agents, {items} items": scattered(agents, items) for agents, items in sizes},
        }.items():
            lotteries[f"{title}, {rule}"] = gas_of_lottery(problem.with_rule(rule))
    lotteries["64 agents, 4 items, a full page"] = gas_of_lottery(*full_page(64, 4))
    return {
        "TwoStageMechanism": {
            "contract bytes": len(evm.code(deploy_mechanism(evm).mechanism)),
            "games": games,
        },
        "AssignmentLottery": {
            "contract bytes": len(evm.code(parley.mechanisms.assignment.play.deploy_mechanism(evm))),
            "games": lotteries,
        },
    }


def main() -> None:
    """Print the snapshot as a table; with --write, keep it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help=f"write {SNAPSHOT.name}")
    snapshot = measured()
    if parser.parse_args().write:
        SNAPSHOT.write_text(json.dumps(snapshot, indent=1) + "\n", encoding="utf-8")
    for name, contract in snapshot.items():
        table = Table(title=f"{name}: gas on py-evm (contract of {contract['contract bytes']:,} bytes)")
        functions = list(
            dict.fromkeys(f for game in contract["games"].values() for f in game["least and most"])
        )
        table.add_column("")
        for function in (*functions, "game"):
            table.add_column(function, justify="right")
        for title, game in contract["games"].items():
            found = [game["least and most"].get(function, []) for function in functions]
            cells = ["–".join(f"{gas:,}" for gas in dict.fromkeys(span)) for span in found]
            table.add_row(title, *cells, f"{game['game']:,}")
        Console(width=200).print(table)


if __name__ == "__main__":
    main()
