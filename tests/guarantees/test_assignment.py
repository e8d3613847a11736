"""The formulation with a variable for each provider and job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parley.core.clock import Clock
from parley.mechanisms.guarantees.solver.assignment import Assignment
from parley.mechanisms.guarantees.solver.plan import plan_of
from tests.guarantees.test_solution import drawn

if TYPE_CHECKING:
    from parley.mechanisms.guarantees.solver.search import Choice


def test_the_least_pay_is_bounded_by_the_program_whatever_it_has_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock.of(3600)
    shape = plan_of(drawn(6, 1.6, 0.3, 2, 0), "columns", clock).shape

    def half(*_: Any) -> tuple[Choice | None, float]:  # noqa: ANN401 - as a program gives that has no time left
        return None, 0.5

    monkeypatch.setattr(Assignment, "_solve", half)
    found = Assignment(shape, clock).fairest()
    most = max(kind.pay for kind in shape.kinds) * max(shape.lengths)
    assert found.low == 0
    assert found.high == pytest.approx(most / 2, rel=1e-3)
