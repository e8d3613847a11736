"""The real contract on a real machine, as a subject to be compared with the model."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from functools import cache
from typing import Any

from eth_abi.abi import encode

from sim.chain.compiler import Artifact, CompilerWarning, compile_contracts, compile_sources
from sim.chain.evm import Evm
from sim.coordination.game import Fraction
from sim.coordination.recognition import RECOGNITION, RecognitionFunction, Turn
from sim.randomness import keccak
from sim.reference import Event, Revert
from tests.coordination.coding import Coder, Log
from tests.coordination.contract_machine import Outcome
from tests.coordination.moves import Call

MECHANISM = "contracts/coordination/TwoStageMechanism.sol"

PAYEES = ("0x" + "d1" * 20, "0x" + "d2" * 20)
"""Receivers that are nobody's account."""


@cache
def contracts() -> Mapping[str, Artifact]:
    """The tree's own contracts."""
    return compile_contracts()


@cache
def attackers() -> Mapping[str, Artifact]:
    """Receivers and recognition functions that do what they should not."""
    return compile_sources(
        {"tests/contracts/Receivers.sol": None, "tests/contracts/FaultyRecognition.sol": None}
    )


def planted(overrides: Mapping[str, str]) -> Artifact:
    """The mechanism compiled from other sources than the tree's, whatever the compiler thinks of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompilerWarning)
        return compile_contracts(overrides=overrides, only=[MECHANISM])["TwoStageMechanism"]


def _repeating(turn: Turn) -> Fraction:
    turn_type = "(uint256,uint256,uint256,uint256,uint256[],uint256[],uint256[])"
    denominator = 2**32 - 1
    return int.from_bytes(keccak(encode([turn_type], [astuple(turn)]))) % denominator, denominator


def _refusing(turn: Turn) -> Fraction:
    raise Revert("NotToday", turn.agent)


def _remembering(_turn: Turn) -> Fraction:
    raise Revert("")  # a static call may not write, and says nothing when it does


SOUND: Mapping[str, RecognitionFunction] = {
    "PStarRecognition": RECOGNITION["p-star"],
    "EqualRecognition": RECOGNITION["equal"],
    "ContractProportionalRecognition": RECOGNITION["contract-proportional"],
    "AnnouncementProportionalRecognition": RECOGNITION["announcement-proportional"],
    "ReorderedRecognition": RECOGNITION["reordered"],
}

FAULTY: Mapping[str, RecognitionFunction] = {
    "AboveOneRecognition": lambda turn: (turn.remaining + 1, turn.remaining),
    "TooFineRecognition": lambda _: (1, 2**32),
    "HugeRecognition": lambda _: (2**255 + 1, 2**255 + 2),
    "FinestRecognition": lambda _: (2**32 - 2, 2**32 - 1),
    "NobodyRecognition": lambda _: (0, 0),
    "RefusingRecognition": _refusing,
    "RepeatingRecognition": _repeating,
    "RememberingRecognition": _remembering,
}


class OnChain:
    """One mechanism contract, its recognition functions, and those who call it.

    Parameters
    ----------
    evm : Evm
        A new machine.
    mechanism : Artifact, optional
        What to deploy instead of the tree's contract.
    accounts : int
        How many accounts take part.
    """

    def __init__(self, evm: Evm, mechanism: Artifact | None = None, accounts: int = 6) -> None:
        self.evm = evm
        self.chain_id = evm.chain_id
        self.fast = evm.name == "revm"
        self.accounts: Sequence[str] = evm.accounts[:accounts]
        artifacts = {**contracts(), **attackers()}
        if mechanism is not None:
            artifacts["TwoStageMechanism"] = mechanism
        self.artifacts = artifacts
        self.address = evm.deploy(artifacts["TwoStageMechanism"].bytecode)
        deployed = {name: evm.deploy(artifacts[name].bytecode) for name in (*SOUND, *FAULTY)}
        self.recognition = deployed
        """Addresses by name."""
        self.recognitions: Mapping[str, RecognitionFunction] = {
            deployed[name]: answer for name, answer in {**SOUND, **FAULTY}.items()
        }
        self.sound: Sequence[str] = [deployed[name] for name in SOUND]
        refusing = evm.deploy(artifacts["Refusing"].bytecode)
        self.refusing: Mapping[str, Revert] = {refusing: Revert("FailedCall")}
        self.payees: Sequence[str] = [*PAYEES, self.accounts[0], refusing]
        errors = [entry for name in attackers() for entry in artifacts[name].abi if entry["type"] == "error"]
        self.coder = Coder([*artifacts["TwoStageMechanism"].abi, *errors])

    def fresh(self) -> None:
        """Forget everything that happened after deployment."""
        self.evm.recycle()

    def now(self) -> int:
        return self.evm.timestamp

    def execute(self, call: Call, timestamp: int) -> Outcome:
        self.evm.warp(timestamp)
        data = self.coder.call_data(call.method, *call.args)
        receipt = self.evm.transact(call.sender, self.address, data, call.value)
        logs = tuple(Log(log.topics, log.data) for log in receipt.logs)
        return Outcome(receipt.ok, receipt.output, logs)

    def ask(self, question: bytes) -> bytes:
        receipt = self.evm.call(self.accounts[0], self.address, question)
        assert receipt.ok, f"the view {question.hex()} reverts with {self.coder.show_revert(receipt.output)}"
        return receipt.output

    def balance(self, account: str) -> int:
        return self.evm.balance(account)

    # ────────────────────────────────────── for directed tests ──────────────────────────────────────────

    def do(self, sender: str, method: str, *args: Any, value: int = 0) -> Outcome:  # noqa: ANN401 - of any type
        """Make a call now."""
        return self.execute(Call(sender, method, args, value), self.evm.timestamp)

    def logs(self, *events: Event) -> tuple[Log, ...]:
        """What these events leave on the chain."""
        return tuple(self.coder.log(event) for event in events)
