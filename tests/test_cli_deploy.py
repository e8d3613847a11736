"""`parley deploy`, `parley simulate --evm URL` and `parley verify` from the outside."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parley.kit.registry import contracts
from tests.command import parley
from tests.nodes import LocalNode, anvil, running

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "problems" / "paper-example-1.toml"
MARKET = ROOT / "problems" / "screening-worked-example.toml"
DISPATCH = ROOT / "problems" / "guarantees-worked-example.toml"
PROJECT = ROOT / "problems" / "team-worked-example.toml"
LOTTERY = ROOT / "problems" / "assignment-seminars.toml"
CONTRACTS = contracts()


def complaint(done: subprocess.CompletedProcess[str], status: int) -> str:
    """What a command that fails says: one line on standard error, nothing elsewhere."""
    assert done.returncode == status, done.stdout + done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.fixture(scope="module")
def node() -> Iterator[LocalNode]:
    with anvil() as process:
        yield process


@pytest.fixture
def deployment(node: LocalNode, tmp_path: Path) -> Path:
    file = tmp_path / "deployment.json"
    assert parley("deploy", "--evm", node.url, "--out", file).returncode == 0
    return file


def change(file: Path, name: str, **fields: object) -> None:
    content = json.loads(file.read_text())
    content["contracts"][name] |= fields
    file.write_text(json.dumps(content))


@pytest.mark.parametrize("kind", ["anvil", pytest.param("hardhat", marks=pytest.mark.deep)])
def test_deploy_then_check_then_play(kind: str, tmp_path: Path) -> None:
    with running(kind) as local:
        first = parley("deploy", "--evm", local.url, "--json", cwd=tmp_path)
        assert first.returncode == 0, first.stderr
        said = json.loads(first.stdout)
        file = tmp_path / "deployments" / "31337.json"
        content = json.loads(file.read_text())
        assert said == {"file": "deployments/31337.json", "deployed": True, **content}
        assert set(content) == {"chainId", "compiler", "contracts"}
        assert (content["chainId"], tuple(content["contracts"])) == (31337, CONTRACTS)
        assert all(
            set(entry) == {"address", "transactionHash", "blockNumber", "abi", "bytecodeHash", "args"}
            for entry in content["contracts"].values()
        )
        second = parley("deploy", "--evm", local.url, cwd=tmp_path)
        assert second.returncode == 0
        assert "nothing to do" in second.stdout
        assert json.loads(file.read_text()) == content

        options = ["--evm", local.url, "--deployment", file, "--games", 10, "--seed", 4, "--json"]
        for problem in (EXAMPLE, LOTTERY):
            done = parley("simulate", problem, *options)
            assert done.returncode == 0, done.stderr
            report: dict[str, Any] = json.loads(done.stdout)
            assert (report["evm"], report["settled"], report["gas"]["evm"]) == (local.url, 10, local.url)
            assert (report["cross_check"]["evm"], report["cross_check"]["identical"]) == ("revm", True)
            again = complaint(parley("simulate", problem, *options), 2)
            assert "game 0 of seed 4: already played on this contract" in again


@pytest.mark.deep
def test_what_happened_to_all_mechanisms_is_verified_together(
    node: LocalNode, deployment: Path, tmp_path: Path
) -> None:
    place = ["--evm", node.url, "--deployment", deployment]
    for problem, bots in (
        (EXAMPLE, "equilibrium"),
        (LOTTERY, "truthful"),
        (LOTTERY, "absent:revealing"),
        (MARKET, "truthful"),
        (DISPATCH, "lazy"),
        (PROJECT, "rational"),
    ):
        options = [*place, "--games", 12, "--seed", len(bots), "--bots", bots]
        assert parley("simulate", problem, *options).returncode == 0
    done = parley("verify", *place, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == {
        *("chain_id", "games", "draws", "violations", "recognition_p_value", "payees", "holds", "seconds"),
        *("contracts", "findings"),
    }
    assert found["payees"] == "traces"
    assert (found["chain_id"], found["games"], found["violations"], found["holds"]) == (31337, 84, [], True)
    assert [(one["kind"], one["games"]) for one in found["contracts"]] == [
        ("coordination", 12),
        ("assignment", 24),
        ("screening", 12),
        ("guarantees", 12),
        *[("team", 12)] * 2,
    ]
    assert found["draws"] == sum(one["draws"] for one in found["contracts"])
    p_values = [one["recognition_p_value"] for one in found["contracts"]]
    drawn = [p_value for p_value in p_values if p_value is not None]
    # Of projects only their draws are drawn, and of dispatches nothing here.
    assert [p_value is not None for p_value in p_values] == [True, True, False, False, False, True]
    assert found["recognition_p_value"] == min(1, 3 * min(drawn))
    assert found["contracts"][2]["draws"] == 0
    tables = parley("verify", *place)
    assert tables.returncode == 0
    assert tables.stdout.count("no violation") == 6

    # A file may name one mechanism alone, as those do that were written before there was another.
    content = json.loads(deployment.read_text())
    alone = tmp_path / "alone.json"
    for name, kind in (("TwoStageMechanism", "coordination"), ("AssignmentLottery", "assignment")):
        contracts = {name: content["contracts"][name]}
        alone.write_text(json.dumps(content | {"contracts": contracts}))
        only = json.loads(parley("verify", "--evm", node.url, "--deployment", alone, "--json").stdout)
        assert [one["kind"] for one in only["contracts"]] == [kind]
        assert only["holds"] is True
    alone.write_text(json.dumps(content | {"contracts": {}}))
    said = complaint(parley("verify", "--evm", node.url, "--deployment", alone), 2)
    assert (
        "contains none of TwoStageMechanism, AssignmentLottery, RayMarket, GuaranteedDispatch, TeamC" in said
    )


def test_the_script_and_the_command_are_one(node: LocalNode, deployment: Path) -> None:
    command = [
        sys.executable,
        str(ROOT / "scripts" / "deploy.py"),
        "--evm",
        node.url,
        "--out",
        str(deployment),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "nothing to do" in done.stdout
    spec: dict[str, Any] = {}
    exec((ROOT / "scripts" / "deploy.py").read_text(), spec)  # noqa: S102 - no package holds it
    assert spec["CONTRACTS"] == CONTRACTS


def test_a_contract_that_is_not_what_the_file_says_is_named(node: LocalNode, deployment: Path) -> None:
    untouched = deployment.read_text()
    other = json.loads(untouched)["contracts"]["EqualRecognition"]
    cases: list[tuple[dict[str, object], str]] = [
        ({"bytecodeHash": "0x" + "00" * 32}, "differs from what was deployed there"),
        ({"address": "0x" + "12" * 20}, "no code at"),
        (
            {"address": other["address"], "bytecodeHash": other["bytecodeHash"]},
            "was not compiled from these sources",
        ),
    ]
    for fields, reason in cases:
        deployment.write_text(untouched)
        change(deployment, "PStarRecognition", **fields)
        said = complaint(parley("deploy", "--out", deployment, "--evm", node.url), 1)
        assert said.startswith(f"{deployment}: contracts.PStarRecognition: ")
        assert reason in said
    # What cannot be played on is bad input.
    assert reason in complaint(parley("simulate", EXAMPLE, "--deployment", deployment, "--evm", node.url), 2)


def test_another_chains_file_is_not_touched(deployment: Path) -> None:
    before = deployment.read_text()
    with anvil("--chain-id", "5") as other:
        said = complaint(parley("deploy", "--evm", other.url, "--out", deployment), 2)
        assert said == f"{deployment}: chainId: the file is for chain 31337, but {other.url} is chain 5\n"
        complaint(parley("simulate", EXAMPLE, "--evm", other.url, "--deployment", deployment), 2)
    assert deployment.read_text() == before


def test_a_chain_that_was_started_anew_is_noticed(deployment: Path) -> None:
    with anvil() as anew:
        said = complaint(parley("deploy", "--evm", anew.url, "--out", deployment), 1)
    assert "TwoStageMechanism: no code at" in said
    assert "remove the file and deploy again" in said


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "invalid JSON"),
        ("[]", "must be a JSON object, not []"),
        ("{}", "chainId: must be a positive integer, not None"),
        ('{"chainId": true}', "chainId: must be a positive integer"),
        ('{"chainId": 31337, "contracts": []}', "contracts: must be an object"),
        ('{"chainId": 31337, "contracts": {}}', "contracts.TwoStageMechanism: is missing"),
        (
            '{"chainId": 31337, "contracts": {"TwoStageMechanism": {"address": "0x12"}}}',
            "contracts.TwoStageMechanism.address: must be an address, not '0x12'",
        ),
    ],
)
def test_a_file_that_is_none_gets_one_line(node: LocalNode, tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "deployment.json"
    file.write_text(text)
    said = complaint(parley("deploy", "--evm", node.url, "--out", file), 2)
    assert said.startswith(f"{file}: ")
    assert reason in said
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["deploy", "--evm", "http://127.0.0.1:1"], "http://127.0.0.1:1: cannot connect"),
        (["deploy", "--evm", "revm"], "--evm: 'revm' is not the URL of a node"),
        (["deploy", "--evm", "ws://127.0.0.1:1"], "not the URL of a node"),
        (["simulate", EXAMPLE, "--evm", "http://127.0.0.1:1"], "cannot connect: connection refused"),
        (["simulate", EXAMPLE, "--deployment", "x.json"], "--deployment requires a node"),
        (["simulate", EXAMPLE, "--evm", "http://127.0.0.1:1", "--workers", "2"], "--workers"),
    ],
)
def test_bad_input_gets_one_line_and_status_2(arguments: list[object], reason: str, tmp_path: Path) -> None:
    assert reason in complaint(parley(*arguments, cwd=tmp_path), 2)
    assert not list(tmp_path.iterdir())


def test_a_place_where_nothing_can_be_written_costs_nothing(node: LocalNode) -> None:
    from parley.chain.node import NodeEvm  # noqa: PLC0415 - web3 is slow to load

    rpc = NodeEvm(node.url).manager.rpc
    before = rpc.ask("eth_blockNumber")
    assert "/dev/null/x" in complaint(parley("deploy", "--evm", node.url, "--out", "/dev/null/x/y.json"), 2)
    assert rpc.ask("eth_blockNumber") == before
