"""A manipulation on the EVM: what is gained is seen in wei."""

from pathlib import Path

import pytest

from parley.core.errors import ParleyError
from parley.core.statistics import MIN_P
from parley.mechanisms.coordination.axioms.counterexamples import unimplemented
from parley.mechanisms.coordination.axioms.custom import recognition_named
from parley.mechanisms.coordination.axioms.implementation import ManipulableGame
from parley.mechanisms.coordination.axioms.triple import Recognition, Triple, recognition_of
from parley.mechanisms.coordination.demonstration import check_contract, demonstrate
from parley.mechanisms.coordination.recognition import RECOGNITION

EXAMPLES = Path(__file__).parents[2] / "examples"
OWN = f"{EXAMPLES / 'half_and_half.py'}:fraction"
CONTRACT = EXAMPLES / "HalfAndHalf.sol"


def game_of(p: Recognition) -> ManipulableGame:
    """A game of three agents: the paper's problem after Example 4."""
    triple = Triple.of(
        [[2, 0, 0], [0, 2, 0], [1, 0, 1]],
        [[3, 0, 0], [0, 2, 0], [0, 0, 1]],
        [[3, 0, 0], [1, 2, 0], [1, 0, 1]],
    )
    found = unimplemented(p, triple)
    assert found is not None
    return found.game


@pytest.mark.parametrize("name", ["announcement-proportional", "reordered"])
def test_the_gain_is_seen_in_wei(name: str) -> None:
    game = game_of(recognition_of(name))
    played = demonstrate(game, recognition_named(name), games=300)
    # The chain's own figures come to the gain that theory names.
    assert played.expected_gain == game.gain * game.problem.wei_per_cost
    assert played.agent == game.agent
    # It is there beyond any doubt, and as large as theory says.
    assert float(played.gain) > 4.5 * played.std_error > 0
    assert played.z is not None
    assert played.p_value >= MIN_P


def test_the_exact_variance_is_the_one_that_play_has() -> None:
    name = "announcement-proportional"
    game = game_of(recognition_of(name))
    played = demonstrate(game, recognition_named(name), games=300)
    for kind, probability in zip((played.followed, played.deviated), game.probabilities, strict=True):
        saved = (kind.expected - game.problem.cost_wei(game.agent, _contracted(game))) / -probability
        keeps = saved * (1 - game.problem.continuation)
        # Proposing or not: two values, `keeps` apart.
        assert kind.variance == probability * (1 - probability) * keeps**2


def _contracted(game: ManipulableGame) -> int:
    return int(game.problem.contracted[game.agent].sum())


def test_a_function_of_ones_own_is_played_with_its_contract() -> None:
    named = recognition_named(OWN)
    game = game_of(named.probabilities)
    known = list(RECOGNITION)
    played = demonstrate(game, named, contract=CONTRACT, games=300)
    assert list(RECOGNITION) == known
    assert played.expected_gain == game.gain * game.problem.wei_per_cost > 0
    assert played.z is not None
    assert played.p_value >= MIN_P


def test_a_contract_that_says_something_else_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "Other.sol"
    other.write_text(CONTRACT.read_text(encoding="utf-8").replace("2 * turn.remaining", "3 * turn.remaining"))
    with pytest.raises(ParleyError, match=r"the contract returns .* and the function"):
        check_contract(recognition_named(OWN), other)
    check_contract(recognition_named(OWN), CONTRACT)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "pragma solidity ^0.8.30; contract Empty {}",
            "must have exactly one contract with a function",
        ),
        ("contract {", "Other.sol"),
    ],
)
def test_a_file_without_the_contract_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    other = tmp_path / "Other.sol"
    other.write_text(f"// SPDX-License-Identifier: MIT\n{text}\n")
    with pytest.raises(ParleyError, match=said) as caught:
        check_contract(recognition_named(OWN), other)
    assert "\n" not in str(caught.value)


def test_a_function_of_whole_problems_has_no_contract() -> None:
    named = recognition_named(f"{EXAMPLES / 'half_and_half.py'}:probabilities")
    with pytest.raises(ParleyError, match="must have one parameter, a turn"):
        check_contract(named, CONTRACT)


def test_without_a_contract_a_function_cannot_be_played() -> None:
    named = recognition_named(OWN)
    with pytest.raises(ParleyError, match="no contract to play with"):
        demonstrate(game_of(named.probabilities), named, games=1)
