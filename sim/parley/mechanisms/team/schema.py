"""The keys of a team problem file, and the reading of its success functions."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from parley.core import keys
from parley.core.errors import ProblemError
from parley.core.keys import Amount, Amounts, As, Keys, Matrix, Names, Number, Wei, Window
from parley.core.limits import DEFAULT_WINDOW, MAX_WINDOW
from parley.mechanisms.team.reading import read_count, read_list, read_subset
from parley.mechanisms.team.success.base import MAX_LISTED, find_drop
from parley.mechanisms.team.success.functions import (
    Additive,
    AtLeastOne,
    BudgetAdditive,
    Coverage,
    PartitionMatroid,
    Table,
    Xos,
)

if TYPE_CHECKING:
    from parley.mechanisms.team.success.base import Success

__all__ = ["STEPS", "Entry", "ProblemKeys", "written"]

STEPS = 3
"""Steps of the work: committing, revealing, drawing. The contract has one window for all."""


class AdditiveKeys(Keys):
    """The sum of contributions: another member adds the same to every team."""

    type: Literal["additive"]
    contributions: Amounts
    """What each agent adds to the probability.

    Unit: probability
    Example: ["3/5", "2/5"]
    """

    def success(self, agents: int) -> Success:
        """Return the function; raises `ProblemError`."""
        return Additive(read_list("success.contributions", self.contributions, agents))


class BudgetKeys(Keys):
    """The sum of contributions, up to a budget: beyond it another member adds nothing."""

    type: Literal["budget-additive"]
    contributions: Amounts
    """What each agent adds to the probability.

    Unit: probability
    Example: ["3/5", "2/5"]
    """
    budget: Amount
    """The greatest probability.

    Unit: probability
    Example: "4/5"
    """

    def success(self, agents: int) -> Success:
        """Return the function; raises `ProblemError`."""
        contributions = read_list("success.contributions", self.contributions, agents)
        return BudgetAdditive(contributions, keys.amount("success.budget", self.budget))


class CoverageKeys(Keys):
    """The weight of what is covered: another member adds what nobody else in the team covers."""

    type: Literal["coverage"]
    weights: Amounts
    """What each element adds to the probability if somebody covers it.

    Unit: probability
    Example: ["1/2", "1/4", "1/4"]
    """
    sets: Annotated[list[Any], As(list[list[int]])]
    """The elements that each agent covers, numbered from 0.

    Example: [[0, 1], [1, 2]]
    """

    def success(self, agents: int) -> Success:
        """Return the function; raises `ProblemError`."""
        weights = read_list("success.weights", self.weights)
        if len(self.sets) != agents:
            raise ProblemError("", "success.sets", f"{len(self.sets)} sets for {agents} costs")
        sets = (
            read_subset(f"success.sets[{k}]", entry, len(weights), "element")
            for k, entry in enumerate(self.sets)
        )
        return Coverage(weights, tuple(sets))


class AtLeastOneKeys(Keys):
    """One member's success is enough: the larger the team, the less another member adds."""

    type: Literal["at-least-one"]
    probabilities: Amounts
    """The probability that each agent succeeds alone.

    Unit: probability
    Example: ["1/2", "1/3"]
    """

    def success(self, agents: int) -> Success:
        """Return the function; raises `ProblemError`."""
        read = read_list("success.probabilities", self.probabilities, agents)
        for k, number in enumerate(read):
            if number > 1:
                reason = f"{number} is above 1, and no probability"
                raise ProblemError("", f"success.probabilities[{k}]", reason)
        return AtLeastOne(read)


class MatroidKeys(Keys):
    """The heaviest members of each group: beyond its limit, only a heavier member adds anything."""

    type: Literal["partition-matroid"]
    contributions: Amounts
    """What each agent adds to the probability, if it counts.

    Unit: probability
    Example: ["3/5", "2/5"]
    """
    groups: Annotated[list[Any], As(list[list[int]])]
    """Groups of agents, numbered from 0; each agent is in one group.

    Example: [[0], [1]]
    """
    limits: Annotated[list[Any], As(list[int])]
    """How many members of each group count, those with the greatest contributions first.

    Unit: agents
    Example: [1, 1]
    """

    def success(self, agents: int) -> Success:
        """Return the function; raises `ProblemError`."""
        contributions = read_list("success.contributions", self.contributions, agents)
        groups = tuple(
            read_subset(f"success.groups[{k}]", entry, agents, "agent") for k, entry in enumerate(self.groups)
        )
        seen: set[int] = set()
        for k, group in enumerate(groups):
            if twice := seen.intersection(group):
                raise ProblemError("", f"success.groups[{k}]", f"agent {min(twice)} is in another group")
            seen.update(group)
        if len(seen) < agents:
            missing = min(set(range(agents)) - seen)
            raise ProblemError("", "success.groups", f"agent {missing} is in no group")
        if len(self.limits) != len(groups):
            raise ProblemError("", "success.limits", f"{len(self.limits)} limits for {len(groups)} groups")
        limits = tuple(read_count(f"success.limits[{k}]", entry) for k, entry in enumerate(self.limits))
        return PartitionMatroid(contributions, groups, limits)


