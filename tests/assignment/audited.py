"""Lotteries to audit, played on a machine that writes them down, whatever a crooked contract lets through."""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from parley.mechanisms.assignment.bots import make_bots
from parley.mechanisms.assignment.certificate import Certificate
from parley.mechanisms.assignment.contracts import CONTRACTS
from parley.mechanisms.assignment.lottery import indicator
from parley.mechanisms.assignment.mechanism import MECHANISM
from parley.mechanisms.assignment.plan import plan
from parley.mechanisms.assignment.play import Player
from parley.mechanisms.assignment.problem import Problem, example_1
from tests.assignment.crooked import CAMPAIGN, SERIAL, USUAL
from tests.verification.crooked import Variant
from tests.verification.selected import RoomyEvm
from tests.verification.staging import Staged

RECORDS = records_of(MECHANISM)
verify = partial(verify_contract, MECHANISM)

(CONTRACT,) = CONTRACTS

FUNCTIONS = compiled_codec("AssignmentLottery").selectors

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


class StagedPlayer(Staged, Player):
    """Tries what a sound contract refuses, or plays on where a crooked one does not refuse."""

    places = {  # noqa: RUF012 - never changed
        "create window": 7,
        "commit digest": 2,
        "commit commitment": 3,
        "reveal digest": 2,
        "reveal secret": 3,
        "reveal commitment": 5,
        "open digest": 2,
        "post digest": 1,
    }

    def _try_copy(self, sender: str, data: bytes) -> None:
        self.attempt(sender, data)


def deployed(evm: Evm, variant: str | None = None) -> str:
    """The contract on a machine, under its own name whatever it does: see `Campaign.artifacts`."""
    return deploy(evm, CAMPAIGN.artifacts(variant), CONTRACTS)[CONTRACT].address


def book_of(machine: Recorder) -> Claims:
    """What a deployment file would say."""
    return Claims(machine.chain_id, {CONTRACT: machine.contract}, {}, {})


def recording() -> Recorder:
    """A machine that writes down what happens to the contract on it."""
    machine = Recorder(open_evm("revm"))
    machine.contract = deployed(machine)
    return machine


def played(
    games: Iterable[int],
    rule: str = SERIAL,
    bots: Sequence[str] = USUAL,
    problem: Problem | None = None,
    seed: int = 3,
) -> Recorder:
    """Lotteries of the tree's contract on a recording machine."""
    machine = recording()
    problem = problem or problem_of(rule)
    player = Player(machine, machine.contract, plan(problem, make_bots(bots, problem.agents)), seed)
    for k in games:
        player.play(k)
    return machine


def staged_on(machine: Recorder, contract: str, variant: Variant, games: Iterable[int]) -> None:
    """Lotteries as a variant wants them: whatever it may let through is tried, and the money is taken."""
    problem = problem_of(variant.setting or SERIAL)
    planned = plan(problem, make_bots(variant.bots or USUAL, problem.agents))
    false = FALSE.get(variant.stage.removeprefix("post "))
    if false is not None and planned.certificate is not None:
        planned = replace(planned, certificate=false(planned.certificate))
    player = StagedPlayer(machine, contract, planned, 3)
    player.window = problem.window
    player.stage = "" if false or variant.stage == "withdraw by all" else variant.stage
    for k in games:
        before = len(machine)
        with contextlib.suppress(ParleyError, LookupError, ValueError, TypeError, AttributeError):
            player.play(k)
        if variant.stage == "withdraw by all":
            take_all(player, machine, before)


def staged(name: str, variant: Variant, games: Iterable[int]) -> tuple[Recorder, Claims]:
    """Lotteries of a crooked contract, or with no name of the sound one, played as a variant wants them."""
    machine = Recorder(RoomyEvm())
    machine.contract = deployed(machine, name)
    staged_on(machine, machine.contract, variant, games)
    return machine, book_of(machine)


def take_all(player: Player, machine: Recorder, before: int) -> None:
    """Let every seat try to withdraw from the last lottery."""
    created = RECORDS.read_event(list(machine.calls())[before].logs[0])
    lottery = created.fields[0]
    assert isinstance(lottery, bytes)
    for seat, address in enumerate(player.seats):
        number = word(seat)
        machine.transact(
            address, machine.contract, FUNCTIONS["withdraw"] + lottery + number + address_word(address)
        )
