"""Experiment files to test with."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from parley.chain.compiler import project_root

PROBLEMS = project_root() / "problems"
EXAMPLE = str(PROBLEMS / "paper-example-1.toml")
GREED = PROBLEMS / "experiments" / "greed.toml"
GREED_PROBLEM = str(PROBLEMS / "experiments" / "problems" / "greed.toml")

TABLES = ("agents", "announcements", "cells", "draws", "games", "generations", "savings")


def keys(**changed: object) -> dict[str, Any]:
    """Keys of a small experiment, with some changed; None takes a key out."""
    all_keys: dict[str, Any] = {
        "kind": "experiment",
        "title": "Test",
        "games": 6,
        "generations": 2,
        "problem": {"file": EXAMPLE},
    } | changed
    return {key: value for key, value in all_keys.items() if value is not None}


def written(folder: Path, **changed: object) -> Path:
    """Such an experiment as a file."""
    file = folder / "experiment.json"
    file.write_text(json.dumps(keys(**changed)), encoding="utf-8")
    return file


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    """All rows of a table that an experiment has left."""
    read: list[dict[str, Any]] = pq.read_table(folder / f"{table}.parquet").to_pylist()
    return read


def bytes_of(folder: Path) -> dict[str, bytes]:
    """All that an experiment has left."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}
