"""What is added up while games are played, and held against theory afterwards."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic

from parley.kit.protocols import OutcomeT, path_of
from parley.kit.statistics import Count, Counted, Counts, Group, Mean, MeanRow, S, Statistic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Comparison", "Tally", "compare"]


@dataclass
class Tally(Generic[OutcomeT]):
    """Running counts over games, exact and of bounded size however many there are.

    Attributes
    ----------
    statistics : sequence of Statistic
        What is counted. A tally that goes to another process leaves them behind, and counts no further.
    endings, paths : Counter
        Games by ending and by path.
    transactions : int
        Sent in all of them; whoever plays them adds these.
    counted : dict of str to Counted
        By the names of the statistics.
    """

    statistics: Sequence[Statistic[OutcomeT, Any]] = field(compare=False, repr=False)
    endings: Counter[str] = field(default_factory=Counter)
    paths: Counter[str] = field(default_factory=Counter)
    transactions: int = 0
    counted: dict[str, Counted] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for statistic in self.statistics:
            self.counted.setdefault(statistic.name, {})

    def __getstate__(self) -> dict[str, Any]:
        # Functions of a mechanism may not be picklable.
        return self.__dict__ | {"statistics": ()}

    @property
    def games(self) -> int:
        """Games counted."""
        return self.endings.total()

    def add(self, outcome: OutcomeT, times: int = 1) -> None:
        """Count one game, or so many with the same outcome."""
        self.endings[outcome.ending] += times
        self.paths[path_of(outcome)] += times
        counted = self.counted
        for statistic in self.statistics:
            statistic.count(counted[statistic.name], outcome, times)

    def merge(self, other: Tally[OutcomeT]) -> None:
        """Count another tally's games too."""
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
        """Sums of a statistic over all its games; of a `Count`, of its cells, row after row."""
        statistic = next(one for one in self.statistics if one.name == name)
        return statistic.total(self.counted[name]).sums


@dataclass(frozen=True)
class Comparison:
    """Everything that was counted and compared.

    Attributes
    ----------
    means : mapping of str to tuple of MeanRow
        By the names of the statistics.
    counts : mapping of str to Counts
    """

    means: Mapping[str, tuple[MeanRow, ...]]
    counts: Mapping[str, Counts]

    @property
    def holds(self) -> bool:
        """Whether nothing contradicts theory at the level of `--check`."""
        return all(row.agrees for rows in self.means.values() for row in rows) and all(
            found.agrees for found in self.counts.values()
        )


def compare(statistics: Sequence[Statistic[OutcomeT, S]], tally: Tally[OutcomeT], theory: S) -> Comparison:
    """Hold what was counted against theory.

    Parameters
    ----------
    statistics : sequence of Statistic
    tally : Tally
        Of these statistics.
    theory : any
        What theory says of the problem, as the statistics ask it.
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
