"""The table of lotteries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from parley.kit.present.run import ENDING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.assignment.simulation import GameRow

__all__ = ["games_table"]


def games_table(rows: Sequence[GameRow], agents: int) -> pa.Table:
    """Make the table of lotteries: number, ending, the item of each agent, and what was drawn.

    Items are numbered from 0, −1 for nothing. What was drawn is the term, or under serial dictatorship the
    seat that came first.

    Examples
    --------
    >>> from parley.mechanisms.assignment.simulation import GameRow
    >>> games_table([GameRow(0, "drawn", (1, -1), 3)], 2)["item_1"].to_pylist()
    [-1]
    """
    return pa.table(
        {
            "game": pa.array([row.game for row in rows], pa.int64()),
            "ending": pa.array([row.ending for row in rows], pa.string()).dictionary_encode().cast(ENDING),
            **{f"item_{i}": pa.array([row.items[i] for row in rows], pa.int16()) for i in range(agents)},
            "draw": pa.array([row.draw for row in rows], pa.int32()),
        }
    )
