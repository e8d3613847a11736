"""The exact twin plays the chain's games: every field of every game, and every hash."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from hashlib import shake_256
from random import Random
from typing import NamedTuple

import numba
import numpy as np
import pytest

from parley.chain.backends import open_evm
from parley.chain.codec import compiled_codec
from parley.chain.compiler import project_root
from parley.chain.evm import Evm
from parley.core.errors import ParleyError
from parley.core.machine import compiled
from parley.core.randomness import highest_accepted, keccak, word
from parley.kit.play.player import Sent, UnexpectedRevertError
from parley.kit.play.tally import Tally
from parley.mechanisms.coordination.bots import Bot, Greedy, make_bots
from parley.mechanisms.coordination.play import (
    Deployment,
    Outcome,
    Player,
    deploy_mechanism,
)
from parley.mechanisms.coordination.position import Bargaining, Position, Row
from parley.mechanisms.coordination.problem import Problem, example_1, load_problem
from parley.mechanisms.coordination.recognition import RECOGNITION
from parley.mechanisms.coordination.statistics import statistics
from parley.mechanisms.coordination.twins.compiled import keccak_lanes, residue, shake_lanes
from parley.mechanisms.coordination.twins.exact import Games, Twin, embedded
from parley.mechanisms.coordination.twins.tables import lanes
from tests.coordination.problems import random_problem

FUNCTIONS = compiled_codec("TwoStageMechanism").selectors

ROOT = project_root()
DRAWN = compiled_codec("TwoStageMechanism").topics["ProposerDrawn"]
NAMES = {int.from_bytes(selector): name for name, selector in FUNCTIONS.items()}

STRATEGIES = (
    "equilibrium",
    "greedy",
    "minimal",
    "stubborn",
    "stubborn:1/3",
    "withholder",
    "silent:joining",
    "silent:announcing",
    "silent:revealing",
    "silent:proposing",
    "silent:responding",
    "random",
)
COMMON = (*STRATEGIES[:6], "silent:proposing", "silent:responding")
FILES = ("paper-example-1", "support-desk", "general-domain", "piecewise", "power")


class Machine(NamedTuple):
    evm: Evm
    deployment: Deployment


@pytest.fixture(scope="module")
def machine() -> Machine:
    evm = open_evm("revm")
    return Machine(evm, deploy_mechanism(evm))


class Transcript:
    """The words of a transcript, from calldata and events alone."""

    def __init__(self, sent: list[Sent]) -> None:
        self.words: list[bytes] = []
        self.digest: bytes | None = None
        self.answers: list[bool] | None = None
        for entry in sent:
            name, data = NAMES[int.from_bytes(entry.data[:4])], entry.data[4:]
            self.before(name)
            getattr(self, name, self.nothing)([data[at : at + 32] for at in range(0, len(data), 32)], entry)

    def before(self, name: str) -> None:
        if name not in {"create", "join", "announce"} and self.digest is not None:
            self.words.append(self.digest)
            self.digest = None
        if name in {"reveal", "expire", "withdraw"} and self.answers is not None:
            self.words.append(word(2 * len(self.answers) + all(self.answers)))
            self.answers = None

    def nothing(self, argument: list[bytes], entry: Sent) -> None:
        pass

    def create(self, _: list[bytes], entry: Sent) -> None:
        self.words.append(entry.output)
        self.digest = entry.logs[0][1][:32]

    def join(self, argument: list[bytes], _: Sent) -> None:
        self.words.append(argument[3])

    def announce(self, argument: list[bytes], _: Sent) -> None:
        assert argument[1] == self.digest
        self.digest = keccak(argument[1] + b"".join(argument[4:]))

    def reveal(self, argument: list[bytes], entry: Sent) -> None:
        self.words.append(argument[4])
        for topics, drawn in entry.logs[1:]:
            if topics[0] == DRAWN:
                self.words += [drawn[32:64], drawn[64:96], drawn[96:128]]

    def propose(self, argument: list[bytes], _: Sent) -> None:
        self.words.append(keccak(b"".join(argument[4:])))
        self.answers = []

    def respond(self, argument: list[bytes], _: Sent) -> None:
        assert self.answers is not None
        self.answers.append(argument[2] == word(1))


def assert_same(games: Games, i: int, on: Player) -> Outcome:
    """Game i of the twin's is the one that the chain plays."""
    told, happened = games.outcome(i), on.play(games.first + i)
    assert told.position.rows == happened.position.rows
    assert told.position.fractions == happened.position.fractions
    assert told._replace(position=happened.position) == happened
    assert games.transcripts is not None
    assert games.transactions[i] == len(on.sent)
    assert games.transcripts[i].tobytes() == keccak(b"".join(Transcript(on.sent).words))
    return happened


