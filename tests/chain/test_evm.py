"""What the embedded machines promise, on each, and that they promise the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parley.chain import accounts
from parley.chain.abi import DecodedError, DecodedEvent
from parley.chain.backends import open_evm, open_reference
from parley.chain.evm import CHAIN_ID, FUNDS, START_TIME, EvmError, Reverted
from parley.core.randomness import keccak
from tests.chain.words import read_word

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.chain.abi import Interface
    from parley.chain.evm import Evm, Receipt

ID = bytes(range(32))


@pytest.fixture
def address(evm: Evm, probe_code: bytes) -> str:
    return evm.deploy(probe_code)


def do(evm: Evm, probe: Interface, address: str, function: str, *args: object, value: int = 0) -> Receipt:
    return evm.transact(evm.accounts[0], address, probe.encode(function, *args), value)


# ── one by one ──────────────────────────────────────────────────────────────────────────────────────────────


def test_there_are_64_agents_and_a_deployer_all_funded(evm: Evm) -> None:
    everybody = {evm.deployer, *evm.accounts}
    assert len(everybody) == 65
    assert {evm.balance(account) for account in everybody} == {FUNDS}


def test_accounts_belong_to_their_keys(evm: Evm) -> None:
    assert evm.accounts == tuple(key.public_key.to_checksum_address() for key in accounts.agent_keys())
    assert evm.deployer == accounts.deployer_key().public_key.to_checksum_address()


def test_contracts_stand_where_the_deployers_nonce_puts_them(evm: Evm, probe_code: bytes) -> None:
    sender = bytes.fromhex(evm.deployer[2:])
    for nonce in range(3):
        # A list of an address (0x94) and a small number (0x80 for zero), coded as Ethereum's RLP has it.
        coded = b"\xd6\x94" + sender + (bytes([nonce]) if nonce else b"\x80")
        address = evm.deploy(probe_code)
        assert address[2:].lower() == keccak(coded)[12:].hex()
        assert evm.code(address)
    assert evm.code(evm.accounts[5]) == b""


def test_a_transaction_returns_emits_and_moves_value(evm: Evm, probe: Interface, address: str) -> None:
    receipt = do(evm, probe, address, "note", ID, 4, value=9)
    assert receipt.ok
    assert probe.decode_output("note", receipt.output) == (1,)
    (log,) = receipt.logs
    assert log.address == bytes.fromhex(address[2:])
    assert probe.decode_event(log.topics, log.data) == DecodedEvent(
        "Noted", {"id": ID, "seat": 4, "values": (4, 9)}
    )
    assert evm.balance(address) == 9
    assert evm.balance(evm.accounts[0]) == FUNDS - 9
    assert (receipt.gas_used > 21_000) == evm.accounts_gas


def test_a_revert_is_an_answer_that_changes_nothing(evm: Evm, probe: Interface, address: str) -> None:
    receipt = do(evm, probe, address, "bad", 12, b"why", value=3)
    assert not receipt.ok
    assert receipt.logs == ()
    assert probe.decode_error(receipt.output) == DecodedError("Bad", (12, b"why"))
    assert evm.balance(address) == 0
    assert evm.balance(evm.accounts[0]) == FUNDS
    assert read_word(do(evm, probe, address, "count").output, 0) == 0


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"\xff\x00", b' }"\n', b"}", b" ", bytes(range(256)), b"\x20" * 70]
)
def test_revert_data_is_exact(evm: Evm, probe: Interface, address: str, data: bytes) -> None:
    assert do(evm, probe, address, "raw", data).output == data


def test_a_panic_and_a_halt_are_told_apart(evm: Evm, probe: Interface, address: str) -> None:
    panic = do(evm, probe, address, "divide", 0)
    assert probe.decode_error(panic.output) == DecodedError("Panic", (0x12,))
    halt = do(evm, probe, address, "halt")
    assert (halt.ok, halt.output, halt.logs) == (False, b"", ())
    assert read_word(do(evm, probe, address, "count").output, 0) == 0


def test_an_unknown_function_reverts_with_nothing(evm: Evm, address: str) -> None:
    receipt = evm.transact(evm.accounts[0], address, b"abcd")
    assert (receipt.ok, receipt.output, receipt.logs) == (False, b"", ())


def test_time_stands_still_until_it_is_moved(evm: Evm, probe: Interface, address: str) -> None:
    assert evm.timestamp == START_TIME
    for time in (START_TIME, START_TIME, START_TIME + 1, START_TIME + 1, START_TIME + 10**6):
        evm.warp(time)
        assert evm.timestamp == time
        receipt = do(evm, probe, address, "environment")
        assert probe.decode_output("environment", receipt.output)[:2] == (time, CHAIN_ID)
        called = evm.call(evm.accounts[0], address, probe.encode("environment"))
        assert called.output == receipt.output
    with pytest.raises(EvmError, match="is before the current one"):
        evm.warp(START_TIME)


def test_transient_storage_ends_with_its_transaction(evm: Evm, probe: Interface, address: str) -> None:
    for _ in range(2):
        assert read_word(do(evm, probe, address, "marked").output, 0) == 0
        assert read_word(evm.call(evm.accounts[0], address, probe.encode("marked")).output, 0) == 0
        assert read_word(evm.send(evm.accounts[0], address, probe.encode("marked"))[0], 0) == 0


def test_a_call_undoes_what_it_did(evm: Evm, probe: Interface, address: str) -> None:
    for _ in range(2):
        receipt = evm.call(evm.accounts[0], address, probe.encode("note", ID, 4), value=9)
        assert receipt.ok
        assert read_word(receipt.output, 0) == 1
        assert [probe.decode_event(log.topics, log.data) for log in receipt.logs] == [
            DecodedEvent("Noted", {"id": ID, "seat": 4, "values": (4, 9)})
        ]
    refused = evm.call(evm.accounts[0], address, probe.encode("bad", 12, b"why"))
    assert probe.decode_error(refused.output) == DecodedError("Bad", (12, b"why"))
    assert (refused.ok, refused.logs) == (False, ())
    assert evm.balance(evm.accounts[0]) == FUNDS
    assert read_word(evm.call(evm.accounts[0], address, probe.encode("count")).output, 0) == 0


def test_more_value_than_the_sender_has_is_refused(evm: Evm, address: str) -> None:
    for use in (evm.transact, evm.send, evm.call):
        with pytest.raises(EvmError, match="refused"):
            use(evm.accounts[0], address, b"", value=2 * FUNDS)
    assert evm.transact(evm.accounts[0], address, b"", value=1).ok


def test_a_failing_creation_is_an_error(evm: Evm, probe_code: bytes) -> None:
    with pytest.raises(EvmError, match="cannot be created"):
        evm.deploy(bytes.fromhex("5f5ffd"))
    # Larger than a contract may be.
    with pytest.raises(EvmError, match="cannot be created"):
        evm.deploy(bytes.fromhex("6160015ff3"))
    assert evm.code(evm.deploy(probe_code))


def test_send_gives_output_and_logs_or_raises(evm: Evm, probe: Interface, address: str) -> None:
    output, ((topics, data),) = evm.send(evm.accounts[1], address, probe.encode("note", ID, 4), 2)
    assert read_word(output, 0) == 1
    assert probe.decode_event(topics, data) == DecodedEvent("Noted", {"id": ID, "seat": 4, "values": (4, 2)})
    with pytest.raises(Reverted) as caught:
        evm.send(evm.accounts[1], address, probe.encode("bad", 12, b"why"))
    assert probe.decode_error(caught.value.data) == DecodedError("Bad", (12, b"why"))
    _, (named, unnamed) = evm.send(evm.accounts[1], address, probe.encode("name", "text", -2))
    assert probe.decode_event(*named) == DecodedEvent(
        "Named", {"name": keccak(b"text"), "text": "text", "pair": (7, -2)}
    )
    assert list(unnamed[0]) == []
    with pytest.raises(Reverted):
        evm.send(evm.accounts[1], address, probe.encode("halt"))


def test_snapshots_bring_back_state_time_and_balances(evm: Evm, probe: Interface, address: str) -> None:
    do(evm, probe, address, "note", ID, 1, value=5)
    first = evm.snapshot()
    evm.warp(START_TIME + 50)
    do(evm, probe, address, "note", ID, 2, value=5)
    second = evm.snapshot()
    assert not do(evm, probe, address, "bad", 1, b"").ok
    do(evm, probe, address, "note", ID, 3, value=5)
    later = evm.deploy(bytes.fromhex("5f5ff3"))
    evm.restore(second)
    assert read_word(evm.call(evm.accounts[0], address, probe.encode("count")).output, 0) == 2
    assert evm.timestamp == START_TIME + 50
    assert evm.deploy(bytes.fromhex("5f5ff3")) == later
    evm.snapshot()
    evm.restore(first)
    assert evm.timestamp == START_TIME
    assert evm.balance(address) == 5
    assert evm.balance(evm.accounts[0]) == FUNDS - 5
    assert read_word(do(evm, probe, address, "note", ID, 4).output, 0) == 2
    for used_up in (first, second):
        with pytest.raises(EvmError, match="no longer exists"):
            evm.restore(used_up)


def test_calls_nest_as_deep_as_gas_allows(evm: Evm, probe: Interface, address: str) -> None:
    receipt = do(evm, probe, address, "dive")
    assert receipt.ok
    assert 300 < read_word(receipt.output, 0) < 1024


def test_the_machines_leave_pythons_own_depth_alone(evm: Evm) -> None:
    # py-evm would raise the limit so far that broken JSON overflows the stack of the process.
    assert evm.name
    with pytest.raises(RecursionError):
        json.loads("[" * 1_000_000)


def test_a_snapshot_of_the_very_beginning_can_be_restored(evm: Evm, probe_code: bytes) -> None:
    start = evm.snapshot()
    address = evm.deploy(probe_code)
    evm.restore(start)
    assert evm.code(address) == b""
    assert evm.deploy(probe_code) == address


def test_at_most_64_snapshots_are_open(evm: Evm, probe: Interface, address: str) -> None:
    first, *_ = [evm.snapshot() for _ in range(64)]
    with pytest.raises(EvmError, match="too many open snapshots: 64"):
        evm.snapshot()
    assert do(evm, probe, address, "make").ok
    evm.restore(first)
    assert do(evm, probe, address, "make").ok


def test_recycling_keeps_contracts_and_nothing_else(evm: Evm, probe: Interface, probe_code: bytes) -> None:
    addresses = [evm.deploy(probe_code) for _ in range(2)]
    evm.warp(START_TIME + 7)
    taken = evm.snapshot()
    for address in addresses:
        do(evm, probe, address, "note", ID, 1, value=5)
    evm.recycle()
    assert evm.timestamp == START_TIME
    assert {evm.balance(account) for account in (evm.deployer, *evm.accounts)} == {FUNDS}
    for address in addresses:
        assert evm.balance(address) == 0
        assert read_word(do(evm, probe, address, "note", ID, 1).output, 0) == 1
    with pytest.raises(EvmError, match="no longer exists"):
        evm.restore(taken)
    assert evm.deploy(probe_code) not in addresses


def test_an_unknown_machine_is_named() -> None:
    with pytest.raises(EvmError, match="'geth'"):
        open_evm("geth")


@pytest.mark.parametrize("open_machine", [lambda: open_evm("py-evm"), open_reference])
def test_a_machine_with_exact_gas_refuses_strangers(open_machine: Callable[[], Evm]) -> None:
    evm = open_machine()
    stranger = "0x" + "11" * 20
    with pytest.raises(EvmError, match="not an account of this chain"):
        evm.transact(stranger, evm.accounts[0], b"")


def test_the_reference_machine_does_without_native_signatures() -> None:
    script = """
