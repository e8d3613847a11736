"""Max-min fairness on chain: what challenges can show, and what nobody gains by them."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from parley.core.randomness import keccak, word
from tests.guarantees.on_chain import (
    ALONE,
    ATTESTING,
    BOND,
    CHALLENGE_BOND,
    CHALLENGING,
    DISCLOSING,
    FAIRER,
    FAIREST,
    FLOOR,
    LAZY,
    MAX_MIN,
    MOST,
    RATE,
    REPAIRING,
    Table,
)
from tests.kit.rig.table import refused, went

SALT = b"s" * 32


def challenged(*allocations: bytes, tolerance: int = 5, floor: int = FLOOR) -> Table:
    """A dispatch that was posted lazily, and challenged by so many."""
    at = Table(replace(MAX_MIN, tolerance=tolerance, floors=(floor,) * 3)).play_to(CHALLENGING)
    for k, allocation in enumerate(allocations):
        went(at.challenge(allocation, at.evm.accounts[-3 - k]))
    at.expired()
    return at


def test_challenges_are_refused_in_order_and_as_many_as_come_are_taken() -> None:
    at = Table().play_to(CHALLENGING)
    call = ("challenge", at.id)
    stale = ("StaleDigest", word(1), at.digest)
    assert refused(at.do(at.stranger, *call, word(1), bytes(32))) == stale
    assert refused(at.do(at.stranger, *call, at.digest, bytes(32))) == ("ZeroCommitment",)
    for paid in (0, CHALLENGE_BOND - 1, CHALLENGE_BOND + 1):
        assert refused(at.challenge(FAIREST, value=paid)) == ("WrongDeposit", paid, CHALLENGE_BOND)
    for k in range(70):
        assert went(at.challenge(FAIREST)).event("Challenged")["challenge"] == k
    assert at.state.challenges == 70
    assert at.ask("challengeOf", at.id, 69)[0] == at.evm.accounts[-3].lower()
    assert at.ask("challengeOf", at.id, 70) == ("0x" + "00" * 20, bytes(32))


def test_disclosures_are_refused_in_order() -> None:
    at = challenged(FAIREST, FAIRER)
    one = at.challengers[0]
    args = (word(1), b"", b"", word(0))
    assert refused(at.do(at.stranger, "disclose", at.id, 2, *args)) == ("UnknownChallenge", 2, 2)
    other = ("NotTheChallenger", 1, one.lower())
    assert refused(at.do(one, "disclose", at.id, 1, *args)) == other
    assert refused(at.disclose(digest=word(1), salt=word(0))) == ("StaleDigest", word(1), at.digest)
    wrong = ("WrongDisclosure", 0, at.claim(one, FAIREST))
    assert refused(at.disclose(salt=word(0), jobs=b"")) == wrong
    assert refused(at.disclose(allocation=FAIRER, jobs=b"")) == wrong
    assert refused(at.disclose(jobs=b"")) == ("WrongJobs", keccak(b""), keccak(at.jobs))
    went(at.disclose())
    assert at.ask("challengeOf", at.id, 0) == (one.lower(), bytes(32))
    assert refused(at.disclose(digest=word(1))) == ("AlreadyDisclosed", 0)


@pytest.mark.parametrize(
    ("allocation", "error"),
    [
        (bytes(5), ("AllocationLengthMismatch", 5, 6)),
        (bytes([1, 1, 0, 0, 0, 0]), ("Overlap", 1, 0, 1, 2)),
        (bytes([4, 0, 0, 0, 0, 0]), ("HolderNotEnrolled", 0, 3)),
        (ALONE, ("FloorBroken", 1, 0, FLOOR)),
        (LAZY, ("NotFairer", 3 * RATE, 3 * RATE + 5)),
    ],
)
def test_what_is_disclosed_is_checked_as_if_it_were_posted(
    allocation: bytes, error: tuple[object, ...]
) -> None:
    at = challenged(allocation)
    assert refused(at.disclose()) == error
    assert at.expired().names == ["Expired", "Burnt"]
    assert at.phase == ATTESTING


def test_the_tolerance_is_exceeded_by_a_wei_or_not_at_all() -> None:
    """Values are whole: the fairest leaves 30 wei more."""
    went(challenged(FAIREST, tolerance=29).disclose())
    assert refused(challenged(FAIREST, tolerance=30).disclose()) == ("NotFairer", 60, 60)


def test_an_allocation_as_fair_as_the_posted_one_is_no_reason_even_without_tolerance() -> None:
    at = challenged(LAZY, tolerance=0)
    assert refused(at.disclose()) == ("NotFairer", 3 * RATE, 3 * RATE)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_fairest_wins_and_of_equal_ones_the_earlier_whatever_the_order_of_disclosure(
    order: tuple[int, ...],
) -> None:
    at = challenged(FAIRER, FAIREST, MOST)
    for challenge in order:
        went(at.disclose(challenge))
    assert at.state.winner == 2
    assert (at.state.least, at.state.fairest) == (3 * RATE, 6 * RATE)
    assert at.phase == REPAIRING
    at.expired()
    assert at.state.allocation == keccak(FAIREST)


def test_a_copy_does_not_hinder_its_original_and_loses_its_bond() -> None:
    at = Table().play_to(CHALLENGING)
    original, copier = at.evm.accounts[-3], at.evm.accounts[-4]
    sealed = at.claim(original, FAIREST)
    went(at.do(copier, "challenge", at.id, at.digest, sealed, value=CHALLENGE_BOND))
    at.challengers.append(copier)
    at.claimed.append(FAIREST)
    went(at.challenge(FAIREST, original))
    at.expired()
    # The copier even sees the original's disclosure before it is mined.
    assert refused(at.disclose(0)) == ("WrongDisclosure", 0, sealed)
    went(at.disclose(1))
    at.emitted(
        at.expired(),
        ("Expired", DISCLOSING, 0),
        ("Upheld", 1, BOND // 2),
        ("Burnt", CHALLENGE_BOND + BOND - BOND // 2),
    )


def test_who_challenges_for_the_option_alone_loses_its_bond() -> None:
    at = challenged(FAIREST)
    at.emitted(at.expired(), ("Expired", DISCLOSING, 0), ("Burnt", CHALLENGE_BOND))
    assert at.phase == ATTESTING
    went(at.attest())
    assert at.owed()[3:] == [BOND + 3 * FLOOR + 20, 0]


def test_a_challenge_does_not_make_another_stale() -> None:
    at = Table().play_to(CHALLENGING)
    before = at.digest
    went(at.challenge(FAIRER))
    assert at.digest == before
    went(at.challenge(FAIREST, at.evm.accounts[-4]))


def test_a_disclosure_is_about_the_challenges_that_there_are() -> None:
    """On a reorganized chain with another challenge more, what was signed is refused."""
    digests = set()
    for others in ((), (LAZY,), (FAIRER,), (FAIRER, FAIRER)):
        at = challenged(FAIREST, *others)
        digests.add(at.digest)
    assert len(digests) == 4


def test_a_repair_is_at_least_as_fair_as_the_winner_and_nobody_elses() -> None:
    at = challenged(FAIREST)
    went(at.disclose())
    for sender in (at.stranger, at.challengers[0], at.registrar):
        expected = ("NotTheDispatcher", sender.lower(), at.creator.lower())
        assert refused(at.repair(MOST, sender)) == expected
    args = (at.id, word(1), at.jobs, MOST)
    assert refused(at.do(at.creator, "repair", *args)) == ("StaleDigest", word(1), at.digest)
    args = (at.id, at.digest, b"", MOST)
    assert refused(at.do(at.creator, "repair", *args)) == ("WrongJobs", keccak(b""), keccak(at.jobs))
    assert refused(at.repair(b"")) == ("AllocationLengthMismatch", 0, 6)
    assert refused(at.repair(FAIRER)) == ("LessFair", 5 * RATE, 6 * RATE)
    assert refused(at.repair(bytes([1, 1, 0, 0, 0, 0]))) == ("Overlap", 1, 0, 1, 2)
    assert refused(at.repair(ALONE)) == ("FloorBroken", 1, 0, FLOOR)
    went(at.repair(FAIREST))  # as fair to the wei


def test_a_repair_keeps_the_challenger_from_wasting_value() -> None:
    """The winner's allocation leaves a job out; the dispatcher's is as fair, and does not."""
    at = challenged(FAIREST)
    went(at.disclose())
    at.repaired()
    assert went(at.attest()).event("Settled")["pays"] == (8 * RATE, 8 * RATE, 6 * RATE)


def test_without_a_repair_the_winners_allocation_stands() -> None:
    at = challenged(FAIREST)
    went(at.disclose())
    at.emitted(at.expired(), ("Expired", REPAIRING, 0))
    at.standing = FAIREST
    assert went(at.attest()).event("Settled")["pays"] == (7 * RATE, 6 * RATE, 6 * RATE)


def test_a_dispatcher_that_challenges_itself_still_loses_half_its_bond() -> None:
    at = Table().play_to(CHALLENGING)
    went(at.challenge(FAIREST, at.creator))
    at.expired()
    went(at.disclose())
    at.repaired()
    went(at.attest())
    left = 3 * FLOOR + sum(at.job_list[k].value for k in range(6)) * RATE - 22 * RATE
    assert at.owed()[3:] == [left, CHALLENGE_BOND + BOND // 2]
    assert at.burnt() == BOND - BOND // 2
