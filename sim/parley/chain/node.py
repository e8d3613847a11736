"""A JSON-RPC node as a backend.

Agents and deployer are those of the embedded EVMs (`parley.chain.accounts`). Parley signs with their keys,
and the node's first account funds them. `parley.chain.transaction_manager` sends the transactions and handles
failures of the node.

`side_by_side` runs independent tasks in threads, each with its own backend object. Their next transactions
are sent together, so that all share the time of a block.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from eth_utils.address import to_checksum_address

from parley.chain import accounts
from parley.chain.embedded import WithReceipts
from parley.chain.evm import EvmError, Receipt
from parley.chain.rpc import Rpc, RpcError, as_bytes, as_number, to_standard_error
from parley.chain.transaction_manager import TransactionManager
from parley.chain.transactions import Mined, Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

T = TypeVar("T")

Submit: TypeAlias = Callable[[Request], Mined]
"""Sends a request and returns its result."""


class NodeEvm(WithReceipts):
    """A node as a backend.

    Differences from an embedded EVM: the clock runs, and `timestamp` is the time of the latest block;
    receipts of successful transactions have no return data; gas is exact; `balance` excludes gas and funding.

    Parameters
    ----------
    url : str
        ``http://`` or ``https://``.
    patience : float, optional
        Seconds to wait for a node: see `parley.chain.rpc.Rpc`.
    note : callable
        Reports that the node is away or back; by default to standard error.
    confirmations : int, optional
        Blocks to wait after each step: see `parley.chain.transaction_manager.TransactionManager`.

    Raises
    ------
    NodeError
        If there is no node at the URL.
    """

    accounts_gas = True

    def __init__(
        self,
        url: str,
        patience: float | None = None,
        note: Callable[[str], None] = to_standard_error,
        confirmations: int | None = None,
    ) -> None:
        keys = (accounts.deployer_key(), *accounts.agent_keys())
        self._enter(
            TransactionManager(
                Rpc(url, patience, note),
                {str(key.public_key.to_checksum_address()): key for key in keys},
                confirmations,
            )
        )

    def _enter(self, manager: TransactionManager, submit: Submit | None = None) -> None:
        self.name = manager.rpc.url
        self.chain_id = manager.chain_id
        self.accounts = accounts.agents()
        self.deployer = accounts.deployer()
        self.manager = manager
        self._submit = submit or (lambda request: manager.exchange([request])[0])

    def beside(self, submit: Submit) -> NodeEvm:
        """Return a backend on the same chain with another `submit`."""
        other = object.__new__(NodeEvm)
        other._enter(self.manager, submit)
        return other

    # ── transactions ─────────────────────────────────────────────────────────────────────────────────────

    def transact(self, sender: str, to: str, data: bytes, value: int = 0) -> Receipt:
        """See `parley.chain.evm.Evm.transact`; what `send` returns is always empty."""
        request = Request(sender, to_checksum_address(to), data, value)
        mined = self._submit(request)
        output = b"" if mined.ok else self._revert_data(request, mined)
        return Receipt(mined.ok, output, mined.logs, mined.gas_used)

    def call(self, sender: str, to: str, data: bytes, value: int = 0) -> Receipt:
        """See `parley.chain.evm.Evm.call`; logs and gas are unknown.

        Raises
        ------
        NodeError
            If the node refuses, for example because the sender lacks the value.
        """
        request = Request(sender, to_checksum_address(to), data, value)
        try:
            output = self._ask_call(request, "latest")
        except RpcError as error:
            data_of_revert = error.revert_data
            if data_of_revert is None:
                raise
            return Receipt(ok=False, output=data_of_revert, logs=(), gas_used=0)
        return Receipt(ok=True, output=output, logs=(), gas_used=0)

    def deploy(self, initcode: bytes) -> str:
        """See `parley.chain.evm.Evm.deploy`."""
        return self.create([initcode])[0].created or ""

    def create(self, initcodes: Sequence[bytes]) -> list[Mined]:
        """Create contracts from the deployer's account in one batch.

        Raises
        ------
        EvmError
            If a creation fails.
        """
        requests = [Request(self.deployer, None, initcode) for initcode in initcodes]
        created = []
        for request, mined in zip(requests, self.manager.exchange(requests), strict=True):
            if not mined.ok and 10 * mined.gas_used >= 9 * self.manager.most_gas:
                raise EvmError(
                    f"{self.name}: a contract of {len(request.data)} bytes cannot be created: it used all "
                    f"{mined.gas_used} gas that a transaction on chain {self.chain_id} may use (block gas "
                    f"limit {self.manager.gas_limit})"
                )
            if not mined.ok or mined.created is None:
                output = self._revert_data(request, mined)
                raise EvmError(f"a contract cannot be created: it reverts with 0x{output.hex()}")
            created.append(mined._replace(created=to_checksum_address(mined.created)))
        return created

    def try_creation(self, initcode: bytes) -> bytes:
        """Return the result of creation code without creating a contract.

        Raises
        ------
        RpcError
            If it fails, or the node refuses.
        """
        return self._ask_call(Request(self.deployer, None, initcode), "latest")

    def _ask_call(self, request: Request, block: str) -> bytes:
        fields = {"from": request.sender, "data": "0x" + request.data.hex(), "value": hex(request.value)}
        if request.to is not None:
            fields["to"] = request.to
        return as_bytes(self.manager.ask("eth_call", fields, block), "eth_call")

    def _revert_data(self, request: Request, mined: Mined) -> bytes:
        """Return the revert data of a transaction, which is not in its receipt.

        It comes from a trace. Without one, the call is repeated on the state before its block, which is right
        unless an earlier transaction of the block matters.
        """
        rpc = self.manager.rpc
        top_call = {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True}}
        steps = {"disableStorage": True, "disableStack": True, "disableMemory": True}
        for options, key in ((top_call, "output"), (steps, "returnValue")):
            try:
                trace = rpc.ask("debug_traceTransaction", mined.hash, options)
            except RpcError:
                continue
            if isinstance(trace, dict) and isinstance(trace.get(key), str):
                return as_bytes("0x" + trace[key].removeprefix("0x"), "debug_traceTransaction")
            if key == "output" and isinstance(trace, dict) and "error" in trace:
                return b""
        try:
            self._ask_call(request, hex(mined.block - 1))
        except RpcError as error:
            return error.revert_data or b""
        return b""

    # ── state ────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def timestamp(self) -> int:
        """The latest block's time, in seconds."""
        return self.manager.timestamp()

    def warp(self, timestamp: int) -> None:
        """Set the earliest time of later transactions.

        Moves the clock of a development node; otherwise waits, if it is not for long.

        Raises
        ------
        EvmError
            If the time is in the past, or too far ahead.
        """
        self.manager.warp(timestamp)

    def balance(self, address: str) -> int:
        """See `parley.chain.evm.Evm.balance`."""
        account = to_checksum_address(address)
        held = as_number(self.manager.ask("eth_getBalance", account, "latest"), "eth_getBalance")
        return held + self.manager.spent[account] - self.manager.funds.given[account]

    def code(self, address: str) -> bytes:
        """See `parley.chain.evm.Evm.code`."""
        code = self.manager.ask("eth_getCode", to_checksum_address(address), "latest")
        return as_bytes(code, "eth_getCode")

    def snapshot(self) -> int:
        """See `parley.chain.evm.Evm.snapshot`; for development nodes only."""
        return self.manager.snapshot()

    def restore(self, snapshot: int) -> None:
        """See `parley.chain.evm.Evm.restore`."""
        self.manager.restore(snapshot)

    def recycle(self) -> None:
        """Raise `EvmError`: a node's chain cannot be reset."""
        raise EvmError(f"{self.name}: a node's chain cannot be reset")


