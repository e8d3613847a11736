"""The loss of value under a guarantee, and the bound on it (Section 3 of the paper)."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def loss(greatest: Fraction, restricted: Fraction) -> Fraction:
    """Return L, the share of the greatest value that is lost under a guarantee, as in equation (1).

    It is 0 if there is no value.

    Examples
    --------
    >>> loss(Fraction(29, 10), Fraction(2))
    Fraction(9, 29)
    """
    return (greatest - restricted) / greatest if greatest else Fraction(0)


def heterogeneity(factors: Sequence[Fraction]) -> Fraction:
    """Return δ, the share by which the lowest factor is below the highest.

    Examples
    --------
    >>> heterogeneity([Fraction(1), Fraction(3, 4)])
    Fraction(1, 4)
    """
    return (max(factors) - min(factors)) / max(factors)


def bound(providers: int, delta: Fraction) -> Fraction:
    """Return B(n, δ), the most that any guarantee can cost under Assumptions 1 and 2 (Theorem 1).

    The paper's formula gives δ for one provider, who never loses anything; here it is 0.

    Examples
    --------
    >>> bound(2, Fraction(0)), bound(2, Fraction(3, 4)), bound(1, Fraction(3, 4))
    (Fraction(1, 3), Fraction(3, 4), Fraction(0, 1))
    """
    if providers == 1:
        return Fraction(0)
    return max(delta, symmetric_bound(providers, delta))


def symmetric_bound(providers: int, delta: Fraction) -> Fraction:
    """Return (n−1)/(n + (1−δ)(n−1)), which fairness alone can cost.

    Examples
    --------
    >>> symmetric_bound(3, Fraction(1, 4))
    Fraction(4, 9)
    """
    others = providers - 1
    return others / (providers + (1 - delta) * others)


def asymmetric_bound(providers: int, delta: Fraction) -> Fraction:
    """Return 1/(2−δ), the most that a guarantee can cost if providers differ in what they can do.

    The paper has no bound without Assumption 1 (ii). Proof. For i = j, Lemma 1 does not need it: a
    provider that has B_i in the best allocation B under the guarantee could have (B_i ∩ A_i) ∪ (A_i ∖ ∪B)
    instead. So with the variables of linear program (14), x_i ≤ y_i + Σ_{k≠i} w_ki. The loss rises in x;
    where all of these hold with equality, it is Σ γ_k w_ki / (Σ γ_i y_i + Σ (γ_i + γ_k) w_ki + Σ γ_i w_ii)
    with sums over k ≠ i, and each γ_k/(γ_i + γ_k) is at most 1/(2−δ).

    Two providers come arbitrarily close: the job that the better one does, of value 1, is promised to the
    other, who then leaves undone a job of value 1 − ε that only it could do. One provider loses nothing.

    Examples
    --------
    >>> asymmetric_bound(2, Fraction(0)), asymmetric_bound(9, Fraction(1, 2))
    (Fraction(1, 2), Fraction(2, 3))
    """
    return Fraction(0) if providers == 1 else 1 / (2 - delta)


def crossing(providers: int) -> float:
    """Return δ*(n), up to which fairness costs most, and from which heterogeneity does; n is at least 2.

    With q = 1 − δ, fairness costs at least as much if and only if q + (n−1)q² ≥ 1.

    Examples
    --------
    >>> crossing(3)
    0.5
    """
    return 1 - (sqrt(4 * providers - 3) - 1) / (2 * (providers - 1))
