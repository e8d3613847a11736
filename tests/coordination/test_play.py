"""Games on the real contract: the same on both EVMs, and every wei accounted for."""

from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest

from parley.chain.codec import compiled_codec
from parley.chain.evm import Name
from parley.core.randomness import keccak
from parley.kit.play.player import Sent, UnexpectedRevertError
from parley.mechanisms.coordination.bots import Greedy, make_bots
from parley.mechanisms.coordination.play import (
    Outcome,
    Player,
    deploy_mechanism,
    parameters_of,
)
from parley.mechanisms.coordination.position import Position, Row
from parley.mechanisms.coordination.problem import Problem, example_1
from tests.backends import open_backend

FUNCTIONS = compiled_codec("TwoStageMechanism").selectors

IMPATIENT = replace(example_1(), continuation=Fraction(1, 2))

POPULATIONS = {
    "equilibrium": ["equilibrium"],
    "rejections": ["stubborn", "equilibrium", "equilibrium", "stubborn:1/3", "equilibrium"],
    "coin flips": ["random"],
    "withholder": ["equilibrium", "withholder", "greedy", "minimal", "equilibrium"],
    "two withholders": ["withholder", "equilibrium", "equilibrium", "equilibrium", "withholder"],
    "silent joining": ["equilibrium", "silent:joining", "equilibrium", "equilibrium", "equilibrium"],
    "silent announcing": ["equilibrium", "equilibrium", "silent:announcing", "equilibrium", "equilibrium"],
    "silent revealing": ["silent:revealing", "equilibrium", "equilibrium", "equilibrium", "silent:revealing"],
    "silent proposing": ["silent:proposing"],
    "silent responding": ["equilibrium", "equilibrium", "equilibrium", "equilibrium", "silent:responding"],
}


def player(evm: Name, problem: Problem, bots: list[str], seed: int = 7) -> Player:
    machine = open_backend(evm)
    return Player(machine, deploy_mechanism(machine), problem, make_bots(bots, problem.agents), seed)


def played(on: Player, games: range) -> list[tuple[Outcome, list[Sent], tuple[int, ...]]]:
    """Outcome, transactions and balances after each game; positions, which belong to a player, left out."""
    result = []
    for k in games:
        outcome = on.play(k)
        result.append((outcome._replace(position=on._root), on.sent, on.balances()))
    return [(outcome._replace(position=None), sent, moved) for outcome, sent, moved in result]  # type: ignore[arg-type]


@pytest.mark.parametrize("bots", POPULATIONS.values(), ids=POPULATIONS)
def test_every_wei_is_accounted_for(bots: list[str]) -> None:
    on = player("revm", IMPATIENT, bots)
    burnt_call = keccak(b"burnt()")[:4]
    for k in range(20):
        before = on.balances()
        outcome = on.play(k)
        moved = [after - was for after, was in zip(on.balances(), before, strict=True)]
        burnt = moved.pop()
        # What the seats lost stays in the contract, and the contract counts it as burnt.
        assert sum(moved) == -burnt
        assert (
            int.from_bytes(on.evm.call(on.evm.deployer, on.contract, burnt_call).output) == on.balances()[-1]
        )
        # Work done less money moved is what the outcome calls cost.
        settled = outcome.ending == "settled"
        rows = outcome.position.rows if settled else IMPATIENT.contracted.tolist()
        work = [IMPATIENT.cost_wei(i, sum(row)) for i, row in enumerate(rows)]
        assert [w - m for w, m in zip(work, moved, strict=True)] == list(outcome.costs)


def test_equal_costs_are_stored_once() -> None:
    problem = example_1()
    agents = open_backend("revm").accounts[:5]
    assert len(parameters_of(problem, agents, agents[0], bytes(32)).costs) == 1


def test_all_endings_and_continuation_are_reached() -> None:
    on = player("revm", IMPATIENT, ["random"])
    paths = {on.play(k).path for k in range(400)}
    assert {"settled", "settled, continued", "broken down", "broken down, continued"} <= paths


def test_the_last_round_allowed_is_the_last() -> None:
    problem = replace(example_1(), continuation=Fraction(9, 10), max_rounds=2)
    on = player("revm", problem, ["stubborn", "equilibrium", "equilibrium", "equilibrium", "equilibrium"])
    outcomes = [on.play(k) for k in range(60)]
    assert max(outcome.rounds for outcome in outcomes) == 2
    assert any(outcome.path == "broken down, continued" for outcome in outcomes)


def test_a_refusal_by_the_contract_is_named() -> None:
    class Overreaching(Greedy):
        def announce(self, position: Position, random: Random) -> Row:
            return tuple(x + 1 for x in super().announce(position, random))

    on = player("revm", example_1(), ["equilibrium"])
    on.bots = [Overreaching(0), *on.bots[1:]]
    with pytest.raises(UnexpectedRevertError, match=r"refuses announce: AnnouncementTooHigh\(0, 10, 9\)"):
        on.play(0)
