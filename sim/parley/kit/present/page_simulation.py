"""The default page of a simulation: one figure per statistic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Column, Figure
from parley.kit.present.page_parts import (
    frequency_cells,
    frequency_columns,
    mean_cells,
    mean_columns,
    means_figure,
    p_value_told,
    sheet_of_simulation,
)
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
        paths={},
    )


def _means(name: str, rows: Sequence[Mapping[str, Any]]) -> Figure:
    cells = [[row["of"], *mean_cells(row)] for row in rows]
    words = {"title": f"Mean {name}", "played": "mean", "unit": name}
    drawn = {} if any(row["expected"] is not None for row in rows) else {"chart": ""}
    heads = [Column("agent", ""), *mean_columns("mean", "theory")]
    return means_figure(name, f"Mean {name}", heads, cells, words, **drawn)


def _counts(name: str, found: Mapping[str, Any]) -> Figure:
    return Figure(
        name,
        f"Drawn: {name}",
        [Column("row", ""), Column("cell", name), *frequency_columns()],
        [
            [row, cell, *cells]
            for row, *drawn in zip(found["rows"], found["counts"], found["expected"], strict=True)
            for cell, cells in zip(found["cells"], frequency_cells(*drawn), strict=True)
        ],
        note=p_value_told(found["p_value"], f"{len(found['rows']) * len(found['cells'])} counts")
        if found["p_value"] is not None
        else "",
    )
