"""Contract interfaces (ABI) and general coding with eth_abi; `parley.chain.codec` is the fast version."""

from __future__ import annotations

import keyword
import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError

from parley.core.errors import ParleyError
from parley.core.randomness import keccak

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "AbiError",
    "DecodedError",
    "DecodedEvent",
    "Interface",
    "Type",
    "argument_types",
    "functions",
    "python_name",
    "selector",
    "selectors",
    "signature",
    "types",
]

# Errors of Solidity itself.
_BUILT_IN_ERRORS: tuple[dict[str, Any], ...] = (
    {"type": "error", "name": "Error", "inputs": [{"name": "message", "type": "string"}]},
    {"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
)


class AbiError(ParleyError):
    """Data do not fit an interface."""


class DecodedError(NamedTuple):
    """Name and arguments of a custom error.

    If no error of the interface matches, the name is empty and the arguments hold the data, if any.
    """

    name: str
    args: tuple[Any, ...]


class DecodedEvent(NamedTuple):
    """An event's name, and its arguments by name in the order declared."""

    name: str
    args: dict[str, Any]


class Type:
    """The type of an argument, return value, field or array entry.

    Attributes
    ----------
    name : str
        Name of the argument, may be empty.
    text : str
        The type, with tuples spelt out: ``(uint8,bool)[]``.
    solidity : str
        Name of a struct or enumeration in the source, without the contract; otherwise empty.
    base : str
        ``uint``, ``int``, ``bool``, ``address``, ``word`` (fixed bytes), ``bytes``, ``string``, ``array`` or
        ``tuple``.
    bits : int
        Size of a number or of fixed bytes.
    length : int or None
        Length of a fixed array.
    inner : tuple of Type
        The fields of a tuple, or the entry type of an array.
    dynamic : bool
        Whether it is encoded as an offset.
    words : int
        Words in the head; one if it is dynamic.

    Examples
    --------
    >>> pairs = Type({"name": "ps", "type": "tuple[2]", "components": [{"type": "uint8"}, {"type": "bool"}]})
    >>> pairs.text, pairs.dynamic, pairs.words, pairs.inner[0].inner[0].bits
    ('(uint8,bool)[2]', False, 4, 8)
    """

    def __init__(self, argument: Mapping[str, Any]) -> None:
        text, internal = argument["type"], argument.get("internalType", "")
        self.name: str = argument.get("name", "")
        self.text: str = text
        self.base, self.bits, self.length = "tuple", 0, None
        self.inner: tuple[Type, ...] = ()
        if text.endswith("]"):
            text, _, length = text[:-1].rpartition("[")
            entry = {"type": text, "internalType": internal[: internal.rfind("[")]}
            self.inner = (Type({**argument, **entry, "name": ""}),)
            self.base, self.length = "array", int(length) if length else None
            self.text = f"{self.inner[0].text}[{length}]"
        elif text == "tuple":
            self.inner = tuple(map(Type, argument["components"]))
            self.text = f"({','.join(field.text for field in self.inner)})"
        else:
            self.base, self.bits = _elementary(text)
        named = internal.startswith(("struct ", "enum ")) and self.base != "array"
        self.solidity: str = re.split("[ .]", internal)[-1] if named else ""
        unbounded = self.base in ("bytes", "string") or (self.base == "array" and self.length is None)
        self.dynamic: bool = unbounded or any(one.dynamic for one in self.inner)
        place = sum(one.words for one in self.inner) * (1 if self.length is None else self.length)
        self.words: int = 1 if self.dynamic or not self.inner else place


def _elementary(text: str) -> tuple[str, int]:
    """Return base and bits of an elementary type."""
    found = re.fullmatch(r"(uint|int|bytes)(\d+)", text)
    if found is not None:
        number = int(found[2])
        return (found[1], number) if found[1] != "bytes" else ("word", 8 * number)
    plain = {"address": 160, "bool": 1, "bytes": 0, "string": 0}
    if text == "function":
        return "word", 192
    if text not in plain:
        raise AbiError(f"unsupported ABI type: {text}")
    return text, plain[text]


def types(arguments: Iterable[Mapping[str, Any]]) -> tuple[Type, ...]:
    """Return the types of arguments."""
    return tuple(map(Type, arguments))


@cache
def python_name(name: str) -> str:
    """Return the Python name for a Solidity name: snake case, with an underscore after Python keywords.

    Examples
    --------
    >>> [python_name(name) for name in ("nextCommitment", "secret_", "from")]
    ['next_commitment', 'secret', 'from_']
    """
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip("_")).lower()
    return f"{plain}_" if keyword.iskeyword(plain) else plain


