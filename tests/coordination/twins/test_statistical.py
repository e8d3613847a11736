"""The statistical twin against theory and against the exact twin.

Every hypothesis is tested once with fixed seeds. Where a variance is known, |z| ≤ 4.5 is demanded (missed 7
times in a million under the hypothesis); p-values must be at least 1e-6.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import sqrt
from random import Random

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from parley.chain.compiler import project_root
from parley.core.errors import ParleyError
from parley.core.statistics import MIN_P
from parley.kit.play.tally import compare
from parley.mechanisms.coordination.bots import Bot, Withholder
from parley.mechanisms.coordination.position import Position
from parley.mechanisms.coordination.problem import Problem, example_1, load_problem
from parley.mechanisms.coordination.recognition import RECOGNITION
from parley.mechanisms.coordination.solution import solve
from parley.mechanisms.coordination.statistics import statistics
from parley.mechanisms.coordination.twins.exact import Games, Twin
from parley.mechanisms.coordination.twins.philox import below, philox
from parley.mechanisms.coordination.twins.statistical import StatisticalTwin
from parley.mechanisms.coordination.twins.tables import ENDINGS

MAX_Z = 4.5
"""Of counts of many games, which are nearly normal. Seeds are fixed: a test passes always or never."""

ROOT = project_root()


def z(count: float, mean: float, variance: float) -> float:
    return (count - mean) / sqrt(variance)


# ── against theory ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("recognition", RECOGNITION)
def test_in_equilibrium_costs_and_proposers_are_those_of_theory(recognition: str) -> None:
    problem = replace(example_1(), recognition=recognition)
    tally = StatisticalTwin(problem, ["equilibrium"]).tally(seed=1, first=0, games=300_000)
    assert tally.paths == {"settled": 300_000}
    assert tally.transactions == 26 * 300_000
    comparison = compare(statistics(problem), tally, solve(problem))
    assert [cost.z for cost in comparison.means["cost"] if cost.z is None] == []
    assert comparison.holds


@pytest.mark.parametrize("name", ["support-desk", "general-domain", "piecewise", "power"])
def test_shipped_problems_come_out_as_theory_has_them(name: str) -> None:
    problem = load_problem(ROOT / "problems" / f"{name}.toml")
    tally = StatisticalTwin(problem, ["equilibrium"]).tally(seed=2, first=0, games=200_000)
    assert compare(statistics(problem), tally, solve(problem)).holds


def test_bargaining_with_a_stubborn_agent_lasts_as_long_as_theory_says() -> None:
    # Agent 1 rejects all offers but its own: a round settles with p_1, else goes on with δ.
    games, delta = 200_000, Fraction(4, 5)
    problem = replace(example_1(), continuation=delta)
    tally = StatisticalTwin(problem, ["stubborn", *["equilibrium"] * 4]).tally(3, 0, games)
    p = solve(problem).probabilities[0]
    again = float((1 - p) * delta)
    settled = float(p) / (1 - again)
    assert abs(z(tally.sums("rounds")[0], games / (1 - again), games * again / (1 - again) ** 2)) <= MAX_Z
    assert abs(z(tally.endings["settled"], games * settled, games * settled * (1 - settled))) <= MAX_Z
    assert tally.endings["expired"] == 0
    # The first proposer is drawn as ever.
    assert abs(z(tally.sums("proposer")[0], games * float(p), games * float(p * (1 - p)))) <= MAX_Z


def test_a_cap_on_rounds_is_kept() -> None:
    problem = replace(example_1(), continuation=Fraction(4, 5), max_rounds=2)
    games = StatisticalTwin(problem, ["stubborn", *["equilibrium"] * 4]).play(4, 0, 100_000)
    p = float(solve(problem).probabilities[0])
    assert games.rounds.max() == 2
    second = int((games.rounds == 2).sum())
    chance = (1 - p) * 0.8
    assert abs(z(second, 1e5 * chance, 1e5 * chance * (1 - chance))) <= MAX_Z
    # In the last round a stubborn agent rejects too, so the second round settles with p_1.
    settled = int(((games.rounds == 2) & (games.ending == 0)).sum())
    assert abs(z(settled, second * p, second * p * (1 - p))) <= MAX_Z


def test_a_withholder_proposes_or_loses_its_bond() -> None:
    games = StatisticalTwin(example_1(), ["equilibrium", "withholder", *["equilibrium"] * 3]).play(
        5, 0, 100_000
    )
    settled = int((games.ending == 0).sum())
    p = float(solve(example_1()).probabilities[1])
    assert abs(z(settled, 1e5 * p, 1e5 * p * (1 - p))) <= MAX_Z
    assert set(games.proposer[games.ending == 0].tolist()) == {1}
    expired = next(games.outcome(i) for i in range(100) if games.ending[i] == 2)
    problem = example_1()
    alone = [problem.cost_wei(i, int(d.sum())) for i, d in enumerate(problem.contracted)]
    alone[1] += problem.bond_wei
    assert list(expired.costs) == alone


class Dithering(Bot):
    """Plays the equilibrium, but draws a number before: no line-up with it is compiled."""

    def announce(self, position: Position, random: Random) -> tuple[int, ...]:
        random.random()
        return super().announce(position, random)


@pytest.mark.parametrize(("second", "games"), [("equilibrium", 100_000), (Dithering, 3000)])
def test_who_is_asked_first_decides_between_silence_and_rejection(
    second: str | type[Bot], games: int
) -> None:
    # Agent 1 always rejects, agent 5 never answers: whoever of the two is asked first decides.
    problem = replace(example_1(), continuation=Fraction(0))
    strategies = ["stubborn", second, "equilibrium", "equilibrium", "silent:responding"]
    played = StatisticalTwin(problem, strategies).play(6, 0, games)
    neither = (played.proposer >= 1) & (played.proposer <= 3)
    number, expired = int(neither.sum()), int((neither & (played.ending == 2)).sum())
    assert number > 0.4 * games
    assert abs(z(expired, number / 2, number / 4)) <= MAX_Z
    assert (played.ending[played.proposer == 0] == 2).all()


def test_random_bots_toss_fair_coins() -> None:
    # Nobody but the two who toss can reject, and δ = 0: a game settles if both accept, one if it proposes.
    problem = replace(example_1(), continuation=Fraction(0))

    class Coin(Withholder):
        kind = "coin"
        reveals_last = False

        def accepts(self, *_: object, **__: object) -> bool:
            return self.dice.random() < 0.5

        def announce(self, position: Position, random: Random) -> tuple[int, ...]:
            self.dice = random
            random.random()
            return super().announce(position, random)

    games = StatisticalTwin(problem, ["equilibrium", Coin]).play(7, 0, 4000, [0, 1, 0, 1, 0])
    tossed = np.where((games.proposer == 1) | (games.proposer == 3), 1, 2)
    chances = 0.5**tossed
    settled = int((games.ending == 0).sum())
    assert abs(z(settled, float(chances.sum()), float((chances * (1 - chances)).sum()))) <= MAX_Z


# ── against the exact twin ────────────────────────────────────────────────────────────────────────────────


def classes(games: Games) -> Counter[tuple[object, ...]]:
    """How often each way of playing came out, costs included."""
    return Counter(
        zip(
            games.ending.tolist(),
            games.proposer.tolist(),
            np.minimum(games.rounds, 6).tolist(),
            games.transactions.tolist() if games.rounds.max() < 2 else [0] * len(games),
            [games.costs[cost] for cost in games.cost.tolist()],
            strict=True,
        )
    )


def homogeneity(one: Counter[tuple[object, ...]], other: Counter[tuple[object, ...]]) -> float:
    """p-value of the hypothesis that both are drawn alike; what is rarer than 20 in both is put together."""
    table, rare = [], np.zeros(2)
    for kind in one.keys() | other.keys():
        if one[kind] + other[kind] >= 20:
            table.append([one[kind], other[kind]])
        else:
            rare += one[kind], other[kind]
    rows = np.array([*table, *([rare] if rare.sum() >= 20 else [])])
    return 1.0 if len(rows) < 2 else float(chi2_contingency(rows.T).pvalue)


POPULATIONS: dict[str, Sequence[str]] = {
    "equilibrium": ["equilibrium"],
    "rejections": ["stubborn", "equilibrium", "equilibrium", "stubborn:1/3", "equilibrium"],
    "greedy and minimal": ["equilibrium", "greedy", "minimal", "greedy", "equilibrium"],
    "withholders": ["withholder", "stubborn", "equilibrium", "equilibrium", "withholder"],
    "silence and rejection": ["stubborn", "silent:responding", "equilibrium", "silent:responding", "greedy"],
    "silent proposer": ["stubborn", "silent:proposing", "equilibrium", "equilibrium", "equilibrium"],
    "silent revealing": ["silent:revealing", "equilibrium", "withholder", "equilibrium", "silent:revealing"],
    "silent joining": ["equilibrium", "silent:joining", "equilibrium", "equilibrium", "equilibrium"],
    "silent announcing": ["equilibrium", "greedy", "silent:announcing", "equilibrium", "equilibrium"],
}


def assert_distributed_alike(problem: Problem, names: Sequence[str], games: int, seed: int) -> None:
    exact = Twin(problem, names).play(seed, 0, games)
    statistical = StatisticalTwin(problem, names).play(seed, 0, games)
    one, other = classes(exact), classes(statistical)
    assert homogeneity(one, other) >= MIN_P
    # What comes often in one comes in the other.
    assert {kind for kind, count in one.items() if count > 40} <= other.keys()
    assert {kind for kind, count in other.items() if count > 40} <= one.keys()


@pytest.mark.parametrize("names", POPULATIONS.values(), ids=POPULATIONS)
@pytest.mark.parametrize("rounds", [1, 3, 65535])
def test_games_are_distributed_as_those_of_the_exact_twin(names: Sequence[str], rounds: int) -> None:
    problem = replace(example_1(), continuation=Fraction(4, 5), max_rounds=rounds)
    assert_distributed_alike(problem, names, 40_000, seed=rounds)


@pytest.mark.parametrize("recognition", RECOGNITION)
def test_with_every_recognition_function_too(recognition: str) -> None:
    problem = replace(example_1(), continuation=Fraction(4, 5), recognition=recognition)
    assert_distributed_alike(problem, POPULATIONS["greedy and minimal"], 40_000, seed=9)


def test_games_worked_out_in_python_are_distributed_as_those_of_the_exact_twin() -> None:
    problem = Problem(
        contracted=np.array([[2], [1]]),
        capacity=np.array([[2], [3]]),
        costs=example_1().costs[:1],
        continuation=Fraction(1, 2),
    )
    assert_distributed_alike(problem, ["random"], 4000, seed=1)


@pytest.mark.deep
def test_a_million_games_are_distributed_as_those_of_the_exact_twin() -> None:
    problem = replace(example_1(), continuation=Fraction(4, 5))
    for k, names in enumerate(POPULATIONS.values()):
        assert_distributed_alike(problem, names, 1_000_000, seed=k)


def test_a_biased_draw_would_be_noticed() -> None:
    # With δ = 0 nobody's share depends on p: another recognition function looks like draws that are off.
    problem = replace(example_1(), continuation=Fraction(0))
    other = replace(problem, recognition="contract-proportional")
    one = classes(Twin(problem, ["equilibrium"]).play(1, 0, 40_000))
    wrong = classes(StatisticalTwin(other, ["equilibrium"]).play(1, 0, 40_000))
    assert homogeneity(one, wrong) < MIN_P


# ── reproducible ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_game_depends_on_its_seed_and_number_alone() -> None:
    problem = replace(example_1(), continuation=Fraction(9, 10))
    twin = StatisticalTwin(problem, ["equilibrium", "stubborn", "random"])
    seats = np.random.default_rng(1).integers(0, 2, (2000, 5))
    seats[::100, 0] = 2
    whole = twin.play(1, 5, 2000, seats)
    late = twin.play(1, 1205, 800, seats[1200:])
    for k in range(800):
        one, other = whole.outcome(1200 + k), late.outcome(k)
        assert one._replace(position=other.position) == other
        assert one.position.rows == other.position.rows
    assert (twin.play(2, 5, 2000, seats).proposer != whole.proposer).any()


def test_game_numbers_beyond_32_bits_are_other_games() -> None:
    twin = StatisticalTwin(example_1(), ["equilibrium"])
    one, other = twin.play(1, 0, 1000), twin.play(1, 2**32, 1000)
    assert (one.proposer != other.proposer).any()


def test_bots_that_look_at_secrets_are_refused() -> None:
    class Curious(Withholder):
        def reveals(self, *_: object) -> bool:
            return True

    with pytest.raises(ParleyError, match="looks at secrets"):
        StatisticalTwin(example_1(), [Curious]).play(1, 0, 1)


# ── the generator ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([2**32 - 1] * 4, [2**32 - 1] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_philox_gives_the_words_that_its_authors_publish(
    counter: list[int], key: list[int], words: list[int]
) -> None:
    stream = np.array([0, 0, 0, 0, *counter, *key, 4], dtype=np.uint64)
    philox(stream)
    assert stream[:4].tolist() == words


def test_integers_are_drawn_without_bias() -> None:
    # A bound of 3 · 2^30 leaves out a quarter of all words: taken in, they would favour every third result.
    bound, draws = 3 << 30, 60_000
    stream = np.zeros(11, dtype=np.uint64)
    stream[10] = 4
    residues = np.bincount([int(below(np.uint64(bound), stream)) % 3 for _ in range(draws)], minlength=3)
    for count in residues.tolist():
        assert abs(z(count, draws / 3, draws * 2 / 9)) <= MAX_Z
    assert {int(below(np.uint64(1), stream)) for _ in range(20)} == {0}
    assert {int(below(np.uint64(2**32 - 1), stream)) < 2**32 - 1 for _ in range(20)} == {True}


def test_endings_are_named_in_order() -> None:
    assert ENDINGS == ("settled", "broken down", "expired")
