"""Measure what docs/studies/beyond-the-paper.md reports.

    python scripts/beyond.py --out docs/images

prints every table of that page and writes its pictures; a section by its name prints that alone:

    python scripts/beyond.py simultaneous --problems 1000

All of it is reproducible: the same seed gives the same problems, and so the same tables.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from parley.kit.present.style import save
from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.axioms.equilibrium import backward_induction, count_allocations, stage_one
from parley.mechanisms.coordination.axioms.triple import recognition_of, rows_of
from parley.mechanisms.coordination.costs import Quadratic
from parley.mechanisms.coordination.problem import Problem, example_1
from parley.mechanisms.coordination.research.divisible import divisible_optimum, indivisibility_gap
from parley.mechanisms.coordination.research.learning import Beliefs, learn, until_rest
from parley.mechanisms.coordination.research.simultaneous import best_response_path, compare_with_sequential
from parley.mechanisms.coordination.research.weighted import (
    WeightedProblem,
    least_cost,
    regardless_of_weights,
    weighted_p_star,
    weighted_stage_one,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from parley.mechanisms.coordination.research.simultaneous import Comparison

MOST_ALLOCATIONS = 400
"""Problems with more allocations are drawn again where all equilibria are looked for."""
UNITS = (1, 2, 4, 8, 16)
NOISES = (0.0, 0.01, 0.05, 0.2)
PERIODS = 20
SHOWN_PERIODS = (1, 2, 3, 5, 10, 20)

_INK, _RED, _BLUE, _GREY = "#1b2a41", "#d1495b", "#2e6f95", "#9aa7b1"


@dataclass(frozen=True)
class Section:
    """What one section of the page shows."""

    tables: tuple[str, ...]
    figure: Figure | None = None


# ── problems ────────────────────────────────────────────────────────────────────────────────────────────────


def draw_costs(dice: Random, agents: int) -> tuple[Quadratic, ...]:
    """Private-looking costs: a of 1/4 to 2, b of 0 to 6."""
    return tuple(
        Quadratic(Fraction(dice.randint(1, 8), 4), Fraction(dice.randint(0, 12), 2)) for _ in range(agents)
    )


def draw(dice: Random, agents: int, own: int, others: int) -> Problem:
    """A problem of the special domain: each agent has contracted 1 to `own` tasks of a type of its own.

    It could do `own` of these, and 0 to `others` of each type of the agents before it.
    """
    capacity = [
        [own if i == t else dice.randint(0, others) if t < i else 0 for t in range(agents)]
        for i in range(agents)
    ]
    costs = draw_costs(dice, agents)
    return _with_contracts(dice, np.array(capacity), costs)


def _with_contracts(dice: Random, capacity: NDArray[np.int64], costs: Sequence[Quadratic]) -> Problem:
    contracted = np.diag([dice.randint(1, most) for most in capacity.diagonal().tolist()])
    return Problem(contracted, capacity, tuple(costs), Fraction(1, 2))


def draw_small(dice: Random) -> Problem:
    """A problem of three or four agents, all of whose equilibria can be found, with something to be saved."""
    while True:
        problem = draw(dice, dice.choice([3, 4]), own=4, others=2)
        if count_allocations(problem) <= MOST_ALLOCATIONS and possible(problem) > 0:
            return problem


def possible(problem: Problem) -> Fraction:
    """Possible savings: F(D) less the least cost."""
    return problem.total_cost(problem.contracted) - cost_effective(problem).total_cost


# ── sections ────────────────────────────────────────────────────────────────────────────────────────────────


def indivisible(problems: int, seed: int) -> Section:
    """Whole tasks against divisible ones."""
    example = [
        [f"1/{gap.unit}", str(gap.total_cost), str(gap.most), str(gap.bound)]
        for gap in indivisibility_gap(example_1(), (1, 2, 3, 5))
    ]
    dice = Random(seed)
    sample = [draw_small(dice) for _ in range(problems)]
    lost: list[list[Fraction]] = [[] for _ in UNITS]
    tight: list[list[Fraction]] = [[] for _ in UNITS]
    for problem in sample:
        best = divisible_optimum(problem)
        saving = problem.total_cost(problem.contracted) - best.total_cost
        for k, gap in enumerate(indivisibility_gap(problem, UNITS, best)):
            lost[k].append(gap.most / saving)
            if gap.bound:
                tight[k].append(gap.most / gap.bound)
    rows = [
        [
            f"1/{unit}",
            f"{sum(gap == 0 for gap in lost[k])}",
            percent(mean(lost[k]), 3),
            percent(max(lost[k]), 2),
            percent(mean(tight[k])) if tight[k] else "—",
        ]
        for k, unit in enumerate(UNITS)
    ]
    p = recognition_of("p-star")
    kept = [
        [
            f"1/{unit}",
            str(len(chosen := sample[: problems // unit**2])),
            str(
                sum(
                    backward_induction(stage_one(_finer(problem, unit), p)).cost_effective_everywhere
                    for problem in chosen
                )
            ),
        ]
        for unit in (1, 2)
    ]
    return Section(
        (
            table(["unit (tasks)", "least cost", "above the divisible optimum", "bound"], example),
            table(["unit (tasks)", "no loss", "mean loss", "largest loss", "mean of loss / bound"], rows),
            table(["unit (tasks)", "problems", "least cost implemented from every subgame"], kept),
        ),
        _indivisible_figure(lost),
    )


def _finer(problem: Problem, unit: int) -> Problem:
    return Problem(
        problem.contracted * unit, problem.capacity * unit, problem.costs, problem.continuation, unit=unit
    )


def weighted(problems: int, seed: int) -> Section:
    """Task types of different weight, and limits to the weight of what an agent does."""
    rows = []
    for slack in (1, 2, 4, 8):
        dice = Random(seed)
        binding = fewer = 0
        kept = dict.fromkeys(("p*", "blind", "proportional"), 0)
        lost = []
        for _ in range(problems):
            problem = draw_small(dice)
            weights = tuple(dice.randint(1, 3) for _ in range(problem.task_types))
            limits = tuple(int(weight) + slack for weight in problem.contracted @ np.array(weights))
            heavy = WeightedProblem(problem, weights, limits)
            best = least_cost(heavy)
            free = cost_effective(problem).total_cost
            binding += best.value > free
            lost.append((best.value - free) / possible(problem))
            p = {
                "p*": weighted_p_star,
                "blind": regardless_of_weights(recognition_of("p-star")),
                "proportional": regardless_of_weights(recognition_of("announcement-proportional")),
            }
            fewer += p["p*"](heavy, best.allocation) != p["blind"](heavy, best.allocation)
            for name, function in p.items():
                found = backward_induction(weighted_stage_one(heavy, function))
                kept[name] += found.cost_effective
        rows.append([str(slack), str(binding), percent(mean(lost)), str(fewer), *map(str, kept.values())])
    head = ["slack", "limits cost something", "savings lost, mean", "probabilities differ"]
    return Section((table([*head, "p* efficient", "p* without weights", "announcement-proportional"], rows),))


def simultaneous(problems: int, seed: int) -> Section:
    """Announcements at the same time."""
    names = ("p-star", "reordered", "announcement-proportional")
    rows, ends, worst = [], [], {}
    for name in names:
        dice = Random(seed)
        found = []
        for _ in range(problems):
            problem = draw_small(dice)
            demands = [[dice.randint(0, most) for most in row] for row in problem.capacity.tolist()]
            starts = [problem.contracted, np.array(demands)]
            found.append(compare_with_sequential(problem, recognition_of(name), starts))
        worst[name] = [shares(both)[0] for both in found]
        rows.append([name, *_equilibria_cells(found)])
        for k, start in enumerate(("contracts", "random")):
            paths = [both.paths[k] for both in found]
            made = [both.share(both.paths[k].outcome.cost) for both in found]
            ends.append(
                [
                    name,
                    start,
                    str(sum(path.end == "equilibrium" for path in paths)),
                    str(sum(share == 1 for share in made)),
                    percent(mean(made)),
                    f"{float(mean([Fraction(path.steps) for path in paths])):.2f}",
                    str(max(path.rounds for path in paths)),
                ]
            )
    head = ["recognition", "best efficient", "worst efficient", "worst saves nothing", "worst's share"]
    tail = ["worst that saves: efficient", "its share", "sequential, worst: efficient", "its share"]
    return Section(
        (
            table([*head, *tail], rows),
            table(
                [
                    "recognition",
                    "start",
                    "end at rest",
                    "efficient",
                    "share, mean",
                    "steps, mean",
                    "most rounds",
                ],
                ends,
            ),
            _larger_games(max(1, problems // 2), seed),
        ),
        _simultaneous_figure(worst),
    )


def shares(both: Comparison) -> list[Fraction]:
    """Shares of the possible savings made in the equilibria, the least first."""
    return sorted(both.share(end.cost) for end in both.nash.outcomes)


def _equilibria_cells(found: list[Comparison]) -> list[str]:
    least = [shares(both)[0] for both in found]
    saving = [min((share for share in shares(both) if share), default=Fraction(0)) for both in found]
    sequential = [both.share(both.sequential[1]) for both in found]
    return [
        str(sum(shares(both)[-1] == 1 for both in found)),
        str(sum(share == 1 for share in least)),
        str(sum(share == 0 for share in least)),
        percent(mean(least)),
        str(sum(share == 1 for share in saving)),
        percent(mean(saving)),
        str(sum(share == 1 for share in sequential)),
        percent(mean(sequential)),
    ]


def _larger_games(problems: int, seed: int) -> str:
    """Best responses under p* from the contracts, with more agents."""
    p = recognition_of("p-star")
    rows = []
    for agents in (4, 6, 8):
        dice = Random(seed)
        made, steps = [], []
        for _ in range(problems):
            problem = draw(dice, agents, own=4, others=1)
            path = best_response_path(problem, p, rows_of(problem.contracted))
            saved = problem.total_cost(problem.contracted) - path.outcome.cost
            made.append(saved / possible(problem) if possible(problem) else Fraction(1))
            steps.append(Fraction(path.steps))
        efficient = sum(share == 1 for share in made)
        rows.append(
            [
                str(agents),
                str(problems),
                str(efficient),
                percent(mean(made)),
                percent(min(made)),
                f"{float(mean(steps)):.2f}",
            ]
        )
    return table(["agents", "problems", "efficient", "share, mean", "least", "steps, mean"], rows)


PRIOR = (Fraction(9, 8), Fraction(3))
SPREAD = (Fraction(1, 2), Fraction(2))
"""Mean of a and b as they are drawn, and roughly their standard deviations."""


def learned(problems: int, seed: int) -> Section:
    """Costs learned from repeated play."""
    scales = (Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(2), Fraction(4))
    rows = [rest_row(problems, seed, scale) for scale in scales]
    curves = {}
    for redrawn in (False, True):
        plays = _plays(max(1, problems // 3), seed, redrawn=redrawn)
        for sigma in NOISES:
            curves[sigma, "redrawn" if redrawn else "fixed"] = _excess(plays, sigma, seed)
    later = [
        [kind, f"{sigma:.0%}", *(percent(excess[k - 1]) for k in SHOWN_PERIODS)]
        for (sigma, kind), excess in curves.items()
    ]
    head = [
        "prior",
        "efficient at once",
        "efficient at rest",
        "stuck",
        "of these at D",
        "excess at rest, mean",
    ]
    return Section(
        (
            table([*head, "most periods"], rows),
            table(["contracts", "noise σ", *(f"period {k}" for k in SHOWN_PERIODS)], later),
        ),
        _learned_figure(curves),
    )


def rest_row(problems: int, seed: int, scale: Fraction) -> list[str]:
    """How play of the same contracts without noise ends, if costs are thought so many times the mean."""
    dice = Random(seed)
    prior = Beliefs.prior(4, scale * PRIOR[0], scale * PRIOR[1], SPREAD)
    runs = [until_rest(draw(dice, 4, own=6, others=4), prior) for _ in range(problems)]
    last = [run[-1] for run in runs]
    return [
        f"× {scale}",
        str(sum(run[0].excess == 0 for run in runs)),
        str(sum(period.excess == 0 for period in last)),
        str(sum(period.excess > 0 for period in last)),
        str(sum(period.excess > 0 and not period.saved for period in last)),
        percent(mean([period.excess for period in last])),
        str(max(map(len, runs)) - 1),
    ]


Play = tuple[list[Problem], list[Fraction]]
"""The problems of all periods, and what can be saved in each."""


def _plays(problems: int, seed: int, *, redrawn: bool) -> list[Play]:
    dice = Random(seed)
    plays = []
    for _ in range(problems):
        first = draw(dice, 4, own=6, others=4)
        again = [_with_contracts(dice, first.capacity, draw_costs_of(first)) for _ in range(PERIODS - 1)]
        if redrawn:
            played = [first, *again]
            plays.append((played, [possible(problem) for problem in played]))
        else:
            plays.append(([first] * PERIODS, [possible(first)] * PERIODS))
    return plays


def _excess(plays: list[Play], sigma: float, seed: int) -> list[Fraction]:
    """For each period what is missed, as a share of what can be saved, over all plays together."""
    missed, hoped = [Fraction(0)] * PERIODS, [Fraction(0)] * PERIODS
    for k, (played, rooms) in enumerate(plays):
        prior = Beliefs.prior(4, *PRIOR, SPREAD)
        for t, period in enumerate(learn(played, prior, sigma=sigma, seed=seed + k)):
            missed[t] += period.excess * rooms[t]
            hoped[t] += rooms[t]
    return [loss / room for loss, room in zip(missed, hoped, strict=True)]


def draw_costs_of(problem: Problem) -> tuple[Quadratic, ...]:
    """The costs of a problem, which are quadratic."""
    return tuple(cost for cost in problem.costs if isinstance(cost, Quadratic))


SECTIONS: dict[str, Callable[[int, int], Section]] = {
    "indivisible": indivisible,
    "weighted": weighted,
    "simultaneous": simultaneous,
    "learned": learned,
}


# ── how it looks ────────────────────────────────────────────────────────────────────────────────────────────


def mean(values: Sequence[Fraction]) -> Fraction:
    """Exact mean."""
    return sum(values, Fraction(0)) / len(values)


def percent(share: Fraction, digits: int = 1) -> str:
    """A share in percent, rounded."""
    return f"{float(round(100 * share, digits)):.{digits}f}%"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _axes(width: float = 6) -> tuple[Figure, list[mpl.axes.Axes]]:
    figure = Figure(figsize=(width, 3.2), layout="constrained")
    axes = list(np.ravel(figure.subplots(1, max(1, round(width / 5)))))
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _indivisible_figure(lost: list[list[Fraction]]) -> Figure:
    figure, (axes,) = _axes()
    axes.loglog(UNITS, [float(mean(loss)) for loss in lost], "o-", color=_BLUE, label="mean")
    axes.loglog(UNITS, [float(max(loss)) for loss in lost], "s-", color=_RED, label="largest")
    axes.loglog(UNITS, [float(max(lost[0])) / unit**2 for unit in UNITS], ":", color=_GREY, label="1/k²")
    axes.set_xticks(UNITS, [f"1/{unit}" for unit in UNITS])
    axes.minorticks_off()
    axes.set_xlabel("unit, in tasks")
    axes.set_ylabel("loss, share of possible savings")
    axes.legend(frameon=False)
    return figure


def _simultaneous_figure(worst: dict[str, list[Fraction]]) -> Figure:
    figure, (axes,) = _axes()
    for (name, values), color in zip(worst.items(), (_BLUE, _GREY, _RED), strict=True):
        ordered = sorted(map(float, values))
        height = [(k + 1) / len(ordered) for k in range(len(ordered))]
        axes.step([0, *ordered, 1], [0, *height, 1], where="post", color=color, label=name)
    axes.set_xlabel("worst equilibrium's share of the possible savings")
    axes.set_ylabel("share of problems with at most that")
    axes.legend(frameon=False)
    return figure


def _learned_figure(curves: dict[tuple[float, str], list[Fraction]]) -> Figure:
    figure, panels = _axes(10)
    for axes, kind in zip(panels, ("fixed", "redrawn"), strict=True):
        for sigma, color in zip(NOISES, (_INK, _BLUE, _GREY, _RED), strict=True):
            axes.plot(
                range(1, PERIODS + 1),
                [100 * float(value) for value in curves[sigma, kind]],
                color=color,
                label=f"σ = {sigma:.0%}",
            )
        axes.set_title(f"contracts {kind}")
        axes.set_xlabel("period")
        axes.set_ylabel("savings missed, %")
        axes.set_xticks(range(0, PERIODS + 1, 5))
        axes.set_ylim(0, None)
    panels[0].sharey(panels[1])
    panels[1].legend(frameon=False)
    return figure


def run(arguments: Sequence[str]) -> int:
    """Print the tables asked for, write their figures, and return the exit status."""
    parser = argparse.ArgumentParser(description="Measure what docs/studies/beyond-the-paper.md reports.")
    parser.add_argument("sections", nargs="*", metavar="section", help=f"{', '.join(SECTIONS)} (all)")
    parser.add_argument("--problems", type=int, default=100, help="random problems (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the problems and the noise (%(default)s)")
    parser.add_argument("--out", type=Path, help="where to write the figures")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.sections if name not in SECTIONS]:
        parser.error(f"no section {unknown[0]}; there are {', '.join(SECTIONS)}")
    if options.problems < 5:
        parser.error("--problems: at least 5")
    with mpl.rc_context({"font.size": 9, "axes.edgecolor": _INK, "svg.hashsalt": "parley"}):
        for name in options.sections or SECTIONS:
            section = SECTIONS[name](options.problems, options.seed)
            print(f"{name}\n")
            print("\n\n".join(section.tables) + "\n")
            if options.out and section.figure:
                save(section.figure, options.out / f"beyond-{name}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
