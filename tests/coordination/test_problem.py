import json
import pickle
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from parley.core import problemfile
from parley.core.errors import ProblemError
from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.costs import Piecewise, Power, Quadratic
from parley.mechanisms.coordination.problem import Problem, example_1, load_problem
from tests.coordination.problems import example_1_keys, make, random_problem

READY = Path(__file__).parents[2] / "problems"
SQUARE = [[9, 0], [0, 5]]


def refusal(**changed: object) -> str:
    with pytest.raises(ProblemError) as caught:
        Problem.from_mapping(example_1_keys(**changed), "a.toml")
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith("a.toml: ")
    return line.removeprefix("a.toml: ")


def with_entry(i: int, t: int, value: object, key: str = "contracted") -> dict[str, Any]:
    matrix = [list(row) for row in example_1_keys()[key]]
    matrix[i][t] = value
    return {key: matrix}


def quadratic(**changed: object) -> dict[str, Any]:
    cost = {"type": "quadratic", "quadratic": 1, "linear": 0} | changed
    return {"costs": [{key: value for key, value in cost.items() if value is not None}]}


def power(**changed: object) -> dict[str, Any]:
    return {"costs": [{"type": "power", "coefficient": 1, "exponent": 3, "linear": 0} | changed]}


def piecewise(breakpoints: object, slopes: object) -> dict[str, Any]:
    return {"costs": [{"type": "piecewise", "breakpoints": breakpoints, "slopes": slopes}]}


