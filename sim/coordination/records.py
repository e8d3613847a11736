"""How the two-stage contract's calls and events read, in the reference model's words."""

from functools import lru_cache
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from sim.coordination.game import Cause
from sim.coordination.parameters import Cost, CostKind, Parameters
from sim.coordination.recognition import Turn
from sim.randomness import keccak
from sim.verification.records import NotReadableError, Reader, Records

__all__ = ["PRIMARY_TOPICS", "RECORDS", "fraction_question"]

_COST = "(uint8,uint8,uint16,uint96,uint96,uint32[],uint96[])"
_PARAMETERS = (
    f"(address[],uint8,uint32[],uint32[],{_COST}[],address,uint32,uint32,uint96,uint32,uint32,uint16)"
)
_TURN = "(uint256,uint256,uint256,uint256,uint256[],uint256[],uint256[])"


@lru_cache(maxsize=4096)
def _parameters(data: bytes) -> Parameters:
    """The struct of which `data` is the offset and the tail, as in calldata of `create` and in `Created`."""
    try:
        # Behind a word that stands for the argument before it, from which the offset counts.
        _, fields = decode(["bytes32", _PARAMETERS], bytes(32) + data)
        agents, types, contracted, capacity, costs, *rest = fields
        kinds = tuple(Cost(CostKind(kind), *others) for kind, *others in costs)
    except (DecodingError, OverflowError, ValueError) as error:
        raise NotReadableError(f"these are no parameters: {error}") from None
    return Parameters(tuple(agents), types, tuple(contracted), tuple(capacity), kinds, *rest)


def _join(r: Reader) -> tuple[Any, ...]:
    return r.number(1), r.word(2), r.word(3)


def _cause(number: int) -> Cause:
    try:
        return Cause(number)
    except ValueError:
        raise NotReadableError(f"there is no cause {number}") from None


RECORDS = Records(
    {
        "create": (f"bytes32,{_PARAMETERS}", lambda r: (r.word(0), _parameters(r.data[32:]))),
        "join": ("bytes32,uint256,bytes32,bytes32", _join),
        "announce": ("bytes32,bytes32,uint256[]", lambda r: (r.word(1), r.array(2))),
        "reveal": ("bytes32,uint256,bytes32,bytes32", _join),
        "propose": ("bytes32,uint256,int128[]", lambda r: (r.number(1), r.array(2, signed=True))),
        "respond": ("bytes32,uint256,bytes32,bool", lambda r: (r.number(1), r.word(2), bool(r.number(3)))),
        "expire": ("bytes32", lambda _: ()),
        "withdraw": (
            "bytes32,uint256,address,int128[]",
            lambda r: (r.number(1), r.address(2), r.array(3, signed=True)),
        ),
    },
    {
        "gameId": "address,bytes32",
        "state": "bytes32",
        "commitment": "bytes32,uint256",
        "secret": "bytes32,uint256",
        "announcementOf": "bytes32,uint256",
        "carried": "bytes32,uint256",
        "order": "bytes32",
        "burnt": "",
    },
    {
        "Created": (
            f"bytes32,address,bytes32,bytes32,{_PARAMETERS}",
            3,
            lambda r: (r.address(1), r.word(2), r.word(3), _parameters(r.data[128:])),
        ),
        "Joined": ("bytes32,uint256,bytes32,uint256", 1, lambda r: (r.number(1), r.word(2), r.number(3))),
        "Announced": (
            "bytes32,uint256,uint256[],uint256,uint256",
            1,
            lambda r: (r.number(1), Reader(r.data[32:]).array(1), r.number(3), r.number(4)),
        ),
        "Revealed": (
            "bytes32,uint256,uint256,bytes32,bytes32",
            1,
            lambda r: (r.number(1), r.number(2), r.word(3), r.word(4)),
        ),
        "ProposerDrawn": (
            "bytes32,uint256,uint256,uint256[2]",
            1,
            lambda r: (r.number(1), r.number(2), (r.number(3), r.number(4))),
        ),
        "Proposed": (
            "bytes32,uint256,uint256,int128[]",
            1,
            lambda r: (r.number(1), r.number(2), Reader(r.data[32:]).array(2, signed=True)),
        ),
        "Responded": (
            "bytes32,uint256,uint256,bool",
            1,
            lambda r: (r.number(1), r.number(2), bool(r.number(3))),
        ),
        "Settled": ("bytes32,uint256", 1, lambda r: (r.number(1),)),
        "BrokenDown": (
            "bytes32,uint256,uint8,uint256",
            1,
            lambda r: (r.number(1), _cause(r.number(2)), r.number(3)),
        ),
        "Withdrawn": (
            "bytes32,uint256,address,uint256",
            1,
            lambda r: (r.number(1), r.address(2), r.number(3)),
        ),
    },
)
"""Calls from calldata, events from logs."""

_FRACTION = keccak(f"fraction({_TURN})".encode())[:4]

PRIMARY_TOPICS = RECORDS.topics(
    ["Created", "Joined", "Announced", "Revealed", "Proposed", "Responded", "Withdrawn"]
)
"""First topics of the events of which a call emits one at most."""


def fraction_question(turn: Turn) -> bytes:
    """Return the calldata that asks a recognition contract for its fraction."""
    fields = (
        turn.agent,
        turn.agents,
        turn.remaining,
        turn.contracted_from,
        turn.contracted,
        turn.maximal,
        turn.announced,
    )
    return _FRACTION + encode([_TURN], [fields])
