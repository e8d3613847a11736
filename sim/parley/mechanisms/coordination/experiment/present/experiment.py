"""Tables of an experiment, for people to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from parley.core.statistics import MIN_P

if TYPE_CHECKING:
    from collections.abc import Mapping

SHOWN = 40
"""Cells in the table; all are in summary.json."""


def experiment_tables(manifest: Mapping[str, Any], summary: Mapping[str, Any]) -> RenderableType:
    """What an experiment came to, cell by cell.

    Parameters
    ----------
    manifest, summary : mapping
        As in the files of the same names.
    """
    cells = summary["cells"]
    games = sum(cell["games"] for cell in cells)
    header = Text.assemble(
        (manifest["title"], "bold"),
        f": {games:,} games in {len(cells)} cells of {manifest['generations']} generations,"
        f" engine {manifest['engine']}",
    )
    return Group(header, *([Text(manifest["question"])] if manifest["question"] else []), _cells(cells))


def _cells(cells: list[dict[str, Any]]) -> Table:
    predicted = any(_predicted(cell) is not None for cell in cells)
    table = Table(title="Savings realized, in percent of the possible: all games, last generation")
    table.add_column("", justify="right")
    table.add_column("cell", min_width=20)
    for name in ("all", "last", *(["predicted"] if predicted else []), "agrees"):
        table.add_column(name, justify="right", no_wrap=True)
    for cell in cells[:SHOWN]:
        varied = ", ".join(str(value) for value in cell["varied"].values())
        last = cell["last_generation"]
        foretold = _predicted(cell)
        table.add_row(
            str(cell["cell"]),
            f"{varied or cell['recognition']}, seed {cell['seed']}",
            _share(cell["saved_share"], cell["std_error"]),
            _share(last["saved_share"], last["std_error"]),
            *([f"{100 * foretold:.2f}" if foretold is not None else ""] if predicted else []),
            "yes" if _agrees(cell) else "no",
            style=None if _agrees(cell) else "bold red",
        )
    if len(cells) > SHOWN:
        table.caption = f"and {len(cells) - SHOWN} more: see summary.json"
    return table


def _agrees(cell: dict[str, Any]) -> bool:
    """Whether what was paid and who was recognized are within what chance allows."""
    p_values = [cell["proposer"]["p_value"], *(agent["p_value"] for agent in cell["agents"])]
    return all(p is None or p >= MIN_P for p in p_values)


def _predicted(cell: dict[str, Any]) -> float | None:
    prediction = cell.get("prediction")
    value: float | None = prediction.get("last_generation") if prediction else None
    return value


def _share(value: float | None, error: float | None) -> str:
    if value is None:
        return "nothing to save"
    return f"{100 * value:.2f}" + (f" ± {100 * error:.2f}" if error is not None else "")
