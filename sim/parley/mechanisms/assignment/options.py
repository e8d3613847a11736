"""Strategy-proofness and option sets.

The *option set* of an agent, given the others' reports, is the set of rows that it can get by its own
reports. A rule is strategy-proof if and only if, for all utilities, the truthful report gives the agent's
favourite row of the set. Then its expected utility is the set's support function u ↦ max {u·x : x in the
set}, which is convex and homogeneous of degree 1.

For rules that use rankings, every strict ranking of every set of items is tried, up to `MAX_REPORTS`, so the
result is exhaustive. A row is the favourite for all utilities that agree with a ranking if and only if it
stochastically dominates every row of the set. For rules that use utilities, only some utilities are tried: a
misreport that is found is proved, but finding none proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations, permutations
from math import perm
from typing import TYPE_CHECKING, Any

from parley.core.exact import show, show_all
from parley.kit.verdict import Verdict
from parley.mechanisms.assignment.envy import dominates, utilities_for
from parley.mechanisms.assignment.lottery import expected
from parley.mechanisms.assignment.problem import CARDINAL, ranking_of
from parley.mechanisms.assignment.pseudo_market import NoEquilibriumError
from parley.mechanisms.assignment.solution import rule_matrix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from parley.mechanisms.assignment.lottery import Row
    from parley.mechanisms.assignment.problem import Problem, Utilities
    from parley.mechanisms.assignment.reading import Ranking

MAX_REPORTS = 2000
"""All rankings are tried if there are at most this many: up to six items."""
MARKET_REPORTS = 8
"""Utilities tried for each agent in a pseudo-market; each needs a new equilibrium."""
MOST_PAIRS = 3000
"""Maximum number of pairs of utilities to test convexity."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report: a ranking, and utilities if the rule uses them."""

    ranking: Ranking
    utilities: Utilities | None = None

    def to_json(self) -> dict[str, Any]:
        """Return ranks, with items numbered from 0, and utilities."""
        utilities = None if self.utilities is None else show_utilities(self.utilities)
        return {"ranking": [list(rank) for rank in self.ranking], "utilities": utilities}


def show_utilities(utilities: Utilities) -> list[str | None]:
    """Print utilities exactly; null for unwanted items."""
    return [None if u is None else show(u) for u in utilities]


