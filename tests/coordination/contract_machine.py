"""Bargaining contract and model driven with the same calls: see `tests.verification.contract_machine`."""

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar

from parley.core.randomness import Word, word
from parley.kit.reference import Event
from parley.mechanisms.coordination.game import Game, Phase
from parley.mechanisms.coordination.model import TwoStageModel
from parley.mechanisms.coordination.parameters import Parameters
from tests.coordination import samples
from tests.coordination.moves import METHODS, Moves, call_model
from tests.coordination.on_chain import OnChain
from tests.verification import contract_machine
from tests.verification.moves import Call
from tests.verification.on_chain import PAYEES


@dataclass
class Reached(contract_machine.Reached):
    """What a campaign has been through; endings by ``settled``, or the cause and the phase that expired."""

    rounds: Counter[int] = field(default_factory=Counter)
    """Proposer draws by round."""

    def note_event(self, model: TwoStageModel, event: Event) -> None:
        if event.name not in ("ProposerDrawn", "Settled", "BrokenDown"):
            return
        game_id = event.fields[0]
        assert isinstance(game_id, bytes)
        game = model.games[game_id]
        if event.name == "ProposerDrawn":
            self.rounds[game.round] += 1
        elif event.name == "Settled":
            self.endings["settled"] += 1
        else:
            lapsed = f" while {game.lapsed.name.lower()}" if game.lapsed else ""
            self.endings[game.cause.name.lower() + lapsed] += 1
            self.burnt_bonds += game.silent.bit_count()


class ContractMachine(contract_machine.ContractMachine[Game]):
    """A model and a freshly deployed contract."""

    methods = METHODS
    about_no_game: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "store": (word(1), (1,), (1,)),
        "join": (0, word(1), word(2)),
        "announce": (word(1), (1,)),
        "reveal": (0, word(1), word(1), word(2)),
        "propose": (word(1), (1, 2)),
        "respond": (word(1), True),
        "expire": (),
        "withdraw": (0, PAYEES[0], word(1), ()),
    }
    subject: OnChain
    model: TwoStageModel
    moves: Moves

    def new_model(self) -> TwoStageModel:
        return TwoStageModel(self.subject.chain_id, self.subject.address, self.subject.recognitions)

    def new_moves(self) -> Moves:
        return Moves(self.model, self.subject.accounts, self.subject.payees)

    def call_model(self, call: Call) -> Any:  # noqa: ANN401 - an id, or nothing
        return call_model(self.model, call)

    def terms(self, dice: Random) -> tuple[Word, Parameters]:
        # Few salts, so that an id is taken now and then; few recognition functions that let a game get stuck.
        some = self.subject.sound if dice.random() < 0.8 else self.subject.recognitions
        # Five types share a word with the total cost; thirteen fill the next one.
        types = dice.choice([(1, 3), (1, 3), (5, 14)])
        parameters = samples.parameters(dice, self.subject.accounts[:-1], some, types=types)
        return word(dice.randint(0, 9)), self.moves.planned(parameters)

    def spoiled(self, dice: Random, parameters: Parameters) -> Parameters:
        for name in dice.sample(sorted(samples.SPOILED), dice.choice([1, 1, 2])):
            with contextlib.suppress(IndexError):  # the first spoiling left nothing for the second
                parameters = samples.SPOILED[name](parameters)
        return parameters

    def plays(self, game: Game) -> bool:
        return game.phase < Phase.SETTLED

    def how_far(self, game: Game) -> tuple[int, ...]:
        return game.round, game.phase

    def urgent(self) -> list[Game]:
        return [game for game in self.playing() if game.phase >= Phase.REVEALING]

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


def run_campaign(
    subject: OnChain, runs: int, steps: int, until: Callable[[Reached], bool] = lambda _: True
) -> Reached:
    """Drive the contract: see `tests.verification.contract_machine.drive`."""
    return contract_machine.drive(
        lambda reached: ContractMachine(subject, reached), Reached(), runs, steps, until
    )
