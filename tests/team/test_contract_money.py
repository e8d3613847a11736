"""Money: who gets what at each end, once; and that the draw has the probability that it states."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from parley.core.randomness import word
from parley.core.statistics import MIN_P, recognition_p_value
from parley.mechanisms.team.parameters import Kind
from tests.backends import open_backend
from tests.kit.rig.table import refused, went
from tests.team.on_chain import FAIR, PAYROLL, DrawTable, Table

if TYPE_CHECKING:
    from collections.abc import Callable

PAYEE = "0x" + "d1" * 20


def _retracted(at: Table) -> None:
    went(at.create())
    went(at.accept(0))
    went(at.retract())


def _vouched_and_late(at: Table) -> None:
    went(at.create())
    went(at.vouch())
    at.to_deadline(past=1)
    went(at.expire())


def _reported(at: Table, *, success: bool) -> None:
    went(at.formed().report(success))


def _unheard(at: Table) -> None:
    at.formed().to_deadline(past=1)
    went(at.expire())


ENDS: dict[str, tuple[Callable[[Table], object], list[int]]] = {
    "success": (lambda at: _reported(at, success=True), [120, 200, 0, PAYROLL]),
    "failure": (lambda at: _reported(at, success=False), [0, 0, PAYROLL, PAYROLL]),
    "a silent referee": (_unheard, [120, 200, PAYROLL, 0]),
    "retraction": (_retracted, [0, 0, PAYROLL, 0]),
    "somebody who does not accept": (_vouched_and_late, [0, 0, PAYROLL, PAYROLL]),
}
"""What members, principal and guarantor get: whoever was honest never loses a wei."""


@pytest.mark.parametrize("end", ENDS)
def test_everybody_takes_what_it_is_owed_once(end: str) -> None:
    play, owed = ENDS[end]
    at = Table()
    play(at)
    assert at.owed() == owed
    assert at.balance == sum(owed)
    vouched = at.state.guarantor != "0x" + "00" * 20
    for payee, amount in enumerate(owed[: 3 + vouched]):
        assert refused(at.withdraw(payee, sender=at.stranger)) == ("NotTheSeat", payee, at.stranger.lower())
        if amount:
            before = at.evm.balance(PAYEE)
            at.emitted(at.withdraw(payee, PAYEE), ("Withdrawn", payee, PAYEE, amount))
            assert at.evm.balance(PAYEE) - before == amount
        assert refused(at.withdraw(payee, PAYEE)) == ("NothingToWithdraw", payee)
    count = 3 + vouched
    assert refused(at.withdraw(0, sender=at.stranger))[0] == "NotTheSeat"
    beyond = at.do(at.stranger, "withdraw", at.id, count, at.stranger)
    assert refused(beyond) == ("SeatOutOfRange", count, count)
    assert (at.balance, at.burnt(), at.owed()) == (0, 0, [0] * 4)


def test_nothing_is_owed_before_the_end() -> None:
    at = Table().formed()
    assert at.owed() == [0] * 4


def test_a_payee_that_takes_no_money_keeps_its_claim() -> None:
    at = Table().formed()
    went(at.report())
    assert refused(at.withdraw(0, at.address))[0] == "FailedCall"
    went(at.withdraw(0, PAYEE))


@pytest.mark.parametrize("kind", list(Kind))
def test_projects_succeed_as_often_as_those_who_work_make_them(kind: Kind) -> None:
    p = replace(
        FAIR,
        kind=kind,
        values={Kind.BUDGET_ADDITIVE: (3, 2, 5), Kind.TABLE: (0, 3, 2, 5)}.get(kind, (3, 2)),
        sets=(0b01, 0b10) if kind is Kind.COVERAGE else (),
    )
    machine = open_backend("revm")
    counts: Counter[bool] = Counter()
    stated: Counter[tuple[Fraction, ...]] = Counter()
    at = DrawTable(p, machine)
    for number in range(60):
        workers = ((0,), (1,), (0, 1))[number % 3]
        at.salt = at.project.salt = word(1000 + number)
        went(at.project.create())
        for seat in range(2):
            went(at.project.accept(seat))
        drawn = went(at.to_drawing(workers).draw()).event("Drawn")
        chance = Fraction((3, 2, 5)[number % 3], 5)
        assert Fraction(drawn["numerator"], drawn["denominator"]) == chance
        counts[drawn["success"]] += 1
        stated[1 - chance, chance] += 1
    p_value = recognition_p_value([counts[False], counts[True]], stated, 0)
    assert p_value is not None
    assert p_value > MIN_P
