"""Run experiments step by step; the output folder appears when all steps are done.

A step depends only on the experiment, the step's number and the state after the previous step. Each step
writes its tables and the next state into a folder of its own, which appears when it is complete. A killed run
therefore resumes after the last complete step and writes the same tables.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from os import fspath
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
from rich.console import Group
from rich.text import Text

from parley.core import problemfile
from parley.core.errors import ParleyError, ProblemError, naming, shorten
from parley.core.files import JsonObject, read_object
from parley.core.folders import EXPERIMENT as MANIFEST
from parley.core.folders import (
    RUN,
    check_replaceable,
    command_of,
    commit_folder,
    locked,
    other_run,
    saying,
    work_folder,
    write_json,
)
from parley.core.keys import did_you_mean, elsewhere
from parley.core.randomness import keccak
from parley.kit.experiment.sweep import Sweep, SweepKeys, kind_of_problem
from parley.kit.experiment.tables import PartWriter, join_parts, part_folder
from parley.kit.files.texts import name_of
from parley.kit.registry import EXPERIMENT as KIND
from parley.kit.registry import kinds, mechanism, mechanisms

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from rich.console import RenderableType

    from parley.core.keys import Keys
    from parley.kit.experiment.experiment import Experiment

__all__ = ["ExperimentRun", "experiment_keys", "read_experiment", "run_experiment"]

PARTS = "parts"
STATE = "state.json"
SUMMARY = "summary.json"
CELLS = "cells.parquet"


@dataclass(frozen=True)
class ExperimentRun:
    """A finished experiment.

    Attributes
    ----------
    manifest : dict
        Content of manifest.json: inputs and versions.
    summary : dict
        Content of summary.json: results by cell.
    results : tuple of str
        Keys of the summary that `to_json` repeats at the top.
    seconds : float
        Time of this call; little if the experiment was complete.
    """

    folder: Path
    manifest: JsonObject
    summary: JsonObject
    results: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    def to_json(self) -> JsonObject:
        """Return plain data, as ``--json`` prints it."""
        parts = {"folder": str(self.folder), "manifest": self.manifest, "summary": self.summary}
        return {**{key: self.summary[key] for key in self.results}, "seconds": self.seconds, **parts}

    def tables(self) -> RenderableType:
        """Return the results for a terminal."""
        from parley.kit.experiment.page import experiment_sheet  # noqa: PLC0415 - slow to load
        from parley.kit.present.terminal import Trimmed, sheet_tables  # noqa: PLC0415 - as above

        head = ". ".join(filter(None, (self.manifest["title"], self.manifest["question"])))
        sheet = replace(experiment_sheet(self.folder), method=[], cells=[])
        return Trimmed(Group(Text(head), sheet_tables(sheet)))


def read_experiment(path: str | PathLike[str]) -> Experiment:
    """Read an experiment file.

    Parameters
    ----------
    path : path
        A ``.json`` file is JSON, any other file TOML. File names in it are relative to its folder.

    Raises
    ------
    ProblemError
        With the file, the key and the reason.
    """
    file = fspath(path)
    mapping = problemfile.read(path)
    with naming(file):
        kind = _kind(mapping, file)
        try:
            for one in mechanisms() if kind is None else (mechanism(kind),):
                laboratory = one.laboratory()
                found = None if laboratory is None else laboratory.read(mapping, file)
                if found is not None:
                    return found
            return Sweep(mapping, file)
        except ProblemError as error:
            raise elsewhere(error, experiment_keys()) from None


def experiment_keys() -> dict[str, type[Keys]]:
    """Return the keys of sweeps, and of the experiments that mechanisms add, by what these are."""
    added = filter(None, (one.laboratory() for one in mechanisms()))
    tables: list[type[Keys]] = [SweepKeys, *(laboratory.keys for laboratory in added)]
    names = [name_of(str(table.__doc__)) for table in tables]
    return {name[0].lower() + name[1:]: table for name, table in zip(names, tables, strict=True)}


def _kind(mapping: JsonObject, file: str) -> str | None:
    """Return which mechanism an experiment is about: that of its problems, or of a study."""
    kind = mapping.get("kind", KIND)
    if kind == KIND:
        return kind_of_problem(mapping, file)
    if "study" in mapping and kind in kinds():
        return str(kind)
    if kind in kinds():
        raise ProblemError("", "", "holds a problem, not an experiment; use parley solve, simulate or audit")
    hint = did_you_mean(str(kind), [KIND])
    reason = f"unknown kind {shorten(kind)}{hint}; known: {KIND}, and kinds of problems with the key study"
    raise ProblemError("", "kind", reason)


def run_experiment(
    file: str | PathLike[str],
    *,
    out: str | PathLike[str],
    workers: int = 1,
    force: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
    warn: Callable[[str], None] = lambda _text: None,
) -> ExperimentRun:
    """Run an experiment, or resume a stopped one.

    Parameters
    ----------
    out : path
        Output folder; it appears when all steps are done. Complete steps of a stopped run are in a folder
        beside it. If the experiment is complete already, nothing is played.
    workers : int
        Number of processes; the tables do not depend on it.
    force : bool
        Replace another run in the folder.
    progress : callable, optional
        Called with the number of finished games, including earlier runs, and of all games.
    warn : callable, optional
        Called with what is legal in the file and probably not meant, when file and folder are accepted.

    Raises
    ------
    ParleyError
        If a file is invalid, the folder contains other files, or another run without `force`, a table was
        changed, or a bot fails.
    """
    started = monotonic()
    experiment = read_experiment(file)
    folder = Path(out)
    manifest = _manifest(experiment)
    work = work_folder(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ParleyError(f"{folder}: cannot be used: {error.strerror}") from None
    with locked(folder), saying(folder):
        done = _held(folder, experiment, manifest, force=force)
        for text in experiment.warnings():
            warn(f"{fspath(file)}: {text}")
        if done is not None:
            shutil.rmtree(work, ignore_errors=True)
            return replace(done, seconds=monotonic() - started)
        if not _prepare(work, experiment, manifest):
            _play(work, experiment, manifest, workers, progress)
        if experiment.drawn:
            _draw(work)
        commit_folder(folder)
        done = _finished(folder, experiment, manifest)
    if done is None:
        raise AssertionError("a finished run is not complete")
    return replace(done, seconds=monotonic() - started)


def _draw(folder: Path) -> None:
    """Draw the pictures of a finished experiment into its folder."""
    from parley.kit.experiment.page import experiment_sheet  # noqa: PLC0415 - slow to load
    from parley.kit.present.drawing import pictures  # noqa: PLC0415 - as above
    from parley.kit.present.style import save_all  # noqa: PLC0415 - as above

    save_all(folder, pictures(experiment_sheet(folder)))


def _play(
    work: Path,
    experiment: Experiment,
    manifest: JsonObject,
    workers: int,
    progress: Callable[[int, int], None],
) -> None:
    """Play the remaining steps, join the tables and write the summary."""
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


def _manifest(experiment: Experiment) -> JsonObject:
    """Return the inputs and versions of a run."""
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
        "unit": experiment.unit,
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


def _print_of(file: Path) -> JsonObject:
    """Return the size and hash of a file, to detect changes."""
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return {"bytes": file.stat().st_size, "sha256": digest}


def _held(out: Path, experiment: Experiment, manifest: JsonObject, *, force: bool) -> ExperimentRun | None:
    """Return the finished run of this experiment in a folder; None if the folder may be written.

    Raises
    ------
    ParleyError
        If the folder contains other files, or another run or changed files without `force`.
    """
    try:
        return _finished(out, experiment, manifest)
    except ParleyError:
        check_replaceable(out)
        if not force:
            raise
    return None


def _finished(out: Path, experiment: Experiment, manifest: JsonObject) -> ExperimentRun | None:
    """Return a finished run of the same experiment with unchanged files; None if it is not finished.

    Raises
    ------
    ParleyError
        If the folder contains something else, or a file was changed.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    command = command_of(out)
    if command != KIND:
        raise other_run(out, f"of {command}, not {KIND}" if command else f"without {RUN}")
    found = read_object(out / MANIFEST)
    for key, what in experiment.same.items():
        if found.get(key) != manifest[key]:
            raise other_run(out, f"{shorten(found.get('title', ''))} with another {what}")
    if found.get("complete") is not True:
        return None
    known = found.get("files")
    for name in known if isinstance(known, dict) else (SUMMARY,):
        if not isinstance(known, dict) or not (out / name).is_file() or known[name] != _print_of(out / name):
            raise ParleyError(
                f"{out / name}: was changed after the run; use --force to run the experiment again"
            )
    return ExperimentRun(out, found, read_object(out / SUMMARY), experiment.results)


def _prepare(work: Path, experiment: Experiment, manifest: JsonObject) -> bool:
    """Prepare the work folder; return whether all steps are done already."""
    try:
        if _finished(work, experiment, manifest) is not None:
            return True
        kept = (work / MANIFEST).is_file()
    except ParleyError:  # of another experiment, or broken
        kept = False
    if not kept:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        write_json(work / MANIFEST, manifest)
    return False
