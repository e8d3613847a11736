"""Consistency: Axioms 2 and 2* as questions about any recognition function (the paper's Section 3.3).

A recognition function p is consistent at (X, D, C) with respect to a distribution Z of agent 1's excess if

    p_j(X, D, C) = (1 − p_1(X, D, C)) · p_j(X_≥2, D_≥2 + Z_≥2, C_≥2)    for every j ≥ 2.

Axiom 2 names the Z (direct transfer); Axiom 2* asks that there be one, and 𝒵 is infinite. So the search
has three answers: a Z, which anybody can put into the equations; a `Certificate` that there is none; or
that it has found neither. It evaluates p, and knows no more of it than what it is told it may take for
granted.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import islice, permutations, product
from math import factorial, prod
from typing import TYPE_CHECKING

from parley.core.errors import ParleyError
from parley.mechanisms.coordination.axioms.farkas import Solved, solve_nonnegative
from parley.mechanisms.coordination.axioms.reduction import (
    Column,
    Distribution,
    Distributions,
    direct_transfer,
    excess_distributions,
    reduced,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from parley.mechanisms.coordination.axioms.triple import Recognition, Row, Triple

LIMIT = 1_000
"""Reduced problems that one step of the search looks at, unless told otherwise."""
HALVINGS = 40


def is_consistent_with(p: Recognition, triple: Triple, Z: Distribution) -> bool:
    """Whether p is consistent at this problem with respect to Z, exactly.

    Parameters
    ----------
    Z : sequence of sequences of int or Fraction, shape (n, m)
        A distribution of agent 1's excess, in units.

    Raises
    ------
    ParleyError
        If Z is not in 𝒵(X, D, C).

    Examples
    --------
    >>> from parley.mechanisms.coordination.axioms.triple import Triple, recognition_of
    >>> triple = Triple.of([[0], [0], [1], [1]], [[1], [0], [0], [1]], [[1], [1], [1], [1]])
    >>> p = recognition_of("p-star")
    >>> [is_consistent_with(p, triple, ((0,), (z,), (1 - z,), (0,))) for z in (1, 0)]
    [True, False]
    """
    if triple.agents == 1:
        return True
    first, *others = p(triple)
    after = p(reduced(triple, Z))
    return others == [(1 - first) * share for share in after]


def direct_transfer_holds(p: Recognition, triple: Triple) -> bool:
    """Whether Axiom 2, consistency with direct transfer, holds at this problem.

    Examples
    --------
    >>> from parley.mechanisms.coordination.axioms.triple import Triple, recognition_of
    >>> triple = Triple.of([[0], [0], [1], [1]], [[1], [0], [0], [1]], [[1], [1], [1], [1]])
    >>> [direct_transfer_holds(recognition_of(name), triple) for name in ("p-star", "contract-proportional")]
    [True, False]
    """
    return is_consistent_with(p, triple, direct_transfer(triple))


@dataclass(frozen=True, slots=True)
class Certificate:
    """Why p is consistent with no Z: a weighted sum that comes out otherwise in every reduced problem.

    With weights w, consistency needs Σ_j w_j·p_j(reduced problem) = `needed`, which is
    Σ_j w_j·p_j / (1 − p_1); but in every reduced problem it lies between `low` and `high`.
    """

    weights: tuple[Fraction, ...]
    """Of agents 2, …, n."""
    needed: Fraction
    low: Fraction
    high: Fraction
    reason: str
    """Where the bounds come from, as a clause."""
    assumes: str = ""
    """What it takes for granted about p; empty if nothing."""

    def __str__(self) -> str:
        held = f"{self.low}" if self.low == self.high else f"between {self.low} and {self.high}"
        names = [f"{'' if w == 1 else f'{w}·'}p_{j}" for j, w in enumerate(self.weights, start=2) if w]
        given = f"given {self.assumes}, " if self.assumes else ""
        return f"{given}{' + '.join(names)} of the rest must be {self.needed} and is {held}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether p is consistent with some Z at a problem."""

    holds: bool | None
    """None if neither is proved."""
    distribution: Distribution | None = None
    """Such a Z, shape (n, m), in units, if there is one."""
    certificate: Certificate | None = None
    """Why there is none, if there is none."""
    searched: tuple[str, ...] = ()
    """Where a Z was looked for, in order."""
    evaluations: int = 0
    """Reduced problems at which p was evaluated."""


TOP_AGENT = "top-agent proportionality"
AFFINE = "that p of the reduced problem is affine in Z"


