"""Pages of random assignments as texts: their numbers against theory, against the table of lotteries."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from html import unescape
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from parley.chain.compiler import project_root
from parley.kit.present.page import write_page
from parley.kit.present.run import play_into
from parley.kit.registry import load
from parley.mechanisms.assignment.lottery import expected
from parley.mechanisms.assignment.problem import Problem, load_problem
from tests.kit.present import folders
from tests.kit.present.test_page import data_of, figure, text_of

if TYPE_CHECKING:
    from pathlib import Path

PROBLEM = Problem.from_mapping(folders.LOTTERY)
BOND = 10**15


def exactly(cell: dict[str, Any]) -> Fraction:
    return Fraction(cell["x"]) if "x" in cell else Fraction(cell["v"])


def findings(folder: Path) -> list[str]:
    (block,) = re.findall(r'<ul class="findings">(.*?)</ul>', text_of(folder), flags=re.DOTALL)
    return [
        unescape(re.sub(r"<.*?>", "", item)).strip()
        for item in re.findall(r"<li>(.*?)</li>", block, flags=re.DOTALL)
    ]


@pytest.fixture(scope="module")
def cyclic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The audit of a rule that looks at utilities, under which it pays to lie."""
    folder = tmp_path_factory.mktemp("cyclic")
    load(project_root() / "problems" / "assignment-cyclic.toml").audit().write(folder)
    write_page(folder)
    return folder


# ── audits ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_matrix_ranks_and_lottery_are_exact(lottery_audit: Path) -> None:
    figures = data_of(lottery_audit)["figures"]
    third = Fraction(1, 3)
    assert {exactly(row["probability"]) for row in figure(figures, "matrix")} == {third}
    for row in figure(figures, "ranks"):  # that of all agents together included
        assert [exactly(row[f"rank:{k}"]) for k in range(3)] == [third, third, third]
        assert "rank:3" not in row  # nobody gets nothing
    assert [exactly(row["utility"]) for row in figure(figures, "ranks")] == [
        Fraction(4, 3),
        Fraction(4, 3),
        Fraction(5, 3),
        Fraction(13, 9),
    ]
    lottery = figure(figures, "lottery")
    assert sum(exactly(row["weight"]) for row in lottery) == 1
    whole = {
        ", ".join(map(" ".join, zip(folders.NAMES, items, strict=True)))
        for items in permutations(folders.ITEMS)
    }
    assert {row["all"] for row in lottery} <= whole


def test_option_sets_show_all_lotteries_with_what_they_are_worth(cyclic: Path) -> None:
    problem = load_problem(project_root() / "problems" / "assignment-cyclic.toml")
    sets = json.loads((cyclic / "audit.json").read_text(encoding="utf-8"))["option_sets"]
    cells = data_of(cyclic)["cells"]
    assert problem.utilities is not None
    assert [cell["name"] for cell in cells] == ["agent 1", "agent 2", "agent 3"]
    for agent, (cell, options) in enumerate(zip(cells, sets, strict=True)):
        rows = figure(cell["figures"], "options")
        lotteries = [tuple(exactly(row[f"item:{k}"]) for k in range(3)) for row in rows]
        given = [tuple(map(Fraction, entry["row"])) for entry in options["lotteries"]]
        assert sorted(lotteries) == sorted(given)
        assert lotteries[0] == given[options["own"]]
        worth = [expected(row, problem.utilities[agent]) for row in lotteries]
        assert [exactly(row["worth"]) for row in rows] == worth
        assert worth[1:] == sorted(worth[1:], reverse=True)
        kinds = ["its own", *("better" if w > worth[0] else "no better" for w in worth[1:])]
        assert [row["kind"] for row in rows] == kinds
        assert "better" in kinds
        # What is better lies outside of the shaded part, all else within or on its edge.
        (worse,) = [area["corners"] for area in cell["figures"][0]["options"]["areas"]]
        top = max(expected(tuple(map(Fraction, corner)), problem.utilities[agent]) for corner in worse)
        assert float(top) == pytest.approx(float(worth[0]))


