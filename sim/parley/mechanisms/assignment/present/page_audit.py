"""The page of an audit: properties with what shows them, matrix and ranks, and what agents could have had."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.core.errors import ParleyError
from parley.kit.present.page_model import Column, Figure, Sheet, count, exactly
from parley.kit.present.page_read import read_json
from parley.mechanisms.assignment.audit import PROPERTIES
from parley.mechanisms.assignment.envy import prefix_sums
from parley.mechanisms.assignment.lottery import expected
from parley.mechanisms.assignment.present.favourites import beats, by_preference, kinds, worse_region
from parley.mechanisms.assignment.present.page_parts import (
    lottery_figure,
    matrix_figure,
    ranks_figure,
    read_problem,
)
from parley.mechanisms.assignment.present.words import (
    listed,
    lottery_of,
    ordinal,
    ranked,
    reasons,
    standing,
    valued,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from parley.mechanisms.assignment.problem import Problem

__all__ = ["audit_sheet"]

MAX_OPTIONS = 120
"""Lotteries of an option set in the table and the chart; all are in ``audit.json``."""
MAX_ROWS = 1500
"""Lotteries of all option sets together, of which each has 20 at least."""
MAX_COLUMNS = 8
"""Items and ranks that have a column of their own."""


def audit_sheet(folder: Path) -> Sheet:
    """Lay out the page of an audit.

    Raises
    ------
    ParleyError
        In one line, if a file of the folder cannot be read or is not what an audit writes.
    """
    path = folder / "audit.json"
    found, solution, problem = read_json(path), read_json(folder / "solution.json"), read_problem(folder)
    try:
        return _sheet(found, solution, problem)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ParleyError(f"{path}: not what an audit writes: {type(error).__name__} {error}") from None


def _sheet(found: Mapping[str, Any], solution: Mapping[str, Any], problem: Problem) -> Sheet:
    told = {key: reasons(key, found[key], problem) for key in PROPERTIES}
    said = {key: standing(found[key]) for key in PROPERTIES}
    agents, items = problem.shape
    exact = "exact" if solution["exact"] else f"from {count(solution['runs'], 'run')}"
    return Sheet(
        "audit",
        f"Audit of {found['rule']}",
        "Is this random assignment efficient and without envy, and does it pay to tell the truth?",
        facts=[
            ("rule", str(found["rule"])),
            ("agents", f"{agents:,}"),
            ("items", f"{items:,}"),
            ("places", f"{sum(problem.capacities):,}"),
            ("probabilities", exact),
        ],
        findings=[
            (PROPERTIES[key].capitalize(), f"{said[key].capitalize()}. {lines[0]}")
            for key, lines in told.items()
        ]
        + [("", text) for text in _favourites(found["option_sets"], problem)],
        passages=[
            (f"{PROPERTIES[key].capitalize()}: {said[key]}", lines)
            for key, lines in told.items()
            if lines[1:]
        ],
        figures=[
            _properties(told, said),
            matrix_figure(problem, solution["matrix"], _matrix_note(solution)),
            ranks_figure(problem, solution["ranks"], solution["expected_utilities"]),
            *lottery_figure(problem, solution["lottery"]),
            *_sets(found["option_sets"], problem),
        ],
        cells=_cells(found["option_sets"], problem),
        unit="option set",
    )


def _matrix_note(solution: Mapping[str, Any]) -> str:
    if solution["exact"]:
        return "Probabilities, exact."
    most = max(max(row) for row in solution["std_errors"])
    runs = count(solution["runs"], "run")
    return f"Frequencies in {runs} of the rule; standard errors are at most {most:.4f}."


def _properties(told: Mapping[str, Sequence[str]], said: Mapping[str, str]) -> Figure:
    return Figure(
        "properties",
        "Properties",
        [Column("property", "property"), Column("verdict", "", "verdict"), Column("because", "because")],
        [[PROPERTIES[key], said[key], lines[0]] for key, lines in told.items()],
        note="What holds is proved, and what fails has a witness that can be checked by hand: above, where a"
        " line is too little.",
    )


# ── option sets ─────────────────────────────────────────────────────────────────────────────────────────────


def _favourites(sets: Sequence[Mapping[str, Any]] | None, problem: Problem) -> list[str]:
    if sets is None:
        return []
    happy = sum(bool(options["favourite"]) for options in sets)
    tried = sum(options["reports"] for options in sets)
    whole = "all there are" if all(options["exhaustive"] for options in sets) else "not all there are"
    whose = "" if problem.utilities is not None else ", whatever the utilities that agree with its ranking"
    return [
        (
            f"What an agent got is its favourite of all that it could have had for {happy} of"
            f" {count(len(sets), 'agent')}{whose} ({count(tried, 'report')} tried, {whole})."
        )
    ]


_CHECKED = {"holds": "holds", "fails": "fails", "not known": "holds as tried"}


def _sets(sets: Sequence[Mapping[str, Any]] | None, problem: Problem) -> list[Figure]:
    if sets is None:
        return []
    checks = ("support_function", "convex", "homogeneous")
    rows = [
        [
            problem.agent_names[options["agent"]],
            options["reports"],
            len(options["lotteries"]),
            "holds" if options["favourite"] else "fails",
            *(_CHECKED[standing(options[check])] for check in checks),
        ]
        for options in sets
    ]
    return [
        Figure(
            "sets",
            "What agents could have had by reporting otherwise",
            [
                Column("agent", "agent"),
                Column("reports", "reports tried", "count"),
                Column("lotteries", "lotteries they lead to", "count"),
                Column("favourite", "own is the favourite", "verdict"),
                Column("support", "support function", "verdict"),
                Column("convex", "convex", "verdict"),
                Column("homogeneous", "homogeneous", "verdict"),
            ],
            rows,
            note="If the truth always leads to the favourite lottery, expected utility is the option set's"
            " support function: convex and homogeneous in what is reported. Each set is shown below.",
        )
    ]


def _cells(
    sets: Sequence[Mapping[str, Any]] | None, problem: Problem
) -> list[tuple[str, list[str], list[Figure]]]:
    """One entry for each kind of agents: those have the same option set and like the same of it."""
    if sets is None:
        return []
    cells = []
    groups = kinds(problem)
    most = max(20, min(MAX_OPTIONS, MAX_ROWS // len(groups)))
    for group in groups:
        options = sets[group[0]]
        names = listed(problem.agent_names[i] for i in group)
        cells.append((names, _notes(options, problem), [_options(options, problem, most)]))
    return cells


def _notes(options: Mapping[str, Any], problem: Problem) -> list[str]:
    agent = options["agent"]
    items = problem.items
    truth = ranked(problem.rankings[agent], items)
    if problem.utilities is not None:
        own = [None if u is None else str(u) for u in problem.utilities[agent]]
        truth += f", with utilities {valued(own, items)}"
    said = [
        f"True is {truth}.",
        f"It gets {lottery_of(options['lotteries'][options['own']]['row'], items)}.",
    ]
    others = len(options["lotteries"]) - 1
    if options["favourite"]:
        known = (
            "none is worth more to it"
            if problem.utilities is not None
            else ("none gives it more of its first choice, nor of its first two, nor of any number of them")
        )
        also = count(others, "other lottery", "other lotteries")
        said.append(f"By reporting otherwise it could have had {also}: {known}.")
    else:
        better = options["lotteries"][options["better"]]
        said.append(
            f"By reporting {_reported(better['report'], problem)} it would have had"
            f" {lottery_of(better['row'], items)}, which is better for it"
            + ("." if problem.utilities is not None else " under some utilities.")
        )
    return said


def _reported(report: Mapping[str, Any], problem: Problem) -> str:
    if report["utilities"] is not None:
        return valued(report["utilities"], problem.items) or "nothing"
    return ranked(report["ranking"], problem.items)


def _options(options: Mapping[str, Any], problem: Problem, most: int) -> Figure:
    """All that an agent could have had: its own lottery first, then the others as it likes them."""
    agent, ranking = options["agent"], problem.rankings[options["agent"]]
    reports = {tuple(map(Fraction, entry["row"])): entry["report"] for entry in options["lotteries"]}
    own = tuple(map(Fraction, options["lotteries"][options["own"]]["row"]))
    three = len(problem.items) == 3
    ranks = min(MAX_COLUMNS, len(ranking))
    labels = ["1st choice", *(f"1st to {ordinal(k + 1)}" for k in range(1, ranks))][:ranks]
    utilities = None if problem.utilities is None else problem.utilities[agent]
    others = [row for row in reports if row != own]
    rows = []
    for row in [own, *by_preference(problem, agent, others)][:most]:
        kind = "its own" if row == own else "better" if beats(problem, agent, row, own) else "no better"
        rows.append(
            [
                "the truth" if row == own else _reported(reports[row], problem),
                lottery_of(row, problem.items),
                *(map(exactly, (*row, 1 - sum(row, Fraction(0)))) if three else ()),
                *map(exactly, prefix_sums(ranking, row)[:ranks]),
                *([exactly(expected(row, utilities))] if utilities is not None else []),
                kind,
            ]
        )
    left = len(reports) - most
    items = [*problem.items, "nothing"]
    keys = ["item:0", "item:1", "item:2", "nothing"]
    return Figure(
        "options",
        "What it could have had",
        [
            Column("report", "by reporting"),
            Column("lottery", "lottery"),
            *([Column(key, name, "number") for key, name in zip(keys, items, strict=True)] if three else []),
            *(Column(f"first:{k}", label, "number") for k, label in enumerate(labels)),
            *([Column("worth", "is worth", "number")] if utilities is not None else []),
            Column("kind", "for it"),
        ],
        rows,
        chart="options",
        alt="What the agent got, among all that it could have had by reporting something else.",
        note="A curve gives the probability of the first choice, of one of the first two, and so on."
        + (" In the triangle, what may give nothing is left out." if three else "")
        + (f" The {most} best of {len(reports):,}." if left > 0 else ""),
        folded=True,
        options={
            "labels": labels,
            "items": list(problem.items),
            "worse": worse_region(problem, agent, own) if three and sum(own) == 1 else None,
        },
    )
