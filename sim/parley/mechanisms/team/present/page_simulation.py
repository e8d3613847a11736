"""One simulation: many projects of one problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Z95, Figure, columns, cost, count, plus_minus
from parley.kit.present.page_parts import (
    as_float,
    mean_cells,
    mean_columns,
    means_figure,
    sheet_of_simulation,
)
from parley.kit.present.page_words import draws_follow
from parley.mechanisms.team.present.page_parts import facts
from parley.mechanisms.team.present.words import hired

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from parley.kit.present.page_model import Sheet
    from parley.mechanisms.team.problem import Problem

__all__ = ["simulation_sheet"]


def simulation_sheet(
    report: Mapping[str, Any], problem: Problem, name: str, folder: Path | None = None
) -> Sheet:
    """Lay out a simulation; see `parley.kit.mechanism.Mechanism.simulation_sheet`."""
    del folder  # the report has all that is shown
    return sheet_of_simulation(
        report,
        name=name,
        question="Do members work, do projects succeed as often as theory says, and is everybody paid?",
        games="projects",
        facts=[*facts(problem), ("principal", report["principal"]["bot"]), ("referee", report["referee"])],
        findings=[*_success(report), _revenue(report["principal"]), *_refused(report, problem)],
        figures=[_agents(report, problem)],
        paths={},
    )


def _success(report: Mapping[str, Any]) -> Iterator[str]:
    found = report["success"]
    if found["expected"] is not None:
        yield (
            f"{count(found['count'], 'project')} succeeded; {cost(found['expected'])} are expected, given "
            "who worked."
        )
        if found["p_value"] is not None:
            yield from draws_follow("Successes", "the probabilities of those who worked", [found["p_value"]])


def _revenue(found: Mapping[str, Any]) -> str:
    mean, expected = found["mean_revenue"], as_float(found["expected_revenue"])
    if mean is None or expected is None:
        return "Nothing was counted."
    z = "" if found["z"] is None else f" (z {found['z']:+.2f})"
    return (
        f"The principal earned {plus_minus(mean, Z95 * found['std_error'])}; {cost(expected)} is expected{z}."
    )


def _refused(report: Mapping[str, Any], problem: Problem) -> Iterator[str]:
    for one in report["refusals"]:
        who = f" ({hired(problem, one['agents'])})" if one["agents"] else ""
        yield f"The contract refused {count(one['games'], 'project')}: {one['error']}{who}."


def _agents(report: Mapping[str, Any], problem: Problem) -> Figure:
    rows = [
        [
            problem.agent_names[one["agent"]],
            one["bot"],
            as_float(one["wage"]),
            one["worked"],
            as_float(one["equilibrium_utility"]),
            *mean_cells(one, "utility"),
        ]
        for one in report["agents"]
        if as_float(one["wage"])
    ]
    return means_figure(
        "agents",
        "What members gained",
        [
            *columns(
                agent="agent",
                bot="bot",
                wage=("share", "number"),
                worked=("times worked", "count"),
                equilibrium=("utility if all work", "number"),
            ),
            *mean_columns("mean utility", "theory (utility)"),
        ],
        rows,
        {"title": "Mean utility", "played": "mean utility", "unit": "utility"},
        note="Utility: the wage less the cost of effort. Theory: its expectation, given who worked.",
        picture="utilities",
    )
