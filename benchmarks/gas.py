"""Gas by function and size of the game, for each mechanism, exactly as py-evm accounts for it.

The figures are kept in ``benchmarks/gas.json``, which the tests hold against the contracts: whoever makes a
function dearer or cheaper sees by how much, and says so by writing the file anew.

Run: ``.venv/bin/python benchmarks/gas.py [--write]``
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.table import Table

import parley.mechanisms.assignment.bots
import parley.mechanisms.assignment.play
import parley.mechanisms.guarantees.contracts
import parley.mechanisms.guarantees.play
import parley.mechanisms.team.contracts
import parley.mechanisms.team.decisions
import parley.mechanisms.team.play
from parley.chain.abi import Interface
from parley.chain.backends import open_reference
from parley.chain.compiler import compile_contracts
from parley.chain.deploy import deployed_addresses
from parley.core.randomness import keccak, word
from parley.kit.play.player import Player as AnyPlayer
from parley.mechanisms.assignment.certificate import Certificate
from parley.mechanisms.assignment.contracts import CONTRACTS, MECHANISM
from parley.mechanisms.assignment.plan import plan
from parley.mechanisms.assignment.problem import Problem as AssignmentProblem
from parley.mechanisms.assignment.problem import example_1 as assignment_example_1
from parley.mechanisms.assignment.problem import from_orders
from parley.mechanisms.assignment.terms import most_terms_kept
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.play import Player, deploy_mechanism
from parley.mechanisms.coordination.problem import Problem, example_1
from parley.mechanisms.guarantees.decisions import cast
from parley.mechanisms.guarantees.problem import Problem as GuaranteesProblem
from parley.mechanisms.guarantees.problem import worked_example as guarantees_example
from parley.mechanisms.screening.certificate import certify
from parley.mechanisms.screening.parameters import MAX_COST, REMEDIAL, columns, parameters_of
from parley.mechanisms.screening.parameters import Parameters as RayMarketParameters
from parley.mechanisms.screening.problem import worked_example as screening_example
from parley.mechanisms.team.problem import Problem as TeamProblem

SNAPSHOT = Path(__file__).with_name("gas.json")

SIZES = ((2, 1), (5, 1), (5, 5), (5, 20), (20, 5), (50, 5))
"""Agents and task types of the games that are measured beside the paper's example."""

LOTTERIES = {"serial-dictatorship": ((26, 23), (64, 64)), "probabilistic-serial": ((26, 23), (64, 5))}
"""Agents and items of the lotteries that are measured beside the paper's example."""

MARKETS = ((12, 6), (30, 8))
"""Agents and tasks of the markets that are measured beside the paper's example and the largest ones."""

DISPATCHES = ((10, 30), (30, 300))
"""Providers and jobs of the dispatches that are measured beside the example."""

TEAMS = (5, 20, 64)
"""Members of the projects that are measured."""


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
    contract = deployed_addresses(evm, CONTRACTS)[MECHANISM]
    planned = plan(problem, bots)
    if posted is not None:
        planned = replace(planned, certificate=posted)
    player = parley.mechanisms.assignment.play.Player(evm, contract, planned, seed=1)
    player.play(0)
    terms = {} if planned.certificate is None else {"terms": planned.certificate.terms}
    used = by_function(player)
    return {"game": sum(player.gas_used), **terms, "least and most": spans(used)}


