"""Ex-post, ordinal and ex-ante efficiency.

*Ordinal efficiency* (Bogomolnaia and Moulin 2001): no other matrix stochastically dominates. Item b leads to
item a if an agent with a positive probability of b prefers a. The matrix is ordinally efficient if and only
if there is no cycle. With indifference, capacities and agents without an item: *nothing* is an item with
unlimited capacity; if an agent finds a as good as b, then b leads weakly to a; unassigned probability of b
leads weakly to every item; and no cycle may contain a strict step (Katta and Sethuraman 2006). A
deterministic assignment is Pareto-efficient if and only if its matrix is ordinally efficient.

*Ex-ante efficiency*: no other matrix gives all agents at least as much expected utility, and one agent more.
A linear program decides. Its dual prices are positive affine transformations of the agents' utilities, under
which every agent that may get an item values it at least as much as all other agents.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from parley.core.exact import show, show_all
from parley.kit.verdict import Verdict
from parley.mechanisms.assignment.decomposition import decompose
from parley.mechanisms.assignment.lottery import expected, indicator, show_matrix
from parley.mechanisms.assignment.welfare import assignment_program, averaged, matrix_of, utilities_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parley.mechanisms.assignment.lottery import Assignment, Lottery, Matrix
    from parley.mechanisms.assignment.problem import Problem

NOBODY = -1


@dataclass(frozen=True, slots=True)
class Trade:
    """One step of a cycle: an agent gives some probability of one item for as much of another."""

    agent: int
    """−1 for unassigned probability."""
    gives: int
    gets: int
    strict: bool
    """Whether the agent prefers what it gets."""

    def to_json(self, items: int) -> dict[str, Any]:
        """Return agent and items, numbered from 0; null for no agent and for nothing."""
        return {
            "agent": None if self.agent == NOBODY else self.agent,
            "gives": None if self.gives == items else self.gives,
            "gets": None if self.gets == items else self.gets,
        }


def trades(problem: Problem, matrix: Matrix) -> Iterator[Trade]:
    """List the trades that agents accept; *nothing* is the last item."""
    nothing = len(problem.items)
    for i, row in enumerate(matrix):
        rank = problem.rank_of[i]
        held = [o for o, p in enumerate(row) if p]
        if sum(row) < 1:
            held.append(nothing)
        for b in held:
            # An unwanted item is worse than nothing.
            own = rank.get(b, len(problem.items) + (b != nothing))
            yield from (Trade(i, b, a, k < own) for a, k in rank.items() if k <= own and a != b)
            if b != nothing and b not in rank:
                yield Trade(i, b, nothing, strict=True)
    left = [
        o
        for o, capacity in enumerate(problem.capacities)
        if sum((row[o] for row in matrix), Fraction(0)) < capacity
    ]
    for b in (*left, nothing):
        yield from (Trade(NOBODY, b, a, strict=False) for a in range(nothing + 1) if a != b)


def improving_cycle(problem: Problem, matrix: Matrix) -> tuple[Trade, ...] | None:
    """Find a cycle of trades with at least one strict preference.

    Returns
    -------
    tuple of Trade or None
        Each gives what the one before it gets. None if the matrix is ordinally efficient.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> from parley.mechanisms.assignment.serial_dictatorship import probabilities
    >>> cycle = improving_cycle(example_1(), probabilities(example_1()))
    >>> [(trade.agent, trade.gives, trade.gets) for trade in cycle]
    [(0, 1, 0), (2, 0, 1)]
    """
    found, component, _ = _relation(problem, matrix)
    for (b, a), trade in found.items():
        if trade.strict and component[a] == component[b]:
            return trade, *_path(found, a, b)
    return None


def _relation(problem: Problem, matrix: Matrix) -> tuple[dict[tuple[int, int], Trade], list[int], int]:
    """Return one trade for each pair of items, strict if possible, and the items in cycles."""
    found: dict[tuple[int, int], Trade] = {}
    for trade in trades(problem, matrix):
        key = trade.gives, trade.gets
        if key not in found or (trade.strict and not found[key].strict):
            found[key] = trade
    size = len(problem.items) + 1
    ends = np.array(list(found), dtype=np.int64).reshape(len(found), 2).T
    graph = csr_array((np.ones(len(found)), (ends[0], ends[1])), shape=(size, size))
    count, component = connected_components(graph, directed=True, connection="strong")
    return found, component.tolist(), int(count)


def _path(found: dict[tuple[int, int], Trade], start: int, end: int) -> list[Trade]:
    """Find a shortest chain of trades."""
    following: dict[int, list[int]] = {}
    for b, a in found:
        following.setdefault(b, []).append(a)
    by: dict[int, int] = {start: start}
    queue = deque([start])
    while end not in by:
        b = queue.popleft()
        for a in following.get(b, ()):
            if a not in by:
                by[a] = b
                queue.append(a)
    chain = []
    while end != start:
        chain.append(found[by[end], end])
        end = by[end]
    return chain[::-1]


def levels(problem: Problem, matrix: Matrix) -> tuple[int, ...] | None:
    """Give each item a level that increases with every strict trade: a proof of ordinal efficiency.

    Returns
    -------
    tuple of int or None
        One for each item, and 0 for nothing. None if there are none.

    Examples
    --------
    >>> from parley.mechanisms.assignment.probabilistic_serial import probabilities
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> levels(example_1(), probabilities(example_1()))
    (1, 1, 0, 0, 0)
    """
    found, component, count = _relation(problem, matrix)
    above: list[set[tuple[int, int]]] = [set() for _ in range(count)]
    for (b, a), trade in found.items():
        if component[a] == component[b]:
            if trade.strict:
                return None
        else:
            above[component[a]].add((component[b], int(trade.strict)))
    height = [-1] * count
    for start in range(count):
        stack = [start]
        while stack:
            here = stack[-1]
            waiting = [below for below, _ in above[here] if height[below] < 0]
            if waiting:
                stack += waiting
                continue
            height[here] = max((height[below] + step for below, step in above[here]), default=0)
            stack.pop()
    return tuple(height[component[o]] for o in range(len(problem.items) + 1))


def are_levels(problem: Problem, matrix: Matrix, given: Sequence[int]) -> bool:
    """Check levels: every strict trade leads up, and every weak one does not lead down."""
    return all(
        given[trade.gets] > given[trade.gives] if trade.strict else given[trade.gets] >= given[trade.gives]
        for trade in trades(problem, matrix)
    )


def trade_along(problem: Problem, matrix: Matrix, cycle: Sequence[Trade]) -> Matrix:
    """Execute a cycle of trades with the largest possible probability."""
    nothing = len(problem.items)
    rows = [[*row, 1 - sum(row, Fraction(0))] for row in matrix]
    amounts = [rows[trade.agent][trade.gives] for trade in cycle if trade.agent != NOBODY]
    amounts += [
        problem.capacities[trade.gives] - sum((row[trade.gives] for row in rows), Fraction(0))
        for trade in cycle
        if trade.agent == NOBODY and trade.gives != nothing
    ]
    amount = min(amounts)
    for trade in cycle:
        if trade.agent != NOBODY:
            rows[trade.agent][trade.gives] -= amount
            rows[trade.agent][trade.gets] += amount
    return tuple(tuple(row[:-1]) for row in rows)


def dominating(problem: Problem, matrix: Matrix) -> Matrix:
    """Trade until no agent gains; returns a matrix that stochastically dominates, if there is one.

    Agents with the same ranking and the same row share their gains.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> from parley.mechanisms.assignment.serial_dictatorship import probabilities
    >>> show_matrix(dominating(example_1(), probabilities(example_1())))[0]
    ['1/2', '0', '1/2', '0']
    """
    better = matrix
    for _ in range(20 * len(matrix) * len(problem.items)):
        cycle = improving_cycle(problem, better)
        if cycle is None:
            break
        better = trade_along(problem, better, cycle)
    groups: dict[object, list[int]] = {}
    for i, row in enumerate(matrix):
        groups.setdefault((problem.rankings[i], row), []).append(i)
    return averaged(problem, better, list(groups.values()))


def ordinally_efficient(problem: Problem, matrix: Matrix, *, exact: bool = True) -> Verdict:
    """Decide whether no random assignment stochastically dominates.

    Parameters
    ----------
    exact : bool
        Whether the matrix is exact. Frequencies may miss rare items: a cycle is still a witness, but levels
        prove nothing.

    Returns
    -------
    Verdict
        The witness is a cycle of trades with the resulting matrix and lottery; the certificate is a level for
        each item.
    """
    cycle = improving_cycle(problem, matrix)
    items = len(problem.items)
    if cycle is None:
        if not exact:
            return Verdict(
                None, certificate={"reason": "estimated: no cycle of trades among the items that were drawn"}
            )
        given = levels(problem, matrix)
        return Verdict(holds=True, certificate={"levels": list(given or ())})
    witness: dict[str, Any] = {"cycle": [trade.to_json(items) for trade in cycle]}
    if exact:
        better = dominating(problem, matrix)
        lottery = decompose(better, problem.capacities)
        witness |= {"matrix": show_matrix(better), "lottery": [term.to_json() for term in lottery]}
    return Verdict(holds=False, witness=witness)


def serial_order(problem: Problem, assignment: Assignment) -> tuple[int, ...] | None:
    """Find an order in which picking gives exactly this assignment (the paper's lemma).

    Returns
    -------
    tuple of int or None
        None if there is no such order; with strict rankings, the assignment is then not efficient.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> serial_order(example_1(), (2, 0, 3, 1)), serial_order(example_1(), (1, 2, 0, 3))
    ((1, 3, 0, 2), None)
    """
    left = list(problem.capacities)
    waiting = list(range(problem.agents))
    order: list[int] = []
    while waiting:
        for agent in waiting:
            if next((o for o in problem.orders[agent] if left[o]), None) == assignment[agent]:
                break
        else:
            return None
        waiting.remove(agent)
        order.append(agent)
        item = assignment[agent]
        if item is not None:
            left[item] -= 1
    return tuple(order)


def ex_post_efficient(problem: Problem, lottery: Lottery | None) -> Verdict:
    """Decide whether every assignment of a lottery is Pareto efficient.

    Parameters
    ----------
    lottery : tuple of Term or None
        None stands for all assignments of a rule that draws an order of agents.

    Returns
    -------
    Verdict
        The witness is an assignment, trades that improve it, and the improved assignment. The certificate is,
        for each assignment, an order of picking that gives it, or levels if there are ties.
    """
    if lottery is None:
        if problem.strict:
            reason = "theorem: with strict rankings, every order gives an efficient assignment"
            return Verdict(holds=True, certificate={"reason": reason})
        return Verdict(None, certificate={"reason": "too many assignments to list"})
    items = len(problem.items)
    orders: list[list[int] | None] = []
    proofs: list[list[int]] = []
    for term in lottery:
        matrix = indicator(term.assignment, items)
        cycle = improving_cycle(problem, matrix)
        if cycle is not None:
            better = trade_along(problem, matrix, cycle)
            witness = {
                **term.to_json(),
                "cycle": [trade.to_json(items) for trade in cycle],
                "better": [next((o for o, p in enumerate(row) if p), None) for row in better],
            }
            return Verdict(holds=False, witness=witness)
        order = serial_order(problem, term.assignment)
        orders.append(None if order is None else list(order))
        proofs.append(list(levels(problem, matrix) or ()))
    if None not in orders:
        return Verdict(holds=True, certificate={"orders": orders})
    return Verdict(holds=True, certificate={"levels": proofs})


def ex_ante_efficient(problem: Problem, matrix: Matrix, *, exact: bool = True) -> Verdict:
    """Decide ex-ante efficiency.

    Returns
    -------
    Verdict
        The witness is a better matrix and lottery, with expected utilities. The certificate is a weight λ ≥ 1
        and an offset α ≥ 0 for each agent, and a price β ≥ 0 for each item, such that λ·u − α is at most the
        item's price, with equality if the agent may get the item (`are_supporting_weights`).
    """
    if problem.utilities is None:
        return Verdict(None, certificate={"reason": "the problem has no utilities"})
    if not exact:
        return Verdict(None, certificate={"reason": "estimated"})
    utilities = utilities_of(problem)
    program, cells, rows, columns = assignment_program(problem, lambda _i, _o: 0)
    at_least, gains = [], []
    for i, (row, u) in enumerate(zip(matrix, utilities, strict=True)):
        gain = program.variable(1)
        gains.append(gain)
        own = {cell: u[o] or Fraction(0) for (agent, o), cell in cells.items() if agent == i}
        at_least.append(program.equals({**own, gain: -1}, expected(row, u)))
    best = program.solve()
    if not best.value:
        weights = [-best.prices[row] for row in at_least]
        offsets = [best.prices[row] for row in rows]
        prices = [best.prices[column] for column in columns]
        certificate = {"weights": show_all(weights), "offsets": show_all(offsets), "prices": show_all(prices)}
        return Verdict(holds=True, certificate=certificate)
    # Of all matrices with the same total gain, one that serves the most agents.
    program.equals(dict.fromkeys(gains, 1), best.value)
    program.objective = [Fraction(int(cell not in gains)) for cell in range(len(program.columns))]
    groups: dict[object, list[int]] = {}
    for i, row in enumerate(matrix):
        groups.setdefault((utilities[i], row), []).append(i)
    better = averaged(problem, matrix_of(problem, cells, program.solve().point), list(groups.values()))
    after = [expected(row, u) for row, u in zip(better, utilities, strict=True)]
    before = [expected(row, u) for row, u in zip(matrix, utilities, strict=True)]
    witness = {
        "matrix": show_matrix(better),
        "lottery": [term.to_json() for term in decompose(better, problem.capacities)],
        "expected_utilities": show_all(after),
        "gains": [show(a - b) for a, b in zip(after, before, strict=True)],
    }
    return Verdict(holds=False, witness=witness)


def are_supporting_weights(
    problem: Problem,
    matrix: Matrix,
    weights: Sequence[Fraction],
    offsets: Sequence[Fraction],
    prices: Sequence[Fraction],
) -> bool:
    """Check a certificate of ex-ante efficiency by itself.

    With positive weights λ, and α, β ≥ 0: λ_i·u_io − α_i ≤ β_o everywhere, with equality where P_io > 0;
    α_i = 0 where agent i may get nothing, and β_o = 0 where some of item o may be left over. Then every other
    random assignment Q has Σ_i λ_i·u_i(Q_i) ≤ Σ_i α_i + Σ_o β_o·capacity_o = Σ_i λ_i·u_i(P_i).

    Examples
    --------
    >>> from parley.mechanisms.assignment.lottery import as_matrix
    >>> from parley.mechanisms.assignment.problem import Problem
    >>> problem = Problem.from_mapping({
    ...     "kind": "assignment", "items": ["A", "B", "C"], "rule": "probabilistic-serial",
    ...     "utilities": [[3, 0, 1], [3, 0, 1], [3, 0, 2]]})
    >>> coin = as_matrix([["1/2", "1/2", 0], ["1/2", "1/2", 0], [0, 0, 1]])
    >>> are_supporting_weights(problem, coin, [1, 1, 1], [0, 0, 0], [3, 0, 2])
    True
    """
    if min(weights) <= 0 or min(offsets) < 0 or min(prices) < 0:
        return False
    for row, u, weight, offset in zip(matrix, utilities_of(problem), weights, offsets, strict=True):
        if offset and sum(row) < 1:
            return False
        for p, worth, price in zip(row, u, prices, strict=True):
            if worth is None:
                if p:
                    return False
            elif weight * worth - offset > price or (p and weight * worth - offset != price):
                return False
    return all(
        not price or sum((row[o] for row in matrix), Fraction(0)) == problem.capacities[o]
        for o, price in enumerate(prices)
    )
