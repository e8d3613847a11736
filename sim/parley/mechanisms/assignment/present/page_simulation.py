"""One simulation: many lotteries of one problem."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Figure, columns, count
from parley.kit.present.page_parts import (
    frequency_cells,
    frequency_columns,
    matrix,
    mean_cells,
    mean_columns,
    means_figure,
    sheet_of_simulation,
)
from parley.kit.present.page_words import draws_follow, largest_deviation
from parley.mechanisms.assignment.present.page_parts import matrix_figure
from parley.mechanisms.assignment.present.words import listed, ranked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from parley.kit.present.page_model import Sheet
    from parley.mechanisms.assignment.problem import Problem

__all__ = ["simulation_sheet"]


def simulation_sheet(
    report: Mapping[str, Any], problem: Problem, name: str, folder: Path | None = None
) -> Sheet:
    """Lay out a simulation; see `parley.kit.mechanism.Mechanism.simulation_sheet`."""
    del folder  # the report has all that is shown
    agents = report["agents"]
    return sheet_of_simulation(
        report,
        name=name,
        question="Does who got what follow the probabilities of the rule?",
        games="lotteries",
        facts=[
            ("rule", str(report["rule"])),
            ("agents", f"{len(agents):,}"),
            ("items", f"{len(problem.items):,}"),
        ],
        findings=[
            *_drawn(report),
            *largest_deviation("Mean utilities", agents),
            *_deadlines(report),
            *_departed(agents, problem),
            *_lost(agents, problem),
        ],
        figures=[
            _counts(report, problem),
            _agents(agents, problem),
            *([_truthful(report["truthful"], problem)] if report["truthful"] is not None else []),
        ],
        paths="What happened on the way to the draw, or instead.",
    )


# ── sentences ───────────────────────────────────────────────────────────────────────────────────────────────


def _drawn(report: Mapping[str, Any]) -> list[str]:
    p = report["p_value"]
    if p is None:
        return ["Nothing was drawn."]
    cells = sum(len(row) + 1 for row in report["counts"])
    said = draws_follow("Draws", "the probabilities of the rule at what was reported", [p])[0]
    return [f"{said} Every agent's count of every item and of nothing is tested ({cells:,}), Bonferroni."]


def _deadlines(report: Mapping[str, Any]) -> list[str]:
    passed = report["expired"]
    if not passed:
        return []
    number = count(passed, "lottery", "lotteries")
    return [f"In {number} a deadline passed, and it went on without the silent."]


def _departed(agents: Sequence[Mapping[str, Any]], problem: Problem) -> list[str]:
    """Who did not report the truth, and what it reported."""
    told = [
        f"{problem.agent_names[entry['agent']]} reported {_reported(entry, problem)}"
        for entry in agents
        if entry["report"] is not None and tuple(entry["report"]) != problem.orders[entry["agent"]]
    ]
    silent = [problem.agent_names[entry["agent"]] for entry in agents if entry["report"] is None]
    said = [f"Not the truth: {listed(told)}."] if told else []
    return [*said, *([f"Nothing was revealed by {listed(silent)}."] if silent else [])]


def _reported(entry: Mapping[str, Any], problem: Problem) -> str:
    if entry["report"] is None:
        return "nothing revealed"
    if tuple(entry["report"]) == problem.orders[entry["agent"]]:
        return "the truth"
    return ranked(([o] for o in entry["report"]), problem.items)


def _bonds(entry: Mapping[str, Any], problem: Problem) -> int:
    """How many bonds an agent lost."""
    lost: int = entry["bonds_lost"]
    return lost // problem.bond if problem.bond else 0


def _lost(agents: Sequence[Mapping[str, Any]], problem: Problem) -> list[str]:
    told = [
        f"{problem.agent_names[entry['agent']]} {_bonds(entry, problem):,}"
        for entry in agents
        if entry["bonds_lost"]
    ]
    return [f"Bonds of {problem.bond:,} wei lost: {listed(told)}."] if told else []


# ── figures ─────────────────────────────────────────────────────────────────────────────────────────────────


def _counts(report: Mapping[str, Any], problem: Problem) -> Figure:
    items = [*problem.items, "nothing"]
    cells, drawn = [], 0
    for counts, nothing, wanted in zip(
        report["counts"], report["unassigned"], report["expected"], strict=True
    ):
        drawn = sum(counts) + nothing
        cells.append(frequency_cells([*counts, nothing], [*wanted, max(0.0, drawn - sum(wanted))]))
    return matrix(
        "counts",
        f"Who got what in {count(drawn, 'lottery', 'lotteries')}",
        [*columns(agent="agent", item="item"), *frequency_columns("times drawn")],
        (problem.agent_names, items),
        cells,
        value="share",
        options={"beside": "probability", "most": 1, "drawn": drawn},
        chart="matrix funnel",
        alt="A matrix of agents by items: the oftener an agent got an item, the darker.",
        note="Of those that were drawn. Expected is what the rule gives at the reports that were revealed.",
        folded=True,
        picture="matrix",
    )


def _agents(agents: Sequence[Mapping[str, Any]], problem: Problem) -> Figure:
    worth = problem.utilities is not None
    heads = [
        *columns(agent="agent", bot="bot", reported="reported"),
        *(mean_columns("mean utility", "theory (utility)") if worth else []),
        *columns(lost=("bonds lost", "count")),
    ]
    rows = [
        [
            problem.agent_names[entry["agent"]],
            entry["bot"],
            _reported(entry, problem),
            *(mean_cells(entry, "utility") if worth else []),
            _bonds(entry, problem),
        ]
        for entry in agents
    ]
    if not worth:
        return Figure("agents", "Agents", heads, rows, note="The problem states no utilities.")
    note = (
        "Utilities are the problem's; nothing is worth 0. Theory's are those of the reports that were"
        " revealed. Intervals are of the sample; z is the deviation from theory in exact standard errors;"
        " none where nothing is random."
    )
    words = {"title": "What it was worth to each agent", "played": "mean utility", "unit": "utility"}
    return means_figure("agents", "Agents", heads, rows, words, note=note)


def _truthful(cells: Sequence[Sequence[str]], problem: Problem) -> Figure:
    note = "What the rule gives if all tell the truth: exact probabilities."
    return replace(matrix_figure(problem, cells, note, title="Probabilities if all are truthful"), picture="")
