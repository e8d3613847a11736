"""Encoders and decoders of ABI types, as plain functions over offsets.

Decoding checks data like contracts from the Solidity compiler: values out of range and data that are too
short are refused, data after the end are ignored.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from operator import methodcaller
from typing import TYPE_CHECKING, Any, TypeAlias

from parley.chain.abi import AbiError
from parley.core.randomness import address_word, word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parley.chain.abi import Type

__all__ = ["Read", "Write", "reader", "sequence_reader", "sequence_writer", "writer"]

Write: TypeAlias = "Callable[[Any], bytes]"
"""Encodes one value, without the offset of a dynamic one."""
Read: TypeAlias = "Callable[[bytes, int, int], Any]"
"""Decodes the value at a place in data; offsets count from another place."""

_SHORT = "the data is too short"
_number = int.from_bytes


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────


def writer(kind: Type) -> Write:
    """Return the encoder of a type.

    It raises `OverflowError`, `TypeError`, `ValueError` or `LookupError` for invalid values.
    """
    if kind.base in _PLAIN_WRITERS:
        return _PLAIN_WRITERS[kind.base]
    if kind.base == "array":
        return _array_writer(kind)
    if kind.base == "tuple":
        return sequence_writer(kind.inner)
    if kind.base == "word":
        return _word_writer(kind.bits // 8)
    return _signed_writer(kind.bits) if kind.base == "int" else _unsigned_writer(kind.bits)


def _unsigned_writer(bits: int) -> Write:
    if bits == 256:
        return methodcaller("to_bytes", 32)

    def write(value: int) -> bytes:
        if value >> bits:
            raise OverflowError(f"{value} is not an unsigned integer of {bits} bits")
        return value.to_bytes(32)

    return write


def _signed_writer(bits: int) -> Write:
    def write(value: int) -> bytes:
        if value >> bits - 1 not in (0, -1):
            raise OverflowError(f"{value} is not a signed integer of {bits} bits")
        return value.to_bytes(32, signed=True)

    return write


def _word_writer(size: int) -> Write:
    padding = bytes(32 - size)

    def write(value: bytes) -> bytes:
        if len(value) != size:
            raise ValueError(f"expected {size} bytes, got {len(value)}")
        return value + padding

    return write


@lru_cache(maxsize=1024)
def _write_address(value: str) -> bytes:
    found = address_word(value)
    if len(found) != 32:
        raise ValueError(f"not an address: {value!r}")
    return found


def _write_bytes(value: bytes) -> bytes:
    return word(len(value)) + value + bytes(-len(value) % 32)


def _write_string(value: str) -> bytes:
    return _write_bytes(value.encode())


_BOOLS = {False: bytes(32), True: word(1)}
_PLAIN_WRITERS: dict[str, Write] = {
    "address": _write_address,
    "bool": _BOOLS.__getitem__,
    "bytes": _write_bytes,
    "string": _write_string,
}


def _array_writer(kind: Type) -> Write:
    (entry,) = kind.inner
    write, length = writer(entry), kind.length

    def entries(values: Sequence[Any]) -> bytes:
        if length is not None and len(values) != length:
            raise ValueError(f"expected {length} entries, got {len(values)}")
        written = list(map(write, values))
        return _with_offsets(written) if entry.dynamic else b"".join(written)

    return entries if length is not None else lambda values: word(len(values)) + entries(values)


def _with_offsets(tails: Sequence[bytes]) -> bytes:
    """Put the offsets of all values before them."""
    offsets = accumulate(map(len, tails[:-1]), initial=32 * len(tails)) if tails else ()
    return b"".join([*map(word, offsets), *tails])


def sequence_writer(kinds: Sequence[Type]) -> Write:
    """Return the encoder of a struct or of arguments."""
    writers = [(writer(kind), kind.dynamic) for kind in kinds]
    head = 32 * sum(kind.words for kind in kinds)

    def write(values: Sequence[Any]) -> bytes:
        heads, tails, end = [], [], head
        for (one, dynamic), value in zip(writers, values, strict=True):
            written = one(value)
            if dynamic:
                heads.append(word(end))
                tails.append(written)
                end += len(written)
            else:
                heads.append(written)
        return b"".join(heads + tails)

    return write


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────


def reader(kind: Type) -> Read:
    """Return the decoder of a type; it raises `AbiError` for invalid data."""
    read = _reader_in_place(kind)
    if not kind.dynamic:
        return read

    def follow(data: bytes, at: int, base: int) -> Any:  # noqa: ANN401 - of any type
        found = data[at : at + 32]
        if len(found) != 32:
            raise AbiError(_SHORT)
        offset = _number(found)
        if offset >> 64:
            raise AbiError("an offset is too large")
        return read(data, base + offset, base)

    return follow


def _reader_in_place(kind: Type) -> Read:
    if kind.base in _PLAIN_READERS:
        return _PLAIN_READERS[kind.base]
    if kind.base == "array":
        return _array_reader(kind)
    if kind.base == "tuple":
        return sequence_reader(kind.inner)
    if kind.base == "word":
        return _word_reader(kind.bits // 8)
    return _signed_reader(kind) if kind.base == "int" else _unsigned_reader(kind)


def _read_word(data: bytes, at: int, _base: int) -> int:
    found = data[at : at + 32]
    if len(found) != 32:
        raise AbiError(_SHORT)
    return _number(found)


def _unsigned_reader(kind: Type) -> Read:
    bits = kind.bits
    if bits == 256:
        return _read_word

    def read(data: bytes, at: int, base: int) -> int:
        value = _read_word(data, at, base)
        if value >> bits:
            raise AbiError(f"{value} is not of type {kind.text}")
        return value

    return read


def _signed_reader(kind: Type) -> Read:
    bits = kind.bits - 1

    def read(data: bytes, at: int, _base: int) -> int:
        found = data[at : at + 32]
        if len(found) != 32:
            raise AbiError(_SHORT)
        value = _number(found, signed=True)
        if value >> bits not in (0, -1):
            raise AbiError(f"{value} is not of type {kind.text}")
        return value

    return read


def _word_reader(size: int) -> Read:
    padding = bytes(32 - size)

    def read(data: bytes, at: int, _base: int) -> bytes:
        found = data[at : at + 32]
        if len(found) != 32:
            raise AbiError(_SHORT)
        if found[size:] != padding:
            raise AbiError(f"{found.hex()} is more than {size} bytes")
        return found[:size]

    return read


def _read_bool(data: bytes, at: int, base: int) -> bool:
    value = _read_word(data, at, base)
    if value > 1:
        raise AbiError(f"{value} is not a bool")
    return value == 1


def _read_address(data: bytes, at: int, base: int) -> str:
    value = _read_word(data, at, base)
    if value >> 160:
        raise AbiError(f"{value} is not an address")
    return f"0x{value:040x}"


def _read_bytes(data: bytes, at: int, _base: int) -> bytes:
    length = _number(data[at : at + 32])
    end = at + 32 + length
    if end > len(data):
        raise AbiError(_SHORT)
    return data[at + 32 : end]


def _read_string(data: bytes, at: int, base: int) -> str:
    return _read_bytes(data, at, base).decode()


_PLAIN_READERS: dict[str, Read] = {
    "address": _read_address,
    "bool": _read_bool,
    "bytes": _read_bytes,
    "string": _read_string,
}


def _array_reader(kind: Type) -> Read:
    (entry,) = kind.inner
    length, stride = kind.length, 32 * entry.words
    each = _numbers_reader(entry) if entry.base in ("uint", "int") else _entries_reader(entry)

    def entries(data: bytes, at: int, count: int) -> tuple[Any, ...]:
        if at + stride * count > len(data):
            raise AbiError(_SHORT)
        return each(data, range(at, at + stride * count, stride))

    if length is not None:
        return lambda data, at, _base: entries(data, at, length)
    return lambda data, at, _base: entries(data, at + 32, _read_word(data, at, 0))


def _numbers_reader(entry: Type) -> Callable[[bytes, range], tuple[int, ...]]:
    signed = entry.base == "int"
    bits = entry.bits - signed
    fitting = (0, -1) if signed else (0,)

    def numbers(data: bytes, places: range) -> tuple[int, ...]:
        if signed:
            values = tuple([_number(data[at : at + 32], signed=True) for at in places])
        else:
            values = tuple([_number(data[at : at + 32]) for at in places])
        if (
            bits < 255
            and values
            and (max(values) >> bits not in fitting or min(values) >> bits not in fitting)
        ):
            raise AbiError(f"a number is not of type {entry.text}")
        return values

    return numbers


def _entries_reader(entry: Type) -> Callable[[bytes, range], tuple[Any, ...]]:
    read = reader(entry)
    return lambda data, places: tuple([read(data, at, places.start) for at in places])


def sequence_reader(kinds: Sequence[Type]) -> Read:
    """Return the decoder of a struct or of arguments; it returns a tuple."""
    places = accumulate((32 * kind.words for kind in kinds[:-1]), initial=0)
    readers = list(zip(map(reader, kinds), places, strict=False))

    def read(data: bytes, at: int, _base: int) -> tuple[Any, ...]:
        return tuple([one(data, at + place, at) for one, place in readers])

    return read
