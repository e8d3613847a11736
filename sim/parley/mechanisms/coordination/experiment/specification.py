"""Experiment files: the question, the problems, who plays, how it adapts, and what is varied.

The same keys in TOML and in JSON. A number is an integer, a decimal (read exactly) or a fraction in a string.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from itertools import product
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from parley.chain.compiler import compile_contracts
from parley.core import problemfile
from parley.core.errors import ParleyError, ProblemError, named_by, naming
from parley.core.exact import show
from parley.core.keys import Keys, Number, Whole, plain, read_keys
from parley.core.limits import MAX_GAMES, MAX_SEED
from parley.kit.declared import Laboratory
from parley.kit.experiment import experiment as engine
from parley.kit.experiment.experiment import check_counts
from parley.kit.experiment.sweep import FileKeys
from parley.kit.registry import kind_of
from parley.mechanisms.coordination.contracts import CONTRACTS
from parley.mechanisms.coordination.experiment.adaptive import Colluding
from parley.mechanisms.coordination.experiment.cell import Cell
from parley.mechanisms.coordination.experiment.dynamics import Adaptation
from parley.mechanisms.coordination.experiment.families import Family, draw
from parley.mechanisms.coordination.experiment.run import Populations
from parley.mechanisms.coordination.experiment.size import Size
from parley.mechanisms.coordination.experiment.strategies import Strategy, make_strategy
from parley.mechanisms.coordination.experiment.tables import SCHEMAS
from parley.mechanisms.coordination.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley.chain.compiler import Artifact

__all__ = ["Cell", "Experiment", "laboratory", "load_experiment"]

Count = Annotated[Whole, Field(ge=1, le=MAX_GAMES)]
Index = Annotated[Whole, Field(ge=0, le=MAX_SEED)]
Share = Annotated[Number, Field(ge=0)]


class ProblemKeys(FileKeys):
    """Which problems are played: one of these. Names of files are relative to the experiment file."""

    family: Family | None = None
    """A random family of problems."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in ("file", "files", "family") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"has {' and '.join(given) or 'none'}; must have one of file, files or family")
        if self.files is not None and not self.files:
            raise ValueError("files is empty")
        return self


class SeatKeys(Keys):
    """A seat whose members are others than everybody else's."""

    seat: Index
    """The seat, numbered from 0.

    Example: 2
    """
    strategies: dict[str, Share]
    """The share of each strategy among its members; the shares sum to 1.

    Example: { equilibrium = "1/2", greedy = "1/2" }
    """


class PopulationKeys(Keys):
    """Who plays: so many members for every seat, divided among strategies by share."""

    members: Count = 1
    """Members of each seat, who take turns to play.

    Unit: members
    Example: 100
    """
    strategies: dict[str, Share] = Field(default={"equilibrium": Fraction(1)})
    """The share of each strategy among the members; the shares sum to 1.

    Example: { equilibrium = "4/5", greedy = "1/5" }
    """
    seats: list[SeatKeys] = Field(default=[])
    """Seats whose members have other strategies.

    Example: [{ seat = 2, strategies = { equilibrium = 1 } }]
    """


class AdaptationKeys(Keys):
    """How strategies spread after a generation."""

    rule: Literal["none", "replicator", "logit"] = "none"
    """How members change their strategies after a generation.

    Example: "replicator"
    """
    rate: Annotated[Number, Field(gt=0)] = Fraction(1)
    """How fast: imitations per difference of a fair share; with `logit`, the probability of a revision.

    Example: 4
    """
    temperature: Annotated[Number, Field(gt=0)] | None = None
    """How random the choice is; only with the rule `logit`, which needs it.

    Unit: fair shares
    Default: none
    Example: "1/10"
    """
    mutation: Annotated[Number, Field(ge=0, le=1)] = Fraction(0)
    """The probability that a member tries any strategy after a generation.

    Example: "1/100"
    """


