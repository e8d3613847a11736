"""Certificates: right ones are accepted, wrong ones refused with the reason, on chain as by `find_fault`."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import pairwise, product
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from eth_abi.abi import encode
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.chain.abi import Interface
from parley.chain.compiler import compile_sources
from parley.mechanisms.assignment.certificate import (
    Certificate,
    as_reported,
    certificate_of,
    certify,
    find_fault,
)
from parley.mechanisms.assignment.lottery import Term
from parley.mechanisms.assignment.probabilistic_serial import eating_schedule, probabilities
from parley.mechanisms.assignment.problem import Problem, from_orders
from parley.mechanisms.assignment.serial_dictatorship import TooLargeError, outcomes
from parley.mechanisms.assignment.serial_dictatorship import probabilities as serial_probabilities
from parley.mechanisms.assignment.solution import solve
from parley.mechanisms.assignment.terms import MAX_DENOMINATOR, most_terms_kept
from tests.assignment.certificates import EATING, PAIR, PAPER, THREE, Case, changed, planted, scaled
from tests.assignment.on_chain import BOSTON, OPENING, POSTING, SERIAL, WELFARE, Table, interface
from tests.assignment.problems import cardinal, general
from tests.backends import open_backend
from tests.kit.rig.on_chain import harnesses
from tests.kit.rig.table import refused, went

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.assignment.certificate import Fault, Order

PLANTED = planted()

REASONS = (
    "DenominatorOutOfRange",
    "MatrixLengthMismatch",
    "TimesLengthMismatch",
    "AssignmentsLengthMismatch",
    "TooManyTerms",
    "TimeOutOfRange",
    "EatenMismatch",
    "ShareMismatch",
    "ZeroWeight",
    "WeightsMismatch",
    "UnwantedItem",
    "CapacityExceeded",
    "AverageMismatch",
)


class Harness:
    """The library of certificates on a machine of its own."""

    def __init__(self) -> None:
        artifact = harnesses()["CertificatesHarness"]
        lottery = compile_sources({"contracts/interfaces/IAssignmentLottery.sol": None})
        self.interface = Interface(artifact.abi, lottery["IAssignmentLottery"].abi)
        self.evm = open_backend("revm")
        self.address = self.evm.deploy(artifact.bytecode)

    def _data(
        self, certificate: Certificate, rankings: Sequence[Order | None], capacities: Sequence[int], rule: str
    ) -> bytes:
        reports = [bytes(ranking or ()) for ranking in rankings]
        return self.interface.encode("store", tuple(certificate), reports, capacities, rule == EATING)

    def fault(
        self, certificate: Certificate, rankings: Sequence[Order | None], capacities: Sequence[int], rule: str
    ) -> Fault | None:
        data = self._data(certificate, rankings, capacities, rule)
        receipt = self.evm.call(self.evm.deployer, self.address, data)
        return None if receipt.ok else self.interface.decode_error(receipt.output)

    def store(
        self, certificate: Certificate, rankings: Sequence[Order | None], capacities: Sequence[int], rule: str
    ) -> str:
        data = self._data(certificate, rankings, capacities, rule)
        receipt = self.evm.transact(self.evm.deployer, self.address, data)
        assert receipt.ok, self.interface.decode_error(receipt.output)
        page: str = self.interface.decode_output("store", receipt.output)[0]
        return page

    def find(self, page: str, agents: int, number: int) -> tuple[int, bytes]:
        data = self.interface.encode("find", page, agents, number)
        receipt = self.evm.call(self.evm.deployer, self.address, data)
        assert receipt.ok
        found: tuple[int, bytes] = self.interface.decode_output("find", receipt.output)
        return found


@cache
def harness() -> Harness:
    return Harness()


# ── wrong ones ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("title", PLANTED)
def test_every_planted_wrong_certificate_is_refused_with_its_reason(title: str) -> None:
    """On the real contract, after which the right one is still accepted."""
    case, wrong, (name, args) = PLANTED[title]
    at = Table([ranking or () for ranking in case.rankings], case.capacities, case.rule)
    went(at.create())
    silent = [seat for seat, ranking in enumerate(case.rankings) if ranking is None]
    at.commit_all(but=silent)
    at.reveal_all()
    assert at.phase == POSTING
    assert refused(at.post(wrong)) == (name, *args)
    assert at.phase == POSTING
    went(at.post(case.right))
    assert at.phase == OPENING


def test_theory_finds_the_same_faults() -> None:
    for title, (case, wrong, fault) in PLANTED.items():
        assert find_fault(wrong, case.rankings, case.capacities, case.rule) == fault, title
        assert find_fault(case.right, case.rankings, case.capacities, case.rule) is None


def test_each_reason_is_planted_at_least_twice() -> None:
    counts = Counter(fault[0] for _, _, fault in PLANTED.values())
    assert set(counts) == set(REASONS)
    assert min(counts.values()) >= 2


def test_a_certificate_whose_arrays_are_cut_off_is_refused() -> None:
    """Call data that ends too early, or points beyond itself, are nobody's certificate."""
    at = Table(PAPER.problem.orders, PAPER.capacities, EATING).play_to(POSTING)
    data = interface().encode("post", at.id, at.digest, tuple(PAPER.right))
    for length in (len(data) - 32, len(data) - 96, 4 + 3 * 32):
        assert refused(at.send(at.creator, data[:length])) == ("",)
    head = 4 + 3 * 32
    for word in range(1, 5):
        broken = bytearray(data)
        broken[head + 32 * word : head + 32 * word + 32] = b"\xff" * 32
        assert refused(at.send(at.creator, bytes(broken))) == ("",)
    went(at.send(at.creator, data))


