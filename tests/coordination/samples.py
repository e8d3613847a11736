"""Small games to play: parameters that creation accepts, and the many ways of spoiling them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random

from parley.core.randomness import word
from parley.mechanisms.coordination.model import Recognition
from parley.mechanisms.coordination.parameters import MAX_WINDOW, MIN_WINDOW, Cost, CostKind, Parameters

UINT32, UINT96 = 2**32 - 1, 2**96 - 1
ZERO_ADDRESS = "0x" + "00" * 20


def quadratic(dice: Random) -> Cost:
    scale = dice.choice([1, 2, 10**9, 10**18])
    coefficient, linear = dice.randint(1, 5), dice.randint(0, 4)
    if dice.random() < 0.5:
        # a and b of the same parity: (a q² + b q) / 2 is whole.
        return Cost(
            CostKind.QUADRATIC, denominator=2, coefficient=coefficient, linear=coefficient + 2 * linear
        )
    return Cost(CostKind.QUADRATIC, denominator=1, coefficient=coefficient * scale, linear=linear * scale)


def power(dice: Random) -> Cost:
    exponent = dice.randint(2, 8)
    coefficient = dice.randint(1, 3)
    if exponent == 3 and dice.random() < 0.5:
        # q³ ≡ q modulo 6: (q³ + 5 q) / 6 is whole.
        return Cost(
            CostKind.POWER, exponent, denominator=6, coefficient=coefficient, linear=6 * 3 - coefficient
        )
    return Cost(CostKind.POWER, exponent, denominator=1, coefficient=coefficient, linear=dice.randint(0, 3))


def piecewise(dice: Random) -> Cost:
    pieces = dice.randint(1, 4)
    starts, slopes = [0], [dice.randint(1, 3)]
    for _ in range(pieces - 1):
        starts.append(starts[-1] + dice.randint(1, 4))
        slopes.append(slopes[-1] + dice.randint(1, 3))
    return Cost(CostKind.PIECEWISE, breakpoints=tuple(starts), slopes=tuple(slopes))


def cost(dice: Random) -> Cost:
    return dice.choice([quadratic, power, piecewise])(dice)


def parameters(
    dice: Random,
    accounts: Sequence[str],
    recognitions: Mapping[str, Recognition],
    seats: tuple[int, int] = (2, 4),
    types: tuple[int, int] = (1, 3),
) -> Parameters:
    """A game whose first seat has contracted on more than the others: delegation often pays."""
    n, m = dice.randint(*seats), dice.randint(*types)
    contracted, capacity = [], []
    for i in range(n):
        for _ in range(m):
            d = dice.randint(1, 8) if i == 0 else dice.randint(0, 2)
            contracted.append(d)
            capacity.append(d + dice.randint(0, 1 if i == 0 else 5))
    kinds = [cost(dice) for _ in range(dice.choice([1, 1, n]))]
    recognition = dice.choice(list(recognitions))
    delta = dice.choice([(0, 1), (1, 2), (9, 10), (UINT32 - 1, UINT32)])
    return Parameters(
        agents=tuple(dice.sample(accounts, n)),
        task_types=m,
        contracted=tuple(contracted),
        capacity=tuple(capacity),
        costs=tuple(kinds),
        recognition=recognition,
        recognition_code=recognitions[recognition].code,
        continuation_numerator=delta[0],
        continuation_denominator=delta[1],
        bond=dice.choice([1, 7, 10**15]),
        join_window=dice.choice([MIN_WINDOW, 3600, MAX_WINDOW]),
        action_window=dice.choice([MIN_WINDOW, 61, 3600, MAX_WINDOW]),
        max_rounds=dice.choice([1, 2, 3, 65535, 65535]),
    )


def _first_cost(p: Parameters, cost: Cost) -> Parameters:
    return replace(p, costs=(cost, *p.costs[1:]))


def _entry(values: tuple[int, ...], place: int, value: int) -> tuple[int, ...]:
    return (*values[:place], value, *values[place + 1 :])


QUADRATIC = Cost(CostKind.QUADRATIC, denominator=1, coefficient=1)
PIECEWISE = Cost(CostKind.PIECEWISE, breakpoints=(0, 2), slopes=(1, 2))

SPOILED: dict[str, Callable[[Parameters], Parameters]] = {
    "no agent": lambda p: replace(p, agents=()),
    "one agent": lambda p: replace(p, agents=p.agents[:1]),
    "no task type": lambda p: replace(p, task_types=0),
    "more task types than the matrices have": lambda p: replace(p, task_types=p.task_types + 1),
    "65 task types": lambda p: replace(p, task_types=65),
    "D too short": lambda p: replace(p, contracted=p.contracted[1:]),
    "D too long": lambda p: replace(p, contracted=(*p.contracted, 0)),
    "C too short": lambda p: replace(p, capacity=p.capacity[1:]),
    "C too long": lambda p: replace(p, capacity=(*p.capacity, 9)),
    "δ = 1": lambda p: replace(p, continuation_numerator=1, continuation_denominator=1),
    "δ > 1": lambda p: replace(p, continuation_numerator=3, continuation_denominator=2),
    "δ = 0/0": lambda p: replace(p, continuation_numerator=0, continuation_denominator=0),
    "no bond": lambda p: replace(p, bond=0),
    "short join window": lambda p: replace(p, join_window=MIN_WINDOW - 1),
    "long join window": lambda p: replace(p, join_window=MAX_WINDOW + 1),
    "short action window": lambda p: replace(p, action_window=MIN_WINDOW - 1),
    "long action window": lambda p: replace(p, action_window=MAX_WINDOW + 1),
    "both windows": lambda p: replace(p, join_window=0, action_window=1),
    "no rounds": lambda p: replace(p, max_rounds=0),
    "recognition by nobody": lambda p: replace(p, recognition="0x" + "12" * 20),
    "another recognition code": lambda p: replace(p, recognition_code=word(1)),
    "no costs": lambda p: replace(p, costs=()),
    "costs for too many": lambda p: replace(p, costs=(p.costs[0],) * (len(p.agents) + 1)),
    "zero agent": lambda p: replace(p, agents=(*p.agents[:-1], ZERO_ADDRESS)),
    "zero agent first": lambda p: replace(p, agents=(ZERO_ADDRESS, *p.agents[1:])),
    "one agent in two seats": lambda p: replace(p, agents=(*p.agents[:-1], p.agents[0])),
    "capacity below contract": lambda p: replace(
        p, contracted=_entry(p.contracted, len(p.contracted) - 1, p.capacity[-1] + 1)
    ),
    "nothing contracted": lambda p: replace(p, contracted=(0,) * len(p.contracted)),
    "too much capacity": lambda p: replace(p, capacity=_entry(p.capacity, 0, UINT32)),
    "too many tasks": lambda p: replace(
        p, contracted=(UINT32, *p.contracted[1:-1], 1), capacity=(UINT32, *p.capacity[1:-1], 9)
    ),
    "cost too large": lambda p: _first_cost(
        p, Cost(CostKind.QUADRATIC, denominator=1, coefficient=UINT96, linear=UINT96)
    ),
    "power too large": lambda p: replace(
        p,
        contracted=_entry(p.contracted, 0, 2**31),
        capacity=_entry(p.capacity, 0, 2**31),
        costs=(Cost(CostKind.POWER, 8, 1, 1, 0), *p.costs[1:]),
    ),
    "slopes too large": lambda p: _first_cost(
        p, Cost(CostKind.PIECEWISE, breakpoints=(0, 1), slopes=(UINT96 - 1, UINT96))
    ),
    "exponent 1": lambda p: _first_cost(p, Cost(CostKind.POWER, 1, 1, 1, 1)),
    "exponent 9": lambda p: _first_cost(p, Cost(CostKind.POWER, 9, 1, 1, 1)),
    "exponent 255": lambda p: _first_cost(p, Cost(CostKind.POWER, 255, 1, 1, 1)),
    "linear cost": lambda p: _first_cost(p, Cost(CostKind.QUADRATIC, 0, 1, 0, 1)),
    "linear power": lambda p: _first_cost(p, Cost(CostKind.POWER, 3, 1, 0, 1)),
    "denominator 0": lambda p: _first_cost(p, replace(QUADRATIC, denominator=0)),
    "not whole at 1": lambda p: _first_cost(p, replace(QUADRATIC, denominator=2)),
    "not whole at 2": lambda p: _first_cost(p, Cost(CostKind.POWER, 8, 4, 1, 3)),
    "not whole at 3": lambda p: _first_cost(p, Cost(CostKind.POWER, 4, 14, 1, 13)),
    "not whole in the last cost": lambda p: replace(
        p, costs=(*((QUADRATIC,) * (len(p.agents) - 1)), replace(QUADRATIC, denominator=2))
    ),
    "no pieces": lambda p: _first_cost(p, replace(PIECEWISE, breakpoints=(), slopes=())),
    "a slope without breakpoint": lambda p: _first_cost(p, replace(PIECEWISE, slopes=(1, 2, 3))),
    "a breakpoint without slope": lambda p: _first_cost(p, replace(PIECEWISE, slopes=(1,))),
    "17 pieces": lambda p: _first_cost(
        p, replace(PIECEWISE, breakpoints=tuple(range(17)), slopes=tuple(range(1, 18)))
    ),
    "first breakpoint not 0": lambda p: _first_cost(p, replace(PIECEWISE, breakpoints=(1, 2))),
    "breakpoints equal": lambda p: _first_cost(
        p, Cost(CostKind.PIECEWISE, breakpoints=(0, 3, 3), slopes=(1, 2, 3))
    ),
    "breakpoints decreasing": lambda p: _first_cost(
        p, Cost(CostKind.PIECEWISE, breakpoints=(0, 3, 2), slopes=(1, 2, 3))
    ),
    "flat piece": lambda p: _first_cost(p, replace(PIECEWISE, slopes=(0, 1))),
    "slopes equal": lambda p: _first_cost(p, replace(PIECEWISE, slopes=(2, 2))),
    "slopes decreasing": lambda p: _first_cost(p, replace(PIECEWISE, slopes=(2, 1))),
    # Unusual, but acceptable (unless the agents' number or costs say otherwise).
    "unused fields of a quadratic": lambda p: _first_cost(
        p, Cost(CostKind.QUADRATIC, 77, 1, 1, 0, breakpoints=(5, 5), slopes=(1,))
    ),
    "unused fields of a power": lambda p: _first_cost(
        p, Cost(CostKind.POWER, 3, 1, 1, 0, breakpoints=(5,), slopes=())
    ),
    "unused fields of a piecewise": lambda p: _first_cost(
        p, Cost(CostKind.PIECEWISE, 99, 0, 5, 5, breakpoints=(0,), slopes=(3,))
    ),
    "whole in spite of its denominator": lambda p: _first_cost(p, Cost(CostKind.POWER, 5, 120, 120, 0)),
    "16 pieces": lambda p: _first_cost(
        p, replace(PIECEWISE, breakpoints=tuple(range(16)), slopes=tuple(range(1, 17)))
    ),
    "longest windows": lambda p: replace(p, join_window=MAX_WINDOW, action_window=MAX_WINDOW),
    "largest δ": lambda p: replace(p, continuation_numerator=UINT32 - 1, continuation_denominator=UINT32),
    "largest bond": lambda p: replace(p, bond=UINT96),
}
"""What may be wrong with parameters, and what only looks wrong."""
