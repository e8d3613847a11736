"""One simulation: many markets of one problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Z95, Figure, columns, count, plus_minus
from parley.kit.present.page_parts import (
    frequency_cells,
    frequency_columns,
    p_value_told,
    sheet_of_simulation,
)
from parley.kit.present.page_words import draws_follow, listed
from parley.kit.present.tables import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from parley.kit.present.page_model import Sheet
    from parley.mechanisms.screening.problem import Problem

__all__ = ["simulation_sheet"]


def simulation_sheet(
    report: Mapping[str, Any], problem: Problem, name: str, folder: Path | None = None
) -> Sheet:
    """Lay out a simulation; see `parley.kit.mechanism.Mechanism.simulation_sheet`."""
    del folder  # the report has all that is shown
    p = report["p_value"]
    return sheet_of_simulation(
        report,
        name=name,
        question="Do agents choose as theory says, and does the market select as theory does?",
        games="markets",
        facts=[
            ("agents", f"{problem.agents:,}"),
            ("tasks", f"{problem.tasks:,}"),
            ("poster", str(report["poster"])),
        ],
        findings=[
            *draws_follow("Choices", "their probabilities", [] if p is None else [p]),
            _cost(report["cost"]),
            *_promises(report),
            *_refused(report["refused"]),
        ],
        figures=[_choices(report, problem), _agents(report["agents"], problem)],
        paths={
            "all stay": "“all stay”: nobody chose a change.",
            "postings refused": "“postings refused”: the contract refused a wrong certificate.",
        },
    )


def _cost(found: Mapping[str, Any]) -> str:
    mean = plus_minus(found["mean"], Z95 * (found["std_error"] or 0.0))
    said = f"Mean social cost {mean}; the status quo's is {number(found['status_quo'])}"
    if found["expected"] is None:
        return f"{said}. What these bots choose has no known law."
    z = "" if found["z"] is None else f" (z {found['z']:+.2f})"
    return f"{said}; {number(found['expected'])} is expected with these menus{z}."


def _promises(report: Mapping[str, Any]) -> list[str]:
    broken = {
        "a truthful seat was worse off than at its status quo": report["worse_off"],
        "social cost was above the status quo": report["above_status_quo"],
        "the selection was not theory's": report["mismatches"],
        "a responder gained by choosing otherwise than it likes": report["gains"],
    }
    said = [f"In {count(number, 'market')} {what}!" for what, number in broken.items() if number]
    return said or [
        (
            "In no market was a truthful seat worse off than at its status quo, or social cost above it; "
            "every selection was theory's."
        )
    ]


def _refused(refused: Mapping[str, int]) -> list[str]:
    told = listed(f"{number:,} by {error}" for error, number in refused.items()) if refused else ""
    return [f"Wrong certificates were refused: {told}."] if told else []


def _choices(report: Mapping[str, Any], problem: Problem) -> Figure:
    rows, p = [], report["p_value"]
    for agent, counts, expected in zip(
        problem.agent_names, report["choices"], report["expected_choices"], strict=True
    ):
        cells = frequency_cells(counts, expected or [0.0] * len(counts))
        for k, row in enumerate(cells):
            choice = f"choice {k}" if k else "stay"
            known = row if expected is not None else [row[0], None, *row[2:5], None]
            rows.append([f"{agent}: {choice}", *known])
    return Figure(
        "choices",
        "Choices",
        [*columns(choice="choice"), *frequency_columns()],
        rows,
        chart="frequencies",
        alt="How often each agent chose each trading set, with 95% intervals, and theory's share.",
        note="" if p is None else p_value_told(p, f"{len(rows)} counts"),
        folded=True,
        options={"words": {"title": "Choices", "played": "chosen", "unit": "share of markets"}},
        picture="choices",
    )


def _agents(agents: Sequence[Mapping[str, Any]], problem: Problem) -> Figure:
    return Figure(
        "agents",
        "Agents",
        columns(
            agent="agent",
            bot="bot",
            saved=("mean workload saved", "number"),
            error=("standard error", "number"),
            worse=("markets where worse off", "count"),
        ),
        [
            [
                problem.agent_names[one["agent"]],
                one["bot"],
                one["mean_workload_saved"],
                one["std_error"],
                one["worse_off"],
            ]
            for one in agents
        ],
        note="Workload by each agent's own costs, against its status quo.",
    )
