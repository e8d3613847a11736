"""Certificates: right ones are accepted, wrong ones refused with the reason, on chain as by `find_fault`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import chain, combinations, product
from math import lcm
from random import Random
from typing import TYPE_CHECKING

import pytest

from parley.kit.verify.contract import decoder_of
from parley.kit.verify.decoder import NotReadableError
from parley.mechanisms.screening.certificate import Basic, Certificate, certify, find_fault
from parley.mechanisms.screening.mechanism import MECHANISM
from parley.mechanisms.screening.parameters import (
    MAX_COST,
    MAX_QUANTITY,
    REMEDIAL,
    Column,
    check,
)
from tests.backends import open_backend
from tests.kit.rig.table import refused, went
from tests.screening.certificates import TIE, TRADE, Case, in_fractions, padded, planted
from tests.screening.moves import (
    LARGEST_PRICE,
    LARGEST_SHARE,
    another_certificate,
    parameters,
    scaled,
)
from tests.screening.on_chain import EXAMPLE, POSTING, SETTLED, Table, shares_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parley.chain.evm import Evm
    from parley.mechanisms.screening.certificate import Fault

PLANTED = planted()

DECODER = decoder_of(MECHANISM)

REASONS = ("ZeroDenominator", "BasisOutOfOrder", "NotBasic", "ShareOutOfRange", "NotCleared")

NOBODY = tuple(f"0x{k + 1:040x}" for k in range(64))


@cache
def machine() -> Evm:
    return open_backend("revm")


def posting(case: Case) -> Table:
    """A market of that case, to be posted."""
    return Table(*case, machine()).play_to(POSTING)


def fault_of(at: Table, certificate: Certificate) -> Fault | None:
    """The reason why the contract would refuse a certificate."""
    data = at.interface.encode("post", at.id, at.digest, certificate)
    receipt = at.evm.call(at.creator, at.address, data)
    return None if receipt.ok else at.interface.decode_error(receipt.output)


def random_case(dice: Random) -> Case:
    """A market in which somebody does not stay."""
    while True:
        found = parameters(dice, NOBODY)
        p = replace(found, choosing_window=600, posting_window=600)
        choices = tuple(dice.randint(0, 3) and dice.randint(0, p.sets(j)) for j in range(len(p.menus)))
        if any(choices):
            return Case(p, choices)


# ── wrong ones ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("title", PLANTED)
def test_every_planted_wrong_certificate_is_refused_with_its_reason(title: str) -> None:
    """On the real contract, after which the right one is still accepted."""
    case, wrong, (name, args) = PLANTED[title]
    at = posting(case)
    assert refused(at.post(wrong)) == (name, *args)
    assert at.phase == POSTING
    went(at.post(case.right))
    assert at.phase == SETTLED


def test_theory_finds_the_same_faults() -> None:
    for title, (case, wrong, fault) in PLANTED.items():
        assert find_fault(wrong, case.columns) == fault, title
        assert find_fault(case.right, case.columns) is None


def test_each_reason_is_planted_at_least_twice() -> None:
    counts = Counter(fault[0] for _, _, fault in PLANTED.values())
    assert set(counts) == set(REASONS)
    assert min(counts.values()) >= 2


def test_contract_and_theory_find_the_same_fault_in_anything() -> None:
    """One to three changes to right certificates of all sorts of markets."""
    dice = Random(5)
    met: Counter[str] = Counter()
    for _ in range(150):
        case = random_case(dice)
        at = posting(case)
        for _ in range(8):
            wrong = case.right
            for _ in range(dice.choice([0, 1, 1, 1, 2, 3])):
                wrong = another_certificate(dice, wrong, len(case.columns))
            fault = find_fault(wrong, case.columns)
            assert fault_of(at, wrong) == fault
            met[fault[0] if fault else ""] += 1
    assert set(met) == {"", *REASONS}
    assert min(met.values()) >= 10


def market_of(dice: Random) -> Case:
    """12 agents and 6 tasks; each agent may take one task for another, one for one, or the reverse."""
    status_quo = [100 * dice.randint(4, 19) for _ in range(72)]
    endpoints: list[int] = []
    for seat in range(12):
        held = status_quo[6 * seat : 6 * seat + 6]
        one, other = dice.sample(range(6), 2)
        for out, into in ((one, other), (other, one)):
            end = list(held)
            end[out], end[into] = 0, held[into] + held[out]
            endpoints += end
    return Case(
        replace(
            EXAMPLE,
            tasks=6,
            costs=tuple(dice.randint(10, 40) for _ in range(72)),
            status_quo=tuple(status_quo),
            menus=(2,) * 12,
            endpoints=tuple(endpoints),
        ),
        tuple(dice.choice([0, 1, 2, 1, 2]) for _ in range(12)),
    )


@pytest.mark.parametrize("markets", [30, pytest.param(1_000, marks=pytest.mark.deep)])
def test_markets_of_twelve_agents_are_selected_as_theory_says_and_no_wrong_certificate_passes(
    markets: int,
) -> None:
    dice = Random(markets)
    met: Counter[str] = Counter()
    traded = 0
    for _ in range(markets):
        case = market_of(dice)
        at, right = posting(case), case.right
        for _ in range(20):
            wrong = another_certificate(dice, right, len(case.columns))
            fault = find_fault(wrong, case.columns)
            assert fault_of(at, wrong) == fault
            met[fault[0] if fault else ""] += 1
        shares = shares_of(went(at.post(right)))
        assert shares == list(right.shares(case.columns))
        traded += any(shares)
    assert traded > markets / 2
    assert all(met[reason] > markets / 10 for reason in REASONS)


# ── numbers of any size ────────────────────────────────────────────────────────────────────────────────────


def extreme(dice: Random, signs: Sequence[Sequence[int]]) -> Case:
    """A ray for each row of signs, with changes and costs near the largest."""
    amounts = [
        (MAX_QUANTITY - dice.choice([0, dice.randrange(1_000)]), sign) for row in signs for sign in row
    ]
    return Case(
        replace(
            EXAMPLE,
            tasks=len(signs[0]),
            costs=tuple(dice.choice([-MAX_COST, MAX_COST]) for _ in amounts),
            status_quo=tuple(amount if sign < 0 else 0 for amount, sign in amounts),
            menus=(1,) * len(signs),
            endpoints=tuple(amount if sign > 0 else 0 for amount, sign in amounts),
        ),
        (1,) * len(signs),
    )


def random_signs(dice: Random) -> list[list[int]]:
    """Of rays that take something and give something up."""
    m = dice.choice([2, 3, 8])
    return [dice.sample([-1, 1], 2) + [dice.choice([-1, 1]) for _ in range(m - 2)] for _ in range(8)]


def test_numbers_that_would_overflow_prove_nothing() -> None:
    """The contract computes what integers without bounds come to, at the ends of all types."""
    dice = Random(6)
    met: Counter[str] = Counter()
    for _ in range(100):
        case = extreme(dice, random_signs(dice))
        at, count = posting(case), len(case.columns)
        for _ in range(6):
            prices = [
                tuple(dice.choice([LARGEST_PRICE, -LARGEST_PRICE - 1, 0, 1]) for _ in range(8))
                for _ in range(3)
            ]
            where = sorted(dice.sample(range(count), dice.randint(0, min(2, count))))
            share = dice.choice([0, LARGEST_SHARE, LARGEST_SHARE - 1])
            basis = tuple(Basic(k, share, prices[1 + place]) for place, k in enumerate(where))
            wrong = Certificate(dice.choice([1, LARGEST_SHARE]), prices[0], basis)
            fault = find_fault(wrong, case.columns)
            assert fault is not None
            assert fault_of(at, wrong) == fault
            met[fault[0]] += 1
        # The largest denominator that the right numbers can be put over.
        factor = LARGEST_SHARE // case.right.denominator
        widest = max(map(abs, chain(case.right.prices, *(b.tie_prices for b in case.right.basis))), default=0)
        right = scaled(case.right, min(factor, LARGEST_PRICE // max(widest, 1)))
        assert fault_of(at, right) is None
        if right.basis:
            first = right.basis[0]
            less = first._replace(share=first.share - 1 if first.share else 1)
            wrong = right._replace(basis=(less, *right.basis[1:]))
            assert fault_of(at, wrong) == find_fault(wrong, case.columns) != None  # noqa: E711 - a chain
            met["NotCleared"] += 1
    assert {"NotBasic", "NotCleared"} <= set(met)


def test_numbers_beyond_their_types_are_no_certificate() -> None:
    """Also those of tasks that there are not: whoever decodes a posting decodes it as the contract does."""
    at = posting(TRADE)
    right = at.certificate()
    data = at.interface.encode("post", at.id, at.digest, right)
    head = 4 + 3 * 32
    words = {"denominator": (0, 2**200), "price": (1, 2**231), "price of no task": (8, 2**231)}
    basis = 1 + 1 + 8 + 1  # in words: denominator, prices, offset, length
    words |= {"column": (basis - 0, 2**16), "share": (basis + 1, 2**200), "tie price": (basis + 9, 2**231)}
    for what, (place, beyond) in words.items():
        broken = bytearray(data)
        broken[head + 32 * place : head + 32 * place + 32] = beyond.to_bytes(32)
        assert refused(at.send(at.creator, bytes(broken))) == ("",), what
    for length in (len(data) - 32, len(data) - 96, head):
        assert refused(at.send(at.creator, data[:length])) == ("",)
    went(at.send(at.creator, data))


def test_a_posting_is_read_by_others_as_the_contract_reads_it() -> None:
    """Whatever words are changed, offsets and lengths among them: else a stranger could confuse them."""
    dice = Random(8)
    met: Counter[str] = Counter()
    for case in (TRADE, TIE, Case(replace(EXAMPLE, menus=(0, REMEDIAL, 0), endpoints=()), (0, 1, 0))):
        at = posting(case)
        right = at.interface.encode("post", at.id, at.digest, at.certificate())
        words = [right[start : start + 32] for start in range(4, len(right), 32)]
        for _ in range(400):
            changed = list(words)
            for _ in range(dice.choice([1, 1, 2])):
                k = dice.randrange(2, len(words))
                old = int.from_bytes(words[k])
                nearby = [old - 32, old + 32, old - 1, old + 1, 2**256 - 32 * dice.randint(1, 9)]
                number = dice.choice([*nearby, 0, 1, 2**64, 2**200, 2**231, 2**256 - 2**231])
                changed[k] = (number % 2**256).to_bytes(32)
            data = right[:4] + b"".join(changed)[: dice.choice([len(right), len(right) - 32])]
            receipt = at.evm.call(at.creator, at.address, data)
            error = None if receipt.ok else at.interface.decode_error(receipt.output)
            try:
                fault = find_fault(DECODER.read_action(data).arguments[1], case.columns)
            except NotReadableError:
                assert error is not None
                met["not readable"] += 1
            else:
                assert error == fault
                met[fault[0] if fault else ""] += 1
    assert (
        min(met[name] for name in ("", "not readable", "BasisOutOfOrder", "NotBasic", "NotCleared")) >= 5
    ), met


def test_prices_of_tasks_that_there_are_not_do_not_count() -> None:
    at = posting(TRADE)
    right = at.certificate()
    other = right._replace(
        prices=(*right.prices[:2], *[LARGEST_PRICE] * 6),
        basis=tuple(one._replace(tie_prices=(*one.tie_prices[:2], *[5] * 6)) for one in right.basis),
    )
    assert find_fault(other, at.columns) is None
    went(at.post(other))


def hadamard(order: int) -> list[list[int]]:
    if order == 1:
        return [[1]]
    half = hadamard(order // 2)
    return [row + row for row in half] + [row + [-x for x in row] for row in half]


def test_the_largest_honest_numbers_fit_and_are_accepted() -> None:
    """Columns of about the largest determinant there is, all of them basic, and whatever else is large."""
    dice = Random(3)
    bits = 0
    for number in range(20):
        rows = [[-row[0], *row[1:]] for row in hadamard(8)] if number < 10 else random_signs(dice)
        case = extreme(dice, rows)
        check(replace(case.parameters, agents=NOBODY[:8]))
        at, found = posting(case), case.columns
        independent = solutions([column.change for column in found], [0] * 8, dice) is not None
        right = proof(range(8), [Fraction(0)] * 8, found, dice) if independent else case.right
        numbers = [right.denominator, *right.prices, *chain(*(one.tie_prices for one in right.basis))]
        bits = max(bits, *(abs(number).bit_length() for number in numbers))
        went(at.post(right))
    assert 200 < bits <= 207


# ── right ones ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_certificate_of_any_choices_is_accepted() -> None:
    dice = Random(7)
    traded = 0
    for _ in range(150):
        case = random_case(dice)
        at = posting(case)
        right = scaled(case.right, dice.choice([1, 1, 2, 10**9]))
        done = went(at.post(right))
        assert shares_of(done) == list(case.right.shares(case.columns))
        assert done.event("Settled")["denominator"] == right.denominator
        traded += any(shares_of(done))
    assert traded >= 10


def solutions(rows: Sequence[Sequence[int]], values: Sequence[int], dice: Random) -> list[Fraction] | None:
    """Some x with rows · x = values: what is free is drawn; None if there is none, or rows are dependent."""
    width = len(rows[0]) if rows else 0
    table = [[Fraction(x) for x in (*row, value)] for row, value in zip(rows, values, strict=True)]
    pivots: list[int] = []
    for k, row in enumerate(table):
        at = next((i for i in range(width) if row[i]), None)
        if at is None:
            return None
        pivots.append(at)
        row[:] = [x / row[at] for x in row]
        for other in table[:k] + table[k + 1 :]:
            other[:] = [x - other[at] * y for x, y in zip(other, row, strict=True)]
    found = [Fraction(dice.randint(-3, 3)) for _ in range(width)]
    for at, row in zip(pivots, table, strict=True):
        found[at] = row[width] - sum(row[i] * found[i] for i in range(width) if i not in pivots)
    return found


def vertices(found: Sequence[Column]) -> Iterator[tuple[tuple[int, ...], tuple[Fraction, ...]]]:
    """All bases, each with all shares that clear, of which the others' are 0 or 1."""
    dice = Random(0)
    m, count = len(found[0].change), len(found)
    for size in range(min(m, count) + 1):
        for basis in combinations(range(count), size):
            if solutions([found[k].change for k in basis], [0] * size, dice) is None:
                continue
            rest = [k for k in range(count) if k not in basis]
            for bounds in product((Fraction(0), Fraction(1)), repeat=len(rest)):
                shares = dict(zip(rest, bounds, strict=True))
                owed = [
                    sum((-y * found[k].change[i] for k, y in shares.items()), Fraction(0)) for i in range(m)
                ]
                stated = clearing([found[k].change for k in basis], owed)
                if stated is not None and all(0 <= y <= 1 for y in stated):
                    shares |= dict(zip(basis, stated, strict=True))
                    yield basis, tuple(shares[k] for k in range(count))


