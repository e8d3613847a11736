"""Signals that end a program, wherever they come."""

import signal
import subprocess
import sys

import pytest

IN_A_FINALIZER = """
import sys, time
from parley.chain.signals import ending_signals, exit_on_signals

class Slow:
    def __del__(self):
        print("finalizing", flush=True)
        for _ in range(200):
            time.sleep(0.05)

def work():
    try:
        Slow()
        while True:
            time.sleep(0.05)
    finally:
        print("cleaned up", flush=True)

if sys.argv[1] == "command":
    exit_on_signals()
    work()
with ending_signals():
    work()
"""


@pytest.mark.parametrize(
    ("where", "number", "status"),
    [
        ("command", signal.SIGTERM, 128 + signal.SIGTERM),
        ("command", signal.SIGHUP, 128 + signal.SIGHUP),
        ("command", signal.SIGINT, -signal.SIGINT),
        ("library", signal.SIGTERM, -signal.SIGTERM),
        ("library", signal.SIGINT, -signal.SIGINT),
    ],
)
def test_a_signal_in_a_finalizer_is_not_lost(where: str, number: signal.Signals, status: int) -> None:
    program = [sys.executable, "-c", IN_A_FINALIZER, where]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "finalizing\n"
        process.send_signal(number)
        try:
            printed, complaints = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, printed) == (status, "cleaned up\n")
    assert "ignored" not in complaints
