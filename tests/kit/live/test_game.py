"""What the live page is told of a game: what the contract was sent and emitted, whatever the mechanism."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from parley.chain.compiler import project_root
from parley.core import problemfile
from parley.core.errors import ParleyError, ProblemError
from parley.kit.live.choice import Choice, bots_of, described, ready_problems
from parley.kit.live.game import watch
from parley.kit.loaded import LoadedProblem
from parley.kit.play.run import open_player
from parley.kit.registry import kinds, load, mechanism
from parley.mechanisms.assignment.lottery_state import Phase as LotteryPhase
from parley.mechanisms.coordination.costs import Quadratic
from parley.mechanisms.coordination.game import Phase
from parley.mechanisms.coordination.problem import Problem
from parley.mechanisms.coordination.recognition import stick_breaking
from parley.mechanisms.guarantees.problem import Problem as DispatchProblem
from tests.kit.play.coin import COIN, Toss

if TYPE_CHECKING:
    from parley.kit.loaded import AnyProblem
    from parley.kit.protocols import A, C, OutcomeT, P, S

PROBLEMS = project_root() / "problems"

SPOILT = Problem(
    contracted=np.array([[4, 0], [0, 2], [0, 2]]),
    capacity=np.array([[4, 0], [4, 2], [0, 2]]),
    costs=(Quadratic(Fraction(1)),),
    continuation=Fraction(1, 2),
)
"""If agent 1 announces as little as it may, agent 2 has to do so much that nothing is saved."""

WAYS: dict[str, tuple[list[str], str]] = {
    "settled": (["equilibrium"], "Everybody has accepted"),
    "continuing": (["equilibrium", "equilibrium", "random"], "Bargaining goes on into round 2."),
    "not continued": (["stubborn"], "The secrets decide that the bargaining ends here"),
    "nothing saved": (["minimal", "equilibrium", "equilibrium"], "The announced work costs no less"),
    "silent": (["silent:revealing"], "Silent, and without its bond: Ada, Ben, Cleo."),
}
"""Bots by the way that a game takes with them, and what is said then."""

LOTTERIES = [
    ("assignment-cyclic", ["truthful"]),
    ("assignment-bogomolnaia-moulin", ["copying", "truthful", "absent:revealing", "truthful"]),
    ("assignment-posted", ["absent:opening"]),
]


def ready(name: str) -> AnyProblem:
    return load(PROBLEMS / f"{name}.toml")


def found(way: str) -> tuple[AnyProblem, list[str], dict[str, Any]]:
    """The first game of seed 5 that takes the way."""
    problem = ready("piecewise") if way != "nothing saved" else load(SPOILT.to_mapping())
    bots, words = WAYS[way]
    for game in range(100):
        shown = watch(problem, bots, seed=5, game=game)
        if any(words in step["said"] for step in shown["steps"]):
            return problem, bots, shown
    raise AssertionError(f"no game of 100 takes this way: {way}")


def after(shown: dict[str, Any], name: str, k: int | None = None) -> list[list[Any]]:
    """A panel's cells after so many transactions, or after all of them."""
    (panel,) = (panel for panel in shown["panels"] if panel["id"] == name)
    cells = [list(row) for row in panel["cells"]]
    for step in shown["steps"][:k]:
        for panel_id, row, column, cell in step["changes"]:
            if panel_id == name:
                cells[row][column - 1] = cell
    return cells


def check(problem: LoadedProblem[P, S, A, OutcomeT, C], bots: list[str], shown: dict[str, Any]) -> None:
    """Whether the game is shown as it was played: calls, events, phases and money."""
    player = open_player(problem.setting(bots, shown["seed"]))
    before = player.balances()
    outcome = player.play(shown["game"])
    gained = [now - then for now, then in zip(player.balances(), before, strict=True)][:-1]
    names = {selector: name for name, selector in player.codec.selectors.items()}
    assert shown["ending"] == outcome.ending
    assert len(shown["steps"]) == len(player.sent)
    for step, sent in zip(shown["steps"], player.sent, strict=True):
        assert step["call"] == names[sent.data[:4]]
        played = [*player.seats, *player.roles]
        assert step["actor"] == (played.index(sent.sender) if sent.sender in played else None)
        others = {address: shown["agents"][seat] for seat, address in enumerate(played)}
        assert step["sender"] == {**player.others, **others}[sent.sender]
        assert int(step["paid"]["wei"]) == sent.value
        events = player.codec.decode(sent.logs)
        assert [name for name, _ in step["events"]] == [event.name for event in events]
        for (_, fields), event in zip(step["events"], events, strict=True):
            values = event.as_dict()
            assert [name for name, _ in fields] == list(values)
            assert dict(fields).get("seat") == (shown["agents"][values["seat"]] if "seat" in values else None)
    money = [
        (int(put["wei"]) if put else 0, int(took["wei"]) if took else 0)
        for *_, put, took in after(shown, "seats")
    ]
    # Parties that no bot plays have no row, and nothing.
    assert [took - put for put, took in money] + [0] * (len(gained) - len(money)) == gained


