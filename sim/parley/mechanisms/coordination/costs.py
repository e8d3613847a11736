"""Cost functions f_i: strictly increasing and convex in the workload z, the total number of tasks done.

Each kind uses tasks, as in the paper, and can be converted to the contract's integers: q whole units are q /
unit tasks, and one unit of cost is `wei_per_cost` wei.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import lcm
from typing import Any, NamedTuple

from parley.core.errors import ProblemError
from parley.core.exact import show, show_all

MIN_EXPONENT, MAX_EXPONENT = 2, 8
# Maximum number of pieces of one cost function in the contract.
MAX_BREAKPOINTS = 16


class CostKind(IntEnum):
    """The kinds in the order of the contract's enumeration."""

    QUADRATIC = 0
    POWER = 1
    PIECEWISE = 2


class ChainCost(NamedTuple):
    """The contract's `Cost` struct, field by field: a function of whole units, in wei."""

    kind: int
    exponent: int
    denominator: int
    coefficient: int
    linear: int
    breakpoints: tuple[int, ...]
    slopes: tuple[int, ...]

    def wei(self, load: int) -> int:
        """f(load) in wei, computed as the contract computes it.

        Examples
        --------
        >>> ChainCost(0, 0, 2, 1, 1, (), ()).wei(3)
        6
        """
        if self.kind == CostKind.PIECEWISE:
            total = 0
            for k, (start, slope) in enumerate(zip(self.breakpoints, self.slopes, strict=True)):
                if load <= start:
                    break
                end = self.breakpoints[k + 1] if k + 1 < len(self.breakpoints) else load
                total += slope * (min(load, end) - start)
            return total
        exponent = 2 if self.kind == CostKind.QUADRATIC else self.exponent
        wei: int = (self.coefficient * load**exponent + self.linear * load) // self.denominator
        return wei


class Cost(ABC):
    """One agent's cost function f, with f(0) = 0."""

    @abstractmethod
    def __call__(self, tasks: Fraction | int) -> Fraction:
        """f(tasks), exactly, for any number of tasks at or above zero."""

    @abstractmethod
    def to_mapping(self) -> dict[str, Any]:
        """Return its keys in a problem file."""

    @abstractmethod
    def check(self, key: str) -> None:
        """Raise ProblemError at `key` unless the function is increasing and convex."""

    @abstractmethod
    def whole_at(self, unit: int) -> int:
        """Find the smallest w for which w·f is an integer at every whole number of units.

        The other solutions are the multiples of w.
        """

    @abstractmethod
    def on_chain(self, unit: int, wei_per_cost: int) -> ChainCost:
        """Return the contract's form; `ValueError` if a whole workload does not cost whole wei."""


@dataclass(frozen=True)
class Power(Cost):
    """f(z) = coefficient · z^exponent + linear · z.

    Examples
    --------
    >>> Power(Fraction(1, 2), 3, Fraction(0))(2)
    Fraction(4, 1)
    """

    coefficient: Fraction
    exponent: int
    linear: Fraction = Fraction(0)

    _names = ("coefficient", "exponent", "linear")

    def __call__(self, tasks: Fraction | int) -> Fraction:  # noqa: D102 - see the base
        return Fraction(self.coefficient * tasks**self.exponent + self.linear * tasks)

    def to_mapping(self) -> dict[str, Any]:  # noqa: D102 - see the base
        return {
            "type": "power",
            "coefficient": show(self.coefficient),
            "exponent": self.exponent,
            "linear": show(self.linear),
        }

    def check(self, key: str) -> None:  # noqa: D102 - see the base
        if not MIN_EXPONENT <= self.exponent <= MAX_EXPONENT:
            reason = f"{self.exponent} is outside {MIN_EXPONENT}..{MAX_EXPONENT}"
            raise ProblemError("", f"{key}.exponent", reason)
        if self.coefficient <= 0:
            reason = f"{self.coefficient} is not above 0, so the cost is not strictly convex"
            raise ProblemError("", f"{key}.{self._names[0]}", reason)
        if self.linear < 0:
            reason = f"{self.linear} is below 0, so the cost is not increasing everywhere"
            raise ProblemError("", f"{key}.linear", reason)

    def whole_at(self, unit: int) -> int:  # noqa: D102 - see the base
        # A polynomial of degree k is an integer at every whole number if and only if it is at k + 1
        # consecutive ones (its differences up to order k are then integers, and generate all values); f(0) =
        # 0 is one.
        return lcm(*(self(Fraction(q, unit)).denominator for q in range(1, self.exponent + 1)))

    def on_chain(self, unit: int, wei_per_cost: int) -> ChainCost:  # noqa: D102 - see the base
        if wei_per_cost % self.whole_at(unit):
            raise ValueError("not a whole number of wei at every workload")
        coefficient = self.coefficient * wei_per_cost / unit**self.exponent
        linear = self.linear * wei_per_cost / unit
        # The k-th difference, k!·coefficient, is an integer, and so is coefficient + linear: the common
        # denominator divides k!, at most 40,320, and fits the contract's 16 bits.
        denominator = lcm(coefficient.denominator, linear.denominator)
        return self._struct(denominator, int(coefficient * denominator), int(linear * denominator))

    def _struct(self, denominator: int, coefficient: int, linear: int) -> ChainCost:
        return ChainCost(CostKind.POWER, self.exponent, denominator, coefficient, linear, (), ())


