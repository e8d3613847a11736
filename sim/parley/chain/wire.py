"""HTTP requests to a node; JSON is read with any status."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3

from parley.chain.recursion import limit_recursion
from parley.chain.refusals import NodeError
from parley.chain.urls import redact, shown
from parley.core.errors import shorten

__all__ = ["Answer", "LostError", "Wire"]

limit_recursion()

_TIMEOUT = 60.0
"""Timeout of an answer in seconds; slow nodes need time for a full block."""

_SIGNS = {
    "Connection refused": "connection refused",
    "Name or service not known": "no such host",
    "Temporary failure in name resolution": "no such host",
    "nodename nor servname": "no such host",
    "Failed to resolve": "no such host",
    "No route to host": "no route to the host",
    "Network is unreachable": "no route to the host",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not valid",
    "SSL": "no TLS there",
    "Failed to parse": "the URL cannot be read",
}
"""Meaning of exception texts, which themselves would show the URL."""


class LostError(Exception):
    """There is no answer; `reached` says whether the server took at least a part of the request."""

    def __init__(self, reason: str, *, reached: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reached = reached


class Answer(NamedTuple):
    """An answer: HTTP status, JSON content, beginning of the body, and ``Retry-After`` in seconds."""

    status: int
    content: object
    is_json: bool
    text: str
    retry_after: float | None


class Wire:
    """A connection to one URL.

    Attributes
    ----------
    url : str
        It may contain a key and must not be shown.
    shown : str
        The URL without secrets.

    Raises
    ------
    NodeError
        If the URL is invalid.
    """

    def __init__(self, url: str) -> None:
        self.shown = shown(url)
        self.url = url
        if self.shown.partition("://")[0] not in ("http", "https") or "(" in self.shown:
            raise NodeError(f"{self.shown}: not the URL of a node (expected http://HOST:PORT)")
        self._session = requests.Session()
        # Ignore proxies.
        self._session.trust_env = urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1")
        self._session.headers.update({"User-Agent": "parley", "Content-Type": "application/json"})

    def post(self, request: object) -> Answer:
        """Send JSON and return the answer; raises `LostError` if it is missing or cut."""
        data = json.dumps(request).encode()
        try:
            reply = self._session.post(self.url, data, timeout=_TIMEOUT, allow_redirects=False)
            body = reply.content
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise _lost(error) from None
        try:
            # NaN and infinities are not JSON.
            content, is_json = json.loads(body, parse_constant=_refuse), True
        except (ValueError, RecursionError):
            content, is_json = None, False
        return Answer(
            reply.status_code,
            content,
            is_json,
            self.redact(shorten(body[:200].decode("utf-8", "replace"), 120)),
            _seconds(reply.headers.get("Retry-After")),
        )

    def redact(self, text: str) -> str:
        """Remove the secrets of the URL from a text."""
        return redact(self.url, text)


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def _lost(error: Exception) -> LostError:
    """Explain a missing answer without the text of the exception."""
    if isinstance(error, requests.ConnectTimeout):
        return LostError("no answer in time", reached=False)
    if isinstance(error, (requests.Timeout, TimeoutError)):
        return LostError("no answer in time", reached=True)
    text = str(error)
    for sign, words in _SIGNS.items():
        if sign in text:
            return LostError(words, reached=False)
    if isinstance(error, ValueError):
        return LostError("the URL cannot be read", reached=False)
    return LostError("connection lost", reached=True)


def _seconds(header: str | None) -> float | None:
    """Read a ``Retry-After``: seconds, or a date.

    Examples
    --------
    >>> _seconds("1.5"), _seconds("Thu, 01 Jan 1970 00:00:00 GMT"), _seconds("soon")
    (1.5, 0.0, None)
    """
    if header is None:
        return None
    try:
        wait = float(header)
    except ValueError:
        try:
            wait = parsedate_to_datetime(header).timestamp() - time.time()
        except ValueError:
            return None
    return max(0.0, wait) if wait == wait else None  # noqa: PLR0124 -- "nan" is a float too
