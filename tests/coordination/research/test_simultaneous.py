from fractions import Fraction
from itertools import product
from math import prod
from random import Random

import numpy as np
import pytest

from parley.core.errors import ParleyError, ProblemError
from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.announcements import bounds, is_feasible
from parley.mechanisms.coordination.axioms.triple import Recognition, Rows, Triple, recognition_of, rows_of
from parley.mechanisms.coordination.bargaining import expected_costs, savings
from parley.mechanisms.coordination.costs import Quadratic
from parley.mechanisms.coordination.problem import Problem
from parley.mechanisms.coordination.research import simultaneous
from parley.mechanisms.coordination.research.simultaneous import (
    best_response,
    best_response_path,
    compare_with_sequential,
    nash_equilibria,
    outcome,
    resolve,
)
from tests.coordination import problems
from tests.coordination.problems import Matrix, all_allocations, make, random_problem

pytestmark = pytest.mark.deep

F = Fraction
INDEPENDENT = ["p-star", "equal", "contract-proportional"]
"""Recognition functions that meet Proposition 2's condition."""

TRAP = make([[4, 0, 0], [0, 1, 0], [0, 0, 1]], [[4, 0, 0], [2, 1, 0], [2, 0, 1]])
"""The smallest problem of the docstring: agents 2 and 3 share what agent 1 lets go, or one takes all."""


def random_demands(dice: Random, problem: Problem) -> Matrix:
    return np.array([[dice.randint(0, c) for c in row] for row in problem.capacity.tolist()])


def small_problem(dice: Random, most: int, *, special: bool | None = None) -> Problem:
    """A random problem of three agents or more with at most so many demand profiles, all counted."""
    while True:
        problem = random_problem(dice, special=dice.random() < 0.5 if special is None else special)
        if problem.agents > 2 and prod(int(c) + 1 for c in problem.capacity.ravel()) <= most:
            return problem


def saved(problem: Problem, p: Recognition, X: Rows) -> tuple[Fraction, ...]:
    """What agents save at X, from Proposition 1 alone."""
    alone = expected_costs(problem, X, [F(0)] * problem.agents)
    here = expected_costs(problem, X, p(Triple.at(problem, X)))
    return tuple(before - after for before, after in zip(alone, here, strict=True))


@pytest.mark.parametrize("special", [True, False], ids=["special domain", "general domain"])
def test_demands_are_resolved_to_the_nearest_legal_announcements_in_order(*, special: bool) -> None:
    dice = Random(61 + special)
    for _ in range(150):
        problem = random_problem(dice, special=special)
        demands = random_demands(dice, problem)
        X = resolve(problem, demands)
        assert is_feasible(problem, X)
        for j, row in enumerate(X):
            lower, upper = bounds(problem, X[:j])
            for t, x in enumerate(row):
                legal = range(int(lower[t]), int(upper[t]) + 1)
                assert x in legal
                assert abs(x - demands[j, t]) == min(abs(y - demands[j, t]) for y in legal)


def test_a_feasible_allocation_is_resolved_to_itself() -> None:
    dice = Random(67)
    for special in [True, False] * 50:
        problem = random_problem(dice, special=special)
        X = problems.random_announcements(dice, problem, problem.agents)
        assert resolve(problem, X) == rows_of(X)


