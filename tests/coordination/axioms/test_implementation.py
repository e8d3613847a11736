"""Proposition 2: who can move its own probability, and the games that are built of it."""

from fractions import Fraction
from itertools import islice, pairwise
from random import Random
from types import SimpleNamespace

import numpy as np
import pytest

from parley.mechanisms.coordination.announcements import is_feasible
from parley.mechanisms.coordination.axioms import counterexamples
from parley.mechanisms.coordination.axioms.counterexamples import random_problems
from parley.mechanisms.coordination.axioms.equilibrium import backward_induction, stage_one
from parley.mechanisms.coordination.axioms.implementation import (
    Dependence,
    costs_against,
    manipulable_game,
    moves,
    moves_probability,
)
from parley.mechanisms.coordination.axioms.triple import Recognition, Triple, recognition_of, rows_of
from parley.mechanisms.coordination.bargaining import expected_costs
from parley.mechanisms.coordination.costs import Piecewise, Power, Quadratic
from tests.coordination.axioms.triples import random_triple
from tests.coordination.problems import all_allocations, make, random_problem

MANIPULABLE = ("announcement-proportional", "reordered")
SAFE = ("p-star", "equal", "contract-proportional")


def some_triples(count: int = 400) -> list[Triple]:
    return [triple for triples in random_problems(seed=5, count=count) for triple in triples]


def test_moves_are_exactly_the_allocations_one_unit_away_behind_an_agent() -> None:
    dice = Random(3)
    for _ in range(60):
        problem = random_problem(dice, special=False)
        allocations = [rows_of(X) for X in all_allocations(problem)]
        X = dice.choice(allocations)
        triple = Triple.at(problem, np.array(X))
        for j in range(problem.agents):
            found = sorted(other.allocation for _, other in moves(triple, j))
            wanted = []
            for Y in allocations:
                change = np.array(Y) - np.array(X)
                one_unit = np.abs(change).sum() == 2 and np.abs(change[j]).sum() == 1
                if one_unit and not change[:j].any():
                    wanted.append(Y)
            assert found == sorted(wanted)


@pytest.mark.parametrize("name", SAFE)
def test_no_agent_moves_its_own_probability(name: str) -> None:
    p = recognition_of(name)
    for triple in some_triples():
        for j in range(triple.agents - 1):
            assert not list(moves_probability(p, triple, j))


def test_one_unit_at_a_time_sees_every_dependence_on_ones_own_announcement() -> None:
    # From the definition: any two allocations that agree before j and differ in p_j.
    dice = Random(8)
    seen = 0
    for _ in range(60):
        problem = random_problem(dice, special=True)
        triples = [Triple.at(problem, X) for X in all_allocations(problem)]
        if len(triples) > 60:
            continue
        for name in ("announcement-proportional", "reordered", "p-star"):
            p = recognition_of(name)
            for j in range(problem.agents - 1):
                differs = any(
                    one.allocation[:j] == other.allocation[:j] and p(one)[j] != p(other)[j]
                    for one in triples
                    for other in triples
                )
                moved = any(next(moves_probability(p, triple, j), None) for triple in triples)
                assert moved == differs
                seen += differs
    assert seen > 20


def pairs(p: Recognition) -> list[Dependence]:
    return [
        found
        for triple in some_triples()
        for j in range(triple.agents - 1)
        for found in islice(moves_probability(p, triple, j), 2)
    ]


@pytest.mark.parametrize("name", MANIPULABLE)
def test_built_costs_make_the_deviation_pay(name: str) -> None:
    """Everything that is claimed of a game, from the definitions: all allocations are listed."""
    p = recognition_of(name)
    built = 0
    for found in pairs(p):
        game = manipulable_game(p, found)
        if game is None:
            continue
        problem, j = game.problem, game.agent
        X, Y = game.allocation, game.deviation
        allocations = list(all_allocations(problem)) if problem.total <= 12 else None
        if allocations is None or len(allocations) > 3000:
            continue
        built += 1
        total = {rows_of(W): problem.total_cost(W) for W in allocations}
        # X is cost-effective, and Y the cheapest after agent j's announcement, but not cost-effective.
        assert total[X] == min(total.values()) < total[Y]
        assert total[Y] == min(cost for W, cost in total.items() if W[: j + 1] == Y[: j + 1])
        assert X[:j] == Y[:j]
        assert X[j] != Y[j]
        at_X, at_Y = (expected_costs(problem, W, p(Triple.at(problem, W)))[j] for W in (X, Y))
        assert (at_X, at_Y) == game.costs
        assert game.gain == at_X - at_Y > 0
    assert built > (100 if name == "announcement-proportional" else 10)


