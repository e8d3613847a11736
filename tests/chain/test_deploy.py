"""Deploying by name, and the deployment file."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from parley.chain.backends import open_evm
from parley.chain.compiler import project_root
from parley.chain.deploy import DeploymentError, deploy, deploy_to_node, deployment_json
from parley.chain.evm import CHAIN_ID
from parley.chain.node import NodeEvm
from parley.core.randomness import keccak
from parley.kit.registry import contracts
from tests.nodes import anvil

if TYPE_CHECKING:
    from pathlib import Path

    from parley.chain.compiler import Artifact
    from parley.chain.evm import Evm


def test_contracts_are_deployed_in_order_with_their_arguments(
    machines: tuple[Evm, Evm, Evm], artifacts: dict[str, Artifact]
) -> None:
    both = [deploy(evm, artifacts, ["Probe", "Child"], {"Probe": [12]}) for evm in machines]
    assert both[0] == both[1]
    for evm, deployed in zip(machines, both, strict=True):
        assert list(deployed) == ["Probe", "Child"]
        assert deployed["Probe"].args == (12,)
        code = evm.code(deployed["Probe"].address)
        assert deployed["Probe"].code_hash == "0x" + keccak(code).hex()
        assert code != artifacts["Probe"].deployed_bytecode
        assert evm.code(deployed["Child"].address) == artifacts["Child"].deployed_bytecode


def test_a_deployment_file_is_json_with_all_that_a_reader_needs(
    machines: tuple[Evm, Evm, Evm], artifacts: dict[str, Artifact]
) -> None:
    deployed = deploy(machines[0], artifacts, ["Child"])
    content = json.loads(json.dumps(deployment_json(CHAIN_ID, deployed)))
    assert content["chainId"] == CHAIN_ID
    assert content["compiler"] == artifacts["Child"].compiler
    assert content["contracts"]["Child"] == {
        "address": deployed["Child"].address,
        "transactionHash": None,
        "blockNumber": None,
        "abi": artifacts["Child"].abi,
        "bytecodeHash": deployed["Child"].code_hash,
        "args": [],
    }


def test_a_node_takes_all_contracts_at_once(artifacts: dict[str, Artifact]) -> None:
    with anvil() as node:
        evm = NodeEvm(node.url)
        deployed = deploy_to_node(evm, artifacts, ["Probe", "Child"], {"Probe": [12]})
        assert list(deployed) == ["Probe", "Child"]
        assert len({entry.block for entry in deployed.values()}) == 1
        for entry in deployed.values():
            receipt = evm.manager.rpc.ask("eth_getTransactionReceipt", entry.transaction)
            assert receipt["from"] == evm.deployer.lower()
            assert receipt["contractAddress"] == entry.address.lower()
            assert int(receipt["blockNumber"], 16) == entry.block
            assert entry.code_hash == "0x" + keccak(evm.code(entry.address)).hex()
        # As on an embedded machine: from the same deployer, in the same order.
        embedded = deploy(open_evm("revm"), artifacts, ["Probe", "Child"], {"Probe": [12]})
        assert [entry.address for entry in deployed.values()] == [
            entry.address for entry in embedded.values()
        ]


@pytest.mark.parametrize(
    ("name", "arguments", "complaint"),
    [
        ("None", [], "unknown contract 'None'"),
        ("Probe", [], r"Probe takes \(uint256\)"),
        ("Probe", ["x"], r"Probe takes \(uint256\)"),
        ("Child", [1], r"Child takes \(\)"),
        ("ITwoStageMechanism", [], "ITwoStageMechanism is an interface or abstract"),
    ],
)
def test_what_cannot_be_deployed_says_why(
    machines: tuple[Evm, Evm, Evm],
    artifacts: dict[str, Artifact],
    name: str,
    arguments: list[object],
    complaint: str,
) -> None:
    from parley.chain.compiler import compile_contracts  # noqa: PLC0415 -- the tree is wanted in one case only

    known = artifacts | (compile_contracts() if name.startswith("I") else {})
    with pytest.raises(DeploymentError, match=complaint):
        deploy(machines[0], known, [name], {name: arguments})


@pytest.mark.parametrize("evm", ["revm", "py-evm"])
def test_the_script_writes_the_same_book_on_both_machines(evm: str, tmp_path: Path) -> None:
    out = tmp_path / "sub" / "deployment.json"
    script = project_root() / "scripts" / "deploy.py"
    command = [sys.executable, str(script), "--evm", evm, "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    deployed = json.loads(out.read_text())
    assert deployed["chainId"] == CHAIN_ID
    assert tuple(deployed["contracts"]) == contracts()
    addresses = [entry["address"] for entry in deployed["contracts"].values()]
    assert [line.split()[0] for line in done.stdout.splitlines()[: len(addresses)]] == addresses


@pytest.mark.parametrize("evm", ["geth", "http://127.0.0.1:1"])
def test_the_script_says_in_a_line_what_it_cannot_use(evm: str, tmp_path: Path) -> None:
    script = project_root() / "scripts" / "deploy.py"
    command = [sys.executable, str(script), "--evm", evm, "--out", str(tmp_path / "deployment.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())
