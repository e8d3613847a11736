"""The folder that a run leaves: a table of its games, what it came to, and pictures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from parley.core.folders import commit_folder, saying, whole_folder, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from matplotlib.figure import Figure

__all__ = ["FINISHED", "GAMES", "Folder", "write_json", "write_pictures", "writing"]

GAMES = "games.parquet"
FINISHED = "simulation.json"


class Run(Protocol):
    """A finished run."""

    def to_json(self) -> dict[str, Any]:
        """The object that `parley simulate --json` prints."""


Row = TypeVar("Row")
R = TypeVar("R", bound=Run)


class Folder(ABC, Generic[Row, R]):
    """Streams ``games.parquet``; at the end writes ``simulation.json`` and pictures.

    What a game is to the table, and which pictures there are, a mechanism's `RunFolder` says.

    Parameters
    ----------
    path : Path
        It appears, or replaces an earlier run's, when all is written.
    schema : pyarrow.Schema
        Of the table of games.

    Raises
    ------
    ParleyError
        If nothing can be written there, or another run is writing there.
    """

    pictures: ClassVar[tuple[str, ...]]
    """Names of the pictures."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self._schema = schema
        self._stack = ExitStack()

    @property
    def files(self) -> list[str]:
        """Names of all that the folder holds in the end."""
        return [GAMES, FINISHED, *(f"{name}.{ending}" for name in self.pictures for ending in ("png", "svg"))]

    @abstractmethod
    def columns(self, rows: Sequence[Row]) -> list[pa.Array]:
        """One array for each column of the table."""

    @abstractmethod
    def figures(self, run: R) -> dict[str, Figure]:
        """Draw the pictures, by their names."""

    def documents(self, run: R) -> dict[str, Mapping[str, Any]]:
        """JSON files beside the table, by their names."""
        return {FINISHED: run.to_json()}

    def __enter__(self) -> Self:
        self._stack.__enter__()
        self._work = self._stack.enter_context(whole_folder(self.path))
        with saying(self.path):
            self._writer = pq.ParquetWriter(self._work / GAMES, self._schema)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._writer.close()
        except OSError:  # the table of a run that was not finished is removed
            self._writer.is_open = False  # or closing is tried again when the writer is collected
        self._stack.__exit__(kind, error, trace)

    def record(self, rows: Sequence[Row]) -> None:
        """Append games to the table."""
        with saying(self.path):
            self._writer.write_table(pa.table(self.columns(rows), schema=self._schema))

    def finish(self, run: R) -> None:
        """Write down what the run came to, and let the folder appear."""
        with saying(self.path):
            self._writer.close()
            for name, document in self.documents(run).items():
                write_json(self._work / name, document)
            write_pictures(self._work, self.figures(run))
        commit_folder(self.path)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Make a folder, and say in one line why something cannot be written there.

    Raises
    ------
    ParleyError
    """
    with saying(folder):
        folder.mkdir(parents=True, exist_ok=True)
        yield


def write_pictures(folder: Path, figures: Mapping[str, Figure]) -> list[str]:
    """Write figures as PNG and SVG, and give the names of the files."""
    from parley.kit.present.style import save  # noqa: PLC0415 - matplotlib is slow to load

    written = []
    for name, figure in figures.items():
        for ending in ("png", "svg"):
            save(figure, folder / f"{name}.{ending}", whole=False)
            written.append(f"{name}.{ending}")
    return written