@dataclass(frozen=True)
class OptionSet:
    """The option set of one agent, given the others' reports."""

    agent: int
    truth: Report
    rows: dict[Report, Row]
    """The row of each tried report, the true one first."""
    exhaustive: bool
    """Whether all reports were tried."""
    problem: Problem

    @property
    def own(self) -> Row:
        """The agent's row."""
        return self.rows[self.truth]

    @property
    def lotteries(self) -> dict[Row, Report]:
        """The set: each row with the first report that gives it."""
        found: dict[Row, Report] = {}
        for report, row in self.rows.items():
            found.setdefault(row, report)
        return found

    def gain(self, row: Row) -> Fraction | None:
        """Gain in expected utility from another row; None without utilities."""
        if self.problem.utilities is None:
            return None
        u = self.problem.utilities[self.agent]
        return expected(row, u) - expected(self.own, u)

    def better(self, row: Row) -> bool:
        """Whether another row is better under the agent's utilities or, without them, under some."""
        gain = self.gain(row)
        return gain > 0 if gain is not None else not dominates(self.truth.ranking, self.own, row)

    @property
    def best_lie(self) -> Report | None:
        """The report that gains most; without utilities, the first one that gains under some utilities."""
        lies = [(row, report) for row, report in self.lotteries.items() if self.better(row)]
        if not lies:
            return None
        if self.problem.utilities is None:
            # A row that is better for all utilities comes first.
            return min(lies, key=lambda lie: not dominates(self.truth.ranking, lie[0], self.own))[1]
        return max(lies, key=lambda lie: self.gain(lie[0]) or Fraction(0))[1]

    def to_json(self) -> dict[str, Any]:
        """Return the set and the results of the checks."""
        lotteries = list(self.lotteries.items())
        rows = [row for row, _ in lotteries]
        lie = self.best_lie
        return {
            "agent": self.agent,
            "lotteries": [{"row": show_all(row), "report": report.to_json()} for row, report in lotteries],
            "own": rows.index(self.own),
            "favourite": lie is None,
            "better": None if lie is None else rows.index(self.rows[lie]),
            "reports": len(self.rows),
            "exhaustive": self.exhaustive,
            "support_function": self.support_function.to_json(),
            "convex": self.convex.to_json(),
            "homogeneous": self.homogeneous.to_json(),
        }

    # ── the expected utility as a function of the report ────────────────────────────────────────────────────

    @cached_property
    def support_function(self) -> Verdict:
        """Check that every report, if it were true, gives a favourite row of the set.

        For rankings, this is for all utilities at once.
        """
        lotteries = self.lotteries
        for report, row in self.rows.items():
            for other, by in lotteries.items():
                utilities = report.utilities
                if utilities is not None:
                    worse = expected(row, utilities) < expected(other, utilities)
                else:
                    worse = not dominates(report.ranking, row, other)
                if worse:
                    utilities = utilities or utilities_for(
                        report.ranking, len(self.problem.items), other, row
                    )
                    witness = {
                        "utilities": show_utilities(utilities),
                        "row": show_all(row),
                        "better": show_all(other),
                        "report": by.to_json(),
                    }
                    return Verdict(holds=False, witness=witness)
        certificate = {"comparisons": len(self.rows) * len(lotteries), "exhaustive": self.exhaustive}
        return Verdict(True if self.exhaustive else None, certificate=certificate)

    def value(self, utilities: Utilities) -> Fraction | None:
        """Expected utility of reporting utilities that are true; None if that was not tried."""
        row = self.row_of(utilities)
        return None if row is None else expected(row, utilities)

    def row_of(self, utilities: Utilities) -> Row | None:
        """The row for reported utilities, with the rule's treatment of ties."""
        if self.truth.utilities is not None:
            return self.rows.get(Report(ranking_of(utilities), utilities))
        strict = tuple((o,) for rank in ranking_of(utilities) for o in rank)
        return self.rows.get(Report(strict))

    def samples(self) -> list[Utilities]:
        """Utilities to test convexity: two for each ranking of the wanted items, and the agent's own."""
        if self.truth.utilities is not None:
            return [report.utilities for report in self.rows if report.utilities is not None]
        wanted = {o for rank in self.truth.ranking for o in rank}
        found: list[Utilities] = []
        if self.problem.utilities is not None:
            found.append(self.problem.utilities[self.agent])
        for report in self.rows:
            order = [o for rank in report.ranking for o in rank]
            if set(order) == wanted:
                for power in (1, 2):
                    values: list[Fraction | None] = [None] * len(self.problem.items)
                    for k, o in enumerate(order):
                        values[o] = Fraction((len(order) - k) ** power)
                    found.append(tuple(values))
        return found

    @cached_property
    def convex(self) -> Verdict:
        """Check that the value at the midpoint of two utilities is at most the mean of their values."""
        tried = 0
        for v, w in combinations(self.samples(), 2):
            middle = tuple(None if a is None or b is None else (a + b) / 2 for a, b in zip(v, w, strict=True))
            at = self.value(middle)
            ends = self.value(v), self.value(w)
            if at is None or ends[0] is None or ends[1] is None:
                continue
            tried += 1
            if at > (ends[0] + ends[1]) / 2:
                witness = {
                    "utilities": [show_utilities(v), show_utilities(w)],
                    "expected": show_all(ends),  # type: ignore[arg-type] # None was left out above
                    "expected_between": show(at),
                }
                return Verdict(holds=False, witness=witness)
            if tried == MOST_PAIRS:
                break
        # If every report gives a favourite row, U is a maximum of linear functions; otherwise only tried
        # reports are known.
        proved = tried and self.support_function.holds
        return Verdict(True if proved else None, certificate={"pairs": tried})

    @cached_property
    def homogeneous(self) -> Verdict:
        """Check that reporting 2u + 3 instead of u gives 2U + 3, or 2U if the agent may get nothing.

        Nothing always has utility 0, so a constant can be added only if the agent always gets an item.
        """
        samples = self.samples()
        if self.problem.rule == "pseudo-market":
            samples = samples[:2]
        sure = all(row is not None and sum(row) == 1 for row in map(self.row_of, samples))
        shift = 3 if sure else 0
        tried = 0
        for u in samples:
            moved = tuple(None if a is None else 2 * a + shift for a in u)
            row, value = self._asked(moved), self.value(u)
            if row is None or value is None:
                continue
            tried += 1
            if expected(row, moved) != 2 * value + shift:
                witness = {
                    "utilities": show_utilities(u),
                    "expected": show(value),
                    "transformed": show_utilities(moved),
                    "expected_transformed": show(expected(row, moved)),
                }
                return Verdict(holds=False, witness=witness)
            if self.truth.utilities is not None and tried == MARKET_REPORTS:
                break
        certificate = {"transformation": f"2u + {shift}" if shift else "2u", "reports": tried}
        # A rule of rankings gets the same report; otherwise only tried reports are known.
        same = self.truth.utilities is None or bool(self.support_function.holds)
        return Verdict(True if tried and same else None, certificate=certificate)

    def _asked(self, utilities: Utilities) -> Row | None:
        """Compute the rule for a report (cached)."""
        row = self.row_of(utilities)
        if row is None and self.truth.utilities is not None:
            changed = self.problem.reporting(self.agent, None, utilities)
            try:
                row = rule_matrix(changed)[self.agent]
            except NoEquilibriumError:
                return None
        return row


