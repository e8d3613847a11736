"""The history of one contract: every call with its calldata and events.

`History` is the interface that a replay needs. `NodeHistory` reads it from a JSON-RPC node; `Recorder` is a
backend that records the calls made through it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from parley.chain.embedded import WithReceipts
from parley.chain.evm import EvmError, Log, Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from parley.chain.evm import Evm


class Question(NamedTuple):
    """A static call of the contract to another one, and the answer; None if the call failed."""

    to: str
    data: bytes
    answer: bytes | None


class Failure(NamedTuple):
    """What is known about a failed call.

    Attributes
    ----------
    gas : int
        Gas from the caller; 0 if unknown.
    starved : bool
        Whether it may have run out of gas.
    refused : tuple of (str, int)
        Receivers that refused money from the contract, and the amounts.
    """

    gas: int = 0
    starved: bool = False
    refused: tuple[tuple[str, int], ...] = ()


class Gain(NamedTuple):
    """Change of a balance in a block that the block's transactions themselves do not explain.

    Attributes
    ----------
    amount : int
        Wei; may be negative.
    certain : bool
        Whether only the contract can have caused it.
    """

    amount: int
    certain: bool


class Call(NamedTuple):
    """One call of the contract.

    Attributes
    ----------
    transaction : str
        Hash of the transaction, ``0x`` and 64 digits.
    sender : str
        The caller, in lower case.
    data : bytes
        Calldata; empty if unknown (see `direct`).
    value : int
        Wei sent with the call.
    timestamp : int
        Time of the block, in seconds.
    logs : tuple of Log
        Events of the contract, in order.
    direct : bool
        Whether the call is known: from the transaction itself or from a trace. For a call through another
        contract without a trace, only the events are known.
    failure : Failure or None
        None for a successful call.
    payments : tuple of (str, int), or None
        Wei that the contract sent in this call, by receiver; None without a trace.
    questions : tuple of Question, or None
        Static calls of the contract to others in this call; None without a trace.
    """

    transaction: str
    sender: str
    data: bytes
    value: int
    timestamp: int
    logs: tuple[Log, ...]
    direct: bool = True
    block: int = 0
    failure: Failure | None = None
    payments: tuple[tuple[str, int], ...] | None = None
    questions: tuple[Question, ...] | None = None


class History(Protocol):
    """All calls of one contract up to a block, and the state of the chain."""

    @property
    def chain_id(self) -> int:
        """The chain's."""

    @property
    def contract(self) -> str:
        """Address of the contract, in lower case."""

    def calls(self, progress: Callable[[int, int], None] = lambda *_: None) -> Iterator[Call]:
        """Yield all calls in the chain's order, failed ones too; `progress` gets blocks read and to read."""

    def gains(self, block: int, accounts: Sequence[str]) -> Mapping[str, Gain] | None:
        """Return the unexplained gains of accounts and of the contract in a block; None if unknown."""

    def excused(self, call: Call, payee: str | None) -> bool | None:
        """Whether a call failed for a reason outside the contract; None if unknown.

        The caller gave too little gas, or the payee, if there is one, refused the money.
        """

    def ask(self, questions: Sequence[tuple[str, bytes]], block: int | None = None) -> list[bytes | None]:
        """Call views after a block, by default the last one; None is a revert."""

    def code(self, address: str, block: int | None = None) -> bytes | None:
        """Return the code at an address after a block; None if the state is unknown."""

    def founder(self) -> str | None:
        """Return the account that deployed the contract, in lower case; None if unknown."""

    def balance(self) -> int:
        """Return the contract's balance in wei."""


