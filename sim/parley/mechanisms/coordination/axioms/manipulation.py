"""What agents gain in Stage 1 by announcing otherwise, alone or in pairs, against agents that do not.

Everybody else announces as the `equilibrium` bot does: by the problem's own allocation as long as it has been
followed, else by the solver's cost-effective continuation of what has been announced; and all bargain as in
Proposition 1. (Bots play whole wei, and let the contracts stand where a saving would be lost to rounding.
That is left out here.) A pair announces with one mind: what counts is what its members save together.

Where p_j depends on neither x_j nor later rows, and the equilibrium is cost-effective, nobody gains alone:
agent j saves p_j·Δ with p_j settled at its turn, and nothing that it announces saves more than the least
cost. A pair i < j can: agent i's announcement moves p_j. It cannot move p_i, and once i has announced both
are settled, so that j does best for the pair by saving costs. All that a pair gains, it gains by what its
first member announces.

Small boxes of announcements are tried out exhaustively; then `gain` is the most that there is to gain. Else
a search on a budget finds what it finds, and `gain` is what can be gained at least.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from math import prod
from operator import add, sub
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.announcements import bounds, check_feasible
from parley.mechanisms.coordination.announcements import spare as spare_units
from parley.mechanisms.coordination.axioms.equilibrium import Outcome, stage_one
from parley.mechanisms.coordination.axioms.triple import Recognition, Row, Rows, rows_of, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from parley.mechanisms.coordination.problem import Problem

SMALL = 100_000
"""Up to so many announcements at all positions together, continuations are tabulated, not solved for."""
LIMIT_SMALL = 50_000
"""Allocations tried by default where continuations are tabulated."""
LIMIT_WORK = 600_000
"""Where they are solved for: so many agents × types × allocations tried by default, …"""
LIMIT_LARGE = 5_000
"""… but no more allocations than this."""
STARTS = 4
"""Random announcements that a search starts from, beyond corners and points on the way to them."""
SEED = 1

Deviation = tuple[Row, ...]
Path = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Manipulation:
    """The best that one agent or two have been found to announce."""

    agents: Path
    """Who announces otherwise: one index or two, ascending."""
    best_deviation: Deviation
    """Their announcements in units; what they would announce anyway if nothing gains."""
    gain: Fraction
    """What they save together beyond the equilibrium, in units of cost; never negative."""
    exhaustive: bool
    """Whether all their announcements have been tried. If not, more may be gained than `gain`."""
    tried: int
    """How many announcements (of a pair: combinations of two) have been tried."""
    outcome: Outcome
    """Where the best deviation leads."""


@dataclass(frozen=True, slots=True)
class Manipulations:
    """What single agents and pairs gain in a problem."""

    equilibrium: Outcome
    """Where it leads if nobody deviates."""
    entries: tuple[Manipulation, ...]
    """One for every agent, then one for every pair i < j."""

    @property
    def singles(self) -> tuple[Manipulation, ...]:
        """One entry for every agent."""
        return tuple(entry for entry in self.entries if len(entry.agents) == 1)

    @property
    def pairs(self) -> tuple[Manipulation, ...]:
        """One entry for every pair."""
        return tuple(entry for entry in self.entries if len(entry.agents) == 2)

    @property
    def exhaustive(self) -> bool:
        """Whether everything has been tried."""
        return all(entry.exhaustive for entry in self.entries)


def manipulations(
    problem: Problem,
    p: Recognition,
    *,
    pairs: bool = True,
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Manipulations:
    """Look for announcements by which an agent, or a pair, saves more than in equilibrium.

    Parameters
    ----------
    problem : Problem
        Its own recognition function is not looked at; its own allocation, if it names one, is what is
        announced in equilibrium.
    p : Recognition
        From a `Triple` to n recognition probabilities.
    pairs : bool
        Whether to look at pairs too.
    limit : int, optional
        Allocations to look at, at most; by default as many as take some seconds where the problem is small,
        and about a minute for 64 agents and types. Entries whose announcements do not fit into the
        share that is left for them are searched, and not `exhaustive`.
    progress : callable, optional
        Called with how many allocations have been looked at and the limit.

    Examples
    --------
    In Example 1 nobody gains alone; of the pairs agents 2 and 5 gain most:

    >>> from parley.mechanisms.coordination.problem import example_1
    >>> from parley.mechanisms.coordination.axioms.triple import recognition_of
    >>> found = manipulations(example_1(), recognition_of("p-star"))
    >>> {entry.gain for entry in found.singles}, found.exhaustive
    ({Fraction(0, 1)}, True)
    >>> max((entry.gain, entry.agents) for entry in found.pairs)
    (Fraction(57, 56), (1, 4))
    """
    search = _Search(problem, p, (), limit, progress)
    search.run([(i,) for i in range(problem.agents)], pairs=pairs)
    return Manipulations(search.equilibrium, tuple(entry.result() for entry in search.entries.values()))


def best_response(
    problem: Problem, p: Recognition, announced: Rows = (), *, limit: int | None = None
) -> Manipulation:
    """Look for one agent's best announcement, after any others, against agents that play on as bots do.

    A gain at any position disproves that bots play a subgame-perfect equilibrium. No gain at one position,
    even by exhaustive search, proves nothing about the others; only if nobody gains at any position is it
    one (a profile of strategies from which no single departure pays is subgame-perfect in a finite game),
    and even then other equilibria may implement other allocations. `equilibrium.backward_induction` settles
    this where the tree is small enough to walk.

    Parameters
    ----------
    announced : tuple of rows
        Announcements of the first k < n agents, in units, however inefficient; agent k responds.
    limit : int, optional
        Allocations to look at, at most.

    Returns
    -------
    Manipulation
        `gain` is beyond what the agent saves if it too plays as the bot does.

    Raises
    ------
    ProblemError
        If an announcement is not legal.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> from parley.mechanisms.coordination.axioms.triple import recognition_of
    >>> [
    ...     best_response(example_1(), recognition_of(name), ((5, 0, 0, 0, 0),)).gain
    ...     for name in ("p-star", "announcement-proportional")
    ... ]
    [Fraction(0, 1), Fraction(40, 21)]
    """
    check_feasible(problem, announced)
    search = _Search(problem, p, announced, limit, None)
    search.run([(len(announced),)], pairs=False)
    return search.entries[(len(announced),)].result()


def default_limit(problem: Problem) -> int:
    """How many allocations are looked at where nobody says otherwise."""
    if _positions(problem) <= SMALL:
        return LIMIT_SMALL
    return max(1, min(LIMIT_LARGE, LIMIT_WORK // problem.contracted.size))


class _Entry:
    """What is known so far of one agent's or one pair's deviations."""

    def __init__(self, agents: Path, most: int, equilibrium: Outcome) -> None:
        self.agents, self.most = agents, most
        self.usual = self.worth(equilibrium)
        self.best, self.deviation, self.gain = equilibrium, self.of(equilibrium), Fraction(0)
        self.tried: set[Deviation] = set()
        self.exhaustive = False

    def of(self, outcome: Outcome) -> Deviation:
        return tuple(outcome.allocation[i] for i in self.agents)

    def worth(self, outcome: Outcome) -> Fraction:
        return sum((outcome.savings[i] for i in self.agents), Fraction(0))

    def take(self, outcome: Outcome) -> bool:
        """Note an outcome; whether it is the best so far."""
        deviation = self.of(outcome)
        if deviation in self.tried:
            return False
        self.tried.add(deviation)
        gain = self.worth(outcome) - self.usual
        if gain <= self.gain:
            return False
        self.best, self.deviation, self.gain = outcome, deviation, gain
        return True

    def result(self) -> Manipulation:
        exhaustive = self.exhaustive or len(self.tried) == self.most
        return Manipulation(self.agents, self.deviation, self.gain, exhaustive, len(self.tried), self.best)


class _Search:
    """Deviations from what is announced in equilibrium after some announcements."""

    def __init__(
        self,
        problem: Problem,
        p: Recognition,
        announced: Rows,
        limit: int | None,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.problem = problem
        self.game = stage_one(problem, p)
        self.followers = Followers(problem)
        self.limit = default_limit(problem) if limit is None else limit
        self.progress = progress
        self.dice = Random(SEED)
        self.known: dict[Rows, Outcome] = {}
        self.equilibrium = self.outcome(announced)
        self.entries: dict[Path, _Entry] = {}

    def run(self, singles: list[Path], *, pairs: bool) -> None:
        n = self.problem.agents
        everybody = [*singles, *(combinations(range(n), 2) if pairs else ())]
        self.entries = {agents: _Entry(agents, self.most(agents), self.equilibrium) for agents in everybody}
        for entry in self.entries.values():
            entry.take(self.equilibrium)
        # Those with few announcements first, so that what they leave of their share goes to the others.
        waiting = [entry for entry in self.entries.values() if entry.most > 1]
        waiting.sort(key=lambda entry: entry.most)
        while waiting and waiting[0].most <= (self.limit - len(self.known)) // len(waiting):
            self.try_all(waiting.pop(0))
        # What one agent's announcement leads to concerns every pair whose first member it is.
        firsts = sorted({entry.agents[0] for entry in waiting})
        for done, i in enumerate(firsts):
            mine = [entry for entry in waiting if entry.agents[0] == i]
            share = 3 if any(len(entry.agents) == 2 for entry in mine) else 4
            self.search_first(i, mine, (self.limit - len(self.known)) * share // (4 * (len(firsts) - done)))
        together = [entry for entry in waiting if len(entry.agents) == 2]
        together.sort(key=lambda entry: -entry.gain)
        for done, entry in enumerate(together):
            if len(self.known) >= self.limit:
                break
            self.search_both(entry, -(-(self.limit - len(self.known)) // (len(together) - done)))
        # Searches often end before their budgets do.
        for entry in waiting:
            if entry.most <= self.limit - len(self.known):
                self.try_all(entry)
        if self.progress is not None:
            self.progress(self.limit, self.limit)

    # ── where announcements lead ────────────────────────────────────────────────────────────────────────────

    def outcome(self, announced: Rows) -> Outcome:
        """Where it leads if everybody after these announcements follows."""
        allocation = self.followers.finish(announced)
        found = self.known.get(allocation)
        if found is None:
            found = self.known[allocation] = self.game.outcome(allocation)
            if self.progress is not None and len(self.known) <= self.limit:
                self.progress(len(self.known), self.limit)
        return found

    def before(self, i: int) -> Rows:
        return self.equilibrium.allocation[:i]

    def deviated(self, agents: Path, deviation: Deviation) -> Outcome:
        """Where a deviation leads, each of its rows made legal where it is not."""
        rows = self.before(agents[0])
        for agent, row in zip(agents, deviation, strict=True):
            rows = self.followers.finish(rows)[:agent]
            lower, upper = self.box(rows)
            rows = (*rows, tuple(map(min, map(max, row, lower), upper)))
        return self.outcome(rows)

    def box(self, announced: Rows) -> tuple[Row, Row]:
        lower, upper = bounds(self.problem, announced)
        return tuple(lower.tolist()), tuple(upper.tolist())

    def most(self, agents: Path) -> int:
        """Bound the number of announcements to try from above, tightly for a single agent."""
        lower, upper = self.box(self.before(agents[0]))
        count = prod(high - low + 1 for low, high in zip(lower, upper, strict=True))
        return count * prod(self.followers.widest[j] for j in agents[1:])

    # ── ways to search ──────────────────────────────────────────────────────────────────────────────────────

    def try_all(self, entry: _Entry) -> None:
        for outcome in self._all(self.before(entry.agents[0]), entry.agents):
            entry.take(outcome)
        entry.exhaustive = True

    def _all(self, rows: Rows, agents: Path) -> Iterator[Outcome]:
        if not agents:
            yield self.outcome(rows)
            return
        rows = self.followers.finish(rows)[: agents[0]]
        for row in self.game.announcements(rows):
            yield from self._all((*rows, row), agents[1:])

    def search_first(self, i: int, entries: list[_Entry], budget: int) -> None:
        """Search agent i's announcements, alone and on behalf of the pairs that it is the first of."""
        until = min(self.limit, len(self.known) + budget)
        lower, upper = self.box(self.before(i))

        def visit(row: Row) -> None:
            outcome = self.deviated((i,), (row,))
            for entry in entries:
                entry.take(outcome)

        for row in self._starts(self.equilibrium.allocation[i], lower, upper):
            if len(self.known) >= until:
                return
            visit(row)
        for entry in sorted(entries, key=lambda entry: -entry.gain):
            self._climb(entry.agents[:1], entry, until)

    def search_both(self, entry: _Entry, budget: int) -> None:
        """Search a pair's announcements, from the best combination so far."""
        until = min(self.limit, len(self.known) + budget)
        first, second = entry.agents
        rows = self.followers.finish(entry.best.allocation[: first + 1])[:second]
        for row in self._starts(entry.deviation[1], *self.box(rows)):
            if len(self.known) >= until:
                return
            entry.take(self.deviated(entry.agents, (entry.deviation[0], row)))
        self._climb(entry.agents, entry, until)

    def _starts(self, usual: Row, lower: Row, upper: Row) -> Iterator[Row]:
        """Corners of a box, points on the way from the usual announcement to them, and random ones."""
        for part in (1, 2, 4):
            for corner in (upper, lower):
                yield tuple(x + (end - x) // part for x, end in zip(usual, corner, strict=True))
        for t in range(len(usual)):
            for end in (lower[t], upper[t]):
                yield (*usual[:t], end, *usual[t + 1 :])
        for _ in range(STARTS):
            yield tuple(map(self.dice.randint, lower, upper))

    def _climb(self, agents: Path, entry: _Entry, until: int) -> None:
        """Improve the announcements of `agents` one type at a time, by long steps first and by units last."""
        here = tuple(entry.best.allocation[agent] for agent in agents)
        widths = [high - low for low, high in zip(*self.box(self.before(agents[0])), strict=True)]
        step = 1 << max(0, max(widths).bit_length() - 1)
        places = [(k, t, sign) for k in range(len(agents)) for t in range(len(widths)) for sign in (1, -1)]
        while step:
            better = False
            self.dice.shuffle(places)
            for k, t, sign in places:
                if len(self.known) >= until:
                    return
                row = here[k]
                moved = (*row[:t], row[t] + sign * step, *row[t + 1 :])
                if entry.take(self.deviated(agents, (*here[:k], moved, *here[k + 1 :]))):
                    here = tuple(entry.best.allocation[agent] for agent in agents)
                    better = True
            if not better:
                step //= 2


class Followers:
    """How equilibrium bots play on after any announcements: see `bots.plan`.

    What later agents can do depends on the earlier ones only through what these have left, so each
    continuation is found once for every remainder.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> Followers(example_1()).finish(((3, 0, 0, 0, 0),))[1:]
    ((2, 3, 0, 0, 0), (2, 2, 1, 0, 0), (1, 0, 1, 2, 0), (1, 0, 2, 0, 1))
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._intended = None if problem.allocation is None else rows_of(problem.allocation)
        self._contracted, self._capacity = rows_of(problem.contracted), rows_of(problem.capacity)
        self._so_far = [(0,) * problem.task_types, *running(self._contracted)]
        self._spare = rows_of(spare_units(problem))
        self._tabulated = _positions(problem) <= SMALL
        self._tails: dict[tuple[int, Row], Rows] = {}
        self._table: dict[tuple[int, Row], _Tail] = {}
        self.widest = [
            prod(1 + min(sizes) for sizes in zip(c, spare, so_far, strict=True))
            for c, spare, so_far in zip(self._capacity, self._spare, self._so_far[1:], strict=True)
        ]
        """At most so many announcements has each agent."""

    def finish(self, announced: Rows) -> Rows:
        """All rows that come out if everybody follows from here on."""
        k = len(announced)
        if k == self._problem.agents:
            return announced
        if self._intended is not None and announced == self._intended[:k]:
            return self._intended
        left = self._so_far[k]
        if announced:
            left = tuple(d - sum(x) for d, x in zip(left, zip(*announced, strict=True), strict=True))
        tail = self._tails.get((k, left))
        if tail is None:
            tail = self._best(k, left).rows if self._tabulated else self._solved(announced)
            self._remember(k, left, tail)
        return announced + tail

    def _solved(self, announced: Rows) -> Rows:
        return rows_of(cost_effective(self._problem, announced).matrix)[len(announced) :]

    def _remember(self, k: int, left: Row, tail: Rows) -> None:
        """Whoever follows finds the rest of the same continuation."""
        for j, row in enumerate(tail, start=k):
            self._tails.setdefault((j, left), tail[j - k :])
            left = tuple(a + d - x for a, d, x in zip(left, self._contracted[j], row, strict=True))

    def _best(self, k: int, left: Row) -> _Tail:
        """The continuation that `allocation.cost_effective` picks, by dynamic programming.

        It costs least, then has the lexicographically greatest workloads, then is the greatest matrix. What
        is greatest of the later agents' continuations after one row is so together with the row.
        """
        if k == self._problem.agents:
            return _Tail(0, (), ())
        found = self._table.get((k, left))
        if found is None:
            pools = tuple(map(add, left, self._contracted[k]))
            found = max(self._after(k, pools, row) for row in product(*self._ranges(k, pools)))
            self._table[k, left] = found
        return found

    def _ranges(self, k: int, pools: Row) -> list[range]:
        return [
            range(max(0, pool - spare), min(pool, limit) + 1)
            for pool, spare, limit in zip(pools, self._spare[k], self._capacity[k], strict=True)
        ]

    def _after(self, k: int, pools: Row, row: Row) -> _Tail:
        tail, load = self._best(k + 1, tuple(map(sub, pools, row))), sum(row)
        saved = tail.saved - self._problem.cost_wei(k, load)
        return _Tail(saved, (load, *tail.loads), (row, *tail.rows))


class _Tail(NamedTuple):
    """A continuation; the greatest one is the one to take."""

    saved: int
    """Its cost with a minus sign, in wei."""
    loads: Row
    rows: Rows


def _positions(problem: Problem) -> int:
    """Bound the number of announcements of all agents at all remainders that can arise, from above."""
    D, C, spare = rows_of(problem.contracted), rows_of(problem.capacity), rows_of(spare_units(problem))
    pools = [(0, 0)] * problem.task_types  # the least and the most that an agent can find of each type
    count = 0
    for d, c, s in zip(D, C, spare, strict=True):
        pools = [(least + own, most + own) for (least, most), own in zip(pools, d, strict=True)]
        count += prod(
            (most - least + 1) * (1 + min(most, limit, later))
            for (least, most), limit, later in zip(pools, c, s, strict=True)
        )
        pools = [
            (max(0, least - limit), min(most, later))
            for (least, most), limit, later in zip(pools, c, s, strict=True)
        ]
    return count
