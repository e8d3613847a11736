"""Problem files from public data: PrefLib's ordinal formats, and CSV files of rankings or points.

PrefLib (https://preflib.github.io/PrefLib-Jekyll/format): lines of metadata ``# KEY: value``, then one line
for each different order, ``COUNT: 3,1,{2,4}``, with alternatives numbered from 1 and ties in braces. ``.soc``
and ``.toc`` are complete, ``.soi`` and ``.toi`` leave out what is unranked; a ``.toc`` made of a ``.soi`` has
that tied in the end, and then means that everybody wants everything.

CSV: a line for each agent, its name in the first column. If there are columns *rank1*, *rank2*, …, they name
items, best first; otherwise the other columns are items, and hold points, nothing where the agent does not
want the item. Capacities stand in another file: a line for each item, its name in the first column, and a
column *capacity*.
"""

from __future__ import annotations

import csv
import re
from fractions import Fraction
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import exact
from sim.assignment.problem import in_names
from sim.errors import ProblemError, shorten
from sim.keys import did_you_mean, whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Row = dict[str, str]

FORMATS = (".soc", ".soi", ".toc", ".toi")
MAX_AGENTS = 100_000
_ORDER = re.compile(r"(\d+)\s*:\s*(.*)", re.ASCII)
_RANK = re.compile(r"\{([^{}]*)\}|([^,{}]+)")
_RANKED = re.compile(r"rank[ _]?(\d+)", re.IGNORECASE | re.ASCII)


def read_preflib(
    path: str | PathLike[str],
    *,
    capacities: str | PathLike[str] | None = None,
    rule: str = "serial-dictatorship",
) -> dict[str, Any]:
    """Read a PrefLib file of orders.

    Parameters
    ----------
    path : path
        Of a ``.soc``, ``.soi``, ``.toc`` or ``.toi`` file.
    capacities : path, optional
        A file of supervisors as in PrefLib's data set 00038 (``Supervisor,Capacity,Projects``, projects
        numbered from 0 and separated by spaces), or a CSV file of items and capacities. A project takes one
        agent, or none where its supervisor takes none; that a supervisor may take fewer than all of its
        projects would is no limit that this kind of problem knows. Without it, every item is there once.
    rule : str
        To write into the problem file.

    Returns
    -------
    dict
        The keys of a problem file.

    Raises
    ------
    ProblemError
        In one line: file, line and reason.
    """
    file = fspath(path)
    if not file.lower().endswith(FORMATS):
        raise ProblemError(file, "", f"not one of PrefLib's {', '.join(FORMATS)}")
    said, orders = _parts(file)
    if "NUMBER ALTERNATIVES" not in said:
        raise ProblemError(file, "", "no line `# NUMBER ALTERNATIVES: …`; is it of an older format?")
    count = _count(file, *said["NUMBER ALTERNATIVES"])
    rankings: list[list[list[int]]] = []
    for place, line in orders:
        times, order = _order(file, place, line, count)
        if len(rankings) + times > MAX_AGENTS:
            raise ProblemError(file, place, f"more than {MAX_AGENTS} agents")
        rankings += [order] * times
    if "NUMBER VOTERS" in said and _count(file, *said["NUMBER VOTERS"]) != len(rankings):
        place, value = said["NUMBER VOTERS"]
        raise ProblemError(file, place, f"{value} voters, but the orders are of {len(rankings)}")
    keys = [f"ALTERNATIVE NAME {k}" for k in range(1, count + 1)]
    items = _distinct([said[key][1] if key in said else f"item {k}" for k, key in enumerate(keys, start=1)])
    mapping: dict[str, Any] = {"kind": "assignment", "items": items}
    if capacities is not None:
        mapping["capacities"] = _capacities(fspath(capacities), items)
    mapping["rankings"] = [in_names(order, items) for order in rankings]
    mapping["rule"] = rule
    return mapping


def read_csv(
    path: str | PathLike[str],
    *,
    capacities: str | PathLike[str] | None = None,
    select: Mapping[str, str] | None = None,
    seats: int | None = None,
    rule: str = "serial-dictatorship",
) -> dict[str, Any]:
    """Read a CSV file of rankings or of points.

    Parameters
    ----------
    path : path
    capacities : path, optional
        A CSV file of items and capacities. Without it, every item is there once.
    select : mapping of str to str, optional
        Read only lines that have these values in these columns, such as a year.
    seats : int, optional
        Scale capacities down to so many places in all, in proportion, by largest remainders: for a sample of
        the agents that the capacities were made for.
    rule : str
        To write into the problem file.

    Returns
    -------
    dict
        The keys of a problem file.

    Raises
    ------
    ProblemError
        In one line: file, line, column and reason.
    """
    file = fspath(path)
    header, lines = _table(file)
    chosen = dict(select or {})
    for column in chosen:
        if column not in header:
            raise ProblemError(file, "line 1", f"no column {shorten(column)}{did_you_mean(column, header)}")
    lines = [(number, row) for number, row in lines if all(row[c] == v for c, v in chosen.items())]
    if not lines:
        raise ProblemError(file, "", "no agents")
    columns = [column for column in header if column not in chosen]
    agent, *others = columns
    ranks = sorted((int(match[1]), c) for c in others if (match := _RANKED.fullmatch(c)))
    mapping: dict[str, Any] = {"kind": "assignment"}
    content: dict[str, Any]
    if ranks:
        rankings = [[row[c] for _, c in ranks if row[c]] for _, row in lines]
        items = sorted({item for row in rankings for item in row}, key=_natural)
        content = {"rankings": rankings}
    else:
        items = others
        content = {"utilities": [[_points(file, n, c, row[c]) for c in items] for n, row in lines]}
    mapping["items"] = items
    if capacities is not None:
        if ranks:  # items that nobody ranks are there all the same
            items = mapping["items"] = list(_item_capacities(fspath(capacities)))
        amounts = _capacities(fspath(capacities), items)
        mapping["capacities"] = amounts if seats is None else scaled(amounts, seats)
    mapping |= content | {"rule": rule}
    mapping["names"] = {"agents": _distinct([row[agent] for _, row in lines])}
    return mapping


