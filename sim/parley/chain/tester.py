"""py-evm behind eth-tester and web3: the reference EVM.

Everything passes through web3, as to a node: signed transactions, blocks, receipts, exact gas. For comparison
with revm,

- revert data, which receipts do not have, are taken from the computation;
- time stands still between transactions. Every transaction has its own block, and blocks may share a
  timestamp, which the consensus rules forbid;
- the gas of each account is counted, so that `TesterEvm.balance` can add it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast

from eth.vm.forks.prague import PragueVM
from eth.vm.spoof import SpoofTransaction
from eth_tester import EthereumTester
from eth_tester.backends.pyevm import PyEVMBackend
from eth_tester.exceptions import ValidationError
from eth_utils.exceptions import ValidationError as EvmValidationError
from web3 import EthereumTesterProvider, Web3
from web3.exceptions import Web3Exception

from parley.chain import accounts
from parley.chain.embedded import Embedded, WithReceipts
from parley.chain.evm import CHAIN_ID, FUNDS, GAS_LIMIT, START_TIME, EvmError, Log, Receipt
from parley.chain.recursion import limit_recursion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eth_typing import ChecksumAddress
    from web3.types import TxParams, TxReceipt

    from parley.chain.evm import Name

limit_recursion()

_Books: TypeAlias = tuple[object, dict[str, int], dict[str, int]]
"""A snapshot of eth-tester; nonces, and wei spent on gas, by account."""

# A block holds one transaction. With twice its gas limit, the base fee does not rise.
_BLOCK_GAS_LIMIT = 2 * GAS_LIMIT

# Wei per unit of gas; above every base fee, which starts at 10^9 and only falls.
_MAX_FEE = 10**10


class _SharedTimestamps(PragueVM):
    """Prague, except that blocks may share their parent's timestamp."""

    @classmethod
    def validate_header(cls, header: Any, parent_header: Any) -> None:  # noqa: ANN401 -- py-evm carries no types
        if header.timestamp == parent_header.timestamp:
            header = header.copy(timestamp=parent_header.timestamp + 1)
        super().validate_header(header, parent_header)


class _Backend(PyEVMBackend):  # type: ignore[misc]  # eth-tester carries no types
    """py-evm with our accounts, keeping the computation of the last transaction or call."""

    def __init__(self) -> None:
        keys = (accounts.deployer_key(), *accounts.agent_keys())
        account = {"balance": FUNDS, "nonce": 0, "code": b"", "storage": {}}
        super().__init__(
            genesis_parameters=self.generate_genesis_params(
                {"timestamp": START_TIME, "gas_limit": _BLOCK_GAS_LIMIT}
            ),
            genesis_state={key.public_key.to_canonical_address(): account for key in keys},
            vm_configuration=((0, _SharedTimestamps),),
        )
        self.account_keys = keys
        self._by_address = {key.public_key.to_canonical_address(): key for key in keys}
        self.computation: Any = None

    @property
    def _key_lookup(self) -> Mapping[bytes, Any]:
        # The inherited method hashes every key again, twice per transaction.
        return self._by_address

    def send_transaction(self, transaction: dict[str, Any]) -> bytes:
        signed = self._get_normalized_and_signed_evm_transaction(transaction)
        _, _, self.computation = self.chain.apply_transaction(signed)
        return cast("bytes", signed.hash)

    def call(self, transaction: dict[str, Any], block_number: str = "pending") -> bytes:
        unsigned = self._get_normalized_and_unsigned_evm_transaction(transaction, block_number)
        # A separate copy of the pending block, discarded with the changes of the call.
        state = self.chain.get_vm(at_header=self.chain.get_block().header).state
        self.computation = state.apply_transaction(SpoofTransaction(unsigned, from_=transaction["from"]))
        return cast("bytes", self.computation.output)


