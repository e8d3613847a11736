"""Games of seats as tests of what they all share see them: calls by name, whatever the mechanism."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch

from parley.chain.abi import DecodedEvent, Interface
from parley.core.randomness import word
from parley.mechanisms.coordination.game import Phase
from tests.assignment import on_chain as lottery
from tests.coordination import table as coordination
from tests.guarantees import on_chain as dispatch
from tests.kit.rig.coding import Coder
from tests.kit.rig.on_chain import contracts, receivers
from tests.screening import on_chain as market
from tests.team import on_chain as project

Act = Callable[[Any, int], object]
"""Carries an action out at a table, by a seat; where it is one seat's turn, by that one."""


class Mechanism(NamedTuple):
    """What a mechanism says of its game of three seats."""

    contract: str
    table: Callable[[], Any]
    """A game, not yet created."""
    create: Callable[..., object]
    """Creates it at a table, with changes to its parameters by name."""
    acts: Mapping[str, tuple[int, Act]]
    """Actions before the end, in order, with their phases.

    If one of them opens secrets, the first one pays and commits to them.
    """
    over: int
    """The first phase that ends a game."""
    lapsed: int
    """The phase of a game that expired."""
    windows: tuple[int, int]
    fewest: int
    """Agents at least."""
    taken: Mapping[str, str]
    """Errors of what a seat does a second time."""
    sit: Callable[[Any, str], object]
    """Lets an address hold the last seat."""
    goes_on: Mapping[str, int] = MappingProxyType({})
    """Actions after whose phases, when they expire, another one follows than `lapsed`."""
    others: frozenset[str] = frozenset({"post"})
    """Actions that are no seat's."""
    opens: str = "reveal"
    """The action that opens what the first one commits to; empty if it commits to nothing."""
    bare: frozenset[str] = frozenset()
    """Actions that name no digest."""
    expires: Mapping[int, Act] = MappingProxyType({})
    """How a stranger ends a phase that `expire` does not end."""
    pays: frozenset[str] = frozenset()
    """Other functions than the first action that take money."""
    payees: int = 3
    """Seats, and who else withdraws."""
    unpaid: frozenset[int] = frozenset()
    """Payees who are owed nothing if all goes well."""
    withdraw: Act | None = None
    """None where nobody pays."""
    blameless: int = 0
    """A phase in which seats 1 and 2 are not due."""


_WINDOWS = {"join_window": "choosing_window", "action_window": "posting_window"}
_ENROLLING = {"join_window": "enrol_window"}
_FORMING = {"join_window": "form_window", "action_window": "work_window"}
_DRAWN = replace(dispatch.DRAWN, max_min=False, attest_window=dispatch.ACTION_WINDOW)

