"""Running sums over games, and their comparison with theory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic

from parley.kit.protocols import OutcomeT, path_of
from parley.kit.statistics import Count, Counted, Counts, Group, Mean, MeanRow, S, Statistic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parley.core.files import JsonObject

__all__ = ["Comparison", "Tally", "compare"]


@dataclass
class Tally(Generic[OutcomeT]):
    """Exact running sums over games; their size does not grow with the number of games.

    Attributes
    ----------
    statistics : sequence of Statistic
        What to count. A pickled tally loses them and can count no more games.
    endings, paths : Counter
        Number of games by ending and by path.
    transactions : int
        Number of transactions in all games; the caller adds them.
    counted : dict of str to Counted
        Groups by the names of the statistics.
    """

    statistics: Sequence[Statistic[OutcomeT, Any]] = field(compare=False, repr=False)
    endings: Counter[str] = field(default_factory=Counter)
    paths: Counter[str] = field(default_factory=Counter)
    transactions: int = 0
    counted: dict[str, Counted] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for statistic in self.statistics:
            self.counted.setdefault(statistic.name, {})

    def __getstate__(self) -> JsonObject:
        # Functions of a mechanism may not be picklable.
        return self.__dict__ | {"statistics": ()}

    @property
    def games(self) -> int:
        """Number of counted games."""
        return self.endings.total()

    def add(self, outcome: OutcomeT, times: int = 1) -> None:
        """Count one game, or several with the same outcome."""
        self.endings[outcome.ending] += times
        self.paths[path_of(outcome)] += times
        counted = self.counted
        for statistic in self.statistics:
            statistic.count(counted[statistic.name], outcome, times)

    def merge(self, other: Tally[OutcomeT]) -> None:
        """Add another tally."""
        self.endings += other.endings
        self.paths += other.paths
        self.transactions += other.transactions
        for name, groups in other.counted.items():
            mine = self.counted[name]
            for key, group in groups.items():
                if key in mine:
                    mine[key].merge(group)
                else:
                    mine[key] = Group(group.games, list(group.sums), list(group.squares))

    def sums(self, name: str) -> list[int]:
        """Return the sums of a statistic over all games; for a `Count`, of its cells row by row."""
        statistic = next(one for one in self.statistics if one.name == name)
        return statistic.total(self.counted[name]).sums


@dataclass(frozen=True)
class Comparison:
    """All statistics compared with theory.

    Attributes
    ----------
    means : mapping of str to tuple of MeanRow
        Rows by the names of the statistics.
    """

    means: Mapping[str, tuple[MeanRow, ...]]
    counts: Mapping[str, Counts]

    def to_json(self) -> JsonObject:
        """Give everything as plain values."""
        return {
            "means": {
                name: [{"of": row.label} | row.to_json() for row in rows] for name, rows in self.means.items()
            },
            "counts": {name: found.to_json() for name, found in self.counts.items()},
        }

    @property
    def tested(self) -> bool:
        """Whether anything was tested."""
        return any(row.p_value is not None for rows in self.means.values() for row in rows) or any(
            found.p_value is not None for found in self.counts.values()
        )

    @property
    def holds(self) -> bool:
        """Whether nothing contradicts theory at the level of `--check`."""
        return all(row.agrees for rows in self.means.values() for row in rows) and all(
            found.agrees for found in self.counts.values()
        )


def compare(statistics: Sequence[Statistic[OutcomeT, S]], tally: Tally[OutcomeT], theory: S) -> Comparison:
    """Compare a tally with theory.

    Parameters
    ----------
    tally : Tally
        A tally of these statistics.
    theory : any
        The theory that the statistics take.
    """
    means: dict[str, tuple[MeanRow, ...]] = {}
    counts: dict[str, Counts] = {}
    for statistic in statistics:
        counted = tally.counted[statistic.name]
        if isinstance(statistic, Mean):
            means[statistic.name] = statistic.compare(counted, theory)
        elif isinstance(statistic, Count):
            counts[statistic.name] = statistic.compare(counted, theory)
    return Comparison(means, counts)