@st.composite
def disturbed(draw: Any) -> tuple[Case, Certificate]:  # noqa: ANN401 - hypothesis's own
    """A right certificate with one to three numbers changed, or none."""
    n, m = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    rankings: list[Order | None] = []
    for _ in range(n):
        order = draw(st.permutations(range(m)))[: draw(st.integers(0, m))]
        rankings.append(tuple(order) if draw(st.integers(0, 5)) else None)
    capacities = tuple(draw(st.lists(st.integers(0, 3), min_size=m, max_size=m)))
    rule = draw(st.sampled_from([EATING, BOSTON]))
    if all(ranking is None for ranking in rankings):
        rankings[0] = ()
    case = Case(tuple(rankings), capacities, rule)
    wrong = case.right
    for _ in range(draw(st.integers(0, 3))):
        wrong = draw(_changed(wrong))
    return case, wrong


@st.composite
def _changed(draw: Any, certificate: Certificate) -> Certificate:  # noqa: ANN401 - hypothesis's own
    field = draw(
        st.sampled_from(["matrix", "times", "weights", "assignments", "denominator", "drop", "scale"])
    )
    if field == "denominator":
        return certificate._replace(
            denominator=draw(st.sampled_from([0, 1, certificate.denominator + 1, 2**224]))
        )
    if field == "scale":
        factor = draw(st.integers(2, 300))
        widest = max(certificate.denominator, *certificate.matrix, *certificate.times, *certificate.weights)
        return scaled(certificate, factor) if widest * factor < 2**256 else certificate
    if field == "drop":
        name = draw(st.sampled_from(["matrix", "times", "weights", "assignments"]))
        return changed(certificate, name, getattr(certificate, name)[:-1])
    values = list(getattr(certificate, field))
    if not values:
        return certificate
    at, other = (draw(st.integers(0, len(values) - 1)) for _ in range(2))
    most = 255 if field == "assignments" else 2**256 - 1
    change = draw(st.integers(0, 4))
    if change == 0:
        values[at], values[other] = values[other], values[at]
    elif change == 1:
        values[at] = min(values[at] + 1, most)
    elif change == 2:
        values[at] = max(values[at] - 1, 0)
    elif change == 3:
        values[at] = values[other]
    else:
        values[at] = draw(st.sampled_from([0, 1, 2, most]))
    return changed(certificate, field, values)


@settings(max_examples=100, deadline=None)
@given(disturbed())
def test_contract_and_theory_find_the_same_fault_in_anything(found: tuple[Case, Certificate]) -> None:
    case, certificate = found
    args = (certificate, case.rankings, case.capacities, case.rule)
    assert harness().fault(*args) == find_fault(*args)


