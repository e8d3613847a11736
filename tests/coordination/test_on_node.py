"""The two-stage mechanism on real nodes: its long games, too, are an embedded machine's."""

import signal
from pathlib import Path
from typing import Any

import pytest

from parley.chain.backends import open_evm
from parley.chain.compiler import compile_contracts
from parley.chain.deployments import deploy_once
from parley.core.errors import ParleyError
from parley.kit.play.on_node import NodeGame, NodeRun
from parley.kit.play.setting import Setting
from parley.mechanisms.coordination.contracts import CONTRACTS
from parley.mechanisms.coordination.mechanism import MECHANISM
from parley.mechanisms.coordination.play import Outcome
from parley.mechanisms.coordination.problem import example_1
from tests.kit.play.disturbed import disturbed
from tests.nodes import KINDS, LocalNode, anvil, running

PROBLEM = example_1()

GAMES = 16

Games = list[NodeGame[Outcome]]

RESTLESS = ["stubborn", "stubborn", "equilibrium", "random", "greedy"]
"""Bots whose games take all kinds of ways, within the deadlines."""


def play(url: str, games: int, bots: list[str]) -> tuple[NodeRun[Any, Any, Outcome, Any], Games]:
    run = NodeRun(url, Setting.of(MECHANISM, PROBLEM, bots, 1))
    return run, list(run.play(range(games)))


def kept(games: Games) -> dict[int, tuple[str, Any]]:
    return {played.outcome.game: (played.outcome.path, played.sent) for played in games}


def essence(games: Games) -> list[tuple[Any, ...]]:
    """What has to be the same wherever and however games are played: all but gas and times."""
    return [(*played.outcome._replace(position=None), played.sent) for played in games]  # type: ignore[arg-type]  # positions are compared by identity


@pytest.fixture(scope="module")
def undisturbed() -> Games:
    with anvil() as node:
        run, games = play(node.url, GAMES, RESTLESS)
        assert run.differences(kept(games)) == []
    return games


@pytest.mark.parametrize("kind", ["anvil", pytest.param("hardhat", marks=pytest.mark.deep)])
def test_a_run_is_identical_on_an_embedded_machine_and_its_gas_is_the_nodes(kind: str) -> None:
    with running(kind) as node:
        run = MECHANISM.simulate(PROBLEM, games=40, seed=5, evm=node.url, bots=["equilibrium"])
    assert run.cross_check.differences == []
    report = run.to_json()
    assert report["evm"] == report["gas"]["evm"] == node.url
    assert (report["settled"], report["gas"]["games"], report["transactions"]) == (40, 40, 26 * 40)
    assert 1_700_000 < report["gas"]["per_game"] < 1_900_000
    assert report["gas"]["by_function"]["reveal"]["calls"] == 5 * 40


@pytest.mark.parametrize(
    "kind", [KINDS[0], *(pytest.param(kind, marks=pytest.mark.deep) for kind in KINDS[1:])]
)
@pytest.mark.parametrize("bot", ["withholder", "silent:joining", "silent:responding"])
def test_deadlines_pass_on_a_node_too(kind: str, bot: str) -> None:
    with running(kind) as node:
        run, games = play(node.url, 3, [bot])
        assert {played.outcome.ending for played in games} <= {"expired", "settled"}
        assert run.differences(kept(games)) == []


def test_a_game_that_has_been_played_says_so(tmp_path: Path) -> None:
    with anvil() as node:
        file, _ = deploy_once(open_evm(node.url), tmp_path / "d.json", compile_contracts(), CONTRACTS)
        MECHANISM.simulate(PROBLEM, games=3, seed=5, evm=node.url, deployment=file.path)
        with pytest.raises(ParleyError, match="game 0 of seed 5: already played on this contract"):
            MECHANISM.simulate(PROBLEM, games=3, seed=5, evm=node.url, deployment=file.path)
        assert MECHANISM.simulate(
            PROBLEM, games=3, seed=6, evm=node.url, deployment=file.path
        ).cross_check.identical


# ── a node that dies ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("signal_number", "options"),
    [
        # It says goodbye, and comes back with all that was mined; what was on its way is lost.
        (signal.SIGTERM, []),
        # It does not, and comes back with what it had written down some time ago.
        pytest.param(signal.SIGKILL, ["--state-interval", "1"], marks=pytest.mark.deep),
    ],
)
def test_a_run_survives_its_node(
    signal_number: int, options: list[str], undisturbed: Games, tmp_path: Path
) -> None:
    def restart(node: LocalNode) -> None:
        node.stop(signal_number)
        node.start()

    with anvil("--state", str(tmp_path / "state.json"), *options) as node:
        run = NodeRun(node.url, Setting.of(MECHANISM, PROBLEM, RESTLESS, 1))
        games = list(disturbed(node, run, GAMES, restart, {5: False, 12: True, 20: True, 21: False}))
        # The same transactions with the same events in every game; and balances on the node that are exactly
        # what these games moved: nothing was paid twice, nothing was lost.
        assert essence(games) == essence(undisturbed)
        assert run.differences(kept(games)) == []
        manager = run._evm.manager
        for account, nonce in manager._nonces.items():
            assert int(manager.rpc.ask("eth_getTransactionCount", account, "latest"), 16) == nonce
        # Six contracts, and nothing else beside the games' own transactions.
        assert sum(manager._nonces.values()) == 6 + sum(len(played.sent) for played in games)
