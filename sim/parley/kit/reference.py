"""The base of reference models: reverts, events and ABI encoding.

A reference model is a contract as a state machine in plain integers, and serves as its specification. It
raises :class:`Revert` where the contract reverts and appends an :class:`Event` where the contract emits one.
It needs no chain.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from enum import IntEnum
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from parley.core.randomness import Word, commitment, game_id, word

__all__ = [
    "NOTHING",
    "Event",
    "Game",
    "ReferenceModel",
    "Revert",
    "bits",
    "encode_array",
    "encode_bytes",
    "encode_tuple",
    "require",
]

NOTHING: Word = bytes(32)
"""The zero word: no commitment, no secret, no digest."""


class Event(NamedTuple):
    """An emitted event: its name, and its fields in the contract's order."""

    name: str
    fields: tuple[object, ...]


class Revert(Exception):  # noqa: N818 - the word of the EVM
    """A call that fails without effect.

    Attributes
    ----------
    arguments : tuple
        Its arguments, in the contract's order.

    Examples
    --------
    >>> raise Revert("ZeroBond")
    Traceback (most recent call last):
    ...
    parley.kit.reference.Revert: ZeroBond()
    """

    def __init__(self, name: str, *arguments: object) -> None:
        super().__init__(f"{name}({', '.join(_shown(argument) for argument in arguments)})")
        self.name = name
        self.arguments = arguments


def require(condition: bool, name: str, *arguments: object) -> None:  # noqa: FBT001 - reads as in Solidity
    """Revert with this error if the condition is false.

    Examples
    --------
    >>> require(2 + 2 == 4, "ZeroBond")
    >>> require(2 + 2 == 5, "SeatOutOfRange", 3, 2)
    Traceback (most recent call last):
    ...
    parley.kit.reference.Revert: SeatOutOfRange(3, 2)
    """
    if not condition:
        raise Revert(name, *arguments)


class Parameters(Protocol):
    """The parameters that the agents of a game agreed on."""

    @property
    def agents(self) -> Sequence[str]:
        """Addresses by seat."""

    @property
    def bond(self) -> int:
        """Deposit in wei; a silent seat loses it."""


class Game(Protocol):
    """One game of a contract."""

    id: Word
    digest: Word
    """The digest that the next action must state."""
    deadline: int
    """Last timestamp at which the next action is in time."""
    commitments: list[Word]
    """By seat: the hash of its next secret; zero if there is none."""

    @property
    def phase(self) -> IntEnum:
        """The current phase."""

    @property
    def parameters(self) -> Parameters:
        """The agreed parameters."""

    @property
    def entitled(self) -> Collection[int]:
        """Seats that have not withdrawn yet."""

    def due(self, seat: int) -> int:
        """Return what an entitled seat can withdraw, in wei."""

    def overdue(self) -> Collection[int]:
        """Return the seats that missed the deadline and lose their bonds."""


G = TypeVar("G", bound=Game)


