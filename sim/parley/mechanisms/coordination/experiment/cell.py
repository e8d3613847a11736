"""A cell of an experiment with populations: one combination of what is swept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from parley.mechanisms.coordination.allocation import cost_effective

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction
    from pathlib import Path

    from parley.mechanisms.coordination.experiment.dynamics import Adaptation
    from parley.mechanisms.coordination.problem import Problem

__all__ = ["Cell"]


@dataclass(eq=False, kw_only=True)
class Cell:
    """One combination: a problem, a population, a rule, a seed; played for all generations.

    Attributes
    ----------
    problem : Problem
        With the cell's recognition function and continuation probability.
    games : int
        In every generation.
    members : int
        Of every seat.
    strategies : sequence of dict of str to Fraction
        Of each seat: strategies and their initial shares, which sum to one.
    varied : dict of str to value
        What the sweep says of this cell.
    folder : Path
        Where FILE.py in a strategy's name is looked for.
    engine : str
        What plays its games: ``evm``, or a twin, ``exact`` or ``statistical``.
    sample : int
        Of a twin's games, how many of each generation the EVM plays too.
    kind : int
        The same for cells whose problem and strategies are the same.
    """

    index: int
    problem_name: str
    problem: Problem
    seed: int
    games: int
    members: int
    strategies: Sequence[dict[str, Fraction]]
    adaptation: Adaptation
    varied: dict[str, Any]
    folder: Path
    engine: str
    sample: int
    kind: int

    @cached_property
    def cost_effective(self) -> Fraction:
        """F(X) of a cost-effective allocation X, in units of cost."""
        return cost_effective(self.problem).total_cost

    @cached_property
    def possible_wei(self) -> int:
        """What all agents together could save at most, in wei."""
        problem = self.problem
        least = self.cost_effective * problem.wei_per_cost
        return problem.total_cost_wei(problem.contracted) - int(least)

    @property
    def spread_wei(self) -> int:
        """What proposing is worth where all that is possible is saved, Δ · (1 − δ), in wei; at least 1."""
        delta = self.problem.continuation if self.problem.max_rounds > 1 else 0
        return max(1, int(self.possible_wei * (1 - delta)))

    @property
    def names(self) -> tuple[tuple[str, ...], ...]:
        """Names of each seat's strategies, in order."""
        return tuple(map(tuple, self.strategies))
