"""How the lottery contract's calls and events read, in the reference model's words."""

from functools import lru_cache

from parley.kit.verify.records import NotReadableError, Reader, Records
from parley.mechanisms.assignment.certificate import Certificate
from parley.mechanisms.assignment.lottery_state import Phase
from parley.mechanisms.assignment.parameters import Parameters, Rule

__all__ = ["RECORDS"]

_PARAMETERS = "(address[],uint32[],uint8,uint96,uint32,uint32)"
_CERTIFICATE = "(uint256,uint256[],uint256[],uint256[],bytes)"


@lru_cache(maxsize=4096)
def _shared(parameters: Parameters) -> Parameters:
    """Return the same object for the same parameters: many lotteries have the same."""
    return parameters


def _parameters(r: Reader) -> Parameters:
    """The struct, its fields in the order of their declaration."""
    agents = tuple(f"0x{agent:040x}" for agent in r.array(0, 160))
    try:
        rule = Rule(r.number(2))
    except ValueError:
        raise NotReadableError(f"there is no rule {r.number(2)}") from None
    return _shared(
        Parameters(agents, r.array(1, 32), rule, r.number(3, 96), r.number(4, 32), r.number(5, 32))
    )


def _certificate(r: Reader) -> Certificate:
    return Certificate(r.number(0), r.array(1), r.array(2), r.array(3), r.octets(4))


def _phase(number: int) -> Phase:
    try:
        return Phase(number)
    except ValueError:
        raise NotReadableError(f"there is no phase {number}") from None


RECORDS = Records(
    {
        "create": (f"bytes32,{_PARAMETERS}", lambda r: (r.word(0), _parameters(r.nested(1, 6)))),
        "commit": ("bytes32,uint256,bytes32,bytes32", lambda r: (r.number(1), r.word(2), r.word(3))),
        "reveal": (
            "bytes32,uint256,bytes32,bytes32,bytes,bytes32",
            lambda r: (r.number(1), r.word(2), r.word(3), r.octets(4), r.word(5)),
        ),
        "post": (f"bytes32,bytes32,{_CERTIFICATE}", lambda r: (r.word(1), _certificate(r.nested(2, 5)))),
        "open": ("bytes32,uint256,bytes32,bytes32", lambda r: (r.number(1), r.word(2), r.word(3))),
        "expire": ("bytes32", lambda _: ()),
        "withdraw": ("bytes32,uint256,address", lambda r: (r.number(1), r.address(2))),
    },
    {
        "burnt": "",
        "lotteryId": "address,bytes32",
        "state": "bytes32",
        "commitment": "bytes32,uint256",
        "rankingOf": "bytes32,uint256",
        "digestOf": "bytes32",
        "assignmentOf": "bytes32",
    },
    {
        "Created": (
            f"bytes32,address,bytes32,bytes32,{_PARAMETERS}",
            3,
            lambda r: (
                r.address(1),
                r.word(2),
                r.word(3),
                # Offsets count from the first word that is not indexed.
                _parameters(Reader(r.data, 96).nested(1, 6)),
            ),
        ),
        "Committed": ("bytes32,uint256,bytes32", 1, lambda r: (r.number(1), r.word(2))),
        "Revealed": (
            "bytes32,uint256,bytes32,bytes,bytes32",
            1,
            lambda r: (r.number(1), r.word(2), Reader(r.data, 32).octets(2), r.word(4)),
        ),
        "Posted": (
            "bytes32,address,bytes32,uint256",
            2,
            lambda r: (r.address(1), r.word(2), r.number(3)),
        ),
        "Opened": ("bytes32,uint256,bytes32", 1, lambda r: (r.number(1), r.word(2))),
        "Expired": ("bytes32,uint8,uint256", 1, lambda r: (_phase(r.number(1)), r.number(2))),
        "OrderDrawn": ("bytes32,uint256[2]", 1, lambda r: ((r.number(1), r.number(2)),)),
        "TermDrawn": ("bytes32,uint256,uint256", 1, lambda r: (r.number(1), r.number(2))),
        "Assigned": ("bytes32,uint256[2]", 1, lambda r: ((r.number(1), r.number(2)),)),
        "Cancelled": ("bytes32,uint8", 1, lambda r: (_phase(r.number(1)),)),
        "Withdrawn": (
            "bytes32,uint256,address,uint256",
            1,
            lambda r: (r.number(1), r.address(2), r.number(3)),
        ),
    },
)
"""Calls from calldata, events from logs."""
