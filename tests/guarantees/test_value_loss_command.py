"""`parley experiment` of a study and `parley import tlc` from the outside."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from parley.chain.compiler import project_root
from parley.cli import app
from parley.core.errors import ParleyError
from parley.core.folders import work_folder
from parley.kit.experiment.run import read_experiment, run_experiment
from parley.kit.present.page import write_page
from parley.kit.registry import load
from parley.mechanisms.guarantees.experiment.samples import VARIANTS
from parley.mechanisms.guarantees.experiment.specification import Study
from parley.mechanisms.guarantees.formats import MOST
from parley.mechanisms.guarantees.problem import MAX_JOBS, MAX_PROVIDERS, load_problem
from tests.experiment.files import bytes_of

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

SHIPPED = project_root() / "problems" / "experiments" / "value-loss.toml"
HEAD = "pickup_datetime,dropoff_datetime,pu_area,do_area,total_amount\n"
TRIPS = HEAD + "".join(
    f"2016-01-08 09:{k:02}:00,2016-01-08 09:{k + 5 + k % 7:02}:{k:02},soho,soho,{5 + k * 37 % 11}.{k:02}\n"
    for k in range(40)
)
IMPORT = ("--area", "soho", "--date", "2016-01-08", "--window", 40, "--jobs", 6, "--providers", 2)


def parley(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


def written(folder: Path, **changed: object) -> Path:
    """A small study as a file, with taxi trips."""
    folder.mkdir(exist_ok=True)
    (folder / "trips.csv").write_text(TRIPS, encoding="utf-8")
    keys = {
        "kind": "guarantees",
        "study": "value-loss",
        "jobs": 6,
        "providers": [2, 6],
        "windows": [1, "8/5"],
        "variations": [0.001, 0.5],
        "samples": 11,
        "trips": {"file": "trips.csv", "areas": ["soho"], "dates": ["2016-01-08"], "windows": [40]},
        **changed,
    }
    file = folder / "study.json"
    file.write_text(json.dumps(keys), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A study by command, with what it printed as JSON."""
    folder = tmp_path_factory.mktemp("study")
    done = parley("experiment", written(folder), "--out", folder / "run", "--json")
    assert done.exit_code == 0, done.stderr
    return folder, json.loads(done.stdout)


# ── the study ───────────────────────────────────────────────────────────────────────────────────────────────


def test_json_has_the_curves_in_numbers(ran: tuple[Path, dict[str, Any]]) -> None:
    _, report = ran
    assert report["unproved"] == 0
    assert report["seconds"] > 0
    labels = [(curve["variant"], curve["window"], curve["variation"]) for curve in report["curves"]]
    assert labels == [*product(VARIANTS, (1, 1.6), (0.001, 0.5))]
    lists = ("providers", "mean_loss", "std_error", "max_loss")
    for curve in [*report["curves"], *report["trips"]]:
        assert {*curve} >= {"window", *lists, "peak"}
        assert curve["providers"] == [2, 3, 4, 5, 6]
        assert all(len(curve[name]) == 5 for name in lists)
        assert all(isinstance(number, int | float) for name in lists for number in curve[name])
        # A provider for each job loses nothing (Proposition 6).
        assert curve["mean_loss"][-1] == curve["std_error"][-1] == curve["max_loss"][-1] == 0
        assert curve["mean_loss"][curve["providers"].index(curve["peak"])] == max(curve["mean_loss"])
        assert all(
            mean <= most <= 1 for mean, most in zip(curve["mean_loss"], curve["max_loss"], strict=True)
        )
    assert any(max(curve["mean_loss"]) > 0 for curve in report["curves"])
    assert [(one["area"], one["date"], one["window"]) for one in report["trips"]] == [
        ("soho", "2016-01-08", 40)
    ]
    assert report["manifest"]["games"] == 13 * 11 * 5
    assert report["summary"]["curves"] == report["curves"]


def test_the_tables_have_every_instance(ran: tuple[Path, dict[str, Any]]) -> None:
    folder, report = ran
    rows = pq.read_table(folder / "run" / "instances.parquet").to_pylist()
    assert len(rows) == 13 * 11 * 5
    assert all(row["proved"] for row in rows)
    for k, curve in enumerate([*report["curves"], *report["trips"]]):
        own = [row for row in rows if row["curve"] == k]
        assert {row["variant"] for row in own} == {curve.get("variant")}
        assert {row["area"] for row in own} == {curve.get("area")}
        for place, n in enumerate(curve["providers"]):
            losses = [row["loss"] for row in own if row["providers"] == n]
            assert len(losses) == 11
            assert sum(losses) / 11 == pytest.approx(curve["mean_loss"][place], rel=1e-12)
            assert max(losses) == curve["max_loss"][place]
    cells = pq.read_table(folder / "run" / "cells.parquet").to_pylist()
    assert [row["mean_loss"] for row in cells[:5]] == report["curves"][0]["mean_loss"]
    assert len(cells) == 13 * 5


