"""Mixtures of allocations, as if jobs were divisible (Section 4.1 of the paper).

A mixture gives every allocation a weight; v(C_i) is then the weighted sum of v(A_i), and pay likewise.
This is what a lottery over allocations is worth in expectation.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from operator import mul
from typing import TYPE_CHECKING, TypeAlias

from parley.core.linear import Program
from parley.mechanisms.guarantees.loss import loss

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parley.core.linear import Optimum
    from parley.mechanisms.guarantees.guarantee import Terms, Vector
    from parley.mechanisms.guarantees.schedules import Allocation


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an allocation is worth to the platform, and pays each provider."""

    worth: Fraction
    pay: Vector


Price: TypeAlias = "Callable[[int, Vector], Outcome]"


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


def best_mixture(outcomes: Sequence[Outcome], terms: Terms, price: Price | None = None) -> Mixture | None:
    """Find the mixture of greatest worth that keeps floors and max-min fairness; None if none does.

    Parameters
    ----------
    outcomes : sequence of Outcome
        Of the allocations that may be mixed.
    price : callable, optional
        Finds outcomes that are not listed, so that none has to be: takes 0 or 1 and a price of each
        provider's pay, and returns an outcome of greatest worth (times 0 or 1) plus price of pay.

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
    outcomes = list(outcomes)
    if price is not None:
        outcomes.append(price(1, (Fraction(0),) * len(terms.floors)))
    ones = (Fraction(1),) * len(terms.floors)
    tau = _reach(outcomes, ones, price)
    needed = tuple(max(floor, tau) if terms.max_min else floor for floor in terms.floors)
    if any(needed) and _reach(outcomes, needed, price) < 1:
        return None
    found = _optimum(outcomes, needed, price, worth=1)
    weights = {k: weight for k, weight in enumerate(found.point) if weight}
    return Mixture(found.value, tau, weights, loss(max(one.worth for one in outcomes), found.value))


def _reach(outcomes: list[Outcome], direction: Vector, price: Price | None) -> Fraction:
    """Return the greatest multiple of a direction that the pay of a mixture reaches."""
    return _optimum(outcomes, direction, price, worth=0).value


def _optimum(outcomes: list[Outcome], needed: Vector, price: Price | None, *, worth: int) -> Optimum:
    """Maximize the worth of a mixture with the needed pay, or (worth = 0) the multiple of that pay.

    Outcomes are added until none that is not listed is worth more at the prices than those that are.
    """
    while True:
        program = Program()
        shares = [program.variable(outcome.worth * worth) for outcome in outcomes]
        program.equals(dict.fromkeys(shares, 1), 1)
        multiple = None if worth else program.variable(1)
        for i, least in enumerate(needed):
            pay = {share: -outcome.pay[i] for share, outcome in zip(shares, outcomes, strict=True)}
            own = {} if multiple is None else {multiple: least}
            program.at_most(pay | own, -least if worth else 0)
        found = program.solve()
        if price is None:
            return found
        best = price(worth, found.prices[1:])
        value = best.worth * worth + sum(map(mul, best.pay, found.prices[1:]))
        if value <= found.prices[0]:
            return found
        outcomes.append(best)


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
