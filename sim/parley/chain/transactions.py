"""What is to be done on a chain, what became of it, and the signed transactions in between."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from parley.chain.evm import Log
from parley.chain.rpc import NodeError, RpcError
from parley.core.randomness import keccak

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PATIENCE = 600.0
"""Seconds without anything being mined after which we give up."""

_DOUBT = 1.0
"""Seconds that a receipt is looked for when the node says that a new transaction's nonce is used."""

_KNOWN = re.compile(
    r"already (known|imported|exists|in)\b|known transaction|alreadyknown|same hash was already",
    re.IGNORECASE,
)
_USED = re.compile(
    r"nonce (is |has )?(too (low|small)|already)|nonce.{0,20}(lower than|below)|old ?nonce|invalid nonce"
    r"|nonce too low|incorrect nonce",
    re.IGNORECASE,
)

_REFUSALS = 3
"""How often a transaction is offered before the node's no is taken for an answer."""


class Request(NamedTuple):
    """What somebody wants to be done. Without a `to` it creates a contract."""

    sender: str
    to: str | None
    data: bytes
    value: int = 0


class Mined(NamedTuple):
    """What became of an order.

    Attributes
    ----------
    hash : str
        Of the transaction, ``0x`` and 64 digits.
    ok : bool
    logs : tuple[Log, ...]
    gas_used : int
    block : int
        Number of the block.
    timestamp : int
        Of the block, in seconds.
    created : str | None
        Address of the contract that was created, in lower case or with its checksum, as the node has it.
    """

    hash: str
    ok: bool
    logs: tuple[Log, ...]
    gas_used: int
    block: int
    timestamp: int
    created: str | None


class Transaction:
    """An order, signed."""

    __slots__ = (
        "cost",
        "doubts",
        "exchange",
        "gas",
        "hash",
        "mined",
        "nonce",
        "not_before",
        "offered",
        "order",
        "price",
        "raw",
        "refusal",
        "sent",
    )

    def __init__(self, order: Request, nonce: int, gas: int, price: int) -> None:
        self.order = order
        self.nonce = nonce
        self.gas = gas
        self.price = price
        self.raw = self.hash = ""
        self.offered = False
        """Whether the node has been asked to take it."""
        self.sent = False
        """Whether the node has taken it."""
        self.doubts = 0
        """How often in a row its receipt was wrong."""
        self.refusal: RpcError | None = None
        self.mined: Mined | None = None
        self.cost = 0
        """Wei that its gas cost."""
        self.exchange = 0
        """Number of the exchange that it was part of."""
        self.not_before = 0
        """Time before which it may not take place."""

    @property
    def most(self) -> int:
        """Wei that it can cost its sender."""
        return self.order.value + self.gas * self.price


class Patience:
    """Decides when to give up waiting for something to be mined."""

    def __init__(self, url: str, patience: float | None = None) -> None:
        self._url = url
        self._patience = PATIENCE if patience is None else patience
        self._began = time.monotonic()
        self._fewest: int | None = None
        self._refused = 0

    def check(self, missing: int, what: str, refusal: RpcError | None = None) -> None:
        """Take note of how much is missing, and raise if that has not changed for too long."""
        if self._fewest is None or missing < self._fewest:
            self._began, self._fewest, self._refused = time.monotonic(), missing, 0
        self._refused = self._refused + 1 if refusal is not None else 0
        if refusal is not None and self._refused >= _REFUSALS:
            raise NodeError(f"{self._url}: the node refuses a transaction: {refusal.message}{_hint(refusal)}")
        if time.monotonic() - self._began > self._patience:
            raise NodeError(f"{self._url}: {what} has not been mined for {self._patience:.0f} s")


def is_known(refusal: RpcError) -> bool:
    """Whether a node refuses a transaction because it has it already.

    Examples
    --------
    >>> is_known(RpcError("eth_sendRawTransaction", {"code": -32000, "message": "already known"}))
    True
    """
    return _KNOWN.search(refusal.message) is not None


def is_used(refusal: RpcError) -> bool:
    """Whether a node refuses a transaction because its nonce is used: by itself, or by another one.

    Examples
    --------
    >>> is_used(RpcError("eth_sendRawTransaction", {"code": -32000, "message": "nonce too low: next 4"}))
    True
    """
    return _USED.search(refusal.message) is not None


def what_refused(sent: Transaction, reply: object) -> RpcError | None:
    """Return why a node does not take a transaction; None if it does, or has it already."""
    if not isinstance(reply, RpcError) or is_known(reply) or (sent.sent and is_used(reply)):
        return None
    return reply


def is_refused(sent: Transaction, since: float) -> bool:
    """Whether a node will not take a transaction that it was offered at a time."""
    if sent.refusal is None:
        return False
    # A nonce that is used may be used by this transaction, if the answer to an earlier request was lost.
    return not is_used(sent.refusal) or time.monotonic() - since > _DOUBT


def kind(order: Request) -> tuple[str, bytes]:
    """What orders that cost alike have in common: contract and function, or the code to be created."""
    return (order.to, order.data[:4]) if order.to is not None else ("", keccak(order.data))


def read_log(entry: Mapping[str, Any]) -> Log:
    """Return a log as JSON-RPC has it in the seam's form."""
    return Log(
        bytes.fromhex(entry["address"][2:]),
        tuple(bytes.fromhex(topic[2:]) for topic in entry["topics"]),
        bytes.fromhex(entry["data"][2:]),
    )


def refusal_among(transactions: Sequence[Transaction]) -> RpcError | None:
    """Return why the node would not take one of the transactions."""
    return next((sent.refusal for sent in transactions if sent.refusal is not None), None)


def _hint(refusal: RpcError) -> str:
    """Say what a refused nonce means."""
    if "nonce" in refusal.message.lower() or "replacement" in refusal.message.lower():
        return " (is another program sending from Parley's accounts on this node?)"
    return ""
