"""The check of play against theory: its false alarms, what it sees, and savings of a few wei."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import binom

from parley.core.statistics import MIN_P, count_p_value, count_power
from parley.kit.play.tally import Comparison, Tally, compare
from parley.kit.statistics import Group
from parley.mechanisms.coordination.bots import equilibrium_bargaining
from parley.mechanisms.coordination.mechanism import MECHANISM
from parley.mechanisms.coordination.problem import Problem, example_1
from parley.mechanisms.coordination.recognition import RECOGNITION
from parley.mechanisms.coordination.solution import Solution, solve
from parley.mechanisms.coordination.statistics import statistics
from parley.mechanisms.coordination.twins.exact import Twin
from tests.coordination.problems import make

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from parley.mechanisms.coordination.play import Outcome

RARE = make([[300, 0], [0, 1]], [[300, 0], [200, 1]], continuation=Fraction(9, 10))
"""The second agent proposes once in 301 games."""


def tallied(problem: Problem, proposed: Sequence[int], chances: Sequence[Fraction] = ()) -> Tally[Outcome]:
    """Games of equilibrium players, of which each agent was the proposer in so many."""
    stage = equilibrium_bargaining(problem)
    last = problem.max_rounds == 1
    games = sum(proposed)
    tally = Tally(statistics(problem))
    tally.endings["settled"] = games
    tally.counted["proposer"][tuple(chances) or stage.probabilities] = Group(games, list(proposed))
    costs = tally.counted["cost"][None] = Group(games, [0] * problem.agents, [0] * problem.agents)
    for proposer, count in enumerate(proposed):
        for i, cost in enumerate(stage.proposal(proposer, last_round=last)):
            costs.sums[i] += count * cost
            costs.squares[i] += count * cost * cost
    return tally


def compared(tally: Tally[Outcome], solution: Solution) -> Comparison:
    return compare(statistics(solution.problem), tally, solution)


@pytest.mark.parametrize("games", [10, 113, 1000])
@pytest.mark.parametrize("problem", [RARE, example_1()], ids=["rare", "example"])
def test_no_test_rejects_more_often_than_its_level(problem: Problem, games: int) -> None:
    """Thousands of runs by the law of the counts: at 5% as at one in a million."""
    runs, solution = 5000, solve(problem)
    chances = [Fraction(p) for p in solution.probabilities]
    drawn = np.random.default_rng(games).multinomial(games, list(map(float, chances)), runs)
    alarms = 0
    for i, p in enumerate(chances):
        counts, times = np.unique(drawn[:, i], return_counts=True)
        found = np.array([count_p_value(int(count), {p: games}) for count in counts])
        # A binomial number of rejections of probability 5% or less is above this once in a million times.
        assert times[found < 0.05].sum() <= binom.isf(1e-6, runs, 0.05)
        alarms += times[found < MIN_P].sum()
    assert alarms == 0
    # That is how what agents paid is judged.
    for row in drawn[:5].tolist():
        found_here = compared(tallied(problem, row), solution)
        assert [cost.p_value for cost in found_here.means["cost"]] == [
            count_p_value(count, {p: games}) for count, p in zip(row, chances, strict=True)
        ]
        assert found_here.holds


def no_false_alarm(seeds: Iterable[int]) -> int:
    """Play ten games of each seed, as on chain but by the exact twin; how many seeds have |z| above 4.5."""
    twin, solution = Twin(RARE, ["equilibrium"]), solve(RARE)
    far = 0
    for seed in seeds:
        found = compared(twin.tally(seed, 0, 10), solution)
        assert found.holds, seed
        far += any(cost.z is not None and abs(cost.z) > 4.5 for cost in found.means["cost"])
    return far


def test_ten_games_with_a_rare_proposer_are_no_contradiction_where_it_proposes() -> None:
    """At these seeds it does; a normal approximation would call it one."""
    assert no_false_alarm([21, 46, 51, 85]) == 4
    twin = Twin(RARE, ["equilibrium"])
    run = MECHANISM.simulate(RARE, games=10, seed=21)
    assert run.comparison.holds
    assert run.tally.sums("cost") == twin.tally(21, 0, 10).sums("cost")


@pytest.mark.deep
def test_ten_games_with_a_rare_proposer_raise_no_false_alarm_at_any_seed() -> None:
    assert no_false_alarm(range(2000)) > 40


def test_a_wrong_expectation_is_refuted_with_the_power_that_is_computed() -> None:
    """Proposers drawn with 1/5 each in place of p*: 300 games of Example 1 refute that nearly always."""
    problem, games, runs = example_1(), 300, 60
    solution, equal = solve(problem), [Fraction(1, 5)] * 5
    assert count_power(games, Fraction(solution.probabilities[0]), Fraction(1, 5)) >= 0.99
    refuted = 0
    for counts in np.random.default_rng(4).multinomial(games, [0.2] * 5, runs).tolist():
        # The draws follow what the contract states; what agents pay is not what theory expects.
        found = compared(tallied(problem, counts, equal), solution)
        assert found.counts["proposer"].p_value is not None
        assert found.counts["proposer"].agrees
        refuted += not found.holds
    assert binom.cdf(refuted, runs, 0.99) > 1e-6


def test_other_bots_are_held_against_the_equilibrium() -> None:
    problem = example_1()
    for bots in (["greedy"] * 5, ["minimal", *["equilibrium"] * 4]):
        tally = Twin(problem, ["greedy", "minimal", "equilibrium"]).tally(
            1, 0, 300, [("greedy", "minimal", "equilibrium").index(bot) for bot in bots]
        )
        found = compared(tally, solve(problem))
        assert not found.holds
        # The draws, if there are any, are as stated at what was announced.
        assert found.counts["proposer"].agrees


# ── savings of a few wei ────────────────────────────────────────────────────────────────────────────────────


def dust_by_hand(problem: Problem) -> tuple[bool, Fraction, list[Fraction]]:
    """Whether X is to be played: no proposer's dust exceeds Δ·(1 − δ), by the exact thresholds of `solve`."""
    solution, wei = solve(problem), problem.wei_per_cost
    thresholds = [Fraction(a) * wei for a in solution.acceptance_thresholds]
    away = [a - (a.numerator // a.denominator) for a in thresholds]
    gain = solution.savings * wei * (1 - problem.continuation)
    dust = [sum(away) - own for own in away]
    proposers = [d for d, p in zip(dust, solution.probabilities, strict=True) if p]
    return solution.savings > 0 and all(d <= gain for d in proposers), gain, dust


def test_whole_thresholds_leave_no_dust_and_two_wei_are_saved() -> None:
    problem = make(
        [[2, 0], [0, 0]], [[2, 0], [1, 0]], continuation=Fraction(9, 10), wei_per_cost=1, bond=Fraction(1)
    )
    run = MECHANISM.simulate(problem, games=30, seed=1)
    assert run.theory.savings == 2
    assert run.tally.endings == {"settled": 30}
    assert sum(run.tally.sums("cost")) == 2 * 30
    assert run.comparison.holds


SMALL = [
    make(D, C, wei_per_cost=1, bond=Fraction(1), continuation=delta, recognition=name)
    for (D, C), delta, name in product(
        [
            ([[2, 0], [0, 0]], [[2, 0], [1, 0]]),
            ([[2, 0], [0, 1]], [[2, 0], [1, 1]]),
            ([[3, 0, 0], [0, 1, 0], [0, 0, 1]], [[3, 0, 0], [1, 1, 0], [1, 1, 1]]),
            ([[5, 0, 0], [0, 1, 0], [0, 0, 2]], [[5, 0, 0], [2, 1, 0], [2, 1, 2]]),
            ([[2], [0], [0], [0]], [[2], [1], [1], [1]]),
        ],
        [Fraction(0), Fraction(1, 2), Fraction(9, 10), Fraction(99, 100)],
        RECOGNITION,
    )
]


def test_bots_play_the_contracts_only_where_a_proposer_loses_more_than_it_gains() -> None:
    saved = kept = 0
    for problem in SMALL:
        pays, gain, dust = dust_by_hand(problem)
        stage = equilibrium_bargaining(problem)
        assert (stage.savings > 0) == pays, (problem, gain, dust)
        if pays:
            saved += 1
            for i, p in enumerate(stage.probabilities):
                if p:
                    # Whoever proposes bears no more than a rejection would cost it, and all accept.
                    exact = stage.contracted_costs[i] - problem.continuation * p * stage.savings
                    assert stage.proposal(i)[i] <= exact
                    assert stage.proposal(i)[i] - (exact - gain) == dust[i]
        elif solve(problem).savings > 0:
            kept += 1
    assert min(saved, kept) >= 10


@pytest.mark.parametrize("kept", [False, True])
def test_the_twins_and_the_check_follow_the_same_rule(kept: bool) -> None:  # noqa: FBT001 - a case
    cases = [p for p in SMALL if solve(p).savings > 0 and (not dust_by_hand(p)[0]) == kept]
    for problem in cases[::7]:
        tally = Twin(problem, ["equilibrium"]).tally(3, 0, 40)
        found = compared(tally, solve(problem))
        assert found.holds
        assert tally.endings == {"broken down" if kept else "settled": 40}
        if kept:
            alone = [problem.cost(i, int(row.sum())) for i, row in enumerate(problem.contracted)]
            assert [cost.expected for cost in found.means["cost"]] == alone
            assert [cost.mean for cost in found.means["cost"]] == alone


def test_contracts_kept_for_their_dust_are_played_so_on_chain() -> None:
    problem = next(p for p in SMALL if solve(p).savings > 0 and not dust_by_hand(p)[0])
    run = MECHANISM.simulate(problem, games=5, seed=1)
    assert run.tally.endings == {"broken down": 5}
    assert run.comparison.holds


def test_a_last_round_has_no_dust() -> None:
    problem = next(p for p in SMALL if solve(p).savings > 0 and not dust_by_hand(p)[0])
    stage = equilibrium_bargaining(replace(problem, max_rounds=1))
    assert stage.savings > 0
