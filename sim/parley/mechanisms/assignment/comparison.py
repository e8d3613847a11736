"""Who got what, against the probabilities that theory gives it.

Every lottery is drawn with the probabilities of its rule at the reports that were revealed; a seat that does
not open its second secret gets nothing. So the number of lotteries in which an agent gets an item is a sum of
independent trials of known probabilities. Each such number is tested exactly, and all of them together by
Bonferroni: the p-value is valid at any number of lotteries.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

from parley.core.statistics import MIN_P, bonferroni, count_p_value, same_rate_p_value, z_score
from parley.kit.play import tally as driver
from parley.mechanisms.assignment.certificate import as_reported
from parley.mechanisms.assignment.lottery import expected
from parley.mechanisms.assignment.play import Outcome
from parley.mechanisms.assignment.solution import solve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parley.mechanisms.assignment.certificate import Order
    from parley.mechanisms.assignment.lottery import Matrix
    from parley.mechanisms.assignment.solution import Solution

__all__ = ["MIN_P", "AgentComparison", "Comparison", "Profile", "Tally", "compare"]


class Profile(NamedTuple):
    """What decides the probabilities of a lottery.

    Attributes
    ----------
    reports : tuple of (tuple of int or None)
        What each seat revealed; None if it was silent.
    forfeits : tuple of int
        Seats that did not open their second secret.
    """

    reports: tuple[Order | None, ...]
    forfeits: tuple[int, ...]


@dataclass
class Tally(driver.Tally[Outcome]):
    """Running counts over lotteries, exact and of bounded size however many there are.

    Attributes
    ----------
    agents, items : int
    drawn : dict of Profile to list of list of int
        Of lotteries that were drawn: how often each agent (row) got each item, in the last column nothing.
    bonds_lost : list of int
        By agent, in wei.
    expired : int
        Lotteries in which a deadline passed.
    reports : tuple of (tuple of int or None)
        What each agent revealed in the last lottery, drawn or not; lotteries of one run are alike in it.
    """

    agents: int
    items: int
    drawn: dict[Profile, list[list[int]]] = field(default_factory=dict)
    bonds_lost: list[int] = field(default_factory=list)
    expired: int = 0
    reports: tuple[Order | None, ...] = ()

    def __post_init__(self) -> None:
        self.bonds_lost.extend([0] * (self.agents - len(self.bonds_lost)))

    def add(self, outcome: Outcome) -> None:
        """Count one lottery."""
        super().add(outcome)
        self.expired += bool(outcome.expired)
        self.reports = outcome.reports
        for i, lost in enumerate(outcome.bonds_lost):
            self.bonds_lost[i] += lost
        if outcome.ending == "drawn":
            table = self._table(Profile(outcome.reports, outcome.forfeits))
            for row, item in zip(table, outcome.assignment, strict=True):
                row[-1 if item is None else item] += 1

    def _table(self, profile: Profile) -> list[list[int]]:
        table = self.drawn.get(profile)
        if table is None:
            table = self.drawn[profile] = [[0] * (self.items + 1) for _ in range(self.agents)]
        return table

    def merge(self, other: Tally) -> None:
        """Count another tally's lotteries too."""
        super().merge(other)
        self.expired += other.expired
        self.reports = other.reports or self.reports
        self.bonds_lost[:] = map(int.__add__, self.bonds_lost, other.bonds_lost)
        for profile, theirs in other.drawn.items():
            for mine, row in zip(self._table(profile), theirs, strict=True):
                mine[:] = map(int.__add__, mine, row)

    @property
    def counts(self) -> list[list[int]]:
        """How often each agent got each item, and in the last column nothing, of all that were drawn."""
        total = [[0] * (self.items + 1) for _ in range(self.agents)]
        for table in self.drawn.values():
            for mine, row in zip(total, table, strict=True):
                mine[:] = map(int.__add__, mine, row)
        return total


@dataclass(frozen=True)
class AgentComparison:
    """What one agent got over all lotteries that were drawn.

    Attributes
    ----------
    agent : int
        From 0.
    bot : str
    report : tuple of int or None
        What it revealed; None if it was silent.
    mean : Fraction or None
        Exact mean of its utility, which is 0 for nothing and for what it does not want. This and what follows
        are None without utilities, or if nothing was drawn.
    std_error : float or None
        Of that mean, estimated from the sample (the sample's standard deviation over √lotteries).
    expected : Fraction or None
        Its expected utility at the reports that were revealed.
    truthful : Fraction or None
        Its expected utility if all are truthful.
    z : float or None
        Deviation of the mean in exact standard deviations; None also where nothing is random, or theory only
        estimates.
    bonds_lost : int
        In wei.
    """

    agent: int
    bot: str
    report: Order | None
    mean: Fraction | None
    std_error: float | None
    expected: Fraction | None
    truthful: Fraction | None
    z: float | None
    bonds_lost: int


