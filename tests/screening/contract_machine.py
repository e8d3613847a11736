"""Market contract and model driven with the same calls: see `tests.kit.rig.contract_machine`."""

from random import Random

from parley.core.randomness import Word, word
from parley.kit.reference import Event
from parley.mechanisms.screening.model import Market, Phase
from parley.mechanisms.screening.parameters import Parameters
from tests.kit.rig import contract_machine
from tests.kit.rig.moves import Call
from tests.screening.moves import Moves, parameters


class ContractMachine(contract_machine.ContractMachine[Market]):
    """A model and a freshly deployed contract."""

    moves_type = Moves

    def terms(self, dice: Random) -> tuple[Word, Parameters]:
        # Few salts, so that an id is taken now and then.
        return word(dice.randint(0, 3)), parameters(dice, self.subject.accounts)

    def remarkable(self, game: Market, event: Event) -> str:
        if event.name == "Settled" and not game.numerators:
            return "all stay" if not any(game.choices) else "nothing to trade"
        if event.name == "Settled":
            return "settled with trade" if any(game.numerators) else "settled without trade"
        return "lapsed" if event.name == "Lapsed" else ""

    def before_step(self, dice: Random, game: Market, call: Call) -> None:  # noqa: ARG002 - whatever it is
        if game.phase is Phase.POSTING:
            for _ in range(dice.choice([0, 2, 4, 8])):
                self.err(dice, game)
