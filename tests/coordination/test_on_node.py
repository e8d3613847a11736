"""Games on real nodes: many at a time, identical to an embedded machine's, whatever becomes of the node."""

import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sim.chain.rpc import NodeError
from sim.coordination import on_node
from sim.coordination.on_node import NodeRun, Played
from sim.coordination.problem import example_1
from sim.coordination.simulation import simulate
from sim.errors import ParleyError
from tests.nodes import KINDS, LocalNode, anvil, running

PROBLEM = example_1()

GAMES = 16

RESTLESS = ["stubborn", "stubborn", "equilibrium", "random", "greedy"]
"""Bots whose games take all kinds of ways, within the deadlines."""


def play(url: str, games: int, bots: list[str], seed: int = 1) -> tuple[NodeRun, list[Played]]:
    run = NodeRun(url, PROBLEM, bots * (1 if len(bots) > 1 else PROBLEM.agents), seed)
    return run, list(run.play(range(games)))


def kept(games: list[Played]) -> dict[int, tuple[str, Any]]:
    return {played.outcome.game: (played.outcome.path, played.sent) for played in games}


def essence(games: list[Played]) -> list[tuple[Any, ...]]:
    """What has to be the same wherever and however games are played: all but gas and times."""
    return [(*played.outcome._replace(position=None), played.sent) for played in games]  # type: ignore[arg-type]  # positions are compared by identity


@pytest.fixture(scope="module")
def undisturbed() -> list[Played]:
    with anvil() as node:
        run, games = play(node.url, GAMES, RESTLESS)
        assert run.differences(kept(games)) == []
    return games


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_is_identical_on_an_embedded_machine_and_its_gas_is_the_nodes(kind: str) -> None:
    with running(kind) as node:
        run = simulate(PROBLEM, games=40, seed=5, evm=node.url, bots=["equilibrium"])
    assert run.cross_check.differences == []
    report = run.to_json()
    assert report["evm"] == report["gas"]["evm"] == node.url
    assert (report["settled"], report["gas"]["games"], report["transactions"]) == (40, 40, 26 * 40)
    assert 1_700_000 < report["gas"]["per_game"] < 1_900_000
    assert report["gas"]["by_function"]["reveal"]["calls"] == 5 * 40


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bot", ["withholder", "silent:joining", "silent:responding"])
def test_deadlines_pass_on_a_node_too(kind: str, bot: str) -> None:
    with running(kind) as node:
        run, games = play(node.url, 3, [bot])
        assert {played.outcome.ending for played in games} <= {"expired", "settled"}
        assert run.differences(kept(games)) == []


def test_side_by_side_and_one_by_one_are_the_same_games(
    undisturbed: list[Played], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_node, "AT_ONCE", 1)
    with anvil() as node:
        _, games = play(node.url, 6, RESTLESS)
    assert essence(games) == essence(undisturbed[:6])


def test_a_difference_is_found() -> None:
    with anvil() as node:
        run, games = play(node.url, 4, RESTLESS)
        changed = kept(games)
        path, sent = changed[2]
        changed[2] = path, [*sent[:-1], sent[-1]._replace(value=7)]
        found = run.differences(changed)
        assert f"game 2: transaction {len(sent) - 1} (withdraw) differs" in found
        assert "game 2: balances differ" in found
        run._moved[3] += 1
        assert any(line.startswith("agent 4: its balance on the node") for line in run.differences({}))


def test_a_game_that_has_been_played_says_so(tmp_path: Path) -> None:
    from sim.chain.compiler import compile_contracts  # noqa: PLC0415 - here only
    from sim.chain.deployments import deploy_once  # noqa: PLC0415 - as above
    from sim.chain.evm import open_evm  # noqa: PLC0415 - as above
    from sim.coordination.play import CONTRACTS  # noqa: PLC0415 - as above

    with anvil() as node:
        file, _ = deploy_once(open_evm(node.url), tmp_path / "d.json", compile_contracts(), CONTRACTS)
        simulate(PROBLEM, games=3, seed=5, evm=node.url, deployment=file.path)
        with pytest.raises(ParleyError, match="game 0 of seed 5 has been played on this contract"):
            simulate(PROBLEM, games=3, seed=5, evm=node.url, deployment=file.path)
        assert simulate(PROBLEM, games=3, seed=6, evm=node.url, deployment=file.path).cross_check.identical


# ── a node that dies ─────────────────────────────────────────────────────────────────────────────────


