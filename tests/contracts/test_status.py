"""A change of a game's status changes the fields that it speaks of, and leaves every other bit."""

from functools import cache
from random import Random

import pytest

from parley.chain.abi import Interface
from parley.chain.backends import open_evm
from parley.chain.evm import Evm
from tests.kit.rig.on_chain import harnesses

FIELDS = {
    "phase": 8,
    "cause": 8,
    "turn": 8,
    "drawn": 8,
    "lapsed": 8,
    "round": 16,
    "deadline": 40,
    "page": 160,
}
"""Bits of each field, the lowest first."""
CHANGES = {
    "withPhase": ("phase",),
    "withTurn": ("turn",),
    "withDrawn": ("drawn",),
    "withRound": ("round",),
    "entering": ("phase", "deadline"),
    "ended": ("phase", "cause"),
    "expired": (),
}
"""The fields that each change is given."""


@cache
def harness() -> tuple[Evm, str, Interface]:
    evm = open_evm("revm")
    artifact = harnesses()["StatusHarness"]
    return evm, evm.deploy(artifact.bytecode), Interface(artifact.abi)


def packed(fields: dict[str, int]) -> int:
    word, shift = 0, 0
    for name, bits in FIELDS.items():
        word |= fields[name] << shift
        shift += bits
    return word


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_leaves_every_other_bit(change: str) -> None:
    evm, address, interface = harness()
    dice = Random(change)
    for number in range(40):
        # All ones and all zeros first, so that a mask that is a bit too short or too long shows.
        kind = number % 4
        fields = {
            name: (0, 2**bits - 1, dice.getrandbits(bits), dice.getrandbits(bits))[kind]
            for name, bits in FIELDS.items()
        }
        given = {
            name: (2 ** FIELDS[name] - 1, 0, dice.getrandbits(FIELDS[name]), 0)[kind]
            for name in CHANGES[change]
        }
        expected = fields | given
        if change == "entering":
            expected["turn"] = 0
        if change == "expired":
            expected["lapsed"] = fields["phase"]
        receipt = evm.transact(
            evm.deployer, address, interface.encode(change, packed(fields), *given.values())
        )
        assert receipt.ok
        assert interface.decode_output(change, receipt.output)[0] == packed(expected)
