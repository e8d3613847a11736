"""The largest game on a chain that follows EIP-7825: no transaction takes more than 2^24 gas."""

from collections.abc import Iterator
from itertools import takewhile

import pytest

from benchmarks.gas import largest
from sim.chain.evm import open_reference
from sim.chain.rpc import Rpc, RpcError
from sim.coordination.bots import make_bots
from sim.coordination.play import FUNCTIONS, Player, deploy_mechanism
from sim.coordination.simulation import simulate
from tests.nodes import LocalNode, anvil
from tests.verification.gas import sent_with

CAP = 2**24


@pytest.fixture(scope="module")
def capped() -> Iterator[LocalNode]:
    with anvil("--hardfork", "osaka") as node:
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
    run = simulate(largest(), games=1, seed=1, evm=capped.url, bots=["silent:joining"])
    assert run.cross_check.differences == []
    assert run.tally.endings == {"expired": 1}
    assert run.tally.games == 1


@pytest.mark.deep
def test_the_largest_game_is_played_where_transactions_are_capped(capped: LocalNode) -> None:
    run = simulate(largest(), games=1, seed=1, evm=capped.url, bots=["equilibrium"])
    assert run.cross_check.differences == []
    assert run.tally.endings == {"settled": 1}


def test_creation_that_lacks_gas_runs_out_of_it_and_gives_no_other_reason() -> None:
    """With every gas limit it succeeds or fails without revert data, as a call that ran out of gas does."""
    evm = open_reference()
    player = Player(evm, deploy_mechanism(evm), largest(), make_bots(["silent:joining"], 64), seed=1)
    player.play(0)
    creating = (FUNCTIONS["create"], FUNCTIONS["store"])
    sent = list(takewhile(lambda one: one.data[:4] in creating, player.sent))
    assert [one.data[:4] for one in sent] == [creating[0], *[creating[1]] * 3]
    evm.recycle()
    for one, used in zip(sent, player.gas_used, strict=False):
        assert used < CAP
        for thousandths in (600, 800, 900, 950, 970, 980, 985, 990, 995, 999):
            fork = evm.snapshot()
            receipt = sent_with(evm, one.sender, player.contract, one.data, used * thousandths // 1000)
            assert (receipt.ok, receipt.output) == (False, b""), thousandths
            evm.restore(fork)
        assert sent_with(evm, one.sender, player.contract, one.data, CAP).ok
