"""Answers from a node's old states: a contract's first block, gains of payees, the reason of a failed call.

If the node has no old states, the answer is unknown, never a guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.chain.history import Gain
from parley.chain.rpc import Rpc, RpcError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parley.chain.history import Call

__all__ = ["first_block", "founder", "gains", "had_too_little_gas"]

_GWEI = 10**9


def first_block(node: Rpc, contract: str, head: int, hint: object) -> int:
    """Find the first block after which there is code at an address.

    Parameters
    ----------
    head : int
        A block after which the code exists.
    hint : object
        The claimed block.

    Returns
    -------
    int
        0 if the node lacks the states; then all blocks must be read.
    """

    def there(number: int) -> bool:
        return number >= 0 and len(node.ask("eth_getCode", contract, hex(number))) > 2

    try:
        if isinstance(hint, int) and 0 <= hint <= head and there(hint) and not there(hint - 1):
            return hint
        before, after = -1, head
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (before, middle) if there(middle) else (middle, after)
    except RpcError:
        return 0
    return after


def founder(node: Rpc, contract: str, first: int) -> str | None:
    """Return the sender of the transaction that created a contract; None if the block does not show it."""
    (block,) = node.ask_there([("eth_getBlockByNumber", (hex(first), True))])
    creations = [one for one in (block or {}).get("transactions", []) if not one.get("to")]
    receipts = node.ask_there([("eth_getTransactionReceipt", [one["hash"]]) for one in creations])
    for one, receipt in zip(creations, receipts, strict=True):
        if not isinstance(receipt, dict) or receipt["transactionHash"] != one["hash"]:
            continue
        if (receipt.get("contractAddress") or "").lower() == contract:
            return str(one["from"]).lower()
    return None


def gains(node: Rpc, contract: str, block: int, accounts: Sequence[str]) -> Mapping[str, Gain] | None:
    """See `parley.chain.history.History.gains`: balance changes in a block minus explained ones."""
    (told,) = node.ask_there([("eth_getBlockByNumber", (hex(block), True))])
    if not isinstance(told, dict):
        return None
    questions = [("eth_getBalance", [one, hex(k)]) for one in accounts for k in (block - 1, block)]
    codes = node.ask_all([("eth_getCode", [one, hex(block)]) for one in accounts])
    balances = node.ask_all(questions)
    if any(isinstance(answer, RpcError) for answer in (*balances, *codes)):
        return None
    transactions = told["transactions"]
    touching = [one for one in transactions if _ends(one) & set(accounts)]
    receipts = node.ask_there([("eth_getTransactionReceipt", [one["hash"]]) for one in touching])
    change = {one: int(balances[2 * k + 1], 16) - int(balances[2 * k], 16) for k, one in enumerate(accounts)}
    odd = {str(told.get("miner") or "").lower()}
    for one, receipt in zip(touching, receipts, strict=True):
        if not isinstance(receipt, dict) or receipt["transactionHash"] != one["hash"]:
            return None
        sender, to = one["from"].lower(), (one.get("to") or "").lower()
        value = int(one["value"], 16) if int(receipt["status"], 16) == 1 else 0
        if sender in change:
            change[sender] += value + _fee(receipt)
            if any("fee" in key.lower() and key not in _FEES for key in receipt):
                odd.add(sender)
        if to in change:
            change[to] -= value
    for withdrawal in told.get("withdrawals") or []:
        to = withdrawal["address"].lower()
        if to in change:
            change[to] -= int(withdrawal["amount"], 16) * _GWEI
    running = {one for one, code in zip(accounts, codes, strict=True) if len(code) > 2} - {contract}
    quiet = not running and all(_is_quiet(node, one, contract, block) for one in transactions)
    return {one: Gain(amount, quiet and one not in odd) for one, amount in change.items()}


_FEES = frozenset({"l1Fee", "l1FeeScalar", "operatorFeeScalar", "operatorFeeConstant"})
"""Fee fields of receipts that are handled."""


def _ends(transaction: dict[str, Any]) -> set[str]:
    return {transaction["from"].lower(), (transaction.get("to") or "").lower()}


def _fee(receipt: Mapping[str, Any]) -> int:
    """Return the fees of a transaction in wei."""

    def of(key: str) -> int:
        return int(receipt.get(key) or "0x0", 16)

    return of("gasUsed") * of("effectiveGasPrice") + of("blobGasUsed") * of("blobGasPrice") + of("l1Fee")


def _is_quiet(node: Rpc, transaction: dict[str, Any], contract: str, block: int) -> bool:
    """Whether a transaction moves only its own value, or goes to the contract itself."""
    to = (transaction.get("to") or "").lower()
    if to == contract:
        return True
    if not to or len(transaction["input"]) > 2:
        return False
    try:
        return len(node.ask("eth_getCode", to, hex(block))) <= 2
    except RpcError:
        return False


def had_too_little_gas(node: Rpc, contract: str, call: Call, *, alone: bool) -> bool | None:
    """Whether a failed call would have succeeded with more gas; None if unknown.

    The node estimates the gas of the call after its block. The failed call changed nothing, so this is also
    the state before it, if it is the `alone` call of the contract in the block.
    """
    asked = {"from": call.sender, "to": contract, "data": "0x" + call.data.hex(), "value": hex(call.value)}
    given = call.failure.gas if call.failure is not None else 0
    try:
        needed = int(node.ask("eth_estimateGas", asked, hex(call.block)), 16)
    except RpcError as error:
        hopeless = error.is_revert or error.is_out_of_gas or "gas required exceeds" in error.message.lower()
        return False if hopeless and alone else None
    if given < needed:
        return True
    return False if alone or given >= 2 * needed else None