@pytest.mark.parametrize("way", WAYS)
def test_a_two_stage_game_is_shown_as_it_was_played(way: str) -> None:
    problem, bots, shown = found(way)
    check(problem, bots, shown)
    phases = [step["phase"] for step in shown["steps"]]
    assert phases[-1] == (Phase.SETTLED if way in {"settled", "continuing"} else Phase.BROKEN_DOWN)
    assert phases.index(Phase.ANNOUNCING) > phases.index(Phase.JOINING)


@pytest.mark.parametrize(("name", "bots"), LOTTERIES)
def test_a_lottery_is_shown_as_it_was_played(name: str, bots: list[str]) -> None:
    problem = ready(name)
    shown = watch(problem, bots, seed=5, game=2)
    check(problem, bots, shown)
    assert shown["steps"][-1]["phase"] in (LotteryPhase.DRAWN, LotteryPhase.CANCELLED)


DISPATCHES = [("worked-example", "lazy", "Repaired"), ("permutation", "honest", "Drawn")]


@pytest.mark.parametrize(("name", "dispatcher", "event"), DISPATCHES)
def test_a_dispatch_is_shown_as_it_was_played(name: str, dispatcher: str, event: str) -> None:
    problem = ready(f"guarantees-{name}")
    bots = list(problem.mechanism.seated([dispatcher], problem.problem))
    shown = watch(problem, bots, seed=5, game=2)
    check(problem, bots, shown)
    player = open_player(problem.setting(bots, 5))
    player.play(2)
    events = {found.name: found for sent in player.sent for found in player.codec.decode(sent.logs)}
    assert event in events
    # What the table shows in the end is what the contract paid, for jobs of that value.
    of = problem.problem
    assert isinstance(of, DispatchProblem)
    values = dict(zip(of.job_names, of.values, strict=True))
    for (jobs, value, pay), paid in zip(after(shown, "dispatch"), events["Settled"].pays, strict=True):
        assert float(pay) == pytest.approx(paid / of.wei_per_value, abs=5e-4)
        assert float(value) == sum(values[job] for job in jobs.split(", "))


def test_who_registers_jobs_or_copies_a_claim_is_called_so() -> None:
    problem = ready("guarantees-worked-example")
    bots = list(problem.mechanism.seated(["lazy", "copying"], problem.problem))
    shown = watch(problem, bots, seed=5, game=2)
    senders = {(step["call"], step["sender"]) for step in shown["steps"]}
    assert {("register", "registrar"), ("attest", "registrar"), ("challenge", "copier")} <= senders


@pytest.mark.parametrize("second", ["rational", "shirker"])
def test_a_project_is_shown_as_it_was_played(second: str) -> None:
    problem = ready("team-worked-example")
    bots = list(problem.mechanism.seated(["rational", second], problem.problem))
    shown = watch(problem, bots, seed=5, game=2)
    check(problem, bots, shown)
    done = ["works", {"rational": "works", "shirker": "does not work"}[second]]
    assert [row[2:] for row in after(shown, "team")] == [["accepted", effort] for effort in done]
    said = [step["said"] for step in shown["steps"]]
    assert any("the chance of success is" in text for text in said)


@pytest.mark.parametrize("bots", [["honest"], ["honest", "silent"]])
def test_a_toy_is_shown_as_it_was_played(bots: list[str]) -> None:
    problem = LoadedProblem(COIN, Toss(7))
    shown = watch(problem, bots, seed=5, game=2)
    check(problem, bots, shown)
    assert shown["phases"] == []


def test_declared_phases_are_those_of_the_reference_models() -> None:
    for kind, phases in (("coordination", Phase), ("assignment", LotteryPhase)):
        assert list(mechanism(kind).phases) == [phase.name.lower().replace("_", " ") for phase in phases][1:]


