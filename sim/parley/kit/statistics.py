"""What is counted of games, what theory says of it, and whether the two agree.

A mechanism declares statistics: a :class:`Mean` of numbers, or a :class:`Count` of what was drawn. Each reads
several numbers at once from the outcome of a game, for example one for each agent. `Tally` adds them up and
`compare` tests them, by tests whose level is kept for any number of games.

Theory may depend on how a game went, for example on what was reported in it. A statistic then has a `key`:
games of one key are counted together, and theory is asked once for each key.
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
    """What theory says of a number that a game gives, in the unit in which it is counted.

    Attributes
    ----------
    mean : Fraction
    variance : Fraction or None
        None if theory only estimates the mean.
    values : sequence of (int, Fraction) or None
        The numbers that it can be, with their probabilities. None if the number is not tested.
    dust : int
        How far rounding may move the number where nothing is random.

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
        """Make the law of a number with these values and probabilities."""
        pairs = tuple(values)
        mean = sum((p * value for value, p in pairs), Fraction(0))
        square = sum((p * value * value for value, p in pairs), Fraction(0))
        return cls(mean, square - mean * mean, pairs)


class Chances(NamedTuple):
    """What theory says of draws.

    Attributes
    ----------
    matrix : sequence of sequence of Fraction
        The probability of each cell, row by row; a row sums to 1.
    runs : int or None
        The size of the sample that they are frequencies of; None if they are exact.
    """

    matrix: Sequence[Sequence[Fraction]]
    runs: int | None = None


# ── what is counted ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Group:
    """What was counted in games of one key.

    Attributes
    ----------
    games : int
    sums : list of int
        Of each number; of a `Count`, how often each cell was drawn, row after row.
    squares : list of int
        Sums of squares of each number.
    """

    games: int
    sums: list[int]
    squares: list[int] = field(default_factory=list)

    def merge(self, other: Group) -> None:
        """Count another group's games too."""
        self.games += other.games
        self.sums[:] = map(int.__add__, self.sums, other.sums)
        self.squares[:] = map(int.__add__, self.squares, other.squares)


Counted: TypeAlias = dict[Hashable, Group]
"""Groups by their keys."""


@dataclass(frozen=True, kw_only=True)
class Statistic(ABC, Generic[OutcomeT, S]):
    """What all statistics declare.

    Attributes
    ----------
    name : str
    when : callable or None
        Which games are counted; None for all.
    key : callable or None
        What decides what theory says of a game: something hashable.
    """

    name: str
    when: Callable[[OutcomeT], object] | None = None
    key: Callable[[OutcomeT], Hashable] | None = None

    @property
    @abstractmethod
    def nothing(self) -> Group:
        """A group of no games."""

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
    """The means of numbers that a game gives.

    Attributes
    ----------
    of : callable
        The numbers, as integers, one for each label.
    labels : sequence of str
        What each number belongs to.
    law : callable or None
        From what theory says of the problem, and the key: the law of each number. None if there is no theory.
    unit : int
        How many units that are counted make one that is shown.

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
    law: Callable[[S, Any], Sequence[Law]] | None = None
    unit: int = 1

    @property
    def nothing(self) -> Group:
        """A group of no games."""
        return Group(0, [0] * len(self.labels), [0] * len(self.labels))

    def put(self, group: Group, outcome: OutcomeT, times: int) -> None:
        """Add the numbers and their squares."""
        sums, squares = group.sums, group.squares
        for i, number in enumerate(self.of(outcome)):
            some = number * times
            sums[i] += some
            squares[i] += some * number

    def compare(self, counted: Counted, theory: S) -> tuple[MeanRow, ...]:
        """Hold every number against its law."""
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
        self, label: str, games: int, total: int, squares: int, laws: Sequence[tuple[Law, int]]
    ) -> MeanRow:
        if not games:
            return MeanRow(label, 0, 0, None, None, None, None, None)
        mean = Fraction(total, games * self.unit)
        error = _std_error(total, squares, games) / self.unit
        if not laws:
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
    """How often each of several things was drawn: rows of cells, of which a game draws one in each row.

    Attributes
    ----------
    of : callable
        The cell of each row, from 0; None where nobody saw which: see `count_p_value`.
    rows, cells : sequence of str
        What they are called.
    chances : callable
        From what theory says of the problem, and the key: the probabilities.

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
        """A group of no games."""
        return Group(0, [0] * (len(self.rows) * len(self.cells)))

    def put(self, group: Group, outcome: OutcomeT, times: int) -> None:
        """Count the cell of each row."""
        sums, at = group.sums, 0
        for cell in self.of(outcome):
            if cell is not None:
                sums[at + cell] += times
            at += len(self.cells)

    def table(self, group: Group) -> list[list[int]]:
        """Counts by rows and cells."""
        width = len(self.cells)
        return [group.sums[at : at + width] for at in range(0, len(group.sums), width)]

    def compare(self, counted: Counted, theory: S) -> Counts:
        """Test every count; p-values are combined by Bonferroni."""
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
        """Add tables up, each so many times."""
        total = [[Fraction(0)] * len(self.cells) for _ in self.rows]
        for times, table in tables:
            for row, more in zip(total, table, strict=True):
                row[:] = [a + times * b for a, b in zip(row, more, strict=True)]
        return tuple(map(tuple, total))


class _Known(NamedTuple):
    """What was counted under one key, and what theory says of it."""

    counts: list[list[int]]
    games: int
    chances: Chances


def _p_values(known: Sequence[_Known]) -> Iterator[float]:
    """Test every count. One that is certain is a test only if it is wrong, which it never is by chance."""
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
    """Sample standard deviation over √games; the difference is taken in integers, where nothing cancels."""
    if games == 1:
        return 0.0
    return sqrt(Fraction(games * squares - total * total, games * games * (games - 1)))


# ── what came out ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class MeanRow:
    """One number over all games, in the unit that is shown.

    Attributes
    ----------
    label : str
    games : int
        In which it was counted. What follows is None if there are none.
    total : int
        Sum of the number, in the unit in which it is counted.
    mean : Fraction or None
        Exact mean of what was counted.
    std_error : float or None
        Of that mean, estimated from the sample (the sample's standard deviation over √games).
    expected : Fraction or None
        By theory; None where there is none.
    z : float or None
        Deviation in exact standard deviations, for information; None where that is zero or not known.
    p_value : float or None
        Exact, or a bound that holds for any number of games; None where nothing is tested. Where nothing is
        random: 1 if the mean is as expected, else 0.
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

    def to_json(self) -> dict[str, Any]:
        """Give the row as plain values."""
        return {
            "of": self.label,
            "mean": None if self.mean is None else float(self.mean),
            "std_error": self.std_error,
            "expected": None if self.expected is None else exact.show(self.expected),
            "z": self.z,
            "p_value": self.p_value,
        }


@dataclass(frozen=True)
class Counts:
    """What was drawn in all games.

    Attributes
    ----------
    rows, cells : sequence of str
        What they are called.
    counts : list of list of int
        By rows and cells.
    expected, variances : tuple of tuple of Fraction
        Of these counts, by theory, at what came out.
    p_value : float or None
        That draws follow their probabilities; None if nothing was drawn.
    exact : bool
        Whether theory computes the probabilities. If not, it samples them, and two samples are compared.
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
        """Give the counts as plain values."""
        return {
            "rows": list(self.rows),
            "cells": list(self.cells),
            "counts": self.counts,
            "expected": [[float(number) for number in row] for row in self.expected],
            "p_value": self.p_value,
        }
