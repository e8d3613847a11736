"""Tables of a random assignment, for people to read. Agents are numbered from 1."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from parley.kit.present.page_model import count
from parley.kit.present.tables import number
from parley.mechanisms.assignment.present.words import lottery_of, ordinal, valued

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from parley.mechanisms.assignment.lottery import Row
    from parley.mechanisms.assignment.solution import Solution

__all__ = ["probability", "solution_tables"]

MAX_ROWS = 64
MAX_COLUMNS = 10
"""Items up to which the matrix has a column for each; of more, agents' lotteries are written in words."""
MAX_TERMS = 20
MAX_WIDTH = 100
"""Characters up to which a lottery has a column for each agent."""
MAX_RANKS = 6


def solution_tables(solution: Solution) -> Iterator[RenderableType]:
    """Tables of the matrix, the lottery that carries it out, expected utilities and ranks.

    Parameters
    ----------
    solution : Solution

    Yields
    ------
    What rich's console prints.
    """
    agents = solution.problem.agents
    shown = min(MAX_ROWS, agents)
    yield _header(solution)
    yield _matrix(solution, shown) if len(solution.problem.items) <= MAX_COLUMNS else _rows(solution, shown)
    if solution.welfare is not None or solution.equilibrium is not None:
        yield _prices(solution)
    yield _ranks(solution, shown)
    yield from _lottery(solution)
    if shown < agents:
        yield f"… and {agents - shown} more agents: see --json"


def probability(value: Fraction, *, exact: bool) -> str:
    """Write a probability: exactly while that is short, an estimate with four decimals.

    Examples
    --------
    >>> probability(Fraction(5, 12), exact=True), probability(Fraction(41_667, 100_000), exact=False)
    ('5/12', '0.4167')
    """
    return number(value) if exact else f"{float(value):.4f}"


def _header(solution: Solution) -> Text:
    problem = solution.problem
    items, seats = len(problem.items), sum(problem.capacities)
    places = "" if seats == items else f" ({seats:,} in all)"
    said = Text.assemble(
        (problem.rule, "bold"), f": {count(problem.agents, 'agent')}, {count(items, 'item')}{places}; "
    )
    if problem.posted is not None:
        said.append("the posted assignment, which is verified; ")
    if solution.sample is None:
        said.append("exact")
    else:
        error = float(solution.sample.std_errors.max())
        said.append(f"estimated from {solution.sample.runs:,} runs, standard errors at most {error:.4f}")
    return said


def _nothing(row: Row) -> Fraction:
    return 1 - sum(row, Fraction(0))


def _matrix(solution: Solution, shown: int) -> Table:
    problem, exact = solution.problem, solution.exact
    someone = any(map(_nothing, solution.matrix))
    table = Table(title="Probabilities")
    table.add_column("agent")
    for name in (*problem.items, *(["nothing"] if someone else [])):
        table.add_column(name, justify="right")
    for name, row in zip(problem.agent_names, solution.matrix[:shown], strict=False):
        rest = [_nothing(row)] if someone else []
        table.add_row(name, *(probability(p, exact=exact) for p in (*row, *rest)))
    table.add_section()
    given = [sum((row[o] for row in solution.matrix), Fraction(0)) for o in range(len(problem.items))]
    wanted = zip(given, problem.capacities, strict=True)
    cells = [f"{probability(p, exact=exact)} of {capacity}" for p, capacity in wanted]
    without = [probability(sum(map(_nothing, solution.matrix), Fraction(0)), exact=exact)] if someone else []
    table.add_row("given out", *cells, *without)
    return table


def _rows(solution: Solution, shown: int) -> Table:
    problem = solution.problem
    table = Table(title="Probabilities")
    table.add_column("agent")
    table.add_column("the likeliest first", overflow="fold")
    for name, row in zip(problem.agent_names, solution.matrix[:shown], strict=False):
        given = row if solution.exact else [float(p) for p in row]
        table.add_row(name, lottery_of(given, problem.items))
    table.caption = f"{len(problem.items)} items: whole rows are in --json"
    return table


def _prices(solution: Solution) -> Table:
    problem = solution.problem
    table = Table(title="Prices")
    for name in ("item", "capacity", "given out", "price"):
        table.add_column(name, justify="left" if name == "item" else "right")
    prices: Sequence[Fraction] = ()
    if solution.equilibrium is not None:
        prices = solution.equilibrium.prices
        lacking = solution.equilibrium.shortfall.greatest
        table.caption = (
            "an equilibrium" if not lacking else f"an equilibrium but for {number(lacking)} (shortfall)"
        )
    elif solution.welfare is not None:
        prices = solution.welfare.prices
        table.caption = f"they prove that the weighted utility, {number(solution.welfare.value)}, is greatest"
    for o, price in enumerate(prices[:MAX_ROWS]):
        given = sum((row[o] for row in solution.matrix), Fraction(0))
        table.add_row(problem.items[o], f"{problem.capacities[o]}", number(given), number(price))
    return table


def _ranks(solution: Solution, shown: int) -> Table:
    problem, exact = solution.problem, solution.exact
    ranks = solution.ranks
    columns = min(MAX_RANKS, len(ranks[0]))
    later = columns < len(ranks[0])
    utilities = solution.expected_utilities
    someone = any(map(_nothing, solution.matrix))
    table = Table(title="Ranks of what agents get")
    table.add_column("agent")
    heads = [ordinal(k + 1) for k in range(columns)] + ["later"] * later + ["nothing"] * someone
    for head in (*heads, *(["expected utility"] if utilities is not None else [])):
        table.add_column(head, justify="right")

    def cells(row: Sequence[Fraction]) -> list[str]:
        rest = [sum(row[columns:], Fraction(0))] * later + [1 - sum(row, Fraction(0))] * someone
        return [probability(p, exact=exact) for p in (*row[:columns], *rest)]

    for i, row in enumerate(ranks[:shown]):
        worth = [probability(utilities[i], exact=exact)] if utilities is not None else []
        table.add_row(problem.agent_names[i], *cells(row), *worth)
    table.add_section()
    mean = [sum(column, Fraction(0)) / problem.agents for column in zip(*ranks, strict=True)]
    worth = [probability(sum(utilities, Fraction(0)), exact=exact)] if utilities is not None else []
    table.add_row("all, on average", *cells(mean), *(f"{text} in all" for text in worth))
    return table


def _lottery(solution: Solution) -> Iterator[RenderableType]:
    problem, lottery = solution.problem, solution.lottery
    if lottery is None:
        yield "The rule's own assignments are too many to list: there is no lottery to show."
        return
    table = Table(title=f"Lottery: {count(len(lottery), 'assignment')}")
    table.add_column("weight", justify="right")
    longest = max(map(len, (*problem.items, "nothing")))
    wide = sum(max(len(name), longest) + 3 for name in problem.agent_names) > MAX_WIDTH
    if wide:
        table.add_column("who gets what", overflow="fold")
    else:
        for name in problem.agent_names:
            table.add_column(name, overflow="fold")
    for term in lottery[:MAX_TERMS]:
        given = ["nothing" if o is None else problem.items[o] for o in term.assignment]
        cells = [valued(given, problem.agent_names, MAX_ROWS)] if wide else given
        table.add_row(number(term.weight), *cells)
    if len(lottery) > MAX_TERMS:
        table.caption = f"and {len(lottery) - MAX_TERMS:,} more: see --json"
    yield table
