"""The course of a market: who may do what when, who is left where, and what nobody can do to others."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from eth_abi.abi import encode

from parley.core.randomness import keccak, word
from parley.mechanisms.screening.certificate import Basic
from parley.mechanisms.screening.parameters import MAX_COST, REMEDIAL, Parameters
from tests.backends import open_backend
from tests.kit.rig.table import refused, went
from tests.screening.certificates import TIE, padded
from tests.screening.on_chain import (
    CHOICES,
    CHOOSING,
    EXAMPLE,
    LAPSED,
    NONE,
    POSTING,
    POSTING_WINDOW,
    SETTLED,
    Table,
    shares_of,
)

STAY = 0

REMEDY = replace(
    EXAMPLE,
    costs=(10, 10, 1, 1, 1, 1),
    status_quo=(6, 6, 6, 6, 6, 6),
    menus=(REMEDIAL, 1, 1),
    endpoints=(14, 0, 0, 14),
)
"""The first agent may give up anything; the others take 4/3 of one task for one of the other."""


def settled_digest(before: bytes, told: dict[str, Any]) -> bytes:
    """The digest of a market that has settled so."""
    return keccak(before + keccak(encode(["uint256", "uint256[]"], [told["denominator"], told["shares"]])))


# ──────────────────────────────────────────────── whole games ───────────────────────────────────────────────


@pytest.mark.parametrize("evm", ["revm", "py-evm"])
def test_a_market_is_created_chosen_in_and_settled(evm: str) -> None:
    at = Table(evm=evm)
    went(at.create())
    agreed = at.digest
    for seat, choice in enumerate(CHOICES):
        done = went(at.choose(seat))
        assert [(event.name, event.args) for event in done.events] == [
            ("Chosen", {"id": at.id, "seat": seat, "choice": choice})
        ]
    assert at.state == (POSTING, at.evm.timestamp + POSTING_WINDOW, 0b111, 0x211)
    chosen = at.digest
    assert chosen == keccak(agreed + word(0x211))
    done = went(at.post())
    assert done.names == ["Posted", "Settled"]
    assert done.event("Posted") == {"id": at.id, "poster": at.evm.accounts[-1].lower()}
    assert shares_of(done) == [Fraction(3, 5), Fraction(2, 5), 1]
    assert (at.phase, at.state[2:]) == (SETTLED, (0b111, 0x211))
    assert at.digest == settled_digest(chosen, done.event("Settled"))


def test_a_market_may_have_one_seat_which_then_keeps_what_it_has() -> None:
    one = replace(EXAMPLE, costs=(1, 3), status_quo=(12, 12), menus=(1,), endpoints=(22, 0))
    at = Table(one, (1,)).play_to(POSTING)
    assert shares_of(went(at.post())) == [0]


def big(seats: int, tasks: int, menu: int, dice: Random) -> Parameters:
    """A market of the largest numbers: remedial menus, or as many rays as there are tasks."""
    held = [dice.randint(2**17, 2**18) for _ in range(seats * tasks)]
    rays = 0 if menu == REMEDIAL else menu
    endpoints = [
        0 if task == given else 2 * held[seat * tasks + task] + dice.randint(1, 2**18)
        for seat in range(seats)
        for given in range(rays)
        for task in range(tasks)
    ]
    costs = [dice.choice([-MAX_COST, MAX_COST, dice.randint(-MAX_COST, MAX_COST)]) for _ in held]
    return replace(
        EXAMPLE,
        tasks=tasks,
        costs=tuple(costs),
        status_quo=tuple(held),
        menus=(menu,) * seats,
        endpoints=tuple(endpoints),
    )


@pytest.mark.parametrize("seats", [16, 64])
@pytest.mark.parametrize("menu", [8, REMEDIAL])
def test_the_largest_market_settles(seats: int, menu: int) -> None:
    """64 seats and 8 tasks: with 512 rays of which 64 are chosen, or 512 columns."""
    dice = Random(menu)
    choices = [1 if menu == REMEDIAL else dice.randint(1, 8) for _ in range(seats)]
    at = Table(big(seats, 8, menu, dice), choices).play_to(POSTING)
    made = at.columns
    assert len(made) == (8 * seats if menu == REMEDIAL else seats)
    done = went(at.post())
    assert shares_of(done) == list(at.certificate().shares(made))


def test_remedial_columns_are_those_of_tasks_that_there_are() -> None:
    status_quo = (0, 6, 6, 6, 6, 6)
    at = Table(replace(REMEDY, status_quo=status_quo), (1, 1, 1)).play_to(POSTING)
    assert [(one.seat, one.change) for one in at.columns] == [(0, (0, -6)), (1, (8, -6)), (2, (-6, 8))]
    nothing = replace(REMEDY, status_quo=(0, 0, *REMEDY.status_quo[2:]))
    alone = Table(nothing, (1, STAY, STAY)).play_to(POSTING)
    assert alone.columns == []
    assert shares_of(went(alone.post())) == []


def test_a_remedial_seat_gives_up_what_others_take() -> None:
    at = Table(REMEDY, (1, 1, 1)).play_to(POSTING)
    shares, made = shares_of(went(at.post())), at.columns
    assert sum(y * column.cost for y, column in zip(shares, made, strict=True)) == -12 * 3
    assert [sum(y * column.change[i] for y, column in zip(shares, made, strict=True)) for i in (0, 1)] == [
        0,
        0,
    ]


# ───────────────────────────────────────────────── choosing ─────────────────────────────────────────────────


def test_a_choice_is_a_set_of_the_seats_menu_or_its_status_quo() -> None:
    at = Table(replace(REMEDY, menus=(REMEDIAL, 1, 0), endpoints=(14, 0)))
    went(at.create())
    for seat, sets in ((0, 1), (1, 1), (2, 0)):
        for choice in (sets + 1, 15, 16, 17, 2**128, 2**256 - 1):
            assert refused(at.choose(seat, choice)) == ("UnknownChoice", choice, sets)
    for seat, choice in ((2, STAY), (0, 1), (1, 1)):
        went(at.choose(seat, choice))
    assert at.state[2:] == (0b111, 0x011)


@pytest.mark.parametrize("rays", [1, 2, 3, 4, 7, 8])
def test_every_ray_of_a_menu_can_be_chosen(rays: int) -> None:
    at = Table(big(3, 8, rays, Random(rays)), (rays, 1, rays))
    went(at.create())
    assert refused(at.choose(0, rays + 1)) == ("UnknownChoice", rays + 1, rays)
    at.choose_all()
    assert [column.seat for column in at.columns] == [0, 1, 2]
    went(at.post())


def test_a_choice_is_final() -> None:
    at = Table()
    went(at.create())
    went(at.choose(1, 2))
    for choice in (STAY, 1, 2):
        assert refused(at.choose(1, choice)) == ("AlreadyChosen", 1)
    went(at.choose(0, STAY))
    assert refused(at.choose(0, 1)) == ("AlreadyChosen", 0)
    assert at.state[2:] == (0b011, 0x020)


def test_refusals_of_a_choice_come_in_their_order() -> None:
    at = Table()
    call = ("choose", at.id, 3, word(1), 9)
    assert refused(at.do(at.seats[0], *call)) == ("WrongPhase", at.id, NONE, CHOOSING)
    went(at.create())
    went(at.choose(0))
    fork = at.evm.snapshot()
    at.to_deadline(past=1)
    assert refused(at.do(at.seats[0], *call)) == ("DeadlinePassed", at.id, at.deadline)
    at.evm.restore(fork)
    assert refused(at.do(at.seats[0], *call)) == ("SeatOutOfRange", 3, 3)
    stranger = at.evm.accounts[-1]
    assert refused(at.do(stranger, "choose", at.id, 0, word(1), 9)) == ("NotTheSeat", 0, stranger.lower())
    assert refused(at.do(at.seats[0], "choose", at.id, 0, word(1), 9)) == ("AlreadyChosen", 0)
    assert refused(at.do(at.seats[1], "choose", at.id, 1, word(1), 9)) == ("StaleDigest", word(1), at.digest)
    assert refused(at.do(at.seats[1], "choose", at.id, 1, at.digest, 9)) == ("UnknownChoice", 9, 2)


def test_a_market_in_which_all_stay_settles_at_once() -> None:
    at = Table(choices=(STAY,) * 3)
    went(at.create())
    agreed = at.digest
    done = at.choose_all()
    assert done.names == ["Chosen", "Settled"]
    assert done.event("Settled") == {"id": at.id, "denominator": 1, "shares": ()}
    assert at.state[0] == SETTLED
    assert at.digest == settled_digest(keccak(agreed + word(0)), done.event("Settled"))
    assert refused(at.post()) == ("WrongPhase", at.id, SETTLED, POSTING)


# ─────────────────────────────────────────────── silent seats ───────────────────────────────────────────────


@pytest.mark.parametrize("absent", [0, 1, 2])
def test_who_does_not_choose_stays(absent: int) -> None:
    at = Table()
    went(at.create())
    done = at.choose_all(but=[absent])
    assert [(event.name, event.args) for event in done.events] == [
        ("Expired", {"id": at.id, "phase": CHOOSING, "silent": 1 << absent})
    ]
    assert at.state[:3] == (POSTING, at.evm.timestamp + POSTING_WINDOW, 0b111 & ~(1 << absent))
    assert absent not in {column.seat for column in at.columns}
    shares = shares_of(went(at.post()))
    assert len(shares) == 2


def test_a_silent_remedial_seat_stays_too() -> None:
    at = Table(REMEDY, (1, 1, 1))
    went(at.create())
    at.choose_all(but=[0])
    assert {column.seat for column in at.columns} == {1, 2}


def test_silence_and_staying_come_to_the_same() -> None:
    at = Table(choices=(1, STAY, 2))
    went(at.create())
    fork = at.evm.snapshot()
    at.choose_all(but=[1])
    silent = at.digest, shares_of(went(at.post()))
    at.evm.restore(fork)
    at.choose_all()
    assert (at.digest, shares_of(went(at.post()))) == silent


def test_a_market_in_which_nobody_chooses_settles_when_it_expires() -> None:
    at = Table()
    went(at.create())
    at.to_deadline(past=1)
    done = went(at.expire())
    assert done.names == ["Expired", "Settled"]
    assert done.event("Expired")["silent"] == 0b111
    assert (at.phase, at.state[2:]) == (SETTLED, (0, 0))


# ────────────────────────────────────────────────── posting ─────────────────────────────────────────────────


def test_anyone_may_post_and_all_come_to_the_same() -> None:
    at = Table().play_to(POSTING)
    fork = at.evm.snapshot()
    ends = set()
    for sender in (at.creator, *at.seats, at.evm.accounts[-1]):
        told = went(at.post(sender=sender)).event("Settled")
        ends.add((at.digest, told["denominator"], told["shares"]))
        at.evm.restore(fork)
        fork = at.evm.snapshot()
    assert len(ends) == 1


def test_a_missed_posting_leaves_all_at_their_status_quo() -> None:
    at = Table().play_to(POSTING)
    chosen, right = at.digest, at.certificate()
    at.to_deadline()
    fork = at.evm.snapshot()
    went(at.post(right))
    at.evm.restore(fork)
    assert refused(at.expire()) == ("DeadlineNotPassed", at.id, at.deadline)
    at.to_deadline(past=1)
    assert refused(at.post(right)) == ("DeadlinePassed", at.id, at.deadline)
    done = went(at.expire())
    assert [(event.name, event.args) for event in done.events] == [
        ("Expired", {"id": at.id, "phase": POSTING, "silent": 0}),
        ("Lapsed", {"id": at.id}),
    ]
    assert (at.phase, at.digest) == (LAPSED, chosen)
    assert refused(at.post(right)) == ("WrongPhase", at.id, LAPSED, POSTING)
    assert refused(at.expire()) == ("WrongPhase", at.id, LAPSED, 0)


def test_refusals_of_a_posting_come_in_their_order() -> None:
    """Those of the certificate itself are in the order of `tests.screening.certificates`."""
    at = Table()
    wrong = TIE.right._replace(denominator=0)
    assert refused(at.do(at.creator, "post", at.id, word(1), wrong)) == ("WrongPhase", at.id, NONE, POSTING)
    at.play_to(POSTING)
    fork = at.evm.snapshot()
    at.to_deadline(past=1)
    assert refused(at.do(at.creator, "post", at.id, word(1), wrong)) == (
        *("DeadlinePassed", at.id, at.deadline),
    )
    at.evm.restore(fork)
    digest = at.digest
    assert refused(at.do(at.creator, "post", at.id, word(1), wrong)) == ("StaleDigest", word(1), digest)
    assert refused(at.post(wrong)) == ("ZeroDenominator",)


def test_a_copied_posting_does_what_the_original_would_have_done() -> None:
    """Whoever copies a posting before it is mined only saves the poster its gas."""
    at = Table().play_to(POSTING)
    data = at.interface.encode("post", at.id, at.digest, at.certificate())
    fork = at.evm.snapshot()
    went(at.send(at.seats[0], data))
    original = at.digest
    at.evm.restore(fork)
    copied = went(at.send(at.evm.accounts[-2], data))
    assert copied.event("Posted")["poster"] == at.evm.accounts[-2].lower()
    assert at.digest == original
    assert refused(at.send(at.seats[0], data)) == ("WrongPhase", at.id, SETTLED, POSTING)


def test_nobody_can_post_less_than_all_the_trade_that_pays() -> None:
    """Shading: half of the right shares, by any basis that allows them."""
    at = Table().play_to(POSTING)
    right = at.certificate()
    halved = tuple(one._replace(share=one.share // 2) for one in right.basis)
    assert refused(at.post(right._replace(basis=halved)))[0] == "NotCleared"
    with_third = (*halved, Basic(2, right.denominator // 2, padded(1, 1)))
    assert refused(at.post(right._replace(basis=with_third)))[0] == "NotBasic"
    assert refused(at.post(right._replace(basis=(), prices=padded())))[0] == "NotCleared"
    went(at.post(right))


def test_nobody_can_favour_one_of_two_equal_seats() -> None:
    """Both would trade with the third, at the same social cost: the first one does, whoever posts."""
    at = Table(*TIE).play_to(POSTING)
    right = at.certificate()
    (first,) = right.basis
    for basis in (
        (first._replace(share=0), Basic(1, right.denominator, first.tie_prices)),
        (Basic(1, right.denominator, first.tie_prices),),
        (first._replace(share=0),),
        (first._replace(share=3), Basic(1, 3, first.tie_prices)),
    ):
        for sender in (at.seats[1], at.creator):
            assert not at.post(right._replace(basis=basis), sender).ok
    assert shares_of(went(at.post(sender=at.seats[1]))) == [1, 0, 1]


# ────────────────────────────────────────────────── others ──────────────────────────────────────────────────


def test_the_creator_keeps_no_power() -> None:
    at = Table()
    went(at.create())
    refusal = ("NotTheSeat", 0, at.creator.lower())
    assert refused(at.do(at.creator, "choose", at.id, 0, at.digest, 1)) == refusal
    assert refused(at.do(at.creator, "expire", at.id))[0] == "DeadlineNotPassed"
    assert refused(at.create()) == ("GameExists", at.id)
    assert refused(at.create(posting_window=9_999)) == ("GameExists", at.id)


def test_a_late_creator_is_not_needed() -> None:
    """It opens the market and is never seen again; what it posts too late counts as anybody's would."""
    at = Table().play_to(POSTING)
    right = at.certificate()
    went(at.post(sender=at.seats[2]))
    at.to_deadline(past=1)
    assert refused(at.post(right, at.creator)) == ("WrongPhase", at.id, SETTLED, POSTING)


