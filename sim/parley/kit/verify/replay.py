"""Replay a contract's games on its reference model.

Every call is repeated on the model with the same sender, money and block time, and the events are compared. A
difference is a violation of a named rule. The model then adopts the chain's state, so that one wrong draw is
reported once.

:class:`Replay` is the common part. A mechanism declares its model, the rules of its errors and events, and
its draws. If needed, it also defines how to mend a rejected call and how the model follows the chain.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Generic, NamedTuple, TypeAlias, TypeVar

from parley.chain.deployments import Claims
from parley.chain.history import Call, History
from parley.core.randomness import Word, game_id
from parley.kit.reference import Event, Game, ReferenceModel, Revert
from parley.kit.verify.decoder import Action, Decoder, NotReadableError
from parley.kit.verify.money import Ledger
from parley.kit.verify.rules import Rules, Violation, shown

__all__ = ["AnyReplay", "Attempt", "Drawn", "Draws", "Replay", "number_in", "words_in"]


G = TypeVar("G", bound=Game)


class Drawn(NamedTuple):
    """One draw of a game.

    Attributes
    ----------
    probabilities : sequence of Fraction
        Stated probability of each outcome, for example of each seat.
    outcomes : collection of int, or None
        The drawn outcomes; several if each has its own probability. None if a withheld secret prevented the
        draw.
    """

    probabilities: Sequence[Fraction]
    outcomes: Collection[int] | None


@dataclass(frozen=True)
class Draws(Generic[G]):
    """One kind of draw; at most one per game counts.

    Attributes
    ----------
    key : str
        Name of its p-value in JSON.
    of : callable
        Takes a replay and a game; returns what was drawn, or None if the draw was not started.
    """

    key: str
    what: str
    of: Callable[[Any, G], Drawn | None]


class Attempt(NamedTuple):
    """A call on the model."""

    sender: str
    value: int
    arguments: list[Any]


class Replay(Generic[G]):
    """A replay of the games of one contract.

    Parameters
    ----------
    decoder : Decoder
        Decoder of the contract's calls and events.
    claims : Claims, optional
        Claims of the deployment file.

    Attributes
    ----------
    model : Model
        Every game in its expected state.
    findings : list of Violation
        What is worth knowing and breaks no rule.
    checked : Counter
        Number of checked calls and draws, by kind.
    lost : set of bytes
        Games whose state the model cannot represent; they are no longer checked.
    unseen : set of bytes
        Those of them with calls that only traces would show.
    """

    contract: ClassVar[type[ReferenceModel[Any]]]
    """The reference model that the games are replayed on."""
    rules: ClassVar[Rules]
    """Rules of errors and events. The last fields of an event ``Withdrawn`` are receiver and amount."""
    opened: ClassVar[str] = "Created"
    """The event of a new game."""
    draws: ClassVar[Sequence[Draws[Any]]] = ()
    """Draws to test over all games. If none has the key ``recognition_p_value``, that is the smallest p-value
    times their number."""

    def __init__(self, history: History, decoder: Decoder, claims: Claims | None = None) -> None:
        self.history = history
        self.decoder = decoder
        self.payable = decoder.payable
        self.model: ReferenceModel[G] = self.new_model(claims)
        self.ledger = Ledger(history, self.note)
        self.violations: list[Violation] = []
        self.findings: list[Violation] = []
        self.checked: Counter[str] = Counter()
        self.lost: set[Word] = set()
        self.unseen: set[Word] = set()
        self.creators: dict[Word, str] = {}
        self._call = Call("", "", b"", 0, 0, ())
        self._noted: dict[Word | None, int] = defaultdict(int)

    def note(self, game: Word | None, rule: str, detail: str, transaction: str | None = None) -> None:
        """Record a violation."""
        if rule not in self.rules.all:
            raise KeyError(rule)
        self._noted[game] += 1
        name = None if game is None else "0x" + game.hex()
        self.violations.append(Violation(name, transaction, rule, detail))

    def find(self, game: Word, what: str, detail: str) -> None:
        """Record something that breaks no rule, about the current call."""
        self.findings.append(Violation("0x" + game.hex(), self._call.transaction, what, detail))

    def is_clean(self, game: Word) -> bool:
        """Whether a game has no violation and was checked to the end."""
        return game not in self.lost and not self._noted[game]

    # ── what a mechanism says ────────────────────────────────────────────────────────────────────────────

    def new_model(self, claims: Claims | None) -> ReferenceModel[Any]:
        """Return a reference model without games."""
        del claims
        return self.contract(self.history.chain_id, self.history.contract)

    def mend(self, action: str, game: G, refusal: Revert, attempt: Attempt) -> Attempt | None:
        """Change the call or the game so that the model accepts the call; None if that is impossible."""
        sender, value, arguments = attempt
        match refusal.name:
            case "DeadlinePassed":
                game.deadline = self.model.now
            case "DeadlineNotPassed":
                game.deadline = self.model.now - 1
            case "WrongDeposit":
                value = int(str(refusal.arguments[1]))
            case "StaleDigest":
                arguments[self.decoder.place(action, "digest")] = game.digest
            case "NotTheSeat":
                sender = game.parameters.agents[int(str(refusal.arguments[0]))]
            case _:
                return None
        return Attempt(sender, value, arguments)

    def follow(self, game: G, want: Mapping[str, Event], have: Mapping[str, Event]) -> None:
        """Set the model's game to the chain's state; if that is impossible, the game is lost."""
        if want.keys() != have.keys():
            self.lost.add(game.id)

    def prepare(self, action: Action, game: Word) -> None:
        """Inspect a game before a call on the model."""

    def depends_on_others(self, action: Action, game: Word) -> bool:  # noqa: ARG002 - a mechanism's own may
        """Whether another contract may have made a call fail: then its failure says nothing."""
        return False

    def inspect(self, action: Action, game: G) -> None:
        """Inspect a game after a call that the model accepted."""

    def finish(self) -> None:
        """Check what can be seen only when all calls are replayed."""

    def check_draws(
        self, game: G, expected: list[Event], events: list[Event]
    ) -> tuple[list[Event], list[Event]]:
        """Check the draws among a call's expected and actual events, and return the other events of both."""
        del game
        return expected, events

    def burnt_in(self, game: G, events: Sequence[Event]) -> int:
        """Return the bonds that are burnt by a call of a lost game, by its events."""
        return game.parameters.bond * sum(map(self.rules.silent_seats, events))

    def rule_of_refusal(self, action: str, game: Word, refusal: Revert) -> str:
        """Return the rule that a call breaks if the contract accepts it and the model rejects it."""
        del game
        return self.rules.of_refusal(action, refusal)

    def told(self, rule: str, event: Event, value: object) -> str:
        """Return a readable field of an event."""
        del rule, event
        return shown(value)

    # ── one call ─────────────────────────────────────────────────────────────────────────────────────────

    def take(self, call: Call) -> None:
        """Check one call; calls are in the chain's order."""
        self._call = call
        if call.failure is not None:
            self._take_refused(call)
            return
        events = self._events()
        announced = _announced(events)
        try:
            action = self.decoder.read_action(call.data)
        except NotReadableError as error:
            self._unexplained(events, str(error))
            self.ledger.enter(call, None, {}, announced)
            return
        game = self._game_of_action(action)
        self.checked[action.name] += 1
        if game in self.lost:
            self._follow_lost(game, events)
            self.ledger.enter(call, game, None, announced)
            return

        self.model.now = call.timestamp
        self.model.events.clear()
        self.model.paid.clear()
        self.prepare(action, game)
        if not self._act(action, game):
            self.lost.add(game)
            self._follow_lost(game, events)
            self.ledger.enter(call, game, None, announced)
            return
        if action.name == self.contract.opening:
            self.creators[game] = call.sender
        known = self.model.games[game]
        due = Counter(self.model.paid)
        self.inspect(action, known)
        expected = list(self.model.events)
        events, others = self._without_hidden_calls(game, expected, events)
        self.ledger.enter(call, game, due + Counter(_announced(others)), announced)
        expected, events = self.check_draws(known, expected, events)
        if events != expected:
            self._compare(action, game, expected, events)
        for event in others:
            hidden = _game_of(event)
            self._follow_lost(hidden, [event])
            self.lost.add(hidden)
            self.unseen.add(hidden)

    def _game_of_action(self, action: Action) -> Word:
        return action.game if action.game is not None else self._id_of_new(action)

    def _without_hidden_calls(
        self, game: Word, expected: Sequence[Event], events: list[Event]
    ) -> tuple[list[Event], list[Event]]:
        """Separate the events of hidden calls, which a payee's code made when it was paid.

        Without traces, such calls are unknown.
        """
        if self._call.payments is not None or not self.model.paid or len(events) <= len(expected):
            return events, []
        if not any(self.history.code(payee) for payee in self.model.paid):
            return events, []
        own = [event for event in events if _game_of(event) == game][: len(expected)]
        return own, [event for event in events if event not in own]

    def _take_refused(self, call: Call) -> None:
        """Check that a failed call had to fail, or that the contract did not cause the failure."""
        self.checked["refused calls"] += 1
        try:
            action = self.decoder.read_action(call.data)
        except NotReadableError:
            return
        game = self._game_of_action(action)
        unclear = not self.is_clean(game) or self.depends_on_others(action, game)
        if (call.value and action.name not in self.payable) or unclear:
            return
        payees = self._accepted(action, game)
        if payees is None:
            return
        excused = self.history.excused(call, next(iter(payees), None))
        if excused is None:
            self.checked["refusals that could not be settled"] += 1
        elif not excused:
            self._note(game, "refusal", f"{action.name} failed, but the rules allow it")

    def _accepted(self, action: Action, game: Word) -> list[str] | None:
        """Try a call on the model without effect: return the payees, or None if the model rejects it."""
        model = self.model
        known = model.games.get(game)
        saved = None if known is None else _copy(known)
        balance, burnt = model.balance, model.burnt
        model.now = self._call.timestamp
        model.paid.clear()
        try:
            self._perform(
                action.name, game, Attempt(self._call.sender, self._call.value, [*action.arguments])
            )
        except Revert:
            return None
        finally:
            model.balance, model.burnt = balance, burnt
            if saved is None:
                model.games.pop(game, None)
            else:
                model.games[game] = saved
        return list(model.paid)

    def _id_of_new(self, action: Action) -> Word:
        return game_id(self.model.chain_id, self.model.address, self._call.sender, action.arguments[0])

    def _events(self) -> list[Event]:
        events = []
        for log in self._call.logs:
            try:
                events.append(self.decoder.read_event(log))
            except NotReadableError as error:
                self.note(None, "events", str(error), self._call.transaction)
        return events

    def _note(self, game: Word, rule: str, detail: str) -> None:
        """Record a violation by the current call."""
        self.note(game, rule, detail, self._call.transaction)

    def _unexplained(self, events: Sequence[Event], reason: str) -> None:
        """Record the events of a call that is no action of the contract."""
        if not events and not self.decoder.is_view(self._call.data):
            self.note(None, "unknown call", reason, self._call.transaction)
        for event in events:
            game = _game_of(event)
            if game not in self.lost:
                self._note(game, "unexplained event", f"{event.name}: {reason}")
            self.lost.add(game)
            self._follow_lost(game, [event])

    def _follow_lost(self, game: Word, events: Sequence[Event]) -> None:
        """Count the bonds burnt in a lost game, by its events."""
        known = self.model.games.get(game)
        if known is not None:
            self.model.burnt += self.burnt_in(known, events)

    # ── the call on the model ────────────────────────────────────────────────────────────────────────────

    def _act(self, action: Action, game: Word) -> bool:
        """Make the call on the model, mended if needed; return whether the model accepted it."""
        attempt = Attempt(self._call.sender, self._call.value, list(action.arguments))
        if attempt.value and action.name not in self.payable:
            self._note(game, "deposit", f"{action.name} took {attempt.value} wei")
        tried: set[str] = set()
        while True:
            try:
                self._perform(action.name, game, attempt)
            except Revert as refusal:
                rule = self.rule_of_refusal(action.name, game, refusal)
                self._note(game, rule, f"{action.name} succeeded, but must fail with {refusal}")
                known = self.model.games.get(game)
                if refusal.name in tried or known is None:
                    return False
                tried.add(refusal.name)
                mended = self.mend(action.name, known, refusal, attempt)
                if mended is None:
                    return False
                attempt = mended
            else:
                return True

    def _perform(self, name: str, game: Word, attempt: Attempt) -> None:
        sender, value, arguments = attempt
        act = getattr(self.model, name)
        paid = (value,) if name in self.payable else ()
        named = () if name == self.contract.opening else (game,)
        act(sender, *paid, *named, *arguments)

    # ── what came of it ──────────────────────────────────────────────────────────────────────────────────

    def _compare(
        self, action: Action, game_id: Word, expected: Sequence[Event], events: Sequence[Event]
    ) -> None:
        """Record differences, and follow the chain."""
        want = {event.name: event for event in expected}
        have = {event.name: event for event in events}
        if action.name == self.contract.opening and self.opened in have:
            game_id = self._adopt_created(game_id, have[self.opened])
        if len(have) < len(events):
            self._note(game_id, "events", f"{action.name} emitted {', '.join(e.name for e in events)}")
        for name, event in have.items():
            if name in want:
                self._compare_fields(game_id, want[name], event)
        for name in [*(want.keys() - have.keys()), *(have.keys() - want.keys())]:
            rule = self.rules.presence(name, have.get(name, want.get(name, Event("", ()))).fields)
            how = "missing" if name in want else "unexpected"
            self._note(game_id, rule, f"{name} after {action.name}: {how}")
        self.follow(self.model.games[game_id], want, have)

    def _adopt_created(self, game_id: Word, created: Event) -> Word:
        """Give a new game the chain's id, and return it."""
        games = self.model.games
        game, named = games[game_id], _game_of(created)
        if named != game_id and named in games:
            self.lost.add(game_id)
            return game_id
        del games[game_id]
        game.id = named
        games[game.id] = game
        self.creators[named] = self.creators.pop(game_id)
        return game.id

    def _compare_fields(self, game: Word, want: Event, have: Event) -> None:
        seen = set()
        for rule, due, found in zip(self.rules.fields[have.name], want.fields, have.fields, strict=True):
            if due != found and rule not in seen:
                seen.add(rule)
                detail = f"{self.told(rule, have, found)} instead of {self.told(rule, want, due)}"
                self._note(game, rule, detail)


