"""Tables for a terminal."""

from fractions import Fraction

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from parley.core.statistics import MIN_P
from parley.kit.present.tables import cross_check_lines, gas_table
from parley.mechanisms.coordination.simulation import Simulation

__all__ = ["simulation_tables"]


def simulation_tables(run: Simulation) -> RenderableType:
    """What a run of games came to, for a person to read."""
    tally, comparison, check = run.tally, run.comparison, run.cross_check
    header = Text.assemble(
        (f"{tally.games:,} games", "bold"),
        f" on {run.evm}, seed {run.seed}: {tally.endings['settled']:,} settled, "
        f"{tally.endings['broken down']:,} broken down, {tally.endings['expired']:,} expired; "
        f"{tally.rounds / tally.games:.3f} rounds on average; "
        f"{tally.games / run.seconds:,.0f} games/s, {tally.transactions / run.seconds:,.0f} transactions/s",
    )
    return Group(
        header,
        gas_table(check),
        _proposers(run),
        _costs(run),
        _agreement(comparison.holds),
        *cross_check_lines(check),
    )


def _cost(exact: Fraction | float) -> str:
    """A cost with as many decimals as a person wants to see: fewer the greater it is."""
    value = float(exact)
    return f"{value:,.{2 if abs(value) >= 1000 else 4}f}"


def _costs(run: Simulation) -> Table:
    mixed = len(set(run.bots)) > 1
    table = Table(title="Costs, played against theory")
    table.add_column("agent", min_width=8)
    if mixed:
        table.add_column("bot")
    else:
        table.caption = f"all bots: {run.bots[0]}"
    for column in ("f(d)", "mean cost", "std error", "theory", "z", "p-value"):
        table.add_column(column, justify="right", no_wrap=True)
    problem = run.problem
    for agent in run.comparison.agents:
        contracted = problem.cost(agent.agent, int(problem.contracted[agent.agent].sum()))
        table.add_row(
            problem.agent_names[agent.agent],
            *([agent.bot] if mixed else []),
            _cost(contracted),
            _cost(agent.mean),
            _cost(agent.std_error),
            _cost(agent.expected),
            "" if agent.z is None else f"{agent.z:+.2f}",
            ("exact" if agent.agrees else "differs") if agent.z is None else f"{agent.p_value:.3g}",
            style=None if agent.agrees else "bold red",
        )
    return table


def _proposers(run: Simulation) -> Table:
    table = Table(title="First proposers")
    table.add_column("agent")
    for column in ("times", "expected"):
        table.add_column(column, justify="right")
    for i, (count, expected) in enumerate(
        zip(run.tally.proposed, run.comparison.proposer_expected, strict=True)
    ):
        table.add_row(run.problem.agent_names[i], f"{count:,}", f"{float(expected):,.1f}")
    p = run.comparison.p_value
    table.caption = "nothing was drawn" if p is None else f"p-value {p:.3g}"
    return table


def _agreement(holds: bool) -> Text:  # noqa: FBT001 - a verdict
    return Text(
        f"agrees with theory: no p-value below {MIN_P:g}"
        if holds
        else f"differs from the equilibrium: a p-value below {MIN_P:g}",
        style="green" if holds else "yellow",
    )
