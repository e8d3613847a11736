"""Statistics of games, and their comparison with theory.

A mechanism declares statistics: a :class:`Mean` of numbers, or a :class:`Count` of draws. Each reads several
numbers at once from the outcome of a game, for example one per agent. `Tally` adds them up. `compare` tests
them by tests whose level holds for every number of games.

The expected values may depend on the game, for example on the agents' reports. A statistic then has a `key`:
games with the same key are counted together and share their expected values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeAlias, TypeVar

from parley.core import exact
from parley.core.statistics import (
    MIN_P,
    bonferroni,
    count_p_value,
    same_rate_p_value,
    sum_p_value,
    z_score,
)
from parley.kit.protocols import OutcomeT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = [
    "Chances",
    "Count",
    "Counted",
    "Counts",
    "Group",
    "Law",
    "Mean",
    "MeanRow",
    "Statistic",
]


S = TypeVar("S")


# ── what theory says ────────────────────────────────────────────────────────────────────────────────────────


class Law(NamedTuple):
    """The distribution of a number of a game, in the unit that is counted.

    Attributes
    ----------
    variance : Fraction or None
        None if theory only estimates the mean.
    values : sequence of (int, Fraction) or None
        Possible numbers with their probabilities. None if the number is not tested.
    dust : int
        Maximum rounding error if nothing is random.

    Examples
    --------
    >>> coin = Law.of([(-1, Fraction(1, 2)), (1, Fraction(1, 2))])
    >>> coin.mean, coin.variance
    (Fraction(0, 1), Fraction(1, 1))
    """

    mean: Fraction
    variance: Fraction | None
    values: Sequence[tuple[int, Fraction]] | None = None
    dust: int = 0

    @classmethod
    def of(cls, values: Iterable[tuple[int, Fraction]]) -> Self:
        """Return the law of a number with these values and probabilities."""
        pairs = tuple(values)
        mean = sum((p * value for value, p in pairs), Fraction(0))
        square = sum((p * value * value for value, p in pairs), Fraction(0))
        return cls(mean, square - mean * mean, pairs)


class Chances(NamedTuple):
    """The probabilities of draws.

    Attributes
    ----------
    matrix : sequence of sequence of Fraction
        Probabilities by rows and cells; each row sums to 1.
    runs : int or None
        Size of the sample that the probabilities are estimated from; None if they are exact.
    """

    matrix: Sequence[Sequence[Fraction]]
    runs: int | None = None


# ── what is counted ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Group:
    """Sums over the games of one key.

    Attributes
    ----------
    sums : list of int
        Sum of each number; for a `Count`, the number of draws of each cell, row by row.
    squares : list of int
        Sum of squares of each number.
    """

    games: int
    sums: list[int]
    squares: list[int] = field(default_factory=list)

    def merge(self, other: Group) -> None:
        """Add another group."""
        self.games += other.games
        self.sums[:] = map(int.__add__, self.sums, other.sums)
        self.squares[:] = map(int.__add__, self.squares, other.squares)


Counted: TypeAlias = dict[Hashable, Group]
"""Groups by key."""


@dataclass(frozen=True, kw_only=True)
class Statistic(ABC, Generic[OutcomeT, S]):
    """The base of statistics.

    Attributes
    ----------
    when : callable or None
        Whether to count a game; None counts all.
    key : callable or None
        Returns what the expected values depend on: something hashable.
    """

    name: str
    when: Callable[[OutcomeT], object] | None = None
    key: Callable[[OutcomeT], Hashable] | None = None

    @property
    @abstractmethod
    def nothing(self) -> Group:
        """Return an empty group."""

    @abstractmethod
    def put(self, group: Group, outcome: OutcomeT, times: int) -> None:
        """Count the numbers of so many games with this outcome."""

    def count(self, counted: Counted, outcome: OutcomeT, times: int) -> None:
        """Count so many games with this outcome."""
        if self.when is not None and not self.when(outcome):
            return
        key = None if self.key is None else self.key(outcome)
        group = counted.get(key)
        if group is None:
            group = counted[key] = self.nothing
        group.games += times
        self.put(group, outcome, times)

    def total(self, counted: Counted) -> Group:
        """Add all groups up."""
        total = self.nothing
        for group in counted.values():
            total.merge(group)
        return total


@dataclass(frozen=True, kw_only=True)
class Mean(Statistic[OutcomeT, S]):
    """Means of numbers of a game.

    Attributes
    ----------
    of : callable
        Returns the numbers, as integers, one per label.
    labels : sequence of str
        Name of each number.
    law : callable or None
        Takes the theory and the key; returns the law of each number, None where it is not known. None if
        there is no theory.
    unit : int
        Number of counted units in one displayed unit.

    Examples
    --------
    >>> class Toss(NamedTuple):
    ...     game: int
    ...     ending: str
    ...     paid: tuple[int, ...]
    >>> fair = Law.of([(-50, Fraction(1, 2)), (50, Fraction(1, 2))])
    >>> paid = Mean(name="paid", of=lambda toss: toss.paid, labels=["heads"], law=lambda *_: [fair], unit=100)
    >>> from parley.kit.play.tally import Tally, compare
    >>> tally = Tally([paid])
    >>> for k in range(4):
    ...     tally.add(Toss(k, "tossed", (50 if k else -50,)))
    >>> [row] = compare([paid], tally, None).means["paid"]
    >>> row.mean, row.expected, row.z, row.p_value  # of three heads or more, twice 5/16
    (Fraction(1, 4), Fraction(0, 1), 1.0, 0.625)
    """

    of: Callable[[OutcomeT], Iterable[int]]
    labels: Sequence[str]
    law: Callable[[S, Any], Sequence[Law | None]] | None = None
    unit: int = 1

    @property
    def nothing(self) -> Group:
        """Return an empty group."""
        return Group(0, [0] * len(self.labels), [0] * len(self.labels))

    def put(self, group: Group, outcome: OutcomeT, times: int) -> None:
        """Add the numbers and their squares."""
        sums, squares = group.sums, group.squares
        for i, number in enumerate(self.of(outcome)):
            some = number * times
            sums[i] += some
            squares[i] += some * number

    def compare(self, counted: Counted, theory: S) -> tuple[MeanRow, ...]:
        """Compare every number with its law."""
        whole = self.total(counted)
        laws = (
            [(self.law(theory, key), group.games) for key, group in counted.items()]
            if self.law is not None
            else []
        )
        return tuple(
            self._row(label, whole.games, total, square, [(law[i], games) for law, games in laws])
            for i, (label, total, square) in enumerate(
                zip(self.labels, whole.sums, whole.squares, strict=True)
            )
        )

    def _row(
        self, label: str, games: int, total: int, squares: int, given: Sequence[tuple[Law | None, int]]
    ) -> MeanRow:
        if not games:
            return MeanRow(label, 0, 0, None, None, None, None, None)
        mean = Fraction(total, games * self.unit)
        error = _std_error(total, squares, games) / self.unit
        laws = [(law, number) for law, number in given if law is not None]
        if not laws or len(laws) < len(given):
            return MeanRow(label, games, total, mean, error, None, None, None)
        expected = sum((law.mean * number for law, number in laws), Fraction(0)) / games
        known = [(law.variance, number) for law, number in laws if law.variance is not None]
        z, p = None, None
        if len(known) == len(laws):
            variance = sum((one * number for one, number in known), Fraction(0)) / games
            z = z_score(Fraction(total, games), expected, variance, games)
        tested = [(law.values, number) for law, number in laws if law.values is not None]
        if len(tested) == len(laws):
            if z is None:
                p = float(abs(total - games * expected) <= sum(law.dust * number for law, number in laws))
            else:
                p = sum_p_value(total, tested)
        return MeanRow(label, games, total, mean, error, expected / self.unit, z, p)


@dataclass(frozen=True, kw_only=True)
class Count(Statistic[OutcomeT, S]):
    """Counts of draws: a game draws one cell in each row.

    Attributes
    ----------
    of : callable
        Returns the cell of each row, from 0; None if it was not seen: see `count_p_value`.
    chances : callable
        Takes the theory and the key; returns the probabilities.

    Examples
    --------
    >>> class Toss(NamedTuple):
    ...     game: int
    ...     ending: str
    ...     side: int
    >>> half = Chances([[Fraction(1, 2)] * 2])
    >>> side = Count(name="side", of=lambda t: [t.side], rows=["coin"], cells=["heads", "tails"],
    ...              chances=lambda *_: half)
    >>> from parley.kit.play.tally import Tally, compare
    >>> tally = Tally([side])
    >>> tally.add(Toss(0, "tossed", 1), times=3)
    >>> found = compare([side], tally, None).counts["side"]
    >>> found.counts, found.p_value  # twice 1/8, of two tests
    ([[0, 3]], 0.5)
    """

    of: Callable[[OutcomeT], Iterable[int | None]]
    rows: Sequence[str]
    cells: Sequence[str]
    chances: Callable[[S, Any], Chances]

    @property
    def nothing(self) -> Group:
        """Return an empty group."""
        return Group(0, [0] * (len(self.rows) * len(self.cells)))

    def put(self, group: Group, outcome: OutcomeT, times: int) -> None:
        """Count the cell of each row."""
        sums, at = group.sums, 0
        for cell in self.of(outcome):
            if cell is not None:
                sums[at + cell] += times
            at += len(self.cells)

    def table(self, group: Group) -> list[list[int]]:
        """Return the counts by rows and cells."""
        width = len(self.cells)
        return [group.sums[at : at + width] for at in range(0, len(group.sums), width)]

    def compare(self, counted: Counted, theory: S) -> Counts:
        """Test every count; Bonferroni combines the p-values."""
        known = [
            _Known(self.table(group), group.games, self.chances(theory, key))
            for key, group in counted.items()
        ]
        return Counts(
            self.rows,
            self.cells,
            self.table(self.total(counted)),
            self._sum((one.games, one.chances.matrix) for one in known),
            self._sum(
                (one.games, [[p * (1 - p) for p in row] for row in one.chances.matrix]) for one in known
            ),
            bonferroni(_p_values(known)) if known else None,
            all(one.chances.runs is None for one in known),
        )

    def _sum(
        self, tables: Iterable[tuple[int, Sequence[Sequence[Fraction]]]]
    ) -> tuple[tuple[Fraction, ...], ...]:
        """Return the weighted sum of tables."""
        total = [[Fraction(0)] * len(self.cells) for _ in self.rows]
        for times, table in tables:
            for row, more in zip(total, table, strict=True):
                row[:] = [a + times * b for a, b in zip(row, more, strict=True)]
        return tuple(map(tuple, total))


class _Known(NamedTuple):
    """The group of one key, and its probabilities."""

    counts: list[list[int]]
    games: int
    chances: Chances


def _p_values(known: Sequence[_Known]) -> Iterator[float]:
    """Test every count. A count with certain draws is tested only if it is wrong."""
    exactly = [one for one in known if one.chances.runs is None]
    games = sum(one.games for one in exactly)
    for i, row in enumerate(exactly[0].counts if exactly else ()):
        unseen = games - sum(sum(one.counts[i]) for one in exactly)
        for o in range(len(row)):
            groups: Counter[Fraction] = Counter()
            for one in exactly:
                groups[one.chances.matrix[i][o]] += one.games
            found = count_p_value(sum(one.counts[i][o] for one in exactly), groups, unseen)
            if found == 0 or any(0 < p < 1 for p in groups):
                yield found
    for one in known:
        runs = one.chances.runs
        if runs is None:
            continue
        for counts, shares in zip(one.counts, one.chances.matrix, strict=True):
            for count, share in zip(counts, shares, strict=True):
                yield same_rate_p_value(count, one.games, int(share * runs), runs)


def _std_error(total: int, squares: int, games: int) -> float:
    """Return the sample standard deviation over √games; integers avoid cancellation."""
    if games == 1:
        return 0.0
    return sqrt(Fraction(games * squares - total * total, games * games * (games - 1)))


# ── what came out ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class MeanRow:
    """One number over all games, in the displayed unit.

    Attributes
    ----------
    games : int
        Games that were counted. If there are none, the following attributes are None.
    total : int
        Sum of the number in the counted unit.
    std_error : float or None
        Standard error of the mean: the sample's standard deviation over √games.
    expected : Fraction or None
        Mean by theory; None if there is none.
    z : float or None
        Deviation in exact standard errors, for information; None if these are zero or unknown.
    p_value : float or None
        Exact, or a bound that holds for every number of games; None if not tested. If nothing is random: 1 if
        the mean is as expected, else 0.
    """

    label: str
    games: int
    total: int
    mean: Fraction | None
    std_error: float | None
    expected: Fraction | None
    z: float | None
    p_value: float | None

    @property
    def agrees(self) -> bool:
        """Whether the mean does not contradict theory at the level of `--check`."""
        return self.p_value is None or self.p_value >= MIN_P

    def to_json(self, of: str = "") -> dict[str, Any]:
        """Return plain values; with ``cost``, the keys are ``mean_cost`` and ``expected_cost``."""
        suffix = of and f"_{of}"
        return {
            f"mean{suffix}": None if self.mean is None else float(self.mean),
            "std_error": self.std_error,
            f"expected{suffix}": None if self.expected is None else exact.show(self.expected),
            "z": self.z,
            "p_value": self.p_value,
        }


@dataclass(frozen=True)
class Counts:
    """Draws of all games.

    Attributes
    ----------
    counts : list of list of int
        Counts by rows and cells.
    expected, variances : tuple of tuple of Fraction
        Expected counts and their variances by theory, given the keys of the games.
    p_value : float or None
        Of the hypothesis that draws follow their probabilities; None if nothing was drawn.
    exact : bool
        Whether the probabilities are exact. If not, they are sampled, and two samples are compared.
    """

    rows: Sequence[str]
    cells: Sequence[str]
    counts: list[list[int]]
    expected: tuple[tuple[Fraction, ...], ...]
    variances: tuple[tuple[Fraction, ...], ...]
    p_value: float | None
    exact: bool

    @property
    def agrees(self) -> bool:
        """Whether the draws do not contradict theory at the level of `--check`."""
        return self.p_value is None or self.p_value >= MIN_P

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "rows": list(self.rows),
            "cells": list(self.cells),
            "counts": self.counts,
            "expected": [[float(number) for number in row] for row in self.expected],
            "p_value": self.p_value,
        }
