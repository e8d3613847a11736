"""`parley audit` from the outside: what it prints, writes and exits with."""

import json
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from parley.cli import app
from parley.mechanisms.assignment.audit import PROPERTIES
from parley.mechanisms.assignment.solution import RUNS
from parley.mechanisms.coordination.audit import PROBLEMS
from parley.mechanisms.coordination.demonstration import GAMES
from tests.command import parley

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "problems" / "paper-example-1.toml"
PRINTED = [[5, 0, 0, 0, 0], [1, 3, 0, 0, 0], [1, 1, 2, 0, 0], [1, 1, 1, 1, 0], [1, 0, 1, 1, 1]]
UTILITIES = ROOT / "problems" / "assignment-three-utilities.toml"
AXIOMS = ["cost_effective_implementation", "consistency", "top_agent_proportionality"]


def audited(*arguments: object, status: int = 0) -> dict[str, Any]:
    done = parley("audit", *arguments, "--json")
    assert done.returncode == status, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_the_papers_example_under_its_own_function() -> None:
    report = audited(EXAMPLE, "--problems", 100, "--check")
    assert report["kind"] == "coordination"
    assert report["recognition"] == "p-star"
    assert list(report["axioms"]) == AXIOMS
    for verdict in report["axioms"].values():
        assert (verdict["holds"], verdict["basis"], verdict["here"]) == (True, "theorem", True)
        assert verdict["witness"] is None
    assert report["played"] is None
    # Nobody gains alone; some pairs gain together, by another cost-effective allocation.
    gains = {str(entry["agent"]): Fraction(entry["gain"]) for entry in report["manipulation"]}
    assert [gains[str(i)] for i in range(5)] == [0] * 5
    assert len(gains) == 5 + 10
    assert all(gain >= 0 for gain in gains.values())
    assert max(gains.values()) > 0
    assert report["equilibria"]["total_costs"] == ["89"]


@pytest.mark.deep
def test_a_function_that_fails_is_played_and_written_down(tmp_path: Path) -> None:
    out = tmp_path / "audit"
    # With the allocation that the paper prints, so that agent 1's excess can be passed on in many ways.
    keys = tomllib.loads(EXAMPLE.read_text(encoding="utf-8")) | {"allocation": PRINTED}
    file = tmp_path / "example.json"
    file.write_text(json.dumps(keys))
    report = audited(
        file,
        "--recognition",
        "announcement-proportional",
        "--games",
        200,
        "--out",
        out,
        "--check",
        status=1,
    )
    verdict = report["axioms"]["cost_effective_implementation"]
    assert (verdict["holds"], verdict["here"]) == (False, False)
    played = report["played"]
    assert played["games"] == 200
    assert played["gain_wei"] > 4.5 * played["std_error_wei"]
    assert abs(played["z"]) <= 4.5
    names = {path.name for path in out.iterdir()}
    assert names == {
        "audit.json",
        "audit.png",
        "audit.svg",
        "distributions.png",
        "distributions.svg",
        "problem.json",
        "run.json",
        "witness-cost-effective-implementation.json",
        "witness-top-agent-proportionality.json",
    }
    assert json.loads((out / "audit.json").read_text()) == report
    # The witness is a problem file like any other.
    witness = out / "witness-cost-effective-implementation.json"
    solved = json.loads(parley("solve", witness, "--json").stdout)
    assert solved["cost_allocated"] == verdict["witness"]["total_costs"][0]
    assert parley("simulate", witness, "--games", 20, "--json").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            (EXAMPLE, "--recognition", "contract-proportional", "--problems", 300),
            (
                "contract-proportional",
                "holds: theorem",
                "fails: problem ",
                "the only way Z to pass on agent 1's excess is",
                "by announcing something else alone",
            ),
        ),
        ((UTILITIES,), ("fails", "holds", *PROPERTIES.values())),
    ],
)
def test_tables_say_it_in_words(arguments: tuple[object, ...], said: tuple[str, ...]) -> None:
    done = parley("audit", *arguments)
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    for words in said:
        assert words in text


def test_a_function_of_ones_own_with_its_contract() -> None:
    report = audited(
        EXAMPLE,
        "--recognition",
        "examples/half_and_half.py:fraction",
        "--contract",
        "examples/HalfAndHalf.sol",
        "--problems",
        200,
        "--games",
        200,
    )
    assert report["recognition"] == "examples/half_and_half.py:fraction"
    assert report["axioms"]["cost_effective_implementation"]["holds"] is False
    assert report["axioms"]["top_agent_proportionality"]["holds"] is False
    assert report["played"]["gain_wei"] > 4.5 * report["played"]["std_error_wei"]


