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
from collections.abc import Callable
from fractions import Fraction
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import exact
from sim.assignment.problem import MAX_ITEMS, in_names
from sim.errors import ProblemError, shorten
from sim.keys import did_you_mean, whole
from sim.limits import MAX_SEATS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Row = dict[str, str]
Warn = Callable[[str], None]
"""Called with a line on each thing that is no error, but perhaps not what was meant."""

FORMATS = (".soc", ".soi", ".toc", ".toi")
COMPLETE = (".soc", ".toc")
STRICT = (".soc", ".soi")
MAX_AGENTS = 100_000
MAX_ALTERNATIVES = 100_000
LISTED = 5
"""Names in a warning; the rest are counted."""
_ORDER = re.compile(r"(\d+)\s*:\s*(.*)", re.ASCII)
_RANK = re.compile(r"\{([^{}]*)\}|([^,{}]+)")
_RANKED = re.compile(r"rank[ _]?(\d+)", re.IGNORECASE | re.ASCII)


def read_preflib(
    path: str | PathLike[str],
    *,
    capacities: str | PathLike[str] | None = None,
    rule: str = "serial-dictatorship",
    warn: Warn | None = None,
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
    warn : callable, optional
        Called with a line on each thing that is no error, but perhaps not what was meant.

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
    if count > MAX_ALTERNATIVES:
        raise ProblemError(file, said["NUMBER ALTERNATIVES"][0], f"more than {MAX_ALTERNATIVES} alternatives")
    rankings: list[list[list[int]]] = []
    for place, line in orders:
        times, order = _order(file, place, line, count)
        _check_format(file, place, order, count)
        if len(rankings) + times > MAX_AGENTS:
            raise ProblemError(file, place, f"more than {MAX_AGENTS} agents")
        rankings += [order] * times
    if "NUMBER VOTERS" in said and _count(file, *said["NUMBER VOTERS"]) != len(rankings):
        place, value = said["NUMBER VOTERS"]
        raise ProblemError(file, place, f"{value} voters, but the orders are of {len(rankings)}")
    keys = [f"ALTERNATIVE NAME {k}" for k in range(1, count + 1)]
    given = [said[key][1] if key in said else f"item {k}" for k, key in enumerate(keys, start=1)]
    items = _distinct(given)
    tell = warn or _say_nothing
    if rankings and all(order and len(order[-1]) > 1 for order in rankings):
        tell("every order ends in a tie: what agents did not rank stands there, and they are said to want it")
    if items != given:
        tell("alternatives without a name of their own were numbered")
    mapping: dict[str, Any] = {"kind": "assignment", "items": items}
    if capacities is not None:
        mapping["capacities"] = _capacities(fspath(capacities), items, tell)
    mapping["rankings"] = [in_names(order, items) for order in rankings]
    mapping["rule"] = rule
    _look_over(mapping, tell)
    return mapping


def read_csv(
    path: str | PathLike[str],
    *,
    capacities: str | PathLike[str] | None = None,
    select: Mapping[str, str] | None = None,
    seats: int | None = None,
    rule: str = "serial-dictatorship",
    warn: Warn | None = None,
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
    warn : callable, optional
        Called with a line on each thing that is no error, but perhaps not what was meant.

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
    columns, lines = _selected(file, select or {})
    tell = warn or _say_nothing
    ranks = sorted(filter(_RANKED.fullmatch, columns), key=lambda column: int(_RANKED.sub(r"\1", column)))
    # Where the column of names is selected on, all that are left may hold ranks.
    agent, *others = [column for column in columns if column not in ranks] or list(lines[0][1])
    mapping: dict[str, Any] = {"kind": "assignment"}
    content: dict[str, Any]
    if ranks:
        if others and agent in columns:
            tell(f"not read: {_listed(others)}; agents are named by {agent}")
        rankings = [_ranked(file, number, row, ranks) for number, row in lines]
        items = sorted({item for row in rankings for item in row}, key=_natural)
        content = {"rankings": rankings}
    else:
        items = others
        content = {"utilities": [[_points(file, n, c, row[c]) for c in items] for n, row in lines]}
    mapping["items"] = items
    if capacities is not None:
        found = _item_capacities(fspath(capacities))
        amounts = _amounts(fspath(capacities), found, items)
        if ranks:  # items that nobody ranks are there all the same
            mapping["items"], amounts = list(found), list(found.values())
        elif others := [item for item in found if item not in items]:
            tell(f"capacities of no item, which are left out: {_listed(others)}")
        mapping["capacities"] = amounts if seats is None else scaled(amounts, seats)
    elif seats is not None:
        raise ProblemError("", "seats", "there are no capacities to scale")
    mapping |= content | {"rule": rule}
    names = [row[agent] for _, row in lines]
    if len(set(names)) < len(names):
        tell(f"column {agent} has names that stand more than once: they were numbered")
    mapping["names"] = {"agents": _distinct(names)}
    _look_over(mapping, tell)
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


def _say_nothing(_: str) -> None:
    """What a reader should know is not asked for."""


def _listed(names: Sequence[str]) -> str:
    """Name some, and count the rest.

    Examples
    --------
    >>> _listed(["a", "b"]), _listed(list("abcdefg"))
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    rest = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + rest


def _look_over(mapping: Mapping[str, Any], tell: Warn) -> None:
    """Tell what stands out in a problem that was read."""
    items: list[str] = mapping["items"]
    if "rankings" in mapping:
        wants = [{o for rank in row for o in _tied(rank)} for row in mapping["rankings"]]
    else:
        rows = mapping["utilities"]
        wants = [{o for o, u in zip(items, row, strict=True) if u is not None} for row in rows]
    if idle := [f"agent {i}" for i, wanted in enumerate(wants, start=1) if not wanted]:
        tell(f"wants nothing: {_listed(idle)}")
    wanted = set().union(*wants)
    if unwanted := [item for item in items if item not in wanted]:
        tell(f"wanted by nobody: {_listed(unwanted)}")
    if none := [item for item, c in zip(items, mapping.get("capacities", ()), strict=False) if c == 0]:
        tell(f"without a place: {_listed(none)}")
    for what, count, most in (("agents", len(wants), MAX_SEATS), ("items", len(items), MAX_ITEMS)):
        if count > most:
            tell(f"{count} {what}: solved and audited, but not played; a lottery on chain takes {most}")


def _tied(rank: str | Sequence[str]) -> Sequence[str]:
    return [rank] if isinstance(rank, str) else rank


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


def _check_format(file: str, place: str, order: list[list[int]], count: int) -> None:
    """Check that an order is as strict and as complete as the file's name says."""
    ending = Path(file).suffix.lower()
    if ending in STRICT and any(len(rank) > 1 for rank in order):
        raise ProblemError(file, place, f"a tie, which a {ending} has not")
    if ending in COMPLETE and sum(map(len, order)) < count:
        raise ProblemError(
            file, place, f"{sum(map(len, order))} of {count} alternatives; a {ending} ranks all of them"
        )


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
        other = next((mark for mark in (";", "\t") if mark in header[0]), None)
        hint = f"; is it separated by {other!r} instead of commas?" if other else ""
        raise ProblemError(file, "line 1", f"needs two columns at least, all with names of their own{hint}")
    for number, row in rows:
        if len(row) != len(header):
            raise ProblemError(file, f"line {number}", f"{len(row)} columns for {len(header)} names")
    return header, [(number, dict(zip(header, map(str.strip, row), strict=True))) for number, row in rows[1:]]


def _selected(file: str, chosen: Mapping[str, str]) -> tuple[list[str], list[tuple[int, Row]]]:
    """Read the lines that have these values, and the names of the other columns."""
    header, lines = _table(file)
    for column in chosen:
        if column not in header:
            raise ProblemError(file, "line 1", f"no column {shorten(column)}{did_you_mean(column, header)}")
    others = [column for column in header if column not in chosen]
    if not any(map(_RANKED.fullmatch, others)) and len(others) < 2:
        raise ProblemError(file, "line 1", "no column is left for what agents want")
    lines = [(number, row) for number, row in lines if all(row[c] == v for c, v in chosen.items())]
    if not lines:
        raise ProblemError(file, "", "no agents")
    return others, lines


def _ranked(file: str, number: int, row: Row, columns: Sequence[str]) -> list[str]:
    """Read what an agent ranks, best first; an empty cell is passed over."""
    given: list[str] = []
    for column in columns:
        if row[column] in given:
            raise ProblemError(file, f"line {number}, column {column}", f"{row[column]} stands twice")
        if row[column]:
            given.append(row[column])
    return given


def _points(file: str, number: int, column: str, text: str) -> int | str | None:
    """Read a number of points: whole, or as a fraction; none where the agent does not want the item."""
    if not text:
        return None
    place = f"line {number}, column {column}"
    try:
        points = exact.parse(text)
    except ValueError as error:
        raise ProblemError(file, place, str(error)) from None
    if points < 0:
        raise ProblemError(file, place, f"{text} is negative; what is worse than nothing is left empty")
    return int(points) if points.denominator == 1 else exact.show(points)


def _item_capacities(file: str) -> dict[str, int]:
    """Read the capacity of each item, in the order of the file."""
    header, lines = _table(file)
    column = next((name for name in header if name.lower() == "capacity"), None)
    if column is None:
        raise ProblemError(file, "line 1", "no column capacity")
    found: dict[str, int] = {}
    for number, row in lines:
        place = f"line {number}, column {column}"
        if row[header[0]] in found:
            raise ProblemError(file, f"line {number}", f"{shorten(row[header[0]])} stands twice")
        try:
            found[row[header[0]]] = whole(row[column])
        except ValueError as error:
            raise ProblemError(file, place, str(error)) from None
        if found[row[header[0]]] < 0:
            raise ProblemError(file, place, f"{row[column]} is negative")
    return found


def _amounts(file: str, found: Mapping[str, int], items: Sequence[str]) -> list[int]:
    """Look up the capacity of each item."""
    for item in items:
        if item not in found:
            raise ProblemError(file, "", f"no capacity of {shorten(item)}{did_you_mean(item, found)}")
    return [found[item] for item in items]


def _capacities(file: str, items: Sequence[str], tell: Warn) -> list[int]:
    """Read the capacity of each item by its name, or one for each project whose supervisor takes somebody."""
    header, lines = _table(file)
    if [name.lower() for name in header] != ["supervisor", "capacity", "projects"]:
        return _amounts(file, _item_capacities(file), items)
    supervisor, capacity, projects = header
    amounts = [1] * len(items)
    limited = []
    for number, row in lines:
        place = f"line {number}"
        most, its = _count(file, place, row[capacity]), row[projects].split()
        for project in its:
            o = _count(file, place, project)
            if o >= len(items):
                raise ProblemError(file, place, f"project {o} is outside 0..{len(items) - 1}")
            amounts[o] = min(1, most)
        if 0 < most < len(its):
            limited.append(row[supervisor])
    if limited:
        tell(f"take fewer agents than they have projects, which is left out: {_listed(limited)}")
    return amounts
