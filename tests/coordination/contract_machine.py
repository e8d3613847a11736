"""Model and contract driven with the same calls: legal, illegal, out of turn, by strangers, late.

Several games are played at once. After every call the two are compared in all there is to see: whether it
went through, what it returned, the revert reason with its arguments, the events, every view of every game,
and all balances.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple, Protocol

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sim.coordination.game import Game
from sim.coordination.game import Phase as GamePhase
from sim.coordination.model import TwoStageModel
from sim.coordination.parameters import Parameters
from sim.coordination.recognition import RecognitionFunction
from sim.randomness import Word, word
from sim.reference import Revert
from tests.coordination import samples
from tests.coordination.coding import Coder, Log
from tests.coordination.moves import METHODS, Call, Moves, call_model

GAMES_AT_ONCE = 3
BATCH = 10

# Entropy in small pieces: of long byte strings and large integers the framework likes a few far too much.
seeds = st.lists(st.integers(0, 255), min_size=4, max_size=4).map(bytes)
salts = st.lists(st.integers(0, 255), min_size=16, max_size=16).map(bytes)


class Outcome(NamedTuple):
    """What a call came to."""

    ok: bool
    output: bytes
    """What was returned, or the revert data."""
    logs: tuple[Log, ...]


class Subject(Protocol):
    """A deployed contract, somewhere."""

    chain_id: int
    address: str
    accounts: Sequence[str]
    payees: Sequence[str]
    recognitions: Mapping[str, RecognitionFunction]
    sound: Sequence[str]
    """Those of the recognition functions that always give a fraction."""
    refusing: Mapping[str, Revert]
    coder: Coder
    fast: bool

    def fresh(self) -> None:
        """Deploy the contract anew."""

    def now(self) -> int:
        """Timestamp of the latest block."""

    def execute(self, call: Call, timestamp: int) -> Outcome:
        """Make the call in a block of that timestamp."""

    def ask(self, question: bytes) -> bytes:
        """Call a view."""

    def balance(self, account: str) -> int:
        """Wei that an account has, gas aside."""


@dataclass
class Reached:
    """What a campaign has been through."""

    calls: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    """Calls by method, and ``!`` and the error for those that reverted."""
    events: Counter[str] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)
    """Games ended, by ``settled``, the cause of the breakdown, or the phase that expired."""
    rounds: Counter[int] = field(default_factory=Counter)
    """Proposer draws by round."""
    burnt_bonds: int = 0
    games_at_once: int = 0

    def note(self, model: TwoStageModel, call: Call, reverted: str | None, first_event: int) -> None:
        self.calls += 1
        self.outcomes[call.method + (f"!{reverted}" if reverted is not None else "")] += 1
        for event in model.events[first_event:]:
            self.events[event.name] += 1
            if event.name == "ProposerDrawn":
                self.rounds[model.state(_id(event.fields[0])).round] += 1
            if event.name == "Settled":
                self.endings["settled"] += 1
            if event.name == "BrokenDown":
                game = model.games[_id(event.fields[0])]
                lapsed = f" while {game.lapsed.name.lower()}" if game.lapsed else ""
                self.endings[game.cause.name.lower() + lapsed] += 1
                self.burnt_bonds += game.silent.bit_count()
        playing = sum(game.phase < GamePhase.SETTLED for game in model.games.values())
        self.games_at_once = max(self.games_at_once, playing)


class MismatchError(AssertionError):
    """Contract and model differ."""


def machine_for(subject: Subject, reached: Reached) -> type[RuleBasedStateMachine]:
    """Return the state machine that drives this subject and counts what it reaches."""

    class Machine(ContractMachine):
        def __init__(self) -> None:
            super().__init__(subject, reached)

    return Machine


class ContractMachine(RuleBasedStateMachine):
    """A model and a freshly deployed contract."""

    def __init__(self, subject: Subject, reached: Reached) -> None:
        super().__init__()
        self.subject, self.reached = subject, reached
        subject.fresh()
        self.model = TwoStageModel(subject.chain_id, subject.address, subject.recognitions)
        self.model.refusing = dict(subject.refusing)
        self.model.now = subject.now()
        self.moves = Moves(self.model, subject.accounts, subject.payees, salt=0)
        self.before = {account: subject.balance(account) for account in self._accounts()}
        self.spent: Counter[str] = Counter()
        self.salt = b""
        self.made = 0
        self.answers: dict[bytes, bytes] = {}

    # ─────────────────────────────────────────────── rules ───────────────────────────────────────────────

    @initialize(salt=salts)
    def season(self, salt: bytes) -> None:
        self.salt = salt

    @precondition(lambda self: len(self.model.games) < GAMES_AT_ONCE)
    @rule(seed=seeds)
    def open_a_game(self, seed: bytes) -> None:
        dice = self.roll(seed)
        # Secrets are hashes of a running number: where it starts makes all the draws of a game different.
        self.moves.salt = dice.getrandbits(64)
        salt, parameters = self._terms(dice)
        creator = dice.choice(self.subject.accounts)
        if self.execute(Call(creator, "create", (salt, parameters))):
            game = self.model.games[self.model.game_id(creator, salt)]
            for _ in range(dice.choice([0, 3, 8, 12, 16])):
                self.step(dice, game)

    @rule(seed=seeds)
    def open_a_game_that_should_not_be(self, seed: bytes) -> None:
        dice = self.roll(seed)
        salt, parameters = self._terms(dice)
        for name in dice.sample(sorted(samples.SPOILED), dice.choice([1, 1, 2])):
            with contextlib.suppress(IndexError):  # the first spoiling left nothing for the second
                parameters = samples.SPOILED[name](parameters)
        self.execute(Call(dice.choice(self.subject.accounts), "create", (salt, parameters)))

    @precondition(lambda self: self.model.games)
    @rule(seed=seeds)
    def advance(self, seed: bytes) -> None:
        dice = self.roll(seed)
        game = self.choose(dice)
        for _ in range(dice.randint(1, 5)):
            if not self.step(dice, game):
                break

    @precondition(lambda self: self.model.games)
    @rule(seed=seeds)
    def advance_with_mistakes(self, seed: bytes) -> None:
        dice = self.roll(seed)
        game = self.choose(dice)
        for _ in range(dice.randint(1, 5)):
            self.err(dice, game)
            if not self.step(dice, game):
                break

    @precondition(lambda self: self.model.games)
    @rule(seed=seeds)
    def play_to_the_next_phase(self, seed: bytes) -> None:
        dice = self.roll(seed)
        game = self.choose(dice)
        before = game.phase, game.round
        while (game.phase, game.round) == before and self.step(dice, game):
            pass

    @precondition(lambda self: self.model.games)
    @rule(seed=seeds)
    def play_to_the_end(self, seed: bytes) -> None:
        dice = self.roll(seed)
        game = self.choose(dice)
        for _ in range(dice.choice([10, 20, 40])):
            if not self.step(dice, game):
                break

    @precondition(lambda self: self.model.games)
    @rule(seed=seeds)
    def do_it_wrongly(self, seed: bytes) -> None:
        dice = self.roll(seed)
        game = self.choose(dice)
        for _ in range(dice.randint(1, 4)):
            self.err(dice, game)

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
        game = dice.choice((dice.random() < 0.5 and self.bargaining()) or self.playing())
        call = self.moves.next_call(dice, game)
        if dice.random() < 0.3:
            call = self.moves.natural(dice, game, "expire")
        if call is not None:
            self.execute(call, at=game.deadline + dice.choice([-1, 0, 0, 1, 1]))

    @precondition(lambda self: self.playing())
    @rule(seed=seeds)
    def let_a_game_expire(self, seed: bytes) -> None:
        dice = self.roll(seed)
        game = dice.choice((dice.random() < 0.5 and self.bargaining()) or self.playing())
        self.execute(self.moves.natural(dice, game, "expire"), at=game.deadline + dice.randint(1, 100))

    @rule(seed=seeds)
    def refer_to_no_game(self, seed: bytes) -> None:
        dice = self.roll(seed)
        arguments: dict[str, tuple[Any, ...]] = {
            "join": (0, word(1), word(2)),
            "announce": (word(1), (1,)),
            "reveal": (0, word(1), word(2)),
            "propose": (1, (1, 2)),
            "respond": (1, word(1), True),
            "expire": (),
            "withdraw": (0, self.subject.payees[0], ()),
        }
        method = dice.choice(METHODS[1:])
        self.execute(Call(dice.choice(self.subject.accounts), method, (word(77), *arguments[method])))

    # ───────────────────────────────────────────── comparing ─────────────────────────────────────────────

    def roll(self, seed: bytes) -> Random:
        """Make what a rule decides by; salt and number of calls tell apart the framework's repetitions."""
        return Random(self.salt + seed + self.made.to_bytes(4))

    def playing(self) -> list[Game]:
        return [game for game in self.model.games.values() if game.phase < GamePhase.SETTLED]

    def bargaining(self) -> list[Game]:
        return [game for game in self.playing() if game.phase >= GamePhase.REVEALING]

    def choose(self, dice: Random) -> Game:
        """Choose a game: most of the time one under way, and of two the one that has come further."""
        games = list(self.model.games.values())
        if dice.random() < 0.8 and self.playing():
            games = self.playing()
        return max(dice.choices(games, k=2), key=lambda game: (game.round, game.phase))

    def _terms(self, dice: Random) -> tuple[Word, Parameters]:
        # Few salts, so that an id is taken now and then; few recognition functions that let a game get stuck.
        some = self.subject.sound if dice.random() < 0.8 else list(self.subject.recognitions)
        return word(dice.randint(0, 9)), samples.parameters(dice, self.subject.accounts[:-1], some)

    def step(self, dice: Random, game: Game) -> bool:
        """Do what the game waits for; False if it waits for nothing, or the attempt failed."""
        call = self.moves.next_call(dice, game)
        if call is None:
            return False
        if game.phase in (GamePhase.PROPOSING, GamePhase.RESPONDING):
            # Where few games come, much may go wrong.
            for _ in range(dice.choice([0, 0, 1, 3])):
                self.err(dice, game)
            if dice.random() < 0.05:
                self.execute(call, at=game.deadline + 1)
        if game.phase < GamePhase.SETTLED and self.model.now >= game.deadline:
            call = self.moves.natural(dice, game, "expire")
        return self.execute(call)

    def err(self, dice: Random, game: Game) -> None:
        """Do what the game waits for, but wrongly (as a rule)."""
        call = self.moves.next_call(dice, game)
        if call is not None:
            self.execute(self.moves.spoil(dice, call))

    def execute(self, call: Call, at: int = 0) -> bool:
        """Make a call on both and compare everything; return whether it went through."""
        # The clock ticks every other time, so that two calls share a block.
        self.model.now = max(self.model.now + self.made % 2, at)
        self.made += 1
        first_event = len(self.model.events)
        reverted: str | None = None
        coder = self.subject.coder
        try:
            result = call_model(self.model, call)
        except Revert as revert:
            reverted = revert.name
            expected = Outcome(ok=False, output=coder.revert_data(revert), logs=())
        else:
            self.moves.note(call)
            self.spent[call.sender] += call.value
            logs = tuple(coder.log(event) for event in self.model.events[first_event:])
            expected = Outcome(ok=True, output=result or b"", logs=logs)
        actual = self.subject.execute(call, self.model.now)
        self.reached.note(self.model, call, reverted, first_event)
        if actual != expected:
            raise MismatchError(f"{call}: contract {self._shown(actual)}, model {self._shown(expected)}")
        self._compare_views(call)
        self._compare_balances(call)
        return expected.ok

    def _compare_views(self, call: Call) -> None:
        for game in self.model.games.values():
            for view in self.subject.coder.views(self.model, game):
                # A fast machine is asked everything every time, a slow one what the model says has changed.
                if not self.subject.fast and self.answers.get(view.question) == view.answer:
                    continue
                self.answers[view.question] = view.answer
                answer = self.subject.ask(view.question)
                if answer != view.answer:
                    raise MismatchError(
                        f"after {call}: {view.text} is {answer.hex()}, not {view.answer.hex()}"
                    )

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

    def _accounts(self) -> list[str]:
        return sorted({self.subject.address, *self.subject.accounts, *self.subject.payees})

    def _shown(self, outcome: Outcome) -> str:
        if not outcome.ok:
            return f"reverts with {self.subject.coder.show_revert(outcome.output)}"
        return f"gives {outcome.output.hex()} and {outcome.logs}"


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
        run_state_machine_as_test(seed(number)(machine_for(subject, reached)), settings=batch)
    return reached


def _id(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value