class Quadratic(Power):
    """f(z) = quadratic · z² + linear · z.

    Examples
    --------
    >>> Quadratic(Fraction(1))(9)
    Fraction(81, 1)
    """

    _names = ("quadratic", "exponent", "linear")

    def __init__(self, quadratic: Fraction, linear: Fraction = Fraction(0)) -> None:
        super().__init__(quadratic, 2, linear)

    def to_mapping(self) -> dict[str, Any]:  # noqa: D102 - see the base
        return {"type": "quadratic", "quadratic": show(self.coefficient), "linear": show(self.linear)}

    def _struct(self, denominator: int, coefficient: int, linear: int) -> ChainCost:
        return ChainCost(CostKind.QUADRATIC, 0, denominator, coefficient, linear, (), ())


@dataclass(frozen=True)
class Piecewise(Cost):
    """f is continuous with f(0) = 0 and slope `slopes[k]` from `breakpoints[k]` tasks on.

    Examples
    --------
    >>> Piecewise((Fraction(0), Fraction(5)), (Fraction(1), Fraction(2)))(7)
    Fraction(9, 1)
    """

    breakpoints: tuple[Fraction, ...]
    slopes: tuple[Fraction, ...]

    @cached_property
    def _at_breakpoints(self) -> tuple[Fraction, ...]:
        values = [Fraction(0)]
        for (start, end), slope in zip(pairwise(self.breakpoints), self.slopes, strict=False):
            values.append(values[-1] + slope * (end - start))
        return tuple(values)

    def __call__(self, tasks: Fraction | int) -> Fraction:  # noqa: D102 - see the base
        k = bisect_right(self.breakpoints, tasks) - 1
        return self._at_breakpoints[k] + self.slopes[k] * (tasks - self.breakpoints[k])

    def to_mapping(self) -> dict[str, Any]:  # noqa: D102 - see the base
        return {
            "type": "piecewise",
            "breakpoints": show_all(self.breakpoints),
            "slopes": show_all(self.slopes),
        }

    def check(self, key: str) -> None:  # noqa: D102 - see the base
        if len(self.breakpoints) != len(self.slopes):
            reason = f"{len(self.slopes)} slopes for {len(self.breakpoints)} breakpoints"
            raise ProblemError("", f"{key}.slopes", reason)
        if not 1 <= len(self.breakpoints) <= MAX_BREAKPOINTS:
            reason = f"{len(self.breakpoints)} entries, must be 1 to {MAX_BREAKPOINTS}"
            raise ProblemError("", f"{key}.breakpoints", reason)
        if self.breakpoints[0] != 0:
            raise ProblemError("", f"{key}.breakpoints[0]", f"{self.breakpoints[0]} must be 0")
        if self.slopes[0] <= 0:
            reason = f"{self.slopes[0]} is not above 0, so the cost is not increasing"
            raise ProblemError("", f"{key}.slopes[0]", reason)
        for name, values, why in (
            ("breakpoints", self.breakpoints, ""),
            ("slopes", self.slopes, ", so the cost is not convex"),
        ):
            for k, (before, after) in enumerate(pairwise(values), start=1):
                if after <= before:
                    reason = f"{after} is not above the one before it, {before}{why}"
                    raise ProblemError("", f"{key}.{name}[{k}]", reason)

    def whole_at(self, unit: int) -> int:  # noqa: D102 - see the base
        return lcm(*((slope / unit).denominator for slope in self.slopes))

    def on_chain(self, unit: int, wei_per_cost: int) -> ChainCost:  # noqa: D102 - see the base
        if wei_per_cost % self.whole_at(unit):
            raise ValueError("not a whole number of wei at every workload")
        breakpoints = tuple(int(start * unit) for start in self.breakpoints)
        slopes = tuple(int(slope * wei_per_cost / unit) for slope in self.slopes)
        return ChainCost(CostKind.PIECEWISE, 0, 0, 0, 0, breakpoints, slopes)
