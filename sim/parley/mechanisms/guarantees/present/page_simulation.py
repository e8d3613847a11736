"""One simulation: many dispatches of one problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Z95, Figure, columns, cost, count, plus_minus
from parley.kit.present.page_parts import (
    as_float,
    frequency_cells,
    frequency_columns,
    matrix,
    mean_cells,
    mean_columns,
    means_figure,
    sheet_of_simulation,
)
from parley.kit.present.page_words import draws_follow, largest_deviation, listed
from parley.mechanisms.guarantees.present.page_parts import facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from parley.kit.present.page_model import Sheet
    from parley.mechanisms.guarantees.problem import Problem

__all__ = ["simulation_sheet"]


def simulation_sheet(
    report: Mapping[str, Any], problem: Problem, name: str, folder: Path | None = None
) -> Sheet:
    """Lay out a simulation; see `parley.kit.mechanism.Mechanism.simulation_sheet`."""
    del folder  # the report has all that is shown
    drawn = report["draw"]
    return sheet_of_simulation(
        report,
        name=name,
        question="Is everybody paid what theory expects, and is a broken promise found out?",
        games="dispatches",
        facts=[
            *facts(problem),
            *((role, report[role]) for role in ("dispatcher", "challenger", "registrar")),
        ],
        findings=[
            _platform(report["platform"]),
            *largest_deviation("Mean pays", report["providers"]),
            *([] if drawn is None or drawn["p_value"] is None else _drawn(drawn)),
            *_challenged(report),
        ],
        figures=[
            _providers(report, problem),
            *([] if drawn is None else [_draw(drawn, problem)]),
            *_challenges(report),
        ],
        paths={"upheld": "“upheld”: a challenge was right.", "repaired": "“repaired”: it was then mended."},
        agents=report["providers"],
    )


def _platform(found: Mapping[str, Any]) -> str:
    mean, expected = found["mean_value"], as_float(found["expected_value"])
    if mean is None:
        return "Nothing was counted."
    z = "" if found["z"] is None else f" (z {found['z']:+.2f})"
    theory = "no expectation is known" if expected is None else f"{cost(expected)} is expected{z}"
    return f"Jobs were worth {plus_minus(mean, Z95 * found['std_error'])} to the platform; {theory}."


def _drawn(drawn: Mapping[str, Any]) -> list[str]:
    return draws_follow("Schedules", "a uniform permutation", [drawn["p_value"]])


def _challenged(report: Mapping[str, Any]) -> Iterator[str]:
    found = report["challenges"]
    if found["committed"]:
        yield (
            f"{count(found['committed'], 'challenge')} committed, {found['disclosed']:,} disclosed; in "
            f"{count(found['upheld'], 'dispatch', 'dispatches')} the posted allocation was disproved, and "
            f"repaired in {found['repaired']:,}."
        )
    if report["refused"]:
        told = listed(f"{error} ({number:,})" for error, number in report["refused"].items())
        yield f"The contract refused what breaks its rules: {told}."


def _providers(report: Mapping[str, Any], problem: Problem) -> Figure:
    rows = [
        [problem.provider_names[one["provider"]], one["bot"], *mean_cells(one, "pay")]
        for one in report["providers"]
    ]
    return means_figure(
        "providers",
        "What providers were paid",
        [*columns(provider="provider", bot="bot"), *mean_columns("mean pay", "theory (pay)")],
        rows,
        {"title": "Mean pay", "played": "mean pay", "unit": "pay"},
        note="Pay is in units of value, without bonds.",
        picture="pay",
    )


def _draw(drawn: Mapping[str, Any], problem: Problem) -> Figure:
    cells = [frequency_cells(*both) for both in zip(drawn["counts"], drawn["expected"], strict=True)]
    names = [f"schedule {k}" for k in range(1, problem.providers + 1)]
    return matrix(
        "draw",
        "Who got which schedule",
        [*columns(schedule="schedule", provider="provider"), *frequency_columns("times drawn")],
        (names, problem.provider_names),
        cells,
        value="share",
        options={"beside": "probability", "most": 1, "drawn": sum(drawn["counts"][0])},
        chart="matrix",
        alt="A matrix of schedules by providers: the oftener a provider got a schedule, the darker.",
        note="Schedule k is what the allocation gives provider k before the draw.",
        folded=True,
        picture="matrix",
    )


def _challenges(report: Mapping[str, Any]) -> list[Figure]:
    counted = {**report["challenges"], **{f"refused: {e}": n for e, n in report["refused"].items()}}
    heads = columns(what="what", times=("times", "count"))
    rows = [[what, number] for what, number in counted.items() if number]
    return [Figure("challenges", "Challenges and refusals", heads, rows)] if rows else []
