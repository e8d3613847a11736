"""Comparison of rules on one problem: efficiency, envy, ranks."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import log, sqrt
from typing import TYPE_CHECKING, Any

from parley.core.exact import show, show_all
from parley.mechanisms.assignment.efficiency import ex_ante_efficient, ex_post_efficient, ordinally_efficient
from parley.mechanisms.assignment.envy import prefix_sums
from parley.mechanisms.assignment.lottery import expected
from parley.mechanisms.assignment.problem import CARDINAL, RULES
from parley.mechanisms.assignment.solution import RUNS, solve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parley.kit.verdict import Verdict
    from parley.mechanisms.assignment.lottery import Row
    from parley.mechanisms.assignment.problem import Problem
    from parley.mechanisms.assignment.solution import Solution

ERROR = 1e-3
"""Maximum probability that a sample counts a wrong pair as envious."""


@dataclass(frozen=True, eq=False)
class RuleResult:
    """The results of one rule on a problem. Means are over agents."""

    solution: Solution
    verdicts: dict[str, Verdict]
    """``ex_post_efficient``, ``ordinally_efficient``, ``ex_ante_efficient``."""
    ranks: tuple[Fraction, ...]
    """Expected share of the agents that get an item of their first rank, of their second, and so on."""
    unassigned: Fraction
    """Expected share of the agents that get nothing."""
    sd_envious: int
    """Pairs (i, j) in which row i does not stochastically dominate row j in the ranking of agent i.

    In a sample, only pairs beyond chance (`ERROR`), so a lower bound.
    """
    envious: int | None
    """Pairs (i, j) in which agent i expects more utility from row j than from its own.

    None without utilities, or in a sample.
    """
    welfare: Fraction | None
    """Sum of expected utilities; None without utilities."""

    @property
    def rule(self) -> str:
        """Name of the rule."""
        return self.solution.problem.rule

    @property
    def exact(self) -> bool:
        """Whether probabilities are exact; if not, `ranks`, `unassigned` and `welfare` are estimates."""
        return self.solution.exact

    @property
    def mean_rank(self) -> Fraction | None:
        """Expected rank, from 1, of agents that get an item; None if no agent does."""
        served = sum(self.ranks, Fraction(0))
        total = sum((k * share for k, share in enumerate(self.ranks, start=1)), Fraction(0))
        return total / served if served else None

    def to_json(self) -> dict[str, Any]:
        """Return plain values: exact numbers as strings, estimates as numbers."""

        def number(value: Fraction | None) -> str | float | None:
            return None if value is None else show(value) if self.exact else float(value)

        return {
            "rule": self.rule,
            "exact": self.exact,
            "runs": None if self.solution.sample is None else self.solution.sample.runs,
            **{key: verdict.holds for key, verdict in self.verdicts.items()},
            "ranks": show_all(self.ranks) if self.exact else [float(share) for share in self.ranks],
            "mean_rank": number(self.mean_rank),
            "unassigned": number(self.unassigned),
            "sd_envious_pairs": self.sd_envious,
            "envious_pairs": self.envious,
            "welfare": number(self.welfare),
        }


@dataclass(frozen=True, eq=False)
class RuleComparison:
    """Several rules on one problem."""

    problem: Problem
    results: tuple[RuleResult, ...]

    def to_json(self) -> dict[str, Any]:
        """Give the comparison as plain values."""
        agents, items = self.problem.shape
        return {
            "kind": "assignment",
            "agents": agents,
            "items": items,
            "seats": sum(self.problem.capacities),
            "pairs": agents * (agents - 1),
            "rules": [result.to_json() for result in self.results],
        }


def compare_rules(
    problem: Problem,
    rules: Sequence[str] | None = None,
    *,
    runs: int = RUNS,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> RuleComparison:
    """Solve one problem under several rules.

    Parameters
    ----------
    problem : Problem
        Its own rule and posted lottery are ignored.
    rules : sequence of str, optional
        By default all rules; those that use utilities only if the problem has some.
    runs : int
        Sampled runs, if probabilities must be estimated.
    seed : int
        Seed of these runs.
    progress : callable, optional
        Called with a rule, the number of finished rules, and the number of rules.

    Raises
    ------
    ProblemError
        If a rule is unknown, or needs utilities that are missing.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> for result in compare_rules(example_1(), ["serial-dictatorship", "probabilistic-serial"]).results:
    ...     print(result.rule, *result.ranks, result.verdicts["ordinally_efficient"].holds)
    serial-dictatorship 5/12 1/12 5/12 1/12 False
    probabilistic-serial 1/2 0 1/2 0 True
    """
    chosen = rules or [rule for rule in RULES if problem.utilities is not None or rule not in CARDINAL]
    results = []
    for done, rule in enumerate(chosen):
        if progress is not None:
            progress(rule, done, len(chosen))
        results.append(summary(solve(problem.with_rule(rule), runs=runs, seed=seed)))
    return RuleComparison(problem, tuple(results))


def summary(solution: Solution) -> RuleResult:
    """Sum up a solution, exact or estimated."""
    problem, matrix, exact = solution.problem, solution.matrix, solution.exact
    agents = problem.agents
    utilities = solution.expected_utilities
    return RuleResult(
        solution=solution,
        verdicts={
            "ex_post_efficient": ex_post_efficient(problem, solution.lottery),
            "ordinally_efficient": ordinally_efficient(problem, matrix, exact=exact),
            "ex_ante_efficient": ex_ante_efficient(problem, matrix, exact=exact),
        },
        ranks=tuple(sum(column, Fraction(0)) / agents for column in zip(*solution.ranks, strict=True)),
        unassigned=sum((1 - sum(row, Fraction(0)) for row in matrix), Fraction(0)) / agents,
        sd_envious=_sd_envious(solution),
        envious=_envious(problem, solution) if exact else None,
        welfare=None if utilities is None else sum(utilities, Fraction(0)),
    )


def _rounding(solution: Solution) -> Fraction:
    """Largest difference that an inexact equilibrium explains, so that it is no envy."""
    market = solution.equilibrium
    return Fraction(0) if market is None else 100 * market.shortfall.greatest


def _envious(problem: Problem, solution: Solution) -> int | None:
    if problem.utilities is None:
        return None
    count = 0
    for own, u in zip(solution.matrix, problem.utilities, strict=True):
        slack = _rounding(solution) * max((worth for worth in u if worth is not None), default=Fraction(0))
        mine = expected(own, u) + slack
        count += sum(expected(row, u) > mine for row in solution.matrix)
    return count


def _sd_envious(solution: Solution) -> int:
    """Count pairs in which another row gives more probability of some first ranks.

    In a sample, the two frequencies of a comparison differ by the mean, over independent runs, of numbers
    from −1 to 1. By Hoeffding's inequality, it exceeds its expectation by t with probability at most
    exp(−runs·t²/2); this is corrected for the number of comparisons.
    """
    problem, matrix = solution.problem, solution.matrix
    slack: Fraction = _rounding(solution)
    if solution.sample is not None:
        comparisons = problem.agents * sum(map(len, problem.rankings))
        slack = Fraction(sqrt(2 * log(comparisons / ERROR) / solution.sample.runs))
    count = 0
    for ranking, own in zip(problem.rankings, matrix, strict=True):
        mine = prefix_sums(ranking, own)
        envied: dict[Row, bool] = {}
        for row in matrix:
            if row not in envied:
                pairs = zip(mine, prefix_sums(ranking, row), strict=True)
                envied[row] = any(theirs - p > slack for p, theirs in pairs)
            count += envied[row]
    return count
