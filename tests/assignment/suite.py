"""What the suite of conformance has to know of random assignment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

from parley.chain.abi import Interface
from parley.chain.compiler import Artifact
from parley.chain.evm import Evm, Logs
from parley.core.randomness import word
from parley.mechanisms.assignment.bots import make_bots
from parley.mechanisms.assignment.certificate import Certificate
from parley.mechanisms.assignment.lottery import indicator
from parley.mechanisms.assignment.mechanism import MECHANISM
from parley.mechanisms.assignment.model import LotteryModel
from parley.mechanisms.assignment.plan import plan
from parley.mechanisms.assignment.play import Player
from parley.mechanisms.assignment.problem import RULES, Problem, example_1, from_orders
from tests.assignment.contract_machine import ContractMachine
from tests.assignment.crooked import CAMPAIGN, EATING, SERIAL, UNREVEALED, USUAL
from tests.kit.rig.on_chain import OnChain
from tests.kit.rig.staging import Staged, Way, trying
from tests.kit.rig.suite import Chosen, Suite, Tampered, populations
from tests.kit.rig.tampered import by_stranger, with_word

UTILITIES = tuple(
    tuple(map(Fraction, row)) for row in ((4, 3, 2, 1), (4, 2, 1, 1), (3, 4, 1, 2), (2, 4, 1, 2))
)


def problem_of(rule: str) -> Problem:
    """The example of Bogomolnaia and Moulin by any rule."""
    cardinal = rule in ("welfare", "pseudo-market")
    return replace(example_1(), rule=rule, utilities=UTILITIES if cardinal else None)


def _one_term(right: Certificate, weight: int) -> Certificate:
    """The first term alone, and its average for a matrix."""
    assignment = right.assignment(0)
    matrix = tuple(weight * int(p) for row in indicator(assignment, len(assignment)) for p in row)
    return right._replace(matrix=matrix, weights=(weight,), assignments=right.assignments[: len(assignment)])


FALSE: Mapping[str, Callable[[Certificate], Certificate]] = {
    "another matrix": lambda right: _one_term(right, right.denominator),
    "a term too few": lambda right: _one_term(right, right.denominator - 1),
    "other terms": lambda right: right._replace(assignments=right.assignments[: right.agents] * right.terms),
}
"""Certificates that a contract has to refuse, made of one that it takes."""


def posting(false: Callable[[Certificate], Certificate]) -> Way:
    """Try a false certificate before the right one."""

    def way(player: Staged, sender: str, data: bytes, value: int) -> Logs:
        action = SUITE.decoder.read_action(data)
        digest, right = action.arguments
        interface = Interface(player.codec.abi)
        player.attempt(sender, interface.encode("post", action.game, digest, tuple(false(right))), value)
        return player.really_send(sender, data, value)

    return way


def player(
    evm: Evm, addresses: Mapping[str, str], bots: Sequence[str] = (), setting: str = "", seed: int = 3
) -> Player:
    """Who plays the example of Bogomolnaia and Moulin, by the rule that the setting names."""
    planned = plan(problem_of(setting or SERIAL), make_bots(bots or USUAL, 4))
    return trying(Player(evm, addresses[SUITE.contract], planned, seed))


def subject(evm: Evm, contract: Artifact | None = None) -> OnChain:
    """The lottery contract on a machine, and those who call it."""
    return OnChain(MECHANISM, evm, contract)


def random_keys(dice: Random) -> Mapping[str, Any]:
    """A problem of strict rankings."""
    items = dice.randint(1, 4)
    orders = [dice.sample(range(items), dice.randint(0, items)) for _ in range(dice.randint(1, 5))]
    capacities = [dice.randint(0, 3) for _ in range(items)]
    return from_orders(orders, items, dice.choice(RULES[:3]), capacities).to_mapping()


POPULATIONS = {
    **populations(MECHANISM, 4),
    **{f"all absent:{phase}": (f"absent:{phase}",) for phase in ("committing", "revealing", "opening")},
    "all sorts": ("truthful", "absent:revealing", "copying", "absent:opening"),
}

TAMPERED = {
    "a lottery with a short window": Tampered("create", with_word(7, word(1)), "creation"),
    "a lottery by another rule": Tampered("create", with_word(4, word(2)), "parameters"),
    "an item that is not there": Tampered("reveal", with_word(7, b"\4" + bytes(31)), "ranking"),
    "an unwanted commitment": Tampered("reveal", with_word(5, word(9)), "commitment"),
    "no second commitment": Tampered("reveal", with_word(5, word(0)), "commitment", EATING),
    "a posting by somebody else": Tampered("post", by_stranger, "organizer", "boston"),
    "a posting after other reports": Tampered("post", with_word(1, word(9)), "history digest", EATING),
    "a posting over another denominator": Tampered("post", with_word(3, word(0)), "certificate", EATING),
    "an opening after another posting": Tampered("open", with_word(2, word(9)), "certificate digest", EATING),
}

ENDINGS = {
    *("serial drawn", "serial committing", "serial revealing", "posted drawn", "posted drawn with forfeits"),
    *(f"posted {phase.name.lower()}" for phase in LotteryModel.playing),
}

SUITE = Suite(
    mechanism=MECHANISM,
    player=player,
    settings=RULES,
    populations=POPULATIONS,
    silent=UNREVEALED,
    mixed=("misreporting", "copying", "absent:opening", "truthful"),
    problem=problem_of("boston").to_mapping(),
    problems=random_keys,
    campaign=CAMPAIGN,
    tampered=TAMPERED,
    setting_of={"post": EATING, "open": EATING},
    chosen=(
        Chosen("order_p_value", 120, lambda outcome: outcome.order[0] == 1),
        Chosen("recognition_p_value", 120, lambda outcome: outcome.order[0] == 1),
        Chosen("term_p_value", 80, lambda outcome: outcome.assignment[0] == 0, EATING),
    ),
    machine=ContractMachine,
    subject=subject,
    runs=60,
    steps=30,
    unreached={"create": {"TermsMayNotFit"}, "post": {"TooManyTerms"}},
    endings=ENDINGS,
    ways={name: posting(false) for name, false in FALSE.items()},
    examples={"simulate": ("--games", "3")},
    on_node=(
        "seats get their second choice",
        "a term is shifted by a seat",
        "no eating schedule is checked",
        "who never committed is called silent",
    ),
    window=example_1().window,
)
