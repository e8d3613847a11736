"""Recognition functions on one problem: what each row of `parley compare` says."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from parley.core.exact import show
from parley.kit.declared import Compared
from parley.mechanisms.coordination.audit import PROBLEMS, audit
from parley.mechanisms.coordination.recognition import RECOGNITION
from parley.mechanisms.coordination.solution import solve

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.core.files import JsonObject
    from parley.kit.options import Given
    from parley.mechanisms.coordination.problem import Problem

__all__ = ["compared", "comparison", "with_functions"]


def with_functions(problem: Problem) -> dict[str, Problem]:
    """Return the problem under each recognition function.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> list(with_functions(example_1()))[:2]
    ['p-star', 'equal']
    """
    return {name: replace(problem, recognition=name) for name in RECOGNITION}


def compared(problem: Problem, given: Given, tell: Callable[[str, int, int | None], None]) -> JsonObject:
    """Return axioms, equilibrium, and what single agents gain, under the problem's function."""
    found = audit(problem, problems=given.integer("problems", PROBLEMS), progress=tell)
    alone = [entry.gain for entry in found.manipulations.entries if len(entry.agents) == 1]
    equilibrium = solve(problem).to_json()
    return {
        **{axiom: verdict.holds for axiom, verdict in found.axioms.items()},
        "implements_here": found.axioms["cost_effective_implementation"].here,
        "highest_cost": None if found.equilibria is None else show(max(found.equilibria.total_costs)),
        "least_cost": equilibrium["cost_allocated"],
        "agents_who_gain": sum(gain > 0 for gain in alone),
        "greatest_gain": show(max(alone, default=Fraction(0))),
        "expected_costs": equilibrium["expected_costs"],
        "shares": dict(zip(problem.agent_names, equilibrium["recognition"]["probabilities"], strict=True)),
    }


def comparison() -> Compared:
    """Declare what is compared; see `parley.kit.declared.Compared`."""
    return Compared(
        with_functions,
        compared,
        {
            "cost_effective_implementation": ("cost-effective implementation", "verdict"),
            "consistency": ("consistency", "verdict"),
            "top_agent_proportionality": ("top-agent proportionality", "verdict"),
            "highest_cost": ("highest cost in equilibrium", "exact"),
            "least_cost": ("least cost", "exact"),
            "agents_who_gain": ("agents who gain alone", "count"),
            "greatest_gain": ("greatest gain", "exact"),
        },
        "chance to propose, which is the share of the savings",
        "Axioms are about all problems of the special domain, all else about this problem.",
    )
