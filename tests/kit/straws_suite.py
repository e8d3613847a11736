"""What the suite of conformance has to know of the example of a mechanism from outside the tree."""

from collections.abc import Mapping, Sequence
from functools import cache
from random import Random
from typing import Any

from straws.mechanism import MECHANISM
from straws.model import Game, Parameters
from straws.theory import Problem

from parley.chain.compiler import Artifact, compile_contracts
from parley.chain.evm import Evm
from parley.core.randomness import Word, word
from parley.kit.bots import seated
from parley.kit.play.player import Player
from parley.kit.reference import Event
from tests.kit.rig import contract_machine, moves
from tests.kit.rig.crooked import Campaign, Change, Variant
from tests.kit.rig.derived import Derived
from tests.kit.rig.games import FILES
from tests.kit.rig.on_chain import OnChain
from tests.kit.rig.suite import Chosen, ContractSuite

SOURCE = "examples/straws/straws/contracts/Straws.sol"
PROBLEM = Problem.from_mapping({"kind": "straws", "costs": [3, 9, 5], "compensation": 2, "bond": 4})
SILENT = ("honest", "silent", "honest")


@cache
def contracts() -> Mapping[str, Artifact]:
    """The tree's contracts, and the example's."""
    return {**compile_contracts(), **MECHANISM.artifacts()}


class Moves(moves.Moves[Game]):
    """What a seat pays."""

    def deposit(self, game: Game, _seat: int) -> int:
        return game.parameters.deposit


class ContractMachine(contract_machine.ContractMachine[Game]):
    """A model and a freshly deployed contract."""

    moves_type = Moves

    def terms(self, dice: Random) -> tuple[Word, Parameters]:
        agents = tuple(dice.sample(list(self.subject.accounts), dice.randint(2, 4)))
        amounts = dice.choice([0, 5, 10**9]), dice.choice([0, 7, 10**15])
        return word(dice.randint(0, 3)), Parameters(agents, *amounts, dice.choice([60, 600]))

    def remarkable(self, game: Game, event: Event) -> str:
        if event.name == "Cancelled":
            return f"cancelled while {game.lapsed.name.lower()}"
        return "drawn" if event.name == "Drawn" else ""


DERIVED = Derived(
    SOURCE,
    MECHANISM.artifacts()["Straws"].abi,
    MECHANISM.verifier().rules,
    silent=SILENT,
    draws={'"straws"': "draw"},
    guards={"AlreadyCommitted": "commit twice"},
    adjusted={"Drawn states another seat": {"also": "withdrawal amount: it follows who was drawn"}},
)
VARIANTS = {
    **DERIVED.variants(),
    "the first agent is always drawn": Variant(
        "draw",
        (Change('«Draws.uniform(Draws.seed("straws", id, 1, secrets), 0, head.agents())»', "0", SOURCE),),
    ),
}


def player(
    evm: Evm, addresses: Mapping[str, str], bots: Sequence[str] = (), setting: str = "", seed: int = 3
) -> Player[Any]:
    """Who draws straws."""
    del setting  # there is one only
    cast = MECHANISM.cast(PROBLEM, seated(bots or ("honest",), PROBLEM.agents))
    return MECHANISM.player(evm, addresses, PROBLEM, cast, seed)


def subject(evm: Evm, contract: Artifact | None = None) -> OnChain:
    """The contract on a machine, and those who call it."""
    return OnChain(MECHANISM, evm, contract or contracts()["Straws"])


SUITE = ContractSuite(
    mechanism=MECHANISM,
    player=player,
    settings=("usual",),
    populations={"honest": ("honest",), "one is silent": SILENT, "all are silent": ("silent",)},
    silent=SILENT,
    mixed=SILENT,
    campaign=Campaign(VARIANTS, {SOURCE: (SOURCE, *FILES)}, own=contracts),
    tampered={},
    chosen=(Chosen("recognition_p_value", 120, lambda outcome: outcome.drawn == 0),),
    machine=ContractMachine,
    subject=subject,
    runs=60,
    steps=30,
    endings={"drawn", "cancelled while committing", "cancelled while revealing"},
    window=PROBLEM.window,
)
