"""Constant data as code: what is written is there to the byte, and nothing else; it can be read in parts."""

from functools import cache
from random import Random
from typing import Any

import pytest

from parley.chain.abi import Interface
from parley.chain.backends import open_evm
from tests.kit.rig.gas import sent_with
from tests.kit.rig.on_chain import harnesses

LONGEST = 24_575


@cache
def interface() -> Interface:
    return Interface(harnesses()["StorageHarness"].abi)


class Harness:
    """The library on a machine of its own."""

    def __init__(self) -> None:
        self.evm = open_evm("revm")
        self.address = self.evm.deploy(harnesses()["StorageHarness"].bytecode)

    def call(self, function: str, *args: Any) -> Any:  # noqa: ANN401 - of any type
        receipt = self.evm.transact(self.evm.deployer, self.address, interface().encode(function, *args))
        assert receipt.ok
        return interface().decode_output(function, receipt.output)[0]


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 255, 256, 1_000, LONGEST])
def test_the_code_is_stop_and_the_data(length: int) -> None:
    harness = Harness()
    data = Random(length).randbytes(length)
    store = harness.call("write", data)
    assert harness.evm.code(store) == b"\0" + data
    # It does nothing when called.
    receipt = harness.evm.transact(harness.evm.deployer, store, b"")
    assert (receipt.ok, receipt.output) == (True, b"")


def test_data_are_read_from_any_byte_on() -> None:
    harness = Harness()
    data = bytes(range(1, 201))
    store = harness.call("write", data)
    for offset, length in ((0, 200), (0, 1), (1, 31), (7, 64), (199, 1), (50, 0)):
        assert harness.call("read", store, offset, length) == data[offset : offset + length]


def test_want_of_gas_is_no_data_but_a_failure() -> None:
    """With enough gas to go on without the data, but not to write them."""
    harness = Harness()
    call = interface().encode("write", b"\1" * LONGEST)
    sender, evm = harness.evm.deployer, harness.evm
    for gas in range(1_000_000, 5_000_000, 500_000):
        receipt = sent_with(evm, sender, harness.address, call, gas)
        assert (receipt.ok, receipt.output) == (False, b"")
    assert sent_with(evm, sender, harness.address, call, 10_000_000).ok
