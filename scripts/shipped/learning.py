"""Learning from scratch: what play by chance comes to, exactly, and how far learning gets from there."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from itertools import product
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parley.mechanisms.coordination.bargaining import default_costs
from parley.mechanisms.coordination.experiment.adaptive import DEMANDS, Quantal
from parley.mechanisms.coordination.experiment.strategy import HEIGHTS, at_height
from parley.mechanisms.coordination.position import Position
from parley.mechanisms.coordination.recognition import fraction
from scripts.shipped.common import COLORS, Z95, Claim, Page, axes_of, interval, percent, read, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from parley.mechanisms.coordination.experiment.specification import Experiment
    from parley.mechanisms.coordination.problem import Problem
    from scripts.shipped.common import Played

__all__ = ["Chance", "page", "untaught"]

KINDS = {"roth-erev": "reinforcement", "regret-matching": "regret", "quantal": "noisy best response"}
"""By what a strategy's name begins with."""
MODEST = sum(demand <= 0 for demand in DEMANDS) / len(DEMANDS)
"""With what probability one that has learned nothing accepts an offer at its threshold."""
SHOWN = 8
"""Spans of generations that are put together in the tables."""


class Chance(NamedTuple):
    """What is expected of a game, as shares of the possible savings; and of how many games are settled."""

    saved: float
    saved_variance: float
    settled: float
    announced: float
    """What would be saved if every game were settled."""
    announced_variance: float


def _announced(problem: Problem, kinds: Sequence[str]) -> dict[Position, float]:
    """With what probabilities the first stage ends where, if nobody has learned anything."""
    ends = {Position(problem): 1.0}
    for seat, kind in enumerate(kinds):
        following: dict[Position, float] = defaultdict(float)
        for position, chance in ends.items():
            if kind == "quantal":
                rows, weights = Quantal(seat).choices(position)
            else:
                rows, weights = [at_height(position, height) for height in HEIGHTS], [1.0] * len(HEIGHTS)
            for row, weight in zip(rows, weights, strict=True):
                frozen = fraction(problem.recognition, problem, seat, position.rows, row)
                following[position.after(row, frozen)] += chance * weight / sum(weights)
        ends = following
    return ends


def untaught(problem: Problem, possible: Fraction, kinds: Sequence[str]) -> Chance:
    """Work out games of members that have not learned anything yet.

    Those that learn announce at one of `HEIGHTS` and demand one of `DEMANDS`, all equally likely; whoever
    demands more than nothing rejects what others offer. An offer goes through if it comes from the one that
    demands something, or from anybody if nobody does; else the game goes on with probability δ.

    Parameters
    ----------
    possible : Fraction
        Savings of a cost-effective allocation.
    kinds : sequence of str, length n
        ``roth-erev``, ``regret-matching`` or ``quantal``.
    """
    n, delta = problem.agents, float(problem.continuation)
    modest = [1.0 if kind == "quantal" else MODEST for kind in kinds]
    whole = float(possible * problem.wei_per_cost)
    moments = np.zeros(5)
    for position, chance in _announced(problem, kinds).items():
        share = max(position.bargaining.savings, 0) / whole
        moments += chance * np.array([0, 0, 0, share, share * share])
        if not share:
            continue
        p = [float(x) for x in position.bargaining.probabilities]
        for demanding in product((False, True), repeat=n):
            q = chance
            for seat, demands in enumerate(demanding):
                q *= 1 - modest[seat] if demands else modest[seat]
            agreed = sum(p[i] for i in range(n) if not any(demanding[:i] + demanding[i + 1 :]))
            settled = q * agreed / (1 - delta * (1 - agreed))
            moments += settled * np.array([share, share * share, 1, 0, 0])
    saved, saved_squared, settled, announced, announced_squared = moments.tolist()
    return Chance(saved, saved_squared - saved**2, settled, announced, announced_squared - announced**2)


class _Span(NamedTuple):
    """What some generations of one population came to, as shares of the possible savings."""

    saved: float
    settled: float
    announced: float
    of_kind: tuple[float, ...]
    """What members of each kind save, of what is their due in equilibrium."""


def _kinds(played: Played) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    found = np.full((played.games, played.cell.problem.agents), -1)
    for k, kind in enumerate(KINDS):
        found[np.char.startswith(played.strategies, kind)] = k
    return found


def _span(played: Played, generations: range, due: Sequence[float], possible: float) -> _Span:
    games = played.where((played.generation >= generations.start) & (played.generation < generations.stop))
    f = np.array([float(cost) for cost in default_costs(played.cell.problem)])
    saved, kinds = f - games.costs, _kinds(games)
    mine = np.broadcast_to(np.array(due), saved.shape)
    return _Span(
        float(games.saved.mean()) / possible,
        float((games.endings == "settled").mean()),
        float((f.sum() - games.expected.sum(axis=1)).mean()) / possible,
        tuple(float(saved[kinds == k].sum() / mine[kinds == k].sum()) for k in range(len(KINDS))),
    )


