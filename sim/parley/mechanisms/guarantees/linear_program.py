"""The linear program behind Theorem 1: the most that any guarantee can cost for given factors.

Its variables are values of sets of jobs. A is an allocation of greatest value, B one of greatest value
under a guarantee: x_i = v(A_i ∖ ∪B), y_j = v(B_j ∖ ∪A) and w_ij = v(A_i ∩ B_j). Lemma 1 of the paper
bounds them.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING

from parley.core.linear import Program
from parley.mechanisms.guarantees.loss import bound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.core.linear import Optimum


def program(factors: Sequence[Fraction]) -> Program:
    """Write linear program (14): maximize the loss over x, y and w, in this order, w by rows."""
    n = len(factors)
    everyone = range(n)
    written = Program()
    x = [written.variable(gamma) for gamma in factors]
    y = [written.variable(-gamma) for gamma in factors]
    w = [[written.variable(one - other) for other in factors] for one in factors]
    worth = {x[i]: factors[i] for i in everyone} | {w[i][j]: factors[i] for i in everyone for j in everyone}
    written.equals(worth, 1)
    for i in everyone:
        for j in everyone:
            # x_i + w_ij − Σ_k w_kj − y_j ≤ 0, in which w_ij cancels.
            terms = {x[i]: 1, y[j]: -1} | {w[k][j]: -1 for k in everyone if k != i}
            written.at_most(terms, 0)
    return written


def solve_program(factors: Sequence[Fraction]) -> Optimum:
    """Solve linear program (14) exactly; its prices solve the dual program (15).

    Examples
    --------
    >>> solve_program([Fraction(1), Fraction(1, 2)]).value
    Fraction(1, 2)
    """
    return program(factors).solve()


def program_of_kinds(factors: Sequence[Fraction]) -> Program:
    """Write the same program with one set of variables for all providers of a factor.

    To exchange two providers of the same factor changes neither constraints nor objective. So the mean over
    all exchanges of a solution is one too, of the same value, in which such providers have the same x and y,
    and w_ij depends on the factors of i and j, and on whether i = j.
    """
    counts = sorted(Counter(factors).items())
    kinds = range(len(counts))
    written = Program()
    x = [written.variable(n * gamma) for gamma, n in counts]
    y = [written.variable(-n * gamma) for gamma, n in counts]
    own = [written.variable() for _ in kinds]  # w_ii
    pairs = {(a, b): counts[a][1] * (counts[b][1] - (a == b)) for a in kinds for b in kinds}
    w = {(a, b): written.variable(n * (counts[a][0] - counts[b][0])) for (a, b), n in pairs.items() if n > 0}
    worth: dict[int, Fraction | int] = {w[a, b]: pairs[a, b] * counts[a][0] for a, b in w}
    for a, (gamma, n) in enumerate(counts):
        worth |= {x[a]: n * gamma, own[a]: n * gamma}
    written.equals(worth, 1)
    for b in kinds:
        # Σ_k w_kj + y_j of a provider j of kind b, but for w_jj
        lost = {y[b]: -1} | {w[a, b]: (a == b) - counts[a][1] for a in kinds if (a, b) in w}
        written.at_most(lost | {x[b]: 1}, 0)  # i = j
        for a in kinds:
            if (a, b) in w:
                written.at_most(lost | {x[a]: 1, own[b]: -1, w[a, b]: lost[w[a, b]] + 1}, 0)
    return written


MOST_KINDS = 64
"""Different factors up to which `most_lost` solves the program."""


def most_lost(factors: Sequence[Fraction]) -> Fraction:
    """Return the value of linear program (14): no guarantee costs more with these factors.

    Where factors have at most two values, the closed form is used. With more than `MOST_KINDS` values, the
    result is the bound of Theorem 1, which is not lower.

    Examples
    --------
    >>> most_lost([Fraction(1), Fraction(3, 4), Fraction(3, 4)])
    Fraction(4, 9)
    >>> most_lost([Fraction(1), Fraction(3, 4), Fraction(1, 2)] * 20)
    Fraction(59, 104)
    """
    n, highest, kinds = len(factors), max(factors), len(set(factors))
    if kinds <= 2:
        return two_point(n, sum(gamma == highest for gamma in factors), 1 - min(factors) / highest)
    if kinds > MOST_KINDS:
        return bound(n, 1 - min(factors) / highest)
    return program_of_kinds(factors).solve().value


def two_point(providers: int, high: int, delta: Fraction) -> Fraction:
    """Return the program's value if some factors are highest and all others lower by the share δ (Lemma 2).

    The printed formula is wrong if all factors are the highest: it would give max(δ, ·), and the point
    that it needs has a provider with the lower factor.

    Parameters
    ----------
    high : int
        Number of providers with the highest factor, 0 to n; none is the same as all.

    Examples
    --------
    >>> two_point(2, 1, Fraction(1, 2)), two_point(2, 2, Fraction(1, 2))
    (Fraction(1, 2), Fraction(1, 3))
    """
    n = providers
    if high in (0, n):
        return Fraction(n - 1, 2 * n - 1)
    return max(delta, (n - 1) / (n + high + (1 - delta) * (n - high) - 1))
