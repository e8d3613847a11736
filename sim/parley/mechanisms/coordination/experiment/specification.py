"""Experiment files: the question, the problems, who plays, how it adapts, and what is varied.

The same keys in TOML and in JSON. A number is an integer, a decimal (read exactly) or a fraction in a string.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from fractions import Fraction
from functools import cached_property
from hashlib import sha256
from itertools import product
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from parley.core import problemfile
from parley.core.errors import ParleyError, ProblemError, shorten
from parley.core.exact import show
from parley.core.keys import Number, Whole, spell
from parley.core.limits import MAX_GAMES, MAX_SEED
from parley.kit.registry import kind_of
from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.experiment.adaptive import Colluding
from parley.mechanisms.coordination.experiment.dynamics import Adaptation
from parley.mechanisms.coordination.experiment.families import Family, draw
from parley.mechanisms.coordination.experiment.size import Size, check_counts
from parley.mechanisms.coordination.experiment.strategies import Strategy, make_strategy
from parley.mechanisms.coordination.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_core import ErrorDetails

__all__ = ["Cell", "Experiment", "load_experiment"]

KIND = "experiment"


Count = Annotated[Whole, Field(ge=1, le=MAX_GAMES)]
Index = Annotated[Whole, Field(ge=0, le=MAX_SEED)]
Share = Annotated[Number, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class ProblemKeys(_Strict):
    """Which problems are played: one of these."""

    file: str | None = None
    files: list[str] | None = None
    family: Family | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in ("file", "files", "family") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"holds {' and '.join(given) or 'nothing'}; must hold file, files or family")
        if self.files is not None and not self.files:
            raise ValueError("files is empty")
        return self


class SeatKeys(_Strict):
    """A seat whose members are others than everybody else's."""

    seat: Index
    strategies: dict[str, Share]


class PopulationKeys(_Strict):
    """Who plays: so many members for every seat, divided among strategies by share."""

    members: Count = 1
    strategies: dict[str, Share] = {"equilibrium": Fraction(1)}
    seats: list[SeatKeys] = []


class AdaptationKeys(_Strict):
    """How strategies spread: see `dynamics`."""

    rule: Literal["none", "replicator", "logit"] = "none"
    rate: Annotated[Number, Field(gt=0)] = Fraction(1)
    temperature: Annotated[Number, Field(gt=0)] | None = None
    mutation: Annotated[Number, Field(ge=0, le=1)] = Fraction(0)


class SweepKeys(_Strict):
    """What is varied: all combinations are played."""

    recognition: list[str] | None = None
    continuation: list[Number] | None = None
    agents: list[Count] | None = None
    task_types: list[Count] | None = None
    density: list[Number] | None = None
    members: list[Count] | None = None
    games: list[Count] | None = None
    rate: list[Annotated[Number, Field(gt=0)]] | None = None
    temperature: list[Annotated[Number, Field(gt=0)]] | None = None
    mutation: list[Annotated[Number, Field(ge=0, le=1)]] | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        for name, values in self.given().items():
            if not values or len(set(values)) < len(values):
                raise ValueError(f"{name}: {'empty' if not values else 'a value stands twice'}")
        return self

    def given(self) -> dict[str, list[Any]]:
        """The parameters that are varied, in this class's order."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: entries for name, entries in values.items() if entries is not None}


OF_PROBLEM = ("recognition", "continuation")
OF_FAMILY = ("agents", "task_types", "density")
OF_ADAPTATION = ("rate", "temperature", "mutation")


class ExperimentKeys(_Strict):
    """All keys of an experiment file."""

    kind: Literal["experiment"]
    title: str
    question: str = ""
    seeds: Annotated[list[Index], Field(min_length=1)] = [0]
    generations: Count = 1
    games: Count
    engine: Literal["evm", "exact", "statistical"] = "evm"
    sample: Index = 0
    problem: ProblemKeys
    population: PopulationKeys = PopulationKeys()
    adaptation: AdaptationKeys = AdaptationKeys()
    sweep: SweepKeys = SweepKeys()


class Cell:
    """One combination: a problem, a population, a rule, a seed; played for all generations.

    Attributes
    ----------
    index : int
    problem_name : str
    problem : Problem
        With the cell's recognition function and continuation probability.
    seed : int
    games : int
        In every generation.
    members : int
        Of every seat.
    strategies : tuple of dict of str to Fraction
        Of each seat: strategies and their initial shares, which sum to one.
    adaptation : Adaptation
    varied : dict of str to value
        What the sweep says of this cell.
    folder : Path
        Where FILE.py in a strategy's name is looked for.
    engine : str
        What plays its games: ``evm``, or a twin, ``exact`` or ``statistical``.
    sample : int
        Of a twin's games, how many of each generation the EVM plays too.
    kind : int
        The same for cells whose problem and strategies are the same.
    """

    def __init__(  # noqa: PLR0913 - what makes a cell
        self,
        *,
        index: int,
        problem_name: str,
        problem: Problem,
        seed: int,
        games: int,
        members: int,
        strategies: Sequence[dict[str, Fraction]],
        adaptation: Adaptation,
        varied: dict[str, Any],
        folder: Path,
        engine: str = "evm",
        sample: int = 0,
        kind: int = 0,
    ) -> None:
        self.index = index
        self.problem_name = problem_name
        self.problem = problem
        self.seed = seed
        self.games = games
        self.members = members
        self.strategies = tuple(strategies)
        self.adaptation = adaptation
        self.varied = varied
        self.folder = folder
        self.engine = engine
        self.sample = sample
        self.kind = kind

    @cached_property
    def cost_effective(self) -> Fraction:
        """F(X) of a cost-effective allocation X, in units of cost."""
        return cost_effective(self.problem).total_cost

    @cached_property
    def possible_wei(self) -> int:
        """What all agents together could save at most, in wei."""
        problem = self.problem
        least = self.cost_effective * problem.wei_per_cost
        return problem.total_cost_wei(problem.contracted) - int(least)

    @property
    def spread_wei(self) -> int:
        """What proposing is worth where all that is possible is saved, Δ · (1 − δ), in wei; at least 1."""
        delta = self.problem.continuation if self.problem.max_rounds > 1 else 0
        return max(1, int(self.possible_wei * (1 - delta)))

    @property
    def names(self) -> tuple[tuple[str, ...], ...]:
        """Names of each seat's strategies, in order."""
        return tuple(map(tuple, self.strategies))


