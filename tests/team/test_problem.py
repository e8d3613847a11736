"""Problem files: what is read, what is refused in one line, and what a contract on chain can hold."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import pytest

from parley.core.errors import ProblemError
from parley.core.problemfile import parse, to_toml
from parley.mechanisms.team.problem import Problem, load_problem, worked_example
from parley.mechanisms.team.schema import written
from tests.team.instances import CLASSES

F = Fraction

BASE: dict[str, Any] = {
    "kind": "team",
    "costs": ["3/50", "2/25"],
    "success": {"type": "additive", "contributions": ["3/5", "2/5"]},
}
BUDGET = {"type": "budget-additive", "contributions": ["3/5", "3/5"], "budget": 1}
COVERAGE = {"type": "coverage", "weights": ["1/2", "1/3"], "sets": [[0, 1], []]}
ONE = {"type": "at-least-one", "probabilities": [1, "1/2"]}
MATROID = {"type": "partition-matroid", "contributions": [1, 1], "groups": [[], [1, 0]], "limits": [3, 1]}
XOS = {"type": "xos", "parts": [[1, 0], ["1/2", "1/2"]]}
TABLE = {"type": "table", "values": [0, "1/2", "1/2", 1]}


def test_a_problem_is_read_exactly() -> None:
    more = {"reward": "5/2", "posted": {"shares": ["3/20", 0]}, "names": {"agents": ["Ann", "Bo"]}}
    problem = Problem.from_mapping(BASE | more)
    assert problem.costs == (F(3, 50), F(2, 25))
    assert problem.relative_costs == (F(3, 125), F(4, 125))
    assert problem.success.value([1]) == F(2, 5)
    assert problem.posted == (F(3, 20), F(0))
    assert problem.posted_team == (0,)
    assert problem.agent_names == ("Ann", "Bo")
    assert problem.wei == 10**18
    assert problem.in_wei(F(3, 50)) == 24 * 10**15
    with pytest.raises(ValueError, match="1/7 is no whole number of wei"):
        problem.in_wei(F(1, 7))
    assert worked_example() == Problem.from_mapping(BASE)
    assert worked_example().posted_team is None


def test_the_reward_on_chain_makes_all_costs_and_shares_whole() -> None:
    assert Problem.from_mapping(BASE | {"costs": ["1/7", "1/49"]}).wei == 49 * 10**18
    assert Problem.from_mapping(BASE | {"posted": {"shares": ["1/3", 0]}}).wei == 3 * 10**18
    assert Problem.from_mapping(BASE | {"reward": 7}).wei == 7 * 10**18
    assert Problem.from_mapping(BASE | {"costs": [7, 14], "reward": 7}).wei == 10**18
    assert Problem.from_mapping(BASE | {"wei": 50}).wei == 50


@pytest.mark.parametrize(
    "more",
    [
        {},
        *({"success": success} for success in (BUDGET, COVERAGE, ONE, MATROID, XOS, TABLE)),
        {"reward": "0.3", "posted": {"shares": ["1/3", 0]}, "wei": 10**19, "window": 60},
        {"names": {"agents": ["Ann", "Bo"]}},
    ],
)
@pytest.mark.parametrize("is_json", [False, True])
def test_files_come_back_as_they_were(more: dict[str, Any], *, is_json: bool) -> None:
    problem = Problem.from_mapping(BASE | more)
    mapping = problem.to_mapping()
    if not is_json:
        mapping = parse(to_toml(mapping), "a.toml", is_json=False)
    assert Problem.from_mapping(mapping) == problem


@pytest.mark.parametrize("name", CLASSES)
def test_random_functions_come_back_as_they_were(name: str) -> None:
    dice = Random(name)
    for _ in range(20):
        success = CLASSES[name](dice, 3)
        found = Problem.from_mapping(BASE | {"costs": [1, 1, 1], "success": written(success)})
        assert found.success == success


def test_files_are_loaded(tmp_path: Any) -> None:  # noqa: ANN401 - a path of pytest's
    path = tmp_path / "a.toml"
    path.write_text(to_toml(BASE), encoding="utf-8")
    assert load_problem(path) == worked_example()


def success(more: dict[str, Any], **changes: object) -> dict[str, Any]:
    return {"success": more | changes}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"costs": []}, "costs: [] is empty"),
        ({"costs": ["1/10", 0]}, "costs[1]: 0 is not above 0"),
        ({"costs": ["1/10", -1]}, "costs[1]: -1 is negative"),
        ({"costs": [1] * 10_001}, "costs: 10001 agents are more than 10000"),
        ({"costs": [1]}, "success.contributions: 2 entries for 1 costs"),
        ({"success": {"type": "linear"}}, "success.type: unknown: 'linear'; known: additive, at-least-one,"),
        ({"success": "additive"}, "success: 'additive' is not a table"),
        (
            success(BASE["success"], weights=1),
            "success.weights: unknown key for type additive, which has",
        ),
        (success(BASE["success"], contributions=[1, "-1/2"]), "success.contributions[1]: -1/2 is negative"),
        (
            success(BASE["success"], contributions=[1, "1/5"]),
            "success.contributions: f of all agents is 6/5, above 1, and no probability",
        ),
        (success(BUDGET, budget="11/10"), "success.budget: f of all agents is 11/10, above 1"),
        (success(BUDGET, budget=-1), "success.budget: -1 is negative"),
        (success(COVERAGE, weights=[1, 1]), "success.weights: f of all agents is 2, above 1"),
        (success(COVERAGE, sets=[[0]]), "success.sets: 1 sets for 2 costs"),
        (success(COVERAGE, sets=[[0], 1]), "success.sets[1]: 1 is not a list of elements"),
        (success(COVERAGE, sets=[[0], [2]]), "success.sets[1][0]: 2 is no element; elements are 0..1"),
        (success(COVERAGE, sets=[[0], ["1/2"]]), "success.sets[1][0]: 1/2 is not a whole number"),
        (success(COVERAGE, sets=[[0, 0], []]), "success.sets[0][1]: duplicate element 0"),
        (success(ONE, probabilities=[0, 2]), "success.probabilities[1]: 2 is above 1, and no probability"),
        (success(MATROID, groups=[[0], [0, 1]]), "success.groups[1]: agent 0 is in another group"),
        (success(MATROID, groups=[[], [0]]), "success.groups: agent 1 is in no group"),
        (success(MATROID, limits=[1]), "success.limits: 1 limits for 2 groups"),
        (success(MATROID, limits=[1, "3/2"]), "success.limits[1]: 3/2 is not a whole number"),
        (success(MATROID, limits=[1, 2]), "success.contributions: f of all agents is 2, above 1"),
        (success(XOS, parts=[]), "success.parts: [] is not a matrix"),
        (success(XOS, parts=[[1, 0], [1]]), "success.parts[1]: 1 entries for 2 costs"),
        (success(XOS, parts=[[1, 1]]), "success.parts: f of all agents is 2, above 1"),
        (
            {"costs": [1] * 17, "success": {"type": "xos", "parts": [[0] * 17]}},
            "success.parts: 17 agents are more than 16: too many sets to check for submodularity",
        ),
        (success(TABLE, values=[0, 1, 1]), "success.values: 3 entries, not 2^2 = 4, for 2 costs"),
        (success(TABLE, values=["1/9", 1, 1, 1]), "success.values[0]: 1/9 is not 0: nobody works"),
        (
            success(TABLE, values=[0, 1, "1/2", "3/4"]),
            "success.values[3]: 3/4 is below 1, the value without agent 1: not monotone",
        ),
        (success(TABLE, values=[0, 1, 1, 2]), "success.values: f of all agents is 2, above 1"),
        (
            {"costs": [1] * 17, "success": {"type": "table", "values": [0]}},
            "success.values: 17 agents are more than 16",
        ),
        ({"reward": 0}, "reward: 0 is not above 0"),
        ({"posted": {"shares": [1]}}, "posted.shares: 1 entries for 2 costs"),
        ({"posted": {"shares": [1, -1]}}, "posted.shares[1]: -1 is negative"),
        ({"posted": [1, 1]}, "posted: [1, 1] is not a table"),
        ({"wei": 0}, "wei: 0 is below 1"),
        ({"wei": 2**96}, f"wei: {2**96} is above {2**96 - 1}"),
        ({"wei": "1/2"}, "wei: 1/2 is not a whole number"),
        ({"window": 59}, "window: 59 is below 60"),
        ({"window": 864001}, "window: 864001 is above 864000"),
        ({"names": {"agents": ["Ann"]}}, "names.agents: 1 names for 2"),
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
        ({"success": TABLE | {"values": [0, 0, 0, 1]}}, "success: not submodular: no contract on chain"),
        ({"posted": {"shares": [0, 0]}}, "posted.shares: all are 0: nobody to play"),
        (
            {
                "costs": ["1/100"] * 9,
                "success": {"type": "at-least-one", "probabilities": ["1/2"] * 9},
                "posted": {"shares": ["1/9"] * 9},
            },
            "success: a team of 9 is above 8",
        ),
        ({"costs": [f"3/{5**42}", "2/25"]}, "wei: the number of wei 59604644775390625000000000000000000 is"),
        ({"wei": 49}, "costs[0]: 3/50 is no whole number of wei: the reward is 49 wei"),
        ({"wei": 50, "posted": {"shares": [1, "1/3"]}}, "posted.shares[1]: 1/3 is no whole number of wei"),
        ({"wei": 2**95 * 50 // 50, "costs": [4, 1]}, "costs[0]: the number of wei"),
    ],
)
def test_what_no_contract_can_hold_is_solved_and_not_played(more: dict[str, Any], said: str) -> None:
    problem = Problem.from_mapping(BASE | more)
    with pytest.raises(ProblemError) as caught:
        problem.check_playable("a.toml")
    assert str(caught.value).startswith(f"a.toml: {said}")


def test_playable_problems_pass() -> None:
    for more in ({}, {"success": COVERAGE}, {"posted": {"shares": ["1/3", 0]}}, {"window": 60}):
        Problem.from_mapping(BASE | more).check_playable()
    assert worked_example().on_team((0, 1)).numbers == (3, 2)