@dataclass(frozen=True)
class Comparison:
    """Everything that was compared.

    Attributes
    ----------
    agents : tuple of AgentComparison
    counts : list of list of int
        How often each agent got each item, and in the last column nothing.
    expected : tuple of tuple of Fraction
        How often it should have, on average, at the reports that were revealed.
    p_value : float or None
        That who got what follows the probabilities; None if nothing was drawn.
    exact : bool
        Whether theory computes the probabilities. If not, it samples them, and two samples are compared.
    """

    agents: tuple[AgentComparison, ...]
    counts: list[list[int]]
    expected: Matrix
    p_value: float | None
    exact: bool

    @property
    def holds(self) -> bool:
        """Whether nothing contradicts theory at the level of `--check`."""
        return self.p_value is None or self.p_value >= MIN_P


def compare(tally: Tally, solution: Solution, bots: Sequence[str], *, seed: int = 0) -> Comparison:
    """Hold who got what against the probabilities of the rule.

    Parameters
    ----------
    tally : Tally
    solution : Solution
        Of the problem as it stands, all truthful.
    bots : sequence of str
        Names, one per seat.
    seed : int
        Of theory's own sample, where it needs one.

    Raises
    ------
    ParleyError
        As `solution.solve`, at the reports that were revealed.
    """
    theory = [_Theory(profile, table, solution, seed) for profile, table in tally.drawn.items()]
    counts = tally.counts
    rows = tuple(
        tuple(sum((known.expected[i][o] for known in theory), Fraction(0)) for o in range(tally.items + 1))
        for i in range(tally.agents)
    )
    return Comparison(
        tuple(_agent(i, bots[i], tally, counts[i], theory, solution) for i in range(tally.agents)),
        counts,
        rows,
        bonferroni(_p_values(theory)) if theory else None,
        all(known.runs is None for known in theory),
    )


class _Theory:
    """What theory says about the lotteries with one profile.

    Attributes
    ----------
    games : int
    matrix : tuple of tuples of Fraction
        Probabilities, agents × items, nothing in the last column.
    runs : int or None
        What the matrix was sampled from; None if it is exact.
    """

    def __init__(self, profile: Profile, counts: list[list[int]], solution: Solution, seed: int) -> None:
        self.profile = profile
        self.counts = counts
        self.games = sum(counts[0])
        problem = solution.problem
        if profile.reports != problem.orders:
            solution = solve(as_reported(problem, profile.reports), seed=seed)
        rows = iter(solution.matrix)
        nothing = (Fraction(0),) * len(problem.items)
        full = [nothing if report is None else next(rows) for report in profile.reports]
        for seat in profile.forfeits:
            full[seat] = nothing
        self.matrix: Matrix = tuple((*row, 1 - sum(row, Fraction(0))) for row in full)
        self.runs = None if solution.sample is None else solution.sample.runs

    @property
    def expected(self) -> Matrix:
        """Expected counts."""
        return tuple(tuple(p * self.games for p in row) for row in self.matrix)


def _p_values(theory: Sequence[_Theory]) -> Iterator[float]:
    """Test every count; one that is certain only if it is wrong, which it never is by chance."""
    exact = [known for known in theory if known.runs is None]
    for i, row in enumerate(exact[0].counts if exact else ()):
        for o in range(len(row)):
            groups: dict[Fraction, int] = {}
            for known in exact:
                p = known.matrix[i][o]
                groups[p] = groups.get(p, 0) + known.games
            found = count_p_value(sum(known.counts[i][o] for known in exact), groups)
            if found == 0 or any(0 < p < 1 for p in groups):
                yield found
    for known in theory:
        if known.runs is None:
            continue
        for counts, shares in zip(known.counts, known.matrix, strict=True):
            for count, share in zip(counts, shares, strict=True):
                yield same_rate_p_value(count, known.games, int(share * known.runs), known.runs)


def _agent(
    i: int, bot: str, tally: Tally, counts: list[int], theory: Sequence[_Theory], solution: Solution
) -> AgentComparison:
    """Compare one agent's utility."""
    problem = solution.problem
    report = tally.reports[i] if tally.reports else None
    games = sum(counts)
    if problem.utilities is None or not games:
        return AgentComparison(i, bot, report, None, None, None, None, None, tally.bonds_lost[i])
    u = (*(value or Fraction(0) for value in problem.utilities[i]), Fraction(0))
    squares = tuple(value * value for value in u)
    mean = expected(tuple(Fraction(count, games) for count in counts), u)
    square = expected(tuple(Fraction(count, games) for count in counts), squares)
    means = [expected(known.matrix[i], u) for known in theory]
    average = sum((m * known.games for m, known in zip(means, theory, strict=True)), Fraction(0)) / games
    # The variance of what is drawn, on average over the lotteries.
    variance = sum(
        (
            (expected(known.matrix[i], squares) - m * m) * known.games
            for m, known in zip(means, theory, strict=True)
        ),
        Fraction(0),
    )
    exact = all(known.runs is None for known in theory)
    return AgentComparison(
        i,
        bot,
        report,
        mean,
        sqrt((square - mean * mean) / (games - 1)) if games > 1 else 0.0,
        average,
        expected(solution.matrix[i], problem.utilities[i]),
        z_score(mean, average, variance / games, games) if exact else None,
        tally.bonds_lost[i],
    )
