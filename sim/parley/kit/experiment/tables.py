"""Tables of an experiment, joined from the parts of its steps.

Each step writes its part into a folder of its own, which is renamed when it is complete. At the end the parts
are joined. Row groups have a fixed number of rows, so that the joined file does not depend on the parts.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from parley.core.folders import sync

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

__all__ = ["NAME", "WEI", "PartWriter", "join_parts", "part_folder", "table_of"]

WEI = pa.decimal128(38)
"""Exact amounts of money: below 2^98 wei, which has 30 digits."""
NAME = pa.dictionary(pa.int32(), pa.string())
_ROWS = 2**17
"""Rows per row group."""


def _decimals(values: Sequence[int | None]) -> pa.Array:
    """Convert whole wei to decimals without creating a `Decimal` per value."""
    data = b"".join([(value or 0).to_bytes(16, "little", signed=True) for value in values])
    if None not in values:
        return pa.Array.from_buffers(WEI, len(values), [None, pa.py_buffer(data)])
    valid = pa.array([value is not None for value in values], pa.bool_()).buffers()[1]
    return pa.Array.from_buffers(WEI, len(values), [valid, pa.py_buffer(data)])


def table_of(schema: pa.Schema, columns: Mapping[str, Any]) -> pa.Table:
    """Make a table from its columns; money as whole wei.

    Examples
    --------
    >>> schema = pa.schema([("ending", NAME), ("cost_wei", WEI)])
    >>> table = table_of(schema, {"ending": ["settled", "expired"], "cost_wei": [-5, 10**25]})
    >>> [str(cost) for cost in table["cost_wei"].to_pylist()]
    ['-5', '10000000000000000000000000']
    """
    arrays = []
    for field in schema:
        values = columns[field.name]
        if field.type == WEI:
            arrays.append(_decimals(values))
        elif field.type == NAME:
            arrays.append(pa.array(values, pa.string()).dictionary_encode())
        else:
            arrays.append(pa.array(values, field.type))
    return pa.table(arrays, schema=schema)


class PartWriter:
    """Writes the tables of one step to a folder that appears when it is complete.

    Parameters
    ----------
    schemas : mapping of str to Schema
        Schemas of tables that exist even without rows.
    """

    def __init__(self, folder: Path, number: int, schemas: Mapping[str, pa.Schema]) -> None:
        self._final = part_folder(folder, number)
        self._partial = self._final.with_suffix(".partial")
        self._schemas = schemas

    def __enter__(self) -> Self:
        shutil.rmtree(self._partial, ignore_errors=True)
        self._partial.mkdir(parents=True)
        self._stack = ExitStack()
        self._waiting: dict[str, list[pa.Table]] = {}
        self._writers: dict[str, pq.ParquetWriter] = {}
        for name, schema in self._schemas.items():
            self._open(name, schema)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, waiting in self._waiting.items():
            if waiting and error is None:
                self._flush(name)
        self._stack.close()
        if error is not None:
            shutil.rmtree(self._partial, ignore_errors=True)
            return
        for file in self._partial.iterdir():
            sync(file)
        self._partial.rename(self._final)
        sync(self._final.parent)

    def _open(self, name: str, schema: pa.Schema) -> None:
        file = self._partial / f"{name}.parquet"
        self._waiting[name] = []
        self._writers[name] = self._stack.enter_context(pq.ParquetWriter(file, schema, compression="zstd"))

    def add(self, name: str, table: pa.Table) -> None:
        """Append rows to a table."""
        if name not in self._writers:
            self._open(name, table.schema)
        waiting = self._waiting[name]
        waiting.append(table)
        if sum(map(len, waiting)) >= _ROWS:
            self._flush(name)

    def _flush(self, name: str) -> None:
        # Many small row groups are slow to write.
        self._writers[name].write_table(_whole(self._waiting[name]))
        self._waiting[name].clear()

    def note(self, name: str, text: str) -> None:
        """Write a text file beside the tables."""
        (self._partial / name).write_text(text, encoding="utf-8")


def part_folder(folder: Path, number: int) -> Path:
    """Return the folder of a step's part."""
    return folder / f"{number:07d}"


def join_parts(folder: Path, steps: int, out: Path) -> list[str]:
    """Join the parts of all steps to tables in a folder, and return the file names.

    A column that a part lacks is null there.
    """
    parts = [part_folder(folder, k) for k in range(steps)]
    names = list(dict.fromkeys(file.name for part in parts for file in sorted(part.glob("*.parquet"))))
    for name in names:
        files = [part / name for part in parts if (part / name).is_file()]
        schema = pa.unify_schemas([pq.read_schema(file) for file in files], promote_options="permissive")
        partial = (out / name).with_suffix(".partial")
        with pq.ParquetWriter(partial, schema, compression="zstd") as writer:
            for table in _regrouped(files, schema):
                writer.write_table(table, row_group_size=_ROWS)
        sync(partial)
        partial.replace(out / name)
    return names


def _regrouped(files: Iterable[Path], schema: pa.Schema) -> Iterable[pa.Table]:
    """Yield the rows of many files in groups of fixed size."""
    waiting: list[pa.Table] = []
    rows = 0
    for path in files:
        file = pq.ParquetFile(path)
        for group in range(file.num_row_groups):
            table = _completed(file.read_row_group(group), schema)
            while rows + len(table) >= _ROWS:
                taken = _ROWS - rows
                yield _whole([*waiting, table.slice(0, taken)])
                table, waiting, rows = table.slice(taken), [], 0
            waiting.append(table)
            rows += len(table)
    if rows:
        yield _whole(waiting)


def _completed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    for field in schema:
        if field.name not in table.column_names:
            table = table.append_column(field, pa.nulls(len(table), field.type))
    return table.select(schema.names).cast(schema)


def _whole(tables: list[pa.Table]) -> pa.Table:
    # One dictionary for all rows, in order of appearance.
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()
