"""How shares of strategies move from one generation to the next: imitation by replicator or logit dynamics.

Costs are compared in units of a fair share, the savings that are possible divided by the number of agents, so
that rates and temperatures mean the same in every problem. At the end of a generation, each member of a seat

- *replicator*: looks at another member, drawn at random from the seat. If that one's strategy has cost its
  members less on average in this generation, by z fair shares, it takes it up with probability
  min(1, rate · z). (With mean costs c and shares x, x_s moves by x_s · Σ_r x_r · rate · (c_r − c_s) in
  expectation, which is the discrete replicator dynamics.)
- *logit*: with probability `rate`, chooses anew, each strategy s with probability in proportion to
  exp(−c_s / temperature). A strategy that nobody has played keeps the mean cost that it was last seen with;
  one never seen counts as average.

After that it *mutates* with probability `mutation`: takes any of the seat's strategies, all equally likely.

`mean_field` is what happens in expectation, given costs, in a population of any size; `revise` is what does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["Adaptation", "mean_field", "revise"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Adaptation:
    """A rule with its numbers; see above."""

    rule: str = "none"
    """``none``, ``replicator`` or ``logit``."""
    rate: float = 1.0
    temperature: float = 0.0
    mutation: float = 0.0

    @classmethod
    def of(cls, rule: str, rate: Fraction, temperature: Fraction | None, mutation: Fraction) -> Adaptation:
        """Make one from exact numbers."""
        return cls(rule, float(rate), float(temperature or 0), float(mutation))


def _transitions(shares: Floats, costs: Floats, how: Adaptation) -> Floats:
    """Probabilities that a member of strategy s goes on with r, before mutation; shape (k, k)."""
    k = len(shares)
    if how.rule == "replicator":
        gaps = how.rate * (costs[:, None] - costs[None, :])
        moves = shares[None, :] * np.clip(np.nan_to_num(gaps), 0.0, 1.0)
    elif how.rule == "logit":
        seen = np.where(np.isnan(costs), np.nanmean(costs) if not np.isnan(costs).all() else 0.0, costs)
        weights = np.exp((seen.min() - seen) / how.temperature)
        moves = np.tile(how.rate * weights / weights.sum(), (k, 1))
    else:
        moves = np.zeros((k, k))
    np.fill_diagonal(moves, 0.0)
    np.fill_diagonal(moves, 1.0 - moves.sum(axis=1))
    result: Floats = moves
    return result


def mean_field(shares: Floats, costs: Floats, how: Adaptation) -> Floats:
    """Expected shares after one generation.

    Parameters
    ----------
    shares : ndarray of float, shape (k,)
        Of the strategies in a seat; they sum to one.
    costs : ndarray of float, shape (k,)
        Their mean costs in fair shares; NaN where nobody has played.

    Returns
    -------
    ndarray of float, shape (k,)

    Examples
    --------
    >>> half = np.array([0.5, 0.5])
    >>> mean_field(half, np.array([1.0, 0.8]), Adaptation("replicator")).round(3).tolist()
    [0.45, 0.55]
    """
    if how.rule == "none":
        return shares.copy()
    moved: Floats = shares @ _transitions(shares, costs, how)
    result: Floats = (1 - how.mutation) * moved + how.mutation / len(shares)
    return result


def revise(
    members: NDArray[np.int64], costs: Floats, how: Adaptation, random: np.random.Generator
) -> NDArray[np.int64]:
    """Strategies of a seat's members after one generation.

    Parameters
    ----------
    members : ndarray of int64, shape (members,)
        Index of each one's strategy.
    costs : ndarray of float, shape (k,)
        Mean costs of the strategies in fair shares; NaN where nobody has played.
    random : Generator
        Asked for the same number of draws whatever comes of them.

    Returns
    -------
    ndarray of int64, shape (members,)
    """
    k, size = len(costs), len(members)
    chosen, mutated = random.random(size), random.random(size)
    anything = random.integers(k, size=size)
    if how.rule == "none":
        return members
    shares = np.bincount(members, minlength=k) / size
    bounds = _transitions(shares, costs, how).cumsum(axis=1)
    bounds[:, -1] = 1.0
    moved = (chosen[:, None] >= bounds[members]).sum(axis=1)
    return np.where(mutated < how.mutation, anything, moved).astype(np.int64)
