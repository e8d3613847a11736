"""Reading and checking of receipts: a node may return another transaction's receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.chain.rpc import NodeError, as_number
from parley.chain.transactions import Mined, read_log
from parley.core.randomness import keccak

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parley.chain.evm import Log
    from parley.chain.rpc import Rpc
    from parley.chain.transactions import Transaction
    from parley.chain.view import View

__all__ = ["Receipts", "bloom", "created_address", "read_receipt", "what_is_wrong"]

_BLOOM_BITS = 2048

_SINGLE_BYTE = 0x80
"""Numbers below it are their own encoding (RLP)."""


_DOUBTS = 20
"""Maximum number of wrong receipts in a row."""


class Receipts:
    """Reads receipts from a node, and updates the view of the chain's head."""

    def __init__(self, rpc: Rpc, view: View) -> None:
        self._rpc = rpc
        self._view = view

    def find(self, transactions: Sequence[Transaction]) -> list[tuple[Transaction, Mined, int]]:
        """Return the results of the transactions that are on the chain, and the cost of their gas in wei.

        Raises
        ------
        NodeError
            If the node keeps returning wrong receipts.
        """
        calls: list[tuple[str, Sequence[object]]] = [
            ("eth_getTransactionReceipt", (sent.hash,)) for sent in transactions
        ]
        *replies, block = self._rpc.ask_all([*calls, ("eth_getBlockByNumber", ("latest", False))])
        self._view.see(block)
        given = [
            (sent, reply)
            for sent, reply in zip(transactions, replies, strict=True)
            if isinstance(reply, dict)
            and reply.get("blockNumber") is not None
            and self._believes(sent, reply)
        ]
        blocks = self._blocks({reply["blockNumber"] for _, reply in given})
        found = []
        for sent, reply in given:
            # In a block that the chain does not have now: wait.
            header = blocks[reply["blockNumber"]]
            if header is not None and header.get("hash") == reply["blockHash"]:
                self._view.at_least(header)
                mined = read_receipt(sent, reply, as_number(header.get("timestamp"), "eth_getBlockByNumber"))
                price = as_number(reply.get("effectiveGasPrice") or hex(sent.price), "effectiveGasPrice")
                found.append((sent, mined, mined.gas_used * price))
        return found

    def _believes(self, sent: Transaction, receipt: Mapping[str, Any]) -> bool:
        wrong = what_is_wrong(sent, receipt)
        sent.doubts = 0 if wrong is None else sent.doubts + 1
        if sent.doubts >= _DOUBTS:
            raise NodeError(
                f"{self._rpc.url}: the node's receipt of transaction {sent.hash} is wrong: {wrong}"
            )
        return wrong is None

    def _blocks(self, numbers: set[str]) -> dict[str, Mapping[str, Any] | None]:
        """Return blocks by number, None where the node has none."""
        block = self._view.block
        known: dict[str, Mapping[str, Any] | None] = {block["number"]: block}
        others = [number for number in numbers if number not in known]
        replies = self._rpc.ask_all([("eth_getBlockByNumber", (number, False)) for number in others])
        known.update(
            (number, reply if isinstance(reply, dict) else None)
            for number, reply in zip(others, replies, strict=True)
        )
        return known


def created_address(sender: str, nonce: int) -> str:
    """Return the address of the contract that a transaction creates, in lower case.

    Examples
    --------
    >>> created_address("0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0", 0)
    '0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d'
    >>> created_address("0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0", 1)
    '0x343c43a37d37dff08ae8c4a11544c718abb4fcf8'
    """
    digits = nonce.to_bytes((nonce.bit_length() + 7) // 8)
    number = digits if 0 < nonce < _SINGLE_BYTE else bytes([_SINGLE_BYTE + len(digits)]) + digits
    account = bytes([_SINGLE_BYTE + 20]) + bytes.fromhex(sender[2:])
    fields = account + number
    return "0x" + keccak(bytes([0xC0 + len(fields)]) + fields)[12:].hex()


def bloom(logs: Sequence[Log]) -> int:
    """Return the Bloom filter of events in a receipt: three bits for each address and topic.

    Examples
    --------
    >>> from parley.chain.evm import Log
    >>> bloom([]), bloom([Log(bytes(20), (), b"data")]).bit_count()
    (0, 3)
    """
    bits = 0
    for log in logs:
        for entry in (log.address, *log.topics):
            digest = keccak(entry)
            for at in (0, 2, 4):
                bits |= 1 << (int.from_bytes(digest[at : at + 2]) % _BLOOM_BITS)
    return bits


def what_is_wrong(sent: Transaction, receipt: Mapping[str, Any]) -> str | None:
    """Return why a receipt does not belong to this transaction, or None.

    It compares hash, sender, receiver and created address, and checks that the events belong to the same
    transaction and block and match the filter (``logsBloom``).
    """
    try:
        return _difference(sent, receipt)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return f"it cannot be read ({type(error).__name__})"


def _difference(sent: Transaction, receipt: Mapping[str, Any]) -> str | None:
    request = sent.request
    to = request.to.lower() if request.to is not None else None
    expected = {
        "transactionHash": sent.hash,
        "from": request.sender.lower(),
        "to": to,
    }
    if to is None and receipt["status"] == "0x1":
        expected["contractAddress"] = created_address(request.sender, sent.nonce)
    for key, value in expected.items():
        given = receipt.get(key)
        if (given.lower() if isinstance(given, str) else None) != value:
            return f"its {key} is {given}"
    read_receipt(sent, receipt, 0)
    for log in receipt["logs"]:
        for key in ("transactionHash", "blockHash"):
            if key in log and log[key].lower() != receipt[key].lower():
                return f"one of its events has another {key}"
    # Some chains leave the filter empty.
    given = int(receipt.get("logsBloom") or "0x0", 16)
    if given not in (0, bloom(list(map(read_log, receipt["logs"])))):
        return "its events are not those of its logsBloom: one is missing, or changed"
    return None


def read_receipt(sent: Transaction, receipt: Mapping[str, Any], timestamp: int) -> Mined:
    """Read a receipt; the timestamp is the block's."""
    return Mined(
        sent.hash,
        int(receipt["status"], 16) == 1,
        tuple(map(read_log, receipt["logs"])),
        int(receipt["gasUsed"], 16),
        int(receipt["blockNumber"], 16),
        timestamp,
        receipt.get("contractAddress") if sent.request.to is None else None,
    )
