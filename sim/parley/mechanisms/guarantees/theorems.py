"""The paper's assumptions and propositions as checks, with a witness where they fail.

The checks of Assumption 1 take any set F of allocations as a list; those of Assumption 2 and Propositions
1 and 2 the values v(A_1), …, v(A_n) of every allocation in F, and whether it is in the set F_G.
`structure` answers for the problems of Parley without a list, and `free_of_loss` says when a guarantee
costs nothing.
"""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from math import comb
from typing import TYPE_CHECKING, Any, NamedTuple

from parley.core.exact import show_all
from parley.mechanisms.guarantees.guarantee import Income, MaxMin, is_uniform, leaves
from parley.mechanisms.guarantees.schedules import exclusions, find_fault, find_schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.guarantees.guarantee import Vector
    from parley.mechanisms.guarantees.problem import Problem
    from parley.mechanisms.guarantees.schedules import Allocation, Schedule

__all__ = ["Finding", "free_of_loss", "structure"]


class Finding(NamedTuple):
    """Whether a property holds, why, and otherwise a counterexample.

    Attributes
    ----------
    holds : bool or None
        None if it is not known.
    basis : str
        How that is known.
    witness : dict or None
        Allocations as job lists per provider; values as exact numbers.
    """

    holds: bool | None
    basis: str
    witness: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return self._asdict()


LISTED = "checked for all allocations"


def _lists(allocation: Sequence[Sequence[int]]) -> list[list[int]]:
    return [sorted(schedule) for schedule in allocation]


# ── Assumption 1, for any list of allocations ───────────────────────────────────────────────────────────────


def indivisible(feasible: Sequence[Allocation]) -> Finding:
    """Check that no job has two providers (Assumption 1 i).

    Examples
    --------
    >>> indivisible([((0,), (0,))]).witness
    {'allocation': [[0], [0]], 'job': 0}
    """
    for allocation in feasible:
        seen: set[int] = set()
        for schedule in allocation:
            if twice := seen.intersection(schedule):
                return Finding(False, LISTED, {"allocation": _lists(allocation), "job": min(twice)})
            seen.update(schedule)
    return Finding(True, LISTED)


def symmetric(feasible: Sequence[Allocation]) -> Finding:
    """Check that any permutation of a feasible allocation is feasible (Assumption 1 ii)."""
    known = set(feasible)
    for allocation in feasible:
        for moved in permutations(allocation):
            if moved not in known:
                return Finding(False, LISTED, {"allocation": _lists(allocation), "infeasible": _lists(moved)})
    return Finding(True, LISTED)


def monotone(feasible: Sequence[Allocation]) -> Finding:
    """Check that jobs can be left out (Assumption 1 iii); one at a time is enough."""
    known = set(feasible)
    for allocation in feasible:
        for i, schedule in enumerate(allocation):
            for job in schedule:
                less = _put(allocation, i, tuple(k for k in schedule if k != job))
                if less not in known:
                    return Finding(
                        False, LISTED, {"allocation": _lists(allocation), "infeasible": _lists(less)}
                    )
    return Finding(True, LISTED)


def independent(feasible: Sequence[Allocation]) -> Finding:
    """Check that a schedule is possible whatever others do with other jobs (Assumption 1 iv)."""
    known = set(feasible)
    for i in range(len(feasible[0])):
        for schedule in sorted({allocation[i] for allocation in feasible}):
            jobs = set(schedule)
            for other in feasible:
                joined = _put(other, i, schedule)
                if joined not in known and not any(
                    jobs.intersection(theirs) for k, theirs in enumerate(other) if k != i
                ):
                    witness = {"allocation": _lists(other), "provider": i, "schedule": list(schedule)}
                    return Finding(False, LISTED, witness)
    return Finding(True, LISTED)


def _put(allocation: Allocation, provider: int, schedule: Schedule) -> Allocation:
    return (*allocation[:provider], schedule, *allocation[provider + 1 :])


# ── Assumption 2, and what follows from it ──────────────────────────────────────────────────────────────────


def _dominates(one: Vector, other: Vector) -> bool:
    return all(x >= y for x, y in zip(one, other, strict=True))


