"""Problem files from CSV files of rankings or points.

The file has one line per agent, with its name in the first column. Columns *rank1*, *rank2*, … name items,
best first. Without them, the other columns are items and hold points; a cell is empty if the agent does not
want the item. Capacities are in another file, with one line per item, its name in the first column, and a
column *capacity*. Cells are separated by commas and may be quoted.
"""

from __future__ import annotations

import re
from fractions import Fraction
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from parley.core import exact
from parley.core.errors import ParleyError, ProblemError, shorten
from parley.core.keys import did_you_mean, whole
from parley.core.texttables import Line, Row, Warn, listed, read_name, read_table, say_nothing
from parley.mechanisms.assignment.imported import distinct, look_over

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_RANKED = re.compile(r"rank[ _]?(\d+)", re.IGNORECASE | re.ASCII)


def read_csv(
    path: str | PathLike[str],
    *,
    capacities: str | PathLike[str] | None = None,
    select: Iterable[str] = (),
    seats: int | None = None,
    rule: str = "serial-dictatorship",
    warn: Warn | None = None,
) -> dict[str, Any]:
    """Read a CSV file of rankings or of points.

    Parameters
    ----------
    capacities : path, optional
        A CSV file of items and capacities. Without it, every capacity is 1.
    select : iterable of str
        Read only the lines with these values in these columns: ``COLUMN=VALUE``, such as a year.
    seats : int, optional
        Scale capacities down in proportion to this total, by largest remainders.
    warn : callable, optional
        Gets notes about unusual data.

    Raises
    ------
    ProblemError
        In one line: file, line, column and reason.
    """
    file = fspath(path)
    head, columns, lines = _selected(file, _chosen(select))
    tell = warn or say_nothing
    ranks = _rank_columns(file, head, columns)
    # If the column of names is selected on, all other columns may be ranks.
    free = [column for column in columns if column not in ranks]
    named = free or [column for column in lines[0][1] if column not in ranks]
    agent, others = (named[0] if named else None), named[1:]
    mapping: dict[str, Any] = {"kind": "assignment"}
    content: dict[str, Any]
    if ranks:
        if others and free:
            tell(f"ignored columns: {listed(others)}; column {agent} holds the agents' names")
        rankings = [_ranked(file, place, row, ranks) for place, row in lines]
        items = sorted({item for row in rankings for item in row}, key=_natural)
        content = {"rankings": rankings}
    else:
        items = others
        _check_items(file, head, items, list(lines[0][1]))
        content = {"utilities": [[_points(file, place, c, row[c]) for c in items] for place, row in lines]}
    mapping["items"] = items
    if capacities is not None:
        found = item_capacities(fspath(capacities))
        amounts = amounts_of(fspath(capacities), found, items)
        if ranks:  # also items that no agent ranks
            mapping["items"], amounts = list(found), list(found.values())
        elif unknown := [item for item in found if item not in items]:
            tell(f"ignored capacities of unknown items: {listed(unknown)}")
        mapping["capacities"] = amounts if seats is None else scaled(amounts, seats)
    elif seats is not None:
        raise ProblemError("", "seats", "the capacities to scale are missing")
    mapping |= content | {"rule": rule}
    if agent is not None:
        mapping["names"] = {"agents": _agents(file, agent, lines, tell)}
    look_over(mapping, tell)
    return mapping


def scaled(capacities: Sequence[int], seats: int) -> list[int]:
    """Scale capacities to a given sum, by largest remainders; ties go to the first.

    Examples
    --------
    >>> scaled([50, 30, 20], 7)
    [4, 2, 1]
    """
    total = sum(capacities)
    if not 0 < seats <= total:
        raise ProblemError("", "seats", f"{seats} is outside 1..{total}")
    shares = [Fraction(capacity * seats, total) for capacity in capacities]
    given = [int(share) for share in shares]
    by_rest = sorted(range(len(shares)), key=lambda o: (given[o] - shares[o], o))
    for o in by_rest[: seats - sum(given)]:
        given[o] += 1
    return given


def _chosen(select: Iterable[str]) -> dict[str, str]:
    """Read which values are asked for in which columns."""
    chosen: dict[str, str] = {}
    for text in select:
        column, equals, value = text.partition("=")
        if not equals or column in chosen:
            raise ParleyError(f"--select: {text!r} is not COLUMN=VALUE, or the column was given twice")
        chosen[column] = value
    return chosen


