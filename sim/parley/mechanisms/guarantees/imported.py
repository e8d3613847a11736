"""Problems made of taxi trips, as in Section 5 and Appendix B of the paper."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from parley.core.errors import ParleyError, ProblemError
from parley.core.exact import show
from parley.core.texttables import say_nothing
from parley.mechanisms.guarantees.trips import CLOSES, OPENS, Trip, check_columns, read_day

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Unpack

__all__ = ["POOLS", "Pool", "pool_of", "read_tlc"]

POOLS = ("interval", "day")
VALUE = "total_amount"
THOUSAND = 1000
"""One trip in a thousand, rounded up, is dropped as one of the longest, and as one of the dearest."""
MINUTES = (CLOSES - OPENS) // 60


@dataclass(frozen=True)
class Pool:
    """Trips to sample from.

    Attributes
    ----------
    window : int
        Seconds of the window.
    groups : tuple of tuple of Trip
        Groups with enough trips. Starts are in seconds from the window's start.
    redrawn : bool
        Whether starts are drawn anew, uniformly over the window's whole seconds.
    """

    window: int
    groups: tuple[tuple[Trip, ...], ...]
    redrawn: bool

    def sample(self, jobs: int, dice: np.random.Generator) -> list[Trip]:
        """Draw a group, and then so many of its trips; in order of start."""
        group = self.groups[int(dice.integers(len(self.groups)))]
        drawn = [group[k] for k in dice.choice(len(group), jobs, replace=False).tolist()]
        if self.redrawn:
            starts = [Fraction(start) for start in dice.integers(self.window, size=jobs).tolist()]
            pairs = zip(starts, drawn, strict=True)
            drawn = [Trip(start, start + trip.length, trip.value) for start, trip in pairs]
        return sorted(drawn)


def without_extremes(trips: Sequence[Trip]) -> list[Trip]:
    """Drop the ⌈N/1000⌉ longest and the ⌈N/1000⌉ dearest of N trips, with those that tie.

    Examples
    --------
    >>> trips = [Trip(Fraction(0), Fraction(end), Fraction(value)) for end, value in ((3, 1), (1, 9), (2, 2))]
    >>> [int(trip.end) for trip in without_extremes(trips)]
    [2]
    """
    dropped = -(-len(trips) // THOUSAND)
    lengths = sorted((trip.length for trip in trips), reverse=True)
    values = sorted((trip.value for trip in trips), reverse=True)
    return [trip for trip in trips if trip.length < lengths[dropped - 1] and trip.value < values[dropped - 1]]


def pool_of(trips: Sequence[Trip], *, window: int, jobs: int, pool: str = "interval") -> Pool:
    """Group a day's trips to sample a number of jobs from.

    Parameters
    ----------
    trips : sequence of Trip
        Of one day, from 9:00 to 17:00.
    window : int
        Minutes.
    pool : str
        ``interval``: the trips that start in the same window, of those that follow each other from 9:00;
        ``day``: all, as if they had started in one window.

    Raises
    ------
    ParleyError
        If there are too few trips.
    """
    rest, seconds = without_extremes(trips), 60 * window
    if pool == "day":
        if len(rest) < jobs:
            raise ParleyError(f"{len(rest)} trips are too few for {jobs} jobs")
        return Pool(seconds, (tuple(rest),), redrawn=True)
    groups: list[list[Trip]] = [[] for _ in range(MINUTES // window)]
    for trip in rest:
        number = int((trip.start - OPENS) // seconds)
        if number < len(groups):  # the last interval may be shorter
            opens = OPENS + number * seconds
            groups[number].append(Trip(trip.start - opens, trip.end - opens, trip.value))
    large = tuple(tuple(group) for group in groups if len(group) >= jobs)
    if not large:
        most = max(map(len, groups))
        raise ParleyError(
            f"no interval of {window} minutes has {jobs} trips, the fullest has {most}; use --pool day"
        )
    return Pool(seconds, large, redrawn=False)


class Wanted(TypedDict, total=False):
    """The options of ``parley import tlc``.

    Attributes
    ----------
    area : str
        A name, or numbers of taxi zones: ``161,162``.
    date : str
        As ``2016-01-08``.
    window : int
        Minutes.
    jobs, providers : int
        Numbers of trips and of drivers.
    pool : str
        ``interval`` (default) or ``day``; see `pool_of`.
    value : str
        The column that holds the values, by default ``total_amount``.
    seed : int
        Of the sample, by default 0.
    """

    area: str
    date: str
    window: int
    jobs: int
    providers: int
    pool: str
    value: str
    seed: int


NEEDED = ("area", "date", "window", "jobs", "providers")


def read_tlc(
    path: str | PathLike[str], *, warn: Callable[[str], None] | None = None, **wanted: Unpack[Wanted]
) -> dict[str, Any]:
    """Sample a problem from the trips of one day within one area.

    Parameters
    ----------
    path : path
        A file of TLC's, Parquet or CSV.
    warn : callable, optional
        Gets notes about unusual data.
    **wanted
        See `Wanted`.

    Returns
    -------
    dict
        The keys of a problem file: times in seconds from the window's start, values in dollars, max-min.

    Raises
    ------
    ParleyError
        In one line.
    """
    if missing := [f"--{name}" for name in NEEDED if name not in wanted]:
        check_columns(path, wanted.get("value", VALUE))  # before options are asked for
        raise ParleyError(f"missing {', '.join(missing)}")
    area, date, jobs, pool = wanted["area"], wanted["date"], wanted["jobs"], wanted.get("pool", POOLS[0])
    if pool not in POOLS:
        raise ParleyError(f"--pool: unknown {pool!r}; known: {', '.join(POOLS)}")
    day = read_day(path, area, date, wanted.get("value", VALUE))
    if not day.trips:
        raise ProblemError(fspath(path), "", f"no trips of {date} within {area} from 9:00 to 17:00")
    if day.left_out:
        (warn or say_nothing)(f"trips without positive length and value, left out: {day.left_out}")
    try:
        found = pool_of(day.trips, window=wanted["window"], jobs=jobs, pool=pool)
    except ParleyError as error:
        raise ProblemError(fspath(path), "", f"{date}, {area}: {error}") from None
    sample = found.sample(jobs, np.random.default_rng(wanted.get("seed", 0)))
    return {
        "kind": "guarantees",
        "providers": wanted["providers"],
        "values": [_number(trip.value) for trip in sample],
        "intervals": [[_number(trip.start), _number(trip.end)] for trip in sample],
        "guarantee": {"type": "max-min"},
    }


def _number(value: Fraction) -> int | str:
    """Return a number of a problem file: a decimal where it is one.

    Examples
    --------
    >>> _number(Fraction(1296, 100)), _number(Fraction(7)), _number(Fraction(1, 3))
    ('12.96', 7, '1/3')
    """
    if value.denominator == 1:
        return int(value)
    with localcontext(prec=600):
        decimal = Decimal(value.numerator) / value.denominator
    return str(decimal) if Fraction(decimal) == value else show(value)
