"""Contract and model agree on large games too: see `tests.kit.conformance` for all others."""

import pytest

from tests.backends import open_backend
from tests.coordination.contract_machine import play_large_games
from tests.coordination.on_chain import OnChain


def test_contract_and_model_agree_on_games_of_up_to_64_seats_and_types() -> None:
    reached = play_large_games(OnChain(open_backend("revm"), accounts=64), games=2, mistakes=0.02, seed=11)
    assert reached.calls >= 150
    assert reached.outcomes["store"] > 0


@pytest.mark.deep
def test_contract_and_model_agree_on_many_large_games() -> None:
    reached = play_large_games(OnChain(open_backend("revm"), accounts=64), games=25, mistakes=0.05, seed=12)
    assert reached.calls >= 3_000
    assert {"settled", "no_savings"} & reached.endings.keys()
    errors = {"StaleDigest", "NotTheCreator", "MatrixSizeMismatch", "CapacityBelowContract"}
    assert errors <= {name.partition("!")[2] for name in reached.outcomes if name.startswith("store!")}
