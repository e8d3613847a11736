"""Exact optima against all teams, against each other, and with proven bounds when the time is up."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, permutations
from random import Random
from typing import TYPE_CHECKING

import pytest

from parley.core.clock import Clock
from parley.core.errors import ParleyError
from parley.core.exact import shown
from parley.mechanisms.team.examples import additive, price_of_fairness, subset_sum
from parley.mechanisms.team.problem import Problem
from parley.mechanisms.team.shares import revenue
from parley.mechanisms.team.solution import solve
from parley.mechanisms.team.solver import submodular, unconstrained
from parley.mechanisms.team.solver.additive import best_fair
from parley.mechanisms.team.solver.algorithm_1 import algorithm_1
from parley.mechanisms.team.solver.exhaustive import best_by_trying
from parley.mechanisms.team.solver.found import PAY, Found
from parley.mechanisms.team.solver.state import MAX_TIES
from parley.mechanisms.team.solver.submodular import best_submodular
from parley.mechanisms.team.solver.unconstrained import best_unconstrained
from parley.mechanisms.team.success.functions import (
    Additive,
    AtLeastOne,
    BudgetAdditive,
    Coverage,
    PartitionMatroid,
    Table,
)
from tests.team.brute import Brute
from tests.team.instances import CLASSES, SUBMODULAR, problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parley.mechanisms.team.success.base import Success

F = Fraction
RULES = ("fair", "nondiscriminatory", "unconstrained")
MINUTE = 60.0


def drawn_additive(dice: Random, agents: int) -> Problem:
    """Draw a problem with many ties."""
    numbers = [dice.randint(0, dice.choice([2, 3, 6, 40])) for _ in range(agents)]
    total = max(1, sum(numbers))
    scale = dice.choice([40, 100, 300])
    costs = []
    for number in numbers:
        cutoff = F(dice.choice([1, 2, 3, 4, 6, 12, dice.randint(1, 60)]), scale)
        costs.append(cutoff * (F(number, total) if number and dice.random() < 0.9 else F(1, agents)))
    return Problem(tuple(costs), Additive(tuple(F(number, total) for number in numbers)))


def additive_optimum(drawn: Problem, rule: str, seconds: float = MINUTE) -> Found:
    assert isinstance(drawn.success, Additive)
    if rule == "nondiscriminatory":
        team, earned = algorithm_1(drawn, drawn.success)
        return Found(team, earned, earned)
    search: Callable[[Problem, Additive, Clock], Found]
    search = best_fair if rule == "fair" else best_unconstrained
    return search(drawn, drawn.success, Clock.of(seconds))


@pytest.mark.parametrize("count", [60, pytest.param(3_000, marks=pytest.mark.deep)])
def test_additive_optima_are_those_of_all_teams(count: int) -> None:
    dice = Random(95)
    for _ in range(count):
        drawn = drawn_additive(dice, dice.randint(1, 7))
        brute = Brute(drawn)
        for rule in RULES:
            found = additive_optimum(drawn, rule)
            assert (found.revenue, found.team) == brute.best(rule)
            assert found.optimal


def are_those_of_all_teams(drawn: Problem) -> None:
    """Hold the optima of a problem against the best of all teams."""
    brute = Brute(drawn)
    for rule in RULES:
        found = best_submodular(drawn, rule, Clock.of(MINUTE))
        revenue, team = brute.best(rule)
        assert (found.revenue, found.team) == (revenue * drawn.reward, team)
        assert found.optimal


@pytest.mark.parametrize("count", [12, pytest.param(1_000, marks=pytest.mark.deep)])
@pytest.mark.parametrize("name", SUBMODULAR)
def test_submodular_optima_are_those_of_all_teams(name: str, count: int) -> None:
    dice = Random(name)
    for _ in range(count):
        are_those_of_all_teams(problem(dice, name, dice.randint(1, 6), SUBMODULAR))


def test_the_two_searches_agree_on_larger_additive_problems() -> None:
    dice = Random(96)
    for _ in range(25):
        drawn = drawn_additive(dice, dice.randint(10, 16))
        for rule in RULES:
            assert best_submodular(drawn, rule, Clock.of(MINUTE)) == additive_optimum(drawn, rule)


def test_any_function_of_few_agents_has_its_optima_tried() -> None:
    dice = Random(97)
    for name in ("xos", "table"):
        for _ in range(15):
            drawn = problem(dice, name, dice.randint(1, 5), CLASSES)
            for rule in RULES[1:]:
                found = best_by_trying(drawn, rule)
                revenue, team = Brute(drawn).best(rule)
                assert (found.revenue, found.team) == (revenue * drawn.reward, team)
    with pytest.raises(ParleyError, match="13 agents are above 12: too many teams to try"):
        best_by_trying(Problem((F(1, 100),) * 13, Additive((F(1, 13),) * 13)), "unconstrained")


def test_searches_are_exact_beyond_the_whole_numbers_of_floats() -> None:
    """Denominators above 2^53: floats are no longer whole, and differences of values not exact."""
    tiny = F(1, 3**40)
    dice = Random(53)
    for _ in range(10):
        agents = dice.randint(2, 5)
        numbers = tuple(F(dice.randint(1, 6), 30) + tiny * k for k in range(agents))
        costs = tuple(number * F(dice.randint(1, 8), 40) for number in numbers)
        for success in (Additive(numbers), BudgetAdditive(numbers, F(1, 2) + tiny)):
            drawn = Problem(costs, success)
            for rule in RULES:
                found = best_submodular(drawn, rule, Clock.of(MINUTE))
                assert (found.revenue, found.team) == Brute(drawn).best(rule)
                if isinstance(success, Additive):
                    assert additive_optimum(drawn, rule) == found


def test_agents_who_differ_by_less_than_floats_tell_apart_are_not_taken_for_equal() -> None:
    tiny, dice = F(1, 3**45), Random(54)
    for _ in range(25):
        agents = dice.randint(3, 6)
        numbers = [F(dice.randint(1, 2), 14) + dice.randint(-3, 3) * tiny for _ in range(agents)]
        cutoffs = [F(dice.randint(2, 4), 40) + dice.randint(-3, 3) * tiny for _ in range(agents)]
        drawn = additive(numbers, cutoffs)
        for rule in RULES:
            found = additive_optimum(drawn, rule)
            assert (found.revenue, found.team) == Brute(drawn).best(rule)
            assert best_submodular(drawn, rule, Clock.of(MINUTE)) == found


# ── ties: the smaller team, then the first ──────────────────────────────────────────────────────────────────


def first_subset(numbers: Sequence[int], size: int, target: int) -> tuple[int, ...]:
    """The places of so many numbers with a given sum, the first of all ways to choose them."""
    reach = [{(0, 0)}]
    for number in reversed(numbers):
        reach.append(reach[-1] | {(count + 1, total + number) for count, total in reach[-1] if count < size})
    found = list[int]()
    for place, number in enumerate(numbers):
        if (size - 1, target - number) in reach[-2 - place]:
            found.append(place)
            size, target = size - 1, target - number
    assert (size, target) == (0, 0)
    return tuple(found)


@pytest.mark.parametrize(
    ("rule", "agents", "most"),
    [("unconstrained", 60, 2), ("unconstrained", 60, 30), ("unconstrained", 90, 9), ("fair", 60, 3)],
)
def test_of_many_equal_optima_of_many_agents_the_first_is_found(rule: str, agents: int, most: int) -> None:
    dice = Random(60)
    numbers = [dice.randint(1, most) for _ in range(agents)]
    target = sum(dice.sample(numbers, agents // 2))
    drawn, optimum = subset_sum(numbers, agents // 2, target)
    first = first_subset(numbers, agents // 2, target)
    assert additive_optimum(drawn, rule) == Found(first, optimum, optimum)


def test_more_ties_than_are_kept_are_compared() -> None:
    """There are 526 ways to choose eight of the numbers from 1 to 16 with their mean."""
    numbers = list(range(1, 17))
    Random(16).shuffle(numbers)
    drawn, optimum = subset_sum(numbers, 8, 68)
    first = first_subset(numbers, 8, 68)
    assert sum(sum(some) == 68 for some in combinations(numbers, 8)) > MAX_TIES
    assert additive_optimum(drawn, "fair") == Found(first, optimum, optimum)


ALIKE: dict[str, Success] = {
    "additive": Additive((F(1, 60),) * 60),
    "budget-additive": BudgetAdditive((F(1, 60),) * 60, F(1, 2)),
    "coverage": Coverage((F(1, 5),) * 5, tuple((agent % 5,) for agent in range(60))),
    "at-least-one": AtLeastOne((F(1, 8),) * 60),
    "partition-matroid": PartitionMatroid((F(1, 60),) * 60, (tuple(range(60)),), (30,)),
}


@pytest.mark.parametrize("name", ALIKE)
def test_of_sixty_agents_who_are_alike_the_first_are_hired(name: str) -> None:
    drawn = Problem((F(1, 4000),) * 60, ALIKE[name])
    for rule in RULES:
        # The agents before any other one are as good as those of any team of as many that is any good.
        teams = [tuple(range(size)) for size in range(1, 61)]
        contracts = [contract for team in teams if (contract := PAY[rule](drawn, team))]
        best = max(contracts, key=lambda contract: (revenue(drawn, contract), -len(contract.team)))
        earned = revenue(drawn, best)
        assert best_submodular(drawn, rule, Clock.of(MINUTE)) == Found(best.team, earned, earned)


def test_equal_teams_of_a_table_are_all_compared() -> None:
    """Any seven of 14 agents are best: there are 3,432 such teams."""
    values = tuple(F(min(place.bit_count(), 7), 7) for place in range(1 << 14))
    drawn = Problem((F(1, 700),) * 14, Table(values))
    for rule in RULES:
        found = best_submodular(drawn, rule, Clock.of(MINUTE))
        assert (found.team, found.optimal) == (tuple(range(7)), True)


@pytest.mark.parametrize("prime", [unconstrained.PRIME, 7])
def test_states_that_neither_floats_nor_remainders_tell_apart_are_told_apart(
    prime: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only one agent is hired: of those that add least per cost, but more than any other."""
    monkeypatch.setattr(unconstrained, "PRIME", prime)
    tiny = F(7, 3**45)
    for more in permutations((0, 0, 2)):
        numbers = [F(3, 10) + k * tiny for k in more]
        cutoffs = [F(4, 10) + F(3, 2) * k * tiny for k in more]
        drawn = additive(numbers, cutoffs)
        assert additive_optimum(drawn, "unconstrained").team == (more.index(2),)
        assert Brute(drawn).best("unconstrained")[1] == (more.index(2),)


