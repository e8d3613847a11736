"""Money: bonds come back to those who did all that was asked, once, and are burnt otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.assignment.on_chain import (
    BOND,
    BOSTON,
    CANCELLED,
    COMMITTING,
    EATING,
    OPENING,
    POSTING,
    REVEALING,
    SERIAL,
    Table,
    refused,
    went,
)

if TYPE_CHECKING:
    from parley.mechanisms.assignment.certificate import Order

RANKINGS: list[Order] = [(0, 1), (0, 1), (1, 0)]
CAPACITIES = [1, 1]
PAYEE = "0x" + "d1" * 20


def table(rule: str = EATING, phase: int = COMMITTING, bond: int = BOND) -> Table:
    return Table(RANKINGS, CAPACITIES, rule, bond=bond).play_to(phase)


def paid(at: Table) -> list[int]:
    """Seats that get their bond, when each asks for it."""
    got = []
    for seat in range(3):
        before = at.evm.balance(PAYEE)
        done = at.withdraw(seat, PAYEE)
        if done.ok:
            assert done.events[0].args == {"id": at.id, "seat": seat, "to": PAYEE, "amount": at.bond}
            assert at.evm.balance(PAYEE) - before == at.bond
            got.append(seat)
        assert refused(at.withdraw(seat, PAYEE)) == ("NothingToWithdraw", seat)
    return got


@pytest.mark.parametrize("rule", [SERIAL, EATING, BOSTON])
def test_everybody_who_did_all_gets_its_bond_back_once_at_an_address_of_its_choice(rule: str) -> None:
    at = table(rule)
    at.commit_all()
    assert at.balance == 3 * BOND
    at.reveal_all()
    if rule != SERIAL:
        went(at.post(at.certificate()))
        at.open_all()
    assert at.balance == 3 * BOND
    assert paid(at) == [0, 1, 2]
    assert at.balance == 0
    assert at.state[6] == 0b111


@pytest.mark.parametrize("rule", [SERIAL, EATING])
def test_who_did_not_commit_has_nothing_to_withdraw(rule: str) -> None:
    at = table(rule)
    at.commit_all(but=[1])
    at.reveal_all()
    if rule != SERIAL:
        went(at.post(at.certificate()))
        at.open_all()
    assert paid(at) == [0, 2]
    assert at.balance == 0


@pytest.mark.parametrize("rule", [SERIAL, EATING])
def test_who_did_not_reveal_has_lost_its_bond(rule: str) -> None:
    at = table(rule, REVEALING)
    at.reveal_all(but=[0, 2])
    assert at.ask("burnt") == 2 * BOND
    if rule != SERIAL:
        went(at.post(at.certificate()))
        at.open_all()
    assert paid(at) == [1]
    assert at.balance == 2 * BOND == at.ask("burnt")


def test_who_did_not_open_has_lost_its_bond() -> None:
    at = table(phase=OPENING)
    at.open_all(but=[1])
    assert paid(at) == [0, 2]
    assert at.balance == BOND == at.ask("burnt")


def test_bonds_come_back_if_nothing_was_posted() -> None:
    """But not those of seats that had been silent before."""
    at = table(phase=REVEALING)
    at.reveal_all(but=[2])
    at.to_deadline(past=1)
    done = went(at.expire())
    assert done.event("Expired")["silent"] == 0
    assert at.state[:2] == (CANCELLED, POSTING)
    assert paid(at) == [0, 1]
    assert at.balance == BOND == at.ask("burnt")


@pytest.mark.parametrize(("phase", "rule"), [(REVEALING, SERIAL), (REVEALING, EATING), (OPENING, EATING)])
def test_all_bonds_are_lost_if_all_are_silent(phase: int, rule: str) -> None:
    at = table(rule, phase)
    at.to_deadline(past=1)
    went(at.expire())
    assert at.state[:2] == (CANCELLED, phase)
    assert paid(at) == []
    assert at.balance == 3 * BOND == at.ask("burnt")


def test_a_lottery_that_nobody_joins_costs_nothing() -> None:
    at = table()
    at.to_deadline(past=1)
    went(at.expire())
    assert paid(at) == []
    assert at.balance == 0 == at.ask("burnt")


def test_without_a_bond_nothing_is_lost_and_nothing_paid() -> None:
    at = table(bond=0)
    at.commit_all()
    at.reveal_all(but=[1])
    went(at.post(at.certificate()))
    at.open_all()
    assert at.ask("burnt") == 0
    assert paid(at) == [0, 2]  # once each, of 0
    assert at.balance == 0


def test_balance_is_bonds_held_and_bonds_burnt_after_every_action() -> None:
    """With a seat silent in each phase, and then everybody asking for its money."""
    at = Table([(0, 1, 2, 3)] * 4, [1] * 4, EATING)
    went(at.create())
    held = 0
    for seat in (0, 1, 2):
        went(at.commit(seat))
        held += BOND
        assert at.balance == held
    at.to_deadline(past=1)
    went(at.expire())
    for seat in (0, 1):
        went(at.reveal(seat))
        assert (at.balance, at.ask("burnt")) == (held, 0)
    at.to_deadline(past=1)
    went(at.expire())
    assert (at.balance, at.ask("burnt")) == (held, BOND)
    went(at.post(at.certificate()))
    went(at.open(1))
    at.to_deadline(past=1)
    went(at.expire())
    assert (at.balance, at.ask("burnt")) == (held, 2 * BOND)
    for seat in (0, 2, 3):
        assert refused(at.withdraw(seat)) == ("NothingToWithdraw", seat)
    went(at.withdraw(1))
    assert at.balance == 2 * BOND == at.ask("burnt")
