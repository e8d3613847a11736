"""The keys of a screening problem file, and the reading of its lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from parley.core import keys
from parley.core.errors import ProblemError, shorten
from parley.core.keys import As, Keys, Matrix, Names, Number, Whole, Window
from parley.core.limits import DEFAULT_WINDOW
from parley.mechanisms.screening.market import REMEDIAL, Menu
from parley.mechanisms.screening.preferences import Discrete, Lognormal, Preferences, Uniform
from parley.mechanisms.screening.rays import Vector, given_up, is_ray

if TYPE_CHECKING:
    from fractions import Fraction

DesignName = Literal["finite", "large", "two-price", "bilateral"]


class UniformKeys(Keys):
    """Types uniform on a box."""

    type: Literal["uniform"]
    low: list[Number]
    """The least cost of each task, above 0.

    Unit: workload per task
    Example: [1, 1]
    """
    high: list[Number]
    """The greatest cost of each task.

    Unit: workload per task
    Example: [2, 2]
    """

    def preferences(self, place: str, tasks: int) -> Preferences:
        """Return the distribution; raises `ProblemError`."""
        low = _positive(f"{place}.low", self.low, tasks)
        high = _positive(f"{place}.high", self.high, tasks)
        for i, (least, most) in enumerate(zip(low, high, strict=True)):
            if most < least:
                raise ProblemError("", f"{place}.high[{i}]", f"{most} is below {least}, the lowest cost")
        return Uniform(low, high)


class DiscreteKeys(Keys):
    """Finitely many types."""

    type: Literal["discrete"]
    types: list[list[Number]]
    """Each type's cost of each task, above 0.

    Unit: workload per task
    Example: [[1, 2], [2, 1]]
    """
    weights: list[Number]
    """The weight of each type, above 0; weights are divided by their sum.

    Example: [1, 3]
    """

    def preferences(self, place: str, tasks: int) -> Preferences:
        """Return the distribution; raises `ProblemError`."""
        if not self.types:
            raise ProblemError("", f"{place}.types", "empty")
        types = tuple(_positive(f"{place}.types[{k}]", kind, tasks) for k, kind in enumerate(self.types))
        weights = _positive(f"{place}.weights", self.weights, len(types), "types")
        return Discrete(types, weights)


class LognormalKeys(Keys):
    """Types whose logarithms are jointly normal."""

    type: Literal["lognormal"]
    mean: list[Number]
    """The mean of the logarithm of each task's cost.

    Example: [0, 0]
    """
    covariance: list[list[Number]]
    """The covariance of these logarithms: symmetric and positive definite.

    Example: [["1/4", 0], [0, "1/4"]]
    """

    def preferences(self, place: str, tasks: int) -> Preferences:
        """Return the distribution; raises `ProblemError`."""
        mean = _vector(f"{place}.mean", self.mean, tasks)
        key = f"{place}.covariance"
        if len(self.covariance) != tasks:
            raise ProblemError("", key, f"{len(self.covariance)} rows for {tasks} tasks")
        matrix = tuple(_vector(f"{key}[{i}]", row, tasks) for i, row in enumerate(self.covariance))
        for i, row in enumerate(matrix):
            for k, x in enumerate(row):
                if x != matrix[k][i]:
                    raise ProblemError("", f"{key}[{i}][{k}]", f"{x} is not {matrix[k][i]}: not symmetric")
        if not _is_positive_definite(matrix):
            raise ProblemError("", key, "not positive definite")
        return Lognormal(mean, matrix)


Entry = Annotated[UniformKeys | DiscreteKeys | LognormalKeys, Field(discriminator="type")]


def _listed(value: object) -> object:
    return [value] if isinstance(value, Mapping) else value


class DesignKeys(Keys):
    """How menus are designed."""

    market: DesignName = "finite"
    """The market that menus are designed for.

    Example: "large"
    """
    seed: Whole = 0
    """Seed of the search.

    Example: 1
    """


class NameKeys(Keys):
    """Names of agents and tasks for tables."""

    agents: Names = None
    """Names of the agents, in order.

    Default: "agent 1", "agent 2", …
    Example: ["Ann", "Ben", "Cleo"]
    """
    tasks: Names = None
    """Names of the tasks, in order.

    Default: "task 1", "task 2", …
    Example: ["simple", "difficult"]
    """


class ProblemKeys(Keys):
    """All keys of a screening problem. Matrices and menus are read entry by entry."""

    kind: Literal["screening"]
    social_costs: Matrix
    """What one case of each task costs society with each agent: a row for each agent, a column for each task.

    Unit: social cost per case
    Example:
        [
            [1, 3],
            [2, 2],
            [3, 1],
        ]
    """
    status_quo: Matrix
    """The cases that each agent has now: rows and columns as in `social_costs`.

    Unit: cases
    Example:
        [
            [2, 2],
            [2, 2],
            [2, 2],
        ]
    """
    preferences: Annotated[list[Entry], BeforeValidator(_listed), As(list[Entry] | Entry)]
    """What tasks may cost an agent in workload: one distribution for all agents, or a list with one for each.

    Example: { type = "uniform", low = [1, 1], high = [2, 2] }
    """
    menus: Annotated[list[Any] | None, As(list[list[list[Number]] | Literal["remedial"]])] = None
    """The menu of each agent: a list of rays, or "remedial".

    A ray is a change that an agent may choose: [1, "-6/5"] takes one case of the first task for each 6/5 of
    the second. A remedial agent gives up whatever it is asked to.
    Default: menus are designed
    Usual:
        [
            [[1, "-6/5"], [-1, "3/2"]],
            [[1, "-4/5"], [-1, "5/4"]],
            [[1, "-3/4"], [-1, 1]],
        ]
    """
    design: DesignKeys | None = None
    """How menus are designed; not together with `menus`."""
    unit: Whole | None = None
    """Units per case on chain, where quantities are whole units.

    Default: the least number with which nothing is rounded, or else the largest that fits
    Example: 1000
    """
    window: Window = DEFAULT_WINDOW
    """Time for each step on chain, from 60 to 2592000.

    Unit: seconds
    Example: 7200
    """
    names: NameKeys = NameKeys()


def read_matrix(
    key: str, value: object, shape: tuple[int, int] | None, *, signed: bool
) -> tuple[Vector, ...]:
    """Read a matrix of numbers, agents × tasks.

    Parameters
    ----------
    key : str
        Key in the file, for messages.
    shape : (agents, tasks) or None
        None for any.
    signed : bool
        Whether numbers may be negative.

    Raises
    ------
    ProblemError
        Naming the entry that is wrong.

    Examples
    --------
    >>> read_matrix("status_quo", [["1/2", 0]], (1, 2), signed=False)
    ((Fraction(1, 2), Fraction(0, 1)),)
    """
    table = keys.rows(key, value)
    agents, tasks = shape or (len(table), len(table[0]))
    if tasks < 2:
        raise ProblemError("", f"{key}[0]", "a market needs at least two tasks")
    if len(table) != agents:
        raise ProblemError("", key, f"{len(table)} rows for {agents} agents")
    read = []
    for j, row in enumerate(table):
        if len(row) != tasks:
            raise ProblemError("", f"{key}[{j}]", f"{len(row)} entries for {tasks} tasks")
        places = [f"{key}[{j}][{i}]" for i in range(tasks)]
        if signed:
            read.append(tuple(_number(place, entry) for place, entry in zip(places, row, strict=True)))
        else:
            read.append(tuple(keys.amount(place, entry) for place, entry in zip(places, row, strict=True)))
    return tuple(read)


def read_menus(value: list[Any], status_quo: tuple[Vector, ...]) -> tuple[Menu, ...]:
    """Read the menus of all agents: lists of rays, or "remedial".

    Raises
    ------
    ProblemError
        If a menu is no list of rays, or a ray is monotone or has no length.

    Examples
    --------
    >>> from fractions import Fraction
    >>> read_menus([[[1, "-1/2"]], "remedial"], ((Fraction(1), Fraction(1)),) * 2)[0].rays
    ((Fraction(1, 1), Fraction(-1, 2)),)
    """
    if len(value) != len(status_quo):
        raise ProblemError("", "menus", f"{len(value)} menus for {len(status_quo)} agents")
    return tuple(
        _menu(f"menus[{j}]", entry, eta) for j, (entry, eta) in enumerate(zip(value, status_quo, strict=True))
    )


def _menu(place: str, value: object, eta: Vector) -> Menu:
    if value == "remedial":
        return REMEDIAL
    if not isinstance(value, list | tuple):
        raise ProblemError("", place, f'{shorten(value)} is neither a list of rays nor "remedial"')
    return Menu(tuple(_ray(f"{place}[{k}]", entry, eta) for k, entry in enumerate(value)))


def _ray(place: str, value: object, eta: Vector) -> Vector:
    if not isinstance(value, list | tuple):
        raise ProblemError("", place, f"{shorten(value)} is not a ray (a list of numbers)")
    ray = _vector(place, [_number(f"{place}[{i}]", entry) for i, entry in enumerate(value)], len(eta))
    if not is_ray(ray):
        lacks = "gives up no task" if min(ray) >= 0 else "takes no task"
        raise ProblemError("", place, f"{lacks}; a ray has a positive and a negative number")
    for i in sorted(given_up(ray)):
        if not eta[i]:
            reason = "gives up a task of which the status quo has none"
            raise ProblemError("", f"{place}[{i}]", reason)
    return ray


def _number(place: str, value: object) -> Fraction:
    try:
        return keys.number(value)
    except ValueError as error:
        raise ProblemError("", place, str(error)) from None


def _vector(place: str, numbers: list[Fraction], count: int, what: str = "tasks") -> Vector:
    if len(numbers) != count:
        raise ProblemError("", place, f"{len(numbers)} entries for {count} {what}")
    return tuple(numbers)


def _positive(place: str, numbers: list[Fraction], count: int, what: str = "tasks") -> Vector:
    for i, number in enumerate(_vector(place, numbers, count, what)):
        if number <= 0:
            raise ProblemError("", f"{place}[{i}]", f"{number} is not above 0")
    return tuple(numbers)


def _is_positive_definite(matrix: tuple[Vector, ...]) -> bool:
    """Eliminate: the matrix is positive definite if and only if all pivots are positive."""
    rows = [list(row) for row in matrix]
    for k, pivot_row in enumerate(rows):
        if pivot_row[k] <= 0:
            return False
        for row in rows[k + 1 :]:
            factor = row[k] / pivot_row[k]
            row[:] = [a - factor * b for a, b in zip(row, pivot_row, strict=True)]
    return True
