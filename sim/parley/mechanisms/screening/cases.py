"""Problem files from a table of past cases: one row per case, with its agent, its type, and what it cost.

Social costs π are means over cases, shrunk toward the mean of the type: an agent with few cases of a type is
taken to be like the others. With n cases of mean x̄ and the type's mean μ, π = (n x̄ + m μ) / (n + m), where m
cases of the type are added to each agent's own. By default m is estimated for each type from the data, as
the variance within agents over the variance between them (the best linear predictor of Bühlmann and Straub,
1970, at their estimates). The status quo is the number of cases.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from parley.core import exact
from parley.core.errors import ProblemError, shorten
from parley.core.keys import did_you_mean
from parley.core.limits import MAX_SEATS
from parley.core.texttables import Warn, listed, read_name, read_table, say_nothing
from parley.mechanisms.screening.problem import MAX_TASKS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["read_cases", "shrunk", "weight_of_prior"]

PLACES = 10_000
"""Social costs are rounded to 1/PLACES, so that they are whole on chain."""
MOST = 10**6
"""Cases that are added to each agent's own where agents do not differ."""


def read_cases(
    path: str | PathLike[str],
    *,
    agent: str | None = None,
    type: str | None = None,  # noqa: A002 - as the option is called
    cost: str | None = None,
    outcome: str | None = None,
    prior: int | None = None,
    agents: int | None = None,
    warn: Warn = say_nothing,
) -> dict[str, Any]:
    """Read a table of cases.

    Parameters
    ----------
    agent, type, cost, outcome : str, optional
        Names of columns; by default ``agent``, ``type`` and ``cost``, or ``outcome`` if there is no ``cost``.
        An outcome is good: it costs society its negative.
    prior : int, optional
        Cases of the type's mean that are added to each agent's own; by default estimated.
    agents : int, optional
        Keep only so many agents: those with most cases.
    warn : callable
        Gets notes about unusual data.

    Raises
    ------
    ProblemError
        In one line: file, line, column and reason.
    """
    file = fspath(path)
    head, header, lines = read_table(file)
    if cost is not None and outcome is not None:
        raise ProblemError(file, head, "both a column of costs and one of outcomes were given")
    good = outcome is not None or (cost is None and "cost" not in header and "outcome" in header)
    value = outcome or cost or ("outcome" if good else "cost")
    columns = [agent or "agent", type or "type", value]
    for column in columns:
        if column not in header:
            raise ProblemError(file, head, f"unknown column {shorten(column)}{did_you_mean(column, header)}")
    if not lines:
        raise ProblemError(file, head, "no cases")
    cases: dict[tuple[str, str], list[Fraction]] = defaultdict(list)
    for place, row in lines:
        who, kind = (_named(file, f"{place}, column {column}", row[column]) for column in columns[:2])
        number = _number(file, f"{place}, column {value}", row[value])
        cases[who, kind].append(-number if good else number)
    names, kinds = _kept(cases, agents), list(dict.fromkeys(kind for _, kind in cases))
    if len(kinds) < 2:
        raise ProblemError(file, head, f"one type of cases, {kinds[0]}; a market needs at least two")
    _look_over(names, kinds, agents, cases, warn)
    matrix = [[cases.get((who, kind), []) for kind in kinds] for who in names]
    costs = zip(*(shrunk(column, prior) for column in zip(*matrix, strict=True)), strict=True)
    return {
        "kind": "screening",
        "social_costs": [[exact.show(x) for x in row] for row in costs],
        "status_quo": [[len(own) for own in row] for row in matrix],
        "preferences": {"type": "uniform", "low": [1] * len(kinds), "high": [2] * len(kinds)},
        "names": {"agents": names, "tasks": kinds},
    }


