"""Two strategies for pairs that know each other's secrets, to see what that alone is worth: nothing.

An experiment file names them, each seat with its partner (seats from 0):

    [population]
    seats = [
        { seat = 0, strategies = { "../../examples/sharing_secrets.py:Sharing:partner=2" = 1 } },
        { seat = 2, strategies = { "../../examples/sharing_secrets.py:Sharing:partner=0" = 1 } },
    ]

Both derive from `colluding`, which lets a pair share secrets, and announce as everybody else does.
"""

from collections.abc import Sequence
from random import Random

from parley.mechanisms.coordination.bots import Bot, Reveals, plan, proposer_of
from parley.mechanisms.coordination.experiment.adaptive import Colluding
from parley.mechanisms.coordination.position import Position, Row


class Sharing(Colluding):
    """Shares its secrets, reveals last, and withholds where that costs the pair less. It never does."""

    kind = "sharing"

    def announce(self, position: Position, random: Random) -> Row:
        """As in equilibrium."""
        return plan(position)[len(position.rows)]


class Picking(Sharing):
    """Withholds unless the draw recognizes one of the two: it picks the proposer, at the price of a bond.

    Which of the two is late does not matter, so the one that reveals last is.
    """

    kind = "picking"

    def meet(self, bots: Sequence[Bot]) -> None:
        """See whether the partner is of the same kind."""
        super().meet(bots)
        if not isinstance(self.ally, Picking):
            self.ally = None

    def reveals(self, position: Position, seen: Reveals, secret: bytes) -> bool:
        """Whether one of the two is going to propose, as far as can be known by now."""
        ally = self.ally
        if ally is None or len(seen.secrets) < position.problem.agents - 1:
            return True
        secrets = {**seen.secrets, self.seat: secret}
        ordered = [secrets[i] for i in range(position.problem.agents)]
        return proposer_of(position, seen.game, seen.round, ordered) in (self.seat, ally.seat)
