"""Option sets, by brute force: what was tried, what it is worth, and when an expected utility is convex."""

from fractions import Fraction
from itertools import combinations, permutations

import pytest

from parley.mechanisms.assignment.lottery import expected
from parley.mechanisms.assignment.options import (
    OptionSet,
    Report,
    _utilities,
    option_set,
    reports_of,
    strategy_proof,
)
from parley.mechanisms.assignment.problem import Problem, Utilities
from parley.mechanisms.assignment.solution import rule_matrix
from tests.assignment.problems import cardinal

TWO: list[list[int | None]] = [[5, 3], [4, 1]]
LYING: list[list[int | None]] = [[9, 2, 1], [9, 8, 1], [9, 2, 1]]
"""Under the Boston rule the second agent should ask for the second item, which it then gets for sure."""
THREE: list[list[int | None]] = [[9, 5, 1], [9, 8, 1], [2, 9, 1]]


def strict(*order: int) -> Report:
    return Report(tuple((o,) for o in order))


def reported(problem: Problem, agent: int, order: tuple[int, ...]) -> tuple[Fraction, ...]:
    changed = problem.reporting(agent, tuple((o,) for o in order), None)
    return tuple(rule_matrix(changed)[agent])


def by_utility(u: Utilities) -> tuple[int, ...]:
    return tuple(sorted((o for o in range(len(u)) if u[o] is not None), key=lambda o: -(u[o] or 0)))


def test_every_strict_ranking_of_every_set_of_items_is_reported_the_true_one_first() -> None:
    problem = cardinal(THREE, "boston")
    found = option_set(problem, 0)
    orders = [order for k in (3, 2, 1, 0) for order in permutations(range(3), k)]
    assert list(found.rows) == [strict(*order) for order in orders]
    assert found.exhaustive
    assert {report: tuple(row) for report, row in found.rows.items()} == {
        strict(*order): reported(problem, 0, order) for order in orders
    }
    assert [reports_of(items) for items in (1, 2, 6, 7)] == [2, 5, 1957, 57]


def test_another_row_gains_what_it_is_worth_beyond_the_own_one() -> None:
    found = option_set(cardinal(LYING, "boston"), 1)
    u = [Fraction(9), Fraction(8), Fraction(1)]
    for row in found.lotteries:
        gain = sum((x - own) * worth for x, own, worth in zip(row, found.own, u, strict=True))
        assert found.gain(row) == gain
        assert found.better(row) == (gain > 0)
    assert found.best_lie == strict(1, 0, 2)
    assert found.gain(found.rows[strict(1, 0, 2)]) == 2


def test_convexity_is_tried_with_two_utilities_for_each_ranking_and_with_the_own_ones() -> None:
    found = option_set(cardinal(TWO, "serial-dictatorship"), 0)
    tried: list[Utilities] = [tuple(map(Fraction, u)) for u in [(5, 3), (2, 1), (4, 1), (1, 2), (1, 4)]]
    assert found.samples() == tried
    assert found.convex.certificate == {"pairs": 10}


@pytest.mark.parametrize("rule", ["serial-dictatorship", "probabilistic-serial", "boston"])
@pytest.mark.parametrize("rows", [TWO, THREE, [[3, 2, None], [3, 1, 2]], [[7, 5, 4], [9, 1, 0], [9, 1, 0]]])
def test_convexity_and_homogeneity_are_those_of_the_definition(
    rule: str, rows: list[list[int | None]]
) -> None:
    problem = cardinal(rows, rule)
    for agent in range(problem.agents):
        found = option_set(problem, agent)

        def value(u: Utilities, agent: int = agent) -> Fraction:
            return expected(reported(problem, agent, by_utility(u)), u)

        middles = [
            (v, w, tuple(None if a is None or b is None else (a + b) / 2 for a, b in zip(v, w, strict=True)))
            for v, w in combinations(found.samples(), 2)
        ]
        broken = [(v, w, m) for v, w, m in middles if 2 * value(m) > value(v) + value(w)]
        assert found.convex.holds is not bool(broken)
        assert found.convex.holds is (False if broken else True if found.support_function.holds else None)
        if not broken:
            assert found.convex.certificate == {"pairs": len(middles)}
        else:
            v, w, middle = broken[0]
            assert found.convex.witness == {
                "utilities": [[None if a is None else str(a) for a in u] for u in (v, w)],
                "expected": [str(value(v)), str(value(w))],
                "expected_between": str(value(middle)),
            }
        sure = all(sum(reported(problem, agent, by_utility(u))) == 1 for u in found.samples())
        assert found.homogeneous.certificate == {
            "transformation": "2u + 3" if sure else "2u",
            "reports": len(found.samples()),
        }
        assert found.homogeneous.holds


def test_in_a_market_utilities_are_reported_with_others_ones_reordered_doubled_and_between() -> None:
    found = option_set(cardinal([[4, 1], [3, 2]], "pseudo-market"), 0)
    assert not found.exhaustive
    assert [report.utilities for report in found.rows] == [
        *((4, 1), (3, 2)),  # the truth, and the other's
        *((1, 0), (0, 1), (8, 2), (1, 4)),  # one item alone, twice, reordered
        *((Fraction(7, 2), Fraction(3, 2)), (Fraction(5, 2), Fraction(1, 2)), (2, 1), (6, Fraction(3, 2))),
    ]


@pytest.mark.parametrize(("rule", "most"), [("pseudo-market", 8), ("welfare", 80)])
def test_a_limited_number_of_utilities_is_tried_and_some_between(rule: str, most: int) -> None:
    problem = cardinal([[k, 1000, 1, 50] for k in (2, *range(200, 259))], rule)
    tried = list(_utilities(problem, 0))
    assert len(tried) == most + 4
    own = (2, 1000, 1, 50)
    between = [tuple(Fraction(a + (b or 0)) / 2 for a, b in zip(own, u, strict=True)) for u in tried[:4]]
    assert tried[most:] == between


def test_a_rule_is_strategy_proof_as_far_as_was_tried() -> None:
    proof = cardinal(THREE, "serial-dictatorship")
    lying = cardinal(LYING, "boston")

    def sets(problem: Problem) -> list[OptionSet]:
        return [option_set(problem, agent) for agent in range(problem.agents)]

    assert strategy_proof(proof, sets(proof)).holds is True
    known = strategy_proof(proof, [], "there are too many reports")
    assert (known.holds, known.more) == (True, {"weak": {"holds": True, "witness": None}})
    open_ = strategy_proof(lying, [], "there are too many reports")
    assert (open_.holds, open_.more) == (None, {"weak": {"holds": None, "witness": None}})
    verdict = strategy_proof(lying, sets(lying))
    assert verdict.holds is False
    assert verdict.witness == {
        "agent": 1,
        "truth": strict(0, 1, 2).to_json(),
        "report": strict(1, 0, 2).to_json(),
        "row": ["1/3", "1/3", "1/3"],
        "row_reporting": ["0", "1", "0"],
        "utilities": ["9", "8", "1"],
        "gain": "2",
    }
