"""Games on real nodes: many at a time, identical to an embedded machine's, whatever becomes of the node."""

import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from parley.chain.backends import open_evm
from parley.chain.deployments import deploy_once
from parley.chain.evm import Evm, Logs
from parley.chain.rpc import NodeError
from parley.core.errors import ParleyError
from parley.kit.bots import Bots
from parley.kit.play import on_node
from parley.kit.play.on_node import NodeGame, NodeRun
from parley.kit.play.player import Sent
from parley.kit.play.run import play_games
from tests.kit.play.coin import COIN, CONTRACT, Bot, Coin, Outcome, Player, Toss, setting
from tests.kit.play.disturbed import disturbed
from tests.kit.play.test_run import Coins
from tests.nodes import KINDS, LocalNode, anvil, running

HONEST = setting()
SILENT = setting("honest", "silent")

GAMES = 16

Games = list[NodeGame[Outcome]]


class Miser(Player):
    """Pays nothing."""

    def send(self, sender: str, data: bytes, value: int = 0) -> Logs:
        return super().send(sender, data, min(value, 0))


class Stingy(Coin):
    """All players are misers."""

    def player(
        self, evm: Evm, addresses: Mapping[str, str], problem: Toss, cast: Bots[Bot], seed: int
    ) -> Player:
        return Miser(evm, addresses[CONTRACT], problem, cast, seed)


def play(url: str, setting: Coins, games: int) -> tuple[NodeRun[Any, Any, Outcome, Any], Games]:
    run = NodeRun(url, setting)
    return run, list(run.play(range(games)))


def kept(games: Games) -> dict[int, tuple[str, list[Sent]]]:
    return {played.outcome.game: (played.outcome.path, played.sent) for played in games}


def essence(games: Games) -> list[tuple[Outcome, list[Sent]]]:
    """What has to be the same wherever and however games are played: all but gas and times."""
    return [(played.outcome, played.sent) for played in games]


@pytest.fixture(scope="module")
def undisturbed() -> Games:
    with anvil() as node:
        run, games = play(node.url, HONEST, GAMES)
        assert run.differences(kept(games)) == []
    assert {played.outcome.winner for played in games} == {0, 1}
    return games


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("setting", [HONEST, SILENT])
def test_a_run_is_identical_on_an_embedded_machine_and_its_gas_is_the_nodes(
    kind: str, setting: Coins
) -> None:
    rows: list[tuple[Any, ...]] = []
    done: list[int] = []
    with running(kind) as node:
        played = play_games(setting, games=8, evm=node.url, record=rows.extend, progress=done.append)
        url = node.url
    check = played.cross_check
    assert check.differences == []
    assert (check.evm, check.gas_evm, check.gas_games) == ("revm", url, 8)
    assert [row[0] for row in rows] == list(range(8))
    assert sum(done) == played.tally.games == 8
    # All games are accounted for, not only those that were replayed.
    assert sum(map(len, check.gas.values())) == played.tally.transactions == 8 * 6
    assert ("expire" in check.gas) == setting.cast.waits


def test_side_by_side_and_one_by_one_are_the_same_games(
    undisturbed: Games, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_node, "AT_ONCE", 1)
    with anvil() as node:
        _, games = play(node.url, HONEST, 6)
    assert essence(games) == essence(undisturbed[:6])


def test_whoever_waits_for_deadlines_plays_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = []

    def side_by_side(*arguments: object) -> Iterator[NodeGame[Outcome]]:
        at_once.append(arguments[-1])
        yield from ()

    monkeypatch.setattr(on_node, "side_by_side", side_by_side)
    with anvil() as node:
        for setting in (HONEST, SILENT):
            play(node.url, setting, 1)
    assert at_once == [on_node.AT_ONCE, 1]


def test_a_difference_is_found() -> None:
    with anvil() as node:
        run, games = play(node.url, HONEST, 4)
        changed = kept(games)
        path, sent = changed[2]
        withdrawal = sent[-1]
        topics, data = withdrawal.logs[0]
        more = bytes(data[:64]) + (int.from_bytes(data[64:]) + 1).to_bytes(32)
        changed[2] = path, [*sent[:-1], withdrawal._replace(logs=[(topics, more)])]
        assert run.differences(changed) == [
            "game 2: transaction 5 (withdraw) differs",
            "game 2: balances differ",
        ]
        path, sent = kept(games)[3]
        changed[2] = kept(games)[2]
        changed[3] = path, sent[:-1]
        assert "game 3: 5 transactions here, 6 there" in run.differences(changed)
        # Somebody else's money: a seat pays for what is no part of any game.
        run._evm.transact(run._parties[1], run._evm.deployer, b"", value=5)
        moved = run._moved[1]
        assert run.differences({}) == [
            f"agent 2: its balance on the node changed by {moved - 5} wei, its games moved {moved}"
        ]


