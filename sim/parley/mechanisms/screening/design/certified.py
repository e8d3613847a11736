"""A lower bound of the cost of any menus in the large market.

By weak duality, for any prices λ no menus cost less than λ·n − Σ_j S_j(λ − π_j), even if they are drawn at
random. Upper bounds of S_j make it a proof: with two tasks one-dimensional bounds, with more of them branch
and bound. For distributions that are neither boxes nor discrete, it is the incentive-compatible program on
samples of types, which bounds any other mechanism too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from joblib import Parallel, delayed

from parley.mechanisms.screening.design import incentive
from parley.mechanisms.screening.design.bound import MOST_NODES, support_bound
from parley.mechanisms.screening.design.laws import Law
from parley.mechanisms.screening.design.two_tasks import sides

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.screening.design.numbers import Floats, Numbers
    from parley.mechanisms.screening.preferences import Preferences

__all__ = ["CONFIDENCE", "Certified", "lower_bound", "supports"]

CONFIDENCE = 0.99
"""Of a bound from sampled types."""
REPLICATES = 20
"""Independent samples of types."""
SAMPLED = 240
"""Numbers in the assignments of a sample: types × tasks."""
ALONE = 20
"""Agents × tasks up to which bounds are computed in this process."""
WORK = 8_000_000
"""Boxes × corners of a cube that one agent's bound may take, roughly."""


@dataclass(frozen=True)
class Certified:
    """A bound, and what it is made of."""

    bound: float
    prices: Floats
    """λ."""
    supports: tuple[float | None, ...]
    """Upper bounds of S_j(λ − π_j) − (λ − π_j)·η_j; None where types are sampled."""
    confidence: float | None
    """None for a proof, otherwise the confidence level."""


def _support(preferences: Preferences, worth: Floats, endowment: Floats) -> float | None:
    """Bound S(w) − w·η for one agent; None if only a sample can."""
    if worth.size == 2:
        take, give = sides(preferences)
        rays = endowment[1] * take.bound(worth[0], worth[1]) + endowment[0] * give.bound(worth[1], worth[0])
        return float(max(rays, (np.maximum(worth, 0) - worth) @ endowment))
    law = Law.of(preferences, (0,))
    if not law.exact:
        return None
    size = law.types.weights.size or 2**worth.size
    nodes = max(1000, min(MOST_NODES, WORK // (size * 2**worth.size)))
    return support_bound(law, worth, endowment, nodes=nodes).value


def supports(numbers: Numbers, prices: Floats, workers: int = 1) -> tuple[float | None, ...]:
    """Bound what menus can be worth beyond the status quo, for each agent."""
    calls = [
        (own, prices - costs, endowment)
        for own, costs, endowment in zip(numbers.preferences, numbers.costs, numbers.endowments, strict=True)
    ]
    if workers <= 1 or numbers.costs.size <= ALONE:
        return tuple(_support(*call) for call in calls)
    return tuple(Parallel(n_jobs=workers)(delayed(_support)(*call) for call in calls))


def lower_bound(numbers: Numbers, prices: Floats, seed: Sequence[int], workers: int = 1) -> Certified:
    """Bound the cost of any menus in the large market from below, at given prices.

    Parameters
    ----------
    prices : array, shape (tasks,)
        λ, chosen without a look at the types that are sampled here.
    seed : sequence of int
        Of the samples.
    """
    found = supports(numbers, prices, workers)
    known = numbers.status_quo - sum(value for value in found if value is not None)
    open_ = [j for j, value in enumerate(found) if value is None]
    if not open_:
        return Certified(known, prices, found, None)
    count = max(1, SAMPLED // numbers.tasks)
    values = []
    for replicate in range(REPLICATES):
        values.append(known)
        for j in open_:
            dice = np.random.default_rng([*seed, replicate, j])
            types = numbers.preferences[j].sample(dice, count)
            values[-1] -= incentive.program(types, prices - numbers.costs[j], numbers.endowments[j])
    return Certified(incentive.lower_limit(np.array(values), CONFIDENCE), prices, found, CONFIDENCE)