AnyReplay: TypeAlias = Replay[Any]
"""A replay of any games."""


def number_in(event: Event, index: int) -> int:
    """Return a field of an event as a number.

    Raises
    ------
    TypeError
        If the field is no number.

    Examples
    --------
    >>> number_in(Event("Settled", (bytes(32), 2)), 1)
    2
    """
    value = event.fields[index]
    if not isinstance(value, int):
        raise TypeError(f"{event.name} has no number at {index}")
    return value


def words_in(event: Event, index: int) -> tuple[int, int]:
    """Return a field of an event as two words: an order or an assignment.

    Raises
    ------
    TypeError
        If the field is no pair of words.

    Examples
    --------
    >>> words_in(Event("Assigned", (bytes(32), (513, 0))), 1)
    (513, 0)
    """
    words = event.fields[index]
    if not isinstance(words, tuple) or len(words) != 2:
        raise TypeError(f"{event.name} has no two words at {index}")
    return words[0], words[1]


def _announced(events: Iterable[Event]) -> dict[str, int]:
    """Return the payments that events state, by receiver."""
    found: Counter[str] = Counter()
    for event in events:
        if event.name == "Withdrawn":
            found[str(event.fields[2])] += number_in(event, 3)
    return dict(found)


def _copy(game: G) -> G:
    """Return a copy of a game that shares no mutable state."""
    copied = copy(game)
    for name, value in vars(game).items():
        if isinstance(value, list | set | dict):
            setattr(copied, name, copy(value))
    return copied


def _game_of(event: Event) -> Word:
    game = event.fields[0]
    if not isinstance(game, bytes):
        raise TypeError(f"{event.name} names no game")
    return game
