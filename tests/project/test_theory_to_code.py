"""The map from the paper to the code names what exists, and leaves out nothing that the paper numbers."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "explanation" / "coordination.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| in the paper"))
]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_there_is_a_table() -> None:
    assert len(ROWS) > 30
    assert all(len(row) == 3 for row in ROWS)


@pytest.mark.parametrize("name", sorted({name for row in ROWS for name in names(row[1])}))
def test_what_is_named_exists(name: str) -> None:
    if "/" in name or name.endswith(".md"):
        assert any((folder / name).is_file() for folder in (ROOT, ROOT / "docs" / "studies"))
        return
    full = name if name.startswith("parley.") else f"parley.mechanisms.coordination.{name}"
    parts = full.split(".")
    for cut in range(len(parts) - 1, 1, -1):
        try:
            thing = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            thing = getattr(thing, part)
        return
    pytest.fail(f"no module of {name}")


@pytest.mark.parametrize("name", sorted({name for row in ROWS for name in names(row[2])}))
def test_the_tests_that_are_named_exist(name: str) -> None:
    assert (ROOT / "tests" / name).is_file()


@pytest.mark.parametrize(
    "item",
    [
        *(f"Example {k}" for k in (1, 2, 3, 4)),
        *(f"Axiom {k}" for k in ("1", "2", "2*", "3")),
        *(f"Proposition {k}" for k in (1, 2, 3, 4)),
        "Theorem 1",
        *(f"Figure {k}" for k in (1, 2)),
        "Figures 3 and 4",
        "Appendix A",
    ],
)
def test_everything_that_the_paper_numbers_is_there(item: str) -> None:
    assert any(re.search(rf"{re.escape(item)}(?![\d*])", row[0]) for row in ROWS)
