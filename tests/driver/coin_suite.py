"""What the suite of conformance has to know of the toy: a contract outside the tree can be held to it."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from parley.chain.compiler import Artifact, compile_contracts
from parley.chain.evm import Evm
from parley.core.randomness import Word, commitment, word
from parley.kit.reference import NOTHING, Event
from tests.driver import coin
from tests.driver.coin import COIN, CONTRACT, SOURCE, Player
from tests.driver.coin_model import Phase, Toss
from tests.kit.rig import contract_machine, moves
from tests.kit.rig.crooked import Campaign, Change, Variant
from tests.kit.rig.games import FILES, common
from tests.kit.rig.moves import ANOTHER_SEAT, Call
from tests.kit.rig.on_chain import OnChain
from tests.kit.rig.suite import Chosen, ContractSuite, Tampered, plain_withdrawal
from tests.kit.rig.tampered import left_out


class Moves(moves.Moves[Toss]):
    """What the seats know."""

    method_of = {Phase.COMMITTING: "commit", Phase.REVEALING: "reveal"}  # noqa: RUF012 - never changed
    further_ways = {  # noqa: RUF012 - never changed
        "commit": (*ANOTHER_SEAT, "argument 3", "argument 3"),
        "reveal": ANOTHER_SEAT,
        "withdraw": ANOTHER_SEAT,
    }

    def _secret(self, game: Toss, seat: int) -> Word:
        return word(1 + (int.from_bytes(game.id) ^ seat) % 2**200)

    def _commit(self, dice: Random, game: Toss) -> Call:
        seat = self._seat(dice, game, set(range(len(game.commitments))) - game.committed)
        sealed = commitment(game.id, seat, self._secret(game, seat))
        arguments = (game.id, seat, game.digest, sealed)
        return Call(game.parameters.agents[seat], "commit", arguments, game.parameters.bond)

    def _reveal(self, dice: Random, game: Toss) -> Call:
        seat = self._seat(dice, game, game.committed - game.revealed)
        arguments = (game.id, seat, game.digest, self._secret(game, seat))
        return Call(game.parameters.agents[seat], "reveal", arguments)

    def _other_data(self, dice: Random, value: Any, call: Call, k: int) -> Any:  # noqa: ANN401, ARG002 - of any type
        return dice.choice(
            [NOTHING] * (1 + k) + [word(1), bytes([value[0] ^ 1]) + value[1:], *self.model.games]
        )


class ContractMachine(contract_machine.ContractMachine[Toss]):
    """A model and a freshly deployed contract."""

    moves_type = Moves

    def terms(self, dice: Random) -> tuple[Any, ...]:
        agents = tuple(dice.sample(list(self.subject.accounts), 2))
        return word(dice.randint(0, 3)), agents, dice.choice([0, 7, 10**15]), dice.choice([60, 600])

    def spoiled(self, dice: Random, salt: Word, *parameters: Any) -> tuple[Any, ...]:  # noqa: ANN401 - the terms
        agents, stake, window = parameters
        zero = "0x" + "00" * 20
        return dice.choice(
            [
                (salt, agents[:1], stake, window),
                (salt, (*agents, zero), stake, window),
                (salt, (*agents, agents[0]), stake, window),
                (salt, agents, stake, 59),
            ]
        )

    def remarkable(self, game: Toss, event: Event) -> str:
        if event.name == "Expired":
            return "expired" if game.revealed else "nobody revealed"
        return "tossed" if event.name == "Tossed" else ""


SEAT = ("WrongPhase", "SeatOutOfRange", "NotTheSeat")
ERRORS = {
    "create": {"GameExists", "AgentCountOutOfRange", "ZeroAgent", "DuplicateAgent", "WindowOutOfRange"},
    "commit": {*SEAT, "DeadlinePassed", "AlreadyCommitted", "StaleDigest", "ZeroCommitment", "WrongDeposit"},
    "reveal": {*SEAT, "DeadlinePassed", "AlreadyRevealed", "StaleDigest", "ZeroSecret", "WrongSecret"},
    "expire": {"WrongPhase", "DeadlineNotPassed"},
    "withdraw": {*SEAT, "NothingToWithdraw", "FailedCall"},
}
"""Every refusal of every action."""

SILENT = ("honest", "silent")


def _crooked(rule: str, old: str, new: str, **others: Any) -> Variant:  # noqa: ANN401 - as `Variant` takes them
    return Variant(rule, (Change(old, new, SOURCE),), **others)


VARIANTS = {
    **common(
        first="commit",
        timed="reveal",
        silent=SILENT,
        order="",
        seats=dict.fromkeys(("commit", "reveal", "withdraw"), ("seat", "")),
    ),
    "heads always wins": _crooked("toss", '«Draws.uniform(Draws.seed("coin", id, 1, secrets), 0, n)»', "0"),
    "another winner is announced": _crooked("toss", "emit Tossed(id, «winner»)", "winner ^ 1"),
    "a reveal leaves no event": _crooked("events", "emit Revealed(id, seat, secret);", ""),
    "a reveal names another secret": _crooked("reveal", "emit Revealed(id, seat, «secret»)", "~secret"),
    "a winner can withdraw again": _crooked(
        "one withdrawal per seat", "game.seats = seats.including(WITHDRAWN, seat);", "", bots=SILENT
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
    withdrawal=plain_withdrawal,
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
    errors=ERRORS,
    endings={"tossed", "expired", "nobody revealed"},
    creation=ERRORS["create"] - {"GameExists"},
    burns=False,
    variants=20,
)
