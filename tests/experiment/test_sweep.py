"""Sweeps: every mechanism has them, and they leave the same tables whatever they are played by."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from parley.core.errors import ParleyError, ProblemError
from parley.core.folders import work_folder
from parley.kit.experiment.page import experiment_sheet
from parley.kit.experiment.run import read_experiment, run_experiment
from parley.kit.experiment.sweep import TIMES, Sweep
from parley.kit.play import run
from parley.kit.present.page import write_page
from parley.kit.registry import load
from parley.mechanisms.coordination.experiment.specification import Experiment
from tests.experiment.files import EXAMPLE, PROBLEMS, bytes_of
from tests.kit.live.serving import with_the_toss

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RULES = PROBLEMS / "experiments" / "rules.toml"
LOTTERY = PROBLEMS / "assignment-bogomolnaia-moulin.toml"
GAMES = 10


def written(folder: Path, **changed: object) -> Path:
    """A small sweep as a file, with some keys changed; None takes a key out."""
    keys: dict[str, Any] = tomllib.loads(RULES.read_text(encoding="utf-8"))
    keys |= {"games": GAMES, "problem": {"file": str(LOTTERY)}, "seeds": [1]} | changed
    file = folder / "sweep.json"
    file.write_text(json.dumps({key: value for key, value in keys.items() if value is not None}))
    return file


def parley(*arguments: object, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    command = [sys.executable, "-m", "parley.cli", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(autouse=True)
def _all_replays(_few_replays: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replay here what commands replay: their tables are compared."""
    monkeypatch.setattr(run, "REPLAYED", 10)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweep")
    told = parley("experiment", written(folder), "--out", folder / "out", "--workers", 2)
    assert told["manifest"]["complete"]
    assert told["manifest"]["games"] == 3 * 2 * GAMES
    return folder / "out"


@pytest.mark.deep
def test_every_combination_is_played_as_simulate_plays_it(ran: Path) -> None:
    cells = json.loads((ran / "summary.json").read_text())["cells"]
    assert [(c["varied"]["rule"], c["bots"], c["seed"]) for c in cells] == [
        (rule, bots, seed)
        for rule in ("serial-dictatorship", "probabilistic-serial", "boston")
        for bots in ("truthful", "misreporting,truthful,truthful,truthful")
        for seed in (1,)
    ]
    games = pq.read_table(ran / "games.parquet")
    assert len(games) == len(cells) * GAMES
    for k in (0, 3, 5):
        cell = cells[k]
        mapping = tomllib.loads(LOTTERY.read_text(encoding="utf-8")) | {"rule": cell["varied"]["rule"]}
        played = load(mapping).simulate(games=GAMES, seed=cell["seed"], bots=cell["bots"])
        assert cell.items() >= {key: v for key, v in played.to_json().items() if key not in TIMES}.items()
        own = games.filter(games["cell"].to_numpy() == k).drop_columns(["cell"])
        assert own.to_pylist() == played.to_arrow().to_pylist()
    table = pq.read_table(ran / "cells.parquet").to_pylist()
    assert [row["rule"] for row in table] == [cell["varied"]["rule"] for cell in cells]
    assert all(row["holds"] and row["ended:drawn"] == GAMES for row in table)
    for row, cell in zip(table, cells, strict=True):
        assert cell["p_values"] == {"item": cell["p_value"]}
        assert row["p:item"] == cell["p_value"]
        assert row["bond:agent 1"] == 0


def test_the_page_has_every_cell_and_its_figures(ran: Path) -> None:
    sheet = experiment_sheet(ran)
    assert len(sheet.cells) == 6
    assert [figure.id for figure in sheet.figures] == ["cells"]  # nobody loses a bond
    assert sheet.cells[0][0] == "rule serial-dictatorship, bots truthful"
    assert "<html" in write_page(ran).read_text(encoding="utf-8")
    (ran / "report.html").unlink()


def test_workers_and_kills_leave_the_same_bytes(ran: Path, tmp_path: Path) -> None:
    class Enough(Exception):  # noqa: N818 - not an error
        pass

    def stop(done: int, _: int) -> None:
        if done >= 4 * GAMES:
            raise Enough

    out = tmp_path / "out"
    with pytest.raises(Enough):
        run_experiment(written(tmp_path), out=out, progress=stop)
    assert not out.exists()
    assert len(list((work_folder(out) / "parts").glob("*[0-9]"))) == 3
    first: list[int] = []
    run_experiment(written(tmp_path), out=out, progress=lambda done, _: first.append(done))
    assert first[0] == 3 * GAMES
    assert bytes_of(out) == bytes_of(ran)


def test_another_sweep_is_not_put_in_the_place_of_one(ran: Path, tmp_path: Path) -> None:
    with pytest.raises(ParleyError, match=r"holds another run \('Rules' with another experiment\)"):
        run_experiment(written(tmp_path, games=GAMES + 1), out=ran)


