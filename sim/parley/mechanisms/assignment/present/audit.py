"""What is shown of an audit: properties with what shows them, and what agents could have had."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Column, Figure, Sheet, columns, count, exactly
from parley.kit.present.page_words import ordinal, properties_hold, verdict
from parley.mechanisms.assignment.audit import PROPERTIES
from parley.mechanisms.assignment.envy import prefix_sums
from parley.mechanisms.assignment.favourites import beats, by_preference, kinds, worse_region
from parley.mechanisms.assignment.lottery import expected
from parley.mechanisms.assignment.present.page_parts import solution_figures
from parley.mechanisms.assignment.present.solution import facts
from parley.mechanisms.assignment.present.words import (
    listed,
    lottery_of,
    ranked,
    reasons,
    valued,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from parley.mechanisms.assignment.audit import Audit
    from parley.mechanisms.assignment.problem import Problem

__all__ = ["SOLUTION", "audit_documents", "audit_sheet", "option_figure"]

SOLUTION = "solution.json"
"""The document of an audit that says what it is about."""
MAX_OPTIONS = 120
"""Lotteries of an option set in the table and the chart; all are in ``audit.json``."""
MAX_ROWS = 1500
"""Lotteries of all option sets together, of which each has 20 at least."""
MAX_COLUMNS = 8
"""Ranks that have a column of their own."""


def audit_sheet(
    found: Mapping[str, Any], problem: Problem, document: Callable[[str], Mapping[str, Any]]
) -> Sheet:
    """Lay out an audit; see `parley.kit.mechanism.Mechanism.audit_sheet`."""
    solution = document(SOLUTION)
    told = {key: reasons(key, found[key], problem) for key in PROPERTIES}
    said = {key: verdict(found[key]["holds"]) for key in PROPERTIES}
    parts = {
        key: (f"{PROPERTIES[key].capitalize()}: {said[key]}", lines[1:])
        for key, lines in told.items()
        if lines[1:]
    }
    sets = found["option_sets"]
    return Sheet(
        "audit",
        f"Audit of {found['rule']}",
        "Is this random assignment efficient and envy-free, and are there profitable misreports?",
        facts=facts(solution, problem),
        findings=[("", text) for text in _favourites(sets, problem)],
        passages=[part for key, part in parts.items() if found[key]["holds"] is False],
        proofs=[part for key, part in parts.items() if found[key]["holds"] is not False],
        figures=[
            _properties(told, said),
            *(replace(figure, detail=True) for figure in solution_figures(problem, solution)),
            *_sets(sets, problem),
        ],
        cells=_cells(sets, problem),
        unit="option set",
        verdict=properties_hold({PROPERTIES[key]: found[key]["holds"] for key in PROPERTIES}),
    )


def audit_documents(found: Audit) -> dict[str, Any]:
    """Return what an audit is about."""
    return {SOLUTION: found.solution.to_json()}


def _properties(told: Mapping[str, Sequence[str]], said: Mapping[str, str]) -> Figure:
    return Figure(
        "properties",
        "Properties of what the rule does here",
        columns(property="property", verdict=("verdict", "verdict"), because="because"),
        [[PROPERTIES[key], said[key], lines[0]] for key, lines in told.items()],
        note="What holds is proved; what fails has an example that can be checked by hand.",
    )


# ── option sets ─────────────────────────────────────────────────────────────────────────────────────────────


def _favourites(sets: Sequence[Mapping[str, Any]] | None, problem: Problem) -> list[str]:
    if sets is None:
        return []
    unhappy = sum(not options["favourite"] for options in sets)
    tried = sum(options["reports"] for options in sets)
    whole = "all there are" if all(options["exhaustive"] for options in sets) else "not all there are"
    who = f"{unhappy} of {count(len(sets), 'agent')}" if unhappy else "No agent"
    whose = "under some utilities" if unhappy else "whatever its utilities"
    whose = "" if problem.utilities is not None else f", {whose} that agree with its ranking"
    report = f"{count(tried, 'report')} tried, {whole}"
    return [f"{who} could get a better lottery by another report{whose} ({report})."]


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
            "yes" if options["favourite"] else "no",
            *(_CHECKED[verdict(options[check]["holds"])] for check in checks),
        ]
        for options in sets
    ]
    return [
        Figure(
            "sets",
            "What agents could have had by another report",
            columns(
                agent="agent",
                reports=("reports tried", "count"),
                lotteries=("different lotteries", "count"),
                favourite="is its own the best?",
                support=("support function", "verdict", True),
                convex=("convex", "verdict", True),
                homogeneous=("homogeneous", "verdict", True),
            ),
            rows,
            aside="If the truth always leads to the best lottery, then expected utility, as a function of the"
            " reported utilities, is the support function of what the agent could have had: it is convex and"
            " homogeneous.",
        )
    ]


def _cells(
    sets: Sequence[Mapping[str, Any]] | None, problem: Problem
) -> list[tuple[str, list[str], list[Figure]]]:
    """One entry for each kind of agents: those have the same option set and like the same of it."""
    groups = kinds(problem) if sets is not None else []
    most = max(20, min(MAX_OPTIONS, MAX_ROWS // max(1, len(groups))))
    cells = []
    for group in groups:
        options = (sets or ())[group[0]]
        names = listed(problem.agent_names[i] for i in group)
        cells.append((names, _notes(options, problem), [option_figure(options, problem, most)]))
    return cells


def _notes(options: Mapping[str, Any], problem: Problem) -> list[str]:
    agent = options["agent"]
    items = problem.items
    truth = ranked(problem.rankings[agent], items)
    if problem.utilities is not None:
        own = [None if u is None else str(u) for u in problem.utilities[agent]]
        truth += f", with utilities {valued(own, items)}"
    said = [
        f"Its true report is {truth}.",
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


def option_figure(options: Mapping[str, Any], problem: Problem, most: int = MAX_OPTIONS) -> Figure:
    """Show what an agent could have had: its own lottery first, then the others as it likes them.

    Lotteries over three items are points of a triangle, in which those are shaded that are no better for the
    agent; of all, curves give the probability of an item of the first choice, of one of the first two, and so
    on. Without utilities, what it got is its favourite if no curve is above its own anywhere.

    Parameters
    ----------
    options : mapping
        As in the JSON of an audit.
    most : int
        Lotteries that are shown.
    """
    agent, ranking = options["agent"], problem.rankings[options["agent"]]
    reports = {tuple(map(Fraction, entry["row"])): entry["report"] for entry in options["lotteries"]}
    own = tuple(map(Fraction, options["lotteries"][options["own"]]["row"]))
    three = len(problem.items) == 3
    steps = [f"first:{k}" for k in range(min(MAX_COLUMNS, len(ranking)))]
    labels = ["1st choice", *(f"1st to {ordinal(k + 1)}" for k in range(1, len(steps)))]
    utilities = None if problem.utilities is None else problem.utilities[agent]
    rows = []
    for row in [own, *by_preference(problem, agent, (row for row in reports if row != own))][:most]:
        kind = "its own" if row == own else "better" if beats(problem, agent, row, own) else "no better"
        rows.append(
            [
                "the truth" if row == own else _reported(reports[row], problem),
                lottery_of(row, problem.items),
                *(map(exactly, (*row, 1 - sum(row, Fraction(0)))) if three else ()),
                *map(exactly, prefix_sums(ranking, row)[: len(steps)]),
                *([exactly(expected(row, utilities))] if utilities is not None else []),
                kind,
            ]
        )
    corners = [f"item:{o}" for o in range(3)] if three else []
    shares = zip((*corners, "nothing"), (*problem.items, "nothing"), strict=True) if three else ()
    triangle = three and sum(own) == 1
    more = "" if utilities is not None else ", whatever its utilities"
    return Figure(
        "options",
        f"{problem.agent_names[agent]}: {ranked(ranking, problem.items)}",
        [
            *columns(report="by reporting", lottery="lottery"),
            *(Column(key, name, "exact", detail=True) for key, name in shares),
            *(
                Column(key, label, "exact", detail=utilities is not None)
                for key, label in zip(steps, labels, strict=False)
            ),
            *([Column("worth", "is worth", "exact")] if utilities is not None else []),
            Column("kind", "for it"),
        ],
        rows,
        chart="triangle curves" if triangle else "curves",
        alt="What the agent got, among all that it could have had by reporting something else.",
        note=f"The {most} best of {len(reports):,}." if len(reports) > most else "",
        aside="Curves are probabilities of the first choice, of one of the first two, and so on."
        + (" The triangle leaves out lotteries that may give nothing." if triangle else ""),
        folded=True,
        options={
            "steps": steps,
            "across": "one of the first k choices",
            "up": "probability",
            "kinds": {"no better": "played", "better": "other", "its own": "theory"},
            "corners": corners,
            "areas": [
                {
                    "label": f"no better for it{more}",
                    "tone": "shade",
                    "corners": worse_region(problem, agent, own),
                }
            ]
            if triangle
            else [],
        },
        picture="options",
    )
