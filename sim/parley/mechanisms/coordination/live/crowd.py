"""A thousand games: running figures against theory, while they are played."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction
from math import sqrt
from time import perf_counter
from typing import TYPE_CHECKING, Any

from parley.core.statistics import MIN_P
from parley.kit.bots import seated
from parley.kit.play.run import BATCHES
from parley.mechanisms.coordination.bots import equilibrium_bargaining
from parley.mechanisms.coordination.comparison import Comparison, Tally, compare
from parley.mechanisms.coordination.live.trace import open_player
from parley.mechanisms.coordination.live.words import counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parley.mechanisms.coordination.live.setting import Setting
    from parley.mechanisms.coordination.play import Outcome

__all__ = ["Bar", "bars", "crowd", "equilibrium_costs"]

PAUSE = 0.08
"""Seconds of play at least between two sets of figures."""

SHARE = 4
"""Times as long at least as the last ones took: their test is slow where announcements vary."""

MOST_BARS = 24
"""Costs of more values than this are counted in as many classes of equal width."""


@dataclass(frozen=True)
class Bar:
    """How many games cost an agent between two values, in wei; the upper one counts only in the last bar."""

    low: Fraction
    high: Fraction
    count: int


def bars(costs: Counter[int], most: int = MOST_BARS) -> list[Bar]:
    """Count costs: each value by itself if they are few, else in classes of equal width.

    Examples
    --------
    >>> [(str(bar.low), str(bar.high), bar.count) for bar in bars(Counter([5, 5, 7]))]
    [('5', '5', 2), ('7', '7', 1)]
    >>> [(str(bar.low), str(bar.high), bar.count) for bar in bars(Counter([0, 1, 5, 10]), most=2)]
    [('0', '5', 2), ('5', '10', 2)]
    """
    if len(costs) <= most:
        return [Bar(Fraction(value), Fraction(value), count) for value, count in sorted(costs.items())]
    low, high = min(costs), max(costs)
    counts = [0] * most
    for value, count in costs.items():
        counts[min((value - low) * most // (high - low), most - 1)] += count
    width = Fraction(high - low, most)
    return [Bar(low + k * width, low + (k + 1) * width, count) for k, count in enumerate(counts)]


def equilibrium_costs(setting: Setting) -> list[list[tuple[int, Fraction]]]:
    """What each agent's cost can be if everybody plays the equilibrium, in wei, with its probability.

    Two values: what an agent keeps for itself when it makes the offer, and its threshold when another one
    does; f_i(d_i) alone where there is nothing to save.
    """
    problem = replace(setting.problem, allocation=setting.solution.allocation)
    stage = equilibrium_bargaining(problem)
    last = problem.max_rounds == 1
    if stage.savings <= 0:
        return [[(cost, Fraction(1))] for cost in stage.contracted_costs]
    return [
        [
            (value, chance)
            for value, chance in (
                (stage.proposal(i, last_round=last)[i], p),
                (stage.threshold(i, last_round=last), 1 - p),
            )
            if chance
        ]
        for i, p in enumerate(stage.probabilities)
    ]


def crowd(setting: Setting, bots: Sequence[str], *, games: int, seed: int) -> Iterator[dict[str, Any]]:
    """Play games 0, 1, … of a seed and give figures as they accumulate.

    Parameters
    ----------
    setting : Setting
    bots : sequence of str
        Names, one for all seats or one per seat.
    games : int
    seed : int

    Yields
    ------
    dict
        Of the games so far: ``names`` (the agents'), ``games``, ``of``, ``transactions``, ``endings``,
        ``mean_rounds``, ``saved_share`` (of the savings that the best allocation has; None if it has none),
        ``agents``, ``proposers``, ``p_value`` and, in words, ``verdict``. Costs in units of cost, seats
        from 0.
    """
    problem = setting.problem
    names = seated(bots, problem.agents)
    player = open_player(problem, names, seed)
    tally = Tally(problem.agents)
    costs: list[Counter[int]] = [Counter() for _ in range(problem.agents)]
    theory = equilibrium_costs(setting)
    due = perf_counter() + PAUSE
    for k in range(games):
        if k % BATCHES["revm"] == 0:
            player.evm.recycle()
        outcome: Outcome = player.play(k)
        tally.add(outcome)
        for counter, cost in zip(costs, outcome.costs, strict=True):
            counter[cost] += 1
        began = perf_counter()
        if k + 1 == games or began > due:
            tally.transactions = player.transactions
            figures = _figures(setting, names, tally, costs, theory) | {"of": games}
            due = perf_counter() + max(PAUSE, SHARE * (perf_counter() - began))
            yield figures


def _figures(
    setting: Setting,
    bots: Sequence[str],
    tally: Tally,
    costs: Sequence[Counter[int]],
    theory: Sequence[Sequence[tuple[int, Fraction]]],
) -> dict[str, Any]:
    problem, solution = setting.problem, setting.solution
    comparison = compare(tally, solution, bots)
    wei = problem.wei_per_cost
    games = tally.games
    contracted = [problem.cost_wei(i, int(row.sum())) for i, row in enumerate(problem.contracted)]
    saved = Fraction(games * sum(contracted) - sum(tally.cost_sums), games * wei)
    return {
        "names": list(problem.agent_names),
        "games": games,
        "transactions": tally.transactions,
        "endings": dict(tally.endings),
        "mean_rounds": tally.rounds / games,
        "saved_share": float(saved / solution.savings) if solution.savings > 0 else None,
        "agents": [
            {
                "bot": agent.bot,
                "contracted": contracted[i] / wei,
                "mean": float(agent.mean),
                "std_error": agent.std_error,
                "expected": float(agent.expected),
                "z": agent.z,
                "p_value": agent.p_value,
                "agrees": agent.agrees,
                "bars": [[float(b.low / wei), float(b.high / wei), b.count] for b in bars(costs[i])],
                "theory": [[value / wei, float(chance)] for value, chance in theory[i]],
            }
            for i, agent in enumerate(comparison.agents)
        ],
        "proposers": [
            {
                "count": count,
                "expected": float(expected),
                "deviation": sqrt(sum(number * p[i] * (1 - p[i]) for p, number in tally.draws.items())),
            }
            for i, (count, expected) in enumerate(
                zip(tally.proposed, comparison.proposer_expected, strict=True)
            )
        ],
        "p_value": comparison.p_value,
        "verdict": _verdict(problem.agent_names, tally, comparison),
    }


def _verdict(names: Sequence[str], tally: Tally, comparison: Comparison) -> str:
    """What the figures come to."""
    counts = {ending: tally.endings[ending] for ending in ("settled", "broken down", "expired")}
    endings = listed(f"{count:,} {ending}" for ending, count in counts.items() if count)
    off = [names[agent.agent] for agent in comparison.agents if not agent.agrees]
    who = "everybody" if len(off) == len(names) else f"{len(off)} agents"
    if 0 < len(off) < min(9, len(names)):
        who = listed(off)
    if all(agent.bot == "equilibrium" for agent in comparison.agents):
        costs = (
            f"What {who} paid on average is not what theory promises."
            if off
            else "Everybody paid on average what theory promises, up to chance."
        )
    else:
        costs = (
            f"With these players {who} paid something else on average than in equilibrium."
            if off
            else "Even with these players everybody paid on average what it would in equilibrium."
        )
    follow = comparison.p_value is None or comparison.p_value >= MIN_P
    draws = "" if follow else " Proposers were not drawn with the stated probabilities."
    return f"{counted(tally.games, 'game')}: {endings}. {costs}{draws}"