@cache
def selector(text: str) -> bytes:
    """Return the selector of a signature, four bytes (cached).

    Examples
    --------
    >>> selector("transfer(address,uint256)").hex()
    'a9059cbb'
    """
    return keccak(text.encode())[:4]


def signature(entry: Mapping[str, Any]) -> str:
    """Return the canonical signature of a function, error or event.

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
    return {name: selector(signature(entry)) for name, entry in functions(abi).items()}


class Interface:
    r"""Codes calls and decodes results of contracts with given ABIs; the first of two equal functions counts.

    Examples
    --------
    >>> number = {"name": "amount", "type": "uint256"}
    >>> flag = {"name": "", "type": "bool"}
    >>> pay = {"type": "function", "name": "pay", "inputs": [number], "outputs": [flag]}
    >>> interface = Interface([pay, {"type": "error", "name": "TooMuch", "inputs": [number]}])
    >>> interface.encode("pay", 7)[:4].hex(), interface.decode_output("pay", bytes(31) + b"\1")
    ('c290d691', (True,))
    >>> interface.decode_error(selector("TooMuch(uint256)") + bytes(31) + b"\7")
    DecodedError(name='TooMuch', args=(7,))
    """

    def __init__(self, *abis: Iterable[Mapping[str, Any]]) -> None:
        entries = [entry for abi in abis for entry in abi]
        self._functions = functions(entries)
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
        raise AbiError(f"unknown event {event!r}")

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
        """Decode the return values of a function.

        Raises
        ------
        AbiError
            If there is no such function, or the data are invalid.
        """
        entry = self._function(function)
        try:
            return decode(argument_types(entry["outputs"]), data)
        except DecodingError as error:
            raise AbiError(f"{signature(entry)}: invalid return data 0x{data.hex()}") from error

    def decode_error(self, data: bytes) -> DecodedError:
        """Decode revert data; see `DecodedError`."""
        entry = self._errors.get(data[:4])
        if entry is not None:
            try:
                return DecodedError(entry["name"], decode(argument_types(entry["inputs"]), data[4:]))
            except DecodingError:
                pass
        return DecodedError("", (data,) if data else ())

    def decode_event(self, topics: Sequence[bytes], data: bytes) -> DecodedEvent | None:
        """Decode an event; None if no interface has it. An indexed argument of a dynamic type is its hash."""
        entry = self._events.get(topics[0]) if topics else None
        if entry is None:
            return None
        indexed = [argument for argument in entry["inputs"] if argument["indexed"]]
        plain = [argument for argument in entry["inputs"] if not argument["indexed"]]
        try:
            values = iter(decode(argument_types(plain), data))
            heads = iter(
                [
                    topic
                    if Type(argument).inner or Type(argument).dynamic
                    else decode(argument_types([argument]), topic)[0]
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
            raise AbiError(f"unknown function {name!r}") from None


def argument_types(arguments: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the canonical types of arguments, with tuples spelt out."""
    return [one.text for one in types(arguments)]


def functions(abi: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return functions by name, overloaded ones by signature."""
    by_signature: dict[str, Mapping[str, Any]] = {}
    for entry in abi:
        if entry["type"] == "function":
            by_signature.setdefault(signature(entry), entry)
    names = [entry["name"] for entry in by_signature.values()]
    return {
        key if names.count(entry["name"]) > 1 else entry["name"]: entry for key, entry in by_signature.items()
    }
