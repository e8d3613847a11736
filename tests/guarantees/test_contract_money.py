"""Money: who gets what in each end, once; what burns; and the draw that decides who gets which schedule."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from parley.core.randomness import permutation, seed, word
from parley.core.statistics import MIN_P, recognition_p_value
from parley.mechanisms.guarantees.packed import Job
from tests.backends import open_backend
from tests.guarantees.on_chain import (
    ATTESTING,
    BOND,
    CHALLENGE_BOND,
    CHALLENGING,
    DISCLOSING,
    DRAWN,
    FAIREST,
    FLOOR,
    FLOORS,
    LAZY,
    MAX_MIN,
    MOST,
    OPENING,
    POSTING,
    PROVIDER_BOND,
    RATE,
    REGISTERING,
    REPAIRING,
    VALUE,
    Table,
)
from tests.kit.rig.table import refused, went

if TYPE_CHECKING:
    from parley.mechanisms.guarantees.parameters import Parameters

PAYEE = "0x" + "d1" * 20
TOTAL = RATE * VALUE
DONE, CANCELLED, MISSED = range(3)


def settled_up(at: Table, expected: list[int]) -> None:
    """Everybody takes what it is owed, once, and nothing but what has burnt is left."""
    assert at.owed() == expected
    assert at.balance == sum(expected) + at.burnt()
    for payee, amount in enumerate(expected):
        for sender in (at.stranger, at.seats[payee == 0]):
            if sender != at.payee(payee):
                refusal = ("NotTheSeat", payee, sender.lower())
                assert refused(at.withdraw(payee, sender=sender)) == refusal
        if amount:
            before = at.evm.balance(PAYEE)
            at.emitted(at.withdraw(payee, PAYEE), ("Withdrawn", payee, PAYEE, amount))
            assert at.evm.balance(PAYEE) - before == amount
        assert refused(at.withdraw(payee, PAYEE)) == ("NothingToWithdraw", payee)
    many = len(expected)
    assert refused(at.do(at.stranger, "withdraw", at.id, many, PAYEE)) == ("SeatOutOfRange", many, many)
    assert at.owed() == [0] * many
    assert at.balance == at.burnt()


@pytest.mark.parametrize("parameters", [FLOORS, MAX_MIN, DRAWN])
def test_if_nobody_enrols_all_is_refunded(parameters: Parameters) -> None:
    at = Table(parameters)
    went(at.create())
    at.expired()
    settled_up(at, [0, 0, 0, BOND + 3 * FLOOR])


@pytest.mark.parametrize("parameters", [FLOORS, DRAWN])
@pytest.mark.parametrize("absent", [(), (1,)])
@pytest.mark.parametrize("end", ["registrar silent", "conceded", "dispatcher silent"])
def test_floors_are_paid_if_nothing_is_posted(
    parameters: Parameters, absent: tuple[int, ...], end: str
) -> None:
    at = Table(parameters)
    went(at.create())
    at.enrol_all(but=absent)
    if end != "registrar silent":
        went(at.register())
    if end == "conceded":
        went(at.concede())
    else:
        at.expired()
    each = FLOOR + at.parameters.seat_bond
    seats = [0 if seat in absent else each for seat in range(3)]
    burnt = BOND if end == "dispatcher silent" else 0
    assert at.burnt() == burnt
    settled_up(at, [*seats, BOND - burnt + FLOOR * len(absent)])


def test_floors_of_their_own_are_paid_to_each() -> None:
    at = Table(replace(FLOORS, floors=(1, 2, 4), rates=(1, 2, 3)))
    went(at.create())
    at.enrol_all(but=[1])
    at.expired()
    settled_up(at, [1, 0, 4, BOND + 2])


@pytest.mark.parametrize(
    ("statuses", "pays"),
    [
        ([DONE] * 6, (110, 60, 30)),
        ([CANCELLED] * 6, (FLOOR, FLOOR, FLOOR)),
        ([MISSED] * 6, (0, 0, 0)),
        ([CANCELLED, CANCELLED, DONE, DONE, CANCELLED, MISSED], (60, FLOOR, FLOOR)),
        ([MISSED, CANCELLED, DONE, DONE, MISSED, DONE], (60, FLOOR, 0)),
        ([DONE, MISSED, CANCELLED, DONE, DONE, CANCELLED], (50, FLOOR, 30)),
    ],
)
def test_what_is_done_is_paid_and_raised_to_the_floor_unless_something_was_missed(
    statuses: list[int], pays: tuple[int, ...]
) -> None:
    """In the last case the second provider misses a job of 40, and earns its floor with the other."""
    at = Table(FLOORS).play_to(ATTESTING)
    done = went(at.attest(bytes(statuses)))
    refund = BOND + 3 * FLOOR + TOTAL - sum(pays)
    assert done.event("Settled") == {"id": at.id, "pays": pays, "refund": refund}
    settled_up(at, [*pays, refund])


def test_rates_of_their_own_are_paid_to_each() -> None:
    at = Table(replace(FLOORS, rates=(1, 7, 3), floors=(0, 42, 9))).play_to(ATTESTING)
    went(at.attest())
    settled_up(at, [11, 42, 9, BOND + 51 + 7 * VALUE - 62])


def test_halves_of_an_odd_bond_add_up() -> None:
    at = Table().play_to(CHALLENGING)
    went(at.challenge(LAZY, at.evm.accounts[-4]))
    went(at.challenge(FAIREST))
    at.expired()
    went(at.disclose(1))
    at.expired()
    at.expired()
    at.standing = FAIREST
    went(at.attest())
    assert at.burnt() == CHALLENGE_BOND + BOND - BOND // 2
    settled_up(at, [70, 60, 60, 3 * FLOOR + TOTAL - 190, 0, CHALLENGE_BOND + BOND // 2])


def test_every_disclosed_challenge_gets_its_bond_back() -> None:
    at = Table().play_to(CHALLENGING)
    for k, allocation in enumerate((FAIREST, MOST)):
        went(at.challenge(allocation, at.evm.accounts[-3 - k]))
    at.expired()
    went(at.disclose(1))
    assert at.owed() == [0] * 6
    assert refused(at.withdraw(5)) == ("WrongPhase", at.id, DISCLOSING, 9)
    went(at.disclose(0))
    at.repaired()
    went(at.attest())
    pays = [80, 80, 60]
    settled_up(at, [*pays, 3 * FLOOR + TOTAL - 220, CHALLENGE_BOND + BOND // 2, CHALLENGE_BOND])


@pytest.mark.parametrize(
    "phase", [REGISTERING, POSTING, CHALLENGING, DISCLOSING, REPAIRING, OPENING, ATTESTING]
)
def test_nobody_withdraws_before_the_end(phase: int) -> None:
    at = Table(DRAWN).play_to(phase)
    for payee in range(4):
        assert refused(at.withdraw(payee)) == ("WrongPhase", at.id, phase, 9)


def test_a_dispatch_does_not_pay_out_of_another() -> None:
    one = Table(FLOORS).play_to(ATTESTING)
    two = Table(FLOORS, evm=one.evm)
    two.address, two.salt = one.address, word(8)
    two.play_to(POSTING)
    went(one.attest())
    for payee in range(4):
        went(one.withdraw(payee, PAYEE))
    assert one.balance == BOND + 3 * FLOOR
    went(two.concede())
    settled_up(two, [FLOOR] * 3 + [BOND])


# ─────────────────────────────────────────────────── draws ──────────────────────────────────────────────────


def test_who_does_not_open_loses_its_bond_and_gets_the_schedule_of_least_pay() -> None:
    """Lazily posted, schedules are worth 11, 6 and 3."""
    for silent in range(3):
        at = Table(replace(DRAWN, max_min=False)).play_to(OPENING)
        before = at.digest
        done = at.open_all(but=[silent])
        secrets = [bytes(32) if seat == silent else at.secret(seat) for seat in range(3)]
        order = permutation(seed(b"schedule", at.id, before, secrets), range(2))
        others = iter([[2, 1][place] for place in order])
        expected = [3 if seat == silent else next(others) for seat in range(3)]
        assert at.schedules() == expected
        assert done.names == ["Expired", "Burnt", "Drawn"]
        assert done.event("Expired")["silent"] == 1 << silent
        went(at.attest())
        pays = [RATE * {1: 11, 2: 6, 3: 3}[schedule] for schedule in expected]
        bonds = [PROVIDER_BOND * (seat != silent) for seat in range(3)]
        assert at.burnt() == PROVIDER_BOND
        refund = BOND + 3 * FLOOR + TOTAL - sum(pays)
        settled_up(at, [*(pay + bond for pay, bond in zip(pays, bonds, strict=True)), refund])


def test_if_nobody_opens_schedules_go_by_seat_the_worst_first() -> None:
    at = Table(replace(DRAWN, max_min=False)).play_to(OPENING)
    done = at.expired()
    assert done.event("Burnt")["amount"] == 3 * PROVIDER_BOND
    assert at.schedules() == [3, 2, 1]


def test_the_first_of_two_silent_seats_gets_the_worst_schedule() -> None:
    at = Table(replace(DRAWN, max_min=False)).play_to(OPENING)
    went(at.open(1))
    at.expired()
    assert at.schedules() == [3, 1, 2]


def test_a_seat_that_is_not_enrolled_is_passed_over_by_the_draw() -> None:
    """The first seat of three is out, and the second silent."""
    at = Table(replace(DRAWN, max_min=False), posted=bytes([2, 3, 2, 3, 0, 0]))
    went(at.create())
    at.enrol_all(but=[0])
    at.play_to(OPENING)
    went(at.open(2))
    at.expired()
    # Values 11 and 6: the silent seat gets the lesser.
    assert at.schedules() == [0, 3, 2]


def test_of_equal_schedules_that_of_the_lower_seat_comes_first_whenever_they_end() -> None:
    jobs = [Job(0, 2**32 - 1, 5), Job(0, 1, 5), Job(0, 1, 4)]
    at = Table(replace(DRAWN, max_min=False), jobs, bytes([1, 2, 3])).play_to(OPENING)
    at.expired()
    assert at.schedules() == [3, 1, 2]


@pytest.mark.parametrize("repaired", [False, True])
def test_schedules_of_more_than_32_seats_are_ranked_and_drawn_like_others(repaired: bool) -> None:  # noqa: FBT001 - a case
    """One job each, of different values; posted without the least, challenged with it, and nobody opens."""
    many = 33
    order = [(10 * job) % many for job in range(many)]
    full = bytes(seat + 1 for seat in order)
    jobs = [Job(0, 1, job + 1) for job in range(many)]
    parameters = replace(DRAWN, rates=(RATE,) * many, floors=(0,) * many, tolerance=0)
    at = Table(parameters, jobs, b"\0" + full[1:]).play_to(CHALLENGING)
    went(at.challenge(full))
    at.expired()
    went(at.disclose())
    if repaired:
        order[0], order[1] = order[1], order[0]
        went(at.repair(bytes(seat + 1 for seat in order)))
    else:
        at.expired()
    at.expired()
    assert at.schedules() == [seat + 1 for seat in order]
    at.standing = bytes(seat + 1 for seat in order)
    assert went(at.attest()).event("Settled")["pays"] == tuple(RATE * (seat + 1) for seat in range(many))


def test_the_draw_is_about_the_allocation_that_stands() -> None:
    """After a challenge the ranking is the winner's, or the repair's."""
    for repaired in (False, True):
        at = Table(DRAWN).play_to(REPAIRING)
        if repaired:
            at.repaired()
        else:
            at.expired()
            at.standing = FAIREST
        assert at.phase == OPENING
        at.expired()
        # Values 8, 8, 6 and 7, 6, 6: of equal ones the lower seat first.
        assert at.schedules() == ([3, 1, 2] if repaired else [2, 3, 1])


def test_what_is_owed_takes_the_place_of_commitments_and_secrets() -> None:
    """Nothing is left of them, nor of what nobody is owed."""
    at = Table(replace(DRAWN, max_min=False, floors=(0,) * 3)).play_to(OPENING)
    went(at.open(2))
    at.expired()
    sealed = [at.sealed(0), at.sealed(1), bytes(32)]
    assert [at.ask("commitment", at.id, seat) for seat in range(3)] == sealed
    went(at.attest(bytes([CANCELLED] * 6)))
    assert [at.ask("commitment", at.id, seat) for seat in range(3)] == [bytes(32)] * 3
    settled_up(at, [0, 0, PROVIDER_BOND, BOND + TOTAL])


def test_pay_follows_the_draw() -> None:
    at = Table(replace(DRAWN, max_min=False)).play_to(ATTESTING)
    done = went(at.attest(bytes([DONE, DONE, MISSED, DONE, CANCELLED, DONE])))
    by_schedule = {1: 50, 2: 60, 3: FLOOR}
    assert list(done.event("Settled")["pays"]) == [by_schedule[schedule] for schedule in at.schedules()]


def test_every_permutation_is_as_likely() -> None:
    evm = open_backend("revm")
    counts: Counter[tuple[int, ...]] = Counter()
    address = ""
    for k in range(120):
        at = Table(replace(DRAWN, max_min=False), evm=evm)
        at.address = address or at.address
        address, at.salt = at.address, word(1000 + k)
        at.play_to(ATTESTING)
        counts[tuple(at.schedules())] += 1
    assert len(counts) == 6
    p_value = recognition_p_value(list(counts.values()), Counter({(Fraction(1, 6),) * 6: 120}))
    assert p_value is not None
    assert p_value > MIN_P
