"""What docs/explanation/screening.md names exists, and nothing that the paper numbers is left out."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "explanation" / "screening.md").read_text(encoding="utf-8")
NAMED = sorted(
    {"names.agents", "names.tasks"}.symmetric_difference(
        re.findall(r"`([a-z_]+\.[A-Za-z_.1]+|problems/[\w.-]+)`", TEXT)
    )
)
TESTS = sorted(set(re.findall(r"`(test_\w+)`", TEXT)))


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_exists(name: str) -> None:
    if name.endswith((".py", ".toml", ".json")):
        assert (ROOT / ("" if "/" in name else "tests/screening") / name).is_file()
        return
    if name == "parley.mechanisms.screening":
        name = "rays"
    module, *parts = name.split(".")
    thing: object = importlib.import_module(f"parley.mechanisms.screening.{module}")
    for part in parts:
        thing = getattr(thing, part)


@pytest.mark.parametrize("name", TESTS)
def test_findings_name_their_tests(name: str) -> None:
    files = (ROOT / "tests" / "screening").glob("test_*.py")
    assert any(f"def {name}(" in path.read_text(encoding="utf-8") for path in files)


@pytest.mark.parametrize(
    "item",
    [
        *(f"Lemma {k}" for k in range(1, 6)),
        *(f"Proposition {k}" for k in range(1, 4)),
        *(f"Theorem {k}" for k in (1, 2)),
        *(f"Corollary {k}" for k in range(1, 4)),
    ],
)
def test_everything_that_the_paper_numbers_is_there(item: str) -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ")]
    assert any(item in row.split("|")[1] for row in rows)


def test_enough_is_named() -> None:
    assert len(NAMED) > 40
    assert len(TESTS) == 6
