"""`parley simulate` from the outside: what it prints, writes and exits with."""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "problems" / "paper-example-1.toml"


def parley(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sim.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def simulated(*arguments: object, status: int = 0) -> dict[str, Any]:
    done = parley("simulate", *arguments, "--json")
    assert done.returncode == status, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_the_papers_example_as_the_readme_plays_it() -> None:
    report = simulated(EXAMPLE, "--games", 2000, "--seed", 1, "--check")
    assert report["kind"] == "coordination"
    assert (report["evm"], report["games"], report["seed"]) == ("revm", 2000, 1)
    assert (report["settled"], report["broken_down"], report["mean_rounds"]) == (2000, 0, 1)
    assert report["transactions"] == 26 * 2000
    assert sum(report["proposer"]["counts"]) == 2000
    assert report["proposer"]["p_value"] > 1e-6
    assert [Fraction(agent["expected_cost"]) for agent in report["agents"]] == [
        81 - 38 * Fraction(3, 7),
        25 - 38 * Fraction(1, 4),
        16 - 38 * Fraction(3, 14),
        4 - 38 * Fraction(15, 224),
        1 - 38 * Fraction(9, 224),
    ]
    assert all(abs(agent["z"]) < 4.5 for agent in report["agents"])
    assert report["cross_check"]["evm"] == "py-evm"
    assert report["cross_check"]["games"] == report["gas"]["games"] == 3
    assert report["cross_check"]["identical"] is True
    assert report["gas"]["per_game"] <= 1_900_000


@pytest.mark.parametrize("file", sorted((ROOT / "problems").glob("*.toml")), ids=lambda path: path.stem)
def test_every_ready_problem_plays_and_agrees_with_theory(file: Path) -> None:
    report = simulated(file, "--games", 600, "--seed", 3, "--check")
    assert report["settled"] == 600
    assert report["cross_check"]["identical"] is True


def test_a_check_that_does_not_hold_exits_with_1() -> None:
    report = simulated(EXAMPLE, "--games", 300, "--seed", 1, "--bots", "greedy", "--check", status=1)
    assert max(abs(agent["z"]) for agent in report["agents"]) > 4.5
    # Without --check it is a result like any other.
    simulated(EXAMPLE, "--games", 50, "--seed", 1, "--bots", "greedy")


def test_a_folder_holds_table_report_and_pictures(tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = parley("simulate", EXAMPLE, "--games", 40, "--seed", 2, "--out", out)
    assert done.returncode == 0
    assert "agrees with theory" in done.stdout
    rows = pq.read_table(out / "games.parquet").to_pylist()
    report = json.loads((out / "simulation.json").read_text(encoding="utf-8"))
    assert [row["game"] for row in rows] == list(range(40))
    mean = sum(int(row["cost_0_wei"]) for row in rows) / 40 / 10**9
    assert report["agents"][0]["mean_cost"] == pytest.approx(mean, rel=1e-12)
    assert (out / "costs.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (out / "costs.svg").read_text(encoding="utf-8")


def test_nothing_but_json_on_standard_output_and_progress_nowhere_when_piped() -> None:
    done = parley("simulate", EXAMPLE, "--games", 3, "--json")
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["no-such-file.toml"], "no-such-file.toml"),
        ([EXAMPLE, "--bots", "gredy"], "unknown bot 'gredy'"),
        ([EXAMPLE, "--bots", "greedy,greedy"], "2 names for 5 agents"),
        ([EXAMPLE, "--games", "0"], "--games"),
        ([EXAMPLE, "--evm", "evmone"], "--evm"),
        ([EXAMPLE, "--seed", "-1"], "--seed"),
        ([EXAMPLE, "--out", "/dev/null/x"], "/dev/null/x"),
    ],
)
def test_bad_input_gets_one_line_and_status_2(arguments: list[object], complaint: str) -> None:
    done = parley("simulate", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert complaint in done.stderr


def test_a_problem_too_large_for_one_game_is_refused_by_simulate_alone(tmp_path: Path) -> None:
    file = tmp_path / "wide.json"
    agents = 65
    rows = [[2 if i == j else 0 for j in range(agents)] for i in range(agents)]
    problem = {
        "kind": "coordination",
        "contracted": rows,
        "capacity": rows,
        "costs": [{"type": "quadratic", "quadratic": 1}],
        "continuation": "1/2",
        "recognition": "equal",
    }
    file.write_text(json.dumps(problem), encoding="utf-8")
    assert parley("solve", file, "--json").returncode == 0
    done = parley("simulate", file)
    assert done.returncode == 2
    assert str(file) in done.stderr
    assert "64" in done.stderr
