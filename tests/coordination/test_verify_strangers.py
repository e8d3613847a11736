"""On a node, what strangers do in games of their own never makes the sound contract fail an audit."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from parley.chain.evm import Logs
from parley.chain.flattraces import frames_of
from parley.chain.node import NodeEvm
from parley.chain.nodehistory import _TRACER, NodeHistory, _frame
from parley.chain.rpc import Rpc
from parley.chain.traces import Frame
from parley.core.randomness import address_word, word
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.play import FUNCTIONS, Deployment, Player
from parley.mechanisms.coordination.verify import verify
from tests.coordination.audited import IMPATIENT, deployed
from tests.coordination.on_chain import attackers
from tests.coordination.test_verify_payments import Blind, Flat
from tests.nodes import running

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
    rpc = node.dispatcher.rpc
    fields = {
        "from": rpc.ask("eth_accounts")[5],
        "to": contract,
        "data": "0x" + data.hex(),
        "gas": hex(27_000),
    }
    name = rpc.ask("eth_sendTransaction", fields)
    assert rpc.ask("eth_getTransactionReceipt", name)["status"] == "0x0"


@pytest.fixture
def node() -> Iterator[NodeEvm]:
    """A new node."""
    with running("anvil") as found:
        yield NodeEvm(found.url)


def test_strangers_accuse_nobody(node: NodeEvm) -> None:
    contracts = deployed(node)
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
    url = node.dispatcher.rpc.url
    found = verify(NodeHistory(url, contracts.mechanism))
    assert list(found.violations) == []
    assert found.holds is True
    assert found.checked["expire"] == 1
    assert found.checked["refused calls"] > 30
    assert "refusals that could not be settled" not in found.checked

    flat = verify(Flat(url, contracts.mechanism))
    assert replace(flat, seconds=0) == replace(found, seconds=0)
    flat_traces_say_what_the_tracer_says(node.dispatcher.rpc)

    blind = verify(Blind(url, contracts.mechanism))
    assert list(blind.violations) == []
    assert blind.holds is not False
    assert blind.not_seen == 1
    assert blind.checked["refusals that could not be settled"] == 10
    assert "fractions taken as stated" not in blind.checked