def some_problem(dice: Random) -> Problem:
    """One of the shipped problems or a random one, with some of its terms changed."""
    if dice.random() < 0.5:
        problem = load_problem(ROOT / "problems" / f"{dice.choice(FILES)}.toml")
    else:
        problem = random_problem(dice, special=dice.random() < 0.5)
    delta = dice.choice([Fraction(0), Fraction(1, 2), Fraction(9, 10), Fraction(99, 100)])
    return replace(
        problem,
        recognition=dice.choice(list(RECOGNITION)),
        continuation=delta,
        max_rounds=dice.choice([1, 2, 3, 65535, 65535]),
    )


def campaign(machine: Machine, seed: int, problems: int, games: int) -> Tally[Outcome]:
    """Problem after problem, mixed populations of eight line-ups each; every game on the chain too."""
    dice = Random(seed)
    tally: Tally[Outcome] = Tally([])
    for k in range(problems):
        problem = some_problem(dice)
        n = problem.agents
        pool = [STRATEGIES.index(name) for name in (COMMON if k % 3 else STRATEGIES)]
        lineups = [[dice.choice(pool) for _ in range(n)] for _ in range(6)] + [[0] * n, [3] + [0] * (n - 1)]
        which = [dice.randrange(8) for _ in range(games)]
        run, first = dice.randrange(2**40), dice.choice([0, 7, 10**9])
        twin = Twin(problem, STRATEGIES)
        played = twin.play(run, first, games, [lineups[w] for w in which], transcripts=True)
        machine.evm.recycle()
        players: dict[int, Player] = {}
        outcomes = []
        for i, w in enumerate(which):
            if w not in players:
                bots = [make_bots([STRATEGIES[s]], n)[seat] for seat, s in enumerate(lineups[w])]
                players[w] = Player(machine.evm, machine.deployment, problem, bots, run)
            outcomes.append(assert_same(played, i, players[w]))
        mine = Tally(statistics(problem))
        for outcome in outcomes:
            mine.add(outcome)
        mine.transactions = int(played.transactions.sum())
        assert played.tally() == mine
        assert played.cost_sums() == tuple(mine.sums("cost"))
        tally.endings += mine.endings
        tally.paths += mine.paths
    return tally


def test_games_are_those_of_the_contract(machine: Machine) -> None:
    tally = campaign(machine, seed=1, problems=40, games=60)
    assert tally.games == 2400
    # All ways in which a game can end have been taken, and often enough to be compared.
    assert len(tally.paths) == 6
    assert min(tally.paths.values()) >= 20


@pytest.mark.deep
def test_ten_thousand_games_are_those_of_the_contract(machine: Machine) -> None:
    tally = campaign(machine, seed=2, problems=100, games=100)
    assert tally.games == 10_000
    assert min(tally.paths.values()) >= 100


def test_the_paper_s_example_is_the_contract_s_for_a_thousand_games(machine: Machine) -> None:
    machine.evm.recycle()
    on = Player(machine.evm, machine.deployment, example_1(), make_bots(["equilibrium"], 5), 11)
    games = Twin(example_1(), ["equilibrium"]).play(11, 0, 1000, transcripts=True)
    for i in range(1000):
        assert_same(games, i, on)


def test_several_rounds_are_those_of_the_contract(machine: Machine) -> None:
    problem = replace(example_1(), continuation=Fraction(49, 50))
    names = ["equilibrium", "stubborn", "equilibrium", "stubborn", "silent:responding"]
    machine.evm.recycle()
    on = Player(machine.evm, machine.deployment, problem, make_bots(names, 5), 3)
    games = Twin(problem, names).play(3, 0, 150, transcripts=True)
    for i in range(150):
        assert_same(games, i, on)
    assert games.rounds.max() > 3


