"""Payments and refusals are held to the rules, with a node's traces and without them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from parley.chain import nodehistory
from parley.chain.compiler import Artifact
from parley.chain.history import Recorder
from parley.chain.node import NodeEvm
from parley.chain.nodehistory import NodeHistory
from parley.chain.traces import Frame
from parley.kit.play.on_node import NodeRun
from parley.kit.play.setting import Setting
from parley.mechanisms.coordination.mechanism import Coordination
from parley.mechanisms.coordination.problem import example_1
from tests.coordination.crooked import CAMPAIGN
from tests.coordination.suite import SUITE
from tests.nodes import anvil
from tests.proxy import public_node

FIRST = ("a wei of every withdrawal goes to the owner", "reveal stores another commitment")
MORE = (
    "every withdrawal is paid to the owner",
    "profits go to the owner",
    "shortfalls pay for a rebate to the owner",
    "reveal is refused in some games",
    "reveal does nothing for one seat",
    "reveal burns all gas for one seat",
    "reveal uses up all gas for one seat",
)


class Blind(NodeHistory):
    """The history on a node that traces nothing."""

    def _frames(self, transactions: object) -> dict[str, Frame]:
        del transactions
        return {}


class Flat(NodeHistory):
    """The history on a node, from flat traces wherever they say enough, however few calls a block has."""

    def _frames(self, transactions: list[dict[str, Any]]) -> dict[str, Frame]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(nodehistory, "_CROWDED", 1)
            return super()._frames(transactions)


@pytest.fixture
def node() -> Iterator[NodeEvm]:
    """A new node, where all variants of a contract together are not too long."""
    with anvil("--disable-code-size-limit") as found:
        yield NodeEvm(found.url)


def is_named_with_traces_and_without(node: NodeEvm, name: str) -> None:
    variant = SUITE.seen(name).variant
    addresses = SUITE.deployed(node, name)
    contract = addresses[SUITE.contract]
    SUITE.stage(Recorder(node, contract), addresses, variant, range(4))
    for history in (NodeHistory, Flat, Blind):
        found = SUITE.verify(history(node.manager.rpc.url, contract))
        assert found.holds is False
        assert {violation.rule for violation in found.violations} == variant.rules
        assert all(violation.game and violation.transaction for violation in found.violations)
        if variant.rules & {"payee", "payment"}:  # else games may end without a payment that is followed
            assert found.payees_text == ("balances" if history is Blind else "traces")


@pytest.mark.parametrize("name", FIRST)
def test_what_is_taken_or_refused_is_named_with_traces_and_without(node: NodeEvm, name: str) -> None:
    is_named_with_traces_and_without(node, name)


@pytest.mark.deep
@pytest.mark.parametrize("name", MORE)
def test_whatever_else_is_taken_or_refused_is_named_with_traces_and_without(node: NodeEvm, name: str) -> None:
    is_named_with_traces_and_without(node, name)


class Crooked(Coordination):
    """Its contract is crooked."""

    @classmethod
    def artifacts(cls) -> Mapping[str, Artifact]:
        return CAMPAIGN.artifacts(FIRST[0])


def test_crowded_blocks_are_read_from_lists_and_every_theft_in_them_is_named(node: NodeEvm) -> None:
    games = 12
    run = NodeRun(node.manager.rpc.url, Setting.of(Crooked(), example_1(), seed=1))
    assert len(list(run.play(range(games)))) == games
    contract = run._addresses["TwoStageMechanism"]
    reports = []
    for faults in ((), ("no-trace",)):
        with public_node(node.manager.rpc.url, *faults) as public:
            reports.append(SUITE.verify(NodeHistory(public.url, contract)))
            asked = Counter(call for call in public.calls if call.startswith(("debug_", "trace_")))
        assert asked["debug_traceTransaction"] <= 1
        assert (asked["trace_block"] > 1) == (asked["debug_traceBlockByNumber"] == 0) == (not faults)
    flat, traced = reports
    assert replace(flat, seconds=0) == replace(traced, seconds=0)
    assert flat.payees_text == "traces"
    assert [violation.rule for violation in flat.violations] == ["payee"] * 5 * games
    assert len({violation.transaction for violation in flat.violations}) == 5 * games
