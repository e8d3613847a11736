"""The design of menus: `designed` for a finite or a large market, and `large_market`, a proven bound.

Which module does what:

- `axes` and `finite`: groups of agents that trade along common axes, by their played cost.
- `simple`: unit prices, two classes of tasks, one bilateral trade.
- `played`: other rays for each agent, by their played cost, where many agents choose.
- `responses`, `large`: menus that are worth most at prices, and prices at which they clear on average.
- `two_tasks`, `bound`, `incentive`, `certified`: upper bounds of the worth of menus, and so a lower bound of
  the cost of any menus in the large market.
- `plane`, `exchange`, `priced`: with two tasks, prices with the greatest dual, then menus that clear and a
  bound of any, and these menus in whole units.
- `numbers`, `laws`, `compiled`, `compiled_rays`: problems in floating point, and machine code.

Source: Valenzuela-Stookey (2026), section 4; finite markets, the searches and the bounds are ours.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.screening.design import finite
from parley.mechanisms.screening.design.certified import lower_bound
from parley.mechanisms.screening.design.exchange import exchanged
from parley.mechanisms.screening.design.large import cost_of, large, planned
from parley.mechanisms.screening.design.numbers import Numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.screening.market import Menu
    from parley.mechanisms.screening.problem import Problem

__all__ = ["LargeMarket", "designed", "large_market"]

NOTHING = 1e-10
"""Savings below this part of the costs are rounding errors."""


@dataclass(frozen=True)
class LargeMarket:
    """Menus in the large market, compared with the best possible; costs are per copy of the market."""

    value: float
    """Cost of the menus."""
    bound: float
    """No menus cost less."""
    gap: float
    """(value − bound) / (status quo − bound); 0 if nothing can be saved."""
    prices: tuple[float, ...]
    """λ of the bound."""
    confidence: float | None
    """Confidence level of the bound if types are sampled for it; None if it is proven."""


def designed(problem: Problem, market: str, seed: int, workers: int | None = None) -> tuple[Menu, ...]:
    """Design menus.

    Parameters
    ----------
    market : str
        ``"finite"``, ``"large"``, ``"two-price"`` or ``"bilateral"``.
    seed : int
        Of all random choices; the menus depend on nothing else.
    workers : int, optional
        Processes; by default one for each processor.

    Returns
    -------
    tuple of Menu
        One for each agent, exact.

    Examples
    --------
    >>> from parley.mechanisms.screening.problem import worked_example
    >>> [[[str(x) for x in ray] for ray in menu.rays] for menu in designed(worked_example(), "finite", 0)][0]
    [['2', '-2'], ['-2', '2']]
    """
    if market == "large":
        return large(problem, seed)
    if market == "finite":
        return finite.finite(problem, seed, workers or os.cpu_count() or 1)
    return finite.simple_design(problem, market, seed)


def large_market(
    problem: Problem, menus: Sequence[Menu], seed: int = 0, workers: int | None = None
) -> LargeMarket:
    """Compare menus in the large market with a proven lower bound.

    Parameters
    ----------
    menus : sequence of Menu
        As they are played.
    seed, workers : int
        See `designed`.

    Examples
    --------
    The menus of the worked example, a tenth of the possible savings from the best ones for a large market:

    >>> from parley.mechanisms.screening.problem import worked_example
    >>> problem = worked_example()
    >>> found = large_market(problem, problem.market().menus)
    >>> print(f"{found.value:.4f} {found.bound:.4f} {found.gap:.4f} {found.prices[0]:.4f}")
    19.6196 19.1831 0.0906 4.6937
    """
    numbers = Numbers.of(problem)
    value = cost_of(problem, menus, seed=seed)
    oracle, plan = planned(numbers, (seed, 7))
    found = lower_bound(numbers, plan.prices, (seed, 9), workers or os.cpu_count() or 1)
    bound = found.bound
    if oracle.exact:
        bound = max(bound, numbers.status_quo + exchanged(numbers, oracle.sides, plan.prices).bound)
    saved = numbers.status_quo - bound
    least = NOTHING * float(np.abs(numbers.costs * numbers.endowments).sum())
    gap = (value - bound) / saved if saved > least else 0.0
    return LargeMarket(value, float(bound), float(gap), tuple(plan.prices.tolist()), found.confidence)
