"""Figures of what a guarantee costs, of schedules, and of pay."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Figure, cell, columns, percent
from parley.kit.present.tables import number
from parley.mechanisms.guarantees.loss import asymmetric_bound
from parley.mechanisms.guarantees.present.words import promised
from parley.mechanisms.guarantees.schedules import pays_of
from parley.mechanisms.guarantees.theorems import structure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from parley.mechanisms.guarantees.problem import Problem

__all__ = ["facts", "findings", "pay_figure", "solution_figures"]


def facts(problem: Problem) -> list[tuple[str, str]]:
    """Say what a reader wants to know first, labelled."""
    return [
        ("providers", f"{problem.providers:,}"),
        ("jobs", f"{problem.jobs:,}"),
        ("guarantee", promised(problem.guarantee)),
        *([("schedules", "permuted by lot")] if problem.draw == "permutation" else []),
    ]


def findings(solution: Mapping[str, Any], problem: Problem) -> list[str]:
    """Say what the guarantee costs."""
    what, most = promised(problem.guarantee), number(solution["max_value"])
    if solution["restricted_value"] is None:
        known = "No allocation keeps" if solution["feasible"] is False else "Nothing was found that keeps"
        return [f"{known} what is promised ({what}); without it, jobs are worth {most}."]
    left, lost = number(solution["restricted_value"]), _value(solution["loss"])
    said = f"Promising {what} costs {percent(lost)} of the greatest value: {left} remain of {most}."
    found = [said if lost else f"Promising {what} costs nothing: all of the greatest value, {most}, remains."]
    if solution["tau"] is not None:
        found.append(f"The greatest least pay is {number(solution['tau'])}.")
    alike = structure(problem)["symmetric"].holds
    who = f"{problem.providers} providers who {'differ as much' if alike else 'can do different jobs'}"
    bound = _value(solution["bound"]) if alike else float(asymmetric_bound(problem.providers, problem.delta))
    found.append(f"With {who}, a guarantee of this kind costs at most {percent(bound)}.")
    if solution["status"] != "optimal":
        low, high = (percent(_value(end)) for end in solution["bounds"]["loss"] or ("0", "1"))
        found.append(f"The time was up: the loss is proved to be from {low} to {high}.")
    return found


def _value(written: str) -> float:
    return float(Fraction(written))


def solution_figures(problem: Problem, solution: Mapping[str, Any]) -> list[Figure]:
    """Lay out what `parley solve --json` prints."""
    kept, best = solution["restricted_allocation"], solution["allocation"]
    pays = [None] * problem.providers if kept is None else pays_of(problem, kept)
    shown = {"Without the guarantee": best} | ({} if kept is None else {"Under the guarantee": kept})
    return [
        pay_figure(problem, pays, pays_of(problem, best)),
        *(_schedule(problem, *one) for one in shown.items() if problem.intervals is not None),
        *_frontier(solution),
        *_sweep(solution),
    ]


def pay_figure(
    problem: Problem, under: Sequence[Fraction | str | None], without: Sequence[Fraction | str]
) -> Figure:
    """Show the pay of each provider with and without the guarantee."""
    return Figure(
        "pay",
        "Pay in the best allocation, with the guarantee and without it",
        columns(provider="provider", pay=("pay with it", "number"), without=("pay without it", "number")),
        [
            [name, *map(cell, pays)]
            for name, *pays in zip(problem.provider_names, under, without, strict=True)
        ],
        chart="bars",
        alt="Pay of each provider under the guarantee.",
        options={"value": "pay", "unit": "pay", "alike": ["pay", "without"]},
        picture="pay",
    )


def _schedule(problem: Problem, title: str, allocation: Sequence[Sequence[int]]) -> Figure:
    rows = [
        [
            problem.provider_names[provider],
            problem.job_names[job],
            *(cell(end) for end in (problem.intervals or ())[job]),
            cell(problem.values[job]),
        ]
        for provider, jobs in enumerate(allocation)
        for job in jobs
    ]
    return Figure(
        f"schedules-{title.partition(' ')[0].lower()}",
        f"Schedules: {title[0].lower()}{title[1:]}",
        columns(
            provider="provider",
            job="job",
            start=("start", "number"),
            end=("end", "number"),
            value=("value", "number"),
        ),
        rows,
        chart="timeline",
        alt=f"A line for each provider, and a bar for each of its jobs from start to end. {title}.",
        aside="The darker, the more a job is worth.",
        folded=True,
        options={"rows": list(problem.provider_names), "title": title},
        picture="schedules",
    )


def _frontier(solution: Mapping[str, Any]) -> Iterator[Figure]:
    if "frontier" in solution:
        yield Figure(
            "frontier",
            "What every floor costs",
            columns(floor="floor", value=("value that remains", "number"), loss=("loss", "percent")),
            [
                [number(step["tau"]), cell(step["value"]), _value(step["loss"])]
                for step in solution["frontier"]
            ],
            chart="histogram",
            alt="The loss against a floor for everybody.",
            note="Where several floors leave the same value, the largest is shown.",
            options={"value": "loss", "unit": "loss"},
            picture="frontier",
        )


def _sweep(solution: Mapping[str, Any]) -> Iterator[Figure]:
    if "sweep" in solution:
        yield Figure(
            "sweep",
            "With other numbers of providers",
            columns(
                providers=("providers", "count"),
                most=("greatest value", "number"),
                tau=("greatest least pay", "number"),
                value=("value that remains", "number"),
                loss=("loss", "percent"),
            ),
            [
                [
                    step["providers"],
                    *(cell(step[key]) for key in ("max_value", "tau", "restricted_value")),
                    None if step["loss"] is None else _value(step["loss"]),
                ]
                for step in solution["sweep"]
            ],
            chart="histogram",
            alt="The loss against the number of providers.",
            note="Empty where no allocation keeps the guarantee.",
            options={"value": "loss", "unit": "loss"},
            picture="sweep",
        )
