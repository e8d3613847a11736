"""Strategies do what is said of them, decision by decision."""

from fractions import Fraction
from math import exp, sqrt
from pathlib import Path
from random import Random

import numpy as np
import pytest

from parley.core.errors import ParleyError
from parley.kit.experiment.run import run_experiment
from parley.mechanisms.coordination.axioms.manipulation import manipulations
from parley.mechanisms.coordination.axioms.triple import recognition_of
from parley.mechanisms.coordination.bots import Reveals
from parley.mechanisms.coordination.experiment.adaptive import (
    DEMANDS,
    Colluding,
    Quantal,
    RegretMatching,
    RothErev,
    WinStay,
    outlook,
)
from parley.mechanisms.coordination.experiment.strategies import make_strategy
from parley.mechanisms.coordination.experiment.strategy import HEIGHTS, Experience, Strategy, at_height
from parley.mechanisms.coordination.position import Position
from parley.mechanisms.coordination.problem import example_1, load_problem
from parley.mechanisms.coordination.recognition import fraction
from parley.mechanisms.coordination.solution import solve
from tests.experiment.files import EXAMPLE, PROBLEMS, rows, written

EXAMPLES = PROBLEMS.parent / "examples"


def after(position: Position, row: tuple[int, ...]) -> Position:
    """The position that an announcement leads to."""
    problem = position.problem
    return position.after(row, fraction(problem.recognition, problem, len(position.rows), position.rows, row))


def game(saved: float, note: object = None, ending: str = "settled") -> Experience:
    """A game that saved its member a share of what was possible."""
    return Experience(0, (), ending, 1, 0, 10**9 - int(saved * 10**9), 10**9, 10**9, note)


@pytest.mark.parametrize("height", HEIGHTS)
def test_announcements_at_every_height_are_legal_and_lead_from_the_least_to_the_most(
    height: Fraction,
) -> None:
    random = np.random.default_rng(1)
    for file in ("paper-example-1.toml", "general-domain.toml", "support-desk.toml"):
        position = Position(load_problem(PROBLEMS / file))
        for _ in range(position.problem.agents):
            lower, upper = position.bounds
            row = at_height(position, height)
            assert all(low <= x <= high for low, x, high in zip(lower, row, upper, strict=True))
            assert abs(height) != 1 or row == (upper if height == 1 else lower)
            position = after(position, tuple(map(int, random.integers(lower, upper, endpoint=True))))


def test_what_agent_1_expects_of_the_cost_effective_announcement_is_its_equilibrium_cost() -> None:
    problem = example_1()
    solution = solve(problem)
    position = Position(problem)
    for i in range(problem.agents):
        row = tuple(solution.allocation[i].tolist())
        assert outlook(position, row) == solution.expected_costs[i]
        position = after(position, row)


def test_quantal_responses_follow_the_logit_of_what_is_expected() -> None:
    position = Position(example_1())
    bot = Quantal(0, Fraction(1, 10))
    rows_there = [at_height(position, height) for height in HEIGHTS]
    weights = [exp(-float(outlook(position, row)) / 38 / 0.1) for row in rows_there]
    random = Random(1)
    drawn = [bot.announce(position, random) for _ in range(4000)]
    for row, weight in zip(rows_there, weights, strict=True):
        p = weight / sum(weights)
        assert abs(drawn.count(row) - 4000 * p) <= 4.5 * sqrt(4000 * p * (1 - p))
    cold = Quantal(0, Fraction(1, 10**6))
    least = min(outlook(position, row) for row in rows_there)
    assert {outlook(position, cold.announce(position, random)) for _ in range(50)} == {least}


def test_roth_and_erev_reinforce_what_was_chosen_and_spill_some_to_the_rest() -> None:
    bot = RothErev(0, forgetting=Fraction(1, 10), experimentation=Fraction(1, 5), propensity=Fraction(1))
    bot.state = bot.initial()
    heights, demands = bot.learn([game(0.5, [2, 0])], Random(0))
    assert heights == pytest.approx([0.9 + 0.1 / 4, 0.9 + 0.1 / 4, 0.9 + 0.4, 0.9 + 0.1 / 4, 0.9 + 0.1 / 4])
    assert demands == pytest.approx([0.9 + 0.4] + [0.9 + 0.1 / 2] * 2)
    assert bot.state == bot.initial()
    assert bot.learn([game(0.5), game(-3.0, [2, 0])], Random(0))[0] == pytest.approx([0.9] * 5)