class Experiment:
    """A whole experiment, read and checked.

    Attributes
    ----------
    file : str
    keys : ExperimentKeys
    cells : tuple of Cell
        All problems × all combinations of the sweep × all seeds, the last varying fastest.
    """

    def __init__(self, mapping: Mapping[str, Any], file: str) -> None:
        self.file = file
        self.folder = Path(file).parent
        self.keys = _read(mapping)
        self._check_sweep()
        self._check_counts()
        self._kinds: dict[tuple[int, str], int] = {}
        self.cells = tuple(self._cells())

    # ── what it is ──────────────────────────────────────────────────────────────────────────────────────────

    def to_mapping(self) -> dict[str, Any]:
        """The keys with every default written out, as plain data; exact numbers as strings."""
        plain: dict[str, Any] = _plain(self.keys)
        return plain

    def strategy_files(self) -> dict[str, str]:
        """Hashes of the Python files that strategies come from."""
        names = {name for cell in self.cells for seat in cell.names for name in seat if ".py:" in name}
        files = sorted({f"{name.partition('.py:')[0]}.py" for name in names})
        return {file: sha256((self.folder / file).read_bytes()).hexdigest() for file in files}

    def problems(self) -> dict[str, str]:
        """Hashes of the problems, by name; recognition function and continuation probability left out."""
        return {cell.problem_name: problem_hash(cell.problem) for cell in self.cells}

    @property
    def games(self) -> int:
        """Games of the whole experiment."""
        return self.keys.generations * sum(cell.games for cell in self.cells)

    # ── cells ───────────────────────────────────────────────────────────────────────────────────────────────

    def _check_sweep(self) -> None:
        varied = self.keys.sweep.given()
        if self.keys.problem.family is None:
            for name in OF_FAMILY:
                if name in varied:
                    raise ProblemError("", f"sweep.{name}", "varies a random family, and the problem is none")
        if self.keys.adaptation.rule == "none":
            for name in OF_ADAPTATION:
                if name in varied:
                    raise ProblemError("", f"sweep.{name}", "there is no rule of adaptation to vary it in")
        if self.keys.adaptation.rule == "logit":
            if self.keys.adaptation.temperature is None and "temperature" not in varied:
                raise ProblemError("", "adaptation.temperature", "missing; logit needs one")
            if max(varied.get("rate", [self.keys.adaptation.rate])) > 1:
                raise ProblemError("", "adaptation.rate", "above 1: for logit it is a probability")

    def _check_counts(self) -> None:
        keys = self.keys
        problems = keys.problem.family.draws if keys.problem.family else len(keys.problem.files or "1")
        check_counts(problems, keys.sweep.given(), len(keys.seeds), keys.games, keys.generations)

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
        files = [keys.file] if keys.file is not None else keys.files or []
        loaded = []
        for file in files:
            path = fspath(self.folder / file)
            mapping = problemfile.read(path)
            kind = kind_of(mapping, path)
            if kind != Problem.kind:
                reason = f"{kind} problems are not experimented with; {Problem.kind} problems are"
                raise ProblemError(path, "kind", reason)
            problem = Problem.from_mapping(mapping, path)
            problem.check_playable(path)
            loaded.append((file, problem))
        return loaded

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
                reason = f"{entry.seat} is no seat of {problem.agents} (counted from 0)"
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
            raise ProblemError("", "population", f"{name!r}: there is no seat {made.partner} of {agents}")
        by_twin = not (isinstance(made, Colluding) or (isinstance(made, Strategy) and made.learns))
        if self.keys.engine != "evm" and not by_twin:
            reason = f"{name!r} is no strategy for a twin (it learns from single games, or shares secrets)"
            raise ProblemError("", "engine", f"{reason}: evm plays it")


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
    """Read an experiment file.

    Parameters
    ----------
    path : path
        TOML, or JSON if it ends so. Problem files and Python files that it names are looked for beside it.

    Raises
    ------
    ProblemError
        In one line: file, key and reason.
    """
    file = fspath(path)
    mapping = problemfile.read(path)
    try:
        return Experiment(mapping, file)
    except ProblemError as error:
        raise (error if error.file else error.in_file(file)) from None


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────


