"""The lottery's reference model keeps its own promises, without any contract in sight."""

from collections import Counter
from dataclasses import astuple, replace
from random import Random

import pytest
from eth_abi.abi import encode
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.core.randomness import commitment, keccak, word
from parley.kit.reference import NOTHING, Revert
from parley.kit.verify.contract import decoder_of
from parley.mechanisms.assignment import serial_dictatorship
from parley.mechanisms.assignment.lottery_state import Lottery, Phase
from parley.mechanisms.assignment.mechanism import MECHANISM
from parley.mechanisms.assignment.model import LotteryModel
from parley.mechanisms.assignment.parameters import Parameters, Rule, check, encode_parameters
from parley.mechanisms.assignment.problem import from_orders
from tests.assignment.moves import Moves, parameters
from tests.kit.rig.moves import call_model

DECODER = decoder_of(MECHANISM)
ACTIONS = [name for name in DECODER.actions if name != "create"]
ACCOUNTS = ["0x" + f"{k:02x}" * 20 for k in range(0xA1, 0xA7)]
HOME = "0x" + "cc" * 20
PARAMETERS_TYPE = "(address[],uint32[],uint8,uint96,uint32,uint32)"

dice = st.integers(0, 2**20).map(Random)


def opened(dice: Random, **changes: object) -> tuple[LotteryModel, Moves, Lottery]:
    model = LotteryModel(1, HOME)
    model.now = 1_000_000
    agreed = replace(parameters(dice, ACCOUNTS), **changes)  # type: ignore[arg-type]
    lottery = model.games[model.create(ACCOUNTS[0], word(1), agreed)]
    return model, Moves(model, ACCOUNTS, ACCOUNTS, DECODER, dice.getrandbits(64)), lottery


@settings(deadline=None)
@given(dice)
def test_parameters_are_encoded_as_the_abi_says(dice: Random) -> None:
    right = parameters(dice, ACCOUNTS)
    check(right)
    (other,) = Moves(LotteryModel(1, HOME), ACCOUNTS, ACCOUNTS, DECODER).spoiled(dice, right)
    for agreed in (right, other):
        assert encode_parameters(agreed) == encode([PARAMETERS_TYPE], [astuple(agreed)])
    assert right.digest() == keccak(encode_parameters(right))
    assert (right.digest() == other.digest()) is (right == other)


@settings(deadline=None)
@given(dice)
def test_a_lottery_always_comes_to_its_end_and_all_money_is_there(dice: Random) -> None:
    model, moves, lottery = opened(dice)
    for _ in range(60):
        call = moves.next_call(dice, lottery)
        if call is None:
            break
        model.now += dice.choice([0, 1, lottery.parameters.action_window])
        if lottery.phase in LotteryModel.playing and model.now > lottery.deadline:
            call = moves.natural(dice, lottery, "expire")
        try:
            call_model(model, call)
        except Revert:
            # A seat that has committed to what cannot be opened can only let its time pass.
            if call.method != "reveal":
                raise
            model.now = lottery.deadline + 1
        assert model.balance == model.owed() + model.burnt
    assert lottery.phase in (Phase.DRAWN, Phase.CANCELLED)
    assert not lottery.entitled
    assert model.balance == model.burnt == lottery.parameters.bond * len(lottery.lost)
    # Who gets an item has kept every promise, and wants it; no item is given away too often.
    counts = Counter(lottery.assignment)
    assert all(counts[o + 1] <= c for o, c in enumerate(lottery.parameters.capacities))
    for seat, code in enumerate(lottery.assignment):
        assert not code or (seat not in lottery.lost and code - 1 in lottery.rankings[seat])


def held(orders: list[list[int]], capacities: list[int], secrets: list[bytes], silent: set[int]) -> Lottery:
    """A serial dictatorship in which some do not reveal."""
    model = LotteryModel(1, HOME)
    agents = tuple(ACCOUNTS[: len(orders)])
    agreed = Parameters(agents, tuple(capacities), Rule.SERIAL_DICTATORSHIP, 5, 60, 60)
    lottery = model.games[model.create(ACCOUNTS[0], word(1), agreed)]
    for seat, order in enumerate(orders):
        sealed = commitment(lottery.id, seat, keccak(secrets[seat] + bytes(order)))
        model.commit(agents[seat], 5, lottery.id, seat, lottery.digest, sealed)
    for seat, order in enumerate(orders):
        if seat not in silent:
            model.reveal(agents[seat], lottery.id, seat, lottery.digest, secrets[seat], bytes(order), NOTHING)
    if silent:
        model.now = lottery.deadline + 1
        model.expire(ACCOUNTS[0], lottery.id)
    return lottery


@given(dice, st.sets(st.integers(0, 3)))
def test_serial_dictatorship_is_the_theorys(dice: Random, silent: set[int]) -> None:
    orders = [dice.sample(range(3), dice.randint(0, 3)) for _ in range(4)]
    capacities = [dice.randint(0, 2) for _ in range(3)]
    lottery = held(orders, capacities, [keccak(dice.randbytes(8)) for _ in orders], silent)
    if len(silent) == 4:
        assert (lottery.phase, lottery.lapsed) == (Phase.CANCELLED, Phase.REVEALING)
        return
    present = [[] if seat in silent else order for seat, order in enumerate(orders)]
    problem = from_orders(present, 3, "serial-dictatorship", capacities)
    served = serial_dictatorship.serve(problem, lottery.draw_order())
    assert lottery.assignment == tuple(0 if item is None else item + 1 for item in served)
    assert lottery.lost == silent


def test_a_copied_commitment_opens_to_nothing() -> None:
    model = LotteryModel(1, HOME)
    agreed = Parameters(tuple(ACCOUNTS[:2]), (1,), Rule.SERIAL_DICTATORSHIP, 5, 60, 60)
    lottery = model.games[model.create(ACCOUNTS[0], word(1), agreed)]
    sealed = commitment(lottery.id, 0, keccak(word(7) + b"\0"))
    for seat in (0, 1):
        model.commit(ACCOUNTS[seat], 5, lottery.id, seat, lottery.digest, sealed)
    with pytest.raises(Revert, match="WrongSecret"):
        model.reveal(ACCOUNTS[1], lottery.id, 1, lottery.digest, word(7), b"\0", NOTHING)
    model.reveal(ACCOUNTS[0], lottery.id, 0, lottery.digest, word(7), b"\0", NOTHING)
    model.now = lottery.deadline + 1
    model.expire(ACCOUNTS[2], lottery.id)
    assert (lottery.assignment, lottery.lost, model.burnt) == ((1, 0), {1}, 5)
