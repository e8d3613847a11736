"""What each kind of bot does, decision by decision."""

from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np
import pytest

from parley.core.errors import ParleyError
from parley.mechanisms.coordination.bots import (
    Bot,
    Greedy,
    Minimal,
    RandomBot,
    Reveals,
    Withholder,
    make_bots,
    proposer_of,
)
from parley.mechanisms.coordination.position import Position
from parley.mechanisms.coordination.problem import Problem, example_1
from parley.mechanisms.coordination.recognition import fraction

X = ((5, 0, 0, 0, 0), (1, 3, 0, 0, 0), (1, 1, 2, 0, 0), (1, 1, 1, 1, 0), (1, 0, 1, 1, 1))


def position_at(problem: Problem, rows: tuple[tuple[int, ...], ...]) -> Position:
    position = Position(problem)
    for j, row in enumerate(rows):
        position = position.after(row, fraction(problem.recognition, problem, j, rows[:j], row))
    return position


def test_equilibrium_follows_the_intended_allocation_and_plays_on_after_a_deviation() -> None:
    Y = ((5, 0, 0, 0, 0), (2, 2, 0, 0, 0), (2, 0, 2, 0, 0), (0, 2, 0, 2, 0), (0, 1, 2, 0, 1))
    problem = replace(example_1(), allocation=np.array(Y))
    bot, random = Bot(1), Random(1)
    for j in range(5):
        assert bot.announce(position_at(problem, Y[:j]), random) == Y[j]
    # Agent 1 kept one task more than intended; the best that is left gives the others 4 or 3 tasks.
    rows: tuple[tuple[int, ...], ...] = ((6, 0, 0, 0, 0),)
    for _ in range(4):
        rows = (*rows, bot.announce(position_at(problem, rows), random))
    assert sorted(sum(row) for row in rows) == [3, 4, 4, 4, 6]


def test_greedy_and_minimal_announce_the_bounds() -> None:
    position = position_at(example_1(), X[:2])
    assert Greedy(2).announce(position, Random()) == (2, 2, 4, 0, 0)
    # Of agent 1's 9 − 6 tasks left, agents 4 and 5 can take 2; of type 2, 3; of type 3, agents 4 and 5 can
    # take 3.
    assert Minimal(2).announce(position, Random()) == (1, 0, 1, 0, 0)


def test_random_announcements_reach_every_legal_one() -> None:
    position = position_at(example_1(), X[:3])
    lower, upper = position.bounds
    random = Random(3)
    seen = {RandomBot(3).announce(position, random) for _ in range(500)}
    legal = 1
    for low, high in zip(lower, upper, strict=True):
        legal *= high - low + 1
    assert len(seen) == legal


def test_proposals_sum_to_the_total_cost_and_are_accepted_by_all() -> None:
    bargaining = position_at(example_1(), X).bargaining
    wei = example_1().wei_per_cost
    assert bargaining.total_cost == 89 * wei
    for last_round in (False, True):
        for proposer in range(5):
            shares = Bot(proposer).propose(bargaining, last_round=last_round)
            assert sum(shares) == bargaining.total_cost
            for j in range(5):
                if j != proposer:
                    assert Bot(j).accepts(bargaining, shares[j], Random(), last_round=last_round)
                    assert not Bot(j).accepts(bargaining, shares[j] + 1, Random(), last_round=last_round)


def test_thresholds_are_rounded_down_also_below_zero() -> None:
    # Agent 5's threshold is −419/1120: a third of a wei matters more than its sign.
    problem = replace(example_1(), wei_per_cost=10**9)
    bargaining = position_at(problem, X).bargaining
    exact = Fraction(-419, 1120) * 10**9
    assert bargaining.threshold(4) == exact.numerator // exact.denominator < 0


def test_stubborn_wants_a_share_of_the_savings_beyond_its_threshold() -> None:
    bargaining = position_at(example_1(), X).bargaining
    bot = make_bots(["stubborn:1/4"], 5)[2]
    most = bargaining.threshold(2) - bargaining.savings // 4
    assert bot.accepts(bargaining, most, Random(), last_round=False)
    assert not bot.accepts(bargaining, most + 1, Random(), last_round=False)


def test_withholder_reveals_exactly_when_the_draw_is_its_own() -> None:
    position = position_at(example_1(), X)
    game = b"\x11" * 32
    opened = 0
    secrets: list[bytes] = []
    for attempt in range(200):
        secrets = [bytes([attempt, seat]) * 16 for seat in range(5)]
        seen = Reveals(game, 1, dict(enumerate(secrets[1:], start=1)))
        opens = Withholder(0).reveals(position, seen, secrets[0])
        assert opens == (proposer_of(position, game, 1, secrets) == 0)
        opened += opens
    assert 0 < opened < 200
    # With somebody still to reveal after it, it cannot know.
    assert Withholder(0).reveals(position, Reveals(game, 1, {}), secrets[0])


def test_savings_lost_to_rounding_are_left_alone() -> None:
    # f = q², one wei per unit of cost squared: moving one of agent 1's two tasks saves 2 wei, less than dust
    # may take.
    mapping = {
        "kind": "coordination",
        "contracted": [[2], [0], [0], [0]],
        "capacity": [[2], [1], [1], [1]],
        "costs": [{"type": "quadratic", "quadratic": "1/1000000000"}],
        "continuation": "9/10",
        "recognition": "equal",
    }
    problem = Problem.from_mapping(mapping)
    assert problem.wei_per_cost == 10**9
    assert Bot(0).announce(Position(problem), Random()) == (2,)
    patient = Problem.from_mapping(mapping | {"wei_per_cost": 10**15})
    assert Bot(0).announce(Position(patient), Random()) == (1,)


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (["gredy"], r"unknown bot 'gredy' \(did you mean greedy\?\)"),
        (["x"], r"unknown bot 'x' \(known: equilibrium, greedy, minimal, .*, silent\)"),
        (["silent"], "'silent': silent needs a phase, as in silent:revealing"),
        (["silent:"], "no seat acts in a phase ''"),
        (["silent:sleeping"], r"no seat acts in a phase 'sleeping' \(known: joining, .*, responding\)"),
        (["silent:revaling"], r"no seat acts in a phase 'revaling' \(did you mean revealing\?\)"),
        (["stubborn:"], "'stubborn:'"),
        (["stubborn:x"], "'stubborn:x'"),
        (["stubborn:-1"], "must not be negative"),
        (["greedy:1"], "greedy takes no argument"),
        (["greedy", "minimal"], "2 names for 5 agents"),
    ],
)
def test_bad_names_are_refused_in_one_line(names: list[str], complaint: str) -> None:
    with pytest.raises(ParleyError, match=complaint) as error:
        make_bots(names, 5)
    assert "\n" not in str(error.value)
