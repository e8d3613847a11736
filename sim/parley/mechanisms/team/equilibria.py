"""Pure equilibria from their definition, for any success function.

A member works in an equilibrium if and only if its share of what it adds is at least its cost: ties work.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from parley.core.errors import ParleyError
from parley.mechanisms.team.success.base import mask_of, team_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from parley.mechanisms.team.problem import Problem
    from parley.mechanisms.team.shares import Contract
    from parley.mechanisms.team.success.base import Team, Vector

__all__ = ["MAX_ENUMERATED", "Game", "equilibria", "potential_maximizer"]

MAX_ENUMERATED = 12
"""Members of teams whose sets are all tried."""


class Game:
    """What members of one team do, under any shares of theirs.

    Parameters
    ----------
    team : Team
        At most `MAX_ENUMERATED` members.

    Raises
    ------
    ParleyError
        If there are more.

    Examples
    --------
    >>> from parley.mechanisms.team.problem import worked_example
    >>> game = Game(worked_example(), (0, 1))
    >>> tenth, fifth = Fraction(1, 10), Fraction(1, 5)
    >>> game.equilibria((tenth, fifth)), game.equilibria((fifth, tenth))
    (((0, 1),), ((0,),))
    """

    def __init__(self, problem: Problem, team: Team) -> None:
        if len(team) > MAX_ENUMERATED:
            raise ParleyError(
                f"a team of {len(team)} has too many sets to try; equilibria are enumerated up to "
                f"{MAX_ENUMERATED} members"
            )
        self.problem, self.team = problem, team
        self.denominator = problem.success.denominator
        sets = [tuple(team[k] for k in team_of(mask)) for mask in range(1 << len(team))]
        self.values = [problem.success.number(members) for members in sets]
        self._sets = sets
        small = self.denominator < 1 << 62
        numbers: NDArray[np.int64] = np.array(self.values, dtype=np.int64 if small else object)
        masks = np.arange(len(sets))
        bits = [1 << k for k in range(len(team))]
        self._works = np.array([(masks & bit) != 0 for bit in bits], dtype=bool)
        self._adds = [numbers[masks | bit] - numbers[masks & ~bit] for bit in bits]

    def equilibria(self, shares: Vector) -> tuple[Team, ...]:
        """Return all pure equilibria, in the order of `mask_of` on seats.

        Parameters
        ----------
        shares : Vector
            Of the members, at least 0.
        """
        stable = np.ones(len(self.values), dtype=bool)
        for k, (agent, share) in enumerate(zip(self.team, shares, strict=True)):
            least = self.denominator + 1
            if share:
                least = min(least, ceil(self.problem.relative_costs[agent] * self.denominator / share))
            stable &= (self._adds[k] >= least) == self._works[k]
        return tuple(self._sets[mask] for mask in np.flatnonzero(stable).tolist())

    def value(self, working: Team) -> Fraction:
        """Return f of the members that work."""
        return Fraction(self.values[self._mask(working)], self.denominator)

    def utilities(self, shares: Vector, working: Team) -> Vector:
        """Return the utility of each member, in money, if some members work."""
        value, works = self.value(working) * self.problem.reward, set(working)
        pairs = zip(self.team, shares, strict=True)
        return tuple(share * value - self.problem.costs[agent] * (agent in works) for agent, share in pairs)

    def _mask(self, working: Team) -> int:
        return mask_of(self.team.index(agent) for agent in working)

    def potential(self, shares: Vector, working: Team) -> Fraction:
        """Return Φ(E) = f(E) − Σ_{i∈E} c_i/α_i, a weighted potential of the game.

        A member that starts to work changes its utility by α_i times the change of Φ. All in E have shares
        above 0.
        """
        own = dict(zip(self.team, shares, strict=True))
        prices = (self.problem.relative_costs[agent] / own[agent] for agent in working)
        return self.value(working) - sum(prices, Fraction(0))

    def potential_maximizer(self, shares: Vector) -> Team:
        """Return a set of most members that maximizes the potential: always an equilibrium, for every f."""
        paid = [k for k, share in enumerate(shares) if share]
        sets = (tuple(self.team[paid[k]] for k in team_of(mask)) for mask in range(1 << len(paid)))
        return max(sets, key=lambda working: (self.potential(shares, working), len(working)))


def equilibria(problem: Problem, contract: Contract) -> tuple[Team, ...]:
    """Return all pure equilibria of a contract; raises `ParleyError` if it has more than twelve members."""
    return Game(problem, contract.team).equilibria(contract.shares)


def potential_maximizer(problem: Problem, contract: Contract) -> Team:
    """Return an equilibrium of a contract, which every success function has (footnote 2 of the paper)."""
    return Game(problem, contract.team).potential_maximizer(contract.shares)


def exchanged(shares: Sequence[Fraction], one: int, other: int) -> Vector:
    """Return shares after two members, by their places in the team, exchange theirs."""
    new = list(shares)
    new[one], new[other] = new[other], new[one]
    return tuple(new)
