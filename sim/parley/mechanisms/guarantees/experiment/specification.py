"""The file of a study: which instances are drawn, and how many.

``kind = "guarantees"`` and ``study = "value-loss"`` distinguish it from other experiments. A table ``trips``
adds instances made of taxi trips.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from itertools import product
from math import lcm
from os import fspath
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from parley.core.errors import ParleyError, ProblemError, named_by, naming
from parley.core.files import open_regular
from parley.core.keys import Keys, Number, Whole, plain, read_keys
from parley.core.limits import MAX_GAMES, MAX_SEED
from parley.kit.declared import Laboratory
from parley.kit.experiment.experiment import Experiment
from parley.mechanisms.guarantees.experiment.run import Losses
from parley.mechanisms.guarantees.experiment.samples import UNIT, VARIANTS, Curve, Synthetic, Taxi, Variant
from parley.mechanisms.guarantees.experiment.tables import SCHEMAS
from parley.mechanisms.guarantees.imported import MINUTES, VALUE, pool_of
from parley.mechanisms.guarantees.problem import MAX_JOBS, MAX_PROVIDERS, Problem
from parley.mechanisms.guarantees.trips import read_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parley.chain.compiler import Artifact

__all__ = ["Study", "StudyKeys", "laboratory"]

STUDY = "value-loss"
TITLE = "Value loss under max-min fairness"
QUESTION = "Which share of the greatest value is lost, how many providers share the jobs, and what drives it?"

Count = Annotated[Whole, Field(ge=1)]
Window = Annotated[Number, Field(gt=0, le=1000)]
Variation = Annotated[Number, Field(ge=0, le=10)]
Minutes = Annotated[Whole, Field(ge=1, le=MINUTES)]


class TripKeys(Keys):
    """Instances made of taxi trips; see `parley.mechanisms.guarantees.imported`."""

    file: str
    """The file of trips, Parquet or CSV; its name is relative to the study's file.

    Example: "trips.parquet"
    """
    areas: list[str] = Field(min_length=1)
    """Areas: names, or numbers of zones with commas.

    Example: ["midtown"]
    """
    dates: list[str] = Field(min_length=1)
    """Days.

    Example: ["2024-01-10"]
    """
    windows: list[Minutes] = Field(min_length=1)
    """Lengths of the interval in which trips start.

    Unit: minutes
    Example: [15, 30]
    """
    pool: Literal["interval", "day"] = "interval"
    """Whether trips are sampled from one interval, or from all of the day.

    Example: "day"
    """
    value: str = VALUE
    """The column that is a trip's value.

    Example: "fare_amount"
    """


class StudyKeys(Keys):
    """A study of value loss under max-min fairness: instances are drawn and solved, not played."""

    kind: Literal["guarantees"]
    study: Literal["value-loss"]
    title: str = TITLE
    """Title of the page.

    Example: "Value loss"
    """
    question: str = QUESTION
    """What the study is to answer.

    Example: "What does fairness cost?"
    """
    jobs: Annotated[Count, Field(le=MAX_JOBS)]
    """Jobs of each instance.

    Unit: jobs
    Example: 30
    """
    providers: list[Annotated[Count, Field(le=MAX_PROVIDERS)]]
    """The least and the greatest number of providers.

    Unit: providers
    Example: [2, 30]
    """
    windows: list[Window] = Field(min_length=1)
    """Lengths of the interval in which jobs start; the mean length of a job is 1.

    Unit: mean length of a job
    Example: [1.3, 1.5, 1.8]
    """
    variations: list[Variation] = Field(min_length=1)
    """Coefficients of variation of the jobs' lengths.

    Example: [0.01, 0.1, 0.5]
    """
    variants: list[Variant] = Field(default=list(VARIANTS), min_length=1)
    """How lengths and values are drawn.

    Example: ["length"]
    """
    samples: Count
    """Instances of each kind.

    Unit: instances
    Example: 100
    """
    seed: Annotated[Whole, Field(ge=0, le=MAX_SEED)] = 0
    """Seed of the instances.

    Example: 1
    """
    trips: TripKeys | None = None
    """Further instances, made of taxi trips."""


@dataclass(frozen=True)
class Span:
    """The numbers of providers, from the least to the most."""

    least: int
    most: int

    @property
    def all(self) -> range:
        """Return them in order."""
        return range(self.least, self.most + 1)


class Study(Experiment):
    """A checked study; each step is a curve.

    Parameters
    ----------
    mapping : mapping
        Keys of the file.
    file : str
        The file of trips is relative to its folder.

    Attributes
    ----------
    curves : tuple of Curve
        All variants × windows × variations, the last varying fastest; then all areas × dates × windows.

    Raises
    ------
    ProblemError
    """

    kind = Problem.kind
    schemas = SCHEMAS
    unit = "instance"
    results = ("curves", "trips", "unproved")
    drawn = True
    same: ClassVar[Mapping[str, str]] = {"experiment": "experiment", "problems": "file of trips"}

    def __init__(self, mapping: Mapping[str, Any], file: str) -> None:
        self.keys = keys = read_keys(StudyKeys, mapping)
        self.title, self.question = keys.title, keys.question
        self._folder = Path(file).parent
        self.providers = _span(keys.providers)
        _check_lists(keys)
        self.curves: tuple[Curve, ...] = (*self._synthetic(), *self._taxi())
        self.steps = len(self.curves)
        self.games = self.steps * keys.samples * len(self.providers.all)
        if self.games > MAX_GAMES:
            raise ProblemError("", "samples", f"{self.games} instances are more than {MAX_GAMES}")

    def to_mapping(self) -> dict[str, Any]:
        """Return the keys with all defaults."""
        mapping: dict[str, Any] = plain(self.keys)
        return mapping

    def about(self) -> dict[str, Any]:
        """Return the seed, the hash of the file of trips, the numbers of curves and of providers."""
        problems = {}
        if self.keys.trips is not None:
            with open_regular(self._folder / self.keys.trips.file) as source:
                digest = sha256()
                while block := source.read(1 << 20):
                    digest.update(block)
            problems[self.keys.trips.file] = digest.hexdigest()
        counts = {"cells": len(self.curves), "agents": list(self.providers.all)}
        return {"seed": self.keys.seed, "problems": problems, **counts}

    @property
    def contracts(self) -> Mapping[str, Artifact]:
        """Return nothing: no contract runs."""
        return {}

    def play(self, workers: int) -> Losses:
        """Prepare to solve."""
        return Losses(self.curves, self.providers.all, self.keys.samples, workers)

    # ── curves ──

    def _synthetic(self) -> Iterator[Curve]:
        keys = self.keys
        for variant, window, variation in product(keys.variants, keys.windows, keys.variations):
            yield Synthetic(keys.jobs, keys.seed, variant, window, variation)

    def _taxi(self) -> Iterator[Curve]:
        keys, trips = self.keys, self.keys.trips
        if trips is None:
            return
        file = fspath(self._folder / trips.file)
        for area, date in product(trips.areas, trips.dates):
            with named_by("trips.file"):
                found = read_day(file, area, date, trips.value).trips
            for window in trips.windows:
                try:
                    pool = pool_of(found, window=window, jobs=keys.jobs, pool=trips.pool)
                except ParleyError as error:
                    raise ProblemError(file, "", f"{date}, {area}: {error}") from None
                yield Taxi(keys.jobs, keys.seed, area, date, window, pool)


def _span(given: list[int]) -> Span:
    match given:
        case [least, most] if least <= most:
            return Span(least, most)
    raise ProblemError("", "providers", f"{given} is not [least, most]")


def _check_lists(keys: StudyKeys) -> None:
    lists: dict[str, list[Any]] = {
        name: getattr(keys, name) for name in ("windows", "variations", "variants")
    }
    if keys.trips is not None:
        lists |= {f"trips.{name}": getattr(keys.trips, name) for name in ("areas", "dates", "windows")}
    for name, values in lists.items():
        if len(set(values)) < len(values):
            raise ProblemError("", name, "duplicate value")
    for k, window in enumerate(keys.windows):
        if lcm(window.denominator, UNIT) != UNIT:
            raise ProblemError("", f"windows[{k}]", f"{window} is not whole in units of {Fraction(1, UNIT)}")


def laboratory() -> Laboratory:
    """Return what the study adds to sweeps."""
    from parley.mechanisms.guarantees.experiment.page import study_sheet  # noqa: PLC0415 - slow to load

    return Laboratory(_study, study_sheet, StudyKeys)


def _study(mapping: Mapping[str, Any], file: str) -> Study | None:
    """Read a study; a file of the kind ``experiment`` asks for a sweep."""
    if mapping.get("kind") != Problem.kind:
        return None
    with naming(file):
        return Study(mapping, file)
