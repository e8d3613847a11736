"""An audit finds nothing in honest games, and in crooked ones the rule that was broken."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from benchmarks.gas import largest
from parley.chain.backends import open_evm
from parley.chain.codec import compiled_codec
from parley.chain.deployments import Claims
from parley.chain.history import Call, Recorder
from parley.core.errors import ParleyError
from parley.core.randomness import word
from parley.core.statistics import MIN_P, count_p_value, recognition_p_value
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.play import Player
from parley.mechanisms.coordination.problem import example_1
from parley.mechanisms.coordination.recognition import RECOGNITION
from parley.mechanisms.coordination.verify import RULES
from tests.coordination.audited import IMPATIENT, RECORDS, deployed, played, staged, verify
from tests.coordination.crooked import RELUCTANT, VARIANTS
from tests.coordination.problems import make
from tests.verification.crooked import Altered
from tests.verification.tampered import (
    Retelling,
    assert_cut_off_records_are_refused,
    broken,
    by_stranger,
    left_out,
    of_no_function,
    only,
    paying_less,
    told_otherwise,
    with_unknown_event,
    with_word,
    without_events,
)

FUNCTIONS = compiled_codec("TwoStageMechanism").selectors

POPULATIONS = {
    "equilibrium": ["equilibrium"],
    "greedy": ["greedy"],
    "minimal": ["minimal"],
    "random": ["random"],
    "stubborn": ["stubborn"],
    "some stubborn": list(RELUCTANT),
    "withholder": ["equilibrium", "withholder", "greedy", "minimal", "equilibrium"],
    "all withholders": ["withholder"],
} | {
    f"silent {phase}": ["equilibrium", "equilibrium", f"silent:{phase}", "equilibrium", "equilibrium"]
    for phase in ("joining", "announcing", "revealing", "proposing", "responding")
}


@pytest.mark.parametrize("bots", POPULATIONS.values(), ids=POPULATIONS)
@pytest.mark.parametrize("recognition", ["p-star", "reordered"])
def test_honest_games_hold(bots: list[str], recognition: str) -> None:
    machine, book = played(bots, range(60), problem=replace(IMPATIENT, recognition=recognition))
    found = verify(machine, book)
    assert (list(found.violations), found.not_followed, found.surplus) == ([], 0, 0)
    assert found.holds
    assert found.own_code is True
    assert found.games == 60
    assert sum(found.checked[name] for name in FUNCTIONS if name in found.checked) == len(
        list(machine.calls())
    )


def test_every_recognition_function_is_known_by_its_name_its_code_or_its_answers() -> None:
    for name in RECOGNITION:
        machine, book = played(["equilibrium"], range(2), problem=replace(IMPATIENT, recognition=name))
        assert verify(machine, book).holds
        assert verify(machine).holds
    name = "p* is computed from D alone"
    machine, book = staged(name, VARIANTS[name], range(2))
    assert [violation.rule for violation in verify(machine, book).violations] == ["recognition fraction"] * 6
    # Under no name it is a recognition function like any other: asked, it stands by what it answered.
    assert verify(machine).holds


# ───────────────────────────────────────── records that do not add up ─────────────────────────────────────


def altered(change: Callable[[str, Call], Call | None], game: int = 0) -> Counter[str]:
    """The rules found broken when one of three games is told differently; None leaves a call out."""
    machine, book = played(["equilibrium"], range(3))
    return broken(verify(told_otherwise(machine, RECORDS, change, game), book))


def later(call: Call) -> Call:
    return call._replace(timestamp=call.timestamp + 10**6)


TAMPERED: dict[str, tuple[str, Retelling, str]] = {
    "a game that was never created": ("create", left_out, "phase"),
    "a game without bond": ("create", with_word(11, word(0)), "creation"),
    "a game with another recognition code": ("create", with_word(8, word(9)), "creation"),
    "a game with another salt": ("create", with_word(0, word(9)), "game id"),
    "a game by another creator": ("create", by_stranger, "creator"),
    "a join without its event": ("join", without_events, "events"),
    "a join that left no trace": ("join", left_out, "phase"),
    "a join by somebody else": ("join", by_stranger, "seat"),
    "a join with a wei less": ("join", lambda call: call._replace(value=call.value - 1), "deposit"),
    "a join of other parameters": ("join", with_word(2, word(9)), "parameters digest"),
    "a join without commitment": ("join", with_word(3, bytes(32)), "commitment"),
    "an announcement by another seat": (
        "announce",
        by_stranger,
        "order of announcements",
    ),
    "an announcement after another history": ("announce", with_word(1, word(9)), "history digest"),
    "an announcement that is too high": ("announce", with_word(4, word(10)), "announcement bounds"),
    "an announcement that is late": ("announce", later, "deadline"),
    "an announcement that is paid for": ("announce", lambda call: call._replace(value=5), "deposit"),
    "a reveal after another history": ("reveal", with_word(2, word(9)), "history digest"),
    "a reveal of another secret": ("reveal", with_word(3, word(9)), "reveal"),
    "a reveal without the next commitment": ("reveal", with_word(4, bytes(32)), "commitment"),
    "a proposal by another seat": ("propose", by_stranger, "proposer"),
    "a proposal after another history": ("propose", with_word(1, word(2)), "history digest"),
    "a proposal with another sum": ("propose", with_word(4, word(1)), "proposal sum"),
    "a proposal beyond a deposit": ("propose", with_word(4, word(-(10**15))), "proposal sum"),
    "an answer to another proposal": ("respond", with_word(1, word(9)), "proposal digest"),
    "an answer that says the opposite": ("respond", with_word(2, word(0)), "answer"),
    "an answer that is left out": ("respond", left_out, "order of answers"),
    "a withdrawal by somebody else": ("withdraw", by_stranger, "seat"),
    "a withdrawal to somebody else": ("withdraw", with_word(2, word(9)), "payee"),
    "a withdrawal that pays less": (
        "withdraw",
        paying_less,
        "payment",
    ),
    "a withdrawal left out": ("withdraw", left_out, "state"),
    "events of no call": ("announce", of_no_function, "unexplained event"),
    "an event that nobody knows": (
        "announce",
        with_unknown_event,
        "events",
    ),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_a_record_that_is_not_as_it_should_be_is_named(case: str) -> None:
    name, change, rule = TAMPERED[case]
    for game in (0, 2):
        assert altered(only(name, change), game)[rule] > 0


# ───────────────────────────────────────── stored page by page ────────────────────────────────────────────


@pytest.fixture(scope="module")
def in_pages() -> tuple[Recorder, Claims]:
    """A game that is too large for one transaction, played to its end."""
    return played(["equilibrium"], [0], problem=largest())


def test_a_game_that_was_stored_page_by_page_holds(in_pages: tuple[Recorder, Claims]) -> None:
    found = verify(*in_pages)
    assert (found.holds, found.violations, found.not_followed) == (True, [], 0)
    assert (found.checked["create"], found.checked["store"], found.checked["join"]) == (1, 3, 64)
    assert found.endings == {"settled": 1}
    abandoned = verify(*played(["silent:joining"], [0], problem=largest()))
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
    machine, book = in_pages
    found = verify(told_otherwise(machine, RECORDS, only("store", change), 0), book)
    assert not found.holds
    assert rule in {violation.rule for violation in found.violations}


def test_a_call_through_another_contract_needs_traces() -> None:
    machine, book = played(["equilibrium"], range(1))
    calls = [call._replace(direct=False, data=b"") for call in machine.calls()]
    with pytest.raises(ParleyError, match="debug_traceTransaction"):
        verify(Altered(machine, calls), book)


def test_two_withdrawals_of_one_seat_are_one_too_many() -> None:
    machine, book = played(["equilibrium"], range(1))
    calls = list(machine.calls())
    found = verify(Altered(machine, [*calls, calls[-1]._replace(block=0)]), book)
    assert [v.rule for v in found.violations if v.game is not None] == ["one withdrawal per seat"]


def test_money_forced_in_is_no_violation_and_is_shown() -> None:
    machine, book = played(["equilibrium"], range(2))
    # Code that destroys itself in the contract's favour: PUSH20 … SELFDESTRUCT, as 22 bytes of one word.
    runtime = b"\x73" + bytes.fromhex(machine.contract[2:]) + b"\xff"
    address = machine.deploy(b"\x75" + runtime + bytes.fromhex("5f526016600af3"))
    assert machine.transact(machine.accounts[0], address, b"", value=5).ok
    found = verify(machine, book)
    assert found.surplus == 5
    assert found.holds


# ──────────────────────────────────────────── all games together ──────────────────────────────────────────


def test_draws_that_nobody_made_at_random_are_noticed_across_games() -> None:
    # Every single draw is right; but the games were chosen, by somebody who knew all the secrets beforehand.
    machine = open_evm("revm")
    player = Player(machine, deployed(machine), IMPATIENT, make_bots(["equilibrium"], 5), 3)
    chosen = [k for k in range(400) if player.play(k).proposer == 4]
    found = verify(*played(["equilibrium"], chosen))
    assert not found.violations
    assert found.recognition_p_value is not None
    assert found.recognition_p_value < MIN_P
    assert not found.holds


def test_continuations_that_were_chosen_are_noticed_across_games() -> None:
    machine = open_evm("revm")
    player = Player(machine, deployed(machine), IMPATIENT, make_bots(["stubborn"], 5), 3)
    chosen = [k for k in range(60) if player.play(k).rounds == 1]
    found = verify(*played(["stubborn"], chosen))
    assert not found.violations
    continuations = found.judged[1].p_value
    assert continuations is not None
    assert continuations < MIN_P
    assert not found.holds


def test_games_with_different_probabilities_and_numbers_of_agents_are_tested_together() -> None:
    machine = Recorder(open_evm("revm"))
    contracts = deployed(machine)
    machine.contract = contracts.mechanism
    small = make([[9, 0], [0, 5]], [[9, 0], [6, 5]], recognition="equal")
    other = replace(example_1(), recognition="announcement-proportional")
    for seed, problem in enumerate((IMPATIENT, small, other)):
        player = Player(machine, contracts, problem, make_bots(["equilibrium"], problem.agents), seed)
        for k in range(40):
            player.play(k)
    found = verify(machine)
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


# ──────────────────────────────────────────────── records ────────────────────────────────────────────────


def test_cut_off_records_are_refused_and_not_misread() -> None:
    machine, _ = played(["random"], range(3))
    assert_cut_off_records_are_refused(RECORDS, RULES.fields, machine.calls())


def test_a_deployment_whose_code_has_changed_is_named() -> None:
    machine, book = played(["equilibrium"], range(1))
    hashes = {"TwoStageMechanism": "0x" + "00" * 32}
    found = verify(machine, Claims(book.chain_id, book.addresses, {}, hashes))
    assert [violation.rule for violation in found.violations] == ["deployed code"]
