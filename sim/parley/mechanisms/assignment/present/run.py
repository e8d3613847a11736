"""The folder that a run leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from parley.kit.present.run import Folder
from parley.mechanisms.assignment.simulation import GameRow, Simulation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

    from parley.mechanisms.assignment.problem import Problem

__all__ = ["RunFolder"]


class RunFolder(Folder[GameRow, Simulation]):
    """Streams ``games.parquet``; at the end writes ``simulation.json``, the problem, and pictures.

    The table has a row for each lottery: its number, its ending, the item of each agent (from 0, −1 for
    nothing), and what was drawn: the term, or under serial dictatorship the seat that came first.

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
        self._problem = problem
        super().__init__(
            path,
            pa.schema(
                [
                    ("game", pa.int64()),
                    ("ending", pa.dictionary(pa.int8(), pa.string())),
                    *((f"item_{i}", pa.int16()) for i in range(problem.agents)),
                    ("draw", pa.int32()),
                ]
            ),
        )

    @property
    def files(self) -> list[str]:
        """Names of all that the folder holds in the end."""
        return [*super().files, "problem.json"]

    def columns(self, rows: Sequence[GameRow]) -> list[pa.Array]:
        """One array for each column of the table."""
        return [
            pa.array([row.game for row in rows], pa.int64()),
            pa.array([row.ending for row in rows], pa.string()).dictionary_encode(),
            *(pa.array([row.items[i] for row in rows], pa.int16()) for i in range(self._problem.agents)),
            pa.array([row.draw for row in rows], pa.int32()),
        ]

    def documents(self, run: Simulation) -> dict[str, Mapping[str, Any]]:
        """What the run came to, and its problem."""
        return {**super().documents(run), "problem.json": self._problem.to_mapping()}

    def figures(self, run: Simulation) -> dict[str, Figure]:
        """How often each agent got each item, against the probabilities."""
        from parley.mechanisms.assignment.present.figures import counts_figure  # noqa: PLC0415 - matplotlib is slow to load

        return {"matrix": counts_figure(run)}
