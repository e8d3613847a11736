"""An audit finds nothing in honest lotteries, and in crooked ones the promise that was broken."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from parley.chain.backends import open_evm
from parley.chain.codec import compiled_codec
from parley.chain.history import Call, Recorder
from parley.core.randomness import word
from parley.core.statistics import MIN_P
from parley.mechanisms.assignment.bots import make_bots
from parley.mechanisms.assignment.certificate import certify
from parley.mechanisms.assignment.plan import plan
from parley.mechanisms.assignment.play import Player
from parley.mechanisms.assignment.problem import RULES, from_orders
from parley.mechanisms.assignment.verify import RULES as PROMISES
from tests.assignment.audited import (
    CONTRACT,
    FALSE,
    RECORDS,
    book_of,
    deployed,
    played,
    problem_of,
    recording,
    verify,
)
from tests.assignment.crooked import COPIED, EATING, SERIAL, UNOPENED, UNREVEALED, USUAL
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

FUNCTIONS = compiled_codec("AssignmentLottery").selectors

POPULATIONS = {
    "all there": USUAL,
    "some never commit": ("truthful", "absent", "truthful", "absent"),
    "one does not reveal": UNREVEALED,
    "one does not open": UNOPENED,
    "one copies": COPIED,
    "one misreports": ("truthful", "misreporting", "truthful", "truthful"),
    "nobody commits": ("absent",),
    "nobody reveals": ("absent:revealing",),
    "nobody opens": ("absent:opening",),
    "all sorts": ("truthful", "absent:revealing", "copying", "absent:opening"),
}


@pytest.mark.parametrize("bots", POPULATIONS.values(), ids=POPULATIONS)
@pytest.mark.parametrize("rule", RULES)
def test_honest_lotteries_hold(rule: str, bots: tuple[str, ...]) -> None:
    machine = played(range(10), rule, bots)
    found = verify(machine, book_of(machine))
    assert (list(found.violations), found.not_followed, found.surplus) == ([], 0, 0)
    assert found.holds
    assert found.own_code is True
    assert (found.kind, found.games) == ("assignment", 10)
    calls = [RECORDS.read_action(call.data).name for call in machine.calls()]
    assert {name: found.checked[name] for name in FUNCTIONS if name in found.checked} == Counter(calls)
    assert found.draws == found.endings.get("drawn", 0)
    if "post" in calls:
        assert found.checked["certificates"] == calls.count("post")
        exact = rule in (EATING, "boston")
        assert found.checked["matrices" if exact else "matrices taken as posted"] == calls.count("post")


def test_many_agents_items_and_places_hold() -> None:
    # Beyond 32 everything takes a second word.
    for rule, seats, items in ((SERIAL, 64, 40), (EATING, 64, 4), (EATING, 10, 40)):
        orders = [[(i + k) % items for k in range(i % (items + 1))] for i in range(seats)]
        problem = from_orders(orders, items, rule, [1, 2] * (items // 2))
        bots = ["truthful"] * (seats - 2) + ["absent:opening"] * 2
        found = verify(played(range(2), problem=problem, bots=bots))
        assert (list(found.violations), found.endings) == ([], {"drawn": 2})


class Patient(Player):
    """Leaves the bonds where they are."""

    def _withdraw(self, state: Any) -> tuple[int, ...]:  # noqa: ANN401, ARG002 - as its base
        return (0,) * len(self.seats)


def test_money_is_accounted_for() -> None:
    problem = problem_of(SERIAL)
    for player, owed in ((Player, 0), (Patient, 3 * 3 * problem.bond)):
        machine = recording()
        seated = player(machine, machine.contract, plan(problem, make_bots(UNREVEALED, 4)), 1)
        for k in range(3):
            seated.play(k)
        found = verify(machine).to_json()
        assert found["holds"]
        assert (found["owed_wei"], found["burnt_wei"]) == (str(owed), str(3 * problem.bond))
        assert found["surplus_wei"] == "0"


# ───────────────────────────────────────────── what is posted ─────────────────────────────────────────────


def test_an_organizer_that_posts_another_matrix_than_bostons_is_named() -> None:
    # Nothing is wrong with the lottery itself, so that the contract takes it.
    other = FALSE["another matrix"](certify(problem_of("boston")))
    for rule, rules in (("boston", ["matrix"] * 3), ("welfare", [])):
        machine = recording()
        planned = plan(problem_of(rule), make_bots(USUAL, 4))
        player = Player(machine, machine.contract, replace(planned, certificate=other), 1)
        for k in range(3):
            player.play(k)
        found = verify(machine)
        assert [violation.rule for violation in found.violations] == rules
        assert found.not_followed == 0


def test_a_boston_matrix_beyond_computing_is_taken_as_posted() -> None:
    # Ten agents contend for two items: more orders than are listed.
    problem = from_orders([[0, 1]] * 10, 2, "boston")
    equal = from_orders([[0, 1]] * 10, 2, EATING)
    planned = replace(
        plan(from_orders([[0, 1]] * 10, 2, SERIAL), make_bots(USUAL, 10)),
        problem=problem,
        certificate=certify(equal)._replace(times=()),
        opens=tuple(range(10)),
    )
    machine = recording()
    Player(machine, machine.contract, planned, 1).play(0)
    found = verify(machine)
    assert list(found.violations) == []
    assert found.checked["matrices taken as posted"] == 1


# ────────────────────────────────────────── records that do not add up ────────────────────────────────────


def altered(rule: str, change: Callable[[str, Call], Call | None], lottery: int = 0) -> Counter[str]:
    """The promises found broken when one of three lotteries is told differently; None leaves a call out."""
    machine = played(range(3), rule)
    return broken(verify(told_otherwise(machine, RECORDS, change, lottery)))


TAMPERED: dict[str, tuple[str, str, Retelling, str]] = {
    "a lottery that was never created": (SERIAL, "create", left_out, "phase"),
    "a lottery with a short window": (SERIAL, "create", with_word(7, word(1)), "creation"),
    "a lottery with another salt": (SERIAL, "create", with_word(0, word(9)), "game id"),
    "a lottery by another creator": (SERIAL, "create", by_stranger, "creator"),
    "a lottery by another rule": (SERIAL, "create", with_word(4, word(2)), "parameters"),
    "a commitment by somebody else": (SERIAL, "commit", by_stranger, "seat"),
    "a commitment for a wei less": (SERIAL, "commit", lambda c: c._replace(value=c.value - 1), "deposit"),
    "a commitment to other parameters": (SERIAL, "commit", with_word(2, word(9)), "parameters digest"),
    "a commitment to nothing": (SERIAL, "commit", with_word(3, word(0)), "commitment"),
    "a commitment without its event": (SERIAL, "commit", without_events, "events"),
    "a seat that reveals without having committed": (SERIAL, "commit", left_out, "phase"),
    "a reveal of another secret": (SERIAL, "reveal", with_word(3, word(9)), "reveal"),
    "a reveal after other commitments": (SERIAL, "reveal", with_word(2, word(9)), "history digest"),
    "a reveal of an item that is not there": (SERIAL, "reveal", with_word(7, b"\4" + bytes(31)), "ranking"),
    "a reveal with a second commitment": (SERIAL, "reveal", with_word(5, word(9)), "commitment"),
    "a reveal without a second commitment": (EATING, "reveal", with_word(5, word(0)), "commitment"),
    "a reveal that is paid for": (SERIAL, "reveal", lambda c: c._replace(value=5), "deposit"),
    "a reveal that is late": (SERIAL, "reveal", lambda c: c._replace(timestamp=10**11), "deadline"),
    "a posting after other reports": (EATING, "post", with_word(1, word(9)), "history digest"),
    "a posting by somebody else": ("boston", "post", by_stranger, "organizer"),
    "a posting over another denominator": (EATING, "post", with_word(3, word(0)), "certificate"),
    "an opening of another secret": (EATING, "open", with_word(3, word(9)), "reveal"),
    "an opening after another posting": (EATING, "open", with_word(2, word(9)), "certificate digest"),
    "an opening without its event": (EATING, "open", without_events, "events"),
    "a withdrawal by somebody else": (SERIAL, "withdraw", by_stranger, "seat"),
    "a withdrawal to somebody else": (SERIAL, "withdraw", with_word(2, word(9)), "payee"),
    "a withdrawal left out": (SERIAL, "withdraw", left_out, "state"),
    "a withdrawal that pays less": (
        SERIAL,
        "withdraw",
        paying_less,
        "payment",
    ),
    "events of no call": (SERIAL, "reveal", of_no_function, "unexplained event"),
    "an event that nobody knows": (
        SERIAL,
        "reveal",
        with_unknown_event,
        "events",
    ),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_a_record_that_is_not_as_it_should_be_is_named(case: str) -> None:
    rule, name, change, promise = TAMPERED[case]
    for lottery in (0, 2):
        assert altered(rule, only(name, change), lottery)[promise] > 0


def without_last_log(call: Call) -> Call:
    return call._replace(logs=call.logs[:-1] if len(call.logs) > 1 else call.logs)


def test_a_draw_that_comes_to_nothing_is_named() -> None:
    told = altered(SERIAL, lambda name, call: without_last_log(call) if name == "reveal" else call)
    assert told["draw"] == 1


def test_two_withdrawals_of_one_seat_are_one_too_many() -> None:
    machine = played(range(1))
    calls = list(machine.calls())
    found = verify(Altered(machine, [*calls, calls[-1]._replace(block=0)]))
    assert [v.rule for v in found.violations if v.game is not None] == ["one withdrawal per seat"]


def test_cut_off_records_are_refused_and_not_misread() -> None:
    for rule in (SERIAL, EATING):
        calls = played(range(1), rule, UNREVEALED).calls()
        assert_cut_off_records_are_refused(RECORDS, PROMISES.fields, calls, ("post", "reveal"))


def test_a_deployment_whose_code_has_changed_is_named() -> None:
    machine = played(range(1))
    book = replace(book_of(machine), code_hashes={CONTRACT: "0x" + "00" * 32})
    assert [violation.rule for violation in verify(machine, book).violations] == ["deployed code"]


# ─────────────────────────────────────────── all lotteries together ───────────────────────────────────────


def chosen(rule: str, wanted: Callable[[Player, int], bool], games: int) -> Recorder:
    """Lotteries that somebody who knew all secrets beforehand has chosen to hold."""
    machine = open_evm("revm")
    trial = Player(machine, deployed(machine), plan(problem_of(rule), make_bots(USUAL, 4)), 3)
    return played([k for k in range(games) if wanted(trial, k)], rule)


def test_first_picks_that_were_chosen_are_noticed_across_lotteries() -> None:
    found = verify(chosen(SERIAL, lambda player, k: player.play(k).order[0] == 1, 120))
    assert not found.violations
    p_values = {judged.key: judged.p_value for judged in found.judged}
    assert p_values["order_p_value"] == p_values["recognition_p_value"] == found.recognition_p_value
    assert found.recognition_p_value is not None
    assert found.recognition_p_value < MIN_P
    assert p_values["term_p_value"] is None
    assert not found.holds


def test_terms_that_were_chosen_are_noticed_across_lotteries() -> None:
    found = verify(chosen(EATING, lambda player, k: player.play(k).assignment[0] == 0, 80))
    assert not found.violations
    assert found.recognition_p_value is not None
    assert found.recognition_p_value < MIN_P
    assert not found.holds


def test_lotteries_by_different_rules_and_with_different_seats_are_tested_together() -> None:
    machine = recording()
    small = from_orders([[0], [0]], 1)
    for seed, problem in enumerate((problem_of(SERIAL), small, problem_of(EATING), problem_of("boston"))):
        player = Player(machine, machine.contract, plan(problem, make_bots(USUAL, problem.agents)), seed)
        for k in range(40):
            player.play(k)
    found = verify(machine)
    together, *each = (judged.p_value for judged in found.judged)
    assert found.games == 160
    assert found.holds
    assert together == min(1.0, 2 * min(p for p in each if p is not None))


def test_draws_that_somebody_has_kept_from_being_seen_speak_for_neither_side() -> None:
    # Seat 2 keeps its secret to itself in every lottery: nothing is known of how they would have gone.
    for rule, bots in ((SERIAL, UNREVEALED), (EATING, UNOPENED)):
        found = verify(played(range(40), rule, bots))
        assert found.recognition_p_value == 1.0
        assert found.holds


@pytest.mark.deep
@pytest.mark.parametrize("rule", [SERIAL, EATING])
def test_five_thousand_lotteries_hold(rule: str) -> None:
    found = verify(played(range(5_000), rule))
    assert (found.games, found.draws, list(found.violations)) == (5_000, 5_000, [])
    assert found.recognition_p_value is not None
    assert found.recognition_p_value >= MIN_P
    assert found.holds


def test_the_stated_probability_of_a_first_choice_is_the_matrixs() -> None:
    # Two agents rank one item: with a posted lottery of 1 : 3 seat 1 gets it three times as often.
    problem = from_orders([[0], [0]], 1, "boston")
    right = certify(problem)
    seats = [right.assignment(k).index(0) for k in range(2)]
    uneven = right._replace(denominator=4, matrix=(1, 3), weights=tuple(1 + 2 * seat for seat in seats))
    machine = recording()
    planned = replace(plan(problem, make_bots(USUAL, 2)), certificate=uneven)
    player = Player(machine, machine.contract, planned, 1)
    got = sum(player.play(k).assignment[1] == 0 for k in range(200))
    assert abs(Fraction(got, 200) - Fraction(3, 4)) < Fraction(1, 5)
    found = verify(machine)
    # The matrix is not Boston's; but it is the one that the draws follow.
    assert {violation.rule for violation in found.violations} == {"matrix"}
    assert found.recognition_p_value is not None
    assert found.recognition_p_value > MIN_P