def find_distribution(
    p: Recognition, triple: Triple, *, top_agent: bool = False, affine: bool = False, limit: int = LIMIT
) -> Verdict:
    """Search for a Z with respect to which p is consistent at this problem (Axiom 2*).

    It looks at direct transfer; at the vertices that greedy filling gives in all orders of the agents; at all
    whole Z or, if these are too many, all vertices; at mixtures of vertices, as if p of the reduced problem
    were affine in Z; and at Z made agent by agent, each getting what its probability needs. Every Z found is
    put into the equations, exactly, before it counts.

    That there is none is proved in three ways. If 𝒵 has one member only, it is enough to look there. If the
    first agent of every problem gets its share of contracts (top-agent proportionality), then agent 2's share
    of the reduced problem is (Σ_t d_2t + z_2t) / R_2, and each d_2t + z_2t lies between max(x_2t, d_2t) and
    x̄_2t, so p_2 / (1 − p_1) has to lie between the sums of these over R_2. If p of the reduced problem is
    affine in Z, its values are the mixtures of those at the vertices, and where these miss what is needed
    there is a weighted sum of probabilities that shows it.

    Parameters
    ----------
    top_agent, affine : bool
        What may be taken for granted about p, for certificates only. Neither can be seen from values; but
        where a value contradicts, that is an error.
    limit : int
        Most reduced problems for each step of the search. A step that would need more is left out, and
        `searched` does not name it.

    Returns
    -------
    Verdict
        Never open with up to two agents; nor with three and `top_agent`; nor with `affine` where the vertices
        are few enough to list.

    Raises
    ------
    ParleyError
        If p contradicts what is taken for granted.

    Examples
    --------
    Probabilities in proportion to contracts, at the paper's Example 1: consistent, but with no whole Z.

    >>> from parley.mechanisms.coordination.axioms.triple import Triple, recognition_of
    >>> X = [[5, 0, 0, 0, 0], [1, 3, 0, 0, 0], [1, 1, 2, 0, 0], [1, 1, 1, 1, 0], [1, 0, 1, 1, 1]]
    >>> D = [[9, 0, 0, 0, 0], [0, 5, 0, 0, 0], [0, 0, 4, 0, 0], [0, 0, 0, 2, 0], [0, 0, 0, 0, 1]]
    >>> C = [[9, 0, 0, 0, 0], [2, 5, 0, 0, 0], [2, 2, 4, 0, 0], [1, 2, 1, 2, 0], [1, 1, 2, 1, 1]]
    >>> found = find_distribution(recognition_of("contract-proportional"), Triple.of(X, D, C))
    >>> print(found.holds, *(row[0] for row in found.distribution))
    True 0 5/3 4/3 2/3 1/3

    And where the paper shows that they are not:

    >>> X, D = [[2, 0, 0], [0, 2, 0], [1, 0, 1]], [[3, 0, 0], [0, 2, 0], [0, 0, 1]]
    >>> C = [[3, 0, 0], [0, 2, 0], [1, 0, 1]]
    >>> print(find_distribution(recognition_of("contract-proportional"), Triple.of(X, D, C)).certificate)
    p_2 of the rest must be 2/3 and is 1/2: there is one way only to distribute agent 1's excess
    """
    direct = direct_transfer(triple)
    if triple.agents == 1 or p(triple)[0] == 1:
        return Verdict(holds=True, distribution=direct)  # nothing is asked for, or nothing is left
    return _Search(p, triple, top_agent=top_agent, affine=affine, limit=limit).verdict()


@dataclass(frozen=True, slots=True)
class _Move:
    """What changes when one type is distributed as at another vertex."""

    task_type: int
    to: Column
    change: tuple[Fraction, ...]
    """Of p of the reduced problem."""


