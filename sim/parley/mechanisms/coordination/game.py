"""The state of one game of the two-stage mechanism, and the formulas of its transitions.

Part of the reference model: :mod:`parley.mechanisms.coordination.model` says when each formula is used. Here
are the bounds of announcements, recognition fractions, draws, and the silent seats after a deadline.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from parley.core.randomness import Word, keccak, permutation, seed, uniform
from parley.kit.reference import NOTHING
from parley.mechanisms.coordination.parameters import Parameters


class Phase(IntEnum):
    """The phase of a game."""

    NONE = 0
    CREATING = 1
    JOINING = 2
    ANNOUNCING = 3
    REVEALING = 4
    PROPOSING = 5
    RESPONDING = 6
    SETTLED = 7
    BROKEN_DOWN = 8


class Cause(IntEnum):
    """Why a game ended without agreement."""

    NONE = 0
    EXPIRED = 1
    NO_SAVINGS = 2
    NOT_CONTINUED = 3
    LAST_ROUND = 4


Fraction: TypeAlias = tuple[int, int]
"""Numerator and denominator, not reduced; a zero denominator means zero."""


class State(NamedTuple):
    """The contract's view of a game, field for field."""

    phase: Phase
    cause: Cause
    turn: int
    proposer: int
    lapsed: Phase
    round: int
    deadline: int
    digest: Word
    announced_cost: int


@dataclass
class Game:
    """One game. Lists are indexed by seat, except ``carried`` (by task type) and ``order`` (by turn)."""

    id: Word
    parameters: Parameters
    """While creating, with the rows of the stored pages only."""
    deadline: int
    digest: Word
    """The digest that the next action must name."""
    creator: str = ""
    phase: Phase = Phase.JOINING
    cause: Cause = Cause.NONE
    turn: int = 0
    proposer: int = 0
    lapsed: Phase = Phase.NONE
    round: int = 0
    announced_cost: int = 0
    silent: int = 0
    """Bit i: seat i missed a deadline and lost its bond."""
    carried: list[int] = field(default_factory=list)
    """Units that the seats so far have contracted and leave to later ones."""
    commitments: list[Word] = field(default_factory=list)
    secrets: list[Word] = field(default_factory=list)
    loads: list[int] = field(default_factory=list)
    fractions: list[Fraction] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    shares: tuple[int, ...] = ()
    """The proposal of this round, or the last one; the contract stores only a digest."""
    answered: Word = NOTHING
    """The digest before this proposal."""

    @property
    def agents(self) -> int:
        """Number of agents n."""
        return len(self.parameters.agents)

    @property
    def contracted_total(self) -> int:
        """F(D) in wei."""
        return sum(self.parameters.contracted_cost(seat) for seat in range(self.agents))

    def move_to(self, phase: Phase, now: int) -> None:
        """Enter a phase; the window for its first action starts now."""
        self.phase, self.turn = phase, 0
        self.deadline = now + self.parameters.action_window

    def bind_commitments(self) -> None:
        """Add the commitments of the next draw to the digest."""
        self.digest = keccak(self.digest + b"".join(self.commitments))

    def bounds(self, task_type: int) -> tuple[int, int]:
        """Return the bounds of the current seat's announcement of a type.

        It must leave at most the spare capacity of later seats, and can take at most the pool (the rest of
        earlier seats, and its own contracts) and its capacity; the upper bound is the maximal announcement
        x̄.
        """
        p, j, t = self.parameters, self.turn, task_type
        pool = self.carried[t] + p.row(p.contracted, j)[t]
        spare = sum(p.row(p.capacity, k)[t] - p.row(p.contracted, k)[t] for k in range(j + 1, self.agents))
        return max(0, pool - spare), min(pool, p.row(p.capacity, j)[t])

    def draw_proposer(self, secrets: Sequence[Word]) -> int:
        """Draw the proposer: each agent in turn with its stored fraction, the last one without a draw."""
        proposer_seed = seed(b"proposer", self.id, self.round, secrets)
        for j, (numerator, denominator) in enumerate(self.fractions[:-1]):
            if denominator != 0 and uniform(proposer_seed, j, denominator) < numerator:
                return j
        return self.agents - 1

    def draw_order(self, secrets: Sequence[Word]) -> list[int]:
        """Draw the order of the responders: a uniform permutation of all except the proposer."""
        others = [seat for seat in range(self.agents) if seat != self.proposer]
        return permutation(seed(b"order", self.id, self.round, secrets), others)

    def draw_continuation(self, secrets: Sequence[Word]) -> bool:
        """Draw whether bargaining continues (probability δ), from secrets revealed after the rejection."""
        p = self.parameters
        continuation_seed = seed(b"continuation", self.id, self.round, secrets)
        return uniform(continuation_seed, 0, p.continuation_denominator) < p.continuation_numerator

    @property
    def entitled(self) -> list[int]:
        """Seats that have joined and not withdrawn."""
        return [seat for seat, held in enumerate(self.commitments) if held != NOTHING]

    def due(self, seat: int) -> int:
        """Return the deposit, minus a lost bond, plus the side payment of a settled game, in wei."""
        p = self.parameters
        amount = p.deposit(seat) - p.bond * (self.silent >> seat & 1)
        if self.phase is Phase.SETTLED:
            amount += p.cost(seat).of(self.loads[seat]) - self.shares[seat]
        return amount

    def overdue(self) -> list[int]:
        """Return the seats that missed the deadline; none while joining."""
        match self.phase:
            case Phase.ANNOUNCING:
                return [self.turn]
            case Phase.REVEALING:
                return [seat for seat, secret in enumerate(self.secrets) if secret == NOTHING]
            case Phase.PROPOSING:
                return [self.proposer]
            case Phase.RESPONDING:
                return [self.order[self.turn]]
            case _:
                return []
