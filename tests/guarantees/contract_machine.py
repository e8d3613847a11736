"""Dispatch contract and model driven with the same calls: see `tests.kit.rig.contract_machine`."""

from random import Random

from parley.core.randomness import Word, word
from parley.kit.reference import Event
from parley.mechanisms.guarantees.dispatch import Dispatch, Phase
from parley.mechanisms.guarantees.parameters import Parameters
from tests.guarantees.moves import Moves, parameters
from tests.kit.rig import contract_machine
from tests.kit.rig.moves import Call


class ContractMachine(contract_machine.ContractMachine[Dispatch]):
    """A model and a freshly deployed contract."""

    moves_type = Moves
    moves: Moves

    def terms(self, dice: Random) -> tuple[Word, Parameters]:
        # Few salts, so that an id is taken now and then.
        return word(dice.randint(0, 3)), parameters(dice, self.subject.accounts)

    def creation(self, dice: Random) -> Call:
        call = super().creation(dice)
        while call.sender == call.args[1].registrar:
            call = super().creation(dice)
        return call

    def remarkable(self, game: Dispatch, event: Event) -> str:
        if event.name == "Lapsed":
            return f"lapsed {game.lapsed.name.lower()}"
        if event.name == "Drawn" and game.opened != game.enrolled:
            return "drawn with silent seats" if game.opened else "drawn with nobody"
        if event.name == "Upheld" and game.winner and len(game.disclosed) > 1:
            return "upheld among several"
        return event.name.lower() if event.name in ("Settled", "Conceded", "Upheld", "Repaired") else ""

    def before_step(self, dice: Random, game: Dispatch, call: Call) -> None:
        super().before_step(dice, game, call)
        stuck = game.phase is Phase.OPENING and not self.moves.waited_for(game)
        if game.phase in self.model.playing and (call.method == "expire" or stuck):
            # What nobody does is waited out.
            self.model.now = max(self.model.now, game.deadline + 1)
