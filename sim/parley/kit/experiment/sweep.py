"""Sweeps: runs of `simulate` with varying problems, bots and seeds.

A file names a problem, or contains its keys, and lists the values to vary::

    kind = "experiment"
    title = "Rules"
    seeds = [1, 2]
    games = 500

    [problem]
    file = "cyclic.toml"

    [vary]
    rule = ["serial-dictatorship", "boston"]
    bots = ["truthful", "misreporting"]

All combinations are played: each is a *cell*. Besides keys of the problem and ``bots``, a mechanism's own
options of ``simulate`` can be varied. Dots lead into tables of the problem: ``"posted.seed"``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from itertools import product
from os import fspath
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import pyarrow as pa
from joblib import Parallel, delayed
from pydantic import Field

from parley.core import problemfile
from parley.core.errors import ProblemError, named_by, naming
from parley.core.exact import show
from parley.core.files import JsonObject
from parley.core.keys import As, Keys, Whole, plain, read_keys
from parley.core.limits import MAX_GAMES, MAX_SEED
from parley.kit.experiment.experiment import Batch, Experiment, Play, check_counts
from parley.kit.registry import kind_of, load, mechanism

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parley.chain.compiler import Artifact
    from parley.kit.loaded import AnyProblem

__all__ = ["Cell", "Sweep", "kind_of_problem"]

BOTS = "bots"
"""The name in ``vary`` that is no key of the problem."""

Bots = str | list[str]
"""Names as in ``--bots``, or a list with one per seat."""


class FileKeys(Keys):
    """Problem files; their names are relative to the experiment file."""

    file: str | None = None
    """A problem file.

    Default: none
    Example: "problem.toml"
    """
    files: list[str] | None = None
    """Several problem files.

    Default: none
    Example: ["one.toml", "other.toml"]
    """


class SweepKeys(Keys):
    """A sweep, for problems of every kind: all combinations of keys of a problem, bots and seeds are played.

    A kind that has experiments of its own says how the files differ.
    """

    kind: Literal["experiment"] = "experiment"
    title: str
    """Title of the page.

    Example: "My experiment"
    """
    question: str = ""
    """What the experiment is to answer.

    Example: "What do the agents get?"
    """
    seeds: list[Annotated[Whole, Field(ge=0, le=MAX_SEED)]] = Field(default=[0], min_length=1)
    """Every combination is played once for each seed.

    Usual: [1, 2, 3, 4]
    """
    games: Annotated[Whole, Field(ge=1, le=MAX_GAMES)]
    """Games of each combination and seed.

    Unit: games
    Example: 100
    """
    problem: Annotated[JsonObject, As(FileKeys | JsonObject)]
    """The problem: `file`, `files`, or the keys of a problem with its `kind`."""
    bots: Bots | None = None
    """Names of bots, as for `parley simulate --bots`.

    Default: the first bot of the kind
    Example: "NAME"
    """
    vary: dict[str, list[Any]] = Field(default={})
    """The values of each key that varies: keys of the problem, `bots`, or options of `parley simulate`.

    Dots lead into tables of the problem: "names.agents".
    Example: { window = [3600, 7200] }
    """


def kind_of_problem(mapping: Mapping[str, object], file: str) -> str | None:
    """Return the kind of the first problem of an experiment; None if the file does not state it.

    Raises
    ------
    ProblemError
        If the kind is unknown, or the problem file cannot be read.
    """
    problem = mapping.get("problem")
    if not isinstance(problem, dict):
        return None
    if "kind" in problem:
        with named_by("problem"):
            return kind_of(problem, "")
    files = problem.get("files", [problem.get("file")])
    if not isinstance(files, list) or not files or not isinstance(files[0], str):
        return None
    path = fspath(Path(file).parent / files[0])
    with named_by("problem.files[0]" if "files" in problem else "problem.file"):
        return kind_of(problemfile.read(path), path)


class Source(NamedTuple):
    """Where a problem comes from.

    Attributes
    ----------
    keys : dict
        The keys of the problem.
    file : str
        The problem's file; empty if its keys are in the experiment file.
    key : str
        The key of the experiment file that holds the problem or names its file.
    """

    keys: JsonObject
    file: str
    key: str


@dataclass(frozen=True)
class Cell:
    """One combination of problem, bots and seed.

    Attributes
    ----------
    bots : list of str or None
        One name for all seats, or one per seat; None for the default.
    varied : dict of str to text
        Varied values as text.
    options : dict of str to value
        Varied options of ``simulate`` that the mechanism has.
    """

    index: int
    problem_name: str
    problem: AnyProblem
    bots: list[str] | None
    seed: int
    games: int
    varied: dict[str, str]
    options: dict[str, object]


class Sweep(Experiment):
    """A checked sweep.

    Parameters
    ----------
    file : str
        Names of problem files are relative to its folder.

    Attributes
    ----------
    cells : tuple of Cell
        All problems × all combinations of varied values × all seeds, the last varying fastest.

    Raises
    ------
    ProblemError
    """

    def __init__(self, mapping: Mapping[str, object], file: str) -> None:
        self.keys = keys = read_keys(SweepKeys, mapping)
        self.title, self.question = keys.title, keys.question
        self._folder = Path(file).parent
        self._problems = dict(self._named(keys.problem))
        for name, values in keys.vary.items():
            if not values or len({repr(value) for value in values}) < len(values):
                raise ProblemError("", f"vary.{name}", "empty" if not values else "duplicate value")
        check_counts(len(self._problems), keys.vary, len(keys.seeds), keys.games)
        self.cells = tuple(self._cells())
        self.kind = self.cells[0].problem.kind
        for cell in {str((cell.bots, cell.options)): cell for cell in reversed(self.cells)}.values():
            # Names of bots, and options, are checked.
            cell.problem.setting(_seated(cell), cell.seed, cell.options)
        self.steps = len(self.cells)
        self.games = keys.games * len(self.cells)

    def to_mapping(self) -> JsonObject:
        """Return the keys with all defaults."""
        mapping: JsonObject = plain(self.keys)
        return mapping

    def about(self) -> JsonObject:
        """Return the seed, the hashes of the problems and the number of cells."""
        return {
            "seed": self.keys.seeds[0],
            "problems": {
                name: sha256(json.dumps(plain(source.keys), sort_keys=True).encode()).hexdigest()
                for name, source in self._problems.items()
            },
            "cells": len(self.cells),
            "agents": sorted({cell.problem.agents for cell in self.cells}),
        }

    def warnings(self) -> list[str]:
        """Return the warnings of all problems, each once."""
        told = (text for cell in self.cells for text in cell.problem.told_warnings)
        return [f"problem: {text}" for text in dict.fromkeys(told)]

    @property
    def contracts(self) -> Mapping[str, Artifact]:
        """Return the deployed contracts."""
        return self.cells[0].problem.mechanism.own_artifacts() if self.cells else {}

    def play(self, workers: int) -> SweepPlay:
        """Prepare to play."""
        return SweepPlay(self.cells, workers)

    # ── cells ──

    def _named(self, problem: JsonObject) -> Iterator[tuple[str, Source]]:
        """Yield where problems come from, by name."""
        if "kind" in problem:
            yield "problem", Source(problem, "", "problem")
            return
        files = problem.get("files", [problem.get("file")])
        if len(problem) != 1 or not isinstance(files, list) or files in ([], [None]):
            raise ProblemError("", "problem", "must hold file, files or the keys of a problem with its kind")
        for k, name in enumerate(files):
            key = f"problem.files[{k}]" if "files" in problem else "problem.file"
            if not isinstance(name, str):
                raise ProblemError("", key, f"{name!r} is not the name of a file")
            path = fspath(self._folder / name)
            with named_by(key):
                mapping = problemfile.read(path)
            yield name, Source(mapping, path, key)

    def _cells(self) -> Iterator[Cell]:
        keys, index = self.keys, 0
        for name, source in self._problems.items():
            with named_by(source.key):
                kind = kind_of(source.keys, source.file)
            known = {one.name for one in mechanism(kind).options if one.verb == "simulate"}
            for values in product(*keys.vary.values()):
                varied = dict(zip(keys.vary, values, strict=True))
                bots = _bots(varied.get(BOTS, keys.bots))
                options = {key: value for key, value in varied.items() if key in known}
                of_problem = {key: value for key, value in varied.items() if key not in {BOTS, *known}}
                problem = _varied(source, of_problem)
                for seed in keys.seeds:
                    shown = {key: _text(value) for key, value in varied.items()}
                    yield Cell(index, name, problem, bots, seed, keys.games, shown, options)
                    index += 1


def _varied(source: Source, values: Mapping[str, object]) -> AnyProblem:
    """Load a problem with changed keys.

    Raises
    ------
    ProblemError
        With the varied key, or the key of the problem.
    """
    changed: JsonObject = dict(source.keys)
    for key, value in values.items():
        *tables, last = key.split(".")
        table = changed
        for part in tables:
            if not isinstance(table.get(part), dict):
                raise ProblemError("", f"vary.{key}", f"the problem has no table {part}")
            table[part] = dict(table[part])
            table = table[part]
        table[last] = value
    try:
        problem = load(changed)
        problem.problem.check_playable()
    except ProblemError as error:
        where = next((key for key in values if error.key.startswith(key.partition(".")[0])), None)
        if where is not None:
            raise ProblemError("", f"vary.{where}", error.reason) from None
        with named_by(source.key):
            raise error.in_file(source.file) from None
    return problem


def _bots(given: Bots | None) -> list[str] | None:
    """Return the names of bots, one for all seats or one per seat."""
    return given.split(",") if isinstance(given, str) else given


def _seated(cell: Cell) -> list[str]:
    return cell.bots or [next(iter(cell.problem.mechanism.bots))]


def _text(value: object) -> str:
    """Return a varied value as text, as in the file."""
    if isinstance(value, str | Decimal | Fraction):
        return str(value) if not isinstance(value, Fraction) else show(value)
    return json.dumps(plain(value), ensure_ascii=False)


# ── playing ─────────────────────────────────────────────────────────────────────────────────────────────────


def play_cell(cell: Cell, workers: int = 1) -> tuple[JsonObject, pa.Table]:
    """Play a cell and return its results and its table of games.

    Raises
    ------
    ParleyError
        With the cell's number.
    """
    with naming(f"cell {cell.index}"):
        run = cell.problem.simulate(
            games=cell.games, seed=cell.seed, bots=_seated(cell), options=cell.options, workers=workers
        )
    compared = run.value.comparison
    # Times are left out, so that runs of one file write the same bytes.
    result = {key: value for key, value in run.to_json().items() if key not in TIMES}
    games = run.to_arrow()
    table = games.add_column(0, "cell", pa.array([cell.index] * len(games), pa.int32()))
    found = {
        "cell": cell.index,
        "problem": cell.problem_name,
        "seed": cell.seed,
        "bots": ",".join(_seated(cell)),
        "varied": cell.varied,
        "holds": run.holds,
        "means": compared.to_json()["means"],
        "p_values": {name: counts.p_value for name, counts in compared.counts.items()},
        **({"keys": plain(cell.problem.to_mapping())} if cell.index < DETAILED else {}),
        **result,
    }
    return found, table


TIMES = {"seconds", "games_per_second"}
DETAILED = 100
"""Number of cells, from the first, whose whole problem is stored for their own figures."""


class SweepPlay(Play):
    """A running sweep: each step is a cell.

    Parameters
    ----------
    workers : int
        Number of processes. They play several cells at a time, or share the games of a single cell.
    """

    keeps = True

    def __init__(self, cells: tuple[Cell, ...], workers: int) -> None:
        self._cells = cells
        self._workers = workers
        self._results: list[JsonObject] = []
        self._ahead: Iterator[tuple[JsonObject, pa.Table]] | None = None

    def step(self, number: int) -> Iterator[Batch]:
        """Play a cell."""
        if self._ahead is None:
            left = self._cells[number:]
            side_by_side = min(self._workers, len(left))
            if side_by_side > 1:
                calls = (delayed(play_cell)(cell) for cell in left)
                self._ahead = Parallel(n_jobs=side_by_side, return_as="generator")(calls)
            else:
                self._ahead = (play_cell(cell, self._workers) for cell in left)
        found, table = next(self._ahead)
        self._results.append(found)
        yield Batch(self._cells[number].games, {"games": table})

    def state(self) -> JsonObject:
        """Return the results of the cell."""
        return self._results[-1]

    def restore(self, states: list[JsonObject]) -> None:
        """Restore the results of earlier cells."""
        self._results = states

    def finish(self) -> tuple[pa.Table, JsonObject]:
        """Return a row per cell, and all results."""
        rows = [
            {
                **{key: found[key] for key in ("cell", "problem", "seed", "bots", "games", "holds")},
                **found["varied"],
                **{f"ended:{name}": count for name, count in found["endings"].items()},
                **{f"p:{name}": p for name, p in found["p_values"].items()},
                **{
                    f"{name}:{row['of']}": row["mean"]
                    for name, rows in found["means"].items()
                    for row in rows
                },
            }
            for found in self._results
        ]
        check = {
            "games": sum(found["cross_check"]["games"] for found in self._results),
            "identical": all(found["cross_check"]["identical"] for found in self._results),
        }
        names = list(dict.fromkeys(name for row in rows for name in row))
        table = pa.table({name: [row.get(name) for row in rows] for name in names})
        return table, {"cells": self._results, "cross_check": check}
