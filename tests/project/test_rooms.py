"""Imports run one way: see "Which file may import what" in CONTRIBUTING.md."""

import ast
from pathlib import Path

import pytest

from sim.chain.compiler import project_root
from sim.mechanisms import KINDS

SIM = project_root() / "sim"

MACHINES = {"eth", "eth_tester", "pyrevm", "web3"}

DRIVERS = {
    "comparison",
    "demonstration",
    "events",
    "play",
    "promises",
    "records",
    "replay",
    "simulation",
    "stated",
    "verify",
}
"""The files of a mechanism that may know the chain, or follow what it gives."""

VERBS = {
    "audit",
    "bots",
    "comparison",
    "events",
    "model",
    "parameters",
    "play",
    "problem",
    "promises",
    "records",
    "replay",
    "schema",
    "simulation",
    "solution",
    "verify",
}
"""What every mechanism has, under these names."""

PAGES = {
    "audit",
    "figures",
    "page_audit",
    "page_parts",
    "page_simulation",
    "run",
    "simulation",
    "solution",
    "words",
}
"""What its tables, pictures and pages are called in the report."""

COMMON = ("driver", "verification")
"""Rooms that drive and audit contracts, whatever these do."""

ABOVE = ("sim.experiment", "sim.report", "sim.live", "sim.cli")

SHARED = (
    "bots",
    "errors",
    "exact",
    "files",
    "folders",
    "keys",
    "limits",
    "names",
    "randomness",
    "reference",
    "resources",
    "statistics",
    "userfile",
)
"""Files beside the rooms that know nobody but each other."""


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


def rooms_of(names: set[str]) -> set[str]:
    """Of this package's rooms and files, those that are imported from."""
    return {name.split(".")[1] for name in inside(names, "sim") - {"sim"}}


THEORY = [path for path in files(*KINDS) if path.stem not in DRIVERS and "twins" not in path.parts]


def test_every_mechanism_is_listed_and_every_shared_file_too() -> None:
    assert {path.parent.name for path in SIM.glob("*/problem.py")} == set(KINDS)
    assert {path.stem for path in SIM.glob("*.py")} == {*SHARED, "__init__", "mechanisms", "problemfile"}


@pytest.mark.parametrize("kind", KINDS)
def test_mechanisms_work_one_way_and_so_do_their_pages(kind: str) -> None:
    assert {path.stem for path in files(kind)} >= VERBS
    assert {path.stem for path in files(f"report/{kind}")} >= PAGES


@pytest.mark.parametrize("path", THEORY, ids=name_of)
def test_theory_and_bots_know_no_chain(path: Path) -> None:
    assert not inside(imported(path), "sim.chain", *(f"sim.{room}" for room in COMMON), *MACHINES)


@pytest.mark.parametrize("path", files("chain"), ids=name_of)
def test_the_chain_knows_no_mechanism(path: Path) -> None:
    assert rooms_of(imported(path)) <= {"chain", *SHARED}


@pytest.mark.parametrize("path", files(*COMMON), ids=name_of)
def test_what_drives_and_audits_knows_the_chain_and_no_mechanism(path: Path) -> None:
    names = imported(path)
    assert rooms_of(names) <= {path.relative_to(SIM).parts[0], "chain", *SHARED}
    assert not inside(names, *MACHINES)


@pytest.mark.parametrize("path", files(*KINDS), ids=name_of)
def test_a_mechanism_knows_neither_another_one_nor_who_uses_it(path: Path) -> None:
    others = {f"sim.{name}" for name in KINDS} - {f"sim.{path.relative_to(SIM).parts[0]}"}
    assert not inside(imported(path), *others, "sim.mechanisms", *ABOVE)


@pytest.mark.parametrize("path", files("experiment"), ids=name_of)
def test_experiments_know_neither_pages_nor_commands(path: Path) -> None:
    assert not inside(imported(path), "sim.report", "sim.live", "sim.cli")


@pytest.mark.parametrize("path", files("report", "live"), ids=name_of)
def test_pages_know_no_commands(path: Path) -> None:
    assert not inside(imported(path), "sim.cli")


@pytest.mark.parametrize("path", files(*(f"report/{kind}" for kind in KINDS)), ids=name_of)
def test_what_people_look_at_of_a_mechanism_knows_no_other_one(path: Path) -> None:
    kind = path.relative_to(SIM).parts[1]
    others = set(KINDS) - {kind}
    assert not inside(
        imported(path), *(f"{package}.{other}" for package in ("sim", "sim.report") for other in others)
    )


@pytest.mark.parametrize("name", SHARED)
def test_what_all_share_knows_nobody(name: str) -> None:
    assert rooms_of(imported(SIM / f"{name}.py")) <= set(SHARED)


@pytest.mark.parametrize("name", ["mechanisms", "problemfile"])
def test_what_finds_mechanisms_imports_none(name: str) -> None:
    assert rooms_of(imported(SIM / f"{name}.py")) <= {*SHARED, "mechanisms"}
