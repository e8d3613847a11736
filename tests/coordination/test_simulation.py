"""Runs of many games agree with what theory computes for them, by tests whose level is known."""

from dataclasses import replace
from fractions import Fraction
from math import sqrt
from typing import Any

import pytest

from parley.chain.backends import open_evm
from parley.chain.compiler import compile_contracts
from parley.chain.deploy import deploy
from parley.core.errors import ParleyError
from parley.core.statistics import MIN_P
from parley.kit.play.setting import Setting
from parley.kit.play.simulation import Simulation
from parley.mechanisms.coordination.contracts import CONTRACTS
from parley.mechanisms.coordination.mechanism import MECHANISM
from parley.mechanisms.coordination.play import Outcome
from parley.mechanisms.coordination.problem import Problem, example_1
from parley.mechanisms.coordination.recognition import RECOGNITION
from parley.mechanisms.coordination.solution import Solution, solve

Run = Simulation[Problem, Solution, Outcome, Any]

simulate = MECHANISM.simulate

Z = 4.5
"""A standard normal variable exceeds this 7 times in a million."""


def z_of(mean: float, expected: Fraction, variance: Fraction, games: int) -> float:
    return (mean - float(expected)) / sqrt(variance / games)


def proposed(run: Run) -> list[int]:
    return run.comparison.counts["proposer"].counts[0]


def check_equilibrium_run(run: Run) -> None:
    """What must hold for every population of equilibrium bots with something to save."""
    problem, tally, solution = run.problem, run.tally, run.theory
    games = tally.games
    assert tally.endings == {"settled": games}
    assert tally.sums("rounds") == [games]
    assert run.comparison.holds
    assert run.cross_check.identical, run.cross_check.differences
    # Costs are known given who proposed, so the mean is known given how often each did: exactly, but for
    # dust.
    for i, total in enumerate(tally.sums("cost")):
        contracted = problem.cost(i, int(problem.contracted[i].sum()))
        delta, savings = problem.continuation, solution.savings
        share = Fraction(proposed(run)[i], games)
        exact = contracted - delta * solution.probabilities[i] * savings - savings * (1 - delta) * share
        assert abs(Fraction(total, games * problem.wei_per_cost) - exact) <= Fraction(
            problem.agents - 1, problem.wei_per_cost
        )


@pytest.mark.parametrize(
    "recognition",
    [pytest.param(name, marks=() if name == "p-star" else pytest.mark.deep) for name in RECOGNITION],
)
def test_the_papers_example_under_every_recognition_function(recognition: str) -> None:
    run = simulate(replace(example_1(), recognition=recognition), games=2000, seed=1)
    check_equilibrium_run(run)
    assert run.theory.savings == 38


def test_probabilities_and_costs_of_the_papers_example_are_the_papers() -> None:
    run = simulate(example_1(), games=50, seed=3)
    expected = [row.expected for row in run.comparison.means["cost"]]
    f, p = (
        (81, 25, 16, 4, 1),
        (Fraction(3, 7), Fraction(1, 4), Fraction(3, 14), Fraction(15, 224), Fraction(9, 224)),
    )
    assert expected == [cost - 38 * share for cost, share in zip(f, p, strict=True)]


def test_a_stubborn_first_agent_breaks_down_two_fifths_of_the_games() -> None:
    problem = replace(example_1(), continuation=Fraction(1, 2))
    games = 2000
    run = simulate(problem, games=games, seed=1, bots=["stubborn", *["equilibrium"] * 4])
    # Agent 1 proposes with probability 3/7, else it rejects and a round follows with probability 1/2.
    again = Fraction(4, 7) * Fraction(1, 2)
    broken = again / (1 - again)
    assert broken == Fraction(2, 5)
    assert abs(z_of(run.tally.endings["broken down"] / games, broken, broken * (1 - broken), games)) < Z
    rounds = 1 / (1 - again)
    assert rounds == Fraction(7, 5)
    assert (
        abs(z_of(run.comparison.means["rounds"][0].total / games, rounds, again / (1 - again) ** 2, games))
        < Z
    )
    assert not run.comparison.holds
    assert run.cross_check.identical
    assert set(run.tally.paths) == set(run.cross_check.paths)
    assert set(run.tally.paths) == {"settled", "broken down", "settled, continued", "broken down, continued"}


@pytest.mark.parametrize("seat", [1, 4])
def test_withholding_costs_the_withholder_what_is_computed_for_it(seat: int) -> None:
    problem, games = example_1(), 2000
    bots = ["withholder" if i == seat else "equilibrium" for i in range(5)]
    run = simulate(problem, games=games, seed=2, bots=bots)
    solution = solve(problem)
    p, f = Fraction(solution.probabilities[seat]), problem.cost(seat, int(problem.contracted[seat].sum()))
    proposing = f - solution.savings * (1 - problem.continuation * (1 - p))
    withholding = f + problem.bond
    expected = p * proposing + (1 - p) * withholding
    variance = p * (1 - p) * (withholding - proposing) ** 2
    cost = run.comparison.means["cost"][seat]
    assert cost.mean is not None
    assert cost.expected is not None
    assert abs(z_of(float(cost.mean), expected, variance, games)) < Z
    assert min(expected, cost.mean) > cost.expected
    # Every game that it does not win, it ends; its bond is burnt, nobody else's.
    assert run.tally.endings["settled"] + run.tally.endings["expired"] == games
    assert abs(z_of(run.tally.endings["settled"] / games, p, p * (1 - p), games)) < Z
    assert run.cross_check.identical


