"""Pictures of a run."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from sim.coordination.simulation import Simulation

__all__ = ["cost_figure", "save"]

_INK = "#1b2a41"
_THEORY = "#d1495b"
_PLAYED = "#2e6f95"
_SHADE = "#c9d6df"

CONFIDENCE = 1.96
"""Half-width of the bars in standard errors: 95% for means of many games."""


def cost_figure(run: Simulation) -> Figure:
    """Mean cost per agent against theory, how far apart they are, and recognitions against probabilities.

    Left, for every agent: f_i(d_i) as a shaded bar, the equilibrium's expected cost as a line across it, the
    mean of what was paid as a point. Middle, enlarged: that mean less theory, with a 95% confidence interval.
    Right: how often each agent was recognized first, with what its probability gives.

    Parameters
    ----------
    run : Simulation

    Returns
    -------
    matplotlib.figure.Figure
    """
    problem, agents = run.problem, run.comparison.agents
    seats = np.arange(problem.agents)
    labels = problem.agent_names if problem.agents <= 12 else [str(i + 1) for i in seats]
    with mpl.rc_context(
        {"font.size": 9, "axes.edgecolor": _INK, "axes.labelcolor": _INK, "svg.hashsalt": "parley"}
    ):
        figure = Figure(figsize=(13, 4), layout="constrained")
        costs, gaps, draws = figure.subplots(1, 3, width_ratios=(4, 3, 3))
        contracted = [float(problem.cost(i, int(d.sum()))) for i, d in enumerate(problem.contracted)]
        expected = [float(agent.expected) for agent in agents]
        costs.bar(seats, contracted, width=0.7, color=_SHADE, label="without coordination, f(d)")
        costs.hlines(expected, seats - 0.35, seats + 0.35, color=_THEORY, lw=2, label="theory, f(d) − pΔ")
        costs.plot(
            seats, [float(agent.mean) for agent in agents], "o", ms=5, color=_PLAYED, label="played, mean"
        )
        costs.axhline(0, color=_INK, lw=0.6)
        costs.set_xticks(seats, labels)
        costs.set_ylabel("cost")
        costs.set_title("What each agent paid on average")
        costs.legend(frameon=False)

        gaps.axhline(0, color=_THEORY, lw=2)
        gaps.errorbar(
            seats,
            [float(agent.mean - agent.expected) for agent in agents],
            yerr=[CONFIDENCE * agent.std_error for agent in agents],
            fmt="o",
            ms=5,
            capsize=5,
            color=_PLAYED,
        )
        gaps.set_xticks(seats, labels)
        gaps.set_xlim(-0.5, problem.agents - 0.5)
        gaps.set_ylabel("mean cost less theory")
        gaps.set_title("How far from theory (95% intervals)")

        drawn = sum(run.tally.proposed)
        draws.bar(seats, run.tally.proposed, width=0.7, color=_PLAYED, alpha=0.75, label="proposed first")
        draws.hlines(
            [float(count) for count in run.comparison.proposer_expected],
            seats - 0.35,
            seats + 0.35,
            color=_THEORY,
            lw=2,
            label="expected",
        )
        draws.set_xticks(seats, labels)
        draws.set_ylabel(f"games of {drawn:,}")
        draws.set_title(f"Who was recognized ({problem.recognition})")
        draws.legend(frameon=False)
        for axes in (costs, gaps, draws):
            axes.spines[["top", "right"]].set_visible(False)
            if problem.agents > 20:
                axes.tick_params(axis="x", labelrotation=90, labelsize=6)
        return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure in the format of the path's ending, the same bytes for the same figure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"Date": None} if path.suffix == ".svg" else None
    figure.savefig(path, dpi=160, metadata=metadata)
