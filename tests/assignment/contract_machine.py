"""Model and contract driven with the same calls: legal, illegal, out of turn, by strangers, late.

Several lotteries are held at once. After every call the two are compared in all there is to see: whether it
went through, what it returned, the revert reason with its arguments, the events, every view of every lottery,
and all balances.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field
from random import Random
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sim.assignment.certificate import Certificate
from sim.assignment.lottery_state import Lottery
from sim.assignment.lottery_state import Phase as LotteryPhase
from sim.assignment.model import PLAYING, LotteryModel
from sim.assignment.parameters import Parameters
from sim.chain.compiler import Artifact, compile_contracts, compile_sources
from sim.chain.evm import Evm
from sim.randomness import Word, word
from sim.reference import Event, Revert
from tests.assignment.moves import METHODS, Call, Moves, call_model, parameters, spoiled
from tests.assignment.on_chain import interface

LOTTERIES_AT_ONCE = 3
BATCH = 10

# Entropy in small pieces: of long byte strings and large integers the framework likes a few far too much.
seeds = st.lists(st.integers(0, 255), min_size=4, max_size=4).map(bytes)
salts = st.lists(st.integers(0, 255), min_size=16, max_size=16).map(bytes)


class Outcome(NamedTuple):
    """What a call came to: what it returned and emitted, or why it failed."""

    ok: bool
    output: object
    events: tuple[tuple[object, ...], ...] = ()


class MismatchError(AssertionError):
    """Contract and model differ."""


class Subject:
    """The lottery contract on a machine, and those who call it.

    Parameters
    ----------
    evm : Evm
        A new machine.
    contract : Artifact, optional
        What to deploy instead of the tree's contract.
    """

    def __init__(self, evm: Evm, contract: Artifact | None = None) -> None:
        self.evm = evm
        self._home = evm.deploy((contract or compile_contracts()["AssignmentLottery"]).bytecode)
        self.address = self._home.lower()
        receivers = compile_sources({"tests/contracts/Receivers.sol": None})
        self.refusing = evm.deploy(receivers["Refusing"].bytecode).lower()
        self._spelt = {account.lower(): account for account in evm.accounts[:6]}
        self.accounts = tuple(self._spelt)
        self.payees = ("0x" + "d1" * 20, self.accounts[0], self.refusing)

    def execute(self, call: Call, timestamp: int) -> Outcome:
        """Make the call in a block of that timestamp."""
        self.evm.warp(timestamp)
        args = [_plain(argument) for argument in call.args]
        data = interface().encode(call.method, *args)
        receipt = self.evm.transact(self._spelt[call.sender], self._home, data, call.value)
        if not receipt.ok:
            error = interface().decode_error(receipt.output)
            return Outcome(ok=False, output=(error.name, *error.args))
        decoded = (interface().decode_event(log.topics, log.data) for log in receipt.logs)
        events = tuple((event.name, *event.args.values()) for event in decoded if event is not None)
        return Outcome(ok=True, output=receipt.output, events=events)

    def ask(self, view: str, *args: object) -> Any:  # noqa: ANN401 - of any type
        """Call a view."""
        receipt = self.evm.call(self.evm.deployer, self._home, interface().encode(view, *args))
        assert receipt.ok, f"{view}{args} reverts"
        (answer,) = interface().decode_output(view, receipt.output)
        return answer

    def balance(self, account: str) -> int:
        """Wei that an account has, gas aside."""
        return self.evm.balance(self._spelt.get(account, account))


def _plain(argument: Any) -> Any:  # noqa: ANN401 - of any type
    """An argument as the coding takes it."""
    if isinstance(argument, Certificate):
        return tuple(argument)
    return astuple(argument) if isinstance(argument, Parameters) else argument


def _told(event: Event) -> tuple[object, ...]:
    return (event.name, *map(_plain, event.fields))


@dataclass
class Reached:
    """What a campaign has been through."""

    calls: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    """Calls by method, and ``!`` and the error for those that reverted."""
    endings: Counter[str] = field(default_factory=Counter)
    """Lotteries ended, by rule and ``drawn`` or the phase that they were cancelled in."""
    expired: Counter[str] = field(default_factory=Counter)
    forfeits: int = 0
    burnt_bonds: int = 0
    at_once: int = 0

    def note(self, model: LotteryModel, call: Call, reverted: str | None, first_event: int) -> None:
        self.calls += 1
        self.outcomes[call.method + (f"!{reverted}" if reverted is not None else "")] += 1
        for event in model.events[first_event:]:
            if event.name in ("Assigned", "Cancelled"):
                lottery = model.games[_id(event)]
                ending = lottery.phase if event.name == "Assigned" else lottery.lapsed
                serial = "serial" if not lottery.parameters.rule else "posted"
                self.endings[f"{serial} {ending.name.lower()}"] += 1
                if lottery.certificate and event.name == "Assigned":
                    self.forfeits += len(lottery.revealed - lottery.opened)
            if event.name == "Expired":
                self.expired[str(event.fields[1])] += 1
        self.burnt_bonds = max(self.burnt_bonds, sum(len(it.lost) for it in model.games.values()))
        self.at_once = max(self.at_once, sum(it.phase in PLAYING for it in model.games.values()))


def _id(event: Event) -> Word:
    found = event.fields[0]
    assert isinstance(found, bytes)
    return found


class ContractMachine(RuleBasedStateMachine):
    """A model and a freshly deployed contract."""

    def __init__(self, subject: Subject, reached: Reached) -> None:
        super().__init__()
        self.subject, self.reached = subject, reached
        subject.evm.recycle()
        self.model = LotteryModel(subject.evm.chain_id, subject.address)
        self.model.refusing = {subject.refusing: Revert("FailedCall")}
        self.model.now = subject.evm.timestamp
        self.moves = Moves(self.model, subject.accounts, subject.payees)
        self.before = {account: subject.balance(account) for account in self._accounts()}
        self.spent: Counter[str] = Counter()
        self.salt = b""
        self.made = 0

    # ─────────────────────────────────────────────── rules ───────────────────────────────────────────────

    @initialize(salt=salts)
    def season(self, salt: bytes) -> None:
        self.salt = salt

    @precondition(lambda self: len(self.model.games) < LOTTERIES_AT_ONCE)
    @rule(seed=seeds)
    def open_a_lottery(self, seed: bytes) -> None:
        dice = self.roll(seed)
        # Secrets are hashes of a running number: where it starts makes all draws different.
        self.moves.salt = dice.getrandbits(64)
        creator, salt = dice.choice(self.subject.accounts), word(dice.randint(0, 3))
        if self.execute(Call(creator, "create", (salt, parameters(dice, self.subject.accounts)))):
            lottery = self.model.games[self.model.lottery_id(creator, salt)]
            for _ in range(dice.choice([0, 3, 8, 12])):
                self.step(dice, lottery)

    @rule(seed=seeds)
    def open_one_that_should_not_be(self, seed: bytes) -> None:
        dice = self.roll(seed)
        wrong = spoiled(dice, parameters(dice, self.subject.accounts))
        self.execute(Call(dice.choice(self.subject.accounts), "create", (word(dice.randint(0, 3)), wrong)))

    @precondition(lambda self: self.model.games)
    @rule(seed=seeds)
    def advance(self, seed: bytes) -> None:
        dice = self.roll(seed)
        lottery = self.choose(dice)
        for _ in range(dice.randint(1, 6)):
            if dice.random() < 0.3:
                self.err(dice, lottery)
            if not self.step(dice, lottery):
                break

    @precondition(lambda self: self.model.games)
    @rule(seed=seeds)
    def do_it_wrongly(self, seed: bytes) -> None:
        dice = self.roll(seed)
        lottery = self.choose(dice)
        for _ in range(dice.randint(1, 4)):
            self.err(dice, lottery)

    @precondition(lambda self: self.model.games)
    @rule(seed=seeds)
    def do_something_else(self, seed: bytes) -> None:
        dice = self.roll(seed)
        call = self.moves.natural(dice, self.choose(dice), dice.choice(METHODS[1:]))
        self.execute(self.moves.spoil(dice, call) if dice.random() < 0.3 else call)

    @precondition(lambda self: self.playing())
    @rule(seed=seeds)
    def be_punctual_or_late(self, seed: bytes) -> None:
        dice = self.roll(seed)
        lottery = dice.choice(self.playing())
        call = self.moves.next_call(dice, lottery)
        if dice.random() < 0.3:
            call = self.moves.natural(dice, lottery, "expire")
        if call is not None:
            self.execute(call, at=lottery.deadline + dice.choice([-1, 0, 0, 1, 1]))

    @precondition(lambda self: self.playing())
    @rule(seed=seeds)
    def let_a_phase_expire(self, seed: bytes) -> None:
        dice = self.roll(seed)
        lottery = dice.choice(self.playing())
        expiry = self.moves.natural(dice, lottery, "expire")
        self.execute(expiry, at=lottery.deadline + dice.randint(1, 100))

    @rule(seed=seeds)
    def refer_to_no_lottery(self, seed: bytes) -> None:
        dice = self.roll(seed)
        arguments: dict[str, tuple[Any, ...]] = {
            "commit": (0, word(1), word(2)),
            "reveal": (0, word(1), b"\0", word(2)),
            "post": (word(1), Certificate(1, (1,), (), (1,), b"\1")),
            "open": (0, word(1)),
            "expire": (),
            "withdraw": (0, self.subject.payees[0]),
        }
        method = dice.choice(METHODS[1:])
        self.execute(Call(dice.choice(self.subject.accounts), method, (word(77), *arguments[method])))

    # ───────────────────────────────────────────── comparing ─────────────────────────────────────────────

    def roll(self, seed: bytes) -> Random:
        """Make what a rule decides by; salt and number of calls tell apart the framework's repetitions."""
        return Random(self.salt + seed + self.made.to_bytes(4))

    def playing(self) -> list[Lottery]:
        return [lottery for lottery in self.model.games.values() if lottery.phase in PLAYING]

    def choose(self, dice: Random) -> Lottery:
        """Choose a lottery: most of the time one under way, and of two the one that has come further."""
        lotteries = list(self.model.games.values())
        if dice.random() < 0.8 and self.playing():
            lotteries = self.playing()
        return max(dice.choices(lotteries, k=2), key=lambda lottery: lottery.phase)

    def step(self, dice: Random, lottery: Lottery) -> bool:
        """Do what the lottery waits for; False if it waits for nothing, or the attempt failed."""
        call = self.moves.next_call(dice, lottery)
        if call is None:
            return False
        if lottery.phase is LotteryPhase.POSTING:
            # Where there is most to be wrong about, much may go wrong.
            for _ in range(dice.choice([0, 2, 4])):
                self.err(dice, lottery)
        late = lottery.phase in PLAYING and self.model.now >= lottery.deadline
        if call.method == "reveal" and not self.moves.can_open(lottery, call.args[1]) and dice.random() < 0.5:
            self.model.now, late = max(self.model.now, lottery.deadline + 1), True
        if late:
            call = self.moves.natural(dice, lottery, "expire")
        return self.execute(call)

    def err(self, dice: Random, lottery: Lottery) -> None:
        """Do what the lottery waits for, but wrongly (as a rule)."""
        call = self.moves.next_call(dice, lottery)
        if call is not None:
            self.execute(self.moves.spoil(dice, call))

    def execute(self, call: Call, at: int = 0) -> bool:
        """Make a call on both and compare everything; return whether it went through."""
        # The clock ticks every other time, so that two calls share a block.
        self.model.now = max(self.model.now + self.made % 2, at)
        self.made += 1
        first_event = len(self.model.events)
        reverted: str | None = None
        try:
            result = call_model(self.model, call)
        except Revert as revert:
            reverted = revert.name
            expected = Outcome(ok=False, output=(revert.name, *revert.arguments))
        else:
            self.spent[call.sender] += call.value
            events = tuple(map(_told, self.model.events[first_event:]))
            expected = Outcome(ok=True, output=result or b"", events=events)
        actual = self.subject.execute(call, self.model.now)
        self.reached.note(self.model, call, reverted, first_event)
        if actual != expected:
            raise MismatchError(f"{call}: contract {actual}, model {expected}")
        self._compare_views(call)
        self._compare_balances(call)
        return expected.ok

    def _compare_views(self, call: Call) -> None:
        for lottery in self.model.games:
            for view, args, due in self._views(lottery):
                answer = self.subject.ask(view, lottery, *args)
                if answer != due:
                    raise MismatchError(f"after {call}: {view}{args} is {answer}, not {due}")
        if self.subject.ask("burnt") != self.model.burnt:
            raise MismatchError(f"after {call}: not {self.model.burnt} burnt")

    def _views(self, lottery: Word) -> list[tuple[str, tuple[int, ...], object]]:
        model = self.model
        views: list[tuple[str, tuple[int, ...], object]] = [
            ("state", (), tuple(model.state(lottery))),
            ("digestOf", (), model.digest_of(lottery)),
            ("assignmentOf", (), model.assignment_of(lottery)),
        ]
        for seat in range(model.games[lottery].agents):
            views.append(("commitment", (seat,), model.commitment(lottery, seat)))
            views.append(("rankingOf", (seat,), model.ranking_of(lottery, seat)))
        return views

    def _compare_balances(self, call: Call) -> None:
        if self.model.balance != self.model.owed() + self.model.burnt:
            raise MismatchError(
                f"after {call}: the model holds {self.model.balance}, and owes something else"
            )
        for account in self._accounts():
            expected = self.before[account] + self.model.paid.get(account, 0) - self.spent[account]
            if account == self.subject.address:
                expected = self.model.balance
            actual = self.subject.balance(account)
            if actual != expected:
                raise MismatchError(f"after {call}: {account} has {actual} wei, not {expected}")

    def _accounts(self) -> Sequence[str]:
        return sorted({self.subject.address, *self.subject.accounts, *self.subject.payees})


def run_campaign(
    subject: Subject, runs: int, steps: int, until: Callable[[Reached], bool] = lambda _: True
) -> Reached:
    """Drive a subject through so many runs of at most so many steps.

    In short batches, each from a seed of its own: in long ones the framework mostly varies what it did
    before. What a seed leads to differs from one version of framework or code to the next, so a campaign that
    has not been where it should goes on, to at most four times as many runs.

    Raises
    ------
    MismatchError
        At the first difference between contract and model.
    """
    reached = Reached()

    class Machine(ContractMachine):
        def __init__(self) -> None:
            super().__init__(subject, reached)

    batch = settings(
        max_examples=min(BATCH, runs),
        stateful_step_count=steps,
        database=None,
        deadline=None,
        phases=[Phase.generate],  # a difference is reported as found: shrinking takes minutes
        suppress_health_check=list(HealthCheck),
        print_blob=False,
        report_multiple_bugs=False,
    )
    batches = -(-runs // BATCH)
    for number in range(4 * batches):
        if number >= batches and until(reached):
            break
        run_state_machine_as_test(seed(number)(Machine), settings=batch)
    return reached
