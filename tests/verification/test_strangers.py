"""The sound contract is never accused because of what strangers do."""

from collections import Counter
from random import Random

import pytest

from parley.chain.backends import open_evm
from parley.chain.codec import compiled_codec
from parley.chain.evm import Logs
from parley.chain.history import Recorder
from parley.core.randomness import address_word, word
from parley.core.statistics import MIN_P
from parley.kit.verify.verification import Verification
from parley.mechanisms.assignment.bots import make_bots as make_lottery_bots
from parley.mechanisms.assignment.plan import plan
from parley.mechanisms.assignment.play import Player as LotteryPlayer
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.play import Player
from tests.assignment import audited as lotteries
from tests.assignment import test_contract_stateful as lottery_campaign
from tests.assignment.contract_machine import ContractMachine as LotteryMachine
from tests.assignment.contract_machine import Reached as LotteriesReached
from tests.assignment.contract_machine import Subject
from tests.assignment.crooked import SERIAL, USUAL
from tests.coordination import audited as games
from tests.coordination import test_contract_stateful as game_campaign
from tests.coordination.audited import IMPATIENT, deployed
from tests.coordination.contract_machine import ContractMachine as GameMachine
from tests.coordination.contract_machine import Reached as GamesReached
from tests.coordination.on_chain import OnChain

LOTTERY_FUNCTIONS = compiled_codec("AssignmentLottery").selectors


def nothing_is_found(found: Verification) -> None:
    assert list(found.violations) == []
    assert found.holds


# ───────────────────────────────── whatever anybody calls, and whatever fails ──────────────────────────────


class KeptGames(OnChain):
    """A subject whose history is kept."""

    def fresh(self) -> None:
        assert isinstance(self.evm, Recorder)
        self.evm.contract = self.address


class KeptLotteries(Subject):
    """A subject whose history is kept."""

    def fresh(self) -> None:
        assert isinstance(self.evm, Recorder)
        self.evm.contract = self.address


def wandering_games(seeds: range) -> GamesReached:
    """Arbitrary calls with hostile recognition functions and payees, each history audited."""
    reached = GamesReached()
    for seed in seeds:
        machine = Recorder(open_evm("revm"))
        GameMachine(KeptGames(machine), reached).wander(Random(seed), 60)
        nothing_is_found(games.verify(machine))
    return reached


def wandering_lotteries(seeds: range) -> LotteriesReached:
    """Arbitrary calls, each history audited."""
    reached = LotteriesReached()
    for seed in seeds:
        machine = Recorder(open_evm("revm"))
        LotteryMachine(KeptLotteries(machine), reached).wander(Random(seed), 60)
        nothing_is_found(lotteries.verify(machine))
    return reached


def refusals(outcomes: Counter[str]) -> int:
    return sum(count for name, count in outcomes.items() if "!" in name)


def test_arbitrary_calls_and_failures_accuse_nobody() -> None:
    met = wandering_games(range(12))
    drawn = wandering_lotteries(range(12))
    assert refusals(met.outcomes) > 200
    assert refusals(drawn.outcomes) > 200
    assert met.burnt_bonds + drawn.burnt_bonds > 0


@pytest.mark.deep
def test_failed_calls_of_every_error_accuse_nobody() -> None:
    met = wandering_games(range(1000, 1600))
    assert not game_campaign.missing_from(met)
    drawn = wandering_lotteries(range(1000, 1400))
    assert not lottery_campaign.missing_from(drawn)


# ─────────────────────────────────────── bytes that nobody looks at ───────────────────────────────────────


class Trailing(Player):
    """Sends more bytes than there are arguments, not a whole word of them."""

    def send(self, sender: str, data: bytes, value: int = 0) -> Logs:
        return super().send(sender, data + b"\xff" * (1 + len(self.sent) % 45), value)


class TrailingLottery(LotteryPlayer):
    """The same; and a ranking of less than a word without the zeros behind it."""

    def send(self, sender: str, data: bytes, value: int = 0) -> Logs:
        if data[:4] == LOTTERY_FUNCTIONS["reveal"]:
            return super().send(sender, data.rstrip(b"\0"), value)
        return super().send(sender, data + b"\xff" * (1 + len(self.sent) % 45), value)


def test_calls_with_trailing_or_unpadded_bytes_accuse_nobody() -> None:
    machine = Recorder(open_evm("revm"))
    contracts = deployed(machine)
    machine.contract = contracts.mechanism
    player = Trailing(machine, contracts, IMPATIENT, make_bots(["equilibrium"], 5), 1)
    assert player.play(0).ending == "settled"
    nothing_is_found(games.verify(machine))

    for rule in (SERIAL, "probabilistic-serial"):
        machine = lotteries.recording()
        planned = plan(lotteries.problem_of(rule), make_lottery_bots(USUAL, 4))
        trailing = TrailingLottery(machine, machine.contract, planned, 1)
        assert trailing.play(0).ending == "drawn"
        nothing_is_found(lotteries.verify(machine))


# ─────────────────────────────────────────── games with oneself ───────────────────────────────────────────


class Stranger(Player):
    """Creates games of its own, which it plays with itself."""

    creator: str

    def by(self, creator: str) -> "Stranger":
        self.creator = creator
        self._id_prefix = word(self.evm.chain_id) + address_word(self.contract) + address_word(creator)
        return self


def test_sixty_games_with_oneself_with_chosen_salts_accuse_nobody() -> None:
    trial = open_evm("revm")
    stranger = trial.accounts[10]
    bots = make_bots(["equilibrium"], 5)
    player = Stranger(trial, deployed(trial), IMPATIENT, bots, 3).by(stranger)
    chosen = [k for k in range(400) if player.play(k).proposer == 1][:60]
    assert len(chosen) == 60

    machine = Recorder(open_evm("revm"))
    contracts = deployed(machine)
    machine.contract = contracts.mechanism
    own = Player(machine, contracts, IMPATIENT, bots, 4)
    own.play(0)
    player = Stranger(machine, contracts, IMPATIENT, bots, 3).by(stranger)
    for k in chosen:
        player.play(k)
    found = games.verify(machine)
    nothing_is_found(found)
    assert found.games == 61
    (other,) = found.others
    assert (other.creator, other.games) == (stranger.lower(), 60)
    assert other.p_value is not None
    assert other.p_value < MIN_P
    # Asked about that creator, the audit says so.
    asked = games.verify(machine, creators=[stranger])
    assert not asked.holds
