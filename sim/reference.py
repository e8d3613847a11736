"""What the reference models of all contracts are written with: refusals, events, and the ABI's encoding.

A reference model is a contract as a state machine in plain integers, to be read as its specification. It
raises :class:`Revert` where the contract reverts and keeps an :class:`Event` for each that the contract
emits. No chain is needed for any of it, and no mechanism is known here.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sim.randomness import Word, word

__all__ = ["NOTHING", "Event", "Revert", "encode_array", "encode_bytes", "encode_tuple", "require"]

NOTHING: Word = bytes(32)
"""The zero word: no commitment, no secret, no digest."""


class Event(NamedTuple):
    """What a transition tells the world: the event's name and its fields in the contract's order."""

    name: str
    fields: tuple[object, ...]


class Revert(Exception):  # noqa: N818 - the word of the EVM
    """A call that fails and changes nothing.

    Attributes
    ----------
    name : str
        The custom error.
    arguments : tuple
        Its arguments, in the contract's order.

    Examples
    --------
    >>> raise Revert("ZeroBond")
    Traceback (most recent call last):
    ...
    sim.reference.Revert: ZeroBond()
    """

    def __init__(self, name: str, *arguments: object) -> None:
        super().__init__(f"{name}({', '.join(_shown(argument) for argument in arguments)})")
        self.name = name
        self.arguments = arguments


def require(condition: bool, name: str, *arguments: object) -> None:  # noqa: FBT001 - reads as in Solidity
    """Revert with this error unless the condition holds.

    Examples
    --------
    >>> require(2 + 2 == 4, "ZeroBond")
    >>> require(2 + 2 == 5, "SeatOutOfRange", 3, 2)
    Traceback (most recent call last):
    ...
    sim.reference.Revert: SeatOutOfRange(3, 2)
    """
    if not condition:
        raise Revert(name, *arguments)


def encode_array(values: Sequence[int]) -> bytes:
    """Encode a dynamic array of numbers as the ABI does: its length, then its entries.

    Examples
    --------
    >>> encode_array([7]) == word(1) + word(7)
    True
    """
    return word(len(values)) + b"".join(word(value) for value in values)


def encode_bytes(data: bytes) -> bytes:
    """Encode bytes as the ABI does: how many, then the bytes, filled up to whole words.

    Examples
    --------
    >>> encode_bytes(b"ab") == word(2) + b"ab" + bytes(30)
    True
    """
    return word(len(data)) + data + bytes(-len(data) % 32)


def encode_tuple(fields: Sequence[bytes | int]) -> bytes:
    """Encode a tuple as the ABI does: numbers in place, for a dynamic field its offset.

    Parameters
    ----------
    fields : sequence of bytes or int
        Bytes are a dynamic field that is encoded already.

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
            head += word(32 * len(fields) + len(tail))
            tail += field
    return head + tail


def _shown(argument: object) -> str:
    return "0x" + argument.hex() if isinstance(argument, bytes) else str(argument)
