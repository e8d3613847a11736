"""Tables of a random assignment, for people to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from sim.assignment.solution import Solution


def solution_tables(solution: Solution) -> Iterator[RenderableType]:
    """Tables of the matrix, the lottery, expected utilities and ranks."""
    yield f"{solution.problem.rule}"
