"""revm in this process, through pyrevm: the fast embedded EVM.

A transaction is one message call, without JSON, signatures or generic coding. pyrevm leaves the following to
its user:

- a message call does not end a transaction, so transient storage is cleared before each. Slots stay warm, so
  gas is meaningless and never reported;
- a message call does not increase the sender's nonce. Only the address of a creation depends on it, and
  `deploy` increases it;
- the reason of a failure is in the text of an exception, with revert data in hexadecimal;
- the journal grows with every transaction (about 0.7 kB each) and is freed only by `RevmEvm.recycle`.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NoReturn

import pyrevm
from eth_utils.address import to_checksum_address

from parley.chain.embedded import Embedded
from parley.chain.evm import CHAIN_ID, FUNDS, GAS_LIMIT, EvmError, Log, Receipt, Reverted
from parley.core.randomness import keccak

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley.chain.evm import Logs, Name

# The newest fork with a name in pyrevm. The contracts use nothing that Prague adds (precompiles, delegated
# accounts). pyrevm silently takes its latest fork for an unknown name.
_FORK = "CANCUN"

_TOPICS_AND_DATA = attrgetter("data")

# Zeros that revm appends to code.
_PADDING = 33

# Open snapshots count as call depth, which is limited to 1,024.


class RevmEvm(Embedded[pyrevm.JournalCheckpoint]):
    """revm as a backend.

    Parameters
    ----------
    chain_id : int, optional
        Another chain id, for replays of a node's games.
    code : Mapping[str, bytes], optional
        Contracts that exist from the start, by address.

    Examples
    --------
    A contract that returns one word, 42:

    >>> evm = RevmEvm()
    >>> runtime = bytes.fromhex("602a5f5260205ff3")
    >>> address = evm.deploy(bytes.fromhex("67") + runtime + bytes.fromhex("5f5260086018f3"))
    >>> output, events = evm.send(evm.accounts[0], address, b"")
    >>> int.from_bytes(output), events
    (42, [])
    """

    name: Name = "revm"
    accounts_gas = False
    code_limit: int | None = None
    """Maximum size of a contract's code in bytes; by default the protocol's 24,576."""

    def __init__(self, chain_id: int = CHAIN_ID, code: Mapping[str, bytes] | None = None) -> None:
        self.chain_id = chain_id
        self._code = dict(code or {})
        super().__init__()

    def _begin(self) -> None:
        environment = pyrevm.Env(
            cfg=pyrevm.CfgEnv(chain_id=self.chain_id, limit_contract_code_size=self.code_limit),
            block=self._block(),
        )
        self._evm = pyrevm.EVM(env=environment, gas_limit=GAS_LIMIT, spec_id=_FORK)
        for account in (self.deployer, *self.accounts):
            self._evm.set_balance(account, FUNDS)
        for address, code in self._code.items():
            # A contract's nonce starts at one.
            self._evm.insert_account_info(address, pyrevm.AccountInfo(nonce=1, code=code))
        # Bound once, because a lookup on the extension object is slow.
        self._message_call = self._evm.message_call
        self._reset_transient_storage = self._evm.reset_transient_storage

    def _block(self) -> pyrevm.BlockEnv:
        return pyrevm.BlockEnv(number=1, timestamp=self._timestamp)

    # ── transactions ─────────────────────────────────────────────────────────────────────────────────────

    def send(self, sender: str, to: str, data: bytes, value: int = 0) -> tuple[bytes, Logs]:
        """See `parley.chain.evm.Evm.send`."""
        self._reset_transient_storage()
        try:
            output = self._message_call(sender, to, data, value)
        except RuntimeError as error:
            _fail(error)
        result = self._evm.result
        return output, list(map(_TOPICS_AND_DATA, result.logs)) if result is not None else []

    def transact(self, sender: str, to: str, data: bytes, value: int = 0) -> Receipt:
        """See `parley.chain.evm.Evm.transact`."""
        try:
            output, _ = self.send(sender, to, data, value)
        except Reverted as reverted:
            return Receipt(ok=False, output=reverted.data, logs=(), gas_used=0)
        result = self._evm.result
        logs = tuple(_log(entry) for entry in result.logs) if result is not None else ()
        return Receipt(ok=True, output=output, logs=logs, gas_used=0)

    def call(self, sender: str, to: str, data: bytes, value: int = 0) -> Receipt:
        """See `parley.chain.evm.Evm.call`."""
        # Not pyrevm's `is_static`, which refuses changes of the state instead of undoing them.
        checkpoint = self._evm.snapshot()
        try:
            return self.transact(sender, to, data, value)
        finally:
            self._evm.revert(checkpoint)

    def deploy(self, initcode: bytes) -> str:
        """See `parley.chain.evm.Evm.deploy`."""
        self._reset_transient_storage()
        try:
            address = self._evm.deploy(self.deployer, initcode, 0)
        except RuntimeError as error:
            raise EvmError(f"a contract cannot be created: {error}") from None
        self._initcodes.append(initcode)
        return to_checksum_address(address)

    # ── state ────────────────────────────────────────────────────────────────────────────────────────────

    def _set_time(self, timestamp: int) -> None:
        super()._set_time(timestamp)
        self._evm.set_block_env(self._block())

    def balance(self, address: str) -> int:
        """See `parley.chain.evm.Evm.balance`."""
        return self._evm.get_balance(address)

    def code(self, address: str) -> bytes:
        """See `parley.chain.evm.Evm.code`."""
        # pyrevm returns code with appended zeros; the hash shows how many.
        padded = self._evm.get_code(address) or b""
        code_hash = self._evm.basic(address).code_hash
        lengths = (len(padded) - _PADDING, len(padded))
        return next((padded[:k] for k in lengths if k > 0 and keccak(padded[:k]) == code_hash), b"")

    def _saved(self) -> pyrevm.JournalCheckpoint:
        return self._evm.snapshot()

    def _undo(self, saved: pyrevm.JournalCheckpoint) -> None:
        self._evm.revert(saved)


def _fail(error: RuntimeError) -> NoReturn:
    r"""Translate an error of pyrevm.

    Examples
    --------
    >>> try:
    ...     _fail(RuntimeError("Revert { gas_used: 22144, output: 0xff00 }"))
    ... except Reverted as reverted:
    ...     reverted.data
    b'\xff\x00'
    """
    text = str(error)
    if text.startswith("Revert {"):
        raise Reverted(bytes.fromhex(text[text.index("output: 0x") + 10 :].rstrip(" }"))) from None
    if text.startswith("Halt {"):
        raise Reverted(b"") from None
    raise EvmError(f"the transaction is refused: {text}") from None


def _log(entry: pyrevm.Log) -> Log:
    topics, data = entry.data
    return Log(bytes.fromhex(entry.address[2:]), tuple(topics), data)
