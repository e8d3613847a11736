"""The least value of a convex function of two variables, by centers of gravity.

Every line through the center of gravity of a convex set in the plane leaves at most 5/9 of the area on either
side (Winternitz). So a subgradient at the center cuts off at least 4/9 of the polygon that holds a minimizer,
and after n cuts the best value is above the least one by at most (5/9)^(n/2) times the range of the function.
No step size is chosen, and kinks do no harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.mechanisms.screening.design.numbers import Floats

__all__ = ["least"]

CUTS = 500
"""Cuts at most; after about 150 of them the area is as below."""
CLOSE = 1e-15
"""Relative gap to the lower bound at which the search ends."""
THIN = 1e-44
"""Area, relative to the first one, at which it ends."""


def least(function: Callable[[Floats], tuple[float, Floats]], low: Floats, high: Floats) -> Floats:
    """Minimize a convex function on a rectangle.

    Parameters
    ----------
    function : callable
        Returns value and subgradient at a point.
    low, high : array, shape (2,)
        The rectangle holds a minimizer.

    Returns
    -------
    array, shape (2,)
        The best point that was tried.

    Examples
    --------
    >>> def tent(x):
    ...     sides = np.sign(x - [0.3, 0.7])
    ...     return float(np.abs(x - [0.3, 0.7]) @ [1, 5]), sides * [1, 5]
    >>> least(tent, np.zeros(2), np.ones(2)).round(9).tolist()
    [0.3, 0.7]
    """
    scale = high - low
    polygon = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    best, found = np.inf, low
    for _ in range(CUTS):
        center, area = _center(polygon)
        point = low + scale * center
        value, slope = function(point)
        if value < best:
            best, found = value, point
        slope = slope * scale
        steps = (polygon - center) @ slope
        if value + steps.min() >= best - CLOSE * abs(best) or area < THIN:
            break
        polygon = _cut(polygon, steps + (value - best))
    return found


def _center(polygon: Floats) -> tuple[Floats, float]:
    """Return the center of gravity, and the area."""
    first = polygon[0]
    one, two = polygon[1:-1] - first, polygon[2:] - first
    areas = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    area = float(areas.sum())
    if area <= 0:
        return polygon.mean(axis=0), 0.0
    center: Floats = first + areas @ (one + two) / (3 * area)
    return center, area / 2


def _cut(polygon: Floats, steps: Floats) -> Floats:
    """Keep the part of a polygon where a linear function, given at its corners, is not above 0."""
    kept = []
    for k, (corner, step) in enumerate(zip(polygon, steps, strict=True)):
        last, before = polygon[k - 1], steps[k - 1]
        if (step <= 0) != (before <= 0):
            kept.append(last + (corner - last) * (before / (before - step)))
        if step <= 0:
            kept.append(corner)
    return np.array(kept)
