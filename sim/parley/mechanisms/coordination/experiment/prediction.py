"""What theory says of a population: expected costs of every profile of strategies, and where imitation leads.

For strategies whose announcements are not random and whose bargaining Proposition 1 describes (equilibrium,
greedy, minimal) or a variation of it that can be solved (stubborn), every profile leads to one allocation,
recognition probabilities and expected costs, all exact. With them the dynamics of an infinite population, in
which each member meets the others in proportion to their shares, is a map of shares to shares. It is followed
from the initial shares to where it rests.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.coordination.bots import Bot as Equilibrium
from parley.mechanisms.coordination.bots import Greedy, Minimal, Stubborn
from parley.mechanisms.coordination.experiment.dynamics import Adaptation, Floats, mean_field
from parley.mechanisms.coordination.position import Position
from parley.mechanisms.coordination.recognition import fraction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.coordination.bots import Bot
    from parley.mechanisms.coordination.problem import Problem

__all__ = ["Payoffs", "Prediction", "Rest", "payoffs", "predict", "profile_costs"]

MOST_PROFILES = 5_000
"""Profiles that are worked out at most."""
LONGEST = 200_000
"""Generations after which a dynamics that has not come to rest is left alone."""
STILL = 1e-14
"""Shares that move less in a generation have come to rest."""
AT_CORNER = 1e-9
"""A share this close to 0 or 1 is on its way there, if nobody mutates."""
STEP = 1e-7
"""By which shares are moved to see how the dynamics answers."""

_PREDICTED = (Equilibrium, Greedy, Minimal, Stubborn)


def profile_costs(problem: Problem, bots: Sequence[Bot]) -> tuple[Fraction, ...] | None:
    """Compute what each agent expects to bear if these bots play, in units of cost.

    Proposer i offers everybody its threshold a_j and keeps the rest; u_i is agent k's share then. A responder
    that demands something beyond its threshold rejects that (if there is something to save). With A the
    probability that the proposer's offer is rejected, agent k expects V_k = Σ_{i accepted} p_i·u_ik +
    A·(δ·V_k + (1 − δ)·f_k(d_k)). Where all accept, it is f_k(d_k) − p_k·Δ (Proposition 1).

    Parameters
    ----------
    bots : sequence of Bot
        One per seat.

    Returns
    -------
    tuple of Fraction, or None
        None if a bot is of another kind than described above.

    Examples
    --------
    >>> from parley.mechanisms.coordination.bots import make_bots
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> problem = example_1()
    >>> profile_costs(problem, make_bots(["equilibrium"], 5))[0]
    Fraction(453, 7)
    >>> [str(c) for c in profile_costs(problem, make_bots(["greedy"], 5))]
    ['81', '25', '16', '4', '1']
    """
    if any(type(bot) not in _PREDICTED for bot in bots):
        return None
    position, dice = Position(problem), Random(0)
    for j, bot in enumerate(bots):
        row = bot.announce(position, dice)
        position = position.after(row, fraction(problem.recognition, problem, j, position.rows, row))
    bargaining = position.bargaining
    wei = problem.wei_per_cost
    alone = [Fraction(cost, wei) for cost in bargaining.contracted_costs]
    saved = Fraction(bargaining.savings, wei)
    if saved <= 0:
        return tuple(alone)
    p, delta = bargaining.probabilities, problem.continuation
    demands = [bot.share if isinstance(bot, Stubborn) else Fraction(0) for bot in bots]
    agreed = [all(d == 0 for j, d in enumerate(demands) if j != i) for i in range(len(bots))]
    rejected = sum((q for q, yes in zip(p, agreed, strict=True) if not yes), Fraction(0))
    if problem.max_rounds == 1:
        delta = Fraction(0)
    costs = []
    for k, f in enumerate(alone):
        threshold = f - delta * p[k] * saved
        settled = sum(
            (q * (threshold - (saved * (1 - delta) if i == k else 0)) for i, q in enumerate(p) if agreed[i]),
            Fraction(0),
        )
        costs.append((settled + rejected * (1 - delta) * f) / (1 - rejected * delta))
    return tuple(costs)


@dataclass(frozen=True, eq=False)
class Payoffs:
    """Expected costs of every profile.

    Attributes
    ----------
    exact : dict
        From a profile (the index of each seat's strategy) to expected costs by seat, in units of cost.
    costs : ndarray of float, shape (n, k_1, …, k_n)
        The same, in fair shares: possible savings divided by the number of agents.
    saved : ndarray of float, shape (k_1, …, k_n)
        Expected savings as a share of the possible ones.
    contracted, possible : Fraction
        F(D), and the savings that are possible, in units of cost.
    """

    exact: dict[tuple[int, ...], tuple[Fraction, ...]]
    costs: Floats
    saved: Floats
    contracted: Fraction
    possible: Fraction

    def expected(self, shares: Sequence[Floats]) -> list[Floats]:
        """Mean costs of each seat's strategies against the others' shares, in fair shares."""
        result = []
        for i in range(len(shares)):
            costs = np.moveaxis(self.costs[i], i, 0)
            for j in reversed(range(len(shares))):
                if j != i:
                    costs = costs @ shares[j]
            result.append(costs)
        return result

    def mean_saved(self, shares: Sequence[Floats]) -> float:
        """Expected savings as a share of the possible ones."""
        saved = self.saved
        for share in reversed(shares):
            saved = saved @ share
        return float(saved)

    def saved_exactly(self, profile: Sequence[int]) -> Fraction:
        """Savings of a profile as a share of the possible ones, 1 where there are none."""
        total = sum(self.exact[tuple(profile)], Fraction(0))
        return (self.contracted - total) / self.possible if self.possible else Fraction(1)


def fair_share(problem: Problem, possible: Fraction) -> Fraction:
    """The unit in which costs are compared: possible savings per agent, or where there are none, F(D)'s."""
    return (possible or problem.total_cost(problem.contracted)) / problem.agents


def payoffs(problem: Problem, strategies: Sequence[Sequence[Bot]], possible: Fraction) -> Payoffs | None:
    """Work out every profile.

    Parameters
    ----------
    strategies : sequence of sequences of Bot
        Of each seat.
    possible : Fraction
        Savings of a cost-effective allocation, in units of cost.

    Returns
    -------
    Payoffs or None
        None if there are more than 5,000 profiles, or a strategy whose play is not predicted.
    """
    sizes = tuple(map(len, strategies))
    if prod(sizes) > MOST_PROFILES:
        return None
    exact: dict[tuple[int, ...], tuple[Fraction, ...]] = {}
    for profile in product(*map(range, sizes)):
        found = profile_costs(problem, [seat[k] for seat, k in zip(strategies, profile, strict=True)])
        if found is None:
            return None
        exact[profile] = found
    contracted = problem.total_cost(problem.contracted)
    unit = fair_share(problem, possible)
    costs = np.zeros((problem.agents, *sizes))
    saved = np.zeros(sizes)
    for place, each in exact.items():
        for i, cost in enumerate(each):
            costs[i][place] = float(cost / unit)
        saved[place] = float((contracted - sum(each)) / possible) if possible else 1.0
    return Payoffs(exact, costs, saved, contracted, possible)


@dataclass(frozen=True)
class Rest:
    """Where the dynamics comes to rest.

    Attributes
    ----------
    shares : list of ndarray of float
        Of each seat's strategies.
    saved : float
        Savings as a share of the possible ones.
    exactly : Fraction or None
        The same, exact, where each seat plays one strategy only.
    radius : float
        Spectral radius of the dynamics' derivative: below 1 the rest point attracts what is near it; at 1
        some difference does not matter, as between strategies that come to the same.
    """

    shares: list[Floats]
    saved: float
    exactly: Fraction | None
    radius: float


@dataclass(frozen=True)
class Prediction:
    """Where theory expects a population to go.

    Attributes
    ----------
    shares : list of list of ndarray
        Of each generation, each seat, each strategy: before the generation plays.
    costs : list of list of ndarray
        Expected costs, in units of cost.
    saved : list of float
        Expected savings of each generation as a share of the possible ones.
    rest : Rest or None
        None if nobody imitates, or if the dynamics goes on for ever.
    """

    shares: list[list[Floats]]
    costs: list[list[Floats]]
    saved: list[float]
    rest: Rest | None


def predict(
    found: Payoffs, unit: Fraction, initial: Sequence[Floats], how: Adaptation, generations: int
) -> Prediction:
    """Follow the dynamics of an infinite population.

    Parameters
    ----------
    unit : Fraction
        A fair share in units of cost.
    initial : sequence of ndarray of float
        Shares of each seat's strategies.

    Returns
    -------
    Prediction
    """
    shares = [share.copy() for share in initial]
    path, costs, saved = [], [], []
    for _ in range(generations):
        path.append(shares)
        expected = found.expected(shares)
        costs.append([float(unit) * cost for cost in expected])
        saved.append(found.mean_saved(shares))
        shares = _step(found, shares, how)
    return Prediction(path, costs, saved, _rest(found, shares, how) if how.rule != "none" else None)


def _step(found: Payoffs, shares: Sequence[Floats], how: Adaptation) -> list[Floats]:
    expected = found.expected(shares)
    return [mean_field(share, cost, how) for share, cost in zip(shares, expected, strict=True)]


def _rest(found: Payoffs, shares: list[Floats], how: Adaptation) -> Rest | None:
    for _ in range(LONGEST):
        following = _step(found, shares, how)
        moved = max(float(np.abs(a - b).max()) for a, b in zip(following, shares, strict=True))
        shares = following
        cornered = how.mutation == 0 and all(float(share.max()) > 1 - AT_CORNER for share in shares)
        if moved < STILL or cornered:
            break
    else:
        return None
    exactly = None
    if cornered:
        profile = [int(share.argmax()) for share in shares]
        shares = [np.eye(len(share))[k] for share, k in zip(shares, profile, strict=True)]
        exactly = found.saved_exactly(profile)
    return Rest(shares, found.mean_saved(shares), exactly, _radius(found, shares, how))


def _radius(found: Payoffs, shares: list[Floats], how: Adaptation) -> float:
    """Spectral radius, from moving a little of each seat's most common strategy to each of the others."""
    moves = [
        (seat, k, int(share.argmax()))
        for seat, share in enumerate(shares)
        for k in range(len(share))
        if k != int(share.argmax())
    ]
    if not moves:
        return 0.0
    base = _step(found, shares, how)
    columns = []
    for seat, to, origin in moves:
        moved = [share.copy() for share in shares]
        moved[seat][to] += STEP
        moved[seat][origin] -= STEP
        after = _step(found, moved, how)
        columns.append([(after[s][k] - base[s][k]) / STEP for s, k, _ in moves])
    return float(np.abs(np.linalg.eigvals(np.array(columns).T)).max())