@pytest.mark.parametrize("phase", ["joining", "announcing", "revealing", "proposing", "responding"])
def test_silence_costs_the_silent_its_bond_and_nobody_else(phase: str) -> None:
    problem = example_1()
    bots = ["equilibrium", f"silent:{phase}", "equilibrium", "equilibrium", "equilibrium"]
    games = 60
    run = simulate(problem, games=games, seed=1, bots=bots)
    assert run.tally.endings["expired"] > 0
    bond = Fraction(0) if phase == "joining" else problem.bond
    if phase in ("joining", "announcing", "revealing"):
        assert run.tally.endings["expired"] == games
        for i, total in enumerate(run.tally.sums("cost")):
            contracted = problem.cost(i, int(problem.contracted[i].sum()))
            assert Fraction(total, games * problem.wei_per_cost) == contracted + (bond if i == 1 else 0)
    else:
        # Agent 2 is missed when it proposes, or when somebody else does and it is asked.
        missed = proposed(run)[1] if phase == "proposing" else games - proposed(run)[1]
        assert run.tally.endings["expired"] == missed
    # All that is paid is the work that stands, and a bond for each game that expired.
    settled, expired = run.tally.endings["settled"], run.tally.endings["expired"]
    assert settled + expired == games
    paid = Fraction(sum(run.tally.sums("cost")), problem.wei_per_cost)
    assert paid == settled * run.theory.cost_allocated + expired * (run.theory.cost_contracted + bond)
    assert run.cross_check.identical


def test_a_problem_without_savings_breaks_down_at_once_at_no_cost() -> None:
    problem = Problem.from_mapping(
        {
            "kind": "coordination",
            "contracted": [[2, 0], [0, 4]],
            "capacity": [[2, 0], [1, 4]],
            "costs": [
                {"type": "quadratic", "quadratic": 1},
                {"type": "quadratic", "quadratic": 4, "linear": 2},
            ],
            "continuation": "9/10",
            "recognition": "p-star",
        }
    )
    run = simulate(problem, games=20, seed=1)
    assert run.tally.endings == {"broken down": 20}
    assert run.tally.sums("rounds") == [0]
    assert run.comparison.counts["proposer"].p_value is None
    assert run.comparison.holds
    assert [row.mean for row in run.comparison.means["cost"]] == [4, 72]
    assert run.to_json()["mean_rounds"] == 0


def test_agents_that_are_never_recognized_pay_their_contract_exactly() -> None:
    problem = Problem.from_mapping(
        {
            "kind": "coordination",
            "contracted": [[4], [0], [0]],
            "capacity": [[4], [2], [2]],
            "costs": [{"type": "quadratic", "quadratic": 1}],
            "continuation": "9/10",
            "recognition": "p-star",
        }
    )
    run = simulate(problem, games=50, seed=1)
    assert run.theory.probabilities == (1, 0, 0)
    check_equilibrium_run(run)
    assert [row.z for row in run.comparison.means["cost"]] == [None] * 3
    assert proposed(run) == [50, 0, 0]


def test_random_players_reach_every_path_and_proposers_still_follow_their_probabilities() -> None:
    run = simulate(replace(example_1(), continuation=Fraction(1, 2)), games=1500, seed=5, bots=["random"])
    p_value = run.comparison.counts["proposer"].p_value
    assert p_value is not None
    assert p_value > 1e-6
    assert run.cross_check.identical
    assert len(run.tally.counted["proposer"]) > 100
    assert {"settled", "broken down", "settled, continued"} <= set(run.cross_check.paths)


def test_a_run_of_one_game_reports() -> None:
    report = simulate(example_1(), games=1, seed=1).to_json()
    assert report["games"] == 1
    assert report["agents"][0]["std_error"] == 0
    assert report["gas"]["per_game"] <= 1_900_000


def test_a_proposer_that_lets_others_draws_expire_is_no_evidence_against_the_draw() -> None:
    """Of a withholder's draws only those are seen in which it proposes: the others count as unseen."""
    problem = example_1()
    run = simulate(problem, games=300, seed=2, bots=["withholder", *["equilibrium"] * 4])
    (draws,) = run.tally.counted["proposer"].values()
    assert draws.games - sum(draws.sums) == run.tally.endings["expired"] > 100
    assert proposed(run) == [run.tally.endings["settled"], 0, 0, 0, 0]
    p_value = run.comparison.counts["proposer"].p_value
    assert p_value is not None
    assert p_value > MIN_P


def test_bots_join_no_game_whose_recognition_function_they_do_not_know() -> None:
    evm = open_evm("revm")
    deployed = {name: entry.address for name, entry in deploy(evm, compile_contracts(), CONTRACTS).items()}
    setting = Setting.of(MECHANISM, example_1(), seed=1)
    assert setting.player(evm, deployed).play(0).ending == "settled"
    other = {**deployed, "PStarRecognition": deployed["EqualRecognition"]}
    with pytest.raises(ParleyError, match=r"^bots refuse to join a game .* is not that of PStarRecognition$"):
        setting.player(evm, other)
