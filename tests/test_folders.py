"""A folder holds one whole run, old or new, or does not exist, however a process ends."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matplotlib.figure import Figure

from parley.chain.backends import open_evm
from parley.chain.compiler import compile_contracts
from parley.chain.deployments import deploy_once
from parley.core import folders
from parley.core.errors import ParleyError
from parley.core.folders import commit_folder, locked, whole_file, whole_folder, work_folder
from parley.kit.present.run import FINISHED, RunFolder

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "problems" / "paper-example-1.toml"


def picture(name: str) -> Figure:
    figure = Figure(figsize=(1, 1))
    figure.text(0, 0, name)  # which an SVG file has in a comment
    return figure


def write(path: Path, name: str) -> None:
    rows = pa.table({"name": [name] * 10})
    with RunFolder(path) as folder:
        folder.record(rows)
        folder.record(rows)
        folder.finish({FINISHED: {"name": name}}, {"picture": picture(name)})


def held(path: Path) -> str | None:
    """Which run a folder holds; every file is whole and of that run."""
    if not path.exists():
        return None
    assert {file.name for file in path.iterdir()} == {
        "games.parquet",
        "simulation.json",
        "picture.png",
        "picture.svg",
    }
    name = json.loads((path / "simulation.json").read_text())["name"]
    assert pq.read_table(path / "games.parquet")["name"].to_pylist() == [name] * 20
    assert f"<!-- {name} -->" in (path / "picture.svg").read_text()
    assert (path / "picture.png").read_bytes().endswith(b"IEND\xaeB`\x82")
    return str(name)


class Disk:
    """A disk that is full after so many operations."""

    def __init__(self) -> None:
        self.left = 10**9

    def limit(self, monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
        real = getattr(owner, name)

        def limited(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as the function has them
            self.left -= 1
            if self.left < 0:
                if name == "close":  # or it is tried again when the writer is collected
                    real(*arguments, **named)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*arguments, **named)

        monkeypatch.setattr(owner, name, limited)


@pytest.mark.parametrize("before", [None, "old"])
def test_a_full_disk_at_any_write_leaves_the_old_run_or_none(
    before: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, disk = tmp_path / "out", Disk()
    for name in ("__init__", "write_table", "close"):
        disk.limit(monkeypatch, pq.ParquetWriter, name)
    for name in ("mkdir", "write_text", "rename"):
        disk.limit(monkeypatch, Path, name)
    disk.limit(monkeypatch, Figure, "savefig")
    disk.limit(monkeypatch, os, "fsync")
    disk.limit(monkeypatch, folders, "_exchange")
    failed = 0
    while True:
        disk.left = 10**9
        if out.exists():
            shutil.rmtree(out)
        if before is not None:
            write(out, before)
        disk.left = failed
        try:
            write(out, "new")
            break
        except ParleyError as error:
            told = str(error)
        failed += 1
        assert told == f"{out}: cannot be written: No space left on device"
        # The new run is in place only where what failed was to note its name for good.
        assert held(out) in {before, "new"}
        assert {file.name for file in tmp_path.iterdir()} <= {"out"}
    assert failed > 12
    assert held(out) == "new"


KILLED = """
import sys
from pathlib import Path
from tests.test_folders import write
print("begin", flush=True)
for k in range(10**6):
    write(Path(sys.argv[1]), f"run-{k}")
