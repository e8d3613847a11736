"""What docs/explanation/assignment.md names exists, and its example comes to what it says."""

import importlib
import re
from pathlib import Path

import pytest

from parley.mechanisms.assignment.lottery import show_matrix
from parley.mechanisms.assignment.solution import rule_matrix
from tests.assignment.problems import cardinal

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "explanation" / "assignment.md").read_text(encoding="utf-8")
LINES = [line for line in TEXT.splitlines() if line.startswith("| ") and "`" in line]
KEYS = {"names.agents", "parley.mechanisms.assignment"}
NAMED = sorted(
    KEYS.symmetric_difference(re.findall(r"`([a-z_]+\.[A-Za-z_.1]+|problems/[\w.-]+|test_\w+\.py)`", TEXT))
)


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_exists(name: str) -> None:
    if name.endswith((".py", ".toml")):
        assert (ROOT / ("" if "/" in name else "tests/assignment") / name).is_file()
        return
    if name.startswith("parley."):
        importlib.import_module(name)
        return
    module, *parts = name.split(".")
    thing: object = importlib.import_module(f"parley.mechanisms.assignment.{module}")
    for part in parts:
        thing = getattr(thing, part)


def test_enough_is_named() -> None:
    assert len(NAMED) > 30


@pytest.mark.parametrize(
    "rule", ["serial-dictatorship", "probabilistic-serial", "boston", "welfare", "pseudo-market"]
)
def test_two_agents_get_what_the_table_says(rule: str) -> None:
    row = next(line for line in LINES if line.startswith(f"| `{rule}` |"))
    said = [cell.strip().split(", ") for cell in row.split("|")[2:4]]
    assert show_matrix(rule_matrix(cardinal([[4, 1], [4, 3]], rule))) == said
