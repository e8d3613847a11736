"""Problem files from PrefLib's ordinal formats.

PrefLib (https://preflib.github.io/PrefLib-Jekyll/format): lines of metadata ``# KEY: value``, then one line
for each different order, ``COUNT: 3,1,{2,4}``, with alternatives numbered from 1 and ties in braces. ``.soc``
and ``.toc`` are complete; ``.soi`` and ``.toi`` omit unranked alternatives. A ``.toc`` made from a ``.soi``
ties them at the end, so that every agent wants every item.

Files with alternatives numbered from 0 are read too: pref_voting writes such files.
"""

from __future__ import annotations

import re
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from parley.core.errors import ProblemError, shorten
from parley.core.texttables import SPACES, Warn, listed, read_name, read_table, read_text, say_nothing
from parley.mechanisms.assignment.csvfile import amounts_of, item_capacities
from parley.mechanisms.assignment.imported import distinct, look_over, read_count
from parley.mechanisms.assignment.problem import in_names

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMATS = (".soc", ".soi", ".toc", ".toi")
COMPLETE = (".soc", ".toc")
STRICT = (".soc", ".soi")
MAX_AGENTS = 100_000
MAX_ALTERNATIVES = 100_000
ALTERNATIVES, VOTERS, ORDERS = "NUMBER ALTERNATIVES", "NUMBER VOTERS", "NUMBER UNIQUE ORDERS"
_ORDER = re.compile(r"(\d+)\s*:\s*(.*)", re.ASCII)
_RANK = re.compile(r"\{([^{}]*)\}|([^,{}]+)")

Ranks = list[list[int]]
"""Numbers of alternatives as in the file, best first, tied ones together."""


class _Order(NamedTuple):
    """A line with an order and the number of its agents."""

    place: str
    times: int
    ranks: Ranks


