"""Crooked contracts on a node: `parley verify` catches them with exit status 1, and by the same rule."""

from pathlib import Path

import pytest

from parley.chain.history import Recorder
from parley.mechanisms.assignment.play import CONTRACTS as LOTTERY_CONTRACTS
from parley.mechanisms.coordination.play import CONTRACTS as GAME_CONTRACTS
from parley.mechanisms.coordination.play import Deployment
from tests.assignment import audited as lotteries
from tests.coordination import audited as games
from tests.nodes import anvil
from tests.verification.on_node import put_on, report_of
from tests.verification.test_crooked import MECHANISMS

GAMES = 4

FIRST = [
    ("coordination", "every withdrawal is paid to the owner"),
    ("coordination", "every fourth game refuses a seat's reveal"),
    ("assignment", "a wei of every bond goes to the owner"),
]
"""In every `make test`."""

MORE = [
    *(
        ("coordination", name)
        for name in (
            "a wei of every withdrawal goes to the owner",
            "profits go to the owner",
            "shortfalls pay for a rebate to the owner",
            "a withdrawal is a wei short of what it announces",
            "a wei of every deposit goes to the owner",
            "a lost bond is not counted as burnt",
            "the last reveal is refused unless the draw suits",
            "a seat's reveal is swallowed",
            "another next commitment is stored than the one sent",
            "a withdrawal is refused to one seat",
            "a join leaves no event",
            "a reveal is told twice",
            "p* is computed from D alone",
            "the last responder is skipped",
            "a deposit may be a wei short",
            "a stranger may reveal for a seat",
            "an answer need not name the proposal",
        )
    ),
    *(
        ("assignment", name)
        for name in (
            "every bond is paid to the owner",
            "shortfalls pay for a rebate to the owner",
            "the order is not uniform",
            "seats get their second choice",
            "a reveal is refused unless the draw suits",
            "a term is shifted by a seat",
            "no eating schedule is checked",
            "a commitment leaves no event",
            "who never committed is called silent",
        )
    ),
]

SEEN_BY_TRACES = {"balance": "payment"}
"""A trace shows in which call money has left."""


def is_caught(kind: str, name: str, folder: Path) -> None:
    campaign = MECHANISMS[kind].campaign
    variant = campaign.variants[name]
    file = folder / "book.json"
    contracts = GAME_CONTRACTS if kind == "coordination" else LOTTERY_CONTRACTS
    # All variants together are longer than a contract may be.
    with anvil("--disable-code-size-limit") as node:
        evm, addresses = put_on(node.url, file, campaign.artifacts(name), contracts)
        contract = addresses[contracts[0]]
        machine = Recorder(evm, contract)
        if kind == "coordination":
            games.staged_on(machine, Deployment.at(addresses), variant, range(GAMES))
        else:
            lotteries.staged_on(machine, contract, variant, range(GAMES))
        report = report_of(node.url, file, status=1)
    assert report["holds"] is False
    rules = {SEEN_BY_TRACES.get(rule, rule) for rule in variant.rules}
    assert {violation["rule"] for violation in report["violations"]} == rules
    assert all(violation["contract"] == contract.lower() for violation in report["violations"])


@pytest.mark.parametrize(("kind", "name"), FIRST)
def test_a_crooked_contract_on_a_node_is_caught_by_the_command(kind: str, name: str, tmp_path: Path) -> None:
    is_caught(kind, name, tmp_path)


@pytest.mark.deep
@pytest.mark.parametrize(("kind", "name"), MORE)
def test_a_further_crooked_contract_on_a_node_is_caught_by_the_command(
    kind: str, name: str, tmp_path: Path
) -> None:
    is_caught(kind, name, tmp_path)
