"""Menus for a large market: the outer program (5) of the paper and its dual (6).

The dual is concave in the prices λ: D(λ) = λ·n − Σ_j S_j(λ − π_j). It is maximized by cutting planes within a
box around the best prices so far; the cuts are the best menus that were found (`responses`). At the best
prices each agent's best menu clears almost; all menus together are then moved by the method of multipliers
until they clear. The cost of menus is a linear program over the shares of their rays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog

from parley.mechanisms.screening.design.compiled_rays import Multipliers, move_all
from parley.mechanisms.screening.design.laws import seats_of
from parley.mechanisms.screening.design.numbers import Numbers, floats
from parley.mechanisms.screening.design.plane import least
from parley.mechanisms.screening.design.priced import priced_menus
from parley.mechanisms.screening.design.responses import Response, Responses
from parley.mechanisms.screening.kernel import find_bases
from parley.mechanisms.screening.market import REMEDIAL, Market, Menu
from parley.mechanisms.screening.preferences import Lognormal
from parley.mechanisms.screening.rays import full_length, pairs_not_polarized

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.screening.design.numbers import Floats
    from parley.mechanisms.screening.problem import Problem
    from parley.mechanisms.screening.rays import Vector

__all__ = ["Plan", "cost_of", "exact_rays", "large", "planned"]

ROUNDS = 25
"""Cuts for each agent."""
FURTHEST = 1e6
"""Prices with two tasks are at most this far above the costs, relative to their range."""
MULTIPLIERS = (0.3, 1.0, 3.0)
"""Penalties of the method of multipliers that are tried, relative to costs and numbers of tasks."""
TURNS = 10
"""Updates of the prices by that method."""
MOVES = 100
"""Changes tried per turn, for each number in the menus."""
FINE = 10**6
"""Rays are rounded to multiples of 1 / FINE, except for what runs out."""


@dataclass(frozen=True)
class Plan:
    """Prices, and each agent's menu at them."""

    prices: Floats
    """λ, shape (tasks,)."""
    responses: tuple[Response, ...]
    dual: float
    """D(λ) by the responses; below it the best cost cannot be, if they are the best ones."""


def planned(numbers: Numbers, seed: Sequence[int]) -> tuple[Responses, Plan]:
    """Maximize the dual: with two tasks to rounding errors, otherwise by cutting planes."""
    oracle = Responses(numbers, seed)
    return oracle, _exact_plan(numbers, oracle) if oracle.exact else _searched_plan(numbers, oracle)


def _exact_plan(numbers: Numbers, oracle: Responses) -> Plan:
    prices = _best_prices(oracle)
    found = tuple(oracle.best(j, prices - costs) for j, costs in enumerate(numbers.costs))
    return Plan(prices, found, numbers.status_quo - sum(response.worth for response in found))


def _best_prices(oracle: Responses) -> Floats:
    """Maximize the dual where responses are the best ones.

    While λ_i is below all costs of task i, nobody takes it, and the dual does not fall as λ_i rises. So
    prices need not be lower. How high they must be depends on types: very high where these are nearly
    proportional.
    """
    costs = oracle.numbers.costs

    def worth(prices: Floats) -> tuple[float, Floats]:
        found = [oracle.best(j, prices - own) for j, own in enumerate(costs)]
        change: Floats = np.sum([response.change for response in found], axis=0)
        return sum(response.worth for response in found), change

    low, high = costs.min(axis=0), costs.max(axis=0)
    return least(worth, low, high + FURTHEST * float((high - low).max()))


