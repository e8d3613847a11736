"""What a person at a terminal sees, and programs do not: progress, and lines broken between words."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOTTERY = ROOT / "problems" / "assignment-three-utilities.toml"
WIDTH = 40
CONTROL = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")
"""What moves the cursor and sets colours, as progress bars do."""


def seen(*arguments: object, environment: dict[str, str] | None = None) -> list[str]:
    """The lines that a narrow terminal gets from a command, on standard output and standard error."""
    terminal, end = pty.openpty()
    command = [sys.executable, "-m", "parley.cli", *map(str, arguments)]
    narrow = {"PYTHONPATH": str(ROOT / "sim"), "COLUMNS": str(WIDTH), "TERM": "xterm"}
    started = subprocess.Popen(
        command, stdin=end, stdout=end, stderr=end, env=os.environ | narrow | (environment or {}), cwd=ROOT
    )
    os.close(end)
    read = b""
    try:
        while more := os.read(terminal, 4096):
            read += more
    except OSError:  # the other end is closed
        pass
    finally:
        started.wait()
        os.close(terminal)
    return CONTROL.sub("", read.decode()).replace("\r\n", "\n").replace("\r", "\n").splitlines()


def said(*arguments: object, environment: dict[str, str] | None = None) -> tuple[str, str]:
    """What a program gets from a command, on standard output and on standard error."""
    command = [sys.executable, "-m", "parley.cli", *map(str, arguments)]
    given = os.environ | {"PYTHONPATH": str(ROOT / "sim")} | (environment or {})
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=given, cwd=ROOT)
    return done.stdout, done.stderr


@pytest.fixture
def uncompiled(tmp_path: Path) -> dict[str, str]:
    """An environment in which contracts have to be compiled, and no compiler runs."""
    return {"PARLEY_CACHE": str(tmp_path / "cache"), "PARLEY_SOLC": str(tmp_path / "none")}


def test_a_terminal_is_told_that_contracts_are_compiled(uncompiled: dict[str, str], tmp_path: Path) -> None:
    call = ("simulate", LOTTERY, "--games", 1)
    refusal = f"{tmp_path / 'none'} does not run"
    shown = seen(*call, environment=uncompiled)
    told = shown.index("compiling contracts (once; up to a")
    assert [line for line in shown[told:] if line.strip() and "playing" not in line] == [
        "compiling contracts (once; up to a",
        "  minute)…",
        refusal,
    ]
    assert said(*call, environment=uncompiled) == ("", refusal + "\n")


def test_warnings_and_names_of_files_are_broken_between_words(tmp_path: Path) -> None:
    file, out = tmp_path / "odd.json", tmp_path / "out"
    keys = {"kind": "assignment", "rule": "boston", "items": ["x"], "rankings": [["x"], []]}
    file.write_text(json.dumps(keys), encoding="utf-8")
    call = ("audit", file, "--out", out, "--force")
    told, warned = said(*call)
    (written,) = [line for line in told.splitlines() if line.startswith("written: ")]
    assert warned.startswith("warning: ")
    assert len(written) > WIDTH
    shown = seen(*call)
    for line in (written, *warned.splitlines()):
        first = next(k for k, one in enumerate(shown) if line.startswith(one) and one.startswith(line[:8]))
        words: list[str] = []
        while words != line.split():
            assert len(words) < len(line.split())
            assert len(shown[first]) <= WIDTH or len(shown[first].split()) == 1
            words += shown[first].split()
            first += 1


def test_a_refusal_is_one_line_on_a_terminal_too() -> None:
    assert seen("solve", "no-such-folder/no-such-file-of-that-name.toml") == [
        "no-such-folder/no-such-file-of-that-name.toml: cannot be read: No such file or directory"
    ]
