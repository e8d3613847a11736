"""`parley compare`: several rules or recognition functions on one problem, side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from parley.cli import app
from parley.mechanisms.assignment.problem import from_orders
from parley.mechanisms.assignment.rules import compare_rules
from tests.assignment.problems import ready

PROBLEMS = Path(__file__).parents[1] / "problems"
LOTTERY = str(PROBLEMS / "assignment-three-utilities.toml")
RANKS = str(PROBLEMS / "assignment-bogomolnaia-moulin.toml")
CYCLIC = str(PROBLEMS / "assignment-cyclic.toml")
SMALL = """
kind = "coordination"
contracted = [[3, 0], [0, 1]]
capacity = [[3, 0], [2, 1]]
costs = [{ type = "quadratic", quadratic = 1 }]
continuation = "1/2"
recognition = "equal"
"""
runner = CliRunner()


def compared(*call: str, given: str | None = None) -> dict[str, Any]:
    result = runner.invoke(app, ["compare", *call, "--json"], input=given)
    assert (result.exit_code, result.stderr) == (0, "")
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_rules_are_compared_as_theory_and_the_audit_say() -> None:
    found = compared(LOTTERY, "--games", "0")
    assert (found["kind"], found["across"]) == ("assignment", "rules")
    own = {result.rule: result for result in compare_rules(ready("three-utilities")).results}
    assert [row["name"] for row in found["rows"]] == list(own)
    for row in found["rows"]:
        assert row.items() >= own[row["name"]].to_json().items()
        assert row["problem"] == "assignment-three-utilities"
        assert row["gas_per_game"] is None
        assert sum(eval_fraction(share) for share in row["shares"].values()) == pytest.approx(1)
    proof = {row["name"]: row["strategy_proof"] for row in found["rows"]}
    assert proof == {
        "serial-dictatorship": True,
        "probabilistic-serial": True,
        "boston": False,
        "welfare": False,
        "pseudo-market": False,
    }


def eval_fraction(text: str | float) -> float:
    top, _, bottom = str(text).partition("/")
    return float(top) / float(bottom or 1)


def test_recognition_functions_are_compared_on_one_problem() -> None:
    found = compared("-", "--problems", "20", "--games", "1", given=SMALL)
    assert (found["kind"], found["across"]) == ("coordination", "recognition")
    rows = {row["name"]: row for row in found["rows"]}
    assert list(rows) == [
        "p-star",
        "equal",
        "contract-proportional",
        "announcement-proportional",
        "reordered",
    ]
    # Two agents move one task: 9 + 1 becomes 4 + 4.
    assert {(row["least_cost"], row["highest_cost"]) for row in rows.values()} == {("8", "8")}
    assert rows["p-star"]["shares"] == {"agent 1": "3/4", "agent 2": "1/4"}
    assert rows["equal"]["shares"] == {"agent 1": "1/2", "agent 2": "1/2"}
    assert rows["equal"]["expected_costs"] == ["8", "0"]
    assert [rows[name]["top_agent_proportionality"] for name in ("p-star", "equal")] == [True, False]
    assert {row["problem"] for row in rows.values()} == {"standard input"}
    assert all(500_000 < row["gas_per_game"] < 3_000_000 for row in rows.values())


def test_people_get_one_table_and_one_picture(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = runner.invoke(app, ["compare", CYCLIC, "--games", "0", "--out", str(out)])
    assert (result.exit_code, result.stderr) == (0, "")
    for text in ("strategy-proof", "boston", "fails", "2.50", f"written: {out}/comparison.json"):
        assert text in result.stdout
    names = {"comparison.json", "run.json", "comparison.png", "comparison.svg"}
    assert {file.name for file in out.iterdir()} == names
    other = runner.invoke(app, ["compare", CYCLIC, "--out", str(out)])
    assert (other.exit_code, "with --games 0, not with --games 1" in other.stderr) == (2, True)


def test_several_problems_have_a_table_each_and_estimates_are_numbers(tmp_path: Path) -> None:
    file = tmp_path / "many.json"
    crowd = from_orders([[0, 1, 2, 3, 4, 5, 6, 7]] * 12, 8, "boston")
    file.write_text(json.dumps(crowd.to_mapping()), encoding="utf-8")
    call = ["compare", RANKS, str(file), "--games", "0", "--runs", "200", "--out", str(tmp_path / "out")]
    result = runner.invoke(app, call)
    assert result.exit_code == 0
    assert "many: rules compared" in result.stdout
    assert {path.stem for path in (tmp_path / "out").glob("*.svg")} == {
        "comparison-assignment-bogomolnaia-moulin",
        "comparison-many",
    }
    rows = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))["rows"]
    boston = next(row for row in rows if (row["problem"], row["name"]) == ("many", "boston"))
    assert not boston["exact"]
    assert boston["first_choice"] == pytest.approx(1 / 12)  # one of twelve in every run
    assert list(boston["shares"])[-2:] == ["later", "nothing"]
    assert boston["strategy_proof"] is None


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            ["team-worked-example.toml"],
            "compare: only for problems of kind coordination, assignment, not team",
        ),
        (
            ["power.toml", "--across", "rules"],
            "--across: nothing called 'rules' for problems of kind coordination; known: recognition",
        ),
        (
            ["power.toml", "--across", "recogniton", "--games", "0"],
            "--across: nothing called 'recogniton' for problems of kind coordination (did you mean recogn",
        ),
        (
            ["power.toml", "--runs", "3"],
            "--runs: only for problems of kind assignment, not coordination",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(call: list[str], said: str) -> None:
    name, *options = call
    result = runner.invoke(app, ["compare", str(PROBLEMS / name), *options])
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert result.stderr.startswith(said)


def test_problems_of_different_kinds_are_not_compared() -> None:
    other = str(PROBLEMS / "power.toml")
    result = runner.invoke(app, ["compare", LOTTERY, other])
    assert result.stderr == f"{other}: kind: coordination, but the first problem is of kind assignment\n"


def test_a_problem_too_large_for_the_chain_has_no_gas(tmp_path: Path) -> None:
    file = tmp_path / "crowd.json"
    crowd = from_orders([[0], [0]], 1, capacities=[2**33])
    file.write_text(json.dumps(crowd.to_mapping()), encoding="utf-8")
    rows = compared(str(file))["rows"]
    assert {row["gas_per_game"] for row in rows} == {None}
