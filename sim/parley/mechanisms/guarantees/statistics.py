"""What everybody was paid, and who did which schedule, against exact expectations."""

from __future__ import annotations

from functools import lru_cache
from math import lcm
from typing import TYPE_CHECKING, Any

from parley.core.exact import show
from parley.kit.play.declaration import Columns
from parley.kit.statistics import Chances, Count, Law, Mean
from parley.mechanisms.guarantees.decisions import ROLES, Plan, plan_of
from parley.mechanisms.guarantees.expectation import (
    chances,
    pay_law,
    pay_moments,
    platform_law,
    platform_moments,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.kit.play.simulation import Simulation
    from parley.kit.statistics import MeanRow, Statistic
    from parley.mechanisms.guarantees.play import Outcome
    from parley.mechanisms.guarantees.problem import Problem
    from parley.mechanisms.guarantees.solution import Solution

__all__ = ["CHALLENGES", "ERRORS", "columns", "report", "statistics"]

ERRORS = ("FloorBroken", "NotFairer", "WrongDisclosure")
"""Errors by which calls of bots are refused."""

CHALLENGES = ("committed", "disclosed", "upheld", "repaired")
"""What is counted of challenges: in how many dispatches, the last two."""


def statistics(problem: Problem) -> tuple[Statistic[Outcome, Solution], ...]:
    """Say what is counted: pay, value to the platform, schedules if they are drawn, challenges, refusals."""
    names, unit = problem.provider_names, _unit(problem)
    worth = _worth(problem, unit)

    def key(outcome: Outcome) -> tuple[tuple[str, ...], str]:
        return outcome.bots, outcome.registrar

    def planned(of: tuple[tuple[str, ...], str]) -> Plan:
        return plan_of(problem, *of)

    schedules: Count[Outcome, Solution] = Count(
        name="schedule",
        of=lambda outcome: outcome.schedules,
        rows=[f"schedule {k}" for k in range(1, problem.providers + 1)],
        cells=names,
        when=lambda outcome: outcome.ending == "settled",
        key=key,
        chances=lambda _, of: Chances(chances(planned(of))),
    )
    return (
        Mean(
            name="pay",
            of=lambda outcome: outcome.pays,
            labels=names,
            key=key,
            law=lambda _, of: _pay_laws(planned(of)),
            unit=problem.wei_per_value,
        ),
        Mean(
            name="value",
            of=lambda outcome: [worth(outcome)],
            labels=("platform",),
            key=key,
            law=lambda _, of: [_platform_law(planned(of))],
            unit=unit,
        ),
        *((schedules,) if problem.draw == "permutation" else ()),
        Mean(
            name="challenges",
            of=lambda o: (o.committed, o.disclosed, int(o.upheld), int(o.repaired)),
            labels=CHALLENGES,
        ),
        Mean(name="refused", of=lambda o: [o.refused.count(error) for error in ERRORS], labels=ERRORS),
    )


def _unit(problem: Problem) -> int:
    """Return how many counted units one unit of value has, for the platform."""
    factors = lcm(*(gamma.denominator for gamma in problem.factors))
    return factors * lcm(*(value.denominator for value in problem.values))


def _worth(problem: Problem, unit: int) -> Callable[[Outcome], int]:
    """Return a function from an outcome to Σ γ_i·v(done by i), in counted units."""
    scale = lcm(*(value.denominator for value in problem.values))
    values = [int(value * scale) for value in problem.values]
    factors = [int(gamma * unit / scale) for gamma in problem.factors]
    return lambda outcome: sum(
        gamma * sum(values[job] for job in jobs) for gamma, jobs in zip(factors, outcome.done, strict=True)
    )


@lru_cache(maxsize=256)
def _pay_laws(plan: Plan) -> list[Law | None]:
    return [_pay_law(plan, seat) for seat in range(plan.problem.providers)]


def _pay_law(plan: Plan, seat: int) -> Law | None:
    wei, law = plan.problem.wei_per_value, pay_law(plan, seat)
    if law is not None:
        return Law.of([(int(wei * pay), p) for pay, p in law.items()])
    found = pay_moments(plan, seat)
    return None if found is None else Law(wei * found[0], wei**2 * found[1])


@lru_cache(maxsize=256)
def _platform_law(plan: Plan) -> Law:
    unit, law = _unit(plan.problem), platform_law(plan)
    if law is not None:
        return Law.of([(int(unit * worth), p) for worth, p in law.items()])
    mean, variance = platform_moments(plan)
    return Law(unit * mean, unit**2 * variance)


def columns(problem: Problem) -> list[Columns[Outcome]]:
    """Say what the table of dispatches has: each provider's pay, the value, and what was challenged."""
    seats, unit = range(problem.providers), _unit(problem)
    worth = _worth(problem, unit)
    return [
        Columns([f"pay_{i}_wei" for i in seats], "wei", lambda outcome: outcome.pays),
        Columns(["value"], "float64", lambda outcome: [worth(outcome) / unit]),
        Columns(["upheld", "repaired"], "bool", lambda outcome: [outcome.upheld, outcome.repaired]),
    ]


# ── the report ──────────────────────────────────────────────────────────────────────────────────────────────


def report(run: Simulation[Problem, Solution, Outcome, Plan]) -> dict[str, Any]:
    """Give this kind's own keys of ``simulate --json``."""
    means, bots = run.comparison.means, run.cast.names[len(ROLES) :]
    (value,) = means["value"]
    drawn = run.comparison.counts.get("schedule")
    return {
        "dispatcher": run.cast.names[0],
        "challenger": run.cast.names[1],
        "registrar": run.cast.registrar,
        "refused": {row.label: row.total for row in means["refused"] if row.total},
        "challenges": {row.label: row.total for row in means["challenges"]},
        "providers": [
            {"provider": i, "bot": bot, **_compared(row, "pay"), "std_error": row.std_error}
            for i, (bot, row) in enumerate(zip(bots, means["pay"], strict=True))
        ],
        "platform": {**_compared(value, "value"), "std_error": value.std_error},
        "draw": None
        if drawn is None
        else {
            "counts": drawn.counts,
            "expected": [[float(number) for number in row] for row in drawn.expected],
            "p_value": drawn.p_value,
        },
    }


def _compared(row: MeanRow, of: str) -> dict[str, Any]:
    return {
        f"mean_{of}": None if row.mean is None else float(row.mean),
        f"expected_{of}": None if row.expected is None else show(row.expected),
        "z": row.z,
    }
