"""Small games to play: parameters that creation accepts."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from random import Random

from parley.mechanisms.coordination.model import Recognition
from parley.mechanisms.coordination.parameters import MAX_WINDOW, MIN_WINDOW, Cost, CostKind, Parameters

UINT32 = 2**32 - 1


def quadratic(dice: Random) -> Cost:
    scale = dice.choice([1, 2, 10**9, 10**18])
    coefficient, linear = dice.randint(1, 5), dice.randint(0, 4)
    if dice.random() < 0.5:
        # a and b of the same parity: (a q² + b q) / 2 is whole.
        return Cost(CostKind.QUADRATIC, 0, 2, coefficient, coefficient + 2 * linear)
    return Cost(CostKind.QUADRATIC, 0, 1, coefficient * scale, linear * scale)


def power(dice: Random) -> Cost:
    exponent, coefficient = dice.randint(2, 8), dice.randint(1, 3)
    if exponent == 3 and dice.random() < 0.5:
        # q³ ≡ q modulo 6: (q³ + 5 q) / 6 is whole.
        return Cost(CostKind.POWER, exponent, 6, coefficient, 6 * 3 - coefficient)
    return Cost(CostKind.POWER, exponent, 1, coefficient, dice.randint(0, 3))


def piecewise(dice: Random) -> Cost:
    more = dice.randint(0, 3)
    starts = accumulate([0, *(dice.randint(1, 4) for _ in range(more))])
    slopes = accumulate(dice.randint(1, 3) for _ in range(more + 1))
    return Cost(CostKind.PIECEWISE, breakpoints=tuple(starts), slopes=tuple(slopes))


def parameters(
    dice: Random,
    accounts: Sequence[str],
    recognitions: Mapping[str, Recognition],
    seats: tuple[int, int] = (2, 4),
    types: tuple[int, int] = (1, 3),
) -> Parameters:
    """A game whose first seat has contracted on more than the others: delegation often pays."""
    n, m = dice.randint(*seats), dice.randint(*types)
    contracted = [dice.randint(1, 8) if k < m else dice.randint(0, 2) for k in range(n * m)]
    capacity = [d + dice.randint(0, 1 if k < m else 5) for k, d in enumerate(contracted)]
    kinds = [dice.choice([quadratic, power, piecewise])(dice) for _ in range(dice.choice([1, 1, n]))]
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
