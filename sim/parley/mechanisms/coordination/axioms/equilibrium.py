"""Stage 1 as a game: all its pure subgame-perfect equilibria, for any recognition function.

Agents announce in order, and agent j saves p_j(X)·max(0, Δ(X)) in expectation at the allocation X that comes
out (Proposition 1). Where Δ(X) ≤ 0 the contracts stand: X is *announced*, D is *implemented*. On the grid of
whole units the game is a finite tree, and backward induction finds every equilibrium. Nothing breaks ties: an
agent that is indifferent may announce either, and later agents may answer each announcement by any
equilibrium of theirs. So with S(a) the outcomes that equilibria reach after announcement a, an outcome of
S(a) is one of the mover's own subgame if and only if the mover saves no less there than in the worst outcome
of S(b), for every b.

What is true of recognition functions for which p_j depends on neither x_j nor later rows (Proposition 2), in
the special domain as well as in the general one:

(a) If at every subgame the agent to announce has a positive probability or a single announcement, every
    equilibrium implements an allocation of least cost among D and those that continue the subgame.
(b) Without that, every equilibrium does in which indifferent agents prefer the lower implemented cost.
(c) The *announced* allocation need not be cost-effective where nothing can be saved: with Δ(X) ≤ 0 everybody
    saves 0, wherever the announcements lead.

Proof of (a) and (b), from the last agent back: at its turn p_j is settled, and by induction announcement b
leads to the least cost L(b). Agent j saves p_j·(F(D) − L(b)), so it takes the least L(b) if p_j > 0, and may
if p_j = 0.

So "every subgame-perfect equilibrium announces cost-effectively" (Axiom 1, Proposition 2) is too strong in
two respects: (c), and agents with probability zero. With D = (4, 0, 0)ᵀ, C = (4, 2, 2)ᵀ and f(z) = z², p* is
(1, 0, 0) whatever is announced; agent 2 then does not mind what it announces, and in thirds of tasks
equilibria implement total costs of 16/3, 50/9 and 6. Under p* this takes a last agent without contracts of
its own: if d_n ≠ 0, then no g(i) with i < n is 1, because R_i counts d_n and x̄_i does not; and an agent that
has a choice has x̄_j ≠ 0, hence g(j) > 0. So (a) holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, Protocol

from parley.core.errors import ParleyError
from parley.mechanisms.coordination.announcements import carried, check_feasible
from parley.mechanisms.coordination.axioms.triple import Recognition, Row, Rows, Triple, rows_of, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from parley.mechanisms.coordination.problem import Problem

KEPT = 8
"""How many of the subgames that violate are named."""
TIE_RULE = "an agent whose savings are equal announces so that the total cost is lower"
"""How `efficient_ties` breaks ties: (b) above."""
REMEMBERED = 2**17
"""How many outcomes a game remembers, so that several inductions evaluate p once."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a course of announcements ends."""

    allocation: Rows
    """X announced, in units."""
    cost: Fraction
    """Total cost of the implemented allocation: F(X) if Δ(X) > 0, else F(D)."""
    savings: tuple[Fraction, ...]
    """What each agent saves in expectation: p_j(X)·max(0, Δ(X))."""


class StageOne(Protocol):
    """A game of announcements in order: agent j's is the j-th row."""

    @property
    def agents(self) -> int:
        """Number of agents n."""

    def announcements(self, announced: Rows) -> Iterable[Row]:
        """Legal announcements of agent `len(announced)`; at least one."""

    def outcome(self, allocation: Rows) -> Outcome:
        """What n announcements come to."""


