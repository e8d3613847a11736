"""What has happened to one contract, read from the outside: every call with its calldata and its events.

A `History` is what a replay needs and no more. `NodeHistory` reads it from any JSON-RPC node; `Recorder`, a
machine that writes down what passes through it, is the same for an embedded one. Neither knows what the calls
mean.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sim.chain.evm import EvmError, Log, Receipt, Reverted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sim.chain.evm import Evm


class Call(NamedTuple):
    """One call of the contract that went through.

    Attributes
    ----------
    transaction : str
        Hash of the transaction, ``0x`` and 64 digits.
    sender : str
        Who made the call, in lower case.
    data : bytes
        Calldata; empty where it is not known (see `direct`).
    value : int
        Wei that came with it.
    timestamp : int
        Of the block, in seconds.
    logs : tuple of Log
        What the contract emitted, in order.
    direct : bool
        Whether the transaction itself makes the call. If another contract does, the transaction does not say
        with which calldata: only a trace does.
    sent : int or None
        Wei that the contract sent out meanwhile; None where that is not known.
    """

    transaction: str
    sender: str
    data: bytes
    value: int
    timestamp: int
    logs: tuple[Log, ...]
    direct: bool = True
    sent: int | None = None


class History(Protocol):
    """All calls of one contract up to some block, and the chain's state there."""

    @property
    def chain_id(self) -> int:
        """The chain's."""

    @property
    def contract(self) -> str:
        """Address of the contract, in lower case."""

    def calls(self, progress: Callable[[int, int], None] = lambda *_: None) -> Iterator[Call]:
        """Go through the calls in the chain's order.

        Parameters
        ----------
        progress : callable
            Called with how many blocks have been read, and how many there are to read.
        """

    def traced(self, transaction: str) -> tuple[Call, ...] | None:
        """Return every call of the contract within a transaction; None if the chain gives no traces."""

    def ask(self, questions: Sequence[tuple[str, bytes]]) -> list[bytes | None]:
        """Call views: an address and calldata each. None stands for a revert."""

    def code(self, address: str) -> bytes:
        """Return the code at an address."""

    def balance(self) -> int:
        """Return the contract's balance in wei."""


