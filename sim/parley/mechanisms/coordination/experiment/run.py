"""Experiments: generation after generation of all cells, on any number of processes, resumed after a kill.

Everything that a generation does follows from the experiment, the generation's number and the state that the
one before has left. A generation's tables are written to a folder of their own, together with the state that
follows, which appears when it is whole; so a run that was killed goes on from the last whole generation, and
leaves the same tables as one that was not.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from parley.chain.compiler import compile_contracts
from parley.core.errors import ParleyError, shorten
from parley.core.files import read_object
from parley.core.folders import commit_folder, locked, saying, work_folder
from parley.core.randomness import keccak
from parley.mechanisms.coordination.contracts import CONTRACTS
from parley.mechanisms.coordination.experiment.cell_theory import CellTheory
from parley.mechanisms.coordination.experiment.check import DIFFERENCES_TOLD, cross_check, twin_check
from parley.mechanisms.coordination.experiment.games import Batch, batch_size, orders_of
from parley.mechanisms.coordination.experiment.population import Population
from parley.mechanisms.coordination.experiment.present.experiment import experiment_tables
from parley.mechanisms.coordination.experiment.specification import Experiment, load_experiment
from parley.mechanisms.coordination.experiment.summary import cell_summary
from parley.mechanisms.coordination.experiment.sums import Sums
from parley.mechanisms.coordination.experiment.tables import (
    SCHEMAS,
    PartWriter,
    join_parts,
    part_folder,
    table_of,
    write_table,
)
from parley.mechanisms.coordination.experiment.workers import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator
    from os import PathLike

    from rich.console import RenderableType

    from parley.mechanisms.coordination.experiment.dynamics import Floats
    from parley.mechanisms.coordination.experiment.prediction import Prediction
    from parley.mechanisms.coordination.experiment.strategies import Experience

__all__ = ["ExperimentRun", "run_experiment"]

PARTS = "parts"
STATE = "state.json"
MANIFEST = "manifest.json"
SUMMARY = "summary.json"
FILES = (SUMMARY, "cells.parquet", *(f"{name}.parquet" for name in SCHEMAS))
"""What a finished run holds beside its manifest, which knows their sizes and hashes."""


@dataclass(frozen=True)
class ExperimentRun:
    """A finished experiment.

    Attributes
    ----------
    folder : Path
        Where its tables are.
    manifest : dict
        As in manifest.json.
    summary : dict
        As in summary.json.
    """

    folder: Path
    manifest: dict[str, Any]
    summary: dict[str, Any]

    def tables(self) -> RenderableType:
        """Return what a person reads of it."""
        return experiment_tables(self.manifest, self.summary)


class _Run:
    """A run under way."""

    def __init__(
        self, experiment: Experiment, out: Path, workers: int, progress: Callable[[int, int], None]
    ) -> None:
        self.experiment = experiment
        self.out = out
        self.parts = out / PARTS
        self.progress = progress
        self.generations = experiment.keys.generations
        self.pool = Pool(workers)
        known: dict[Hashable, Prediction | None] = {}
        self.theories = [CellTheory(cell, self.generations, known) for cell in experiment.cells]
        self.populations = [Population(cell) for cell in experiment.cells]
        self.sums = [Sums(cell.problem.agents) for cell in experiment.cells]
        self.last = [Sums(cell.problem.agents) for cell in experiment.cells]
        self.samples = [Sums(cell.problem.agents) for cell in experiment.cells]
        self.differences: list[str] = []

    # ── generations ─────────────────────────────────────────────────────────────────────────────────────────

    def play(self) -> None:
        """Play what has not been played."""
        done = self._resume()
        finished = done * self.experiment.games // self.generations
        self.progress(finished, self.experiment.games)
        for generation in range(done, self.generations):
            with PartWriter(self.parts, generation) as part:
                for batch in self._generation(generation, part):
                    finished += batch.sums.games
                    self.progress(finished, self.experiment.games)
                part.note(STATE, json.dumps(self._state()))
            # The state before is not needed any more.
            (part_folder(self.parts, generation - 1) / STATE).unlink(missing_ok=True)

    def _generation(self, generation: int, part: PartWriter) -> Iterator[Batch]:
        """Play one generation of all cells, and let the populations evolve."""
        orders = [order for population in self.populations for order in orders_of(population, generation)]
        waiting = iter(self.pool.play(orders))
        for theory, population, sums in zip(self.theories, self.populations, self.sums, strict=True):
            here = Sums(theory.cell.problem.agents)
            past: dict[tuple[int, int], list[Experience]] = {}
            for _ in range(0, theory.cell.games, batch_size(theory.cell)):
                batch = next(waiting)
                for name, table in batch.tables.items():
                    part.add(name, table)
                here.merge(batch.sums)
                for key, told in batch.past.items():
                    past.setdefault(key, []).extend(told)
                if batch.sample is not None:
                    self.samples[theory.cell.index].merge(batch.sample)
                    self.differences.extend(batch.differences)
                yield batch
            for name, columns in _of_generation(theory, population, here, generation).items():
                part.add(name, table_of(name, columns))
            population.evolve(generation, _mean_costs(theory, here), past)
            sums.merge(here)
            self.last[theory.cell.index] = here
        # Lets the pool end what it began.
        if next(waiting, None) is not None:
            raise AssertionError("more batches than were ordered")

    # ── from a kill to the next start ───────────────────────────────────────────────────────────────────────

    def _state(self) -> dict[str, Any]:
        each = zip(self.populations, self.sums, self.last, self.samples, strict=True)
        cells = [[part.to_plain() for part in parts] for parts in each]
        return {"cells": cells, "differences": self.differences[:DIFFERENCES_TOLD]}

    def _resume(self) -> int:
        """Take up the state that the last whole generation has left; how many generations are done."""
        done = 0
        while part_folder(self.parts, done).is_dir():
            done += 1
        if done:
            text = (part_folder(self.parts, done - 1) / STATE).read_text(encoding="utf-8")
            state = json.loads(text)
            self.differences = state["differences"]
            for k, (theory, plain) in enumerate(zip(self.theories, state["cells"], strict=True)):
                self.populations[k] = Population.from_plain(theory.cell, plain[0])
                for sums, kept in zip((self.sums, self.last, self.samples), plain[1:], strict=True):
                    sums[k] = Sums.from_plain(theory.cell.problem.agents, kept)
        return done

    # ── what is left in the end ─────────────────────────────────────────────────────────────────────────────

    def finish(self, manifest: dict[str, Any]) -> None:
        """Join tables, sum up, and say that all is done."""
        write_table(self.out / "cells.parquet", self._cells())
        join_parts(self.parts, self.generations, self.out)
        summary = {
            "cells": [
                cell_summary(theory, sums, last)
                for theory, sums, last in zip(self.theories, self.sums, self.last, strict=True)
            ],
            "cross_check": cross_check(self.experiment)
            | {"twin": twin_check(self.experiment.keys.engine, self.sums, self.samples, self.differences)},
        }
        _write(self.out / SUMMARY, summary)
        manifest["files"] = {name: _print_of(self.out / name) for name in FILES}
        manifest["complete"] = True
        _write(self.out / MANIFEST, manifest)
        shutil.rmtree(self.parts)

    def _cells(self) -> pa.Table:
        columns: dict[str, list[Any]] = {}
        for theory in self.theories:
            cell, how = theory.cell, theory.cell.adaptation
            row = {
                "cell": cell.index,
                "problem": cell.problem_name,
                "seed": cell.seed,
                "agents": cell.problem.agents,
                "task_types": cell.problem.task_types,
                "recognition": cell.problem.recognition,
                "continuation": float(cell.problem.continuation),
                "games": cell.games,
                "members": cell.members,
                "rule": how.rule,
                "rate": how.rate,
                "temperature": how.temperature,
                "mutation": how.mutation,
                "cost_contracted": float(theory.contracted),
                "cost_effective": float(theory.cost_effective),
                "possible_savings": float(theory.possible),
            }
            for name, value in row.items():
                columns.setdefault(name, []).append(value)
        return pa.table(columns)


def _mean_costs(theory: CellTheory, sums: Sums) -> list[Floats]:
    """Mean costs of each seat's strategies in fair shares, NaN where nobody has played."""
    result = [np.full(len(names), np.nan) for names in theory.cell.names]
    for (seat, k), (games, cost, *_) in sums.by_strategy.items():
        result[seat][k] = theory.fair_shares(Fraction(cost, games))
    return result


