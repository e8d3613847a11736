"""Funding of Parley's accounts on a node.

The first account that the node signs for pays, once, and again only if an account cannot pay for its next
transactions. Each payment has an explicit nonce, so that a repeated request pays only once.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from parley.chain import transactions
from parley.chain.rpc import NodeError, RpcError, as_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from parley.chain.rpc import Rpc
    from parley.chain.view import View

_RESERVE = 3
"""An account gets this multiple of its current need, so that payments are rare."""

_GAS = 100_000
"""Gas limit of a payment; enough on every chain."""

_LONGEST_PAUSE = 5.0
"""Maximum pause between two checks of a payment, in seconds."""


class _Payment(NamedTuple):
    nonce: int
    to: str
    amount: int


class Funds:
    """Balances of accounts, and payments to them.

    Parameters
    ----------
    view : View
        Of the chain's head.
    mine : callable
        Makes the node mine, if necessary.

    Attributes
    ----------
    given : Counter of str
        Wei paid to each account so far.
    """

    def __init__(self, rpc: Rpc, view: View, mine: Callable[[], None]) -> None:
        self.given: Counter[str] = Counter()
        self._rpc = rpc
        self._view = view
        self._mine = mine
        self._at_least: dict[str, int] = {}
        self._payments: list[_Payment] = []
        self._payer: str | None = None

    def reserve(self, needs: Mapping[str, int], price: int) -> None:
        """Make sure that accounts can pay, and reserve the amounts.

        Parameters
        ----------
        needs : Mapping[str, int]
            Wei by account: values, and gas limits at the highest price.
        price : int
            Wei per unit of gas for payments.

        Raises
        ------
        NodeError
            If an account holds too little and nobody can fund it.
        """
        if any(self._at_least.get(account, 0) < need for account, need in needs.items()):
            self._look(needs)
            poor = {account: need for account, need in needs.items() if self._at_least[account] < need}
            if poor:
                self._pay(poor, price)
                self._look(needs)
        for account, need in needs.items():
            self._at_least[account] -= need

    def release(self, account: str, amount: int) -> None:
        """Release reserved amounts that were not spent."""
        self._at_least[account] = self._at_least.get(account, 0) + amount

    def forget(self) -> None:
        """Read all balances again, because a reorganization may have removed payments."""
        self._at_least.clear()
        if self._payer is not None:
            count = self._count(self._payer)
            for payment in self._payments:
                if payment.nonce >= count:
                    self.given[payment.to] -= payment.amount
            self._payments = [payment for payment in self._payments if payment.nonce < count]

    def _look(self, accounts: Mapping[str, int]) -> None:
        calls = [("eth_getBalance", (account, "latest")) for account in accounts]
        for account, balance in zip(accounts, self._view.fresh(calls), strict=True):
            self._at_least[account] = as_number(balance, "eth_getBalance")

    def _count(self, account: str) -> int:
        (count,) = self._view.fresh([("eth_getTransactionCount", (account, "latest"))])
        return as_number(count, "eth_getTransactionCount")

    def _pay(self, poor: Mapping[str, int], price: int) -> None:
        """Pay accounts what they need, with a reserve if possible."""
        payer = self._payer = self._find_payer(poor)
        (balance,) = self._view.fresh([("eth_getBalance", (payer, "latest"))])
        purse = as_number(balance, "eth_getBalance") - _GAS * price * len(poor)
        amounts = {account: need - self._at_least[account] for account, need in poor.items()}
        generous = {account: amounts[account] + _RESERVE * need for account, need in poor.items()}
        if sum(generous.values()) <= purse:
            amounts = generous
        elif sum(amounts.values()) > purse:
            raise NodeError(
                f"{self._rpc.url}: the node's first account, {payer}, lacks funds: it has {max(purse, 0)} "
                f"wei and must pay {sum(amounts.values())}"
            )
        first = self._count(payer)
        payments = [
            _Payment(first + k, account, amount) for k, (account, amount) in enumerate(amounts.items())
        ]
        self._carry_out(payer, payments, price)
        self._payments += payments
        self.given.update(amounts)

    def _find_payer(self, poor: Mapping[str, int]) -> str:
        try:
            accounts = self._rpc.ask("eth_accounts")
        except RpcError:
            accounts = []
        if not accounts:
            account, need = next(iter(poor.items()))
            raise NodeError(
                f"{self._rpc.url}: {account} lacks funds: it has {self._at_least[account]} wei and needs "
                f"{need}, and the node has no account that could pay"
            )
        return str(accounts[0])

    def _carry_out(self, payer: str, payments: list[_Payment], price: int) -> None:
        """Send payments until the chain has them all."""
        began, pause = time.monotonic(), 0.01
        refusal: RpcError | None = None
        while (count := self._count(payer)) <= payments[-1].nonce:
            if time.monotonic() - began > (transactions.PATIENCE if refusal is None else 2.0):
                why = refusal.message if refusal is not None else "they are not mined"
                raise NodeError(f"{self._rpc.url}: Parley's accounts cannot be funded from {payer}: {why}")
            refusal = None
            # One after the other, because some nodes refuse future nonces.
            for payment in payments:
                if payment.nonce < count:
                    continue
                fields = {
                    "from": payer,
                    "to": payment.to,
                    "value": hex(payment.amount),
                    "gas": hex(_GAS),
                    "gasPrice": hex(price),
                    "nonce": hex(payment.nonce),
                }
                try:
                    self._rpc.ask("eth_sendTransaction", fields)
                except RpcError as error:
                    refusal = error
            self._mine()
            if self._count(payer) <= payments[-1].nonce:
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
