"""What a seat commits to and opens, and what is posted: as it was sealed, once, and bound to its seat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parley.core.randomness import commitment, keccak, word
from tests.assignment.on_chain import (
    BOSTON,
    EATING,
    OTHERS,
    POSTING,
    RANKINGS,
    REVEALING,
    SERIAL,
    Table,
    table,
)
from tests.kit.rig.table import Done, refused, went

if TYPE_CHECKING:
    from parley.mechanisms.assignment.certificate import Order


def test_a_report_is_opened_as_it_was_committed_to() -> None:
    at = table(phase=REVEALING)
    other = keccak(b"other")

    def reveal(secret: bytes, ranking: bytes) -> Done:
        return at.do(at.seats[0], "reveal", at.id, 0, at.digest, secret, ranking, at.next_sealed(0))

    sealed = at.sealed(0)
    assert refused(reveal(bytes(32), bytes(RANKINGS[0]))) == ("ZeroSecret",)
    for secret, ranking in (
        (other, bytes(RANKINGS[0])),
        (at.secret(0), bytes((1, 0, 2))),
        (at.secret(0), bytes((0, 1))),
        (at.secret(0), b""),
    ):
        assert refused(reveal(secret, ranking)) == ("WrongSecret", 0, sealed)
    digest = at.digest
    done = went(reveal(at.secret(0), bytes(RANKINGS[0])))
    assert done.events[0].args == {
        "id": at.id,
        "seat": 0,
        "secret": at.secret(0),
        "ranking": bytes(RANKINGS[0]),
        "nextCommitment": at.next_sealed(0),
    }
    assert at.digest == digest  # until all have revealed
    assert at.ask("rankingOf", at.id, 0) == bytes(RANKINGS[0])
    assert at.ask("commitment", at.id, 0) == at.next_sealed(0)
    assert refused(reveal(bytes(32), b"")) == ("AlreadyRevealed", 0)


BAD_REPORTS: dict[str, tuple[Order, tuple[object, ...]]] = {
    "too long": ((0, 1, 2, 0), ("RankingTooLong", 4, 3)),
    "an item that there is not": ((0, 3), ("UnknownItem", 1, 3, 3)),
    "the largest byte": ((255,), ("UnknownItem", 0, 255, 3)),
    "an item twice": ((0, 1, 0), ("ItemRankedTwice", 2, 0)),
    "an item twice in a row": ((2, 2), ("ItemRankedTwice", 1, 2)),
    "the first fault counts": ((1, 1, 7), ("ItemRankedTwice", 1, 1)),
}


@pytest.mark.parametrize("title", BAD_REPORTS)
@pytest.mark.parametrize("rule", [SERIAL, EATING])
def test_a_report_that_is_no_ranking_cannot_be_opened(title: str, rule: str) -> None:
    ranking, error = BAD_REPORTS[title]
    at = table(rule)
    for seat in range(3):
        went(at.commit(seat, at.sealed(seat, ranking)))
    assert refused(at.reveal(0, ranking)) == error


def test_rankings_of_more_than_a_word_are_checked_beyond_it() -> None:
    good = tuple(range(63, 0, -1))
    at = Table([good, (0,)], [1] * 64, SERIAL)
    went(at.create())
    went(at.commit(0, at.sealed(0, (*good, 40))))
    went(at.commit(1))
    assert refused(at.reveal(0, (*good, 40))) == ("ItemRankedTwice", 63, 40)
    went(at.reveal(1))
    at.salt = word(8)
    went(at.create())
    at.commit_all()
    at.reveal_all()
    assert tuple(at.ask("rankingOf", at.id, 0)) == good


def test_a_second_secret_is_committed_to_where_there_is_one() -> None:
    for rule, given, error in (
        (SERIAL, keccak(b"fresh"), ("UnwantedCommitment", keccak(b"fresh"))),
        (EATING, bytes(32), ("ZeroCommitment",)),
    ):
        at = table(rule, phase=REVEALING)
        args = (at.id, 0, at.digest, at.secret(0), bytes(RANKINGS[0]), given)
        assert refused(at.do(at.seats[0], "reveal", *args)) == error
        went(at.reveal(0))


def test_who_has_not_committed_cannot_reveal_and_who_has_not_revealed_cannot_open() -> None:
    at = table()
    at.commit_all(but=[1])
    assert refused(at.reveal(1)) == ("NotCommitted", 1)
    at.reveal_all(but=[2])
    assert at.phase == POSTING
    went(at.post(at.certificate()))
    for seat in (1, 2):
        assert refused(at.open(seat)) == ("NotRevealed", seat)


def test_a_copied_second_commitment_opens_to_nothing() -> None:
    at = table(phase=REVEALING)
    went(at.reveal(0))
    went(at.reveal(1))
    args = (at.id, 2, at.digest, at.secret(2), bytes(RANKINGS[2]), at.next_sealed(0))
    went(at.do(at.seats[2], "reveal", *args))
    went(at.post(at.certificate()))
    went(at.open(0))
    stolen = at.do(at.seats[2], "open", at.id, 2, at.digest, at.secret(0, 2))
    assert refused(stolen) == ("WrongSecret", 2, at.next_sealed(0))


@pytest.mark.parametrize("rule", OTHERS)
def test_only_the_organizer_posts_unless_there_is_but_one_right_matrix(rule: str) -> None:
    at = table(rule, phase=POSTING)
    stranger = at.evm.accounts[-1]
    done = at.post(at.certificate(), stranger)
    if rule == EATING:
        assert went(done).event("Posted")["poster"] == stranger.lower()
    else:
        assert refused(done) == ("NotTheOrganizer", stranger.lower(), at.creator.lower())
        went(at.post(at.certificate()))


def test_a_posting_names_what_has_been_revealed_and_becomes_part_of_the_digest() -> None:
    at = table(BOSTON, phase=REVEALING)
    created = at.digest
    at.reveal_all()
    assert at.phase == POSTING
    certificate = at.certificate()
    stale = at.do(at.creator, "post", at.id, created, tuple(certificate))
    assert refused(stale) == ("StaleDigest", created, at.digest)
    codes = b"".join(
        bytes(item + 1 for item in order)[::-1].rjust(32, b"\0") + bytes(32) for order in RANKINGS
    )
    digest = keccak(created + keccak(codes) + b"".join(map(at.next_sealed, range(3))))
    assert at.digest == digest
    went(at.post(certificate))
    assert at.digest == keccak(digest + keccak(certificate.encoded()))


def test_a_commitment_is_shown_until_it_is_opened() -> None:
    at = table(SERIAL, phase=REVEALING)
    assert at.ask("commitment", at.id, 1) == at.sealed(1)
    went(at.reveal(1))
    assert at.ask("commitment", at.id, 1) == bytes(32)
    assert at.sealed(1) == commitment(at.id, 1, keccak(at.secret(1) + bytes(RANKINGS[1])))
