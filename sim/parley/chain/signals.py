"""Cleaning up before a signal ends the program."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["deferred_signals", "ending_signals", "exit_on_signals"]

_SIGNALLED = 128
"""Shells add this to a signal's number for the exit status."""

_ENDING = (signal.SIGTERM, signal.SIGHUP) if hasattr(signal, "SIGHUP") else (signal.SIGTERM,)
"""Signals that end a program at once by default; an interrupt is already an exception."""


def exit_on_signals() -> None:
    """Turn ending signals into `sys.exit` with the usual status, so that cleanup code runs.

    A second signal ends the program at once.
    """

    def leave(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        sys.exit(_SIGNALLED + number)

    for number in _ENDING:
        # A signal that is ignored (nohup) stays ignored.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, leave)


class _Ended(BaseException):
    """A signal ends the program."""


@contextmanager
def ending_signals() -> Iterator[None]:
    """Turn an ending signal into an exception first, so that cleanup code runs; then let it end the program.

    Works in the main thread only.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def end(number: int, _: FrameType | None) -> None:
        came.append(number)
        raise _Ended

    before = {}
    try:
        for number in _ENDING:
            # The program's own signal handlers stay.
            if signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, end)
        yield
    except _Ended:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            os.kill(os.getpid(), came[0])


@contextmanager
def deferred_signals() -> Iterator[None]:
    """Delay signals during an operation that must not be interrupted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = {signal.SIGINT, *_ENDING}
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        for number in numbers:
            signal.signal(number, lambda number, _: came.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        if came:
            signal.raise_signal(came[0])