def _of_generation(
    theory: CellTheory, population: Population, sums: Sums, generation: int
) -> dict[str, dict[str, list[Any]]]:
    """Rows of the tables that hold whole generations."""
    cell, prediction = theory.cell, theory.prediction
    wei = cell.problem.wei_per_cost
    shares = population.shares()
    rows: list[tuple[Any, ...]] = []
    for seat, names in enumerate(cell.names):
        counts = np.bincount(population.strategies[seat], minlength=len(names)).tolist()
        for k, name in enumerate(names):
            games, cost, known, expected = sums.by_strategy.get((seat, k), [0] * 4)
            rows.append(
                (
                    *(cell.index, generation, seat, name, counts[k], float(shares[seat][k]), games),
                    float(Fraction(cost, games * wei)) if games else None,
                    float(Fraction(expected, known * wei)) if known else None,
                    float(prediction.shares[generation][seat][k]) if prediction is not None else None,
                    float(prediction.costs[generation][seat][k]) if prediction is not None else None,
                )
            )
    possible = theory.possible_wei * sums.games
    saving = (
        *(cell.index, generation, sums.games),
        *(sums.endings[ending] for ending in ("settled", "broken down", "expired")),
        sums.rounds,
        float(Fraction(sums.saved, possible)) if possible else None,
        prediction.saved[generation] if prediction is not None else None,
    )
    return {
        name: dict(zip(SCHEMAS[name].names, map(list, zip(*entries, strict=True)), strict=True))
        for name, entries in (("generations", rows), ("savings", [saving]))
    }


