"""The Boston mechanism (immediate acceptance) with one lottery for all items.

One order of the agents is drawn uniformly. In round k, every agent without an item applies for the k-th item
of its ranking, even if it is gone. An item takes applicants in the drawn order up to its capacity, and keeps
them.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import islice, permutations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.assignment.lottery import Assignment, Lottery, Matrix, merged, recompose
from parley.mechanisms.assignment.sampling import Sample, frequencies
from parley.mechanisms.assignment.serial_dictatorship import TooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from parley.mechanisms.assignment.problem import Problem

MAX_CONTENDERS = 9
"""Maximum number of agents whose place in the order matters, to list all their orders."""
LISTED = 50_000
"""Orders per batch."""


def accept(problem: Problem, order: Iterable[int]) -> Assignment:
    """Run the rounds with the given order of agents.

    Parameters
    ----------
    order : iterable of int
        Agents from 0, each once.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import from_orders
    >>> accept(from_orders([[0, 1, 2], [0, 1, 2], [1, 0, 2]], 3), [0, 1, 2])
    (0, 2, 1)
    """
    left = list(problem.capacities)
    assignment: list[int | None] = [None] * problem.agents
    queue = list(order)
    for choice in range(max(map(len, problem.orders))):
        for agent in queue:
            wanted = problem.orders[agent][choice : choice + 1]
            if assignment[agent] is None and wanted and left[wanted[0]]:
                assignment[agent] = wanted[0]
                left[wanted[0]] -= 1
    return tuple(assignment)


def outcomes(problem: Problem, most: int = MAX_CONTENDERS) -> Lottery:
    """List all possible assignments with their probabilities: the rule's own lottery.

    Only agents with a scarce first choice are ordered: the others always get theirs.

    Parameters
    ----------
    most : int
        Maximum number of these agents; the time grows with its factorial.

    Raises
    ------
    TooLargeError
        If there are more.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import from_orders
    >>> lottery = outcomes(from_orders([[0, 1, 2], [0, 1, 2], [1, 0, 2]], 3))
    >>> [(str(term.weight), term.assignment) for term in lottery]
    [('1/2', (0, 2, 1)), ('1/2', (2, 0, 1))]
    """
    contenders = _contenders(problem)
    if len(contenders) > most:
        raise TooLargeError(
            f"{len(contenders)} agents compete for items: too many orders to list (at most {most})"
        )
    others = [agent for agent in range(problem.agents) if agent not in contenders]
    counts: dict[Assignment, int] = {}
    for orders in _batches(contenders, others):
        assignments, times = np.unique(accept_all(problem, orders), axis=0, return_counts=True)
        for row, count in zip(assignments.tolist(), times.tolist(), strict=True):
            assignment = tuple(None if item < 0 else item for item in row)
            counts[assignment] = counts.get(assignment, 0) + count
    total = factorial(len(contenders))
    return merged({assignment: Fraction(count, total) for assignment, count in counts.items()})


def probabilities(problem: Problem, most: int = MAX_CONTENDERS) -> Matrix:
    """Exact probability that each agent gets each item.

    Raises
    ------
    TooLargeError
        If more than `most` agents compete for items.

    Examples
    --------
    >>> from parley.mechanisms.assignment.lottery import show_matrix
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> show_matrix(probabilities(example_1()))[0]
    ['1/2', '0', '1/2', '0']
    """
    return recompose(outcomes(problem, most), *problem.shape)


def sample(
    problem: Problem, *, runs: int, seed: int, progress: Callable[[int], None] | None = None
) -> Sample:
    """Draw orders and run the rounds; returns unbiased estimates with standard errors.

    Parameters
    ----------
    runs : int
        Orders to draw, at least 2.
    progress : callable, optional
        Called with the number of orders done since the last call.
    """
    return frequencies(
        lambda orders: accept_all(problem, orders), problem.shape, runs=runs, seed=seed, progress=progress
    )


def accept_all(problem: Problem, orders: NDArray[np.int64]) -> NDArray[np.int64]:
    """Run the rounds for many orders at once.

    Parameters
    ----------
    orders : ndarray of int, shape (runs, agents)
        Each row an order of the agents.

    Returns
    -------
    ndarray of int, shape (runs, agents)
        The item that each agent got; −1 for nothing.
    """
    runs, agents = orders.shape
    place = np.argsort(orders, axis=1)
    # Capacities above the number of agents are reduced to it, so that they fit in a word.
    places = [min(capacity, agents) for capacity in problem.capacities]
    left = np.tile(np.array(places, dtype=np.int64), (runs, 1))
    got = np.full((runs, agents), -1, dtype=np.int64)
    for choice in range(max(map(len, problem.orders))):
        applicants: dict[int, list[int]] = {}
        for agent, order in enumerate(problem.orders):
            if choice < len(order):
                applicants.setdefault(order[choice], []).append(agent)
        for item, who in applicants.items():
            applies = got[:, who] < 0
            # Agents with an item are last.
            standing = np.argsort(np.argsort(np.where(applies, place[:, who], agents), axis=1), axis=1)
            taken = applies & (standing < left[:, item, None])
            got[:, who] = np.where(taken, item, got[:, who])
            left[:, item] -= taken.sum(axis=1)
    return got


def _contenders(problem: Problem) -> list[int]:
    """Find the agents that may not get their first choice."""
    asked = [0] * len(problem.items)
    for order in problem.orders:
        if order:
            asked[order[0]] += 1
    return [
        agent
        for agent, order in enumerate(problem.orders)
        if order and asked[order[0]] > problem.capacities[order[0]]
    ]


def _batches(contenders: list[int], others: list[int]) -> Iterator[NDArray[np.int64]]:
    """Yield all orders of the contenders, with the other agents last."""
    all_orders = permutations(contenders)
    while batch := list(islice(all_orders, LISTED)):
        orders = np.array(batch, dtype=np.int64).reshape(len(batch), len(contenders))
        yield np.hstack([orders, np.tile(np.array(others, dtype=np.int64), (len(batch), 1))])
