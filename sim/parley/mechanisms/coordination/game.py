"""One game of the two-stage mechanism: what there is to know about it, and the formulas its transitions use.

Part of the reference model. :mod:`parley.mechanisms.coordination.model` says when each of these is used; here
stands what is computed: the bounds of an announcement, the recognition fractions, the draws, and who is to
blame for a missed deadline.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from parley.core.randomness import Word, keccak, permutation, seed, uniform
from parley.kit.reference import NOTHING
from parley.mechanisms.coordination.parameters import Parameters


class Phase(IntEnum):
    """Where a game stands."""

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
"""Numerator and denominator, not reduced; a zero denominator stands for zero."""


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
    """One game. Lists are indexed by seat, but for ``carried`` (by task type) and ``order`` (by turn)."""

    id: Word
    parameters: Parameters
    """While creating, with the rows of those pages only that are stored."""
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
    """Bit i: seat i let a deadline pass and lost its bond."""
    carried: list[int] = field(default_factory=list)
    """Contracted by the seats that have announced and left by them to later ones."""
    commitments: list[Word] = field(default_factory=list)
    secrets: list[Word] = field(default_factory=list)
    loads: list[int] = field(default_factory=list)
    fractions: list[Fraction] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    shares: tuple[int, ...] = ()
    """The proposal of this round, or the last one; the contract keeps a digest only."""
    answered: Word = NOTHING
    """The digest that this proposal answered to."""

    @property
    def agents(self) -> int:
        """Number of agents n."""
        return len(self.parameters.agents)

    @property
    def contracted_total(self) -> int:
        """F(D) in wei."""
        return sum(self.parameters.contracted_cost(seat) for seat in range(self.agents))

    def move_to(self, phase: Phase, now: int) -> None:
        """Enter a phase: nobody has acted in it, and the window for the first action starts now."""
        self.phase, self.turn = phase, 0
        self.deadline = now + self.parameters.action_window

    def bind_commitments(self) -> None:
        """Let the digest say which secrets the next draw is made from."""
        self.digest = keccak(self.digest + b"".join(self.commitments))

    def bounds(self, task_type: int) -> tuple[int, int]:
        """Return the least and the most that the seat whose turn it is may announce of a type.

        It must leave no more than the later seats can take beyond their own contracts, and can take no more
        than there is (what earlier seats left, and its own) nor than its capacity: the most is the maximal
        announcement x̄.
        """
        p, j, t = self.parameters, self.turn, task_type
        pool = self.carried[t] + p.row(p.contracted, j)[t]
        spare = sum(p.row(p.capacity, k)[t] - p.row(p.contracted, k)[t] for k in range(j + 1, self.agents))
        return max(0, pool - spare), min(pool, p.row(p.capacity, j)[t])

    def draw_proposer(self, secrets: Sequence[Word]) -> int:
        """Walk the agents: each is recognized with its frozen fraction, the last without a draw."""
        proposer_seed = seed(b"proposer", self.id, self.round, secrets)
        for j, (numerator, denominator) in enumerate(self.fractions[:-1]):
            if denominator != 0 and uniform(proposer_seed, j, denominator) < numerator:
                return j
        return self.agents - 1

    def draw_order(self, secrets: Sequence[Word]) -> list[int]:
        """Order the responders: a uniform permutation of all but the proposer."""
        others = [seat for seat in range(self.agents) if seat != self.proposer]
        return permutation(seed(b"order", self.id, self.round, secrets), others)

    def draw_continuation(self, secrets: Sequence[Word]) -> bool:
        """Decide with probability δ, from secrets revealed after the rejection, that bargaining goes on."""
        p = self.parameters
        continuation_seed = seed(b"continuation", self.id, self.round, secrets)
        return uniform(continuation_seed, 0, p.continuation_denominator) < p.continuation_numerator

    @property
    def entitled(self) -> list[int]:
        """Seats that have joined and not withdrawn yet."""
        return [seat for seat, held in enumerate(self.commitments) if held != NOTHING]

    def due(self, seat: int) -> int:
        """Return the deposit, but for a lost bond, and the side payment of a settled game, in wei."""
        p = self.parameters
        amount = p.deposit(seat) - p.bond * (self.silent >> seat & 1)
        if self.phase is Phase.SETTLED:
            amount += p.cost(seat).of(self.loads[seat]) - self.shares[seat]
        return amount

    def overdue(self) -> list[int]:
        """Return the seats that let the deadline pass; while joining, nobody is to blame."""
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
