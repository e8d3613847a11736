"""Reduced problems: all ways to hand on what agent 1 does not do (the paper's Section 3.3, Examples 2 and 3).

Once agent 1's probability is settled, its excess d_1 − x_1 is divided among agents 2, …, n. A *distribution*
is a matrix Z, and the set 𝒵(X, D, C) of all that leave a problem is a polytope, one factor for each type.
With the running sums S_j = z_2 + … + z_j it reads

    0 ≤ S_j − S_{j−1} ≤ c_j − d_j,    S_j ≥ Σ_{2≤i≤j} (x_i − d_i),    S_n = d_1 − x_1,

so neighbouring sums are tied by differences only: all vertices are whole, and greedy methods are exact. The
paper's 𝒵* (Section 4.4) is the same with larger lower bounds; see `Distributions`.

Proposition 4 says that a consistent and top-agent proportional function satisfies cost-effective
implementation if and only if, at every problem, it is consistent with some Z in 𝒵* and with none outside.
That needs p_1 < 1: with p_1 = 1 all others have probability 0, and every function is consistent with all Z.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from heapq import heappop, heappush
from itertools import accumulate, combinations, pairwise, product
from math import lcm, prod
from typing import TYPE_CHECKING

from parley.core.errors import ParleyError
from parley.mechanisms.coordination.axioms.triple import Row, Rows, Triple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Amount = int | Fraction
Column = tuple[Amount, ...]
Distribution = tuple[tuple[Amount, ...], ...]
"""A matrix Z, agents by types, in units; its first row is zero."""
Point = tuple[Fraction, Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class Nested:
    """How the excess of one type can be divided among agents 2, …, n: amounts with floors under their sums.

    The floors neither fall nor rise by more than the room, and the last is the whole amount. This holds for
    both 𝒵 and 𝒵* because no agent announces more than its capacity, and it means that whoever keeps to the
    floors so far can keep to them to the end.

    Examples
    --------
    >>> example_2 = Nested(4, (2, 2, 1, 1), (1, 2, 3, 4))
    >>> example_2.count(), example_2.earliest, example_2.latest
    (7, (2, 2, 0, 0), (1, 1, 1, 1))
    """

    amount: int
    """d_1 − x_1."""
    room: Row
    """c_j − d_j for j = 2, …, n."""
    floors: Row
    """The least that agents 2, …, j get together, for j = 2, …, n."""

    def contains(self, amounts: Sequence[Amount]) -> bool:
        """Whether these amounts of agents 2, …, n are one of the ways."""
        sums = list(accumulate(amounts, initial=0))
        return (
            len(amounts) == len(self.room)
            and sums[-1] == self.amount
            and all(0 <= z <= room for z, room in zip(amounts, self.room, strict=True))
            and all(total >= floor for total, floor in zip(sums[1:], self.floors, strict=True))
        )

    @property
    def earliest(self) -> Row:
        """As much as possible to agent 2, then to agent 3, …: the direct transfer."""
        tops = accumulate(self.room, lambda total, room: min(self.amount, total + room), initial=0)
        return tuple(after - before for before, after in pairwise(tops))

    @property
    def latest(self) -> Row:
        """As little as possible to agent 2, then to agent 3, …."""
        return tuple(after - before for before, after in pairwise((0, *self.floors)))

    def vertices(self) -> Iterator[Row]:
        """All vertices, each once, in lexicographic order.

        At a vertex every sum is known from a constraint that binds: it is at its floor, or tied to a known
        neighbour by an amount of zero or of all the room. So the sums are walked along from agent 2, and an
        untied step is made only to sums that later ties connect with a floor.
        """
        n = len(self.room)
        known: list[set[int]] = [set() for _ in range(n)]
        for j in reversed(range(n)):
            known[j] = {self.floors[j]}
            if j + 1 < n:
                known[j] |= {total - step for total in known[j + 1] for step in (0, self.room[j + 1])}

        def walk(amounts: Row, total: int, *, held: bool) -> Iterator[Row]:
            j = len(amounts)
            if j == n:
                if held:
                    yield amounts
                return
            ties = {total, total + self.room[j]}
            for after in sorted(ties | known[j] if held else ties):
                if max(total, self.floors[j]) <= after <= min(self.amount, total + self.room[j]):
                    still = (held and after in ties) or after == self.floors[j]
                    yield from walk((*amounts, after - total), after, held=still)

        yield from walk((), 0, held=True)

    def points(self) -> Iterator[Row]:
        """All ways in whole units, in lexicographic order."""

        def walk(amounts: Row, total: int) -> Iterator[Row]:
            j = len(amounts)
            if j == len(self.room):
                yield amounts
                return
            for after in range(max(total, self.floors[j]), min(self.amount, total + self.room[j]) + 1):
                yield from walk((*amounts, after - total), after)

        yield from walk((), 0)

    def count(self) -> int:
        """How many ways there are in whole units, without listing them: O(n · amount) steps."""
        ways = [1] + [0] * self.amount  # of reaching each sum
        for room, floor in zip(self.room, self.floors, strict=True):
            below = list(accumulate(ways, initial=0))
            ways = [
                below[total + 1] - below[max(0, total - room)] if total >= floor else 0
                for total in range(self.amount + 1)
            ]
        return ways[-1]

    def minimize(self, weights: Sequence[Amount]) -> Row:
        """The vertex of least Σ_j w_j·z_j; of several, the one that prefers earlier agents. O(n log n) steps.

        Whenever a floor rises, the cheapest room of the agents so far fills it. The suppliers of an earlier
        floor are among those of every later one, so exchanging two units shows that nothing costs less.

        Examples
        --------
        >>> Nested(4, (2, 2, 1, 1), (1, 2, 3, 4)).minimize((3, 2, 1, 0))
        (1, 1, 1, 1)
        """
        amounts = [0] * len(self.room)
        supply: list[tuple[Amount, int]] = []
        for j, need in enumerate(self.latest):
            heappush(supply, (weights[j], j))
            left = need
            while left:
                cheapest = supply[0][1]
                taken = min(left, self.room[cheapest] - amounts[cheapest])
                amounts[cheapest] += taken
                left -= taken
                if amounts[cheapest] == self.room[cheapest]:
                    heappop(supply)
        return tuple(amounts)


@dataclass(frozen=True)
class Distributions:
    """The polytope 𝒵(X, D, C) of distributions of agent 1's excess, and 𝒵* within it.

    𝒵 holds the Z ≥ 0 with z_1 = 0 and column sums d_1 − x_1 for which (X_≥2, D_≥2 + Z_≥2, C_≥2) is a problem:
    d_j + z_j ≤ c_j, and Σ_{2≤i≤j} x_i ≤ Σ_{2≤i≤j} (d_i + z_i) for every j. 𝒵* asks in addition that for
    every j ≥ 2

        Σ_{2≤i≤j} z_i ≥ min(d_1 − x_1, Σ_{2≤i<j} (x_i − d_i) + c_j − d_j).

    This differs from the construction in Section 4.4 in two places, where the printed words are wrong: the
    sums of its inequality (⋆) have to start at i = 2, as in the paper's own Appendix A and Example 3 (with
    i = 1 agent 1's contracts make it hold for nothing), and what is asked for must not exceed the excess
    (else a later agent has to be given less than nothing). The tests show both by brute force.

    Examples
    --------
    The paper's Example 1 at X, whose Examples 2 and 3 look at type 1:

    >>> X = [[5, 0, 0, 0, 0], [1, 3, 0, 0, 0], [1, 1, 2, 0, 0], [1, 1, 1, 1, 0], [1, 0, 1, 1, 1]]
    >>> D = [[9, 0, 0, 0, 0], [0, 5, 0, 0, 0], [0, 0, 4, 0, 0], [0, 0, 0, 2, 0], [0, 0, 0, 0, 1]]
    >>> C = [[9, 0, 0, 0, 0], [2, 5, 0, 0, 0], [2, 2, 4, 0, 0], [1, 2, 1, 2, 0], [1, 1, 2, 1, 1]]
    >>> some = excess_distributions(Triple.of(X, D, C))
    >>> some.vertices(0)
    ((1, 1, 1, 1), (1, 2, 0, 1), (1, 2, 1, 0), (2, 0, 1, 1), (2, 1, 0, 1), (2, 1, 1, 0), (2, 2, 0, 0))
    >>> some.star_vertices(0)
    ((2, 1, 0, 1), (2, 1, 1, 0), (2, 2, 0, 0))
    """

    triple: Triple
    """The problem (X, D, C)."""

    @cached_property
    def by_type(self) -> tuple[Nested, ...]:
        """𝒵, type by type."""
        return tuple(self._nested(t, star=False) for t in range(self.triple.task_types))

    @cached_property
    def star_by_type(self) -> tuple[Nested, ...]:
        """𝒵*, type by type."""
        return tuple(self._nested(t, star=True) for t in range(self.triple.task_types))

    def _nested(self, t: int, *, star: bool) -> Nested:
        amount = self.triple.excess[t]
        room, floors = [], []
        floor = owed = 0  # owed: Σ_{2≤i<j} (x_i − d_i)
        for x_j, d_j, c_j in zip(
            self.triple.allocation[1:], self.triple.contracted[1:], self.triple.capacity[1:], strict=True
        ):
            due = owed + x_j[t] - d_j[t]
            # c_j ≥ x_j and the order of announcements make the floor of 𝒵* no lower than that of 𝒵.
            floor = max(floor, min(amount, owed + c_j[t] - d_j[t]) if star else due)
            floors.append(floor)
            room.append(c_j[t] - d_j[t])
            owed = due
        return Nested(amount, tuple(room), tuple(floors))

    def contains(self, Z: Distribution) -> bool:
        """Whether Z (whole or rational, shape (n, m), in units) is in 𝒵."""
        return self._within(Z, self.by_type)

    def contains_star(self, Z: Distribution) -> bool:
        """Whether Z is in 𝒵*."""
        return self._within(Z, self.star_by_type)

    def _within(self, Z: Distribution, types: tuple[Nested, ...]) -> bool:
        m = self.triple.task_types
        return (
            tuple(map(len, Z)) == (m,) * self.triple.agents
            and not any(Z[0])
            and all(types[t].contains([row[t] for row in Z[1:]]) for t in range(m))
        )

    def vertices(self, t: int) -> tuple[Row, ...]:
        """All vertices (z_2t, …, z_nt) of 𝒵 for one type, in lexicographic order. There may be very many."""
        return tuple(self.by_type[t].vertices())

    def star_vertices(self, t: int) -> tuple[Row, ...]:
        """All vertices (z_2t, …, z_nt) of 𝒵* for one type, in lexicographic order."""
        return tuple(self.star_by_type[t].vertices())

    def points(self) -> Iterator[Rows]:
        """All whole-unit members of 𝒵."""
        return map(self.matrix, product(*(nested.points() for nested in self.by_type)))

    def star_points(self) -> Iterator[Rows]:
        """All whole-unit members of 𝒵*."""
        return map(self.matrix, product(*(nested.points() for nested in self.star_by_type)))

    def count(self) -> int:
        """How many whole-unit members 𝒵 has."""
        return prod(nested.count() for nested in self.by_type)

    @property
    def is_single(self) -> bool:
        """Whether 𝒵 has exactly one member: `earliest` has all the greatest sums, `latest` all the least."""
        return all(nested.earliest == nested.latest for nested in self.by_type)

    def minimize(self, weights: Sequence[Sequence[Amount]]) -> Rows:
        """The vertex Z of 𝒵 with the least Σ_jt w_jt·z_jt, of weights of shape (n, m); exact, O(m n log n).

        Examples
        --------
        >>> triple = Triple.of([[0], [0], [2]], [[2], [0], [0]], [[2], [1], [2]])
        >>> excess_distributions(triple).minimize([[0], [1], [2]])
        ((0,), (1,), (1,))
        """
        return self.matrix(
            [nested.minimize([row[t] for row in weights[1:]]) for t, nested in enumerate(self.by_type)]
        )

    def matrix(self, columns: Sequence[Row]) -> Rows:
        """The matrix Z of the amounts (z_2t, …, z_nt) of each type."""
        return ((0,) * self.triple.task_types, *zip(*columns, strict=True))


def excess_distributions(triple: Triple) -> Distributions:
    """All ways to distribute agent 1's excess: 𝒵(X, D, C) with its subset 𝒵*."""
    return Distributions(triple)


