"""How the two-stage contract's calls and events read, in the reference model's words."""

from functools import lru_cache
from typing import Any

from eth_abi.abi import encode

from parley.core.randomness import keccak
from parley.kit.verify.records import NotReadableError, Reader, Records
from parley.mechanisms.coordination.game import Cause
from parley.mechanisms.coordination.parameters import Cost, CostKind, Parameters
from parley.mechanisms.coordination.recognition import Turn

__all__ = ["RECORDS", "fraction_question"]

_COST = "(uint8,uint8,uint16,uint96,uint96,uint32[],uint96[])"
_PARAMETERS = (
    f"(address[],uint8,uint32[],uint32[],{_COST}[],address,bytes32,uint32,uint32,uint96,uint32,uint32,uint16)"
)
_TURN = "(uint256,uint256,uint256,uint256,uint256[],uint256[],uint256[])"


@lru_cache(maxsize=4096)
def _shared(parameters: Parameters) -> Parameters:
    """Return the same object for the same parameters: many games have the same."""
    return parameters


def _parameters(r: Reader) -> Parameters:
    """The struct, its fields in the order of their declaration."""
    found = Parameters(
        agents=tuple(f"0x{agent:040x}" for agent in r.array(0, 160)),
        task_types=r.number(1, 8),
        contracted=r.array(2, 32),
        capacity=r.array(3, 32),
        costs=tuple(map(_cost, r.structs(4, 7))),
        recognition=r.address(5),
        recognition_code=r.word(6),
        continuation_numerator=r.number(7, 32),
        continuation_denominator=r.number(8, 32),
        bond=r.number(9, 96),
        join_window=r.number(10, 32),
        action_window=r.number(11, 32),
        max_rounds=r.number(12, 16),
    )
    return _shared(found)


def _cost(r: Reader) -> Cost:
    try:
        kind = CostKind(r.number(0))
    except ValueError:
        raise NotReadableError(f"there is no kind of cost {r.number(0)}") from None
    return Cost(
        kind,
        r.number(1, 8),
        r.number(2, 16),
        r.number(3, 96),
        r.number(4, 96),
        r.array(5, 32),
        r.array(6, 96),
    )


def _join(r: Reader) -> tuple[Any, ...]:
    return r.number(1), r.word(2), r.word(3)


def _cause(number: int) -> Cause:
    try:
        return Cause(number)
    except ValueError:
        raise NotReadableError(f"there is no cause {number}") from None


RECORDS = Records(
    {
        "create": (f"bytes32,{_PARAMETERS}", lambda r: (r.word(0), _parameters(r.nested(1, 13)))),
        "store": (
            "bytes32,bytes32,uint32[],uint32[]",
            lambda r: (r.word(1), r.array(2, 32), r.array(3, 32)),
        ),
        "join": ("bytes32,uint256,bytes32,bytes32", _join),
        "announce": ("bytes32,bytes32,uint256[]", lambda r: (r.word(1), r.array(2))),
        "reveal": (
            "bytes32,uint256,bytes32,bytes32,bytes32",
            lambda r: (r.number(1), r.word(2), r.word(3), r.word(4)),
        ),
        "propose": ("bytes32,bytes32,int128[]", lambda r: (r.word(1), r.array(2, 128, signed=True))),
        "respond": ("bytes32,bytes32,bool", lambda r: (r.word(1), r.flag(2))),
        "expire": ("bytes32", lambda _: ()),
        "withdraw": (
            "bytes32,uint256,address,bytes32,int128[]",
            lambda r: (r.number(1), r.address(2), r.word(3), r.array(4, 128, signed=True)),
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
            lambda r: (r.address(1), r.word(2), r.word(3), _parameters(Reader(r.data, 96).nested(1, 13))),
        ),
        "Stored": (
            "bytes32,uint256,bytes32,uint32[],uint32[]",
            1,
            lambda r: (
                r.number(1),
                r.word(2),
                Reader(r.data, 32).array(2, 32),
                Reader(r.data, 32).array(3, 32),
            ),
        ),
        "Joined": ("bytes32,uint256,bytes32,uint256", 1, lambda r: (r.number(1), r.word(2), r.number(3))),
        "Announced": (
            "bytes32,uint256,uint256[],uint256,uint256",
            1,
            lambda r: (r.number(1), Reader(r.data, 32).array(1), r.number(3), r.number(4)),
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
            lambda r: (r.number(1), r.number(2), Reader(r.data, 32).array(2, 128, signed=True)),
        ),
        "Responded": (
            "bytes32,uint256,uint256,bool",
            1,
            lambda r: (r.number(1), r.number(2), r.flag(3)),
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
