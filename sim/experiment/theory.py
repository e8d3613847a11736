"""What Proposition 1 says of a game, given what was announced in it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sim.coordination.position import Position

__all__ = ["Theory", "theory_at"]

HALF = Fraction(1, 2)


class Theory(NamedTuple):
    """What Proposition 1 says at a position: expected costs in whole wei, and their variances in wei²."""

    expected: tuple[int, ...]
    probabilities: tuple[float, ...]
    variances: tuple[float, ...]
    exact: tuple[Fraction, ...]
    """The probabilities as they are."""


def theory_at(position: Position) -> Theory | None:
    """Proposition 1 at what was announced, or None before all have announced."""
    problem = position.problem
    if len(position.rows) < problem.agents:
        return None
    found: Theory | None = position.memory.get(Theory)
    if found is None:
        bargaining = position.bargaining
        saved = max(bargaining.savings, 0)
        delta = problem.continuation if problem.max_rounds > 1 else Fraction(0)
        spread = float(saved * (1 - delta))
        found = position.memory[Theory] = Theory(
            tuple(
                (cost - p * saved + HALF).__floor__()
                for cost, p in zip(bargaining.contracted_costs, bargaining.probabilities, strict=True)
            ),
            tuple(map(float, bargaining.probabilities)),
            tuple(float(p * (1 - p)) * spread**2 for p in bargaining.probabilities),
            bargaining.probabilities,
        )
    return found
