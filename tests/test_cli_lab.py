"""`parley experiment`, `report` and `serve` from the outside: what they print, write and exit with."""

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.command import parley

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "problems" / "paper-example-1.toml"
LOTTERY = ROOT / "problems" / "assignment-cyclic.toml"
SMALL = f"""
kind = "experiment"
title = "Small"
question = "Does it run?"
seeds = [1]
generations = 2
games = 20

[problem]
file = "{EXAMPLE}"

[population]
members = 5
strategies = {{ equilibrium = "1/2", greedy = "1/2" }}

[sweep]
recognition = ["p-star", "equal"]
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("experiment")
    file = folder / "small.toml"
    file.write_text(SMALL, encoding="utf-8")
    return folder / "out", parley("experiment", file, "--out", folder / "out", "--workers", 2)


def test_an_experiment_says_what_it_came_to_and_leaves_tables(
    ran: tuple[Path, CompletedProcess[str]],
) -> None:
    out, done = ran
    assert done.returncode == 0, done.stderr
    assert "cells 2; games 80" in done.stdout
    assert "p-star" in done.stdout
    assert done.stdout.endswith(f"written: {out}\nNext: parley report {out}\n")
    assert {"manifest.json", "summary.json", "games.parquet"} <= {path.name for path in out.iterdir()}


def test_a_complete_experiment_is_told_again_and_not_played(
    ran: tuple[Path, CompletedProcess[str]],
) -> None:
    out, _ = ran
    before = (out / "games.parquet").stat().st_mtime_ns
    done = parley("experiment", out.parent / "small.toml", "--out", out, "--json")
    report = json.loads(done.stdout)
    assert report["manifest"]["complete"] is True
    assert [cell["games"] for cell in report["summary"]["cells"]] == [40, 40]
    assert (out / "games.parquet").stat().st_mtime_ns == before


def test_a_report_is_one_page_beside_the_tables(ran: tuple[Path, CompletedProcess[str]]) -> None:
    out, _ = ran
    done = parley("report", out)
    assert done.returncode == 0, done.stderr
    page = Path(done.stdout.strip())
    assert page == out / "report.html"
    assert "<h1>Small · coordination, 5 agents</h1>" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [("simulate", "--games", 20), ("audit",)], ids=lambda command: command[0])
def test_runs_and_audits_of_lotteries_have_a_page_too(command: tuple[object, ...], tmp_path: Path) -> None:
    verb, *options = command
    assert parley(verb, LOTTERY, *options, "--out", tmp_path).returncode == 0
    done = parley("report", tmp_path)
    assert done.returncode == 0, done.stderr
    page = Path(done.stdout.strip()).read_text(encoding="utf-8")
    assert "<h1>Assignment cyclic · assignment, 3 agents</h1>" in page
    assert "welfare" in page


def test_an_experiment_of_populations_with_lotteries_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "small.toml"
    file.write_text(SMALL.replace(str(EXAMPLE), str(LOTTERY)), encoding="utf-8")
    done = parley("experiment", file, "--out", tmp_path / "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{file}: generations: unknown key")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("experiment", "nowhere.toml"), "nowhere.toml: cannot be read"),
        (("experiment", EXAMPLE), "holds a problem, not an experiment"),
        (("report", "nowhere"), "nowhere: no such folder"),
        (("report", "README.md"), "README.md: a file, not a folder written with --out"),
        (("report", "docs"), "docs"),
        (("serve", "nowhere.toml"), "nowhere.toml: cannot be read"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments: tuple[object, ...], said: str) -> None:
    done = parley(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not done.stdout
