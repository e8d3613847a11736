"""What the chain has on record, in a reference model's words: calls from calldata, events from logs.

Nothing of what wrote the records is used to read them: the bytes that a contract was sent and that it emitted
are all there is. A mechanism says what its actions, views and events look like; :class:`Records` reads them.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

from parley.chain.evm import Log
from parley.core.randomness import Word, keccak, word
from parley.kit.reference import Event

__all__ = ["Action", "NotReadableError", "Reader", "Records"]


class NotReadableError(Exception):
    """Bytes that are no call, or no event, of the contract."""


class Action(NamedTuple):
    """One call, decoded.

    Attributes
    ----------
    name : str
        The function.
    game : bytes or None
        Id of the game; None for `create`, whose id follows from its sender.
    arguments : tuple
        The others, in the contract's order.
    """

    name: str
    game: Word | None
    arguments: tuple[Any, ...]


class Reader:
    """Words of ABI-encoded data, read as contracts made by the Solidity compiler read their calldata.

    What such a contract takes is read, and nothing else: bytes may follow behind the end, offsets may be odd,
    point backwards or share data, the last word of bytes may be cut off; but a number that its type cannot
    hold, or an array that reaches beyond the data, is refused.

    Parameters
    ----------
    data : bytes
    start : int
        Where the words are counted from, and where offsets count from.
    nested : bool
        Whether these are the fields of a struct, whose offsets the compiler takes as signed.

    Examples
    --------
    >>> reader = Reader(word(7) + word(64) + word(2) + word(5) + word(6))
    >>> reader.number(0), reader.array(1)
    (7, (5, 6))
    >>> reader.number(5)
    Traceback (most recent call last):
    ...
    parley.kit.verify.records.NotReadableError: the data is too short
    >>> reader.number(0, bits=2)
    Traceback (most recent call last):
    ...
    parley.kit.verify.records.NotReadableError: word 0 is no number of 2 bits
    """

    def __init__(self, data: bytes, start: int = 0, *, nested: bool = False) -> None:
        self.data = data
        self._start = start
        self._nested = nested

    def word(self, index: int) -> Word:
        """Return word number `index`."""
        at = self._start + 32 * index
        if not self._nested and at + 32 > len(self.data):
            raise NotReadableError("the data is too short")
        return self._at(at)

    def number(self, index: int, bits: int = 256, *, signed: bool = False) -> int:
        """Return the word as a number of some width."""
        return _number(self.word(index), bits, signed, f"word {index}")

    def flag(self, index: int) -> bool:
        """Return the word as a truth value."""
        return bool(self.number(index, 1))

    def address(self, index: int) -> str:
        """Return the word as an address in lower case."""
        return f"0x{self.number(index, 160):040x}"

    def array(self, index: int, bits: int = 256, *, signed: bool = False) -> tuple[int, ...]:
        """Return the array of numbers whose offset is word number `index`."""
        start, length = self._tail(index, 32)
        words = (self._at(at) for at in range(start, start + 32 * length, 32))
        return tuple(_number(one, bits, signed, f"entry {k}") for k, one in enumerate(words))

    def octets(self, index: int) -> bytes:
        """Return the bytes whose offset is word number `index`."""
        start, length = self._tail(index, 1)
        return self.data[start : start + length]

    def nested(self, index: int, size: int) -> "Reader":
        """Return a reader of the struct of `size` words whose offset is word number `index`."""
        start = self._offset(index, 32 * size)
        return Reader(self.data, start, nested=True)

    def structs(self, index: int, size: int) -> tuple["Reader", ...]:
        """Return readers of the structs of `size` words each, of which word `index` is the array's offset."""
        start, length = self._tail(index, 32)
        entries = Reader(self.data, start, nested=True)
        return tuple(entries.nested(k, size) for k in range(length))

    def _offset(self, index: int, needed: int) -> int:
        """Where something of a size begins whose offset is word number `index`."""
        offset = self.number(index, 256, signed=self._nested)
        if not self._nested and offset >= 1 << 64:
            raise NotReadableError("an offset is too large")
        if offset > len(self.data) - self._start - needed:
            raise NotReadableError("an offset leads beyond the data")
        return self._start + offset

    def _tail(self, index: int, stride: int) -> tuple[int, int]:
        """Where the entries of an array begin, and how many there are."""
        at = self._offset(index, 32)
        length = int.from_bytes(self._at(at), "big")
        if length >= 1 << 64 or at + 32 > len(self.data) - length * stride:
            raise NotReadableError("an array reaches beyond the data")
        return at + 32, length

    def _at(self, start: int) -> Word:
        """Return a word as the EVM loads it: zeros where there is no data."""
        start %= 1 << 256
        found = self.data[start : start + 32] if start < len(self.data) else b""
        return found + bytes(32 - len(found))


