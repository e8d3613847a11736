"""Coding calls, and decoding what comes back.

Two ways. In loops that count microseconds, words are joined and cut by hand: `selector` (remembered),
`words`, `array`, and `read_*`. Everywhere else an `Interface`, built from the compiler's
output, codes any type by name.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError

from parley.core.errors import ParleyError
from parley.core.randomness import address_word, keccak, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "AbiError",
    "DecodedError",
    "DecodedEvent",
    "Interface",
    "address_word",
    "argument_types",
    "array",
    "read_address",
    "read_array",
    "read_signed",
    "read_signed_array",
    "read_word",
    "read_words",
    "selector",
    "selectors",
    "signature",
    "words",
]

_SIGN = 1 << 255
_MODULUS = 1 << 256
_UNITS = tuple(number.to_bytes(32, "big") for number in range(1024))

# What the language itself reverts with.
_BUILT_IN_ERRORS: tuple[dict[str, Any], ...] = (
    {"type": "error", "name": "Error", "inputs": [{"name": "message", "type": "string"}]},
    {"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
)


class AbiError(ParleyError):
    """Something cannot be coded as, or decoded from, what an interface says."""


class DecodedError(NamedTuple):
    """Why a call reverted: the custom error's name and arguments.

    An empty name stands for data that no error of the interface explains; the arguments are then that data,
    if any.
    """

    name: str
    args: tuple[Any, ...]


class DecodedEvent(NamedTuple):
    """An event's name, and its arguments by name in the order declared."""

    name: str
    args: dict[str, Any]


# ── by hand ────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def selector(text: str) -> bytes:
    """Return the first four bytes of the hash of a signature, remembered.

    Examples
    --------
    >>> selector("transfer(address,uint256)").hex()
    'a9059cbb'
    """
    return keccak(text.encode())[:4]


def words(values: Iterable[int]) -> bytes:
    """Return integers as words of 32 bytes, negative ones as two's complements.

    Raises
    ------
    OverflowError
        If a value does not fit.

    Examples
    --------
    >>> words([1, -1]).hex()[60:68]
    '0001ffff'
    """
    # Small numbers, most of what is ever coded, are looked up.
    return b"".join([_UNITS[value] if 0 <= value < 1024 else word(value) for value in values])


def array(values: Sequence[int]) -> bytes:
    """Return the tail of a dynamic array of numbers: its length, then its entries.

    Examples
    --------
    >>> len(array([3, 4])) // 32
    3
    """
    return word(len(values)) + words(values)


def read_word(data: bytes, index: int) -> int:
    """Return word number `index` as an unsigned integer.

    Examples
    --------
    >>> read_word(words([5, 6]), 1)
    6
    """
    return int.from_bytes(data[32 * index : 32 * index + 32], "big")


def read_signed(data: bytes, index: int) -> int:
    """Return word number `index` as a signed integer.

    Examples
    --------
    >>> read_signed(words([5, -6]), 1)
    -6
    """
    return int.from_bytes(data[32 * index : 32 * index + 32], "big", signed=True)


def read_words(data: bytes, start: int = 0, count: int | None = None) -> list[int]:
    """Return `count` words from number `start` on (all of them by default) as unsigned integers.

    Examples
    --------
    >>> read_words(words([5, 6, 7]), 1)
    [6, 7]
    """
    stop = len(data) if count is None else 32 * (start + count)
    return [int.from_bytes(data[at : at + 32], "big") for at in range(32 * start, stop, 32)]


def read_address(data: bytes, index: int) -> str:
    """Return word number `index` as an address in lower case.

    Examples
    --------
    >>> read_address(words([255]), 0)
    '0x00000000000000000000000000000000000000ff'
    """
    return "0x" + data[32 * index + 12 : 32 * index + 32].hex()


def read_array(data: bytes, index: int) -> list[int]:
    """Return the array of unsigned integers whose offset, in bytes from the start, is word number `index`.

    Examples
    --------
    >>> read_array(words([9, 64]) + array([3, 4]), 1)
    [3, 4]
    """
    start = read_word(data, index) // 32
    return read_words(data, start + 1, read_word(data, start))


def read_signed_array(data: bytes, index: int) -> list[int]:
    """Return the array of signed integers whose offset, in bytes from the start, is word number `index`.

    Examples
    --------
    >>> read_signed_array(words([32]) + array([3, -4]), 0)
    [3, -4]
    """
    return [value - _MODULUS if value >= _SIGN else value for value in read_array(data, index)]


# ── by name ────────────────────────────────────────────────────────────────────────────────────────────────


def signature(entry: Mapping[str, Any]) -> str:
    """Return the signature that a function's, error's or event's selector is the hash of.

    Examples
    --------
    >>> pairs = {"type": "tuple[]", "components": [{"type": "uint8"}, {"type": "bool"}]}
    >>> signature({"name": "f", "inputs": [pairs]})
    'f((uint8,bool)[])'
    """
    return f"{entry['name']}({','.join(argument_types(entry['inputs']))})"


def selectors(abi: Iterable[Mapping[str, Any]]) -> dict[str, bytes]:
    """Return the selectors of an interface's functions by name; those of overloaded ones by full signature.

    Examples
    --------
    >>> selectors([{"type": "function", "name": "f", "inputs": []}])["f"].hex()
    '26121ff0'
    """
    return {name: selector(signature(entry)) for name, entry in _functions(abi).items()}


