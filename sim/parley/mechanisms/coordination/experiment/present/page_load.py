"""Reading an experiment's folder: its tables, added up by cell and generation."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from parley.core.errors import ParleyError
from parley.kit.present.page_read import Moments, batches, grouped, numbers, read_json, read_table
from parley.mechanisms.coordination.experiment.present.page_problems import problems_of
from parley.mechanisms.coordination.experiment.present.page_tables import Cell, Experiment, Standing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["read_experiment"]


def read_experiment(folder: Path) -> Experiment:
    """Read the folder that `parley experiment` leaves.

    Raises
    ------
    ParleyError
        In one line: the file and what is wrong with it.
    """
    manifest = read_json(folder / "manifest.json")
    if manifest.get("kind") != "experiment":
        raise ParleyError(f"{folder / 'manifest.json'}: kind is {manifest.get('kind')!r}, not 'experiment'")
    if manifest.get("complete") is False:
        raise ParleyError(f"{folder}: the experiment was not finished; run it again, and it goes on")
    summary = read_json(folder / "summary.json")
    try:
        cells = _cells(folder, summary)
        by_number = {cell.number: cell for cell in cells}
        _read_generations(folder, by_number)
        _read_games(folder / "games.parquet", by_number)
        _read_agents(folder / "agents.parquet", by_number)
        _read_draws(folder / "draws.parquet", by_number)
    except (KeyError, TypeError, AttributeError) as error:
        raise ParleyError(
            f"{folder}: its tables do not fit together: {type(error).__name__} {error}"
        ) from None
    problems = problems_of(manifest, folder)
    for cell in cells:
        if (problem := problems.get(cell.problem_name)) is not None:
            cell.problem = replace(
                problem, recognition=cell.recognition, continuation=Fraction(cell.continuation)
            )
    return Experiment(folder, manifest, summary, cells)


TOLD_APART = (
    "recognition",
    "continuation",
    "problem",
    "agents",
    "task_types",
    "members",
    "games",
    "rule",
    "rate",
    "temperature",
    "mutation",
    "seed",
)
"""Columns of the table of cells that name one, in this order, if they are not the same in all."""


def _cells(folder: Path, summary: Mapping[str, Any]) -> list[Cell]:
    needed = ["cell", "problem", "agents", "task_types", "recognition", "continuation", "cost_contracted"]
    table = read_table(folder / "cells.parquet", [*needed, "possible_savings"])
    summaries = {entry["cell"]: entry for entry in summary["cells"]}
    cells = [
        Cell(
            number=number,
            problem_name=str(table["problem"][k]),
            agents=table["agents"][k],
            task_types=table["task_types"][k],
            recognition=str(table["recognition"][k]),
            # Exact in the summary, a float in the table.
            continuation=str(
                summaries.get(number, {}).get("continuation") or _text(table["continuation"][k])
            ),
            cost_contracted=float(table["cost_contracted"][k]),
            possible_savings=float(table["possible_savings"][k]),
            summary=summaries[number],
            endings=Counter(
                {
                    "settled": summaries[number]["settled"],
                    "broken down": summaries[number]["broken_down"],
                    "expired": summaries[number]["expired"],
                }
            ),
        )
        for k, number in enumerate(table["cell"])
    ]
    varying = [key for key in TOLD_APART if len(set(map(_text, table.get(key, ())))) > 1] or ["recognition"]
    spelt = {"recognition": "{}", "continuation": "δ = {}", "problem": "{}", "task_types": "task types {}"}
    for k, cell in enumerate(cells):
        parts = {
            key: spelt.get(key, key + " {}").format(
                cell.continuation if key == "continuation" else _text(table[key][k])
            )
            for key in varying
        }
        cell.name = ", ".join(parts.values())
        parts.pop("seed", None)
        cell.setting = ", ".join(parts.values()) or cell.recognition
    repeated = Counter(cell.name for cell in cells)
    for cell in cells:
        if repeated[cell.name] > 1:
            cell.name = f"{cell.name} (cell {cell.number + 1})"
    return cells


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _read_generations(folder: Path, cells: Mapping[int, Cell]) -> None:
    columns = ["cell", "generation", "seat", "strategy", "members", "share", "games", "mean_cost"]
    for batch in batches(folder / "generations.parquet", [*columns, "expected_cost"], ["predicted_share"]):
        table = batch.to_pydict()
        for cell, generation, seat, strategy, *standing in zip(*table.values(), strict=True):
            cells[cell].standings[generation, seat, str(strategy)] = Standing(*standing)
    for batch in batches(
        folder / "savings.parquet", ["cell", "generation", "games", "saved_share", "predicted_saved_share"]
    ):
        for cell, generation, games, share, predicted in zip(*batch.to_pydict().values(), strict=True):
            cells[cell].counted[generation] = games, share
            if predicted is not None:
                cells[cell].predicted_saved[generation] = predicted


def _whole(column: pa.Array) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.asarray(column.cast(pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64)


class _Labels:
    """Numbers for texts, the same in every batch."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}

    def numbers(self, column: pa.Array) -> np.ndarray[Any, np.dtype[np.int64]]:
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        table = []
        for name in map(str, coded.dictionary.to_pylist()):
            if name not in self._numbers:
                self._numbers[name] = len(self.names)
                self.names.append(name)
            table.append(self._numbers[name])
        codes: np.ndarray[Any, np.dtype[np.int64]] = np.asarray(table or [0], dtype=np.int64)
        return np.take(codes, _whole(coded.indices))


def _read_games(path: Path, cells: Mapping[int, Cell]) -> None:
    saved: dict[tuple[Any, ...], Moments] = {}
    for batch in batches(path, ["cell", "generation", "rounds", "saved_wei", "possible_wei"]):
        keys = [_whole(batch["cell"]), _whole(batch["generation"])]
        money, possible = numbers(batch["saved_wei"]), numbers(batch["possible_wei"])
        some = possible > 0
        grouped(saved, [key[some] for key in keys], money[some] / possible[some])
        for cell in np.unique(keys[0]).tolist():
            cells[cell].possible_wei = float(possible[keys[0] == cell].max())
        pairs, times = np.unique(np.stack([keys[0], _whole(batch["rounds"])]), axis=1, return_counts=True)
        for cell, rounds, number in zip(*pairs.tolist(), times.tolist(), strict=True):
            cells[cell].rounds[rounds] += number
    for (cell, generation), moments in saved.items():
        cells[cell].savings[generation] = moments


def _read_agents(path: Path, cells: Mapping[int, Cell]) -> None:
    labels = _Labels()
    costs: dict[tuple[Any, ...], Moments] = {}
    columns = ["cell", "generation", "seat", "strategy", "cost_wei"]
    for batch in batches(path, columns):
        keys = [_whole(batch[key]) for key in columns[:3]]
        grouped(costs, [*keys, labels.numbers(batch["strategy"])], numbers(batch["cost_wei"]))
    for (cell, generation, seat, strategy), moments in costs.items():
        cells[cell].costs[generation, seat, labels.names[strategy]] = moments


def _read_draws(path: Path, cells: Mapping[int, Cell]) -> None:
    for batch in batches(path, ["cell", "continued"]):
        drawn = batch.filter(batch["continued"].is_valid())
        for cell, continued in zip(
            _whole(drawn["cell"]).tolist(), drawn["continued"].to_pylist(), strict=True
        ):
            tally = cells[cell].continued
            tally[0] += 1
            tally[1] += continued
