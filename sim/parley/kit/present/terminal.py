"""A result on a terminal: the page's figures as tables."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from parley.core.statistics import MIN_P
from parley.kit.present.tables import written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parley.kit.present.page_model import Column, Figure, Sheet

__all__ = ["figure_table", "sheet_tables"]

MOST_ROWS = 64
"""Maximum rows of a table; ``--json`` has all."""
MOST_COLUMNS = 10
"""Maximum columns of a matrix; rows of a wider one are written as text."""
MOST_CELLS = 3
"""Maximum cells of a sheet with tables."""
CELL_ROWS = 10
"""Maximum rows of a cell's table."""
MOST_WORDS = 12
"""Maximum entries of a row written as text."""
HEADING = 10
"""Minimum letters per line of a heading."""
NAME = 28
"""Maximum letters of a row's name without line breaks."""
LONGEST = 16
"""Maximum letters of a word without line breaks."""
STYLES = {"holds": "green", "fails": "red", "not known": "dim"}
"""Styles of verdicts."""


def sheet_tables(sheet: Sheet, *, holds: bool | None = None) -> RenderableType:
    """Return a sheet as tables for a terminal.

    Parameters
    ----------
    holds : bool, optional
        Whether play agrees with theory, if games were played.
    """
    facts = [*sheet.facts, *(fact for _, entries in sheet.method for fact in entries)]
    return Group(
        Text("; ".join(f"{label} {value}" for label, value in facts)),
        *(figure_table(figure) for figure in sheet.figures if not figure.detail),
        *(Text(f"{about}: {text}" if about else text) for about, text in sheet.findings),
        *_passages(sheet),
        *_cells(sheet),
        *(Text(text, style="bold red") for text in sheet.warnings),
        *_agreement(holds),
    )


def _passages(sheet: Sheet) -> Iterator[RenderableType]:
    for heading, lines in sheet.passages:
        yield Text(heading, style="bold")
        yield from (Padding(Text(line, style="dim"), (0, 0, 0, 2)) for line in lines)


def _cells(sheet: Sheet) -> Iterator[RenderableType]:
    for name, notes, figures in sheet.cells[:MOST_CELLS]:
        yield Text(f"{sheet.unit}: {name}", style="bold")
        yield from map(Text, notes)
        yield from (figure_table(figure, CELL_ROWS) for figure in figures if not figure.detail)
    if len(sheet.cells) > MOST_CELLS:
        yield Text(f"and {len(sheet.cells) - MOST_CELLS:,} more of: {sheet.unit}: see --json")


def _agreement(holds: bool | None) -> Iterator[Text]:  # noqa: FBT001 - None is a third answer
    if holds:
        yield Text(f"agrees with theory: no p-value below {MIN_P:g}", style="green")
    elif holds is False:
        yield Text(f"differs from theory: a p-value below {MIN_P:g}", style="yellow")


def figure_table(figure: Figure, most: int = MOST_ROWS) -> Table:
    """Return a figure as a table with at most `most` rows.

    Details and empty columns are left out. A matrix has a column for each name.

    Examples
    --------
    >>> from parley.kit.present.page_model import Column, Figure
    >>> figure = Figure("a", "Draws", [Column("k", "seat"), Column("n", "times", "count")], [["one", 1234]])
    >>> [[str(cell) for cell in column.cells] for column in figure_table(figure).columns]
    [['one'], ['1,234']]
    """
    if "down" in figure.options:
        return _matrix(figure)
    table = Table(title=figure.title, caption=figure.note or None)
    shown = [
        k
        for k, column in enumerate(figure.columns)
        if not column.detail and any(row[k] not in (None, "") for row in figure.rows)
    ]
    for k in shown:
        column = figure.columns[k]
        cells = [written(row[k], column.format) for row in figure.rows[:most]]
        # Break headings rather than numbers and names; break text between words.
        name = k == shown[0] and max(map(len, cells), default=0) <= NAME
        whole = name or column.format not in ("text", "verdict")
        word = max((len(word) for text in cells for word in text.split()), default=0)
        table.add_column(
            fill(column.label, max(map(len, [*cells, "." * HEADING]))) if whole else column.label,
            justify="left" if column.format in ("text", "verdict") else "right",
            no_wrap=whole,
            min_width=None if whole else min(word, LONGEST),
            overflow="fold" if column.format == "text" else "ellipsis",
        )
    for row in figure.rows[:most]:
        table.add_row(*(_cell(row[k], figure.columns[k]) for k in shown))
    if len(figure.rows) > most:
        table.caption = f"and {len(figure.rows) - most:,} more: see --json"
    return table


def _cell(value: Any, column: Column) -> Text:  # noqa: ANN401 - whatever a figure's row holds
    text = written(value, column.format)
    return Text(text, style=STYLES.get(text.partition(":")[0], "") if column.format == "verdict" else "")


def _matrix(figure: Figure) -> Table:
    """Return a matrix as a table: each row of the figure is one cell of the matrix."""
    keys = [column.key for column in figure.columns]
    down, across = figure.options["down"], figure.options["across"]
    value = keys.index(figure.options["value"])
    beside = keys.index(figure.options["beside"]) if "beside" in figure.options else None
    cells: dict[tuple[str, str], str] = {}
    known: dict[str, list[tuple[float, str]]] = {}
    for row in figure.rows:
        text = written(row[value], figure.columns[value].format)
        if beside is not None and (told := written(row[beside], figure.columns[beside].format)):
            text += f" ({told})"
        cells[row[0], row[1]] = text
        size = row[value]["v"] if isinstance(row[value], dict) else row[value]
        if size:
            known.setdefault(row[0], []).append((-size, f"{text} {row[1]}"))
    title = figure.title
    if beside is not None:
        title += f": {figure.columns[value].label} (in brackets: {figure.columns[beside].label})"
    table = Table(title=title, caption=figure.note or None)
    table.add_column(figure.columns[0].label)
    if len(across) > MOST_COLUMNS:
        table.add_column("the greatest first", overflow="fold")
    for name in across if len(across) <= MOST_COLUMNS else ():
        table.add_column(name, justify="right")
    for name in down[:MOST_ROWS]:
        if len(across) <= MOST_COLUMNS:
            table.add_row(name, *(cells.get((name, one), "") for one in across))
            continue
        words = [text for _, text in sorted(known.get(name, []))]
        more = f" and {len(words) - MOST_WORDS} more" if len(words) > MOST_WORDS else ""
        table.add_row(name, ", ".join(words[:MOST_WORDS]) + more)
    if len(down) > MOST_ROWS:
        table.caption = f"and {len(down) - MOST_ROWS:,} more: see --json"
    return table
