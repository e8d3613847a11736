"""The same games on the workers of a Dask scheduler."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from parley.chain.compiler import project_root
from parley.core.errors import ParleyError
from parley.kit.play.run import play_games
from tests.kit.play.coin import setting


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler and two workers, processes of their own on loopback."""
    folder = tmp_path_factory.mktemp("dask")
    where = folder / "scheduler.json"
    common = ["--scheduler-file", where, "--no-dashboard"]
    # The coin's mechanism is no part of the package: workers are told where it stands.
    environment = os.environ | {"PYTHONPATH": str(project_root())}
    with ExitStack() as stack:

        def start(command: str, *options: object) -> None:
            arguments = [
                sys.executable,
                "-m",
                "distributed.cli.dask_" + command,
                *map(str, [*common, *options]),
            ]
            process = subprocess.Popen(
                arguments,
                cwd=folder,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)

        start("scheduler", "--host", "127.0.0.1", "--port", 0)
        for _ in range(2):
            start("worker", "--host", "127.0.0.1", "--nthreads", 1, "--no-nanny", "--local-directory", folder)
        yield address_in(where)


def address_in(file: Path) -> str:
    for _ in range(300):
        if file.exists() and file.read_text(encoding="utf-8").strip():
            return str(json.loads(file.read_text(encoding="utf-8"))["address"])
        time.sleep(0.1)
    raise TimeoutError(file)


def test_a_cluster_plays_the_same_games(scheduler: str) -> None:
    here: list[tuple[Any, ...]] = []
    there: list[tuple[Any, ...]] = []
    local = play_games(setting(), games=1200, record=here.extend)
    far = play_games(setting(), games=1200, record=there.extend, cluster=scheduler)
    assert there == here
    assert far.tally == local.tally
    assert far.cross_check == local.cross_check


def test_where_no_scheduler_answers_the_complaint_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parley.kit.play.run.CONNECTING", 0.5)
    with pytest.raises(ParleyError, match=r"--cluster tcp://127\.0\.0\.1:9: no scheduler answers") as error:
        play_games(setting(), games=10, cluster="tcp://127.0.0.1:9")
    assert "\n" not in str(error.value)
