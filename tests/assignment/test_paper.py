"""The figures of the paper, exactly."""

from fractions import Fraction
from itertools import permutations, product

import pytest

from parley.core.exact import show_all
from parley.mechanisms.assignment.audit import audit
from parley.mechanisms.assignment.efficiency import are_levels, are_supporting_weights, ex_ante_efficient
from parley.mechanisms.assignment.lottery import as_matrix, expected, indicator, show_matrix
from parley.mechanisms.assignment.options import option_set
from parley.mechanisms.assignment.problem import from_orders
from parley.mechanisms.assignment.solution import rule_matrix, solve
from tests.assignment.problems import cardinal, ready

ONE, HALF = Fraction(1), Fraction(1, 2)
BETTER = [["1/2", "0", "1/2", "0"]] * 2 + [["0", "1/2", "0", "1/2"]] * 2
COIN = as_matrix([[0, "1/2", "1/2"], ["1/2", 0, "1/2"], ["1/2", "1/2", 0]])
CYCLIC = [[0, 1, "1/2"], [1, 0, "1/2"], [1, "1/2", 0]]


def test_serial_dictatorship_gives_the_first_choice_with_5_12_and_the_last_with_1_12() -> None:
    solution = solve(ready("bogomolnaia-moulin"))
    assert solution.to_json()["ranks"] == [["5/12", "1/12", "5/12", "1/12"]] * 4
    assert sum(solution.ranks[0][:3]) == Fraction(11, 12)


@pytest.mark.parametrize("rule", ["probabilistic-serial", "boston"])
def test_probabilistic_serial_gives_the_first_choice_with_1_2_and_never_the_last(rule: str) -> None:
    solution = solve(ready("bogomolnaia-moulin").with_rule(rule))
    assert show_matrix(solution.matrix) == BETTER
    assert solution.to_json()["ranks"] == [["1/2", "0", "1/2", "0"]] * 4


def test_the_audit_finds_the_lottery_that_dominates_serial_dictatorship() -> None:
    found = audit(ready("bogomolnaia-moulin"))
    assert {key: verdict.holds for key, verdict in found.verdicts.items()} == {
        "ex_post_efficient": True,
        "ordinally_efficient": False,
        "ex_ante_efficient": None,
        "envy_free": None,
        "sd_envy_free": True,
        "equal_treatment": True,
        "strategy_proof": True,
    }
    witness = found.verdicts["ordinally_efficient"].witness
    assert witness is not None
    assert witness["matrix"] == BETTER
    assert witness["cycle"] == [{"agent": 0, "gives": 1, "gets": 0}, {"agent": 2, "gives": 0, "gets": 1}]
    # The first two toss a coin for a and c, the others for b and d.
    assert [(term["weight"], term["assignment"]) for term in witness["lottery"]] == [
        ("1/2", [0, 2, 1, 3]),
        ("1/2", [2, 0, 3, 1]),
    ]


@pytest.mark.parametrize("rule", ["serial-dictatorship", "probabilistic-serial", "boston"])
def test_three_agents_of_one_ranking_get_everything_with_1_3_and_a_better_lottery_is_found(rule: str) -> None:
    problem = ready("three-utilities").with_rule(rule)
    found = audit(problem)
    assert show_matrix(found.solution.matrix) == [["1/3"] * 3] * 3
    assert found.solution.to_json()["expected_utilities"] == ["4/3", "4/3", "5/3"]
    assert found.verdicts["ordinally_efficient"].holds is True
    witness = found.verdicts["ex_ante_efficient"].witness
    assert witness is not None
    assert witness["matrix"] == [["1/2", "1/2", "0"], ["1/2", "1/2", "0"], ["0", "0", "1"]]
    assert witness["expected_utilities"] == ["3/2", "3/2", "2"]
    assert sum(map(Fraction, witness["gains"])) == Fraction(2, 3)


def test_the_better_lottery_needs_no_transformation_of_utilities() -> None:
    problem = ready("three-utilities")
    better = as_matrix([["1/2", "1/2", 0], ["1/2", "1/2", 0], [0, 0, 1]])
    assert are_supporting_weights(problem, better, [ONE] * 3, [0 * ONE] * 3, [3 * ONE, 0 * ONE, 2 * ONE])
    assert not are_supporting_weights(
        problem, rule_matrix(problem), [ONE] * 3, [0 * ONE] * 3, [3 * ONE, 0 * ONE, 2 * ONE]
    )


