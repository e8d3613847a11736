"""The phases of a lottery: who may do what when, both sides of each deadline, and who goes on after one."""

from __future__ import annotations

import pytest

from parley.core.randomness import keccak, unpack_order, word
from parley.mechanisms.assignment.serial_dictatorship import serve
from tests.assignment.on_chain import (
    ACTION_WINDOW,
    BOND,
    CANCELLED,
    CAPACITIES,
    COMMITTING,
    DRAWN,
    EATING,
    NONE,
    OPENING,
    OTHERS,
    POSTING,
    RANKINGS,
    REVEALING,
    SERIAL,
    Table,
    table,
)
from tests.backends import open_backend
from tests.kit.rig.table import refused, went

# ──────────────────────────────────────────────── whole games ───────────────────────────────────────────────


@pytest.mark.parametrize("evm", ["revm", "py-evm"])
def test_serial_dictatorship_runs_on_chain_from_beginning_to_end(evm: str) -> None:
    at = table(SERIAL, evm)
    assert at.commit_all().names == ["Committed"]
    assert at.state == (REVEALING, 0, at.evm.timestamp + ACTION_WINDOW, 0b111, 0, 0, 0)
    done = at.reveal_all()
    assert done.names == ["Revealed", "OrderDrawn", "Assigned"]
    order = unpack_order(done.event("OrderDrawn")["order"], 3)
    assert sorted(order) == [0, 1, 2]
    assert at.assignment() == serve(at.problem, order)
    assert tuple(done.event("Assigned")["assignment"]) == tuple(at.ask("assignmentOf", at.id))
    assert at.state[:2] == (DRAWN, NONE)
    assert at.state[3:] == (0b111, 0b111, 0, 0)


@pytest.mark.parametrize("rule", OTHERS)
@pytest.mark.parametrize("evm", ["revm", "py-evm"])
def test_other_rules_are_posted_verified_and_drawn(rule: str, evm: str) -> None:
    at = table(rule, evm)
    at.commit_all()
    assert at.reveal_all().names == ["Revealed"]
    assert at.state == (POSTING, 0, at.evm.timestamp + ACTION_WINDOW, 0b111, 0b111, 0, 0)
    certificate = at.certificate()
    posted = went(at.post(certificate))
    assert posted.names == ["Posted"]
    digest = keccak(certificate.encoded())
    assert posted.events[0].args == {
        "id": at.id,
        "poster": at.creator.lower(),
        "digest": digest,
        "terms": certificate.terms,
    }
    assert at.state == (OPENING, 0, at.evm.timestamp + ACTION_WINDOW, 0b111, 0b111, 0, 0)
    done = at.open_all()
    assert done.names == ["Opened", "TermDrawn", "Assigned"]
    term = done.event("TermDrawn")["term"]
    assert term == certificate.term(done.event("TermDrawn")["number"])
    assert at.assignment() == certificate.assignment(term)
    assert at.state[0] == DRAWN
    assert at.state[3:] == (0b111, 0b111, 0b111, 0)


@pytest.mark.parametrize("rule", [SERIAL, *OTHERS])
@pytest.mark.parametrize("seats", [1, 2])
def test_one_seat_or_two_are_enough(rule: str, seats: int) -> None:
    at = Table([(0,)] * seats, [1], rule).play_to(DRAWN)
    assert sorted(at.assignment(), key=str) == [0, None][:seats]


def test_the_largest_lottery_is_drawn() -> None:
    """64 seats, 64 items, whole rankings: in words of both halves."""
    rankings = [tuple((i * (1 + i % 3) + o) % 64 for o in range(64)) for i in range(64)]
    at = Table(rankings, [1] * 64, SERIAL).play_to(DRAWN)
    got = at.assignment()
    assert sorted(item for item in got if item is not None) == list(range(64))
    assert all(tuple(at.ask("rankingOf", at.id, seat)) == rankings[seat] for seat in (0, 31, 32, 63))


