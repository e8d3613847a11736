"""The contract `Straws` as a state machine in plain integers: its specification, to be read beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from parley.core.randomness import Word, keccak, seed, uniform
from parley.kit.reference import (
    NOTHING,
    ReferenceModel,
    bits,
    encode_array,
    encode_tuple,
    require,
)

if TYPE_CHECKING:
    from collections.abc import Collection


class Phase(IntEnum):
    """Where a game is."""

    NONE = 0
    COMMITTING = 1
    REVEALING = 2
    DRAWN = 3
    CANCELLED = 4


class Parameters(NamedTuple):
    """What agents agree on, field for field as in Solidity; amounts in wei, the window in seconds."""

    agents: tuple[str, ...]
    compensation: int
    bond: int
    window: int

    @property
    def deposit(self) -> int:
        """What each seat pays when it commits, in wei."""
        return self.bond + self.compensation

    @property
    def digest(self) -> Word:
        """keccak256(abi.encode(parameters))."""
        agents = encode_array([int(agent, 16) for agent in self.agents])
        return keccak(encode_tuple([encode_tuple([agents, *self[1:]])]))


@dataclass
class Game:
    """One draw; lists and sets are of seats."""

    id: Word
    parameters: Parameters
    deadline: int
    digest: Word
    commitments: list[Word]
    phase: Phase = Phase.COMMITTING
    lapsed: Phase = Phase.NONE
    committed: set[int] = field(default_factory=set)
    revealed: set[int] = field(default_factory=set)
    withdrawn: set[int] = field(default_factory=set)
    secrets: dict[int, Word] = field(default_factory=dict)
    drawn: int | None = None

    @property
    def entitled(self) -> Collection[int]:
        """Seats whose money is still here."""
        return self.committed - self.withdrawn

    def due(self, seat: int) -> int:
        """Return what a seat can take out, in wei, if nothing more happens."""
        p = self.parameters
        if self.phase is Phase.DRAWN:
            return p.bond + (len(p.agents) * p.compensation if seat == self.drawn else 0)
        silent = self.lapsed is Phase.REVEALING and seat not in self.revealed
        return p.compensation + (0 if silent else p.bond)

    def overdue(self) -> Collection[int]:
        """Return the seats that lose their bonds at a missed deadline."""
        return self.committed - self.revealed if self.phase is Phase.REVEALING else set()

    def draw(self) -> int:
        """Draw the seat that does the task, from the secrets of all."""
        secrets = [self.secrets[seat] for seat in range(len(self.parameters.agents))]
        return uniform(seed(b"straws", self.id, 1, secrets), 0, len(secrets))


class StrawsModel(ReferenceModel[Game]):
    """What the contract does; see `parley.kit.reference.ReferenceModel`."""

    words = (Parameters,)
    playing = (Phase.COMMITTING, Phase.REVEALING)
    ended = (Phase.DRAWN, Phase.CANCELLED)

    def create(self, sender: str, salt: Word, parameters: Parameters) -> Word:
        """Open a game and return its id."""
        game_id, p = self.game_id(sender, salt), parameters
        require(game_id not in self.games, "GameExists", game_id)
        require(2 <= len(p.agents) <= 64, "AgentCountOutOfRange", len(p.agents))
        for seat, agent in enumerate(p.agents):
            require(int(agent, 16) != 0, "ZeroAgent", seat)
            require(agent not in p.agents[:seat], "DuplicateAgent", seat, p.agents.index(agent))
        require(60 <= p.window <= 30 * 86_400, "WindowOutOfRange", p.window)
        empty = [NOTHING] * len(p.agents)
        self.games[game_id] = Game(game_id, p, self.now + p.window, p.digest, empty)
        self._emit("Created", game_id, sender, salt, p.digest, p)
        return game_id

    def commit(
        self, sender: str, value: int, game_id: Word, seat: int, digest: Word, commitment: Word
    ) -> None:
        """Commit to a secret, and deposit bond and compensation."""
        game = self._in_phase(game_id, Phase.COMMITTING)
        self._require_seat(game, seat, sender)
        require(seat not in game.committed, "AlreadyCommitted", seat)
        self._require_digest(game, digest)
        require(commitment != NOTHING, "ZeroCommitment")
        deposit = game.parameters.deposit
        require(value == deposit, "WrongDeposit", value, deposit)
        self.balance += value
        game.committed.add(seat)
        game.commitments[seat] = commitment
        self._emit("Committed", game_id, seat, commitment)
        if len(game.committed) == len(game.parameters.agents):
            game.digest = keccak(digest + b"".join(game.commitments))
            game.phase, game.deadline = Phase.REVEALING, self.now + game.parameters.window

    def reveal(self, sender: str, game_id: Word, seat: int, digest: Word, secret: Word) -> None:
        """Open a commitment; the last one draws."""
        game = self._in_phase(game_id, Phase.REVEALING)
        self._require_seat(game, seat, sender)
        require(seat not in game.revealed, "AlreadyRevealed", seat)
        self._require_digest(game, digest)
        self._require_opens(game, seat, secret, secret)
        game.revealed.add(seat)
        game.commitments[seat], game.secrets[seat] = NOTHING, secret
        self._emit("Revealed", game_id, seat, secret)
        if game.revealed == game.committed:
            game.drawn, game.phase = game.draw(), Phase.DRAWN
            self._emit("Drawn", game_id, game.drawn)

    def withdraw(self, sender: str, game_id: Word, seat: int, to: str) -> None:
        """Take a seat's money out of a game that has ended."""
        game = self._owing(sender, game_id, seat)
        self._pay_out(game, seat, to)
        game.withdrawn.add(seat)

    def state(self, game_id: Word) -> tuple[int, int, int]:
        """Return phase, deadline and sets of seats, 64 bits each."""
        game = self._game(game_id)
        sets = bits(game.committed) | bits(game.revealed) << 64 | bits(game.withdrawn) << 192
        return game.phase, game.deadline, sets

    def _expired(self, game: Game, silent: Collection[int]) -> None:
        game.lapsed, game.phase = game.phase, Phase.CANCELLED
        self._emit("Cancelled", game.id, game.lapsed, bits(silent))

    def _game(self, game_id: Word) -> Game:
        none = Game(game_id, Parameters((), 0, 0, 0), 0, NOTHING, [], Phase.NONE)
        return self.games.get(game_id, none)
