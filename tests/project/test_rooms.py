"""Imports run one way: see "Which file may import what" in CONTRIBUTING.md."""

import ast
from pathlib import Path

import pytest

from sim.chain.compiler import project_root

SIM = project_root() / "sim"

MECHANISMS = sorted(name for name in ("coordination", "assignment") if (SIM / name).is_dir())
MACHINES = {"eth", "eth_tester", "pyrevm", "web3"}

DRIVERS = {
    "addressbook",
    "comparison",
    "demonstration",
    "events",
    "on_node",
    "play",
    "records",
    "replay",
    "simulation",
    "verify",
}
"""The files of a mechanism that may know the chain, or follow what it gives."""


def files(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (SIM / room).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(SIM).with_suffix("").as_posix()


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


PURE = [path for path in files(*MECHANISMS) if path.stem not in DRIVERS and "twins" not in path.parts]
ABOVE = ("sim.experiment", "sim.report", "sim.live", "sim.cli")


@pytest.mark.parametrize("path", PURE, ids=name_of)
def test_theory_and_bots_know_no_chain(path: Path) -> None:
    assert not inside(imported(path), "sim.chain", *MACHINES)


@pytest.mark.parametrize("path", files("chain"), ids=name_of)
def test_the_chain_knows_no_mechanism(path: Path) -> None:
    assert not inside(imported(path), *(f"sim.{name}" for name in MECHANISMS), *ABOVE)


@pytest.mark.parametrize("path", files(*MECHANISMS), ids=name_of)
def test_a_mechanism_knows_neither_another_one_nor_who_uses_it(path: Path) -> None:
    others = {f"sim.{name}" for name in MECHANISMS} - {f"sim.{path.relative_to(SIM).parts[0]}"}
    assert not inside(imported(path), *others, *ABOVE)


@pytest.mark.parametrize("path", files("experiment"), ids=name_of)
def test_experiments_know_neither_pages_nor_commands(path: Path) -> None:
    assert not inside(imported(path), "sim.report", "sim.live", "sim.cli")


@pytest.mark.parametrize("path", files("report", "live"), ids=name_of)
def test_pages_know_no_commands(path: Path) -> None:
    assert not inside(imported(path), "sim.cli")


@pytest.mark.parametrize("name", ["errors", "exact", "keys", "randomness", "statistics", "userfile"])
def test_what_all_share_knows_nobody(name: str) -> None:
    shared = {f"sim.{name}" for name in MECHANISMS}
    assert not inside(imported(SIM / f"{name}.py"), "sim.chain", *shared, *ABOVE)
