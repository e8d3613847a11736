"""What was paid against what theory says.

In equilibrium an agent's cost takes two values: f_i(d_i) − Δ·(1 − δ·(1 − p_i)) if it proposes, which happens
with probability p_i, and f_i(d_i) − δ·p_i·Δ if not (Proposition 1). So the sum of its costs follows from
how often it proposed, which has a binomial distribution. That is tested, exactly, in the whole wei paid.

The hypothesis is that everybody plays the equilibrium. It is the same whoever plays: other bots may refute
it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import sqrt
from typing import Self

from parley.core.statistics import MIN_P, recognition_p_value, two_valued_p_value, z_score
from parley.kit.play import tally as driver
from parley.mechanisms.coordination.bots import equilibrium_bargaining
from parley.mechanisms.coordination.play import Outcome
from parley.mechanisms.coordination.solution import Solution

__all__ = ["AgentComparison", "Comparison", "Tally", "compare"]


@dataclass
class Tally(driver.Tally[Outcome]):
    """Running sums over games, exact and of bounded size however many there are.

    Attributes
    ----------
    agents : int
    rounds : int
        Bargaining rounds in all.
    proposed : list of int
        How often each agent was recognized in a first round.
    draws : Counter
        First-round draws that were begun, by vector of recognition probabilities.
    unseen : int
        Those of them that were withheld from.
    cost_sums, cost_squares : list of int
        Of each agent's costs, in wei and wei².
    """

    agents: int
    rounds: int = 0
    unseen: int = 0
    proposed: list[int] = field(default_factory=list)
    draws: Counter[tuple[Fraction, ...]] = field(default_factory=Counter)
    cost_sums: list[int] = field(default_factory=list)
    cost_squares: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        for sums in (self.proposed, self.cost_sums, self.cost_squares):
            sums.extend([0] * (self.agents - len(sums)))

    def add(self, outcome: Outcome) -> None:
        """Count one game."""
        super().add(outcome)
        if outcome.rounds:
            self.rounds += outcome.rounds
            self.proposed[outcome.proposer] += 1
        if outcome.rounds or outcome.withheld:
            self.draws[outcome.position.bargaining.probabilities] += 1
            self.unseen += outcome.withheld
        sums, squares = self.cost_sums, self.cost_squares
        for i, cost in enumerate(outcome.costs):
            sums[i] += cost
            squares[i] += cost * cost

    def merge(self, other: Self) -> None:
        """Count another tally's games too."""
        super().merge(other)
        self.draws += other.draws
        self.rounds += other.rounds
        self.unseen += other.unseen
        for mine, theirs in (
            (self.proposed, other.proposed),
            (self.cost_sums, other.cost_sums),
            (self.cost_squares, other.cost_squares),
        ):
            mine[:] = map(int.__add__, mine, theirs)


@dataclass(frozen=True)
class AgentComparison:
    """One agent's costs over all games, in units of cost.

    Attributes
    ----------
    agent : int
        From 0.
    bot : str
    mean : Fraction
        Exact mean of what was paid.
    std_error : float
        Of that mean, estimated from the sample (the sample's standard deviation over √games).
    expected : Fraction
        f_i(d_i) − p_i·Δ, the equilibrium's, whatever the bots.
    z : float or None
        Deviation in exact equilibrium standard deviations, for information; None where that variance is zero.
    p_value : float
        Of the sum of its costs, exact (`two_valued_p_value`). Where z is None, 1 if the mean is within n − 1
        wei of theory, else 0.
    """

    agent: int
    bot: str
    mean: Fraction
    std_error: float
    expected: Fraction
    z: float | None
    p_value: float

    @property
    def agrees(self) -> bool:
        """Whether the mean does not contradict theory at the level of `--check`."""
        return self.p_value >= MIN_P


@dataclass(frozen=True)
class Comparison:
    """Everything that was compared.

    Attributes
    ----------
    agents : tuple of AgentComparison
    proposer_expected : tuple of Fraction
        Expected first-round recognitions at the allocations that came out.
    p_value : float or None
        Of the test that proposers follow their probabilities; None if nothing was drawn.
    """

    agents: tuple[AgentComparison, ...]
    proposer_expected: tuple[Fraction, ...]
    p_value: float | None

    @property
    def holds(self) -> bool:
        """Whether nothing contradicts theory at the level of `--check`."""
        return all(agent.agrees for agent in self.agents) and (self.p_value is None or self.p_value >= MIN_P)


def compare(tally: Tally, solution: Solution, bots: Sequence[str]) -> Comparison:
    """Hold the costs and proposers of a run against the equilibrium.

    Parameters
    ----------
    tally : Tally
        At least one game.
    solution : Solution
        The equilibrium of the same problem.
    bots : sequence of str
        Names, one per seat.
    """
    problem = solution.problem
    games = tally.games
    wei = problem.wei_per_cost
    dust = Fraction(problem.agents - 1, wei)
    # What is played in whole wei: D where the savings of the solution are lost to rounding.
    stage = equilibrium_bargaining(replace(problem, allocation=solution.allocation))
    last = problem.max_rounds == 1
    saved = Fraction(max(stage.savings, 0), wei)
    # Conditional on proposing or not, an agent's costs differ by Δ · (1 − δ); a first round that is also the
    # last allowed is played as if δ = 0.
    spread = saved if last else saved * (1 - problem.continuation)
    agents = []
    for i, (total, squares) in enumerate(zip(tally.cost_sums, tally.cost_squares, strict=True)):
        mean = Fraction(total, games * wei)
        p = stage.probabilities[i]
        expected = Fraction(stage.contracted_costs[i], wei) - p * saved
        z = z_score(mean, expected, p * (1 - p) * spread**2, games)
        if z is None:
            p_value = float(abs(mean - expected) <= dust)
        else:
            usual, own = stage.threshold(i, last_round=last), stage.proposal(i, last_round=last)[i]
            p_value = two_valued_p_value(total, games, usual, own, p)
        agents.append(
            AgentComparison(i, bots[i], mean, _std_error(total, squares, games) / wei, expected, z, p_value)
        )
    expected_counts = tuple(
        sum((p[i] * number for p, number in tally.draws.items()), Fraction(0)) for i in range(problem.agents)
    )
    return Comparison(
        tuple(agents), expected_counts, recognition_p_value(tally.proposed, tally.draws, tally.unseen)
    )


def _std_error(total: int, squares: int, games: int) -> float:
    """Sample standard deviation over √games; the difference is taken in integers, where nothing cancels."""
    if games < 2:
        return 0.0
    deviations = games * squares - total * total
    return sqrt(Fraction(deviations, games * games * (games - 1)))
