"""`parley verify` from the outside, against contracts on a node."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parley.chain.compiler import compile_contracts
from parley.chain.node import NodeEvm
from parley.cli import app
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.contracts import CONTRACTS, RECOGNITION_CONTRACTS
from parley.mechanisms.coordination.play import Deployment, Player
from tests.coordination.on_chain import attackers
from tests.coordination.suite import IMPATIENT
from tests.kit.rig import on_node
from tests.kit.rig.on_node import report_of
from tests.nodes import running


@pytest.fixture
def url() -> Iterator[str]:
    """A new node."""
    with running("anvil") as node:
        yield node.url


def put_on(url: str, file: Path) -> tuple[NodeEvm, Deployment]:
    """The contracts on the node, and their deployment file."""
    machine, addresses = on_node.put_on(url, file, compile_contracts(), CONTRACTS)
    recognition = {name: addresses[contract] for name, contract in RECOGNITION_CONTRACTS.items()}
    return machine, Deployment(addresses["TwoStageMechanism"], recognition)


def told_of(kind: str, report: dict[str, Any]) -> dict[str, Any]:
    """What a report says of one mechanism's contract, but for the time that it took."""
    (found,) = (one for one in report["contracts"] if one["kind"] == kind)
    return {**found, "seconds": 0}


class ThroughWallet(NodeEvm):
    """A node where the first agent's seat is held by a contract that passes its calls on."""

    def hold(self, wallet: str) -> None:
        self.owner, self.wallet = self.accounts[0], wallet
        self.accounts = (wallet, *self.accounts[1:])
        self.execute = attackers()["Reentrant"].selectors["execute"]

    def transact(self, sender: str, to: str, data: bytes, value: int = 0) -> Any:  # noqa: ANN401 - as its base
        if sender != self.wallet:
            return super().transact(sender, to, data, value)
        padded = data + bytes(-len(data) % 32)
        head = bytes(12) + bytes.fromhex(to[2:]) + (64).to_bytes(32, "big") + len(data).to_bytes(32, "big")
        return super().transact(self.owner, self.wallet, self.execute + head + padded, value)


def test_a_seat_held_by_a_contract_is_followed_through_traces(url: str, tmp_path: Path) -> None:
    file = tmp_path / "deployment.json"
    _, contracts = put_on(url, file)
    machine = ThroughWallet(url)
    machine.hold(machine.deploy(attackers()["Reentrant"].bytecode))
    player = Player(machine, contracts, IMPATIENT, make_bots(["equilibrium"], 5), 1)
    for k in range(2):
        player.play(k)
    found = told_of("coordination", report_of(url, file, status=0))
    assert Counter(found["checked"])["join"] == 10
    assert found["endings"] == {"settled": 2}


def complaint_of(capsys: pytest.CaptureFixture[str], url: str, file: Path) -> str:
    """The one line with which the command refuses."""
    with pytest.raises(SystemExit) as ended:
        app(["verify", "--evm", url, "--deployment", str(file), "--json"], prog_name="parley")
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out, printed.err.count("\n")) == (2, "", 1)
    return printed.err


def test_bad_input_gets_one_line_and_status_2(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "deployment.json"
    put_on(url, file)
    good = json.loads(file.read_text(encoding="utf-8"))
    mechanism = good["contracts"]["TwoStageMechanism"]
    nobody = "http://127.0.0.1:1"
    cases: list[tuple[str, object, str]] = [
        (nobody, good, nobody),
        ("geth", good, "geth"),
        (url, {**good, "chainId": 5}, "chain 5"),
        (url, {**good, "chainId": "5"}, "chainId"),
        (url, {"contracts": {"TwoStageMechanism": {**mechanism, "address": "0x" + "12" * 20}}}, "chainId"),
        (
            url,
            {**good, "contracts": {"TwoStageMechanism": {**mechanism, "address": "0x" + "12" * 20}}},
            "no code",
        ),
        (url, {**good, "contracts": {"TwoStageMechanism": {**mechanism, "address": "home"}}}, "address"),
        (url, {**good, "contracts": {}}, "TwoStageMechanism"),
        (url, {**good, "contracts": {"TwoStageMechanism": 3}}, "TwoStageMechanism"),
        (url, [], "JSON object"),
    ]
    for where, content, complaint in cases:
        file.write_text(json.dumps(content), encoding="utf-8")
        assert complaint in complaint_of(capsys, where, file)
    for missing in (tmp_path / "none.json", tmp_path):
        assert str(missing) in complaint_of(capsys, url, missing)
    file.write_text("{", encoding="utf-8")
    assert str(file) in complaint_of(capsys, url, file)
