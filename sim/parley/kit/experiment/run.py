"""Experiments are run: step after step, resumed after a kill, in a folder that appears when all is done.

Everything that a step does follows from the experiment, the step's number and the state that the one before
has left. A step's tables are written to a folder of their own, together with the state that follows, which
appears when it is whole. So a run that was killed goes on from the last whole step, and leaves the same
tables as one that was not.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from os import fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from rich.console import Group
from rich.text import Text

from parley.core import problemfile
from parley.core.errors import ParleyError, ProblemError, naming, shorten
from parley.core.files import read_object
from parley.core.folders import commit_folder, locked, saying, work_folder, write_json
from parley.core.randomness import keccak
from parley.kit.experiment.sweep import Sweep, kind_of_problem
from parley.kit.experiment.tables import PartWriter, join_parts, part_folder
from parley.kit.registry import mechanism, mechanisms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike

    from rich.console import RenderableType

    from parley.kit.experiment.experiment import Experiment

__all__ = ["ExperimentRun", "read_experiment", "run_experiment"]

KIND = "experiment"
PARTS = "parts"
STATE = "state.json"
MANIFEST = "manifest.json"
SUMMARY = "summary.json"
CELLS = "cells.parquet"


@dataclass(frozen=True)
class ExperimentRun:
    """A finished experiment.

    Attributes
    ----------
    folder : Path
        Where its tables are.
    manifest : dict
        What was run, and with what: as in manifest.json.
    summary : dict
        What came out, cell by cell: as in summary.json.
    """

    folder: Path
    manifest: dict[str, Any]
    summary: dict[str, Any]

    def tables(self) -> RenderableType:
        """Return what a person reads of it."""
        from parley.kit.experiment.page import experiment_sheet  # noqa: PLC0415 - slow to load
        from parley.kit.present.terminal import sheet_tables  # noqa: PLC0415 - as above

        games, cells = self.manifest["games"], self.manifest["cells"]
        head = f"{self.manifest['title']}: {games:,} games in {cells:,} cells. {self.manifest['question']}"
        sheet = replace(experiment_sheet(self.folder), method=[], cells=[])
        return Group(Text(head), sheet_tables(sheet))


def read_experiment(path: str | PathLike[str]) -> Experiment:
    """Read an experiment file.

    Parameters
    ----------
    path : path
        TOML, or JSON if it ends so. Files that it names are looked for beside it.

    Raises
    ------
    ProblemError
        In one line: file, key and reason.
    """
    file = fspath(path)
    mapping = problemfile.read(path)
    if mapping.get("kind", KIND) != KIND:
        raise ProblemError(file, "kind", f"unknown kind {shorten(mapping['kind'])}; known: {KIND}")
    with naming(file):
        kind = kind_of_problem(mapping, file)
        for one in mechanisms() if kind is None else (mechanism(kind),):
            laboratory = one.laboratory()
            found = None if laboratory is None else laboratory.read(mapping, file)
            if found is not None:
                return found
        return Sweep(mapping, file)


def run_experiment(
    file: str | PathLike[str],
    *,
    out: str | PathLike[str],
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> ExperimentRun:
    """Run an experiment, or go on with one that was stopped.

    Parameters
    ----------
    file : path
        An experiment file.
    out : path
        Folder for its tables, which appears when all is done. A run of the same experiment that was stopped
        goes on from its last whole step, which is kept in a folder beside it; where one is complete, nothing
        is played.
    workers : int
        Processes. The tables do not depend on it.
    progress : callable, optional
        Called with the number of games finished so far (in earlier runs too) and the number of all.

    Raises
    ------
    ParleyError
        In one line: a file that is wrong, a folder of something else, a table that was changed, a bot that
        fails.
    """
    experiment = read_experiment(file)
    folder = Path(out)
    manifest = _manifest(experiment)
    work = work_folder(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ParleyError(f"{folder}: cannot be used: {error.strerror}") from None
    with locked(folder), saying(folder):
        done = _finished(folder, experiment, manifest, folder)
        if done is not None:
            shutil.rmtree(work, ignore_errors=True)
            return done
        if not _prepare(work, experiment, manifest):
            _play(work, experiment, manifest, workers, progress)
        commit_folder(folder)
        done = _finished(folder, experiment, manifest, folder)
    if done is None:
        raise AssertionError("a finished run is not complete")
    return done


def _play(
    work: Path,
    experiment: Experiment,
    manifest: dict[str, Any],
    workers: int,
    progress: Callable[[int, int], None],
) -> None:
    """Play what has not been played, join the tables, sum up, and say that all is done."""
    parts, playing = work / PARTS, experiment.play(workers)
    done = finished = 0
    while part_folder(parts, done).is_dir():
        done += 1
    if done:
        kept = range(0 if playing.keeps else done - 1, done)
        left = [json.loads((part_folder(parts, k) / STATE).read_text(encoding="utf-8")) for k in kept]
        finished = left[-1]["games"]
        playing.restore([one["state"] for one in left])
    progress(finished, experiment.games)
    for number in range(done, experiment.steps):
        with PartWriter(parts, number, experiment.schemas) as part:
            for batch in playing.step(number):
                for name, table in batch.tables.items():
                    part.add(name, table)
                finished += batch.games
                progress(finished, experiment.games)
            part.note(STATE, json.dumps({"games": finished, "state": playing.state()}))
        if not playing.keeps:
            (part_folder(parts, number - 1) / STATE).unlink(missing_ok=True)
    cells, summary = playing.finish()
    pq.write_table(cells, work / CELLS, compression="zstd")
    names = join_parts(parts, experiment.steps, work)
    write_json(work / SUMMARY, summary)
    files = {name: _print_of(work / name) for name in (SUMMARY, CELLS, *names)}
    write_json(work / MANIFEST, {**manifest, "files": files, "complete": True})
    shutil.rmtree(parts)


# ── the folder ──────────────────────────────────────────────────────────────────────────────────────────────


def _manifest(experiment: Experiment) -> dict[str, Any]:
    """What is played, with what."""
    return {
        "kind": KIND,
        "mechanism": experiment.kind,
        "title": experiment.title,
        "question": experiment.question,
        "experiment": experiment.to_mapping(),
        **experiment.about(),
        "contracts": {
            name: "0x" + keccak(contract.bytecode).hex() for name, contract in experiment.contracts.items()
        },
        "versions": _versions(),
        "games": experiment.games,
        "complete": False,
    }


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in ("parley-sim", "numpy", "pyarrow", "pyrevm"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # run from a tree that is not installed
            continue
    return versions


def _print_of(file: Path) -> dict[str, Any]:
    """Size and hash of a file, by which it is known again."""
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return {"bytes": file.stat().st_size, "sha256": digest}


def _finished(
    out: Path, experiment: Experiment, manifest: Mapping[str, Any], named: Path
) -> ExperimentRun | None:
    """A finished run of the same experiment in a folder, every file as it was written.

    Raises
    ------
    ParleyError
        If something else is there, or a file was changed.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    if not (out / MANIFEST).is_file():
        raise ParleyError(f"{named}: is not empty and contains no experiment; choose another folder")
    found = read_object(out / MANIFEST)
    if found.get("kind") != KIND:
        raise ParleyError(f"{named}: contains another kind of run; choose another folder")
    for key, what in experiment.same.items():
        if found.get(key) != manifest[key]:
            title = shorten(found.get("title", ""))
            raise ParleyError(f"{named}: contains {title} with another {what}; choose another folder")
    if found.get("complete") is not True:
        return None
    known = found.get("files")
    for name in known if isinstance(known, dict) else (SUMMARY,):
        if not isinstance(known, dict) or not (out / name).is_file() or known[name] != _print_of(out / name):
            raise ParleyError(
                f"{named / name}: was changed after the run; remove {named} to run the experiment again"
            )
    return ExperimentRun(named, found, read_object(out / SUMMARY))


def _prepare(work: Path, experiment: Experiment, manifest: Mapping[str, Any]) -> bool:
    """Prepare the folder that a run is made in; whether all is done there already."""
    try:
        if _finished(work, experiment, manifest, work) is not None:
            return True
        kept = (work / MANIFEST).is_file()
    except ParleyError:  # of another experiment, or broken
        kept = False
    if not kept:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        write_json(work / MANIFEST, manifest)
    return False
