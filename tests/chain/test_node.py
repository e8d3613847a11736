"""Nodes keep the seam's promises: anvil and Hardhat's, each in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parley.chain import transaction_manager
from parley.chain.abi import DecodedError, DecodedEvent
from parley.chain.backends import open_evm
from parley.chain.evm import EvmError, Reverted
from parley.chain.node import NodeEvm, side_by_side
from parley.chain.revm import RevmEvm
from parley.chain.rpc import NodeError
from parley.chain.transactions import Request
from tests.chain.words import read_word
from tests.nodes import KINDS, anvil, hardhat, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from parley.chain.abi import Interface
    from tests.nodes import LocalNode

ID = bytes(range(32))


@pytest.fixture(scope="module", params=KINDS)
def node(request: pytest.FixtureRequest) -> Iterator[LocalNode]:
    with running(request.param) as process:
        yield process


@pytest.fixture
def evm(node: LocalNode) -> NodeEvm:
    return NodeEvm(node.url)


@pytest.fixture
def address(evm: NodeEvm, probe_code: bytes) -> str:
    return evm.deploy(probe_code)


def blocks(evm: NodeEvm) -> int:
    return int(evm.manager.rpc.ask("eth_blockNumber"), 16)


# ── one by one ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_url_is_the_name_and_opens_it(node: LocalNode) -> None:
    evm = open_evm(node.url)
    assert (evm.name, evm.chain_id, evm.accounts_gas) == (node.url, 31337, True)
    embedded = RevmEvm()
    assert (evm.accounts, evm.deployer) == (embedded.accounts, embedded.deployer)


def test_a_transaction_emits_moves_value_and_costs_gas(evm: NodeEvm, probe: Interface, address: str) -> None:
    sender = evm.accounts[0]
    before = evm.balance(sender)
    receipt = evm.transact(sender, address, probe.encode("note", ID, 4), 9)
    assert receipt.ok
    (log,) = receipt.logs
    assert log.address == bytes.fromhex(address[2:])
    assert probe.decode_event(log.topics, log.data) == DecodedEvent(
        "Noted", {"id": ID, "seat": 4, "values": (4, 9)}
    )
    assert 21_000 < receipt.gas_used < 200_000
    assert evm.balance(address) == 9
    # Net of gas, and of what the account was funded with.
    assert evm.balance(sender) == before - 9


def test_what_a_transaction_reverted_with_is_known(evm: NodeEvm, probe: Interface, address: str) -> None:
    sender = evm.accounts[1]
    before = evm.balance(sender)
    receipt = evm.transact(sender, address, probe.encode("bad", 12, b"why"), 3)
    assert (receipt.ok, receipt.logs) == (False, ())
    assert probe.decode_error(receipt.output) == DecodedError("Bad", (12, b"why"))
    assert evm.balance(sender) == before
    panic = evm.transact(sender, address, probe.encode("divide", 0))
    assert probe.decode_error(panic.output) == DecodedError("Panic", (0x12,))
    for data in (probe.encode("halt"), b"abcd"):
        halt = evm.transact(sender, address, data)
        assert (halt.ok, halt.output) == (False, b"")
    with pytest.raises(Reverted) as caught:
        evm.send(sender, address, probe.encode("bad", 5, b""))
    assert probe.decode_error(caught.value.data) == DecodedError("Bad", (5, b""))


def test_revert_data_is_found_without_traces_too(
    evm: NodeEvm, probe: Interface, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rpc = evm.manager.rpc
    ask = rpc.ask

    def without_debug(method: str, *params: object) -> object:
        return ask("no_such_method" if method.startswith("debug_") else method, *params)

    monkeypatch.setattr(rpc, "ask", without_debug)
    receipt = evm.transact(evm.accounts[1], address, probe.encode("bad", 12, b"why"))
    assert probe.decode_error(receipt.output) == DecodedError("Bad", (12, b"why"))


def test_a_call_changes_nothing(evm: NodeEvm, probe: Interface, address: str) -> None:
    for _ in range(2):
        assert read_word(evm.call(evm.accounts[0], address, probe.encode("note", ID, 4)).output, 0) == 1
    refused = evm.call(evm.accounts[0], address, probe.encode("bad", 12, b"why"))
    assert (refused.ok, probe.decode_error(refused.output)) == (False, DecodedError("Bad", (12, b"why")))


def test_a_failing_creation_and_an_unknown_sender_are_errors(evm: NodeEvm, address: str) -> None:
    with pytest.raises(EvmError, match="cannot be created"):
        evm.deploy(bytes.fromhex("5f5ffd"))
    with pytest.raises(EvmError, match="not an account of this chain"):
        evm.transact("0x" + "11" * 20, address, b"")
    with pytest.raises(EvmError, match="cannot be reset"):
        evm.recycle()


def test_the_clock_is_moved_forward_only(evm: NodeEvm, probe: Interface, address: str) -> None:
    target = evm.timestamp + 5000
    evm.warp(target)
    assert evm.timestamp == target
    receipt = evm.call(evm.accounts[0], address, probe.encode("environment"))
    assert target <= read_word(receipt.output, 0) <= target + 60
    assert evm.transact(evm.accounts[0], address, probe.encode("note", ID, 1)).ok
    assert target <= evm.timestamp <= target + 60
    with pytest.raises(EvmError, match="is before the current one"):
        evm.warp(target - 1)


def test_snapshots_bring_back_state_nonces_and_balances(evm: NodeEvm, probe: Interface, address: str) -> None:
    sender = evm.accounts[2]
    evm.transact(sender, address, probe.encode("note", ID, 1), 5)
    before = evm.balance(sender)
    snapshot = evm.snapshot()
    evm.transact(sender, address, probe.encode("note", ID, 2), 5)
    evm.restore(snapshot)
    assert evm.balance(sender) == before
    assert evm.transact(sender, address, probe.encode("note", ID, 3), 7).ok
    assert evm.balance(sender) == before - 7
    assert evm.balance(address) == 12
    with pytest.raises(EvmError, match="no longer exists"):
        evm.restore(snapshot)


# ── many at a time ──────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_sent_together_shares_a_block(evm: NodeEvm, probe: Interface, address: str) -> None:
    orders = [Request(evm.accounts[k % 3], address, probe.encode("note", ID, k), k) for k in range(30)]
    mined = evm.manager.exchange(orders)
    assert all(receipt.ok for receipt in mined)
    assert len({receipt.block for receipt in mined}) == 1
    seats = [receipt.logs[0].data[:32] for receipt in mined]
    assert seats == [k.to_bytes(32) for k in range(30)]
    # The node is left as it was found: one that mines at once.
    assert evm.manager.rpc.ask("hardhat_getAutomine") is True


def test_what_one_block_cannot_hold_takes_several(evm: NodeEvm, probe_code: bytes) -> None:
    # Each pays for 16 kB of code: three million gas.
    runtime = b"\x5b" * 16_000
    initcode = bytes.fromhex("61") + len(runtime).to_bytes(2) + bytes.fromhex("80600a5f395ff3") + runtime
    mined = evm.manager.exchange([Request(evm.deployer, None, initcode)] * 20)
    assert all(receipt.ok for receipt in mined)
    assert len({receipt.block for receipt in mined}) > 1
    assert evm.deploy(probe_code)


def test_a_gas_limit_that_was_learnt_too_low_is_raised(
    evm: NodeEvm, probe: Interface, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction_manager, "_LEAST_GAS", 0)
    assert evm.transact(evm.accounts[0], address, probe.encode("name", "", 1)).ok
    evm.manager._gas = dict.fromkeys(evm.manager._gas, 11_000)
    before, sent = evm.balance(evm.accounts[0]), evm.manager._nonces[evm.accounts[0]]
    assert evm.transact(evm.accounts[0], address, probe.encode("name", "", 1)).ok
    # Once in vain, and once with all the gas there is.
    assert evm.manager._nonces[evm.accounts[0]] == sent + 2
    assert evm.balance(evm.accounts[0]) == before


def test_tasks_side_by_side_come_in_order_and_share_blocks(
    evm: NodeEvm, probe: Interface, address: str
) -> None:
    def begin(machine: NodeEvm) -> Callable[[int], tuple[int, list[int]]]:
        def task(number: int) -> tuple[int, list[int]]:
            # Tasks of different lengths, by the same accounts.
            logs = [
                machine.transact(machine.accounts[k], address, probe.encode("note", ID, number)).logs
                for k in range(1 + number % 4)
            ]
            return number, [read_word(entry[0].data, 0) for entry in logs]

        return task

    before = blocks(evm)
    results = list(side_by_side(evm, begin, range(40), 10))
    assert results == [(number, [number] * (1 + number % 4)) for number in range(40)]
    assert blocks(evm) - before < 25  # of 100 transactions


def test_a_task_that_fails_ends_all_and_is_named(evm: NodeEvm, probe: Interface, address: str) -> None:
    def begin(machine: NodeEvm) -> Callable[[int], int]:
        def task(number: int) -> int:
            machine.transact(machine.accounts[0], address, probe.encode("note", ID, number))
            if number >= 5:
                raise ValueError(number)
            return number

        return task

    results: list[int] = []
    with pytest.raises(ValueError, match="5"):
        results.extend(side_by_side(evm, begin, range(100), 4))
    assert evm.transact(evm.accounts[0], address, probe.encode("note", ID, 1)).ok


# ── nodes set up otherwise ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("options", [("--no-mining",), ("--block-time", "0.2"), ("--hardfork", "berlin")])
def test_any_way_of_mining_will_do(options: tuple[str, ...]) -> None:
    # Code that older forks know as well.
    echo = bytes.fromhex("600a600c600039600a6000f3") + bytes.fromhex("602a60005260206000f3")
    with anvil(*options) as node:
        evm = NodeEvm(node.url)
        address = evm.deploy(echo)
        mined = evm.manager.exchange([Request(sender, address, b"") for sender in evm.accounts[:5]])
        assert all(receipt.ok for receipt in mined)
        assert read_word(evm.call(evm.accounts[0], address, b"").output, 0) == 42


def test_hardhat_that_does_not_mine_by_itself_is_asked_to(probe: Interface, probe_code: bytes) -> None:
    with hardhat(mining={"auto": False, "interval": 0}) as node:
        evm = NodeEvm(node.url)
        address = evm.deploy(probe_code)
        assert evm.transact(evm.accounts[0], address, probe.encode("note", ID, 1)).ok


def test_a_node_without_money_is_an_error_that_says_who_lacks_it(probe_code: bytes) -> None:
    with anvil("--balance", "0") as node:
        evm = NodeEvm(node.url)
        with pytest.raises(NodeError, match=r"first account, 0x\w+, lacks funds: it has 0 wei and must pay"):
            evm.deploy(probe_code)
    with anvil("--accounts", "0") as node:
        evm = NodeEvm(node.url)
        with pytest.raises(NodeError, match=rf"{evm.deployer} lacks funds: .* no account that could pay"):
            evm.deploy(probe_code)


def test_accounts_are_funded_once(evm: NodeEvm, probe: Interface, address: str) -> None:
    payer = evm.manager.rpc.ask("eth_accounts")[0]
    sender = evm.accounts[7]
    evm.transact(sender, address, probe.encode("note", ID, 1))
    before = evm.manager.rpc.ask("eth_getTransactionCount", payer, "latest")
    for other in (evm, NodeEvm(evm.name)):
        for _ in range(5):
            other.transact(sender, address, probe.encode("note", ID, 1))
    assert evm.manager.rpc.ask("eth_getTransactionCount", payer, "latest") == before


def test_somebody_else_with_the_same_keys_is_noticed(node: LocalNode, probe: Interface, address: str) -> None:
    first, second = NodeEvm(node.url), NodeEvm(node.url)
    for evm in (first, second):
        evm.transact(evm.accounts[9], address, probe.encode("note", ID, 1))
    with pytest.raises(NodeError, match="is another program sending from Parley's accounts"):
        first.transact(first.accounts[9], address, probe.encode("note", ID, 1))


def test_a_clock_that_cannot_be_moved_is_waited_for_or_refused(
    evm: NodeEvm, monkeypatch: pytest.MonkeyPatch
) -> None:
    rpc = evm.manager.rpc
    ask = rpc.ask

    def without_evm(method: str, *params: object) -> object:
        return ask("no_such_method" if method == "evm_setNextBlockTimestamp" else method, *params)

    monkeypatch.setattr(rpc, "ask", without_evm)
    with pytest.raises(EvmError, match=r"clock cannot be moved, and a deadline is 3\d\d\d s away"):
        evm.warp(evm.timestamp + 3601)


# ── somebody else's chain, on an embedded machine ───────────────────────────────────────────────────────────


def test_an_embedded_machine_takes_a_nodes_place(evm: NodeEvm, probe: Interface, address: str) -> None:
    machine = RevmEvm(evm.chain_id, {address: evm.code(address)})
    assert machine.code(address) == evm.code(address)
    seen = [one.call(one.accounts[0], address, probe.encode("environment")).output for one in (evm, machine)]
    for word in (1, 4):  # chain id, and the constructor's argument
        assert read_word(seen[0], word) == read_word(seen[1], word)
    # Contracts that it creates stand where the node's would.
    made = [
        one.transact(one.accounts[0], address, probe.encode("make")).logs[0].address for one in (evm, machine)
    ]
    assert made[0] == made[1]
    machine.recycle()
    assert machine.code(address) == evm.code(address)