def direct_transfer(triple: Triple) -> Rows:
    """Ẑ: as much as possible of agent 1's excess to agent 2, then to agent 3, … (Axiom 2).

    By the formula ẑ_j = min(d_1 − x_1 − (ẑ_1 + ⋯ + ẑ_{j−1}), c_j − d_j) in the axiom. The recursion told in
    words after it (give all that is left once Σ_{i≤j} d_i ≤ Σ_{i<j} x_i + c_j, else c_j − d_j) is another one
    and can assign less than nothing; the tests have an example.

    Returns
    -------
    tuple of tuple of int, shape (n, m)
        In units; the first row is zero. Always a member of 𝒵*.

    Examples
    --------
    >>> direct_transfer(Triple.of([[0], [0], [0], [4]], [[4], [0], [0], [0]], [[4], [3], [2], [4]]))
    ((0,), (3,), (1,), (0,))
    """
    some = excess_distributions(triple)
    return some.matrix([nested.earliest for nested in some.by_type])


def reduced(triple: Triple, Z: Distribution) -> Triple:
    """The problem (X_≥2, D_≥2 + Z_≥2, C_≥2) that is left for agents 2, …, n.

    If Z is not whole, the result is in units finer by the least common denominator of Z, in which everything
    is whole again. A recognition function must not depend on the unit in which tasks are counted.

    Raises
    ------
    ParleyError
        If there is one agent only, or Z is not in 𝒵(X, D, C).

    Examples
    --------
    >>> triple = Triple.of([[0], [0], [2]], [[2], [0], [0]], [[2], [1], [2]])
    >>> reduced(triple, ((0,), (Fraction(1, 2),), (Fraction(3, 2),)))
    Triple(allocation=((0,), (4,)), contracted=((1,), (3,)), capacity=((2,), (4,)))
    """
    if triple.agents == 1:
        raise ParleyError("a problem of one agent cannot be reduced")
    if not excess_distributions(triple).contains(Z):
        raise ParleyError(f"Z = {Z} is not a distribution of agent 1's excess")
    finer = lcm(*(Fraction(z).denominator for row in Z for z in row))
    here = triple.times(finer)
    contracted = tuple(
        tuple(d + int(finer * z) for d, z in zip(d_j, z_j, strict=True))
        for d_j, z_j in zip(here.contracted[1:], Z[1:], strict=True)
    )
    return Triple(here.allocation[1:], contracted, here.capacity[1:])


