"""The seven bots. They know only the common knowledge and what the chain shows.

A bot decides. It does not send transactions, and does not see another seat's secret before the reveal. It
bargains as in equilibrium (Proposition 1) unless stated otherwise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Self

from parley.core import exact
from parley.core.randomness import seed, uniform
from parley.kit.bots import BaseBot, Bots, bots_named, phase_named
from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.position import Bargaining, Position, Row
from parley.mechanisms.coordination.problem import Matrix, Problem
from parley.mechanisms.coordination.recognition import fraction

__all__ = [
    "KINDS",
    "PHASES",
    "Announcing",
    "Bot",
    "Reveals",
    "equilibrium_bargaining",
    "make_bots",
    "proposer_of",
]

PHASES = ("joining", "announcing", "revealing", "proposing", "responding")


@dataclass(frozen=True)
class Reveals:
    """What the chain shows to a seat before its reveal.

    Attributes
    ----------
    game : bytes
        Id of the game.
    secrets : mapping of int to bytes
        The others' revealed secrets of this round, by seat.
    """

    game: bytes
    round: int
    secrets: Mapping[int, bytes]


def proposer_of(position: Position, game: bytes, round_number: int, secrets: Sequence[bytes]) -> int | None:
    """The seat that the contract will recognize, given all secrets.

    Returns
    -------
    int or None
        None if the continuation draw ends the game.
    """
    delta = position.problem.continuation
    if round_number > 1:
        fresh = seed(b"continuation", game, round_number, secrets)
        if uniform(fresh, 0, delta.denominator) >= delta.numerator:
            return None
    drawn = seed(b"proposer", game, round_number, secrets)
    for agent, (numerator, denominator) in enumerate(position.fractions[:-1]):
        if denominator and uniform(drawn, agent, denominator) < numerator:
            return agent
    return len(position.fractions) - 1


class Bot(BaseBot):
    """The equilibrium bot, and the base of the others, each of which differs in one respect.

    Announces cost-effectively after the announcements so far, by the problem's own allocation if this is
    still possible; proposes and answers by Proposition 1 at the announced allocation.
    """

    kind = "equilibrium"
    reveals_last = False

    def acts(self, phase: str) -> bool:
        """Whether this seat acts in a phase."""
        return True

    def announce(self, position: Position, random: Random) -> Row:
        """The seat's announcement, when it is its turn."""
        return plan(position)[len(position.rows)]

    def propose(self, bargaining: Bargaining, *, last_round: bool) -> Row:
        """Cost shares in wei, one per agent, that sum to F(X)."""
        return bargaining.proposal(self.seat, last_round=last_round)

    def accepts(self, bargaining: Bargaining, share: int, random: Random, *, last_round: bool) -> bool:
        """Whether the seat agrees to bear a cost share, in wei."""
        return share <= bargaining.threshold(self.seat, last_round=last_round)

    def reveals(self, position: Position, seen: Reveals, secret: bytes) -> bool:
        """Whether the seat opens its commitment, given the others' reveals."""
        return True


class Greedy(Bot):
    """Announces as much as it can: the maximal announcement x̄_j."""

    kind = "greedy"

    def announce(self, position: Position, random: Random) -> Row:
        """The maximal announcement."""
        return position.bounds[1]


class Minimal(Bot):
    """Announces as little as it can."""

    kind = "minimal"

    def announce(self, position: Position, random: Random) -> Row:
        """The smallest legal announcement."""
        return position.bounds[0]


class Stubborn(Bot):
    """Accepts only cost shares that are lower than its threshold by a share of Δ."""

    kind = "stubborn"

    def __init__(self, seat: int, share: Fraction = Fraction(1, 10)) -> None:
        super().__init__(seat)
        self.share = share

    @classmethod
    def from_argument(cls, seat: int, argument: str | None) -> Self:
        """Demands the given share, by default a tenth."""
        if argument is None:
            return cls(seat)
        share = exact.parse(argument)
        if share < 0:
            raise ValueError("the share must not be negative")
        return cls(seat, share)

    def accepts(self, bargaining: Bargaining, share: int, random: Random, *, last_round: bool) -> bool:
        """Whether the offer is far enough below the threshold."""
        demanded = self.share * max(bargaining.savings, 0)
        return share <= bargaining.threshold(self.seat, last_round=last_round) - demanded


class RandomBot(Bot):
    """Announces a uniform legal number for each type, and answers by a coin toss."""

    kind = "random"

    def announce(self, position: Position, random: Random) -> Row:
        """A legal announcement drawn uniformly."""
        lower, upper = position.bounds
        return tuple(random.randint(low, high) for low, high in zip(lower, upper, strict=True))

    def accepts(self, bargaining: Bargaining, share: int, random: Random, *, last_round: bool) -> bool:
        """Heads or tails."""
        return random.random() < 0.5


class Withholder(Bot):
    """Reveals last, and only if the draw makes it the proposer.

    From the others' revealed secrets and its own, it knows the draw before the others. If there are several,
    the last one decides; the others cannot know the draw and reveal.
    """

    kind = "withholder"
    reveals_last = True
    waits = True

    def reveals(self, position: Position, seen: Reveals, secret: bytes) -> bool:
        """Whether the draw, computed in advance, recognizes this seat."""
        agents = position.problem.agents
        if len(seen.secrets) < agents - 1:
            return True
        secrets = [secret if i == self.seat else seen.secrets[i] for i in range(agents)]
        return proposer_of(position, seen.game, seen.round, secrets) == self.seat


