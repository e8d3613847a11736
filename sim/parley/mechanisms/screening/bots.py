"""Bots: which trading set each seat chooses, and what is posted of the selection.

A bot knows its own type, the menus, and the choices made before its own. Types depend on the seed, the game
and the seat alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from parley.core.errors import ParleyError
from parley.core.keys import did_you_mean
from parley.kit.bots import BaseBot, Bots, bots_named
from parley.mechanisms.screening.certificate import Basic, Certificate, find_fault
from parley.mechanisms.screening.expectation import laws_of
from parley.mechanisms.screening.preferences import Law
from parley.mechanisms.screening.rays import dot
from parley.mechanisms.screening.solution import market_of, remember

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from parley.mechanisms.screening.market import Market
    from parley.mechanisms.screening.parameters import Column
    from parley.mechanisms.screening.problem import Problem
    from parley.mechanisms.screening.rays import Type

__all__ = ["BOTS", "ERRORS", "POSTERS", "Bot", "Cast", "cast", "law_of", "type_of", "wrong_certificates"]

POSTERS = {
    "honest": "the account that created the market posts the right certificate",
    "late": "nobody posts before the deadline, and the market lapses",
    "crooked": "first tries a wrong certificate for each error, then posts the right one",
    "seat": "a seat posts the right certificate, another one in each game",
}
"""Who posts, and what; the first is the default."""

ERRORS = ("ZeroDenominator", "BasisOutOfOrder", "NotBasic", "ShareOutOfRange", "NotCleared")
"""Errors of the contract about certificates."""

BELIEFS = 8
"""Profiles of the choices to come that a responder looks at."""


def type_of(problem: Problem, seed: int, game: int, seat: int) -> Type:
    """Draw the type of a seat in a game."""
    return problem.preferences[seat].draw(np.random.default_rng((seed, game, seat)))


class Scene(NamedTuple):
    """What a bot sees when it chooses.

    Attributes
    ----------
    laws : sequence of Law
        Choice probabilities of truthful seats.
    kind : tuple of Fraction
        The bot's type.
    seen : mapping of int to int
        Choices made so far, by seat; silent seats stay.
    dice : Random
        The bot's own.
    """

    market: Market
    laws: Sequence[Law]
    kind: Type
    seen: Mapping[int, int]
    dice: Random


class Bot(BaseBot):
    """Chooses what it likes, by the tie rule."""

    kind = "truthful"
    law = True
    """Whether its choices have the probabilities of a truthful seat."""
    last = False
    """Whether it chooses after the others."""

    def choose(self, scene: Scene) -> int:
        """Return the number of a trading set, or 0 to stay."""
        return scene.market.choose(self.seat, scene.kind)


class Random_(Bot):  # noqa: N801 - beside the class of the standard library
    """Chooses any set, each with the same probability."""

    kind = "random"
    law = False

    def choose(self, scene: Scene) -> int:
        """Draw a choice."""
        return scene.dice.randrange(scene.market.menus[self.seat].choices)


class Contrarian(Bot):
    """Chooses what adds most to its workload at full length."""

    kind = "contrarian"
    law = False

    def choose(self, scene: Scene) -> int:
        """Choose the greatest c·κ; to stay is 0, and the remedial set is below."""
        changes = [Fraction(0), *(dot(scene.kind, ray) for ray in scene.market.menus[self.seat].rays)]
        return changes.index(max(changes))


class Responder(Bot):
    """Chooses last, and searches all choices, given those that it sees.

    It chooses otherwise than it likes only if that leaves it less workload, on average over choices to come.
    """

    kind = "responder"
    last = True

    def choose(self, scene: Scene) -> int:
        """Choose what leaves the least workload; if several do, the truthful one of them or the first."""
        truth = super().choose(scene)
        loads = self.workloads(scene)
        return truth if loads[truth] == min(loads) else loads.index(min(loads))

    def workloads(self, scene: Scene) -> list[Fraction]:
        """Return what is added to the workload by each choice, on average over choices to come."""
        market, seen = scene.market, scene.seen
        unseen = [seat for seat in range(market.agents) if seat != self.seat and seat not in seen]
        beliefs = [
            {seat: _drawn(scene.laws[seat], scene.dice) for seat in unseen}
            for _ in range(BELIEFS if unseen else 1)
        ]
        choices = range(market.menus[self.seat].choices)
        profiles = [
            [{**seen, **belief, self.seat: choice}[seat] for seat in range(market.agents)]
            for choice in choices
            for belief in beliefs
        ]
        present = market.present(np.array(profiles))
        added = []
        for row, found in zip(present, market.selector.select(present), strict=True):
            columns = [market.columns[t] for t in np.nonzero(row)[0].tolist()]
            own = (
                share * dot(scene.kind, change)
                for share, (seat, _, change) in zip(found.shares, columns, strict=True)
                if seat == self.seat
            )
            added.append(sum(own, Fraction(0)))
        return [
            sum(added[k * len(beliefs) : (k + 1) * len(beliefs)], Fraction(0)) / len(beliefs) for k in choices
        ]


class Silent(Bot):
    """Does not choose, and so stays at its status quo."""

    kind = "silent"
    law = False
    waits = True

    def choose(self, scene: Scene) -> int:
        """Stay."""
        del scene  # nothing that it sees changes anything
        return 0


BOTS: Mapping[str, type[Bot]] = {bot.kind: bot for bot in (Bot, Random_, Contrarian, Responder, Silent)}


def law_of(bot: str, market: Market, seat: int, truthful: Law) -> Law | None:
    """Return the law of a bot's choices by its name; None if it is not known.

    A responder chooses as a truthful seat: there is nothing to gain.
    """
    choices = market.menus[seat].choices
    if BOTS[bot].law:
        return truthful
    if bot == "random":
        return Law((Fraction(1, choices),) * choices)
    if bot == "silent":
        return Law((Fraction(1), *[Fraction(0)] * (choices - 1)))
    return None


def _drawn(law: Law, dice: Random) -> int:
    """Draw a choice."""
    left = Fraction(dice.random())
    for choice, p in enumerate(law.probabilities):
        left -= p
        if left < 0:
            return choice
    return len(law.probabilities) - 1


# ── everybody ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Cast:
    """The market as played, and who plays it."""

    problem: Problem
    market: Market
    laws: tuple[Law, ...]
    """Choice probabilities of truthful seats."""
    bots: Bots[Bot]
    poster: str = next(iter(POSTERS))

    def __reduce__(self) -> tuple[object, ...]:
        # In another process, statistics ask for the market of the same problem.
        return _recast, (self.problem, self.market, self.laws, self.bots, self.poster)

    @property
    def waits(self) -> bool:
        """Whether a deadline passes."""
        return self.bots.waits or self.poster == "late"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the bots by seat."""
        return tuple(bot.kind for bot in self.bots)

    @property
    def order(self) -> list[Bot]:
        """The bots that choose, in their order."""
        return sorted((bot for bot in self.bots if not bot.waits), key=lambda bot: bot.last)


