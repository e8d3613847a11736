"""The reference model of the referee that draws whether projects succeed: see `model`.

A draw is committing → revealing → drawing → drawn, or it lapses because its guarantor is silent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from parley.core.limits import MAX_SEATS
from parley.core.randomness import Word, commitment, keccak, seed, uniform, word
from parley.kit.reference import NOTHING, ReferenceModel, bits, require
from parley.mechanisms.team.parameters import NO_PARAMETERS, NOBODY, Kind, Parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = ["Draw", "DrawModel", "Phase", "State", "sealed"]


class Phase(IntEnum):
    """Phases of a draw, in the contract's numbering."""

    NONE = 0
    COMMITTING = 1
    REVEALING = 2
    DRAWING = 3
    DRAWN = 4
    LAPSED = 5


class State(NamedTuple):
    """What the view `state` answers; sets are bits."""

    phase: Phase
    deadline: int
    committed: int
    revealed: int
    workers: int
    guarantor: str
    success: bool


def sealed(works: bool, secret: Word) -> Word:  # noqa: FBT001 - what is sealed, in the contract's order
    """Return what a member's commitment is made from: keccak256(abi.encode(works, secret)).

    Examples
    --------
    >>> sealed(True, word(7)) == keccak(word(1) + word(7))
    True
    """
    return keccak(word(works) + secret)


@dataclass
class Draw:
    """One draw.

    Attributes
    ----------
    team, project : str, bytes
        The contract of the project, and the project's id there.
    creator : str
        The guarantor.
    promised : bytes
        The guarantor's commitment.
    secrets : list of bytes
        By seat; zero words until they are revealed.
    """

    id: Word
    team: str
    project: Word
    creator: str
    parameters: Parameters
    promised: Word
    began: int
    digest: Word
    phase: Phase = Phase.COMMITTING
    deadline: int = 0
    committed: set[int] = field(default_factory=set)
    revealed: set[int] = field(default_factory=set)
    workers: set[int] = field(default_factory=set)
    success: bool = False
    commitments: list[Word] = field(default_factory=list)
    secrets: list[Word] = field(default_factory=list)

    @property
    def agents(self) -> int:
        """The number of members."""
        return len(self.parameters.agents)

    @property
    def entitled(self) -> Collection[int]:
        """Nobody: a draw holds no money."""
        return ()

    def due(self, seat: int) -> int:
        """Return 0."""
        del seat
        return 0

    def overdue(self) -> Collection[int]:
        """Return nobody: no bond burns."""
        return ()

    def state(self) -> State:
        """Return what the view `state` answers."""
        sets = bits(self.committed), bits(self.revealed), bits(self.workers)
        return State(self.phase, self.deadline, *sets, self.creator, self.success)


