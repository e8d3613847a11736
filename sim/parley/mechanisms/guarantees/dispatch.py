"""The state of one dispatch on chain, and the formulas of its transitions.

Part of the reference model: :mod:`parley.mechanisms.guarantees.model` says when each formula is used. Here
are the draw, and who is owed what.

Payees are numbered: seats first, then the dispatcher, then the challenges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from parley.core.randomness import Word, keccak, pack_order, permutation, seed, word
from parley.kit.reference import NOTHING, bits
from parley.mechanisms.guarantees.packed import Job, unpack_jobs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.guarantees.parameters import Parameters


class Phase(IntEnum):
    """The phase of a dispatch."""

    NONE = 0
    ENROLLING = 1
    REGISTERING = 2
    POSTING = 3
    CHALLENGING = 4
    DISCLOSING = 5
    REPAIRING = 6
    OPENING = 7
    ATTESTING = 8
    SETTLED = 9
    CONCEDED = 10
    LAPSED = 11


class State(NamedTuple):
    """The contract's view of a dispatch, field for field; of the sets of seats, bit i is seat i's."""

    phase: Phase
    lapsed: Phase
    deadline: int
    enrolled: int
    opened: int
    challenges: int
    disclosed: int
    winner: int
    least: int
    fairest: int
    jobs: Word
    allocation: Word
    schedules: tuple[int, int]


class Challenge(NamedTuple):
    """Somebody's claim to know a fairer allocation."""

    challenger: str
    commitment: Word
    """Zero once it is disclosed."""


class Winner(NamedTuple):
    """The fairest challenge disclosed, of equal ones the earliest."""

    challenge: int
    least: int
    allocation: Word
    """Its hash."""
    ranking: tuple[int, ...]
    """Seats by the values of their jobs."""


@dataclass
class Dispatch:
    """One dispatch. Lists are indexed by seat."""

    id: Word
    creator: str
    """The dispatcher."""
    parameters: Parameters
    deadline: int
    digest: Word
    """The digest that the next action must name."""
    phase: Phase = Phase.ENROLLING
    lapsed: Phase = Phase.NONE
    """The phase that it lapsed in."""
    enrolled: set[int] = field(default_factory=set)
    opened: set[int] = field(default_factory=set)
    commitments: list[Word] = field(default_factory=list)
    """Unopened commitments by seat."""
    secrets: list[Word] = field(default_factory=list)
    """The secrets of the draw; zero for silent seats."""
    jobs: bytes = b""
    registered: Word = NOTHING
    """Hash of the jobs."""
    allocation: Word = NOTHING
    """Hash of the allocation that stands."""
    least: int = 0
    """The least pay of the posted allocation, under max-min fairness."""
    ranking: tuple[int, ...] = ()
    """Seats by the values of their jobs in the allocation that stands."""
    challenges: list[Challenge] = field(default_factory=list)
    chain: Word = NOTHING
    """Hash of all challenges."""
    disclosed: set[int] = field(default_factory=set)
    winner: Winner | None = None
    schedules: tuple[int, ...] = ()
    """By seat, after the draw: the seat to which the allocation gives its jobs; -1 if it is not enrolled."""
    pays: tuple[int, ...] = ()
    """What seats are paid once the dispatch has settled, in wei."""
    dues: dict[int, int] = field(default_factory=dict)
    """What payees have paid, and in the end what they are owed, in wei."""

    @property
    def agents(self) -> int:
        """Number of seats n, and the dispatcher's number as a payee."""
        return len(self.parameters.agents)

    @property
    def payees(self) -> int:
        """Number of payees."""
        return self.agents + 1 + len(self.challenges)

    @property
    def entitled(self) -> set[int]:
        """Payees that are owed something."""
        return {payee for payee, amount in self.dues.items() if amount}

    def due(self, payee: int) -> int:
        """Return the amount that an entitled payee can withdraw, in wei."""
        return self.dues[payee]

    def payee(self, number: int) -> str:
        """Return a payee's address."""
        n = self.agents
        if number > n:
            return self.challenges[number - n - 1].challenger
        return self.creator if number == n else self.parameters.agents[number]

    def bond(self, payee: int) -> int:
        """Return the bond of a payee, in wei."""
        p = self.parameters
        if payee > self.agents:
            return p.challenge_bond
        return p.bond if payee == self.agents else p.seat_bond

    def overdue(self) -> set[int]:
        """Return the payees that missed a deadline and lose their bonds."""
        if self.phase is Phase.POSTING:
            return {self.agents}
        if self.phase is Phase.DISCLOSING:
            return {self.agents + 1 + k for k in range(len(self.challenges)) if k not in self.disclosed}
        return self.enrolled - self.opened if self.phase is Phase.OPENING else set()

    def job_list(self) -> list[Job]:
        """Return the registered jobs."""
        return unpack_jobs(self.jobs)

    def take_floors(self) -> None:
        """Give each enrolled seat its floor, out of what the dispatcher has paid."""
        for seat in self.enrolled:
            floor = self.parameters.floors[seat]
            self.dues[seat] += floor
            self.dues[self.agents] -= floor

    def take_pays(self, pays: Sequence[int]) -> int:
        """Give each seat its pay, out of what the dispatcher has paid; return what is left of that."""
        self.pays = tuple(pays)
        for seat, pay in enumerate(pays):
            if pay:
                self.dues[seat] += pay
        self.dues[self.agents] -= sum(pays)
        return self.dues[self.agents]

    def draw(self) -> tuple[int, ...]:
        """Draw who gets which schedule.

        The silent get those of least pay in seat order. Those who opened get the others in the order of their
        pay, permuted.
        """
        silent, opened = sorted(self.enrolled - self.opened), sorted(self.opened)
        order = permutation(seed(b"schedule", self.id, self.digest, self.secrets), range(len(opened)))
        ranks = dict(zip(silent, range(len(silent)), strict=True))
        ranks |= {seat: len(silent) + place for seat, place in zip(opened, order, strict=True)}
        return tuple(self.ranking[ranks[seat]] if seat in ranks else -1 for seat in range(self.agents))

    def packed_schedules(self) -> tuple[int, int]:
        """Return the contract's form of the schedules.

        Examples
        --------
        >>> from parley.mechanisms.guarantees.parameters import NO_PARAMETERS
        >>> dispatch = Dispatch(NOTHING, "", NO_PARAMETERS, 0, NOTHING, schedules=(1, -1, 0))
        >>> hex(dispatch.packed_schedules()[0])
        '0x10002'
        """
        return pack_order([schedule + 1 for schedule in self.schedules])

    def doing(self) -> Sequence[int]:
        """Return by seat the seat to which the allocation gives its jobs."""
        return self.schedules or range(self.agents)

    def enrolled_digest(self) -> Word:
        """Return the digest once enrolling has ended: who takes part, and what fixes the draw."""
        if self.parameters.permutation:
            return keccak(self.digest + b"".join(self.commitments))
        return keccak(self.digest + word(bits(self.enrolled)))

    def state(self) -> State:
        """Return the contract's view."""
        winner = self.winner
        return State(
            phase=self.phase,
            lapsed=self.lapsed,
            deadline=self.deadline,
            enrolled=bits(self.enrolled),
            opened=bits(self.opened),
            challenges=len(self.challenges),
            disclosed=len(self.disclosed),
            winner=winner.challenge + 1 if winner else 0,
            least=self.least,
            fairest=winner.least if winner else 0,
            jobs=self.registered,
            allocation=self.allocation,
            schedules=self.packed_schedules(),
        )
