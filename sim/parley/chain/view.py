"""The chain's head, and requests whose answers must not be older.

Behind a load balancer, each answer may come from another node, and some nodes lag by a block or two. Requests
about the latest state are repeated until the node has caught up.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from parley.chain.rpc import LAG, NodeError, RpcError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parley.chain.rpc import Rpc

__all__ = ["Head", "View"]

_REMEMBERED = 256
"""Number of remembered block hashes."""

_PAUSE = 0.05
"""Pause while a node lags, in seconds."""


class Head(NamedTuple):
    """A block."""

    number: int
    hash: str
    timestamp: int


class View:
    """The head of a node's chain.

    Attributes
    ----------
    block : mapping
        The same block in JSON-RPC form.

    Raises
    ------
    NodeError
        If the node has no latest block.
    """

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._hashes: OrderedDict[int, str] = OrderedDict()
        self.look()

    def look(self) -> Head:
        """Forget all blocks, and take the latest block as the head."""
        self._hashes.clear()
        self._take(self._rpc.ask("eth_getBlockByNumber", "latest", False))
        self.settle()
        return self.head

    def settle(self) -> None:
        """Record that the chain has everything that was sent; `lost` compares with this."""
        self._settled = self.head

    def fresh(self, calls: Sequence[tuple[str, Sequence[object]]], *, strict: bool = True) -> list[Any]:
        """Return answers at the latest block, from a node that has it.

        Raises
        ------
        NodeError
            As `parley.chain.rpc.Rpc.ask_all`.
        """
        began = time.monotonic()
        while True:
            late = time.monotonic() - began > LAG
            block = self._rpc.ask("eth_getBlockByNumber", "latest", False)
            caught_up = self.see(block)
            if late and not caught_up:
                self._take(block)
            # By number, so that a node without the block reports an error.
            number = hex(self.head.number)
            asked = [
                (method, [number if param == "latest" else param for param in params])
                for method, params in calls
            ]
            answers = self._rpc.ask_all(asked)
            there = not any(isinstance(answer, RpcError) and answer.is_missing for answer in answers)
            if (caught_up and there) or late:
                break
            time.sleep(_PAUSE)
        if strict and (refusal := next((one for one in answers if isinstance(one, RpcError)), None)):
            raise refusal
        return answers

    def see(self, block: object) -> bool:
        """Record a latest block; False if it is older than the head on the same chain."""
        number, block_hash = self._read(block)[:2]
        if number < self.head.number and self._hashes.get(number) == block_hash:
            return False
        self._take(block)
        return True

    def at_least(self, block: Mapping[str, Any]) -> None:
        """Record a block of the chain, latest or not."""
        if self._read(block).number > self.head.number:
            self._take(block)

    def lost(self) -> bool:
        """Whether the chain no longer has the settled head."""
        known = self._settled
        began = time.monotonic()
        while True:
            block, same = self._rpc.ask_all(
                [("eth_getBlockByNumber", (number, False)) for number in ("latest", hex(known.number))]
            )
            caught_up = self.see(block)
            if isinstance(same, dict) and caught_up:
                return bool(same.get("hash") != known.hash)
            # Without this and all earlier blocks, it is not a node that lags.
            if caught_up and self.head.number < known.number:
                return True
            if time.monotonic() - began > LAG:
                self._take(block)
                return True
            time.sleep(_PAUSE)

    def _take(self, block: object) -> None:
        self.head = self._read(block)
        self.block: Mapping[str, Any] = block  # type: ignore[assignment]  # it was read
        for number in [number for number in self._hashes if number >= self.head.number]:
            del self._hashes[number]
        self._hashes[self.head.number] = self.head.hash
        while len(self._hashes) > _REMEMBERED:
            self._hashes.popitem(last=False)

    def _read(self, block: object) -> Head:
        if isinstance(block, RpcError):
            raise block
        try:
            if isinstance(block, dict):
                return Head(int(block["number"], 16), block["hash"], int(block["timestamp"], 16))
        except (KeyError, TypeError, ValueError):
            pass
        raise NodeError(f"{self._rpc.url}: the node has no latest block")