from parley.chain.backends import open_evm
evm = open_evm("py-evm")
print(evm.transact(evm.accounts[0], evm.accounts[1], b"", value=1).gas_used)
"""
    environment = os.environ | {"ECC_BACKEND_CLASS": "eth_keys.backends.NativeECCBackend"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.split() == ["21000"]


# ── the same on all ─────────────────────────────────────────────────────────────────────────────────────────


Action = tuple[str, tuple[Any, ...], int]

texts = st.binary(max_size=70)
small = st.integers(0, 5)
actions: st.SearchStrategy[Action] = st.one_of(
    st.tuples(st.just("note"), st.tuples(st.binary(min_size=32, max_size=32), small), small),
    st.tuples(
        st.just("name"), st.tuples(st.text(max_size=40), st.integers(-(2**127), 2**127 - 1)), st.just(0)
    ),
    st.tuples(st.just("bad"), st.tuples(st.integers(0, 2**256 - 1), texts), small),
    st.tuples(st.just("raw"), st.tuples(texts), st.integers(0, 1)),
    st.tuples(st.just("divide"), st.tuples(small), st.just(0)),
    st.tuples(st.sampled_from(["halt", "environment", "marked", "count"]), st.just(()), st.integers(0, 1)),
    st.tuples(st.just("make"), st.just(()), small),
    st.tuples(st.just("pay"), st.tuples(st.integers(0, 63), small), st.just(0)),
    st.tuples(st.just("warp"), st.tuples(st.integers(0, 10**6)), st.just(0)),
)
scripts = st.lists(
    st.tuples(st.integers(0, 63), st.booleans(), st.booleans(), actions), min_size=1, max_size=25
)


def play(
    evm: Evm, probe: Interface, code: bytes, script: list[tuple[int, bool, bool, Action]], gas: list[int]
) -> list[Any]:
    """Return everything that can be seen of a script: receipts, logs, balances, time; gas goes to `gas`."""
    contracts = [evm.deploy(code), evm.deploy(code)]
    seen: list[Any] = [*contracts, [evm.code(address) for address in contracts]]
    for sender, second, only_call, (function, args, value) in script:
        if function == "warp":
            evm.warp(evm.timestamp + args[0])
            continue
        named = (evm.accounts[args[0]], args[1]) if function == "pay" else args
        use = evm.call if only_call else evm.transact
        receipt = use(evm.accounts[sender], contracts[second], probe.encode(function, *named), value)
        seen.append((receipt.ok, receipt.output, receipt.logs))
        if not only_call:
            gas.append(receipt.gas_used)
        if function == "make" and receipt.ok:
            child = "0x" + receipt.output[-20:].hex()
            seen.append((evm.code(child), evm.balance(child)))
    seen += [evm.balance(address) for address in (*contracts, evm.deployer, *evm.accounts)]
    return [*seen, evm.timestamp]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=scripts)
def test_any_script_looks_the_same_on_all(
    probe: Interface, probe_code: bytes, script: list[tuple[int, bool, bool, Action]]
) -> None:
    gas: dict[str, list[int]] = {"fast": [], "tester": [], "reference": []}
    machines = zip(gas.values(), (open_evm("revm"), open_evm("py-evm"), open_reference()), strict=True)
    fast, tester, reference = (play(evm, probe, probe_code, script, used) for used, evm in machines)
    assert fast == tester == reference
    assert gas["tester"] == gas["reference"]


def test_a_script_with_everything_looks_the_same_on_all(
    machines: tuple[Evm, Evm, Evm], probe: Interface, probe_code: bytes
) -> None:
    everything: list[Action] = [
        ("note", (ID, 1), 5),
        ("make", (), 4),
        ("pay", (7, 3), 0),
        ("pay", (7, 3), 0),
        ("bad", (2**256 - 1, bytes(range(256))), 2),
        ("raw", (b"\xde\xad",), 0),
        ("warp", (3600,), 0),
        ("environment", (), 0),
        ("make", (), 0),
        ("name", ("…", -1), 0),
        ("halt", (), 0),
        ("marked", (), 0),
        ("marked", (), 0),
    ]
    script = [
        (seat, False, called, action) for called in (False, True) for seat, action in enumerate(everything)
    ]
    gas: list[list[int]] = [[], [], []]
    fast, tester, reference = (
        play(evm, probe, probe_code, script, used) for evm, used in zip(machines, gas, strict=True)
    )
    assert fast == tester == reference
    assert gas[1] == gas[2]
    assert min(gas[1]) >= 21_000
    verdicts = [entry[0] for entry in fast if isinstance(entry, tuple) and len(entry) == 3]
    assert verdicts.count(True) == 15
    assert verdicts.count(False) == 9
