"""Wrong certificates, each a right one with something changed, and the reason for which each is refused.

The reasons are written down by hand, not computed: both the contract and `certificate.find_fault` are held
against them. Columns, tasks and places in a basis are numbered from 0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from parley.mechanisms.screening.certificate import Basic, Certificate, certify
from parley.mechanisms.screening.parameters import Column, Parameters, columns
from tests.screening.moves import LARGEST_PRICE, LARGEST_SHARE
from tests.screening.on_chain import CHOICES, EXAMPLE, FIRST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parley.mechanisms.screening.certificate import Fault


class Case(NamedTuple):
    """A market without agents, and what its seats choose."""

    parameters: Parameters
    choices: tuple[int, ...]

    @property
    def columns(self) -> list[Column]:
        """What the choices allow."""
        return columns(self.parameters, self.choices)

    @property
    def right(self) -> Certificate:
        """The one that is accepted."""
        return certify(self.columns)


class Planted(NamedTuple):
    """A wrong certificate and the error that it meets."""

    case: Case
    wrong: Certificate
    fault: Fault


# Columns (10, −12), (15, −12), (−12, 12) that cost −26, 6, −24. Over 60: λ = (384, 450), basic are column 0
# with share 36 and ν = (12, 15), and column 1 with share 24 and ν = (−12, −10). Column 2 costs −648: share 1.
TRADE = Case(EXAMPLE, CHOICES)
# Columns (6, −6) twice and (−6, 6), all of which cost −12. Over 6: λ = (−12, 0), basic is column 0 with share
# 6 and ν = (−1, 0). Column 1 costs 0, then 6 at this ν: share 0. Column 2 costs −144: share 1.
TIE = Case(
    replace(
        EXAMPLE,
        costs=(1, 3, 1, 3, 3, 1),
        status_quo=(6,) * 6,
        menus=(1, 1, 1),
        endpoints=(12, 0, 12, 0, 0, 12),
    ),
    (FIRST,) * 3,
)


def basic(column: int, share: int, *ties: int) -> Basic:
    """A basic column."""
    return Basic(column, share, padded(*ties))


def padded(*prices: int) -> tuple[int, ...]:
    """Prices as a certificate has them."""
    return (*prices, *[0] * (8 - len(prices)))


def _shares(*shares: int) -> Callable[[Certificate], Certificate]:
    """State other shares of the basic columns."""

    def change(right: Certificate) -> Certificate:
        pairs = zip(right.basis, shares, strict=True)
        return right._replace(basis=tuple(one._replace(share=share) for one, share in pairs))

    return change


def _ties(place: int, *prices: int) -> Callable[[Certificate], Certificate]:
    """State other ν at a place in the basis."""

    def change(right: Certificate) -> Certificate:
        basis = list(right.basis)
        basis[place] = basis[place]._replace(tie_prices=padded(*prices))
        return right._replace(basis=tuple(basis))

    return change


def _basis(*basics: Basic) -> Callable[[Certificate], Certificate]:
    return lambda right: right._replace(basis=basics)


def _prices(*prices: int) -> Callable[[Certificate], Certificate]:
    return lambda right: right._replace(prices=padded(*prices))


_ONE, _TWO = basic(0, 36, 12, 15), basic(1, 24, -12, -10)

_PLANTED: dict[str, tuple[Case, Callable[[Certificate], Certificate], Fault]] = {
    "no denominator": (TRADE, lambda c: c._replace(denominator=0), ("ZeroDenominator", ())),
    # ── the basis ───────────────────────────────────────────────────────────────────────────────────
    "basic columns in another order": (TRADE, _basis(_TWO, _ONE), ("BasisOutOfOrder", (1, 0))),
    "a basic column twice": (TRADE, _basis(_ONE, _ONE), ("BasisOutOfOrder", (1, 0))),
    "a basic column that there is not": (
        TRADE,
        _basis(_ONE, _TWO._replace(column=3)),
        ("BasisOutOfOrder", (1, 3)),
    ),
    "the largest column": (
        TIE,
        _basis(basic(2**16 - 1, 0)),
        ("BasisOutOfOrder", (0, 2**16 - 1)),
    ),
    # ── prices ──────────────────────────────────────────────────────────────────────────────────────
    # 60 · −26 − (385 · 10 − 450 · 12)
    "a price a little higher": (TRADE, _prices(385, 450), ("NotBasic", (0, 0, -10))),
    # (12, 10) is worth nothing to column 0, and 60 to column 1.
    "prices that suit the first column only": (TRADE, _prices(396, 460), ("NotBasic", (1, 0, -60))),
    "no prices": (TRADE, _prices(), ("NotBasic", (0, 0, -1560))),
    "the largest prices": (
        TRADE,
        _prices(LARGEST_PRICE, -LARGEST_PRICE - 1),
        ("NotBasic", (0, 0, -1560 - 22 * 2**231 + 10)),
    ),
    "a tie price a little higher": (TRADE, _ties(0, 13, 15), ("NotBasic", (0, 1, -10))),
    "tie prices that suit their own column only": (TRADE, _ties(0, 24, 25), ("NotBasic", (1, 1, -60))),
    "tie prices of the second column at which the first costs something": (
        TRADE,
        _ties(1, -12, -9),
        ("NotBasic", (0, 2, 12)),
    ),
    "no tie prices": (TRADE, _ties(0), ("NotBasic", (0, 1, -60))),
    "tie prices that would prefer less": (TRADE, _ties(0, -12, -15), ("NotBasic", (0, 1, -120))),
    "more basic columns than there are tasks": (
        TRADE,
        _basis(_ONE, _TWO, basic(2, 60, 1, 1)),
        # At (1, 1) column 0 is worth −2.
        ("NotBasic", (0, 3, 2)),
    ),
    # ── shares ──────────────────────────────────────────────────────────────────────────────────────
    "a share above one": (TRADE, _shares(61, 24), ("ShareOutOfRange", (0, 61, 60))),
    "the largest share": (TRADE, _shares(36, LARGEST_SHARE), ("ShareOutOfRange", (1, LARGEST_SHARE, 60))),
    "two shares above one": (TIE, _shares(7), ("ShareOutOfRange", (0, 7, 6))),
    # 10 · 35 + 15 · 24 − 12 · 60
    "a share a little less": (TRADE, _shares(35, 24), ("NotCleared", (0, -10))),
    "a share a little more": (TRADE, _shares(36, 25), ("NotCleared", (0, 15))),
    "shares that clear the first task only": (TRADE, _shares(33, 26), ("NotCleared", (1, 12))),
    "nobody trades": (TRADE, _shares(0, 0), ("NotCleared", (0, -720))),
    "no basis": (TRADE, lambda _: Certificate(1, padded(), ()), ("NotCleared", (0, -2))),
    "the denominator alone": (TRADE, lambda c: c._replace(denominator=61), ("NotBasic", (0, 0, -26))),
    # ── ties ────────────────────────────────────────────────────────────────────────────────────────
    "the second of two equal columns favoured": (TIE, _shares(0), ("NotCleared", (0, -36))),
    "the second of two equal columns basic instead": (TIE, _basis(basic(1, 6, -1)), ("NotCleared", (0, 36))),
    "two equal columns share the trade": (
        TIE,
        _basis(basic(0, 3, -1), basic(1, 3, -1)),
        ("NotBasic", (0, 2, 6)),
    ),
    "all of both of two equal columns": (
        TIE,
        lambda c: c._replace(prices=padded(-11), basis=()),
        ("NotCleared", (0, 36)),
    ),
    # ── which fault counts ──────────────────────────────────────────────────────────────────────────
    "everything wrong": (
        TRADE,
        lambda _: Certificate(0, padded(1), (basic(9, 9, 9), basic(9, 9, 9))),
        ("ZeroDenominator", ()),
    ),
    "the order of the basis before prices and shares": (
        TRADE,
        lambda c: c._replace(prices=padded(), basis=(basic(1, 61), basic(0, 61))),
        ("BasisOutOfOrder", (1, 0)),
    ),
    "prices before shares": (
        TRADE,
        lambda c: _shares(61, 61)(c._replace(prices=padded())),
        ("NotBasic", (0, 0, -1560)),
    ),
    "shares before clearing": (TRADE, _shares(0, 61), ("ShareOutOfRange", (1, 61, 60))),
}


def planted() -> dict[str, Planted]:
    """All wrong certificates by what is wrong with them."""
    return {
        title: Planted(case, change(case.right), fault) for title, (case, change, fault) in _PLANTED.items()
    }


def in_fractions(certificate: Certificate, found: Sequence[Column]) -> list[str]:
    """The shares of a certificate, to be read."""
    return [str(share) for share in certificate.shares(found)]
