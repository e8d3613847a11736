"""What the contract costs is what the snapshot says, and what is promised of it holds."""

import json
import re
from typing import Any

import pytest

from benchmarks.gas import SNAPSHOT, ladder, measured
from parley.chain.codec import compiled_codec
from parley.chain.compiler import project_root
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.play import Player, deploy_mechanism
from tests.backends import open_backend

PAGE = project_root() / "docs" / "reference" / "gas.md"
FUNCTIONS = compiled_codec("TwoStageMechanism").selectors


@pytest.fixture
def snapshot() -> dict[str, Any]:
    """What is kept; `test_gas_is_that_of_the_snapshot` holds it against the contracts."""
    kept: dict[str, Any] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    return kept


@pytest.mark.deep
def test_gas_is_that_of_the_snapshot(snapshot: dict[str, Any]) -> None:
    assert snapshot == measured(), "run `python benchmarks/gas.py --write` and say why gas has changed"


def test_the_papers_game_costs_below_1_85_million_and_contracts_are_well_below_the_code_limit(
    snapshot: dict[str, Any],
) -> None:
    assert snapshot["TwoStageMechanism"]["games"]["paper's example"]["game"] < 1_850_000
    for contract in snapshot.values():
        assert contract["contract bytes"] < 24_576 * 3 / 4


def test_an_announcement_costs_the_same_however_many_agents_there_are() -> None:
    third = []
    for agents in (5, 50):
        problem = ladder(agents, 5)
        evm = open_backend("py-evm")
        # The greedy keep what they have contracted: agent 3 announces the same after the same history.
        player = Player(evm, deploy_mechanism(evm), problem, make_bots(["greedy"], agents), seed=1)
        player.play(0)
        announcements = [
            (sent.data[100:], gas)
            for sent, gas in zip(player.sent, player.gas_used, strict=True)
            if sent.data.startswith(FUNCTIONS["announce"])
        ]
        third.append(announcements[2])
    assert third[0] == third[1]


def test_every_transaction_of_a_50_agent_game_fits_a_block_of_30_million_many_times(
    snapshot: dict[str, Any],
) -> None:
    spans = snapshot["TwoStageMechanism"]["games"]["50 agents, 5 types"]["least and most"].values()
    assert max(most for _, most in spans) < 30_000_000 / 10


def test_every_transaction_of_the_largest_games_is_below_the_limit_of_a_transaction(
    snapshot: dict[str, Any],
) -> None:
    spans = snapshot["TwoStageMechanism"]["games"]["64 agents, 64 types, costs of 16 pieces each"][
        "least and most"
    ]
    assert {"create", "store", "join", "announce", "reveal", "propose", "respond", "withdraw"} == set(spans)
    for name, (_, most) in spans.items():
        assert most < 2**24, name


def test_even_a_full_page_is_posted_below_the_limit_of_a_transaction(snapshot: dict[str, Any]) -> None:
    """Chains since Osaka take 2^24 gas in one; every other transaction of a lottery fits many times."""
    for title, game in snapshot["AssignmentLottery"]["games"].items():
        for name, (_, most) in game["least and most"].items():
            assert most < 2**24 / (1 if name == "post" else 16), (title, name)


def test_a_seat_of_a_lottery_pays_about_the_same_however_many_there_are(snapshot: dict[str, Any]) -> None:
    """But for who comes last and draws: committing, opening and withdrawing look at nobody else."""
    games = snapshot["AssignmentLottery"]["games"].values()
    for function, bound in (("commit", 0), ("withdraw", 0), ("withdraw", 1)):
        figures = [game["least and most"][function][bound] for game in games]
        assert max(figures) - min(figures) < 200, function
    opened = [game["least and most"]["open"][0] for game in games if "open" in game["least and most"]]
    assert max(opened) - min(opened) < 200