MECHANISMS = {
    "coordination": Mechanism(
        "TwoStageMechanism",
        coordination.Table,
        lambda at, **changes: at.create(replace(at.parameters, **changes)),
        {
            "join": (Phase.JOINING, lambda at, seat: at.join(seat)),
            "announce": (
                Phase.ANNOUNCING,
                lambda at, _: at.announce(turn := at.state.turn, at.rows[turn]),
            ),
            "reveal": (Phase.REVEALING, lambda at, seat: at.reveal(seat)),
            "propose": (Phase.PROPOSING, lambda at, _: at.propose(at.own_costs())),
            "respond": (Phase.RESPONDING, lambda at, _: at.respond(True)),
        },
        withdraw=lambda at, seat: at.withdraw(seat),
        over=Phase.SETTLED,
        lapsed=Phase.SETTLED + 1,
        blameless=Phase.ANNOUNCING,
        windows=(coordination.JOIN_WINDOW, coordination.ACTION_WINDOW),
        fewest=2,
        taken={"join": "AlreadyJoined", "reveal": "AlreadyRevealed"},
        sit=lambda at, to: setattr(at, "parameters", replace(at.parameters, agents=(*at.seats[:2], to))),
    ),
    "assignment": Mechanism(
        "AssignmentLottery",
        lambda: lottery.Table(lottery.RANKINGS, lottery.CAPACITIES, lottery.EATING),
        lambda at, **changes: at.create(**changes),
        {
            "commit": (lottery.COMMITTING, lambda at, seat: at.commit(seat)),
            "reveal": (lottery.REVEALING, lambda at, seat: at.reveal(seat)),
            "post": (lottery.POSTING, lambda at, _: at.post(at.certificate())),
            "open": (lottery.OPENING, lambda at, seat: at.open(seat)),
        },
        withdraw=lambda at, seat: at.withdraw(seat),
        over=lottery.DRAWN,
        lapsed=lottery.DRAWN + 1,
        blameless=lottery.POSTING,
        windows=(lottery.JOIN_WINDOW, lottery.ACTION_WINDOW),
        fewest=1,
        taken={"commit": "AlreadyCommitted", "reveal": "AlreadyRevealed", "open": "AlreadyOpened"},
        sit=lambda at, to: at.seats.__setitem__(2, to),
    ),
    "screening": Mechanism(
        "RayMarket",
        market.Table,
        lambda at, **changes: at.create(**{_WINDOWS.get(name, name): it for name, it in changes.items()}),
        {
            "choose": (market.CHOOSING, lambda at, seat: at.choose(seat)),
            "post": (market.POSTING, lambda at, _: at.post()),
        },
        over=market.SETTLED,
        lapsed=market.SETTLED + 1,
        windows=(market.CHOOSING_WINDOW, market.POSTING_WINDOW),
        fewest=1,
        taken={"choose": "AlreadyChosen"},
        sit=lambda at, to: at.seats.__setitem__(2, to),
        goes_on={"choose": market.SETTLED},
        opens="",
    ),
    "guarantees": Mechanism(
        "GuaranteedDispatch",
        lambda: dispatch.Table(_DRAWN),
        lambda at, **changes: at.create(**{_ENROLLING.get(name, name): it for name, it in changes.items()}),
        {
            "enrol": (dispatch.ENROLLING, lambda at, seat: at.enrol(seat)),
            "register": (dispatch.REGISTERING, lambda at, _: at.register()),
            "post": (dispatch.POSTING, lambda at, _: at.post()),
            "open": (dispatch.OPENING, lambda at, seat: at.open(seat)),
            "attest": (dispatch.ATTESTING, lambda at, _: at.attest()),
        },
        withdraw=lambda at, payee: at.withdraw(payee),
        over=dispatch.SETTLED,
        lapsed=dispatch.LAPSED,
        blameless=dispatch.REGISTERING,
        windows=(dispatch.ENROL_WINDOW, dispatch.ACTION_WINDOW),
        fewest=1,
        taken={"enrol": "AlreadyEnrolled", "open": "AlreadyRevealed"},
        sit=lambda at, to: at.seats.__setitem__(2, to),
        goes_on={"open": dispatch.ATTESTING, "attest": dispatch.SETTLED},
        others=frozenset({"register", "post", "attest"}),
        opens="open",
        expires={dispatch.ATTESTING: lambda at, _: at.settle()},
        pays=frozenset({"create", "post", "challenge"}),
        payees=4,
    ),
    "team": Mechanism(
        "TeamContract",
        lambda: project.Table(project.ALIKE),
        lambda at, **changes: at.create(**{_FORMING.get(name, name): it for name, it in changes.items()}),
        {
            "accept": (project.FORMING, lambda at, seat: at.accept(seat)),
            "vouch": (project.FORMING, lambda at, _: at.vouch()),
            "report": (project.WORKING, lambda at, _: at.report()),
        },
        withdraw=lambda at, payee: at.withdraw(payee),
        over=project.SETTLED,
        lapsed=project.LAPSED,
        blameless=project.WORKING,
        windows=(project.FORM_WINDOW, project.WORK_WINDOW),
        fewest=1,
        taken={"accept": "AlreadyAccepted"},
        sit=lambda at, to: at.seats.__setitem__(2, to),
        goes_on={"accept": project.DISSOLVED, "vouch": project.DISSOLVED},
        others=frozenset({"vouch", "report"}),
        opens="",
        bare=frozenset({"report"}),
        pays=frozenset({"create", "vouch"}),
        payees=5,
        # Success pays the team from the principal's escrow.
        unpaid=frozenset({3}),
    ),
}
PAYING = [kind for kind, mechanism in MECHANISMS.items() if mechanism.withdraw]
"""Mechanisms that hold money."""
BONDED = [kind for kind in PAYING if MECHANISMS[kind].opens]
"""Mechanisms in which seats pay, and commit to secrets."""


class Call(NamedTuple):
    """What somebody signs: a function of the contract and its arguments, by name."""

    sender: str
    function: str
    args: Mapping[str, Any]
    value: int = 0

    def but(self, **changes: Any) -> "Call":  # noqa: ANN401 - of any type
        """The same with other arguments, another `sender` or another `value`."""
        own = {name: changes.pop(name) for name in ("sender", "value") if name in changes}
        return self._replace(args={**self.args, **changes}, **own)


class Answer(NamedTuple):
    """What became of a call; `error` is a name and arguments, empty if it failed without a reason."""

    ok: bool
    error: tuple[Any, ...]
    events: Sequence[DecodedEvent]
    output: bytes


