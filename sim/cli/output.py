"""Standard output carries a command's result and nothing else.

Libraries print with Python's ``print``, or in C to descriptor 1. Both go to standard error. A command prints
its result with `echo`, and nothing else reaches standard output.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["echo", "own_standard_output", "result", "results_only"]

_result: TextIO | None = None


def own_standard_output() -> None:
    """Move standard output to a descriptor of its own, and let descriptor 1 lead to standard error.

    Called once, when the process starts, before libraries are imported. Worker processes inherit descriptor 1
    as it is then. `sys.stdout` keeps leading to the real standard output: help texts are printed there.
    """
    if sys.stdout is None or sys.stderr is None:  # closed by whoever started the process
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    encoding, errors = sys.stdout.encoding, sys.stdout.errors
    sys.stdout = open(kept, "w", encoding=encoding, errors=errors, closefd=False)  # noqa: SIM115 - for good


@contextmanager
def results_only() -> Iterator[None]:
    """While a command runs, let Python's ``print`` write to standard error; `echo` is not affected."""
    global _result  # noqa: PLW0603 - as a process has one standard output
    before, _result = _result, sys.stdout
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _result = before


def result() -> TextIO:
    """Give the stream that a command's result is written to."""
    return _result or sys.stdout


def echo(text: str) -> None:
    """Print a line of the result."""
    print(text, file=result(), flush=True)
