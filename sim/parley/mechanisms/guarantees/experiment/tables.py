"""The tables of the study: their columns."""

from __future__ import annotations

import pyarrow as pa

from parley.kit.experiment.tables import NAME

__all__ = ["SCHEMAS"]

_CURVE: dict[str, pa.DataType] = {
    "curve": pa.int32(),
    "variant": NAME,
    "area": NAME,
    "date": NAME,
    "window": pa.float64(),
    "variation": pa.float64(),
}

SCHEMAS: dict[str, pa.Schema] = {
    "instances": pa.schema(
        list(
            {
                **_CURVE,
                "sample": pa.int32(),
                "providers": pa.int32(),
                "max_value": pa.float64(),
                "tau": pa.float64(),
                "restricted_value": pa.float64(),
                "loss": pa.float64(),
                "proved": pa.bool_(),
            }.items()
        )
    ),
}
"""Columns of ``instances.parquet``: a row for each instance.

Drawn instances have a variant and a variation, and their window is x; taxi trips have an area and a date, and
their window is in minutes. If the time was up, the numbers are those of the best allocations that were found,
and `proved` is false.
"""
