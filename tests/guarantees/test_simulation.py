"""Many dispatches by each mix of bots: broken promises are found out, and pay is what theory expects."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from parley.chain.backends import open_evm
from parley.chain.deploy import deploy
from parley.chain.history import Recorder
from parley.core.errors import ParleyError
from parley.core.statistics import MIN_P
from parley.kit.play.tally import compare
from parley.kit.verify.contract import verify_contract
from parley.mechanisms.guarantees.decisions import cast
from parley.mechanisms.guarantees.expectation import pay_law
from parley.mechanisms.guarantees.mechanism import MECHANISM
from parley.mechanisms.guarantees.play import Player
from parley.mechanisms.guarantees.problem import Problem
from tests.guarantees.problems import FLOORS, JOBS, LATE, PROBLEMS, USUAL

if TYPE_CHECKING:
    from parley.chain.evm import Evm

DEAR = "dear"
"""A setting in which fairness costs value."""
OF_MIXES = {
    **PROBLEMS,
    DEAR: Problem.from_mapping(
        {**JOBS, "guarantee": {"type": "max-min"}, "factors": [1, "3/4", "3/4"], "wei_per_value": 10**12}
    ),
}
MIXES = {
    "honest": (USUAL, "honest"),
    "lazy": (USUAL, "lazy"),
    "copied": (USUAL, "lazy,copying"),
    "greedy": (DEAR, "greedy"),
    "griefed": (USUAL, "lazy,griefing,no-show:1/3,reliable,withholding"),
    "insured": (USUAL, "insured,copying,reliable,absent,no-show:1/2"),
    "floors": (FLOORS, "honest,watchful,no-show:1/2,reliable,reliable"),
    "refused": (FLOORS, "lazy"),
    "tolerated": (LATE, "lazy,watchful,reliable,no-show:1/4,reliable"),
    "unwatched": (LATE, "lazy,sleeping"),
    "conceded": (FLOORS, "conceding"),
    "lapsed": (FLOORS, "absent"),
}
FEW = 60


def simulated(mix: str, games: int, evm: str = "revm") -> dict[str, Any]:
    """So many dispatches of a mix; nothing must contradict theory, nor the other machine."""
    setting, bots = MIXES[mix]
    run = MECHANISM.simulate(OF_MIXES[setting], games=games, seed=5, bots=bots.split(","), evm=evm)
    assert run.holds
    assert run.identical
    return run.to_json()


def promised(report: dict[str, Any], mix: str) -> None:
    """Hold what a mix has to come to, whatever was drawn."""
    games, challenges = report["games"], report["challenges"]
    each = {
        "honest": {"upheld": 0, "repaired": 0},
        **{name: {"committed": games, "upheld": games, "repaired": games} for name in ("lazy", "greedy")},
        "copied": {"committed": 2 * games, "disclosed": games, "repaired": games},
        "griefed": {"disclosed": games, "repaired": games},
        "insured": {"committed": 3 * games, "upheld": games, "repaired": 0},
        "tolerated": {"upheld": games},
        "unwatched": {"committed": 0},
    }.get(mix, {"committed": 0})
    assert {key: challenges[key] for key in each} == each
    error = {"copied": "WrongDisclosure", "insured": "WrongDisclosure", "refused": "FloorBroken"}.get(mix)
    assert report["refused"] == ({error: games} if error else {})
    ending = {"refused": "conceded", "conceded": "conceded", "lapsed": "lapsed"}.get(mix, "settled")
    assert report["endings"][ending] == games
    assert all(one["expected_pay"] is not None for one in report["providers"])
    assert all(abs(one["z"] or 0) < 5 for one in (*report["providers"], report["platform"]))
    if report["draw"] is not None and report["draw"]["p_value"] is not None:
        assert report["draw"]["p_value"] > MIN_P


@pytest.mark.parametrize("mix", MIXES)
def test_what_is_less_fair_than_the_tolerance_allows_is_disproved_and_repaired(mix: str) -> None:
    promised(simulated(mix, FEW), mix)


@pytest.mark.deep
@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("evm", ["revm", "py-evm"])
def test_five_hundred_dispatches_of_every_mix_on_both_machines(mix: str, evm: str) -> None:
    promised(simulated(mix, 500, evm), mix)


def test_a_provider_who_is_paid_otherwise_is_noticed() -> None:
    problem = PROBLEMS[USUAL]
    run = MECHANISM.simulate(problem, games=200, seed=1, bots=["honest"])
    row = run.comparison.means["pay"][0]
    law = pay_law(run.cast, 0)
    assert law is not None
    assert row.expected == sum(pay * p for pay, p in law.items())
    other = replace(problem, cancellation=(Fraction(3, 4),) * problem.jobs)
    found = compare(MECHANISM.statistics(other), run.tally, run.theory)
    assert not found.holds


# ── wrong allocations ───────────────────────────────────────────────────────────────────────────────────────


class Trying(Player):
    """Tries every wrong allocation before it posts."""

    tried: tuple[str, ...] = ()

    def act(self, sender: str, function: str, *arguments: object, value: int = 0) -> list[Any]:
        if function == "post":
            dispatch, digest, jobs, right = arguments
            assert isinstance(right, bytes)
            wrong = {
                "AllocationLengthMismatch": right + b"\0",
                "HolderNotEnrolled": bytes([9]) + right[1:],
                "Overlap": b"\1" * len(right),
                "FloorBroken": bytes(len(right)),
            }
            for error, allocation in wrong.items():
                data = self.codec.functions["post"].encode(dispatch, digest, jobs, allocation)
                self.must_refuse(sender, data, error, f"taken: {error}", value)
            self.tried = tuple(wrong)
        return super().act(sender, function, *arguments, value=value)


@pytest.mark.parametrize("evm", ["revm", "py-evm"])
def test_every_wrong_allocation_is_refused_by_its_reason(evm: str) -> None:
    machine = open_evm(evm)
    player = Trying(machine, _deployed(machine), cast(PROBLEMS[FLOORS], ["honest"]), 1)
    assert player.play(0).ending == "settled"
    assert len(player.tried) == 4


def _deployed(machine: Evm) -> str:
    return deploy(machine, MECHANISM.artifacts(), MECHANISM.contracts)[MECHANISM.contracts[0]].address


# ── what a verification finds ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("setting", "bots", "found"),
    [
        (USUAL, ["honest"], 0),
        (USUAL, ["lazy"], 0),
        (USUAL, ["lazy", "sleeping"], 3),
        (LATE, ["lazy", "sleeping"], 3),
        (FLOORS, ["honest"], 0),
    ],
)
def test_accepted_allocations_that_are_not_the_fairest_are_findings_and_no_violations(
    setting: str, bots: list[str], found: int
) -> None:
    machine = Recorder(open_evm("revm"))
    machine.contract = _deployed(machine)
    player = Player(machine, machine.contract, cast(PROBLEMS[setting], bots), 2)
    for k in range(3):
        player.play(k)
    report = verify_contract(MECHANISM, machine).to_json()
    assert (report["holds"], report["violations"]) == (True, [])
    assert [one["rule"] for one in report["findings"]] == ["not the fairest"] * found
    assert all(one["transaction"] for one in report["findings"])


# ── names ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_unknown_registrar_is_refused() -> None:
    with pytest.raises(ParleyError, match="did you mean late"):
        MECHANISM.simulate(PROBLEMS[USUAL], games=1, options={"registrar": "lte"})
