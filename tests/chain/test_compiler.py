"""Compiling: what comes out, what is remembered, and what is said when it cannot be done."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import shutil
import subprocess
import time
from threading import Timer
from typing import TYPE_CHECKING, Any

import pytest
import requests

from parley.chain import solc
from parley.chain.backends import open_evm
from parley.chain.compiler import (
    Artifact,
    CompilerError,
    CompilerWarning,
    compile_contracts,
    compile_folder,
    compile_sources,
    project_root,
    read_settings,
)
from parley.chain.solc import NoCompilerError, SolidityError
from parley.core import resources

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEADER = "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.30;\n"
SEVEN = HEADER + "contract Number { function get() external pure returns (uint256) { return 7; } }"
ADDED = HEADER + 'import {Number} from "../Number.sol";\ncontract Twice is Number {}'


def grown(tree: Path) -> Path:
    """Return a tree with the project's settings and packages, and one contract that uses another."""
    shutil.copy(project_root() / "brownie-config.yaml", tree)
    (tree / "node_modules").symlink_to(project_root() / "node_modules")
    (tree / "contracts" / "deep").mkdir(parents=True)
    (tree / "contracts" / "Number.sol").write_text(SEVEN)
    (tree / "contracts" / "deep" / "Twice.sol").write_text(ADDED)
    return tree


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Return a tree where nothing was compiled yet."""
    return grown(tmp_path)


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what a tree remembers once its contracts were compiled."""
    tree = grown(tmp_path_factory.mktemp("compiled"))
    compile_contracts(tree)
    return tree / "build" / "cache"


@pytest.fixture
def tree(bare: Path, memory: Path) -> Path:
    """Return a tree whose contracts were compiled, so that the compiler runs for other sources only."""
    shutil.copytree(memory, bare / "build" / "cache")
    return bare


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Take every native compiler away, and the network; return py-solc-x's empty folder."""
    folder = tmp_path_factory.mktemp("solcx")
    nodes = tmp_path_factory.mktemp("bin")
    (nodes / "node").symlink_to(next(solc._nodes()))
    monkeypatch.setenv("SOLCX_BINARY_PATH", str(folder))
    monkeypatch.setenv("PATH", f"{nodes}:/bin")
    monkeypatch.delenv("PARLEY_SOLC", raising=False)
    monkeypatch.setattr(requests, "head", refuse)
    return folder


def refuse(*_args: object, **_keywords: object) -> None:
    raise requests.ConnectionError("no network")


def answer(artifact: Artifact) -> int:
    evm = open_evm("revm")
    address = evm.deploy(artifact.bytecode)
    return int.from_bytes(evm.call(evm.accounts[0], address, artifact.selectors["get"]).output)


def never(*_args: object) -> dict[str, Any]:
    raise AssertionError("the compiler ran")


# ── what comes out ───────────────────────────────────────────────────────────────────────────────────────


def test_every_contract_of_the_tree_compiles_without_warning_and_fits() -> None:
    artifacts = compile_contracts()
    assert artifacts
    version = read_settings().version
    for artifact in artifacts.values():
        assert len(artifact.deployed_bytecode) <= 24_576
        assert artifact.compiler.startswith(f"{version}+commit.")
        assert artifact.source.startswith("contracts/")


def test_an_artifact_holds_code_that_runs_and_what_describes_it(tree: Path) -> None:
    source = HEADER + (
        "contract Kept { uint256 immutable a; uint256 b; constructor(uint256 x) { a = x; }"
        " function get() external view returns (uint256) { return a + b; } }"
    )
    kept = compile_sources({"Kept.sol": source}, root=tree)["Kept"]
    assert (kept.name, kept.source) == ("Kept", "Kept.sol")
    assert kept.selectors == {"get": bytes.fromhex("6d4ce63c")}
    assert [slot["label"] for slot in kept.storage_layout["storage"]] == ["b"]
    assert kept.immutable_references
    assert kept.deployed_bytecode in kept.bytecode
    evm = open_evm("revm")
    address = evm.deploy(kept.bytecode + (41).to_bytes(32))
    assert int.from_bytes(evm.call(evm.accounts[0], address, kept.selectors["get"]).output) == 41


