"""Fixtures that every test may ask for."""

import signal

from tests.browser import browser, tab

__all__ = ["browser", "tab"]

# Commands under test inherit what is ignored here, as it is in the background of a shell or under nohup.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
