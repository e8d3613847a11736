"""A chain that is reorganized: whatever a seat has signed means the same in the other world, or fails."""

from parley.core.randomness import keccak, seed, uniform, word
from parley.mechanisms.assignment.certificate import Certificate
from tests.assignment.on_chain import (
    BOSTON,
    EATING,
    OPENING,
    POSTING,
    REVEALING,
    SERIAL,
    Table,
    interface,
    table,
)
from tests.kit.rig.table import Done, refused, went


def reordered(certificate: Certificate) -> Certificate:
    """The same lottery with its terms in another order."""
    n = certificate.agents
    rows = [certificate.assignments[k * n : (k + 1) * n] for k in range(certificate.terms)]
    return certificate._replace(weights=certificate.weights[::-1], assignments=b"".join(reversed(rows)))


def opening_of(at: Table, seat: int) -> bytes:
    """What a seat signs to open its second secret."""
    return interface().encode("open", at.id, seat, at.digest, at.secret(seat, 2))


def test_an_opening_is_about_one_posting() -> None:
    """The attack: the poster sees the secrets that were opened, and posts anew in the order that suits it."""
    for rule in (EATING, BOSTON):
        at = Table([(0, 1, 2, 3)] * 4, [1] * 4, rule).play_to(POSTING)
        certificate = at.certificate()
        other = reordered(certificate)
        assert other != certificate
        fork = at.evm.snapshot()
        went(at.post(certificate))
        first = at.digest
        signed = [(at.seats[seat], opening_of(at, seat)) for seat in range(4)]
        at.evm.restore(fork)
        went(at.post(other))
        for sender, data in signed:
            assert refused(at.send(sender, data)) == ("StaleDigest", first, at.digest)
        assert at.phase == OPENING


def test_the_same_secrets_after_another_posting_are_another_draw() -> None:
    at = Table([(0, 1, 2, 3)] * 4, [1] * 4, EATING).play_to(POSTING)
    certificate = at.certificate()
    fork = at.evm.snapshot()
    digests = set()
    for posted in (certificate, reordered(certificate)):
        went(at.post(posted))
        digests.add(at.digest)
        expected = seed(b"term", at.id, at.digest, [at.secret(seat, 2) for seat in range(4)])
        done = at.open_all()
        assert done.event("TermDrawn")["number"] == uniform(expected, 0, posted.denominator)
        at.evm.restore(fork)
        fork = at.evm.snapshot()
    assert len(digests) == 2


def revealed(at: Table, seat: int) -> Done:
    return went(at.reveal(seat))


def test_a_reveal_is_about_who_has_committed() -> None:
    at = table(SERIAL)
    went(at.commit(0))
    fork = at.evm.snapshot()
    digests = set()
    for others in ([1], [2], []):
        for seat in others:
            went(at.commit(seat))
        at.to_deadline(past=1)
        went(at.expire())
        digests.add(at.digest)
        at.evm.restore(fork)
        fork = at.evm.snapshot()
    assert len(digests) == 3


def test_a_posting_is_about_reports_and_second_commitments() -> None:
    at = table(EATING, phase=REVEALING)
    fork = at.evm.snapshot()
    digests = set()
    signed = b""
    for second in (at.next_sealed(2), keccak(b"another")):
        revealed(at, 0)
        revealed(at, 1)
        args = (at.id, 2, at.digest, at.secret(2), bytes(at.rankings[2]), second)
        went(at.do(at.seats[2], "reveal", *args))
        digests.add(at.digest)
        signed = interface().encode("post", at.id, at.digest, tuple(at.certificate()))
        at.evm.restore(fork)
        fork = at.evm.snapshot()
    assert len(digests) == 2
    at.reveal_all()
    assert refused(at.send(at.creator, signed))[0] == "StaleDigest"


def test_an_empty_report_is_not_an_absent_one_in_the_digest() -> None:
    digests = set()
    for but in ([], [1]):
        at = Table([(0,), ()], [1], EATING)
        at.salt = word(9)
        went(at.create())
        at.commit_all()
        at.reveal_all(but=but)
        digests.add(at.digest)
    assert len(digests) == 2
