"""Bots: whether members accept, work and reveal, and which wages principals offer.

They know the problem and what the chain shows.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from parley.core.errors import ParleyError
from parley.core.exact import parse
from parley.core.limits import MAX_WEI
from parley.kit.bots import BaseBot, phase_named
from parley.mechanisms.team.success.base import Losses
from parley.mechanisms.team.whole import least_wages

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random
    from typing import Self

__all__ = ["BOTS", "PRINCIPALS", "REFEREES", "SILENCES", "Bot", "Terms", "offered"]

SILENCES = ("forming", "committing", "revealing")
"""Phases in which a member can be silent: of the project the first one, of the draw the others."""


class Terms(NamedTuple):
    """What a contract says of a team, in whole wei. Members are in order of their wages.

    Attributes
    ----------
    wages, costs : tuple of int
    denominator : int
        D.
    whole : int
        F(S).
    adds : tuple of int
        What each member adds to the others: m_j.
    reward : int
    """

    wages: tuple[int, ...]
    costs: tuple[int, ...]
    denominator: int
    whole: int
    adds: tuple[int, ...]
    reward: int


# ── members ─────────────────────────────────────────────────────────────────────────────────────────────────


class Bot(BaseBot):
    """Works if its wage is at least its cut-off wage: then working is best, whatever the others do."""

    kind = "rational"
    factor = Fraction(1)
    """Its true cost, as a multiple of the stated one."""
    silent = ""
    """The phase of `SILENCES` in which it does nothing."""

    def true_cost(self, cost: int) -> int:
        """Return what effort costs it, in wei: rounded up."""
        return -(-cost * self.factor.numerator // self.factor.denominator)

    def works(self, terms: Terms, seat: int, dice: Random) -> bool:
        """Return whether it works."""
        del dice  # it decides by what it gains
        cost = self.true_cost(terms.costs[seat])
        return terms.wages[seat] * terms.adds[seat] >= cost * terms.denominator


class Shirker(Bot):
    """Never works."""

    kind = "shirker"

    def works(self, terms: Terms, seat: int, dice: Random) -> bool:
        """Return False."""
        del terms, seat, dice
        return False


class Tossing(Bot):
    """Works or not, by a fair coin."""

    kind = "random"

    def works(self, terms: Terms, seat: int, dice: Random) -> bool:
        """Toss."""
        del terms, seat
        return dice.random() < 1 / 2


class Dearer(Bot):
    """A rational one to whom effort costs more than is stated: at the cut-off wage it does not work."""

    kind = "dearer"
    factor = Fraction(11, 10)

    def __init__(self, seat: int, factor: Fraction = factor) -> None:
        super().__init__(seat)
        self.factor = factor

    @classmethod
    def from_argument(cls, seat: int, argument: str | None) -> Self:
        """Read the factor; 11/10 without one."""
        if argument is None:
            return cls(seat)
        factor = parse(argument)
        if factor <= 0:
            raise ValueError(f"{argument} is not above 0")
        return cls(seat, factor)


class Silent(Bot):
    """A rational one until it falls silent."""

    kind = "silent"
    waits = True

    def __init__(self, seat: int, phase: str) -> None:
        super().__init__(seat)
        self.silent = phase

    @classmethod
    def from_argument(cls, seat: int, argument: str | None) -> Self:
        """Read the phase."""
        return cls(seat, phase_named(SILENCES, argument or ""))


BOTS = {bot.kind: bot for bot in (Bot, Shirker, Tossing, Dearer, Silent)}
"""By name; the first is the default."""

REFEREES = ("prompt", "silent")
"""What the referee does: it draws, or not; the first is the default."""


# ── principals ──────────────────────────────────────────────────────────────────────────────────────────────


def _underpaying(terms: Terms) -> tuple[int, ...]:
    """Return the wages with the lowest one a wei below the least fair one."""
    least = _least(terms)
    seat = min(range(len(least)), key=lambda k: (terms.wages[k], k))
    return _with(terms.wages, seat, least[seat] - 1)


def _favouring(terms: Terms) -> tuple[int, ...]:
    """Return the wages with one so high that the others envy it, in spite of what it adds."""
    if len(terms.wages) == 1:
        raise ParleyError("--principal favouring: a team of one has nobody to be envied")
    found = []
    for seat, added in enumerate(terms.adds):
        lowest = min(wage for k, wage in enumerate(terms.wages) if k != seat)
        enough = lowest * terms.whole // (terms.whole - added) + 1
        found.append((max(enough, terms.wages[seat]), seat))
    wage, seat = min(found)
    if wage > MAX_WEI:
        raise ParleyError("--principal favouring: a wage that is envied is more than a contract can hold")
    return _with(terms.wages, seat, wage)


def _overpromising(terms: Terms) -> tuple[int, ...]:
    """Return equal wages that are fair, and in sum more than the reward."""
    seats = len(terms.wages)
    wage = max(*terms.wages, 0, terms.reward // seats + 1)
    return (wage,) * seats


def _least(terms: Terms) -> tuple[int, ...]:
    """Return the least fair wages."""
    if not all(terms.adds):
        raise ParleyError("--principal underpaying: no wage is enough for a member that adds nothing")
    losses = Losses(terms.whole, terms.adds)
    return least_wages(terms.costs, losses, terms.denominator)


def _with(wages: tuple[int, ...], seat: int, wage: int) -> tuple[int, ...]:
    return (*wages[:seat], wage, *wages[seat + 1 :])


PRINCIPALS: dict[str, Callable[[Terms], tuple[int, ...]]] = {
    "honest": lambda terms: terms.wages,
    "underpaying": _underpaying,
    "favouring": _favouring,
    "overpromising": _overpromising,
    "retracting": lambda terms: terms.wages,
}
"""By name: the wages that a principal offers, in the order of seats; the first is the default."""


def offered(name: str, terms: Terms) -> tuple[int, ...]:
    """Return the wages that a principal offers.

    Raises
    ------
    ParleyError
        If it cannot do with this team what its name says.

    Examples
    --------
    >>> terms = Terms((120, 200), (60, 80), 5, 5, (3, 2), 1000)
    >>> [offered(name, terms) for name in ("honest", "underpaying", "favouring", "overpromising")]
    [(120, 200), (119, 200), (120, 201), (501, 501)]
    """
    return PRINCIPALS[name](terms)
