"""Atomic writing of folders and files.

Output is written next to its destination, on the same file system, synced, and renamed. If the process or the
computer stops, the destination holds either the old or the new content. Linux swaps two folders in one step;
elsewhere the old folder is moved away first, and for a moment there is none. A lock file keeps a second run
out; it ends with its process.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parley.core.errors import ParleyError, ProblemError
from parley.core.files import read_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "EXPERIMENT",
    "MARKS",
    "RUN",
    "check_replaceable",
    "check_same",
    "command_of",
    "commit_folder",
    "locked",
    "other_run",
    "saying",
    "sync",
    "whole_file",
    "whole_folder",
    "work_folder",
    "write_json",
]

EXPERIMENT = "manifest.json"
"""The file that says how an experiment was made."""
MARKS = ("simulation.json", "audit.json", "comparison.json", EXPERIMENT)
"""A folder is replaced only if it contains one of these files."""
RUN = "run.json"
"""How a folder was made: the command, the problem's hash, the options, and Parley's version."""
OWN = {".json", ".csv", ".parquet", ".png", ".svg", ".html"}
"""Extensions of the files that commands write into folders."""
EXCHANGE = 2
"""Flag of renameat2: swap two existing names."""
HERE = -100
"""Directory descriptor of renameat2: relative to the current folder."""


def work_folder(path: Path) -> Path:
    """Return the temporary folder in which a folder is written.

    Examples
    --------
    >>> work_folder(Path("/tmp/desk")).as_posix()
    '/tmp/.desk.work'
    """
    real = Path(os.path.realpath(path))
    return real.with_name(f".{real.name}.work")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock a folder or a file by a lock file next to it.

    Raises
    ------
    ParleyError
        If another process has the lock, or the parent folder cannot be written.
    """
    real = Path(os.path.realpath(path))
    if real.is_mount():
        raise ParleyError(f"{path}: is a mount point, which cannot be renamed; choose a folder inside it")
    lock = real.with_name(f".{real.name}.lock")
    with saying(path):
        real.parent.mkdir(parents=True, exist_ok=True)
        while True:
            handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _same(handle, lock):
                    break
            except BlockingIOError:
                os.close(handle)
                raise ParleyError(f"{path}: another run is writing there") from None
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)  # its last owner has just removed it
    try:
        yield
    finally:
        with suppress(OSError):
            lock.unlink()
        os.close(handle)


def _same(handle: int, path: Path) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle), path.stat())
    return False


@contextmanager
def whole_folder(path: Path, run: Mapping[str, Any] | None = None) -> Iterator[Path]:
    """Yield a temporary folder that `commit_folder` puts in the place of `path`.

    An existing folder must be empty or come from an earlier run. Leftovers of killed runs are removed.

    Parameters
    ----------
    run : mapping, optional
        How the folder is made; if given, an existing folder must come from the same run: see `check_same`.

    Raises
    ------
    ParleyError
        If another run is writing there, the folder has foreign files or another run, or something cannot be
        written.
    """
    with locked(path):
        check_replaceable(path)
        if run is not None:
            check_same(path, run)
        work = work_folder(path)
        shutil.rmtree(work, ignore_errors=True)
        try:
            with saying(path):
                work.mkdir()
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


def check_replaceable(path: Path) -> None:
    """Check that a folder does not exist, is empty, or contains only an earlier run.

    Raises
    ------
    ParleyError
        Naming a file that would be lost.
    """
    if not path.exists() and not path.is_symlink():
        return
    if not path.is_dir():
        raise ParleyError(f"{path}: is not a folder")
    names = sorted(entry.name for entry in path.iterdir() if not _is_left_behind(entry))
    foreign = [name for name in names if Path(name).suffix not in OWN or not (path / name).is_file()]
    # Other programs write files of this name too.
    run = any(mark in names for mark in MARKS if mark != EXPERIMENT) or command_of(path) == "experiment"
    if foreign and run:
        raise ParleyError(f"{path}: contains {foreign[0]}, which Parley did not write; choose another folder")
    if names and not run:
        raise ParleyError(f"{path}: is not empty and contains no Parley results; choose another folder")


