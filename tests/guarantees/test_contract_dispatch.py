"""The course of a dispatch: who may do what when, and what is refused, in which order."""

from __future__ import annotations

from dataclasses import astuple, replace
from typing import TYPE_CHECKING, Any

import pytest
from eth_abi.abi import encode

from parley.core.limits import MAX_SEATS, MAX_WINDOW, MIN_WINDOW
from parley.core.randomness import keccak, word
from parley.kit.reference import Revert
from parley.mechanisms.guarantees.packed import MAX_DEPOSIT, MAX_JOBS, Job, pack_jobs
from parley.mechanisms.guarantees.parameters import check, encode_parameters
from tests.guarantees.on_chain import (
    ACTION_WINDOW,
    ALONE,
    ATTEST_WINDOW,
    ATTESTING,
    BOND,
    CHALLENGING,
    CONCEDED,
    DISCLOSING,
    DRAWN,
    ENROL_WINDOW,
    ENROLLING,
    FAIRER,
    FAIREST,
    FLOOR,
    FLOORS,
    JOBS,
    LAPSED,
    LAZY,
    MAX_MIN,
    MOST,
    NONE,
    OPENING,
    POSTING,
    PROVIDER_BOND,
    RATE,
    REGISTERING,
    REPAIRING,
    SETTLED,
    VALUE,
    Table,
)
from tests.guarantees.suite import UNREACHED
from tests.kit.rig.table import Done, refused, went

if TYPE_CHECKING:
    from collections.abc import Callable

PARAMETERS_TYPE = (
    "(address[],address,uint64[],uint96[],bool,uint96,bool,uint96,uint96,uint96,uint32,uint32,uint32)"
)

ACTS: dict[str, tuple[int, Callable[[Table], Done]]] = {
    "enrol": (ENROLLING, lambda at: at.enrol(0)),
    "register": (REGISTERING, lambda at: at.register()),
    "post": (POSTING, lambda at: at.post()),
    "concede": (POSTING, lambda at: at.concede()),
    "challenge": (CHALLENGING, lambda at: at.challenge(FAIREST)),
    "disclose": (DISCLOSING, lambda at: at.disclose()),
    "repair": (REPAIRING, lambda at: at.repair(MOST)),
    "open": (OPENING, lambda at: at.open(0)),
    "attest": (ATTESTING, lambda at: at.attest()),
}


# ───────────────────────────────────────────────── whole games ──────────────────────────────────────────────