class _Search:
    """One search, with what it has seen."""

    def __init__(self, p: Recognition, triple: Triple, *, top_agent: bool, affine: bool, limit: int) -> None:
        self.p, self.triple, self.limit = p, triple, limit
        self.top_agent, self.affine = top_agent, affine
        self.some: Distributions = excess_distributions(triple)
        self.direct = direct_transfer(triple)
        first, *others = self._evaluate(triple)
        self.needed = tuple(share / (1 - first) for share in others)
        self.seen: dict[Distribution, tuple[Fraction, ...]] = {}

    def _evaluate(self, triple: Triple) -> tuple[Fraction, ...]:
        shares = self.p(triple)
        if self.top_agent and triple.total:
            share = Fraction(sum(triple.contracted[0]), triple.total)
            if shares[0] != share:
                raise ParleyError(
                    f"{TOP_AGENT} does not hold: p_1 = {shares[0]} with {share} of the contracts"
                )
        return shares

    def after(self, Z: Distribution) -> tuple[Fraction, ...]:
        """Evaluate p at the reduced problem."""
        if Z not in self.seen:
            self.seen[Z] = self._evaluate(reduced(self.triple, Z))
        return self.seen[Z]

    def verdict(self) -> Verdict:
        searched = []
        for name, candidates in self.steps():
            searched.append(name)
            found = next((Z for Z in candidates if self.after(Z) == self.needed), None)
            if found is not None:
                return Verdict(True, found, None, tuple(searched), len(self.seen))
        certificate = self.only_one() or self.bounds_of_agent_2() or self.separation()
        holds = None if certificate is None else False
        return Verdict(holds, None, certificate, tuple(searched), len(self.seen))

    def steps(self) -> Iterator[tuple[str, Iterator[Distribution]]]:
        """Where to look, in order; each step begins only after the one before it has failed."""
        yield "direct transfer", iter([self.direct])
        if self.only_one() or self.bounds_of_agent_2():
            return
        others = self.triple.agents - 1
        if factorial(others) <= self.limit:
            yield "greedy filling in every order of the agents", map(self.filled, permutations(range(others)))
        if sum(self.triple.excess) <= self.limit and self.some.count() <= self.limit:
            yield "every whole Z", self.some.points()
        elif prod(map(len, self.vertices)) <= self.limit and self.vertices:
            yield "every vertex", map(self.some.matrix, product(*self.vertices))
        if self.vertices:
            yield "a mixture of vertices, as if p were affine", self.mixtures()
        yield "agent by agent", self.agent_by_agent()

    def filled(self, order: Sequence[int]) -> Distribution:
        weights = [0] * self.triple.agents
        for rank, agent in enumerate(order):
            weights[agent + 1] = rank
        return self.some.minimize([[weight] * self.triple.task_types for weight in weights])

    # ── proofs that there is none ───────────────────────────────────────────────────────────────────────────

    def unit(self, j: int) -> tuple[Fraction, ...]:
        return tuple(Fraction(int(k == j)) for k in range(len(self.needed)))

    def only_one(self) -> Certificate | None:
        after = self.after(self.direct)
        if not self.some.is_single or after == self.needed:
            return None
        j = next(j for j, needed in enumerate(self.needed) if after[j] != needed)
        reason = "there is one way only to distribute agent 1's excess"
        return Certificate(self.unit(j), self.needed[j], after[j], after[j], reason)

    def bounds_of_agent_2(self) -> Certificate | None:
        total = self.triple.remaining[1]
        if not self.top_agent or not total:
            return None
        triple = self.triple
        x, d, most = triple.allocation[1], triple.contracted[1], triple.maximal[1]
        low, high = Fraction(sum(map(max, x, d)), total), Fraction(sum(most), total)
        if low <= self.needed[0] <= high:
            return None
        reason = f"agent 2 can come to hold {sum(map(max, x, d))} to {sum(most)} of {total} units"
        return Certificate(self.unit(0), self.needed[0], low, high, reason, TOP_AGENT)

    def separation(self) -> Certificate | None:
        if not self.affine or not self.vertices or self.mixed.refutation is None:
            return None
        weights = self.mixed.refutation[: len(self.needed)]
        low = high = dot(weights, self.after(self.direct))
        for t in range(self.triple.task_types):
            changes = [dot(weights, move.change) for move in self.moves if move.task_type == t]
            low, high = low + min([Fraction(0), *changes]), high + max([Fraction(0), *changes])
        reason = "so it is at all vertices of the ways to distribute agent 1's excess"
        return Certificate(weights, dot(weights, self.needed), low, high, reason, AFFINE)

    # ── mixtures of vertices ────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def vertices(self) -> list[list[Row]]:
        """All vertices of each type, if they are few; else nothing."""
        columns = [list(islice(nested.vertices(), self.limit + 1)) for nested in self.some.by_type]
        return columns if sum(map(len, columns)) <= self.limit else []

    @cached_property
    def moves(self) -> list[_Move]:
        """What each type's other vertices change, one type at a time.

        𝒵 is a product of one polytope for each type, so an affine function of Z is a sum of affine functions
        of the types: these changes determine it.
        """
        base, moves = self.after(self.direct), []
        for t, columns in enumerate(self.vertices):
            for column in columns:
                after = self.after(with_column(self.direct, t, column))
                moves.append(_Move(t, column, tuple(a - b for a, b in zip(after, base, strict=True))))
        return moves

    @cached_property
    def mixed(self) -> Solved:
        """Weights of the moves, each type's adding up to one, that would give what is needed."""
        types = range(self.triple.task_types)
        gaps = [needed - share for needed, share in zip(self.needed, self.after(self.direct), strict=True)]
        columns = [
            (*move.change, *(Fraction(int(t == move.task_type)) for t in types)) for move in self.moves
        ]
        return solve_nonnegative(columns, [*gaps, *(Fraction(1) for _ in types)])

    def mixtures(self) -> Iterator[Distribution]:
        if self.mixed.solution is None:
            return
        Z = [[Fraction(0)] * self.triple.task_types for _ in self.direct]
        for share, move in zip(self.mixed.solution, self.moves, strict=True):
            for row, amount in zip(Z[1:], move.to, strict=True):
                row[move.task_type] += share * amount
        mixture = tuple(map(tuple, Z))
        if self.affine and self.after(mixture) != self.needed:
            raise ParleyError(f"p of the reduced problem is not affine in Z, as Z = {mixture} shows")
        yield mixture

    # ── agent by agent ──────────────────────────────────────────────────────────────────────────────────────

    def agent_by_agent(self) -> Iterator[Distribution]:
        """Give each agent in turn the amounts, between its least and its most, that its probability needs.

        A stick-breaking function's p_j depends on what agents up to j hold. Where moreover it goes from too
        little to too much as agent j gets more, there is an amount between, and if p_j is linear in pieces it
        is found.
        """
        rows: list[Column] = []
        while len(rows) < len(self.needed) - 1:
            row = self.row_after(rows)
            if row is None:
                return
            rows.append(row)
        yield self.completed(rows)

    def row_after(self, rows: list[Column]) -> Column | None:
        j, types = len(rows), self.some.by_type
        sums = [sum((row[t] for row in rows), Fraction(0)) for t in range(len(types))]
        least = [max(Fraction(0), nested.floors[j] - s) for nested, s in zip(types, sums, strict=True)]
        most = [min(nested.room[j], nested.amount - s) for nested, s in zip(types, sums, strict=True)]

        def at(share: Fraction) -> Column:
            return tuple(low + share * (high - low) for low, high in zip(least, most, strict=True))

        def surplus(share: Fraction) -> Fraction:
            return self.after(self.completed([*rows, at(share)]))[j] - self.needed[j]

        share = root(surplus)
        return None if share is None else at(share)

    def completed(self, rows: list[Column]) -> Distribution:
        """The first agents' rows, with the rest handed on as early as possible."""
        full = [(Fraction(0),) * self.triple.task_types, *rows]
        left = [nested.amount - sum(row[t] for row in rows) for t, nested in enumerate(self.some.by_type)]
        for j in range(len(rows), len(self.needed)):
            row = tuple(
                Fraction(min(rest, nested.room[j]))
                for rest, nested in zip(left, self.some.by_type, strict=True)
            )
            left = [rest - z for rest, z in zip(left, row, strict=True)]
            full.append(row)
        return tuple(full)


