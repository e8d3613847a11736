"""Every wei is held to its recipient, and every refusal to the rules, in process and on a node alike."""

import contextlib
from collections.abc import Iterator

import pytest

from sim.chain.evm import Evm, open_evm
from sim.chain.history import Recorder
from sim.chain.node import NodeEvm
from sim.chain.nodehistory import NodeHistory
from sim.chain.traces import Frame
from sim.coordination.bots import make_bots
from sim.coordination.play import Deployment, Player
from sim.coordination.verify import verify
from sim.driver.player import UnexpectedRevertError
from sim.verification.verification import Verification
from tests.coordination.audited import IMPATIENT, book_of, deployed
from tests.coordination.thieves import CHEAT, REFUSING, STEALING, Way, choose
from tests.nodes import running

WAYS = {**STEALING, **REFUSING}


class Blind(NodeHistory):
    """The history on a node that traces nothing."""

    def _frames(self, transactions: object) -> dict[str, Frame]:
        del transactions
        return {}


def cheated(machine: Evm, contracts: Deployment, way: Way, games: int) -> None:
    """Play games, the first one honest, as far as the contract lets them go."""
    player = Player(machine, contracts, IMPATIENT, make_bots(way.bots, 5), 3)
    for k in range(games):
        if k == 1:
            choose(machine, way)
        with contextlib.suppress(UnexpectedRevertError, IndexError):
            player.play(k)


def is_named(found: Verification, way: Way) -> None:
    """Hold that a way of cheating is named by its rule, and by no other."""
    assert found.holds is False
    assert {violation.rule for violation in found.violations} == {way.rule}
    assert all(violation.game is not None for violation in found.violations)
    assert (found.violations[0].transaction is None) == (way.rule == "state")


@pytest.mark.parametrize("name", WAYS)
def test_in_process_each_way_of_cheating_is_named_by_its_rule(name: str) -> None:
    way = WAYS[name]
    machine = Recorder(open_evm("revm"))
    contracts = deployed(machine, CHEAT)
    machine.contract = contracts.mechanism
    cheated(machine, contracts, way, 8)
    is_named(verify(machine, book_of(machine, contracts)), way)


@pytest.fixture
def node() -> Iterator[NodeEvm]:
    """A new node."""
    with running("anvil") as found:
        yield NodeEvm(found.url)


@pytest.mark.parametrize("name", sorted(WAYS.keys() - {"each withdrawal is a wei short"}))
def test_on_a_node_each_way_of_cheating_is_named_with_traces_and_without(node: NodeEvm, name: str) -> None:
    way = WAYS[name]
    contracts = deployed(node, CHEAT)
    cheated(node, contracts, way, 4)
    for history in (NodeHistory, Blind):
        found = verify(history(node.dispatcher.rpc.url, contracts.mechanism))
        is_named(found, way)
        assert found.payees_text == ("traces" if history is NodeHistory else "balances")