# ── many at a time ──────────────────────────────────────────────────────────────────────────────────────────


def side_by_side(
    evm: NodeEvm, begin: Callable[[NodeEvm], Callable[[int], T]], numbers: Iterable[int], at_once: int
) -> Iterator[T]:
    """Run independent tasks on a node in parallel, and yield their results in order.

    Parameters
    ----------
    evm : NodeEvm
        The node; only the tasks may use it meanwhile.
    begin : callable
        Called once in each thread with its own backend; returns a function that runs a task, given its
        number. Tasks may not move the clock.
    at_once : int
        Tasks at a time; one needs no threads.

    Raises
    ------
    Exception
        An error of a task or of its transactions.
    """
    if at_once <= 1:
        task = begin(evm)
        for number in numbers:
            yield task(number)
        return
    batch = _SentTogether(list(numbers))
    workers = [
        threading.Thread(
            target=batch.work,
            args=(lambda place=place: begin(evm.beside(lambda request: batch.submit(place, request))),),
            daemon=True,
        )
        for place in range(min(at_once, len(batch.todo)))
    ]
    batch.working = len(workers)
    try:
        for worker in workers:
            worker.start()
        yield from batch.lead(evm.manager)
    finally:
        batch.close()
        for worker in workers:
            worker.join()


class _Closed(Exception):  # noqa: N818 -- no error: the others have ended the meeting
    """The task was cancelled."""