@pytest.mark.parametrize("count", [60, pytest.param(500, marks=pytest.mark.deep)])
@pytest.mark.parametrize("prime", [unconstrained.PRIME, 7])
def test_of_equal_teams_the_smallest_is_found_and_then_the_first(
    prime: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contributions and cut-offs are nearly in proportion, so that different teams have the same sums."""
    monkeypatch.setattr(unconstrained, "PRIME", prime)
    dice = Random(1)
    for _ in range(count):
        parts = [dice.randint(1, 3) for _ in range(dice.randint(5, 8))]
        whole = 2 * dice.choice([10, 16, 20])
        cutoffs = [F(2 * part + dice.choice([0, 0, 0, 1]), whole) for part in parts]
        drawn = additive([F(part, sum(parts)) for part in parts], cutoffs)
        brute = Brute(drawn)
        for rule in RULES:
            found = additive_optimum(drawn, rule)
            assert (found.revenue, found.team) == brute.best(rule)
            assert found.optimal


# ── many agents ─────────────────────────────────────────────────────────────────────────────────────────────


def random_large(seed: int, agents: int) -> Problem:
    dice = Random(seed)
    numbers = [dice.randint(1, 10**6) for _ in range(agents)]
    total = sum(numbers)
    return additive(
        [F(number, total) for number in numbers],
        [F(dice.randint(1, 10**6), 10**5 * agents) for _ in range(agents)],
    )


def test_a_thousand_agents_are_solved_and_proven() -> None:
    drawn = random_large(1, 1000)
    found = {rule: additive_optimum(drawn, rule) for rule in RULES}
    assert all(one.optimal for one in found.values())
    fair, equal, free = (found[rule].revenue for rule in RULES)
    assert equal < fair < free < 2 * equal  # Theorem 4.5, and here strictly
    assert len(found["fair"].team) > 100


def test_revenues_of_thousands_of_digits_are_written() -> None:
    """Cut-offs of many different denominators: their sum has more digits than Python prints by itself."""
    dice = Random(5000)
    numbers = tuple(F(dice.randint(1, 10**9), 2 * 10**12) for _ in range(2000))
    drawn = Problem(tuple(F(dice.randint(1, 10**6), 10**13) for _ in numbers), Additive(numbers), wei=1)
    found = solve(drawn)
    report = found.to_json()
    assert found.unconstrained is not None
    assert len(report["unconstrained"]["revenue"]) > 5000
    assert shown(report["unconstrained"]["revenue"]) == found.unconstrained.revenue


@pytest.mark.parametrize(
    ("groups", "fair", "equal", "free"),
    [
        (1, "1/2", "1/2", "1/2"),
        (2, "7/16", "3/8", "1/2"),
        (3, "1/3", "5/18", "1/2"),
        (4, "17/64", "7/32", "1/2"),
    ],
)
def test_the_price_of_fairness_grows(groups: int, fair: str, equal: str, free: str) -> None:
    drawn = price_of_fairness(groups)
    assert drawn.agents == (1, 5, 43, 585)[groups - 1]
    found = [additive_optimum(drawn, rule) for rule in RULES]
    assert [one.revenue for one in found] == [F(fair), F(equal), F(free)]
    assert all(one.optimal for one in found)


def test_the_optimum_answers_subset_sum() -> None:
    """Theorem 5.1 by our own reduction."""
    dice, answers = Random(51), set[bool]()
    for _ in range(25):
        numbers = [dice.randint(1, 9) for _ in range(dice.randint(3, 6))]
        size = dice.randint(1, len(numbers))
        target = dice.randint(size, 5 * size + 3)
        drawn, optimum = subset_sum(numbers, size, target)
        answer = any(sum(some) == target for some in combinations(numbers, size))
        answers.add(answer)
        best = additive_optimum(drawn, "fair").revenue
        assert best <= additive_optimum(drawn, "unconstrained").revenue <= optimum
        assert (best == optimum) == answer
    assert answers == {True, False}


def test_at_the_time_limit_the_bound_is_proven() -> None:
    dice = Random(52)
    numbers = [2 * dice.randint(1, 5000) for _ in range(24)]
    drawn, optimum = subset_sum(numbers, 12, sum(numbers) // 2 | 1)  # odd: there is no such subset
    for rule in ("fair", "unconstrained"):
        found = additive_optimum(drawn, rule, 0.0)
        assert found.team
        assert found.revenue < optimum
        assert found.revenue < found.bound <= optimum * (1 + F(1, 10**9))
        assert not found.optimal
    slow = best_submodular(drawn, "fair", Clock.of(0.0))
    assert slow.revenue < optimum <= slow.bound * (1 + F(1, 10**9))


def test_coverage_of_forty_agents_is_solved_and_proven() -> None:
    dice = Random(40)
    weights = [dice.randint(1, 20) for _ in range(60)]
    sets = tuple(tuple(e for e in range(60) if dice.random() < 0.15) for _ in range(40))
    worth = [F(sum(weights[e] for e in own), sum(weights)) for own in sets]
    costs = tuple(max(one, F(1, 100)) * F(dice.randint(1, 100), 2000) for one in worth)
    drawn = Problem(costs, Coverage(tuple(F(w, sum(weights)) for w in weights), sets))
    found = {rule: best_submodular(drawn, rule, Clock.of(MINUTE)) for rule in RULES}
    assert all(one.optimal for one in found.values())
    fair, equal, free = (found[rule].revenue for rule in RULES)
    assert equal <= fair <= free <= 3 * equal


@pytest.mark.parametrize("most", [4, 20, 100])
def test_at_least_one_of_200_agents_is_solved_and_proven(most: int) -> None:
    """With probabilities up to so many hundredths; few, so that many agents are of the same kind."""
    dice = Random(200 + most)
    chances = [F(dice.randint(1, most - 1), 100) for _ in range(200)]
    costs = tuple(chance * F(dice.randint(1, 99), 20_000) for chance in chances)
    drawn = Problem(costs, AtLeastOne(tuple(chances)))
    found = [best_submodular(drawn, rule, Clock.of(MINUTE)) for rule in RULES]
    assert all(one.optimal for one in found)
    fair, equal, free = (one.revenue for one in found)
    assert equal <= fair <= free <= 3 * equal


def few(dice: Random, name: str) -> Problem:
    """Draw a problem of a class, or one in which one of few kinds of agents is enough, at many costs."""
    agents = dice.randint(3, 7)
    if name != "alike":
        return problem(dice, name, agents, SUBMODULAR)
    whole = dice.choice([12, 60])
    chances = [F(dice.choice([0, 1, 1, 1, 2, 2, 3, 3, whole]), whole) for _ in range(agents)]
    costs = [max(q, F(1, whole)) * F(dice.randint(1, 9), dice.choice([40, 200])) for q in chances]
    return Problem(tuple(costs), AtLeastOne(tuple(chances)))


@pytest.mark.parametrize("count", [30, pytest.param(1_000, marks=pytest.mark.deep)])
@pytest.mark.parametrize("name", [*SUBMODULAR, "alike"])
def test_the_search_needs_no_good_team_to_begin_with(
    name: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it leaves out for its bounds is no best team, then."""
    monkeypatch.setattr(submodular, "first_team", lambda *_: 0.0)
    monkeypatch.setattr(submodular, "climb", lambda *_: 0.0)
    dice = Random(name)
    for _ in range(count):
        are_those_of_all_teams(few(dice, name))


@pytest.mark.parametrize("count", [60, pytest.param(3_000, marks=pytest.mark.deep)])
def test_the_search_for_additive_functions_needs_no_good_team_either(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "parley.mechanisms.team.solver.additive"
    monkeypatch.setattr(f"{module}.algorithm_1", lambda *_: ((), F(0)))
    monkeypatch.setattr(f"{module}.improve", lambda *_: 0.0)
    dice = Random(98)
    for _ in range(count):
        drawn = drawn_additive(dice, dice.randint(1, 7))
        found = additive_optimum(drawn, "fair")
        assert (found.revenue, found.team) == Brute(drawn).best("fair")
        assert found.optimal


@pytest.mark.parametrize("name", [*SUBMODULAR, "alike"])
def test_no_team_earns_more_than_the_bound_of_the_first_node(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submodular, "WORK", 0)
    monkeypatch.setattr(submodular, "first_team", lambda *_: 0.0)
    monkeypatch.setattr(submodular, "climb", lambda *_: 0.0)
    dice = Random(name)
    for _ in range(30):
        drawn = few(dice, name)
        brute = Brute(drawn)
        for rule in RULES:
            found = best_submodular(drawn, rule, Clock.of(0.0))
            assert found.bound >= brute.best(rule)[0] * drawn.reward >= found.revenue


def test_nobody_is_hired_if_all_cost_what_they_add() -> None:
    for part in range(40, 60):
        drawn = Problem((F(1, part),) * 2, Coverage((F(1, part),) * 2, ((0,), (1,))))
        for rule in RULES:
            assert best_submodular(drawn, rule, Clock.of(MINUTE)) == Found((), F(0), F(0))


def test_nobody_is_hired_if_nobody_is_worth_it() -> None:
    dear = Problem((F(3, 4), F(1)), Additive((F(1, 2), F(1, 2))))
    idle = Problem((F(1, 4), F(1)), Additive((F(0), F(0))))
    sure = Problem((F(1), F(2)), AtLeastOne((F(1), F(1))))
    for drawn in (dear, idle, sure):
        for rule in RULES:
            nobody = Found((), F(0), F(0))
            assert best_submodular(drawn, rule, Clock.of(MINUTE)) == nobody
            if isinstance(drawn.success, Additive):
                assert additive_optimum(drawn, rule) == nobody
