"""One game on the real contract: a thin driver, for tests that play it by hand."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from parley.chain.abi import DecodedError, DecodedEvent, Interface
from parley.core.randomness import game_id, word
from tests.backends import open_backend
from tests.kit.rig.on_chain import contracts, receivers

if TYPE_CHECKING:
    from parley.chain.evm import Evm


@cache
def interface_of(contract: str) -> Interface:
    """How to talk to a contract, and to what it pays."""
    abis = [artifact.abi for artifact in receivers().values()]
    return Interface(contracts()[contract].abi, *abis)


class Done(NamedTuple):
    """What became of a call."""

    ok: bool
    error: DecodedError | None
    """Why it failed."""
    events: tuple[DecodedEvent, ...]
    output: bytes
    gas: int

    @property
    def names(self) -> list[str]:
        """Names of the events."""
        return [event.name for event in self.events]

    def event(self, name: str) -> dict[str, Any]:
        """Arguments of the one event of this name."""
        (found,) = (event.args for event in self.events if event.name == name)
        return found


class Table:
    """One game: its seats are the machine's first accounts, its creator the deployer.

    Parameters
    ----------
    seats : int
    evm : str or Evm
    """

    contract: ClassVar[str]

    def __init__(self, seats: int, evm: str | Evm) -> None:
        self.evm = open_backend(evm) if isinstance(evm, str) else evm
        self.address = self.evm.deploy(contracts()[self.contract].bytecode)
        self.interface = interface_of(self.contract)
        self.seats = list(self.evm.accounts[:seats])
        self.creator = self.evm.deployer
        self.salt = word(7)

    @property
    def id(self) -> bytes:
        """The game's id."""
        return game_id(self.evm.chain_id, self.address, self.creator, self.salt)

    # ── calls ──────────────────────────────────────────────────────────────────────────────────────

    def do(self, sender: str, function: str, *args: Any, value: int = 0) -> Done:  # noqa: ANN401 - of any type
        """Send a transaction."""
        return self.send(sender, self.interface.encode(function, *args), value)

    def send(self, sender: str, data: bytes, value: int = 0, to: str = "") -> Done:
        """Send a transaction that is coded already."""
        receipt = self.evm.transact(sender, to or self.address, data, value)
        error = None if receipt.ok else self.interface.decode_error(receipt.output)
        events = [self.interface.decode_event(log.topics, log.data) for log in receipt.logs]
        return Done(receipt.ok, error, tuple(filter(None, events)), receipt.output, receipt.gas_used)

    def expire(self) -> Done:
        """End the phase, by somebody who has no part in it."""
        return self.do(self.evm.accounts[-1], "expire", self.id)

    # ── views ──────────────────────────────────────────────────────────────────────────────────────

    def ask(self, function: str, *args: Any) -> Any:  # noqa: ANN401 - of any type
        """Call a view."""
        receipt = self.evm.call(self.creator, self.address, self.interface.encode(function, *args))
        assert receipt.ok, self.interface.decode_error(receipt.output)
        answers = self.interface.decode_output(function, receipt.output)
        return answers[0] if len(answers) == 1 else answers

    @property
    def state(self) -> tuple[int, ...]:
        """Where the game stands, the phase first."""
        found: tuple[int, ...] = self.ask("state", self.id)
        return found

    @property
    def phase(self) -> int:
        """Number of the phase."""
        return self.state[0]

    @property
    def deadline(self) -> int:
        """Of the phase."""
        raise NotImplementedError

    @property
    def digest(self) -> bytes:
        """Of the game."""
        found: bytes = self.ask("digestOf", self.id)
        return found

    @property
    def balance(self) -> int:
        """Of the contract."""
        return self.evm.balance(self.address)

    # ── time ───────────────────────────────────────────────────────────────────────────────────────

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.evm.warp(self.evm.timestamp + seconds)

    def to_deadline(self, *, past: int = 0) -> None:
        """Let time pass until the deadline, and so many seconds more."""
        self.evm.warp(self.deadline + past)


def members(bits: int) -> list[int]:
    """Seats whose bits are set."""
    return [seat for seat in range(bits.bit_length()) if bits >> seat & 1]


def went(done: Done) -> Done:
    """Insist that a call succeeded."""
    assert done.ok, done.error
    return done


def refused(done: Done) -> tuple[Any, ...]:
    """Insist that a call failed; name and arguments of the error."""
    assert not done.ok
    assert done.error is not None
    return (done.error.name, *done.error.args)
