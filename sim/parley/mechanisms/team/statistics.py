"""How often projects succeeded, and what everybody gained, against exact expectations."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from parley.core.exact import show
from parley.core.limits import MAX_SEATS
from parley.kit.play.declaration import Columns
from parley.kit.statistics import Law, Mean
from parley.mechanisms.team.decisions import Plan, plan_of
from parley.mechanisms.team.play import PAID, REPORTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.kit.play.simulation import Simulation
    from parley.kit.statistics import MeanRow, Statistic
    from parley.mechanisms.team.play import Outcome
    from parley.mechanisms.team.problem import Problem
    from parley.mechanisms.team.solution import Solution

__all__ = ["ERRORS", "columns", "report", "statistics"]

ERRORS = ("BelowCutOff", "Envy", "UnjustifiedPremium", "PayrollAboveReward")
"""Errors by which ``create`` refuses what principals offer."""


class Course(NamedTuple):
    """What expected values depend on: who plays, whether there was a report, and who has worked."""

    bots: tuple[str, ...]
    principal: str
    referee: str
    paid: bool | None
    """Whether wages were paid; None if that was drawn."""
    workers: int


def _course(outcome: Outcome) -> Course:
    paid = None if outcome.ending in REPORTED else outcome.ending in PAID
    return Course(outcome.bots, outcome.principal, outcome.referee, paid, outcome.workers)


def statistics(problem: Problem) -> tuple[Statistic[Outcome, Solution], ...]:
    """Say what is counted: successes, utilities, the principal's revenue, effort, refusals.

    One bit decides a project, so that all deviations from theory are equal. Only successes are tested.
    """
    agents, names = problem.agents, problem.agent_names
    scale, unit = problem.reward.numerator, problem.reward.denominator * problem.wei

    def counted(numbers: Sequence[int]) -> list[int]:
        return [scale * number for number in numbers]

    def plan(course: Course) -> Plan:
        return plan_of(problem, *course[:3])

    return (
        Mean(
            name="success",
            of=lambda outcome: (int(outcome.ending == "succeeded"),),
            labels=("success",),
            when=lambda outcome: outcome.ending in REPORTED,
            key=_course,
            law=lambda _, course: [_success(plan(course), course.workers)],
        ),
        Mean(
            name="utility",
            of=lambda outcome: counted(outcome.spread(outcome.gains, agents)),
            labels=names,
            key=_course,
            law=lambda _, course: _utilities(plan(course), course, scale),
            unit=unit,
        ),
        Mean(
            name="revenue",
            of=lambda outcome: counted([outcome.revenue]),
            labels=("principal",),
            key=_course,
            law=lambda _, course: [_revenue(plan(course), course, scale)],
            unit=unit,
        ),
        Mean(
            name="worked",
            of=lambda o: o.spread([o.workers >> seat & 1 for seat in range(len(o.team))], agents),
            labels=names,
        ),
        Mean(name="refused", of=lambda o: [int(o.refused == error) for error in ERRORS], labels=ERRORS),
    )


def _chance(plan: Plan, workers: int) -> Fraction:
    """Return f(E)."""
    return Fraction(plan.success.number(workers), plan.success.denominator)


def _success(plan: Plan, workers: int) -> Law:
    chance = _chance(plan, workers)
    return Law.of([(0, 1 - chance), (1, chance)])


def _of_success(plan: Plan, course: Course) -> Law:
    """Return the law of whether wages are paid; it is not tested."""
    if course.paid is not None:
        return Law(Fraction(course.paid), Fraction(0))
    law = _success(plan, course.workers)
    return Law(law.mean, law.variance)


@lru_cache(maxsize=4096)
def _utilities(plan: Plan, course: Course, scale: int) -> list[Law | None]:
    paid = _of_success(plan, course)
    found: list[Law | None] = [Law(Fraction(0), Fraction(0))] * plan.problem.agents
    for seat, (agent, wage, cost) in enumerate(
        zip(plan.team, plan.terms.wages, plan.terms.costs, strict=True)
    ):
        lost = plan.members[seat].true_cost(cost) * (course.workers >> seat & 1)
        variance = None if paid.variance is None else (scale * wage) ** 2 * paid.variance
        found[agent] = Law(scale * (wage * paid.mean - lost), variance)
    return found


def _revenue(plan: Plan, course: Course, scale: int) -> Law:
    if course.paid is not None:
        return Law(Fraction(0), Fraction(0))
    law, kept = _success(plan, course.workers), scale * (plan.terms.reward - sum(plan.terms.wages))
    return Law(kept * law.mean, kept**2 * (law.variance or Fraction(0)))


def columns(problem: Problem) -> list[Columns[Outcome]]:
    """Say what the table of projects has: who worked, and what everybody gained."""
    agents = problem.agents
    found: list[Columns[Outcome]] = [
        Columns(["workers"], "uint64", lambda outcome: [outcome.workers]),
        Columns(["revenue_wei"], "wei", lambda outcome: [outcome.revenue]),
    ]
    if agents <= MAX_SEATS:
        names = [f"utility_{agent}_wei" for agent in range(agents)]
        found.append(Columns(names, "wei", lambda outcome: outcome.spread(outcome.gains, agents)))
    return found


# ── the report ──────────────────────────────────────────────────────────────────────────────────────────────


def report(run: Simulation[Problem, Solution, Outcome, Plan]) -> dict[str, Any]:
    """Give this kind's own keys of ``simulate --json``."""
    means, plan, problem = run.comparison.means, run.cast, run.problem
    (success,), (revenue,) = means["success"], means["revenue"]
    unit = problem.reward / problem.wei
    wages = dict(zip(plan.team, plan.terms.wages, strict=True))
    chance = problem.success.value(plan.team)
    refusal = plan.refusal
    return {
        "succeeded": run.tally.endings["succeeded"],
        "success": {
            "count": success.total,
            "expected": None if success.expected is None else float(success.expected * success.games),
            "p_value": success.p_value,
        },
        "principal": {"bot": plan.principal, **_compared(revenue, "revenue")},
        "referee": plan.referee,
        "agents": [
            {
                "agent": agent,
                "bot": bot,
                "wage": show(wages.get(agent, 0) * unit),
                "worked": worked.total,
                **_compared(row, "utility"),
                "equilibrium_utility": show(
                    wages[agent] * unit * chance - problem.costs[agent] if agent in wages else Fraction(0)
                ),
            }
            for agent, (bot, row, worked) in enumerate(
                zip(run.bots, means["utility"], means["worked"], strict=True)
            )
        ],
        "refusals": []
        if refusal is None
        else [
            {
                "error": refusal.error,
                "agents": [plan.team[seat] for seat in refusal.seats],
                "games": run.tally.endings["refused"],
            }
        ],
    }


def _compared(row: MeanRow, of: str) -> dict[str, Any]:
    return {
        f"mean_{of}": None if row.mean is None else float(row.mean),
        "std_error": row.std_error,
        f"expected_{of}": None if row.expected is None else show(row.expected),
        "z": row.z,
    }
