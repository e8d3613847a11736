"""Reading the lists of a team problem file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.core import keys
from parley.core.errors import ProblemError, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.team.success.base import Team, Vector


def read_list(key: str, value: Sequence[object], count: int | None = None) -> Vector:
    """Read numbers that are not negative, one for each cost if there is a count.

    Raises
    ------
    ProblemError
        Naming the entry that is wrong.

    Examples
    --------
    >>> read_list("posted.shares", ["1/2", 0], 2)
    (Fraction(1, 2), Fraction(0, 1))
    """
    if count is not None and len(value) != count:
        raise ProblemError("", key, f"{len(value)} entries for {count} costs")
    return tuple(keys.amount(f"{key}[{k}]", entry) for k, entry in enumerate(value))


def read_count(place: str, value: object) -> int:
    """Read a whole number that is not negative; raises `ProblemError`."""
    number = keys.amount(place, value)
    if number.denominator != 1:
        raise ProblemError("", place, f"{number} is not a whole number")
    return int(number)


def read_subset(place: str, value: object, count: int, what: str) -> Team:
    """Read different numbers below a count, in ascending order; raises `ProblemError`."""
    if not isinstance(value, list | tuple):
        raise ProblemError("", place, f"{shorten(value)} is not a list of {what}s")
    read: set[int] = set()
    for k, entry in enumerate(value):
        number = read_count(f"{place}[{k}]", entry)
        if number >= count:
            raise ProblemError("", f"{place}[{k}]", f"{number} is no {what}; {what}s are 0..{count - 1}")
        if number in read:
            raise ProblemError("", f"{place}[{k}]", f"duplicate {what} {number}")
        read.add(number)
    return tuple(sorted(read))
