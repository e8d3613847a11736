"""Wages in whole wei: the least fair ones, and the check of fairness in linear time, as on chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.team.success.base import Losses

__all__ = ["is_fair_in_wei", "least_wage", "least_wages"]


def least_wage(cost: int, loss: int, denominator: int) -> int:
    """Return k = ⌈c·D/m⌉, the least whole wage for which a member works that adds m/D.

    Examples
    --------
    >>> least_wage(201, 4, 7), least_wage(503, 3, 7)
    (352, 1174)
    """
    return -(-cost * denominator // loss)


def least_wages(costs: Sequence[int], losses: Losses, denominator: int) -> tuple[int, ...]:
    """Return the least fair wages: max{k_i, M} with M = max_j ⌈k_j·(F(S) − m_j)/F(S)⌉.

    They are fair, and no fair wages in whole wei give any member less.

    Parameters
    ----------
    costs : sequence of int
        Of the members, in wei.
    losses : Losses
        F(S), and m_j = F(S) − F(S∖j) of each member, above 0.

    Examples
    --------
    >>> from parley.mechanisms.team.success.base import Losses
    >>> least_wages((201, 503), Losses(7, (4, 3)), 7)
    (671, 1174)
    """
    pairs = zip(costs, losses.each, strict=True)
    least = [least_wage(cost, loss, denominator) for cost, loss in pairs]
    floors = (
        -(-wage * (losses.total - loss) // losses.total)
        for wage, loss in zip(least, losses.each, strict=True)
    )
    floor = max(floors, default=0)
    return tuple(max(wage, floor) for wage in least)


def is_fair_in_wei(costs: Sequence[int], wages: Sequence[int], losses: Losses, denominator: int) -> bool:
    """Return whether wages, in ascending order, are feasible and fair: one pass over F(S) and all m_j.

    Examples
    --------
    >>> from parley.mechanisms.team.success.base import Losses
    >>> both = Losses(7, (4, 3))
    >>> [is_fair_in_wei((201, 503), (low, 1174), both, 7) for low in (670, 671, 1173, 1174)]
    [False, True, True, True]
    """
    lower = 0
    for k, (cost, wage, loss) in enumerate(zip(costs, wages, losses.each, strict=True)):
        if k and wage > wages[k - 1]:
            lower = wages[k - 1]
        works = wage * loss >= cost * denominator
        envied = wage > wages[0] and wage * (losses.total - loss) > wages[0] * losses.total
        if not works or envied or lower * loss >= cost * denominator:
            return False
    return True
