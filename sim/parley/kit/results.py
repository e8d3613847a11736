"""What verbs give: a mechanism's own result, which can be printed, shown in a notebook, and written down."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import rich.console

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pyarrow as pa
    from matplotlib.figure import Figure
    from rich.console import RenderableType

__all__ = ["AuditReport", "Result", "RunReport"]

WIDTH = 100
"""Characters of a line of tables in a notebook."""


class _Written(Protocol):
    def to_json(self) -> dict[str, Any]: ...


class _Judged(_Written, Protocol):
    @property
    def holds(self) -> bool: ...


class _Played(_Judged, Protocol):
    @property
    def identical(self) -> bool: ...


T_co = TypeVar("T_co", bound=_Written, covariant=True)
A_co = TypeVar("A_co", bound=_Judged, covariant=True)
R_co = TypeVar("R_co", bound=_Played, covariant=True)


class Result(Generic[T_co]):
    """A result of a mechanism: its attributes are those of `value`.

    Parameters
    ----------
    value : any
        What the mechanism has found.
    tables : callable
        Makes what a person reads of it.
    """

    def __init__(self, value: T_co, tables: Callable[[], list[RenderableType]]) -> None:
        self._value = value
        self._tables = tables

    @property
    def value(self) -> T_co:
        """What the mechanism has found."""
        return self._value

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the mechanism's result has
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._value, name)

    def to_json(self) -> Mapping[str, Any]:
        """Return the object that the command prints with ``--json``."""
        return self._value.to_json()

    def tables(self) -> list[RenderableType]:
        """Return what the command prints without ``--json``, for a rich console."""
        return self._tables()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {type(self._value).__name__}>"

    def _repr_html_(self) -> str:
        """Show the tables in a notebook."""
        with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - no file
            screen = rich.console.Console(record=True, width=WIDTH, file=nowhere, markup=False, emoji=False)
            for table in self.tables():
                screen.print(table)
            return screen.export_html(inline_styles=True, code_format="<pre>{code}</pre>")


class AuditReport(Result[A_co], Generic[A_co]):
    """An audit.

    Parameters
    ----------
    value, tables
        See `Result`.
    write : callable
        Writes the audit into a folder and returns the names of the files.
    """

    def __init__(
        self, value: A_co, tables: Callable[[], list[RenderableType]], write: Callable[[Path], list[str]]
    ) -> None:
        super().__init__(value, tables)
        self._write = write

    @property
    def holds(self) -> bool:
        """Whether nothing was refuted."""
        return self._value.holds

    def write(self, folder: Path) -> list[str]:
        """Write the audit into a folder: JSON, problem files, pictures; returns the names of the files."""
        return self._write(folder)


class RunReport(Result[R_co], Generic[R_co]):
    """A run of games.

    Parameters
    ----------
    value, tables
        See `Result`.
    games : list of pyarrow.Table
        All games, in order; empty if they were written elsewhere.
    pictures : callable
        Draws the pictures of the run.
    """

    def __init__(
        self,
        value: R_co,
        tables: Callable[[], list[RenderableType]],
        games: list[pa.Table],
        pictures: Callable[[], Mapping[str, Figure]],
    ) -> None:
        super().__init__(value, tables)
        self._games = games
        self._pictures = pictures

    @property
    def holds(self) -> bool:
        """Whether no exact test contradicts theory."""
        return self._value.holds

    @property
    def identical(self) -> bool:
        """Whether the games that were replayed on another backend came out the same."""
        return self._value.identical

    def to_arrow(self) -> pa.Table:
        """Return the table of games, as in ``games.parquet``."""
        import pyarrow as pa  # noqa: PLC0415 - slow to load

        return pa.concat_tables(self._games)

    def pictures(self) -> Mapping[str, Figure]:
        """Draw the run: pictures by their names."""
        return self._pictures()
