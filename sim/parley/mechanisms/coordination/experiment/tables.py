"""The tables of an experiment with populations: their columns."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from parley.kit.experiment import tables
from parley.kit.experiment.tables import NAME, WEI

__all__ = ["SCHEMAS", "table_of"]


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list(columns.items()))


_GAME: dict[str, pa.DataType] = {"cell": pa.int32(), "generation": pa.int32(), "game": pa.int64()}

SCHEMAS: dict[str, pa.Schema] = {
    "games": _schema(
        **_GAME,
        engine=NAME,
        ending=NAME,
        rounds=pa.int32(),
        proposer=pa.int16(),
        total_cost_wei=WEI,
        saved_wei=WEI,
        possible_wei=WEI,
    ),
    "agents": _schema(
        **_GAME,
        seat=pa.int16(),
        member=pa.int32(),
        strategy=NAME,
        cost_wei=WEI,
        expected_cost_wei=WEI,
        probability=pa.float64(),
    ),
    "announcements": _schema(**_GAME, seat=pa.int16(), task_type=pa.int16(), units=pa.int64()),
    "draws": _schema(
        **_GAME,
        round=pa.int32(),
        kind=NAME,
        seat=pa.int16(),
        probability=pa.float64(),
        continued=pa.bool_(),
    ),
    "generations": _schema(
        cell=pa.int32(),
        generation=pa.int32(),
        seat=pa.int16(),
        strategy=NAME,
        members=pa.int32(),
        share=pa.float64(),
        games=pa.int64(),
        mean_cost=pa.float64(),
        std_error=pa.float64(),
        expected_cost=pa.float64(),
        predicted_share=pa.float64(),
        predicted_cost=pa.float64(),
    ),
    "savings": _schema(
        cell=pa.int32(),
        generation=pa.int32(),
        games=pa.int64(),
        settled=pa.int64(),
        broken_down=pa.int64(),
        expired=pa.int64(),
        rounds=pa.int64(),
        saved_share=pa.float64(),
        std_error=pa.float64(),
        expected_saved_share=pa.float64(),
        predicted_saved_share=pa.float64(),
    ),
}
"""Columns of the tables that grow with the generations.

`games.saved_wei` is F(D) less what all paid; `possible_wei` is what a cost-effective allocation saves.
`agents.expected_cost_wei` and `probability` are Proposition 1's at what was announced, in whole wei (null
where a game ended before all had announced). `draws.seat` is the proposer, or -1 for a continuation draw,
which says in `continued` how it went. `generations.members` and `share` are those that played the generation;
costs are in units of cost, and `std_error` is that of the mean; `predicted_…` is the infinite population's
(null where theory has nothing to say).
`savings` has one row for each cell and generation; `saved_share` is realized over possible savings, with its
`std_error`, and `expected_saved_share` what Proposition 1 expects of what was announced.
"""


def table_of(name: str, columns: dict[str, Any]) -> pa.Table:
    """Make a table, or a part of it, from its columns; money as whole wei."""
    return tables.table_of(SCHEMAS[name], columns)
