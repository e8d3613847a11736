"""The tables of an experiment: their columns, and how they are put together from the parts of generations.

Parts are written generation by generation into folders of their own, each renamed into place when it is
whole; at the end they are joined. Row groups hold a fixed number of rows, so that the joined file is the same
whatever the parts were written by.
"""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from types import TracebackType

__all__ = ["SCHEMAS", "PartWriter", "join_parts", "table_of", "write_table"]

_WEI = pa.decimal128(38)
"""Costs are exact: below 2^98 wei, which 30 digits hold."""
_NAME = pa.dictionary(pa.int32(), pa.string())
_ROWS = 2**17
"""Rows of a row group."""


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list(columns.items()))


_GAME: dict[str, pa.DataType] = {"cell": pa.int32(), "generation": pa.int32(), "game": pa.int64()}

SCHEMAS: dict[str, pa.Schema] = {
    "games": _schema(
        **_GAME,
        engine=_NAME,
        ending=_NAME,
        rounds=pa.int32(),
        proposer=pa.int16(),
        total_cost_wei=_WEI,
        saved_wei=_WEI,
        possible_wei=_WEI,
    ),
    "agents": _schema(
        **_GAME,
        seat=pa.int16(),
        member=pa.int32(),
        strategy=_NAME,
        cost_wei=_WEI,
        expected_cost_wei=_WEI,
        probability=pa.float64(),
    ),
    "announcements": _schema(**_GAME, seat=pa.int16(), task_type=pa.int16(), units=pa.int64()),
    "draws": _schema(
        **_GAME,
        round=pa.int32(),
        kind=_NAME,
        seat=pa.int16(),
        probability=pa.float64(),
        continued=pa.bool_(),
    ),
    "generations": _schema(
        cell=pa.int32(),
        generation=pa.int32(),
        seat=pa.int16(),
        strategy=_NAME,
        members=pa.int32(),
        share=pa.float64(),
        games=pa.int64(),
        mean_cost=pa.float64(),
        expected_cost=pa.float64(),
        predicted_share=pa.float64(),
        predicted_cost=pa.float64(),
    ),
    "savings": _schema(
        cell=pa.int32(),
        generation=pa.int32(),
        games=pa.int64(),
        settled=pa.int64(),
        broken_down=pa.int64(),
        expired=pa.int64(),
        rounds=pa.int64(),
        saved_share=pa.float64(),
        predicted_saved_share=pa.float64(),
    ),
}
"""Columns of the tables that grow with the generations.

`games.saved_wei` is F(D) less what all paid; `possible_wei` is what a cost-effective allocation saves.
`agents.expected_cost_wei` and `probability` are Proposition 1's at what was announced, in whole wei (null
where a game ended before all had announced). `draws.seat` is the proposer, or -1 for a continuation draw,
which says in `continued` how it went. `generations.members` and `share` are those that played the generation;
costs are in units of cost; `predicted_…` is the infinite population's (null where theory has nothing to say).
`savings` has one row for each cell and generation; `saved_share` is realized over possible savings.
"""


def _decimals(values: Sequence[int | None]) -> pa.Array:
    """Whole wei as decimals, without a `Decimal` for each of them."""
    data = b"".join([(value or 0).to_bytes(16, "little", signed=True) for value in values])
    if None not in values:
        return pa.Array.from_buffers(_WEI, len(values), [None, pa.py_buffer(data)])
    valid = pa.array([value is not None for value in values], pa.bool_()).buffers()[1]
    return pa.Array.from_buffers(_WEI, len(values), [valid, pa.py_buffer(data)])