def test_regret_matching_goes_over_to_what_would_have_been_better() -> None:
    bot = RegretMatching(0, exploration=Fraction(1, 10), inertia=Fraction(1, 2))
    bot.state = bot.initial()
    past = [game(0.1, [k % 5, 0]) if k % 5 else game(0.6, [0, 0]) for k in range(50)] + [game(0.1, [3, 0])]
    mixed = bot.learn(past, Random(0))[0]["mixed"]
    assert sum(mixed) == pytest.approx(1)
    # Ten games with choice 0 saved 0.6 each, eleven with 3 saved 0.1: q(3) = q(0), over 51 games.
    regret = (10 * 0.6 - 11 * 0.1) / 51
    assert mixed[0] == pytest.approx(0.9 * min(regret / 0.5, 0.25) + 0.1 / 5)
    assert mixed[1] == mixed[2] == mixed[4] == pytest.approx(0.02)


def test_who_does_as_well_as_hoped_stays_and_others_shift() -> None:
    bot = WinStay(0, memory=Fraction(1, 2))
    bot.state = bot.initial()
    bot.state = bot.learn([game(0.4)], Random(0))
    assert bot.state == {"height": 2, "hope": pytest.approx(0.4)}
    bot.state = bot.learn([game(0.6), game(0.4)], Random(0))
    assert bot.state == {"height": 2, "hope": pytest.approx(0.45)}
    shifted = {bot.learn([game(0.1)], Random(k))["height"] for k in range(40)}
    assert shifted == {0, 1, 3, 4}


def test_learners_play_what_they_have_drawn_and_demand_it_of_offers() -> None:
    position = Position(example_1())
    bot = RothErev(0)
    bot.state = [[0, 0, 0, 0, 1.0], [0, 0, 1.0]]
    row = bot.announce(position, Random(0))
    assert (row, bot.note) == (position.bounds[1], [4, 2])
    for i in range(5):
        position = after(position, at_height(position, Fraction(i and 0)))
    bargaining = position.bargaining
    least = bargaining.threshold(0)
    asked = int(DEMANDS[2] * bargaining.savings)
    assert not bot.accepts(bargaining, least - asked + 1, Random(0), last_round=False)
    assert bot.accepts(bargaining, least - asked, Random(0), last_round=False)


# ── two that collude ────────────────────────────────────────────────────────────────────────────────────────


def test_a_pair_gains_together_what_the_audit_says_it_can(tmp_path: Path) -> None:
    problem = load_problem(EXAMPLE)
    found = manipulations(problem, recognition_of("p-star"))
    best = max(found.pairs, key=lambda entry: entry.gain)
    assert best.gain > 0
    one, other = best.agents
    seats = [
        {"seat": one, "strategies": {f"colluding:partner={other}": 1}},
        {"seat": other, "strategies": {f"colluding:partner={one}": 1}},
    ]
    games = 400
    run = run_experiment(
        written(tmp_path, games=games, generations=1, population={"members": 3, "seats": seats}),
        out=tmp_path / "run",
    )
    announced = [row["units"] for row in rows(tmp_path / "run", "announcements")]
    assert announced == np.array(best.outcome.allocation).ravel().tolist() * games
    agents = run.summary["cells"][0]["agents"]
    usual = solve(problem).expected_costs
    together = sum(float(usual[i]) - agents[i]["expected_cost"] for i in best.agents)
    assert together == pytest.approx(float(best.gain), abs=1e-6)
    assert run.summary["cells"][0]["settled"] == games
    assert all(abs(agent["z"]) < 4.5 for agent in agents if agent["z"] is not None)


def test_who_meets_no_accomplice_plays_as_in_equilibrium() -> None:
    bots = [make_strategy("colluding:partner=1", 0), *(make_strategy("equilibrium", i) for i in range(1, 5))]
    pair = bots[0]
    assert isinstance(pair, Colluding)
    pair.meet(bots)
    position = Position(example_1())
    assert pair.announce(position, Random(0)) == (5, 0, 0, 0, 0)
    assert pair.reveals(position, Reveals(b"", 1, {}), b"")


