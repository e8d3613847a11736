"""The pseudo-market: its equilibria on random problems, and the prices that support what is posted."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import product
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from typer.testing import CliRunner

from parley.cli import app
from parley.core.errors import ParleyError, ProblemError
from parley.core.linear import Program
from parley.mechanisms.assignment import pseudo_market
from parley.mechanisms.assignment.decomposition import find_violation
from parley.mechanisms.assignment.efficiency import (
    ex_ante_efficient,
)
from parley.mechanisms.assignment.lottery import expected, indicator, show_matrix
from parley.mechanisms.assignment.market import Market
from parley.mechanisms.assignment.pseudo_market import (
    TOLERANCE,
    Equilibrium,
    _normalized,
    best_affordable,
    equilibrium,
    shortfall,
)
from parley.mechanisms.assignment.solution import rule_matrix, solve
from parley.mechanisms.assignment.supporting_prices import supporting_prices
from tests.assignment.problems import cardinal, with_utilities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from parley.mechanisms.assignment.problem import Problem


@st.composite
def markets(draw: Callable[..., Any]) -> Problem:
    """Up to five agents and items with many ties, capacities of 0 too, and different budgets."""
    n, m = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    entry = st.one_of(st.none(), st.integers(0, draw(st.sampled_from([1, 2, 3, 9]))))
    rows = draw(st.lists(st.lists(entry, min_size=m, max_size=m), min_size=n, max_size=n))
    capacities = draw(st.lists(st.integers(0, 3), min_size=m, max_size=m))
    budgets = draw(st.lists(st.sampled_from(["1/2", 1, 1, 2]), min_size=n, max_size=n))
    return cardinal(rows, "pseudo-market", capacities=capacities, budgets=budgets)


@settings(max_examples=150, deadline=10_000)  # it takes a quarter of a second at the most
@given(markets())
def test_an_equilibrium_is_found_whatever_ties_there_are(problem: Problem) -> None:
    found = equilibrium(problem)
    assert found.shortfall == shortfall(problem, found.matrix, found.prices)
    assert found.shortfall.greatest <= TOLERANCE
    assert find_violation(found.matrix, problem.capacities) is None
    for group in problem.alike:
        assert len({found.matrix[i] for i in group}) == 1
    if not found.shortfall.greatest:
        assert ex_ante_efficient(problem, found.matrix).holds is True


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=4, max_size=4))
def test_with_equal_budgets_nobody_envies(rows: list[list[int]]) -> None:
    problem = cardinal(rows, "pseudo-market")
    found = equilibrium(problem)
    slack = found.shortfall.utility * 3
    for u, row in zip(problem.utilities or (), found.matrix, strict=True):
        assert all(expected(other, u) <= expected(row, u) + slack for other in found.matrix)


@settings(max_examples=100, deadline=None)
@given(markets())
def test_a_matrix_that_is_an_equilibrium_has_prices_that_support_it(problem: Problem) -> None:
    found = equilibrium(problem)
    if not found.shortfall.greatest:
        prices = supporting_prices(problem, found.matrix)
        assert prices is not None
        assert shortfall(problem, found.matrix, prices).greatest == 0
        assert sum(prices) <= sum(found.prices)


@settings(max_examples=100, deadline=None)
@given(with_utilities(most=3), st.randoms(use_true_random=False))
def test_prices_are_found_only_for_equilibria(problem: Problem, dice: Random) -> None:
    rule = dice.choice(["serial-dictatorship", "probabilistic-serial", "boston"])
    matrix = rule_matrix(problem.with_rule(rule))
    prices = supporting_prices(problem, matrix)
    if prices is not None:
        assert shortfall(problem, matrix, prices).greatest == 0


def test_a_posted_equilibrium_needs_no_prices_and_what_is_none_is_refused() -> None:
    utilities = [[3, 0, 1], [3, 0, 1], [3, 0, 2]]
    rows = [["5/12", "1/2", "1/12"], ["5/12", "1/2", "1/12"], ["1/6", "0", "5/6"]]
    solution = solve(cardinal(utilities, "pseudo-market", posted={"matrix": rows}))
    assert solution.to_json()["prices"] == ["9/4", "0", "3/4"]
    assert solution.to_json()["shortfall"] == "0"
    thirds = [["1/3"] * 3] * 3
    with pytest.raises(ProblemError, match=r"posted\.matrix: no prices make agents buy this assignment"):
        solve(cardinal(utilities, "pseudo-market", posted={"matrix": thirds}))


def test_a_market_whose_prices_are_irrational_is_cleared_up_to_the_tolerance_and_can_be_posted() -> None:
    """The last price solves (8p − 9)² = 17."""
    utilities = [[3, 0, 0, 3], [4, 3, 1, 4], [4, 2, 3, 0], [4, 2, 1, 0]]
    found = solve(cardinal(utilities, "pseudo-market"))
    assert 0 < Fraction(found.to_json()["shortfall"]) <= TOLERANCE
    assert abs((8 * Fraction(found.to_json()["prices"][3]) - 9) ** 2 - 17) < Fraction(1, 10**6)
    assert ex_ante_efficient(found.problem, found.matrix).holds is True
    assert all(10**12 % p.denominator == 0 for row in found.matrix for p in row)  # a contract can hold them
    assert supporting_prices(found.problem, found.matrix) is None
    again = solve(cardinal(utilities, "pseudo-market", posted={"matrix": show_matrix(found.matrix)}))
    assert again.to_json()["prices"] == found.to_json()["prices"]


def test_a_market_of_twelve_agents_with_many_ties_is_cleared() -> None:
    dice = np.random.default_rng(5)
    rows = dice.integers(0, 4, (12, 12)).tolist()
    assert equilibrium(cardinal(rows, "pseudo-market")).shortfall.greatest <= TOLERANCE


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=5),
    st.fractions(Fraction(1, 4), 4, max_denominator=4),
)
def test_the_best_row_that_a_budget_buys_is_that_of_a_linear_program(
    goods: list[tuple[int, int]], budget: Fraction
) -> None:
    utilities = tuple(Fraction(u) for u, _ in goods)
    prices = [Fraction(p) for _, p in goods]
    value, cost = best_affordable(utilities, prices, budget)
    solved = linprog(
        [-float(u) for u in utilities],
        A_ub=[[1.0] * len(goods), [float(p) for p in prices]],
        b_ub=[1.0, float(budget)],
    )
    assert abs(float(value) + solved.fun) < 1e-9
    program = Program()
    cells = [program.variable(-price) for price in prices]
    program.at_most(dict.fromkeys(cells, 1), 1)
    program.at_most({cell: -u for cell, u in zip(cells, utilities, strict=True)}, -value)
    assert program.solve().value == -cost


def test_a_wrong_equilibrium_falls_short() -> None:
    problem = cardinal([[3, 0, 1], [3, 0, 1], [3, 0, 2]], "pseudo-market")
    third = ((Fraction(1, 3),) * 3,) * 3
    found = shortfall(problem, third, [Fraction(9, 4), Fraction(0), Fraction(3, 4)])
    assert found.utility == Fraction(13, 6) / 3 - Fraction(5, 3) / 3
    with pytest.raises(ParleyError, match="agent 1 spends 2, more than its budget 1"):
        shortfall(problem, indicator((0, 1, 2), 3), [Fraction(2), Fraction(0), Fraction(0)])


def test_purchases_within_a_tolerance_use_all_of_it_where_they_must() -> None:
    """Half the tolerance is 1/4. B costs 1/2, and 1/4 is left over at most; A is as good for nothing."""
    problem = cardinal([[1, 1]], "pseudo-market")
    half = Fraction(1, 2)
    assert pseudo_market._tolerable(problem, (Fraction(0), half), half) == ((half, half),)
    assert pseudo_market._tolerable(problem, (Fraction(0), half), half * Fraction(99, 100)) is None


# ── utilities of very different sizes, near ties, zeros ─────────────────────────────────────────────────────


def lacks_by_hand(problem: Problem, found: Equilibrium) -> Fraction:
    """What an equilibrium lacks, from the definition alone: every mix of two items is looked at."""
    greatest = Fraction(0)
    sold = [sum((row[o] for row in found.matrix), Fraction(0)) for o in range(len(problem.items))]
    assert all(0 <= s <= c for s, c in zip(sold, problem.capacities, strict=True))
    assert min(found.prices) >= 0
    for i, row in enumerate(found.matrix):
        assert min(row) >= 0
        assert sum(row) <= 1
        u = (problem.utilities or ())[i]
        goods = [(Fraction(0), Fraction(0))]
        for o, (price, worth) in enumerate(zip(found.prices, u, strict=True)):
            if worth is not None and problem.capacities[o]:
                goods.append((price, worth))
            assert not row[o] or worth is not None
        best, cheapest = Fraction(-1), Fraction(0)
        for (p, w), (q, v) in product(goods, repeat=2):
            if p > 1:
                continue
            share = Fraction(1) if q <= 1 else (1 - p) / (q - p)
            value, cost = w + share * (v - w), p + share * (q - p)
            if value > best or (value == best and cost < cheapest):
                best, cheapest = value, cost
        own = sum((x * (w or 0) for x, w in zip(row, u, strict=True)), Fraction(0))
        paid = sum((x * p for x, p in zip(row, found.prices, strict=True)), Fraction(0))
        assert paid <= 1
        if best:
            greatest = max(greatest, (best - own) / max(w for w in u if w is not None))
        greatest = max(greatest, paid - cheapest)
    left = sum(
        (p * (c - s) for p, c, s in zip(found.prices, problem.capacities, sold, strict=True)), Fraction(0)
    )
    return max(greatest, left / problem.agents)


@pytest.mark.parametrize("power", [4, 7, 9, 15, 40])
def test_a_near_tie_beside_a_great_ratio_has_an_equilibrium(power: int) -> None:
    """What agent 2 would like a little costs 3/10^power in the exact one."""
    much = 10**power
    rows = [[str(x) for x in row] for row in ([much, 0, 1], [much, 1, 0], [much + 1, much, 0])]
    problem = cardinal(rows, "pseudo-market")
    found = equilibrium(problem)
    assert found.shortfall.greatest == lacks_by_hand(problem, found) <= TOLERANCE
    if power == 4:
        assert found.shortfall.greatest == 0


@pytest.mark.parametrize("factor", ["1e-290", "1/3", "1e200"])
def test_the_size_of_an_agents_utilities_does_not_matter(factor: str) -> None:
    rows = [[3, 0, 1], [3, 0, 1], [3, 0, 2]]
    scale = Fraction(factor)
    one = equilibrium(cardinal(rows, "pseudo-market"))
    scaled: list[list[Any]] = [rows[0], [str(scale * u) for u in rows[1]], [str(u / scale) for u in rows[2]]]
    other = equilibrium(cardinal(scaled, "pseudo-market"))
    assert (one.matrix, one.prices) == (other.matrix, other.prices)


def adversarial(seed: int) -> Problem:
    """Few agents whose utilities are zeros, ties, near ties, and of ratios up to 10²⁹⁰."""
    dice = Random(seed)

    def worth() -> Fraction | None:
        big = 10 ** dice.randint(1, 17)
        near = [
            big,
            big + 1,
            big - 1,
            2 * big,
            Fraction(1, big),
            Fraction(big + 1, big),
            10 ** dice.randint(0, 290),
        ]
        chosen = dice.choice([0, 0, 1, 1, 2, 3, None, *near])
        return None if chosen is None else Fraction(chosen)

    agents, items = dice.randint(2, 5), dice.randint(2, 4)
    pool = [worth() for _ in range(dice.randint(2, 6))]
    rows = [
        [None if (w := dice.choice(pool)) is None else str(w) for _ in range(items)] for _ in range(agents)
    ]
    return cardinal(rows, "pseudo-market", capacities=[dice.choice([1, 1, 1, 2]) for _ in range(items)])


@pytest.mark.parametrize("seed", [24, 386])
def test_no_price_that_is_looked_at_is_below_zero(seed: int) -> None:
    """Newton's method leads to such prices here."""
    market = Market(_normalized(adversarial(seed)))
    found = [prices for k in range(4) for prices in market.rough_prices(np.random.default_rng(k))]
    assert min(map(min, found)) == 0


