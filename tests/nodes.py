"""Real nodes on loopback, on free ports, started and stopped by whoever tests with them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from parley.chain.compiler import project_root
from parley.chain.rpc import NodeError, Rpc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MODULES = project_root() / "node_modules"

KINDS = ("anvil", "hardhat")

_STARTING = 60.0
"""Seconds that a node may take to answer: hardhat's is slow on a busy machine."""


class LocalNode:
    """A node in a process of its own.

    Parameters
    ----------
    command : sequence of str
        What starts it, but for the port.
    folder : Path
        Where it runs; its output goes there.
    port : int
    """

    def __init__(self, command: Sequence[str], folder: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._command = [*command, "--port", str(port)]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        environment = {
            # Neither questions nor news: it is asked nothing and tells nobody.
            "HARDHAT_DISABLE_TELEMETRY_PROMPT": "true",
            "CI": "true",
            "HOME": str(self._folder),
            "PATH": f"{os.environ['PATH']}:{Path(sys.prefix) / 'bin'}",
        }
        with (self._folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, env=environment, stdout=output, stderr=output
            )
        began = time.monotonic()
        while True:
            try:
                Rpc(self.url).ask("eth_chainId")
            except NodeError:
                ended = self._process.poll() is not None
                if ended or time.monotonic() - began > _STARTING:
                    raise RuntimeError((self._folder / "output").read_text(errors="replace")) from None
                time.sleep(0.05)
            else:
                return

    def stop(self, signal_number: int = signal.SIGTERM) -> None:
        """End it by its process id, and wait until it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal_number)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


def mined(rpc: Rpc, fields: Mapping[str, str]) -> dict[str, Any]:
    """Send a transaction from one of the node's accounts, and return its receipt when it has one."""
    name = rpc.ask("eth_sendTransaction", fields)
    ending = time.monotonic() + _STARTING
    while (receipt := rpc.ask("eth_getTransactionReceipt", name)) is None:
        if time.monotonic() > ending:
            raise RuntimeError(f"transaction {name} is not mined")
        time.sleep(0.01)
    return dict(receipt)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def anvil_command() -> str:
    """Return anvil itself, not the script around it: it has to go when its process is ended."""
    found = sorted(MODULES.glob("@foundry-rs/anvil-*/bin/anvil*"))
    if not found:
        raise RuntimeError("there is no anvil: `make test` installs it")
    return str(found[0])


@contextmanager
def anvil(*options: str) -> Iterator[LocalNode]:
    """Run anvil with further options."""
    with TemporaryDirectory() as folder:
        node = LocalNode([anvil_command(), "--quiet", *options], Path(folder), free_port())
        node.start()
        try:
            yield node
        finally:
            node.stop(signal.SIGKILL)


@contextmanager
def hardhat(**settings: object) -> Iterator[LocalNode]:
    """Run Hardhat's node with settings of its network."""
    program = shutil.which("node", path=f"{os.environ['PATH']}:{Path(sys.prefix) / 'bin'}")
    if program is None or not (MODULES / "hardhat").exists():
        raise RuntimeError("there is no hardhat: `make test` installs it")
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "node_modules").symlink_to(MODULES)
        (folder / "package.json").write_text("{}")
        networks = {"hardhat": {"chainId": 31337, **settings}}
        (folder / "hardhat.config.js").write_text(f"module.exports = {{ networks: {json.dumps(networks)} }};")
        bootstrap = MODULES / "hardhat" / "internal" / "cli" / "bootstrap.js"
        command = [program, str(bootstrap), "node", "--hostname", "127.0.0.1"]
        node = LocalNode(command, folder, free_port())
        node.start()
        try:
            yield node
        finally:
            node.stop(signal.SIGKILL)


@contextmanager
def running(kind: str) -> Iterator[LocalNode]:
    """Run a node of a kind as it comes."""
    with anvil() if kind == "anvil" else hardhat() as node:
        yield node
