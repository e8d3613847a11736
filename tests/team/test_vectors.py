"""Test vectors, in exact fractions: written apart from the package, and checked by a second brute force."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from parley.mechanisms.team.audit import audit
from parley.mechanisms.team.examples import price_of_fairness, two_agents
from parley.mechanisms.team.problem import Problem
from parley.mechanisms.team.shares import Contract, cutoffs, least_contract, minimum_share, revenue
from parley.mechanisms.team.solution import solve
from parley.mechanisms.team.success.base import Losses
from parley.mechanisms.team.success.functions import Additive, Coverage, Table, Xos
from parley.mechanisms.team.whole import least_wage, least_wages

F = Fraction
VECTORS: dict[str, Any] = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))
SOLVED = [name for name, vector in VECTORS.items() if "opt_fair" in vector]


def numbers(texts: list[str]) -> tuple[Fraction, ...]:
    return tuple(map(F, texts))


def problems(vector: dict[str, Any]) -> list[Problem]:
    """Return the problem as a table, and as the class that it is of."""
    costs = numbers(vector["c"])
    found = [Problem(costs, Table(numbers(vector["f_by_mask"])))]
    if "v" in vector:
        found.append(Problem(costs, Additive(numbers(vector["v"]))))
    if "weights" in vector:
        sets = tuple(map(tuple, vector["sets"]))
        found.append(Problem(costs, Coverage(numbers(vector["weights"]), sets)))
    return found


@pytest.mark.parametrize("name", SOLVED)
def test_optima(name: str) -> None:
    vector = VECTORS[name]
    for problem in problems(vector):
        assert problem.success.table == tuple(
            F(text) * problem.success.denominator for text in vector["f_by_mask"]
        )
        found = solve(problem).to_json()
        fair, equal = vector["opt_fair"], vector["opt_nondiscriminatory"]
        assert found["fair"]["revenue"] == fair["revenue"]
        assert found["fair"]["team"] == fair["team"]
        assert found["fair"]["minimum_share"] == fair["min_share"]
        shares = [found["fair"]["shares"][agent] for agent in range(problem.agents)]
        assert shares == [*fair["alpha"], *["0"] * (problem.agents - len(fair["alpha"]))]
        assert found["nondiscriminatory"]["revenue"] == equal["revenue"]
        assert found["nondiscriminatory"]["team"] == equal["team"]
        assert found["nondiscriminatory"]["wage"] == equal["wage"]
        assert found["unconstrained"]["revenue"] == vector["opt_unconstrained"]["revenue"]
        assert found["unconstrained"]["team"] == vector["opt_unconstrained"]["team"]
        for check in vector.get("checks", ()):
            posted = Problem(problem.costs, problem.success, posted=numbers(check["alpha"]))
            judged = solve(posted).to_json()["posted"]
            assert (judged["fair"], judged["revenue"]) == (check["fair"], check["revenue"])


def test_one_team_by_hand() -> None:
    vector = VECTORS["coverage_hand"]
    for problem in problems(vector):
        team, whole = (0, 1, 2), vector["team_123"]
        assert cutoffs(problem, team) == numbers(whole["cutoffs"])
        assert minimum_share(problem, team) == F(whole["min_share"])
        least = least_contract(problem, team)
        assert least == Contract(team, numbers(whole["alpha"]))
        assert revenue(problem, least) == F(whole["revenue"])


def test_two_equilibria() -> None:
    vector = VECTORS["xos_two_equilibria"]
    parts = tuple(map(numbers, vector["additive_parts"]))
    found = audit(Problem(numbers(vector["c"]), Xos(parts), posted=numbers(vector["alpha"])))
    for notion in ("optimistic", "pessimistic", "always"):
        assert found.verdicts[f"fair_{notion}"].holds == vector[f"fair_{notion}"]
    assert found.verdicts["fair"].holds == vector["fair_exists"]
    witness = found.verdicts["fair_optimistic"].witness
    assert witness is not None
    assert witness["agents"] == vector["swap"]
    assert witness["equilibria"] == vector["swapped_equilibria"]
    one, other = vector["swap"]
    assert witness["before"] == [vector["utilities_original"][k] for k in (one, other)]
    assert witness["after"] == [[own[one], own[other]] for own in vector["utilities_swapped"]]


def test_whole_wei() -> None:
    vector = VECTORS["whole_wei"]
    costs, scale = vector["costs"], vector["denominator"]
    losses = Losses(vector["total"], tuple(vector["marginals"]))
    needed = [least_wage(cost, loss, scale) for cost, loss in zip(costs, losses.each, strict=True)]
    assert needed == vector["cutoffs"]
    wages = least_wages(costs, losses, scale)
    assert wages == tuple(vector["wages"])
    assert min(wages) == vector["minimum"]


def test_the_floor_that_makes_a_fair_contract_unfair() -> None:
    vector = VECTORS["corollary3.5_counterexample"]
    given = Problem(numbers(vector["c"]), Additive(numbers(vector["v"])))
    for key in ("alpha", "floored"):
        posted = Problem(given.costs, given.success, posted=numbers(vector[key]))
        assert solve(posted).posted_fair == vector[f"{key}_fair"]


def test_extremes() -> None:
    worst = VECTORS["nd_over_fair_extremal_two_agents"]
    found = solve(two_agents(F(worst["a"]))).to_json()["ratios"]["nondiscriminatory_to_fair"]
    assert abs(float(F(found)) - worst["ratio"]) < 1e-12
    for groups, stated in VECTORS["price_of_fairness_family"]["by_K"].items():
        report = solve(price_of_fairness(int(groups))).to_json()
        assert report["agents"] == stated["agents"]
        for rule in ("fair", "nondiscriminatory", "unconstrained"):
            assert report[rule]["revenue"] == stated[rule]
        team, first = set(report["fair"]["team"]), 0
        for k, hired in enumerate(stated["per_group"]):
            size = (2 * int(groups)) ** k
            assert len(team & set(range(first, first + size))) == hired
            first += size
