"""Problems: contracted tasks D, capacities C and costs f (the paper's Section 2.1).

Quantities are whole units of 1/unit task; costs are exact fractions, and whole wei on chain.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from parley.core.errors import ProblemError, shorten
from parley.core.exact import show
from parley.core.keys import did_you_mean, read_keys
from parley.core.limits import DEFAULT_WINDOW, MAX_SEATS, MAX_UINT32, MAX_WEI, at_most
from parley.core.names import name_all
from parley.core.problemfile import FromFile
from parley.mechanisms.coordination.announcements import check_feasible
from parley.mechanisms.coordination.costs import ChainCost, Cost, Piecewise, Quadratic
from parley.mechanisms.coordination.reading import MAX_TOTAL, read_matrix
from parley.mechanisms.coordination.recognition import RECOGNITION
from parley.mechanisms.coordination.schema import ProblemKeys

if TYPE_CHECKING:
    from collections.abc import Mapping

Matrix = NDArray[np.int64]

MAX_ROUNDS = (
    2**16 - 1
)  # the contract counts rounds in 16 bits; also the default, as a limit changes no expected cost
GWEI = 10**9
MAX_WEI_PER_COST = 10**60  # far beyond any balance, far below what would make arithmetic slow

# Limits of one game on chain.
MAX_TASK_TYPES = 64


@dataclass(frozen=True, eq=False)
class Problem(FromFile):
    """One problem (D, C, f) with the parameters of the two-stage mechanism.

    Examples
    --------
    >>> problem = Problem.from_mapping({
    ...     "kind": "coordination", "contracted": [[4, 0], [0, 3]], "capacity": [[4, 0], [2, 3]],
    ...     "costs": [{"type": "quadratic", "quadratic": 1}], "continuation": "9/10",
    ...     "recognition": "p-star"})
    >>> problem.total_cost(problem.contracted), problem.in_special_domain
    (Fraction(25, 1), True)
    """

    kind: ClassVar[str] = "coordination"
    keys = ProblemKeys

    contracted: Matrix
    """D in units, shape (n, m), read-only."""
    capacity: Matrix
    """C in units, shape (n, m), read-only; at least D everywhere."""
    costs: tuple[Cost, ...]
    """f_1, …, f_n as functions of tasks, or one for all agents."""
    continuation: Fraction
    """δ, in [0, 1)."""
    recognition: str = "p-star"
    """Name of the recognition function."""
    unit: int = 1
    """Units per task."""
    allocation: Matrix | None = None
    """The allocation to announce, in units; None for the solver's choice."""
    wei_per_cost: int = 0
    """Wei per unit of cost; 0 is the smallest multiple of 10^9 for whole costs at every whole workload."""
    bond: Fraction = Fraction(0)
    """B in units of cost; 0 is 1% of F(D), rounded up to whole wei."""
    window: int = DEFAULT_WINDOW
    """Seconds for each step on chain."""
    max_rounds: int = MAX_ROUNDS
    """Maximum number of bargaining rounds."""
    agent_names: tuple[str, ...] = ()
    task_names: tuple[str, ...] = ()
    _wei: dict[tuple[int, int], int] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.unit < 1:
            raise ProblemError("", "unit", f"{self.unit} is not at least 1")
        self._set("contracted", _locked("contracted", self.contracted))
        self._set("capacity", _locked("capacity", self.capacity))
        self._check_matrices()
        self._check_costs()
        if not 0 <= self.continuation < 1:
            raise ProblemError("", "continuation", f"{self.continuation} is outside [0, 1)")
        if self.recognition not in RECOGNITION:
            reason = (
                f"unknown recognition function {shorten(self.recognition)}"
                f"{did_you_mean(self.recognition, RECOGNITION)}; known: {', '.join(RECOGNITION)}"
            )
            raise ProblemError("", "recognition", reason)
        self._choose_wei()
        self._choose_bond()
        if not 1 <= self.max_rounds <= MAX_ROUNDS:
            raise ProblemError("", "max_rounds", f"{self.max_rounds} is outside 1..{MAX_ROUNDS}")
        self._set("agent_names", name_all("names.agents", "agent", self.agent_names, self.agents))
        self._set("task_names", name_all("names.tasks", "type", self.task_names, self.task_types))
        if self.allocation is not None:
            self._set("allocation", _locked("allocation", self.allocation))
            _check_shape("allocation", self.allocation, self.contracted)
            check_feasible(self, self.allocation, key="allocation")

    # ── checks ──────────────────────────────────────────────────────────────────────────────────────────────

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _check_matrices(self) -> None:
        D, C = self.contracted, self.capacity
        if len(D) < 2:
            raise ProblemError("", "contracted", "must have at least two agents")
        _check_shape("capacity", C, D)
        if (C < D).any():
            i, t = (int(k) for k in np.argwhere(C < D)[0])
            low, high = self.tasks(C[i, t]), self.tasks(D[i, t])
            reason = f"{low} is below the {high} contracted (agent {i + 1}, task type {t + 1})"
            raise ProblemError("", f"capacity[{i}][{t}]", reason)
        if not D.any():
            raise ProblemError("", "contracted", "no contracted tasks")

    def _check_costs(self) -> None:
        given = tuple(self.costs)
        if len(given) not in (1, self.agents):
            raise ProblemError(
                "", "costs", f"{len(given)} entries; must be 1 (for all) or {self.agents} (one each)"
            )
        for k, cost in enumerate(given):
            cost.check(f"costs[{k}]")
            for b, start in enumerate(cost.breakpoints if isinstance(cost, Piecewise) else ()):
                if (start * self.unit).denominator != 1:
                    reason = f"{start} tasks are not a whole number of units of 1/{self.unit} task"
                    raise ProblemError("", f"costs[{k}].breakpoints[{b}]", reason)
        self._set("costs", given * self.agents if len(given) == 1 else given)

    def _choose_wei(self) -> None:
        whole = {cost: cost.whole_at(self.unit) for cost in set(self.costs)}
        if self.wei_per_cost == 0:
            self._set("wei_per_cost", lcm(GWEI, *whole.values()))
        if self.wei_per_cost < 1:
            raise ProblemError("", "wei_per_cost", f"{shorten(self.wei_per_cost)} is not at least 1")
        for k, cost in enumerate(self.costs):
            if self.wei_per_cost % whole[cost]:
                reason = (
                    f"{shorten(self.wei_per_cost)} must be a multiple of {shorten(lcm(*whole.values()))},"
                    f" so that costs[{k}] is a whole number of wei at every workload"
                )
                raise ProblemError("", "wei_per_cost", reason)

    def _choose_bond(self) -> None:
        if self.bond == 0:
            wei = max(1, -(-self.total_cost_wei(self.contracted) // 100))
            self._set("bond", Fraction(wei, self.wei_per_cost))
        if self.bond < 0:
            raise ProblemError("", "bond", f"{self.bond} is negative")
        if (self.bond * self.wei_per_cost).denominator != 1:
            raise ProblemError(
                "", "bond", f"{self.bond} is not a whole number of wei ({self.wei_per_cost} wei per cost)"
            )

    def check_playable(self, file: str = "") -> None:
        """Raise ProblemError if one game on chain cannot hold this problem; `solve` has no such limits."""
        try:
            self._check_playable()
        except ProblemError as error:
            raise error.in_file(file) from None

    def _check_playable(self) -> None:
        at_most("contracted", "the number of agents", self.agents, MAX_SEATS)
        at_most("contracted", "the number of task types", self.task_types, MAX_TASK_TYPES)
        at_most("contracted", "the total number of units", self.total, MAX_UINT32)
        at_most("capacity", "the total number of units", int(self.capacity.sum()), MAX_UINT32)
        at_most("continuation", "the denominator", self.continuation.denominator, MAX_UINT32)
        for k, cost in enumerate(self.chain_costs):
            for value in (cost.coefficient, cost.linear, *cost.slopes):
                at_most(f"costs[{k}]", "a coefficient in wei", value, MAX_WEI)
            for value in cost.breakpoints:
                at_most(f"costs[{k}].breakpoints", "a breakpoint in units", value, MAX_UINT32)
        highest = 0
        for i, most in enumerate(self.capacity.sum(axis=1).tolist()):
            highest += self.cost_wei(i, min(self.total, most))
            at_most(
                f"costs[{i if len(self.chain_costs) > 1 else 0}]",
                "the highest total cost in wei",
                highest,
                MAX_WEI,
            )
        at_most("bond", "the number of wei", self.bond_wei, MAX_WEI)

    # ── properties ──────────────────────────────────────────────────────────────────────────────────────────

    @property
    def agents(self) -> int:
        """Number of agents n."""
        return len(self.contracted)

    @property
    def task_types(self) -> int:
        """Number of task types m."""
        return int(self.contracted.shape[1])

    @cached_property
    def total(self) -> int:
        """Units contracted by all agents together."""
        return int(self.contracted.sum())

    @cached_property
    def contracted_from(self) -> list[int]:
        """Units contracted by agents j, …, n together, for each j."""
        sums: list[int] = self.contracted.sum(axis=1)[::-1].cumsum()[::-1].tolist()
        return sums

    @property
    def bond_wei(self) -> int:
        """B in wei."""
        return int(self.bond * self.wei_per_cost)

    @cached_property
    def chain_costs(self) -> tuple[ChainCost, ...]:
        """The cost functions in the contract's form: one for all agents, or one each."""
        shared = self.costs[:1] if len(set(self.costs)) == 1 else self.costs
        return tuple(cost.on_chain(self.unit, self.wei_per_cost) for cost in shared)

    @cached_property
    def in_special_domain(self) -> bool:
        """Whether each type is contracted by one agent, and no earlier agent can do it (D̃)."""
        D, C = self.contracted, self.capacity
        if ((D > 0).sum(axis=0) > 1).any():
            return False
        before_contractor = np.cumsum(D, axis=0) == 0
        return not ((C > 0) & before_contractor & D.any(axis=0)).any()

    # ── costs ───────────────────────────────────────────────────────────────────────────────────────────────

    def tasks(self, units: int | np.int64) -> Fraction:
        """Convert a number of units to tasks."""
        return Fraction(int(units), self.unit)

    def cost(self, i: int, load_units: int) -> Fraction:
        """f_i at a workload in units, in units of cost."""
        return Fraction(self.cost_wei(i, load_units), self.wei_per_cost)

    def cost_wei(self, i: int, load_units: int) -> int:
        """f_i at a workload in units, in whole wei."""
        key = i, load_units
        wei = self._wei.get(key)
        if wei is None:
            chain = self.chain_costs[i if len(self.chain_costs) > 1 else 0]
            wei = self._wei[key] = chain.wei(load_units)
        return wei

    def total_cost(self, X: ArrayLike) -> Fraction:
        """F(X), the sum of all agents' costs at allocation X (in units), in units of cost."""
        return Fraction(self.total_cost_wei(X), self.wei_per_cost)

    def total_cost_wei(self, X: ArrayLike) -> int:
        """F(X) in wei."""
        loads: list[int] = np.asarray(X, dtype=np.int64).sum(axis=1).tolist()
        return sum(self.cost_wei(i, load) for i, load in enumerate(loads))

    # ── reading and writing ─────────────────────────────────────────────────────────────────────────────────

    @classmethod
    def read(cls, mapping: Mapping[str, Any]) -> Self:
        """Make a problem from the keys of a problem file; errors name the key."""
        keys = read_keys(ProblemKeys, mapping)
        if not 1 <= keys.unit < MAX_TOTAL:
            raise ProblemError("", "unit", f"{shorten(keys.unit)} is outside 1..{MAX_TOTAL - 1}")
        optional: dict[str, Any] = {}
        if keys.allocation is not None:
            optional["allocation"] = read_matrix("allocation", keys.allocation, keys.unit)
        for name, value in (("wei_per_cost", keys.wei_per_cost), ("bond", keys.bond)):
            if value is not None:
                # Zero means the default in the constructor, but is an error in a file.
                if value <= 0:
                    raise ProblemError("", name, f"{value} is not above 0")
                optional[name] = value
        if keys.wei_per_cost is not None and keys.wei_per_cost > MAX_WEI_PER_COST:
            raise ProblemError(
                "", "wei_per_cost", f"{shorten(keys.wei_per_cost)} is above {MAX_WEI_PER_COST}"
            )
        limits = {"window": keys.window, "max_rounds": keys.max_rounds}
        optional |= {name: number for name, number in limits.items() if number is not None}
        for name, names in (("agent_names", keys.names.agents), ("task_names", keys.names.tasks)):
            if names is not None:
                optional[name] = tuple(names)
        return cls(
            contracted=read_matrix("contracted", keys.contracted, keys.unit),
            capacity=read_matrix("capacity", keys.capacity, keys.unit),
            costs=tuple(entry.cost() for entry in keys.costs),
            continuation=keys.continuation,
            recognition=keys.recognition,
            unit=keys.unit,
            **optional,
        )

    def to_mapping(self) -> dict[str, Any]:
        """Return the keys of the problem file, without default values.

        Examples
        --------
        >>> problem = example_1()
        >>> Problem.from_mapping(problem.to_mapping()).to_mapping() == problem.to_mapping()
        True
        """

        def tasks(matrix: Matrix) -> list[list[str | int]]:
            return [
                [x // self.unit if x % self.unit == 0 else show(self.tasks(x)) for x in row]
                for row in matrix.tolist()
            ]

        shared = self.costs[:1] if len(set(self.costs)) == 1 else self.costs
        mapping: dict[str, Any] = {
            "kind": "coordination",
            "contracted": tasks(self.contracted),
            "capacity": tasks(self.capacity),
            "costs": [cost.to_mapping() for cost in shared],
            "continuation": show(self.continuation),
            "recognition": self.recognition,
        }
        if self.unit != 1:
            mapping["unit"] = self.unit
        if self.allocation is not None:
            mapping["allocation"] = tasks(self.allocation)
        plain = self.from_mapping(mapping)
        if self.wei_per_cost != plain.wei_per_cost:
            mapping["wei_per_cost"] = self.wei_per_cost
        if self.bond != plain.bond:
            mapping["bond"] = show(self.bond)
        for name in ("window", "max_rounds"):
            if getattr(self, name) != getattr(plain, name):
                mapping[name] = getattr(self, name)
        names = {"agents": self.agent_names, "tasks": self.task_names}
        defaults = {"agents": plain.agent_names, "tasks": plain.task_names}
        if given := {key: list(value) for key, value in names.items() if value != defaults[key]}:
            mapping["names"] = given
        return mapping

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Pickling, for worker processes, makes arrays writable.
        self.__dict__.update(state)
        for matrix in (self.contracted, self.capacity, self.allocation):
            if matrix is not None:
                matrix.setflags(write=False)


def _locked(key: str, matrix: ArrayLike) -> Matrix:
    values = np.array(matrix, dtype=np.int64)
    if values.ndim != 2 or 0 in values.shape:
        raise ProblemError("", key, "is not a matrix (rows are agents, columns task types)")
    if (values < 0).any():
        i, t = (int(k) for k in np.argwhere(values < 0)[0])
        raise ProblemError("", f"{key}[{i}][{t}]", f"{values[i, t]} is negative")
    values.setflags(write=False)
    return values


def _check_shape(key: str, matrix: Matrix, like: Matrix) -> None:
    if matrix.shape != like.shape:
        rows, columns = matrix.shape
        reason = f"{rows} × {columns}, but contracted is {like.shape[0]} × {like.shape[1]}"
        raise ProblemError("", key, reason)


load_problem = Problem.load


def example_1() -> Problem:
    """Build the paper's Example 1: five agents, five task types, f(z) = z², with δ = 9/10 and p*."""
    contracted = np.diag([9, 5, 4, 2, 1])
    capacity = [[9, 0, 0, 0, 0], [2, 5, 0, 0, 0], [2, 2, 4, 0, 0], [1, 2, 1, 2, 0], [1, 1, 2, 1, 1]]
    return Problem(
        contracted=contracted,
        capacity=np.array(capacity),
        costs=(Quadratic(Fraction(1)),),
        continuation=Fraction(9, 10),
    )
