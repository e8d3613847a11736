"""Blocks that go away during games or after: the games are the same, or it is said that they are not."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from threading import Lock
from typing import Any

import pytest

from parley.chain.evm import Evm, Logs
from parley.chain.nodehistory import NodeHistory
from parley.chain.rpc import NodeError, Rpc
from parley.chain.transaction_manager import CONFIRMATIONS, TransactionManager
from parley.kit.bots import Bots
from parley.kit.play.on_node import NodeRun
from tests.kit.play.coin import COIN, CONTRACT, Bot, Coin, Player, Toss, setting
from tests.kit.play.test_on_node import essence, kept, play
from tests.nodes import LocalNode, anvil
from tests.proxy import public_node

GAMES = 6

_one_at_a_time = Lock()


@pytest.fixture
def node() -> Iterator[LocalNode]:
    """A new node."""
    with anvil() as found:
        yield found


class Shaken(Coin):
    """Something happens to the chain before some transactions on a node; nothing when they are replayed."""

    def __init__(self, before: Callable[[int, bytes], None]) -> None:
        self.before = before
        self.sent = 0

    def player(
        self, evm: Evm, addresses: Mapping[str, str], problem: Toss, cast: Bots[Bot], seed: int
    ) -> Player:
        player = super().player(evm, addresses, problem, cast, seed)
        if evm.accounts_gas:
            send = player.send

            def shaken(sender: str, data: bytes, value: int = 0) -> Logs:
                self.sent += 1
                self.before(self.sent, data)
                return send(sender, data, value)

            player.send = shaken  # type: ignore[method-assign]  # of this player alone
        return player


def reorganize(node: LocalNode, depth: int, instead: Sequence[object] = ()) -> None:
    """Replace the last blocks by empty ones, or by such with other transactions."""
    rpc = Rpc(node.url)
    with _one_at_a_time:  # games are played side by side
        before = rpc.ask("eth_getBlockByNumber", "latest", False)
        rpc.ask("anvil_reorg", depth, instead)
        after = rpc.ask("eth_getBlockByNumber", before["number"], False)
    assert after["hash"] != before["hash"]


@pytest.mark.parametrize("depths", [{5: 1}, {7: 2, 8: 1, 29: 3}])
def test_games_go_on_where_blocks_have_gone_away(depths: dict[int, int], node: LocalNode) -> None:
    def before(number: int, _data: bytes) -> None:
        if number in depths:
            reorganize(node, depths[number])

    with anvil() as calm:
        _, expected = play(calm.url, setting(), GAMES)
    run, games = play(node.url, setting(coin=Shaken(before)), GAMES)
    assert essence(games) == essence(expected)
    # And after the last step.
    reorganize(node, 3)
    assert run.differences(kept(games)) == []


def test_what_goes_otherwise_in_another_block_ends_the_run(node: LocalNode) -> None:
    stranger = Rpc(node.url).ask("eth_accounts")[7]
    contracts: list[str] = []

    def before(_number: int, data: bytes) -> None:
        if data.startswith(COIN.codec().selectors["withdraw"]):
            # Somebody else expires the game first.
            expiry = "0x" + (COIN.codec().selectors["expire"] + data[4:36]).hex()
            reorganize(node, 1, [[{"from": stranger, "to": contracts[0], "data": expiry}, 0]])

    run = NodeRun(node.url, setting("honest", "silent", coin=Shaken(before)))
    contracts.append(run._addresses[CONTRACT])
    with pytest.raises(NodeError, match=r"changed when it was mined again: wait for more blocks .*--confirm"):
        list(run.play(range(1)))


def test_a_history_that_changes_while_it_is_read_is_not_read(node: LocalNode) -> None:
    run, _ = play(node.url, setting(), 1)
    contract = run._addresses[CONTRACT]
    history = NodeHistory(node.url, contract)
    assert len(list(history.calls())) == 6
    calls = history.calls()
    next(calls)
    reorganize(node, 1)
    with pytest.raises(NodeError, match="the chain was reorganized while it was read: try again"):
        list(calls)
    assert len(list(NodeHistory(node.url, contract).calls())) == 5


# ── waiting for more blocks ─────────────────────────────────────────────────────────────────────────────────


def steps(node: LocalNode, contract: str) -> list[int]:
    """Blocks with calls of the contract, and the last one."""
    rpc = Rpc(node.url)
    head = int(rpc.ask("eth_blockNumber"), 16)
    blocks: list[dict[str, Any]] = [rpc.ask("eth_getBlockByNumber", hex(k), True) for k in range(head + 1)]
    receivers = [{one["to"] for one in block["transactions"]} for block in blocks]
    called = [k for k, some in enumerate(receivers) if contract.lower() in some]
    return [*called, head]


@pytest.mark.parametrize("wait", [0, 1, 4])
def test_so_many_blocks_follow_each_step(wait: int, node: LocalNode) -> None:
    run = NodeRun(node.url, setting(), confirmations=wait)
    games = list(run.play(range(1)))
    found = steps(node, run._addresses[CONTRACT])
    # What an account needs is paid in before its first step, in a block that is not waited for.
    between = [later - earlier - 1 for earlier, later in pairwise(found[:-1])]
    assert [wait <= blocks <= wait + 1 for blocks in between] == [True] * 5
    assert min(between) == found[-1] - found[-2] == wait
    assert run.differences(kept(games)) == []


def test_what_goes_away_while_it_is_waited_for_is_sent_again(node: LocalNode) -> None:
    with anvil() as calm:
        _, expected = play(calm.url, setting(), 2)
    run = NodeRun(node.url, setting(), confirmations=3)
    rpc = run._evm.manager.rpc
    ask, waited = rpc.ask, Counter[str]()

    def ask_and_shake(method: str, *parameters: object) -> Any:  # noqa: ANN401 - as the method itself
        waited[method] += 1
        if method == "evm_mine" and waited[method] % 7 == 0:
            reorganize(node, 2)
        return ask(method, *parameters)

    rpc.ask = ask_and_shake  # type: ignore[method-assign]  # blocks go away here
    games = list(run.play(range(2)))
    assert waited["evm_mine"] > 7
    assert essence(games) == essence(expected)
    assert run.differences(kept(games)) == []


def test_by_default_nothing_is_waited_for_on_development_chains_and_twelve_blocks_elsewhere(
    node: LocalNode,
) -> None:
    def waits(url: str, confirmations: int | None = None) -> int:
        return TransactionManager(Rpc(url), {}, confirmations).confirmations

    with anvil("--chain-id", "5") as other, public_node(other.url, "private") as public:
        with public_node(node.url, "private") as known:
            assert [waits(one.url) for one in (node, known, other, public)] == [0, 0, 0, CONFIRMATIONS]
        assert (waits(public.url, 0), waits(node.url, 2), CONFIRMATIONS) == (0, 2, 12)
