"""Certificates without a chain: how they are made, coded and checked, against figures found by hand."""

from fractions import Fraction
from typing import Any

import pytest
from eth_abi.abi import encode

from parley.mechanisms.assignment.certificate import Certificate, as_reported, certify, find_fault
from parley.mechanisms.assignment.problem import from_orders
from parley.mechanisms.assignment.terms import MAX_DENOMINATOR
from tests.assignment.certificates import Planted, planted
from tests.assignment.problems import cardinal, fractions

PLANTED = planted()
HALVES = Certificate(2, (1, 1, 1, 1), (), (1, 1), bytes((1, 2, 2, 1)))
"""Two agents share two items by a coin."""


@pytest.mark.parametrize("case", PLANTED.values(), ids=list(PLANTED))
def test_what_is_wrong_is_named_and_what_is_right_is_accepted(case: Planted) -> None:
    rankings, capacities, rule = case.case
    assert find_fault(case.wrong, rankings, capacities, rule) == case.fault
    assert find_fault(case.case.right, rankings, capacities, rule) is None


@pytest.mark.parametrize(
    ("certificate", "fault"),
    [
        (HALVES, None),
        (HALVES._replace(denominator=0), ("DenominatorOutOfRange", (0,))),
        (HALVES._replace(denominator=2**224), ("DenominatorOutOfRange", (2**224,))),
        (HALVES._replace(denominator=2**224 - 1), ("WeightsMismatch", (2, 2**224 - 1))),
        (HALVES._replace(denominator=1), ("WeightsMismatch", (2, 1))),
        (HALVES._replace(assignments=bytes((1, 2, 2, 2))), ("CapacityExceeded", (1, 1, 2, 1))),
        (HALVES._replace(assignments=bytes((1, 2, 0, 1))), ("AverageMismatch", (0, 1, 0, 1))),
        (HALVES._replace(matrix=(1, 1, 1)), ("MatrixLengthMismatch", (3, 4))),
        (HALVES._replace(times=(2, 2)), ("TimesLengthMismatch", (2, 0))),
        (HALVES._replace(weights=(1, 1, 0)), ("AssignmentsLengthMismatch", (4, 6))),
    ],
)
def test_bounds_are_the_contracts(certificate: Certificate, fault: object) -> None:
    assert MAX_DENOMINATOR == 2**224 - 1
    assert find_fault(certificate, [(0, 1), (1, 0)], [1, 1], "boston") == fault


def test_a_share_that_nobody_wants_is_named() -> None:
    assert find_fault(HALVES, [(0, 1), (1,)], [1, 1], "boston") == ("UnwantedItem", (1, 1, 0))


@pytest.mark.parametrize("case", list(PLANTED.values())[:12])
def test_the_code_of_a_certificate_is_that_of_the_abi(case: Planted) -> None:
    for certificate in (case.wrong, case.case.right):
        kind = "(uint256,uint256[],uint256[],uint256[],bytes)"
        assert certificate.encoded() == encode([kind], [tuple(certificate)])


def test_numbers_below_the_denominator_fall_to_terms_by_weight_and_others_to_none() -> None:
    three = Certificate(6, (), (), (1, 2, 3), bytes(3))
    assert [three.term(number) for number in range(6)] == [0, 1, 1, 2, 2, 2]
    for number in (-1, 6):
        with pytest.raises(ValueError, match=f"{number} is not below 6"):
            three.term(number)


def test_what_is_carried_out_or_revealed_by_nobody_is_not_certified() -> None:
    with pytest.raises(ValueError, match="carried out"):
        certify(from_orders([[0]], 1, "serial-dictatorship"))
    with pytest.raises(ValueError, match="nobody has revealed"):
        certify(from_orders([[0]], 1, "boston"), [None])


def test_the_silent_get_nothing_and_keep_their_place() -> None:
    right = certify(from_orders([[0, 1], [0], [0, 1]], 2, "boston"), [(0, 1), None, (1, 0)])
    assert right == Certificate(1, (1, 0, 0, 0, 0, 1), (), (1,), bytes((1, 0, 2)))


def test_utilities_follow_what_is_revealed_and_budgets_stay_with_their_owners() -> None:
    rows: list[list[Any]] = [[7, 4, 2], [5, 3, None], [6, 1, 2]]
    market = cardinal(rows, "pseudo-market", budgets=[1, 2, 3])
    seen = as_reported(market, [(2, 0, 1), None, market.orders[2]])
    assert seen.utilities == fractions([["4", "2", "7"], ["6", "1", "2"]])
    assert seen.rankings == (((2,), (0,), (1,)), ((0,), (2,), (1,)))
    assert seen.budgets == (Fraction(1), Fraction(3))
    assert seen.agent_names == ("agent 1", "agent 3")
    more = as_reported(market, [None, (2, 1, 0), ()])
    assert more.utilities == (*fractions([["0", "3", "5"]]), (None, None, None))
    weighted = cardinal(rows, "welfare", weights=["1/2", 1, 2])
    assert as_reported(weighted, [(0, 1, 2), (1, 0), None]).weights == (Fraction(1, 2), Fraction(1))
    assert as_reported(weighted, [(0, 1, 2), (1, 0), None]).budgets == ()
    assert as_reported(cardinal(rows, "boston"), [(0,), None, None]).utilities is None
