"""A real contract on a real machine, as a subject to be compared with its model."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from parley.chain.compiler import Artifact, compile_contracts, compile_sources
from parley.chain.evm import Evm
from parley.kit.reference import Event, ReferenceModel, Revert
from parley.kit.verify.contract import Declared, Question, questions
from parley.kit.verify.decoder import Decoder
from tests.kit.rig.coding import Coder, Log
from tests.kit.rig.moves import Call

PAYEES = ("0x" + "d1" * 20, "0x" + "d2" * 20)
"""Receivers that are nobody's account."""


@cache
def contracts() -> Mapping[str, Artifact]:
    """The tree's own contracts."""
    return compile_contracts()


@cache
def receivers() -> Mapping[str, Artifact]:
    """Contracts that take money, or do not."""
    return compile_sources({"tests/contracts/Receivers.sol": None})


@cache
def harnesses() -> Mapping[str, Artifact]:
    """Libraries that can be called from outside."""
    files = ("CertificatesHarness", "DrawsHarness", "StatusHarness", "StorageHarness")
    return compile_sources({f"tests/contracts/{name}.sol": None for name in files})


class Outcome(NamedTuple):
    """What a call came to."""

    ok: bool
    output: bytes
    """What was returned, or the revert data."""
    logs: tuple[Log, ...]


class OnChain:
    """One contract of many games, and those who call it.

    Parameters
    ----------
    mechanism : Mechanism
    evm : Evm
        A new machine.
    contract : Artifact, optional
        What to deploy instead of the tree's contract.
    errors : iterable of Artifact
        Other contracts whose errors may come through.
    accounts : int
        How many accounts take part.
    """

    def __init__(
        self,
        mechanism: Declared,
        evm: Evm,
        contract: Artifact | None = None,
        errors: Iterable[Artifact] = (),
        accounts: int = 6,
    ) -> None:
        contract = contract or contracts()[mechanism.contracts[0]]
        self.mechanism = mechanism
        self.evm = evm
        self.chain_id = evm.chain_id
        self.fast = evm.name == "revm"
        self.accounts: Sequence[str] = evm.accounts[:accounts]
        self.address = evm.deploy(contract.bytecode)
        refusing = evm.deploy(receivers()["Refusing"].bytecode)
        self.refusing: Mapping[str, Revert] = {refusing: Revert("FailedCall")}
        self.payees: Sequence[str] = [*PAYEES, self.accounts[0], refusing]
        model = mechanism.verifier().contract
        self.decoder = Decoder(contract.abi, model.words, model.opening)
        self.coder = Coder(contract.abi, *(artifact.abi for artifact in errors))

    def model(self) -> ReferenceModel[Any]:
        """Return a model of the contract, without games."""
        return self.mechanism.verifier().contract(self.chain_id, self.address)

    def views(self, model: ReferenceModel[Any], game: Any) -> Iterator[Question]:  # noqa: ANN401 - the model's
        """Every view of a game, with the answer that the model gives."""
        yield from questions(self.decoder, model, game)
        if "burnt" in self.decoder.views:
            yield Question("burnt", self.decoder.question("burnt"), self.decoder.answer("burnt", model.burnt))

    def fresh(self) -> None:
        """Forget everything that happened after deployment."""
        self.evm.recycle()

    def now(self) -> int:
        """Timestamp of the latest block."""
        return self.evm.timestamp

    def do(self, sender: str, method: str, *args: Any, value: int = 0) -> Outcome:  # noqa: ANN401 - of any type
        """Make a call now."""
        return self.execute(Call(sender, method, args, value), self.evm.timestamp)

    def execute(self, call: Call, timestamp: int) -> Outcome:
        """Make the call in a block of that timestamp."""
        self.evm.warp(timestamp)
        data = self.coder.call_data(call.method, *call.args)
        receipt = self.evm.transact(call.sender, self.address, data, call.value)
        logs = tuple(Log(log.topics, log.data) for log in receipt.logs)
        return Outcome(receipt.ok, receipt.output, logs)

    def ask(self, question: bytes) -> bytes:
        """Call a view."""
        receipt = self.evm.call(self.accounts[0], self.address, question)
        assert receipt.ok, f"the view {question.hex()} reverts with {self.coder.show_revert(receipt.output)}"
        return receipt.output

    def balance(self, account: str) -> int:
        """Wei that an account has, gas aside."""
        return self.evm.balance(account)

    def logs(self, *events: Event) -> tuple[Log, ...]:
        """What these events leave on the chain."""
        return tuple(self.coder.log(event) for event in events)

    def shown(self, outcome: Outcome) -> str:
        """An outcome for a person."""
        if not outcome.ok:
            return f"reverts with {self.coder.show_revert(outcome.output)}"
        return f"gives {outcome.output.hex()} and {outcome.logs}"
