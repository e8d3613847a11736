"""Tables of a run of lotteries, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from parley.core.statistics import MIN_P
from parley.kit.present.tables import cross_check_lines, gas_table, number
from parley.mechanisms.assignment.present.words import ranked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parley.mechanisms.assignment.comparison import AgentComparison
    from parley.mechanisms.assignment.simulation import Simulation

__all__ = ["simulation_tables"]

MAX_ROWS = 64
MAX_COLUMNS = 8
"""Items that have a column each."""


def simulation_tables(run: Simulation) -> RenderableType:
    """What a run of lotteries came to, for a person to read."""
    tally = run.tally
    header = Text.assemble(
        (f"{tally.games:,} lotteries", "bold"),
        f" of {run.problem.rule} on {run.evm}, seed {run.seed}: {tally.endings['drawn']:,} drawn,"
        f" {tally.endings['cancelled']:,} cancelled; deadlines passed in {tally.expired:,};"
        f" {tally.games / run.seconds:,.0f} lotteries/s,"
        f" {tally.transactions / run.seconds:,.0f} transactions/s",
    )
    return Group(
        header,
        gas_table(run.cross_check),
        _counts(run),
        *_agents(run),
        _agreement(run),
        *cross_check_lines(run.cross_check),
    )


def _counts(run: Simulation) -> Table:
    """How often each agent got each item, and in brackets how often it should have."""
    problem, comparison = run.problem, run.comparison
    table = Table(title="Who got what (in brackets: expected)")
    table.add_column("agent")
    columns = min(MAX_COLUMNS, len(problem.items))
    nothing = any(row[-1] for row in (*comparison.counts, *comparison.expected))
    heads = [*problem.items[:columns], *(["…"] if columns < len(problem.items) else [])]
    for head in (*heads, *(["nothing"] if nothing else [])):
        table.add_column(head, justify="right")
    rows = zip(problem.agent_names, comparison.counts, comparison.expected, strict=True)
    for name, counts, expected in list(rows)[:MAX_ROWS]:
        cells = [f"{n:,} ({float(wanted):,.1f})" for n, wanted in zip(counts, expected, strict=True)]
        shown = cells[:columns] + ["…"] * (columns < len(problem.items)) + cells[-1:] * nothing
        table.add_row(name, *shown)
    p = comparison.p_value
    said = ["nothing was drawn" if p is None else f"p-value {p:.3g}"]
    if not comparison.exact:
        said.append("theory's probabilities are estimated")
    if problem.agents > MAX_ROWS or columns < len(problem.items):
        said.append("all of it is in --json")
    table.caption = "; ".join(said)
    return table


def _agents(run: Simulation) -> Iterator[RenderableType]:
    """What agents reported, what it was worth to them, and what they lost."""
    agents, problem = run.comparison.agents, run.problem
    lost = any(agent.bonds_lost for agent in agents)
    worth = problem.utilities is not None
    mixed = len(set(run.bots)) > 1 or run.bots[0] != "truthful"
    if not (lost or worth or mixed):
        yield f"All bots: {run.bots[0]}."
        return
    table = Table(title="Agents" + (", utilities played against theory" if worth else ""))
    for column in ("agent", "bot", "reported"):
        table.add_column(column, overflow="fold")
    for column in ("mean", "std error", "theory", "if all truthful", "z") if worth else ():
        table.add_column(column, justify="right", no_wrap=True)
    if lost:
        table.add_column("bonds lost", justify="right")
    for agent in agents[:MAX_ROWS]:
        table.add_row(
            problem.agent_names[agent.agent],
            agent.bot,
            _reported(run, agent),
            *(_worth(agent) if worth else ()),
            *([f"{agent.bonds_lost // problem.bond:,}"] if lost else []),
        )
    if lost:
        table.caption = f"a bond is {problem.bond:,} wei"
    yield table


def _reported(run: Simulation, agent: AgentComparison) -> str:
    if agent.report is None:
        return "silent"
    if agent.report == run.problem.orders[agent.agent]:
        return "the truth"
    return ranked(([o] for o in agent.report), run.problem.items)


def _worth(agent: AgentComparison) -> list[str]:
    played = ["" if value is None else f"{float(value):,.3f}" for value in (agent.mean, agent.std_error)]
    theory = ["" if value is None else number(value) for value in (agent.expected, agent.truthful)]
    return [*played, *theory, "" if agent.z is None else f"{agent.z:+.2f}"]


def _agreement(run: Simulation) -> Text:
    if run.comparison.holds:
        return Text(f"agrees with theory: no p-value below {MIN_P:g}", style="green")
    return Text(f"differs from theory: a p-value below {MIN_P:g}", style="bold red")
