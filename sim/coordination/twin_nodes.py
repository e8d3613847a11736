"""Positions as the twins work them out: what bots would announce, propose and accept there, in any game."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple, NoReturn

from sim.coordination.bots import Bot, Withholder, plan
from sim.coordination.play import UnexpectedRevertError
from sim.coordination.position import Bargaining, Position, Ratio, Row
from sim.coordination.problem import Problem
from sim.coordination.recognition import fraction
from sim.errors import ParleyError
from sim.randomness import keccak, word

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
    """A bot has drawn a random number: it cannot be worked out before the game."""


class _NoDice(Random):
    """Handed to bots that are asked what they would do in any game."""

    def random(self) -> float:
        raise UsesChanceError

    def getrandbits(self, k: int, /) -> int:  # noqa: ARG002 - none come of it
        raise UsesChanceError


NO_DICE = _NoDice()


class Offer(NamedTuple):
    """A proposal: cost shares in wei, and its digest, None if the contract would refuse it."""

    shares: Row
    digest: bytes | None


@dataclass(eq=False)
class Node:
    """A position, as it looks in games of one kind.

    What equilibrium plans at a position depends on what was planned at the one before: where several
    allocations are cost-effective it keeps to the one it has. The same announcements can therefore be two
    nodes, with a plan behind them and without.

    Attributes
    ----------
    planned : Position
        Where bots plan.
    bare : Position
        The same, for bots that do not.
    """

    planned: Position
    bare: Position
    _moves: dict[int, tuple[Row, bool]] = field(default_factory=dict)
    _children: dict[tuple[Row, bool], "Node"] = field(default_factory=dict)
    _offers: dict[tuple[int, int, bool], Offer] = field(default_factory=dict)
    _answers: dict[tuple[int, int, int, bool], bool] = field(default_factory=dict)

    @classmethod
    def at(
        cls, problem: Problem, rows: tuple[Row, ...], fractions: tuple[Ratio, ...], parent: Position | None
    ) -> "Node":
        """A node whose parent, if one is given, has a plan."""
        planned, bare = (Position(problem, rows, fractions, parent=parent) for _ in range(2))
        return cls(planned, bare)

    @property
    def position(self) -> Position:
        """What is common knowledge here."""
        return self.planned

    @property
    def bargaining(self) -> Bargaining:
        """The second stage, once all have announced."""
        return self.planned.bargaining

    def move(self, strategy: int, bot: Bot) -> tuple[Row, bool]:
        """What a bot announces here, and whether it made a plan for it.

        Raises
        ------
        UsesChanceError
            If that differs from game to game.
        """
        known = self._moves.get(strategy)
        if known is None:
            if type(bot).announce is Bot.announce:
                known = bot.announce(self.planned, NO_DICE), True
            else:
                row, bare = bot.announce(self.bare, NO_DICE), self.bare
                known = row, "plan" in bare.memory
                if known[1]:
                    self.planned = bare
                    self.bare = Position(bare.problem, bare.rows, bare.fractions, parent=bare.parent)
            check_announcement(self.planned, known[0])
            self._moves[strategy] = known
        return known

    def after(self, row: Row, *, planned: bool) -> "Node":
        """The node after an announcement."""
        child = self._children.get((row, planned))
        if child is None:
            here = self.planned
            if planned:
                plan(here)
            problem, rows = here.problem, (*here.rows, row)
            ratio = fraction(problem.recognition, problem, len(here.rows), here.rows, row)
            child = self.at(problem, rows, (*here.fractions, ratio), here if planned else None)
            self._children[row, planned] = child
        return child

    def offer(self, strategy: int, bot: Bot, *, last_round: bool) -> Offer:
        """What a proposer proposes here."""
        key = strategy, bot.seat, last_round
        known = self._offers.get(key)
        if known is None:
            shares = bot.propose(self.bargaining, last_round=last_round)
            try:
                check_offer(self.planned.problem, self.bargaining, shares)
            except ParleyError:  # raised if a game comes to it
                known = Offer(shares, None)
            else:
                known = Offer(shares, keccak(b"".join(map(word, shares))))
            self._offers[key] = known
        return known

    def accepts(self, strategy: int, bot: Bot, share: int, *, last_round: bool) -> bool:
        """Whether a responder agrees to a cost share here; raises as `move`."""
        key = strategy, bot.seat, share, last_round
        if key not in self._answers:
            self._answers[key] = bot.accepts(self.bargaining, share, NO_DICE, last_round=last_round)
        return self._answers[key]


def reveal_order(bots: Sequence[Bot]) -> list[int]:
    """Who reveals after whom."""
    return sorted(range(len(bots)), key=lambda seat: bots[seat].reveals_last)


def decider_of(bots: Sequence[Bot]) -> int:
    """The seat that knows the draw before it reveals, and looks; -1 if there is none.

    Raises
    ------
    UsesChanceError
        If a bot looks at more than the draw.
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
