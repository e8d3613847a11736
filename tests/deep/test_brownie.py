"""Brownie, in an environment of its own, compiles and deploys this tree as it stands.

The environment is made once, beside this one; it takes some minutes. Brownie pins a web3 of its own, so that
it cannot share ours.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from parley.chain import solc
from parley.chain.compiler import cache_directory, compile_contracts, project_root, read_settings
from parley.kit.registry import contracts
from tests.nodes import anvil

pytestmark = pytest.mark.deep

VERSION = "1.22.2"
EXAMPLES = [
    project_root() / "problems" / f"{name}.toml"
    for name in ("paper-example-1", "assignment-bogomolnaia-moulin")
]
CONTRACTS = contracts()


@pytest.fixture(scope="session")
def brownie() -> Path:
    """Return Brownie's executable, installed first if need be."""
    home = Path(sys.prefix) / "brownie"
    executable = home / "bin" / "brownie"
    stamp = home / f"eth-brownie-{VERSION}"
    if not stamp.exists():
        shutil.rmtree(home, ignore_errors=True)
        # From the base interpreter: an environment made from within another inherits what is odd about that
        # one.
        base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
        subprocess.run([str(base), "-m", "venv", str(home)], check=True, timeout=120)
        # Built from source and not compiled to C: the published wheel refuses some keys of the configuration.
        install = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        install += ["--no-binary", "eth-brownie", f"eth-brownie=={VERSION}"]
        subprocess.run(install, env=os.environ | {"BROWNIE_NOCOMPILE": "1"}, check=True, timeout=1200)
        stamp.touch()
    return executable


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of what Brownie sees of the tree, so that what it writes goes nowhere else."""
    root, copy = project_root(), tmp_path_factory.mktemp("tree")
    for folder in ("contracts", "problems", "scripts"):
        shutil.copytree(root / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "brownie-config.yaml", copy)
    (copy / "node_modules").symlink_to(root / "node_modules")
    return copy


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return variables that give Brownie a home, our compiler and the development node."""
    root, home, compilers = project_root(), tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("solcx")
    version = read_settings().version
    (compilers / f"solc-v{version}").symlink_to(solc.executable(version, root, cache_directory(root)))
    path = f"{root / 'node_modules' / '.bin'}:{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}"
    return os.environ | {"HOME": str(home), "SOLCX_BINARY_PATH": str(compilers), "PATH": path}


def run(brownie: Path, tree: Path, environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [str(brownie), *arguments],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def compiled(brownie: Path, tree: Path, environment: dict[str, str]) -> Path:
    """Return the tree after `brownie compile`."""
    run(brownie, tree, environment, "compile")
    return tree


def test_brownie_compiles_every_contract_to_the_same_bytecode(compiled: Path) -> None:
    artifacts = compile_contracts()
    assert set(CONTRACTS) <= set(artifacts)
    for name, artifact in artifacts.items():
        built = json.loads((compiled / "build" / "contracts" / f"{name}.json").read_text())
        assert bytes.fromhex(built["bytecode"]) == artifact.bytecode, name
        assert built["compiler"]["version"] == artifact.compiler
        assert built["compiler"]["evm_version"] == read_settings().evm_version


def test_brownie_deploys_to_its_development_network(
    brownie: Path, compiled: Path, environment: dict[str, str]
) -> None:
    run(brownie, compiled, environment, "run", "deploy")
    (file,) = (compiled / "deployments").iterdir()
    written = json.loads(file.read_text())
    artifacts = compile_contracts()
    assert file.stem == str(written["chainId"])
    assert tuple(written["contracts"]) == CONTRACTS
    assert written["compiler"] == artifacts["TwoStageMechanism"].compiler
    assert len({entry["address"] for entry in written["contracts"].values()}) == len(CONTRACTS)
    for name, entry in written["contracts"].items():
        assert entry["abi"] == artifacts[name].abi
        assert entry["transactionHash"].startswith("0x")


def test_brownie_and_parley_deploy_alike_to_a_node(
    brownie: Path, compiled: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    # As brownie wants a node that it did not start itself.
    with anvil("--block-base-fee-per-gas", "0", "--chain-id", "777") as node:
        network = ["networks", "add", "development", "by-hand", "cmd=anvil", "host=http://127.0.0.1"]
        port = node.url.rpartition(":")[2]
        run(brownie, compiled, environment, *network, f"port={port}", "chain_id=777")
        for said in ("written to", "nothing to do"):
            assert said in run(brownie, compiled, environment, "run", "deploy", "--network", "by-hand")
        theirs = compiled / "deployments" / "777.json"
        # What Brownie deployed, Parley checks, and plays on.
        again = parley("deploy", "--evm", node.url, "--out", theirs)
        assert again.returncode == 0, again.stderr
        assert "nothing to do" in again.stdout
        for example in EXAMPLES:
            played = parley("simulate", example, "--evm", node.url, "--deployment", theirs, "--games", 5)
            assert played.returncode == 0, played.stderr
        ours = tmp_path / "ours.json"
        assert parley("deploy", "--evm", node.url, "--out", ours).returncode == 0
        for name, entry in json.loads(ours.read_text())["contracts"].items():
            assert entry["bytecodeHash"] == json.loads(theirs.read_text())["contracts"][name]["bytecodeHash"]


def parley(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "parley.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=project_root(), capture_output=True, text=True, check=False)


def test_brownie_runs_the_simulation(brownie: Path, compiled: Path, environment: dict[str, str]) -> None:
    run(brownie, compiled, environment, "run", "simulate")
