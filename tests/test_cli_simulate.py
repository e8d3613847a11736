"""`parley simulate` from the outside: what it prints, writes and exits with."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from parley.core import problemfile
from parley.kit.registry import load
from tests.command import parley

ROOT = Path(__file__).parents[1]
READY = ROOT / "problems"
EXAMPLE = READY / "paper-example-1.toml"
LOTTERY = READY / "assignment-bogomolnaia-moulin.toml"
SEMINARS = READY / "assignment-seminars.toml"


def simulated(*arguments: object, status: int = 0, replayed: int = 2) -> dict[str, Any]:
    done = parley("simulate", *arguments, "--json", replayed=replayed)
    assert done.returncode == status, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_the_papers_example_as_the_readme_plays_it() -> None:
    report = simulated(EXAMPLE, "--games", 2000, "--seed", 1, "--check", replayed=10)
    assert report["kind"] == "coordination"
    assert (report["evm"], report["games"], report["seed"]) == ("revm", 2000, 1)
    assert (report["settled"], report["broken_down"], report["mean_rounds"]) == (2000, 0, 1)
    assert report["endings"] == {"settled": 2000, "broken_down": 0, "expired": 0}
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
    assert report["cross_check"]["games"] == report["gas"]["games"] == 10
    assert report["cross_check"]["identical"] is True
    assert report["gas"]["per_game"] <= 1_900_000


SHARED = {"kind", "evm", "games", "seed", "endings", "settled", "broken_down", "expired", "paths"}
SHARED |= {"gas", "transactions", "seconds", "games_per_second", "cross_check"}
OWN = {
    "coordination": {"agents", "mean_rounds", "proposer"},
    "assignment": {"agents", "rule", "counts", "unassigned", "expected", "truthful", "p_value"},
    "guarantees": {
        *("dispatcher", "challenger", "registrar", "refused", "challenges", "providers", "platform", "draw"),
    },
    "team": {"agents", "principal", "referee", "refusals", "succeeded", "success"},
    "screening": {
        *("agents", "poster", "cost", "choices", "expected_choices", "p_value", "worse_off"),
        *("above_status_quo", "mismatches", "gains", "refused"),
    },
}


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(path, marks=pytest.mark.deep if path.stem == "guarantees-sales-floor" else ())
        for path in sorted(READY.glob("*.toml"))
    ],
    ids=lambda path: path.stem,
)
def test_every_ready_problem_plays_and_agrees_with_theory(file: Path) -> None:
    run = load(file).simulate(games=600, seed=3)
    assert run.holds
    report = json.loads(json.dumps(run.to_json()))
    kind = problemfile.read(file)["kind"]
    assert report["kind"] == kind
    assert set(report) == SHARED | OWN[kind]
    assert (report["settled"], report["broken_down"], report["expired"]) == (600, 0, 0)
    regular = 2 if kind == "team" else 1  # a project may fail
    endings = list(report["endings"].values())
    assert (sum(endings[:regular]), sum(endings[regular:])) == (600, 0)
    assert report["cross_check"]["identical"] is True
    assert report["gas"]["per_game"] > 0
    seats = "providers" if kind == "guarantees" else "agents"
    assert all(abs(one.get("z") or 0) < 4.5 for one in (*report[seats], report.get("cost", {})))


def test_lotteries_come_to_the_exact_matrix() -> None:
    report = simulated(LOTTERY, "--games", 2000, "--seed", 1, "--check")
    assert report["rule"] == "serial-dictatorship"
    assert report["truthful"][0] == ["5/12", "1/12", "5/12", "1/12"]
    for counts, row in zip(report["counts"], report["truthful"], strict=True):
        assert sum(counts) == 2000
        for count, share in zip(counts, row, strict=True):
            p = Fraction(share)
            assert abs(count - 2000 * p) < 5 * float(2000 * p * (1 - p)) ** 0.5
    assert report["p_value"] > 1e-6
    assert [agent["bot"] for agent in report["agents"]] == ["truthful"] * 4


def test_who_is_silent_gets_nothing_and_loses_its_bond() -> None:
    bots = "absent:revealing,copying,truthful,absent"
    report = simulated(LOTTERY, "--games", 40, "--bots", bots, "--check")
    assert report["expired"] == 40
    assert report["unassigned"] == [40, 40, 0, 40]
    # Alone, the third agent gets its favourite.
    assert report["counts"][2] == [0, 40, 0, 0]
    bonds = [int(agent["bonds_lost"]) for agent in report["agents"]]
    # Who never committed has paid no bond.
    assert bonds == [40 * 10**15, 40 * 10**15, 0, 0]


def test_a_folder_of_lotteries_holds_table_report_and_pictures(tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = parley("simulate", SEMINARS, "--games", 40, "--seed", 2, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "agrees with theory" in done.stdout
    rows = pq.read_table(out / "games.parquet").to_pylist()
    report = json.loads((out / "simulation.json").read_text(encoding="utf-8"))
    assert [row["game"] for row in rows] == list(range(40))
    for i, counts in enumerate(report["counts"]):
        got = [row[f"item_{i}"] for row in rows]
        assert [got.count(o) for o in range(4)] == counts
        assert got.count(-1) == report["unassigned"][i]
    assert (out / "matrix.png").read_bytes().startswith(b"\x89PNG")
    told, following = done.stdout.splitlines()[-2:]
    assert following == f"Next: parley report {out}"
    written = told.removeprefix(f"written: {out}/").split(", ")
    assert {path.name for path in out.iterdir()} == set(written)


def test_a_file_of_an_importer_plays_at_once(tmp_path: Path) -> None:
    orders, file = tmp_path / "a.soi", tmp_path / "a.toml"
    head = "# NUMBER ALTERNATIVES: 3\n# NUMBER VOTERS: 4\n"
    orders.write_text(head + "3: 1,2\n1: 3\n", encoding="utf-8")
    assert (
        parley("import", "preflib", orders, "--rule", "probabilistic-serial", "--out", file).returncode == 0
    )
    report = simulated(file, "--games", 300, "--check")
    assert report["truthful"] == [["1/3", "1/3", "0"]] * 3 + [["0", "0", "1"]]


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
        ([LOTTERY, "--out", "/dev/null/x"], "/dev/null/x"),
        ([LOTTERY, "--bots", "equilibrium"], "unknown bot 'equilibrium'"),
        ([LOTTERY, "--bots", "absent:proposing"], "absent:proposing"),
        ([LOTTERY, "--bots", "truthful,copying"], "2 names for 4 agents"),
        ([EXAMPLE, "--bots", "truthful"], "unknown bot 'truthful'"),
    ],
)
def test_bad_input_gets_one_line_and_status_2(arguments: list[object], complaint: str) -> None:
    done = parley("simulate", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert complaint in done.stderr


def test_a_problem_too_large_for_one_lottery_is_refused_by_simulate_alone(tmp_path: Path) -> None:
    file = tmp_path / "wide.json"
    items = [f"item {o}" for o in range(65)]
    rankings = [[item] for item in items[:64]]
    problem = {"kind": "assignment", "rule": "boston", "items": items, "rankings": rankings}
    file.write_text(json.dumps(problem), encoding="utf-8")
    assert parley("solve", file, "--json").returncode == 0
    done = parley("simulate", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{file}: items: the number of items 65 is above 64")


def test_help_teaches_the_bots_of_all_kinds() -> None:
    said = parley("simulate", "--help").stdout
    for word in (
        "equilibrium",
        "withholder",
        "truthful",
        "misreporting",
        "copying",
        "responder",
        "[default:",
    ):
        assert word in said


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


@pytest.mark.parametrize("unit", [f"1/{10**200}", 10**100, 10**101])
def test_play_is_compared_in_any_unit_up_to_a_limit(tmp_path: Path, unit: int | str) -> None:
    file = tmp_path / "units.json"
    problem = {"kind": "assignment", "rule": "boston", "items": ["a"], "utilities": [[unit], [unit]]}
    file.write_text(json.dumps(problem), encoding="utf-8")
    done = parley("simulate", file, "--games", 20, "--json")
    if unit == 10**101:
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"{file}: utilities[0][0]: ")
        assert done.stderr.endswith("is above 10^100, the limit for comparing play with theory\n")
    else:
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        # What each gets is a count: in its own unit, z is the same in all units.
        won = report["counts"][0][0]
        assert report["agents"][0]["z"] == pytest.approx((won - 10) / 5**0.5)
