"""Rules of random assignment on one problem: what each row of `parley compare` says."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from parley.core.exact import show
from parley.kit.declared import Compared
from parley.mechanisms.assignment.audit import misreports
from parley.mechanisms.assignment.problem import CARDINAL, RULES
from parley.mechanisms.assignment.rules import summary
from parley.mechanisms.assignment.solution import RUNS, solve

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.core.files import JsonObject
    from parley.kit.options import Given
    from parley.mechanisms.assignment.problem import Problem

__all__ = ["compared", "comparison", "with_rules"]


SHOWN_RANKS = 6
"""Ranks with a colour of their own; the others share one."""


def with_rules(problem: Problem) -> dict[str, Problem]:
    """Return the problem under each rule; rules that use utilities only if it has some.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> list(with_rules(example_1()))
    ['serial-dictatorship', 'probabilistic-serial', 'boston']
    """
    return {
        rule: problem.with_rule(rule)
        for rule in RULES
        if problem.utilities is not None or rule not in CARDINAL
    }


def compared(problem: Problem, given: Given, tell: Callable[[str, int, int | None], None]) -> JsonObject:
    """Return efficiency, envy and manipulability under the problem's rule."""
    solution = solve(problem, runs=given.integer("runs", RUNS), seed=given.integer("seed", 0))
    found = summary(solution)

    def number(value: Fraction) -> str | float:
        return show(value) if found.exact else float(value)

    ranks = {f"rank {k + 1}": number(share) for k, share in enumerate(found.ranks[:SHOWN_RANKS])}
    if len(found.ranks) > SHOWN_RANKS:
        ranks["later"] = number(sum(found.ranks[SHOWN_RANKS:], Fraction(0)))
    return found.to_json() | {
        "strategy_proof": misreports(solution, tell).holds,
        "first_choice": number(sum(found.ranks[:1], Fraction(0))),
        "first_two": number(sum(found.ranks[:2], Fraction(0))),
        "shares": ranks | {"nothing": number(found.unassigned)},
    }


def comparison() -> Compared:
    """Declare what is compared; see `parley.kit.declared.Compared`."""
    return Compared(
        with_rules,
        compared,
        {
            "first_choice": ("first choice", "percent"),
            "first_two": ("first two", "percent"),
            "mean_rank": ("mean rank", "exact"),
            "unassigned": ("nothing", "percent"),
            "ex_post_efficient": ("ex-post efficient", "verdict"),
            "ordinally_efficient": ("ordinally efficient", "verdict"),
            "ex_ante_efficient": ("ex-ante efficient", "verdict"),
            "sd_envious_pairs": ("pairs with sd-envy", "count"),
            "strategy_proof": ("strategy-proof", "verdict"),
            "welfare": ("welfare", "exact"),
        },
        "expected share of agents by the rank of what they get",
        "Where probabilities are estimated, ranks and envy are those of the sample. Welfare needs utilities.",
    )
