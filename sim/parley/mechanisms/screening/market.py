"""A market as it is played: social costs, the status quo, preferences, and menus in whole units.

Quantities are whole *units* of 1/unit task, as on chain. The end of each ray is rounded: what an agent takes
is rounded up, what it gives up toward zero. So the task that runs out still does, each change only grows, and
polarized rays stay polarized.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, lcm
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.screening.preferences import SAMPLES, Law, Preferences, choose
from parley.mechanisms.screening.rays import Type, Vector, dot, full_length
from parley.mechanisms.screening.selection import Selector

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = [
    "MAX_QUANTITY",
    "REMEDIAL",
    "STAY_ONLY",
    "Market",
    "Menu",
    "cost_of",
    "finest_unit",
    "least_cost",
    "rounded",
    "unit_for",
]

MAX_QUANTITY = 2**20
"""Quantities on chain are below this number of units."""


@dataclass(frozen=True, slots=True)
class Menu:
    """What an agent may choose from, besides its status quo."""

    rays: tuple[Vector, ...] = ()
    remedial: bool = False
    """If so, there are no rays, but one set: all assignments up to the status quo. Everybody chooses it."""

    @property
    def choices(self) -> int:
        """Number of choices: to stay, and each trading set."""
        return 1 + len(self.rays) + self.remedial


REMEDIAL = Menu(remedial=True)
STAY_ONLY = Menu()


def cost_of(social_costs: Sequence[Vector], assignments: Sequence[Vector]) -> Fraction:
    """Return the social cost Σ_j π_j·x_j of assignments."""
    return sum(map(dot, social_costs, assignments), Fraction(0))


def least_cost(social_costs: Sequence[Vector], assignments: Sequence[Vector]) -> Fraction:
    """Return the least social cost of all allocations of the same tasks.

    Examples
    --------
    >>> one, two = Fraction(1), Fraction(2)
    >>> least_cost([(one, two), (two, one)], [(two, two), (one, one)])
    Fraction(6, 1)
    """
    totals = [sum(column, Fraction(0)) for column in zip(*assignments, strict=True)]
    return dot(totals, [min(column) for column in zip(*social_costs, strict=True)])


def rounded(change: Sequence[Fraction], unit: int) -> Vector:
    """Round a ray at full length to whole units: received up, given up toward zero.

    Parameters
    ----------
    unit : int
        Units per task.

    Examples
    --------
    >>> print(*rounded((Fraction(5, 3), Fraction(-2), Fraction(-1, 3)), 10))
    17/10 -2 -3/10
    """
    return tuple(Fraction(ceil(x * unit), unit) for x in change)


def unit_for(status_quo: Sequence[Vector], menus: Iterable[Menu]) -> int:
    """Return the default unit for menus at full length.

    It is the smallest one at which nothing is rounded, if all quantities then fit on chain. Otherwise it is
    the largest power of ten that fits, times the smallest unit of the status quo.

    Examples
    --------
    >>> eta, third = (Fraction(2), Fraction(2)), Fraction(1, 3)
    >>> unit_for([eta], [Menu(((5 * third, Fraction(-2)),))])
    3
    >>> unit_for([eta], [Menu(((Fraction(1, 2**19), Fraction(-2)),))])
    100000
    """
    ends = [
        tuple(own + x for own, x in zip(eta, ray, strict=True))
        for eta, menu in zip(status_quo, menus, strict=True)
        for ray in menu.rays
    ]
    most = max((x for row in (*status_quo, *ends) for x in row), default=Fraction(0))
    exact = lcm(*(x.denominator for row in (*status_quo, *ends) for x in row))
    if most * exact < MAX_QUANTITY:
        return exact
    return finest_unit(status_quo, most)


def finest_unit(status_quo: Sequence[Vector], most: Fraction) -> int:
    """Return the largest power of ten that fits on chain, times the smallest unit of the status quo.

    Parameters
    ----------
    most : Fraction
        The greatest quantity, in tasks.

    Examples
    --------
    >>> finest_unit([(Fraction(2), Fraction(1, 3))], Fraction(4))
    30000
    """
    unit = lcm(*(x.denominator for row in status_quo for x in row))
    while ceil(most * unit * 10) < MAX_QUANTITY:
        unit *= 10
    return unit


@dataclass(frozen=True)
class Market:
    """A market as it is played.

    Examples
    --------
    >>> from parley.mechanisms.screening.preferences import Uniform
    >>> one, two = Fraction(1), Fraction(2)
    >>> box, eta, kappa = Uniform((one, one), (two, two)), (two, two), (two, -two)
    >>> market = Market(
    ...     ((one, two), (two, one)), (eta, eta), (box, box), (Menu((kappa,)), Menu(((-two, two),))), 1)
    >>> market.status_quo_cost, market.first_best_cost, market.law(0).probabilities[1]
    (Fraction(12, 1), Fraction(8, 1), Fraction(1, 2))
    >>> next(market.selector.select(market.present(np.array([[1, 1]])))).cost
    Fraction(-4, 1)
    """

    social_costs: tuple[Vector, ...]
    """π: agents × tasks."""
    status_quo: tuple[Vector, ...]
    """σ = η: agents × tasks, each at least 0 and a whole number of units."""
    preferences: tuple[Preferences, ...]
    """One distribution for each agent."""
    menus: tuple[Menu, ...]
    """Rays at full length, with ends in whole units."""
    unit: int
    """Units per task."""

    @classmethod
    def of(
        cls,
        social_costs: tuple[Vector, ...],
        status_quo: tuple[Vector, ...],
        preferences: tuple[Preferences, ...],
        menus: Sequence[Menu],
        unit: int | None = None,
    ) -> Market:
        """Scale rays to full length and round them; without a unit, choose one by `unit_for`."""
        full = [
            Menu(tuple(full_length(eta, ray) for ray in menu.rays), menu.remedial)
            for eta, menu in zip(status_quo, menus, strict=True)
        ]
        unit = unit_for(status_quo, full) if unit is None else unit
        played = tuple(Menu(tuple(rounded(ray, unit) for ray in menu.rays), menu.remedial) for menu in full)
        return cls(social_costs, status_quo, preferences, played, unit)

    @property
    def agents(self) -> int:
        """Number of agents."""
        return len(self.social_costs)

    @property
    def tasks(self) -> int:
        """Number of tasks."""
        return len(self.social_costs[0])

    @property
    def status_quo_cost(self) -> Fraction:
        """Social cost of the status quo."""
        return cost_of(self.social_costs, self.status_quo)

    @property
    def first_best_cost(self) -> Fraction:
        """Social cost if each task goes to an agent with the least cost."""
        return least_cost(self.social_costs, self.status_quo)

    # ── choices ──

    def law(self, seat: int, *, seed: int = 0, samples: int = SAMPLES) -> Law:
        """Return the probability of each choice of a seat."""
        menu = self.menus[seat]
        if menu.remedial:
            return Law((Fraction(0), Fraction(1)))
        return self.preferences[seat].law(menu.rays, seed=seed, samples=samples)

    def choose(self, seat: int, kind: Type) -> int:
        """Return what a type chooses from the menu of a seat."""
        menu = self.menus[seat]
        return 1 if menu.remedial else choose(kind, menu.rays)

    # ── the selection ──

    @cached_property
    def columns(self) -> tuple[tuple[int, int, Vector], ...]:
        """Seat, choice and change of each column of any profile, in the order of the selection."""
        found: list[tuple[int, int, Vector]] = []
        for seat, (menu, eta) in enumerate(zip(self.menus, self.status_quo, strict=True)):
            found += [(seat, k, ray) for k, ray in enumerate(menu.rays, 1)]
            if menu.remedial:
                found += [
                    (seat, 1, tuple(-own if i == task else Fraction(0) for i in range(self.tasks)))
                    for task, own in enumerate(eta)
                    if own
                ]
        return tuple(found)

    @cached_property
    def selector(self) -> Selector:
        """The selections from these columns."""
        costs = [dot(self.social_costs[seat], change) for seat, _, change in self.columns]
        return Selector([change for _, _, change in self.columns], costs)

    def present(self, profiles: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which columns belong to profiles of choices.

        Parameters
        ----------
        profiles : array, shape (profiles, agents)
            The choice of each seat: 0 to stay, else a trading set.

        Returns
        -------
        array of bool, shape (profiles, columns)
        """
        seats = np.array([seat for seat, _, _ in self.columns], dtype=np.int64)
        picks = np.array([choice for _, choice, _ in self.columns], dtype=np.int64)
        found: NDArray[np.bool_] = profiles[:, seats] == picks
        return found
