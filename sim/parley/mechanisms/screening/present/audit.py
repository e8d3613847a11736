"""What is shown of an audit: properties, deviations, other preferences, and the solution."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.core.exact import show
from parley.kit.present.page_model import Figure, Sheet, cell, columns, count
from parley.kit.present.page_words import listed, properties_hold, verdict
from parley.kit.present.tables import number
from parley.mechanisms.screening.audit import PROPERTIES
from parley.mechanisms.screening.design import designed
from parley.mechanisms.screening.expectation import expectation
from parley.mechanisms.screening.present.page_parts import facts, findings, solution_figures
from parley.mechanisms.screening.present.words import reason, value
from parley.mechanisms.screening.solution import solve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from parley.mechanisms.screening.audit import Audit
    from parley.mechanisms.screening.problem import Problem

__all__ = ["audit_documents", "audit_sheet"]

SOLUTION = "solution.json"
COPIES = 100
"""Copies of the market up to which its convergence is shown."""


def audit_documents(found: Audit) -> dict[str, Any]:
    """Return what an audit is about: the solution with all benchmarks."""
    problem = found.problem
    solution = solve(problem, bound=True, copies=COPIES).to_json()
    two = expectation(problem.market(designed(problem, "two-price", 0))).change
    change = show(two) if isinstance(two, Fraction) else two
    solution["benchmarks"] |= {"two_price": {"expected_change": change}}
    return {SOLUTION: solution}


def audit_sheet(
    found: Mapping[str, Any], problem: Problem, document: Callable[[str], Mapping[str, Any]]
) -> Sheet:
    """Lay out an audit; see `parley.kit.mechanism.Mechanism.audit_sheet`."""
    solution = document(SOLUTION)
    told = {key: (verdict(found[key]["holds"]), reason(key, found[key], problem)) for key in PROPERTIES}
    properties = Figure(
        "properties",
        "Properties",
        columns(property="property", verdict=("verdict", "verdict"), because="because"),
        [[PROPERTIES[key], *entry] for key, entry in told.items()],
        note="What holds is proved; what fails has an example that can be checked by hand.",
    )
    return Sheet(
        "audit",
        "Audit of menus",
        "Is choosing right obvious, does choice pay, and who could gain by choosing otherwise?",
        facts=facts(solution, problem),
        findings=[
            *(("", text) for text in _deviations(found["manipulation"], problem)),
            *(("", text) for text in findings(solution, problem)),
        ],
        figures=[
            properties,
            _manipulation(found["manipulation"], problem),
            _robustness(found["robustness"]),
            *(replace(figure, detail=True) for figure in solution_figures(problem, solution)),
        ],
        verdict=properties_hold({PROPERTIES[key]: found[key]["holds"] for key in PROPERTIES}),
    )


def _who(agent: int | Sequence[int], problem: Problem) -> str:
    agents = [agent] if isinstance(agent, int) else agent
    return listed(problem.agent_names[i] for i in agents)


def _deviations(entries: Sequence[Mapping[str, Any]], problem: Problem) -> list[str]:
    said = []
    for who, many, single in (("agent", "agents", True), ("pair", "pairs", False)):
        group = [one for one in entries if isinstance(one["agent"], int) is single]
        gaining = [one for one in group if value(one["gain"]) > 0]
        if not gaining:
            said.append(f"No {who} was found that gains by choosing what it does not like best.")
            continue
        best = max(gaining, key=lambda one: value(one["gain"]))
        said.append(
            f"{count(len(gaining), who, many)} can gain by choosing otherwise. The most, a workload of "
            f"{number(best['gain'])}, is saved by {_who(best['agent'], problem)}."
        )
    return said


def _manipulation(entries: Sequence[Mapping[str, Any]], problem: Problem) -> Figure:
    rows = []
    for one in entries:
        best = one["best_deviation"]
        if best is not None or isinstance(one["agent"], int):
            instead = "nothing" if best is None else f"{best['choices']} instead of {best['truthful']}"
            rows.append([_who(one["agent"], problem), instead, cell(one["gain"])])
    return Figure(
        "manipulation",
        "What agents and pairs could gain",
        columns(agent="agents", instead="best deviation", gain=("workload saved", "exact")),
        rows,
        note="Expected over the others' choices. [1, 2]: the first agent chooses ray 1, the second ray 2; "
        "0 is to stay. Pairs that gain nothing are left out.",
    )


def _robustness(entries: Sequence[Mapping[str, Any]]) -> Figure:
    return Figure(
        "robustness",
        "If preferences are not as guessed",
        columns(
            preferences="preferences",
            change=("expected change", "number"),
            error=("standard error", "number"),
        ),
        [[one["preferences"], one["expected_change"], one["std_error"]] for one in entries],
        note="With the same menus. Social cost is never above that of the status quo.",
    )