def test_a_function_of_whole_problems() -> None:
    report = audited(EXAMPLE, "--recognition", "examples/half_and_half.py:probabilities", "--problems", 100)
    verdicts = [report["axioms"][axiom]["holds"] for axiom in AXIOMS]
    assert verdicts == [None, None, False]
    assert report["axioms"]["cost_effective_implementation"]["basis"] == 100


def test_a_random_assignment_that_another_one_dominates_is_refuted_and_written_down(tmp_path: Path) -> None:
    out = tmp_path / "audit"
    report = audited(UTILITIES, "--check", "--out", out, status=1)
    assert (report["kind"], report["rule"]) == ("assignment", "serial-dictatorship")
    assert [key for key in PROPERTIES if report[key]["holds"] is False] == ["ex_ante_efficient"]
    # What all three agents prefer: the third one gets C for sure.
    witness = report["ex_ante_efficient"]["witness"]
    assert witness["matrix"][2] == ["0", "0", "1"]
    assert len(report["option_sets"]) == 3
    assert json.loads((out / "audit.json").read_text(encoding="utf-8")) == report
    assert (out / "matrix.png").read_bytes().startswith(b"\x89PNG")
    # What the audit is about is a problem file like any other.
    solved = json.loads(parley("solve", out / "problem.json", "--json").stdout)
    assert solved == json.loads((out / "solution.json").read_text(encoding="utf-8"))
    assert solved["matrix"] == [["1/3"] * 3] * 3
    # Without --check it is a result like any other.
    assert audited(UTILITIES) == report


def test_a_random_assignment_of_which_nothing_is_refuted_passes_the_check() -> None:
    report = audited(ROOT / "problems" / "assignment-option-set.toml", "--check")
    assert not [key for key in PROPERTIES if report[key]["holds"] is False]
    assert report["strategy_proof"]["holds"] is True
    assert "played" not in report


@pytest.mark.parametrize("option", ["--recognition", "--contract", "--problems", "--games"])
def test_options_of_coordination_are_refused_for_assignment(option: str) -> None:
    done = CliRunner().invoke(app, ["audit", str(UTILITIES), option, "3"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (f"{option}: only for problems of kind coordination, not assignment\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.toml",), "nowhere.toml: cannot be read"),
        ((EXAMPLE, "--recognition", "p-stern"), "unknown recognition function"),
        ((EXAMPLE, "--recognition", "nowhere.py:f"), "nowhere.py: no such file"),
        ((EXAMPLE, "--contract", "Mine.sol"), "--contract requires --recognition"),
        ((EXAMPLE, "--problems", 0), "--problems"),
        ((EXAMPLE, "--runs", 100), "--runs: only for problems of kind assignment, not coo"),
        ((UTILITIES, "--out", "/dev/null/x"), "/dev/null/x"),
        (
            (
                EXAMPLE,
                "--recognition",
                "examples/half_and_half.py:fraction",
                "--contract",
                "No.sol",
                "--problems",
                1,
            ),
            "No.sol: cannot be read",
        ),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments: tuple[object, ...], said: str) -> None:
    done = parley("audit", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not done.stdout


def test_help_teaches() -> None:
    done = parley("audit", "--help")
    assert "FILE.py:FUNCTION" in done.stdout
    assert "counterexample" in done.stdout
    words = " ".join(done.stdout.replace("│", " ").split())
    assert "option sets" in words
    for default in (PROBLEMS, GAMES, RUNS):
        assert f"[default: {default}]" in words


def test_option_sets_that_would_take_hours_are_left_out(tmp_path: Path) -> None:
    # Solved in a second; each agent has 183 reports to try, each of which would take as long.
    items = [f"i{k}" for k in range(14)]
    rankings = [
        sorted(items, key=lambda item: (7 * i + 3 * int(item[1:]) ** 2 * (i + 1)) % 29) for i in range(14)
    ]
    problem = {"kind": "assignment", "rule": "serial-dictatorship", "items": items, "rankings": rankings}
    file = tmp_path / "wide.json"
    file.write_text(json.dumps(problem), encoding="utf-8")
    report = audited(file)
    assert report["option_sets"] is None
    assert report["strategy_proof"]["holds"] is True
