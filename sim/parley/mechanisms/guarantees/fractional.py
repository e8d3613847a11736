"""Mixtures of allocations, as if jobs were divisible (Section 4.1 of the paper).

A mixture gives every allocation a weight; v(C_i) is then the weighted sum of v(A_i), and pay likewise.
This is what a lottery over allocations is worth in expectation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley.core.linear import InfeasibleError, Program
from parley.mechanisms.guarantees.loss import loss

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from parley.mechanisms.guarantees.guarantee import Terms, Vector
    from parley.mechanisms.guarantees.schedules import Allocation


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an allocation is worth to the platform, and pays each provider."""

    worth: Fraction
    pay: Vector


@dataclass(frozen=True, slots=True)
class Mixture:
    """The best mixture under a guarantee.

    Attributes
    ----------
    worth : Fraction
        Its worth to the platform.
    tau : Fraction
        The greatest least pay of any mixture.
    weights : dict
        The weight of each outcome that has one, by its place.
    loss : Fraction
        The loss against the outcome of greatest worth.
    """

    worth: Fraction
    tau: Fraction
    weights: dict[int, Fraction]
    loss: Fraction


def best_mixture(outcomes: Sequence[Outcome], terms: Terms) -> Mixture | None:
    """Find the mixture of greatest worth that keeps floors and max-min fairness; None if none does.

    Parameters
    ----------
    outcomes : sequence of Outcome
        Of the allocations that may be mixed.

    Examples
    --------
    One job for two equal providers: half of it for each is fair and loses nothing.

    >>> from fractions import Fraction
    >>> from parley.mechanisms.guarantees.guarantee import Terms
    >>> one, none = Fraction(1), Fraction(0)
    >>> outcomes = [Outcome(one, (one, none)), Outcome(one, (none, one))]
    >>> found = best_mixture(outcomes, Terms((none, none), max_min=True))
    >>> found.tau, found.loss
    (Fraction(1, 2), Fraction(0, 1))
    """
    providers = range(len(terms.floors))
    fairest, shares = _mixing(outcomes)
    least = fairest.variable(1)
    for i in providers:
        pay = {share: -outcome.pay[i] for share, outcome in zip(shares, outcomes, strict=True)}
        fairest.at_most(pay | {least: 1}, 0)
    tau = fairest.solve().value
    best, shares = _mixing(outcomes, worth=True)
    for i, floor in enumerate(terms.floors):
        needed = max(floor, tau) if terms.max_min else floor
        if needed:
            pay = {share: -outcome.pay[i] for share, outcome in zip(shares, outcomes, strict=True)}
            best.at_most(pay, -needed)
    try:
        found = best.solve()
    except InfeasibleError:
        return None
    weights = {k: weight for k, weight in enumerate(found.point) if weight}
    return Mixture(found.value, tau, weights, loss(max(one.worth for one in outcomes), found.value))


def _mixing(outcomes: Sequence[Outcome], *, worth: bool = False) -> tuple[Program, list[int]]:
    program = Program()
    shares = [program.variable(outcome.worth if worth else 0) for outcome in outcomes]
    program.equals(dict.fromkeys(shares, 1), 1)
    return program, shares


def rotations(allocation: Allocation) -> list[Allocation]:
    """Return the n allocations in which the schedules move around.

    Each with weight 1/n, they make the mixture in the proof of Proposition 3: everybody has the same, and the
    value is that of the allocation. The paper takes all n! permutations; these n do as well.

    Examples
    --------
    >>> rotations(((0, 1), (2,)))
    [((0, 1), (2,)), ((2,), (0, 1))]
    """
    return [allocation[k:] + allocation[:k] for k in range(len(allocation))]
