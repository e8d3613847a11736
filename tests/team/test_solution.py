"""What `solve` returns: three optima, the posted contract, and their ratios."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from parley.core.errors import ParleyError
from parley.mechanisms.team.examples import coverage_example, example_6_1
from parley.mechanisms.team.problem import Problem, worked_example
from parley.mechanisms.team.shares import Contract
from parley.mechanisms.team.solution import METHODS, solve
from parley.mechanisms.team.success.functions import Additive, Table
from tests.team.brute import Brute
from tests.team.instances import CLASSES, contracts, problem

F = Fraction


def test_the_worked_example_as_json() -> None:
    posted = Problem(worked_example().costs, worked_example().success, F(1), (F(3, 20), F(1, 5)))
    assert solve(posted).to_json() == {
        "kind": "team",
        "success": "additive",
        "agents": 2,
        "submodular": True,
        "reason": None,
        "fair": {
            "revenue": "17/25",
            "team": [0, 1],
            "shares": ["3/25", "1/5"],
            "cutoffs": ["1/10", "1/5"],
            "minimum_share": "3/25",
            "success_probability": "1",
            "utilities": ["3/50", "3/25"],
            "optimal": True,
            "bound": "17/25",
            "method": "exact",
        },
        "nondiscriminatory": {
            "revenue": "3/5",
            "team": [0, 1],
            "wage": "1/5",
            "optimal": True,
            "bound": "3/5",
        },
        "unconstrained": {
            "revenue": "7/10",
            "team": [0, 1],
            "shares": ["1/10", "1/5"],
            "optimal": True,
            "bound": "7/10",
        },
        "posted": {"revenue": "13/20", "team": [0, 1], "feasible": True, "fair": True},
        "ratios": {"fair_to_unconstrained": "34/35", "nondiscriminatory_to_fair": "15/17"},
    }
    assert solve(posted).contract == Contract((0, 1), (F(3, 20), F(1, 5)))
    assert solve(worked_example()).contract == Contract((0, 1), (F(3, 25), F(1, 5)))


def test_money_is_in_the_unit_of_the_reward_and_shares_are_not() -> None:
    base = coverage_example()
    times = Problem(tuple(7 * cost for cost in base.costs), base.success, F(7))
    one, seven = solve(base).to_json(), solve(times).to_json()
    assert one["fair"]["cutoffs"] == seven["fair"]["cutoffs"] == ["1/30", "1/20", None]
    assert one["fair"]["shares"] == seven["fair"]["shares"] == ["1/30", "1/20", "0"]
    assert one["fair"]["minimum_share"] == seven["fair"]["minimum_share"]
    for key in ("revenue", "bound"):
        assert F(seven["fair"][key]) == 7 * F(one["fair"][key])
    assert [F(u) for u in seven["fair"]["utilities"]] == [7 * F(u) for u in one["fair"]["utilities"]]
    assert one["ratios"] == seven["ratios"]


@pytest.mark.parametrize("name", CLASSES)
def test_solutions_are_those_of_brute_force(name: str) -> None:
    dice = Random(name)
    for _ in range(10):
        drawn = problem(dice, name, dice.randint(1, 4))
        for contract in contracts(dice, drawn, 2):
            posted = Problem(drawn.costs, drawn.success, drawn.reward, contract.spread(drawn.agents))
            found, brute = solve(posted).to_json(), Brute(posted)
            shares = dict(zip(contract.team, contract.shares, strict=True))
            assert found["posted"] == {
                "revenue": str(brute.revenue(shares) * drawn.reward),
                "team": list(contract.team),
                "feasible": brute.feasible(shares),
                "fair": brute.fair(shares),
            }
        found = solve(drawn).to_json()
        assert found["posted"] is None
        for rule in ("fair", "nondiscriminatory", "unconstrained"):
            revenue, team = Brute(drawn).best(rule)
            if rule == "fair" and not drawn.success.is_submodular:
                assert found["fair"] is None
                assert found["reason"].startswith("the success function is not submodular: agent ")
                continue
            assert found[rule]["revenue"] == found[rule]["bound"] == str(revenue * drawn.reward)
            assert found[rule]["team"] == list(team)
            assert found[rule]["optimal"]
        assert (found["reason"] is None) == found["submodular"] == (found["fair"] is not None)


def test_nobody_profitable_is_an_empty_team() -> None:
    found = solve(Problem((F(1), F(2)), Additive((F(1, 2), F(1, 2))))).to_json()
    for rule in ("fair", "nondiscriminatory", "unconstrained"):
        assert (found[rule]["revenue"], found[rule]["team"]) == ("0", [])
    assert found["fair"]["shares"] == ["0", "0"]
    assert found["fair"]["cutoffs"] == [None, None]
    assert found["fair"]["minimum_share"] == found["fair"]["success_probability"] == "0"
    assert found["nondiscriminatory"]["wage"] == "0"
    assert found["ratios"] == {"fair_to_unconstrained": None, "nondiscriminatory_to_fair": None}


def test_without_submodularity_there_is_no_fair_optimum() -> None:
    drawn, contract = example_6_1()
    found = solve(Problem(drawn.costs, drawn.success, F(1), contract.shares)).to_json()
    assert found["fair"] is None
    assert not found["submodular"]
    assert found["reason"] == (
        "the success function is not submodular: agent 1 adds more to [2] and agent 0 than to [2]"
    )
    assert found["posted"] == {"revenue": "41/80", "team": [0, 1, 2, 3], "feasible": True, "fair": True}
    assert found["ratios"]["fair_to_unconstrained"] is None
    both = Table(tuple(F(mask.bit_count() == 13) for mask in range(1 << 13)))
    many = solve(Problem((F(1, 100),) * 13, both, F(1), (F(1, 20),) * 13))
    assert (many.fair, many.nondiscriminatory, many.unconstrained) == (None, None, None)
    assert many.posted_fair is None
    assert many.to_json()["reason"].endswith("13 agents are above 12, too many teams to try")


@pytest.mark.parametrize("method", METHODS)
def test_every_method_says_what_it_proves(method: str) -> None:
    fair = solve(worked_example(), method=method, epsilon=F(1, 5)).to_json()["fair"]
    assert fair["method"] == ("exact" if method == "auto" else method)
    assert F(fair["revenue"]) <= F(17, 25) <= F(fair["bound"])
    assert fair["optimal"] == (fair["revenue"] == fair["bound"])


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(ParleyError, match="--method 'magic' is none of auto, exact, fptas, constant-factor"):
        solve(worked_example(), method="magic")
    with pytest.raises(ParleyError, match="--method fptas requires an additive success function, not cover"):
        solve(coverage_example(), method="fptas")
    for epsilon in (F(0), F(1), F(-1, 2)):
        with pytest.raises(ParleyError, match="is not between 0 and 1"):
            solve(worked_example(), epsilon=epsilon)
