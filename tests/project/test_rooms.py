"""Imports run one way: see "Which file may import what" in CONTRIBUTING.md."""

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from parley.chain.compiler import project_root
from parley.kit.registry import kinds

SOURCE = project_root() / "sim"

KINDS = kinds()

MECHANISMS = sorted(path.parent.name for path in SOURCE.glob("parley/mechanisms/*/__init__.py"))
"""The rooms of all mechanisms, declared or still being built."""

BACKENDS = {"eth", "eth_tester", "pyrevm", "web3"}

DRIVERS = {
    "demonstration",
    "mechanism",
    "play",
    "stated",
    "verify",
    "statistics",
}
"""The files of a mechanism that may know the chain, or follow what it gives."""

AROUND = {"experiment", "live", "present", "twins"}
"""The rooms inside a mechanism's room that are no theory."""

VERBS = {
    "audit",
    "bots",
    "contracts",
    "mechanism",
    "model",
    "parameters",
    "play",
    "problem",
    "schema",
    "solution",
    "verify",
    "statistics",
}
"""What every mechanism has, under these names."""

PAGES = {
    "audit",
    "page_parts",
    "page_simulation",
    "solution",
    "words",
}
"""What its tables, pictures and pages are called in its room `present`."""

LAYERS = {
    "parley.core": ("parley.core",),
    "parley.chain": ("parley.chain", "parley.core"),
    "parley.kit": ("parley.kit", "parley.chain", "parley.core"),
    **{
        f"parley.mechanisms.{kind}": (
            "parley.mechanisms." + kind,
            "parley.kit",
            "parley.chain",
            "parley.core",
        )
        for kind in MECHANISMS
    },
    "parley.cli": ("parley.cli", "parley.kit", "parley.chain", "parley.core"),
}
"""Each room, and those that it may import from."""


@cache
def modules() -> dict[str, Path]:
    """All modules of the package, by their dotted names."""
    return {
        path.relative_to(SOURCE).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__"): path
        for path in sorted(SOURCE.rglob("*.py"))
    }


@cache
def imported(path: Path) -> frozenset[str]:
    """Modules that a file imports, anywhere in it, whether to run or for types only."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                names.add(name if name in modules() else node.module)
    return frozenset(names)


def inside(name: str, *rooms: str) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def room_of(name: str) -> str:
    return next(room for room in LAYERS if inside(name, room))


ROOMS = [name for name in modules() if name not in ("parley", "parley.mechanisms")]
THEORY = [
    name
    for name in ROOMS
    if inside(name, "parley.mechanisms")
    and not {*name.split(".")[3:-1]} & AROUND
    and name.split(".")[-1] not in DRIVERS | AROUND
]


def test_every_mechanism_is_listed() -> None:
    assert {path.parent.name for path in SOURCE.glob("parley/mechanisms/*/mechanism.py")} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_mechanisms_work_one_way_and_so_do_their_pages(kind: str) -> None:
    names = {name for name in modules() if inside(name, f"parley.mechanisms.{kind}")}
    assert names >= {f"parley.mechanisms.{kind}.{name}" for name in VERBS}
    assert names >= {f"parley.mechanisms.{kind}.present.{name}" for name in PAGES}


@pytest.mark.parametrize("name", ROOMS)
def test_arrows_run_one_way(name: str) -> None:
    wrong = [
        other
        for other in sorted(imported(modules()[name]))
        if inside(other, "parley") and other != "parley" and not inside(other, *LAYERS[room_of(name)])
    ]
    assert wrong == []


@pytest.mark.parametrize("name", THEORY)
def test_theory_and_bots_know_no_chain_and_no_page(name: str) -> None:
    room = ".".join(name.split(".")[:3])
    rooms = ("parley.chain", *(f"parley.kit.{part}" for part in ("play", "present", "verify")))
    around = tuple(f"{room}.{part}" for part in AROUND - {"twins"})
    assert [other for other in imported(modules()[name]) if inside(other, *rooms, *around, *BACKENDS)] == []


@pytest.mark.parametrize("name", [name for name in ROOMS if not inside(name, "parley.chain")])
def test_only_the_chain_knows_the_backends(name: str) -> None:
    assert [other for other in imported(modules()[name]) if inside(other, *BACKENDS)] == []


def test_there_is_no_circle_of_files() -> None:
    graph = {name: imported(path) & modules().keys() - {name} for name, path in modules().items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' → '.join(reversed(error.args[1]))}")


@pytest.mark.parametrize("room", ["core", "chain", "kit", "cli"])
def test_what_mechanisms_share_has_no_mechanism_s_name(room: str) -> None:
    for path in sorted((SOURCE / "parley" / room).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        shown = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in shown:
                assert not [kind for kind in KINDS if kind in node.value.split()], f"{path}: {node.value}"