class Recorder(WithReceipts):
    """A backend that records the calls of one contract: both an `parley.chain.evm.Evm` and a `History`.

    Parameters
    ----------
    contract : str, optional
        The recorded contract; may be set later, after its deployment.

    Examples
    --------
    A contract that takes money and says nothing:

    >>> from parley.chain.revm import RevmEvm
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
        self._gains: dict[int, dict[str, int]] = {}
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

    def gains_by_block(self) -> dict[int, dict[str, int]]:
        """Return the gains in each block, as far as they were recorded."""
        return {block: dict(gains) for block, gains in self._gains.items()}

    def gains(self, block: int, accounts: Sequence[str]) -> Mapping[str, Gain] | None:
        """See `History.gains`. Known for the contract and for addresses in calldata."""
        known = self._gains.get(block, {})
        if any(account not in known for account in accounts):
            return None
        return {account: Gain(known[account], not self.code(account)) for account in accounts}

    def excused(self, call: Call, payee: str | None) -> bool | None:
        """See `History.excused`. Every call has enough gas, so only the payee can be the reason."""
        del call
        return None if payee is not None and self.code(payee) else False

    def ask(self, questions: Sequence[tuple[str, bytes]], block: int | None = None) -> list[bytes | None]:
        """See `History.ask`. The state is always the current one."""
        del block
        receipts = (self.evm.call(self.evm.deployer, _checksum(to), data) for to, data in questions)
        return [receipt.output if receipt.ok else None for receipt in receipts]

    def code(self, address: str, block: int | None = None) -> bytes:
        """See `History.code`. The state is always the current one."""
        del block
        return self.evm.code(_checksum(address))

    def founder(self) -> str:
        """See `History.founder`."""
        return self.evm.deployer.lower()

    def balance(self, address: str | None = None) -> int:
        """Return a balance, by default the contract's."""
        return self.evm.balance(address or self._contract)

    # ── a backend ────────────────────────────────────────────────────────────────────────────────────────

    @property
    def name(self) -> str:
        """See `parley.chain.evm.Evm.name`."""
        return self.evm.name

    @property
    def chain_id(self) -> int:
        """See `parley.chain.evm.Evm.chain_id`."""
        return self.evm.chain_id

    @property
    def accounts(self) -> tuple[str, ...]:
        """See `parley.chain.evm.Evm.accounts`."""
        return self.evm.accounts

    @property
    def deployer(self) -> str:
        """See `parley.chain.evm.Evm.deployer`."""
        return self.evm.deployer

    @property
    def accounts_gas(self) -> bool:
        """See `parley.chain.evm.Evm.accounts_gas`."""
        return self.evm.accounts_gas

    @property
    def timestamp(self) -> int:
        """See `parley.chain.evm.Evm.timestamp`."""
        return self.evm.timestamp

    def warp(self, timestamp: int) -> None:
        """See `parley.chain.evm.Evm.warp`."""
        self.evm.warp(timestamp)

    def deploy(self, initcode: bytes) -> str:
        """See `parley.chain.evm.Evm.deploy`."""
        return self.evm.deploy(initcode)

    def transact(self, sender: str, to: str, data: bytes, value: int = 0) -> Receipt:
        """See `parley.chain.evm.Evm.transact`."""
        if not self._contract:
            return self.evm.transact(sender, to, data, value)
        direct = to.lower() == self.contract
        watched = {self.contract, sender.lower(), *_addresses_in(data)} if direct else set()
        before = {account: self.evm.balance(_checksum(account)) for account in watched}
        receipt = self.evm.transact(sender, to, data, value)
        logs = tuple(log for log in receipt.logs if "0x" + log.address.hex() == self.contract)
        if not direct and not logs:
            return receipt
        block = len(self._calls) + 1
        gains = {account: self.evm.balance(_checksum(account)) - old for account, old in before.items()}
        if direct and receipt.ok:
            gains[self.contract] -= value
            gains[sender.lower()] += value
        self._gains[block] = gains
        self._calls.append(
            Call(
                f"0x{block:064x}",
                sender.lower(),
                data if direct else b"",
                value if direct else 0,
                self.evm.timestamp,
                logs,
                direct,
                block,
                None if receipt.ok else Failure(),
            )
        )
        return receipt

    def call(self, sender: str, to: str, data: bytes, value: int = 0) -> Receipt:
        """See `parley.chain.evm.Evm.call`."""
        return self.evm.call(sender, to, data, value)

    def snapshot(self) -> int:
        """See `parley.chain.evm.Evm.snapshot`."""
        number = self.evm.snapshot()
        self._open[number] = len(self._calls)
        return number

    def restore(self, snapshot: int) -> None:
        """See `parley.chain.evm.Evm.restore`."""
        self.evm.restore(snapshot)
        del self._calls[self._open[snapshot] :]

    def recycle(self) -> None:
        """Raise `EvmError`: a reset would lose the history."""
        raise EvmError("a backend whose calls are recorded cannot be reset")


def _addresses_in(data: bytes) -> set[str]:
    """Return possible addresses among the first arguments of a call."""
    words = (data[at : at + 32] for at in range(4, min(len(data) - 31, 260), 32))
    return {"0x" + word[12:].hex() for word in words if not any(word[:12])}


@cache
def _checksum(address: str) -> str:
    from eth_utils.address import to_checksum_address  # noqa: PLC0415 -- pulls in eth_typing, slow to load

    return to_checksum_address(address)
