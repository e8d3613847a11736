"""What is shown of a random assignment: agents are numbered from 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Sheet, count
from parley.mechanisms.assignment.present.page_parts import solution_figures
from parley.mechanisms.assignment.present.words import on_average

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley.mechanisms.assignment.problem import Problem

__all__ = ["facts", "solution_sheet"]


def facts(solution: Mapping[str, Any], problem: Problem) -> list[tuple[str, str]]:
    """Say what a reader wants to know first, labelled."""
    return [
        ("rule", str(solution["rule"])),
        ("agents", f"{problem.agents:,}"),
        ("items", f"{len(problem.items):,}"),
        ("places", f"{sum(problem.capacities):,}"),
        ("probabilities", "exact" if solution["exact"] else f"from {count(solution['runs'], 'run')}"),
    ]


def solution_sheet(solution: Mapping[str, Any], problem: Problem) -> Sheet:
    """Lay out a solution; see `parley.kit.mechanism.Mechanism.solution_sheet`."""
    findings = [("", on_average(solution["ranks"]))]
    if problem.posted is not None:
        findings.append(("", "The posted assignment is what the rule gives."))
    if solution["lottery"] is None:
        findings.append(("", "The rule's own assignments are too many to list: there is no lottery to show."))
    return Sheet(
        "solution",
        f"Solution: {solution['rule']}",
        "Who gets what with which probability, and what do agents expect of it?",
        facts=facts(solution, problem),
        findings=findings,
        figures=solution_figures(problem, solution),
    )