def test_random_disturbances_meet_most_reasons() -> None:
    """What the comparison above comes through, on a fixed sample: it is not one reason only."""
    dice = Random(5)
    met: Counter[str] = Counter()
    for _ in range(400):
        case = dice.choice([PAPER, THREE, PAIR])
        field = dice.choice(["matrix", "times", "weights", "assignments"])
        values = list(getattr(case.right, field))
        if not values:
            continue
        values[dice.randrange(len(values))] = dice.randrange(5)
        args = (changed(case.right, field, values), case.rankings, case.capacities, case.rule)
        fault = find_fault(*args)
        assert harness().fault(*args) == fault
        met[fault[0] if fault else ""] += 1
    lengths = {"DenominatorOutOfRange", "TooManyTerms", *(name for name in REASONS if "Length" in name)}
    assert set(met) == {"", *REASONS} - lengths


# ── right ones ─────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=100, deadline=None)
@given(general(most=4, rule=EATING), st.data())
def test_certificates_that_are_made_are_accepted_whoever_reveals(problem: Problem, data: Any) -> None:  # noqa: ANN401
    """Under rules that look at rankings: with ties, silent seats, reports other than the problem's own."""
    problem = problem.with_rule(data.draw(st.sampled_from([EATING, BOSTON])))
    m = len(problem.items)
    revealed: list[Order | None] = []
    for order in problem.orders:
        other = data.draw(st.permutations(range(m)))[: data.draw(st.integers(0, m))]
        revealed.append(data.draw(st.sampled_from([order, order, tuple(other), None])))
    if all(order is None for order in revealed):
        revealed[0] = problem.orders[0]
    certificate = certify(problem, revealed)
    args = (certificate, revealed, problem.capacities, problem.rule)
    assert find_fault(*args) is None
    assert harness().fault(*args) is None
    expected = solve(as_reported(problem, revealed)).matrix
    matrix = certificate.matrix_of(m)
    assert tuple(row for row, order in zip(matrix, revealed, strict=True) if order is not None) == expected
    assert all(not any(row) for row, order in zip(matrix, revealed, strict=True) if order is None)


def test_what_is_posted_in_the_problem_is_what_is_certified() -> None:
    half = "1/2"
    mapping: dict[str, Any] = {
        "kind": "assignment",
        "rule": EATING,
        "items": ["a", "b"],
        "rankings": [["a", "b"], ["a", "b"]],
        "posted": {
            "matrix": [[half, half], [half, half]],
            "lottery": [
                {"weight": "1/4", "assignment": ["a", "b"]},
                {"weight": half, "assignment": ["b", "a"]},
                {"weight": "1/4", "assignment": ["a", "b"]},
            ],
        },
    }
    problem = Problem.from_mapping(mapping)
    certificate = certify(problem)
    assert certificate.weights == (1, 2, 1)
    assert certify(problem, [(0, 1), (0, 1)]) == certificate
    assert problem.posted is not None
    assert certificate.lottery() == problem.posted.lottery
    # Somebody reveals another order: what was posted is about another problem.
    assert certify(problem, [(0, 1), (1, 0)]).matrix == (1, 0, 0, 1)
    assert find_fault(certificate, problem.orders, problem.capacities, EATING) is None


def test_an_agent_that_reveals_another_order_has_its_numbers_sorted_to_it() -> None:
    problem = cardinal([[4, 1, None], [4, 3, 2]], "welfare")
    assert as_reported(problem, problem.orders).utilities == problem.utilities
    other = as_reported(problem, [(1, 0, 2), (2, 0)])
    assert [list(row) for row in other.utilities or ()] == [[1, 4, 0], [3, None, 4]]
    assert other.orders == ((1, 0, 2), (2, 0))
    assert certify(problem, [(1, 0), None]).matrix == (0, 1, 0, 0, 0, 0)
    weighted = cardinal([[1, 1], [1, 1], [1, 1]], "welfare", weights=[1, 2, 3])
    assert list(as_reported(weighted, [(0,), None, (1, 0)]).weights) == [1, 3]


