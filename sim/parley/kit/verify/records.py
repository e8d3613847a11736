"""What the chain has on record, in a reference model's words: calls from calldata, events from logs.

Nothing of what wrote the records is used to read them: the bytes that a contract was sent and that it emitted
are all there is. A contract's interface says what its actions, views and events look like, and a reference
model what they are called there; :class:`Records` reads them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias, TypeVar

from parley.chain.abi import Type, functions, python_name, signature, types
from parley.chain.evm import Log
from parley.core.randomness import Word, keccak, word
from parley.kit.reference import Event

__all__ = ["Action", "NotReadableError", "Reader", "Records", "View", "written"]


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
    >>> entries, length = reader.entries(1, size=1)
    >>> reader.number(0), [entries.number(k) for k in range(length)]
    (7, [5, 6])
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
        value = int.from_bytes(self.word(index), "big", signed=signed)
        least, beyond = (-1 << bits - 1, 1 << bits - 1) if signed else (0, 1 << bits)
        if not least <= value < beyond:
            raise NotReadableError(f"word {index} is no number of {bits} bits")
        return value

    def octets_in(self, index: int, size: int) -> bytes:
        """Return the bytes, of a fixed number, that the word begins with."""
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
        """Return the bytes whose offset is word number `index`."""
        start, length = self._tail(index, 1)
        return self.data[start : start + length]

    def nested(self, index: int, size: int) -> "Reader":
        """Return a reader of the struct of `size` words whose offset is word number `index`."""
        start = self._offset(index, 32 * size)
        return Reader(self.data, start, nested=True)

    def entries(self, index: int, size: int) -> tuple["Reader", int]:
        """Return a reader of the entries, of so many words each, of the array whose offset is word `index`.

        Returns
        -------
        Reader
        int
            How many entries there are.
        """
        start, length = self._tail(index, 32 * size)
        return Reader(self.data, start, nested=True), length

    def _offset(self, index: int, needed: int) -> int:
        """Where something of a size begins whose offset is word number `index`."""
        offset = self.number(index, 256, signed=self._nested)
        if not self._nested and offset >= 1 << 64:
            raise NotReadableError("an offset is too large")
        if offset > _wrapped(len(self.data) - self._start - needed):
            raise NotReadableError("an offset leads beyond the data")
        return _wrapped(self._start + offset)

    def _tail(self, index: int, stride: int) -> tuple[int, int]:
        """Where the entries of an array begin, and how many there are."""
        at = self._offset(index, 32)
        length = int.from_bytes(self._at(at), "big")
        if length >= 1 << 64 or _wrapped(at + 32) > len(self.data) - length * stride:
            raise NotReadableError("an array reaches beyond the data")
        return at + 32, length

    def _at(self, start: int) -> Word:
        """Return a word as the EVM loads it: zeros where there is no data."""
        start %= 1 << 256
        found = self.data[start : start + 32] if start < len(self.data) else b""
        return found + bytes(32 - len(found))


def _wrapped(number: int) -> int:
    """Return a number as the EVM's signed arithmetic has it."""
    return (number + _SIGN) % (2 * _SIGN) - _SIGN


_SIGN = 1 << 255

Words: TypeAlias = Mapping[str, Callable[..., Any]]
"""What structs and enumerations are in the model, by the names that the source gives them.

Structs are made from their fields by name, enumerations from a number.
"""

T = TypeVar("T")


@lru_cache(maxsize=4096)
def _shared(value: T) -> T:
    """Return the same object for equal values: many games have the same parameters."""
    return value


_Read: TypeAlias = Callable[[Reader, int], Any]
"""Reads a value that begins with a word of some number, or whose offset that is."""


def _read(kind: Type, words: Words) -> _Read:
    """Return what reads a type, in the model's words."""
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
    """Return what reads one value after the other, and how many words after the first each begins."""
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


class _Written(NamedTuple):
    """How a function or an event of the contract is read, argument by argument."""

    name: str
    each: Sequence[tuple[int, _Read]]
    """All of a call; of an event what is in its data."""
    indexed: Sequence[_Read | None]
    """Of an event, by field: what reads its topic."""


class View(NamedTuple):
    """A view of a game: a question to the contract that the model can answer.

    Attributes
    ----------
    selector : bytes
    inputs : tuple of Type
    outputs : tuple of Type
    """

    selector: bytes
    inputs: tuple[Type, ...]
    outputs: tuple[Type, ...]