@pytest.mark.parametrize(("agents", "items"), [(64, 5), (34, 15), (26, 23), (19, 40), (10, 64)])
def test_the_largest_posted_lotteries_are_drawn(agents: int, items: int) -> None:
    """In words of both halves, of seats or of items."""
    rankings = [tuple((i * (1 + i % 3) + o) % items for o in range(items)) for i in range(agents)]
    at = Table(rankings, [-(-agents // items)] * items, EATING).play_to(OPENING)
    certificate = at.certificate()
    done = at.open_all()
    assert at.assignment() == certificate.assignment(done.event("TermDrawn")["term"])
    assert all(tuple(at.ask("rankingOf", at.id, seat)) == rankings[seat] for seat in (0, agents - 1))


@pytest.mark.parametrize("rule", [SERIAL, *OTHERS])
def test_capacities_may_be_nothing_or_more_than_enough(rule: str) -> None:
    at = Table([(0, 1), (0, 1, 2), (1, 0)], [0, 2**32 - 1, 5], rule).play_to(DRAWN)
    assert at.assignment() == (1, 1, 1)


@pytest.mark.parametrize("rule", [SERIAL, *OTHERS])
def test_nobody_gets_what_it_has_not_ranked(rule: str) -> None:
    at = Table([(), (2,), ()], [1, 1, 1], rule).play_to(DRAWN)
    assert at.assignment() == (None, 2, None)
    assert at.ask("rankingOf", at.id, 0) == b""
    assert at.ask("rankingOf", at.id, 1) == b"\2"


# ───────────────────────────────────────────────── deadlines ────────────────────────────────────────────────


@pytest.mark.parametrize("phase", [COMMITTING, REVEALING, POSTING, OPENING])
def test_a_phase_in_which_nobody_acts_cancels_the_lottery(phase: int) -> None:
    at = table(phase=phase)
    at.to_deadline(past=1)
    done = went(at.expire())
    assert done.names == ["Expired", "Cancelled"]
    silent = 0b111 if phase in (REVEALING, OPENING) else 0
    assert done.event("Expired") == {"id": at.id, "phase": phase, "silent": silent}
    assert done.event("Cancelled") == {"id": at.id, "phase": phase}
    assert at.state[:2] == (CANCELLED, phase)
    assert at.ask("burnt") == silent.bit_count() * BOND


def test_a_late_expiry_gives_the_next_phase_its_whole_window() -> None:
    at = table()
    went(at.commit(0))
    at.to_deadline(past=1000)
    went(at.expire())
    assert at.state == (REVEALING, 0, at.evm.timestamp + ACTION_WINDOW, 1, 0, 0, 0)


# ──────────────────────────────────────────────── silent seats ──────────────────────────────────────────────


@pytest.mark.parametrize("rule", [SERIAL, *OTHERS])
@pytest.mark.parametrize("absent", [0, 1, 2])
def test_who_does_not_commit_is_left_out_and_not_blamed(rule: str, absent: int) -> None:
    at = table(rule)
    done = at.commit_all(but=[absent])
    assert done.names == ["Expired"]
    assert done.event("Expired") == {"id": at.id, "phase": COMMITTING, "silent": 0}
    at.reveal_all()
    if rule != SERIAL:
        went(at.post(at.certificate()))
        at.open_all()
    got = at.assignment()
    assert at.phase == DRAWN
    assert got[absent] is None
    assert all(item is not None for seat, item in enumerate(got) if seat != absent)
    assert at.ask("burnt") == 0


@pytest.mark.parametrize("rule", [SERIAL, *OTHERS])
@pytest.mark.parametrize("absent", [0, 1, 2])
def test_who_does_not_reveal_is_left_out_and_loses_its_bond(rule: str, absent: int) -> None:
    at = table(rule, phase=REVEALING)
    done = at.reveal_all(but=[absent])
    draw = ["OrderDrawn", "Assigned"] if rule == SERIAL else []
    assert done.names == ["Expired", *draw]
    assert done.event("Expired") == {"id": at.id, "phase": REVEALING, "silent": 1 << absent}
    if rule == SERIAL:
        order = unpack_order(done.event("OrderDrawn")["order"], 3)
        assert sorted(order) == [0, 1, 2]  # the silent one stands in it, and is passed over
    else:
        went(at.post(at.certificate()))
        at.open_all()
    assert at.phase == DRAWN
    assert at.assignment()[absent] is None
    assert at.ask("burnt") == BOND


@pytest.mark.parametrize("rule", OTHERS)
@pytest.mark.parametrize("absent", [0, 1, 2])
def test_who_does_not_open_forfeits_its_item_and_its_bond(rule: str, absent: int) -> None:
    at = table(rule, phase=OPENING)
    certificate = at.certificate()
    done = at.open_all(but=[absent])
    assert done.names == ["Expired", "TermDrawn", "Assigned"]
    assert done.event("Expired") == {"id": at.id, "phase": OPENING, "silent": 1 << absent}
    term = certificate.assignment(done.event("TermDrawn")["term"])
    expected = tuple(None if seat == absent else item for seat, item in enumerate(term))
    assert at.assignment() == expected
    assert at.ask("burnt") == BOND


def test_somebody_may_be_silent_in_each_phase() -> None:
    at = Table([(0, 1, 2, 3)] * 4, [1] * 4, EATING)
    went(at.create())
    at.commit_all(but=[3])
    at.reveal_all(but=[1])
    certificate = at.certificate()
    assert certificate.matrix[4:8] == certificate.matrix[12:] == (0,) * 4
    went(at.post(certificate))
    at.open_all(but=[0])
    got = at.assignment()
    assert got[0] is got[1] is got[3] is None
    assert got[2] in (0, 1)
    assert at.ask("burnt") == 2 * BOND
    assert at.state[3:] == (0b0111, 0b0101, 0b0100, 0)


def test_an_empty_report_is_not_silence() -> None:
    at = Table([(), ()], [1], EATING).play_to(REVEALING)
    went(at.reveal(0))
    assert at.state[4] == 0b01
    assert refused(at.reveal(0)) == ("AlreadyRevealed", 0)
    went(at.reveal(1))
    went(at.post(at.certificate()))
    assert at.open_all().names == ["Opened", "TermDrawn", "Assigned"]
    assert at.assignment() == (None, None)
    went(at.withdraw(0))


def test_lotteries_do_not_touch_each_other() -> None:
    """Two lotteries of one contract, in step: each has its own seats, reports, terms and bonds."""
    evm = open_backend("revm")
    one = Table(RANKINGS, CAPACITIES, EATING, evm)
    two = Table(RANKINGS[::-1], CAPACITIES, SERIAL, evm)
    two.address, two.salt = one.address, word(8)
    for at in (one, two):
        went(at.create())
    one.commit_all()
    assert two.state[3] == 0
    two.commit_all(but=[0])
    two.reveal_all()
    assert two.phase == DRAWN
    assert one.state[0] == REVEALING
    assert one.ask("rankingOf", one.id, 2) == b""
    assert two.balance == 5 * BOND
    for seat in (1, 2):
        went(two.withdraw(seat))
    assert refused(two.withdraw(0)) == ("NothingToWithdraw", 0)
    assert refused(one.withdraw(0)) == ("WrongPhase", one.id, REVEALING, DRAWN)
    assert one.balance == 3 * BOND