def test_a_game_depends_on_its_seed_and_number_alone() -> None:
    twin = Twin(example_1(), ["equilibrium", "random", "stubborn"])
    seats = [[0, 0, 0, 0, 0], [0, 1, 0, 0, 0], [2, 0, 2, 0, 0], [0, 1, 0, 0, 0]] * 5
    whole = twin.play(5, 0, 20, seats, transcripts=True)
    parts = [Twin(example_1(), twin.strategies).play(5, k, 1, seats[k], transcripts=True) for k in range(20)]
    for k, part in enumerate(parts):
        one, other = whole.outcome(k), part.outcome(0)
        assert one.position.rows == other.position.rows
        assert one._replace(position=other.position) == other
        assert whole.transcripts is not None
        assert part.transcripts is not None
        assert whole.transcripts[k].tobytes() == part.transcripts[0].tobytes()
    assert len({part.transcripts[0].tobytes() for part in parts if part.transcripts is not None}) == 20


def test_without_transcripts_the_games_are_the_same() -> None:
    problem = replace(example_1(), continuation=Fraction(19, 20))
    twin = Twin(problem, ["stubborn", "equilibrium", "withholder", "random"])
    seats = np.random.default_rng(1).integers(0, 4, (400, 5))
    one, other = (twin.play(5, 0, 400, seats, transcripts=hashed) for hashed in (True, False))
    assert other.transcripts is None
    for k in range(400):
        a, b = one.outcome(k), other.outcome(k)
        assert a.position.rows == b.position.rows
        assert a._replace(position=b.position) == b
    assert (one.transactions == other.transactions).all()


