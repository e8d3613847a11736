"""Problems: what each agent costs society, what it does now, what it may like, and what it may choose.

Social costs π and the status quo σ are matrices, agents × tasks; the endowment η is the status quo. The paper
is Valenzuela-Stookey, "Obviously strategy-proof multi-dimensional allocation and the value of choice" (2026).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import lcm
from typing import TYPE_CHECKING, Any, ClassVar, Self, get_args

from parley.core.errors import ProblemError, shorten
from parley.core.exact import show_all
from parley.core.keys import plain, read_keys
from parley.core.limits import DEFAULT_WINDOW, MAX_SEATS, at_most
from parley.core.names import name_all
from parley.core.problemfile import FromFile
from parley.mechanisms.screening.market import MAX_QUANTITY, Market, Menu
from parley.mechanisms.screening.preferences import Discrete, Lognormal, Preferences, Uniform
from parley.mechanisms.screening.rays import (
    Vector,
    find_type_liking_both,
    pairs_not_polarized,
    positive_type,
)
from parley.mechanisms.screening.schema import DesignName, ProblemKeys, read_matrix, read_menus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Design", "Problem", "load_problem", "worked_example"]

DESIGNS: tuple[str, ...] = get_args(DesignName)

MAX_TASKS = 8
"""Tasks of one market on chain."""
MAX_COST = 2**31
"""Social costs on chain are between this number and its negative."""


@dataclass(frozen=True, slots=True)
class Design:
    """How menus are designed."""

    market: str = "finite"
    seed: int = 0


@dataclass(frozen=True)
class Problem(FromFile):
    """A market for tasks.

    Examples
    --------
    >>> problem = Problem.from_mapping({
    ...     "kind": "screening", "social_costs": [[1, 3], [3, 1]], "status_quo": [[2, 2], [2, 2]],
    ...     "preferences": {"type": "uniform", "low": [1, 1], "high": [2, 2]},
    ...     "menus": [[[1, "-6/5"]], [["-4/5", 1]]]})
    >>> problem.agents, problem.tasks, problem.market().unit
    (2, 2, 6)
    """

    kind: ClassVar[str] = "screening"
    keys = ProblemKeys

    social_costs: tuple[Vector, ...]
    """π: agents × tasks."""
    status_quo: tuple[Vector, ...]
    """σ = η: agents × tasks."""
    preferences: tuple[Preferences, ...]
    """The distribution of each agent's types."""
    menus: tuple[Menu, ...] | None = None
    """Rays as directions of any length; None if they are designed."""
    design: Design | None = None
    """How menus are designed; None if they are given."""
    unit: int | None = None
    """Units per task; None for the rule of `parley.mechanisms.screening.market.unit_for`."""
    window: int = DEFAULT_WINDOW
    """Seconds for each step on chain."""
    agent_names: tuple[str, ...] = ()
    task_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.menus is not None and self.design is not None:
            raise ProblemError("", "design", "must not be beside menus; leave one of them out")
        if self.menus is None and self.design is None:
            object.__setattr__(self, "design", Design())
        if self.design is not None:
            if self.design.market not in DESIGNS:
                reason = f"unknown: {shorten(self.design.market)}; known: {', '.join(DESIGNS)}"
                raise ProblemError("", "design.market", reason)
            if self.design.seed < 0:
                raise ProblemError("", "design.seed", f"{self.design.seed} is negative")
        if self.unit is not None:
            self._check_unit(self.unit)
        names = name_all("names.agents", "agent", self.agent_names, self.agents)
        object.__setattr__(self, "agent_names", names)
        object.__setattr__(self, "task_names", name_all("names.tasks", "task", self.task_names, self.tasks))

    def _check_unit(self, unit: int) -> None:
        if unit < 1:
            raise ProblemError("", "unit", f"{unit} is not at least 1")
        for j, row in enumerate(self.status_quo):
            for i, amount in enumerate(row):
                if (amount * unit).denominator != 1:
                    each = "a task" if unit == 1 else f"1/{unit} task"
                    reason = f"{amount} tasks are not a whole number of units of {each} (key unit)"
                    raise ProblemError("", f"status_quo[{j}][{i}]", reason)

    # ── properties ──

    @property
    def agents(self) -> int:
        """Number of agents J."""
        return len(self.social_costs)

    @property
    def tasks(self) -> int:
        """Number of tasks I."""
        return len(self.social_costs[0])

    @cached_property
    def cost_scale(self) -> int:
        """Least number s such that all social costs are whole numbers over s; on chain they are times s."""
        return lcm(*(x.denominator for row in self.social_costs for x in row))

    def market(self, menus: Sequence[Menu] | None = None) -> Market:
        """Return the market as it is played with the menus of the file, or with designed ones.

        Parameters
        ----------
        menus : sequence of Menu, optional
            Rays as directions of any length. Needed if the file has none.

        Raises
        ------
        ValueError
            If there are no menus.
        """
        menus = self.menus if menus is None else menus
        if menus is None:
            raise ValueError("the problem has no menus; design them first")
        return Market.of(self.social_costs, self.status_quo, self.preferences, menus, self.unit)

    def with_menus(self, menus: Sequence[Menu]) -> Problem:
        """Return the problem with given menus."""
        return replace(self, menus=tuple(menus), design=None)

    def check_playable(self, file: str = "") -> None:
        """Raise ProblemError if a market on chain cannot hold this problem; `solve` has no such limits."""
        try:
            at_most("social_costs", "the number of agents", self.agents, MAX_SEATS)
            at_most("social_costs", "the number of tasks", self.tasks, MAX_TASKS)
            self._check_costs()
            if self.menus is not None:
                self._check_menus(self.market())
        except ProblemError as error:
            raise error.in_file(file) from None

    def _check_costs(self) -> None:
        for j, row in enumerate(self.social_costs):
            for i, cost in enumerate(row):
                whole = int(cost * self.cost_scale)
                if abs(whole) >= MAX_COST:
                    each = "" if self.cost_scale == 1 else f" (in 1/{self.cost_scale})"
                    reason = (
                        f"{shorten(whole)}{each} is not within ±{MAX_COST}, the limits of one game on chain"
                    )
                    raise ProblemError("", f"social_costs[{j}][{i}]", reason)

    def _check_menus(self, market: Market) -> None:
        for j, (menu, eta) in enumerate(zip(market.menus, self.status_quo, strict=True)):
            for one, other in pairs_not_polarized(menu.rays):
                pair = menu.rays[one], menu.rays[other]
                liking = positive_type(find_type_liking_both(*pair) or (), pair)
                costs = ", ".join(show_all(liking))
                reason = f"rays {one} and {other} are not polarized: a type with costs {costs} likes both"
                raise ProblemError("", f"menus[{j}]", reason)
            places = [f"menus[{j}][{k}]" for k in range(len(menu.rays))]
            ends = [tuple(map(sum, zip(eta, ray, strict=True))) for ray in menu.rays]
            for place, end in zip((f"status_quo[{j}]", *places), (eta, *ends), strict=True):
                most = int(max(end) * market.unit)
                at_most(place, f"the number of units of 1/{market.unit} task", most, MAX_QUANTITY - 1)

    # ── reading and writing ──

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], file: str = "") -> Self:
        """See `parley.core.problemfile.FromFile.from_mapping`."""
        try:
            return super().from_mapping(mapping, file)
        except ProblemError as error:
            key = error.key
            if not isinstance(mapping.get("preferences"), list | tuple):  # one for all
                key = key.replace("preferences[0]", "preferences")
            raise ProblemError(file, key, error.reason) from None

    @classmethod
    def read(cls, mapping: Mapping[str, Any]) -> Self:
        """Make a problem from the keys of a problem file; errors name the key."""
        keys = read_keys(ProblemKeys, mapping)
        costs = read_matrix("social_costs", keys.social_costs, None, signed=True)
        shape = len(costs), len(costs[0])
        status_quo = read_matrix("status_quo", keys.status_quo, shape, signed=False)
        if len(keys.preferences) not in (1, shape[0]):
            reason = f"{len(keys.preferences)} entries; must be 1 (for all) or {shape[0]} (one each)"
            raise ProblemError("", "preferences", reason)
        given = tuple(
            entry.preferences(f"preferences[{j}]", shape[1]) for j, entry in enumerate(keys.preferences)
        )
        return cls(
            social_costs=costs,
            status_quo=status_quo,
            preferences=given * shape[0] if len(given) == 1 else given,
            menus=None if keys.menus is None else read_menus(keys.menus, status_quo),
            design=None if keys.design is None else Design(keys.design.market, keys.design.seed),
            unit=keys.unit,
            window=keys.window,
            agent_names=tuple(keys.names.agents or ()),
            task_names=tuple(keys.names.tasks or ()),
        )

    def to_mapping(self) -> dict[str, Any]:
        """Return the keys of the problem file, without default values.

        Examples
        --------
        >>> problem = worked_example()
        >>> Problem.from_mapping(problem.to_mapping()) == problem
        True
        """
        entries = [_entry(one) for one in self.preferences]
        mapping: dict[str, Any] = {
            "kind": "screening",
            "social_costs": [show_all(row) for row in self.social_costs],
            "status_quo": [show_all(row) for row in self.status_quo],
            "preferences": entries[0] if all(one == entries[0] for one in entries) else entries,
        }
        if self.menus is not None:
            mapping["menus"] = [
                "remedial" if menu.remedial else [show_all(ray) for ray in menu.rays] for menu in self.menus
            ]
        elif self.design is not None and self.design != Design():
            mapping["design"] = {"market": self.design.market, "seed": self.design.seed}
        if self.unit is not None:
            mapping["unit"] = self.unit
        if self.window != DEFAULT_WINDOW:
            mapping["window"] = self.window
        names = {
            key: list(given)
            for key, word, given in (
                ("agents", "agent", self.agent_names),
                ("tasks", "task", self.task_names),
            )
            if given != name_all("", word, (), len(given))
        }
        return mapping | ({"names": names} if names else {})


def _entry(preferences: Preferences) -> dict[str, Any]:
    match preferences:
        case Uniform(low, high):
            entry: dict[str, Any] = {"type": "uniform", "low": low, "high": high}
        case Discrete(types, weights):
            entry = {"type": "discrete", "types": types, "weights": weights}
        case Lognormal(mean, covariance):
            entry = {"type": "lognormal", "mean": mean, "covariance": covariance}
        case _:
            raise TypeError(preferences)
    written: dict[str, Any] = plain(entry)
    return written


load_problem = Problem.load


def worked_example() -> Problem:
    """Build a market of three agents and two tasks with two prices each; types are uniform on [1, 2]²."""
    prices = (("6/5", "3/2"), ("4/5", "5/4"), ("3/4", "1"))
    return Problem.from_mapping(
        {
            "kind": "screening",
            "social_costs": [[1, 3], [2, 2], [3, 1]],
            "status_quo": [[2, 2]] * 3,
            "preferences": {"type": "uniform", "low": [1, 1], "high": [2, 2]},
            "menus": [[[1, f"-{first}"], [-1, second]] for first, second in prices],
        }
    )