def test_force_replaces_another_run_and_changed_files_but_nothing_else(ran: Path, tmp_path: Path) -> None:
    out = shutil.copytree(ran, tmp_path / "out")
    file = written(tmp_path, vary={}, games=2)
    assert run_experiment(file, out=out, force=True).manifest["games"] == 2
    before = (out / "games.parquet").stat().st_mtime_ns
    run_experiment(file, out=out, force=True)
    assert (out / "games.parquet").stat().st_mtime_ns == before
    (out / "summary.json").write_text("{}", encoding="utf-8")
    with pytest.raises(
        ParleyError, match="was changed after the run; use --force to run the experiment again"
    ):
        run_experiment(file, out=out)
    assert run_experiment(file, out=out, force=True).summary["cells"]
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ParleyError, match=r"notes\.txt, which Parley did not write"):
        run_experiment(ran.parent / "sweep.json", out=out, force=True)
    assert (out / "notes.txt").is_file()


def test_a_toy_has_sweeps_without_a_line_of_its_own(tmp_path: Path) -> None:
    vary = {"stake": [3, 5], "bots": ["honest", ["honest", "silent"]]}
    file = written(tmp_path, problem={"kind": "toss", "stake": 1}, vary=vary, seeds=[4])
    folder = tmp_path / "package"
    folder.mkdir()
    told = parley("experiment", file, "--out", tmp_path / "out", environment=with_the_toss(folder))
    assert told["manifest"]["mechanism"] == "toss"
    assert [cell["endings"]["expired"] for cell in told["summary"]["cells"]] == [0, GAMES, 0, GAMES]
    assert told["summary"]["cross_check"]["identical"]


def test_files_say_whether_populations_play_or_bots(tmp_path: Path) -> None:
    plain = {"kind": None, "vary": None}
    sweep = read_experiment(
        written(tmp_path, problem={"file": EXAMPLE}, vary={"continuation": ["1/2", 0.75]})
    )
    assert isinstance(sweep, Sweep)
    assert [cell.problem.problem.to_mapping()["continuation"] for cell in sweep.cells] == ["1/2", "3/4"]
    file = written(tmp_path, problem={"file": EXAMPLE}, **plain)
    assert isinstance(read_experiment(file), Experiment)
    assert isinstance(
        read_experiment(written(tmp_path, problem={"file": EXAMPLE}, bots="greedy", **plain)), Sweep
    )
    assert isinstance(read_experiment(written(tmp_path, **plain)), Sweep)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "sweep"}, "kind: unknown kind 'sweep'; known: experiment"),
        ({"title": None}, "title: missing"),
        ({"games": 0}, "games: 0 is below 1"),
        ({"population": {}}, "population: unknown key"),
        ({"seeds": []}, "seeds: [] is empty"),
        ({"problem": {}}, "problem: must hold file, files or the keys of a problem with its kind"),
        (
            {"problem": {"file": "no.toml"}, "vary": None},
            "problem.file: {folder}/no.toml: cannot be read: No such",
        ),
        ({"problem": {"file": "no.toml"}}, "problem.file: {folder}/no.toml: cannot be read: No such file"),
        ({"problem": {"files": [str(LOTTERY), "no.toml"]}}, "problem.files[1]: {folder}/no.toml: cannot be"),
        ({"problem": {"files": [str(LOTTERY), 3]}}, "problem.files[1]: 3 is not the name of a file"),
        ({"problem": {"kind": "poker"}}, "problem.kind: unknown kind 'poker'"),
        ({"problem": {"kind": "assignment", "rule": "boston"}}, "problem.items: missing"),
        ({"vary": {"rule": []}}, "vary.rule: empty"),
        ({"vary": {"rule": ["boston", "boston"]}}, "vary.rule: duplicate value"),
        ({"vary": {"rule": ["fair"]}}, "vary.rule: "),
        ({"vary": {"ruler": ["boston"]}}, "vary.ruler: unknown key (did you mean rule?)"),
        ({"vary": {"names.agents": [["A"]]}}, "vary.names.agents: the problem has no table names"),
        (
            {"vary": {"window": [*range(60, 100_062)]}},
            "vary: 100002 cells, more than 100000",
        ),
        ({"games": 10**9}, "games: 6000000000 in 6 cells"),
    ],
)
def test_bad_files_get_one_line_with_file_key_and_reason(
    changed: dict[str, object], said: str, tmp_path: Path
) -> None:
    file = written(tmp_path, **changed)
    with pytest.raises(ProblemError) as caught:
        read_experiment(file)
    assert str(caught.value).startswith(f"{file}: {said.replace('{folder}', str(tmp_path))}")
    assert "\n" not in str(caught.value)


def test_a_bot_that_is_not_known_is_refused_before_anything_is_played(tmp_path: Path) -> None:
    with pytest.raises(ParleyError, match="unknown bot 'clever'"):
        read_experiment(written(tmp_path, vary={"bots": ["truthful", "clever"]}))
