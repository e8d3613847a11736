"""A campaign of crooked contracts: an audit catches each by the rule that speaks of it, and by no other."""

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

import pytest

from parley.chain.compiler import Artifact
from parley.chain.deployments import Claims
from parley.chain.history import Recorder
from parley.kit.verify.verification import Verification
from parley.mechanisms.assignment.verify import LotteryReplay
from parley.mechanisms.coordination.verify import GameReplay
from tests.assignment import audited as lotteries
from tests.assignment import crooked as of_lotteries
from tests.assignment.contract_machine import ContractMachine as LotteryMachine
from tests.assignment.contract_machine import Reached as LotteriesReached
from tests.assignment.contract_machine import Subject
from tests.coordination import audited as games
from tests.coordination import crooked as of_games
from tests.coordination.contract_machine import ContractMachine as GameMachine
from tests.coordination.contract_machine import Reached as GamesReached
from tests.coordination.on_chain import OnChain
from tests.verification.contract_machine import MismatchError
from tests.verification.crooked import Campaign, Variant
from tests.verification.selected import RoomyEvm

GAMES = 8
RUNS, STEPS = 400, 40


class Mechanism(NamedTuple):
    """What a mechanism's campaign needs."""

    campaign: Campaign
    staged: Callable[[str, Variant, Sequence[int]], tuple[Recorder, Claims]]
    verify: Callable[[Recorder, Claims], Verification]
    rules: frozenset[str]
    main: str
    machine: Callable[[Artifact], Callable[[], LotteryMachine | GameMachine]]


def _lottery_machine(contract: Artifact) -> Callable[[], LotteryMachine]:
    subject = Subject(RoomyEvm(), contract)
    return lambda: LotteryMachine(subject, LotteriesReached())


def _game_machine(contract: Artifact) -> Callable[[], GameMachine]:
    subject = OnChain(RoomyEvm(), contract)
    return lambda: GameMachine(subject, GamesReached())


MECHANISMS = {
    "coordination": Mechanism(
        of_games.CAMPAIGN,
        games.staged,
        games.verify,
        GameReplay.rules.all,
        "TwoStageMechanism",
        _game_machine,
    ),
    "assignment": Mechanism(
        of_lotteries.CAMPAIGN,
        lotteries.staged,
        lotteries.verify,
        LotteryReplay.rules.all,
        "AssignmentLottery",
        _lottery_machine,
    ),
}

ALL = [(kind, name) for kind, mechanism in MECHANISMS.items() for name in mechanism.campaign.variants]
SAMPLE = sorted(Random(11).sample(ALL, 40))
"""In every `make test`; the others in `make test-deep`."""

OF_NO_TRANSACTION = {"balance", "burnt bonds", "state"}
"""Rules that are judged when all is over."""

UNMARKED = {"recognition fraction", "state"}
"""Recognition functions and views are only asked and can leave no mark: their answers show that they ran."""


def is_caught(kind: str, name: str) -> None:
    mechanism = MECHANISMS[kind]
    variant = mechanism.campaign.variants[name]
    machine, book = mechanism.staged(name, variant, range(GAMES))
    found = mechanism.verify(machine, book)
    rules = Counter(violation.rule for violation in found.violations)
    assert not found.holds
    assert rules.keys() == variant.rules
    # What a call changed before it was refused is undone, the mark too.
    refused = any(call.failure is not None for call in machine.calls())
    assert isinstance(machine.evm, RoomyEvm)
    assert (
        machine.evm.marked(machine.contract)
        or variant.rule in UNMARKED
        or (variant.rule == "refusal" and refused)
    )
    if variant.rule not in OF_NO_TRANSACTION:
        first = next(violation for violation in found.violations if violation.rule == variant.rule)
        assert first.game is not None
        assert first.transaction is not None


def is_not_accused(kind: str, name: str) -> None:
    """The sound contract, played like the crooked one: what it refuses it has to refuse."""
    mechanism = MECHANISMS[kind]
    found = mechanism.verify(*mechanism.staged("", mechanism.campaign.variants[name], range(GAMES)))
    assert list(found.violations) == []
    assert found.games >= GAMES


def the_machine_finds(kind: str, name: str) -> None:
    """Contract and model driven with the same calls differ, whatever the audit says."""
    mechanism = MECHANISMS[kind]
    contract = mechanism.campaign.artifacts(name)[mechanism.main]
    new_machine = mechanism.machine(contract)

    def drive() -> None:
        for seed in range(RUNS):
            new_machine().wander(Random(seed), STEPS)

    with pytest.raises((MismatchError, AssertionError)):
        drive()


@pytest.mark.parametrize(("kind", "name"), SAMPLE)
def test_a_crooked_contract_is_caught_by_the_rule_it_breaks_and_no_other(kind: str, name: str) -> None:
    is_caught(kind, name)


@pytest.mark.deep
@pytest.mark.parametrize(("kind", "name"), sorted(set(ALL) - set(SAMPLE)))
def test_a_further_crooked_contract_is_caught_by_the_rule_it_breaks_and_no_other(
    kind: str, name: str
) -> None:
    is_caught(kind, name)


@pytest.mark.parametrize(("kind", "name"), SAMPLE[::2])
def test_the_sound_contract_is_not_accused_of_what_is_tried_with_it(kind: str, name: str) -> None:
    is_not_accused(kind, name)


@pytest.mark.deep
@pytest.mark.parametrize(("kind", "name"), sorted(set(ALL) - set(SAMPLE[::2])))
def test_the_sound_contract_is_not_accused_of_what_else_is_tried_with_it(kind: str, name: str) -> None:
    is_not_accused(kind, name)


CALLED = [(kind, name) for kind, name in ALL if MECHANISMS[kind].campaign.changes_main(name)]
"""Variants of the mechanism itself, which is what contract and model are driven with."""


@pytest.mark.parametrize(("kind", "name"), sorted(set(SAMPLE) & set(CALLED))[::4])
def test_the_contract_machine_finds_a_crooked_contract(kind: str, name: str) -> None:
    the_machine_finds(kind, name)


@pytest.mark.deep
@pytest.mark.parametrize(("kind", "name"), CALLED)
def test_the_contract_machine_finds_every_crooked_contract(kind: str, name: str) -> None:
    the_machine_finds(kind, name)


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_every_variant_still_has_its_place_and_a_rule(kind: str, name: str) -> None:
    mechanism = MECHANISMS[kind]
    variant = mechanism.campaign.variants[name]
    assert [change.edit(1) for change in variant.changes]
    assert variant.rules <= mechanism.rules
    assert len(variant.rules) == 1 or variant.also.partition(": ")[2], "a second rule needs a reason"


def test_the_campaign_is_of_at_least_sixty_for_either_mechanism() -> None:
    assert all(len(mechanism.campaign.variants) >= 60 for mechanism in MECHANISMS.values())
