"""What `make test-deep` measures of lines and branches is kept, names every file, and stays above floors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from parley.chain.compiler import project_root

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = project_root()
KEPT = ROOT / "tests" / "coverage.json"
AGAIN = "measure again: `make test-deep` writes tests/coverage.json"

PATTERNS = {"contracts": "contracts/**/*.sol", "sim": "sim/parley/**/*.py"}
FLOORS = {"contracts": {"lines": 0.99, "branches": 0.98}, "sim": {"lines": 0.97, "branches": 0.92}}
"""The least share of all lines and branches that tests reach."""
FILE_FLOOR = 0.75
"""The least share of the lines of one file."""
SMALL = 20
"""Lines of a file that is too small for a share to say much."""


def kept() -> dict[str, dict[str, Any]]:
    content: dict[str, dict[str, Any]] = json.loads(KEPT.read_text(encoding="utf-8"))
    return content


def share(found: Mapping[str, Any], unit: str) -> float:
    reached, counted = (sum(one[unit][k] for one in found.values()) for k in (0, 1))
    return float(reached / counted)


@pytest.mark.parametrize("what", PATTERNS)
def test_every_file_is_measured(what: str) -> None:
    files = {path.relative_to(ROOT).as_posix() for path in ROOT.glob(PATTERNS[what])}
    assert set(kept()[what]) == files, AGAIN


@pytest.mark.parametrize("what", FLOORS)
@pytest.mark.parametrize("unit", ["lines", "branches"])
def test_no_less_is_reached_than_promised(what: str, unit: str) -> None:
    assert share(kept()[what], unit) >= FLOORS[what][unit]


def test_no_file_is_left_out() -> None:
    low = {
        name
        for found in kept().values()
        for name, one in found.items()
        if one["lines"][1] > SMALL and one["lines"][0] < FILE_FLOOR * one["lines"][1]
    }
    assert not low, AGAIN
