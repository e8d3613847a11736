"""The server of the live page in a process of its own, in which the toy coin toss is installed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from parley.chain.compiler import project_root

if TYPE_CHECKING:
    from collections.abc import Iterator


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


def with_the_toss(folder: Path) -> dict[str, str]:
    """The environment of a process in which a package has added the coin toss."""
    metadata = folder / "toss-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: toss\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[parley.mechanisms]\ntoss = tests.kit.play.coin:COIN\n")
    paths = [str(folder), str(project_root()), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


@contextmanager
def live_server(*arguments: str) -> Iterator[LiveServer]:
    """Serve, offering the problem of a file first if one is named."""
    command = [sys.executable, "-m", "parley.cli", "serve", "--no-browser", *arguments]
    with TemporaryDirectory() as folder:
        environment = with_the_toss(Path(folder))
        process = subprocess.Popen(
            command, cwd=project_root(), env=environment, stdout=subprocess.PIPE, text=True
        )
        server = LiveServer(process)
        try:
            yield server
        finally:
            server.stop()
