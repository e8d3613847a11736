"""What has happened to one contract, read from the outside: every call with its calldata and its events.

A `History` is what a replay needs and no more. `NodeHistory` reads it from any JSON-RPC node; `Recorder`, a
machine that writes down what passes through it, is the same for an embedded one. Neither knows what the calls
mean.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from parley.chain.evm import EvmError, Log, Receipt, Reverted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from parley.chain.evm import Evm


class Question(NamedTuple):
    """What a contract asked another one by a static call, and what it was told; None if that failed."""

    to: str
    data: bytes
    answer: bytes | None


class Failure(NamedTuple):
    """What is known of a call that failed.

    Attributes
    ----------
    gas : int
        What the caller gave; 0 where that is not known.
    starved : bool
        Whether it may have failed for want of gas.
    refused : tuple of (str, int)
        Receivers that did not take the money that the contract sent them, and how much that was.
    """

    gas: int = 0
    starved: bool = False
    refused: tuple[tuple[str, int], ...] = ()


class Gain(NamedTuple):
    """What an account gained in a block beyond what the block's transactions themselves brought and took.

    Attributes
    ----------
    amount : int
        Wei; negative if it lost something.
    certain : bool
        Whether nothing but the contract can have caused it.
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
        Whether the call is known: the transaction itself makes it, or a trace shows it. Of a call through
        another contract without a trace nothing is known but its events.
    block : int
        Number of the block.
    failure : Failure or None
        None for a call that went through.
    payments : tuple of (str, int), or None
        Wei that the contract sent out in this call, by receiver; None without a trace.
    questions : tuple of Question, or None
        What the contract asked others in this call; None without a trace.
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
    """All calls of one contract up to some block, and the chain's state."""

    @property
    def chain_id(self) -> int:
        """The chain's."""

    @property
    def contract(self) -> str:
        """Address of the contract, in lower case."""

    def calls(self, progress: Callable[[int, int], None] = lambda *_: None) -> Iterator[Call]:
        """Go through the calls in the chain's order, those that failed too.

        Parameters
        ----------
        progress : callable
            Called with how many blocks have been read, and how many there are to read.
        """

    def gains(self, block: int, accounts: Sequence[str]) -> Mapping[str, Gain] | None:
        """Return what accounts gained in a block, the contract among them; None if that cannot be known."""

    def excused(self, call: Call, payee: str | None) -> bool | None:
        """Tell whether something other than the contract made a call fail that should have gone through.

        The caller gave too little gas, or the payee does not take money.

        Parameters
        ----------
        call : Call
            One that failed.
        payee : str or None
            Who was to be paid, if anybody.

        Returns
        -------
        bool or None
            None if that cannot be settled.
        """

    def ask(self, questions: Sequence[tuple[str, bytes]], block: int | None = None) -> list[bytes | None]:
        """Call views after a block, the last one if none is given. None stands for a revert."""

    def code(self, address: str, block: int | None = None) -> bytes | None:
        """Return the code at an address after a block; None if the chain's state there is not known."""

    def founder(self) -> str | None:
        """Return the account that deployed the contract, in lower case; None if that is not known."""

    def balance(self) -> int:
        """Return the contract's balance in wei."""


class Recorder:
    """A machine that remembers the calls of one contract: at once an `parley.chain.evm.Evm` and a `History`.

    Parameters
    ----------
    evm : Evm
        What does the work.
    contract : str, optional
        Whose calls are written down; may be set later, when it is deployed.

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

    def gains_by_block(self) -> dict[int, dict[str, int]]:
        """Return what accounts gained in each block, as far as anybody looked."""
        return {block: dict(gains) for block, gains in self._gains.items()}

    def gains(self, block: int, accounts: Sequence[str]) -> Mapping[str, Gain] | None:
        """See `History.gains`. Known for the contract, and for whoever a call's data names."""
        known = self._gains.get(block, {})
        if any(account not in known for account in accounts):
            return None
        return {account: Gain(known[account], not self.code(account)) for account in accounts}

    def excused(self, call: Call, payee: str | None) -> bool | None:
        """See `History.excused`. Every call has gas enough, so that only the payee can be to blame."""
        del call
        return None if payee is not None and self.code(payee) else False

    def ask(self, questions: Sequence[tuple[str, bytes]], block: int | None = None) -> list[bytes | None]:
        """See `History.ask`. Whatever the block, the state is the present one."""
        del block
        receipts = (self.evm.call(self.evm.deployer, _checksum(to), data) for to, data in questions)
        return [receipt.output if receipt.ok else None for receipt in receipts]

    def code(self, address: str, block: int | None = None) -> bytes:
        """See `History.code`. Whatever the block, the state is the present one."""
        del block
        return self.evm.code(_checksum(address))

    def founder(self) -> str:
        """See `History.founder`."""
        return self.evm.deployer.lower()

    def balance(self, address: str | None = None) -> int:
        """Return a balance, the contract's if nothing is said."""
        return self.evm.balance(address or self._contract)

    # ── a machine ────────────────────────────────────────────────────────────────────────────────────────

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

    def send(self, sender: str, to: str, data: bytes, value: int = 0) -> bytes:
        """See `parley.chain.evm.Evm.send`."""
        receipt = self.transact(sender, to, data, value)
        self._logs = [(log.topics, log.data) for log in receipt.logs]
        if not receipt.ok:
            raise Reverted(receipt.output)
        return receipt.output

    def take_logs(self) -> Sequence[tuple[Sequence[bytes], bytes]]:
        """See `parley.chain.evm.Evm.take_logs`."""
        return self._logs

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
        """Refuse: a chain that starts anew has no history to check.

        Raises
        ------
        EvmError
            Always.
        """
        raise EvmError("a backend whose calls are recorded cannot be reset")


def _addresses_in(data: bytes) -> set[str]:
    """Return what may be addresses among the first arguments of a call."""
    words = (data[at : at + 32] for at in range(4, min(len(data) - 31, 260), 32))
    return {"0x" + word[12:].hex() for word in words if not any(word[:12])}


@cache
def _checksum(address: str) -> str:
    from eth_utils.address import to_checksum_address  # noqa: PLC0415 -- pulls in eth_typing, slow to load

    return to_checksum_address(address)
