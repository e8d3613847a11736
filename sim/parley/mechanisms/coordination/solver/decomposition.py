"""Cost-effective workloads by decomposition.

Units of task type t that agent g has contracted may be done by agents g, g + 1, … (a prefix of the agents
never announces more than it has contracted), as far as their capacities go. So workloads are flows: from
agents through capacities c_jt to *nodes* (g, t), one for each contract d_gt > 0, and from there down the
type's chain of nodes to the units contracted. The workloads of allocations are the bases of the polymatroid
whose rank r(A) is the most that agents A can do, and a separable convex function is minimized over them by
decomposition (Fujishige; Groenevelt; Hochbaum):

1. forget the network and share out the units by marginal cost, up to one common *price*;
2. find a maximum flow for these workloads; if everything flows, they are optimal;
3. if not, a minimum cut shows agents A whose workloads exceed r(A) by the most. Some optimum has workload
   r(A) on A: the agents A fill their side of the cut and their arcs across it, nobody else uses that side.
   Solve both sides.

*Ties.* Units are shared out in the order of (marginal cost, agent), the lowest agent first. That is the order
of the marginals of the perturbed costs f_i(s) − ε^(i+1)·s for every small ε > 0. These are separable and
convex too, so the result is optimal for them, and for small ε this means: optimal for f, and among those the
lexicographically greatest vector of workloads. Every step above is exact, so the tie-break is.

*Prices.* Where the flow succeeds, the common price is a potential of the agents and nodes of that part; the
side of A has prices at most the price before the cut, the other side at least that. Together they prove
optimality (see ``allocation.proves_optimal``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.coordination.solver.flows import max_flow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from parley.mechanisms.coordination.solver.marginals import Exact, IntArray, Marginals


@dataclass(frozen=True, slots=True)
class Network:
    """Agents, nodes and the arcs between them. All quantities are units."""

    node_type: IntArray
    """Task type of each node; nodes of a type are consecutive, in the order of the agents who contracted."""
    supply: IntArray
    """Units contracted at each node."""
    arc_agent: IntArray
    arc_node: IntArray
    """The latest node of the type at or before the agent."""
    arc_capacity: IntArray
    node_of: IntArray
    """Node by agent and type, −1 where none of the type is contracted by then; shape (agents, types)."""


def build_network(contracted: IntArray, capacity: IntArray) -> Network:
    """Build the network of a problem, or of a remaining part of it.

    Parameters
    ----------
    contracted, capacity : ndarrays of int64, shape (agents, types)
        In units; `contracted` may exceed `capacity`.
    """
    types, agents = np.nonzero(contracted.T)
    node_of = np.full(contracted.shape, -1, dtype=np.int64)
    node_of[agents, types] = np.arange(len(types))
    np.maximum.accumulate(node_of, axis=0, out=node_of)
    arc_agent, arc_type = np.nonzero((capacity > 0) & (node_of >= 0))
    return Network(
        node_type=types,
        supply=contracted[agents, types],
        arc_agent=arc_agent,
        arc_node=node_of[arc_agent, arc_type],
        arc_capacity=capacity[arc_agent, arc_type],
        node_of=node_of,
    )


@dataclass(slots=True)
class Plan:
    """The result of the decomposition."""

    workloads: IntArray
    matrix: IntArray
    """One allocation with these workloads."""
    agent_price: Exact
    node_price: Exact
    """In units of 1 / scale of the marginals."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Agents and nodes of one side of the cuts."""

    agents: IntArray
    nodes: IntArray
    arcs: IntArray
    low: int
    high: int
    """Between these lies the part's price."""


