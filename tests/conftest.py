"""Fixtures that every test may ask for."""

import signal

from tests.browser import browser, tab

__all__ = ["browser", "tab"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a shell. Commands under test would inherit that, and ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
