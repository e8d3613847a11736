"""Questions to a node: JSON-RPC over HTTP, through web3, asked again while the node is away.

A node that does not answer is asked again, for as long as `Rpc.patience` says and with a note on standard
error. Every question here may therefore be asked twice; whoever sends transactions has to see to it that this
does no harm (`sim.chain.node` does: a signed transaction has one hash and one nonce, however often it is
sent).
"""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import requests
from web3 import HTTPProvider

from sim.chain.frames import bound_frames
from sim.chain.refusals import NodeError, RpcError, UnreachableError
from sim.errors import one_line, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from web3.types import RPCEndpoint

__all__ = ["PATIENCE", "NodeError", "Rpc", "RpcError", "UnreachableError", "to_standard_error"]

bound_frames()

PATIENCE = 120.0
"""Seconds that a node which stopped answering is waited for."""

_TIMEOUT = 60.0
"""Seconds that one answer may take: a block full of transactions takes the slower nodes some."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 3.0
"""Seconds between two attempts, doubled from the one to the other."""

_CHUNK = 200
"""Requests sent at once: nodes bound the size of a batch."""

# What a server says that is being restarted, or asks to come back later.
_BUSY = frozenset({429, 502, 503, 504})


# What stands in the text of exceptions, and what it means.
_SIGNS = {
    "Connection refused": "connection refused",
    "Connection reset": "connection lost",
    "Connection aborted": "connection lost",
    "Name or service not known": "no such host",
    "Temporary failure in name resolution": "no such host",
}


def to_standard_error(text: str) -> None:
    """Print a note, whatever becomes of standard output."""
    print(f"parley: {one_line(text)}", file=sys.stderr, flush=True)  # noqa: T201 -- its purpose


class Rpc:
    """A connection to one node. Threads may share it.

    Parameters
    ----------
    url : str
        Where the node listens: ``http://`` or ``https://``.
    patience : float
        Seconds that it is waited for once it has answered; before that, nobody is.
    note : callable
        What tells the user that the node is away, and that it is back.

    Attributes
    ----------
    absences : int
        How often the node was away and came back.

    Raises
    ------
    NodeError
        If the URL is none.
    """

    def __init__(
        self, url: str, patience: float = PATIENCE, note: Callable[[str], None] = to_standard_error
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise NodeError(f"{url}: not the URL of a node: http://HOST:PORT is")
        self.url = url
        self.patience = patience
        self.absences = 0
        self._note = note
        self._answered = False
        self._lock = threading.RLock()
        session = requests.Session()
        # A proxy for the outside world has no business between here and the node.
        session.trust_env = parts.hostname not in ("127.0.0.1", "localhost", "::1")
        self._provider = HTTPProvider(
            url,
            request_kwargs={"timeout": _TIMEOUT},
            session=session,
            exception_retry_configuration=None,
        )

    def ask(self, method: str, *params: object) -> Any:  # noqa: ANN401 -- JSON
        """Return the answer to one request.

        Raises
        ------
        RpcError
            If the node refuses.
        UnreachableError
            If it does not answer.
        """
        return _result(method, self._patiently(lambda: self._provider.make_request(_name(method), params)))

    def ask_all(self, calls: Sequence[tuple[str, Sequence[object]]], *, strict: bool = False) -> list[Any]:
        """Return the answers to many requests, in order, sent in as few messages as is reasonable.

        A refusal takes the place of the answer, as an `RpcError`; if `strict`, it is raised.

        Raises
        ------
        NodeError
            If the node does not answer, or takes no batches.
        """
        answers: list[Any] = []
        for start in range(0, len(calls), _CHUNK):
            chunk = calls[start : start + _CHUNK]
            batch = [(_name(method), params) for method, params in chunk]
            replies = self._patiently(lambda batch=batch: self._provider.make_batch_request(batch))  # type: ignore[misc]  # mypy cannot infer it
            if not isinstance(replies, list) or len(replies) != len(chunk):
                raise NodeError(f"{self.url}: the node takes no batches of requests: {shorten(replies, 120)}")
            for (method, _), reply in zip(chunk, replies, strict=True):
                try:
                    answers.append(_result(method, reply))
                except RpcError as error:
                    if strict:
                        raise
                    answers.append(error)
        return answers

    def _patiently(self, request: Callable[[], Any]) -> Any:  # noqa: ANN401 -- JSON
        """Make a request, again and again while nobody answers who did before."""
        with self._lock:
            pause, began = _FIRST_PAUSE, time.monotonic()
            away = False
            while True:
                try:
                    reply = request()
                except requests.RequestException as error:
                    if not _passes(error):
                        raise NodeError(f"{self.url}: no node answers there: {_reason(error)}") from None
                    if not self._answered:
                        raise UnreachableError(
                            f"{self.url}: nobody answers there: {_reason(error)}"
                        ) from None
                    if time.monotonic() - began > self.patience:
                        raise UnreachableError(
                            f"{self.url}: the node has not answered for {self.patience:.0f} s: "
                            f"{_reason(error)}"
                        ) from None
                    if not away:
                        self._note(
                            f"{self.url}: the node does not answer ({_reason(error)}): "
                            f"trying again for {self.patience:.0f} s"
                        )
                        away = True
                    time.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
                    continue
                except ValueError as error:
                    raise NodeError(
                        f"{self.url}: no node answers there: {shorten(str(error), 120)}"
                    ) from None
                self._answered = True
                if away:
                    self.absences += 1
                    self._note(f"{self.url}: the node answers again")
                return reply


def _name(method: str) -> RPCEndpoint:
    return cast("RPCEndpoint", method)


def _result(method: str, reply: Any) -> Any:  # noqa: ANN401 -- JSON
    if not isinstance(reply, dict) or ("result" not in reply and "error" not in reply):
        raise NodeError(f"{method}: the answer is none: {shorten(reply, 120)}")
    if reply.get("error") is not None:
        raise RpcError(method, reply["error"])
    return reply["result"]


def _passes(error: requests.RequestException) -> bool:
    """Whether a failed request may succeed later."""
    if isinstance(error, requests.HTTPError):
        return error.response is not None and error.response.status_code in _BUSY
    # Bad URLs, and answers that are no JSON, are also errors of value.
    return not isinstance(error, ValueError)


def _reason(error: requests.RequestException) -> str:
    """Say in a few words why a request failed: what lies at the bottom of the exception."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    text = str(error)
    for sign, words in _SIGNS.items():
        if sign in text:
            return words
    return shorten(text, 120)
