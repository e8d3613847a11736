"""What is counted of games and held against theory.

In equilibrium an agent's cost takes two values: f_i(d_i) − Δ·(1 − δ·(1 − p_i)) if it proposes, which happens
with probability p_i, and f_i(d_i) − δ·p_i·Δ if not (Proposition 1). So the sum of its costs follows from
how often it proposed, which has a binomial distribution. That is tested, exactly, in the whole wei paid.

The hypothesis is that everybody plays the equilibrium. It is the same whoever plays: other bots may refute
it.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.kit.play.declaration import Columns
from parley.kit.statistics import Chances, Count, Law, Mean
from parley.mechanisms.coordination.bots import equilibrium_bargaining

if TYPE_CHECKING:
    from collections.abc import Hashable

    from parley.kit.play.simulation import Simulation
    from parley.kit.statistics import Statistic
    from parley.mechanisms.coordination.play import Outcome
    from parley.mechanisms.coordination.problem import Problem
    from parley.mechanisms.coordination.solution import Solution

__all__ = ["columns", "cost_laws", "report", "statistics"]


def statistics(problem: Problem) -> tuple[Statistic[Outcome, Solution], ...]:
    """Say what is counted: ``cost`` of each agent in wei, ``proposer`` of first rounds, ``rounds``.

    Draws of a first proposer follow the recognition probabilities at what was announced. A draw that was
    begun and never completed counts as unseen.
    """
    names = problem.agent_names
    return (
        Mean(
            name="cost",
            of=lambda outcome: outcome.costs,
            labels=names,
            law=lambda solution, _: cost_laws(solution),
            unit=problem.wei_per_cost,
        ),
        Count(
            name="proposer",
            of=lambda outcome: (outcome.proposer if outcome.rounds else None,),
            rows=("first round",),
            cells=names,
            when=lambda outcome: outcome.rounds or outcome.withheld,
            key=_probabilities,
            chances=lambda _, probabilities: Chances([probabilities]),
        ),
        Mean(name="rounds", of=lambda outcome: (outcome.rounds,), labels=("rounds",)),
    )


def _probabilities(outcome: Outcome) -> Hashable:
    return outcome.position.bargaining.probabilities


def cost_laws(solution: Solution) -> list[Law]:
    """Laws of the agents' costs in wei if all play the equilibrium of a problem.

    Means and variances are the exact equilibrium's. What is paid differs by less than a wei for each other
    agent.
    """
    problem = solution.problem
    # What is played in whole wei: D where the savings of the solution are lost to rounding.
    stage = equilibrium_bargaining(replace(problem, allocation=solution.allocation))
    last = problem.max_rounds == 1
    saved = max(stage.savings, 0)
    # Conditional on proposing or not, an agent's costs differ by Δ · (1 − δ); a first round that is also the
    # last allowed is played as if δ = 0.
    spread = saved if last else saved * (1 - problem.continuation)
    return [
        Law(
            stage.contracted_costs[i] - p * saved,
            p * (1 - p) * spread**2,
            (
                (stage.threshold(i, last_round=last), 1 - p),
                (stage.proposal(i, last_round=last)[i], p),
            )
            if saved
            else ((stage.contracted_costs[i], Fraction(1)),),
            dust=problem.agents - 1,
        )
        for i, p in enumerate(stage.probabilities)
    ]


def columns(problem: Problem) -> list[Columns[Outcome]]:
    """Say what the table of games has: rounds, first proposer (−1 if none), and each agent's cost."""
    return [
        Columns(["rounds"], "int32", lambda outcome: [outcome.rounds]),
        Columns(["proposer"], "int16", lambda outcome: [outcome.proposer]),
        Columns([f"cost_{i}_wei" for i in range(problem.agents)], "wei", lambda outcome: outcome.costs),
    ]


def report(run: Simulation[Problem, Solution, Outcome, Any]) -> dict[str, Any]:
    """Give this kind's own keys of ``simulate --json``."""
    compared = run.comparison
    (rounds,), proposer = compared.means["rounds"], compared.counts["proposer"]
    return {
        "mean_rounds": rounds.total / rounds.games,
        "proposer": {
            "counts": proposer.counts[0],
            "expected": [float(count) for count in proposer.expected[0]],
            "p_value": proposer.p_value,
        },
        "agents": run.agents("cost"),
    }
