"""Lottery contract and model driven with the same calls: see `tests.verification.contract_machine`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

from parley.chain.compiler import Artifact
from parley.chain.evm import Evm
from parley.core.randomness import Word, word
from parley.kit.reference import Event, encode_bytes, encode_tuple
from parley.mechanisms.assignment.certificate import Certificate
from parley.mechanisms.assignment.lottery_state import Lottery, Phase
from parley.mechanisms.assignment.model import LotteryModel
from parley.mechanisms.assignment.parameters import Parameters
from tests.assignment.moves import METHODS, Moves, call_model, parameters, spoiled
from tests.verification import contract_machine
from tests.verification.coding import View
from tests.verification.moves import Call
from tests.verification.on_chain import PAYEES, OnChain, contracts


class Subject(OnChain[LotteryModel]):
    """The lottery contract on a machine, and those who call it.

    Parameters
    ----------
    evm : Evm
        A new machine.
    contract : Artifact, optional
        What to deploy instead of the tree's contract.
    """

    def __init__(self, evm: Evm, contract: Artifact | None = None) -> None:
        super().__init__(evm, contract or contracts()["AssignmentLottery"])

    def views(self, model: LotteryModel, game: Lottery) -> list[View]:
        """Every view of a lottery, with the answer that the model gives."""
        view = self.coder.view
        views = [
            view("state", (game.id,), *model.state(game.id)),
            view("digestOf", (game.id,), model.digest_of(game.id)),
            view("assignmentOf", (game.id,), *model.assignment_of(game.id)),
            view("burnt", (), model.burnt),
        ]
        for seat in range(game.agents):
            ranking = encode_bytes(model.ranking_of(game.id, seat))
            views.append(view("commitment", (game.id, seat), model.commitment(game.id, seat)))
            views.append(view("rankingOf", (game.id, seat), encode_tuple([ranking])))
        return views


@dataclass
class Reached(contract_machine.Reached):
    """What a campaign has been through; endings by rule and ``drawn`` or the phase of the cancellation."""

    forfeits: int = 0

    def note_event(self, model: LotteryModel, event: Event) -> None:
        if event.name not in ("Assigned", "Cancelled"):
            return
        lottery_id = event.fields[0]
        assert isinstance(lottery_id, bytes)
        lottery = model.games[lottery_id]
        ending = lottery.phase if event.name == "Assigned" else lottery.lapsed
        serial = "posted" if lottery.parameters.rule else "serial"
        self.endings[f"{serial} {ending.name.lower()}"] += 1
        self.burnt_bonds += len(lottery.lost)
        if lottery.certificate and event.name == "Assigned":
            self.forfeits += len(lottery.revealed - lottery.opened)


class ContractMachine(contract_machine.ContractMachine[Lottery]):
    """A model and a freshly deployed contract."""

    methods = METHODS
    about_no_game: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "commit": (0, word(1), word(2)),
        "reveal": (0, word(1), word(1), b"\0", word(2)),
        "post": (word(1), Certificate(1, (1,), (), (1,), b"\1")),
        "open": (0, word(1), word(1)),
        "expire": (),
        "withdraw": (0, PAYEES[0]),
    }
    model: LotteryModel
    moves: Moves

    def new_model(self) -> LotteryModel:
        return LotteryModel(self.subject.chain_id, self.subject.address)

    def new_moves(self) -> Moves:
        return Moves(self.model, self.subject.accounts, self.subject.payees)

    def call_model(self, call: Call) -> Any:  # noqa: ANN401 - an id, or nothing
        return call_model(self.model, call)

    def terms(self, dice: Random) -> tuple[Word, Parameters]:
        # Few salts, so that an id is taken now and then.
        return word(dice.randint(0, 3)), parameters(dice, self.subject.accounts)

    def spoiled(self, dice: Random, parameters: Parameters) -> Parameters:
        return spoiled(dice, parameters)

    def plays(self, game: Lottery) -> bool:
        return game.phase in LotteryModel.playing

    def before_step(self, dice: Random, game: Lottery, call: Call) -> None:
        if game.phase is Phase.POSTING:
            for _ in range(dice.choice([0, 2, 4])):
                self.err(dice, game)
        if call.method == "reveal" and not self.moves.can_open(game, call.args[1]) and dice.random() < 0.5:
            # What cannot be opened is waited out.
            self.model.now = max(self.model.now, game.deadline + 1)


def run_campaign(
    subject: Subject, runs: int, steps: int, until: Callable[[Reached], bool] = lambda _: True
) -> Reached:
    """Drive the contract: see `tests.verification.contract_machine.drive`."""
    return contract_machine.drive(
        lambda reached: ContractMachine(subject, reached), Reached(), runs, steps, until
    )
