"""The reference model keeps its own promises, and agrees with theory, without any contract in sight."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import astuple, replace
from fractions import Fraction
from itertools import pairwise, product
from random import Random

import pytest
from eth_abi.abi import encode
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.core.randomness import commitment, keccak, word
from parley.kit.reference import Revert
from parley.kit.verify.contract import decoder_of
from parley.mechanisms.coordination.game import Cause, Game, Phase
from parley.mechanisms.coordination.mechanism import MECHANISM
from parley.mechanisms.coordination.model import Recognition, TwoStageModel
from parley.mechanisms.coordination.parameters import (
    Cost,
    CostKind,
    Page,
    Parameters,
    check,
    check_cost,
    check_rows,
    encode_parameters,
)
from parley.mechanisms.coordination.recognition import RECOGNITION, stick_breaking
from tests.coordination import samples
from tests.coordination.moves import Moves
from tests.kit.rig.moves import call_model

DECODER = decoder_of(MECHANISM)
ACTIONS = [name for name in DECODER.actions if name != "create"]
ACCOUNTS = ["0x" + f"{k:02x}" * 20 for k in range(0xA1, 0xA7)]
HOME = "0x" + "cc" * 20
RULES = {
    "0x" + f"{k:02x}" * 20: Recognition(word(k), function)
    for k, function in enumerate(RECOGNITION.values(), start=0xE1)
}
P_STAR = next(iter(RULES))
PAYEES = ["0x" + "d1" * 20, "0x" + "d2" * 20]

SQUARE = Cost(CostKind.QUADRATIC, denominator=1, coefficient=1)

dice = st.integers(0, 2**20).map(Random)

COST_TYPE = "(uint8,uint8,uint16,uint96,uint96,uint32[],uint96[])"
PARAMETERS_TYPE = (
    f"(address[],uint8,uint32[],uint32[],{COST_TYPE}[],address,bytes32,"
    "uint32,uint32,uint96,uint32,uint32,uint16)"
)


def new_model() -> TwoStageModel:
    model = TwoStageModel(1, HOME, RULES)
    model.now = 1_000_000
    return model


def opened(dice: Random, **changes: object) -> tuple[TwoStageModel, Moves, Game]:
    model = new_model()
    parameters = replace(samples.parameters(dice, ACCOUNTS[:5], RULES), **changes)  # type: ignore[arg-type]
    game = model.games[model.create(ACCOUNTS[0], word(1), parameters)]
    return model, Moves(model, ACCOUNTS, PAYEES, DECODER, dice.getrandbits(64)), game


def play(dice: Random, model: TwoStageModel, moves: Moves, game: Game) -> Iterator[Phase]:
    """Play until all is withdrawn (or for long enough), saying after each call where the game stands."""
    for _ in range(400):
        call = moves.next_call(dice, game)
        if call is None:
            return
        model.now += dice.choice([0, 1, game.parameters.action_window])
        if game.phase < Phase.SETTLED and model.now > game.deadline:
            call = moves.natural(dice, game, "expire")
        try:
            call_model(model, call)
        except Revert as revert:
            # A seat made to commit to what it cannot open can only let its time pass.
            if call.method != "reveal" or revert.name not in ("ZeroSecret", "WrongSecret"):
                raise
            model.now = game.deadline + 1
            continue
        yield game.phase


# ─────────────────────────────────────────────── parameters ──────────────────────────────────────────────


@settings(deadline=None)
@given(dice)
def test_parameters_are_encoded_as_the_abi_says(dice: Random) -> None:
    parameters = samples.parameters(dice, ACCOUNTS, RULES)
    assert encode_parameters(parameters) == encode([PARAMETERS_TYPE], [astuple(parameters)])
    assert parameters.digest() == keccak(encode_parameters(parameters))


def spoiled(dice: Random, parameters: Parameters) -> Parameters:
    (other,) = Moves(new_model(), ACCOUNTS, PAYEES, DECODER).spoiled(dice, parameters)
    assert isinstance(other, Parameters)
    return other


@settings(deadline=None)
@given(dice)
def test_spoiled_parameters_are_encoded_as_the_abi_says(dice: Random) -> None:
    parameters = spoiled(dice, samples.parameters(dice, ACCOUNTS, RULES))
    assert encode_parameters(parameters) == encode([PARAMETERS_TYPE], [astuple(parameters)])


def test_any_difference_in_parameters_changes_their_digest() -> None:
    parameters = samples.parameters(Random(1), ACCOUNTS, RULES)
    different = {parameters, *(spoiled(Random(k), parameters) for k in range(400))}
    assert len(different) > 200
    assert len({one.digest() for one in different}) == len(different)


@settings(deadline=None)
@given(dice)
def test_sampled_parameters_are_accepted(dice: Random) -> None:
    parameters = samples.parameters(dice, ACCOUNTS, RULES)
    check(parameters, lambda address: RULES[address].code)
    check_rows(parameters, Page(0, parameters.contracted, parameters.capacity))


@settings(deadline=None)
@given(dice)
def test_piecewise_costs_add_up_their_slopes(dice: Random) -> None:
    cost = samples.piecewise(dice)
    total = 0
    for q in range(30):
        assert cost.of(q) == total
        total += max(slope for start, slope in zip(cost.breakpoints, cost.slopes, strict=True) if start <= q)


@settings(deadline=None)
@given(
    st.integers(2, 8),
    st.integers(1, 60),
    st.integers(1, 60),
    st.integers(0, 60),
)
def test_a_cost_that_is_accepted_is_whole_and_strictly_convex_everywhere(
    k: int, n: int, a: int, b: int
) -> None:
    cost = Cost(CostKind.POWER, exponent=k, denominator=n, coefficient=a, linear=b)
    whole = all(cost.numerator(q) % n == 0 for q in range(200))
    try:
        check_cost(0, cost)
    except Revert:
        assert not whole
        return
    assert whole
    margins = [cost.of(q + 1) - cost.of(q) for q in range(50)]
    assert margins[0] > 0
    assert all(low < high for low, high in pairwise(margins))


# ─────────────────────────────────────────────── announcing ──────────────────────────────────────────────


@settings(deadline=None)
@given(dice)
def test_no_legal_history_leaves_a_later_agent_without_a_legal_announcement(dice: Random) -> None:
    model, moves, game = opened(dice)
    for phase in play(dice, model, moves, game):
        if phase is Phase.ANNOUNCING:
            for t in range(game.parameters.task_types):
                least, most = game.bounds(t)
                assert 0 <= least <= most


@pytest.mark.parametrize(
    ("contracted", "capacity"),
    [
        (((3,), (1,), (0,)), ((3,), (2,), (2,))),
        (((2, 1), (0, 1)), ((3, 1), (1, 2))),
        (((1, 0), (1, 1), (0, 1)), ((1, 1), (2, 1), (1, 1))),
        (((0,), (2,), (1,), (0,)), ((1,), (2,), (2,), (1,))),
    ],
)
def test_legal_announcements_are_exactly_the_prefix_feasible_allocations(
    contracted: tuple[tuple[int, ...], ...], capacity: tuple[tuple[int, ...], ...]
) -> None:
    n, m = len(contracted), len(contracted[0])
    parameters = replace(
        samples.parameters(Random(1), ACCOUNTS, {P_STAR: RULES[P_STAR]}),
        agents=tuple(ACCOUNTS[:n]),
        task_types=m,
        contracted=tuple(d for row in contracted for d in row),
        capacity=tuple(c for row in capacity for c in row),
        costs=(SQUARE,),
    )

    def feasible(x: tuple[tuple[int, ...], ...]) -> bool:
        """Columns sum to those of D, 0 ≤ X ≤ C, and no prefix takes more than it has contracted."""
        for t in range(m):
            if any(x[i][t] > capacity[i][t] for i in range(n)):
                return False
            if any(sum(x[i][t] - contracted[i][t] for i in range(j + 1)) > 0 for j in range(n)):
                return False
            if sum(x[i][t] - contracted[i][t] for i in range(n)) != 0:
                return False
        return True

    highest = max(map(max, capacity)) + 1
    rows = list(product(range(highest + 1), repeat=m))
    for x in product(rows, repeat=n):
        model = new_model()
        game = model.games[model.create(ACCOUNTS[0], word(1), parameters)]
        game.phase = Phase.ANNOUNCING
        refused = ""
        try:
            for seat in range(n):
                model.announce(ACCOUNTS[seat], game.id, game.digest, x[seat])
        except Revert as revert:
            refused = revert.name
        assert refused in ("", "AnnouncementTooHigh", "AnnouncementTooLow")
        assert feasible(x) == (not refused)


THREE_AGENTS: dict[str, object] = {
    "agents": tuple(ACCOUNTS[:3]),
    "task_types": 1,
    "contracted": (1, 1, 1),
    "capacity": (1, 1, 1),
    "costs": (SQUARE,),
}

CONTRACTED = (*(9, 0, 0, 0, 0), *(0, 5, 0, 0, 0), *(0, 0, 4, 0, 0), *(0, 0, 0, 2, 0), *(0, 0, 0, 0, 1))
CAPACITY = (*(9, 0, 0, 0, 0), *(2, 5, 0, 0, 0), *(2, 2, 4, 0, 0), *(1, 2, 1, 2, 0), *(1, 1, 2, 1, 1))
ALLOCATION = ((5, 0, 0, 0, 0), (1, 3, 0, 0, 0), (1, 1, 2, 0, 0), (1, 1, 1, 1, 0), (1, 0, 1, 1, 1))


def test_the_papers_example_freezes_the_papers_probabilities() -> None:
    model = new_model()
    parameters = replace(
        samples.parameters(Random(1), ACCOUNTS, {P_STAR: RULES[P_STAR]}),
        agents=tuple(ACCOUNTS[:5]),
        task_types=5,
        contracted=CONTRACTED,
        capacity=CAPACITY,
        costs=(SQUARE,),
    )
    game = model.games[model.create(ACCOUNTS[0], word(1), parameters)]
    game.phase = Phase.ANNOUNCING
    for agent, row in zip(parameters.agents, ALLOCATION, strict=True):
        model.announce(agent, game.id, game.digest, row)
    expected = [Fraction(k, 224) for k in (96, 56, 48, 15, 9)]
    assert list(stick_breaking(game.fractions)) == expected
    assert game.contracted_total == 127
    assert game.announced_cost == 89
    assert game.phase is Phase.REVEALING


def test_a_proposer_is_drawn_with_the_probability_that_is_frozen() -> None:
    _, _, game = opened(Random(3), **THREE_AGENTS)
    game.fractions = [(1, 4), (2, 3), (0, 0)]
    game.round = 1
    draws = 4_000
    counts = [0, 0, 0]
    for k in range(draws):
        counts[game.draw_proposer([word(k), word(1), word(2)])] += 1
    for count, p in zip(counts, stick_breaking(game.fractions), strict=True):
        # Secrets are fixed, so that this either always passes or never does; 4.5 standard deviations.
        assert abs(count - draws * p) < 4.5 * float(draws * p * (1 - p)) ** 0.5


def test_nobody_is_recognized_by_a_fraction_of_zero_and_the_last_takes_what_is_left() -> None:
    _, _, game = opened(Random(3), **THREE_AGENTS)
    game.round = 1
    for fractions, proposer in (
        ([(0, 0), (0, 0), (0, 0)], 2),
        ([(0, 5), (0, 1), (0, 0)], 2),
        ([(0, 5), (7, 7), (0, 0)], 1),
        ([(1, 1), (0, 0), (0, 0)], 0),
    ):
        game.fractions = fractions
        assert {game.draw_proposer([word(k), word(k), word(k)]) for k in range(50)} == {proposer}


def test_bargaining_goes_on_with_probability_delta() -> None:
    draws = 4_000
    for numerator, denominator in ((0, 1), (1, 2), (9, 10), (2**32 - 2, 2**32 - 1)):
        _, _, game = opened(Random(5), continuation_numerator=numerator, continuation_denominator=denominator)
        game.round = 2
        count = sum(game.draw_continuation([word(k), word(k + 1)]) for k in range(draws))
        p = Fraction(numerator, denominator)
        assert abs(count - draws * p) <= 4.5 * float(draws * p * (1 - p)) ** 0.5 + 1e-9


# ───────────────────────────────────────────── whole games ───────────────────────────────────────────────


@settings(deadline=None)
@given(dice)
def test_money_is_conserved_and_nothing_but_burnt_bonds_remains(dice: Random) -> None:
    model, moves, game = opened(dice)
    paid_in = 0
    for phase in play(dice, model, moves, game):
        if phase <= Phase.ANNOUNCING:
            joined = [seat for seat, held in enumerate(game.commitments) if any(held)]
            paid_in = sum(game.parameters.deposit(seat) for seat in joined)
        assert model.balance == model.owed() + model.burnt
        assert model.balance + sum(model.paid.values()) == max(paid_in, model.balance)
    if game.phase >= Phase.SETTLED and not any(map(any, game.commitments)):
        assert model.balance == model.burnt == game.parameters.bond * game.silent.bit_count()


@settings(deadline=None)
@given(dice)
def test_broken_down_everybody_has_its_deposit_back_but_for_the_bonds_of_the_silent(dice: Random) -> None:
    model, moves, game = opened(dice)
    for _ in play(dice, model, moves, game):
        pass
    if game.phase is not Phase.BROKEN_DOWN:
        return
    withdrawn = {event.fields[1]: event.fields[3] for event in model.events if event.name == "Withdrawn"}
    for seat, amount in withdrawn.items():
        assert isinstance(seat, int)
        lost = game.parameters.bond if game.silent >> seat & 1 else 0
        assert amount == game.parameters.deposit(seat) - lost


@settings(deadline=None)
@given(dice)
def test_a_game_ends_in_as_many_actions_as_its_rounds_allow(dice: Random) -> None:
    model, moves, game = opened(dice, max_rounds=2)
    n = game.agents
    actions = sum(phase is not None for phase in play(dice, model, moves, game))
    assert game.phase >= Phase.SETTLED
    assert actions <= n + n + 2 * (n + 1 + n - 1) + n + 1


def test_continuation_is_decided_by_the_fresh_secrets_alone() -> None:
    """One rejected round, and two sets of fresh secrets: with one it goes on, with the other it does not."""
    model, _, game = opened(
        Random(3), **THREE_AGENTS, continuation_numerator=1, continuation_denominator=2, max_rounds=9
    )
    game.phase, game.round, game.deadline = Phase.REVEALING, 2, model.now
    rejected = copy.deepcopy(game)
    outcomes = set()
    for k in range(20):
        fresh = copy.deepcopy(rejected)
        model.games[game.id] = fresh
        for seat, agent in enumerate(fresh.parameters.agents):
            secret = keccak(word(k) + word(seat))
            fresh.commitments[seat] = commitment(game.id, seat, secret)
            model.reveal(agent, game.id, seat, fresh.digest, secret, word(1))
        outcomes.add((fresh.phase, fresh.cause))
    assert outcomes == {(Phase.PROPOSING, Cause.NONE), (Phase.BROKEN_DOWN, Cause.NOT_CONTINUED)}


def test_games_do_not_touch_each_other() -> None:
    """Two games played in turns come to what each comes to alone."""

    def alone(order: Callable[[Random], list[int]]) -> list[tuple[object, ...]]:
        model = new_model()
        moves = Moves(model, ACCOUNTS, PAYEES, DECODER)
        played = []
        for k in range(2):
            parameters = replace(
                samples.parameters(Random(k + 20), ACCOUNTS, {P_STAR: RULES[P_STAR]}), action_window=2_592_000
            )
            played.append(model.games[model.create(ACCOUNTS[k], word(k), parameters)])
        own_dice = [Random(30), Random(31)]
        salts = [0, 10**6]
        for k in order(Random(1)):
            moves.salt = salts[k]
            call = moves.next_call(own_dice[k], played[k])
            if call is not None:
                call_model(model, call)
            salts[k] = moves.salt
        return [(game.phase, game.cause, game.round, game.digest, game.commitments) for game in played]

    one_after_the_other = alone(lambda _: [0] * 60 + [1] * 60)
    in_turns = alone(lambda dice: dice.sample([0] * 60 + [1] * 60, 120))
    assert one_after_the_other == in_turns
