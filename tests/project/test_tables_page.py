"""docs/reference/tables.md has every column of every table, with its type, in order."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest

import parley
from parley.chain.compiler import project_root
from parley.kit.registry import kinds
from parley.mechanisms.coordination.experiment.tables import SCHEMAS as POPULATIONS
from parley.mechanisms.guarantees.experiment.tables import SCHEMAS as VALUE_LOSS

PAGE = (project_root() / "docs" / "reference" / "tables.md").read_text(encoding="utf-8")
PROBLEMS = {
    "coordination": "paper-example-1",
    "assignment": "assignment-bogomolnaia-moulin",
    "screening": "screening-worked-example",
    "guarantees": "guarantees-worked-example",
    "team": "team-worked-example",
}


def documented(section: str) -> list[tuple[str, str]]:
    """The columns of a section, and their types."""
    text = PAGE.split(f"\n### {section}\n")[1].split("\n#")[0]
    rows = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| `")]
    return [(name, kind.strip()) for names, kind in rows for name in re.findall(r"`(\w+)`", names)]


def word(kind: pa.DataType) -> str:
    names = {pa.decimal128(38): "wei", pa.float64(): "float64"}
    return "text" if pa.types.is_dictionary(kind) else names.get(kind, str(kind))


@pytest.mark.parametrize("kind", kinds())
def test_columns_of_games(kind: str) -> None:
    loaded = parley.load(project_root() / "problems" / f"{PROBLEMS[kind]}.toml")
    found = [
        (re.sub(r"_0(?=_|$)", "_i", name), columns.type)
        for columns in loaded.mechanism.columns(loaded.problem)
        for name in columns.names
        if not re.search(r"_[1-9]\d*(?=_|$)", name)
    ]
    assert documented(kind) == found


@pytest.mark.parametrize("table", sorted(POPULATIONS | VALUE_LOSS))
def test_columns_of_experiments(table: str) -> None:
    schema = (POPULATIONS | VALUE_LOSS)[table]
    assert documented(table) == [(field.name, word(field.type)) for field in schema]
