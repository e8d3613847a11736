"""Axes of trade: groups of agents, each with one axis along which its members trade.

An *axis* is a vector v of whole numbers with positive and negative coordinates. A member of its group gets
the menu {v, −v}, at full length, and so it may go either way. Rays of one axis clear in pairs, whatever their
lengths; agent-specific rays rarely clear. All coordinates divide one number L. So endpoints are whole in
units of 1/L tasks, and rounding costs nothing.

Groups clear separately, so the played cost of a group is cheap to compute: two sorted sides are matched. The
search starts from random groups and axes, and changes one agent's group or one axis at a time; when
nothing gains any more, it draws a part anew and goes on from there, if that leads to less cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.screening.design.compiled import traded
from parley.mechanisms.screening.market import Menu
from parley.mechanisms.screening.rays import full_length, given_up, is_ray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from parley.mechanisms.screening.design.numbers import Floats, Numbers
    from parley.mechanisms.screening.rays import Vector

__all__ = ["Axes", "levels_of", "menus_along", "random_axis", "search", "value_of"]

FIRST = 30
"""Random axes among which a group's first axis is chosen."""


@dataclass(frozen=True)
class Axes:
    """Groups and their axes."""

    change: float
    """Mean change of social cost on the sample of the search."""
    axes: tuple[tuple[int, ...], ...]
    groups: tuple[int, ...]
    """The axis of each agent."""


def levels_of(whole: int) -> NDArray[np.int64]:
    """Return the divisors of L that are used as coordinates, ascending.

    Examples
    --------
    >>> levels_of(60).tolist(), levels_of(1).tolist()
    ([2, 3, 4, 5, 6, 10, 12, 15, 20, 30], [1])
    """
    middle = whole**0.5
    found = [d for d in range(1, whole + 1) if whole % d == 0 and middle / 5 <= d <= 4 * middle]
    return np.array(found, dtype=np.int64)


