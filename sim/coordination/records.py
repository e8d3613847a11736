"""What the chain has on record, in the reference model's words: calls from calldata, events from logs.

Nothing of what wrote the records is used to read them: the bytes that a contract was sent and that it emitted
are all there is.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from sim.chain.evm import Log
from sim.coordination.game import Cause
from sim.coordination.model import Event
from sim.coordination.parameters import Cost, CostKind, Parameters
from sim.coordination.recognition import Turn
from sim.randomness import Word, keccak, word

__all__ = [
    "PRIMARY_TOPICS",
    "Action",
    "NotReadableError",
    "fraction_question",
    "is_view",
    "read_action",
    "read_event",
    "view_question",
]

_COST = "(uint8,uint8,uint16,uint96,uint96,uint32[],uint96[])"
_PARAMETERS = (
    f"(address[],uint8,uint32[],uint32[],{_COST}[],address,uint32,uint32,uint96,uint32,uint32,uint16)"
)
_TURN = "(uint256,uint256,uint256,uint256,uint256[],uint256[],uint256[])"


class NotReadableError(Exception):
    """Bytes that are no call, or no event, of the mechanism."""


class Action(NamedTuple):
    """One call, decoded.

    Attributes
    ----------
    name : str
        The function.
    game : bytes or None
        Id of the game; None for `create`, whose id follows from its sender.
    arguments : tuple
        The others, in the contract's order.
    """

    name: str
    game: Word | None
    arguments: tuple[Any, ...]


class _Reader:
    """Words of ABI-encoded data, refusing to read beyond its end."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def word(self, index: int) -> Word:
        return self._at(32 * index)

    def number(self, index: int) -> int:
        return int.from_bytes(self._at(32 * index), "big")

    def address(self, index: int) -> str:
        return "0x" + self._at(32 * index)[12:].hex()

    def array(self, index: int, *, signed: bool = False) -> tuple[int, ...]:
        """The array whose offset is word number `index`."""
        start = self.number(index)
        stop = start + 32 * (1 + int.from_bytes(self._at(start), "big"))
        if stop > len(self.data):
            raise NotReadableError("an array reaches beyond the data")
        return tuple(
            int.from_bytes(self.data[at : at + 32], "big", signed=signed)
            for at in range(start + 32, stop, 32)
        )

    def _at(self, start: int) -> Word:
        found = self.data[start : start + 32]
        if len(found) != 32:
            raise NotReadableError("the data is too short")
        return found


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


def _join(r: _Reader) -> tuple[Any, ...]:
    return r.number(1), r.word(2), r.word(3)


_ACTIONS: Mapping[str, tuple[str, Callable[[_Reader], tuple[Any, ...]]]] = {
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
}
_BY_SELECTOR = {
    keccak(f"{name}({types})".encode())[:4]: (name, read) for name, (types, read) in _ACTIONS.items()
}

_VIEWS = {
    name: keccak(f"{name}({types})".encode())[:4]
    for name, types in {
        "gameId": "address,bytes32",
        "state": "bytes32",
        "commitment": "bytes32,uint256",
        "secret": "bytes32,uint256",
        "announcementOf": "bytes32,uint256",
        "carried": "bytes32,uint256",
        "order": "bytes32",
        "burnt": "",
    }.items()
}
_FRACTION = keccak(f"fraction({_TURN})".encode())[:4]

_EVENTS: Mapping[str, tuple[str, int, Callable[[_Reader], tuple[Any, ...]]]] = {
    "Created": (
        f"bytes32,address,bytes32,bytes32,{_PARAMETERS}",
        3,
        lambda r: (r.address(1), r.word(2), r.word(3), _parameters(r.data[128:])),
    ),
    "Joined": ("bytes32,uint256,bytes32,uint256", 1, lambda r: (r.number(1), r.word(2), r.number(3))),
    "Announced": (
        "bytes32,uint256,uint256[],uint256,uint256",
        1,
        lambda r: (r.number(1), _Reader(r.data[32:]).array(1), r.number(3), r.number(4)),
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
        lambda r: (r.number(1), r.number(2), _Reader(r.data[32:]).array(2, signed=True)),
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
}
_BY_TOPIC = {
    keccak(f"{name}({types})".encode()): (name, indexed, read)
    for name, (types, indexed, read) in _EVENTS.items()
}

PRIMARY_TOPICS = frozenset(
    topic
    for topic, (name, _, _) in _BY_TOPIC.items()
    if name not in {"ProposerDrawn", "Settled", "BrokenDown"}
)
"""First topics of the events of which a call emits one at most."""


def _cause(number: int) -> Cause:
    try:
        return Cause(number)
    except ValueError:
        raise NotReadableError(f"there is no cause {number}") from None


def read_action(data: bytes) -> Action:
    """Decode the calldata of an action.

    Raises
    ------
    NotReadableError
        If it is none.

    Examples
    --------
    >>> from sim.coordination.play import FUNCTIONS
    >>> read_action(FUNCTIONS["join"] + word(9) + word(2) + word(5) + word(6)).arguments[0]
    2
    """
    found = _BY_SELECTOR.get(data[:4])
    if found is None:
        raise NotReadableError(f"the contract has no action {data[:4].hex() or 'without calldata'}")
    name, read = found
    reader = _Reader(data[4:])
    return Action(name, None if name == "create" else reader.word(0), read(reader))


def is_view(data: bytes) -> bool:
    """Whether calldata only asks the contract something."""
    return data[:4] in _VIEWS.values()


def read_event(log: Log) -> Event:
    """Decode an event of the mechanism, its game's id first, as the reference model puts it.

    Raises
    ------
    NotReadableError
        If it is none.

    Examples
    --------
    >>> settled = Log(bytes(20), (keccak(b"Settled(bytes32,uint256)"), word(7)), word(2))
    >>> read_event(settled) == Event("Settled", (word(7), 2))
    True
    """
    found = _BY_TOPIC.get(log.topics[0]) if log.topics else None
    if found is None or len(log.topics) != 1 + found[1]:
        raise NotReadableError("the contract has no such event")
    name, _, read = found
    # Indexed or not, fields stand in the order of their declaration.
    reader = _Reader(b"".join(log.topics[1:]) + log.data)
    return Event(name, (reader.word(0), *read(reader)))


def view_question(name: str, *arguments: Word | int) -> bytes:
    """Return the calldata that asks a view of the contract.

    Examples
    --------
    >>> len(view_question("commitment", bytes(32), 3))
    68
    """
    return _VIEWS[name] + b"".join(a if isinstance(a, bytes) else word(a) for a in arguments)


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
