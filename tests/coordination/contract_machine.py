"""Bargaining contract and model driven with the same calls: see `tests.kit.rig.contract_machine`."""

from collections.abc import Iterable
from random import Random

from parley.core.randomness import Word, word
from parley.kit.reference import Event
from parley.mechanisms.coordination.game import Game
from parley.mechanisms.coordination.parameters import Parameters
from tests.coordination import samples
from tests.coordination.moves import Moves
from tests.coordination.on_chain import OnChain
from tests.kit.rig import contract_machine
from tests.kit.rig.contract_machine import Reached
from tests.kit.rig.moves import Call


class ContractMachine(contract_machine.ContractMachine[Game]):
    """A model and a freshly deployed contract."""

    moves_type = Moves
    subject: OnChain
    moves: Moves

    def terms(self, dice: Random) -> tuple[Word, Parameters]:
        # Few salts, so that an id is taken now and then; few recognition functions that let a game get stuck.
        some = self.subject.sound if dice.random() < 0.8 else self.subject.recognitions
        # Five types share a word with the total cost; thirteen fill the next one.
        types = dice.choice([(1, 3), (1, 3), (5, 14)])
        parameters = samples.parameters(dice, self.subject.accounts[:-1], some, types=types)
        return word(dice.randint(0, 9)), self.moves.planned(parameters)

    def remarkable(self, game: Game, event: Event) -> str:
        if event.name == "ProposerDrawn" and game.round > 1:
            return "continued"
        if event.name == "BrokenDown":
            lapsed = f" while {game.lapsed.name.lower()}" if game.lapsed else ""
            return game.cause.name.lower() + lapsed
        return "settled" if event.name == "Settled" else ""


class LargeGames(ContractMachine):
    """Games of up to 64 seats and 64 types, looked at as a whole now and then."""

    EVERY = 29

    def terms(self, dice: Random) -> tuple[Word, Parameters]:
        large = dice.choice([((2, 64), (1, 64)), ((31, 64), (50, 64)), ((64, 64), (64, 64))])
        parameters = samples.parameters(dice, self.subject.accounts, self.subject.sound, *large)
        return word(dice.randint(0, 9)), self.moves.planned(parameters)

    def _compare_views(self, after: Call | str, games: Iterable[bytes]) -> None:
        telling = isinstance(after, str) or after.method in ("store", "expire", "withdraw")
        if self.made % self.EVERY == 0 or telling:
            super()._compare_views(after, games)


def play_large_games(subject: OnChain, games: int, mistakes: float, seed: int) -> Reached:
    """Play large games to their ends, some of it wrongly, comparing contract and model."""
    reached = Reached()
    dice = Random(seed)
    for _ in range(games):
        LargeGames(subject, reached).play_through(dice, mistakes)
    return reached
