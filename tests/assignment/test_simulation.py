"""Runs of many lotteries agree with what theory computes for them, by a test whose level is known."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from parley.chain.backends import open_evm
from parley.chain.compiler import compile_contracts
from parley.chain.deployments import deploy_once
from parley.core.errors import ParleyError, ProblemError
from parley.core.statistics import MIN_P
from parley.mechanisms.assignment.bots import best_response
from parley.mechanisms.assignment.certificate import as_reported
from parley.mechanisms.assignment.lottery import show_matrix
from parley.mechanisms.assignment.mechanism import MECHANISM
from parley.mechanisms.assignment.problem import RULES, Problem, example_1, from_orders
from parley.mechanisms.assignment.solution import rule_matrix, solve
from tests.assignment.problems import cardinal, ready
from tests.nodes import anvil

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import TypeAlias

    import pyarrow as pa

    from parley.kit.play.simulation import Simulation
    from parley.kit.statistics import Counts
    from parley.mechanisms.assignment.plan import Plan
    from parley.mechanisms.assignment.solution import Solution

    Run: TypeAlias = Simulation[Problem, Solution, Any, Plan]

SERIAL, EATING = RULES[:2]

simulate = MECHANISM.simulate


def drawn(run: Run) -> Counts:
    return run.comparison.counts["item"]


def lost(run: Run) -> list[int]:
    return run.tally.sums("bond")


def expired(run: Run) -> int:
    return run.tally.sums("expired")[0]


def check(run: Run) -> None:
    """What must hold for every population."""
    assert run.comparison.holds, drawn(run).p_value
    assert run.cross_check.identical, run.cross_check.differences
    assert set(run.cross_check.paths) == set(run.tally.paths)


def run_and_check(problem: Problem, games: int, bots: Sequence[str] = ("truthful",), seed: int = 1) -> Run:
    run = simulate(problem, games=games, bots=bots, seed=seed)
    check(run)
    return run


# ── what the paper says, on chain ───────────────────────────────────────────────────────────────────────────


def check_five_thousand(rule: str) -> Run:
    problem = example_1().with_rule(rule)
    run = run_and_check(problem, 5000)
    matrix = rule_matrix(problem)
    assert run.tally.endings == {"drawn": 5000}
    assert drawn(run).expected == tuple((*(p * 5000 for p in row), 0) for row in matrix)
    counts = run.to_json()["counts"]
    assert [sum(row) for row in counts] == [5000] * 4
    assert all(
        not count
        for row, ps in zip(counts, matrix, strict=True)
        for count, p in zip(row, ps, strict=True)
        if not p
    )
    return run


def test_five_thousand_lotteries_of_serial_dictatorship_match_the_papers_matrix() -> None:
    run = check_five_thousand(SERIAL)
    assert show_matrix(run.theory.matrix)[0] == ["5/12", "1/12", "5/12", "1/12"]
    # As surely as the test tells 5/12 from the truth, it tells it from the 1/2 of probabilistic serial.
    assert drawn(run).counts[0][0] < 2250


@pytest.mark.deep
@pytest.mark.parametrize("rule", RULES[1:3])
def test_five_thousand_lotteries_of_a_posted_rule_match_its_matrix(rule: str) -> None:
    run = check_five_thousand(rule)
    assert show_matrix(run.theory.matrix)[0] == ["1/2", "0", "1/2", "0"]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_drawn_with_its_own_probabilities(rule: str) -> None:
    run = run_and_check(ready("cyclic").with_rule(rule), 400)
    assert run.tally.endings == {"drawn": 400}
    for row, truthful in zip(
        run.comparison.means["utility"], run.theory.expected_utilities or (), strict=True
    ):
        assert row.expected == truthful
        assert row.z is None or abs(row.z) < 4.5  # the utilities are of few values: nearly normal


def test_capacities_and_lists_that_end_are_drawn_right() -> None:
    problem = from_orders([[0, 1], [0, 1, 2], [0], [2, 1, 0], [1]], 3, EATING, capacities=[2, 1, 1])
    run = run_and_check(problem, 300)
    unassigned = run.to_json()["unassigned"]
    # Five agents, four places: one is left without, or more.
    assert sum(unassigned) >= 300
    assert [bool(u) for u in unassigned] == [sum(row) < 1 for row in rule_matrix(problem)]


# ── bots ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rule", ["boston", "welfare"])
def test_a_liar_gains_what_is_computed_for_it(rule: str) -> None:
    problem = ready("cyclic").with_rule(rule)
    if rule == "welfare":
        problem = replace(problem, weights=(Fraction(1), Fraction(2), Fraction(1)))
    else:
        problem = cardinal([[4, 3, 0], [4, 3, 0], [4, 1, 3]], "boston")
    liar = next(i for i in range(3) if best_response(problem, i) != problem.orders[i])
    bots = ["misreporting" if i == liar else "truthful" for i in range(3)]
    run = run_and_check(problem, 400, bots)
    utility, truthful = run.comparison.means["utility"][liar], run.theory.expected_utilities
    reports = (*problem.orders[:liar], best_response(problem, liar), *problem.orders[liar + 1 :])
    assert run.cast.revealed[liar] == reports[liar]
    assert run.theory.matrix == solve(problem).matrix
    matrix = rule_matrix(as_reported(problem, reports))
    assert drawn(run).expected == tuple((*(p * 400 for p in row), 400 * (1 - sum(row))) for row in matrix)
    assert utility.expected is not None
    assert truthful is not None
    assert utility.expected > truthful[liar]
    assert lost(run) == [0, 0, 0]


@pytest.mark.parametrize("rule", [SERIAL, EATING])
def test_whoever_copies_gets_nothing_and_loses_its_bond(rule: str) -> None:
    problem = example_1().with_rule(rule)
    run = run_and_check(problem, 60, ["truthful", "truthful", "copying", "truthful"])
    assert run.tally.paths == {"drawn, revealing expired, copy refused": 60}
    assert expired(run) == run.to_json()["expired"] == 60
    assert lost(run) == [0, 0, 60 * problem.bond, 0]
    assert run.cast.revealed[2] is None
    assert drawn(run).counts[2] == [0, 0, 0, 0, 60]
    # The others draw as if it were not there.
    others = rule_matrix(as_reported(problem, [(0, 1, 2, 3), (0, 1, 2, 3), None, (1, 0, 3, 2)]))
    assert drawn(run).expected[0] == (*(60 * p for p in others[0]), 0)


@pytest.mark.parametrize("rule", [SERIAL, EATING])
@pytest.mark.parametrize("phase", ["committing", "revealing", "opening"])
def test_the_silent_get_nothing_and_the_others_are_drawn_for(rule: str, phase: str) -> None:
    problem = example_1().with_rule(rule)
    run = run_and_check(problem, 200, ["truthful", f"absent:{phase}", "truthful", "truthful"])
    heard = phase == "opening" and rule == SERIAL
    assert run.tally.endings == {"drawn": 200}
    assert expired(run) == (0 if heard else 200)
    assert drawn(run).counts[1][-1] == (0 if heard else 200)
    blamed = phase != "committing" and not heard
    assert lost(run)[1] == (200 * problem.bond if blamed else 0)
    if phase == "opening":
        # It was heard before: the others' probabilities are what they were.
        assert drawn(run).expected[0] == (*(200 * p for p in rule_matrix(problem)[0]), 0)


def test_a_crowd_of_all_kinds_is_drawn_for_as_revealed() -> None:
    dice = Random(3)
    problem = from_orders([dice.sample(range(5), 5) for _ in range(8)], 5, EATING, capacities=[2, 1, 1, 2, 1])
    kinds = ["truthful", "misreporting", "absent", "absent:revealing", "absent:opening", "copying"]
    run = run_and_check(problem, 300, [*kinds, "misreporting", "truthful"])
    (path,) = run.tally.paths
    assert path == "drawn, committing expired, revealing expired, opening expired, copy refused"
    assert [agent["report"] is None for agent in run.to_json()["agents"]] == [
        k in (2, 3, 5) for k in range(8)
    ]


def test_nobody_there_is_nothing_drawn() -> None:
    run = run_and_check(example_1(), 5, ["absent:revealing"])
    report = run.to_json()
    assert (report["settled"], report["broken_down"], report["expired"]) == (0, 5, 5)
    assert report["p_value"] is None
    assert report["paths"] == {"cancelled, revealing expired": 5}
    assert report["counts"] == [[0] * 4] * 4
    unopened = run_and_check(example_1().with_rule(EATING), 2, ["absent:opening"])
    assert unopened.cast.revealed == example_1().orders


# ── runs ────────────────────────────────────────────────────────────────────────────────────────────────────

CROWD = ["misreporting", "copying", "absent:opening", "truthful"]


def test_a_row_says_who_got_what_and_which_draw_gave_it() -> None:
    tables: list[pa.Table] = []
    simulate(example_1(), tables.append, games=20, seed=1)
    for row in tables[0].to_pylist():
        items = [row[f"item_{i}"] for i in range(4)]
        assert (row["ending"], sorted(items)) == ("drawn", [0, 1, 2, 3])
        # The first one gets its first choice.
        assert items[row["draw"]] == example_1().orders[row["draw"]][0]
    names = ["truthful", "absent", "truthful", "truthful"]
    run = simulate(example_1().with_rule(EATING), tables.append, games=20, seed=1, bots=names)
    table = tables[1].to_pydict()
    assert set(table["item_1"]) == {-1}
    assert set(table["draw"]) <= set(range(9))
    assert table["item_0"].count(0) == drawn(run).counts[0][0]
    simulate(example_1(), tables.append, games=1, bots=["absent"])
    nothing = {f"item_{i}": -1 for i in range(4)}
    assert tables[2].to_pylist() == [{"game": 0, "ending": "cancelled", **nothing, "draw": -1}]


def test_theory_is_sampled_where_it_is_not_exact() -> None:
    dice = Random(2)
    problem = from_orders([dice.sample(range(24), 24) for _ in range(24)], 24)
    run = run_and_check(problem, 60)
    report = run.to_json()
    assert report["truthful"] is None
    assert report["p_value"] > MIN_P


def test_the_report_is_of_plain_values() -> None:
    run = simulate(ready("three-utilities"), games=1, seed=1, bots=["truthful", "truthful", "absent"])
    report = run.to_json()
    assert (report["kind"], report["rule"], report["games"], report["settled"]) == (
        "assignment",
        SERIAL,
        1,
        1,
    )
    assert report["truthful"] == [["1/3"] * 3] * 3
    assert report["expected"] == [[0.5, 0.0, 0.5], [0.5, 0.0, 0.5], [0.0] * 3]
    first, _, third = report["agents"]
    assert (first["expected_utility"], first["truthful_utility"], first["std_error"]) == ("2", "4/3", 0)
    assert first["mean_utility"] in (1.0, 3.0)
    assert (third["bot"], third["report"], third["mean_utility"], third["z"]) == ("absent", None, 0.0, None)
    assert {"gas", "transactions", "seconds", "games_per_second", "cross_check", "seed"} <= set(report)


@pytest.mark.parametrize(
    ("problem", "bots", "complaint"),
    [
        (example_1(), ["greedy"], "unknown bot 'greedy'"),
        (example_1(), ["truthful", "absent"], "2 names for 4 agents"),
        (from_orders([[0, 1]] * 10, 2, "boston"), ["truthful"], "rule: boston has too many outcomes"),
        (from_orders([[0]] * 65, 1), ["truthful"], "rankings: the number of agents 65"),
    ],
)
def test_what_cannot_be_played_is_refused_before_anything_is(
    problem: Problem, bots: list[str], complaint: str
) -> None:
    with pytest.raises((ParleyError, ProblemError), match=complaint):
        simulate(problem, games=10, bots=bots, evm="http://127.0.0.1:1")


# ── on a node ───────────────────────────────────────────────────────────────────────────────────────────────


def test_lotteries_on_a_node_are_those_of_an_embedded_machine(tmp_path: Path) -> None:
    problem = example_1().with_rule(EATING)
    with anvil() as node:
        file, _ = deploy_once(
            open_evm(node.url), tmp_path / "d.json", compile_contracts(), ("AssignmentLottery",)
        )
        here = simulate(problem, games=12, seed=5, evm=node.url, deployment=file.path)
        check(here)
        assert here.to_json()["gas"]["by_function"]["open"]["calls"] == 4 * 12
        with pytest.raises(ParleyError, match="game 0 of seed 5: already played on this contract"):
            simulate(problem, games=1, seed=5, evm=node.url, deployment=file.path)
        silent = simulate(problem, games=2, seed=6, evm=node.url, deployment=file.path, bots=CROWD)
        check(silent)
        assert set(silent.tally.paths) == {"drawn, revealing expired, opening expired, copy refused"}
        check(simulate(example_1(), games=4, seed=7, evm=node.url))
