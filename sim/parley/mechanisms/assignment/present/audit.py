"""The audit for people: properties, what shows it, and what agents could have had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from parley.core.folders import write_json
from parley.kit.present.run import write_pictures, writing
from parley.kit.present.tables import number
from parley.mechanisms.assignment.audit import PROPERTIES
from parley.mechanisms.assignment.envy import prefix_sums
from parley.mechanisms.assignment.lottery import expected
from parley.mechanisms.assignment.present.favourites import by_preference, kinds
from parley.mechanisms.assignment.present.words import lottery_of, ordinal, ranked, reasons, standing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.figure import Figure

    from parley.mechanisms.assignment.audit import Audit
    from parley.mechanisms.assignment.options import OptionSet, Report
    from parley.mechanisms.assignment.verdict import Verdict

__all__ = ["audit_tables", "write_audit"]

MAX_AGENTS = 64
MAX_SETS = 3
"""Option sets that are shown whole."""
MAX_OPTIONS = 10
"""Lotteries of one of them."""
MAX_RANKS = 6

STYLES = {"holds": "green", "fails": "red", "not known": "dim"}


def audit_tables(found: Audit) -> RenderableType:
    """What an audit found, for a person to read.

    Parameters
    ----------
    found : Audit
    """
    told = {key: reasons(key, verdict.to_json(), found.problem) for key, verdict in found.verdicts.items()}
    return Group(
        _properties(found, told),
        *(text for key, lines in told.items() for text in _whole(key, lines)),
        *_option_sets(found),
    )


def _properties(found: Audit, told: dict[str, list[str]]) -> Table:
    table = Table(title=f"Properties of what {found.problem.rule} does here")
    table.add_column("property", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("because", overflow="fold")
    for key, verdict in found.verdicts.items():
        said = standing(verdict.to_json())
        table.add_row(PROPERTIES[key], Text(said, style=STYLES[said]), told[key][0])
    return table


def _whole(key: str, lines: list[str]) -> Iterator[RenderableType]:
    """What the table has no room for."""
    if lines[1:]:
        yield Text(f"{PROPERTIES[key]}: {lines[0]}", style="bold")
        for line in lines[1:]:
            yield Padding(Text(line, style="dim"), (0, 0, 0, 2))


# ── option sets ─────────────────────────────────────────────────────────────────────────────────────────────


def _option_sets(found: Audit) -> Iterator[RenderableType]:
    sets = found.option_sets
    if sets is None:
        return
    table = Table(title="What agents could have had by reporting otherwise")
    table.add_column("agent")
    for name in ("reports", "lotteries"):
        table.add_column(name, justify="right")
    for name in ("own is its favourite", "support function", "convex", "homogeneous"):
        table.add_column(name)
    for options in sets[:MAX_AGENTS]:
        favourite = options.best_lie is None
        checks = (options.support_function, options.convex, options.homogeneous)
        table.add_row(
            found.problem.agent_names[options.agent],
            f"{len(options.rows):,}{'' if options.exhaustive else '+'}",
            f"{len(options.lotteries):,}",
            Text("yes" if favourite else "no", style="green" if favourite else "red"),
            *map(_check, checks),
        )
    more = "" if len(sets) <= MAX_AGENTS else f"and {len(sets) - MAX_AGENTS} more agents: see --json; "
    some = "" if all(options.exhaustive for options in sets) else "; + means that not all reports were tried"
    table.caption = f"{more}expected utility as a function of the report: support function of the set{some}"
    yield table
    first = [sets[group[0]] for group in kinds(found.problem)]
    for options in first[:MAX_SETS]:
        yield option_table(options)
    if len(first) > MAX_SETS:
        yield f"The option sets of {len(first) - MAX_SETS} other kinds of agents are in --json."


def _check(verdict: Verdict) -> Text:
    said = standing(verdict.to_json())
    return Text({"holds": "yes", "fails": "no"}.get(said, "as tried"), style=STYLES[said])


def option_table(options: OptionSet) -> Table:
    """List what one agent could have had: its own lottery first, and why it is the favourite.

    With utilities, by what each lottery is worth; without, by the probabilities of the first choice, of one
    of the first two, and so on, which for the favourite are nowhere below those of another.
    """
    problem, agent = options.problem, options.agent
    table = Table(title=f"What {problem.agent_names[agent]} could have had")
    table.add_column("lottery", overflow="fold")
    table.add_column("by reporting", overflow="fold")
    utilities = None if problem.utilities is None else problem.utilities[agent]
    ranking = options.truth.ranking
    ranks = min(MAX_RANKS, len(ranking))
    heads = ["1st", *(f"1st–{ordinal(k + 1)}" for k in range(1, ranks))][:ranks]
    for head in heads if utilities is None else ["is worth"]:
        table.add_column(head, justify="right")
    rows = options.lotteries
    rest = by_preference(problem, agent, (row for row in rows if row != options.own))
    for row in [options.own, *rest][:MAX_OPTIONS]:
        own = row == options.own
        if utilities is not None:
            cells = [number(expected(row, utilities))]
        else:
            cells = [number(p) for p in prefix_sums(ranking, row)[:ranks]]
        better = not own and options.better(row)
        table.add_row(
            lottery_of(row, problem.items),
            "the truth" if own else reported(rows[row], options),
            *cells,
            style="bold" if own else "red" if better else None,
        )
    left = len(rest) + 1 - MAX_OPTIONS
    said = ["" if utilities is not None else "probabilities of one of the first choices"]
    said += [
        f"true: {reported(options.truth, options)}",
        f"{left} more lotteries: see --json" if left > 0 else "",
    ]
    table.caption = "; ".join(filter(None, said))
    return table


def reported(report: Report, options: OptionSet) -> str:
    """Write what an agent may report, in the items' names."""
    items = options.problem.items
    if report.utilities is None:
        return ranked(report.ranking, items)
    return ", ".join(f"{name} {u}" for name, u in zip(items, report.utilities, strict=True) if u is not None)


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────


def write_audit(folder: Path, found: Audit, report: dict[str, Any]) -> list[str]:
    """Write what an audit found into a folder: its JSON, what it is about, and its pictures.

    Returns
    -------
    list of str
        Names of the files.

    Raises
    ------
    ParleyError
        If the folder cannot be written.
    """
    with writing(folder):
        parts = {
            "audit.json": report,
            "problem.json": found.problem.to_mapping(),
            "solution.json": found.solution.to_json(),
        }
        for name, value in parts.items():
            write_json(folder / name, value)
        return [*parts, *write_pictures(folder, _pictures(found))]


def _pictures(found: Audit) -> dict[str, Figure]:
    from parley.mechanisms.assignment.present.figures import matrix_figure, option_figure  # noqa: PLC0415 - slow to load

    figures = {"matrix": matrix_figure(found.solution)}
    if found.option_sets is not None:
        sets = [found.option_sets[group[0]] for group in kinds(found.problem)]
        figures["options"] = option_figure(sets[:MAX_SETS])
    return figures
