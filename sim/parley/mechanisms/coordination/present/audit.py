"""The audit for people: which axioms hold, why one does not, and who gains by deviating."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from parley.core.errors import ParleyError
from parley.core.folders import write_json
from parley.kit.present.run import write_pictures, writing
from parley.kit.present.tables import number
from parley.mechanisms.coordination.audit import AXIOMS
from parley.mechanisms.coordination.axioms.equilibrium import TIE_RULE
from parley.mechanisms.coordination.axioms.triple import Triple
from parley.mechanisms.coordination.present.words import in_words, witness_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from parley.mechanisms.coordination.audit import Audit, Verdict
    from parley.mechanisms.coordination.demonstration import Demonstration

SHOWN = 12
"""Deviations in the table; the rest is in --json."""


def audit_tables(audit: Audit, played: Demonstration | None = None) -> RenderableType:
    """What an audit found, for a person to read.

    Parameters
    ----------
    audit : Audit
    played : Demonstration, optional
        The manipulation that was found, as played on the EVM.
    """
    return Group(
        _axioms(audit),
        *(text for axiom, verdict in audit.axioms.items() for text in _explanation(audit, axiom, verdict)),
        *_played(played),
        *_equilibria(audit),
        *_manipulations(audit),
    )


def _axioms(audit: Audit) -> Table:
    table = Table(title="Axioms, over all problems of the special domain")
    table.add_column("recognition function", no_wrap=True)
    for name in AXIOMS.values():
        table.add_column(name)
    for function, verdicts in audit.table().items():
        style = "bold" if function == audit.function.name else None
        cells = [
            Text(in_words(verdict), style="red" if verdict.witness is not None else "")
            for verdict in verdicts.values()
        ]
        table.add_row(function, *cells, style=style)
    return table


def _explanation(audit: Audit, axiom: str, verdict: Verdict) -> Iterator[Text]:
    here = {True: "holds", False: "does not hold", None: "is not known to hold"}[verdict.here]
    said = Text.assemble(
        (f"{audit.function.name}, {AXIOMS[axiom]}: ", "bold"),
        in_words(verdict),
        f". In this problem it {here}",
    )
    said.append(f" ({verdict.here_basis}).")
    if verdict.source is not None and verdict.witness is None:
        said.append(f" Why it holds: {verdict.source}.")
    yield said
    if verdict.witness is not None:
        yield Text("  " + "\n  ".join(witness_in_words(verdict.witness)), style="dim")


def _played(played: Demonstration | None) -> Iterator[Text]:
    if played is None:
        return
    away = "" if played.z is None else f", {played.z:+.2f} standard errors away"
    yield Text(
        f"Played {played.followed.games:,} games each way on {played.evm}: by announcing Y, agent"
        f" {played.agent + 1} gained {float(played.gain):,.0f} wei per game"
        f" (theory: {float(played.expected_gain):,.0f}{away}; p-value {played.p_value:.3g}).",
        style="bold",
    )


def _equilibria(audit: Audit) -> Iterator[Text]:
    found, every = audit.equilibria, audit.any_ties
    if found is None or every is None:
        return
    some, all_costs = (", ".join(map(number, one.total_costs)) for one in (found, every))
    subgames = (
        "In every subgame, every equilibrium has least cost."
        if not found.violations
        else f"From {found.violations:,} subgames an equilibrium costs more than the least."
    )
    yield Text(
        f"This problem's game has {found.subgames:,} subgames, {found.ties:,} of them with several best"
        f" announcements. Total costs of all its equilibria: {all_costs}; of those in which"
        f" {TIE_RULE}: {some}. The least is {number(found.least)}. {subgames}"
    )


def _manipulations(audit: Audit) -> Iterator[RenderableType]:
    entries = audit.manipulations.entries
    gaining = sorted((e for e in entries if e.gain > 0), key=lambda e: (len(e.agents), -e.gain))
    alone = sum(len(e.agents) == 1 for e in gaining)
    pairs = len(gaining) - alone
    tried = sum(e.tried for e in entries)
    proof = (
        "all announcements tried" if all(e.exhaustive for e in entries) else "a search, which proves nothing"
    )
    yield Text(
        f"Deviations in this problem, against agents who play the equilibrium: {alone} of"
        f" {audit.problem.agents} agents gain alone, {pairs} pairs gain together"
        f" ({tried:,} courses of announcements; {proof})."
    )
    if not gaining:
        return
    table = Table(title="Who gains by deviating")
    for column, justify in (("agents", "left"), ("announce", "left"), ("gain", "right"), ("", "left")):
        table.add_column(column, justify="right" if justify == "right" else "left")
    names = audit.problem.agent_names
    for entry in gaining[:SHOWN]:
        rows = "; ".join(
            " ".join(number(audit.problem.tasks(x)) for x in row) for row in entry.best_deviation
        )
        table.add_row(
            " + ".join(names[i] for i in entry.agents),
            rows,
            number(entry.gain),
            "" if entry.exhaustive else "at least",
        )
    if len(gaining) > SHOWN:
        table.caption = f"and {len(gaining) - SHOWN} more: see --json"
    yield table


# ── files ──────────────────────────────────────────────────────────────────────────────────────


def write_audit(folder: Path, audit: Audit, report: dict[str, Any]) -> list[str]:
    """Write what an audit found into a folder: its JSON, its witnesses as problem files, its pictures.

    Returns
    -------
    list of str
        Names of the files.

    Raises
    ------
    ParleyError
        If the folder cannot be written.
    """
    from parley.mechanisms.coordination.present.figures import audit_figure  # noqa: PLC0415 - matplotlib is slow to load
    from parley.mechanisms.coordination.present.regions import region_figure  # noqa: PLC0415 - as above

    with writing(folder):
        written = ["audit.json"]
        write_json(folder / "audit.json", report)
        for axiom, verdict in report["axioms"].items():
            if verdict["witness"] is not None:
                name = f"witness-{axiom.replace('_', '-')}.json"
                write_json(folder / name, verdict["witness"]["problem"])
                written.append(name)
        figures = {"audit": audit_figure(audit)}
        triple = Triple.at(audit.problem, audit.allocation)
        if any(triple.excess) and audit.problem.agents >= 4:
            with suppress(ParleyError):  # no type has an excess that three agents could share
                figures["distributions"] = region_figure(triple)
        return [*written, *write_pictures(folder, figures)]