# ── the folder ──────────────────────────────────────────────────────────────────────────────────────────────


def _manifest(experiment: Experiment) -> dict[str, Any]:
    """What is played, with what."""
    keys = experiment.keys
    contracts = compile_contracts()
    return {
        "kind": "experiment",
        "title": keys.title,
        "question": keys.question,
        "experiment": experiment.to_mapping(),
        "seed": keys.seeds[0],
        "engine": keys.engine,
        "problems": experiment.problems(),
        "strategies": experiment.strategy_files(),
        "contracts": {name: "0x" + keccak(contracts[name].bytecode).hex() for name in CONTRACTS},
        "versions": _versions(),
        "cells": len(experiment.cells),
        "generations": keys.generations,
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


def _finished(out: Path, manifest: dict[str, Any], named: Path) -> ExperimentRun | None:
    """A finished run of the same experiment in a folder, every file as it was written.

    Raises
    ------
    ParleyError
        If something else is there, or a file was changed.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    if not (out / MANIFEST).is_file():
        raise ParleyError(f"{named}: is not empty, and holds no experiment; name another folder")
    found = read_object(out / MANIFEST)
    _check_same(named, found, manifest)
    if found.get("complete") is not True:
        return None
    known = found.get("files")
    for name in FILES:
        file = out / name
        if not isinstance(known, dict) or not file.is_file() or known.get(name) != _print_of(file):
            raise ParleyError(
                f"{named / name}: is not as the run wrote it; remove {named} to run the experiment again"
            )
    return ExperimentRun(named, found, read_object(out / SUMMARY))


def _prepare(work: Path, manifest: dict[str, Any]) -> bool:
    """Prepare the folder that a run is made in; whether all is done there already."""
    try:
        if _finished(work, manifest, work) is not None:
            return True
        kept = (work / MANIFEST).is_file()
    except ParleyError:  # of another experiment, or broken
        kept = False
    if not kept:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        _write(work / MANIFEST, manifest)
    return False


def _check_same(out: Path, found: object, manifest: dict[str, Any]) -> None:
    if not isinstance(found, dict) or found.get("kind") != "experiment":
        raise ParleyError(f"{out}: holds another kind of run; name another folder")
    for key, what in (
        ("experiment", "experiment"),
        ("problems", "problem"),
        ("strategies", "strategy file"),
        ("contracts", "contract code"),
    ):
        if found.get(key) != manifest[key]:
            title = shorten(found.get("title", ""))
            raise ParleyError(f"{out}: holds {title} with another {what}; name another folder")


def _write(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON file at once."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)


def run_experiment(
    file: str | PathLike[str],
    *,
    out: str | PathLike[str],
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> ExperimentRun:
    """Run an experiment, or go on with one that was stopped.

    Parameters
    ----------
    file : path
        An experiment file; see `specification`.
    out : path
        Folder for its tables, which appears when all is done. A run of the same experiment that was stopped
        goes on from its last whole generation, which is kept in a folder beside it; where one is complete,
        nothing is played.
    workers : int
        Processes. The tables do not depend on it.
    progress : callable, optional
        Called with the number of games finished so far (in earlier runs too) and the number of all.

    Returns
    -------
    ExperimentRun

    Raises
    ------
    ParleyError
        In one line: a file that is wrong, a folder of something else, a table that was changed, a strategy
        that fails.
    """
    experiment = load_experiment(file)
    folder = Path(out)
    manifest = _manifest(experiment)
    work = work_folder(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ParleyError(f"{folder}: cannot be used: {error.strerror}") from None
    with locked(folder), saying(folder):
        done = _finished(folder, manifest, folder)
        if done is not None:
            shutil.rmtree(work, ignore_errors=True)
            return done
        if (folder / MANIFEST).is_file() and not work.exists():  # of a version that played in its place
            folder.rename(work)
        if not _prepare(work, manifest):
            run = _Run(experiment, work, workers, progress or (lambda _done, _all: None))
            run.play()
            run.finish(manifest)
        commit_folder(folder)
        done = _finished(folder, manifest, folder)
    if done is None:
        raise AssertionError("a finished run is not complete")
    return done
