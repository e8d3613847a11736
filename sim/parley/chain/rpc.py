"""JSON-RPC requests to a node over HTTP, with retries.

If a node does not answer or limits requests, they are repeated with growing pauses for `Rpc.patience`
seconds. So every request may be sent twice. Transactions are signed before, so that this does no harm: a
signed transaction has one hash and one nonce.

Replies to a batch are matched by id. Missing replies are requested again, and batches that are too large are
split, down to single requests.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from parley.chain.refusals import NodeError, RpcError, TooMuchError, UnreachableError
from parley.chain.wire import LostError, Wire
from parley.core.errors import one_line, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from parley.chain.wire import Answer

_Batch: TypeAlias = "Sequence[tuple[str, Sequence[object]]]"

__all__ = [
    "PATIENCE",
    "NodeError",
    "Rpc",
    "RpcError",
    "TooMuchError",
    "UnreachableError",
    "as_bytes",
    "as_number",
    "to_standard_error",
]

PATIENCE = 120.0
"""Seconds to wait for a node that does not answer or limits requests."""

LAG = 15.0
"""Seconds by which a node may lag behind another one."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 3.0
"""First and longest pause between attempts, in seconds; pauses double."""

_CHUNK = 200
"""Maximum size of a batch."""

_GARBLED = 6
"""Attempts after invalid answers, before the first valid one."""

_PART_LIMITS = 3
"""Attempts after a limit, before it counts as a limit on the size of the request."""

# HTTP status of a server that restarts.
_BUSY = frozenset({502, 503, 504})

_TOO_MANY_REQUESTS = 429
_REDIRECTION, _CLIENT_ERROR = 300, 400

_BATCH_REFUSAL = re.compile(
    r"batch|(response|request|payload|body|result).*(too (large|big)|size)", re.IGNORECASE
)
"""Messages of geth and others for a batch that is too large."""


def to_standard_error(text: str) -> None:
    """Print a note to standard error."""
    print(f"parley: {one_line(text)}", file=sys.stderr, flush=True)  # noqa: T201 -- its purpose


def as_number(answer: object, what: str) -> int:
    """Read a hexadecimal number from a node; raises `NodeError`.

    Examples
    --------
    >>> as_number("0x1f", "eth_chainId")
    31
    """
    try:
        return int(answer, 16)  # type: ignore[call-overload, no-any-return]  # or it is an error
    except (TypeError, ValueError):
        raise NodeError(f"{what}: the node's answer is not a number: {shorten(answer)}") from None


def as_bytes(answer: object, what: str) -> bytes:
    r"""Read hexadecimal data from a node; raises `NodeError`.

    Examples
    --------
    >>> as_bytes("0x1f", "eth_getCode")
    b'\x1f'
    """
    try:
        if isinstance(answer, str) and answer.startswith("0x"):
            return bytes.fromhex(answer[2:])
    except ValueError:
        pass
    raise NodeError(f"{what}: the node's answer is not hexadecimal data: {shorten(answer)}")


def _silent(_: str) -> None:
    """Print no note: an error follows."""


class _Missing:
    """Marks a request that must be sent again."""


