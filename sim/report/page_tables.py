"""What an experiment left, as sums: the tables of its folder, added up by cell and generation.

Sampling errors are those of the games, given who was in the population: within a generation a cell's games
are drawn side by side, and what happened in them is independent.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
from scipy.stats import t as student_t

from sim.errors import ParleyError
from sim.report.page_model import Z95
from sim.report.page_problems import problems_of
from sim.report.page_read import Moments, batches, grouped, numbers, read_json, read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sim.coordination.problem import Problem

__all__ = ["Cell", "Estimate", "Experiment", "Savings", "Standing", "read_experiment", "together"]


class Estimate(NamedTuple):
    """A mean with its standard error."""

    mean: float
    std_error: float


def together(estimates: Iterable[Estimate | None]) -> tuple[float, float] | None:
    """The mean of independent runs, and the half-width of its 95% interval.

    Of several runs, Student's t of what they came to: whatever made them differ is in it. Of one, 1.96 times
    its own standard error.

    Examples
    --------
    >>> together([Estimate(0.5, 0.01)])
    (0.5, 0.0196)
    >>> mean, half = together([Estimate(0.4, 0.0), Estimate(0.6, 0.0)])
    >>> round(mean, 3), round(half, 3)
    (0.5, 1.271)
    """
    known = [estimate for estimate in estimates if estimate is not None]
    if not known:
        return None
    if len(known) == 1:
        return known[0].mean, Z95 * known[0].std_error
    sample = Moments()
    sample.add(np.array([estimate.mean for estimate in known]))
    return sample.mean, float(student_t.ppf(0.975, len(known) - 1)) * sample.std_error


@dataclass
class Savings:
    """What some games saved, of what they could have saved."""

    saved: Moments = field(default_factory=Moments)
    possible: Moments = field(default_factory=Moments)
    both: Moments = field(default_factory=Moments)
    """Of their sum, which gives the covariance."""

    @property
    def share(self) -> Estimate | None:
        """Realized over possible savings; None where nothing could be saved.

        A ratio of means, with the usual first-order error. Where every game could save the same it is the
        mean of a sample, and the error exact.
        """
        possible = self.possible.mean
        if possible <= 0:
            return None
        ratio = self.saved.mean / possible
        covariance = (self.both.variance - self.saved.variance - self.possible.variance) / 2
        variance = self.saved.variance + ratio * (ratio * self.possible.variance - 2 * covariance)
        return Estimate(ratio, sqrt(max(variance, 0.0) / self.possible.count) / possible)


class Standing(NamedTuple):
    """One strategy in one seat and generation of a cell."""

    members: int
    share: float
    games: int
    mean_cost: float | None
    """In units of cost; None where it played no game."""
    expected_cost: float | None
    predicted_share: float | None = None
    """In a very large population that began with the same shares."""


@dataclass
class Cell:
    """One combination of what was swept over."""

    number: int
    problem_name: str
    agents: int
    task_types: int
    recognition: str
    continuation: str
    cost_contracted: float
    possible_savings: float
    summary: Mapping[str, Any]
    problem: Problem | None = None
    """None where the folder does not hold it."""
    name: str = ""
    setting: str = ""
    """Its name without the seed: cells of one setting are independent runs of the same."""
    standings: dict[tuple[int, int, str], Standing] = field(default_factory=dict)
    """By generation, seat and strategy."""
    savings: dict[int, Savings] = field(default_factory=dict)
    """By generation."""
    expected_total: dict[int, Moments] = field(default_factory=dict)
    """By generation: what theory expects the seats of a game to bear, each by itself, in wei."""
    costs: dict[tuple[int, int, str], Moments] = field(default_factory=dict)
    """By generation, seat and strategy: what members bore, in wei."""
    endings: Counter[str] = field(default_factory=Counter)
    rounds: Counter[int] = field(default_factory=Counter)
    continued: list[int] = field(default_factory=lambda: [0, 0])
    """Continuation draws after a rejection, and how many said go on."""
    predicted_saved: dict[int, float] = field(default_factory=dict)
    """By generation: savings of a very large population that began with the same shares."""

    @cached_property
    def generations(self) -> list[int]:
        """Numbers of the generations, in order."""
        return sorted({generation for generation, _, _ in self.standings} | set(self.savings))

    @cached_property
    def seats(self) -> list[int]:
        """Seats whose population there is a record of."""
        return sorted({seat for _, seat, _ in self.standings})

    @cached_property
    def contested(self) -> list[int]:
        """Seats in which more than one strategy was ever played."""
        seen = defaultdict(set)
        for _, seat, strategy in self.standings:
            seen[seat].add(strategy)
        return [seat for seat in self.seats if len(seen[seat]) > 1]

    @cached_property
    def strategies(self) -> list[str]:
        """In order of first appearance."""
        return list(dict.fromkeys(strategy for _, _, strategy in self.standings))

    def agent_name(self, seat: int) -> str:
        """What the problem calls the agent in a seat."""
        if self.problem is not None and seat < len(self.problem.agent_names):
            return self.problem.agent_names[seat]
        return f"agent {seat + 1}"

    @property
    def games(self) -> int:
        """Games that were played."""
        return self.endings.total()

    @cached_property
    def z_scores(self) -> list[float]:
        """Of the agents' mean costs, where something is random."""
        return [entry["z"] for entry in self.summary.get("agents", ()) if entry.get("z") is not None]

    @property
    def rest(self) -> Mapping[str, Any] | None:
        """Where theory expects a very large population to come to rest, if anywhere.

        `saved_share`; the same `exactly`, as a fraction, where each seat ends with one strategy; `shares`.
        """
        rest: Mapping[str, Any] | None = (self.summary.get("prediction") or {}).get("rest")
        return rest

    @property
    def p_value(self) -> float | None:
        """Of the test that proposers follow their probabilities."""
        p: float | None = (self.summary.get("proposer") or {}).get("p_value")
        return p

    @cached_property
    def wei_per_cost(self) -> float | None:
        """Wei in a unit of cost; None where neither the problem nor the tables tell."""
        if self.problem is not None:
            return float(self.problem.wei_per_cost)
        pooled = self.pooled(self.generations)
        return pooled.possible.mean / self.possible_savings if self.possible_savings > 0 else None

    def pooled(self, generations: Iterable[int]) -> Savings:
        """Savings of several generations together."""
        together = Savings()
        for generation in generations:
            if (one := self.savings.get(generation)) is not None:
                together.saved.merge(one.saved)
                together.possible.merge(one.possible)
                together.both.merge(one.both)
        return together

    def saved(self) -> Estimate | None:
        """Share of the possible savings realized in all games.

        The error is that within generations: what the population does from one to the next is no noise.
        """
        pooled = self.pooled(self.generations).share
        if pooled is None:
            return None
        parts = [(one.possible.count, one.share) for one in self.savings.values()]
        variance = sum((games * share.std_error) ** 2 for games, share in parts if share is not None)
        return Estimate(pooled.mean, sqrt(variance) / max(1, sum(games for games, _ in parts)))

    def expected_share(self, generation: int) -> float | None:
        """Share of the possible savings that theory expects of what was announced in a generation."""
        expected, savings = self.expected_total.get(generation), self.savings.get(generation)
        if expected is None or savings is None or not self.wei_per_cost or savings.possible.mean <= 0:
            return None
        # Seats are kept as single samples: n of them make a game.
        total = expected.mean * self.agents
        return (self.cost_contracted * self.wei_per_cost - total) / savings.possible.mean

    @cached_property
    def shares(self) -> dict[int, dict[str, float]]:
        """Strategies' shares of the members in contested seats, or in all if none is, by generation."""
        seats = set(self.contested or self.seats)
        members: dict[int, Counter[str]] = {g: Counter() for g in self.generations}
        for (generation, seat, strategy), standing in self.standings.items():
            if seat in seats:
                members[generation][strategy] += standing.members
        return {
            g: {s: counted[s] / counted.total() if counted else 0.0 for s in self.strategies}
            for g, counted in members.items()
        }

    @cached_property
    def predicted_shares(self) -> dict[int, dict[str, float]]:
        """What theory expects of `shares` in a very large population; empty where it does not say."""
        seats = set(self.contested or self.seats)
        expected: dict[int, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
        for (generation, seat, strategy), standing in self.standings.items():
            if seat in seats and standing.predicted_share is not None:
                expected[generation][strategy] += standing.predicted_share / len(seats)
        return {generation: dict(shares) for generation, shares in expected.items()}

    def advantage(self, strategy: str) -> Estimate | None:
        """How much less a member of a strategy bore than the others in its seat, in units of cost.

        The mean over seats and generations in which both were played, each weighted as its numbers of games
        deserve; so that what changes from generation to generation does not count as anybody's merit.
        """
        if not self.wei_per_cost:
            return None
        rivals: dict[tuple[int, int], tuple[Moments, Moments]] = {}
        for (generation, seat, who), sample in self.costs.items():
            pair = rivals.setdefault((generation, seat), (Moments(), Moments()))
            pair[who != strategy].merge(sample)
        weights = difference = variance = 0.0
        for own, others in rivals.values():
            if own.count > 1 and others.count > 1:
                weight = own.count * others.count / (own.count + others.count)
                weights += weight
                difference += weight * (others.mean - own.mean)
                variance += weight**2 * (own.std_error**2 + others.std_error**2)
        if not weights:
            return None
        scale = weights * self.wei_per_cost
        return Estimate(difference / scale, sqrt(variance) / scale)


@dataclass
class Experiment:
    """A whole experiment."""

    folder: Path
    manifest: Mapping[str, Any]
    summary: Mapping[str, Any]
    cells: list[Cell]

    @cached_property
    def strategies(self) -> list[str]:
        """All that were played, in order of first appearance."""
        return list(dict.fromkeys(strategy for cell in self.cells for strategy in cell.strategies))

    @cached_property
    def settings(self) -> dict[str, list[Cell]]:
        """Cells by setting: those of one differ in their seeds only."""
        settings: dict[str, list[Cell]] = defaultdict(list)
        for cell in self.cells:
            settings[cell.setting].append(cell)
        return settings

    @property
    def games(self) -> int:
        """Games that were played in all cells."""
        return sum(cell.games for cell in self.cells)


def read_experiment(folder: Path) -> Experiment:
    """Read the folder that `parley experiment` leaves.

    Raises
    ------
    ParleyError
        In one line: the file and what is wrong with it.
    """
    manifest = read_json(folder / "manifest.json")
    if manifest.get("kind") != "experiment":
        raise ParleyError(f"{folder / 'manifest.json'}: kind is {manifest.get('kind')!r}, not 'experiment'")
    if manifest.get("complete") is False:
        raise ParleyError(f"{folder}: the experiment was not finished; run it again, and it goes on")
    summary = read_json(folder / "summary.json")
    try:
        cells = _cells(folder, summary)
        by_number = {cell.number: cell for cell in cells}
        _read_generations(folder, by_number)
        _read_games(folder / "games.parquet", by_number)
        _read_agents(folder / "agents.parquet", by_number)
        _read_draws(folder / "draws.parquet", by_number)
    except (KeyError, TypeError, AttributeError) as error:
        raise ParleyError(
            f"{folder}: its tables do not fit together: {type(error).__name__} {error}"
        ) from None
    problems = problems_of(manifest, folder)
    for cell in cells:
        if (problem := problems.get(cell.problem_name)) is not None:
            cell.problem = replace(
                problem, recognition=cell.recognition, continuation=Fraction(cell.continuation)
            )
    return Experiment(folder, manifest, summary, cells)


TOLD_APART = (
    "recognition",
    "continuation",
    "problem",
    "agents",
    "task_types",
    "members",
    "games",
    "rule",
    "rate",
    "temperature",
    "mutation",
    "seed",
)
"""Columns of the table of cells that name one, in this order, if they are not the same in all."""


def _cells(folder: Path, summary: Mapping[str, Any]) -> list[Cell]:
    needed = ["cell", "problem", "agents", "task_types", "recognition", "continuation", "cost_contracted"]
    table = read_table(folder / "cells.parquet", [*needed, "possible_savings"])
    summaries = {entry["cell"]: entry for entry in summary["cells"]}
    cells = [
        Cell(
            number=number,
            problem_name=str(table["problem"][k]),
            agents=table["agents"][k],
            task_types=table["task_types"][k],
            recognition=str(table["recognition"][k]),
            # Exact in the summary, a float in the table.
            continuation=str(
                summaries.get(number, {}).get("continuation") or _text(table["continuation"][k])
            ),
            cost_contracted=float(table["cost_contracted"][k]),
            possible_savings=float(table["possible_savings"][k]),
            summary=summaries.get(number, {}),
        )
        for k, number in enumerate(table["cell"])
    ]
    varying = [key for key in TOLD_APART if len(set(map(_text, table.get(key, ())))) > 1] or ["recognition"]
    spelt = {"recognition": "{}", "continuation": "δ = {}", "problem": "{}", "task_types": "task types {}"}
    for k, cell in enumerate(cells):
        parts = {
            key: spelt.get(key, key + " {}").format(
                cell.continuation if key == "continuation" else _text(table[key][k])
            )
            for key in varying
        }
        cell.name = ", ".join(parts.values())
        parts.pop("seed", None)
        cell.setting = ", ".join(parts.values()) or cell.recognition
    repeated = Counter(cell.name for cell in cells)
    for cell in cells:
        if repeated[cell.name] > 1:
            cell.name = f"{cell.name} (cell {cell.number + 1})"
    return cells


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _read_generations(folder: Path, cells: Mapping[int, Cell]) -> None:
    columns = ["cell", "generation", "seat", "strategy", "members", "share", "games", "mean_cost"]
    for batch in batches(folder / "generations.parquet", [*columns, "expected_cost"], ["predicted_share"]):
        table = batch.to_pydict()
        for cell, generation, seat, strategy, *standing in zip(*table.values(), strict=True):
            cells[cell].standings[generation, seat, str(strategy)] = Standing(*standing)
    path = folder / "savings.parquet"
    if path.is_file():
        for batch in batches(path, ["cell", "generation", "predicted_saved_share"]):
            for cell, generation, share in zip(*batch.to_pydict().values(), strict=True):
                if share is not None:
                    cells[cell].predicted_saved[generation] = share


def _whole(column: pa.Array) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.asarray(column.cast(pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64)


class _Labels:
    """Numbers for texts, the same in every batch."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}

    def numbers(self, column: pa.Array) -> np.ndarray[Any, np.dtype[np.int64]]:
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        table = []
        for name in map(str, coded.dictionary.to_pylist()):
            if name not in self._numbers:
                self._numbers[name] = len(self.names)
                self.names.append(name)
            table.append(self._numbers[name])
        codes: np.ndarray[Any, np.dtype[np.int64]] = np.asarray(table or [0], dtype=np.int64)
        return np.take(codes, _whole(coded.indices))


def _read_games(path: Path, cells: Mapping[int, Cell]) -> None:
    labels = _Labels()
    saved: dict[tuple[Any, ...], Moments] = {}
    possible: dict[tuple[Any, ...], Moments] = {}
    both: dict[tuple[Any, ...], Moments] = {}
    columns = ["cell", "generation", "ending", "rounds", "saved_wei", "possible_wei"]
    for batch in batches(path, columns):
        keys = [_whole(batch["cell"]), _whole(batch["generation"])]
        money = numbers(batch["saved_wei"]), numbers(batch["possible_wei"])
        for into, values in ((saved, money[0]), (possible, money[1]), (both, money[0] + money[1])):
            grouped(into, keys, values)
        for name, column in (
            ("endings", labels.numbers(batch["ending"])),
            ("rounds", _whole(batch["rounds"])),
        ):
            pairs, times = np.unique(np.stack([keys[0], column]), axis=1, return_counts=True)
            for cell, value, number in zip(*pairs.tolist(), times.tolist(), strict=True):
                if name == "endings":
                    cells[cell].endings[labels.names[value]] += number
                else:
                    cells[cell].rounds[value] += number
    for (cell, generation), moments in saved.items():
        key = (cell, generation)
        cells[cell].savings[generation] = Savings(moments, possible[key], both[key])


def _read_agents(path: Path, cells: Mapping[int, Cell]) -> None:
    labels = _Labels()
    costs: dict[tuple[Any, ...], Moments] = {}
    expected: dict[tuple[Any, ...], Moments] = {}
    columns = ["cell", "generation", "seat", "strategy", "cost_wei", "expected_cost_wei"]
    for batch in batches(path, columns):
        cell, generation, seat = (_whole(batch[key]) for key in columns[:3])
        strategy = labels.numbers(batch["strategy"])
        grouped(costs, [cell, generation, seat, strategy], numbers(batch["cost_wei"]))
        theory = numbers(batch["expected_cost_wei"])
        known = ~np.isnan(theory)
        grouped(expected, [cell[known], generation[known]], theory[known])
    for (cell, generation, seat, strategy), moments in costs.items():
        cells[cell].costs[generation, seat, labels.names[strategy]] = moments
    for (cell, generation), moments in expected.items():
        cells[cell].expected_total[generation] = moments


def _read_draws(path: Path, cells: Mapping[int, Cell]) -> None:
    for batch in batches(path, ["cell", "continued"]):
        drawn = batch.filter(batch["continued"].is_valid())
        for cell, continued in zip(
            _whole(drawn["cell"]).tolist(), drawn["continued"].to_pylist(), strict=True
        ):
            tally = cells[cell].continued
            tally[0] += 1
            tally[1] += continued
