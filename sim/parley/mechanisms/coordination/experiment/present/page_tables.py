"""What an experiment left, as sums: the tables of its folder, added up by cell and generation.

Sampling errors are those of the games, given who was in the population: within a generation a cell's games
are drawn side by side, and what happened in them is independent.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.stats import t as student_t

from parley.kit.present.page_model import Z95
from parley.kit.present.page_parts import known_p_values
from parley.kit.present.page_read import Moments

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from parley.mechanisms.coordination.problem import Problem

__all__ = ["Cell", "Estimate", "Experiment", "Standing", "together"]


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
    savings: dict[int, Moments] = field(default_factory=dict)
    """By generation: what each game in the tables saved, as a share of the possible; nothing if none is."""
    possible_wei: float = 0.0
    """What a game can save, in wei."""
    counted: dict[int, tuple[int, float | None]] = field(default_factory=dict)
    """By generation: all its games, and what they saved of the possible; a twin's are not in the tables."""
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

    @property
    def recorded(self) -> int:
        """Games that are in the tables: all, or the sample of a twin's that the EVM has played."""
        return sum(self.rounds.values())

    @property
    def mean_rounds(self) -> float:
        """Bargaining rounds of a game."""
        mean: float = self.summary["mean_rounds"]
        return mean

    @cached_property
    def z_scores(self) -> list[float]:
        """Of the agents' mean costs, where something is random."""
        return [entry["z"] for entry in self.summary["agents"] if entry.get("z") is not None]

    @cached_property
    def means(self) -> list[float]:
        """p-values of the agents' mean costs, where there is a law for what the strategies do."""
        return known_p_values(self.summary["agents"])

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
        p: float | None = self.summary["proposer"]["p_value"]
        return p

    def saved(self, generations: Iterable[int]) -> Estimate | None:
        """Share of the possible savings realized in some generations; None where nothing could be saved.

        The error is that within generations: what the population does from one to the next is no noise. Of a
        twin's games only a sample is in the tables; it tells how much they vary.
        """
        total, realized, variance = 0, 0.0, 0.0
        for generation in generations:
            sample = self.savings.get(generation)
            if sample is None:
                continue
            games, mean = self.counted.get(generation, (sample.count, None))
            total += games
            realized += games * (sample.mean if mean is None else mean)
            variance += games * sample.variance
        return Estimate(realized / total, sqrt(variance) / total) if total else None

    def expected_share(self, generation: int) -> float | None:
        """Share of the possible savings that theory expects of what was announced in a generation."""
        if self.possible_savings <= 0:
            return None
        total = 0.0
        for seat in self.seats:
            known = [
                (standing.games, standing.expected_cost)
                for strategy in self.strategies
                if (standing := self.standings.get((generation, seat, strategy))) is not None
                and standing.expected_cost is not None
            ]
            games = sum(number for number, _ in known)
            if not games:
                return None
            total += sum(number * cost for number, cost in known) / games
        return (self.cost_contracted - total) / self.possible_savings

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
        weights = difference = variance = 0.0
        for generation, seat in dict.fromkeys((g, seat) for g, seat, _ in self.standings):
            here = {name: self.standings.get((generation, seat, name)) for name in self.strategies}
            played = {
                name: (standing.games, standing.mean_cost)
                for name, standing in here.items()
                if standing is not None and standing.games and standing.mean_cost is not None
            }
            games = sum(number for number, _ in played.values())
            if strategy not in played or len(played) < 2:
                continue
            own, mean = played.pop(strategy)
            others = games - own
            weight = own * others / games
            weights += weight
            difference += weight * (sum(number * cost for number, cost in played.values()) / others - mean)
            noise = self._variance(seat, strategy) / own
            noise += sum(n * self._variance(seat, name) for name, (n, _) in played.items()) / others**2
            variance += weight**2 * noise
        return Estimate(difference / weights, sqrt(variance) / weights) if weights else None

    def _variance(self, seat: int, strategy: str) -> float:
        """Of the cost of one game within a generation, in units of cost."""
        known = self.variances.get((seat, strategy))
        # Of a strategy seen once at a time there is no variance: then the most that its rivals have.
        others = (value for (where, _), value in self.variances.items() if where == seat)
        return known if known is not None else max(others, default=0.0)

    @cached_property
    def variances(self) -> dict[tuple[int, str], float]:
        """Variance of what a game costs within generations, by seat and strategy, in squared cost."""
        sums: dict[tuple[int, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
        for (_, seat, strategy), sample in self.costs.items():
            sums[seat, strategy][0] += sample.deviations
            sums[seat, strategy][1] += sample.count - 1
        wei = self.wei_per_cost
        if not wei:
            return {}
        return {key: total / degrees / wei**2 for key, (total, degrees) in sums.items() if degrees}

    @cached_property
    def wei_per_cost(self) -> float | None:
        """Wei in a unit of cost; None where neither the problem nor the tables tell."""
        if self.problem is not None:
            return float(self.problem.wei_per_cost)
        if self.possible_savings > 0 and self.possible_wei:
            return self.possible_wei / self.possible_savings
        return None


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

    @property
    def recorded(self) -> int:
        """Games that are in the tables."""
        return sum(cell.recorded for cell in self.cells)