def _minimal(vectors: Sequence[Vector], kept: Sequence[bool]) -> list[Vector]:
    """Return the values in F_G that dominate no others in F_G."""
    inside = sorted({vector for vector, is_kept in zip(vectors, kept, strict=True) if is_kept}, key=sum)
    minimal: list[Vector] = []
    for vector in inside:
        if not any(_dominates(vector, other) for other in minimal):
            minimal.append(vector)
    return minimal


def pareto_closed(vectors: Sequence[Vector], kept: Sequence[bool]) -> Finding:
    """Check that F_G has every allocation that gives nobody less than one in F_G (Assumption 2).

    Examples
    --------
    >>> from fractions import Fraction
    >>> one, two = (Fraction(1),), (Fraction(2),)
    >>> pareto_closed([one, two], [True, False]).witness
    {'kept': ['1'], 'not_kept': ['2']}
    """
    minimal = _minimal(vectors, kept)
    for vector, is_kept in zip(vectors, kept, strict=True):
        if not is_kept:
            for other in minimal:
                if _dominates(vector, other):
                    return Finding(False, LISTED, {"kept": show_all(other), "not_kept": show_all(vector)})
    return Finding(True, LISTED)


def maximizer(vectors: Sequence[Vector], kept: Sequence[bool]) -> list[int] | None:
    """Return a function g that respects dominance and that F_G maximizes; None if there is none.

    By Proposition 1 there is one if and only if Assumption 2 holds: then g is 1 in F_G and 0 elsewhere.

    Returns
    -------
    list of int or None
        g of every allocation.
    """
    return [int(is_kept) for is_kept in kept] if pareto_closed(vectors, kept).holds else None


def incomes(vectors: Sequence[Vector], kept: Sequence[bool]) -> list[Income] | None:
    """Return guarantees of income whose union is F_G, for pay v; None if there are none.

    By Proposition 2 there are some if and only if Assumption 2 holds: those with the values of an
    allocation in F_G as floors. Allocations that dominate no others in F_G are enough.

    Examples
    --------
    >>> from fractions import Fraction
    >>> [one, two] = [(Fraction(1), Fraction(0)), (Fraction(1), Fraction(1))]
    >>> incomes([one, two], [True, True])
    [Income(floors=(Fraction(1, 1), Fraction(0, 1)))]
    """
    if not pareto_closed(vectors, kept).holds:
        return None
    return [Income(vector) for vector in _minimal(vectors, kept)]


# ── Parley's problems ───────────────────────────────────────────────────────────────────────────────────────


def structure(problem: Problem) -> dict[str, Finding]:
    """Decide Assumption 1 for a problem without a list of its allocations.

    Returns
    -------
    dict
        ``indivisible``, ``symmetric``, ``monotone`` and ``independent``.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.instances import instance_9
    >>> structure(instance_9(2))["symmetric"].witness
    {'allocation': [[0], [], []], 'infeasible': [[], [0], []]}
    """
    return {
        "indivisible": Finding(True, "an allocation gives a job to one provider"),
        "symmetric": _symmetric(problem),
        "monotone": Finding(True, "intervals, conflicts, capacities and eligibility allow fewer jobs"),
        "independent": Finding(True, "nothing but a job that somebody has depends on the others"),
    }


def _symmetric(problem: Problem) -> Finding:
    """Compare what pairs of providers can do: all permutations are feasible if every pair can do the same."""
    everything = frozenset(range(problem.jobs))
    able = [
        frozenset() if most == 0 else everything if jobs is None else jobs
        for jobs, most in zip(problem.eligible, problem.capacities, strict=True)
    ]
    first = able[0]
    for i, jobs in enumerate(able):
        if jobs != first:
            one, other = (0, i) if first - jobs else (i, 0)
            return _moved(problem, (min(able[one] - able[other]),), one, other)
    limits = [problem.jobs if most is None else most for most in problem.capacities]
    high, low = limits.index(max(limits)), limits.index(min(limits))
    if limits[high] > limits[low]:
        found = find_schedule(problem, high, limits[low] + 1)
        if found is None:
            return Finding(None, "too many schedules to search")
        if found:
            return _moved(problem, found, high, low)
    return Finding(True, "every provider can do the same")