def disturbed(
    node: LocalNode, run: NodeRun, disturb: Callable[[LocalNode], None], rounds: tuple[int, ...]
) -> Iterator[Played]:
    """Play while something happens to the node: before it takes a batch of transactions, and after it did."""
    rpc = run._evm.dispatcher.rpc
    ask_all = rpc.ask_all
    batches = 0

    def ask_all_of_a_mortal(calls: Sequence[tuple[str, Sequence[object]]], **options: bool) -> list[Any]:
        nonlocal batches
        if not calls or calls[0][0] != "eth_sendRawTransaction":
            return ask_all(calls, **options)
        batches += 1
        before = batches in rounds and batches % 2 == 0
        if before:
            disturb(node)
        answers = ask_all(calls, **options)
        if batches in rounds and not before:
            disturb(node)
        return answers

    rpc.ask_all = ask_all_of_a_mortal  # type: ignore[method-assign]  # the node dies here
    yield from run.play(range(GAMES))


@pytest.mark.parametrize(
    ("signal_number", "options"),
    [
        # It says goodbye, and comes back with all that was mined; what was on its way is lost.
        (signal.SIGTERM, []),
        # It does not, and comes back with what it had written down some time ago.
        (signal.SIGKILL, ["--state-interval", "1"]),
    ],
)
def test_a_run_survives_its_node(
    signal_number: int, options: list[str], undisturbed: list[Played], tmp_path: Path
) -> None:
    def restart(node: LocalNode) -> None:
        node.stop(signal_number)
        node.start()

    with anvil("--state", str(tmp_path / "state.json"), *options) as node:
        run = NodeRun(node.url, PROBLEM, RESTLESS, 1)
        games = list(disturbed(node, run, restart, (5, 12, 20, 21)))
        # The same transactions with the same events in every game; and balances on the node that are exactly
        # what these games moved: nothing was paid twice, nothing was lost.
        assert essence(games) == essence(undisturbed)
        assert run.differences(kept(games)) == []
        dispatcher = run._evm.dispatcher
        for account, nonce in dispatcher._nonces.items():
            assert int(dispatcher.rpc.ask("eth_getTransactionCount", account, "latest"), 16) == nonce
        # Six contracts, and nothing else beside the games' own transactions.
        assert sum(dispatcher._nonces.values()) == 6 + sum(len(played.sent) for played in games)


def test_a_node_that_comes_back_empty_is_given_everything_again(undisturbed: list[Played]) -> None:
    def forget(node: LocalNode) -> None:
        node.stop(signal.SIGKILL)
        node.start()

    with anvil() as node:
        run = NodeRun(node.url, PROBLEM, RESTLESS, 1)
        games = list(disturbed(node, run, forget, (7, 14)))
        assert essence(games) == essence(undisturbed)
        assert run.differences(kept(games)) == []


def test_deadlines_that_passed_pass_again() -> None:
    bots = ["silent:responding"] * PROBLEM.agents
    with anvil() as node:
        calm = NodeRun(node.url, PROBLEM, bots, 2)
        expected = list(calm.play(range(4)))
    with anvil() as node:
        run = NodeRun(node.url, PROBLEM, bots, 2)
        games = []
        for played in run.play(range(4)):
            games.append(played)
            if len(games) == 2:
                node.stop(signal.SIGKILL)
                node.start()
        assert essence(games) == essence(expected)
        assert run.differences(kept(games)) == []


def test_what_cannot_be_brought_back_is_said(tmp_path: Path) -> None:
    from sim.chain.compiler import compile_contracts  # noqa: PLC0415 - here only
    from sim.chain.deployments import deploy_once  # noqa: PLC0415 - as above
    from sim.chain.evm import open_evm  # noqa: PLC0415 - as above
    from sim.coordination.play import CONTRACTS  # noqa: PLC0415 - as above

    bots = ["equilibrium"] * PROBLEM.agents
    with anvil() as node:
        file, _ = deploy_once(open_evm(node.url), tmp_path / "d.json", compile_contracts(), CONTRACTS)
        run = NodeRun(node.url, PROBLEM, bots, 1, file.path)
        games = run.play(range(100))
        next(games)
        node.stop(signal.SIGKILL)
        node.start()
        with pytest.raises(NodeError, match="came back without transaction 0 of 0x"):
            list(games)
    with anvil() as node:
        run = NodeRun(node.url, PROBLEM, bots, 1)
        games = run.play(range(100))
        next(games)
        node.stop(signal.SIGKILL)
        node._command += ["--chain-id", "5"]
        node.start()
        with pytest.raises(NodeError, match="chain 31337 was played on, and now chain 5 answers"):
            list(games)


def test_a_node_that_stays_away_is_given_up_on(capsys: pytest.CaptureFixture[str]) -> None:
    with anvil() as node:
        run = NodeRun(node.url, PROBLEM, ["equilibrium"] * PROBLEM.agents, 1)
        run._evm.dispatcher.rpc.patience = 1.0
        games = run.play(range(100))
        next(games)
        node.stop(signal.SIGKILL)
        with pytest.raises(NodeError, match="has not answered for 1 s: connection"):
            list(games)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "does not answer (connection" in err
