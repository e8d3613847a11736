"""What each kind of bot reports, and where it is silent."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.core.errors import ParleyError
from parley.mechanisms.assignment import bots
from parley.mechanisms.assignment.bots import PHASES, best_response, make_bots
from parley.mechanisms.assignment.certificate import as_reported
from parley.mechanisms.assignment.envy import dominates, prefix_sums
from parley.mechanisms.assignment.lottery import Row, expected
from parley.mechanisms.assignment.options import option_set
from parley.mechanisms.assignment.problem import Problem, example_1, from_orders
from parley.mechanisms.assignment.solution import rule_matrix
from tests.assignment.problems import cardinal, general, ready, with_utilities

MANIPULABLE = from_orders([[0, 2, 1], [0, 1, 2], [2, 0, 1]], 3, "probabilistic-serial")
"""Agent 3 gains under some utilities by reporting what agent 1 does."""


def row_reporting(problem: Problem, agent: int, order: tuple[int, ...]) -> Row:
    reports = (*problem.orders[:agent], order, *problem.orders[agent + 1 :])
    return rule_matrix(as_reported(problem, reports))[agent]


def test_the_truthful_reveals_its_ranking_with_ties_in_the_order_of_the_items() -> None:
    problem = Problem(items=("a", "b", "c"), rankings=(((1, 2), (0,)), ((2,),)), rule="boston")
    assert [bot.report(problem, i) for i, bot in enumerate(make_bots(["truthful"], 2))] == [(1, 2, 0), (2,)]


@pytest.mark.parametrize(
    ("name", "acting"),
    [
        ("truthful", PHASES),
        ("misreporting", PHASES),
        ("copying", PHASES),
        ("absent", ()),
        ("absent:committing", ()),
        ("absent:revealing", PHASES[:1]),
        ("absent:opening", PHASES[:2]),
    ],
)
def test_the_absent_are_silent_from_their_phase_on(name: str, acting: tuple[str, ...]) -> None:
    (bot,) = make_bots([name], 1)
    assert tuple(phase for phase in PHASES if bot.acts(phase)) == acting


# ── best responses ──────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=25, deadline=None)
@given(with_utilities(), st.sampled_from(["probabilistic-serial", "boston"]), st.data())
def test_with_utilities_no_ranking_is_better(problem: Problem, rule: str, data: st.DataObject) -> None:
    problem = problem.with_rule(rule)
    agent = data.draw(st.integers(0, problem.agents - 1))
    utilities = (problem.utilities or ())[agent]
    chosen = best_response(problem, agent)
    best = expected(row_reporting(problem, agent, chosen), utilities)
    for length in range(len(problem.items) + 1):
        for order in permutations(range(len(problem.items)), length):
            row = row_reporting(problem, agent, order)
            risky = any(p and o not in problem.rank_of[agent] for o, p in enumerate(row))
            assert risky or expected(row, utilities) <= best
    if expected(rule_matrix(problem)[agent], utilities) == best:
        assert chosen == problem.orders[agent]


@settings(max_examples=25, deadline=None)
@given(general(4), st.sampled_from(["probabilistic-serial", "boston"]), st.data())
def test_without_utilities_a_lie_that_always_gains_comes_first(
    problem: Problem, rule: str, data: st.DataObject
) -> None:
    problem = problem.with_rule(rule)
    agent = data.draw(st.integers(0, problem.agents - 1))
    ranking, wanted = problem.rankings[agent], problem.rank_of[agent]
    found = option_set(problem, agent)
    safe = [row for row in found.rows.values() if not any(p and o not in wanted for o, p in enumerate(row))]
    gains = [row for row in safe if not dominates(ranking, found.own, row)]
    sure = [row for row in gains if dominates(ranking, row, found.own)]
    chosen = best_response(problem, agent)
    row = row_reporting(problem, agent, chosen)
    if not gains:
        assert chosen == problem.orders[agent]
    else:
        assert row in gains
        assert not sure or row in sure


def test_a_lie_that_gains_for_some_utilities_is_told() -> None:
    ranking = MANIPULABLE.rankings[2]
    own, row = rule_matrix(MANIPULABLE)[2], row_reporting(MANIPULABLE, 2, best_response(MANIPULABLE, 2))
    # Less of the best item for more of the best two, which no other lie gives more of.
    assert list(map(str, prefix_sums(ranking, own))) == ["3/4", "3/4", "1"]
    assert list(map(str, prefix_sums(ranking, row))) == ["1/2", "5/6", "1"]


def test_nobody_lies_to_serial_dictatorship_and_it_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bots, "rule_matrix", None)
    dice = Random(1)
    large = from_orders([dice.sample(range(40), 40) for _ in range(40)], 40)
    assert best_response(large, 7) == large.orders[7]


def test_what_is_worse_than_nothing_is_not_risked() -> None:
    """Agent 1 wants a alone. Were b worth nothing to it, not less, it could as well ask for b first."""
    problem = cardinal([[1, None], [1, 1], [1, 1]], "boston")
    assert best_response(problem, 0) == (0,)


def test_beyond_six_items_the_search_is_local_bounded_and_finds_a_simple_lie(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = 0

    def counted(problem: Problem) -> object:
        nonlocal asked
        asked += 1
        return rule_matrix(problem)

    monkeypatch.setattr(bots, "rule_matrix", counted)
    # Everybody asks for a first, so that who asks for b has it for sure, and likes it nearly as much.
    problem = cardinal([[9, 8, 1, 1, 1, 1, 1]] * 4, "boston")
    assert best_response(problem, 0)[0] == 1
    assert asked < 100
    large = from_orders([Random(i).sample(range(30), 30) for i in range(30)], 30, "probabilistic-serial")
    asked = 0
    best_response(large, 3)
    assert asked <= bots.MOST_TRIED


def test_a_lie_to_welfare_is_found() -> None:
    """Agent 1 calls its last item worth nothing, and so has its first for sure instead of the coin toss."""
    weights = (Fraction(1), Fraction(2), Fraction(1))
    problem = replace(ready("cyclic").with_rule("welfare"), weights=weights)
    utilities = (problem.utilities or ())[0]
    chosen = best_response(problem, 0)
    assert expected(rule_matrix(problem)[0], utilities) == Fraction(3, 4)
    assert expected(row_reporting(problem, 0, chosen), utilities) == 1


def test_a_best_response_is_found_once() -> None:
    problem = example_1().with_rule("boston")
    best_response.cache_clear()  # what other tests have asked for
    for _ in range(3):
        make_bots(["misreporting"], 4)[2].report(problem, 2)
    assert best_response.cache_info().misses == 1


def test_agents_that_want_the_same_tell_the_same_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = cardinal([[4, 3, 0], [4, 1, 3], [4, 3, 0], [4, 3, 1]], "boston")
    searches = 0

    def counted(problem: Problem, agent: int) -> object:
        nonlocal searches
        searches += 1
        return option_set(problem, agent)

    monkeypatch.setattr(bots, "option_set", counted)
    lies = [best_response(problem, i) for i in range(4)]
    assert lies[0] == lies[2] != problem.orders[0]
    assert searches == 3


# ── names ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (["thruthful"], r"unknown bot 'thruthful' \(did you mean truthful\?\)"),
        (["x"], r"unknown bot 'x' \(known: truthful, misreporting, absent, copying\)"),
        (["absent:revaling"], r"no seat acts in a phase 'revaling' \(did you mean revealing\?\)"),
        (["absent:"], r"no seat acts in a phase '' \(known: committing, revealing, opening\)"),
        (["truthful:1"], "truthful takes no argument"),
        (["truthful", "copying"], "2 names for 5 agents"),
    ],
)
def test_bad_names_are_refused_in_one_line(names: list[str], complaint: str) -> None:
    with pytest.raises(ParleyError, match=complaint) as error:
        make_bots(names, 5)
    assert "\n" not in str(error.value)