class Silent(Bot):
    """Plays as in equilibrium, but misses every deadline of one phase."""

    kind = "silent"
    waits = True

    def __init__(self, seat: int, phase: str) -> None:
        super().__init__(seat)
        self.phase = phase

    @classmethod
    def from_argument(cls, seat: int, argument: str | None) -> Self:
        """Silent in the named phase, which is required."""
        if argument is None:
            raise ValueError(
                f"{cls.kind} needs a phase, as in {cls.kind}:{PHASES[2]} (known: {', '.join(PHASES)})"
            )
        return cls(seat, phase_named(PHASES, argument))

    def acts(self, phase: str) -> bool:
        """False in the phase in which this bot is silent."""
        return phase != self.phase


class Announcing(Bot):
    """Announces a given row, and otherwise plays the equilibrium; for use in code only."""

    kind = "announcing"

    def __init__(self, seat: int, row: Row) -> None:
        super().__init__(seat)
        self.row = row

    def announce(self, position: Position, random: Random) -> Row:
        """The row."""
        return self.row


KINDS: dict[str, type[Bot]] = {
    bot.kind: bot for bot in (Bot, Greedy, Minimal, Stubborn, RandomBot, Withholder, Silent)
}


def plan(position: Position) -> tuple[Row, ...]:
    """The cost-effective allocation that equilibrium announcements give from a position on.

    It is the problem's own allocation while all agents follow it; the previous plan, if the last agent
    followed it; otherwise the solver's choice. It is D if a proposer's gain is less than its rounding loss
    (savings of a few wei; see `_pays`).

    Returns
    -------
    tuple of tuple of int
        All rows, in units; the first ones are the announcements so far.
    """
    rows: tuple[Row, ...] | None = position.memory.get("plan")
    if rows is None:
        rows = position.memory["plan"] = _followed(position) or _new_plan(position)
    return rows


def _followed(position: Position) -> tuple[Row, ...] | None:
    """The plan of the previous position, if the last announcement followed it."""
    if position.parent is None:
        return None
    before: tuple[Row, ...] | None = position.parent.memory.get("plan")
    last = len(position.rows) - 1
    return before if before is not None and before[last] == position.rows[last] else None


def _new_plan(position: Position) -> tuple[Row, ...]:
    problem = position.problem
    agent = len(position.rows)
    intended = problem.allocation
    if intended is not None and _as_rows(intended[:agent]) == position.rows:
        matrix = intended
    else:
        matrix = cost_effective(problem, announced=position.rows).matrix
    if _as_rows(problem.contracted[:agent]) == position.rows and not _pays(position, matrix):
        matrix = problem.contracted
    return _as_rows(matrix)


def _pays(position: Position, matrix: Matrix) -> bool:
    """Whether every proposer gains more by proposing than it loses by the rounding of thresholds.

    In exact shares, proposing costs an agent Δ · (1 − δ) less than its threshold, its expected cost after a
    rejection. In whole wei it also bears the dust (`Bargaining.dust`), at most n − 1 wei. In a last round
    thresholds are whole, and there is no dust.
    """
    problem = position.problem
    saved = problem.total_cost_wei(problem.contracted) - problem.total_cost_wei(matrix)
    gain = saved * (1 - problem.continuation)
    if saved <= 0 or problem.max_rounds == 1 or gain >= problem.agents - 1:
        return saved > 0
    end = position
    for j, row in enumerate(_as_rows(matrix)[len(position.rows) :], start=len(position.rows)):
        end = end.after(row, fraction(problem.recognition, problem, j, end.rows, row))
    stage = end.bargaining
    return all(stage.dust(i) <= gain for i, p in enumerate(stage.probabilities) if p)


def equilibrium_bargaining(problem: Problem) -> Bargaining:
    """Return the second stage of equilibrium play: at a cost-effective allocation, or at D.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> equilibrium_bargaining(example_1()).savings
    38000000000
    """
    position, dice = Position(problem), Random(0)
    for j in range(problem.agents):
        row = Bot(j).announce(position, dice)
        position = position.after(row, fraction(problem.recognition, problem, j, position.rows, row))
    return position.bargaining


def _as_rows(matrix: Matrix) -> tuple[Row, ...]:
    return tuple(tuple(int(x) for x in row) for row in matrix)


def make_bots(names: Sequence[str], agents: int) -> Bots[Bot]:
    """One bot per seat from their names.

    Parameters
    ----------
    names : sequence of str
        One name for all seats, or one per seat, as the command line takes them: ``equilibrium``,
        ``stubborn:1/4``, ``silent:revealing`` and so on.

    Raises
    ------
    ParleyError
        If a bot is unknown or its argument is invalid.

    Examples
    --------
    >>> [bot.kind for bot in make_bots(["greedy"], 2)]
    ['greedy', 'greedy']
    """
    return bots_named(names, agents, KINDS)


def cast(problem: Problem, names: Sequence[str]) -> Bots[Bot]:
    """Make the bots of a problem."""
    return make_bots(names, problem.agents)
