"""The allocation problem as one would hand it to the solvers one would reach for, and races against them.

`python -m benchmarks.solvers NAME CASE AGENTS TYPES TURNS` solves one problem turn by turn, Parley first in
each, and prints a line of JSON after every turn. What is timed goes from the problem to an allocation, the
making of the solver's model included. Whole-unit solvers must return a feasible allocation of exactly the
cost that Parley finds. Those that solve the divisible problem must come near the interval that it leaves.
"""

import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp, minimize
from scipy.sparse import coo_array, csr_array

from benchmarks.allocation import GENERATORS
from parley.mechanisms.coordination.allocation import cost_effective, proves_optimal
from parley.mechanisms.coordination.announcements import is_feasible
from parley.mechanisms.coordination.costs import Quadratic
from parley.mechanisms.coordination.problem import Problem
from parley.mechanisms.coordination.solver.decomposition import Network, build_network

IntArray = NDArray[np.int64]

# What solvers of the divisible problem are content with by default lies between 1e-8 and 1e-5.
NEAR = 1e-4


@dataclass(frozen=True)
class Model:
    """Costs a z² + b z over flows: from what is contracted, down the types' chains, to agents."""

    problem: Problem
    network: Network
    quadratic: IntArray
    linear: IntArray
    most: IntArray
    """Of each agent's load."""

    @classmethod
    def of(cls, problem: Problem) -> "Model":
        """Whole coefficients and units only."""
        network = build_network(problem.contracted, problem.capacity)
        costs = [cost for cost in problem.costs if isinstance(cost, Quadratic)]
        most = np.bincount(network.arc_agent, network.arc_capacity, problem.agents).astype(np.int64)
        return cls(
            problem,
            network,
            np.array([int(cost.coefficient) for cost in costs]),
            np.array([int(cost.linear) for cost in costs]),
            most,
        )

    @property
    def chained(self) -> IntArray:
        """Nodes that pass what they have left to the next one, which is of the same type."""
        return np.flatnonzero(np.diff(self.network.node_type) == 0)

    def units(self) -> tuple[IntArray, IntArray]:
        """All units of all agents' loads: the agent, and what this one costs it."""
        agent = np.repeat(np.arange(len(self.most)), self.most)
        k = np.arange(len(agent)) - np.repeat(np.cumsum(self.most) - self.most, self.most) + 1
        return agent, self.quadratic[agent] * (2 * k - 1) + self.linear[agent]

    def balance(self) -> csr_array:
        """Node by node: what goes out on arcs and to the next node, less what comes from the one before."""
        network, chained = self.network, self.chained
        arcs, links = len(network.arc_node), len(chained)
        link = arcs + np.arange(links)
        rows = np.concatenate((network.arc_node, chained, chained + 1))
        columns = np.concatenate((np.arange(arcs), link, link))
        values = np.concatenate((np.ones(arcs + links), -np.ones(links)))
        return coo_array((values, (rows, columns)), shape=(len(network.supply), arcs + links)).tocsr()

    def loads(self, extra: int) -> csr_array:
        """Agent by agent: the sum of its arcs."""
        network = self.network
        arcs = len(network.arc_agent)
        shape = len(self.most), arcs + extra
        return coo_array((np.ones(arcs), (network.arc_agent, np.arange(arcs))), shape=shape).tocsr()

    def matrix(self, flow: NDArray[Any]) -> NDArray[Any]:
        """X of the flows on arcs."""
        X = np.zeros(self.problem.contracted.shape, dtype=flow.dtype)
        X[self.network.arc_agent, self.network.node_type[self.network.arc_node]] = flow
        return X


Solver = Callable[[Model], NDArray[Any]]


def with_cvxpy(solver: str | None) -> Solver:
    """Quadratic program, stated in matrices, which is the fastest way to state one."""
    cp = importlib.import_module("cvxpy")

    def solve(model: Model) -> NDArray[Any]:
        arcs, links = len(model.network.arc_node), len(model.chained)
        flow, load = cp.Variable(arcs + links, nonneg=True), cp.Variable(len(model.most))
        cost = cp.sum(cp.multiply(model.quadratic, cp.square(load))) + model.linear @ load
        constraints = [
            model.balance() @ flow == model.network.supply,
            model.loads(links) @ flow == load,
            flow[:arcs] <= model.network.arc_capacity,
        ]
        asked = cp.Problem(cp.Minimize(cost), constraints)
        asked.solve(solver=solver)
        if asked.status not in ("optimal", "optimal_inaccurate"):
            raise RuntimeError(asked.status)
        found: NDArray[Any] = model.matrix(flow.value[:arcs])
        return found

    return solve


