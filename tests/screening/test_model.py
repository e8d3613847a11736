"""The market's reference model keeps its own promises, without any contract in sight."""

from dataclasses import astuple, replace
from fractions import Fraction
from itertools import product
from random import Random

import numpy as np
import pytest
from eth_abi.abi import encode

from parley.core.randomness import keccak, word
from parley.kit.reference import Revert
from parley.kit.verify.contract import decoder_of
from parley.mechanisms.screening.certificate import certify, settled_hash
from parley.mechanisms.screening.market import REMEDIAL as REMEDIAL_MENU
from parley.mechanisms.screening.mechanism import MECHANISM
from parley.mechanisms.screening.model import Market, Phase, RayMarketModel
from parley.mechanisms.screening.parameters import (
    REMEDIAL,
    check,
    columns,
    encode_parameters,
    find_crossing,
    parameters_of,
)
from parley.mechanisms.screening.problem import worked_example
from parley.mechanisms.screening.rays import are_polarized
from tests.kit.rig.moves import call_model
from tests.screening.moves import Moves, parameters
from tests.screening.test_contract_creation import PARAMETERS_TYPE

ACCOUNTS = ["0x" + f"{k:02x}" * 20 for k in range(0xA1, 0xA7)]
HOME = "0x" + "cc" * 20
DECODER = decoder_of(MECHANISM)


def opened(dice: Random) -> tuple[RayMarketModel, Moves, Market]:
    model = RayMarketModel(1, HOME)
    model.now = 1_000_000
    market = model.games[model.create(ACCOUNTS[0], word(1), parameters(dice, ACCOUNTS))]
    return model, Moves(model, ACCOUNTS, ACCOUNTS, DECODER), market


def test_parameters_are_encoded_as_the_abi_says() -> None:
    dice = Random(1)
    refused = 0
    for _ in range(200):
        right = parameters(dice, ACCOUNTS)
        check(right)
        (wrong,) = Moves(RayMarketModel(1, HOME), ACCOUNTS, ACCOUNTS, DECODER).spoiled(dice, right)
        for agreed in (right, wrong):
            assert encode_parameters(agreed) == encode([PARAMETERS_TYPE], [astuple(agreed)])
        assert right.digest() == keccak(encode_parameters(right))
        assert (wrong.digest() == right.digest()) == (wrong == right)
        try:
            check(wrong)
        except Revert:
            refused += 1
    assert refused > 100  # most of what is spoiled is refused; some is another legal market


def test_what_is_settled_is_hashed_as_the_abi_says() -> None:
    for numbers in ((), (3,), (2**200 - 1, 0, 7)):
        assert settled_hash(2**200 - 1, numbers) == keccak(
            encode(["uint256", "uint256[]"], [2**200 - 1, numbers])
        )


def test_a_market_always_ends_and_leaves_nothing_over_and_nobody_below_nothing() -> None:
    dice = Random(2)
    endings = set()
    for _ in range(200):
        model, moves, market = opened(dice)
        p = market.parameters
        for _ in range(40):
            call = moves.next_call(dice, market)
            if call is None:
                break
            model.now += dice.choice([0, 1, p.posting_window + 1])
            if market.phase in RayMarketModel.playing and model.now > market.deadline:
                call = moves.natural(dice, market, "expire")
            call_model(model, call)
        endings.add((market.phase, any(market.numerators)))
        held = [p.row(p.status_quo, seat) for seat in range(market.agents)]
        ends = market.assignment
        assert [sum(amounts) for amounts in zip(*ends, strict=True)] == [
            sum(amounts) for amounts in zip(*held, strict=True)
        ]
        assert min(min(row) for row in ends) >= 0
        assert all(
            ends[seat] == list(held[seat]) for seat in range(market.agents) if not market.choices[seat]
        )
        costs = [p.row(p.costs, seat) for seat in range(market.agents)]
        change = sum(
            price * (end - amount)
            for prices, row, own in zip(costs, ends, held, strict=True)
            for price, end, amount in zip(prices, row, own, strict=True)
        )
        assert change <= 0
        if market.phase is Phase.LAPSED:
            assert ends == [list(row) for row in held]
    assert endings == {(Phase.SETTLED, True), (Phase.SETTLED, False), (Phase.LAPSED, False)}