def test_serial_dictatorship_and_nobody_have_no_certificate() -> None:
    with pytest.raises(ValueError, match="carried out"):
        certify(from_orders([[0]], 1, SERIAL))
    with pytest.raises(ValueError, match="nobody"):
        certify(from_orders([[0]], 1, EATING), [None])


def test_too_many_outcomes_are_not_certified() -> None:
    dice = Random(1)
    orders = [dice.sample(range(30), 30) for _ in range(30)]
    with pytest.raises(TooLargeError, match="too many"):
        certify(from_orders(orders, 30, BOSTON))


def test_a_certificate_is_encoded_as_the_abi_says() -> None:
    kind = "(uint256,uint256[],uint256[],uint256[],bytes)"
    for case in (PAPER, THREE, PAIR):
        assert case.right.encoded() == encode([kind], [tuple(case.right)])
    empty = Certificate(0, (), (), (), b"")
    assert empty.encoded() == encode([kind], [tuple(empty)])


# ── the meal ───────────────────────────────────────────────────────────────────────────────────────────────


def _meals() -> list[Problem]:
    """Small problems of which every schedule on a grid can be tried."""
    dice = Random(11)
    found = [PAPER.problem, THREE.problem]
    while len(found) < 60:
        n, m = dice.randint(1, 4), dice.randint(1, 4)
        orders = [dice.sample(range(m), dice.randint(0, m)) for _ in range(n)]
        problem = from_orders(orders, m, EATING, [dice.choice([0, 1, 1, 1, 2]) for _ in range(m)])
        if (2 * certify(problem).denominator + 1) ** m <= 10_000:
            found.append(problem)
    return found


def test_no_other_meal_than_probabilistic_serial_is_accepted() -> None:
    """By brute force: all times on a grid twice as fine as the right ones.

    Against the right matrix a schedule is refused for what is eaten (`EatenMismatch`) or accepted. Were there
    another meal, it would be refused for its matrix (`ShareMismatch`), of which there is none.
    """
    tried = accepted = 0
    for problem in _meals():
        right = certify(problem)
        fine = scaled(right, 2)
        assert fine.matrix_of(len(problem.items)) == probabilities(problem)
        unique = 0
        for times in product(range(fine.denominator + 1), repeat=len(problem.items)):
            fault = find_fault(fine._replace(times=times), problem.orders, problem.capacities, EATING)
            assert fault is None or fault[0] == "EatenMismatch", (problem, times)
            tried += 1
            unique += fault is None
        assert unique >= 1
        if 0 not in problem.capacities:
            assert unique == 1  # the times of what there is something of are unique, too
        accepted += unique
    assert tried > 20_000
    assert accepted >= 60


def test_the_contract_refuses_the_same_meals() -> None:
    """All times of one problem, on the contract's own library."""
    case, met = THREE, 0
    for times in product(range(5), repeat=3):
        args = (case.right._replace(times=times), case.rankings, case.capacities, EATING)
        fault = harness().fault(*args)
        assert fault == find_fault(*args)
        met += fault is None
    assert met == 1


def test_the_schedule_runs_out_where_the_certificate_says() -> None:
    dice = Random(3)
    for _ in range(50):
        n, m = dice.randint(1, 12), dice.randint(1, 12)
        problem = from_orders([dice.sample(range(m), m) for _ in range(n)], m, EATING)
        certificate = certify(problem)
        for time, exact in zip(certificate.times, eating_schedule(problem).exhausted, strict=True):
            assert Fraction(time, certificate.denominator) == (1 if exact is None else exact)


# ── what is kept of it ─────────────────────────────────────────────────────────────────────────────────────


