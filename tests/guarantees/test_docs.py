"""What docs/explanation/guarantees.md names exists, and nothing that the paper numbers is left out."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "explanation" / "guarantees.md").read_text(encoding="utf-8")
NAMED = sorted(
    {"names.providers", "names.jobs"}.symmetric_difference(
        re.findall(r"`([a-z_]+\.[A-Za-z_.]+|tests/[\w./]+|problems/[\w./-]+)`", TEXT)
    )
    - {"parley.mechanisms.guarantees", "tests/guarantees"}
)
TESTS = sorted(set(re.findall(r"`(test_\w+)`", TEXT)))


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_exists(name: str) -> None:
    if name.endswith((".py", ".toml", ".json")):
        assert (ROOT / ("" if "/" in name else "tests/guarantees") / name).is_file()
        return
    module, *parts = name.split(".")
    thing: object = importlib.import_module(f"parley.mechanisms.guarantees.{module}")
    for part in parts:
        thing = getattr(thing, part)


@pytest.mark.parametrize("name", TESTS)
def test_findings_name_their_tests(name: str) -> None:
    files = (ROOT / "tests" / "guarantees").glob("test_*.py")
    assert any(f"def {name}(" in path.read_text(encoding="utf-8") for path in files)


@pytest.mark.parametrize(
    "item",
    [
        *(f"Assumption {k}" for k in (1, 2)),
        *(f"Theorem {k}" for k in (1, 2)),
        *(f"Lemma {k}" for k in (1, 2)),
        *(f"Proposition {k}" for k in range(1, 8)),
        *(f"Instance {k}" for k in range(1, 10)),
        *(f"Example {k}" for k in (1, 2)),
    ],
)
def test_everything_that_the_paper_numbers_is_there(item: str) -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "`" in line]
    assert any(item in row.split("|")[1] for row in rows)


def test_enough_is_named() -> None:
    assert len(NAMED) > 40
    assert len(TESTS) == 6
