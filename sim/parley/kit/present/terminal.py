"""A sheet on a terminal: the same figures as on its page, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from parley.core.statistics import MIN_P
from parley.kit.present.page_model import cost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from parley.kit.present.page_model import Figure, Sheet

__all__ = ["figure_table", "sheet_tables"]

MOST_ROWS = 64
"""Rows of a table; all are in ``--json``."""
MOST_COLUMNS = 8
"""Columns of a matrix."""


def sheet_tables(sheet: Sheet, *, holds: bool) -> RenderableType:
    """Lay out a sheet for a person at a terminal.

    Parameters
    ----------
    sheet : Sheet
    holds : bool
        Whether play agrees with theory.
    """
    facts = [*sheet.facts, *(fact for _, entries in sheet.method for fact in entries)]
    verdict = (
        Text(f"agrees with theory: no p-value below {MIN_P:g}", style="green")
        if holds
        else Text(f"differs from theory: a p-value below {MIN_P:g}", style="yellow")
    )
    return Group(
        Text("; ".join(f"{label} {value}" for label, value in facts)),
        *(table for figure in sheet.figures for table in _tables(figure)),
        *(Text(f"{about}: {text}" if about else text) for about, text in sheet.findings),
        *(Text(text, style="bold red") for text in sheet.warnings),
        verdict,
    )


def _tables(figure: Figure) -> Iterator[RenderableType]:
    if figure.chart == "matrix":
        yield _matrix(figure)
    elif not figure.folded:
        yield figure_table(figure)


def figure_table(figure: Figure) -> Table:
    """Make a table of a figure.

    Details are left out, and so are columns that are empty in all rows.

    Examples
    --------
    >>> from parley.kit.present.page_model import Column, Figure
    >>> figure = Figure("a", "Draws", [Column("k", "seat"), Column("n", "times", "count")], [["one", 1234]])
    >>> [list(column.cells) for column in figure_table(figure).columns]
    [['one'], ['1,234']]
    """
    table = Table(title=figure.title, caption=figure.note or None)
    shown = [
        k
        for k, column in enumerate(figure.columns)
        if not column.detail and any(row[k] not in (None, "") for row in figure.rows)
    ]
    for k in shown:
        column = figure.columns[k]
        cells = [written(row[k], column.format) for row in figure.rows[:MOST_ROWS]]
        text = column.format == "text"
        # Numbers and names stay whole, and headings are broken instead.
        whole = max(map(len, cells)) if not text or k == 0 else None
        table.add_column(column.label, justify="left" if text else "right", min_width=whole)
    for row in figure.rows[:MOST_ROWS]:
        table.add_row(*(written(row[k], figure.columns[k].format) for k in shown))
    if len(figure.rows) > MOST_ROWS:
        table.caption = f"{len(figure.rows) - MOST_ROWS:,} more rows: see --json"
    return table


def _matrix(figure: Figure) -> Table:
    """Make a table of a figure whose rows are the cells of a matrix: agent, item, and their values."""
    keys = [column.key for column in figure.columns]
    agent, item, value = (keys.index(key) for key in ("agent", "item", figure.options["value"]))
    beside = keys.index(figure.options["beside"]) if "beside" in figure.options else None
    cells: dict[tuple[str, str], str] = {}
    for row in figure.rows:
        text = written(row[value], figure.columns[value].format)
        if beside is not None:
            text += f" ({written(row[beside], figure.columns[beside].format)})"
        cells[row[agent], row[item]] = text
    title = figure.title
    if beside is not None:
        title += f": {figure.columns[value].label} (in brackets: {figure.columns[beside].label})"
    table = Table(title=title, caption=figure.note or None)
    items = figure.options["items"]
    table.add_column("agent")
    for name in items[:MOST_COLUMNS]:
        table.add_column(name, justify="right")
    for name in figure.options["agents"][:MOST_ROWS]:
        table.add_row(name, *(cells[name, one] for one in items[:MOST_COLUMNS]))
    if len(items) > MOST_COLUMNS or len(figure.options["agents"]) > MOST_ROWS:
        table.caption = "all of it: see --json"
    return table


def written(value: Any, form: str) -> str:  # noqa: ANN401 - whatever a figure's row holds
    """Write a value of a figure for people.

    Examples
    --------
    >>> written(0.25, "percent"), written({"v": 64.7142857143, "x": "453/7"}, "number"), written(None, "z")
    ('25.0%', '64.71', '')
    """
    if isinstance(value, dict):
        value = value["v"]
    if value is None:
        return ""
    return _WRITTEN[form](value) if form in _WRITTEN else str(value)


_WRITTEN: dict[str, Callable[[float], str]] = {
    "count": lambda value: f"{value:,.0f}",
    "percent": lambda value: f"{100 * value:.1f}%",
    "number": cost,
    "z": lambda value: f"{value:+.2f}",
    "p": lambda value: f"{value:.3g}",
}
