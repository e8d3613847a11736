"""Games replayed from what the chain has on record, against the reference model.

Every call is made once more on `sim.coordination.model`, with the sender, the money and the block's time that
it had, and what the model emits is compared with what the contract emitted. Where the two part, the rule that
was broken is named, and the model is then made to follow the chain: a game with one crooked draw does not
look crooked in everything that comes after.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sim.chain.history import Call
from sim.coordination.game import NOTHING, Cause, Game, Phase
from sim.coordination.model import Event, TwoStageModel
from sim.coordination.parameters import QUANTITY_LIMIT, Revert
from sim.coordination.recognition import RecognitionFunction
from sim.coordination.records import Action, NotReadableError, is_view, read_action, read_event
from sim.coordination.rules import (
    ALL_RULES,
    FIELD_RULES,
    Violation,
    rule_of_presence,
    rule_of_refusal,
    shown,
    shown_fraction,
)
from sim.randomness import Word, pack_order, unpack_order

__all__ = ["Replay"]


_DRAWN = ("ProposerDrawn", "BrokenDown")


class Replay:
    """The games of one contract, as they ought to have gone.

    Parameters
    ----------
    chain_id : int
    contract : str
        Its address in lower case.
    recognitions : mapping of str to callable
        The recognition functions that games are entitled to, by address in lower case.

    Attributes
    ----------
    model : TwoStageModel
        Every game, in the state that the chain's should have.
    violations : list of Violation
    checked : Counter
        How many calls and draws have been checked, by kind.
    lost : set of bytes
        Games that have gone where the rules do not lead: what happens in them is no longer checked.
    received, paid : int
        Wei that calls brought in, and that ``Withdrawn`` events say went out.
    withdrawals : list of (bytes, str, int)
        Game, transaction and amount.
    proposers : dict of bytes to int
        Whom the first round's draw recognized, by game.
    continued : dict of bytes to bool
        What the first continuation draw said, by game.
    """

    def __init__(self, chain_id: int, contract: str, recognitions: Mapping[str, RecognitionFunction]) -> None:
        self.model = TwoStageModel(chain_id, contract, recognitions)
        self.violations: list[Violation] = []
        self.checked: Counter[str] = Counter()
        self.lost: set[Word] = set()
        self.received = 0
        self.paid = 0
        self.withdrawals: list[tuple[Word, str, int]] = []
        self.proposers: dict[Word, int] = {}
        self.continued: dict[Word, bool] = {}
        self._call = Call("", "", b"", 0, 0, ())
        self._noted: dict[Word | None, int] = defaultdict(int)

    def note(self, game: Word | None, rule: str, detail: str, transaction: str | None = None) -> None:
        """Write down a violation."""
        if rule not in ALL_RULES:
            raise KeyError(rule)
        self._noted[game] += 1
        name = None if game is None else "0x" + game.hex()
        self.violations.append(Violation(name, transaction, rule, detail))

    def is_clean(self, game: Word) -> bool:
        """Whether nothing has been found against a game, and it has been followed to the end."""
        return game not in self.lost and not self._noted[game]

    # ── one call ─────────────────────────────────────────────────────────────────────────────────────────

    def take(self, call: Call) -> None:
        """Check one call; calls come in the chain's order."""
        self._call = call
        events = self._events()
        self.received += call.value
        for event in events:
            if event.name == "Withdrawn":
                self.paid += _amount(event)
        try:
            action = read_action(call.data)
        except NotReadableError as error:
            self._unexplained(events, str(error))
            return
        game = action.game if action.game is not None else self._id_of_new(action)
        self.checked[action.name] += 1
        if action.name == "withdraw":
            self._check_payment(game, events)
        if game in self.lost:
            self._follow_lost(game, events)
            return

        self.model.now = call.timestamp
        self.model.events.clear()
        secrets = self._secrets(action, game)
        if not self._act(action, game):
            self.lost.add(game)
            self._follow_lost(game, events)
            return
        expected = list(self.model.events)
        if len(secrets) > 0:
            self._check_draw(self.model.games[game], secrets, events)
            expected = [event for event in expected if event.name not in _DRAWN]
            events = [event for event in events if event.name not in _DRAWN]
        if events != expected:
            self._compare(action, game, expected, events)

    def _id_of_new(self, action: Action) -> Word:
        return self.model.game_id(self._call.sender, action.arguments[0])

    def _events(self) -> list[Event]:
        events = []
        for log in self._call.logs:
            try:
                events.append(read_event(log))
            except NotReadableError as error:
                self.note(None, "events", str(error), self._call.transaction)
        return events

    def _note(self, game: Word, rule: str, detail: str) -> None:
        self.note(game, rule, detail, self._call.transaction)

    def _unexplained(self, events: Sequence[Event], reason: str) -> None:
        """Events of a call that is none of the contract's actions, or cannot be read."""
        if not events and not is_view(self._call.data):
            self.note(None, "unknown call", reason, self._call.transaction)
        for event in events:
            game = _game_of(event)
            if game not in self.lost:
                self._note(game, "unexplained event", f"{event.name}: {reason}")
            self.lost.add(game)
            self._follow_lost(game, [event])

    def _follow_lost(self, game: Word, events: Sequence[Event]) -> None:
        """Keep count of the bonds that the chain says were burnt in a game that is not followed."""
        known = self.model.games.get(game)
        for event in events:
            if known is not None and event.name == "BrokenDown" and event.fields[2] is Cause.EXPIRED:
                self.model.burnt += known.parameters.bond * _bits(event)

    def _check_payment(self, game: Word, events: Sequence[Event]) -> None:
        amounts = [_amount(event) for event in events if event.name == "Withdrawn"]
        self.withdrawals += [(game, self._call.transaction, amount) for amount in amounts]
        if self._call.sent is not None and self._call.sent != sum(amounts):
            self._note(game, "payment", f"{self._call.sent} wei went out where {sum(amounts)} were announced")

    # ── the call on the model ────────────────────────────────────────────────────────────────────────────

    def _secrets(self, action: Action, game: Word) -> list[Word]:
        """The secrets that this call completes; empty if it does not."""
        found = self.model.games.get(game)
        if action.name != "reveal" or found is None or found.phase is not Phase.REVEALING:
            return []
        seat, secret, _ = action.arguments
        secrets = list(found.secrets)
        if not seat < len(secrets) or secrets[seat] != NOTHING:
            return []
        secrets[seat] = secret
        return secrets if NOTHING not in secrets else []

    def _act(self, action: Action, game: Word) -> bool:
        """Make the call on the model, mending what it refuses; whether it went through."""
        sender, value, arguments = self._call.sender, self._call.value, list(action.arguments)
        if value and action.name != "join":
            self._note(game, "deposit", f"{action.name} took {value} wei")
        tried: set[str] = set()
        while True:
            try:
                self._perform(action.name, game, sender, value, arguments)
            except Revert as refusal:
                rule = rule_of_refusal(action.name, refusal)
                self._note(game, rule, f"{action.name} went through where it must fail with {refusal}")
                if refusal.name in tried:
                    return False
                tried.add(refusal.name)
                mended = self._mend(action.name, game, refusal, (sender, value, arguments))
                if mended is None:
                    return False
                sender, value, arguments = mended
            else:
                return True

    def _perform(self, name: str, game: Word, sender: str, value: int, arguments: Sequence[Any]) -> None:
        if name == "create":
            self.model.create(sender, *arguments)
        elif name == "join":
            self.model.join(sender, value, game, *arguments)
        else:
            getattr(self.model, name)(sender, game, *arguments)

    def _mend(
        self, action: str, game_id: Word, refusal: Revert, call: tuple[str, int, list[Any]]
    ) -> tuple[str, int, list[Any]] | None:
        """What the call would have had to be, or the game, for the model to take it; None if that is idle."""
        sender, value, arguments = call
        game = self.model.games.get(game_id)
        if game is None:
            return None
        match refusal.name:
            case "DeadlinePassed":
                game.deadline = self.model.now
            case "DeadlineNotPassed":
                game.deadline = self.model.now - 1
            case "WrongDeposit":
                value = game.parameters.deposit(arguments[0])
            case "WrongRound":
                arguments[0] = game.round
            case "StaleDigest" if action == "withdraw":
                arguments[2] = game.shares
            case "StaleDigest":
                arguments[0 if action == "announce" else 1] = game.digest
            case "NotTheSeat" if action == "respond" and sender in (waiting := _waiting(game)):
                game.turn += waiting.index(sender)
            case "NotTheSeat" if action != "respond":
                sender = game.parameters.agents[int(str(refusal.arguments[0]))]
            case _:
                return None
        return sender, value, arguments

    # ── what came of it ──────────────────────────────────────────────────────────────────────────────────

    def _compare(
        self, action: Action, game_id: Word, expected: Sequence[Event], events: Sequence[Event]
    ) -> None:
        """Name what differs, and follow the chain."""
        want = {event.name: event for event in expected}
        have = {event.name: event for event in events}
        if action.name == "create" and "Created" in have:
            game_id = self._adopt_created(game_id, have["Created"])
        if len(have) < len(events):
            self._note(game_id, "events", f"{action.name} emitted {', '.join(e.name for e in events)}")
        for name, event in have.items():
            if name in want:
                self._compare_fields(game_id, want[name], event)
        for name in [*(want.keys() - have.keys()), *(have.keys() - want.keys())]:
            cause = have.get(name, want.get(name, Event("", ()))).fields
            rule = rule_of_presence(name, cause)
            detail = f"{name} after {action.name}: " + (
                "missing" if name in want else "not what the rules lead to"
            )
            self._note(game_id, rule, detail)
        game = self.model.games[game_id]
        if want.keys() ^ have.keys() <= {"Settled", "BrokenDown"}:
            self._adopt(game, want, have)
        else:
            self.lost.add(game_id)

    def _adopt_created(self, game_id: Word, created: Event) -> Word:
        """Call a new game what the chain calls it, by id and by digest; returns that id."""
        game, named = self.model.games[game_id], _game_of(created)
        if named != game_id and named in self.model.games:
            self.lost.add(game_id)
            return game_id
        _, _, _, digest, _ = created.fields
        del self.model.games[game_id]
        game.id = named
        game.digest = digest if isinstance(digest, bytes) else game.digest
        self.model.games[game.id] = game
        return game.id

    def _compare_fields(self, game: Word, want: Event, have: Event) -> None:
        seen = set()
        for rule, right, found in zip(FIELD_RULES[have.name], want.fields, have.fields, strict=True):
            if right != found and rule not in seen:
                seen.add(rule)
                is_fraction = rule == "recognition fraction"
                there, due = (shown_fraction(have), shown_fraction(want)) if is_fraction else (found, right)
                self._note(game, rule, f"{shown(there)} where {shown(due)} is due")

    def _adopt(self, game: Game, want: Mapping[str, Event], have: Mapping[str, Event]) -> None:
        """Put the model's game where the chain's is."""
        now = self.model.now
        announced = have.get("Announced")
        if announced is not None:
            seat, numerator, denominator = (_number(announced, k) for k in (1, 3, 4))
            if seat != want["Announced"].fields[1] or not numerator <= denominator < QUANTITY_LIMIT:
                self.lost.add(game.id)
            else:
                game.fractions[seat] = (numerator, denominator)
        broken = have.get("BrokenDown")
        if broken is not None:
            before = game.silent.bit_count()
            game.round = _number(broken, 1)
            game.phase, game.cause = Phase.BROKEN_DOWN, _cause_of(broken)
            game.silent = _number(broken, 3)
            if game.cause is Cause.EXPIRED:
                self.model.burnt += game.parameters.bond * (game.silent.bit_count() - before)
        elif "BrokenDown" in want and "Settled" not in have:
            if game.cause is Cause.EXPIRED:
                self.lost.add(game.id)
            # The chain goes on where the game is over: to bargaining, or to another round.
            game.phase, game.cause = Phase.REVEALING, Cause.NONE
            game.round += 1
            game.move_to(Phase.REVEALING, now)
        elif "Settled" in have:
            game.phase = Phase.SETTLED
        elif "Settled" in want:
            self.lost.add(game.id)

    def _check_draw(self, game: Game, secrets: Sequence[Word], events: Sequence[Event]) -> None:
        """Hold the draw that follows the last reveal against the secrets.

        The model has just drawn, from the same secrets; what it drew is drawn once more where the chain has
        gone another way.
        """
        drawn = next((event for event in events if event.name == "ProposerDrawn"), None)
        stopped = next((event for event in events if event.name == "BrokenDown"), None)
        if (drawn is None) == (stopped is None):
            self._note(game.id, "events", "a draw must end in one of ProposerDrawn and BrokenDown")
            self.lost.add(game.id)
            return
        goes_on = True
        if game.round > 1:
            self.checked["continuation draws"] += 1
            goes_on = game.draw_continuation(secrets)
            self.continued.setdefault(game.id, drawn is not None)
        if goes_on != (drawn is not None):
            detail = "goes on where the fresh secrets say stop" if drawn else "stops where they say go on"
            if game.round == 1:
                detail = "stops in the first round, where nothing is drawn"
            self._note(game.id, "continuation draw", detail)
        event = drawn or stopped
        if event is not None and event.fields[1] != game.round:
            self._note(game.id, "round", f"{event.fields[1]} where {game.round} is due")
        if drawn is not None:
            self._check_proposer(game, secrets, drawn)
            return
        if stopped is not None and stopped.fields[2:] != (Cause.NOT_CONTINUED, 0):
            self._note(game.id, "breakdown cause", f"{shown(stopped.fields[2:])} after a draw")
        game.phase, game.cause, game.turn = Phase.BROKEN_DOWN, Cause.NOT_CONTINUED, game.agents

    def _check_proposer(self, game: Game, secrets: Sequence[Word], drawn: Event) -> None:
        self.checked["proposer draws"] += 1
        self.checked["permutation draws"] += 1
        proposer = _number(drawn, 2)
        right = game.draw_proposer(secrets)
        if proposer != right:
            self._note(game.id, "proposer draw", f"seat {proposer} where the secrets say seat {right}")
        if game.round == 1:
            self.proposers[game.id] = proposer
        game.proposer, game.cause = proposer, Cause.NONE
        game.move_to(Phase.PROPOSING, self.model.now)
        # An order is drawn for whoever the proposer is: a wrong one does not make it wrong as well.
        game.order = game.draw_order(secrets)
        if drawn.fields[3] != pack_order(game.order):
            order = unpack_order(_words(drawn), game.agents - 1)
            self._note(game.id, "permutation draw", f"{order} where the secrets say {game.order}")
            if any(seat >= game.agents for seat in order):
                self.lost.add(game.id)
            game.order = order
        if proposer >= game.agents:
            self.lost.add(game.id)


def _waiting(game: Game) -> list[str]:
    """Return the addresses of those who have not answered, in their order."""
    return [game.parameters.agents[seat] for seat in game.order[game.turn :]]


# ── reading events' fields, whose types an event does not carry ─────────────────────────────────────────────


def _game_of(event: Event) -> Word:
    game = event.fields[0]
    if not isinstance(game, bytes):
        raise TypeError(f"{event.name} names no game")
    return game


def _number(event: Event, index: int) -> int:
    value = event.fields[index]
    if not isinstance(value, int):
        raise TypeError(f"{event.name} has no number at {index}")
    return value


def _amount(event: Event) -> int:
    return _number(event, 3)


def _bits(event: Event) -> int:
    return _number(event, 3).bit_count()


def _cause_of(event: Event) -> Cause:
    return Cause(_number(event, 2))


def _words(event: Event) -> tuple[int, int]:
    words = event.fields[3]
    if not isinstance(words, tuple):
        raise TypeError(f"{event.name} has no order")
    return words[0], words[1]