def test_agents_of_one_ranking_and_different_utilities_have_option_sets_of_their_own(
    lottery_audit: Path,
) -> None:
    cells = data_of(lottery_audit)["cells"]
    assert [cell["name"] for cell in cells] == [", ".join(folders.NAMES[:2]), folders.NAMES[2]]
    own = [figure(cell["figures"], "options")[0]["worth"] for cell in cells]
    assert list(map(exactly, own)) == [Fraction(4, 3), Fraction(5, 3)]


# ── runs ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_counts_are_those_of_the_table_of_lotteries(lotteries: Path) -> None:
    table = pq.read_table(lotteries / "games.parquet").to_pylist()
    assert [row["game"] for row in table] == list(range(folders.LOTTERIES))
    assert {row["ending"] for row in table} == {"drawn"}
    rows = figure(data_of(lotteries)["figures"], "counts")
    names = [*folders.ITEMS, "nothing"]
    for row in rows:
        i, o = folders.NAMES.index(row["agent"]), names.index(row["item"])
        wanted = o if o < len(folders.ITEMS) else -1
        assert row["times"] == sum(game[f"item_{i}"] == wanted for game in table)
        assert row["share"] == pytest.approx(row["times"] / len(table))
        assert row["low"] <= row["share"] <= row["high"]
    # The second agent never reveals; of the other two, who want the same, each comes first half of the time.
    half = folders.LOTTERIES / 2
    expected_counts = [[half, 0, half, 0], [0, 0, 0, 2 * half], [half, 0, half, 0]]
    assert [row["expected"] for row in rows] == [count for row in expected_counts for count in row]


def test_a_run_says_who_was_silent_and_what_it_lost(lotteries: Path) -> None:
    said = findings(lotteries)
    silent = folders.NAMES[1]
    assert any(text.startswith("Draws follow the rule's probabilities") for text in said)
    assert any("lotteries a deadline passed, and the lottery went on without" in text for text in said)
    assert f"No report was revealed by {silent}." in said
    assert f"Bonds of {BOND:,} wei lost: {silent} {folders.LOTTERIES}." in said
    agents = figure(data_of(lotteries)["figures"], "agents")
    assert [row["lost"] for row in agents] == [0, folders.LOTTERIES, 0]
    assert [row["reported"] for row in agents] == ["the truth", "nothing revealed", "the truth"]
    assert [exactly(row["expected"]) for row in agents] == [2, 0, Fraction(5, 2)]


def test_a_run_says_who_lied_and_what_theory_expects_of_it(tmp_path: Path) -> None:
    """Under the Boston mechanism the second choice is to be had for sure if nobody else names it first."""
    keys = {"items": ["a", "b", "c"], "utilities": [[4, 3, 0]] * 3, "rule": "boston"}
    problem = load({"kind": "assignment", **keys})
    play_into(tmp_path, problem, games=20, seed=1, bots=["misreporting", "truthful", "truthful"])
    write_page(tmp_path)
    lie = json.loads((tmp_path / "simulation.json").read_text(encoding="utf-8"))["agents"][0]["report"]
    assert lie[0] == 1
    told = " > ".join("abc"[o] for o in lie)
    assert f"Not truthful: agent 1 reported {told}." in findings(tmp_path)
    rows = figure(data_of(tmp_path)["figures"], "agents")
    assert [row["reported"] for row in rows] == [told, "the truth", "the truth"]
    assert exactly(rows[0]["expected"]) == 3
    assert exactly(rows[1]["expected"]) == 2  # the first choice or the last


def test_the_folder_of_a_run_holds_what_it_says(lotteries: Path) -> None:
    files = {path.name for path in lotteries.iterdir()} - {"report.html"}
    assert files == {
        "games.parquet",
        "simulation.json",
        "problem.json",
        "run.json",
        "matrix.png",
        "matrix.svg",
    }
    assert (
        Problem.from_mapping(json.loads((lotteries / "problem.json").read_text(encoding="utf-8"))) == PROBLEM
    )