def with_highs(model: Model, *, whole: bool) -> NDArray[Any]:
    """Every unit of load is a variable with its marginal cost; linear, or mixed-integer with whole flows."""
    arcs, links = len(model.network.arc_node), len(model.chained)
    agent, cost = model.units()
    flows = arcs + links
    take = coo_array(
        (-np.ones(len(agent)), (agent, np.arange(len(agent)))), shape=(len(model.most), len(agent))
    )
    top = coo_array(model.balance())
    bottom = coo_array(model.loads(links))
    shift = len(model.network.supply)
    matrix = coo_array(
        (
            np.concatenate((top.data, bottom.data, take.data)),
            (
                np.concatenate((top.row, bottom.row + shift, take.row + shift)),
                np.concatenate((top.col, bottom.col, take.col + flows)),
            ),
        ),
        shape=(shift + len(model.most), flows + len(agent)),
    ).tocsr()
    right = np.concatenate((model.network.supply, np.zeros(len(model.most))))
    objective = np.concatenate((np.zeros(flows), cost)).astype(float)
    upper = np.concatenate((model.network.arc_capacity, np.full(links, np.inf), np.ones(len(agent))))
    if whole:
        integral = np.concatenate((np.ones(flows), np.zeros(len(agent))))
        answer = milp(
            objective,
            integrality=integral,
            bounds=Bounds(0, upper),
            constraints=LinearConstraint(matrix, right, right),
            options={"mip_rel_gap": 0},
        )
    else:
        answer = linprog(
            objective, A_eq=matrix, b_eq=right, bounds=np.column_stack((np.zeros_like(upper), upper))
        )
    return model.matrix(np.rint(answer.x[:arcs]).astype(np.int64))


def with_ortools(model: Model) -> NDArray[Any]:
    """Cost scaling, with one arc for every unit of load."""
    flows = importlib.import_module("ortools.graph.python.min_cost_flow")
    network, (agent, cost), chained = model.network, model.units(), model.chained
    nodes, sink = len(network.supply), len(network.supply) + len(model.most)
    total = int(network.supply.sum())
    arcs = len(network.arc_node)
    tails = np.concatenate((network.arc_node, chained, nodes + agent))
    heads = np.concatenate((nodes + network.arc_agent, chained + 1, np.full(len(agent), sink)))
    capacity = np.concatenate(
        (network.arc_capacity, np.full(len(chained), total), np.ones(len(agent), dtype=np.int64))
    )
    costs = np.concatenate((np.zeros(arcs + len(chained), dtype=np.int64), cost))
    asked = flows.SimpleMinCostFlow()
    taken = asked.add_arcs_with_capacity_and_unit_cost(tails, heads, capacity, costs)
    asked.set_nodes_supplies(np.append(np.arange(nodes), sink), np.append(network.supply, -total))
    if asked.solve() != asked.OPTIMAL:
        raise RuntimeError("not solved")
    return model.matrix(asked.flows(taken[:arcs]).astype(np.int64))


def with_networkx(model: Model) -> NDArray[Any]:
    """Network simplex, with one arc for every unit of load."""
    nx = importlib.import_module("networkx")
    network, (agent, cost) = model.network, model.units()
    graph = nx.MultiDiGraph()
    graph.add_node("sink", demand=int(network.supply.sum()))
    for node, supply in enumerate(network.supply.tolist()):
        graph.add_node(("node", node), demand=-supply)
    for k, (node, i, c) in enumerate(
        zip(network.arc_node.tolist(), network.arc_agent.tolist(), network.arc_capacity.tolist(), strict=True)
    ):
        graph.add_edge(("node", node), ("agent", i), key=k, capacity=c, weight=0)
    for node in model.chained.tolist():
        graph.add_edge(("node", node), ("node", node + 1), key=0, weight=0)
    for k, (i, c) in enumerate(zip(agent.tolist(), cost.tolist(), strict=True)):
        graph.add_edge(("agent", i), "sink", key=k, capacity=1, weight=c)
    _, flow = nx.network_simplex(graph)
    return model.matrix(
        np.array(
            [
                flow["node", node]["agent", i][k]
                for k, (node, i) in enumerate(
                    zip(network.arc_node.tolist(), network.arc_agent.tolist(), strict=True)
                )
            ]
        )
    )


