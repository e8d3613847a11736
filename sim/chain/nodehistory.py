"""The history of a contract on a node, over JSON-RPC: read only, in batches, up to one block.

Events are asked for in ranges of blocks, their transactions by hash, timestamps from block headers. Where a
node refuses a range as too wide, it is asked again for half of it.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeVar

from sim.chain.evm import Log
from sim.chain.history import Call
from sim.chain.rpc import NodeError, Rpc, RpcError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_Item = TypeVar("_Item")

BLOCKS = 2000
"""Blocks to ask for the events of at a time: what common public nodes allow."""

_TRANSACTIONS = 1000
"""Transactions to hold at a time."""


class NodeHistory:
    """A `sim.chain.history.History` on a node, up to the block that was its latest at the beginning.

    Parameters
    ----------
    url : str
    contract : str
    first_block : int
        Nothing happened to the contract before it.
    every_block : bool
        Look for calls in every block instead of only where the contract emitted something. Needs every
        transaction since `first_block`: for one's own chain.

    Raises
    ------
    NodeError
        If nobody answers at the URL.
    """

    def __init__(self, url: str, contract: str, first_block: int = 0, *, every_block: bool = False) -> None:
        self._node = Rpc(url)
        self._contract = contract.lower()
        self._first = first_block
        self._every_block = every_block
        self._chain_id = int(self._node.ask("eth_chainId"), 16)
        head = self._node.ask("eth_getBlockByNumber", "latest", False)
        self.head = int(head["number"], 16)
        """Number of the last block that is looked at."""
        self._head_hash = head["hash"]
        self._timestamps: dict[int, int] = {}

    @property
    def chain_id(self) -> int:
        """See `sim.chain.history.History.chain_id`."""
        return self._chain_id

    @property
    def contract(self) -> str:
        """See `sim.chain.history.History.contract`."""
        return self._contract

    # ── what happened ────────────────────────────────────────────────────────────────────────────────────

    def calls(self, progress: Callable[[int, int], None] = lambda *_: None) -> Iterator[Call]:
        """See `sim.chain.history.History.calls`.

        Raises
        ------
        NodeError
            If the node stops answering, or its chain is reorganized meanwhile.
        """
        start, width = self._first, BLOCKS
        total = max(1, self.head + 1 - self._first)
        while start <= self.head:
            end = min(start + width - 1, self.head)
            try:
                logs = self._logs(start, end)
            except RpcError:
                if width == 1:
                    raise
                width = max(1, width // 2)
                continue
            yield from self._calls_of(logs, start, end, progress=lambda read: progress(read, total))
            progress(end + 1 - self._first, total)
            start = end + 1
        block = self._node.ask("eth_getBlockByNumber", hex(self.head), False)
        if block is None or block["hash"] != self._head_hash:
            raise NodeError(f"{self._node.url}: the chain was reorganized while it was read: try again")

    def _logs(self, start: int, end: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._node.ask(
            "eth_getLogs", {"address": self._contract, "fromBlock": hex(start), "toBlock": hex(end)}
        )
        return sorted(found, key=lambda log: (int(log["blockNumber"], 16), int(log["logIndex"], 16)))

    def _calls_of(
        self, logs: list[dict[str, Any]], start: int, end: int, progress: Callable[[int], None]
    ) -> Iterator[Call]:
        """Put the events of some blocks together with the transactions that they come from."""
        emitted = {key: list(found) for key, found in groupby(logs, lambda log: str(log["transactionHash"]))}
        hashes = self._all_calls(start, end, emitted) if self._every_block else list(emitted)
        for part in _parts(hashes, _TRANSACTIONS):
            fetched = self._node.ask_all([("eth_getTransactionByHash", [name]) for name in part])
            for name, transaction in zip(part, fetched, strict=True):
                if transaction is None or isinstance(transaction, RpcError):
                    raise NodeError(f"{self._node.url}: the node does not have transaction {name}")
            self._fetch_timestamps({int(transaction["blockNumber"], 16) for transaction in fetched})
            block = start
            for transaction in fetched:
                block = int(transaction["blockNumber"], 16)
                yield self._call(transaction, block, emitted.get(transaction["hash"], []))
            progress(block - self._first)

    def _all_calls(self, start: int, end: int, emitted: dict[str, list[dict[str, Any]]]) -> list[str]:
        """Hashes of transactions that emitted something, or went to the contract and succeeded, in order."""
        hashes, silent = [], []
        numbers = [hex(number) for number in range(start, end + 1)]
        blocks = self._node.ask_all([("eth_getBlockByNumber", [number, True]) for number in numbers])
        for block in blocks:
            if not isinstance(block, dict):
                raise NodeError(f"{self._node.url}: the node does not have every block from {start} to {end}")
            self._timestamps[int(block["number"], 16)] = int(block["timestamp"], 16)
            for transaction in block["transactions"]:
                to_contract = (transaction.get("to") or "").lower() == self._contract
                if to_contract or transaction["hash"] in emitted:
                    hashes.append(transaction["hash"])
                if to_contract and transaction["hash"] not in emitted:
                    silent.append(transaction["hash"])
        receipts = self._node.ask_all([("eth_getTransactionReceipt", [name]) for name in silent])
        failed = {
            name for name, receipt in zip(silent, receipts, strict=True) if int(receipt["status"], 16) != 1
        }
        return [name for name in hashes if name not in failed]

    def _fetch_timestamps(self, blocks: set[int]) -> None:
        wanted = sorted(blocks - self._timestamps.keys())
        headers = self._node.ask_all([("eth_getBlockByNumber", [hex(number), False]) for number in wanted])
        for number, header in zip(wanted, headers, strict=True):
            if not isinstance(header, dict):
                raise NodeError(f"{self._node.url}: the node does not have block {number}")
            self._timestamps[number] = int(header["timestamp"], 16)

    def _call(self, transaction: dict[str, Any], block: int, logs: list[dict[str, Any]]) -> Call:
        direct = (transaction.get("to") or "").lower() == self._contract
        return Call(
            transaction["hash"],
            transaction["from"].lower(),
            _bytes(transaction["input"]) if direct else b"",
            int(transaction["value"], 16) if direct else 0,
            self._timestamps[block],
            tuple(_log(log) for log in logs),
            direct,
        )

    def traced(self, transaction: str) -> tuple[Call, ...] | None:
        """See `sim.chain.history.History.traced`. Needs a node with ``debug_traceTransaction``."""
        options = {"tracer": "callTracer", "tracerConfig": {"withLog": True}}
        try:
            frame = self._node.ask("debug_traceTransaction", transaction, options)
        except RpcError:
            return None
        if not isinstance(frame, dict) or "from" not in frame:
            return None
        header = self._node.ask("eth_getTransactionByHash", transaction)
        block = int(header["blockNumber"], 16)
        self._fetch_timestamps({block})
        return tuple(self._inner(frame, transaction, self._timestamps[block]))

    def _inner(self, frame: dict[str, Any], transaction: str, timestamp: int) -> Iterator[Call]:
        if frame.get("error"):
            return
        if frame["type"] == "CALL" and (frame.get("to") or "").lower() == self._contract:
            children = frame.get("calls") or []
            outgoing = (int(child.get("value") or "0x0", 16) for child in children if not child.get("error"))
            yield Call(
                transaction,
                frame["from"].lower(),
                _bytes(frame["input"]),
                int(frame.get("value") or "0x0", 16),
                timestamp,
                tuple(
                    _log(log)
                    for log in frame.get("logs") or []
                    if log.get("address", "").lower() == self._contract
                ),
                sent=sum(outgoing),
            )
        for child in frame.get("calls") or []:
            yield from self._inner(child, transaction, timestamp)

    # ── how it stands ────────────────────────────────────────────────────────────────────────────────────

    def ask(self, questions: Sequence[tuple[str, bytes]]) -> list[bytes | None]:
        """See `sim.chain.history.History.ask`."""
        block = hex(self.head)
        answers = self._node.ask_all(
            [("eth_call", [{"to": to, "data": "0x" + data.hex()}, block]) for to, data in questions]
        )
        return [None if isinstance(answer, RpcError) else _bytes(answer) for answer in answers]

    def code(self, address: str) -> bytes:
        """See `sim.chain.history.History.code`."""
        return _bytes(self._node.ask("eth_getCode", address, hex(self.head)))

    def balance(self) -> int:
        """See `sim.chain.history.History.balance`."""
        return int(self._node.ask("eth_getBalance", self._contract, hex(self.head)), 16)


def _parts(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    return (items[at : at + size] for at in range(0, len(items), size))


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def _log(log: dict[str, Any]) -> Log:
    return Log(_bytes(log["address"]), tuple(_bytes(topic) for topic in log["topics"]), _bytes(log["data"]))