def table_of(name: str, columns: dict[str, Any]) -> pa.Table:
    """Make a table, or a part of it, from its columns.

    Parameters
    ----------
    name : str
        A key of ``SCHEMAS``.
    columns : dict
        From a column's name to its values; money as whole wei.

    Examples
    --------
    >>> row = {"cell": [0], "generation": [0], "game": [0], "engine": ["evm"], "ending": ["settled"],
    ...        "rounds": [1], "proposer": [2], "total_cost_wei": [-5], "saved_wei": [10**25],
    ...        "possible_wei": [10**25]}
    >>> [str(cost) for cost in table_of("games", row)["total_cost_wei"].to_pylist()]
    ['-5']
    """
    schema = SCHEMAS[name]
    arrays = []
    for field in schema:
        values = columns[field.name]
        if field.type == _WEI:
            arrays.append(_decimals(values))
        elif field.type == _NAME:
            arrays.append(pa.array(values, pa.string()).dictionary_encode())
        else:
            arrays.append(pa.array(values, field.type))
    return pa.table(arrays, schema=schema)


def write_table(path: Path, table: pa.Table) -> None:
    """Write a whole table at once: either it is there, or not."""
    partial = path.with_suffix(".partial")
    pq.write_table(table, partial, compression="zstd")
    partial.replace(path)


class PartWriter:
    """The tables of one generation, written to a folder that appears when it is whole.

    Parameters
    ----------
    folder : Path
        Of all parts.
    generation : int
    """

    def __init__(self, folder: Path, generation: int) -> None:
        self._final = part_folder(folder, generation)
        self._partial = self._final.with_suffix(".partial")

    def __enter__(self) -> Self:
        shutil.rmtree(self._partial, ignore_errors=True)
        self._partial.mkdir(parents=True)
        self._stack = ExitStack()
        self._waiting: dict[str, list[pa.Table]] = {name: [] for name in SCHEMAS}
        self._writers = {
            name: self._stack.enter_context(
                pq.ParquetWriter(self._partial / f"{name}.parquet", schema, compression="zstd")
            )
            for name, schema in SCHEMAS.items()
        }
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
            _sync(file)
        self._partial.rename(self._final)
        _sync(self._final.parent)

    def add(self, name: str, table: pa.Table) -> None:
        """Append rows to a table."""
        waiting = self._waiting[name]
        waiting.append(table)
        if sum(map(len, waiting)) >= _ROWS:
            self._flush(name)

    def _flush(self, name: str) -> None:
        # Many small row groups take longer to write than what is in them.
        self._writers[name].write_table(_whole(self._waiting[name]))
        self._waiting[name].clear()

    def note(self, name: str, text: str) -> None:
        """Put a file of text beside the tables."""
        (self._partial / name).write_text(text, encoding="utf-8")


def part_folder(folder: Path, generation: int) -> Path:
    """Where a generation's part stands."""
    return folder / f"{generation:07d}"


def join_parts(folder: Path, generations: int, out: Path) -> None:
    """Join the parts of all generations to whole tables.

    Parameters
    ----------
    folder : Path
        Of all parts.
    generations : int
    out : Path
        Folder of the tables.
    """
    for name, schema in SCHEMAS.items():
        parts = (part_folder(folder, g) / f"{name}.parquet" for g in range(generations))
        partial = out / f"{name}.partial"
        with pq.ParquetWriter(partial, schema, compression="zstd") as writer:
            for table in _regrouped(parts, schema):
                writer.write_table(table, row_group_size=_ROWS)
        _sync(partial)
        partial.replace(out / f"{name}.parquet")


def _regrouped(parts: Iterable[Path], schema: pa.Schema) -> Iterable[pa.Table]:
    """The rows of many files, so many at a time."""
    waiting: list[pa.Table] = []
    rows = 0
    for part in parts:
        file = pq.ParquetFile(part)
        for group in range(file.num_row_groups):
            table = file.read_row_group(group).cast(schema)
            while rows + len(table) >= _ROWS:
                taken = _ROWS - rows
                yield _whole([*waiting, table.slice(0, taken)])
                table, waiting, rows = table.slice(taken), [], 0
            waiting.append(table)
            rows += len(table)
    if rows:
        yield _whole(waiting)


def _whole(tables: list[pa.Table]) -> pa.Table:
    # One dictionary for all rows, in the order in which names appear.
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def _sync(path: Path) -> None:
    """Make sure that what was written survives a crash of the machine, not only of this program."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
