"""Reading of untrusted files: size, nesting and numbers are limited before parsing.

Without limits, parsers may need quadratic time and memory: a TOML key with twenty thousand parts has forty
kilobytes and takes gigabytes.
"""

from __future__ import annotations

import json
import os
import re
import stat
from os import PathLike, fspath
from typing import Any, BinaryIO, TypeAlias

from parley.core.errors import ProblemError, shorten

__all__ = [
    "JsonObject",
    "check_json",
    "check_toml",
    "open_regular",
    "read_bytes",
    "read_object",
    "read_text",
    "unique",
]

JsonObject: TypeAlias = dict[str, Any]
"""An object as JSON has it."""

MAX_BYTES = 2**24
"""Bytes of a file; a problem of 10,000 agents and 100 task types has half of this."""
MAX_DEPTH = 64
"""Levels of nested brackets."""
MAX_PARTS = 16
"""Parts of a dotted key."""
MAX_KEYS = 100_000
"""Keys of a TOML file; 10,000 agents with a cost function each need 40,000."""
MAX_DIGITS = 10_000
"""Digits of a number without quotes."""


def open_regular(path: str | PathLike[str]) -> BinaryIO:
    """Open a file to read.

    Raises
    ------
    ProblemError
        If it cannot be read, or is no regular file.
    """
    try:
        # Non-blocking, because a named pipe would wait for a writer.
        source = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise _unreadable(path, error) from None
    if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
        source.close()
        raise ProblemError(fspath(path), "", "cannot be read: not a regular file")
    return source


def read_bytes(path: str | PathLike[str]) -> bytes:
    """Read a file.

    Raises
    ------
    ProblemError
        If it cannot be read, is no regular file, or has more than ``MAX_BYTES``.
    """
    with open_regular(path) as source:
        try:
            data = source.read(MAX_BYTES + 1)
        except OSError as error:
            raise _unreadable(path, error) from None
    if len(data) > MAX_BYTES:
        raise ProblemError(fspath(path), "", f"is larger than {MAX_BYTES} bytes")
    return data


def _unreadable(path: str | PathLike[str], error: OSError | ValueError) -> ProblemError:
    if isinstance(error, IsADirectoryError):
        return ProblemError(fspath(path), "", "is a folder, not a file")
    return ProblemError(fspath(path), "", f"cannot be read: {getattr(error, 'strerror', None) or error}")


def read_text(path: str | PathLike[str]) -> str:
    """Read a text file in UTF-8, with or without a byte order mark.

    Raises
    ------
    ProblemError
        If it cannot be read or is not UTF-8 text.
    """
    file = fspath(path)
    data = read_bytes(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProblemError(file, f"byte {error.start}", "not UTF-8 text") from None


def read_object(path: str | PathLike[str]) -> JsonObject:
    """Read a JSON file that holds an object.

    Raises
    ------
    ProblemError
        If it cannot be read or holds something else.
    """
    file = fspath(path)
    text = read_text(path)
    check_json(text, file)
    try:
        value = json.loads(text, object_pairs_hook=lambda pairs: unique(pairs, file))
    except ValueError as error:
        raise ProblemError(file, "", f"invalid JSON: {error}") from None
    if not isinstance(value, dict):
        raise ProblemError(file, "", f"must be a JSON object, not {shorten(value)}")
    return value


def unique(pairs: list[tuple[str, Any]], file: str) -> JsonObject:
    """Make an object from its keys and values; a duplicate key is a `ProblemError`."""
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ProblemError(file, twice, "duplicate key")
    return mapping


# ── checks before parsing ───────────────────────────────────────────────────────────────────────────────────

# Every alternative ends at the end of the text at the latest, so the time is linear.
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_TOML_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"""|\Z)?|\'\'\'(?:[^\']|\'(?!\'\'))*+(?:\'\'\'|\Z)?'
    r'|"(?:[^"\\\n]|\\.)*+"?|\'[^\'\n]*+\'?|#[^\n]*+',
    re.DOTALL,
)
_LONG_KEY = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{MAX_PARTS}}}")
_LONG_NUMBER = re.compile(rf"(?<![\d_])\d[\d_]{{{MAX_DIGITS}}}")
_BRACKET = re.compile(r"[\[\]{}]")
_KEY = re.compile(r"=|^[ \t]*+\[[^\n,]*$", re.MULTILINE)


def check_json(text: str, file: str) -> None:
    """Check the nesting and the numbers of JSON text; raises `ProblemError`."""
    _check(_JSON_STRING.sub("s", text), text, file)


def check_toml(text: str, file: str) -> None:
    """Check the nesting, the keys and the numbers of TOML text; raises `ProblemError`."""
    bare = _TOML_STRING.sub(
        lambda found: "" if found[0].startswith("#") else "s" + "\n" * found[0].count("\n"), text
    )
    _check(bare, text, file)
    if found := _LONG_KEY.search(bare):
        raise ProblemError(file, _line(bare, found.start()), f"a dotted key of more than {MAX_PARTS} parts")
    if sum(1 for _ in _KEY.finditer(bare)) > MAX_KEYS:
        raise ProblemError(file, "", f"more than {MAX_KEYS} keys")


def _check(bare: str, text: str, file: str) -> None:
    if "\0" in text:
        raise ProblemError(file, _line(text, text.index("\0")), "holds a null byte")
    depth = 0
    for bracket in _BRACKET.finditer(bare):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > MAX_DEPTH:
            raise ProblemError(file, "", f"nested too deeply: more than {MAX_DEPTH} levels")
    if found := _LONG_NUMBER.search(bare):
        raise ProblemError(file, _line(bare, found.start()), f"a number of more than {MAX_DIGITS} digits")


def _line(text: str, position: int) -> str:
    return f"line {text.count(chr(10), 0, position) + 1}"