def test_a_seat_agrees_to_one_menu_only() -> None:
    """A wrong menu: what a seat has signed for one is worth nothing in a market with another."""
    for changes in (
        {"endpoints": (23, 0, *EXAMPLE.endpoints[2:])},
        {"costs": (1, 4, *EXAMPLE.costs[2:])},
        {"posting_window": POSTING_WINDOW + 1},
    ):
        at = Table()
        fork = at.evm.snapshot()
        went(at.create())
        signed, data = at.digest, at.interface.encode("choose", at.id, 0, at.digest, 1)
        went(at.send(at.seats[0], data))
        at.evm.restore(fork)
        went(at.create(**changes))
        assert refused(at.send(at.seats[0], data)) == ("StaleDigest", signed, at.digest)


def test_what_was_signed_for_one_market_means_nothing_in_another() -> None:
    """Replay: two markets with the same agents and menus."""
    one = Table().play_to(POSTING)
    right = one.interface.encode("post", one.id, one.digest, one.certificate())
    two = Table(evm=one.evm)
    two.address, two.salt = one.address, word(8)
    went(two.create())
    assert two.id != one.id
    assert two.digest == one.parameters.digest()
    two.choices = [1, 2, 2]
    two.choose_all()
    moved = right[:4] + two.id + right[36:]
    assert refused(two.send(two.creator, moved)) == ("StaleDigest", one.digest, two.digest)
    went(one.send(one.creator, right))
    assert refused(one.send(one.creator, right)) == ("WrongPhase", one.id, SETTLED, POSTING)
    assert two.phase == POSTING
    went(two.post())


