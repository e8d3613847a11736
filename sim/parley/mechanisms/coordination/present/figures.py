"""Pictures of a run, and of an audit."""

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from parley.kit.present.style import CONFIDENCE, INK, PALE, PLAYED, SHADE, THEORY, style
from parley.mechanisms.coordination.audit import AXIOMS, Audit
from parley.mechanisms.coordination.present.words import in_words
from parley.mechanisms.coordination.simulation import Simulation

__all__ = ["audit_figure", "cost_figure"]


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
    with style():
        figure = Figure(figsize=(13, 4), layout="constrained")
        costs, gaps, draws = figure.subplots(1, 3, width_ratios=(4, 3, 3))
        contracted = [float(problem.cost(i, int(d.sum()))) for i, d in enumerate(problem.contracted)]
        expected = [float(agent.expected) for agent in agents]
        costs.bar(seats, contracted, width=0.7, color=SHADE, label="without coordination, f(d)")
        costs.hlines(expected, seats - 0.35, seats + 0.35, color=THEORY, lw=2, label="theory, f(d) − pΔ")
        costs.plot(
            seats, [float(agent.mean) for agent in agents], "o", ms=5, color=PLAYED, label="played, mean"
        )
        costs.axhline(0, color=INK, lw=0.6)
        costs.set_xticks(seats, labels)
        costs.set_ylabel("cost")
        costs.set_title("What each agent paid on average")
        costs.legend(frameon=False)

        gaps.axhline(0, color=THEORY, lw=2)
        gaps.errorbar(
            seats,
            [float(agent.mean - agent.expected) for agent in agents],
            yerr=[CONFIDENCE * agent.std_error for agent in agents],
            fmt="o",
            ms=5,
            capsize=5,
            color=PLAYED,
        )
        gaps.set_xticks(seats, labels)
        gaps.set_xlim(-0.5, problem.agents - 0.5)
        gaps.set_ylabel("mean cost less theory")
        gaps.set_title("How far from theory (95% intervals)")

        drawn = sum(run.tally.proposed)
        draws.bar(seats, run.tally.proposed, width=0.7, color=PLAYED, alpha=0.75, label="proposed first")
        draws.hlines(
            [float(count) for count in run.comparison.proposer_expected],
            seats - 0.35,
            seats + 0.35,
            color=THEORY,
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


def audit_figure(audit: Audit) -> Figure:
    """Axioms by function, and what agents gain alone (on the diagonal) and in pairs.

    Parameters
    ----------
    audit : Audit

    Returns
    -------
    matplotlib.figure.Figure
    """
    functions = audit.table()
    n = audit.problem.agents
    with style():
        figure = Figure(figsize=(13, 4.2), layout="constrained")
        axioms, gains = figure.subplots(1, 2, width_ratios=(3, 2))
        axioms.set_xlim(-0.5, len(AXIOMS) - 0.5)
        axioms.set_ylim(len(functions) - 0.5, -0.5)
        for y, verdicts in enumerate(functions.values()):
            for x, verdict in enumerate(verdicts.values()):
                color = THEORY if verdict.witness is not None else PLAYED if verdict.holds else SHADE
                axioms.add_patch(
                    mpl.patches.Rectangle((x - 0.47, y - 0.42), 0.94, 0.84, color=color, alpha=0.85, lw=0)
                )
                axioms.text(x, y, in_words(verdict), ha="center", va="center", color="white", fontsize=7.5)
        axioms.set_xticks(range(len(AXIOMS)), list(AXIOMS.values()))
        axioms.set_yticks(range(len(functions)), list(functions))
        axioms.tick_params(length=0)
        axioms.set_title("Which axioms hold, and which problem of the search refutes the others")
        axioms.spines[:].set_visible(False)

        table = np.full((n, n), np.nan)
        for entry in audit.manipulations.entries:
            i, j = entry.agents[0], entry.agents[-1]
            table[i, j] = float(entry.gain)
        highest = float(np.nanmax(table)) or 1.0
        shown = gains.imshow(
            table,
            cmap=mpl.colors.LinearSegmentedColormap.from_list("", [PALE, THEORY]),
            vmin=0,
            vmax=highest,
        )
        if n <= 10:
            for i in range(n):
                for j in range(i, n):
                    if not np.isnan(table[i, j]):
                        gains.text(
                            j, i, f"{table[i, j]:.3g}", ha="center", va="center", fontsize=8, color=INK
                        )
        labels = [str(i + 1) for i in range(n)]
        gains.set_xticks(range(n), labels)
        gains.set_yticks(range(n), labels)
        gains.set_xlabel("and agent")
        gains.set_ylabel("agent")
        gains.set_title("Gains alone (diagonal) and in pairs")
        gains.spines[:].set_visible(False)
        figure.colorbar(shown, ax=gains, label="cost")
        return figure