def clearing(changes: Sequence[Sequence[int]], owed: Sequence[Fraction]) -> list[Fraction] | None:
    """The y with Σ y_k κ_k = owed, for independent κ; None if there is none."""
    table = [[*(Fraction(change[i]) for change in changes), owed[i]] for i in range(len(owed))]
    pivots: list[list[Fraction]] = []
    for k in range(len(changes)):
        row = next(row for row in table if row[k] and all(row is not one for one in pivots))
        pivots.append(row)
        row[:] = [x / row[k] for x in row]
        for other in table:
            if other is not row:
                other[:] = [x - other[k] * y for x, y in zip(other, row, strict=True)]
    if any(row[-1] for row in table if all(row is not one for one in pivots)):
        return None
    return [row[-1] for row in pivots]


def proof(
    basis: Sequence[int], shares: Sequence[Fraction], found: Sequence[Column], dice: Random
) -> Certificate:
    """The certificate of a basis that would have its chance: right prices, and these shares."""
    changes = [found[k].change for k in basis]
    prices = solutions(changes, [found[k].cost for k in basis], dice) or []
    ties = [solutions(changes, [-(k == t) for k in basis], dice) or [] for t in basis]
    numbers = [*prices, *chain(*ties), *(shares[k] for k in basis)]
    q = lcm(*(number.denominator for number in numbers))

    def over(some: Sequence[Fraction]) -> tuple[int, ...]:
        return padded(*(int(x * q) for x in some))

    stated = (Basic(k, int(shares[k] * q), over(one)) for k, one in zip(basis, ties, strict=True))
    return Certificate(q, over(prices), tuple(stated))