def dot(one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction:
    """Σ_k one_k·other_k."""
    return sum((a * b for a, b in zip(one, other, strict=True)), Fraction(0))


def with_column(Z: Distribution, t: int, column: Column) -> Distribution:
    """Z with the amounts of agents 2, …, n of one type replaced."""
    return (
        Z[0],
        *((*row[:t], amount, *row[t + 1 :]) for row, amount in zip(Z[1:], column, strict=True)),
    )


def root(function: Callable[[Fraction], Fraction]) -> Fraction | None:
    """Where in [0, 1] a function that is linear in pieces is zero, if it is not of one sign at both ends.

    Halving leaves an interval with one piece, or with two that meet at the zero. Lines through two points
    then hit it exactly: through both ends, or through the middle and the end on the same side of the zero.

    Examples
    --------
    >>> print(root(lambda x: 3 * x - 1), root(lambda x: x + 1), root(lambda x: max(3 * x - 2, 6 * x - 4)))
    1/3 None 2/3
    """
    ends = [(share, function(share)) for share in (Fraction(0), Fraction(1))]
    for share, height in ends:
        if not height:
            return share
    if ends[0][1] * ends[1][1] > 0:
        return None
    for _ in range(HALVINGS):
        half = (ends[0][0] + ends[1][0]) / 2
        middle = half, function(half)
        same = next((k for k, end in enumerate(ends) if end[1] * middle[1] > 0), 0)
        for guess in (half, crossing(*ends), crossing(ends[same], middle)):
            if guess is not None and 0 <= guess <= 1 and not function(guess):
                return guess
        ends[same] = middle
    return None


def crossing(one: tuple[Fraction, Fraction], other: tuple[Fraction, Fraction]) -> Fraction | None:
    """Where the line through two points is zero."""
    (x, y), (u, v) = one, other
    return None if y == v else x - y * (u - x) / (v - y)