@pytest.mark.parametrize("evm", ["revm", "py-evm"])
def test_a_dispatch_goes_through_all_its_phases(evm: str) -> None:
    at = Table(DRAWN, evm=evm)
    p = at.parameters
    at.emitted(at.create(), ("Created", at.creator.lower(), at.salt, p.digest(), astuple(p)))
    for seat in range(3):
        at.emitted(at.enrol(seat), ("Enrolled", seat, at.sealed(seat)))
    enrolled = at.digest
    assert enrolled == keccak(p.digest() + b"".join(map(at.sealed, range(3))))
    at.emitted(at.register(), ("Registered", keccak(at.jobs), len(JOBS), VALUE))
    registered = at.digest
    assert registered == keccak(enrolled + keccak(at.jobs))
    at.emitted(at.post(), ("Posted", keccak(LAZY), 3 * RATE))
    posted = at.digest
    assert posted == keccak(registered + keccak(LAZY))
    who = at.evm.accounts[-3]
    sealed = at.claim(who, FAIREST)
    at.emitted(at.challenge(FAIREST), ("Challenged", 0, who.lower(), sealed))
    assert at.digest == posted
    at.emitted(at.expired(), ("Expired", CHALLENGING, 0))
    challenged = at.digest
    chain = keccak(encode(["bytes32", "address", "bytes32"], [bytes(32), who, sealed]))
    assert challenged == keccak(posted + chain)
    at.emitted(
        at.disclose(),
        ("Disclosed", 0, keccak(FAIREST), 6 * RATE),
        ("Upheld", 0, BOND // 2),
        ("Burnt", BOND - BOND // 2),
    )
    upheld = at.digest
    assert upheld == keccak(challenged + word(0) + keccak(FAIREST))
    at.emitted(at.repair(MOST), ("Repaired", keccak(MOST), 6 * RATE))
    at.standing = MOST
    repaired = at.digest
    assert repaired == keccak(upheld + keccak(MOST))
    for seat in range(2):
        at.emitted(at.open(seat), ("Opened", seat, at.secret(seat)))
    done = at.open(2)
    schedules = at.state.schedules
    at.emitted(done, ("Opened", 2, at.secret(2)), ("Drawn", schedules))
    assert sorted(at.schedules()) == [1, 2, 3]
    drawn = at.digest
    assert drawn == keccak(repaired + b"".join(map(word, schedules)))
    assert at.state[:3] == (ATTESTING, NONE, at.evm.timestamp + ATTEST_WINDOW)
    pays = tuple(RATE * [8, 8, 6][schedule - 1] for schedule in at.schedules())
    refund = 3 * FLOOR + RATE * VALUE - sum(pays)
    statuses = bytes(len(JOBS))
    at.emitted(at.attest(), ("Attested", keccak(statuses)), ("Settled", pays, refund))
    assert at.digest == keccak(drawn + b"".join(map(word, pays)))
    assert at.phase == SETTLED


def test_phases_in_which_there_is_nothing_to_do_are_left_out() -> None:
    for parameters, after in ((FLOORS, ATTESTING), (replace(DRAWN, max_min=False), OPENING)):
        at = Table(parameters).play_to(POSTING)
        went(at.post())
        assert at.phase == after
    at = Table().play_to(CHALLENGING)
    assert at.expired().names == ["Expired"]
    assert at.phase == ATTESTING
    at = Table().play_to(CHALLENGING)
    went(at.challenge(LAZY))
    at.expired()
    assert at.phase == DISCLOSING
    at.expired()
    assert at.phase == ATTESTING


@pytest.mark.parametrize("act", ACTS)
def test_an_action_belongs_to_its_phase_and_ends_with_its_deadline(act: str) -> None:
    phase, do = ACTS[act]
    at = Table(DRAWN)
    assert refused(do(at)) == ("WrongPhase", at.id, NONE, phase)
    at.play_to(phase)
    assert at.deadline - at.evm.timestamp == {ENROLLING: ENROL_WINDOW, ATTESTING: ATTEST_WINDOW}.get(
        phase, ACTION_WINDOW
    )
    late = at.evm.snapshot()
    at.to_deadline(past=1)
    assert refused(do(at)) == ("DeadlinePassed", at.id, at.deadline)
    at.evm.restore(late)
    at.to_deadline()
    went(do(at))


@pytest.mark.parametrize(
    "phase", [ENROLLING, REGISTERING, POSTING, CHALLENGING, DISCLOSING, REPAIRING, OPENING]
)
def test_anybody_may_end_a_phase_after_its_deadline(phase: int) -> None:
    at = Table(DRAWN).play_to(phase)
    at.to_deadline()
    assert refused(at.expire()) == ("DeadlineNotPassed", at.id, at.deadline)
    at.to_deadline(past=1)
    assert went(at.expire()).names[0] == "Expired"
    assert at.phase != phase


def test_a_late_registrar_is_replaced_by_anybody_for_whom_all_is_done() -> None:
    at = Table().play_to(ATTESTING)
    at.to_deadline()
    assert refused(at.expire()) == ("WrongPhase", at.id, ATTESTING, 0)
    assert refused(at.settle()) == ("DeadlineNotPassed", at.id, at.deadline)
    at.to_deadline(past=1)
    assert refused(at.expire()) == ("WrongPhase", at.id, ATTESTING, 0)
    assert refused(at.attest()) == ("DeadlinePassed", at.id, at.deadline)
    assert refused(at.settle(allocation=MOST)) == ("WrongAllocation", keccak(MOST), keccak(LAZY))
    args = (at.id, word(1), at.jobs, LAZY)
    assert refused(at.do(at.stranger, "settle", *args)) == ("StaleDigest", word(1), at.digest)
    args = (at.id, at.digest, b"", LAZY)
    assert refused(at.do(at.stranger, "settle", *args)) == ("WrongJobs", keccak(b""), keccak(at.jobs))
    pays = tuple(RATE * value for value in (11, 6, 3))
    refund = BOND + 3 * FLOOR + RATE * VALUE - sum(pays)
    at.emitted(at.settle(), ("Expired", ATTESTING, 0), ("Settled", pays, refund))
    for ended in (at.settle(), at.attest(), at.expire()):
        assert refused(ended)[0] == "WrongPhase"


# ────────────────────────────────────────────────── creation ────────────────────────────────────────────────


def test_creation_refuses_in_order_what_could_not_be_played() -> None:
    at = Table(DRAWN)
    other = "0x" + "77" * 20
    nobody = "0x" + "00" * 20
    wrong: dict[str, dict[str, Any]] = {
        "deposit": {"value": at.parameters.deposit - 1},
        "attest": {"attest_window": MAX_WINDOW + 1},
        "action": {"action_window": MIN_WINDOW - 1},
        "enrol": {"enrol_window": MIN_WINDOW - 1},
        "floors": {"floors": (FLOOR, FLOOR, FLOOR + 1)},
        "rates": {"rates": (RATE, RATE + 1, RATE)},
        "fewer floors": {"floors": (FLOOR,) * 2},
        "more rates": {"rates": (RATE,) * 4},
        "own registrar": {"registrar": at.creator},
        "no registrar": {"registrar": nobody},
        "twice": {"agents": (other, at.seats[0], other)},
        "zero": {"agents": (nobody, other, at.seats[0])},
        "none": {"agents": ()},
    }
    errors = {
        "deposit": ("WrongDeposit", at.parameters.deposit - 1, at.parameters.deposit),
        "attest": ("WindowOutOfRange", MAX_WINDOW + 1),
        "action": ("WindowOutOfRange", MIN_WINDOW - 1),
        "enrol": ("WindowOutOfRange", MIN_WINDOW - 1),
        "floors": ("NotUniform", 2),
        "rates": ("NotUniform", 1),
        "fewer floors": ("LengthMismatch", 2, 3),
        "more rates": ("LengthMismatch", 4, 3),
        "own registrar": ("RegistrarIsDispatcher", at.creator.lower()),
        "no registrar": ("ZeroRegistrar",),
        "twice": ("DuplicateAgent", 2, 0),
        "zero": ("ZeroAgent", 0),
        "none": ("AgentCountOutOfRange", 0),
    }
    changes: dict[str, Any] = {}
    for name, change in wrong.items():
        changes |= change
        assert refused(at.create(**changes)) == errors[name], name
    went(at.create())
    assert refused(at.create()) == ("GameExists", at.id)


def test_windows_seats_and_deposits_may_be_as_large_as_they_may() -> None:
    at = Table(replace(FLOORS, rates=(2**64 - 1,) * 2, floors=(1, 2)), jobs=[])
    for bound in (MIN_WINDOW, MAX_WINDOW):
        at.salt = word(bound)
        went(at.create(enrol_window=bound, action_window=bound, attest_window=bound))
    at.salt = word(1)
    assert refused(at.create(value=BOND + 4)) == ("WrongDeposit", BOND + 4, BOND + 3)
    assert refused(at.create(value=BOND + 2)) == ("WrongDeposit", BOND + 2, BOND + 3)
    agents = tuple("0x" + f"{k:040x}" for k in range(1, MAX_SEATS + 2))
    at.salt = word(2)

    def of(many: int) -> Done:
        return at.create(agents=agents[:many], rates=(1,) * many, floors=(0,) * many, value=BOND)

    assert refused(of(MAX_SEATS + 1)) == ("AgentCountOutOfRange", MAX_SEATS + 1)
    went(of(MAX_SEATS))


def test_parameters_are_encoded_as_the_abi_says() -> None:
    for parameters in (MAX_MIN, DRAWN, replace(FLOORS, rates=(1, 2, 3), floors=(0, 9, 0))):
        p = Table(parameters).parameters
        check(p, "0x" + "99" * 20)
        assert encode_parameters(p) == encode([PARAMETERS_TYPE], [astuple(p)])


# ───────────────────────────────────────────────── enrolling ────────────────────────────────────────────────


def test_enrolments_are_refused_in_order() -> None:
    at = Table(DRAWN)
    went(at.create())
    went(at.enrol(0))
    call = ("enrol", at.id)
    assert refused(at.do(at.stranger, *call, 3, word(1), bytes(32))) == ("SeatOutOfRange", 3, 3)
    assert refused(at.do(at.stranger, *call, 0, word(1), bytes(32))) == ("NotTheSeat", 0, at.stranger.lower())
    assert refused(at.do(at.seats[0], *call, 0, word(1), bytes(32))) == ("AlreadyEnrolled", 0)
    assert refused(at.do(at.seats[1], *call, 1, word(1), bytes(32))) == ("StaleDigest", word(1), at.digest)
    assert refused(at.enrol(1, bytes(32), 0)) == ("ZeroCommitment",)
    for paid in (PROVIDER_BOND - 1, PROVIDER_BOND + 1):
        assert refused(at.enrol(1, value=paid)) == ("WrongDeposit", paid, PROVIDER_BOND)
    went(at.enrol(1))


def test_without_a_permutation_there_is_nothing_to_commit_to_nor_to_pay() -> None:
    at = Table()
    went(at.create())
    assert refused(at.enrol(0, word(5), 1)) == ("UnwantedCommitment", word(5))
    assert refused(at.enrol(0, value=PROVIDER_BOND)) == ("WrongDeposit", PROVIDER_BOND, 0)
    went(at.enrol(0))


def test_who_does_not_enrol_is_out() -> None:
    at = Table(FLOORS)
    went(at.create())
    agreed = at.digest
    at.enrol_all(but=[1])
    assert at.digest == keccak(agreed + word(0b101))
    went(at.register())
    assert refused(at.post(bytes([1, 2, 1, 0, 3, 0]))) == ("HolderNotEnrolled", 1, 1)
    assert refused(at.post(bytes([1, 0, 1, 4, 3, 0]))) == ("HolderNotEnrolled", 3, 3)
    assert refused(at.post(bytes([255, 0, 1, 4, 3, 0]))) == ("HolderNotEnrolled", 0, 254)
    went(at.post(bytes([1, 0, 1, 0, 3, 0])))
    at.standing = bytes([1, 0, 1, 0, 3, 0])
    assert went(at.attest()).event("Settled")["pays"] == (11 * RATE, 0, 3 * RATE)


# ──────────────────────────────────────────────── registering ───────────────────────────────────────────────


def test_only_the_registrar_registers_and_in_order() -> None:
    at = Table().play_to(REGISTERING)
    for sender in (at.creator, at.seats[0], at.stranger):
        expected = ("NotTheRegistrar", sender.lower(), at.registrar.lower())
        assert refused(at.do(sender, "register", at.id, word(1), b"x")) == expected
    assert refused(at.do(at.registrar, "register", at.id, word(1), b"x")) == (
        "StaleDigest",
        word(1),
        at.digest,
    )
    assert refused(at.register(b"x")) == ("JobsLengthOutOfRange", 1)
    assert refused(at.register(at.jobs[:-1])) == ("JobsLengthOutOfRange", 16 * len(JOBS) - 1)
    empty, late, early = Job(5, 5, 1), Job(5, 6, 1), Job(4, 9, 1)
    assert refused(at.register(pack_jobs([late, empty, early]))) == ("EmptyInterval", 1, 5, 5)
    assert refused(at.register(pack_jobs([late, early, empty]))) == ("JobsOutOfOrder", 1, 4, 5)
    assert refused(at.register(pack_jobs([Job(6, 5, 1)]))) == ("EmptyInterval", 0, 6, 5)
    went(at.register(pack_jobs([late, late])))


def test_there_may_be_as_many_jobs_of_as_much_value_as_there_may() -> None:
    job = pack_jobs([Job(0, 2**32 - 1, 2**64 - 1)])
    at = Table(replace(FLOORS, rates=(2**46,) * 3)).play_to(REGISTERING)
    fork = at.evm.snapshot()
    assert refused(at.register(job * (MAX_JOBS + 1))) == ("JobsLengthOutOfRange", 16 * (MAX_JOBS + 1))
    most = 2**46 * MAX_JOBS * (2**64 - 1)
    assert most <= MAX_DEPOSIT
    done = went(at.register(job * MAX_JOBS))
    registered = done.event("Registered")
    assert (registered["count"], registered["value"]) == (MAX_JOBS, MAX_JOBS * (2**64 - 1))
    assert done.gas < 2**24
    at.evm.restore(fork)
    at = Table(replace(FLOORS, rates=(1, 2**57, 1))).play_to(REGISTERING)
    (least,) = (Job(0, 1, 2**63 - 1),)
    assert refused(at.register(pack_jobs([least, Job(0, 1, 1)]))) == ("DepositOutOfRange", 2**120)
    went(at.register(pack_jobs([least])))
    assert MAX_DEPOSIT == (2**60 - 1) * (2**60 + 1)
    at = Table(replace(FLOORS, rates=(2**60 - 1,) * 3)).play_to(REGISTERING)
    went(at.register(pack_jobs([Job(0, 1, 2**60 + 1)])))


def test_a_day_without_jobs_keeps_a_promise_of_nothing() -> None:
    at = Table(replace(MAX_MIN, floors=(0,) * 3), jobs=[], posted=b"").play_to(ATTESTING)
    at.emitted(at.attest(), ("Attested", keccak(b"")), ("Settled", (0, 0, 0), BOND))


# ────────────────────────────────────────────────── posting ─────────────────────────────────────────────────


def test_postings_are_refused_in_order() -> None:
    at = Table().play_to(POSTING)
    for sender in (at.registrar, at.stranger):
        stranger = ("NotTheDispatcher", sender.lower(), at.creator.lower())
        assert refused(at.do(sender, "post", at.id, word(1), b"", b"")) == stranger
    stale = ("StaleDigest", word(1), at.digest)
    assert refused(at.do(at.creator, "post", at.id, word(1), b"", b"")) == stale
    other = pack_jobs(JOBS[:-1])
    expected = ("WrongJobs", keccak(other), keccak(at.jobs))
    assert refused(at.do(at.creator, "post", at.id, at.digest, other, b"")) == expected
    for length in (len(JOBS) - 1, len(JOBS) + 1):
        assert refused(at.post(bytes(length))) == ("AllocationLengthMismatch", length, len(JOBS))
    assert refused(at.post(bytes([1, 1, 9, 0, 0, 0]))) == ("Overlap", 1, 0, 1, 2)
    assert refused(at.post(bytes([9, 1, 1, 0, 0, 0]))) == ("HolderNotEnrolled", 0, 8)
    assert refused(at.post(ALONE, value=0)) == ("FloorBroken", 1, 0, FLOOR)
    for paid in (0, RATE * VALUE - 1, RATE * VALUE + 1):
        assert refused(at.post(value=paid)) == ("WrongDeposit", paid, RATE * VALUE)
    went(at.post())


def test_jobs_of_a_seat_may_touch() -> None:
    """The first job ends at 2; the third begins there. The second overlaps it by one unit."""
    jobs = [Job(0, 2, 5), Job(1, 3, 5), Job(2, 3, 5)]
    for code, holders in ((bytes([1, 0, 1]), True), (bytes([1, 1, 0]), False), (bytes([0, 1, 1]), False)):
        at = Table(replace(FLOORS, rates=(RATE,), floors=(0,)), jobs, code).play_to(POSTING)
        assert at.post().ok is holders


def test_a_floor_is_kept_to_the_wei() -> None:
    went(Table(replace(FLOORS, floors=(0, 60, 0))).play_to(POSTING).post())
    broken = Table(replace(FLOORS, floors=(0, 61, 0))).play_to(POSTING).post()
    assert refused(broken) == ("FloorBroken", 1, 60, 61)


def test_only_the_dispatcher_concedes_what_it_has_seen() -> None:
    at = Table().play_to(POSTING)
    assert refused(at.concede(at.registrar)) == ("NotTheDispatcher", at.registrar.lower(), at.creator.lower())
    assert refused(at.do(at.creator, "concede", at.id, word(1))) == ("StaleDigest", word(1), at.digest)
    at.emitted(at.concede(), ("Conceded",))
    assert at.phase == CONCEDED
    assert refused(at.post())[0] == "WrongPhase"


@pytest.mark.parametrize("phase", [ENROLLING, REGISTERING, POSTING])
def test_a_dispatch_lapses_if_its_beginning_is_missed(phase: int) -> None:
    at = Table()
    went(at.create())
    if phase != ENROLLING:
        at.play_to(phase)
    done = at.expired()
    silent = 1 << 3 if phase == POSTING else 0
    burnt = [("Burnt", BOND)] if phase == POSTING else []
    at.emitted(done, ("Expired", phase, silent), *burnt, ("Lapsed", phase))
    assert at.state[:2] == (LAPSED, phase)


# ────────────────────────────────────────────────── opening ─────────────────────────────────────────────────


def test_openings_are_refused_in_order() -> None:
    at = Table(replace(DRAWN, max_min=False))
    went(at.create())
    at.enrol_all(but=[2])
    went(at.register())
    went(at.post(bytes([1, 2, 1, 2, 0, 0])))
    at.standing = bytes([1, 2, 1, 2, 0, 0])
    went(at.open(0))
    call = ("open", at.id)
    assert refused(at.do(at.stranger, *call, 3, word(1), bytes(32))) == ("SeatOutOfRange", 3, 3)
    assert refused(at.do(at.seats[0], *call, 1, word(1), bytes(32))) == ("NotTheSeat", 1, at.seats[0].lower())
    assert refused(at.do(at.seats[2], *call, 2, word(1), bytes(32))) == ("NotEnrolled", 2)
    assert refused(at.do(at.seats[0], *call, 0, word(1), bytes(32))) == ("AlreadyRevealed", 0)
    assert refused(at.do(at.seats[1], *call, 1, word(1), bytes(32))) == ("StaleDigest", word(1), at.digest)
    assert refused(at.do(at.seats[1], *call, 1, at.digest, bytes(32))) == ("ZeroSecret",)
    wrong = ("WrongSecret", 1, at.sealed(1))
    assert refused(at.do(at.seats[1], *call, 1, at.digest, at.secret(0))) == wrong
    assert [at.ask("commitment", at.id, seat) for seat in range(3)] == [bytes(32), at.sealed(1), bytes(32)]
    went(at.open(1))
    assert sorted(at.schedules()) == [0, 1, 2]
    assert at.schedules()[2] == 0


# ───────────────────────────────────────────────── attesting ────────────────────────────────────────────────


def test_attestations_are_refused_in_order() -> None:
    at = Table(DRAWN).play_to(ATTESTING)
    stands = at.standing

    def attest(sender: str, *args: bytes) -> Done:
        return at.do(sender, "attest", at.id, *args)

    for sender in (at.creator, at.seats[0], at.stranger):
        expected = ("NotTheRegistrar", sender.lower(), at.registrar.lower())
        assert refused(attest(sender, word(1), b"", b"", b"")) == expected
    stale = ("StaleDigest", word(1), at.digest)
    assert refused(attest(at.registrar, word(1), b"", b"", b"")) == stale
    wrong = ("WrongJobs", keccak(b""), keccak(at.jobs))
    assert refused(attest(at.registrar, at.digest, b"", b"", b"")) == wrong
    assert refused(at.attest(b"", allocation=FAIRER)) == ("WrongAllocation", keccak(FAIRER), keccak(stands))
    for length in (0, 5, 7):
        assert refused(at.attest(bytes(length))) == ("StatusesLengthMismatch", length, 6)
    assert refused(at.attest(bytes([0, 1, 2, 3, 4, 0]))) == ("UnknownStatus", 3, 3)
    assert refused(at.attest(bytes([0, 0, 0, 0, 0, 255]))) == ("UnknownStatus", 5, 255)
    went(at.attest(bytes([0, 1, 2, 2, 1, 0])))


# ───────────────────────────────── refusals that no campaign comes to ───────────────────────────────────────


def disclosing(claimed: bytes) -> Table:
    """A dispatch whose challenge has to be disclosed."""
    at = Table().play_to(CHALLENGING)
    went(at.challenge(claimed))
    at.expired()
    return at


def late(**given: bytes) -> Done:
    """Settle in place of the registrar, with something else than what is right."""
    at = Table().play_to(ATTESTING)
    at.to_deadline(past=1)
    right = {"digest": at.digest, "jobs": at.jobs, "allocation": at.standing}
    return at.do(at.stranger, "settle", at.id, *(right | given).values())


def unopened() -> Done:
    """Open a secret that was not committed to."""
    at = Table(replace(DRAWN, max_min=False))
    went(at.create())
    at.enrol_all(but=[2])
    went(at.register())
    went(at.post(bytes([1, 2, 1, 2, 0, 0])))
    return at.open(2)


NOT_HELD, AT_ONCE = bytes([4, 0, 0, 0, 0, 0]), bytes([1, 1, 0, 0, 0, 0])
DEAR = replace(FLOORS, rates=(2**64 - 1,) * 3)
REFUSALS: dict[tuple[str, str], Callable[[], Done]] = {
    ("create", "WrongDeposit"): lambda: Table().create(value=1),
    ("register", "DepositOutOfRange"): lambda: (
        Table(DEAR).play_to(REGISTERING).register(pack_jobs([Job(0, 1, 2**64 - 1)]))
    ),
    ("disclose", "AllocationLengthMismatch"): lambda: disclosing(b"").disclose(),
    ("disclose", "HolderNotEnrolled"): lambda: disclosing(NOT_HELD).disclose(),
    ("disclose", "Overlap"): lambda: disclosing(AT_ONCE).disclose(),
    ("disclose", "WrongJobs"): lambda: disclosing(FAIREST).disclose(jobs=b""),
    ("repair", "HolderNotEnrolled"): lambda: Table().play_to(REPAIRING).repair(NOT_HELD),
    ("repair", "Overlap"): lambda: Table().play_to(REPAIRING).repair(AT_ONCE),
    ("repair", "FloorBroken"): lambda: Table().play_to(REPAIRING).repair(ALONE),
    ("open", "NotEnrolled"): unopened,
    ("settle", "StaleDigest"): lambda: late(digest=word(1)),
    ("settle", "WrongJobs"): lambda: late(jobs=b""),
    ("settle", "WrongAllocation"): lambda: late(allocation=MOST),
}


def test_all_refusals_that_no_campaign_comes_to_are_directed() -> None:
    """But for that of a status: a settlement in place of the registrar brings none."""
    unreached = {(action, error) for action, errors in UNREACHED.items() for error in errors}
    assert unreached == {*REFUSALS, ("settle", "UnknownStatus")}


@pytest.mark.parametrize(("action", "error"), REFUSALS)
def test_what_no_campaign_comes_to_is_refused(action: str, error: str) -> None:
    assert refused(REFUSALS[action, error]())[0] == error


# ────────────────────────────────────────────────── others ──────────────────────────────────────────────────


def test_what_was_signed_for_one_dispatch_means_nothing_in_another() -> None:
    one = Table().play_to(POSTING)
    data = one.interface.encode("post", one.id, one.digest, one.jobs, LAZY)
    two = Table(evm=one.evm)
    two.address, two.salt = one.address, word(8)
    two.seats.reverse()
    two.play_to(POSTING)
    moved = data[:4] + two.id + data[36:]
    assert refused(two.send(two.creator, moved, RATE * VALUE)) == ("StaleDigest", one.digest, two.digest)
    went(one.send(one.creator, data, RATE * VALUE))


def test_what_fills_up_the_last_words_of_a_call_counts_for_nothing() -> None:
    def filled(action: str, *bodies: bytes) -> bytes:
        data = at.interface.encode(action, at.id, at.digest, *bodies)
        for k in range(2, 2 + len(bodies)):
            place = 4 + int.from_bytes(data[4 + 32 * k : 36 + 32 * k], "big")
            end = place + 32 + int.from_bytes(data[place : place + 32], "big")
            rest = (4 - end) % 32
            assert data[end : end + rest] == bytes(rest)
            data = data[:end] + b"\5" * rest + data[end + rest :]
        return data

    at = Table(FLOORS, JOBS[:5], LAZY[:5]).play_to(POSTING)
    went(at.send(at.creator, filled("post", at.jobs, LAZY[:5]), at.greatest_pay))
    done = went(at.send(at.registrar, filled("attest", at.jobs, LAZY[:5], bytes(5))))
    pays = (11 * RATE, 6 * RATE, 3 * RATE)
    assert done.event("Settled") == {"id": at.id, "pays": pays, "refund": BOND + 3 * FLOOR}


def test_a_posting_is_about_those_who_have_enrolled() -> None:
    """A reorganized chain in which one is silent refuses it, whether or not its jobs go to others."""
    at = Table()
    went(at.create())
    for seat in (0, 1):
        went(at.enrol(seat))
    fork = at.evm.snapshot()
    went(at.enrol(2))
    went(at.register())
    signed, data = at.digest, at.interface.encode("post", at.id, at.digest, at.jobs, LAZY)
    at.evm.restore(fork)
    at.to_deadline(past=1)
    went(at.expire())
    went(at.register())
    assert refused(at.send(at.creator, data, RATE * VALUE)) == ("StaleDigest", signed, at.digest)


def test_the_model_refuses_parameters_as_the_contract_does() -> None:
    p = Table(DRAWN).parameters
    with pytest.raises(Revert, match="NotUniform"):
        check(replace(p, floors=(1, 1, 2)), "0x" + "99" * 20)