class DrawModel(ReferenceModel[Draw]):
    """The contract: many draws, no money.

    Its clock and its events are those of :class:`~parley.kit.reference.ReferenceModel`.

    Attributes
    ----------
    vouch, report : callable
        Tell a project's contract: take that contract and the caller, and then what `TeamModel` takes. By
        default it agrees.

    Examples
    --------
    One member, who works; its work suffices:

    >>> one, bank, team, home = ("0x" + digits * 20 for digits in ("a1", "bb", "cc", "ee"))
    >>> model = DrawModel(1, home)
    >>> p = Parameters((one,), (5,), (5,), 9, Kind.ADDITIVE, 1, (1,), (), home, 60, 60)
    >>> draw = model.game_id(team, word(4))
    >>> _ = model.open(bank, 5, team, word(4), p, commitment(draw, 1, word(8)))
    >>> model.commit(one, draw, 0, model.digest_of(draw), commitment(draw, 0, sealed(True, word(7))))
    >>> model.reveal(one, draw, 0, model.digest_of(draw), True, word(7))
    >>> model.draw(bank, draw, model.digest_of(draw), p, word(8))
    >>> model.games[draw].success
    True
    """

    opening = "open"
    words = (Parameters, Phase, Kind)
    playing = (Phase.COMMITTING, Phase.REVEALING, Phase.DRAWING)
    ended = (Phase.DRAWN, Phase.LAPSED)

    def __init__(self, chain_id: int, address: str) -> None:
        super().__init__(chain_id, address)
        self.vouch: Callable[[str, str, int, Word, Word, str], int] = lambda *_: 1
        self.report: Callable[[str, str, Word, bool], None] = lambda *_: None

    # ───────────────────────────────────────────── actions ─────────────────────────────────────────────

    def open(
        self, sender: str, value: int, team: str, project: Word, parameters: Parameters, promised: Word
    ) -> Word:
        """Open a draw and return its id; the bond goes to the project."""
        draw_id = self.game_id(team, project)
        require(draw_id not in self.games, "GameExists", draw_id)
        require(promised != NOTHING, "ZeroCommitment")
        n = len(parameters.agents)
        require(1 <= n <= MAX_SEATS, "AgentCountOutOfRange", n)
        agreed = parameters.digest()
        deadline = self.vouch(team, self.address, value, project, agreed, sender)
        require(deadline != 0, "NotWorking", project)

        self.paid[team] = self.paid.get(team, 0) + value
        draw = Draw(draw_id, team, project, sender, parameters, promised, self.now, keccak(agreed + promised))
        draw.deadline = self.now + parameters.work_window // 3
        draw.commitments, draw.secrets = [NOTHING] * n, [NOTHING] * n
        self.games[draw_id] = draw
        self._emit("Opened", draw_id, team, project, sender, promised, agreed)
        return draw_id

    def commit(self, sender: str, draw_id: Word, seat: int, digest: Word, promised: Word) -> None:
        """Commit to an effort and a secret. The last one ends the phase."""
        draw = self._in_phase(draw_id, Phase.COMMITTING)
        self._require_seat(draw, seat, sender)
        require(seat not in draw.committed, "AlreadyCommitted", seat)
        self._require_digest(draw, digest)
        require(promised != NOTHING, "ZeroCommitment")

        draw.committed.add(seat)
        draw.commitments[seat] = promised
        self._emit("Committed", draw_id, seat, promised)
        if len(draw.committed) == draw.agents:
            self._end_committing(draw)

    def reveal(
        self,
        sender: str,
        draw_id: Word,
        seat: int,
        digest: Word,
        works: bool,  # noqa: FBT001 - as the contract has it
        secret: Word,
    ) -> None:
        """Reveal both. The last one of those who have committed ends the phase."""
        draw = self._in_phase(draw_id, Phase.REVEALING)
        self._require_seat(draw, seat, sender)
        require(seat in draw.committed, "NotCommitted", seat)
        require(seat not in draw.revealed, "AlreadyRevealed", seat)
        self._require_digest(draw, digest)
        self._require_opens(draw, seat, secret, sealed(works, secret))

        draw.revealed.add(seat)
        if works:
            draw.workers.add(seat)
        draw.commitments[seat], draw.secrets[seat] = NOTHING, secret
        self._emit("Revealed", draw_id, seat, works, secret)
        if draw.revealed == draw.committed:
            self._end_revealing(draw)

    def draw(self, sender: str, draw_id: Word, digest: Word, parameters: Parameters, secret: Word) -> None:
        """Draw, as the guarantor, and report."""
        draw = self._in_phase(draw_id, Phase.DRAWING)
        require(sender == draw.creator, "NotTheGuarantor", sender, draw.creator)
        self._require_digest(draw, digest)
        given, agreed = parameters.digest(), draw.parameters.digest()
        require(given == agreed, "WrongParameters", given, agreed)
        require(secret != NOTHING, "ZeroSecret")
        opens = commitment(draw_id, draw.agents, secret) == draw.promised
        require(opens, "WrongSecret", draw.agents, draw.promised)

        workers = bits(draw.workers)
        numerator, denominator = parameters.value(workers), parameters.denominator
        drawn = uniform(seed(b"outcome", draw_id, digest, [*draw.secrets, secret]), 0, denominator)
        success = drawn < numerator
        self.report(draw.team, self.address, draw.project, success)
        draw.phase, draw.success = Phase.DRAWN, success
        self._emit("Drawn", draw_id, workers, numerator, denominator, success)

    def _expired(self, draw: Draw, silent: Collection[int]) -> None:
        """Continue without the silent seats; without the guarantor, the draw lapses."""
        del silent  # nobody loses anything here
        self._emit("PhaseExpired", draw.id, draw.phase)
        if draw.phase is Phase.COMMITTING:
            self._end_committing(draw)
        elif draw.phase is Phase.REVEALING:
            self._end_revealing(draw)
        else:
            draw.phase = Phase.LAPSED

    # ────────────────────────────────────────────── views ──────────────────────────────────────────────

    def state(self, draw_id: Word) -> State:
        """Return the state of a draw; all zero if it does not exist."""
        return self._game(draw_id).state()

    # ───────────────────────────────────────────── the rest ────────────────────────────────────────────

    def _game(self, draw_id: Word) -> Draw:
        """Return the draw; for an unknown id, one without a phase."""
        known = self.games.get(draw_id)
        return known or Draw(draw_id, NOBODY, NOTHING, NOBODY, NO_PARAMETERS, NOTHING, 0, NOTHING, Phase.NONE)

    @staticmethod
    def _end_committing(draw: Draw) -> None:
        draw.digest = keccak(draw.digest + b"".join(draw.commitments))
        draw.phase = Phase.REVEALING
        draw.deadline = draw.began + 2 * (draw.parameters.work_window // 3)
        if not draw.committed:
            DrawModel._end_revealing(draw)

    @staticmethod
    def _end_revealing(draw: Draw) -> None:
        draw.digest = keccak(draw.digest + word(bits(draw.revealed)) + word(bits(draw.workers)))
        draw.phase = Phase.DRAWING
        draw.deadline = draw.began + draw.parameters.work_window
