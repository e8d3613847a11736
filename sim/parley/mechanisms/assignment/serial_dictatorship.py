"""Random serial dictatorship: agents take their best remaining item, in a uniformly random order.

Exact probabilities come from a dynamic program over (served, taken): the agents that have had a turn, and the
taken amount of each item. Both are needed, because the served agents do not determine the taken items. The
problem is #P-hard. It is smaller if agents have equal rankings (only their number counts) and if items have
enough capacity for all (they are omitted); and counts of orders fit in 64 bits up to 20 agents.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from math import factorial, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from parley.core.errors import ParleyError
from parley.mechanisms.assignment.lottery import Assignment, Lottery, Matrix, merged
from parley.mechanisms.assignment.sampling import Sample, frequencies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from parley.mechanisms.assignment.problem import Problem

MAX_STATES = 6_000_000
"""Maximum states of one layer (a number of served agents) for exact probabilities: about a gigabyte."""
MAX_OUTCOMES = 20_000
"""Maximum number of partial assignments of one layer to list all outcomes."""
MACHINE_AGENTS = 20
"""Agents up to which counts of orders fit in 64 bits."""
SLOWDOWN = 100
"""Divisor of the maximum number of states for more agents."""
ENUMERATED = 9
"""Maximum number of agents to enumerate all orders."""
KEY_BITS = 62


class TooLargeError(ParleyError):
    """The exact computation would exceed its memory limit."""


def serve(problem: Problem, order: Iterable[int]) -> Assignment:
    """Let agents pick in the given order.

    Parameters
    ----------
    order : iterable of int
        Agents from 0, each once.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> serve(example_1(), [3, 0, 1, 2])
    (0, 2, 3, 1)
    """
    left = list(problem.capacities)
    assignment: list[int | None] = [None] * problem.agents
    for agent in order:
        item = next((o for o in problem.orders[agent] if left[o]), None)
        if item is not None:
            assignment[agent] = item
            left[item] -= 1
    return tuple(assignment)


def enumerated(problem: Problem) -> Matrix:
    """Average over all orders, to check `probabilities`.

    Raises
    ------
    TooLargeError
        Beyond 9 agents.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> enumerated(example_1()) == probabilities(example_1())
    True
    """
    agents, items = problem.shape
    if agents > ENUMERATED:
        raise TooLargeError(f"{agents} agents have too many orders to list them all (at most {ENUMERATED})")
    counts = [[0] * items for _ in range(agents)]
    for order in permutations(range(agents)):
        for agent, item in enumerate(serve(problem, order)):
            if item is not None:
                counts[agent][item] += 1
    return tuple(tuple(Fraction(count, factorial(agents)) for count in row) for row in counts)


def probabilities(problem: Problem, *, max_states: int = MAX_STATES) -> Matrix:
    """Exact probability that each agent gets each item.

    Parameters
    ----------
    max_states : int
        Maximum number of states of one layer.

    Returns
    -------
    tuple of tuples of Fraction, shape (agents, items)

    Raises
    ------
    TooLargeError
        If there are more states than that. Random rankings of n items by n agents stay below the default up
        to about n = 18; see `docs/explanation/assignment.md`.

    Examples
    --------
    >>> from parley.mechanisms.assignment.lottery import show_matrix
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> show_matrix(probabilities(example_1()))[0]
    ['5/12', '1/12', '5/12', '1/12']
    """
    return Layers(problem, max_states).matrix()


def wanted(problem: Problem) -> tuple[tuple[tuple[int, ...], ...], tuple[bool, ...]]:
    """Cut orders after the first item with enough capacity for all agents that want it.

    Returns
    -------
    (orders, plenty)
        `plenty` marks these items.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import from_orders
    >>> wanted(from_orders([[0, 1], [1, 0]], 2, capacities=[2, 1]))
    (((0,), (1,)), (True, True))
    """
    orders = [tuple(o for o in order if problem.capacities[o]) for order in problem.orders]
    while True:
        asked = [0] * len(problem.items)
        for order in orders:
            for o in order:
                asked[o] += 1
        plenty = [most <= capacity for most, capacity in zip(asked, problem.capacities, strict=True)]
        cut = []
        for order in orders:
            last = next((k for k, o in enumerate(order) if plenty[o]), len(order))
            cut.append(order[: last + 1])
        if cut == orders:
            return tuple(cut), tuple(plenty)
        orders = cut


class Layers:
    """The dynamic program: states after k turns, with the number of orders for each.

    Raises
    ------
    TooLargeError
        If a state does not fit in a word.
    """

    def __init__(self, problem: Problem, max_states: int) -> None:
        self.agents, self.items = problem.shape
        self.max_states = max_states
        orders, plenty = wanted(problem)
        self.groups: dict[tuple[int, ...], list[int]] = {}
        for agent, order in enumerate(orders):
            self.groups.setdefault(order, []).append(agent)
        # A state is one number: served agents of each group, and taken units of each scarce item.
        self.base = {("agents", k): len(group) + 1 for k, group in enumerate(self.groups.values())}
        scarce = {o for order in orders for o in order if not plenty[o]}
        self.base |= {("item", o): problem.capacities[o] + 1 for o in sorted(scarce)}
        if prod(self.base.values()).bit_length() > KEY_BITS:
            raise TooLargeError(
                f"{self.agents} agents and {len(scarce)} scarce items are too many for exact probabilities"
            )
        self.stride: dict[tuple[str, int], int] = {}
        stride = 1
        for key, base in self.base.items():
            self.stride[key] = stride
            stride *= base
        self.largest = 1
        """States of the largest layer so far."""
        self.exact_type: Any = np.int64
        if self.agents > MACHINE_AGENTS:
            self.exact_type = object
            self.max_states //= SLOWDOWN

    def _digit(self, states: NDArray[np.int64], key: tuple[str, int]) -> NDArray[np.int64]:
        digit: NDArray[np.int64] = states // self.stride[key] % self.base[key]
        return digit

    def matrix(self) -> Matrix:
        """Compute all layers; raises `TooLargeError` if one has too many states."""
        counts = [[0] * self.items for _ in self.groups]
        states = np.zeros(1, dtype=np.int64)
        ways = np.array([1], dtype=self.exact_type)
        for turn in range(self.agents):
            rest = factorial(self.agents - turn - 1)
            new_states, new_ways = [], []
            size = 0
            for number, (order, group) in enumerate(self.groups.items()):
                waiting = len(group) - self._digit(states, ("agents", number))
                open_ = np.flatnonzero(waiting)
                here, weight = states[open_], ways[open_] * waiting[open_]
                for o, chosen in self._picks(here, order):
                    moved = here[chosen] + self.stride["agents", number]
                    if o is not None:
                        counts[number][o] += int(weight[chosen].sum()) * rest
                        moved += self.stride.get(("item", o), 0)
                    new_states.append(moved)
                    new_ways.append(weight[chosen])
                    size += len(moved)
                if size > 2 * self.max_states:
                    states_, ways_ = _merge(np.concatenate(new_states), np.concatenate(new_ways))
                    new_states, new_ways, size = [states_], [ways_], len(states_)
            states, ways = _merge(np.concatenate(new_states), np.concatenate(new_ways))
            self.largest = max(self.largest, len(states))
            if len(states) > self.max_states:
                raise TooLargeError(
                    f"exact probabilities for {self.agents} agents need more than {self.max_states} states"
                )
        rows: list[tuple[Fraction, ...]] = [()] * self.agents
        for count, group in zip(counts, self.groups.values(), strict=True):
            row = tuple(Fraction(c, factorial(self.agents) * len(group)) for c in count)
            for agent in group:
                rows[agent] = row
        return tuple(rows)

    def _picks(
        self, states: NDArray[np.int64], order: Sequence[int]
    ) -> Iterable[tuple[int | None, NDArray[np.intp]]]:
        """Return the states in which an agent with this order takes each item."""
        undecided = np.arange(len(states))
        for o in order:
            key = ("item", o)
            if key not in self.stride:  # enough for everybody
                yield o, undecided
                return
            there = self._digit(states[undecided], key) < self.base[key] - 1
            yield o, undecided[there]
            undecided = undecided[~there]
        yield None, undecided


def _merge(states: NDArray[np.int64], ways: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Add up the ways that lead to the same state."""
    order = np.argsort(states)
    states = states[order]
    first = np.flatnonzero(np.concatenate([[True], states[1:] != states[:-1]]))
    return states[first], np.add.reduceat(ways[order], first)


