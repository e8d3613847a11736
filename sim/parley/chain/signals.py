"""Signals that end a program, while something has to be put right first."""

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
"""What shells add to a signal's number for the status of what it ended."""

_ENDING = (signal.SIGTERM, signal.SIGHUP) if hasattr(signal, "SIGHUP") else (signal.SIGTERM,)
"""Signals that end a program at once, unless it says otherwise; an interrupt is an exception already."""


def exit_on_signals() -> None:
    """Let the signals that end a program do so as `sys.exit` does, with the status that shells give them.

    What is under way is put right then, as after an error. A second one ends the program at once.
    """

    def leave(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        sys.exit(_SIGNALLED + number)

    for number in _ENDING:
        # One that is ignored, as under nohup, stays so.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, leave)


class _Ended(BaseException):
    """A signal has come that ends the program."""


@contextmanager
def ending_signals() -> Iterator[None]:
    """Let a signal that ends the program be an exception first, so that what is under way is put right.

    The signal then does what it would have done before: the program ends with its status. Elsewhere than in
    the main thread, nothing is changed.
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
            # What the program does about a signal by itself stays as it is.
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
    """Keep signals waiting until something is done that must not be broken off."""
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
