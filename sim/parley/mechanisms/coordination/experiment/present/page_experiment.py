"""The page of an experiment: its figures, for the whole of it and for each cell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from parley.core.exact import parse
from parley.core.statistics import count_p_value
from parley.kit.present.page_model import Z95, Column, Figure, Sheet, count, exactly
from parley.kit.present.page_parts import gas_figures, wilson
from parley.mechanisms.coordination.experiment.present.page_cell import (
    cell_figures,
    drawn,
    levels,
    mean,
    savings_columns,
    savings_values,
    share_columns,
    thinned,
)
from parley.mechanisms.coordination.experiment.present.page_findings import cell_notes, findings
from parley.mechanisms.coordination.experiment.present.page_load import read_experiment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from parley.mechanisms.coordination.experiment.present.page_tables import Cell, Experiment

__all__ = ["experiment_sheet"]

AT_ONCE = 12
"""Cells that the first figure shows side by side; any other is a choice away."""
MOST_CELLS = 500
"""Rows of the tables of cells."""
MOST_DETAILED = 100
"""Cells that have figures of their own: the first ones."""
MOST_AGENTS = 1_200
"""Agents, counted in every cell, that these figures show: with more, fewer cells have some."""
MOST_NUMBERS = 30_000
"""Numbers in all curves over generations: beyond, generations are left out evenly, and the page says so."""


def experiment_sheet(folder: Path) -> tuple[Sheet, Experiment]:
    """Lay out the page of an experiment.

    Returns
    -------
    (Sheet, Experiment)
        The page, and the sums that it was made from.

    Raises
    ------
    ParleyError
        In one line, if the folder cannot be read.
    """
    run = read_experiment(folder)
    manifest = run.manifest
    sheet = Sheet(
        "experiment",
        str(manifest.get("title") or folder.resolve().name),
        str(manifest.get("question") or ""),
        facts=_facts(run),
        findings=findings(run),
        method=_method(manifest),
        strategies=run.strategies,
    )
    check = run.summary.get("cross_check") or {}
    if check.get("identical") is False:
        sheet.warnings.append(
            "Games replayed on the other machine did not come out the same: see the method."
        )
    step = _step(run)
    sheet.figures = [
        _overview(run, step),
        _cells_table(run),
        *_over_delta(run),
        *gas_figures(check.get("gas"), str(check.get("evm")), check.get("games", 0)),
    ]
    sheet.cells = [
        (cell.name, cell_notes(cell), cell_figures(cell, step)) for cell in run.cells[: detailed(run)]
    ]
    return sheet, run


def _facts(run: Experiment) -> list[tuple[str, str]]:
    manifest = run.manifest
    members = {
        sum(s.members for (g, _, _), s in cell.standings.items() if g == cell.generations[0])
        for cell in run.cells
        if cell.standings
    }
    keys = manifest.get("experiment")
    listed = keys.get("seeds") if isinstance(keys, Mapping) else None
    seeds = listed or [manifest.get("seed", "not recorded")]
    facts = [
        ("cells", f"{len(run.cells):,}"),
        ("generations", f"{max((len(cell.generations) for cell in run.cells), default=0):,}"),
        ("games", f"{run.games:,}"),
        *([("on the EVM", f"{run.recorded:,}")] if run.recorded != run.games else []),
        ("engine", str(manifest.get("engine", "not recorded"))),
        ("seeds" if len(seeds) > 1 else "seed", ", ".join(map(str, seeds))),
    ]
    if members:
        least, most = min(members), max(members)
        facts.insert(1, ("members", f"{least:,}" if least == most else f"{least:,} to {most:,}"))
    return facts


def _method(manifest: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    headings = {
        "experiment": "The experiment's file",
        "problems": "Problems, by SHA-256",
        "contracts": "Contracts, by the hash of their code",
        "versions": "Versions",
    }
    method = []
    for key, heading in headings.items():
        value = manifest.get(key)
        if isinstance(value, Mapping) and value:
            method.append((heading, [(str(name), _said(entry)) for name, entry in value.items()]))
    return method


def _said(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def detailed(run: Experiment) -> int:
    """How many cells, from the first, have figures of their own."""
    agents = 0
    for number, cell in enumerate(run.cells):
        agents += cell.agents
        if number and (agents > MOST_AGENTS or number == MOST_DETAILED):
            return number
    return len(run.cells)


def _step(run: Experiment) -> int:
    """One in how many generations is drawn."""
    numbers = sum(
        len(cell.generations) * (2 + len(cell.strategies)) * (1 + len(cell.seats))
        for cell in run.cells[: detailed(run)]
    )
    return max(1, -(-numbers // MOST_NUMBERS))


# ── the whole ───────────────────────────────────────────────────────────────────────────────────────────────


def _overview(run: Experiment, step: int) -> Figure:
    settings = list(run.settings.items())
    shown = settings[:AT_ONCE]
    columns = [
        Column("cell", "setting"),
        Column("generation", "generation", "count"),
        *share_columns(run.strategies),
        *savings_columns(),
    ]
    rows = [
        [
            setting,
            generation,
            *(mean(cell.shares[generation].get(name, 0.0) for cell in cells) for name in run.strategies),
            *(
                mean(cell.predicted_shares.get(generation, {}).get(name) for cell in cells)
                for name in run.strategies
            ),
            *savings_values(cells, generation),
        ]
        for setting, cells in shown
        for generation in drawn(cells[0], step)
    ]
    more = "" if len(shown) == len(settings) else f" The first {AT_ONCE} of {len(settings)} settings."
    runs = max(len(cells) for cells in run.settings.values())
    several = "" if runs == 1 else f" Each setting was run with {runs} seeds: means, and Student's intervals."
    return Figure(
        "overview",
        "Who is there, and what is saved, generation by generation",
        columns,
        rows,
        chart="overview",
        alt="For each setting: the strategies' shares of the members, stacked, and the savings realized in"
        " per cent of the possible ones, with what theory expects, over the generations.",
        note="Top: strategies' shares of the members in all seats where there is a choice. Bottom: cost"
        " savings Δ realized, of those that a cost-effective allocation would bring, with 95% intervals."
        " Dotted: what theory expects of the announcements that were made. Dashed: the course that theory"
        " expects a very large population to take from the first generation's shares."
        + several
        + thinned(step)
        + more,
        folded=True,
        options={"levels": [{"cell": name, **level} for name, cells in shown for level in levels(cells[0])]},
    )


def _cells_table(run: Experiment) -> Figure:
    # What is the same in all cells is no column; what is not stands in their names too, but unsorted.
    told: dict[str, tuple[Column, Callable[[Cell], Any]]] = {
        "problem": (Column("problem", "problem"), lambda cell: cell.problem_name),
        "recognition": (Column("recognition", "recognition function"), lambda cell: cell.recognition),
        "continuation": (
            Column("continuation", "continuation probability δ", "number"),
            lambda cell: exactly(parse(cell.continuation)),
        ),
    }
    varying = [entry for entry in told.values() if len({str(entry[1](cell)) for cell in run.cells}) > 1]
    columns = [
        Column("cell", "cell", "cell"),
        *(column for column, _ in varying),
        Column("games", "games", "count"),
        Column("saved", "saved, of the possible", "percent"),
        Column("low", "95% from", "percent"),
        Column("high", "to", "percent"),
        Column("last", "in the last generation", "percent"),
        Column("broken", "broken down", "percent"),
        Column("expired", "expired", "percent"),
        Column("rounds", "rounds, mean", "number"),
        Column("z", "largest |z| of mean costs", "number"),
        Column("p", "proposers: p-value", "p"),
    ]
    rows: list[list[Any]] = []
    for k, cell in enumerate(run.cells[:MOST_CELLS]):
        saved, games = cell.saved(cell.generations), cell.games or 1
        last = cell.saved(cell.generations[-1:])
        rows.append(
            [
                _link(run, k),
                *(value(cell) for _, value in varying),
                cell.games,
                saved and saved.mean,
                saved and saved.mean - Z95 * saved.std_error,
                saved and saved.mean + Z95 * saved.std_error,
                last and last.mean,
                cell.endings["broken down"] / games,
                cell.endings["expired"] / games,
                cell.mean_rounds,
                max((abs(z) for z in cell.z_scores), default=None),
                cell.p_value,
            ]
        )
    note = "A cell's name leads to its figures."
    if len(run.cells) > detailed(run):
        note += f" Only the first {count(detailed(run), 'cell')} have some."
    if len(run.cells) > MOST_CELLS:
        note += f" The first {MOST_CELLS:,} of {len(run.cells):,}; all are in cells.parquet and summary.json."
    return Figure("cells", "All cells", columns, rows, note=note)


def _link(run: Experiment, k: int) -> dict[str, Any]:
    """A cell in a table: a link to its figures, if it has any."""
    entry = {"v": run.cells[k].number, "t": run.cells[k].name}
    return entry | ({"i": k} if k < detailed(run) else {})


def _over_delta(run: Experiment) -> list[Figure]:
    columns = [
        Column("cell", "cell", "cell"),
        Column("recognition", "recognition function"),
        Column("continuation", "continuation probability δ", "number"),
        Column("rounds", "rounds, mean", "number"),
        Column("broken", "broken down", "percent"),
        Column("low", "95% from", "percent"),
        Column("high", "to", "percent"),
        Column("draws", "continuation draws", "count"),
        Column("went_on", "that went on", "percent"),
        Column("p", "p-value against δ", "p"),
    ]
    rows: list[list[Any]] = []
    deltas = set()
    for k, cell in enumerate(run.cells[:MOST_CELLS]):
        games, broken = cell.games, cell.endings["broken down"]
        if not games:
            continue
        draws, went_on = cell.continued
        delta = parse(cell.continuation)
        deltas.add(delta)
        rows.append(
            [
                _link(run, k),
                cell.recognition,
                exactly(delta),
                cell.mean_rounds,
                broken / games,
                *wilson(broken, games),
                draws,
                went_on / draws if draws else None,
                count_p_value(went_on, {delta: draws}) if draws else None,
            ]
        )
    if not rows:
        return []
    return [
        Figure(
            "delta",
            "Rounds and breakdowns against the continuation probability δ",
            columns,
            rows,
            chart="delta" if len(deltas) > 1 else "",
            alt="Left: the mean number of bargaining rounds of a game against δ. Right: the share of games"
            " that broke down. One point for each cell.",
            note="After a rejection bargaining goes on with probability δ, drawn by the contract; the last"
            " columns hold these draws against δ. A game without savings to share breaks down at once. 95%"
            " intervals of the shares are Wilson's.",
        )
    ]
