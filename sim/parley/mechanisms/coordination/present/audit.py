"""What is shown of an audit: axioms by function, counterexamples, and what deviators gain."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.core.errors import ParleyError
from parley.kit.present.page_model import Column, Figure, Sheet, columns, exactly
from parley.kit.present.page_words import properties_hold, verdict
from parley.mechanisms.coordination.audit import AXIOMS
from parley.mechanisms.coordination.axioms.triple import Triple
from parley.mechanisms.coordination.present.regions import region_figure
from parley.mechanisms.coordination.present.solution import allocation_figure
from parley.mechanisms.coordination.present.words import (
    equilibria,
    gains,
    played,
    shortly,
    verdict_told,
    witness_table,
    witness_told,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from parley.mechanisms.coordination.demonstration import PlayedAudit
    from parley.mechanisms.coordination.problem import Problem

__all__ = ["audit_documents", "audit_sheet"]

MOST_GAINING = 64
"""Deviations in the table; all are in ``audit.json``."""


def audit_documents(found: PlayedAudit) -> dict[str, Any]:
    """Give the problems of an audit's counterexamples, by names of files."""
    report = found.to_json()
    return {
        f"witness-{axiom.replace('_', '-')}.json": verdict["witness"]["problem"]
        for axiom, verdict in report["axioms"].items()
        if verdict["witness"] is not None
    }


def audit_sheet(
    found: Mapping[str, Any], problem: Problem, _: Callable[[str], Mapping[str, Any]] | None = None
) -> Sheet:
    """Lay out an audit; see `parley.kit.mechanism.Mechanism.audit_sheet`."""
    function, names = str(found["recognition"]), problem.agent_names
    held = {AXIOMS[axiom]: one["holds"] for axiom, one in found["axioms"].items()}
    allocation = allocation_figure(problem, found["allocation"], "The allocation announced in equilibrium")
    return Sheet(
        "audit",
        f"Audit of {function}",
        "Which axioms does this recognition function satisfy, and who gains by announcing something else?",
        facts=[
            ("recognition function", function),
            ("agents", f"{problem.agents:,}"),
            ("task types", f"{problem.task_types:,}"),
            ("domain", "special" if found["special_domain"] else "general"),
        ],
        findings=[
            *(
                (AXIOMS[axiom].capitalize(), told)
                for axiom, one in found["axioms"].items()
                if (told := verdict_told(one))
            ),
            *(("", text) for text in gains(found["manipulation"], names)),
            *(("", text) for text in equilibria(found.get("equilibria"))),
            *(("", text) for text in played(found.get("played"))),
        ],
        passages=[
            (f"A counterexample to {AXIOMS[axiom]}", [*witness_told(one), witness_table(one)])
            for axiom, verdict in found["axioms"].items()
            if (one := verdict["witness"]) is not None
        ],
        proofs=[
            (f"{AXIOMS[axiom].capitalize()} in this problem", [f"Checked {one['here_basis']}."])
            for axiom, one in found["axioms"].items()
            if one["here_basis"]
        ],
        figures=[
            _axioms(found),
            *_gains(found["manipulation"], names),
            replace(allocation, detail=True),
            *_region(found["allocation"], problem),
        ],
        verdict=f"{function}: {properties_hold(held, 'axiom', 'axioms').replace('All', 'all')}",
    )


def _axioms(found: Mapping[str, Any]) -> Figure:
    audited = {axiom: shortly(verdict) for axiom, verdict in found["axioms"].items()}
    rows = [[found["recognition"], *audited.values()]]
    rows += [
        [name, *(verdict(verdicts[axiom]) for axiom in audited)]
        for name, verdicts in found["functions"].items()
        if name != found["recognition"]
    ]
    return Figure(
        "axioms",
        f"Axioms of {found['recognition']}, and of the other recognition functions",
        [
            Column("function", "recognition function"),
            *(Column(axiom, AXIOMS[axiom], "verdict") for axiom in audited),
        ],
        rows,
        note="Over all problems of the special domain: a proof or a counterexample decides."
        + (" Problem N: the Nth that was searched." if ": problem" in str(rows) else ""),
        picture="audit",
    )


def _gains(entries: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[Figure]:
    """Show what agents gain alone and in pairs, and how."""
    seats = [[entry["agent"]] if isinstance(entry["agent"], int) else entry["agent"] for entry in entries]
    gaining = sorted(
        ((who, entry) for who, entry in zip(seats, entries, strict=True) if Fraction(entry["gain"]) > 0),
        key=lambda found: (len(found[0]), -Fraction(found[1]["gain"])),
    )
    heat = Figure(
        "gains",
        "Gains alone (diagonal) and in pairs",
        columns(one="agent", other="with", gain=("gain (cost)", "number")),
        [
            [names[who[0]], names[who[-1]], exactly(entry["gain"])]
            for who, entry in zip(seats, entries, strict=True)
        ],
        chart="matrix",
        alt="A matrix of agents by agents: on the diagonal what each gains alone by its best deviation,"
        " beside it what each pair gains together.",
        note="In units of cost, against agents that play the equilibrium. On the diagonal: alone.",
        folded=True,
        options={"down": list(names), "across": list(names), "value": "gain", "tone": "theory"},
        detail=True,
        picture="audit",
    )
    if not gaining:
        return [heat] if entries else []
    rows = []
    for who, entry in gaining[:MOST_GAINING]:
        plan = [entry["best_deviation"]] if len(who) == 1 else entry["best_deviation"]
        rows.append(
            [
                " + ".join(names[seat] for seat in who),
                "; ".join(" ".join(map(str, row)) for row in plan),
                exactly(entry["gain"]),
                entry["tried"],
                "all" if entry["exhaustive"] else "some",
            ]
        )
    deviations = Figure(
        "deviations",
        "Who can gain by announcing something else",
        columns(
            agents="agents",
            announce="announce (tasks by type)",
            gain=("gain (cost)", "exact"),
            tried=("deviations tried", "count", True),
            how="tried",
        ),
        rows,
        note="" if all(entry["exhaustive"] for _, entry in gaining) else "Some tried: more may be gained.",
    )
    return [heat, deviations]


def _region(allocation: Sequence[Sequence[str]], problem: Problem) -> list[Figure]:
    """Show the ways to pass on what agent 1 does not do, where three agents can share some of it."""
    units = [[int(Fraction(x) * problem.unit) for x in row] for row in allocation]
    triple = Triple.at(problem, units)
    if problem.agents >= 4 and any(triple.excess):
        with suppress(ParleyError):  # no type has an excess that three agents could share
            return [region_figure(triple, unit=problem.unit)]
    return []