def small_cases() -> Iterator[list[Column]]:
    """Small markets with few different numbers: ties, equal columns, degenerate bases."""
    yield TRADE.columns
    yield TIE.columns
    dice = Random(11)
    for _ in range(150):
        m, count = dice.choice([2, 2, 3]), dice.randint(1, 5)
        found = []
        for seat in range(count):
            change = [dice.randint(-2, 2) for _ in range(m)]
            if dice.random() < 0.7:
                change[-1] = -sum(change[:-1])
            found.append(Column(seat, tuple(change), dice.randint(-2, 2)))
        yield found


def test_only_the_lexicographic_optimum_is_accepted_whatever_basis_and_shares_are_posted() -> None:
    """By brute force: all bases, with all shares that clear, and prices that suit them."""
    dice = Random(12)
    tried = accepted = traded = 0
    for found in small_cases():
        every = list(vertices(found))
        costs = [column.cost for column in found]
        best = min(
            (sum(y * cost for y, cost in zip(shares, costs, strict=True)), *(-y for y in shares))
            for _, shares in every
        )
        optimum = tuple(-y for y in best[1:])
        certificates = [proof(*one, found, dice) for one in every for _ in range(2)]
        right = [one for one in (*certificates, certify(found)) if find_fault(one, found) is None]
        assert {one.shares(found) for one in right} == {optimum}
        tried += len(certificates)
        accepted += len(right) - 1
        for _ in range(20):
            other = another_certificate(dice, certify(found), len(found))
            assert find_fault(other, found) or other.shares(found) == optimum
        traded += any(optimum)
    assert tried > 3 * accepted > 2_000
    assert traded > 50


