"""The course of a project and of a draw: who may do what when, and what is refused, in which order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from parley.core.randomness import commitment, keccak, seed, uniform, word
from parley.mechanisms.team.draw import sealed
from tests.kit.rig.table import refused, went
from tests.team.on_chain import (
    COMMITTING,
    DISSOLVED,
    DRAW_LAPSED,
    DRAWING,
    DRAWN,
    FAIR,
    FORMING,
    LAPSED,
    NONE,
    PAYROLL,
    REVEALING,
    SETTLED,
    THIRD,
    WORK_WINDOW,
    WORKING,
    DrawTable,
    Table,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kit.rig.table import Done

ZERO = "0x" + "00" * 20

# ── projects ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("order", ["members first", "referee first"])
def test_work_begins_with_the_last_consent(order: str) -> None:
    at = Table()
    went(at.create())
    steps: list[Callable[[], Done]] = [lambda: at.accept(0), lambda: at.accept(1)]
    steps.insert(2 if order == "members first" else 0, at.vouch)
    for step in steps[:-1]:
        went(step())
        assert at.phase == FORMING
    done = went(steps[-1]())
    deadline = at.evm.timestamp + WORK_WINDOW
    assert (at.phase, at.deadline) == (WORKING, deadline)
    assert done.event("Started") == {"id": at.id}
    if order == "members first":
        assert int.from_bytes(done.output) == deadline
    assert at.state[2:] == (0b11, at.guarantor.lower(), False)


@pytest.mark.parametrize("success", [True, False])
def test_a_report_settles(success: bool) -> None:  # noqa: FBT001 - what is reported
    at = Table().formed()
    at.emitted(at.report(success), ("Reported", success))
    assert (at.phase, at.state.success) == (SETTLED, success)


def test_projects_end_by_retraction_and_by_time() -> None:
    retracted, late, unheard = Table(), Table(), Table().formed()
    went(retracted.create())
    retracted.emitted(retracted.retract(), ("Retracted",), ("Dissolved",))
    went(late.create())
    late.to_deadline(past=1)
    late.emitted(late.expire(), ("Expired", FORMING), ("Dissolved",))
    unheard.to_deadline(past=1)
    unheard.emitted(unheard.expire(), ("Expired", WORKING), ("Lapsed",))
    assert [at.phase for at in (retracted, late, unheard)] == [DISSOLVED, DISSOLVED, LAPSED]


PROJECT_ACTS: dict[str, tuple[int, Callable[[Table], Done]]] = {
    "accept": (FORMING, lambda at: at.accept(0)),
    "vouch": (FORMING, lambda at: at.vouch()),
    "retract": (FORMING, lambda at: at.retract()),
    "report": (WORKING, lambda at: at.report()),
}


@pytest.mark.parametrize("action", PROJECT_ACTS)
def test_actions_belong_to_their_phase_and_end_with_its_deadline(action: str) -> None:
    phase, act = PROJECT_ACTS[action]
    at = Table()
    assert refused(act(at)) == ("WrongPhase", at.id, NONE, phase)
    if phase == WORKING:
        at.formed()
    else:
        went(at.create())
    assert refused(at.withdraw(0)) == ("WrongPhase", at.id, phase, SETTLED)
    assert refused(at.expire()) == ("DeadlineNotPassed", at.id, at.deadline)
    at.to_deadline()
    assert refused(at.expire()) == ("DeadlineNotPassed", at.id, at.deadline)
    before = at.evm.snapshot()
    went(act(at))
    at.evm.restore(before)
    deadline = at.late(1)
    assert refused(act(at)) == ("DeadlinePassed", at.id, deadline)
    went(at.expire())
    ended = at.phase
    assert refused(act(at)) == ("WrongPhase", at.id, ended, phase)
    assert refused(at.expire()) == ("WrongPhase", at.id, ended, 0)


def test_consents_are_checked_in_their_order() -> None:
    at = Table()
    went(at.create())
    other = word(9)
    assert refused(at.accept(0, sender=at.stranger)) == ("NotTheSeat", 0, at.stranger.lower())
    assert refused(at.accept(0, digest=other)) == ("StaleDigest", other, at.digest)
    went(at.accept(0))
    assert refused(at.accept(0, digest=other)) == ("AlreadyAccepted", 0)

    stranger = at.stranger.lower()
    assert refused(at.vouch(sender=at.stranger, digest=other)) == (
        "NotTheReferee",
        stranger,
        at.referee.lower(),
    )
    assert refused(at.vouch(ZERO, value=1, digest=other)) == ("StaleDigest", other, at.digest)
    assert refused(at.vouch(ZERO, value=1)) == ("ZeroGuarantor",)
    for who in (at.creator, at.seats[0], at.seats[1]):
        assert refused(at.vouch(who, value=1)) == ("GuarantorHasPart", who.lower())
    for wrong in (0, PAYROLL - 1, PAYROLL + 1):
        assert refused(at.vouch(value=wrong)) == ("WrongDeposit", wrong, PAYROLL)
    at.emitted(at.vouch(), ("Vouched", at.guarantor.lower()))
    assert refused(at.vouch(digest=other)) == ("AlreadyVouched", at.guarantor.lower())
    assert refused(at.retract(at.stranger)) == ("NotThePrincipal", stranger, at.creator.lower())


def test_none_of_64_members_is_the_guarantor() -> None:
    at = Table(
        replace(FAIR, wages=(64,) * 64, costs=(1,) * 64, reward=4096, denominator=64, values=(1,) * 64)
    )
    at.seats = [f"0x{k + 1:040x}" for k in range(64)]
    went(at.create())
    for who in at.seats:
        assert refused(at.vouch(who)) == ("GuarantorHasPart", who)
    went(at.vouch())


def test_a_project_that_does_not_exist_has_no_digest() -> None:
    assert Table().digest == bytes(32)


def test_only_the_referee_reports() -> None:
    at = Table().formed()
    for who in (at.creator, at.seats[0], at.guarantor, at.stranger):
        assert refused(at.report(sender=who)) == ("NotTheReferee", who.lower(), at.referee.lower())


def test_a_referee_may_be_its_own_guarantor() -> None:
    at = Table()
    at.guarantor = at.referee
    at.formed()
    assert at.state.guarantor == at.referee.lower()


# ── draws ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("evm", ["revm", "py-evm"])
def test_a_draw_goes_through_all_its_phases(evm: str) -> None:
    at = DrawTable(evm=evm)
    agreed, n = at.parameters.digest(), 2
    promised = commitment(at.id, n, at.secret(n))
    done = went(at.open())
    assert done.event("Opened") == {
        "id": at.id,
        "team": at.project.address.lower(),
        "project": at.project.id,
        "guarantor": at.guarantor.lower(),
        "commitment": promised,
        "parameters": agreed,
    }
    began = at.evm.timestamp
    assert (at.project.phase, at.phase, at.deadline) == (WORKING, COMMITTING, began + THIRD)
    assert (at.balance, at.project.balance) == (0, 2 * PAYROLL)
    digest = keccak(agreed + promised)
    sealing = [commitment(at.id, seat, sealed(seat == 0, at.secret(seat))) for seat in range(2)]
    for seat in (1, 0):
        assert at.digest == digest
        at.emitted(at.commit(seat, seat == 0), ("Committed", seat, sealing[seat]))
        assert at.ask("commitment", at.id, seat) == sealing[seat]
    assert (at.phase, at.deadline) == (REVEALING, began + 2 * THIRD)
    digest = keccak(digest + b"".join(sealing))
    for seat in (1, 0):
        assert at.digest == digest
        at.emitted(at.reveal(seat, seat == 0), ("Revealed", seat, seat == 0, at.secret(seat)))
        assert at.ask("commitment", at.id, seat) == bytes(32)
    assert (at.phase, at.deadline) == (DRAWING, began + WORK_WINDOW)
    assert at.state[2:] == (0b11, 0b11, 0b01, at.guarantor.lower(), False)
    digest = keccak(digest + word(0b11) + word(0b01))
    assert at.digest == digest
    success = uniform(seed(b"outcome", at.id, digest, [at.secret(k) for k in range(3)]), 0, 5) < 3
    done = went(at.draw())
    assert done.event("Drawn") == {
        "id": at.id,
        "workers": 1,
        "numerator": 3,
        "denominator": 5,
        "success": success,
    }
    assert (at.phase, at.state.success) == (DRAWN, success)
    assert (at.project.phase, at.project.state.success) == (SETTLED, success)


def test_the_silent_have_not_worked_and_make_nobody_late() -> None:
    at = DrawTable()
    went(at.open())
    began = at.evm.timestamp
    went(at.commit(0))
    at.late(WORK_WINDOW - THIRD)
    # The last second of the work window: two phases are over, and the guarantor can still draw.
    at.emitted(at.expire(), ("PhaseExpired", COMMITTING))
    assert (at.phase, at.deadline) == (REVEALING, began + 2 * THIRD)
    at.emitted(at.expire(), ("PhaseExpired", REVEALING))
    assert (at.phase, at.deadline, at.state.workers) == (DRAWING, began + WORK_WINDOW, 0)
    done = went(at.draw())
    assert (done.event("Drawn")["numerator"], at.project.phase) == (0, SETTLED)


def test_if_nobody_commits_there_is_nothing_to_reveal() -> None:
    at = DrawTable().to_revealing((), silent=(0, 1))
    assert at.phase == DRAWING
    assert went(at.draw()).event("Drawn")["success"] is False


def test_a_draw_without_its_guarantor_lapses_with_the_project() -> None:
    at = DrawTable().to_drawing((0, 1))
    at.late(1)
    at.emitted(at.expire(), ("PhaseExpired", DRAWING))
    went(at.project.expire())
    assert (at.phase, at.project.phase) == (DRAW_LAPSED, LAPSED)


DRAW_ACTS: dict[str, tuple[int, Callable[[DrawTable], Done]]] = {
    "commit": (COMMITTING, lambda at: at.commit(0)),
    "reveal": (REVEALING, lambda at: at.reveal(0)),
    "draw": (DRAWING, lambda at: at.draw()),
}


@pytest.mark.parametrize("action", DRAW_ACTS)
def test_steps_of_a_draw_belong_to_their_phase_and_end_with_its_deadline(action: str) -> None:
    phase, act = DRAW_ACTS[action]
    at = DrawTable()
    assert refused(act(at)) == ("WrongPhase", at.id, NONE, phase)
    if phase == COMMITTING:
        went(at.open())
    elif phase == REVEALING:
        at.to_revealing((0, 1))
    else:
        at.to_drawing((0, 1))
    at.to_deadline()
    assert refused(at.expire()) == ("DeadlineNotPassed", at.id, at.deadline)
    before = at.evm.snapshot()
    went(act(at))
    at.evm.restore(before)
    deadline = at.late(1)
    assert refused(act(at)) == ("DeadlinePassed", at.id, deadline)
    went(at.expire())
    assert refused(act(at)) == ("WrongPhase", at.id, at.phase, phase)


def test_a_draw_is_opened_once_and_only_if_work_begins() -> None:
    at = DrawTable(accepted=False)
    assert refused(at.open()) == ("NotWorking", at.project.id)
    assert at.project.state.guarantor == ZERO
    went(at.project.accept(0))
    assert refused(at.open(promised=bytes(32))) == ("ZeroCommitment",)
    errors = at.project.interface.decode_error
    assert errors(at.open(value=PAYROLL - 1).output).args == (PAYROLL - 1, PAYROLL)
    other = replace(at.parameters, reward=999)
    assert errors(at.open(parameters=other).output).name == "StaleDigest"
    nobody = replace(at.parameters, agents=())
    assert refused(at.open(parameters=nobody)) == ("AgentCountOutOfRange", 0)
    assert not at.open(team=at.stranger).ok
    went(at.open())
    assert refused(at.open()) == ("GameExists", at.id)


def test_steps_of_a_draw_are_checked_in_their_order() -> None:
    at = DrawTable()
    went(at.open())
    other, stranger = word(9), at.stranger
    assert refused(at.commit(0, sender=stranger)) == ("NotTheSeat", 0, stranger.lower())
    assert refused(at.commit(0, digest=other, commitment=bytes(32))) == ("StaleDigest", other, at.digest)
    assert refused(at.commit(0, commitment=bytes(32))) == ("ZeroCommitment",)
    went(at.commit(0))
    assert refused(at.commit(0, digest=other)) == ("AlreadyCommitted", 0)
    at.late(1)
    went(at.expire())
    sealing = at.ask("commitment", at.id, 0)
    assert refused(at.reveal(1, digest=other)) == ("NotCommitted", 1)
    assert refused(at.reveal(0, sender=stranger)) == ("NotTheSeat", 0, stranger.lower())
    assert refused(at.reveal(0, digest=other)) == ("StaleDigest", other, at.digest)
    assert refused(at.reveal(0, secret=bytes(32))) == ("ZeroSecret",)
    assert refused(at.reveal(0, secret=other)) == ("WrongSecret", 0, sealing)
    assert refused(at.reveal(0, works=False)) == ("WrongSecret", 0, sealing)


def test_nobody_reveals_twice() -> None:
    at = DrawTable().to_revealing((0, 1))
    went(at.reveal(0))
    assert refused(at.reveal(0, digest=word(9))) == ("AlreadyRevealed", 0)


def test_the_draw_itself_is_checked_in_its_order() -> None:
    at = DrawTable().to_drawing((0, 1))
    other, agreed = word(9), at.parameters.digest()
    wrong = replace(at.parameters, values=(2, 3))
    given = {"digest": other, "parameters": wrong, "secret": bytes(32)}
    who = at.stranger.lower(), at.guarantor.lower()
    assert refused(at.draw(sender=at.stranger, **given)) == ("NotTheGuarantor", *who)
    assert refused(at.draw(**given)) == ("StaleDigest", other, at.digest)
    del given["digest"]
    assert refused(at.draw(**given)) == ("WrongParameters", wrong.digest(), agreed)
    assert refused(at.draw(secret=bytes(32))) == ("ZeroSecret",)
    promised = commitment(at.id, 2, at.secret(2))
    assert refused(at.draw(secret=other)) == ("WrongSecret", 2, promised)


def test_a_false_contract_of_projects_blocks_nobody() -> None:
    """An id belongs to one contract of projects, so what others open is beside the point."""
    at = DrawTable()
    false = Table(FAIR, at.evm, at.address)
    went(false.create())
    for seat in range(2):
        went(false.accept(seat))
    assert false.id != at.project.id
    went(at.open(team=false.address, project=false.id))
    went(at.open())
