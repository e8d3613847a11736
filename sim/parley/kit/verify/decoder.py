"""Decode a contract's calldata and logs into the reference model's calls and events.

Verification shares no decoder with play. :class:`Decoder` decodes by the contract's interface and returns the
reference model's types.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias, TypeVar

from parley.chain.abi import Type, functions, python_name, signature, types
from parley.chain.evm import Log
from parley.core.randomness import Word, keccak, word
from parley.kit.reference import Event

__all__ = ["Action", "Decoder", "NotReadableError", "Reader", "View", "encoded"]


class NotReadableError(Exception):
    """Bytes that are no call or event of the contract."""


class Action(NamedTuple):
    """A decoded call.

    Attributes
    ----------
    game : bytes or None
        Id of the game; None for the action that opens it, which computes it.
    arguments : tuple
        Other arguments, in the contract's order.
    """

    name: str
    game: Word | None
    arguments: tuple[Any, ...]


class Reader:
    """A reader of ABI-encoded data that accepts exactly what compiled Solidity contracts accept.

    Extra bytes at the end, odd, backward or shared offsets, and a truncated last word of bytes are valid.
    Numbers that exceed their type and arrays that exceed the data are invalid.

    Parameters
    ----------
    start : int
        Position of word 0, and the base of offsets.
    nested : bool
        Whether the words are fields of a struct, whose offsets the compiler reads as signed.

    Examples
    --------
    >>> reader = Reader(word(7) + word(64) + word(2) + word(5) + word(6))
    >>> entries, length = reader.entries(1, size=1)
    >>> reader.number(0), [entries.number(k) for k in range(length)]
    (7, [5, 6])
    >>> reader.number(5)
    Traceback (most recent call last):
    ...
    parley.kit.verify.decoder.NotReadableError: the data is too short
    >>> reader.number(0, bits=2)
    Traceback (most recent call last):
    ...
    parley.kit.verify.decoder.NotReadableError: word 0 is no number of 2 bits
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
        """Return the word as a number of this width."""
        value = int.from_bytes(self.word(index), "big", signed=signed)
        least, beyond = (-1 << bits - 1, 1 << bits - 1) if signed else (0, 1 << bits)
        if not least <= value < beyond:
            raise NotReadableError(f"word {index} is no number of {bits} bits")
        return value

    def octets_in(self, index: int, size: int) -> bytes:
        """Return the first `size` bytes of the word."""
        found = self.word(index)
        if any(found[size:]):
            raise NotReadableError(f"word {index} is more than {size} bytes")
        return found[:size]

    def flag(self, index: int) -> bool:
        """Return the word as a truth value."""
        return bool(self.number(index, 1))

    def address(self, index: int) -> str:
        """Return the word as an address in lower case."""
        return f"0x{self.number(index, 160):040x}"

    def octets(self, index: int) -> bytes:
        """Return the bytes at the offset in word `index`."""
        start, length = self._tail(index, 1)
        return self.data[start : start + length]

    def nested(self, index: int, size: int) -> "Reader":
        """Return a reader of the struct of `size` words at the offset in word `index`."""
        start = self._offset(index, 32 * size)
        return Reader(self.data, start, nested=True)

    def entries(self, index: int, size: int) -> tuple["Reader", int]:
        """Return a reader of the array at the offset in word `index`; entries have `size` words.

        Returns
        -------
        Reader
        int
            Number of entries.
        """
        start, length = self._tail(index, 32 * size)
        return Reader(self.data, start, nested=True), length

    def _offset(self, index: int, needed: int) -> int:
        """Return the position of the data at the offset in word `index`."""
        offset = self.number(index, 256, signed=self._nested)
        if not self._nested and offset >= 1 << 64:
            raise NotReadableError("an offset is too large")
        if offset > _wrapped(len(self.data) - self._start - needed):
            raise NotReadableError("an offset leads beyond the data")
        return _wrapped(self._start + offset)

    def _tail(self, index: int, stride: int) -> tuple[int, int]:
        """Return the position and the number of an array's entries."""
        at = self._offset(index, 32)
        length = int.from_bytes(self._at(at), "big")
        if length >= 1 << 64 or _wrapped(at + 32) > len(self.data) - length * stride:
            raise NotReadableError("an array reaches beyond the data")
        return at + 32, length

    def _at(self, start: int) -> Word:
        """Return a word as the EVM loads it: zeros beyond the data."""
        start %= 1 << 256
        found = self.data[start : start + 32] if start < len(self.data) else b""
        return found + bytes(32 - len(found))


def _wrapped(number: int) -> int:
    """Return a number in the EVM's signed arithmetic."""
    return (number + _SIGN) % (2 * _SIGN) - _SIGN


_SIGN = 1 << 255

Words: TypeAlias = Mapping[str, Callable[..., Any]]
"""The model's structs (built from named fields) and enumerations (from a number), by Solidity name."""

T = TypeVar("T")


@lru_cache(maxsize=4096)
def _shared(value: T) -> T:
    """Return the same object for equal values; many games share their parameters."""
    return value


