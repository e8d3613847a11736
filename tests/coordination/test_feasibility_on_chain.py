"""The contract accepts exactly the announcements that theory calls legal, and refuses the others alike."""

from random import Random

from eth_abi.abi import decode

from parley.chain.abi import Interface
from parley.chain.backends import open_evm
from parley.chain.codec import compiled_codec
from parley.chain.compiler import compile_contracts
from parley.chain.evm import Logs
from parley.core.randomness import word
from parley.mechanisms.coordination.announcements import bounds, find_violation
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.play import Player, deploy_mechanism
from tests.coordination.problems import random_problem

FUNCTIONS = compiled_codec("TwoStageMechanism").selectors

GAMES = 60
TRIES = 12


class Prober(Player):
    """Before each announcement of a game, tries others in calls that change nothing."""

    dice: Random
    coder: Interface
    verdicts: dict[str, int]
    rows: list[list[int]]

    def send(self, sender: str, data: bytes, value: int = 0) -> Logs:
        if data.startswith(FUNCTIONS["create"]):
            self.rows = []
        if data.startswith(FUNCTIONS["announce"]):
            self.probe(sender, data)
            self.rows.append(list(decode(["bytes32", "bytes32", "uint256[]"], data[4:])[2]))
        return super().send(sender, data, value)

    def probe(self, sender: str, data: bytes) -> None:
        lower, upper = bounds(self.problem, self.rows)
        for _ in range(TRIES):
            # Mostly legal entries, some just outside, a few far outside.
            row = [
                self.dice.choice(
                    [self.dice.randint(low, high)] * 4
                    + [max(0, low - 1), high + 1, self.dice.choice([0, 2**32])]
                )
                for low, high in zip(lower.tolist(), upper.tolist(), strict=True)
            ]
            answer = self.evm.call(sender, self.contract, data[:132] + b"".join(map(word, row)))
            violation = find_violation(self.problem, [*self.rows, row])
            if violation is None:
                assert answer.ok
                verdict = "legal"
            else:
                verdict = "AnnouncementTooHigh" if violation.too_high else "AnnouncementTooLow"
                error = self.coder.decode_error(answer.output)
                assert not answer.ok
                assert (error.name, *error.args) == (
                    verdict,
                    violation.task_type,
                    violation.amount,
                    violation.bound,
                )
            self.verdicts[verdict] += 1


def test_contract_and_theory_agree_on_every_announcement_type_and_bound_included() -> None:
    dice = Random(20)
    coder = Interface(compile_contracts()["TwoStageMechanism"].abi)
    verdicts = dict.fromkeys(("legal", "AnnouncementTooHigh", "AnnouncementTooLow"), 0)
    evm = open_evm("revm")
    deployment = deploy_mechanism(evm)
    for number in range(GAMES):
        problem = random_problem(dice, special=number % 2 == 0)
        prober = Prober(evm, deployment, problem, make_bots(["random"], problem.agents), seed=number)
        prober.dice, prober.coder, prober.verdicts = dice, coder, verdicts
        prober.play(0)
    assert min(verdicts.values()) > 100, verdicts
