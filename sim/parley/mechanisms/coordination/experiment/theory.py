"""Proposition 1 for the announcements of a game."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from parley.core.statistics import bet_on_two_values

if TYPE_CHECKING:
    from parley.mechanisms.coordination.position import Position

__all__ = ["Theory", "theory_at"]

HALF = Fraction(1, 2)

Floats = NDArray[np.float64]


class Theory(NamedTuple):
    """Expected costs at a position in whole wei, and their variances in wei² (Proposition 1)."""

    expected: tuple[int, ...]
    probabilities: tuple[float, ...]
    variances: tuple[float, ...]
    exact: tuple[Fraction, ...]
    """Exact recognition probabilities."""
    usual: tuple[int, ...]
    """Cost of each agent in equilibrium if another agent proposes, in wei."""
    steps: tuple[int, ...]
    """Reduction of this cost if the agent proposes, in wei; 0 without bargaining."""
    expected_bets: Floats
    """`bet_on_two_values` of each agent's probability, shape (n, rates)."""


def theory_at(position: Position) -> Theory | None:
    """Return Proposition 1 for the announcements; None before all agents have announced."""
    problem = position.problem
    if len(position.rows) < problem.agents:
        return None
    found: Theory | None = position.memory.get(Theory)
    if found is None:
        bargaining = position.bargaining
        saved = max(bargaining.savings, 0)
        last = problem.max_rounds == 1
        delta = Fraction(0) if last else problem.continuation
        usual = tuple(bargaining.threshold(i, last_round=last) for i in range(problem.agents))
        spread = float(saved * (1 - delta))
        found = position.memory[Theory] = Theory(
            tuple(
                (cost - p * saved + HALF).__floor__()
                for cost, p in zip(bargaining.contracted_costs, bargaining.probabilities, strict=True)
            ),
            tuple(map(float, bargaining.probabilities)),
            tuple(float(p * (1 - p)) * spread**2 for p in bargaining.probabilities),
            bargaining.probabilities,
            usual,
            tuple(
                cost - bargaining.proposal(i, last_round=last)[i] if saved else 0
                for i, cost in enumerate(usual)
            ),
            np.stack([bet_on_two_values(float(p)) for p in bargaining.probabilities]),
        )
    return found
