"""What the lottery contract emits, decoded at fixed offsets: generic decoding would cost more than the EVM.

Each event is a named tuple of the contract's own fields, but for those that are topics, the lottery's id
first of all. The interface says what they mean (contracts/interfaces/IAssignmentLottery.sol).
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from parley.core.randomness import keccak

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.chain.evm import Logs

__all__ = [
    "PARAMETERS",
    "SIGNATURES",
    "Assigned",
    "Cancelled",
    "Committed",
    "Created",
    "Event",
    "Expired",
    "Opened",
    "OrderDrawn",
    "Posted",
    "Revealed",
    "TermDrawn",
    "Withdrawn",
    "decode",
]


class Created(NamedTuple):
    """A lottery was opened; its parameters follow the digest in the raw data."""

    digest: bytes
    parameters: bytes


class Committed(NamedTuple):
    """A seat has committed, and paid the bond."""

    seat: int
    commitment: bytes


class Revealed(NamedTuple):
    """A seat has opened its report: a byte for each item, best first."""

    seat: int
    secret: bytes
    ranking: bytes
    next_commitment: bytes


class Posted(NamedTuple):
    """A certificate was accepted."""

    digest: bytes
    terms: int


class Opened(NamedTuple):
    """A seat has opened its second secret."""

    seat: int
    secret: bytes


class Expired(NamedTuple):
    """A deadline passed; bit i of `silent` is set if seat i loses its bond."""

    phase: int
    silent: int


class OrderDrawn(NamedTuple):
    """Seats pick in this order (one byte each, more than there are)."""

    order: bytes


class TermDrawn(NamedTuple):
    """A number was drawn, and the term that it falls to."""

    number: int
    term: int


class Assigned(NamedTuple):
    """Who gets what: a byte for each seat (more than there are), one more than its item, or 0 for nothing."""

    codes: bytes


class Cancelled(NamedTuple):
    """Nothing is drawn; in which phase that came about."""

    phase: int


class Withdrawn(NamedTuple):
    """A seat took its bond, in wei."""

    seat: int
    to: bytes
    amount: int


Event = (
    Created
    | Committed
    | Revealed
    | Posted
    | Opened
    | Expired
    | OrderDrawn
    | TermDrawn
    | Assigned
    | Cancelled
    | Withdrawn
)

_REVEALED = Struct(">28xI32s32x32s28xI").unpack_from


def _created(data: bytes) -> Created:
    return Created(data[:32], data[64:])


def _committed(data: bytes) -> Committed:
    return Committed(data[31], data[32:64])


def _revealed(data: bytes) -> Revealed:
    seat, secret, next_commitment, length = _REVEALED(data)
    return Revealed(seat, secret, data[160 : 160 + length], next_commitment)


def _posted(data: bytes) -> Posted:
    return Posted(data[:32], int.from_bytes(data[32:]))


def _opened(data: bytes) -> Opened:
    return Opened(data[31], data[32:64])


def _expired(data: bytes) -> Expired:
    return Expired(data[31], int.from_bytes(data[32:]))


def _order_drawn(data: bytes) -> OrderDrawn:
    return OrderDrawn(_bytes_of_words(data))


def _term_drawn(data: bytes) -> TermDrawn:
    return TermDrawn(int.from_bytes(data[:32]), int.from_bytes(data[32:]))


def _assigned(data: bytes) -> Assigned:
    return Assigned(_bytes_of_words(data))


def _cancelled(data: bytes) -> Cancelled:
    return Cancelled(data[31])


def _withdrawn(data: bytes) -> Withdrawn:
    return Withdrawn(data[31], data[44:64], int.from_bytes(data[64:]))


def _bytes_of_words(data: bytes) -> bytes:
    """Seat by seat: the first one is in the lowest byte of the first of two words."""
    return data[31::-1] + data[:31:-1]


PARAMETERS = "(address[],uint32[],uint8,uint96,uint32,uint32)"
"""The ABI's name of the Parameters struct."""

SIGNATURES: dict[type[Event], str] = {
    Created: f"Created(bytes32,address,bytes32,bytes32,{PARAMETERS})",
    Committed: "Committed(bytes32,uint256,bytes32)",
    Revealed: "Revealed(bytes32,uint256,bytes32,bytes,bytes32)",
    Posted: "Posted(bytes32,address,bytes32,uint256)",
    Opened: "Opened(bytes32,uint256,bytes32)",
    Expired: "Expired(bytes32,uint8,uint256)",
    OrderDrawn: "OrderDrawn(bytes32,uint256[2])",
    TermDrawn: "TermDrawn(bytes32,uint256,uint256)",
    Assigned: "Assigned(bytes32,uint256[2])",
    Cancelled: "Cancelled(bytes32,uint8)",
    Withdrawn: "Withdrawn(bytes32,uint256,address,uint256)",
}

_BY_KIND: dict[type[Event], Callable[[bytes], Event]] = {
    Created: _created,
    Committed: _committed,
    Revealed: _revealed,
    Posted: _posted,
    Opened: _opened,
    Expired: _expired,
    OrderDrawn: _order_drawn,
    TermDrawn: _term_drawn,
    Assigned: _assigned,
    Cancelled: _cancelled,
    Withdrawn: _withdrawn,
}
_DECODERS = {keccak(SIGNATURES[kind].encode()): decoder for kind, decoder in _BY_KIND.items()}


def decode(logs: Logs) -> list[Event]:
    """Read a transaction's events.

    Raises
    ------
    KeyError
        With the first topic of an event that the contract does not have.

    Examples
    --------
    >>> topic = keccak(b"TermDrawn(bytes32,uint256,uint256)")
    >>> decode([([topic, bytes(32)], (7).to_bytes(32) + (3).to_bytes(32))])
    [TermDrawn(number=7, term=3)]
    """
    return [_DECODERS[topics[0]](data) for topics, data in logs]
