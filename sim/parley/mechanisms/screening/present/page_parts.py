"""Figures of menus, of what they are worth, and of who trades."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.core.exact import show
from parley.kit.present.page_model import Z95, Figure, cell, columns, cost, plus_minus
from parley.kit.present.page_parts import matrix
from parley.kit.present.tables import number
from parley.mechanisms.screening.present.words import in_words, trade_in_words, value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parley.mechanisms.screening.problem import Problem

__all__ = ["facts", "findings", "solution_figures"]


def facts(solution: Mapping[str, Any], problem: Problem) -> list[tuple[str, str]]:
    """Say what a reader wants to know first, labelled."""
    profiles = f"{solution['profiles']:,} profiles of choices"
    unit = solution["unit"]
    return [
        ("agents", f"{problem.agents:,}"),
        ("tasks", f"{problem.tasks:,}"),
        ("menus", "given" if solution["method"] == "given" else f"designed: {solution['method']}"),
        ("unit on chain", "a task" if unit == 1 else f"1/{unit:,} task"),
        ("expectations", f"exact, over {profiles}" if solution["exact"] else f"from {profiles}, sampled"),
    ]


def findings(solution: Mapping[str, Any], problem: Problem) -> list[str]:
    """Say what choice is worth here."""
    quo, best = value(solution["status_quo_cost"]), value(solution["first_best_cost"])
    change, before = value(solution["expected_change"]), number(solution["status_quo_cost"])
    mean = (
        number(solution["expected_change"])
        if solution["exact"]
        else plus_minus(change, Z95 * solution["std_error"])
    )
    part = f", {100 * change / (best - quo):.1f}% of what the first best would" if best < quo else ""
    found = [f"Expected social cost changes by {mean} from the status quo's {before}{part}."]
    trade = solution["benchmarks"]["bilateral"]
    if trade is None:
        found.append("No trade between two agents gains.")
    else:
        said = trade_in_words(trade["agents"], trade["trade"], problem)
        gain = number(trade["expected_change"])
        found.append(f"The best trade between two agents changes it by {gain}: {said}, if both like it.")
    large = solution["large_market"]
    if large is not None:
        found.append(
            f"In a market of many copies of these agents, the menus cost {cost(large['value'])} per copy; no "
            f"menus cost less than {cost(large['bound'])} (gap {100 * large['gap']:.2f}%)."
        )
    return found


def solution_figures(problem: Problem, solution: Mapping[str, Any]) -> list[Figure]:
    """Lay out what `parley solve --json` prints."""
    return [
        _menus(problem, solution),
        _worth(solution),
        _trades(problem, solution),
        *_convergence(solution),
    ]


def _menus(problem: Problem, solution: Mapping[str, Any]) -> Figure:
    rows: list[list[Any]] = []
    for menu in solution["menus"]:
        name = problem.agent_names[menu["agent"]]
        rows.append([name, "stay", "you keep what you have", cell(menu["stay"])])
        rows += [
            [name, f"ray {k}", in_words(ray["change"], problem.task_names), cell(ray["probability"])]
            for k, ray in enumerate(menu["rays"], 1)
        ]
        if menu["remedial"]:
            rows.append([name, "remedial", "you give any tasks and take none", cell("1")])
    return Figure(
        "menus",
        "Menus, and how likely each choice is",
        columns(agent="agent", choice="choice", offer="offer", probability=("chance", "exact")),
        rows,
        note="An agent that chooses a ray moves along it as far as the organization selects. On chain, the "
        "ends of rays are whole units: what is received is rounded up, what is given up is rounded down.",
    )


def _worth(solution: Mapping[str, Any]) -> Figure:
    quo, large, marks = solution["status_quo_cost"], solution["large_market"], solution["benchmarks"]
    rows = [["status quo", cell(quo)], ["these menus", cell(solution["expected_cost"])]]
    for name, key in (("best bilateral trade", "bilateral"), ("two-price menus", "two_price")):
        if marks.get(key) is not None:
            rows.append([name, cell(_plus(quo, marks[key]["expected_change"]))])
    if large is not None:
        rows += [["these menus, large market", large["value"]], ["any menus, large market", large["bound"]]]
    rows.append(["first best", cell(solution["first_best_cost"])])
    return Figure(
        "worth",
        "Expected social cost",
        columns(what="what", cost=("expected cost", "exact")),
        rows,
        chart="bars",
        alt="Expected social cost of the status quo, of these menus and of what they are compared with.",
        note="First best: what agents like is ignored."
        + (
            "" if large is None else " Large market: per copy; no menus cost less than the last figure of it."
        ),
        options={"value": "cost", "unit": "social cost"},
        picture="worth",
    )


def _plus(quo: str, change: str | float) -> str | float:
    return show(Fraction(quo) + Fraction(change)) if isinstance(change, str) else value(quo) + change


def _trades(problem: Problem, solution: Mapping[str, Any]) -> Figure:
    cells = [
        [[cell(expected), cell(show(own))] for expected, own in zip(row, held, strict=True)]
        for row, held in zip(solution["expected_assignment"], problem.status_quo, strict=True)
    ]
    return matrix(
        "trades",
        "Who does how much with these menus",
        columns(agent="agent", task="task", expected=("expected", "exact"), quo=("status quo", "exact")),
        (problem.agent_names, problem.task_names),
        cells,
        value="expected",
        options={"beside": "quo"},
        chart="matrix",
        alt="A matrix of agents by tasks: the more an agent is expected to do, the darker.",
        folded=True,
        picture="trades",
    )


def _convergence(solution: Mapping[str, Any]) -> Iterator[Figure]:
    if "replicas" not in solution:
        return
    rows = []
    for one in solution["replicas"]:
        half = Z95 * one["std_error"]
        rows.append([one["copies"], one["mean"], one["mean"] - half, one["mean"] + half, one["guarantee"]])
    yield Figure(
        "convergence",
        "Copies of the market with the same menus",
        columns(
            copies=("copies", "count"),
            mean=("mean cost per copy", "number"),
            low=("95% from", "number", True),
            high=("95% to", "number", True),
            guarantee=("guaranteed", "number"),
        ),
        rows,
        note="With more copies, the cost per copy falls to that of the large market. Guaranteed: at most "
        "this, by Proposition 3, on average over the draws.",
    )
