"""Stage 2: the stationary equilibrium of the bargaining over the cost savings (the paper's Proposition 1).

With Δ = F(D) − F(X) > 0, agent i with recognition probability p_i and cost alone f0_i = f_i(d_i) has expected
cost f0_i − p_i·Δ. It accepts a cost share up to its acceptance threshold a_i = f0_i − δ·p_i·Δ, the mean of
this expected cost if bargaining continues and f0_i if it breaks down. A proposer offers every other agent
exactly its threshold and keeps the rest of F(X). With Δ ≤ 0 there are no savings: every agent's cost is f0_i,
and there is no proposal.

Costs are exact fractions in units of cost; the functions ending in ``_wei`` are the bots' versions in whole
wei.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from parley.mechanisms.coordination.problem import Problem


def default_costs(problem: Problem) -> tuple[Fraction, ...]:
    """f_i(d_i): the cost of each agent if the contracts stand.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> print(*default_costs(example_1()))
    81 25 16 4 1
    """
    loads: list[int] = problem.contracted.sum(axis=1).tolist()
    return tuple(problem.cost(i, load) for i, load in enumerate(loads))


def savings(problem: Problem, X: ArrayLike) -> Fraction:
    """Δ(X) = F(D) − F(X), the cost savings of allocation X (in units), in units of cost.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> X = [[5, 0, 0, 0, 0], [1, 3, 0, 0, 0], [1, 1, 2, 0, 0], [1, 1, 1, 1, 0], [1, 0, 1, 1, 1]]
    >>> savings(example_1(), X)
    Fraction(38, 1)
    """
    return problem.total_cost(problem.contracted) - problem.total_cost(X)


def expected_costs(problem: Problem, X: ArrayLike, probabilities: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """Compute expected equilibrium costs, f_i(d_i) − p_i·Δ, or f_i(d_i) where Δ ≤ 0 (Proposition 1).

    Parameters
    ----------
    X : array_like of int, shape (n, m)
        The announced allocation, in units.
    probabilities : sequence of Fraction, length n
        Recognition probabilities at X.

    Returns
    -------
    tuple of Fraction, length n
        In units of cost.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> X = [[5, 0, 0, 0, 0], [1, 3, 0, 0, 0], [1, 1, 2, 0, 0], [1, 1, 1, 1, 0], [1, 0, 1, 1, 1]]
    >>> expected_costs(example_1(), X, [Fraction(3, 7)] + 4 * [Fraction(1, 7)])[0]
    Fraction(453, 7)
    """
    gain = max(savings(problem, X), Fraction(0))
    return tuple(f0 - p * gain for f0, p in zip(default_costs(problem), probabilities, strict=True))


def acceptance_thresholds(
    problem: Problem, X: ArrayLike, probabilities: Sequence[Fraction]
) -> tuple[Fraction, ...]:
    """Compute thresholds a_i = δ·Eπ_i + (1 − δ)·f_i(d_i) = f_i(d_i) − δ·p_i·Δ (proof of Proposition 1).

    Where Δ ≤ 0 they are f_i(d_i).

    Parameters
    ----------
    X : array_like of int, shape (n, m)
        The announced allocation, in units.
    probabilities : sequence of Fraction, length n
        Recognition probabilities at X.

    Returns
    -------
    tuple of Fraction, length n
        The highest cost share that each agent accepts, in units of cost.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> X = [[5, 0, 0, 0, 0], [1, 3, 0, 0, 0], [1, 1, 2, 0, 0], [1, 1, 1, 1, 0], [1, 0, 1, 1, 1]]
    >>> acceptance_thresholds(example_1(), X, [Fraction(3, 7)] + 4 * [Fraction(1, 7)])[0]
    Fraction(2322, 35)
    """
    gain = max(savings(problem, X), Fraction(0))
    weight = problem.continuation * gain
    return tuple(f0 - weight * p for f0, p in zip(default_costs(problem), probabilities, strict=True))


def proposals(
    problem: Problem, X: ArrayLike, probabilities: Sequence[Fraction]
) -> tuple[tuple[Fraction, ...], ...] | None:
    """Compute what each agent proposes in equilibrium: row i holds the cost shares that agent i proposes.

    Parameters
    ----------
    X : array_like of int, shape (n, m)
        The announced allocation, in units.
    probabilities : sequence of Fraction, length n
        Recognition probabilities at X.

    Returns
    -------
    tuple of n tuples of n Fractions, or None
        Cost shares in units of cost; each row sums to F(X). None where Δ ≤ 0: the game ends without a
        proposal.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> X = [[5, 0, 0, 0, 0], [1, 3, 0, 0, 0], [1, 1, 2, 0, 0], [1, 1, 1, 1, 0], [1, 0, 1, 1, 1]]
    >>> proposals(example_1(), X, [Fraction(3, 7)] + 4 * [Fraction(1, 7)])[0][0]
    Fraction(2189, 35)
    """
    if savings(problem, X) <= 0:
        return None
    thresholds = acceptance_thresholds(problem, X, probabilities)
    rest = problem.total_cost(X) - sum(thresholds)
    return tuple(
        tuple(a + rest if i == j else a for j, a in enumerate(thresholds)) for i in range(problem.agents)
    )


def expected_costs_float(
    problem: Problem, X: ArrayLike, probabilities: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute expected costs and acceptance thresholds in floating point, for large populations.

    Parameters
    ----------
    X : array_like of int, shape (n, m)
        The announced allocation, in units.
    probabilities : ndarray of float, shape (n,)

    Returns
    -------
    (expected, thresholds) : ndarrays of float, shape (n,)
        In units of cost.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> X = [[5, 0, 0, 0, 0], [1, 3, 0, 0, 0], [1, 1, 2, 0, 0], [1, 1, 1, 1, 0], [1, 0, 1, 1, 1]]
    >>> expected_costs_float(example_1(), X, np.array([0.5, 0.5, 0, 0, 0]))[0].tolist()
    [62.0, 6.0, 16.0, 4.0, 1.0]
    """
    alone = np.array([float(f0) for f0 in default_costs(problem)])
    shares = probabilities * float(max(savings(problem, X), Fraction(0)))
    return alone - shares, alone - float(problem.continuation) * shares


