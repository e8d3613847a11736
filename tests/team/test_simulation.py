"""Projects as `simulate` plays them: what is reported, who is refused, and that nobody honest loses a wei."""

from __future__ import annotations

import json
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from parley.core.errors import ParleyError, ProblemError
from parley.kit.play.run import open_player
from parley.kit.registry import load
from parley.mechanisms.team.bots import SILENCES, Terms, offered
from parley.mechanisms.team.decisions import plan_of
from parley.mechanisms.team.mechanism import MECHANISM
from parley.mechanisms.team.play import Player
from parley.mechanisms.team.problem import Problem, worked_example
from tests.team.problems import ADDITIVE, COVERAGE, TABLE, random_keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WORKED: dict[str, Any] = {
    "kind": "team",
    "costs": ["3/50", "2/25"],
    "success": {"type": "additive", "contributions": ["3/5", "2/5"]},
}


def simulated(
    keys: Mapping[str, Any], games: int, bots: Sequence[str] = (), **options: str
) -> dict[str, Any]:
    """What is reported of some projects."""
    run = load(keys).simulate(games=games, seed=5, bots=list(bots), options=options)
    assert run.holds
    assert run.identical
    report: dict[str, Any] = json.loads(json.dumps(run.to_json()))
    return report


def test_members_work_and_gain_what_theory_says() -> None:
    report = simulated(WORKED, 300)
    assert report["endings"] == {"succeeded": 300, "failed": 0, "lapsed": 0, "dissolved": 0, "refused": 0}
    assert (report["settled"], report["succeeded"]) == (300, 300)
    assert report["success"] == {"count": 300, "expected": 300.0, "p_value": 1.0}
    assert report["principal"] == {
        "bot": "honest",
        "mean_revenue": 0.68,
        "std_error": 0.0,
        "expected_revenue": "17/25",
        "z": None,
    }
    one, other = report["agents"]
    assert one == {
        "agent": 0,
        "bot": "rational",
        "wage": "3/25",
        "worked": 300,
        "mean_utility": 0.06,
        "std_error": 0.0,
        "expected_utility": "3/50",
        "equilibrium_utility": "3/50",
        "z": None,
    }
    assert (other["wage"], other["equilibrium_utility"]) == ("1/5", "3/25")
    assert (report["refusals"], report["referee"]) == ([], "prompt")


@pytest.mark.parametrize("keys", [ADDITIVE, COVERAGE, TABLE])
def test_one_bit_decides_a_project_so_that_all_deviations_are_equal(keys: Mapping[str, Any]) -> None:
    report = simulated(keys, 200, ["random"])
    deviations = {round(abs(one["z"]), 9) for one in (report["principal"], *report["agents"]) if one["z"]}
    assert len(deviations) == 1
    assert 0 < report["success"]["count"] < 200
    assert all(0 < one["worked"] < 200 for one in report["agents"])


def test_at_the_cut_off_a_dearer_effort_is_not_made() -> None:
    report = simulated(WORKED, 100, ["rational", "dearer"])
    one, other = report["agents"]
    assert (one["worked"], other["worked"]) == (100, 0)
    assert Fraction(one["expected_utility"]) == Fraction(3, 25) * Fraction(3, 5) - Fraction(3, 50)
    # It gets its wage whenever the first one's work is enough.
    assert Fraction(other["expected_utility"]) == Fraction(1, 5) * Fraction(3, 5)
    # Above the cut-off, an effort a little dearer is made, and its true cost counts.
    report = simulated(WORKED, 20, ["dearer", "rational"])
    assert [one["worked"] for one in report["agents"]] == [20, 20]
    assert report["agents"][0]["expected_utility"] == "27/500"


@pytest.mark.parametrize(
    ("principal", "error"),
    [("underpaying", "Envy"), ("favouring", "Envy"), ("overpromising", "PayrollAboveReward")],
)
def test_a_crooked_principal_is_refused_and_the_agents_are_named(principal: str, error: str) -> None:
    report = simulated(WORKED, 30, principal=principal)
    assert report["endings"]["refused"] == 30
    agents = [] if error == "PayrollAboveReward" else [0, 1]
    assert report["refusals"] == [{"error": error, "agents": agents, "games": 30}]
    assert (report["transactions"], report["principal"]["bot"]) == (0, principal)


def test_an_unfair_split_is_refused_though_the_principal_is_honest() -> None:
    report = simulated({**WORKED, "posted": {"shares": ["1/10", "1/5"]}}, 10)
    assert report["refusals"] == [{"error": "Envy", "agents": [0, 1], "games": 10}]


def test_agents_are_named_by_the_file_though_seats_are_in_order_of_wages() -> None:
    turned = {**WORKED, "costs": ["2/25", "3/50"]}
    turned["success"] = {"type": "additive", "contributions": ["2/5", "3/5"]}
    report = simulated(turned, 10, principal="underpaying")
    assert report["refusals"] == [{"error": "Envy", "agents": [1, 0], "games": 10}]
    assert [one["wage"] for one in simulated(turned, 10)["agents"]] == ["1/5", "3/25"]


