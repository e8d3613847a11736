"""The history of a contract on a node, read in batches up to one block.

Events are read in ranges of blocks, and transactions from the blocks themselves, so that calls without events
and failed calls are found too. If the node has tracers, calls come from traces.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeVar

from parley.chain import flattraces, nodestate
from parley.chain.evm import Log
from parley.chain.history import Call, Failure
from parley.chain.logs import read_logs
from parley.chain.rpc import NodeError, Rpc, RpcError
from parley.chain.traces import Frame, calls_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from parley.chain.history import Gain

_Item = TypeVar("_Item")
_Json = dict[str, Any]

_FULL_BLOCKS = 200
"""Blocks per request, with all their transactions."""

_TRANSACTIONS = 200
"""Traced transactions per request."""

_CROWDED = 2
"""From this many transactions on, the whole block is traced."""

_TRACER = {"tracer": "callTracer", "tracerConfig": {"withLog": True}}


class NodeHistory:
    """A `parley.chain.history.History` on a node, up to its latest block at the start.

    Parameters
    ----------
    first_block : object
        Claimed block of the deployment. It is only the start of the search for the first block with the code.
    events_only : bool
        Read only transactions with events of the contract: faster, but misses calls without events and failed
        calls.

    Raises
    ------
    NodeError
        If there is no node at the URL.
    """

    def __init__(
        self, url: str, contract: str, first_block: object = None, *, events_only: bool = False
    ) -> None:
        self._node = Rpc(url)
        self._contract = contract.lower()
        self._events_only = events_only
        self._chain_id = int(self._node.ask("eth_chainId"), 16)
        head = self._node.ask("eth_getBlockByNumber", "latest", False)
        self.head = int(head["number"], 16)
        """Number of the last block of the history."""
        self._head_hash = head["hash"]
        self._hint = first_block
        self._first: int | None = None
        self._timestamps: dict[int, int] = {}
        self._wallets: set[str] = set()
        self._busy: Counter[int] = Counter()
        self._flat: bool | None = None
        """Whether the node has flat traces; None if not asked yet."""

    @property
    def chain_id(self) -> int:
        """See `parley.chain.history.History.chain_id`."""
        return self._chain_id

    @property
    def contract(self) -> str:
        """See `parley.chain.history.History.contract`."""
        return self._contract

    @property
    def first(self) -> int:
        """Number of the first block with the contract's code; 0 if the node has no old states."""
        if self._first is None:
            self._first = nodestate.first_block(self._node, self._contract, self.head, self._hint)
        return self._first

    # ── what happened ────────────────────────────────────────────────────────────────────────────────────

    def calls(self, progress: Callable[[int, int], None] = lambda *_: None) -> Iterator[Call]:
        """See `parley.chain.history.History.calls`.

        Raises
        ------
        NodeError
            If the node stops answering, or its chain is reorganized meanwhile.
        """
        total = max(1, self.head + 1 - self.first)
        for logs in read_logs(self._node, {"address": self._contract}, self.first, self.head):
            entries = groupby(logs.entries, lambda log: str(log["transactionHash"]))
            emitted = {key: list(found) for key, found in entries}
            reading = self._named if self._events_only else self._all
            for part, read in reading(emitted, logs.first, logs.last):
                yield from self._calls_of(part, emitted)
                progress(read - self.first, total)
            progress(logs.last + 1 - self.first, total)
        (block,) = self._node.ask_there([("eth_getBlockByNumber", (hex(self.head), False))])
        if not isinstance(block, dict) or block["hash"] != self._head_hash:
            raise NodeError(f"{self._node.url}: the chain was reorganized while it was read: try again")

    def _named(
        self, emitted: Mapping[str, list[_Json]], start: int, end: int
    ) -> Iterator[tuple[list[_Json], int]]:
        """Yield transactions with events, in parts, each with the progress."""
        del start, end
        for names in _parts(list(emitted), _TRANSACTIONS):
            fetched = self._node.ask_there([("eth_getTransactionByHash", [name]) for name in names])
            for name, transaction in zip(names, fetched, strict=True):
                self._need(transaction, f"transaction {name}")
            blocks = [int(transaction["blockNumber"], 16) for transaction in fetched]
            self._fetch_timestamps(set(blocks))
            self._busy.update(blocks)
            yield fetched, blocks[-1]

    def _all(
        self, emitted: Mapping[str, list[_Json]], start: int, end: int
    ) -> Iterator[tuple[list[_Json], int]]:
        """Yield transactions that concern the contract, in parts, each with the progress."""
        seen = 0
        for numbers in _parts(range(start, end + 1), _FULL_BLOCKS):
            blocks = self._node.ask_there([("eth_getBlockByNumber", [hex(k), True]) for k in numbers])
            found = []
            for number, block in zip(numbers, blocks, strict=True):
                self._need(block, f"block {number}")
                self._timestamps[number] = int(block["timestamp"], 16)
                concerned = [one for one in block["transactions"] if self._concerns(one, emitted)]
                seen += sum(one["hash"] in emitted for one in concerned)
                self._busy[number] = len(concerned)
                found += concerned
            for part in _parts(found, _TRANSACTIONS):
                yield list(part), int(part[-1]["blockNumber"], 16)
            yield [], numbers[-1]
        if seen != len(emitted):
            raise NodeError(
                f"{self._node.url}: the node has events of transactions that its blocks do not have"
            )

    def _concerns(self, transaction: _Json, emitted: Mapping[str, object]) -> bool:
        to = (transaction.get("to") or "").lower()
        named = self._contract[2:] in transaction["input"].lower()
        return to == self._contract or transaction["hash"] in emitted or named or to in self._wallets

    def _need(self, found: object, what: str) -> None:
        if not isinstance(found, dict):
            raise NodeError(f"{self._node.url}: the node does not have {what}")

    def _fetch_timestamps(self, blocks: set[int]) -> None:
        wanted = sorted(blocks - self._timestamps.keys())
        headers = self._node.ask_there([("eth_getBlockByNumber", [hex(number), False]) for number in wanted])
        for number, header in zip(wanted, headers, strict=True):
            self._need(header, f"block {number}")
            self._timestamps[number] = int(header["timestamp"], 16)

    # ── one transaction ──────────────────────────────────────────────────────────────────────────────────

    def _calls_of(self, transactions: list[_Json], emitted: Mapping[str, list[_Json]]) -> Iterator[Call]:
        """Make calls from traces, or without them from transactions to the contract."""
        frames = self._frames(transactions)
        silent = [
            one["hash"]
            for one in transactions
            if one["hash"] not in frames and self._is_direct(one) and one["hash"] not in emitted
        ]
        asked = self._node.ask_there([("eth_getTransactionReceipt", [name]) for name in silent])
        receipts = dict(zip(silent, asked, strict=True))
        for one in transactions:
            name, block = one["hash"], int(one["blockNumber"], 16)
            logs = tuple(_log(log) for log in emitted.get(name, []))
            blank = Call(name, one["from"].lower(), b"", 0, self._timestamps[block], logs, block=block)
            if name in frames:
                yield from self._traced(blank, frames[name], one)
            elif self._is_direct(one):
                failure = None
                if name in receipts and self._has_failed(name, receipts[name]):
                    failure = Failure(int(one["gas"], 16), starved=True)
                value = int(one["value"], 16)
                yield blank._replace(data=_bytes(one["input"]), value=value, failure=failure)
            elif logs:
                yield blank._replace(direct=False)

    def _has_failed(self, name: str, receipt: Any) -> bool:  # noqa: ANN401 -- JSON
        """Whether a transaction without events failed."""
        if not isinstance(receipt, dict) or receipt["transactionHash"] != name:
            raise NodeError(f"{self._node.url}: the node does not have the receipt of {name}")
        if any(log["address"].lower() == self._contract for log in receipt["logs"]):
            raise NodeError(f"{self._node.url}: the node does not have all events of {name}")
        return int(receipt["status"], 16) != 1

    def _is_direct(self, transaction: _Json) -> bool:
        return (transaction.get("to") or "").lower() == self._contract

    def _frames(self, transactions: list[_Json]) -> dict[str, Frame]:
        """Return the traces of transactions that the node has."""
        frames = self._flat_frames(transactions)
        left = [one for one in transactions if one["hash"] not in frames]
        crowded = _crowded(left)
        told = self._traces([("debug_traceBlockByNumber", [number, _TRACER]) for number in crowded])
        whole = dict(zip(crowded, told, strict=False))
        found = {one["hash"]: _entry(whole.get(one["blockNumber"]), one) for one in left}
        single = [name for name, trace in found.items() if trace is None]
        told = self._traces([("debug_traceTransaction", [name, _TRACER]) for name in single])
        found |= dict(zip(single, told, strict=False))
        for name, one in found.items():
            if isinstance(one, dict) and "from" in one:
                frames[name] = _frame(one)
        return frames

    def _flat_frames(self, transactions: list[_Json]) -> dict[str, Frame]:
        """Return traces of blocks with many transactions from flat traces, where these are enough."""
        crowded = _crowded(transactions)
        if crowded and self._flat is None:
            # Where a flat trace is not enough, use a tracer.
            one = next(one for one in transactions if one["blockNumber"] == crowded[0])
            questions = [("trace_block", [crowded[0]]), ("debug_traceTransaction", [one["hash"], _TRACER])]
            self._flat = not any(isinstance(told, RpcError) for told in self._node.ask_all(questions))
        if not crowded or not self._flat:
            return {}
        found: dict[str, Frame] = {}
        for told in self._traces([("trace_block", [number]) for number in crowded]):
            found |= flattraces.frames_of(told)
        frames = {one["hash"]: found[one["hash"]] for one in transactions if one["hash"] in found}
        return {name: one for name, one in frames.items() if flattraces.is_plain(self._contract, one)}

    def _traces(self, questions: list[tuple[str, list[Any]]]) -> list[Any]:
        """Ask for traces; the first request shows whether the node has tracers."""
        found = self._node.ask_all(questions[:1])
        if found and not isinstance(found[0], RpcError):
            found += self._node.ask_all(questions[1:])
        return found

    def _traced(self, blank: Call, frame: Frame, transaction: _Json) -> Iterator[Call]:
        calls = list(calls_of(self._contract, frame, blank))
        through = [call for call in calls if call.failure is None]
        if sum(len(call.logs) for call in calls) != len(blank.logs):
            # An older tracer without events: with only one call, all events are of this call.
            if len(through) != 1:
                raise NodeError(
                    f"{self._node.url}: the trace of {blank.transaction} lacks the contract's events"
                )
            calls[calls.index(through[0])] = through[0]._replace(logs=blank.logs)
        for call in calls:
            if not self._is_direct(transaction):
                self._wallets.add(call.sender)
            elif call is calls[0] and call.failure is not None:
                call = call._replace(failure=call.failure._replace(gas=int(transaction["gas"], 16)))  # noqa: PLW2901 - the same call
            yield call

    # ── money and refusals ───────────────────────────────────────────────────────────────────────────────

    def gains(self, block: int, accounts: Sequence[str]) -> Mapping[str, Gain] | None:
        """See `parley.chain.history.History.gains`."""
        return nodestate.gains(self._node, self._contract, block, accounts)

    def excused(self, call: Call, payee: str | None) -> bool | None:
        """See `parley.chain.history.History.excused`."""
        failure = call.failure or Failure()
        if payee is not None:
            if any(to == payee for to, _ in failure.refused):
                return True
            if call.payments is None and self.code(payee, call.block) != b"":
                return None
        if not failure.starved:
            return False
        alone = self._busy[call.block] <= 1
        return nodestate.had_too_little_gas(self._node, self._contract, call, alone=alone)

    # ── how it stands ────────────────────────────────────────────────────────────────────────────────────

    def ask(self, questions: Sequence[tuple[str, bytes]], block: int | None = None) -> list[bytes | None]:
        """See `parley.chain.history.History.ask`.

        Raises
        ------
        NodeError
            If the node, and not the contract, refuses to answer.
        """
        number = hex(self.head if block is None else block)
        answers = self._node.ask_all(
            [("eth_call", [{"to": to, "data": "0x" + data.hex()}, number]) for to, data in questions]
        )
        for answer in answers:
            if isinstance(answer, RpcError) and not (answer.is_revert or answer.is_out_of_gas):
                raise answer
        return [None if isinstance(answer, RpcError) else _bytes(answer) for answer in answers]

    def code(self, address: str, block: int | None = None) -> bytes | None:
        """See `parley.chain.history.History.code`."""
        try:
            return _bytes(self._node.ask("eth_getCode", address, hex(self.head if block is None else block)))
        except RpcError:
            if block is None:
                raise
            return None

    def founder(self) -> str | None:
        """See `parley.chain.history.History.founder`."""
        return nodestate.founder(self._node, self._contract, self.first)

    def balance(self) -> int:
        """See `parley.chain.history.History.balance`."""
        return int(self._node.ask("eth_getBalance", self._contract, hex(self.head)), 16)


