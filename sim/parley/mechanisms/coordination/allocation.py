"""Cost-effective allocations in whole units, with prices that prove it (the paper's Section 2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from parley.mechanisms.coordination.announcements import check_feasible
from parley.mechanisms.coordination.solver.decomposition import decompose
from parley.mechanisms.coordination.solver.lexicographic import greatest_matrix
from parley.mechanisms.coordination.solver.marginals import Exact, Marginals

if TYPE_CHECKING:
    from fractions import Fraction

    from parley.mechanisms.coordination.problem import Problem

IntArray = NDArray[np.int64]

# Up to this number of agents and types (the limit of a game on chain), the matrix is the lexicographically
# greatest.
CANONICAL = 64


@dataclass(frozen=True, slots=True)
class Prices:
    """Dual prices of a unit of work, in units of 1 / `scale` of cost."""

    scale: int
    agents: Exact
    """Shape (n − first,): between the marginal costs of the agent's last unit and of its next one."""
    tasks: Exact
    """Shape (n − first, m): price of a unit of type t at agent j."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """A cost-effective allocation after the announcements of the first agents."""

    matrix: IntArray
    """X in units, shape (n, m), announced rows included; read-only."""
    first: int
    """Number of agents that had announced."""
    total_cost: Fraction
    """F(X) in units of cost."""
    prices: Prices
    """Prices of the agents from `first` on."""

    @property
    def workloads(self) -> IntArray:
        """Row sums, in units."""
        loads: IntArray = self.matrix.sum(axis=1)
        return loads


def cost_effective(problem: Problem, announced: ArrayLike = ()) -> Allocation:
    """Find an allocation of least total cost that continues the announcements so far.

    Ties: the lexicographically greatest vector of workloads (agent 1 as much as possible, then agent 2, …),
    and then the lexicographically greatest matrix, row by row (agent 1 as much as possible of type 1, then of
    type 2, …). So a solution after some agents followed the allocation continues the same allocation. Beyond
    64 agents or types, the matrix is any with these workloads; it is deterministic, but may change with a
    release of SciPy.

    Parameters
    ----------
    announced : array_like of int, shape (k, m)
        Announcements of the first k agents, in units; none by default. Any legal announcements.

    Raises
    ------
    ProblemError
        If an announcement is not legal.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> best = cost_effective(example_1())
    >>> best.workloads.tolist(), best.total_cost
    ([5, 4, 4, 4, 4], Fraction(89, 1))
    >>> cost_effective(example_1(), [[3, 0, 0, 0, 0]]).workloads.tolist()
    [3, 5, 5, 4, 4]
    """
    rows = np.asarray(announced, dtype=np.int64).reshape(-1, problem.task_types)
    check_feasible(problem, rows)
    k = len(rows)
    contracted, capacity = problem.contracted[k:].copy(), problem.capacity[k:]
    matrix = problem.contracted.copy()
    matrix[:k] = rows
    prices = Prices(1, np.zeros(0, dtype=np.int64), np.zeros((0, problem.task_types), dtype=np.int64))
    if k < problem.agents:
        contracted[0] += problem.contracted[:k].sum(axis=0) - rows.sum(axis=0)
        marginals = Marginals.of(problem, k, np.minimum(capacity.sum(axis=1), int(contracted.sum())))
        plan, network = decompose(contracted, capacity, marginals)
        matrix[k:] = plan.matrix
        if max(problem.contracted.shape) <= CANONICAL:
            matrix[k:] = greatest_matrix(plan.matrix, contracted, capacity)
        # A node's price holds for all agents from its contractor to the next one; nothing is there before the
        # first.
        tasks = np.append(plan.node_price, 0)[network.node_of]
        prices = Prices(marginals.scale, _narrow(plan.agent_price), _narrow(tasks))
    matrix.setflags(write=False)
    return Allocation(matrix, k, problem.total_cost(matrix), prices)


def proves_optimal(problem: Problem, X: ArrayLike, prices: Prices, first: int = 0) -> bool:
    """Whether prices prove that X has least cost among the allocations with the same first rows.

    The check is independent of the solver. For any other allocation Y with the same first rows, convexity and
    the first condition give F(Y) − F(X) ≥ Σ_j a_j·(load_j(Y) − load_j(X)). By the second, this is at least
    Σ_jt b_jt·(y_jt − x_jt) = Σ_jt (b_{j+1,t} − b_jt)·(left_jt(Y) − left_jt(X)), where left_jt is the number
    of units of type t that agents up to j leave to later ones. By the third, no term is negative.

    Parameters
    ----------
    X : array_like of int, shape (n, m)
        A feasible allocation, in units.
    prices : Prices
        a and b of the agents from `first` on.
    first : int
        Number of fixed rows.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> problem = example_1()
    >>> best = cost_effective(problem)
    >>> [proves_optimal(problem, X, best.prices) for X in (best.matrix, problem.contracted)]
    [True, False]
    """
    X = np.asarray(X, dtype=np.int64)
    left = (problem.contracted - X).cumsum(axis=0)[first:-1]
    a, b = prices.agents, prices.tasks
    for i, price in enumerate(a.tolist(), start=first):
        last, load, following = (
            problem.cost(i, int(X[i].sum()) + step) * prices.scale for step in (-1, 0, 1)
        )
        if price > following - load or (X[i].any() and price < load - last):
            return False
    X, C = X[first:], problem.capacity[first:]
    if (a[:, None] > b)[X > 0].any() or (a[:, None] < b)[X < C].any():
        return False
    rise = b[1:] - b[:-1]
    return not ((rise < 0).any() or rise[left > 0].any())


def _narrow(values: Exact) -> Exact:
    """Convert to 64-bit integers if they fit."""
    if values.dtype != object or (values.size and max(values.max(), -values.min()) >= 2**62):
        return values
    return values.astype(np.int64)
