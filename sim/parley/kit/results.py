"""Results of `solve`, `audit` and `simulate`: printable, shown in notebooks, written to files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import rich.console

from parley.core.folders import saying, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import pyarrow as pa
    from matplotlib.figure import Figure
    from rich.console import RenderableType

    from parley.core.files import JsonObject
    from parley.kit.present.page_model import Sheet

__all__ = ["AuditReport", "Result", "RunReport"]

WIDTH = 100
"""Characters per line of a table in a notebook."""


class _Written(Protocol):
    def to_json(self) -> JsonObject: ...


class _Judged(_Written, Protocol):
    @property
    def holds(self) -> bool: ...


class _Played(_Judged, Protocol):
    @property
    def identical(self) -> bool: ...
    @property
    def tested(self) -> bool: ...


T_co = TypeVar("T_co", bound=_Written, covariant=True)
A_co = TypeVar("A_co", bound=_Judged, covariant=True)
R_co = TypeVar("R_co", bound=_Played, covariant=True)


class Result(Generic[T_co]):
    """A result of a mechanism: its attributes are those of `value`.

    Parameters
    ----------
    sheet : callable
        Returns the result as figures.
    """

    def __init__(self, value: T_co, sheet: Callable[[], Sheet]) -> None:
        self._value = value
        self._sheet = sheet

    @property
    def value(self) -> T_co:
        """The mechanism's own result."""
        return self._value

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the mechanism's result has
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._value, name)

    def to_json(self) -> JsonObject:
        """Return the object that ``--json`` prints."""
        return self._value.to_json()

    def tables(self, *, exact: bool = False) -> list[RenderableType]:
        """Return what the command prints without ``--json``, for a rich console.

        Parameters
        ----------
        exact : bool
            Write exact numbers as fractions.
        """
        return [_Tables(self._sheet, agrees=self._agrees, exact=exact)]

    @property
    def _agrees(self) -> bool | None:
        """Whether play agrees with theory; None if nothing was compared."""
        return None

    def pictures(self) -> dict[str, Figure]:
        """Draw the result with Matplotlib; pictures by name."""
        from parley.kit.present.drawing import pictures  # noqa: PLC0415 - slow to load

        return pictures(self._sheet())

    def figures(self) -> dict[str, pa.Table]:
        """Return the tables of the figures by name, exact numbers as text."""
        from parley.kit.present.arrow import figure_tables  # noqa: PLC0415 - slow to load

        return figure_tables(self._sheet())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {type(self._value).__name__}>"

    def _repr_html_(self) -> str:
        """Show the tables in a notebook."""
        with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - no file
            screen = rich.console.Console(record=True, width=WIDTH, file=nowhere, markup=False, emoji=False)
            for table in self.tables():
                screen.print(table)
            return screen.export_html(inline_styles=True, code_format="<pre>{code}</pre>")


class _Tables:
    """The tables of a result, whose numbers are written as they are printed."""

    def __init__(self, sheet: Callable[[], Sheet], *, agrees: bool | None, exact: bool) -> None:
        self._sheet, self._agrees, self._exact = sheet, agrees, exact

    def __rich_console__(self, *_: object) -> Iterator[RenderableType]:
        """Yield them."""
        from parley.kit.present.tables import in_fractions  # noqa: PLC0415 - slow to load
        from parley.kit.present.terminal import sheet_tables  # noqa: PLC0415 - slow to load

        with in_fractions(self._exact):
            yield sheet_tables(self._sheet(), holds=self._agrees)


class AuditReport(Result[A_co], Generic[A_co]):
    """An audit.

    Parameters
    ----------
    value, sheet
        See `Result`.
    documents : callable
        Returns the contents of its JSON files by file name; called if they are needed.
    """

    def __init__(
        self, value: A_co, sheet: Callable[[], Sheet], documents: Callable[[], Mapping[str, JsonObject]]
    ) -> None:
        super().__init__(value, sheet)
        self._documents = documents

    @property
    def holds(self) -> bool:
        """Whether no property was refuted."""
        return self._value.holds

    def write(self, folder: Path) -> list[str]:
        """Write JSON, problem files and pictures into a folder, and return the file names."""
        from parley.kit.present.style import save_all  # noqa: PLC0415 - slow to load

        pictures = self.pictures()
        with saying(folder):
            folder.mkdir(parents=True, exist_ok=True)
            documents = self._documents()
            for name, document in documents.items():
                write_json(folder / name, document)
            return [*documents, *save_all(folder, pictures)]


class RunReport(Result[R_co], Generic[R_co]):
    """A run of games.

    Parameters
    ----------
    value, sheet
        See `Result`.
    games : list of pyarrow.Table
        All games in order; empty if they were not kept.
    """

    def __init__(self, value: R_co, sheet: Callable[[], Sheet], games: list[pa.Table]) -> None:
        super().__init__(value, sheet)
        self._games = games

    @property
    def holds(self) -> bool:
        """Whether no exact test contradicts theory."""
        return self._value.holds

    @property
    def identical(self) -> bool:
        """Whether the cross-check found no difference."""
        return self._value.identical

    def to_arrow(self) -> pa.Table:
        """Return the table of games, as in ``games.parquet``."""
        import pyarrow as pa  # noqa: PLC0415 - slow to load

        return pa.concat_tables(self._games)

    @property
    def _agrees(self) -> bool | None:
        return self.holds if self._value.tested else None
