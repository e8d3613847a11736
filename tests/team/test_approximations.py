"""The paper's algorithms of Section 5 against exact optima, and the lemmas of their proofs."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING

import pytest

from parley.core.clock import Clock
from parley.core.errors import ParleyError
from parley.mechanisms.team.examples import additive, coverage_example
from parley.mechanisms.team.problem import Problem
from parley.mechanisms.team.shares import (
    least_contract,
    minimum_share,
    nondiscriminatory_contract,
    revenue,
    with_floor,
)
from parley.mechanisms.team.solver.additive import best_fair
from parley.mechanisms.team.solver.constant_factor import (
    FACTOR,
    algorithm_2,
    algorithm_3,
    algorithm_4,
    algorithm_7,
    constant_factor,
)
from parley.mechanisms.team.solver.demand import demand
from parley.mechanisms.team.solver.found import Found, best_of
from parley.mechanisms.team.solver.fptas import Grid, floor_at, fptas, grid_of
from parley.mechanisms.team.solver.submodular import best_submodular
from parley.mechanisms.team.success.functions import (
    Additive,
    AtLeastOne,
    BudgetAdditive,
    Coverage,
    PartitionMatroid,
)
from parley.mechanisms.team.theorems import lemma_5_8
from tests.team.brute import Brute, subsets
from tests.team.instances import SUBMODULAR, problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parley.mechanisms.team.success.base import Team

F = Fraction
MINUTE = 60.0


def random_additive(dice: Random, agents: int) -> Problem:
    numbers = [dice.randint(1, 50) for _ in range(agents)]
    total = sum(numbers) + dice.choice([0, 5])
    cutoffs = [F(dice.randint(1, 60), dice.choice([80, 200])) for _ in range(agents)]
    return additive([F(number, total) for number in numbers], cutoffs)


# ── the FPTAS ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("count", [40, pytest.param(1_000, marks=pytest.mark.deep)])
def test_the_fptas_keeps_its_promise(count: int) -> None:
    dice = Random(511)
    for _ in range(count):
        drawn = random_additive(dice, dice.randint(1, 7))
        assert isinstance(drawn.success, Additive)
        best = best_fair(drawn, drawn.success, Clock.of(MINUTE))
        epsilon = dice.choice([F(9, 10), F(1, 2), F(7, 20), F(1, 5)])
        found = fptas(drawn, F(4, 5), Clock.of(MINUTE))
        assert (1 - epsilon) * best.revenue <= found.revenue <= best.revenue <= found.bound
        contract = least_contract(drawn, found.team)
        assert contract is not None
        assert found.revenue == revenue(drawn, contract)


def test_the_fptas_has_a_proven_bound_when_the_time_is_up() -> None:
    drawn = random_additive(Random(7), 30)
    assert isinstance(drawn.success, Additive)
    found = fptas(drawn, F(1, 100), Clock.of(0.0))
    best = best_fair(drawn, drawn.success, Clock.of(MINUTE)).revenue
    assert 0 < found.revenue <= best <= found.bound


def test_the_fptas_needs_no_agents_worth_hiring_and_no_grid_too_fine() -> None:
    dear = Problem((F(1), F(2)), Additive((F(1, 2), F(1, 2))))
    assert fptas(dear, F(1, 2), Clock.of(MINUTE)) == Found((), F(0), F(0))
    one_dear = Problem((F(1, 10), F(2)), Additive((F(1, 2), F(1, 2))))
    assert fptas(one_dear, F(1, 2), Clock.of(MINUTE)).revenue == F(2, 5)
    fine = random_additive(Random(3), 4)
    best = fptas(fine, F(1, 2), Clock.of(MINUTE)).revenue
    found = fptas(fine, F(1, 10**8), Clock.of(MINUTE))
    assert 0 < found.revenue <= best <= found.bound
    with pytest.raises(TypeError, match="coverage functions are not additive"):
        fptas(coverage_example(), F(1, 2), Clock.of(MINUTE))


def by_the_letter(drawn: Problem, epsilon: Fraction) -> Iterator[tuple[Grid, int, int, int, Team]]:
    """Yield the solutions of all knapsacks (23), each found by trying all sets, nothing left out."""
    costs, success = drawn.relative_costs, drawn.success
    for i in range(drawn.agents):
        grid = grid_of(drawn, i, epsilon)
        rounded = dict(zip(grid.agents, grid.rounded, strict=True))
        sums = {team: sum(rounded[k] for k in team) for team in subsets(grid.agents) if i in team}
        for j in grid.agents:
            for size in sorted({size for team, size in sums.items() if j in team}):
                value = size * grid.step / (1 - grid.loss)
                floor = max(F(0), floor_at(drawn, j, value))
                domain = {k for k in grid.agents if floor_at(drawn, k, value) <= floor}
                wage = {k: max(costs[k] / success.value((k,)), floor) for k in grid.agents}
                fits = [
                    team for team, own in sums.items() if own == size and j in team and set(team) <= domain
                ]
                if fits:
                    best = min(fits, key=lambda team: sum(wage[k] for k in team))
                    yield grid, size, i, j, best


def test_what_the_proof_of_the_fptas_says_of_every_knapsack() -> None:
    """Lemma 5.14 and Claim 5.17; and the program earns no less than the algorithm to the letter."""
    dice, seen = Random(514), 0
    for _ in range(12):
        drawn, epsilon = random_additive(dice, dice.randint(2, 4)), F(dice.randint(8, 12), 10)
        best = F(0)
        for grid, size, i, j, team in by_the_letter(drawn, epsilon):
            seen += 1
            value = drawn.success.value(team)
            assert drawn.success.value((i,)) == max(drawn.success.value((k,)) for k in team)
            assert (1 - grid.loss) * value <= size * grid.step <= value
            estimate = size * grid.step / (1 - grid.loss)
            assert value <= estimate
            floor = max(F(0), floor_at(drawn, j, estimate))
            least = minimum_share(drawn, team)
            assert least is not None
            assert floor >= least == max(floor_at(drawn, k, value) for k in team)
            contract, paid = least_contract(drawn, team), with_floor(drawn, team, floor)
            assert contract is not None
            assert paid is not None
            assert Brute(drawn).fair(dict(zip(team, paid.shares, strict=True)))
            best = max(best, revenue(drawn, contract))
        singles = best_of(drawn, "fair", ((k,) for k in range(drawn.agents)))[1]
        found = fptas(drawn, F(4, 5), Clock.of(MINUTE)).revenue
        assert max(best, singles) / 5 <= found
        assert max(best, singles) <= Brute(drawn).best("fair")[0]
    assert seen > 60


def test_lemmas_5_12_and_5_19() -> None:
    dice, cases = Random(519), [0, 0]
    for _ in range(200):
        drawn = random_additive(dice, dice.randint(1, 5))
        best, team = Brute(drawn).best("fair")
        if not team:
            continue
        whole = drawn.success.value(team)
        largest = max(team, key=lambda k: drawn.success.value((k,)))
        share = F(dice.randint(1, 9), 10)
        if drawn.success.value((largest,)) >= (1 - share) * whole:
            cases[0] += 1
            alone = least_contract(drawn, (largest,))
            assert alone is not None
            assert revenue(drawn, alone) >= (1 - share) * best
        else:
            cases[1] += 1
            contract = least_contract(drawn, team)
            assert contract is not None
            assert sum(contract.shares) * (1 + share) < 1
    assert min(cases) > 30


# ── the constant factor ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("count", [15, pytest.param(1_000, marks=pytest.mark.deep)])
@pytest.mark.parametrize("name", SUBMODULAR)
def test_the_constant_factor_keeps_its_promise(name: str, count: int) -> None:
    dice = Random(name)
    for _ in range(count):
        drawn = problem(dice, name, dice.randint(1, 6), SUBMODULAR)
        found = constant_factor(drawn, Clock.of(MINUTE))
        teams, complete = algorithm_2(drawn, Clock.of(MINUTE))
        brute = Brute(drawn)
        assert complete
        equal = best_of(drawn, "nondiscriminatory", teams)[1] / drawn.reward
        assert FACTOR * equal >= brute.best("nondiscriminatory")[0]
        best = brute.best("fair")[0] * drawn.reward
        assert found.revenue <= best <= found.bound
        assert 2 * found.revenue >= best  # far better than proven


def test_without_time_the_constant_factor_has_the_trivial_bound() -> None:
    drawn = random_additive(Random(4), 8)
    found = constant_factor(drawn, Clock.of(0.0))
    assert 0 < found.revenue <= found.bound == drawn.success.value(range(8))


def test_agents_who_add_nothing_are_in_no_team() -> None:
    idle = Problem((F(1, 10), F(1, 10)), Additive((F(0), F(0))))
    assert list(algorithm_3(idle)) == []
    assert constant_factor(idle, Clock.of(MINUTE)) == Found((), F(0), F(0))


@pytest.mark.parametrize("name", SUBMODULAR)
def test_demanded_sets_are_the_best_of_all(name: str) -> None:
    dice = Random(name)
    for _ in range(25):
        drawn = problem(dice, name, dice.randint(1, 5), SUBMODULAR)
        success = drawn.success
        agents = [i for i in range(drawn.agents) if dice.random() < 0.8]
        prices = {i: F(dice.randint(0, 20), 60) for i in agents}

        def gain(team: Team, prices: dict[int, Fraction] = prices, problem: Problem = drawn) -> Fraction:
            return problem.success.value(team) - sum((prices[i] for i in team), F(0))

        found = demand(success, prices)
        assert gain(found) == max(map(gain, subsets(agents)))
        losses = success.losses(found).each
        assert all(loss >= prices[i] * success.denominator for i, loss in zip(found, losses, strict=True))


def test_functions_without_a_demand_oracle_are_refused_above_sixteen_agents() -> None:
    many = Problem((F(1, 100),) * 17, AtLeastOne((F(1, 10),) * 17))
    with pytest.raises(ParleyError, match="no demand oracle for at-least-one: 17 agents are above 16"):
        constant_factor(many, Clock.of(MINUTE))


def test_the_scaling_lemma() -> None:
    dice, seen = Random(510), 0
    for _ in range(200):
        name = dice.choice(list(SUBMODULAR))
        success = problem(dice, name, dice.randint(2, 6), SUBMODULAR).success
        team = tuple(range(success.agents))
        greatest = max(success.value((i,)) for i in team)
        low = F(dice.randint(1, 10), 12)
        high = low + greatest
        if success.value(team) < low:
            continue
        seen += 1
        found = algorithm_4(success, team, high)
        assert low <= success.value(found) <= high
        there, here = success.losses(team).each, success.losses(found).each
        assert all(here[k] >= there[i] for k, i in enumerate(found))
    assert seen > 50


def test_small_equal_shares_are_the_case_of_algorithm_7() -> None:
    """Lemma B.1: if α* ≤ 1/(4n), the agents in demand earn a quarter of f(S*), and share at most 1/(2n)."""
    dice, seen = Random(7), 0
    for _ in range(200):
        name = dice.choice(list(SUBMODULAR))
        base = problem(dice, name, dice.randint(1, 4), SUBMODULAR)
        drawn = Problem(tuple(cost / 20 for cost in base.costs), base.success, base.reward)
        team = Brute(drawn).best("nondiscriminatory")[1]
        best = nondiscriminatory_contract(drawn, team)
        if not team or best is None or best.shares[0] * 4 * drawn.agents > 1:
            continue
        seen += 1
        ours = nondiscriminatory_contract(drawn, algorithm_7(drawn))
        assert ours is not None
        assert ours.shares[0] * 2 * drawn.agents <= 1
        assert 4 * revenue(drawn, ours) >= drawn.success.value(team) * drawn.reward
    assert seen > 30


def test_many_small_agents_are_the_case_of_algorithm_3() -> None:
    """Lemmas 5.6, 5.8 and 5.9 where every agent is worth less than a 64th of the best team.

    Equal agents of which only some count: f depends on the number of members. Equal shares exceed 1/(4n).
    """
    agents, counted = 400, 250
    success = PartitionMatroid((F(1, counted),) * agents, (tuple(range(agents)),), (counted,))
    drawn = Problem((F(1, 400 * counted),) * agents, success)
    cutoff = F(1, 400)
    size = max(range(counted + 1), key=lambda k: (1 - k * cutoff) * k)
    best = (1 - size * cutoff) * F(size, counted)
    assert success.value((0,)) * 64 < F(size, counted)
    assert cutoff * 4 * agents > 1
    earned, good = F(0), 0
    for team in algorithm_3(drawn):
        contract = nondiscriminatory_contract(drawn, team)
        assert contract is not None
        earned = max(earned, revenue(drawn, contract))
        share = next(F(1, 1 << k) for k in range(20) if cutoff > F(1, 2 << k))
        if lemma_5_8(drawn, team, 2 * share):
            good += 1
            assert 2 * revenue(drawn, contract) >= success.value(team)
    assert good > 0
    assert earned * FACTOR >= best
    assert constant_factor(drawn, Clock.of(MINUTE)).revenue * 2 >= best


def test_integer_programs_find_demand_among_many_agents() -> None:
    dice = Random(40)
    sets = tuple(tuple(e for e in range(50) if dice.random() < 0.1) for _ in range(40))
    covering = Problem(
        tuple(F(len(own) + 1, 50) * F(dice.randint(1, 50), 1000) for own in sets),
        Coverage((F(1, 50),) * 50, sets),
    )
    numbers = tuple(F(dice.randint(1, 20), 200) for _ in range(40))
    capped = Problem(tuple(number / 20 for number in numbers), BudgetAdditive(numbers, F(1, 2)))
    for drawn in (covering, capped):
        found = constant_factor(drawn, Clock.of(MINUTE))
        best = best_submodular(drawn, "fair", Clock.of(MINUTE))
        assert best.optimal
        assert best.revenue / 2 <= found.revenue <= best.revenue <= found.bound
