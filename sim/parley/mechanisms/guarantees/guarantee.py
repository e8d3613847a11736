"""Guarantees: which allocations a promise to the providers allows, exactly.

Floors and max-min fairness speak of pay p_i = θ_i·v(A_i), α-fairness of v(A_i) (Section 2.3 of the paper).
Each set is closed under Pareto dominance (Assumption 2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from parley.mechanisms.guarantees.welfare import Welfare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Vector: TypeAlias = tuple[Fraction, ...]
"""A number for each provider."""


@dataclass(frozen=True, slots=True)
class Income:
    """Nobody's pay is below its floor; a floor of 0 promises nothing."""

    floors: Vector


@dataclass(frozen=True, slots=True)
class MaxMin:
    """The least pay is the greatest possible."""


@dataclass(frozen=True, slots=True)
class Alpha:
    """`Welfare` of constant elasticity α is the greatest possible."""

    alpha: Fraction


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of several guarantees is kept: the union."""

    parts: tuple[Guarantee, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Several guarantees are kept: the intersection, each judged over all feasible allocations."""

    parts: tuple[Guarantee, ...]


Guarantee: TypeAlias = Income | MaxMin | Alpha | AnyOf | AllOf


@dataclass(frozen=True, slots=True)
class Records:
    """The best that any feasible allocation reaches: what `MaxMin` and `Alpha` are judged by.

    Attributes
    ----------
    tau : Fraction or None
        τ, the greatest least pay; None if no part of the guarantee asks for it.
    welfare : mapping
        The greatest welfare for each α that a part asks for.
    """

    tau: Fraction | None = None
    welfare: Mapping[Fraction, Welfare] = field(default_factory=dict)


def pays(values: Sequence[Fraction], pay: Sequence[Fraction]) -> Vector:
    """Return p_i = θ_i·v(A_i) of every provider."""
    return tuple(theta * value for theta, value in zip(pay, values, strict=True))


def leaves(guarantee: Guarantee) -> tuple[Income | MaxMin | Alpha, ...]:
    """Return the guarantees that unions and intersections are made of."""
    if isinstance(guarantee, AnyOf | AllOf):
        return tuple(leaf for part in guarantee.parts for leaf in leaves(part))
    return (guarantee,)


def records(guarantee: Guarantee, vectors: Sequence[Vector], pay: Vector) -> Records:
    """Return the records among all feasible allocations.

    Parameters
    ----------
    vectors : sequence of vectors
        v(A_1), …, v(A_n) of every feasible allocation A.
    pay : vector
        θ of every provider.
    """
    parts = leaves(guarantee)
    tau = max(min(pays(vector, pay)) for vector in vectors) if MaxMin() in parts else None
    alphas = {part.alpha for part in parts if isinstance(part, Alpha)}
    return Records(tau, {alpha: max(Welfare(alpha, vector) for vector in vectors) for alpha in alphas})


def keeps(guarantee: Guarantee, values: Vector, pay: Vector, best: Records) -> bool:
    """Return whether an allocation keeps a guarantee.

    Parameters
    ----------
    values : vector
        v(A_i) of every provider.
    pay : vector
        θ of every provider.
    best : Records
        Of the same guarantee.

    Examples
    --------
    >>> one, two = (Fraction(2), Fraction(0)), (Fraction(1), Fraction(1))
    >>> best = records(MaxMin(), [one, two], (Fraction(1),) * 2)
    >>> [keeps(MaxMin(), vector, (Fraction(1),) * 2, best) for vector in (one, two)]
    [False, True]
    """
    match guarantee:
        case Income(floors):
            return all(p >= floor for p, floor in zip(pays(values, pay), floors, strict=True))
        case MaxMin():
            return min(pays(values, pay)) == best.tau
        case Alpha(alpha):
            return Welfare(alpha, values) == best.welfare[alpha]
        case AnyOf(parts):
            return any(keeps(part, values, pay, best) for part in parts)
        case AllOf(parts):
            return all(keeps(part, values, pay, best) for part in parts)


def kept(guarantee: Guarantee, vectors: Sequence[Vector], pay: Vector) -> list[bool]:
    """Return for every feasible allocation whether it keeps a guarantee; `vectors` are all of them."""
    best = records(guarantee, vectors, pay)
    return [keeps(guarantee, vector, pay, best) for vector in vectors]


def resized(guarantee: Guarantee, providers: int) -> Guarantee:
    """Return a guarantee with uniform floors for another number of providers.

    Examples
    --------
    >>> resized(Income((Fraction(1),) * 2), 3)
    Income(floors=(Fraction(1, 1), Fraction(1, 1), Fraction(1, 1)))
    """
    match guarantee:
        case Income(floors):
            return Income(floors[:1] * providers)
        case AnyOf(parts):
            return AnyOf(tuple(resized(part, providers) for part in parts))
        case AllOf(parts):
            return AllOf(tuple(resized(part, providers) for part in parts))
        case _:
            return guarantee


def is_uniform(guarantee: Guarantee) -> bool:
    """Return whether all floors are the same for all providers.

    Examples
    --------
    >>> is_uniform(Income((Fraction(1), Fraction(2)))), is_uniform(MaxMin())
    (False, True)
    """
    return all(len(set(leaf.floors)) <= 1 for leaf in leaves(guarantee) if isinstance(leaf, Income))


@dataclass(frozen=True, slots=True)
class Terms:
    """A guarantee as a dispatch on chain holds it: floors, and whether pay is also max-min fair."""

    floors: Vector
    max_min: bool


def terms(guarantee: Guarantee, providers: int) -> Terms | None:
    """Return a guarantee of floors, max-min fairness or both as its terms on chain; None for others.

    Examples
    --------
    >>> one, two = Income((Fraction(1), Fraction(3))), Income((Fraction(2), Fraction(0)))
    >>> terms(AllOf((one, two, MaxMin())), 2)
    Terms(floors=(Fraction(2, 1), Fraction(3, 1)), max_min=True)
    """
    if not _is_joint(guarantee):
        return None
    parts = leaves(guarantee)
    given = [part.floors for part in parts if isinstance(part, Income)]
    floors = tuple(max(column) for column in zip(*given, strict=True)) if given else ()
    return Terms(floors or (Fraction(0),) * providers, MaxMin() in parts)


def _is_joint(guarantee: Guarantee) -> bool:
    if isinstance(guarantee, AllOf):
        return all(map(_is_joint, guarantee.parts))
    return isinstance(guarantee, Income | MaxMin)
