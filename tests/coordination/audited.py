"""Games to audit: played on a machine that writes them down, to the end even where a contract is crooked."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial

from parley.chain.backends import open_evm
from parley.chain.codec import compiled_codec
from parley.chain.deploy import deploy
from parley.chain.deployments import Claims
from parley.chain.evm import Evm
from parley.chain.history import Recorder
from parley.core.errors import ParleyError
from parley.core.randomness import address_word, word
from parley.kit.verify.contract import records_of, verify_contract
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.contracts import CONTRACTS, RECOGNITION_CONTRACTS
from parley.mechanisms.coordination.mechanism import MECHANISM
from parley.mechanisms.coordination.play import Deployment, Player
from parley.mechanisms.coordination.problem import Problem, example_1
from tests.coordination.crooked import CAMPAIGN, USUAL
from tests.verification.crooked import Variant
from tests.verification.selected import RoomyEvm
from tests.verification.staging import Staged

RECORDS = records_of(MECHANISM)
verify = partial(verify_contract, MECHANISM)

FUNCTIONS = compiled_codec("TwoStageMechanism").selectors

IMPATIENT: Problem = replace(example_1(), continuation=Fraction(1, 2), max_rounds=3)
"""Rejections end a game soon, one way or the other."""


PLACES = {
    "create bond": 11,
    "create window": 13,
    "create rounds": 14,
    "join digest": 2,
    "join commitment": 3,
    "announce digest": 1,
    "announce length": 3,
    "announce first": 4,
    "reveal digest": 2,
    "reveal secret": 3,
    "reveal commitment": 4,
    "propose digest": 1,
    "propose first": 4,
    "respond digest": 1,
}
"""Where the words that stages change are in a call."""


class StagedPlayer(Staged, Player):
    """Tries what a sound contract refuses."""

    places = PLACES


def deployed(evm: Evm, variant: str | None = None) -> Deployment:
    """The contracts on a machine, under their own names whatever they do: see `Campaign.artifacts`."""
    book = deploy(evm, CAMPAIGN.artifacts(variant), CONTRACTS)
    return Deployment(
        book["TwoStageMechanism"].address,
        {name: book[contract].address for name, contract in RECOGNITION_CONTRACTS.items()},
    )


def book_of(machine: Recorder, contracts: Deployment) -> Claims:
    """What a deployment file would say."""
    addresses = {RECOGNITION_CONTRACTS[name]: address for name, address in contracts.recognition.items()}
    addresses["TwoStageMechanism"] = machine.contract
    lower = {name: address.lower() for name, address in addresses.items()}
    return Claims(machine.chain_id, lower, {}, {})


def played(
    bots: Sequence[str],
    games: Sequence[int],
    problem: Problem = IMPATIENT,
    seed: int = 3,
) -> tuple[Recorder, Claims]:
    """Games of the tree's contracts on a recording machine."""
    machine = Recorder(open_evm("revm"))
    contracts = deployed(machine)
    machine.contract = contracts.mechanism
    player = Player(machine, contracts, problem, make_bots(bots, problem.agents), seed)
    for k in games:
        player.play(k)
    return machine, book_of(machine, contracts)


def staged_on(machine: Recorder, contracts: Deployment, variant: Variant, games: Sequence[int]) -> None:
    """Games as a variant wants them: whatever it may let through is tried, and the money is taken."""
    problem = replace(IMPATIENT, recognition=variant.setting or IMPATIENT.recognition)
    bots = make_bots(variant.bots or USUAL, problem.agents)
    player = StagedPlayer(machine, contracts, problem, bots, 3)
    player.stage, player.window = variant.stage, problem.window
    for k in games:
        before = len(machine)
        with contextlib.suppress(ParleyError, LookupError, ValueError, TypeError, AttributeError):
            player.play(k)
        if variant.stage.startswith("withdraw") or not variant.stage:
            take_all(player, machine, before)


def staged(name: str, variant: Variant, games: Sequence[int]) -> tuple[Recorder, Claims]:
    """Games of a crooked contract, or with no name of the sound one, played as a variant wants them."""
    machine = Recorder(RoomyEvm())
    contracts = deployed(machine, name)
    machine.contract = contracts.mechanism
    staged_on(machine, contracts, variant, games)
    return machine, book_of(machine, contracts)


def take_all(player: Player, machine: Recorder, before: int) -> None:
    """Let every seat try to withdraw from the game that began with that call."""
    events = [RECORDS.read_event(log) for call in list(machine.calls())[before:] for log in call.logs]
    game = events[0].fields[0]
    assert isinstance(game, bytes)
    settled = any(event.name == "Settled" for event in events)
    shares = next((e.fields[3] for e in events[::-1] if e.name == "Proposed"), ()) if settled else ()
    assert isinstance(shares, tuple)
    words = b"".join(map(word, shares))
    if settled:
        # What the proposal answered to: the digest behind the game's id in the call.
        proposals = [sent.data for sent in player.sent if sent.data[:4] == FUNCTIONS["propose"]]
        answered = proposals[-1][36:68]
    else:
        state = machine.call(machine.deployer, player.contract, RECORDS.question("state", game)).output
        answered = state[224:256]
    for seat, address in enumerate(machine.accounts[: player.problem.agents]):
        head = FUNCTIONS["withdraw"] + game + word(seat) + address_word(address) + answered + word(160)
        machine.transact(address, player.contract, head + word(len(shares)) + words)
