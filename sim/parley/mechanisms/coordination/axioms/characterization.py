"""What the axioms leave open: Propositions 3 and 4 and Theorem 1 as functions (the paper's Sections 4.3–4.5).

Whoever removes agent after agent, each time handing on the excess by a distribution of the problem
reduced so far, makes a *chain* Z^1, …, Z^{n−1}; agent j then *holds* h_j = d_j + z^1_j + ⋯ + z^{j−1}_j
when it becomes the first. By Proposition 3 the fractions of a consistent and top-agent proportional
recognition function are g(1) = Σ_t d_1t / R_1 and g(j) = Σ_t h_jt / R_j for some chain. Which ones are
these?

**The closed form.** Amounts h_jt for 2 ≤ j ≤ n − 1 are held under some chain if and only if each of them, for
itself, is within

    max(x_jt, d_jt) ≤ h_jt ≤ x̄_jt;    and h_n = x_n always.

*Only if.* Agent j holds its own contracts, and what it has announced, since a reduced problem is a
problem; it holds no more than c_j. Handing on moves tasks from an agent to later ones, so agents up to j
together never hold more than Σ_{i≤j} d_i less what those removed have announced: h_j ≤ Σ_{i≤j} d_i −
Σ_{i<j} x_i. The last one is left with what nobody before it has announced, which is x_n.

*If.* Give every excess to the earliest later agents that do not yet hold what they should; agent n takes
the rest. Let k be the first that still lacks something after agent i is removed. Those between i and k
hold what they should, hence what they announce. And nothing has gone past k, so for each j ≥ k those after
i up to j hold at least Σ_{l≤j} d_l − Σ_{l≤i} x_l together, which is enough for what they announce by the
order of announcements at the original problem. So this is a distribution. When agent j becomes the first
it lacks nothing: else all excess so far would have stopped at it, and it would hold Σ_{i≤j} d_i −
Σ_{i<j} x_i ≥ x̄_j ≥ h_j. ∎

p* takes the upper end everywhere, and p̌ the lower end at j = n − 1. Over whole units the amounts held are
the whole ones of each interval.

**A gap in Proposition 3.** "If" does not follow from this form at every problem: the chains there are
chosen for each problem by itself, while consistency ties p at a problem to p at the reduced one. The
smallest example has four agents and two units, D = (1, 0, 0, 1), C = (1, 1, 1, 2), X = (0, 0, 0, 2) of
one type: let p be p̌ at problems of four agents and p* at all others. All its values have the form. Agent 2
is to hold 1, so z_2 = 1; but then agent 3 of the reduced problem has x̄_3 = 1 and p*_3 = 1/4, while p_3 = 0.
The proof's "if" part applies p to the reduced problem with the same Z^2, …, Z^{n−1} as at the original one.
This has to be asked for: a chain at every problem whose tail is the chain at the reduced problem. (Up to
three agents nothing is missing: a reduced problem of two agents leaves no choice.)
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import lcm
from typing import TYPE_CHECKING

from parley.core.errors import ParleyError
from parley.mechanisms.coordination.axioms.reduction import Amount, Distribution, reduced
from parley.mechanisms.coordination.axioms.triple import Row, Rows, Triple
from parley.mechanisms.coordination.recognition import RecognitionFunction, Turn, stick_breaking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.coordination.axioms.triple import Recognition


def fraction_bounds(triple: Triple) -> tuple[tuple[int, int], ...]:
    """Between what g(j)·R_j lies under consistency and top-agent proportionality, for every agent j.

    That is all that Proposition 3 says of one problem; see the head of this file for the proof.

    Returns
    -------
    tuple of (int, int), length n
        In units. Σ_t d_1t twice for agent 1, Σ_t x_nt twice for agent n if there are two or more, and
        Σ_t max(x_jt, d_jt) and Σ_t x̄_jt for the others.

    Examples
    --------
    >>> fraction_bounds(Triple.of([[0], [0], [1], [1]], [[1], [0], [0], [1]], [[1], [1], [1], [1]]))
    ((1, 1), (0, 1), (1, 1), (1, 1))
    """
    first, last = sum(triple.contracted[0]), sum(triple.allocation[-1])
    between = tuple((sum(low), sum(high)) for low, high in _held_bounds(triple))
    return ((first, first), *between, (last, last))[: triple.agents]


def _held_bounds(triple: Triple) -> list[tuple[Row, Row]]:
    """Least and most of each type that agents 2, …, n − 1 can hold when they become the first."""
    rows = zip(triple.allocation, triple.contracted, triple.maximal, strict=True)
    return [(tuple(map(max, x_j, d_j)), most) for x_j, d_j, most in rows][1:-1]


def chain(triple: Triple, held: Sequence[Amount]) -> tuple[Distribution, ...]:
    """Make a chain Z^1, …, Z^{n−1} under which agents 2, …, n − 1 hold given amounts.

    Excess goes to the earliest agents that do not hold theirs yet.

    Parameters
    ----------
    held : sequence of int or Fraction, length max(n − 2, 0)
        What agents 2, …, n − 1 are to hold, all types together, in units: g(j)·R_j. Above its least of each
        type an agent is given as much as possible of type 1, then of type 2, ….

    Returns
    -------
    tuple of n − 1 distributions
        Z^i is of shape (n − i + 1, m), in units of `triple`; its first row is agent i's, and zero.

    Raises
    ------
    ParleyError
        If an amount is outside its `fraction_bounds`.

    Examples
    --------
    >>> triple = Triple.of([[0], [0], [1], [1]], [[2], [0], [0], [0]], [[2], [1], [1], [2]])
    >>> chain(triple, (1, 1))
    (((0,), (1,), (1,), (0,)), ((0,), (0,), (1,)), ((0,), (0,)))
    """
    n, m = triple.agents, triple.task_types
    if len(held) != max(n - 2, 0):
        raise ParleyError(
            f"{len(held)} amounts for the {max(n - 2, 0)} agents between the first and the last"
        )
    lacks: list[list[Amount]] = []
    for j, (amount, (low, high)) in enumerate(zip(held, _held_bounds(triple), strict=True), start=1):
        if not sum(low) <= amount <= sum(high):
            raise ParleyError(f"agent {j + 1} cannot hold {amount}, only {sum(low)} to {sum(high)} units")
        spare = amount - sum(low)
        lack: list[Amount] = []
        for t in range(m):
            more = min(spare, high[t] - low[t])
            lack.append(low[t] + more - triple.contracted[j][t])
            spare -= more
        lacks.append(lack)
    holds = [list(map(Fraction, row)) for row in triple.contracted]
    links = []
    for i in range(n - 1):
        Z = [[Fraction(0)] * m for _ in range(n - i)]
        for t in range(m):
            left = holds[i][t] - triple.allocation[i][t]
            for j in range(i + 1, n):
                given = Fraction(left if j == n - 1 else min(left, lacks[j - 1][t]))
                if j < n - 1:
                    lacks[j - 1][t] -= given
                holds[j][t] += given
                Z[j - i][t] = given
                left -= given
        links.append(tuple(tuple(int(z) if z.denominator == 1 else z for z in row) for row in Z))
    return tuple(links)


def reductions(triple: Triple, links: Sequence[Distribution]) -> tuple[Triple, ...]:
    """Follow a chain: the problem, then what is left of it after one agent, after two, …, up to the last.

    Parameters
    ----------
    links : sequence of distributions
        Z^1, Z^2, …, in units of `triple`.

    Returns
    -------
    tuple of Triple
        One more than there are distributions; all in the same units, in which everything is whole.

    Raises
    ------
    ParleyError
        If a Z is not a distribution in the problem reduced so far.

    Examples
    --------
    >>> triple = Triple.of([[0], [0], [1], [1]], [[2], [0], [0], [0]], [[2], [1], [1], [2]])
    >>> [step.contracted for step in reductions(triple, chain(triple, (1, 1)))]
    [((2,), (0,), (0,), (0,)), ((1,), (1,), (0,)), ((1,), (1,)), ((1,),)]
    """
    finer = lcm(*(Fraction(z).denominator for Z in links for row in Z for z in row))
    steps = [triple.times(finer)]
    for Z in links:
        whole = tuple(tuple(int(finer * z) for z in row) for row in Z)
        steps.append(reduced(steps[-1], whole))
    return tuple(steps)


def probabilities_of_chain(triple: Triple, links: Sequence[Distribution]) -> tuple[Fraction, ...]:
    """Recognition probabilities that Proposition 3 makes of a chain.

    Each agent, once it is the first, gets its share of the contracts in the problem reduced so far.

    Examples
    --------
    >>> triple = Triple.of([[0], [0], [1], [1]], [[1], [0], [0], [1]], [[1], [1], [1], [1]])
    >>> print(*probabilities_of_chain(triple, chain(triple, (1, 1))))
    1/2 1/4 1/8 1/8
    """
    return stick_breaking([(sum(step.contracted[0]), step.total) for step in reductions(triple, links)])


@dataclass(frozen=True, slots=True)
class Form:
    """Whether the probabilities of one problem have the form of Proposition 3."""

    holds: bool
    chain: tuple[Distribution, ...] = ()
    """If so, a chain that gives them."""
    agent: int | None = None
    """If not, the first agent, from 0, …"""
    held: Fraction | None = None
    """… whose g(j)·R_j is this many units …"""
    bounds: tuple[int, int] | None = None
    """… and not within these."""


def proposition_3_form(p: Recognition, triple: Triple) -> Form:
    """Whether the probabilities that p gives here have the form of Proposition 3, with a chain or a proof.

    If not, p is not both consistent and top-agent proportional. If agent 1 breaks it, then p is not top-agent
    proportional; if p is, then it is not consistent, here or at one of the reduced problems that follow.
    Where earlier agents have taken all probability, later fractions are free; where nothing is contracted,
    all are.

    Examples
    --------
    >>> from parley.mechanisms.coordination.axioms.triple import recognition_of
    >>> X, D = [[2, 0, 0], [0, 2, 0], [1, 0, 1]], [[3, 0, 0], [0, 2, 0], [0, 0, 1]]
    >>> triple = Triple.of(X, D, [[3, 0, 0], [0, 2, 0], [1, 0, 1]])
    >>> proposition_3_form(recognition_of("p-star"), triple).chain
    (((0, 0, 0), (0, 0, 0), (1, 0, 0)), ((0, 0, 0), (0, 0, 0)))
    >>> wrong = proposition_3_form(recognition_of("contract-proportional"), triple)
    >>> print(wrong.agent + 1, wrong.held, wrong.bounds)
    2 8/3 (2, 2)
    """
    left = Fraction(1)
    amounts: list[Fraction] = []
    bounds = fraction_bounds(triple)
    for j, (share, (low, high)) in enumerate(zip(p(triple), bounds, strict=True)):
        units = triple.remaining[j]
        amount = share / left * units if left and units else Fraction(high)
        if not low <= amount <= high:
            return Form(holds=False, agent=j, held=amount, bounds=(low, high))
        amounts.append(amount)
        left -= share
    return Form(holds=True, chain=chain(triple, amounts[1:-1]))


def transfer_family(shares: Sequence[Fraction]) -> RecognitionFunction:
    """Make a consistent and top-agent proportional recognition function; p* and p̌ are two of them.

    Agent 1 gets its share of contracts, for x̄_1t is d_1t. Counted from the end, the k-th agent before the
    last (k = 1, 2, …) gets

        g(j) = Σ_t [x̄_jt − θ_k·(x̄_jt − max(x_jt, d_jt))] / R_j,

    anything that Proposition 3 allows, by the same rule wherever so many agents follow. Position counts
    from the end because it then is the same in reduced problems. θ = 0 is p*, and θ = (1) is p̌. Where
    some θ_k > 0, an agent in that position can move its own probability by its announcement.

    *Why it is consistent.* Removing agent 1, determine z_2, z_3, … in turn so that each agent's g is
    that of the original problem. With the earlier ones chosen, g(j) of the reduced problem is continuous
    in z_j and does not fall in it (nor depends on what later agents get). Let z_j be the least possible.
    If it is 0, then x̄_j is no larger than in the original problem and max(x_j, d_j + z_j) is the same,
    so g(j) is not above. If it is positive, then agents 2, …, j hold exactly what they announce, and
    both terms are x_j: again not above. Let it be the most possible. Then agent j is full, or nothing is
    left to hand on; both ways x̄_j is that of the original problem, and max(x_j, d_j + z_j) no smaller:
    not below. Hence some z_j between fits, in every type at once. ∎

    Parameters
    ----------
    shares : sequence of Fraction
        θ_1, θ_2, … within [0, 1]; zero for positions beyond those given.

    Returns
    -------
    callable
        A map of turns, for `triple.stick_broken`.

    Raises
    ------
    ParleyError
        If a share is not within [0, 1].

    Examples
    --------
    >>> half = transfer_family([Fraction(1, 2)])
    >>> half(Turn(1, 3, 4, 3, (0, 2, 0), (1, 2, 0), (0, 2, 0)))
    (5, 8)
    """
    if not all(0 <= share <= 1 for share in shares):
        raise ParleyError(f"shares {', '.join(map(str, shares))} are not all within [0, 1]")
    given = tuple(map(Fraction, shares))

    def member(turn: Turn) -> tuple[int, int]:
        most = sum(turn.maximal)
        position = turn.agents - 1 - turn.agent
        if not 1 <= position <= len(given):
            return most, turn.remaining
        share = given[position - 1]
        room = most - sum(map(max, turn.announced, turn.contracted))
        return share.denominator * most - share.numerator * room, share.denominator * turn.remaining

    return member


def unique_fraction(triple: Triple, j: int) -> tuple[Fraction, Fraction]:
    """What is left for g(j) once agent j's own announcement must not matter (Theorem 1's uniqueness).

    By Proposition 2 agent j's probability is the same for all announcements x_j that are open to it, given
    those before it, and whatever comes after. So g(j) lies in the interval of Proposition 3 for every one of
    them; all announcements are gone through. They meet in one point, because x̄_j is one of them, and its
    interval is the point x̄_j: g(j) of p*.

    Parameters
    ----------
    triple : Triple
        Rows from j on are not looked at.
    j : int
        The agent, from 0.

    Returns
    -------
    (Fraction, Fraction)
        Least and most that g(j) can be.

    Raises
    ------
    ParleyError
        If nothing remains for agents j, …, n, so that g(j) is 0/0.

    Examples
    --------
    >>> triple = Triple.of([[0], [0], [1], [1]], [[1], [0], [0], [1]], [[1], [1], [1], [1]])
    >>> print(*unique_fraction(triple, 1))
    1/2 1/2
    """
    units = triple.remaining[j]
    if not units:
        raise ParleyError(f"nothing remains for agent {j + 1}")
    intervals = [fraction_bounds(other)[j] for other in _with_own_announcements(triple, j)]
    return Fraction(max(low for low, _ in intervals), units), Fraction(
        min(high for _, high in intervals), units
    )


def _with_own_announcements(triple: Triple, j: int) -> list[Triple]:
    """The problem with every announcement open to agent j, and maximal ones after it."""
    D, C = triple.contracted, triple.capacity
    later = [
        sum(c[t] - d[t] for c, d in zip(C[j + 1 :], D[j + 1 :], strict=True))
        for t in range(triple.task_types)
    ]
    before = triple.allocation[:j]
    pool = [
        sum(row[t] for row in D[: j + 1]) - sum(row[t] for row in before) for t in range(triple.task_types)
    ]
    ranges = [range(max(0, pool[t] - later[t]), min(pool[t], C[j][t]) + 1) for t in range(triple.task_types)]
    return [_completed(triple, (*before, own)) for own in product(*ranges)]


def _completed(triple: Triple, announced: Rows) -> Triple:
    zero = (0,) * triple.task_types
    while len(announced) < triple.agents:
        padded = (*announced, *[zero] * (triple.agents - len(announced)))
        most = Triple(padded, triple.contracted, triple.capacity).maximal
        announced = (*announced, most[len(announced)])
    return Triple(announced, triple.contracted, triple.capacity)
