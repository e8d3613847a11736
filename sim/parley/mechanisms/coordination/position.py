"""Where a game stands: what is common knowledge by then, and what equilibrium makes of it.

Many games pass through the same positions, so a position is worked out once and shared: positions form a
tree, whose root is the problem and whose edges are announcements with the recognition fraction that the
contract froze.
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
        Recognition probabilities from the frozen fractions.
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
        """Acceptance threshold a_j, rounded down: the most an agent accepts (Proposition 1).

        In the last round allowed, a rejection leads to D for certain, and the threshold is f_j(d_j).
        """
        key = (agent, last_round)
        if key not in self._thresholds:
            delta = Fraction(0) if last_round else self.problem.continuation
            self._thresholds[key] = threshold_wei(
                self.contracted_costs[agent], self.probabilities[agent], delta, max(self.savings, 0)
            )
        return self._thresholds[key]

    def dust(self, proposer: int) -> Fraction:
        """What a proposer i loses to rounding before the last round, Σ_{j≠i} (a_j − ⌊a_j⌋), in wei."""
        delta, saved = self.problem.continuation, max(self.savings, 0)
        # The contracted costs are whole.
        return sum(
            (-delta * p * saved % 1 for j, p in enumerate(self.probabilities) if j != proposer), Fraction(0)
        )

    def proposal(self, proposer: int, *, last_round: bool = False) -> Row:
        """What an equilibrium proposer offers: every other agent's threshold, and what is left of F(X)."""
        key = (proposer, last_round)
        if key not in self._offers:
            self._offers[key] = proposal_wei(
                self.problem, self.rows, self.probabilities, proposer, last_round=last_round
            )
        return self._offers[key]


@dataclass(eq=False)
class Position:
    """What everybody knows once some agents have announced.

    Attributes
    ----------
    rows : tuple of tuple of int
        Announcements so far, in units.
    fractions : tuple of (numerator, denominator)
        Recognition fractions frozen so far, as the chain gave them.
    memory : dict
        What bots have worked out for this position.
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
        """Least and greatest legal announcement of the next agent, by task type; the second is maximal."""
        lower, upper = bounds(self.problem, self.rows)
        return tuple(int(x) for x in lower), tuple(int(x) for x in upper)

    @cached_property
    def bargaining(self) -> Bargaining:
        """The second stage, once all have announced."""
        return Bargaining(self.problem, self.rows, stick_breaking(self.fractions))

    def after(self, row: Row, fraction: Ratio) -> "Position":
        """The position after the next agent's announcement."""
        key = (row, fraction)
        child = self._children.get(key)
        if child is None:
            child = Position(self.problem, (*self.rows, row), (*self.fractions, fraction), parent=self)
            self._children[key] = child
        return child
