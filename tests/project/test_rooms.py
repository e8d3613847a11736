"""Imports run one way: see "Which file may import what" in CONTRIBUTING.md."""

import ast
from pathlib import Path

import pytest

from sim.chain.compiler import project_root

SIM = project_root() / "sim"

DRIVERS = {"addressbook", "demonstration", "on_node", "play", "records", "replay", "simulation", "verify"}
"""The files of a mechanism that may know the chain; `comparison` and `events` follow what they give."""

PURE = {path for path in (SIM / "coordination").glob("*.py") if path.stem not in DRIVERS | {"comparison"}}
MACHINES = {"eth", "eth_tester", "pyrevm", "web3"}


def imported(path: Path) -> set[str]:
    """Modules that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def inside(names: set[str], *packages: str) -> set[str]:
    return {name for name in names if any(name == p or name.startswith(f"{p}.") for p in packages)}


@pytest.mark.parametrize("path", sorted(PURE), ids=lambda path: path.stem)
def test_theory_and_bots_know_no_chain(path: Path) -> None:
    assert not inside(imported(path), "sim.chain", "sim.report", "sim.cli", *MACHINES)


@pytest.mark.parametrize("path", sorted((SIM / "chain").glob("*.py")), ids=lambda path: path.stem)
def test_the_chain_knows_no_mechanism(path: Path) -> None:
    assert not inside(imported(path), "sim.coordination", "sim.report", "sim.cli")


@pytest.mark.parametrize("path", sorted(SIM.glob("coordination/*.py")), ids=lambda path: path.stem)
def test_a_mechanism_knows_no_report(path: Path) -> None:
    assert not inside(imported(path), "sim.report", "sim.cli")


@pytest.mark.parametrize("name", ["errors", "exact", "randomness", "statistics"])
def test_what_all_share_knows_nobody(name: str) -> None:
    assert not inside(imported(SIM / f"{name}.py"), "sim.chain", "sim.coordination", "sim.report", "sim.cli")
