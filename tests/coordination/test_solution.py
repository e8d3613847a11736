from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.allocation import special_domain
from parley.core.errors import ProblemError
from parley.mechanisms.coordination.costs import Quadratic
from parley.mechanisms.coordination.problem import Problem, load_problem
from parley.mechanisms.coordination.solution import solve
from tests.coordination.problems import Matrix, X, Y, example_1_keys, make

READY = Path(__file__).parents[2] / "problems"
KEYS = [
    "kind",
    "allocation",
    "workloads",
    "cost_contracted",
    "cost_allocated",
    "savings",
    "recognition",
    "maximal_announcements",
    "expected_costs",
    "acceptance_thresholds",
    "proposals",
]


def example_1_solution(**changed: object) -> dict[str, Any]:
    return solve(Problem.from_mapping(example_1_keys(**changed))).to_json()


def test_example_1_is_solved_as_in_the_paper() -> None:
    given = solve(load_problem(READY / "paper-example-1.toml")).to_json()
    assert list(given) == KEYS
    assert given["kind"] == "coordination"
    assert given["workloads"] == ["5", "4", "4", "4", "4"]
    assert (given["cost_contracted"], given["cost_allocated"], given["savings"]) == ("127", "89", "38")
    assert given["recognition"] == {
        "function": "p-star",
        "probabilities": ["3/7", "1/4", "3/14", "15/224", "9/224"],
    }
    assert given["expected_costs"] == ["453/7", "31/2", "55/7", "163/112", "-59/112"]
    assert given["acceptance_thresholds"] == ["2322/35", "329/20", "607/70", "383/224", "-419/1120"]
    assert [row[i] for i, row in enumerate(given["proposals"])] == [
        "2189/35",
        "253/20",
        "341/70",
        "-2341/1120",
        "-935/224",
    ]
    assert given == example_1_solution()


@pytest.mark.parametrize("allocation", [X, Y], ids=["X", "Y"])
def test_the_allocation_that_the_problem_names_is_reported(allocation: Matrix) -> None:
    given = example_1_solution(allocation=allocation.tolist())
    assert given["allocation"] == [[str(x) for x in row] for row in allocation.tolist()]
    assert given["recognition"] == example_1_solution()["recognition"]
    assert given["expected_costs"] == example_1_solution()["expected_costs"]


def test_an_allocation_that_is_not_cost_effective_is_refused() -> None:
    with pytest.raises(
        ProblemError, match="allocation: not cost-effective: its total cost is 127, and the least is 89"
    ):
        example_1_solution(allocation=np.diag([9, 5, 4, 2, 1]).tolist())


def test_in_fifths_of_tasks_the_divisible_optimum_appears() -> None:
    given = example_1_solution(unit=5)
    assert given["workloads"] == ["21/5"] * 5
    assert (given["cost_allocated"], given["savings"]) == ("441/5", "194/5")
    assert given["cost_contracted"] == "127"
    assert given["allocation"][0] == ["21/5", "0", "0", "0", "0"]
    assert given["maximal_announcements"][0] == ["9", "0", "0", "0", "0"]


def test_contracts_that_are_cost_effective_already_are_left_alone() -> None:
    given = solve(make([[2, 0], [0, 4]], [[2, 0], [1, 4]], Quadratic(Fraction(1)), Quadratic(Fraction(4))))
    assert given.savings == 0
    assert given.expected_costs == given.acceptance_thresholds == (4, 64)
    assert given.to_json()["proposals"] is None
    np.testing.assert_array_equal(given.allocation, given.problem.contracted)


def test_agents_without_contracts_are_never_recognized_and_bear_nothing() -> None:
    given = solve(make([[4], [0], [0]], [[4], [2], [2]])).to_json()
    assert given["workloads"] == ["2", "1", "1"]
    assert given["recognition"]["probabilities"] == ["1", "0", "0"]
    assert given["expected_costs"] == ["6", "0", "0"]


@pytest.mark.parametrize(
    ("function", "probabilities"),
    [
        ("equal", ["1/5"] * 5),
        ("contract-proportional", ["3/7", "5/21", "4/21", "2/21", "1/21"]),
        ("announcement-proportional", ["5/21", "4/21", "4/21", "4/21", "4/21"]),
    ],
)
def test_each_recognition_function_shares_the_savings_its_own_way(
    function: str, probabilities: list[str]
) -> None:
    given = example_1_solution(recognition=function)
    assert given["recognition"] == {"function": function, "probabilities": probabilities}
    alone = [81, 25, 16, 4, 1]
    assert [Fraction(x) for x in given["expected_costs"]] == [
        f0 - 38 * Fraction(p) for f0, p in zip(alone, probabilities, strict=True)
    ]


def test_expected_costs_share_out_the_allocations_cost_in_every_ready_problem() -> None:
    for name in ("support-desk", "power", "piecewise", "general-domain"):
        given = solve(load_problem(READY / f"{name}.toml"))
        assert given.savings > 0
        assert sum(given.expected_costs) == given.cost_allocated
        assert given.proposals is not None
        assert all(sum(row) == given.cost_allocated for row in given.proposals)


def test_beyond_64_agents_numbers_are_floating_point_unless_exact_ones_are_wanted() -> None:
    problem = special_domain(65, 6, seed=3)
    rounded, exact = solve(problem).to_json(), solve(problem, exact=True).to_json()
    assert rounded["proposals"] is exact["proposals"] is None
    assert rounded["allocation"] == exact["allocation"]
    for key in ("expected_costs", "acceptance_thresholds"):
        assert all(isinstance(value, float) for value in rounded[key])
        assert all(isinstance(value, str) for value in exact[key])
    p, q = rounded["recognition"]["probabilities"], exact["recognition"]["probabilities"]
    assert sum(map(Fraction, q)) == 1
    # Two roundings an agent, each of at most half a unit in the last place.
    np.testing.assert_allclose(p, [float(Fraction(x)) for x in q], rtol=65 * np.finfo(float).eps)
    small = solve(special_domain(64, 6, seed=3)).to_json()
    assert small["proposals"] is not None
    assert all(isinstance(value, str) for value in small["expected_costs"])