def test_a_pair_would_withhold_if_a_draw_cost_it_more_than_its_bond() -> None:
    """It never does in equilibrium; with offers made up to be bad for it, it does."""
    problem = example_1()
    bots = [
        Colluding(0, Fraction(1)),
        Colluding(1, Fraction(0)),
        *(make_strategy("greedy", i) for i in (2, 3, 4)),
    ]
    position = Position(problem)
    for bot, secret in zip(bots[:2], (b"\1" * 32, b"\2" * 32), strict=True):
        assert isinstance(bot, Colluding)
        bot.meet(bots)
        bot.secret = secret
    for row in solve(problem).allocation.tolist():
        position = after(position, tuple(row))
    seen = Reveals(bytes(32), 1, {i: bytes([i]) * 32 for i in (2, 3, 4)})
    first = bots[0]
    assert first.reveals(position, seen, b"\1" * 32)
    bad = sum(position.bargaining.contracted_costs[:2]) + problem.bond_wei
    for proposer in range(5):
        position.bargaining._offers[proposer, False] = (bad, 1, 0, 0, 0)
    assert not first.reveals(position, seen, b"\1" * 32)


# ── by name ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("stubborn:x", "'stubborn:x': 'x' is not a number"),
        ("quantal:1/2", "'quantal:1/2': '1/2' is not an argument KEY=NUMBER (known: temperature)"),
        ("quantal:temperature=0", "'quantal:temperature=0': temperature 0 is not above 0"),
        ("roth-erev:forgetting=2", "'roth-erev:forgetting=2': forgetting 2 is not at least 0 and at most 1"),
        ("win-stay:memory=1,memory=1", "'win-stay:memory=1,memory=1': 'memory=1' is not an argument"),
        ("colluding", "'colluding': TypeError: "),
        ("colluding:partner=0", "'colluding:partner=0': partner 0 is not another seat"),
        ("none.py:Class", "none.py: no such file"),
        ("bad.py:Class", "bad.py: ZeroDivisionError: division by zero"),
        ("good.py:Other", "good.py: no subclass 'Other' of Strategy"),
        (
            "good.py:Mine:hope=1",
            "'good.py:Mine:hope=1': 'hope=1' is not an argument KEY=NUMBER (known: none)",
        ),
    ],
)
def test_bad_names_are_explained_in_one_line(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "bad.py").write_text("1 / 0\n", encoding="utf-8")
    (tmp_path / "good.py").write_text(
        "from parley.mechanisms.coordination.experiment.strategies import Strategy\n"
        "class Mine(Strategy):\n    pass\n",
        encoding="utf-8",
    )
    with pytest.raises(ParleyError) as caught:
        make_strategy(name, 0, tmp_path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_examples_strategy_plays_and_grows_bolder() -> None:
    bot = make_strategy("cautious.py:Cautious:step=1/2", 0, EXAMPLES)
    assert isinstance(bot, Strategy)
    position = Position(example_1())
    bot.state = bot.initial()
    assert bot.announce(position, Random(0)) == position.bounds[0]
    for _ in range(10):
        bot.state = bot.learn([game(0.1)], Random(0))
    assert bot.announce(position, Random(0)) == (5, 0, 0, 0, 0)
    assert bot.learn([game(0.1), game(0.0, ending="broken down")], Random(0)) == 1.0


def test_a_strategy_that_fails_is_named_with_the_game_it_failed_in(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from parley.mechanisms.coordination.experiment.strategies import Strategy\n"
        "class Mine(Strategy):\n"
        "    def announce(self, position, random):\n"
        "        return (99,) * position.problem.task_types\n",
        encoding="utf-8",
    )
    seats = [{"seat": 2, "strategies": {"mine.py:Mine": 1}}]
    with pytest.raises(ParleyError, match=r"cell 0, generation 0, game 0 .*mine\.py:Mine.*refuses announce"):
        run_experiment(written(tmp_path, population={"seats": seats}), out=tmp_path / "run")
