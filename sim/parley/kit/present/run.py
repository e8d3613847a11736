"""The folder of a run: table of games, results and pictures."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

import pyarrow as pa
import pyarrow.parquet as pq

from parley.core.folders import commit_folder, saying, whole_folder, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Unpack

    from matplotlib.figure import Figure

    from parley.core.files import JsonObject
    from parley.kit.loaded import AnyProblem
    from parley.kit.play.simulation import AnyRun
    from parley.kit.protocols import PlayOptions
    from parley.kit.results import RunReport

__all__ = [
    "ENDING",
    "FINISHED",
    "GAMES",
    "PROBLEM",
    "RunFolder",
    "play_into",
]

GAMES = "games.parquet"
FINISHED = "simulation.json"
PROBLEM = "problem.json"

ENDING = pa.dictionary(pa.int8(), pa.string())
"""The type of the column of endings."""


class RunFolder:
    """Streams ``games.parquet``; at the end writes ``simulation.json``, ``problem.json`` and pictures.

    Parameters
    ----------
    path : Path
        It appears, or replaces that of an earlier run, when all files are written.

    Raises
    ------
    ParleyError
        If the folder is not writable, or another run is writing there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stack = ExitStack()
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        self._stack.__enter__()
        self._work = self._stack.enter_context(whole_folder(self.path))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._close()
        except OSError:  # the table of a run that was not finished is removed
            if self._writer is not None:
                self._writer.is_open = False  # or closing is tried again when the writer is collected
        self._stack.__exit__(kind, error, trace)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def record(self, games: pa.Table) -> None:
        """Append games to the table."""
        with saying(self.path):
            if self._writer is None:
                self._writer = pq.ParquetWriter(self._work / GAMES, games.schema)
            self._writer.write_table(games)

    def finish(self, documents: Mapping[str, JsonObject], pictures: Mapping[str, Figure]) -> list[str]:
        """Write the results, let the folder appear, and return the names of its files.

        Parameters
        ----------
        documents : mapping of str to mapping
            Contents of JSON files by file name.
        """
        from parley.kit.present.style import save_all  # noqa: PLC0415 - matplotlib is slow to load

        with saying(self.path):
            self._close()
            for name, document in documents.items():
                write_json(self._work / name, document)
            written = save_all(self._work, pictures)
        commit_folder(self.path)
        return [GAMES, *documents, *written]


def play_into(
    folder: Path, problem: AnyProblem, **play: Unpack[PlayOptions]
) -> tuple[RunReport[AnyRun], list[str]]:
    """Play games of a problem, and write the folder of the run.

    Parameters
    ----------
    **play
        See `parley.kit.protocols.PlayOptions`.

    Returns
    -------
    tuple of (RunReport, list of str)
        The run and the file names.

    Raises
    ------
    ParleyError
        If the problem cannot be played, or the folder cannot be written.
    """
    with RunFolder(folder) as target:
        run = problem.simulate(record=target.record, **play)
        documents = {FINISHED: run.to_json(), PROBLEM: problem.problem.to_mapping()}
        return run, target.finish(documents, run.pictures())