def outcomes(problem: Problem, *, limit: int = MAX_OUTCOMES) -> Lottery | None:
    """List all possible assignments with their probabilities: the rule's own lottery.

    Parameters
    ----------
    limit : int
        Maximum number of partial assignments after any number of turns.

    Returns
    -------
    tuple of Term or None
        None if there are more.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import from_orders
    >>> [(str(term.weight), term.assignment) for term in outcomes(from_orders([[0, 1], [0, 1]], 2))]
    [('1/2', (0, 1)), ('1/2', (1, 0))]
    """
    orders, plenty = wanted(problem)
    waiting, without = -1, -2  # an agent before its turn; an agent that got nothing
    # An agent that always gets the same item needs no turn.
    start = tuple(without if not order else order[0] if plenty[order[0]] else waiting for order in orders)
    turns = start.count(waiting)
    layer = {start: 1}
    for _ in range(turns):
        following: dict[tuple[int, ...], int] = {}
        for state, ways in layer.items():
            left = list(problem.capacities)
            for got in state:
                if got >= 0:
                    left[got] -= 1  # exact only for scarce items
            for agent, got in enumerate(state):
                if got != waiting:
                    continue
                item = next((o for o in orders[agent] if plenty[o] or left[o]), without)
                reached = (*state[:agent], item, *state[agent + 1 :])
                following[reached] = following.get(reached, 0) + ways
        if len(following) > limit:
            return None
        layer = following
    total = factorial(turns)
    return merged(
        {
            tuple(None if got < 0 else got for got in state): Fraction(ways, total)
            for state, ways in layer.items()
        }
    )


