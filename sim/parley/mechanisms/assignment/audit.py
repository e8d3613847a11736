"""The audit of a random assignment: efficiency, envy, equal treatment, misreports, option sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parley.mechanisms.assignment import serial_dictatorship
from parley.mechanisms.assignment.efficiency import ex_ante_efficient, ex_post_efficient, ordinally_efficient
from parley.mechanisms.assignment.envy import envy_free, equal_treatment, sd_envy_free
from parley.mechanisms.assignment.options import (
    MARKET_REPORTS,
    OptionSet,
    option_set,
    reports_of,
    strategy_proof,
)
from parley.mechanisms.assignment.problem import CARDINAL
from parley.mechanisms.assignment.serial_dictatorship import TooLargeError
from parley.mechanisms.assignment.solution import RUNS, Solution, solve

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.kit.verdict import Verdict
    from parley.mechanisms.assignment.problem import Problem

PROPERTIES = {
    "ex_post_efficient": "ex-post efficient",
    "ordinally_efficient": "ordinally efficient",
    "ex_ante_efficient": "ex-ante efficient",
    "envy_free": "envy-free",
    "sd_envy_free": "sd-envy-free",
    "equal_treatment": "equal treatment of equals",
    "strategy_proof": "strategy-proof",
}
"""The properties by their keys, with their names."""

MAX_WORK = 12_000
"""Maximum number of reports, over all agents, for option sets."""
MAX_STATES = 6_000_000
"""The same for serial dictatorship: states of a layer times reports."""


@dataclass(frozen=True, eq=False)
class Audit:
    """All that the audit of a problem found."""

    problem: Problem
    solution: Solution
    verdicts: dict[str, Verdict]
    option_sets: tuple[OptionSet, ...] | None
    """One for each agent; None if they take too long to compute."""

    def to_json(self) -> dict[str, Any]:
        """Return plain values: exact numbers as strings, agents and items from 0."""
        sets = None if self.option_sets is None else [found.to_json() for found in self.option_sets]
        return {
            "kind": "assignment",
            "rule": self.problem.rule,
            **{key: verdict.to_json() for key, verdict in self.verdicts.items()},
            "option_sets": sets,
        }

    @property
    def holds(self) -> bool:
        """Whether no property was refuted."""
        return not any(verdict.holds is False for verdict in self.verdicts.values())


def audit(
    problem: Problem,
    *,
    runs: int = RUNS,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> Audit:
    """Audit the random assignment of a problem's rule, or the posted one.

    Parameters
    ----------
    runs : int
        Sampled runs, if probabilities must be estimated.
    seed : int
        Seed of these runs.
    progress : callable, optional
        Called with a description, the finished amount and the total.

    Raises
    ------
    ProblemError
        If a posted matrix or lottery is wrong, or utilities are missing.
    ParleyError
        If no equilibrium of the pseudo-market is found.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> found = audit(example_1())
    >>> [key for key, verdict in found.verdicts.items() if verdict.holds is False]
    ['ordinally_efficient']
    """

    def tell(what: str, done: int, total: int) -> None:
        if progress is not None:
            progress(what, done, total)

    tell("solving", 0, 1)
    solution = solve(problem, runs=runs, seed=seed)
    matrix, exact = solution.matrix, solution.exact
    tell("efficiency", 0, 1)
    verdicts = {
        "ex_post_efficient": ex_post_efficient(problem, solution.lottery),
        "ordinally_efficient": ordinally_efficient(problem, matrix, exact=exact),
        "ex_ante_efficient": ex_ante_efficient(problem, matrix, exact=exact),
        "envy_free": envy_free(problem, matrix, exact=exact),
        "sd_envy_free": sd_envy_free(problem, matrix, exact=exact),
        "equal_treatment": equal_treatment(problem, matrix, exact=exact),
    }
    sets, reason = _option_sets(problem, solution, tell)
    verdicts["strategy_proof"] = strategy_proof(problem, list(sets or ()), reason)
    return Audit(problem, solution, verdicts, sets)


def misreports(solution: Solution, tell: Callable[[str, int, int], None]) -> Verdict:
    """Say whether an agent gains by a false report, from all reports that can be tried.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> misreports(solve(example_1()), lambda *_: None).holds
    True
    """
    sets, reason = _option_sets(solution.problem, solution, tell)
    return strategy_proof(solution.problem, list(sets or ()), reason)


def _option_sets(
    problem: Problem, solution: Solution, tell: Callable[[str, int, int], None]
) -> tuple[tuple[OptionSet, ...] | None, str | None]:
    """Compute the option sets of all agents, or return why not. Equal agents share one."""
    groups = problem.alike
    each = MARKET_REPORTS if problem.rule in CARDINAL else reports_of(len(problem.items))
    if not solution.exact:
        return None, "the rule's probabilities are estimated"
    if len(groups) * each > MAX_WORK:
        return None, "too many agents and items to try what each could report"
    found: dict[int, OptionSet] = {}
    try:
        if problem.rule == "serial-dictatorship":
            # One minute per report would be days in total.
            serial_dictatorship.probabilities(problem, max_states=MAX_STATES // (len(groups) * each))
    except TooLargeError:
        return None, "exact probabilities take too long to try what each could report"
    try:
        for number, group in enumerate(groups):
            tell("trying reports", number, len(groups))
            first = option_set(problem, group[0])
            for agent in group:
                rows = first.rows | {first.truth: solution.matrix[agent]}
                found[agent] = OptionSet(agent, first.truth, rows, first.exhaustive, problem)
    except TooLargeError as error:
        return None, str(error)
    return tuple(found[agent] for agent in range(problem.agents)), None