class Interface:
    """Codes calls to, and decodes what comes from, contracts of given interfaces.

    Parameters
    ----------
    *abis : Iterable[Mapping[str, Any]]
        Interfaces as the compiler gives them; of functions that two have, the first counts.

    Examples
    --------
    >>> number = {"name": "amount", "type": "uint256"}
    >>> flag = {"name": "", "type": "bool"}
    >>> pay = {"type": "function", "name": "pay", "inputs": [number], "outputs": [flag]}
    >>> interface = Interface([pay, {"type": "error", "name": "TooMuch", "inputs": [number]}])
    >>> interface.encode("pay", 7)[:4].hex(), interface.decode_output("pay", words([1]))
    ('c290d691', (True,))
    >>> interface.decode_error(selector("TooMuch(uint256)") + words([7]))
    DecodedError(name='TooMuch', args=(7,))
    """

    def __init__(self, *abis: Iterable[Mapping[str, Any]]) -> None:
        entries = [entry for abi in abis for entry in abi]
        self._functions = _functions(entries)
        errors = [*_BUILT_IN_ERRORS, *(entry for entry in entries if entry["type"] == "error")]
        self._errors = {selector(signature(entry)): entry for entry in errors}
        events = [entry for entry in entries if entry["type"] == "event"]
        self._events = {
            keccak(signature(entry).encode()): entry for entry in events if not entry.get("anonymous")
        }

    def topic(self, event: str) -> bytes:
        """Return the first topic of an event, 32 bytes.

        Raises
        ------
        AbiError
            If there is no event of that name.
        """
        for topic, entry in self._events.items():
            if entry["name"] == event:
                return topic
        raise AbiError(f"no event is called {event!r}")

    def encode(self, function: str, *args: object) -> bytes:
        """Return the data of a call.

        Parameters
        ----------
        function : str
            Its name, or its signature if it is overloaded.
        *args : object
            Structs as tuples, addresses as strings.

        Raises
        ------
        AbiError
            If there is no such function, or the arguments are not its.
        """
        entry = self._function(function)
        try:
            return selector(signature(entry)) + encode(argument_types(entry["inputs"]), args)
        except (EncodingError, TypeError, ValueError) as error:
            raise AbiError(f"{signature(entry)} cannot be called with these arguments: {error}") from error

    def decode_output(self, function: str, data: bytes) -> tuple[Any, ...]:
        """Return what a function returned, one entry a return value.

        Raises
        ------
        AbiError
            If there is no such function, or it cannot have returned this.
        """
        entry = self._function(function)
        try:
            return decode(argument_types(entry["outputs"]), data)
        except DecodingError as error:
            raise AbiError(f"{signature(entry)} cannot have returned 0x{data.hex()}") from error

    def decode_error(self, data: bytes) -> DecodedError:
        """Return what revert data says; see `DecodedError` for data that says nothing."""
        entry = self._errors.get(data[:4])
        if entry is not None:
            try:
                return DecodedError(entry["name"], decode(argument_types(entry["inputs"]), data[4:]))
            except DecodingError:
                pass
        return DecodedError("", (data,) if data else ())

    def decode_event(self, topics: Sequence[bytes], data: bytes) -> DecodedEvent | None:
        """Return the event that a log holds; None if it is none of these interfaces'.

        An indexed argument of a dynamic type is its hash: that is all the log has.
        """
        entry = self._events.get(topics[0]) if topics else None
        if entry is None:
            return None
        indexed = [argument for argument in entry["inputs"] if argument["indexed"]]
        plain = [argument for argument in entry["inputs"] if not argument["indexed"]]
        try:
            values = iter(decode(argument_types(plain), data))
            heads = iter(
                [
                    topic if _is_dynamic(argument) else decode(argument_types([argument]), topic)[0]
                    for argument, topic in zip(indexed, topics[1:], strict=True)
                ]
            )
        except (DecodingError, ValueError):
            return None
        args = {
            argument["name"]: next(heads) if argument["indexed"] else next(values)
            for argument in entry["inputs"]
        }
        return DecodedEvent(entry["name"], args)

    def _function(self, name: str) -> Mapping[str, Any]:
        try:
            return self._functions[name]
        except KeyError:
            raise AbiError(f"no function is called {name!r}") from None


def argument_types(arguments: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the canonical types of arguments: a tuple's spelt out."""
    return [
        f"({','.join(argument_types(argument['components']))}){argument['type'][5:]}"
        if argument["type"].startswith("tuple")
        else argument["type"]
        for argument in arguments
    ]


def _functions(abi: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return functions by name, overloaded ones by signature."""
    by_signature: dict[str, Mapping[str, Any]] = {}
    for entry in abi:
        if entry["type"] == "function":
            by_signature.setdefault(signature(entry), entry)
    names = [entry["name"] for entry in by_signature.values()]
    return {
        key if names.count(entry["name"]) > 1 else entry["name"]: entry for key, entry in by_signature.items()
    }


def _is_dynamic(argument: Mapping[str, Any]) -> bool:
    """Return whether an indexed argument is kept as its hash: strings, bytes, arrays and structs are."""
    kind = argument["type"]
    return kind in ("string", "bytes") or kind.endswith("]") or kind.startswith("tuple")