def check_adversarial(seeds: Iterable[int]) -> None:
    for seed in seeds:
        problem = adversarial(seed)
        found = equilibrium(problem)
        assert found.shortfall.greatest == lacks_by_hand(problem, found) <= TOLERANCE, seed


def test_equilibria_of_adversarial_utilities_are_found_and_hold_from_the_definition() -> None:
    check_adversarial(range(40))


def test_prices_that_differ_by_less_than_a_millionth_are_told_apart() -> None:
    """The search mixes what two agents buy at prices 5/10⁷ apart: at equal ones, one would sell a little."""
    problem = adversarial(1927)
    found = equilibrium(problem)
    assert found.shortfall.greatest == lacks_by_hand(problem, found) <= TOLERANCE
    assert 0 < found.prices[0] - found.prices[2] < Fraction(1, 10**6)


@pytest.mark.deep
def test_equilibria_of_many_adversarial_utilities_are_found() -> None:
    check_adversarial(range(1000, 3000))


def test_where_none_is_found_the_message_names_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pseudo_market, "STARTS", 0)
    file = tmp_path / "market.json"
    file.write_text(
        json.dumps(
            {
                "kind": "assignment",
                "items": ["a", "b"],
                "rule": "pseudo-market",
                "utilities": [[2, 1], [2, 1]],
            }
        )
    )
    for command in ("solve", "audit"):
        result = CliRunner().invoke(app, [command, str(file)])
        assert result.exit_code == 2
        assert result.stderr == (
            f"{file}: utilities: no equilibrium of the pseudo-market was found from 0 starting prices"
            f" to within {TOLERANCE}\n"
        )
