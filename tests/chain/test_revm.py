"""What the fast machine must do by itself, because pyrevm leaves it to its user."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from parley.chain.evm import FUNDS, EvmError, Reverted
from parley.chain.revm import RevmEvm
from tests.chain.words import read_word

if TYPE_CHECKING:
    from parley.chain.abi import Interface

ID = bytes(32)


def test_running_out_of_gas_is_a_halt(probe: Interface, probe_code: bytes) -> None:
    evm = RevmEvm()
    address = evm.deploy(probe_code)
    with pytest.raises(Reverted) as caught:
        evm.send(evm.accounts[0], address, probe.encode("spin"))
    assert caught.value.data == b""


def test_anyone_may_send(probe: Interface, probe_code: bytes) -> None:
    evm = RevmEvm()
    address = evm.deploy(probe_code)
    stranger = "0x" + "11" * 20
    assert evm.transact(stranger, address, probe.encode("note", ID, 1)).ok
    with pytest.raises(EvmError, match="refused"):
        evm.transact(stranger, address, b"", value=1)


def test_failures_inside_snapshots_do_not_unbalance_them(probe: Interface, probe_code: bytes) -> None:
    evm = RevmEvm()
    address = evm.deploy(probe_code)
    note, bad = probe.encode("note", ID, 1), probe.encode("bad", 1, b"")
    for _ in range(3000):
        taken = evm.snapshot()
        evm.transact(evm.accounts[0], address, note, 1)
        evm.transact(evm.accounts[0], address, bad, 1)
        with pytest.raises(EvmError):
            evm.call(evm.accounts[0], address, note, 2 * FUNDS)
        evm.restore(taken)
    # The EVM's call depth is 1,024: were it not restored, creating and calling a contract would fail by now.
    assert evm.transact(evm.accounts[0], address, probe.encode("make")).ok
    assert read_word(evm.send(evm.accounts[0], address, note)[0], 0) == 1


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells its memory this way")
def test_recycling_gives_memory_back(probe: Interface, probe_code: bytes) -> None:
    evm = RevmEvm()
    address = evm.deploy(probe_code)
    note = probe.encode("note", ID, 1)

    def batch() -> None:
        for _ in range(40_000):
            evm.send(evm.accounts[0], address, note)
        evm.recycle()

    def pages() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1])

    batch()
    before = pages()
    for _ in range(5):
        batch()
    # Pages of 4 kB. Kept, 200,000 transactions would take some 30,000 of them.
    assert pages() - before < 8_000
