"""Reading and writing of problem files: TOML or JSON with the same keys; decimals stay exact."""

from __future__ import annotations

import json
import re
import tomllib
from abc import ABC, abstractmethod
from decimal import Decimal, InvalidOperation
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from parley.core.errors import ProblemError, shorten
from parley.core.files import MAX_BYTES, check_json, check_toml, read_text, unique
from parley.core.folders import MARKS
from parley.core.names import CONTROLS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self


SCHEMA = "$schema"

BARE_FRACTION = re.compile(r"[=\[,]\s*[+-]?\d+\s*/\s*\d")
"""A fraction that is no text: TOML has none."""
"""A key that names a file's JSON Schema, for editors; it is ignored."""


def read(path: str | PathLike[str]) -> dict[str, Any]:
    """Read a TOML or JSON file; decimals become `Decimal`."""
    file = fspath(path)
    if any((Path(file) / mark).is_file() for mark in MARKS):
        reason = "is the folder of a run, not a file; parley report makes a page of it"
        raise ProblemError(file, "", reason)
    return parse(read_text(path), file, is_json=file.lower().endswith(".json"))


def read_stream(stream: TextIO | None, name: str) -> dict[str, Any]:
    """Read a TOML or JSON file from a stream; JSON begins with a brace. `name` names it in errors.

    Examples
    --------
    >>> import io
    >>> [read_stream(io.StringIO(text), "input") for text in ('{"costs": [1]}', "costs = [1]")]
    [{'costs': [1]}, {'costs': [1]}]
    """
    if stream is None:
        raise ProblemError(name, "", "is closed")
    try:
        text = stream.read(MAX_BYTES + 1).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise ProblemError(name, f"byte {error.start}", "not UTF-8 text") from None
    if len(text) > MAX_BYTES:
        raise ProblemError(name, "", f"is larger than {MAX_BYTES} characters")
    return parse(text, name, is_json=text.lstrip().startswith("{"))


def parse(text: str, file: str, *, is_json: bool) -> dict[str, Any]:
    """Parse the text of a TOML or JSON file; `file` names it in errors."""
    (check_json if is_json else check_toml)(text, file)
    mapping = (_read_json if is_json else _read_toml)(text, file)
    mapping.pop(SCHEMA, None)
    return mapping


class FromFile(ABC):
    """What is read from the keys of a file: the base of mechanisms' problems."""

    @classmethod
    @abstractmethod
    def read(cls, mapping: Mapping[str, Any]) -> Self:
        """Make it from the keys of a file; errors name the key."""

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], file: str = "") -> Self:
        """Make it from keys as read from TOML or JSON; errors name the file.

        Raises
        ------
        ProblemError
            In one line: file, key and reason.
        """
        try:
            return cls.read(mapping)
        except ProblemError as error:
            raise error.in_file(file) from None

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read it from a TOML or JSON file; raises ProblemError."""
        return cls.from_mapping(read(path), fspath(path))


def _read_toml(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=_decimal)
    except tomllib.TOMLDecodeError as error:
        # The message ends in "(at line 3, column 7)" or "(at end of document)"; this place goes first.
        reason, _, where = str(error).rpartition(" (at ")
        line = re.match(r"line (\d+)", where)
        wrong = text.split("\n")[int(line[1]) - 1] if line else ""
        hint = '; write a fraction in quotes, such as "9/10"' if BARE_FRACTION.search(wrong) else ""
        message = f"invalid TOML: {reason or error}{hint}"
        raise ProblemError(file, where.rstrip(")") or "TOML", message) from None
    except ValueError as error:
        raise ProblemError(file, "TOML", str(error)) from None


def _read_json(text: str, file: str) -> dict[str, Any]:
    try:
        value = json.loads(
            text,
            parse_float=_decimal,
            parse_constant=Decimal,
            object_pairs_hook=lambda pairs: unique(pairs, file),
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ProblemError(file, where, f"invalid JSON: {error.msg}") from None
    except ValueError as error:
        raise ProblemError(file, "JSON", str(error)) from None
    if not isinstance(value, dict):
        raise ProblemError(file, "", f"must be an object with keys, not {shorten(value)}")
    return value


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{shorten(text)} is out of range") from None


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────

WIDTH = 100
"""Maximum width of a list without rows."""


def to_toml(mapping: Mapping[str, Any]) -> str:
    """Write a problem file as readable TOML: one row per line, tables last; None is an empty text.

    Examples
    --------
    >>> print(to_toml({"kind": "assignment", "names": {"agents": ["Ann"]}, "utilities": [[3, None], [1, 2]]}))
    kind = "assignment"
    utilities = [
        [3, ""],
        [1, 2],
    ]
    <BLANKLINE>
    [names]
    agents = ["Ann"]
    <BLANKLINE>
    """
    tables = {key: value for key, value in mapping.items() if isinstance(value, dict)}
    lines = [_pair(key, value) for key, value in mapping.items() if key not in tables]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(_pair(key, value) for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _pair(key: str, value: object) -> str:
    line = f"{key} = {inline(value)}"
    if not isinstance(value, list):
        return line
    if any(isinstance(entry, list | dict) for entry in value):
        return f"{key} = [\n" + "".join(f"    {inline(entry)},\n" for entry in value) + "]"
    if len(line) <= WIDTH:
        return line
    rows = [""]
    for entry in value:
        text = f"{inline(entry)},"
        if rows[-1] and len(rows[-1]) + len(text) >= WIDTH - 4:
            rows.append("")
        rows[-1] += f" {text}" if rows[-1] else text
    return f"{key} = [\n" + "".join(f"    {row}\n" for row in rows) + "]"


def inline(value: object) -> str:
    """Write a value in one line of TOML.

    Examples
    --------
    >>> print(inline({"type": "alpha", "alpha": "1/2"}))
    { type = "alpha", alpha = "1/2" }
    """
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {inline(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    # JSON texts and whole numbers are also TOML. Characters that a terminal would execute are escaped.
    text = json.dumps("" if value is None else value, ensure_ascii=False)
    return CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
