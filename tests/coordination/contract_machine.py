"""Bargaining contract and model driven with the same calls: see `tests.kit.rig.contract_machine`."""

from random import Random

from parley.core.randomness import Word, word
from parley.kit.reference import Event
from parley.mechanisms.coordination.game import Game, Phase
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

    def how_far(self, game: Game) -> tuple[int, ...]:
        return game.round, game.phase

    def before_step(self, dice: Random, game: Game, call: Call) -> None:
        if game.phase in (Phase.PROPOSING, Phase.RESPONDING):
            for _ in range(dice.choice([0, 0, 1, 3])):
                self.err(dice, game)
            if dice.random() < 0.05:
                self.execute(call, at=game.deadline + 1)


class LargeGames(ContractMachine):
    """Games of up to 64 seats and 64 types, looked at as a whole now and then."""

    EVERY = 29

    def terms(self, dice: Random) -> tuple[Word, Parameters]:
        large = dice.choice([((2, 64), (1, 64)), ((31, 64), (50, 64)), ((64, 64), (64, 64))])
        parameters = samples.parameters(dice, self.subject.accounts, self.subject.sound, *large)
        return word(dice.randint(0, 9)), self.moves.planned(parameters)

    def _compare_views(self, call: Call) -> None:
        if self.made % self.EVERY == 0 or call.method in ("store", "expire", "withdraw"):
            super()._compare_views(call)


def play_large_games(subject: OnChain, games: int, mistakes: float, seed: int) -> Reached:
    """Play large games to their ends, some of it wrongly, comparing contract and model."""
    reached = Reached()
    dice = Random(seed)
    for _ in range(games):
        machine = LargeGames(subject, reached)
        machine.moves.salt = dice.getrandbits(64)
        assert machine.execute(Call(dice.choice(subject.accounts), "create", machine.terms(dice)))
        [game] = machine.model.games.values()
        while machine.plays(game) or not machine.moves.done(game):
            # Pages are few, so that much goes wrong with each.
            for _ in range(4 if game.phase is Phase.CREATING else dice.random() < mistakes):
                machine.err(dice, game)
            if not machine.step(dice, game) and not machine.plays(game):
                break
    return reached