def option_set(problem: Problem, agent: int, progress: Callable[[], None] | None = None) -> OptionSet:
    """Compute the option set of an agent.

    Parameters
    ----------
    agent : int
        From 0.
    progress : callable, optional
        Called after each report.

    Raises
    ------
    TooLargeError
        If the rule's probabilities are not exact.

    Examples
    --------
    The others both rank a > b > c:

    >>> from parley.mechanisms.assignment.problem import from_orders
    >>> found = option_set(from_orders([[0, 1, 2]] * 3, 3), 0)
    >>> [" ".join(show_all(row)) for row in found.lotteries if sum(row) == 1]
    ['1/3 1/3 1/3', '1/3 0 2/3', '0 2/3 1/3', '0 0 1']
    """
    cardinal = problem.rule in CARDINAL
    utilities = problem.utilities[agent] if cardinal and problem.utilities is not None else None
    truth = Report(problem.rankings[agent], utilities)
    exhaustive = not cardinal and _count(len(problem.items)) <= MAX_REPORTS
    rows: dict[Report, Row] = {}
    for report in (truth, *_reports(problem, agent)):
        if report not in rows:
            changed = problem.reporting(agent, report.ranking, report.utilities)
            try:
                rows[report] = rule_matrix(changed)[agent]
            except NoEquilibriumError:
                if report == truth:
                    raise
            if progress is not None:
                progress()
    return OptionSet(agent, truth, rows, exhaustive, problem)


def reports_of(items: int) -> int:
    """Count the rankings that are tried for an agent, if the rule uses rankings.

    Examples
    --------
    >>> reports_of(3), reports_of(20)
    (16, 421)
    """
    return _count(items) if _count(items) <= MAX_REPORTS else items * (items + 1) + 1


def _count(items: int) -> int:
    """Count strict rankings of all sets of items."""
    return sum(perm(items, k) for k in range(items + 1))


def _reports(problem: Problem, agent: int) -> Iterator[Report]:
    items = len(problem.items)
    if problem.rule in CARDINAL:
        yield from (Report(ranking_of(u), u) for u in _utilities(problem, agent))
    elif _count(items) <= MAX_REPORTS:
        for k in range(items, -1, -1):
            yield from (Report(tuple((o,) for o in order)) for order in permutations(range(items), k))
    else:
        yield from (Report(tuple((o,) for o in order)) for order in _moves(problem.orders[agent]))