class SweepKeys(Keys):
    """What is varied: all combinations are played."""

    recognition: list[str] | None = None
    """Recognition functions.

    Default: the problem's own
    Example: ["p-star", "equal"]
    """
    continuation: list[Number] | None = None
    """Continuation probabilities.

    Default: the problem's own
    Example: ["1/2", "9/10"]
    """
    agents: list[Count] | None = None
    """Numbers of agents; only for a family of problems.

    Default: the family's own
    Example: [2, 4, 8]
    """
    task_types: list[Count] | None = None
    """Numbers of task types; only for a family of problems.

    Default: the family's own
    Example: [4, 8]
    """
    density: list[Number] | None = None
    """Densities; only for a family of problems.

    Default: the family's own
    Example: ["1/2", 1]
    """
    members: list[Count] | None = None
    """Numbers of members.

    Unit: members
    Default: the population's own
    Example: [10, 100]
    """
    games: list[Count] | None = None
    """Numbers of games in a generation.

    Unit: games
    Default: the key `games`
    Example: [100, 1000]
    """
    rate: list[Annotated[Number, Field(gt=0)]] | None = None
    """Rates of adaptation.

    Default: the adaptation's own
    Example: [1, 4]
    """
    temperature: list[Annotated[Number, Field(gt=0)]] | None = None
    """Temperatures of the rule `logit`.

    Unit: fair shares
    Default: the adaptation's own
    Example: ["1/10", "1/2"]
    """
    mutation: list[Annotated[Number, Field(ge=0, le=1)]] | None = None
    """Mutation probabilities.

    Default: the adaptation's own
    Example: [0, "1/100"]
    """

    @model_validator(mode="after")
    def _some(self) -> Self:
        for name, values in self.given().items():
            if not values or len(set(values)) < len(values):
                raise ValueError(f"{name}: {'empty' if not values else 'duplicate value'}")
        return self

    def given(self) -> dict[str, list[Any]]:
        """The parameters that are varied, in this class's order."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: entries for name, entries in values.items() if entries is not None}


ENOUGH_SEEDS = 3
"""With two seeds, Student's interval is more than ten times as wide as their standard error."""
OF_PROBLEM = ("recognition", "continuation")
OF_FAMILY = ("agents", "task_types", "density")
OF_ADAPTATION = ("rate", "temperature", "mutation")


class ExperimentKeys(Keys):
    """An experiment with populations, whose members spread by success or learn.

    The file has neither `vary` nor `bots`, and names files of coordination problems or a random family.
    """

    kind: Literal["experiment"] = "experiment"
    title: str
    """Title of the page.

    Example: "Greed"
    """
    question: str = ""
    """What the experiment is to answer.

    Example: "Do greedy announcers take over?"
    """
    seeds: list[Index] = Field(default=[0], min_length=1)
    """Everything is played once for each seed; intervals need several.

    Example: [1, 2, 3, 4]
    """
    generations: Count = 1
    """How often the population plays and adapts.

    Unit: generations
    Example: 10
    """
    games: Count
    """Games of each generation.

    Unit: games
    Example: 100
    """
    engine: Literal["evm", "exact", "statistical"] = "evm"
    """What plays: the contract on an EVM, or a compiled twin (same hashes, or same distribution only).

    Example: "statistical"
    """
    sample: Index = 0
    """With a twin: games of each generation that are also played on the EVM and compared.

    Unit: games
    Example: 10
    """
    problem: ProblemKeys
    population: PopulationKeys = PopulationKeys()
    adaptation: AdaptationKeys = AdaptationKeys()
    sweep: SweepKeys = SweepKeys()