def page(experiment: Experiment, folder: Path) -> Page:
    """Measure what the page shows."""
    populations = read(experiment, folder)
    problem = populations[0].cell.problem
    possible = problem.total_cost(problem.contracted) - populations[0].cell.cost_effective
    equilibrium = _announced_in_equilibrium(problem)
    generations = experiment.keys.generations
    width = max(1, generations // SHOWN)
    spans = [range(first, first + width) for first in range(0, generations, width)]
    found = [[_span(played, span, equilibrium, float(possible)) for played in populations] for span in spans]
    claims = [*_at_first(populations, problem, possible), *_without_learning(populations, problem, possible)]
    games = populations[0].cell.games // populations[0].cell.members
    rows = []
    for span, each in zip(spans, found, strict=True):
        columns = [
            [one.saved for one in each],
            [one.announced for one in each],
            [one.settled for one in each],
        ]
        columns += [[one.of_kind[k] for one in each] for k in range(len(KINDS))]
        rows.append(
            [
                f"{span.start * games + 1} – {span.stop * games}",
                *(interval(column) for column in columns),
            ]
        )
    head = ["games of a member", "saved", "if all were settled", "settled"]
    tables = (
        table([*head, *(f"{words}: of its due" for words in KINDS.values())], rows),
        table(
            ["untaught", "games", "played", "exactly"],
            [
                [
                    claim.name,
                    str(claim.games),
                    f"{percent(claim.measured)} ± {percent(Z95 * claim.error)}",
                    percent(claim.theory),
                ]
                for claim in claims
            ],
        ),
    )
    return Page(tables, tuple(claims), _figure(populations, equilibrium, float(possible), claims[0].theory))


def _announced_in_equilibrium(problem: Problem) -> list[float]:
    """What each agent saves in equilibrium, in units of cost: p_k·Δ."""
    position = Position(problem)
    for seat in range(problem.agents):
        row = at_height(position, Fraction(0))
        frozen = fraction(problem.recognition, problem, seat, position.rows, row)
        position = position.after(row, frozen)
    bargaining = position.bargaining
    return [float(p * bargaining.savings / problem.wei_per_cost) for p in bargaining.probabilities]


def _compared(
    games: list[Played], problem: Problem, possible: Fraction
) -> tuple[dict[str, tuple[float, float, float]], int]:
    """Sums of measurements, expectations and variances over games whose members have learned nothing."""
    sums = dict.fromkeys(("saved", "if all were settled", "settled"), (0.0, 0.0, 0.0))
    count = 0
    laws: dict[tuple[int, ...], Chance] = {}
    alone = float(sum(default_costs(problem)))
    for played in games:
        kinds = _kinds(played)
        for profile in map(tuple, np.unique(kinds, axis=0).tolist()):
            here = played.where((kinds == profile).all(axis=1))
            if profile not in laws:
                laws[profile] = untaught(problem, possible, [list(KINDS)[k] for k in profile])
            law, count = laws[profile], count + here.games
            measured = {
                "saved": float(here.saved.sum() / float(possible)),
                "if all were settled": float((alone - here.expected.sum(axis=1)).sum() / float(possible)),
                "settled": float((here.endings == "settled").sum()),
            }
            expected = {
                "saved": (law.saved, law.saved_variance),
                "if all were settled": (law.announced, law.announced_variance),
                "settled": (law.settled, law.settled * (1 - law.settled)),
            }
            for name, (total, mean, variance) in sums.items():
                m, v = expected[name]
                sums[name] = (total + measured[name], mean + here.games * m, variance + here.games * v)
    return sums, count


def _as_claims(name: str, games: list[Played], problem: Problem, possible: Fraction) -> list[Claim]:
    sums, count = _compared(games, problem, possible)
    return [
        Claim(f"{name}: {what}", total / count, mean / count, sqrt(max(variance, 0)) / count, count)
        for what, (total, mean, variance) in sums.items()
    ]


def _at_first(populations: list[Played], problem: Problem, possible: Fraction) -> list[Claim]:
    """The first generation, in which nobody has learned anything."""
    first = [played.where(played.generation == 0) for played in populations]
    return _as_claims("all in the first generation", first, problem, possible)


def _without_learning(populations: list[Played], problem: Problem, possible: Fraction) -> list[Claim]:
    """Games of three noisy best responses, which never learn."""
    k = list(KINDS).index("quantal")
    among = [played.where((_kinds(played) == k).all(axis=1)) for played in populations]
    return _as_claims("three noisy best responses", among, problem, possible)


def _figure(populations: list[Played], due: Sequence[float], possible: float, start: float) -> Figure:
    generations = range(int(populations[0].generation.max()) + 1)
    games = populations[0].cell.games // populations[0].cell.members
    places = [(g + 0.5) * games for g in generations]
    found = [[_span(played, range(g, g + 1), due, possible) for played in populations] for g in generations]
    with axes_of(2, width=4.4, height=3.4) as (figure, (saved, kinds)):
        for k, (name, label) in enumerate(
            (("saved", "saved"), ("announced", "if all were settled"), ("settled", "games settled"))
        ):
            values = 100 * np.array([[getattr(one, name) for one in each] for each in found])
            _band(saved, places, values, COLORS[k], label)
        saved.axhline(100, color="black", lw=0.6)
        saved.plot(
            [0], [100 * start], "D", color=COLORS[0], ms=5, label="saved by chance, exactly", clip_on=False
        )
        saved.set_title("Savings, % of the possible ones; games settled, %")
        for k, words in enumerate(KINDS.values()):
            values = 100 * np.array([[one.of_kind[k] for one in each] for each in found])
            _band(kinds, places, values, COLORS[k + 3], words)
        kinds.axhline(100, color="black", lw=0.6)
        kinds.set_title("Members' savings, % of their due in equilibrium")
        for axes in (saved, kinds):
            axes.set_ylim(0, 115)
            axes.set_xlim(0, places[-1])
            axes.set_xlabel("games that a member has played")
            axes.legend(frameon=False, loc="lower right")
    return figure


def _band(axes: Axes, places: Sequence[float], values: NDArray[np.float64], color: str, label: str) -> None:
    """Mean of the populations, and the least and greatest."""
    axes.fill_between(places, values.min(axis=1), values.max(axis=1), color=color, alpha=0.2, lw=0)
    axes.plot(places, values.mean(axis=1), color=color, lw=1.4, label=label)
