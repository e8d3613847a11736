"""Audits: verdicts with witnesses and certificates, who envies whom, and what would mend it."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from random import Random

import pytest

from parley.mechanisms.team.audit import PROPERTIES, audit
from parley.mechanisms.team.examples import example_6_1, subset_sum
from parley.mechanisms.team.problem import Problem, worked_example
from parley.mechanisms.team.shares import Contract, revenue
from parley.mechanisms.team.success.functions import Additive, Table
from tests.team.brute import Brute
from tests.team.instances import CLASSES, contracts, problem

F = Fraction


def posted(given: Problem, *shares: str) -> Problem:
    return Problem(given.costs, given.success, given.reward, tuple(map(F, shares)))


def test_an_unfair_split_names_who_envies_whom_and_what_mends_it() -> None:
    found = audit(posted(worked_example(), "1/10", "1/5"))
    assert not found.holds
    report = found.to_json()
    assert report["contract"] == {
        "source": "posted",
        "team": [0, 1],
        "shares": ["1/10", "1/5"],
        "revenue": "7/10",
        "success_probability": "1",
        "utilities": ["1/25", "3/25"],
        "slack": ["0", "0"],
    }
    swap = {
        "agents": [0, 1],
        "envious": [0],
        "equilibria": [[0]],
        "before": ["1/25", "3/25"],
        "after": [["3/50", "3/50"]],
    }
    assert report["envy"] == [swap]
    assert report["fair"] == {"holds": False, "witness": swap, "certificate": None}
    assert report["least"] == {"shares": ["3/25", "1/5"], "revenue": "17/25"}
    assert report["feasible"]["certificate"] == {"cutoffs": ["1/10", "1/5"]}
    assert report["unique_equilibrium"]["certificate"]["equilibrium"] == [0, 1]
    assert report["minimum_share"]["witness"] == {"agent": 0, "share": "1/10", "minimum_share": "3/25"}
    assert report["nondiscriminatory"]["witness"] == {"agents": [0, 1], "shares": ["1/10", "1/5"]}
    assert report["proportional"]["witness"]["shapley"] == ["3/5", "2/5"]
    assert report["optimal"] == {"holds": False, "witness": {"reason": "not fair"}, "certificate": None}
    assert report["submodular"]["holds"]
    assert list(report) == ["kind", "contract", *PROPERTIES, "envy", "least"]


def test_the_fair_optimum_is_audited_if_nothing_is_posted() -> None:
    found = audit(worked_example())
    assert found.holds
    report = found.to_json()
    assert report["contract"]["source"] == "optimum"
    assert report["contract"]["slack"] == ["1/5", "0"]
    held = [key for key in PROPERTIES if report[key]["holds"]]
    assert held == [key for key in PROPERTIES if key not in {"nondiscriminatory", "proportional"}]
    assert report["minimum_share"]["certificate"] == {"minimum_share": "3/25", "floor": "3/25"}
    assert report["optimal"]["certificate"] == {"bound": "17/25"}
    assert report["envy"] == []


@pytest.mark.parametrize(
    ("shares", "witness"),
    [
        (("1/20", "1/5"), {"agent": 0, "share": "1/20", "cutoff": "1/10"}),
        (("1/10", "1/10"), {"agent": 1, "share": "1/10", "cutoff": "1/5"}),
    ],
)
def test_what_is_not_feasible_has_no_fairness(shares: tuple[str, str], witness: dict[str, object]) -> None:
    found = audit(posted(worked_example(), *shares))
    assert not found.holds
    report = found.to_json()
    assert report["feasible"]["witness"] == witness
    for notion in ("fair", "fair_optimistic", "fair_pessimistic", "fair_always"):
        assert report[notion]["holds"] is None
    assert report["optimal"]["witness"] == {"reason": "not feasible"}
    assert report["envy"] == []
    assert report["least"] == {"shares": ["3/25", "1/5"], "revenue": "17/25"}
    assert report["unique_equilibrium"]["certificate"]["equilibrium"] == [1 - int(str(witness["agent"]))]


def test_a_fair_contract_may_be_dearer_than_needed() -> None:
    report = audit(posted(worked_example(), "3/20", "1/4")).to_json()
    assert report["fair"]["holds"]
    assert report["minimum_share"]["certificate"] == {"minimum_share": "3/25", "floor": None}
    assert report["optimal"]["witness"] == {"revenue": "17/25", "team": [0, 1], "shares": ["3/25", "1/5"]}
    equal = audit(posted(worked_example(), "1/5", "1/5")).to_json()
    assert equal["nondiscriminatory"]["certificate"] == {"wage": "1/5"}
    prorated = audit(posted(worked_example(), "3/10", "1/5")).to_json()
    assert prorated["proportional"]["holds"]
    assert prorated["fair"]["holds"] is False
    assert prorated["envy"][0]["envious"] == [1]


def test_example_6_1_is_fair_by_one_selection_and_not_by_another() -> None:
    given, contract = example_6_1()
    found = audit(Problem(given.costs, given.success, F(1), contract.shares))
    assert found.holds
    report = found.to_json()
    notions = ("fair", "fair_optimistic", "fair_pessimistic", "fair_always")
    assert [report[notion]["holds"] for notion in notions] == [True, False, True, False]
    assert report["fair_optimistic"]["witness"]["agents"] == [1, 2]
    assert report["fair_optimistic"]["witness"]["envious"] == [2]
    assert report["submodular"]["witness"] == {"agents": [2], "i": 0, "j": 1}
    assert report["optimal"]["holds"] is None
    assert report["least"] is None
    assert report["envy"] == []


def test_without_a_contract_there_is_nothing_to_judge() -> None:
    found = audit(Problem((F(1, 10), F(1, 10)), Table((F(0), F(0), F(0), F(1)))))
    assert found.holds
    report = found.to_json()
    assert report["contract"] is None
    assert report["submodular"]["witness"] == {"agents": [], "i": 0, "j": 1}
    assert report["fair"]["certificate"]["reason"].startswith("no contract to judge: nothing is posted, and ")


def test_two_equilibria_are_a_witness() -> None:
    both = Problem((F(1, 10), F(1, 10)), Table((F(0), F(0), F(0), F(1))), F(1), (F(1, 4), F(1, 4)))
    report = audit(both).to_json()
    assert report["feasible"]["holds"]
    assert report["unique_equilibrium"]["witness"] == {"equilibria": [[], [0, 1]]}


@pytest.mark.parametrize("name", CLASSES)
def test_envy_lists_the_pairs_that_break_the_definition(name: str) -> None:
    dice, met = Random(name), 0
    for _ in range(60):
        given = problem(dice, name, dice.randint(2, 4))
        for contract in contracts(dice, given, 3):
            shares = dict(zip(contract.team, contract.shares, strict=True))
            drawn = Problem(given.costs, given.success, given.reward, contract.spread(given.agents))
            found, brute = audit(drawn), Brute(drawn)
            assert found.verdicts["feasible"].holds == brute.feasible(shares)
            if not brute.feasible(shares):
                assert found.envy == ()
                continue
            held = brute.notions(shares)
            assert {notion: found.verdicts[notion].holds for notion in held} == held
            bad = [pair for pair in combinations(contract.team, 2) if not _keeps(brute, shares, pair)]
            assert [swap.agents for swap in found.envy] == bad
            met += len(bad)
            optimum = found.solution.fair
            if optimum is not None:
                expected = held["fair"] and revenue(drawn, contract) == optimum.revenue
                assert found.verdicts["optimal"].holds == expected
    assert met > 3


def _keeps(brute: Brute, shares: dict[int, Fraction], pair: tuple[int, int]) -> bool:
    """Return whether some equilibrium after one exchange leaves neither of the two better off."""
    i, j = pair
    swapped = shares | {i: shares[j], j: shares[i]}
    team = frozenset(shares)
    return any(
        all(brute.utility(swapped, working, k) <= brute.utility(shares, team, k) for k in pair)
        for working in brute.equilibria(swapped)
    )


def test_what_is_not_proven_is_not_called_optimal() -> None:
    dice = Random(52)
    numbers = [2 * dice.randint(1, 5000) for _ in range(24)]
    hard, _ = subset_sum(numbers, 12, sum(numbers) // 2 | 1)
    found = audit(hard, time_limit=0.0)
    assert found.holds
    verdict = found.verdicts["optimal"]
    assert verdict.holds is None
    assert verdict.certificate is not None
    assert verdict.certificate["reason"].startswith("the time was up: a fair contract may earn up to ")


def test_large_teams_are_judged_by_condition_3() -> None:
    agents = 30
    given = Problem(tuple(F(k + 10, 100_000) for k in range(agents)), Additive((F(1, agents),) * agents))
    fair = audit(given)
    assert fair.contract is not None
    assert len(fair.contract.team) > 12
    assert fair.holds
    assert fair.verdicts["fair"].certificate == {
        "basis": "condition (3): one equilibrium after each exchange"
    }
    assert fair.verdicts["proportional"].holds is None
    first, *others = fair.contract.shares
    bent = Contract(fair.contract.team, (first * 3, *others))
    unfair = audit(Problem(given.costs, given.success, F(1), bent.spread(agents)))
    pairs = [swap.agents for swap in unfair.envy]
    assert pairs == [(0, k) for k in range(1, len(bent.team))]
    assert all(swap.envious == (swap.agents[1],) for swap in unfair.envy)


def test_large_teams_without_submodularity_are_not_judged() -> None:
    values = tuple(F(mask.bit_count() == 13) for mask in range(1 << 13))
    report = audit(Problem((F(1, 100),) * 13, Table(values), F(1), (F(1, 20),) * 13)).to_json()
    assert report["feasible"]["holds"]
    for key in ("unique_equilibrium", "fair", "optimal"):
        assert report[key]["holds"] is None
