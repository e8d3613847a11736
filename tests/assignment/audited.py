"""Lotteries to audit, played on a machine that writes them down, whatever a crooked contract lets through."""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from sim.assignment.bots import make_bots
from sim.assignment.certificate import Certificate
from sim.assignment.lottery import indicator
from sim.assignment.plan import plan
from sim.assignment.play import CONTRACTS, FUNCTIONS, Player
from sim.assignment.problem import Problem, example_1
from sim.assignment.records import RECORDS
from sim.assignment.verify import CONTRACT
from sim.chain.deploy import deploy
from sim.chain.evm import Evm, Logs, open_evm
from sim.chain.history import Recorder
from sim.driver.player import UnexpectedRevertError
from sim.randomness import address_word, word
from sim.verification.book import Book
from tests.assignment.crooked import LOTTERY, SERIAL, USUAL, Staged
from tests.verification.crooked import Variant, artifacts_of

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


class Stage(Player):
    """Does what a sound contract refuses: see `tests.assignment.crooked.Staged`."""

    stage = ""

    def send(self, sender: str, data: bytes, value: int = 0) -> Logs:
        last = word(len(self.seats) - 1)
        if self.stage == "late" and data.startswith(FUNCTIONS["reveal"]) and data[36:68] == last:
            self.wait(self.plan.problem.window)
        if self.stage == "stranger" and data.startswith(FUNCTIONS["post"]):
            sender = self.seats[0]
        return super().send(sender, data, value)

    def _try_copy(self, sender: str, data: bytes) -> None:
        self.send(sender, data)


def deployed(evm: Evm, variant: Variant | None = None) -> str:
    """The contract on a machine, under its own name whatever it does."""
    return deploy(evm, artifacts_of(variant, LOTTERY), CONTRACTS)[CONTRACT].address


def book_of(machine: Recorder) -> Book:
    """What a deployment file would say."""
    return Book(machine.chain_id, {CONTRACT: machine.contract}, {}, {})


def recording(variant: Variant | None = None) -> Recorder:
    """A machine that writes down what happens to the contract on it."""
    machine = Recorder(open_evm("revm"))
    machine.contract = deployed(machine, variant)
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


def staged(crooked: Staged, games: Iterable[int], seed: int = 3) -> Recorder:
    """Lotteries of a crooked contract: whatever it may let through is tried, and the money is taken."""
    machine = recording(crooked.variant)
    problem = problem_of(crooked.rule)
    planned = plan(problem, make_bots(crooked.variant.bots or USUAL, problem.agents))
    if crooked.stage in FALSE and planned.certificate is not None:
        planned = replace(planned, certificate=FALSE[crooked.stage](planned.certificate))
    player = Stage(machine, machine.contract, planned, seed)
    player.stage = crooked.stage
    for k in games:
        before = len(machine)
        with contextlib.suppress(UnexpectedRevertError):
            player.play(k)
        take_all(player, machine, before)
    return machine


def take_all(player: Player, machine: Recorder, before: int) -> None:
    """Let every seat try to withdraw from the last lottery, twice."""
    created = RECORDS.read_event(list(machine.calls())[before].logs[0])
    lottery = created.fields[0]
    assert isinstance(lottery, bytes)
    for seat, address in enumerate(player.seats * 2):
        number = word(seat % len(player.seats))
        machine.transact(
            address, machine.contract, FUNCTIONS["withdraw"] + lottery + number + address_word(address)
        )
