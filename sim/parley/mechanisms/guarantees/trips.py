"""Taxi trips in the files of New York's Taxi and Limousine Commission (TLC), as Parquet or CSV.

Today's files name taxi zones at both ends of a trip; other files may name areas. Only the trips of one day
within one area are kept in memory: a month has ten million trips.
"""

from __future__ import annotations

import csv
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from fractions import Fraction
from os import PathLike, fspath
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from parley.core import exact
from parley.core.errors import ParleyError, ProblemError, shorten
from parley.core.files import open_regular
from parley.core.keys import did_you_mean
from parley.core.texttables import SPACES, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["AREAS", "CLOSES", "OPENS", "Day", "Trip", "read_day"]

AREAS = {
    "midtown": (48, 68, 90, 100, 161, 162, 163, 164, 170, 186, 229, 230, 233),
    "upper_east_side": (140, 141, 236, 237, 262, 263),
    "upper_west_side": (24, 142, 143, 151, 238, 239),
}
"""The paper's neighbourhoods of Manhattan, by TLC's numbers of taxi zones."""

OPENS, CLOSES = 9 * 3600, 17 * 3600
"""A day's trips start from 9:00 to just before 17:00; in seconds."""

STARTS = ("tpep_pickup_datetime", "lpep_pickup_datetime", "pickup_datetime", "trip_pickup_datetime")
ENDS = tuple(name.replace("pickup", "dropoff") for name in STARTS)
ZONES = (("pulocationid", "dolocationid"), ("pu_zone", "do_zone"))
PLACES = ("pu_area", "do_area")
"""Names of columns, in small letters."""

HEADER = 1 << 16
"""Bytes that hold the header of a CSV file."""
ROWS = 1 << 17
_NUMBERS = re.compile(r"\d{1,9}(\s*,\s*\d{1,9})*", re.ASCII)


class Trip(NamedTuple):
    """A trip; times in seconds from midnight."""

    start: Fraction
    end: Fraction
    value: Fraction

    @property
    def length(self) -> Fraction:
        """Return its duration."""
        return self.end - self.start


class Day(NamedTuple):
    """A day's trips within an area, in order of start."""

    trips: list[Trip]
    left_out: int
    """How many others have no positive length or value."""


def read_day(path: str | PathLike[str], area: str, on: str, value: str = "total_amount") -> Day:
    """Read the trips of a day that begin and end in an area and start from 9:00 to 17:00.

    Parameters
    ----------
    area : str
        A name, or numbers of taxi zones: ``161,162``.
    on : str
        The date: ``2016-01-08``.
    value : str
        The column that holds the values.

    Raises
    ------
    ParleyError
        In one line: file, row, column and reason; or the argument.
    """
    file = fspath(path)
    day = _date(on)
    with _opened(path) as table:
        columns = _Columns.of(file, table.names, value)
        here = _Area.of(file, columns, area)
        names = [columns.start, columns.end, columns.value, *here.columns]
        found: list[Trip | None] = []
        first = 1
        for batch in table.batches(names):
            rows = here.select(batch, _starts_on(file, batch[columns.start], columns.start, day, first))
            for place, start, end, amount in zip(
                rows.to_pylist(),
                *(_local(batch[name].take(rows)).to_pylist() for name in names[:3]),
                strict=True,
            ):
                row = f"row {first + place}"
                found.append(_trip(file, row, columns, day, (start, end, amount)))
            first += len(batch)
    here.check(file)
    trips = sorted(trip for trip in found if trip is not None and OPENS <= trip.start < CLOSES)
    kept = [trip for trip in trips if trip.length > 0 and trip.value > 0]
    return Day(kept, len(trips) - len(kept) + found.count(None))


def check_columns(path: str | PathLike[str], value: str) -> None:
    """Check that a file has the columns of trips; raises `ProblemError`."""
    with _opened(path) as table:
        _Columns.of(fspath(path), table.names, value)


@contextmanager
def _opened(path: str | PathLike[str]) -> Iterator[_Parquet | _Csv]:
    file = fspath(path)
    with open_regular(path) as source, _one_line(file):
        is_parquet = source.read(4) == b"PAR1"
        source.seek(0)
        yield _Parquet(file, source) if is_parquet else _Csv(file, source)