def _number(found: Word, bits: int, signed: bool, what: str) -> int:  # noqa: FBT001 - of the public ones
    value = int.from_bytes(found, "big", signed=signed)
    least, beyond = (-1 << bits - 1, 1 << bits - 1) if signed else (0, 1 << bits)
    if not least <= value < beyond:
        raise NotReadableError(f"{what} is no number of {bits} bits")
    return value


Decode: TypeAlias = Callable[[Reader], tuple[Any, ...]]
"""Arguments, or fields, from the words; an id that comes first is word 0 and is left out."""


class Records:
    """How a contract's calls and events are written.

    Every action but `create` has the game's id as its first argument, and so has every event.

    Parameters
    ----------
    actions : mapping of str to (str, callable)
        By name: types of the arguments, and how to read them after the selector.
    views : mapping of str to str
        Types of the arguments by name.
    events : mapping of str to (str, int, callable)
        By name: types of the fields, how many of them are indexed, and how to read all after the id. Indexed
        or not, fields stand in the order of their declaration.

    Examples
    --------
    >>> records = Records({"expire": ("bytes32", lambda _: ())}, {"burnt": ""}, {
    ...     "Settled": ("bytes32,uint256", 1, lambda reader: (reader.number(1),))})
    >>> records.read_action(keccak(b"expire(bytes32)")[:4] + word(9))[1] == word(9)
    True
    >>> settled = Log(bytes(20), (keccak(b"Settled(bytes32,uint256)"), word(7)), word(2))
    >>> records.read_event(settled) == Event("Settled", (word(7), 2))
    True
    >>> records.is_view(records.question("burnt"))
    True
    """

    def __init__(
        self,
        actions: Mapping[str, tuple[str, Decode]],
        views: Mapping[str, str],
        events: Mapping[str, tuple[str, int, Decode]],
    ) -> None:
        self._actions = {_hash(name, types)[:4]: (name, decode) for name, (types, decode) in actions.items()}
        self._views = {name: _hash(name, types)[:4] for name, types in views.items()}
        self._topics = {name: _hash(name, types) for name, (types, _, _) in events.items()}
        self._events = {
            self._topics[name]: (name, indexed, decode) for name, (_, indexed, decode) in events.items()
        }

    def read_action(self, data: bytes) -> Action:
        """Decode the calldata of an action.

        Raises
        ------
        NotReadableError
            If it is none.
        """
        found = self._actions.get(data[:4])
        if found is None:
            raise NotReadableError(f"the contract has no action {data[:4].hex() or 'without calldata'}")
        name, decode = found
        reader = Reader(data, 4)
        return Action(name, None if name == "create" else reader.word(0), decode(reader))

    def is_view(self, data: bytes) -> bool:
        """Whether calldata only asks the contract something."""
        return data[:4] in self._views.values()

    def read_event(self, log: Log) -> Event:
        """Decode an event, its game's id first, as the reference model puts it.

        Raises
        ------
        NotReadableError
            If it is none.
        """
        found = self._events.get(log.topics[0]) if log.topics else None
        if found is None or len(log.topics) != 1 + found[1] or len(log.data) % 32:
            raise NotReadableError("the contract has no such event")
        name, _, decode = found
        reader = Reader(b"".join(log.topics[1:]) + log.data)
        return Event(name, (reader.word(0), *decode(reader)))

    def question(self, name: str, *arguments: Word | int) -> bytes:
        """Return the calldata that asks a view of the contract."""
        return self._views[name] + b"".join(a if isinstance(a, bytes) else word(a) for a in arguments)

    def topics(self, names: Iterable[str]) -> frozenset[Word]:
        """Return the first topics of events."""
        return frozenset(self._topics[name] for name in names)


def _hash(name: str, types: str) -> Word:
    return keccak(f"{name}({types})".encode())
