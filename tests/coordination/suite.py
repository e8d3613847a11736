"""What the suite of conformance has to know of coordination."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from parley.chain.evm import Evm
from parley.core.randomness import Word, address_word, word
from parley.kit.reference import Event
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.mechanism import MECHANISM
from parley.mechanisms.coordination.play import Deployment, Player
from parley.mechanisms.coordination.problem import Problem, example_1
from tests.coordination.contract_machine import ContractMachine
from tests.coordination.crooked import CAMPAIGN, RELUCTANT, USUAL
from tests.coordination.on_chain import OnChain
from tests.coordination.problems import random_problem
from tests.kit.rig.suite import Chosen, Suite, Tampered
from tests.kit.rig.tampered import (
    left_out,
    with_word,
)

IMPATIENT: Problem = replace(example_1(), continuation=Fraction(1, 2), max_rounds=3)
"""Rejections end a game soon, one way or the other."""


def player(
    evm: Evm, addresses: Mapping[str, str], bots: Sequence[str] = (), setting: str = "", seed: int = 3
) -> Player:
    """Who plays the paper's example, impatiently, by the recognition function that the setting names."""
    problem = replace(IMPATIENT, recognition=setting or IMPATIENT.recognition)
    return Player(evm, Deployment.at(addresses), problem, make_bots(bots or USUAL, problem.agents), seed)


def withdrawal(player: Any, game: Word, seat: int, events: Sequence[Event]) -> bytes:  # noqa: ANN401 - a Player
    """A seat's withdrawal: of a settled game, with the accepted shares and what they answered to."""
    functions = player.codec.selectors
    settled = any(event.name == "Settled" for event in events)
    proposed = [event.fields[3] for event in events if event.name == "Proposed"]
    shares = proposed[-1] if settled else ()
    assert isinstance(shares, tuple)
    if settled:
        # What the proposal answered to: the digest behind the game's id in the call.
        answered = [sent.data[36:68] for sent in player.sent if sent.data[:4] == functions["propose"]][-1]
    else:
        question = SUITE.records.question("state", game)
        answered = player.evm.call(player.seats[seat], player.contract, question).output[224:256]
    address = address_word(player.seats[seat])
    head = functions["withdraw"] + game + word(seat) + address + answered + word(160)
    calldata: bytes = head + word(len(shares)) + b"".join(map(word, shares))
    return calldata


POPULATIONS = {
    "equilibrium": ["equilibrium"],
    "greedy": ["greedy"],
    "minimal": ["minimal"],
    "random": ["random"],
    "stubborn": ["stubborn"],
    "some stubborn": list(RELUCTANT),
    "withholder": ["equilibrium", "withholder", "greedy", "minimal", "equilibrium"],
    "all withholders": ["withholder"],
} | {
    f"silent {phase}": ["equilibrium", "equilibrium", f"silent:{phase}", "equilibrium", "equilibrium"]
    for phase in ("joining", "announcing", "revealing", "proposing", "responding")
}


TAMPERED = {
    "a game without bond": Tampered("create", with_word(11, word(0)), "creation"),
    "a game with another recognition code": Tampered("create", with_word(8, word(9)), "creation"),
    "an announcement that is too high": Tampered("announce", with_word(4, word(10)), "announcement bounds"),
    "a reveal without the next commitment": Tampered("reveal", with_word(4, word(0)), "commitment"),
    "a proposal with another sum": Tampered("propose", with_word(4, word(1)), "proposal sum"),
    "a proposal beyond a deposit": Tampered("propose", with_word(4, word(-(10**15))), "proposal sum"),
    "an answer that says the opposite": Tampered("respond", with_word(2, word(0)), "answer"),
    "an answer that is left out": Tampered("respond", left_out, "order of answers"),
}

ENDINGS = {
    "settled",
    "continued",
    "no_savings",
    "not_continued",
    "last_round",
    "expired while joining",
    "expired while announcing",
    "expired while revealing",
    "expired while proposing",
    "expired while responding",
}

ON_NODE = (
    "every withdrawal is paid to the owner",
    "reveal is refused in some games",
    "a wei of every withdrawal goes to the owner",
    "profits go to the owner",
    "shortfalls pay for a rebate to the owner",
    "a withdrawal is a wei short of what it announces",
    "a wei of every deposit goes to the owner",
    "a lost bond is not counted as burnt",
    "reveal is refused unless the draw suits",
    "reveal does nothing for one seat",
    "reveal stores another commitment",
    "withdraw is refused to one seat",
    "Joined is not emitted",
    "Revealed is emitted twice",
    "p* is computed from D alone",
    "the last responder is skipped",
    "a deposit may be a wei short",
    "a stranger may reveal for a seat",
    "respond does not check for StaleDigest",
)
"""Variants that are tried on a node too, the first ones always."""

SUITE = Suite(
    mechanism=MECHANISM,
    player=player,
    withdrawal=withdrawal,
    settings=("p-star", "reordered"),
    populations=POPULATIONS,
    silent=POPULATIONS["silent revealing"],
    mixed=("random",),
    problem=replace(example_1(), continuation=Fraction(1, 2)).to_mapping(),
    problems=lambda dice: random_problem(dice, special=dice.random() < 0.5).to_mapping(),
    campaign=CAMPAIGN,
    tampered=TAMPERED,
    chosen=(
        Chosen("recognition_p_value", 400, lambda outcome: outcome.proposer == 4),
        Chosen("continuation_p_value", 60, lambda outcome: outcome.rounds == 1, bots=("stubborn",)),
    ),
    machine=ContractMachine,
    subject=OnChain,
    runs=240,
    steps=40,
    unreached={"announce": {"NotEnoughGas"}, "store": ()},
    endings=ENDINGS,
    machines=("FailedCall", "InsufficientBalance", "NotEnoughGas"),
    examples={"simulate": ("--games", "3"), "audit": ("--problems", "5", "--games", "2")},
    on_node=ON_NODE,
    often_on_node=2,
    window=IMPATIENT.window,
)
