"""What ``create`` refuses, in which order, and that its linear check is the definition of fairness."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product
from math import prod
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from parley.core.limits import MAX_SEATS, MAX_WINDOW, MIN_WINDOW
from parley.kit.reference import Revert
from parley.mechanisms.team.parameters import NO_WAGE, Kind, Parameters, check, check_wages, encode_parameters
from tests.kit.rig.table import refused, went
from tests.team.on_chain import FAIR, FORM_WINDOW, FORMING, PAYROLL, Table

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.kit.rig.table import Done

ZERO = "0x" + "00" * 20
COVERED = replace(FAIR, kind=Kind.COVERAGE, values=(3, 2), sets=(0b01, 0b10))
LISTED = replace(FAIR, kind=Kind.TABLE, values=(0, 3, 2, 5))
CAPPED = replace(FAIR, kind=Kind.BUDGET_ADDITIVE, values=(3, 2, 5))


@pytest.mark.parametrize("p", [FAIR, COVERED, LISTED, CAPPED], ids=lambda p: p.kind.name)
def test_a_fair_contract_is_created_whatever_describes_its_function(p: Parameters) -> None:
    at = Table(p)
    digest = at.parameters.digest()
    at.emitted(at.create(), ("Created", at.creator.lower(), at.salt, digest, _plain(at.parameters)))
    assert (at.phase, at.digest, at.balance) == (FORMING, digest, PAYROLL)
    assert at.deadline == at.evm.timestamp + FORM_WINDOW
    assert at.state[2:] == (0, ZERO, False)


def _plain(p: Parameters) -> tuple[Any, ...]:
    return tuple(getattr(p, name) for name in p.__dataclass_fields__)


REFUSED: list[tuple[dict[str, Any], tuple[Any, ...]]] = [
    ({"agents": ()}, ("AgentCountOutOfRange", 0)),
    ({"agents": tuple(f"0x{k + 1:040x}" for k in range(MAX_SEATS + 1))}, ("AgentCountOutOfRange", 65)),
    ({"agents": (f"0x{1:040x}", ZERO)}, ("ZeroAgent", 1)),
    ({"agents": (f"0x{1:040x}",) * 2}, ("DuplicateAgent", 1, 0)),
    ({"referee": ZERO}, ("ZeroReferee",)),
    ({"wages": (120,)}, ("LengthMismatch", 1, 2)),
    ({"costs": (60, 80, 1)}, ("LengthMismatch", 3, 2)),
    ({"costs": (60, 0)}, ("ZeroCost", 1)),
    ({"denominator": 0}, ("ZeroDenominator",)),
    ({"values": (3,)}, ("LengthMismatch", 1, 2)),
    ({"sets": (1,)}, ("LengthMismatch", 1, 0)),
    ({"kind": Kind.BUDGET_ADDITIVE}, ("LengthMismatch", 2, 3)),
    ({"kind": Kind.TABLE}, ("LengthMismatch", 2, 4)),
    ({"kind": Kind.TABLE, "values": (1, 3, 2, 5)}, ("NobodySucceeds", 1)),
    ({"kind": Kind.COVERAGE}, ("LengthMismatch", 0, 2)),
    ({"kind": Kind.COVERAGE, "values": (1,) * 257, "sets": (1, 2)}, ("TooManyElements", 257)),
    ({"kind": Kind.COVERAGE, "sets": (1, 4)}, ("UnknownElement", 1, 4)),
    ({"form_window": MIN_WINDOW - 1}, ("WindowOutOfRange", MIN_WINDOW - 1)),
    ({"work_window": MAX_WINDOW + 1}, ("WindowOutOfRange", MAX_WINDOW + 1)),
    ({"kind": Kind.TABLE, "values": (0, 3, 2, 1)}, ("NotMonotone", 1, 1)),
    ({"kind": Kind.TABLE, "values": (0, 1, 2, 5)}, ("NotSubmodular", 0, 0, 1)),
    ({"denominator": 4}, ("ProbabilityAboveOne", 5, 4)),
    ({"wages": (200, 120)}, ("WagesOutOfOrder", 1)),
    ({"wages": (99, 200)}, ("BelowCutOff", 0, 99, 100)),
    ({"wages": (120, 199)}, ("BelowCutOff", 1, 199, 200)),
    ({"values": (5, 0)}, ("BelowCutOff", 1, 200, NO_WAGE)),
    ({"wages": (119, 200)}, ("Envy", 0, 1, 119, 120)),
    ({"wages": (200, 201)}, ("UnjustifiedPremium", 0, 1)),
    ({"reward": PAYROLL - 1}, ("PayrollAboveReward", PAYROLL, PAYROLL - 1)),
]
"""Changes to the fair contract, each refused for the first reason in the order of the interface."""


@pytest.mark.parametrize(("changes", "refusal"), REFUSED, ids=[one[1][0] for one in REFUSED])
def test_what_is_wrong_is_named(changes: dict[str, Any], refusal: tuple[Any, ...]) -> None:
    at = Table()
    assert refused(at.create(**changes)) == refusal
    with pytest.raises(Revert) as model:
        check(replace(at.parameters, **changes), at.creator)
    assert (model.value.name, *model.value.arguments) == refusal


def test_of_two_things_that_are_wrong_the_first_in_the_order_is_named() -> None:
    """Each refusal is given although everything after it in the list is wrong too."""
    at = Table()
    listed: list[tuple[str, dict[str, Any]]] = [
        ("WrongDeposit", {"value": 1}),
        ("PayrollAboveReward", {"reward": 1}),
        ("UnjustifiedPremium", {"wages": (200, 201), "reward": 1}),
        ("Envy", {"wages": (200, 400), "reward": 1}),
        ("BelowCutOff", {"wages": (99, 400), "reward": 1}),
        ("WagesOutOfOrder", {"wages": (400, 99), "reward": 1}),
        ("ProbabilityAboveOne", {"wages": (400, 99), "reward": 1, "denominator": 4}),
        (
            "NotSubmodular",
            {"wages": (400, 99), "denominator": 4, "kind": Kind.TABLE, "values": (0, 1, 2, 5)},
        ),
        ("NotMonotone", {"wages": (400, 99), "denominator": 4, "kind": Kind.TABLE, "values": (0, 6, 2, 5)}),
        (
            "WindowOutOfRange",
            {"work_window": 1, "denominator": 4, "kind": Kind.TABLE, "values": (0, 6, 2, 5)},
        ),
    ]
    for error, changes in listed:
        given = {"value": 1} | changes
        assert refused(at.create(**given))[0] == error


def test_a_table_is_of_eight_members_at_most() -> None:
    def listed(n: int) -> Parameters:
        equal = replace(FAIR, wages=(n,) * n, costs=(1,) * n, kind=Kind.TABLE, denominator=n)
        return replace(equal, values=tuple(mask.bit_count() for mask in range(1 << n)))

    went(Table(listed(8)).create())
    assert refused(Table(listed(9)).create()) == ("TooManyMembers", 9)


def test_drops_and_bends_of_tables_are_named() -> None:
    """Wherever they are: one value is too high by 1."""
    n, steady = 4, (100,) * 4
    at = Table(replace(FAIR, wages=(1,) * n, costs=(1,) * n, kind=Kind.TABLE, denominator=10**6))

    def created(adds: tuple[int, ...], more: int, apart: Collection[int] = ()) -> Done:
        """Create a project in which any two members but those of a set take 2 from each other."""
        values = []
        for mask in range(1 << n):
            team = [i for i in range(n) if mask >> i & 1]
            lost = sum(2 for i in team for j in team if i < j and apart != (i, j))
            values.append(max(0, sum(adds[i] for i in team) - (lost if apart else 0)) + (mask == more))
        return at.create(values=tuple(values))

    for i, mask in product(range(n), range(1, 1 << n)):
        if not mask >> i & 1:
            lazy = tuple(0 if k == i else 100 for k in range(n))
            assert refused(created(lazy, mask)) == ("NotMonotone", mask, i)
    for (i, j), mask in product(combinations(range(n), 2), range(1 << n)):
        if not mask >> i & 1 and not mask >> j & 1:
            both = 1 << i | 1 << j
            assert refused(created(steady, mask | both, (i, j))) == ("NotSubmodular", mask, i, j)
            assert refused(created(steady, -1, (i, j)))[0] == "BelowCutOff"


def test_each_of_256_elements_counts_what_it_weighs() -> None:
    """What a member adds shows in the least wage that would do."""
    weights = tuple(range(1, 257))
    at = Table(replace(FAIR, wages=(1, 1), costs=(10**9, 1), denominator=sum(weights)))
    rest = (1 << 256) - 1
    for element, weight in enumerate(weights):
        sets = (1 << element, rest ^ 1 << element)
        least = -(-(10**9) * sum(weights) // weight)
        done = at.create(kind=Kind.COVERAGE, values=weights, sets=sets)
        assert refused(done) == ("BelowCutOff", 0, 1, least)


def test_the_referee_has_no_part_in_the_project() -> None:
    at = Table()
    for who in (at.creator, at.seats[1]):
        assert refused(at.create(referee=who)) == ("RefereeHasPart", who.lower())


def test_an_id_is_used_once_and_the_deposit_is_exact() -> None:
    at = Table()
    for wrong in (PAYROLL - 1, PAYROLL + 1, 0):
        assert refused(at.create(value=wrong)) == ("WrongDeposit", wrong, PAYROLL)
    went(at.create())
    assert refused(at.create()) == ("GameExists", at.id)
    went(at.create(sender=at.stranger))


def test_parameters_are_hashed_as_they_are_encoded() -> None:
    at = Table(COVERED)
    assert (
        at.coder.call_data("create", at.salt, _plain(at.parameters))[4 + 64 :]
        == encode_parameters(at.parameters)[32:]
    )


# ── the linear check is the definition ──────────────────────────────────────────────────────────────────────


def is_fair(wages: tuple[int, ...], costs: tuple[int, ...], table: tuple[int, ...], denominator: int) -> bool:
    """Feasible and fair by definition (1): all equilibria after every exchange, in whole numbers."""
    n = len(wages)
    team = (1 << n) - 1

    def stable(pay: tuple[int, ...], mask: int) -> bool:
        def gains(i: int) -> bool:
            adds = table[mask | 1 << i] - table[mask & ~(1 << i)]
            return pay[i] * adds >= costs[i] * denominator

        return all(gains(i) == bool(mask >> i & 1) for i in range(n))

    def utility(pay: tuple[int, ...], i: int, mask: int) -> int:
        return pay[i] * table[mask] - costs[i] * denominator * (mask >> i & 1)

    if not stable(wages, team):
        return False
    for i in range(n):
        for j in range(i):
            swapped = list(wages)
            swapped[i], swapped[j] = wages[j], wages[i]
            pay = tuple(swapped)
            equilibria = [mask for mask in range(1 << n) if stable(pay, mask)]
            if not any(
                all(utility(pay, k, mask) <= utility(wages, k, team) for k in (i, j)) for mask in equilibria
            ):
                return False
    return True


def _case(dice: Random) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], int]:
    """Wages in order, costs, and values of a submodular function; a quarter of the wages on boundaries."""
    n = dice.choice([1, 2, 3, 3, 4])
    match dice.randrange(3):
        case 0:
            alone = [dice.randint(1, 9) for _ in range(n)]
            values = [sum(alone[i] for i in range(n) if mask >> i & 1) for mask in range(1 << n)]
        case 1:
            weights, sets = (
                [dice.randint(1, 5) for _ in range(4)],
                [dice.randrange(1, 16) for _ in range(n)],
            )
            covered = [0] * (1 << n)
            for mask in range(1, 1 << n):
                covered[mask] = covered[mask & (mask - 1)] | sets[(mask & -mask).bit_length() - 1]
            values = [sum(weights[e] for e in range(4) if elements >> e & 1) for elements in covered]
        case _:
            fails = [dice.randint(1, 4) for _ in range(n)]
            values = [
                5**n - prod(fails[i] if mask >> i & 1 else 5 for i in range(n)) for mask in range(1 << n)
            ]
    denominator = values[-1] + dice.choice([0, 0, 3])
    costs = tuple(dice.choice([1, 2, 3, 20, 300]) for _ in range(n))
    whole = values[-1]
    adds = [whole - values[(1 << n) - 1 ^ 1 << i] for i in range(n)]
    cutoffs = [
        -(-cost * denominator // added) if added else 9 for cost, added in zip(costs, adds, strict=True)
    ]
    floor = max(-(-k * (whole - added) // whole) for k, added in zip(cutoffs, adds, strict=True))
    least = [max(k, floor) for k in cutoffs]
    if dice.random() < 0.25:
        wages = [dice.choice([k, k, floor, one, one]) for k, one in zip(cutoffs, least, strict=True)]
    else:
        wages = [max(0, one + dice.choice([0, 0, 1, -1, dice.randint(0, one)])) for one in least]
    order = sorted(range(n), key=lambda i: wages[i])

    def moved(mask: int) -> int:
        return sum(1 << order[k] for k in range(n) if mask >> k & 1)

    table = tuple(values[moved(mask)] for mask in range(1 << n))
    return tuple(wages[i] for i in order), tuple(costs[i] for i in order), table, denominator


def _agrees(count: int, seed: int) -> int:
    """Compare so many contracts; return how many are fair."""
    dice, fair = Random(seed), 0
    for _ in range(count):
        wages, costs, table, denominator = _case(dice)
        team = len(table) - 1
        adds = [table[team] - table[team ^ 1 << i] for i in range(len(wages))]
        try:
            check_wages(wages, costs, denominator, table[team], adds)
        except Revert:
            found = False
        else:
            found = True
        assert found is is_fair(wages, costs, table, denominator), (wages, costs, table, denominator)
        fair += found
    return fair


def test_the_linear_check_is_the_definition_of_fairness() -> None:
    assert 60 < _agrees(400, 1) < 340


@pytest.mark.deep
def test_the_linear_check_is_the_definition_of_fairness_ten_thousand_times() -> None:
    assert 1_500 < _agrees(10_000, 2) < 8_500
