"""The declaration of ``parley import tlc``; its reader is in `imported`, which is slow to load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.kit.declared import Description, Format
from parley.kit.options import Option, seed

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["tlc"]

MOST = 10_000
"""Jobs and providers of any problem; `problem` has the same limits, and is slow to load."""
_DRAWN = "--date 2016-01-08 --window 16 --jobs 30 --providers 18"
"""An example of what is drawn."""


def tlc(read: Callable[..., dict[str, Any]]) -> Format:
    """Declare the import of taxi trips."""
    return Format(
        "tlc",
        Description(
            "Sample jobs from taxi trips of New York's Taxi and Limousine Commission (TLC): trips of a "
            "day that begin and end in one area and start from 9:00 to 17:00, without the longest and "
            "the dearest. Times are seconds from the start of a window, values are dollars. All drivers "
            "are promised the greatest least pay.",
            (
                f"parley import tlc yellow_tripdata_2016-01.parquet --area midtown {_DRAWN}",
                f"parley import tlc trips.csv --area 161,162 --pool day --seed 7 {_DRAWN}",
            ),
        ),
        "A Parquet or CSV file of trips, with taxi zones (PULocationID) or areas (pu_area).",
        (
            Option(
                "tlc",
                "area",
                str,
                "Where trips begin and end: midtown, upper_west_side, upper_east_side, another name in "
                "the file, or numbers of taxi zones.",
                metavar="NAME|ZONE,ZONE…",
            ),
            Option("tlc", "date", str, "Day of the trips.", metavar="YYYY-MM-DD"),
            Option("tlc", "window", int, "Length of the window.", metavar="MINUTES", least=1, most=480),
            Option("tlc", "jobs", int, "Number of trips.", least=1, most=MOST),
            Option("tlc", "providers", int, "Number of drivers.", least=1, most=MOST),
            Option(
                "tlc",
                "pool",
                str,
                "interval: sample among the trips that started in one window, or day: among those of the "
                "day, for files with few trips, and draw new starts within the window.",
                default="interval",
                metavar="NAME",
            ),
            Option("tlc", "value", str, "Column of values.", default="total_amount", metavar="COLUMN"),
            seed("tlc", "Seed of the sample.", "0"),
        ),
        read,
    )
