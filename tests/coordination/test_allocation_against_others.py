"""The allocation solver beside solvers that know nothing of it: cvxpy with Clarabel, and HiGHS.

Clarabel solves the divisible problem to a tolerance. What it finds is turned into numbers that hold without
one: its allocation, moved to the nearest that can be announced, costs at least the optimum; its dual prices,
whatever they are, bound the optimum from below (`dual_bound`). So its own error is known exactly, as the
distance between the two, and all optima have to lie between them. Whole units add an interpolation error that
is known exactly too (see ``divisible``).
"""

from collections.abc import Sequence
from fractions import Fraction
from importlib import import_module
from random import Random
from typing import Any

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from benchmarks.allocation import OURS, general_domain
from benchmarks.solvers import SOLVERS, Model, agrees
from parley.mechanisms.coordination.allocation import Prices, cost_effective
from parley.mechanisms.coordination.announcements import is_feasible
from parley.mechanisms.coordination.costs import Cost, Piecewise, Power, Quadratic
from parley.mechanisms.coordination.problem import Problem
from parley.mechanisms.coordination.research.divisible import (
    chord,
    divisible_cost,
    divisible_optimum,
    dual_bound,
    finer,
    improving_exchange,
    in_tasks,
)
from parley.mechanisms.coordination.research.divisible_decomposition import FractionRows
from tests.coordination.problems import Matrix, make, random_announcements, random_cost, random_matrices

pytestmark = pytest.mark.deep

# Its types are incomplete.
cp: Any = import_module("cvxpy")

DIGITS = 2**40
# Clarabel stops at a gap of 1e-8; through the cones that powers become, up to 3e-7 has been seen. Nothing is
# compared with this number: it only says that an interval is narrow enough to mean something.
NARROW = Fraction(1, 10**5)
FINE = 1000


def expression(cost: Cost, load: Any) -> Any:  # noqa: ANN401 - cvxpy's own
    """f(load) for cvxpy."""
    if isinstance(cost, Piecewise):
        lines = [
            float(slope) * (load - float(start)) + float(cost(start))
            for start, slope in zip(cost.breakpoints, cost.slopes, strict=True)
        ]
        return cp.maximum(*lines) if len(lines) > 1 else lines[0]
    assert isinstance(cost, Power)
    return float(cost.coefficient) * cp.power(load, cost.exponent) + float(cost.linear) * load


def with_cvxpy(problem: Problem, rows: Matrix) -> tuple[FractionRows, Fraction]:
    """Ask cvxpy; return a divisible allocation, and a cost that none undercuts, both exactly feasible.

    Pools hold what is not done yet: those of agent j, what agents up to j have contracted.
    """
    k, n, m = len(rows), problem.agents, problem.task_types
    D, C = problem.contracted[k:].astype(float), problem.capacity[k:].astype(float)
    D[0] += problem.contracted[:k].sum(axis=0) - rows.sum(axis=0)
    X, left, loads = cp.Variable((n - k, m)), cp.Variable((n - k, m)), cp.Variable(n - k)
    arriving = [D[j] + left[j - 1] if j else D[j] for j in range(n - k)]
    pools = [arriving[j] - X[j] - left[j] == 0 for j in range(n - k)]
    work = cp.sum(X, axis=1) - loads == 0
    total = sum(expression(problem.costs[k + j], loads[j]) for j in range(n - k))
    limits = [X >= 0, X <= C, left >= 0, left[n - k - 1] == 0]
    asked = cp.Problem(cp.Minimize(total), [*pools, work, *limits])
    asked.solve(solver=cp.CLARABEL)
    assert asked.status == cp.OPTIMAL
    a = np.array([round(DIGITS * price) for price in work.dual_value])
    b = np.array([[round(DIGITS * price) for price in pool.dual_value] for pool in pools])
    prices = Prices(DIGITS, a, np.maximum.accumulate(b, axis=0))
    wanted: list[list[float]] = np.asarray(X.value).tolist()
    return announceable(problem, rows, wanted), dual_bound(problem, prices, rows)


def announceable(problem: Problem, rows: Matrix, wanted: Sequence[Sequence[float]]) -> FractionRows:
    """Let each agent announce what is nearest to the wanted row, type by type."""
    spare = (problem.capacity - problem.contracted)[::-1].cumsum(axis=0)[::-1]
    pool = (problem.contracted[: len(rows)].sum(axis=0) - rows.sum(axis=0)).tolist()
    X = list(in_tasks(problem, rows))
    for j, row in enumerate(wanted, start=len(rows)):
        pool = [left + d for left, d in zip(pool, problem.contracted[j].tolist(), strict=True)]
        beyond = spare[j + 1].tolist() if j + 1 < problem.agents else [0] * problem.task_types
        X.append(
            tuple(
                min(max(Fraction(x), 0, left - later), left, limit)
                for x, left, later, limit in zip(row, pool, beyond, problem.capacity[j].tolist(), strict=True)
            )
        )
        pool = [left - x for left, x in zip(pool, X[j], strict=True)]
    return tuple(tuple(map(Fraction, row)) for row in X)


def chords(problem: Problem, X: FractionRows, unit: int) -> Fraction:
    """F^(k)(X)."""
    return sum(
        (chord(f, sum(row, Fraction(0)), unit) for f, row in zip(problem.costs, X, strict=True)), Fraction(0)
    )


def costs_of(kind: str, dice: Random, n: int) -> list[Cost]:
    if kind == "quadratic":
        return [
            Quadratic(Fraction(dice.randint(1, 9), dice.randint(1, 3)), Fraction(dice.randint(0, 9)))
            for _ in range(n)
        ]
    if kind == "power":
        return [
            Power(Fraction(dice.randint(1, 3)), dice.randint(2, 4), Fraction(dice.randint(0, 9)))
            for _ in range(n)
        ]
    return [random_cost(dice) for _ in range(n)]