def test_crooked_principals_of_random_problems_are_always_refused() -> None:
    dice, refused = Random(1), 0
    for _ in range(60):
        try:
            problem = Problem.from_mapping({**random_keys(dice), "wei": 10**18 * 3600, "window": 600})
            problem.check_playable()
            plan = plan_of(problem, ("rational",))
        except ParleyError:
            continue
        if plan.refusal is not None:  # what is posted is unfair
            continue
        for principal in ("underpaying", "overpromising", *(["favouring"] * (len(plan.team) > 1))):
            found = plan_of(problem, ("rational",), principal)
            assert found.refusal is not None
            assert (
                found.refusal.error
                in {
                    "underpaying": {"BelowCutOff", "Envy"},
                    "favouring": {"Envy"},
                    "overpromising": {"PayrollAboveReward"},
                }[principal]
            )
            refused += 1
    assert refused > 40


# ── silence and retraction ──────────────────────────────────────────────────────────────────────────────────

SILENT = {
    **{f"silent:{phase}": ([f"silent:{phase}", "rational"], {}) for phase in SILENCES},
    **{f"all silent:{phase}": ([f"silent:{phase}"], {}) for phase in SILENCES},
    "a silent referee": (["rational"], {"referee": "silent"}),
    "a silent referee and member": (["rational", "silent:revealing"], {"referee": "silent"}),
    "a principal that retracts": (["rational"], {"principal": "retracting"}),
}


def _nobody_honest_loses(kind: str, games: int) -> None:
    bots, options = SILENT[kind]
    setting = MECHANISM.setting(worked_example(), bots * (2 // len(bots)), 7, options)
    player = open_player(setting)
    assert isinstance(player, Player)
    wages, payroll = player.parameters.wages, player.parameters.payroll
    for k in range(games):
        before = player.balances()
        outcome = player.play(k)
        *members, principal, guarantor, contract = map(int.__sub__, player.balances(), before)
        expected = {
            "succeeded": (*wages, -payroll, 0),
            "failed": (0, 0, 0, 0),
            "lapsed": (*wages, 0, -payroll),
            "dissolved": (0, 0, 0, 0),
        }[outcome.ending]
        assert (*members, principal, guarantor, contract) == (*expected, 0)
        if options.get("referee") == "silent":
            assert outcome.ending == "lapsed"
        elif "forming" in kind or "retracts" in kind:
            assert outcome.ending == "dissolved"
        else:
            assert outcome.ending in ("succeeded", "failed")


@pytest.mark.parametrize("kind", SILENT)
def test_no_honest_deposit_loses_a_wei(kind: str) -> None:
    _nobody_honest_loses(kind, 12)


@pytest.mark.deep
@pytest.mark.parametrize("kind", SILENT)
def test_no_honest_deposit_loses_a_wei_in_a_thousand_projects(kind: str) -> None:
    _nobody_honest_loses(kind, 1_000)


def test_silence_is_counted_and_expected() -> None:
    report = simulated(WORKED, 40, ["silent:committing", "rational"])
    assert (report["agents"][0]["worked"], report["agents"][1]["worked"]) == (0, 40)
    assert report["success"]["expected"] == 16.0
    report = simulated(WORKED, 10, referee="silent")
    assert report["endings"]["lapsed"] == 10
    assert [one["expected_utility"] for one in report["agents"]] == ["3/50", "3/25"]
    assert report["success"] == {"count": 0, "expected": None, "p_value": None}
    assert simulated(WORKED, 10, principal="retracting")["endings"]["dissolved"] == 10


@pytest.mark.deep
@pytest.mark.parametrize("bots", [["rational"], ["random"]])
def test_two_thousand_projects_agree_with_theory(bots: list[str]) -> None:
    for keys in (ADDITIVE, COVERAGE, TABLE):
        assert simulated(keys, 2_000, bots)["settled"] == 2_000


# ── what cannot be played ───────────────────────────────────────────────────────────────────────────────────


def test_what_cannot_be_played_is_said() -> None:
    with pytest.raises(ParleyError, match="nothing to play"):
        simulated({**WORKED, "costs": [2, 2]}, 1)
    xos = {"type": "table", "values": [0, "1/4", "1/4", 1]}
    with pytest.raises(ProblemError, match="not submodular"):
        simulated({**WORKED, "success": xos}, 1)
    alone = {"kind": "team", "costs": ["1/10"], "success": {"type": "additive", "contributions": [1]}}
    with pytest.raises(ParleyError, match="nobody to be envied"):
        simulated(alone, 1, principal="favouring")
    for option, name in (("principal", "onest"), ("referee", "prmpt")):
        with pytest.raises(ParleyError, match=f"--{option}: unknown {option} '{name}'"):
            simulated(WORKED, 1, **{option: name})
    with pytest.raises(ParleyError, match="is not above 0"):
        simulated(WORKED, 1, ["dearer:0"])
    with pytest.raises(ParleyError, match="no seat acts in a phase 'working'"):
        simulated(WORKED, 1, ["silent:working"])


def test_a_wage_that_is_envied_may_be_more_than_a_contract_can_hold() -> None:
    terms = Terms((2**95, 2**95), (1, 1), 2**100, 2**100, (2**100 - 1, 1), 2**96)
    with pytest.raises(ParleyError, match="more than a contract can hold"):
        offered("favouring", terms._replace(adds=(2**100 - 1, 2**100 - 1)))
    with pytest.raises(ParleyError, match="no wage is enough"):
        offered("underpaying", terms._replace(adds=(0, 1)))
