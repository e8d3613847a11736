"""Questions to a node: JSON-RPC over HTTP, asked again while the node is away or wants to be asked less.

A node that does not answer, or that limits how much it is asked, is asked again with growing pauses, for as
long as `Rpc.patience` says. Every question here may therefore be asked twice; whoever sends transactions has
to see to it that this does no harm (`parley.chain.node` does: a signed transaction has one hash and one
nonce, however often it is sent).

Batches are put together again by the ids of their replies. What is missing is asked for again, and what a
node refuses as too much is asked for in smaller batches, down to single requests.
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
"""Seconds that a node is waited for that has stopped answering, or limits how much it is asked."""

LAG = 15.0
"""Seconds that a node may lag behind another one."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 3.0
"""Seconds between two attempts, doubled from the one to the other."""

_CHUNK = 200
"""Requests sent at once: nodes bound the size of a batch."""

_GARBLED = 6
"""How often what is no answer is asked for again before a node has answered."""

_PART_LIMITS = 3
"""How often a limit is waited for before it is taken for one on the size of what was asked."""

# What a server says that is being restarted.
_BUSY = frozenset({502, 503, 504})

_TOO_MANY_REQUESTS = 429
_REDIRECTION, _CLIENT_ERROR = 300, 400

_BATCH_REFUSAL = re.compile(
    r"batch|(response|request|payload|body|result).*(too (large|big)|size)", re.IGNORECASE
)
"""What geth and others say to the first or to all requests of a batch that is too large for them."""


def to_standard_error(text: str) -> None:
    """Print a note, whatever becomes of standard output."""
    print(f"parley: {one_line(text)}", file=sys.stderr, flush=True)  # noqa: T201 -- its purpose


def as_number(answer: object, what: str) -> int:
    """Return a number that a node gives in hexadecimal.

    Raises
    ------
    NodeError
        If it is none.

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
    r"""Return bytes that a node gives in hexadecimal.

    Raises
    ------
    NodeError
        If they are none.

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
    """Keep to oneself what the error that follows will say."""


class _Missing:
    """The place of an answer that has to be asked for again."""


class Rpc:
    """A connection to one node. Threads may share it.

    Parameters
    ----------
    url : str
        Where the node listens: ``http://`` or ``https://``. It may hold a key, and is never shown whole.
    patience : float, optional
        Seconds that a node is waited for that stops answering or limits requests; `PATIENCE` by default.
        Before its first answer, only a limit is waited for.
    note : callable
        What tells the user that the node is away, and that it is back.

    Attributes
    ----------
    url : str
        Scheme, host and port.
    absences : int
        How often the node was away and came back.

    Raises
    ------
    NodeError
        If the URL is none.
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
        """The whole URL, which may hold a key: to be shown nowhere."""
        return self._wire.url

    @contextmanager
    def patient(self, seconds: float) -> Iterator[None]:
        """Wait for the node no longer than so many seconds, for a while."""
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
        """Return the answers to a request that can be made smaller, and to what is to be asked with it.

        A refusal takes the place of the answer, as an `RpcError`.

        Raises
        ------
        TooMuchError
            If the connection is closed over it, the answer is cut short, or the node says only that some
            limit is exceeded: ask for less.
        UnreachableError
            As `ask`.
        """
        return self._answers(calls, part=True)

    def ask_all(self, calls: Sequence[tuple[str, Sequence[object]]], *, strict: bool = False) -> list[Any]:
        """Return the answers to many requests, in order, sent in as few messages as is reasonable.

        A refusal takes the place of the answer, as an `RpcError`; if `strict`, it is raised.

        Raises
        ------
        NodeError
            If the node does not answer.
        """
        answers = self._answers(calls)
        return [_strictly(answer) for answer in answers] if strict else answers

    def ask_there(self, calls: _Batch) -> list[Any]:
        """Return answers as `ask_all` does, to questions about what the chain is known to have.

        Behind a load balancer, a node may lag: what it does not have (null, or an error that says so) is
        asked for again, for `LAG` seconds at most.
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
        """Wait for a node that did not answer, if it is to be waited for."""
        if not self._answered and (not error.reached or wait.absent >= _GARBLED):
            raise UnreachableError(f"{self.url}: cannot connect: {error.reason}") from None
        if part and error.reached:
            raise TooMuchError(f"{self.url}: {error.reason}") from None
        if error.reached:
            # Some close the connection over a batch that is too large for them.
            self._chunk = max(1, size // 2)
        wait.gone = wait.gone or not error.reached
        wait.away(error.reason)

    def _read(self, answer: Answer, batch: _Batch, wait: _Wait, *, part: bool) -> list[Any]:
        """Return the replies to the requests of a message, `_Missing` where they have to be sent again."""
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
        """Decide what to do about an answer that is none."""
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
        """Put the replies to a batch in order, by their ids."""
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
        """Return what a reply says; `_Missing` if it is none."""
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
        """Send no batch of this size again."""
        self._largest = self._chunk = max(1, size // 2)

    def _refusal(self, method: str, error: object) -> RpcError:
        return RpcError(method, _redacted(error, self._wire.redact))


class _Wait:
    """Waits for a node, until it has been waited for too long since it last answered."""

    def __init__(self, url: str, patience: float, note: Callable[[str], None]) -> None:
        self._url = url
        self._patience = patience
        self._note = note
        self.absent = 0
        """How often in a row it did not answer."""
        self.gone = False
        """Whether nobody was there, for a while at least."""
        self.limits = 0
        """How often in a row it asked to be asked less."""
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
        # A single lost answer is none: what was lost is seen by what is missing.
        self.gone = self.gone or self.absent > 1
        # The first time may be no more than a connection that has been idle for too long.
        if self.absent == 2:
            self._note(
                f"{self._url}: the node does not answer ({reason}): trying again for {self._patience:.0f} s"
            )
        why = f"the node has not answered for {self._patience:.0f} s: {reason}"
        self._sleep(why, retry_after, UnreachableError)

    def limited(self, reason: str, retry_after: float | None) -> None:
        """Wait for a node that wants to be asked less."""
        self.limits += 1
        asked = f" (it asks to wait {retry_after:.0f} s)" if retry_after else ""
        said = shorten(reason, 120) if reason else "no reason given"
        self._sleep(
            f"the node still limits requests after {self._patience:.0f} s{asked}: {said}", retry_after
        )

    def garbled(self, text: str, *, node: bool) -> None:
        """Wait after what is no answer; only a few times if it is not known to be from a node."""
        self._garbled += 1
        why = f"not a node: {text}"
        if self._garbled >= _GARBLED and not node:
            raise NodeError(f"{self._url}: {why}")
        self._sleep(why, None)

    def over(self) -> None:
        """Take note that the node has answered."""
        if self.absent >= 2:
            self._note(f"{self._url}: the node answers again")
        self.gone = False
        self.absent = self.limits = self._garbled = 0
        self._begin()


def _lacks(answer: object) -> bool:
    """Whether a node does not have what it was asked for."""
    return answer is None or (isinstance(answer, RpcError) and answer.is_missing)


def _refuses_batch(error: RpcError) -> bool:
    """Whether a node answers to one request what it means for the whole batch."""
    return not error.is_revert and _BATCH_REFUSAL.search(error.message) is not None


def _place(reply: object, size: int) -> int | None:
    """Return which request of a batch a reply is to; None if it is to none."""
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
    """Take what may not be shown out of all texts of a JSON value."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _redacted(entry, redact) for key, entry in value.items()}
    if isinstance(value, list):
        return [_redacted(entry, redact) for entry in value]
    return value
