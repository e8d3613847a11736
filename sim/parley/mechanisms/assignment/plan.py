"""The plan of a run: actions of each seat, revealed rankings, and the posted certificate.

The bots' decisions do not depend on draws, so all lotteries of a run have the same reports and the same
certificate.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from parley.core.errors import ProblemError
from parley.mechanisms.assignment.bots import make_bots
from parley.mechanisms.assignment.certificate import SERIAL_DICTATORSHIP, certify
from parley.mechanisms.assignment.serial_dictatorship import TooLargeError
from parley.mechanisms.assignment.terms import MAX_DENOMINATOR, most_terms_kept

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.assignment.bots import Bot
    from parley.mechanisms.assignment.certificate import Certificate, Order
    from parley.mechanisms.assignment.problem import Problem

__all__ = ["Plan", "cast", "check_playable", "plan"]


@dataclass(frozen=True)
class Plan:
    """Actions in every lottery of a run. Seats are numbered from 0.

    Attributes
    ----------
    reports : tuple of tuple of int
        The ranking that each seat would reveal.
    commits : tuple of int
        Seats that commit, in this order; copying seats are last.
    copies : tuple of int
        Seats that copy the first commitment.
    reveals : tuple of int
        Seats that reveal.
    opens : tuple of int
        Seats that open a second secret; none under serial dictatorship.
    certificate : Certificate or None
        The posted certificate; None under serial dictatorship, or if no seat reveals.
    """

    problem: Problem
    reports: tuple[Order, ...]
    commits: tuple[int, ...]
    copies: tuple[int, ...]
    reveals: tuple[int, ...]
    opens: tuple[int, ...]
    certificate: Certificate | None

    @property
    def serial(self) -> bool:
        """Whether the contract itself executes the rule."""
        return self.problem.rule == SERIAL_DICTATORSHIP

    @property
    def revealed(self) -> tuple[Order | None, ...]:
        """The revealed ranking of each seat; None if it is silent."""
        return tuple(report if seat in self.reveals else None for seat, report in enumerate(self.reports))

    @property
    def waits(self) -> bool:
        """Whether a deadline must pass."""
        last = self.reveals if self.serial else self.opens
        return len(last) < self.problem.agents


def plan(problem: Problem, bots: Sequence[Bot]) -> Plan:
    """Let the bots decide.

    Parameters
    ----------
    bots : sequence of Bot
        One per seat.

    Raises
    ------
    ProblemError
        If the problem or its certificate is too large for a lottery on chain.
    ParleyError
        If the rule finds no random assignment: see `solution.solve`.

    Examples
    --------
    >>> from parley.mechanisms.assignment.bots import make_bots
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> names = ["copying", "truthful", "absent:opening", "absent:revealing"]
    >>> found = plan(example_1().with_rule("boston"), make_bots(names, 4))
    >>> found.commits, found.copies, found.reveals, found.opens
    ((1, 2, 3, 0), (0,), (1, 2), (1,))
    """
    check_playable(problem)
    reports = tuple(bot.report(problem, seat) for seat, bot in enumerate(bots))
    original = [bot for bot in bots if bot.acts("committing") and not bot.copies]
    copying = [bot for bot in bots if bot.acts("committing") and bot.copies] if original else []
    revealing = [bot for bot in original if bot.acts("revealing")]
    serial = problem.rule == SERIAL_DICTATORSHIP
    opening = [] if serial else [bot for bot in revealing if bot.acts("opening")]
    reveals = tuple(bot.seat for bot in revealing)
    revealed = tuple(report if seat in reveals else None for seat, report in enumerate(reports))
    return Plan(
        problem,
        reports,
        tuple(bot.seat for bot in (*original, *copying)),
        tuple(bot.seat for bot in copying),
        reveals,
        tuple(bot.seat for bot in opening),
        None if serial or not reveals else _certificate(problem, revealed),
    )


def cast(problem: Problem, names: Sequence[str]) -> Plan:
    """Make the bots, one name for each seat, and let them decide."""
    return plan(problem, make_bots(names, problem.agents))


def check_playable(problem: Problem, file: str = "") -> None:
    """Check that a problem and its certificate fit into a lottery on chain.

    Raises
    ------
    ProblemError
        In one line: file, key and reason.
    """
    problem.check_playable(file)
    if problem.rule == SERIAL_DICTATORSHIP:
        return
    try:
        _certificate(problem, problem.orders)
    except ProblemError as error:
        raise error.in_file(file) from None


@lru_cache(maxsize=64)
def _certificate(problem: Problem, revealed: tuple[Order | None, ...]) -> Certificate:
    """Make the posted certificate, within the contract's limits."""
    try:
        found = certify(problem, revealed)
    except TooLargeError as error:
        reason = f"{error}: a lottery on chain needs exact probabilities"
        raise ProblemError("", "rule", reason) from None
    if found.denominator > MAX_DENOMINATOR:
        digits = len(str(found.denominator))
        reason = f"the probabilities' common denominator has {digits} digits; on chain it must be below 2^224"
        raise ProblemError("", "rule", reason)
    most = most_terms_kept(problem.agents, found.denominator)
    if found.terms > most:
        reason = f"the lottery is over {found.terms} assignments, of which the contract keeps {most}"
        raise ProblemError("", "rule", reason)
    return found