class Recorder:
    """A machine that remembers the calls of one contract: at once an `sim.chain.evm.Evm` and a `History`.

    Parameters
    ----------
    evm : Evm
        What does the work.
    contract : str, optional
        Whose calls are written down; may be set later, when it is deployed.

    Examples
    --------
    A contract that takes money and says nothing:

    >>> from sim.chain.revm import RevmEvm
    >>> machine = Recorder(RevmEvm())
    >>> machine.contract = machine.deploy(bytes.fromhex("6001600c60003960016000f300"))
    >>> machine.transact(machine.accounts[0], machine.contract, b"hello", value=5).ok
    True
    >>> [(call.data, call.value) for call in machine.calls()], machine.balance()
    ([(b'hello', 5)], 5)
    """

    def __init__(self, evm: Evm, contract: str = "") -> None:
        self.evm = evm
        self._contract = contract
        self._calls: list[Call] = []
        self._logs: Sequence[tuple[Sequence[bytes], bytes]] = ()
        self._open: dict[int, int] = {}

    # ── a history ────────────────────────────────────────────────────────────────────────────────────────

    @property
    def contract(self) -> str:
        """See `History.contract`."""
        return self._contract.lower()

    @contract.setter
    def contract(self, address: str) -> None:
        self._contract = address

    def calls(self, progress: Callable[[int, int], None] = lambda *_: None) -> Iterator[Call]:
        """See `History.calls`."""
        yield from self._calls
        progress(1, 1)

    def __len__(self) -> int:
        """Return the number of calls."""
        return len(self._calls)

    def traced(self, transaction: str) -> tuple[Call, ...] | None:  # noqa: ARG002 -- no machine here traces
        """See `History.traced`."""
        return None

    def ask(self, questions: Sequence[tuple[str, bytes]]) -> list[bytes | None]:
        """See `History.ask`."""
        receipts = (self.evm.call(self.evm.deployer, _checksum(to), data) for to, data in questions)
        return [receipt.output if receipt.ok else None for receipt in receipts]

    def code(self, address: str) -> bytes:
        """See `History.code`."""
        return self.evm.code(_checksum(address))

    def balance(self, address: str | None = None) -> int:
        """Return a balance, the contract's if nothing is said."""
        return self.evm.balance(address or self._contract)

    # ── a machine ────────────────────────────────────────────────────────────────────────────────────────

    @property
    def name(self) -> str:
        """See `sim.chain.evm.Evm.name`."""
        return self.evm.name

    @property
    def chain_id(self) -> int:
        """See `sim.chain.evm.Evm.chain_id`."""
        return self.evm.chain_id

    @property
    def accounts(self) -> tuple[str, ...]:
        """See `sim.chain.evm.Evm.accounts`."""
        return self.evm.accounts

    @property
    def deployer(self) -> str:
        """See `sim.chain.evm.Evm.deployer`."""
        return self.evm.deployer

    @property
    def accounts_gas(self) -> bool:
        """See `sim.chain.evm.Evm.accounts_gas`."""
        return self.evm.accounts_gas

    @property
    def timestamp(self) -> int:
        """See `sim.chain.evm.Evm.timestamp`."""
        return self.evm.timestamp

    def warp(self, timestamp: int) -> None:
        """See `sim.chain.evm.Evm.warp`."""
        self.evm.warp(timestamp)

    def deploy(self, initcode: bytes) -> str:
        """See `sim.chain.evm.Evm.deploy`."""
        return self.evm.deploy(initcode)

    def transact(self, sender: str, to: str, data: bytes, value: int = 0) -> Receipt:
        """See `sim.chain.evm.Evm.transact`."""
        direct = to.lower() == self.contract
        before = self.evm.balance(self._contract) if self._contract else 0
        receipt = self.evm.transact(sender, to, data, value)
        logs = tuple(log for log in receipt.logs if "0x" + log.address.hex() == self.contract)
        if receipt.ok and (direct or logs):
            sent = before + value - self.evm.balance(self._contract) if direct else None
            self._calls.append(
                Call(
                    f"0x{len(self._calls) + 1:064x}",
                    sender.lower(),
                    data if direct else b"",
                    value if direct else 0,
                    self.evm.timestamp,
                    logs,
                    direct,
                    sent,
                )
            )
        return receipt

    def call(self, sender: str, to: str, data: bytes, value: int = 0) -> Receipt:
        """See `sim.chain.evm.Evm.call`."""
        return self.evm.call(sender, to, data, value)

    def send(self, sender: str, to: str, data: bytes, value: int = 0) -> bytes:
        """See `sim.chain.evm.Evm.send`."""
        receipt = self.transact(sender, to, data, value)
        self._logs = [(log.topics, log.data) for log in receipt.logs]
        if not receipt.ok:
            raise Reverted(receipt.output)
        return receipt.output

    def take_logs(self) -> Sequence[tuple[Sequence[bytes], bytes]]:
        """See `sim.chain.evm.Evm.take_logs`."""
        return self._logs

    def snapshot(self) -> int:
        """See `sim.chain.evm.Evm.snapshot`."""
        number = self.evm.snapshot()
        self._open[number] = len(self._calls)
        return number

    def restore(self, snapshot: int) -> None:
        """See `sim.chain.evm.Evm.restore`."""
        self.evm.restore(snapshot)
        del self._calls[self._open[snapshot] :]

    def recycle(self) -> None:
        """Refuse: a chain that starts anew has no history to check.

        Raises
        ------
        EvmError
            Always.
        """
        raise EvmError("a machine whose calls are recorded cannot start anew")


@cache
def _checksum(address: str) -> str:
    from eth_utils.address import to_checksum_address  # noqa: PLC0415 -- pulls in eth_typing, slow to load

    return to_checksum_address(address)
