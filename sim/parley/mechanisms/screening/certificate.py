"""Certificates: a selection in whole numbers, with the prices that prove it to the contract.

A certificate has one denominator q for everything. Some columns are *basic*. Prices λ of the tasks make the
social cost of each basic column zero, (π − λ)·κ = 0, and for each basic column t there are *tie prices* ν_t
with ν_t·κ_s = −[s = t] for all basic columns s. For every other column, consider (π − λ)·κ, then −ν_t·κ for
the basic columns t before it, in order. If the first of these numbers that is not zero is positive, its
share is 0; otherwise its share is 1. The shares of basic columns are stated. Tasks clear: Σ_k y_k κ_k = 0.

Then the shares are the lexicographic optimum: least social cost, then the greatest share of the first column,
then of the second, and so on. Proof: lower the cost of column k by ε^(k+1), with ε > 0. At the prices
λ + Σ_t ε^(t+1) ν_t, basic columns cost nothing. Other columns with share 0 cost at least nothing and those
with share 1 at most nothing, if ε is small. (If all the numbers above are zero, the cost of a column k that
is not basic is −ε^(k+1): hence share 1.) Shares that clear cost the same at any prices. So no shares that
clear cost less than the stated ones, by weak duality, for every small ε. This order leaves no ties, so there
is only one optimum.

`find_fault` makes the contract's checks in the contract's order, with the same errors and arguments. Columns
and tasks are numbered from 0.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from parley.core.randomness import Word, keccak
from parley.kit.reference import encode_array, encode_tuple
from parley.mechanisms.screening.parameters import MAX_TASKS
from parley.mechanisms.screening.selection import Selection, select

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parley.mechanisms.screening.parameters import Column

Fault = tuple[str, tuple[int, ...]]
"""Name and arguments of an error of the contract."""


class Basic(NamedTuple):
    """A basic column.

    Attributes
    ----------
    share : int
        Numerator.
    tie_prices : tuple of int
        ν_t, numerators, by task: always eight, of which those of tasks that there are not do not count.
    """

    column: int
    share: int
    tie_prices: tuple[int, ...]


class Certificate(NamedTuple):
    """A selection and its proof, field for field as in Solidity; numbers are numerators over `denominator`.

    Attributes
    ----------
    denominator : int
        q.
    prices : tuple of int
        λ, numerators, by task: always eight.
    basis : tuple of Basic
        In ascending order of columns.

    Examples
    --------
    Agent 1 takes 2 of task A for 2 of B, which saves 4. Agent 2 would do the reverse, 3 for 3, at no cost:

    >>> from parley.mechanisms.screening.parameters import Column
    >>> columns = [Column(0, (2, -2), -4), Column(1, (-3, 3), 0)]
    >>> right = certify(columns)
    >>> right.denominator, right.basis[0].share, right.basis[0].tie_prices[:2]
    (3, 2, (1, 0))
    >>> find_fault(right, columns) is None
    True
    >>> [str(share) for share in right.shares(columns)]
    ['1', '2/3']
    """

    denominator: int
    prices: tuple[int, ...]
    basis: tuple[Basic, ...]

    def numerators(self, columns: Sequence[Column]) -> tuple[int, ...]:
        """Return the shares of all columns, over the denominator: the event ``Settled`` has them."""
        stated = {basic.column: basic.share for basic in self.basis}
        return tuple(
            stated[k] if k in stated else self.denominator * (_cost(self, k, column) <= 0)
            for k, column in enumerate(columns)
        )

    def shares(self, columns: Sequence[Column]) -> tuple[Fraction, ...]:
        """Return the shares of all columns."""
        return tuple(Fraction(share, self.denominator) for share in self.numerators(columns))


def settled_hash(denominator: int, numerators: Sequence[int]) -> Word:
    """Return keccak256(abi.encode(denominator, shares)), which the digest of a settled market contains."""
    return keccak(encode_tuple([denominator, encode_array(numerators)]))


# ── making certificates ────────────────────────────────────────────────────────────────────────────────────


def certificate_of(selection: Selection) -> Certificate:
    """Write a selection and its proof over their lowest common denominator.

    Parameters
    ----------
    selection : Selection
        From columns in whole units.

    Examples
    --------
    >>> found = select([(Fraction(2), Fraction(-2)), (Fraction(-3), Fraction(3))], [-4, 0])
    >>> certificate_of(found)
    Certificate(denominator=3, prices=(0, 0, 0, 0, 0, 0, 0, 0), basis=(Basic(column=1, share=2, \
tie_prices=(1, 0, 0, 0, 0, 0, 0, 0)),))
    """
    q = selection.denominator()

    def over(numbers: Sequence[Fraction]) -> tuple[int, ...]:
        whole = [int(number * q) for number in numbers]
        return (*whole, *[0] * (MAX_TASKS - len(whole)))

    basics = zip(selection.basis, selection.vectors, strict=True)
    basis = tuple(Basic(t, int(selection.shares[t] * q), over(vector)) for t, vector in basics)
    return Certificate(q, over(selection.prices), basis)


def certify(columns: Sequence[Column]) -> Certificate:
    """Make the certificate to post.

    Parameters
    ----------
    columns : sequence of Column
        What the choices allow.

    Examples
    --------
    >>> from parley.mechanisms.screening.parameters import Column
    >>> columns = [Column(0, (2, -2), -4), Column(1, (-3, 3), 0)]
    >>> find_fault(certify(columns), columns) is None
    True
    """
    changes = [tuple(map(Fraction, column.change)) for column in columns]
    return certificate_of(select(changes, [column.cost for column in columns]))


# ── checking certificates ──────────────────────────────────────────────────────────────────────────────────


def find_fault(certificate: Certificate, columns: Sequence[Column]) -> Fault | None:
    """Make the contract's checks of a certificate, in the contract's order.

    Parameters
    ----------
    columns : sequence of Column
        What the choices allow.

    Returns
    -------
    (name, arguments) or None
        The contract's error; None if the certificate is accepted.

    Examples
    --------
    >>> from parley.mechanisms.screening.parameters import Column
    >>> nothing = Certificate(1, (0,) * 8, ())
    >>> find_fault(nothing, [Column(0, (2, -2), 4)]), find_fault(nothing, [Column(0, (2, -2), -4)])
    (None, ('NotCleared', (0, 2)))
    """
    return next(_faults(certificate, columns), None)


def _faults(certificate: Certificate, columns: Sequence[Column]) -> Iterator[Fault]:
    """Yield the results of the groups of checks; each relies on those before it."""
    if not certificate.denominator:
        yield "ZeroDenominator", ()
    before = -1
    for t, basic in enumerate(certificate.basis):
        if not before < basic.column < len(columns):
            yield "BasisOutOfOrder", (t, basic.column)
        before = basic.column
    for basic in certificate.basis:
        costs = _basic_costs(certificate, basic.column, columns[basic.column])
        yield from (("NotBasic", (basic.column, level, cost)) for level, cost in enumerate(costs) if cost)
    for basic in certificate.basis:
        if basic.share > certificate.denominator:
            yield "ShareOutOfRange", (basic.column, basic.share, certificate.denominator)
    taken = [
        [share * change for change in column.change]
        for share, column in zip(certificate.numerators(columns), columns, strict=True)
    ]
    excess = map(sum, zip(*taken, strict=True))
    yield from (("NotCleared", (task, amount)) for task, amount in enumerate(excess) if amount)


def _worth(prices: Sequence[int], column: Column) -> int:
    return sum(price * x for price, x in zip(prices, column.change, strict=False))


def _social_cost(certificate: Certificate, column: Column) -> int:
    """Return the numerator of (π − λ)·κ."""
    return certificate.denominator * column.cost - _worth(certificate.prices, column)


def _basic_costs(certificate: Certificate, k: int, column: Column) -> list[int]:
    """Return what must be zero for a basic column: (π − λ)·κ, then −[k = t] − ν_t·κ by place in the basis."""
    q, basis = certificate.denominator, certificate.basis
    ties = [-q * (basic.column == k) - _worth(basic.tie_prices, column) for basic in basis]
    return [_social_cost(certificate, column), *ties]


def _cost(certificate: Certificate, k: int, column: Column) -> int:
    """Return what decides on a column that is not basic: the first number that is not zero, or 0."""
    ties = (-_worth(basic.tie_prices, column) for basic in certificate.basis if basic.column < k)
    return _social_cost(certificate, column) or next(filter(None, ties), 0)
