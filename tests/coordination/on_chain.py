"""The real contract on a real machine, as a subject to be compared with the model."""

from collections.abc import Mapping
from dataclasses import astuple
from functools import cache
from typing import Any

from eth_abi.abi import encode

from parley.chain.compiler import Artifact, compile_sources
from parley.chain.evm import Evm
from parley.core.randomness import keccak
from parley.kit.reference import Revert
from parley.mechanisms.coordination.game import Fraction, Game
from parley.mechanisms.coordination.model import Recognition, TwoStageModel
from parley.mechanisms.coordination.recognition import RECOGNITION, RecognitionFunction, Turn
from tests.verification import on_chain
from tests.verification.coding import View
from tests.verification.moves import Call
from tests.verification.on_chain import Outcome, contracts, receivers


@cache
def attackers() -> Mapping[str, Artifact]:
    """Receivers and recognition functions that do what they should not."""
    return {**receivers(), **compile_sources({"tests/contracts/FaultyRecognition.sol": None})}


def _repeating(turn: Turn) -> Fraction:
    turn_type = "(uint256,uint256,uint256,uint256,uint256[],uint256[],uint256[])"
    denominator = 2**32 - 1
    return int.from_bytes(keccak(encode([turn_type], [astuple(turn)]))) % denominator, denominator


def _refusing(turn: Turn) -> Fraction:
    raise Revert("NotToday", turn.agent)


def _failing(_turn: Turn) -> Fraction:
    raise Revert("")


SOUND: Mapping[str, RecognitionFunction] = {
    "PStarRecognition": RECOGNITION["p-star"],
    "EqualRecognition": RECOGNITION["equal"],
    "ContractProportionalRecognition": RECOGNITION["contract-proportional"],
    "AnnouncementProportionalRecognition": RECOGNITION["announcement-proportional"],
    "ReorderedRecognition": RECOGNITION["reordered"],
}

FAULTY: Mapping[str, RecognitionFunction] = {
    "AboveOneRecognition": lambda turn: (turn.remaining + 1, turn.remaining),
    "TooFineRecognition": lambda _: (1, 2**32),
    "HugeRecognition": lambda _: (2**255 + 1, 2**255 + 2),
    "FinestRecognition": lambda _: (2**32 - 2, 2**32 - 1),
    "NobodyRecognition": lambda _: (0, 0),
    "RepeatingRecognition": _repeating,
    "ThoroughRecognition": lambda _: (1, 7),
    "LongRecognition": lambda _: (2, 7),
    "RefusingRecognition": _refusing,
    "RememberingRecognition": _failing,  # a static call may not write
    "BurningRecognition": _failing,
    "InvalidRecognition": _failing,
    "ShortRecognition": _failing,
    "SilentRecognition": _failing,
    "BombRecognition": _failing,
}

HOSTILE = tuple(name for name, answer in FAULTY.items() if answer in (_failing, _refusing))
"""Those that never answer."""


class OnChain(on_chain.OnChain[TwoStageModel]):
    """One mechanism contract, its recognition functions, and those who call it.

    Parameters
    ----------
    evm : Evm
        A new machine.
    mechanism : Artifact, optional
        What to deploy instead of the tree's contract.
    accounts : int
        How many accounts take part.
    """

    def __init__(self, evm: Evm, mechanism: Artifact | None = None, accounts: int = 6) -> None:
        mechanism = mechanism or contracts()["TwoStageMechanism"]
        super().__init__(evm, mechanism, attackers().values(), accounts)
        self.artifacts = {**contracts(), **attackers(), "TwoStageMechanism": mechanism}
        deployed = {name: evm.deploy(self.artifacts[name].bytecode) for name in (*SOUND, *FAULTY)}
        self.recognition = deployed
        """Addresses by name."""
        self.recognitions: Mapping[str, Recognition] = {
            deployed[name]: Recognition(keccak(evm.code(deployed[name])), answer)
            for name, answer in {**SOUND, **FAULTY}.items()
        }
        self.sound = {deployed[name]: self.recognitions[deployed[name]] for name in SOUND}
        """Those of the recognition functions that always give a fraction."""

    def views(self, model: TwoStageModel, game: Game) -> list[View]:
        """Every view of a game, with the answer that the model gives."""
        view = self.coder.view
        views = [
            view("state", (game.id,), *model.state(game.id)),
            view("order", (game.id,), *model.order(game.id)),
            view("burnt", (), model.burnt),
        ]
        for seat in range(game.agents):
            views += [
                view("commitment", (game.id, seat), model.commitment(game.id, seat)),
                view("secret", (game.id, seat), model.secret(game.id, seat)),
                view("announcementOf", (game.id, seat), *model.announcement_of(game.id, seat)),
            ]
        for t in range(game.parameters.task_types):
            views.append(view("carried", (game.id, t), model.carried(game.id, t)))
        return views

    # ────────────────────────────────────── for directed tests ──────────────────────────────────────────

    def do(self, sender: str, method: str, *args: Any, value: int = 0) -> Outcome:  # noqa: ANN401 - of any type
        """Make a call now."""
        return self.execute(Call(sender, method, args, value), self.evm.timestamp)