@pytest.mark.parametrize("kind", ["quadratic", "power", "mixed"])
@pytest.mark.parametrize("special", [True, False], ids=["special domain", "general domain"])
@pytest.mark.parametrize(("problems", "least"), [(20, 3), pytest.param(60, 20, marks=pytest.mark.deep)])
def test_cvxpy_encloses_the_optimum_in_fine_units_in_whole_units_and_in_divisible_tasks(
    kind: str, problems: int, least: int, *, special: bool
) -> None:
    dice = Random(f"{kind} {special}")
    announced = 0
    for _ in range(problems):
        n = dice.randint(2, 8)
        D, C = random_matrices(dice, special=special, n=n, m=dice.randint(1, 5))
        problem = make(D, C, *costs_of(kind, dice, n))
        rows = random_announcements(dice, problem, dice.choice([0, 0, 1, 2][:n]))
        announced += len(rows) > 0
        X, lower = with_cvxpy(problem, rows)
        upper = divisible_cost(problem, X)
        # Feasible exactly, and so is the comparison; the distance is cvxpy's own error, and small.
        improving_exchange(problem, X, len(rows))
        assert lower <= upper <= lower + NARROW * (1 + upper)

        best = divisible_optimum(problem, rows)
        assert lower <= best.total_cost
        assert best.lower <= upper
        for unit in (1, FINE):
            whole = cost_effective(finer(problem, unit), rows * unit).total_cost
            assert lower <= whole <= chords(problem, X, unit)
            if kind == "quadratic":
                # The chord of a parabola over a cell of width h is at most a quarter of a·h² above it.
                above = sum(f.coefficient for f in problem.costs if isinstance(f, Power)) / (4 * unit**2)
                assert whole <= upper + above
    assert announced > least


def with_highs(problem: Problem) -> Matrix:
    """Ask HiGHS for whole units: every unit of an agent's load is a variable with its own marginal cost."""
    n, m = problem.contracted.shape
    most = problem.capacity.sum(axis=1).tolist()
    marginal = [
        (problem.cost(j, load + 1) - problem.cost(j, load)) for j in range(n) for load in range(most[j])
    ]
    assert all(cost.denominator == 1 for cost in marginal)
    owner = np.repeat(np.arange(n), most)
    # Variables: x_jt, then the units. Row by row: loads, column sums, and what first agents leave.
    entry = np.arange(n * m).reshape(n, m)
    rows, columns, values = [], [], []
    low: list[float] = []
    high: list[float] = []

    def constrain(which: Matrix, weights: Matrix, least: float, greatest: float) -> None:
        rows.extend([len(low)] * len(which))
        columns.extend(which.tolist())
        values.extend(weights.tolist())
        low.append(least)
        high.append(greatest)

    for j in range(n):
        units = n * m + np.flatnonzero(owner == j)
        constrain(
            np.concatenate((entry[j], units)),
            np.concatenate((np.ones(m, dtype=np.int64), -np.ones(len(units), dtype=np.int64))),
            0,
            0,
        )
    contracted = problem.contracted.cumsum(axis=0)
    for j in range(n):
        for t in range(m):
            here = entry[: j + 1, t]
            total = float(contracted[j, t])
            constrain(here, np.ones(j + 1, dtype=np.int64), total if j == n - 1 else -np.inf, total)
    size = n * m + len(owner)
    answer = milp(
        np.concatenate((np.zeros(n * m), np.array([int(cost) for cost in marginal], dtype=float))),
        constraints=LinearConstraint(csr_array((values, (rows, columns)), shape=(len(low), size)), low, high),
        bounds=Bounds(0, np.concatenate((problem.capacity.ravel(), np.ones(len(owner))))),
        integrality=np.concatenate((np.ones(n * m), np.zeros(len(owner)))),
        options={"mip_rel_gap": 0},
    )
    assert answer.status == 0
    X: Matrix = np.rint(answer.x[: n * m]).astype(np.int64).reshape(n, m)
    return X


@pytest.mark.parametrize("special", [True, False], ids=["special domain", "general domain"])
def test_highs_finds_the_same_cost_in_whole_units(*, special: bool) -> None:
    dice = Random(9 + special)
    saved = 0
    for _ in range(50):
        n = dice.randint(6, 16)
        D, C = random_matrices(dice, special=special, n=n, m=dice.randint(3, 8))
        costs: list[Cost] = [
            dice.choice(
                [
                    Quadratic(Fraction(dice.randint(1, 5)), Fraction(dice.randint(0, 9))),
                    Power(Fraction(1), 3, Fraction(dice.randint(0, 5))),
                    Piecewise((Fraction(0), Fraction(2)), (Fraction(dice.randint(1, 5)), Fraction(9))),
                ]
            )
            for _ in range(n)
        ]
        problem = make(D, C, *costs)
        X = with_highs(problem)
        assert is_feasible(problem, X)
        ours = cost_effective(problem).total_cost
        assert problem.total_cost(X) == ours
        saved += ours < problem.total_cost(D)
    assert saved > 40


@pytest.mark.parametrize("name", OURS)
def test_the_solvers_that_the_benchmark_races_solve_the_same_problem(name: str) -> None:
    problem = general_domain(6, 3, seed=1)
    best = cost_effective(problem).total_cost
    X = SOLVERS[name]()(Model.of(problem))
    assert agrees(problem, X, best) < 1e-4
    with pytest.raises(SystemExit):
        agrees(problem, X, best + 50)
    with pytest.raises(SystemExit):
        agrees(problem, X + 1, best)
