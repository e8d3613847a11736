"""Print the tables of docs/studies/team-study.md, and draw its pictures.

    python scripts/team.py --out docs/images --labels mturk_adult2_gold_labels.csv

``team-price.svg`` is what fairness costs against the number of agents; ``team-shares.svg`` the shares of one
team over cut-offs under three rules; ``team-crowd.svg`` whom of a crowd one hires as costs rise, and needs
the crowd's labels.
"""

from __future__ import annotations

import argparse
import sys
from fractions import Fraction
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from matplotlib.figure import Figure

from parley.kit.present.style import INK, OTHER, PLAYED, SHADE, THEORY, save, style
from parley.mechanisms.team.imported import read_labels
from parley.mechanisms.team.problem import Problem
from parley.mechanisms.team.shares import cutoffs, minimum_share
from parley.mechanisms.team.solution import solve
from parley.mechanisms.team.study import Hired, family, hired_as_costs_rise, price, random_team

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

SIZES = (5, 10, 20, 50, 100, 200, 500, 1000)
SEEDS = 20
SHOWN = 40
"""Agents of the picture of shares."""
LEVELS = tuple(Fraction(n, 2000) for n in (8, 10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448))
"""What labelling all items costs, in units of the reward."""


class Size(NamedTuple):
    """Random teams of one size: shares lost, in per cent."""

    agents: int
    mean: float
    most: float
    equal: float
    proven: bool


def measured(agents: int, seeds: int) -> Size:
    """Measure random teams of one size."""
    found = [price(random_team(agents, seed)) for seed in range(seeds)]
    lost = [100 * float(one.lost) for one in found]
    equal = [100 * float(1 - one.nondiscriminatory / one.fair) if one.fair else 0.0 for one in found]
    return Size(agents, fmean(lost), max(lost), fmean(equal), all(one.proven for one in found))


def price_picture(sizes: Sequence[Size]) -> Figure:
    """Draw what fairness costs against the number of agents."""
    with style():
        drawn = Figure(figsize=(5.6, 3.6), layout="constrained")
        axes = drawn.subplots()
        grown = family()
        axes.plot([one.agents for one in grown], [100 * float(one.lost) for one in grown], "o-", color=THEORY)
        axes.annotate("a family in which it grows without bound", (4, 41), color=THEORY, fontsize=8)
        axes.plot([one.agents for one in sizes], [one.mean for one in sizes], "s-", color=PLAYED)
        axes.plot([one.agents for one in sizes], [one.most for one in sizes], ":", color=PLAYED)
        axes.annotate("random teams: mean, and dotted the most", (30, 12), color=PLAYED, fontsize=8)
        axes.set(xscale="log", xlabel="agents", ylabel="revenue lost to fairness (%)", ylim=(0, None))
        _label_logarithms(axes, (1, 10, 100, 1000))
        axes.spines[["top", "right"]].set_visible(False)
    return drawn


def shares_picture(problem: Problem) -> Figure:
    """Draw the shares of members over their cut-offs, under three rules."""
    found = solve(problem)
    rules = (
        ("without fairness", found.unconstrained, OTHER),
        ("fair", found.fair, PLAYED),
        ("equal shares", found.nondiscriminatory, THEORY),
    )
    with style():
        drawn = Figure(figsize=(9.0, 3.2), layout="constrained")
        panels = drawn.subplots(1, len(rules), sharex=True, sharey=True)
        for axes, (name, best, color) in zip(panels, rules, strict=True):
            if best is None:
                continue
            needed = [float(cutoff or 0) for cutoff in cutoffs(problem, best.team)]
            axes.plot([0, max(needed)], [0, max(needed)], color=SHADE, zorder=0)
            axes.plot(needed, list(map(float, best.contract.shares)), "o", ms=4, color=color)
            floor = minimum_share(problem, best.team)
            if floor is not None:
                axes.axhline(float(floor), color=INK, lw=0.8, ls="--")
            axes.set_title(f"{name}: {len(best.team)} hired, revenue {float(best.revenue):.3f}")
            axes.set_xlabel("cut-off")
            axes.spines[["top", "right"]].set_visible(False)
        panels[0].set_ylabel("share of the reward")
        panels[0].annotate(
            "minimum share of this team", (0, 0), (0.03, 0.93), None, "axes fraction", fontsize=8
        )
    return drawn


