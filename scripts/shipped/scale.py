"""How savings, and how evenly they are shared out, scale with the number of agents over a random family."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.bargaining import default_costs
from parley.mechanisms.coordination.recognition import probabilities
from scripts.shipped.common import COLORS, Z95, Claim, Page, axes_of, percent, points, read, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

    from parley.mechanisms.coordination.experiment.specification import Experiment
    from parley.mechanisms.coordination.problem import Problem
    from scripts.shipped.common import Played

__all__ = ["Concentration", "concentration", "page", "together"]


class Concentration(NamedTuple):
    """Σ_i p_i², the probability that two games recognize the same agent, and what estimates of it vary by."""

    mean: Fraction
    variance: Fraction
    """Of `together` over so many games."""


def concentration(p: Sequence[Fraction], delta: Fraction, games: int) -> Concentration:
    """Work out what `together` measures, and its exact variance.

    In a game with proposer k, agent i saves (δ·p_i + (1 − δ)·[i = k])·Δ. For the savings S and T of two
    games, in units of Δ, E[S·T] = Σ p_i². `together` is the mean of S·T over all pairs of games, a
    U-statistic: its variance is (4(G − 2)·Var(E[S·T | S]) + 2·Var(S·T)) / (G(G − 1)).

    Parameters
    ----------
    p : sequence of Fraction
        Recognition probabilities.
    games : int
        At least 2.

    Examples
    --------
    >>> found = concentration([Fraction(1, 2)] * 2, Fraction(0), 2)
    >>> found.mean, found.variance  # two games have the same proposer or not
    (Fraction(1, 2), Fraction(1, 4))
    """
    own = 1 - delta
    second, third = (sum((x**power for x in p), Fraction(0)) for power in (2, 3))
    # S·T = δ²·Σp² + δ(1 − δ)(p_k + p_l) + (1 − δ)²·[k = l], where k and l are the proposers.
    of_one = own**2 * (third - second**2)
    both = (
        2 * (delta * own) ** 2 * (third - second**2)
        + own**4 * (second - second**2)
        + 4 * delta * own**3 * (third - second**2)
    )
    variance = (4 * (games - 2) * of_one + 2 * both) / (games * (games - 1))
    return Concentration(second, variance)


def together(shares: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> float:
    """Mean product of what an agent saves in one game and in another, summed over agents.

    Parameters
    ----------
    shares : ndarray of float, shape (games, n)
        What each agent saved, as a share of what all saved.

    Examples
    --------
    >>> together(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]))  # one of three pairs of games agrees
    0.3333333333333333
    """
    games = len(shares)
    total = shares.sum(axis=0)
    return float((total @ total - (shares * shares).sum()) / (games * (games - 1)))


class _Problem(NamedTuple):
    """A problem with something to save: squared spreads, played and by theory, and whom nothing comes to."""

    squared: float
    theory: float
    variance: float
    nothing: float
    nothing_theory: float


def _one(played: Played) -> _Problem:
    problem = played.cell.problem
    n, games = problem.agents, played.games
    X = cost_effective(problem).matrix
    p = probabilities(problem.recognition, problem, X)
    exact = concentration(p, problem.continuation, games)
    f = np.array([float(cost) for cost in default_costs(problem)])
    saved = f - played.costs
    shares = saved / played.saved[:, None]
    # Squared coefficient of variation of p: (1/n) Σ (n·p_i − 1)² = n·Σ p_i² − 1.
    return _Problem(
        n * together(shares) - 1,
        float(n * exact.mean - 1),
        float(n**2 * exact.variance),
        float((np.abs(saved).max(axis=0) == 0).mean()),
        sum(x == 0 for x in p) / n,
    )


def page(experiment: Experiment, folder: Path) -> Page:
    """Measure what the page shows."""
    of: dict[tuple[int, str], list[_Problem]] = {}
    problems: dict[int, dict[str, Problem]] = {}
    claims: list[Claim] = []
    for played in read(experiment, folder):
        problem = played.cell.problem
        problems.setdefault(problem.agents, {})[played.cell.problem_name] = problem
        possible = problem.total_cost(problem.contracted) - played.cell.cost_effective
        name = f"{played.cell.problem_name}, {problem.recognition}"
        claims.append(Claim(f"{name}: saved", float(played.saved.mean()), float(possible), 0.0, played.games))
        if not possible:
            continue
        found = _one(played)
        of.setdefault((problem.agents, problem.recognition), []).append(found)
        claims.append(Claim(f"{name}: nothing", found.nothing, found.nothing_theory, 0.0, played.games))
    functions = list(dict.fromkeys(function for _, function in of))
    spreads, nothing = [], []
    curves: dict[str, list[Claim]] = {function: [] for function in functions}
    for n in problems:
        row, none = [str(n)], [str(n)]
        for function in functions:
            claim = _spread(f"n = {n}, {function}: squared spread", of[n, function])
            claims.append(claim)
            curves[function].append(claim)
            row += [f"{sqrt(max(claim.measured, 0)):.2f}", f"{sqrt(claim.theory):.2f}"]
            none.append(percent(float(np.mean([one.nothing for one in of[n, function]])), 0))
        spreads.append(row)
        nothing.append(none)
    savings = {n: _savings(list(drawn.values())) for n, drawn in problems.items()}
    tables = (
        table(
            [
                "agents",
                "problems",
                "with something to save",
                "cost of the contracts",
                "saved, of that",
                "saved per agent",
            ],
            [[str(n), *cells] for n, (cells, _, _) in savings.items()],
        ),
        table(["agents", *(text for name in functions for text in (name, "theory"))], spreads),
        table(["agents", *functions], nothing),
    )
    return Page(tables, tuple(claims), _figure(list(problems), savings, curves))


def _spread(name: str, found: list[_Problem]) -> Claim:
    """The mean squared spread over the problems of a setting."""
    count = len(found)
    return Claim(
        name,
        sum(one.squared for one in found) / count,
        sum(one.theory for one in found) / count,
        sqrt(sum(one.variance for one in found)) / count,
        count,
    )


_Savings = tuple[list[str], tuple[float, float], tuple[float, float]]


def _savings(problems: list[Problem]) -> _Savings:
    """What there is to save: cells of a table; shares of F(D) and savings per agent with standard errors."""
    contracted = np.array([float(problem.total_cost(problem.contracted)) for problem in problems])
    saved = contracted - np.array([float(cost_effective(problem).total_cost) for problem in problems])
    share, each = (
        (float(values.mean()), float(values.std(ddof=1)) / sqrt(len(values)))
        for values in (saved / contracted, saved / problems[0].agents)
    )
    cells = [
        str(len(problems)),
        str(int((saved > 0).sum())),
        f"{contracted.mean():.0f}",
        f"{percent(share[0])} ± {percent(Z95 * share[1])}",
        f"{each[0]:.1f} ± {Z95 * each[1]:.1f}",
    ]
    return cells, share, each


def _figure(agents: list[int], savings: dict[int, _Savings], curves: dict[str, list[Claim]]) -> Figure:
    with axes_of(2, width=4.4, height=3.4) as (figure, (saved, spread)):
        shares = [savings[n][1] for n in agents]
        saved.errorbar(
            agents,
            [100 * share for share, _ in shares],
            yerr=[100 * Z95 * error for _, error in shares],
            fmt="o-",
            ms=4,
            lw=1,
            capsize=3,
            color=COLORS[0],
        )
        saved.set_ylim(0, 100)
        saved.set_title("Savings, % of what the contracts cost")
        for k, (function, claims) in enumerate(curves.items()):
            spread.plot(agents, [claim.theory for claim in claims], color=COLORS[k], lw=1, label=function)
            points(spread, agents, claims, COLORS[k])
        spread.set_title("Squared spread of agents' savings around their mean")
        spread.legend(frameon=False)
        for axes in (saved, spread):
            axes.set_xscale("log", base=2)
            axes.set_xticks(agents, [str(n) for n in agents])
            axes.minorticks_off()
            axes.set_xlabel("agents")
    return figure
