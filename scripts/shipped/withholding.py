"""What withholding costs the withholder: every way a game may end, its probability, and what was played."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.bargaining import default_costs
from scripts.shipped.common import COLORS, Z95, Claim, Page, axes_of, percent, read, table
from scripts.shipped.laws import Sum, Way, late, settling

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

    from parley.mechanisms.coordination.experiment.specification import Experiment
    from parley.mechanisms.coordination.problem import Problem
    from scripts.shipped.common import Played

__all__ = ["page", "ways"]

USUAL = "equilibrium"
IN_WORDS = {
    "withholder": "reveals only if recognized",
    "silent:announcing": "never announces",
    "silent:revealing": "never reveals",
    "silent:proposing": "never proposes",
    "silent:responding": "never answers",
}


def ways(problem: Problem, strategies: Sequence[str]) -> list[Way]:
    """All ways in which a game may go, if its agents play these strategies.

    The first agent in order that does not announce ends the game. Of those that do not reveal, everybody
    loses its bond. A withholder decides only if all others have revealed, and so of several only the one in
    the last seat. A proposer that does not propose ends the game. Of those that do not answer, the first in
    the order of answers, which is a uniform permutation, loses its bond.

    Parameters
    ----------
    strategies : sequence of str, length n
        Names: ``equilibrium``, ``withholder``, ``silent:PHASE``.

    Returns
    -------
    list of Way
        Probabilities sum to one.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> found = ways(example_1(), ["withholder"] + 4 * ["equilibrium"])
    >>> sum(way.probability for way in found if way.late)  # unless it is recognized, with 3/7
    Fraction(4, 7)
    """
    one = Fraction(1)
    settled = settling(problem, cost_effective(problem).matrix)

    def doing(strategy: str) -> list[int]:
        return [k for k, name in enumerate(strategies) if name == strategy]

    if doing("silent:announcing"):
        return [late(problem, one, doing("silent:announcing")[:1])]
    if doing("silent:revealing"):
        return [late(problem, one, doing("silent:revealing"))]
    recognized = list(range(problem.agents))
    found = []
    if doing("withholder"):
        k = doing("withholder")[-1]
        found.append(late(problem, 1 - settled[k].probability, [k]))
        recognized = [k]
    for i in recognized:
        p = settled[i].probability
        mute = [k for k in doing("silent:responding") if k != i]
        if strategies[i] == "silent:proposing":
            found.append(late(problem, p, [i]))
        elif mute:
            found += [late(problem, p / len(mute), [k]) for k in mute]
        else:
            found.append(settled[i])
    return found


def _profiles(played: Played) -> Iterator[tuple[tuple[str, ...], Played]]:
    """The games of each profile of strategies."""
    joined = np.array([" ".join(row) for row in played.strategies.tolist()])
    for profile in np.unique(joined).tolist():
        yield tuple(profile.split()), played.where(joined == profile)


def page(experiment: Experiment, folder: Path) -> Page:
    """Measure what the page shows."""
    claims: list[Claim] = []
    lone_rows, all_rows, bars = [], [], {}
    for played in read(experiment, folder):
        problem = played.cell.problem
        own = {name: [Sum() for _ in range(problem.agents)] for name in IN_WORDS}
        together, others = {name: Sum() for name in IN_WORDS}, {name: Sum() for name in IN_WORDS}
        expired, burnt = Sum(), Sum()
        settled = ways(problem, [USUAL] * problem.agents)
        usual = [
            sum((w.probability * w.costs[k] for w in settled), Fraction(0)) for k in range(problem.agents)
        ]
        for profile, games in _profiles(played):
            found = ways(problem, profile)
            expired.add(
                float((games.endings == "expired").sum()),
                games.games,
                [(w.probability, Fraction(w.late > 0)) for w in found],
            )
            stand = games.saved[games.endings == "expired"]
            burnt.add(
                -float(stand.sum() / problem.bond),
                games.games,
                [(w.probability, Fraction(w.late)) for w in found],
            )
            odd = [k for k, name in enumerate(profile) if name != USUAL]
            if len(odd) != 1:
                continue
            k = odd[0]
            name, mine = profile[k], games.costs[:, k]
            law = [(w.probability, w.costs[k] - usual[k]) for w in found]
            rest = [(w.probability, sum(w.costs) - w.costs[k] - (sum(usual) - usual[k])) for w in found]
            extra = float(mine.sum()) - games.games * float(usual[k])
            own[name][k].add(extra, games.games, law)
            together[name].add(extra, games.games, law)
            lost = float(games.costs.sum() - mine.sum()) - games.games * float(sum(usual) - usual[k])
            others[name].add(lost, games.games, rest)
        bond = f"B = {problem.bond}"
        for name, words in IN_WORDS.items():
            alone = [entry.mean(f"{bond}, {name}, agent {k + 1}") for k, entry in enumerate(own[name])]
            theirs = others[name].mean(f"{bond}, {name}, the two others")
            claims += [*alone, theirs]
            bars[problem.bond, name] = together[name].mean(""), theirs
            cells = [text for claim in (*alone, theirs) for text in _pair(claim)]
            lone_rows.append([words, str(problem.bond), str(theirs.games), *cells])
        ended = [expired.mean(f"{bond}, games expired"), burnt.mean(f"{bond}, bonds burnt per game")]
        claims += ended
        all_rows.append(
            [
                str(problem.bond),
                str(played.games),
                *(percent(value) for value in (ended[0].measured, ended[0].theory)),
                *(f"{value:.3f}" for value in (ended[1].measured, ended[1].theory)),
                *_bounds(played, claims),
            ]
        )
    agents = [text for k in range(3) for text in (f"agent {k + 1}", "theory")]
    tables = (
        table(["the one", "bond", "games", *agents, "the two others", "theory"], lone_rows),
        table(
            [
                *("bond", "games", "expired", "theory", "bonds burnt per game", "theory"),
                "above f(d), on time",
                "above f(d), late",
            ],
            all_rows,
        ),
    )
    return Page(tables, tuple(claims), _figure(bars))


def _pair(claim: Claim) -> tuple[str, str]:
    return f"{claim.measured:.2f}", f"{claim.theory:.2f}"


def _bounds(played: Played, claims: list[Claim]) -> list[str]:
    """How far anybody's cost was ever above f(d): of those that were on time at most, of the late exactly."""
    problem = played.cell.problem
    above = played.costs - np.array([float(cost) for cost in default_costs(problem)])
    bond = float(problem.bond)
    late = np.isclose(above, bond, rtol=0, atol=1e-9)
    on_time = float(above[~late].max())
    usual = float(above[played.strategies == USUAL].max())
    name = f"B = {problem.bond}, greatest cost above f(d)"
    claims += [
        Claim(f"{name}, on time", max(on_time, 0.0), 0.0, 0.0, played.games),
        Claim(f"{name}, equilibrium", max(usual, 0.0), 0.0, 0.0, played.games),
    ]
    return [f"at most {max(on_time, 0):g}", f"exactly {above[late].max():g}"]