def with_slsqp(model: Model) -> NDArray[Any]:
    """SciPy's general-purpose solver, with gradients given, from the contracts on."""
    arcs, links = len(model.network.arc_node), len(model.chained)
    balance, loads = model.balance().toarray(), model.loads(links).toarray()
    scale = float(model.problem.total_cost(model.problem.contracted))

    def cost(flow: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        load = loads @ flow
        gradient = loads.T @ (2 * model.quadratic * load + model.linear)
        return float(model.quadratic @ load**2 + model.linear @ load) / scale, gradient / scale

    start = np.concatenate(
        (
            model.problem.contracted[
                model.network.arc_agent, model.network.node_type[model.network.arc_node]
            ],
            np.zeros(links),
        )
    )
    upper = np.concatenate((model.network.arc_capacity, np.full(links, np.inf)))
    answer = minimize(
        cost,
        start.astype(float),
        jac=True,
        method="SLSQP",
        bounds=Bounds(0, upper),
        constraints={
            "type": "eq",
            "fun": lambda x: balance @ x - model.network.supply,
            "jac": lambda _: balance,
        },
        options={"maxiter": 1000, "ftol": 1e-10},
    )
    return model.matrix(answer.x[:arcs])


SOLVERS: dict[str, Callable[[], Solver]] = {
    "cvxpy, its choice": lambda: with_cvxpy(None),
    "cvxpy, Clarabel": lambda: with_cvxpy("CLARABEL"),
    "HiGHS, linear": lambda: lambda model: with_highs(model, whole=False),
    "HiGHS, integer": lambda: lambda model: with_highs(model, whole=True),
    "OR-tools, flows": lambda: with_ortools,
    "networkx, flows": lambda: with_networkx,
    "SciPy, SLSQP": lambda: with_slsqp,
}


def agrees(problem: Problem, X: NDArray[Any], best: Fraction) -> float:
    """How far, relatively, the answer is from what it must be; SystemExit if it is no answer."""
    if X.dtype.kind == "i":
        if not is_feasible(problem, X):
            raise SystemExit("not feasible")
        found = problem.total_cost(X)
        if found != best:
            raise SystemExit(f"cost {found}, not {best}")
        return 0.0
    # In divisible tasks at most Σ a_i / 4 less (see sim/parley/mechanisms/coordination/divisible.py).
    model = Model.of(problem)
    load = X.sum(axis=1)
    cost = float(model.quadratic @ load**2 + model.linear @ load)
    low, high = float(best) - float(model.quadratic.sum()) / 4, float(best)
    missing = np.abs(X.sum(axis=0) - problem.contracted.sum(axis=0)).sum()
    beyond = np.maximum(np.maximum(-X, X - problem.capacity), 0).sum()
    off = max((low - cost) / high, (cost - high) / high, float(missing + beyond) / problem.total, 0.0)
    if off > NEAR:
        raise SystemExit(f"cost {cost}, not within [{low}, {high}], or far from feasible; off by {off:.0e}")
    return off


def race(name: str, case: str, agents: int, types: int, turns: int) -> None:
    """Solve in turns and print seconds of both."""
    problem = GENERATORS[case](agents, types, 1)
    solve = SOLVERS[name]()
    cost_effective(GENERATORS[case](20, 3, 2))  # imports and caches are warm from here on
    for _ in range(turns):
        start = perf_counter()
        ours = cost_effective(problem)
        middle = perf_counter()
        X = solve(Model.of(problem))
        end = perf_counter()
        if not proves_optimal(problem, ours.matrix, ours.prices):
            raise SystemExit("the prices do not prove the allocation optimal")
        off = agrees(problem, X, ours.total_cost)
        print(json.dumps({"ours": middle - start, "theirs": end - middle, "off": off}), flush=True)


if __name__ == "__main__":
    race(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
