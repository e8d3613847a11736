"""Payments and refusals are held to the rules, with a node's traces and without them."""

from collections.abc import Iterator

import pytest

from parley.chain.history import Recorder
from parley.chain.node import NodeEvm
from parley.chain.nodehistory import NodeHistory
from parley.chain.traces import Frame
from parley.mechanisms.coordination.verify import verify
from tests.coordination.audited import deployed, staged_on
from tests.coordination.crooked import VARIANTS
from tests.nodes import anvil

FIRST = ("a wei of every withdrawal goes to the owner", "another next commitment is stored than the one sent")
MORE = (
    "every withdrawal is paid to the owner",
    "profits go to the owner",
    "shortfalls pay for a rebate to the owner",
    "every fourth game refuses a seat's reveal",
    "a seat's reveal is swallowed",
    "a reveal burns all gas",
    "a reveal uses up all gas",
)


class Blind(NodeHistory):
    """The history on a node that traces nothing."""

    def _frames(self, transactions: object) -> dict[str, Frame]:
        del transactions
        return {}


@pytest.fixture
def node() -> Iterator[NodeEvm]:
    """A new node, where all variants of a contract together are not too long."""
    with anvil("--disable-code-size-limit") as found:
        yield NodeEvm(found.url)


def is_named_with_traces_and_without(node: NodeEvm, name: str) -> None:
    variant = VARIANTS[name]
    contracts = deployed(node, name)
    staged_on(Recorder(node, contracts.mechanism), contracts, variant, range(4))
    for history in (NodeHistory, Blind):
        found = verify(history(node.dispatcher.rpc.url, contracts.mechanism))
        assert found.holds is False
        assert {violation.rule for violation in found.violations} == variant.rules
        assert all(violation.game and violation.transaction for violation in found.violations)
        if variant.rules & {"payee", "payment"}:  # else games may end without a payment that is followed
            assert found.payees_text == ("traces" if history is NodeHistory else "balances")


@pytest.mark.parametrize("name", FIRST)
def test_what_is_taken_or_refused_is_named_with_traces_and_without(node: NodeEvm, name: str) -> None:
    is_named_with_traces_and_without(node, name)


@pytest.mark.deep
@pytest.mark.parametrize("name", MORE)
def test_whatever_else_is_taken_or_refused_is_named_with_traces_and_without(node: NodeEvm, name: str) -> None:
    is_named_with_traces_and_without(node, name)
