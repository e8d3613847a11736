"""The same menus in larger markets: N copies of every agent, with independent types (Proposition 3).

Only the *counts* matter: how many of the N copies of agent j choose trading set k. Copies that choose alike
may share alike, so the selection is that of one market whose columns are ρ_jk κ_jk, with the frequencies
ρ = counts / N; costs are per copy of the market. With ρ = ρ*, the choice probabilities, this is the *large
market*.

The paper's proof of Proposition 3 breaks off. This completes it. Let α̂ be the shares of the large market, V
its cost and SQ that of the status quo. With frequencies ρ, the shares α_jk = δ α̂_jk ρ*_jk / ρ_jk move as many
tasks as δ α̂ does in the large market, so they clear, and cost SQ − δ (SQ − V). They are at most 1 if

    δ = min(1, min ρ_jk / ρ*_jk over all j, k with α̂_jk > 0).

The selection costs at most that, in every realization. As ρ → ρ* almost surely, δ → 1 and the cost → V.

Source: Valenzuela-Stookey (2026), section 4 and appendix A.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from parley.mechanisms.screening.expectation import laws_of
from parley.mechanisms.screening.kernel import fast
from parley.mechanisms.screening.selection import Selection, Selector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from parley.mechanisms.screening.market import Market

__all__ = ["Replica", "at_frequencies", "certain_share", "replicas"]

RUNS = 1_000
"""Realizations for each number of copies."""


@dataclass(frozen=True, slots=True)
class Replica:
    """Cost per copy of a market of many copies."""

    copies: int
    mean: float
    std_error: float
    guarantee: float
    """Mean of the cost that Proposition 3 guarantees in each realization, at least `mean`."""

    def to_json(self) -> dict[str, Any]:
        """Return the keys of the replica."""
        return {
            "copies": self.copies,
            "mean": self.mean,
            "std_error": self.std_error,
            "guarantee": self.guarantee,
        }


def at_frequencies(market: Market, frequencies: Sequence[Sequence[Fraction]]) -> Selection:
    """Select in a market in which each choice has a frequency, as if all agents were populations.

    Parameters
    ----------
    frequencies : sequence of sequences of Fraction
        For each agent, of each choice: to stay, then each trading set.

    Returns
    -------
    Selection
        Of all columns; `cost` is the change per copy of the market.
    """
    parts = [frequencies[seat][choice] for seat, choice, _ in market.columns]
    columns = [
        tuple(part * x for x in change) for part, (_, _, change) in zip(parts, market.columns, strict=True)
    ]
    costs = [part * cost for part, cost in zip(parts, market.selector.costs, strict=True)]
    return next(Selector(columns, costs).select(np.ones((1, len(columns)), dtype=np.bool_)))


def certain_share(
    expected: Sequence[Sequence[Fraction]],
    frequencies: Sequence[Sequence[Fraction]],
    used: Sequence[tuple[int, int]],
) -> Fraction:
    """Return δ, the share of the large market's gain that frequencies certainly allow.

    Parameters
    ----------
    expected, frequencies : sequence of sequences of Fraction
        ρ* and ρ: for each agent, of each choice.
    used : sequence of (int, int)
        Agents and choices with α̂ > 0.

    Examples
    --------
    >>> half, third = Fraction(1, 2), Fraction(1, 3)
    >>> print(certain_share([(half, half)] * 2, [(half, half), (1 - third, third)], [(0, 1), (1, 1)]))
    2/3
    """
    return min([Fraction(1), *(frequencies[j][k] / expected[j][k] for j, k in used)])


def replicas(
    market: Market, copies: Sequence[int], *, seed: int = 0, runs: int = RUNS
) -> tuple[Replica, ...]:
    """Sample the cost per copy of markets of many copies.

    Parameters
    ----------
    copies : sequence of int
        Numbers N of copies.
    runs : int
        Realizations for each N.
    """
    laws = laws_of(market, seed=seed)
    best = at_frequencies(market, [law.probabilities for law in laws])
    places = [(seat, choice) for seat, choice, _ in market.columns]
    used = sorted({place for place, share in zip(places, best.shares, strict=True) if share})
    dice = np.random.default_rng(seed)
    found = []
    for number in copies:
        rho = [
            dice.multinomial(number, [float(p) for p in law.probabilities], size=runs) / number
            for law in laws
        ]
        changes = _changes(market, [rho[seat][:, choice] for seat, choice in places], runs)
        ratios = [rho[j][:, k] / float(laws[j].probabilities[k]) for j, k in used]
        delta = np.minimum(1.0, np.min(ratios, axis=0)) if ratios else np.ones(runs)
        quo = float(market.status_quo_cost)
        found.append(
            Replica(
                number,
                quo + float(changes.mean()),
                float(changes.std(ddof=1)) / sqrt(runs),
                quo + float(best.cost) * float(delta.mean()),
            )
        )
    return tuple(found)


def _changes(market: Market, parts: Sequence[NDArray[np.float64]], runs: int) -> NDArray[np.float64]:
    """Return the change of social cost per copy, for the frequencies of each column in each run."""
    if not parts:
        return np.zeros(runs)
    columns = np.array([[float(x) for x in change] for _, _, change in market.columns])
    costs, all_of_them = market.selector.costs_in_floats, np.ones((1, len(columns)), dtype=np.bool_)
    solve = fast()
    found = []
    for part in np.array(parts).T:
        _, shares = solve(columns * part[:, None], costs * part, all_of_them)
        found.append(shares[0] @ (costs * part))
    return np.array(found)
