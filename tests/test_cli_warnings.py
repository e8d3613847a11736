"""What is legal and probably not meant is said on standard error, and changes nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import parley
from parley.cli import app
from parley.cli.shared import Pace
from parley.kit.experiment.run import read_experiment
from parley.kit.registry import load

ROOT = Path(__file__).parents[1]
ODD: dict[str, Any] = {
    "kind": "coordination",
    "contracted": [[6, 0], [0, 4]],
    "capacity": [[6, 3], [3, 4]],
    "costs": [{"type": "quadratic", "quadratic": 1}],
    "continuation": 0,
    "recognition": "p-star",
}
SAID = [
    "capacity[0][1]: only 0 of 3 tasks can be used, because tasks move to later agents only",
    "continuation: 0, so bargaining breaks down at the first refusal",
]
runner = CliRunner()


@pytest.fixture
def odd(tmp_path: Path) -> str:
    file = tmp_path / "odd.json"
    file.write_text(json.dumps(ODD), encoding="utf-8")
    return str(file)


@pytest.mark.parametrize("call", ["solve", "audit --problems 2 --games 0", "simulate --games 2"])
def test_warnings_are_lines_on_standard_error(call: str, odd: str) -> None:
    verb, *options = call.split()
    result = runner.invoke(app, [verb, odd, *options, "--json"])
    assert result.exit_code == 0
    assert isinstance(json.loads(result.stdout), dict)
    assert result.stderr.splitlines() == [f"warning: {odd}: {text}" for text in SAID]


@pytest.mark.parametrize(
    "call", ["solve --rnus 3", "solve --runs 3", "audit --recognition nothing", "simulate --bots nobody"]
)
def test_a_refusal_says_no_warnings(call: str, odd: str) -> None:
    verb, *options = call.split()
    result = runner.invoke(app, [verb, odd, *options])
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "warning" not in result.stderr


def test_python_warns_of_what_load_accepts(odd: str) -> None:
    with pytest.warns(parley.ProblemWarning) as told:
        problem = parley.load(odd)
    assert [str(one.message) for one in told] == [f"{odd}: {text}" for text in SAID]
    assert {Path(one.filename) for one in told} == {Path(__file__)}
    assert list(problem.warnings) == SAID
    assert list(load(ODD).told_warnings) == SAID


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"continuation": "1/2", "capacity": [[6, 0], [3, 4]]}, []),
        ({"continuation": "1/2", "capacity": [[6, 0], [0, 4]]}, ["capacity: no allocation costs less than"]),
        (
            {"continuation": "1/2", "contracted": [[6, 0], [0, 0]], "capacity": [[6, 0], [0, 1]]},
            [
                "capacity[1][1]: only 0 of 1 tasks can be used",
                "contracted[1]: no tasks and no usable capacity, so nothing depends on this agent",
                "capacity: no allocation costs less than the contracts, so there is nothing to save",
            ],
        ),
        ({"continuation": "1/2", "capacity": [[7, 3], [3, 5]]}, ["capacity[0][0]: only 6 of 7 tasks can be"]),
    ],
)
def test_what_coordination_warns_of(changed: dict[str, Any], said: list[str]) -> None:
    found = load(ODD | changed).warnings
    assert len(found) == len(said)
    for text, start in zip(found, said, strict=True):
        assert text.startswith(start)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {
                "kind": "assignment",
                "rule": "welfare",
                "items": ["a", "b"],
                "utilities": [[1, None], [None, None]],
            },
            ["utilities[1]: agent 2 wants no item, and gets nothing", "items[1]: no agent wants b"],
        ),
        (
            {
                "kind": "screening",
                "social_costs": [[1, 3], [3, 1]],
                "status_quo": [[2, 2], [2, 2]],
                "preferences": {"type": "discrete", "types": [[1, 1]], "weights": [1]},
                "menus": [[[2, -1]], "remedial"],
            },
            ["menus[0]: no type of agent 1 would choose any of its rays"],
        ),
        (
            {
                "kind": "guarantees",
                "providers": 2,
                "values": [5, 4],
                "eligible": [[0], [0]],
                "capacities": [1, 0],
                "guarantee": {"type": "income", "floor": 0},
            },
            [
                "capacities[1]: provider 2 can do no job",
                "values[1]: no provider can do job 2",
                "guarantee: floors of 0 promise nothing",
            ],
        ),
        (
            {
                "kind": "team",
                "costs": ["1/9", "1/9", "1/9"],
                "success": {"type": "xos", "parts": [["1/2", 0, "1/4"], [0, 0, "1/2"]]},
            },
            ["success: agent 2 adds nothing to the probability of success"],
        ),
        (
            {"kind": "screening", "social_costs": [[1, 3], [3, 1]], "status_quo": [[2, 2], [2, 2]]}
            | {"preferences": {"type": "uniform", "low": [1, 1], "high": [2, 2]}},
            [],
        ),
    ],
)
def test_what_the_other_kinds_warn_of(keys: dict[str, Any], said: list[str]) -> None:
    assert list(load(keys).warnings) == said


@pytest.mark.parametrize("kind", parley.kinds())
def test_templates_cause_no_warning(kind: str) -> None:
    result = runner.invoke(app, ["init", kind])
    solved = runner.invoke(app, ["solve", "-", "--json"], input=result.stdout)
    assert (solved.exit_code, solved.stderr) == (0, "")


# ── experiments ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "seeds", "said"),
    [("greed", 1, "1 seed gives"), ("learning", 2, "2 seeds give"), ("greed", 3, ""), ("patience", 1, "")],
)
def test_adapting_populations_need_seeds(name: str, seeds: int, said: str, tmp_path: Path) -> None:
    text = runner.invoke(app, ["init", "experiment", "--example", name]).stdout
    lines = [
        f"seeds = {list(range(seeds))}" if line.startswith("seeds") else line for line in text.split("\n")
    ]
    file = tmp_path / "mine.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    found = list(read_experiment(file).warnings())
    assert found == (
        [f"seeds: {said} no reliable interval, because members adapt; use at least 3"] if said else []
    )


def test_keys_of_another_type_or_rule_are_said_to_have_no_effect(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    keys: dict[str, Any] = {"kind": "experiment", "title": "x", "games": 2, "seeds": [1, 2, 3]}
    costs = {"type": "quadratic", "coefficient": 2, "exponent": 3}
    family = {"agents": 2, "task_types": 2, "costs": costs}
    adaptation: dict[str, Any] = {"rule": "replicator", "temperature": "1/10"}
    file.write_text(json.dumps(keys | {"problem": {"family": family}, "adaptation": adaptation}))
    assert list(read_experiment(file).warnings()) == [
        "problem.family.costs.exponent: has no effect on costs of type quadratic",
        "adaptation.temperature: has no effect with the rule replicator",
    ]
    costs["type"], adaptation["rule"] = "power", "logit"
    file.write_text(json.dumps(keys | {"problem": {"family": family}, "adaptation": adaptation}))
    assert list(read_experiment(file).warnings()) == []
    costs["type"] = "piecewise"
    file.write_text(json.dumps(keys | {"problem": {"family": family}}))
    assert [text.partition(":")[0] for text in read_experiment(file).warnings()] == [
        "problem.family.costs.coefficient",
        "problem.family.costs.exponent",
    ]


def test_a_sweep_warns_of_its_problems_once(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    keys = {"kind": "experiment", "title": "x", "games": 2, "problem": ODD, "vary": {"window": [60, 61]}}
    file.write_text(json.dumps(keys), encoding="utf-8")
    result = runner.invoke(app, ["experiment", str(file), "--out", str(tmp_path / "out"), "--json"])
    assert (result.exit_code, json.loads(result.stdout)["manifest"]["games"]) == (0, 4)
    assert result.stderr.splitlines() == [f"warning: {file}: problem: {text}" for text in SAID]
    with pytest.warns(parley.ProblemWarning) as told:
        parley.experiment(file, tmp_path / "out")
    assert {Path(one.filename) for one in told} == {Path(__file__)}
    refused = runner.invoke(app, ["experiment", str(file), "--out", str(tmp_path)])
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)


# ── long runs ───────────────────────────────────────────────────────────────────────────────────────────────


def paced(capsys: pytest.CaptureFixture[str], times: list[float], total: int, step: int = 10) -> str:
    """What is said if a step of games is done at each time."""
    clock = iter(times)
    pace = Pace(lambda: next(clock))
    pace.at(0, total)
    for k in range(len(times)):
        pace.at((k + 1) * step, total)
    pace.at(total, total)
    return capsys.readouterr().err


def test_a_run_of_hours_is_announced_once(capsys: pytest.CaptureFixture[str]) -> None:
    said = paced(capsys, [5.0, 6.0, 10.0], 72_020)
    assert said == "warning: this will take about 5.0 hours: 72,020 in all, 4.0 per second\n"


def test_a_short_run_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert paced(capsys, [5.0, 10.0], 7200) == ""


def test_other_entries_of_unusable_capacity_are_counted() -> None:
    capacity = [[6, 3, 1], [3, 4, 2]]
    keys = ODD | {"contracted": [[6, 0, 0], [0, 4, 0]], "capacity": capacity}
    assert load(keys).warnings[0].endswith("later agents only; likewise 2 more entries")
