"""An experiment with populations, generation by generation."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from parley.kit.experiment.experiment import Batch, Play
from parley.mechanisms.coordination.experiment.cell_theory import CellTheory
from parley.mechanisms.coordination.experiment.check import DIFFERENCES_TOLD, cross_check, twin_check
from parley.mechanisms.coordination.experiment.games import batch_size, orders_of
from parley.mechanisms.coordination.experiment.population import Population
from parley.mechanisms.coordination.experiment.summary import (
    cell_summary,
    expected_share,
    share_saved,
    standard_error,
)
from parley.mechanisms.coordination.experiment.sums import Sums
from parley.mechanisms.coordination.experiment.tables import SCHEMAS, table_of
from parley.mechanisms.coordination.experiment.workers import Pool

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from parley.mechanisms.coordination.experiment.cell import Cell
    from parley.mechanisms.coordination.experiment.dynamics import Floats
    from parley.mechanisms.coordination.experiment.prediction import Prediction
    from parley.mechanisms.coordination.experiment.strategies import Experience

__all__ = ["Populations"]


class Populations(Play):
    """A running experiment: each step is a generation.

    Parameters
    ----------
    engine : str
        See `Cell`.
    """

    def __init__(self, cells: Sequence[Cell], generations: int, engine: str, workers: int) -> None:
        self.cells, self.engine = cells, engine
        self.pool = Pool(workers)
        known: dict[Hashable, Prediction | None] = {}
        self.theories = [CellTheory(cell, generations, known) for cell in cells]
        self.populations = [Population(cell) for cell in cells]
        self.sums = [Sums(cell.problem.agents) for cell in cells]
        self.last = [Sums(cell.problem.agents) for cell in cells]
        self.samples = [Sums(cell.problem.agents) for cell in cells]
        self.differences: list[str] = []

    def step(self, number: int) -> Iterator[Batch]:
        """Play one generation of all cells, and let the populations evolve."""
        generation = number
        orders = [order for population in self.populations for order in orders_of(population, generation)]
        waiting = iter(self.pool.play(orders))
        for theory, population, sums in zip(self.theories, self.populations, self.sums, strict=True):
            here = Sums(theory.cell.problem.agents)
            past: dict[tuple[int, int], list[Experience]] = {}
            for _ in range(0, theory.cell.games, batch_size(theory.cell)):
                batch = next(waiting)
                here.merge(batch.sums)
                for key, told in batch.past.items():
                    past.setdefault(key, []).extend(told)
                if batch.sample is not None:
                    self.samples[theory.cell.index].merge(batch.sample)
                    self.differences.extend(batch.differences)
                yield Batch(batch.sums.games, batch.tables)
            columns = _of_generation(theory, population, here, generation)
            yield Batch(0, {name: table_of(name, rows) for name, rows in columns.items()})
            population.evolve(generation, _mean_costs(theory, here), past)
            sums.merge(here)
            self.last[theory.cell.index] = here
        # Lets the pool end what it began.
        if next(waiting, None) is not None:
            raise AssertionError("more batches than were ordered")

    def state(self) -> dict[str, Any]:
        """Return populations and sums."""
        each = zip(self.populations, self.sums, self.last, self.samples, strict=True)
        cells = [[part.to_plain() for part in parts] for parts in each]
        return {"cells": cells, "differences": self.differences[:DIFFERENCES_TOLD]}

    def restore(self, states: list[dict[str, Any]]) -> None:
        """Restore the state after the last complete generation."""
        state = states[-1]
        self.differences = state["differences"]
        for k, (theory, kept) in enumerate(zip(self.theories, state["cells"], strict=True)):
            self.populations[k] = Population.from_plain(theory.cell, kept[0])
            for sums, one in zip((self.sums, self.last, self.samples), kept[1:], strict=True):
                sums[k] = Sums.from_plain(theory.cell.problem.agents, one)

    def finish(self) -> tuple[pa.Table, dict[str, Any]]:
        """Return the table of cells and their summaries."""
        cells = [
            cell_summary(theory, sums, last)
            for theory, sums, last in zip(self.theories, self.sums, self.last, strict=True)
        ]
        check = cross_check(self.cells) | {
            "twin": twin_check(self.engine, self.sums, self.samples, self.differences)
        }
        return self._cells(), {"cells": cells, "cross_check": check}

    def _cells(self) -> pa.Table:
        columns: dict[str, list[Any]] = {}
        for theory in self.theories:
            cell, how = theory.cell, theory.cell.adaptation
            row = {
                "cell": cell.index,
                "problem": cell.problem_name,
                "seed": cell.seed,
                "agents": cell.problem.agents,
                "task_types": cell.problem.task_types,
                "recognition": cell.problem.recognition,
                "continuation": float(cell.problem.continuation),
                "games": cell.games,
                "members": cell.members,
                "rule": how.rule,
                "rate": how.rate,
                "temperature": how.temperature,
                "mutation": how.mutation,
                "cost_contracted": float(theory.contracted),
                "cost_effective": float(theory.cost_effective),
                "possible_savings": float(theory.possible),
            }
            for name, value in row.items():
                columns.setdefault(name, []).append(value)
        return pa.table(columns)


def _mean_costs(theory: CellTheory, sums: Sums) -> list[Floats]:
    """Return mean costs of each seat's strategies in fair shares; NaN if nobody played."""
    result = [np.full(len(names), np.nan) for names in theory.cell.names]
    for (seat, k), (games, cost, *_) in sums.by_strategy.items():
        result[seat][k] = theory.fair_shares(Fraction(cost, games))
    return result


def _of_generation(
    theory: CellTheory, population: Population, sums: Sums, generation: int
) -> dict[str, dict[str, list[Any]]]:
    """Return the rows of a generation."""
    cell, prediction = theory.cell, theory.prediction
    wei = cell.problem.wei_per_cost
    shares = population.shares()
    rows: list[tuple[Any, ...]] = []
    for seat, names in enumerate(cell.names):
        counts = np.bincount(population.strategies[seat], minlength=len(names)).tolist()
        for k, name in enumerate(names):
            games, cost, known, expected, squares = sums.by_strategy.get((seat, k), [0] * 5)
            rows.append(
                (
                    *(cell.index, generation, seat, name, counts[k], float(shares[seat][k]), games),
                    float(Fraction(cost, games * wei)) if games else None,
                    standard_error(cost, squares, games) / wei if games else None,
                    float(Fraction(expected, known * wei)) if known else None,
                    float(prediction.shares[generation][seat][k]) if prediction is not None else None,
                    float(prediction.costs[generation][seat][k]) if prediction is not None else None,
                )
            )
    saving = (
        *(cell.index, generation, sums.games),
        *(sums.endings[ending] for ending in ("settled", "broken down", "expired")),
        sums.rounds,
        *share_saved(theory, sums),
        expected_share(theory, sums),
        prediction.saved[generation] if prediction is not None else None,
    )
    return {
        name: dict(zip(SCHEMAS[name].names, map(list, zip(*entries, strict=True)), strict=True))
        for name, entries in (("generations", rows), ("savings", [saving]))
    }
