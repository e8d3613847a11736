"""What is shown of a solution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Figure, Sheet, cell, columns
from parley.mechanisms.team.present.page_parts import facts, shares_figure
from parley.mechanisms.team.present.words import fairness_cost, hired

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley.mechanisms.team.problem import Problem

__all__ = ["solution_sheet"]

RULES = {"fair": "fair", "nondiscriminatory": "equal shares", "unconstrained": "without fairness"}


def solution_sheet(solution: Mapping[str, Any], problem: Problem) -> Sheet:
    """Lay out a solution; see `parley.kit.mechanism.Mechanism.solution_sheet`."""
    fair = solution["fair"]
    return Sheet(
        "solution",
        "Solution: whom to hire, at what shares",
        "Which team earns the principal most if nobody may envy anybody, and what does fairness cost?",
        facts=[*facts(problem), *([] if fair is None else [("method", fair["method"])])],
        findings=[("", text) for text in fairness_cost(solution, problem)],
        figures=[
            *([shares_figure(problem, solution)] if fair is not None and fair["team"] else []),
            _rules(problem, solution),
        ],
    )


def _rules(problem: Problem, solution: Mapping[str, Any]) -> Figure:
    rows = []
    for key, name in RULES.items():
        found = solution[key]
        if found is not None:
            bound = None if found["optimal"] else cell(found["bound"])
            rows.append([name, hired(problem, found["team"]), cell(found["revenue"]), bound])
    return Figure(
        "rules",
        "What the principal earns",
        columns(rule="shares", team="team", revenue=("revenue", "number"), bound=("at most", "number")),
        rows,
        chart="bars",
        alt="The revenue of the best contract under each rule.",
        note="Revenue: the chance of success × the reward × what the shares leave of it."
        + ("" if all(row[-1] is None for row in rows) else " At most: no contract of this kind earns more."),
        options={"value": "revenue", "unit": "revenue"},
        picture="rules",
    )