def _date(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - the files name no time zone
    except ValueError:
        raise ParleyError(f"--date: {shorten(text)} is not a date such as 2016-01-08") from None


@contextmanager
def _one_line(file: str) -> Iterator[None]:
    """Say in one line what Arrow cannot read."""
    try:
        yield
    except (pa.ArrowException, csv.Error, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ProblemError(file, "", f"cannot be read as Parquet or CSV: {reason}") from None


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────


class _Parquet:
    def __init__(self, file: str, source: BinaryIO) -> None:
        self._file, self._opened = file, pq.ParquetFile(source)
        self.names: list[str] = self._opened.schema_arrow.names

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of some columns."""
        return self._opened.iter_batches(batch_size=ROWS, columns=list(names))  # type: ignore[no-any-return]


class _Csv:
    def __init__(self, file: str, source: BinaryIO) -> None:
        self._source = source
        text = source.read(HEADER).decode("utf-8-sig", "replace")
        source.seek(0)
        self._own = next(csv.reader(text.splitlines()), [])
        self.names = [name.strip(SPACES) for name in self._own]
        if len(self.names) < 2:
            raise ProblemError(file, "line 1", "is neither Parquet nor CSV with a header of column names")

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of some columns, as texts."""
        own = [self._own[self.names.index(name)] for name in names]
        reader = pyarrow.csv.open_csv(
            self._source,
            read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=1 << 24),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=own, column_types=dict.fromkeys(own, pa.string()), strings_can_be_null=False
            ),
        )
        for batch in reader:
            trimmed = [pc.utf8_trim_whitespace(column) for column in batch.columns]
            yield pa.RecordBatch.from_arrays(trimmed, names=list(names))


@dataclass(frozen=True)
class _Columns:
    """The names of columns as in the file."""

    start: str
    end: str
    value: str
    zones: tuple[str, str] | None
    areas: tuple[str, str] | None

    @classmethod
    def of(cls, file: str, names: Sequence[str], value: str) -> _Columns:
        """Find them; raises ProblemError if one is missing."""
        known = {name.lower(): name for name in names}
        if len(known) < len(names):
            raise ProblemError(file, "", "two columns have the same name")
        times = [next((known[name] for name in some if name in known), None) for some in (STARTS, ENDS)]
        for found, some in zip(times, (STARTS, ENDS), strict=True):
            if found is None:
                raise ProblemError(file, "", f"no column {some[0]} or {some[2]}")
        if value.lower() not in known:
            raise ProblemError(file, "", f"no column {shorten(value)}{did_you_mean(value, names)}")
        pairs = [
            (known[one], known[other]) for one, other in (*ZONES, PLACES) if one in known and other in known
        ]
        areas = next((pair for pair in pairs if pair[0].lower() == PLACES[0]), None)
        zones = next((pair for pair in pairs if pair != areas), None)
        return cls(str(times[0]), str(times[1]), known[value.lower()], zones, areas)


def _spelt(area: str) -> str:
    """Return the name of an area in small letters, with underscores.

    Examples
    --------
    >>> _spelt("Upper West-Side")
    'upper_west_side'
    """
    return re.sub(r"[\s_-]+", "_", area.strip().lower())