def check_same(path: Path, run: Mapping[str, Any]) -> None:
    """Check that a folder does not exist, is empty, or was made as this run.

    Parameters
    ----------
    run : mapping
        As in the file ``run.json``: command, problem and options.

    Raises
    ------
    ParleyError
        Naming the first difference.
    """
    if not path.is_dir() or all(map(_is_left_behind, path.iterdir())):
        return
    try:
        held = read_object(path / RUN)
        difference = _difference(held, run)
    except (ProblemError, AttributeError, KeyError, TypeError):
        command = command_of(path)
        other = command not in {"", run["command"]}
        difference = f"of {command}, not {run['command']}" if other else f"without {RUN}"
    if difference:
        raise other_run(path, difference)


def other_run(path: Path, difference: str) -> ParleyError:
    """Return the error that a folder holds a run that differs."""
    return ParleyError(f"{path}: holds another run ({difference}); use --force to replace it")


def command_of(path: Path) -> str:
    """Return the command that wrote a folder; empty if the folder does not say."""
    with suppress(ProblemError):
        if read_object(path / EXPERIMENT).get("kind") == "experiment":
            return "experiment"
    with suppress(ProblemError, KeyError):
        return str(read_object(path / RUN)["command"])
    return ""


def _difference(held: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """Return what differs between two runs; empty if nothing does."""
    if held["command"] != run["command"]:
        return f"of {held['command']}, not {run['command']}"
    if held["problem"] != run["problem"]:
        return "of another problem"
    options = {name: (held["options"].get(name), value) for name, value in run["options"].items()}
    options |= {name: (value, None) for name, value in held["options"].items() if name not in options}
    for name, (before, now) in options.items():
        if before != now:
            flag = f"--{name.replace('_', '-')}"
            told = [f"without {flag}" if value is None else f"with {flag} {value}" for value in (before, now)]
            return f"{told[0]}, not {told[1]}"
    return ""


def _is_left_behind(path: Path) -> bool:
    """Whether a file is a lock or a temporary file of a run."""
    name, _, ending = path.name.removeprefix(".").rpartition(".")
    own = path.name.startswith(".") and ending in {"lock", "work"} and Path(name).suffix in OWN
    return own and path.is_file()


def commit_folder(path: Path) -> None:
    """Move the temporary folder of a path to the path, and remove the old folder.

    Raises
    ------
    ParleyError
        If this fails; then nothing has changed.
    """
    with saying(path):
        _commit(Path(os.path.realpath(path)), work_folder(path))


def _commit(real: Path, work: Path) -> None:
    for entry in work.iterdir():
        sync(entry)
    sync(work)
    if not real.exists():
        work.rename(real)
    elif not _exchange(work, real):
        aside = real.with_name(f".{real.name}.old")
        shutil.rmtree(aside, ignore_errors=True)
        real.rename(aside)
        work.rename(real)
        shutil.rmtree(aside, ignore_errors=True)
    sync(real.parent)
    shutil.rmtree(work, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step, if the system supports it."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if not rename(HERE, os.fsencode(one), HERE, os.fsencode(other), EXCHANGE):
        return True
    if ctypes.get_errno() in {errno.ENOSYS, errno.EINVAL}:
        return False
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(other))


@contextmanager
def whole_file(path: Path, *, over: bool = True) -> Iterator[Path]:
    """Yield a temporary file that replaces `path` at the end.

    Raises
    ------
    ParleyError
        If another run is writing it, or something cannot be written.
    FileExistsError
        If the file exists, without `over`.
    """
    if path.exists() and not path.is_file():  # a device: nothing can be renamed to it
        with saying(path):
            yield path
        return
    with locked(path):
        real = Path(os.path.realpath(path))
        if not over and real.exists():
            raise FileExistsError(path)
        work = real.with_name(f".{real.name}.work")
        try:
            with saying(path):
                yield work
                sync(work)
                work.replace(real)
                sync(real.parent)
        finally:
            work.unlink(missing_ok=True)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write an object as indented JSON."""
    path.write_text(
        json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", errors="replace"
    )


@contextmanager
def saying(path: Path) -> Iterator[None]:
    """Turn an `OSError` into a `ParleyError` for a path."""
    try:
        yield
    except OSError as error:
        raise ParleyError(f"{path}: cannot be written: {error.strerror or error}") from error


def sync(path: Path) -> None:
    """Sync to the disk, so that the content survives a crash of the computer."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
