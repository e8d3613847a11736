"""A cell, and what theory says of it before anything is played."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.mechanisms.coordination.experiment.games import Bots
from parley.mechanisms.coordination.experiment.population import Population
from parley.mechanisms.coordination.experiment.prediction import Prediction, fair_share, payoffs, predict

if TYPE_CHECKING:
    from collections.abc import Hashable
    from fractions import Fraction

    from parley.mechanisms.coordination.experiment.cell import Cell

__all__ = ["CellTheory"]


class CellTheory:
    """A cell, and what theory says of it.

    Parameters
    ----------
    known : dict
        Predictions that have been made already, by what they depend on; added to.

    Attributes
    ----------
    cost_effective, possible : Fraction
        F(X) of a cost-effective allocation, and what it saves, in units of cost.
    prediction : Prediction or None
        Where theory has something to say of all its strategies.
    """

    def __init__(self, cell: Cell, generations: int, known: dict[Hashable, Prediction | None]) -> None:
        self.cell = cell
        problem = cell.problem
        self.contracted = problem.total_cost(problem.contracted)
        self.cost_effective = cell.cost_effective
        self.possible = self.contracted - self.cost_effective
        self.possible_wei = cell.possible_wei
        self.unit = fair_share(problem, self.possible)
        # Theory knows no seeds.
        key = cell.kind, cell.members, cell.adaptation
        if key not in known:
            known[key] = self._predicted(generations)
        self.prediction = known[key]

    def _predicted(self, generations: int) -> Prediction | None:
        cell = self.cell
        found = payoffs(cell.problem, Bots(cell).made, self.possible)
        if found is None:
            return None
        return predict(found, self.unit, Population(cell).shares(), cell.adaptation, generations)

    def fair_shares(self, wei: Fraction) -> float:
        """A cost in wei, in fair shares."""
        return float(wei / (self.unit * self.cell.problem.wei_per_cost))