BROKEN: list[tuple[dict[str, Any], str]] = [
    # keys
    ({"contracted": None}, "contracted: missing"),
    ({"continuation": None}, "continuation: missing"),
    ({"recognition": None}, "recognition: missing"),
    ({"costs": None}, "costs: missing"),
    ({"kind": None}, "kind: missing"),
    ({"kind": "barter"}, "kind: unknown: 'barter'; known: 'coordination'"),
    ({"continuatoin": "1/2", "continuation": None}, "continuatoin: unknown key (did you mean continuation?)"),
    ({"zzz": 1}, "zzz: unknown key"),
    (quadratic(quadratik=1), "costs[0].quadratik: unknown key (did you mean quadratic?)"),
    ({"names": {"agent": []}}, "names.agent: unknown key (did you mean agents?)"),
    # matrices
    (with_entry(0, 1, -1), "contracted[0][1]: -1 is negative"),
    (with_entry(4, 4, "-1/2", "capacity"), "capacity[4][4]: -1/2 is negative"),
    (with_entry(0, 0, "9/2"), "contracted[0][0]: 9/2 tasks are not a whole number of units"),
    (with_entry(0, 0, "nine"), "contracted[0][0]: 'nine' is not a number"),
    (with_entry(0, 0, True), "contracted[0][0]: true is not a number"),
    (with_entry(0, 0, None), "contracted[0][0]: None is not a number"),
    (with_entry(0, 0, 2**62), "contracted: too large"),
    (with_entry(0, 0, 10**299), "contracted: too large"),
    ({"contracted": [[9, 0], [0]]}, "contracted[1]: 1 entries, but the first row has 2"),
    ({"contracted": []}, "contracted: [] is not a matrix"),
    ({"contracted": 5}, "contracted: 5 is not a matrix"),
    ({"contracted": [[], []]}, "contracted[0]: empty"),
    ({"contracted": [5, 6]}, "contracted[0]: 5 is not a row"),
    ({"contracted": [[9]], "capacity": [[9]]}, "contracted: must have at least two agents"),
    ({"contracted": SQUARE}, "capacity: 5 × 5, but contracted is 2 × 2"),
    ({"contracted": [[0] * 5] * 5}, "contracted: no contracted tasks"),
    (with_entry(1, 1, 4, "capacity"), "capacity[1][1]: 4 is below the 5 contracted (agent 2, task type 2)"),
    # costs
    ({"costs": []}, "costs: 0 entries; must be 1 (for all) or 5 (one each)"),
    ({"costs": quadratic()["costs"] * 2}, "costs: 2 entries; must be 1 (for all) or 5 (one each)"),
    ({"costs": {"type": "quadratic"}}, "costs: {'type': 'quadratic'} is not a list"),
    ({"costs": [5]}, "costs[0]: 5 is not a table"),
    ({"costs": [{"quadratic": 1}]}, "costs[0].type: missing"),
    (
        {"costs": [{"type": "cubic"}]},
        "costs[0].type: unknown: 'cubic'; known: piecewise, power, quadratic",
    ),
    (quadratic(quadratic=None), "costs[0].quadratic: missing"),
    (quadratic(quadratic=0), "costs[0].quadratic: 0 is not above 0, so the cost is not strictly convex"),
    (quadratic(quadratic=-1), "costs[0].quadratic: -1 is not above 0"),
    (quadratic(linear=-1), "costs[0].linear: -1 is below 0, so the cost is not increasing"),
    (quadratic(quadratic="x"), "costs[0].quadratic: 'x' is not a number"),
    (power(coefficient=-2), "costs[0].coefficient: -2 is not above 0"),
    (power(exponent=1), "costs[0].exponent: 1 is outside 2..8"),
    (power(exponent=9), "costs[0].exponent: 9 is outside 2..8"),
    (power(exponent=2.5), "costs[0].exponent: 5/2 is not a whole number"),
    (
        piecewise([0, 5], [2, 1]),
        "costs[0].slopes[1]: 1 is not above the one before it, 2, so the cost is not convex",
    ),
    (piecewise([0, 5], [1, 1]), "costs[0].slopes[1]: 1 is not above the one before it"),
    (piecewise([0], [0]), "costs[0].slopes[0]: 0 is not above 0, so the cost is not increasing"),
    (piecewise([1], [1]), "costs[0].breakpoints[0]: 1 must be 0"),
    (piecewise([0, 5, 5], [1, 2, 3]), "costs[0].breakpoints[2]: 5 is not above the one before it, 5"),
    (piecewise([0, "5/2"], [1, 2]), "costs[0].breakpoints[1]: 5/2 tasks are not a whole number of units"),
    (piecewise([0, 1], [1]), "costs[0].slopes: 1 slopes for 2 breakpoints"),
    (piecewise([], []), "costs[0].breakpoints: 0 entries, must be 1 to 16"),
    (piecewise(list(range(17)), list(range(1, 18))), "costs[0].breakpoints: 17 entries, must be 1 to 16"),
    (piecewise(0, [1]), "costs[0].breakpoints: 0 is not a list"),
    # the rest
    ({"continuation": 1}, "continuation: 1 is outside [0, 1)"),
    ({"continuation": "3/2"}, "continuation: 3/2 is outside [0, 1)"),
    ({"continuation": -0.1}, "continuation: -1/10 is outside [0, 1)"),
    ({"continuation": "half"}, "continuation: 'half' is not a number"),
    ({"recognition": "p*"}, "recognition: unknown recognition function 'p*'; known: p-star, equal"),
    ({"recognition": 7}, "recognition: 7 is not a text"),
    ({"unit": 0}, "unit: 0 is outside"),
    ({"unit": "1/2"}, "unit: 1/2 is not a whole number"),
    ({"wei_per_cost": 0}, "wei_per_cost: 0 is not above 0"),
    ({"wei_per_cost": "1/2"}, "wei_per_cost: 1/2 is not a whole number"),
    (
        {"wei_per_cost": 10, **quadratic(quadratic="1/3")},
        "wei_per_cost: 10 must be a multiple of",
    ),
    ({"bond": 0}, "bond: 0 is not above 0"),
    ({"bond": -1}, "bond: -1 is not above 0"),
    ({"bond": "1/3"}, "bond: 1/3 is not a whole number of wei"),
    ({"window": 59}, "window: 59 is below 60"),
    ({"window": 2592001}, "window: 2592001 is above 2592000"),
    ({"max_rounds": 0}, "max_rounds: 0 is outside 1..65535"),
    ({"max_rounds": 65536}, "max_rounds: 65536 is outside 1..65535"),
    ({"names": {"agents": ["a"]}}, "names.agents: 1 names for 5"),
    ({"names": {"tasks": list("abcda")}}, "names.tasks[4]: duplicate name 'a'"),
    (
        {"names": {"tasks": ["a", "b", "c", "d", "e\n"]}},
        "names.tasks[4]: 'e\\\\n' contains U+000A, which is not allowed in a name",
    ),
    ({"allocation": SQUARE}, "allocation: 2 × 2, but contracted is 5 × 5"),
    (
        {"allocation": [[9, 0, 0, 0, 0]] * 5},
        "allocation[1][0]: agent 2 announces 9 of task type 1, more than the most",
    ),
    (
        {"allocation": [[0] * 5] * 5},
        "allocation[0][0]: agent 1 announces 0 of task type 1, less than the least",
    ),
]


