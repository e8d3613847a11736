"""A result is laid out once: terminal, page, files and pictures show the same figures of it."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from functools import cache
from html import unescape
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from parley.chain.compiler import project_root
from parley.kit.loaded import LoadedProblem
from parley.kit.mechanism import Mechanism
from parley.kit.present.arrow import figure_tables
from parley.kit.present.drawing import CHARTS, pictures
from parley.kit.present.page import render
from parley.kit.present.page_model import Column, Figure, Sheet, exactly
from parley.kit.present.tables import written
from parley.kit.present.terminal import sheet_tables, tables_of
from parley.kit.registry import load
from tests.kit.present import folders

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rich.console import RenderableType

COORDINATION = {**folders.PROBLEM, "names": {"agents": ["Zoe", "Max", "Kim"]}}
ASSIGNMENT = {**folders.LOTTERY, "names": {"agents": ["Zoe", "Max", "Kim"]}}

READY = project_root() / "problems"
RESULTS: dict[str, Callable[[], Any]] = {
    "coordination solution": lambda: load(COORDINATION).solve(),
    "coordination audit": lambda: load(COORDINATION).audit(problems=10, games=0, recognition="equal"),
    "coordination run": lambda: load(COORDINATION).simulate(games=12, seed=1),
    "assignment solution": lambda: load(ASSIGNMENT).solve(),
    "assignment audit": lambda: load(ASSIGNMENT).audit(),
    "assignment run": lambda: load(ASSIGNMENT).simulate(games=12, seed=1),
    "screening solution": lambda: load(READY / "screening-worked-example.toml").solve(),
    "guarantees solution": lambda: load(READY / "guarantees-worked-example.toml").solve(),
    "team audit": lambda: load(READY / "team-worked-example.toml").audit(),
}


@cache
def sheet_of(name: str) -> Sheet:
    sheet: Sheet = RESULTS[name]()._sheet()
    return sheet


def told(table: RenderableType, width: int = 300) -> str:
    console = Console(width=width, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        console.print(table)
    return re.sub(r"\s+", " ", captured.get())


@pytest.mark.parametrize("name", RESULTS)
def test_a_terminal_shows_every_figure_but_details(name: str) -> None:
    sheet = sheet_of(name)
    text = told(sheet_tables(sheet))
    for figure in sheet.figures:
        title = " ".join(figure.title.split())
        assert (title in text) is not figure.detail, figure.id
        for row in figure.rows:
            assert figure.detail or written(row[0], figure.columns[0].format) in text
    for about, said in sheet.findings:
        assert " ".join(f"{about}: {said}".removeprefix(": ").split()) in text


@pytest.mark.parametrize("name", RESULTS)
def test_a_terminal_of_80_columns_loses_nothing_at_its_edge(name: str) -> None:
    console = Console(width=80, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        console.print(sheet_tables(sheet_of(name)))
    text = captured.get()
    assert all(len(line.rstrip()) <= 80 for line in text.splitlines())
    assert "…" not in text.replace("… and ", "")
    words = set(re.findall(r"\w+", text))
    for figure in sheet_of(name).figures:
        for column in figure.columns:
            shown = not figure.detail and not column.detail and "down" not in figure.options
            if shown and any(row[figure.columns.index(column)] not in (None, "") for row in figure.rows):
                assert set(re.findall(r"\w+", column.label)) <= words, column.label


@pytest.mark.parametrize("name", RESULTS)
def test_a_page_and_files_have_the_numbers_of_every_figure(name: str) -> None:
    sheet = sheet_of(name)
    page = render(sheet)
    text = " ".join(
        unescape(
            re.sub(r"<script.*?</script>|<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL)
        ).split()
    )
    for lines in ([text for _, text in sheet.findings], *(lines for _, lines in sheet.passages)):
        assert all(" ".join(line.split()) in text for line in lines if isinstance(line, str))
    (data,) = re.findall(r'<script type="application/json" id="parley-data">(.*?)</script>', page)
    tables = figure_tables(sheet)
    for figure, shown in zip(sheet.figures, json.loads(data)["figures"], strict=True):
        assert shown == json.loads(json.dumps(figure.to_json()))
        written = tables[figure.id].to_pydict()
        assert list(written) == [column.key for column in figure.columns]
        for k, column in enumerate(figure.columns):
            for entry, value in zip((row[k] for row in figure.rows), written[column.key], strict=True):
                exact = entry.get("x", entry["v"]) if isinstance(entry, dict) else entry
                same = exact == value or Fraction(str(exact)) == Fraction(str(value))
                assert same, (figure.id, column.key)


@pytest.mark.parametrize("name", RESULTS)
def test_every_chart_of_a_page_can_be_a_picture(name: str) -> None:
    sheet = sheet_of(name)
    wanted = {figure.picture for figure in sheet.figures if figure.picture}
    wanted |= {figure.picture for _, _, figures in sheet.cells for figure in figures}
    assert set(pictures(sheet)) == wanted
    for figure in sheet.figures:
        for chart in figure.chart.split():
            assert chart in CHARTS


def test_a_verdict_is_coloured_and_a_long_table_is_cut() -> None:
    columns = [Column("k", "property"), Column("v", "", "verdict"), Column("x", "more", detail=True)]
    rows = [[f"p{k}", "fails: problem 3" if k else "holds", "unseen"] for k in range(9)]
    figure = Figure("a", "Properties", columns, rows, note="How to read it.")
    (table,) = tables_of(figure, 3)
    assert table.row_count == 3
    first, second, _ = table.columns[1].cells
    assert (str(first.style), str(second.style)) == ("green", "red")  # type: ignore[union-attr]
    assert "unseen" not in told(table)
    long = Sheet("audit", "", "", figures=[Figure("a", "Long", columns, rows * 8, note="How to read it.")])
    assert "… and 32 more (all in --json) How to read it." in told(sheet_tables(long))


# ── a mechanism that says nothing about it ──────────────────────────────────────────────────────────────────

REPORT = {
    "kind": "straws",
    "holds": True,
    "shares": [["1/3", "2/3"], ["1", "0"]],
    "prices": ["1/2", None],
    "agents": [{"agent": 0, "gain": "1/7", "report": [1, 0]}, {"agent": 1, "gain": 0.25, "report": None}],
    "test": {"p_value": 0.5, "counts": [3, 4]},
}


class Straws(Mechanism[Any, Any, Any, Any, Any]):
    """Only what it must say."""

    kind = "straws"
    about = "who draws"
    contracts = ()
    descriptions = {}  # noqa: RUF012 - as its base has it
    bots = {}  # noqa: RUF012

    def problem(self, mapping: Mapping[str, Any], file: str) -> Any:  # noqa: ANN401
        return SimpleNamespace(agents=2, to_mapping=lambda: dict(mapping), file=file)

    def solve(self, *_: object) -> Any:  # noqa: ANN401
        return SimpleNamespace(to_json=lambda: REPORT)

    def audit(self, *_: object) -> Any:  # noqa: ANN401
        return self.solve()

    # Required by the base, and never called here: nothing is played or verified, only shown.

    def keys(self) -> Any:  # noqa: ANN401
        raise NotImplementedError

    def verifier(self) -> Any:  # noqa: ANN401
        raise NotImplementedError

    def cast(self, *_: object) -> Any:  # noqa: ANN401
        raise NotImplementedError

    def player(self, *_: object) -> Any:  # noqa: ANN401
        raise NotImplementedError

    def statistics(self, *_: object) -> Any:  # noqa: ANN401
        raise NotImplementedError


@pytest.mark.parametrize("verb", ["solve", "audit"])
def test_a_mechanism_without_words_shows_its_report_as_tables(verb: str) -> None:
    problem = LoadedProblem(Straws(), Straws().problem({"kind": "straws"}, ""))
    found = getattr(problem, verb)()
    text = told(found.tables()[0])
    assert "kind straws; holds yes" in text
    for title in ("shares", "prices", "agents", "test", "test, counts"):
        assert f" {title} " in text
    assert "0.1429" in text
    assert "1/7" in told(found.tables(exact=True)[0])
    assert "1, 0" in text
    assert found.figures()["prices"].to_pydict() == {"number": ["0", "1"], "value": ["1/2", None]}
    (picture,) = found.pictures().values()
    assert [label.get_text() for label in picture.axes[0].texts] == ["0.333", "0.667", "1.000", "0"]
    sheet = found._sheet()
    (shares,) = [figure for figure in sheet.figures if figure.id == "shares"]
    assert shares.rows[0] == ["0", "0", exactly("1/3")]
    assert "parley-data" in render(sheet)
