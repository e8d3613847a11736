"""What the suite of conformance has to know of the toy: a contract outside the tree can be held to it."""

from collections.abc import Collection, Mapping, Sequence
from random import Random
from typing import Any

from parley.chain.compiler import Artifact, compile_contracts
from parley.chain.evm import Evm
from parley.core.randomness import word
from parley.kit.reference import Event
from tests.kit.play import coin
from tests.kit.play.coin import COIN, CONTRACT, SOURCE, Player
from tests.kit.play.coin_model import Phase, Toss
from tests.kit.rig import contract_machine, moves
from tests.kit.rig.crooked import Campaign, changing
from tests.kit.rig.derived import Derived
from tests.kit.rig.games import FILES
from tests.kit.rig.on_chain import OnChain
from tests.kit.rig.suite import Chosen, ContractSuite, Tampered
from tests.kit.rig.tampered import left_out


class Moves(moves.Moves[Toss]):
    """Who has to act: nobody loses a bond here."""

    def waited_for(self, game: Toss) -> Collection[int]:
        revealing = game.phase is Phase.REVEALING
        return game.committed - game.revealed if revealing else super().waited_for(game)


class ContractMachine(contract_machine.ContractMachine[Toss]):
    """A model and a freshly deployed contract."""

    moves_type = Moves

    def terms(self, dice: Random) -> tuple[Any, ...]:
        agents = tuple(dice.sample(list(self.subject.accounts), 2))
        return word(dice.randint(0, 3)), agents, dice.choice([0, 7, 10**15]), dice.choice([60, 600])

    def remarkable(self, game: Toss, event: Event) -> str:
        if event.name == "Expired":
            return "expired" if game.revealed else "nobody revealed"
        return "tossed" if event.name == "Tossed" else ""


SILENT = ("honest", "silent")


VARIANTS = {
    **Derived(
        SOURCE,
        COIN.artifacts()[CONTRACT].abi,
        COIN.verifier().rules,
        silent=SILENT,
        draws={'"coin"': "toss"},
        guards={"AlreadyCommitted": "commit twice"},
        adjusted={
            "a seat can withdraw again": {"bots": ("silent", "silent")},
            "Tossed states another winner": {"also": "one withdrawal per seat: who has won takes all"},
            "a withdrawal is a wei too much": {"also": "refusal: nothing is left for it"},
        },
        but={"shortfalls .*": "there is one withdrawal only"},
    ).variants(),
    "heads always wins": changing(SOURCE)(
        "toss", '«Draws.uniform(Draws.seed("coin", id, 1, secrets), 0, n)»', "0"
    ),
}


def contracts() -> dict[str, Artifact]:
    """The tree's contracts, and the toy's."""
    return {**compile_contracts(), **COIN.artifacts()}


CAMPAIGN = Campaign(VARIANTS, {SOURCE: (SOURCE, *FILES)}, own=contracts)


def player(evm: Evm, addresses: Mapping[str, str], bots: Sequence[str], _setting: str, seed: int) -> Player:
    """Who tosses."""
    toss = coin.Toss()
    return Player(evm, addresses[CONTRACT], toss, COIN.cast(toss, bots or ("honest", "honest")), seed)


def subject(evm: Evm, contract: Artifact | None = None) -> OnChain:
    """The contract on a machine, and those who call it."""
    return OnChain(COIN, evm, contract or contracts()[CONTRACT])


SUITE = ContractSuite(
    mechanism=COIN,
    player=player,
    settings=("usual",),
    populations={
        "honest": ("honest", "honest"),
        "one is silent": SILENT,
        "both are silent": ("silent", "silent"),
    },
    silent=SILENT,
    mixed=("honest", "honest"),
    campaign=CAMPAIGN,
    # The state does not say who has withdrawn.
    tampered={"withdraw left out": Tampered("withdraw", left_out, "balance")},
    chosen=(Chosen("recognition_p_value", 120, lambda outcome: outcome.winner == 0),),
    machine=ContractMachine,
    subject=subject,
    runs=150,
    steps=30,
    endings={"tossed", "expired", "nobody revealed"},
    burns=False,
    variants=20,
)
