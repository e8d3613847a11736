"""Bets against Proposition 1 in an experiment: they keep their level, and see what is wrong."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binom

from parley.core.statistics import MIN_P, betting_p_value
from parley.mechanisms.coordination.experiment.sums import Sums
from parley.mechanisms.coordination.problem import example_1
from parley.mechanisms.coordination.twins.exact import Twin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.coordination.play import Outcome

PROBLEM = example_1()
CONTRACTED = PROBLEM.total_cost_wei(PROBLEM.contracted)


def one_of_each() -> list[Outcome]:
    """A game of equilibrium players for each first proposer."""
    games = Twin(PROBLEM, ["equilibrium"]).play(1, 0, 400)
    found = {games.outcome(i).proposer: games.outcome(i) for i in range(400)}
    return [found[seat] for seat in range(5)]


def added(games: Sequence[Outcome], counts: Sequence[int]) -> Sums:
    sums = Sums(5)
    for game, times in zip(games, counts, strict=True):
        if times:
            sums.add(CONTRACTED, [0] * 5, game, times)
    return sums


def p_values(sums: Sums, name: str) -> list[float]:
    return [betting_p_value(bets) for bets in sums.bets[name]]


def test_bets_on_costs_and_proposers_keep_their_level() -> None:
    games = one_of_each()
    p = [float(q) for q in games[0].position.bargaining.probabilities]
    runs, level = 400, 0.1
    rejected = np.zeros((2, 5))
    for counts in np.random.default_rng(5).multinomial(200, p, runs).tolist():
        sums = added(games, counts)
        rejected += [[q < level for q in p_values(sums, name)] for name in ("costs", "proposer")]
    assert (rejected <= binom.isf(1e-6, runs, level)).all()


def test_a_proposer_that_comes_too_often_is_seen_in_costs_and_draws() -> None:
    games = one_of_each()
    right = added(games, [857, 500, 429, 134, 80])
    wrong = added(games, [1057, 450, 329, 100, 64])
    for name in ("costs", "proposer"):
        assert min(p_values(right, name)) >= MIN_P
        assert p_values(wrong, name)[0] < MIN_P


def test_costs_that_proposition_1_does_not_know_are_seen_at_once() -> None:
    games = one_of_each()
    dearer = [game._replace(costs=tuple(2 * cost for cost in game.costs)) for game in games]
    assert min(p_values(added(dearer, [40, 25, 20, 7, 4]), "costs")) < MIN_P


def test_pairs_see_a_twin_that_plays_another_game() -> None:
    fair, other = Sums(5), Sums(5)
    scale = int(38 * PROBLEM.wei_per_cost * Fraction(1, 10))
    one, two = (Twin(PROBLEM, ["equilibrium"]).play(seed, 0, 300) for seed in (1, 2))
    greedy = Twin(replace(PROBLEM, recognition="equal"), ["equilibrium"]).play(2, 0, 300)
    for i in range(300):
        fair.pair(scale, one.outcome(i), two.outcome(i))
        other.pair(scale, one.outcome(i), greedy.outcome(i))
    assert min(p_values(fair, "pair")) >= MIN_P
    assert min(p_values(other, "pair")) < MIN_P


def test_sums_come_back_from_plain_data_with_their_bets() -> None:
    sums = added(one_of_each(), [3, 2, 1, 0, 1])
    again = Sums.from_plain(5, sums.to_plain())
    assert all((sums.bets[name] == again.bets[name]).all() for name in sums.bets)
    again.merge(sums)
    assert all(np.allclose(2 * sums.bets[name], again.bets[name]) for name in sums.bets)
