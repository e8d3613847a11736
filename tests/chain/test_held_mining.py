"""However a run ends, a development node mines as it did before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from parley.chain.compiler import project_root
from parley.chain.mining import held
from parley.chain.rpc import NodeError, Rpc
from tests.nodes import anvil
from tests.proxy import public_node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.nodes import LocalNode

# Holds mining, says so, and waits for its end; or does what its second argument says.
_PROGRAM = """
import sys, time
from parley.chain.mining import held
from parley.chain.rpc import Rpc
with held(Rpc(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def node() -> Iterator[LocalNode]:
    with anvil() as process:
        yield process


def command_lines() -> list[bytes]:
    """What lists of processes show of each, where the system tells."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(file.read_bytes())
    return found


def mines(url: str) -> bool:
    return bool(Rpc(url).ask("hardhat_getAutomine"))


def mines_soon(url: str) -> bool:
    began = time.monotonic()
    while not mines(url):
        if time.monotonic() - began > 10:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_ends_the_program_and_not_mining(number: signal.Signals, node: LocalNode) -> None:
    environment = os.environ | {"PYTHONPATH": str(project_root())}
    command = [sys.executable, "-c", _PROGRAM, node.url]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert not mines(node.url)
        process.send_signal(number)
        assert process.wait(20) == -number
    assert mines_soon(node.url)


def test_an_exception_leaves_mining_as_it_was(node: LocalNode) -> None:
    def fail() -> None:
        with held(Rpc(node.url)):
            assert not mines(node.url)
            raise ValueError("told")

    with pytest.raises(ValueError, match=r"^told$"):
        fail()
    assert mines(node.url)


def test_a_node_that_cannot_be_told_so_is_told_when_the_program_is_gone(node: LocalNode) -> None:
    program = _PROGRAM.replace("time.sleep(60)", "sys.stdin.readline()")
    environment = os.environ | {"PYTHONPATH": str(project_root())}
    with (
        public_node(node.url) as public,
        subprocess.Popen(
            [sys.executable, "-c", program, public.url.replace("//", "//user:s3cret@") + "/KEY"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        guards = [text for text in command_lines() if b"evm_setAutomine" in text]
        assert not [text for text in guards if b"s3cret" in text or b"KEY" in text]
        public.faults = {"always-403"}
        _, err = process.communicate(b"\n", timeout=30)
        assert process.returncode == 1
        assert b"403" in err
        assert not mines(node.url)
        public.faults = set()
        assert mines_soon(node.url)


def test_what_the_program_does_about_a_signal_by_itself_stays(node: LocalNode) -> None:
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    try:
        with held(Rpc(node.url)):
            os.kill(os.getpid(), signal.SIGTERM)
        assert came == [signal.SIGTERM]
        with pytest.raises(NodeError), held(Rpc(node.url)):
            raise NodeError
    finally:
        signal.signal(signal.SIGTERM, before)
    assert mines(node.url)
