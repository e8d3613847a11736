"""Markets on a real EVM: the one file that drives the contract.

A :class:`Player` plays market after market on one EVM: seats choose, somebody posts, and what the contract
has settled is compared with theory's own selection.
"""

from __future__ import annotations

from dataclasses import astuple, replace
from fractions import Fraction
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parley.chain.codec import compiled_codec
from parley.core.randomness import keccak, word
from parley.kit.play import player as kit
from parley.mechanisms.screening.bots import POSTERS, Scene, poster_named, type_of, wrong_certificates
from parley.mechanisms.screening.certificate import Certificate, certify
from parley.mechanisms.screening.contracts import MECHANISM
from parley.mechanisms.screening.parameters import Column, columns, parameters_of
from parley.mechanisms.screening.rays import dot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parley.chain.codec import Event
    from parley.chain.evm import Evm
    from parley.kit.options import Given
    from parley.mechanisms.screening.bots import Cast
    from parley.mechanisms.screening.problem import Problem

__all__ = ["SCALE", "Outcome", "Player", "player", "with_options"]

SCALE = 2**64
"""Costs and workloads are counted in whole numbers of 1/SCALE, rounded toward minus infinity."""
KEPT = 10_000
"""Profiles of choices whose selections are kept."""


class Outcome(NamedTuple):
    """How one market went.

    Attributes
    ----------
    ending : str
        ``settled`` or ``lapsed``.
    bots : tuple of str
        By seat.
    choices : tuple of int
        By seat: 0 to stay, else a trading set.
    change : int
        Change of social cost, in 1/SCALE.
    saved : tuple of int
        By seat: workload saved against the status quo, in 1/SCALE.
    worse_off : tuple of bool
        By seat: whether it has more workload than at its status quo.
    above_status_quo : bool
        Whether social cost is above that of the status quo.
    mismatch : bool
        Whether what the contract has settled differs from theory's selection.
    untrue : int
        Responders that chose otherwise than they like, because they would gain.
    refused : tuple of str
        Errors by which wrong certificates were refused.
    expired : bool
        Whether the deadline of choosing passed.
    """

    game: int
    ending: str
    bots: tuple[str, ...]
    choices: tuple[int, ...]
    change: int
    saved: tuple[int, ...]
    worse_off: tuple[bool, ...]
    above_status_quo: bool
    mismatch: bool
    untrue: int
    refused: tuple[str, ...]
    expired: bool

    @property
    def path(self) -> str:
        """How the market went: its ending, and what happened before it."""
        return ", ".join(
            (
                self.ending,
                *(("choosing expired",) if self.expired else ()),
                *(("all stay",) if not any(self.choices) else ()),
                *(("postings refused",) if self.refused else ()),
            )
        )


