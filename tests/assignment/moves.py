"""Calls to make: what could be done next in a lottery, and the many ways of doing it wrongly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, ClassVar

from parley.core.randomness import Word, commitment, keccak, word
from parley.kit.reference import NOTHING
from parley.mechanisms.assignment.certificate import Certificate, certify
from parley.mechanisms.assignment.lottery_state import Lottery, Phase
from parley.mechanisms.assignment.parameters import MAX_WINDOW, Parameters, Rule
from parley.mechanisms.assignment.problem import from_orders
from tests.kit.rig import moves
from tests.kit.rig.moves import ANOTHER_SEAT, HUGE, Call

METHOD_OF = {
    Phase.COMMITTING: "commit",
    Phase.REVEALING: "reveal",
    Phase.POSTING: "post",
    Phase.OPENING: "open",
}


def parameters(dice: Random, accounts: Sequence[str]) -> Parameters:
    """A lottery that may be opened."""
    seats, items = dice.randint(1, 4), dice.randint(1, 4)
    return Parameters(
        agents=tuple(dice.sample(list(accounts), seats)),
        capacities=tuple(dice.choice([0, 1, 1, 1, 2, 2**32 - 1]) for _ in range(items)),
        rule=dice.choice([Rule.SERIAL_DICTATORSHIP, *Rule]),
        bond=dice.choice([0, 7, 10**15]),
        join_window=dice.choice([60, 600, MAX_WINDOW]),
        action_window=dice.choice([60, 600, MAX_WINDOW]),
    )


def spoiled(dice: Random, p: Parameters) -> Parameters:
    """A lottery that may not be opened."""
    zero = "0x" + "00" * 20
    return dice.choice(
        [
            replace(p, agents=()),
            replace(p, agents=p.agents * 17),
            replace(p, agents=(*p.agents, zero)),
            replace(p, agents=(*p.agents, p.agents[0])),
            replace(p, capacities=()),
            replace(p, capacities=(1,) * 65),
            replace(p, join_window=dice.choice([0, 59, MAX_WINDOW + 1])),
            replace(p, action_window=dice.choice([0, 59, MAX_WINDOW + 1])),
        ]
    )


@dataclass
class Moves(moves.Moves[Lottery]):
    """What the seats know (their secrets and their reports) and how they choose."""

    method_of = METHOD_OF
    further_ways: ClassVar[Mapping[str, Sequence[str]]] = {
        # The commitment is looked at last; about a certificate there is most to be wrong.
        "commit": (*ANOTHER_SEAT, "argument 3", "argument 3"),
        "reveal": (*ANOTHER_SEAT, "argument 5", "argument 5"),
        "post": ("argument 2",) * 9,
        "open": ANOTHER_SEAT,
        "withdraw": ANOTHER_SEAT,
    }

    reports: dict[Word, tuple[Word, bytes]] = field(default_factory=dict)
    """Secret and ranking behind each commitment that was ever offered."""

    # ──────────────────────────────────────── what is to be done ────────────────────────────────────────

    def _commit(self, dice: Random, lottery: Lottery) -> Call:
        seat = self._seat(dice, lottery, set(range(lottery.agents)) - lottery.committed)
        items = list(range(lottery.items))
        ranking = bytes(dice.sample(items, dice.randint(0, len(items))))
        if dice.random() < 0.1:
            # What can be committed to and never be opened.
            ranking = dice.choice([bytes([*items, 0]), bytes([len(items)]), bytes([255]), bytes([0, 0])])
        secret = self.new_secret() if dice.random() < 0.99 else NOTHING
        sealed = commitment(lottery.id, seat, keccak(secret + ranking))
        self.reports[sealed] = (secret, ranking)
        if lottery.committed and dice.random() < 0.03:
            # A copy, which will be opened as its original is: the contract has to refuse that.
            sealed = lottery.commitments[min(lottery.committed)]
        args = (lottery.id, seat, lottery.digest, sealed)
        return Call(lottery.parameters.agents[seat], "commit", args, lottery.parameters.bond)

    def _reveal(self, dice: Random, lottery: Lottery) -> Call:
        missing = lottery.committed - lottery.revealed
        hopeful = {seat for seat in missing if self.can_open(lottery, seat)}
        seat = self._seat(dice, lottery, hopeful if hopeful and dice.random() < 0.9 else missing)
        secret, ranking = self.reports.get(lottery.commitments[seat], (word(1), b"\0"))
        following = NOTHING
        if lottery.parameters.rule is not Rule.SERIAL_DICTATORSHIP:
            second = self.new_secret()
            following = commitment(lottery.id, seat, second)
            self.reports[following] = (second, b"")
        args = (lottery.id, seat, lottery.digest, secret, ranking, following)
        return Call(lottery.parameters.agents[seat], "reveal", args)

    def can_open(self, lottery: Lottery, seat: int) -> bool:
        """Whether a seat has committed to what it can open: to no copy, no zero, and a ranking."""
        secret, ranking = self.reports.get(lottery.commitments[seat], (NOTHING, b""))
        sound = len(set(ranking)) == len(ranking) and all(item < lottery.items for item in ranking)
        sealed = commitment(lottery.id, seat, keccak(secret + ranking))
        return secret != NOTHING and sound and sealed == lottery.commitments[seat]

    def _post(self, dice: Random, lottery: Lottery) -> Call:
        eating = lottery.parameters.rule is Rule.PROBABILISTIC_SERIAL
        sender = dice.choice(self.accounts) if eating else lottery.creator
        return Call(sender, "post", (lottery.id, lottery.digest, certificate_for(lottery)))

    def _open(self, dice: Random, lottery: Lottery) -> Call:
        seat = self._seat(dice, lottery, lottery.revealed - lottery.opened)
        secret, _ = self.reports.get(lottery.commitments[seat], (word(1), b""))
        return Call(lottery.parameters.agents[seat], "open", (lottery.id, seat, lottery.digest, secret))

    # ───────────────────────────────────────── doing it wrongly ─────────────────────────────────────────

    def _other_data(self, dice: Random, value: Any, call: Call, k: int) -> Any:  # noqa: ANN401, ARG002 - of any type
        if isinstance(value, Certificate):
            return another_certificate(dice, value)
        if len(value) != 32:
            return dice.choice([value[:-1], value + b"\0", value[::-1], b""])
        choices = [NOTHING] * (1 + k) + [word(1), bytes([value[0] ^ 1]) + value[1:], *self.model.games]
        choices += [lottery.digest for lottery in self.model.games.values()]
        choices += [c for lottery in self.model.games.values() for c in lottery.commitments if c != NOTHING]
        return dice.choice(choices)


def certificate_for(lottery: Lottery) -> Certificate:
    """What may be posted: where the chain cannot tell the rule's matrix from another one, Boston's."""
    rule = lottery.parameters.rule
    text = rule.text if rule is Rule.PROBABILISTIC_SERIAL else Rule.BOSTON.text
    rankings = [tuple(ranking) for ranking in lottery.rankings]
    capacities = tuple(min(capacity, 64) for capacity in lottery.parameters.capacities)
    return certify(from_orders(rankings, lottery.items, text, capacities))


def another_certificate(dice: Random, right: Certificate) -> Certificate:
    """One that differs from a right one in one place, or in all that its denominator touches."""
    c = right
    others = [
        c._replace(denominator=dice.choice([0, 2**224, HUGE, c.denominator + 1])),
        c._replace(matrix=_nudged(dice, c.matrix, c.denominator)),
        c._replace(weights=_nudged(dice, c.weights, c.denominator)),
        c._replace(weights=(*c.weights, 0), assignments=c.assignments + bytes(c.agents)),
        dice.choice([c._replace(matrix=c.matrix[:-1]), c._replace(assignments=c.assignments[:-1])]),
        dice.choice([c._replace(matrix=(*c.matrix, 0)), c._replace(times=(*c.times, 0))]),
        *(c._replace(assignments=_recoded(dice, c.assignments)) for _ in range(3)),
        _without_a_term(c),
        # As right as before.
        Certificate(
            3 * c.denominator, _tripled(c.matrix), _tripled(c.times), _tripled(c.weights), c.assignments
        ),
    ]
    if c.times:
        others += [c._replace(times=_nudged(dice, c.times, c.denominator)) for _ in range(3)]
    return dice.choice(others)


def _nudged(dice: Random, numbers: Sequence[int], one: int) -> tuple[int, ...]:
    """Numbers of which one is a little more or less, or far too much."""
    if not numbers:
        return ()
    k = dice.randrange(len(numbers))
    other = dice.choice([max(0, numbers[k] - 1), numbers[k] + 1, numbers[k] + one, HUGE])
    return (*numbers[:k], other, *numbers[k + 1 :])


def _without_a_term(c: Certificate) -> Certificate:
    """A lottery that lacks its last term, and the matrix that it averages to: its weights sum to less."""
    rest = c._replace(weights=c.weights[:-1], assignments=c.assignments[: c.agents * (c.terms - 1)])
    matrix = list(c.matrix)
    items = len(matrix) // c.agents
    for seat, item in enumerate(c.assignment(c.terms - 1)):
        if item is not None:
            matrix[seat * items + item] -= c.weights[-1]
    return rest._replace(matrix=tuple(matrix))


def _recoded(dice: Random, codes: bytes) -> bytes:
    """Assignments in which a seat gets something else, as a rule what another one gets as well."""
    if not codes:
        return codes
    k = dice.randrange(len(codes))
    return codes[:k] + bytes([dice.choice([0, 1, 2, 5, 255, *codes])]) + codes[k + 1 :]


def _tripled(numbers: Sequence[int]) -> tuple[int, ...]:
    return tuple(3 * number for number in numbers)
