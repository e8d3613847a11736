"""Shared by the importers: counts, duplicate names, notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.core.errors import ProblemError, shorten
from parley.core.limits import MAX_SEATS
from parley.core.texttables import Warn, listed
from parley.mechanisms.assignment.problem import MAX_ITEMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def read_count(file: str, place: str, text: str) -> int:
    """Read a non-negative whole number in digits."""
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise ProblemError(file, place, f"{shorten(text)} is not a whole number")
    return int(text)


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
