"""Read folders of runs.

A run may have tens of millions of games, so tables are read batch by batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from parley.core.errors import ParleyError
from parley.core.files import read_object
from parley.core.folders import RUN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["batches", "kind_of_folder", "numbers", "read_json", "read_run", "read_table", "runs_in"]

FILES = {
    "manifest.json": "experiment",
    "simulation.json": "simulation",
    "audit.json": "audit",
    "comparison.json": "comparison",
}
"""The kind of a folder by the file in it."""


def kind_of_folder(folder: Path) -> str:
    """Return the kind of a folder: ``experiment``, ``simulation``, ``audit`` or ``comparison``.

    Raises
    ------
    ParleyError
        If the folder does not exist or contains no results.
    """
    if not folder.is_dir():
        raise ParleyError(f"{folder}: no such folder")
    for file, kind in FILES.items():
        if (folder / file).is_file():
            return kind
    wanted = "; ".join(
        f"{file} of `parley {command}`"
        for file, command in zip(
            FILES, ("experiment", "simulate --out", "audit --out", "compare --out"), strict=True
        )
    )
    raise ParleyError(f"{folder}: nothing to report on: contains none of {wanted}")


def read_run(folder: Path) -> dict[str, Any]:
    """Return how a run was made; nothing for a folder of an earlier version.

    Raises
    ------
    ParleyError
        If the file is invalid.
    """
    path = folder / RUN
    return read_object(path) if path.is_file() else {}


def runs_in(folder: Path) -> list[Path]:
    """Return the folder of a run itself, or the folders of runs in it, in the order of their names.

    Raises
    ------
    ParleyError
        If there are none.
    """
    if folder.is_dir() and not any((folder / file).is_file() for file in FILES):
        inside = [one.parent for file in FILES for one in folder.glob(f"*/{file}")]
        if inside:
            return sorted(set(inside))
    kind_of_folder(folder)
    return [folder]


def read_json(path: Path) -> dict[str, Any]:
    """Read an object from a JSON file.

    Raises
    ------
    ParleyError
        If the file cannot be read or contains no object.
    """
    return read_object(path)


def _open(path: Path, columns: list[str]) -> pq.ParquetFile:
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise ParleyError(f"{path}: cannot be read: {detail}") from None
    missing = [column for column in columns if column not in file.schema_arrow.names]
    if missing:
        raise ParleyError(f"{path}: has no column {', '.join(missing)}")
    return file


def batches(path: Path, columns: list[str], also: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Read columns of a table, batch by batch; those in `also` only if they exist.

    Raises
    ------
    ParleyError
        If the file cannot be read or lacks a column.
    """
    with _open(path, columns) as file:
        there = [column for column in also or () if column in file.schema_arrow.names]
        yield from file.iter_batches(batch_size=1 << 17, columns=columns + there)


def read_table(path: Path, columns: list[str]) -> dict[str, list[Any]]:
    """Read a small table by columns; these columns must exist.

    Raises
    ------
    ParleyError
        If the file cannot be read or lacks a column.
    """
    with _open(path, columns) as file:
        table: dict[str, list[Any]] = file.read().to_pydict()
    return table


def numbers(column: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return a numeric column, also of decimals, as floats; None becomes NaN."""
    values: np.ndarray[tuple[int], np.dtype[np.float64]] = np.asarray(
        column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64
    )
    return values
