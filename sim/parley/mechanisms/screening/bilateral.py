"""Trades between two agents: when one improves on the status quo, and the best one.

A *bilateral trade* γ of two agents j′ and j″ moves j′ from σ_j′ to σ_j′ + γ and j″ from σ_j″ to σ_j″ − γ if
both like it, by the tie rule: c_j′·γ < 0 < c_j″·γ. Everybody else keeps its status quo.

Source: Valenzuela-Stookey (2026), section 2.1: Lemmas 2 and 3, Proposition 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from heapq import nlargest
from itertools import combinations, permutations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parley.core.linear import Program
from parley.mechanisms.screening.preferences import Discrete, Preferences, Uniform
from parley.mechanisms.screening.rays import Type, Vector, dot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from parley.mechanisms.screening.problem import Problem

__all__ = ["Trade", "best_trade", "construct_trade", "full_trade", "improves", "trade_of", "two_types"]

TYPES = 4_000
"""Types of each agent that the search looks at."""
PRICES = 48
"""Prices of one task in another that the search tries."""
REFINED = 24
"""Trades of two tasks that are refined."""
DENOMINATORS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 20, 50, 100, 1000)
"""Denominators of the numbers that are tried instead of floats."""
FINE = 10**6
"""Such a denominator where the chance of a trade has steps."""
BESIDE = 1e-3
"""How far beside a step prices are tried, relative to it."""


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade between two agents."""

    receiver: int
    giver: int
    trade: Vector
    """γ: what the receiver's assignment changes by, and the giver's by the opposite."""
    chance: Fraction | float
    """Probability that both like it."""
    change: Fraction | float
    """Expected change of social cost."""


def trade_of(problem: Problem, receiver: int, giver: int, trade: Vector) -> Trade:
    """Compute how likely a trade is, and its expected change of social cost.

    Examples
    --------
    >>> from parley.mechanisms.screening.problem import worked_example
    >>> found = trade_of(worked_example(), 0, 2, (Fraction(2), Fraction(-2)))
    >>> print(found.chance, found.change)
    1/4 -2
    """
    chance = _chance(problem.preferences[receiver], trade)
    chance *= _chance(problem.preferences[giver], tuple(-x for x in trade))
    cost = dot(_difference(problem, receiver, giver), trade)
    return Trade(
        receiver, giver, trade, chance, float(cost) * chance if isinstance(chance, float) else cost * chance
    )


def _chance(preferences: Preferences, ray: Vector) -> Fraction | float:
    """Return P(c·κ < 0); a frequency where it is not rational."""
    chance = preferences.chance(ray)
    return float(preferences.law([ray]).probabilities[1]) if chance is None else chance


def _difference(problem: Problem, receiver: int, giver: int) -> Vector:
    """Return δ = π_j′ − π_j″."""
    pair = zip(problem.social_costs[receiver], problem.social_costs[giver], strict=True)
    return tuple(a - b for a, b in pair)


def full_trade(problem: Problem, receiver: int, giver: int, direction: Sequence[Fraction]) -> Vector:
    """Scale a direction such that one of the two agents runs out of a task.

    Examples
    --------
    >>> from parley.mechanisms.screening.problem import worked_example
    >>> print(*full_trade(worked_example(), 0, 1, (Fraction(3), Fraction(-1))))
    2 -2/3
    """
    gives, takes = problem.status_quo[receiver], problem.status_quo[giver]
    limits = [
        (other if x > 0 else own) / abs(x) for x, own, other in zip(direction, gives, takes, strict=True) if x
    ]
    length = min(limits, default=Fraction(0))
    return tuple(length * x for x in direction)


def improves(problem: Problem, receiver: int, giver: int, trade: Vector) -> bool:
    """Decide whether a bilateral trade is feasible and improves on the status quo (Lemma 2).

    It is and does if and only if (i) no assignment becomes negative, (ii) (π_j′ − π_j″)·γ < 0, and (iii) and
    (iv) some type of each agent likes it.

    Examples
    --------
    >>> from parley.mechanisms.screening.problem import worked_example
    >>> two = Fraction(2)
    >>> improves(worked_example(), 0, 2, (two, -two)), improves(worked_example(), 2, 0, (two, -two))
    (True, False)
    """
    after = [own + x for own, x in zip(problem.status_quo[receiver], trade, strict=True)]
    after += [own - x for own, x in zip(problem.status_quo[giver], trade, strict=True)]
    return (
        min(after) >= 0
        and dot(_difference(problem, receiver, giver), trade) < 0
        and problem.preferences[receiver].likes(trade)
        and problem.preferences[giver].likes(tuple(-x for x in trade))
    )


# ── Proposition 1 ───────────────────────────────────────────────────────────────────────────────────────────


