"""Who got what, against the probabilities that theory gives it.

Every lottery is drawn with the probabilities of its rule at the reports that were revealed; a seat that does
not open its second secret gets nothing. So the number of lotteries in which an agent gets an item is a sum of
independent trials of known probabilities. Each such number is tested exactly, and all of them together by
Bonferroni: the p-value is valid at any number of lotteries.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import lcm
from typing import TYPE_CHECKING, Any, NamedTuple

from parley.core import exact
from parley.kit.play.declaration import Columns
from parley.kit.statistics import Chances, Count, Law, Mean
from parley.mechanisms.assignment.certificate import as_reported
from parley.mechanisms.assignment.lottery import show_matrix
from parley.mechanisms.assignment.solution import Solution, solve

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.kit.play.simulation import Simulation
    from parley.kit.statistics import Statistic
    from parley.mechanisms.assignment.certificate import Order
    from parley.mechanisms.assignment.plan import Plan
    from parley.mechanisms.assignment.play import Outcome
    from parley.mechanisms.assignment.problem import Problem

__all__ = ["Profile", "columns", "report", "statistics"]


class Profile(NamedTuple):
    """What decides the probabilities of a lottery.

    Attributes
    ----------
    reports : tuple of (tuple of int or None)
        What each seat revealed; None if it was silent.
    forfeits : tuple of int
        Seats that did not open their second secret.
    """

    reports: tuple[Order | None, ...]
    forfeits: tuple[int, ...]


def statistics(problem: Problem) -> tuple[Statistic[Outcome, Solution], ...]:
    """Say what is counted: each agent's ``item``, ``utility`` and lost ``bond``; ``expired`` lotteries.

    Utilities are not tested: they follow from who got what, which is. To an agent, nothing and what it does
    not want are worth 0.
    """
    names, nothing = problem.agent_names, len(problem.items)

    def given(solution: Solution, profile: Profile) -> Chances:
        if profile.reports != problem.orders:
            solution = solve(as_reported(problem, profile.reports), seed=solution.seed)
        drawn = iter(solution.matrix)
        rows = [(Fraction(0),) * nothing if report is None else next(drawn) for report in profile.reports]
        for seat in profile.forfeits:
            rows[seat] = (Fraction(0),) * nothing
        runs = None if solution.sample is None else solution.sample.runs
        return Chances([(*row, 1 - sum(row, Fraction(0))) for row in rows], runs)

    chances: Callable[[Solution, Profile], Chances] = cache(given)
    item = Count(
        name="item",
        of=lambda outcome: [nothing if item is None else item for item in outcome.assignment],
        rows=names,
        cells=(*problem.items, "nothing"),
        when=_drawn,
        key=_profile,
        chances=chances,
    )
    return (item, *_utility(problem, item), *_information(problem))


def _drawn(outcome: Outcome) -> bool:
    return outcome.ending == "drawn"


def _profile(outcome: Outcome) -> Profile:
    return Profile(outcome.reports, outcome.forfeits)


def _utility(problem: Problem, item: Count[Outcome, Solution]) -> tuple[Statistic[Outcome, Solution], ...]:
    """Utilities, counted in units of which each is a whole number."""
    if problem.utilities is None:
        return ()
    utilities = [[value or Fraction(0) for value in row] for row in problem.utilities]
    unit = lcm(*(value.denominator for row in utilities for value in row))
    worth = [[int(value * unit) for value in row] + [0] for row in utilities]

    def laws(solution: Solution, profile: Profile) -> list[Law]:
        matrix, runs = item.chances(solution, profile)
        found = (Law.of(zip(own, row, strict=True)) for own, row in zip(worth, matrix, strict=True))
        return [Law(law.mean, law.variance if runs is None else None) for law in found]

    return (
        Mean(
            name="utility",
            of=lambda outcome: [
                own[-1 if got is None else got] for own, got in zip(worth, outcome.assignment, strict=True)
            ],
            labels=problem.agent_names,
            when=_drawn,
            key=_profile,
            law=laws,
            unit=unit,
        ),
    )


def _information(problem: Problem) -> tuple[Statistic[Outcome, Solution], ...]:
    return (
        Mean(name="bond", of=lambda outcome: outcome.bonds_lost, labels=problem.agent_names),
        Mean(name="expired", of=lambda outcome: (bool(outcome.expired),), labels=("expired",)),
    )


def columns(problem: Problem) -> list[Columns[Outcome]]:
    """Say what the table of lotteries has: the item of each agent, and what was drawn.

    Items are numbered from 0, −1 for nothing. What was drawn is the term, or under serial dictatorship the
    seat that came first; −1 if nothing was.
    """
    return [
        Columns(
            [f"item_{i}" for i in range(problem.agents)],
            "int16",
            lambda outcome: [-1 if item is None else item for item in outcome.assignment],
        ),
        Columns(["draw"], "int32", lambda outcome: [outcome.order[0] if outcome.order else outcome.term]),
    ]


def report(run: Simulation[Problem, Solution, Outcome, Plan]) -> dict[str, Any]:
    """Give this kind's own keys of ``simulate --json``."""
    compared, problem, solution = run.comparison, run.problem, run.theory
    item, utilities = compared.counts["item"], compared.means.get("utility")
    agents = []
    for i, (bot, bond) in enumerate(zip(run.bots, compared.means["bond"], strict=True)):
        row = utilities[i] if utilities is not None and utilities[i].games else None
        truthful = solution.expected_utilities
        agents.append(
            {
                "agent": i,
                "bot": bot,
                "report": None if run.cast.revealed[i] is None else list(run.cast.revealed[i] or ()),
                "mean_utility": None if row is None or row.mean is None else float(row.mean),
                "std_error": None if row is None else row.std_error,
                "expected_utility": None if row is None else _show(row.expected, exactly=item.exact),
                "truthful_utility": None
                if row is None or truthful is None
                else _show(truthful[i], exactly=solution.exact),
                "z": None if row is None else row.z,
                "bonds_lost": bond.total,
            }
        )
    return {
        "expired": compared.means["expired"][0].total,
        "rule": problem.rule,
        "counts": [row[:-1] for row in item.counts],
        "unassigned": [row[-1] for row in item.counts],
        "expected": [[float(count) for count in row[:-1]] for row in item.expected],
        "truthful": show_matrix(solution.matrix) if solution.exact else None,
        "p_value": item.p_value,
        "agents": agents,
    }


def _show(number: Fraction | None, *, exactly: bool) -> str | float | None:
    """Exact numbers as text, estimates as numbers."""
    if number is None:
        return None
    return exact.show(number) if exactly else float(number)
