"""URLs of nodes. Only scheme, host and port may be shown: other parts may contain keys."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["REDACTED", "is_url", "redact", "shown"]

REDACTED = "(hidden)"

_LEAST = 4
"""Minimum length of a secret: shorter texts occur everywhere."""


def _split(url: str) -> SplitResult | None:
    """Return the parts of a URL, or None if host and port are ambiguous."""
    try:
        parts = urlsplit(url)
        known = bool(parts.hostname) and (parts.port is None or True)
    except ValueError:
        return None
    # An unescaped slash or number sign in a password: the apparent host is a secret.
    if not known or ("@" in url and "@" not in parts.netloc):
        return None
    return parts


def shown(url: str) -> str:
    """Return the scheme, host and port of a URL; names of embedded EVMs are unchanged.

    Examples
    --------
    >>> shown("https://user:secret@node.example:8545/v3/KEY?token=TOKEN#KEY")
    'https://node.example:8545'
    >>> shown("http://[::1]:8545"), shown("revm"), shown("http://user:se/cret@node.example")
    ('http://[::1]:8545', 'revm', 'http://(hidden)')
    """
    if "://" not in url:
        return REDACTED if "@" in url or "/" in url else url
    parts = _split(url)
    if parts is None or parts.hostname is None:
        scheme = url.partition("://")[0]
        return f"{scheme}://{REDACTED}" if scheme.isalnum() else REDACTED
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port is not None else "")


def redact(url: str, text: str) -> str:
    """Remove the secrets of a URL from a text.

    Examples
    --------
    >>> redact("http://node.example/v3/0123456789?token=abcd", "Cannot POST /v3/0123456789?token=abcd")
    'Cannot POST (hidden)'
    >>> redact("http://node.example/v3/0123456789", "0123456789 is no key of http://node.example")
    '(hidden) is no key of http://node.example'
    """
    for secret in _secrets(url):
        text = text.replace(secret, REDACTED)
    return text


def _secrets(url: str) -> list[str]:
    """Return the parts of a URL that may contain a key, longest first."""
    rest = url.partition("://")[2]
    user, _, _ = rest.rpartition("@")
    parts = _split(url)
    found = [user, *user.split(":", 1)]
    if parts is None:
        found.append(rest)
    else:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        found += [path, parts.path, parts.query, parts.fragment]
        found += parts.path.split("/")
        found += [value for _, value in parse_qsl(parts.query, keep_blank_values=True)]
    found += [unquote(text) for text in found]
    return sorted({text for text in found if len(text) >= _LEAST}, key=len, reverse=True)


def is_url(name: str) -> bool:
    """Whether a backend's name is the URL of a node.

    Examples
    --------
    >>> is_url("http://127.0.0.1:8545"), is_url("revm")
    (True, False)
    """
    return "://" in name
