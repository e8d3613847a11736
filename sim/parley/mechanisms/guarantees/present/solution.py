"""What is shown of a solution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Sheet
from parley.mechanisms.guarantees.present.page_parts import facts, findings, solution_figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley.mechanisms.guarantees.problem import Problem

__all__ = ["solution_sheet"]


def solution_sheet(solution: Mapping[str, Any], problem: Problem) -> Sheet:
    """Lay out a solution; see `parley.kit.mechanism.Mechanism.solution_sheet`."""
    return Sheet(
        "solution",
        "Solution: what the guarantee costs",
        "How much of the greatest value is left if the promise is kept, and who does what then?",
        facts=[
            *facts(problem),
            ("method", f"{solution['method']}, {solution['status']}"),
        ],
        findings=[("", text) for text in findings(solution, problem)],
        figures=solution_figures(problem, solution),
    )
