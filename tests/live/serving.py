"""The server of the live page in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from parley.chain.compiler import project_root

if TYPE_CHECKING:
    from collections.abc import Iterator

_SERVE = """
import sys
from parley.mechanisms.coordination.problem import load_problem
from parley.mechanisms.coordination.live.server import serve
serve(load_problem(sys.argv[1]) if sys.argv[1:] else None, open_browser=False)
"""


class LiveServer:
    """A running server.

    Attributes
    ----------
    url : str
        Of the page, with the closing slash.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._process = process
        self.url = process.stdout.readline().strip()

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rpartition(":")[2])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it by its process id; its exit status."""
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            return self._process.wait(20)
        finally:
            self._process.kill()
            assert self._process.stdout is not None
            self._process.stdout.close()


@contextmanager
def live_server(*arguments: str) -> Iterator[LiveServer]:
    """Serve, offering the problem of a file first if one is named."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE, *arguments], cwd=project_root(), stdout=subprocess.PIPE, text=True
    )
    server = LiveServer(process)
    try:
        yield server
    finally:
        server.stop()
