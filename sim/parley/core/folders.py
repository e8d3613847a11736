"""Folders and files that are written whole or not at all.

What a command writes is made beside its place, on the same file system, and renamed when it is whole and on
the disk. Whenever the process or the machine stops, the place holds what was there before, or all that is
new. Linux swaps two folders in one step; elsewhere, the old one is moved aside just before, and for that
moment the place is empty. A lock beside it, which ends with its process, keeps a second run out.
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

from parley.core.errors import ParleyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "MARKS",
    "commit_folder",
    "locked",
    "saying",
    "whole_file",
    "whole_folder",
    "work_folder",
    "write_json",
]

MARKS = ("simulation.json", "audit.json", "manifest.json")
"""Files of which a folder has to hold one, or it is nobody's to be replaced."""
OWN = {".json", ".parquet", ".png", ".svg", ".html"}
"""Endings of all files that commands write into folders."""
EXCHANGE = 2
"""Of renameat2: both names have to exist, and are swapped."""
HERE = -100
"""A relative path begins at the current folder."""


def work_folder(path: Path) -> Path:
    """Give the folder in which another one is made: beside it, its name with a dot before and .work behind.

    Examples
    --------
    >>> work_folder(Path("/tmp/desk")).as_posix()
    '/tmp/.desk.work'
    """
    real = Path(os.path.realpath(path))
    return real.with_name(f".{real.name}.work")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep every other run out of a folder or a file.

    The lock is a file beside it that is held open: it ends with the process, however that ends.

    Raises
    ------
    ParleyError
        If another process has the lock, or the folder that it would stand in cannot be written.
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
def whole_folder(path: Path) -> Iterator[Path]:
    """Make a folder that appears with `commit_folder`, in place of an earlier run's.

    Parameters
    ----------
    path : Path
        Of the folder. One that is there has to be empty or an earlier run's.

    Yields
    ------
    Path
        A folder beside it, to write into. What killed runs have left there is removed.

    Raises
    ------
    ParleyError
        If another run is writing there, if the folder is somebody else's, or if something cannot be written.
    """
    with locked(path):
        check_replaceable(path)
        work = work_folder(path)
        shutil.rmtree(work, ignore_errors=True)
        try:
            with saying(path):
                work.mkdir()
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


def check_replaceable(path: Path) -> None:
    """Check that a folder is not there, is empty, or holds an earlier run and nothing else.

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
    if foreign and any(mark in names for mark in MARKS):
        raise ParleyError(f"{path}: contains {foreign[0]}, which Parley did not write; choose another folder")
    if names and not any(mark in names for mark in MARKS):
        raise ParleyError(f"{path}: is not empty and contains no Parley results; choose another folder")


def _is_left_behind(path: Path) -> bool:
    """Whether a file is a lock, or half of what a command writes: of a run that goes on or was killed."""
    name, _, ending = path.name.removeprefix(".").rpartition(".")
    own = path.name.startswith(".") and ending in {"lock", "work"} and Path(name).suffix in OWN
    return own and path.is_file()


def commit_folder(path: Path) -> None:
    """Put the work folder of a path in its place, and remove what was there.

    Raises
    ------
    ParleyError
        If it cannot be put there; then all is as it was.
    """
    with saying(path):
        _commit(Path(os.path.realpath(path)), work_folder(path))


def _commit(real: Path, work: Path) -> None:
    for entry in work.iterdir():
        _sync(entry)
    _sync(work)
    if not real.exists():
        work.rename(real)
    elif not _exchange(work, real):
        aside = real.with_name(f".{real.name}.old")
        shutil.rmtree(aside, ignore_errors=True)
        real.rename(aside)
        work.rename(real)
        shutil.rmtree(aside, ignore_errors=True)
    _sync(real.parent)
    shutil.rmtree(work, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step, where the system can."""
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
    """Make a file that appears when it is whole.

    Parameters
    ----------
    path : Path
    over : bool
        Replace a file that is there.

    Yields
    ------
    Path
        A file beside it, to write.

    Raises
    ------
    ParleyError
        If another run is writing it, or something cannot be written.
    FileExistsError
        If there is one, and it is not to be replaced.
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
                _sync(work)
                work.replace(real)
                _sync(real.parent)
        finally:
            work.unlink(missing_ok=True)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write an object as JSON that people can read."""
    path.write_text(
        json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", errors="replace"
    )


@contextmanager
def saying(path: Path) -> Iterator[None]:
    """Say in one line why something cannot be written."""
    try:
        yield
    except OSError as error:
        raise ParleyError(f"{path}: cannot be written: {error.strerror or error}") from error


def _sync(path: Path) -> None:
    """Make sure that what was written survives a crash of the machine, not only of this program."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