class Dicey:
    """Turns a bot into one that draws a random number and does not mind it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, seat: int) -> Bot:
        bot = make_bots([self.name], 64)[seat]
        plain = bot.accepts

        def accepts(bargaining: Bargaining, share: int, random: Random, *, last_round: bool) -> bool:
            random.random()
            return plain(bargaining, share, random, last_round=last_round)

        bot.accepts = accepts  # type: ignore[method-assign]
        return bot


def test_worked_out_in_python_games_are_the_same() -> None:
    problem = replace(example_1(), continuation=Fraction(4, 5))
    names = [*STRATEGIES[:-1]]
    seats = np.random.default_rng(2).integers(0, len(names), (300, 5))
    seats[::3] = np.minimum(seats[::3], 5)
    compiled, python = Twin(problem, names), Twin(problem, [Dicey(name) for name in names])
    assert compiled.compiles(seats)
    assert not python.compiles([0] * 5)
    one, other = (twin.play(8, 0, 300, seats, transcripts=True) for twin in (compiled, python))
    for k in range(300):
        a, b = one.outcome(k), other.outcome(k)
        assert a.position.rows == b.position.rows
        assert a._replace(position=b.position) == b
    assert one.transcripts is not None
    assert other.transcripts is not None
    assert (one.transcripts == other.transcripts).all()
    assert (one.transactions == other.transactions).all()


def test_only_line_ups_with_random_bots_are_not_compiled() -> None:
    twin = Twin(example_1(), STRATEGIES)
    last = len(STRATEGIES) - 1
    assert all(twin.compiles([kind] * 5) for kind in range(last))
    assert not any(twin.compiles([last if seat == where else 0 for seat in range(5)]) for where in range(5))


def test_a_tally_is_that_of_the_games(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parley.mechanisms.coordination.twins.games.BATCH", 64)
    twin = Twin(example_1(), ["equilibrium", "stubborn"])
    seats = np.random.default_rng(3).integers(0, 2, (300, 5))
    done: list[int] = []
    assert twin.tally(1, 10, 300, seats, progress=done.append) == twin.play(1, 10, 300, seats).tally()
    assert sum(done) == 300
    assert twin.tally(1, 10, 70, [0, 1, 0, 0, 0]) == twin.play(1, 10, 70, [0, 1, 0, 0, 0]).tally()


def test_costs_beyond_64_bits_stay_exact(machine: Machine) -> None:
    problem = replace(example_1(), wei_per_cost=10**9 * 2**56, bond=Fraction(1))
    machine.evm.recycle()
    on = Player(machine.evm, machine.deployment, problem, make_bots(["equilibrium"], 5), 2)
    games = Twin(problem, ["equilibrium"]).play(2, 0, 20, transcripts=True)
    costs = [assert_same(games, i, on).costs for i in range(20)]
    assert max(map(max, costs)) > 2**90
    assert games.cost_sums() == tuple(map(sum, zip(*costs, strict=True)))


def test_forty_agents_play_as_on_the_contract(machine: Machine) -> None:
    # More than one word of the packed order, and several blocks of SHAKE256.
    agents = 40
    contracted = np.zeros((agents, 2), dtype=np.int64)
    contracted[:3] = [[30, 0], [0, 40], [20, 20]]
    capacity = contracted + 2
    problem = Problem(contracted, capacity, example_1().costs[:1], Fraction(9, 10))
    names = ["equilibrium"] * agents
    names[5], names[38] = "stubborn", "silent:responding"
    machine.evm.recycle()
    on = Player(machine.evm, machine.deployment, problem, make_bots(names, agents), 1)
    games = Twin(problem, names).play(1, 0, 12, transcripts=True)
    assert len({assert_same(games, i, on).path for i in range(12)}) > 1


def test_line_ups_may_share_what_was_worked_out_for_others(machine: Machine) -> None:
    # On the chain each line-up plays alone, with plans of its own; the twin's meet at positions that others
    # have been at. The costs tie often.
    names = ["equilibrium", "greedy", "minimal"]
    different = 0
    for seed in range(40):
        dice = Random(seed)
        problem = random_problem(dice, special=False)
        twin = Twin(problem, names)
        allocations = set()
        for _ in range(6):
            lineup = [dice.randrange(3) for _ in range(problem.agents)]
            machine.evm.recycle()
            bots = [make_bots([names[s]], problem.agents)[seat] for seat, s in enumerate(lineup)]
            on = Player(machine.evm, machine.deployment, problem, bots, seed)
            games = twin.play(seed, 0, 1, lineup, transcripts=True)
            allocations.add(assert_same(games, 0, on).position.rows)
        different += len(allocations) > 1
    assert different > 10


def test_another_chain_has_other_games() -> None:
    here = embedded()
    elsewhere = here._replace(chain_id=1)
    one, other = (
        Twin(example_1(), ["equilibrium"], chain=chain).play(1, 0, 100) for chain in (here, elsewhere)
    )
    assert (one.proposer != other.proposer).any()


# ── what is refused ───────────────────────────────────────────────────────────────────────────────────────


class Overreaching(Greedy):
    def announce(self, position: Position, random: Random) -> Row:
        return tuple(x + 1 for x in super().announce(position, random))


class Generous(Bot):
    def propose(self, bargaining: Bargaining, *, last_round: bool) -> Row:
        shares = super().propose(bargaining, last_round=last_round)
        return (shares[0] + 1, *shares[1:])


class Extortionate(Bot):
    def propose(self, bargaining: Bargaining, *, last_round: bool) -> Row:
        shares = list(super().propose(bargaining, last_round=last_round))
        other = 1 if self.seat == 0 else 0
        shares[other] += 10**30
        shares[self.seat] -= 10**30
        return tuple(shares)


class Lengthy(Greedy):
    def announce(self, position: Position, random: Random) -> Row:
        return (*super().announce(position, random), 0)


@pytest.mark.parametrize("bot", [Overreaching, Generous, Extortionate, Lengthy])
def test_what_the_contract_refuses_is_refused_alike(machine: Machine, bot: type[Bot]) -> None:
    machine.evm.recycle()
    bots = [bot(seat) for seat in range(5)]
    with pytest.raises(UnexpectedRevertError) as there:
        Player(machine.evm, machine.deployment, example_1(), bots, 1).play(0)
    with pytest.raises(UnexpectedRevertError) as here:
        Twin(example_1(), [bot]).play(1, 0, 10)
    assert str(here.value) == str(there.value)
    assert here.value.error == there.value.error


def test_a_bad_offer_matters_only_where_it_is_made() -> None:
    seats = [0, 0, 0, 0, 1]
    proposers = Twin(example_1(), ["equilibrium"]).play(1, 0, 200).proposer
    until = int(np.flatnonzero(proposers == 4)[0])
    twin = Twin(example_1(), ["equilibrium", Generous])
    assert (twin.play(1, 0, until, seats).proposer == proposers[:until]).all()
    with pytest.raises(UnexpectedRevertError, match="ProposalSumMismatch"):
        twin.play(1, 0, until + 1, seats)


@pytest.mark.parametrize(
    ("strategies", "seats", "message"),
    [
        (["equilibrium", "greedy"], None, "2 strategies for 5 agents"),
        (["equilibrium"], [0, 0], "one line-up of 5"),
        (["equilibrium"], [0, 0, 0, 0, 1], "below 1"),
        (["equilibrium"], [[0] * 5] * 3, "or 4 of them"),
    ],
)
def test_seats_that_do_not_fit_are_refused(
    strategies: list[str], seats: list[int] | None, message: str
) -> None:
    with pytest.raises(ParleyError, match=message):
        Twin(example_1(), strategies).play(1, 0, 4, seats)


def test_unknown_bots_and_numbers_below_zero_are_refused() -> None:
    with pytest.raises(ParleyError, match="unknown bot 'lazy'"):
        Twin(example_1(), ["lazy"])
    with pytest.raises(ParleyError, match="numbers are from 0"):
        Twin(example_1(), ["greedy"]).play(1, -1, 4)
    with pytest.raises(ParleyError, match="0 games from 3 on"):
        Twin(example_1(), ["greedy"]).play(1, 3, 0)


# ── the machine code ──────────────────────────────────────────────────────────────────────────────────────


def test_keccak_is_keccak_at_every_length() -> None:
    state = np.zeros(25, np.uint64)
    for count in range(90):
        message = Random(count).randbytes(8 * count)
        keccak_lanes(lanes(message), count, state)
        assert state[:4].astype("<u8").tobytes() == keccak(message)


def test_shake_is_shake_at_every_length() -> None:
    state = np.zeros(25, np.uint64)
    for length in range(1, 300):
        prefix = Random(length).randbytes(length)
        number, round_number = Random(length).choice([(0, 1), (10**length % 2**61, 65535), (9, 10)])
        out = np.zeros(4 * length % 70, np.uint64)
        shake_lanes(np.frombuffer(prefix, np.uint8), number, round_number, state, out)
        expected = shake_256(prefix + b"%d:%d" % (number, round_number)).digest(8 * len(out))
        assert out.astype("<u8").tobytes() == expected


@pytest.mark.parametrize("bound", [1, 2, 3, 10, 2**31 + 11, 2**32 - 5, 2**32 - 1])
def test_words_are_taken_and_left_as_the_contract_does(bound: int) -> None:
    highest = highest_accepted(bound)
    edges = [highest - 1, highest, highest + 1, 2**256 - 1, 0, 1, bound, 2**192 - 1, 2**255 + 12345]
    for value in [*edges, *(Random(bound).getrandbits(256) for _ in range(50))]:
        if value < 2**256:
            accepted, rest = residue(lanes(word(value)), np.uint64(bound))
            assert (accepted, int(rest)) == (value <= highest, value % bound)


def test_numba_is_not_loaded_before_a_twin_plays() -> None:
    code = (
        "import sys\n"
        "import parley.cli.commands\n"
        "from parley.mechanisms.coordination.twins.statistical import StatisticalTwin\n"
        "from parley.mechanisms.coordination.twins.exact import Twin\n"
        "from parley.mechanisms.coordination.problem import example_1\n"
        "Twin(example_1(), ['greedy']).compiles(), StatisticalTwin(example_1(), ['random'])\n"
        "sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_without_a_place_to_keep_machine_code_it_is_compiled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    njit: Callable[..., object] = numba.njit

    def without_cache(*functions: Callable[..., object], **options: bool) -> object:
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return njit(*functions, **options)

    monkeypatch.setattr(numba, "njit", without_cache)
    assert compiled(lambda x: x + 1)(2) == 3
