"""Problem files of kind assignment, what is refused in them, and posted assignments that are wrong."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from parley.core.errors import ProblemError
from parley.mechanisms.assignment.audit import PROPERTIES, audit
from parley.mechanisms.assignment.efficiency import improving_cycle
from parley.mechanisms.assignment.problem import Problem, load_problem
from parley.mechanisms.assignment.solution import solve
from tests.assignment.problems import READY, general, ready, with_utilities

BASE: dict[str, Any] = {
    "kind": "assignment",
    "items": ["a", "b"],
    "rankings": [["a", "b"], ["a", "b"]],
    "rule": "probabilistic-serial",
}
HALVES = [["1/2", "1/2"], ["1/2", "1/2"]]
TOSS = [{"weight": "1/2", "assignment": ["a", "b"]}, {"weight": "1/2", "assignment": [1, 0]}]


def refusal(**changed: object) -> str:
    mapping = {key: value for key, value in (BASE | changed).items() if value is not None}
    with pytest.raises(ProblemError) as caught:
        solve(Problem.from_mapping(mapping, "a.toml"))
    line = str(caught.value)
    assert "\n" not in line
    return line.removeprefix("a.toml: ")


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"items": []}, "items: must have at least one item"),
        ({"items": ["a", "a"]}, "items[1]: duplicate name 'a'"),
        ({"itmes": ["a"]}, "itmes: unknown key (did you mean items?)"),
        ({"rule": None}, "rule: missing"),
        ({"rule": "lottery"}, "rule: unknown: 'lottery'; known: 'serial-dictatorship', "),
        ({"rankings": None}, "rankings: missing: a problem needs rankings or utilities"),
        ({"rankings": []}, "rankings: must have at least one agent"),
        ({"rankings": ["a", ["a"]]}, "rankings[0]: 'a' is not a ranking"),
        ({"rankings": [["a"], ["a", "bb"]]}, "rankings[1][1]: unknown item 'bb' (did you mean b?)"),
        ({"rankings": [["a", ["b", "a"]]]}, "rankings[0][1]: duplicate name 'a'"),
        ({"rankings": [["a", []]]}, "rankings[0][1]: empty"),
        ({"capacities": [1]}, "capacities: 1 capacities for 2 items"),
        ({"capacities": [1, -1]}, "capacities[1]: -1 is negative"),
        ({"capacities": [1, "1/2"]}, "capacities[1]: 1/2 is not a whole number"),
        ({"rule": "welfare"}, "utilities: missing: the rule welfare needs utilities"),
        (
            {"utilities": [[1, 2], [2, 1]]},
            "utilities[0][1]: 2 is above 1, the utility of an item ranked higher",
        ),
        ({"utilities": [[2, 1], [2, None]]}, "utilities[1][1]: missing, but the agent ranks the item"),
        ({"rankings": [["a"], ["a"]], "utilities": [[1, 1], [1, None]]}, "utilities[0][1]: must be empty"),
        (
            {"rankings": [[["a", "b"]]] * 2, "utilities": [[1, 1], [1, 2]]},
            "utilities[1][1]: 2, but rankings tie",
        ),
        ({"utilities": [[2, -1], [2, 1]]}, "utilities[0][1]: -1 is negative: leave it empty"),
        ({"utilities": [[2, 1]]}, "utilities: 1 rows for 2 agents"),
        ({"utilities": [[2], [2, 1]]}, "utilities[0]: 1 entries for 2 items"),
        ({"weights": [1, 1]}, "weights: only for the rule welfare"),
        ({"rule": "welfare", "utilities": [[1, 0]] * 2, "weights": [1, 0]}, "weights[1]: 0 is not above 0"),
        ({"budgets": [1, 1]}, "budgets: only for the rule pseudo-market"),
        ({"names": {"agents": ["x"]}}, "names.agents: 1 names for 2"),
        ({"names": {"agent": ["x"]}}, "names.agent: unknown key (did you mean agents?)"),
        ({"names": {"agents": []}}, "names.agents: empty; leave the key out instead"),
        ({"names": {"agents": ["x", "x"]}}, "names.agents[1]: duplicate name 'x'"),
        (
            {"names": {"agents": ["x", "\n"]}},
            "names.agents[1]: '\\n' contains U+000A, which is not allowed in a name",
        ),
        ({"bond": -1}, "bond: -1 is below 0"),
        ({"bond": 2**96}, f"bond: {2**96} is above {2**96 - 1}"),
        ({"bond": "1/2"}, "bond: 1/2 is not a whole number"),
        ({"window": 59}, "window: 59 is below 60"),
        ({"window": 2592001}, "window: 2592001 is above 2592000"),
        ({"posted": 3}, "posted: 3 is not a table"),
        ({"posted": {"matrix": HALVES, "lotery": []}}, "posted.lotery: unknown key (did you mean lottery?)"),
        ({"posted": {"matrix": [[1, 0], [1, 0]]}}, "posted.matrix: assigns 2 of item 1"),
        ({"posted": {"matrix": [[1, 1], [0, 0]]}}, "posted.matrix[0]: sums to 2, which is above 1"),
        (
            {"posted": {"matrix": [[1, 0], [0, 1]]}},
            "posted.matrix[0][0]: 1, but probabilistic-serial gives 1/2",
        ),
        (
            {"posted": {"matrix": HALVES, "lottery": [TOSS[0]]}},
            "posted.lottery: the weights sum to 1/2, not to 1",
        ),
        (
            {"posted": {"matrix": HALVES, "lottery": [TOSS[0], TOSS[0]]}},
            "posted.lottery: averages to 1 at [0][0], but the matrix has 1/2",
        ),
        (
            {"posted": {"matrix": HALVES, "lottery": [{"weight": 1, "assignment": ["a", "a"]}]}},
            "posted.lottery[0].assignment: 2 agents get a, whose capacity is 1",
        ),
        (
            {"posted": {"matrix": HALVES, "lottery": [{"weight": 1, "assignment": ["a", "c"]}]}},
            "posted.lottery[0].assignment[1]: unknown item 'c'",
        ),
        (
            {"posted": {"matrix": HALVES, "lottery": [*TOSS, {"weight": 0, "assignment": ["a", "b"]}]}},
            "posted.lottery[2].weight: 0 is not above 0",
        ),
        (
            {"rankings": [["a"], ["a", "b"]], "posted": {"matrix": HALVES}},
            "posted.matrix[0][1]: 1/2, but agent 1 does not want this item",
        ),
        (
            {"rule": "welfare", "utilities": [[3, 1], [2, 1]], "posted": {"matrix": HALVES}},
            "posted.matrix: the weighted utility is below its maximum, 4",
        ),
    ],
)
def test_a_broken_promise_gets_one_line_with_key_and_reason(changed: dict[str, Any], line: str) -> None:
    assert refusal(**changed).startswith(line)


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"rankings": [["a"]] * 65}, "rankings: the number of agents 65 is above 64"),
        ({"items": [f"i{k}" for k in range(65)], "rankings": [["i0"]]}, "items: the number of items 65 is "),
        ({"capacities": [1, 2**32]}, "capacities[1]: the number of places 4294967296 is above 4294967295"),
    ],
)
def test_what_one_lottery_on_chain_cannot_hold_is_solved_but_not_played(
    changed: dict[str, Any], line: str
) -> None:
    problem = Problem.from_mapping(BASE | changed)
    assert solve(problem).exact
    with pytest.raises(ProblemError) as caught:
        problem.check_playable("a.toml")
    assert str(caught.value).startswith(f"a.toml: {line}")
    assert "\n" not in str(caught.value)


def test_bond_and_window_are_kept_and_have_defaults() -> None:
    plain = Problem.from_mapping(BASE)
    assert (plain.bond, plain.window) == (10**15, 3600)
    assert not {"bond", "window"} & set(plain.to_mapping())
    problem = Problem.from_mapping(BASE | {"bond": "5", "window": 60})
    assert (problem.bond, problem.window) == (5, 60)
    assert Problem.from_mapping(problem.to_mapping()) == problem
    # What a lottery on chain holds at most, and no bond at all, can be played.
    widest = {"rankings": [["a"]] * 64, "capacities": [0, 2**32 - 1], "bond": 2**96 - 1, "window": 2592000}
    Problem.from_mapping(BASE | widest).check_playable()
    Problem.from_mapping(BASE | {"bond": 0}).check_playable()


def test_what_is_posted_rightly_is_used() -> None:
    solution = solve(Problem.from_mapping(BASE | {"posted": {"matrix": HALVES, "lottery": TOSS}}))
    assert [term.to_json() for term in solution.lottery or ()] == [
        {"weight": "1/2", "assignment": [0, 1]},
        {"weight": "1/2", "assignment": [1, 0]},
    ]


def test_a_posted_lottery_that_is_optimal_but_not_the_rules_own_is_accepted() -> None:
    mapping = ready("cyclic").to_mapping() | {
        "posted": {
            "matrix": [[0, 1, 0], [0, 0, 1], [1, 0, 0]],
            "lottery": [{"weight": 1, "assignment": ["B", "C", "A"]}],
        }
    }
    found = audit(Problem.from_mapping(mapping))
    assert found.verdicts["ex_ante_efficient"].holds is True
    assert found.verdicts["envy_free"].holds is False
    assert found.verdicts["envy_free"].witness == {
        "agent": 1,
        "envies": 2,
        "expects": "1/2",
        "would_expect": "1",
    }


@settings(max_examples=60, deadline=None)
@given(general())
def test_rankings_with_ties_come_back_from_their_own_mapping(problem: Problem) -> None:
    assert Problem.from_mapping(json.loads(json.dumps(problem.to_mapping()))) == problem


@settings(max_examples=60, deadline=None)
@given(with_utilities(rule="welfare"))
def test_utilities_come_back_from_their_own_mapping(problem: Problem) -> None:
    assert Problem.from_mapping(json.loads(json.dumps(problem.to_mapping()))) == problem


def test_an_empty_text_stands_for_null_where_a_file_has_no_null(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(
        'kind = "assignment"\nitems = ["a", "b"]\nutilities = [[1.5, ""], ["1/3", 2]]\nrule = "boston"\n'
    )
    problem = load_problem(file)
    assert problem.utilities == ((Fraction(3, 2), None), (Fraction(1, 3), Fraction(2)))
    assert problem.orders == ((0,), (1, 0))


def test_a_tie_is_taken_in_the_order_of_items_and_the_audit_sees_what_that_costs() -> None:
    """Agent 1 does not mind, takes a, and leaves agent 2 without: the audit names the better assignment."""
    problem = Problem.from_mapping(BASE | {"rankings": [[["a", "b"]], ["a"]], "rule": "serial-dictatorship"})
    found = audit(problem)
    assert found.solution.to_json()["matrix"] == [["1/2", "1/2"], ["1/2", "0"]]
    verdict = found.verdicts["ex_post_efficient"]
    assert verdict.holds is False
    assert verdict.witness is not None
    assert verdict.witness["assignment"] == [0, None]
    assert verdict.witness["better"] == [1, 0]
    matrix = verdict.witness["cycle"]
    assert [step["agent"] for step in matrix].count(None) <= 2
    assert improving_cycle(problem, found.solution.matrix) is not None


@pytest.mark.parametrize("path", sorted(READY.glob("assignment-*.toml")), ids=lambda path: path.stem)
def test_ready_problem_files_solve_and_audit_to_plain_json(path: Path) -> None:
    found = audit(load_problem(path))
    audited = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert {"kind", "rule", "option_sets", *PROPERTIES} == set(audited)
    for key in PROPERTIES:
        assert {"holds", "witness", "certificate"} <= set(audited[key])
    solved = json.loads(json.dumps(found.solution.to_json(), allow_nan=False))
    assert {"kind", "rule", "matrix", "lottery", "expected_utilities", "ranks"} <= set(solved)