# ── slices to look at (Figure 2) ────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of 𝒵 and 𝒵* where all amounts but three of one type are fixed."""

    task_type: int
    """From 0."""
    agents: tuple[int, int, int]
    """Whose amounts vary, from 0 and in order."""
    amount: Fraction
    """What these three get together, in units."""
    everything: tuple[Point, ...]
    """Corners of the slice of 𝒵, in order around it; none if it is empty."""
    star: tuple[Point, ...]
    """Corners of the slice of 𝒵*."""
    fixed: Column
    """Amounts of agents 2, …, n of which those of all others are kept."""
    direct: Point | None
    """What direct transfer gives the three, if it gives the others what is fixed."""

    @property
    def area(self) -> Fraction:
        """Area of the slice of 𝒵, in the plane of the first two amounts."""
        return _area(self.everything)

    @property
    def star_area(self) -> Fraction:
        """Area of the slice of 𝒵*, likewise."""
        return _area(self.star)


def slice_of(
    triple: Triple, task_type: int, agents: tuple[int, int, int], fixed: Column | None = None
) -> Slice:
    """Cut 𝒵 and 𝒵* where all but three agents' amounts of one type are fixed, exactly.

    Parameters
    ----------
    task_type : int
        From 0.
    agents : (int, int, int)
        Whose amounts vary: three agents but the first, from 0 and in order.
    fixed : sequence of int or Fraction, length n − 1, optional
        Amounts of agents 2, …, n; those of the three count only in so far as they give these agents' sum.
        By default those of direct transfer.

    Raises
    ------
    ParleyError
        If there are no such agents or type, or the fixed amounts do not add up to the excess.

    Examples
    --------
    >>> triple = Triple.of([[0], [0], [1], [1]], [[2], [0], [0], [0]], [[2], [1], [1], [2]])
    >>> cut = slice_of(triple, 0, (1, 2, 3))
    >>> [tuple(map(int, corner)) for corner in cut.everything], [tuple(map(int, one)) for one in cut.star]
    ([(1, 0, 1), (1, 1, 0), (0, 1, 1)], [(1, 0, 1), (1, 1, 0)])
    """
    if not 0 <= task_type < triple.task_types:
        raise ParleyError(f"there is no task type {task_type + 1}")
    if not (1 <= agents[0] < agents[1] < agents[2] < triple.agents):
        names = ", ".join(str(agent + 1) for agent in agents)
        raise ParleyError(f"agents {names} are not three of agents 2 to {triple.agents}, in order")
    some = excess_distributions(triple)
    nested, star = some.by_type[task_type], some.star_by_type[task_type]
    kept = nested.earliest if fixed is None else tuple(fixed)
    if len(kept) != triple.agents - 1 or sum(kept) != nested.amount:
        raise ParleyError(f"amounts {kept} do not divide {nested.amount} among agents 2 to {triple.agents}")
    free = tuple(agent - 1 for agent in agents)
    direct = nested.earliest
    first, second, third = (Fraction(direct[j]) for j in free)
    here = all(direct[j] == amount for j, amount in enumerate(kept) if j not in free)
    return Slice(
        task_type,
        agents,
        Fraction(sum(kept[j] for j in free)),
        _polygon(nested, free, kept),
        _polygon(star, free, kept),
        kept,
        (first, second, third) if here else None,
    )