class Player(kit.Player[Outcome]):
    """Plays markets of one problem with one set of bots on one EVM.

    Parameters
    ----------
    cast : Cast
        The market and who plays it.
    seed : int
        With a game's number, determines types and random choices.
    """

    def __init__(self, evm: Evm, contract: str, cast: Cast, seed: int) -> None:
        super().__init__(evm, contract, cast.problem.agents, seed, compiled_codec(MECHANISM))
        self.cast = cast
        self.parameters = parameters_of(cast.problem, cast.market, self.seats)
        self._digest = self.parameters.digest()
        self._create = self.codec.functions["create"].given("parameters")(astuple(self.parameters))
        self._certificate = lru_cache(KEPT)(self._certified)
        self._shares = lru_cache(KEPT)(self._selected)

    def play(self, k: int) -> Outcome:
        """Play market k to its end."""
        self.begin()
        *_, salt = self.secrets(k, 1)
        market = self.id_of(salt)
        self.send(self.creator, self._create(salt))
        types = [type_of(self.cast.problem, self.seed, k, seat) for seat in range(len(self.seats))]
        events, choices, untrue = self._choose(market, k, types)
        expired = any(bot.waits for bot in self.cast.bots)
        if expired:
            events += self.expire(market, self.cast.problem.window)
        refused: tuple[str, ...] = ()
        if any(choices):
            posted, refused = self._post(market, choices, k)
            events += posted
        told = {event.name: event for event in events}
        shares = self._told(told["Settled"]) if "Settled" in told else None
        return self._outcome(k, choices, types, shares, untrue, refused, expired=expired)

    def _choose(
        self, market: bytes, k: int, types: Sequence[tuple[Fraction, ...]]
    ) -> tuple[list[Event], tuple[int, ...], int]:
        """Let the seats choose, those that respond last."""
        cast, untrue = self.cast, 0
        events: list[Event] = []
        seen = {bot.seat: 0 for bot in cast.bots if bot.waits}
        for bot in cast.order:
            seat = bot.seat
            dice = Random(f"{self.seed}:{k}:{seat}")
            choice = bot.choose(Scene(cast.market, cast.laws, types[seat], seen, dice))
            untrue += bot.last and choice != cast.market.choose(seat, types[seat])
            events += self.act(self.seats[seat], "choose", market, seat, self._digest, choice)
            seen[seat] = choice
        return events, tuple(seen[seat] for seat in range(len(self.seats))), untrue

    def _post(self, market: bytes, choices: tuple[int, ...], k: int) -> tuple[list[Event], tuple[str, ...]]:
        """Post as the poster does; return events, and the errors of refused certificates."""
        if self.cast.poster == "late":
            return self.expire(market, self.cast.problem.window), ()
        packed = sum(choice << 4 * seat for seat, choice in enumerate(choices))
        digest = keccak(self._digest + word(packed))
        right, wrong = self._certificate(choices)
        sender = self.seats[k % len(self.seats)] if self.cast.poster == "seat" else self.creator
        refused: tuple[str, ...] = ()
        if self.cast.poster == "crooked":
            for error, certificate in wrong.items():
                data = self.codec.functions["post"].encode(market, digest, certificate)
                self.must_refuse(sender, data, error, f"the contract accepts a wrong certificate: {error}")
            refused = tuple(wrong)
        return self.act(sender, "post", market, digest, right), refused

    def _columns(self, choices: tuple[int, ...]) -> list[Column]:
        return columns(self.parameters, choices)

    def _certified(self, choices: tuple[int, ...]) -> tuple[Certificate, Mapping[str, Certificate]]:
        found = self._columns(choices)
        right = certify(found)
        return right, wrong_certificates(right, found) if self.cast.poster == "crooked" else {}

    def _selected(self, choices: tuple[int, ...]) -> tuple[Fraction, ...]:
        """Return theory's own shares."""
        market = self.cast.market
        return next(market.selector.select(market.present(np.array([choices])))).shares

    @staticmethod
    def _told(settled: Event) -> tuple[Fraction, ...]:
        return tuple(Fraction(share, settled.denominator) for share in settled.shares)

    def _outcome(
        self,
        k: int,
        choices: tuple[int, ...],
        types: Sequence[tuple[Fraction, ...]],
        shares: tuple[Fraction, ...] | None,
        untrue: int,
        refused: tuple[str, ...],
        *,
        expired: bool,
    ) -> Outcome:
        """Compute what the settled shares mean to society and to each seat."""
        market = self.cast.market
        cost, saved = Fraction(0), [Fraction(0)] * market.agents
        chosen = [one for one in market.columns if one[1] == choices[one[0]]]
        for share, (seat, _, change) in zip(shares or (), chosen, strict=shares is not None):
            cost += share * dot(market.social_costs[seat], change)
            saved[seat] -= share * dot(types[seat], change)
        return Outcome(
            k,
            "lapsed" if shares is None else "settled",
            self.cast.names,
            choices,
            int(cost * SCALE // 1),
            tuple(int(amount * SCALE // 1) for amount in saved),
            tuple(amount < 0 for amount in saved),
            cost > 0,
            shares is not None and shares != self._shares(choices),
            untrue,
            refused,
            expired,
        )


def player(evm: Evm, addresses: Mapping[str, str], problem: Problem, cast: Cast, seed: int) -> Player:
    """Return what plays on a machine where the contract is deployed."""
    del problem  # the cast has it
    return Player(evm, addresses[MECHANISM], cast, seed)


def with_options(cast: Cast, given: Given) -> Cast:
    """Return the cast with the poster that was asked for."""
    return replace(cast, poster=poster_named(given.text("poster") or next(iter(POSTERS))))