def test_a_coin_toss_between_bca_and_cab_is_ex_ante_efficient_with_weights_that_support_it() -> None:
    problem = ready("cyclic")
    found = audit(problem)
    assert found.solution.matrix == COIN
    assert found.solution.expected_utilities == (Fraction(3, 4),) * 3
    lottery = [(term.weight, term.assignment) for term in found.solution.lottery or ()]
    assert lottery == [(HALF, (1, 2, 0)), (HALF, (2, 0, 1))]
    certificate = found.verdicts["ex_ante_efficient"].certificate
    assert certificate is not None
    assert certificate["weights"] == ["1", "2", "1"]
    numbers = {key: [Fraction(x) for x in values] for key, values in certificate.items()}
    assert are_supporting_weights(problem, COIN, **numbers)
    assert found.verdicts["envy_free"].holds is True
    # Every row is worth 3/4 to its owner, and 1/2 or 1/4 to the others.
    assert found.verdicts["envy_free"].certificate == {"margins": ["1/4"] * 3}


def test_no_equal_weights_support_the_coin_toss() -> None:
    """All six assignments, by hand: with weights 1 the coin's two differ, with 1, 2, 1 they are the best."""
    utilities = [[Fraction(str(u)) for u in row] for row in CYCLIC]

    def welfare(assignment: tuple[int, ...], weights: tuple[int, ...]) -> Fraction:
        return sum((w * u[o] for w, u, o in zip(weights, utilities, assignment, strict=True)), Fraction(0))

    equal = {a: welfare(a, (1, 1, 1)) for a in permutations(range(3))}
    assert equal[1, 2, 0] == Fraction(5, 2)
    assert equal[2, 0, 1] == 2
    weighted = {a: welfare(a, (1, 2, 1)) for a in permutations(range(3))}
    assert sorted(weighted.values()) == [0, Fraction(3, 2), Fraction(3, 2), 3, 3, 3]
    assert weighted[1, 2, 0] == weighted[2, 0, 1] == weighted[1, 0, 2] == 3


@pytest.mark.parametrize(
    ("rule", "rows", "utilities", "sd_envy_free"),
    [
        ("serial-dictatorship", ["0 5/6 1/6", "1/2 0 1/2", "1/2 1/6 1/3"], "11/12 3/4 7/12", False),
        ("probabilistic-serial", ["0 3/4 1/4", "1/2 0 1/2", "1/2 1/4 1/4"], "7/8 3/4 5/8", True),
        ("boston", ["0 1 0", "1/2 0 1/2", "1/2 0 1/2"], "1 3/4 1/2", False),
    ],
)
def test_other_rules_are_ex_ante_efficient_in_the_cyclic_case_too(
    rule: str, rows: list[str], utilities: str, *, sd_envy_free: bool
) -> None:
    found = audit(cardinal(CYCLIC, rule))
    assert [" ".join(row) for row in show_matrix(found.solution.matrix)] == rows
    assert " ".join(show_all(found.solution.expected_utilities or ())) == utilities
    assert found.verdicts["ex_ante_efficient"].holds is True
    assert found.verdicts["sd_envy_free"].holds is sd_envy_free


def test_the_option_set_under_serial_dictatorship_where_all_others_agree() -> None:
    problem = ready("option-set")
    found = option_set(problem, 0)
    rows = {
        "".join(str(o + 1) for (o,) in report.ranking): " ".join(show_all(row))
        for report, row in found.rows.items()
        if len(report.ranking) == 3
    }
    assert rows == {
        "123": "1/3 1/3 1/3",
        "132": "1/3 0 2/3",
        "213": "0 2/3 1/3",
        "231": "0 2/3 1/3",
        "312": "0 0 1",
        "321": "0 0 1",
    }
    assert found.best_lie is None
    assert found.support_function.holds is True
    assert found.convex.holds is True
    assert found.homogeneous.holds is True


def test_reporting_2u_plus_3_for_u_worth_5_gets_13() -> None:
    """The paper's figures: an agent expects 5; having reported 2u + 3 it expects 13 = 2·5 + 3 of that."""
    problem = cardinal([[15, 0, 0], [15, 0, 0], [15, 0, 0]])
    found = option_set(problem, 0)
    u = tuple(Fraction(x) for x in (9, 5, 1))
    moved = tuple(2 * x + 3 for x in u)
    assert found.value(u) == 5
    assert found.value(moved) == 13
    check = found.homogeneous
    assert check.holds is True
    assert check.certificate is not None
    assert check.certificate["transformation"] == "2u + 3"