@pytest.mark.parametrize(
    ("demands", "message"),
    [
        ([[5, 0, 0], [0, 0, 0], [0, 0, 0]], r"demands\[0\]\[0\]: agent 1 demands 5 .* outside 0\.\.4"),
        ([[0, 0, 0], [0, 0, 0], [0, -1, 0]], r"demands\[2\]\[1\]: agent 3 demands -1"),
        ([[0, 0, 0], [0, 0, 0]], r"shape \(2, 3\)"),
    ],
)
def test_demands_outside_the_capacities_are_refused(demands: list[list[int]], message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        resolve(TRAP, demands)


@pytest.mark.parametrize("name", ["p-star", "announcement-proportional", "reordered"])
def test_the_equilibria_are_those_of_the_definition(name: str) -> None:
    dice = Random(71)
    p = recognition_of(name)
    several = 0
    for _ in range(40):
        problem = small_problem(dice, 1500)
        rows = [list(product(*(range(int(c) + 1) for c in agent))) for agent in problem.capacity]
        worth = {demands: resolve(problem, demands) for demands in product(*rows)}
        gains = {X: saved(problem, p, X) for X in set(worth.values())}
        equilibria = {
            demands: X
            for demands, X in worth.items()
            if all(
                gains[X][j] >= gains[worth[(*demands[:j], other, *demands[j + 1 :])]][j]
                for j in range(problem.agents)
                for other in rows[j]
            )
        }
        found = nash_equilibria(problem, p)
        assert {end.allocation for end in found.outcomes} == set(equilibria.values())
        assert len(found.outcomes) == len(found.demands) <= found.count <= len(equilibria)
        assert found.profiles <= len(worth)
        for demands, end in zip(found.demands, found.outcomes, strict=True):
            assert equilibria[demands] == end.allocation
            assert end.savings == gains[end.allocation]
        several += len(found.outcomes) > 1
    assert several > 10


@pytest.mark.parametrize("name", INDEPENDENT)
def test_every_cost_effective_allocation_is_the_outcome_of_an_equilibrium(name: str) -> None:
    dice = Random(73)
    p = recognition_of(name)
    inefficient = worse = 0
    for _ in range(200):
        problem = small_problem(dice, 10**6)
        least = cost_effective(problem).total_cost
        best = {rows_of(X) for X in all_allocations(problem) if problem.total_cost(X) == least}
        found = nash_equilibria(problem, p)
        assert best <= {end.allocation for end in found.outcomes}
        assert found.best == least
        assert found.worst is not None
        inefficient += found.worst > least
        worse += found.worst > problem.total_cost(problem.contracted)
    assert inefficient > 20
    assert worse == 0


@pytest.mark.parametrize("name", INDEPENDENT)
def test_best_responses_end_at_an_equilibrium_and_only_ever_save_more(name: str) -> None:
    dice = Random(79)
    p = recognition_of(name)
    for _ in range(60):
        problem = small_problem(dice, 10**5)
        demands = random_demands(dice, problem)
        path = best_response_path(problem, p, demands)
        assert path.end == "equilibrium"
        assert path.outcome.allocation in {end.allocation for end in nash_equilibria(problem, p).outcomes}
        # The same walk, step by step.
        steps, moving = 0, True
        while moving:
            moving = False
            for j in range(problem.agents):
                before = max(F(0), savings(problem, resolve(problem, demands)))
                answer = best_response(problem, p, demands, j)
                if answer != tuple(demands[j].tolist()):
                    demands[j] = answer
                    assert savings(problem, resolve(problem, demands)) > before
                    steps, moving = steps + 1, True
        assert rows_of(demands) == path.demands
        assert steps == path.steps


@pytest.mark.parametrize("name", ["p-star", "announcement-proportional"])
def test_a_best_response_is_as_good_as_any_demand_and_changes_nothing_without_need(name: str) -> None:
    dice = Random(83)
    p = recognition_of(name)
    stayed = 0
    for special in [True, False] * 40:
        problem = random_problem(dice, special=special)
        demands, j = random_demands(dice, problem), dice.randrange(problem.agents)
        answer = best_response(problem, p, demands, j)

        def worth(
            row: tuple[int, ...], problem: Problem = problem, demands: Matrix = demands, j: int = j
        ) -> Fraction:
            changed = demands.copy()
            changed[j] = row
            return outcome(problem, p, changed).savings[j]

        most = max(map(worth, product(*(range(int(c) + 1) for c in problem.capacity[j]))))
        now = tuple(demands[j].tolist())
        assert worth(answer) == most
        if worth(now) == most:
            assert answer == now
            stayed += 1
    assert 20 < stayed < 80


def test_with_two_agents_simultaneous_announcements_are_as_good_as_sequential_ones() -> None:
    # Only agent 1 has a choice.
    dice = Random(89)
    done = 0
    while done < 60:
        problem = random_problem(dice, special=dice.random() < 0.5)
        if problem.agents == 2 and problem.contracted[0].any():
            found = nash_equilibria(problem, recognition_of("p-star"))
            assert found.best == found.worst == cost_effective(problem).total_cost
            done += 1


def test_sequential_play_avoids_the_trap_that_simultaneous_play_may_end_in() -> None:
    both = compare_with_sequential(
        TRAP, recognition_of("p-star"), [TRAP.contracted, [[4, 0, 0], [2, 1, 0], [0, 0, 1]]]
    )
    assert both.contracts == 18
    assert both.least == 12
    assert both.sequential == (F(12), F(12))
    assert {both.nash.best, both.nash.worst} == {12, 14}
    assert both.share(F(14)) == F(2, 3)
    assert [path.end for path in both.paths] == ["equilibrium"] * 2
    assert [path.outcome.cost for path in both.paths] == [14, 14]


def test_where_all_agents_have_contracts_only_simultaneous_play_is_ever_inefficient_under_p_star() -> None:
    dice = Random(97)
    p = recognition_of("p-star")
    done = trapped = 0
    while done < 60:
        problem = small_problem(dice, 10**5)
        if not problem.contracted.any(axis=1).all():
            continue
        both = compare_with_sequential(problem, p)
        assert both.sequential == (both.least, both.least)
        assert both.nash.best == both.least
        assert both.nash.worst is not None
        assert 0 <= both.share(both.nash.worst) <= both.share(both.least) == 1
        trapped += both.nash.worst > both.least
        done += 1
    assert trapped > 10


def test_announcement_proportional_recognition_can_make_every_equilibrium_inefficient() -> None:
    # One task. Who does it saves everything, so agent 2 does not leave it to agent 3, at either kind of play.
    one = make([[1], [0], [0]], [[1], [1], [1]], *(Quadratic(F(a)) for a in (4, 2, 1)))
    both = compare_with_sequential(one, recognition_of("announcement-proportional"))
    assert {end.cost for end in both.nash.outcomes} == {2, 4}
    assert both.least == 1
    assert min(both.sequential) == 2
    assert compare_with_sequential(one, recognition_of("equal")).nash.best == 1


def test_larger_games_are_followed_to_an_equilibrium() -> None:
    dice = Random(101)
    D, C = problems.random_matrices(dice, special=True, n=7, m=5)
    problem = make(D, C, *(Quadratic(F(dice.randint(1, 5))) for _ in range(7)))
    p = recognition_of("p-star")
    path = best_response_path(problem, p, D)
    assert path.end == "equilibrium"
    assert path.steps > 0
    assert cost_effective(problem).total_cost <= path.outcome.cost < problem.total_cost(D)
    assert all(best_response(problem, p, path.demands, j) == path.demands[j] for j in range(7))
    assert best_response_path(problem, p, D, max_rounds=1).end == "unfinished"


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("MAX_PROFILES", "15 demand profiles are more than the 4"),
        ("MAX_ALLOCATIONS", "9 allocations are more"),
    ],
)
def test_games_too_large_to_search_are_refused(
    monkeypatch: pytest.MonkeyPatch, limit: str, message: str
) -> None:
    monkeypatch.setattr(simultaneous, limit, 4)
    with pytest.raises(ParleyError, match=message):
        nash_equilibria(TRAP, recognition_of("p-star"))


