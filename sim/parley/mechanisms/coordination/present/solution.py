"""Tables of a solution, for people to read. Agents and task types are numbered from 1, as in the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from parley.kit.present.tables import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from parley.mechanisms.coordination.solution import Solution

MAX_ROWS = 64
MAX_COLUMNS = 16


def solution_tables(solution: Solution) -> Iterator[RenderableType]:
    """Tables of allocation, shares and proposals, and what they come to.

    Parameters
    ----------
    solution : Solution

    Yields
    ------
    What rich's console prints.
    """
    yield _summary(solution)
    shown = min(MAX_ROWS, solution.problem.agents)
    yield _allocation(solution, shown)
    yield _shares(solution, shown)
    if solution.proposals is not None and solution.problem.agents <= MAX_COLUMNS:
        yield _proposals(solution)
    if shown < solution.problem.agents:
        yield f"… and {solution.problem.agents - shown} more agents: see --json"


def _summary(solution: Solution) -> Table:
    table = Table(title="Costs", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("total cost of the contracts, F(D)", number(solution.cost_contracted))
    table.add_row("total cost of the allocation, F(X)", number(solution.cost_allocated))
    if solution.announced:
        table.add_row("least total cost possible", number(solution.best.total_cost))
    table.add_row("cost savings Δ", number(solution.savings))
    table.add_row("recognition function", solution.problem.recognition)
    table.add_row("continuation probability δ", number(solution.problem.continuation))
    return table


def _allocation(solution: Solution, shown: int) -> Table:
    problem, X = solution.problem, solution.allocation
    what = "Cost-effective allocation"
    if solution.announced:
        what = "Announced allocation, " + (
            "cost-effective" if solution.cost_effective else "not cost-effective"
        )
    table = Table(title=f"{what} (in brackets what was contracted, where it differs)")
    table.add_column("agent")
    columns = min(MAX_COLUMNS, problem.task_types)
    for name in problem.task_names[:columns]:
        table.add_column(name, justify="right")
    if columns < problem.task_types:
        table.add_column("…")
    table.add_column("workload", justify="right")
    for i in range(shown):
        cells = [
            number(problem.tasks(x)) + ("" if x == d else f" ({number(problem.tasks(d))})")
            for x, d in zip(X[i, :columns].tolist(), problem.contracted[i, :columns].tolist(), strict=True)
        ]
        cells += ["…"] * (columns < problem.task_types)
        table.add_row(problem.agent_names[i], *cells, number(problem.tasks(X[i].sum())))
    return table


def _shares(solution: Solution, shown: int) -> Table:
    problem = solution.problem
    table = Table(title="Equilibrium of the bargaining")
    table.add_column("agent")
    for name in ("recognized with", "cost if contracts stand", "expected cost", "accepts up to"):
        table.add_column(name, justify="right")
    loads = problem.contracted.sum(axis=1).tolist()
    for i in range(shown):
        table.add_row(
            problem.agent_names[i],
            number(solution.probabilities[i]),
            number(problem.cost(i, loads[i])),
            number(solution.expected_costs[i]),
            number(solution.acceptance_thresholds[i]),
        )
    return table


def _proposals(solution: Solution) -> Table:
    names = solution.problem.agent_names
    table = Table(title="Proposals: the cost share of each agent, by proposer")
    table.add_column("proposer")
    for name in names:
        table.add_column(name, justify="right")
    for name, shares in zip(names, solution.proposals or (), strict=True):
        table.add_row(name, *map(number, shares))
    return table
