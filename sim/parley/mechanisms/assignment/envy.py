"""Envy-freeness and equal treatment of equals.

For an agent, a row *stochastically dominates* another one if it gives at least as much probability of its
first rank, of its first two ranks, and so on. A random assignment is *sd-envy-free* if every agent's row
dominates all others' rows in its own ranking; then it is at least as good for all utilities that agree with
the ranking. It is *weakly* sd-envy-free if no other row dominates an agent's own row strictly.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.core.exact import show, show_all
from parley.kit.verdict import Verdict
from parley.mechanisms.assignment.lottery import expected

if TYPE_CHECKING:
    from parley.mechanisms.assignment.lottery import Matrix, Row
    from parley.mechanisms.assignment.problem import Problem
    from parley.mechanisms.assignment.reading import Ranking

ESTIMATED = {"reason": "estimated"}


def prefix_sums(ranking: Ranking, row: Row) -> tuple[Fraction, ...]:
    """Return the probabilities of the first rank, of the first two ranks, and so on.

    Examples
    --------
    >>> third = Fraction(1, 3)
    >>> [str(p) for p in prefix_sums(((1,), (0, 2)), (third, third, third))]
    ['1/3', '1']
    """
    sums, total = [], Fraction(0)
    for rank in ranking:
        total += sum((row[o] for o in rank), Fraction(0))
        sums.append(total)
    return tuple(sums)


def dominates(ranking: Ranking, one: Row, other: Row) -> bool:
    """Whether one row is at least as good as another for all utilities that agree with the ranking.

    Examples
    --------
    >>> half = Fraction(1, 2)
    >>> dominates(((0,), (1,)), (half, half), (half, 0 * half))
    True
    """
    pairs = zip(prefix_sums(ranking, one), prefix_sums(ranking, other), strict=True)
    return all(p >= q for p, q in pairs)


def utilities_for(ranking: Ranking, items: int, better: Row, worse: Row) -> tuple[Fraction | None, ...]:
    """Find utilities that agree strictly with a ranking and under which one row is better than another.

    Parameters
    ----------
    better, worse : tuple of Fraction
        `worse` must not dominate `better`.

    Examples
    --------
    >>> half = Fraction(1, 2)
    >>> print(*utilities_for(((0,), (1,), (2,)), 3, (0 * half, 2 * half, 0 * half), (half, 0 * half, half)))
    5/4 9/8 0
    """
    pairs = list(zip(prefix_sums(ranking, better), prefix_sums(ranking, worse), strict=True))
    cut = next(k for k, (p, q) in enumerate(pairs) if p > q)
    step = [Fraction(int(k <= cut)) for k in range(len(ranking))]
    slope = [Fraction(len(ranking) - 1 - k) for k in range(len(ranking))]

    def spread(levels: list[Fraction]) -> tuple[Fraction | None, ...]:
        values: list[Fraction | None] = [None] * items
        for rank, level in zip(ranking, levels, strict=True):
            for o in rank:
                values[o] = level
        return tuple(values)

    gain = pairs[cut][0] - pairs[cut][1]
    tilt = expected(better, spread(slope)) - expected(worse, spread(slope))
    # Small enough that the slope loses less than the step gains.
    small = gain / (2 * (abs(tilt) + gain) * (len(ranking) + 1))
    return spread([a + small * b for a, b in zip(step, slope, strict=True)])


def envy_free(problem: Problem, matrix: Matrix, *, exact: bool = True) -> Verdict:
    """Decide whether no agent expects more utility from another agent's row than from its own.

    Returns
    -------
    Verdict
        The witness is an agent and the agent that it envies, with both expected utilities. The certificate is
        each agent's margin over the best other row.
    """
    if problem.utilities is None:
        return Verdict(None, certificate={"reason": "the problem has no utilities"})
    if not exact:
        return Verdict(None, certificate=ESTIMATED)
    margins: list[str | None] = []
    for i, u in enumerate(problem.utilities):
        own = expected(matrix[i], u)
        others = [(expected(row, u), j) for j, row in enumerate(matrix) if j != i]
        most, j = max(others, default=(Fraction(0), i))
        if most > own:
            witness = {"agent": i, "envies": j, "expects": show(own), "would_expect": show(most)}
            return Verdict(holds=False, witness=witness)
        margins.append(show(own - most) if others else None)
    return Verdict(holds=True, certificate={"margins": margins})


def sd_envy_free(problem: Problem, matrix: Matrix, *, exact: bool = True) -> Verdict:
    """Decide whether every agent's row stochastically dominates all others' rows in the agent's ranking.

    Returns
    -------
    Verdict
        The witness is a pair of agents, the first rank up to which the other row gives more, and utilities
        under which the first agent envies the other. `weak` has the weak form.
    """
    if not exact:
        return Verdict(None, certificate=ESTIMATED, more={"weak": {"holds": None, "witness": None}})
    strong: dict[str, Any] | None = None
    weak: dict[str, Any] | None = None
    for i, ranking in enumerate(problem.rankings):
        own = prefix_sums(ranking, matrix[i])
        seen: set[Row] = set()
        for j, row in enumerate(matrix):
            if row in seen:
                continue
            seen.add(row)
            others = prefix_sums(ranking, row)
            rank = next((k for k, (p, q) in enumerate(zip(own, others, strict=True)) if q > p), None)
            if rank is None:
                continue
            if strong is None or (weak is None and dominates(ranking, row, matrix[i])):
                utilities = utilities_for(ranking, len(problem.items), row, matrix[i])
                found = {
                    "agent": i,
                    "envies": j,
                    "rank": rank,
                    "own": show_all(own),
                    "other": show_all(others),
                    "utilities": [None if u is None else show(u) for u in utilities],
                }
                strong = strong or found
                weak = found if dominates(ranking, row, matrix[i]) else weak
    certificate = {"comparisons": problem.agents * (problem.agents - 1)} if strong is None else None
    return Verdict(strong is None, strong, certificate, {"weak": {"holds": weak is None, "witness": weak}})


def equal_treatment(problem: Problem, matrix: Matrix, *, exact: bool = True) -> Verdict:
    """Decide whether agents with the same input to the rule have the same row.

    Returns
    -------
    Verdict
        The witness is two such agents and their rows; the certificate lists the groups.
    """
    if not exact:
        return Verdict(None, certificate=ESTIMATED)
    for group in problem.alike:
        for i in group[1:]:
            if matrix[i] != matrix[group[0]]:
                rows = [show_all(matrix[group[0]]), show_all(matrix[i])]
                return Verdict(holds=False, witness={"agents": [group[0], i], "rows": rows})
    return Verdict(holds=True, certificate={"groups": [list(group) for group in problem.alike]})