def test_the_figures_in_the_documentation_are_the_snapshots() -> None:
    kept = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    text = PAGE.read_text(encoding="utf-8")
    for contract in kept.values():
        assert f"{contract['contract bytes']:,} bytes" in text
    game = kept["TwoStageMechanism"]["games"]["paper's example"]
    assert f"**{game['game']:,}**" in text
    for function, (least, most) in game["least and most"].items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{function}` |"))
        assert f"{least:,}" in row
        assert f"{most:,}" in row
    for size in ("paper's example", "26 agents, 23 items"):
        for rule in ("serial-dictatorship", "probabilistic-serial"):
            assert f"{kept['AssignmentLottery']['games'][f'{size}, {rule}']['game']:,}" in text


def test_the_table_of_lotteries_in_the_documentation_is_the_snapshots() -> None:
    kept = json.loads(SNAPSHOT.read_text(encoding="utf-8"))["AssignmentLottery"]["games"]
    text = PAGE.read_text(encoding="utf-8")
    text, _, _ = text.partition("## Markets")
    rows = [line for line in text.splitlines() if re.match(r"\| \d+ × \d+, ", line)]
    games = [game for title, game in kept.items() if "page" not in title]
    assert len(rows) == len(games)
    for row, game in zip(rows, games, strict=True):
        spans = game["least and most"]
        last = spans.get("open", spans["reveal"])[1]
        cells = [
            _shown(spans["create"]),
            _shown(spans["commit"]),
            _shown(spans["reveal"][:1]),
            _shown([last]),
            _shown(spans.get("post", [])),
            _shown(spans.get("open", [])[:1]),
            _shown(spans["withdraw"][:1]),
        ]
        assert [cell.strip() for cell in row.split("|")[2:-1]] == cells
        assert f"{game['terms']} terms" in row if "terms" in game else "terms" not in row


def test_the_selection_of_a_market_is_posted_for_what_was_promised(snapshot: dict[str, Any]) -> None:
    """300,000 gas for 12 agents and 6 tasks, 550,000 for 30 and 8; and any market fits a transaction."""
    games = snapshot["RayMarket"]["games"]
    for size, most in (("12 agents", 300_000), ("30 agents", 550_000)):
        posted = [
            game["least and most"]["post"][1] for title, game in games.items() if title.startswith(size)
        ]
        assert len(posted) == 2
        assert max(posted) <= most
    for title, game in games.items():
        assert max(most for _, most in game["least and most"].values()) < 2**24, title


def test_the_table_of_markets_in_the_documentation_is_the_snapshots() -> None:
    games = json.loads(SNAPSHOT.read_text(encoding="utf-8"))["RayMarket"]["games"].values()
    _, _, text = PAGE.read_text(encoding="utf-8").partition("## Markets")
    text, _, _ = text.partition("## Dispatches")
    rows = [line for line in text.splitlines() if re.match(r"\| \d+ × \d+, ", line)]
    assert len(rows) == len(games)
    for row, game in zip(rows, games, strict=True):
        spans = (_shown(game["least and most"][function]) for function in ("create", "choose", "post"))
        expected = [str(game["columns"]), *spans, f"{game['game']:,}"]
        assert [cell.strip() for cell in row.split("|")[2:-1]] == expected


def test_the_table_of_dispatches_in_the_documentation_is_the_snapshots() -> None:
    games = json.loads(SNAPSHOT.read_text(encoding="utf-8"))["GuaranteedDispatch"]["games"]
    _, _, text = PAGE.read_text(encoding="utf-8").partition("## Dispatches")
    text, _, _ = text.partition("## Teams")
    rows = [line for line in text.splitlines() if re.match(r"\| \d+ × \d+, ", line)]
    assert len(rows) == len(games)
    functions = ("create", "enrol", "register", "post", "open", "attest", "withdraw")
    for row, game in zip(rows, games.values(), strict=True):
        spans = (_shown(game["least and most"].get(function, [])) for function in functions)
        assert [cell.strip() for cell in row.split("|")[2:-1]] == [*spans, f"{game['game']:,}"]
    challenged = games["worked example, challenged"]["least and most"]
    for function in ("challenge", "disclose", "repair"):
        assert _shown(challenged[function]) in text


def test_the_table_of_teams_in_the_documentation_is_the_snapshots() -> None:
    games = json.loads(SNAPSHOT.read_text(encoding="utf-8"))["TeamContract"]["games"]
    _, _, text = PAGE.read_text(encoding="utf-8").partition("## Teams")
    rows = [line for line in text.splitlines() if re.match(r"\| \d+ ", line)]
    assert len(rows) == len(games)
    functions = ("create", "accept", "open", "commit", "reveal", "draw", "withdraw")
    for row, game in zip(rows, games.values(), strict=True):
        spans = (_shown(game["least and most"][function]) for function in functions)
        cells = [str(game["members"]), *spans, f"{game['game']:,}"]
        assert [cell.strip() for cell in row.split("|")[1:-1]] == cells


def _shown(span: list[int]) -> str:
    return "–".join(f"{gas:,}" for gas in dict.fromkeys(span))
