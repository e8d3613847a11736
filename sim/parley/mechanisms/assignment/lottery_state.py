"""The state of one lottery on chain, and the formulas of its transitions.

Part of the reference model: :mod:`parley.mechanisms.assignment.model` says when each formula is used. Here
are the draws, their results, and the silent seats after a deadline.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from parley.core.randomness import Word, pack_order, permutation, seed, uniform
from parley.kit.reference import NOTHING
from parley.mechanisms.assignment.certificate import Certificate
from parley.mechanisms.assignment.lottery import Assignment
from parley.mechanisms.assignment.parameters import Parameters


class Phase(IntEnum):
    """The phase of a lottery."""

    NONE = 0
    COMMITTING = 1
    REVEALING = 2
    POSTING = 3
    OPENING = 4
    DRAWN = 5
    CANCELLED = 6


class State(NamedTuple):
    """The contract's view of a lottery, field for field; of the sets of seats, bit i is seat i's."""

    phase: Phase
    lapsed: Phase
    deadline: int
    committed: int
    revealed: int
    opened: int
    withdrawn: int


@dataclass
class Lottery:
    """One lottery. Lists are indexed by seat."""

    id: Word
    creator: str
    parameters: Parameters
    deadline: int
    digest: Word
    """The digest that the next action must name."""
    phase: Phase = Phase.COMMITTING
    lapsed: Phase = Phase.NONE
    """The phase that it was cancelled in."""
    committed: set[int] = field(default_factory=set)
    revealed: set[int] = field(default_factory=set)
    opened: set[int] = field(default_factory=set)
    withdrawn: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)
    """Seats that had committed, let a deadline pass, and lost their bonds."""
    commitments: list[Word] = field(default_factory=list)
    """Unopened commitments by seat."""
    rankings: list[bytes] = field(default_factory=list)
    secrets: list[Word] = field(default_factory=list)
    """The secrets of the draw; zero for silent seats."""
    certificate: Certificate | None = None
    assignment: tuple[int, ...] = ()
    """By seat: its item plus one, or 0. Empty before the draw."""

    @property
    def agents(self) -> int:
        """Number of seats n."""
        return len(self.parameters.agents)

    @property
    def items(self) -> int:
        """Number of items m."""
        return len(self.parameters.capacities)

    @property
    def entitled(self) -> set[int]:
        """Seats that can still withdraw their bond."""
        return self.committed - self.lost - self.withdrawn

    def due(self, seat: int) -> int:  # noqa: ARG002 - the same for all
        """Return the amount that an entitled seat can withdraw: its bond, in wei."""
        return self.parameters.bond

    def taking_part(self, phase: Phase) -> set[int]:
        """Return the seats that must act in a phase; none while posting."""
        if phase is Phase.COMMITTING:
            return set(range(self.agents))
        return {Phase.REVEALING: self.committed, Phase.OPENING: self.revealed}.get(phase, set())

    def acted(self, phase: Phase) -> set[int]:
        """Return the seats that have acted in a phase."""
        if phase is Phase.COMMITTING:
            return self.committed
        return {Phase.REVEALING: self.revealed, Phase.OPENING: self.opened}.get(phase, set())

    def overdue(self) -> set[int]:
        """Return the seats that missed a deadline; a seat that has not committed is not to blame."""
        if self.phase is Phase.COMMITTING:
            return set()
        return self.taking_part(self.phase) - self.acted(self.phase)

    def draw_order(self) -> list[int]:
        """Order all seats uniformly, silent ones too."""
        return permutation(seed(b"order", self.id, self.digest, self.secrets), range(self.agents))

    def picks(self, order: Sequence[int]) -> tuple[int, ...]:
        """Let the seats pick in this order; seats that have not revealed are skipped.

        Returns
        -------
        tuple of int
            By seat: its item plus one, or 0.
        """
        left = list(self.parameters.capacities)
        assignment = [0] * self.agents
        for seat in order:
            best = next((item for item in self.rankings[seat] if left[item]), None)
            if seat in self.revealed and best is not None:
                left[best] -= 1
                assignment[seat] = best + 1
        return tuple(assignment)

    def draw_number(self, denominator: int) -> int:
        """Draw the number that selects the term of the posted lottery."""
        return uniform(seed(b"term", self.id, self.digest, self.secrets), 0, denominator)

    def granted(self, assignment: Assignment) -> tuple[int, ...]:
        """Return a term's assignment; seats that have not opened lose their items.

        Returns
        -------
        tuple of int
            By seat: its item plus one, or 0.
        """
        return tuple(
            item + 1 if seat in self.opened and item is not None else 0
            for seat, item in enumerate(assignment)
        )

    def packed_assignment(self) -> tuple[int, int]:
        """Return the contract's form of the assignment: one byte per seat, seat 0 lowest."""
        return pack_order(self.assignment)


def opened_lottery(lottery_id: Word, creator: str, parameters: Parameters, now: int) -> Lottery:
    """Return a new lottery."""
    seats = len(parameters.agents)
    return Lottery(
        id=lottery_id,
        creator=creator,
        parameters=parameters,
        deadline=now + parameters.join_window,
        digest=parameters.digest(),
        commitments=[NOTHING] * seats,
        rankings=[b""] * seats,
        secrets=[NOTHING] * seats,
    )