def widest_slice(triple: Triple, task_type: int | None = None) -> Slice:
    """The slice with the largest area of 𝒵, then of 𝒵*; the other amounts are those of direct transfer.

    Parameters
    ----------
    task_type : int, optional
        Look at this type only.

    Raises
    ------
    ParleyError
        If no slice has an area: no three agents can share some excess of a type in different ways.

    Examples
    --------
    >>> triple = Triple.of([[0], [0], [1], [1]], [[2], [0], [0], [0]], [[2], [1], [1], [2]])
    >>> widest_slice(triple).agents
    (1, 2, 3)
    """
    types = range(triple.task_types) if task_type is None else [task_type]
    slices = [
        slice_of(triple, t, agents) for t in types for agents in combinations(range(1, triple.agents), 3)
    ]
    best = max(slices, key=lambda cut: (cut.area, cut.star_area), default=None)
    if best is None or not best.area:
        raise ParleyError("no three agents can share agent 1's excess of a type in a plane of ways")
    return best


def _polygon(nested: Nested, free: tuple[int, ...], kept: Column) -> tuple[Point, ...]:
    """Corners of what three amounts can be: the triangle of all their divisions, cut by each constraint."""
    amount = Fraction(sum(kept[j] for j in free))
    zero = Fraction(0)
    corners: list[Point] = [(amount, zero, zero), (zero, amount, zero), (zero, zero, amount)]
    # Each constraint bounds Σ_k weight_k·z_k from below.
    cuts: list[tuple[tuple[int, ...], Amount]] = []
    for j, (room, floor) in enumerate(zip(nested.room, nested.floors, strict=True)):
        own = tuple(-int(k == j) for k in free)
        outside = 0 if j in free else kept[j]
        if not 0 <= outside <= room:
            return ()
        if j in free:
            cuts.append((own, -room))
        before = sum((kept[i] for i in range(j + 1) if i not in free), Fraction(0))
        cuts.append((tuple(int(k <= j) for k in free), floor - before))
    for weights, bound in cuts:
        corners = _cut(corners, weights, bound)
    return tuple(corners)


def _cut(corners: list[Point], weights: tuple[int, ...], bound: Amount) -> list[Point]:
    """The part of a convex polygon where Σ_k weight_k·z_k is at least the bound."""
    above = [sum((w * z for w, z in zip(weights, at, strict=True)), -Fraction(bound)) for at in corners]
    kept: dict[Point, None] = {}  # in order, without repetition
    for k, (here, height) in enumerate(zip(corners, above, strict=True)):
        before, was = corners[k - 1], above[k - 1]
        if height * was < 0:
            share = was / (was - height)
            a, b, c = (p + share * (q - p) for p, q in zip(before, here, strict=True))
            kept[a, b, c] = None
        if height >= 0:
            kept[here] = None
    return list(kept)


def _area(corners: Sequence[Point]) -> Fraction:
    ring = zip(corners, (*corners[1:], *corners[:1]), strict=True)
    return abs(sum((a[0] * b[1] - a[1] * b[0] for a, b in ring), Fraction(0))) / 2