def _figure(bars: dict[tuple[Fraction, str], tuple[Claim, Claim]]) -> Figure:
    bonds = sorted({bond for bond, _ in bars})
    with axes_of(2, width=4.6) as (figure, axes):
        for panel, title in enumerate(("Costs the one that is late", "Costs the two others")):
            for b, bond in enumerate(bonds):
                found = [bars[bond, name][panel] for name in IN_WORDS]
                places = [k + 0.24 * (2 * b - 1) for k in range(len(found))]
                axes[panel].barh(
                    places,
                    [claim.theory for claim in found],
                    height=0.42,
                    color=COLORS[b],
                    alpha=0.35,
                    label=f"bond {bond}, theory",
                )
                axes[panel].errorbar(
                    [claim.measured for claim in found],
                    places,
                    xerr=[Z95 * claim.error for claim in found],
                    fmt="o",
                    ms=4,
                    capsize=3,
                    color=COLORS[b],
                    label="played",
                )
            axes[panel].set_title(f"{title}, beyond equilibrium")
            axes[panel].set_yticks(range(len(IN_WORDS)), list(IN_WORDS.values()) if not panel else [])
            axes[panel].invert_yaxis()
            axes[panel].set_xlabel("cost")
            axes[panel].axvline(0, color="black", lw=0.6)
        figure.legend(
            *axes[1].get_legend_handles_labels(), frameon=False, loc="outside lower center", ncols=4
        )
    return figure
