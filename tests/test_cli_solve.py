import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from parley.cli import app
from tests.coordination.problems import example_1_keys

ROOT = Path(__file__).parents[1]
EXAMPLE = str(ROOT / "problems" / "paper-example-1.toml")
LOTTERY = str(ROOT / "problems" / "assignment-bogomolnaia-moulin.toml")
runner = CliRunner()


def write(path: Path, **changed: object) -> str:
    path.write_text(json.dumps(example_1_keys(**changed)))
    return str(path)


def test_json_is_one_object_on_standard_output_and_nothing_else() -> None:
    result = runner.invoke(app, ["solve", EXAMPLE, "--json"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout)["recognition"]["probabilities"] == [
        "3/7",
        "1/4",
        "3/14",
        "15/224",
        "9/224",
    ]


def test_without_json_tables_tell_a_person_the_same() -> None:
    result = runner.invoke(app, ["solve", EXAMPLE])
    assert (result.exit_code, result.stderr) == (0, "")
    for text in ("0.0670", "64.71", "-0.53", "agent 5", "5 (9)", "38"):
        assert text in result.stdout
    assert "/" not in result.stdout
    exact = runner.invoke(app, ["solve", EXAMPLE, "--exact"])
    assert (exact.exit_code, exact.stderr) == (0, "")
    for text in ("15/224", "453/7", "-59/112", "-2341/1120"):
        assert text in exact.stdout


def test_names_from_the_file_are_shown_as_they_are(tmp_path: Path) -> None:
    names = {"agents": ["[red]a[/red]", ":smile:", "c", "d", "e"]}
    result = runner.invoke(app, ["solve", write(tmp_path / "a.json", names=names)])
    assert "[red]a[/red]" in result.stdout
    assert ":smile:" in result.stdout


def test_large_populations_are_cut_short_for_people_and_complete_in_json(tmp_path: Path) -> None:
    count = 70
    problem = write(
        tmp_path / "a.json",
        contracted=[[2 * count] * 20] + [[0] * 20] * (count - 1),
        capacity=[[2 * count] * 20] * count,
    )
    people, machine = (runner.invoke(app, ["solve", problem, *flags]) for flags in ([], ["--json"]))
    assert "… and 30 more (all in --json)" in people.stdout
    given = json.loads(machine.stdout)
    assert len(given["expected_costs"]) == count
    assert isinstance(given["expected_costs"][0], float)
    exact = json.loads(runner.invoke(app, ["solve", problem, "--json", "--exact"]).stdout)
    assert isinstance(exact["expected_costs"][0], str)


def test_random_assignments_are_exact_and_come_with_their_lottery() -> None:
    result = runner.invoke(app, ["solve", LOTTERY, "--json"])
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert {"kind", "rule", "matrix", "lottery", "expected_utilities", "ranks"} <= set(found)
    assert (found["kind"], found["rule"]) == ("assignment", "serial-dictatorship")
    assert found["matrix"][2] == ["1/12", "5/12", "1/12", "5/12"]
    # Rows of the lottery: who gets which item, by number.
    share = [[Fraction(0)] * 4 for _ in range(4)]
    for term in found["lottery"]:
        for agent, item in enumerate(term["assignment"]):
            share[agent][item] += Fraction(term["weight"])
    assert [[str(p) for p in row] for row in share] == found["matrix"]
    tables = runner.invoke(app, ["solve", LOTTERY, "--exact"])
    assert tables.exit_code == 0
    for text in ("serial-dictatorship", "5/12", "1/12", "agent 4"):
        assert text in tables.stdout


def test_probabilities_that_are_too_many_are_estimated_alike_for_the_same_seed(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    items = [chr(ord("a") + k) for k in range(10)]
    rankings = [items[k % 2 :] for k in range(10)]
    file.write_text(
        json.dumps({"kind": "assignment", "rule": "boston", "items": items, "rankings": rankings})
    )

    def solved(*options: str) -> dict[str, Any]:
        result = runner.invoke(app, ["solve", str(file), "--json", *options])
        assert (result.exit_code, result.stderr) == (0, "")
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    first, again = (solved("--runs", "2000", "--seed", "5") for _ in range(2))
    assert (first["exact"], first["runs"], first["lottery"]) == (False, 2000, None)
    assert first == again
    assert first["matrix"] != solved("--runs", "2000", "--seed", "6")["matrix"]
    # Half of the agents ask for a first, and one of them gets it.
    assert abs(first["matrix"][0][0] - 0.2) < 6 * max(first["std_errors"][0][0], 1e-3)


def one_line(arguments: list[str]) -> str:
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr
    return result.stderr.rstrip("\n")


def test_a_broken_promise_names_file_key_and_reason(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", continuation=1)
    assert one_line(["solve", path]) == f"{path}: continuation: 1 is outside [0, 1)"
    path = write(tmp_path / "b.json", capacity=[[8, 0, 0, 0, 0]] * 5)
    assert one_line(["solve", path, "--json"]) == (
        f"{path}: capacity[0][0]: 8 is below the 9 contracted (agent 1, task type 1)"
    )
    # Found only by solving.
    path = write(tmp_path / "c.json", allocation=example_1_keys()["contracted"])
    assert one_line(["solve", path]).startswith(f"{path}: allocation: not cost-effective")
    path = str(tmp_path / "missing\n.toml")
    assert (
        one_line(["solve", path]) == rf"{tmp_path}/missing\n.toml: cannot be read: No such file or directory"
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["solve", EXAMPLE, "--jason"], "No such option: --jason"),
        (["slove", EXAMPLE], "No such command 'slove'"),
        (["solve", EXAMPLE, "extra"], "unexpected extra argument"),
        (["solve", "--json"], "Missing argument"),
        (["--verbose"], "No such option: --verbose"),
        (["import", "prefib", "a.soc"], "No such command 'prefib'"),
        (["import", "csv", "--json"], "Missing argument"),
    ],
)
def test_bad_usage_gets_one_line_and_points_to_the_help(arguments: list[str], line: str) -> None:
    said = one_line(arguments)
    assert line in said
    assert "--help" in said


def test_what_is_for_one_kind_only_is_refused_for_the_other() -> None:
    for option, kinds in (("--runs", "assignment"), ("--seed", "assignment, screening")):
        assert one_line(["solve", EXAMPLE, option, "5"]) == (
            f"{option}: only for problems of kind {kinds}, not coordination"
        )


def test_a_posted_assignment_that_is_not_the_rules_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    text = (ROOT / "problems" / "assignment-posted.toml").read_text(encoding="utf-8")
    assert runner.invoke(app, ["solve", str(ROOT / "problems" / "assignment-posted.toml")]).exit_code == 0
    file.write_text(text.replace('"welfare"', '"probabilistic-serial"'), encoding="utf-8")
    assert one_line(["solve", str(file)]) == (
        f"{file}: posted.matrix[0][0]: 1/2, but probabilistic-serial gives 1/3"
    )


def test_help_shows_how_to_begin() -> None:
    top = runner.invoke(app, ["--help"])
    assert top.exit_code == 0
    assert "solve" in top.stdout
    assert "Exit status" in top.stdout
    verb = runner.invoke(app, ["solve", "-h"])
    assert verb.exit_code == 0
    assert "parley solve problems/paper-example-1.toml" in verb.stdout
    assert "--json" in verb.stdout


def test_the_command_ends_in_the_same_way_when_it_is_a_process(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "parley.cli", *arguments],
            cwd=ROOT,
            env=os.environ | {"PYTHONIOENCODING": "ascii"},
            capture_output=True,
            text=True,
            check=False,
        )

    good = run("solve", EXAMPLE, "--json")
    assert (good.returncode, good.stderr) == (0, "")
    assert json.loads(good.stdout)["savings"] == "38"
    bad = run("solve", write(tmp_path / "ü.json", continuation=2))
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr == f"{tmp_path}/\\xfc.json: continuation: 2 is outside [0, 1)\n"


