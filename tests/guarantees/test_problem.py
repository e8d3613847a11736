"""Problem files: what is read, what is refused in one line, and what a dispatch on chain can hold."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from parley.core.errors import ProblemError
from parley.core.problemfile import parse, to_toml
from parley.mechanisms.guarantees.guarantee import AllOf, Alpha, AnyOf, Income, MaxMin, Terms
from parley.mechanisms.guarantees.problem import MAX_JOBS_ON_CHAIN, Problem, load_problem, worked_example

BASE: dict[str, Any] = {
    "kind": "guarantees",
    "providers": 3,
    "values": [5, "9/2", 4, 7],
    "intervals": [[0, 3], [1, 4], [3, 6], [0, 7]],
    "guarantee": {"type": "max-min"},
}
INCOME = {"type": "income", "floor": 2}


def numbers(*given: object) -> tuple[Fraction, ...]:
    return tuple(Fraction(str(number)) for number in given)


def test_a_problem_is_read_exactly() -> None:
    more = {"factors": [1, "3/4", "3/4"], "pay": "3/4", "conflicts": [[2, 0]], "names": {"jobs": [*"abcd"]}}
    problem = Problem.from_mapping(BASE | more)
    assert problem.values == numbers(5, "9/2", 4, 7)
    assert problem.intervals is not None
    assert problem.intervals[2] == numbers(3, 6)
    assert problem.factors == numbers(1, "3/4", "3/4")
    assert problem.pay == numbers("3/4", "3/4", "3/4")
    assert problem.conflicts == {(0, 2)}
    assert problem.delta == Fraction(1, 4)
    assert problem.job_names == ("a", "b", "c", "d")
    assert problem.agent_names == ("provider 1", "provider 2", "provider 3")
    assert (problem.agents, problem.jobs) == (3, 4)
    assert problem.is_symmetric
    assert not problem.are_identical
    assert Problem.from_mapping(BASE).are_identical


def test_guarantees_are_read_and_combined() -> None:
    entry = {
        "type": "any",
        "of": [
            {"type": "all", "of": [{"type": "income", "floors": [1, None, ""]}, {"type": "max-min"}]},
            {"type": "alpha", "alpha": "1/2"},
        ],
    }
    problem = Problem.from_mapping(BASE | {"guarantee": entry})
    floors = Income(numbers(1, 0, 0))
    assert problem.guarantee == AnyOf((AllOf((floors, MaxMin())), Alpha(Fraction(1, 2))))
    assert problem.terms is None
    both = Problem.from_mapping(BASE | {"guarantee": entry["of"][0]})
    assert both.terms == Terms(numbers(1, 0, 0), max_min=True)
    assert Problem.from_mapping(BASE | {"guarantee": INCOME}).terms == Terms(numbers(2, 2, 2), max_min=False)


def test_a_limit_that_limits_nothing_is_none() -> None:
    problem = Problem.from_mapping(BASE | {"capacities": [2, 9, None], "eligible": [[3, 2, 1, 0], [1], ""]})
    assert problem.capacities == (2, None, None)
    assert problem.eligible == (None, frozenset({1}), None)
    assert not problem.is_symmetric


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"intervals": None, "conflicts": [[1, 0], [3, 1]], "values": [1, "1/3", "0.25", 0]},
        {"capacities": 2},
        {"capacities": [1, 2, None], "eligible": [[0], [], [3, 2, 1, 0]]},
        {"factors": [1, "1/2", 1], "pay": ["1/3", 1, 1], "cancellation": [0, "1/2", 0, 1]},
        {"guarantee": {"type": "income", "floors": [1, None, "1/7"]}},
        {"guarantee": {"type": "any", "of": [INCOME, {"type": "alpha", "alpha": 1}, {"type": "max-min"}]}},
        {"draw": "permutation", "tolerance": "1/2", "cancellation": "1/10", "window": 60},
        {"bond": 5, "challenge_bond": "1/3", "wei_per_value": 3},
        {"draw": "permutation", "provider_bond": 0, "names": {"providers": ["Ann", "Bo", "Cy"]}},
    ],
)
@pytest.mark.parametrize("is_json", [False, True])
def test_files_come_back_as_they_were(more: dict[str, Any], *, is_json: bool) -> None:
    problem = Problem.from_mapping({key: x for key, x in (BASE | more).items() if x is not None})
    mapping = problem.to_mapping()
    if not is_json:
        mapping = parse(to_toml(mapping), "a.toml", is_json=False)
    assert Problem.from_mapping(mapping) == problem


def test_money_has_defaults() -> None:
    problem = Problem.from_mapping(BASE)
    total = Fraction(41, 2)
    assert problem.bond == int(2 * total * Fraction(2, 5)) + 1  # B(3, 0) = 2/5
    assert problem.challenge_bond == problem.bond / 10
    assert problem.provider_bond == 0
    assert problem.wei_per_value == 10**9
    drawn = Problem.from_mapping(BASE | {"draw": "permutation", "pay": "1/3"})
    assert drawn.provider_bond == 7  # a third of all values, rounded up
    assert drawn.wei_per_value == 3 * 10**9
    assert drawn.wei(Fraction(5, 3)) == 5 * 10**9
    with pytest.raises(ValueError, match="1/7 is no whole number of wei"):
        drawn.wei(Fraction(1, 7))


def test_half_the_default_bond_exceeds_all_gains_without_symmetry_too() -> None:
    problem = Problem.from_mapping(BASE | {"eligible": [[0], [1], [2]], "factors": [2, 1, 1]})
    assert problem.bond == int(2 * 41 * Fraction(2, 3)) + 1  # 1/(2 − δ) = 2/3


def test_times_on_chain_are_whole_from_the_first_start() -> None:
    times = [["-1/2", 1], [0, "4/3"], [1, 2], [1, 3]]
    problem = Problem.from_mapping(BASE | {"intervals": times})
    assert problem.tick == Fraction(1, 6)
    assert problem.ticks == ((0, 9), (3, 11), (9, 15), (9, 21))
    assert Problem.from_mapping(BASE | {"values": [1] * 4}).tick == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"providers": 0}, "providers: 0 is outside 1..10000"),
        ({"providers": 10**9}, "providers: 1000000000 is outside 1..10000"),
        ({"providers": "1/2"}, "providers: 1/2 is not a whole number"),
        ({"values": []}, "values: [] is empty"),
        ({"values": [1, -1, 1, 1]}, "values[1]: -1 is negative"),
        ({"values": [1] * 10001}, "intervals: 4 intervals for 10001 values"),
        ({"intervals": [[0, 1]]}, "intervals: 1 intervals for 4 values"),
        ({"intervals": [[0, 1], [0], [0, 1], [0, 1]]}, "intervals[1]: [0] is not a start and an end"),
        ({"intervals": [[0, 1], [0, "x"], [0, 1], [0, 1]]}, "intervals[1][1]: 'x' is not a number"),
        ({"intervals": [[0, 1], [2, 2], [0, 1], [0, 1]]}, "intervals[1]: the end 2 is not after the start 2"),
        ({"conflicts": [1]}, "conflicts[0]: 1 is not a pair of jobs"),
        ({"conflicts": [[0, 4]]}, "conflicts[0][1]: 4 is no job; jobs are 0..3"),
        ({"conflicts": [[0, 1], [1, 0]]}, "conflicts[1]: duplicate pair: jobs 0 and 1"),
        ({"conflicts": [[2, 2]]}, "conflicts[0]: job 2 cannot conflict with itself"),
        ({"capacities": [1, 2]}, "capacities: 2 entries for 3 providers"),
        ({"capacities": -1}, "capacities: -1 is negative"),
        ({"capacities": [1, "1/2", 1]}, "capacities[1]: 1/2 is not a whole number"),
        ({"eligible": [[0]]}, "eligible: 1 entries for 3 providers"),
        ({"eligible": [[0], 1, [0]]}, "eligible[1]: 1 is not a list of jobs"),
        ({"eligible": [[0], [1, 1], [0]]}, "eligible[1][1]: duplicate job 1"),
        ({"eligible": [[0], [5], [0]]}, "eligible[1][0]: 5 is no job"),
        ({"factors": 0}, "factors: 0 is not above 0"),
        ({"factors": [1, 1]}, "factors: 2 entries for 3 providers"),
        ({"pay": [1, -1, 1]}, "pay[1]: -1 is negative"),
        ({"pay": 0}, "pay: 0 is not above 0"),
        ({"cancellation": [0, 2, 0, 0]}, "cancellation[1]: 2 is above 1"),
        ({"cancellation": [0, 0]}, "cancellation: 2 entries for 4 jobs"),
        ({"guarantee": "max-min"}, "guarantee: 'max-min' is not a table"),
        ({"guarantee": {}}, "guarantee.type: missing; known: all, alpha, any, income, max-min"),
        ({"guarantee": {"type": "fair"}}, "guarantee.type: unknown: 'fair'; known: all, alpha, any,"),
        ({"guarantee": {"type": "income"}}, "guarantee: needs either floor (for all) or floors (one each)"),
        ({"guarantee": INCOME | {"floors": [1]}}, "guarantee: needs either floor"),
        ({"guarantee": INCOME | {"flor": 1}}, "guarantee.flor: unknown key (did you mean floor?)"),
        ({"guarantee": INCOME | {"floor": -1}}, "guarantee.floor: -1 is negative"),
        ({"guarantee": {"type": "income", "floors": [1]}}, "guarantee.floors: 1 entries for 3 providers"),
        ({"guarantee": {"type": "income", "floors": [1, -2, 1]}}, "guarantee.floors[1]: -2 is negative"),
        ({"guarantee": {"type": "alpha"}}, "guarantee.alpha: missing"),
        ({"guarantee": {"type": "alpha", "alpha": -1}}, "guarantee.alpha: -1 is negative"),
        ({"guarantee": {"type": "alpha", "alpha": "1/1001"}}, "guarantee.alpha: '1/1001' has a numerator or"),
        ({"guarantee": {"type": "any", "of": []}}, "guarantee.of: empty"),
        (
            {"guarantee": {"type": "all", "of": [INCOME, {"type": "alpha", "alpha": "x"}]}},
            "guarantee.of[1].alpha: 'x' is not a number",
        ),
        ({"draw": "lots"}, "draw: unknown: 'lots'; known: 'none', 'permutation'"),
        (
            {"draw": "permutation", "pay": [1, 2, 1]},
            "draw: a permutation needs the same pay for all providers",
        ),
        (
            {"draw": "permutation", "guarantee": {"type": "income", "floors": [1, 0, 0]}},
            "draw: a permutation needs the same guarantee for all providers",
        ),
        (
            {"draw": "permutation", "capacities": [1, 2, 2]},
            "draw: a permutation needs the same capacities for all providers",
        ),
        (
            {"draw": "permutation", "eligible": [[0], [1], [2]]},
            "draw: a permutation needs the same eligible for all providers",
        ),
        ({"tolerance": -1}, "tolerance: -1 is negative"),
        ({"bond": -1}, "bond: -1 is negative"),
        ({"provider_bond": 1}, "provider_bond: must not be without a draw"),
        ({"window": 59}, "window: 59 is below 60"),
        ({"window": 2592001}, "window: 2592001 is above 2592000"),
        ({"wei_per_value": 0}, "wei_per_value: 0 is not at least 1"),
        ({"names": {"providers": []}}, "names.providers: empty; leave the key out instead"),
        ({"names": {"jobs": ["a"]}}, "names.jobs: 1 names for 4"),
        ({"floor": 1}, "floor: unknown key"),
    ],
)
def test_wrong_files_are_refused_in_one_line(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ProblemError) as caught:
        Problem.from_mapping(BASE | more, "a.toml")
    assert str(caught.value).startswith(f"a.toml: {said}")
    assert "\n" not in str(caught.value)


def test_guarantees_within_each_other_are_bounded() -> None:
    entry: dict[str, Any] = INCOME
    for _ in range(8):
        entry = {"type": "any", "of": [entry]}
    with pytest.raises(ProblemError, match="more than 8 guarantees within each other"):
        Problem.from_mapping(BASE | {"guarantee": entry})
    Problem.from_mapping(BASE | {"guarantee": entry["of"][0]})


def test_more_jobs_than_any_solver_takes_are_refused() -> None:
    many = {key: value for key, value in BASE.items() if key != "intervals"} | {"values": [1] * 10_001}
    with pytest.raises(ProblemError, match="values: 10001 jobs are more than 10000"):
        Problem.from_mapping(many)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"providers": 65}, "providers: the number of providers 65 is above 64"),
        ({"intervals": None}, "intervals: missing; a dispatch on chain needs the times of all jobs"),
        ({"conflicts": [[0, 1]]}, "conflicts: cannot be dispatched on chain"),
        ({"capacities": 1}, "capacities: cannot be dispatched on chain"),
        ({"eligible": [[0], [0], [0]]}, "eligible: cannot be dispatched on chain"),
        ({"guarantee": {"type": "any", "of": [INCOME]}}, "guarantee: cannot be dispatched on chain"),
        ({"guarantee": {"type": "alpha", "alpha": 1}}, "guarantee: cannot be dispatched on chain"),
        (
            {"intervals": [[0, 1], [0, 1], [0, 1], [0, 2**32]]},
            "intervals[3][1]: the number of time units from the first start 4294967296 is above 4294967295",
        ),
        (
            {"intervals": [["-1/2", 1], [0, 1], [0, 1], [0, 2**31]]},
            "intervals[3][1]: the number of time units of 1/2 from the first start 4294967297 is above",
        ),
        ({"values": [1, 2**35, 1, 1]}, "values[1]: the number of wei 34359738368000000000 is above"),
        ({"wei_per_value": 1}, "values[1]: 9/2 is no whole number of wei: wei_per_value is 1"),
        (
            {"wei_per_value": 2, "pay": "1/3"},
            "values[0]: 5/3 is no whole number of wei: wei_per_value is 2",
        ),
        ({"bond": "1/7", "wei_per_value": 20}, "bond: 1/7 is no whole number of wei"),
        ({"bond": 2**70}, "bond: the number of wei 1180591620717411303424000000000 is above"),
        ({"guarantee": INCOME | {"floor": 2**70}}, "guarantee: the number of wei"),
        ({"pay": f"1/{2**32}"}, "pay[0]: the numerator or denominator 4294967296 is above 4294967295"),
    ],
)
def test_what_a_dispatch_cannot_hold_is_refused_by_key(more: dict[str, Any], said: str) -> None:
    problem = Problem.from_mapping({key: x for key, x in (BASE | more).items() if x is not None})
    with pytest.raises(ProblemError) as caught:
        problem.check_playable("a.toml")
    assert str(caught.value).startswith(f"a.toml: {said}")


def test_a_dispatch_of_three_hundred_jobs_is_playable() -> None:
    few, many = (
        Problem.from_mapping(BASE | {"values": [1] * count, "intervals": [[k, k + 1] for k in range(count)]})
        for count in (MAX_JOBS_ON_CHAIN, MAX_JOBS_ON_CHAIN + 1)
    )
    few.check_playable()
    with pytest.raises(ProblemError, match="values: the number of jobs 301 is above 300"):
        many.check_playable()


def test_problems_are_loaded_from_files(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    file = tmp_path / "a.toml"
    file.write_text(to_toml(worked_example().to_mapping()))
    assert load_problem(file) == worked_example()
