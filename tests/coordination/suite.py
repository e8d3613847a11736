"""What the suite of conformance has to know of coordination."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from parley.chain.evm import Evm
from parley.core.randomness import word
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.mechanism import MECHANISM
from parley.mechanisms.coordination.model import TwoStageModel
from parley.mechanisms.coordination.play import Deployment, Player
from parley.mechanisms.coordination.problem import Problem, example_1
from tests.coordination.contract_machine import ContractMachine
from tests.coordination.crooked import CAMPAIGN, RELUCTANT, USUAL
from tests.coordination.on_chain import OnChain
from tests.coordination.problems import random_problem
from tests.kit.rig.suite import Chosen, Suite, Tampered, populations
from tests.kit.rig.tampered import left_out, with_word

IMPATIENT: Problem = replace(example_1(), continuation=Fraction(1, 2), max_rounds=3)
"""Rejections end a game soon, one way or the other."""


def player(
    evm: Evm, addresses: Mapping[str, str], bots: Sequence[str] = (), setting: str = "", seed: int = 3
) -> Player:
    """Who plays the paper's example, impatiently, by the recognition function that the setting names."""
    problem = replace(IMPATIENT, recognition=setting or IMPATIENT.recognition)
    return Player(evm, Deployment.at(addresses), problem, make_bots(bots or USUAL, problem.agents), seed)


POPULATIONS = {**populations(MECHANISM, 5), "some stubborn": RELUCTANT}

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
    *("settled", "continued", "no_savings", "not_continued", "last_round"),
    *(f"expired while {phase.name.lower()}" for phase in TwoStageModel.playing),
}

SUITE = Suite(
    mechanism=MECHANISM,
    player=player,
    settings=("p-star", "reordered"),
    populations=POPULATIONS,
    silent=POPULATIONS["one silent:revealing"],
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
    runs=60,
    steps=40,
    unreached={"announce": {"NotEnoughGas"}, "store": ()},
    endings=ENDINGS,
    machines=("FailedCall", "InsufficientBalance", "NotEnoughGas"),
    examples={
        "simulate": ("--games", "3"),
        "audit": ("--problems", "5", "--games", "2"),
        "compare": ("--problems", "2", "--games", "2"),
    },
    on_node=("profits go to the owner", "p* is computed from D alone", "the last responder is skipped"),
    window=IMPATIENT.window,
)
