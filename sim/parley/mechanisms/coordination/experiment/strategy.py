"""The base class of strategies: bots that may learn from their games.

A strategy knows only what the chain shows (`Position`, `Bargaining`) and the costs of its own games
(`Experience`). Members meet at random and do not know each other.

A member that learns has a *state*: plain data (numbers, lists and dicts). The state is updated after each
generation. Games of a generation can therefore be played in any order, on any number of workers.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from parley.mechanisms.coordination.bots import Bot, plan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from parley.mechanisms.coordination.position import Position, Row

__all__ = ["HEIGHTS", "Experience", "State", "Strategy", "at_height", "bargains_by_proposition_1", "pick"]

State = Any
"""State of a member between generations: plain data, as in JSON."""

HEIGHTS = (Fraction(-1), Fraction(-1, 2), Fraction(0), Fraction(1, 2), Fraction(1))
"""Choices of exploring strategies: see `at_height`."""


class Experience(NamedTuple):
    """A member's information about a game that it played.

    Attributes
    ----------
    announced : tuple of tuple of int
        All announcements, in units.
    ending : str
        ``settled``, ``broken down`` or ``expired``.
    proposer : int
        Proposer of the first round; -1 if none was drawn.
    cost : int
        Cost of the game for the member, in wei.
    contracted_cost : int
        Cost of its contracts alone, f_i(d_i), in wei.
    possible : int
        Maximum savings of all agents, in wei; never negative.
    note : plain data
        The strategy's own note during the game.
    """

    seat: int
    announced: tuple[Row, ...]
    ending: str
    rounds: int
    proposer: int
    cost: int
    contracted_cost: int
    possible: int
    note: Any

    @property
    def saved(self) -> float:
        """Return the member's savings as a share of the possible savings of all."""
        return (self.contracted_cost - self.cost) / self.possible if self.possible else 0.0


class Strategy(Bot):
    """The base class of strategies; plays the equilibrium unless a method is overridden.

    Override methods of `Bot` (`announce`, `propose`, `accepts`, `reveals`, `acts`) and, for learning,
    `initial` and `learn`. Do not change ``self.state`` during a game; store information in ``self.note``,
    which `learn` receives.
    """

    kind = "strategy"
    learns: ClassVar[bool] = False
    """Whether members have a state."""

    def __init__(self, seat: int) -> None:
        super().__init__(seat)
        self.state: State = None
        self.note: Any = None

    def initial(self) -> State:
        """Return a member's first state."""
        return None

    def learn(self, past: Sequence[Experience], random: Random) -> State:
        """Return the member's next state, given the games of this generation in order.

        Parameters
        ----------
        past : sequence of Experience
            May be empty: some members do not play in every generation.
        random : Random
            The member's own stream.
        """
        return self.state


def bargains_by_proposition_1(bot: Bot) -> bool:
    """Whether a strategy reveals, proposes and answers as in equilibrium, for any announcement.

    Examples
    --------
    >>> from parley.mechanisms.coordination.experiment.strategies import make_strategy
    >>> [bargains_by_proposition_1(make_strategy(name, 0)) for name in ("greedy", "stubborn", "withholder")]
    [True, False, False]
    """
    return all(
        getattr(type(bot), method) is getattr(Bot, method)
        for method in ("acts", "reveals", "propose", "accepts")
    )


def at_height(position: Position, height: Fraction) -> Row:
    """Return an announcement between the least legal (−1), the cost-effective (0) and the maximal one x̄ (1).

    Task types are interpolated and rounded toward the cost-effective announcement.

    Examples
    --------
    >>> from parley.mechanisms.coordination.position import Position
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> [at_height(Position(example_1()), Fraction(h, 2))[0] for h in (-2, -1, 0, 1, 2)]
    [3, 4, 5, 7, 9]
    """
    usual = plan(position)[len(position.rows)]
    if height == 0:
        return usual
    end = position.bounds[1 if height > 0 else 0]
    way = abs(height)
    return tuple(x + (1 if e > x else -1) * int(abs(e - x) * way) for x, e in zip(usual, end, strict=True))


def pick(weights: Sequence[float], random: Random) -> int:
    """Draw an index with probabilities proportional to nonnegative weights.

    Examples
    --------
    >>> from random import Random
    >>> [pick([0.0, 1.0, 0.0], Random(k)) for k in range(3)]
    [1, 1, 1]
    """
    left = random.random() * sum(weights)
    for k, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return k
    return max(k for k, weight in enumerate(weights) if weight > 0)
