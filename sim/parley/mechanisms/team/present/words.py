"""Team contracts in words."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import cost, percent
from parley.kit.present.page_words import listed_up_to
from parley.kit.present.tables import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from parley.mechanisms.team.problem import Problem

__all__ = ["fairness_cost", "hired", "value"]

NAMED = 8
"""Members that a sentence names."""


def value(written: str | None) -> float:
    """Return a number of the report as a float; 0 if there is none."""
    return 0.0 if written is None else float(Fraction(written))


def hired(problem: Problem, team: Iterable[int]) -> str:
    """Name a team.

    Examples
    --------
    >>> from parley.mechanisms.team.problem import worked_example
    >>> hired(worked_example(), [0, 1]), hired(worked_example(), [])
    ('agent 1, agent 2', 'nobody')
    """
    names = [problem.agent_names[agent] for agent in team]
    return listed_up_to(NAMED, names) if names else "nobody"


def fairness_cost(found: Mapping[str, Any], problem: Problem) -> list[str]:
    """Say whom the optima hire, and what fairness costs."""
    fair, equal, free = (found[key] for key in ("fair", "nondiscriminatory", "unconstrained"))
    said = []
    if fair is None:
        said.append(f"There is no fair optimum: {found['reason']}.")
    else:
        proved = "" if fair["optimal"] else f"; at most {number(fair['bound'])} is possible"
        said.append(
            f"The best fair contract hires {hired(problem, fair['team'])} and earns the principal "
            f"{number(fair['revenue'])}{proved}."
        )
        if equal is not None and free is not None:
            said.extend(_compared(fair, equal, free))
    if found["posted"] is not None:
        said.append(_posted(found["posted"]))
    return said


def _compared(fair: Mapping[str, Any], equal: Mapping[str, Any], free: Mapping[str, Any]) -> list[str]:
    earned, most, least = (value(one["revenue"]) for one in (fair, free, equal))
    if not most:
        return ["No contract earns anything."]
    lost = 1 - earned / most
    said = (
        f"Without fairness the principal would earn {cost(most)}: fairness costs {percent(lost)} of it."
        if lost > 0
        else "Fairness costs nothing: no other contract earns more."
    )
    gained = f"Equal shares would earn {cost(least)}"
    return [said, f"{gained}, {percent(1 - least / earned) if earned else 0} less than fair ones."]


def _posted(posted: Mapping[str, Any]) -> str:
    words = {True: "is fair", False: "is NOT fair", None: "may be fair or not"}
    works = "makes all members work" if posted["feasible"] else "does NOT make all members work"
    return f"The posted contract {works}, {words[posted['fair']]}, and earns {number(posted['revenue'])}."