def test_runs_leave_the_same_bytes_on_any_number_of_processes_and_after_a_stop(
    ran: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    class Enough(Exception):  # noqa: N818 - not an error
        pass

    def stop(done: int, _: int) -> None:
        if done > 170:
            raise Enough

    folder, _ = ran
    with pytest.raises(Enough):
        run_experiment(folder / "study.json", out=tmp_path / "run", progress=stop)
    assert (work_folder(tmp_path / "run") / "parts" / "0000002").is_dir()
    counts: list[int] = []
    run_experiment(
        folder / "study.json", out=tmp_path / "run", workers=2, progress=lambda done, _: counts.append(done)
    )
    assert counts[0] == 165
    assert counts[-1] == 13 * 11 * 5
    assert bytes_of(tmp_path / "run") == bytes_of(folder / "run")


def test_a_complete_study_is_told_again_with_pictures_and_a_page(ran: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = ran
    done = parley("experiment", folder / "study.json", "--out", folder / "run")
    assert done.exit_code == 0, done.stderr
    assert "cells 13; instances 715" in done.stdout
    assert "What differs from the paper" in done.stdout
    names = {"bounds", "value-loss-trips", *(f"value-loss-{variant}" for variant in VARIANTS)}
    assert {path.stem for path in (folder / "run").glob("*.svg")} == names
    page = write_page(folder / "run").read_text(encoding="utf-8")
    assert "Value loss under max-min fairness" in page


def test_another_file_of_trips_is_another_study(ran: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder, _ = ran
    other = written(tmp_path / "other")
    (other.parent / "trips.csv").write_text(TRIPS.replace("09:39", "09:38"), encoding="utf-8")
    with pytest.raises(ParleyError, match=r"with another file of trips\); use --force to replace it"):
        run_experiment(other, out=folder / "run")


def test_wrong_studies_are_refused_in_one_line(tmp_path: Path) -> None:
    done = parley("experiment", written(tmp_path, samples=0))
    assert (done.exit_code, done.stderr) == (2, f"{tmp_path / 'study.json'}: samples: 0 is below 1\n")
    problem = tmp_path / "problem.json"
    problem.write_text(json.dumps({"kind": "guarantees", "providers": 2}), encoding="utf-8")
    done = parley("experiment", problem)
    assert done.exit_code == 2
    assert (
        done.stderr == f"{problem}: holds a problem, not an experiment; use parley solve, simulate or audit\n"
    )


def test_the_shipped_study_is_the_paper_s() -> None:
    study = read_experiment(SHIPPED)
    assert isinstance(study, Study)
    assert (study.steps, study.games) == (3 * 6 * 6, 313_200)
    assert study.keys.jobs == 30


# ── the import ──────────────────────────────────────────────────────────────────────────────────────────────


def test_imported_trips_are_a_problem(tmp_path: Path) -> None:
    trips = written(tmp_path).with_name("trips.csv")
    done = parley("import", "tlc", trips, *IMPORT, "--out", tmp_path / "soho.toml")
    assert done.exit_code == 0, done.stderr
    problem = load_problem(tmp_path / "soho.toml")
    assert (problem.jobs, problem.providers) == (6, 2)
    printed = parley("import", "tlc", trips, *IMPORT, "--json", "--seed", 0)
    mapping = json.loads(printed.stdout)
    assert load(mapping).problem == problem
    assert mapping["guarantee"] == {"type": "max-min"}
    other = json.loads(parley("import", "tlc", trips, *IMPORT, "--json", "--seed", 1).stdout)
    assert other != mapping


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (IMPORT[2:], "missing --area"),
        ((*IMPORT, "--window", 481), "--window: 481 is above 480"),
        ((*IMPORT, "--jobs", 0), "--jobs: 0 is below 1"),
        ((*IMPORT, "--pool", "week"), "--pool: unknown 'week'; known: interval, day"),
        ((*IMPORT, "--area", "nolita"), "unknown area 'nolita'"),
        (
            (*IMPORT, "--jobs", 40),
            "no interval of 40 minutes has 40 trips, the fullest has 38; use --pool day",
        ),
    ],
)
def test_wrong_imports_are_refused_in_one_line(
    arguments: tuple[object, ...], said: str, tmp_path: Path
) -> None:
    trips = written(tmp_path).with_name("trips.csv")
    done = parley("import", "tlc", trips, *arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_file_of_another_kind_is_said_before_missing_options(tmp_path: Path) -> None:
    table = tmp_path / "other.csv"
    for text, said in (
        ("a,b\n1,2\n", "no column tpep_pickup_datetime or pickup_datetime"),
        ("text\n", "line 1: is neither Parquet nor CSV with a header of column names"),
    ):
        table.write_text(text, encoding="utf-8")
        assert parley("import", "tlc", table).stderr == f"{table}: {said}\n"


def test_the_limits_of_an_import_are_those_of_problems() -> None:
    assert MOST == MAX_JOBS == MAX_PROVIDERS
