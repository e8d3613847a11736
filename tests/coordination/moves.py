"""Calls to make: what could be done next in a game, and the many ways of doing it wrongly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, ClassVar

from parley.core.randomness import Word, commitment, word
from parley.kit.reference import NOTHING
from parley.mechanisms.coordination.game import Game, Phase
from parley.mechanisms.coordination.parameters import Page, Parameters
from tests.kit.rig import moves
from tests.kit.rig.moves import ANOTHER_SEAT, HUGE, Call

INT128_MAX, INT128_MIN = 2**127 - 1, -(2**127)

METHOD_OF = {
    Phase.CREATING: "store",
    Phase.JOINING: "join",
    Phase.ANNOUNCING: "announce",
    Phase.REVEALING: "reveal",
    Phase.PROPOSING: "propose",
    Phase.RESPONDING: "respond",
}


@dataclass
class Moves(moves.Moves[Game]):
    """What the seats know (their secrets) and how they choose."""

    method_of = METHOD_OF
    further_ways: ClassVar[Mapping[str, Sequence[str]]] = {
        # The commitment is looked at last; about a list there is most to be wrong.
        "join": (*ANOTHER_SEAT, "argument 3", "argument 3"),
        "announce": ("argument 2", "argument 2"),
        "reveal": (*ANOTHER_SEAT, "argument 4", "argument 4"),
        "propose": ("argument 2", "argument 2"),
        "withdraw": (*ANOTHER_SEAT, "argument 4", "argument 4"),
    }

    secrets: dict[tuple[Word, int], Word] = field(default_factory=dict)
    """The secret behind each seat's present commitment."""
    plans: dict[Parameters, Parameters] = field(default_factory=dict)
    """What is meant to be played, by what is created first, where rows are to follow."""
    offered: dict[Word, Word] = field(default_factory=dict)
    """Secrets by commitment, used or not."""

    def planned(self, parameters: Parameters) -> Parameters:
        """What to create for this to be played; the rows that are to follow are kept in mind."""
        opening = parameters.opening()
        self.plans[opening] = parameters
        return opening

    def new_commitment(self, game: Word, seat: int) -> Word:
        secret = self.new_secret()
        offered = commitment(game, seat, secret)
        self.offered[offered] = secret
        return offered

    def note(self, call: Call) -> None:
        """Remember whose secrets a call that went through has put in force."""
        if call.method in ("join", "reveal"):
            game, seat, *_, offered = call.args
            self.secrets[game, seat] = self.offered.get(offered, NOTHING)

    # ──────────────────────────────────────── what is to be done ────────────────────────────────────────

    def _store(self, _dice: Random, game: Game) -> Call:
        p = game.parameters
        plan = self.plans.get(replace(p, contracted=(), capacity=()), p)
        pages = [page for page in plan.pages() if page.seat < game.turn]
        page = pages[0] if pages else Page(0, p.contracted, p.capacity)
        return Call(game.creator, "store", (game.id, game.digest, page.contracted, page.capacity))

    def _join(self, dice: Random, game: Game) -> Call:
        seat = self._seat(dice, game, [i for i, c in enumerate(game.commitments) if c == NOTHING])
        args = (game.id, seat, game.digest, self.new_commitment(game.id, seat))
        return Call(game.parameters.agents[seat], "join", args, game.parameters.deposit(seat))

    def _announce(self, dice: Random, game: Game) -> Call:
        seat = game.turn % game.agents
        types = range(game.parameters.task_types)
        bounds = [game.bounds(t) if game.phase is Phase.ANNOUNCING else (0, 3) for t in types]
        style = dice.choice([*["frugal"] * 9, "any", "least", "most"])
        if style == "frugal":
            announcement = frugal(game, seat, bounds)
        elif style == "any":
            announcement = [dice.randint(least, most) for least, most in bounds]
        else:
            announcement = [bound[style == "most"] for bound in bounds]
        return Call(game.parameters.agents[seat], "announce", (game.id, game.digest, tuple(announcement)))

    def _reveal(self, dice: Random, game: Game) -> Call:
        seat = self._seat(dice, game, [i for i, s in enumerate(game.secrets) if s == NOTHING])
        secret = self.secrets.get((game.id, seat), word(self.salt + 1))
        args = (game.id, seat, game.digest, secret, self.new_commitment(game.id, seat))
        return Call(game.parameters.agents[seat], "reveal", args)

    def _propose(self, dice: Random, game: Game) -> Call:
        p = game.parameters
        shares = [p.cost(i).of(game.loads[i]) for i in range(game.agents)]
        for _ in range(dice.randint(0, 2)):
            payer, payee = dice.sample(range(game.agents), 2)
            # What the payer does not pay yet of its deposit: all of it is allowed, a wei more is not.
            left = p.deposit(payer) - (shares[payer] - p.cost(payer).of(game.loads[payer]))
            amount = dice.choice([min(1, left), left // 3, left])
            shares[payer] += amount
            shares[payee] -= amount
        return Call(p.agents[game.proposer], "propose", (game.id, game.digest, tuple(shares)))

    def _respond(self, dice: Random, game: Game) -> Call:
        seat = game.order[game.turn % len(game.order)] if game.order else 0
        accept = dice.random() < 0.6
        return Call(game.parameters.agents[seat], "respond", (game.id, game.digest, accept))

    def _withdraw(self, dice: Random, game: Game) -> Call:
        seat = self._seat(dice, game, game.entitled)
        digest, shares = (game.answered, game.shares) if game.phase is Phase.SETTLED else (game.digest, ())
        to = dice.choice(self.payees)
        return Call(game.parameters.agents[seat], "withdraw", (game.id, seat, to, digest, shares))

    # ───────────────────────────────────────── doing it wrongly ─────────────────────────────────────────

    def spoil(self, dice: Random, call: Call) -> Call:
        """Change one thing about a call, not always one that matters; often a bound of an announcement."""
        game = self.model.games[call.args[0]]
        if call.method == "announce" and game.phase is Phase.ANNOUNCING and dice.random() < 4 / 11:
            *before, announced = call.args
            t = dice.randrange(len(announced))
            least, most = game.bounds(t)
            wrong = dice.choice([max(least - 1, 0), most + 1])
            return replace(call, args=(*before, (*announced[:t], wrong, *announced[t + 1 :])))
        return super().spoil(dice, call)

    def _other_data(self, dice: Random, value: Any, call: Call, k: int) -> Any:  # noqa: ANN401 - of any type
        if isinstance(value, bytes):
            return self._other_word(dice, value, call, k)
        if call.method == "announce":
            return self._other_list(dice, value, [0, HUGE], -1, 1)
        if call.method == "store":
            # Calldata holds 32 bits of a quantity.
            return self._other_list(dice, value, [0, 2**32 - 1], -1, 1)
        if call.method == "propose":
            return self._other_shares(dice, value, call)
        return self._other_list(dice, value, [0, INT128_MAX, INT128_MIN], -1, 1)

    def _other_word(self, dice: Random, value: Word, call: Call, k: int) -> Word:
        """Another hash or secret: of another game, of another time, of another seat, or of nothing."""
        if k > 0 and dice.random() < 0.25:
            return NOTHING
        choices = [NOTHING, word(1), bytes([value[0] ^ 1]) + value[1:]]
        choices += [other for other in self.model.games if other != value]
        choices += [game.digest for game in self.model.games.values() if game.digest != value]
        if k > 0:
            game = self.model.games.get(call.args[0])
            commitments = game.commitments if game else []
            choices += [c for c in commitments if c not in (NOTHING, value)]
            choices += [s for (g, _), s in self.secrets.items() if g == call.args[0] and s != value]
        other: Word = dice.choice(choices)
        return other

    @staticmethod
    def _other_list(dice: Random, value: Sequence[int], extremes: list[int], *steps: int) -> Any:  # noqa: ANN401
        way = dice.choice(["entry", "entry", "entry", "shorter", "longer"])
        if way == "shorter" or (not value and way == "entry"):
            return tuple(value[:-1])
        if way == "longer":
            return (*value, 0)
        k = dice.randint(0, len(value) - 1)
        choices = [*extremes, *(value[k] + step for step in steps)]
        # A quantity is unsigned; a share is not.
        changed = dice.choice([c for c in choices if c >= 0 or INT128_MIN in extremes])
        return (*value[:k], changed, *value[k + 1 :])

    def _other_shares(self, dice: Random, value: Sequence[int], call: Call) -> Any:  # noqa: ANN401
        """Shares beyond somebody's deposit though their sum is right, or of another sum or number."""
        game = self.model.games.get(call.args[0])
        if game is None or len(value) != game.agents or dice.random() < 0.5:
            return self._other_list(dice, value, [0, INT128_MAX, INT128_MIN], -1, 1)
        p = game.parameters
        payer, payee = dice.sample(range(game.agents), 2)
        beyond = p.deposit(payer) + p.cost(payer).of(game.loads[payer]) + dice.randint(0, 1) - value[payer]
        shares = list(value)
        shares[payer] += beyond
        shares[payee] -= beyond
        return tuple(shares)


def frugal(game: Game, seat: int, bounds: Sequence[tuple[int, int]]) -> list[int]:
    """Announce the most, but for each task that a later seat would do for less."""
    p = game.parameters
    announcement = [most for _, most in bounds]
    later = {k: list(p.row(p.contracted, k)) for k in range(seat + 1, game.agents)}
    for t, (least, most) in enumerate(bounds):
        for k, doing in later.items():
            room = p.row(p.capacity, k)[t] - p.row(p.contracted, k)[t]
            for _ in range(min(most - least, room)):
                own, other = sum(announcement), sum(doing)
                saved = p.cost(seat).of(own) - p.cost(seat).of(max(own - 1, 0))
                if announcement[t] == least or p.cost(k).of(other + 1) - p.cost(k).of(other) >= saved:
                    break
                announcement[t] -= 1
                doing[t] += 1
    return announcement