class XosKeys(Keys):
    """The greatest of several sums: another member may add more to a larger team, which is not playable."""

    type: Literal["xos"]
    parts: Matrix
    """Contributions of the agents, a row for each sum.

    Unit: probability
    Example: [["3/5", 0], ["1/5", "2/5"]]
    """

    def success(self, agents: int) -> Success:
        """Return the function; raises `ProblemError`."""
        if agents > MAX_LISTED:
            reason = f"{agents} agents are more than {MAX_LISTED}: too many sets to check for submodularity"
            raise ProblemError("", "success.parts", reason)
        table = keys.rows("success.parts", self.parts)
        return Xos(tuple(read_list(f"success.parts[{k}]", row, agents) for k, row in enumerate(table)))


class TableKeys(Keys):
    """A value for each set: another member may add any amount, but takes nothing away."""

    type: Literal["table"]
    values: Amounts
    """The probability for each set of agents; bit i of the position, from 0, is agent i.

    Unit: probability
    Example: [0, "3/5", "2/5", 1]
    """

    def success(self, agents: int) -> Success:
        """Return the function; raises `ProblemError`."""
        if agents > MAX_LISTED:
            raise ProblemError("", "success.values", f"{agents} agents are more than {MAX_LISTED}")
        if len(self.values) != 1 << agents:
            reason = f"{len(self.values)} entries, not 2^{agents} = {1 << agents}, for {agents} costs"
            raise ProblemError("", "success.values", reason)
        found = Table(read_list("success.values", self.values))
        if found.values[0]:
            raise ProblemError("", "success.values[0]", f"{found.values[0]} is not 0: nobody works")
        if drop := find_drop(found.table):
            mask, agent = drop
            less = f"{found.values[mask]} is below {found.values[mask ^ 1 << agent]}"
            reason = f"{less}, the value without agent {agent}: not monotone"
            raise ProblemError("", f"success.values[{mask}]", reason)
        return found


Entry = Annotated[
    AdditiveKeys | BudgetKeys | CoverageKeys | AtLeastOneKeys | MatroidKeys | XosKeys | TableKeys,
    Field(discriminator="type"),
]

GREATEST = {
    "additive": "contributions",
    "budget-additive": "budget",
    "coverage": "weights",
    "partition-matroid": "contributions",
    "xos": "parts",
    "table": "values",
}
"""The key that is too large if f of all agents is above 1."""


class PostedKeys(Keys):
    """A contract to be judged and played."""

    shares: Amounts
    """Each agent's share of the reward; 0 is off the team.

    Example: ["3/20", "1/5"]
    """


class NameKeys(Keys):
    """Names of agents for tables."""

    agents: Names = None
    """Names of the agents, in order.

    Default: "agent 1", "agent 2", …
    Example: ["Ann", "Ben"]
    """


class ProblemKeys(Keys):
    """All keys of a team problem. Lists of numbers are read entry by entry."""

    kind: Literal["team"]
    costs: Annotated[Amounts, Field(min_length=1)]
    """What each agent's effort costs it if it is hired and works, above 0: one number for each agent.

    A share of the reward makes up for it: with a reward of 1, a cost of 3/50 is 6% of what success is worth.

    Unit: money
    Example: ["3/50", "2/25"]
    """
    success: Entry
    """The probability that the project succeeds, by who is hired and works: the others add nothing.

    The type says what another member adds. Numbers of agents are in the order of `costs`; the probability of
    all agents together is at most 1. In the example, agent 1 alone succeeds with probability 3/5, agent 2
    alone with 2/5, and both together certainly.

    Example: { type = "additive", contributions = ["3/5", "2/5"] }
    """
    reward: Number | None = None
    """What success is worth to the principal, above 0.

    Unit: money
    Default: 1
    Example: 2
    """
    posted: PostedKeys | None = None
    """A contract to be judged and played instead of the best fair one."""
    wei: Annotated[Wei, Field(ge=1)] | None = None
    """The reward on chain.

    Unit: wei
    Default: the least multiple of 10^18 with which every cost and posted share is whole
    Example: 1000000000000000000
    """
    window: Annotated[Window, Field(le=MAX_WINDOW // STEPS)] = DEFAULT_WINDOW
    """Time for each step on chain, from 60 to 864000.

    Unit: seconds
    Example: 7200
    """
    names: NameKeys = NameKeys()


def written(success: Success) -> dict[str, Any]:
    """Return the keys of a success function.

    Examples
    --------
    >>> from fractions import Fraction
    >>> written(BudgetAdditive((Fraction(1, 2),), Fraction(1)))
    {'type': 'budget-additive', 'contributions': ['1/2'], 'budget': '1'}
    """
    parts = {field.name: getattr(success, field.name) for field in fields(success)}
    plain: dict[str, Any] = keys.plain({"type": success.type, **parts})
    return plain