def two_types(problem: Problem, receiver: int, giver: int) -> tuple[Type, Type] | None:
    """Find types c′, c″ of both boxes such that c″ is not in the cone of c′ and δ = π_j′ − π_j″ (Lemma 3).

    If two types and δ are pairwise independent, one of the two orders has the property (Proposition 1).

    Returns
    -------
    tuple or None
        None if the common box is empty or one point, or if a distribution is not uniform.

    Examples
    --------
    >>> from parley.mechanisms.screening.problem import worked_example
    >>> [tuple(map(str, kind)) for kind in two_types(worked_example(), 0, 2)]
    [('1', '1'), ('2', '1')]
    """
    one, other = problem.preferences[receiver], problem.preferences[giver]
    if not (isinstance(one, Uniform) and isinstance(other, Uniform)):
        return None
    low = tuple(map(max, one.low, other.low))
    high = tuple(map(min, one.high, other.high))
    if any(b < a for a, b in zip(low, high, strict=True)):
        return None
    delta = _difference(problem, receiver, giver)
    # The lowest type, and types that differ from it in one coordinate by one of two amounts: at most two of
    # these are multiples of δ, and with one coordinate none is a multiple of the other.
    raised = [
        tuple(low[k] + (high[k] - low[k]) * part if k == i else low[k] for k in range(len(low)))
        for i in range(len(low))
        if low[i] < high[i]
        for part in (Fraction(1), Fraction(1, 2))
    ]
    for c1, c2 in combinations((low, *raised), 2):
        if all(_independent(a, b) for a, b in ((c1, c2), (c1, delta), (c2, delta))):
            return (c2, c1) if not _in_cone(c1, c2, delta) else (c1, c2)
    return None


def _independent(one: Vector, other: Vector) -> bool:
    return any(one[i] * other[k] != one[k] * other[i] for i, k in combinations(range(len(one)), 2))


def _in_cone(point: Vector, one: Vector, other: Vector) -> bool:
    """Return whether point = α·one + ρ·other for α, ρ ≥ 0, if these two are independent."""
    for i, k in combinations(range(len(one)), 2):
        if area := one[i] * other[k] - one[k] * other[i]:
            alpha = (point[i] * other[k] - point[k] * other[i]) / area
            rho = (one[i] * point[k] - one[k] * point[i]) / area
            return min(alpha, rho) >= 0 and all(
                p == alpha * a + rho * b for p, a, b in zip(point, one, other, strict=True)
            )
    return False


def construct_trade(problem: Problem, receiver: int, giver: int) -> Vector | None:
    """Construct a trade that improves on the status quo (Proposition 1), where its conditions hold.

    They are: π_j′ ≠ π_j″, the common box is more than one point, and both agents have some of every task. A
    linear program separates c″ from the cone of δ and c′, which must have a positive coordinate in δ.

    Returns
    -------
    tuple of Fraction or None
        γ, at full length.

    Examples
    --------
    >>> from parley.mechanisms.screening.problem import worked_example
    >>> problem = worked_example()
    >>> improves(problem, 0, 2, construct_trade(problem, 0, 2))
    True
    """
    delta = _difference(problem, receiver, giver)
    if max(delta) <= 0:  # reverse the roles
        if not any(delta):
            return None
        reverse = construct_trade(problem, giver, receiver)
        return None if reverse is None else tuple(-x for x in reverse)
    types = two_types(problem, receiver, giver)
    if types is None:
        return None
    program = Program()
    gain = program.variable(1)
    program.at_most({gain: 1}, 1)
    own, other = problem.status_quo[receiver], problem.status_quo[giver]
    moves = [program.variable() for _ in own]  # γ + σ_j′
    for move, a, b in zip(moves, own, other, strict=True):
        program.at_most({move: 1}, a + b)
    for side in (delta, types[0], tuple(-x for x in types[1])):
        program.at_most({**dict(zip(moves, side, strict=True)), gain: 1}, dot(side, own))
    best = program.solve()
    if not best.value:
        return None
    direction = [best.point[move] - a for move, a in zip(moves, own, strict=True)]
    return full_trade(problem, receiver, giver, direction)


# ── the best trade ──────────────────────────────────────────────────────────────────────────────────────────


class _Start(NamedTuple):
    gain: float
    receiver: int
    giver: int
    direction: tuple[float, ...]


