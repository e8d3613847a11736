"""What a violation can be called is explained, and what it can be called by is complete."""

import re

import pytest

from parley.chain.compiler import compile_contracts, project_root
from parley.mechanisms.assignment.verify import RULES as OF_LOTTERIES
from parley.mechanisms.coordination.verify import RULES as OF_COORDINATION

EVERY = {"TwoStageMechanism": OF_COORDINATION, "AssignmentLottery": OF_LOTTERIES}


def test_every_rule_is_explained() -> None:
    text = (project_root() / "docs" / "verifying.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `([^`-][^`]*)` \|", text, re.MULTILINE))
    assert set().union(*(rules.all for rules in EVERY.values())) == explained


@pytest.mark.parametrize("contract", EVERY)
def test_every_event_has_a_rule_for_each_field(contract: str) -> None:
    events = [entry for entry in compile_contracts()[contract].abi if entry["type"] == "event"]
    assert {event["name"]: len(event["inputs"]) for event in events} == {
        name: len(rules) for name, rules in EVERY[contract].fields.items()
    }


OF_CREATION = {
    "TwoStageMechanism": {
        *("AgentCountOutOfRange", "TaskTypeCountOutOfRange", "ContinuationOutOfRange", "ZeroBond"),
        *("WindowOutOfRange", "ZeroRounds", "RecognitionWithoutCode", "RecognitionCodeMismatch"),
        *("CostCountMismatch", "ZeroAgent", "DuplicateAgent", "ExponentOutOfRange", "BreakpointsInvalid"),
        *("CostNotConvex", "CostNotWhole"),
    },
    "AssignmentLottery": {
        *("AgentCountOutOfRange", "ItemCountOutOfRange", "ZeroAgent", "DuplicateAgent", "WindowOutOfRange"),
        "TermsMayNotFit",
    },
}
OF_THE_MACHINE = {
    "TwoStageMechanism": {"FailedCall", "InsufficientBalance", "NotEnoughGas"},
    "AssignmentLottery": {"FailedCall", "InsufficientBalance"},
}
"""No call that succeeds breaks these: a payee that takes no money, a caller that gives too little gas."""


@pytest.mark.parametrize("contract", EVERY)
def test_every_refusal_beyond_creation_has_a_rule_of_its_own(contract: str) -> None:
    errors = {entry["name"] for entry in compile_contracts()[contract].abi if entry["type"] == "error"}
    rules = EVERY[contract]
    named = rules.refusals.keys() | {error for _, error in rules.of_action}
    # Beside the contract's own errors, the empty one of a contract that it asks.
    assert named - {""} <= errors
    assert errors - named == OF_CREATION[contract] | OF_THE_MACHINE[contract]