"""


@pytest.mark.parametrize(
    "number",
    [signal.SIGKILL, *(pytest.param(k, marks=pytest.mark.deep) for k in (signal.SIGTERM, signal.SIGINT))],
)
def test_a_killed_process_leaves_one_whole_run(number: signal.Signals, tmp_path: Path) -> None:
    out = tmp_path / "out"
    random = Random(number)
    seen: set[str | None] = set()
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(out)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        for look in range(4000):
            if look >= 40 and len(seen) > 1:
                break
            time.sleep(random.random() / 20)
            process.send_signal(signal.SIGSTOP)  # looked at wherever it is just now
            os.waitpid(process.pid, os.WUNTRACED)
            seen.add(held(out))
            process.send_signal(signal.SIGCONT)
        process.send_signal(number)
        process.wait()
    held(out)
    assert len(seen) > 1
    write(out, "after")  # no lock is left, and what was half done is removed
    assert held(out) == "after"
    assert {file.name for file in tmp_path.iterdir()} == {"out"}


def test_the_second_of_two_runs_ends_at_once(tmp_path: Path) -> None:
    out = tmp_path / "out"
    program = (
        "import sys\nfrom pathlib import Path\nfrom parley.core.folders import locked\n"
        "with locked(Path(sys.argv[1])):\n    print('locked', flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(out)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "locked\n"
        for call in (
            ("simulate", EXAMPLE, "--games", 10**9, "--out"),
            ("audit", EXAMPLE, "--problems", 10**8, "--out"),
            ("experiment", ROOT / "problems" / "experiments" / "greed.toml", "--out"),
        ):
            second = subprocess.run(
                [sys.executable, "-m", "parley.cli", *map(str, call), str(out)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
            assert (second.returncode, second.stdout) == (2, "")
            assert second.stderr == f"{out}: another run is writing there\n"
        with pytest.raises(ParleyError, match="another run is writing there"), locked(out):
            pass
        first.kill()
        first.wait()
    with locked(out):
        pass
    assert not list(tmp_path.iterdir())


def test_two_deployments_into_one_file_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "deployment.json"
    evm, names = open_evm("revm"), ("EqualRecognition",)
    with locked(file), pytest.raises(ParleyError, match="another run is writing there"):
        deploy_once(evm, file, compile_contracts(), names)
    assert not list(tmp_path.iterdir())

    other = tmp_path / "other.json"
    came: list[Path] = []

    def after_another(path: Path, *, over: bool) -> AbstractContextManager[Path]:
        # Between a run's look at the file and its lock, another one comes and goes.
        if path == file:
            assert deploy_once(evm, other, compile_contracts(), names)[1]
            came.append(other.rename(file))
        return whole_file(path, over=over)

    monkeypatch.setattr("parley.chain.deployments.whole_file", after_another)
    found, deployed = deploy_once(evm, file, compile_contracts(), names)
    assert came == [file]
    assert not deployed
    assert found.content == json.loads(file.read_text())
    assert [entry.name for entry in tmp_path.iterdir()] == ["deployment.json"]


def test_other_peoples_files_are_not_replaced(tmp_path: Path) -> None:
    for name in ("notes.txt", "problem.toml", "data.json"):
        out = tmp_path / name.replace(".", "-")
        out.mkdir()
        (out / name).write_text("mine")
        with pytest.raises(ParleyError, match="contains no Parley results; choose another folder"):
            write(out, "new")
        assert [file.name for file in out.iterdir()] == [name]
    out = tmp_path / "run"
    write(out, "old")
    (out / "notes.txt").write_text("mine")
    with pytest.raises(ParleyError, match=r"contains notes\.txt, which Parley did not write"):
        write(out, "new")
    assert (out / "notes.txt").read_text() == "mine"
    with pytest.raises(ParleyError, match="is not a folder"):
        write(out / "notes.txt", "new")
    (out / "notes.txt").unlink()
    for name in (".report.html.lock", ".picture.svg.work"):  # of a report that was killed
        (out / name).write_text("")
    (tmp_path / "link").symlink_to(out)
    write(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert held(out) == "new"


def test_where_folders_cannot_be_swapped_they_are_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "_exchange", lambda _one, _other: False)
    write(tmp_path / "out", "old")
    write(tmp_path / "out", "new")
    assert held(tmp_path / "out") == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["out"]


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    with suppress(KeyError), whole_file(path) as work:
        work.write_text("half")
        raise KeyError
    assert not list(tmp_path.iterdir())
    path.write_text("old")
    with pytest.raises(ParleyError, match="cannot be written: No space"), whole_file(path) as work:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(FileExistsError), whole_file(path, over=False) as work:
        work.write_text("new")
    assert path.read_text() == "old"
    with whole_file(path) as work:
        work.write_text("new")
    assert path.read_text() == "new"
    with whole_file(Path("/dev/null")) as work:  # a device is written to, and never replaced
        work.write_text("gone")
    assert Path("/dev/null").is_char_device()
    assert [file.name for file in tmp_path.iterdir()] == ["a.toml"]


def test_what_is_left_of_a_killed_run_is_removed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    work_folder(out).mkdir()
    (work_folder(out) / "games.parquet").write_bytes(b"half a table")
    with whole_folder(out) as work:
        assert not list(work.iterdir())
        (work / "audit.json").write_text("{}")
        commit_folder(out)
    assert [file.name for file in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_cannot_be_made_is_named_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ParleyError, match="cannot be written: "),
        whole_folder(tmp_path / "file" / "out"),
    ):
        pass


@pytest.mark.parametrize("most", [100, 5_000, pytest.param(60_000, marks=pytest.mark.deep)])
def test_a_command_whose_files_do_not_fit_ends_with_2_and_leaves_nothing(most: int, tmp_path: Path) -> None:
    command = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}))\n"
    command += "import sys; from parley.cli import main; main()"
    arguments = ["simulate", str(EXAMPLE), "--games", "30", "--out", str(tmp_path / "out")]
    # What measures coverage writes a file that fits even less.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", command, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{tmp_path / 'out'}: cannot be written: ")
    assert done.stderr.endswith("File too large\n")
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
