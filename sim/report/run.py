"""The folder that a run leaves: a table of its games, what it came to, and a picture."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from sim.coordination.problem import Problem
from sim.coordination.simulation import Simulation
from sim.errors import ParleyError
from sim.report.figures import cost_figure, save

__all__ = ["RunFolder"]


class RunFolder:
    """Writes ``games.csv`` row by row, and at the end ``simulation.json``, ``costs.png`` and ``costs.svg``.

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
        self._problem = problem
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._file = (self.path / "games.csv").open("w", newline="", encoding="utf-8")
        except OSError as error:
            raise ParleyError(f"{self.path}: cannot be written: {error.strerror}") from None
        self._csv = csv.writer(self._file)
        costs = [f"cost_{i} (wei)" for i in range(self._problem.agents)]
        self._csv.writerow(["game", "ending", "rounds", "proposer", *costs])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write_rows(self, rows: Sequence[Sequence[Any]]) -> None:
        """Append games to the table."""
        self._csv.writerows(rows)

    def finish(self, run: Simulation) -> None:
        """Write down what the run came to."""
        (self.path / "simulation.json").write_text(
            json.dumps(run.to_json(), indent=1) + "\n", encoding="utf-8"
        )
        figure = cost_figure(run)
        for ending in ("png", "svg"):
            save(figure, self.path / f"costs.{ending}")
