"""The toy's reference model, and how its history is judged: all that reads a contract, as small as can be."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from fractions import Fraction
from typing import NamedTuple

from eth_abi.abi import encode

from parley.core.randomness import Word, keccak, seed, uniform
from parley.kit.reference import NOTHING, Event, ReferenceModel, require
from parley.kit.verify.replay import Drawn, Draws, Replay, number_in
from parley.kit.verify.rules import Rules

MIN_WINDOW, MAX_WINDOW = 60, 30 * 24 * 3600


class Phase(IntEnum):
    """Where a game stands."""

    NONE = 0
    COMMITTING = 1
    REVEALING = 2
    OVER = 3


class Terms(NamedTuple):
    """What is tossed for; the stake is what a seat pays."""

    agents: Sequence[str]
    bond: int
    window: int

    def digest(self) -> Word:
        """What the first actions have to name."""
        return keccak(encode(["address[]", "uint96", "uint32"], self))


@dataclass
class Toss:
    """One game."""

    id: Word
    parameters: Terms
    deadline: int
    digest: Word
    phase: Phase = Phase.COMMITTING
    commitments: list[Word] = field(default_factory=list)
    secrets: list[Word] = field(default_factory=list)
    committed: set[int] = field(default_factory=set)
    withdrawn: set[int] = field(default_factory=set)
    winner: int = -1

    @property
    def revealed(self) -> set[int]:
        """Seats that have opened their secrets."""
        return {seat for seat, secret in enumerate(self.secrets) if secret != NOTHING}

    @property
    def paid(self) -> set[int]:
        """Seats that share the stakes."""
        if self.phase is not Phase.OVER:
            return self.committed
        return {self.winner} if self.winner >= 0 else self.revealed or self.committed

    @property
    def entitled(self) -> set[int]:
        """Seats whose money is still here."""
        return self.paid - self.withdrawn

    def due(self, _seat: int) -> int:
        """Return an equal share of all stakes."""
        return len(self.committed) * self.parameters.bond // len(self.paid)

    def overdue(self) -> list[int]:
        """Nobody loses a bond that nobody gets."""
        return []


class CoinModel(ReferenceModel[Toss]):
    """The contract in plain integers."""

    playing = (Phase.COMMITTING, Phase.REVEALING)
    ended = (Phase.OVER,)

    def create(self, sender: str, salt: Word, agents: Sequence[str], stake: int, window: int) -> None:
        """Open a game; the contract returns nothing."""
        game = self.game_id(sender, salt)
        require(game not in self.games, "GameExists", game)
        require(2 <= len(agents) <= 64, "AgentCountOutOfRange", len(agents))
        for seat, agent in enumerate(agents):
            require(int(agent, 16) != 0, "ZeroAgent", seat)
            for other in range(seat):
                require(agent != agents[other], "DuplicateAgent", seat, other)
        require(MIN_WINDOW <= window <= MAX_WINDOW, "WindowOutOfRange", window)
        terms, seats = Terms(tuple(agents), stake, window), len(agents)
        empty = [NOTHING] * seats
        self.games[game] = Toss(
            game, terms, self.now + window, terms.digest(), commitments=[*empty], secrets=[*empty]
        )
        self._emit("Created", game, stake)

    def commit(
        self, sender: str, value: int, game_id: Word, seat: int, digest: Word, commitment: Word
    ) -> None:
        """Commit to a secret and pay the stake."""
        game = self._in_phase(game_id, Phase.COMMITTING)
        self._require_seat(game, seat, sender)
        require(seat not in game.committed, "AlreadyCommitted", seat)
        self._require_digest(game, digest)
        require(commitment != NOTHING, "ZeroCommitment")
        require(value == game.parameters.bond, "WrongDeposit", value, game.parameters.bond)
        self.balance += value
        game.committed.add(seat)
        game.commitments[seat] = commitment
        self._emit("Committed", game_id, seat, commitment)
        if len(game.committed) == len(game.commitments):
            game.digest = keccak(digest + b"".join(game.commitments))
            game.phase, game.deadline = Phase.REVEALING, self.now + game.parameters.window

    def reveal(self, sender: str, game_id: Word, seat: int, digest: Word, secret: Word) -> None:
        """Open the secret; the last one decides."""
        game = self._in_phase(game_id, Phase.REVEALING)
        self._require_seat(game, seat, sender)
        require(seat not in game.revealed, "AlreadyRevealed", seat)
        self._require_digest(game, digest)
        self._require_opens(game, seat, secret, secret)
        game.commitments[seat], game.secrets[seat] = NOTHING, secret
        self._emit("Revealed", game_id, seat, secret)
        if NOTHING not in game.secrets:
            game.winner = uniform(seed(b"coin", game_id, 1, game.secrets), 0, len(game.secrets))
            game.phase = Phase.OVER
            self._emit("Tossed", game_id, game.winner)

    def withdraw(self, sender: str, game_id: Word, seat: int, to: str) -> None:
        """Take a share of the stakes."""
        game = self._owing(sender, game_id, seat)
        self._pay_out(game, seat, to)
        game.withdrawn.add(seat)

    def _expired(self, game: Toss, _silent: Collection[int]) -> None:
        game.phase = Phase.OVER
        self._emit("Expired", game.id)

    def _game(self, game_id: Word) -> Toss:
        nobody = Terms((), 0, 0)
        return self.games.get(game_id) or Toss(game_id, nobody, 0, NOTHING, Phase.NONE)


def _toss(_replay: object, game: Toss) -> Drawn | None:
    if len(game.committed) < len(game.commitments):
        return None
    equal = Fraction(1, len(game.commitments))
    return Drawn([equal] * len(game.commitments), (game.winner,) if game.winner >= 0 else None)


class CoinReplay(Replay[Toss]):
    """The games of one contract, as they ought to have gone."""

    contract = CoinModel
    draws = (Draws("recognition_p_value", "tosses", _toss),)
    rules = Rules(
        refusals={"AlreadyCommitted": "steps of a seat", "StaleDigest": "digest"},
        fields={
            "Created": ("game id", "deposit"),
            "Committed": ("game id", "seat", "commitment"),
            "Revealed": ("game id", "seat", "reveal"),
            "Tossed": ("game id", "toss"),
            "Expired": ("game id",),
            "Withdrawn": ("game id", "seat", "payee", "withdrawal amount"),
        },
    )

    def follow(self, game: Toss, want: Mapping[str, Event], have: Mapping[str, Event]) -> None:
        """Let whoever the chain says has won win."""
        super().follow(game, want, have)
        if "Tossed" in have:
            game.winner = number_in(have["Tossed"], 1)
