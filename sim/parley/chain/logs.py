"""Reading of events from nodes that limit the size of a request."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from parley.chain.refusals import NodeError, RpcError, TooMuchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parley.chain.rpc import Rpc

__all__ = ["BLOCKS", "Logs", "read_logs"]

BLOCKS = 2000
"""Blocks per request, as common public nodes allow."""

_STEADY = 8
"""Successful requests before a wider range is tried again."""

_PAUSE = 0.2
"""Pause while a node lags, in seconds."""


class Logs(NamedTuple):
    """The events of some blocks.

    Attributes
    ----------
    entries : list of dict
        As JSON-RPC has them, in the chain's order.
    """

    first: int
    last: int
    entries: list[dict[str, Any]]


def read_logs(
    rpc: Rpc, query: Mapping[str, object], first: int, last: int, width: int = BLOCKS
) -> Iterator[Logs]:
    """Yield the events of a range of blocks, part by part.

    A range that the node refuses (with any error, HTTP 400 or 413, or a closed connection) is halved, down to
    one block. Waits for a node that lags behind the last block.

    Parameters
    ----------
    query : mapping of str to values
        ``address`` and ``topics`` of ``eth_getLogs``.
    first, last : int
        Block numbers, both included.
    width : int
        Blocks of the first request.

    Raises
    ------
    NodeError
        If the node refuses the events of a single block, or its answer is invalid.

    Examples
    --------
    >>> class Node:
    ...     url, patience = "http://node.example", 0
    ...     def ask_part(self, calls):
    ...         wanted = calls[0][1][0]
    ...         if int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) >= 2:
    ...             return [RpcError("eth_getLogs", {"code": -32005, "message": "block range"}), "0x9"]
    ...         return [[], "0x9"]
    ...     ask_all = ask_part
    >>> [(part.first, part.last) for part in read_logs(Node(), {}, 0, 4, width=4)]
    [(0, 1), (2, 3), (4, 4)]
    """
    largest, steady = width, 0
    while first <= last:
        end = min(first + width - 1, last)
        try:
            entries = _read(rpc, query, first, end)
        except (RpcError, TooMuchError) as refusal:
            if end == first:
                raise NodeError(
                    f"{rpc.url}: the node refuses the events of block {first}: {refusal}"
                ) from None
            width, steady = max(1, (end - first + 1) // 2), 0
            continue
        yield Logs(first, end, entries)
        first, steady = end + 1, steady + 1
        if steady >= _STEADY:
            width, steady = min(2 * width, largest), 0


def _read(rpc: Rpc, query: Mapping[str, object], first: int, last: int) -> list[dict[str, Any]]:
    wanted = {**query, "fromBlock": hex(first), "toBlock": hex(last)}
    calls = [("eth_getLogs", (wanted,)), ("eth_blockNumber", ())]
    began = time.monotonic()
    while True:
        if first < last:
            entries, head = rpc.ask_part(calls)
        else:
            # Nothing is left to split, so wait.
            entries, head = rpc.ask_all(calls)
        if isinstance(entries, RpcError):
            raise entries
        # Behind a load balancer, one node may not have the blocks that another one knows.
        if isinstance(head, str) and int(head, 16) >= last:
            return sorted(_checked(rpc, entries, first, last), key=_place)
        if time.monotonic() - began > rpc.patience:
            raise NodeError(f"{rpc.url}: the node no longer has block {last}")
        time.sleep(_PAUSE)


def _checked(rpc: Rpc, entries: object, first: int, last: int) -> list[dict[str, Any]]:
    """Check the form and the blocks of events."""
    try:
        if isinstance(entries, list) and all(first <= _place(entry)[0] <= last for entry in entries):
            return entries
    except (KeyError, TypeError, ValueError):
        pass
    raise NodeError(f"{rpc.url}: the node's answer is not the list of events of blocks {first} to {last}")


def _place(entry: dict[str, Any]) -> tuple[int, int]:
    return int(entry["blockNumber"], 16), int(entry["logIndex"], 16)
