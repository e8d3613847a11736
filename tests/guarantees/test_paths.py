"""Generated columns: what is proved when the time is up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.core.clock import Clock
from parley.mechanisms.guarantees.solver.paths import Paths
from parley.mechanisms.guarantees.solver.plan import plan_of
from parley.mechanisms.guarantees.solver.search import columns_of, floors_of
from parley.mechanisms.guarantees.solver.sources import Goal
from tests.guarantees.test_solution import drawn

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from parley.mechanisms.guarantees.solver.kernels import Bools
    from parley.mechanisms.guarantees.solver.packing import Prices
    from parley.mechanisms.guarantees.solver.paths import Found


def test_prices_bound_the_gain_whenever_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody can have the fairest pay, so no bound may be below the number of providers."""
    plan = plan_of(drawn(24, 5, 0.3, 7, 0), "columns", Clock.of(3600))
    shape, known = plan.shape, columns_of(plan.shape, plan.greatest().choice or ())
    goal = Goal(floors_of(shape, plan.fairest().low), (0,), (1,))
    price, calls, last = Paths._price, 0, 0

    def counted(
        paths: Paths, goal: Goal, prices: Prices, mus: Sequence[int], among: Bools
    ) -> tuple[list[Found], tuple[int, ...]]:
        nonlocal calls
        calls += 1
        if calls == last:
            object.__setattr__(clock, "end", 0.0)
        return price(paths, goal, prices, mus, among)

    monkeypatch.setattr(Paths, "_price", counted)
    clock = Clock.of(3600)
    found = Paths(shape).relax(goal, shape.providers, known, clock)
    assert found is not None
    assert found.bound == shape.providers
    for stop in range(1, calls + 1):
        calls, last, clock = 0, stop, Clock.of(3600)
        found = Paths(shape).relax(goal, shape.providers, known, clock)
        assert found is not None
        assert found.bound >= shape.providers
    assert last > 3
