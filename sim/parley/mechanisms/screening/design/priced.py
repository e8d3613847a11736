"""Two tasks: exact menus in whole units, from the trades that `exchange` finds."""

from __future__ import annotations

from copy import copy
from fractions import Fraction
from math import ceil, floor, inf, lcm
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.screening.design.exchange import Trade, exchanged
from parley.mechanisms.screening.design.two_tasks import Steps
from parley.mechanisms.screening.market import MAX_QUANTITY, REMEDIAL, STAY_ONLY, Menu, finest_unit
from parley.mechanisms.screening.rays import are_polarized

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parley.mechanisms.screening.design.numbers import Floats
    from parley.mechanisms.screening.design.responses import Responses
    from parley.mechanisms.screening.design.two_tasks import Side
    from parley.mechanisms.screening.problem import Problem
    from parley.mechanisms.screening.rays import Vector

__all__ = ["pair_menus", "priced_menus"]

NOTHING = 1e-9
"""Who takes less than this, relative to what it gives up, takes nothing."""
SAME = 0.05
"""If a continuous law gives up this nearly what the search says, its price is the best one."""
NEARLY = 1e-4
"""Share of the savings that rounding may cost before other menus are tried."""
BELOW = 1e-3
"""How far below the price of others that of a spare ray is."""
ALIKE = 1.001
"""Prices that differ by less than this factor may be meant to be one."""
MOST_PARTS = 6000
"""Denominators of a common price."""


def priced_menus(
    problem: Problem,
    oracle: Responses,
    prices: Floats,
    solve: Callable[[Responses], Floats],
    cost: Callable[[Sequence[Menu]], float],
) -> tuple[Menu, ...]:
    """Return menus that clear at almost the least cost.

    Parameters
    ----------
    prices : array, shape (2,)
        λ with the greatest dual.
    solve : callable
        Returns such prices for other responses.
    cost : callable
        Returns the cost of menus in the large market.
    """
    found = exchanged(oracle.numbers, oracle.sides, prices)
    fixed = copy(oracle)
    fixed.sides = list(oracle.sides)
    for trade in found.trades:
        fixed.sides[trade.agent] = _at_step(fixed.sides[trade.agent], trade)
    if any(new is not old for new, old in zip(fixed.sides, oracle.sides, strict=True)):
        prices = solve(fixed)
    asked = [(trade, _price(fixed, trade, prices)) for trade in found.trades if trade.given > 0]
    aim = oracle.numbers.status_quo + found.cost * (1 - NEARLY)
    best, least = (STAY_ONLY,) * problem.agents, inf
    for own in (asked, [*asked, *_spare(oracle, asked)]):
        for unit in _units(problem, own):
            menus = _alone(problem, oracle, own, unit)
            if (value := cost(menus)) < least:
                best, least = menus, value
            if least <= aim:
                return best
    return min([best, *_at_common_price(problem, oracle, asked)], key=cost)