def crowd_picture(problem: Problem, levels: Sequence[Hired]) -> Figure:
    """Draw who is hired at each level of costs."""
    ever = [agent for agent in range(problem.agents) if any(agent in one.contract.team for one in levels)]
    ever.sort(key=lambda agent: -sum(agent in one.contract.team for one in levels))
    with style():
        drawn = Figure(figsize=(7.2, 1.2 + 0.2 * len(ever)), layout="constrained")
        axes = drawn.subplots()
        for row, agent in enumerate(ever):
            hired = [
                (float(one.factor), float(share))
                for one in levels
                for member, share in zip(one.contract.team, one.contract.shares, strict=True)
                if member == agent
            ]
            axes.scatter(
                [x for x, _ in hired], [row] * len(hired), [900 * share for _, share in hired], color=PLAYED
            )
        axes.set_yticks(range(len(ever)), [problem.agent_names[agent] for agent in ever])
        axes.invert_yaxis()
        axes.set(xscale="log", xlabel="cost of labelling all items, in units of the reward")
        _label_logarithms(axes, (0.005, 0.01, 0.02, 0.05, 0.1, 0.2))
        axes.set_title("who is hired; areas are shares of the reward")
        axes.spines[["top", "right"]].set_visible(False)
    return drawn


def _label_logarithms(axes: Axes, ticks: Sequence[float]) -> None:
    """Write plain numbers along a logarithmic axis."""
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.set_xticks([], minor=True)


def crowd(path: Path) -> tuple[Problem, list[Hired]]:
    """Solve a crowd at all levels of costs."""
    problem = Problem.from_mapping(read_labels(path, cost="1"))
    return problem, list(hired_as_costs_rise(problem, LEVELS))


def run(arguments: Sequence[str]) -> int:
    """Print tables, write pictures, and return the exit status."""
    parser = argparse.ArgumentParser(description="Measure what fairness costs a principal.")
    parser.add_argument("--out", type=Path, help="where to write pictures")
    parser.add_argument("--labels", type=Path, help="a crowd's labels: columns item, worker, correct")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="random teams of each size")
    options = parser.parse_args(arguments)
    pictures = {}
    print("| agents | unconstrained | fair | equal | lost |\n|---:|---:|---:|---:|---:|")
    for one in family():
        numbers = f"{one.unconstrained} | {one.fair} | {one.nondiscriminatory} | {100 * float(one.lost):.1f}%"
        print(f"| {one.agents} | {numbers} |")
    print("\n| agents | mean lost | most lost | equal shares lose of fair | proven |")
    print("|---:|---:|---:|---:|---|")
    sizes = [measured(agents, options.seeds) for agents in SIZES]
    for size in sizes:
        numbers = f"{size.mean:.1f}% | {size.most:.1f}% | {size.equal:.1f}%"
        print(f"| {size.agents} | {numbers} | {'all' if size.proven else 'not all'} |")
    pictures["team-price"] = price_picture(sizes)
    pictures["team-shares"] = shares_picture(random_team(SHOWN, 0))
    if options.labels:
        problem, levels = crowd(options.labels)
        print("\n| cost | hired | f | revenue | shares | proven |\n|---:|---:|---:|---:|---:|---|")
        for level in levels:
            paid = float(sum(level.contract.shares))
            numbers = f"{float(level.success):.3f} | {float(level.revenue):.4f} | {paid:.3f}"
            hired, proven = len(level.contract.team), "yes" if level.proven else "no"
            print(f"| {level.factor} | {hired} | {numbers} | {proven} |")
        pictures["team-crowd"] = crowd_picture(problem, levels)
    for name, figure in pictures.items() if options.out else ():
        save(figure, options.out / f"{name}.svg")
        print(options.out / f"{name}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