@pytest.mark.parametrize("rule", ["serial-dictatorship", "probabilistic-serial", "boston", "welfare"])
@pytest.mark.parametrize("agents", [3, pytest.param(20, marks=pytest.mark.deep)])
def test_places_need_not_fit_in_a_word(tmp_path: Path, rule: str, agents: int) -> None:
    # 20 agents with lists of their own: too many for exact serial dictatorship and Boston.
    items = [f"i{k}" for k in range(agents)]
    rows = [[(7 * i * k + 3 * k + i) % 23 + 1 for k in range(agents)] for i in range(agents)]
    keys: dict[str, object] = {"kind": "assignment", "rule": rule, "items": [*items, "rest"]}
    keys |= {"utilities": [[*row, 0] for row in rows], "capacities": [1] * agents + [10**30]}
    path = tmp_path / "a.json"
    path.write_text(json.dumps(keys))
    result = runner.invoke(app, ["solve", str(path), "--json", "--runs", "500"])
    assert (result.exit_code, result.stderr) == (0, "")
    for row in json.loads(result.stdout)["matrix"]:
        assert sum(map(Fraction, row)) == pytest.approx(1)


# ── announcements ───────────────────────────────────────────────────────────────────────────────────────────

REORDERED = str(ROOT / "examples" / "reordered.toml")
X_CHECK = str(ROOT / "examples" / "reordered-announced.toml")


