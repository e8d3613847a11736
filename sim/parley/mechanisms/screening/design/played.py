"""Better rays of single agents, by the played cost of all menus.

Where many agents choose, choices clear even if rays differ. Then the menus of the large market are good ones,
and the search goes on from them. It changes one agent's rays at random, and keeps what costs less on a
sample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.screening.design.compiled_rays import stretch, vary
from parley.mechanisms.screening.design.numbers import Floats, Sample, floats
from parley.mechanisms.screening.kernel import shares_in_threads
from parley.mechanisms.screening.preferences import chosen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from parley.mechanisms.screening.market import Menu

__all__ = ["improved"]

SIZE = 0.3
"""Of the changes of a coordinate, relative to it, at most."""


def improved(sample: Sample, menus: Sequence[Menu], steps: int, seed: Sequence[int]) -> list[Floats]:
    """Improve menus of rays; agents without rays, and remedial ones, are left out of the market.

    Parameters
    ----------
    menus : sequence of Menu
        As they are played.

    Returns
    -------
    list of array, shape (rays, tasks)
        Full rays of each agent.
    """
    numbers, types, dice = sample.numbers, sample.types, np.random.default_rng(list(seed))
    rays = [floats(menu.rays).reshape(-1, numbers.tasks) for menu in menus]
    able = [j for j, own in enumerate(rays) if len(own)]

    def choices(j: int, own: Floats) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = chosen(types[j].T, own)[:, None] == np.arange(1, len(own) + 1)
        return found

    def cost(all_rays: Sequence[Floats], chosen_ones: Sequence[NDArray[np.bool_]]) -> float:
        costs = np.concatenate([all_rays[j] @ numbers.costs[j] for j in able])
        table = np.concatenate([all_rays[j] for j in able])
        chosen_by_all = np.concatenate([chosen_ones[j] for j in able], axis=1)
        shares = shares_in_threads(table, costs, chosen_by_all, sample.threads)
        return float((shares @ costs).mean())

    if not able:
        return rays
    present = [
        choices(j, own) if len(own) else np.zeros((0, 0), dtype=np.bool_) for j, own in enumerate(rays)
    ]
    best = cost(rays, present)
    for _ in range(steps):
        j = able[int(dice.integers(len(able)))]
        own = rays[j].copy()
        size = SIZE * np.exp(-3 * dice.random())
        if not vary(own, size, dice) or not all(stretch(ray, numbers.endowments[j]) for ray in own):
            continue
        tried, now = [*rays], [*present]
        tried[j], now[j] = own, choices(j, own)
        if (value := cost(tried, now)) < best:
            best, rays, present = value, tried, now
    return rays
