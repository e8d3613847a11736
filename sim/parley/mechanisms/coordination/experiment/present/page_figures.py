"""Pictures of an experiment, for slides and papers: who is there, what is saved, what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from parley.kit.present.page_model import Z95
from parley.kit.present.style import INK, PLAYED, SHADE, THEORY, save, style
from parley.mechanisms.coordination.experiment.present.page_tables import together

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from parley.mechanisms.coordination.experiment.present.page_tables import Cell, Experiment

__all__ = ["experiment_cost_figure", "population_figure", "write_figures"]

COLORS = ("#1d6a99", "#c2541a", "#26804f", "#8148b5", "#9a6f00", "#b5327a", "#4f6b7a", "#7a5230")
"""Of the strategies: those of the page."""
MOST = 6
"""Settings side by side."""


def write_figures(run: Experiment, folder: Path) -> list[str]:
    """Write the pictures of an experiment into a folder, as PNG and SVG.

    Parameters
    ----------
    run : Experiment
    folder : Path

    Returns
    -------
    list of str
        Names of the files.
    """
    figures = {"population": population_figure(run), "costs": experiment_cost_figure(run)}
    written = []
    with style(axes_titlesize=9):
        for name, figure in figures.items():
            for ending in ("png", "svg"):
                save(figure, folder / f"{name}.{ending}")
                written.append(f"{name}.{ending}")
    return written


def population_figure(run: Experiment) -> Figure:
    """Strategies' shares and savings over the generations, one column for each setting, with theory.

    Top: shares of all members who have a choice, stacked, with the borders that theory expects of a very
    large population (dashed). Bottom: savings realized as a share of the possible ones with 95% intervals,
    what theory expects over the generations (dashed), and where it comes to rest (a line across).

    Parameters
    ----------
    run : Experiment

    Returns
    -------
    matplotlib.figure.Figure
    """
    settings = list(run.settings.items())[:MOST]
    with style(axes_titlesize=9):
        figure = Figure(figsize=(max(4.6, 3.9 * len(settings)), 5.2), layout="constrained")
        grid = figure.subplots(2, max(1, len(settings)), sharex="col", sharey="row", squeeze=False)
        for column, (setting, cells) in enumerate(settings):
            _shares(grid[0, column], run, cells)
            _savings(grid[1, column], cells)
            grid[0, column].set_title(setting, fontweight="bold")
        grid[0, 0].set_ylabel("members (%)")
        grid[1, 0].set_ylabel("savings, of the possible (%)")
        for axes in grid.flat:
            axes.spines[["top", "right"]].set_visible(False)
        shown: dict[str, Any] = {}
        for axes in (grid[0, 0], grid[1, 0]):
            handles, labels = axes.get_legend_handles_labels()
            shown |= dict(zip(labels, handles, strict=True))
        if shown:
            figure.legend(
                list(shown.values()), list(shown), loc="outside lower center", ncols=4, frameon=False
            )
    return figure


def _shares(axes: Axes, run: Experiment, cells: list[Cell]) -> None:
    generations = cells[0].generations
    means = np.array(
        [
            [np.mean([cell.shares[g].get(name, 0.0) for cell in cells]) for g in generations]
            for name in run.strategies
        ]
    )
    colors = [COLORS[k % len(COLORS)] for k in range(len(run.strategies))]
    x = [*generations, generations[-1] + 1] if len(generations) == 1 else generations
    stacked = 100 * (np.repeat(means, 2, axis=1) if len(generations) == 1 else means)
    axes.stackplot(x, stacked, colors=colors, labels=run.strategies, alpha=0.9)
    theory = [cells[0].predicted_shares.get(g) for g in generations]
    if len(generations) > 1 and all(theory):
        border = np.zeros(len(generations))
        for name in run.strategies[:-1]:
            border = border + [100 * (shares or {}).get(name, 0.0) for shares in theory]
            axes.plot(generations, border, color=INK, lw=1.2, ls=(0, (5, 3)))
    axes.set_ylim(0, 100)
    axes.set_xlim(x[0], x[-1])


def _savings(axes: Axes, cells: list[Cell]) -> None:
    points = []
    for generation in cells[0].generations:
        found = together(cell.saved([generation]) for cell in cells)
        if found is not None:
            points.append((generation, 100 * found[0], 100 * found[1]))
    if points:
        generations, means, halves = map(np.array, zip(*points, strict=True))
        if len(points) == 1:
            axes.errorbar(
                generations + 0.5, means, yerr=halves, fmt="o", color=PLAYED, capsize=4, label="saved"
            )
        else:
            axes.fill_between(generations, means - halves, means + halves, color=PLAYED, alpha=0.25, lw=0)
            axes.plot(generations, means, color=PLAYED, lw=1.8, label="saved, with 95% interval")
    predicted = cells[0].predicted_saved
    if len(predicted) > 1:
        course = sorted(predicted.items())
        x, y = zip(*course, strict=True)
        axes.plot(
            x, [100 * share for share in y], color=THEORY, lw=1.5, ls=(0, (5, 3)), label="theory's course"
        )
    if cells[0].rest is not None:
        level = 100 * cells[0].rest["saved_share"]
        axes.axhline(level, color=THEORY, lw=0.9)
        axes.annotate(
            f"theory rests at {level:.1f}%",
            (1, level),
            xycoords=("axes fraction", "data"),
            xytext=(-2, -4 if level > 85 else 4),
            textcoords="offset points",
            ha="right",
            va="top" if level > 85 else "bottom",
            color=THEORY,
            fontsize=8,
        )
    axes.axhline(0, color=INK, lw=0.6)
    lowest = min([0.0, *(mean - half for _, mean, half in points)])
    axes.set_ylim(lowest, 104)
    axes.set_xlabel("generation")


def experiment_cost_figure(run: Experiment) -> Figure:
    """How far each agent's mean cost is from theory, with 95% intervals: one panel for each setting.

    Parameters
    ----------
    run : Experiment

    Returns
    -------
    matplotlib.figure.Figure
        Several runs of a setting stand side by side above each agent.
    """
    settings = [(name, cells) for name, cells in run.settings.items() if cells[0].summary.get("agents")][
        :MOST
    ]
    with style(axes_titlesize=9):
        figure = Figure(figsize=(max(4.6, 3.9 * len(settings)), 3.2), layout="constrained")
        row = figure.subplots(1, max(1, len(settings)), squeeze=False)[0]
        for axes, (setting, cells) in zip(row, settings, strict=False):
            names = [cells[0].agent_name(entry["agent"]) for entry in cells[0].summary["agents"]]
            axes.axhline(0, color=THEORY, lw=1.8)
            for k, cell in enumerate(cells):
                known = [
                    (seat, entry["mean_cost"] - float(entry["expected_cost"]), entry["std_error"])
                    for seat, entry in enumerate(cell.summary["agents"])
                    if entry["expected_cost"] is not None
                ]
                if not known:
                    continue
                seats, gaps, errors = map(np.array, zip(*known, strict=True))
                shift = (k - (len(cells) - 1) / 2) * 0.7 / max(1, len(cells))
                axes.errorbar(
                    seats + shift, gaps, yerr=Z95 * errors, fmt="o", ms=4, capsize=3, color=PLAYED, lw=1.2
                )
            axes.set_xticks(
                range(len(names)), names if len(names) <= 12 else [str(k + 1) for k in range(len(names))]
            )
            axes.grid(axis="y", color=SHADE, lw=0.5)
            axes.set_title(setting, fontweight="bold")
            axes.spines[["top", "right"]].set_visible(False)
        row[0].set_ylabel("mean cost less theory")
    return figure
