"""Rules side by side: on the worked cases by hand, and what is said of estimates."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from parley.core.errors import ProblemError
from parley.core.exact import show_all
from parley.mechanisms.assignment import serial_dictatorship
from parley.mechanisms.assignment.efficiency import ordinally_efficient
from parley.mechanisms.assignment.envy import sd_envy_free
from parley.mechanisms.assignment.lottery import as_matrix
from parley.mechanisms.assignment.problem import example_1, from_orders
from parley.mechanisms.assignment.rules import compare_rules, summary
from parley.mechanisms.assignment.solution import Solution, rank_distribution, solve
from tests.assignment.problems import cardinal, ready

if TYPE_CHECKING:
    from parley.mechanisms.assignment.problem import Problem
    from parley.mechanisms.assignment.rules import RuleResult

ORDINAL = ["serial-dictatorship", "probabilistic-serial", "boston"]


def by_rule(name: str) -> dict[str, RuleResult]:
    return {result.rule: result for result in compare_rules(ready(name)).results}


def test_bogomolnaia_and_moulin_by_hand() -> None:
    found = by_rule("bogomolnaia-moulin")
    assert list(found) == ORDINAL  # without utilities no others
    twelfth = Fraction(1, 12)
    assert found["serial-dictatorship"].ranks == (5 * twelfth, twelfth, 5 * twelfth, twelfth)
    assert found["serial-dictatorship"].mean_rank == Fraction(13, 6)
    assert found["serial-dictatorship"].verdicts["ordinally_efficient"].holds is False
    for rule in ORDINAL[1:]:
        assert show_all(found[rule].ranks) == ["1/2", "0", "1/2", "0"]
        assert found[rule].mean_rank == 2
        assert found[rule].verdicts["ordinally_efficient"].holds is True
    for result in found.values():
        assert (result.sd_envious, result.unassigned) == (0, Fraction(0))
        assert result.envious is None
        assert result.welfare is None


def test_three_agents_with_utilities_by_hand() -> None:
    """Everything with 1/3 is worth 4/3, 4/3 and 5/3; C to agent 3 and a coin for the rest, 3/2, 3/2 and 2."""
    found = by_rule("three-utilities")
    assert list(found) == [*ORDINAL, "welfare", "pseudo-market"]
    for rule in ORDINAL:
        assert found[rule].welfare == Fraction(13, 3)
        assert found[rule].verdicts["ex_ante_efficient"].holds is False
        assert found[rule].envious == 0
    assert found["welfare"].welfare == 5
    assert found["welfare"].verdicts["ex_ante_efficient"].holds is True
    # The coin: agents 1 and 2 have nothing of C, which both rank second; agent 3 has nothing of A.
    assert found["welfare"].ranks == (Fraction(1, 3), Fraction(1, 3), Fraction(1, 3))
    assert found["welfare"].envious == 0
    assert found["welfare"].sd_envious == 4  # of agents 1 and 2 the other one has the same
    assert found["pseudo-market"].welfare == Fraction(4, 3) * 2 + Fraction(13, 6)


def test_the_cyclic_case_by_hand() -> None:
    found = by_rule("cyclic")
    assert [str(found[rule].welfare) for rule in ORDINAL] == ["9/4", "9/4", "9/4"]
    assert [found[rule].sd_envious for rule in ORDINAL] == [1, 0, 1]  # agent 3 envies agent 1
    assert all(result.verdicts["ex_ante_efficient"].holds for result in found.values())


def test_the_case_of_the_option_set_by_hand() -> None:
    """Two agents rank 1 > 2 > 3; the other one takes 2 first, and under Boston gets it for sure."""
    found = by_rule("option-set")
    for rule in ORDINAL[:2]:
        assert found[rule].ranks == (Fraction(5, 9), Fraction(1, 9), Fraction(1, 3))
    assert show_all(found["boston"].ranks) == ["2/3", "0", "1/3"]


def test_who_wants_nothing_envies_nobody_where_a_market_is_not_cleared_exactly() -> None:
    rows: list[list[int | None]] = [[3, 0, 0, 3], [4, 3, 1, 4], [4, 2, 3, 0], [4, 2, 1, 0], [None] * 4]
    solution = solve(cardinal(rows, "pseudo-market"))
    assert solution.equilibrium is not None
    assert solution.equilibrium.shortfall.greatest > 0
    assert summary(solution).envious == 0


def test_counts_agree_with_the_audit() -> None:
    problem = from_orders([[1, 2, 0], [0, 2, 1], [0, 1, 2]], 3)
    for result in compare_rules(problem).results:
        matrix = result.solution.matrix
        assert (result.sd_envious == 0) == sd_envy_free(problem, matrix).holds
        assert result.verdicts["ordinally_efficient"] == ordinally_efficient(problem, matrix)
        ranks = rank_distribution(problem, matrix)
        assert result.ranks == tuple(sum(column) / 3 for column in zip(*ranks, strict=True))


def test_the_envious_are_those_who_expect_more_of_anothers_row() -> None:
    rows: list[list[int | None]] = [[3, 2, None], [3, 1, 2], [0, 1, 2]]
    envious = 0
    for result in compare_rules(cardinal(rows)).results:
        assert result.exact
        worth = [
            [sum(p * (u or 0) for p, u in zip(row, own, strict=True)) for row in result.solution.matrix]
            for own in rows
        ]
        assert result.envious == sum(other > of[i] for i, of in enumerate(worth) for other in of)
        envious += result.envious
    assert envious > 0


def test_who_gets_nothing_is_counted() -> None:
    result = compare_rules(from_orders([[0], [0], [0, 1]], 2), ["serial-dictatorship"]).results[0]
    assert result.unassigned == Fraction(4, 9)  # one of three has a, agent 3 takes b with 2/3
    assert result.ranks == (Fraction(1, 3), Fraction(2, 9))
    assert result.mean_rank == Fraction(7, 5)  # (1/3 + 2 · 2/9) of 5/9


def test_estimates_say_so_and_count_only_what_is_beyond_chance() -> None:
    problem = from_orders([[0, 1, 2, 3], [0, 1, 2, 3], [1, 0, 3, 2], [1, 0, 3, 2]] * 6, 4, "boston")
    result = compare_rules(problem, ["boston"], runs=4000, seed=3).results[0]
    assert not result.exact
    said = result.to_json()
    assert (said["runs"], said["exact"], said["envious_pairs"]) == (4000, False, None)
    assert isinstance(said["ranks"][0], float)
    # Those of one ranking have one row in truth; what differs in a sample is chance.
    assert result.sd_envious == 0


def sampled(problem: Problem, runs: int) -> Solution:
    sample = serial_dictatorship.sample(problem, runs=runs, seed=5)
    counts = (sample.matrix * runs).round().astype(int).tolist()
    return Solution(problem, as_matrix([[Fraction(c, runs) for c in row] for row in counts]), None, sample)


def test_a_sample_that_is_large_enough_proves_the_envy_that_there_is() -> None:
    """Agent 3 of the cyclic case gets one of its first two choices with 2/3, and agent 1 these with 5/6."""
    problem = ready("cyclic").with_rule("serial-dictatorship")
    assert summary(sampled(problem, 10_000)).sd_envious == 1  # 1/6 apart; chance explains 0.04
    assert summary(sampled(problem, 100)).sd_envious == 0  # chance explains 0.4


def test_a_cycle_in_a_sample_is_proof_and_no_cycle_is_not() -> None:
    found = summary(sampled(example_1(), 1000)).verdicts
    assert found["ordinally_efficient"].holds is False
    found = summary(sampled(ready("cyclic").with_rule("serial-dictatorship"), 1000)).verdicts
    assert found["ordinally_efficient"].holds is None
    assert found["ex_ante_efficient"].holds is None


def test_rules_that_cannot_be_are_refused() -> None:
    with pytest.raises(ProblemError, match="unknown rule"):
        compare_rules(example_1(), ["lottery"])
    with pytest.raises(ProblemError, match="missing: the rule welfare"):
        compare_rules(example_1(), ["welfare"])


def test_progress_names_every_rule() -> None:
    told: list[tuple[str, int, int]] = []
    compare_rules(cardinal([[2, 1], [1, 2]]), progress=lambda *args: told.append(args))
    assert [(done, total) for _, done, total in told] == [(k, 5) for k in range(5)]