@pytest.mark.parametrize(("changed", "line"), BROKEN, ids=[line for _, line in BROKEN])
def test_a_broken_promise_gets_one_line_with_key_and_reason(changed: dict[str, Any], line: str) -> None:
    assert refusal(**changed).startswith(line.replace("\\\\", "\\"))


def test_every_ready_problem_is_playable_and_its_delegation_pays() -> None:
    paths = sorted(READY.glob("*.toml"))
    assert len(paths) >= 5
    for path in paths:
        if problemfile.read(path)["kind"] == "coordination":
            problem = load_problem(path)
            problem.check_playable(str(path))
            assert cost_effective(problem).total_cost < problem.total_cost(problem.contracted)


def test_quantities_are_kept_in_units_and_costs_given_in_tasks() -> None:
    problem = Problem.from_mapping(example_1_keys(unit=5))
    assert problem.contracted[0, 0] == 45
    assert problem.cost(0, 45) == 81
    assert problem.cost(0, 21) == Fraction(441, 25)
    assert problem.tasks(21) == Fraction(21, 5)


def test_fractions_of_tasks_need_a_unit() -> None:
    changed = with_entry(0, 0, "17/2")
    assert refusal(**changed).startswith("contracted[0][0]")
    assert Problem.from_mapping(example_1_keys(**changed, unit=2)).contracted[0, 0] == 17
    assert Problem.from_mapping(example_1_keys(**with_entry(0, 0, Decimal("8.5")), unit=2)).total == 41


@pytest.mark.parametrize(
    ("changed", "unit", "wei"),
    [
        (quadratic(), 1, 10**9),
        (quadratic(quadratic="1/3"), 1, 3 * 10**9),
        (quadratic(quadratic="1/2", linear="1/2"), 1, 10**9),  # z(z + 1)/2 is whole at every whole z
        (power(coefficient="1/6", linear="5/6"), 1, 10**9),  # and so is (z³ + 5z)/6
        (power(coefficient="1/6", linear="1/6"), 1, 3 * 10**9),  # (z³ + z)/6 is a multiple of 1/3
        (quadratic(), 7, 49 * 10**9),
        (quadratic(), 10, 10**9),
        (quadratic(quadratic="1/1024"), 1, 2 * 10**9),  # 10^9 holds 2^9
        (piecewise([0, 5], ["1/3", "3/7"]), 1, 21 * 10**9),
    ],
)
def test_wei_per_cost_is_the_smallest_multiple_of_a_billion_that_keeps_costs_whole(
    changed: dict[str, Any], unit: int, wei: int
) -> None:
    problem = Problem.from_mapping(example_1_keys(**changed, unit=unit))
    assert problem.wei_per_cost == wei
    whole = [problem.costs[0](Fraction(q, unit)) for q in range(1, 60)]
    for smaller in range(10**9, wei, 10**9):
        assert any((cost * smaller).denominator != 1 for cost in whole)
    for q, cost in enumerate(whole, start=1):
        assert cost * wei == problem.cost_wei(0, q)


def test_the_default_bond_is_one_percent_of_the_contracts_cost_rounded_up_to_wei() -> None:
    assert example_1().bond == Fraction(127, 100)
    tiny = make([[1], [0]], [[1], [1]], Quadratic(Fraction(1)), wei_per_cost=1)
    assert tiny.bond_wei == 1
    odd = make([[3], [0]], [[3], [1]], Quadratic(Fraction(1)), wei_per_cost=67)
    assert odd.bond_wei == 7  # 603 wei / 100
    assert Problem.from_mapping(example_1_keys(bond="1/2")).bond_wei == 5 * 10**8


def test_the_special_domain_wants_one_contractor_a_type_and_nobody_able_before_it() -> None:
    assert example_1().in_special_domain
    assert not make([[1], [1]], [[1], [1]]).in_special_domain
    assert not make([[0], [1]], [[1], [1]]).in_special_domain
    assert make([[1, 0], [0, 0]], [[1, 5], [1, 5]]).in_special_domain  # of type 2 there is nothing


