"""Reading the lists, numbers and guarantees of a problem file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias, TypeVar

from parley.core import keys
from parley.core.errors import ProblemError, shorten
from parley.core.exact import show, show_all
from parley.mechanisms.guarantees.guarantee import AllOf, Alpha, AnyOf, Guarantee, Income, MaxMin, Vector
from parley.mechanisms.guarantees.schema import (
    AlphaKeys,
    AnyKeys,
    GuaranteeKeys,
    IncomeKeys,
    MaxMinKeys,
)

MAX_ALPHA = 1000
"""Greatest numerator and denominator of α: comparisons take roots of this degree."""
MAX_DEPTH = 8
"""Guarantees within guarantees."""

Interval: TypeAlias = tuple[Fraction, Fraction]
Pair: TypeAlias = tuple[int, int]
T = TypeVar("T")


def _is_empty(value: object) -> bool:
    """Return whether an entry says nothing; TOML has no null, and an empty text for it."""
    return value is None or value == ""


def one_or_each(key: str, value: object, count: int, what: str) -> list[tuple[str, object]]:
    """Return an entry for each of `count`, with its place in the file; what is no list is for all.

    Raises
    ------
    ProblemError
        If a list has another length.

    Examples
    --------
    >>> one_or_each("pay", 1, 2, "providers"), one_or_each("pay", [1, 3], 2, "providers")
    ([('pay', 1), ('pay', 1)], [('pay[0]', 1), ('pay[1]', 3)])
    """
    if not isinstance(value, list | tuple):
        return [(key, value)] * count
    if len(value) != count:
        raise ProblemError("", key, f"{len(value)} entries for {count} {what}")
    return [(f"{key}[{k}]", entry) for k, entry in enumerate(value)]


def read_amounts(key: str, value: object, count: int, what: str) -> Vector:
    """Read numbers that are not negative, one for all or one each; raises `ProblemError`."""
    return tuple(keys.amount(place, entry) for place, entry in one_or_each(key, value, count, what))


def read_positive(key: str, value: object, count: int, what: str) -> Vector:
    """Read numbers above 0, one for all or one each; raises `ProblemError`."""
    read = []
    for place, entry in one_or_each(key, value, count, what):
        number = keys.amount(place, entry)
        if not number:
            raise ProblemError("", place, "0 is not above 0")
        read.append(number)
    return tuple(read)


def read_probabilities(key: str, value: object, count: int, what: str) -> Vector:
    """Read numbers between 0 and 1, one for all or one each; raises `ProblemError`."""
    read = []
    for place, entry in one_or_each(key, value, count, what):
        number = keys.amount(place, entry)
        if number > 1:
            raise ProblemError("", place, f"{number} is above 1, and no probability")
        read.append(number)
    return tuple(read)


def read_intervals(value: list[Any], jobs: int) -> tuple[Interval, ...]:
    """Read the start and the end of every job.

    Raises
    ------
    ProblemError
        Naming the job whose end is not after its start.

    Examples
    --------
    >>> read_intervals([[0, "3/2"]], 1)
    ((Fraction(0, 1), Fraction(3, 2)),)
    """
    if len(value) != jobs:
        raise ProblemError("", "intervals", f"{len(value)} intervals for {jobs} values")
    read = []
    for k, entry in enumerate(value):
        place = f"intervals[{k}]"
        if not isinstance(entry, list | tuple) or len(entry) != 2:
            raise ProblemError("", place, f"{shorten(entry)} is not a start and an end")
        start, end = (_number(f"{place}[{i}]", number) for i, number in enumerate(entry))
        if end <= start:
            raise ProblemError("", place, f"the end {end} is not after the start {start}")
        read.append((start, end))
    return tuple(read)


def read_conflicts(value: Sequence[Any], jobs: int) -> frozenset[Pair]:
    """Read pairs of jobs that no provider can do both.

    Raises
    ------
    ProblemError
        Naming the pair that is none, or that appears twice.

    Examples
    --------
    >>> sorted(read_conflicts([[2, 0], [0, 1]], 3))
    [(0, 1), (0, 2)]
    """
    read: set[Pair] = set()
    for k, entry in enumerate(value):
        place = f"conflicts[{k}]"
        if not isinstance(entry, list | tuple) or len(entry) != 2:
            raise ProblemError("", place, f"{shorten(entry)} is not a pair of jobs")
        one, other = (_job(f"{place}[{i}]", job, jobs) for i, job in enumerate(entry))
        pair = min(one, other), max(one, other)
        if one == other:
            raise ProblemError("", place, f"job {one} cannot conflict with itself")
        if pair in read:
            raise ProblemError("", place, f"duplicate pair: jobs {pair[0]} and {pair[1]}")
        read.add(pair)
    return frozenset(read)


def read_capacities(value: object, providers: int, jobs: int) -> tuple[int | None, ...]:
    """Read the most jobs of each provider; None where all jobs fit.

    Raises
    ------
    ProblemError

    Examples
    --------
    >>> read_capacities([1, 5], 2, 3)
    (1, None)
    """
    read: list[int | None] = []
    for place, entry in one_or_each("capacities", value, providers, "providers"):
        most = None if _is_empty(entry) else _whole(place, entry)
        if most is not None and most < 0:
            raise ProblemError("", place, f"{most} is negative")
        read.append(None if most is None or most >= jobs else most)
    return tuple(read)


def read_eligible(value: list[Any] | None, providers: int, jobs: int) -> tuple[frozenset[int] | None, ...]:
    """Read which jobs each provider can do; None where it can do all.

    Raises
    ------
    ProblemError

    Examples
    --------
    >>> read_eligible([[0], [0, 1]], 2, 2)
    (frozenset({0}), None)
    """
    if value is None:
        return (None,) * providers
    read: list[frozenset[int] | None] = []
    for place, entry in one_or_each("eligible", value, providers, "providers"):
        if _is_empty(entry):
            read.append(None)
            continue
        if not isinstance(entry, list | tuple):
            raise ProblemError("", place, f"{shorten(entry)} is not a list of jobs")
        seen: set[int] = set()
        for i, job in enumerate(entry):
            number = _job(f"{place}[{i}]", job, jobs)
            if number in seen:
                raise ProblemError("", f"{place}[{i}]", f"duplicate job {number}")
            seen.add(number)
        read.append(None if len(seen) == jobs else frozenset(seen))
    return tuple(read)


def read_guarantee(value: object, providers: int, key: str = "guarantee", depth: int = 1) -> Guarantee:
    """Read a guarantee, and those that it is made of.

    Raises
    ------
    ProblemError

    Examples
    --------
    >>> read_guarantee({"type": "income", "floor": "1/2"}, 2)
    Income(floors=(Fraction(1, 2), Fraction(1, 2)))
    """
    if not isinstance(value, Mapping):
        raise ProblemError("", key, f"{shorten(value)} is not a table")
    if depth > MAX_DEPTH:
        raise ProblemError("", key, f"more than {MAX_DEPTH} guarantees within each other")
    try:
        entry = keys.read_keys(GuaranteeKeys, {"guarantee": value}).guarantee
    except ProblemError as error:
        raise ProblemError("", key + error.key.removeprefix("guarantee"), error.reason) from None
    if isinstance(entry, IncomeKeys):
        return _income(entry, providers, key)
    if isinstance(entry, AlphaKeys):
        return _alpha(entry.alpha, f"{key}.alpha")
    if isinstance(entry, MaxMinKeys):
        return MaxMin()
    if not entry.of:
        raise ProblemError("", f"{key}.of", "empty")
    parts = tuple(
        read_guarantee(part, providers, f"{key}.of[{k}]", depth + 1) for k, part in enumerate(entry.of)
    )
    return AnyOf(parts) if isinstance(entry, AnyKeys) else AllOf(parts)


def _alpha(alpha: Fraction, key: str) -> Alpha:
    if alpha < 0:
        raise ProblemError("", key, f"{alpha} is negative")
    if max(alpha.numerator, alpha.denominator) > MAX_ALPHA:
        reason = f"{shorten(str(alpha))} has a numerator or denominator above {MAX_ALPHA}"
        raise ProblemError("", key, reason)
    return Alpha(alpha)


def _income(entry: IncomeKeys, providers: int, key: str) -> Income:
    if (entry.floor is None) == (entry.floors is None):
        raise ProblemError("", key, "needs either floor (for all) or floors (one each)")
    if entry.floor is not None:
        return Income((keys.amount(f"{key}.floor", entry.floor),) * providers)
    floors = one_or_each(f"{key}.floors", entry.floors, providers, "providers")
    return Income(tuple(keys.amount(place, 0 if _is_empty(floor) else floor) for place, floor in floors))


def written(guarantee: Guarantee) -> dict[str, Any]:
    """Return the keys of a guarantee.

    Examples
    --------
    >>> written(AllOf((Income((Fraction(1), Fraction(0))), MaxMin())))
    {'type': 'all', 'of': [{'type': 'income', 'floors': ['1', '0']}, {'type': 'max-min'}]}
    """
    match guarantee:
        case Income(floors) if len(set(floors)) == 1:
            return {"type": "income", "floor": show(floors[0])}
        case Income(floors):
            return {"type": "income", "floors": show_all(floors)}
        case MaxMin():
            return {"type": "max-min"}
        case Alpha(alpha):
            return {"type": "alpha", "alpha": show(alpha)}
        case AnyOf(parts):
            return {"type": "any", "of": [written(part) for part in parts]}
        case AllOf(parts):
            return {"type": "all", "of": [written(part) for part in parts]}


def _number(place: str, value: object) -> Fraction:
    try:
        return keys.number(value)
    except ValueError as error:
        raise ProblemError("", place, str(error)) from None


def _whole(place: str, value: object) -> int:
    try:
        return keys.whole(value)
    except ValueError as error:
        raise ProblemError("", place, str(error)) from None


def _job(place: str, value: object, jobs: int) -> int:
    number = _whole(place, value)
    if not 0 <= number < jobs:
        raise ProblemError("", place, f"{shorten(number)} is no job; jobs are 0..{jobs - 1}")
    return number
