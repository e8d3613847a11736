"""Figures and facts that several pages of a team have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Figure, cell, columns, cost
from parley.mechanisms.team.present.words import value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley.mechanisms.team.problem import Problem

__all__ = ["facts", "shares_figure"]


def facts(problem: Problem) -> list[tuple[str, str]]:
    """Say what a reader wants to know first, labelled."""
    return [
        ("agents", f"{problem.agents:,}"),
        ("success", problem.success.type.replace("-", " ")),
        ("reward", cost(float(problem.reward))),
        *([("posted", "a contract")] if problem.posted is not None else []),
    ]


def shares_figure(problem: Problem, found: Mapping[str, Any]) -> Figure:
    """Show the shares of the three optima over the cut-offs of the fair team, with the floor."""
    fair, equal, free = (found[key] for key in ("fair", "nondiscriminatory", "unconstrained"))
    floor = fair["minimum_share"]
    members = sorted(fair["team"], key=lambda agent: value(fair["cutoffs"][agent]))
    rows = [
        [
            "share of the reward",
            problem.agent_names[agent],
            cell(fair["cutoffs"][agent]),
            cell(fair["shares"][agent]),
            cell(equal["wage"]) if agent in equal["team"] else None,
            cell(free["shares"][agent]) if agent in free["team"] else None,
            cell(floor),
            cell(fair["utilities"][agent]),
        ]
        for agent in members
    ]
    lines = [
        {"key": "fair", "text": "fair", "tone": "played", "dash": ""},
        {"key": "equal", "text": "equal shares", "tone": "other", "dash": ""},
        {"key": "free", "text": "without fairness", "tone": "theory", "dash": ""},
        {"key": "floor", "text": "floor", "tone": "ink", "dash": "2 3"},
    ]
    same = ["cutoff", "fair", "equal", "free", "floor", "utility"]
    return Figure(
        "shares",
        "What each member gets",
        columns(
            what=("of what", "text", True),
            agent="agent",
            cutoff=("cut-off", "number"),
            fair=("fair share", "number"),
            equal=("equal share", "number"),
            free=("without fairness", "number"),
            floor=("floor", "number", True),
            utility=("utility", "number"),
        ),
        rows,
        chart="lines" if len(rows) > 1 else "",
        alt="The shares of the members under each of three rules against their cut-offs, and the floor.",
        note="Shares are of the reward. Cut-off: the least share for which a member works if the others work."
        " Utility: what it expects to get with its fair share, less its cost of effort."
        + ("" if all(None not in row for row in rows) else " Empty: not hired under that rule."),
        options={"across": "cutoff", "up": "share of the reward", "lines": lines, "top": 0.01, "alike": same},
        picture="shares",
    )