class _Area:
    """Where both ends of a trip must be."""

    def __init__(self, columns: tuple[str, str], names: frozenset[str], numbers: Sequence[int]) -> None:
        self.columns = columns
        self._names, self._numbers = names, numbers
        self._met: set[str] = set()

    @classmethod
    def of(cls, file: str, columns: _Columns, area: str) -> _Area:
        """Read an area for the columns of a file."""
        if _NUMBERS.fullmatch(area.strip()):
            if columns.zones is None:
                raise ProblemError(file, "", "no columns PULocationID and DOLocationID with zones")
            return cls(columns.zones, frozenset(), [int(number) for number in area.split(",")])
        if columns.areas is not None:
            return cls(columns.areas, frozenset({_spelt(area)}), ())
        if columns.zones is None:
            raise ProblemError(file, "", "no columns PULocationID and DOLocationID, or pu_area and do_area")
        numbers = AREAS.get(_spelt(area))
        if numbers is None:
            known = f"{', '.join(AREAS)}, or numbers of zones such as 161,162"
            raise ParleyError(f"--area: unknown area {shorten(area)}; known: {known}")
        return cls(columns.zones, frozenset(), numbers)

    def select(self, batch: pa.RecordBatch, mask: pa.Array) -> pa.Array:
        """Return the numbers of the rows that a mask selects and that are in the area."""
        for column in self.columns:
            mask = pc.and_(mask, self._are_here(batch[column]))
        return pc.indices_nonzero(mask)

    def _are_here(self, cells: pa.Array) -> pa.Array:
        if pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type):
            # Numbers of zones become floats where a row has none.
            return pc.is_in(cells.cast(pa.float64()), value_set=pa.array(self._numbers, pa.float64()))
        present = [str(cell) for cell in cells.unique().to_pylist() if cell not in (None, "")]
        self._met.update(present)
        return pc.is_in(cells.cast(pa.string()), value_set=pa.array(self._these(present), pa.string()))

    def _these(self, present: Iterable[str]) -> list[str]:
        if self._names:
            return [cell for cell in present if _spelt(cell) in self._names]
        return [f"{number}{end}" for number in self._numbers for end in ("", ".0")]

    def check(self, file: str) -> None:
        """Raise ParleyError if the file knows no such area by name."""
        if self._names and not self._these(self._met):
            (name,), known = self._names, sorted(self._met)
            hint = did_you_mean(name, known) or f"; known: {listed(known) or 'none'}"
            raise ProblemError(file, "", f"unknown area {shorten(name)}{hint}")


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────

_TIME = r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d"


def _local(cells: pa.Array) -> pa.Array:
    """Return times without their time zone, in microseconds; other cells as they are."""
    if not pa.types.is_timestamp(cells.type):
        return cells
    local = pc.local_timestamp(cells) if cells.type.tz else cells
    return local.cast(pa.timestamp("us"), safe=False)


def _starts_on(file: str, cells: pa.Array, column: str, day: date, first: int) -> pa.Array:
    """Return which starts are on a date."""
    if pa.types.is_timestamp(cells.type):
        midnight = datetime.combine(day, time())
        days = pc.floor_temporal(_local(cells), unit="day")
        return pc.fill_null(pc.equal(days, pa.scalar(midnight, pa.timestamp("us"))), fill_value=False)
    texts = pc.fill_null(cells.cast(pa.string()), "")
    wrong = pc.invert(pc.or_(pc.match_substring_regex(texts, _TIME), pc.equal(texts, "")))
    for place in pc.indices_nonzero(wrong).to_pylist()[:1]:
        raise _no_time(file, f"row {first + place}", column, texts[place].as_py())
    return pc.starts_with(texts, pattern=day.isoformat())


def _trip(file: str, row: str, columns: _Columns, day: date, cells: tuple[object, ...]) -> Trip | None:
    """Read a trip; None if it has no end or no value."""
    start, end, value = cells
    if end in (None, "") or value in (None, "") or value != value:  # not a number  # noqa: PLR0124
        return None
    try:
        amount = exact.parse(value)
    except ValueError as error:
        raise ProblemError(file, f"{row}, column {columns.value}", str(error)) from None
    seconds = [
        _seconds(file, row, column, day, cell)
        for column, cell in ((columns.start, start), (columns.end, end))
    ]
    return Trip(seconds[0], seconds[1], amount)


def _seconds(file: str, row: str, column: str, day: date, cell: object) -> Fraction:
    """Return a time in seconds from the midnight at which a day begins."""
    try:
        moment = cell if isinstance(cell, datetime) else datetime.fromisoformat(str(cell))
    except ValueError:
        raise _no_time(file, row, column, cell) from None
    since = moment.replace(tzinfo=None) - datetime.combine(day, time())
    return Fraction(since.days * 86400 + since.seconds) + Fraction(since.microseconds, 10**6)


def _no_time(file: str, row: str, column: str, cell: object) -> ProblemError:
    reason = f"{shorten(cell)} is not a time such as 2016-01-08 09:30:00"
    return ProblemError(file, f"{row}, column {column}", reason)
