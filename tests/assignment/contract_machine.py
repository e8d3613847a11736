"""Lottery contract and model driven with the same calls: see `tests.kit.rig.contract_machine`."""

from random import Random

from parley.core.randomness import Word, word
from parley.kit.reference import Event
from parley.mechanisms.assignment.lottery_state import Lottery
from parley.mechanisms.assignment.parameters import Parameters
from tests.assignment.moves import Moves, parameters
from tests.kit.rig import contract_machine
from tests.kit.rig.moves import Call


class ContractMachine(contract_machine.ContractMachine[Lottery]):
    """A model and a freshly deployed contract."""

    moves_type = Moves
    moves: Moves

    def terms(self, dice: Random) -> tuple[Word, Parameters]:
        # Few salts, so that an id is taken now and then.
        return word(dice.randint(0, 3)), parameters(dice, self.subject.accounts)

    def remarkable(self, game: Lottery, event: Event) -> str:
        if event.name not in ("Assigned", "Cancelled"):
            return ""
        if game.certificate and event.name == "Assigned" and game.revealed != game.opened:
            return "posted drawn with forfeits"
        ending = game.phase if event.name == "Assigned" else game.lapsed
        return f"{'posted' if game.parameters.rule else 'serial'} {ending.name.lower()}"

    def before_step(self, dice: Random, game: Lottery, call: Call) -> None:
        super().before_step(dice, game, call)
        if call.method == "reveal" and not self.moves.can_open(game, call.args[1]) and dice.random() < 0.5:
            # What cannot be opened is waited out.
            self.model.now = max(self.model.now, game.deadline + 1)
