"""What agents gain by choosing otherwise than they like, alone or in pairs, if all others choose truthfully.

A gain is workload saved in expectation over the others' choices, for the type for which it is greatest.
Alone, nobody gains from polarized menus: choosing truthfully is obviously dominant. Two agents can: an agent
that is (nearly) indifferent may choose a ray that it would not choose, so that the other one trades more. A
pair plans with one mind: what counts is what both save together, and neither must lose.

The types looked at are those of a grid, and between these some that are indifferent between a ray and
staying; all types, if they are discrete. So gains are found, and may be missed.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations, pairwise, product
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from parley.core.exact import show, show_all
from parley.mechanisms.screening.expectation import draw_profiles, laws_of
from parley.mechanisms.screening.preferences import Discrete, Uniform
from parley.mechanisms.screening.protocol import market_protocol
from parley.mechanisms.screening.rays import Type, Vector, dot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from parley.mechanisms.screening.market import Market
    from parley.mechanisms.screening.preferences import Law
    from parley.mechanisms.screening.protocol import Assignments

__all__ = ["Deviation", "manipulations"]

TYPES = 60
"""Types of each agent on the grid."""
STEPS = 20
"""Steps of the grid in each coordinate."""
LISTED = 1_000
"""Profiles of choices up to which all are listed."""
SAMPLED = 400
"""Profiles of the others otherwise, …"""
BUDGET = 200_000
"""… or fewer, so that there are no more selections than this."""
FEWEST = 20
"""But not fewer than this."""
NOTHING = 1e-9
"""Workload, relative to the whole, that counts as nothing."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """The best that one agent or two have been found to choose instead."""

    agents: tuple[int, ...]
    """One index, or two ascending ones."""
    gain: Fraction | float
    """Workload saved together, at least 0; exact where the others' profiles are listed."""
    types: tuple[Type, ...] = ()
    """Types of the agents; nothing if there is no gain."""
    truthful: tuple[int, ...] = ()
    """What they choose truthfully."""
    choices: tuple[int, ...] = ()
    """What they choose instead."""

    def to_json(self) -> dict[str, Any]:
        """Return the keys of the deviation."""
        best = {
            "types": [show_all(kind) for kind in self.types],
            "truthful": list(self.truthful),
            "choices": list(self.choices),
        }
        return {
            "agent": self.agents[0] if len(self.agents) == 1 else list(self.agents),
            "best_deviation": best if self.types else None,
            "gain": show(self.gain) if isinstance(self.gain, Fraction) else self.gain,
        }


class _Types(NamedTuple):
    exact: list[Type]
    floats: NDArray[np.float64]
    choices: NDArray[np.int64]


def manipulations(
    market: Market, laws: Sequence[Law] | None = None, *, seed: int = 0
) -> tuple[Deviation, ...]:
    """Find what each agent and each pair of agents can gain.

    Returns
    -------
    tuple of Deviation
        One for each agent, then one for each pair.

    Examples
    --------
    With one price of 1 for all, nobody gains alone, and each pair gains:

    >>> from parley.mechanisms.screening.problem import worked_example
    >>> from parley.mechanisms.screening.market import Menu
    >>> one = Fraction(1)
    >>> market = worked_example().market([Menu(((one, -one), (-one, one)))] * 3)
    >>> [str(found.gain) for found in manipulations(market)]
    ['0', '0', '0', '9/10', '19/20', '19/20']
    """
    search = _Search(market, laws_of(market, seed=seed) if laws is None else laws, seed)
    seats = range(market.agents)
    return (
        *(search.best((seat,)) for seat in seats),
        *(search.best(pair) for pair in combinations(seats, 2)),
    )


