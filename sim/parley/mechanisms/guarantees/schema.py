"""The keys of a guarantees problem file; `reading` reads what is in them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from parley.core.keys import Keys, Names, Number, Whole
from parley.core.limits import DEFAULT_WINDOW

DrawName = Literal["none", "permutation"]


class IncomeKeys(Keys):
    """A floor for everybody's pay, or one each."""

    type: Literal["income"]
    floor: Any = None
    floors: list[Any] | None = None


class MaxMinKeys(Keys):
    """The least pay is the greatest possible."""

    type: Literal["max-min"]


class AlphaKeys(Keys):
    """The greatest welfare of constant elasticity."""

    type: Literal["alpha"]
    alpha: Number


class UnionKeys(Keys):
    """One of several guarantees."""

    type: Literal["any"]
    of: list[Any]


class IntersectionKeys(Keys):
    """All of several guarantees."""

    type: Literal["all"]
    of: list[Any]


Entry = Annotated[
    IncomeKeys | MaxMinKeys | AlphaKeys | UnionKeys | IntersectionKeys, Field(discriminator="type")
]


class GuaranteeKeys(Keys):
    """A guarantee at its key."""

    guarantee: Entry


class NameKeys(Keys):
    """Names of providers and jobs for tables."""

    providers: Names = None
    jobs: Names = None


class ProblemKeys(Keys):
    """All keys of a guarantees problem. Lists with a number for all or one each are read entry by entry."""

    kind: Literal["guarantees"]
    providers: Whole
    values: Annotated[list[Any], Field(min_length=1)]
    intervals: list[Any] | None = None
    conflicts: tuple[Any, ...] = ()
    capacities: Any = None
    eligible: list[Any] | None = None
    factors: Any = 1
    pay: Any = 1
    guarantee: Any
    cancellation: Any = 0
    draw: DrawName = "none"
    tolerance: Any = 0
    bond: Any = None
    challenge_bond: Any = None
    provider_bond: Any = None
    window: Whole = DEFAULT_WINDOW
    wei_per_value: Whole | None = None
    names: NameKeys = NameKeys()
