"""Nothing in a deployment file is trusted, and no answer of a node is taken for the contract's."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from parley.chain.compiler import compile_contracts
from parley.chain.node import NodeEvm
from parley.cli import app
from parley.kit.verify import contract
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.contracts import CONTRACTS, RECOGNITION_CONTRACTS
from parley.mechanisms.coordination.play import Deployment, Player
from parley.mechanisms.coordination.problem import example_1
from tests.kit.rig import on_node
from tests.nodes import running
from tests.proxy import public_node

GAMES = 2


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, Any]]]:
    """A node with two games, and the right deployment file's content."""
    file = tmp_path_factory.mktemp("deployed") / "deployment.json"
    with running("anvil") as node:
        machine, addresses = on_node.put_on(node.url, file, compile_contracts(), CONTRACTS)
        recognition = {name: addresses[contract] for name, contract in RECOGNITION_CONTRACTS.items()}
        contracts = Deployment(addresses["TwoStageMechanism"], recognition)
        player = Player(machine, contracts, example_1(), make_bots(["equilibrium"], 5), 1)
        for k in range(GAMES):
            player.play(k)
        yield node.url, json.loads(file.read_text(encoding="utf-8"))


class Told:
    """What the command says."""

    def __init__(self, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self._capsys = capsys
        self._file = folder / "deployment.json"

    def by(self, url: str, content: object, *options: str) -> tuple[int, str, str]:
        """Exit status, standard output and standard error."""
        self._file.write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(SystemExit) as ended:
            app(
                ["verify", "--evm", url, "--deployment", str(self._file), "--json", *options],
                prog_name="parley",
            )
        printed = self._capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, printed.out, printed.err

    def report(self, url: str, content: object, *options: str, status: int = 0) -> dict[str, Any]:
        found, out, err = self.by(url, content, *options)
        assert found == status, err
        report: dict[str, Any] = json.loads(out)
        return report


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Told:
    return Told(capsys, tmp_path)


def with_mechanism(content: Mapping[str, Any], **fields: object) -> dict[str, Any]:
    """The file with other fields of the mechanism's entry."""
    mechanism = {**content["contracts"]["TwoStageMechanism"], **fields}
    return {**content, "contracts": {**content["contracts"], "TwoStageMechanism": mechanism}}


def test_a_wrong_block_number_hides_nothing(played: tuple[str, dict[str, Any]], told: Told) -> None:
    url, content = played
    machine = NodeEvm(url)
    head = int(machine.manager.rpc.ask("eth_blockNumber"), 16)
    numbers: tuple[object, ...] = (head, head // 2, 10**30, -1, "0x5", None)
    for number in numbers:
        report = told.report(url, with_mechanism(content, blockNumber=number, abi="none", transactionHash=3))
        assert (report["games"], report["holds"], report["payees"]) == (GAMES, True, "traces")
        (found,) = report["contracts"]
        assert found["creators"] == [machine.deployer.lower()]


def test_a_node_without_old_states_is_read_from_its_beginning(
    played: tuple[str, dict[str, Any]], told: Told
) -> None:
    url, content = played
    head = int(NodeEvm(url).manager.rpc.ask("eth_blockNumber"), 16)
    with public_node(url, "no-old-code") as public:
        report = told.report(public.url, with_mechanism(content, blockNumber=head))
    assert (report["games"], report["holds"]) == (GAMES, True)


def test_without_a_compiler_the_files_interface_is_read(
    played: tuple[str, dict[str, Any]], told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, content = played
    compiled = told.report(url, content)
    monkeypatch.setattr(contract, "compiled", lambda _: {})
    stated = told.report(url, content)
    assert stated["contracts"][0]["own_code"] is None
    for report in (compiled, stated):
        report["seconds"] = report["contracts"][0]["seconds"] = report["contracts"][0]["own_code"] = None
    assert stated == compiled
    for abi in (None, "none", [{"type": "function"}]):
        status, _, err = told.by(url, with_mechanism(content, abi=abi))
        assert (status, err.count("\n")) == (2, 1)
        assert "TwoStageMechanism" in err


def test_a_wrong_entry_gets_one_line_and_status_2(played: tuple[str, dict[str, Any]], told: Told) -> None:
    url, content = played
    recognition = content["contracts"]["PStarRecognition"]["address"]
    entry = content["contracts"]["TwoStageMechanism"]
    for wrong, said in (
        (with_mechanism(content, address=recognition), "also the address"),
        (
            {**content, "contracts": {"TwoStageMechanism": {**entry, "address": recognition}}},
            "is not TwoStageMechanism",
        ),
        ({**content, "contracts": {"AssignmentLottery": entry}}, "is not AssignmentLottery"),
        (with_mechanism(content, bytecodeHash="none"), "bytecodeHash"),
        (with_mechanism(content, bytecodeHash=5), "bytecodeHash"),
        (with_mechanism(content, address=entry["address"][:-1]), "address"),
        ({**content, "chainId": True}, "chainId"),
        ({**content, "chainId": -1}, "chainId"),
        ({**content, "contracts": {**content["contracts"], "Other": 5}}, "contracts.Other"),
    ):
        status, out, err = told.by(url, wrong)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert said in err


def test_code_that_is_not_the_files_is_named(played: tuple[str, dict[str, Any]], told: Told) -> None:
    url, content = played
    report = told.report(url, with_mechanism(content, bytecodeHash="0x" + "11" * 32), status=1)
    assert [violation["rule"] for violation in report["violations"]] == ["deployed code"]


def test_without_traces_and_balances_there_is_no_verdict_unless_payees_are_trusted(
    played: tuple[str, dict[str, Any]], told: Told
) -> None:
    url, content = played
    with public_node(url, "no-debug") as public:
        assert told.report(public.url, content)["payees"] == "balances"
    with public_node(url, "no-debug", "no-old-balances") as public:
        status, out, err = told.by(public.url, content)
        assert status == 2
        assert (json.loads(out)["payees"], json.loads(out)["holds"]) == ("not seen", None)
        assert "--trust-payees" in err
        trusted = told.report(public.url, content, "--trust-payees")
        assert (trusted["payees"], trusted["holds"]) == ("trusted", True)


def test_the_draws_of_other_creators_are_shown_and_decide_nothing(
    played: tuple[str, dict[str, Any]], told: Told
) -> None:
    url, content = played
    deployer = NodeEvm(url).deployer.lower()
    report = told.report(url, content)
    assert report["recognition_p_value"] is not None
    (found,) = told.report(url, content, "--creator", "0x" + "12" * 20)["contracts"]
    assert (found["recognition_p_value"], found["creators"]) == (None, ["0x" + "12" * 20])
    (other,) = found["others"]
    assert other == {"creator": deployer, "games": GAMES, "p_value": report["recognition_p_value"]}
    status, _, err = told.by(url, content, "--creator", "me")
    assert (status, err.count("\n")) == (2, 1)