def test_boston_gives_the_second_choice_of_many_to_whoever_ranks_it_first() -> None:
    """Two agents rank A > B; the third takes B for sure, whatever they do next."""
    problem = from_orders([[0, 1, 2], [0, 1, 2], [1, 0, 2]], 3, "boston")
    assert show_all(rule_matrix(problem)[2]) == ["0", "1", "0"]
    assert show_all(rule_matrix(problem.with_rule("serial-dictatorship"))[2]) != ["0", "1", "0"]


def test_whatever_assignment_is_efficient_is_picked_in_some_order_and_nothing_else() -> None:
    """The paper's lemma, on all profiles of three agents: ex-post efficient = result of a serial order."""
    from parley.mechanisms.assignment.efficiency import improving_cycle, serial_order  # noqa: PLC0415 - used here only

    for orders in product(list(permutations(range(3))), repeat=3):
        problem = from_orders(orders, 3)
        for assignment in permutations(range(3)):
            picked = serial_order(problem, assignment) is not None
            assert picked == (improving_cycle(problem, indicator(assignment, 3)) is None)


def test_probabilistic_serial_can_be_manipulated_and_the_lie_is_found() -> None:
    found = audit(from_orders([[0, 2, 1], [0, 1, 2], [2, 0, 1]], 3, "probabilistic-serial"))
    verdict = found.verdicts["strategy_proof"]
    assert verdict.holds is False
    assert verdict.witness is not None
    lies = {
        (key, " ".join(show_all(row)))
        for option in found.option_sets or ()
        for row, report in option.lotteries.items()
        if option.better(row)
        for key in [(option.agent, "".join(str(o) for (o,) in report.ranking))]
    }
    assert ((2, "021"), "1/3 1/6 1/2") in lies
    utilities = [Fraction(u) for u in verdict.witness["utilities"]]
    rows = [tuple(map(Fraction, verdict.witness[key])) for key in ("row", "row_reporting")]
    gain = expected(rows[1], utilities) - expected(rows[0], utilities)
    assert gain == Fraction(verdict.witness["gain"])
    assert gain > 0


def test_boston_can_be_manipulated_and_the_lie_is_found() -> None:
    problem = from_orders([[1, 3, 0, 2], [1, 2, 0, 3], [1, 2, 0, 3], [1, 0, 2, 3]], 4, "boston")
    found = option_set(problem, 1)
    assert show_all(found.own) == ["1/8", "1/4", "1/2", "1/8"]
    lie = next(report for report in found.rows if report.ranking == ((0,), (1,), (2,), (3,)))
    assert show_all(found.rows[lie]) == ["1", "0", "0", "0"]
    assert found.better(found.rows[lie])


def test_boston_with_one_lottery_for_all_items() -> None:
    """The smallest case in which a new lottery for each item would come to something else."""
    orders = [[2, 4, 1, 3, 0], [2, 0, 1, 4, 3], [2, 3, 1, 4, 0], [2, 0, 1, 3, 4], [4, 0, 1, 2, 3]]
    rows = rule_matrix(from_orders(orders, 5, "boston"))
    assert [" ".join(show_all(row)) for row in rows] == [
        "0 2/3 1/4 1/12 0",
        "1/2 1/6 1/4 1/12 0",
        "0 0 1/4 3/4 0",
        "1/2 1/6 1/4 1/12 0",
        "0 0 0 0 1",
    ]


def test_levels_prove_that_probabilistic_serial_is_ordinally_efficient() -> None:
    problem = ready("bogomolnaia-moulin").with_rule("probabilistic-serial")
    found = audit(problem)
    certificate = found.verdicts["ordinally_efficient"].certificate
    assert certificate is not None
    assert are_levels(problem, found.solution.matrix, certificate["levels"])
    assert not are_levels(problem, rule_matrix(ready("bogomolnaia-moulin")), certificate["levels"])


def test_a_pseudo_market_is_efficient_and_without_envy_where_budgets_are_equal() -> None:
    solution = solve(cardinal([[3, 0, 1], [3, 0, 1], [3, 0, 2]], "pseudo-market"))
    assert solution.to_json()["shortfall"] == "0"
    assert solution.to_json()["expected_utilities"] == ["4/3", "4/3", "13/6"]
    assert ex_ante_efficient(solution.problem, solution.matrix).holds is True
