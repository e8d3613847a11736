"""Menus that are worth most at given prices: S_j(w) of the large market, from below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.screening.design.bound import most_rays
from parley.mechanisms.screening.design.compiled_rays import improve
from parley.mechanisms.screening.design.laws import Law
from parley.mechanisms.screening.design.two_tasks import sides

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.screening.design.numbers import Floats, Numbers
    from parley.mechanisms.screening.design.two_tasks import Side

__all__ = ["MAX_RAYS", "Response", "Responses"]

STARTS = 5
"""Random menus from which a search starts, besides known ones."""
STEPS = 400
"""Changes tried from each."""
TIE = 1e-6
"""If a task is worth less than this, or a menu less more, the remedial menu is taken: it can do with less."""
MAX_RAYS = 3
"""Rays of a menu that are searched."""


@dataclass(frozen=True)
class Response:
    """A menu, and what it is worth at some prices."""

    worth: float
    """w·x."""
    change: Floats
    """x: the expected change of the assignment, shape (tasks,)."""
    rays: Floats
    """Full rays, shape (rays, tasks); rows of zeros are no rays."""
    remedial: bool = False


class Responses:
    """The best menus of all agents that were found."""

    def __init__(self, numbers: Numbers, seed: Sequence[int]) -> None:
        self.numbers = numbers
        self.laws = [Law.of(own, [*seed, j]) for j, own in enumerate(numbers.preferences)]
        self.rays = max(2, min(MAX_RAYS, numbers.tasks, max(most_rays(law) for law in self.laws)))
        self.dice = np.random.default_rng(list(seed))
        self.sides: list[tuple[Side, Side]] = []
        if numbers.tasks == 2:
            self.sides = [sides(own) for own in numbers.preferences]

    @property
    def exact(self) -> bool:
        """Whether responses are the best ones, up to rounding."""
        return bool(self.sides)

    def response(self, j: int, worth: Floats, rays: Floats) -> Response:
        """Return the worth of a menu at prices w; rays that are worth nothing are left out."""
        law, endowment = self.laws[j], self.numbers.endowments[j]
        chances = np.array(
            [
                law.chance(ray)
                if ray.min() < 0 < ray.max() and endowment[ray < 0].min() > 0 and worth @ ray > 0
                else 0.0
                for ray in rays
            ]
        )
        kept = np.where((chances > 0)[:, None], rays, 0.0)
        change = chances @ kept
        return Response(float(worth @ change), change, kept)

    def best(self, j: int, worth: Floats, known: Sequence[Floats] = ()) -> Response:
        """Find a menu that is worth most at prices w.

        Parameters
        ----------
        known : sequence of array, shape (rays, tasks)
            Menus from which the search starts too.
        """
        if self.sides:
            return self._priced(j, worth)
        endowment = self.numbers.endowments[j]
        given = np.where(worth < TIE, -endowment, 0.0)
        none = np.zeros((self.rays, worth.size))
        best = Response(float(worth @ given), given, none, remedial=bool(given.any()))
        law = self.laws[j]
        starts = [*(rays.copy() for rays in known), *(self._random(j, worth) for _ in range(STARTS))]
        for rays in starts:
            improve(law.types, worth, endowment, rays, STEPS, self.dice)
            found = self.response(j, worth, rays)
            if found.worth > best.worth + TIE * best.remedial:
                best = found
        return best

    def _priced(self, j: int, worth: Floats) -> Response:
        """Return the menu with the best two prices, or the remedial one."""
        endowment = self.numbers.endowments[j]
        rays, chances = np.zeros((self.rays, 2)), np.zeros(self.rays)
        remedial = bool(worth.max() <= 0)
        for k, side in enumerate(self.sides[j]):
            take, give = k, 1 - k
            price, chances[k], found = side.best(float(worth[take]), float(worth[give]))
            if found > 0 and not remedial:
                rays[k, take], rays[k, give] = endowment[give] / price, -endowment[give]
        change = -endowment if remedial else chances @ rays
        return Response(float(worth @ change), change, rays, remedial)

    def _random(self, j: int, worth: Floats) -> Floats:
        """Draw a menu: one ray gives up what is worth least, and perhaps another goes back at a loss."""
        law, dice, tasks = self.laws[j], self.dice, worth.size
        endowment, cost = self.numbers.endowments[j], (law.low + law.high) / 2
        key = worth / cost * np.exp(np.where(worth > 0, 0.4, 0.0) * dice.standard_normal(tasks))
        order = np.argsort(key)
        split = int(dice.integers(1, tasks))
        given, taken = order[:split], order[split:]
        some = taken[dice.random(taken.size) < 0.6]
        taken = some if some.size else order[-1:]
        rays = np.zeros((self.rays, tasks))
        rays[0, given] = -endowment[given] * np.where(worth[given] <= 0, 1, dice.uniform(0.3, 1, split))
        rays[0, taken] = -(rays[0, given] @ cost[given]) / cost[taken].sum() * dice.uniform(0.7, 1.2)
        if self.rays > 1 and dice.random() < 0.7:
            rays[1] = -rays[0] * np.where(rays[0] < 0, dice.uniform(1, 2), 1)
        return rays
