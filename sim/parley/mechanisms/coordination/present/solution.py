"""What is shown of a solution. Agents and task types are numbered from 1, as in the paper."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Column, Figure, Sheet, exactly
from parley.kit.present.tables import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parley.mechanisms.coordination.problem import Problem

__all__ = ["allocation_figure", "solution_sheet"]

MOST_PROPOSERS = 12
"""Agents up to which proposals are shown; all are in ``--json``."""


def solution_sheet(solution: Mapping[str, Any], problem: Problem) -> Sheet:
    """Lay out a solution; see `parley.kit.mechanism.Mechanism.solution_sheet`."""
    what, least = "Cost-effective allocation", []
    if announced := solution.get("announced"):
        what = f"Announced allocation, {'' if announced['cost_effective'] else 'not '}cost-effective"
        least = [("least total cost possible", number(Fraction(announced["least_cost"])))]
    proposals = solution["proposals"]
    return Sheet(
        "solution",
        f"Solution under {problem.recognition}",
        "Which allocation costs least, and what does each agent pay in equilibrium?",
        facts=[
            ("total cost of the contracts, F(D):", number(Fraction(solution["cost_contracted"]))),
            ("total cost of the allocation, F(X):", number(Fraction(solution["cost_allocated"]))),
            *least,
            ("cost savings Δ:", number(Fraction(solution["savings"]))),
            ("recognition function", problem.recognition),
            ("continuation probability δ:", number(problem.continuation)),
        ],
        figures=[
            allocation_figure(problem, solution["allocation"], what),
            _shares(solution, problem),
            *([_proposals(proposals, problem)] if proposals and problem.agents <= MOST_PROPOSERS else []),
        ],
    )


def allocation_figure(problem: Problem, allocation: Sequence[Sequence[str]], title: str) -> Figure:
    """Show who does how many tasks of which type, and what was contracted where that differs."""
    rows = []
    for agent, own, contracted in zip(problem.agent_names, allocation, problem.contracted, strict=True):
        for task, x, d in zip(problem.task_names, own, map(problem.tasks, contracted.tolist()), strict=True):
            rows.append([agent, task, exactly(x), None if d == Fraction(x) else exactly(d)])
    return Figure(
        "allocation",
        title,
        [
            Column("agent", "agent"),
            Column("task", "task type"),
            Column("tasks", "tasks", "exact"),
            Column("contracted", "contracted, where it differs", "exact"),
        ],
        rows,
        chart="matrix",
        alt="A matrix of agents by task types: the more tasks, the darker.",
        folded=True,
        options={
            "down": list(problem.agent_names),
            "across": list(problem.task_names),
            "value": "tasks",
            "beside": "contracted",
        },
    )


def _value(value: str | float) -> Any:  # noqa: ANN401 - what a table holds
    return exactly(value) if isinstance(value, str) else value


def _shares(solution: Mapping[str, Any], problem: Problem) -> Figure:
    alone = [problem.cost(i, load) for i, load in enumerate(problem.contracted.sum(axis=1).tolist())]
    columns = {
        "workload (tasks)": solution["workloads"],
        "chance to propose": solution["recognition"]["probabilities"],
        "cost alone": map(str, alone),
        "expected cost": solution["expected_costs"],
        "highest cost accepted": solution["acceptance_thresholds"],
    }
    return Figure(
        "equilibrium",
        "Equilibrium of the bargaining",
        [Column("agent", "agent"), *(Column(label, label, "exact") for label in columns)],
        [
            [name, *map(_value, values)]
            for name, *values in zip(problem.agent_names, *columns.values(), strict=True)
        ],
    )


def _proposals(proposals: Sequence[Sequence[str]], problem: Problem) -> Figure:
    names = list(problem.agent_names)
    return Figure(
        "proposals",
        "Proposals: the cost share of each agent, by proposer",
        [Column("proposer", "proposer"), Column("agent", "agent"), Column("share", "cost share", "exact")],
        [
            [proposer, agent, exactly(share)]
            for proposer, row in zip(names, proposals, strict=True)
            for agent, share in zip(names, row, strict=True)
        ],
        options={"down": names, "across": names, "value": "share"},
    )
