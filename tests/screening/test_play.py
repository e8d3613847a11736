"""Markets on the real contract: whoever plays, selections are theory's, and nobody truthful is worse off."""

from __future__ import annotations

import pickle
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING

import pytest

from parley.chain.deploy import deploy
from parley.chain.evm import Receipt
from parley.core.errors import ParleyError
from parley.core.randomness import keccak
from parley.kit.bots import seated
from parley.kit.play.player import UnexpectedRevertError
from parley.mechanisms.screening import solution
from parley.mechanisms.screening.bots import BOTS, ERRORS, POSTERS, Responder, Scene, cast
from parley.mechanisms.screening.mechanism import MECHANISM
from parley.mechanisms.screening.play import SCALE, Player
from parley.mechanisms.screening.problem import Problem, worked_example
from parley.mechanisms.screening.solution import market_of
from tests.backends import open_backend
from tests.screening.markets import random_market
from tests.screening.paper import worked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.screening.play import Outcome

MARKETS, SAMPLE = 1_000, 12


def player(
    problem: Problem, bots: Sequence[str] = ("truthful",), poster: str = "honest", seed: int = 5
) -> Player:
    machine = open_backend("revm")
    address = deploy(machine, MECHANISM.artifacts(), MECHANISM.contracts)[MECHANISM.contracts[0]].address
    made = replace(cast(problem, seated(bots, problem.agents)), poster=poster)
    return Player(machine, address, made, seed)


# ── whoever plays ───────────────────────────────────────────────────────────────────────────────────────────


def all_is_well(outcome: Outcome) -> None:
    """Nobody truthful is worse off, social cost is not above the status quo, the selection is theory's."""
    assert not outcome.above_status_quo
    assert outcome.change <= 0
    assert not outcome.mismatch
    assert not outcome.untrue
    for worse, bot, saved in zip(outcome.worse_off, outcome.bots, outcome.saved, strict=True):
        assert not (worse and BOTS[bot].law), (bot, saved)
        assert saved == 0 or bot != "silent"


@pytest.mark.parametrize("poster", POSTERS)
def test_truthful_seats_are_never_worse_off_nor_is_society_whoever_plays(poster: str) -> None:
    dice = Random(poster)
    contrary = 0
    for k in range(8):
        problem = random_market(dice, dice.randint(3, 6), dice.randint(2, 3))
        on = player(problem, [dice.choice(list(BOTS)) for _ in range(problem.agents)], poster, seed=k)
        for game in range(4):
            outcome = on.play(game)
            all_is_well(outcome)
            contrary += any(outcome.worse_off)
            assert outcome.ending == "settled" or poster == "late"
    assert contrary or poster == "late"  # others than truthful seats do lose


def many_markets(seeds: range) -> None:
    """12 agents and 6 tasks: every selection is theory's, and every wrong certificate is refused by name."""
    traded = 0
    for seed in seeds:
        on = player(random_market(Random(seed), 12, 6), ("random",), "crooked", seed)
        outcome = on.play(0)
        assert outcome.ending == "settled"
        assert not outcome.mismatch
        assert not outcome.above_status_quo
        assert outcome.refused == ERRORS  # raised by `Player` otherwise, with the error that came instead
        traded += outcome.change < 0
    assert traded > len(seeds) // 4


def test_every_selection_is_theory_s_and_every_wrong_certificate_is_refused_by_name() -> None:
    many_markets(range(SAMPLE))


@pytest.mark.deep
def test_a_thousand_selections_are_theory_s_and_every_wrong_certificate_is_refused_by_name() -> None:
    many_markets(range(MARKETS))


def test_nobody_gains_by_answering_what_it_sees() -> None:
    for name in ("W1", "W2"):
        on = player(worked(name), ("responder",))
        truthful = player(worked(name))
        for k in range(12):
            outcome = on.play(k)
            all_is_well(outcome)
            assert outcome.choices == truthful.play(k).choices


