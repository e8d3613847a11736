"""Zeros of correspondences by simplicial paths (Merrill 1972; Eaves and Saigal 1972).

A correspondence that jumps, as demand does where an agent is indifferent, has no slope for Newton's method to
follow. It has a zero all the same if its values are convex, its graph is closed, and far out it points
outwards; and a path of simplices leads there. On a grid, the correspondence is replaced by what is linear
between one of its values at each corner. On one side of a slab of simplices stands an artificial function
with a known zero, on the other side that replacement: from the known zero, one simplex after the other holds
a zero of the mixture, until one on the other side does. From there the same begins again on a finer grid,
with the slope found between the last corners in the artificial function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from parley.core.errors import ParleyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

COARSEST, FINEST = 0.5, 1e-8
"""Widths of the first and of the last grid."""
REFINING = 0.25
"""Width of a grid in widths of the one before."""
MAX_STEPS = 20_000
"""Simplices on one grid; a few for each dimension are usual."""
HASTY = 20
"""Times the square of the dimensions: simplices where the artificial function is made of the last path."""
NUDGE = 0.01
"""Values are moved by up to this share of the grid's width, so that no two ways are equally short."""
NOTHING = 1e-11
"""Coefficients below this are taken for 0."""


class LostError(ParleyError):
    """Rounding led the path astray."""


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """A simplex that holds a zero of what is linear between the values at its corners."""

    width: float
    """Of the grid."""
    corners: Floats
    """Row by row."""
    shares: Floats
    """Not negative, with sum 1: the corners' values mixed so are 0."""

    @property
    def point(self) -> Floats:
        """The corners mixed in the same way."""
        mixed: Floats = self.shares @ self.corners
        return mixed


def zeros(function: Callable[[Floats], Floats], start: Floats, dice: np.random.Generator) -> Iterator[Near]:
    """Give better and better approximations to a zero.

    Parameters
    ----------
    function : callable
        Any one value of the correspondence at a point. Where a coordinate of the point is large, that of the
        value must be positive; where it is far below 0, negative. Then the path cannot leave a box, and ends.
    start : ndarray, shape (dimensions,)
    dice : numpy.random.Generator
        For what is arbitrary.

    Yields
    ------
    Near
        On grids finer and finer.

    Raises
    ------
    LostError
        If a path does not end within reason.

    Examples
    --------
    A function that jumps from −1 to 1 at 1/3:

    >>> *_, last = zeros(lambda x: np.sign(x - 1 / 3), np.array([2.0]), np.random.default_rng(1))
    >>> bool(abs(last.point[0] - 1 / 3) < last.width)
    True
    """
    centre, width = start, COARSEST
    slope = plain = np.eye(len(start))
    while width > FINEST:
        try:
            found, slope = _Path(function, centre, slope, width, dice).end(HASTY * (len(start) + 2) ** 2)
        except LostError:
            found, slope = _Path(function, centre, plain, width, dice).end(MAX_STEPS)
        yield found
        centre = found.point
        width *= REFINING


class _Path:
    """Simplices between the artificial function, x − centre, and the one whose zero is looked for.

    Freudenthal's triangulation: the corners of a simplex are a point of the grid, and what one step along
    each axis after the other leads to, in some order; the last axis leads across the slab.
    """

    def __init__(
        self,
        function: Callable[[Floats], Floats],
        centre: Floats,
        slope: Floats,
        width: float,
        dice: np.random.Generator,
    ) -> None:
        self.function, self.centre, self.slope, self.width = function, centre, slope, width
        self.size = size = len(centre)
        self.nudge = dice.random(size) * width * NUDGE
        self.axes = [*dice.permutation(size).tolist(), size]
        # The centre is in the middle of the first facet.
        self.origin = centre.copy()
        for k, axis in enumerate(self.axes[:-1]):
            self.origin[axis] -= width * (size - k) / (size + 1)
        self.corners = [np.zeros(size + 1, dtype=np.int64)]
        for axis in self.axes:
            self.corners.append(_stepped(self.corners[-1], axis, 1))
        self.labels = [self._label(corner) for corner in self.corners]

    def _label(self, corner: NDArray[np.int64]) -> Floats:
        point = self._point(corner)
        value = self.function(point) + self.nudge if corner[-1] else self.slope @ (point - self.centre)
        return np.concatenate([[1.0], value])

    def _point(self, corner: NDArray[np.int64]) -> Floats:
        point: Floats = self.origin + self.width * corner[:-1]
        return point

    def end(self, most: int) -> tuple[Near, Floats]:
        """Follow the path; return its end, and the function's slope between the corners there."""
        entered = self.size + 1
        for _ in range(most):
            others = [k for k in range(self.size + 2) if k != entered]
            left = others[self._leaving(others, entered)]
            others = [k for k in range(self.size + 2) if k != left]
            if all(self.corners[k][-1] for k in others):
                shares = self._solve(others, self._unit())
                points = np.array([self._point(self.corners[k]) for k in others])
                values = np.array([self.labels[k][1:] for k in others])
                slope = np.linalg.solve(points[1:] - points[0], values[1:] - values[0]).T
                return Near(self.width, points, shares), slope
            if not any(self.corners[k][-1] for k in others):
                break
            entered = self._replace(left)
        raise LostError("a simplicial path was lost")

    def _unit(self) -> Floats:
        unit = np.zeros(self.size + 1)
        unit[0] = 1.0
        return unit

    def _solve(self, corners: list[int], target: Floats) -> Floats:
        """Write a target as a mixture of corners' labels."""
        try:
            shares: Floats = np.linalg.solve(np.array([self.labels[k] for k in corners]).T, target)
        except np.linalg.LinAlgError:
            raise LostError("a simplicial path was lost") from None
        return shares

    def _leaving(self, others: list[int], entered: int) -> int:
        """Say which corner's share in the zero comes to 0 first as that of the entered one grows."""
        shares, slopes = self._solve(others, np.column_stack([self._unit(), self.labels[entered]])).T
        falling = np.flatnonzero(slopes > NOTHING)
        if not len(falling):
            raise LostError("a simplicial path was lost")
        return int(falling[np.argmin(np.maximum(shares[falling], 0) / slopes[falling])])

    def _replace(self, left: int) -> int:
        """Move on to the simplex on the other side of a corner's facet; return its new corner's place."""
        axes, corners, labels, last = self.axes, self.corners, self.labels, self.size + 1
        if left == 0:
            new, place = _stepped(corners[-1], axes[0], 1), last
            del corners[0], labels[0]
            axes.append(axes.pop(0))
        elif left == last:
            new, place = _stepped(corners[0], axes[-1], -1), 0
            del corners[-1], labels[-1]
            axes.insert(0, axes.pop())
        else:
            new, place = _stepped(corners[left - 1], axes[left], 1), left
            del corners[left], labels[left]
            axes[left - 1], axes[left] = axes[left], axes[left - 1]
        corners.insert(place, new)
        labels.insert(place, self._label(new))
        return place


def _stepped(corner: NDArray[np.int64], axis: int, step: int) -> NDArray[np.int64]:
    moved = corner.copy()
    moved[axis] += step
    return moved
