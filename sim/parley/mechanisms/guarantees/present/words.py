"""Guarantees in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.kit.present.tables import number
from parley.mechanisms.guarantees.guarantee import AllOf, Alpha, AnyOf, Income, MaxMin

if TYPE_CHECKING:
    from parley.mechanisms.guarantees.guarantee import Guarantee

__all__ = ["promised"]


def promised(guarantee: Guarantee) -> str:
    """Say what a guarantee promises.

    Examples
    --------
    >>> from fractions import Fraction
    >>> promised(AnyOf((MaxMin(), Income((Fraction(3, 2),) * 2))))
    'max-min fairness or a floor of 1.5 for everybody'
    """
    match guarantee:
        case Income(floors):
            if len(set(floors)) == 1:
                return f"a floor of {number(floors[0])} for everybody"
            return f"floors of {', '.join(number(floor) for floor in floors)}"
        case MaxMin():
            return "max-min fairness"
        case Alpha(alpha):
            return f"α-fairness for α = {number(alpha)}"
        case AnyOf(parts):
            return " or ".join(map(promised, parts))
        case AllOf(parts):
            return " and ".join(map(promised, parts))
