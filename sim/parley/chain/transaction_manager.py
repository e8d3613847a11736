"""Sending of transactions to a node: signed here, sent in batches, followed until they are mined.

Everything is signed before it is sent, so a transaction is known by its hash and nonce even if the connection
fails. After the node was away, its state decides: a mined transaction is not sent again; another one is sent
again unchanged; if the node is back with an older state, the missing transactions are sent again in the old
order at the old times. No nonce is used for two different transactions, so nothing is paid twice.

A batch is one message and, if Parley controls the mining, one block.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from contextlib import nullcontext
from itertools import groupby
from typing import TYPE_CHECKING, Any

from eth_account import Account

from parley.chain.evm import GAS_LIMIT, EvmError
from parley.chain.funds import Funds
from parley.chain.mining import Mining, fees, find_tip, held, is_development, who_mines
from parley.chain.receipts import Receipts
from parley.chain.rpc import NodeError, RpcError, as_number
from parley.chain.transactions import (
    Mined,
    Patience,
    Request,
    Transaction,
    is_refused,
    kind,
    refusal_among,
    what_refused,
)
from parley.chain.view import View

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eth_account.signers.local import LocalAccount
    from eth_keys.datatypes import PrivateKey

    from parley.chain.rpc import Rpc

_GAS_CAP = 2**24
"""Maximum gas of a transaction with EIP-7825."""

CONFIRMATIONS = 12
"""Default blocks to wait after each step, except on development chains."""

_BLOCK_PAUSE = 0.2
"""Pause between two requests for the next block, in seconds."""

_LEAST_GAS = 300_000
"""Minimum gas limit of a transaction."""

_GAS_PER_BYTE = 40
"""Maximum gas of a byte of calldata (EIP-7623)."""

_REMEMBERED = 20_000
"""Number of transactions that are kept to be sent again."""

_STALL, _LONG_STALL = 1.0, 15.0
"""Seconds without a mined transaction before a check, with and without control over mining."""

_RECENT = 2000
"""Number of transactions that are checked after a reorganization."""

_LONGEST_WAIT = 120
"""Maximum wait for a deadline on a node whose clock cannot be moved, in seconds."""


class TransactionManager:
    """Sends transactions of accounts whose keys are given. Threads may share it.

    Parameters
    ----------
    keys : Mapping[str, PrivateKey]
        By address.
    confirmations : int, optional
        Blocks to wait after the block of a transaction before acting on it. Default: none on a development
        chain, `CONFIRMATIONS` elsewhere.

    Attributes
    ----------
    spent : Counter of str
        Wei that each account spent on gas.
    view : View
        Of the chain's head.

    Raises
    ------
    NodeError
        If there is no valid answer.
    """

    def __init__(self, rpc: Rpc, keys: Mapping[str, PrivateKey], confirmations: int | None = None) -> None:
        self.rpc = rpc
        self.chain_id = as_number(rpc.ask("eth_chainId"), "eth_chainId")
        self.spent: Counter[str] = Counter()
        self.view = View(rpc)
        self._receipts = Receipts(rpc, self.view)
        self.funds = Funds(rpc, self.view, self._mine)
        self._keys = keys
        self._signers: dict[str, LocalAccount] = {}
        self._nonces: dict[str, int] = {}
        self._journal: deque[Transaction] = deque(maxlen=_REMEMBERED)
        self._gas: dict[tuple[str, bytes], int] = {}
        self._snapshots: list[tuple[int, str, list[Transaction], Counter[str], Counter[str]]] = []
        self._next_snapshot = 0
        self._exchanges = 0
        self._not_before = 0
        self._lock = threading.RLock()
        self._mining = who_mines(self.rpc)
        self.confirmations = (
            confirmations
            if confirmations is not None
            else 0
            if is_development(rpc, self.chain_id)
            else CONFIRMATIONS
        )
        self._tip = find_tip(self.rpc)

    def ask(self, method: str, *params: object) -> Any:  # noqa: ANN401 -- JSON
        """Return the answer of a node that has all blocks seen so far.

        Raises
        ------
        RpcError
            If the node refuses.
        """
        with self._lock:
            return self.view.fresh([(method, params)])[0]

    # ── sending ──────────────────────────────────────────────────────────────────────────────────────────

    def exchange(self, requests: Sequence[Request]) -> list[Mined]:
        """Send independent requests together, and return their results.

        The requests of one sender are executed in order; otherwise the order is undefined.

        Raises
        ------
        NodeError
            If the node refuses a transaction, loses it for good, or stays away.
        EvmError
            If a sender is not known.
        """
        with self._lock:
            done = self._exchange(requests)
            # The gas limit follows from earlier calls of the same kind; a call that needs more gets the
            # maximum.
            starved = [k for k, sent in enumerate(done) if self._starved(sent)]
            if starved:
                for k in starved:
                    self._gas[kind(requests[k])] = self.most_gas
                for k, sent in zip(starved, self._exchange([requests[k] for k in starved]), strict=True):
                    done[k] = sent
            if self.confirmations:
                self._confirm(done)
            return [sent.mined for sent in done if sent.mined is not None]

    def _exchange(self, requests: Sequence[Request]) -> list[Transaction]:
        self.catch_up()
        offer, price = fees(self.rpc, self.view.block, self._tip)
        for request in requests:
            self._prepare(request.sender)
        group = [self._sign(request, offer, price) for request in requests]
        self._exchanges += 1
        for sent in group:
            sent.exchange, sent.not_before = self._exchanges, self._not_before
        self._reserve(group)
        self._see_through(group)
        self._journal.extend(group)
        self.view.settle()
        for sent in group:
            self.funds.release(sent.request.sender, sent.gas * sent.price - sent.cost)
        return group

    def _confirm(self, group: Sequence[Transaction]) -> None:
        """Wait for confirmations of transactions, and check that their results did not change."""
        places: list[int] = []
        while True:
            blocks = [sent.mined.block for sent in group if sent.mined is not None]
            if blocks == places:
                return
            places = blocks
            self._wait_for_block(max(blocks) + self.confirmations)
            # A reorganization may have moved or removed them.
            if missing := self._collect(group):
                self._see_through(missing)

    def _wait_for_block(self, number: int) -> None:
        hope = Patience(self.rpc.url)
        while (left := number - self.view.head.number) > 0:
            hope.check(left, f"block {number}")
            if self._mining is Mining.OTHERS:
                time.sleep(_BLOCK_PAUSE)
            else:
                self.rpc.ask("evm_mine")
            self.view.see(self.rpc.ask("eth_getBlockByNumber", "latest", False))
        self.view.settle()

    def _prepare(self, sender: str) -> None:
        """Prepare an account: signer and nonce."""
        if sender in self._nonces:
            return
        if sender not in self._keys:
            raise EvmError(f"{sender} is not an account of this chain")
        self._signers[sender] = Account.from_key(self._keys[sender].to_bytes())
        # An interrupted run may have left pending transactions.
        calls = [("eth_getTransactionCount", (sender, tag)) for tag in ("latest", "pending")]
        hope = Patience(self.rpc.url, _LONG_STALL)
        while True:
            mined, pending = (as_number(reply, "eth_getTransactionCount") for reply in self.view.fresh(calls))
            if pending <= mined:
                break
            hope.check(pending - mined, f"transaction {mined} of {sender}")
            if self._mining is Mining.OTHERS:
                time.sleep(1)
            else:
                self.rpc.ask("evm_mine")
        self._nonces[sender] = mined

    def _sign(self, request: Request, fees: Mapping[str, int], price: int) -> Transaction:
        learnt = max(_LEAST_GAS, 2 * self._gas.get(kind(request), self.most_gas))
        gas = min(self.most_gas, learnt + _GAS_PER_BYTE * len(request.data))
        nonce = self._nonces[request.sender]
        self._nonces[request.sender] += 1
        transaction = Transaction(request, nonce, gas, price)
        fields: dict[str, Any] = {
            **fees,
            "chainId": self.chain_id,
            "nonce": nonce,
            "gas": gas,
            "value": request.value,
            "data": request.data,
            **({"to": request.to} if request.to is not None else {}),
        }
        signed = self._signers[request.sender].sign_transaction(fields)
        transaction.raw = "0x" + bytes(signed.raw_transaction).hex()
        transaction.hash = "0x" + bytes(signed.hash).hex()
        return transaction

    def _reserve(self, group: Sequence[Transaction]) -> None:
        needs: Counter[str] = Counter()
        for transaction in group:
            needs[transaction.request.sender] += transaction.most
        self.funds.reserve(needs, max(transaction.price for transaction in group))

    def _see_through(self, group: Sequence[Transaction]) -> None:
        """Send transactions until all are mined."""
        hope = Patience(self.rpc.url)
        while left := self._attempt(group):
            hope.check(len(left), f"transaction {left[0].hash}", refusal_among(left))
            self._bring_back(group)
            # What the accounts were given may be lost too.
            if missing := self._collect(group):
                self._reserve(missing)

    def _attempt(self, group: Sequence[Transaction]) -> list[Transaction]:
        """Send missing transactions, wait, and return those that are still missing."""
        absences = self.rpc.absences
        missing = self._collect(group) if any(sent.offered for sent in group) else list(group)
        if not missing:
            return []
        self._put(missing)
        ours = self._mining is not Mining.OTHERS
        began, pause = time.monotonic(), 0.002
        while True:
            before = len(missing)
            missing = self._collect(missing)
            if self.rpc.absences != absences:
                return list(group)
            if not missing or all(is_refused(sent, began) for sent in missing):
                return missing
            if len(missing) < before:
                began, pause = time.monotonic(), 0.002
            elif time.monotonic() - began > (_STALL if ours else _LONG_STALL):
                return missing
            else:
                # A receipt may arrive later than its block.
                time.sleep(pause)
                pause = min(2 * pause, 0.1 if ours else 1.0)
            # Transactions that do not fit into one block need another.
            if ours and (len(missing) < before or pause >= 0.05):
                self.rpc.ask("evm_mine")

    def _put(self, transactions: Sequence[Transaction]) -> None:
        """Send transactions to the node, and mine them in one block if Parley controls the mining."""
        due = max(sent.not_before for sent in transactions)
        if due > self.view.head.timestamp:
            self._wait_for(due)
        hold = self._mining is Mining.EACH and len(transactions) > 1
        again = any(sent.offered for sent in transactions)
        with held(self.rpc) if hold else nullcontext():
            replies = self.rpc.ask_all([("eth_sendRawTransaction", (sent.raw,)) for sent in transactions])
            for sent, reply in zip(transactions, replies, strict=True):
                sent.offered = True
                sent.refusal = what_refused(sent, reply)
                sent.sent = sent.sent or sent.refusal is None
            # Transactions that the node already has do not make it mine.
            if hold or self._mining is Mining.ASKED or (again and self._mining is Mining.EACH):
                self.rpc.ask("evm_mine")

    def _mine(self) -> None:
        if self._mining is Mining.ASKED:
            self.rpc.ask("evm_mine")

    def _collect(self, transactions: Sequence[Transaction]) -> list[Transaction]:
        """Read receipts, and return the transactions without one."""
        found = self._receipts.find(transactions)
        for sent, mined, cost in found:
            self._take_down(sent, mined, cost)
        known = {sent.hash for sent, _, _ in found}
        return [sent for sent in transactions if sent.hash not in known]

    def _take_down(self, sent: Transaction, mined: Mined, cost: int) -> None:
        """Store the result of a receipt."""
        if sent.mined is not None and (sent.mined.ok, sent.mined.logs) != (mined.ok, mined.logs):
            raise NodeError(
                f"{self.rpc.url}: a reorganization removed transaction {sent.hash}, and its result changed "
                "when it was mined again: wait for more blocks after each step (--confirmations)"
            )
        self.spent[sent.request.sender] += cost - sent.cost
        sent.mined, sent.cost = mined, cost
        if mined.ok:
            same = kind(sent.request)
            self._gas[same] = max(self._gas.get(same, 0), mined.gas_used)

    def _starved(self, sent: Transaction) -> bool:
        """Whether a transaction ran out of gas below the maximum limit."""
        return (
            sent.mined is not None
            and not sent.mined.ok
            and sent.gas < self.most_gas
            and 10 * sent.mined.gas_used >= 9 * sent.gas
        )

    # ── a node that was away ─────────────────────────────────────────────────────────────────────────────

    def catch_up(self) -> None:
        """Check that the chain is unchanged, and send lost transactions again.

        Raises
        ------
        NodeError
            As `exchange`.
        """
        with self._lock:
            absences = self.rpc.absences
            lost = self.view.lost()
            if lost or self.rpc.absences != absences:
                self._bring_back(())
            if lost:
                # Transactions that the network mined again must have the same results.
                recent = [sent for sent in self._journal if sent.mined is not None][-_RECENT:]
                if missing := self._collect(recent):
                    self._see_through(missing)
                self.view.settle()

    def _bring_back(self, group: Sequence[Transaction]) -> None:
        """Send lost transactions again, in order, after the node was away or made no progress."""
        hope = Patience(self.rpc.url)
        left: Sequence[Transaction] = ()
        drift = 0
        while lost := self._lost(group):
            hope.check(len(lost), f"transaction {lost[0].hash}", refusal_among(left))
            # Transactions of one batch are independent; later ones may depend on them.
            for _, together in groupby(lost, key=lambda sent: sent.exchange):
                again = list(together)
                self._reserve(again)
                due = _latest(again)
                self._move_clock(due + drift)
                left = self._attempt(again)
                if left:
                    # Away again: start over with the state of the chain then.
                    break
                # If this is some seconds late, shift all later times too, so that deadlines pass as before.
                drift = max(drift, _latest(again) - due)
        for sent in group:
            sent.not_before += drift if sent.not_before else 0
        self._not_before += drift if self._not_before else 0

    def _lost(self, group: Sequence[Transaction]) -> list[Transaction]:
        """Return the transactions that were mined and are lost, in order."""
        chain_id = as_number(self.rpc.ask("eth_chainId"), "eth_chainId")
        if chain_id != self.chain_id:
            raise NodeError(
                f"{self.rpc.url}: the node changed from chain {self.chain_id} to chain {chain_id}"
            )
        self._mining = who_mines(self.rpc)
        senders = list(self._nonces)
        counting = [("eth_getTransactionCount", (sender, "latest")) for sender in senders]
        replies = self.view.fresh(counting, strict=False)
        counts = {
            sender: as_number(reply, "eth_getTransactionCount")
            for sender, reply in zip(senders, replies, strict=True)
            if not isinstance(reply, RpcError)
        }
        lost = [
            sent for sent in self._journal if sent.nonce >= counts.get(sent.request.sender, sent.nonce + 1)
        ]
        first: dict[str, int] = {}
        for sent in (*lost, *group):
            first.setdefault(sent.request.sender, sent.nonce)
        for sender, count in counts.items():
            if count < min(self._nonces[sender], first.get(sender, self._nonces[sender])):
                raise NodeError(
                    f"{self.rpc.url}: the node lost transaction {count} of {sender}, and this run cannot "
                    "send it again"
                )
        self.funds.forget()
        return lost

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────────

    def timestamp(self) -> int:
        """Return the latest block's time."""
        with self._lock:
            self.view.see(self.rpc.ask("eth_getBlockByNumber", "latest", False))
            return self.view.head.timestamp

    def warp(self, timestamp: int) -> None:
        """Set the earliest time of later transactions.

        Raises
        ------
        EvmError
            If the time is in the past, or too far ahead and the clock cannot be moved.
        """
        with self._lock:
            if timestamp < self.timestamp():
                raise EvmError(f"timestamp {timestamp} is before the current one, {self.view.head.timestamp}")
            self._not_before = timestamp
            self._wait_for(timestamp)

    def _wait_for(self, timestamp: int) -> None:
        """Move the clock to a time, or wait for it."""
        if self.timestamp() >= timestamp or self._move_clock(timestamp):
            return
        wait = timestamp - self.view.head.timestamp
        if wait > _LONGEST_WAIT:
            raise EvmError(
                f"{self.rpc.url}: the node's clock cannot be moved, and a deadline is {wait} s away: bots "
                f"that let deadlines pass need a development node, or a window of at most {_LONGEST_WAIT} s"
            )
        # A chain without empty blocks follows the real clock.
        while self.timestamp() < timestamp and time.time() < timestamp + 1:
            time.sleep(0.5)

    def _move_clock(self, timestamp: int) -> bool:
        """Mine an empty block at a future time; returns whether the node supports this."""
        if self.timestamp() >= timestamp:
            return True
        try:
            self.rpc.ask("evm_setNextBlockTimestamp", timestamp)
            self.rpc.ask("evm_mine")
        except RpcError:
            return self.timestamp() >= timestamp
        return True

    # ── snapshots ────────────────────────────────────────────────────────────────────────────────────────

    def snapshot(self) -> int:
        """Save the state of a development node; raises `RpcError` if the node has no snapshots."""
        with self._lock:
            taken = str(self.rpc.ask("evm_snapshot"))
            self._next_snapshot += 1
            kept = (list(self._journal), Counter(self.spent), Counter(self.funds.given))
            self._snapshots.append((self._next_snapshot, taken, *kept))
            return self._next_snapshot

    def restore(self, snapshot: int) -> None:
        """Return to a snapshot; it and all later ones are gone.

        Raises
        ------
        EvmError
            If the snapshot does not exist any more.
        """
        with self._lock:
            position = next((k for k, entry in enumerate(self._snapshots) if entry[0] == snapshot), None)
            if position is None:
                raise EvmError(f"snapshot {snapshot} no longer exists")
            _, taken, journal, self.spent, given = self._snapshots[position]
            del self._snapshots[position:]
            if self.rpc.ask("evm_revert", taken) is not True:
                raise EvmError(f"{self.rpc.url}: the node no longer has snapshot {snapshot}")
            self._journal = deque(journal, maxlen=_REMEMBERED)
            self._nonces.clear()
            self._not_before = 0
            self.view.look()
            self.funds.forget()
            self.funds.given = given

    # ── gas limits ───────────────────────────────────────────────────────────────────────────────────────

    @property
    def most_gas(self) -> int:
        """Maximum gas of one transaction."""
        return min(GAS_LIMIT, _GAS_CAP, self.gas_limit)

    @property
    def gas_limit(self) -> int:
        """Gas limit of the latest block."""
        return as_number(self.view.block.get("gasLimit"), "eth_getBlockByNumber")


def _latest(transactions: Sequence[Transaction]) -> int:
    """Return the latest time of mined transactions."""
    return max(sent.mined.timestamp for sent in transactions if sent.mined is not None)
