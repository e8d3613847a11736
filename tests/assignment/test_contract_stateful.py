"""The contract does what the model does, whatever it is called with: see `contract_machine`."""

import pytest

from tests.assignment.contract_machine import Reached, Subject, run_campaign
from tests.backends import open_backend

RUNS, STEPS = 120, 30
COMPARED_CALLS = 2_000

SEAT = ("WrongPhase", "SeatOutOfRange", "NotTheSeat")
ERRORS = {
    "create": {
        *("GameExists", "AgentCountOutOfRange", "ItemCountOutOfRange", "ZeroAgent", "DuplicateAgent"),
        "WindowOutOfRange",
    },
    "commit": {*SEAT, "DeadlinePassed", "AlreadyCommitted", "StaleDigest", "ZeroCommitment", "WrongDeposit"},
    "reveal": {
        *(*SEAT, "DeadlinePassed", "NotCommitted", "AlreadyRevealed", "ZeroSecret", "WrongSecret"),
        *("RankingTooLong", "UnknownItem", "ItemRankedTwice", "UnwantedCommitment", "ZeroCommitment"),
    },
    "post": {
        *("WrongPhase", "DeadlinePassed", "NotTheOrganizer", "StaleDigest", "DenominatorOutOfRange"),
        *("MatrixLengthMismatch", "TimesLengthMismatch", "AssignmentsLengthMismatch", "TimeOutOfRange"),
        *("EatenMismatch", "ShareMismatch", "ZeroWeight", "WeightsMismatch", "UnwantedItem"),
        *("CapacityExceeded", "AverageMismatch"),
    },
    "open": {*SEAT, "DeadlinePassed", "NotRevealed", "AlreadyOpened", "ZeroSecret", "WrongSecret"},
    "expire": {"WrongPhase", "DeadlineNotPassed"},
    "withdraw": {*SEAT, "NothingToWithdraw", "FailedCall"},
}
"""Every refusal of every action, but for lotteries beyond a contract's room."""

ENDINGS = {
    *("serial drawn", "serial committing", "serial revealing"),
    *("posted drawn", "posted committing", "posted revealing", "posted posting", "posted opening"),
}


def missing_from(reached: Reached) -> set[str]:
    """Refusals and endings that no lottery has come to."""
    refusals = {f"{method}!{error}" for method, errors in ERRORS.items() for error in errors}
    return (refusals - reached.outcomes.keys()) | (ENDINGS - reached.endings.keys())


def assert_everything_was_reached(reached: Reached) -> None:
    """A campaign that agrees because nothing happened in it shows nothing."""
    assert not missing_from(reached)
    assert all(reached.outcomes[method] > 10 for method in ERRORS)
    assert reached.forfeits > 0
    assert reached.burnt_bonds > 20
    assert reached.games_at_once >= 3


def test_contract_and_model_agree_on_thousands_of_arbitrary_calls() -> None:
    reached = run_campaign(
        Subject(open_backend("revm")), RUNS, STEPS, lambda so_far: not missing_from(so_far)
    )
    assert reached.calls >= COMPARED_CALLS
    assert_everything_was_reached(reached)


@pytest.mark.deep
def test_contract_and_model_agree_on_many_more_calls() -> None:
    reached = run_campaign(Subject(open_backend("revm")), runs=1_000, steps=60)
    assert reached.calls >= 20 * COMPARED_CALLS
    assert_everything_was_reached(reached)


@pytest.mark.deep
def test_contract_and_model_agree_on_the_reference_machine() -> None:
    reached = run_campaign(Subject(open_backend("py-evm")), runs=10, steps=30)
    assert reached.calls >= 200
    assert len(reached.endings) >= 2
