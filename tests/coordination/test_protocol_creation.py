"""What a game may be played with: every refusal of `create` by its own error, and what is just acceptable."""

from dataclasses import replace
from typing import Any

import pytest

from parley.mechanisms.coordination.game import Phase
from parley.mechanisms.coordination.parameters import MAX_WINDOW, MIN_WINDOW, Cost, CostKind
from tests.coordination.table import Table, agents, pieces
from tests.kit.rig.table import went

UINT32, UINT96 = 2**32 - 1, 2**96 - 1
ZERO = "0x" + "00" * 20
NOBODY = "0x" + "12" * 20
SQUARE = Cost(CostKind.QUADRATIC, denominator=1, coefficient=10)


def square(**changes: Any) -> tuple[Cost, ...]:  # noqa: ANN401 - fields of any type
    return (replace(SQUARE, **changes),)


def power(exponent: int, denominator: int, coefficient: int, linear: int) -> tuple[Cost, ...]:
    return (Cost(CostKind.POWER, exponent, denominator, coefficient, linear),)


REFUSED: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "no task type": ({"task_types": 0}, ("TaskTypeCountOutOfRange", 0)),
    "65 task types": ({"task_types": 65}, ("TaskTypeCountOutOfRange", 65)),
    "short D": ({"contracted": (4, 1)}, ("MatrixSizeMismatch", 2, 3, 3)),
    "long C": ({"capacity": (4, 3, 2, 1)}, ("MatrixSizeMismatch", 3, 4, 3)),
    "matrices for one type of two": ({"task_types": 2}, ("MatrixSizeMismatch", 3, 3, 6)),
    "δ = 1": ({"continuation_numerator": 2}, ("ContinuationOutOfRange", 2, 2)),
    "δ above 1": ({"continuation_numerator": 3}, ("ContinuationOutOfRange", 3, 2)),
    "δ without denominator": (
        {"continuation_numerator": 0, "continuation_denominator": 0},
        ("ContinuationOutOfRange", 0, 0),
    ),
    "no bond": ({"bond": 0}, ("ZeroBond",)),
    "no rounds": ({"max_rounds": 0}, ("ZeroRounds",)),
    "recognition by no contract": ({"recognition": NOBODY}, ("RecognitionWithoutCode", NOBODY)),
    "no cost function": ({"costs": ()}, ("CostCountMismatch", 0, 3)),
    "two cost functions for three": ({"costs": (SQUARE, SQUARE)}, ("CostCountMismatch", 2, 3)),
    "four cost functions for three": ({"costs": (SQUARE,) * 4}, ("CostCountMismatch", 4, 3)),
    "C below D": ({"capacity": (4, 0, 2)}, ("CapacityBelowContract", 1, 0, 0, 1)),
    "C below D in the second type": (
        {"task_types": 2, "contracted": (1, 0, 0, 3, 0, 0), "capacity": (1, 0, 0, 2, 0, 0)},
        ("CapacityBelowContract", 1, 1, 2, 3),
    ),
    "nothing contracted": ({"contracted": (0, 0, 0)}, ("NothingContracted",)),
    "too many tasks": (
        {"contracted": (UINT32, 1, 0), "capacity": (UINT32, 1, 0)},
        ("TooManyTasks", UINT32 + 1, UINT32 + 1),
    ),
    "too much capacity": ({"capacity": (4, UINT32 - 4, 1)}, ("TooManyTasks", 5, UINT32 + 1)),
    "exponent 0": ({"costs": power(0, 1, 1, 1)}, ("ExponentOutOfRange", 0, 0)),
    "exponent 1": ({"costs": power(1, 1, 1, 1)}, ("ExponentOutOfRange", 0, 1)),
    "exponent 9": ({"costs": power(9, 1, 1, 1)}, ("ExponentOutOfRange", 0, 9)),
    "exponent 255": ({"costs": power(255, 1, 1, 1)}, ("ExponentOutOfRange", 0, 255)),
    "linear cost": ({"costs": square(coefficient=0, linear=1)}, ("CostNotConvex", 0)),
    "linear power": ({"costs": power(3, 1, 0, 1)}, ("CostNotConvex", 0)),
    "no denominator": ({"costs": square(denominator=0)}, ("CostNotWhole", 0, 0)),
    "no denominator, in the third function": (
        {"costs": (SQUARE, SQUARE, *square(denominator=0))},
        ("CostNotWhole", 2, 0),
    ),
    "half a wei for one task": ({"costs": square(denominator=20)}, ("CostNotWhole", 0, 1)),
    "part of a wei for two tasks, squared": (
        {"costs": square(denominator=3, coefficient=1, linear=2)},
        ("CostNotWhole", 0, 2),
    ),
    "half a wei for two tasks": ({"costs": power(8, 4, 1, 3)}, ("CostNotWhole", 0, 2)),
    "part of a wei for three tasks": ({"costs": power(4, 14, 1, 13)}, ("CostNotWhole", 0, 3)),
    "half a wei, in the third function": (
        {"costs": (SQUARE, SQUARE, *square(denominator=20))},
        ("CostNotWhole", 2, 1),
    ),
    "no pieces": ({"costs": pieces((), ())}, ("BreakpointsInvalid", 0, 0, 0)),
    "17 pieces": (
        {"costs": pieces(tuple(range(17)), tuple(range(1, 18)))},
        ("BreakpointsInvalid", 0, 17, 17),
    ),
    "more slopes than breakpoints": ({"costs": pieces((0,), (1, 2))}, ("BreakpointsInvalid", 0, 1, 2)),
    "more breakpoints than slopes": ({"costs": pieces((0, 1), (1,))}, ("BreakpointsInvalid", 0, 2, 1)),
    "17 breakpoints, one slope": (
        {"costs": pieces(tuple(range(17)), (1,))},
        ("BreakpointsInvalid", 0, 17, 1),
    ),
    "first breakpoint above 0": ({"costs": pieces((1, 2), (1, 2))}, ("BreakpointsInvalid", 0, 2, 2)),
    "two breakpoints of 0": ({"costs": pieces((0, 0), (1, 2))}, ("BreakpointsInvalid", 0, 2, 2)),
    "equal breakpoints": ({"costs": pieces((0, 2, 2), (1, 2, 3))}, ("BreakpointsInvalid", 0, 3, 3)),
    "decreasing breakpoints": ({"costs": pieces((0, 2, 1), (1, 2, 3))}, ("BreakpointsInvalid", 0, 3, 3)),
    "a flat first piece": ({"costs": pieces((0, 1), (0, 1))}, ("CostNotConvex", 0)),
    "equal slopes": ({"costs": pieces((0, 1), (2, 2))}, ("CostNotConvex", 0)),
    "decreasing slopes": ({"costs": pieces((0, 1), (2, 1))}, ("CostNotConvex", 0)),
    # Largest loads are 4, 3 and 2 of the five tasks.
    "a cost beyond 96 bits": ({"costs": square(coefficient=UINT96)}, ("CostTooLarge", 0)),
    "a power beyond 256 bits": (
        {
            "contracted": (UINT32 - 3, 1, 0),
            "capacity": (UINT32 - 3, 1, 2),
            "costs": power(8, 65535, 65535, 0),
        },
        ("CostTooLarge", 0),
    ),
    "a power times a coefficient that would wrap around to nothing": (
        {"contracted": (2**30, 1, 0), "capacity": (2**30, 1, 2), "costs": power(8, 1, 2**95, 0)},
        ("CostTooLarge", 0),
    ),
    "a power of a small coefficient that would wrap around to nothing": (
        {"contracted": (2**31, 1, 0), "capacity": (2**31, 1, 2), "costs": power(8, 1, 2**8, 0)},
        ("CostTooLarge", 0),
    ),
    "a power of just 2^96": (
        {"contracted": (2**11, 1, 0), "capacity": (2**11, 1, 2), "costs": power(8, 1, 2**8, 0)},
        ("CostTooLarge", 0),
    ),
    "just 2^96 after the division": (
        {"contracted": (2**31, 1, 0), "capacity": (2**31, 1, 2), "costs": power(2, 65535, 65535 << 34, 0)},
        ("CostTooLarge", 0),
    ),
    "a linear term of just 2^96": (
        {
            "contracted": (2**31, 1, 0),
            "capacity": (2**31, 1, 2),
            "costs": square(coefficient=1, linear=2**65),
        },
        ("CostTooLarge", 0),
    ),
    "a linear term beyond 96 bits": ({"costs": square(linear=UINT96)}, ("CostTooLarge", 0)),
    "a slope beyond 96 bits": ({"costs": pieces((0, 1), (1, UINT96))}, ("CostTooLarge", 0)),
    "costs beyond 96 bits together": (
        {"costs": (*square(coefficient=UINT96 // 16), *square(coefficient=1), *square(coefficient=10))},
        ("CostTooLarge", 2),
    ),
    "costs beyond 96 bits of the first two": (
        {"costs": (*square(coefficient=(UINT96 - 18) // 16), SQUARE, SQUARE)},
        ("CostTooLarge", 1),
    ),
}

# UINT96 - 15 is a multiple of 16. Largest loads are 4, 3 and 2: 16 a + 9 · 3 + 4 · 1 = UINT96.
FULL = (*square(coefficient=UINT96 // 16 - 1), *square(coefficient=3), *square(coefficient=1))

ACCEPTED: dict[str, dict[str, Any]] = {
    "two agents": {"agents": agents(2), "contracted": (4, 0), "capacity": (4, 2)},
    "64 agents": {"agents": agents(64), "contracted": (4,) + (0,) * 63, "capacity": (4,) * 64},
    "64 task types": {"task_types": 64, "contracted": (1,) * 192, "capacity": (2,) * 192},
    "δ = 0": {"continuation_numerator": 0},
    "the largest δ": {"continuation_numerator": UINT32 - 1, "continuation_denominator": UINT32},
    "the smallest bond": {"bond": 1},
    "the largest bond": {"bond": UINT96},
    "the shortest windows": {"join_window": MIN_WINDOW, "action_window": MIN_WINDOW},
    "the longest windows": {"join_window": MAX_WINDOW, "action_window": MAX_WINDOW},
    "one round": {"max_rounds": 1},
    "as many rounds as can be counted": {"max_rounds": 65535},
    "one cost function each": {"costs": (SQUARE, *power(8, 1, 1, 0), *pieces((0, 1), (1, 2)))},
    "C = D": {"capacity": (4, 1, 0)},
    "as many tasks as can be counted": {
        "contracted": (UINT32 - 3, 1, 0),
        "capacity": (UINT32 - 3, 1, 2),
        "costs": pieces((0,), (1,)),
    },
    "whole in spite of its denominator": {"costs": power(3, 6, 1, 5)},
    "sixteen pieces": {"costs": pieces(tuple(range(16)), tuple(range(1, 17)))},
    "the largest total cost": {"costs": FULL},
    "a power just below 2^96": {
        "contracted": (2**11, 1, 0),
        "capacity": (2**11, 1, 2),
        "costs": power(8, 1, 2**8 - 1, 0),
    },
    "half of 2^96 after the division": {
        "contracted": (2**31, 1, 0),
        "capacity": (2**31, 1, 2),
        "costs": power(2, 65535, 65535 << 33, 0),
    },
    "a linear term just below 2^96": {
        "contracted": (2**31, 1, 0),
        "capacity": (2**31, 1, 2),
        "costs": square(coefficient=1, linear=2**65 - 2**31 - 2**36),
    },
    "fields that a quadratic does not use": {"costs": square(exponent=77, breakpoints=(5, 5), slopes=(0,))},
    "fields that a power does not use": {
        "costs": (replace(power(3, 1, 1, 0)[0], breakpoints=(5, 5), slopes=(0,)),)
    },
    "fields that a piecewise cost does not use": {
        "costs": (replace(pieces((0,), (3,))[0], exponent=99, denominator=0, coefficient=5, linear=5),)
    },
}


@pytest.mark.parametrize("what", REFUSED)
def test_creation_refuses(what: str) -> None:
    changes, error = REFUSED[what]
    table = Table()
    table.expect(table.create(replace(table.parameters, **changes)), *error)
    assert table.state.phase == Phase.NONE


@pytest.mark.parametrize("what", ACCEPTED)
def test_creation_accepts(what: str) -> None:
    table = Table(**ACCEPTED[what])
    outcome = table.create()
    assert outcome.output == table.id
    table.emitted(
        outcome, ("Created", table.creator, table.salt, table.parameters.digest(), table.parameters)
    )
    state = table.state
    assert (state.phase, state.turn, state.round) == (Phase.JOINING, 0, 0)
    assert state.digest == table.parameters.digest()
    assert state.deadline == table.evm.timestamp + table.parameters.join_window


def test_the_reason_why_a_long_list_is_refused_is_given_however_long_it_is() -> None:
    """A place for as many pieces in each of 64 functions would take more gas than a block has."""
    costs = (*pieces((0,), (1,)) * 63, *pieces((0,) * 10_000, (1,)))
    table = Table(agents=agents(64), contracted=(1,) * 64, capacity=(1,) * 64, costs=costs)
    refused = table.do(table.creator, "create", table.salt, table.parameters)
    table.expect(refused, "BreakpointsInvalid", 63, 10_000, 1)


def test_the_largest_costs_just_fit() -> None:
    most = sum(cost.of(load) for cost, load in zip(FULL, (4, 3, 2), strict=True))
    assert most == UINT96


def test_the_first_refusal_is_the_one_that_is_listed_first() -> None:
    table = Table()
    wrong = replace(
        table.parameters,
        agents=(ZERO, ZERO, ZERO),
        continuation_numerator=2,
        bond=0,
        join_window=0,
        action_window=1,
        max_rounds=0,
        recognition=NOBODY,
        recognition_code=bytes(32),
        costs=(),
        contracted=(5, 5),
    )
    right = table.parameters.recognition_code
    for error, mended in (
        (("ContinuationOutOfRange", 2, 2), {"continuation_numerator": 1}),
        (("ZeroBond",), {"bond": 1}),
        (("WindowOutOfRange", 0), {"join_window": 60}),
        (("WindowOutOfRange", 1), {"action_window": 60}),
        (("ZeroRounds",), {"max_rounds": 1}),
        (("RecognitionWithoutCode", NOBODY), {"recognition": table.parameters.recognition}),
        (("RecognitionCodeMismatch", bytes(32), right), {"recognition_code": right}),
        (("CostCountMismatch", 0, 3), {"costs": power(9, 1, 1, 0)}),
        (("ZeroAgent", 0), {"agents": (NOBODY, NOBODY, NOBODY)}),
        (("DuplicateAgent", 1, 0), {"agents": agents(3)}),
        (("ExponentOutOfRange", 0, 9), {"costs": power(8, 1, UINT96, 0)}),
        (("MatrixSizeMismatch", 2, 3, 3), {"contracted": (5, 5, 5)}),
        # Rows are looked at from the last one on.
        (("CapacityBelowContract", 2, 0, 2, 5), {"contracted": (5, 5, 0)}),
        (("CapacityBelowContract", 1, 0, 3, 5), {"contracted": (0, 0, 0)}),
        (("NothingContracted",), {"contracted": (1, 0, 0)}),
        (("CostTooLarge", 1), {"costs": (SQUARE,)}),
    ):
        table.expect(table.create(wrong), *error)
        wrong = replace(wrong, **mended)
    went(table.create(wrong))
