"""On a node, what strangers do in games of their own never makes the sound contract fail an audit."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from parley.chain.codec import compiled_codec
from parley.chain.evm import Logs
from parley.chain.flattraces import frames_of
from parley.chain.node import NodeEvm
from parley.chain.nodehistory import _TRACER, NodeHistory, _frame
from parley.chain.rpc import Rpc
from parley.chain.traces import Frame
from parley.core.randomness import address_word, word
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.play import Deployment, Player
from tests.coordination.on_chain import attackers
from tests.coordination.suite import IMPATIENT, SUITE
from tests.coordination.test_verify_on_node import ThroughWallet
from tests.coordination.test_verify_payments import Blind, Flat
from tests.nodes import mined, running

FUNCTIONS = compiled_codec("TwoStageMechanism").selectors

WHIMSICAL = "600343065f52600560205260405ff3"
"""A recognition function that answers (block number mod 3) / 5."""


class Stranger(Player):
    """Plays with itself, and does what should fail before it does what should not."""

    waiting = b""
    """A game that anybody may expire by now."""

    def send(self, sender: str, data: bytes, value: int = 0) -> Logs:
        node = self.evm
        assert isinstance(node, NodeEvm)
        if data.startswith(FUNCTIONS["reveal"]):
            assert not node.transact(sender, self.contract, data, 1).ok
            assert not node.transact(sender, self.contract, data[:-1]).ok
            data += b"more"
        if data.startswith(FUNCTIONS["withdraw"]):
            attack = attackers()
            refusing = node.deploy(attack["RefusingWithReason"].bytecode)
            assert not node.transact(sender, self.contract, self.paying(data, refusing)).ok
            if self.waiting:
                payee = node.deploy(attack["Reentrant"].bytecode)
                expiry = FUNCTIONS["expire"] + self.waiting
                call = address_word(self.contract) + word(64) + word(len(expiry)) + expiry + bytes(28)
                assert node.transact(sender, payee, attack["Reentrant"].selectors["onPayment"] + call).ok
                data, self.waiting = self.paying(data, payee), b""
        return super().send(sender, data, value)

    @staticmethod
    def paying(withdrawal: bytes, payee: str) -> bytes:
        return withdrawal[:68] + address_word(payee) + withdrawal[100:]


class Opener(Player):
    """Creates games and leaves them there."""

    def send(self, sender: str, data: bytes, value: int = 0) -> Logs:
        logs = super().send(sender, data, value)
        self.created = logs[0][0][1]
        raise StopIteration


class Insatiable(ThroughWallet):
    """The first seat is held by a contract that withdraws once more while it is paid."""

    left: bytes | None = None
    """A withdrawal that it has not made yet: it is the one that is made then."""
    leaves = False

    def transact(self, sender: str, to: str, data: bytes, value: int = 0) -> Any:  # noqa: ANN401 - as its base
        if sender == self.wallet and data.startswith(FUNCTIONS["withdraw"]):
            if self.leaves:
                self.left = data
                raise StopIteration
            again = self.left or data
            call = address_word(to) + word(64) + word(len(again)) + again + bytes(-len(again) % 32)
            on_payment = attackers()["Reentrant"].selectors["onPayment"] + call
            assert super().transact(self.owner, self.wallet, on_payment).ok
        return super().transact(sender, to, data, value)


@pytest.mark.parametrize("leaves", [False, True])
def test_a_payee_that_withdraws_again_is_followed_and_gets_no_more_than_is_due(
    leaves: bool,  # noqa: FBT001 - a parameter
    node: NodeEvm,
) -> None:
    contracts = Deployment.at(SUITE.deployed(node))
    machine = Insatiable(node.manager.rpc.url)
    machine.hold(machine.deploy(attackers()["Reentrant"].bytecode))
    player = Player(machine, contracts, IMPATIENT, make_bots(["equilibrium"], 5), 1)
    if leaves:
        machine.leaves = True
        with contextlib.suppress(StopIteration):
            player.play(0)
        machine.leaves = False
    player.play(1)
    before = machine.balance(machine.wallet)
    for history in (NodeHistory, Flat):
        found = SUITE.verify(history(node.manager.rpc.url, contracts.mechanism))
        assert (found.holds, list(found.violations), found.not_followed) == (True, [], 0)
        # The second of them is a withdrawal from another game, or refused.
        paid, refused = (5 + (1 if leaves else 0), 0 if leaves else 1)
        assert found.checked["withdraw"] == paid
        assert found.checked.get("refused calls", 0) == refused
    receipts = attackers()["Reentrant"].selectors["paid"]
    assert before == int.from_bytes(machine.call(machine.owner, machine.wallet, receipts).output)
    assert before > 0


def test_a_chain_that_has_lost_its_last_blocks_is_judged_by_what_is_left(node: NodeEvm) -> None:
    contracts = Deployment.at(SUITE.deployed(node))
    Player(node, contracts, IMPATIENT, make_bots(["equilibrium"], 5), 1).play(0)
    rpc = node.manager.rpc
    for depth, withdrawals, ending in ((0, 5, "settled"), (3, 2, "settled"), (6, 0, "responding")):
        if depth:
            rpc.ask("anvil_reorg", depth, [])  # empty blocks take their places
        found = SUITE.verify(NodeHistory(rpc.url, contracts.mechanism))
        assert (found.holds, list(found.violations)) == (True, [])
        assert (found.checked.get("withdraw", 0), found.endings) == (withdrawals, {ending: 1})


def told_alike(frame: Frame) -> Frame:
    """What a flat trace tells too: no events, and not what the transaction itself cost."""
    return frame._replace(
        logs=(),
        output=b"" if frame.error else frame.output,
        gas=0,
        gas_used=0,
        error="failed" if frame.error else "",
        calls=tuple(map(told_alike, frame.calls)),
    )


def flat_traces_say_what_the_tracer_says(rpc: Rpc) -> None:
    told = [
        rpc.ask("trace_block", hex(number)) for number in range(1, int(rpc.ask("eth_blockNumber"), 16) + 1)
    ]
    flat = {name: frame for block in told for name, frame in frames_of(block).items()}
    names = list(flat)
    traces = rpc.ask_all([("debug_traceTransaction", [name, _TRACER]) for name in names], strict=True)
    assert names == list({entry["transactionHash"]: None for block in told for entry in block})
    for name, trace in zip(names, traces, strict=True):
        assert told_alike(flat[name]) == told_alike(_frame(trace))


def starve(node: NodeEvm, contract: str, data: bytes) -> None:
    """Make a call with too little gas."""
    rpc = node.manager.rpc
    fields = {
        "from": rpc.ask("eth_accounts")[5],
        "to": contract,
        "data": "0x" + data.hex(),
        "gas": hex(27_000),
    }
    assert mined(rpc, fields)["status"] == "0x0"


@pytest.fixture
def node() -> Iterator[NodeEvm]:
    """A new node."""
    with running("anvil") as found:
        yield NodeEvm(found.url)


def test_strangers_accuse_nobody(node: NodeEvm) -> None:
    contracts = Deployment.at(SUITE.deployed(node))
    bots = make_bots(["equilibrium"], 5)
    runtime = bytes.fromhex(WHIMSICAL)
    whimsical = node.deploy(
        bytes([0x5F + len(runtime)])
        + runtime
        + bytes.fromhex(f"5f5260{len(runtime):02x}60{32 - len(runtime):02x}f3")
    )

    opener = Opener(node, contracts, IMPATIENT, bots, 1)
    with contextlib.suppress(StopIteration):
        opener.play(0)
    opener.wait(IMPATIENT.window)
    starve(node, contracts.mechanism, FUNCTIONS["expire"] + opener.created)

    own = Deployment(contracts.mechanism, dict.fromkeys(contracts.recognition, whimsical))
    for k, some in enumerate((contracts, own)):
        stranger = Stranger(node, some, IMPATIENT, bots, 2 + k)
        stranger.waiting = b"" if k else opener.created
        stranger.play(0)
    url = node.manager.rpc.url
    found = SUITE.verify(NodeHistory(url, contracts.mechanism))
    assert list(found.violations) == []
    assert found.holds is True
    assert found.checked["expire"] == 1
    assert found.checked["refused calls"] > 30
    assert "refusals that could not be settled" not in found.checked

    flat = SUITE.verify(Flat(url, contracts.mechanism))
    assert replace(flat, seconds=0) == replace(found, seconds=0)
    flat_traces_say_what_the_tracer_says(node.manager.rpc)

    blind = SUITE.verify(Blind(url, contracts.mechanism))
    assert list(blind.violations) == []
    assert blind.holds is not False
    assert blind.not_seen == 1
    assert blind.checked["refusals that could not be settled"] == 10
    assert "fractions taken as stated" not in blind.checked
