"""Standard output carries the result of a command and nothing else.

A command prints its result with `echo`. What libraries print, with ``print`` or in C to descriptor 1, goes to
standard error.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from contextlib import contextmanager, redirect_stdout
from textwrap import wrap
from typing import TYPE_CHECKING, TextIO

from parley.core.errors import ParleyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import ReadableBuffer

__all__ = [
    "OutputError",
    "echo",
    "echo_bytes",
    "own_standard_output",
    "readable",
    "result",
    "results_only",
    "say",
    "wrapped",
]

CLOSED_PIPE = 141
"""Exit status after a closed pipe: 128 and the number of SIGPIPE."""

_result: TextIO | None = None


class OutputError(ParleyError):
    """The result cannot be printed; `number` is the errno."""

    def __init__(self, number: int) -> None:
        super().__init__(f"standard output: cannot be written: {os.strerror(number)}")
        self.closed = number == errno.EPIPE


class _Descriptor(io.FileIO):
    """The real standard output. After its first error, or a signal in it, it discards everything."""

    lost = False

    def write(self, data: ReadableBuffer, /) -> int | None:  # type: ignore[override]  # None if it would block
        if self.lost:
            return len(memoryview(data))
        try:
            return super().write(data)
        except OSError as error:
            self.lost = True
            raise OutputError(error.errno or errno.EIO) from None
        except BaseException:
            # A signal ends the program, perhaps after the bytes were written: they are not written again.
            self.lost = True
            raise


def own_standard_output() -> None:
    """Give standard output a new descriptor, and redirect descriptor 1 to standard error.

    Called once, before libraries are imported. Worker processes inherit the redirected descriptor 1.
    `sys.stdout` still writes to the real standard output, for help texts.
    """
    closed = sys.stdout is None
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:  # the parent process closed it; no other file may get its number
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115 - for good
    if not closed:
        sys.stdout.flush()
    kept = os.open(os.devnull, os.O_RDONLY) if closed else os.dup(1)
    os.dup2(2, 1)
    raw = _Descriptor(kept, "wb", closefd=False)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding="utf-8" if closed else sys.stdout.encoding,
        errors=READABLE,
        line_buffering=raw.isatty(),
    )


@contextmanager
def results_only() -> Iterator[None]:
    """Redirect Python's ``print`` to standard error while a command runs; `echo` is not affected."""
    global _result  # noqa: PLW0603 - as a process has one standard output
    before, _result = _result, sys.stdout
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _result = before


def result() -> TextIO:
    """Return the stream for the result of a command."""
    return _result or sys.stdout


def echo(text: str) -> None:
    """Print a line of the result."""
    print(text, file=result(), flush=True)


def say(text: str) -> None:
    """Print a sentence of the result, which a terminal shows broken between words."""
    echo(wrapped(text, result()))


def wrapped(text: str, stream: TextIO) -> str:
    """Break a line between words if it is for a terminal; programs get one line."""
    if not stream.isatty():
        return text
    from rich.console import Console  # noqa: PLC0415 - what it prints when imported is no result

    indent = text[: len(text) - len(text.lstrip())] + "  "
    lines = wrap(
        text,
        Console(file=stream).width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines)


def echo_bytes(data: bytes) -> None:
    """Write bytes of the result without encoding them."""
    stream = result()
    stream.flush()
    stream.buffer.write(data)
    stream.flush()


# ── encodings ───────────────────────────────────────────────────────────────────────────────────────────────

READABLE = "parley.readable"
"""Name of the error handler for characters that the encoding of standard output lacks."""

_PLAIN = str.maketrans(
    {"…": "...", "−": "-", "–": "-", "×": "x", "·": "*", "±": "+-", "≈": "~", "“": '"', "”": '"', "─": "-"}
    | {"δ": "delta", "Δ": "Delta", "λ": "lambda", "α": "alpha", "β": "beta", "≤": "<=", "≥": ">=", "→": "->"}
)


def readable(text: str, encoding: str) -> str:
    r"""Replace the characters that an encoding lacks by plain text or an escape.

    Examples
    --------
    >>> print(readable("δ ≈ 0.9 of Zoë", "ascii"))
    delta ~ 0.9 of Zo\xeb
    """
    try:
        return text.encode(encoding, READABLE).decode(encoding)
    except UnicodeError:  # the encoding has no decoder
        return text


def _replacement(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end].translate(_PLAIN)
    return lacking.encode("ascii", "backslashreplace").decode("ascii"), error.end


codecs.register_error(READABLE, _replacement)
