"""The table of games."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa

from parley.kit.present.run import ENDING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.coordination.simulation import GameRow

__all__ = ["games_table"]

_WEI = pa.decimal128(38)
"""Costs are exact: below 2^98 wei, which 30 digits hold."""


def games_table(rows: Sequence[GameRow], agents: int) -> pa.Table:
    """Make the table of games: number, ending, rounds, first proposer (−1 if none), each agent's cost.

    Examples
    --------
    >>> from parley.mechanisms.coordination.simulation import GameRow
    >>> table = games_table([GameRow(0, "settled", 1, 1, (5, 7))], 2)
    >>> table.column_names, table["cost_1_wei"].to_pylist()
    (['game', 'ending', 'rounds', 'proposer', 'cost_0_wei', 'cost_1_wei'], [Decimal('7')])
    """
    return pa.table(
        {
            "game": pa.array([row.game for row in rows], pa.int64()),
            "ending": pa.array([row.ending for row in rows], pa.string()).dictionary_encode().cast(ENDING),
            "rounds": pa.array([row.rounds for row in rows], pa.int32()),
            "proposer": pa.array([row.proposer for row in rows], pa.int16()),
            **{
                f"cost_{i}_wei": pa.array([Decimal(row.costs[i]) for row in rows], _WEI)
                for i in range(agents)
            },
        }
    )
