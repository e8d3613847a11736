"""The interface of a backend.

Three embedded EVMs implement it: `parley.chain.revm.RevmEvm` is fast; `parley.chain.tester.TesterEvm` is
py-evm behind web3 and eth-tester; `parley.chain.pyevm.PyEvm` is py-evm alone, three times as fast as the
second, and replays cross-checks. All of them have

- the same chain id and funded accounts, and the same contract addresses for the same deployments;
- the same return data, revert data, logs and balances (net of gas) for the same transactions and times;
- a clock that only `Evm.warp` moves: any number of transactions share a timestamp, as in a block.

They differ in gas (only an `Evm` with `accounts_gas` knows it), block numbers and block hashes.

A node (`parley.chain.node.NodeEvm`) has the same interface. It has its own chain id, its clock runs, its
receipts have no return data, and it cannot be recycled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

from parley.core.errors import ParleyError

if TYPE_CHECKING:
    from collections.abc import Sequence

CHAIN_ID = 131277322940537
"""Chain id of the embedded EVMs, which eth-tester fixes."""

START_TIME = 4_102_444_800
"""Start of the clock, in seconds: the year 2100, because eth-tester replaces past times by the current one.
Contracts keep times in 40 bits."""

GAS_LIMIT = 30_000_000
"""Gas limit of every transaction, and on the reference EVM the minimum of a block."""

FUNDS = 2**100
"""Wei of every account at the start, about 10^12 ether."""

Name: TypeAlias = Literal["revm", "py-evm"]

Logs: TypeAlias = "Sequence[tuple[Sequence[bytes], bytes]]"
"""Topics and data of each event of a transaction, in order."""


class EvmError(ParleyError):
    """An impossible transaction, or wrong use of a backend."""


class Reverted(Exception):  # noqa: N818 -- it is the EVM's word, and no error of ours
    """A transaction reverted, or halted on an exceptional condition.

    Attributes
    ----------
    data : bytes
        What it reverted with; empty after a halt (out of gas, invalid instruction).
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.data = data


class Log(NamedTuple):
    """One event as the EVM emits it: 20 bytes of address, words of 32 bytes, bytes."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


class Receipt(NamedTuple):
    """The result of a transaction or call.

    Attributes
    ----------
    output : bytes
        Return data, or revert data.
    logs : tuple[Log, ...]
        Events; empty after a failure.
    gas_used : int
        Zero on a backend without gas accounting.
    """

    ok: bool
    output: bytes
    logs: tuple[Log, ...]
    gas_used: int


class Evm(Protocol):
    """A backend. Addresses are strings with EIP-55 checksum, times are seconds, values are wei."""

    @property
    def name(self) -> str:
        """Name of the backend for ``--evm``."""

    @property
    def chain_id(self) -> int:
        """`CHAIN_ID`, or the chain id of a node."""

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts of the 64 agents."""

    @property
    def deployer(self) -> str:
        """The account that `deploy` sends from."""

    @property
    def accounts_gas(self) -> bool:
        """Whether `Receipt.gas_used` is the gas of a transaction."""

    @property
    def timestamp(self) -> int:
        """The time of the next transaction."""

    def warp(self, timestamp: int) -> None:
        """Move the clock forward to a time, or leave it; an earlier time is an `EvmError`."""

    def deploy(self, initcode: bytes) -> str:
        """Create a contract from the deployer's account and return its address.

        Raises
        ------
        EvmError
            If the creation fails.
        """

    def transact(self, sender: str, to: str, data: bytes, value: int = 0) -> Receipt:
        """Send a transaction. A revert is a result, not an exception.

        Raises
        ------
        EvmError
            If the sender is unknown or has less than the value.
        """

    def call(self, sender: str, to: str, data: bytes, value: int = 0) -> Receipt:
        """Do the same as `transact`, then undo all changes."""

    def send(self, sender: str, to: str, data: bytes, value: int = 0) -> tuple[bytes, Logs]:
        """Send a transaction, and return its output and its events: a faster `transact`.

        Raises
        ------
        Reverted
            If it fails.
        EvmError
            As `transact`.
        """

    def balance(self, address: str) -> int:
        """Return an account's balance in wei, plus what it spent on gas."""

    def code(self, address: str) -> bytes:
        """Return the code at an address; empty if there is none."""

    def snapshot(self) -> int:
        """Save the state and the clock. At most 64 snapshots may be open."""

    def restore(self, snapshot: int) -> None:
        """Return to a snapshot; it and all later ones are gone.

        Raises
        ------
        EvmError
            If the snapshot does not exist any more.
        """

    def recycle(self) -> None:
        """Reset everything except the contracts and their addresses.

        revm never frees the memory of past transactions (about 0.7 kB each), so recycle it between batches.
        """
