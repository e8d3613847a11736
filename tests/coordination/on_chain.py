"""The real contract on a real machine, as a subject to be compared with the model."""

from collections.abc import Mapping
from dataclasses import astuple
from functools import cache

from eth_abi.abi import encode

from parley.chain.compiler import Artifact, compile_sources
from parley.chain.evm import Evm
from parley.core.randomness import keccak
from parley.kit.reference import Revert
from parley.mechanisms.coordination.game import Fraction
from parley.mechanisms.coordination.mechanism import MECHANISM
from parley.mechanisms.coordination.model import Recognition, TwoStageModel
from parley.mechanisms.coordination.recognition import RECOGNITION, RecognitionFunction, Turn
from tests.kit.rig import on_chain
from tests.kit.rig.on_chain import contracts, receivers


@cache
def attackers() -> Mapping[str, Artifact]:
    """Receivers and recognition functions that do what they should not."""
    return {**receivers(), **compile_sources({"tests/contracts/FaultyRecognition.sol": None})}


def _repeating(turn: Turn) -> Fraction:
    turn_type = "(uint256,uint256,uint256,uint256,uint256[],uint256[],uint256[])"
    denominator = 2**32 - 1
    return int.from_bytes(keccak(encode([turn_type], [astuple(turn)]))) % denominator, denominator


def _failing(_turn: Turn) -> Fraction:
    raise Revert("")


SOUND: Mapping[str, RecognitionFunction] = {
    "PStarRecognition": RECOGNITION["p-star"],
    "EqualRecognition": RECOGNITION["equal"],
    "ContractProportionalRecognition": RECOGNITION["contract-proportional"],
    "AnnouncementProportionalRecognition": RECOGNITION["announcement-proportional"],
    "ReorderedRecognition": RECOGNITION["reordered"],
}

_ANSWERING: Mapping[str, RecognitionFunction] = {
    "AboveOneRecognition": lambda turn: (turn.remaining + 1, turn.remaining),
    "TooFineRecognition": lambda _: (1, 2**32),
    "HugeRecognition": lambda _: (2**255 + 1, 2**255 + 2),
    "FinestRecognition": lambda _: (2**32 - 2, 2**32 - 1),
    "NobodyRecognition": lambda _: (0, 0),
    "RepeatingRecognition": _repeating,
    "ThoroughRecognition": lambda _: (1, 7),
    "LongRecognition": lambda _: (2, 7),
}
HOSTILE = tuple(
    f"{what}Recognition"
    for what in "Refusing Remembering Burning Invalid Short Silent Bomb".split()  # noqa: SIM905 - one line
)
"""Those that never answer: one writes, which a static call may not."""
FAULTY: Mapping[str, RecognitionFunction] = {**_ANSWERING, **dict.fromkeys(HOSTILE, _failing)}


class OnChain(on_chain.OnChain):
    """One mechanism contract, its recognition functions, and those who call it."""

    def __init__(self, evm: Evm, mechanism: Artifact | None = None, accounts: int = 6) -> None:
        mechanism = mechanism or contracts()["TwoStageMechanism"]
        super().__init__(MECHANISM, evm, mechanism, attackers().values(), accounts)
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

    def model(self) -> TwoStageModel:
        """Return a model of the contract that knows these recognition functions."""
        return TwoStageModel(self.chain_id, self.address, self.recognitions)