def market_of(agents: int, tasks: int, kinds: int) -> RayMarketParameters:
    """Make a market in which each agent has one ray, of four tasks; agents come in so many kinds.

    Agents of one kind are equal in everything, so that ties are many.
    """
    dice = Random(agents)
    costs: list[int] = []
    status_quo: list[int] = []
    endpoints: list[int] = []
    for kind in range(kinds):
        held = [100 * dice.randint(4, 19) for _ in range(tasks)]
        end = list(held)
        for k, task in enumerate(dice.sample(range(tasks), min(tasks, 4))):
            end[task] = [0, held[task] + 5 * dice.randint(100, 300), held[task] // 2, held[task] + 500][k]
        times = len(range(kind, agents, kinds))
        costs += [dice.randint(10, 40) for _ in range(tasks)] * times
        status_quo += held * times
        endpoints += end * times
    rows = tuple(costs), tuple(status_quo), (1,) * agents, tuple(endpoints)
    return RayMarketParameters((), tasks, *rows, 3_600, 3_600)


def largest_market(menu: int) -> RayMarketParameters:
    """Make a market of 64 agents and 8 tasks with the largest menus: eight rays each, or remedial ones."""
    dice = Random(menu)
    held = [dice.randint(2**17, 2**18) for _ in range(512)]
    costs = tuple(dice.randint(-MAX_COST, MAX_COST) for _ in held)
    endpoints = [
        0 if task == given else 2 * held[8 * seat + task] + dice.randint(1, 2**18)
        for seat in range(64 if menu != REMEDIAL else 0)
        for given in range(8)
        for task in range(8)
    ]
    return RayMarketParameters((), 8, costs, tuple(held), (menu,) * 64, tuple(endpoints), 3_600, 3_600)


def gas_of_market(without_agents: RayMarketParameters, choices: Sequence[int]) -> dict[str, Any]:
    """Play one market: gas of the whole, and least and most by function."""
    evm, artifact = open_reference(), compile_contracts()["RayMarket"]
    contract, interface = evm.deploy(artifact.bytecode), Interface(artifact.abi)
    p = replace(without_agents, agents=tuple(evm.accounts[: len(choices)]))
    used: dict[str, list[int]] = {}

    def send(sender: str, function: str, *args: object) -> bytes:
        receipt = evm.transact(sender, contract, interface.encode(function, *args))
        if not receipt.ok:
            raise ValueError(interface.decode_error(receipt.output))
        used.setdefault(function, []).append(receipt.gas_used)
        return receipt.output

    market = send(evm.deployer, "create", word(1), astuple(p))
    for seat, choice in enumerate(choices):
        send(p.agents[seat], "choose", market, seat, p.digest(), choice)
    packed = sum(choice << 4 * seat for seat, choice in enumerate(choices))
    made = columns(p, choices)
    right = certify(made)
    send(evm.deployer, "post", market, keccak(p.digest() + word(packed)), right)
    return {
        "game": sum(map(sum, used.values())),
        "columns": len(made),
        "basic": len(right.basis),
        "least and most": spans(used),
    }


def working_day(providers: int, jobs: int, draw: str) -> GuaranteesProblem:
    """Make a day of jobs of five minutes to half an hour."""
    dice = Random(providers)
    starts = [dice.randint(0, 28_800) for _ in range(jobs)]
    return GuaranteesProblem.from_mapping(
        {
            "kind": "guarantees",
            "providers": providers,
            "values": [dice.randint(500, 6_000) for _ in starts],
            "intervals": [[start, start + dice.randint(300, 1_800)] for start in starts],
            "guarantee": {"type": "max-min"},
            "draw": draw,
        }
    )


def gas_of_dispatch(problem: GuaranteesProblem, bots: Sequence[str]) -> dict[str, Any]:
    """Play one dispatch: gas of the whole, and least and most by function."""
    evm = open_reference()
    contract = deployed_addresses(evm, parley.mechanisms.guarantees.contracts.CONTRACTS)
    player = parley.mechanisms.guarantees.play.Player(
        evm, contract[parley.mechanisms.guarantees.contracts.MECHANISM], cast(problem, bots), seed=1
    )
    player.play(0)
    return {"game": sum(player.gas_used), "least and most": spans(by_function(player))}


def crew(members: int) -> TeamProblem:
    """Make a project that is worth everybody's effort, whose members differ."""
    dice = Random(members)
    weights = [dice.randint(500, 1_500) for _ in range(members)]
    return TeamProblem.from_mapping(
        {
            "kind": "team",
            "costs": [f"{dice.randint(1, 100)}/{10_000 * members**2}" for _ in weights],
            "success": {"type": "additive", "contributions": [f"{one}/{sum(weights)}" for one in weights]},
        }
    )


def gas_of_project(problem: TeamProblem) -> dict[str, Any]:
    """Play one project with its draw: gas of the whole, and least and most by function."""
    evm = open_reference()
    contracts = deployed_addresses(evm, parley.mechanisms.team.contracts.CONTRACTS)
    plan = parley.mechanisms.team.decisions.cast(problem, ["rational"])
    player = parley.mechanisms.team.play.Player(evm, contracts, plan, seed=1)
    player.play(0)
    return {
        "game": sum(player.gas_used),
        "members": len(plan.team),
        "least and most": spans(by_function(player)),
    }


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
    example = screening_example()
    markets = {"paper's example": gas_of_market(parameters_of(example, example.market(), ()), (1, 1, 2))}
    for agents, tasks in MARKETS:
        markets[f"{agents} agents, {tasks} tasks"] = gas_of_market(
            market_of(agents, tasks, agents), (1,) * agents
        )
        markets[f"{agents} agents of {tasks} kinds, {tasks} tasks"] = gas_of_market(
            market_of(agents, tasks, tasks), (1,) * agents
        )
    markets["64 agents, 8 tasks, eight rays each"] = gas_of_market(
        largest_market(8), [1 + seat % 8 for seat in range(64)]
    )
    markets["64 agents, 8 tasks, remedial menus"] = gas_of_market(largest_market(REMEDIAL), (1,) * 64)
    dispatches = {"worked example, challenged": gas_of_dispatch(guarantees_example(), ["lazy"])}
    for providers, jobs in DISPATCHES:
        for draw in ("none", "permutation"):
            dispatches[f"{providers} providers, {jobs} jobs, draw {draw}"] = gas_of_dispatch(
                working_day(providers, jobs, draw), ["lazy", "sleeping"]
            )
    projects = {f"{members} members": gas_of_project(crew(members)) for members in TEAMS}
    return {
        "TwoStageMechanism": {
            "contract bytes": len(evm.code(deploy_mechanism(evm).mechanism)),
            "games": games,
        },
        "AssignmentLottery": {
            "contract bytes": len(evm.code(deployed_addresses(evm, CONTRACTS)[MECHANISM])),
            "games": lotteries,
        },
        "RayMarket": {
            "contract bytes": len(compile_contracts()["RayMarket"].deployed_bytecode),
            "games": markets,
        },
        "GuaranteedDispatch": {
            "contract bytes": len(compile_contracts()["GuaranteedDispatch"].deployed_bytecode),
            "games": dispatches,
        },
        "TeamContract": {
            "contract bytes": len(compile_contracts()["TeamContract"].deployed_bytecode),
            "games": projects,
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
