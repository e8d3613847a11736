"""The seam behind which an Ethereum machine stands.

Three embedded machines implement it: `parley.chain.revm.RevmEvm`, fast; `parley.chain.tester.TesterEvm`,
py-evm behind web3 and eth-tester; and `parley.chain.pyevm.PyEvm`, py-evm alone, three times as fast as the
second, on which cross-checks replay. What they promise alike:

- one chain id, the same funded accounts, and contracts at the same addresses for the same deployments in the
  same order;
- the same return data, revert data, logs and, net of gas, balances for the same transactions at the same
  times;
- a clock that stands still until `Evm.warp` moves it: any number of transactions share one timestamp, as they
  do in a block.

What they do not promise alike: gas (only an `Evm` with `accounts_gas` knows it), block numbers and block
hashes.

A node (`parley.chain.node.NodeEvm`) stands behind the same seam. It has its own chain id, its clock runs, its
receipts carry no return data, and it cannot be recycled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

from parley.core.errors import ParleyError

if TYPE_CHECKING:
    from collections.abc import Sequence

CHAIN_ID = 131277322940537
"""Chain id of both machines: the one that eth-tester fixes."""

START_TIME = 4_102_444_800
"""Where the clock starts, in seconds: the year 2100, since eth-tester leaves a time in the past for the wall
clock's. Times from there on fit the 40 bits that contracts keep them in."""

GAS_LIMIT = 30_000_000
"""Gas that every transaction is given, and on the reference machine the least that a block holds."""

FUNDS = 2**100
"""Wei that every account starts with: some 10^12 ether."""

Name: TypeAlias = Literal["revm", "py-evm"]

Logs: TypeAlias = "Sequence[tuple[Sequence[bytes], bytes]]"
"""Topics and data of each event of a transaction, in order."""


class EvmError(ParleyError):
    """A transaction that no block can contain, or a machine used against its rules."""


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
    """What became of a transaction or a call.

    Attributes
    ----------
    ok : bool
        Whether it succeeded.
    output : bytes
        Its return data, or its revert data.
    logs : tuple[Log, ...]
        What it emitted; empty if it failed.
    gas_used : int
        Zero on a machine that does not account gas per transaction.
    """

    ok: bool
    output: bytes
    logs: tuple[Log, ...]
    gas_used: int


class Evm(Protocol):
    """A machine with funded accounts, on which contracts are deployed and called.

    Addresses are strings with their EIP-55 checksum, times are seconds, values are wei.
    """

    @property
    def name(self) -> str:
        """How the command line calls the machine."""

    @property
    def chain_id(self) -> int:
        """`CHAIN_ID`, but for a node and for what imitates one."""

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts of 64 agents, the most that one game takes."""

    @property
    def deployer(self) -> str:
        """The account that `deploy` sends from."""

    @property
    def accounts_gas(self) -> bool:
        """Whether `Receipt.gas_used` says what a transaction costs."""

    @property
    def timestamp(self) -> int:
        """The time at which the next transaction takes place."""

    def warp(self, timestamp: int) -> None:
        """Move the clock forward to a time; to the present is allowed.

        Raises
        ------
        EvmError
            If the time lies in the past.
        """

    def deploy(self, initcode: bytes) -> str:
        """Create a contract from the deployer's account and return its address.

        Raises
        ------
        EvmError
            If the creation fails.
        """

    def transact(self, sender: str, to: str, data: bytes, value: int = 0) -> Receipt:
        """Send a transaction. A revert is an answer, not an exception.

        Raises
        ------
        EvmError
            If no block can contain it: unknown sender, or more value than the sender has.
        """

    def call(self, sender: str, to: str, data: bytes, value: int = 0) -> Receipt:
        """Do as `transact`, and undo whatever it changed."""

    def send(self, sender: str, to: str, data: bytes, value: int = 0) -> bytes:
        """Send a transaction and return its output: `transact` for loops that count microseconds.

        Raises
        ------
        Reverted
            If it fails.
        EvmError
            As `transact`.
        """

    def take_logs(self) -> Logs:
        """Return topics and data of each event of the last `send`, in order; none if it failed."""

    def balance(self, address: str) -> int:
        """Return an account's balance in wei, with what it spent on gas given back."""

    def code(self, address: str) -> bytes:
        """Return the code at an address; empty if there is none."""

    def snapshot(self) -> int:
        """Remember the state, clock included. At most 64 may be open at a time."""

    def restore(self, snapshot: int) -> None:
        """Return to a snapshot; it and all later ones are used up.

        Raises
        ------
        EvmError
            If it is used up already.
        """

    def recycle(self) -> None:
        """Start anew with the same contracts at the same addresses and nothing else.

        Accounts are as full, and the clock stands, as at the start; snapshots are used up.

        The fast machine never frees what past transactions took (some 0.7 kB each): recycle it between
        batches.
        """
