"""Figures as Arrow tables, for CSV, Parquet and pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from parley.kit.present.page_model import Figure, Sheet

__all__ = ["figure_tables"]


def figure_tables(sheet: Sheet) -> dict[str, pa.Table]:
    """Return a table per figure of a sheet by name; figures of cells are numbered from 0.

    Columns with fractions are text, so that nothing is rounded.

    Examples
    --------
    >>> from parley.kit.present.page_model import Column, Figure, Sheet, exactly
    >>> figure = Figure("p", "Chances", [Column("p", "chance", "exact")], [[exactly("1/3")], [exactly("1")]])
    >>> figure_tables(Sheet("solution", "", "", figures=[figure]))["p"].to_pydict()
    {'p': ['1/3', '1']}
    """
    cells = [(f"{f.id}-{k}", f) for k, (_, _, figures) in enumerate(sheet.cells) for f in figures]
    return {name: _table(figure) for name, figure in [*((f.id, f) for f in sheet.figures), *cells]}


def _table(figure: Figure) -> pa.Table:
    columns = {}
    for k, column in enumerate(figure.columns):
        values = [row[k] for row in figure.rows]
        exact = any(isinstance(value, dict) and "x" in value for value in values)
        columns[column.key] = pa.array([_plain(value, exact=exact) for value in values])
    return pa.table(columns)


def _plain(value: Any, *, exact: bool) -> Any:  # noqa: ANN401 - whatever a figure's row holds
    if not isinstance(value, dict):
        return value
    return value.get("x", f"{value['v']:.0f}") if exact else value["v"]