def _recast(problem: Problem, market: Market, *rest: Any) -> Cast:  # noqa: ANN401 - as of a cast
    remember(problem, market)
    return Cast(problem, market, *rest)


def cast(problem: Problem, names: Sequence[str]) -> Cast:
    """Make the bots, one name for each seat, and the market that they play: its menus may be designed.

    Raises
    ------
    ParleyError
        If a name is unknown, or a market on chain cannot hold the problem.
    """
    bots = bots_named(names, problem.agents, BOTS)
    problem.check_playable()
    market = market_of(problem)
    return Cast(problem, market, laws_of(market), bots)


def poster_named(name: str) -> str:
    """Return who posts.

    Raises
    ------
    ParleyError
        If the name is unknown.
    """
    if name not in POSTERS:
        hint = did_you_mean(name, POSTERS) or f"; known: {', '.join(POSTERS)}"
        raise ParleyError(f"--poster: unknown poster {name!r}{hint}")
    return name


# ── postings ────────────────────────────────────────────────────────────────────────────────────────────────


def wrong_certificates(right: Certificate, columns: Sequence[Column]) -> dict[str, Certificate]:
    """Make a wrong certificate for each error of the contract about certificates.

    Parameters
    ----------
    columns : sequence of Column
        What the choices allow.

    Returns
    -------
    dict of str to Certificate
        By error; where there is no column, only the errors that it can meet.

    Examples
    --------
    >>> from parley.mechanisms.screening.certificate import certify
    >>> from parley.mechanisms.screening.parameters import Column
    >>> columns = [Column(0, (2, -2), -4), Column(1, (-3, 3), 0)]
    >>> list(wrong_certificates(certify(columns), columns)) == list(ERRORS)
    True
    """
    nothing = (0,) * 8
    wrong = [
        Certificate(0, nothing, ()),
        right._replace(basis=(*right.basis, Basic(len(columns), 0, nothing))),
    ]
    if right.basis:  # a tie price a little higher: all shares stay right
        first, *others = right.basis
        task = next(i for i, x in enumerate(columns[first.column].change) if x)
        ties = tuple(price + (i == task) for i, price in enumerate(first.tie_prices))
        wrong.append(right._replace(basis=(first._replace(tie_prices=ties), *others)))
    wrong.append(right._replace(basis=(Basic(0, 0, nothing),)))
    wrong += [alone for k in range(len(columns)) for alone in _alone(columns, k, clearing=True)]
    wrong += [alone for k in range(len(columns[:1])) for alone in _alone(columns, k)]
    found: dict[str, Certificate] = {}
    for certificate in wrong:
        fault = find_fault(certificate, columns)
        if fault is not None:
            found.setdefault(fault[0], certificate)
    return {error: found[error] for error in ERRORS if error in found}


def _alone(columns: Sequence[Column], k: int, *, clearing: bool = False) -> list[Certificate]:
    """Make certificates with one basic column: of any share, or of the one that clears its task."""
    _, change, cost = columns[k]
    task = next(i for i, x in enumerate(change) if x)
    q, sign = abs(change[task]), 1 if change[task] > 0 else -1

    def priced(price: int) -> tuple[int, ...]:
        return tuple(price if i == task else 0 for i in range(8))

    def of(share: int) -> Certificate:
        # It costs nothing at λ, and −1 at ν.
        return Certificate(q, priced(sign * cost), (Basic(k, share, priced(-sign)),))

    if not clearing:
        return [of(share) for share in (q + 1, 0, q)]
    rest = sum(
        share * other.change[task] for share, other in zip(of(0).numerators(columns), columns, strict=True)
    )
    return [of(max(0, -rest // change[task]))]
