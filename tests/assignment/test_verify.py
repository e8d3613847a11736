"""What `parley verify` finds in lotteries beyond what every mechanism must pass."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

from parley.chain.history import Call, Recorder
from parley.core.statistics import MIN_P
from parley.mechanisms.assignment.bots import make_bots
from parley.mechanisms.assignment.certificate import certify
from parley.mechanisms.assignment.plan import plan
from parley.mechanisms.assignment.play import Player
from parley.mechanisms.assignment.problem import from_orders
from tests.assignment.crooked import EATING, SERIAL, UNOPENED, UNREVEALED, USUAL
from tests.assignment.suite import FALSE, SUITE, problem_of
from tests.kit.rig.tampered import broken, told_otherwise


def recording() -> Recorder:
    """A machine that writes down what happens to the contract on it."""
    return SUITE.recording()[0]


def test_many_agents_items_and_places_hold() -> None:
    # Beyond 32 everything takes a second word.
    for rule, seats, items in ((SERIAL, 64, 40), (EATING, 64, 4), (EATING, 10, 40)):
        orders = [[(i + k) % items for k in range(i % (items + 1))] for i in range(seats)]
        problem = from_orders(orders, items, rule, [1, 2] * (items // 2))
        bots = ["truthful"] * (seats - 2) + ["absent:opening"] * 2
        machine, planned = recording(), plan(problem, make_bots(bots, seats))
        for k in range(2):
            Player(machine, machine.contract, planned, 3).play(k)
        found = SUITE.verify(machine)
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
        found = SUITE.verify(machine).to_json()
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
        found = SUITE.verify(machine)
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
    found = SUITE.verify(machine)
    assert list(found.violations) == []
    assert found.checked["matrices taken as posted"] == 1


def without_last_log(call: Call) -> Call:
    return call._replace(logs=call.logs[:-1] if len(call.logs) > 1 else call.logs)


def test_a_draw_that_comes_to_nothing_is_named() -> None:
    told = told_otherwise(
        SUITE.played(range(3))[0],
        SUITE.decoder,
        lambda name, call: without_last_log(call) if name == "reveal" else call,
        0,
    )
    assert broken(SUITE.verify(told))["draw"] == 1


def test_lotteries_by_different_rules_and_with_different_seats_are_tested_together() -> None:
    machine = recording()
    small = from_orders([[0], [0]], 1)
    for seed, problem in enumerate((problem_of(SERIAL), small, problem_of(EATING), problem_of("boston"))):
        player = Player(machine, machine.contract, plan(problem, make_bots(USUAL, problem.agents)), seed)
        for k in range(40):
            player.play(k)
    found = SUITE.verify(machine)
    together, *each = (judged.p_value for judged in found.judged)
    assert found.games == 160
    assert found.holds
    assert together == min(1.0, 2 * min(p for p in each if p is not None))


def test_draws_that_somebody_has_kept_from_being_seen_speak_for_neither_side() -> None:
    # Seat 2 keeps its secret to itself in every lottery: nothing is known of how they would have gone.
    for rule, bots in ((SERIAL, UNREVEALED), (EATING, UNOPENED)):
        found = SUITE.verify(SUITE.played(range(40), bots, rule)[0])
        assert found.recognition_p_value == 1.0
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
    found = SUITE.verify(machine)
    # The matrix is not Boston's; but it is the one that the draws follow.
    assert {violation.rule for violation in found.violations} == {"matrix"}
    assert found.recognition_p_value is not None
    assert found.recognition_p_value > MIN_P