def solved(*arguments: object) -> dict[str, Any]:
    result = runner.invoke(app, ["solve", *map(str, arguments), "--json"])
    assert (result.exit_code, result.stderr) == (0, "")
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def test_the_papers_comparison_of_two_announcements_under_the_reordered_function() -> None:
    """After Theorem 1: p̌_2 = 1/4 at X and 3/8 at X̌, and with some costs agent 2 is better off there."""
    at_X, at_Y = solved(REORDERED), solved(REORDERED, "--announce", X_CHECK)
    assert "announced" not in at_X
    assert at_Y["announced"] == {"cost_effective": False, "least_cost": at_X["cost_allocated"]}
    assert at_X["allocation"] == [["2", "0", "0"], ["0", "2", "0"], ["1", "0", "1"]]
    assert at_Y["allocation"] == [["2", "0", "0"], ["1", "2", "0"], ["0", "0", "1"]]
    assert (at_X["cost_allocated"], at_Y["cost_allocated"]) == ("140", "141")
    assert (at_X["savings"], at_Y["savings"]) == ("67/2", "65/2")
    assert at_X["recognition"]["probabilities"] == ["1/2", "1/4", "1/4"]
    assert at_Y["recognition"]["probabilities"] == ["1/2", "3/8", "1/8"]
    assert (at_X["expected_costs"][1], at_Y["expected_costs"][1]) == ("429/8", "797/16")
    # Proposition 1 at X̌, by hand.
    saved, delta = Fraction(65, 2), Fraction(9, 10)
    assert Fraction(at_Y["acceptance_thresholds"][1]) == 62 - delta * Fraction(3, 8) * saved
    assert Fraction(at_Y["proposals"][1][1]) == 62 - saved * (1 - delta * Fraction(5, 8))
    assert at_Y["maximal_announcements"][2] == ["0", "0", "1"]


def test_any_legal_announcement_is_solved_also_one_that_saves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "contracts.json"
    file.write_text(json.dumps({"allocation": example_1_keys()["contracted"]}))
    report = solved(EXAMPLE, "--announce", file)
    assert (report["savings"], report["proposals"]) == ("0", None)
    assert report["expected_costs"] == ["81", "25", "16", "4", "1"]
    result = runner.invoke(app, ["solve", EXAMPLE, "--announce", str(file)])
    assert "Announced allocation, not cost-effective" in " ".join(result.stdout.split())
    # Tasks, not units.
    fine = write(tmp_path / "fine.json", unit=5)
    rows = [["21/5", 0, 0, 0, 0], *example_1_keys()["contracted"][1:]]
    file.write_text(json.dumps({"allocation": rows}))
    result = runner.invoke(app, ["solve", fine, "--announce", str(file)])
    assert result.stderr.startswith(f"{file}: allocation[1][0]: agent 2 announces 0 of task type 1, less")
    assert result.stderr.endswith("after the agents before it, 4/5\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            '{"allocation": [[2, 0, 0], [2, 2, 0], [0, 0, 1]]}',
            "allocation[1][0]: agent 2 announces 2 of task type 1, more than the most it can",
        ),
        (
            '{"allocation": [[0, 0, 0], [1, 2, 0], [1, 0, 1]]}',
            "allocation[0][0]: agent 1 announces 0 of task type 1, less than the least it can",
        ),
        ('{"allocation": [[2, 0, 0], [1, 2, 0]]}', "allocation: "),
        ('{"allocation": [["1/2", 0, 0], [1, 2, 0], [0, 0, 1]]}', "allocation[0][0]: "),
        ('{"allocation": [[2, 0, 0], [1, 2, 0], [0, 0, 1]], "kind": 1}', "kind: unknown key"),
        ("{}", "allocation: missing"),
        ('{"allocation": 3}', "allocation: 3 is not a matrix"),
    ],
)
def test_an_announcement_that_is_not_legal_is_refused_in_one_line(
    tmp_path: Path, text: str, reason: str
) -> None:
    file = tmp_path / "announced.json"
    file.write_text(text)
    result = runner.invoke(app, ["solve", REORDERED, "--announce", str(file)])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{file}: {reason}")
    assert result.stderr.count("\n") == 1
    if "announces" in reason:
        assert result.stderr.endswith("after the agents before it, 1\n")  # the bound


def test_announcements_are_for_coordination() -> None:
    result = runner.invoke(app, ["solve", LOTTERY, "--announce", X_CHECK])
    assert result.exit_code == 2
    assert result.stderr.startswith("--announce: only for problems of kind coordination")
