"""What the contract emits, decoded at fixed offsets: generic ABI decoding would cost more than the EVM.

Each event is a named tuple of the contract's own fields, but for the game's id, which is the first topic of
all. The interface says what they mean (contracts/interfaces/ITwoStageMechanism.sol).
"""

from collections.abc import Callable
from functools import cache
from struct import Struct
from typing import NamedTuple

from parley.chain.evm import Logs
from parley.core.randomness import keccak

__all__ = [
    "Announced",
    "BrokenDown",
    "Created",
    "Event",
    "Joined",
    "Proposed",
    "ProposerDrawn",
    "Responded",
    "Revealed",
    "Settled",
    "Stored",
    "Withdrawn",
    "decode",
]


class Created(NamedTuple):
    """A game was opened; its parameters follow the digest in the raw data."""

    digest: bytes
    parameters: bytes


class Stored(NamedTuple):
    """A page of the matrices was stored, the rows of `seat` and of those behind it."""

    seat: int
    digest: bytes


class Joined(NamedTuple):
    """A seat was taken."""

    seat: int
    commitment: bytes
    deposit: int


class Announced(NamedTuple):
    """A workload was announced and the seat's recognition fraction frozen."""

    seat: int
    announcement: tuple[int, ...]
    numerator: int
    denominator: int


class Revealed(NamedTuple):
    """A secret was opened."""

    round: int
    seat: int
    secret: bytes
    next_commitment: bytes


class ProposerDrawn(NamedTuple):
    """Somebody was recognized; the others answer in this order (one byte each, more than there are)."""

    round: int
    proposer: int
    order: bytes


class Proposed(NamedTuple):
    """Cost shares were proposed, in wei."""

    round: int
    proposer: int
    shares: tuple[int, ...]


class Responded(NamedTuple):
    """A seat answered."""

    round: int
    seat: int
    accepted: bool


class Settled(NamedTuple):
    """All accepted."""

    round: int


class BrokenDown(NamedTuple):
    """The contracts stand; bit i of `silent` is set if seat i let the deadline pass."""

    round: int
    cause: int
    silent: int


class Withdrawn(NamedTuple):
    """A seat took its money, in wei."""

    seat: int
    to: bytes
    amount: int


Event = (
    Created
    | Stored
    | Joined
    | Announced
    | Revealed
    | ProposerDrawn
    | Proposed
    | Responded
    | Settled
    | BrokenDown
    | Withdrawn
)

# One call reads all the words of an event that fit 32 or 64 bits.
_SMALL = Struct(">28xI").unpack_from
_THREE = Struct(">28xI28xI24xQ").unpack
_TWO = Struct(">28xI28xI").unpack_from
_REVEALED = Struct(">28xI28xI32s32s").unpack
_ANNOUNCED = Struct(">28xI32x28xI28xI28xI").unpack_from


@cache
def _row(length: int) -> Callable[[bytes, int], tuple[int, ...]]:
    return Struct(">" + "28xI" * length).unpack_from


def _created(data: bytes) -> Created:
    return Created(data[:32], data[64:])


def _stored(data: bytes) -> Stored:
    return Stored(data[31], data[32:64])


def _joined(data: bytes) -> Joined:
    return Joined(data[31], data[32:64], int.from_bytes(data[64:]))


def _announced(data: bytes) -> Announced:
    seat, numerator, denominator, length = _ANNOUNCED(data)
    return Announced(seat, _row(length)(data, 160), numerator, denominator)


def _revealed(data: bytes) -> Revealed:
    return Revealed._make(_REVEALED(data))


def _proposer_drawn(data: bytes) -> ProposerDrawn:
    # The first responder is in the lowest byte of the first of two words.
    round_number, proposer = _TWO(data)
    return ProposerDrawn(round_number, proposer, data[95:63:-1] + data[:95:-1])


def _proposed(data: bytes) -> Proposed:
    round_number, proposer = _TWO(data)
    from_bytes = int.from_bytes
    shares = [from_bytes(data[at : at + 32], signed=True) for at in range(128, len(data), 32)]
    return Proposed(round_number, proposer, tuple(shares))


def _responded(data: bytes) -> Responded:
    round_number, seat = _TWO(data)
    return Responded(round_number, seat, data[95] == 1)


def _settled(data: bytes) -> Settled:
    return Settled._make(_SMALL(data))


def _broken_down(data: bytes) -> BrokenDown:
    return BrokenDown._make(_THREE(data))


def _withdrawn(data: bytes) -> Withdrawn:
    return Withdrawn(data[31], data[44:64], int.from_bytes(data[64:]))


_COST = "(uint8,uint8,uint16,uint96,uint96,uint32[],uint96[])"
PARAMETERS = (
    f"(address[],uint8,uint32[],uint32[],{_COST}[],address,bytes32,uint32,uint32,uint96,uint32,uint32,uint16)"
)
"""The ABI's name of the Parameters struct."""

SIGNATURES: dict[type[Event], str] = {
    Created: f"Created(bytes32,address,bytes32,bytes32,{PARAMETERS})",
    Stored: "Stored(bytes32,uint256,bytes32,uint32[],uint32[])",
    Joined: "Joined(bytes32,uint256,bytes32,uint256)",
    Announced: "Announced(bytes32,uint256,uint256[],uint256,uint256)",
    Revealed: "Revealed(bytes32,uint256,uint256,bytes32,bytes32)",
    ProposerDrawn: "ProposerDrawn(bytes32,uint256,uint256,uint256[2])",
    Proposed: "Proposed(bytes32,uint256,uint256,int128[])",
    Responded: "Responded(bytes32,uint256,uint256,bool)",
    Settled: "Settled(bytes32,uint256)",
    BrokenDown: "BrokenDown(bytes32,uint256,uint8,uint256)",
    Withdrawn: "Withdrawn(bytes32,uint256,address,uint256)",
}

_BY_KIND: dict[type[Event], Callable[[bytes], Event]] = {
    Created: _created,
    Stored: _stored,
    Joined: _joined,
    Announced: _announced,
    Revealed: _revealed,
    ProposerDrawn: _proposer_drawn,
    Proposed: _proposed,
    Responded: _responded,
    Settled: _settled,
    BrokenDown: _broken_down,
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
    >>> topic = keccak(b"Settled(bytes32,uint256)")
    >>> decode([([topic, bytes(32)], (3).to_bytes(32))])
    [Settled(round=3)]
    """
    return [_DECODERS[topics[0]](data) for topics, data in logs]
