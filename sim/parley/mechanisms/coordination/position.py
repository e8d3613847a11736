"""Positions of games: the common knowledge after some announcements, and the equilibrium from there.

Many games pass through the same positions, so each position is computed once and shared. Positions form a
tree: the root is the problem, and edges are announcements with the recognition fraction that the contract
stored.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from parley.mechanisms.coordination.announcements import bounds
from parley.mechanisms.coordination.bargaining import proposal_wei, threshold_wei
from parley.mechanisms.coordination.problem import Problem
from parley.mechanisms.coordination.recognition import stick_breaking

__all__ = ["Bargaining", "Position", "Ratio", "Row"]

Row = tuple[int, ...]
Ratio = tuple[int, int]


@dataclass(frozen=True)
class Bargaining:
    """The second stage at an announced allocation, in whole wei.

    Attributes
    ----------
    rows : tuple of tuple of int
        X, in units.
    probabilities : tuple of Fraction
        Recognition probabilities from the stored fractions.
    """

    problem: Problem
    rows: tuple[Row, ...]
    probabilities: tuple[Fraction, ...]
    _thresholds: dict[tuple[int, bool], int] = field(default_factory=dict, compare=False, repr=False)
    _offers: dict[tuple[int, bool], Row] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def contracted_costs(self) -> Row:
        """f_i(d_i)."""
        return tuple(self.problem.cost_wei(i, int(d.sum())) for i, d in enumerate(self.problem.contracted))

    @cached_property
    def announced_costs(self) -> Row:
        """f_i(x_i)."""
        return tuple(self.problem.cost_wei(i, sum(x)) for i, x in enumerate(self.rows))

    @property
    def total_cost(self) -> int:
        """F(X)."""
        return sum(self.announced_costs)

    @cached_property
    def savings(self) -> int:
        """Δ(X) = F(D) − F(X)."""
        return sum(self.contracted_costs) - self.total_cost

    def threshold(self, agent: int, *, last_round: bool = False) -> int:
        """Acceptance threshold a_j, rounded down: the highest accepted cost share (Proposition 1).

        In the last round, a rejection leads to D, and the threshold is f_j(d_j).
        """
        key = (agent, last_round)
        if key not in self._thresholds:
            delta = Fraction(0) if last_round else self.problem.continuation
            self._thresholds[key] = threshold_wei(
                self.contracted_costs[agent], self.probabilities[agent], delta, max(self.savings, 0)
            )
        return self._thresholds[key]

    def dust(self, proposer: int) -> Fraction:
        """A proposer's loss by rounding before the last round, Σ_{j≠i} (a_j − ⌊a_j⌋), in wei."""
        delta, saved = self.problem.continuation, max(self.savings, 0)
        # Contracted costs are whole.
        return sum(
            (-delta * p * saved % 1 for j, p in enumerate(self.probabilities) if j != proposer), Fraction(0)
        )

    def proposal(self, proposer: int, *, last_round: bool = False) -> Row:
        """The equilibrium proposal: every other agent's threshold, and the rest of F(X) for the proposer."""
        key = (proposer, last_round)
        if key not in self._offers:
            self._offers[key] = proposal_wei(
                self.problem, self.rows, self.probabilities, proposer, last_round=last_round
            )
        return self._offers[key]


@dataclass(eq=False)
class Position:
    """The common knowledge after some announcements.

    Attributes
    ----------
    rows : tuple of tuple of int
        Announcements so far, in units.
    fractions : tuple of (numerator, denominator)
        Stored recognition fractions so far, from the chain.
    memory : dict
        The bots' cached results for this position.
    parent : Position or None
        The position before the last announcement.
    """

    problem: Problem
    rows: tuple[Row, ...] = ()
    fractions: tuple[Ratio, ...] = ()
    memory: dict[Hashable, Any] = field(default_factory=dict, repr=False)
    parent: "Position | None" = field(default=None, repr=False)
    _children: dict[tuple[Row, Ratio], "Position"] = field(default_factory=dict, repr=False)

    @cached_property
    def bounds(self) -> tuple[Row, Row]:
        """Bounds of the next announcement, by task type; the upper one is the maximal announcement."""
        lower, upper = bounds(self.problem, self.rows)
        return tuple(int(x) for x in lower), tuple(int(x) for x in upper)

    @cached_property
    def bargaining(self) -> Bargaining:
        """The second stage, after all announcements."""
        return Bargaining(self.problem, self.rows, stick_breaking(self.fractions))

    def after(self, row: Row, fraction: Ratio) -> "Position":
        """The position after the next agent's announcement."""
        key = (row, fraction)
        child = self._children.get(key)
        if child is None:
            child = Position(self.problem, (*self.rows, row), (*self.fractions, fraction), parent=self)
            self._children[key] = child
        return child