def weight_of_prior(groups: Sequence[Sequence[Fraction]]) -> Fraction:
    """Estimate how many cases of the mean should be added to each group.

    Examples
    --------
    Two agents differ by 2, and within each cases differ by 2 as well; two that agree get the most:

    >>> one, three, five = Fraction(1), Fraction(3), Fraction(5)
    >>> print(weight_of_prior([[one, three], [three, five]]), weight_of_prior([[one, three], [one, three]]))
    2 1000000
    """
    sizes = [len(group) for group in groups if group]
    means = [sum(group, Fraction(0)) / len(group) for group in groups if group]
    total, degrees = sum(sizes), sum(sizes) - len(sizes)
    if len(sizes) < 2 or not degrees:
        return Fraction(1)
    squares = sum(
        ((x - mean) ** 2 for group, mean in zip(filter(None, groups), means, strict=True) for x in group),
        Fraction(0),
    )
    within = squares / degrees
    grand = sum((n * mean for n, mean in zip(sizes, means, strict=True)), Fraction(0)) / total
    spread = sum((n * (mean - grand) ** 2 for n, mean in zip(sizes, means, strict=True)), Fraction(0))
    effective = total - Fraction(sum(n * n for n in sizes), total)
    between = (spread - (len(sizes) - 1) * within) / effective
    return min(within / between, Fraction(MOST)) if between > 0 else Fraction(MOST)


def shrunk(groups: Sequence[Sequence[Fraction]], prior: int | None = None) -> list[Fraction]:
    """Return the mean of each group, shrunk toward the mean of all.

    Parameters
    ----------
    groups : sequence of sequences of Fraction
        Costs of one type of cases, by agent; an agent may have none.
    prior : int, optional
        Cases of the mean that are added; by default `weight_of_prior`.

    Examples
    --------
    >>> one, three = Fraction(1), Fraction(3)
    >>> [str(x) for x in shrunk([[one], [three, three], []], prior=2)]
    ['17/9', '8/3', '7/3']
    """
    weight = weight_of_prior(groups) if prior is None else Fraction(prior)
    every = [x for group in groups for x in group]
    mean = sum(every, Fraction(0)) / len(every)
    return [
        _rounded((sum(group, Fraction(0)) + weight * mean) / (len(group) + weight) if group else mean, prior)
        for group in groups
    ]


def _rounded(cost: Fraction, prior: int | None) -> Fraction:
    """Round estimates; a given prior gives exact numbers if they are short."""
    exactly = prior is not None and cost.denominator <= PLACES
    return cost if exactly else Fraction(round(cost * PLACES), PLACES)


def _named(file: str, place: str, name: str) -> str:
    if not read_name(file, place, name):
        raise ProblemError(file, place, "empty")
    return name


def _number(file: str, place: str, text: str) -> Fraction:
    try:
        return exact.parse(text)
    except ValueError as error:
        raise ProblemError(file, place, str(error)) from None


def _kept(cases: dict[tuple[str, str], list[Fraction]], most: int | None) -> list[str]:
    """Return the agents in the order of the file, or those of them with most cases."""
    counts: dict[str, int] = defaultdict(int)
    for (who, _), own in cases.items():
        counts[who] += len(own)
    kept = sorted(counts, key=lambda who: -counts[who])[:most]
    return [who for who in counts if who in kept]


def _look_over(
    names: Sequence[str],
    kinds: Sequence[str],
    most: int | None,
    cases: dict[tuple[str, str], list[Fraction]],
    warn: Warn,
) -> None:
    """Report what the reader has to know."""
    left = len({who for who, _ in cases}) - len(names)
    if most is not None and left:
        warn(f"{left} agents with the fewest cases were left out")
    none = [f"{who} {kind}" for who in names for kind in kinds if (who, kind) not in cases]
    if none:
        warn(f"no cases, so the type's mean was taken: {listed(none)}")
    warn("preferences are a guess: what a case costs an agent is uniform on [1, 2]")
    for what, count, limit in (("agents", len(names), MAX_SEATS), ("types", len(kinds), MAX_TASKS)):
        if count > limit:
            warn(
                f"{count} {what}: can be solved and audited, but not played; a market on chain takes {limit}"
            )
