"""What embedded EVMs share: accounts, clock, snapshots; and what backends share that have receipts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar

from parley.chain import accounts
from parley.chain.evm import CHAIN_ID, START_TIME, EvmError, Reverted

if TYPE_CHECKING:
    from parley.chain.evm import Logs, Receipt

__all__ = ["Embedded", "WithReceipts"]

SNAPSHOTS = 64

T = TypeVar("T")


class WithReceipts(ABC):
    """A backend whose transactions have receipts."""

    @abstractmethod
    def transact(self, sender: str, to: str, data: bytes, value: int = 0) -> Receipt:
        """See `parley.chain.evm.Evm.transact`."""

    def send(self, sender: str, to: str, data: bytes, value: int = 0) -> tuple[bytes, Logs]:
        """See `parley.chain.evm.Evm.send`."""
        receipt = self.transact(sender, to, data, value)
        if not receipt.ok:
            raise Reverted(receipt.output)
        return receipt.output, [(list(log.topics), log.data) for log in receipt.logs]


class Embedded(ABC, Generic[T]):
    """An EVM in this process; what `_saved` returns is undone by `_undo`."""

    chain_id = CHAIN_ID

    def __init__(self) -> None:
        self.accounts = accounts.agents()
        self.deployer = accounts.deployer()
        self._initcodes: list[bytes] = []
        self._restart()

    def _restart(self) -> None:
        self._timestamp = START_TIME
        self._snapshots: list[tuple[int, T, int, int]] = []
        self._next_snapshot = 0
        self._begin()

    @abstractmethod
    def _begin(self) -> None:
        """Set up a state with only the funded accounts."""

    @abstractmethod
    def _saved(self) -> T:
        """Save the state."""

    @abstractmethod
    def _undo(self, saved: T) -> None:
        """Return to a saved state; the newest one first."""

    def _set_time(self, timestamp: int) -> None:
        self._timestamp = timestamp

    @abstractmethod
    def deploy(self, initcode: bytes) -> str:
        """See `parley.chain.evm.Evm.deploy`."""

    @property
    def timestamp(self) -> int:
        """See `parley.chain.evm.Evm.timestamp`."""
        return self._timestamp

    def warp(self, timestamp: int) -> None:
        """See `parley.chain.evm.Evm.warp`."""
        if timestamp < self._timestamp:
            raise EvmError(f"timestamp {timestamp} is before the current one, {self._timestamp}")
        self._set_time(timestamp)

    def snapshot(self) -> int:
        """See `parley.chain.evm.Evm.snapshot`."""
        if len(self._snapshots) == SNAPSHOTS:
            raise EvmError(f"too many open snapshots: {SNAPSHOTS}")
        self._next_snapshot += 1
        self._snapshots.append((self._next_snapshot, self._saved(), self._timestamp, len(self._initcodes)))
        return self._next_snapshot

    def restore(self, snapshot: int) -> None:
        """See `parley.chain.evm.Evm.restore`."""
        if snapshot not in (entry[0] for entry in self._snapshots):
            raise EvmError(f"snapshot {snapshot} no longer exists")
        # One by one: revm counts inner checkpoints even after an outer one was reverted.
        number = 0
        while number != snapshot:
            number, saved, timestamp, deployments = self._snapshots.pop()
            self._undo(saved)
            self._set_time(timestamp)
            del self._initcodes[deployments:]

    def recycle(self) -> None:
        """See `parley.chain.evm.Evm.recycle`."""
        initcodes, self._initcodes = self._initcodes, []
        self._restart()
        for initcode in initcodes:
            self.deploy(initcode)
