"""Small games to play: parameters that creation accepts."""

from collections.abc import Mapping, Sequence
from random import Random

from parley.mechanisms.coordination.model import Recognition
from parley.mechanisms.coordination.parameters import MAX_WINDOW, MIN_WINDOW, Cost, CostKind, Parameters

UINT32 = 2**32 - 1


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
