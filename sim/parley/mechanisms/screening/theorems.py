"""The paper's theorems as functions of a problem.

Lemma 2, Lemma 3 and Proposition 1 are in `bilateral`; Lemma 4, Theorem 2 and Corollary 3 in `protocol`;
polarization in `rays`; Proposition 3 in `replicas`.

Source: Valenzuela-Stookey, "Obviously strategy-proof multi-dimensional allocation and the value of choice"
(2026).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from parley.core.linear import InfeasibleError, Optimum, Program
from parley.mechanisms.screening.preferences import Discrete, Preferences, Uniform
from parley.mechanisms.screening.rays import Vector, dot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.screening.problem import Problem

__all__ = [
    "Box",
    "Outer",
    "Value",
    "best_without_choice",
    "box_of",
    "greatest_menu",
    "least_workload",
    "lemma_1",
    "lies_in_status_quo_set",
    "outer_program",
    "pseudo_market_sets",
    "theorem_1",
    "two_price_menu",
]


class Box(NamedTuple):
    """The support of a distribution, if it is a box: C_j = [c̲_j, c̄_j]."""

    low: Vector
    high: Vector


def box_of(preferences: Preferences) -> Box | None:
    """Return the support of a distribution, or None if it is no bounded box."""
    match preferences:
        case Uniform(low, high):
            return Box(low, high)
        case Discrete(types) if len(set(types)) == 1:
            return Box(types[0], types[0])
        case _:
            return None


def _boxes(problem: Problem) -> list[Box] | None:
    boxes = [box_of(preferences) for preferences in problem.preferences]
    known = [box for box in boxes if box is not None]
    return known if len(known) == len(boxes) else None


# ── Lemma 1 and Corollary 1 ─────────────────────────────────────────────────────────────────────────────────


def lies_in_status_quo_set(
    box: Box, own: Sequence[Fraction], assignment: Sequence[Fraction], slack: Fraction = Fraction(1)
) -> bool:
    """Decide (SQ) for one agent: no type of the box has more than β times its workload of the status quo.

    Parameters
    ----------
    own, assignment : sequence of Fraction
        σ_j and m_j.
    slack : Fraction
        β_j ≥ 1.

    Examples
    --------
    >>> box, own = Box((Fraction(1),) * 2, (Fraction(2),) * 2), (Fraction(2),) * 2
    >>> [lies_in_status_quo_set(box, own, (Fraction(a), Fraction(b))) for a, b in ((2, 2), (3, 0), (3, 1))]
    [True, True, False]
    """
    moved = [x - slack * s for x, s in zip(assignment, own, strict=True)]
    worst = [high if x > 0 else low for x, low, high in zip(moved, *box, strict=True)]
    return dot(worst, moved) <= 0


def lemma_1(
    boxes: Sequence[Box],
    status_quo: Sequence[Vector],
    assignments: Sequence[Vector],
    slacks: Sequence[Fraction],
) -> tuple[Fraction, Fraction]:
    """Return both sides of Lemma 1 for a mechanism without choice.

    With ĉ_i = max_j c̲_j(i), in the boxes of all agents, (SQ) and (MC) imply
    Σ_ij (c̄_j(i) − ĉ_i) (m_j(i) − β_j σ_j(i))⁺ ≤ Σ_ij ĉ_i (β_j − 1) σ_j(i).

    Examples
    --------
    >>> box, quo = Box((Fraction(1),) * 2, (Fraction(2),) * 2), ((Fraction(2),) * 2,) * 2
    >>> moved = ((Fraction(3), Fraction(2)), (Fraction(1), Fraction(2)))
    >>> lemma_1([box, box], quo, moved, [Fraction(5, 4), Fraction(5, 4)])
    (Fraction(1, 2), Fraction(2, 1))
    """
    common = [max(lows) for lows in zip(*(box.low for box in boxes), strict=True)]
    left = right = Fraction(0)
    for box, own, assignment, slack in zip(boxes, status_quo, assignments, slacks, strict=True):
        for c, high, s, m in zip(common, box.high, own, assignment, strict=True):
            left += (high - c) * max(m - slack * s, Fraction(0))
            right += c * (slack - 1) * s
    return left, right


def best_without_choice(
    problem: Problem, slacks: Sequence[Fraction] | None = None
) -> tuple[Fraction, tuple[Vector, ...]]:
    """Find the best mechanism without choice: the least cost of an allocation with (SQ) and (MC).

    Parameters
    ----------
    slacks : sequence of Fraction, optional
        β_j ≥ 1 of each agent; 1 if not given. With β = 1 and boxes whose intersection has full dimension,
        only the status quo is left (Corollary 1).

    Returns
    -------
    cost : Fraction
    assignments : tuple of tuples of Fraction

    Raises
    ------
    ValueError
        If the support of some agent's types is no box.

    Examples
    --------
    >>> from parley.mechanisms.screening.problem import worked_example
    >>> [int(best_without_choice(worked_example(), (Fraction(slack),) * 3)[0]) for slack in (1, 2)]
    [24, 12]
    """
    boxes = _boxes(problem)
    if boxes is None:
        raise ValueError("types are not on boxes")
    slacks = slacks or (Fraction(1),) * problem.agents
    program = Program()
    parts: list[list[tuple[int, int]]] = []  # m = βσ + up − down
    for costs, own, box, slack in zip(problem.social_costs, problem.status_quo, boxes, slacks, strict=True):
        row, workload = [], dict[int, Fraction]()
        for cost, s, low, high in zip(costs, own, *box, strict=True):
            up, down = program.variable(-cost), program.variable(cost)
            program.at_most({down: 1}, slack * s)
            workload |= {up: high, down: -low}
            row.append((up, down))
        program.at_most(workload, 0)
        parts.append(row)
    for i in range(problem.tasks):
        terms = {part: sign for row in parts for part, sign in zip(row[i], (1, -1), strict=True)}
        totals = (row[i] for row in problem.status_quo)
        over = sum(((slack - 1) * s for slack, s in zip(slacks, totals, strict=True)), Fraction(0))
        program.equals(terms, -over)
    best = program.solve()
    assignments = tuple(
        tuple(slack * s + best.point[up] - best.point[down] for s, (up, down) in zip(own, row, strict=True))
        for own, row, slack in zip(problem.status_quo, parts, slacks, strict=True)
    )
    return sum(map(dot, problem.social_costs, assignments), Fraction(0)), assignments


# ── Theorem 1 ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Value:
    """What Theorem 1 says about the value of choice."""

    applies: bool
    """Whether types have a common bounded box as support, and every agent has some of every task."""
    improves: bool | None
    """Whether choice improves on the status quo, among obviously strategy-proof mechanisms and among all."""
    optimal: bool | None
    """Whether choice is optimal, if β = 1; None if the theorem does not say."""
    reason: str


def theorem_1(problem: Problem) -> Value:
    """Decide by Theorem 1 whether choice improves on the status quo, and whether it is optimal.

    If the theorem applies, choice improves if and only if the box is more than one point and not all agents
    have the same social costs. If the box has full dimension, choice is then optimal too.

    Examples
    --------
    >>> from parley.mechanisms.screening.problem import worked_example
    >>> theorem_1(worked_example()).optimal
    True
    """
    boxes = _boxes(problem)
    if boxes is None:
        return Value(applies=False, improves=None, optimal=None, reason="types are not on bounded boxes")
    if len(set(boxes)) > 1:
        return Value(
            applies=False, improves=None, optimal=None, reason="agents' types have different supports"
        )
    if not all(map(all, problem.status_quo)):
        return Value(applies=False, improves=None, optimal=None, reason="some agent has none of some task")
    widths = [low < high for low, high in zip(*boxes[0], strict=True)]
    if not any(widths):
        return Value(
            applies=True, improves=False, optimal=False, reason="all agents have the same known type"
        )
    if len(set(problem.social_costs)) == 1:
        return Value(
            applies=True, improves=False, optimal=False, reason="all agents have the same social costs"
        )
    return Value(
        applies=True,
        improves=True,
        optimal=True if all(widths) else None,
        reason="agents' types are not known, and their social costs differ",
    )


# ── Lemma 5 and Corollary 2 ─────────────────────────────────────────────────────────────────────────────────


def least_workload(one: Vector, other: Vector) -> Fraction:
    """Return min c·κ′ over types c ≥ 0 of sum 1 with c·κ″ ≤ 0; two rays are polarized if it is ≥ 0 (Lemma 5).

    Examples
    --------
    >>> one, other = (Fraction(1), Fraction(-3, 2)), (Fraction(-1), Fraction(1))
    >>> print(least_workload(one, other), least_workload((Fraction(1), Fraction(-1)), other))
    -1/4 0
    """
    program = Program()
    costs = [program.variable(-x) for x in one]
    program.equals(dict.fromkeys(costs, 1), 1)
    program.at_most(dict(zip(costs, other, strict=True)), 0)
    return -program.solve().value


def greatest_menu(tasks: int) -> tuple[Vector, ...]:
    """Return as many polarized rays as there can be, one for each task to give up (Corollary 2).

    Polarized rays give up different tasks, so there are at most I of them, and with {η} at most I + 1 trading
    sets. Giving up one task for one of each other attains that.

    Examples
    --------
    >>> [[str(x) for x in ray] for ray in greatest_menu(3)]
    [['-1', '1', '1'], ['1', '-1', '1'], ['1', '1', '-1']]
    """
    return tuple(tuple(Fraction(-1 if i == k else 1) for i in range(tasks)) for k in range(tasks))


# ── examples of section 1.1 ─────────────────────────────────────────────────────────────────────────────────


def two_price_menu(first: Fraction | None, second: Fraction | None) -> tuple[Vector, ...]:
    """Return the rays of a two-price mechanism: take A for p1 B, or give it up for p2 B.

    They are polarized if and only if p1 ≤ p2.

    Examples
    --------
    >>> two_price_menu(Fraction(1, 2), None)
    ((Fraction(1, 1), Fraction(-1, 2)),)
    """
    rays: list[Vector] = []
    if first is not None:
        rays.append((Fraction(1), -first))
    if second is not None:
        rays.append((Fraction(-1), second))
    return tuple(rays)


def pseudo_market_sets(own: Vector, prices: Vector, steps: int) -> list[Vector]:
    """Return points x on an agent's budget {x ≥ 0 : p·x = p·σ} other than σ, each a trading set {σ, x}.

    With fixed prices that is a trading protocol. It is not obviously strategy-proof if two points are in the
    same direction, or in directions that are not polarized: what one demands may then fail to be traded when
    less would have been traded. One ray in each direction is what is left of it (Theorem 2).

    Parameters
    ----------
    steps : int
        Points in each direction of trade between two tasks.

    Examples
    --------
    >>> one, two = Fraction(1), Fraction(2)
    >>> [[str(a) for a in x] for x in pseudo_market_sets((two, two), (one, two), 1)]
    [['0', '3'], ['6', '0']]
    """
    found = []
    for i, amount in enumerate(own):
        for k, price in enumerate(prices):
            if i != k and amount:
                for step in range(1, steps + 1):
                    sold = amount * step / steps
                    point = list(own)
                    point[i] -= sold
                    point[k] += sold * prices[i] / price
                    found.append(tuple(point))
    return found


# ── Proposition 2 ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Outer:
    """The outer program of the large market over given candidates."""

    cost: Fraction
    """Least cost per copy of a mixture of candidates that clears in expectation."""
    prices: Vector
    """λ, which solves the dual program."""
    dual: Fraction
    """λ·n − Σ_j S_j(λ − π_j), with the support function S_j of agent j's candidates."""
    mixtures: tuple[tuple[Fraction, ...], ...]
    """For each agent, the weight of each candidate."""


