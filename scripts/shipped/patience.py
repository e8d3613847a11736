"""δ and patience: what theory says of games in which some agents are stubborn, and what was played."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.bargaining import default_costs, savings
from parley.mechanisms.coordination.recognition import probabilities
from scripts.shipped.common import COLORS, Claim, Page, axes_of, compared, percent, points, read, table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from matplotlib.figure import Figure

    from parley.mechanisms.coordination.experiment.specification import Experiment
    from parley.mechanisms.coordination.problem import Problem
    from scripts.shipped.common import Played

__all__ = ["Bargained", "bargained", "page"]


class Bargained(NamedTuple):
    """What is expected of a game with given stubborn agents; costs as means and variances of each agent."""

    broken_down: Fraction
    rounds: Fraction
    rounds_variance: Fraction
    costs: tuple[Fraction, ...]
    variances: tuple[Fraction, ...]
    covariances: tuple[Fraction, ...]
    """Variance of what all others than agent k save together."""


def bargained(problem: Problem, stubborn: Iterable[int]) -> Bargained:
    """Work out the bargaining at a cost-effective allocation if some agents reject whatever others offer.

    With A the probability that the proposer faces a stubborn agent other than itself, a round ends in a
    rejection with probability A, and another one follows with probability δ. So a game breaks down with
    probability A(1 − δ) / (1 − Aδ), and settles on the offer of agent i, if all others accept, with
    probability p_i / (1 − Aδ). It then leaves everybody at its threshold f_k(d_k) − δ·p_k·Δ, and the proposer
    (1 − δ)Δ below.

    Parameters
    ----------
    stubborn : iterable of int
        Who rejects, from 0.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> alone = bargained(example_1(), [0])
    >>> alone.costs[0], alone.broken_down  # costs what it costs in equilibrium
    (Fraction(453, 7), Fraction(2, 17))
    """
    held = frozenset(stubborn)
    X = cost_effective(problem).matrix
    p, gain = probabilities(problem.recognition, problem, X), savings(problem, X)
    f, delta = default_costs(problem), problem.continuation
    n = problem.agents
    settling = [i for i in range(n) if held <= {i}]
    A = 1 - sum((p[i] for i in settling), Fraction(0))
    more = 1 - A * delta
    broken = A * (1 - delta) / more
    ways: list[tuple[Fraction, list[Fraction]]] = [(broken, [Fraction(0)] * n)]
    for i in settling:
        saved = [delta * p[k] * gain + ((1 - delta) * gain if k == i else 0) for k in range(n)]
        ways.append((p[i] / more, saved))
    means = [sum((q * saved[k] for q, saved in ways), Fraction(0)) for k in range(n)]
    variances = [sum((q * saved[k] ** 2 for q, saved in ways), -(means[k] ** 2)) for k in range(n)]
    rest = [sum(means) - means[k] for k in range(n)]
    others = [sum((q * (sum(saved) - saved[k]) ** 2 for q, saved in ways), -(rest[k] ** 2)) for k in range(n)]
    return Bargained(
        broken,
        1 / more,
        A * delta / more**2,
        tuple(cost - mean for cost, mean in zip(f, means, strict=True)),
        tuple(variances),
        tuple(others),
    )


class _Group(NamedTuple):
    """Games of a cell with so many stubborn agents, by who they are."""

    problem: Problem
    of: dict[frozenset[int], Played]

    @property
    def games(self) -> int:
        return sum(played.games for played in self.of.values())


def _groups(played: Played) -> tuple[_Group, _Group, _Group]:
    """Games with no, one, and more stubborn agents."""
    n = played.cell.problem.agents
    stubborn = np.char.startswith(played.strategies, "stubborn")
    groups = tuple(_Group(played.cell.problem, {}) for _ in range(3))
    for size in range(n + 1):
        for who in combinations(range(n), size):
            these = (stubborn == np.isin(np.arange(n), who)).all(axis=1)
            if these.any():
                groups[min(size, 2)].of[frozenset(who)] = played.where(these)
    return groups[0], groups[1], groups[2]


def _over(name: str, group: _Group, what: str) -> Claim:
    """Rounds or breakdowns of a group, whose members differ in what theory expects of them."""
    total, expected, variance = 0.0, Fraction(0), Fraction(0)
    for who, played in group.of.items():
        theory = bargained(group.problem, who)
        if what == "rounds":
            total += float(played.rounds.sum())
            expected += played.games * theory.rounds
            variance += played.games * theory.rounds_variance
        else:
            total += float((played.endings == "broken down").sum())
            expected += played.games * theory.broken_down
            variance += played.games * theory.broken_down * (1 - theory.broken_down)
    games = group.games
    return Claim(name, total / games, float(expected / games), sqrt(variance) / games, games)


def _saved(name: str, group: _Group, *, own: bool) -> Claim:
    """What the one stubborn agent saves, or the others do, as a share of what they save in equilibrium."""
    total, expected, variance, usual = 0.0, Fraction(0), Fraction(0), Fraction(0)
    f = default_costs(group.problem)
    nobody = bargained(group.problem, ()).costs
    for (k,), played in ((tuple(who), played) for who, played in group.of.items()):
        theory = bargained(group.problem, (k,))
        mine = played.costs[:, k].sum()
        all_saved = sum(f) - sum(theory.costs)
        if own:
            total += float(f[k]) * played.games - mine
            expected += played.games * (f[k] - theory.costs[k])
            variance += played.games * theory.variances[k]
            usual += played.games * (f[k] - nobody[k])
        else:
            total += float(sum(f) - f[k]) * played.games - (played.costs.sum() - mine)
            expected += played.games * (all_saved - (f[k] - theory.costs[k]))
            variance += played.games * theory.covariances[k]
            usual += played.games * (sum(f) - sum(nobody) - (f[k] - nobody[k]))
    scale = float(usual)
    return Claim(name, total / scale, float(expected) / scale, sqrt(variance) / scale, group.games)


def page(experiment: Experiment, folder: Path) -> Page:
    """Measure what the page shows."""
    cells = read(experiment, folder)
    equilibrium, lone, several = [], [], []
    claims: list[Claim] = []
    curves: dict[str, list[Claim]] = {}
    for played in cells:
        problem = played.cell.problem
        delta = problem.continuation
        nobody, one, more = _groups(played)
        usual = nobody.of[frozenset()]
        theory = bargained(problem, ())
        costs = [
            compared(f"δ = {delta}, nobody stubborn, agent {k + 1}", usual.costs[:, k], mean, float(variance))
            for k, (mean, variance) in enumerate(zip(theory.costs, theory.variances, strict=True))
        ]
        spread = float(usual.costs[:, 0].std())
        equilibrium.append(
            [
                str(delta),
                str(usual.games),
                *(f"{claim.measured:.2f}" for claim in costs),
                f"{spread:.2f}",
                f"{sqrt(theory.variances[0]):.2f}",
            ]
        )
        found = {
            "rounds, one": _over(f"δ = {delta}, one stubborn, rounds", one, "rounds"),
            "broken, one": _over(f"δ = {delta}, one stubborn, broken down", one, "broken"),
            "own": _saved(f"δ = {delta}, one stubborn, its own savings", one, own=True),
            "others": _saved(f"δ = {delta}, one stubborn, the others' savings", one, own=False),
            "rounds, more": _over(f"δ = {delta}, several stubborn, rounds", more, "rounds"),
            "broken, more": _over(f"δ = {delta}, several stubborn, broken down", more, "broken"),
            "rounds, none": _over(f"δ = {delta}, nobody stubborn, rounds", nobody, "rounds"),
            "broken, none": _over(f"δ = {delta}, nobody stubborn, broken down", nobody, "broken"),
        }
        for name, claim in found.items():
            curves.setdefault(name, []).append(claim)
        claims += [*costs, *found.values()]
        lone.append([str(delta), str(one.games), *_pair(found["rounds, one"]), *_shares(found)])
        broken = found["broken, more"]
        several.append(
            [str(delta), str(more.games), *_pair(found["rounds, more"]), percent(broken.measured, 0)]
        )
    agents = [f"agent {k + 1}" for k in range(cells[0].cell.problem.agents)]
    exact = bargained(cells[0].cell.problem, ()).costs
    equilibrium.append(["theory", "", *(f"{float(cost):.2f}" for cost in exact), "", ""])
    tables = (
        table(["δ", "games", *agents, "spread of agent 1's cost", "theory"], equilibrium),
        table(
            [
                *("δ", "games", "rounds", "theory", "broken down", "theory"),
                *("its own savings", "theory", "the others' savings", "theory"),
            ],
            lone,
        ),
        table(["δ", "games", "rounds", "theory", "broken down"], several),
    )
    return Page(tables, tuple(claims), _figure(cells, curves))


def _pair(claim: Claim) -> tuple[str, str]:
    return f"{claim.measured:.2f}", f"{claim.theory:.2f}"


def _shares(found: dict[str, Claim]) -> list[str]:
    return [
        percent(value)
        for name in ("broken, one", "own", "others")
        for value in (found[name].measured, found[name].theory)
    ]


def _figure(cells: list[Played], curves: dict[str, list[Claim]]) -> Figure:
    deltas = [float(played.cell.problem.continuation) for played in cells]
    with axes_of(3) as (figure, (rounds, broken, saved)):
        for k, (kind, label) in enumerate((("none", "nobody"), ("one", "one"), ("more", "two or more"))):
            for axes, what, scale in ((rounds, "rounds", 1), (broken, "broken", 100)):
                claims = curves[f"{what}, {kind}"]
                axes.plot(deltas, [scale * c.theory for c in claims], color=COLORS[k], lw=1, label=label)
                points(axes, deltas, claims, COLORS[k], scale)
        rounds.set_title("Rounds of a game (points: played, lines: theory)")
        rounds.set_yscale("log")
        rounds.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
        rounds.legend(title="stubborn", frameon=False)
        broken.set_title("Broken down (%)")
        for k, (name, label) in enumerate((("own", "the stubborn agent"), ("others", "the others"))):
            claims = curves[name]
            saved.plot(deltas, [100 * c.theory for c in claims], color=COLORS[k + 3], lw=1, label=label)
            points(saved, deltas, claims, COLORS[k + 3], 100)
        saved.set_title("Savings with one stubborn agent,\n% of what the same agents save in equilibrium")
        saved.set_ylim(0, 115)
        saved.legend(frameon=False, loc="center left")
        for axes in (rounds, broken, saved):
            axes.set_xlabel("continuation probability δ")
    return figure
