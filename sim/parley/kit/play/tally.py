"""What is counted of games while they are played."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

from parley.kit.play.player import OutcomeT

__all__ = ["Tally", "TallyT"]


@dataclass(kw_only=True)
class Tally(Generic[OutcomeT]):
    """Running counts over games, of bounded size however many there are; a mechanism's own counts more.

    Attributes
    ----------
    endings, paths : Counter
        Games by ending and by path.
    transactions : int
        Sent in all of them; whoever plays them adds these.
    """

    endings: Counter[str] = field(default_factory=Counter)
    paths: Counter[str] = field(default_factory=Counter)
    transactions: int = 0

    @property
    def games(self) -> int:
        """Games counted."""
        return self.endings.total()

    def add(self, outcome: OutcomeT) -> None:
        """Count one game."""
        self.endings[outcome.ending] += 1
        self.paths[outcome.path] += 1

    def merge(self, other: Self) -> None:
        """Count another tally's games too."""
        self.endings += other.endings
        self.paths += other.paths
        self.transactions += other.transactions


TallyT = TypeVar("TallyT", bound=Tally[Any])
