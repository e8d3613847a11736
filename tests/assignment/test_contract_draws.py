"""What lotteries draw: orders and terms as the secrets say, and picks as theory makes them."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from random import Random
from typing import TYPE_CHECKING

import pytest

from parley.core.randomness import pack_order, permutation, seed, uniform, unpack_order, word
from parley.mechanisms.assignment.certificate import Certificate, certify
from parley.mechanisms.assignment.problem import from_orders
from parley.mechanisms.assignment.serial_dictatorship import serve
from tests.assignment.on_chain import BOSTON, DRAWN, EATING, OPENING, SERIAL, Table
from tests.backends import open_backend
from tests.kit.rig.table import went

if TYPE_CHECKING:
    from collections.abc import Sequence

SILENT = bytes(32)


def secrets_of(at: Table, number: int, spoken: int) -> list[bytes]:
    """By seat, a zero word for each silent one."""
    return [at.secret(i, number) if spoken >> i & 1 else SILENT for i in range(len(at.seats))]


def random_table(dice: Random, agents: int) -> Table:
    items = dice.choice([1, 5, 31, 32, 33, 64])
    rankings = [tuple(dice.sample(range(items), dice.randint(0, items))) for _ in range(agents)]
    return Table(rankings, [dice.choice([0, 1, 1, 2, 70]) for _ in range(items)], SERIAL)


def test_picks_are_those_of_theory_for_thousands_of_rankings() -> None:
    """Forty lotteries of 64 seats, a few silent: random capacities, lists of any length."""
    dice = Random(4)
    picked: Counter[bool] = Counter()
    for _ in range(40):
        at = random_table(dice, 64)
        went(at.create())
        absent = dice.sample(range(64), dice.choice([0, 0, 3]))
        at.commit_all(but=absent[:1])
        done = at.reveal_all(but=absent[1:])
        revealed = at.state[4]
        assert revealed.bit_count() == 64 - len(absent)
        order = permutation(seed(b"order", at.id, at.digest, secrets_of(at, 1, revealed)), range(64))
        assert tuple(done.event("OrderDrawn")["order"]) == pack_order(order)
        reports = [ranking if revealed >> i & 1 else () for i, ranking in enumerate(at.rankings)]
        problem = from_orders(reports, len(at.capacities), SERIAL, at.capacities)
        assert at.assignment() == serve(problem, order)
        picked.update(item is not None for item in at.assignment())
    assert min(picked[True], picked[False]) > 400


@pytest.mark.parametrize("agents", [1, 2, 31, 32, 33, 63, 64])
def test_orders_and_assignments_of_any_length_are_packed_alike(agents: int) -> None:
    rankings = [tuple((i + o) % 64 for o in range(64)) for i in range(agents)]
    at = Table(rankings, [1] * 64, SERIAL).play_to(DRAWN)
    assert at.assignment() == tuple(range(agents))
    assert tuple(at.ask("assignmentOf", at.id)) == pack_order(range(1, agents + 1))


@pytest.mark.parametrize("rule", [SERIAL, EATING])
@pytest.mark.parametrize("length", [1, 31, 32, 33, 34, 63, 64])
def test_the_last_item_of_a_ranking_of_any_length_counts(rule: str, length: int) -> None:
    """There is nothing of any item but the last one: both ends of both words are read, of every seat."""
    ranking = tuple(range(length))
    at = Table([ranking] * 3, [0] * (length - 1) + [3], rule).play_to(DRAWN)
    assert at.assignment() == (length - 1,) * 3
    assert all(tuple(at.ask("rankingOf", at.id, seat)) == ranking for seat in range(3))


def test_every_order_of_three_is_drawn_about_as_often() -> None:
    """600 lotteries: each of six orders 100 times on average, within five standard deviations."""
    at = Table([(0, 1, 2)] * 3, [1] * 3, SERIAL)
    counts: Counter[tuple[int, ...]] = Counter()
    for number in range(600):
        at.salt = word(1000 + number)
        at.play_to(DRAWN)
        counts[tuple(item or 0 for item in at.assignment())] += 1
    assert set(counts) == set(permutations(range(3)))
    assert all(abs(count - 100) < 5 * (600 * 5 / 36) ** 0.5 for count in counts.values())


@pytest.mark.parametrize("rule", [EATING, BOSTON])
def test_terms_are_those_that_the_second_secrets_draw(rule: str) -> None:
    dice = Random(6)
    drawn = set()
    for _ in range(15):
        n = dice.choice([2, 4, 5])
        at = Table([tuple(dice.sample(range(n), n)) for _ in range(n)], [1] * n, rule).play_to(OPENING)
        certificate = at.certificate()
        done = at.open_all()
        secrets = secrets_of(at, 2, at.state[5])
        number = uniform(seed(b"term", at.id, at.digest, secrets), 0, certificate.denominator)
        term = certificate.term(number)
        assert done.event("TermDrawn") == {"id": at.id, "number": number, "term": term}
        assert at.assignment() == certificate.assignment(term)
        drawn.add(term)
    assert len(drawn) > 2


def test_a_term_drawn_without_some_leaves_the_others_what_it_says() -> None:
    """The draw is made from the secrets that were opened; whoever was silent forfeits, the others keep."""
    for absent in ([0], [1, 3], [0, 1, 2]):
        at = Table([(0, 1, 2, 3)] * 4, [1] * 4, EATING).play_to(OPENING)
        certificate = at.certificate()
        done = at.open_all(but=absent)
        secrets = secrets_of(at, 2, at.state[5])
        assert [secret == SILENT for secret in secrets] == [i in absent for i in range(4)]
        number = uniform(seed(b"term", at.id, at.digest, secrets), 0, certificate.denominator)
        assert done.event("TermDrawn")["number"] == number
        term = certificate.assignment(certificate.term(number))
        assert at.assignment() == tuple(None if i in absent else item for i, item in enumerate(term))


def _with_weights(weights: Sequence[int]) -> Certificate:
    """Two seats and one item: terms that give it to one and the other in turn."""
    one = sum(weights)
    share = sum(weights[::2])
    codes = b"".join(b"\1\0" if k % 2 == 0 else b"\0\1" for k in range(len(weights)))
    return Certificate(one, (share, one - share), (), tuple(weights), codes)


@pytest.mark.parametrize(
    "weights",
    [
        (1,),
        (1, 254),
        (1, 255),
        (100, 1, 100),
        (2**64, 1, 2**64 - 3),
        (2**223, 2**223 - 1),
        tuple(range(1, 100)),
    ],
)
def test_terms_of_any_weights_are_drawn_as_the_twin_draws(weights: tuple[int, ...]) -> None:
    certificate = _with_weights(weights)
    evm = open_backend("revm")
    at = Table([(0,), (0,)], [1], BOSTON, evm)
    for number in range(8):
        at.salt = word(100 + number)
        went(at.create())
        at.commit_all()
        at.reveal_all()
        went(at.post(certificate))
        done = at.open_all()
        drawn = uniform(seed(b"term", at.id, at.digest, secrets_of(at, 2, 3)), 0, certificate.denominator)
        assert done.event("TermDrawn")["number"] == drawn
        assert done.event("TermDrawn")["term"] == certificate.term(drawn)
        assert at.assignment() == certificate.assignment(certificate.term(drawn))


@pytest.mark.deep
def test_terms_are_drawn_about_as_often_as_they_weigh() -> None:
    """500 lotteries with weights 1, 2 and 7: within five standard deviations."""
    certificate = _with_weights((1, 2, 7))
    at = Table([(0,), (0,)], [1], BOSTON)
    counts: Counter[int] = Counter()
    for number in range(500):
        at.salt = word(5000 + number)
        went(at.create())
        at.commit_all()
        at.reveal_all()
        went(at.post(certificate))
        counts[at.open_all().event("TermDrawn")["term"]] += 1
    for term, weight in enumerate(certificate.weights):
        p = weight / 10
        assert abs(counts[term] - 500 * p) < 5 * (500 * p * (1 - p)) ** 0.5


def test_both_machines_draw_the_same() -> None:
    rankings = [(0, 1, 2), (0, 2), (2, 1, 0), (1,)]
    for rule in (SERIAL, EATING):
        tables = [Table(rankings, [1, 1, 2], rule, name) for name in ("revm", "py-evm")]
        one, other = (at.play_to(DRAWN) for at in tables)
        assert one.id == other.id
        assert one.assignment() == other.assignment()
        assert one.digest == other.digest


def test_what_is_drawn_does_not_depend_on_the_order_of_the_reveals() -> None:
    rankings = [(0, 1, 2)] * 3
    found = set()
    for order in permutations(range(3)):
        at = Table(rankings, [1] * 3, SERIAL)
        went(at.create())
        at.commit_all()
        done = [went(at.reveal(seat)) for seat in order][-1]
        found.add((tuple(unpack_order(done.event("OrderDrawn")["order"], 3)), at.assignment()))
    assert len(found) == 1


def test_the_paper_gets_what_it_says_under_probabilistic_serial() -> None:
    """Half of the first item and half of the third: never the last one."""
    at = Table([(0, 1, 2, 3), (0, 1, 2, 3), (1, 0, 3, 2), (1, 0, 3, 2)], [1] * 4, EATING)
    assert certify(at.problem).matrix == (1, 0, 1, 0) * 2 + (0, 1, 0, 1) * 2
    for number in range(20):
        at.salt = word(number)
        at.play_to(DRAWN)
        assert at.assignment() in {(0, 2, 1, 3), (2, 0, 3, 1)}
