"""The four bots. They know only the problem and what the chain shows.

A bot decides what to report and in which phases to act. It does not send transactions, and does not know
another seat's secret before the reveal. Reports and silences do not depend on draws.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from parley.kit.bots import BaseBot, Bots, bots_named, phase_named
from parley.mechanisms.assignment.certificate import Order, as_reported
from parley.mechanisms.assignment.envy import dominates, prefix_sums
from parley.mechanisms.assignment.lottery import expected
from parley.mechanisms.assignment.options import option_set
from parley.mechanisms.assignment.problem import CARDINAL
from parley.mechanisms.assignment.pseudo_market import NoEquilibriumError
from parley.mechanisms.assignment.solution import rule_matrix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from parley.mechanisms.assignment.lottery import Row
    from parley.mechanisms.assignment.problem import Problem

__all__ = ["KINDS", "PHASES", "Bot", "best_response", "make_bots"]

PHASES = ("committing", "revealing", "opening")
"""Phases in which seats act. Serial dictatorship has no opening."""

LISTED_ITEMS = 6
"""Maximum number of items to try all rankings, as in `options.option_set`."""
LISTED_AGENTS = 8
"""Maximum number of agents to try all rankings under Boston, which lists all orders."""
MOST_TRIED = 300
"""Number of reports to try otherwise."""
MOST_MARKETS = 24
"""Number of reports to try in a pseudo-market; each needs a new equilibrium."""


class Bot(BaseBot):
    """The truthful agent, and the base of the others: reports its own ranking and keeps every deadline."""

    kind = "truthful"
    copies = False
    """Whether it commits last, to another seat's commitment."""
    silent_from: str | None = None
    """The phase from which on it is silent."""

    def acts(self, phase: str) -> bool:
        """Whether this seat acts in a phase."""
        return self.silent_from is None or PHASES.index(phase) < PHASES.index(self.silent_from)

    def report(self, problem: Problem, agent: int) -> Order:
        """The ranking to reveal: wanted items, best first."""
        return problem.orders[agent]


class Misreporting(Bot):
    """Reports a best response to truthful agents; see :func:`best_response`."""

    kind = "misreporting"

    def report(self, problem: Problem, agent: int) -> Order:
        """A best response."""
        return best_response(problem, agent)


class Absent(Bot):
    """Truthful, but silent from a phase on."""

    kind = "absent"

    def __init__(self, seat: int, phase: str = PHASES[0]) -> None:
        super().__init__(seat)
        self.silent_from = phase

    @classmethod
    def from_argument(cls, seat: int, argument: str | None) -> Self:
        """Silent from the named phase on, by default from the first."""
        return cls(seat) if argument is None else cls(seat, phase_named(PHASES, argument))


class Copying(Bot):
    """Copies the first commitment on chain, and tries to open it in the same way.

    A commitment includes its seat, so a copy cannot be opened: the contract refuses, and the seat loses its
    bond. If there is nothing to copy, it does not commit.
    """

    kind = "copying"
    copies = True


KINDS: dict[str, type[Bot]] = {bot.kind: bot for bot in (Bot, Misreporting, Absent, Copying)}


# ── the best response ───────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=256)
def best_response(problem: Problem, agent: int) -> Order:
    """Find an agent's best response to truthful agents.

    With utilities, it maximizes expected utility. Without, a report whose row stochastically dominates the
    truthful one, so that it gains for all utilities, is better than one that gains only for some utilities
    (`envy.utilities_for`); among several, the one that adds most to the probability of the best k items, for
    some k. Among equal reports the first one tried is taken, and the truth is tried first: if no report
    gains, the agent is truthful. A report that may give an unwanted item is not considered.

    With up to six items, all rankings are tried (`options.option_set`). The search is local with more items,
    under Boston with more than eight agents, and under rules that use utilities: from the truth, repeatedly
    to the best report with two items exchanged (first items first) or the end cut, until none is better or
    enough reports have been tried (300; 24 in a pseudo-market). For rules that use utilities,
    `certificate.certify` gives the result of a report. Under serial dictatorship nothing is tried, because
    the truth is optimal.

    Parameters
    ----------
    agent : int
        From 0.

    Returns
    -------
    tuple of int
        Items, best first.

    Raises
    ------
    TooLargeError
        If the rule's probabilities are not exact.

    Examples
    --------
    Under Boston, agent 2 gains by ranking item 1 first, which no other agent does:

    >>> from parley.mechanisms.assignment.problem import from_orders
    >>> problem = from_orders([[0, 2, 1], [0, 1, 2], [0, 1, 2]], 3, "boston")
    >>> best_response(problem, 1)
    (1, 0, 2)
    """
    truth = problem.orders[agent]
    if problem.rule == "serial-dictatorship":
        return truth
    alike = next(other for other in range(agent + 1) if _alike(problem, other, agent))
    if alike != agent:
        return best_response(problem, alike)
    if _all_tried(problem):
        found = option_set(problem, agent).rows
        tried = {tuple(o for rank in report.ranking for o in rank): row for report, row in found.items()}
    else:
        tried = _climb(problem, agent)
    best = max(tried, key=lambda order: _merit(problem, agent, tried[order], tried[truth]))
    return best if _merit(problem, agent, tried[best], tried[truth]) > _NO_GAIN else truth


