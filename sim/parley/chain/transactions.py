"""Requests, signed transactions and their results."""

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
"""Seconds without a mined transaction before giving up."""

_DOUBT = 1.0
"""Seconds to look for a receipt if the node says that a nonce is used."""

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
"""Attempts to send a transaction that the node refuses."""


class Request(NamedTuple):
    """A transaction to be sent; without `to` it creates a contract."""

    sender: str
    to: str | None
    data: bytes
    value: int = 0


class Mined(NamedTuple):
    """The result of a request.

    `hash` has ``0x`` and 64 digits; `timestamp` is the block's, in seconds; `created` is the address of a
    created contract as the node writes it.
    """

    hash: str
    ok: bool
    logs: tuple[Log, ...]
    gas_used: int
    block: int
    timestamp: int
    created: str | None


class Transaction:
    """A signed request."""

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
        "price",
        "raw",
        "refusal",
        "request",
        "sent",
    )

    def __init__(self, request: Request, nonce: int, gas: int, price: int) -> None:
        self.request = request
        self.nonce = nonce
        self.gas = gas
        self.price = price
        self.raw = self.hash = ""
        self.offered = False
        """Whether it was sent to the node."""
        self.sent = False
        """Whether the node accepted it."""
        self.doubts = 0
        """Wrong receipts in a row."""
        self.refusal: RpcError | None = None
        self.mined: Mined | None = None
        self.cost = 0
        """Wei that its gas cost."""
        self.exchange = 0
        """Number of its exchange."""
        self.not_before = 0
        """Earliest time of its block."""

    @property
    def most(self) -> int:
        """Maximum cost to its sender in wei."""
        return self.request.value + self.gas * self.price


class Patience:
    """Decides when to stop waiting for transactions to be mined."""

    def __init__(self, url: str, patience: float | None = None) -> None:
        self._url = url
        self._patience = PATIENCE if patience is None else patience
        self._began = time.monotonic()
        self._fewest: int | None = None
        self._refused = 0

    def check(self, missing: int, what: str, refusal: RpcError | None = None) -> None:
        """Record the number of missing transactions, and raise if it has not changed for too long."""
        if self._fewest is None or missing < self._fewest:
            self._began, self._fewest, self._refused = time.monotonic(), missing, 0
        self._refused = self._refused + 1 if refusal is not None else 0
        if refusal is not None and self._refused >= _REFUSALS:
            raise NodeError(f"{self._url}: the node refuses a transaction: {refusal.message}{_hint(refusal)}")
        if time.monotonic() - self._began > self._patience:
            raise NodeError(f"{self._url}: {what} has not been mined for {self._patience:.0f} s")


def is_known(refusal: RpcError) -> bool:
    """Whether a node refuses a transaction because it already has it.

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
    """Return why a node refuses a transaction; None if it accepts or already has it."""
    if not isinstance(reply, RpcError) or is_known(reply) or (sent.sent and is_used(reply)):
        return None
    return reply


def is_refused(sent: Transaction, since: float) -> bool:
    """Whether a node refuses a transaction that was sent at a time."""
    if sent.refusal is None:
        return False
    # The nonce may be used by this transaction itself, if an earlier answer was lost.
    return not is_used(sent.refusal) or time.monotonic() - since > _DOUBT


def kind(request: Request) -> tuple[str, bytes]:
    """Return a key for requests with similar gas: contract and function, or the created code."""
    return (request.to, request.data[:4]) if request.to is not None else ("", keccak(request.data))


def read_log(entry: Mapping[str, Any]) -> Log:
    """Convert a log from JSON-RPC."""
    return Log(
        bytes.fromhex(entry["address"][2:]),
        tuple(bytes.fromhex(topic[2:]) for topic in entry["topics"]),
        bytes.fromhex(entry["data"][2:]),
    )


def refusal_among(transactions: Sequence[Transaction]) -> RpcError | None:
    """Return why the node refused one of the transactions."""
    return next((sent.refusal for sent in transactions if sent.refusal is not None), None)


def _hint(refusal: RpcError) -> str:
    """Explain a refused nonce."""
    if "nonce" in refusal.message.lower() or "replacement" in refusal.message.lower():
        return " (is another program sending from Parley's accounts on this node?)"
    return ""
