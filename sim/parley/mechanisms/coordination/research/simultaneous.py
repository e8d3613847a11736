"""Stage 1 with simultaneous announcements (the paper's footnote 4), against the sequential one.

All agents name demands y_j at the same time, each within its capacities: 0 ≤ y_jt ≤ c_jt. Tasks demanded too
much or too little are assigned lexicographically (the "lexicographic allocation" of Cachon and Lariviere,
1999): in the agents' order, x_j is the legal announcement nearest to y_j given the rows before it,

    x_jt = min(max(y_jt, lower_jt), upper_jt),

with the bounds of ``announcements.bounds``. Then they bargain at the X that comes out (Proposition 1): agent
j saves p_j(X)·max(0, Δ(X)) in expectation.

What holds for recognition functions whose p_j depends on neither x_j nor later rows (Proposition 2's
condition; p*, equal and contract-proportional meet it):

1. *Every cost-effective X is the outcome of a Nash equilibrium.* Demand y = X: it is resolved to X. If agent
   j alone demands something else, the rows before j stay, so p_j does, and Δ(X) is the greatest there is.
2. *Improving changes do not cycle.* The rows before j do not depend on y_j, so neither does p_j: a change of
   demand makes j better off exactly if p_j > 0 and it raises max(0, Δ). This is a generalized ordinal
   potential. So every course of improving changes ends, at a Nash equilibrium, and saves no less than it did
   where it began.
3. *The Nash equilibria are the demands from which no agent j with p_j > 0 can alone raise max(0, Δ).* Some
   are inefficient: what an agent lets go is taken by whoever must take it given the demands, not by whom it
   suits best. In the sequential game later agents would answer.

With announcement-proportional recognition 1 and 2 fail: there are problems all of whose equilibria are
inefficient, and best responses that cycle.

Quantities are integer units, costs exact fractions. Demands that the rule never tells apart (below the least
that an agent can be assigned whatever the others demand, or above the most) count as one in the searches.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Literal

import numpy as np

from parley.core.errors import ParleyError, ProblemError
from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.announcements import bounds, spare
from parley.mechanisms.coordination.axioms.equilibrium import Outcome, backward_induction, stage_one
from parley.mechanisms.coordination.axioms.triple import Recognition, Row, Rows, Triple, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from parley.mechanisms.coordination.problem import Problem

MAX_PROFILES = 3_000_000
"""Most demand profiles that are searched one and all."""
MAX_ALLOCATIONS = 100_000
"""Most allocations whose savings are shared out for that."""
MAX_CHOICES = 1_000_000
"""Most demands of one agent that are compared."""


def resolve(problem: Problem, demands: ArrayLike) -> Rows:
    """Assign tasks lexicographically: each agent in order the legal announcement nearest to its demand.

    Parameters
    ----------
    demands : array_like of int, shape (n, m)
        y in units, 0 ≤ y ≤ C.

    Returns
    -------
    tuple of n tuples of m int
        X, feasible; y itself if that is.

    Raises
    ------
    ProblemError
        If a demand is outside the agent's capacities.

    Examples
    --------
    Everyone asks for all it can do; agent 1 is first, and keeps its contracts.

    >>> from parley.mechanisms.coordination.problem import example_1
    >>> problem = example_1()
    >>> resolve(problem, problem.capacity) == rows_of(problem.contracted)
    True
    >>> resolve(problem, [[5, 0, 0, 0, 0]] + 4 * [[0, 0, 0, 0, 0]])[3:]
    ((1, 2, 1, 1, 0), (1, 1, 2, 1, 1))
    """
    rows = np.asarray(demands, dtype=np.int64)
    if rows.shape != problem.contracted.shape:
        raise ProblemError("", "demands", f"shape {rows.shape}, but D is {problem.contracted.shape}")
    outside = np.argwhere((rows < 0) | (rows > problem.capacity))
    if len(outside):
        j, t = (int(place) for place in outside[0])
        reason = (
            f"agent {j + 1} demands {rows[j, t]} units of type {t + 1}, outside 0..{problem.capacity[j, t]}"
        )
        raise ProblemError("", f"demands[{j}][{t}]", reason)
    return rows_of(_assign(problem, rows[None])[0])


def _assign(problem: Problem, demands: NDArray[np.int64], first: int = 0) -> NDArray[np.int64]:
    """Resolve many demands at once, shape (count, n, m); the rows before `first` are resolved already."""
    beyond = spare(problem)
    X = demands.copy()
    pool = (problem.contracted[:first].sum(axis=0) - demands[:, :first].sum(axis=1)).astype(np.int64)
    for j in range(first, problem.agents):
        pool = pool + problem.contracted[j]
        lower, upper = np.maximum(0, pool - beyond[j]), np.minimum(pool, problem.capacity[j])
        X[:, j] = np.clip(demands[:, j], lower, upper)
        pool = pool - X[:, j]
    return X


def outcome(problem: Problem, p: Recognition, demands: ArrayLike) -> Outcome:
    """Where a profile of demands ends: X, the cost of what is implemented, and what each agent saves.

    Parameters
    ----------
    p : callable
        Recognition function of triples (X, D, C).
    demands : array_like of int, shape (n, m)
        y in units, 0 ≤ y ≤ C.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> from parley.mechanisms.coordination.axioms.triple import recognition_of
    >>> problem = example_1()
    >>> end = outcome(problem, recognition_of("p-star"), problem.capacity)
    >>> print(end.cost, sum(end.savings))
    127 0
    """
    return stage_one(problem, p).outcome(resolve(problem, demands))


# ── all equilibria of small games ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class NashEquilibria:
    """All pure Nash equilibria of one simultaneous game."""

    outcomes: tuple[Outcome, ...]
    """Their outcomes without repetition, cheapest first (then in the order of X)."""
    demands: tuple[Rows, ...]
    """For each outcome, demands that are an equilibrium and end there."""
    count: int
    """Demand profiles that are equilibria; those that the rule never tells apart count once."""
    profiles: int
    """Demand profiles looked at, counted likewise."""

    @property
    def best(self) -> Fraction | None:
        """Least cost implemented by an equilibrium; None if there is no equilibrium."""
        return self.outcomes[0].cost if self.outcomes else None

    @property
    def worst(self) -> Fraction | None:
        """Greatest cost implemented by an equilibrium; None if there is no equilibrium."""
        return self.outcomes[-1].cost if self.outcomes else None


def nash_equilibria(problem: Problem, p: Recognition) -> NashEquilibria:
    """Find all pure Nash equilibria by looking at every profile of demands, exactly.

    Parameters
    ----------
    p : callable
        Recognition function of triples (X, D, C).

    Raises
    ------
    ParleyError
        If there are more than `MAX_PROFILES` profiles or `MAX_ALLOCATIONS` allocations.

    Examples
    --------
    Agent 1 has contracted four tasks; agents 2 and 3 have one each of their own and can take two of these;
    f(z) = z². It is best that both take one: 2² + 2² + 2² = 12. But let agent 2 demand none and agent 1 keep
    three, 3² + 1² + 2² = 14. If agent 1 let two go, agent 3 would have to take both, 2² + 1² + 3² = 14; if
    agent 2 took the one there is, 3² + 2² + 1² = 14. Nobody gains: an equilibrium too.

    >>> import numpy as np
    >>> from parley.mechanisms.coordination.costs import Quadratic
    >>> from parley.mechanisms.coordination.problem import Problem
    >>> from parley.mechanisms.coordination.axioms.triple import recognition_of
    >>> problem = Problem(
    ...     np.array([[4, 0, 0], [0, 1, 0], [0, 0, 1]]), np.array([[4, 0, 0], [2, 1, 0], [2, 0, 1]]),
    ...     (Quadratic(Fraction(1)),), Fraction(1, 2))
    >>> found = nash_equilibria(problem, recognition_of("p-star"))
    >>> print(*(end.cost for end in found.outcomes))
    12 14 14 14 14
    >>> found.demands[3], found.outcomes[3].allocation
    (((3, 0, 0), (0, 1, 0), (2, 0, 1)), ((3, 0, 0), (0, 1, 0), (1, 0, 1)))
    """
    levels = _levels(problem)
    profiles = prod(len(level) for agent in levels for level in agent)
    if profiles > MAX_PROFILES:
        raise ParleyError(f"{profiles} demand profiles are more than the {MAX_PROFILES} that are searched")
    table, allocations = _table(problem, levels)
    game = stage_one(problem, p)
    ends = [game.outcome(X) for X in allocations]
    stable = np.ones(table.shape, dtype=bool)
    for j in range(problem.agents - 1):
        # Exact savings, replaced by their ranks: what is compared is only which is greater.
        order = {amount: rank for rank, amount in enumerate(sorted({end.savings[j] for end in ends}))}
        rank = np.array([order[end.savings[j]] for end in ends])[table]
        stable &= rank == rank.max(axis=j, keepdims=True)
    reached, first = np.unique(table[stable], return_index=True)
    places = np.argwhere(stable)
    choices = [list(product(*agent)) for agent in levels]
    found = [
        (ends[index], tuple(choices[j][place] for j, place in enumerate([*places[k].tolist(), 0])))
        for index, k in zip(reached.tolist(), first.tolist(), strict=True)
    ]
    found.sort(key=lambda pair: (pair[0].cost, pair[0].allocation))
    return NashEquilibria(
        tuple(end for end, _ in found), tuple(rows for _, rows in found), len(places), profiles
    )


def _levels(problem: Problem) -> list[list[range]]:
    """For each agent and type the demands that can make a difference: from the least assigned to the most.

    The pool that agent j finds lies between d_j, with nothing carried over to it, and the most that can be:
    d_j and what the agents before it can leave.
    """
    D, C, beyond = problem.contracted, problem.capacity, spare(problem)
    carried = np.zeros(problem.task_types, dtype=np.int64)
    levels = []
    for j in range(problem.agents):
        least = np.maximum(0, D[j] - beyond[j])
        most = np.minimum(D[j] + carried, C[j])
        if j == problem.agents - 1:
            least = most  # it is left with the rest whatever it demands
        levels.append([range(low, high + 1) for low, high in zip(least.tolist(), most.tolist(), strict=True)])
        carried = np.minimum(carried + D[j], beyond[j])
    return levels


def _table(problem: Problem, levels: list[list[range]]) -> tuple[NDArray[np.int64], list[Rows]]:
    """What every profile of demands is resolved to: places in the list of all allocations.

    Types do not meet in the rule, so the profiles of each type are resolved by themselves and then combined.
    Returns an array with one axis for each agent but the last, and the allocations.
    """
    n, m = problem.agents, problem.task_types
    columns: list[list[tuple[int, ...]]] = []
    combined: NDArray[np.int64] = np.zeros((1,) * ((n - 1) * m), dtype=np.int64)
    for t in range(m):
        sides = [len(levels[j][t]) for j in range(n - 1)]
        grid = np.array(list(product(*(levels[j][t] for j in range(n)))), dtype=np.int64)
        demands = np.zeros((len(grid), n, m), dtype=np.int64)
        demands[:, :, t] = grid
        found, place = np.unique(_assign(problem, demands)[:, :, t], axis=0, return_inverse=True)
        columns.append([tuple(column) for column in found.tolist()])
        shape = [sides[j] if s == t else 1 for j in range(n - 1) for s in range(m)]
        combined = combined * len(found) + place.reshape(shape)
    count = prod(map(len, columns))
    if count > MAX_ALLOCATIONS:
        raise ParleyError(f"{count} allocations are more than the {MAX_ALLOCATIONS} that are compared")
    allocations: list[Rows] = [tuple(zip(*chosen, strict=True)) for chosen in product(*columns)]
    sizes = [prod(len(level) for level in agent) for agent in levels[:-1]]
    return combined.reshape(sizes), allocations


# ── best responses in games of any size ─────────────────────────────────────────────────────────────────────


def best_response(problem: Problem, p: Recognition, demands: ArrayLike, agent: int) -> Row:
    """What an agent best demands, given the others' demands.

    Its own demand if no other is better; else of the best ones the lexicographically greatest among the legal
    announcements. All others are resolved to a legal announcement, so it is enough to compare these.

    Parameters
    ----------
    p : callable
        Recognition function of triples (X, D, C).
    demands : array_like of int, shape (n, m)
        y in units, 0 ≤ y ≤ C.
    agent : int
        From 0.

    Raises
    ------
    ParleyError
        If the agent has more than `MAX_CHOICES` legal announcements.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> from parley.mechanisms.coordination.axioms.triple import recognition_of
    >>> problem = example_1()
    >>> best_response(problem, recognition_of("p-star"), problem.contracted, 0)
    (6, 0, 0, 0, 0)
    """
    rows = np.array(demands, dtype=np.int64)
    now = np.array(resolve(problem, rows), dtype=np.int64)
    lower, upper = (limit.tolist() for limit in bounds(problem, now[:agent]))
    count = prod(high - low + 1 for low, high in zip(lower, upper, strict=True))
    if count > MAX_CHOICES:
        raise ParleyError(
            f"agent {agent + 1} has {count} announcements, more than the {MAX_CHOICES} compared"
        )
    choices = np.array(
        list(product(*(range(high, low - 1, -1) for low, high in zip(lower, upper, strict=True))))
    )
    profiles = np.repeat(rows[None], count, axis=0)
    profiles[:, :agent] = now[:agent]
    profiles[:, agent] = choices
    ends = _assign(problem, profiles, agent)
    gains = _savings(problem, ends)
    D, C = rows_of(problem.contracted), rows_of(problem.capacity)

    def saved(X: NDArray[np.int64], gain: int) -> Fraction:
        return gain * p(Triple(rows_of(X), D, C))[agent] if gain > 0 else Fraction(0)

    best, answer = saved(now, _savings(problem, now[None])[0]), rows_of(rows)[agent]
    # From the greatest total savings down: as p_j ≤ 1, one no greater than what j has is no better for it.
    for k in sorted(range(count), key=lambda k: -gains[k]):
        if gains[k] <= best:
            break
        amount = saved(ends[k], gains[k])
        if amount > best:
            best, answer = amount, tuple(choices[k].tolist())
    return answer


def _savings(problem: Problem, ends: NDArray[np.int64]) -> list[int]:
    """Δ in wei at each of many allocations, shape (count, n, m)."""
    loads = ends.sum(axis=2)
    total = np.full(len(ends), problem.total_cost_wei(problem.contracted), dtype=object)
    for i in range(problem.agents):
        values, place = np.unique(loads[:, i], return_inverse=True)
        total -= np.array([problem.cost_wei(i, load) for load in values.tolist()], dtype=object)[place]
    gains: list[int] = total.tolist()
    return gains


@dataclass(frozen=True, slots=True)
class Path:
    """Where best responses lead."""

    end: Literal["equilibrium", "cycle", "unfinished"]
    demands: Rows
    """The last demands; in a cycle, those that came again."""
    outcome: Outcome
    """Where these end."""
    steps: int
    """How often an agent changed its demand."""
    rounds: int
    """How often all agents, in order, had their turn."""
    period: int
    """Rounds until the same demands come again; 0 unless in a cycle."""


def best_response_path(problem: Problem, p: Recognition, start: ArrayLike, *, max_rounds: int = 1000) -> Path:
    """Let agents in turn demand what is best given the others' demands, round after round.

    It proves what it says: at an "equilibrium" no agent can gain by another demand; in a "cycle" the demands
    after one round were those after an earlier one, so it goes on for ever. Only "unfinished" leaves it open.

    Parameters
    ----------
    p : callable
        Recognition function of triples (X, D, C).
    start : array_like of int, shape (n, m)
        First demands in units, 0 ≤ y ≤ C.
    max_rounds : int
        When to give up.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> from parley.mechanisms.coordination.axioms.triple import recognition_of
    >>> problem = example_1()
    >>> path = best_response_path(problem, recognition_of("p-star"), problem.contracted)
    >>> print(path.end, path.steps, path.rounds, path.outcome.cost)
    equilibrium 4 3 89
    """
    game = stage_one(problem, p)
    rows = list(rows_of(start))
    seen = {tuple(rows): 0}
    steps = 0
    for done in range(1, max_rounds + 1):
        changed = 0
        for j in range(problem.agents):
            answer = best_response(problem, p, rows, j)
            changed += answer != rows[j]
            rows[j] = answer
        steps += changed
        demands = tuple(rows)
        end = game.outcome(resolve(problem, demands))
        if not changed:
            return Path("equilibrium", demands, end, steps, done, 0)
        if demands in seen:
            return Path("cycle", demands, end, steps, done, done - seen[demands])
        seen[demands] = done
    return Path("unfinished", tuple(rows), game.outcome(resolve(problem, rows)), steps, max_rounds, 0)


# ── against the sequential game ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Comparison:
    """One problem played simultaneously and sequentially."""

    contracts: Fraction
    """F(D)."""
    least: Fraction
    """The least cost of all allocations."""
    sequential: tuple[Fraction, Fraction]
    """Least and greatest cost implemented in a subgame-perfect equilibrium of the sequential game."""
    nash: NashEquilibria
    """All pure equilibria of the simultaneous game."""
    paths: tuple[Path, ...]
    """Best responses from each start."""

    def share(self, cost: Fraction) -> Fraction:
        """Share of the possible savings that is made at this cost; 1 where there is nothing to save."""
        if self.contracts == self.least:
            return Fraction(1)
        return (self.contracts - cost) / (self.contracts - self.least)


def compare_with_sequential(problem: Problem, p: Recognition, starts: Sequence[ArrayLike] = ()) -> Comparison:
    """Play a small problem both ways.

    Parameters
    ----------
    problem : Problem
        Small enough for both exhaustive searches.
    p : callable
        Recognition function of triples (X, D, C).
    starts : sequence of array_like of int, shape (n, m)
        Demands from which best responses are followed. By default everybody demands its contracts.

    Raises
    ------
    ParleyError
        If there are too many demand profiles.

    Examples
    --------
    >>> import numpy as np
    >>> from parley.mechanisms.coordination.costs import Quadratic
    >>> from parley.mechanisms.coordination.problem import Problem
    >>> from parley.mechanisms.coordination.axioms.triple import recognition_of
    >>> problem = Problem(
    ...     np.array([[4, 0], [0, 1]]), np.array([[4, 0], [3, 1]]), (Quadratic(Fraction(1)),), Fraction(1, 2))
    >>> both = compare_with_sequential(problem, recognition_of("p-star"))
    >>> print(both.contracts, both.least, both.nash.worst, *both.sequential)
    17 13 13 13 13
    """
    nash = nash_equilibria(problem, p)
    costs = [end.cost for end in backward_induction(stage_one(problem, p)).outcomes]
    return Comparison(
        contracts=problem.total_cost(problem.contracted),
        least=cost_effective(problem).total_cost,
        sequential=(min(costs), max(costs)),
        nash=nash,
        paths=tuple(best_response_path(problem, p, start) for start in starts or [problem.contracted]),
    )
