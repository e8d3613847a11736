"""The keys of a guarantees problem file; `reading` reads what is in them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from parley.core.keys import Amount, Amounts, As, EachOrAll, Keys, Names, Number, Whole, Window
from parley.core.limits import DEFAULT_WINDOW

DrawName = Literal["none", "permutation"]


class IncomeKeys(Keys):
    """A floor for everybody's pay, or one each."""

    type: Literal["income"]
    floor: Amount = None
    """The least pay of every provider; instead of `floors`.

    Unit: value
    Default: none
    Example: 3
    """
    floors: Annotated[list[Any] | None, As(list[Number | Literal[""] | None])] = None
    """The least pay of each provider; 0 or "" promises nothing.

    Unit: value
    Default: none
    Example: [3, 2, 0]
    """


class MaxMinKeys(Keys):
    """The least pay is the greatest possible."""

    type: Literal["max-min"]


class AlphaKeys(Keys):
    """The greatest welfare of constant elasticity."""

    type: Literal["alpha"]
    alpha: Number
    """How much the welfare of those with less counts: 0 is the sum, 1 the product of values.

    Example: "1/2"
    """


class AnyKeys(Keys):
    """One of several guarantees."""

    type: Literal["any"]
    of: Annotated[list[Any], As(lambda: list[Entry])]
    """The guarantees.

    Example: [{ type = "income", floor = 3 }, { type = "max-min" }]
    """


class AllKeys(Keys):
    """All of several guarantees."""

    type: Literal["all"]
    of: Annotated[list[Any], As(lambda: list[Entry])]
    """The guarantees.

    Example: [{ type = "income", floor = 3 }, { type = "max-min" }]
    """


Entry = Annotated[IncomeKeys | MaxMinKeys | AlphaKeys | AnyKeys | AllKeys, Field(discriminator="type")]


class GuaranteeKeys(Keys):
    """A guarantee at its key."""

    guarantee: Entry


class NameKeys(Keys):
    """Names of providers and jobs for tables."""

    providers: Names = None
    """Names of the providers, in order.

    Default: "provider 1", "provider 2", …
    Example: ["Ada", "Ben", "Cleo"]
    """
    jobs: Names = None
    """Names of the jobs, in order.

    Default: "job 1", "job 2", …
    Example: ["first", "second", "third", "fourth", "fifth"]
    """


class ProblemKeys(Keys):
    """All keys of a guarantees problem. Lists with a number for all or one each are read entry by entry."""

    kind: Literal["guarantees"]
    providers: Whole
    """How many providers there are.

    Unit: providers
    Example: 3
    """
    values: Annotated[Amounts, Field(min_length=1)]
    """What each job is worth.

    Unit: value
    Example: [7, 2, 2, 4, 6]
    """
    intervals: Annotated[list[Any] | None, As(list[tuple[Number, Number]])] = None
    """Start and end of each job; jobs that overlap cannot have the same provider. Play needs this key.

    Unit: any unit of time
    Default: no restriction
    Usual: [[0, 4], [1, 2], [2, 5], [3, 4], [5, 8]]
    """
    conflicts: Annotated[tuple[Any, ...], As(list[tuple[int, int]])] = ()
    """Further pairs of jobs that cannot have the same provider; jobs are numbered from 0. Not on chain.

    Example: [[0, 3]]
    """
    capacities: Annotated[Any, As(int | list[int | Literal[""] | None])] = None
    """The most jobs of a provider: one number for all, or one for each. Not on chain.

    Unit: jobs
    Default: no limit
    Example: [2, 2, 3]
    """
    eligible: Annotated[list[Any] | None, As(list[list[int] | Literal[""] | None])] = None
    """The jobs that each provider can do; jobs are numbered from 0, and "" is all. Not on chain.

    Default: all jobs
    Example: [[0, 1, 2, 3], "", [1, 2, 4]]
    """
    factors: EachOrAll = 1
    """What a unit of value is worth to the platform: one factor for all providers, or one for each.

    Usual: [1, "3/4", "3/4"]
    """
    pay: EachOrAll = 1
    """What a provider is paid for a unit of value: one number for all, or one for each.

    Example: "3/4"
    """
    guarantee: Annotated[Any, As(lambda: Entry)]
    """What providers are promised.

    Example: { type = "max-min" }
    """
    cancellation: EachOrAll = 0
    """The probability that a job is cancelled: one for all jobs, or one for each.

    Example: "1/10"
    """
    draw: DrawName = "none"
    """Whether schedules go to providers as posted, or in random order.

    A permutation needs the same pay, floor, capacity and eligible jobs for all providers.
    Example: "permutation"
    """
    tolerance: Amount = 0
    """How far the least pay may be below the greatest possible.

    Unit: value (of pay)
    Example: "1/2"
    """
    bond: Amount = None
    """What the dispatcher pledges, and loses if the guarantee is broken.

    Unit: value
    Default: the least whole number whose half is more than any gain from breaking the guarantee
    Example: 20
    """
    challenge_bond: Amount = None
    """What a challenger pays, and loses if it does not show a fairer allocation.

    Unit: value
    Default: a tenth of `bond`
    Example: 2
    """
    provider_bond: Amount = None
    """What a provider pays if schedules are drawn, and loses if it does not reveal its secret.

    Unit: value
    Default: what no schedule pays more than, if schedules are drawn; else 0
    Example: 0
    """
    window: Window = DEFAULT_WINDOW
    """Time for each step on chain, from 60 to 2592000.

    Unit: seconds
    Example: 7200
    """
    wei_per_value: Whole | None = None
    """Money on chain for one unit of value.

    Unit: wei
    Default: the least multiple of 10^9 with which all amounts are whole
    Example: 4000000000
    """
    names: NameKeys = NameKeys()
