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

NONE = 1e-9
"""Probabilities up to here are rounding errors."""
TRUTH = "the truth"


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
            *_truthful(report, problem),
        ],
        paths={"copy refused": "“copy refused”: the contract refused somebody else's commitment."},
    )


# ── sentences ───────────────────────────────────────────────────────────────────────────────────────────────


def _drawn(report: Mapping[str, Any]) -> list[str]:
    p = report["p_value"]
    if p is None:
        return ["Nothing was drawn."]
    agents, items = len(report["counts"]), len(report["counts"][0])
    said = draws_follow("Draws", "the rule's probabilities for the revealed reports", [p])[0]
    counts = f"{agents * (items + 1):,} counts ({count(agents, 'agent')} × {count(items, 'item')} or nothing)"
    return [f"{said} {counts} were tested together (Bonferroni)."]


def _deadlines(report: Mapping[str, Any]) -> list[str]:
    passed = report["expired"]
    if not passed:
        return []
    number = count(passed, "lottery", "lotteries")
    return [f"In {number} a deadline passed, and the lottery went on without those who had not acted."]


def _departed(agents: Sequence[Mapping[str, Any]], problem: Problem) -> list[str]:
    """Who did not report the truth, and what it reported."""
    told = [
        f"{problem.agent_names[entry['agent']]} reported {_reported(entry, problem)}"
        for entry in agents
        if entry["report"] is not None and tuple(entry["report"]) != problem.orders[entry["agent"]]
    ]
    silent = [problem.agent_names[entry["agent"]] for entry in agents if entry["report"] is None]
    said = [f"Not truthful: {listed(told)}."] if told else []
    return [*said, *([f"No report was revealed by {listed(silent)}."] if silent else [])]


def _reported(entry: Mapping[str, Any], problem: Problem) -> str:
    if entry["report"] is None:
        return "nothing revealed"
    if tuple(entry["report"]) == problem.orders[entry["agent"]]:
        return TRUTH
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
    drawn = sum(report["counts"][0]) + report["unassigned"][0]
    rests = [max(0.0, drawn - sum(wanted)) for wanted in report["expected"]]
    some = any(report["unassigned"]) or max(rests) > NONE * drawn
    items = [*problem.items, *(["nothing"] if some else [])]
    cells = [
        frequency_cells([*counts, nothing], [*wanted, rest])[: len(items)]
        for counts, nothing, wanted, rest in zip(
            report["counts"], report["unassigned"], report["expected"], rests, strict=True
        )
    ]
    return matrix(
        "counts",
        f"Who got what in {count(drawn, 'lottery', 'lotteries')}",
        [*columns(agent="agent", item="item"), *frequency_columns("times drawn", "expected")],
        (problem.agent_names, items),
        cells,
        value="share",
        options={"beside": "probability", "most": 1, "drawn": drawn},
        chart="matrix funnel",
        alt="A matrix of agents by items: the oftener an agent got an item, the darker.",
        note="In brackets: what the rule gives for the revealed reports.",
        folded=True,
        picture="matrix",
    )


def _agents(agents: Sequence[Mapping[str, Any]], problem: Problem) -> Figure:
    worth, any_lost = problem.utilities is not None, any(entry["bonds_lost"] for entry in agents)
    heads = [
        *columns(agent="agent", bot="bot", reported="reported"),
        *(mean_columns("mean utility", "theory (utility)") if worth else []),
        *(columns(lost=("bonds lost", "count")) if any_lost else []),
    ]
    rows = [
        [
            problem.agent_names[entry["agent"]],
            entry["bot"],
            _reported(entry, problem),
            *(mean_cells(entry, "utility") if worth else []),
            *([_bonds(entry, problem)] if any_lost else []),
        ]
        for entry in agents
    ]
    if not worth:
        return Figure("agents", "Agents", heads, rows)
    note = "Theory: the expected utility for the revealed reports. Getting nothing is worth 0."
    words = {"title": "What it was worth to each agent", "played": "mean utility", "unit": "utility"}
    return means_figure("agents", "Agents", heads, rows, words, note=note)


def _truthful(report: Mapping[str, Any], problem: Problem) -> list[Figure]:
    """What the rule gives if all tell the truth, unless they did."""
    if report["truthful"] is None or all(_reported(one, problem) == TRUTH for one in report["agents"]):
        return []
    figure = matrix_figure(problem, report["truthful"], "", title="Probabilities if all were truthful")
    return [replace(figure, picture="")]
