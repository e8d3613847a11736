"""Calls to make: what is particular of games that are bargained over, and ways of doing it wrongly."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from parley.core.randomness import Word
from parley.mechanisms.coordination.game import Game, Phase
from parley.mechanisms.coordination.parameters import Page, Parameters
from tests.kit.rig import moves
from tests.kit.rig.moves import Call


@dataclass
class Moves(moves.Moves[Game]):
    """What the seats know (their secrets) and how they choose."""

    acts_in = {"CREATING": "store"}  # noqa: RUF012 - never changed

    plans: dict[Parameters, Parameters] = field(default_factory=dict)
    """What is meant to be played, by what is created first, where rows are to follow."""

    def planned(self, parameters: Parameters) -> Parameters:
        """What to create for this to be played; the rows that are to follow are kept in mind."""
        opening = parameters.opening()
        self.plans[opening] = parameters
        return opening

    def deposit(self, game: Game, seat: int) -> int:
        return game.parameters.deposit(seat)

    # ──────────────────────────────────────── what is to be done ────────────────────────────────────────

    def _store(self, _dice: Random, game: Game) -> Call:
        p = game.parameters
        plan = self.plans.get(replace(p, contracted=(), capacity=()), p)
        pages = [page for page in plan.pages() if page.seat < game.turn]
        page = pages[0] if pages else Page(0, p.contracted, p.capacity)
        return Call(game.creator, "store", (game.id, game.digest, page.contracted, page.capacity))

    def _announcement(self, dice: Random, game: Game, seat: int) -> tuple[int, ...]:
        types = range(game.parameters.task_types)
        bounds = [game.bounds(t) if game.phase is Phase.ANNOUNCING else (0, 3) for t in types]
        style = dice.choice([*["frugal"] * 9, "any", "least", "most"])
        if style == "frugal":
            return tuple(frugal(game, seat, bounds))
        if style == "any":
            return tuple(dice.randint(least, most) for least, most in bounds)
        return tuple(bound[style == "most"] for bound in bounds)

    def _shares(self, dice: Random, game: Game, _seat: int) -> tuple[int, ...]:
        if game.phase is not Phase.PROPOSING:
            return game.shares if game.phase is Phase.SETTLED else ()
        p = game.parameters
        shares = [p.cost(i).of(game.loads[i]) for i in range(game.agents)]
        for _ in range(dice.randint(0, 2)):
            payer, payee = dice.sample(range(game.agents), 2)
            # What the payer does not pay yet of its deposit: all of it is allowed, a wei more is not.
            left = p.deposit(payer) - (shares[payer] - p.cost(payer).of(game.loads[payer]))
            amount = dice.choice([min(1, left), left // 3, left])
            shares[payer] += amount
            shares[payee] -= amount
        return tuple(shares)

    def _accept(self, dice: Random, _game: Game, _seat: int) -> bool:
        return dice.random() < 0.6

    def _digest(self, _dice: Random, game: Game, _seat: int) -> Word:
        return game.answered if game.phase is Phase.SETTLED else game.digest

    # ───────────────────────────────────────── doing it wrongly ─────────────────────────────────────────

    @staticmethod
    def _other_announcement(dice: Random, game: Game, announced: Sequence[int]) -> tuple[int, ...]:
        """Often a bound."""
        if game.phase is not Phase.ANNOUNCING:
            return tuple(announced[1:])
        t = dice.randrange(len(announced))
        least, most = game.bounds(t)
        return (*announced[:t], dice.choice([max(least - 1, 0), most + 1]), *announced[t + 1 :])

    @staticmethod
    def _other_shares(dice: Random, game: Game, value: Sequence[int]) -> Any:  # noqa: ANN401
        """Shares beyond somebody's deposit though their sum is right."""
        if len(value) != game.agents:
            return (*value, 0)
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