def scaled(capacities: Sequence[int], seats: int) -> list[int]:
    """Scale capacities to a given sum, by largest remainders, the first of equals first.

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


def _text(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProblemError(file, f"byte {error.start}", "not UTF-8 text") from None
    except (OSError, ValueError) as error:
        raise ProblemError(file, "", f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _parts(file: str) -> tuple[dict[str, tuple[str, str]], list[tuple[str, str]]]:
    """Tell metadata (by key, with the line) from orders (with the line)."""
    said: dict[str, tuple[str, str]] = {}
    orders: list[tuple[str, str]] = []
    for number, line in enumerate(_text(file).splitlines(), start=1):
        if line.startswith("#"):
            key, _, value = line[1:].partition(":")
            said[key.strip()] = f"line {number}", value.strip()
        elif line.strip():
            orders.append((f"line {number}", line))
    return said, orders


def _count(file: str, place: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise ProblemError(file, place, f"{shorten(text)} is not a number of something")
    return int(text)


def _order(file: str, place: str, line: str, count: int) -> tuple[int, list[list[int]]]:
    """Read how many agents have an order, and its ranks."""
    match = _ORDER.fullmatch(line.strip())
    if match is None:
        raise ProblemError(file, place, f"{shorten(line)} is not COUNT: ALTERNATIVE,…")
    ranks: list[list[int]] = []
    seen: set[int] = set()
    rest = _RANK.sub("", match[2]).replace(",", "").strip()
    if rest:
        raise ProblemError(file, place, f"{shorten(rest)} stands outside a list of alternatives")
    for braced, single in _RANK.findall(match[2]):
        parts = (braced or single).split(",")
        rank = [_count(file, place, part.strip()) - 1 for part in parts if part.strip()]
        for o in rank:
            if not 0 <= o < count:
                raise ProblemError(file, place, f"alternative {o + 1} is outside 1..{count}")
            if o in seen:
                raise ProblemError(file, place, f"alternative {o + 1} stands twice")
            seen.add(o)
        if rank:
            ranks.append(rank)
    return _count(file, place, match[1]), ranks


def _distinct(names: Sequence[str]) -> list[str]:
    """Number names that stand more than once."""
    given: list[str] = []
    seen: set[str] = set()
    for name in names:
        new, number = name or "-", 1
        while new in seen:
            number += 1
            new = f"{name} ({number})"
        seen.add(new)
        given.append(new)
    return given


def _natural(name: str) -> tuple[int, int, str]:
    """Sort numbers as numbers, before names."""
    return (0, int(name), "") if name.isascii() and name.isdigit() and len(name) < 19 else (1, 0, name)


def _table(file: str) -> tuple[list[str], list[tuple[int, Row]]]:
    """Read a CSV file with a header: each line with its number."""
    reader = csv.reader(_text(file).splitlines(), strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader if any(row)]
    except csv.Error as error:
        raise ProblemError(file, f"line {reader.line_num}", str(error)) from None
    if not rows:
        raise ProblemError(file, "", "empty")
    header = [name.strip() for name in rows[0][1]]
    if len(header) < 2 or len(set(header)) < len(header):
        raise ProblemError(file, "line 1", "needs two columns at least, all with names of their own")
    for number, row in rows:
        if len(row) != len(header):
            raise ProblemError(file, f"line {number}", f"{len(row)} columns for {len(header)} names")
    return header, [(number, dict(zip(header, map(str.strip, row), strict=True))) for number, row in rows[1:]]


def _points(file: str, number: int, column: str, text: str) -> str | None:
    if not text:
        return None
    try:
        return exact.show(exact.parse(text))
    except ValueError as error:
        raise ProblemError(file, f"line {number}, column {column}", str(error)) from None


def _item_capacities(file: str) -> dict[str, int]:
    header, lines = _table(file)
    column = next((name for name in header if name.lower() == "capacity"), None)
    if column is None:
        raise ProblemError(file, "line 1", "no column capacity")
    found: dict[str, int] = {}
    for number, row in lines:
        if row[header[0]] in found:
            raise ProblemError(file, f"line {number}", f"{shorten(row[header[0]])} stands twice")
        try:
            found[row[header[0]]] = whole(row[column])
        except ValueError as error:
            raise ProblemError(file, f"line {number}, column {column}", str(error)) from None
    return found


def _capacities(file: str, items: Sequence[str]) -> list[int]:
    """Read the capacity of each item, by its name, or by the supervisors of projects numbered from 0."""
    header, lines = _table(file)
    if [name.lower() for name in header] == ["supervisor", "capacity", "projects"]:
        amounts = [1] * len(items)
        for number, row in lines:
            place = f"line {number}"
            most = min(1, _count(file, place, row[header[1]]))
            for project in row[header[2]].split():
                o = _count(file, place, project)
                if o >= len(items):
                    raise ProblemError(file, place, f"project {o} is outside 0..{len(items) - 1}")
                amounts[o] = most
        return amounts
    found = _item_capacities(file)
    for item in items:
        if item not in found:
            hint = did_you_mean(item, found)
            raise ProblemError(file, "", f"no capacity of {shorten(item)}{hint}")
    return [found[item] for item in items]