def threshold_wei(f0_wei: int, p: Fraction, delta: Fraction, savings_wei: int) -> int:
    """Compute the acceptance threshold in whole wei, rounded down toward minus infinity.

    A lower cost share is better for the responder, so rounding down is in its favour, and a share at the
    rounded threshold is accepted. Rounding toward zero would increase a negative threshold, which would be
    rejected.

    Parameters
    ----------
    f0_wei : int
        f_i(d_i).
    p : Fraction
        Recognition probability.
    delta : Fraction
        Continuation probability; 0 in the last round, because a rejection ends the game.
    savings_wei : int
        Δ.

    Returns
    -------
    int
        In wei; within one wei of the exact threshold.

    Examples
    --------
    >>> threshold_wei(0, Fraction(1, 3), Fraction(1, 2), 10)
    -2
    """
    if savings_wei <= 0:
        return f0_wei
    return (f0_wei - delta * p * savings_wei).__floor__()


def thresholds_wei(
    problem: Problem, X: ArrayLike, probabilities: Sequence[Fraction], *, last_round: bool = False
) -> tuple[int, ...]:
    """Compute every agent's acceptance threshold at X, in whole wei, rounded down toward minus infinity.

    Parameters
    ----------
    X : array_like of int, shape (n, m)
        The announced allocation, in units.
    probabilities : sequence of Fraction, length n
    last_round : bool
        Whether a rejection ends the game; thresholds are then f_i(d_i).

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> X = [[5, 0, 0, 0, 0], [1, 3, 0, 0, 0], [1, 1, 2, 0, 0], [1, 1, 1, 1, 0], [1, 0, 1, 1, 1]]
    >>> thresholds_wei(example_1(), X, 5 * [Fraction(1, 7)])[4]
    -3885714286
    """
    loads: list[int] = problem.contracted.sum(axis=1).tolist()
    gain = problem.total_cost_wei(problem.contracted) - problem.total_cost_wei(X)
    delta = Fraction(0) if last_round else problem.continuation
    return tuple(
        threshold_wei(problem.cost_wei(i, load), p, delta, gain)
        for i, (load, p) in enumerate(zip(loads, probabilities, strict=True))
    )


def proposal_wei(
    problem: Problem,
    X: ArrayLike,
    probabilities: Sequence[Fraction],
    proposer: int,
    last_round: bool = False,  # noqa: FBT001, FBT002 - bots pass it by name
) -> tuple[int, ...]:
    """Make the equilibrium proposal in whole wei: others' thresholds, the rest of F(X) for the proposer.

    Parameters
    ----------
    X : array_like of int, shape (n, m)
        The announced allocation, in units.
    probabilities : sequence of Fraction, length n
    proposer : int
        From 0.
    last_round : bool
        Whether a rejection ends the game.

    Returns
    -------
    tuple of int, length n
        Cost shares in wei; they sum to F(X) exactly. The proposer bears the dust, at most n − 1 wei.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> problem = example_1()
    >>> X = [[5, 0, 0, 0, 0], [1, 3, 0, 0, 0], [1, 1, 2, 0, 0], [1, 1, 1, 1, 0], [1, 0, 1, 1, 1]]
    >>> shares = proposal_wei(problem, X, 5 * [Fraction(1, 5)], proposer=0)
    >>> sum(shares) == problem.total_cost_wei(X), shares[1]
    (True, 18160000000)
    """
    shares = list(thresholds_wei(problem, X, probabilities, last_round=last_round))
    shares[proposer] = 0
    shares[proposer] = problem.total_cost_wei(X) - sum(shares)
    return tuple(shares)