def test_agents_with_too_many_announcements_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simultaneous, "MAX_CHOICES", 4)
    with pytest.raises(ParleyError, match="agent 1 has 5 announcements"):
        best_response(TRAP, recognition_of("p-star"), TRAP.contracted, 0)


def test_best_responses_can_cycle_under_announcement_proportional_recognition_but_not_under_p_star() -> None:
    steep = Quadratic(F(1), F(1))
    problem = make([[2, 1], [0, 0], [0, 0]], [[2, 1], [1, 2], [1, 2]], steep, steep, Quadratic(F(1)))
    path = best_response_path(problem, recognition_of("announcement-proportional"), problem.contracted)
    assert (path.end, path.period) == ("cycle", 2)
    again = best_response_path(problem, recognition_of("announcement-proportional"), path.demands)
    assert again.demands == path.demands
    assert best_response_path(problem, recognition_of("p-star"), problem.contracted).end == "equilibrium"


def test_the_equilibria_are_the_same_for_all_independent_recognition_that_recognizes_everybody() -> None:
    dice = Random(163)
    done = 0
    while done < 40:
        problem = small_problem(dice, 10**5)
        if not problem.contracted.any(axis=1).all():
            continue
        found = [nash_equilibria(problem, recognition_of(name)) for name in INDEPENDENT]
        assert len({tuple(end.allocation for end in each.outcomes) for each in found}) == 1
        assert len({each.count for each in found}) == 1
        done += 1
