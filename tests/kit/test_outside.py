"""A mechanism of a package outside the tree: installed, and used through every command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
import requests

from parley.chain.compiler import project_root
from scripts.glue import lines_of_code
from tests.nodes import anvil

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EXAMPLE = project_root() / "examples" / "straws"
PROBLEM = """
kind = "straws"
costs = [3, 9, 5]
compensation = 2
bond = 4
"""
EXPERIMENT = """
kind = "experiment"
title = "Bonds"
question = "What does an agent pay that stays silent?"
seeds = [1, 2]
games = 5

[problem]
kind = "straws"
costs = [3, 9, 5]
compensation = 2

[vary]
bond = [1, 4]
bots = ["honest", "honest,honest,silent"]
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The environment of a process that has the package."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--target", str(folder), str(EXAMPLE)]
    subprocess.run(command, check=True, timeout=300)
    path = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(path)}


_ALL = """
import contextlib, io, json, sys
from parley.cli import app
ended = []
for call in json.loads(sys.argv[1]):
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            app(call, prog_name="parley")
    except SystemExit as end:
        ended.append([end.code or 0, printed.getvalue()])
print(json.dumps(ended))
"""


def parley(environment: Mapping[str, str], *calls: tuple[object, ...]) -> list[tuple[int, str]]:
    """Run commands in one process that has the package: their statuses, and what they print."""
    arguments = json.dumps([[*map(str, call)] for call in calls])
    command = [sys.executable, "-c", _ALL, arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    ended = json.loads(done.stdout.splitlines()[-1])
    assert len(ended) == len(calls), done.stderr
    return [(status, text) for status, text in ended]


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    file = tmp_path / "straws.toml"
    file.write_text(PROBLEM, encoding="utf-8")
    return file


def test_theory_answers(environment: Mapping[str, str], problem: Path, tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    (solved, audited, *others) = parley(
        environment,
        ("solve", problem, "--json"),
        ("audit", problem, "--json", "--check"),
        ("solve", problem),
        ("audit", problem, "--out", folder),
        ("report", folder),
    )
    assert json.loads(solved[1])["expected_costs"] == ["1", "3", "5/3"]
    # Agent 2 would rather lose its bond than do the task.
    assert audited[0] == 1
    assert [one["gain"] for one in json.loads(audited[1])["silence"]] == ["0", "1", "0"]
    assert [status for status, _ in others] == [0, 0, 0]
    assert "1.667" in others[0][1]
    assert "silence" in (folder / "report.html").read_text(encoding="utf-8")


def test_games_are_played_compared_and_kept(
    environment: Mapping[str, str], problem: Path, tmp_path: Path
) -> None:
    out, some = tmp_path / "run", ("simulate", problem, "--games", 20, "--json")
    (kept, report, silent, *same) = parley(
        environment,
        ("simulate", problem, "--games", 300, "--check", "--out", out),
        ("report", out),
        (*some, "--bots", "honest,silent,honest", "--check"),
        some,
        (*some, "--workers", 2),
        (*some, "--evm", "py-evm"),
    )
    assert (kept[0], report[0]) == (0, 0)
    assert "agrees with theory" in kept[1]
    games = pq.read_table(out / "games.parquet")
    assert games.column_names == ["game", "ending", "drawn", "paid_0", "paid_1", "paid_2"]
    assert set(games["drawn"].to_pylist()) == {0, 1, 2}
    assert "300" in (out / "report.html").read_text(encoding="utf-8")
    assert (silent[0], json.loads(silent[1])["endings"]) == (1, {"drawn": 0, "cancelled": 20})
    assert len({json.dumps(json.loads(text)["statistics"]) for _, text in same}) == 1


def test_it_is_deployed_and_verified(environment: Mapping[str, str], problem: Path, tmp_path: Path) -> None:
    with anvil() as node:
        at = ("--evm", node.url, "--deployment", tmp_path / "deployment.json")
        (*done, verified) = parley(
            environment,
            ("deploy", "--evm", node.url, "--out", at[-1]),
            ("simulate", problem, "--games", 12, "--check", *at),
            ("simulate", problem, "--games", 3, "--seed", 1, "--bots", "silent", *at),
            ("verify", *at, "--json"),
        )
    assert [status for status, _ in done] == [0, 0, 0]
    contracts = json.loads(verified[1])["contracts"]
    (straws,) = (one for one in contracts if one["kind"] == "straws")
    assert (straws["games"], straws["holds"], straws["payees"]) == (15, True, "traces")
    assert straws["endings"] == {"drawn": 12, "cancelled": 3}


def test_sweeps_need_no_code_of_its_own(environment: Mapping[str, str], tmp_path: Path) -> None:
    file = tmp_path / "bonds.toml"
    file.write_text(EXPERIMENT, encoding="utf-8")
    played, report = parley(
        environment, ("experiment", file, "--out", tmp_path / "bonds"), ("report", tmp_path / "bonds")
    )
    assert (played[0], report[0]) == (0, 0)
    assert "cells 8; games 40" in played[1]


def test_the_live_page_plays_it(environment: Mapping[str, str], problem: Path) -> None:
    command = [sys.executable, "-m", "parley.cli", "serve", str(problem), "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        page = requests.get(url, timeout=30)
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=30)
    assert page.ok
    assert "Parley" in page.text


def test_it_is_small() -> None:
    assert sum(lines_of_code(path) for path in EXAMPLE.rglob("*.py")) <= 400
    contracts = [path.read_text(encoding="utf-8") for path in EXAMPLE.rglob("*.sol")]
    assert sum(len(text.splitlines()) for text in contracts) <= 150
