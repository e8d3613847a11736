"""Problem files: what is read, what is refused in one line, and how menus become whole units."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.core.errors import ProblemError
from parley.mechanisms.screening.market import MAX_QUANTITY, REMEDIAL, Menu, rounded, unit_for
from parley.mechanisms.screening.preferences import Discrete, Lognormal, Uniform
from parley.mechanisms.screening.problem import Design, Problem, worked_example
from parley.mechanisms.screening.rays import are_polarized, cap, full_length, is_ray
from tests.screening.test_rays import random_ray, ray

BOX = {"type": "uniform", "low": [1, 1], "high": [2, 2]}
BASE: dict[str, Any] = {
    "kind": "screening",
    "social_costs": [[1, 3], [3, 1]],
    "status_quo": [[2, 2], [2, 2]],
    "preferences": BOX,
}
MENUS = [[[1, "-6/5"], [-1, "3/2"]], "remedial"]


def test_a_problem_is_read_exactly() -> None:
    problem = Problem.from_mapping(BASE | {"menus": MENUS, "names": {"tasks": ["day", "night"]}})
    assert problem.social_costs == (ray(1, 3), ray(3, 1))
    assert problem.menus == (Menu((ray(1, "-6/5"), ray(-1, "3/2"))), REMEDIAL)
    assert problem.preferences == (Uniform(ray(1, 1), ray(2, 2)),) * 2
    assert problem.task_names == ("day", "night")
    assert problem.market().menus[0].rays == (ray("5/3", -2), ray(-2, 3))


def test_without_menus_they_are_designed() -> None:
    assert Problem.from_mapping(BASE).design == Design("finite", 0)
    given = Problem.from_mapping(BASE | {"design": {"market": "large", "seed": 3}})
    assert given.design == Design("large", 3)
    with pytest.raises(ValueError, match="no menus"):
        given.market()
    assert given.with_menus([REMEDIAL, REMEDIAL]).menus == (REMEDIAL, REMEDIAL)


DISCRETE = {"type": "discrete", "types": [[1, 2], ["1/2", 3]], "weights": [1, 3]}
LOGNORMAL = {"type": "lognormal", "mean": [0, -1], "covariance": [[1, "1/2"], ["1/2", 1]]}


@pytest.mark.parametrize(
    "more",
    [
        {"menus": MENUS, "unit": 6},
        {"preferences": [DISCRETE, LOGNORMAL], "window": 120},
        {"preferences": DISCRETE, "design": {"market": "two-price"}},
        {"menus": [[], []], "names": {"agents": ["Ann", "Bo"], "tasks": ["x", "y"]}},
        {"social_costs": [["-1/3", 3], [3, "0.25"]], "status_quo": [["1/3", 0], [0, 5]]},
    ],
)
def test_files_come_back_as_they_were(more: dict[str, Any]) -> None:
    problem = Problem.from_mapping(BASE | more)
    assert Problem.from_mapping(problem.to_mapping()) == problem


def test_preferences_are_one_for_all_or_one_each() -> None:
    problem = Problem.from_mapping(BASE | {"preferences": [DISCRETE, LOGNORMAL]})
    one, other = problem.preferences
    assert isinstance(one, Discrete)
    assert one.probabilities == ray("1/4", "3/4")
    assert isinstance(other, Lognormal)
    assert isinstance(Problem.from_mapping(BASE | {"preferences": [BOX]}).preferences[1], Uniform)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"social_costs": [[1], [2]]}, "social_costs[0]: a market needs at least two tasks"),
        ({"social_costs": [[1, 2], [2]]}, "social_costs[1]: 1 entries for 2 tasks"),
        ({"social_costs": [[1, "x"], [2, 3]]}, "social_costs[0][1]: 'x' is not a number"),
        ({"social_costs": 3}, "social_costs: 3 is not a matrix"),
        ({"status_quo": [[1, 2]]}, "status_quo: 1 rows for 2 agents"),
        ({"status_quo": [[1, 2], [-1, 2]]}, "status_quo[1][0]: -1 is negative"),
        ({"preferences": [BOX] * 3}, "preferences: 3 entries; must be 1 (for all) or 2 (one each)"),
        (
            {"preferences": {"type": "normal"}},
            "preferences.type: unknown: 'normal' (did you mean lognormal?); known: ",
        ),
        ({"preferences": 7}, "preferences: 7 is not a list"),
        ({"preferences": BOX | {"low": [1, 0]}}, "preferences.low[1]: 0 is not above 0"),
        ({"preferences": BOX | {"low": [1, 3]}}, "preferences.high[1]: 2 is below 3, the lowest cost"),
        ({"preferences": [BOX, BOX | {"high": [2]}]}, "preferences[1].high: 1 entries for 2 tasks"),
        ({"preferences": BOX | {"hi": [2]}}, "preferences.hi: unknown key (did you mean high?)"),
        ({"preferences": DISCRETE | {"types": []}}, "preferences.types: empty"),
        (
            {"preferences": DISCRETE | {"types": [[1, 1], [0, 1]]}},
            "preferences.types[1][0]: 0 is not above 0",
        ),
        ({"preferences": DISCRETE | {"weights": [1]}}, "preferences.weights: 1 entries for 2 types"),
        ({"preferences": DISCRETE | {"weights": [1, -1]}}, "preferences.weights[1]: -1 is not above 0"),
        ({"preferences": LOGNORMAL | {"mean": [0]}}, "preferences.mean: 1 entries for 2 tasks"),
        ({"preferences": LOGNORMAL | {"covariance": [[1, 0]]}}, "preferences.covariance: 1 rows for 2 tasks"),
        (
            {"preferences": LOGNORMAL | {"covariance": [[1, 1], [0, 1]]}},
            "preferences.covariance[0][1]: 1 is not 0: not symmetric",
        ),
        (
            {"preferences": LOGNORMAL | {"covariance": [[1, 1], [1, 1]]}},
            "preferences.covariance: not positive definite",
        ),
        ({"menus": [[]]}, "menus: 1 menus for 2 agents"),
        ({"menus": [[], "some"]}, "menus[1]: 'some' is neither a list of rays nor \"remedial\""),
        ({"menus": [[1], []]}, "menus[0][0]: 1 is not a ray"),
        ({"menus": [[[1]], []]}, "menus[0][0]: 1 entries for 2 tasks"),
        ({"menus": [[], [[1, 0]]]}, "menus[1][0]: gives up no task"),
        ({"menus": [[], [[-1, 0]]]}, "menus[1][0]: takes no task"),
        (
            {"menus": [[[1, -1]], []], "status_quo": [[1, 0], [1, 1]]},
            "menus[0][0][1]: gives up a",
        ),
        ({"menus": MENUS, "design": {}}, "design: must not be beside menus"),
        ({"design": {"market": "small"}}, "design.market: unknown: 'small'; known: "),
        ({"design": {"seed": -1}}, "design.seed: -1 is negative"),
        ({"unit": 0}, "unit: 0 is not at least 1"),
        (
            {"unit": 2, "status_quo": [["1/3", 1], [1, 1]]},
            "status_quo[0][0]: 1/3 tasks are not a",
        ),
        ({"window": 59}, "window: 59 is below 60"),
        ({"window": 2592001}, "window: 2592001 is above 2592000"),
        ({"names": {"agents": ["Ann"]}}, "names.agents: 1 names for 2"),
        ({"names": {"tasks": []}}, "names.tasks: empty; leave the key out instead"),
        ({"sigma": 1}, "sigma: unknown key"),
    ],
)
def test_wrong_files_are_refused_in_one_line(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ProblemError) as caught:
        Problem.from_mapping(BASE | more, "a.toml")
    assert str(caught.value).startswith(f"a.toml: {said}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"menus": [[[1, "-3/2"], [-1, 1]], []]},
            "menus[0]: rays 0 and 1 are not polarized: a type",
        ),
        (
            {"menus": [[], []], "status_quo": [[1, 1], [2**20, 0]]},
            "status_quo[1]: the number of units",
        ),
        ({"menus": [[[2**20, -1]], []]}, "menus[0][0]: the number of units"),
        ({"social_costs": [[2**31, 0], [1, 1]]}, "social_costs[0][0]: 2147483648 is not within"),
        ({"social_costs": [[2**30, "1/2"], [1, 1]]}, "social_costs[0][0]: 2147483648 (in 1/2) is not within"),
        (
            {"social_costs": [[1, 1]] * 65, "status_quo": [[1, 1]] * 65},
            "social_costs: the number of",
        ),
        (
            {
                "social_costs": [[1] * 9],
                "status_quo": [[1] * 9],
                "preferences": {"type": "uniform", "low": [1] * 9, "high": [1] * 9},
            },
            "social_costs: the number of tasks 9",
        ),
    ],
)
def test_what_no_market_on_chain_holds_is_refused_before_play(more: dict[str, Any], said: str) -> None:
    problem = Problem.from_mapping(BASE | more)
    with pytest.raises(ProblemError) as caught:
        problem.check_playable("a.toml")
    assert str(caught.value).startswith(f"a.toml: {said}")


def test_the_worked_example_can_be_played() -> None:
    worked_example().check_playable()
    Problem.from_mapping(BASE).check_playable()


# ── units ──


@pytest.mark.parametrize(
    ("status_quo", "rays", "unit"),
    [
        ((2, 2), [], 1),
        (("1/6", 2), [], 6),
        ((2, 2), [(1, "-6/5"), (-1, "3/2")], 3),  # (5/3, −2) and (−2, 3)
        ((2, 2), [(1, "-1000003/1000000")], 100_000),  # 2 000 000/1 000 003: not whole below 2^20
        (("1/3", "1/3"), [(1, "-1000003/1000000")], 3 * 100_000),
        ((2**19, 1), [("1/3", -1)], 1),  # 3 · 2^19 units would be too many
    ],
)
def test_the_default_unit(status_quo: tuple[Any, ...], rays: list[tuple[Any, ...]], unit: int) -> None:
    eta = ray(*status_quo)
    assert unit_for([eta], [Menu(tuple(full_length(eta, ray(*one)) for one in rays))]) == unit


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 50), st.integers(2, 5))
def test_rounding_keeps_length_and_polarization(seed: int, unit: int, tasks: int) -> None:
    dice = np.random.default_rng(seed)
    eta = tuple(Fraction(int(x), unit) for x in dice.integers(1, 9 * unit, size=tasks))
    one, other = (full_length(eta, random_ray(dice, tasks)) for _ in range(2))
    new, second = rounded(one, unit), rounded(other, unit)
    assert is_ray(new)
    assert cap(eta, new) == 1
    assert all((x * unit).denominator == 1 for x in new)
    assert all(0 <= b - a < Fraction(1, unit) for a, b in zip(one, new, strict=True))
    assert are_polarized(new, second) or not are_polarized(one, other)


def test_rounded_quantities_fit() -> None:
    dice = np.random.default_rng(4)
    for _ in range(50):
        eta = ray(*dice.integers(1, 2000, size=3).tolist())
        kappa = tuple(x + Fraction(int(dice.integers(0, 10**6)), 10**7) for x in random_ray(dice, 3))
        full = full_length(eta, kappa)
        unit = unit_for([eta], [Menu((full,))])
        ends = [x + y for x, y in zip(eta, rounded(full, unit), strict=True)]
        assert max(*ends, *eta) * unit < MAX_QUANTITY
        if rounded(full, unit) != full:
            most = max(*eta, *(x + y for x, y in zip(eta, full, strict=True)))
            assert ceil(most * unit * 10) >= MAX_QUANTITY
