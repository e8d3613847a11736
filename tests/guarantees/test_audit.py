"""The audit: assumptions, the loss and its bounds, pay with and without the guarantee, and the bond."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from parley.core.errors import ParleyError
from parley.mechanisms.guarantees.audit import Deterrence, audit
from parley.mechanisms.guarantees.drivers import DRIVERS
from parley.mechanisms.guarantees.guarantee import AllOf, Alpha, Income, MaxMin
from parley.mechanisms.guarantees.instances import instance_2, instance_3, instance_7, instance_9
from parley.mechanisms.guarantees.linear_program import most_lost
from parley.mechanisms.guarantees.problem import Problem
from tests.guarantees.brute import brute, random_problem

NONE, ONE, HALF = Fraction(0), Fraction(1), Fraction(1, 2)


def test_an_audit_as_it_is_printed() -> None:
    found = audit(instance_2(Fraction(1, 10), Fraction(1, 5)))
    assert found.holds
    holds = {"holds": True, "witness": None}
    assert found.to_json() == {
        "kind": "guarantees",
        "assumptions": {
            "indivisible": {"basis": "an allocation gives a job to one provider"} | holds,
            "symmetric": {"basis": "every provider can do the same"} | holds,
            "monotone": {"basis": "intervals, conflicts, capacities and eligibility allow fewer jobs"}
            | holds,
            "independent": {"basis": "nothing but a job that somebody has depends on the others"} | holds,
            "pareto_closed": {"basis": "a floor, least pay and welfare do not fall when values rise"} | holds,
        },
        "max_value": "68/25",
        "restricted_value": "9/5",
        "loss": "23/68",
        "bound": "5/14",
        "asymmetric_bound": "5/9",
        "lp": "5/14",
        "drivers": {
            "heterogeneity": {"loss_without": "9/29", "basis": "solved"},
            # Everybody has 29/20, which is worth 9/10 of it on average: 261/100 of 272/100.
            "indivisibility": {"loss_without": "11/272", "basis": "everybody has the same share"},
            "exclusion": {"loss_without": "2/29", "basis": "solved"},
            "variation": {"loss_without": "0", "basis": "solved"},
        },
        "providers": [
            {"provider": 0, "pay": "1", "pay_without": "2"},
            {"provider": 1, "pay": "1", "pay_without": "9/10"},
        ],
        "deterrence": {"gain": "23/25", "bond": "3", "enough": True},
        "status": "optimal",
    }


def test_the_loss_and_its_bounds_agree_with_a_list_of_all_allocations() -> None:
    generator = np.random.default_rng(12)
    kept = 0
    for _ in range(40):
        problem = random_problem(generator)
        if any(isinstance(problem.guarantee, kind) for kind in (Income, MaxMin, AllOf)):
            found, listed = audit(problem), brute(problem)
            assert found.max_value == listed.max_value
            assert found.restricted_value == listed.restricted_value
            if listed.restricted_value is None:
                assert (found.loss, found.pay, found.deterrence.enough) == (None, None, None)
                continue
            kept += 1
            assert found.loss == listed.loss
            assert found.loss <= found.lp <= found.bound <= 1
            assert found.lp == most_lost(problem.factors)
    assert kept > 10


def test_asymmetry_is_refuted_with_a_witness() -> None:
    found = audit(instance_9(2))
    assert not found.holds
    assert found.assumptions["symmetric"].witness == {
        "allocation": [[0], [], []],
        "infeasible": [[], [0], []],
    }
    assert found.loss == Fraction(1, 4)
    assert found.pay == (HALF, HALF, HALF)
    assert found.pay_without == (ONE, ONE, NONE)


def test_pay_is_expected_pay_if_schedules_are_drawn() -> None:
    problem = replace(instance_7(2, Fraction(1, 10)), pay=(HALF, HALF), draw="permutation")
    found = audit(problem)
    assert found.pay == (HALF, HALF)
    assert found.pay_without == (Fraction(29, 40), Fraction(29, 40))


def test_only_what_a_challenge_must_disprove_is_a_gain() -> None:
    problem = instance_3()
    assert audit(problem).deterrence == Deterrence(ONE, problem.bond, enough=True)
    # The contract refuses what breaks a floor: the gain is over allocations that keep it.
    floor = Income((Fraction(2), Fraction(2)))
    assert audit(replace(problem, guarantee=floor)).deterrence.gain == 0
    assert audit(replace(problem, guarantee=AllOf((floor, MaxMin())))).deterrence.gain == 0
    low = Income((ONE, ONE))
    assert audit(replace(problem, guarantee=AllOf((low, MaxMin())))).deterrence.gain == 1
    # Nobody checks a guarantee that no dispatch can hold.
    assert audit(replace(problem, guarantee=Alpha(Fraction(2)))).deterrence.gain == 1


def test_a_bond_that_is_too_small_is_reported() -> None:
    found = audit(replace(instance_3(), bond=Fraction(2)))
    assert found.deterrence == Deterrence(ONE, Fraction(2), enough=False)
    assert not found.holds


def test_a_guarantee_that_nothing_keeps_has_no_loss() -> None:
    found = audit(replace(instance_3(), guarantee=Income((Fraction(3), Fraction(3)))))
    written = found.to_json()
    assert written["loss"] is None
    assert written["restricted_value"] is None
    assert written["providers"][0] == {"provider": 0, "pay": None, "pay_without": "4"}
    assert written["deterrence"] == {"gain": None, "bond": "4", "enough": None}


# ── a user's guarantee ──────────────────────────────────────────────────────────────────────────────────────


def test_a_users_function_replaces_the_guarantee() -> None:
    problem = replace(instance_2(Fraction(1, 10)), guarantee=Income((NONE, NONE)))
    found = audit(problem, judge=min)
    assert found.loss == Fraction(9, 29) == audit(replace(problem, guarantee=MaxMin())).loss
    assert found.assumptions["pareto_closed"] == (True, "checked for all allocations", None)
    assert found.pay == (ONE, ONE)
    assert {name: driver.loss_without for name, driver in found.drivers.items()} == {
        "heterogeneity": Fraction(9, 29),
        "indivisibility": None,
        "exclusion": NONE,
        "variation": NONE,
    }
    assert found.deterrence.gain == Fraction(9, 10)
    assert found.holds


def test_a_users_function_that_values_less_is_not_closed_under_dominance() -> None:
    """g = −Σ v is best where nobody has anything; whoever has more breaks it, so that Assumption 2 fails."""
    found = audit(instance_2(Fraction(1, 10)), judge=lambda values: -sum(values, NONE))
    finding = found.assumptions["pareto_closed"]
    assert finding.holds is False
    assert finding.witness is not None
    assert finding.witness["kept"] == ["0", "0"]
    assert found.loss == 1
    assert not found.holds


def test_a_users_function_needs_a_list_of_all_allocations() -> None:
    many = Problem(3, (ONE,) * 10, MaxMin())
    with pytest.raises(ParleyError, match="more than 200000 allocations, too many to list"):
        audit(many, judge=min)
    conflicts = frozenset((one, other) for other in range(10) for one in range(other))
    found = audit(replace(many, conflicts=conflicts), judge=min)
    assert found.drivers["exclusion"].basis == "more than 200000 allocations, too many to list"
    assert found.drivers["variation"].loss_without == 0
    assert list(found.drivers) == list(DRIVERS)
