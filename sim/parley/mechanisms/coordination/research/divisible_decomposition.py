"""Cost-effective workloads of divisible tasks, over the rationals, where marginal costs are piecewise linear.

The workloads of divisible allocations are the bases of a polymatroid with rank r, as those of whole units are
(see ``decomposition``), and the same decomposition finds the best of them: share out what there is at one
common marginal cost, look for agents that would do more than they can do together, and solve for them and
for the others apart. With quadratic and piecewise-linear costs the common marginal cost is rational, and so
is all that follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import TYPE_CHECKING

from parley.mechanisms.coordination.costs import Piecewise, Power
from parley.mechanisms.coordination.solver.decomposition import build_network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.coordination.costs import Cost
    from parley.mechanisms.coordination.solver.marginals import IntArray

FractionRow = tuple[Fraction, ...]
FractionRows = tuple[FractionRow, ...]


def is_rational(cost: Cost) -> bool:
    """Whether the load at a rational marginal cost is rational: quadratic and piecewise-linear functions."""
    return isinstance(cost, Piecewise) or (isinstance(cost, Power) and cost.exponent == 2)


def optimal_rows(contracted: IntArray, capacity: IntArray, costs: Sequence[Cost], unit: int) -> FractionRows:
    """Find an allocation of divisible tasks that costs least.

    Parameters
    ----------
    contracted, capacity : ndarrays of int64, shape (agents, types)
        In units of 1 / `unit` task. Some allocation must exist.
    costs : sequence of Cost
        One each, all of them quadratic or piecewise linear.
    unit : int
        Units per task.

    Returns
    -------
    tuple of tuples of Fraction, shape (agents, types)
        In tasks.

    Examples
    --------
    >>> import numpy as np
    >>> from parley.mechanisms.coordination.costs import Quadratic
    >>> D, C = np.array([[3], [0]]), np.array([[3], [3]])
    >>> [str(x) for x, in optimal_rows(D, C, 2 * [Quadratic(Fraction(1))], unit=1)]
    ['3/2', '3/2']
    """
    search = _Rational(contracted, capacity, costs, unit)
    return search.rows(search.workloads())


class _Rational:
    """One problem; all flows and loads are in tasks."""

    def __init__(self, contracted: IntArray, capacity: IntArray, costs: Sequence[Cost], unit: int) -> None:
        network = build_network(contracted, capacity)
        self.costs = costs
        self.unit = unit
        self.size, self.types = contracted.shape
        self.node_type: list[int] = network.node_type.tolist()
        self.supply: list[int] = network.supply.tolist()
        self.arcs: list[tuple[int, int, int]] = list(
            zip(
                network.arc_agent.tolist(),
                network.arc_node.tolist(),
                network.arc_capacity.tolist(),
                strict=True,
            )
        )
        self.room = [0] * self.size
        for agent, _, units in self.arcs:
            self.room[agent] += units

    def workloads(self) -> list[Fraction]:
        everybody = list(range(self.size))
        loads = [Fraction(0)] * self.size
        # Agents whose capacity is taken up as a set, those to share out the rest to, and the ranks of the
        # first and of both together.
        parts: list[tuple[list[int], list[int], Fraction, Fraction]] = [
            ([], everybody, Fraction(0), Fraction(sum(self.supply), self.unit))
        ]
        while parts:
            before, here, rank_before, rank = parts.pop()
            most = [Fraction(self.room[i], self.unit) for i in here]
            shares = share_out([self.costs[i] for i in here], most, rank - rank_before)
            limits = [Fraction(0)] * self.size
            for i in before:
                limits[i] = Fraction(self.room[i], self.unit)
            for i, share in zip(here, shares, strict=True):
                limits[i] = loads[i] = share
            flow = self._flow(limits)
            value = Fraction(flow.value, flow.scale)
            if value == rank:
                continue
            inside = [i for i in here if flow.source_side[1 + i]]
            outside = [i for i in here if not flow.source_side[1 + i]]
            between = value - sum((loads[i] for i in outside), Fraction(0))
            parts.append((before, inside, rank_before, between))
            parts.append((before + inside, outside, between, rank))
        return loads

    def rows(self, loads: list[Fraction]) -> FractionRows:
        flow = self._flow(loads)
        rows = [[Fraction(0)] * self.types for _ in range(self.size)]
        for (agent, node, _), amount in zip(self.arcs, flow.amounts[: len(self.arcs)], strict=True):
            rows[agent][self.node_type[node]] += Fraction(amount, flow.scale)
        return tuple(map(tuple, rows))

    def _flow(self, limits: Sequence[Fraction]) -> _Flow:
        """Send at most so much from each agent to what is contracted."""
        scale = lcm(self.unit, *(limit.denominator for limit in limits))
        fine = scale // self.unit
        agents, nodes = self.size, len(self.supply)
        sink = agents + nodes + 1
        arcs = [(1 + agent, 1 + agents + node, units * fine) for agent, node, units in self.arcs]
        # A node passes on to the one before it of the same type.
        endless = sum(self.supply) * fine
        arcs += [
            (1 + agents + later, 1 + agents + earlier, endless)
            for earlier, later in pairwise(range(nodes))
            if self.node_type[earlier] == self.node_type[later]
        ]
        arcs += [(0, 1 + i, int(limit * scale)) for i, limit in enumerate(limits)]
        arcs += [(1 + agents + node, sink, units * fine) for node, units in enumerate(self.supply)]
        return _max_flow(sink + 1, arcs, scale)


def share_out(costs: Sequence[Cost], most: Sequence[Fraction], amount: Fraction) -> list[Fraction]:
    """Share out tasks at one common marginal cost, as if there were no task types.

    Parameters
    ----------
    costs : sequence of Cost
        Quadratic or piecewise linear.
    most : sequence of Fraction
        Bounds of the loads, in tasks.
    amount : Fraction
        To be shared out, in tasks; at most the sum of the bounds.

    Returns
    -------
    list of Fraction
        Loads that sum to `amount` and cost least. Where several do, the first agents do most.

    Examples
    --------
    >>> from parley.mechanisms.coordination.costs import Quadratic
    >>> print(*share_out([Quadratic(Fraction(1)), Quadratic(Fraction(2))], [Fraction(9)] * 2, Fraction(4)))
    8/3 4/3
    """

    def both(price: Fraction) -> tuple[list[Fraction], list[Fraction]]:
        ranges = [_loads_at(cost, price, limit) for cost, limit in zip(costs, most, strict=True)]
        return [low for low, _ in ranges], [high for _, high in ranges]

    # Between two neighbouring ones of these prices all loads are linear in the price.
    prices = sorted({price for cost, limit in zip(costs, most, strict=True) for price in _kinks(cost, limit)})
    low, high = 0, len(prices) - 1
    while low < high:
        middle = (low + high) // 2
        if sum(both(prices[middle])[1]) >= amount:
            high = middle
        else:
            low = middle + 1
    least, greatest = both(prices[low])
    below, above = sum(least, Fraction(0)), amount
    if below > amount:
        start = both(prices[low - 1])[1]
        part = (amount - sum(start)) / (below - sum(start))
        return [one + part * (other - one) for one, other in zip(start, least, strict=True)]
    loads = []
    left = above - below
    for one, other in zip(least, greatest, strict=True):
        extra = min(left, other - one)
        loads.append(one + extra)
        left -= extra
    return loads


def _kinks(cost: Cost, most: Fraction) -> tuple[Fraction, ...]:
    """Prices at which the load changes otherwise than linearly."""
    if isinstance(cost, Piecewise):
        return cost.slopes
    if not isinstance(cost, Power):
        raise TypeError(f"no marginal cost is known of {cost}")
    return cost.linear, cost.linear + 2 * cost.coefficient * most


def _loads_at(cost: Cost, price: Fraction, most: Fraction) -> tuple[Fraction, Fraction]:
    """Least and greatest load up to `most` at which the marginal cost is the price."""
    if isinstance(cost, Piecewise):
        ends = (*cost.breakpoints[1:], most)
        cheaper = [end for end, slope in zip(ends, cost.slopes, strict=True) if slope < price]
        as_cheap = [end for end, slope in zip(ends, cost.slopes, strict=True) if slope <= price]
        return min(max(cheaper, default=Fraction(0)), most), min(max(as_cheap, default=Fraction(0)), most)
    if not isinstance(cost, Power):
        raise TypeError(f"no marginal cost is known of {cost}")
    load = min(max((price - cost.linear) / (2 * cost.coefficient), Fraction(0)), most)
    return load, load


@dataclass(frozen=True, slots=True)
class _Flow:
    value: int
    """In units of 1 / `scale` task."""
    amounts: list[int]
    """Arc by arc, likewise."""
    source_side: list[bool]
    scale: int


def _max_flow(nodes: int, arcs: Sequence[tuple[int, int, int]], scale: int) -> _Flow:
    """Find a maximum flow from the first node to the last one (Dinic), in integers of any size."""
    # An arc and the one against it are neighbours: 2k and 2k + 1.
    heads: list[int] = []
    room: list[int] = []
    leaving: list[list[int]] = [[] for _ in range(nodes)]
    for tail, head, capacity in arcs:
        leaving[tail].append(len(heads))
        leaving[head].append(len(heads) + 1)
        heads += [head, tail]
        room += [capacity, 0]
    sink = nodes - 1
    value = 0
    while True:
        level = _levels(nodes, heads, room, leaving)
        if level[sink] < 0:
            break
        following = [0] * nodes
        path: list[int] = []
        while True:
            node = heads[path[-1]] if path else 0
            if node == sink:
                step = min(room[arc] for arc in path)
                value += step
                for arc in path:
                    room[arc] -= step
                    room[arc ^ 1] += step
                path = path[: next(k for k, arc in enumerate(path) if not room[arc])]
                continue
            while following[node] < len(leaving[node]):
                arc = leaving[node][following[node]]
                if room[arc] and level[heads[arc]] == level[node] + 1:
                    path.append(arc)
                    break
                following[node] += 1
            else:
                if not path:
                    break
                following[heads[path.pop() ^ 1]] += 1
    return _Flow(value, room[1::2], [reached >= 0 for reached in level], scale)


def _levels(nodes: int, heads: list[int], room: list[int], leaving: list[list[int]]) -> list[int]:
    """Count steps from the first node along arcs with room; −1 where none lead."""
    level = [-1] * nodes
    level[0] = 0
    queue = [0]
    for node in queue:
        for arc in leaving[node]:
            if room[arc] and level[heads[arc]] < 0:
                level[heads[arc]] = level[node] + 1
                queue.append(heads[arc])
    return level
