"""Expected social cost and assignments of a market as it is played, when everybody follows the tie rule.

Up to `MAX_PROFILES` profiles of choices are listed, each with its probability and its exact selection. Of
more profiles, or where choice probabilities are not exact, a sample is drawn and solved in floating point.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import lcm, prod, sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from parley.mechanisms.screening.market import Market
    from parley.mechanisms.screening.preferences import Law

__all__ = ["MAX_PROFILES", "SAMPLE", "Expectation", "draw_profiles", "expectation", "laws_of"]

MAX_PROFILES = 100_000
"""Profiles of choices up to which expectations are exact."""
SAMPLE = 100_000
"""Profiles sampled otherwise."""
BATCH = 10_000
"""Profiles solved at once."""

Number = Fraction | float


@dataclass(frozen=True)
class Expectation:
    """Mean and variance of the change of social cost, and expected assignments."""

    change: Number
    """Expected change of social cost, at most 0."""
    variance: Number
    """Variance of the change of social cost; of a sample, its unbiased estimate."""
    assignment: tuple[tuple[Number, ...], ...]
    """Expected assignment, agents × tasks."""
    profiles: int
    """Profiles with a positive probability, or the number of sampled ones."""
    std_error: float | None
    """Standard error of the change; None if it is exact."""

    @property
    def exact(self) -> bool:
        """Whether all figures are exact."""
        return self.std_error is None


def laws_of(market: Market, *, seed: int = 0) -> tuple[Law, ...]:
    """Return the choice probabilities of all seats."""
    return tuple(market.law(seat, seed=seed) for seat in range(market.agents))


def expectation(
    market: Market, laws: Sequence[Law] | None = None, *, seed: int = 0, most: int = MAX_PROFILES
) -> Expectation:
    """Compute the expected change of social cost and the expected assignment.

    Parameters
    ----------
    laws : sequence of Law, optional
        Choice probabilities of the seats, by `laws_of`.
    most : int
        Profiles up to which the expectation is exact.

    Examples
    --------
    >>> from parley.mechanisms.screening.problem import worked_example
    >>> found = expectation(worked_example().market())
    >>> print(found.change, found.variance, found.profiles)
    -869/1000 11895917/3000000 27
    """
    laws = laws_of(market, seed=seed) if laws is None else laws
    possible = [[k for k, p in enumerate(law.probabilities) if p] for law in laws]
    if all(law.exact for law in laws) and prod(map(len, possible)) <= most:
        return _listed(market, laws, possible)
    return _sampled(market, laws, seed)


def _listed(market: Market, laws: Sequence[Law], possible: list[list[int]]) -> Expectation:
    # Probabilities are whole numbers over one denominator for each seat, and so their products are.
    scales = [lcm(*(p.denominator for p in law.probabilities)) for law in laws]
    parts = [[int(p * scale) for p in law.probabilities] for law, scale in zip(laws, scales, strict=True)]
    total = prod(scales)
    mean = squares = Fraction(0)
    shares = [Fraction(0)] * len(market.columns)
    profiles = np.array(list(product(*possible)), dtype=np.int64).reshape(-1, market.agents)
    outcomes = market.selector.outcomes(market.present(profiles))
    for profile, (found, cost) in zip(profiles.tolist(), outcomes, strict=True):
        if found:
            weight = prod(part[k] for part, k in zip(parts, profile, strict=True))
            mean += weight * cost
            squares += weight * cost**2
            for t, share in found.items():
                shares[t] += weight * share
    mean /= total
    return Expectation(
        change=mean,
        variance=squares / total - mean**2,
        assignment=_assignment(market, [share / total for share in shares]),
        profiles=len(profiles),
        std_error=None,
    )


def _assignment(market: Market, shares: Sequence[Fraction]) -> tuple[tuple[Fraction, ...], ...]:
    rows = [list(row) for row in market.status_quo]
    for share, (seat, _, change) in zip(shares, market.columns, strict=True):
        for i, x in enumerate(change):
            rows[seat][i] += share * x
    return tuple(map(tuple, rows))


def draw_profiles(market: Market, dice: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Draw types of all agents, and return the profiles of their truthful choices.

    Returns
    -------
    array, shape (count, agents)
    """
    profiles = np.ones((count, market.agents), dtype=np.int64)  # a remedial set is always chosen
    for seat, (menu, preferences) in enumerate(zip(market.menus, market.preferences, strict=True)):
        if not menu.remedial:
            profiles[:, seat] = preferences.choices(menu.rays, dice, count)
    return profiles


def _drawn(market: Market, laws: Sequence[Law], dice: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Draw profiles of choices: by exact laws, or else as truthful seats choose.

    A law of a truthful seat that is not exact is a sample itself; types are drawn anew.
    """
    profiles = draw_profiles(market, dice, count)
    for seat, law in enumerate(laws):
        if law.exact:
            profiles[:, seat] = dice.choice(
                len(law.probabilities), count, p=[float(p) for p in law.probabilities]
            )
    return profiles


def _sampled(market: Market, laws: Sequence[Law], seed: int, count: int = SAMPLE) -> Expectation:
    dice = np.random.default_rng(seed)
    changes, shares = np.empty(count), np.zeros(len(market.columns))
    for start in range(0, count, BATCH):
        profiles = _drawn(market, laws, dice, min(BATCH, count - start))
        drawn = market.selector.estimate(market.present(profiles))
        shares += drawn.sum(axis=0)
        changes[start : start + len(profiles)] = drawn @ market.selector.costs_in_floats
    moved = _assignment(market, [Fraction(share) for share in (shares / count).tolist()])
    return Expectation(
        change=float(changes.mean()),
        variance=float(changes.var(ddof=1)),
        assignment=tuple(tuple(float(x) for x in row) for row in moved),
        profiles=count,
        std_error=float(changes.std(ddof=1)) / sqrt(count),
    )
