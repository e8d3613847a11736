"""Standard output carries a command's result and nothing else, whatever libraries print."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COORDINATION = ROOT / "problems" / "paper-example-1.toml"
ASSIGNMENT = ROOT / "problems" / "assignment-three-utilities.toml"
NOISE = "printed by a library"
NOISY = f"""
import ctypes, os, sys

class Shout:
    def find_spec(self, name, path, target=None):
        if name in ("numpy", "highspy", "pyrevm", "eth", "rich.console", "joblib.parallel"):
            os.write(1, b"{NOISE} with os.write\\n")
            ctypes.CDLL(None).puts(b"{NOISE} with puts")
            print("{NOISE} with print")
            print("{NOISE} with print", file=sys.__stdout__, flush=True)

sys.meta_path.insert(0, Shout())
"""
"""A module by which some libraries print when they are imported, in worker processes too."""


def parley(*arguments: object, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sim.cli", *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which libraries print."""
    folder = tmp_path_factory.mktemp("noisy")
    (folder / "sitecustomize.py").write_text(NOISY)
    return {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}


CALLS: list[tuple[object, ...]] = [
    ("solve", COORDINATION),
    ("solve", ASSIGNMENT),
    ("audit", ASSIGNMENT),
    ("audit", COORDINATION, "--problems", 5, "--games", 2),
    ("simulate", ASSIGNMENT, "--games", 3),
    ("simulate", COORDINATION, "--games", 501, "--workers", 2),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]}-{Path(call[1]).stem}")
def test_what_libraries_print_goes_to_standard_error(call: tuple[object, ...], noisy: dict[str, str]) -> None:
    done = parley(*call, "--json", environment=noisy)
    assert done.returncode == 0, done.stderr
    assert NOISE in done.stderr
    assert json.loads(done.stdout)


@pytest.mark.parametrize("call", CALLS[:2], ids=["coordination", "assignment"])
def test_tables_are_printed_alone_too(call: tuple[object, ...], noisy: dict[str, str]) -> None:
    loud, quiet = parley(*call, environment=noisy), parley(*call, environment={})
    assert (loud.returncode, quiet.returncode) == (0, 0)
    assert NOISE in loud.stderr
    assert loud.stdout == quiet.stdout
    assert "HiGHS" not in quiet.stdout
