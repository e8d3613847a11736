"""Problems: what each agent adds to the chance of success, what its effort costs, and what success is worth.

The paper is Castiglioni, Chen and Li, "Fair team contracts" (2025).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import floor, lcm
from typing import TYPE_CHECKING, Any, ClassVar, Self

from parley.core import keys
from parley.core.errors import ParleyError, ProblemError, shorten
from parley.core.exact import show, show_all
from parley.core.limits import DEFAULT_WINDOW, MAX_WEI, at_most
from parley.core.names import name_all
from parley.core.problemfile import FromFile
from parley.mechanisms.team.reading import read_list
from parley.mechanisms.team.schema import GREATEST, ProblemKeys, written
from parley.mechanisms.team.success.functions import Additive
from parley.mechanisms.team.success.on_team import OnTeam, on_team

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley.mechanisms.team.success.base import Success, Team, Vector

__all__ = ["MAX_AGENTS", "Problem", "load_problem", "worked_example"]

MAX_AGENTS = 10_000
"""Of any problem."""
ETHER = 10**18


@dataclass(frozen=True)
class Problem(FromFile):
    """A project, and people who could work on it.

    Fields left empty have the default of their key in the file.

    Examples
    --------
    >>> problem = Problem.from_mapping({
    ...     "kind": "team", "costs": ["3/50", "2/25"], "reward": 2,
    ...     "success": {"type": "additive", "contributions": ["3/5", "2/5"]},
    ...     "posted": {"shares": ["3/20", 0]}})
    >>> problem.agents, problem.relative_costs, problem.posted_team, problem.wei
    (2, (Fraction(3, 100), Fraction(1, 25)), (0,), 1000000000000000000)
    """

    kind: ClassVar[str] = "team"
    keys = ProblemKeys

    costs: Vector
    """c_i of every agent's effort, in units of money."""
    success: Success
    """f."""
    reward: Fraction = Fraction(1)
    """What success is worth, in units of money."""
    posted: Vector | None = None
    """Shares of the reward to be judged and played instead of the fair optimum; 0 off the team."""
    wei: int = 0
    """The reward on chain."""
    window: int = DEFAULT_WINDOW
    """Seconds for each step on chain."""
    agent_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.agents > MAX_AGENTS:
            raise ProblemError("", "costs", f"{self.agents} agents are more than {MAX_AGENTS}")
        for k, cost in enumerate(self.costs):
            if cost <= 0:
                raise ProblemError("", f"costs[{k}]", f"{cost} is not above 0")
        if self.reward <= 0:
            raise ProblemError("", "reward", f"{self.reward} is not above 0")
        greatest = self.success.value(range(self.agents))
        if greatest > 1:
            reason = f"f of all agents is {greatest}, above 1, and no probability"
            raise ProblemError("", f"success.{GREATEST[self.success.type]}", reason)
        if not self.wei:
            self._set("wei", self._default_wei())
        if self.wei < 1:
            raise ProblemError("", "wei", f"{shorten(self.wei)} is not at least 1")
        self._set("agent_names", name_all("names.agents", "agent", self.agent_names, self.agents))

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _default_wei(self) -> int:
        """Return the least multiple of 10^18 at which all costs and posted shares are whole."""
        numbers = (*self.relative_costs, *(self.posted or ()))
        return lcm(ETHER, *(number.denominator for number in numbers))

    # ── properties ──

    @property
    def agents(self) -> int:
        """Number of agents n."""
        return len(self.costs)

    @cached_property
    def relative_costs(self) -> Vector:
        """The costs as fractions of the reward: theory counts in these."""
        return tuple(cost / self.reward for cost in self.costs)

    @property
    def posted_team(self) -> Team | None:
        """The agents with a posted share above 0; None if nothing is posted."""
        if self.posted is None:
            return None
        return tuple(agent for agent, share in enumerate(self.posted) if share)

    def in_wei(self, amount: Fraction) -> int:
        """Return an amount of money in wei; raises ValueError if it is not whole."""
        whole = amount * self.wei / self.reward
        if whole.denominator != 1:
            raise ValueError(f"{amount} is no whole number of wei")
        return int(whole)

    def on_team(self, team: Team) -> OnTeam:
        """Return the success function on a team as the contract has it.

        Raises
        ------
        ProblemError
            If the contract cannot hold it.
        """
        try:
            return on_team(self.success, team)
        except ParleyError as error:
            raise ProblemError("", "success", str(error)) from None

    def check_playable(self, file: str = "") -> None:
        """Raise ProblemError if no contract on chain can hold this problem; `solve` has no such limits.

        Whether a contract can hold the fair optimum is known once that is found: see `on_team`.
        """
        try:
            self._check_structure()
            self._check_money()
        except ProblemError as error:
            raise error.in_file(file) from None

    def _check_structure(self) -> None:
        if not self.success.is_submodular:
            raise ProblemError("", "success", "not submodular: no contract on chain can check fairness")
        if self.posted_team is not None:
            if not self.posted_team:
                raise ProblemError("", "posted.shares", "all are 0: nobody to play")
            self.on_team(self.posted_team)

    def _check_money(self) -> None:
        at_most("wei", "the number of wei", self.wei, MAX_WEI)
        amounts = [(f"costs[{k}]", cost) for k, cost in enumerate(self.costs)]
        amounts += [(f"posted.shares[{k}]", share * self.reward) for k, share in enumerate(self.posted or ())]
        for key, amount in amounts:
            whole = amount * self.wei / self.reward
            if whole.denominator != 1:
                reason = f"{amount} is no whole number of wei: the reward is {self.wei} wei"
                raise ProblemError("", key, reason)
            at_most(key, "the number of wei", floor(whole), MAX_WEI)

    # ── reading and writing ──

    @classmethod
    def read(cls, mapping: Mapping[str, Any]) -> Self:
        """Make a problem from the keys of a problem file; errors name the key."""
        given = keys.read_keys(ProblemKeys, mapping)
        agents = len(given.costs)
        if agents > MAX_AGENTS:
            raise ProblemError("", "costs", f"{agents} agents are more than {MAX_AGENTS}")
        return cls(
            costs=read_list("costs", given.costs),
            success=given.success.success(agents),
            reward=Fraction(1) if given.reward is None else given.reward,
            posted=None if given.posted is None else read_list("posted.shares", given.posted.shares, agents),
            wei=given.wei or 0,
            window=given.window,
            agent_names=tuple(given.names.agents or ()),
        )

    def to_mapping(self) -> dict[str, Any]:
        """Return the keys of the problem file, without default values.

        Examples
        --------
        >>> problem = worked_example()
        >>> Problem.from_mapping(problem.to_mapping()) == problem
        True
        """
        mapping: dict[str, Any] = {
            "kind": "team",
            "costs": show_all(self.costs),
            "success": written(self.success),
        }
        if self.reward != 1:
            mapping["reward"] = show(self.reward)
        if self.posted is not None:
            mapping["posted"] = {"shares": show_all(self.posted)}
        if self.wei != self._default_wei():
            mapping["wei"] = self.wei
        if self.window != DEFAULT_WINDOW:
            mapping["window"] = self.window
        if self.agent_names != name_all("", "agent", (), self.agents):
            mapping["names"] = {"agents": list(self.agent_names)}
        return mapping


load_problem = Problem.load


def worked_example() -> Problem:
    """Build a stand-in for the paper's Examples 1.1, 2.3 and 2.9, whose numbers are lost.

    Agent 1 contributes 3/5 at a cost of 3/50, agent 2 contributes 2/5 at a cost of 2/25.
    """
    return Problem(
        costs=(Fraction(3, 50), Fraction(2, 25)),
        success=Additive((Fraction(3, 5), Fraction(2, 5))),
    )