class Rpc:
    """A connection to one node. Threads may share it.

    Parameters
    ----------
    url : str
        ``http://`` or ``https://``. It may contain a key, and is never shown in full.
    patience : float, optional
        Seconds to wait for a node that does not answer or limits requests; default `PATIENCE`. Before its
        first answer, it waits only for limits.
    note : callable
        Reports that the node is away or back.

    Attributes
    ----------
    url : str
        Scheme, host and port.
    absences : int
        Number of times that the node was away and came back.

    Raises
    ------
    NodeError
        If the URL is invalid.
    """

    def __init__(
        self, url: str, patience: float | None = None, note: Callable[[str], None] = to_standard_error
    ) -> None:
        self._wire = Wire(url)
        self.url = self._wire.shown
        self.patience = PATIENCE if patience is None else patience
        self.absences = 0
        self._note = note
        self._answered = False
        self._largest = self._chunk = _CHUNK
        self._lock = threading.RLock()

    @property
    def secret_url(self) -> str:
        """The full URL; it may contain a key and must not be shown."""
        return self._wire.url

    @contextmanager
    def patient(self, seconds: float) -> Iterator[None]:
        """Limit the waiting time temporarily, in seconds."""
        before, self.patience = self.patience, min(self.patience, seconds)
        try:
            yield
        finally:
            self.patience = before

    def ask(self, method: str, *params: object) -> Any:  # noqa: ANN401 -- JSON
        """Return the answer to one request.

        Raises
        ------
        RpcError
            If the node refuses.
        UnreachableError
            If it does not answer.
        """
        return _strictly(self._answers([(method, params)])[0])

    def ask_part(self, calls: _Batch) -> list[Any]:
        """Return the answers to requests of which the first can be made smaller.

        An error answer is an `RpcError` in the result.

        Raises
        ------
        TooMuchError
            If the connection is closed, the answer is cut, or some limit is exceeded: ask for less.
        UnreachableError
            As `ask`.
        """
        return self._answers(calls, part=True)

    def ask_all(self, calls: Sequence[tuple[str, Sequence[object]]], *, strict: bool = False) -> list[Any]:
        """Return the answers to many requests, in order, sent in batches.

        An error answer is an `RpcError` in the result; if `strict`, it is raised.

        Raises
        ------
        NodeError
            If the node does not answer.
        """
        answers = self._answers(calls)
        return [_strictly(answer) for answer in answers] if strict else answers

    def ask_there(self, calls: _Batch) -> list[Any]:
        """Return answers as `ask_all`, about data that the chain has for sure.

        Behind a load balancer, a node may lag. If it lacks the data (null, or an error that says so), the
        request is repeated for at most `LAG` seconds.
        """
        answers = self._answers(calls)
        began = time.monotonic()
        while time.monotonic() - began < min(LAG, self.patience):
            lacking = [k for k, answer in enumerate(answers) if _lacks(answer)]
            if not lacking:
                break
            time.sleep(_FIRST_PAUSE)
            for k, answer in zip(lacking, self._answers([calls[k] for k in lacking]), strict=True):
                answers[k] = answer
        return answers

    # ── until everything is answered ─────────────────────────────────────────────────────────────────────

    def _answers(self, calls: Sequence[tuple[str, Sequence[object]]], *, part: bool = False) -> list[Any]:
        with self._lock:
            answers: list[Any] = [_Missing] * len(calls)
            wait = _Wait(self.url, self.patience, self._note if self._answered else _silent)
            while left := [k for k, answer in enumerate(answers) if answer is _Missing]:
                some = left[: self._chunk]
                batch = [calls[k] for k in some]
                try:
                    answer = self._wire.post(_message(batch))
                except LostError as error:
                    self._lost(error, wait, len(some), part=part)
                    continue
                found = self._read(answer, batch, wait, part=part)
                for k, reply in zip(some, found, strict=True):
                    answers[k] = reply
                if any(reply is not _Missing for reply in found):
                    self._answered = True
                    self.absences += wait.gone
                    wait.over()
                if _Missing not in found:
                    self._chunk = min(self._largest, 2 * self._chunk)
            return answers

    def _lost(self, error: LostError, wait: _Wait, size: int, *, part: bool) -> None:
        """Wait for a node that did not answer, or raise."""
        if not self._answered and (not error.reached or wait.absent >= _GARBLED):
            raise UnreachableError(f"{self.url}: cannot connect: {error.reason}") from None
        if part and error.reached:
            raise TooMuchError(f"{self.url}: {error.reason}") from None
        if error.reached:
            # Some nodes close the connection if a batch is too large.
            self._chunk = max(1, size // 2)
        wait.gone = wait.gone or not error.reached
        wait.away(error.reason)

    def _read(self, answer: Answer, batch: _Batch, wait: _Wait, *, part: bool) -> list[Any]:
        """Return the replies to a batch, `_Missing` for requests that must be sent again."""
        content = answer.content
        if len(batch) == 1 and isinstance(content, list) and len(content) == 1:
            content = content[0]
        if isinstance(content, list) and len(batch) > 1:
            return self._match(content, batch, wait, answer.retry_after, part=part)
        if not isinstance(content, dict) or ("result" not in content and "error" not in content):
            return self._garbled(answer, batch, wait, part=part)
        if content.get("error") is None and len(batch) == 1:
            return [content.get("result")]
        refusal = self._refusal(batch[0][0], content.get("error"))
        if refusal.is_limit or (answer.status == _TOO_MANY_REQUESTS and not refusal.is_revert):
            self._chunk = max(1, len(batch) // 2)
            self._limited(refusal.message, answer.retry_after, wait, part=part)
        elif answer.status in _BUSY and not refusal.is_revert:
            wait.away(f"HTTP status {answer.status}", answer.retry_after)
        elif len(batch) == 1:
            return [refusal]
        else:
            self._split(len(batch))
        return [_Missing] * len(batch)

    def _garbled(self, answer: Answer, batch: _Batch, wait: _Wait, *, part: bool) -> list[Any]:
        """Handle an invalid answer."""
        status = f"HTTP status {answer.status}"
        if answer.status == _TOO_MANY_REQUESTS:
            self._chunk = max(1, len(batch) // 2)
            self._limited(status, answer.retry_after, wait, part=part)
        elif answer.status in _BUSY:
            if not self._answered and wait.absent >= _GARBLED:
                raise UnreachableError(f"{self.url}: no answer: {status}")
            wait.away(status, answer.retry_after)
        elif len(batch) > 1:
            self._split(len(batch))
        elif answer.status >= _CLIENT_ERROR:
            if not self._answered:
                raise NodeError(f"{self.url}: not a node: {status}")
            return [RpcError(batch[0][0], {"message": f"{status}: {answer.text}"})]
        elif part and self._answered:
            raise TooMuchError(f"{self.url}: the answer cannot be read: {answer.text}")
        else:
            wait.garbled(answer.text if answer.status < _REDIRECTION else status, node=self._answered)
        return [_Missing] * len(batch)

    def _match(
        self, replies: list[Any], batch: _Batch, wait: _Wait, retry_after: float | None, *, part: bool
    ) -> list[Any]:
        """Order the replies to a batch by id."""
        found: list[Any] = [_Missing] * len(batch)
        doubted: set[int] = set()
        limits: list[RpcError] = []
        refused = False
        for reply in replies:
            place = _place(reply, len(batch))
            answer = self._answer(reply, batch[place or 0][0])
            if isinstance(answer, RpcError) and answer.is_limit:
                limits.append(answer)
            elif isinstance(answer, RpcError) and (place is None or _refuses_batch(answer)):
                refused = True
            elif place is not None and answer is not _Missing:
                if found[place] not in (_Missing, answer):
                    doubted.add(place)
                found[place] = answer
        # Of two answers to one request, neither is believed.
        for place in doubted:
            found[place] = _Missing
        if limits:
            self._chunk = max(1, len(batch) // 2)
            self._limited(limits[0].message, retry_after, wait, part=part)
        elif refused:
            self._split(len(batch))
        elif all(answer is _Missing for answer in found):
            self._split(len(batch))
            wait.garbled("the batch reply does not answer the requests", node=self._answered)
        return found

    def _answer(self, reply: object, method: str) -> Any:  # noqa: ANN401 -- JSON
        """Return the result of a reply; `_Missing` if it is invalid."""
        if not isinstance(reply, dict):
            return _Missing
        if reply.get("error") is not None:
            return self._refusal(method, reply["error"])
        return reply.get("result", _Missing)

    def _limited(self, reason: str, retry_after: float | None, wait: _Wait, *, part: bool) -> None:
        if part and wait.limits >= _PART_LIMITS:
            raise TooMuchError(f"{self.url}: {reason}")
        wait.limited(reason, retry_after)

    def _split(self, size: int) -> None:
        """Use smaller batches from now on."""
        self._largest = self._chunk = max(1, size // 2)

    def _refusal(self, method: str, error: object) -> RpcError:
        return RpcError(method, _redacted(error, self._wire.redact))


class _Wait:
    """Waits for a node, up to a time limit since its last answer."""

    def __init__(self, url: str, patience: float, note: Callable[[str], None]) -> None:
        self._url = url
        self._patience = patience
        self._note = note
        self.absent = 0
        """Missing answers in a row."""
        self.gone = False
        """Whether the node was away."""
        self.limits = 0
        """Limits in a row."""
        self._garbled = 0
        self._begin()

    def _begin(self) -> None:
        self._began = time.monotonic()
        self._pause = _FIRST_PAUSE

    def _sleep(self, why: str, retry_after: float | None, kind: type[NodeError] = NodeError) -> None:
        pause = max(self._pause, retry_after or 0.0)
        if time.monotonic() - self._began + (retry_after or 0.0) > self._patience:
            raise kind(f"{self._url}: {why}")
        time.sleep(pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def away(self, reason: str, retry_after: float | None = None) -> None:
        """Wait for a node that does not answer."""
        self.absent += 1
        # One lost answer does not count: missing data will show it.
        self.gone = self.gone or self.absent > 1
        # The first time may be a connection that was idle for too long.
        if self.absent == 2:
            self._note(
                f"{self._url}: the node does not answer ({reason}): trying again for {self._patience:.0f} s"
            )
        why = f"the node has not answered for {self._patience:.0f} s: {reason}"
        self._sleep(why, retry_after, UnreachableError)

    def limited(self, reason: str, retry_after: float | None) -> None:
        """Wait for a node that limits requests."""
        self.limits += 1
        asked = f" (it asks to wait {retry_after:.0f} s)" if retry_after else ""
        said = shorten(reason, 120) if reason else "no reason given"
        self._sleep(
            f"the node still limits requests after {self._patience:.0f} s{asked}: {said}", retry_after
        )

    def garbled(self, text: str, *, node: bool) -> None:
        """Wait after an invalid answer; only a few times if the URL may not be a node."""
        self._garbled += 1
        why = f"not a node: {text}"
        if self._garbled >= _GARBLED and not node:
            raise NodeError(f"{self._url}: {why}")
        self._sleep(why, None)

    def over(self) -> None:
        """Record that the node has answered."""
        if self.absent >= 2:
            self._note(f"{self._url}: the node answers again")
        self.gone = False
        self.absent = self.limits = self._garbled = 0
        self._begin()


def _lacks(answer: object) -> bool:
    """Whether an answer says that the node lacks the data."""
    return answer is None or (isinstance(answer, RpcError) and answer.is_missing)


def _refuses_batch(error: RpcError) -> bool:
    """Whether an error answer to one request refuses the whole batch."""
    return not error.is_revert and _BATCH_REFUSAL.search(error.message) is not None


def _place(reply: object, size: int) -> int | None:
    """Return the number of the request that a reply answers, or None."""
    place = reply.get("id") if isinstance(reply, dict) else None
    if isinstance(place, str) and place.isdecimal():
        place = int(place)
    known = isinstance(place, int) and not isinstance(place, bool) and 0 <= place < size
    return place if known else None


def _message(batch: _Batch) -> object:
    requests = [
        {"jsonrpc": "2.0", "id": place, "method": method, "params": params}
        for place, (method, params) in enumerate(batch)
    ]
    return requests[0] if len(requests) == 1 else requests


def _strictly(answer: Any) -> Any:  # noqa: ANN401 -- JSON
    if isinstance(answer, RpcError):
        raise answer
    return answer


def _redacted(value: object, redact: Callable[[str], str]) -> object:
    """Remove secrets from all texts of a JSON value."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _redacted(entry, redact) for key, entry in value.items()}
    if isinstance(value, list):
        return [_redacted(entry, redact) for entry in value]
    return value
