"""Two that collude: what a pair gains by announcing together, by sharing its secrets, and who pays for it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.axioms.manipulation import manipulations
from parley.mechanisms.coordination.axioms.triple import recognition_of
from parley.mechanisms.coordination.bargaining import default_costs
from scripts.shipped.common import COLORS, Z95, Claim, Page, axes_of, percent, read, table
from scripts.shipped.laws import Sum, Way, late, settling

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from parley.mechanisms.coordination.experiment.specification import Experiment
    from parley.mechanisms.coordination.problem import Problem
    from scripts.shipped.common import Played

__all__ = ["page", "pair_ways"]

PAIR = (0, 2)
KINDS = {"colluding": "announce together", "Sharing": "share their secrets", "Picking": "pick the proposer"}
"""By what stands in the strategy's name."""
OTHER = 1


def pair_ways(problem: Problem, kind: str, pair: tuple[int, int] = PAIR) -> list[Way]:
    """All ways in which a game may go with a pair in it; the others play the equilibrium.

    Parameters
    ----------
    kind : str
        A key of ``KINDS``. One that announces together does so as is best for both, by exhaustive search; one
        that picks the proposer lets the game expire unless it is one of the two, and loses the bond of the
        one that reveals last.
    pair : (int, int)
        From 0, ascending.

    Returns
    -------
    list of Way
        Probabilities sum to one.
    """
    if kind == "colluding":
        found = manipulations(problem, recognition_of(problem.recognition)).pairs
        best = next(entry for entry in found if entry.agents == pair)
        if not best.exhaustive:
            raise AssertionError("not all joint announcements were tried")
        return settling(problem, best.outcome.allocation)
    settled = settling(problem, cost_effective(problem).matrix)
    if kind == "Sharing":
        return settled
    picked = [settled[k] for k in pair]
    missed = 1 - sum((way.probability for way in picked), Fraction(0))
    return [*picked, late(problem, missed, pair[1:])]


def _of_kind(played: Played, kind: str) -> Played:
    named = np.char.find(played.strategies, kind) >= 0
    return played.where(named[:, PAIR[0]] & named[:, PAIR[1]])


def _saved(name: str, played: Played, ways: list[Way], seats: tuple[int, ...]) -> Claim:
    """What some agents save together in a game."""
    f = default_costs(played.cell.problem)
    alone = sum((f[k] for k in seats), Fraction(0))
    entry = Sum()
    total = played.games * float(alone) - float(played.costs[:, list(seats)].sum())
    law = [(way.probability, alone - sum(way.costs[k] for k in seats)) for way in ways]
    entry.add(total, played.games, law)
    return entry.mean(name)


def page(experiment: Experiment, folder: Path) -> Page:
    """Measure what the page shows."""
    claims: list[Claim] = []
    rows, under_p_star = [], []
    bars: dict[tuple[str, str], tuple[Claim, Claim]] = {}
    for played in read(experiment, folder):
        problem = played.cell.problem
        function = problem.recognition
        everybody = tuple(range(problem.agents))
        for kind, words in KINDS.items():
            games, ways = _of_kind(played, kind), pair_ways(problem, kind)
            name = f"{function}, {words}"
            found = [
                _saved(f"{name}: {who} saved", games, ways, seats)
                for who, seats in (("the pair", PAIR), ("agent 2", (OTHER,)), ("all", everybody))
            ]
            late_ways = sum((way.probability for way in ways if way.late), Fraction(0))
            expired = Sum()
            chances = [(late_ways, Fraction(1)), (1 - late_ways, Fraction(0))]
            expired.add(float((games.endings == "expired").sum()), games.games, chances)
            found.append(expired.mean(f"{name}: expired"))
            claims += found
            bars[function, kind] = found[0], found[1]
            *three, lost = found
            rows.append(
                [
                    function,
                    words,
                    str(games.games),
                    *(text for claim in three for text in (f"{claim.measured:.2f}", f"{claim.theory:.2f}")),
                    percent(lost.measured, 0),
                ]
            )
            if function == "p-star":
                each = [_saved(f"{name}: agent {k + 1} saved", games, ways, (k,)) for k in everybody]
                claims += each
                under_p_star.append([words, *_exactly(problem, ways, each)])
    saved = [text for who in ("the pair", "agent 2", "all") for text in (f"{who} saved", "theory")]
    tables = (
        table(["recognition", "the pair …", "games", *saved, "expired"], rows, texts=2),
        table(
            ["under p*, the pair …", *(text for k in (1, 2, 3) for text in (f"agent {k} saved", "theory"))],
            under_p_star,
        ),
    )
    return Page(tables, tuple(claims), _figure(bars))


def _exactly(problem: Problem, ways: list[Way], each: list[Claim]) -> list[str]:
    f = default_costs(problem)
    cells = []
    for k, claim in enumerate(each):
        exact = f[k] - sum((way.probability * way.costs[k] for way in ways), Fraction(0))
        cells += [f"{claim.measured:.2f} ± {Z95 * claim.error:.2f}", str(exact)]
    return cells


def _figure(bars: dict[tuple[str, str], tuple[Claim, Claim]]) -> Figure:
    functions = list(dict.fromkeys(function for function, _ in bars))
    with axes_of(2, width=4.6, height=3.4) as (figure, axes):
        for panel, title in enumerate(("What the pair saves (agents 1 and 3)", "What agent 2 saves")):
            for b, (kind, words) in enumerate(KINDS.items()):
                found = [bars[function, kind][panel] for function in functions]
                places = [k + 0.27 * (b - 1) for k in range(len(functions))]
                axes[panel].barh(
                    places,
                    [claim.theory for claim in found],
                    height=0.25,
                    color=COLORS[b],
                    alpha=0.35,
                    label=f"{words}: theory",
                )
                axes[panel].errorbar(
                    [claim.measured for claim in found],
                    places,
                    xerr=[Z95 * claim.error for claim in found],
                    fmt="o",
                    ms=3,
                    capsize=2,
                    color=COLORS[b],
                    label="played",
                )
            axes[panel].set_title(title)
            axes[panel].set_yticks(range(len(functions)), functions if not panel else [])
            axes[panel].invert_yaxis()
            axes[panel].set_xlabel("savings")
            axes[panel].axvline(0, color="black", lw=0.6)
        labels = axes[0].get_legend_handles_labels()
        figure.legend(*labels, frameon=False, loc="outside lower center", ncols=3)
    return figure
