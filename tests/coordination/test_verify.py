"""What `parley verify` finds in games of coordination beyond what every mechanism must pass."""

from dataclasses import replace
from fractions import Fraction

import pytest

from benchmarks.gas import largest
from parley.chain.deployments import Claims
from parley.chain.history import Recorder
from parley.core.randomness import word
from parley.core.statistics import MIN_P, count_p_value, recognition_p_value
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.play import Deployment, Player
from parley.mechanisms.coordination.problem import example_1
from parley.mechanisms.coordination.recognition import RECOGNITION
from tests.coordination.crooked import VARIANTS
from tests.coordination.problems import make
from tests.coordination.suite import IMPATIENT, SUITE
from tests.kit.rig.suite import claims_of
from tests.kit.rig.tampered import (
    Retelling,
    by_stranger,
    left_out,
    only,
    told_otherwise,
    with_word,
    without_events,
)


def test_every_recognition_function_is_known_by_its_name_its_code_or_its_answers() -> None:
    for name in RECOGNITION:
        machine, addresses = SUITE.played(range(2), setting=name)
        assert SUITE.verify(machine, addresses).holds
        assert SUITE.verify(machine).holds
    name = "p* is computed from D alone"
    machine, addresses = SUITE.staged(name, VARIANTS[name], range(2))
    assert [violation.rule for violation in SUITE.verify(machine, addresses).violations] == [
        "recognition fraction"
    ] * 6
    # Under no name it is a recognition function like any other: asked, it stands by what it answered.
    assert SUITE.verify(machine).holds


# ───────────────────────────────────────── stored page by page ────────────────────────────────────────────


def large(bot: str) -> tuple[Recorder, Claims]:
    """A game that is too large for one transaction, played to its end."""
    machine, addresses = SUITE.recording()
    problem = largest()
    Player(machine, Deployment.at(addresses), problem, make_bots([bot], problem.agents), 3).play(0)
    return machine, claims_of(machine, addresses)


@pytest.fixture(scope="module")
def in_pages() -> tuple[Recorder, Claims]:
    """A game that is too large for one transaction, played to its end."""
    return large("equilibrium")


def test_a_game_that_was_stored_page_by_page_holds(in_pages: tuple[Recorder, Claims]) -> None:
    found = SUITE.verify(*in_pages)
    assert (found.holds, found.violations, found.not_followed) == (True, [], 0)
    assert (found.checked["create"], found.checked["store"], found.checked["join"]) == (1, 3, 64)
    assert found.endings == {"settled": 1}
    abandoned = SUITE.verify(*large("silent:joining"))
    assert (abandoned.holds, abandoned.checked["store"], abandoned.checked["expire"]) == (True, 3, 1)


PAGES: dict[str, tuple[Retelling, str]] = {
    "a page that is left out": (left_out, "parameters digest"),
    "a page by somebody else": (by_stranger, "creator"),
    "a page of other parameters": (with_word(1, word(9)), "parameters digest"),
    "a page with other rows": (with_word(5, word(1)), "parameters"),
    "a page without its event": (without_events, "events"),
    "a page that is paid for": (lambda call: call._replace(value=5), "deposit"),
    "a page of a game that is not there": (with_word(0, word(9)), "phase"),
}


@pytest.mark.parametrize("case", PAGES)
def test_a_page_that_is_not_as_it_should_be_is_named(case: str, in_pages: tuple[Recorder, Claims]) -> None:
    change, rule = PAGES[case]
    machine, addresses = in_pages
    found = SUITE.verify(told_otherwise(machine, SUITE.decoder, only("store", change), 0), addresses)
    assert not found.holds
    assert rule in {violation.rule for violation in found.violations}


def test_games_with_different_probabilities_and_numbers_of_agents_are_tested_together() -> None:
    machine, addresses = SUITE.recording()
    contracts = Deployment.at(addresses)
    small = make([[9, 0], [0, 5]], [[9, 0], [6, 5]], recognition="equal")
    other = replace(example_1(), recognition="announcement-proportional")
    for seed, problem in enumerate((IMPATIENT, small, other)):
        player = Player(machine, contracts, problem, make_bots(["equilibrium"], problem.agents), seed)
        for k in range(40):
            player.play(k)
    found = SUITE.verify(machine)
    assert found.games == 120
    assert found.recognition_p_value is not None
    assert found.recognition_p_value > MIN_P
    assert found.holds


def test_hidden_draws_count_for_neither_side() -> None:
    half = Fraction(1, 2)
    # Twenty draws, ten of them hidden by whoever had lost them: nothing is odd about that.
    assert count_p_value(10, {half: 20}, unseen=10) == 1.0
    assert count_p_value(0, {half: 20}, unseen=10) == 1.0
    # But no hiding explains thirty out of forty with none hidden, nor twenty-nine of forty with one.
    assert count_p_value(30, {half: 40}) < count_p_value(29, {half: 40}, unseen=1)
    assert count_p_value(40, {half: 41}, unseen=1) < MIN_P
    assert recognition_p_value([40, 0], {(half, half): 40}) == recognition_p_value(
        [40, 0], {(half, half): 40}, 0
    )
