"""Costs learned rather than known: agents with private quadratic costs who play again and again.

The paper supposes that costs are common knowledge, and contends in its concluding remarks that agents with
privately held costs "through repeated interaction, would get better informed on each other's costs and
eventually converge on desirable allocations". This is a model in which that can be looked at.

Agent i's cost is f_i(z) = a_i·z² + b_i·z, with a_i > 0 and b_i ≥ 0 known to itself only. All others share one
estimate of it, because all have seen the same. In each period, with contracts D of that period,

1. agents announce in order; each takes its row of ``allocation.cost_effective`` given what has been
   announced, with its own true cost and the estimates of the others' in place of theirs;
2. they bargain at the X announced. If it truly saves, Δ(X) > 0 at the true costs, it is implemented,
   otherwise D is: agents know their own costs, and sign nothing that makes them worse off than D;
3. the workload z_j of every agent and what it cost become public: exactly, or times 1 + σ·ε with ε standard
   normal, drawn anew for each agent and period. A workload of zero costs nothing and shows nothing.

Estimates are the least-squares line through the average costs seen, y = f(z)/z = a·z + b, with the prior as
a ridge: the mean of a normal prior with variances v_a, v_b and observation errors of standard deviation σ·y
(with the current estimate's y), constrained to a ≥ `least` > 0 and b ≥ 0. With σ = 0 it is the limit of this:
the nearest line, in the metric of the prior, through what has been seen; arithmetic then is exact.

The agents are naive in three respects: they do not infer costs from what others announce, do not announce in
order to learn or to mislead, and do not distrust what the others will announce.

What holds with σ = 0:

- *Two different workloads reveal a cost*, since y is a line; one leaves a line of pairs (a, b) open.
- *With the same contracts in every period play comes to rest*, after at most 2n periods that change an
  estimate. A period that changes none is followed by an equal one, and one that does takes at least one
  degree of freedom from at least one agent's estimate, which has two.
- *It may rest where it is not cost-effective* (a self-confirming equilibrium: `self_confirming`). One task
  and two agents are enough: agent 1 has contracted it, agent 2 can do it, f_1(z) = z² + 2z, f_2(z) = z², and
  agent 2 is thought to have z² + 3z. Agent 1 keeps the task at a cost of 3, as it believes that it costs
  agent 2 4. It would cost 1; nobody ever sees agent 2 work.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from parley.core.errors import ParleyError
from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.announcements import bounds
from parley.mechanisms.coordination.axioms.triple import Row, Rows, rows_of
from parley.mechanisms.coordination.bargaining import savings
from parley.mechanisms.coordination.costs import Quadratic
from parley.mechanisms.coordination.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

Numbers = Any
"""Array of float64 or, where arithmetic is exact, of Fractions."""

GRID = 2**20
"""Estimates that are not exact are rounded to multiples of 1/GRID before the solver sees them."""


LEAST_NOISE = 1e-4
"""With less, the covariances would drown in rounding."""


@dataclass(frozen=True, eq=False, slots=True)
class Beliefs:
    """What is publicly thought of every agent's cost: normal estimates of (a, b), before constraints.

    Examples
    --------
    Seen once, a cost of 6 at two tasks, an average of 3, moves (1, 0) to the nearest point with 2a + b = 3;
    with a cost of 12 at three, 3a + b = 4, it is known.

    >>> beliefs = Beliefs.prior(1, Fraction(1), Fraction(0))
    >>> for tasks, cost in (2, 6), (3, 12):
    ...     beliefs = beliefs.after((Fraction(tasks),), (Fraction(cost),))
    ...     print(*beliefs.mean[:, 0], *beliefs.covariance[:, 0])
    7/5 1/5 1/5 -2/5 4/5
    1 1 0 0 0
    """

    mean: NDArray[Numbers]
    """Shape (2, n): a and b of each agent."""
    covariance: NDArray[Numbers]
    """Shape (3, n): variance of a, covariance, variance of b."""
    least: Fraction
    """Least a thought possible."""

    @classmethod
    def prior(
        cls,
        agents: int,
        quadratic: Fraction,
        linear: Fraction,
        spread: tuple[Fraction, Fraction] = (Fraction(1), Fraction(1)),
        *,
        least: Fraction = Fraction(1, 1000),
    ) -> Beliefs:
        """Think the same of all agents, and of nothing seen.

        Parameters
        ----------
        agents : int
            n.
        quadratic, linear : Fraction
            Means of a and b, in units of cost per task² and per task.
        spread : (Fraction, Fraction)
            Standard deviations of a and b.
        least : Fraction
            Least a thought possible.

        Raises
        ------
        ParleyError
            If the mean is no cost function, a spread is not above 0, or `least` is below 1/`GRID`.
        """
        if not (Fraction(1, GRID) <= least <= quadratic and linear >= 0 and min(spread) > 0):
            raise ParleyError(f"a prior needs 1/{GRID} ≤ least ≤ quadratic, linear ≥ 0 and spreads above 0")
        variances = (spread[0] ** 2, Fraction(0), spread[1] ** 2)
        return cls(
            np.array([[quadratic] * agents, [linear] * agents], dtype=object),
            np.array([[variance] * agents for variance in variances], dtype=object),
            least,
        )

    def after(
        self, tasks: Sequence[Fraction], costs: Sequence[Fraction | float], sigma: float = 0
    ) -> Beliefs:
        """Update with one period's workloads and costs (recursive least squares, all agents at once).

        Parameters
        ----------
        tasks : sequence of Fraction, length n
            z in tasks.
        costs : sequence of Fraction (exact) or float, length n
            What they are seen to have cost. Not looked at where nothing was done.
        sigma : float
            Relative standard deviation of what is seen; 0 for exactly.
        """
        mean, (aa, ab, bb) = self.mean.copy(), self.covariance.copy()
        z = np.array(tasks, dtype=object)
        error: NDArray[Numbers] = np.zeros(len(z), dtype=object)
        if sigma:
            mean, aa, ab, bb, z = (part.astype(np.float64) for part in (mean, aa, ab, bb, z))
            a, b = (np.array([float(x) for x in pair]) for pair in zip(*self.estimates(), strict=True))
            error = (sigma * (a * z + b)) ** 2
        # For y = a·z + b: the covariances of (a, b) with it, and its variance.
        with_a, with_b = aa * z + ab, ab * z + bb
        variance = with_a * z + with_b + error
        k = np.flatnonzero((z > 0) & (variance > 0))
        average = np.array([costs[i] for i in k.tolist()], dtype=mean.dtype) / z[k]
        surprise = (average - mean[0, k] * z[k] - mean[1, k]) / variance[k]
        mean[0, k] += with_a[k] * surprise
        mean[1, k] += with_b[k] * surprise
        aa[k] -= with_a[k] * with_a[k] / variance[k]
        ab[k] -= with_a[k] * with_b[k] / variance[k]
        bb[k] -= with_b[k] * with_b[k] / variance[k]
        return Beliefs(mean, np.array([aa, ab, bb], dtype=mean.dtype), self.least)

    def estimates(self) -> list[tuple[Any, Any]]:
        """The most likely (a, b) of each agent with a ≥ `least` and b ≥ 0."""
        columns = zip(*self.mean, *self.covariance, strict=True)
        return [_constrained(a, b, aa, ab, bb, self.least) for a, b, aa, ab, bb in columns]

    def costs(self) -> tuple[Quadratic, ...]:
        """The estimates as cost functions."""
        return tuple(Quadratic(_rational(a), _rational(b)) for a, b in self.estimates())


def _constrained(a: Any, b: Any, aa: Any, ab: Any, bb: Any, least: Fraction) -> tuple[Any, Any]:  # noqa: ANN401 -- Fraction or float
    """The nearest pair with a ≥ least and b ≥ 0, in the metric of the covariances.

    One of the two constraints that (a, b) violates binds; given that it does, the other number follows by
    regression and is cut off where it violates its own.
    """
    points = []
    if b < 0:
        points.append((max(a - ab / bb * b, least), 0 * b))
    if a < least:
        points.append((least + 0 * a, max(b + ab / aa * (least - a), 0 * b)))

    def distance(point: tuple[Any, Any]) -> Any:  # noqa: ANN401 -- as above
        to_a, to_b = point[0] - a, point[1] - b
        return bb * to_a * to_a - 2 * ab * to_a * to_b + aa * to_b * to_b

    return min(points, key=distance) if points else (a, b)


def _rational(number: Fraction | float) -> Fraction:
    return number if isinstance(number, Fraction) else Fraction(round(number * GRID), GRID)


# ── one period ──────────────────────────────────────────────────────────────────────────────────────────────


def announce(problem: Problem, estimates: Sequence[Quadratic]) -> Rows:
    """What agents announce who know their own cost and have these estimates of the others'.

    Parameters
    ----------
    problem : Problem
        With the true costs.
    estimates : sequence of Quadratic, length n
        What all but agent j think of agent j's cost.

    Returns
    -------
    tuple of n tuples of m int
        X, in units.

    Examples
    --------
    If all know all, it is the solver's allocation.

    >>> from parley.mechanisms.coordination.problem import example_1
    >>> problem = example_1()
    >>> announce(problem, problem.costs) == rows_of(cost_effective(problem).matrix)
    True
    """
    rows: list[Row] = []
    for j in range(problem.agents - 1):
        costs = [*estimates]
        costs[j] = problem.costs[j]  # type: ignore[call-overload]  # a Quadratic in what is played here
        rows.append(rows_of(cost_effective(_with_costs(problem, costs), rows).matrix)[j])
    last, _ = bounds(problem, rows)
    return (*rows, tuple(last.tolist()))


def _with_costs(problem: Problem, costs: Sequence[Quadratic]) -> Problem:
    return Problem(
        problem.contracted, problem.capacity, tuple(costs), problem.continuation, unit=problem.unit
    )


def implemented(problem: Problem, X: Rows) -> Rows:
    """X if it truly saves, Δ(X) > 0, otherwise D.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> implemented(example_1(), rows_of(example_1().contracted))[0]
    (9, 0, 0, 0, 0)
    """
    return X if savings(problem, X) > 0 else rows_of(problem.contracted)


def self_confirming(problem: Problem, estimates: Sequence[Quadratic]) -> bool:
    """Whether nothing that play with these estimates shows contradicts them.

    So that, without noise and with the same contracts, it goes on like this for ever. It is so if and only if
    the estimate of every agent's cost is right at the workload that it is given; elsewhere it may be wrong.

    Parameters
    ----------
    problem : Problem
        With the true costs.
    estimates : sequence of Quadratic, length n
        What all but agent j think of agent j's cost.

    Examples
    --------
    Two tasks that cost agent 1 7 and 16, agent 2 3 and 8. Agent 2 should do both, at a cost of 8. It is seen
    to do one at 3, which 3z² explains as well as z² + 2z; but both would cost 12 then. So each does one, at
    a cost of 10, and nothing that is ever seen says otherwise.

    >>> problem = Problem(
    ...     np.array([[2], [0]]), np.array([[2], [2]]),
    ...     (Quadratic(Fraction(1), Fraction(6)), Quadratic(Fraction(1), Fraction(2))), Fraction(1, 2))
    >>> estimates = (problem.costs[0], Quadratic(Fraction(3)))
    >>> self_confirming(problem, estimates), announce(problem, estimates)
    (True, ((1,), (1,)))
    >>> print(problem.total_cost([[1], [1]]), cost_effective(problem).total_cost)
    10 8
    """
    loads = map(sum, implemented(problem, announce(problem, estimates)))
    return all(
        estimate(problem.tasks(load)) == problem.cost(j, load)
        for j, (estimate, load) in enumerate(zip(estimates, loads, strict=True))
    )


# ── period after period ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Period:
    """What happened in one period."""

    announced: Rows
    """X, in units."""
    saved: bool
    """Whether it truly saves, and is implemented."""
    cost_effective: bool
    """Whether F(X) is the least there is."""
    excess: Fraction
    """Cost of the implemented allocation above the least, as a share of F(D) less the least; 0 where nothing
    can be saved."""
    errors: tuple[float, ...]
    """For each agent the estimate's greatest relative error over all workloads from one unit to the agent's
    capacity, before this period; 0 for agents without capacity."""
    informative: bool
    """Whether an estimate has changed after it."""
    beliefs: Beliefs
    """After it."""


def learn(
    problems: Iterable[Problem], beliefs: Beliefs, *, sigma: float = 0, seed: int = 0
) -> Iterator[Period]:
    """Play one problem after another, learning from each.

    Parameters
    ----------
    problems : iterable of Problem
        One for each period, with the true costs, all quadratic and the same in all; contracts and capacities
        may differ.
    beliefs : Beliefs
        Before the first period.
    sigma : float
        Relative standard deviation of the costs that become public: 0, with all exact, or from `LEAST_NOISE`
        to 1.
    seed : int
        Of the noise. The same seed gives the same periods.

    Raises
    ------
    ParleyError
        If a cost is not quadratic or differs from those of the first period, or σ is another one.

    Examples
    --------
    The example of `self_confirming`, from a prior of 4z² + z: after one period it is stuck.

    >>> problem = Problem(
    ...     np.array([[2], [0]]), np.array([[2], [2]]),
    ...     (Quadratic(Fraction(1), Fraction(6)), Quadratic(Fraction(1), Fraction(2))), Fraction(1, 2))
    >>> for period in learn([problem] * 3, Beliefs.prior(2, Fraction(4), Fraction(1))):
    ...     print(period.announced, period.excess, period.informative, *period.beliefs.mean[:, 1])
    ((1,), (1,)) 1/4 True 3 0
    ((1,), (1,)) 1/4 False 3 0
    ((1,), (1,)) 1/4 False 3 0
    """
    if sigma and not LEAST_NOISE <= sigma <= 1:
        raise ParleyError(f"a noise of {sigma} is neither 0 nor from {LEAST_NOISE} to 1")
    dice, costs = Random(seed), None
    least: tuple[Problem, Fraction] | None = None
    for problem in problems:
        costs = costs or problem.costs
        if problem.costs != costs or not all(isinstance(cost, Quadratic) for cost in costs):
            raise ParleyError("costs that are learned must be quadratic and the same in every period")
        if least is None or least[0] is not problem:
            least = problem, cost_effective(problem).total_cost
        X = announce(problem, beliefs.costs())
        done = implemented(problem, X)
        loads = [sum(row) for row in done]
        seen: list[Fraction | float] = [problem.cost(j, load) for j, load in enumerate(loads)]
        if sigma:
            seen = [float(cost) * (1 + sigma * dice.gauss()) for cost in seen]
        after = beliefs.after([problem.tasks(load) for load in loads], seen, sigma)
        possible = problem.total_cost(problem.contracted) - least[1]
        missed = problem.total_cost(done) - least[1]
        yield Period(
            announced=X,
            saved=savings(problem, X) > 0,
            cost_effective=problem.total_cost(X) == least[1],
            excess=missed / possible if possible else Fraction(0),
            errors=_errors(problem, beliefs),
            informative=bool((after.mean != beliefs.mean).any()),
            beliefs=after,
        )
        beliefs = after


def _errors(problem: Problem, beliefs: Beliefs) -> tuple[float, ...]:
    """Greatest relative errors: the ratio of two lines in z is monotone, so they are at an end."""
    errors = []
    for i, (estimate, most) in enumerate(
        zip(beliefs.costs(), problem.capacity.sum(axis=1).tolist(), strict=True)
    ):
        ends = [1, most] if most else []
        errors.append(
            max(
                (abs(float(estimate(problem.tasks(load)) / problem.cost(i, load) - 1)) for load in ends),
                default=0.0,
            )
        )
    return tuple(errors)


def until_rest(problem: Problem, beliefs: Beliefs) -> list[Period]:
    """Play the same problem without noise until nothing more is learned: all periods, the last for ever.

    Parameters
    ----------
    problem : Problem
        With the true costs, all quadratic.
    beliefs : Beliefs
        Before the first period, exact ones.

    Returns
    -------
    list of Period
        At most 2n informative ones and a last one that is not. Of the last `self_confirming` is true.

    Examples
    --------
    Example 1's agents, thought to have a cost of 2z² + z, learn to do as well as if they knew.

    >>> from parley.mechanisms.coordination.problem import example_1
    >>> periods = until_rest(example_1(), Beliefs.prior(5, Fraction(2), Fraction(1)))
    >>> print(*(period.excess for period in periods))
    16/19 0 0 0
    """
    periods = []
    for period in learn(repeat(problem), beliefs):
        periods.append(period)
        if not period.informative:
            break
    return periods