def test_a_responder_that_can_gain_does() -> None:
    # The first agent may take one for 3/2, or give one for one: some types like both, and the best does not
    # clear.
    menus = [[[1, "-3/2"], [-1, 1]], [[-1, "3/2"]]]
    keys = {"menus": menus, "social_costs": [[1, 9], [9, 1]], "status_quo": [[2, 2], [2, 3]]}
    crossing = Problem.from_mapping(worked_example().to_mapping() | keys).market()
    kind = Fraction(2), Fraction(3, 2)
    scene = Scene(crossing, [crossing.law(seat) for seat in range(2)], kind, {1: 1}, Random(0))
    assert crossing.choose(0, kind) == 2
    assert Responder(0).choose(scene) == 1


def test_menus_are_designed_once_for_all_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = worked_example().to_mapping()
    del keys["menus"]
    made = cast(Problem.from_mapping(keys | {"design": {"market": "two-price"}}), ["truthful"] * 3)
    written = pickle.dumps(made)
    monkeypatch.setattr(solution, "_markets", {})
    again = pickle.loads(written)  # noqa: S301 - our own
    monkeypatch.setattr(solution, "_menus_of", None)
    assert market_of(made.problem) == again.market == made.market


# ── how markets go ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_missed_posting_leaves_everything_as_it_was() -> None:
    on = player(worked_example(), poster="late")
    outcomes = [on.play(k) for k in range(20)]
    assert {outcome.path for outcome in outcomes} == {"lapsed", "settled, all stay"}
    assert all(not outcome.change and not any(outcome.saved) for outcome in outcomes)


def test_a_seat_may_post_and_it_is_another_one_each_time() -> None:
    on = player(worked("W2"), poster="seat")
    posters = []
    for k in range(6):
        on.play(k)
        posters += [sent.sender for sent in on.sent if sent.data[:4] == on.codec.selectors["post"]]
    assert posters == list(on.seats) * 2


def test_what_agents_save_is_what_theory_says() -> None:
    on = player(worked("W2"))
    for k in range(30):
        outcome = on.play(k)
        shares = on._selected(outcome.choices)
        market = on.cast.market
        taken = [one for one in market.columns if one[1] == outcome.choices[one[0]]]
        cost = sum(
            share * sum(a * b for a, b in zip(market.social_costs[seat], change, strict=True))
            for share, (seat, _, change) in zip(shares, taken, strict=True)
        )
        assert outcome.change == cost * SCALE // 1
        assert all(saved >= 0 for saved in outcome.saved)


# ── what is found out ───────────────────────────────────────────────────────────────────────────────────────


def test_a_contract_that_takes_wrong_certificates_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    on = player(worked("W2"), poster="crooked")
    monkeypatch.setattr(
        type(on.evm), "call", lambda *_: Receipt(ok=True, output=b"", logs=(), gas_used=0), raising=True
    )
    with pytest.raises(ParleyError, match="accepts a wrong certificate: ZeroDenominator"):
        on.play(0)


def test_a_refusal_for_another_reason_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    on = player(worked("W2"), poster="crooked")
    output = keccak(b"ZeroDenominator()")[:4]
    refusal = Receipt(ok=False, output=output, logs=(), gas_used=0)
    monkeypatch.setattr(type(on.evm), "call", lambda *_: refusal)
    with pytest.raises(UnexpectedRevertError, match="refuses post: ZeroDenominator"):
        on.play(0)


def test_a_selection_that_is_not_theory_s_is_counted_and_fails_the_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = Player._told
    assert MECHANISM.simulate(worked("W2"), games=12, seed=1).holds
    nobody = staticmethod(lambda settled: (Fraction(0),) * len(right(settled)))
    monkeypatch.setattr(Player, "_told", nobody)
    run = MECHANISM.simulate(worked("W2"), games=12, seed=1)
    assert run.to_json()["mismatches"] > 0
    assert not run.holds


def test_a_rise_of_social_cost_and_a_loss_of_a_truthful_seat_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = Player._told
    backwards = staticmethod(lambda settled: tuple(-share for share in right(settled)))
    monkeypatch.setattr(Player, "_told", backwards)
    run = MECHANISM.simulate(worked("W2"), games=12, seed=1)
    report = run.to_json()
    assert min(report["above_status_quo"], report["worse_off"]) > 0
    assert sum(agent["worse_off"] for agent in report["agents"]) == report["worse_off"]
    assert not run.holds