class Seated:
    """One game of a mechanism, played to a phase; 0: not created."""

    def __init__(self, kind: str, phase: int = 0) -> None:
        self.mechanism = mechanism = MECHANISMS[kind]
        self.phases = {name: phase for name, (phase, _) in mechanism.acts.items()}
        self.first, self.over = next(iter(self.phases)), mechanism.over
        self.pays = mechanism.withdraw is not None
        self.payees = range(mechanism.payees)
        self.paid = [payee for payee in self.payees if payee not in mechanism.unpaid]
        self.table = mechanism.table()
        self.evm, self.address = self.table.evm, self.table.address
        self.stranger: str = self.evm.accounts[-1]
        self.abi = contracts()[mechanism.contract].abi
        self.coder = Coder(self.abi)
        self.interface = Interface(self.abi, *(artifact.abi for artifact in receivers().values()))
        self._contracts: set[str] = set()
        if phase:
            self.play_to(phase)

    @property
    def id(self) -> bytes:
        return bytes(self.table.id)

    @property
    def phase(self) -> int:
        return int(self.table.phase)

    @property
    def digest(self) -> bytes:
        return bytes(self.table.digest)

    @property
    def balance(self) -> int:
        return int(self.evm.balance(self.address))

    def play_to(self, phase: int) -> "Seated":
        self.table.play_to(phase)
        return self

    def late(self, seconds: int) -> int:
        """Move to so many seconds after the deadline, and return that."""
        deadline = int(self.table.deadline)
        self.evm.warp(deadline + seconds)
        return deadline

    def expired(self, act: str) -> int:
        """The phase in which a game ends that expires in the phase of an action."""
        return self.mechanism.goes_on.get(act, self.mechanism.lapsed)

    def again(self) -> "Seated":
        """Turn to another game of the same agents and contract."""
        self.table.salt = word(77)
        return self

    def ask(self, function: str, *args: Any) -> Any:  # noqa: ANN401 - of any type
        """Call a view with one answer."""
        receipt = self.evm.call(self.stranger, self.address, self.interface.encode(function, *args))
        return self.interface.decode_output(function, receipt.output)[0]

    # ── signing ────────────────────────────────────────────────────────────────────────────────────

    def act(self, name: str, seat: int = 0) -> object:
        """Carry an action out."""
        acts = {k: act for k, (_, act) in self.mechanism.acts.items()}
        if self.mechanism.withdraw is not None:
            acts["withdraw"] = self.mechanism.withdraw
        return acts[name](self.table, seat)

    def call(self, name: str, seat: int = 0) -> Call:
        """What has to be signed now for an action, without sending it."""
        return self._caught(lambda: self.act(name, seat))

    def creation(self, **changes: Any) -> Call:  # noqa: ANN401 - of any type
        """What creates the game."""
        return self._caught(lambda: self.mechanism.create(self.table, **changes))

    def expiry(self) -> Call:
        """How a stranger ends a phase."""
        if self.phase in (ways := self.mechanism.expires):
            return self._caught(lambda: ways[self.phase](self.table, 0))
        return Call(self.stranger, "expire", {"id": self.id})

    def _caught(self, act: Callable[[], object]) -> Call:
        found: list[Call] = []

        def catch(sender: str, method: str, *args: Any, value: int = 0) -> None:  # noqa: ANN401
            (entry,) = (one for one in self.abi if one["type"] == "function" and one["name"] == method)
            names = [parameter["name"].rstrip("_") for parameter in entry["inputs"]]
            names = ["seat" if name == "payee" else name for name in names]
            found.append(Call(sender, method, dict(zip(names, args, strict=True)), value))
            raise InterruptedError

        with patch.object(self.table, "do", catch), suppress(InterruptedError):
            act()
        return found[0]

    # ── sending ────────────────────────────────────────────────────────────────────────────────────

    def data(self, call: Call) -> bytes:
        return self.coder.call_data(call.function, *call.args.values())

    def send(self, call: Call) -> Answer:
        return self.send_data(call.sender, self.data(call), call.value)

    def send_data(self, sender: str, data: bytes, value: int = 0) -> Answer:
        """Send a transaction; one by a contract that holds a seat goes through the contract."""
        to = self.address
        if sender in self._contracts:
            sender, to, data = self.stranger, sender, self.interface.encode("execute", to, data)
        receipt = self.evm.transact(sender, to, data, value)
        error = None if receipt.ok else self.interface.decode_error(receipt.output)
        events = [self.interface.decode_event(log.topics, log.data) for log in receipt.logs]
        reason = (error.name, *error.args) if error is not None and error.name else ()
        return Answer(receipt.ok, reason, [event for event in events if event], receipt.output)

    def went(self, call: Call) -> Answer:
        """Insist that a call succeeds."""
        answer = self.send(call)
        assert answer.ok, answer.error
        return answer

    def hold_last_seat_by(self, name: str) -> str:
        """Let a contract hold the last seat, and all that this seat does go through it."""
        address = str(self.evm.deploy(receivers()[name].bytecode))
        self.mechanism.sit(self.table, address)
        self._contracts.add(address)
        directly = self.table.do

        def do(sender: str, method: str, *args: Any, value: int = 0) -> Any:  # noqa: ANN401
            if sender != address:
                return directly(sender, method, *args, value=value)
            answer = self.send_data(sender, self.coder.call_data(method, *args), value)
            return SimpleNamespace(**answer._asdict())

        self.table.do = do
        return address

    def recorded(self) -> list[tuple[str, bytes, int, int]]:
        """All that is sent from now on: sender, calldata, value, and the contract's balance after it."""
        sent: list[tuple[str, bytes, int, int]] = []
        directly = self.table.do

        def do(sender: str, method: str, *args: Any, value: int = 0) -> Any:  # noqa: ANN401
            outcome = directly(sender, method, *args, value=value)
            sent.append((sender, self.coder.call_data(method, *args), value, self.balance))
            return outcome

        self.table.do = do
        return sent
