"""Cleaning up before a signal ends the program."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    _Report = Callable[[sys.UnraisableHookArgs], object]

__all__ = ["deferred_signals", "ending_signals", "exit_on_signals"]

_SIGNALLED = 128
"""Shells add this to a signal's number for the exit status."""

_SOON = 0.01
"""Seconds after which a lost signal is sent again."""

_ENDING = (signal.SIGTERM, signal.SIGHUP) if hasattr(signal, "SIGHUP") else (signal.SIGTERM,)
"""Signals that end a program at once by default; an interrupt is already an exception."""


class _Left(SystemExit):
    """A signal ends the program, with the usual status."""

    def __init__(self, number: int) -> None:
        super().__init__(_SIGNALLED + number)
        self.number = number


class _Ended(BaseException):
    """A signal ends the program."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def exit_on_signals() -> None:
    """Turn ending signals into `SystemExit` with the usual status, so that cleanup code runs.

    A second signal ends the program at once.
    """
    for number in _ENDING:
        # A signal that is ignored (nohup) stays ignored.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _leave)
    sys.unraisablehook = _sending_again(sys.unraisablehook)


def _leave(number: int, _: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise _Left(number)


def _sending_again(report: _Report) -> _Report:
    """Return what sends a signal again whose exception is lost: what finalizers raise is only reported."""

    def hook(unraisable: sys.UnraisableHookArgs) -> None:
        lost = unraisable.exc_value
        if isinstance(lost, _Left):
            signal.signal(lost.number, _leave)
        if isinstance(lost, (_Left, _Ended, KeyboardInterrupt)):
            number = signal.SIGINT if isinstance(lost, KeyboardInterrupt) else lost.number
            # Not at once: it would come in this function, and be lost too.
            threading.Timer(_SOON, os.kill, (os.getpid(), number)).start()
        else:
            report(unraisable)

    return hook


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
        raise _Ended(number)

    before = {}
    report = sys.unraisablehook
    try:
        sys.unraisablehook = _sending_again(report)
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
        sys.unraisablehook = report
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
