"""Calls to make: what is particular of lotteries, and the many ways of getting a certificate wrong."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random

from parley.core.randomness import Word, commitment, keccak, word
from parley.kit.reference import NOTHING
from parley.mechanisms.assignment.certificate import Certificate, certify
from parley.mechanisms.assignment.lottery_state import Lottery, Phase
from parley.mechanisms.assignment.parameters import MAX_WINDOW, Parameters, Rule
from parley.mechanisms.assignment.problem import from_orders
from tests.kit.rig import moves
from tests.kit.rig.moves import Call


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


@dataclass
class Moves(moves.Moves[Lottery]):
    """What the seats know (their secrets and their reports) and how they choose."""

    def waited_for(self, game: Lottery) -> Collection[int]:
        missing = set(super().waited_for(game))
        hopeful = {seat for seat in missing if self.can_open(game, seat)}
        return hopeful if game.phase is Phase.REVEALING and self.salt % 10 else missing

    def new_commitment(self, dice: Random, game: Lottery, seat: int) -> Word:
        """To a report, or once there is one to a second secret; what opens it are a secret and a ranking."""
        if game.phase is Phase.REVEALING:
            if game.parameters.rule is Rule.SERIAL_DICTATORSHIP:
                return NOTHING
            sealed = super().new_commitment(dice, game, seat)
            self.offered[sealed] = self.offered[sealed], b""
            return sealed
        items = list(range(game.items))
        ranking = bytes(dice.sample(items, dice.randint(0, len(items))))
        if dice.random() < 0.1:
            # What can be committed to and never be opened.
            ranking = dice.choice([bytes([*items, 0]), bytes([len(items)]), bytes([255]), bytes([0, 0])])
        secret = self.new_secret() if dice.random() < 0.99 else NOTHING
        sealed = commitment(game.id, seat, keccak(secret + ranking))
        self.offered[sealed] = secret, ranking
        if game.committed and dice.random() < 0.03:
            # A copy, which will be opened as its original is: the contract has to refuse that.
            sealed = game.commitments[min(game.committed)]
        return sealed

    def _opening(self, game: Lottery, seat: int) -> tuple[Word, bytes]:
        sealed = game.commitments[seat] if seat < len(game.commitments) else NOTHING
        secret, ranking = self.offered.get(sealed, (word(1), b"\0"))
        return secret, ranking

    def secret(self, game: Lottery, seat: int) -> Word:
        return self._opening(game, seat)[0]

    def _ranking(self, _dice: Random, game: Lottery, seat: int) -> bytes:
        return self._opening(game, seat)[1]

    def can_open(self, lottery: Lottery, seat: int) -> bool:
        """Whether a seat has committed to what it can open: to no copy, no zero, and a ranking."""
        secret, ranking = self._opening(lottery, seat)
        sound = len(set(ranking)) == len(ranking) and all(item < lottery.items for item in ranking)
        sealed = commitment(lottery.id, seat, keccak(secret + ranking))
        return secret != NOTHING and sound and sealed == lottery.commitments[seat]

    def _post(self, dice: Random, lottery: Lottery) -> Call:
        eating = lottery.parameters.rule is Rule.PROBABILISTIC_SERIAL
        sender = dice.choice(self.accounts) if eating else lottery.creator
        return Call(sender, "post", (lottery.id, lottery.digest, certificate_for(lottery)))

    @staticmethod
    def _other_certificate(dice: Random, _game: Lottery, right: Certificate) -> Certificate:
        """One over a denominator that is too large, with another seat's item, or as right as before."""
        matrix, times, weights = (tuple(3 * number for number in some) for some in right[1:4])
        thrice = Certificate(3 * right.denominator, matrix, times, weights, right.assignments)
        codes = bytearray(right.assignments)
        if codes:
            codes[dice.randrange(len(codes))] = dice.choice(codes)
        copied = right._replace(assignments=bytes(codes))
        return dice.choice([thrice, right._replace(denominator=2**224), copied, copied])


def certificate_for(lottery: Lottery) -> Certificate:
    """What may be posted: where the chain cannot tell the rule's matrix from another one, Boston's."""
    rule = lottery.parameters.rule
    text = rule.text if rule is Rule.PROBABILISTIC_SERIAL else Rule.BOSTON.text
    rankings = [tuple(ranking) for ranking in lottery.rankings]
    capacities = tuple(min(capacity, 64) for capacity in lottery.parameters.capacities)
    return certify(from_orders(rankings, lottery.items, text, capacities))
