"""What the live page is told: that it is what the contract emitted, and that figures are those of theory."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from parley.chain.codec import compiled_codec
from parley.chain.compiler import project_root
from parley.core import problemfile
from parley.core.randomness import unpack_order
from parley.mechanisms.coordination.bots import KINDS, PHASES, make_bots
from parley.mechanisms.coordination.contracts import RECOGNITION_CONTRACTS
from parley.mechanisms.coordination.costs import Quadratic
from parley.mechanisms.coordination.live.crowd import crowd, equilibrium_costs
from parley.mechanisms.coordination.live.setting import (
    FIRST,
    Choice,
    Setting,
    bot_choices,
    choices,
    read_setting,
)
from parley.mechanisms.coordination.live.trace import open_player, trace
from parley.mechanisms.coordination.problem import Problem, load_problem
from parley.mechanisms.coordination.recognition import stick_breaking
from parley.mechanisms.coordination.simulation import simulate

if TYPE_CHECKING:
    from parley.chain.codec import Event
    from parley.kit.play.player import Player
    from parley.mechanisms.coordination.play import Outcome

FUNCTIONS = compiled_codec("TwoStageMechanism").selectors

PROBLEMS = sorted(
    path.stem
    for path in (project_root() / "problems").glob("*.toml")
    if problemfile.read(path)["kind"] == "coordination"
)

WAYS: dict[str, tuple[list[str], str]] = {
    "settled": (["equilibrium"], "settled"),
    "continuing": (["equilibrium", "equilibrium", "random"], "settled"),
    "not continued": (["stubborn"], "broken down"),
    "nothing saved": (["minimal", "equilibrium", "equilibrium"], "broken down"),
    **{f"silent when {phase}": ([f"silent:{phase}"], "expired") for phase in PHASES},
}
"""Bots by the way that a game takes with them, and how it ends."""

SPOILT = Problem(
    contracted=np.array([[4, 0], [0, 2], [0, 2]]),
    capacity=np.array([[4, 0], [4, 2], [0, 2]]),
    costs=(Quadratic(Fraction(1)),),
    continuation=Fraction(1, 2),
)
"""If agent 1 announces as little as it may, agent 2 has to do so much that nothing is saved."""


def load(name: str) -> Problem:
    return load_problem(project_root() / "problems" / f"{name}.toml")


def played(problem: Problem, bots: list[str], seed: int, game: int) -> tuple[Player[Outcome], Outcome]:
    player = open_player(problem, bots, seed)
    return player, player.play(game)


def find(way: str, problem: Problem) -> tuple[list[str], dict[str, Any]]:
    """The first game of this seed that takes the way."""
    bots, ending = WAYS[way]
    for game in range(100):
        told = trace(problem, bots, seed=5, game=game)
        rounds = told["outcome"]["rounds"]
        fits = told["outcome"]["ending"] == ending
        if fits and (way != "continuing" or rounds > 1) and (way != "nothing saved" or rounds == 0):
            return bots, told
    raise AssertionError(f"no game of 100 takes this way: {way}")


def wei(amount: dict[str, Any]) -> int:
    return int(amount["wei"])


@pytest.mark.parametrize("way", WAYS)
def test_every_transaction_is_told_as_the_contract_emitted_it(way: str) -> None:
    problem = load("piecewise") if way != "nothing saved" else SPOILT
    bots, told = find(way, problem)
    player, outcome = played(problem, bots, 5, told["game"])
    functions = {selector: name for name, selector in FUNCTIONS.items()}
    seats = player.evm.accounts[: problem.agents]
    assert len(told["steps"]) == len(player.sent)
    for step, sent in zip(told["steps"], player.sent, strict=True):
        assert step["action"] == functions[sent.data[:4]]
        assert step["actor"] == (seats.index(sent.sender) if sent.sender in seats else None)
        assert wei(step["paid"]) == sent.value
        events = player.codec.decode(sent.logs)
        assert [event["event"] for event in step["events"]] == [event.name for event in events]
        for shown, event in zip(step["events"], events, strict=True):
            check_event(problem, shown, event)
        assert step["said"].endswith(".")
    assert told["outcome"] == {
        "ending": outcome.ending,
        "rounds": outcome.rounds,
        "proposer": outcome.proposer,
        "costs": [{"cost": float(Fraction(c, problem.wei_per_cost)), "wei": str(c)} for c in outcome.costs],
    }


def check_event(problem: Problem, shown: dict[str, Any], event: Event) -> None:
    """Whether what is shown is what was emitted, field by field."""
    emitted = {name: value for name, value in event.as_dict().items() if shown.get(name) == value}
    match event.name:
        case "Joined":
            assert emitted.keys() == {"seat"}
            assert (shown["sealed"], wei(shown["deposit"])) == (event.commitment.hex(), event.deposit)
        case "Announced":
            assert emitted.keys() == {"seat", "numerator", "denominator"}
            assert shown["row"] == [x / problem.unit for x in event.announcement]
        case "Revealed":
            assert emitted.keys() == {"round", "seat"}
            assert (shown["secret"], shown["sealed"]) == (event.secret.hex(), event.next_commitment.hex())
        case "ProposerDrawn":
            assert emitted.keys() == {"round", "proposer"}
            assert shown["order"] == unpack_order(event.order, problem.agents - 1)
            assert sorted([event.proposer, *shown["order"]]) == list(range(problem.agents))
        case "Proposed":
            assert emitted.keys() == {"round", "proposer"}
            assert [wei(share) for share in shown["shares"]] == list(event.shares)
            assert wei(shown["total"]) == sum(event.shares)
        case "Responded":
            assert emitted.keys() == {"round", "seat", "accepted"}
        case "BrokenDown":
            assert emitted.keys() == {"round", "cause"}
            assert sum(1 << seat for seat in shown["silent"]) == event.silent
        case "Withdrawn":
            assert emitted.keys() == {"seat"}
            assert wei(shown["amount"]) == event.amount


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_stick_is_used_up_and_all_work_taken_on(name: str) -> None:
    problem = load(name)
    told = trace(problem, ["random"], seed=3, game=0)
    _, outcome = played(problem, ["random"], 3, 0)
    pieces = [event for step in told["steps"] for event in step["events"] if event["event"] == "Announced"]
    exact = stick_breaking(outcome.position.fractions)
    assert [piece["probability"] for piece in pieces] == [float(p) for p in exact]
    assert sum(exact) == 1
    assert pieces[-1]["left"] == [0] * problem.task_types
    for piece in pieces:
        for least, announced, most in zip(piece["least"], piece["row"], piece["most"], strict=True):
            assert least <= announced <= most
    for before, after in pairwise(pieces):
        taken = [x - y for x, y in zip(before["left"], after["left"], strict=True)]
        assert taken == pytest.approx(after["row"])


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("settled", "Everybody has accepted: the offer holds"),
        ("continuing", "First they decide that the bargaining goes on, which had probability 1/2."),
        ("not continued", "the bargaining ends here, which had probability 1/2. The contracts stand."),
        ("silent when joining", "The game is off"),
        ("silent when announcing", "The deadline passes: Ada did not act in time and loses its bond."),
        ("silent when revealing", "Ada, Ben and Cleo did not act in time and lose their bonds."),
    ],
)
def test_what_decides_a_game_is_said(way: str, words: str) -> None:
    _, told = find(way, load("piecewise"))
    assert any(words in step["said"] for step in told["steps"])


# ── what there is to choose ───────────────────────────────────────────────────────────────────────────────


def test_every_bot_and_recognition_function_can_be_chosen() -> None:
    names = [name for name, _ in bot_choices()]
    assert {name.partition(":")[0] for name in names} == set(KINDS)
    assert [f"silent:{phase}" for phase in PHASES] == [name for name in names if name.startswith("silent")]
    for name in names:
        make_bots([name], 3)
    offered = choices(None)
    assert [entry["name"] for entry in offered["recognition"]] == list(RECOGNITION_CONTRACTS)
    assert offered["problems"][0]["name"] == FIRST
    assert sorted(entry["name"] for entry in offered["problems"]) == PROBLEMS


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_written_down_is_the_same_problem(name: str) -> None:
    problem = load(name)
    read = read_setting(Choice(text=problemfile.to_toml(problem.to_mapping()))).problem
    assert read.to_mapping() == problem.to_mapping()


def test_the_page_s_delta_and_recognition_function_go_before_the_text_s() -> None:
    text = problemfile.to_toml(load(FIRST).to_mapping())
    setting = read_setting(Choice(text=text, continuation="0.25", recognition="equal"))
    assert setting.problem.continuation == Fraction(1, 4)
    assert set(setting.solution.probabilities) == {Fraction(1, 5)}


# ── a thousand games ──────────────────────────────────────────────────────────────────────────────────────


def setting_of(name: str, **different: object) -> Setting:
    problem = Problem.from_mapping(load(name).to_mapping() | different)
    return read_setting(Choice(text=problemfile.to_toml(problem.to_mapping())))


@pytest.mark.parametrize(
    ("name", "bots"),
    [(FIRST, ["equilibrium"]), ("piecewise", ["random", "stubborn", "greedy"]), ("power", ["withholder"])],
)
def test_a_run_s_figures_are_those_of_simulate(name: str, bots: list[str]) -> None:
    setting = setting_of(name)
    *_, figures = crowd(setting, bots, games=120, seed=9)
    run = simulate(setting.problem, games=120, seed=9, bots=bots).to_json()
    assert figures["games"] == figures["of"] == run["games"]
    assert figures["transactions"] == run["transactions"]
    assert figures["endings"].get("settled", 0) == run["settled"]
    assert figures["endings"].get("expired", 0) == run["expired"]
    assert figures["mean_rounds"] == run["mean_rounds"]
    assert figures["p_value"] == run["proposer"]["p_value"]
    assert [proposer["count"] for proposer in figures["proposers"]] == run["proposer"]["counts"]
    assert [proposer["expected"] for proposer in figures["proposers"]] == run["proposer"]["expected"]
    for shown, agent in zip(figures["agents"], run["agents"], strict=True):
        assert (shown["mean"], shown["std_error"]) == (agent["mean_cost"], agent["std_error"])
        assert (shown["expected"], shown["z"]) == (float(Fraction(agent["expected_cost"])), agent["z"])
        assert sum(count for _, _, count in shown["bars"]) == 120


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_a_histogram_is_held_against_has_theory_s_mean(name: str) -> None:
    setting = setting_of(name)
    problem = setting.problem
    for i, values in enumerate(equilibrium_costs(setting)):
        assert sum(chance for _, chance in values) == 1
        mean = sum(value * chance for value, chance in values) / problem.wei_per_cost
        dust = Fraction(problem.agents, problem.wei_per_cost)
        expected = Fraction(setting.solution.expected_costs[i])
        assert expected - dust <= mean <= expected + dust


def test_in_equilibrium_no_game_costs_anything_but_what_theory_says() -> None:
    setting = setting_of("power", max_rounds=1)
    *_, figures = crowd(setting, ["equilibrium"], games=60, seed=2)
    for agent in figures["agents"]:
        possible = {value for value, _ in agent["theory"]}
        assert {low for low, _, _ in agent["bars"]} <= possible
        assert all(low == high for low, high, _ in agent["bars"])


def test_where_there_is_nothing_to_save_every_game_costs_the_contracts() -> None:
    problem = load(FIRST)
    setting = setting_of(FIRST, capacity=problem.contracted.tolist())
    assert setting.solution.savings == 0
    *_, figures = crowd(setting, ["equilibrium"], games=5, seed=0)
    assert figures["saved_share"] is None
    assert figures["p_value"] is None
    for agent in figures["agents"]:
        assert agent["bars"] == [[agent["contracted"], agent["contracted"], 5]]
        assert agent["theory"] == [[agent["contracted"], 1.0]]


def test_players_out_of_equilibrium_are_said_to_pay_something_else() -> None:
    setting = setting_of(FIRST)
    *_, plays = crowd(setting, ["equilibrium"], games=300, seed=4)
    assert (
        plays["verdict"]
        == "300 games: 300 settled. Everybody paid on average what theory promises, up to chance."
    )
    *_, differs = crowd(setting, ["stubborn:1/2"], games=60, seed=4)
    assert (
        "With these players everybody paid something else on average than in equilibrium."
        in differs["verdict"]
    )