class Records:
    """How a contract's calls and events are written: as its interface says.

    Every action but `create` has the game's id as its first argument, and so has every event.

    Parameters
    ----------
    abi : iterable of mapping
        The interface as the compiler gives it.
    words : iterable of type
        What structs and enumerations are in the model, under the names that the source gives them. Structs
        are made from their fields by name, enumerations from a number.

    Attributes
    ----------
    views : dict of str to View
        By name.
    payable : str
        The action that takes money; empty if none does.
    events : dict of str to tuple of Type
        Fields of every event.
    actions : dict of str to tuple of Type
        Arguments of every action, the game's id first, but for ``create``.

    Examples
    --------
    >>> word_of = {"name": "id", "type": "bytes32", "indexed": True}
    >>> number = {"name": "round", "type": "uint256", "indexed": False}
    >>> records = Records([
    ...     {"type": "function", "name": "expire", "inputs": [word_of], "stateMutability": "nonpayable"},
    ...     {"type": "function", "name": "burnt", "inputs": [], "outputs": [number],
    ...      "stateMutability": "view"},
    ...     {"type": "event", "name": "Settled", "inputs": [word_of, number]},
    ... ])
    >>> records.read_action(keccak(b"expire(bytes32)")[:4] + word(9))[1] == word(9)
    True
    >>> settled = Log(bytes(20), (keccak(b"Settled(bytes32,uint256)"), word(7)), word(2))
    >>> records.read_event(settled) == Event("Settled", (word(7), 2))
    True
    >>> records.is_view(records.question("burnt")), records.answer("burnt", 7) == word(7)
    (True, True)
    """

    def __init__(self, abi: Iterable[Mapping[str, Any]], words: Iterable[type[Any]] = ()) -> None:
        abi = list(abi)
        self._words: Words = {one.__name__: one for one in words}
        self.views: dict[str, View] = {}
        self._actions: dict[bytes, _Written] = {}
        self.payable = ""
        self.actions: dict[str, tuple[Type, ...]] = {}
        for name, entry in functions(abi).items():
            selector, inputs = keccak(signature(entry).encode())[:4], types(entry["inputs"])
            if entry["stateMutability"] in ("view", "pure"):
                self.views[name] = View(selector, inputs, types(entry["outputs"]))
                continue
            self._actions[selector] = _Written(name, _each(inputs, self._words), ())
            if entry["stateMutability"] == "payable":
                self.payable = name
            self.actions[name] = inputs
        events = [entry for entry in abi if entry["type"] == "event"]
        self.events = {entry["name"]: types(entry["inputs"]) for entry in events}
        self._events = {keccak(signature(entry).encode()): self._event(entry) for entry in events}

    def _event(self, entry: Mapping[str, Any]) -> _Written:
        fields = [(Type(field), field["indexed"]) for field in entry["inputs"]]
        indexed = [
            None if not first else Reader.word if kind.dynamic or kind.inner else _read(kind, self._words)
            for kind, first in fields
        ]
        return _Written(
            entry["name"], _each([kind for kind, first in fields if not first], self._words), indexed
        )

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
        reader = Reader(data, 4)
        arguments = tuple([read(reader, place) for place, read in found.each])
        if found.name == "create":
            return Action(found.name, None, arguments)
        return Action(found.name, arguments[0], arguments[1:])

    def is_view(self, data: bytes) -> bool:
        """Whether calldata only asks the contract something."""
        return any(data[:4] == view.selector for view in self.views.values())

    def read_event(self, log: Log) -> Event:
        """Decode an event, its game's id first, as the reference model puts it.

        Raises
        ------
        NotReadableError
            If it is none.
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
        """Return the calldata that asks a view of the contract."""
        return self.views[name].selector + b"".join(a if isinstance(a, bytes) else word(a) for a in arguments)

    def answer(self, name: str, value: object) -> bytes:
        """Return the bytes that a view answers with; several values are given as a tuple."""
        kinds = self.views[name].outputs
        return written(kinds, (value,) if len(kinds) == 1 else value)

    def place(self, action: str, argument: str) -> int:
        """Return which argument behind the game's id has a name."""
        return [one.name for one in self.actions[action]].index(argument) - 1

    @cached_property
    def of_games(self) -> dict[str, View]:
        """Return the views that are of one game: its id is their first argument."""
        return {
            name: view
            for name, view in self.views.items()
            if view.inputs and view.inputs[0].text == "bytes32" and view.inputs[0].name == "id"
        }


def written(kinds: Sequence[Type], values: Any) -> bytes:  # noqa: ANN401 - of whatever types
    """Return values as contracts write them: numbers in place, in place of what is dynamic its offset.

    Examples
    --------
    >>> kinds = types([{"type": "bool"}, {"type": "bytes"}, {"type": "uint8[2]"}])
    >>> written(kinds, (True, b"ab", (3, 4))) == b"".join(map(word, (1, 128, 3, 4, 2))) + b"ab" + bytes(30)
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
        return written(kind.inner, value)
    if kind.base == "array":
        length = word(len(value)) if kind.length is None else b""
        return length + written(kind.inner * len(value), value)
    if kind.base in ("bytes", "string"):
        data = value if isinstance(value, bytes) else value.encode()
        return word(len(data)) + data + bytes(-len(data) % 32)
    if kind.base == "address":
        return bytes.fromhex(value[2:]).rjust(32, b"\0")
    return value.ljust(32, b"\0") if isinstance(value, bytes) else word(value)
