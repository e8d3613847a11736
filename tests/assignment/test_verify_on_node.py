"""`parley verify` from the outside, against lotteries on a node."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from parley.chain.compiler import compile_contracts
from parley.chain.node import NodeEvm
from parley.mechanisms.assignment.bots import make_bots
from parley.mechanisms.assignment.contracts import CONTRACTS
from parley.mechanisms.assignment.plan import plan
from parley.mechanisms.assignment.play import Player
from parley.mechanisms.assignment.problem import RULES
from tests.assignment.audited import problem_of
from tests.assignment.crooked import COPIED, UNOPENED, UNREVEALED, USUAL
from tests.nodes import running
from tests.verification import on_node
from tests.verification.on_node import parley, report_of


@pytest.fixture
def url() -> Iterator[str]:
    """A new node."""
    with running("anvil") as node:
        yield node.url


def put_on(url: str, file: Path) -> tuple[NodeEvm, str]:
    """The contract on the node, and its deployment file."""
    machine, addresses = on_node.put_on(url, file, compile_contracts(), CONTRACTS)
    return machine, addresses[CONTRACTS[0]]


def test_deployed_played_and_verified_by_the_commands(url: str, tmp_path: Path) -> None:
    file = tmp_path / "book.json"
    problem = "problems/assignment-bogomolnaia-moulin.toml"
    for arguments in (
        ("deploy", "--evm", url, "--out", str(file)),
        ("simulate", problem, "--games", "50", "--evm", url, "--deployment", str(file)),
    ):
        done = parley(*arguments)
        assert done.returncode == 0, done.stderr
    report = report_of(url, file, status=0)
    assert (report["games"], report["draws"], report["violations"], report["holds"]) == (50, 50, [], True)
    (found,) = (one for one in report["contracts"] if one["kind"] == "assignment")
    assert (found["endings"], found["own_code"], found["owed_wei"]) == ({"drawn": 50}, True, "0")
    assert report["recognition_p_value"] == found["recognition_p_value"] > 1e-6


def test_honest_lotteries_by_all_rules_hold(url: str, tmp_path: Path) -> None:
    file = tmp_path / "book.json"
    machine, contract = put_on(url, file)
    empty = report_of(url, file, status=0)
    assert (empty["games"], empty["draws"], empty["recognition_p_value"]) == (0, 0, None)
    populations = (USUAL, UNREVEALED, UNOPENED, COPIED, USUAL)
    for seed, (rule, bots) in enumerate(zip(RULES, populations, strict=True)):
        player = Player(machine, contract, plan(problem_of(rule), make_bots(bots, 4)), seed)
        for k in range(2):
            player.play(k)
    report = report_of(url, file, status=0)
    assert (report["games"], report["draws"], report["violations"]) == (10, 10, [])
    brief = report_of(url, file, "--events-only", status=0)
    assert [{**one, "seconds": 0, "events_only": True} for one in report["contracts"]] == [
        {**one, "seconds": 0} for one in brief["contracts"]
    ]
    shown = parley("verify", "--evm", url, "--deployment", str(file))
    assert shown.returncode == 0
    assert "no violation" in shown.stdout
