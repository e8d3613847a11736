"""The contract does what the model does, whatever it is called with: see `contract_machine`."""

import pytest

from tests.backends import open_backend
from tests.coordination.contract_machine import Reached, play_large_games, run_campaign
from tests.coordination.on_chain import OnChain

RUNS, STEPS = 240, 40
COMPARED_CALLS = 5_000

ERRORS = {
    "create": {
        *("GameExists", "AgentCountOutOfRange", "TaskTypeCountOutOfRange", "MatrixSizeMismatch"),
        *("ContinuationOutOfRange", "ZeroBond", "WindowOutOfRange", "ZeroRounds", "RecognitionWithoutCode"),
        "RecognitionCodeMismatch",
        *("CostCountMismatch", "ZeroAgent", "DuplicateAgent", "CapacityBelowContract", "NothingContracted"),
        *("TooManyTasks", "ExponentOutOfRange", "BreakpointsInvalid", "CostNotConvex", "CostNotWhole"),
        "CostTooLarge",
    },
    "join": {
        *("WrongPhase", "DeadlinePassed", "SeatOutOfRange", "NotTheSeat", "AlreadyJoined", "StaleDigest"),
        *("ZeroCommitment", "WrongDeposit"),
    },
    "announce": {
        *("WrongPhase", "DeadlinePassed", "NotTheSeat", "StaleDigest", "AnnouncementLengthMismatch"),
        *("AnnouncementTooHigh", "AnnouncementTooLow"),
    },
    "reveal": {
        *("WrongPhase", "DeadlinePassed", "SeatOutOfRange", "NotTheSeat", "AlreadyRevealed", "ZeroSecret"),
        *("StaleDigest", "WrongSecret", "ZeroCommitment"),
    },
    "propose": {
        *("WrongPhase", "DeadlinePassed", "NotTheSeat", "StaleDigest", "ProposalLengthMismatch"),
        *("ProposalSumMismatch", "ProposalBeyondDeposit"),
    },
    "respond": {"WrongPhase", "DeadlinePassed", "NotTheSeat", "StaleDigest"},
    "expire": {"WrongPhase", "DeadlineNotPassed"},
    "withdraw": {
        *("WrongPhase", "SeatOutOfRange", "NotTheSeat", "NothingToWithdraw", "StaleDigest"),
        *("ProposalLengthMismatch", "FailedCall"),
    },
}
"""Every refusal of every action."""

ENDINGS = {
    "settled",
    "no_savings",
    "not_continued",
    "last_round",
    "expired while joining",
    "expired while announcing",
    "expired while revealing",
    "expired while proposing",
    "expired while responding",
}


def test_contract_and_model_agree_on_thousands_of_arbitrary_calls() -> None:
    reached = run_campaign(
        OnChain(open_backend("revm")), RUNS, STEPS, lambda so_far: not missing_from(so_far)
    )
    assert reached.calls >= COMPARED_CALLS
    assert_everything_was_reached(reached)


def missing_from(reached: Reached) -> set[str]:
    """Refusals and endings that no game has come to."""
    refusals = {f"{method}!{error}" for method, errors in ERRORS.items() for error in errors}
    return (refusals - reached.outcomes.keys()) | (ENDINGS - reached.endings.keys())


def assert_everything_was_reached(reached: Reached) -> None:
    """A campaign that agrees because nothing happened in it shows nothing."""
    assert not missing_from(reached)
    assert all(reached.outcomes[method] > 20 for method in ERRORS)
    assert sum(count for rnd, count in reached.rounds.items() if rnd >= 2) > 10, "continuations"
    assert reached.burnt_bonds > 20
    assert reached.events["Withdrawn"] > 100
    assert reached.games_at_once >= 3


def test_contract_and_model_agree_on_the_reference_machine() -> None:
    def enough(so_far: Reached) -> bool:
        methods = ("join", "announce", "reveal", "withdraw")
        return so_far.calls >= 100 and all(so_far.outcomes[method] for method in methods)

    assert enough(run_campaign(OnChain(open_backend("py-evm")), runs=4, steps=15, until=enough))


def test_contract_and_model_agree_on_games_of_up_to_64_seats_and_types() -> None:
    reached = play_large_games(OnChain(open_backend("revm"), accounts=64), games=2, mistakes=0.02, seed=11)
    assert reached.calls >= 150
    assert reached.outcomes["store"] > 0


@pytest.mark.deep
def test_contract_and_model_agree_on_many_large_games() -> None:
    reached = play_large_games(OnChain(open_backend("revm"), accounts=64), games=25, mistakes=0.05, seed=12)
    assert reached.calls >= 3_000
    assert {"settled", "no_savings"} & reached.endings.keys()
    errors = {"StaleDigest", "NotTheCreator", "MatrixSizeMismatch", "CapacityBelowContract"}
    assert errors <= {name.partition("!")[2] for name in reached.outcomes if name.startswith("store!")}


@pytest.mark.deep
def test_contract_and_model_agree_on_many_more_calls() -> None:
    reached = run_campaign(OnChain(open_backend("revm")), runs=2_000, steps=60)
    assert reached.calls >= 20 * COMPARED_CALLS
    assert_everything_was_reached(reached)


@pytest.mark.deep
def test_contract_and_model_agree_on_many_more_calls_to_the_reference_machine() -> None:
    reached = run_campaign(OnChain(open_backend("py-evm")), runs=25, steps=40)
    assert reached.calls >= 1_000
    assert len(set(reached.endings) & ENDINGS) >= 6
