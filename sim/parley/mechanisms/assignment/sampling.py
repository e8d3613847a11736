"""Sampling of rules that draw an order of the agents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

CHUNK = 4096
"""Orders per batch; fixed, so that a seed gives the same orders everywhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Frequencies in independent runs of a rule."""

    runs: int
    matrix: NDArray[np.float64]
    """Frequency of each item for each agent: unbiased estimates of the probabilities."""

    @property
    def std_errors(self) -> NDArray[np.float64]:
        """Standard errors of the frequencies; 0 for frequencies of 0 and 1."""
        variance: NDArray[np.float64] = self.matrix * (1 - self.matrix) / (self.runs - 1)
        return np.sqrt(variance)


def frequencies(
    assign: Callable[[NDArray[np.int64]], NDArray[np.int64]],
    shape: tuple[int, int],
    *,
    runs: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
) -> Sample:
    """Draw orders of the agents uniformly, and count the resulting items.

    Parameters
    ----------
    assign : callable
        Maps orders (runs × agents) to the item of each agent, −1 for nothing.
    shape : (agents, items)
    runs : int
        Orders to draw, at least 2.
    progress : callable, optional
        Called with the number of orders done since the last call.

    Examples
    --------
    The first agent gets the only item:

    >>> found = frequencies(lambda orders: -np.argsort(orders, axis=1).clip(max=1), (2, 1), runs=999, seed=1)
    >>> float(found.matrix.sum())
    1.0
    """
    agents, items = shape
    counts = np.zeros((agents, items), dtype=np.int64)
    dice = np.random.Generator(np.random.PCG64(seed))
    done = 0
    while done < runs:
        size = min(CHUNK, runs - done)
        orders = dice.permuted(np.tile(np.arange(agents), (CHUNK, 1)), axis=1)[:size]
        got = assign(orders)
        for agent in range(agents):
            counts[agent] += np.bincount(got[got[:, agent] >= 0, agent], minlength=items)
        done += size
        if progress is not None:
            progress(size)
    return Sample(runs, counts / runs)
