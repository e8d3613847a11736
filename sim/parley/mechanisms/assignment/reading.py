"""Reading the lists of an assignment problem file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.core import keys
from parley.core.errors import ProblemError, shorten
from parley.core.keys import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

Ranking = tuple[tuple[int, ...], ...]
"""An agent's ranks, best first, each with the items that the agent is indifferent between."""
NOTHING = (None, "")
"""A missing number or item in a file; TOML has no null."""


def read_rankings(value: list[Any], items: Mapping[str, int]) -> tuple[Ranking, ...]:
    """Read rankings: names of items, and lists of tied names.

    Parameters
    ----------
    items : mapping of str to int
        Numbers of the items by name.

    Raises
    ------
    ProblemError
        If an item is unknown or a duplicate.

    Examples
    --------
    >>> read_rankings([["b", ["a", "c"]], ["c"]], {"a": 0, "b": 1, "c": 2})
    (((1,), (0, 2)), ((2,),))
    """
    return tuple(_read_ranking(f"rankings[{i}]", row, items) for i, row in enumerate(value))


def _read_ranking(place: str, row: object, items: Mapping[str, int]) -> Ranking:
    if not isinstance(row, list | tuple):
        raise ProblemError("", place, f"{shorten(row)} is not a ranking (a list of items, best first)")
    seen: set[int] = set()
    ranks = []
    for k, entry in enumerate(row):
        tied = entry if isinstance(entry, list | tuple) else [entry]
        if not tied:
            raise ProblemError("", f"{place}[{k}]", "empty")
        rank = []
        for name in tied:
            item = items.get(name) if isinstance(name, str) else None
            if item is None:
                hint = did_you_mean(name, items) if isinstance(name, str) else ""
                raise ProblemError("", f"{place}[{k}]", f"unknown item {shorten(name)}{hint}")
            if item in seen:
                raise ProblemError("", f"{place}[{k}]", f"duplicate name {shorten(name)}")
            seen.add(item)
            rank.append(item)
        ranks.append(tuple(sorted(rank)))
    return tuple(ranks)


def read_numbers(
    key: str, value: object, shape: tuple[int, int], *, blank: bool
) -> tuple[tuple[Fraction | None, ...], ...]:
    """Read a matrix of exact numbers that are not negative.

    Parameters
    ----------
    key : str
        Key in the file, for messages.
    shape : (int, int)
        Agents and items.
    blank : bool
        Whether null or an empty text may replace a number.

    Raises
    ------
    ProblemError
        Naming the entry that is wrong.

    Examples
    --------
    >>> read_numbers("utilities", [["1/2", None]], (1, 2), blank=True)
    ((Fraction(1, 2), None),)
    """
    agents, items = shape
    table = keys.rows(key, value)
    if len(table) != agents:
        raise ProblemError("", key, f"{len(table)} rows for {agents} agents")
    for i, row in enumerate(table):
        if len(row) != items:
            raise ProblemError("", f"{key}[{i}]", f"{len(row)} entries for {items} items")
    hint = ": leave it empty (null or an empty text) if the agent does not want the item" if blank else ""
    return tuple(
        tuple(
            None if blank and entry in NOTHING else keys.amount(f"{key}[{i}][{o}]", entry, hint)
            for o, entry in enumerate(row)
        )
        for i, row in enumerate(table)
    )


def read_assignment(place: str, value: list[Any], items: Mapping[str, int]) -> tuple[int | None, ...]:
    """Read who gets which item: a name, or a number from 0; null or an empty text for nothing.

    Examples
    --------
    >>> read_assignment("", ["b", 0, None], {"a": 0, "b": 1})
    (1, 0, None)
    """
    assignment: list[int | None] = []
    for i, entry in enumerate(value):
        if entry in NOTHING:
            assignment.append(None)
        elif isinstance(entry, str) and entry in items:
            assignment.append(items[entry])
        elif isinstance(entry, int) and not isinstance(entry, bool) and 0 <= entry < len(items):
            assignment.append(entry)
        else:
            raise ProblemError("", f"{place}[{i}]", f"unknown item {shorten(entry)}")
    return tuple(assignment)
