"""A strategy of one's own: asks for little work and takes any offer, and grows bolder while all goes well.

An experiment file names it, by a path from the folder of that file:

    [population]
    members = 20
    strategies = { equilibrium = 0.5, "../examples/cautious.py:Cautious:step=1/4" = 0.5 }

A class derives from `Strategy` and replaces what it does otherwise than in equilibrium. The numbers behind
its name (``step=1/4``) come to ``__init__`` as exact fractions. Plain data that a member remembers from one
generation to the next is its state: what `initial` and `learn` return, and ``self.state`` during a game.
"""

from collections.abc import Sequence
from fractions import Fraction
from random import Random
from typing import ClassVar

from parley.mechanisms.coordination.experiment.strategies import Experience, Strategy, at_height
from parley.mechanisms.coordination.position import Bargaining, Position, Row


class Cautious(Strategy):
    """Announces less than would be cost-effective, by a part that shrinks whenever its games go well.

    It accepts whatever leaves it no worse off than its contract: it has no nerve for the bargaining.
    """

    kind = "cautious"
    learns: ClassVar[bool] = True

    def __init__(self, seat: int, step: Fraction = Fraction(1, 4)) -> None:
        super().__init__(seat)
        self.step = step

    def initial(self) -> float:
        """How cautious a member is: wholly."""
        return 1.0

    def announce(self, position: Position, random: Random) -> Row:
        """On the way from the cost-effective announcement to the least legal one."""
        return at_height(position, -Fraction(self.state).limit_denominator(1000))

    def accepts(self, bargaining: Bargaining, share: int, random: Random, *, last_round: bool) -> bool:
        """Whatever is not above what the contract costs."""
        return share <= bargaining.contracted_costs[self.seat]

    def learn(self, past: Sequence[Experience], random: Random) -> float:
        """Grow bolder by a step if every game was settled, else be as cautious as at first."""
        if not past:
            return float(self.state)
        settled = all(game.ending == "settled" for game in past)
        return float(self.state * (1 - self.step)) if settled else 1.0
