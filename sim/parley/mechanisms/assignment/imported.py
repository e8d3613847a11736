"""Shared by the importers: text, names, notes."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from parley.core.errors import ProblemError, shorten
from parley.core.files import read_bytes
from parley.core.limits import MAX_SEATS
from parley.core.names import unfit
from parley.mechanisms.assignment.problem import MAX_ITEMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Warn = Callable[[str], None]
"""Gets notes about unusual data."""

LISTED = 5
"""Names in a warning; the rest are counted."""
SPACES = "\t \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""Characters that are removed around a name: all kinds of spaces, and tabs."""


def say_nothing(_: str) -> None:
    """Ignore notes."""


def read_text(file: str) -> str:
    """Read a UTF-8 text file without changing line ends."""
    data = read_bytes(file).removeprefix(BOM_UTF8)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ProblemError(file, "byte 0", "UTF-16 text; save the file as UTF-8")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProblemError(
            file, f"line {line}, byte {error.start}", "not UTF-8 text; save the file as UTF-8"
        ) from None


def read_count(file: str, place: str, text: str) -> int:
    """Read a non-negative whole number in digits."""
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise ProblemError(file, place, f"{shorten(text)} is not a whole number")
    return int(text)


def read_name(file: str, place: str, name: str) -> str:
    """Check a name and return it."""
    if name and (reason := unfit(name)):
        raise ProblemError(file, place, reason)
    return name


def distinct(names: Sequence[str]) -> list[str]:
    """Number duplicate names; an empty name becomes a dash.

    Examples
    --------
    >>> distinct(["a", "a", "", "a (2)"])
    ['a', 'a (3)', '-', 'a (2)']
    """
    taken = set(names)
    numbers: dict[str, int] = {}
    given: list[str] = []
    for name in (name or "-" for name in names):
        new = name
        if name in numbers:
            number = numbers[name]
            while (new := f"{name} ({number})") in taken:
                number += 1
            numbers[name] = number + 1
        else:
            numbers[name] = 2
        taken.add(new)
        given.append(new)
    return given


def listed(names: Sequence[str]) -> str:
    """List some names, and count the rest.

    Examples
    --------
    >>> listed(["a", "b"]), listed(list("abcdefg"))
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    rest = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + rest


def look_over(mapping: Mapping[str, Any], tell: Warn) -> None:
    """Report unusual features of a problem."""
    items: list[str] = mapping["items"]
    if "rankings" in mapping:
        wants = [{o for rank in row for o in _tied(rank)} for row in mapping["rankings"]]
    else:
        rows = mapping["utilities"]
        wants = [{o for o, u in zip(items, row, strict=True) if u is not None} for row in rows]
    if idle := [f"agent {i}" for i, wanted in enumerate(wants, start=1) if not wanted]:
        tell(f"agents that want nothing: {listed(idle)}")
    wanted = set().union(*wants)
    if unwanted := [item for item in items if item not in wanted]:
        tell(f"items that nobody wants: {listed(unwanted)}")
    if none := [item for item, c in zip(items, mapping.get("capacities", ()), strict=False) if c == 0]:
        tell(f"items with capacity 0: {listed(none)}")
    for what, count, most in (("agents", len(wants), MAX_SEATS), ("items", len(items), MAX_ITEMS)):
        if count > most:
            tell(
                f"{count} {what}: can be solved and audited, but not played; a lottery on chain takes {most}"
            )


def _tied(rank: str | Sequence[str]) -> Sequence[str]:
    return [rank] if isinstance(rank, str) else rank
