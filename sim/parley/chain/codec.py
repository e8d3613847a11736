"""Fast coding of calls and decoding of events.

For each function and event of a contract's ABI, an encoder or decoder is built once, as plain functions over
offsets; generic coding would take longer than the EVM. Fields of an event are decoded only when they are
read.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any, ClassVar

from parley.chain.abi import AbiError, functions, python_name, signature, types
from parley.chain.coders import reader, sequence_reader, sequence_writer, writer
from parley.chain.compiler import compile_contracts
from parley.core.randomness import keccak, word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from parley.chain.abi import Type
    from parley.chain.coders import Read, Write
    from parley.chain.evm import Logs

__all__ = ["Codec", "Event", "Function", "compiled_codec"]


class Function:
    """One function of a contract.

    Parameters
    ----------
    entry : Mapping[str, Any]
        As the compiler describes it.

    Attributes
    ----------
    selector : bytes
        Four bytes.
    encode : callable
        Returns the data of a call with these arguments, in the declared order. Structs are sequences,
        addresses strings. Invalid values raise `OverflowError`, `TypeError`, `ValueError` or `LookupError`.

    Examples
    --------
    >>> arguments = [{"name": "to", "type": "address"}, {"name": "amounts", "type": "uint256[]"}]
    >>> pay = Function({"type": "function", "name": "pay", "inputs": arguments})
    >>> data = pay.encode("0x" + "11" * 20, [7])
    >>> pay.given("amounts")([7])("0x" + "11" * 20) == data
    True
    """

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self.name: str = entry["name"]
        self.selector = keccak(signature(entry).encode())[:4]
        self._kinds = types(entry["inputs"])
        self._names = [python_name(kind.name) for kind in self._kinds]
        if any(kind.dynamic for kind in self._kinds):
            write, selector = sequence_writer(self._kinds), self.selector
            self.encode: Callable[..., bytes] = lambda *arguments: selector + write(arguments)
        else:
            self.encode = self.given()()

    def arguments(self, data: bytes) -> dict[str, Any]:
        """Return the arguments of a call by name, in the order declared.

        Raises
        ------
        AbiError
            If the data is no call of this function.
        """
        if data[:4] != self.selector:
            raise AbiError(f"no call of {self.name}")
        return dict(zip(self._names, sequence_reader(self._kinds)(data, 4, 4), strict=True))

    def given(self, *names: str) -> Callable[..., Callable[..., bytes]]:
        """Fix some arguments: ``given(names)(values)(others)`` is the data of a call.

        Fixed arguments are encoded once and may have any type. The other arguments must have static types.

        Parameters
        ----------
        *names : str
            Names of the fixed arguments, as by `parley.chain.abi.python_name`.

        Raises
        ------
        AbiError
            If there is no such argument, or another one is dynamic.
        """
        if not set(names) <= set(self._names):
            raise AbiError(f"{self.name} has no arguments {', '.join(names)}")
        places = [names.index(name) if name in names else None for name in self._names]
        others = [kind for kind, place in zip(self._kinds, places, strict=True) if place is None]
        if any(kind.dynamic for kind in others):
            raise AbiError(f"{self.name}: arguments of dynamic types must be given")
        parts = list(zip(self._kinds, map(writer, self._kinds), places, strict=True))
        fill, selector, head = _filling(others), self.selector, 32 * sum(kind.words for kind in self._kinds)

        def fix(*values: Any) -> Callable[..., bytes]:  # noqa: ANN401 - arguments of any type
            if len(values) != len(names):
                raise TypeError(f"expected {len(names)} arguments, got {len(values)}")
            pieces, piece, tails, end = [], selector, b"", head
            for kind, write, place in parts:
                if place is None:
                    pieces.append(piece)
                    piece = b""
                elif kind.dynamic:
                    piece += word(end)
                    written = write(values[place])
                    tails += written
                    end += len(written)
                else:
                    piece += write(values[place])
            return fill([*pieces, piece + tails])

        return fix


def _filling(kinds: Sequence[Type]) -> Callable[[Sequence[bytes]], Callable[..., bytes]]:
    """Return a function that joins fixed pieces of data and values of static types."""
    if all(kind.text == "bytes32" for kind in kinds) and len(kinds) in _FILLING_WORDS:
        return _FILLING_WORDS[len(kinds)]
    writers = [writer(kind) for kind in kinds]
    if len(writers) == 4:
        return partial(_filling_four_values, writers)
    return partial(_filling_values, writers)


def _filling_values(writers: Sequence[Write], pieces: Sequence[bytes]) -> Callable[..., bytes]:
    first, *others = pieces

    def fill(*values: object) -> bytes:
        written = [write(value) for write, value in zip(writers, values, strict=True)]
        return first + b"".join([part for pair in zip(written, others, strict=True) for part in pair])

    return fill


# The most frequent calls vary in a few words only; these cases are written out for speed.


def _filling_four_values(writers: Sequence[Write], pieces: Sequence[bytes]) -> Callable[..., bytes]:
    one, two, three, four = writers
    begin, second, third, fourth, end = pieces
    return lambda a, b, c, d: b"".join((begin, one(a), second, two(b), third, three(c), fourth, four(d), end))


def _filling_word(pieces: Sequence[bytes]) -> Callable[..., bytes]:
    begin, end = pieces

    def fill(a: bytes) -> bytes:
        if len(a) != 32:
            raise ValueError(_NO_WORDS)
        return begin + a + end

    return fill


def _filling_two_words(pieces: Sequence[bytes]) -> Callable[..., bytes]:
    begin, second, end = pieces

    def fill(a: bytes, b: bytes) -> bytes:
        if not len(a) == len(b) == 32:
            raise ValueError(_NO_WORDS)
        return b"".join((begin, a, second, b, end))

    return fill


def _filling_three_words(pieces: Sequence[bytes]) -> Callable[..., bytes]:
    begin, second, third, end = pieces

    def fill(a: bytes, b: bytes, c: bytes) -> bytes:
        if not len(a) == len(b) == len(c) == 32:
            raise ValueError(_NO_WORDS)
        return b"".join((begin, a, second, b, third, c, end))

    return fill


def _filling_four_words(pieces: Sequence[bytes]) -> Callable[..., bytes]:
    begin, second, third, fourth, end = pieces

    def fill(a: bytes, b: bytes, c: bytes, d: bytes) -> bytes:
        if not len(a) == len(b) == len(c) == len(d) == 32:
            raise ValueError(_NO_WORDS)
        return b"".join((begin, a, second, b, third, c, fourth, d, end))

    return fill


_NO_WORDS = "expected 32 bytes"
_FILLING_WORDS = {1: _filling_word, 2: _filling_two_words, 3: _filling_three_words, 4: _filling_four_words}


# ── events ──────────────────────────────────────────────────────────────────────────────────────────────────


class Event(tuple[Any, ...]):
    """An event that a contract emitted; a `Codec` makes one class for each event of the ABI.

    Its fields are attributes with the names of `parley.chain.abi.python_name`, with an underscore after names
    that `Event` itself has. A field is decoded at each access, so store it if you need it often. Numbers are
    integers, addresses strings in lower case, structs and arrays tuples; an indexed field of a dynamic type
    is its hash.

    Parameters
    ----------
    log : (sequence of bytes, bytes)
        Topics and data.
    """

    __slots__ = ()

    name: ClassVar[str]
    _names: ClassVar[tuple[str, ...]]

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - fields have any type
        """Report a field that the event does not have: another event was expected."""
        raise _NoFieldError(f"{self.name} has no field {name!r}")

    def as_dict(self) -> dict[str, Any]:
        """Return all fields by name, in the order declared."""
        return {name: getattr(self, name) for name in self._names}

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.as_dict() == other.as_dict()

    def __hash__(self) -> int:
        topics, data = self
        return hash((tuple(topics), data))

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.as_dict().items())})"


class _NoFieldError(AttributeError, LookupError):
    """An event does not have such a field."""


def _event(entry: Mapping[str, Any]) -> type[Event]:
    """Make the class of an event."""
    kinds = types(entry["inputs"])
    names = [_field_name(kind.name) or f"field_{k}" for k, kind in enumerate(kinds)]
    fields: dict[str, Any] = {}
    topic, place = 1, 0
    for kind, name, argument in zip(kinds, names, entry["inputs"], strict=True):
        if argument["indexed"]:
            fields[name] = _topic_field(kind, topic)
            topic += 1
        else:
            fields[name] = (
                _number_field(place) if kind.text == "uint256" else _data_field(reader(kind), place)
            )
            place += 32 * kind.words
    inside = {"__slots__": (), "__doc__": signature(entry), "name": entry["name"], "_names": tuple(names)}
    return type(entry["name"], (Event,), {**inside, **fields})


def _field_name(name: str) -> str:
    plain = python_name(name)
    return f"{plain}_" if hasattr(Event, plain) or plain == "name" else plain


def _data_field(read: Read, place: int) -> property:
    return property(lambda event: read(event[1], place, 0))


def _number_field(place: int) -> property:
    end, number = place + 32, int.from_bytes

    def get(event: Event) -> int:
        found = event[1][place:end]
        if len(found) != 32:
            raise AbiError("the data is too short")
        return number(found)

    return property(get)


def _topic_field(kind: Type, place: int) -> property:
    if kind.dynamic or kind.inner:
        return property(lambda event: event[0][place])
    read = reader(kind)
    return property(lambda event: read(event[0][place], 0, 0))


# ── a contract ──────────────────────────────────────────────────────────────────────────────────────────────


class Codec:
    """Codes calls to a contract, and decodes its events.

    Parameters
    ----------
    abi : iterable of Mapping[str, Any]
        The interface, as the compiler gives it.

    Attributes
    ----------
    functions : dict of str to Function
        Overloaded ones by their signatures.
    selectors : dict of str to bytes
        Of the functions.
    errors : dict of str to bytes
        Selectors of the contract's errors.
    topics : dict of str to bytes
        First topics of its events.

    Examples
    --------
    >>> number = {"name": "amount", "type": "uint256", "indexed": False}
    >>> codec = Codec([{"type": "event", "name": "Paid", "inputs": [number]}])
    >>> (paid,) = codec.decode([([codec.topics["Paid"]], (7).to_bytes(32))])
    >>> paid, paid.amount
    (Paid(amount=7), 7)
    """

    def __init__(self, abi: Iterable[Mapping[str, Any]]) -> None:
        self.abi = list(abi)
        self.functions = {name: Function(entry) for name, entry in functions(self.abi).items()}
        self.selectors = {name: function.selector for name, function in self.functions.items()}
        self.errors = {
            entry["name"]: keccak(signature(entry).encode())[:4] for entry in self._entries("error")
        }
        events = [entry for entry in self._entries("event") if not entry.get("anonymous")]
        self.topics = {entry["name"]: keccak(signature(entry).encode()) for entry in events}
        self._events = {self.topics[entry["name"]]: _event(entry) for entry in events}

    def _entries(self, kind: str) -> list[Mapping[str, Any]]:
        return [entry for entry in self.abi if entry["type"] == kind]

    def decode(self, logs: Logs) -> list[Event]:
        """Read a transaction's events.

        Raises
        ------
        LookupError
            If the contract does not have such an event.
        """
        events = self._events
        return [events[log[0][0]](log) for log in logs]


@cache
def compiled_codec(contract: str) -> Codec:
    """Return the codec of a contract of this tree, made once."""
    return Codec(compile_contracts()[contract].abi)
