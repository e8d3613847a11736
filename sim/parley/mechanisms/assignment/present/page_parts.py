"""Figures of random assignments: matrices, ranks, items, and lotteries."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Column, Figure, cell, columns, count
from parley.kit.present.page_parts import matrix
from parley.kit.present.page_words import ordinal
from parley.kit.present.tables import number
from parley.mechanisms.assignment.present.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from parley.mechanisms.assignment.problem import Problem

__all__ = ["matrix_figure", "solution_figures"]

MAX_TERMS = 200
"""Assignments of a lottery in the table; all are in ``solution.json``."""
MAX_RANKS = 8
MAX_WIDTH = 100
"""Characters up to which the table of a lottery has a column for each agent."""


def solution_figures(problem: Problem, solution: Mapping[str, Any]) -> list[Figure]:
    """Lay out what `parley solve --json` prints: who gets what, its ranks, and how it is drawn."""
    return [
        matrix_figure(problem, solution["matrix"], _exactness(solution)),
        _ranks(problem, solution["ranks"], solution["expected_utilities"]),
        _items(problem, solution),
        *_lottery(problem, solution["lottery"]),
    ]


def _read(row: Iterable[str | float]) -> list[Fraction | float]:
    """Read numbers as JSON has them: exact ones are text."""
    return [Fraction(value) if isinstance(value, str) else value for value in row]


def _rest(row: Iterable[Fraction | float]) -> Fraction | float:
    """The probability of nothing, which an estimate may let fall below 0."""
    left = 1 - sum(row)
    return max(0.0, left) if isinstance(left, float) else left


def _exactness(solution: Mapping[str, Any]) -> str:
    if solution["exact"]:
        return ""
    most = max(max(row) for row in solution["std_errors"])
    runs = count(solution["runs"], "run")
    return f"Frequencies in {runs} of the rule; standard errors are at most {most:.4f}."


def matrix_figure(
    problem: Problem,
    probabilities: Sequence[Sequence[str | float]],
    note: str,
    *,
    title: str = "Who gets what",
) -> Figure:
    """Who gets what with which probability: a heat map of agents by items."""
    rows = [[*row, _rest(row)] for row in map(_read, probabilities)]
    items = [*problem.items, "nothing"] if any(row[-1] > 1e-9 for row in rows) else problem.items
    return matrix(
        "matrix",
        title,
        columns(agent="agent", item="item", probability=("probability", "exact")),
        (problem.agent_names, items),
        [[[cell(p)] for p in row[: len(items)]] for row in rows],
        value="probability",
        options={"most": 1},
        chart="matrix",
        alt="A matrix of agents by items: the more likely an agent gets an item, the darker.",
        note=note,
        folded=True,
        picture="matrix",
    )


def _ranks(
    problem: Problem, ranks: Sequence[Sequence[str | float]], utilities: Sequence[str | float] | None
) -> Figure:
    """How likely an agent gets an item of its first choice, its second, and so on; and the average."""
    shown = min(MAX_RANKS, len(ranks[0]))
    later = shown < len(ranks[0])
    rows = [[*row[:shown], *([sum(row[shown:])] if later else []), _rest(row)] for row in _with_mean(ranks)]
    labels = [ordinal(k + 1) for k in range(shown)] + ["later"] * later
    if any(row[-1] > 1e-9 for row in rows):
        labels.append("nothing")
    worth = [] if utilities is None else _with_mean([u] for u in utilities)
    return Figure(
        "ranks",
        "How likely agents get their 1st choice, their 2nd choice and so on",
        [
            Column("agent", "agent"),
            *(Column(f"rank:{k}", label, "exact") for k, label in enumerate(labels)),
            *([Column("utility", "expected utility", "exact")] if worth else []),
        ],
        [
            [name, *map(cell, row[: len(labels)]), *map(cell, worth[i] if worth else [])]
            for i, (name, row) in enumerate(zip((*problem.agent_names, "average of all"), rows, strict=True))
        ],
        chart="stacked",
        alt="For each agent, how likely it gets an item of its first choice, of its second, and so on.",
        options={"parts": [f"rank:{k}" for k in range(len(labels))], "unit": "probability"},
        picture="matrix",
    )


def _with_mean(rows: Iterable[Iterable[str | float]]) -> list[list[Fraction | float]]:
    """Read rows, and add that of their means."""
    read = [_read(row) for row in rows]
    return [*read, [sum(column) / len(read) for column in zip(*read, strict=True)]]


def _items(problem: Problem, solution: Mapping[str, Any]) -> Figure:
    """How much of each item is given out, and its price."""
    prices, lacking = solution["prices"], solution["shortfall"]
    note = ""
    if lacking is not None:
        note = (
            "At these prices demand equals supply."
            if lacking == "0"
            else f"At these prices demand equals supply but for {number(lacking)} (shortfall)."
        )
    elif prices is not None:
        note = "At these prices no other assignment has a greater weighted sum of utilities."
    given = [sum(column) for column in zip(*map(_read, solution["matrix"]), strict=True)]
    return Figure(
        "items",
        "Items" if prices is None else "Items and their prices",
        [
            *columns(item="item", places=("capacity", "count"), given=("given out", "exact")),
            *(columns(price=("price", "exact")) if prices is not None else []),
        ],
        [
            [name, places, cell(given[o]), *([cell(prices[o])] if prices is not None else [])]
            for o, (name, places) in enumerate(zip(problem.items, problem.capacities, strict=True))
        ],
        note=note,
    )


def _lottery(problem: Problem, lottery: Sequence[Mapping[str, Any]] | None) -> list[Figure]:
    """Give the assignments of a lottery, the likeliest first."""
    if lottery is None:
        return []
    longest = max(map(len, (*problem.items, "nothing")))
    wide = sum(max(len(name), longest) + 3 for name in problem.agent_names) > MAX_WIDTH
    each = [Column(f"agent:{i}", name) for i, name in enumerate(problem.agent_names)]
    rows = []
    for term in lottery[:MAX_TERMS]:
        given = ["nothing" if o is None else problem.items[o] for o in term["assignment"]]
        named = map(" ".join, zip(problem.agent_names, given, strict=True))
        rows.append([cell(term["weight"]), *([listed(named, problem.agents)] if wide else given)])
    left = len(lottery) - MAX_TERMS
    more = f"The first {MAX_TERMS} of {len(lottery):,}." if left > 0 else ""
    return [
        Figure(
            "lottery",
            f"How it is drawn: {count(len(lottery), 'assignment')}, one of which is chosen by lot",
            [*columns(weight=("chance", "exact")), *(columns(all="who gets what") if wide else each)],
            rows,
            note=more,
        )
    ]
