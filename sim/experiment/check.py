"""Games of an experiment, played once more on the reference EVM and compared."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sim.coordination.play import FUNCTIONS
from sim.experiment.games import orders_of
from sim.experiment.population import Population
from sim.experiment.workshop import Workshop

if TYPE_CHECKING:
    from sim.coordination.play import Sent
    from sim.experiment.games import Order
    from sim.experiment.specification import Experiment

__all__ = ["cross_check"]

CELLS = 3
"""Cells whose first game is played on the reference EVM too."""


def cross_check(experiment: Experiment) -> dict[str, Any]:
    """Play the first game of some cells on revm and on py-evm, and compare every transaction.

    Returns
    -------
    dict
        `evm` (the reference), `games`, `identical`, `differences` (one line each), and `gas` as the reference
        EVM accounts for it: `per_game`, and by function `calls`, `min`, `mean`, `max`.
    """
    here, there = Workshop("revm"), Workshop("py-evm")
    names = {selector: name for name, selector in FUNCTIONS.items()}
    gas: dict[str, list[int]] = defaultdict(list)
    differences = []
    cells = experiment.cells[:CELLS]
    for cell in cells:
        order = next(iter(orders_of(Population(cell), 0)))
        (one, sent, _), (other, again, used) = (_first_game(where, order) for where in (here, there))
        if one != other or sent != again:
            differences.append(f"cell {cell.index}, generation 0, game 0: differs on py-evm")
        for transaction, amount in zip(again, used, strict=True):
            gas[names[transaction.data[:4]]].append(amount)
    return {
        "evm": "py-evm",
        "games": len(cells),
        "identical": not differences,
        "differences": differences,
        "gas": {
            "per_game": sum(map(sum, gas.values())) / len(cells),
            "by_function": {
                name: {"calls": len(each), "min": min(each), "mean": sum(each) / len(each), "max": max(each)}
                for name, each in gas.items()
            },
        },
    }


def _first_game(workshop: Workshop, order: Order) -> tuple[tuple[object, ...], list[Sent], list[int]]:
    """Play the first game of an order; what came of it, what was sent, and the gas that was used."""
    player, bots = workshop.player_of(order)
    seated = bots.seated(order.members[0].tolist(), order.strategies[0].tolist(), order.states)
    played = player.play_seated(seated, order.generation * order.cell.games)
    game = played.outcome
    came = game.position.rows, game.rounds, game.proposer, game.ending, game.costs, played.draws
    return came, player.sent, player.gas_used
