"""Games to audit: played on a machine that writes them down, to the end even where a contract is crooked."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from sim.chain.compiler import Artifact
from sim.chain.deploy import deploy
from sim.chain.evm import Evm, open_evm
from sim.chain.history import Recorder
from sim.coordination.bots import make_bots
from sim.coordination.play import (
    CONTRACTS,
    FUNCTIONS,
    RECOGNITION_CONTRACTS,
    Deployment,
    Player,
)
from sim.coordination.problem import Problem, example_1
from sim.coordination.records import RECORDS
from sim.driver.player import UnexpectedRevertError
from sim.randomness import address_word, keccak, word
from sim.reference import NOTHING
from sim.verification.book import Book
from tests.coordination.crooked import MECHANISM, P_STAR
from tests.verification import crooked
from tests.verification.crooked import Variant

IMPATIENT: Problem = replace(example_1(), continuation=Fraction(1, 2), max_rounds=3)
"""Rejections end a game soon, one way or the other."""


def artifacts_of(variant: Variant | None) -> Mapping[str, Artifact]:
    """The tree's contracts, with a variant's in place of the one that it changes."""
    on_recognition = variant is not None and any(change.file == P_STAR for change in variant.changes)
    return crooked.artifacts_of(variant, P_STAR if on_recognition else MECHANISM)


def deployed(evm: Evm, variant: Variant | None = None) -> Deployment:
    """The contracts on a machine, under their own names whatever they do."""
    book = deploy(evm, artifacts_of(variant), CONTRACTS)
    return Deployment(
        book["TwoStageMechanism"].address,
        {name: book[contract].address for name, contract in RECOGNITION_CONTRACTS.items()},
    )


def book_of(machine: Recorder, contracts: Deployment) -> Book:
    """What a deployment file would say."""
    addresses = {RECOGNITION_CONTRACTS[name]: address for name, address in contracts.recognition.items()}
    addresses["TwoStageMechanism"] = machine.contract
    lower = {name: address.lower() for name, address in addresses.items()}
    return Book(machine.chain_id, lower, {}, {})


def played(
    bots: Sequence[str],
    games: Sequence[int],
    variant: Variant | None = None,
    problem: Problem = IMPATIENT,
    seed: int = 3,
) -> tuple[Recorder, Book]:
    """Games on a recording machine."""
    machine = Recorder(open_evm("revm"))
    contracts = deployed(machine, variant)
    machine.contract = contracts.mechanism
    player = Player(machine, contracts, problem, make_bots(bots, problem.agents), seed)
    for k in games:
        play_on(player, machine, k, crooked=variant is not None)
    return machine, book_of(machine, contracts)


def play_on(player: Player, machine: Recorder, k: int, *, crooked: bool) -> None:
    """Play game k; where the contract is crooked, try whatever it may let through, and take the money."""
    if not crooked:
        player.play(k)
        return
    before = len(machine)
    with contextlib.suppress(UnexpectedRevertError):
        player.play(k)
    events = [RECORDS.read_event(log) for call in list(machine.calls())[before:] for log in call.logs]
    game = events[-1].fields[0]
    assert isinstance(game, bytes)
    shares = next((e.fields[3] for e in events if e.name == "Proposed" and e.fields[0] == game), ())
    assert isinstance(shares, tuple)
    words = b"".join(map(word, shares))
    seats = machine.accounts[: player.problem.agents]
    # What the proposal answered to: the digest behind the game's id in the call.
    answered = next(
        (sent.data[36:68] for sent in player.sent if sent.data[:4] == FUNCTIONS["propose"]), NOTHING
    )
    answer = FUNCTIONS["respond"] + game + keccak(answered + words) + word(1)
    for _ in seats:
        for address in seats:
            machine.transact(address, player.contract, answer)
    events = [RECORDS.read_event(log) for call in list(machine.calls())[before:] for log in call.logs]
    if not any(event.name == "Settled" for event in events):
        shares, words = (), b""
        answered = machine.call(seats[0], player.contract, RECORDS.question("state", game)).output[224:256]
    for seat, address in enumerate(seats):
        head = FUNCTIONS["withdraw"] + game + word(seat) + address_word(address) + answered + word(160)
        machine.transact(address, player.contract, head + word(len(shares)) + words)
