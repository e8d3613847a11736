"""Where schedules come from: what a search asks of a list of them, or of paths that find them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from parley.mechanisms.guarantees.solver.columns import Columns, sums
from parley.mechanisms.guarantees.solver.kernels import list_schedules, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.core.clock import Clock
    from parley.mechanisms.guarantees.solver.kernels import Ints
    from parley.mechanisms.guarantees.solver.packing import Floats, Packing, Prices
    from parley.mechanisms.guarantees.solver.shape import Shape

__all__ = ["Goal", "Relaxation", "Source", "count_schedules", "counts_of", "mean_cost", "schedules_of"]


@dataclass(frozen=True)
class Goal:
    """What to maximize: Σ bonus_k + factor_k·v(S) over the schedules S given to providers of kinds k.

    Schedules of kind k have at least the value `floors[k]`. Unless bonuses are 0, who has no schedule only
    lacks the bonus.
    """

    floors: tuple[int, ...]
    factors: tuple[int, ...]
    bonuses: tuple[int, ...]

    @property
    def counting(self) -> bool:
        """Whether only the number of schedules counts; then schedules need no job beyond their floor."""
        return not any(self.factors)

    def gain(self, kind: int, value: int) -> int:
        """Return what a schedule of some value gains."""
        return self.factors[kind] * value + self.bonuses[kind]

    def gains(self, columns: Columns) -> Ints:
        """Return the gain of each column."""
        factors, bonuses = (
            np.array(numbers, dtype=columns.values.dtype) for numbers in (self.factors, self.bonuses)
        )
        return factors[columns.kinds] * columns.values + bonuses[columns.kinds]


@dataclass(frozen=True)
class Relaxation:
    """A linear program over some or all columns, and what it proves."""

    packing: Packing
    bound: int
    """No solution has more gain."""
    prices: Prices
    mus: tuple[int, ...]
    """What a provider of each kind earns at most at these prices, over all schedules."""
    point: Floats
    """The solution."""
    complete: bool
    """Whether the program has all columns."""


class Source(Protocol):
    """Schedules of a problem."""

    shape: Shape

    def at(self, shape: Shape) -> Source:
        """Return the same schedules for other numbers of providers of the same kinds."""
        ...

    def merged(self, shape: Shape, groups: Sequence[int]) -> Source:
        """Return the same schedules for fewer kinds; each kind is one of the `groups`."""
        ...

    def relax(self, goal: Goal, need: int, known: Columns | None, clock: Clock) -> Relaxation | None:
        """Solve a linear relaxation; None if the time is up.

        Parameters
        ----------
        need : int
            Of interest is whether there is at least this gain.
        known : Columns or None
            Columns of a solution.
        """
        ...

    def complete(
        self, goal: Goal, relaxation: Relaxation, need: int, clock: Clock, most: int
    ) -> Packing | None:
        """Return a program with all columns of solutions of gain `need`; None if more than `most`."""
        ...

    def listed(
        self, goal: Goal, relaxation: Relaxation, need: int, clock: Clock, most: int
    ) -> Columns | None:
        """Return all schedules of solutions of gain `need`; None if there are more than `most`."""
        ...

    def dive(
        self, goal: Goal, relaxation: Relaxation, more_than: int, enough: int, clock: Clock
    ) -> tuple[int, ...] | None:
        """Look for columns of more gain than `more_than`, best of `enough`; prove nothing."""
        ...

    def highest(self, relaxation: Relaxation, pays: Sequence[int], above: int, below: int) -> int:
        """Return a bound on the least pay, by prices that prove that `below` is too much.

        Some schedule of an allocation costs at most the mean; so the least pay is at most the greatest pay of
        a schedule that costs no more.
        """
        ...


def count_schedules(shape: Shape, most: int) -> int:
    """Return a bound on the number of schedules of all kinds together, or `most` if it is above."""
    total = 0
    for kind in shape.kinds:
        counts = [0] * (shape.jobs + 1)
        for job in range(shape.jobs - 1, -1, -1):
            own = 1 + counts[int(shape.after[job])] if kind.allowed[job] else 0
            counts[job] = min(most, counts[job + 1] + own)
        total += counts[0]
    return min(total, most)


def schedules_of(
    shape: Shape,
    number: int,
    floor: int,
    gains: Ints,
    least: int,
    mixture: tuple[Ints, int],
    minimal: bool,  # noqa: FBT001 - passed on
    limit: int,
) -> Columns | None:
    """List schedules of one kind; None if there are more than `limit`."""
    kind, values = shape.kinds[number], shape.values
    complete, first, members = run(list_schedules, values)(
        shape.after,
        shape.clash,
        shape.twin,
        kind.allowed,
        values,
        gains,
        mixture[0],
        floor,
        least,
        mixture[1],
        kind.most_jobs,
        minimal,
        limit,
    )
    if not complete:
        return None
    smallest = np.minimum.reduceat(values[members], first[:-1]) if first.size > 1 else values[:0]
    kinds = np.full(first.size - 1, number, dtype=np.int64)
    return Columns(first, shape.rows[members], kinds, sums(values[members], first), smallest)


def counts_of(shape: Shape) -> tuple[int, ...]:
    """Return the number of providers of each kind."""
    return tuple(kind.count for kind in shape.kinds)


def mean_cost(shape: Shape, relaxation: Relaxation) -> tuple[Prices, int, int]:
    """Return the prices, what all jobs and providers cost, and the number of providers."""
    prices = relaxation.prices
    total = sum(int(p) * s for p, s in zip(prices.rows, shape.sizes, strict=True))
    total += sum(mu * kind.count for mu, kind in zip(relaxation.mus, shape.kinds, strict=True))
    return prices, total, shape.providers