def test_artifacts_survive_json() -> None:
    for artifact in compile_contracts().values():
        assert Artifact.from_json(json.loads(json.dumps(artifact.to_json()))) == artifact


def test_interfaces_have_no_code(tree: Path) -> None:
    source = HEADER + "interface Empty { function get() external; }"
    empty = compile_sources({"Empty.sol": source}, root=tree)["Empty"]
    assert (empty.bytecode, empty.deployed_bytecode) == (b"", b"")
    assert list(empty.selectors) == ["get"]


@pytest.mark.deep
def test_packages_are_imported_through_remappings_and_left_out(tree: Path) -> None:
    source = (
        HEADER
        + 'import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";\n'
        + ("contract Rooted { function get() external pure returns (uint256) { return Math.sqrt(50); } }")
    )
    artifacts = compile_sources({"Rooted.sol": source}, root=tree)
    assert list(artifacts) == ["Rooted"]
    assert answer(artifacts["Rooted"]) == 7


# ── overrides: a test plants faults in copies ────────────────────────────────────────────────────────────


def test_a_folder_outside_the_tree_imports_parleys_contracts_and_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "Number.sol").write_text(SEVEN)
    (folder / "Drawn.sol").write_text(
        HEADER + 'import {Draws} from "parley/randomness/Draws.sol";\nimport {Number} from "./Number.sol";\n'
        "contract Drawn is Number { function one(bytes32 s) external pure returns (uint256) {"
        " return Draws.uniform(s, 0, 6); } }"
    )
    artifacts = compile_folder(folder)
    assert {name: artifact.source for name, artifact in artifacts.items()} == {
        "Drawn": "own/Drawn.sol",
        "Number": "own/Number.sol",
    }
    assert answer(artifacts["Drawn"]) == 7


def test_a_folder_without_contracts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CompilerError, match=r"no \.sol file"):
        compile_folder(tmp_path)


def test_overrides_replace_sources_wherever_they_are_imported(tree: Path) -> None:
    override = {"contracts/Number.sol": SEVEN.replace("7", "8")}
    assert {name: answer(artifact) for name, artifact in compile_contracts(tree).items()} == {
        "Number": 7,
        "Twice": 7,
    }
    changed = compile_contracts(tree, overrides=override)
    assert {name: answer(artifact) for name, artifact in changed.items()} == {"Number": 8, "Twice": 8}
    only = compile_contracts(tree, overrides=override, only=["contracts/deep/Twice.sol"])
    assert {name: answer(artifact) for name, artifact in only.items()} == {"Twice": 8}
    assert (tree / "contracts" / "Number.sol").read_text() == SEVEN


@pytest.mark.deep
def test_overrides_may_add_sources(tree: Path) -> None:
    added = compile_contracts(tree, overrides={"contracts/More.sol": SEVEN.replace("Number", "More")})
    assert list(added) == ["More", "Number", "Twice"]


# ── what is remembered ───────────────────────────────────────────────────────────────────────────────────


