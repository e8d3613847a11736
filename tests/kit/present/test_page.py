"""The report's page as a text, and its numbers against the tables that they come from."""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64encode
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from html import unescape
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from parley.core import resources
from parley.core.errors import ParleyError
from parley.core.folders import locked
from parley.kit.experiment.page import experiment_sheet
from parley.kit.present import page
from parley.kit.present.page import write_page
from parley.kit.present.tables import number
from parley.mechanisms.coordination.experiment import page as coordination
from parley.mechanisms.coordination.problem import Problem
from parley.mechanisms.coordination.solution import announced_allocation
from tests.kit.present import folders

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from parley.kit.present.page_model import Sheet

MOST_BYTES = 1_500_000


def text_of(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def data_of(folder: Path) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="parley-data">(.*?)</script>', text_of(folder))
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    for cell in data["cells"]:
        cell["figures"] = [data["heads"][entry["head"]] | entry for entry in cell["figures"]]
    return data


def figure(figures: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Rows of a figure as dictionaries, exact numbers as fractions."""
    (found,) = [entry for entry in figures if entry["id"] == name]
    keys = [column[0] for column in found["columns"]]
    return [dict(zip(keys, row, strict=True)) for row in found["rows"]]


def table(folder: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(folder / f"{name}.parquet").to_pylist()
    return rows


# ── one file that needs nothing ─────────────────────────────────────────────────────────────────────────────


KINDS = ("experiment", "simulation", "audit", "lotteries", "lottery_audit")


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind == "experiment" else pytest.mark.deep) for kind in KINDS]
)
def test_a_page_is_one_file_below_its_size_that_refers_to_nothing(
    kind: str, request: pytest.FixtureRequest
) -> None:
    text = text_of(request.getfixturevalue(kind))
    assert len(text.encode()) < MOST_BYTES
    markup = re.sub(r"<script>.*?</script>|<style>.*?</style>", "", text, flags=re.DOTALL)
    references = re.findall(r'(?:src|href|action|data)\s*=\s*"([^"]*)"', markup)
    assert references
    assert all(reference.startswith("#") for reference in references)
    assert "url(" not in text[text.index("<style>") : text.index("</style>")]


def test_the_policy_of_a_page_allows_its_own_scripts_and_no_other(experiment: Path) -> None:
    text = text_of(experiment)
    scripts = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    hashes = [f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts]
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert len(hashes) == 3
    assert f"script-src {' '.join(hashes)};" in unescape(policy[1])
    assert unescape(policy[1]).startswith("default-src 'none';")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_folder_gives_the_same_page(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder = request.getfixturevalue(kind)
    copy = shutil.copytree(folder, tmp_path / folder.name)
    (copy.parent / "problem.json").write_text(json.dumps(folders.PROBLEM), encoding="utf-8")
    (copy / "report.html").unlink()
    assert write_page(copy) == copy / "report.html"
    assert text_of(copy) == text_of(folder)


@pytest.mark.parametrize("kind", KINDS)
def test_titles_and_names_are_escaped_wherever_they_stand(kind: str, request: pytest.FixtureRequest) -> None:
    text = text_of(request.getfixturevalue(kind))
    for hostile in ("<b>glory", "<img", "</script><b>", 'owned"</script>'):
        assert hostile not in text
    if kind == "experiment":
        assert "&lt;b&gt;glory&lt;/b&gt;" in text
        assert "Is {{ 7 * 7 }} &lt; 50" in text  # nor is anything of others a template


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_shares_over_generations_are_those_of_the_tables(experiment: Path) -> None:
    wanted = {
        (row["cell"], row["seat"], row["generation"], row["strategy"]): (row["share"], row["predicted_share"])
        for row in table(experiment, "generations")
    }
    strategies = list(folders.EXPERIMENT["population"]["strategies"])  # type: ignore[index]
    seen = 0
    for k, cell in enumerate(data_of(experiment)["cells"]):
        for row in figure(cell["figures"], "shares"):
            seat = folders.NAMES.index(row["seat"])
            for i, strategy in enumerate(strategies):
                share, predicted = wanted[k, seat, row["generation"], strategy]
                assert row[f"share:{i}"] == pytest.approx(share, abs=1e-6)
                assert row[f"theory:{i}"] == pytest.approx(predicted, abs=1e-6)
                seen += 1
    # The third seat has one strategy only, and is not drawn.
    assert seen == 4 * 2 * folders.GENERATIONS * len(strategies)


def test_savings_are_recomputed_from_the_games_with_their_intervals(experiment: Path) -> None:
    games = defaultdict(list)
    for row in table(experiment, "games"):
        games[row["cell"], row["generation"]].append(float(row["saved_wei"] / row["possible_wei"]))
    expected: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
    for row in table(experiment, "agents"):
        expected[row["cell"], row["generation"]] += Fraction(int(row["expected_cost_wei"]))
    problem = Problem.from_mapping(folders.PROBLEM)
    contracted = problem.total_cost_wei(problem.contracted)
    possible = contracted - problem.total_cost_wei(announced_allocation(problem)[0])
    for k, cell in enumerate(data_of(experiment)["cells"]):
        rows = figure(cell["figures"], "savings")
        assert len(rows) == folders.GENERATIONS
        for row in rows:
            sample = games[k, row["generation"]]
            half = 1.96 * stdev(sample) / len(sample) ** 0.5
            assert row["saved"] == pytest.approx(mean(sample))
            ends = mean(sample) - half, min(1.0, mean(sample) + half)
            assert (row["low"], row["high"]) == pytest.approx(ends)
            theory = (contracted - expected[k, row["generation"]] / len(sample)) / possible
            assert row["expected"] == pytest.approx(float(theory), abs=1e-6)


def test_the_table_of_cells_says_what_the_games_say(experiment: Path) -> None:
    endings: dict[int, list[str]] = defaultdict(list)
    rounds = defaultdict(list)
    for row in table(experiment, "games"):
        endings[row["cell"]].append(row["ending"])
        rounds[row["cell"]].append(row["rounds"])
    rows = figure(data_of(experiment)["figures"], "cells")
    assert [row["cell"]["t"] for row in rows] == [
        f"recognition {function}, continuation {delta}"
        for function in folders.RECOGNITION
        for delta in folders.CONTINUATION
    ]
    for k, row in enumerate(rows):
        games = folders.GENERATIONS * folders.GAMES
        assert row["games"] == len(endings[k]) == games
        assert row["broken"] == pytest.approx(endings[k].count("broken down") / games)
        assert row["rounds"] == pytest.approx(mean(rounds[k]))


def test_continuation_draws_are_held_against_their_probability(experiment: Path) -> None:
    drawn = defaultdict(list)
    for row in table(experiment, "draws"):
        if row["kind"] == "continuation":
            drawn[row["cell"]].append(row["continued"])
    rows = figure(data_of(experiment)["figures"], "cells")
    assert sum(row["draws"] for row in rows) > 20
    for k, row in enumerate(rows):
        assert row["draws"] == len(drawn[k])
        assert row["went_on"] == pytest.approx(mean(drawn[k]))
        assert row["p_delta"] > 1e-6


def test_findings_say_which_strategies_grew_and_what_was_saved(experiment: Path) -> None:
    sheet = experiment_sheet(experiment)
    seats = [row for row in table(experiment, "generations") if row["cell"] == 0 and row["seat"] < 2]
    last = [row for row in seats if row["generation"] == folders.GENERATIONS - 1]
    members = sum(row["members"] for row in last)
    greedy = sum(row["members"] for row in last if row["strategy"] == "greedy") / members
    said = " ".join(text for _, text in sheet.findings)
    assert [lead for lead, _ in sheet.findings][:4] == [name for name, _, _ in sheet.cells]
    (moved,) = re.findall(r"greedy \w+ (?:from \S+ to|at) (\S+)%", sheet.findings[0][1])
    assert float(moved) == pytest.approx(100 * greedy, abs=0.05)
    assert "Over 4 generations: " in said
    assert "Of the possible savings, " in said
    assert "stubborn:1/10 may depart from it on purpose" in said
    assert "Proposers follow their recognition probabilities" in said
    assert f"Of {4 * folders.GENERATIONS * folders.GAMES} games" in said
    assert "every transaction and balance was the same" in said
    for _, text in sheet.findings:
        assert text.endswith(".")


def test_the_exact_value_stands_beside_its_decimals(audit: Path) -> None:
    found = json.loads((audit / "audit.json").read_text())
    rows = figure(data_of(audit)["figures"], "deviations")
    gains = [row["gain"] for row in rows]
    assert any("x" in gain for gain in gains)
    wanted = sorted(Fraction(entry["gain"]) for entry in found["manipulation"] if entry["gain"] != "0")
    assert sorted(Fraction(gain.get("x", int(gain["v"]))) for gain in gains) == wanted


def test_the_page_of_an_audit_tells_every_axiom_and_every_counterexample(audit: Path) -> None:
    found = json.loads((audit / "audit.json").read_text())
    text = unescape(text_of(audit))
    assert "Cost-effective implementation.</strong> Fails: problem " in text
    assert "Top-agent proportionality.</strong> Fails" in text
    witness = found["axioms"]["cost_effective_implementation"]["witness"]
    assert f"it gains {number(witness['gain'])}" in text
    assert "contracted D" in text  # a table of the counterexample
    verdicts = found["axioms"].values()
    passages = sum((one["witness"] is not None) + bool(one["here_basis"]) for one in verdicts)
    assert text.count('<section id="passage-') == passages


def test_seeds_of_one_setting_are_told_together_with_students_interval(tmp_path: Path) -> None:
    sweep = {"recognition": ["announcement-proportional"]}
    folder = folders.make_experiment(tmp_path, seeds=[1, 2, 3], games=20, generations=2, sweep=sweep)
    sheet = experiment_sheet(folder)
    assert [name for name, _, _ in sheet.cells] == ["seed 1", "seed 2", "seed 3"]
    values = [row["saved_share"] for row in table(folder, "savings") if row["generation"] == 1]
    half = 4.303 * stdev(values) / 3**0.5
    high = min(1.0, mean(values) + half)  # a share
    assert high == 1.0
    (row,) = [
        row for row in figure([f.to_json() for f in sheet.figures], "overview") if row["generation"] == 1
    ]
    assert row["saved"] == pytest.approx(mean(values))
    assert (row["low"], row["high"]) == pytest.approx((mean(values) - half, high), rel=1e-3)
    assert "Each setting was run with 3 seeds" in sheet.figures[0].note


def test_a_twins_games_are_counted_by_its_sums(tmp_path: Path) -> None:
    sweep = {"recognition": ["p-star"]}
    folder = folders.make_experiment(tmp_path, engine="exact", sample=10, games=60, sweep=sweep)
    sheet = experiment_sheet(folder)
    assert dict(sheet.facts)["games"] == "240"
    (_, _, figures) = sheet.cells[0]
    (rounds,) = [found for found in figures if found.id == "rounds"]
    assert sum(row[1] for row in rounds.rows) == 240
    told = [text for _, text in sheet.findings if "exact twin" in text]
    assert told == ["40 games of the exact twin were played by the EVM as well: all were the same."]


def test_a_sweep_of_many_cells_is_still_a_small_page_that_says_what_it_leaves_out(
    experiment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = json.loads((experiment / "summary.json").read_text())
    found = coordination._cells(experiment, summary)
    many = [replace(found[k % 4], number=k, name=f"cell {k}", setting=f"setting {k}") for k in range(1_500)]
    monkeypatch.setattr(coordination, "_cells", lambda *_: many)
    sheet = experiment_sheet(experiment)
    assert len(page.render(sheet).encode()) < MOST_BYTES
    (cells,) = [entry for entry in sheet.figures if entry.id == "cells"]
    assert len(cells.rows) == 500
    assert len(sheet.cells) == 100
    assert "Only the first 100 cells have some." in cells.aside
    assert "The first 500 of 1,500" in cells.note
    assert [row[0].get("i") for row in cells.rows[98:102]] == [98, 99, None, None]


# ── what cannot be reported on ──────────────────────────────────────────────────────────────────────────────


def test_a_folder_of_something_else_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ParleyError, match=r"nothing to report on: contains none of manifest\.json") as caught:
        write_page(tmp_path)
    assert "\n" not in str(caught.value)
    with pytest.raises(ParleyError, match="no such folder"):
        write_page(tmp_path / "nowhere")


def broken(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def without(path: Path, column: str) -> None:
    pq.write_table(pq.read_table(path).drop_columns([column]), path)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda f: broken(f / "manifest.json", "{"), r"manifest\.json: invalid JSON"),
        (lambda f: broken(f / "manifest.json", "[]"), r"manifest\.json: must be a JSON object, not \[\]"),
        (lambda f: broken(f / "manifest.json", '{"kind": "other"}'), r"kind is 'other', not 'experiment'"),
        (lambda f: broken(f / "summary.json", '{"cells": []}'), "not a valid file of an experiment"),
        (lambda f: broken(f / "savings.parquet", "no table"), r"savings\.parquet: cannot be read"),
        (lambda f: (f / "generations.parquet").unlink(), r"generations\.parquet: cannot be read"),
        (lambda f: without(f / "savings.parquet", "games"), r"savings\.parquet: has no column games"),
    ],
)
def test_a_damaged_folder_is_refused_in_one_line(
    spoil: Callable[[Path], None], complaint: str, experiment: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(experiment, tmp_path / "copy")
    spoil(copy)
    with pytest.raises(ParleyError, match=complaint) as caught:
        write_page(copy)
    assert "\n" not in str(caught.value)


def test_an_unfinished_experiment_is_told_to_go_on(experiment: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(experiment, tmp_path / "copy")
    manifest = json.loads((copy / "manifest.json").read_text())
    broken(copy / "manifest.json", json.dumps(manifest | {"complete": False}))
    with pytest.raises(ParleyError, match="is not finished; run it again to continue it"):
        write_page(copy)


def less(key: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda found: {name: value for name, value in found.items() if name != key}


@pytest.mark.parametrize(
    ("kind", "file", "change", "said"),
    [
        ("simulation", "simulation.json", lambda _: {}, "unknown kind None"),
        ("audit", "audit.json", lambda _: {}, "unknown kind None"),
        ("audit", "audit.json", less("axioms"), "not a valid file of an audit: KeyError 'axioms'"),
        (
            "lotteries",
            "simulation.json",
            less("counts"),
            "not a valid file of a simulation: KeyError 'counts'",
        ),
        (
            "lotteries",
            "simulation.json",
            less("kind"),
            "unknown kind None; known: coordination, assignment, ",
        ),
        ("lotteries", "problem.json", less("items"), "items: missing"),
        (
            "lottery_audit",
            "audit.json",
            less("envy_free"),
            "not a valid file of an audit: KeyError 'envy_free'",
        ),
        ("lottery_audit", "audit.json", lambda found: found | {"kind": ["x"]}, "unknown kind ['x'];"),
        ("lottery_audit", "solution.json", None, "cannot be read"),
        ("lottery_audit", "problem.json", None, "cannot be read"),
    ],
)
def test_what_is_none_of_its_files_is_refused_in_one_line(
    kind: str,
    file: str,
    change: Callable[[dict[str, Any]], dict[str, Any]] | None,
    said: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    copy = shutil.copytree(request.getfixturevalue(kind), tmp_path / "copy")
    if change is None:
        (copy / file).unlink()
    else:
        found = change(json.loads((copy / file).read_text(encoding="utf-8")))
        (copy / file).write_text(json.dumps(found), encoding="utf-8")
    with pytest.raises(ParleyError) as refusal:
        write_page(copy)
    assert said in str(refusal.value)
    assert file in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_second_report_ends_at_once(audit: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(audit, tmp_path / "copy", ignore=shutil.ignore_patterns("report.html"))
    with (
        locked(copy / "report.html"),
        pytest.raises(ParleyError, match=r"report\.html: another run is writing there"),
    ):
        write_page(copy)
    assert not (copy / "report.html").exists()
    write_page(copy)
    assert text_of(copy) == text_of(audit)


def test_no_page_of_one_run_is_put_beside_another(
    audit: Path, simulation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(audit, tmp_path / "copy")

    def slowly(*sheets: Sheet, title: str) -> str:
        copy.rename(tmp_path / "old")
        shutil.copytree(simulation, copy, ignore=shutil.ignore_patterns("report.html"))
        return render(*sheets, title=title)

    render = page.render
    monkeypatch.setattr(page, "render", slowly)
    with pytest.raises(ParleyError, match="was replaced by another run meanwhile"):
        write_page(copy)
    assert {file.name for file in copy.iterdir()} == {file.name for file in simulation.iterdir()} - {
        "report.html"
    }


def test_a_missing_library_is_answered_with_the_remedy(
    audit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "tree", lambda: tmp_path)
    with pytest.raises(ParleyError, match=r"d3\.min\.js is missing, and pages need it: run `make setup`"):
        write_page(audit)
