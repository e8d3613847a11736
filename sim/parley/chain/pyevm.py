"""py-evm alone: the reference EVM without web3, eth-tester, blocks and signatures.

It is three times as fast as `parley.chain.tester.TesterEvm`, with the same outputs, logs, gas and balances (a
test compares both). It does not exercise signatures, the coding of transactions, and block rules.

- The base fee is zero, so gas costs nothing, and GASPRICE and BASEFEE are zero.
- `lock_changes` ends a transaction. Without it, slots would stay warm, and the gas of the next transaction
  would be too low.
- py-evm's journal cannot undo changes before the last `lock_changes`. So a snapshot writes the state to the
  database and keeps its root.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from eth.constants import BLANK_ROOT_HASH, CREATE_CONTRACT_ADDRESS, ZERO_ADDRESS, ZERO_HASH32
from eth.db.atomic import AtomicDB
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.london.transactions import LondonTransactionBuilder
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.prague.state import PragueState
from eth.vm.spoof import SpoofTransaction
from eth_typing import BlockNumber
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.exceptions import ValidationError

from parley.chain.embedded import Embedded, WithReceipts
from parley.chain.evm import FUNDS, GAS_LIMIT, EvmError, Log, Receipt
from parley.chain.recursion import limit_recursion

if TYPE_CHECKING:
    from eth.abc import SignedTransactionAPI
    from eth_typing import Address, Hash32

    from parley.chain.evm import Name

limit_recursion()


class PyEvm(WithReceipts, Embedded["Hash32"]):
    """py-evm's state as a backend, with exact gas.

    Examples
    --------
    >>> evm = PyEvm()
    >>> receipt = evm.transact(evm.accounts[0], evm.accounts[1], b"", value=7)
    >>> receipt.gas_used, evm.balance(evm.accounts[0]) - FUNDS
    (21000, -7)
    """

    name: Name = "py-evm"
    accounts_gas = True

    def _begin(self) -> None:
        self._senders = {a: to_canonical_address(a) for a in (self.deployer, *self.accounts)}
        self._database = AtomicDB()
        self._state = PragueState(self._database, self._block(), BLANK_ROOT_HASH)
        for account in self._senders.values():
            self._state.set_balance(account, FUNDS)

    def _block(self) -> ExecutionContext:
        """Return the block data that a transaction can read."""
        return ExecutionContext(
            coinbase=ZERO_ADDRESS,
            timestamp=self._timestamp,
            block_number=BlockNumber(1),
            difficulty=0,
            mix_hash=ZERO_HASH32,
            gas_limit=2 * GAS_LIMIT,
            prev_hashes=(),
            chain_id=self.chain_id,
            base_fee_per_gas=0,
            excess_blob_gas=0,
        )

    # ── transactions ─────────────────────────────────────────────────────────────────────────────────────

    def transact(self, sender: str, to: str, data: bytes, value: int = 0) -> Receipt:
        """See `parley.chain.evm.Evm.transact`."""
        return _receipt(*self._apply(sender, to_canonical_address(to), data, value))

    def call(self, sender: str, to: str, data: bytes, value: int = 0) -> Receipt:
        """See `parley.chain.evm.Evm.call`."""
        self._state.lock_changes()
        before = self._state.snapshot()
        try:
            return _receipt(*self._apply(sender, to_canonical_address(to), data, value, lock=False))
        finally:
            self._state.revert(before)

    def deploy(self, initcode: bytes) -> str:
        """See `parley.chain.evm.Evm.deploy`."""
        _, computation = self._apply(self.deployer, CREATE_CONTRACT_ADDRESS, initcode, 0)
        if computation.is_error:
            raise EvmError(f"a contract cannot be created: it reverts with 0x{computation.output.hex()}")
        self._initcodes.append(initcode)
        return to_checksum_address(computation.msg.storage_address)

    def _apply(
        self, sender: str, to: Address, data: bytes, value: int, *, lock: bool = True
    ) -> tuple[SignedTransactionAPI, Any]:
        """Execute a transaction; returns it and its computation."""
        if sender not in self._senders:
            raise EvmError(f"{sender} is not an account of this chain")
        account = self._senders[sender]
        if lock:
            self._state.lock_changes()
        self._state.clear_transient_storage()
        unsigned = LondonTransactionBuilder.new_unsigned_dynamic_fee_transaction(
            chain_id=self.chain_id,
            nonce=self._state.get_nonce(account),
            max_priority_fee_per_gas=0,
            max_fee_per_gas=0,
            gas=GAS_LIMIT,
            to=to,
            value=value,
            data=data,
            access_list=(),
        )
        transaction = cast("SignedTransactionAPI", SpoofTransaction(unsigned, from_=account))
        try:
            return transaction, self._state.apply_transaction(transaction)
        except ValidationError as error:
            raise EvmError(f"the transaction is refused: {error}") from error

    # ── state ────────────────────────────────────────────────────────────────────────────────────────────

    def _set_time(self, timestamp: int) -> None:
        super()._set_time(timestamp)
        self._state.execution_context = self._block()

    def balance(self, address: str) -> int:
        """See `parley.chain.evm.Evm.balance`."""
        return int(self._state.get_balance(to_canonical_address(address)))

    def code(self, address: str) -> bytes:
        """See `parley.chain.evm.Evm.code`."""
        return bytes(self._state.get_code(to_canonical_address(address)))

    def _saved(self) -> Hash32:
        self._state.lock_changes()
        self._state.persist()
        return self._state.state_root

    def _undo(self, saved: Hash32) -> None:
        self._state = PragueState(self._database, self._block(), saved)


def _receipt(transaction: SignedTransactionAPI, computation: Any) -> Receipt:  # noqa: ANN401 -- py-evm carries no types
    """Return the receipt of a computation."""
    logs = tuple(
        Log(address, tuple(topic.to_bytes(32) for topic in topics), data)
        for address, topics, data in computation.get_log_entries()
    )
    gas_used = PragueVM.finalize_gas_used(transaction, computation)
    return Receipt(not computation.is_error, bytes(computation.output), logs, gas_used)