def test_markets_do_not_touch_each_other() -> None:
    one = Table()
    two = Table(REMEDY, (1, STAY, 1), one.evm)
    two.address, two.salt = one.address, word(8)
    for at in (one, two):
        went(at.create())
    one.choose_all()
    assert two.state[2:] == (0, 0)
    two.choose_all()
    assert one.state[2:] == (0b111, 0x211)
    went(two.post())
    assert (one.phase, two.phase) == (POSTING, SETTLED)
    assert shares_of(went(one.post())) == [Fraction(3, 5), Fraction(2, 5), 1]


def test_a_posting_is_about_the_choices_that_it_was_made_for() -> None:
    """A reorganized chain in which the last seat chooses otherwise, or is silent, refuses it."""
    at = Table()
    went(at.create())
    for seat in (0, 1):
        went(at.choose(seat))
    fork = at.evm.snapshot()
    went(at.choose(2))
    before, right = at.digest, at.interface.encode("post", at.id, at.digest, at.certificate())
    digests = {before}
    for choice in (1, STAY, None):
        at.evm.restore(fork)
        fork = at.evm.snapshot()
        if choice is None:
            at.to_deadline(past=1)
            went(at.expire())
        else:
            went(at.choose(2, choice))
        assert refused(at.send(at.creator, right)) == ("StaleDigest", before, at.digest)
        digests.add(at.digest)
    # Silence and staying come to the same selection.
    assert len(digests) == 3
    at.evm.restore(fork)
    went(at.choose(2))
    went(at.send(at.creator, right))


def test_no_seat_ends_below_nothing_or_with_what_it_did_not_choose() -> None:
    """Whatever is chosen, amounts stay at least zero, all that is given up is taken, and cost never rises."""
    dice = Random(9)
    evm = open_backend("revm")
    for _ in range(40):
        choices = [dice.randint(0, 2) for _ in range(3)]
        if not any(choices):
            continue
        at = Table(replace(EXAMPLE, costs=tuple(dice.randint(-5, 5) for _ in range(6))), choices, evm)
        at.salt = word(dice.getrandbits(64))
        at.play_to(POSTING)
        made = at.columns
        shares = shares_of(went(at.post()))
        ends = {seat: [Fraction(12), Fraction(12)] for seat in range(3)}
        for y, column in zip(shares, made, strict=True):
            assert 0 <= y <= 1
            ends[column.seat] = [x + y * d for x, d in zip(ends[column.seat], column.change, strict=True)]
        assert [sum(row[i] for row in ends.values()) for i in (0, 1)] == [36, 36]
        assert min(min(row) for row in ends.values()) >= 0
        assert sum(y * column.cost for y, column in zip(shares, made, strict=True)) <= 0
        assert all(ends[seat] == [12, 12] for seat in range(3) if not choices[seat])
