"""The Python face: what `import parley` gives, for every kind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import parley

PROBLEMS = Path(__file__).parents[1] / "problems"
KINDS = {
    "coordination": "paper-example-1.toml",
    "assignment": "assignment-cyclic.toml",
    "screening": "screening-worked-example.toml",
    "guarantees": "guarantees-worked-example.toml",
    "team": "team-worked-example.toml",
}


def test_every_public_name_is_there_and_no_other() -> None:
    for name in parley.__all__:
        assert getattr(parley, name) is not None
    assert set(KINDS) <= set(parley.kinds())
    with pytest.raises(AttributeError, match="no attribute 'solver'"):
        _ = parley.solver


def test_importing_the_package_loads_nothing_slow() -> None:
    program = "import parley, sys; print(len([m for m in sys.modules if m.startswith('parley')]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


@pytest.mark.parametrize("kind", KINDS)
def test_a_problem_is_solved_played_and_audited(kind: str, tmp_path: Path) -> None:
    problem = parley.load(PROBLEMS / KINDS[kind])
    assert problem.kind == kind
    solution = problem.solve()
    assert solution.to_json()["kind"] == kind
    assert "<pre" in solution._repr_html_()
    assert repr(solution) == "<Result of Solution>"
    run = problem.simulate(games=12, seed=1)
    assert run.holds
    assert run.identical
    games = run.to_arrow()
    assert games.num_rows == 12
    assert games.num_rows == sum(run.to_json()["endings"].values())
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "parley.cli", "simulate", str(PROBLEMS / KINDS[kind])]
    subprocess.run(
        [*command, "--games", "12", "--seed", "1", "--out", str(folder)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    assert games.equals(pq.read_table(folder / "games.parquet", partitioning=None))
    options: dict[str, Any] = {"problems": 20, "games": 0} if kind == "coordination" else {}
    found = problem.audit(**options)
    assert json.dumps(found.to_json())
    assert found.tables()


def test_a_wrong_problem_is_one_line() -> None:
    with pytest.raises(parley.ProblemError, match=r"nowhere\.toml: cannot be read"):
        parley.load("nowhere.toml")
    problem = parley.load(PROBLEMS / KINDS["coordination"])
    with pytest.raises(parley.ParleyError, match="unknown bot 'gready'"):
        problem.simulate(games=1, bots="gready")
