"""Drawing straws in theory: what the task costs each agent in expectation, and who would rather not draw.

n agents share one task. The draw chooses each with probability 1/n. The chosen agent i does the task at its
own cost k_i, and each other agent pays it the compensation c.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from parley.core import exact
from parley.core.errors import ProblemError
from parley.core.keys import Keys, Number, Whole, Window, read_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_AGENTS = 64
MAX_DEPOSIT = 2**96
"""Wei; the contract keeps amounts in 96 bits."""


class StrawKeys(Keys):
    """Keys of a problem file."""

    kind: Literal["straws"]
    costs: list[Number]
    """What the task costs each agent.

    Unit: cost
    Example: [3, 9, 5]
    """
    compensation: Number
    """What each agent that is not drawn pays to the one that is.

    Unit: cost
    Example: 2
    """
    bond: Number = Fraction(1)
    """What an agent loses if it commits and does not reveal.

    Unit: cost
    Example: 4
    """
    wei_per_cost: Whole = 10**9
    """Money on chain for one unit of cost.

    Unit: wei
    Example: 1000000000000000000
    """
    window: Window = 3600
    """Time for each phase.

    Unit: seconds
    Example: 7200
    """


@dataclass(frozen=True)
class Problem:
    """One task and the agents who could do it; amounts in units of cost.

    Attributes
    ----------
    costs : tuple of Fraction
        What the task costs each agent.
    compensation : Fraction
        What each agent that is not drawn pays to the one that is.
    bond : Fraction
        Lost by an agent that commits and does not reveal.
    wei_per_cost : int
    window : int
        Seconds for each phase.
    """

    costs: tuple[Fraction, ...]
    compensation: Fraction
    bond: Fraction
    wei_per_cost: int
    window: int

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object], file: str = "") -> Problem:
        """Read a problem; raises ProblemError."""
        keys = read_keys(StrawKeys, mapping)
        if not 2 <= len(keys.costs) <= MAX_AGENTS:
            raise ProblemError(file, "costs", f"{len(keys.costs)} agents; must be 2 to {MAX_AGENTS}")
        if keys.window < 1:
            raise ProblemError(file, "window", "must be at least 1 second")
        for name, amount in (("compensation", keys.compensation), ("bond", keys.bond)):
            if amount <= 0:
                raise ProblemError(file, name, "must be positive")
            if (amount * keys.wei_per_cost).denominator != 1:
                raise ProblemError(file, name, "must be a whole number of wei: change wei_per_cost")
        return cls(tuple(keys.costs), keys.compensation, keys.bond, keys.wei_per_cost, keys.window)

    @property
    def agent_names(self) -> list[str]:
        """Names for tables."""
        return [f"agent {i + 1}" for i in range(self.agents)]

    @property
    def agents(self) -> int:
        """How many seats there are."""
        return len(self.costs)

    def wei(self, amount: Fraction) -> int:
        """Return an amount in wei."""
        return int(amount * self.wei_per_cost)

    def check_playable(self, file: str = "") -> None:
        """Raise ProblemError unless a game on chain can hold it."""
        if self.wei(self.compensation + self.bond) >= MAX_DEPOSIT:
            raise ProblemError(file, "wei_per_cost", "compensation and bond exceed 2^96 wei")

    def to_mapping(self) -> dict[str, object]:
        """Return the keys of its file."""
        return {
            "kind": "straws",
            "costs": [exact.show(cost) for cost in self.costs],
            "compensation": exact.show(self.compensation),
            "bond": exact.show(self.bond),
            "wei_per_cost": self.wei_per_cost,
            "window": self.window,
        }


@dataclass(frozen=True)
class Solution:
    """What an honest draw costs each agent: payments cancel out, so that it is k_i / n in expectation.

    >>> problem = Problem.from_mapping({"kind": "straws", "costs": [3, 9], "compensation": 2})
    >>> Solution(problem).to_json()["expected_costs"]
    ['3/2', '9/2']
    """

    problem: Problem

    @property
    def chance(self) -> Fraction:
        """The probability that an agent is drawn."""
        return Fraction(1, self.problem.agents)

    @property
    def if_drawn(self) -> list[Fraction]:
        """Each agent's cost if it is drawn: k_i less what the others pay."""
        paid = (self.problem.agents - 1) * self.problem.compensation
        return [cost - paid for cost in self.problem.costs]

    def to_json(self) -> dict[str, object]:
        """Return the object that `parley solve --json` prints."""
        return {
            "kind": "straws",
            "chance": exact.show(self.chance),
            "expected_costs": [exact.show(cost * self.chance) for cost in self.problem.costs],
            "cost_if_drawn": [exact.show(cost) for cost in self.if_drawn],
            "cost_if_not_drawn": exact.show(self.problem.compensation),
        }


@dataclass(frozen=True)
class Audit:
    """Whether an agent envies another one after the draw, and whether the last to reveal gains by silence.

    If somebody is silent there is no draw: the silent agent loses its bond, and nobody pays compensation.

    >>> dear = {"kind": "straws", "costs": [3, 9], "compensation": 2, "bond": 4}
    >>> [found["gain"] for found in Audit(Problem.from_mapping(dear)).to_json()["silence"]]
    ['0', '3']
    """

    problem: Problem

    @property
    def gains(self) -> list[Fraction]:
        """What each agent gains by silence, if it reveals last and the draw goes against it."""
        worst = [max(cost, self.problem.compensation) for cost in Solution(self.problem).if_drawn]
        return [max(cost - self.problem.bond, Fraction(0)) for cost in worst]

    @property
    def envious(self) -> list[int]:
        """Agents that would rather change places after the draw: drawn or not, their cost differs."""
        if_drawn = Solution(self.problem).if_drawn
        return [i for i, cost in enumerate(if_drawn) if cost != self.problem.compensation]

    @property
    def holds(self) -> bool:
        """Whether nobody gains by silence."""
        return not any(self.gains)

    def to_json(self) -> dict[str, object]:
        """Return the object that `parley audit --json` prints."""
        return {
            "kind": "straws",
            "envy_free": not self.envious,
            "envious": self.envious,
            "silence_proof": self.holds,
            "silence": [{"agent": i, "gain": exact.show(gain)} for i, gain in enumerate(self.gains)],
        }