class ReferenceModel(ABC, Generic[G]):
    """A contract with many games and one balance; subclasses add the actions.

    The first argument of an action is the caller; the second is the money sent, if the contract takes any.
    Methods have the names of the contract's actions and views, in snake case.

    Parameters
    ----------
    address : str
        The contract's own address. All addresses are text in the same spelling.

    Attributes
    ----------
    now : int
        Timestamp of the next call's block; set by the caller.
    balance : int
        Wei that the contract holds.
    burnt : int
        Lost bonds in wei; they stay in the balance for ever.
    paid : dict of str to int
        Wei sent out, by receiver.
    refusing : dict of str to Revert
        Receivers that refuse money, and their errors.
    """

    words: ClassVar[tuple[type[Any], ...]] = ()
    """Structs and enumerations, with the same names as in the Solidity source."""
    opening: ClassVar[str] = "create"
    """The action that opens a game; it names no game, and returns the new one's id."""
    playing: ClassVar[tuple[IntEnum, ...]]
    """Phases with a deadline."""
    ended: ClassVar[tuple[IntEnum, ...]]
    """Phases in which seats withdraw."""

    def __init__(self, chain_id: int, address: str) -> None:
        self.chain_id = chain_id
        self.address = address
        self.now = 0
        self.balance = 0
        self.burnt = 0
        self.paid: dict[str, int] = {}
        self.refusing: dict[str, Revert] = {}
        self.games: dict[Word, G] = {}
        self.events: list[Event] = []

    def expire(self, sender: str, game_id: Word) -> None:  # noqa: ARG002 - anyone may
        """End a phase whose deadline has passed; silent seats lose their bonds, which are burnt."""
        game = self._game(game_id)
        require(game.phase in self.playing, "WrongPhase", game_id, game.phase, 0)
        require(self.now > game.deadline, "DeadlineNotPassed", game_id, game.deadline)
        silent = game.overdue()
        self.burnt += self._forfeited(game, silent)
        self._expired(game, silent)

    def game_id(self, creator: str, salt: Word) -> Word:
        """Return the id of a game, whether created or not."""
        return game_id(self.chain_id, self.address, creator, salt)

    def commitment(self, game_id: Word, seat: int) -> Word:
        """Return the hash of the seat's next secret; zero if there is none."""
        return self._game(game_id).commitments[seat]

    def digest_of(self, game_id: Word) -> Word:
        """Return the digest that the next action must state."""
        return self._game(game_id).digest

    def owed(self) -> int:
        """Return what all seats of all games can still withdraw, now or later, in wei.

        The contract's balance always equals this plus the burnt bonds.
        """
        return sum(game.due(seat) for game in self.games.values() for seat in game.entitled)

    def number_of(self, game: G, counted: str) -> int:
        """Return the number of seats, or of anything else that the parameters count."""
        p = game.parameters
        return len(p.agents) if counted == "seat" else int(getattr(p, f"{counted}s"))

    def _forfeited(self, game: G, silent: Collection[int]) -> int:
        """Return the bonds that the silent seats lose, in wei."""
        return game.parameters.bond * len(silent)

    @abstractmethod
    def _game(self, game_id: Word) -> G:
        """Return the game; for an unknown id, a placeholder in no phase."""

    @abstractmethod
    def _expired(self, game: G, silent: Collection[int]) -> None:
        """Continue without the silent seats, or end the game."""

    def _in_phase(self, game_id: Word, required: IntEnum) -> G:
        """Return the game, if it is in the phase and in time; an action at the deadline itself is valid."""
        game = self._game(game_id)
        require(game.phase is required, "WrongPhase", game_id, game.phase, required)
        require(self.now <= game.deadline, "DeadlinePassed", game_id, game.deadline)
        return game

    def _owing(self, sender: str, game_id: Word, seat: int) -> G:
        """Return the game, if it has ended and the seat can withdraw."""
        game = self._game(game_id)
        require(game.phase in self.ended, "WrongPhase", game_id, game.phase, self.ended[0])
        self._require_seat(game, seat, sender)
        require(seat in game.entitled, "NothingToWithdraw", seat)
        return game

    @staticmethod
    def _require_seat(game: G, seat: int, sender: str) -> None:
        agents = game.parameters.agents
        require(seat < len(agents), "SeatOutOfRange", seat, len(agents))
        require(sender == agents[seat], "NotTheSeat", seat, sender)

    @staticmethod
    def _require_digest(game: G, digest: Word) -> None:
        require(digest == game.digest, "StaleDigest", digest, game.digest)

    @staticmethod
    def _require_opens(game: G, seat: int, secret: Word, sealed: Word) -> None:
        """Check a secret against the seat's commitment, which binds the game, the seat and `sealed`."""
        require(secret != NOTHING, "ZeroSecret")
        promised = game.commitments[seat]
        require(commitment(game.id, seat, sealed) == promised, "WrongSecret", seat, promised)

    def _pay_out(self, game: G, seat: int, to: str) -> None:
        """Send a seat's money to an address, which may refuse it."""
        if to in self.refusing:
            raise self.refusing[to]
        amount = game.due(seat)
        self._emit("Withdrawn", game.id, seat, to, amount)
        self.balance -= amount
        self.paid[to] = self.paid.get(to, 0) + amount

    def _emit(self, name: str, *fields: object) -> None:
        self.events.append(Event(name, fields))


def bits(seats: Iterable[int]) -> int:
    """Return a set of seats as a number: bit i means seat i.

    Examples
    --------
    >>> bits({0, 3})
    9
    """
    return sum(1 << seat for seat in seats)


def encode_array(values: Sequence[int]) -> bytes:
    """ABI-encode a dynamic array of numbers: its length, then its entries.

    Examples
    --------
    >>> encode_array([7]) == word(1) + word(7)
    True
    """
    return word(len(values)) + b"".join(word(value) for value in values)


def encode_bytes(data: bytes) -> bytes:
    """ABI-encode bytes: their number, then the bytes, padded to whole words.

    Examples
    --------
    >>> encode_bytes(b"ab") == word(2) + b"ab" + bytes(30)
    True
    """
    return word(len(data)) + data + bytes(-len(data) % 32)


def encode_tuple(fields: Sequence[bytes | int], words_before: int = 0) -> bytes:
    """ABI-encode a tuple: numbers in place, dynamic fields by their offset.

    Parameters
    ----------
    fields : sequence of bytes or int
        Bytes are an encoded dynamic field.
    words_before : int
        Number of one-word fields before these; offsets count them too.

    Examples
    --------
    >>> encode_tuple([5, encode_array([7])]) == word(5) + word(64) + word(1) + word(7)
    True
    """
    head, tail = b"", b""
    for field in fields:
        if isinstance(field, int):
            head += word(field)
        else:
            head += word(32 * (words_before + len(fields)) + len(tail))
            tail += field
    return head + tail


def _shown(argument: object) -> str:
    return "0x" + argument.hex() if isinstance(argument, bytes) else str(argument)
