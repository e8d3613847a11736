"""The folder that a run leaves: a table of its games, what it came to, and a picture."""

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from sim.coordination.problem import Problem
from sim.coordination.simulation import GameRow, Simulation
from sim.errors import ParleyError

__all__ = ["RunFolder"]

_WEI = pa.decimal128(38)
"""Costs are exact: below 2^98 wei, which 30 digits hold."""


class RunFolder:
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

    def __init__(self, path: Path, problem: Problem) -> None:
        self.path = path
        self._agents = range(problem.agents)
        self._schema = pa.schema(
            [
                ("game", pa.int64()),
                ("ending", pa.dictionary(pa.int8(), pa.string())),
                ("rounds", pa.int32()),
                ("proposer", pa.int16()),
                *((f"cost_{i}_wei", _WEI) for i in self._agents),
            ]
        )

    def __enter__(self) -> Self:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self.path / "games.parquet", self._schema)
        except OSError as error:
            raise ParleyError(f"{self.path}: cannot be written: {error.strerror or error}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def record(self, rows: Sequence[GameRow]) -> None:
        """Append games to the table."""
        columns = [
            pa.array([row.game for row in rows], pa.int64()),
            pa.array([row.ending for row in rows], pa.string()).dictionary_encode(),
            pa.array([row.rounds for row in rows], pa.int32()),
            pa.array([row.proposer for row in rows], pa.int16()),
            *(pa.array([Decimal(row.costs[i]) for row in rows], _WEI) for i in self._agents),
        ]
        self._writer.write_table(pa.table(columns, schema=self._schema))

    def finish(self, run: Simulation) -> None:
        """Write down what the run came to."""
        from sim.report.figures import cost_figure, save  # noqa: PLC0415 - matplotlib is slow to load

        (self.path / "simulation.json").write_text(
            json.dumps(run.to_json(), indent=1) + "\n", encoding="utf-8"
        )
        figure = cost_figure(run)
        for ending in ("png", "svg"):
            save(figure, self.path / f"costs.{ending}")
