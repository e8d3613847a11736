"""Money: bonds come back to those who did all that was asked, once, and are burnt otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.assignment.on_chain import (
    BOND,
    BOSTON,
    CANCELLED,
    COMMITTING,
    DRAWN,
    EATING,
    OPENING,
    POSTING,
    REVEALING,
    SERIAL,
    Table,
)
from tests.kit.rig.table import refused, went

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PAYEE = "0x" + "d1" * 20
ALL = (0, 1, 2)

CASES: dict[str, tuple[str, Mapping[int, Sequence[int]], int]] = {
    "all do all that is asked, serial dictatorship": (SERIAL, {}, DRAWN),
    "all do all that is asked, probabilistic serial": (EATING, {}, DRAWN),
    "all do all that is asked, Boston": (BOSTON, {}, DRAWN),
    "one does not commit, serial dictatorship": (SERIAL, {COMMITTING: [1]}, DRAWN),
    "one does not commit, probabilistic serial": (EATING, {COMMITTING: [1]}, DRAWN),
    "two do not reveal, serial dictatorship": (SERIAL, {REVEALING: [0, 2]}, DRAWN),
    "two do not reveal, probabilistic serial": (EATING, {REVEALING: [0, 2]}, DRAWN),
    "one does not open": (EATING, {OPENING: [1]}, DRAWN),
    "one is silent in each phase": (EATING, {COMMITTING: [2], REVEALING: [0], OPENING: [1]}, CANCELLED),
    "nothing is posted": (EATING, {REVEALING: [2], POSTING: []}, CANCELLED),
    "nobody commits": (EATING, {COMMITTING: ALL}, CANCELLED),
    "nobody reveals, serial dictatorship": (SERIAL, {REVEALING: ALL}, CANCELLED),
    "nobody reveals, probabilistic serial": (EATING, {REVEALING: ALL}, CANCELLED),
    "nobody opens": (EATING, {OPENING: ALL}, CANCELLED),
}


@pytest.mark.parametrize("bond", [BOND, 0])
@pytest.mark.parametrize("case", CASES)
def test_bonds_come_back_once_to_those_who_did_all_that_was_asked_and_are_burnt_otherwise(
    case: str, bond: int
) -> None:
    """Who does not commit pays nothing. If nothing was posted, there is nothing to open."""
    rule, silent, end = CASES[case]
    at = Table([(0, 1), (0, 1), (1, 0)], [1, 1], rule, bond=bond).play_to(COMMITTING)
    left, lost, last = set(ALL), 0, COMMITTING
    acts = {COMMITTING: at.commit_all, REVEALING: at.reveal_all, OPENING: at.open_all}
    while (phase := at.phase) < DRAWN:
        if phase in acts:
            but = [seat for seat in silent.get(phase, []) if seat in left]
            acts[phase](but=but)
            left -= set(but)
            lost += len(but) if phase != COMMITTING else 0
        elif POSTING in silent:
            at.to_deadline(past=1)
            assert went(at.expire()).event("Expired")["silent"] == 0
        else:
            went(at.post(at.certificate()))
        held, last = len(left) + lost, phase
        assert (at.balance, at.ask("burnt")) == (held * bond, lost * bond)
    assert at.state[:2] == (end, last if end == CANCELLED else 0)
    for seat in ALL:
        before = at.evm.balance(PAYEE)
        if seat in left:
            done = went(at.withdraw(seat, PAYEE))
            assert done.events[0].args == {"id": at.id, "seat": seat, "to": PAYEE, "amount": bond}
        assert at.evm.balance(PAYEE) - before == bond * (seat in left)
        assert refused(at.withdraw(seat, PAYEE)) == ("NothingToWithdraw", seat)
    assert at.balance == lost * bond
