"""The folder that a run leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from sim.report.run import Folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

    from sim.assignment.problem import Problem
    from sim.assignment.simulation import GameRow, Simulation

__all__ = ["RunFolder"]


class RunFolder(Folder["GameRow", "Simulation"]):
    """Streams ``games.parquet``; at the end writes ``simulation.json`` and pictures.

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

    pictures = ("matrix",)

    def __init__(self, path: Path, problem: Problem) -> None:
        self._agents = range(problem.agents)
        self._problem = problem
        super().__init__(
            path,
            pa.schema(
                [
                    ("game", pa.int64()),
                    ("ending", pa.dictionary(pa.int8(), pa.string())),
                    *((f"item_{i}", pa.int16()) for i in self._agents),
                ]
            ),
        )

    def columns(self, rows: Sequence[GameRow]) -> list[pa.Array]:
        """One array for each column of the table: items from 0, −1 for nothing."""
        return [
            pa.array([row.game for row in rows], pa.int64()),
            pa.array([row.ending for row in rows], pa.string()).dictionary_encode(),
            *(pa.array([row.items[i] for row in rows], pa.int16()) for i in self._agents),
        ]

    def figures(self, run: Simulation) -> dict[str, Figure]:
        """How often each agent got each item, against the probabilities."""
        raise NotImplementedError