class _SentTogether:
    """Collects the next transactions of threads, which wait for the receipts.

    One thread leads: when all others wait or have finished, it sends the transactions.
    """

    def __init__(self, todo: list[int]) -> None:
        self.todo = deque(enumerate(todo))
        self.working = 0
        self._requests: dict[int, Request] = {}
        self._answers: dict[int, Mined] = {}
        self._results: dict[int, object] = {}
        self._errors: dict[int, BaseException] = {}
        self._closed = False
        self._change = threading.Condition()

    def work(self, begin: Callable[[], Callable[[int], T]]) -> None:
        """Run tasks until none is left."""
        index = -1
        try:
            task = begin()
            while True:
                with self._change:
                    if self._closed or not self.todo:
                        return
                    index, number = self.todo.popleft()
                result = task(number)
                with self._change:
                    self._results[index] = result
        except _Closed:
            pass
        except BaseException as error:  # noqa: BLE001 -- raised again where the results are awaited
            with self._change:
                self._errors[index] = error
        finally:
            with self._change:
                self.working -= 1
                self._change.notify_all()

    def submit(self, place: int, request: Request) -> Mined:
        """Submit a request and wait for its result."""
        with self._change:
            self._requests[place] = request
            self._change.notify_all()
            self._change.wait_for(lambda: self._closed or place in self._answers)
            if place not in self._answers:
                raise _Closed
            return self._answers.pop(place)

    def lead(self, manager: TransactionManager) -> Iterator[T]:
        """Send submitted transactions, and yield results in the order of the tasks."""
        following = 0
        while True:
            with self._change:
                self._change.wait_for(lambda: len(self._requests) == self.working)
                if self._errors:
                    # Independent of the speed of threads.
                    raise self._errors[min(self._errors)]
                ready = []
                while following in self._results:
                    ready.append(self._results.pop(following))
                    following += 1
                # A deterministic order, independent of the speed of threads.
                requests = sorted(self._requests.items())
                self._requests.clear()
            yield from ready  # type: ignore[misc]  # what tasks return
            if not requests:
                return
            mined = manager.exchange([request for _, request in requests])
            with self._change:
                self._answers.update(
                    (place, answer) for (place, _), answer in zip(requests, mined, strict=True)
                )
                self._change.notify_all()

    def close(self) -> None:
        """Stop all threads."""
        with self._change:
            self._closed = True
            self._change.notify_all()