def _parts(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    return (items[at : at + size] for at in range(0, len(items), size))


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def _log(log: _Json) -> Log:
    return Log(_bytes(log["address"]), tuple(_bytes(topic) for topic in log["topics"]), _bytes(log["data"]))


def _crowded(transactions: Sequence[_Json]) -> list[str]:
    """Return the blocks, in hexadecimal, with several of the transactions."""
    blocks = Counter(str(one["blockNumber"]) for one in transactions)
    return [number for number, count in blocks.items() if count >= _CROWDED]


def _entry(block: object, transaction: _Json) -> object:
    """Return a transaction's trace among those of its block; None if it is not there."""
    place = int(transaction["transactionIndex"], 16)
    if not isinstance(block, list) or place >= len(block) or not isinstance(block[place], dict):
        return None
    if block[place].get("txHash", transaction["hash"]) != transaction["hash"]:
        return None
    return block[place].get("result")


def _frame(told: _Json) -> Frame:
    """Read a frame of the ``callTracer``."""
    return Frame(
        kind=told["type"],
        sender=told["from"].lower(),
        to=(told.get("to") or "").lower(),
        data=_bytes(told.get("input") or "0x"),
        output=_bytes(told.get("output") or "0x"),
        value=int(told.get("value") or "0x0", 16),
        gas=int(told.get("gas") or "0x0", 16),
        gas_used=int(told.get("gasUsed") or "0x0", 16),
        error=told.get("error") or "",
        logs=tuple(_log(log) for log in told.get("logs") or []),
        calls=tuple(_frame(inner) for inner in told.get("calls") or []),
    )