def _searched_plan(numbers: Numbers, oracle: Responses) -> Plan:
    cuts: list[list[Response]] = [[] for _ in range(numbers.agents)]
    center = np.median(numbers.costs, axis=0) + numbers.costs.std() / 2
    trial, radius, best = center, float(numbers.costs.std()) / 2 + 1e-9, -np.inf
    plan = Plan(center, (), -np.inf)
    for _ in range(ROUNDS):
        found = []
        for j in range(numbers.agents):
            worth = trial - numbers.costs[j]
            own = [replace(cut, worth=float(worth @ cut.change)) for cut in cuts[j]]
            known = sorted(own, key=lambda cut: -cut.worth)[:1]
            response = oracle.best(j, worth, [cut.rays for cut in (*known, *own[-1:])])
            if known and known[0].worth > response.worth:
                response = known[0]
            else:
                cuts[j].append(response)
            found.append(response)
        value = -sum(response.worth for response in found)
        if plan.responses:  # what was found since may be worth more at the old prices
            best = -sum(
                max(0.0, *(float((center - costs) @ cut.change) for cut in own))
                for costs, own in zip(numbers.costs, cuts, strict=True)
            )
        if value > best:
            best, center = value, trial
            plan = Plan(trial, tuple(found), numbers.status_quo + value)
            radius *= 1.3
        else:
            radius *= 0.6
        trial = _model(numbers, cuts, center, radius)
    return plan


def _model(numbers: Numbers, cuts: Sequence[Sequence[Response]], center: Floats, radius: float) -> Floats:
    """Maximize −Σ_j max over cuts of (λ − π_j)·x for λ in a box."""
    agents, tasks = numbers.costs.shape
    rows = [(j, cut.change) for j, own in enumerate(cuts) for cut in own]
    table = np.zeros((len(rows), tasks + agents))
    for row, (j, change) in zip(table, rows, strict=True):
        row[:tasks], row[tasks + j] = change, -1
    limits = [float(numbers.costs[j] @ change) for j, change in rows]
    aim = np.concatenate([np.zeros(tasks), np.ones(agents)])
    bounds = [(x - radius, x + radius) for x in center] + [(0, None)] * agents
    found = linprog(aim, A_ub=table, b_ub=limits, bounds=bounds, method="highs")
    prices: Floats = found.x[:tasks]
    return prices


def cost_of(problem: Problem, menus: Sequence[Menu], *, seed: int = 0) -> float:
    """Return the cost of menus in the large market, per copy.

    Parameters
    ----------
    menus : sequence of Menu
        As they are played.
    seed : int
        Of types, where choice probabilities are not exact.

    Examples
    --------
    >>> from parley.mechanisms.screening.problem import worked_example
    >>> problem = worked_example()
    >>> round(cost_of(problem, problem.market().menus), 4)
    19.6196
    """
    market = problem.market(menus)
    laws = [_chances(market, j, seed) for j in range(market.agents)]
    chances = [laws[j][k] for j, k, _ in market.columns]
    changes = [
        [p * float(x) for x in change] for p, (_, _, change) in zip(chances, market.columns, strict=True)
    ]
    costs = [p * float(cost) for p, cost in zip(chances, market.selector.costs, strict=True)]
    return float(market.status_quo_cost) + _least(np.array(changes), np.array(costs))


def _chances(market: Market, j: int, seed: int) -> list[float]:
    """Return the probability of each choice of an agent."""
    own, rays = market.preferences[j], market.menus[j].rays
    if market.tasks > 2 or not isinstance(own, Lognormal) or not own.is_simple(rays):
        return [float(p) for p in market.law(j, seed=seed).probabilities]
    below = [own.ratio_law(-ray[1] / ray[0]) for ray in rays]
    liked = [p if ray[0] > 0 else 1 - p for ray, p in zip(rays, below, strict=True)]
    return [1 - sum(liked), *liked] if rays else [0.0, 1.0]


def _least(changes: Floats, costs: Floats) -> float:
    """Return the least cost of expected changes that clear, each used up to its full length."""
    used = np.abs(changes).sum(axis=-1) > 0 if changes.size else np.zeros(0, dtype=np.bool_)
    if not used.any():
        return 0.0
    changes, costs = changes[used], costs[used]
    _, shares = find_bases(changes, costs, np.ones((1, costs.size), dtype=np.bool_))
    return float(shares[0] @ costs)


