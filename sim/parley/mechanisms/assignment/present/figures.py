"""Pictures of random assignments: matrices, ranks, option sets, and what was drawn in a run."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from parley.kit.present.style import CONFIDENCE, INK, PALE, PLAYED, SHADE, THEORY, style
from parley.mechanisms.assignment.envy import prefix_sums
from parley.mechanisms.assignment.present.favourites import worse_region
from parley.mechanisms.assignment.present.solution import probability
from parley.mechanisms.assignment.present.words import ordinal, ranked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from fractions import Fraction

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from parley.mechanisms.assignment.lottery import Matrix
    from parley.mechanisms.assignment.options import OptionSet
    from parley.mechanisms.assignment.problem import Problem
    from parley.mechanisms.assignment.simulation import Simulation
    from parley.mechanisms.assignment.solution import Solution

__all__ = ["counts_figure", "matrix_figure", "option_figure", "rules_figure"]

WRITTEN = 12
"""Rows and columns up to which a heat map has its numbers written in."""
LONGEST = 18
"""Letters of a name beside a picture."""
NAMED = 40
"""Rows and columns up to which they are named."""
MOST_RANKS = 8
"""Ranks with a colour of their own."""
_HEAT = mpl.colors.LinearSegmentedColormap.from_list("", [PALE, PLAYED])
HALF = 0.55
"""Probability above which numbers are written in white."""
_HEIGHT = sqrt(3) / 2


def matrix_figure(solution: Solution) -> Figure:
    """Draw who gets what with which probability, and which ranks that gives.

    Left, the matrix as a heat map, exact numbers written in while there is room. Right, for each agent, how
    likely an item of its first choice is, of its second, and so on.

    Parameters
    ----------
    solution : Solution

    Returns
    -------
    matplotlib.figure.Figure
    """
    problem = solution.problem
    with style():
        figure = Figure(figsize=(13, max(3.2, min(9.0, 1.0 + 0.36 * problem.agents))), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        _heat(left, problem, solution.matrix, exact=solution.exact)
        left.set_title(f"Probabilities under {problem.rule}" + ("" if solution.exact else ", estimated"))
        _ranks(right, problem, solution.ranks)
        right.set_title("Ranks of what agents get")
        return figure


def rules_figure(solutions: Sequence[Solution]) -> Figure:
    """Draw matrices of one problem under several rules side by side, and what they give on average.

    Parameters
    ----------
    solutions : sequence of Solution
        Of problems that differ in their rule only.
    """
    problem = solutions[0].problem
    with style():
        width = 4.2 * len(solutions) + 3.6
        figure = Figure(figsize=(width, max(3.2, 1.5 + 0.45 * problem.agents)), layout="constrained")
        axes = figure.subplots(1, len(solutions) + 1, width_ratios=[*(4 for _ in solutions), 3.4])
        for here, solution in zip(axes, solutions, strict=False):
            _heat(here, problem, solution.matrix, exact=solution.exact)
            here.set_title(solution.problem.rule.replace("-", " "))
        _on_average(axes[-1], solutions)
        return figure


def option_figure(sets: Sequence[OptionSet]) -> Figure:
    """Draw what agents could have had by reporting otherwise, and that they got what they like best.

    Of three items, an option set is drawn into the triangle of lotteries over them, a corner for each item:
    what an agent could have had, what it got, and, if its utilities are known, the line of lotteries that are
    worth as much to it, beyond which a better one would be. Of another number of items, or where an agent may
    get nothing, there is a curve for each lottery: the probability of an item of the first choice, of one of
    the first two, and so on. Without utilities, what an agent got is its favourite if no curve is above its
    own anywhere.

    Parameters
    ----------
    sets : sequence of OptionSet
        At least one.
    """
    with style():
        figure = Figure(figsize=(4.4 * len(sets), 4.2), layout="constrained")
        axes = figure.subplots(1, len(sets), squeeze=False)[0]
        for here, options in zip(axes, sets, strict=True):
            if len(options.problem.items) == 3 and sum(options.own) == 1:
                _triangle(here, options)
            else:
                _curves(here, options)
        return figure


# ── matrices ────────────────────────────────────────────────────────────────────────────────────────────────


def _heat(axes: Axes, problem: Problem, matrix: Matrix, *, exact: bool) -> None:
    values = np.array([[float(p) for p in row] for row in matrix])
    axes.imshow(values, cmap=_HEAT, vmin=0, vmax=1, aspect="auto")
    if max(problem.shape) <= WRITTEN:
        for i, row in enumerate(matrix):
            for o, p in enumerate(row):
                text = probability(p, exact=exact) if p else "0"
                color = "white" if p > HALF else INK
                axes.text(o, i, text, ha="center", va="center", color=color, alpha=1.0 if p else 0.35)
    name_grid(axes, problem)


def name_grid(axes: Axes, problem: Problem) -> None:
    """Name rows by agents and columns by items, as far as there is room."""
    agents, items = problem.shape
    axes.set_yticks(range(agents), _short(problem.agent_names)) if agents <= NAMED else axes.set_ylabel(
        "agents"
    )
    if items <= NAMED:
        names = _short(problem.items)
        turned = max(map(len, names)) * items > 60
        axes.set_xticks(range(items), names, rotation=90 if turned else 0)
    else:
        axes.set_xlabel("items")
    if max(problem.shape) <= NAMED:  # a seam between cells
        axes.set_xticks(np.arange(items + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(agents + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="white", lw=1)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)


def _short(names: Iterable[str], most: int = LONGEST) -> list[str]:
    """Names as far as there is room for them."""
    return [name if len(name) <= most else f"{name[: most - 1]}…" for name in names]


def _shades(count: int) -> list[Any]:
    """Colours of ranks, the first one darkest."""
    map_ = mpl.colors.LinearSegmentedColormap.from_list("", [PLAYED, SHADE])
    return [map_(k / max(1, count - 1)) for k in range(count)]


def _ranks(axes: Axes, problem: Problem, ranks: Matrix) -> None:
    """One bar for each agent, divided by ranks; what is lacking to 1 is that of getting nothing."""
    columns = [[float(row[k]) for row in ranks] for k in range(min(MOST_RANKS, len(ranks[0])))]
    if len(ranks[0]) > MOST_RANKS:
        columns.append([float(sum(row[MOST_RANKS:])) for row in ranks])
    left = np.zeros(problem.agents)
    seats = np.arange(problem.agents)
    for k, (column, color) in enumerate(zip(columns, _shades(len(columns)), strict=True)):
        label = ordinal(k + 1) if k < MOST_RANKS else "later"
        axes.barh(seats, column, left=left, height=0.8, color=color, label=label)
        left += column
    axes.set_ylim(problem.agents - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.set_yticks(seats, _short(problem.agent_names) if problem.agents <= NAMED else [""] * problem.agents)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("probability")
    axes.spines[["top", "right"]].set_visible(False)
    if columns:  # somebody wants something
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1), fontsize=8)


def _on_average(axes: Axes, solutions: Sequence[Solution]) -> None:
    """Probability that an agent gets one of its first k choices, on average, rule by rule."""
    styles = ("o-", "s--", "^-.", "D:", "v-")
    colors = (THEORY, PLAYED, INK, SHADE, THEORY)
    for solution, mark, color in zip(solutions, styles, colors, strict=False):
        means = [float(sum(column)) / solution.problem.agents for column in zip(*solution.ranks, strict=True)]
        sums = np.cumsum(means)
        axes.plot(
            range(1, len(sums) + 1), sums, mark, color=color, label=solution.problem.rule.replace("-", " ")
        )
    axes.set_xticks(range(1, len(solutions[0].ranks[0]) + 1))
    axes.set_ylim(0, 1.03)
    axes.set_xlabel("one of the first k choices")
    axes.set_ylabel("probability, on average")
    axes.set_title("Who gets what it wants")
    axes.grid(color=SHADE, lw=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right", fontsize=8)


# ── option sets ─────────────────────────────────────────────────────────────────────────────────────────────


def _place(row: Sequence[Fraction | float]) -> tuple[float, float]:
    """Where a lottery over three items stands: the first one's corner is left, the second one's on top.

    Examples
    --------
    >>> _place((0, 0, 1)), _place((0.5, 0, 0.5))
    ((1.0, 0.0), (0.5, 0.0))
    """
    _, b, c = map(float, row)
    return c + b / 2, b * _HEIGHT


def _heading(options: OptionSet) -> str:
    """Whose set it is, and what it wants: of long names the beginnings, and of long rankings."""
    (name,) = _short([options.problem.agent_names[options.agent]])
    (wants,) = _short([ranked(options.truth.ranking, _short(options.problem.items, 10))], 40)
    return f"{name}: {wants}"


def _triangle(axes: Axes, options: OptionSet) -> None:
    items = options.problem.items
    ends = [tuple(float(k == o) for k in range(3)) for o in range(3)]
    axes.add_patch(Polygon([*map(_place, ends)], closed=True, facecolor="white", edgecolor=INK, lw=0.8))
    worse = worse_region(options.problem, options.agent, options.own)
    axes.add_patch(Polygon([*map(_place, worse)], closed=True, facecolor=SHADE, alpha=0.6, lw=0))
    for end, name, (dx, dy) in zip(
        ends, _short(items, 12), ((-0.05, -0.05), (0, 0.06), (0.05, -0.05)), strict=True
    ):
        x, y = _place(end)
        axes.text(x + dx, y + dy, name, ha="center", va="center", fontweight="bold", in_layout=False)
    rows = [row for row in options.lotteries if sum(row) == 1]
    for row in rows:
        x, y = _place(row)
        own = row == options.own
        axes.plot(
            x,
            y,
            marker="*" if own else "o",
            ms=16 if own else 7,
            color=THEORY if own or options.better(row) else PLAYED,
            markeredgecolor="white",
            zorder=4 if own else 3,
        )
        if 1 in row:
            continue  # at a corner, whose name says it
        # Outside of the triangle's sides; below what is inside.
        a, b, c = row
        right, left = not a, not c
        axes.annotate(
            ", ".join(map(str, row)),
            (x, y),
            xytext=(10 if right else -10 if left else 0, 0 if b and (right or left) else -14),
            textcoords="offset points",
            ha="left" if right else "right" if left else "center",
            va="center",
            fontsize=8,
            fontweight="bold" if own else "normal",
            zorder=5,
            in_layout=False,
        )
    axes.text(0.5, 1.06, _heading(options), ha="center", va="center", fontsize=11, in_layout=False)
    axes.set_xlim(-0.2, 1.2)
    axes.set_ylim(-0.26, 1.1)
    axes.set_aspect("equal")
    axes.set_axis_off()
    others = len(options.lotteries) - len(rows)
    whatever = "" if options.problem.utilities is not None else ", whatever its utilities"
    said = f"star: what it gets; shaded: no better{whatever}"
    if others:
        said += f"\n{others} more lotteries may give it nothing"
    axes.text(0.5, -0.2, said, ha="center", va="center", fontsize=8, in_layout=False)


def _curves(axes: Axes, options: OptionSet) -> None:
    ranking = options.truth.ranking
    steps = range(len(ranking) + 1)
    drawn: set[str] = set()
    for row in sorted(options.lotteries, key=lambda row: row == options.own):  # its own above all
        sums = [0.0, *map(float, prefix_sums(ranking, row))]
        own = row == options.own
        better = not own and options.better(row)
        label = "what it gets" if own else "better for it" if better else "what it could have had"
        axes.plot(
            steps,
            sums,
            "o-" if own else "-",
            color=THEORY if own else INK if better else PLAYED,
            lw=2.5 if own else 1,
            alpha=1 if own or better else 0.5,
            label=None if label in drawn else label,
        )
        drawn.add(label)
    axes.set_title(_heading(options), fontsize=11)
    axes.set_xticks(steps)
    axes.set_xlim(0, max(1, len(ranking)))
    axes.set_ylim(0, 1.03)
    axes.set_xlabel("one of the first k choices")
    axes.set_ylabel("probability")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right", fontsize=8)


# ── runs ────────────────────────────────────────────────────────────────────────────────────────────────────


def counts_figure(run: Simulation) -> Figure:
    """Draw who got what in a run, against the probabilities.

    Left, the share of lotteries in which each agent got each item, with its probability below. Right, by how
    much every such share misses its probability, and the band in which 95% of them are expected.

    Parameters
    ----------
    run : Simulation

    Returns
    -------
    matplotlib.figure.Figure
    """
    problem, comparison = run.problem, run.comparison
    drawn = max(1, sum(comparison.counts[0]))
    shares = np.array([row[:-1] for row in comparison.counts]) / drawn
    theory = np.array([[float(p) for p in row[:-1]] for row in comparison.expected]) / drawn
    with style():
        figure = Figure(figsize=(13, max(3.6, min(9.0, 1.0 + 0.5 * problem.agents))), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        left.imshow(shares, cmap=_HEAT, vmin=0, vmax=1, aspect="auto")
        if max(problem.shape) <= WRITTEN:
            for (i, o), share in np.ndenumerate(shares):
                certain = share == theory[i, o] == 0
                text = "0" if certain else f"{100 * share:.1f}%\n({100 * theory[i, o]:.1f}%)"
                color = "white" if share > HALF else INK
                left.text(
                    o,
                    i,
                    text,
                    ha="center",
                    va="center",
                    color=color,
                    fontsize=8,
                    alpha=0.35 if certain else 1,
                )
        name_grid(left, problem)
        left.set_title(f"Who got what in {drawn:,} lotteries ({problem.rule}; in brackets: theory)")
        _funnel(right, theory, shares, drawn)
        return figure


def _funnel(axes: Axes, theory: NDArray[np.float64], shares: NDArray[np.float64], drawn: int) -> None:
    p = np.linspace(0, 1, 201)
    band = CONFIDENCE * np.sqrt(p * (1 - p) / drawn)
    axes.fill_between(p, -band, band, color=SHADE, alpha=0.7, lw=0, label="95% of them if theory holds")
    axes.axhline(0, color=THEORY, lw=1.5)
    axes.plot(
        theory.ravel(), (shares - theory).ravel(), "o", ms=5, color=PLAYED, label="an agent and an item"
    )
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("probability")
    axes.set_ylabel("share less probability")
    axes.set_title("How far from theory")
    axes.spines[["top", "right"]].set_visible(False)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.25 * (high - low))
    axes.legend(frameon=False, fontsize=8, loc="upper center", ncols=2)
