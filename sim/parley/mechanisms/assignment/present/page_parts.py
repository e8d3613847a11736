"""Figures of random assignments: matrices, ranks, and lotteries."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Column, Figure, exactly
from parley.kit.present.page_read import read_json
from parley.mechanisms.assignment.present.words import listed, ordinal
from parley.mechanisms.assignment.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["lottery_figure", "matrix_figure", "number", "ranks_figure", "read_problem"]

MAX_TERMS = 200
"""Assignments of a lottery in the table; all are in ``solution.json``."""
MAX_RANKS = 12
MAX_COLUMNS = 30
"""Agents up to which the table of a lottery has a column for each."""


def read_problem(folder: Path) -> Problem:
    """Read the problem that a folder is about.

    Raises
    ------
    ParleyError
        In one line, if there is none or it is none.
    """
    path = folder / "problem.json"
    return Problem.from_mapping(read_json(path), str(path))


def number(value: str | float | None) -> Any:  # noqa: ANN401 - what a table holds
    """A number as a table takes it: an exact one, which JSON has as text, or an estimate."""
    return exactly(value) if isinstance(value, str) else value


def matrix_figure(
    problem: Problem, matrix: Sequence[Sequence[str | float]], note: str, *, title: str = "Who gets what"
) -> Figure:
    """Who gets what with which probability: a heat map of agents by items."""
    return Figure(
        "matrix",
        title,
        [Column("agent", "agent"), Column("item", "item"), Column("probability", "probability", "number")],
        [
            [agent, item, number(p)]
            for agent, row in zip(problem.agent_names, matrix, strict=True)
            for item, p in zip(problem.items, row, strict=True)
        ],
        chart="matrix",
        alt="A matrix of agents by items: the more likely an agent gets an item, the darker.",
        note=note,
        folded=True,
        options={
            "agents": list(problem.agent_names),
            "items": list(problem.items),
            "value": "probability",
        },
    )


def ranks_figure(
    problem: Problem,
    ranks: Sequence[Sequence[str | float]],
    utilities: Sequence[str | float] | None,
) -> Figure:
    """How likely an agent gets an item of its first choice, its second, and so on."""
    shown = min(MAX_RANKS, len(ranks[0]))
    later = shown < len(ranks[0])
    labels = [f"{ordinal(k + 1)} choice" for k in range(shown)] + ["later"] * later + ["nothing"]
    rows = []
    for i, (agent, row) in enumerate(zip(problem.agent_names, ranks, strict=True)):
        exact = not any(isinstance(p, float) for p in row)
        values = [Fraction(p) for p in row]
        parts = values[:shown] + [sum(values[shown:], Fraction(0))] * later + [1 - sum(values, Fraction(0))]
        cells = [exactly(p) if exact else max(0.0, float(p)) for p in parts]
        rows.append([agent, *cells, *([number(utilities[i])] if utilities is not None else [])])
    return Figure(
        "ranks",
        "Ranks of what agents get",
        [
            Column("agent", "agent"),
            *(Column(f"rank:{k}", label, "number") for k, label in enumerate(labels)),
            *([Column("utility", "expected utility", "number")] if utilities is not None else []),
        ],
        rows,
        chart="ranks",
        alt="For each agent, how likely it gets an item of its first choice, of its second, and so on.",
        note="Probabilities." + (" Utilities are in the units of the problem." if utilities else ""),
        options={"labels": labels},
    )


def lottery_figure(problem: Problem, lottery: Sequence[Mapping[str, Any]] | None) -> list[Figure]:
    """Give the assignments of a lottery, the likeliest first."""
    if lottery is None:
        return []
    given = [["nothing" if o is None else problem.items[o] for o in term["assignment"]] for term in lottery]
    wide = problem.agents > MAX_COLUMNS
    columns = (
        [Column("assignment", "who gets what")]
        if wide
        else [Column(f"agent:{i}", name) for i, name in enumerate(problem.agent_names)]
    )
    named = (
        [[listed(map(" ".join, zip(problem.agent_names, row, strict=True)), problem.agents)] for row in given]
        if wide
        else given
    )
    left = len(lottery) - MAX_TERMS
    more = f" The first {MAX_TERMS} of {len(lottery):,}." if left > 0 else ""
    return [
        Figure(
            "lottery",
            "A lottery that carries it out",
            [Column("weight", "weight", "number"), *columns],
            [
                [number(term["weight"]), *row]
                for term, row in list(zip(lottery, named, strict=True))[:MAX_TERMS]
            ],
            note=f"One of these assignments is drawn, each with its weight as probability.{more}",
        )
    ]
