"""The command `parley` in a process of its own, forked from one that has loaded it already.

It has descriptors, environment, folder and exit status of its own, as any command has. To load one takes
longer than what most tests ask of it. Tests of signals, closed pipes and the environment start it anew.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired
from tempfile import TemporaryDirectory
from threading import Timer
from typing import TYPE_CHECKING

from parley.chain.compiler import project_root

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = project_root()

LOADED = ("parley.cli.commands", "parley.chain.pyevm", "parley.chain.revm", "parley.kit.play.simulate")


def parley(
    *arguments: object,
    cwd: Path = ROOT,
    environment: Mapping[str, str] | None = None,
    replayed: int = 2,
    timeout: float = 600,
) -> CompletedProcess[str]:
    """Run the command to its end, and return what it printed and its exit status.

    A run replays two of its games, as in every test (see conftest.py), if no other number is given.
    """
    command = ["parley", *map(str, arguments)]
    loaded = _loaded()
    assert loaded.stdin is not None
    assert loaded.stdout is not None
    with TemporaryDirectory() as name:
        printed = [Path(name) / "out", Path(name) / "error"]
        request = [command, str(cwd), dict(environment or os.environ), *map(str, printed), replayed]
        overdue = Timer(timeout, os.killpg, (loaded.pid, signal.SIGKILL))
        overdue.start()
        loaded.stdin.write(json.dumps(request) + "\n")
        loaded.stdin.flush()
        status = loaded.stdout.readline()
        overdue.cancel()
        if not status:
            _loaded.cache_clear()
            raise TimeoutExpired(command, timeout)
        out, error = (path.read_text(encoding="utf-8") for path in printed)
        return CompletedProcess(command, int(status), out, error)


@cache
def _loaded() -> subprocess.Popen[str]:
    program = [sys.executable, "-c", "from tests.command import serve; serve()"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "sim"), str(ROOT)])}
    return subprocess.Popen(
        program,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def serve() -> None:
    """Load the command, and carry it out in a process of its own for every line of standard input."""
    for name in LOADED:
        import_module(name)
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            _carry_out(*json.loads(line))
            return
        _, status = os.waitpid(process, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _carry_out(
    command: list[str], cwd: str, environment: dict[str, str], out: str, error: str, replayed: int
) -> None:
    sys.stdin.close()
    for number, path in ((0, os.devnull), (1, out), (2, error)):
        opened = os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.argv = command

    from parley.cli import main  # noqa: PLC0415 - loaded before

    import_module("parley.kit.play.run").__dict__["REPLAYED"] = replayed
    main()
