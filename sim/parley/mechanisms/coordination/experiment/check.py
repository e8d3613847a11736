"""Games of an experiment compared: with the reference EVM's, and a twin's with a sample of the EVM's."""

from __future__ import annotations

from collections import defaultdict
from math import sqrt
from typing import TYPE_CHECKING, Any

from parley.chain.backends import open_reference
from parley.chain.codec import compiled_codec
from parley.core.statistics import betting_p_value, bonferroni
from parley.kit.play.cross_check import gas_figures
from parley.mechanisms.coordination.contracts import MECHANISM
from parley.mechanisms.coordination.experiment.games import orders_of
from parley.mechanisms.coordination.experiment.population import Population
from parley.mechanisms.coordination.experiment.workers import Worker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.kit.play.player import Sent
    from parley.mechanisms.coordination.experiment.cell import Cell
    from parley.mechanisms.coordination.experiment.games import Order
    from parley.mechanisms.coordination.experiment.sums import Sums

__all__ = ["DIFFERENCES_TOLD", "cross_check", "twin_check"]

CELLS = 3
"""Cells whose first game is played on the reference EVM too."""
DIFFERENCES_TOLD = 10


def cross_check(cells: Sequence[Cell]) -> dict[str, Any]:
    """Play the first game of some cells on revm and on py-evm, and compare every transaction.

    Returns
    -------
    dict
        `evm` (the reference), `games`, `identical`, `differences` (one line each), and `gas` as the reference
        EVM accounts for it: `per_game`, and by function `calls`, `min`, `mean`, `max`.
    """
    here, there = Worker(), Worker(open_reference())
    names = {selector: name for name, selector in compiled_codec(MECHANISM).selectors.items()}
    gas: dict[str, list[int]] = defaultdict(list)
    differences = []
    cells = cells[:CELLS]
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
        "gas": gas_figures(gas, len(cells)),
    }


def _first_game(worker: Worker, order: Order) -> tuple[tuple[object, ...], list[Sent], list[int]]:
    """Play the first game of an order; what came of it, what was sent, and the gas that was used."""
    player, bots = worker.player_of(order)
    seated = bots.seated(order.members[0].tolist(), order.strategies[0].tolist(), order.states)
    played = player.play_seated(seated, order.generation * order.cell.games)
    game = played.outcome
    came = game.position.rows, game.rounds, game.proposer, game.ending, game.costs, played.draws
    return came, player.sent, player.gas_used


def twin_check(
    engine: str, sums: Sequence[Sums], samples: Sequence[Sums], differences: list[str]
) -> dict[str, Any] | None:
    """Compare a twin's games with the sample that the EVM has played.

    Returns
    -------
    dict or None
        `engine` and `games` (the sample's). Of the exact twin, whose games are the EVM's, whether they are
        `identical`, and the first `differences`. Of the statistical one, for which the EVM's are other games
        of the same population, the largest |z| among the differences of all agents' mean costs, in all cells,
        for information, with the variance of the twin, which has seen what is rare. And the `p_value` of the
        same costs in pairs of games of the same strategies, one here and one there (`betting_p_value`, which
        holds at every number of games; Bonferroni over agents and cells). None if the EVM has played
        everything.
    """
    if engine == "evm":
        return None
    games = sum(sample.games for sample in samples)
    found: dict[str, Any] = {"engine": engine, "games": games}
    if engine == "exact":
        return found | {"identical": not differences, "differences": differences[:DIFFERENCES_TOLD]}
    scores = [
        (twin.costs[i] / twin.games - sample.costs[i] / sample.games) / sqrt(variance)
        for twin, sample in zip(sums, samples, strict=True)
        if sample.games
        for i in range(twin.agents)
        if (variance := twin.variance(i) * (1 / twin.games + 1 / sample.games)) > 0
    ]
    p_values = [betting_p_value(bets) for sample in samples if sample.games for bets in sample.bets["pair"]]
    return found | {
        "largest_z": max(map(abs, scores), default=None),
        "p_value": bonferroni(p_values) if p_values else None,
    }
