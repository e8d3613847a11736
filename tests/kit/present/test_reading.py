"""What a terminal shows is read once: no line ends in blanks, and nothing is said twice or of nothing."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from parley.chain.compiler import project_root
from parley.kit.experiment.page import _cells, _means  # the parts of a sweep's sheet
from parley.kit.present.page_model import Column, Figure, columns
from parley.kit.present.page_parts import EXPIRED, Z_SCORE, mean_columns, means_figure, paths_figure
from parley.kit.present.terminal import tables_of
from parley.kit.registry import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.core.files import JsonObject

READY = project_root() / "problems"
RESULTS: dict[str, Callable[[Any], Any]] = {
    "solve": lambda problem: problem.solve(),
    "audit": lambda problem: problem.audit(),
    "simulate": lambda problem: problem.simulate(games=12, seed=1),
}
PROBLEMS = (
    "paper-example-1",
    "assignment-seminars",
    "assignment-cyclic",
    "screening-worked-example",
    "guarantees-worked-example",
    "team-worked-example",
)


@cache
def lines_of(name: str, what: str) -> tuple[str, ...]:
    """The lines of a result on a terminal of 80 columns."""
    console = Console(width=80, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        for table in RESULTS[what](load(READY / f"{name}.toml")).tables():
            console.print(table)
    return tuple(captured.get().split("\n"))


every_result = pytest.mark.parametrize(
    ("name", "what"), [(name, what) for name in PROBLEMS for what in RESULTS]
)


@every_result
def test_no_line_ends_in_blanks_or_is_cut(name: str, what: str) -> None:
    lines = lines_of(name, what)
    assert [line for line in lines if line != line.rstrip()] == []
    assert max(map(len, lines)) <= 80


@every_result
def test_no_sentence_is_printed_twice(name: str, what: str) -> None:
    text = " ".join(lines_of(name, what))
    sentences = [one.strip() for one in re.findall(r"[A-Z“][^.:─]{25,}[.:](?= |$)", text)]
    assert sorted(one for one in set(sentences) if sentences.count(one) > 1) == []


@every_result
def test_nothing_speaks_of_links_charts_or_intervals_that_are_not_there(name: str, what: str) -> None:
    text = " ".join(lines_of(name, what))
    for word in ("leads to its", "darker", "Curves", "Intervals", "triangle", "another backend"):
        assert word not in text


@pytest.mark.parametrize("name", PROBLEMS)
def test_an_audit_begins_with_its_answer_and_fits_two_screens(name: str) -> None:
    lines = lines_of(name, "audit")
    assert re.search(r"\bhold(s)?\b", " ".join(lines[:4]))
    assert len(lines) <= 90


def test_numbers_of_a_column_and_of_columns_that_compare_have_the_same_decimals() -> None:
    heads = columns(who="who", one=("one", "number"), other=("other", "number"), apart=("apart", "number"))
    rows = [["a", 0.08333, 0.4167, 12.5], ["b", 0.0, 0.00001, 0.0004]]
    (table,) = tables_of(Figure("f", "F", heads, rows, options={"alike": ["one", "other"]}))
    shown = [[str(cell) for cell in column.cells] for column in table.columns]
    assert shown == [["a", "b"], ["0.0833", "0.0000"], ["0.4167", "<0.0001"], ["12.5", "<0.1"]]


def test_what_words_of_paths_mean_is_told_where_a_path_has_them() -> None:
    notes = {"continued": "bargaining went on"}
    plain = paths_figure({"settled": 2}, 2, notes, "games")
    assert (plain.note, plain.detail) == ("", True)  # a sentence says how games ended
    went = paths_figure({"settled": 1, "settled, continued": 1}, 2, notes, "games")
    assert (went.note, went.detail) == ("bargaining went on", False)
    late = paths_figure({"expired, joining expired": 1}, 1, notes, "games")
    assert (late.note, late.detail) == (EXPIRED, False)


def test_z_is_explained_where_there_is_one_and_intervals_where_they_are_shown() -> None:
    heads = [Column("who", "who"), *mean_columns("mean", "theory")]
    words = {"title": "Means", "played": "mean", "unit": "cost"}

    def figure(z: float | None) -> Figure:
        return means_figure("m", "Means", heads, [["a", 1.0, 0.9, 1.1, 1.0, 0.0, z, None]], words)

    assert figure(0.5).note == Z_SCORE
    assert figure(None).note == ""
    assert "Intervals" in figure(None).to_json()["note"]  # the page has their columns


def sweep(seeds: list[int]) -> list[JsonObject]:
    return [
        {
            "problem": "p",
            "seed": seed,
            "varied": {"rule": rule},
            "games": 4,
            "endings": {"drawn": 4},
            "p_values": {"item": 0.5},
            "gas": {"per_game": 1.0},
            "means": {"utility": [{"of": "a", "mean": mean}]},
        }
        for rule, mean in (("one", 1.0), ("other", 3.0))
        for seed in seeds
    ]


def test_a_sweep_shows_means_by_what_varies() -> None:
    cells = sweep([1, 2])
    cells[0]["means"]["utility"][0]["mean"] = 2.0
    by, each = _means(cells, [str(k) for k in range(4)])
    assert by.title == "Mean utility by rule"
    assert by.rows == [["one", 1.5], ["other", 3.0]]
    assert (by.note, by.detail, each.detail) == ("Averages over 2 seeds.", False, True)


def test_cells_of_one_seed_are_said_to_have_the_same_draws() -> None:
    shared = _cells(sweep([1]), ["0", "1"])
    assert "The same seed gives the same draws" in shared.note
    alone = _cells(sweep([1])[:1], ["0"])
    assert alone.note == ""
    assert "leads to its figures" in alone.aside  # only a page has links
