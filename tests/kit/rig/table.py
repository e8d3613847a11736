"""One game on the real contract: a thin driver, for tests that play it by hand."""

from __future__ import annotations

from collections import namedtuple
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from parley.chain.abi import DecodedError, DecodedEvent, python_name
from parley.core.randomness import game_id, word
from parley.kit.reference import Event, Revert
from tests.backends import open_backend
from tests.kit.rig.coding import Coder, Log
from tests.kit.rig.on_chain import contracts, receivers

if TYPE_CHECKING:
    from parley.chain.evm import Evm


@cache
def coder_of(contract: str) -> Coder:
    """How to talk to a contract, and to what it pays."""
    return Coder(contracts()[contract].abi, *(artifact.abi for artifact in receivers().values()))


class Done(NamedTuple):
    """What became of a call."""

    ok: bool
    error: DecodedError | None
    """Why it failed."""
    events: tuple[DecodedEvent, ...]
    output: bytes
    gas: int
    logs: tuple[Log, ...]

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
    address : str
        Of the contract, if it is there already.
    """

    contract: ClassVar[str]

    def __init__(self, seats: int, evm: str | Evm, address: str = "") -> None:
        self.evm = open_backend(evm) if isinstance(evm, str) else evm
        self.address = address or self.evm.deploy(contracts()[self.contract].bytecode)
        self.coder = coder_of(self.contract)
        self.interface = self.coder.interface
        self.seats = list(self.evm.accounts[:seats])
        self.creator, self.stranger = self.evm.deployer, self.evm.accounts[-1]
        self.salt = word(7)

    @property
    def id(self) -> bytes:
        """The game's id."""
        return game_id(self.evm.chain_id, self.address, self.creator, self.salt)

    # ── calls ──────────────────────────────────────────────────────────────────────────────────────

    def do(self, sender: str, function: str, *args: Any, value: int = 0) -> Done:  # noqa: ANN401 - of any type
        """Send a transaction."""
        return self.send(sender, self.coder.call_data(function, *args), value)

    def send(self, sender: str, data: bytes, value: int = 0, to: str = "") -> Done:
        """Send a transaction that is coded already."""
        receipt = self.evm.transact(sender, to or self.address, data, value)
        error = None if receipt.ok else self.interface.decode_error(receipt.output)
        events = [self.interface.decode_event(log.topics, log.data) for log in receipt.logs]
        logs = tuple(Log(log.topics, log.data) for log in receipt.logs)
        return Done(receipt.ok, error, tuple(filter(None, events)), receipt.output, receipt.gas_used, logs)

    def by_seat(self, action: str, seat: int, **given: Any) -> Done:  # noqa: ANN401 - of any type
        """Let a seat act, or a `sender` for it: the digest is the game's, unless another is given."""
        known = {
            "seat": seat,
            "digest": self.digest,
            "to": self.seats[seat],
            "sender": self.seats[seat],
        } | given
        (entry,) = (one for one in self.coder.abi if (one["type"], one.get("name")) == ("function", action))
        args = [known[python_name(one["name"]).strip("_")] for one in entry["inputs"][1:]]
        sender, value = given.get("sender", self.seats[seat]), given.get("value", 0)
        return self.do(sender, action, self.id, *args, value=value)

    def expire(self, sender: str = "") -> Done:
        """End the phase, by somebody who has no part in it."""
        return self.do(sender or self.stranger, "expire", self.id)

    # ── expecting ──────────────────────────────────────────────────────────────────────────────────

    def expect(self, done: Done, name: str, *arguments: object) -> None:
        """Hold a refusal against the error that it must give."""
        assert not done.ok, f"went through instead of {name}{arguments}"
        expected = self.coder.revert_data(Revert(name, *arguments))
        assert done.output == expected, f"{done.error}, not {name}{arguments}"

    def emitted(self, done: Done, *events: tuple[Any, ...]) -> None:
        """Hold the events of a call against those it must emit: each a name and fields after the id."""
        assert done.ok
        assert done.logs == tuple(self.coder.log(Event(name, (self.id, *rest))) for name, *rest in events)

    # ── views ──────────────────────────────────────────────────────────────────────────────────────

    def ask(self, function: str, *args: Any) -> Any:  # noqa: ANN401 - of any type
        """Call a view."""
        receipt = self.evm.call(self.stranger, self.address, self.interface.encode(function, *args))
        assert receipt.ok, self.interface.decode_error(receipt.output)
        answers = self.interface.decode_output(function, receipt.output)
        return answers[0] if len(answers) == 1 else answers

    @property
    def state(self) -> Any:  # noqa: ANN401 - a tuple with the names that the interface gives
        """Where the game stands."""
        (entry,) = (one for one in self.coder.abi if (one["type"], one.get("name")) == ("function", "state"))
        outputs = entry["outputs"]
        fields = outputs if len(outputs) > 1 else outputs[0]["components"]
        names = [python_name(one["name"]) for one in fields]
        return namedtuple("State", names)(*self.ask("state", self.id))  # noqa: PYI024 - of any names

    @property
    def phase(self) -> int:
        """Number of the phase."""
        return int(self.state.phase)

    @property
    def deadline(self) -> int:
        """Of the phase."""
        return int(self.state.deadline)

    @property
    def digest(self) -> bytes:
        """Of the game."""
        state = self.state
        found: bytes = state.digest if hasattr(state, "digest") else self.ask("digestOf", self.id)
        return found

    @property
    def balance(self) -> int:
        """Of the contract."""
        return self.evm.balance(self.address)

    def burnt(self) -> int:
        """Lost bonds in the contract."""
        return int(self.ask("burnt"))

    # ── time ───────────────────────────────────────────────────────────────────────────────────────

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.evm.warp(self.evm.timestamp + seconds)

    def late(self, seconds: int) -> int:
        """Move to so many seconds after the deadline, and return it."""
        deadline = self.deadline
        self.evm.warp(deadline + seconds)
        return deadline

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
