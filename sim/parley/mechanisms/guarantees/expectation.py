"""What play is expected to pay: exact laws of pay, and of what the platform gets.

Jobs are cancelled independently. A no-show misses all its jobs at once. Schedules are drawn uniformly among
those who opened their secrets; the silent get those of least pay.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING

from parley.mechanisms.guarantees.schedules import values_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parley.mechanisms.guarantees.decisions import Plan
    from parley.mechanisms.guarantees.problem import Problem

__all__ = ["MOST_VALUES", "Moments", "chances", "pay_law", "pay_moments", "platform_law", "platform_moments"]

MOST_VALUES = 4096
"""Different sums of values up to which their law is listed."""

Distribution = dict[Fraction, Fraction]
"""Probabilities by value."""

Moments = tuple[Fraction, Fraction]
"""Mean and variance."""

_NOTHING: Distribution = {Fraction(0): Fraction(1)}


def chances(plan: Plan) -> list[list[Fraction]]:
    """Return the probability that a seat does what the standing allocation gives to another.

    Returns
    -------
    list of list of Fraction
        By the seat that the allocation names, and by the seat that does its jobs.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from parley.mechanisms.guarantees.decisions import plan_of
    >>> from parley.mechanisms.guarantees.problem import worked_example
    >>> drawn = replace(worked_example(), draw="permutation", provider_bond=Fraction(3))
    >>> plan = plan_of(drawn, ("honest", "watchful", "reliable", "reliable"))
    >>> [list(map(str, row)) for row in chances(plan)]
    [['1/2', '1/2'], ['1/2', '1/2']]
    """
    n, enrolled, standing = plan.problem.providers, plan.enrolled, plan.standing
    found = [[Fraction(0)] * n for _ in range(n)]
    if standing is None:
        return found
    if plan.problem.draw == "none":
        for seat in enrolled:
            found[seat][seat] = Fraction(1)
        return found
    values = values_of(plan.problem, standing)
    ranking = sorted(enrolled, key=lambda seat: (values[seat], seat))
    silent = [seat for seat in enrolled if seat not in plan.opened]
    for schedule, seat in zip(ranking, silent, strict=False):
        found[schedule][seat] = Fraction(1)
    for schedule in ranking[len(silent) :]:
        for seat in plan.opened:
            found[schedule][seat] = Fraction(1, len(plan.opened))
    return found


def _cancelled(plan: Plan) -> Sequence[Fraction]:
    """Return the probability that each job is cancelled; none is, if the registrar does not say so."""
    late = plan.registrar == "late"
    return (Fraction(0),) * plan.problem.jobs if late else plan.problem.cancellation


def _misses(plan: Plan, seat: int) -> Fraction:
    return Fraction(0) if plan.registrar == "late" else plan.providers[seat].misses


@lru_cache(maxsize=4096)
def _values(problem: Problem, jobs: tuple[int, ...], cancelled: tuple[Fraction, ...]) -> Distribution | None:
    """Return the law of the value of the jobs that are not cancelled; None if it has too many values."""
    law = _NOTHING
    for job, p in zip(jobs, cancelled, strict=True):
        law = _plus(law, _mixed([(p, _NOTHING), (1 - p, {problem.values[job]: Fraction(1)})]))
        if len(law) > MOST_VALUES:
            return None
    return law


def _plus(one: Distribution, other: Distribution) -> Distribution:
    """Return the law of the sum of independent numbers."""
    total: Distribution = {}
    for x, p in one.items():
        for y, q in other.items():
            total[x + y] = total.get(x + y, Fraction(0)) + p * q
    return total


def _mixed(parts: Sequence[tuple[Fraction, Distribution]]) -> Distribution:
    total: Distribution = {}
    for weight, law in parts:
        if weight:
            for x, p in law.items():
                total[x] = total.get(x, Fraction(0)) + weight * p
    return total


def pay_law(plan: Plan, seat: int) -> Distribution | None:
    """Return the law of what a seat is paid, in units of value; None if it has too many values to be listed.

    A provider that misses nothing is paid at least its floor.
    """
    problem = plan.problem
    floor = plan.floors[seat]
    if seat not in plan.enrolled:
        return _NOTHING
    standing = plan.standing
    if standing is None:
        return {floor: Fraction(1)}
    cancelled, misses, theta = _cancelled(plan), _misses(plan, seat), problem.pay[seat]
    parts = []
    for schedule, row in enumerate(chances(plan)):
        if not row[seat]:
            continue
        jobs = standing[schedule]
        gone = tuple(cancelled[job] for job in jobs)
        values = _values(problem, jobs, gone)
        if values is None:
            return None
        paid = _mixed([(p, {max(theta * value, floor): Fraction(1)}) for value, p in values.items()])
        nothing = prod(gone, start=Fraction(1))
        missed = _mixed([(nothing, {floor: Fraction(1)}), (1 - nothing, _NOTHING)])
        parts += [(row[seat] * (1 - misses), paid), (row[seat] * misses, missed)]
    law = _mixed(parts)
    return law if len(law) <= MOST_VALUES else None


def pay_moments(plan: Plan, seat: int) -> Moments | None:
    """Return mean and variance of what a seat is paid, in units of value; None if a floor may matter."""
    if plan.floors[seat]:
        return None
    standing, theta = plan.standing or (), plan.problem.pay[seat] / plan.problem.factors[seat]
    parts = [
        (row[seat], _worth(plan, seat, jobs))
        for row, jobs in zip(chances(plan), standing, strict=False)
        if row[seat]
    ]
    mean = sum((p * one for p, (one, _) in parts), Fraction(0))
    square = sum((p * (spread + one**2) for p, (one, spread) in parts), Fraction(0))
    return theta * mean, theta**2 * (square - mean**2)


def platform_law(plan: Plan) -> Distribution | None:
    """Return the law of Σ γ_i·v(done by i); None if it is not listed: with a draw, or too many values."""
    law, problem, standing = _NOTHING, plan.problem, plan.standing
    if standing is None:
        return law
    if problem.draw != "none":
        return None
    cancelled = _cancelled(plan)
    for seat in plan.enrolled:
        jobs = standing[seat]
        values = _values(problem, jobs, tuple(cancelled[job] for job in jobs))
        if values is None:
            return None
        misses, gamma = _misses(plan, seat), problem.factors[seat]
        worth = {gamma * value: p for value, p in values.items()}
        law = _plus(law, _mixed([(misses, _NOTHING), (1 - misses, worth)]))
        if len(law) > MOST_VALUES:
            return None
    return law


def platform_moments(plan: Plan) -> Moments:
    """Return mean and variance of Σ γ_i·v(done by i).

    Under a draw, the variance of Σ a_{i, π(i)} for a uniform permutation π of m is
    Σ (a_is − mean of row i − mean of column s + mean of all)² / (m − 1) (Hoeffding 1951).
    """
    standing = plan.standing
    if standing is None:
        return Fraction(0), Fraction(0)
    mean = variance = Fraction(0)
    drawn: dict[int, dict[int, Fraction]] = {}
    for schedule, row in enumerate(chances(plan)):
        for seat, chance in enumerate(row):
            if chance:
                one, spread = _worth(plan, seat, standing[schedule])
                mean += chance * one
                variance += chance * spread
                if chance < 1:
                    drawn.setdefault(seat, {})[schedule] = one
    return mean, variance + _of_permutation(drawn)


def _worth(plan: Plan, seat: int, jobs: Sequence[int]) -> Moments:
    """Return mean and variance of what a schedule is worth if this seat does it."""
    problem, cancelled, misses = plan.problem, _cancelled(plan), _misses(plan, seat)
    gamma = problem.factors[seat]
    mean = gamma * sum(((1 - cancelled[job]) * problem.values[job] for job in jobs), Fraction(0))
    spread = gamma**2 * sum(
        (cancelled[job] * (1 - cancelled[job]) * problem.values[job] ** 2 for job in jobs), Fraction(0)
    )
    shows = 1 - misses
    return shows * mean, shows * (spread + misses * mean**2)


def _of_permutation(a: Mapping[int, Mapping[int, Fraction]]) -> Fraction:
    if not a:
        return Fraction(0)
    m = len(a)
    rows = {i: sum(row.values(), Fraction(0)) / m for i, row in a.items()}
    schedules = next(iter(a.values())).keys()
    across = {s: sum((row[s] for row in a.values()), Fraction(0)) / m for s in schedules}
    middle = sum(rows.values(), Fraction(0)) / m
    gaps = ((x - rows[i] - across[s] + middle) ** 2 for i, row in a.items() for s, x in row.items())
    return sum(gaps, Fraction(0)) / (m - 1)