def random_axis(tasks: int, levels: NDArray[np.int64], dice: np.random.Generator) -> Floats:
    """Draw an axis that takes about as much as it gives up."""
    axis, order = np.zeros(tasks), dice.permutation(tasks)
    up = int(dice.integers(1, max(tasks // 2, 1) + 1))
    down = int(dice.integers(max(1, up - 1), min(tasks - up, up + 1) + 1))
    size = float(dice.choice(levels))
    axis[order[:up]] = size
    axis[order[up : up + down]] = -levels[np.argmin(np.abs(levels - size * up / down))]
    return axis


class _Search:
    """One search, from one random start."""

    def __init__(
        self,
        numbers: Numbers,
        types: Floats,
        start: int | Axes,
        levels: NDArray[np.int64],
        dice: np.random.Generator,
    ) -> None:
        self.numbers, self.types, self.levels, self.dice = numbers, types, levels, dice
        if isinstance(start, Axes):
            self.axes, self.groups = np.array(start.axes, dtype=float), np.array(start.groups)
        else:
            self.axes = np.zeros((start, numbers.tasks))
            self.groups = dice.integers(0, start, numbers.agents)
            everybody = np.arange(numbers.agents)
            for g in range(start):
                drawn = [self.random_axis() for _ in range(FIRST)]
                if g == 0 or dice.random() < 0.5:
                    self.axes[g] = min(drawn, key=lambda axis: self.value(everybody, axis))
                else:
                    self.axes[g] = drawn[0]
        self.values = self.all_values()

    def all_values(self) -> Floats:
        return np.array([self.value(self.members(g), self.axes[g]) for g in range(len(self.axes))])

    def members(self, g: int) -> NDArray[np.int64]:
        return np.nonzero(self.groups == g)[0]

    def value(self, members: NDArray[np.int64], axis: Floats) -> float:
        return value_of(self.numbers, self.types, members, axis)

    def nearest(self, size: float) -> int:
        return int(np.argmin(np.abs(self.levels - size)))

    def random_axis(self) -> Floats:
        return random_axis(self.numbers.tasks, self.levels, self.dice)

    def bump(self, axis: Floats, i: int, furthest: int) -> None:
        """Move a coordinate by a few levels."""
        step = int(self.dice.integers(1, furthest + 1)) * (1 if self.dice.random() < 0.5 else -1)
        place = min(max(self.nearest(abs(axis[i])) + step, 0), self.levels.size - 1)
        axis[i] = np.sign(axis[i]) * self.levels[place]

    def varied(self, axis: Floats) -> Floats:
        """Change an axis a little."""
        axis, dice = axis.copy(), self.dice
        i, k = dice.integers(0, axis.size, 2)
        way = dice.random()
        if way < 0.45 and axis[i]:
            self.bump(axis, i, 3)
            if dice.random() < 0.3 and axis[k] and k != i:
                self.bump(axis, k, 2)
        elif way < 0.7:
            axis[i] = 0 if axis[i] else dice.choice([-1, 1]) * dice.choice(self.levels)
            if dice.random() < 0.5 and axis[k]:
                self.bump(axis, k, 5)
        elif way < 0.8:
            axis[i] = -axis[i]
        elif way < 0.95:
            axis[i], axis[k] = axis[k], axis[i]
        else:
            return self.random_axis()
        return axis

    def step(self) -> bool:
        """Try a change, and keep it if it gains."""
        count, dice = len(self.axes), self.dice
        if count > 1 and dice.random() < 0.4:
            j, h = int(dice.integers(self.numbers.agents)), int(dice.integers(count))
            g = int(self.groups[j])
            if g == h:
                return False
            groups = self.groups.copy()
            groups[j] = h
            others = self.members(h)
            if others.size and dice.random() < 0.4:
                groups[dice.choice(others)] = g
            new = {k: self.value(np.nonzero(groups == k)[0], self.axes[k]) for k in (g, h)}
            if sum(new.values()) >= self.values[g] + self.values[h] - 1e-12:
                return False
            self.groups = groups
            for k, value in new.items():
                self.values[k] = value
            return True
        g = int(dice.integers(count))
        axis = self.varied(self.axes[g])
        value = self.value(self.members(g), axis)
        if value >= self.values[g] - 1e-12:
            return False
        self.axes[g], self.values[g] = axis, value
        return True

    def shake(self) -> None:
        """Draw an axis anew, or some agents' groups."""
        count, dice = len(self.axes), self.dice
        if count == 1 or dice.random() < 0.5:
            self.axes[dice.integers(count)] = self.random_axis()
        if count > 1:
            moved = dice.choice(self.numbers.agents, size=max(2, self.numbers.agents // 5), replace=False)
            self.groups[moved] = dice.integers(0, count, moved.size)
        self.values = self.all_values()

    def run(self, steps: int, patience: int) -> Axes:
        best = self.state()
        idle = 0
        for _ in range(steps):
            idle = 0 if self.step() else idle + 1
            if idle > patience:
                if self.values.sum() < best[2].sum() - 1e-12:
                    best = self.state()
                else:
                    self.axes, self.groups, self.values = best[0].copy(), best[1].copy(), best[2].copy()
                self.shake()
                idle = 0
        if self.values.sum() < best[2].sum():
            best = self.state()
        axes, groups, values = best
        return Axes(
            float(values.sum()),
            tuple(tuple(int(x) for x in axis) for axis in axes),
            tuple(int(g) for g in groups),
        )

    def state(self) -> tuple[Floats, NDArray[np.int64], Floats]:
        return self.axes.copy(), self.groups.copy(), self.values.copy()


def search(
    numbers: Numbers,
    types: Floats,
    start: int | Axes,
    levels: NDArray[np.int64],
    seed: Sequence[int],
    steps: int,
) -> Axes:
    """Search groups and axes.

    Parameters
    ----------
    types : array, shape (agents, tasks, samples)
        On which trades are evaluated.
    start : int or Axes
        The number of axes, for a random start, or where to start.
    levels : array of int
        Absolute values of coordinates that are not 0, by `levels_of`.
    """
    dice = np.random.default_rng(list(seed))
    found = _Search(numbers, types, start, levels, dice)
    return found.run(steps, patience=60 * len(found.axes) + 40 * numbers.tasks)


def value_of(numbers: Numbers, types: Floats, members: NDArray[np.int64], axis: Floats) -> float:
    """Return the mean change of social cost if agents trade along one axis; 0 if they cannot."""
    if members.size < 2 or not axis.min() < 0 < axis.max():
        return 0.0
    return traded(types, members, axis, numbers.costs, numbers.endowments)


def menus_along(axes: Axes, endowments: Sequence[Vector]) -> tuple[Menu, ...]:
    """Return each agent's menu: both ways along the axis of its group.

    Examples
    --------
    >>> eta = (Fraction(4), Fraction(6))
    >>> menu, alone = menus_along(Axes(0.0, ((2, -3), (1, 0)), (0, 1)), [eta, eta])
    >>> [[str(x) for x in ray] for ray in menu.rays], alone.rays
    ([['4', '-6'], ['-4', '6']], ())
    """
    found = []
    for g, eta in zip(axes.groups, endowments, strict=True):
        ways = [tuple(Fraction(sign * x) for x in axes.axes[g]) for sign in (1, -1)]
        able = [way for way in ways if is_ray(way) and all(eta[i] for i in given_up(way))]
        found.append(Menu(tuple(full_length(eta, way) for way in able)))
    return tuple(found)