def sample(
    problem: Problem, *, runs: int, seed: int, progress: Callable[[int], None] | None = None
) -> Sample:
    """Draw orders and let agents pick; returns unbiased estimates with standard errors.

    Parameters
    ----------
    runs : int
        Orders to draw, at least 2.
    progress : callable, optional
        Called with the number of orders done since the last call.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> found = sample(example_1(), runs=1000, seed=1)
    >>> bool((abs(found.matrix[0, 0] - 5 / 12) < 4 * found.std_errors[0, 0]).all())
    True
    """
    orders, _ = wanted(problem)
    return frequencies(
        lambda turns: pick_all(problem, orders, turns), problem.shape, runs=runs, seed=seed, progress=progress
    )


def pick_all(
    problem: Problem, orders: Sequence[Sequence[int]], turns: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Let agents pick, for many orders at once.

    Parameters
    ----------
    orders : sequence of sequences of int
        Wanted items of each agent, best first.
    turns : ndarray of int, shape (runs, agents)
        Each row an order of the agents.

    Returns
    -------
    ndarray of int, shape (runs, agents)
        The item that each agent got; −1 for nothing.
    """
    runs, agents = turns.shape
    length = max(map(len, orders), default=0)
    nothing = len(problem.items)  # a last item with unlimited capacity
    lists = np.full((agents, length + 1), nothing)
    for agent, order in enumerate(orders):
        lists[agent, : len(order)] = order
    # Capacities above the number of agents are reduced to it, so that they fit in a word.
    places = [min(capacity, agents) for capacity in problem.capacities]
    left = np.tile(np.array([*places, agents], dtype=np.int64), (runs, 1))
    picked = np.full((runs, agents), -1, dtype=np.int64)
    every = np.arange(runs)
    for turn in range(agents):
        who = turns[:, turn]
        choice = np.full(runs, nothing)
        undecided = every
        for place in range(length):
            item = lists[who[undecided], place]
            free = left[undecided, item] > 0
            choice[undecided[free]] = item[free]
            undecided = undecided[~free]
            if not len(undecided):
                break
        left[every, choice] -= 1
        picked[every, who] = np.where(choice == nothing, -1, choice)
    return picked