class _Search:
    def __init__(self, market: Market, laws: Sequence[Law], seed: int) -> None:
        self.market = market
        self.laws = laws
        self.dice = np.random.default_rng(seed)
        self.types = [self._types_of(seat) for seat in range(market.agents)]

    # ── types ──

    def _types_of(self, seat: int) -> _Types:
        found = self._grid(seat)
        if not isinstance(self.market.preferences[seat], Discrete):
            for ray in self.market.menus[seat].rays:
                found += _indifferent(found[:TYPES], ray)
        floats = np.array([[float(x) for x in kind] for kind in found])
        return _Types(found, floats, np.array([self.market.choose(seat, kind) for kind in found]))

    def _grid(self, seat: int) -> list[Type]:
        match self.market.preferences[seat]:
            case Discrete(types):
                return list(dict.fromkeys(types))
            case Uniform(low, high):
                steps = self.dice.integers(0, STEPS + 1, size=(TYPES, len(low))).tolist()
                return [
                    tuple(
                        a + (b - a) * Fraction(step, STEPS) for a, b, step in zip(low, high, row, strict=True)
                    )
                    for row in steps
                ]
            case other:
                return [tuple(map(Fraction, row)) for row in other.sample(self.dice, TYPES).round(6).tolist()]

    # ── what follows from choices ──

    @cached_property
    def _table(self) -> dict[tuple[int, ...], Assignments] | None:
        """Assignments after all profiles of choices; None if there are too many."""
        if prod(menu.choices for menu in self.market.menus) > LISTED:
            return None
        return dict(market_protocol(self.market).table)

    def is_exact(self, seats: Sequence[int]) -> bool:
        """Return whether gains of these seats are exact."""
        others = (law for seat, law in enumerate(self.laws) if seat not in seats)
        return self._table is not None and all(law.exact for law in others)

    @cached_property
    def _sample(self) -> NDArray[np.int64]:
        choices = max(menu.choices for menu in self.market.menus)
        pairs = max(1, self.market.agents * (self.market.agents - 1) // 2)
        count = max(FEWEST, min(SAMPLED, BUDGET // (pairs * choices**2)))
        return draw_profiles(self.market, self.dice, count)

    def _exact_means(self, seats: tuple[int, ...]) -> dict[tuple[int, ...], list[list[Fraction]]]:
        """Return the expected assignments of some seats after each of their joint choices."""
        found = {
            choices: [[Fraction(0)] * self.market.tasks for _ in seats] for choices in self._joint(seats)
        }
        others = [(seat, law.probabilities) for seat, law in enumerate(self.laws) if seat not in seats]
        for profile, assignments in (self._table or {}).items():
            chance = prod((p[profile[seat]] for seat, p in others), start=Fraction(1))
            if chance:
                for own, seat in zip(found[tuple(profile[seat] for seat in seats)], seats, strict=True):
                    own[:] = [a + chance * x for a, x in zip(own, assignments[seat], strict=True)]
        return found

    def _sampled_means(self, seats: tuple[int, ...]) -> NDArray[np.float64]:
        """Estimate the same less the status quo, shape (joint choices, seats, tasks)."""
        joint, others = self._joint(seats), self._sample
        profiles = np.tile(others, (len(joint), 1))
        for place, seat in enumerate(seats):
            profiles[:, seat] = np.repeat([choices[place] for choices in joint], len(others))
        shares = self.market.selector.estimate(self.market.present(profiles))
        means = shares.reshape(len(joint), len(others), len(self.market.columns)).mean(axis=1)
        moved = np.zeros((len(joint), len(seats), self.market.tasks))
        for t, (seat, _, change) in enumerate(self.market.columns):
            if seat in seats:
                moved[:, seats.index(seat)] += means[:, t, None] * np.array([float(x) for x in change])
        return moved

    def _joint(self, seats: Sequence[int]) -> list[tuple[int, ...]]:
        """Return the joint choices of some seats."""
        return list(product(*(range(self.market.menus[seat].choices) for seat in seats)))

    # ── gains ──

    def best(self, seats: tuple[int, ...]) -> Deviation:
        """Return the best deviation of one agent or two."""
        joint, exact = self._joint(seats), self.is_exact(seats)
        means = self._exact_means(seats) if exact else {}
        moves = np.array(list(means.values()), dtype=np.float64) if exact else self._sampled_means(seats)
        # The workload of each type of each seat after each joint choice, or what it adds to the status quo's.
        loads = [self.types[seat].floats @ moves[:, place].T for place, seat in enumerate(seats)]
        nothing = NOTHING * max(1.0, *(float(np.abs(load).max()) for load in loads))
        best, found = nothing, None
        for a, truthful in enumerate(joint):
            own = [
                np.nonzero(self.types[seat].choices == k)[0] for seat, k in zip(seats, truthful, strict=True)
            ]
            if not all(len(members) for members in own):
                continue
            saved = [load[members, a, None] - load[members] for load, members in zip(loads, own, strict=True)]
            tops = np.array([each.max(axis=0) for each in saved])
            totals = np.where(tops.min(axis=0) >= -nothing, tops.sum(axis=0), 0.0)
            b = int(totals.argmax())
            if totals[b] > best:
                kinds = tuple(int(m[each[:, b].argmax()]) for m, each in zip(own, saved, strict=True))
                best, found = float(totals[b]), (kinds, truthful, joint[b])
        if found is None:
            return Deviation(seats, Fraction(0) if exact else 0.0)
        kinds, truthful, instead = found
        types = tuple(self.types[seat].exact[kind] for seat, kind in zip(seats, kinds, strict=True))
        if not exact:
            return Deviation(seats, best, types, truthful, instead)
        pairs = zip(types, means[truthful], means[instead], strict=True)
        gain = sum((dot(c, x) - dot(c, y) for c, x, y in pairs), Fraction(0))
        return Deviation(seats, gain, types, truthful, instead)


def _indifferent(types: Sequence[Type], ray: Vector) -> list[Type]:
    """Return types between a type that likes a ray and one that does not, with c·κ = 0."""
    found = []
    for one, other in pairwise(types):
        likes, hates = dot(one, ray), dot(other, ray)
        if likes * hates < 0:
            part = likes / (likes - hates)
            found.append(tuple(a + part * (b - a) for a, b in zip(one, other, strict=True)))
    return found
