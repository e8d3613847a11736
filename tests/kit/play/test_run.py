"""What the driver promises of many games, held with a mechanism that is made for it: a coin toss."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from parley.chain.evm import Evm, Logs
from parley.core.errors import ParleyError
from parley.core.randomness import word
from parley.kit.bots import Bots
from parley.kit.play.player import UnexpectedRevertError
from parley.kit.play.run import REPLAYED, Played, open_player, play_games
from parley.kit.play.setting import Setting
from tests.kit.play.coin import COIN, Bot, Coin, Odds, Outcome, Player, Toss, setting

Coins = Setting[Toss, Odds, Outcome, Bots[Bot]]

HONEST = setting()
SILENT = setting("honest", "silent")
SELECTORS = COIN.codec().selectors

GAMES = 1100
"""More than two batches."""


class Run(NamedTuple):
    played: Played[Outcome]
    rows: list[tuple[Any, ...]]
    progress: int


def run(setting: Coins, games: int, workers: int = 1, evm: str = "revm") -> Run:
    rows: list[tuple[Any, ...]] = []
    done: list[int] = []
    played = play_games(
        setting, games=games, workers=workers, evm=evm, progress=done.append, record=rows.extend
    )
    return Run(played, rows, sum(done))


@pytest.fixture(scope="module")
def alone() -> Run:
    return run(HONEST, GAMES)


def test_every_game_is_counted_recorded_and_told(alone: Run) -> None:
    tally = alone.played.tally
    winners = [winner for *_, winner in alone.rows]
    assert [row[:2] for row in alone.rows] == [(k, "tossed") for k in range(GAMES)]
    assert tally.games == tally.endings["tossed"] == alone.progress == GAMES
    won = tally.counted["winner"][None].sums
    assert won == [winners.count(0), winners.count(1)]
    assert tally.paths == {"tossed, heads": won[0], "tossed, tails": won[1]}
    # Create, two commitments, two reveals, a withdrawal.
    assert tally.transactions == 6 * GAMES
    assert alone.played.seconds > 0


def test_any_number_of_workers_plays_the_same_games(alone: Run) -> None:
    together = run(HONEST, GAMES, workers=2)
    assert together.rows == alone.rows
    assert together.played.tally == alone.played.tally
    assert together.played.cross_check == alone.played.cross_check
    assert together.progress == GAMES


def test_a_worker_plays_one_run_after_the_other() -> None:
    for one in (HONEST, SILENT, setting(seed=2)):
        assert run(one, 600, workers=2).rows == run(one, 600).rows


def test_both_machines_play_the_same_games_and_gas_is_the_accounting_ones() -> None:
    here, there = run(HONEST, 5), run(HONEST, 5, evm="py-evm")
    assert here.rows == there.rows
    assert (here.played.cross_check.evm, there.played.cross_check.evm) == ("py-evm", "revm")
    assert here.played.cross_check.gas == there.played.cross_check.gas
    assert here.played.cross_check.gas_evm == there.played.cross_check.gas_evm == "py-evm"


def test_a_game_depends_on_seed_and_number_alone() -> None:
    forward, backward = open_player(HONEST), open_player(HONEST)
    sent = {k: (forward.play(k), forward.sent) for k in range(6)}
    assert {k: (backward.play(k), backward.sent) for k in reversed(range(6))} == sent
    other = open_player(setting(seed=2))
    other.play(0)
    assert other.sent != sent[0][1]


def test_the_first_games_and_one_of_every_path_are_replayed(alone: Run) -> None:
    check = alone.played.cross_check
    firsts = [next(k for k, _, winner in alone.rows if winner == side) for side in (0, 1)]
    assert check.games == sorted({*range(REPLAYED), *firsts})
    paths = Counter(("tossed, heads", "tossed, tails")[alone.rows[k][2]] for k in check.games)
    assert check.paths == paths
    assert check.identical


def test_a_path_that_comes_late_is_replayed_too() -> None:
    class Late(Player):
        def play(self, k: int) -> Outcome:
            outcome = super().play(k)
            return outcome._replace(ending="late") if k in (700, 702) else outcome

    played = run(crooked(Late), 720).played
    winners = {k: winner for k, _, winner in run(HONEST, 720).rows if k in (700, 702)}
    assert 700 in played.cross_check.games
    assert (702 in played.cross_check.games) == (winners[700] != winners[702])


def test_gas_is_told_by_function(alone: Run) -> None:
    gas = alone.played.cross_check.gas_json()
    games = gas["games"]
    assert games == len(alone.played.cross_check.games)
    calls = {function: used["calls"] for function, used in gas["by_function"].items()}
    assert calls == {"create": games, "commit": 2 * games, "reveal": 2 * games, "withdraw": games}
    total = sum(used["calls"] * used["mean"] for used in gas["by_function"].values())
    assert gas["per_game"] == pytest.approx(total / games)
    for used in gas["by_function"].values():
        assert 21_000 < used["min"] <= used["mean"] <= used["max"]


def test_a_run_says_what_every_mechanism_says_and_by_default_its_statistics() -> None:
    report = COIN.simulate(Toss(), games=4, seed=1, bots=["honest", "silent"]).to_json()
    assert {key: report[key] for key in ("kind", "evm", "games", "seed", "agents")} == {
        "kind": "toss",
        "evm": "revm",
        "games": 4,
        "seed": 1,
        "agents": [{"agent": 0, "bot": "honest"}, {"agent": 1, "bot": "silent"}],
    }
    assert report["statistics"]["counts"]["winner"] == {
        "rows": ["toss"],
        "cells": ["Heads", "Tails"],
        "counts": [[0, 0]],
        "expected": [[0.0, 0.0]],
        "p_value": None,
    }
    assert report["statistics"]["means"]["payoff"][1] == {
        "of": "Tails",
        "mean": -(10**9),
        "std_error": 0.0,
        "expected": "0",
        "z": -2.0,
        "p_value": 0.125,
    }
    assert (report["settled"], report["broken_down"], report["expired"]) == (0, 4, 4)
    assert report["endings"] == {"tossed": 0, "expired": 4}
    assert report["paths"] == {"expired, nobody": 4}
    assert report["games_per_second"] == 4 / report["seconds"]
    assert report["transactions"] == 4 * 6
    assert report["cross_check"] == {
        "evm": "py-evm",
        "games": 4,
        "numbers": [0, 1, 2, 3],
        "paths": {"expired, nobody": 4},
        "identical": True,
        "differences": [],
    }


# ── differences are found ───────────────────────────────────────────────────────────────────────────────────


class ElsewhereOtherwise(Player):
    """Stakes a wei more on the reference machine."""

    def __init__(self, evm: Evm, address: str, toss: Toss, bots: Bots[Bot], seed: int) -> None:
        more = toss.stake + (evm.name == "py-evm")
        super().__init__(evm, address, Toss(more, toss.window), bots, seed)


class ElsewhereShorter(Player):
    """Forgets the last transaction on the reference machine."""

    def play(self, k: int) -> Outcome:
        outcome = super().play(k)
        if self.evm.name == "py-evm":
            del self._sent[-1], self.gas_used[-1]
        return outcome


class Crooked(Coin):
    """Has players of its own."""

    def __init__(self, maker: type[Player]) -> None:
        self.maker = maker

    def player(
        self, evm: Evm, addresses: Mapping[str, str], problem: Toss, cast: Bots[Bot], seed: int
    ) -> Player:
        return self.maker(evm, addresses["CoinToss"], problem, cast, seed)


def crooked(maker: type[Player]) -> Coins:
    return setting(coin=Crooked(maker))


def test_a_machine_that_does_otherwise_is_found() -> None:
    check = run(crooked(ElsewhereOtherwise), 3).played.cross_check
    assert not check.identical
    for k in range(3):
        here = [line for line in check.differences if line.startswith(f"game {k}: ")]
        names = ["0 (create)", "1 (commit)", "2 (commit)", "3 (reveal)", "4 (reveal)", "5 (withdraw)"]
        assert here == [
            *(f"game {k}: transaction {name} differs" for name in names),
            f"game {k}: balances differ",
        ]


def test_a_machine_that_does_less_is_found() -> None:
    check = run(crooked(ElsewhereShorter), 3).played.cross_check
    assert check.differences == [f"game {k}: 6 transactions here, 5 there" for k in range(3)]


def test_a_game_that_goes_otherwise_when_played_again_is_found() -> None:
    made: list[Player] = []

    class Restless(Player):
        """The first that is made has secrets of its own."""

        def __init__(self, evm: Evm, address: str, toss: Toss, bots: Bots[Bot], seed: int) -> None:
            super().__init__(evm, address, toss, bots, seed + (0 if made else 5))
            made.append(self)

    check = run(crooked(Restless), 3).played.cross_check
    assert check.differences == [f"game {k}: differs when replayed on revm" for k in range(3)]


# ── what is refused ─────────────────────────────────────────────────────────────────────────────────────────


class Cheat(Player):
    """Opens another secret than it committed to."""

    def send(self, sender: str, data: bytes, value: int = 0) -> Logs:
        return super().send(sender, data[:100] + word(7) if data[:4] == SELECTORS["reveal"] else data, value)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_refusal_by_the_contract_names_call_and_reason(workers: int) -> None:
    with pytest.raises(
        UnexpectedRevertError, match=r"^the contract refuses reveal: WrongSecret\(0, 0x\w{64}\)$"
    ):
        run(crooked(Cheat), 600, workers=workers)


def test_what_is_refused_is_not_written_down_and_changes_nothing() -> None:
    player = open_player(crooked(Cheat))
    with pytest.raises(UnexpectedRevertError) as refusal:
        player.play(0)
    assert refusal.value.error == "WrongSecret"
    assert [sent.data[:4] for sent in player.sent] == [
        SELECTORS[name] for name in ("create", "commit", "commit")
    ]
    assert player.transactions == 0
    assert player.balances()[-1] == 2 * HONEST.problem.stake


def test_options_that_do_not_go_together_are_refused_in_a_line(tmp_path: Path) -> None:
    url = "http://127.0.0.1:9"
    with pytest.raises(ParleyError, match="--workers, --cluster: not available on a node"):
        play_games(HONEST, games=1, evm=url, workers=2)
    with pytest.raises(ParleyError, match="--workers, --cluster: not available on a node"):
        play_games(HONEST, games=1, evm=url, cluster="tcp://127.0.0.1:9")
    with pytest.raises(ParleyError, match="--deployment requires a node: --evm URL"):
        play_games(HONEST, games=1, deployment=tmp_path / "d.json")