def _units(problem: Problem, asked: Sequence[tuple[Trade, float]]) -> list[int]:
    """Return units that fit on chain, from the finest one to that in which all rays are at full length."""
    quantities = [x for row in problem.status_quo for x in row]
    most = max(quantities)
    for trade, price in asked:
        eta = problem.status_quo[trade.agent]
        quantities += [eta[trade.take] + eta[1 - trade.take] / Fraction(price)] if price < inf else []
    if problem.unit:
        return [problem.unit]
    found = [finest_unit(problem.status_quo, most)]
    while found[-1] > finest_unit(problem.status_quo, max(quantities)):
        found.append(found[-1] // 10)
    return found


def pair_menus(problem: Problem, oracle: Responses, pair: tuple[int, int], price: float) -> tuple[Menu, ...]:
    """Return menus by which one agent takes task 0 from another one, near a price, with whole endpoints."""
    asked = []
    for take, j in enumerate(pair):
        own = price if take == 0 else 1 / price
        step = max(0, int(np.searchsorted(oracle.sides[j][take].prices, own)) - 1)
        asked.append((Trade(j, take, 1.0, own, step), own))
    return next(iter(_at_common_price(problem, oracle, asked)), (STAY_ONLY,) * problem.agents)


def _alone(
    problem: Problem, oracle: Responses, asked: Sequence[tuple[Trade, float]], unit: int
) -> tuple[Menu, ...]:
    """Round each side's price by itself; a ray that is not polarized with one before it is left out."""
    rays: list[list[Vector]] = [[] for _ in problem.status_quo]
    remedial = [False for _ in problem.status_quo]
    for trade, price in asked:
        if price == inf:
            remedial[trade.agent] = True
        elif ray := _ray(problem, oracle, trade, price, unit):
            own = rays[trade.agent]
            own += [ray] * all(are_polarized(ray, old) for old in own)
    return tuple(REMEDIAL if idle else Menu(tuple(own)) for idle, own in zip(remedial, rays, strict=True))


def _spare(oracle: Responses, asked: Sequence[tuple[Trade, float]]) -> list[tuple[Trade, float]]:
    """Return rays of idle sides that make up for rounding.

    Whoever trades takes a little less than the price says, so that a little of a task is left. Agents that
    would take a task for less of the other than it costs in this market can take it.
    """
    rates = [price if trade.take == 0 else 1 / price for trade, price in asked if price < inf]
    if not rates:
        return []
    busy = {(trade.agent, trade.take): price for trade, price in asked}
    found = []
    for j, own in enumerate(oracle.sides):
        for take, law in enumerate(own):
            back = busy.get((j, 1 - take), 0.0)
            if (j, take) in busy or back == inf or not oracle.numbers.endowments[j, 1 - take]:
                continue
            most = min(1 / back if back else inf, min(rates) if take == 0 else 1 / max(rates)) * (1 - BELOW)
            if (price := law.cheaper(most)) < most:
                found.append((Trade(j, take, 0.0, 0.0, int(np.searchsorted(law.prices, price))), price))
    return found


def _at_common_price(
    problem: Problem, oracle: Responses, asked: Sequence[tuple[Trade, float]]
) -> list[tuple[Menu, ...]]:
    """Return menus on one line, where all trade at one price: rounded alone, they would not clear.

    All endpoints are whole; so prices are few, and the nearest one is taken that all like who should.
    """
    rates = [price if trade.take == 0 else 1 / price for trade, price in asked if 0 < price < inf]
    if len(rates) < len(asked) or not rates or max(rates) > ALIKE * min(rates):
        return []
    aim = sum(rates) / len(rates)
    parts = np.arange(1, MOST_PARTS)[:, None]
    near = np.maximum(1, np.round(aim * parts) + np.array([-1, 0, 1])).astype(np.int64)
    order = np.argsort(np.abs(near / parts - aim), axis=None, kind="stable")
    for k in order.tolist():
        rate = Fraction(int(near.flat[k]), k // 3 + 1)
        rays: list[list[Vector]] = [[] for _ in problem.status_quo]
        for trade, _ in asked if rate.denominator == k // 3 + 1 else ():
            amount = problem.status_quo[trade.agent][1 - trade.take]
            ray = (amount / rate, -amount) if trade.take == 0 else (-amount, amount * rate)
            if not _is_liked(problem, oracle, trade, ray):
                break
            rays[trade.agent].append(ray)
        if sum(map(len, rays)) == len(asked) and _fits(problem, rays):
            return [tuple(Menu(tuple(own)) for own in rays)]
    return []


def _fits(problem: Problem, rays: Sequence[Sequence[Vector]]) -> bool:
    """Return whether the ends of rays are whole, in units that fit on chain."""
    quantities = [
        own + x
        for eta, menu in zip(problem.status_quo, rays, strict=True)
        for ray in ((Fraction(0), Fraction(0)), *menu)
        for own, x in zip(eta, ray, strict=True)
    ]
    whole = lcm(*(x.denominator for x in quantities))
    unit = problem.unit or whole
    return unit % whole == 0 and unit * max(quantities) < MAX_QUANTITY


def _is_liked(problem: Problem, oracle: Responses, trade: Trade, ray: Vector) -> bool:
    """Return whether all types of the side's step like a ray."""
    law = oracle.sides[trade.agent][trade.take]
    if not isinstance(law, Steps):
        return True
    found = problem.preferences[trade.agent].chance(ray)
    return found is not None and float(found) >= float(law.chances[trade.step]) - NOTHING


def _at_step(sides: tuple[Side, Side], trade: Trade) -> tuple[Side, Side]:
    """Leave one side only the step that it uses."""
    law = sides[trade.take]
    if not isinstance(law, Steps) or law.prices.size == 1:
        return sides
    own = Steps(law.prices[[trade.step]], law.chances[[trade.step]])
    return (own, sides[1]) if trade.take == 0 else (sides[0], own)


def _price(oracle: Responses, trade: Trade, prices: Floats) -> float:
    """Return what a side gives up for one task taken."""
    law = oracle.sides[trade.agent][trade.take]
    asked = inf if trade.taken <= NOTHING * trade.given else trade.given / trade.taken
    if isinstance(law, Steps):
        return max(float(law.prices[0]), asked)
    worth = prices - oracle.numbers.costs[trade.agent]
    price, chance, _ = law.best(float(worth[trade.take]), float(worth[1 - trade.take]))
    given = chance * oracle.numbers.endowments[trade.agent, 1 - trade.take]
    same = abs(given - trade.given) <= SAME * given and abs(price - asked) <= SAME * price
    return price if same else asked


def _ray(problem: Problem, oracle: Responses, trade: Trade, price: float, unit: int) -> Vector | None:
    """Return a full ray in whole units; where types are few, one that all types of a step like."""
    amount = problem.status_quo[trade.agent][1 - trade.take]
    room = MAX_QUANTITY - 1 - ceil(problem.status_quo[trade.agent][trade.take] * unit)
    most = min(room, floor(amount * unit / Fraction(price)))
    for units in range(most, max(0, most - 2), -1):  # types do not like what they are indifferent to
        taken = Fraction(units, unit)
        ray = (taken, -amount) if trade.take == 0 else (-amount, taken)
        if _is_liked(problem, oracle, trade, ray):
            return ray
    return None
