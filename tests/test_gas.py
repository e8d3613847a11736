"""What the contract costs is what the snapshot says, and what is promised of it holds."""

import json
from typing import Any

import pytest

from benchmarks.gas import SNAPSHOT, measured


@pytest.fixture(scope="module")
def snapshot() -> dict[str, Any]:
    return measured()


def test_gas_is_that_of_the_snapshot(snapshot: dict[str, Any]) -> None:
    kept = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert snapshot == kept, "run `python benchmarks/gas.py --write` and say why gas has changed"


def test_the_papers_game_costs_at_most_1_9_million_and_the_contract_is_well_below_the_code_limit(
    snapshot: dict[str, Any],
) -> None:
    assert snapshot["games"]["paper's example"]["game"] <= 1_900_000
    assert snapshot["contract bytes"] < 24_576 * 3 / 4


def test_an_announcement_costs_the_same_however_many_agents_there_are(snapshot: dict[str, Any]) -> None:
    few, many = (snapshot["games"][f"{agents} agents, 5 types"] for agents in (5, 50))
    # The vectors differ in one entry, zero here and not there: 4 gas against 16 for its one byte.
    assert few["third announcement"] == pytest.approx(many["third announcement"], abs=16 - 4)


def test_every_transaction_of_a_50_agent_game_fits_a_block_of_30_million_many_times(
    snapshot: dict[str, Any],
) -> None:
    spans = snapshot["games"]["50 agents, 5 types"]["least and most"].values()
    assert max(most for _, most in spans) < 30_000_000 / 10
