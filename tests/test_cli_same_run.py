"""A folder keeps the run that it holds, unless the same command writes it again or --force is given."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from parley.cli import app
from parley.core.errors import ParleyError
from parley.core.folders import RUN, check_same

ROOT = Path(__file__).parents[1]
LOTTERY = str(ROOT / "problems" / "assignment-three-utilities.toml")
TEAM = str(ROOT / "problems" / "team-worked-example.toml")
runner = CliRunner()


def run(*call: str | Path) -> tuple[int, str]:
    """The exit status of a command and what it says on standard error."""
    result = runner.invoke(app, list(map(str, call)))
    return result.exit_code, result.stderr


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run."""
    out = tmp_path_factory.mktemp("run") / "out"
    assert run("simulate", LOTTERY, "--games", "2", "--seed", "1", "--out", out) == (0, "")
    return out


OTHERS = [
    (["simulate", LOTTERY, "--games", "2"], "with --seed 1, not with --seed 0"),
    (["simulate", LOTTERY, "--games", "3", "--seed", "1"], "with --games 2, not with --games 3"),
    (
        ["simulate", LOTTERY, "--games", "2", "--seed", "1", "--bots", "copying"],
        "without --bots, not with --bots copying",
    ),
    (
        ["simulate", LOTTERY, "--games", "2", "--seed", "1", "--evm", "py-evm"],
        "with --evm revm, not with --evm py-evm",
    ),
    (["simulate", TEAM, "--games", "2", "--seed", "1"], "of another problem"),
    (["audit", LOTTERY], "of simulate, not audit"),
]


@pytest.mark.parametrize(("call", "said"), OTHERS)
def test_another_run_is_refused_and_the_difference_is_named(call: list[str], said: str, held: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in held.iterdir()}
    assert run(*call, "--out", held) == (
        2,
        f"{held}: holds another run ({said}); use --force to replace it\n",
    )
    assert {file: file.stat().st_mtime_ns for file in held.iterdir()} == before


def test_the_same_command_may_write_it_again(held: Path) -> None:
    call = ["simulate", LOTTERY, "--games", "2", "--seed", "1", "--workers", "2", "--out"]
    assert run(*call, held) == (0, "")
    stated = json.loads((held / RUN).read_text(encoding="utf-8"))
    assert (stated["command"], stated["options"]["seed"]) == ("simulate", 1)


def test_force_replaces_another_run_but_not_other_peoples_files(held: Path, tmp_path: Path) -> None:
    out = shutil.copytree(held, tmp_path / "out")
    assert run("audit", LOTTERY, "--runs", "9", "--out", out, "--force") == (0, "")
    assert json.loads((out / RUN).read_text(encoding="utf-8"))["options"] == {"runs": 9}
    assert run("audit", LOTTERY, "--runs", "9", "--seed", "0", "--out", out, "--force") == (0, "")
    assert json.loads((out / RUN).read_text(encoding="utf-8"))["options"] == {"runs": 9, "seed": 0}
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    status, said = run("audit", LOTTERY, "--runs", "9", "--out", out, "--force")
    assert (status, "notes.txt" in said) == (2, True)


def test_a_run_that_does_not_say_how_it_was_made_is_not_replaced(held: Path, tmp_path: Path) -> None:
    made = json.loads((held / RUN).read_text(encoding="utf-8"))
    (tmp_path / ".run.json.lock").touch()
    check_same(tmp_path, made)
    (tmp_path / "simulation.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ParleyError, match=r"holds another run \(without run\.json\)"):
        check_same(tmp_path, made)
    (tmp_path / RUN).write_text('{"command": "simulate"}', encoding="utf-8")
    with pytest.raises(ParleyError, match=r"without run\.json"):
        check_same(tmp_path, made)
    (tmp_path / RUN).write_text(json.dumps(made | {"options": made["options"] | {"x": 1}}), encoding="utf-8")
    with pytest.raises(ParleyError, match="with --x 1, not without --x"):
        check_same(tmp_path, made)
    (tmp_path / RUN).write_text(json.dumps(made | {"version": "0.0.1"}), encoding="utf-8")
    check_same(tmp_path, made)


def test_tables_are_also_csv_on_request(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("simulate", LOTTERY, "--games", "3", "--out", out, "--csv") == (0, "")
    given, read = pq.read_table(out / "games.parquet"), pc.read_csv(out / "games.csv")
    assert read.column_names == given.column_names
    assert read["ending"].to_pylist() == given["ending"].to_pylist()
    file = tmp_path / "mine.json"
    keys = {"kind": "experiment", "title": "x", "games": 2, "problem": {"file": LOTTERY}}
    file.write_text(json.dumps(keys), encoding="utf-8")
    assert run("experiment", file, "--out", tmp_path / "tables", "--csv") == (0, "")
    assert {path.name for path in (tmp_path / "tables").glob("*.csv")} == {"cells.csv", "games.csv"}
    assert run("experiment", file, "--out", tmp_path / "tables") == (0, "")
    for verb, other in (("experiment", "simulate"), ("simulate", "experiment")):
        folder, given = (tmp_path / "tables", LOTTERY) if verb == "experiment" else (out, file)
        said = f"{folder}: holds another run (of {verb}, not {other}); use --force to replace it\n"
        assert run(other, given, "--out", folder) == (2, said)
    assert run("experiment", file, "--out", out, "--force") == (0, "")


@pytest.mark.deep
def test_an_interrupted_run_says_how_far_it_came_and_leaves_the_folder(held: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = (held / "simulation.json").read_bytes()
    assert run("simulate", LOTTERY, "--games", "2", "--seed", "1", "--out", out) == (0, "")
    kept = {file.name: file.read_bytes() for file in out.iterdir()}
    assert kept["simulation.json"][:40] == before[:40]
    program = "from parley.cli import main; main()"
    started = subprocess.Popen(
        [sys.executable, "-c", program, "simulate", LOTTERY, "--games", "900000", "--out", out, "--force"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "sim"), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    work = out.with_name(".out.work")
    while not work.exists():  # it has begun to write
        assert started.poll() is None
    started.send_signal(signal.SIGINT)
    said = started.communicate()
    assert (started.returncode, said[0]) == (130, "")
    assert said[1].startswith("stopped after ")
    assert said[1].endswith(f" of 900,000 games; {out} is as it was\n")
    assert {file.name: file.read_bytes() for file in out.iterdir()} == kept
    assert not work.exists()
