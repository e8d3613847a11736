"""The success function on one team in whole numbers, as the contract has it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING

from parley.core.errors import ParleyError
from parley.mechanisms.team.success.base import mask_of, team_of
from parley.mechanisms.team.success.functions import Additive, BudgetAdditive, Coverage

if TYPE_CHECKING:
    from parley.mechanisms.team.success.base import Success, Team

__all__ = ["MAX_ELEMENTS", "MAX_MEMBERS_IN_TABLE", "MAX_TEAM", "OnTeam", "on_team"]

MAX_TEAM = 64
"""Members of a team on chain."""
MAX_ELEMENTS = 256
"""Elements of a coverage function on chain: the bits of a word."""
MAX_MEMBERS_IN_TABLE = 8
"""Members of a team on chain whose function is a table."""


@dataclass(frozen=True)
class OnTeam:
    """A function of members from 0, in whole numbers over the least denominator.

    Attributes
    ----------
    type : str
        ``additive``, ``budget-additive``, ``coverage`` or ``table``.
    denominator : int
    members : int
    numbers : tuple of int
        What members contribute; what elements weigh; or the values of all sets of members, by bits.
    budget : int
        Of a budget-additive function; else 0.
    sets : tuple of int
        Of a coverage function: the elements of each member, by bits; else empty.
    """

    type: str
    denominator: int
    members: int
    numbers: tuple[int, ...]
    budget: int = 0
    sets: tuple[int, ...] = ()

    def number(self, members: int) -> int:
        """Return the value of a set of members, given by bits, over the denominator."""
        if self.type == "table":
            return self.numbers[members]
        seats = team_of(members)
        if self.type == "coverage":
            covered = 0
            for seat in seats:
                covered |= self.sets[seat]
            return sum(self.numbers[element] for element in team_of(covered))
        total = sum(self.numbers[seat] for seat in seats)
        return min(self.budget, total) if self.type == "budget-additive" else total


def on_team(success: Success, team: Team) -> OnTeam:
    """Return the function on a team in whole numbers; member k is ``team[k]``, in any order.

    Elements that the same members cover are merged, and those that no member covers are left out; they are
    in the order of the members' bits.

    Raises
    ------
    ParleyError
        If the contract cannot hold it.

    Examples
    --------
    >>> from fractions import Fraction
    >>> half, third = Fraction(1, 2), Fraction(1, 3)
    >>> on_team(BudgetAdditive((half, third, third), Fraction(1)), (0, 2))
    OnTeam(type='budget-additive', denominator=6, members=2, numbers=(3, 2), budget=6, sets=())
    >>> sixth = Fraction(1, 6)
    >>> on_team(Coverage((sixth, sixth, sixth, half), ((0, 1, 2), (2,), (3,))), (0, 1))
    OnTeam(type='coverage', denominator=6, members=2, numbers=(2, 1), budget=0, sets=(3, 2))
    """
    if len(team) > MAX_TEAM:
        raise ParleyError(f"a team of {len(team)} is above {MAX_TEAM}, the limit on chain")
    members, denominator = len(team), success.denominator
    match success:
        case Additive():
            numbers = tuple(success.numbers[agent] for agent in team)
            return _reduced("additive", denominator, members, numbers)
        case BudgetAdditive():
            numbers = tuple(success.numbers[agent] for agent in team)
            return _reduced("budget-additive", denominator, members, numbers, success.numbers[-1])
        case Coverage():
            weights, sets = _merged(success, team)
            if len(weights) > MAX_ELEMENTS:
                reason = f"{len(weights)} different elements are above {MAX_ELEMENTS}, the limit on chain"
                raise ParleyError(f"a team of {members}: {reason}")
            return _reduced("coverage", denominator, members, weights, 0, sets)
    if members > MAX_MEMBERS_IN_TABLE:
        reason = f"above {MAX_MEMBERS_IN_TABLE}, the limit on chain of {success.type} functions"
        raise ParleyError(f"a team of {members} is {reason}")
    table = tuple(success.number([team[k] for k in team_of(mask)]) for mask in range(1 << members))
    return _reduced("table", denominator, members, table)


def _merged(success: Coverage, team: Team) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the weights of merged elements, and the elements of each member by bits."""
    covering: defaultdict[int, int] = defaultdict(int)
    for k, agent in enumerate(team):
        for element in success.sets[agent]:
            covering[element] |= 1 << k
    merged: defaultdict[int, int] = defaultdict(int)
    for element, who in covering.items():
        merged[who] += success.numbers[element]
    ordered = sorted((who, weight) for who, weight in merged.items() if weight)
    sets = tuple(
        mask_of(place for place, (who, _) in enumerate(ordered) if who >> k & 1) for k in range(len(team))
    )
    return tuple(weight for _, weight in ordered), sets


def _reduced(
    name: str,
    denominator: int,
    members: int,
    numbers: tuple[int, ...],
    budget: int = 0,
    sets: tuple[int, ...] = (),
) -> OnTeam:
    """Divide everything by what all numbers have in common."""
    scale = gcd(denominator, budget, *numbers)
    whole = tuple(number // scale for number in numbers)
    return OnTeam(name, denominator // scale, members, whole, budget // scale, sets)
