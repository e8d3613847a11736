"""Random families of problems: what is drawn, from which distributions, and how.

A problem of a family comes from (seed, number of the draw) alone, and does not depend on recognition function
or continuation probability: these can be compared on the same problems.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from parley.core.errors import ProblemError
from parley.core.keys import As, Keys, Number, Whole
from parley.mechanisms.coordination.costs import Cost, Piecewise, Power, Quadratic
from parley.mechanisms.coordination.experiment.streams import Purpose, stream
from parley.mechanisms.coordination.problem import Problem

__all__ = ["Distribution", "Family", "draw"]

MOST_TRIES = 1_000
"""Draws after which a family that never contracts anything is given up."""


class Distribution(Keys):
    """Where a number comes from: one of these. A number by itself stands for that number."""

    uniform: tuple[Whole, Whole] | None = None
    """A whole number from the first to the second, both included.

    Default: none
    Example: [1, 9]
    """
    poisson: Annotated[Number, Field(ge=0, le=10**6)] | None = None
    """A whole number with a Poisson distribution of this mean.

    Default: none
    Example: 4
    """
    values: list[Number] | None = None
    """One of these, all equally likely.

    Default: none
    Example: [1, 2, 5]
    """

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in ("uniform", "poisson", "values") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"has {' and '.join(given) or 'none'}; must have one of uniform, poisson or values"
            )
        if self.uniform is not None and not 0 <= self.uniform[0] <= self.uniform[1] < 2**31:
            raise ValueError(f"uniform: {list(self.uniform)} is not a range within 0..2^31")
        if self.values is not None and (not self.values or min(self.values) < 0):
            raise ValueError("values: must be a list of numbers, none negative")
        return self

    def draw(self, random: np.random.Generator) -> Fraction:
        """Draw one number."""
        if self.uniform is not None:
            return Fraction(int(random.integers(self.uniform[0], self.uniform[1], endpoint=True)))
        if self.poisson is not None:
            return Fraction(int(random.poisson(float(self.poisson))))
        values = self.values or []
        return values[int(random.integers(len(values)))]


def _constant(value: object) -> object:
    return value if isinstance(value, Mapping | Distribution) else {"values": [value]}


Drawn = Annotated[Distribution, BeforeValidator(_constant), As(Distribution | Fraction)]


def _always(value: int) -> Distribution:
    return Distribution(values=[Fraction(value)])


class CostFamily(Keys):
    """Cost functions: a kind, and where its numbers come from.

    Quadratic and power costs are coefficient · z^exponent + linear · z. Piecewise costs have slopes that rise
    at each breakpoint (in tasks) by an increment drawn for it.
    """

    type: Literal["quadratic", "power", "piecewise"] = "quadratic"
    """The type of the cost functions.

    Example: "power"
    """
    shared: bool = True
    """Whether all agents have the same function.

    Example: false
    """
    coefficient: Drawn = _always(1)
    """Coefficient of the square or the power.

    Default: 1
    Example: { values = [1, 2] }
    """
    linear: Drawn = _always(0)
    """Coefficient of the workload.

    Default: 0
    Example: { uniform = [0, 2] }
    """
    exponent: Drawn = _always(3)
    """Exponent of a power, from 2 to 8.

    Default: 3
    Example: 4
    """
    breakpoints: list[Whole] = Field(default=[5, 10])
    """Workloads at which the slope of a piecewise function rises.

    Unit: tasks
    Example: [5, 10]
    """
    slope: Drawn = Distribution(uniform=(1, 5))
    """The first slope of a piecewise function.

    Unit: cost per task
    Default: { uniform = [1, 5] }
    Example: { uniform = [1, 3] }
    """
    increment: Drawn = Distribution(uniform=(1, 5))
    """By how much the slope rises at each breakpoint.

    Unit: cost per task
    Default: { uniform = [1, 5] }
    Example: { uniform = [1, 3] }
    """

    @property
    def unused(self) -> list[str]:
        """The given keys that its type does not use."""
        drawn = (
            ["slope", "increment", "breakpoints"] if self.type == "piecewise" else ["coefficient", "linear"]
        )
        used = {"type", "shared", *drawn, *(["exponent"] if self.type == "power" else [])}
        return [name for name in type(self).model_fields if name in self.model_fields_set - used]

    def draw(self, random: np.random.Generator) -> Cost:
        """Draw one cost function."""
        if self.type == "piecewise":
            slopes = [self.slope.draw(random)]
            for _ in self.breakpoints:
                slopes.append(slopes[-1] + self.increment.draw(random))
            return Piecewise((Fraction(0), *map(Fraction, self.breakpoints)), tuple(slopes))
        coefficient, linear = self.coefficient.draw(random), self.linear.draw(random)
        if self.type == "quadratic":
            return Quadratic(coefficient, linear)
        exponent = self.exponent.draw(random)
        if exponent.denominator != 1:
            raise ProblemError("", "costs.exponent", f"{exponent} is not a whole number")
        return Power(coefficient, int(exponent), linear)


class Family(Keys):
    """A random family of problems, in whole tasks.

    In the special domain every task type is contracted by one agent, drawn for it, and agents before that
    one cannot do it; in the general domain every agent contracts on every type. `capacity` is what an agent
    could do of a type beyond what it has contracted: with probability `density` something is drawn, else it
    is 0. (In the special domain, of types that are contracted by an agent before it.)
    """

    agents: Annotated[Whole, Field(ge=2, le=64)]
    """Number of agents.

    Unit: agents
    Example: 4
    """
    task_types: Annotated[Whole, Field(ge=1, le=64)]
    """Number of task types.

    Unit: task types
    Example: 6
    """
    domain: Literal["special", "general"] = "special"
    """Whether each task type is contracted by one agent (`special`) or by all (`general`).

    Example: "general"
    """
    contracted: Drawn = Distribution(uniform=(1, 9))
    """Contracted tasks of a type: a number, or a distribution.

    Unit: tasks
    Default: { uniform = [1, 9] }
    Example: { poisson = 5 }
    """
    capacity: Drawn = Distribution(uniform=(1, 9))
    """What an agent can do of a type beyond its contracted tasks: a number, or a distribution.

    Unit: tasks
    Default: { uniform = [1, 9] }
    Example: { uniform = [2, 4] }
    """
    density: Annotated[Number, Field(ge=0, le=1)] = Fraction(1)
    """The probability that an agent has such capacity.

    Example: "1/2"
    """
    costs: CostFamily = CostFamily()
    """How cost functions are drawn."""
    recognition: str = "p-star"
    """The recognition function.

    Example: "equal"
    """
    continuation: Number = Fraction(9, 10)
    """The continuation probability.

    Example: "1/2"
    """
    draws: Annotated[Whole, Field(ge=1)] = 1
    """How many problems are drawn.

    Unit: problems
    Example: 10
    """


def draw(family: Family, seed: int, number: int) -> Problem:
    """Draw a problem of a family.

    Parameters
    ----------
    seed, number : int
        From which it follows.

    Raises
    ------
    ProblemError
        If what is drawn is no problem that a game on chain can take, naming the family's key.

    Examples
    --------
    >>> problem = draw(Family(agents=3, task_types=4), seed=1, number=0)
    >>> problem.in_special_domain, problem.contracted.shape
    (True, (3, 4))
    """
    for attempt in range(MOST_TRIES):
        random = stream(seed, Purpose.FAMILY, number, attempt)
        D, C = _matrices(family, random)
        if D.any():
            break
    else:
        raise ProblemError("", "contracted", f"no contracts in {MOST_TRIES} draws")
    first = family.costs.draw(random)
    costs = (first, *(first if family.costs.shared else family.costs.draw(random) for _ in D[1:]))
    problem = Problem(
        contracted=D,
        capacity=C,
        costs=costs,
        continuation=family.continuation,
        recognition=family.recognition,
    )
    problem.check_playable()
    return problem


def _matrices(
    family: Family, random: np.random.Generator
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    n, m = family.agents, family.task_types
    D, room = np.zeros((n, m), dtype=np.int64), np.zeros((n, m), dtype=np.int64)
    special = family.domain == "special"
    for t in range(m):
        contractor = int(random.integers(n)) if special else -1
        for i in range(n):
            if not special or i == contractor:
                D[i, t] = _whole("contracted", family.contracted.draw(random))
            if i > contractor and random.random() < float(family.density):
                room[i, t] = _whole("capacity", family.capacity.draw(random))
    return D, D + room


def _whole(key: str, number: Fraction) -> int:
    if number.denominator != 1:
        raise ProblemError("", key, f"{number} is not a whole number of tasks")
    return int(number)
