"""What is shown of a solution. Agents and task types are numbered from 1, as in the paper."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Column, Figure, Sheet, cell, columns, exactly
from parley.kit.present.page_parts import matrix
from parley.kit.present.tables import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parley.mechanisms.coordination.problem import Problem

__all__ = ["allocation_figure", "solution_sheet"]

MOST_PROPOSERS = 12
"""Agents up to which proposals are shown; all are in ``--json``."""


def solution_sheet(solution: Mapping[str, Any], problem: Problem) -> Sheet:
    """Lay out a solution; see `parley.kit.mechanism.Mechanism.solution_sheet`."""
    what, least = "Cost-effective allocation", ""
    if announced := solution.get("announced"):
        what = f"Announced allocation, {'' if announced['cost_effective'] else 'not '}cost-effective"
        least = f" The least total cost possible is {number(announced['least_cost'])}."
    proposals = solution["proposals"]
    before, after, saved = (number(solution[key]) for key in ("cost_contracted", "cost_allocated", "savings"))
    said = f"F(D) = {before} as contracted, F(X) = {after} as allocated: cost savings Δ = {saved}.{least}"
    return Sheet(
        "solution",
        f"Solution under {problem.recognition}",
        "Which allocation costs least, and what does each agent pay in equilibrium?",
        facts=[
            ("agents", f"{problem.agents:,}"),
            ("task types", f"{problem.task_types:,}"),
            ("recognition function", problem.recognition),
            ("continuation δ", number(problem.continuation)),
        ],
        findings=[("", said)],
        figures=[
            allocation_figure(problem, solution["allocation"], what),
            _shares(solution, problem),
            *([_proposals(proposals, problem)] if proposals and problem.agents <= MOST_PROPOSERS else []),
        ],
    )


def allocation_figure(problem: Problem, allocation: Sequence[Sequence[str]], title: str) -> Figure:
    """Show who does how many tasks of which type, and what was contracted where that differs."""
    contracted = [[problem.tasks(d) for d in row] for row in problem.contracted.tolist()]
    return matrix(
        "allocation",
        title,
        columns(
            agent="agent",
            task="task type",
            tasks=("tasks", "exact"),
            contracted=("contracted, where it differs", "exact"),
        ),
        (problem.agent_names, problem.task_names),
        [
            [[exactly(x), None if d == Fraction(x) else exactly(d)] for x, d in zip(*pair, strict=True)]
            for pair in zip(allocation, contracted, strict=True)
        ],
        value="tasks",
        options={"beside": "contracted"},
        chart="matrix",
        alt="A matrix of agents by task types: the more tasks, the darker.",
        folded=True,
    )


def _shares(solution: Mapping[str, Any], problem: Problem) -> Figure:
    alone = [problem.cost(i, load) for i, load in enumerate(problem.contracted.sum(axis=1).tolist())]
    shown = {
        "workload (tasks)": solution["workloads"],
        "chance to propose": solution["recognition"]["probabilities"],
        "cost alone": alone,
        "expected cost": solution["expected_costs"],
        "highest cost accepted": solution["acceptance_thresholds"],
    }
    return Figure(
        "equilibrium",
        "Equilibrium of the bargaining",
        [Column("agent", "agent"), *(Column(label, label, "exact") for label in shown)],
        [
            [name, *map(cell, values)]
            for name, *values in zip(problem.agent_names, *shown.values(), strict=True)
        ],
    )


def _proposals(proposals: Sequence[Sequence[str]], problem: Problem) -> Figure:
    return matrix(
        "proposals",
        "Proposals: the cost share of each agent, by proposer",
        columns(proposer="proposer", agent="agent", share=("cost share", "exact")),
        (problem.agent_names, problem.agent_names),
        [[[exactly(share)] for share in row] for row in proposals],
        value="share",
    )
