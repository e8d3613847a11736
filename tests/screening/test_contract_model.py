"""Contract and model agree on everything visible, whatever is called."""

from parley.kit.verify.contract import records_of
from tests.backends import open_backend
from tests.kit.rig.contract_machine import Reached, drive
from tests.screening.contract_machine import ContractMachine
from tests.screening.declared import Declaration, subject

ERRORS = {
    "create": {
        *("GameExists", "AgentCountOutOfRange", "TaskCountOutOfRange", "ZeroAgent", "DuplicateAgent"),
        *("WindowOutOfRange", "LengthMismatch", "QuantityOutOfRange", "CostOutOfRange", "TooManyRays"),
        *("MonotoneRay", "RayNotFull", "NotPolarized"),
    },
    "choose": {
        *("WrongPhase", "DeadlinePassed", "SeatOutOfRange", "NotTheSeat", "AlreadyChosen", "StaleDigest"),
        "UnknownChoice",
    },
    "post": {
        *("WrongPhase", "DeadlinePassed", "StaleDigest", "ZeroDenominator", "BasisOutOfOrder", "NotBasic"),
        *("ShareOutOfRange", "NotCleared"),
    },
    "expire": {"WrongPhase", "DeadlineNotPassed"},
}
"""Every refusal of every action."""

ENDINGS = {"settled with trade", "settled without trade", "all stay", "lapsed"}


def missing_from(reached: Reached) -> set[str]:
    """What a campaign has not been through."""
    refusals = {f"{action}!{error}" for action, errors in ERRORS.items() for error in errors}
    return (refusals - reached.outcomes.keys()) | (ENDINGS - reached.endings.keys())


def test_every_error_of_the_contract_belongs_to_an_action() -> None:
    abi = Declaration().artifacts()["RayMarket"].abi
    assert set().union(*ERRORS.values()) == {one["name"] for one in abi if one["type"] == "error"}
    records = records_of(Declaration())
    assert records.actions.keys() == ERRORS.keys()
    assert not records.payable


def test_contract_and_model_agree_on_thousands_of_arbitrary_calls() -> None:
    machine = subject(open_backend("revm"))
    reached = drive(ContractMachine, machine, 300, 30, lambda so_far: not missing_from(so_far))
    assert reached.calls >= 4_000
    assert not missing_from(reached)
    assert all(reached.outcomes[action] > 20 for action in ERRORS)
    assert reached.endings["settled with trade"] > 20
    assert reached.games_at_once >= 2


def test_contract_and_model_agree_on_the_reference_machine() -> None:
    reached = drive(
        ContractMachine, subject(open_backend("py-evm")), 4, 15, lambda so_far: so_far.calls >= 100
    )
    assert reached.calls >= 100