class TesterEvm(WithReceipts, Embedded["_Books"]):
    """py-evm behind web3 as a backend, with exact gas.

    Examples
    --------
    >>> evm = TesterEvm()
    >>> receipt = evm.transact(evm.accounts[0], evm.accounts[1], b"", value=7)
    >>> receipt.gas_used, evm.balance(evm.accounts[0]) - FUNDS
    (21000, -7)
    """

    name: Name = "py-evm"
    accounts_gas = True

    def _begin(self) -> None:
        self._backend = _Backend()
        self._tester = EthereumTester(self._backend)
        self.web3 = Web3(EthereumTesterProvider(self._tester))
        self._nonces = dict.fromkeys((self.deployer, *self.accounts), 0)
        self._spent = dict.fromkeys(self._nonces, 0)

    # ── transactions ─────────────────────────────────────────────────────────────────────────────────────

    def transact(self, sender: str, to: str, data: bytes, value: int = 0) -> Receipt:
        """See `parley.chain.evm.Evm.transact`."""
        receipt = self._mine(sender, to, data, value)
        return Receipt(
            ok=receipt["status"] == 1,
            output=self._output(),
            logs=tuple(
                Log(
                    bytes.fromhex(entry["address"][2:]),
                    tuple(map(bytes, entry["topics"])),
                    bytes(entry["data"]),
                )
                for entry in receipt["logs"]
            ),
            gas_used=receipt["gasUsed"],
        )

    def call(self, sender: str, to: str, data: bytes, value: int = 0) -> Receipt:
        """See `parley.chain.evm.Evm.call`."""
        self._backend.chain.set_header_timestamp(self._timestamp)
        try:
            self.web3.eth.call(self._fields(sender, to, data, value), "pending")
        except (EvmValidationError, ValidationError, Web3Exception) as error:
            raise EvmError(f"the transaction is refused: {error}") from error
        computation = self._backend.computation
        logs = tuple(
            Log(address, tuple(topic.to_bytes(32) for topic in topics), data)
            for address, topics, data in computation.get_log_entries()
        )
        gas_used = GAS_LIMIT - computation.get_gas_remaining()
        return Receipt(not computation.is_error, self._output(), logs, gas_used)

    def deploy(self, initcode: bytes) -> str:
        """See `parley.chain.evm.Evm.deploy`."""
        receipt = self._mine(self.deployer, None, initcode, 0)
        address = receipt["contractAddress"]
        if receipt["status"] != 1 or address is None:
            raise EvmError(f"a contract cannot be created: it reverts with 0x{self._output().hex()}")
        self._initcodes.append(initcode)
        return Web3.to_checksum_address(address)

    def _fields(self, sender: str, to: str | None, data: bytes, value: int) -> TxParams:
        """Return a transaction with all fields, so that web3 and eth-tester compute none."""
        if sender not in self._nonces:
            raise EvmError(f"{sender} is not an account of this chain")
        fields: TxParams = {
            "from": cast("ChecksumAddress", sender),
            "data": data,
            "value": Web3.to_wei(value, "wei"),
            "gas": GAS_LIMIT,
            "maxFeePerGas": Web3.to_wei(_MAX_FEE, "wei"),
            "maxPriorityFeePerGas": Web3.to_wei(0, "wei"),
            "nonce": cast("Any", self._nonces[sender]),
            "chainId": CHAIN_ID,
        }
        if to is not None:
            fields["to"] = Web3.to_checksum_address(to)
        return fields

    def _mine(self, sender: str, to: str | None, data: bytes, value: int) -> TxReceipt:
        """Mine a transaction in its own block and count its gas."""
        fields = self._fields(sender, to, data, value)
        self._backend.chain.set_header_timestamp(self._timestamp)
        try:
            receipt = self.web3.eth.get_transaction_receipt(self.web3.eth.send_transaction(fields))
        except (EvmValidationError, ValidationError, Web3Exception) as error:
            raise EvmError(f"the transaction is refused: {error}") from error
        self._nonces[sender] += 1
        self._spent[sender] += receipt["gasUsed"] * receipt["effectiveGasPrice"]
        return receipt

    def _output(self) -> bytes:
        """Return the return or revert data of the last computation; empty after a halt."""
        return bytes(self._backend.computation.output)

    # ── state ────────────────────────────────────────────────────────────────────────────────────────────

    def balance(self, address: str) -> int:
        """See `parley.chain.evm.Evm.balance`."""
        checksummed = Web3.to_checksum_address(address)
        return self.web3.eth.get_balance(checksummed) + self._spent.get(checksummed, 0)

    def code(self, address: str) -> bytes:
        """See `parley.chain.evm.Evm.code`."""
        return bytes(self.web3.eth.get_code(Web3.to_checksum_address(address)))

    def _saved(self) -> _Books:
        return self._tester.take_snapshot(), dict(self._nonces), dict(self._spent)

    def _undo(self, saved: _Books) -> None:
        taken, self._nonces, self._spent = saved
        self._tester.revert_to_snapshot(taken)