@dataclass(frozen=True, slots=True)
class Subgame:
    """One subgame, with all that its equilibria do."""

    announced: Rows
    """Announcements made before, in units."""
    choices: tuple[Row, ...]
    """What the agent to announce may announce in some equilibrium; several are a tie."""
    outcomes: tuple[Outcome, ...]
    """Of all its equilibria."""
    least: Fraction
    """Least implemented cost of any course of announcements from here."""

    @property
    def cost_effective(self) -> bool:
        """Whether every equilibrium implements the least cost possible from here."""
        return all(outcome.cost == self.least for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class Violation:
    """A subgame from which an equilibrium implements more than the least cost possible."""

    announced: Rows
    """The subgame: announcements made before, in units."""
    outcome: Outcome
    """Of an equilibrium, the costliest there is."""
    cheaper: Outcome
    """Of least cost from there; if possible one that equilibria reach after another announcement."""


@dataclass(frozen=True)
class Equilibria:
    """All pure subgame-perfect equilibria of a subgame."""

    announced: Rows
    """The announcements that it starts from."""
    outcomes: tuple[Outcome, ...]
    """Of all equilibria, without repetition, in the order of announcements."""
    least: Fraction
    """Least implemented cost of any course of announcements."""
    subgames: int
    """Decision nodes looked at: all of them."""
    ties: int
    """Of those, the ones with several announcements that some equilibrium makes."""
    violations: int
    """Of those, the ones from which some equilibrium implements more than the least cost possible."""
    inefficient: tuple[Rows, ...]
    """The first few of these, each after all its own subgames."""
    first_violation: Violation | None
    """At the first of these: all its own subgames are in order, so that only its mover is to blame."""

    @property
    def total_costs(self) -> list[Fraction]:
        """Total costs that equilibria implement, the lowest first."""
        return sorted({outcome.cost for outcome in self.outcomes})

    @property
    def cost_effective(self) -> bool:
        """Whether every equilibrium implements a least-cost allocation from the start."""
        return all(outcome.cost == self.least for outcome in self.outcomes)

    @property
    def cost_effective_everywhere(self) -> bool:
        """Whether every equilibrium of every subgame does."""
        return not self.violations


def backward_induction(
    game: StageOne,
    announced: Rows = (),
    *,
    efficient_ties: bool = False,
    report: Callable[[Subgame], None] | None = None,
) -> Equilibria:
    """Find all pure subgame-perfect equilibria of a game of announcements, exactly.

    Parameters
    ----------
    game : StageOne
        Its whole tree is walked: see `count_allocations`.
    announced : tuple of rows
        Announcements made before; none by default.
    efficient_ties : bool
        Whether an agent prefers the lower implemented cost where its own savings are equal.
    report : callable, optional
        Called with every `Subgame`, each after its own subgames.

    Raises
    ------
    ParleyError
        If an announcement is not legal.

    Examples
    --------
    In Example 1 all equilibria under p* implement the least cost in whole tasks. Ties are many:

    >>> from parley.mechanisms.coordination.problem import example_1
    >>> from parley.mechanisms.coordination.axioms.triple import recognition_of
    >>> found = backward_induction(stage_one(example_1(), recognition_of("p-star")))
    >>> {outcome.cost for outcome in found.outcomes}, found.cost_effective_everywhere, found.ties
    ({Fraction(89, 1)}, True, 1286)
    """
    for j, row in enumerate(announced):
        if all(row != legal for legal in game.announcements(announced[:j])):
            raise ParleyError(f"agent {j + 1} cannot announce {row} after {announced[:j]}")
    walk = _Walk(game, report, efficient_ties=efficient_ties)
    outcomes, cheapest = walk.solve(tuple(announced))
    return Equilibria(
        announced=tuple(announced),
        outcomes=tuple(outcomes),
        least=cheapest.cost,
        subgames=walk.subgames,
        ties=walk.ties,
        violations=walk.violations,
        inefficient=tuple(walk.inefficient),
        first_violation=walk.first,
    )


class _Walk:
    """One walk through a tree, children first."""

    def __init__(
        self, game: StageOne, report: Callable[[Subgame], None] | None, *, efficient_ties: bool
    ) -> None:
        self.game, self.report, self.efficient_ties = game, report, efficient_ties
        self.agents = game.agents
        self.subgames = self.ties = self.violations = 0
        self.inefficient: list[Rows] = []
        self.first: Violation | None = None

    def solve(self, announced: Rows) -> tuple[list[Outcome], Outcome]:
        """All equilibrium outcomes of a subgame, and a cheapest outcome of any course of announcements."""
        j = len(announced)
        if j == self.agents:
            outcome = self.game.outcome(announced)
            return [outcome], outcome
        self.subgames += 1
        after = [(row, *self.solve((*announced, row))) for row in self.game.announcements(announced)]
        cheapest = min((best for _, _, best in after), key=_cost)
        if len(after) == 1:
            chosen = after
        else:
            # A savings vector is compared with others only by its own entry j, and these repeat.
            worth = self._worth(j)
            assured = max(min(map(worth, outcomes)) for _, outcomes, _ in after)
            chosen = [
                (row, kept, best)
                for row, outcomes, best in after
                if (kept := [outcome for outcome in outcomes if worth(outcome) >= assured])
            ]
            self.ties += len(chosen) > 1
        found = [outcome for _, outcomes, _ in chosen for outcome in outcomes]
        costliest = max(found, key=_cost)
        if costliest.cost > cheapest.cost:
            self._violated(announced, costliest, cheapest, [o for _, outcomes, _ in after for o in outcomes])
        if self.report is not None:
            choices = tuple(row for row, _, _ in chosen)
            self.report(Subgame(announced, choices, tuple(found), cheapest.cost))
        return found, cheapest

    def _worth(self, j: int) -> Callable[[Outcome], Any]:
        """What agent j maximizes."""
        if self.efficient_ties:
            return lambda outcome: (outcome.savings[j], -outcome.cost)
        return lambda outcome: outcome.savings[j]

    def _violated(
        self, announced: Rows, costliest: Outcome, cheapest: Outcome, reachable: list[Outcome]
    ) -> None:
        self.violations += 1
        if len(self.inefficient) < KEPT:
            self.inefficient.append(announced)
        if self.first is None:
            cheaper = next((o for o in reachable if o.cost == cheapest.cost), cheapest)
            self.first = Violation(announced, costliest, cheaper)


def _cost(outcome: Outcome) -> Fraction:
    return outcome.cost


class _Grid:
    """The paper's Stage 1 on the grid of whole units: see `stage_one`."""

    def __init__(self, problem: Problem, p: Recognition) -> None:
        self.problem, self.p = problem, p
        self.agents = problem.agents
        self.contracted, self.capacity = rows_of(problem.contracted), rows_of(problem.capacity)
        self._contracted_so_far = running(self.contracted)
        self._spare = _spare(self.contracted, self.capacity)
        self._default = problem.total_cost_wei(problem.contracted)
        self._default_cost = problem.total_cost(problem.contracted)
        self._nothing = (Fraction(0),) * problem.agents
        self._known: dict[Rows, Outcome] = {}

    def announcements(self, announced: Rows) -> Iterable[Row]:
        """All rows within the bounds (see `announcements.bounds`), in lexicographic order."""
        j = len(announced)
        pools = self._contracted_so_far[j]
        if announced:
            pools = tuple(d - sum(x) for d, x in zip(pools, zip(*announced, strict=True), strict=True))
        return product(
            *(
                range(max(0, pool - spare), min(pool, limit) + 1)
                for pool, spare, limit in zip(pools, self._spare[j], self.capacity[j], strict=True)
            )
        )

    def outcome(self, allocation: Rows) -> Outcome:
        """Outcome of an allocation; p is evaluated only where something is saved."""
        known = self._known.get(allocation)
        if known is None:
            known = self._evaluated(allocation)
            if len(self._known) < REMEMBERED:
                self._known[allocation] = known
        return known

    def _evaluated(self, allocation: Rows) -> Outcome:
        cost_wei, per_cost = self.problem.cost_wei, self.problem.wei_per_cost
        total = sum(cost_wei(i, sum(row)) for i, row in enumerate(allocation))
        if total >= self._default:
            return Outcome(allocation, self._default_cost, self._nothing)
        saved = Fraction(self._default - total, per_cost)
        probabilities = self.p(Triple(allocation, self.contracted, self.capacity))
        return Outcome(allocation, Fraction(total, per_cost), tuple(saved * p for p in probabilities))


def _spare(contracted: Rows, capacity: Rows) -> list[Row]:
    """What agents after each one can take on beyond their contracts, by type."""
    spare = [(0,) * len(contracted[0])]
    for d, c in zip(contracted[:0:-1], capacity[:0:-1], strict=True):
        spare.append(tuple(s + limit - own for s, limit, own in zip(spare[-1], c, d, strict=True)))
    return spare[::-1]


def stage_one(problem: Problem, p: Recognition) -> StageOne:
    """Stage 1 of the paper's mechanism on the grid of whole units, Stage 2 played as in Proposition 1.

    Parameters
    ----------
    problem : Problem
        Its own recognition function is not looked at.
    p : Recognition
        From a `Triple` to n recognition probabilities. Called at allocations with Δ(X) > 0 only.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> from parley.mechanisms.coordination.axioms.triple import recognition_of
    >>> game = stage_one(example_1(), recognition_of("p-star"))
    >>> X = ((5, 0, 0, 0, 0), (1, 3, 0, 0, 0), (1, 1, 2, 0, 0), (1, 1, 1, 1, 0), (1, 0, 1, 1, 1))
    >>> list(game.announcements(X[:3]))[::3]
    [(1, 0, 0, 1, 0), (1, 0, 1, 2, 0), (1, 1, 1, 1, 0)]
    >>> game.outcome(X).savings[0]
    Fraction(114, 7)
    """
    return _Grid(problem, p)


def count_allocations(problem: Problem, announced: Rows = ()) -> int:
    """Count the allocations that continue some announcements, without listing them.

    Types are independent of each other, and for each the number of ways to share its units among the agents
    is found agent by agent: what counts is only how many units are left to later ones.

    Parameters
    ----------
    announced : tuple of rows
        Announcements of the first agents, in units; none by default.

    Returns
    -------
    int
        The number of leaves of the tree that `backward_induction` walks.

    Raises
    ------
    ProblemError
        If an announcement is not legal.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> count_allocations(example_1()), count_allocations(example_1(), ((5, 0, 0, 0, 0),))
    (7776, 1728)
    """
    check_feasible(problem, announced)
    k = len(announced)
    contracted, capacity = rows_of(problem.contracted), rows_of(problem.capacity)
    left = carried(problem, announced).tolist()
    return prod(
        _count_columns(left[t], [row[t] for row in contracted[k:]], [row[t] for row in capacity[k:]])
        for t in range(problem.task_types)
    )


def _count_columns(left: int, contracted: list[int], capacity: list[int]) -> int:
    """Count the ways to share one type out, with so many units left over by those who have announced."""
    ways = [0] * left + [1]  # by the number of units left to later agents
    for own, limit in zip(contracted, capacity, strict=True):
        ways = [0] * own + ways
        # With `pool` units there, an agent leaves pool − limit to pool of them.
        until = [0]
        for count in ways:
            until.append(until[-1] + count)
        top = len(ways)
        ways = [until[min(rest + limit + 1, top)] - until[rest] for rest in range(top)]
    return ways[0]