def _read(mapping: Mapping[str, Any]) -> ExperimentKeys:
    if mapping.get("kind", KIND) != KIND:
        raise ProblemError("", "kind", f"unknown kind {shorten(mapping['kind'])}; known: {KIND}")
    try:
        return ExperimentKeys.model_validate(dict(mapping))
    except ValidationError as error:
        details = error.errors(include_url=False)
    # Unknown keys first, since a misspelt key is also a missing one.
    first = min(details, key=lambda detail: detail["type"] != "extra_forbidden")
    raise ProblemError("", *_explain(first)) from None


def _explain(detail: ErrorDetails) -> tuple[str, str]:
    """Give key and reason of one of pydantic's complaints."""
    place, value = list(detail["loc"]), detail["input"]
    context = detail.get("ctx", {})
    kind = detail["type"]
    if kind == "extra_forbidden":
        model = _model_at(place[:-1])
        close = get_close_matches(str(place[-1]), list(model.model_fields) if model else [], n=1)
        return spell(place), "unknown key" + (f" (did you mean {close[0]}?)" if close else "")
    if kind == "missing":
        return spell(place), "missing"
    if kind == "value_error":
        return spell(place), detail["msg"].removeprefix("Value error, ")
    said = _SAID.get(kind)
    if said is None:
        return spell(place), f"{detail['msg']} (given: {shorten(value)})"
    return spell(place), f"{shorten(value)} {said.format(**context)}"


_SAID = {
    "model_type": "is not a table",
    "model_attributes_type": "is not a table",
    "dict_type": "is not a table",
    "list_type": "is not a list",
    "too_short": "is empty",
    "string_type": "is not a text",
    "literal_error": "is not known; known: {expected}",
    "greater_than_equal": "is not at least {ge}",
    "greater_than": "is not above {gt}",
    "less_than_equal": "is above {le}",
}
"""What is said of a value, by pydantic's name for what is wrong with it."""


def _model_at(place: list[int | str]) -> type[BaseModel] | None:
    """The table that stands at a place."""
    model: type[BaseModel] | None = ExperimentKeys
    for part in place:
        if model is None or isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        model = _model_in(field.annotation) if field is not None else None
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(part) for part in getattr(annotation, "__args__", ()))
    return next((model for model in inner if model is not None), None)


def _plain(value: Any) -> Any:  # noqa: ANN401 - a tree of anything
    match value:
        case BaseModel():
            return {
                name: _plain(getattr(value, name))
                for name in type(value).model_fields
                if getattr(value, name) is not None
            }
        case dict():
            return {key: _plain(entry) for key, entry in value.items()}
        case list() | tuple():
            return [_plain(entry) for entry in value]
        case Fraction():
            return show(value)
        case _:
            return value
