"""Who takes part: four kinds of agents that know the problem and what the chain shows, and nothing else.

A bot decides what to report and in which phases to act. It neither sends transactions nor knows another
seat's secret before it is revealed. No bot waits to see how the draw would fall: reports and silences are
settled before anything is drawn.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from parley.kit.bots import BaseBot, bots_named, phase_named
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
"""When seats have to act. Under serial dictatorship nothing is opened."""

LISTED_ITEMS = 6
"""Items up to which all rankings are tried, as many as `options.option_set` tries all of."""
LISTED_AGENTS = 8
"""Agents up to which all rankings are tried under Boston, which goes through all orders of its agents."""
MOST_TRIED = 300
"""Reports that are tried where not all are."""
MOST_MARKETS = 24
"""Of a pseudo-market, each of which is a new equilibrium."""


class Bot(BaseBot):
    """The truthful agent, and the base of the others: reports its own ranking and keeps every deadline."""

    kind = "truthful"
    copies = False
    """Whether it commits last, to what another seat has committed to."""
    silent_from: str | None = None
    """The phase from which on it does nothing."""

    def acts(self, phase: str) -> bool:
        """Whether this seat does anything in a phase."""
        return self.silent_from is None or PHASES.index(phase) < PHASES.index(self.silent_from)

    def report(self, problem: Problem, agent: int) -> Order:
        """What this seat reveals: items, best first, without those that are worse than nothing."""
        return problem.orders[agent]


class Misreporting(Bot):
    """Reports what serves it best, given that the others are truthful; see :func:`best_response`."""

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
        """Silent from the phase that is named, or from the first."""
        return cls(seat) if argument is None else cls(seat, phase_named(PHASES, argument))


class Copying(Bot):
    """Commits last, to a copy of the first commitment on chain, and tries to open it as that one is opened.

    A commitment holds the number of its seat, so that a copy opens to nothing: the contract refuses, and the
    seat is silent with its bond at stake. Where there is nothing to copy it does not commit.
    """

    kind = "copying"
    copies = True


KINDS: dict[str, type[Bot]] = {bot.kind: bot for bot in (Bot, Misreporting, Absent, Copying)}


# ── the best response ───────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=256)
def best_response(problem: Problem, agent: int) -> Order:
    """Find the report that serves an agent best, given that the others are truthful.

    With utilities that is the one of greatest expected utility. Without, no number says what is best: a
    report whose row stochastically dominates the truthful one, so that it gains whatever the utilities, comes
    before one that gains for some utilities only (`envy.utilities_for` names such); among several, the one
    that adds most to the probability of the best k items for some k. Of reports that are as good the first
    one tried is taken, and the truth is tried first: if nothing gains, the agent is truthful. A report that
    may bring an item that is worse than nothing is not considered.

    With up to six items all rankings are tried (`options.option_set`). The search is local with more items,
    under Boston with more than eight agents, and under rules that look at utilities: from the truth on, to
    the best report among those with two items exchanged (first those high up) or the end cut off, until none
    of them is better or enough have been tried (300; 24 in a pseudo-market). What a report comes to where the
    rule looks at utilities, `certificate.certify` says. Under serial dictatorship nothing is tried: whoever
    picks does best to pick by its own ranking.

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
    Under Boston, agent 2 does better to ask first for item 1, which nobody else ranks first:

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
    """Whether two agents want the same of a rule that does not tell them apart."""
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
    """How much better a row is than the truthful one: compared first to last, above `_NO_GAIN` if it is."""
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
    """Try reports near the truth, then near the best of them, and so on; what each leads to."""
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
    """Exchange two items, those high up first, or cut off the end.

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


def make_bots(names: Sequence[str], agents: int) -> tuple[Bot, ...]:
    """One bot per seat from their names.

    Parameters
    ----------
    names : sequence of str
        One name for all seats, or one per seat, as the command line takes them: ``truthful``,
        ``misreporting``, ``absent``, ``absent:revealing``, ``copying``.
    agents : int
        Number of seats.

    Raises
    ------
    ParleyError
        Naming the bot and what is wrong with it.

    Examples
    --------
    >>> [bot.kind for bot in make_bots(["copying"], 2)]
    ['copying', 'copying']
    """
    return bots_named(names, agents, KINDS)
