"""Sections 2 to 4 of the paper, and what its text lacks, on random instances against brute force."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, permutations
from math import factorial
from random import Random

import pytest

from parley.core.errors import ParleyError
from parley.mechanisms.team.equilibria import Game, equilibria, exchanged, potential_maximizer
from parley.mechanisms.team.examples import (
    coverage_example,
    example_1_1,
    example_4_4,
    example_6_1,
    floored,
    two_agents,
    worse_than_4_4,
)
from parley.mechanisms.team.fairness import (
    NOTIONS,
    faults,
    is_fair,
    is_fair_in_linear_time,
    swap_equilibrium,
    swaps,
    swaps_of_submodular,
)
from parley.mechanisms.team.problem import Problem
from parley.mechanisms.team.shapley import is_proportional, proportional_contract, shapley_values
from parley.mechanisms.team.shares import (
    Contract,
    cutoffs,
    is_feasible,
    least_contract,
    minimum_share,
    nondiscriminatory_contract,
    revenue,
    slack,
    unconstrained_contract,
    utilities,
    with_floor,
)
from parley.mechanisms.team.success.base import Losses
from parley.mechanisms.team.success.functions import Additive
from parley.mechanisms.team.theorems import (
    exceptional_agent,
    lemma_5_7,
    lemma_5_8,
    proposition_3_6,
    theorem_4_1,
    theorem_4_5,
    worst_slack,
)
from parley.mechanisms.team.whole import is_fair_in_wei, least_wages
from tests.team.brute import Brute, subsets
from tests.team.instances import CLASSES, SUBMODULAR, contracts, problem

F = Fraction
MANY = [25, pytest.param(1_000, marks=pytest.mark.deep)]
"""Random problems of each class."""


def shares_of(contract: Contract) -> dict[int, Fraction]:
    return dict(zip(contract.team, contract.shares, strict=True))


@pytest.mark.parametrize("count", MANY)
@pytest.mark.parametrize("name", CLASSES)
def test_contracts_are_judged_as_by_the_definition(name: str, count: int) -> None:
    """Equilibria, feasibility, the four notions of fairness, and the potential, of any function."""
    dice, met = Random(name), set[tuple[bool, ...]]()
    for _ in range(count):
        drawn = problem(dice, name, dice.randint(1, 4))
        brute = Brute(drawn)
        for contract in contracts(dice, drawn, 4):
            shares = shares_of(contract)
            found = [frozenset(working) for working in equilibria(drawn, contract)]
            assert found == sorted(brute.equilibria(shares), key=lambda w: sum(1 << agent for agent in w))
            assert is_feasible(drawn, contract) == brute.feasible(shares)
            assert revenue(drawn, contract) == brute.revenue(shares) * drawn.reward
            assert frozenset(potential_maximizer(drawn, contract)) in found
            if is_feasible(drawn, contract):
                exchanges = list(swaps(drawn, contract))
                ours = {notion: all(map(holds, exchanges)) for notion, holds in NOTIONS.items()}
                assert ours == brute.notions(shares)
                assert ours["fair"] == all(any(swap.keeps()) for swap in exchanges)
                met.add(tuple(ours.values()))
    assert {(True,) * 4, (False,) * 4} <= met


@pytest.mark.parametrize("count", MANY)
@pytest.mark.parametrize("name", SUBMODULAR)
def test_submodular_contracts_are_fair_by_condition_3_and_in_linear_time(name: str, count: int) -> None:
    """Proposition 2.5, Lemmas 3.3 and 3.4, formula (5), Proposition 3.6, §9.1 and §9.4."""
    dice, met = Random(name), set[bool]()
    for _ in range(count):
        drawn = problem(dice, name, dice.randint(2, 4), SUBMODULAR)
        brute = Brute(drawn)
        for contract in contracts(dice, drawn, 4):
            fair = brute.fair(shares_of(contract))
            assert is_fair(drawn, contract) == fair
            assert is_fair_in_linear_time(drawn, contract) == fair
            if not is_feasible(drawn, contract):
                continue
            met.add(fair)
            assert equilibria(drawn, contract) == (contract.team,)
            assert list(swaps_of_submodular(drawn, contract)) == list(swaps(drawn, contract))
            check_swaps(drawn, contract, fair=fair)
            for k, agent in enumerate(contract.team):
                left = slack(drawn, contract)[k]
                assert left is not None
                assert worst_slack(drawn, contract, agent) == left * drawn.relative_costs[agent]
            if fair:
                least = least_contract(drawn, contract.team)
                assert least is not None
                assert all(low <= own for low, own in zip(least.shares, contract.shares, strict=True))
                assert not proposition_3_6(drawn, contract)
    assert met == {True, False}


def check_swaps(drawn: Problem, contract: Contract, *, fair: bool) -> None:
    """After each exchange: one equilibrium, by Proposition 2.5; and Lemma 3.3."""
    for one, other in combinations(range(len(contract.team)), 2):
        shares = exchanged(contract.shares, one, other)
        found = Game(drawn, contract.team).equilibria(shares)
        assert found == (swap_equilibrium(drawn, contract, one, other),)
        low, high = sorted((one, other), key=contract.shares.__getitem__)
        if fair and contract.shares[low] < contract.shares[high]:
            assert set(contract.team) - set(found[0]) == {contract.team[high]}


@pytest.mark.parametrize("count", MANY)
@pytest.mark.parametrize("name", SUBMODULAR)
def test_the_least_contract_is_fair_and_any_higher_floor_is_too(name: str, count: int) -> None:
    """Theorem 3.2 with formula (2), Corollary 3.5, Proposition 2.8."""
    dice = Random(name)
    for _ in range(count):
        drawn = problem(dice, name, dice.randint(1, 4), SUBMODULAR)
        brute = Brute(drawn)
        for team in subsets(range(drawn.agents)):
            least = least_contract(drawn, team)
            wanted = brute.least(team)
            assert (least and shares_of(least)) == wanted
            if least is None:
                assert minimum_share(drawn, team) is None
                assert nondiscriminatory_contract(drawn, team) is None
                continue
            floor = minimum_share(drawn, team)
            assert floor is not None
            assert floor == (brute.floor(team) if team else 0)
            assert brute.fair(shares_of(least))
            raised = with_floor(drawn, team, floor * F(dice.randint(10, 20), 10))
            assert raised is not None
            assert brute.fair(shares_of(raised))
            equal = nondiscriminatory_contract(drawn, team)
            assert equal is not None
            assert shares_of(equal) == brute.equal(team)
            assert brute.fair(shares_of(equal))
            free = unconstrained_contract(drawn, team)
            assert free is not None
            assert shares_of(free) == brute.cutoffs(team)


@pytest.mark.parametrize("count", MANY)
def test_equal_shares_are_fair_for_every_function(count: int) -> None:
    dice = Random(28)
    for _ in range(count):
        drawn = problem(dice, dice.choice(["xos", "table"]), dice.randint(2, 4))
        equal = nondiscriminatory_contract(drawn, tuple(range(drawn.agents)))
        if equal:
            assert Brute(drawn).fair(shares_of(equal))


@pytest.mark.parametrize("count", MANY)
@pytest.mark.parametrize("name", SUBMODULAR)
def test_equal_shares_earn_a_third_of_the_fair_optimum_and_half_if_additive(name: str, count: int) -> None:
    """Theorems 4.1 and 4.5 by their constructions, and Lemma 5.7."""
    dice = Random(name)
    for _ in range(count):
        drawn = problem(dice, name, dice.randint(1, 5), SUBMODULAR)
        brute = Brute(drawn)
        best, team = brute.best("fair")
        fair = least_contract(drawn, team)
        assert fair is not None
        built = theorem_4_1(drawn, fair)
        assert len(set(built.shares)) <= 1
        assert brute.feasible(shares_of(built))
        assert brute.revenue(shares_of(built)) >= best / 3
        if name == "additive":
            assert brute.revenue(shares_of(theorem_4_5(drawn, fair))) >= best / 2
        equal = brute.best("nondiscriminatory")
        assert lemma_5_7(drawn, equal[1])


@pytest.mark.parametrize("name", SUBMODULAR)
def test_teams_that_meet_lemma_5_8_earn_half_of_their_value(name: str) -> None:
    dice, met = Random(name), 0
    for _ in range(60):
        drawn = problem(dice, name, dice.randint(1, 4), SUBMODULAR)
        for team in subsets(range(drawn.agents)):
            equal = nondiscriminatory_contract(drawn, team)
            if equal is None or not team:
                continue
            estimate = equal.shares[0] * F(dice.randint(4, 8), 4)
            if lemma_5_8(drawn, team, estimate):
                met += 1
                assert len(team) * estimate <= F(1, 2)
                assert 2 * revenue(drawn, equal) >= drawn.success.value(team) * drawn.reward
    assert met > 30


@pytest.mark.parametrize("count", [100, pytest.param(10_000, marks=pytest.mark.deep)])
def test_whole_wages_are_the_least_fair_ones_and_are_checked_in_linear_time(count: int) -> None:
    """§9.3 and §9.4 against definition (1), a quarter of the wages on boundaries."""
    dice, fair_ones = Random(93), 0
    for _ in range(count):
        size = dice.randint(1, 4)
        contributions = tuple(dice.randint(1, 9) for _ in range(size))
        scale, reward = sum(contributions) + dice.choice([0, 3]), dice.randint(300, 900)
        costs = tuple(dice.randint(1, 60) for _ in range(size))
        success = Additive(tuple(F(number, scale) for number in contributions))
        drawn = Problem(tuple(map(F, costs)), success, F(reward))
        brute, losses = Brute(drawn), Losses(sum(contributions), contributions)
        least = least_wages(costs, losses, scale)
        real = least_contract(drawn, tuple(range(size)))
        assert real is not None
        assert brute.fair(dict(enumerate(F(wage, reward) for wage in least)))
        assert all(0 <= wage - share * reward < 3 for wage, share in zip(least, real.shares, strict=True))
        for _ in range(4):
            edge = dice.random() < 0.25
            wages = [wage + (dice.choice([-1, 0, 0, 1]) if edge else dice.randint(-3, 60)) for wage in least]
            order = sorted(range(size), key=wages.__getitem__)
            ours = is_fair_in_wei(
                [costs[k] for k in order],
                [wages[k] for k in order],
                Losses(losses.total, tuple(contributions[k] for k in order)),
                scale,
            )
            assert ours == brute.fair(dict(enumerate(F(wage, reward) for wage in wages)))
            if ours:
                fair_ones += 1
                assert all(wage >= low for wage, low in zip(wages, least, strict=True))
    assert fair_ones > count / 4


@pytest.mark.parametrize("name", CLASSES)
def test_shapley_values_are_means_over_all_orders(name: str) -> None:
    dice = Random(name)
    for _ in range(20):
        drawn = problem(dice, name, dice.randint(1, 4))
        team = tuple(range(drawn.agents))
        sums = dict.fromkeys(team, F(0))
        for order in permutations(team):
            for k, agent in enumerate(order):
                sums[agent] += drawn.success.value(order[: k + 1]) - drawn.success.value(order[:k])
        values = shapley_values(drawn, team)
        assert values == tuple(total / factorial(len(team)) for total in sums.values())
        found = proportional_contract(drawn, team)
        if found:
            assert is_proportional(drawn, found)
            assert any(left == 0 for left in slack(drawn, found))
            assert is_feasible(drawn, found)
            bent = Contract(team, (found.shares[0] * 2, *found.shares[1:]))
            assert is_proportional(drawn, bent) == (len(team) == 1)


def test_what_takes_too_many_sets_is_refused() -> None:
    drawn = Problem((F(1, 100),) * 17, Additive((F(1, 17),) * 17))
    with pytest.raises(ParleyError, match="equilibria are enumerated up to 12 members"):
        Game(drawn, tuple(range(13)))
    with pytest.raises(ParleyError, match="Shapley values of 17 members are above 16"):
        shapley_values(drawn, tuple(range(17)))


def test_the_empty_team_is_a_contract() -> None:
    drawn = example_1_1()
    nobody = Contract((), ())
    assert least_contract(drawn, ()) == nobody == theorem_4_1(drawn, nobody) == theorem_4_5(drawn, nobody)
    assert minimum_share(drawn, ()) == revenue(drawn, nobody) == 0
    assert is_fair(drawn, nobody)
    assert is_fair_in_linear_time(drawn, nobody)
    assert equilibria(drawn, nobody) == ((),)
    assert exceptional_agent(drawn, ()) is None
    assert is_proportional(drawn, nobody)


def test_numbers_beyond_64_bits_are_exact() -> None:
    tiny = F(1, 2**70)
    drawn = Problem((F(1, 10), F(1, 10) + tiny), Additive((F(1, 2) - tiny, F(1, 2))))
    needed = cutoffs(drawn, (0, 1))
    found = unconstrained_contract(drawn, (0, 1))
    assert found is not None
    assert needed == (F(1, 10) / (F(1, 2) - tiny), F(1, 5) + 2 * tiny)
    assert equilibria(drawn, found) == ((0, 1),)
    less = Contract((0, 1), (found.shares[0] - tiny * tiny, found.shares[1]))
    assert equilibria(drawn, less) == ((1,),)


# ── examples ────────────────────────────────────────────────────────────────────────────────────────────────


def test_example_1_1_2_3_and_2_9() -> None:
    drawn = example_1_1()
    free = unconstrained_contract(drawn, (0, 1))
    assert free == Contract((0, 1), (F(1, 10), F(1, 5)))
    assert utilities(drawn, free) == (F(1, 25), F(3, 25))  # agent 1 contributes more and gets less
    swap = next(swaps(drawn, free))
    assert swap.equilibria == ((0,),)
    assert (swap.before[0], swap.after[0][0]) == (F(1, 25), F(3, 50))
    assert swap.envious == (0,)
    for shares, fair, earned in (
        (("1/10", "1/5"), False, "7/10"),
        (("1/5", "1/5"), True, "3/5"),
        (("3/25", "1/5"), True, "17/25"),
        (("119/1000", "1/5"), False, "681/1000"),
        (("3/20", "1/5"), True, "13/20"),
        (("3/20", "1/4"), True, "3/5"),
        (("1/5", "1/4"), False, "11/20"),
    ):
        contract = Contract((0, 1), tuple(map(F, shares)))
        assert is_fair(drawn, contract) == fair
        assert revenue(drawn, contract) == F(earned)


def test_example_4_4_is_not_the_worst() -> None:
    for drawn, fair, equal in ((example_4_4(), "5/8", "1/2"), (worse_than_4_4(), "17/30", "2/5")):
        assert Brute(drawn).best("fair") == (F(fair), (0, 1))
        assert Brute(drawn).best("nondiscriminatory")[0] == F(equal)
    ratios = []
    for step in (-1, 0, 1):
        brute = Brute(two_agents(F(3079785, 10**7) + F(step, 10**5)))
        ratios.append(brute.best("nondiscriminatory")[0] / brute.best("fair")[0])
    assert ratios[1] == min(ratios)
    assert abs(ratios[1] - F(6920214716, 10**10)) < F(1, 10**7)
    a = F(3079785, 10**7)
    assert abs(a**3 - 6 * a**2 + 5 * a - 1) < F(1, 10**6)


def test_example_6_1_has_two_equilibria_and_optimism_is_unfair() -> None:
    drawn, contract = example_6_1()
    assert not drawn.success.is_submodular
    assert equilibria(drawn, contract) == ((0, 1, 2, 3),)
    found = {swap.agents: swap for swap in swaps(drawn, contract)}
    swap = found[1, 2]
    assert swap.equilibria == ((2,), (0, 1, 2, 3))
    assert swap.before == (F(1, 10), F(7, 80))
    assert swap.after == ((F(9, 200), F(1, 40)), (F(7, 80), F(1, 10)))
    assert swap.envious == (2,)
    held = {notion: all(map(holds, found.values())) for notion, holds in NOTIONS.items()}
    expected = {"fair": True, "fair_optimistic": False, "fair_pessimistic": True, "fair_always": False}
    assert held == expected


def test_corollary_3_5_is_about_floors_under_cutoffs() -> None:
    case = floored()
    assert is_fair(case.problem, case.fair)
    assert case.floor > (minimum_share(case.problem, (0, 1)) or 0)
    assert not is_fair(case.problem, case.floored)
    assert [fault.reason for fault in faults(case.problem, case.floored)] == ["premium"]
    proper = with_floor(case.problem, (0, 1), case.floor)
    assert proper is not None
    assert is_fair(case.problem, proper)


def test_the_exceptional_agent_may_differ_by_more_than_twice() -> None:
    drawn = Problem((F(1, 100), F(9, 50)), Additive((F(1, 10), F(9, 10))))
    least = least_contract(drawn, (0, 1))
    assert least is not None
    assert exceptional_agent(drawn, (0, 1)) == 1
    assert 2 * min(least.shares) <= max(least.shares)
    assert not proposition_3_6(drawn, least)
    even = Contract((0, 1), (F(1, 10), F(3, 10)))
    halves = Problem(drawn.costs, Additive((F(1, 4), F(1, 4))))
    assert exceptional_agent(halves, (0, 1)) == 0
    thirds = Problem((F(1, 50),) * 3, Additive((F(1, 3),) * 3))
    assert proposition_3_6(thirds, Contract((0, 1, 2), (*even.shares, F(1, 5)))) == [(0, 1)]


def test_the_coverage_example() -> None:
    drawn = coverage_example()
    assert cutoffs(drawn, (0, 1, 2)) == (F(1, 30), F(1, 15), F(3, 20))
    least = least_contract(drawn, (0, 1, 2))
    assert least == Contract((0, 1, 2), (F(3, 25), F(3, 25), F(3, 20)))
    assert revenue(drawn, least) == F(61, 100)
    assert Brute(drawn).best("fair") == (F(11, 15), (0, 1))