def best_trade(problem: Problem, *, seed: int = 0) -> Trade | None:
    """Search for the trade between two agents with the greatest expected gain.

    First, all trades of one task for another at many prices, just beside the ratios of discrete types among
    them, then the best ones with prices between and more tasks. With two tasks, that leaves out only prices
    between those that were tried.

    Parameters
    ----------
    seed : int
        Of the sampled types that the search looks at; the result is computed exactly where possible.

    Returns
    -------
    Trade or None
        At full length; None if no trade gains.

    Examples
    --------
    >>> from parley.mechanisms.screening.problem import worked_example
    >>> found = best_trade(worked_example())
    >>> found.receiver, found.giver, [str(x) for x in found.trade], str(found.change)
    (0, 2, ['2', '-2'], '-2')
    """
    dice = np.random.default_rng(seed)
    types = [preferences.sample(dice, TYPES) for preferences in problem.preferences]
    found = [
        trade
        for start in nlargest(REFINED, _starts(problem, types))
        for trade in _rounded(problem, _climb(problem, types, start))
    ]
    best = min(found, key=lambda trade: (trade.change, trade.receiver, trade.giver), default=None)
    return best if best is not None and best.change < 0 else None


def _starts(problem: Problem, types: Sequence[NDArray[np.float64]]) -> Iterator[_Start]:
    """Return trades of one task for another that gain, at the best price of each kind, up to rounding."""
    costs = np.array(problem.social_costs, dtype=np.float64)
    owned = np.array(problem.status_quo, dtype=np.float64)
    for a, b in permutations(range(problem.tasks), 2):
        ratios = np.sort([own[:, a] / own[:, b] for own in types], axis=1)
        middles = (ratios[:, 1:] + ratios[:, :-1])[:, :: max(1, TYPES // PRICES)] / 2
        prices = np.unique(np.concatenate([middles.ravel(), [1.0]]))
        prices = prices[:: max(1, len(prices) // (4 * PRICES))]
        steps = sorted({x for own in problem.preferences for x in _steps(own, a, b)})
        prices = np.unique([*prices, *(x * side for x in steps for side in (1 - BESIDE, 1 + BESIDE))])
        likes = np.array([np.searchsorted(own, prices) for own in ratios]) / TYPES  # c_a < p c_b
        hates = 1 - np.array([np.searchsorted(own, prices, side="right") for own in ratios]) / TYPES
        for j, k in combinations(range(problem.agents), 2):
            amounts = np.minimum(owned[k, a], owned[j, b] / prices)
            worth = (costs[j, b] - costs[k, b]) * prices - (costs[j, a] - costs[k, a])
            gains = amounts * worth * likes[j] * hates[k]
            best = int(np.argmax(gains))
            if gains[best] > 0:
                direction = [0.0] * problem.tasks
                direction[a], direction[b] = 1.0, -float(prices[best])
                yield _Start(float(gains[best]), j, k, tuple(direction))


def _steps(preferences: Preferences, a: int, b: int) -> list[float]:
    """Return the ratios c_a / c_b of an agent with finitely many types."""
    if isinstance(preferences, Discrete):
        return [float(kind[a] / kind[b]) for kind in preferences.types]
    if isinstance(preferences, Uniform) and preferences.low == preferences.high:
        return [float(preferences.low[a] / preferences.low[b])]
    return []


def _climb(problem: Problem, types: Sequence[NDArray[np.float64]], start: _Start) -> _Start:
    """Move a trade uphill, one coordinate at a time, by steps that become smaller."""
    j, k = start.receiver, start.giver
    delta = np.array(_difference(problem, j, k), dtype=np.float64)
    own, other = (np.array(problem.status_quo[seat], dtype=np.float64) for seat in (j, k))

    def gain(direction: NDArray[np.float64]) -> float:
        limits = np.where(direction > 0, other, own)
        used = direction != 0
        if not used.any():
            return 0.0
        length = (limits[used] / np.abs(direction[used])).min()
        likes = (types[j] @ direction < 0).mean() * (types[k] @ direction > 0).mean()
        return -float(delta @ direction) * float(length) * float(likes)

    here = np.array(start.direction)
    best, step = gain(here), 0.5
    while step > 1e-3:
        moved = False
        for i in range(len(here)):
            for sign in (step, -step):
                there = here.copy()
                there[i] += sign
                if (value := gain(there)) > best * (1 + 1e-9):
                    here, best, moved = there, value, True
        step = step if moved else step / 2
    return _Start(best, j, k, tuple(here.tolist()))


def _rounded(problem: Problem, start: _Start) -> Iterator[Trade]:
    """Return exact trades near one in floating point, with simple numbers."""
    size = max(map(abs, start.direction))
    seen = set()
    stepped = any(_steps(problem.preferences[seat], 0, 1) for seat in (start.receiver, start.giver))
    for most in (*DENOMINATORS, FINE) if stepped else DENOMINATORS:
        direction = tuple(Fraction(round(x / size * most), most) for x in start.direction)
        full = full_trade(problem, start.receiver, start.giver, direction)
        if full not in seen and any(full):
            seen.add(full)
            yield trade_of(problem, start.receiver, start.giver, full)