def _selected(file: str, chosen: Mapping[str, str]) -> tuple[str, list[str], list[Line]]:
    """Return the place of the header, the other columns' names, and the rows with the selected values."""
    head, header, lines = read_table(file)
    for column in chosen:
        if column not in header:
            raise ProblemError(file, head, f"unknown column {shorten(column)}{did_you_mean(column, header)}")
    others = [column for column in header if column not in chosen]
    if not any(map(_RANKED.fullmatch, others)) and len(others) < 2:
        raise ProblemError(file, head, "no column with preferences")
    lines = [(place, row) for place, row in lines if all(row[c] == v for c, v in chosen.items())]
    if not lines:  # none selected, or none below the header
        raise ProblemError(file, "" if chosen else head, "no agents")
    return head, others, lines


def _rank_columns(file: str, head: str, columns: Sequence[str]) -> list[str]:
    """Return the columns of ranks, best first."""
    by_rank: dict[int, str] = {}
    for column in columns:
        if match := _RANKED.fullmatch(column):
            other = by_rank.setdefault(int(match[1]), column)
            if other != column:
                raise ProblemError(file, head, f"two columns for the same rank: {other} and {column}")
    return [by_rank[rank] for rank in sorted(by_rank)]


def _check_items(file: str, head: str, items: Sequence[str], header: Sequence[str]) -> None:
    """Check the names of items in the header."""
    for item in items:
        place = f"{head}, column {header.index(item) + 1}"
        if not read_name(file, place, item):
            raise ProblemError(file, place, "has no name")


def _agents(file: str, column: str, lines: Sequence[Line], tell: Warn) -> list[str]:
    """Read the names of agents, and number duplicates."""
    names = [read_name(file, f"{place}, column {column}", row[column]) for place, row in lines]
    given = distinct(names)
    if given != names:
        tell(f"column {column} has empty or duplicate names: they were numbered")
    return given


def _ranked(file: str, place: str, row: Row, columns: Sequence[str]) -> list[str]:
    """Read an agent's ranking, best first; empty cells are skipped."""
    given: list[str] = []
    for column in columns:
        item = read_name(file, f"{place}, column {column}", row[column])
        if item in given:
            raise ProblemError(file, f"{place}, column {column}", f"duplicate item {item}")
        if item:
            given.append(item)
    return given


def _natural(name: str) -> tuple[int, int, str]:
    """Sort numbers as numbers, before names."""
    return (0, int(name), name) if name.isascii() and name.isdigit() and len(name) < 19 else (1, 0, name)


def _points(file: str, place: str, column: str, text: str) -> int | str | None:
    """Read points as an exact number; None if the agent does not want the item."""
    if not text:
        return None
    place = f"{place}, column {column}"
    try:
        points = exact.parse(text)
    except ValueError as error:
        raise ProblemError(file, place, str(error)) from None
    if points < 0:
        raise ProblemError(
            file, place, f"{text} is negative; leave the cell empty if the agent does not want the item"
        )
    return int(points) if points.denominator == 1 else exact.show(points)


def item_capacities(file: str) -> dict[str, int]:
    """Read the capacity of each item, in the order of the file."""
    head, header, lines = read_table(file)
    column = next((name for name in header if name.lower() == "capacity"), None)
    if column is None:
        raise ProblemError(file, head, "no column capacity")
    found: dict[str, int] = {}
    for line, row in lines:
        place = f"{line}, column {column}"
        item = read_name(file, f"{line}, column {header[0]}", row[header[0]])
        if item in found:
            raise ProblemError(file, line, f"duplicate item {shorten(item)}")
        if not item:
            raise ProblemError(file, line, "a capacity without an item")
        try:
            found[item] = whole(row[column])
        except ValueError as error:
            raise ProblemError(file, place, str(error)) from None
        if found[item] < 0:
            raise ProblemError(file, place, f"{row[column]} is negative")
    return found


def amounts_of(file: str, found: Mapping[str, int], items: Sequence[str]) -> list[int]:
    """Look up the capacity of each item."""
    for item in items:
        if item not in found:
            raise ProblemError(file, "", f"missing capacity of {shorten(item)}{did_you_mean(item, found)}")
    return [found[item] for item in items]
