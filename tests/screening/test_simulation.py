"""Runs of many markets agree with theory, by tests whose level is known; the commands that show them."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from parley.core.errors import ParleyError
from parley.core.statistics import MIN_P
from parley.kit.live.game import watch
from parley.kit.registry import load
from parley.mechanisms.screening.bots import ERRORS
from parley.mechanisms.screening.expectation import expectation
from parley.mechanisms.screening.preferences import Law
from parley.mechanisms.screening.problem import Problem, worked_example
from tests.command import parley
from tests.screening.paper import CHANGES, VARIANCE, worked

PROBLEMS = Path(__file__).parents[2] / "problems"
EXAMPLE = PROBLEMS / "screening-worked-example.toml"
LOGNORMAL = {"type": "lognormal", "mean": [0, 0], "covariance": [["1/4", 0], [0, "1/4"]]}


def simulated(problem: Problem, **play: Any) -> dict[str, Any]:  # noqa: ANN401 - as `simulate` takes
    """What a run of a problem reports, if nothing contradicts theory."""
    run = load(problem.to_mapping()).simulate(keep=False, **play)
    assert run.holds
    assert run.identical
    found: dict[str, Any] = json.loads(json.dumps(run.to_json()))
    assert (found["worse_off"], found["above_status_quo"], found["mismatches"]) == (0, 0, 0)
    return found


def test_costs_and_choices_are_the_worked_example_s() -> None:
    found = simulated(worked("W1"), games=1500, seed=2)
    cost = found["cost"]
    assert (cost["status_quo"], Fraction(cost["expected"])) == ("24", 24 + Fraction(CHANGES["W1"]))
    assert abs(cost["z"]) < 4.5
    assert cost["std_error"] ** 2 * 1500 == pytest.approx(float(Fraction(VARIANCE)), rel=0.3)
    assert found["expected_choices"][0] == pytest.approx([1500 * p for p in (11 / 60, 11 / 15, 1 / 12)])
    assert found["p_value"] > MIN_P
    assert [sum(counts) for counts in found["choices"]] == [1500] * 3
    assert found["endings"] == {"settled": 1500, "lapsed": 0}


def test_bots_whose_choices_have_a_law_are_compared_with_it() -> None:
    problem = worked("W2")
    found = simulated(problem, games=300, bots="random,silent,truthful")
    market, third, half = problem.market(), Fraction(1, 3), Fraction(1, 2)
    laws = [Law((third,) * 3), Law((Fraction(1), Fraction(0), Fraction(0))), Law((Fraction(0), half, half))]
    assert Fraction(found["cost"]["expected"]) == 24 + Fraction(expectation(market, laws).change)
    assert found["expected_choices"] == [[100, 100, 100], [300, 0, 0], [0, 150, 150]]
    assert [agent["mean_workload_saved"] for agent in found["agents"]][1] == 0


def test_bots_without_a_law_are_not_compared() -> None:
    found = simulated(worked("W2"), games=60, bots="contrarian,responder,truthful")
    assert (found["cost"]["expected"], found["cost"]["z"]) == (None, None)
    assert found["expected_choices"][0] is None
    assert found["gains"] == 0
    assert found["agents"][0]["mean_workload_saved"] < 0 < found["agents"][0]["worse_off"]


def test_a_remedial_seat_always_gives_what_it_can() -> None:
    remedial = load(PROBLEMS / "screening-remedial.toml").problem
    assert isinstance(remedial, Problem)
    found = simulated(remedial, games=200)
    assert found["choices"][0] == [0, 200]
    assert found["cost"]["expected"] == "1152/25"


def test_sampled_laws_are_compared_as_two_samples() -> None:
    found = simulated(
        Problem.from_mapping(worked_example().to_mapping() | {"preferences": LOGNORMAL}), games=300, seed=1
    )
    assert isinstance(found["cost"]["expected"], float)
    assert abs(found["cost"]["z"]) < 4.5
    assert found["p_value"] > MIN_P


def test_postings_are_refused_by_name_and_counted() -> None:
    found = simulated(worked("W2"), games=40, options={"poster": "crooked"})
    assert found["refused"] == dict.fromkeys(ERRORS, 40)
    late = simulated(worked("W2"), games=20, options={"poster": "late"})
    assert late["endings"] == {"settled": 0, "lapsed": 20}
    assert (late["cost"]["mean"], late["cost"]["expected"], late["refused"]) == (24, "24", {})


def test_who_posts_is_one_of_four() -> None:
    with pytest.raises(ParleyError, match=r"--poster: unknown poster 'lat' \(did you mean late\?\)"):
        simulated(worked("W2"), games=1, options={"poster": "lat"})


# ── commands ────────────────────────────────────────────────────────────────────────────────────────────────


def test_menus_that_are_not_polarized_are_solved_and_audited_and_not_played() -> None:
    file = PROBLEMS / "audits" / "screening-crossing.toml"
    done = parley("simulate", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{file}: menus[0]: rays 0 and 1 are not polarized: a type with costs")
    assert done.stderr.count("\n") == 1
    solved = json.loads(parley("solve", file, "--json").stdout)
    assert [ray["probability"] for ray in solved["menus"][0]["rays"]] == ["11/15", "4/15"]
    audit = parley("audit", file, "--json", "--check")
    assert audit.returncode == 1
    assert json.loads(audit.stdout)["polarized"]["witness"]["sets"] == [0, 1]


@pytest.mark.parametrize("name", ["large/screening-12-by-6", "large/screening-hospital"])
def test_large_problems_can_be_played(name: str) -> None:
    problem = load(PROBLEMS / f"{name}.toml").problem
    problem.check_playable()
    assert Problem.from_mapping(problem.to_mapping()) == problem


def test_a_run_is_kept_and_shown(tmp_path: Path) -> None:
    done = parley(
        "simulate", EXAMPLE, "--games", 60, "--check", "--poster", "crooked", "--out", tmp_path / "run"
    )
    assert done.returncode == 0
    assert "every selection was theory's" in done.stdout.replace("\n", " ")
    games = pq.read_table(tmp_path / "run" / "games.parquet")
    assert games.column_names[:5] == ["game", "ending", "choice_0", "choice_1", "choice_2"]
    assert set(games["choice_0"].to_pylist()) == {0, 1, 2}
    audit = parley("audit", EXAMPLE, "--out", tmp_path / "audit")
    assert audit.returncode == 0
    for folder, words in (("run", "Wrong certificates were refused"), ("audit", "for each task 1 you take")):
        assert parley("report", tmp_path / folder).returncode == 0
        assert words in (tmp_path / folder / "report.html").read_text(encoding="utf-8")


def test_posters_and_prices_can_be_varied(tmp_path: Path) -> None:
    file = tmp_path / "posters.toml"
    file.write_text(
        f"""
        kind = "experiment"
        title = "Posters"
        games = 4
        problem = {{ file = "{EXAMPLE}" }}
        [vary]
        poster = ["honest", "late"]
        unit = [6, 60]
        """,
        encoding="utf-8",
    )
    assert parley("experiment", file, "--out", tmp_path / "out").returncode == 0
    cells = pq.read_table(tmp_path / "out" / "cells.parquet").to_pylist()
    assert [(cell["poster"], cell["unit"]) for cell in cells] == [
        ("honest", "6"),
        ("honest", "60"),
        ("late", "6"),
        ("late", "60"),
    ]
    assert all(cell["ended:lapsed"] == 0 for cell in cells[:2])
    assert sum(cell["ended:lapsed"] for cell in cells[2:]) > 0
    wrong = file.read_text(encoding="utf-8").replace('"late"', '"never"')
    file.write_text(wrong, encoding="utf-8")
    assert "unknown poster 'never'" in parley("experiment", file, "--out", tmp_path / "no").stderr


def test_the_live_page_follows_a_market() -> None:
    told = watch(load(PROBLEMS / "screening-common-price.toml"), ["truthful"], seed=2, game=1)
    (panel,) = (one for one in told["panels"] if one["id"] == "market")
    assert panel["cells"][0] == ["", "", "2", "2"]
    calls = [(step["call"], step["said"]) for step in told["steps"]]
    assert [call for call, _ in calls] == ["create", "choose", "choose", "choose", "post"]
    assert calls[1][1].startswith("agent 1: for each task")
    assert calls[-1][1].startswith("The selection is posted, and the contract verifies it. ")
    cells = {(row, column): cell for _, row, column, cell in told["steps"][-1]["changes"] if column > 2}
    # What one agent takes another one gives.
    for column in (3, 4):
        assert sum(float(cells.get((row, column), "2")) for row in range(3)) == 6


def test_the_live_page_tells_why_nothing_happens() -> None:
    said = watch(load(EXAMPLE), ["silent"], seed=1, game=0)["steps"][-1]["said"]
    assert said == "The deadline passes. Nobody trades."
