"""The keys of a coordination problem file, their checks and error messages."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from parley.core.keys import As, Keys, Matrix, Names, Number, Whole, Window
from parley.mechanisms.coordination.costs import Cost, Piecewise, Power, Quadratic
from parley.mechanisms.coordination.recognition import RECOGNITION


class _Quadratic(Keys):
    """The cost of a workload z is quadratic · z² + linear · z."""

    type: Literal["quadratic"]
    quadratic: Number
    """Coefficient of z², above 0.

    Unit: cost per task²
    Example: 1
    """
    linear: Number = Fraction(0)
    """Coefficient of z, at least 0.

    Unit: cost per task
    Example: 2
    """

    def cost(self) -> Cost:
        return Quadratic(self.quadratic, self.linear)


class _Power(Keys):
    """The cost of a workload z is coefficient · z^exponent + linear · z."""

    type: Literal["power"]
    coefficient: Number
    """Coefficient of the power, above 0.

    Unit: cost per task^exponent
    Example: "1/4"
    """
    exponent: Whole
    """Exponent, from 2 to 8.

    Example: 3
    """
    linear: Number = Fraction(0)
    """Coefficient of z, at least 0.

    Unit: cost per task
    Example: 2
    """

    def cost(self) -> Cost:
        return Power(self.coefficient, self.exponent, self.linear)


class _Piecewise(Keys):
    """Each task costs the slope of the piece that it falls into."""

    type: Literal["piecewise"]
    breakpoints: list[Number]
    """Workloads at which pieces begin, in increasing order; the first one is 0.

    Unit: tasks
    Example: [0, 5, 10]
    """
    slopes: list[Number]
    """Cost per task in each piece, in increasing order.

    Unit: cost per task
    Example: [1, 2, 4]
    """

    def cost(self) -> Cost:
        return Piecewise(tuple(self.breakpoints), tuple(self.slopes))


CostEntry = Annotated[_Quadratic | _Power | _Piecewise, Field(discriminator="type")]


class NameKeys(Keys):
    """Names of agents and task types for tables."""

    agents: Names = None
    """Names of the agents, in order.

    Default: "agent 1", "agent 2", …
    Example: ["Ann", "Ben", "Cleo"]
    """
    tasks: Names = None
    """Names of the task types, in order.

    Default: "type 1", "type 2", …
    Example: ["simple", "normal", "difficult"]
    """


class ProblemKeys(Keys):
    """All keys of a coordination problem. Matrices are read by `read_matrix`, entry by entry."""

    kind: Literal["coordination"]
    contracted: Matrix
    """Tasks that each agent has a contract for: a row for each agent, a column for each task type.

    Agents announce in this order, and tasks move to later agents only.
    Unit: tasks
    Example:
        [
            [6, 0, 0],
            [0, 4, 0],
            [0, 0, 2],
        ]
    """
    capacity: Matrix
    """The most tasks that each agent can do: rows and columns as in `contracted`.

    An agent can do what it has contracted, so no entry is below that of `contracted`. Capacity for tasks that
    only later agents have contracted is never used.
    Unit: tasks
    Example:
        [
            [6, 0, 0],
            [3, 4, 0],
            [2, 2, 2],
        ]
    """
    costs: list[CostEntry]
    """The cost of a workload: one function for all agents, or one for each.

    Example: [{ type = "quadratic", quadratic = 1, linear = 0 }]
    """
    continuation: Number
    """The probability that a new proposer is drawn after a refusal, from 0 to below 1.

    Otherwise bargaining breaks down, and every agent does its contracted tasks.
    Example: "9/10"
    """
    recognition: Annotated[str, As(lambda: Literal[*RECOGNITION])]
    """How announcements set each agent's chance to propose: the recognition function.

    Example: "p-star"
    """
    unit: Whole = 1
    """Units per task: quantities are whole numbers of 1/unit task.

    Example: 2
    """
    allocation: Matrix = None
    """The cost-effective allocation to announce, if there are several: rows and columns as in `contracted`.

    Unit: tasks
    Default: workloads as large as possible for the first agent, then the second, and so on
    Example:
        [
            [2, 0, 0],
            [2, 2, 0],
            [2, 2, 2],
        ]
    """
    wei_per_cost: Whole | None = None
    """Money on chain for one unit of cost.

    Unit: wei
    Default: the least multiple of 10^9 with which every cost is a whole number of wei
    Example: 1000000000
    """
    bond: Number | None = None
    """What an agent pays before it announces, and loses if it misses a deadline.

    Unit: cost
    Default: 1% of the cost of the contracts
    Example: 1
    """
    window: Window | None = None
    """Time for each step on chain, from 60 to 2592000.

    Unit: seconds
    Default: 3600
    Example: 7200
    """
    max_rounds: Whole | None = None
    """The most rounds of bargaining, from 1 to 65535; the limit changes no expected cost.

    Default: 65535
    Example: 100
    """
    names: NameKeys = NameKeys()