class Experiment(engine.Experiment):
    """A whole experiment, read and checked.

    Attributes
    ----------
    cells : tuple of Cell
        All problems × all combinations of the sweep × all seeds, the last varying fastest.
    """

    kind = Problem.kind
    schemas = SCHEMAS
    same: ClassVar[Mapping[str, str]] = {
        **engine.Experiment.same,
        "strategies": "strategy file",
    }

    def __init__(self, mapping: Mapping[str, Any], file: str) -> None:
        self.file = file
        self.folder = Path(file).parent
        self.keys = keys = read_keys(ExperimentKeys, mapping)
        self._check_sweep()
        problems = keys.problem.family.draws if keys.problem.family else len(keys.problem.files or "1")
        check_counts(problems, keys.sweep.given(), len(keys.seeds), keys.games, keys.generations, key="sweep")
        self._kinds: dict[tuple[int, str], int] = {}
        self._learning = False
        self.cells = tuple(self._cells())
        self.title, self.question, self.steps = keys.title, keys.question, keys.generations
        self.games = keys.generations * sum(cell.games for cell in self.cells)

    # ── properties ──────────────────────────────────────────────────────────────────────────────────────────

    def to_mapping(self) -> dict[str, Any]:
        """The keys with every default written out, as plain data; exact numbers as strings."""
        mapping: dict[str, Any] = plain(self.keys)
        return mapping

    def about(self) -> dict[str, Any]:
        """What else the manifest says: hashes of problems, and of the Python files of strategies."""
        names = {name for cell in self.cells for seat in cell.names for name in seat if ".py:" in name}
        files = sorted({f"{name.partition('.py:')[0]}.py" for name in names})
        return {
            "seed": self.keys.seeds[0],
            "engine": self.keys.engine,
            "problems": {cell.problem_name: problem_hash(cell.problem) for cell in self.cells},
            "strategies": {file: sha256((self.folder / file).read_bytes()).hexdigest() for file in files},
            "cells": len(self.cells),
            "agents": sorted({cell.problem.agents for cell in self.cells}),
            "generations": self.keys.generations,
        }

    def warnings(self) -> list[str]:
        """Say which keys have no effect, and that intervals need more seeds if members adapt or learn.

        Then their games depend on each other.
        """
        family, adaptation, seeds = self.keys.problem.family, self.keys.adaptation, len(self.keys.seeds)
        found = []
        if family is not None:
            effect = f"has no effect on costs of type {family.costs.type}"
            found += [f"problem.family.costs.{name}: {effect}" for name in family.costs.unused]
        if adaptation.temperature is not None and adaptation.rule != "logit":
            found.append(f"adaptation.temperature: has no effect with the rule {adaptation.rule}")
        if seeds < ENOUGH_SEEDS and (adaptation.rule != "none" or self._learning):
            given = "1 seed gives" if seeds == 1 else f"{seeds} seeds give"
            reason = f"{given} no reliable interval, because members adapt; use at least {ENOUGH_SEEDS}"
            found.append(f"seeds: {reason}")
        return found

    @property
    def contracts(self) -> Mapping[str, Artifact]:
        """What is deployed."""
        compiled = compile_contracts()
        return {name: compiled[name] for name in CONTRACTS}

    def play(self, workers: int) -> Populations:
        """Prepare to play."""
        return Populations(self.cells, self.steps, self.keys.engine, workers)

    # ── cells ───────────────────────────────────────────────────────────────────────────────────────────────

    def _check_sweep(self) -> None:
        varied = self.keys.sweep.given()
        if self.keys.problem.family is None:
            for name in OF_FAMILY:
                if name in varied:
                    raise ProblemError("", f"sweep.{name}", "needs a problem from a random family")
        if self.keys.adaptation.rule == "none":
            for name in OF_ADAPTATION:
                if name in varied:
                    raise ProblemError("", f"sweep.{name}", "needs a rule of adaptation")
        if self.keys.adaptation.rule == "logit":
            if self.keys.adaptation.temperature is None and "temperature" not in varied:
                raise ProblemError("", "adaptation.temperature", "missing; logit needs one")
            if max(varied.get("rate", [self.keys.adaptation.rate])) > 1:
                raise ProblemError("", "adaptation.rate", "above 1: for logit it is a probability")

    def _cells(self) -> list[Cell]:
        varied = self.keys.sweep.given()
        own = [name for name in varied if name in OF_FAMILY]
        others = [name for name in varied if name not in OF_FAMILY]
        cells: list[Cell] = []
        size = Size(self.keys.generations)
        for of_family in product(*(varied[name] for name in own)):
            for name, problem in self._problems(dict(zip(own, of_family, strict=True))):
                for values in product(*(varied[key] for key in others)):
                    here = dict(zip((*own, *others), (*of_family, *values), strict=True))
                    made = self._with_parameters(problem, here)
                    for seed in self.keys.seeds:
                        cell = self._cell(len(cells), name, made, seed, here)
                        size.add(made.agents, cell.games, cell.members, sum(map(len, cell.strategies)))
                        cells.append(cell)
        return cells

    def _problems(self, of_family: dict[str, Any]) -> list[tuple[str, Problem]]:
        keys = self.keys.problem
        if keys.family is not None:
            family = keys.family.model_copy(update=of_family)
            stated = "".join(f", {name} {show(value)}" for name, value in of_family.items())
            try:
                return [
                    (f"draw {k + 1}{stated}", draw(family, self.keys.seeds[0], k))
                    for k in range(family.draws)
                ]
            except ProblemError as error:
                where = "problem.family" + (f".{error.key}" if error.key else "")
                raise ProblemError("", where, error.reason) from None
        if keys.file is not None:
            return [(keys.file, self._problem(keys.file, "problem.file"))]
        return [(file, self._problem(file, f"problem.files[{k}]")) for k, file in enumerate(keys.files or [])]

    def _problem(self, file: str, key: str) -> Problem:
        path = fspath(self.folder / file)
        with named_by(key):
            mapping = problemfile.read(path)
            kind = kind_of(mapping, path)
            if kind != Problem.kind:
                reason = f"experiments are not for problems of kind {kind}, only {Problem.kind}"
                raise ProblemError(path, "kind", reason)
            problem = Problem.from_mapping(mapping, path)
            problem.check_playable(path)
        return problem

    def _with_parameters(self, problem: Problem, varied: dict[str, Any]) -> Problem:
        changed = {name: value for name, value in varied.items() if name in OF_PROBLEM}
        try:
            return replace(problem, **changed) if changed else problem
        except ProblemError as error:
            raise ProblemError("", f"sweep.{error.key}", error.reason) from None

    def _cell(self, index: int, name: str, problem: Problem, seed: int, varied: dict[str, Any]) -> Cell:
        adaptation, population = self.keys.adaptation, self.keys.population
        numbers = {key: varied.get(key, getattr(adaptation, key)) for key in OF_ADAPTATION}
        shares = [_shares("population.strategies", population.strategies)] * problem.agents
        for k, entry in enumerate(population.seats):
            if entry.seat >= problem.agents:
                reason = f"{entry.seat} is not one of the {problem.agents} seats (counted from 0)"
                raise ProblemError("", f"population.seats[{k}].seat", reason)
            shares[entry.seat] = _shares(f"population.seats[{k}].strategies", entry.strategies)
        for seat, strategies in enumerate(shares):
            for strategy in strategies:
                self._check_strategy(strategy, seat, problem.agents)
        return Cell(
            index=index,
            problem_name=name,
            problem=problem,
            seed=seed,
            games=varied.get("games", self.keys.games),
            members=varied.get("members", population.members),
            strategies=shares,
            adaptation=Adaptation.of(adaptation.rule, **numbers),
            varied=varied,
            folder=self.folder,
            engine=self.keys.engine,
            sample=self.keys.sample,
            kind=self._kinds.setdefault((id(problem), repr(shares)), len(self._kinds)),
        )

    def _check_strategy(self, name: str, seat: int, agents: int) -> None:
        try:
            made = make_strategy(name, seat, self.folder)
        except ParleyError as error:
            raise ProblemError("", "population", str(error)) from None
        if isinstance(made, Colluding) and made.partner >= agents:
            raise ProblemError("", "population", f"{name!r}: {made.partner} is not one of the {agents} seats")
        learning = isinstance(made, Strategy) and made.learns
        self._learning |= learning
        by_twin = not (isinstance(made, Colluding) or learning)
        if self.keys.engine != "evm" and not by_twin:
            reason = f"a twin cannot play {name!r} (it learns from single games, or shares secrets)"
            raise ProblemError("", "engine", f"{reason}; use the engine evm")