def _moves(order: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Move one item of an order, or cut its end."""
    for k, item in enumerate(order):
        rest = order[:k] + order[k + 1 :]
        yield from ((*rest[:place], item, *rest[place:]) for place in range(len(order)))
    yield from (order[:k] for k in range(len(order)))


def _utilities(problem: Problem, agent: int) -> Iterator[Utilities]:
    """Yield utilities to report: others', single items, own ones reordered, doubled, in between."""
    if problem.utilities is None:
        return
    own = problem.utilities[agent]
    wanted = [o for o, u in enumerate(own) if u is not None]

    def candidates() -> Iterator[Utilities]:
        yield from (u for u in problem.utilities or () if u != own)
        for o in wanted:
            yield tuple(None if u is None else Fraction(int(k == o)) for k, u in enumerate(own))
        yield tuple(None if u is None else 2 * u for u in own)
        for order in permutations(wanted) if len(wanted) <= 4 else ():
            values = iter([own[o] for o in order])
            yield tuple(None if u is None else next(values) for u in own)

    seen: list[Utilities] = []
    most = MARKET_REPORTS if problem.rule == "pseudo-market" else 10 * MARKET_REPORTS
    for candidate in candidates():
        if candidate not in seen and len(seen) < most:
            seen.append(candidate)
            yield candidate
    for other in seen[: MARKET_REPORTS // 2]:
        middle = [None if a is None or b is None else (a + b) / 2 for a, b in zip(own, other, strict=True)]
        if tuple(middle) not in seen:
            yield tuple(middle)


def strategy_proof(problem: Problem, sets: list[OptionSet], reason: str | None = None) -> Verdict:
    """Decide whether there is a profitable misreport, given the others' reports.

    Parameters
    ----------
    sets : list of OptionSet
        Option sets of representative agents.
    reason : str, optional
        Why the result is unknown, if there are no option sets.

    Returns
    -------
    Verdict
        With utilities, a gain is in expected utility. Without, it is for some utilities that agree with the
        ranking, which the witness has; `weak` then says whether no misreport gains for all of them.
    """
    if reason is not None and problem.rule == "serial-dictatorship":
        proof = "theorem: each agent picks its favourite of the remaining items"
        return Verdict(
            holds=True, certificate={"reason": proof}, more={"weak": {"holds": True, "witness": None}}
        )
    if reason is not None:
        return Verdict(None, certificate={"reason": reason}, more={"weak": {"holds": None, "witness": None}})
    lies = [(found, lie) for found in sets if (lie := found.best_lie) is not None]
    weak = next(
        (
            _lie(found, lie)
            for found, lie in lies
            if dominates(found.truth.ranking, found.rows[lie], found.own)
        ),
        None,
    )
    exhaustive = all(found.exhaustive for found in sets)
    more = {"weak": {"holds": False if weak else True if exhaustive else None, "witness": weak}}
    if lies:
        found, lie = max(lies, key=lambda pair: pair[0].gain(pair[0].rows[pair[1]]) or Fraction(0))
        return Verdict(holds=False, witness=_lie(found, lie), more=more)
    certificate = {"reports": sum(len(found.rows) for found in sets), "exhaustive": exhaustive}
    if exhaustive:
        return Verdict(holds=True, certificate=certificate, more=more)
    if problem.rule == "serial-dictatorship":
        more = {"weak": {"holds": True, "witness": None}}
        return Verdict(holds=True, certificate={**certificate, "reason": "theorem"}, more=more)
    return Verdict(None, certificate=certificate, more=more)


def _lie(found: OptionSet, lie: Report) -> dict[str, Any]:
    """Describe a profitable misreport so that it can be checked by hand."""
    row = found.rows[lie]
    gain = found.gain(row)
    if found.problem.utilities is not None:
        utilities = found.problem.utilities[found.agent]
    else:
        utilities = utilities_for(found.truth.ranking, len(found.problem.items), row, found.own)
        gain = expected(row, utilities) - expected(found.own, utilities)
    return {
        "agent": found.agent,
        "truth": found.truth.to_json(),
        "report": lie.to_json(),
        "row": show_all(found.own),
        "row_reporting": show_all(row),
        "utilities": show_utilities(utilities),
        "gain": None if gain is None else show(gain),
    }
