"""Problems made of taxi trips: the same from Parquet and from CSV, by the rules of the paper's Section 5."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from parley.core.errors import ParleyError
from parley.mechanisms.guarantees.guarantee import MaxMin
from parley.mechanisms.guarantees.imported import Wanted, pool_of, read_tlc, without_extremes
from parley.mechanisms.guarantees.problem import Problem
from parley.mechanisms.guarantees.trips import AREAS, Trip, read_day

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MORNING = datetime(2016, 1, 8, 9)  # noqa: DTZ001 - the files name no time zone
WANTED: Wanted = {"area": "midtown", "date": "2016-01-08", "window": 20, "jobs": 5, "providers": 2}

MISSING = float("nan")

Row = tuple[datetime, datetime, int, int, float]
"""Start, end, zones at both ends, dollars."""


def row(
    minute: float, *, lasts: float = 10, zones: tuple[int, int] = (161, 162), dollars: float = 9.5
) -> Row:
    start = MORNING + timedelta(minutes=minute)
    return start, start + timedelta(minutes=lasts), *zones, dollars


def trips(count: int) -> list[Row]:
    """Trips one minute apart, no two of the same length or value."""
    return [row(k, lasts=5 + k / 10, dollars=round(8 + k / 100, 2)) for k in range(count)]


def parquet(folder: Path, rows: Sequence[Row], unit: str = "us") -> Path:
    """A file as TLC publishes today."""
    starts, ends, origins, targets, dollars = zip(*rows, strict=True)
    table = pa.table(
        {
            "VendorID": pa.array([1] * len(rows), pa.int64()),
            "tpep_pickup_datetime": pa.array(starts, pa.timestamp(unit)),
            "tpep_dropoff_datetime": pa.array(ends, pa.timestamp(unit)),
            "PULocationID": pa.array(origins, pa.int64()),
            "DOLocationID": pa.array(targets, pa.int64()),
            "fare_amount": pa.array([1.0] * len(rows)),
            "total_amount": pa.array(dollars, pa.float64()),
        }
    )
    path = folder / "trips.parquet"
    pq.write_table(table, path, row_group_size=7)
    return path


TLC = ("tpep_pickup_datetime", "tpep_dropoff_datetime", "PULocationID", "DOLocationID", "total_amount")
NAMED = ("pickup_datetime", "dropoff_datetime", "pu_area", "do_area", "total_amount")


def texts(folder: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    path = folder / "trips.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [header, *(["" if cell is MISSING else cell for cell in one] for one in rows)]
        )
    return path


def area_of(zone: int) -> str:
    return next((name for name, zones in AREAS.items() if zone in zones), "outside")


def every_form(folder: Path, rows: Sequence[Row]) -> list[Path]:
    """The same trips in all forms that there are."""
    forms = []
    for form in ("us", "ns", "csv", "named"):
        (folder / form).mkdir()
        if form == "csv":
            forms.append(texts(folder / form, TLC, rows))
        elif form == "named":
            areas = [(one[0], one[1], area_of(one[2]), area_of(one[3]), one[4]) for one in rows]
            forms.append(texts(folder / form, NAMED, areas))
        else:
            forms.append(parquet(folder / form, rows, form))
    return forms


def read(path: Path, **changed: Any) -> Problem:  # noqa: ANN401 - of `Wanted`
    wanted: Any = {**WANTED, **changed}
    return Problem.from_mapping(read_tlc(path, **wanted))


# ── which trips ─────────────────────────────────────────────────────────────────────────────────────────────


def test_all_forms_of_a_file_give_the_same_problem(tmp_path: Path) -> None:
    rows = trips(200)
    first, *others = [
        [read_tlc(path, **WANTED | {"seed": seed}) for seed in range(3)]
        for path in every_form(tmp_path, rows)
    ]
    assert others == [first] * len(others)
    assert first[0] != first[1] != first[2] != first[0]


def test_the_order_of_a_file_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "back").mkdir()
    rows = trips(100)
    one, other = parquet(tmp_path, rows), parquet(tmp_path / "back", rows[::-1])
    assert read_tlc(one, **WANTED) == read_tlc(other, **WANTED)


def test_only_trips_of_the_day_the_hours_and_the_area_count(tmp_path: Path) -> None:
    inside = [row(0), row(479.99), row(3, zones=(233, 48)), row(4, lasts=600)]
    outside = [
        row(-0.02),
        row(480),
        row(24 * 60),
        row(-24 * 60),
        row(5, zones=(161, 236)),
        row(5, zones=(236, 161)),
        row(6, lasts=0),
        row(6, lasts=-1),
        row(7, dollars=0),
        row(7, dollars=-3),
        row(8, dollars=MISSING),
    ]
    for path in every_form(tmp_path, [*outside, *inside]):
        day = read_day(path, "midtown", "2016-01-08")
        starts = sorted((one[0] - MORNING).total_seconds() + 9 * 3600 for one in inside)
        assert [float(trip.start) for trip in day.trips] == starts
        assert day.left_out == 5


def test_numbers_of_zones_are_areas_too(tmp_path: Path) -> None:
    rows = [row(k, zones=zones) for k, zones in enumerate([(4, 4), (4, 79), (79, 4), (4, 12), (161, 161)])]
    for path in every_form(tmp_path, rows)[:3]:
        assert len(read_day(path, "4, 79", "2016-01-08").trips) == 3
        assert len(read_day(path, "Midtown", "2016-01-08").trips) == 1


def test_zones_that_some_rows_lack_may_be_floats(tmp_path: Path) -> None:
    times = [[one[k] for one in trips(3)] for k in (0, 1)]
    zones = pa.array([161.0, None, 162.0])
    table = pa.table([*map(pa.array, times), zones, zones, pa.array([1.0, 2.0, None])], names=list(TLC))
    pq.write_table(table, tmp_path / "trips.parquet")
    day = read_day(tmp_path / "trips.parquet", "midtown", "2016-01-08")
    assert [trip.value for trip in day.trips] == [Fraction(1)]
    assert day.left_out == 1


def test_the_longest_and_the_dearest_are_dropped_with_their_ties() -> None:
    zero = Fraction(0)
    usual = [Trip(zero, Fraction(10 + k % 7), Fraction(20 + k % 5)) for k in range(990)]
    long = [Trip(zero, Fraction(end), Fraction(1)) for end in (99, 50, 50)]
    dear = [Trip(zero, Fraction(1), Fraction(value)) for value in (99, 50, 50, 50)]
    # 997 trips: one of each, and nothing ties with it.
    assert Counter(without_extremes([*usual, *long, *dear])) == Counter([*usual, *long[1:], *dear[1:]])
    # 1,001 trips: two of each, and whatever ties with the second.
    more = [*usual, *usual[:4], *long, *dear]
    assert Counter(without_extremes(more)) == Counter([*usual, *usual[:4]])


# ── the sample ──────────────────────────────────────────────────────────────────────────────────────────────


def test_times_are_seconds_from_the_window_s_start_and_values_are_exact(tmp_path: Path) -> None:
    rows = trips(200)
    for path in every_form(tmp_path, rows):
        problem = read(path, seed=4)
        assert problem.providers == 2
        assert problem.guarantee == MaxMin()
        assert problem.intervals is not None
        known = {Fraction(str(one[4])): (one[1] - one[0]).total_seconds() for one in rows}
        lengths = [end - start for start, end in problem.intervals]
        assert [known[value] for value in problem.values] == lengths
        assert all(0 <= start < 20 * 60 for start, _ in problem.intervals)
        assert sorted(problem.intervals) == list(problem.intervals)


def test_trips_of_an_interval_are_of_one_interval() -> None:
    start = Fraction(9 * 3600)
    day = [Trip(start + 60 * k, start + 60 * k + 100 + k, Fraction(1000 - k)) for k in range(480)]
    pool = pool_of(day, window=50, jobs=30)
    # Nine whole intervals; the tenth is shorter. The longest and the dearest are at the ends of the day.
    assert [len(group) for group in pool.groups] == [49, *[50] * 8]
    seen: Counter[int] = Counter()
    for k in range(400):
        sample = pool.sample(30, np.random.default_rng(k))
        assert len(set(sample)) == 30
        numbers = {int(trip.length - 100) - int(trip.start / 60) for trip in sample}
        assert len(numbers) == 1
        seen[numbers.pop() // 50] += 1
    assert sorted(seen) == list(range(9))


def test_intervals_with_too_few_trips_are_never_drawn(tmp_path: Path) -> None:
    rows = [*trips(8), *(row(60 + k / 10, lasts=4 + k / 100) for k in range(30)), row(1, dollars=99)]
    path = parquet(tmp_path, rows)
    for seed in range(20):
        problem = read(path, jobs=12, seed=seed)
        assert set(problem.values) == {Fraction("9.5")}


def test_starts_of_a_day_are_drawn_anew_over_the_window_s_whole_seconds(tmp_path: Path) -> None:
    day = read_day(parquet(tmp_path, trips(202)), "midtown", "2016-01-08")
    pool = pool_of(day.trips, window=1, jobs=100, pool="day")
    starts: list[int] = []
    for seed in range(120):
        sample = pool.sample(100, np.random.default_rng(seed))
        assert len({trip.value for trip in sample}) == 100
        for trip in sample:
            assert trip.start.denominator == 1
            assert trip.length == 300 + 6 * (100 * trip.value - 800)
            starts.append(int(trip.start))
    counts = np.bincount(starts, minlength=60)
    assert len(counts) == 60
    # 12,000 draws, 200 in each of 60 seconds; chi-squared has 59 degrees of freedom.
    assert float(((counts - 200) ** 2 / 200).sum()) < 59 + 6 * (2 * 59) ** 0.5


def test_another_column_can_hold_the_values(tmp_path: Path) -> None:
    rows = [(*one, 2 + k) for k, one in enumerate(trips(40))]
    path = texts(tmp_path, (*TLC, "fare_amount"), rows)
    assert all(value.denominator == 1 for value in read(path, value="fare_amount").values)


def test_decimals_of_a_text_are_kept_and_floats_are_read_as_they_print(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    rows = [row(k, lasts=9 + k, dollars=dollars) for k, dollars in enumerate((0.1 + 0.2, 5.1, 99))]
    path = parquet(tmp_path, [*rows, row(9, lasts=99)])
    assert read(path, jobs=2).values == (Fraction("0.30000000000000004"), Fraction("5.1"))
    lines = [(*one[:4], text) for one, text in zip(rows, ("1.100", " 2.30 ", "99"), strict=True)]
    path = texts(tmp_path / "other", TLC, [*lines, row(9, lasts=99)])
    assert read(path, jobs=2).values == (Fraction("1.1"), Fraction("2.3"))


def test_parts_of_seconds_are_kept(tmp_path: Path) -> None:
    rows = [row(1 / 3, lasts=9), row(2, lasts=8.5), row(3, lasts=9.9), row(4, lasts=1, dollars=80)]
    for path in every_form(tmp_path, rows):
        problem = read(path, jobs=2)
        assert problem.intervals == tuple((Fraction(a), Fraction(b)) for a, b in ((20, 560), (120, 630)))


# ── what is refused ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"area": "harlem"},
            "--area: unknown area 'harlem'; known: midtown, upper_east_side, upper_west_side, ",
        ),
        ({"date": "8 January"}, "--date: '8 January' is not a date such as 2016-01-08"),
        ({"date": "2016-02-30"}, "--date: '2016-02-30' is not a date such as 2016-01-08"),
        ({"date": "2016-01-09"}, "no trips of 2016-01-09 within midtown from 9:00 to 17:00"),
        ({"pool": "week"}, "--pool: unknown 'week'; known: interval, day"),
        ({"value": "total_amout"}, "no column 'total_amout' (did you mean total_amount?)"),
        ({"jobs": 21}, "no interval of 20 minutes has 21 trips, the fullest has 20; use --pool day"),
        ({"jobs": 99, "pool": "day"}, "98 trips are too few for 99 jobs"),
    ],
)
def test_what_cannot_be_sampled_is_said(changed: dict[str, Any], said: str, tmp_path: Path) -> None:
    rows = [*trips(99), row(1, lasts=600, dollars=1)]
    with pytest.raises(ParleyError, match=re.escape(said)):
        read(parquet(tmp_path, rows), **changed)


def test_missing_options_are_named(tmp_path: Path) -> None:
    with pytest.raises(ParleyError, match=r"^missing --date, --jobs$"):
        read_tlc(parquet(tmp_path, trips(9)), area="midtown", window=9, providers=2)


def test_areas_are_those_zones_of_the_lookup_table_that_comes_with_the_trips() -> None:
    midtown = {
        48: "Clinton East",
        68: "East Chelsea",
        90: "Flatiron",
        100: "Garment District",
        161: "Midtown Center",
        162: "Midtown East",
        163: "Midtown North",
        164: "Midtown South",
        170: "Murray Hill",
        186: "Penn Station/Madison Sq West",
        229: "Sutton Place/Turtle Bay North",
        230: "Times Sq/Theatre District",
        233: "UN/Turtle Bay South",
    }
    east = {
        140: "Lenox Hill East",
        141: "Lenox Hill West",
        236: "Upper East Side North",
        237: "Upper East Side South",
        262: "Yorkville East",
        263: "Yorkville West",
    }
    west = {
        24: "Bloomingdale",
        142: "Lincoln Square East",
        143: "Lincoln Square West",
        151: "Manhattan Valley",
        238: "Upper West Side North",
        239: "Upper West Side South",
    }
    zones = {"midtown": tuple(midtown), "upper_east_side": tuple(east), "upper_west_side": tuple(west)}
    assert dict(AREAS) == zones


@pytest.mark.parametrize(
    ("header", "line", "said"),
    [
        (
            TLC,
            ("2016-01-08 09:00", "2016-01-08 09:10", 161, 161, "much"),
            "row 2, column total_amount: 'much' is",
        ),
        (
            TLC,
            ("2016-01-08 09:00", "later", 161, 161, 9),
            "row 2, column tpep_dropoff_datetime: 'later' is not a time",
        ),
        (
            TLC,
            ("01/08/2016 09:00", "", 161, 161, 9),
            "row 2, column tpep_pickup_datetime: '01/08/2016 09:00' is not",
        ),
        (TLC, (1, 2, 3), "cannot be read as Parquet or CSV: CSV parse error: Row #3"),
        (NAMED, ("2016-01-08 09:00", "2016-01-08 09:10", "Midtown", "midtwn", 9), ""),
        (("total_amount", *TLC[1:4]), (), "no column tpep_pickup_datetime or pickup_datetime"),
        ((TLC[0], *TLC[2:5]), (), "no column tpep_dropoff_datetime or dropoff_datetime"),
        ((*TLC[:3], "total_amount"), (), "no columns PULocationID and DOLocationID, or pu_area and do_area"),
        ((*TLC, "Total_Amount"), (), "two columns have the same name"),
        (("nothing",), (), "is neither Parquet nor CSV"),
    ],
)
def test_broken_files_are_refused_in_one_line(
    header: Sequence[str], line: Sequence[object], said: str, tmp_path: Path
) -> None:
    good = [
        one for _, one in zip(header, ("2016-01-08 09:00", "2016-01-08 09:10", 161, 161, 9, 9), strict=False)
    ]
    path = texts(tmp_path, header, [good, *([line] if line else [])])
    if not said:
        with pytest.raises(ParleyError, match=r"unknown area 'upper'; known: 161, Midtown, midtwn$"):
            read_day(path, "upper", "2016-01-08")
        return
    with pytest.raises(ParleyError) as refused:
        read_day(path, "midtown", "2016-01-08")
    assert str(refused.value).startswith(f"{path}: ")
    assert getattr(refused.value, "file", str(path)) == str(path)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_with_areas_only_has_no_zones(tmp_path: Path) -> None:
    path = texts(tmp_path, NAMED, [("2016-01-08 09:00", "2016-01-08 09:10", "midtown", "midtown", 9)])
    with pytest.raises(ParleyError, match="no columns PULocationID and DOLocationID with zones"):
        read_day(path, "161", "2016-01-08")


@pytest.mark.parametrize(
    "data", [b"PAR1 and no more", b"", b"\xff\xfe\x00", b'a,b\n"1,2\n', b"\x00\x01,\x02\n"]
)
def test_other_files_are_refused_in_one_line(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(ParleyError) as refused:
        read_day(path, "midtown", "2016-01-08")
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)


def test_files_that_cannot_be_opened_are_named(tmp_path: Path) -> None:
    for path, said in ((tmp_path, "is a folder, not a file"), (tmp_path / "none", "cannot be read")):
        with pytest.raises(ParleyError, match=said):
            read_day(path, "midtown", "2016-01-08")


def test_rows_without_a_length_or_a_value_are_told_of(tmp_path: Path) -> None:
    notes: list[str] = []
    read_tlc(
        parquet(tmp_path, [*trips(30), row(1, dollars=-1), row(2, lasts=0)]), **WANTED, warn=notes.append
    )
    assert notes == ["trips without positive length and value, left out: 2"]