_Read: TypeAlias = Callable[[Reader, int], Any]
"""Reads a value at a word, or at the offset in that word."""


def _read(kind: Type, words: Words) -> _Read:
    """Return a function that reads a type into the model's types."""
    plain, convert = _read_plain(kind, words), words.get(kind.solidity)
    if convert is None:
        return plain
    if kind.base == "tuple":
        names = [python_name(field.name) for field in kind.inner]
        return lambda reader, index: _shared(convert(**dict(zip(names, plain(reader, index), strict=True))))

    def one_of(reader: Reader, index: int) -> Any:  # noqa: ANN401 - whatever the model has
        number = plain(reader, index)
        try:
            return convert(number)
        except ValueError:
            raise NotReadableError(f"there is no {kind.solidity} {number}") from None

    return one_of


def _read_plain(kind: Type, words: Words) -> _Read:
    bits = kind.bits
    if kind.base == "tuple":
        return _read_several(kind, _each(kind.inner, words))
    if kind.base == "array":
        return _read_array(kind, words)
    return {
        "uint": lambda reader, index: reader.number(index, bits),
        "int": lambda reader, index: reader.number(index, bits, signed=True),
        "bool": Reader.flag,
        "address": Reader.address,
        "word": Reader.word if bits == 256 else lambda reader, index: reader.octets_in(index, bits // 8),
        "bytes": Reader.octets,
        "string": lambda reader, index: reader.octets(index).decode(errors="surrogateescape"),
    }[kind.base]


def _each(kinds: Sequence[Type], words: Words) -> list[tuple[int, _Read]]:
    """Return a reader for each value, and its position in words."""
    places = accumulate((kind.words for kind in kinds), initial=0)
    return [(place, _read(kind, words)) for place, kind in zip(places, kinds, strict=False)]


def _read_array(kind: Type, words: Words) -> _Read:
    (entry,) = kind.inner
    if kind.length is not None:
        return _read_several(kind, _each(kind.inner * kind.length, words))
    read, size = _read(entry, words), entry.words

    def array(reader: Reader, index: int) -> tuple[Any, ...]:
        entries, length = reader.entries(index, size)
        return tuple([read(entries, size * k) for k in range(length)])

    return array


def _read_several(kind: Type, each: Sequence[tuple[int, _Read]]) -> _Read:
    size = sum(one.words for one in kind.inner) * (kind.length or 1)

    def several(reader: Reader, index: int) -> tuple[Any, ...]:
        if kind.dynamic:
            reader, index = reader.nested(index, size), 0
        return tuple([read(reader, index + place) for place, read in each])

    return several


class _Layout(NamedTuple):
    """Readers of the arguments of a function or an event."""

    name: str
    each: Sequence[tuple[int, _Read]]
    """All arguments of a call; the data of an event."""
    indexed: Sequence[_Read | None]
    """Readers of an event's topics, by field."""


class View(NamedTuple):
    """A view function that the model also answers."""

    selector: bytes
    inputs: tuple[Type, ...]
    outputs: tuple[Type, ...]


class Decoder:
    """A decoder of a contract's calls and events, by its interface.

    The first argument of every event is the game's id, and of every action except the opening one.

    Parameters
    ----------
    words : iterable of type
        The model's structs and enumerations, with their Solidity names.
    opening : str
        The action that opens a game.

    Attributes
    ----------
    payable : frozenset of str
        The actions that take money.
    actions : dict of str to tuple of Type
        Arguments of each action; the first is the game's id, except for the opening one.

    Examples
    --------
    >>> word_of = {"name": "id", "type": "bytes32", "indexed": True}
    >>> number = {"name": "round", "type": "uint256", "indexed": False}
    >>> decoder = Decoder([
    ...     {"type": "function", "name": "expire", "inputs": [word_of], "stateMutability": "nonpayable"},
    ...     {"type": "function", "name": "burnt", "inputs": [], "outputs": [number],
    ...      "stateMutability": "view"},
    ...     {"type": "event", "name": "Settled", "inputs": [word_of, number]},
    ... ])
    >>> decoder.read_action(keccak(b"expire(bytes32)")[:4] + word(9))[1] == word(9)
    True
    >>> settled = Log(bytes(20), (keccak(b"Settled(bytes32,uint256)"), word(7)), word(2))
    >>> decoder.read_event(settled) == Event("Settled", (word(7), 2))
    True
    >>> decoder.is_view(decoder.question("burnt")), decoder.answer("burnt", 7) == word(7)
    (True, True)
    """

    def __init__(
        self, abi: Iterable[Mapping[str, Any]], words: Iterable[type[Any]] = (), opening: str = "create"
    ) -> None:
        abi = list(abi)
        self.opening = opening
        self._words: Words = {one.__name__: one for one in words}
        self.views: dict[str, View] = {}
        self._actions: dict[bytes, _Layout] = {}
        self.actions: dict[str, tuple[Type, ...]] = {}
        for name, entry in functions(abi).items():
            selector, inputs = keccak(signature(entry).encode())[:4], types(entry["inputs"])
            if entry["stateMutability"] in ("view", "pure"):
                self.views[name] = View(selector, inputs, types(entry["outputs"]))
                continue
            self._actions[selector] = _Layout(name, _each(inputs, self._words), ())
            self.actions[name] = inputs
        paying = (name for name, entry in functions(abi).items() if entry["stateMutability"] == "payable")
        self.payable = frozenset(paying)
        events = [entry for entry in abi if entry["type"] == "event"]
        self.events = {entry["name"]: types(entry["inputs"]) for entry in events}
        self._events = {keccak(signature(entry).encode()): self._event(entry) for entry in events}

    def _event(self, entry: Mapping[str, Any]) -> _Layout:
        fields = [(Type(field), field["indexed"]) for field in entry["inputs"]]
        indexed = [
            None if not first else Reader.word if kind.dynamic or kind.inner else _read(kind, self._words)
            for kind, first in fields
        ]
        return _Layout(
            entry["name"], _each([kind for kind, first in fields if not first], self._words), indexed
        )

    def read_action(self, data: bytes) -> Action:
        """Decode the calldata of an action.

        Raises
        ------
        NotReadableError
            If the calldata is no action.
        """
        found = self._actions.get(data[:4])
        if found is None:
            raise NotReadableError(f"the contract has no action {data[:4].hex() or 'without calldata'}")
        reader = Reader(data, 4)
        arguments = tuple([read(reader, place) for place, read in found.each])
        if found.name == self.opening:
            return Action(found.name, None, arguments)
        return Action(found.name, arguments[0], arguments[1:])

    def is_view(self, data: bytes) -> bool:
        """Whether calldata calls a view."""
        return any(data[:4] == view.selector for view in self.views.values())

    def read_event(self, log: Log) -> Event:
        """Decode an event as the reference model emits it, the game's id first.

        Raises
        ------
        NotReadableError
            If the log is no event of the contract.
        """
        found = self._events.get(log.topics[0]) if log.topics else None
        topics = log.topics[1:]
        if (
            found is None
            or len(topics) != len(found.indexed) - len(found.each)
            or any(len(topic) != 32 for topic in topics)
            or len(log.data) % 32
        ):
            raise NotReadableError("the contract has no such event")
        data, heads = Reader(log.data), Reader(b"".join(topics))
        places, each = iter(range(len(topics))), iter(found.each)
        fields: list[Any] = []
        for indexed in found.indexed:
            if indexed is None:
                place, read = next(each)
                fields.append(read(data, place))
            else:
                fields.append(indexed(heads, next(places)))
        return Event(found.name, tuple(fields))

    def question(self, name: str, *arguments: Word | int) -> bytes:
        """Return the calldata of a view."""
        return self.views[name].selector + b"".join(a if isinstance(a, bytes) else word(a) for a in arguments)

    def answer(self, name: str, value: object) -> bytes:
        """Return the encoded answer of a view; a tuple for several values."""
        kinds = self.views[name].outputs
        return encoded(kinds, (value,) if len(kinds) == 1 else value)

    def place(self, action: str, argument: str) -> int:
        """Return the position of a named argument after the game's id."""
        return [one.name for one in self.actions[action]].index(argument) - 1

    @cached_property
    def of_games(self) -> dict[str, View]:
        """Return the views whose first argument is a game's id."""
        return {
            name: view
            for name, view in self.views.items()
            if view.inputs and view.inputs[0].text == "bytes32" and view.inputs[0].name == "id"
        }


def encoded(kinds: Sequence[Type], values: Any) -> bytes:  # noqa: ANN401 - of whatever types
    """ABI-encode values: static ones in place, dynamic ones by their offset.

    Examples
    --------
    >>> kinds = types([{"type": "bool"}, {"type": "bytes"}, {"type": "uint8[2]"}])
    >>> encoded(kinds, (True, b"ab", (3, 4))) == b"".join(map(word, (1, 128, 3, 4, 2))) + b"ab" + bytes(30)
    True
    """
    heads = [
        b"" if kind.dynamic else _plainly(kind, value) for kind, value in zip(kinds, values, strict=True)
    ]
    tails = [
        _plainly(kind, value) if kind.dynamic else b"" for kind, value in zip(kinds, values, strict=True)
    ]
    at = sum(32 * kind.words for kind in kinds)
    for k, tail in enumerate(tails):
        if kinds[k].dynamic:
            heads[k] = word(at)
            at += len(tail)
    return b"".join([*heads, *tails])


def _plainly(kind: Type, value: Any) -> bytes:  # noqa: ANN401 - of whatever type
    if kind.base == "tuple":
        return encoded(kind.inner, value)
    if kind.base == "array":
        length = word(len(value)) if kind.length is None else b""
        return length + encoded(kind.inner * len(value), value)
    if kind.base in ("bytes", "string"):
        data = value if isinstance(value, bytes) else value.encode()
        return word(len(data)) + data + bytes(-len(data) % 32)
    if kind.base == "address":
        return bytes.fromhex(value[2:]).rjust(32, b"\0")
    return value.ljust(32, b"\0") if isinstance(value, bytes) else word(value)
