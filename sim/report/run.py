"""The folder that a run leaves: a table of its games, what it came to, and pictures."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import ParleyError

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
        Made if it is not there; files of an earlier run are replaced.
    schema : pyarrow.Schema
        Of the table of games.

    Raises
    ------
    ParleyError
        If nothing can be written there.
    """

    pictures: ClassVar[tuple[str, ...]]
    """Names of the pictures."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self._schema = schema

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

    def __enter__(self) -> Self:
        with writing(self.path):
            self._writer = pq.ParquetWriter(self.path / GAMES, self._schema)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def record(self, rows: Sequence[Row]) -> None:
        """Append games to the table."""
        self._writer.write_table(pa.table(self.columns(rows), schema=self._schema))

    def finish(self, run: R) -> None:
        """Write down what the run came to."""
        write_json(self.path / FINISHED, run.to_json())
        write_pictures(self.path, self.figures(run))


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Make a folder, and say in one line why something cannot be written there.

    Raises
    ------
    ParleyError
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise ParleyError(f"{folder}: cannot be written: {error.strerror or error}") from None


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write an object as JSON that people can read."""
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_pictures(folder: Path, figures: Mapping[str, Figure]) -> list[str]:
    """Write figures as PNG and SVG, and give the names of the files."""
    from sim.report.style import save  # noqa: PLC0415 - matplotlib is slow to load

    written = []
    for name, figure in figures.items():
        for ending in ("png", "svg"):
            save(figure, folder / f"{name}.{ending}")
            written.append(f"{name}.{ending}")
    return written