# ── refusals ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_game_that_has_been_played_says_so(tmp_path: Path) -> None:
    with anvil() as node:
        file, _ = deploy_once(open_evm(node.url), tmp_path / "d.json", COIN.artifacts(), COIN.contracts)
        play_games(HONEST, games=3, evm=node.url, deployment=file.path)
        with pytest.raises(ParleyError) as refusal:
            play_games(HONEST, games=3, evm=node.url, deployment=file.path)
        assert str(refusal.value) == (
            f"{node.url}: game 0 of seed 1: already played on this contract; use another --seed, or "
            "play without --deployment on a new contract"
        )
        assert play_games(setting(seed=2), games=3, evm=node.url, deployment=file.path).cross_check.identical


class Late(Player):
    """Its transactions are a window apart, as in blocks that are too slow."""

    def send(self, sender: str, data: bytes, value: int = 0) -> Logs:
        if self.sent:
            self.wait(self.toss.window)
        return super().send(sender, data, value)


class Slow(Coin):
    """All players are late."""

    def player(
        self, evm: Evm, addresses: Mapping[str, str], problem: Toss, cast: Bots[Bot], seed: int
    ) -> Player:
        return Late(evm, addresses[CONTRACT], problem, cast, seed)


def test_blocks_that_are_too_slow_are_named() -> None:
    slow = r"game 0 of seed 1: .*DeadlinePassed\(.*\) \(the node's blocks are too slow for windows of 60 s\)$"
    with anvil() as node, pytest.raises(ParleyError, match=slow):
        play(node.url, setting("honest", "silent", coin=Slow(), window=60), 1)


def test_another_refusal_is_the_contracts_own_word() -> None:
    with (
        anvil() as node,
        pytest.raises(
            ParleyError, match=r"game 0 of seed 1: the contract refuses commit: WrongDeposit\(0, 1"
        ),
    ):
        play(node.url, setting(coin=Stingy()), 1)


# ── a node that dies ────────────────────────────────────────────────────────────────────────────────────────


def forget(node: LocalNode) -> None:
    node.stop(signal.SIGKILL)
    node.start()


def test_a_node_that_comes_back_empty_is_given_everything_again(undisturbed: Games) -> None:
    with anvil() as node:
        run = NodeRun(node.url, HONEST)
        games = list(disturbed(node, run, GAMES, forget, {2: True, 4: False, 6: False}))
        assert essence(games) == essence(undisturbed)
        assert run.differences(kept(games)) == []


@pytest.mark.deep
def test_deadlines_that_passed_pass_again() -> None:
    with anvil() as node:
        _, expected = play(node.url, SILENT, 4)
    with anvil() as node:
        run = NodeRun(node.url, SILENT)
        games = []
        for played in run.play(range(4)):
            games.append(played)
            if len(games) == 2:
                forget(node)
        assert essence(games) == essence(expected)
        assert run.differences(kept(games)) == []


def test_what_cannot_be_brought_back_is_said(tmp_path: Path) -> None:
    with anvil() as node:
        file, _ = deploy_once(open_evm(node.url), tmp_path / "d.json", COIN.artifacts(), [CONTRACT])
        games = NodeRun(node.url, HONEST, file.path).play(range(100))
        next(games)
        forget(node)
        with pytest.raises(NodeError, match="the node lost transaction 0 of 0x"):
            list(games)
    with anvil() as node:
        games = NodeRun(node.url, HONEST).play(range(100))
        next(games)
        node._command += ["--chain-id", "5"]
        forget(node)
        with pytest.raises(NodeError, match="the node changed from chain 31337 to chain 5"):
            list(games)


def test_a_node_that_stays_away_is_given_up_on(capsys: pytest.CaptureFixture[str]) -> None:
    with anvil() as node:
        run = NodeRun(node.url, HONEST)
        run._evm.manager.rpc.patience = 1.0
        games = run.play(range(100))
        next(games)
        node.stop(signal.SIGKILL)
        with pytest.raises(NodeError, match="has not answered for 1 s: connection"):
            list(games)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "does not answer (connection" in err