def _alike(problem: Problem, one: int, other: int) -> bool:
    """Whether two agents have the same input to the rule."""
    if problem.rule in CARDINAL:
        return one == other
    same = problem.utilities is None or problem.utilities[one] == problem.utilities[other]
    return same and problem.rankings[one] == problem.rankings[other]


def _all_tried(problem: Problem) -> bool:
    if problem.rule in CARDINAL or (problem.rule == "boston" and problem.agents > LISTED_AGENTS):
        return False
    return len(problem.items) <= LISTED_ITEMS


_Merit = tuple[bool, Fraction, Fraction]

_ZERO = Fraction(0)
_NO_GAIN: _Merit = (False, _ZERO, _ZERO)
"""The merit of the truth itself."""


def _merit(problem: Problem, agent: int, row: Row, own: Row) -> _Merit:
    """Return the merit of a row relative to the truthful one; above `_NO_GAIN` if it is better."""
    if any(p and o not in problem.rank_of[agent] for o, p in enumerate(row)):
        return False, Fraction(-1), _ZERO
    if problem.utilities is not None:
        u = problem.utilities[agent]
        return False, max(expected(row, u) - expected(own, u), _ZERO), _ZERO
    ranking = problem.rankings[agent]
    steps = [p - q for p, q in zip(prefix_sums(ranking, row), prefix_sums(ranking, own), strict=True)]
    most = max(steps, default=_ZERO)
    if most <= 0:
        return _NO_GAIN
    return dominates(ranking, row, own), most, sum(steps, _ZERO)


def _climb(problem: Problem, agent: int) -> dict[Order, Row]:
    """Yield reports near the truth, then near the best of them, and so on, with their rows."""
    here = problem.orders[agent]
    own = rule_matrix(problem)[agent]
    tried = {here: own}
    asked = {here}
    most = MOST_MARKETS if problem.rule == "pseudo-market" else MOST_TRIED
    while True:
        for order in _neighbours(here):
            if order in asked:
                continue
            if len(asked) == most:
                return tried
            asked.add(order)
            reports = (*problem.orders[:agent], order, *problem.orders[agent + 1 :])
            try:
                tried[order] = rule_matrix(as_reported(problem, reports))[agent]
            except NoEquilibriumError:
                continue
        best = max(tried, key=lambda order: _merit(problem, agent, tried[order], own))
        if _merit(problem, agent, tried[best], own) <= _merit(problem, agent, tried[here], own):
            return tried
        here = best


def _neighbours(order: Order) -> Iterator[Order]:
    """Yield an order with two items exchanged, first items first, or with its end cut.

    Examples
    --------
    >>> list(_neighbours((0, 1, 2)))
    [(1, 0, 2), (2, 1, 0), (0, 2, 1), (0, 1), (0,), ()]
    """
    swapped = (
        (*order[:i], order[j], *order[i + 1 : j], order[i], *order[j + 1 :])
        for j in range(len(order))
        for i in range(j)
    )
    return chain(swapped, (order[:k] for k in range(len(order) - 1, -1, -1)))


# ── names ───────────────────────────────────────────────────────────────────────────────────────────────────


def make_bots(names: Sequence[str], agents: int) -> Bots[Bot]:
    """One bot per seat from their names.

    Parameters
    ----------
    names : sequence of str
        One name for all seats, or one per seat, as the command line takes them: ``truthful``,
        ``misreporting``, ``absent``, ``absent:revealing``, ``copying``.

    Raises
    ------
    ParleyError
        If a bot is unknown or its argument is invalid.

    Examples
    --------
    >>> [bot.kind for bot in make_bots(["copying"], 2)]
    ['copying', 'copying']
    """
    return bots_named(names, agents, KINDS)
