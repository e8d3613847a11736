"""What is shown of menus and what follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Sheet
from parley.mechanisms.screening.present.page_parts import facts, findings, solution_figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley.mechanisms.screening.problem import Problem

__all__ = ["solution_sheet"]


def solution_sheet(solution: Mapping[str, Any], problem: Problem) -> Sheet:
    """Lay out a solution; see `parley.kit.mechanism.Mechanism.solution_sheet`."""
    return Sheet(
        "solution",
        "Solution: menus of rays",
        "What may each agent choose, what does it choose, and what is that worth?",
        facts=facts(solution, problem),
        findings=[("", text) for text in findings(solution, problem)],
        figures=solution_figures(problem, solution),
    )
