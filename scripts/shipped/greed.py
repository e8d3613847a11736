"""Greed: every profile's costs as Proposition 1 has them, and where imitation leads the population."""

from __future__ import annotations

import json
from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq

from parley.mechanisms.coordination.bargaining import default_costs
from parley.mechanisms.coordination.experiment.strategies import at_height
from parley.mechanisms.coordination.position import Position
from parley.mechanisms.coordination.recognition import fraction
from scripts.shipped.common import COLORS, Claim, Page, axes_of, interval, percent, read, table
from scripts.shipped.laws import late, settling

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from parley.mechanisms.coordination.experiment.specification import Experiment
    from parley.mechanisms.coordination.problem import Problem
    from scripts.shipped.common import Played
    from scripts.shipped.laws import Way

__all__ = ["page", "profile_ways"]

LAST = 20
"""Generations whose mean is shown as where the population has ended."""


def profile_ways(problem: Problem, greedy: Sequence[bool]) -> list[Way]:
    """All ways in which a game may go, if these agents announce the most they can, the others what is best.

    Parameters
    ----------
    greedy : sequence of bool, length n
    """
    position = Position(problem)
    for seat, most in enumerate(greedy):
        row = at_height(position, Fraction(int(most)))
        frozen = fraction(problem.recognition, problem, seat, position.rows, row)
        position = position.after(row, frozen)
    if position.bargaining.savings <= 0:
        return [late(problem, Fraction(1), ())]  # nothing to share: the contracts stand
    return settling(problem, position.rows)


def _profiles(played: Played, claims: list[Claim]) -> None:
    """Compare every profile's games with what Proposition 1 expects of them."""
    problem = played.cell.problem
    greedy = played.strategies == "greedy"
    f = default_costs(problem)
    for profile in map(tuple, np.unique(greedy, axis=0).tolist()):
        games = played.where((greedy == profile).all(axis=1))
        ways = profile_ways(problem, profile)
        who = ", ".join(str(k + 1) for k, most in enumerate(profile) if most) or "nobody"
        name = f"{problem.recognition}, seed {played.cell.seed}, {who} greedy"
        saved = sum(f) - sum(ways[0].costs)  # the same whoever proposes
        claims.append(Claim(f"{name}: saved", float(games.saved.mean()), float(saved), 0.0, games.games))
        for k in range(problem.agents):
            mean = sum((way.probability * way.costs[k] for way in ways), Fraction(0))
            variance = sum((way.probability * way.costs[k] ** 2 for way in ways), Fraction(0)) - mean**2
            error = sqrt(variance / games.games)
            claims.append(
                Claim(
                    f"{name}: agent {k + 1}", float(games.costs[:, k].mean()), float(mean), error, games.games
                )
            )


def page(experiment: Experiment, folder: Path) -> Page:
    """Measure what the page shows."""
    claims: list[Claim] = []
    for played in read(experiment, folder):
        _profiles(played, claims)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["cells"]
    generations = experiment.keys.generations
    functions = list(dict.fromkeys(cell.problem.recognition for cell in experiment.cells))
    saved = _by_cell(folder, generations)
    greedy = _greedy(folder, generations, len(experiment.cells))
    last = min(LAST, generations)
    rows = []
    for function in functions:
        cells = [cell.index for cell in experiment.cells if cell.problem.recognition == function]
        rest = summary[cells[0]]["prediction"]["rest"]
        rows.append(
            [
                function,
                interval([float(saved[c][0][0]) for c in cells]),
                percent(float(saved[cells[0]][1][0])),
                interval([float(saved[c][0][-last:].mean()) for c in cells]),
                percent(float(saved[cells[0]][1][-last:].mean())),
                percent(rest["saved_share"]) if rest else "—",
                *(interval([float(greedy[c][k][-last:].mean()) for c in cells]) for k in range(4)),
            ]
        )
    shown = [f"agent {k + 1} greedy" for k in range(4)]
    head = ["recognition", "saved, at first", "theory", "saved, in the end", "theory", "at rest"]
    return Page((table([*head, *shown], rows),), tuple(claims), _figure(experiment, functions, saved, greedy))


def _by_cell(folder: Path, generations: int) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Of each cell: the share of the possible savings that is made, as played and as expected."""
    rows = pq.read_table(folder / "savings.parquet")
    columns = (np.array(rows[name].to_pylist(), float) for name in ("saved_share", "predicted_saved_share"))
    played, expected = (column.reshape(generations, -1).T for column in columns)
    return list(zip(played, expected, strict=True))


def _greedy(folder: Path, generations: int, cells: int) -> NDArray[np.float64]:
    """Shares of greedy members, shape (cells, seats that have a choice, generations)."""
    rows: list[dict[str, Any]] = pq.read_table(
        folder / "generations.parquet", filters=[("strategy", "=", "greedy")]
    ).to_pylist()
    seats = len({row["seat"] for row in rows})
    result = np.zeros((cells, seats, generations))
    for row in rows:
        result[row["cell"], row["seat"], row["generation"]] = row["share"]
    return result


def _figure(
    experiment: Experiment,
    functions: list[str],
    saved: list[tuple[NDArray[np.float64], NDArray[np.float64]]],
    greedy: NDArray[np.float64],
) -> Figure:
    generations = np.arange(experiment.keys.generations)
    with axes_of(1 + len(functions), width=3.3) as (figure, axes):
        for k, function in enumerate(functions):
            cells = [cell.index for cell in experiment.cells if cell.problem.recognition == function]
            values = 100 * np.array([saved[c][0] for c in cells])
            color = COLORS[k]
            axes[0].fill_between(
                generations, values.min(axis=0), values.max(axis=0), color=color, alpha=0.2, lw=0
            )
            axes[0].plot(generations, values.mean(axis=0), color=color, lw=1.2, label=function)
            axes[0].plot(generations, 100 * saved[cells[0]][1], color=color, lw=1.2, ls=(0, (4, 2)))
            for seat in range(greedy.shape[1]):
                shares = 100 * greedy[cells, seat].mean(axis=0)
                axes[k + 1].plot(
                    generations, shares, color=COLORS[seat + 2], lw=1.2, label=f"agent {seat + 1}"
                )
            axes[k + 1].set_title(f"Greedy members, %: {function}")
            axes[k + 1].legend(frameon=False, loc="center right")
        axes[0].set_title("Savings, % of the possible ones\n(dashed: an infinite population)")
        axes[0].legend(frameon=False, loc="lower right")
        for each in axes:
            each.set_ylim(0, 103)
            each.set_xlabel("generation")
    return figure
