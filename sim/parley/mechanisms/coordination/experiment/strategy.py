"""What a strategy of a population is: a bot that may remember, and learn from the games that it has played.

A strategy decides from what the chain shows (`Position`, `Bargaining`) and from what its own games cost it
(`Experience`), and from nothing else. It has no names for the others: members meet at random, and nobody has
a reputation.

A member that learns is a strategy with a *state*: plain data (numbers, lists and dicts of them). It does not
change while a generation is played, and is renewed from the generation's games when it is over. So a
generation's games may be played in any order, on any number of workers.
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
"""What a member remembers from one generation to the next: plain data, as JSON has it."""

HEIGHTS = (Fraction(-1), Fraction(-1, 2), Fraction(0), Fraction(1, 2), Fraction(1))
"""What strategies that try things out choose among: see `at_height`."""


class Experience(NamedTuple):
    """What a member knows of a game that it has played: what the chain showed, and what it paid.

    Attributes
    ----------
    seat : int
    announced : tuple of tuple of int
        All announcements that were made, in units.
    ending : str
        ``settled``, ``broken down`` or ``expired``.
    rounds : int
    proposer : int
        Of the first round; -1 if none was drawn.
    cost : int
        What the game cost the member, in wei.
    contracted_cost : int
        What its contract would have cost it, f_i(d_i), in wei.
    possible : int
        What all together could have saved at most, in wei; never negative.
    note : plain data
        What the strategy jotted down during the game.
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
        """What the member saved, as a share of what all together could have saved."""
        return (self.contracted_cost - self.cost) / self.possible if self.possible else 0.0


class Strategy(Bot):
    """The base of strategies of one's own: plays as in equilibrium but where a method says otherwise.

    Methods to replace are those of `Bot` (`announce`, `propose`, `accepts`, `reveals`, `acts`) and, for a
    strategy that learns, `initial` and `learn`. During a game ``self.state`` is the member's; it is not to be
    changed there. What is to be remembered of a game goes to ``self.note`` and comes back in `learn`.
    """

    kind = "strategy"
    learns: ClassVar[bool] = False
    """Whether members have a state."""

    def __init__(self, seat: int) -> None:
        super().__init__(seat)
        self.state: State = None
        self.note: Any = None

    def initial(self) -> State:
        """The state that a member begins with."""
        return None

    def learn(self, past: Sequence[Experience], random: Random) -> State:
        """The member's next state, from its present one and the games that it has just played, in order.

        Parameters
        ----------
        past : sequence of Experience
            May be empty: not everybody meets somebody in every generation.
        random : Random
            The member's own.
        """
        return self.state


def bargains_by_proposition_1(bot: Bot) -> bool:
    """Whether a strategy reveals, proposes and answers as in equilibrium, whatever it announces.

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
    """An announcement on the way from the least legal one (−1) over the cost-effective (0) to x̄ (1).

    Between them, every task type is moved by that part of the way, rounded toward the cost-effective one.

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
    """Draw an index with probabilities proportional to weights, which are not negative.

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