def _moved(problem: Problem, schedule: Schedule, one: int, other: int) -> Finding:
    empty: list[Schedule] = [()] * problem.providers
    there = _lists([*empty[:one], schedule, *empty[one + 1 :]])
    here = _lists([*empty[:other], schedule, *empty[other + 1 :]])
    basis = f"{find_fault(problem, other, schedule)}, and provider {one} can"
    return Finding(False, basis, {"allocation": there, "infeasible": here})


def is_uniform_income(problem: Problem) -> bool:
    """Return whether the guarantee is a floor, max-min fairness or both, the same for all.

    Unions and intersections of these are such guarantees too, with the least or the greatest of their floors.
    """
    parts = leaves(problem.guarantee)
    return (
        all(isinstance(part, Income | MaxMin) for part in parts)
        and is_uniform(problem.guarantee)
        and len(set(problem.pay)) == 1
    )


def free_of_loss(problem: Problem) -> list[str]:
    """Return the results by which the guarantee costs nothing, if any allocation keeps it.

    All need equal factors; the paper does not repeat that for Propositions 3, 4 and 5 (i).

    * Proposition 4: only the number of jobs is limited. Any guarantee; capacities may differ.
    * Proposition 5 (i): each job fits with all others that fit with any (set S), or with none; equal
    values, and
      fewer than 2n jobs in S. Uniform income guarantees.
    * Proposition 6: one provider, or as many as jobs. Any guarantee, not only a symmetric one.
    * Proposition 7: equal values, and more providers than half the jobs. Uniform income guarantees.
    * No three jobs: equal values, and no schedule holds three jobs. Uniform income guarantees. The paper only
      reports that equal values never lost anything in its study; see `no_three_jobs`.

    Examples
    --------
    >>> from fractions import Fraction
    >>> from parley.mechanisms.guarantees.instances import instance_3, instance_4
    >>> free_of_loss(instance_4([Fraction(3), Fraction(2), Fraction(1)], [2, None]))
    ['Proposition 4']
    >>> free_of_loss(instance_3())
    []
    """
    if len(set(problem.factors)) > 1:
        return []
    n, m = problem.providers, problem.jobs
    excluded = exclusions(problem)
    able = set(problem.eligible) == {None} and problem.is_symmetric and 0 not in problem.capacities
    equal = able and is_uniform_income(problem) and len(set(problem.values)) == 1
    results = {
        "Proposition 4": not excluded and len(set(problem.eligible)) == 1,
        "Proposition 5": equal and problem.capacities[0] is None and _is_split(m, excluded, 2 * n),
        "Proposition 6": n == 1 or (able and n >= m),
        "Proposition 7": equal and 2 * n > m,
        "no three jobs": equal and no_three_jobs(problem),
    }
    return [name for name, applies in results.items() if applies]


def _is_split(jobs: int, excluded: frozenset[tuple[int, int]], limit: int) -> bool:
    """Return whether jobs fit with none (C) or with all of the others (S), which are fewer than the limit."""
    degrees = Counter(job for pair in excluded for job in pair)
    together = sum(degrees[job] < jobs - 1 for job in range(jobs))
    return together < limit and len(excluded) == comb(jobs, 2) - comb(together, 2)


def no_three_jobs(problem: Problem) -> bool:
    """Return whether it is certain that no schedule holds three jobs.

    Then a uniform income guarantee costs nothing if values and factors are equal and every provider can do
    every job. Proof. Count pay in jobs. Some allocation keeps a floor of τ jobs each, and no schedule
    holds three, so τ ≤ 2. If τ = 2, each provider has two jobs, and no allocation has more. If τ ≤ 1, take
    an allocation of most jobs with as few idle providers as possible, and suppose that i is idle. A job
    without provider could go to i, and there would be more; so all jobs have providers. The floor can be
    kept, so there are at least n jobs; then somebody has two, and one of them can go to i: as many jobs,
    and fewer idle providers. A contradiction: nobody is idle.

    The last argument does not use the size of schedules: with equal values, a floor of one job is always
    free. A floor of two is not, where a schedule holds three jobs. The smallest example has intervals (1,
    2), (2, 4), (4, 5), (5, 8), (1, 6) and two providers: 5 jobs, of which 4 remain.
    """
    most = problem.capacities[0]
    return (most is not None and most < 3) or find_schedule(problem, 0, 3) == ()