# ── what coordination adds ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("way", WAYS)
def test_the_board_shows_what_the_contract_emitted(way: str) -> None:
    problem, bots, shown = found(way)
    of = problem.problem
    assert isinstance(of, Problem)
    player = open_player(problem.setting(bots, 5))
    outcome: Any = player.play(shown["game"])
    events = [event for sent in player.sent for event in player.codec.decode(sent.logs)]
    rows = {event.seat: list(event.announcement) for event in events if event.name == "Announced"}
    work, stick, offer, cost = (after(shown, name) for name in ("work", "stick", "offer", "cost"))
    left = of.contracted.sum(axis=0).tolist()
    for seat in range(of.agents):
        row = rows.get(seat, of.contracted[seat].tolist())
        assert [Fraction(cell) * of.unit for cell in work[seat]] == [*row, sum(row)]
        left = [before - now for before, now in zip(left, rows.get(seat, [0] * len(left)), strict=True)]
    assert [Fraction(cell) * of.unit for cell in work[-1]] == [*left, sum(left)]
    if len(rows) == of.agents:
        edges = np.cumsum([0, *map(float, stick_breaking(outcome.position.fractions))])
        bars = [piece["bar"] for _, piece, _ in stick]
        assert np.array(bars) == pytest.approx(np.stack([edges[:-1], edges[1:]], axis=1))
        assert bars[-1][1] == 1
    for seat, paid in enumerate(outcome.costs):
        alone = of.cost_wei(seat, int(of.contracted[seat].sum()))
        if cost[seat][1]:
            assert (int(cost[seat][1]["wei"]), int(cost[seat][2]["wei"])) == (paid, alone - paid)
    proposed = [event for event in events if event.name == "Proposed"]
    answers = {event.seat: event.accepted for event in events if event.name == "Responded"}
    if way == "settled":
        assert [int(share["wei"]) for share, *_ in offer] == list(proposed[-1].shares)
        assert [text for *_, text in offer] == [
            {True: "accepts", None: "its proposal"}[answers.get(seat)] for seat in range(of.agents)
        ]


def test_a_new_round_clears_the_proposal_of_the_one_before() -> None:
    _, _, shown = found("continuing")
    calls = [step["call"] for step in shown["steps"]]
    first = calls.index("propose")
    again = calls.index("reveal", first)
    assert any(after(shown, "offer", first + 1)[0])
    assert not any(cell for row in after(shown, "offer", again + 1) for cell in row)


# ── what there is to choose ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", kinds())
def test_every_bot_that_can_be_picked_can_be_seated(kind: str) -> None:
    names = list(bots_of(kind))
    assert len(names) >= len(mechanism(kind).bots)
    problem = next(
        load(file) for file in sorted(PROBLEMS.glob("*.toml")) if problemfile.read(file)["kind"] == kind
    )
    usual, roles = problem.mechanism.seated([], problem.problem), len(problem.mechanism.roles)
    for name in names:
        sits = 0
        for k in range(roles + 1):
            with suppress(ParleyError):
                problem.setting([*usual[:k], name, *usual[k + 1 :]], 0)
                sits += 1
        assert sits, name


def test_ready_problems_are_offered_kind_by_kind_and_can_be_played() -> None:
    toy: Any = LoadedProblem(COIN, Toss(7))
    offered = ready_problems(toy)
    assert offered[0] == {"kind": "toss", "name": "the given problem", "text": 'kind = "toss"\nstake = 7\n'}
    assert [entry["name"] for entry in offered[1:3]] == ["paper-example-1", "general-domain"]
    assert {entry["name"] for entry in offered[1:]} == {file.stem for file in PROBLEMS.glob("*.toml")}
    for entry in offered[1:]:
        told = described(Choice(text=entry["text"]))
        problem = load(PROBLEMS / f"{entry['name']}.toml").problem
        assert (told["kind"], told["agents"]) == (
            entry["kind"],
            [*mechanism(entry["kind"]).roles, *problem.agent_names],
        )
        assert len(told["agents"]) - told["roles"] == problem.agents
        written = problemfile.to_toml(problem.to_mapping())
        assert Choice(text=written).problem().problem.to_mapping() == problem.to_mapping()


def test_single_keys_go_before_the_text_s() -> None:
    text = (PROBLEMS / "paper-example-1.toml").read_text(encoding="utf-8")
    assert (
        described(Choice(text=text))["keys"].items()
        >= {"continuation": "9/10", "recognition": "p-star"}.items()
    )
    changed = Choice(text=text, keys={"continuation": "0.25", "recognition": "equal"}).problem().problem
    assert changed.to_mapping().items() >= {"continuation": "1/4", "recognition": "equal"}.items()
    with pytest.raises(ProblemError, match=r"^continuation: 'much' is not a number"):
        described(Choice(text=text, keys={"continuation": "much"}))
    lottery = (PROBLEMS / "assignment-bogomolnaia-moulin.toml").read_text(encoding="utf-8")
    assert Choice(text=lottery, keys={"rule": "boston"}).problem().problem.to_mapping()["rule"] == "boston"
