"""Obvious dominance in tabulated protocols: Lemma 4, Theorem 2, Corollary 3, and the paper's gaps."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from parley.mechanisms.screening.market import MAX_QUANTITY, REMEDIAL, Market, Menu, finest_unit
from parley.mechanisms.screening.preferences import Uniform
from parley.mechanisms.screening.protocol import (
    Protocol,
    dominating_rays,
    find_violation,
    market_protocol,
    myopic_choices,
    shares_protocol,
    violating_type,
    violation_of,
)
from parley.mechanisms.screening.rays import (
    are_polarized,
    cap,
    dot,
    full_length,
    in_trading_set,
    pairs_not_polarized,
)
from tests.screening.paper import PRICES, two_prices, worked
from tests.screening.test_rays import Ray, random_ray, ray

if TYPE_CHECKING:
    from collections.abc import Sequence

GRID = [ray(f"{a}/4", f"{b}/4") for a, b in product(range(4, 9), repeat=2)]
"""25 types on [1, 2]²."""


# ── the worked examples ──


@pytest.mark.parametrize("name", sorted(PRICES))
def test_the_worked_examples_have_obviously_dominant_choices(name: str) -> None:
    protocol = market_protocol(worked(name).market())
    assert find_violation(protocol, [GRID] * 3) is None
    assert all(violating_type(protocol, agent) is None for agent in range(3))


def test_a_menu_that_is_not_polarized_has_a_violation() -> None:
    # Two prices with p1 > p2 for the first agent (Valenzuela-Stookey 2026, section 3).
    costs = [[2, 2], [1, 3], [3, 1]]
    protocol = market_protocol(two_prices([("3/2", "1"), ("1", None), (None, "3/2")], costs).market())
    found = find_violation(protocol, [[ray("5/4", 1)], [], []])
    assert found is not None
    assert (found.agent, found.type, found.choice, found.other) == (0, ray("5/4", 1), 2, 1)
    assert (found.worst, found.best) == (Fraction(9, 2), Fraction(25, 6))
    kind = violating_type(protocol, 0)
    assert kind is not None
    assert find_violation(protocol, [[kind], [], []]) is not None
    mended = market_protocol(two_prices([("1", "3/2"), ("1", None), (None, "3/2")], costs).market())
    assert find_violation(mended, [GRID] * 3) is None


def test_myopically_optimal_is_not_enough() -> None:
    # η may follow every choice, so a type that likes nothing may choose a bad ray: the tie rule forbids it.
    market = worked("W1").market()
    outcomes, kind = market_protocol(market).outcomes(0), ray(20, 15)
    assert market.choose(0, kind) == 0  # 4/3 is between the prices 6/5 and 3/2
    assert myopic_choices(outcomes, kind) == [0, 1, 2]
    assert violation_of(outcomes, kind, 0) is None
    found = violation_of(outcomes, kind, 1)
    assert found is not None
    assert found.worst > found.best == dot(kind, market.status_quo[0])
    assert outcomes[2] == {market.status_quo[0]}  # ray 2 happens never to trade


def test_obvious_dominance_must_leave_the_choice_itself_out() -> None:
    # With k' = k, no choice with two outcomes of different workloads would be obviously dominant.
    protocol = market_protocol(worked("W1").market())
    outcomes, kind = protocol.outcomes(0), ray(1, 2)
    assert violation_of(outcomes, kind, 1) is None
    workloads = {dot(kind, x) for x in outcomes[1]}
    assert len(workloads) > 1
    assert max(workloads) > min(workloads)


def test_a_protocol_may_be_obviously_strategy_proof_without_polarization() -> None:
    one, other = full_length(ray(2, 2), ray(1, "-3/2")), full_length(ray(2, 2), ray(-1, 1))
    assert not are_polarized(one, other)
    eta = ray(2, 2)

    def moved(change: Ray, share: int) -> Ray:
        return tuple(x + share * d for x, d in zip(eta, change, strict=True))

    # The first agent's second ray never trades; the other agent mirrors the first ray.
    table: dict[tuple[int, ...], tuple[Ray, ...]] = {
        (a, b): (moved(one, int(a == b == 1)), moved(tuple(-x for x in one), int(a == b == 1)))
        for a, b in product(range(3), range(2))
    }
    protocol = Protocol((3, 2), table)
    assert protocol.essential(0, 2) == {eta}
    assert violating_type(protocol, 0) is None
    # Or no type of the support likes both: those with c_A ≥ 3/2 c_B or c_A ≤ c_B.
    costs = [[2, 2], [1, 3], [3, 1]]
    full = market_protocol(two_prices([("3/2", "1"), ("1", None), (None, "3/2")], costs).market())
    types = [kind for kind in GRID if kind[0] <= kind[1] or 2 * kind[0] >= 3 * kind[1]]
    assert find_violation(full, [types, GRID, GRID]) is None
    assert find_violation(full, [GRID, GRID, GRID]) is not None


# ── random mechanisms ──


def random_polarized(dice: np.random.Generator, tasks: int) -> Menu:
    rays: list[Ray] = []
    for _ in range(12):
        found = random_ray(dice, tasks)
        if all(are_polarized(found, old) for old in rays):
            rays.append(found)
    return Menu(tuple(rays[: int(dice.integers(1, tasks + 1))]))


def random_market(dice: np.random.Generator, *, polarized: bool = True) -> Market:
    tasks, agents = int(dice.choice([2, 2, 2, 3])), 3
    quo = tuple(ray(*row) for row in dice.integers(1, 6, size=(agents, tasks)).tolist())
    menus = [random_polarized(dice, tasks) for _ in range(agents)]
    if not polarized:
        menus[0] = Menu(tuple(random_ray(dice, tasks) for _ in range(2)))
    elif dice.random() < 0.3:
        menus[0] = REMEDIAL
    box = Uniform(ray(*[1] * tasks), ray(*[2] * tasks))
    costs = tuple(ray(*row) for row in dice.integers(-5, 9, size=(agents, tasks)).tolist())
    return Market.of(costs, quo, (box,) * agents, menus, 1000)


def random_types(dice: np.random.Generator, tasks: int) -> list[Ray]:
    return [ray(*row) for row in dice.integers(1, 25, size=(30, tasks)).tolist()]


def random_rule(dice: np.random.Generator, market: Market) -> Protocol:
    """Any selection rule: the optimum of costs that are drawn anew for each profile."""
    from parley.mechanisms.screening.selection import select  # noqa: PLC0415 - only here

    def rule(columns: Sequence[Ray]) -> Sequence[Fraction]:
        if not columns:
            return ()
        return select(columns, dice.integers(-9, 10, size=len(columns)).tolist()).shares

    return shares_protocol(market, rule)


def test_polarized_rays_are_obviously_strategy_proof_under_any_selection_rule() -> None:
    # Theorem 2, first part, and Corollary 3.
    dice = np.random.default_rng(1)
    trades = 0
    for _ in range(60):
        market = random_market(dice)
        types = [random_types(dice, market.tasks) for _ in range(market.agents)]
        for protocol in (market_protocol(market), random_rule(dice, market)):
            assert find_violation(protocol, types) is None
            trades += any(found != protocol.endowment for found in protocol.table.values())
            for agent, own in enumerate(types):
                assert violating_type(protocol, agent) is None
                outcomes = protocol.outcomes(agent)
                assert all(violation_of(outcomes, kind, market.choose(agent, kind)) is None for kind in own)
    assert trades > 20


def test_obviously_dominant_choices_are_myopically_optimal() -> None:
    # Lemma 4.
    dice, seen = np.random.default_rng(2), 0
    for _ in range(30):
        market = random_market(dice, polarized=False)
        protocol = random_rule(dice, market)
        for agent in range(3):
            outcomes = protocol.outcomes(agent)
            for kind in random_types(dice, market.tasks):
                for k in range(len(outcomes)):
                    if violation_of(outcomes, kind, k) is None:
                        seen += 1
                        assert k in myopic_choices(outcomes, kind)
    assert seen > 100


def test_what_is_obviously_strategy_proof_is_dominated_by_polarized_rays() -> None:
    # Theorem 2, second part: any finite protocol, by what its choices may lead to.
    dice = np.random.default_rng(3)
    kinds = {"fails": 0, "rays": 0, "remedial": 0}
    for _ in range(400):
        tasks, eta = 2, ray(4, 4)
        # A second agent stays or not; the first one has up to three choices with one outcome each besides η.
        changes = [
            tuple(Fraction(int(x)) for x in dice.integers(-3, 4, size=tasks))
            for _ in range(int(dice.integers(1, 4)))
        ]
        table: dict[tuple[int, ...], tuple[Ray, ...]] = {
            (k, b): (
                tuple(x + b * d for x, d in zip(eta, changes[k - 1], strict=True)) if k else eta,
                tuple(x - b * d for x, d in zip(eta, changes[k - 1], strict=True)) if k else eta,
            )
            for k, b in product(range(len(changes) + 1), range(2))
        }
        protocol = Protocol((len(changes) + 1, 2), table)
        sets = dominating_rays(protocol, 0)
        kind = violating_type(protocol, 0)
        if sets is None:
            kinds["fails"] += 1
            assert kind is not None
            assert min(kind) > 0
            assert find_violation(protocol, [[kind], []]) is not None
            continue
        assert kind is None
        assert find_violation(protocol, [random_types(dice, tasks), []]) is None
        rays = [found for found in sets if not isinstance(found, str)]
        remedial = [found for found in sets if found == "remedial"]
        assert not list(pairs_not_polarized(rays))
        assert not (rays and remedial)
        assert len(remedial) <= 1
        kinds["rays"] += len(rays) > 1
        kinds["remedial"] += bool(remedial)
        for k, found in enumerate(sets):
            for x in protocol.essential(0, k):
                if found == "remedial":
                    assert all(a <= own for a, own in zip(x, eta, strict=True))
                elif found == "redundant":
                    assert all(a >= own for a, own in zip(x, eta, strict=True))
                else:
                    assert not isinstance(found, str)
                    assert cap(eta, found) == 1
                    assert in_trading_set(eta, found, x)
    assert min(kinds.values()) >= 10


@pytest.mark.parametrize(("most", "unit"), [(MAX_QUANTITY - 1, 10), (MAX_QUANTITY, 1), (MAX_QUANTITY + 1, 1)])
def test_every_quantity_is_below_the_limit_of_the_contract_in_the_finest_unit(most: int, unit: int) -> None:
    """Of `most` tenths of a task, ten make `most` units."""
    assert finest_unit([(Fraction(1),)], Fraction(most, 10)) == unit
