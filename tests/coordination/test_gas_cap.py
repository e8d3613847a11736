"""The largest game on a chain that follows EIP-7825: no transaction takes more than 2^24 gas."""

from collections.abc import Iterator

import pytest

from benchmarks.gas import ladder, largest
from parley.chain.backends import open_reference
from parley.chain.codec import compiled_codec
from parley.chain.rpc import Rpc, RpcError
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.mechanism import MECHANISM
from parley.mechanisms.coordination.play import Player, deploy_mechanism
from tests.kit.rig.gas import sent_with
from tests.nodes import LocalNode, anvil

FUNCTIONS = compiled_codec("TwoStageMechanism").selectors

CAP = 2**24


@pytest.fixture(scope="module")
def capped() -> Iterator[LocalNode]:
    with anvil("--hardfork", "osaka", "--enable-tx-gas-limit") as node:
        yield node


def test_the_chain_has_the_cap(capped: LocalNode) -> None:
    rpc = Rpc(capped.url)
    sender, to = rpc.ask("eth_accounts")[:2]
    fields = {"from": sender, "to": to, "value": "0x1"}
    assert rpc.ask("eth_sendTransaction", {**fields, "gas": hex(CAP)})
    with pytest.raises(RpcError):
        rpc.ask("eth_sendTransaction", {**fields, "gas": hex(CAP + 1)})


def test_the_largest_game_is_created_where_transactions_are_capped(capped: LocalNode) -> None:
    """64 seats, 64 types, for each seat a cost of 16 pieces; nobody joins, so that all is back soon."""
    run = MECHANISM.simulate(largest(), games=1, seed=1, evm=capped.url, bots=["silent:joining"])
    assert run.cross_check.differences == []
    assert run.tally.endings == {"expired": 1}
    assert run.tally.games == 1


@pytest.mark.deep
def test_the_largest_game_is_played_where_transactions_are_capped(capped: LocalNode) -> None:
    run = MECHANISM.simulate(largest(), games=1, seed=1, evm=capped.url, bots=["equilibrium"])
    assert run.cross_check.differences == []
    assert run.tally.endings == {"settled": 1}


def test_creation_that_lacks_gas_runs_out_of_it_and_gives_no_other_reason() -> None:
    """With every gas limit it succeeds or fails without revert data, as a call that ran out of gas does."""
    evm = open_reference()
    player = Player(evm, deploy_mechanism(evm), ladder(20, 5), make_bots(["silent:joining"], 20), seed=1)
    player.play(0)
    create, used = player.sent[0], player.gas_used[0]
    assert create.data[:4] == FUNCTIONS["create"]
    evm.recycle()
    for thousandths in range(300, 1000, 25):
        gas = used * thousandths // 1000
        receipt = sent_with(evm, create.sender, player.contract, create.data, gas)
        assert (receipt.ok, receipt.output) == (False, b""), thousandths
    assert sent_with(evm, create.sender, player.contract, create.data, CAP).ok
