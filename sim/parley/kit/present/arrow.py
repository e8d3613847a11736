"""Figures as Arrow tables, for CSV, Parquet and pandas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.csv import CSVWriter

if TYPE_CHECKING:
    from pathlib import Path

    from parley.kit.present.page_model import Figure, Sheet

__all__ = ["figure_tables", "write_csv"]


def write_csv(parquet: Path, target: Path) -> None:
    """Write a Parquet file as CSV; lists and tables are JSON in it.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "games.parquet"
    ...     pq.write_table(pa.table({"game": [0, 1], "ending": ["won", None], "row": [[1, 2], []]}), file)
    ...     write_csv(file, file.with_suffix(".csv"))
    ...     print(file.with_suffix(".csv").read_text(), end="")
    "game","ending","row"
    0,"won","[1, 2]"
    1,,"[]"
    """
    with pq.ParquetFile(parquet) as source:
        schema = pa.schema([(field.name, _flat(field.type)) for field in source.schema_arrow])
        with CSVWriter(target, schema) as writer:
            for batch in source.iter_batches():
                columns = [_flattened(column, schema.field(k).type) for k, column in enumerate(batch.columns)]
                writer.write_batch(pa.record_batch(columns, schema=schema))


def _flat(kind: pa.DataType) -> pa.DataType:
    """Return the type of a column that CSV can hold."""
    return pa.string() if pa.types.is_nested(kind) or pa.types.is_dictionary(kind) else kind


def _flattened(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_nested(column.type):
        return pa.array([None if value is None else json.dumps(value) for value in column.to_pylist()], kind)
    return column.cast(kind)


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