def test_a_lottery_that_just_fits_is_kept_and_one_term_more_is_not() -> None:
    """With one seat, and with denominators on both sides of a byte."""
    for denominator in (255, 256, 2**64 - 1, 2**64, MAX_DENOMINATOR):
        most = most_terms_kept(1, denominator)
        assert most == 24_543 // (1 + (denominator.bit_length() + 7) // 8)
        if denominator < most:
            continue
        weights = (1,) * (most - 1) + (denominator - most + 1,)
        codes = bytes([1] * most)
        right = Certificate(denominator, (denominator,), (), weights, codes)
        args = ([(0,)], [1], BOSTON)
        page = harness().store(right, *args)
        assert 24_576 - (1 + 28) <= len(harness().evm.code(page)) <= 24_576
        assert harness().find(page, 1, denominator - 1) == (most - 1, b"\1")
        assert harness().find(page, 1, most - 2) == (most - 2, b"\1")
        more = right._replace(weights=(*weights[:-1], 1, weights[-1] - 1), assignments=codes + b"\1")
        assert harness().fault(more, *args) == ("TooManyTerms", (most + 1, most))
        assert find_fault(more, *args) == ("TooManyTerms", (most + 1, most))


def test_every_number_falls_to_its_term_as_often_as_its_weight_says() -> None:
    """Exhaustive: every number below the denominator, for lotteries of one to many terms."""
    dice = Random(2)
    for terms in (1, 2, 3, 5, 8, 13, 40):
        weights = tuple(dice.randint(1, 9) for _ in range(terms))
        denominator = sum(weights)
        codes = bytes(dice.randint(0, 1) for _ in range(terms))
        share = sum(w for w, code in zip(weights, codes, strict=True) if code)
        certificate = Certificate(denominator, (share,), (), weights, codes)
        page = harness().store(certificate, [(0,)], [1], BOSTON)
        counts: Counter[int] = Counter()
        for number in range(denominator):
            term, assignment = harness().find(page, 1, number)
            assert term == certificate.term(number)
            assert assignment == codes[term : term + 1]
            counts[term] += 1
        assert [counts[k] for k in range(terms)] == list(weights)


@pytest.mark.parametrize("bits", [1, 7, 8, 9, 63, 64, 65, 200, 223, 224])
def test_terms_are_found_at_their_bounds_however_wide_the_denominator_is(bits: int) -> None:
    dice = Random(bits)
    denominator = 2**bits - 1
    cuts = sorted({0, denominator, *(dice.randrange(denominator + 1) for _ in range(9))})
    weights = tuple(high - low for low, high in pairwise(cuts))
    codes = bytes(k % 2 for k in range(2 * len(weights)))
    certificate = Certificate(denominator, (0, denominator), (), weights, codes)
    page = harness().store(certificate, [(0,), (0,)], [1], BOSTON)
    for k, (low, high) in enumerate(pairwise(cuts)):
        for number in {low, (low + high) // 2, high - 1}:
            assert harness().find(page, 2, number) == (k, b"\0\1")
            assert certificate.term(number) == k


def test_numbers_beyond_the_denominator_fall_to_no_term() -> None:
    for number in (-1, 2):
        with pytest.raises(ValueError, match="is not below 2"):
            PAIR.right.term(number)


def test_serial_dictatorship_can_be_posted_where_the_rule_is_not_verified() -> None:
    """Of Boston, welfare and market the contract checks a lottery and its average, and nothing more."""
    problem = PAPER.problem
    serial = problem.with_rule(SERIAL)
    certificate = certificate_of(serial_probabilities(serial), outcomes(serial) or ())
    for rule in (BOSTON, WELFARE):
        assert harness().fault(certificate, problem.orders, problem.capacities, rule) is None
    one = certificate.denominator
    eaten = certificate._replace(times=(one // 2, one // 2, one, one))
    fault = harness().fault(eaten, problem.orders, problem.capacities, EATING)
    assert fault == ("ShareMismatch", (0, 0, 5 * one // 12, one // 2))


def test_fractions_are_written_over_their_lowest_common_denominator() -> None:
    third, quarter = Fraction(1, 3), Fraction(1, 4)
    lottery = (Term(third, (0,)), Term(1 - third, (None,)))
    found = certificate_of(((third,),), lottery, (quarter,))
    assert found == Certificate(12, (4,), (3,), (4, 8), b"\1\0")
    assert found.lottery() == lottery
    assert (found.terms, found.agents) == (2, 1)
