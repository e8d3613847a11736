"""Runs of a rule that draws an order of the agents: how often each agent gets each item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

CHUNK = 4096
"""Orders drawn at a time; fixed, so that a seed stands for the same orders anywhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Frequencies in independent runs of a rule."""

    runs: int
    matrix: NDArray[np.float64]
    """How often each agent got each item, unbiased estimates of the probabilities."""

    @property
    def std_errors(self) -> NDArray[np.float64]:
        """Standard errors of the frequencies; 0 where something always or never happened."""
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
    """Draw orders of the agents uniformly, and count what comes of them.

    Parameters
    ----------
    assign : callable
        Takes orders (runs × agents) and gives the item that each agent gets, −1 for nothing.
    shape : (agents, items)
    runs : int
        Orders to draw, at least 2.
    progress : callable, optional
        Called with the number of orders done since the last call.

    Examples
    --------
    Whoever comes first gets the one item:

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
