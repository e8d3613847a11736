"""What docs/studies/beyond-the-paper.md says is what scripts/beyond.py measures."""

import re
from fractions import Fraction
from pathlib import Path

import pytest

from parley.chain.compiler import project_root
from scripts import beyond

pytestmark = pytest.mark.deep

ROOT = project_root()
PAGE = (ROOT / "docs" / "studies" / "beyond-the-paper.md").read_text(encoding="utf-8")
PROBLEMS, SEED = 100, 1
"""The script's defaults."""


def lines_of_tables() -> list[str]:
    return re.findall(r"^\| .*\|$", PAGE, flags=re.MULTILINE)


@pytest.mark.deep
@pytest.mark.parametrize("name", ["indivisible", "weighted", "simultaneous"])
def test_tables_of_the_page_are_what_the_script_prints(name: str) -> None:
    for table in beyond.SECTIONS[name](PROBLEMS, SEED).tables:
        assert table in PAGE


def test_how_play_of_the_same_contracts_ends_is_as_the_page_says() -> None:
    row = beyond.rest_row(PROBLEMS, SEED, Fraction(1))
    assert f"| {' | '.join(row)} |" in PAGE


@pytest.mark.deep
def test_all_that_is_said_of_learned_costs_is_what_the_script_prints() -> None:
    for table in beyond.learned(PROBLEMS, SEED).tables:
        assert table in PAGE


def test_the_page_has_as_many_tables_and_rows_as_the_script_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    # So that none is left over on the page. With fewer problems and periods only the numbers differ.
    monkeypatch.setattr(beyond, "PERIODS", 2)
    monkeypatch.setattr(beyond, "SHOWN_PERIODS", (1, 2, 2, 2, 2, 2))
    tables = [table for section in beyond.SECTIONS.values() for table in section(5, SEED).tables]
    assert sum(line.startswith("| --- |") for line in lines_of_tables()) == len(tables)
    assert len(lines_of_tables()) == sum(len(table.splitlines()) for table in tables)


def test_figures_in_the_text_are_those_of_the_tables() -> None:
    tables = "\n".join(lines_of_tables())
    text = PAGE.replace("\n", " ")
    row = re.search(r"^\| p-star \| 100 \| \d+ \| (\d+) \|", tables, flags=re.MULTILINE)
    assert row is not None
    assert f"In {row[1]} of 100 problems there is even an equilibrium that saves nothing" in text
    row = re.search(r"^\| announcement-proportional \| (\d+) \|", tables, flags=re.MULTILINE)
    assert row is not None
    assert f"in {100 - int(row[1])} of 100 problems no simultaneous equilibrium is efficient" in text
    row = re.search(r"^\| p-star \| contracts \| 100 \| (\d+) \|", tables, flags=re.MULTILINE)
    assert row is not None
    assert f"best responses end at an efficient one in {row[1]} of 100 problems" in text


def test_the_script_prints_and_draws_the_same_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = []
    for place in (tmp_path / "one", tmp_path / "two"):
        assert beyond.run(["simultaneous", "--problems", "6", "--seed", "2", "--out", str(place)]) == 0
        printed.append((capsys.readouterr().out, (place / "beyond-simultaneous.svg").read_bytes()))
    assert printed[0] == printed[1]
    assert printed[0][0].startswith("simultaneous\n\n| recognition | best efficient |")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["other"], "no section other; there are indivisible,"),
        (["--problems", "2"], "--problems: at least 5"),
    ],
)
def test_what_the_script_does_not_know_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit):
        beyond.run(arguments)
    assert message in capsys.readouterr().err


def test_pictures_of_the_page_are_there() -> None:
    named = re.findall(r"\]\(../(images/[^)]+)\)", PAGE)
    assert sorted(named) == sorted(f"images/{path.name}" for path in (ROOT / "docs/images").glob("beyond-*"))
    for name in named:
        assert (ROOT / "docs" / name).stat().st_size < 60_000