def outer_program(
    social_costs: Sequence[Vector], totals: Vector, candidates: Sequence[Sequence[Vector]]
) -> Outer:
    """Solve the outer program exactly, with F_j the convex hull of finitely many candidates (Proposition 2).

    Parameters
    ----------
    social_costs : sequence of tuple
        π_j of each agent.
    totals : tuple
        n, the instances of each task.
    candidates : sequence of sequences of tuple
        For each agent, expected assignments that some menus and shares bring about.

    Raises
    ------
    ValueError
        If no mixture clears.

    Examples
    --------
    >>> one, two, three = Fraction(1), Fraction(2), Fraction(3)
    >>> candidates = [[(one, one), (two, one)], [(one, one), (one - one, one)]]
    >>> found = outer_program([(one, three), (three, one)], (two, two), candidates)
    >>> print(found.cost, found.dual)
    6 6
    """
    program = Program()
    weights = [
        [program.variable(-dot(costs, point)) for point in own]
        for costs, own in zip(social_costs, candidates, strict=True)
    ]
    for own in weights:
        program.equals(dict.fromkeys(own, 1), 1)
    clearing = [
        program.equals(
            {
                x: point[i]
                for own, points in zip(weights, candidates, strict=True)
                for x, point in zip(own, points, strict=True)
            },
            total,
        )
        for i, total in enumerate(totals)
    ]
    try:
        best: Optimum = program.solve()
    except InfeasibleError:
        raise ValueError("no mixture of the candidates clears") from None
    prices = tuple(-best.prices[row] for row in clearing)
    supports = (
        max(dot([a - b for a, b in zip(prices, costs, strict=True)], point) for point in own)
        for costs, own in zip(social_costs, candidates, strict=True)
    )
    return Outer(
        -best.value,
        prices,
        dot(prices, totals) - sum(supports, Fraction(0)),
        tuple(tuple(best.point[x] for x in own) for own in weights),
    )