class _File(NamedTuple):
    """The content of a file."""

    counts: dict[str, tuple[str, int]]
    names: dict[int, tuple[str, str]]
    orders: list[_Order]


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
        agent, or none if its supervisor takes none; other limits of supervisors are ignored. Without it,
        every capacity is 1.
    warn : callable, optional
        Gets notes about unusual data.

    Raises
    ------
    ProblemError
        In one line: file, line and reason.
    """
    file = fspath(path)
    if not file.lower().endswith(FORMATS):
        raise ProblemError(file, "", f"unknown PrefLib format; known: {', '.join(FORMATS)}")
    content = _read(file)
    tell = warn or say_nothing
    first, given = _alternatives(file, content, tell)
    rankings = _rankings(file, content, first, len(given))
    items = distinct(given)
    if rankings and all(order and len(order[-1]) > 1 for order in rankings):
        tell("every order ends in a tie: unranked items are in it, and are read as wanted")
    if items != given:
        tell("alternatives without a unique name were numbered")
    mapping: dict[str, Any] = {"kind": "assignment", "items": items}
    if capacities is not None:
        mapping["capacities"] = _capacities(fspath(capacities), items, tell)
    mapping["rankings"] = [in_names(order, items) for order in rankings]
    mapping["rule"] = rule
    look_over(mapping, tell)
    return mapping


def _read(file: str) -> _File:
    """Read counts and names (with their lines) and orders."""
    content = _File({}, {}, [])
    for number, line in enumerate(_lines(read_text(file)), start=1):
        place, text = f"line {number}", line.strip(SPACES)
        if text.startswith("#"):
            _read_metadata(file, place, text[1:], content)
        elif text:
            _check_counted(file, content)
            content.orders.append(_order(file, place, text))
    _check_counted(file, content)
    return content


def _lines(text: str) -> list[str]:
    """Split at line feeds, with carriage returns before them, or otherwise at carriage returns."""
    text = text.replace("\r\n", "\n")
    return text.split("\n" if "\n" in text else "\r")


def _check_counted(file: str, content: _File) -> None:
    if ALTERNATIVES not in content.counts:
        raise ProblemError(file, "", "no line `# NUMBER ALTERNATIVES: …`; is it of an older format?")


def _read_metadata(file: str, place: str, text: str, content: _File) -> None:
    key, _, value = text.partition(":")
    words = key.upper().split()
    known = " ".join(words)
    is_name = words[:2] == ["ALTERNATIVE", "NAME"]
    if not is_name and known not in (ALTERNATIVES, VOTERS, ORDERS):
        return
    if content.orders:
        raise ProblemError(file, place, f"{shorten(known)} must be before the first order")
    if not is_name:
        if known in content.counts:
            raise ProblemError(file, place, f"duplicate {known}")
        content.counts[known] = place, read_count(file, place, value.strip())
        return
    number = words[2] if len(words) == 3 else ""
    if not (number.isascii() and number.isdigit() and len(number) <= 9 and ":" in text):
        raise ProblemError(file, place, f"{shorten('#' + text)} is not # ALTERNATIVE NAME NUMBER: NAME")
    if int(number) in content.names:
        raise ProblemError(file, place, f"duplicate ALTERNATIVE NAME {int(number)}")
    content.names[int(number)] = place, read_name(file, place, value.strip(SPACES))


def _order(file: str, place: str, line: str) -> _Order:
    """Read an order and the number of its agents."""
    match = _ORDER.fullmatch(line.strip())
    if match is None:
        raise ProblemError(file, place, f"{shorten(line)} is not COUNT: ALTERNATIVE,…")
    ranks: Ranks = []
    seen: set[int] = set()
    rest = _RANK.sub("", match[2]).replace(",", "").strip()
    if rest:
        raise ProblemError(file, place, f"{shorten(rest)} is outside the list of alternatives")
    for braced, single in _RANK.findall(match[2]):
        parts = (braced or single).split(",")
        rank = [read_count(file, place, part.strip()) for part in parts if part.strip()]
        for o in rank:
            if o in seen:
                raise ProblemError(file, place, f"duplicate alternative {o}")
            seen.add(o)
        if rank:
            ranks.append(rank)
    return _Order(place, read_count(file, place, match[1]), ranks)


def _alternatives(file: str, content: _File, tell: Warn) -> tuple[int, list[str]]:
    """Find the number of the first alternative, and all names in order.

    Names must be numbered from 0 or from 1 without a gap, as many as the file's count. In files numbered from
    0, pref_voting counts only ranked alternatives; there the names determine the number.
    """
    place, count = content.counts[ALTERNATIVES]
    if count > MAX_ALTERNATIVES:
        raise ProblemError(file, place, f"more than {MAX_ALTERNATIVES} alternatives")
    ranked = {o for order in content.orders for rank in order.ranks for o in rank}
    names = content.names
    if not names:
        first = 0 if 0 in ranked else 1
        tell(f"alternatives have no names: they are called item {first}, item {first + 1}, …")
        return first, [f"item {k}" for k in range(first, first + count)]
    first = 0 if 0 in names else 1
    numbers = range(first, first + count)
    for k in numbers:
        if k not in names:
            raise ProblemError(file, place, f"{count} alternatives, but there is no ALTERNATIVE NAME {k}")
    if len(names) > count:
        if first == 0 and len(ranked) == count and max(names) < len(names) <= MAX_ALTERNATIVES:
            tell(f"{ALTERNATIVES} is {count}, the number of ranked alternatives; all {len(names)} were read")
            numbers = range(len(names))
        else:
            k = min(set(names) - set(numbers))
            raise ProblemError(
                file, names[k][0], f"ALTERNATIVE NAME {k} is outside {_span(numbers)} ({place})"
            )
    return first, [names[k][1] for k in numbers]


def _span(numbers: range) -> str:
    return f"{numbers.start}..{numbers.stop - 1}"


def _rankings(file: str, content: _File, first: int, count: int) -> list[Ranks]:
    """Check orders, and list one for each agent, alternatives numbered from 0."""
    rankings: list[Ranks] = []
    ending = Path(file).suffix.lower()
    declared = content.counts[ALTERNATIVES][1]
    for place, times, ranks in content.orders:
        for o in (o for rank in ranks for o in rank):
            if not first <= o < first + count:
                span = _span(range(first, first + count))
                raise ProblemError(file, place, f"alternative {o} is outside {span}")
        if ending in STRICT and any(len(rank) > 1 for rank in ranks):
            raise ProblemError(file, place, f"a tie, which a {ending} cannot have")
        if ending in COMPLETE and (length := sum(map(len, ranks))) < declared:
            reason = f"{length} of {declared} alternatives, but a {ending} ranks all of them"
            raise ProblemError(file, place, reason)
        if len(rankings) + times > MAX_AGENTS:
            raise ProblemError(file, place, f"more than {MAX_AGENTS} agents")
        rankings += [[[o - first for o in rank] for rank in ranks]] * times
    place, voters = content.counts.get(VOTERS, ("", len(rankings)))
    if voters != len(rankings):
        raise ProblemError(file, place, f"{voters} voters, but the file has orders of {len(rankings)}")
    lines = len(content.orders)
    different = len({tuple(map(tuple, map(sorted, order.ranks))) for order in content.orders})
    place, unique = content.counts.get(ORDERS, ("", lines))
    if unique not in (lines, different):
        raise ProblemError(file, place, f"{unique} different orders, but the file has {different}")
    return rankings


def _capacities(file: str, items: Sequence[str], tell: Warn) -> list[int]:
    """Read the capacity of each item by name, or from supervisors: 1 for a project, 0 if theirs is 0."""
    _, header, lines = read_table(file)
    if [name.lower() for name in header] != ["supervisor", "capacity", "projects"]:
        return amounts_of(file, item_capacities(file), items)
    supervisor, capacity, projects = header
    amounts: dict[int, int] = {}
    limited = []
    for place, row in lines:
        most, its = read_count(file, place, row[capacity]), row[projects].split()
        for project in its:
            o = read_count(file, place, project)
            if o >= len(items):
                raise ProblemError(file, place, f"project {o} is outside 0..{len(items) - 1}")
            if o in amounts:
                raise ProblemError(file, place, f"duplicate project {o}")
            amounts[o] = min(1, most)
        if 0 < most < len(its):
            limited.append(row[supervisor])
    if limited:
        tell(f"ignored limits of supervisors with fewer places than projects: {listed(limited)}")
    if free := [item for o, item in enumerate(items) if o not in amounts]:
        tell(f"projects without a supervisor, which get capacity 1: {listed(free)}")
    return [amounts.get(o, 1) for o in range(len(items))]
