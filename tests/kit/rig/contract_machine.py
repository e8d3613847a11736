"""Model and contract driven with the same calls: legal, illegal, out of turn, by strangers, late.

Several games are played at once. After every call the two are compared in all there is to see: whether it
went through, what it returned, the revert reason with its arguments, the events, every view of every game,
and all balances. What the games are, a mechanism's own machine says.
"""

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar, Generic

from parley.chain.abi import Type
from parley.core.randomness import word
from parley.kit.reference import Event, ReferenceModel, Revert
from tests.kit.rig.moves import Call, G, Moves, call_model
from tests.kit.rig.on_chain import PAYEES, OnChain, Outcome

GAMES_AT_ONCE = 3
OFTEN = 4
"""Of so many calls, after one everything is compared; after the others, what the call was about."""
LATE = 0.05
"""How often a call comes after the deadline, where few games come."""


class MismatchError(AssertionError):
    """Contract and model differ."""


@dataclass
class Reached:
    """What a campaign has been through."""

    calls: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    """Calls by method, and ``!`` and the error for those that reverted."""
    events: Counter[str] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)
    """How games ended, and what else is remarkable of them."""
    burnt_bonds: int = 0
    games_at_once: int = 0


class ContractMachine(Generic[G]):
    """A model and a freshly deployed contract."""

    moves_type: ClassVar[type[Moves[Any]]] = Moves
    """What the seats know and how they choose."""

    def __init__(self, subject: OnChain, reached: Reached) -> None:
        self.subject, self.reached = subject, reached
        subject.fresh()
        self.model: ReferenceModel[G] = subject.model()
        self.model.refusing = dict(subject.refusing)
        self.model.now = subject.now()
        self.moves: Moves[G] = self.moves_type(self.model, subject.accounts, subject.payees, subject.decoder)
        self.before = {account: subject.balance(account) for account in self._accounts()}
        self.spent: Counter[str] = Counter()
        self.made = 0
        self.answers: dict[bytes, bytes] = {}

    # ─────────────────────────────────── what a mechanism's machine says ──────────────────────────────────

    @abstractmethod
    def terms(self, dice: Random) -> tuple[Any, ...]:
        """Draw salt and parameters of a game that may be opened."""

    @abstractmethod
    def remarkable(self, game: G, event: Event) -> str:
        """What an event says of how a game ends, or what else is worth counting; empty for most."""

    def creation(self, dice: Random) -> Call:
        """Compose the call that opens a game."""
        creator = dice.choice(self.subject.accounts)
        salt, *parameters = self.terms(dice)
        return Call(creator, self.model.opening, (salt, *parameters), self.moves.stake(*parameters))

    def how_far(self, game: G) -> tuple[int, ...]:
        """How far the game has come: in which round, if there are several, and phase."""
        return getattr(game, "round", 0), game.phase

    def urgent(self) -> list[G]:
        """Games whose deadlines are to be looked at as often as all others': those that blame somebody."""
        return [game for game in self.playing() if game.overdue()]

    def before_step(self, dice: Random, game: G, call: Call) -> None:
        """Do what may go before the call that the game waits for: where few games come, much may go wrong."""
        playing = self.model.playing
        if game.phase in playing and 2 * playing.index(game.phase) >= len(playing):
            for _ in range(dice.choice([0, 0, 1, 3])):
                self.err(dice, game)
            if dice.random() < LATE:
                self.execute(call, at=game.deadline + 1)

    # ─────────────────────────────────────────────── rules ───────────────────────────────────────────────

    def open_a_game(self, dice: Random) -> None:
        # Secrets are hashes of a running number: where it starts makes all the draws of a game different.
        self.moves.salt = dice.getrandbits(64)
        if self.execute(self.creation(dice)):
            *_, game = self.model.games.values()
            for _ in range(dice.choice([0, 3, 8, 12, 16])):
                self.step(dice, game)

    def open_a_game_that_should_not_be(self, dice: Random) -> None:
        call = self.creation(dice)
        salt, *parameters = call.args
        spoiled = self.moves.spoiled(dice, *parameters)
        self.execute(Call(call.sender, call.method, (salt, *spoiled), self.moves.stake(*spoiled)))

    def advance(self, dice: Random) -> None:
        game = self.choose(dice)
        for _ in range(dice.randint(1, 5)):
            if not self.step(dice, game):
                break

    def advance_with_mistakes(self, dice: Random) -> None:
        game = self.choose(dice)
        for _ in range(dice.randint(1, 5)):
            self.err(dice, game)
            if not self.step(dice, game):
                break

    def play_to_the_next_phase(self, dice: Random) -> None:
        game = self.choose(dice)
        before = self.how_far(game)
        while self.how_far(game) == before and self.step(dice, game):
            pass

    def play_to_the_end(self, dice: Random) -> None:
        game = self.choose(dice)
        for _ in range(dice.choice([10, 20, 40])):
            if not self.step(dice, game):
                break

    def do_it_wrongly(self, dice: Random) -> None:
        game = self.choose(dice)
        for _ in range(dice.randint(1, 4)):
            self.err(dice, game)

    def do_something_else(self, dice: Random) -> None:
        call = self.moves.natural(dice, self.choose(dice), dice.choice(self.methods))
        self.execute(self.moves.spoil(dice, call) if dice.random() < 0.3 else call)

    def be_punctual_or_late(self, dice: Random) -> None:
        game = dice.choice((dice.random() < 0.5 and self.urgent()) or self.playing())
        call = self.moves.next_call(dice, game)
        if dice.random() < 0.3:
            call = self.moves.natural(dice, game, "expire")
        if call is not None:
            self.execute(call, at=game.deadline + dice.choice([-1, 0, 0, 1, 1]))

    def let_a_game_expire(self, dice: Random) -> None:
        game = dice.choice((dice.random() < 0.5 and self.urgent()) or self.playing())
        self.execute(self.moves.natural(dice, game, "expire"), at=game.deadline + dice.randint(1, 100))

    def refer_to_no_game(self, dice: Random) -> None:
        method = dice.choice(self.methods)
        arguments = (word(77), *map(some, self.subject.decoder.actions[method][1:]))
        self.execute(Call(dice.choice(self.subject.accounts), method, arguments))

    def wander(self, dice: Random, steps: int) -> None:
        """Take so many rules at random."""
        for _ in range(steps):
            rules = [self.open_a_game_that_should_not_be, self.refer_to_no_game]
            if len(self.model.games) < GAMES_AT_ONCE:
                rules += [self.open_a_game] * 2
            if self.model.games:
                rules += [self.advance, self.advance_with_mistakes, self.play_to_the_next_phase]
                rules += [self.play_to_the_end, self.do_it_wrongly, self.do_something_else]
            if self.playing():
                rules += [self.be_punctual_or_late, self.let_a_game_expire]
            dice.choice(rules)(dice)
        self._compare_views("all that happened", self.model.games)

    def play_through(self, dice: Random, mistakes: float) -> None:
        """Play one game to its end, with so many mistakes for each call that is right."""
        self.moves.salt = dice.getrandbits(64)
        assert self.execute(self.creation(dice))
        [game] = self.model.games.values()
        while self.plays(game) or not self.moves.done(game):
            # What comes before the first deadline comes seldom, so that much goes wrong with each.
            for _ in range(dice.random() < mistakes if game.phase in self.model.playing else 4):
                self.err(dice, game)
            if not self.step(dice, game) and not self.plays(game):
                break

    # ───────────────────────────────────────────── comparing ─────────────────────────────────────────────

    @property
    def methods(self) -> Sequence[str]:
        """Actions of the contract but the creation."""
        return [name for name in self.subject.decoder.actions if name != self.model.opening]

    def plays(self, game: G) -> bool:
        """Whether the game is under way."""
        return game.phase not in self.model.ended

    def playing(self) -> list[G]:
        """Games under way."""
        return [game for game in self.model.games.values() if self.plays(game)]

    def choose(self, dice: Random) -> G:
        """Choose a game: most of the time one under way, and of two the one that has come further."""
        games = list(self.model.games.values())
        if dice.random() < 0.8 and self.playing():
            games = self.playing()
        return max(dice.choices(games, k=2), key=self.how_far)

    def step(self, dice: Random, game: G) -> bool:
        """Do what the game waits for; False if it waits for nothing, or the attempt failed."""
        call = self.moves.next_call(dice, game)
        if call is None:
            return False
        self.before_step(dice, game, call)
        if self.plays(game) and self.model.now >= game.deadline:
            call = self.moves.natural(dice, game, "expire")
        return self.execute(call)

    def err(self, dice: Random, game: G) -> None:
        """Do what the game waits for, but wrongly (as a rule)."""
        call = self.moves.next_call(dice, game)
        if call is not None:
            self.execute(self.moves.spoil(dice, call))

    def execute(self, call: Call, at: int = 0) -> bool:
        """Make a call on both and compare everything; return whether it went through."""
        # The clock ticks every other time, so that two calls share a block.
        self.model.now = max(self.model.now + self.made % 2, at)
        self.made += 1
        first_event, known = len(self.model.events), set(self.model.games)
        # A call that reverts leaves no trace in the model either; to look every time would take too long.
        looked_at = self.made % OFTEN == 0
        before = self._everything() if looked_at else None
        reverted: str | None = None
        try:
            result = call_model(self.model, call)
        except Revert as revert:
            reverted = revert.name
            if looked_at and self._everything() != before:
                raise MismatchError(f"{call}: the model has changed though it refuses the call") from None
            expected = Outcome(ok=False, output=self.subject.coder.revert_data(revert), logs=())
        else:
            self.spent[call.sender] += call.value
            logs = self.subject.logs(*self.model.events[first_event:])
            output = word(result) if isinstance(result, int) else result or b""
            expected = Outcome(ok=True, output=output, logs=logs)
        actual = self.subject.execute(call, self.model.now)
        self._note(call, reverted, self.model.events[first_event:])
        self.reached.games_at_once = max(self.reached.games_at_once, len(self.playing()))
        if actual != expected:
            contract, model = map(self.subject.shown, (actual, expected))
            raise MismatchError(f"{call}: contract {contract}, model {model}")
        about = [name for name in self.model.games if name in call.args or name not in known]
        self._compare_views(call, self.model.games if looked_at else about)
        self._compare_balances(call)
        return expected.ok

    def _note(self, call: Call, reverted: str | None, events: Sequence[Event]) -> None:
        reached, rules = self.reached, self.subject.mechanism.verifier().rules
        reached.calls += 1
        reached.outcomes[call.method + (f"!{reverted}" if reverted is not None else "")] += 1
        for event in events:
            game = event.fields[0]
            assert isinstance(game, bytes)
            reached.events[event.name] += 1
            reached.burnt_bonds += rules.silent_seats(event)
            reached.endings[self.remarkable(self.model.games[game], event)] += 1

    def _everything(self) -> object:
        model = self.model
        return deepcopy((model.games, model.balance, model.burnt, model.paid, model.events))

    def _compare_views(self, after: Call | str, games: Iterable[bytes]) -> None:
        for name in games:
            for view in self.subject.views(self.model, self.model.games[name]):
                # A fast machine is asked everything, a slow one what the model says has changed.
                if not self.subject.fast and self.answers.get(view.question) == view.answer:
                    continue
                self.answers[view.question] = view.answer
                answer = self.subject.ask(view.question)
                if answer != view.answer:
                    raise MismatchError(
                        f"after {after}: {view.text} is {answer.hex()}, not {view.answer.hex()}"
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


def some(kind: Type) -> Any:  # noqa: ANN401 - of any type
    """Return a value of a type, whatever it says."""
    if kind.base == "array":
        return (some(kind.inner[0]),) * (kind.length or 1)
    if kind.base == "tuple":
        return tuple(map(some, kind.inner))
    return {"bool": True, "address": PAYEES[0], "word": word(1), "bytes": b"\0"}.get(kind.base, 0)


def drive(
    machine: type[ContractMachine[Any]],
    subject: OnChain,
    runs: int,
    steps: int,
    until: Callable[[Reached], bool] = lambda _: True,
) -> Reached:
    """Drive a machine through so many runs of so many steps, each from a seed of its own.

    What a seed leads to changes with the code, so a campaign that has not been where it should goes on, to
    at most twenty times as many runs; one that has been everywhere ends.

    Raises
    ------
    MismatchError
        At the first difference between contract and model.
    """
    reached = Reached()
    for number in range(20 * runs):
        machine(subject, reached).wander(Random(number), steps)
        if until(reached):
            break
    return reached