def problem_hash(problem: Problem) -> str:
    """Hash what a problem says, but for its recognition function and continuation probability."""
    mapping = replace(problem, recognition="p-star", continuation=Fraction(0)).to_mapping()
    return sha256(repr(sorted(mapping.items())).encode()).hexdigest()


def _shares(key: str, strategies: dict[str, Fraction]) -> dict[str, Fraction]:
    total = sum(strategies.values(), Fraction(0))
    if total != 1:
        raise ProblemError("", key, f"shares sum to {total}, not to 1")
    return strategies


def load_experiment(path: str | PathLike[str]) -> Experiment:
    """Read an experiment file; see `parley.kit.experiment.run.read_experiment`.

    Raises
    ------
    ProblemError
        In one line: file, key and reason.
    """
    with naming(fspath(path)):
        return Experiment(problemfile.read(path), fspath(path))


def laboratory() -> Laboratory:
    """Return what populations add to sweeps."""
    from parley.mechanisms.coordination.experiment.page import experiment_sheet  # noqa: PLC0415 - slow to load

    return Laboratory(_with_populations, experiment_sheet, ExperimentKeys)


def _with_populations(mapping: Mapping[str, Any], file: str) -> Experiment | None:
    """Read an experiment with populations; a file that names bots, or what varies, asks for a sweep."""
    problem = mapping.get("problem")
    whole = isinstance(problem, dict) and "kind" in problem
    return None if whole or {"vary", "bots"} & mapping.keys() else Experiment(mapping, file)
