"""Tables in text files that other programs wrote: comma-separated values, in UTF-8."""

from __future__ import annotations

import csv
import io
import re
from codecs import BOM_UTF8
from collections.abc import Callable
from typing import TYPE_CHECKING

from parley.core.errors import ProblemError
from parley.core.files import read_bytes
from parley.core.names import unfit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["SPACES", "Line", "Row", "Warn", "listed", "read_name", "read_table", "read_text", "say_nothing"]

Warn = Callable[[str], None]
"""Gets notes about unusual data."""

LISTED = 5
"""Names in a warning; the rest are counted."""
SPACES = "\t \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""Characters that are removed around a name: all kinds of spaces, and tabs."""
Row = dict[str, str]
Line = tuple[str, Row]
"""Where a row begins in its file, and its cells by column."""

OTHER_SEPARATORS = {";": "';'", "\t": "tabs", "|": "'|'"}
_REASONS = {
    "unexpected end": "a quote is never closed",
    "expected after": "no comma after a closing quote; are cells separated by commas?",
}
_QUOTED = re.compile(r'(^|[,;\t|]) *"(?:[^"]|"")*"')


def say_nothing(_: str) -> None:
    """Ignore notes."""


def read_text(file: str) -> str:
    """Read a UTF-8 text file without changing line ends."""
    data = read_bytes(file).removeprefix(BOM_UTF8)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ProblemError(file, "byte 0", "UTF-16 text; save the file as UTF-8")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProblemError(
            file, f"line {line}, byte {error.start}", "not UTF-8 text; save the file as UTF-8"
        ) from None


def read_name(file: str, place: str, name: str) -> str:
    """Check a name and return it."""
    if name and (reason := unfit(name)):
        raise ProblemError(file, place, reason)
    return name


def listed(names: Sequence[str]) -> str:
    """List some names, and count the rest.

    Examples
    --------
    >>> listed(["a", "b"]), listed(list("abcdefg"))
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    rest = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + rest


def read_table(file: str) -> tuple[str, list[str], list[Line]]:
    """Read a CSV file: place of the header, names of columns, rows."""
    rows = [(place, text, [cell.strip(SPACES) for cell in cells]) for place, text, cells in _records(file)]
    rows = [(place, text, cells) for place, text, cells in rows if any(cells)]
    if not rows:
        raise ProblemError(file, "", "empty")
    head, _, header = rows[0]
    _check_separator(file, head, [text for _, text, _ in rows])
    if len(header) < 2 or len(set(header)) < len(header):
        raise ProblemError(file, head, "needs at least two columns, each with its own name")
    for place, _, cells in rows:
        if len(cells) != len(header):
            raise ProblemError(file, place, f"{len(cells)} cells, but the header has {len(header)}")
    return head, header, [(place, dict(zip(header, cells, strict=True))) for place, _, cells in rows[1:]]


def _records(file: str) -> Iterator[tuple[str, str, list[str]]]:
    """Split a file into records: place, text, cells.

    A line ends with a line feed, a carriage return or both, outside of quotes. If lines end with line feeds,
    a single carriage return belongs to an unquoted cell.
    """
    source = io.StringIO(read_text(file), newline="")
    taken: list[str] = []
    feeds: bool | None = None

    def lines() -> Iterator[str]:
        for line in source:
            taken.append(line)
            yield line

    reader = csv.reader(lines(), strict=True, skipinitialspace=True)
    while True:
        place = f"line {reader.line_num + 1}"
        taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason = next((said for part, said in _REASONS.items() if part in str(error)), str(error))
            raise ProblemError(file, place, reason) from None
        text = "".join(taken)
        if text.endswith(("\n", "\r")):
            if feeds not in {None, text.endswith("\n")}:
                raise ProblemError(
                    file,
                    place,
                    "mixed line ends: some lines end with a carriage return, others with a line feed",
                )
            feeds = text.endswith("\n")
        yield place, text, cells


def _check_separator(file: str, head: str, records: Sequence[str]) -> None:
    """Refuse a file that may have another separator: it occurs in the header and in a row, unquoted.

    Otherwise commas in cells (``0,5``; ``Sets, part 1``) would be taken for separators.
    """
    header, *rows = (_outside_quotes(text) for text in records)
    for mark, name in OTHER_SEPARATORS.items():
        if mark in header and ("," not in header or any(mark in row for row in rows)):
            raise ProblemError(
                file,
                head,
                f"separated by {name} instead of commas? If not, quote the cells that contain {name}",
            )


def _outside_quotes(record: str) -> str:
    """Remove quoted cells, and spaces around cells.

    Examples
    --------
    >>> _outside_quotes('Ann, "a;b" ,c')
    'Ann,,c'
    """
    return ",".join(cell.strip() for cell in _QUOTED.sub(r"\1", record).split(","))
