"""The default page of a simulation: one figure per statistic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Column, Figure
from parley.kit.present.page_parts import mean_cells, mean_columns, sheet_of_simulation, wilson
from parley.kit.present.page_words import draws_follow, means_agree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parley.kit.present.page_model import Sheet

__all__ = ["standard_sheet"]


def standard_sheet(report: Mapping[str, Any], name: str) -> Sheet:
    """Return the default page of a simulation.

    Parameters
    ----------
    report : mapping
        Content of ``simulation.json``, with ``agents`` and ``statistics``.
    name : str
        Name of the run.
    """
    means, counts = report["statistics"]["means"], report["statistics"]["counts"]
    tested = [row["p_value"] for rows in means.values() for row in rows if row["p_value"] is not None]
    drawn = [found["p_value"] for found in counts.values() if found["p_value"] is not None]
    return sheet_of_simulation(
        report,
        name=name,
        question="Does play agree with theory?",
        games="games",
        facts=[],
        findings=[
            *means_agree("Means", tested),
            *draws_follow("Draws", "their probabilities", drawn),
        ],
        figures=[
            *(_means(title, rows) for title, rows in means.items()),
            *(_counts(title, found) for title, found in counts.items()),
        ],
        paths="A path is an ending, and what happened on the way to it.",
    )


def _means(name: str, rows: Sequence[Mapping[str, Any]]) -> Figure:
    compared = any(row["expected"] is not None for row in rows)
    return Figure(
        name,
        f"Mean {name}",
        [Column("agent", ""), *mean_columns("mean", "theory")],
        [
            [row["of"], *mean_cells(row["mean"], row["std_error"], row["expected"], row["z"], row["p_value"])]
            for row in rows
        ],
        chart="means" if compared else "",
        alt="Left: means and what theory expects. Right, enlarged: the difference, with 95% intervals.",
        note="Intervals are of the sample, 1.96 standard errors either way. z is the deviation from theory in"
        " exact standard errors; none where nothing is random.",
        options={"words": {"title": f"Mean {name}", "played": "mean", "unit": name}},
    )


def _counts(name: str, found: Mapping[str, Any]) -> Figure:
    rows = []
    for row, counts, expected in zip(found["rows"], found["counts"], found["expected"], strict=True):
        drawn = sum(counts)
        for cell, times, wanted in zip(found["cells"], counts, expected, strict=True):
            share = [times / drawn, *wilson(times, drawn)] if drawn else [None] * 3
            rows.append([row, cell, times, wanted, *share])
    return Figure(
        name,
        f"Drawn: {name}",
        [
            Column("row", ""),
            Column("cell", name),
            Column("times", "times", "count"),
            Column("expected", "expected, times", "number"),
            Column("share", "share", "percent"),
            Column("low", "95% from", "percent", detail=True),
            Column("high", "to", "percent", detail=True),
        ],
        rows,
        note="Expected by theory, at what came out. Every count is tested exactly; Bonferroni.",
    )
