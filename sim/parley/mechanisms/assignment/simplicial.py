"""Zeros of correspondences by simplicial paths (Merrill 1972; Eaves and Saigal 1972).

A correspondence that jumps, like demand at a point of indifference, has no slope for Newton's method. But if
its values are convex, its graph is closed, and it points outwards far from the origin, it has a zero, and a
path of simplices leads to it. On a grid, the correspondence is replaced by a piecewise linear function
through one value at each corner. One side of a slab of simplices has an artificial function with a known
zero, the other side has this replacement. From the known zero, a path of simplices with zeros of the mixture
leads to the other side. Then the search starts again on a finer grid; its artificial function uses the slope
between the last corners.
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
"""Maximum number of simplices on one grid; usually there are a few for each dimension."""
HASTY = 20
"""Maximum number of simplices, per squared dimension, if the artificial function uses the last path."""
NUDGE = 0.01
"""Values are moved by up to this share of the grid's width, to avoid ties."""
NOTHING = 1e-11
"""Coefficients below this count as 0."""


class LostError(ParleyError):
    """The path was lost through rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """A simplex with a zero of the linear interpolation between its corners."""

    width: float
    """Width of the grid."""
    corners: Floats
    """Corners, row by row."""
    shares: Floats
    """Weights of the corners, with sum 1, at which the interpolation is 0."""

    @property
    def point(self) -> Floats:
        """The zero: the corners mixed with these weights."""
        mixed: Floats = self.shares @ self.corners
        return mixed


def zeros(function: Callable[[Floats], Floats], start: Floats, dice: np.random.Generator) -> Iterator[Near]:
    """Yield better and better approximations to a zero.

    Parameters
    ----------
    function : callable
        Returns one value of the correspondence at a point. If a coordinate of the point is large, that of the
        value must be positive; if it is far below 0, negative. Then the path stays in a box, and ends.
    start : ndarray, shape (dimensions,)
    dice : numpy.random.Generator
        For arbitrary choices.

    Yields
    ------
    Near
        On finer and finer grids.

    Raises
    ------
    LostError
        If a path is too long.

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
    """Simplices between the artificial function, x − centre, and the function whose zero is searched.

    Freudenthal's triangulation: the corners of a simplex are a grid point and the points after one step along
    each axis, in some order; the last axis crosses the slab.
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
        """Return the corner whose weight becomes 0 first as that of the entering one grows."""
        shares, slopes = self._solve(others, np.column_stack([self._unit(), self.labels[entered]])).T
        falling = np.flatnonzero(slopes > NOTHING)
        if not len(falling):
            raise LostError("a simplicial path was lost")
        return int(falling[np.argmin(np.maximum(shares[falling], 0) / slopes[falling])])

    def _replace(self, left: int) -> int:
        """Move to the simplex across a corner's facet; return the place of its new corner."""
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