def test_what_was_compiled_once_is_not_compiled_again(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = compile_contracts(tree)
    monkeypatch.setattr(solc, "run", never)
    assert compile_contracts(tree) == first
    with pytest.raises(AssertionError, match="the compiler ran"):
        compile_contracts(tree, overrides={"contracts/Number.sol": SEVEN + " "})


def test_what_takes_long_is_logged(tree: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "parley")
    compile_contracts(tree)
    assert caplog.messages == []
    (kept,) = (tree / "build" / "cache").glob("*.json")
    kept.unlink()
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        Timer(0.1, fcntl.flock, (lock.fileno(), fcntl.LOCK_UN)).start()
        compile_contracts(tree)
    assert caplog.messages == [
        "waiting for another process that compiles contracts…",
        "compiling contracts (once; up to a minute)…",
    ]


def comment(tree: Path) -> None:
    (tree / "contracts" / "Number.sol").write_text(SEVEN + " // changed")


def optimize(tree: Path) -> None:
    config = tree / "brownie-config.yaml"
    config.write_text(config.read_text().replace("runs: ", "runs: 1"))


@pytest.mark.parametrize("change", [comment, optimize])
def test_changed_sources_and_settings_are_compiled_anew(
    tree: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    only = ["contracts/deep/Twice.sol"]
    compile_contracts(tree, only=only)
    change(tree)
    monkeypatch.setattr(solc, "run", never)
    with pytest.raises(AssertionError, match="the compiler ran"):
        compile_contracts(tree, only=only)


@pytest.mark.parametrize(
    "content",
    [
        "{",
        pytest.param('{"artifacts": [{}], "warnings": []}', marks=pytest.mark.deep),
        pytest.param("null", marks=pytest.mark.deep),
    ],
)
def test_a_broken_memory_is_replaced(tree: Path, content: str) -> None:
    first = compile_contracts(tree)
    (kept,) = (tree / "build" / "cache").glob("*.json")
    kept.write_text(content)
    assert compile_contracts(tree) == first
    assert len(kept.read_text()) > 100


def test_the_cache_stands_where_it_is_told(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_CACHE", str(tmp_path / "elsewhere"))
    compile_contracts(bare)
    assert list((tmp_path / "elsewhere").glob("*.json"))
    assert not (bare / "build").exists()


@pytest.mark.deep
def test_the_compilers_warnings_are_given_on_every_use(tree: Path) -> None:
    source = {"Odd.sol": HEADER + "contract Odd { function get() external returns (uint256) { return 7; } }"}
    for _ in range(2):
        with pytest.warns(CompilerWarning, match=r"^Odd.sol:3:16: Warning: .*pure"):
            compile_sources(source, root=tree)


# ── what is said when it cannot be done ──────────────────────────────────────────────────────────────────


def test_errors_in_sources_are_one_line_with_their_place(tree: Path) -> None:
    broken = HEADER + "contract Broken { function get() external pure returns (uint256) { return x + y; } }"
    with pytest.raises(SolidityError) as caught:
        compile_sources({"Broken.sol": broken}, root=tree)
    assert str(caught.value).startswith("Broken.sol:3:75: DeclarationError: Undeclared identifier.")
    assert "Broken.sol:3:79" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_import_names_who_wants_it(tree: Path) -> None:
    with pytest.raises(
        CompilerError, match=r"contracts/None.sol, imported by contracts/A.sol, cannot be read"
    ):
        compile_sources({"contracts/A.sol": HEADER + 'import "./None.sol";'}, root=tree)
    with pytest.raises(CompilerError, match="make setup"):
        compile_sources({"A.sol": HEADER + 'import "@openzeppelin/contracts/None.sol";'}, root=tree)


@pytest.mark.deep
def test_two_contracts_of_one_name_are_refused(tree: Path) -> None:
    with pytest.raises(CompilerError, match=r"Number is defined in both A.sol and B.sol"):
        compile_sources({"A.sol": SEVEN, "B.sol": SEVEN}, root=tree)


@pytest.mark.deep
def test_libraries_to_be_linked_are_refused(tree: Path) -> None:
    source = HEADER + (
        "library Far { function get() public pure returns (uint256) { return 7; } }\n"
        "contract Near { function get() external pure returns (uint256) { return Far.get(); } }"
    )
    with pytest.raises(CompilerError, match="Near needs a linked library"):
        compile_sources({"Near.sol": source}, root=tree)


@pytest.mark.parametrize(
    "content", [None, "", "compiler: 3", "compiler: {solc: {version: 0.8.30}}", "a: [", "[]"]
)
def test_incomplete_settings_are_named(tree: Path, content: str | None) -> None:
    path = tree / "brownie-config.yaml"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(CompilerError, match=r"brownie-config.yaml: "):
        compile_contracts(tree)


def test_a_package_outside_its_tree_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "sim" / "parley" / "core" / "resources.py"))
    with pytest.raises(CompilerError, match=r"in a clone of Parley"):
        project_root()


# ── where the compiler comes from ────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("alone")
def test_the_npm_compiler_steps_in_where_there_is_no_native_one(bare: Path) -> None:
    assert answer(compile_contracts(bare)["Number"]) == 7


@pytest.mark.usefixtures("alone")
def test_without_any_compiler_every_way_tried_is_named(bare: Path) -> None:
    (bare / "node_modules").unlink()
    with pytest.raises(NoCompilerError) as caught:
        compile_contracts(bare)
    for reason in (
        "none installed by py-solc-x",
        "none on the PATH",
        "it cannot be downloaded",
        "make setup",
    ):
        assert reason in str(caught.value)


def test_without_node_the_npm_compiler_is_of_no_use(
    bare: Path, alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(alone))
    monkeypatch.setattr(solc, "_nodes", lambda: iter(()))
    with pytest.raises(NoCompilerError, match="needs node"):
        compile_contracts(bare)


@pytest.mark.usefixtures("alone")
def test_another_version_of_the_npm_compiler_is_not_taken(bare: Path) -> None:
    config = bare / "brownie-config.yaml"
    config.write_text(config.read_text().replace("version: 0.8.30", "version: 0.8.29"))
    with pytest.raises(
        NoCompilerError, match=r"no Solidity compiler 0.8.29: .*the npm package solc is 0.8.30"
    ):
        compile_contracts(bare)


@pytest.mark.usefixtures("alone")
@pytest.mark.deep
def test_a_failed_download_is_not_tried_again_for_a_day(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    knocks = []

    def knock(address: str, timeout: float) -> None:
        knocks.append((address, timeout))
        raise requests.ConnectionError

    monkeypatch.setattr(requests, "head", knock)
    cache = bare / "build" / "cache"
    compile_contracts(bare)
    compile_contracts(bare, only=["contracts/Number.sol"])
    assert len(knocks) == 1
    assert knocks[0][1] <= 5
    yesterday = time.time() - 90_000
    os.utime(cache / "no-native-compiler", (yesterday, yesterday))
    compile_contracts(bare, only=["contracts/deep/Twice.sol"])
    assert len(knocks) == 2


def shim(tree: Path) -> Path:
    cache = tree / "build" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    return solc.executable("0.8.30", tree, cache)


def test_an_installed_compiler_comes_first(bare: Path, alone: Path) -> None:
    (alone / "solc-v0.8.30").symlink_to(shim(bare))
    assert solc.executable("0.8.30", bare, bare) == alone / "solc-v0.8.30"


def test_one_on_the_path_comes_next_if_it_is_the_right_one(
    bare: Path, alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not list(alone.iterdir())
    npm = shim(bare)
    (tmp_path / "bin").mkdir()
    found = tmp_path / "bin" / "solc"
    found.symlink_to(npm)
    monkeypatch.setenv("PATH", f"{found.parent}:{os.environ['PATH']}")
    assert solc.executable("0.8.30", bare, bare) == found
    found.unlink()
    found.write_text("#!/bin/sh\necho Version: 0.8.31+commit.fd3a2265\n")
    found.chmod(0o755)
    assert solc.executable("0.8.30", bare, npm.parent) == npm


def test_the_compiler_the_user_names_is_taken_or_refused(
    bare: Path, alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = alone / "mine"
    named.symlink_to(shim(bare))
    monkeypatch.setenv("PARLEY_SOLC", str(named))
    assert solc.executable("0.8.30", bare, bare) == named
    with pytest.raises(NoCompilerError, match=r"mine is 0.8.30"):
        solc.executable("0.8.31", bare, bare)
    monkeypatch.setenv("PARLEY_SOLC", str(alone / "none"))
    with pytest.raises(NoCompilerError, match="none does not run"):
        solc.executable("0.8.30", bare, bare)


@pytest.mark.usefixtures("alone")
def test_the_stand_in_reads_files_and_refuses_what_it_does_not_do(bare: Path) -> None:
    binary = shim(bare)
    source = HEADER + 'import "contracts/deep/Twice.sol";'
    request = {
        "language": "Solidity",
        "sources": {"A.sol": {"content": source}},
        "settings": {"outputSelection": {"*": {"*": ["abi"]}}},
    }
    command = [str(binary), "--standard-json", "--base-path", str(bare), "--allow-paths", "/"]
    done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout)["contracts"]) == {"contracts/Number.sol", "contracts/deep/Twice.sol"}
    refused = subprocess.run([binary, "--bin", "A.sol"], capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "--bin" in refused.stderr