def _cleared(
    numbers: Numbers, oracle: Responses, plan: Plan, factor: float, seed: int
) -> tuple[Response, ...]:
    """Move all menus until they clear, by the method of multipliers, and return the best on the way."""
    seats, dice = seats_of(numbers, (seed, 8)), np.random.default_rng([seed, 10])
    prices, rays = plan.prices.copy(), np.stack([response.rays for response in plan.responses])
    moved = np.stack([response.change for response in plan.responses])
    penalty = factor * numbers.costs.std() / np.maximum(numbers.endowments.sum(axis=0), 1e-9)
    best, size = (np.inf, plan.responses), 0.2
    for _ in range(TURNS):
        move_all(seats, Multipliers(prices, penalty), rays, moved, size, MOVES * rays.size, dice)
        prices = prices - penalty * moved.sum(axis=0)
        penalty, size = penalty * 1.5, size * 0.7
        found = []
        for j, old in enumerate(plan.responses):
            still = old.remedial and bool((moved[j] == old.change).all())
            found.append(old if still else oracle.response(j, prices - numbers.costs[j], rays[j]))
        best = min(best, (_worth(numbers, oracle, found), tuple(found)), key=lambda pair: pair[0])
    return best[1]


def _worth(numbers: Numbers, oracle: Responses, responses: Sequence[Response]) -> float:
    """Return the change of cost by menus, in floating point."""
    changes, seats = [], []
    for j, response in enumerate(responses):
        if response.remedial:
            rows = list(-np.diag(numbers.endowments[j]))
        else:
            rows = [oracle.laws[j].chance(ray) * ray for ray in response.rays if ray.any()]
        changes += rows
        seats += [j] * len(rows)
    table = np.array(changes).reshape(-1, numbers.tasks)
    return _least(table, (table * numbers.costs[seats]).sum(axis=1))


def _as_menus(problem: Problem, responses: Sequence[Response]) -> tuple[Menu, ...]:
    """Return exact menus, polarized and with a full task given up."""
    return tuple(
        REMEDIAL if response.remedial else Menu(exact_rays(eta, response.rays))
        for eta, response in zip(problem.status_quo, responses, strict=True)
    )


def exact_rays(endowment: Vector, rays: Floats) -> tuple[Vector, ...]:
    """Round rays as the market does: received up, given up toward zero, but what runs out exactly."""
    own = floats([endowment])[0]
    lift = 0
    while True:
        found = []
        for ray in rays:
            if not ray.any():
                continue
            given = np.nonzero(ray < 0)[0]
            first = given[np.argmin(own[given] / -ray[given])]
            exact = [
                -endowment[i] if i == first else Fraction(ceil(x * FINE) + lift * int(x > 0), FINE)
                for i, x in enumerate(ray.tolist())
            ]
            found.append(full_length(endowment, exact))
        if next(pairs_not_polarized(found), None) is None:
            return tuple(found)
        lift = 2 * lift + 1  # rounding broke a tie


def large(problem: Problem, seed: int) -> tuple[Menu, ...]:
    """Design menus for a large market.

    Examples
    --------
    The worked example, 19.1831 per copy before rays are rounded:

    >>> from parley.mechanisms.screening.problem import worked_example
    >>> problem = worked_example()
    >>> round(cost_of(problem, problem.market(large(problem, 0)).menus), 4)
    19.1831
    """
    numbers = Numbers.of(problem)
    oracle, plan = planned(numbers, (seed, 7))
    if oracle.exact:
        return priced_menus(
            problem,
            oracle,
            plan.prices,
            _best_prices,
            lambda menus: cost_of(problem, problem.market(menus).menus),
        )
    menus = _as_menus(problem, plan.responses)
    cost = cost_of(problem, menus)
    for factor in MULTIPLIERS:
        tried = _as_menus(problem, _cleared(numbers, oracle, plan, factor, seed))
        if (found := cost_of(problem, tried)) < cost:
            menus, cost = tried, found
    return menus
