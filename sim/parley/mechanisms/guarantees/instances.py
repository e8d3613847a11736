"""The paper's instances and examples, with the loss of each in closed form.

Highest factors are 1 and lowest 1 − δ. Where the printed text cannot be right, the corrected instance is
built; `docs/explanation/guarantees.md` lists the corrections.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import log
from typing import TYPE_CHECKING

from parley.mechanisms.guarantees.guarantee import Guarantee, Income, MaxMin
from parley.mechanisms.guarantees.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.guarantees.reading import Interval

NONE = Fraction(0)
ONE = Fraction(1)


def _one_better(providers: int, delta: Fraction) -> tuple[Fraction, ...]:
    return (ONE, *[1 - delta] * (providers - 1))


def _in_a_row(jobs: int) -> tuple[Interval, ...]:
    return tuple((Fraction(k), Fraction(k + 1)) for k in range(jobs))


# ── Theorem 2: the bound is reached ─────────────────────────────────────────────────────────────────────────


def instance_1(delta: Fraction) -> Problem:
    """Build Instance 1: the only job is promised to the worse of two providers. The loss is δ."""
    return instance_6(2, delta)


def instance_2(kappa: Fraction, delta: Fraction = NONE) -> Problem:
    """Build Instance 2: two short jobs of value 1, and a long one of value 1 − κ; max-min fairness."""
    return instance_7(2, kappa, delta)


def instance_3(delta: Fraction = NONE) -> Problem:
    """Build Instance 3: four short jobs and a long one, all of value 1; max-min fairness."""
    return instance_8(2, 1, delta)


def instance_6(providers: int, delta: Fraction) -> Problem:
    """Build Instance 6: the only job is promised to a worse provider; the loss is δ.

    The paper's two allocations are not closed under permutations. All assignments of the job are.
    """
    floors = (NONE, ONE, *[NONE] * (providers - 2))
    return Problem(providers, (ONE,), Income(floors), factors=_one_better(providers, delta))


def instance_7(providers: int, kappa: Fraction, delta: Fraction = NONE) -> Problem:
    """Build Instance 7: n short jobs of value 1, and n − 1 long ones of value 1 − κ; max-min fairness."""
    others = providers - 1
    return instance_5([ONE] * providers, [1 - kappa] * others, _one_better(providers, delta))


def loss_7(providers: int, kappa: Fraction, delta: Fraction = NONE) -> Fraction:
    """Return the loss of Instances 2 (n = 2) and 7, for κ up to 1.

    The denominator is n·γmax + (n−1)·γmin·(1−κ), and the numerator (n−1)(γmax − κ·γmin); the paper swaps γmax
    and γmin in one, and misplaces a bracket in the other.

    Examples
    --------
    >>> loss_7(2, Fraction(1, 10)), loss_7(3, Fraction(1, 10), Fraction(1, 4)), loss_7(3, Fraction(0))
    (Fraction(9, 29), Fraction(37, 87), Fraction(0, 1))
    """
    if kappa <= 0:
        return NONE
    others, low = providers - 1, 1 - delta
    return others * (1 - kappa * low) / (providers + others * low * (1 - kappa))


def instance_8(providers: int, rows: int, delta: Fraction = NONE) -> Problem:
    """Build Instance 8: (t+1)n jobs that fit together, and t rows of n − 1 jobs, all of value 1.

    A provider has jobs of the first sort, or at most one of each row. With one row these are intervals, and
    Instance 3 is n = 2; no intervals have the conflicts of more rows.

    Parameters
    ----------
    rows : int
        t.
    """
    others = providers - 1
    short = (rows + 1) * providers
    jobs = short + rows * others
    factors = _one_better(providers, delta)
    if rows == 1:
        return instance_5([ONE] * short, [ONE] * others, factors)
    row = [range(short + k * others, short + (k + 1) * others) for k in range(rows)]
    conflicts = {pair for jobs_of_row in row for pair in combinations(jobs_of_row, 2)}
    conflicts |= {(one, other) for one in range(short) for other in range(short, jobs)}
    return Problem(providers, (ONE,) * jobs, MaxMin(), conflicts=frozenset(conflicts), factors=factors)


def loss_8(providers: int, rows: int, delta: Fraction = NONE) -> Fraction:
    """Return the loss of Instances 3 (n = 2, t = 1) and 8.

    Examples
    --------
    >>> loss_8(2, 1), loss_8(3, 1, Fraction(1, 4))
    (Fraction(1, 5), Fraction(1, 3))
    """
    others = providers - 1
    return others * (rows + delta) / (rows * (providers + others * (1 - delta)) + providers)


# ── Section 4: what drives the loss ─────────────────────────────────────────────────────────────────────────


def instance_4(
    values: Sequence[Fraction], capacities: Sequence[int | None], guarantee: Guarantee | None = None
) -> Problem:
    """Build Instance 4: nothing but the number of jobs is limited. No guarantee costs anything."""
    return Problem(len(capacities), tuple(values), guarantee or MaxMin(), capacities=tuple(capacities))


def instance_5(
    together: Sequence[Fraction],
    alone: Sequence[Fraction],
    factors: Sequence[Fraction],
    guarantee: Guarantee | None = None,
) -> Problem:
    """Build Instance 5: jobs that all fit together (set S), and jobs that fit with nothing (set C).

    Parameters
    ----------
    together, alone : sequence of Fraction
        Values of the jobs in S and in C.
    factors : sequence of Fraction
        One for each provider.
    guarantee : Guarantee, optional
        Max-min fairness if there is none.
    """
    length = Fraction(max(len(together), 1))
    return Problem(
        len(factors),
        (*together, *alone),
        guarantee or MaxMin(),
        (*_in_a_row(len(together)), *[(NONE, length)] * len(alone)),
        factors=tuple(factors),
    )


# ── Assumption 1 (ii) is needed ─────────────────────────────────────────────────────────────────────────────


def instance_9(k: int, *, pay_by_value: bool = False) -> Problem:
    """Build Instance 9: k specialists, and k − 1 helpers who do the same work at a k-th of its value.

    There are k² jobs in a square, each of value 1/k. Specialist i can do row i, and helper j column j. Pay is
    p_i = γ_i·v(A_i).

    Parameters
    ----------
    pay_by_value : bool
        Let pay be v(A_i) instead; then less is lost.
    """
    rows = [frozenset(range(i * k, (i + 1) * k)) for i in range(k)]
    columns = [frozenset(range(j, k * k, k)) for j in range(k - 1)]
    share = Fraction(1, k)
    factors = (*[ONE] * k, *[share] * (k - 1))
    able = tuple(None if len(jobs) == k * k else jobs for jobs in (*rows, *columns))
    return Problem(
        2 * k - 1,
        (share,) * (k * k),
        MaxMin(),
        eligible=able,
        factors=factors,
        pay=() if pay_by_value else factors,
    )


def loss_9(k: int) -> Fraction:
    """Return the loss of Instance 9, 1 − (2k−1)/k² = 1 − 4n/(n+1)².

    Examples
    --------
    >>> loss_9(2), loss_9(4)
    (Fraction(1, 4), Fraction(9, 16))
    """
    return 1 - Fraction(2 * k - 1, k * k)


# ── random values ───────────────────────────────────────────────────────────────────────────────────────────


def expected_loss(providers: int, spread: float) -> float:
    """Return the expected loss of Examples 1 (n = 2) and 2: Instance 7 with κ uniform on [−Δ/2, Δ/2].

    With M = min(1, Δ/2) it is (M + n/(n−1)·(ln(2n−1 − (n−1)M) − ln(2n−1)))/Δ. The printed forms are wrong:
    that of Example 1 has max(0, Δ/2) for max(0, 1−Δ/2), that of Example 2 the logarithm of a negative
    number.

    Parameters
    ----------
    providers : int
        n, at least 2.
    spread : float
        Δ, above 0.

    Examples
    --------
    >>> round(expected_loss(2, 1), 9), round(expected_loss(5, 0.5), 9)
    (0.135356886, 0.205542411)
    """
    n, most = providers, min(1.0, spread / 2)
    logarithm = log(1 - (n - 1) * most / (2 * n - 1))
    return (most + n / (n - 1) * logarithm) / spread