def test_built_costs_are_strictly_convex_in_whole_units() -> None:
    for found in pairs(recognition_of("announcement-proportional")):
        for cost, row in zip(costs_against(found) or (), found.lower.capacity, strict=False):
            assert isinstance(cost, Piecewise)
            values = [cost(z) for z in range(min(sum(row), found.lower.total) + 1)]
            steps = [b - a for a, b in pairwise(values)]
            assert all(step > 0 for step in steps)
            assert all(b > a for a, b in pairwise(steps))


def test_pairs_that_save_nothing_build_no_game() -> None:
    # Agent 1 does its last unit itself or not: nobody has contracted on more than X and Y ask of it.
    p = recognition_of("announcement-proportional")
    X = Triple.of([[0], [1]], [[1], [0]], [[1], [1]])
    Y = Triple.of([[1], [0]], [[1], [0]], [[1], [1]])
    assert costs_against(Dependence(0, 1, X, Y, (p(X)[0], p(Y)[0]))) is None


def test_an_agent_that_could_do_more_than_chain_costs_can_tell_apart_builds_no_game() -> None:
    p = recognition_of("announcement-proportional")
    X = Triple.of([[1], [19]], [[20], [0]], [[20], [20]])
    Y = Triple.of([[2], [18]], [[20], [0]], [[20], [20]])
    assert costs_against(Dependence(0, 1, X, Y, (p(X)[0], p(Y)[0]))) is None


def test_the_papers_costs_for_its_reordered_function() -> None:
    """The example after Example 4: with f_1 = z⁴ and f_2 = f_3 = 30 z + z²/2 agent 2 is better off at X̌."""
    half = Quadratic(Fraction(1, 2), Fraction(30))
    D, C = np.diag([3, 2, 1]), [[3, 0, 0], [1, 2, 0], [1, 0, 1]]
    problem = make(D, C, Power(Fraction(1), 4), half, half)
    X, other = [[2, 0, 0], [0, 2, 0], [1, 0, 1]], [[2, 0, 0], [1, 2, 0], [0, 0, 1]]
    assert problem.total_cost(X) == 140 == min(map(problem.total_cost, all_allocations(problem)))
    assert problem.total_cost(other) == 141
    assert problem.total_cost(D) == Fraction(347, 2)
    assert is_feasible(problem, other)
    p = recognition_of("reordered")
    costs = [expected_costs(problem, W, p(Triple.at(problem, W)))[1] for W in (X, other)]
    assert costs == [Fraction(429, 8), Fraction(797, 16)]
    # The program finds the pair, and builds costs of its own for it.
    found = next(moves_probability(p, Triple.at(problem, X), 1))
    assert found.higher.allocation == rows_of(other)
    assert [str(q) for q in found.probabilities] == ["1/4", "3/8"]
    game = manipulable_game(p, found)
    assert game is not None
    assert game.gain > 0


def later_announcements_count(triple: Triple) -> tuple[Fraction, ...]:
    """Agent 1 is recognized with what the last agent announces; the others share the rest."""
    n = triple.agents
    first = Fraction(sum(triple.allocation[-1]), triple.total) if n > 1 else Fraction(1)
    return (first, *[(1 - first) / (n - 1)] * (n - 1))


def test_dependence_on_later_rows_is_dependence() -> None:
    triple = Triple.of([[1], [2]], [[3], [0]], [[3], [2]])
    found = next(moves_probability(later_announcements_count, triple, 0))
    assert found.lower.allocation == ((2,), (1,))
    game = manipulable_game(later_announcements_count, found)
    assert game is not None
    assert game.allocation == ((2,), (1,))
    assert game.deviation == ((1,), (2,))
    assert game.gain > 0


def test_equilibria_of_a_game_are_those_in_which_the_indifferent_prefer_less_cost() -> None:
    dice = Random(1)
    ties = 0
    for _ in range(300):
        triple = random_triple(dice, special=True, n=dice.randint(2, 4), m=dice.randint(1, 3))
        p = recognition_of(dice.choice(MANIPULABLE))
        found = counterexamples.unimplemented(p, triple)
        if found is not None:
            game = stage_one(found.game.problem, p)
            assert found.equilibria == backward_induction(game, efficient_ties=True)
            ties += found.equilibria != backward_induction(game, efficient_ties=False)
    assert ties > 0


def test_no_more_games_of_an_agent_are_tried_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    games = []

    def harmless(game: object, **_: bool) -> SimpleNamespace:
        games.append(game)
        return SimpleNamespace(cost_effective=True)

    monkeypatch.setattr(counterexamples, "backward_induction", harmless)
    triple = Triple.of([[1] * 3, [2] * 3], [[3] * 3, [0] * 3], [[3] * 3] * 2)
    assert counterexamples.unimplemented(recognition_of("announcement-proportional"), triple)
    assert len(games) == counterexamples.TRIED