def test_ties_go_to_the_first_column() -> None:
    assert in_fractions(TIE.right, TIE.columns) == ["1", "0", "1"]
    reverse = Case(TIE.parameters, (1, 0, 1))
    assert in_fractions(reverse.right, reverse.columns) == ["1", "1"]


def test_the_worked_example_is_the_papers() -> None:
    """Only two profiles trade: y = (1, 1, 2) and y = (5/3, 4/3, 1/3) at full lengths 5/3, 5/2 | 2 and 2."""
    assert in_fractions(TRADE.right, TRADE.columns) == ["3/5", "2/5", "1"]
    other = Case(EXAMPLE, (1, 2, 2))
    assert in_fractions(other.right, other.columns) == ["1", "2/3", "1/6"]


def test_a_remedial_seat_gives_up_what_others_take() -> None:
    """η = (2, 2) each, π = (10, 10), (1, 1), (1, 1), in thirds: with a remedial seat cost falls by 12."""
    p = replace(
        EXAMPLE,
        costs=(10, 10, 1, 1, 1, 1),
        status_quo=(6,) * 6,
        menus=(REMEDIAL, 1, 1),
        endpoints=(14, 0, 0, 14),
    )
    case = Case(p, (1, 1, 1))
    shares = case.right.shares(case.columns)
    assert sum(y * column.cost for y, column in zip(shares, case.columns, strict=True)) == -12 * 3
    without = Case(p, (0, 1, 1))
    assert in_fractions(without.right, without.columns) == ["0", "0"]
