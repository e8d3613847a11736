"""What docs/explanation/team.md names exists, and nothing that the paper numbers is left out."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "explanation" / "team.md").read_text(encoding="utf-8")
NAMED = sorted(
    set(re.findall(r"`([a-z_0-9]+\.[A-Za-z_0-9.]+|tests/[\w./]+|problems/[\w./-]+)`", TEXT))
    - {"names.agents", "parley.mechanisms.team", "tests/team"}
)
TESTS = sorted(set(re.findall(r"`(test_\w+)`", TEXT)))


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_exists(name: str) -> None:
    if name.endswith((".py", ".toml", ".json")):
        assert (ROOT / ("" if "/" in name else "tests/team") / name).is_file()
        return
    parts = name.split(".")
    thing: object = importlib.import_module(f"parley.mechanisms.team.{'.'.join(parts[:-1])}")
    assert hasattr(thing, parts[-1])


@pytest.mark.parametrize("name", TESTS)
def test_findings_name_their_tests(name: str) -> None:
    files = (ROOT / "tests" / "team").glob("test_*.py")
    assert any(f"def {name}(" in path.read_text(encoding="utf-8") for path in files)


@pytest.mark.parametrize(
    "item",
    [
        *(f"Definition {k}" for k in ("2.1", "2.2", "2.4", "2.6", "2.7", "3.1", "5.13", "5.15", "5.16")),
        *(f"Proposition {k}" for k in ("2.5", "2.8", "3.6", "4.6", "5.4")),
        *(f"Theorem {k}" for k in ("3.2", "4.1", "4.5", "5.1", "5.2", "5.11")),
        *(f"Lemma {k}" for k in ("3.3", "3.4", "4.2", "4.3", *(f"5.{k}" for k in (3, *range(5, 11))))),
        *(f"Lemma {k}" for k in ("5.12", "5.14", "5.18", "5.19", "5.20", "5.21", "B.1")),
        *(f"Claim {k}" for k in ("5.17", "B.2")),
        "Corollary 3.5",
        *(f"Example {k}" for k in ("1.1", "2.3", "2.9", "4.4", "6.1")),
        *(f"Algorithm {k}" for k in range(1, 9)),
    ],
)
def test_everything_that_the_paper_numbers_is_there(item: str) -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "`" in line]
    assert any(re.search(rf"{re.escape(item)}(?![\d])", row.split("|")[1]) for row in rows)


def test_enough_is_named() -> None:
    assert len(NAMED) > 50
    assert len(TESTS) == 8
