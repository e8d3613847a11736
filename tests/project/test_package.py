"""What is built installs and works where there is neither a clone, nor Node, nor a compiler."""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from parley.chain.compiler import compile_contracts, project_root
from tests.nodes import anvil

if TYPE_CHECKING:
    from pathlib import Path

ROOT = project_root()

EXPERIMENT = """
kind = "experiment"
title = "Small"
question = "Does it run?"
seeds = [1]
generations = 1
games = 5

[problem]
file = "{problem}"

[population]
members = 5
strategies = {{ equilibrium = 1 }}
"""


# As where a package is built: in an environment of its own, in which Parley is not installed.
_BUILD = """
import importlib.metadata as metadata, sys
from hatchling.cli import hatchling

def unknown(name):
    raise metadata.PackageNotFoundError(name)

metadata.version = unknown
sys.argv = ["hatchling", "build", "-d", sys.argv[1]]
sys.exit(hatchling())
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-c", _BUILD, str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked where nothing else of Parley is."""
    folder = tmp_path_factory.mktemp("installed")
    (wheel,) = built.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder)  # noqa: S202 -- just built
    return folder


_ALL = """
import json, sys
from parley.cli import app
for call in json.loads(sys.argv[1]):
    try:
        app(call, prog_name="parley")
    except SystemExit as ended:
        if ended.code:
            raise
"""


def run(installed: Path, cwd: Path, *calls: tuple[object, ...]) -> subprocess.CompletedProcess[str]:
    """Run commands with the dependencies of these tests, without Node and compiler on the PATH."""
    empty = cwd / "empty"
    empty.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name in ("HOME", "LANG", "TMPDIR")}
    folders = os.pathsep.join([str(installed), *site.getsitepackages()])
    environment = kept | {"PATH": str(empty), "PYTHONPATH": folders}
    # -S: the editable installation, which leads to the clone, is left out.
    command = [sys.executable, "-S", "-c", _ALL, json.dumps([[*map(str, call)] for call in calls])]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def test_the_package_carries_the_contracts_that_the_sources_compile_to(installed: Path) -> None:
    carried = json.loads((installed / "parley" / "_packaged" / "contracts.json").read_text(encoding="utf-8"))
    assert carried == [artifact.to_json() for artifact in compile_contracts(ROOT).values()]


def test_every_command_works_from_the_wheel_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    problems = installed / "parley" / "_packaged" / "problems"
    first, lottery = problems / "paper-example-1.toml", problems / "assignment-bogomolnaia-moulin.toml"
    experiment = tmp_path / "small.toml"
    experiment.write_text(EXPERIMENT.format(problem=first), encoding="utf-8")
    points = tmp_path / "points.csv"
    points.write_text("student,Logic,Ethics\nAnn,60,40\nBen,70,30\n", encoding="utf-8")
    with anvil() as node:
        deployment = tmp_path / "deployment.json"
        calls: list[tuple[object, ...]] = [
            ("solve", first),
            ("solve", lottery),
            ("simulate", first, "--games", 5, "--out", "run"),
            ("simulate", lottery, "--games", 5, "--out", "lottery"),
            ("audit", lottery, "--out", "audit"),
            ("audit", first, "--problems", 2, "--games", 1),
            ("experiment", experiment, "--out", "experiment"),
            *(("report", folder) for folder in ("run", "lottery", "audit", "experiment")),
            ("import", "csv", points, "--out", "points.toml"),
            ("deploy", "--evm", node.url, "--out", deployment),
            ("verify", "--evm", node.url, "--deployment", deployment),
        ]
        done = run(installed, tmp_path, *calls)
        assert done.returncode == 0, done.stdout + done.stderr
    for folder in ("run", "lottery", "audit", "experiment"):
        page = (tmp_path / folder / "report.html").read_text(encoding="utf-8")
        assert "Observable Plot" in page or "@observablehq/plot" in page


def test_a_contract_of_ones_own_says_that_it_needs_a_clone(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "half.py").write_text("def half(turn):\n    return 1, 2\n", encoding="utf-8")
    (tmp_path / "Half.sol").write_text("contract Half {}\n", encoding="utf-8")
    first = installed / "parley" / "_packaged" / "problems" / "paper-example-1.toml"
    call = ("audit", first, "--recognition", "half.py:half", "--contract", "Half.sol")
    done = run(installed, tmp_path, call)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "in a clone of Parley" in done.stderr


def test_the_source_distribution_builds_the_same_wheel_without_node(built: Path, tmp_path: Path) -> None:
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        # Python 3.11 has filters from its fourth release on.
        setattr(archive, "extraction_filter", getattr(tarfile, "data_filter", None))  # noqa: B010
        archive.extractall(tmp_path)  # noqa: S202 - built by this test
    (tree,) = tmp_path.iterdir()
    assert {"LICENSE", "README.md", "contracts", "problems", "docs", "tests"} <= {
        path.name for path in tree.iterdir()
    }
    assert not (tree / "node_modules").exists()
    environment = os.environ | {"PATH": str(tree)}
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "again")]
    subprocess.run(command, cwd=tree, env=environment, check=True, capture_output=True, timeout=300)
    (wheel,), (again,) = built.glob("*.whl"), (tmp_path / "again").glob("*.whl")
    assert _contents(wheel) == _contents(again)


def _contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
