"""One request to a node and its answer, over HTTP: JSON is read whatever the status."""

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
"""Seconds that one answer may take: a block full of transactions takes the slower nodes some."""

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
"""What stands in the texts of exceptions, and what it means. The texts themselves name the URL."""


class LostError(Exception):
    """There is no answer.

    Attributes
    ----------
    reason : str
        In a few words.
    reached : bool
        Whether somebody was there to take the request, or part of it.
    """

    def __init__(self, reason: str, *, reached: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reached = reached


class Answer(NamedTuple):
    """What came back.

    Attributes
    ----------
    status : int
        Of HTTP.
    content : object
        The body, if it is JSON.
    is_json : bool
    text : str
        The beginning of the body.
    retry_after : float or None
        Seconds that the node asks to be left alone, if it says.
    """

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
        It may hold a key: to be shown nowhere.
    shown : str
        The URL, as far as it may be shown.

    Raises
    ------
    NodeError
        If the URL is none.
    """

    def __init__(self, url: str) -> None:
        self.shown = shown(url)
        self.url = url
        if self.shown.partition("://")[0] not in ("http", "https") or "(" in self.shown:
            raise NodeError(f"{self.shown}: not the URL of a node (expected http://HOST:PORT)")
        self._session = requests.Session()
        # A proxy for the outside world has no business between here and the node.
        self._session.trust_env = urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1")
        self._session.headers.update({"User-Agent": "parley", "Content-Type": "application/json"})

    def post(self, request: object) -> Answer:
        """Send JSON and return what comes back.

        Raises
        ------
        LostError
            If nothing does, or only part of it.
        """
        data = json.dumps(request).encode()
        try:
            reply = self._session.post(self.url, data, timeout=_TIMEOUT, allow_redirects=False)
            body = reply.content
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise _lost(error) from None
        try:
            # Numbers that JSON does not have are no answers either.
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
        """Take out of a text what may not be shown of the URL."""
        return redact(self.url, text)


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def _lost(error: Exception) -> LostError:
    """Say in a few words why there is no answer, and nothing of the exception's own text."""
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
