"""The folder that a run leaves."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa

from parley.kit.present.run import Folder
from parley.mechanisms.coordination.simulation import GameRow, Simulation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

    from parley.mechanisms.coordination.problem import Problem

__all__ = ["RunFolder"]

_WEI = pa.decimal128(38)
"""Costs are exact: below 2^98 wei, which 30 digits hold."""


class RunFolder(Folder[GameRow, Simulation]):
    """Streams ``games.parquet``; at the end writes ``simulation.json``, ``costs.png`` and ``costs.svg``.

    Parameters
    ----------
    path : Path
        Made if it is not there; files of an earlier run are replaced.
    problem : Problem

    Raises
    ------
    ParleyError
        If nothing can be written there.
    """

    pictures = ("costs",)

    def __init__(self, path: Path, problem: Problem) -> None:
        self._agents = range(problem.agents)
        super().__init__(
            path,
            pa.schema(
                [
                    ("game", pa.int64()),
                    ("ending", pa.dictionary(pa.int8(), pa.string())),
                    ("rounds", pa.int32()),
                    ("proposer", pa.int16()),
                    *((f"cost_{i}_wei", _WEI) for i in self._agents),
                ]
            ),
        )

    def columns(self, rows: Sequence[GameRow]) -> list[pa.Array]:
        """One array for each column of the table."""
        return [
            pa.array([row.game for row in rows], pa.int64()),
            pa.array([row.ending for row in rows], pa.string()).dictionary_encode(),
            pa.array([row.rounds for row in rows], pa.int32()),
            pa.array([row.proposer for row in rows], pa.int16()),
            *(pa.array([Decimal(row.costs[i]) for row in rows], _WEI) for i in self._agents),
        ]

    def figures(self, run: Simulation) -> dict[str, Figure]:
        """What agents paid, and who was recognized."""
        from parley.mechanisms.coordination.present.figures import cost_figure  # noqa: PLC0415 - matplotlib is slow to load

        return {"costs": cost_figure(run)}