class _Decomposition:
    def __init__(self, network: Network, marginals: Marginals, types: int) -> None:
        self.network = network
        self.marginals = marginals
        # Load that an agent has for certain, from arcs that cuts have filled,
        self.fixed = np.zeros(marginals.size, dtype=np.int64)
        # and where it draws on the nodes.
        self.drawn = np.zeros(len(network.supply), dtype=np.int64)
        self.matrix = np.zeros((marginals.size, types), dtype=np.int64)
        self.price = np.zeros(marginals.size, dtype=object)
        self.node_price = np.zeros(len(network.supply), dtype=object)

    def run(self) -> Plan:
        network = self.network
        agents = np.arange(self.marginals.size)
        nodes = np.arange(len(network.supply))
        most = np.zeros(self.marginals.size, dtype=np.int64)
        np.add.at(most, network.arc_agent, network.arc_capacity)
        top = int(self.marginals.at(np.maximum(most, 1)).max())
        parts = [_Part(agents, nodes, np.arange(len(network.arc_agent)), 0, top)]
        while parts:
            parts.extend(self._solve(parts.pop()))
        loads = self.matrix.sum(axis=1)
        # An agent whose load a bound decided has a marginal cost beyond the part's price.
        below = np.where(loads > 0, self.marginals.at(np.maximum(loads, 1)), 0)
        price = np.minimum(np.maximum(self.price, below), self.marginals.at(loads + 1))
        return Plan(loads, self.matrix, price, self.node_price)

    def _solve(self, part: _Part) -> list[_Part]:
        network = self.network
        capacities = network.arc_capacity[part.arcs]
        place = np.empty(self.marginals.size, dtype=np.int64)
        place[part.agents] = np.arange(len(part.agents))
        arc_place = place[network.arc_agent[part.arcs]]
        least = self.fixed[part.agents]
        room = np.zeros(len(part.agents), dtype=np.int64)
        np.add.at(room, arc_place, capacities)
        units = int(network.supply[part.nodes].sum() - self.drawn[part.nodes].sum())
        loads, price = share_out(self.marginals.select(part.agents), least, least + room, units)
        price = min(max(price, part.low), part.high)
        reached = self._route(part, arc_place, loads - least)
        if reached is None:
            self.price[part.agents] = price
            self.node_price[part.nodes] = price
            return []
        agent_in, node_in = reached
        return self._split(part, arc_place, agent_in, node_in, price)

    def _route(
        self, part: _Part, arc_place: IntArray, loads: IntArray
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
        """Send the loads through the part's network.

        None if all of them arrive, else the source's side of a cut: agents and nodes.
        """
        network, nodes = self.network, part.nodes
        drawn = self.drawn[nodes]
        if not loads.any() and not drawn.any():
            return None
        a, k = len(part.agents), len(nodes)
        place = np.empty(len(network.supply), dtype=np.int64)
        place[nodes] = np.arange(k)
        agents_at, nodes_at, sink = np.arange(1, a + 1), np.arange(a + 1, a + k + 1), a + k + 1
        total = int(loads.sum() + drawn.sum())
        # A node passes draws on to the one before it of the same type. No cut has a node on the source's side
        # without those before it, so the nodes of a type in this part are consecutive.
        chained = 1 + np.flatnonzero(np.diff(network.node_type[nodes]) == 0)
        sources = np.zeros(a + k, dtype=np.int64)
        arc_node_at = 1 + a + place[network.arc_node[part.arcs]]
        flow = max_flow(
            sink + 1,
            np.concatenate((sources, 1 + arc_place, nodes_at[chained], nodes_at)),
            np.concatenate((agents_at, nodes_at, arc_node_at, nodes_at[chained - 1], np.full(k, sink))),
            np.concatenate(
                (
                    loads,
                    drawn,
                    network.arc_capacity[part.arcs],
                    np.full(len(chained), total),
                    network.supply[nodes],
                )
            ),
        )
        if flow.value < total:
            return flow.source_side[agents_at], flow.source_side[nodes_at]
        inner = (flow.tails > 0) & (flow.tails <= a)
        rows = part.agents[flow.tails[inner] - 1]
        columns = network.node_type[nodes[flow.heads[inner] - a - 1]]
        self.matrix[rows, columns] += flow.amounts[inner]
        return None

    def _split(
        self,
        part: _Part,
        arc_place: IntArray,
        agent_in: NDArray[np.bool_],
        node_in: NDArray[np.bool_],
        price: int,
    ) -> list[_Part]:
        network = self.network
        inside = np.zeros(len(network.supply), dtype=np.bool_)
        inside[part.nodes[node_in]] = True
        from_in, to_in = agent_in[arc_place], inside[network.arc_node[part.arcs]]
        # Agents of the cut fill their arcs across it; nobody else draws on its nodes.
        full = part.arcs[from_in & ~to_in]
        agents, arc_nodes, amounts = (
            network.arc_agent[full],
            network.arc_node[full],
            network.arc_capacity[full],
        )
        self.matrix[agents, network.node_type[arc_nodes]] += amounts
        np.add.at(self.fixed, agents, amounts)
        np.add.at(self.drawn, arc_nodes, amounts)
        return [
            _Part(part.agents[agent_in], part.nodes[node_in], part.arcs[from_in & to_in], part.low, price),
            _Part(
                part.agents[~agent_in], part.nodes[~node_in], part.arcs[~from_in & ~to_in], price, part.high
            ),
        ]


def share_out(marginals: Marginals, least: IntArray, most: IntArray, units: int) -> tuple[IntArray, int]:
    """Assign units one by one to the agent with the lowest marginal cost, the first agent in a tie.

    Parameters
    ----------
    least, most : ndarrays of int64, shape (agents,)
        Initial loads and upper bounds.
    units : int
        Units to assign; the bounds must leave room for them.

    Returns
    -------
    (loads, price)
        Loads, and the cost of the last unit (0 if there was none). No remaining unit costs less.
    """
    if units == 0 or not marginals.size:
        return least.copy(), 0
    target = int(least.sum()) + units
    below, above = 0, int(marginals.at(np.maximum(most, 1)).max())
    before, after = least, most  # loads at these prices: too few units, and enough
    guesses = marginals.guess(least, most, target)
    middle = False
    while above - below > 1:
        if guesses:
            price = min(max(guesses.pop(0), below + 1), above - 1)
        elif middle:
            price = (below + above) // 2
        else:
            # What a unit costs that is given between the two prices, one in the middle of the list of all of
            # these: few steps, however large the numbers. Halving every other time bounds them.
            upto = np.cumsum(after - before)
            i = int(np.searchsorted(upto, (int(upto[-1]) + 1) // 2))
            cost = int(marginals.at(before + 1 + (after - before) // 2)[i])
            price = min(max(cost, below + 1), above - 1)
        middle = not middle
        loads = np.maximum(marginals.count(price, most), least)
        if int(loads.sum()) >= target:
            above, after = price, loads
        else:
            below, before = price, loads
    ties = np.maximum(marginals.count(above, most), least) - before
    left = target - int(before.sum())
    given = np.clip(left - (np.cumsum(ties) - ties), 0, ties)
    return before + given, above


def decompose(contracted: IntArray, capacity: IntArray, marginals: Marginals) -> tuple[Plan, Network]:
    """Return optimal workloads, lexicographically greatest in ties, with prices that prove optimality.

    Parameters
    ----------
    contracted, capacity : ndarrays of int64, shape (agents, types)
        Contracted units and capacities. An allocation must exist.
    """
    network = build_network(contracted, capacity)
    return _Decomposition(network, marginals, contracted.shape[1]).run(), network