def test_problems_are_read_only_even_after_travelling_between_processes() -> None:
    problem = Problem.from_mapping(example_1_keys(allocation=np.diag([9, 5, 4, 2, 1])))
    for each in (problem, pickle.loads(pickle.dumps(problem))):  # noqa: S301 - ours
        for matrix in (each.contracted, each.capacity, each.allocation):
            assert matrix is not None
            with pytest.raises(ValueError, match="read-only"):
                matrix[0, 0] = 1
        with pytest.raises(AttributeError):
            each.unit = 2  # type: ignore[misc]
        assert each.total_cost(each.contracted) == 127


def test_names_default_to_numbers_from_one_and_can_be_given() -> None:
    assert example_1().agent_names[0] == "agent 1"
    problem = Problem.from_mapping(example_1_keys(names={"agents": list("abcde")}))
    assert problem.agent_names == tuple("abcde")
    assert problem.task_names[4] == "type 5"


HUGE = 2**32


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (make([[1]] * 65, [[1]] * 65), "a: contracted: the number of agents 65 is above 64"),
        (make([[1] * 65] * 2, [[1] * 65] * 2), "a: contracted: the number of task types 65 is above 64"),
        (make([[HUGE], [0]], [[HUGE], [0]]), "a: contracted: the total number of units 4294967296"),
        (make([[1], [0]], [[1], [HUGE]]), "a: capacity: the total number of units 4294967297"),
        (make([[1], [0]], [[1], [1]], continuation=Fraction(1, HUGE)), "a: continuation: the denominator"),
        (make([[1], [0]], [[1], [1]], bond=Fraction(2**96)), "a: bond: the number of wei"),
        (make([[1], [0]], [[1], [1]], Quadratic(Fraction(2**96))), "a: costs[0]: a coefficient in wei"),
        (make([[10**6], [0]], [[10**6], [1]], Power(Fraction(1), 8)), "a: costs[0]: the highest total cost"),
        (
            make(
                [[1], [0]], [[1], [1]], Piecewise((Fraction(0), Fraction(HUGE)), (Fraction(1), Fraction(2)))
            ),
            "a: costs[0].breakpoints: a breakpoint in units",
        ),
    ],
)
def test_what_one_game_on_chain_cannot_hold_can_be_solved_but_not_played(problem: Problem, line: str) -> None:
    with pytest.raises(ProblemError) as caught:
        problem.check_playable("a")
    assert str(caught.value).startswith(line)


def test_the_largest_game_that_fits_is_playable() -> None:
    most = 2**31 - 1
    make(
        [[most], [0]], [[most], [0]], continuation=Fraction(2**32 - 2, 2**32 - 1), window=60
    ).check_playable()
    make([[1] * 64] * 64, [[1] * 64] * 64, window=30 * 24 * 3600).check_playable()


def test_the_highest_cost_is_counted_up_to_what_an_agent_can_do() -> None:
    # Agent 1 can do 2 units at most, agent 2 all 3 that there are: f(2) + f(3) = 2^96 − 1 wei just fits.
    slope = (2**96 - 1) // 5
    fits = Piecewise((Fraction(0),), (Fraction(slope),))
    beyond = Piecewise((Fraction(0),), (Fraction(slope + 1),))
    make([[2], [1]], [[2], [9]], fits, wei_per_cost=1, bond=Fraction(1)).check_playable()
    with pytest.raises(ProblemError, match="the highest total cost in wei"):
        make([[2], [1]], [[2], [9]], beyond, wei_per_cost=1, bond=Fraction(1)).check_playable()


def test_a_json_file_states_a_problem_too(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(example_1_keys(continuation=0.9)))
    assert load_problem(path).continuation == Fraction(9, 10)


@pytest.mark.parametrize("special", [True, False])
def test_a_problem_written_as_a_file_says_the_same(*, special: bool) -> None:
    dice = Random(11)
    for _ in range(100):
        problem = random_problem(
            dice, special=special, unit=dice.choice((1, 3)), window=dice.choice((60, 3600))
        )
        again = Problem.from_mapping(problem.to_mapping())
        for name in ("costs", "continuation", "recognition", "unit", "wei_per_cost", "bond", "window"):
            assert getattr(again, name) == getattr(problem, name)
        assert (again.contracted == problem.contracted).all()
        assert (again.capacity == problem.capacity).all()
        assert json.loads(json.dumps(problem.to_mapping())) == problem.to_mapping()