def test_pairs_that_cross_are_those_that_are_not_polarized() -> None:
    """The contract's check against theory's, and its witness against a type that likes both."""
    dice = Random(3)
    crossed = 0
    for _ in range(2_000):
        m = dice.choice([2, 3, 5])
        rays: list[tuple[int, ...]] = []
        while len(rays) < 2:
            ray = tuple(dice.randint(-4, 4) for _ in range(m))
            if min(ray) < 0 < max(ray):
                rays.append(ray)
        found = find_crossing(rays)
        one, other = (tuple(map(Fraction, ray)) for ray in rays)
        assert (found is None) == are_polarized(one, other)
        if found is None:
            continue
        crossed += 1
        k, later, a, b = found
        assert (k, later) == (1, 2)
        # A type that minds a and b only, in a proportion between the two rays' prices.
        weights = product(range(1, 40), repeat=2) if a != b else [(1, 0)]
        assert any(rays[0][a] * x + rays[0][b] * y < 0 > rays[1][a] * x + rays[1][b] * y for x, y in weights)
    assert 300 < crossed < 1_900


def test_a_longer_menu_crosses_where_a_pair_does() -> None:
    dice = Random(4)
    for _ in range(1_000):
        m = dice.choice([2, 3, 4])
        rays = [tuple(dice.randint(-3, 9) for _ in range(m)) for _ in range(dice.randint(0, m))]
        rays = [ray for ray in rays if min(ray) < 0 < max(ray)]
        found = find_crossing(rays)
        pairs = {
            (k + 1, later + 1)
            for later in range(len(rays))
            for k in range(later)
            if find_crossing([rays[k], rays[later]]) is not None
        }
        assert (found is None) == (not pairs)
        if found is not None:
            k, later, a, b = found
            assert (k, later) in pairs
            one, other = rays[k - 1], rays[later - 1]
            assert one[a] < 0 > other[b]
            assert a == b or one[a] * other[b] > one[b] * other[a]


def test_the_worked_example_is_selected_as_theory_says() -> None:
    """Every profile of choices: the same shares, and the same change of social cost."""
    problem = worked_example()
    market = problem.market()
    p = parameters_of(problem, market, ACCOUNTS[:3])
    check(p)
    scale = problem.cost_scale * market.unit
    for profile in product(range(3), repeat=3):
        made = columns(p, profile)
        kept = [(seat, choice) for seat, choice in enumerate(profile) if choice]
        chosen = [change for seat, choice, change in market.columns if (seat, choice) in kept]
        assert [column.change for column in made] == [tuple(x * market.unit for x in ray) for ray in chosen]
        if made:
            (found,) = market.selector.select(market.present(np.array([profile])))
            assert certify(made).shares(made) == found.shares
            assert sum(y * one.cost for y, one in zip(found.shares, made, strict=True)) == found.cost * scale


def test_a_remedial_menu_is_told_by_a_number_of_its_own() -> None:
    problem = worked_example()
    menus = [*problem.menus[:2], REMEDIAL_MENU] if problem.menus else []
    remedial = problem.with_menus(menus)
    p = parameters_of(remedial, remedial.market(), ACCOUNTS[:3])
    check(p)
    assert p.menus == (2, 2, REMEDIAL)
    assert len(p.endpoints) == 8
    assert [column.change for column in columns(p, (0, 0, 1))] == [(-12, 0), (0, -12)]


def test_markets_need_no_money() -> None:
    model, moves, market = opened(Random(5))
    assert (market.parameters.bond, model.owed(), model.balance) == (0, 0, 0)
    with pytest.raises(Revert):
        call_model(model, replace(moves.natural(Random(6), market, "choose"), value=1))
