"""From a guarantee to floors: what a problem promises, and the value that remains."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from math import ceil
from typing import TYPE_CHECKING

from parley.core.errors import ParleyError
from parley.mechanisms.guarantees.guarantee import AllOf, Alpha, AnyOf, Guarantee, Income, MaxMin, leaves
from parley.mechanisms.guarantees.solver.assignment import Assignment
from parley.mechanisms.guarantees.solver.exchange import colour, fair_days
from parley.mechanisms.guarantees.solver.kernels import greatest_flows, run
from parley.mechanisms.guarantees.solver.lists import Lists
from parley.mechanisms.guarantees.solver.search import (
    MOST_LISTED,
    Choice,
    Fairest,
    Richest,
    choice_of,
    fairest,
    floors_of,
    least_pay,
    richest,
    source_of,
)
from parley.mechanisms.guarantees.solver.shape import shape_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.core.clock import Clock
    from parley.mechanisms.guarantees.problem import Problem
    from parley.mechanisms.guarantees.schedules import Allocation
    from parley.mechanisms.guarantees.solver.kernels import Bools, Ints
    from parley.mechanisms.guarantees.solver.shape import Shape
    from parley.mechanisms.guarantees.solver.sources import Source

__all__ = ["Case", "Flows", "Outcome", "Plan", "cases", "plan_of"]


PART = 0.7
"""Of the time that is left, for the greatest least pay."""


@dataclass(frozen=True)
class Case:
    """A guarantee without alternatives: floors in pay, and what else is as great as possible."""

    floors: tuple[Fraction, ...]
    """Of each provider; 0 promises nothing."""
    max_min: bool
    alphas: frozenset[Fraction]

    def guarantee(self) -> Guarantee:
        """Return it as a guarantee."""
        fair = (MaxMin(),) if self.max_min else ()
        return AllOf((Income(self.floors), *fair, *(Alpha(alpha) for alpha in sorted(self.alphas))))


def cases(guarantee: Guarantee, providers: int) -> list[Case]:
    """Return the alternatives of a guarantee; it is their union.

    Examples
    --------
    >>> low, high = Income((Fraction(1), Fraction(4))), Income((Fraction(2), Fraction(3)))
    >>> both = AllOf((low, AnyOf((high, MaxMin()))))
    >>> [([int(floor) for floor in case.floors], case.max_min) for case in cases(both, 2)]
    [([2, 4], False), ([1, 4], True)]
    """
    nothing = (Fraction(0),) * providers
    match guarantee:
        case Income(floors):
            return [Case(floors, max_min=False, alphas=frozenset())]
        case MaxMin():
            return [Case(nothing, max_min=True, alphas=frozenset())]
        case Alpha(alpha):
            return [Case(nothing, max_min=False, alphas=frozenset({alpha}))]
        case AnyOf(parts):
            return list(dict.fromkeys(case for part in parts for case in cases(part, providers)))
        case AllOf(parts):
            lists = (cases(part, providers) for part in parts)
            return list(dict.fromkeys(_joined(chosen, nothing) for chosen in product(*lists)))


def _joined(parts: Sequence[Case], nothing: tuple[Fraction, ...]) -> Case:
    floors = tuple(map(max, zip(nothing, *(part.floors for part in parts), strict=True)))
    alphas = frozenset(alpha for part in parts for alpha in part.alphas)
    return Case(floors, any(part.max_min for part in parts), alphas)


def refinement(guarantee: Guarantee) -> list[tuple[Fraction, ...]]:
    """Return every list of floors; providers with different floors are different."""
    return [part.floors for part in leaves(guarantee) if isinstance(part, Income)]


@dataclass(frozen=True)
class Outcome:
    """The best allocation that keeps a guarantee."""

    choice: Choice | None
    value: int
    low: int
    """A proved bound, as `high` is; only the bounds count if the greatest least pay is not proved."""
    high: int
    feasible: bool | None
    """Whether anything keeps it; None if that is not known."""


EMPTY = Outcome(None, 0, 0, 0, feasible=False)
"""What is found if no allocation keeps the guarantee."""


@dataclass(frozen=True)
class Flows:
    """The greatest value of each number of identical providers."""

    totals: Ints
    used: Bools


def flows_of(shape: Shape, most: int) -> Flows | None:
    """Solve for all numbers of providers at once, if they are identical and only times restrict them."""
    if not (shape.identical and shape.on_line):
        return None
    values = shape.values * shape.kinds[0].allowed
    most = min(most, shape.jobs)
    totals, used = run(greatest_flows, values)(shape.starts, shape.ends, values, shape.nodes, most)
    return Flows(totals, used & shape.kinds[0].allowed)


@dataclass
class Plan:
    """The questions to a problem, each answered once; in units of its shape."""

    shape: Shape
    source: Source | Assignment
    clock: Clock
    flows: Flows | None = None
    _greatest: Richest | None = None
    _fairest: Fairest | None = None

    def greatest(self) -> Richest:
        """Find the greatest value; identical providers get it as evenly as exchanges allow."""
        if self._greatest is None:
            self._greatest = self._by_flow() or self._by_columns()
        return self._greatest

    def _by_flow(self) -> Richest | None:
        if self.flows is None:
            return None
        shape, kind = self.shape, self.shape.kinds[0]
        count = min(kind.count, shape.jobs)
        total = int(self.flows.totals[count])
        days = colour(shape, self.flows.used[count].tolist(), kind.count)
        days = fair_days(shape, days, total // kind.count, self.clock)
        choice = (tuple(tuple(shape.rows[day].tolist()) for day in days if day),)
        value = total * kind.factor
        return Richest(value, value, choice)

    def _by_columns(self) -> Richest:
        shape = self.shape
        if isinstance(self.source, Assignment):
            return self.source.greatest()
        most = sum(shape.values.tolist()) * max(kind.factor for kind in shape.kinds)
        found = richest(self.source, (0,) * len(shape.kinds), None, most, self.clock)
        return found or Richest(0, most, ((),) * len(shape.kinds))

    def fairest(self) -> Fairest:
        """Find the greatest least pay."""
        if self._fairest is None:
            shape, known = self.shape, self.greatest()
            choice = known.choice or ((),) * len(shape.kinds)
            most = max(kind.pay * length for kind, length in zip(shape.kinds, shape.lengths, strict=True))
            if shape.identical:
                kind = shape.kinds[0]
                most = min(most, known.high // kind.factor // kind.count * kind.pay)
            self._fairest = self._fairest_merged(choice, most)
        return self._fairest

    def _fairest_merged(self, known: Choice, most: int) -> Fairest:
        """Forget what providers are worth to the platform, which does not matter here."""
        source = self.source
        if isinstance(source, Assignment):
            return source.fairest()
        clock = self.clock.share(PART)
        shape, groups = self.shape.merged(by_pay=True)
        if len(shape.kinds) == len(groups):
            return fairest(source, known, most, clock)
        joined: list[list[tuple[int, ...]]] = [[] for _ in shape.kinds]
        for group, own in zip(groups, known, strict=True):
            joined[group] += own
        start = tuple(tuple(own) for own in joined)
        found = fairest(source.merged(shape, groups), start, most, clock)
        left = [list(own) for own in found.choice]
        shares = []
        for kind, group in zip(self.shape.kinds, groups, strict=True):
            shares.append(tuple(left[group][: kind.count]))
            del left[group][: kind.count]
        return replace(found, choice=tuple(shares))

    def kept(self, floors: Sequence[int], known: Choice | None) -> Richest | None:
        """Find the greatest value above floors on the value of each kind; None if nothing reaches them."""
        top = self.greatest()
        if top.choice is not None and reaches(self.shape, top.choice, floors):
            return top
        if known is not None and not reaches(self.shape, known, floors):
            known = None
        if isinstance(self.source, Assignment):
            return self.source.kept(floors, known)
        return richest(self.source, floors, known, top.high, self.clock)

    def outcome(self, problem: Problem) -> Outcome:
        """Find the best allocation that keeps the guarantee: the best one of its cases."""
        found = [self._case(problem, case) for case in cases(problem.guarantee, problem.providers)]
        best = max(found, key=lambda one: (one.choice is not None, one.value))
        possible = [one for one in found if one.feasible is not False]
        known = True if any(one.feasible for one in found) else None
        return Outcome(
            best.choice,
            best.value,
            max((one.low for one in possible if one.feasible), default=0),
            max((one.high for one in possible), default=0),
            known if possible else False,
        )

    def _case(self, problem: Problem, case: Case) -> Outcome:
        shape = self.shape
        if case.alphas:
            return self._elastic(problem, case)
        fair = self.fairest() if case.max_min else None
        floors = self.floors(case)
        found = self.kept(floors, None if fair is None else fair.choice)
        if found is None:
            return EMPTY
        if fair is None or fair.low == fair.high:
            return Outcome(
                found.choice, found.low, max(found.low, 0), found.high, found.choice is not None or None
            )
        # The greatest least pay is not proved: what keeps it may have less value than what was found.
        alone = not any(case.floors)
        sure = sum(kind.count * kind.factor * floor for kind, floor in zip(shape.kinds, floors, strict=True))
        return Outcome(found.choice, found.low, sure if alone else 0, found.high, alone or None)

    def _elastic(self, problem: Problem, case: Case) -> Outcome:
        """Find the greatest value where also welfare is greatest."""
        from parley.mechanisms.guarantees.solver.elastic import (  # noqa: PLC0415 - seldom needed
            Elastic,
            TieError,
            listed,
        )

        shape, top = self.shape, self.greatest()
        source = self.source if isinstance(self.source, Lists) else Lists.of(shape, MOST_LISTED)
        if source is None:
            raise ParleyError(
                f"alpha-fairness needs a list of schedules, and there are more than {MOST_LISTED}"
            )
        open_ends = Outcome(None, 0, 0, top.high, feasible=None)
        if case.max_min and self.fairest().low < self.fairest().high:
            return open_ends
        columns = source.columns.where(source.columns.values > 0)
        try:
            found = Elastic(shape, columns, self.clock).richest(sorted(case.alphas), self.floors(case))
        except TieError:
            return self._by_listing(listed(problem, case.guarantee()))
        if found is None:
            return open_ends
        value, chosen = found
        if chosen is None:
            return EMPTY
        return Outcome(choice_of(shape, columns, chosen), value, value, value, feasible=True)

    def _by_listing(self, found: tuple[Fraction, Allocation] | None) -> Outcome:
        shape = self.shape
        if found is None:
            return EMPTY
        value = int(found[0] * shape.value_scale * shape.factor_scale)
        row_of = dict(zip(shape.order, shape.rows.tolist(), strict=True))
        lists = [[tuple(row_of[job] for job in found[1][i]) for i in kind.members] for kind in shape.kinds]
        choice = tuple(tuple(rows for rows in own if rows) for own in lists)
        return Outcome(choice, value, value, value, feasible=True)

    def frontier(self) -> tuple[list[tuple[int, int]], bool]:
        """Find each value that some uniform floor on pay leaves, with the largest such floor.

        Returns
        -------
        points : list of (pay, value)
            Ascending in pay.
        complete : bool
            Whether all are found and proved.
        """
        shape = self.shape
        top, fair = self.greatest(), self.fairest()
        complete = top.low == top.high and fair.low == fair.high
        points: list[tuple[int, int]] = []
        best: Choice | None = fair.choice
        level = self._at_pay(fair.low, best)
        high = fair.low  # the largest floor that leaves this value
        while level is not None and level.choice is not None:
            points.append((high, level.low))
            complete = complete and level.low == level.high
            if level.low >= top.low or self.clock.left <= 0:
                complete = complete and level.low >= top.low
                break
            low, beyond, more = least_pay(shape, top.choice or ()), high - 1, top
            while low < beyond:  # the largest floor that leaves more
                pay = (low + beyond + 1) // 2
                found = self._at_pay(pay, None)
                complete = complete and found is not None and found.low == found.high
                if found is not None and found.choice is not None and found.low > level.low:
                    low, more = least_pay(shape, found.choice), found
                else:
                    beyond = pay - 1
                if self.clock.left <= 0:
                    break
            high, level = low, more
        return points[::-1], complete

    def _at_pay(self, pay: int, known: Choice | None) -> Richest | None:
        return self.kept(floors_of(self.shape, pay), known)

    def floors(self, case: Case) -> tuple[int, ...]:
        """Return the least value of each kind's schedules, with the greatest least pay that was found."""
        shape = self.shape
        least = [
            ceil(case.floors[kind.members[0]] * shape.pay_scale * shape.value_scale / kind.pay)
            for kind in shape.kinds
        ]
        if case.max_min:
            least = [max(pair) for pair in zip(least, floors_of(shape, self.fairest().low), strict=True)]
        return tuple(least)

    def at(self, providers: int) -> Plan:
        """Return the plan for another number of identical providers."""
        kind = replace(self.shape.kinds[0], members=tuple(range(providers)))
        shape = replace(self.shape, kinds=(kind,))
        if isinstance(self.source, Assignment):
            return Plan(shape, Assignment(shape, self.clock), self.clock)
        return Plan(shape, self.source.at(shape), self.clock, self.flows)

    @property
    def method(self) -> str:
        """How schedules are found: ``flow and columns``, ``columns``, or ``assignment``."""
        if isinstance(self.source, Assignment):
            return "assignment"
        return "columns"


def reaches(shape: Shape, choice: Choice, floors: Sequence[int]) -> bool:
    """Return whether every schedule has its kind's least value."""
    for kind, own, floor in zip(shape.kinds, choice, floors, strict=True):
        values = [sum(shape.class_values[row] for row in rows) for rows in own]
        if floor > 0 and (len(own) < kind.count or min(values) < floor):
            return False
    return True


def plan_of(problem: Problem, method: str, clock: Clock, most: int = 0) -> Plan:
    """Return the plan for a problem, and up to `most` identical providers."""
    shape = shape_of(problem, refinement(problem.guarantee))
    if method == "assignment":
        return Plan(shape, Assignment(shape, clock), clock)
    source = source_of(shape)
    if source is None:
        if method == "columns":
            raise ParleyError(f"more than {MOST_LISTED} schedules, too many to list as columns")
        return Plan(shape, Assignment(shape, clock), clock)
    return Plan(shape, source, clock, flows_of(shape, max(most, shape.providers)))
