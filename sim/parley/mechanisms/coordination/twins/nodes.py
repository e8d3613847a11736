"""Positions of twins, with the bots' decisions at each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple, NoReturn

from parley.core.errors import ParleyError
from parley.core.randomness import keccak, word
from parley.kit.play.player import UnexpectedRevertError
from parley.mechanisms.coordination.bots import Bot, Withholder
from parley.mechanisms.coordination.position import Bargaining, Position, Row
from parley.mechanisms.coordination.problem import Problem
from parley.mechanisms.coordination.recognition import fraction

__all__ = [
    "Node",
    "Offer",
    "UsesChanceError",
    "check_announcement",
    "check_offer",
    "decider_of",
    "reveal_order",
]

_INT128 = 1 << 127


class UsesChanceError(Exception):
    """A bot drew a random number, so its decision is not known before the game."""


class _NoDice(Random):
    """Random numbers for bots whose decision must not depend on chance."""

    def random(self) -> float:
        raise UsesChanceError

    def getrandbits(self, k: int, /) -> int:  # noqa: ARG002 - none come of it
        raise UsesChanceError


NO_DICE = _NoDice()


class Offer(NamedTuple):
    """A proposal: cost shares in wei, and its digest; None if the contract would reject it."""

    shares: Row
    digest: bytes | None


@dataclass(eq=False)
class Node:
    """A position, and the bots' decisions there.

    Line-ups share positions. This is correct because a new plan at a position equals an earlier one:
    `cost_effective` finds the same continuation again when agents follow it.
    """

    position: Position
    _moves: dict[int, Row] = field(default_factory=dict)
    _children: dict[Row, "Node"] = field(default_factory=dict)
    _offers: dict[tuple[int, int, bool], Offer] = field(default_factory=dict)
    _answers: dict[tuple[int, int, int, bool], bool] = field(default_factory=dict)
    _digests: dict[Row, bytes] = field(default_factory=dict)

    @property
    def bargaining(self) -> Bargaining:
        """The second stage, after all announcements."""
        return self.position.bargaining

    def move(self, strategy: int, bot: Bot) -> Row:
        """Return a bot's announcement here.

        Raises
        ------
        UsesChanceError
            If it differs between games.
        """
        row = self._moves.get(strategy)
        if row is None:
            row = self._moves[strategy] = bot.announce(self.position, NO_DICE)
        return row

    def after(self, row: Row) -> "Node":
        """Return the node after an announcement.

        Raises
        ------
        UnexpectedRevertError
            If the contract would reject it.
        """
        child = self._children.get(row)
        if child is None:
            here = self.position
            check_announcement(here, row)
            ratio = fraction(here.problem.recognition, here.problem, len(here.rows), here.rows, row)
            child = self._children[row] = Node(here.after(row, ratio))
        return child

    def offer(self, strategy: int, bot: Bot, *, last_round: bool) -> Offer:
        """Return a proposer's proposal here."""
        key = strategy, bot.seat, last_round
        known = self._offers.get(key)
        if known is None:
            shares = bot.propose(self.bargaining, last_round=last_round)
            try:
                known = Offer(shares, self.digest(shares))
            except ParleyError:  # raised if a game comes to it
                known = Offer(shares, None)
            self._offers[key] = known
        return known

    def digest(self, shares: Row) -> bytes:
        """Return the digest of a proposal; errors as in `after`."""
        known = self._digests.get(shares)
        if known is None:
            check_offer(self.position.problem, self.bargaining, shares)
            known = self._digests[shares] = keccak(b"".join(map(word, shares)))
        return known

    def accepts(self, strategy: int, bot: Bot, share: int, *, last_round: bool) -> bool:
        """Whether a responder accepts a cost share here; errors as in `move`."""
        key = strategy, bot.seat, share, last_round
        if key not in self._answers:
            self._answers[key] = bot.accepts(self.bargaining, share, NO_DICE, last_round=last_round)
        return self._answers[key]


def reveal_order(bots: Sequence[Bot]) -> list[int]:
    """Return the seats in the order of reveals."""
    return sorted(range(len(bots)), key=lambda seat: bots[seat].reveals_last)


def decider_of(bots: Sequence[Bot]) -> int:
    """Return the seat that uses its knowledge of the draw before it reveals; -1 if there is none.

    Raises
    ------
    UsesChanceError
        If a bot uses more than the draw.
    """
    if not any(bot.reveals_last for bot in bots):
        return -1
    if any(type(bot).reveals not in (Bot.reveals, Withholder.reveals) for bot in bots):
        raise UsesChanceError
    last = reveal_order(bots)[-1]
    return last if type(bots[last]).reveals is Withholder.reveals else -1


def check_announcement(position: Position, row: Row) -> None:
    """Refuse what the contract refuses, in its words."""
    lower, upper = position.bounds
    if len(row) != len(lower):
        _refuse("announce", "AnnouncementLengthMismatch", len(row), len(lower))
    for t, (x, least, most) in enumerate(zip(row, lower, upper, strict=True)):
        if x > most:
            _refuse("announce", "AnnouncementTooHigh", t, x, most)
        if x < least:
            _refuse("announce", "AnnouncementTooLow", t, x, least)


def check_offer(problem: Problem, bargaining: Bargaining, shares: Row) -> None:
    """Refuse what the contract refuses, in its words."""
    if len(shares) != problem.agents:
        _refuse("propose", "ProposalLengthMismatch", len(shares), problem.agents)
    if not all(-_INT128 <= share < _INT128 for share in shares):
        raise ParleyError("a proposal holds a share that does not fit 128 bits")
    if sum(shares) != bargaining.total_cost:
        _refuse("propose", "ProposalSumMismatch", sum(shares), bargaining.total_cost)
    for i, share in enumerate(shares):
        payment = share - bargaining.announced_costs[i]
        deposit = bargaining.contracted_costs[i] + problem.bond_wei
        if payment > deposit:
            _refuse("propose", "ProposalBeyondDeposit", i, payment, deposit)


def _refuse(function: str, error: str, *arguments: int) -> NoReturn:
    shown = ", ".join(map(str, arguments))
    refusal = UnexpectedRevertError(f"the contract refuses {function}: {error}({shown})")
    refusal.error = error
    raise refusal
