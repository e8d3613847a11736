"""What is legal in a problem of this kind, and probably not meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.core.exact import show
from parley.mechanisms.guarantees.guarantee import Income, MaxMin, leaves

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from parley.mechanisms.guarantees.guarantee import Vector
    from parley.mechanisms.guarantees.problem import Problem

__all__ = ["warnings"]


def warnings(problem: Problem) -> list[str]:
    """Return what is probably not meant, each with its key.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.problem import Problem
    >>> problem = Problem.from_mapping({
    ...     "kind": "guarantees", "providers": 3, "values": [5, 4], "eligible": [[0], [], [1]],
    ...     "guarantee": {"type": "all", "of": [
    ...         {"type": "max-min"}, {"type": "income", "floors": [6, 0, 4]}]}})
    >>> for line in warnings(problem):
    ...     print(line)
    eligible[1]: provider 2 can do no job
    guarantee: max-min promises nothing, because 2 jobs cannot pay 3 providers
    guarantee: provider 1 cannot reach its floor of 6, because all its jobs pay 5
    """
    names = problem.provider_names
    able = [frozenset(range(problem.jobs)) if jobs is None else jobs for jobs in problem.eligible]
    counts = [
        len(jobs) if most is None else min(most, len(jobs))
        for jobs, most in zip(able, problem.capacities, strict=True)
    ]
    found = [
        f"{'capacities' if jobs else 'eligible'}[{i}]: {names[i]} can do no job"
        for i, jobs in enumerate(able)
        if not counts[i]
    ]
    left = set(range(problem.jobs)).difference(*able)
    found += [f"values[{d}]: no provider can do {problem.job_names[d]}" for d in sorted(left)]
    for leaf in leaves(problem.guarantee):
        if isinstance(leaf, Income):
            reached = [
                theta * sum(sorted((problem.values[d] for d in jobs), reverse=True)[:count])
                for theta, jobs, count in zip(problem.pay, able, counts, strict=True)
            ]
            found += _unreached(names, leaf.floors, reached)
        elif isinstance(leaf, MaxMin) and problem.jobs < problem.providers:
            reason = f"{problem.jobs} jobs cannot pay {problem.providers} providers"
            found.append(f"guarantee: max-min promises nothing, because {reason}")
    return found


def _unreached(names: Sequence[str], floors: Vector, reached: Sequence[Fraction]) -> Iterator[str]:
    """Say which floors are above all that a provider can be paid."""
    if not any(floors):
        yield "guarantee: floors of 0 promise nothing"
    for name, floor, most in zip(names, floors, reached, strict=True):
        if floor > most:
            reason = f"because all its jobs pay {show(most)}"
            yield f"guarantee: {name} cannot reach its floor of {show(floor)}, {reason}"
